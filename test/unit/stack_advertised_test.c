/* A stack and a hand-written router: the link-local address is probed, routers are asked for, and what the router says
 * is used for as long as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
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

static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address router, all_nodes, far_away;
static const struct baro_mac router_mac = { { 2, 0, 0, 0, 0, 9 } }, all_mac = { { 0x33, 0x33, 0, 0, 0, 1 } };

static int start(void **state)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    const struct baro_ipv6_config ipv6 = { .secret = { 7 }, .accept_advertisements = true };

    (void)state;
    memset(&memory, 0, sizeof memory);
    now.ns = 0;
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    router = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9), 1);
    all_nodes = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);
    far_away = baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1);
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    assert_int_equal(baro_stack_enable_ipv6(stack, 2, &ipv6), -ENODEV);
    assert_int_equal(baro_stack_enable_ipv6(stack, 1, &ipv6), 0);
    assert_int_equal(baro_stack_enable_ipv6(stack, 1, &ipv6), -EEXIST);
    return 0;
}

static int end(void **state)
{
    (void)state;
    baro_stack_check_invariants(stack);
    baro_stack_free(stack);
    frame_device_release(&device);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

static void feed(const struct nd_message *message, struct baro_address source, uint8_t hop_limit)
{
    uint8_t body[512], frame[768];
    size_t length = nd_write(message, body, sizeof body);
    struct baro_packet packet = { .destination_mac = all_mac, .source_mac = router_mac,
                                  .ethernet_type = ETHERNET_TYPE_IPV6, .vlan = -1, .source = source,
                                  .destination = all_nodes, .protocol = IP_PROTOCOL_ICMPV6, .ttl = hop_limit,
                                  .layer = BARO_PACKET_ICMP, .icmp_type = body[0], .icmp_code = body[1],
                                  .icmp_rest = (uint32_t)body[4] << 24 | (uint32_t)body[5] << 16 |
                                               (uint32_t)body[6] << 8 | body[7],
                                  .payload = { body + 8, length - 8 } };
    ptrdiff_t octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });

    assert_true(length > 0 && octets > 0);
    assert_true(frame_device_put(&device, frame, (uint32_t)octets));
    baro_stack_poll(stack, now);
}

/* Time passes in tenths of a second. */
static void pass(int64_t s)
{
    for (int64_t i = 0; i < s * 10; i++) {
        now.ns += 100000000;
        baro_stack_poll(stack, now);
    }
}

/* The next message of that type that the stack sent, others stepped over. */
static bool sent(uint8_t type, struct baro_packet *packet, struct nd_message *message)
{
    const struct device_frame *frame;
    static uint8_t whole[512];

    while ((frame = frame_device_take(&device)) != NULL) {
        struct nd_arrival arrival = { .interface = 1 };

        assert_int_equal(baro_packet_parse_frame(packet, (struct baro_bytes){ frame->data, frame->length }), 0);
        arrival.source = address_in_zone(packet->source, 1);
        arrival.destination = address_in_zone(packet->destination, 1);
        arrival.hop_limit = packet->ttl;
        memcpy(whole, frame->data + 54, frame->length - 54);
        assert_int_equal(nd_read(message, &arrival, (struct baro_bytes){ whole, frame->length - 54 }), 0);
        if (message->type == type)
            return true;
    }
    return false;
}

static struct nd_message advertisement(uint16_t lifetime_s, uint32_t valid_s)
{
    return (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .lifetime_s = lifetime_s, .prefixes = 1,
                                .prefix = { { .prefix = baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0), .length = 64,
                                              .on_link = true, .autonomous = true, .valid_s = valid_s,
                                              .preferred_s = valid_s / 2 } } };
}

static struct baro_address_status address(int at)
{
    struct baro_address_status status[8];
    int count = baro_stack_addresses(stack, 1, status, 8);

    assert_true(count > at);
    return status[at];
}

static int addresses(void)
{
    struct baro_address_status status[8];

    return baro_stack_addresses(stack, 1, status, 8);
}

static bool way_to(struct baro_address destination, struct ip_hop *hop)
{
    return ip_find_route(&stack->table, destination, (struct baro_address){ .family = BARO_FAMILY_NONE }, 0, hop);
}

static void the_link_local_address_is_probed_and_routers_are_asked_for(void **state)
{
    struct baro_packet packet;
    struct nd_message probe, question;
    struct baro_address own = address(0).address;

    (void)state;
    assert_true(address_is_link_local(own) && own.zone == 1 && address(0).tentative);
    assert_int_equal(address(0).prefix_length, 64);
    pass(1);
    assert_true(sent(ICMPV6_NEIGHBOUR_SOLICITATION, &packet, &probe));
    assert_true(address_equal(probe.target, own) && address_is_unspecified(packet.source));
    assert_false(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question)); /* not before it is ours */
    pass(1);
    assert_false(address(0).tentative);
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    assert_true(question.has_source_mac && mac_equal(question.source_mac, device.device.mac));
    assert_true(address_equal(address_in_zone(packet.source, 1), own) && packet.ttl == 255);
    assert_int_equal(packet.destination.octet[15], 2);
    pass(3);
    assert_false(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    pass(2); /* four seconds, a tenth more or less; then twice that */
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    pass(6);
    assert_false(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    pass(4);
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
}

/* An advertisement that may be that of a default router ends the asking; one that may not does not. */
static void a_default_router_ends_the_asking(void **state)
{
    struct nd_message told = advertisement(0, 0), question;
    struct baro_packet packet;

    (void)state;
    pass(2);
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    feed(&told, router, 255);
    pass(6);
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
    told = advertisement(1800, 0);
    feed(&told, router, 255);
    pass(60);
    assert_false(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &question));
}

static void an_advertisement_gives_an_address_and_a_way_out(void **state)
{
    struct nd_message told = advertisement(1800, 3600), probe;
    struct baro_router_status status;
    struct baro_packet packet;
    struct ip_hop hop;

    (void)state;
    pass(2);
    assert_true(sent(ICMPV6_ROUTER_SOLICITATION, &packet, &probe));
    assert_false(way_to(far_away, &hop));
    told.has_mtu = told.managed = true;
    told.mtu = 1400;
    told.servers = 1;
    told.server[0] = (struct nd_server){ baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x53), 60 };
    feed(&told, router, 255);
    assert_int_equal(addresses(), 2);
    assert_true(address(1).tentative);
    assert_int_equal(address(1).valid_until.ns, now.ns + INT64_C(3600000000000));
    assert_int_equal(address(1).preferred_until.ns, now.ns + INT64_C(1800000000000));
    pass(2);
    assert_true(sent(ICMPV6_NEIGHBOUR_SOLICITATION, &packet, &probe));
    assert_true(address_equal(probe.target, address(1).address));
    assert_false(address(1).tentative);
    assert_true(way_to(far_away, &hop));
    assert_true(address_equal(hop.next_hop, router) && address_equal(hop.source, address(1).address));
    assert_true(ip_in_prefix(hop.source, told.prefix[0].prefix, 64));
    assert_true(way_to(told.server[0].address, &hop)); /* on the link: no router between */
    assert_true(address_equal(hop.next_hop, told.server[0].address));
    assert_int_equal(interface_mtu(&stack->interface[1], BARO_FAMILY_IPV6), 1400);
    assert_int_equal(interface_mtu(&stack->interface[1], BARO_FAMILY_IPV4), 1500);
    assert_int_equal(baro_stack_router_status(stack, 1, &status), 0);
    assert_true(status.routers == 1 && status.managed && !status.other && status.dns_servers == 1);
    assert_true(address_equal(status.dns_server[0], told.server[0].address));
    pass(60);
    assert_int_equal(baro_stack_router_status(stack, 1, &status), 0);
    assert_int_equal(status.dns_servers, 0);
}

static void what_was_said_ends(void **state)
{
    struct nd_message told = advertisement(1800, 20);
    struct ip_hop hop;

    (void)state;
    pass(2);
    feed(&told, router, 255);
    pass(3);
    assert_true(way_to(far_away, &hop) && !address(1).deprecated);
    told = advertisement(0, 20); /* it is no default router any longer; the prefix lives on */
    feed(&told, router, 255);
    assert_false(way_to(far_away, &hop));
    pass(11);
    assert_true(address(1).deprecated);
    pass(10);
    assert_int_equal(addresses(), 1);
    assert_false(way_to(baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 5), &hop));
    told = advertisement(30, 0); /* a router goes when its life is over */
    feed(&told, router, 255);
    assert_int_equal(stack->table.routes_advertised, 1);
    pass(30);
    assert_int_equal(stack->table.routes_advertised, 0);
}

/* §6.3.4: that a prefix is not said to be on the link says nothing: what another has said stands, until it takes it
 * back. */
static void silence_about_the_link_says_nothing(void **state)
{
    struct nd_message told = advertisement(1800, 3600), other = advertisement(1800, 0);
    struct baro_address near = baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 5);
    struct ip_hop hop;

    (void)state;
    pass(2);
    feed(&told, router, 255);
    pass(3);
    other.prefix[0].on_link = false;
    feed(&other, router, 255);
    assert_true(way_to(near, &hop) && address_equal(hop.next_hop, near));
    other.prefix[0].on_link = true;
    feed(&other, router, 255);
    assert_true(way_to(near, &hop) && address_equal(hop.next_hop, router));
}

/* RFC 4862 §5.1: as many probes as are asked for, none at all too. */
static void the_number_of_probes(void **state)
{
    struct baro_ipv6_config ipv6 = { .secret = { 7 } };
    const int8_t probes[] = { -1, 0, 3 };
    struct baro_packet packet;
    struct nd_message probe;

    for (unsigned i = 0; i < 3; i++) {
        struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
        unsigned count = 0;

        end(state);
        memset(&memory, 0, sizeof memory);
        now.ns = 0;
        frame_device_init(&device, 1, 1500);
        stack = baro_stack_create(&config);
        assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
        ipv6.probes = probes[i];
        assert_int_equal(baro_stack_enable_ipv6(stack, 1, &ipv6), 0);
        assert_int_equal(address(0).tentative, probes[i] >= 0);
        pass(6);
        assert_false(address(0).tentative);
        while (sent(ICMPV6_NEIGHBOUR_SOLICITATION, &packet, &probe))
            count++;
        assert_int_equal(count, probes[i] == 0 ? 1 : probes[i] < 0 ? 0 : probes[i]);
    }
}

/* Somebody has the address already: another one is made; of the link-local one too (RFC 7217 §6). */
static void a_duplicate_is_replaced(void **state)
{
    struct nd_message told = advertisement(1800, 3600);
    struct nd_message has = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .has_target_mac = true,
                              .target_mac = router_mac };
    struct baro_address first = address(0).address;

    (void)state;
    has.target = first;
    feed(&has, router, 255);
    assert_int_equal(addresses(), 1);
    assert_true(address_is_link_local(address(0).address) && !address_equal(address(0).address, first));
    pass(2);
    feed(&told, router, 255);
    has.target = first = address(1).address;
    feed(&has, router, 255);
    assert_int_equal(addresses(), 2);
    assert_false(address_equal(address(1).address, first));
    assert_true(ip_in_prefix(address(1).address, told.prefix[0].prefix, 64) && address(1).tentative);
    pass(2);
    assert_false(address(1).tentative);
}

/* After four attempts there is no fifth (RFC 7217 §6). */
static void the_attempts_are_bounded(void **state)
{
    struct nd_message has = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .has_target_mac = true,
                              .target_mac = router_mac };

    (void)state;
    for (unsigned i = 0; i < AUTOCONF_ATTEMPTS; i++) {
        has.target = address(0).address;
        feed(&has, router, 255);
    }
    assert_int_equal(addresses(), 0);
    pass(5);
    assert_int_equal(addresses(), 0);
}

static void who_may_not_say_so_is_not_heard(void **state)
{
    struct nd_message told = advertisement(1800, 3600);
    struct baro_statistics statistics;

    (void)state;
    pass(2);
    feed(&told, router, 254);                                       /* from beyond a router */
    feed(&told, baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 9), 255);   /* not link-local */
    assert_int_equal(addresses(), 1);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_HOP_LIMIT], 1);
    assert_int_equal(statistics.drops[BARO_DROP_ND_BAD_SOURCE], 1);
    baro_stack_set_forwarding(stack, true); /* RFC 4861 §6.2.2: a router does not take its routes from others */
    feed(&told, router, 255);
    assert_int_equal(addresses(), 1);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_NOT_LISTENING], 1);
}

/* §8.3: only the router in use may name a better one. */
static void a_redirect_is_followed(void **state)
{
    const struct baro_address other = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0xa), 1);
    struct nd_message told = advertisement(1800, 3600);
    struct nd_message redirect = { .type = ICMPV6_REDIRECT, .target = other, .destination = far_away };
    struct baro_statistics statistics;
    struct ip_hop hop;

    (void)state;
    pass(2);
    feed(&told, router, 255);
    pass(3);
    feed(&redirect, other, 255);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_NOT_LISTENING], 1);
    assert_true(way_to(far_away, &hop) && address_equal(hop.next_hop, router));
    feed(&redirect, router, 255);
    assert_true(way_to(far_away, &hop) && address_equal(hop.next_hop, other));
    far_away.octet[15]++;
    assert_true(way_to(far_away, &hop) && address_equal(hop.next_hop, router));
}

/* Eighty prefixes and routers leave room for what is given by hand, and what is by hand goes first. */
static void a_flood_takes_no_place(void **state)
{
    const struct baro_address none = { .family = BARO_FAMILY_NONE };
    struct nd_message told = advertisement(1800, 3600);
    struct baro_address by_hand = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0x77);
    struct ip_hop hop;

    (void)state;
    pass(2);
    for (unsigned i = 0; i < 80; i++) {
        struct baro_address from = router;

        from.octet[14] = (uint8_t)i;
        told.prefix[0].prefix.octet[7] = (uint8_t)i;
        feed(&told, from, 255);
    }
    assert_true(stack->table.routes_advertised <= IP_ROUTES_ADVERTISED);
    assert_int_equal(stack->table.routes_advertised, ROUTER_LIMIT + ROUTER_PREFIX_LIMIT);
    assert_int_equal(baro_stack_add_route(stack, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 0, by_hand, 1), 0);
    pass(3);
    assert_true(way_to(far_away, &hop) && address_equal(hop.next_hop, address_in_zone(by_hand, 1)));
    assert_int_equal(baro_stack_add_route(stack, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 0), 64, none, 1), 0);
    assert_int_equal(baro_stack_remove_route(stack, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 0), 0);
    assert_int_equal(baro_stack_remove_route(stack, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), 0), -ENETUNREACH);
    assert_true(way_to(far_away, &hop));
}

/* Of a SYN, which goes the fast path. */
static uint8_t hop_limit_to(uint16_t port)
{
    const struct baro_endpoint to = { far_away, { port } };
    const struct device_frame *frame;

    assert_int_equal(baro_connect(stack, baro_socket(stack, BARO_FAMILY_IPV6, BARO_STREAM), &to), -EINPROGRESS);
    baro_stack_flush(stack);
    while ((frame = frame_device_take(&device)) != NULL) {
        if (frame->data[ethernet_header_SIZE + 6] == IP_PROTOCOL_TCP)
            return frame->data[ethernet_header_SIZE + 7];
    }
    fail_msg("no SYN to port %u", port);
    return 0;
}

static void a_hop_limit_is_that_of_known_ways_too(void **state)
{
    const struct baro_address other = address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 8), 1);
    struct nd_message said = advertisement(1800, 3600);
    uint64_t fast;

    (void)state;
    pass(3);
    feed(&said, router, 255);
    pass(3);
    baro_stack_set_neighbour(stack, 1, router, router_mac);
    fast = stack->fast;
    assert_int_equal(hop_limit_to(80), 64);
    said = (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .hop_limit = 65 };
    feed(&said, other, 255);
    assert_int_equal(hop_limit_to(81), 65);
    said.hop_limit = 0; /* says nothing */
    feed(&said, other, 255);
    assert_int_equal(hop_limit_to(82), 65);
    assert_int_equal(stack->fast - fast, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_link_local_address_is_probed_and_routers_are_asked_for, start, end),
        cmocka_unit_test_setup_teardown(a_default_router_ends_the_asking, start, end),
        cmocka_unit_test_setup_teardown(an_advertisement_gives_an_address_and_a_way_out, start, end),
        cmocka_unit_test_setup_teardown(what_was_said_ends, start, end),
        cmocka_unit_test_setup_teardown(silence_about_the_link_says_nothing, start, end),
        cmocka_unit_test_setup_teardown(the_number_of_probes, start, end),
        cmocka_unit_test_setup_teardown(a_duplicate_is_replaced, start, end),
        cmocka_unit_test_setup_teardown(the_attempts_are_bounded, start, end),
        cmocka_unit_test_setup_teardown(who_may_not_say_so_is_not_heard, start, end),
        cmocka_unit_test_setup_teardown(a_redirect_is_followed, start, end),
        cmocka_unit_test_setup_teardown(a_flood_takes_no_place, start, end),
        cmocka_unit_test_setup_teardown(a_hop_limit_is_that_of_known_ways_too, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
