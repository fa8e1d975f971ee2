/* Marks of congestion on fragments (RFC 3168 §5.3), both families: no mark is lost, none comes upon what is not
 * ECN-capable, and where all fragments say the same nothing changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/checksum.h"
#include "unit/reassembly_world.h"

enum { PIECE = 16, PIECES = 3 };

static struct ip_packet packet;

static unsigned make_ipv4(uint8_t *to, uint16_t id, unsigned offset, bool more, uint8_t tos)
{
    const struct ipv4_header header = { .version_length = 0x45,
                                        .tos = tos,
                                        .total_length = 20 + PIECE,
                                        .id = id,
                                        .ttl = 64,
                                        .flags_offset = (uint16_t)(offset / 8 | (more ? IPV4_MORE_FRAGMENTS : 0)),
                                        .protocol = IP_PROTOCOL_UDP,
                                        .source = baro_ipv4(10, 0, 0, 2),
                                        .destination = baro_ipv4(10, 0, 0, 1) };

    ipv4_header_write(&header, to);
    packet = (struct ip_packet){ .source = header.source, .destination = header.destination, .tos = tos };
    return ipv4_header_SIZE;
}

static unsigned make_ipv6(uint8_t *to, uint16_t id, unsigned offset, bool more, uint8_t tos)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(tos, 0x54321),
                                        .next_header = IP_PROTOCOL_FRAGMENT,
                                        .hop_limit = 64,
                                        .payload_length = 8 + PIECE,
                                        .source = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2),
                                        .destination = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1) };
    const struct ipv6_fragment_header cut = { .next_header = IP_PROTOCOL_UDP, .id = id,
                                              .offset_more = (uint16_t)(offset | more) };

    ipv6_header_write(&header, to);
    ipv6_fragment_header_write(&cut, to + ipv6_header_SIZE);
    packet = (struct ip_packet){ .source = header.source, .destination = header.destination, .tos = tos };
    return ipv6_header_SIZE + ipv6_fragment_header_SIZE;
}

/* Piece `piece` of three; true: that made it whole. */
static bool feed(bool v6, uint16_t id, unsigned piece, uint8_t tos, enum baro_drop_reason *reason)
{
    static uint8_t octets[128];
    bool more = piece + 1 < PIECES;
    unsigned header =
        v6 ? make_ipv6(octets, id, piece * PIECE, more, tos) : make_ipv4(octets, id, piece * PIECE, more, tos);
    struct ipv4_header read;
    struct ipv6_chain chain;
    struct fragment fragment;

    packet.whole = (struct baro_bytes){ octets, header + PIECE };
    packet.payload = (struct baro_bytes){ octets + header, PIECE };
    if (v6) {
        ipv6_chain_walk(&chain, packet.whole, false);
        fragment = fragment_of_ipv6(&chain, packet.whole);
    } else {
        ipv4_header_read(&read, octets);
        fragment = fragment_of_ipv4(&read);
    }
    *reason = BARO_DROP_NONE;
    return reassembly_take(&reassembly, &fragment, &packet, reason);
}

/* What the datagram's own header says now, and that nothing else changed in it. */
static uint8_t class_of(bool v6)
{
    const uint8_t *octets = packet.whole.data;

    if (!v6) {
        assert_int_equal(checksum_fold(checksum_add(0, octets, ipv4_header_SIZE)), 0);
        return octets[1];
    }
    assert_int_equal(read_be32(octets) & 0xfffff, 0x54321);
    assert_int_equal(octets[0] >> 4, 6);
    return (uint8_t)(octets[0] << 4 | octets[1] >> 4);
}

static void every_codepoint_in_every_place(void **state)
{
    uint16_t id = 0;

    (void)state;
    for (unsigned all = 0; all < 2 * 64; all++) {
        bool v6 = all >= 64, whole, marked = false, incapable = false;
        unsigned first_to_come = all % PIECES;
        enum baro_drop_reason reason;

        id++;
        for (unsigned i = 0; i < PIECES; i++) {
            unsigned ecn = all >> 2 * i & ECN_BITS;

            marked |= ecn == ECN_CE;
            incapable |= ecn == ECN_NOT_ECT;
        }
        for (unsigned i = 0; i < PIECES; i++) {
            unsigned piece = (first_to_come + i) % PIECES;

            whole = feed(v6, id, piece, (uint8_t)(0xb8 | (all >> 2 * piece & ECN_BITS)), &reason);
            if (i + 1 < PIECES)
                assert_false(whole);
        }
        assert_int_equal(whole, !(marked && incapable));
        assert_int_equal(reason, whole ? BARO_DROP_NONE : BARO_DROP_FRAGMENT_MARKS);
        assert_int_equal(reassembly.datagrams.used, 0);
        if (!whole)
            continue;
        /* the first piece's, as before */
        assert_int_equal(packet.tos, marked ? 0xb8 | ECN_CE : 0xb8 | (all & ECN_BITS));
        assert_int_equal(class_of(v6), packet.tos);
        reassembly_returned(&reassembly);
    }
}

/* A repetition does not take part: its mark is nobody's. */
static void a_duplicate_says_nothing(void **state)
{
    enum baro_drop_reason reason;

    (void)state;
    assert_false(feed(false, 1, 0, ECN_NOT_ECT, &reason));
    assert_false(feed(false, 1, 0, ECN_CE, &reason));
    assert_int_equal(reason, BARO_DROP_FRAGMENT_DUPLICATE);
    assert_false(feed(false, 1, 1, ECN_NOT_ECT, &reason));
    assert_true(feed(false, 1, 2, ECN_NOT_ECT, &reason));
    assert_int_equal(packet.tos, ECN_NOT_ECT);
    reassembly_returned(&reassembly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_codepoint_in_every_place, begin, end),
        cmocka_unit_test_setup_teardown(a_duplicate_says_nothing, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
