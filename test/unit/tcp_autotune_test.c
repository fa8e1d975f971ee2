/* How large buffers should be: by what is read in a round trip, by the congestion window, and by what others need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/autotune.h"

static struct baro_instant at_ms(int64_t ms)
{
    return (struct baro_instant){ NS_PER_S + ms * NS_PER_MS };
}

static struct receive_tuning tuning_of(uint32_t first, uint32_t rtt_ms)
{
    struct receive_tuning tuning;

    receive_tuning_init(&tuning, first);
    if (rtt_ms != 0)
        receive_tuning_echo(&tuning, rtt_ms * 1000, 0);
    return tuning;
}

static void a_window_is_twice_what_is_read_in_a_round_trip(void **state)
{
    struct receive_tuning tuning = tuning_of(40000, 100);

    (void)state;
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(0), 5000), 10000);
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(50), 5000), 20000);
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(100), 10000), 40000);
    /* The next round trip begins at nothing. */
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(101), 3000), 6000);
}

/* Beyond half of the window it began with, and beyond what was ever read in one: the sender doubles once more
 * meanwhile. */
static void a_reader_that_gets_faster_has_twice_that(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 100);

    (void)state;
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(0), 8192), 2 * 8192);
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(1), 6408), 4 * 14600);
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(102), 14600), 2 * 14600);
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(103), 14600), 4 * 29200);
    /* As fast as before, no faster: twice is enough. */
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(204), 29200), 2 * 29200);
}

static void nothing_grows_before_a_round_trip_is_known(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 0);

    (void)state;
    assert_int_equal(receive_tuning_taken(&tuning, at_ms(0), 1000000), 0);
}

static void a_slow_reader_wants_little_for_ever(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 20);

    (void)state;
    for (int64_t ms = 0; ms < 60000; ms += 10)
        assert_true(receive_tuning_taken(&tuning, at_ms(ms), 700) <= 2 * 3 * 700);
}

static void an_echo_drops_at_once_and_rises_slowly(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 80);

    (void)state;
    assert_int_equal(tuning.rtt_us, 80000);
    receive_tuning_echo(&tuning, 1000000, 0); /* the peer thought for a while */
    assert_int_equal(tuning.rtt_us, 80000 + 920000 / 8);
    receive_tuning_echo(&tuning, 40000, 0);
    assert_int_equal(tuning.rtt_us, 40000);
    /* An hour is nobody's round trip. */
    for (int i = 0; i < 200; i++)
        receive_tuning_echo(&tuning, 3600000000, 0);
    assert_true(tuning.rtt_us <= 10000000);
}

static void below_two_ticks_the_own_clock_is_better(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 0);

    (void)state;
    for (int i = 0; i < 2; i++) {
        receive_tuning_echo(&tuning, 0, 40); /* less than the clock tells */
        assert_int_equal(tuning.rtt_us, 1);
    }
    tuning = tuning_of(16384, 0);
    receive_tuning_echo(&tuning, 1000, 40);
    assert_int_equal(tuning.rtt_us, 40);
    tuning = tuning_of(16384, 0);
    receive_tuning_echo(&tuning, 5000, 40);
    assert_int_equal(tuning.rtt_us, 5000);
}

static void a_window_measured_is_a_round_trip_at_most(void **state)
{
    struct receive_tuning tuning = tuning_of(16384, 0);

    (void)state;
    receive_tuning_window(&tuning, at_ms(0), seq_of(1000), seq_of(17000));
    receive_tuning_window(&tuning, at_ms(50), seq_of(16999), seq_of(33000));
    assert_int_equal(tuning.rtt_us, 0);
    receive_tuning_window(&tuning, at_ms(90), seq_of(17000), seq_of(33000));
    assert_int_equal(tuning.rtt_us, 90000);
    receive_tuning_window(&tuning, at_ms(160), seq_of(33000), seq_of(49000));
    assert_int_equal(tuning.rtt_us, 70000);
    receive_tuning_window(&tuning, at_ms(460), seq_of(49000), seq_of(65000));
    assert_int_equal(tuning.rtt_us, 70000);
    /* What was begun before a pause does not count. */
    receive_tuning_pause(&tuning);
    receive_tuning_window(&tuning, at_ms(461), seq_of(65000), seq_of(81000));
    assert_int_equal(tuning.rtt_us, 70000);
}

static void the_send_buffer_holds_two_congestion_windows(void **state)
{
    (void)state;
    assert_int_equal(send_tuning(16384, 4 << 20, 1000000, 1000), 2000000);
    assert_int_equal(send_tuning(16384, 4 << 20, 1000, 1000), 20000); /* ten segments twice */
    assert_int_equal(send_tuning(16384, 4 << 20, UINT32_MAX, 1000), 4 << 20);
    assert_int_equal(send_tuning(300000, 4 << 20, 1000, 1000), 300000); /* never less than it is */
    assert_int_equal(send_tuning(300000, 100000, 1000000, 1000), 300000);
}

static void who_grows_leaves_as_much_as_it_has(void **state)
{
    (void)state;
    assert_int_equal(autotune_share(16384, 65536, 1 << 20), 65536);
    assert_int_equal(autotune_share(16384, 65536, 49152 + 65536), 65536);
    assert_int_equal(autotune_share(16384, 65536, 49152 + 65535), 32768);
    assert_int_equal(autotune_share(16384, 65536, 16384 + 32767), 16384);
    assert_int_equal(autotune_share(16384, 65536, 0), 16384);
    assert_int_equal(autotune_share(65536, 16384, 1 << 20), 65536); /* it never shrinks */
}

/* Thirty that want all they can get: the last that grew, to 4,096 octets, left as much. */
static void the_budget_is_never_used_up(void **state)
{
    size_t left = 1 << 20;
    uint32_t size[30] = { 0 };

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 30; i++) {
            uint32_t now = size[i] == 0 ? 2048 : size[i], grown = autotune_share(now, 16 << 20, left);

            left -= grown - now;
            size[i] = grown;
        }
    }
    assert_true(left >= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_twice_what_is_read_in_a_round_trip),
        cmocka_unit_test(a_reader_that_gets_faster_has_twice_that),
        cmocka_unit_test(nothing_grows_before_a_round_trip_is_known),
        cmocka_unit_test(a_slow_reader_wants_little_for_ever),
        cmocka_unit_test(an_echo_drops_at_once_and_rises_slowly),
        cmocka_unit_test(below_two_ticks_the_own_clock_is_better),
        cmocka_unit_test(a_window_measured_is_a_round_trip_at_most),
        cmocka_unit_test(the_send_buffer_holds_two_congestion_windows),
        cmocka_unit_test(who_grows_leaves_as_much_as_it_has),
        cmocka_unit_test(the_budget_is_never_used_up)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
