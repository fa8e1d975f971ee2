/* test/support/advertise_world.h: a stack that is a router, hand-written hosts that ask for one, and short words for
 * both. Each test has its own copy. Included after cmocka.h. */
#ifndef TEST_ADVERTISE_WORLD_H
#define TEST_ADVERTISE_WORLD_H

#include <errno.h>
#include <string.h>

#include "baro/packet.h"
#include "baro/stack.h"
#include "codec/ethernet.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/nd.h"
#include "stack.h"
#include "support/frame_device.h"

#define TEST_HELPER static __attribute__((unused))

enum { MS = 1000000 };

static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address own, host, all_routers;
static const struct baro_mac host_mac = { { 2, 0, 0, 0, 0, 9 } };

TEST_HELPER int start_with(uint8_t seed)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { seed } };

    memset(&memory, 0, sizeof memory);
    now.ns = 0;
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    own = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 1);
    host = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9), 1);
    all_routers = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2);
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    assert_int_equal(baro_stack_add_address(stack, 1, own, 64, false), 0);
    baro_stack_set_forwarding(stack, true);
    return 0;
}

TEST_HELPER int start(void **state)
{
    (void)state;
    return start_with(1);
}

TEST_HELPER int end(void **state)
{
    (void)state;
    baro_stack_check_invariants(stack);
    baro_stack_free(stack);
    frame_device_release(&device);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

TEST_HELPER struct baro_advertise_config config_of(uint32_t interval_s)
{
    return (struct baro_advertise_config){
        .lifetime_s = 1800, .interval_max_s = interval_s, .hop_limit = 64, .mtu = 1400, .other = true,
        .reachable_ms = 30000, .retransmit_ms = 1000, .preference = BARO_ROUTER_HIGH, .prefixes = 1,
        .prefix = { { baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0), 64, true, true, 3600, 1800 } },
        .dns_servers = 1, .dns_server = { baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x53) }
    };
}

TEST_HELPER void advertise(uint32_t interval_s)
{
    const struct baro_advertise_config config = config_of(interval_s);

    assert_int_equal(baro_stack_advertise(stack, 1, &config), 0);
}

/* A host asks. */
TEST_HELPER void ask_from(struct baro_address source, bool says_mac, uint8_t hop_limit)
{
    const struct nd_message message = { .type = ICMPV6_ROUTER_SOLICITATION, .has_source_mac = says_mac,
                                        .source_mac = host_mac };
    uint8_t body[64], frame[256];
    size_t length = nd_write(&message, body, sizeof body);
    struct baro_packet packet = { .destination_mac = { { 0x33, 0x33, 0, 0, 0, 2 } }, .source_mac = host_mac,
                                  .ethernet_type = ETHERNET_TYPE_IPV6, .vlan = -1, .source = source,
                                  .destination = all_routers, .protocol = IP_PROTOCOL_ICMPV6, .ttl = hop_limit,
                                  .layer = BARO_PACKET_ICMP, .icmp_type = body[0],
                                  .payload = { body + 8, length - 8 } };
    ptrdiff_t octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });

    assert_true(octets > 0);
    assert_true(frame_device_put(&device, frame, (uint32_t)octets));
    baro_stack_poll(stack, now);
}

TEST_HELPER void ask(void)
{
    ask_from(host, true, 255);
}

/* The next advertisement that has left; its time is the moment of the poll that sent it. */
TEST_HELPER bool sent(struct baro_packet *packet, struct nd_message *message)
{
    const struct device_frame *frame;
    static uint8_t whole[512];

    while ((frame = frame_device_take(&device)) != NULL) {
        struct nd_arrival arrival = { .interface = 1 };

        assert_int_equal(baro_packet_parse_frame(packet, (struct baro_bytes){ frame->data, frame->length }), 0);
        assert_true(packet->transport_checksum_right);
        arrival.source = address_in_zone(packet->source, 1);
        arrival.destination = address_in_zone(packet->destination, 1);
        arrival.hop_limit = packet->ttl;
        memcpy(whole, frame->data + 54, frame->length - 54);
        assert_int_equal(nd_read(message, &arrival, (struct baro_bytes){ whole, frame->length - 54 }), 0);
        if (message->type == ICMPV6_ROUTER_ADVERTISEMENT)
            return true;
    }
    return false;
}

/* Lets time pass from deadline to deadline until an advertisement leaves, `most_ms` at most. False: none did. */
TEST_HELPER bool wait(int64_t most_ms, struct nd_message *message)
{
    const struct baro_instant until = { now.ns + most_ms * MS };
    struct baro_packet packet;
    struct baro_instant next;

    for (;;) {
        baro_stack_poll(stack, now);
        if (sent(&packet, message))
            return true;
        if (!baro_stack_next_deadline(stack, &next) || next.ns > until.ns) {
            now = until;
            return false;
        }
        now = next;
    }
}

TEST_HELPER uint64_t dropped(enum baro_drop_reason reason)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return statistics.drops[reason];
}

#endif
