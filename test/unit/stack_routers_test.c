/* A stack between two routers of which each may fall silent, and who may say what its packets look like (RFC 4861
 * §6.3.4, §6.3.6, §7.3.3): it goes by the one that answers, asks when the last one is gone, and takes over what is
 * within reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/packet.h"
#include "baro/socket.h"
#include "baro/stack.h"
#include "codec/ethernet.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/nd.h"
#include "stack.h"
#include "support/frame_device.h"

enum { ROUTERS = 2, TENTH = 100000000 };

static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address far_away;
static bool answers[ROUTERS];
static unsigned asked[ROUTERS], solicitations; /* neighbour solicitations for each router; router solicitations */
static unsigned announced;                     /* addresses of ours, to all routers (RFC 9131) */
static int64_t solicited_at;
static uint8_t last_hop_limit;
static struct baro_mac last_mac;               /* of the last echo request's frame */

static struct baro_mac mac_of(unsigned router)
{
    return (struct baro_mac){ { 2, 0, 0, 0, 0, (uint8_t)(0x10 + router) } };
}

static struct baro_address router(unsigned number)
{
    return address_in_zone(baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (uint16_t)(0x10 + number)), 1);
}

static int start(void **state)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    const struct baro_ipv6_config ipv6 = { .secret = { 7 }, .accept_advertisements = true, .probes = -1 };

    (void)state;
    memset(&memory, 0, sizeof memory);
    now.ns = 0;
    announced = solicitations = asked[0] = asked[1] = 0;
    answers[0] = answers[1] = true;
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    far_away = baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 1);
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    assert_int_equal(baro_stack_enable_ipv6(stack, 1, &ipv6), 0);
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

static void feed(const struct nd_message *message, unsigned from, struct baro_address to)
{
    uint8_t body[512], frame[768];
    size_t length = nd_write(message, body, sizeof body);
    bool group = address_is_multicast(to);
    struct baro_packet packet = { .destination_mac = device.device.mac, .source_mac = mac_of(from),
                                  .ethernet_type = ETHERNET_TYPE_IPV6, .vlan = -1, .source = router(from),
                                  .destination = to, .protocol = IP_PROTOCOL_ICMPV6, .ttl = 255,
                                  .layer = BARO_PACKET_ICMP, .icmp_type = body[0], .icmp_code = body[1],
                                  .icmp_rest = (uint32_t)body[4] << 24 | (uint32_t)body[5] << 16 |
                                               (uint32_t)body[6] << 8 | body[7],
                                  .payload = { body + 8, length - 8 } };
    ptrdiff_t octets;

    if (group)
        packet.destination_mac = (struct baro_mac){ { 0x33, 0x33, 0, 0, 0, 1 } };
    octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });
    assert_true(length > 0 && octets > 0);
    assert_true(frame_device_put(&device, frame, (uint32_t)octets));
    baro_stack_poll(stack, now);
}

static struct nd_message advertisement(uint16_t lifetime_s)
{
    return (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .lifetime_s = lifetime_s, .prefixes = 1,
                                .has_source_mac = true,
                                .prefix = { { .prefix = baro_ipv6(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0), .length = 64,
                                              .on_link = true, .autonomous = true, .valid_s = 86400,
                                              .preferred_s = 86400 } } };
}

static void advertise(unsigned from, struct nd_message told)
{
    told.source_mac = mac_of(from);
    feed(&told, from, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1));
}

/* A router that answers says where it is. */
static void be_asked(const struct nd_message *question, struct baro_address who)
{
    for (unsigned i = 0; i < ROUTERS; i++) {
        struct nd_message answer = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = router(i), .router = true,
                                     .solicited = true, .override = true, .has_target_mac = true,
                                     .target_mac = mac_of(i) };

        if (!address_equal(question->target, router(i)))
            continue;
        asked[i]++;
        if (answers[i])
            feed(&answer, i, who);
    }
}

static void look_at(const struct device_frame *frame)
{
    struct baro_packet packet;
    struct nd_message message;
    struct nd_arrival arrival = { .interface = 1 };

    assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length }), 0);
    if (packet.protocol == IP_PROTOCOL_UDP || packet.icmp_type == ICMPV6_ECHO_REQUEST) {
        last_hop_limit = packet.ttl;
        last_mac = packet.destination_mac;
        return;
    }
    arrival.source = address_in_zone(packet.source, 1);
    arrival.destination = address_in_zone(packet.destination, 1);
    arrival.hop_limit = packet.ttl;
    assert_int_equal(nd_read(&message, &arrival, (struct baro_bytes){ frame->data + 54, frame->length - 54 }), 0);
    announced += message.type == ICMPV6_NEIGHBOUR_ADVERTISEMENT && packet.destination.octet[15] == 2;
    if (message.type == ICMPV6_ROUTER_SOLICITATION) {
        solicitations++;
        solicited_at = now.ns;
    } else if (message.type == ICMPV6_NEIGHBOUR_SOLICITATION && !address_is_unspecified(packet.source)) {
        be_asked(&message, packet.source);
    }
}

/* Time passes in tenths of a second; with `talks` an echo request leaves in each. */
static void pass(int64_t tenths, bool talks)
{
    const struct device_frame *frame;

    for (int64_t i = 0; i < tenths; i++) {
        now.ns += TENTH;
        if (talks)
            (void)baro_stack_ping(stack, far_away, 1, 1, 8);
        baro_stack_poll(stack, now);
        while ((frame = frame_device_take(&device)) != NULL)
            look_at(frame);
    }
}

static bool goes_by(unsigned number)
{
    struct ip_hop hop;

    return ip_find_route(&stack->table, far_away, (struct baro_address){ .family = BARO_FAMILY_NONE }, 0, &hop) &&
           address_equal(hop.next_hop, router(number));
}

/* Both advertise, the first is preferred. */
static void both(void)
{
    struct nd_message told = advertisement(9000);

    told.preference = ND_PREFERENCE_HIGH;
    advertise(0, told);
    told.preference = ND_PREFERENCE_LOW;
    advertise(1, told);
    pass(100, true);
    assert_int_equal(announced, 1);
    assert_true(goes_by(0) && mac_equal(last_mac, mac_of(0)));
    assert_true(asked[0] != 0 && asked[1] == 0); /* only who has traffic is asked (§7.3.1) */
}

/* §6.3.6: one that does not answer is left for one of which nothing bad is known, until it is heard of again. */
static void a_router_that_falls_silent_is_left(void **state)
{
    (void)state;
    both();
    answers[0] = false;
    pass(600, true); /* 45 s of trust, 5 s of delay, three questions */
    assert_true(goes_by(1) && mac_equal(last_mac, mac_of(1)));
    pass(600, true);
    assert_true(goes_by(1));
    answers[0] = true;
    pass(100, true);
    assert_true(goes_by(1)); /* nobody asks it, so nobody knows */
    advertise(0, (struct nd_message){ .type = ICMPV6_ROUTER_ADVERTISEMENT, .lifetime_s = 9000, .has_source_mac = true,
                                      .preference = ND_PREFERENCE_HIGH });
    pass(10, true);
    assert_true(goes_by(0));
    pass(600, true);
    assert_true(goes_by(0));
}

/* §6.3.6: where none answers they are tried in turn. */
static void the_dead_are_tried_in_turn(void **state)
{
    unsigned turns = 0;
    bool by_first = true;

    (void)state;
    both();
    answers[0] = answers[1] = false;
    pass(1200, true);
    asked[0] = asked[1] = 0;
    for (unsigned i = 0; i < 600; i++) {
        pass(1, true);
        turns += goes_by(0) != by_first;
        by_first = goes_by(0);
    }
    assert_true(turns > 5 && asked[0] > 5 && asked[1] > 5);
    answers[1] = true;
    pass(100, true);
    assert_true(goes_by(1));
    pass(1200, true);
    assert_true(goes_by(1) && mac_equal(last_mac, mac_of(1)));
    assert_false(stack->advertised.routers.router[1].unreachable);
}

/* RFC 4191 §3.2: a longer prefix by a router that does not answer is worth nothing beside one that does. */
static void a_dead_router_has_no_routes(void **state)
{
    struct nd_message told = advertisement(9000);

    (void)state;
    told.routes = 1;
    told.route[0] = (struct nd_route){ baro_ipv6(0x2001, 0xdb8, 9, 0, 0, 0, 0, 0), 48, ND_PREFERENCE_MEDIUM, 9000 };
    advertise(0, told);
    told.routes = 0;
    told.preference = ND_PREFERENCE_HIGH;
    advertise(1, told);
    pass(100, true);
    assert_true(goes_by(0));
    answers[0] = false;
    pass(600, true);
    assert_true(goes_by(1));
    answers[1] = false; /* with none that answers it is as good as the other */
    pass(1200, true);
    asked[0] = 0;
    pass(300, true);
    assert_true(asked[0] > 0);
}

/* §7.3.3: what a silent neighbour was to do instead of the router goes by the router again. */
static void a_redirect_to_nobody_is_forgotten(void **state)
{
    struct nd_message redirect = { .type = ICMPV6_REDIRECT, .target = router(1), .has_target_mac = true,
                                   .target_mac = mac_of(1) };

    (void)state;
    redirect.destination = far_away;
    advertise(0, advertisement(9000));
    pass(50, true);
    feed(&redirect, 0, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1));
    pass(10, true); /* §8.3: it says where that is, too: nobody need be asked */
    assert_true(goes_by(1) && mac_equal(last_mac, mac_of(1)) && asked[1] == 0);
    pass(50, true);
    answers[1] = false;
    pass(600, true);
    assert_true(goes_by(0) && mac_equal(last_mac, mac_of(0)));
}

/* §7.2.5, §8.3: the flag says that it is a router no longer; a redirect says where the other is. */
static void a_router_that_becomes_a_host(void **state)
{
    struct nd_message is = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = router(0), .override = true,
                             .has_target_mac = true, .target_mac = mac_of(0) };

    (void)state;
    both();
    is.router = true;
    feed(&is, 0, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1));
    assert_true(goes_by(0));
    is.router = false;
    feed(&is, 0, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1));
    assert_true(goes_by(1));
}

/* Who has lost the last router asks, within a second, and slower and slower (RFC 7559 §2). */
static void the_last_router_is_missed(void **state)
{
    struct nd_message bye = { .type = ICMPV6_ROUTER_ADVERTISEMENT };
    int64_t before, lost;

    (void)state;
    both();
    assert_int_equal(solicitations, 1);
    advertise(0, bye);
    pass(300, true);
    assert_int_equal(solicitations, 1); /* there is another one */
    advertise(1, bye);
    lost = now.ns;
    pass(11, false);
    assert_int_equal(solicitations, 2);
    assert_true(solicited_at - lost <= INT64_C(1000000000) + TENTH);
    before = solicited_at;
    pass(45, false);
    assert_int_equal(solicitations, 3); /* four seconds, then eight, a tenth more or less */
    assert_true(solicited_at - before >= INT64_C(3600000000) && solicited_at - before <= INT64_C(4500000000));
    before = solicited_at;
    pass(98, false);
    assert_int_equal(solicitations, 4);
    assert_true(solicited_at - before >= INT64_C(6400000000) && solicited_at - before <= INT64_C(9800000000));
    advertise(1, advertisement(9000));
    pass(3000, false);
    assert_int_equal(solicitations, 4);
}

/* RFC 7559 §2: up to an hour between two. */
static void asking_grows_slow(void **state)
{
    int64_t before = 0, span = 0;

    (void)state;
    for (unsigned count = 0; count < 16;) {
        pass(1, false);
        if (solicitations == count)
            continue;
        count = solicitations;
        span = solicited_at - before;
        before = solicited_at;
    }
    assert_true(span >= INT64_C(3240000000000) && span <= INT64_C(3961000000000));
}

/* Of a datagram from that socket. */
static uint8_t hop_limit_of(int fd)
{
    const struct baro_endpoint peer = { far_away, { 9 } };

    assert_int_equal(baro_sendto(stack, fd, "x", 1, 0, &peer), 1);
    pass(1, false);
    return last_hop_limit;
}

/* §6.3.4: the hop limit of what leaves from now on, unless it says nothing, or what cannot be meant. */
static void the_hop_limit_is_the_routers(void **state)
{
    struct nd_message told = advertisement(9000);
    int fd, own = 99, as_usual = -1;

    (void)state;
    told.hop_limit = 0;
    advertise(0, told);
    pass(5, true);
    assert_int_equal(last_hop_limit, 64);
    told.hop_limit = 33;
    advertise(0, told);
    pass(5, true);
    assert_int_equal(last_hop_limit, 33);
    told.hop_limit = 0;
    advertise(0, told);
    pass(5, true);
    assert_int_equal(last_hop_limit, 33);
    told.hop_limit = 7;
    advertise(0, told);
    pass(5, true);
    assert_int_equal(last_hop_limit, 33);
    fd = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_int_equal(hop_limit_of(fd), 33);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_TTL, &own, sizeof own), 0);
    assert_int_equal(hop_limit_of(fd), 99);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_TTL, &as_usual, sizeof as_usual), 0);
    assert_int_equal(hop_limit_of(fd), 33);
}

/* Its life is what a neighbour's confirmation is good for, and how long an answer is waited for. */
static void times_are_the_routers(void **state)
{
    struct nd_message told = advertisement(9000);
    const struct neighbour_times *times = &stack->neighbours.times[1];
    unsigned before;

    (void)state;
    told.reachable_ms = 4000;
    told.retransmit_ms = 300;
    advertise(0, told);
    assert_true(times->base_reachable_ms == 4000 && times->retransmit_ms == 300);
    pass(100, true);
    before = asked[0];
    pass(600, true); /* a question each 7 to 11 seconds */
    assert_in_range(asked[0] - before, 5, 9);
    answers[0] = false;
    pass(115, true);
    before = asked[0];
    pass(11, true);
    assert_in_range(asked[0] - before, 3, 4);
    told.reachable_ms = told.retransmit_ms = 0;
    advertise(0, told);
    assert_true(times->base_reachable_ms == 4000 && times->retransmit_ms == 300);
    told.reachable_ms = told.retransmit_ms = 1;
    advertise(0, told);
    assert_true(times->base_reachable_ms == 1000 && times->retransmit_ms == 100);
    told.reachable_ms = told.retransmit_ms = UINT32_MAX;
    advertise(0, told);
    assert_true(times->base_reachable_ms == 3600000 && times->retransmit_ms == 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_router_that_falls_silent_is_left, start, end),
        cmocka_unit_test_setup_teardown(the_dead_are_tried_in_turn, start, end),
        cmocka_unit_test_setup_teardown(a_dead_router_has_no_routes, start, end),
        cmocka_unit_test_setup_teardown(a_redirect_to_nobody_is_forgotten, start, end),
        cmocka_unit_test_setup_teardown(a_router_that_becomes_a_host, start, end),
        cmocka_unit_test_setup_teardown(the_last_router_is_missed, start, end),
        cmocka_unit_test_setup_teardown(asking_grows_slow, start, end),
        cmocka_unit_test_setup_teardown(the_hop_limit_is_the_routers, start, end),
        cmocka_unit_test_setup_teardown(times_are_the_routers, start, end)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
