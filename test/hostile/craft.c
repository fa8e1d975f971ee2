/* test/hostile/craft.c: see craft.h. */
#include "hostile/craft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"

static const struct baro_mac host_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 2 } };

void victim_init(struct victim *victim, bool gateway)
{
    struct baro_stack_config config = { .memory = test_memory(&victim->memory), .seed = { 7 },
                                        .forward_any_destination = gateway };

    memset(victim, 0, sizeof *victim);
    frame_device_init(&victim->device, 1, 1500);
    victim->stack = baro_stack_create(&config);
    assert_non_null(victim->stack);
    baro_stack_add_interface(victim->stack, &victim->device.device);
    assert_int_equal(baro_stack_add_address(victim->stack, 1, baro_ipv4(10, 0, 0, 1), 24, false), 0);
    assert_int_equal(baro_stack_set_neighbour(victim->stack, 1, baro_ipv4(10, 0, 0, 2), peer_mac), 0);
    victim_wait(victim, 0);
    victim_forget(victim);
}

void victim_release(struct victim *victim)
{
    baro_stack_check_invariants(victim->stack);
    baro_stack_free(victim->stack);
    assert_int_equal(victim->memory.slabs, 0);
    frame_device_release(&victim->device);
}

void victim_wait(struct victim *victim, int64_t ms)
{
    victim->now.ns += ms * 1000000;
    baro_stack_poll(victim->stack, victim->now);
    baro_stack_check_invariants(victim->stack);
}

uint64_t victim_drops(const struct victim *victim, enum baro_drop_reason reason)
{
    struct baro_statistics statistics;

    baro_stack_statistics(victim->stack, &statistics);
    return statistics.drops[reason];
}

uint64_t victim_feed(struct victim *victim, const uint8_t *frame, uint32_t length, enum baro_drop_reason reason)
{
    uint64_t before = victim_drops(victim, reason);

    assert_true(frame_device_put(&victim->device, frame, length));
    victim_wait(victim, 0);
    return victim_drops(victim, reason) - before;
}

unsigned victim_forget(struct victim *victim)
{
    unsigned count = 0;

    while (frame_device_take(&victim->device) != NULL)
        count++;
    return count;
}

const struct device_frame *victim_icmp(struct victim *victim, uint8_t type)
{
    const struct device_frame *frame;

    while ((frame = frame_device_take(&victim->device)) != NULL) {
        if (frame->length >= 42 && frame->data[12] == 8 && frame->data[13] == 0 && frame->data[23] == 1 &&
            frame->data[34] == type) {
            assert_int_equal(checksum_fold(checksum_add(0, frame->data + 14, 20)), 0);
            assert_int_equal(checksum_fold(checksum_add(0, frame->data + 34, frame->length - 34)), 0);
            return frame;
        }
    }
    return NULL;
}

struct craft craft_default(void)
{
    return (struct craft){ .source = baro_ipv4(10, 0, 0, 2), .destination = baro_ipv4(10, 0, 0, 1), .protocol = 17,
                           .ttl = 64 };
}

void craft_checksum(struct crafted *frame)
{
    uint32_t length = (frame->octets[14] & 15U) * 4;

    write_be16(frame->octets + 24, 0);
    write_be16(frame->octets + 24, checksum_fold(checksum_add(0, frame->octets + 14, length)));
}

void craft_ip(struct crafted *frame, const struct craft *craft, const void *payload, uint32_t length)
{
    static const struct baro_mac zero;
    uint8_t *ip = frame->octets + 14;
    uint32_t header = 20 + craft->options_length;

    write_mac(frame->octets, mac_equal(craft->to, zero) ? host_mac : craft->to);
    write_mac(frame->octets + 6, mac_equal(craft->from, zero) ? peer_mac : craft->from);
    write_be16(frame->octets + 12, 0x0800);
    memset(ip, 0, header);
    ip[0] = (uint8_t)(0x40 | header / 4);
    write_be16(ip + 2, (uint16_t)(header + length));
    write_be16(ip + 4, craft->id);
    write_be16(ip + 6, craft->flags_offset);
    ip[8] = craft->ttl;
    ip[9] = craft->protocol;
    write_ipv4(ip + 12, craft->source);
    write_ipv4(ip + 16, craft->destination);
    memcpy(ip + 20, craft->options, craft->options_length);
    if (length != 0)
        memcpy(ip + header, payload, length);
    frame->length = 14 + header + length;
    craft_checksum(frame);
}

uint32_t craft_udp(uint8_t *to, uint16_t source_port, uint16_t destination_port, uint32_t length)
{
    write_be16(to, source_port);
    write_be16(to + 2, destination_port);
    write_be16(to + 4, (uint16_t)(8 + length));
    write_be16(to + 6, 0);
    for (uint32_t i = 0; i < length; i++)
        to[8 + i] = (uint8_t)(i * 7);
    return 8 + length;
}

uint32_t craft_icmp(uint8_t *to, uint8_t type, uint8_t code, uint32_t rest, const void *data, uint32_t length)
{
    to[0] = type;
    to[1] = code;
    write_be16(to + 2, 0);
    write_be32(to + 4, rest);
    if (length != 0)
        memcpy(to + 8, data, length);
    write_be16(to + 2, checksum_fold(checksum_add(0, to, 8 + length)));
    return 8 + length;
}

void craft_arp(struct crafted *frame, uint16_t operation, struct baro_address sender, struct baro_mac sender_mac,
               struct baro_address target, struct baro_mac to)
{
    uint8_t *arp = frame->octets + 14;

    write_mac(frame->octets, to);
    write_mac(frame->octets + 6, peer_mac);
    write_be16(frame->octets + 12, 0x0806);
    write_be16(arp, 1);
    write_be16(arp + 2, 0x0800);
    arp[4] = 6;
    arp[5] = 4;
    write_be16(arp + 6, operation);
    write_mac(arp + 8, sender_mac);
    write_ipv4(arp + 14, sender);
    write_mac(arp + 18, (struct baro_mac){ { 0 } });
    if (operation == 2)
        write_mac(arp + 18, host_mac);
    write_ipv4(arp + 24, target);
    frame->length = 42;
}
