/* How a stack finds a neighbour of IPv6 and keeps it (RFC 4861 §7.2, §7.3), by its frames: what it asks and when, what
 * waits meanwhile, what becomes of it when nobody answers, and that fragments are no neighbour discovery (RFC 6980). */
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
#include "base/checksum.h"
#include "codec/ethernet.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "codec/nd.h"
#include "stack.h"
#include "support/frame_device.h"

enum { TENTH = 100000000, ASKED = 64 };

static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address own, peer;
static const struct baro_mac peer_mac = { { 2, 0, 0, 0, 0, 9 } };
static int fd;
static struct question {
    int64_t at_ns;
    bool to_group, has_mac;
} asked[ASKED];
static unsigned questions, datagrams;
static uint8_t payload[64]; /* first octets of the datagrams that left */

static int start(void **state)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };

    (void)state;
    memset(&memory, 0, sizeof memory);
    now.ns = 0;
    questions = datagrams = 0;
    frame_device_init(&device, 1, 1500);
    stack = baro_stack_create(&config);
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    own = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1);
    peer = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9);
    assert_int_equal(baro_stack_add_address(stack, 1, own, 64, false), 0);
    fd = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_true(fd >= 0);
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

static void look_at(const struct device_frame *frame)
{
    struct baro_packet packet;

    assert_int_equal(baro_packet_parse_frame(&packet, (struct baro_bytes){ frame->data, frame->length }), 0);
    if (packet.protocol == IP_PROTOCOL_UDP) {
        assert_true(mac_equal(packet.destination_mac, peer_mac) && datagrams < sizeof payload);
        payload[datagrams++] = packet.payload.data[0];
        return;
    }
    if (packet.icmp_type != ICMPV6_NEIGHBOUR_SOLICITATION)
        return;
    assert_true(questions < ASKED && address_equal(packet.source, own) && packet.ttl == 255);
    asked[questions++] = (struct question){ .at_ns = now.ns, .to_group = address_is_multicast(packet.destination),
                                            .has_mac = frame->length == 14 + 40 + 32 && frame->data[78] == 1 &&
                                                       memcmp(frame->data + 80, device.device.mac.octet, 6) == 0 };
}

static void drain(void)
{
    const struct device_frame *frame;

    baro_stack_poll(stack, now);
    while ((frame = frame_device_take(&device)) != NULL)
        look_at(frame);
}

static void pass(unsigned tenths)
{
    for (unsigned i = 0; i < tenths; i++) {
        now.ns += TENTH;
        drain();
    }
}

static ptrdiff_t say(char what)
{
    const struct baro_endpoint to = { peer, { 9 } };
    ptrdiff_t result = baro_sendto(stack, fd, &what, 1, 0, &to);

    drain();
    return result;
}

/* The neighbour's message, in a frame of its own or, `fragmented`, behind an atomic fragment header. */
static void feed(struct nd_message message, bool fragmented)
{
    uint8_t frame[256], *ip = frame + 14, *body = ip + 40 + (fragmented ? 8 : 0);
    size_t length = nd_write(&message, body, 128);
    struct baro_address to = own;
    uint64_t sum = checksum_pseudo(peer, to, IP_PROTOCOL_ICMPV6, (uint32_t)length);

    write_be16(body + 2, checksum_fold(checksum_add(sum, body, length)));
    memcpy(frame, device.device.mac.octet, 6);
    memcpy(frame + 6, peer_mac.octet, 6);
    write_be16(frame + 12, ETHERNET_TYPE_IPV6);
    memset(ip, 0, 40);
    ip[0] = 0x60;
    write_be16(ip + 4, (uint16_t)(length + (fragmented ? 8U : 0U)));
    ip[6] = fragmented ? 44 : IP_PROTOCOL_ICMPV6;
    ip[7] = 255;
    write_ipv6(ip + 8, peer);
    write_ipv6(ip + 24, to);
    if (fragmented) {
        memset(ip + 40, 0, 8);
        ip[40] = IP_PROTOCOL_ICMPV6;
        ip[47] = 7;
    }
    assert_true(frame_device_put(&device, frame, (uint32_t)(body - frame) + (uint32_t)length));
    drain();
}

static struct nd_message answer(void)
{
    return (struct nd_message){ .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = peer, .solicited = true,
                                .override = true, .has_target_mac = true, .target_mac = peer_mac };
}

/* §7.2.2: three questions to the solicited-node group, a second apart, each with our MAC address; then whoever sent
 * hears that nobody is there, for each packet that waited. */
static void nobody_answers(void **state)
{
    const struct baro_endpoint to = { peer, { 9 } };
    struct baro_statistics statistics;

    (void)state;
    assert_int_equal(baro_connect(stack, fd, &to), 0);
    assert_int_equal(say('a'), 1);
    assert_int_equal(say('b'), 1);
    pass(100);
    assert_int_equal(questions, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(asked[i].to_group && asked[i].has_mac);
        assert_int_equal(asked[i].at_ns - asked[0].at_ns, INT64_C(1000000000) * i);
    }
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_NEIGHBOUR_UNREACHABLE], 2);
    assert_int_equal(say('c'), -EHOSTUNREACH);
    assert_int_equal(datagrams, 0);
}

/* The newest packets wait, and leave in their order once it is known where to. */
static void packets_wait_for_the_answer(void **state)
{
    (void)state;
    for (char i = 0; i < 3 * NEIGHBOUR_WAITING_LIMIT; i++)
        assert_int_equal(say(i), 1);
    assert_true(questions == 1 && datagrams == 0);
    pass(1);
    feed(answer(), false);
    assert_int_equal(datagrams, NEIGHBOUR_WAITING_LIMIT);
    for (unsigned i = 0; i < datagrams; i++)
        assert_int_equal(payload[i], 2 * NEIGHBOUR_WAITING_LIMIT + i);
    assert_int_equal(say('x'), 1);
    assert_int_equal(datagrams, NEIGHBOUR_WAITING_LIMIT + 1);
    pass(20);
    assert_int_equal(questions, 1);
}

/* §7.3.3: trust ends; a packet that leaves then is followed after five seconds by questions to that neighbour alone, a
 * second apart, three at most; then it is unknown again and asked for in its group. */
static void a_neighbour_that_goes_is_missed(void **state)
{
    int64_t at_ns;

    (void)state;
    assert_int_equal(say('a'), 1);
    feed(answer(), false);
    pass(10000); /* §7.3.1: a thousand seconds without a word: nobody is asked */
    assert_int_equal(questions, 1);
    assert_int_equal(say('b'), 1);
    assert_int_equal(datagrams, 2); /* it leaves at once all the same */
    at_ns = now.ns;
    pass(110);
    assert_int_equal(questions, 1 + 3 + 3);
    for (unsigned i = 1; i < 7; i++) {
        assert_int_equal(asked[i].at_ns - at_ns, INT64_C(1000000000) * (4 + i));
        assert_int_equal(asked[i].to_group, i > 3);
    }
}

/* And one that answers is asked no more. */
static void a_neighbour_that_stays_is_trusted_again(void **state)
{
    (void)state;
    assert_int_equal(say('a'), 1);
    feed(answer(), false);
    pass(1000);
    assert_int_equal(say('b'), 1);
    pass(51);
    assert_true(questions == 2 && !asked[1].to_group);
    feed(answer(), false);
    pass(100);
    assert_int_equal(say('c'), 1);
    assert_true(questions == 2 && datagrams == 3);
}

/* RFC 6980 §5: not even in an atomic fragment. */
static void what_came_in_a_fragment_is_no_answer(void **state)
{
    struct baro_statistics statistics;

    (void)state;
    assert_int_equal(say('a'), 1);
    feed(answer(), true);
    assert_int_equal(datagrams, 0);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ND_FRAGMENTED], 1);
    feed(answer(), false);
    assert_int_equal(datagrams, 1);
}

static bool listens_to(struct baro_mac mac)
{
    for (unsigned i = 0; i < device.groups; i++) {
        if (mac_equal(device.group[i], mac))
            return true;
    }
    return false;
}

/* §7.2.1: all-nodes, and the solicited-node group of each address for as long as it is there. */
static void groups_of_addresses(void **state)
{
    const struct baro_mac all = { { 0x33, 0x33, 0, 0, 0, 1 } }, of_one = { { 0x33, 0x33, 0xff, 0, 0, 1 } };
    const struct baro_mac of_other = { { 0x33, 0x33, 0xff, 0, 0, 7 } };
    const struct baro_address other = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 7);

    (void)state;
    assert_true(listens_to(all) && listens_to(of_one) && !listens_to(of_other));
    assert_false(ip_delivery(&stack->table, 1, address_solicited_node(other, 1)) == BARO_TRACE_DELIVERY_GROUP);
    assert_int_equal(baro_stack_add_address(stack, 1, other, 64, false), 0);
    assert_true(listens_to(all) && listens_to(of_one) && listens_to(of_other));
    assert_int_equal(ip_delivery(&stack->table, 1, address_solicited_node(other, 1)), BARO_TRACE_DELIVERY_GROUP);
    assert_int_equal(baro_stack_remove_address(stack, 1, other), 0);
    assert_true(listens_to(all) && listens_to(of_one) && !listens_to(of_other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_answers, start, end),
        cmocka_unit_test_setup_teardown(packets_wait_for_the_answer, start, end),
        cmocka_unit_test_setup_teardown(a_neighbour_that_goes_is_missed, start, end),
        cmocka_unit_test_setup_teardown(a_neighbour_that_stays_is_trusted_again, start, end),
        cmocka_unit_test_setup_teardown(what_came_in_a_fragment_is_no_answer, start, end),
        cmocka_unit_test_setup_teardown(groups_of_addresses, start, end)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
