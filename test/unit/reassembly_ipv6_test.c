/* Fragments of IPv6 put together: the header mended, what is told apart and what is not, the limits of RFC 8200 §4.5
 * and what their sender hears, the minute they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "unit/reassembly_world.h"

static uint8_t octets[70000];

struct piece {
    uint32_t id, offset, length;
    bool more;
    uint8_t next_header;
    unsigned extra; /* octets of hop-by-hop header */
};

static struct fragment made;
static struct ip_packet packet;

/* A fragment whose data says where it stands. */
static enum baro_drop_reason feed(struct piece piece, bool *whole)
{
    unsigned header_length = 40 + piece.extra + 8;
    struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0), .next_header = IP_PROTOCOL_FRAGMENT,
                                  .hop_limit = 64, .payload_length = (uint16_t)(header_length - 40 + piece.length),
                                  .source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2),
                                  .destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1) };
    const struct ipv6_fragment_header cut = { .next_header = piece.next_header, .id = piece.id,
                                              .offset_more = (uint16_t)(piece.offset | piece.more) };
    enum baro_drop_reason reason = BARO_DROP_NONE;
    struct ipv6_chain chain;

    memset(octets, 0, header_length);
    if (piece.extra != 0) {
        header.next_header = IP_PROTOCOL_HOP_BY_HOP;
        octets[40] = IP_PROTOCOL_FRAGMENT;
        octets[41] = (uint8_t)(piece.extra / 8 - 1);
        octets[42] = 0x1e; /* an option to skip */
        octets[43] = (uint8_t)(piece.extra - 4);
    }
    ipv6_header_write(&header, octets);
    ipv6_fragment_header_write(&cut, octets + header_length - 8);
    for (uint32_t i = 0; i < piece.length; i++)
        octets[header_length + i] = (uint8_t)((piece.offset + i) / 8);
    packet = (struct ip_packet){ .source = header.source, .destination = header.destination,
                                 .whole = { octets, header_length + piece.length },
                                 .payload = { octets + header_length, piece.length } };
    ipv6_chain_walk(&chain, packet.whole, false);
    assert_true(chain.fragment);
    made = fragment_of_ipv6(&chain, packet.whole);
    *whole = reassembly_take(&reassembly, &made, &packet, &reason);
    reassembly_check_invariants(&reassembly);
    return reason;
}

static void header_is_mended(void **state)
{
    struct ipv6_chain chain;
    bool whole;

    (void)state;
    for (unsigned extra = 0; extra <= 16; extra += 8) {
        assert_int_equal(feed((struct piece){ 7, 16, 5, false, 200, 0 }, &whole), BARO_DROP_NONE);
        assert_false(whole);
        assert_int_equal(feed((struct piece){ 7, 0, 16, true, 17, extra }, &whole), BARO_DROP_NONE);
        assert_true(whole);
        assert_int_equal(packet.whole.length, 40 + extra + 21);
        assert_int_equal(read_be16(packet.whole.data + 4), extra + 21);
        ipv6_chain_walk(&chain, packet.whole, true);
        assert_int_equal(chain.reason, BARO_DROP_NONE);
        assert_int_equal(chain.protocol, 17); /* the first fragment's word, not the last one's */
        assert_ptr_equal(packet.whole.data + chain.payload_at, packet.payload.data);
        assert_int_equal(packet.payload.length, 21);
        for (unsigned i = 0; i < 21; i++)
            assert_int_equal(packet.payload.data[i], i / 8);
        assert_true(packet.reassembled);
        reassembly_returned(&reassembly);
    }
}

static void identification_has_32_bits_and_no_protocol(void **state)
{
    bool whole;

    (void)state;
    feed((struct piece){ 0x10007, 0, 8, true, 17, 0 }, &whole);
    feed((struct piece){ 7, 8, 8, false, 17, 0 }, &whole);
    assert_false(whole);
    assert_int_equal(reassembly.datagrams.used, 2);
    feed((struct piece){ 0x10007, 8, 8, false, 6, 0 }, &whole);
    assert_true(whole);
    reassembly_returned(&reassembly);
}

static void an_overlap_drops_all(void **state)
{
    bool whole;

    (void)state;
    feed((struct piece){ 9, 0, 16, true, 17, 0 }, &whole);
    assert_int_equal(feed((struct piece){ 9, 8, 16, true, 17, 0 }, &whole), BARO_DROP_FRAGMENT_OVERLAP);
    assert_false(reassembly_problem(BARO_DROP_FRAGMENT_OVERLAP, &made, &packet, &(uint32_t){ 0 }));
    assert_int_equal(feed((struct piece){ 9, 16, 8, false, 17, 0 }, &whole), BARO_DROP_FRAGMENT_OVERLAP);
    assert_false(whole);
    assert_int_equal(reassembly.blocks.used, 0);
}

static void lengths_that_cannot_be(void **state)
{
    uint32_t pointer = 0;
    bool whole;

    (void)state;
    assert_int_equal(feed((struct piece){ 9, 8, 15, true, 17, 8 }, &whole), BARO_DROP_FRAGMENT_MALFORMED);
    assert_true(reassembly_problem(BARO_DROP_FRAGMENT_MALFORMED, &made, &packet, &pointer));
    assert_int_equal(pointer, 4);
    assert_int_equal(feed((struct piece){ 9, 8, 0, false, 17, 0 }, &whole), BARO_DROP_FRAGMENT_MALFORMED);
    assert_false(reassembly_problem(BARO_DROP_FRAGMENT_MALFORMED, &made, &packet, &pointer));
    /* What no header is known of yet is measured without one. */
    assert_int_equal(feed((struct piece){ 11, 65520, 8, true, 17, 0 }, &whole), BARO_DROP_NONE);
    assert_int_equal(feed((struct piece){ 9, 65528, 8, false, 17, 8 }, &whole), BARO_DROP_FRAGMENT_TOO_LONG);
    assert_true(reassembly_problem(BARO_DROP_FRAGMENT_TOO_LONG, &made, &packet, &pointer));
    assert_int_equal(pointer, 40 + 8 + 2);
    assert_int_equal(feed((struct piece){ 10, 8, 8, true, 17, 216 }, &whole), BARO_DROP_IPV6_CHAIN_TOO_LONG);
}

/* 65,535 octets behind the IPv6 header, and not one more. */
static void the_longest_packet(void **state)
{
    bool whole;

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        uint32_t id = 20 + more, total = 65535 - 8 + more;

        assert_int_equal(feed((struct piece){ id, 0, 32768, true, 17, 8 }, &whole), BARO_DROP_NONE);
        assert_int_equal(feed((struct piece){ id, 32768, total - 32768, false, 17, 8 }, &whole),
                         more ? BARO_DROP_FRAGMENT_TOO_LONG : BARO_DROP_NONE);
        assert_int_equal(whole, !more);
        if (whole) {
            assert_int_equal(packet.whole.length, 65535 + 40);
            assert_int_equal(read_be16(packet.whole.data + 4), 65535);
            assert_int_equal(packet.payload.data[total - 1], (uint8_t)((total - 1) / 8));
        }
        reassembly_returned(&reassembly);
    }
}

static void sixty_seconds(void **state)
{
    struct wheel_timer *timer;
    struct ip_packet quote;
    bool whole;

    (void)state;
    feed((struct piece){ 30, 0, 16, true, 17, 8 }, &whole);
    feed((struct piece){ 31, 16, 16, true, 17, 0 }, &whole);
    core.now = instant_add(core.now, duration_ms(59999));
    assert_null(wheel_expired(&core.wheel, core.now));
    core.now = instant_add(core.now, duration_ms(1));
    timer = wheel_expired(&core.wheel, core.now);
    assert_non_null(timer);
    assert_true(reassembly_timer(&reassembly, timer, &quote)); /* the first came: its sender is told */
    assert_int_equal(quote.whole.length, 40 + 8 + 8 + 16);
    assert_int_equal(quote.whole.data[40], IP_PROTOCOL_FRAGMENT); /* as it was sent */
    reassembly_returned(&reassembly);
    timer = wheel_expired(&core.wheel, core.now);
    assert_non_null(timer);
    assert_false(reassembly_timer(&reassembly, timer, &quote));
    assert_int_equal(reassembly.datagrams.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(header_is_mended, begin, end),
        cmocka_unit_test_setup_teardown(identification_has_32_bits_and_no_protocol, begin, end),
        cmocka_unit_test_setup_teardown(an_overlap_drops_all, begin, end),
        cmocka_unit_test_setup_teardown(lengths_that_cannot_be, begin, end),
        cmocka_unit_test_setup_teardown(the_longest_packet, begin, end),
        cmocka_unit_test_setup_teardown(sixty_seconds, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
