/* Rows I6-3, I6-4, I6-5, I6-7, I6-8, I6-9 of the catalogue: extension headers and fragments of IPv6 that are
 * wrong never get past IP, those that are right reach UDP, and the host lives on. */
#include "hostile/craft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/ipv6_chain.h"

enum { IP_AT = 14, DATA = 64 };

static struct victim victim;
static uint8_t frame[1514];
static uint32_t length; /* of the frame */

static int begin(void **state)
{
    (void)state;
    victim_init(&victim, false);
    assert_int_equal(
        baro_stack_add_address(victim.stack, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 64, false), 0);
    victim_wait(&victim, 5000);
    assert_int_equal(baro_stack_set_neighbour(victim.stack, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2),
                                              (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } }),
                     0);
    victim_forget(&victim);
    return 0;
}

static int end(void **state)
{
    (void)state;
    victim_release(&victim);
    return 0;
}

/* A UDP datagram of DATA octets to a closed port: delivered, it is dropped there with a reason of its own. */
static void datagram(uint8_t *at)
{
    struct baro_address from = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2),
                        to = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1);

    memset(at, 0, DATA);
    write_be16(at, 1000);
    write_be16(at + 2, 9999);
    write_be16(at + 4, DATA);
    write_be16(at + 6, checksum_fold(checksum_add(checksum_pseudo(from, to, 17, DATA), at, DATA)));
}

/* A frame with `chain` and `data` behind the IPv6 header. */
static void build(uint8_t next, const uint8_t *chain, uint32_t chain_length, const uint8_t *data,
                  uint32_t data_length)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0),
                                        .payload_length = (uint16_t)(chain_length + data_length),
                                        .next_header = next,
                                        .hop_limit = 64,
                                        .source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2),
                                        .destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1) };

    memset(frame, 0, sizeof frame);
    memcpy(frame, (const uint8_t[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd }, 14);
    ipv6_header_write(&header, frame + IP_AT);
    memcpy(frame + IP_AT + 40, chain, chain_length);
    if (data_length != 0)
        memcpy(frame + IP_AT + 40 + chain_length, data, data_length);
    length = IP_AT + 40 + chain_length + data_length;
}

static void expect(enum baro_drop_reason reason)
{
    assert_int_equal(victim_feed(&victim, frame, length, reason), 1);
}

/* The chain, then a whole datagram. */
static void expect_chain(uint8_t next, const uint8_t *chain, uint32_t chain_length,
                         enum baro_drop_reason reason)
{
    uint8_t data[DATA];

    datagram(data);
    build(next, chain, chain_length, data, DATA);
    expect(reason);
}

static void i6_3_options(void **state)
{
    static const uint8_t padded[8] = { 17, 0, 1, 4 }, runs_past[8] = { 17, 0, 0x1e, 5 },
                         huge[8] = { 17, 255, 1, 4 }, pads[16] = { 17, 1 }, skip[8] = { 17, 0, 0x1e, 4 },
                         discard[8] = { 17, 0, 0x5e, 4 }, tell[8] = { 17, 0, 0x9e, 4 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t kind = i == 0 ? IP_PROTOCOL_HOP_BY_HOP : IP_PROTOCOL_DESTINATION;

        expect_chain(kind, padded, 8, BARO_DROP_UDP_NO_SOCKET);
        expect_chain(kind, skip, 8, BARO_DROP_UDP_NO_SOCKET);
        expect_chain(kind, discard, 8, BARO_DROP_IPV6_UNKNOWN_OPTION);
        expect_chain(kind, tell, 8, BARO_DROP_IPV6_UNKNOWN_OPTION);
        expect_chain(kind, runs_past, 8, BARO_DROP_IP_BAD_OPTION);
        expect_chain(kind, huge, 8, BARO_DROP_IPV6_CHAIN_TRUNCATED);
        expect_chain(kind, pads, 16, BARO_DROP_IPV6_CHAIN_TOO_LONG);
    }
}

static void i6_4_chains(void **state)
{
    uint8_t chain[800] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        memcpy(chain + 8 * i, (const uint8_t[]){ IP_PROTOCOL_DESTINATION, 0, 1, 4 }, 4);
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 800, BARO_DROP_IPV6_CHAIN_TOO_LONG);
    chain[8] = 17;
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 16, BARO_DROP_UDP_NO_SOCKET);
    chain[0] = IP_PROTOCOL_HOP_BY_HOP;
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 16, BARO_DROP_IPV6_HOP_BY_HOP);
    chain[0] = IP_PROTOCOL_NONE;
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 8, BARO_DROP_IPV6_NOTHING_FOLLOWS);
}

static void i6_5_routing_header(void **state)
{
    uint8_t routing[24] = { 17, 2, 0, 1 };

    (void)state;
    expect_chain(IP_PROTOCOL_ROUTING, routing, 24, BARO_DROP_IPV6_ROUTING_HEADER);
    routing[2] = 77;
    expect_chain(IP_PROTOCOL_ROUTING, routing, 24, BARO_DROP_IPV6_ROUTING_HEADER);
    routing[3] = 0;
    expect_chain(IP_PROTOCOL_ROUTING, routing, 24, BARO_DROP_UDP_NO_SOCKET);
}

static void fragment(uint8_t id, uint32_t offset, bool more, uint32_t octets)
{
    const uint8_t header[8] = { 17, 0, (uint8_t)(offset >> 8), (uint8_t)(offset | more), 0, 0, 0, id };
    uint8_t data[DATA];

    datagram(data);
    build(IP_PROTOCOL_FRAGMENT, header, 8, data + offset, octets);
}

static void i6_7_overlap_drops_all(void **state)
{
    (void)state;
    fragment(1, 32, false, 32); /* without an overlap it is delivered, in either order */
    assert_int_equal(victim_feed(&victim, frame, length, BARO_DROP_UDP_NO_SOCKET), 0);
    fragment(1, 0, true, 32);
    expect(BARO_DROP_UDP_NO_SOCKET);
    victim_forget(&victim);
    fragment(2, 0, true, 40);
    assert_int_equal(victim_feed(&victim, frame, length, BARO_DROP_UDP_NO_SOCKET), 0);
    fragment(2, 32, false, 32);
    expect(BARO_DROP_FRAGMENT_OVERLAP);
    fragment(2, 40, false, 24);
    expect(BARO_DROP_FRAGMENT_OVERLAP);
    assert_int_equal(victim_forget(&victim), 0); /* and nobody is told */
}

static void i6_8_atomic_fragments_alone(void **state)
{
    (void)state;
    fragment(3, 0, true, 32);
    assert_int_equal(victim_feed(&victim, frame, length, BARO_DROP_UDP_NO_SOCKET), 0);
    fragment(3, 0, false, DATA); /* the same identification: a packet of its own */
    expect(BARO_DROP_UDP_NO_SOCKET);
    fragment(3, 32, false, 32);
    expect(BARO_DROP_UDP_NO_SOCKET);
}

static void i6_9_first_fragment_without_the_chain(void **state)
{
    const uint8_t chain[16] = { 17, 0, 0, 1, 0, 0, 0, 9, 0 };
    uint8_t fragments[24] = { 60, 0, 0, 1, 0, 0, 0, 9, 17, 3 };

    (void)state;
    build(IP_PROTOCOL_FRAGMENT, chain, 8, chain, 0);
    expect(BARO_DROP_FRAGMENT_CHAIN);
    build(IP_PROTOCOL_FRAGMENT, fragments, 24, chain, 0);
    expect(BARO_DROP_FRAGMENT_CHAIN);
    fragment(4, 32, true, 31);
    expect(BARO_DROP_FRAGMENT_MALFORMED);
}

/* What went out last is this error about the frame that came last. */
static void expect_error(uint8_t type, uint8_t code, uint32_t value)
{
    const struct device_frame *out = frame_device_take(&victim.device);
    struct baro_address from = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), to = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2);
    uint32_t icmp;

    assert_non_null(out);
    icmp = out->length - IP_AT - 40;
    assert_int_equal(out->data[IP_AT + 6], IP_PROTOCOL_ICMPV6);
    assert_int_equal(out->data[IP_AT + 40], type);
    assert_int_equal(out->data[IP_AT + 41], code);
    assert_int_equal(read_be32(out->data + IP_AT + 44), value);
    assert_true(out->length - IP_AT <= IPV6_LEAST_MTU);
    assert_memory_equal(out->data + IP_AT + 48, frame + IP_AT, icmp - 8);
    assert_int_equal(icmp - 8, length - IP_AT > 1232 ? 1232 : length - IP_AT);
    assert_int_equal(
        checksum_fold(checksum_add(checksum_pseudo(from, to, 58, icmp), out->data + IP_AT + 40, icmp)), 0);
    assert_int_equal(victim_forget(&victim), 0);
}

static void errors_point_at_what_is_wrong(void **state)
{
    uint8_t chain[24] = { 17, 0, 0x9e, 4 }, data[1400] = { 0 };

    (void)state;
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 8, BARO_DROP_IPV6_UNKNOWN_OPTION);
    expect_error(4, 2, 42);
    chain[2] = 0x5e;
    expect_chain(IP_PROTOCOL_DESTINATION, chain, 8, BARO_DROP_IPV6_UNKNOWN_OPTION);
    assert_int_equal(victim_forget(&victim), 0); /* action 01: nobody hears of it */
    memcpy(chain, (const uint8_t[]){ 17, 2, 0, 1 }, 4);
    expect_chain(IP_PROTOCOL_ROUTING, chain, 24, BARO_DROP_IPV6_ROUTING_HEADER);
    expect_error(4, 0, 42);
    fragment(5, 8, true, 31);
    expect(BARO_DROP_FRAGMENT_MALFORMED);
    expect_error(4, 0, 4);
    build(200, chain, 0, data, sizeof data);
    expect(BARO_DROP_PROTOCOL_UNKNOWN);
    expect_error(4, 1, 6);
    expect_chain(17, chain, 0, BARO_DROP_UDP_NO_SOCKET);
    expect_error(1, 4, 0);
    fragment(6, 0, true, 32);
    assert_int_equal(victim_feed(&victim, frame, length, BARO_DROP_UDP_NO_SOCKET), 0);
    victim_wait(&victim, 59999);
    assert_int_equal(victim_forget(&victim), 0);
    victim_wait(&victim, 1);
    expect_error(3, 1, 0);
}

static void no_error_about_errors_or_to_nobody(void **state)
{
    uint8_t error[8] = { 1, 4 };

    (void)state;
    build(IP_PROTOCOL_ICMPV6, error, 0, error, 8);
    memcpy(frame + IP_AT + 8, (const uint8_t[16]){ 0 }, 16); /* from :: */
    frame[IP_AT + 6] = 200;
    victim_feed(&victim, frame, length, BARO_DROP_PROTOCOL_UNKNOWN);
    assert_int_equal(victim_forget(&victim), 0);
    build(IP_PROTOCOL_ICMPV6, error, 0, error, 8);
    victim_feed(&victim, frame, length, BARO_DROP_PROTOCOL_UNKNOWN);
    assert_int_equal(victim_forget(&victim), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(i6_3_options, begin, end),
        cmocka_unit_test_setup_teardown(i6_4_chains, begin, end),
        cmocka_unit_test_setup_teardown(i6_5_routing_header, begin, end),
        cmocka_unit_test_setup_teardown(i6_7_overlap_drops_all, begin, end),
        cmocka_unit_test_setup_teardown(i6_8_atomic_fragments_alone, begin, end),
        cmocka_unit_test_setup_teardown(i6_9_first_fragment_without_the_chain, begin, end),
        cmocka_unit_test_setup_teardown(errors_point_at_what_is_wrong, begin, end),
        cmocka_unit_test_setup_teardown(no_error_about_errors_or_to_nobody, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
