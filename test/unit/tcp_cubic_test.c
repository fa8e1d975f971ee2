/* CUBIC by the numbers of RFC 9438: the curve is back at W_max after K, flat about it, and rises beyond; small windows
 * are Reno's; fast convergence. HyStart++ by RFC 9406: a queue ends slow start, jitter does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/congestion.h"

enum { MSS = 1000 };

/* A path of 100 ms with a full window: one ACK for every two segments, `ms` long. */
static uint32_t run(struct cubic *cubic, uint32_t cwnd, int64_t *now_ns, int64_t ms)
{
    int64_t end_ns = *now_ns + ms * NS_PER_MS;

    while (*now_ns < end_ns) {
        *now_ns += 100 * NS_PER_MS * 2 * MSS / cwnd;
        cwnd = cubic_acked(cubic, cwnd, 2 * MSS, MSS, *now_ns, 100 * NS_PER_MS);
    }
    return cwnd;
}

/* W_max 1,000 segments: down to 700, K = cbrt(300 / 0.4) = 9.086 s. */
static void the_curve_comes_back_at_k(void **state)
{
    struct cubic cubic = { 0 };
    int64_t now_ns = 5 * NS_PER_S;
    uint32_t cwnd = 1000 * MSS;

    (void)state;
    cubic_loss(&cubic, cwnd);
    cwnd = cubic_ssthresh(cwnd, MSS);
    assert_int_equal(cwnd, 700 * MSS);
    cwnd = run(&cubic, cwnd, &now_ns, 100);
    assert_in_range(cubic.k_ms, 9085, 9087);
    cwnd = run(&cubic, cwnd, &now_ns, 4400); /* half of K: 1000 - 300 / 8 = 962 */
    assert_in_range(cwnd, 955 * MSS, 969 * MSS);
    cwnd = run(&cubic, cwnd, &now_ns, 4600);
    assert_in_range(cwnd, 995 * MSS, 1001 * MSS);
    cwnd = run(&cubic, cwnd, &now_ns, 5000); /* 5 s beyond: 1000 + 0.4 * 125 = 1050 */
    assert_in_range(cwnd, 1044 * MSS, 1056 * MSS);
}

/* A small window on a short path: Reno grows faster, 9/17 of a segment a round trip up to the old window, then one. */
static void a_small_window_is_renos(void **state)
{
    struct cubic cubic = { 0 };
    int64_t now_ns = NS_PER_S;
    uint32_t cwnd = 20 * MSS;

    (void)state;
    cubic_loss(&cubic, cwnd);
    cwnd = cubic_ssthresh(cwnd, MSS);
    for (unsigned rounds = 0; rounds < 17; rounds++) {
        for (unsigned acks = cwnd / MSS; acks > 0; acks--)
            cwnd = cubic_acked(&cubic, cwnd, MSS, MSS, now_ns += 10 * NS_PER_US, 10 * NS_PER_MS / 100);
    }
    assert_in_range(cwnd, 24 * MSS, 26 * MSS); /* 14 to 20 in 11.3 of the 17 round trips, and 5.7 more */
}

static void a_second_loss_below_makes_room(void **state)
{
    struct cubic cubic = { 0 };

    (void)state;
    cubic_loss(&cubic, 100 * MSS);
    assert_int_equal(cubic.w_max, 100 * MSS);
    cubic_loss(&cubic, 80 * MSS); /* §4.7: another flow wants some */
    assert_int_equal(cubic.w_max, 68 * MSS);
    cubic_timeout(&cubic, 60 * MSS); /* §4.8: the curve begins where the window is */
    assert_int_equal(cubic_acked(&cubic, 30 * MSS, MSS, MSS, NS_PER_S, NS_PER_MS) >= 30 * MSS, 1);
    assert_int_equal(cubic.k_ms, 0);
    assert_int_equal(cubic.w_max, 30 * MSS);
    assert_int_equal(cubic_ssthresh(MSS, MSS), 2 * MSS);
}

static void the_extremes_do_not_overflow(void **state)
{
    struct cubic cubic = { 0 };
    uint32_t cwnd = 1u << 30;

    (void)state;
    cubic_loss(&cubic, cwnd);
    cwnd = cubic_ssthresh(cwnd, 65000);
    for (int64_t s = 1; s < 4000; s++) {
        uint32_t after = cubic_acked(&cubic, cwnd, 1u << 20, 65000, s * NS_PER_S, 10 * NS_PER_S);

        assert_true(after >= cwnd && after <= cwnd + cwnd / 2);
        cwnd = after > 1u << 30 ? 1u << 30 : after;
    }
    assert_int_equal(cwnd, 1u << 30);
}

/* One round of ten ACKs whose round trips take rtt_ms; true: slow start is over. */
static bool hear_round(struct hystart *hystart, uint32_t *una, int64_t rtt_ms, uint32_t *growth)
{
    bool done = false;

    *growth = 0;
    for (unsigned ack = 0; ack < 10 && !done; ack++) {
        *una += 1000;
        *growth += hystart_acked(hystart, seq_of(*una), seq_of(*una + 10000), rtt_ms * NS_PER_MS, 1000, &done);
    }
    return done;
}

static void a_queue_ends_slow_start_in_five_rounds(void **state)
{
    struct hystart hystart = { 0 };
    uint32_t una = 0u - 25000, growth;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_false(hear_round(&hystart, &una, 40, &growth));
        assert_int_equal(growth, 10000);
    }
    assert_false(hear_round(&hystart, &una, 44, &growth)); /* 4 ms more, less than an eighth of 40: not yet */
    assert_int_equal(growth, 10000);
    assert_false(hear_round(&hystart, &una, 50, &growth)); /* that is a queue: the rest of the round at a quarter */
    assert_in_range(growth, 2500, 9999);
    for (unsigned i = 0; i < 4; i++) {
        assert_false(hear_round(&hystart, &una, 50, &growth));
        assert_int_equal(growth, 2500);
    }
    assert_true(hear_round(&hystart, &una, 50, &growth));
}

static void jitter_does_not(void **state)
{
    struct hystart hystart = { 0 };
    uint32_t una = 0, growth;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_false(hear_round(&hystart, &una, 40, &growth));
    assert_false(hear_round(&hystart, &una, 60, &growth));
    for (unsigned i = 0; i < 20; i++)
        assert_false(hear_round(&hystart, &una, 40, &growth));
    assert_int_equal(growth, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_comes_back_at_k),
        cmocka_unit_test(a_small_window_is_renos),
        cmocka_unit_test(a_second_loss_below_makes_room),
        cmocka_unit_test(the_extremes_do_not_overflow),
        cmocka_unit_test(a_queue_ends_slow_start_in_five_rounds),
        cmocka_unit_test(jitter_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
