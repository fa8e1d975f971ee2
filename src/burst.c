/* src/burst.c: the last moment before the devices: frames collected for one tx_burst, and those to ourselves.
 *
 * A frame's header is written into the burst, its payload stays where it is, for the length of the burst: send rings do
 * not move within a drain, and received frames live until its end. Only what a device cannot do has been
 * done before; FRAME_OUT's bytes are nevertheless those of the wire, so with the trace on the checksum
 * that was left to the device is filled in in a copy. */
#include "stack.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/likely.h"
#include "codec/ethernet.h"
#include "codec/ipv4.h"

enum { SCRATCH_OCTETS = 65536 + 64 };

/* ---- devices ---- */

static unsigned room_of(struct baro_stack *stack, int interface)
{
    struct burst *burst = &stack->burst;
    const struct baro_device *device = stack->interface[interface].device;

    if (interface == 0) {
        uint32_t space = LOOPBACK_OCTETS - stack->loopback.used[stack->loopback.filling];

        return space < SCRATCH_OCTETS ? 0 : 1;
    }
    if (burst->count != 0 && (burst->interface != interface || burst->count >= burst->room))
        burst_flush(stack);
    if (burst->count == 0) {
        burst->interface = interface;
        burst->room = device->tx_room(device->context);
    }
    return burst->room - burst->count;
}

unsigned burst_room(struct baro_stack *stack, int interface)
{
    unsigned room = room_of(stack, interface);

    if (UNLIKELY(room == 0))
        stack->burst.full = interface;
    return room;
}

uint8_t *burst_header(struct baro_stack *stack, int interface)
{
    if (burst_room(stack, interface) == 0)
        return NULL;
    return stack->burst.header[stack->burst.count];
}

static uint32_t gather(const struct baro_tx_frame *frame, uint8_t *to)
{
    uint32_t length = 0;

    for (unsigned i = 0; i < frame->parts; i++) {
        if (frame->part[i].length != 0)
            memcpy(to + length, frame->part[i].data, frame->part[i].length);
        length += (uint32_t)frame->part[i].length;
    }
    return length;
}

static uint32_t length_of(const struct baro_tx_frame *frame)
{
    uint32_t length = 0;

    for (unsigned i = 0; i < frame->parts; i++)
        length += (uint32_t)frame->part[i].length;
    return length;
}

static void trace_frame(struct baro_stack *stack, const struct baro_tx_frame *frame, uint32_t length)
{
    struct burst *burst = &stack->burst;
    struct baro_bytes bytes = { NULL, 0 };

    if (burst->scratch == NULL)
        burst->scratch = slab_take(&stack->core.slabs, SCRATCH_OCTETS);
    if (burst->scratch != NULL && length <= SCRATCH_OCTETS) {
        bytes = (struct baro_bytes){ burst->scratch, gather(frame, burst->scratch) };
        if (frame->checksum_start != 0) {
            /* The field holds the pseudo-header's sum: the device adds the rest and complements. */
            uint8_t *field = burst->scratch + frame->checksum_start + frame->checksum_offset;

            write_be16(field, checksum_fold(checksum_add(0, burst->scratch + frame->checksum_start,
                                                         length - frame->checksum_start)));
        }
    }
    TRACE_BYTES(&stack->core, FRAME_OUT, bytes, TRACE_N(burst->interface), TRACE_N(length),
                TRACE_N(stack->interface[burst->interface].departures + burst->count + 1));
}

void burst_push(struct baro_stack *stack, const struct baro_tx_frame *frame)
{
    struct burst *burst = &stack->burst;
    uint32_t length = length_of(frame);

    if (TRACE_ON(&stack->core))
        trace_frame(stack, frame, length);
    stack->core.counters.frames_out++;
    stack->core.counters.octets_out += length;
    if (captures_wanted(&stack->captures))
        captures_frame(&stack->captures, burst->interface, true, frame->part, frame->parts);
    burst->frame[burst->count++] = *frame;
    if (burst->count == BARO_BURST_LIMIT)
        burst_flush(stack);
}

bool burst_keep(struct baro_stack *stack, struct baro_bytes *bytes)
{
    struct burst *burst = &stack->burst;

    if (bytes->length > BURST_COPY_OCTETS - burst->copied)
        return false;
    if (burst->copy == NULL)
        burst->copy = slab_take(&stack->core.slabs, BURST_COPY_OCTETS);
    if (burst->copy == NULL)
        return false;
    if (bytes->length != 0)
        memcpy(burst->copy + burst->copied, bytes->data, bytes->length);
    bytes->data = burst->copy + burst->copied;
    burst->copied += (uint32_t)bytes->length;
    return true;
}

__attribute__((noinline)) void burst_drop_behind(struct baro_stack *stack, unsigned taken)
{
    for (; taken < stack->burst.count; taken++) {
        stack->core.counters.frames_out--;
        stack->core.counters.octets_out -= length_of(&stack->burst.frame[taken]);
        core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
    }
}

void burst_flush(struct baro_stack *stack)
{
    burst_go(stack);
}

void burst_release(struct baro_stack *stack)
{
    struct slabs *slabs = &stack->core.slabs;

    slab_give_back(slabs, stack->burst.copy, BURST_COPY_OCTETS);
    slab_give_back(slabs, stack->burst.scratch, SCRATCH_OCTETS);
    slab_give_back(slabs, stack->loopback.area[0], LOOPBACK_OCTETS);
    slab_give_back(slabs, stack->loopback.area[1], LOOPBACK_OCTETS);
}

/* ---- to ourselves ---- */

/* In an area each frame has eight octets in front: its length and its gso_size. The next one begins at a
 * multiple of eight. */
struct loopback_mark {
    uint32_t length;
    uint16_t gso_size, reserved;
};

static uint32_t rounded(uint32_t length)
{
    return (length + 7) & ~UINT32_C(7);
}

bool loopback_push(struct baro_stack *stack, const struct baro_tx_frame *frame)
{
    struct loopback *loopback = &stack->loopback;
    unsigned filling = loopback->filling;
    struct loopback_mark mark = { length_of(frame), frame->gso_size, 0 };
    uint8_t *to;

    if (loopback->area[filling] == NULL)
        loopback->area[filling] = slab_take(&stack->core.slabs, LOOPBACK_OCTETS);
    if (loopback->area[filling] == NULL ||
        sizeof mark + rounded(mark.length) > LOOPBACK_OCTETS - loopback->used[filling])
        return false;
    to = loopback->area[filling] + loopback->used[filling];
    memcpy(to, &mark, sizeof mark);
    gather(frame, to + sizeof mark);
    if (captures_wanted(&stack->captures))
        captures_frame(&stack->captures, 0, true, frame->part, frame->parts);
    loopback->used[filling] += (uint32_t)sizeof mark + rounded(mark.length);
    return true;
}

bool loopback_next(struct baro_stack *stack, unsigned area, uint32_t *at, struct baro_rx_frame *frame)
{
    struct loopback *loopback = &stack->loopback;
    struct loopback_mark mark;

    if (*at == loopback->used[area])
        return false;
    memcpy(&mark, loopback->area[area] + *at, sizeof mark);
    *frame = (struct baro_rx_frame){ .data = loopback->area[area] + *at + sizeof mark,
                                     .length = mark.length,
                                     .gso_size = mark.gso_size,
                                     .checksum = BARO_RX_CHECKSUM_VERIFIED,
                                     .arrival_id = ++loopback->arrivals };
    *at += (uint32_t)sizeof mark + rounded(mark.length);
    assert(*at <= loopback->used[area]);
    return true;
}
