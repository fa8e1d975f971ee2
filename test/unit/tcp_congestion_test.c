/* The congestion window by RFC 5681, RFC 3465, RFC 9406 and RFC 9438 §5.8, as pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/congestion.h"

enum { MSS = 1000 };

static void acked(struct congestion *congestion, uint32_t octets, uint32_t flight)
{
    const struct congestion_ack ack = { .now = { NS_PER_S }, .srtt = { 100 * NS_PER_MS }, .rtt = { 100 * NS_PER_MS },
                                        .una = seq_of(octets), .nxt = seq_of(octets + flight), .acked = octets,
                                        .flight = flight, .mss = MSS };

    congestion_acked(congestion, &ack);
}

static void an_ack_brings_eight_segments(void **state)
{
    struct congestion congestion;

    (void)state;
    congestion_init(&congestion, BARO_CONGESTION_CUBIC, MSS);
    acked(&congestion, 10 * MSS, 10 * MSS);
    assert_int_equal(congestion.cwnd, 18 * MSS); /* HyStart++'s L */
    congestion_init(&congestion, BARO_CONGESTION_RENO, MSS);
    acked(&congestion, 10 * MSS, 10 * MSS);
    assert_int_equal(congestion.cwnd, 12 * MSS); /* RFC 3465's */
}

static void after_a_timeout_an_ack_brings_one(void **state)
{
    (void)state;
    for (uint8_t algorithm = 0; algorithm < BARO_CONGESTION_COUNT; algorithm++) {
        struct congestion congestion;

        congestion_init(&congestion, algorithm, MSS);
        congestion_timeout(&congestion, 10 * MSS, MSS, false);
        assert_int_equal(congestion.cwnd, MSS);
        acked(&congestion, 5 * MSS, 10 * MSS);
        assert_int_equal(congestion.cwnd, 2 * MSS);
    }
}

/* HyStart++ would count rounds and end slow start; after a loss ssthresh alone does. */
static void after_a_loss_there_is_no_hystart(void **state)
{
    struct congestion congestion;
    int64_t rtt_ms = 40;
    uint32_t una = 0;

    (void)state;
    congestion_init(&congestion, BARO_CONGESTION_CUBIC, MSS);
    congestion_loss(&congestion, 1000 * MSS, MSS);
    congestion.cwnd = 10 * MSS;
    congestion.phase = CONGESTION_SLOW_START;
    for (unsigned i = 0; i < 300; i++, rtt_ms += 1) { /* an ever longer queue */
        uint32_t before = congestion.cwnd;
        const struct congestion_ack ack = { .now = { NS_PER_S }, .srtt = { rtt_ms * NS_PER_MS },
                                            .rtt = { rtt_ms * NS_PER_MS }, .una = seq_of(una),
                                            .nxt = seq_of(una + 10 * MSS), .acked = MSS, .flight = before, .mss = MSS };

        congestion_acked(&congestion, &ack);
        assert_int_equal(congestion.cwnd, before + MSS);
        una += MSS;
        assert_int_equal(congestion.phase, CONGESTION_SLOW_START);
    }
}

static void an_unused_window_stays(void **state)
{
    (void)state;
    for (uint8_t algorithm = 0; algorithm < BARO_CONGESTION_COUNT; algorithm++) {
        struct congestion congestion;

        congestion_init(&congestion, algorithm, MSS);
        congestion_loss(&congestion, 40 * MSS, MSS);
        congestion.cwnd = congestion.ssthresh = 20 * MSS;
        congestion.phase = CONGESTION_AVOIDANCE;
        for (unsigned i = 0; i < 100; i++)
            acked(&congestion, MSS, 10 * MSS);
        assert_int_equal(congestion.cwnd, 20 * MSS);
        if (algorithm == BARO_CONGESTION_CUBIC)
            assert_int_equal(congestion.of.cubic.epoch_ns, 0); /* the time along the curve begins anew */
        for (unsigned i = 0; i < 40; i++)
            acked(&congestion, MSS, 20 * MSS);
        assert_true(congestion.cwnd > 20 * MSS);
    }
}

static void a_loss_takes_cubic_to_seven_tenths_and_reno_to_half(void **state)
{
    struct congestion congestion;

    (void)state;
    congestion_init(&congestion, BARO_CONGESTION_CUBIC, MSS);
    congestion_loss(&congestion, 100 * MSS, MSS);
    assert_int_equal(congestion.ssthresh, 70 * MSS);
    congestion_init(&congestion, BARO_CONGESTION_RENO, MSS);
    congestion_loss(&congestion, 100 * MSS, MSS);
    assert_int_equal(congestion.ssthresh, 50 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_brings_eight_segments),
        cmocka_unit_test(after_a_timeout_an_ack_brings_one),
        cmocka_unit_test(after_a_loss_there_is_no_hystart),
        cmocka_unit_test(an_unused_window_stays),
        cmocka_unit_test(a_loss_takes_cubic_to_seven_tenths_and_reno_to_half)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
