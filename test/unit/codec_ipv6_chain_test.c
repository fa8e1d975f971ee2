/* The walk over IPv6's extension headers against packets written by hand: where it ends, what it finds wrong
 * first, and what RFC 8200 wants the source to hear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/icmpv6.h"
#include "codec/ipv6_chain.h"

static uint8_t octets[8192];
static size_t length;
static size_t last; /* the next header field to fill in */

static void begin(void)
{
    memset(octets, 0, sizeof octets);
    octets[0] = 0x60;
    length = 40;
    last = 6;
    octets[last] = IP_PROTOCOL_NONE;
}

/* Appends a header of `units` times eight octets, and of its own kind's first two. */
static uint8_t *add(uint8_t kind, unsigned units)
{
    uint8_t *at = octets + length;

    octets[last] = kind;
    last = length;
    at[0] = IP_PROTOCOL_NONE;
    at[1] = (uint8_t)(units - 1);
    length += (size_t)units * 8;
    return at;
}

/* One with a PadN that fills it. */
static uint8_t *add_padded(uint8_t kind)
{
    uint8_t *at = add(kind, 1);

    at[2] = IPV6_OPTION_PADN;
    at[3] = 4;
    return at;
}

static void add_upper(uint8_t protocol, size_t upper)
{
    octets[last] = protocol;
    length += upper;
}

static void add_fragment(unsigned offset, bool more)
{
    uint8_t *at = add(IP_PROTOCOL_FRAGMENT, 1);

    at[1] = 0;
    at[2] = (uint8_t)(offset >> 8);
    at[3] = (uint8_t)((offset & 0xf8) | more);
    at[7] = 9;
}

static struct ipv6_chain walk(void)
{
    struct ipv6_chain chain;

    ipv6_chain_walk(&chain, (struct baro_bytes){ octets, length }, false);
    return chain;
}

static void expect_good(uint8_t protocol, size_t payload_at, size_t protocol_at)
{
    struct ipv6_chain chain = walk();

    assert_int_equal(chain.reason, BARO_DROP_NONE);
    assert_int_equal(chain.answer, IPV6_ANSWER_NONE);
    assert_int_equal(chain.protocol, protocol);
    assert_int_equal(chain.payload_at, payload_at);
    assert_int_equal(chain.protocol_at, protocol_at);
}

static void expect_problem(enum baro_drop_reason reason, enum ipv6_answer answer, unsigned code,
                           size_t pointer)
{
    struct ipv6_chain chain = walk();

    assert_int_equal(chain.reason, reason);
    assert_int_equal(chain.answer, answer);
    assert_int_equal(chain.code, code);
    assert_int_equal(chain.pointer, pointer);
}

static void expect_silence(enum baro_drop_reason reason)
{
    expect_problem(reason, IPV6_ANSWER_NONE, 0, 0);
}

static void no_extension_header(void **state)
{
    (void)state;
    begin();
    add_upper(IP_PROTOCOL_TCP, 20);
    expect_good(IP_PROTOCOL_TCP, 40, 6);
    begin(); /* RFC 8200 §4.7 */
    expect_good(IP_PROTOCOL_NONE, 40, 6);
    begin(); /* not an extension header we know: the caller's business */
    add_upper(51, 16);
    expect_good(51, 40, 6);
}

static void every_kind_in_a_row(void **state)
{
    (void)state;
    begin();
    add_padded(IP_PROTOCOL_HOP_BY_HOP);
    add_padded(IP_PROTOCOL_DESTINATION);
    add(IP_PROTOCOL_ROUTING, 3)[2] = 0; /* no segments left */
    add_fragment(0, false);
    add_padded(IP_PROTOCOL_DESTINATION);
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_UDP, 40 + 8 + 8 + 24 + 8 + 8, 40 + 8 + 8 + 24 + 8);
    assert_int_equal(walk().headers, 5);
    assert_true(walk().atomic);
    assert_false(walk().fragment);
}

static void hop_by_hop_only_first(void **state)
{
    (void)state;
    begin();
    add_padded(IP_PROTOCOL_DESTINATION);
    add_padded(IP_PROTOCOL_HOP_BY_HOP);
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_problem(BARO_DROP_IPV6_HOP_BY_HOP, IPV6_ANSWER_PROBLEM, ICMPV6_UNKNOWN_NEXT_HEADER, 40);
    begin(); /* twice is once too often */
    add_padded(IP_PROTOCOL_HOP_BY_HOP);
    add_padded(IP_PROTOCOL_HOP_BY_HOP);
    expect_problem(BARO_DROP_IPV6_HOP_BY_HOP, IPV6_ANSWER_PROBLEM, ICMPV6_UNKNOWN_NEXT_HEADER, 40);
}

static void routing_header_with_segments_left(void **state)
{
    static const uint8_t type[] = { 0, 2, 3, 4, 253 };

    (void)state;
    for (unsigned i = 0; i < sizeof type; i++) {
        uint8_t *at;

        begin();
        add_padded(IP_PROTOCOL_HOP_BY_HOP);
        at = add(IP_PROTOCOL_ROUTING, 3);
        at[2] = type[i];
        at[3] = 1;
        add_upper(IP_PROTOCOL_TCP, 20);
        expect_problem(BARO_DROP_IPV6_ROUTING_HEADER, IPV6_ANSWER_PROBLEM, ICMPV6_BAD_FIELD, 48 + 2);
        at[3] = 0;
        expect_good(IP_PROTOCOL_TCP, 48 + 24, 48);
    }
}

static void unknown_options_by_their_action_bits(void **state)
{
    static const uint8_t kind[] = { IP_PROTOCOL_HOP_BY_HOP, IP_PROTOCOL_DESTINATION };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *at;

        begin();
        at = add(kind[i], 2);
        at[2] = IPV6_OPTION_PADN;
        at[3] = 1;
        at[5] = 0x1e; /* a type that nobody uses, two octets, then PadN */
        at[6] = 2;
        at[9] = IPV6_OPTION_PADN;
        at[10] = 5;
        add_upper(IP_PROTOCOL_UDP, 8);
        expect_good(IP_PROTOCOL_UDP, 56, 40);
        at[5] = 0x5e;
        expect_silence(BARO_DROP_IPV6_UNKNOWN_OPTION);
        at[5] = 0x9e;
        expect_problem(BARO_DROP_IPV6_UNKNOWN_OPTION, IPV6_ANSWER_PROBLEM_EVEN_GROUP, ICMPV6_UNKNOWN_OPTION,
                       45);
        at[5] = 0xde;
        expect_problem(BARO_DROP_IPV6_UNKNOWN_OPTION, IPV6_ANSWER_PROBLEM_UNLESS_GROUP, ICMPV6_UNKNOWN_OPTION,
                       45);
        at[5] = 0xc2; /* jumbo payload (RFC 2675): not spoken */
        expect_problem(BARO_DROP_IPV6_UNKNOWN_OPTION, IPV6_ANSWER_PROBLEM_UNLESS_GROUP, ICMPV6_UNKNOWN_OPTION,
                       45);
    }
}

static void router_alert_is_seen(void **state)
{
    static const uint8_t alert[] = { IPV6_OPTION_ROUTER_ALERT, 2, 0, 0, IPV6_OPTION_PADN, 0 };
    uint8_t *at;

    (void)state;
    begin();
    at = add(IP_PROTOCOL_HOP_BY_HOP, 1);
    memcpy(at + 2, alert, sizeof alert);
    add_upper(IP_PROTOCOL_ICMPV6, 8);
    expect_good(IP_PROTOCOL_ICMPV6, 48, 40);
    assert_true(walk().router_alert);
    begin(); /* no router looks into a destination options header */
    at = add(IP_PROTOCOL_DESTINATION, 1);
    memcpy(at + 2, alert, sizeof alert);
    assert_false(walk().router_alert);
    begin();
    at = add(IP_PROTOCOL_HOP_BY_HOP, 1);
    memcpy(at + 2, (const uint8_t[]){ IPV6_OPTION_ROUTER_ALERT, 1, 0, 0, 0, 0 }, 6);
    assert_int_equal(walk().reason, BARO_DROP_NONE);
    assert_false(walk().router_alert);
}

static void options_stay_in_their_header(void **state)
{
    uint8_t *at;

    (void)state;
    begin();
    at = add(IP_PROTOCOL_DESTINATION, 1);
    at[2] = 0x1e;
    at[3] = 5; /* one more than there is */
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_silence(BARO_DROP_IP_BAD_OPTION);
    at[3] = 4;
    expect_good(IP_PROTOCOL_UDP, 48, 40);
    at[3] = 255;
    expect_silence(BARO_DROP_IP_BAD_OPTION);
    at[3] = 3;
    at[7] = 0x1e; /* a type without a length */
    expect_silence(BARO_DROP_IP_BAD_OPTION);
}

static void padding_is_bounded(void **state)
{
    uint8_t *at;

    (void)state;
    begin();
    at = add(IP_PROTOCOL_DESTINATION, 2); /* Pad1 seven times, then something */
    at[9] = 0x1e;
    at[10] = 5;
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_UDP, 56, 40);
    at[9] = IPV6_OPTION_PAD1;
    at[10] = IPV6_OPTION_PADN;
    at[11] = 4;
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
    begin();
    at = add(IP_PROTOCOL_DESTINATION, 2);
    at[2] = IPV6_OPTION_PADN;
    at[3] = 12;
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
    at[3] = 6; /* eight octets of it */
    at[10] = 0x1e;
    at[11] = 4;
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
    at[3] = 5;
    at[9] = 0x1e;
    at[10] = 5;
    expect_good(IP_PROTOCOL_NONE, 56, 40);
}

static void options_are_counted(void **state)
{
    uint8_t *at;

    (void)state;
    begin();
    at = add(IP_PROTOCOL_DESTINATION, 3);
    for (unsigned i = 0; i < 8; i++)
        at[2 + 2 * i] = 0x1e;
    at[18] = IPV6_OPTION_PADN;
    at[19] = 4;
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_UDP, 64, 40);
    at[18] = 0x1e; /* the ninth */
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
}

static void headers_are_counted(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < IPV6_CHAIN_HEADERS; i++)
        add_padded(IP_PROTOCOL_DESTINATION);
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_UDP, 40 + 8 * IPV6_CHAIN_HEADERS, 40 + 8 * (IPV6_CHAIN_HEADERS - 1));
    begin();
    for (unsigned i = 0; i < 100; i++)
        add_padded(IP_PROTOCOL_DESTINATION);
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
    assert_int_equal(walk().headers, IPV6_CHAIN_HEADERS);
    begin(); /* and their octets: 155 units end at 1,280 */
    add(IP_PROTOCOL_ROUTING, 155);
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_UDP, 1280, 40);
    begin();
    add(IP_PROTOCOL_ROUTING, 156);
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_silence(BARO_DROP_IPV6_CHAIN_TOO_LONG);
}

static void headers_stay_in_the_packet(void **state)
{
    (void)state;
    for (unsigned there = 0; there < 16; there++) {
        begin();
        add(IP_PROTOCOL_ROUTING, 2);
        length = 40 + there;
        expect_silence(BARO_DROP_IPV6_CHAIN_TRUNCATED);
    }
    begin();
    add_padded(IP_PROTOCOL_DESTINATION)[1] = 255;
    expect_silence(BARO_DROP_IPV6_CHAIN_TRUNCATED);
    begin();
    add_fragment(8, true);
    length--;
    expect_silence(BARO_DROP_IPV6_CHAIN_TRUNCATED);
}

static void fragments_end_the_walk(void **state)
{
    struct ipv6_chain chain;

    (void)state;
    begin();
    add_padded(IP_PROTOCOL_HOP_BY_HOP);
    add_fragment(1480, true);
    octets[48] = 200; /* what a later fragment says of the next header does not count */
    length += 16;
    chain = walk();
    assert_int_equal(chain.reason, BARO_DROP_NONE);
    assert_true(chain.fragment);
    assert_int_equal(chain.fragment_at, 48);
    assert_int_equal(chain.fragment_said_at, 40);
    assert_int_equal(chain.payload_at, 56);
    ipv6_chain_walk(&chain, (struct baro_bytes){ octets, length }, true);
    assert_int_equal(chain.reason, BARO_DROP_FRAGMENT_NESTED);
    begin(); /* behind an atomic one there is none either */
    add_fragment(0, false);
    add_fragment(8, false);
    length += 8;
    expect_silence(BARO_DROP_FRAGMENT_NESTED);
}

static void first_fragment_holds_the_chain(void **state)
{
    static const struct {
        uint8_t protocol;
        unsigned least;
    } upper[] = { { IP_PROTOCOL_UDP, 8 }, { IP_PROTOCOL_ICMPV6, 8 }, { IP_PROTOCOL_TCP, 32 }, { 132, 1 } };

    (void)state;
    for (unsigned i = 0; i < sizeof upper / sizeof upper[0]; i++) {
        begin();
        add_fragment(0, true);
        add_padded(IP_PROTOCOL_DESTINATION);
        add_upper(upper[i].protocol, upper[i].least);
        if (upper[i].protocol == IP_PROTOCOL_TCP)
            octets[56 + 12] = 8 << 4;
        expect_good(IP_PROTOCOL_DESTINATION, 48, 40);
        assert_true(walk().fragment);
        length--;
        expect_problem(BARO_DROP_FRAGMENT_CHAIN, IPV6_ANSWER_PROBLEM, ICMPV6_INCOMPLETE_CHAIN, 0);
    }
    begin(); /* the destination options header itself is cut */
    add_fragment(0, true);
    add(IP_PROTOCOL_DESTINATION, 2);
    length -= 8;
    expect_problem(BARO_DROP_FRAGMENT_CHAIN, IPV6_ANSWER_PROBLEM, ICMPV6_INCOMPLETE_CHAIN, 0);
    begin(); /* what an option says is heard when the packet is whole */
    add_fragment(0, true);
    add(IP_PROTOCOL_DESTINATION, 1)[2] = 0xde;
    add_upper(IP_PROTOCOL_UDP, 8);
    expect_good(IP_PROTOCOL_DESTINATION, 48, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_extension_header),
        cmocka_unit_test(every_kind_in_a_row),
        cmocka_unit_test(hop_by_hop_only_first),
        cmocka_unit_test(routing_header_with_segments_left),
        cmocka_unit_test(unknown_options_by_their_action_bits),
        cmocka_unit_test(router_alert_is_seen),
        cmocka_unit_test(options_stay_in_their_header),
        cmocka_unit_test(padding_is_bounded),
        cmocka_unit_test(options_are_counted),
        cmocka_unit_test(headers_are_counted),
        cmocka_unit_test(headers_stay_in_the_packet),
        cmocka_unit_test(fragments_end_the_walk),
        cmocka_unit_test(first_fragment_holds_the_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
