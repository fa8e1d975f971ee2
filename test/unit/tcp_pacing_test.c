/* Pacing by the numbers: rates, bursts, what late timers and pauses do, and that no 10 ms send more than the rate and a
 * burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/pacing.h"

enum { MSS = 1000, INFINITE = 1 << 30 };

static void the_rate_is_linux_s(void **state)
{
    (void)state;
    /* 10 segments in 100 ms: 100,000 octets a second; twice in slow start, 1.2 times from half of ssthresh on. */
    assert_int_equal(pacing_rate(10 * MSS, INFINITE, 100 * NS_PER_MS, 0, true), 200000);
    assert_int_equal(pacing_rate(10 * MSS, 21 * MSS, 100 * NS_PER_MS, 0, true), 200000);
    assert_int_equal(pacing_rate(10 * MSS, 20 * MSS, 100 * NS_PER_MS, 0, true), 120000);
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100 * NS_PER_MS, 0, true), 120000);
    assert_int_equal(pacing_rate(10 * MSS, MSS, NS_PER_MS, 0, true), 12000000);
    assert_int_equal(pacing_rate(10 * MSS, MSS, NS_PER_MS - 1, 0, true), 0); /* short paths are not paced */
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100 * NS_PER_MS, 0, false), 0);
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100 * NS_PER_MS, 50000, true), 50000);
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100 * NS_PER_MS, 500000, true), 120000);
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100, 50000, false), 50000); /* the program's limit holds everywhere */
    assert_int_equal(pacing_rate(10 * MSS, MSS, 100, UINT64_MAX, false), 0);
}

static void two_segments_then_a_wait(void **state)
{
    struct pacing pacing = { 0 };
    int64_t now_ns = NS_PER_S, wait_ns;

    (void)state;
    assert_int_equal(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns), 2 * MSS);
    pacing_sent(&pacing, 2 * MSS, 200000);
    assert_int_equal(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns), 0);
    assert_int_equal(wait_ns, 10 * NS_PER_MS);
    /* An ACK in the middle: one segment is paid by then. */
    assert_int_equal(pacing_allows(&pacing, now_ns + 5 * NS_PER_MS, 200000, MSS, &wait_ns), MSS);
    assert_int_equal(pacing_allows(&pacing, now_ns + 10 * NS_PER_MS, 200000, MSS, &wait_ns), 2 * MSS);
    /* 30 million a second: 30,000 octets in a millisecond. */
    pacing = (struct pacing){ 0 };
    assert_int_equal(pacing_allows(&pacing, now_ns, 30000000, MSS, &wait_ns), 30 * MSS);
}

static void a_late_timer_is_made_good_a_pause_is_not(void **state)
{
    struct pacing pacing = { 0 };
    int64_t now_ns = NS_PER_S, wait_ns;

    (void)state;
    (void)pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns);
    pacing_sent(&pacing, 2 * MSS, 200000);
    assert_int_equal(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns), 0);
    assert_int_equal(pacing_allows(&pacing, now_ns + wait_ns + 5 * NS_PER_MS, 200000, MSS, &wait_ns), 3 * MSS);
    pacing = (struct pacing){ 0 };
    (void)pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns);
    pacing_sent(&pacing, 2 * MSS, 200000);
    assert_int_equal(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns), 0);
    /* one burst, no more */
    assert_int_equal(pacing_allows(&pacing, now_ns + 9 * NS_PER_S, 200000, MSS, &wait_ns), 4 * MSS);
    assert_int_equal(pacing_allows(&pacing, now_ns + 18 * NS_PER_S, 200000, MSS, &wait_ns), 2 * MSS);
}

/* The first flight leaves at once and is paid afterwards; what waits for its time gets no such credit. */
static void a_restart_gives_an_initial_window(void **state)
{
    struct pacing pacing = { 0 };
    int64_t now_ns = NS_PER_S, wait_ns;

    (void)state;
    pacing_restart(&pacing, now_ns, 10 * MSS);
    assert_true(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns) >= 10 * MSS);
    pacing_sent(&pacing, 10 * MSS, 200000);
    assert_int_equal(pacing.credit, 0);
    assert_int_equal(pacing_allows(&pacing, now_ns, 200000, MSS, &wait_ns), 0);
    assert_int_equal(wait_ns, 50 * NS_PER_MS);
    pacing_restart(&pacing, now_ns + wait_ns, 10 * MSS);
    assert_int_equal(pacing_allows(&pacing, now_ns + wait_ns, 200000, MSS, &wait_ns), 2 * MSS);
}

/* A sender that always has more, at rates from a trickle to 10 Gbit/s, woken as asked: the rate is met within a
 * burst. */
static void the_rate_is_kept(void **state)
{
    static const uint64_t rates[] = { 100, 3333, 125000, 12500000, 1250000000 };

    (void)state;
    for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct pacing pacing = { 0 };
        int64_t now_ns = NS_PER_S, end_ns = now_ns + 100 * NS_PER_S, wait_ns;
        uint64_t sent = 0, most = rates[i] * 100, burst = rates[i] / 1000 > 2 * MSS ? rates[i] / 1000 : 2 * MSS;

        for (unsigned steps = 0; now_ns < end_ns && steps < 100000; steps++) {
            uint32_t may = pacing_allows(&pacing, now_ns, rates[i], MSS, &wait_ns);

            if (may == 0) {
                assert_true(wait_ns > 0);
                now_ns += wait_ns;
                continue;
            }
            pacing_sent(&pacing, may, rates[i]);
            sent += may;
        }
        if (now_ns < end_ns)
            most = (uint64_t)(now_ns - NS_PER_S) / 1000 * rates[i] / 1000000;
        assert_true(sent <= most + 2 * burst);
        assert_true(sent + 2 * burst + most / 1000 >= most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_linux_s),
        cmocka_unit_test(two_segments_then_a_wait),
        cmocka_unit_test(a_late_timer_is_made_good_a_pause_is_not),
        cmocka_unit_test(a_restart_gives_an_initial_window),
        cmocka_unit_test(the_rate_is_kept)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
