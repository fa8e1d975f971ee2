/* Packets as values: known bytes are read right, built packets have right sums, lies about lengths are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/packet.h"

/* A SYN, written by hand from RFC 791 §3.1 and RFC 9293 §3.1. */
static const uint8_t syn_options[] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 7 };

static struct baro_packet a_syn(void)
{
    return (struct baro_packet){ .vlan = -1, .source = baro_ipv4(192, 0, 2, 1), .layer = BARO_PACKET_TCP,
                                 .destination = baro_ipv4(192, 168, 0, 1), .source_port = { 40000 },
                                 .destination_port = { 80 }, .seq = 0xfffffffe, .flags = BARO_TCP_SYN,
                                 .window = 65535, .dont_fragment = true,
                                 .tcp_options = { syn_options, sizeof syn_options } };
}

/* RFC 1071 the slow way, to have a second opinion. */
static unsigned slow_sum(const uint8_t *data, size_t length, unsigned sum)
{
    for (size_t i = 0; i < length; i++)
        sum += i % 2 == 0 ? (unsigned)data[i] << 8 : data[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void a_built_packet_reads_back(void **state)
{
    uint8_t octets[128];
    struct baro_packet syn = a_syn(), read;
    struct baro_tcp_options options;
    ptrdiff_t length = baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets });

    (void)state;
    assert_int_equal(length, 48);
    assert_int_equal(octets[0], 0x45);
    assert_int_equal(octets[8], 64);
    assert_int_equal(octets[20 + 12], 0x70);
    assert_int_equal(slow_sum(octets, 20, 0), 0xffff);
    assert_int_equal(slow_sum(octets + 20, 28, slow_sum(octets + 12, 8, 6 + 28)), 0xffff);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_NONE);
    assert_true(read.ip_checksum_right && read.transport_checksum_right && read.dont_fragment);
    assert_int_equal(read.seq, 0xfffffffe);
    assert_int_equal(read.flags, BARO_TCP_SYN);
    assert_int_equal(read.payload_length, 0);
    baro_tcp_options_parse(&options, read.tcp_options);
    assert_true(options.has_mss && options.has_scale && !options.has_timestamps);
    assert_int_equal(options.mss, 1460);
    assert_int_equal(options.scale, 7);
    octets[40] ^= 1;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_NONE);
    assert_true(read.ip_checksum_right && !read.transport_checksum_right);
}

static void lengths_that_lie_are_refused(void **state)
{
    uint8_t octets[128];
    struct baro_packet syn = a_syn(), read;

    (void)state;
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, 47 }), -ENOSPC);
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), 48);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 47 }), BARO_DROP_IP_TRUNCATED);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 19 }), BARO_DROP_IP_TRUNCATED);
    octets[32] = 0x40;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_TCP_TRUNCATED);
    octets[32] = 0x80;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_TCP_TRUNCATED);
    octets[0] = 0x44;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_IP_HEADER_LENGTH);
    octets[0] = 0x55;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_IP_VERSION);
}

static void a_quote_may_end_after_eight_octets(void **state)
{
    uint8_t octets[128];
    struct baro_packet syn = a_syn(), read;

    (void)state;
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), 48);
    assert_int_equal(baro_packet_parse_quote(&read, (struct baro_bytes){ octets, 28 }), BARO_DROP_NONE);
    assert_int_equal(read.layer, BARO_PACKET_TCP);
    assert_int_equal(read.destination_port.number, 80);
    assert_int_equal(read.seq, 0xfffffffe);
    assert_int_equal(read.flags, 0);
    assert_int_equal(baro_packet_parse_quote(&read, (struct baro_bytes){ octets, 27 }), BARO_DROP_ICMP_TRUNCATED);
}

static void frames_with_and_without_a_tag(void **state)
{
    uint8_t octets[128];
    struct baro_packet read;
    struct baro_packet datagram = { .vlan = 5, .source = baro_ipv4(10, 0, 0, 1), .layer = BARO_PACKET_UDP,
                                    .destination = baro_ipv4(10, 0, 0, 2), .source_port = { 1 },
                                    .destination_port = { 2 }, .payload = { (const uint8_t *)"abc", 3 } };
    ptrdiff_t length = baro_packet_build_frame(&datagram, (struct baro_buffer){ octets, sizeof octets });

    (void)state;
    assert_int_equal(length, 18 + 20 + 8 + 3);
    octets[length] = 0xee; /* padding of the frame is not payload */
    assert_int_equal(baro_packet_parse_frame(&read, (struct baro_bytes){ octets, (size_t)length + 1 }), 0);
    assert_int_equal(read.vlan, 5);
    assert_int_equal(read.payload.length, 3);
    assert_true(read.transport_checksum_right);
    octets[16] = 8;
    octets[17] = 6;
    assert_int_equal(baro_packet_parse_frame(&read, (struct baro_bytes){ octets, (size_t)length }),
                     BARO_DROP_ETHERNET_TYPE_UNKNOWN);
    assert_int_equal(read.ethernet_type, 0x0806);
}

static void options_are_walked_one_by_one(void **state)
{
    static const uint8_t bytes[] = { 1, 2, 4, 5, 0xb4, 0, 9, 1 };
    struct baro_bytes rest = { bytes, sizeof bytes };
    struct baro_tcp_option option;

    (void)state;
    assert_true(baro_tcp_option_next(&rest, &option));
    assert_int_equal(option.kind, 1);
    assert_true(baro_tcp_option_next(&rest, &option));
    assert_int_equal(option.kind, 2);
    assert_int_equal(option.value.length, 2);
    assert_true(baro_tcp_option_next(&rest, &option));
    assert_int_equal(option.kind, 0);
    assert_false(baro_tcp_option_next(&rest, &option));
    assert_int_equal(rest.length, 2);
}

/* ---- IPv6 ---- */

static struct baro_packet a_syn_of_ipv6(void)
{
    struct baro_packet syn = a_syn();

    syn.source = baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    syn.destination = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    syn.flow_label = 0xabcde;
    syn.tos = 0xb8;
    return syn;
}

static void an_ipv6_packet_reads_back(void **state)
{
    uint8_t octets[128];
    struct baro_packet syn = a_syn_of_ipv6(), read;

    (void)state;
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), 40 + 28);
    /* RFC 8200 §3: version 6, class b8, flow abcde, 28 octets of TCP, hop limit 64 */
    assert_memory_equal(octets, "\x6b\x8a\xbc\xde\x00\x1c\x06\x40", 8);
    assert_int_equal(slow_sum(octets + 40, 28, slow_sum(octets + 8, 32, 6 + 28)), 0xffff);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 69 }), BARO_DROP_NONE);
    assert_true(read.ip_checksum_right && read.transport_checksum_right && !read.fragment);
    assert_memory_equal(&read.source, &syn.source, sizeof syn.source);
    assert_memory_equal(&read.destination, &syn.destination, sizeof syn.destination);
    assert_int_equal(read.flow_label, 0xabcde);
    assert_int_equal(read.tos, 0xb8);
    assert_int_equal(read.protocol, 6);
    assert_int_equal(read.seq, 0xfffffffe);
    assert_int_equal(read.tcp_options.length, sizeof syn_options);
    octets[39] ^= 1; /* the pseudo-header takes the addresses in */
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 68 }), BARO_DROP_NONE);
    assert_false(read.transport_checksum_right);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 67 }), BARO_DROP_IP_TRUNCATED);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 39 }), BARO_DROP_IP_TRUNCATED);
    syn.source = baro_ipv4(10, 0, 0, 1);
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), -EINVAL);
}

/* Hop-by-hop options (PadN), routing of type 3 without segments left, an atomic fragment, destination options of 16
 * octets, TCP. */
static const uint8_t chain[] = { 43, 0, 1, 4, 0, 0, 0, 0, 44, 0, 3, 0, 0, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3, 4,
                                 6,  1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static void the_chain_of_headers_is_walked(void **state)
{
    uint8_t octets[256], again[256];
    struct baro_packet syn = a_syn_of_ipv6(), read;

    (void)state;
    syn.next_header = 0;
    syn.extensions = (struct baro_bytes){ chain, sizeof chain };
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), 40 + 40 + 28);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 108 }), BARO_DROP_NONE);
    assert_int_equal(read.layer, BARO_PACKET_TCP);
    assert_int_equal(read.next_header, 0);
    assert_int_equal(read.extensions.length, sizeof chain);
    assert_true(read.fragment && !read.more_fragments && read.transport_checksum_right);
    assert_int_equal(read.id, 0x01020304);
    assert_int_equal(baro_packet_build(&read, (struct baro_buffer){ again, sizeof again }), 108);
    assert_memory_equal(octets, again, 108);
    octets[40 + 24 + 1] = 200; /* the destination options claim more than there is */
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 108 }), BARO_DROP_IP_TRUNCATED);
    octets[4] = octets[5] = 0; /* and now the chain begins behind the end */
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 108 }), BARO_DROP_IP_TRUNCATED);
    syn.extensions.length = 12;
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ octets, sizeof octets }), -EINVAL);
}

static void a_chain_without_end_is_left(void **state)
{
    uint8_t octets[40 + 8 * 100] = { 0x60 };
    struct baro_packet read;

    (void)state;
    octets[4] = 800 >> 8;
    octets[5] = 800 & 0xff;
    octets[6] = 60;
    for (size_t i = 40; i < sizeof octets; i += 8)
        octets[i] = 60;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, sizeof octets }), BARO_DROP_NONE);
    assert_int_equal(read.layer, BARO_PACKET_OTHER);
    assert_int_equal(read.protocol, 60);
    assert_int_equal(read.extensions.length, 16 * 8);
    assert_int_equal(read.payload_length, 800 - 16 * 8);
}

static void fragments_of_ipv6(void **state)
{
    uint8_t octets[128];
    struct baro_packet read, part = { .vlan = -1, .source = baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
                                      .destination = baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2), .protocol = 17,
                                      .fragment = true, .fragment_offset = 1480, .more_fragments = true,
                                      .id = 0xdeadbeef, .payload = { (const uint8_t *)"eight oc", 8 } };

    (void)state;
    assert_int_equal(baro_packet_build(&part, (struct baro_buffer){ octets, sizeof octets }), 40 + 8 + 8);
    assert_memory_equal(octets + 40, "\x11\x00\x05\xc9\xde\xad\xbe\xef", 8);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 56 }), BARO_DROP_NONE);
    assert_int_equal(read.layer, BARO_PACKET_OTHER);
    assert_true(read.fragment && read.more_fragments);
    assert_int_equal(read.fragment_offset, 1480);
    assert_int_equal(read.id, 0xdeadbeef);
    assert_int_equal(read.protocol, 17);
    assert_int_equal(read.payload.length, 8);
    octets[40] = 0; /* what a later fragment calls a header is the middle of something */
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 56 }), BARO_DROP_NONE);
    assert_int_equal(read.extensions.length, 8);
}

static void icmpv6_errors_quote(void **state)
{
    uint8_t quoted[128], octets[256];
    struct baro_packet read, inner, syn = a_syn_of_ipv6();
    struct baro_packet error = { .vlan = -1, .source = baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9),
                                 .destination = syn.source, .layer = BARO_PACKET_ICMP, .icmp_type = 2,
                                 .icmp_rest = 1280, .payload = { quoted, 48 } };

    (void)state;
    assert_int_equal(baro_packet_build(&syn, (struct baro_buffer){ quoted, sizeof quoted }), 68);
    assert_int_equal(baro_packet_build_frame(&error, (struct baro_buffer){ octets, sizeof octets }), 14 + 96);
    assert_int_equal(octets[12] << 8 | octets[13], 0x86dd);
    assert_int_equal(octets[14 + 6], 58);
    assert_int_equal(slow_sum(octets + 54, 56, slow_sum(octets + 22, 32, 58 + 56)), 0xffff);
    assert_int_equal(baro_packet_parse_frame(&read, (struct baro_bytes){ octets, 110 }), BARO_DROP_NONE);
    assert_true(read.layer == BARO_PACKET_ICMP && read.transport_checksum_right);
    assert_int_equal(read.icmp_type, 2);
    assert_int_equal(read.icmp_rest, 1280);
    assert_int_equal(baro_packet_parse_quote(&inner, read.payload), BARO_DROP_NONE);
    assert_int_equal(inner.destination_port.number, 80);
    assert_int_equal(inner.seq, 0xfffffffe);
    assert_int_equal(inner.flow_label, 0xabcde);
    read.payload.length = 47;
    assert_int_equal(baro_packet_parse_quote(&inner, read.payload), BARO_DROP_ICMP_TRUNCATED);
}

static void udp_over_ipv6_has_a_sum(void **state)
{
    uint8_t octets[128];
    struct baro_packet read, datagram = { .vlan = -1, .source = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1),
                                          .destination = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2),
                                          .layer = BARO_PACKET_UDP, .source_port = { 1 }, .destination_port = { 2 } };

    (void)state;
    assert_int_equal(baro_packet_build(&datagram, (struct baro_buffer){ octets, sizeof octets }), 48);
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_NONE);
    assert_true(read.transport_checksum_right);
    octets[46] = octets[47] = 0;
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_NONE);
    assert_false(read.transport_checksum_right); /* RFC 8200 §8.1 */
    octets[6] = 1; /* ICMP of IPv4 is nothing here */
    assert_int_equal(baro_packet_parse(&read, (struct baro_bytes){ octets, 48 }), BARO_DROP_NONE);
    assert_int_equal(read.layer, BARO_PACKET_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_built_packet_reads_back),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(a_quote_may_end_after_eight_octets),
        cmocka_unit_test(frames_with_and_without_a_tag),
        cmocka_unit_test(options_are_walked_one_by_one),
        cmocka_unit_test(an_ipv6_packet_reads_back),
        cmocka_unit_test(the_chain_of_headers_is_walked),
        cmocka_unit_test(a_chain_without_end_is_left),
        cmocka_unit_test(fragments_of_ipv6),
        cmocka_unit_test(icmpv6_errors_quote),
        cmocka_unit_test(udp_over_ipv6_has_a_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
