/* A whole stack under any frames at any times. Octet 0: bit 0 a gateway, bit 1 a device with TSO and checksums, bit 2
 * a small MTU, bit 3 listeners. Then records: length (2), milliseconds that pass before it (1), that many octets; bit 15
 * of the length: destination MAC, type and IP header checksum are made right, so that the layers above are reached. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "test/support/frame_device.h"

static void *take(void *context, size_t bytes)
{
    (void)context;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context, (void)bytes;
    free(slab);
}

static void make_right(uint8_t *frame, uint32_t length)
{
    static const uint8_t front[13] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8 };
    unsigned header;

    if (length < 34)
        return;
    memcpy(frame, front, sizeof front);
    if (frame[13] != 6)
        frame[13] = 0;
    header = (frame[14] & 15U) * 4;
    if (frame[13] != 0 || header < 20 || 14 + header > length)
        return;
    write_be16(frame + 24, 0);
    write_be16(frame + 24, checksum_fold(checksum_add(0, frame + 14, header)));
}

static void listen_everywhere(struct baro_stack *stack)
{
    struct baro_endpoint at = { baro_ipv4(0, 0, 0, 0), { 80 } };
    int stream = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    int datagram = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);

    baro_bind(stack, stream, &at);
    baro_listen(stack, stream, 8);
    baro_bind(stack, datagram, &at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct frame_device device;
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .memory_limit = 1 << 20,
                                        .descriptor_limit = 64 };
    struct baro_instant now = { 0 };
    struct baro_stack *stack;
    uint8_t choice = size == 0 ? 0 : data[0];

    config.forward_any_destination = (choice & 1) != 0;
    frame_device_init(&device, 1, (choice & 4) != 0 ? 68 : 1500);
    device.device.capabilities = (choice & 2) != 0 ? 15 : 0;
    stack = baro_stack_create(&config);
    if (stack == NULL)
        abort();
    baro_stack_add_interface(stack, &device.device);
    baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 1), 24, false);
    if ((choice & 8) != 0)
        listen_everywhere(stack);
    for (size_t at = 1; at + 3 <= size;) {
        uint16_t head = read_be16(data + at);
        uint32_t length = head & 0x7fffU;
        uint8_t frame[0x8000];

        now.ns += (int64_t)data[at + 2] * data[at + 2] * 1000000;
        at += 3;
        if (length > size - at)
            length = (uint32_t)(size - at);
        memcpy(frame, data + at, length);
        at += length;
        if ((head & 0x8000) != 0)
            make_right(frame, length);
        frame_device_put(&device, frame, length);
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
        while (frame_device_take(&device) != NULL)
            continue;
    }
    baro_stack_free(stack);
    frame_device_release(&device);
    return 0;
}
