/* Whatever comes as IGMP or MLD, among joins and leaves of groups and sources, as time passes: reading stays within the
 * octets, and the groups of the stack stay what they can be.
 *
 * The input is a row of acts: an octet that chooses (the lowest three bits: a message of IGMP, of MLD, a join, a leave,
 * a source more, a source less, time, a poll without a device's room), one that counts, and for a message that many
 * octets. Headers and checksums are made right, so that the messages get where they matter. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/membership.h"
#include "support/frame_device.h"

struct world {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_instant now;
    int fd;
};

static void records_end(const uint8_t *octets, size_t length, bool v6)
{
    struct membership_arrival arrival = { .hop_limit = 1, .router_alert = true };
    struct membership_record_view view;
    struct membership_message message;
    uint8_t *copy = malloc(length == 0 ? 1 : length); /* of exactly this size, so that a read beyond it is seen */
    size_t at = 0;

    assert(copy != NULL);
    if (length != 0)
        memcpy(copy, octets, length);
    arrival.source = v6 ? baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9) : baro_ipv4(10, 0, 0, 9);
    arrival.destination = v6 ? baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(224, 0, 0, 1);
    if (membership_read(&message, &arrival, (struct baro_bytes){ copy, length }) == BARO_DROP_NONE) {
        for (unsigned i = 0; message.kind == MEMBERSHIP_QUERY && i < message.sources; i++)
            assert(membership_source(&message, i).family == message.group.family);
        while (message.kind == MEMBERSHIP_REPORT && membership_next_record(&message, &at, &view))
            assert(view.octets.length == view.sources * (v6 ? 16U : 4U));
    }
    free(copy);
}

static void put_message(struct world *world, bool v6, const uint8_t *octets, size_t length)
{
    uint8_t frame[400] = { 1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0, 0x46, 0xc0 };
    size_t header = v6 ? 48 : 24;
    struct baro_address from = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9), to = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);
    uint64_t sum = v6 ? checksum_pseudo(from, to, 58, (uint32_t)length) : 0;

    memcpy(frame + 14 + header, octets, length);
    if (length >= 4) {
        memset(frame + 14 + header + 2, 0, 2);
        write_be16(frame + 14 + header + 2, checksum_fold(checksum_add(sum, frame + 14 + header, length)));
    }
    if (v6) {
        memcpy(frame, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60, 0 }, 16);
        write_be16(frame + 18, (uint16_t)(8 + length));
        frame[21] = 1;
        write_ipv6(frame + 22, from);
        write_ipv6(frame + 38, to);
        memcpy(frame + 54, (const uint8_t[]){ 58, 0, 5, 2, 0, 0, 1, 0 }, 8);
    } else {
        write_be16(frame + 16, (uint16_t)(header + length));
        memcpy(frame + 22, (const uint8_t[]){ 1, 2, 0, 0, 10, 0, 0, 9, 224, 0, 0, 1, 148, 4, 0, 0 }, 16);
        write_be16(frame + 24, checksum_fold(checksum_add(0, frame + 14, header)));
    }
    records_end(frame + 14 + header, length, v6);
    frame_device_put(&world->device, frame, (uint32_t)(14 + header + length));
}

static struct baro_address group_of(uint8_t count)
{
    return count & 1 ? baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, count & 0x7e) : baro_ipv4(239, 0, 0, count & 0x7e);
}

static void change_source(struct world *world, uint8_t count, bool more)
{
    struct baro_group_source wish = { group_of(count & 3), 1, baro_ipv4(10, 1, 0, count >> 2) };

    if (count & 1)
        wish.source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, count >> 2);
    (void)baro_setsockopt(world->stack, world->fd, more ? BARO_IP_ADD_SOURCE : BARO_IP_DROP_SOURCE, &wish, sizeof wish);
    (void)baro_setsockopt(world->stack, world->fd, more ? BARO_IP_BLOCK_SOURCE : BARO_IP_UNBLOCK_SOURCE, &wish,
                          sizeof wish);
}

/* Returns how many octets the act took beyond its two. */
static size_t act(struct world *world, uint8_t choice, uint8_t count, const uint8_t *rest, size_t left)
{
    size_t length = count < left ? count : left;

    switch (choice & 7) {
    case 0:
    case 1:
        put_message(world, (choice & 1) != 0, rest, length);
        return length;
    case 2:
        (void)baro_stack_join_group(world->stack, 1, group_of(count));
        return 0;
    case 3:
        (void)baro_stack_leave_group(world->stack, 1, group_of(count));
        return 0;
    case 4:
    case 5:
        change_source(world, count, (choice & 1) == 0);
        return 0;
    case 6:
        world->now.ns += (int64_t)count * count * 1000000;
        return 0;
    default:
        world->device.room = count & 1 ? UINT32_MAX : count >> 5;
        return 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    struct baro_stack_config config = { .seed = { 1 } };

    memset(&world, 0, sizeof world);
    config.memory = test_memory(&world.memory);
    world.stack = baro_stack_create(&config);
    frame_device_init(&world.device, 1, size & 1 ? 1500 : 1280);
    world.device.keep_reports = true;
    baro_stack_add_interface(world.stack, &world.device.device);
    baro_stack_add_address(world.stack, 1, baro_ipv4(10, 0, 0, 1), 24, false);
    baro_stack_add_address(world.stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 64, false);
    world.fd = baro_socket(world.stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    for (size_t at = 0; at + 2 <= size;) {
        at += 2 + act(&world, data[at], data[at + 1], data + at + 2, size - at - 2);
        baro_stack_poll(world.stack, world.now);
        baro_stack_check_invariants(world.stack);
        while (frame_device_take(&world.device) != NULL)
            continue;
    }
    baro_stack_free(world.stack);
    frame_device_release(&world.device);
    assert(world.memory.slabs == 0);
    return 0;
}
