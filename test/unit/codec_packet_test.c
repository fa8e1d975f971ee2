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
    octets[0] = 0x65;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_built_packet_reads_back),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(a_quote_may_end_after_eight_octets),
        cmocka_unit_test(frames_with_and_without_a_tag),
        cmocka_unit_test(options_are_walked_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
