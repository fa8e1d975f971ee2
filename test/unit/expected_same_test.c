/* Which frames of a burst are asked nothing again (src/expected_same.h), and what is known of them then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "codec/tcp.h"
#include "expected_same.h"

enum { OCTETS = EXPECTED_V6_PORTS + tcp_header_SIZE, FLOW_LABEL_AT = ethernet_header_SIZE + 1 };

static uint8_t octets[2][OCTETS];
static struct expected_frame first;
static struct baro_rx_frame frame[2];

/* Two frames that are the same, of the smaller of which all is a packet. */
static void begin(bool v6)
{
    const unsigned ports = v6 ? EXPECTED_V6_PORTS : EXPECTED_V4_PORTS;

    for (unsigned i = 0; i < OCTETS; i++)
        octets[0][i] = octets[1][i] = (uint8_t)(i * 7);
    for (unsigned i = 0; i < 2; i++)
        frame[i] = (struct baro_rx_frame){ .data = octets[i], .length = ports + tcp_header_SIZE };
    first = (struct expected_frame){ .seems = true, .changes = 5, .alike = 3 };
    first.segment = (struct tcp_arrival){ .length = tcp_header_SIZE,
                                          .sum_of_pseudo = 7,
                                          .tos = 4,
                                          .source_zone = 1,
                                          .destination_zone = 2,
                                          .family = v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4 };
}

static bool is_same(void)
{
    return expected_same(&frame[0], &first.segment, &frame[1]);
}

/* The 20 bits that of each connection are others. */
static bool is_flow_label(bool v6, unsigned at, unsigned bit)
{
    return v6 && ((at == FLOW_LABEL_AT && bit < 4) || at == FLOW_LABEL_AT + 1 || at == FLOW_LABEL_AT + 2);
}

static void every_bit_in_front_of_the_ports_counts(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        begin(v6);
        assert_true(is_same());
        for (unsigned at = 0; at < frame[1].length; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                octets[1][at] ^= (uint8_t)(1 << bit);
                assert_int_equal(is_same(), at >= frame[1].length - tcp_header_SIZE || is_flow_label(v6, at, bit));
                octets[1][at] ^= (uint8_t)(1 << bit);
            }
        }
    }
}

static void a_packet_whose_end_is_missing_is_none(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        begin(v6);
        for (frame[1].length = 0; frame[1].length < frame[0].length; frame[1].length++)
            assert_false(is_same());
        frame[1].length++; /* an end that belongs to no packet */
        assert_true(is_same());
    }
}

static void what_the_device_says_is_the_frames_own(void **state)
{
    struct expected_frame found;

    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        begin(v6);
        for (unsigned i = 0; i < 4; i++) {
            memset(&found, 0xa5, sizeof found);
            first.segment.gso_size = i & 1 ? 0 : 1000;
            first.segment.checksum_verified = i >= 2;
            frame[1].gso_size = i & 1 ? 1000 : 0;
            frame[1].checksum = i >= 2 ? BARO_RX_CHECKSUM_NONE : BARO_RX_CHECKSUM_VERIFIED;
            expected_found(&first, &frame[1], &found);
            assert_int_equal(found.segment.gso_size, frame[1].gso_size);
            assert_int_equal(found.segment.checksum_verified, i < 2);
            assert_true(found.seems && found.changes == 5);
            assert_int_equal(found.segment.length, tcp_header_SIZE);
            assert_true(found.segment.sum_of_pseudo == 7);
            assert_int_equal(found.segment.tos, 4);
            assert_int_equal(found.segment.family, first.segment.family);
            assert_true(found.segment.source_zone == 1 && found.segment.destination_zone == 2);
            assert_ptr_equal(found.segment.octets, octets[1] + (v6 ? EXPECTED_V6_PORTS : EXPECTED_V4_PORTS));
            assert_ptr_equal(found.segment.addresses, octets[1] + (v6 ? EXPECTED_V6_ENDS : EXPECTED_V4_ENDS));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_in_front_of_the_ports_counts),
        cmocka_unit_test(a_packet_whose_end_is_missing_is_none),
        cmocka_unit_test(what_the_device_says_is_the_frames_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
