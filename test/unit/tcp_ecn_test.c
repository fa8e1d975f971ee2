/* Congestion marks in the pure parts: what a reduction is (RFC 3168 §6.1.2, RFC 9438 §4.6), and the flags' codec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/tcp.h"
#include "codec/tcp_options.h"
#include "transport/tcp/congestion.h"

enum { MSS = 1000 };

static struct congestion begun(uint8_t algorithm, uint32_t cwnd)
{
    struct congestion congestion;

    congestion_init(&congestion, algorithm, MSS);
    congestion.cwnd = cwnd;
    return congestion;
}

static void a_mark_halves_or_takes_three_tenths(void **state)
{
    struct congestion reno = begun(BARO_CONGESTION_RENO, 20000), cubic = begun(BARO_CONGESTION_CUBIC, 20000);

    (void)state;
    assert_int_equal(congestion_marked(&reno, 20000, MSS), 10000);
    assert_int_equal(reno.ssthresh, 10000);
    assert_int_equal(reno.phase, CONGESTION_REDUCTION);
    assert_int_equal(congestion_marked(&cubic, 20000, MSS), 14000);
    assert_int_equal(cubic.ssthresh, 14000);
    congestion_reduced(&cubic, 14000);
    assert_int_equal(cubic.cwnd, 14000);
    assert_int_equal(cubic.phase, CONGESTION_AVOIDANCE);
}

/* A loss stops at two segments, a mark at one: the network can still make that slower. */
static void the_least_is_one_segment(void **state)
{
    struct congestion reno = begun(BARO_CONGESTION_RENO, 2 * MSS), cubic = begun(BARO_CONGESTION_CUBIC, 2 * MSS);

    (void)state;
    assert_int_equal(congestion_marked(&reno, 2 * MSS, MSS), MSS);
    assert_int_equal(reno.ssthresh, 2 * MSS);
    assert_int_equal(congestion_marked(&cubic, MSS, MSS), MSS);
    congestion_reduced(&reno, MSS);
    assert_int_equal(reno.phase, CONGESTION_SLOW_START);
}

static void a_loss_in_the_same_round_trip_reduces_no_more(void **state)
{
    struct congestion congestion = begun(BARO_CONGESTION_RENO, 20000);

    (void)state;
    congestion_marked(&congestion, 20000, MSS);
    congestion_loss(&congestion, 15000, MSS);
    assert_int_equal(congestion.ssthresh, 10000);
    assert_int_equal(congestion.phase, CONGESTION_RECOVERY);
    congestion = begun(BARO_CONGESTION_RENO, 20000);
    congestion_marked(&congestion, 20000, MSS);
    congestion_timeout(&congestion, 15000, MSS, false);
    assert_int_equal(congestion.ssthresh, 10000);
    assert_int_equal(congestion.cwnd, MSS);
}

/* The six reserved and new bits beside the data offset: AE alone counts, and only as a number for who asks. */
static void three_flags_are_one_number(void **state)
{
    uint8_t octets[tcp_header_SIZE] = { 0 };
    struct tcp_header header;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        octets[12] = (uint8_t)(0x5e | i >> 2);
        octets[13] = (uint8_t)(TCP_FLAG_SYN | (i & 3) << 6);
        tcp_header_read(&header, octets);
        assert_int_equal(tcp_header_ecn(&header), i);
        assert_int_equal(tcp_header_length(&header), 20);
    }
}

/* AccECN's options are stepped over, what stands behind them is read. */
static void accecn_options_are_stepped_over(void **state)
{
    static const uint8_t octets[] = {
        TCP_OPTION_ACCECN_0, 11, 0,    0,   1, 0, 0, 1, 0, 0, 1, TCP_OPTION_ACCECN_1, 5, 0, 0, 2,
        TCP_OPTION_MSS,      4,  0x05, 0xb4
    };
    struct tcp_options options;

    (void)state;
    tcp_options_read(&options, (struct baro_bytes){ octets, sizeof octets });
    assert_false(options.malformed);
    assert_true(options.has_mss);
    assert_int_equal(options.mss, 1460);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_halves_or_takes_three_tenths),
        cmocka_unit_test(the_least_is_one_segment),
        cmocka_unit_test(a_loss_in_the_same_round_trip_reduces_no_more),
        cmocka_unit_test(three_flags_are_one_number),
        cmocka_unit_test(accecn_options_are_stepped_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
