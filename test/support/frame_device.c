/* test/support/frame_device.c: see frame_device.h. */
#include "support/frame_device.h"

#include <stdlib.h>
#include <string.h>

static void frame_set(struct device_frame *frame, const uint8_t *data, uint32_t length)
{
    free(frame->data);
    *frame = (struct device_frame){ .data = malloc(length == 0 ? 1 : length), .length = length };
    if (length != 0)
        memcpy(frame->data, data, length); /* exactly as long as the frame: a sanitizer sees a read beyond */
}

static unsigned device_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct frame_device *device = context;
    unsigned count = 0;

    for (; count < limit && count < device->in_count; count++) {
        const struct device_frame *from = &device->in[(device->in_first + count) % FRAME_DEVICE_FRAMES];

        frames[count] = (struct baro_rx_frame){ .data = from->data, .length = from->length,
                                                .gso_size = from->gso_size, .checksum = from->checksum,
                                                .arrival_id = from->id };
    }
    device->in_borrowed = count;
    return count;
}

static void device_rx_end(void *context)
{
    struct frame_device *device = context;

    for (; device->in_borrowed != 0; device->in_borrowed--) {
        struct device_frame *frame = &device->in[device->in_first];

        memset(frame->data, 0xdb, frame->length); /* a stack that still looks at it finds other octets */
        free(frame->data);                        /* and is caught by the sanitizer */
        frame->data = NULL;
        device->in_first = (device->in_first + 1) % FRAME_DEVICE_FRAMES;
        device->in_count--;
    }
}

static unsigned device_tx_room(void *context)
{
    const struct frame_device *device = context;
    unsigned space = FRAME_DEVICE_FRAMES - device->out_count;

    return device->room < space ? device->room : space;
}

/* Every address and group is told to routers; few tests want to see that. */
static bool is_report(const struct baro_tx_frame *frame)
{
    const uint8_t *octets = frame->part[0].data;

    if (frame->part[0].length >= 38 && octets[12] == 0x08 && octets[13] == 0)
        return octets[0] == 1 && octets[14] == 0x46 && octets[14 + 9] == 2;
    return frame->part[0].length >= 63 && octets[0] == 0x33 && octets[12] == 0x86 && octets[14 + 6] == 0 &&
           octets[54] == 58 && (octets[62] == 131 || octets[62] == 132 || octets[62] == 143);
}

static unsigned device_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct frame_device *device = context;
    unsigned taken = 0;

    for (; taken < count && device_tx_room(device) != 0; taken++) {
        const struct baro_tx_frame *from = &frames[taken];
        struct device_frame *to = &device->out[(device->out_first + device->out_count) % FRAME_DEVICE_FRAMES];
        uint32_t length = 0;

        if (!device->keep_reports && is_report(from)) {
            device->reports++;
            continue;
        }
        for (unsigned part = 0; part < from->parts; part++)
            length += (uint32_t)from->part[part].length;
        free(to->data);
        *to = (struct device_frame){ .data = malloc(length), .gso_size = from->gso_size,
                                     .header_length = from->header_length, .id = ++device->sent,
                                     .checksum_start = from->checksum_start,
                                     .checksum_offset = from->checksum_offset };
        for (unsigned part = 0; part < from->parts; part++) {
            if (from->part[part].length != 0)
                memcpy(to->data + to->length, from->part[part].data, from->part[part].length);
            to->length += (uint32_t)from->part[part].length;
        }
        device->out_count++;
        if (device->room != UINT32_MAX)
            device->room--;
    }
    return taken;
}

static bool device_link_up(void *context)
{
    return !((struct frame_device *)context)->link_down;
}

static int device_set_filter(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous)
{
    struct frame_device *device = context;

    (void)promiscuous;
    device->groups = count < FRAME_DEVICE_GROUPS ? count : FRAME_DEVICE_GROUPS;
    for (unsigned i = 0; i < device->groups; i++)
        device->group[i] = groups[i];
    return 0;
}

void frame_device_init(struct frame_device *device, uint8_t last, uint32_t mtu)
{
    *device = (struct frame_device){ .room = UINT32_MAX };
    device->device = (struct baro_device){ .context = device,
                                           .mac = { { 2, 0, 0, 0, 0, last } },
                                           .mtu = mtu,
                                           .rx_burst = device_rx_burst,
                                           .rx_end = device_rx_end,
                                           .tx_room = device_tx_room,
                                           .tx_burst = device_tx_burst,
                                           .link_up = device_link_up,
                                           .set_filter = device_set_filter };
}

void frame_device_release(struct frame_device *device)
{
    for (unsigned i = 0; i < FRAME_DEVICE_FRAMES; i++) {
        free(device->in[i].data);
        free(device->out[i].data);
    }
}

bool frame_device_put(struct frame_device *device, const uint8_t *frame, uint32_t length)
{
    struct device_frame *slot = &device->in[(device->in_first + device->in_count) % FRAME_DEVICE_FRAMES];

    if (device->in_count == FRAME_DEVICE_FRAMES)
        return false;
    frame_set(slot, frame, length);
    slot->id = ++device->arrivals;
    device->in_count++;
    return true;
}

const struct device_frame *frame_device_take(struct frame_device *device)
{
    const struct device_frame *frame = &device->out[device->out_first];

    if (device->out_count == 0)
        return NULL;
    device->out_first = (device->out_first + 1) % FRAME_DEVICE_FRAMES;
    device->out_count--;
    return frame;
}

unsigned frame_device_carry(struct frame_device *from, struct frame_device *to)
{
    const struct device_frame *frame;
    unsigned count = 0;

    while (to->in_count != FRAME_DEVICE_FRAMES && (frame = frame_device_take(from)) != NULL) {
        struct device_frame *slot;

        frame_device_put(to, frame->data, frame->length);
        slot = &to->in[(to->in_first + to->in_count - 1) % FRAME_DEVICE_FRAMES];
        slot->gso_size = frame->gso_size;
        if (frame->checksum_start != 0)
            slot->checksum = BARO_RX_CHECKSUM_VERIFIED;
        count++;
    }
    return count;
}

static void *memory_take(void *context, size_t bytes)
{
    struct test_memory *memory = context;
    void *slab;

    if (memory->fail_after != 0 && memory->takes >= memory->fail_after)
        return NULL;
    memory->takes++;
    slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (slab == NULL)
        return NULL;
    memset(slab, 0, bytes);
    memory->bytes += bytes;
    memory->slabs++;
    return slab;
}

static void memory_give_back(void *context, void *slab, size_t bytes)
{
    struct test_memory *memory = context;

    memory->bytes -= bytes;
    memory->slabs--;
    free(slab);
}

struct baro_memory test_memory(struct test_memory *memory)
{
    return (struct baro_memory){ memory, memory_take, memory_give_back };
}
