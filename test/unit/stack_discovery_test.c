/* Neighbour discovery between a hand-written neighbour and a stack: who asks for an address of ours is answered as RFC
 * 4861 §7.2.4 says, what comes from beyond a router is not heard, and a packet of ours waits for its neighbour. */
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

static int64_t feed_at; /* seconds */
static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_address own, peer;
static const struct baro_mac peer_mac = { { 2, 0, 0, 0, 0, 9 } };

static int start(void **state)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };

    (void)state;
    feed_at = 0;
    memset(&memory, 0, sizeof memory);
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    own = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1);
    peer = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9);
    assert_int_equal(baro_stack_add_address(stack, 1, own, 64, false), 0);
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

/* Hands the stack an ICMPv6 message from the neighbour. */
static void feed(const struct nd_message *message, struct baro_address source, struct baro_address destination,
                 struct baro_mac to, uint8_t hop_limit)
{
    uint8_t body[256], frame[512];
    size_t length = nd_write(message, body, sizeof body);
    struct baro_packet packet = { .destination_mac = to, .source_mac = peer_mac, .ethernet_type = ETHERNET_TYPE_IPV6,
                                  .vlan = -1, .source = source, .destination = destination,
                                  .protocol = IP_PROTOCOL_ICMPV6, .ttl = hop_limit, .layer = BARO_PACKET_ICMP,
                                  .icmp_type = body[0], .icmp_code = body[1],
                                  .icmp_rest = (uint32_t)body[4] << 24 | (uint32_t)body[5] << 16 |
                                               (uint32_t)body[6] << 8 | body[7],
                                  .payload = { body + 8, length - 8 } };
    ptrdiff_t octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });

    assert_true(octets > 0);
    assert_true(frame_device_put(&device, frame, (uint32_t)octets));
    baro_stack_poll(stack, (struct baro_instant){ feed_at * 1000000000 });
}

/* The next message that the stack sent; false: none. */
static bool sent(struct baro_packet *packet, struct nd_message *message)
{
    const struct device_frame *frame = frame_device_take(&device);
    struct nd_arrival arrival = { .interface = 1 };
    static uint8_t whole[512];

    if (frame == NULL)
        return false;
    assert_int_equal(baro_packet_parse_frame(packet, (struct baro_bytes){ frame->data, frame->length }), 0);
    assert_true(packet->transport_checksum_right);
    arrival.source = address_in_zone(packet->source, 1);
    arrival.destination = address_in_zone(packet->destination, 1);
    arrival.hop_limit = packet->ttl;
    memcpy(whole, frame->data + 54, frame->length - 54);
    assert_int_equal(nd_read(message, &arrival, (struct baro_bytes){ whole, frame->length - 54 }), 0);
    return true;
}

static struct nd_message question(void)
{
    return (struct nd_message){ .type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = own, .has_source_mac = true,
                                .source_mac = peer_mac };
}

static const struct baro_mac group_mac = { { 0x33, 0x33, 0xff, 0, 0, 1 } };

static void who_asks_is_answered(void **state)
{
    struct nd_message message = question(), answer;
    struct baro_packet packet;

    (void)state;
    feed(&message, peer, address_solicited_node(own, 1), group_mac, 255);
    assert_true(sent(&packet, &answer));
    assert_int_equal(answer.type, ICMPV6_NEIGHBOUR_ADVERTISEMENT);
    assert_true(answer.solicited && answer.override && !answer.router && answer.has_target_mac);
    assert_true(mac_equal(answer.target_mac, device.device.mac));
    assert_true(address_equal(answer.target, own) && address_equal(packet.source, own));
    assert_true(address_equal(packet.destination, peer));
    assert_true(mac_equal(packet.destination_mac, peer_mac)); /* learnt from the question */
    assert_false(sent(&packet, &answer));
}

/* RFC 4862 §5.4.3: somebody wants our address; §7.2.4: all nodes hear that it is taken. */
static void a_probe_for_our_address_is_answered_to_all(void **state)
{
    struct nd_message message = question(), answer;
    struct baro_packet packet;

    (void)state;
    message.has_source_mac = false;
    feed(&message, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), address_solicited_node(own, 1), group_mac, 255);
    assert_true(sent(&packet, &answer));
    assert_false(answer.solicited);
    assert_true(address_equal(packet.destination, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1)));
}

static void what_a_router_passed_on_is_not_heard(void **state)
{
    struct nd_message message = question(), answer;
    struct baro_statistics statistics;
    struct baro_packet packet;

    (void)state;
    feed(&message, peer, address_solicited_node(own, 1), group_mac, 254);
    assert_false(sent(&packet, &answer));
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_HOP_LIMIT], 1);
}

static void an_address_that_is_not_ours_is_not_answered(void **state)
{
    struct nd_message message = question(), answer;
    struct baro_statistics statistics;
    struct baro_packet packet;

    (void)state;
    message.target.octet[0] = 0xfc; /* the same group */
    feed(&message, peer, address_solicited_node(own, 1), group_mac, 255);
    assert_false(sent(&packet, &answer));
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_NOT_FOR_ME], 1);
}

/* ---- duplicate address detection, RFC 4862 §5.4 ---- */

static const struct baro_mac wanted_mac = { { 0x33, 0x33, 0xff, 0, 0, 7 } };

static struct baro_address wanted(void)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 7);
}

static void poll_s(int64_t s)
{
    baro_stack_poll(stack, (struct baro_instant){ s * 1000000000 });
}

/* Asked for once, from nobody, and ours a second later; until then nobody is answered. */
static void an_address_is_asked_for_before_it_is_used(void **state)
{
    struct nd_message probe, question_of_peer = question(), answer;
    struct baro_packet packet;

    (void)state;
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    question_of_peer.target = wanted();
    feed(&question_of_peer, peer, address_solicited_node(wanted(), 1), wanted_mac, 255);
    assert_false(sent(&packet, &answer));
    poll_s(1);
    assert_true(sent(&packet, &probe));
    assert_int_equal(probe.type, ICMPV6_NEIGHBOUR_SOLICITATION);
    assert_true(address_equal(probe.target, wanted()) && !probe.has_source_mac);
    assert_true(address_is_unspecified(packet.source));
    assert_true(mac_equal(packet.destination_mac, wanted_mac));
    poll_s(3);
    assert_true(sent(&packet, &answer)); /* one and no more; RFC 9131: then routers hear of it */
    assert_int_equal(answer.type, ICMPV6_NEIGHBOUR_ADVERTISEMENT);
    assert_true(address_equal(answer.target, wanted()) && address_equal(packet.source, wanted()));
    assert_true(!answer.solicited && !answer.override && !answer.router);
    assert_true(answer.has_target_mac && mac_equal(answer.target_mac, device.device.mac));
    assert_int_equal(packet.destination.octet[15], 2);
    assert_false(sent(&packet, &probe));
    feed_at = 3;
    feed(&question_of_peer, peer, address_solicited_node(wanted(), 1), wanted_mac, 255);
    assert_true(sent(&packet, &answer));
    assert_true(address_equal(answer.target, wanted()));
}

/* Who has it says so; who wants it at the same time asks as we do. */
static void an_address_of_another_is_let_go(void **state)
{
    const struct baro_address all = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), nobody = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
    struct nd_message has = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = wanted(), .has_target_mac = true,
                              .target_mac = peer_mac };
    struct nd_message wants = { .type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = wanted() };
    const struct baro_mac all_mac = { { 0x33, 0x33, 0, 0, 0, 1 } };
    struct baro_statistics statistics;

    (void)state;
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    feed(&has, wanted(), all, all_mac, 254); /* not from this link */
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), -EEXIST);
    feed(&has, wanted(), all, all_mac, 255);
    assert_int_equal(baro_stack_remove_address(stack, 1, wanted()), -EADDRNOTAVAIL);
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    feed(&wants, nobody, address_solicited_node(wanted(), 1), wanted_mac, 255);
    assert_int_equal(baro_stack_remove_address(stack, 1, wanted()), -EADDRNOTAVAIL);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_DUPLICATE], 2);
    /* an address that is ours already is not taken away by it */
    has.target = own;
    feed(&has, own, all, all_mac, 255);
    assert_int_equal(baro_stack_remove_address(stack, 1, own), 0);
}

/* ---- RFC 7527 ---- */

/* The network gives a probe of ours back, by way of a bridge that puts its own MAC address in. */
static void give_back(const struct nd_message *probe)
{
    feed(probe, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), address_solicited_node(wanted(), 1), wanted_mac, 255);
}

static uint64_t dropped(enum baro_drop_reason reason)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return statistics.drops[reason];
}

static bool is_ours(void)
{
    return baro_stack_address_state(stack, 1, wanted()) == BARO_ADDRESS_USABLE;
}

/* Copies a probe's nonce out of the frame, which does not live as long. */
static bool take_probe(struct nd_message *probe, uint8_t nonce[ND_NONCE])
{
    struct baro_packet packet;

    if (!sent(&packet, probe) || probe->type != ICMPV6_NEIGHBOUR_SOLICITATION)
        return false;
    assert_int_equal(probe->nonce.length, ND_NONCE);
    memcpy(nonce, probe->nonce.data, ND_NONCE);
    probe->nonce.data = nonce;
    return true;
}

static unsigned verdicts[3], probes;

static void on_event(void *context, const struct baro_trace_event *event)
{
    (void)context;
    probes += event->kind == BARO_TRACE_ADDRESS_PROBE;
    if (event->kind == BARO_TRACE_ADDRESS_VERDICT)
        verdicts[event->value[1].as.number]++;
}

/* A probe that comes back is no other host's; three more are asked, and while those come back three more again. */
static void a_probe_that_comes_back_is_no_conflict(void **state)
{
    uint8_t nonce[ND_NONCE], before[ND_NONCE] = { 0 };
    struct nd_message probe;
    struct baro_packet packet;

    (void)state;
    probes = verdicts[0] = verdicts[1] = verdicts[2] = 0;
    baro_stack_set_trace(stack, (struct baro_trace_sink){ NULL, on_event }, 1);
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    for (feed_at = 1; feed_at <= 7; feed_at++) {
        poll_s(feed_at);
        assert_true(take_probe(&probe, nonce));
        assert_memory_not_equal(nonce, before, sizeof nonce);
        memcpy(before, nonce, sizeof nonce);
        assert_false(is_ours());
        if (feed_at == 1 || feed_at == 3)
            give_back(&probe);
    }
    assert_int_equal(dropped(BARO_DROP_ND_LOOPED), 2);
    assert_int_equal(dropped(BARO_DROP_ND_DUPLICATE), 0);
    poll_s(8); /* one probe and twice three */
    assert_true(is_ours());
    assert_true(probes == 7 && verdicts[BARO_TRACE_VERDICT_MINE] == 1 && verdicts[BARO_TRACE_VERDICT_LOOPED] == 2);
    assert_int_equal(verdicts[BARO_TRACE_VERDICT_TAKEN], 0);
    assert_true(sent(&packet, &probe) && probe.type == ICMPV6_NEIGHBOUR_ADVERTISEMENT);
    probe = (struct nd_message){ .type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = wanted(), .nonce = { nonce, 6 } };
    feed_at = 8;
    give_back(&probe); /* later still: nobody is answered */
    assert_false(sent(&packet, &probe));
    assert_int_equal(dropped(BARO_DROP_ND_LOOPED), 3);
}

/* Who asks for it with another nonce, or with none, is somebody else. */
static void a_probe_of_another_is_a_conflict(void **state)
{
    uint8_t nonce[ND_NONCE];
    struct nd_message probe;

    (void)state;
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    poll_s(feed_at = 1);
    assert_true(take_probe(&probe, nonce));
    nonce[5]++;
    give_back(&probe);
    assert_int_equal(dropped(BARO_DROP_ND_DUPLICATE), 1);
    assert_int_equal(baro_stack_address_state(stack, 1, wanted()), BARO_ADDRESS_NONE);
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    poll_s(feed_at = 2);
    assert_true(take_probe(&probe, nonce));
    probe.nonce.length = 0;
    give_back(&probe);
    assert_int_equal(dropped(BARO_DROP_ND_DUPLICATE), 2);
}

/* RFC 4862 §5.4.2: the answer comes to the solicited-node group, so that is listened to first; and many hosts that are
 * switched on together do not ask together. */
static void before_a_probe(void **state)
{
    int64_t least = INT64_MAX, most = 0;
    struct baro_packet packet;
    struct nd_message probe;

    (void)state;
    assert_int_equal(baro_stack_add_address(stack, 1, wanted(), 64, true), 0);
    assert_false(sent(&packet, &probe));
    for (unsigned i = 0; i < device.groups; i++)
        feed_at += mac_equal(device.group[i], wanted_mac);
    assert_int_equal(feed_at, 1);
    for (unsigned i = 0; i < 100; i++) {
        struct baro_address address = wanted();
        const int64_t begin = INT64_C(10000000000) * (i + 1);
        struct baro_instant at = { begin };

        address.octet[14] = (uint8_t)(i + 1);
        baro_stack_poll(stack, at);
        while (sent(&packet, &probe))
            continue;
        assert_int_equal(baro_stack_add_address(stack, 1, address, 64, true), 0);
        while (!sent(&packet, &probe)) {
            assert_true(baro_stack_next_deadline(stack, &at));
            baro_stack_poll(stack, at);
        }
        least = at.ns - begin < least ? at.ns - begin : least;
        most = at.ns - begin > most ? at.ns - begin : most;
        assert_int_equal(baro_stack_remove_address(stack, 1, address), 0);
    }
    assert_true(least < 100000000 && most > 900000000 && most <= 1000000000);
}

/* RFC 9131: a router remembers who says that he is there, a host does not. */
static void a_new_neighbour_is_known_to_a_router(void **state)
{
    const struct baro_address all_routers = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2);
    const struct baro_mac group = { { 0x33, 0x33, 0, 0, 0, 2 } };
    struct nd_message is = { .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = peer, .has_target_mac = true,
                             .target_mac = peer_mac };
    struct neighbour *entry;
    struct baro_mac mac;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, all_routers), 0);
    feed(&is, peer, all_routers, group, 255);
    assert_false(neighbour_knows(&stack->neighbours, 1, peer));
    baro_stack_set_forwarding(stack, true);
    is.target = own; /* not ours to others */
    feed(&is, peer, all_routers, group, 255);
    assert_false(neighbour_knows(&stack->neighbours, 1, own));
    is.target = peer;
    feed(&is, peer, all_routers, group, 255);
    assert_true(neighbour_knows(&stack->neighbours, 1, peer));
    is.target_mac.octet[5]++; /* and once known, does not override */
    feed(&is, peer, all_routers, group, 255);
    assert_true(neighbour_resolve(&stack->neighbours, 1, peer, own, &mac, &entry) && mac_equal(mac, peer_mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asks_is_answered, start, end),
        cmocka_unit_test_setup_teardown(a_probe_for_our_address_is_answered_to_all, start, end),
        cmocka_unit_test_setup_teardown(what_a_router_passed_on_is_not_heard, start, end),
        cmocka_unit_test_setup_teardown(an_address_that_is_not_ours_is_not_answered, start, end),
        cmocka_unit_test_setup_teardown(an_address_is_asked_for_before_it_is_used, start, end),
        cmocka_unit_test_setup_teardown(an_address_of_another_is_let_go, start, end),
        cmocka_unit_test_setup_teardown(a_probe_that_comes_back_is_no_conflict, start, end),
        cmocka_unit_test_setup_teardown(a_probe_of_another_is_a_conflict, start, end),
        cmocka_unit_test_setup_teardown(before_a_probe, start, end),
        cmocka_unit_test_setup_teardown(a_new_neighbour_is_known_to_a_router, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
