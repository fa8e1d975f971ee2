/* Link integrity: signs of life bring the link up, their absence takes it down (IEEE 802.3 §14.2.1.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/signal_trip.h"

static struct trip trip;

static struct baro_instant at_ms(int64_t ms)
{
    return (struct baro_instant){ ms * 1000000 };
}

static void cold(enum baro_line_code code)
{
    trip_init(&trip, code, 5);
    baro_signal_receiver_init(&trip.receiver, code);
}

/* A sign of life, through noise, at an instant. */
static void sign(int64_t at)
{
    trip.sent_count = baro_signal_send_link(&trip.transmitter, trip.sent, BARO_SIGNAL_BURST_LIMIT);
    assert_true(trip.sent_count <= BARO_SIGNAL_LINK_SAMPLES);
    uint32_t count = baro_signal_channel_apply(&trip.channel, trip.sent, trip.sent_count, trip.arrived,
                                               BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK);
    struct baro_signal_result result =
        baro_signal_receive(&trip.receiver, at_ms(at), trip.arrived, count, trip.heard, sizeof trip.heard);
    assert_int_equal(result.event, BARO_SIGNAL_LINK);
    assert_int_equal(result.length, 0);
}

static bool up(int64_t at)
{
    return baro_signal_link_up(&trip.receiver, at_ms(at));
}

static void three_pulses_bring_ten_up(void **state)
{
    (void)state;
    struct baro_instant deadline;
    cold(BARO_LINE_10BASE_T);
    trip.channel.noise_mv = 100;
    trip.channel.offset_ppm = 100;
    assert_false(up(0));
    assert_false(baro_signal_link_deadline(&trip.receiver, &deadline));
    sign(16);
    sign(32);
    assert_false(up(32));
    sign(48);
    assert_true(up(48));
    assert_true(baro_signal_link_deadline(&trip.receiver, &deadline));
    assert_int_equal(deadline.ns, at_ms(148).ns);
    assert_true(up(147));
    assert_false(up(148));
}

static void silence_takes_it_down_for_good(void **state)
{
    (void)state;
    cold(BARO_LINE_10BASE_T);
    for (int i = 1; i <= 10; i++)
        sign(16 * i);
    assert_true(up(160));
    sign(400); /* too late: counting begins anew */
    assert_false(up(400));
    sign(416);
    assert_false(up(416));
    sign(432);
    assert_true(up(432));
    sign(552); /* lost again, though two pulses may be as far apart as this */
    assert_false(up(552));
    sign(568);
    assert_false(up(568));
    sign(584);
    assert_true(up(584));
}

static void pulses_wrongly_spaced_do_not_count(void **state)
{
    (void)state;
    cold(BARO_LINE_10BASE_T);
    for (int i = 0; i < 20; i++)
        sign(1 + i); /* 1 ms apart: below link_test_min */
    assert_false(up(20));
    cold(BARO_LINE_10BASE_T);
    for (int i = 0; i < 20; i++) {
        sign(200 * i); /* above link_test_max */
        assert_false(up(200 * i));
    }
}

static void two_idles_bring_a_hundred_up(void **state)
{
    (void)state;
    cold(BARO_LINE_100BASE_TX);
    trip.channel.noise_mv = 60;
    trip.channel.offset_ppm = -100;
    sign(1);
    assert_false(up(1));
    sign(17);
    assert_true(up(17));
    assert_true(up(116));
    assert_false(up(117));
}

/* A frame is carrier: it brings the link up and keeps it, but what finds the link down is not passed on. */
static void a_frame_is_a_sign_of_life(void **state)
{
    (void)state;
    for (int code = BARO_LINE_10BASE_T; code <= BARO_LINE_100BASE_TX; code++) {
        cold((enum baro_line_code)code);
        trip.now = at_ms(10);
        trip_fill(&trip, 64);
        struct baro_signal_result result = trip_go(&trip, 64);
        assert_int_equal(result.event, BARO_SIGNAL_LOST);
        assert_int_equal(result.reason, BARO_DROP_LINK_DOWN);
        assert_true(up(11));
        trip.now = at_ms(90);
        result = trip_go(&trip, 64);
        assert_true(trip_intact(&trip, &result, 64));
        assert_true(up(190));
        assert_false(up(191));
    }
}

static void noise_is_no_sign_of_life(void **state)
{
    (void)state;
    for (int code = BARO_LINE_10BASE_T; code <= BARO_LINE_100BASE_TX; code++) {
        cold((enum baro_line_code)code);
        trip.channel.noise_mv = code == BARO_LINE_10BASE_T ? 100 : 500;
        memset(trip.sent, 0, sizeof trip.sent);
        for (int i = 1; i < 100; i++) {
            uint32_t count = baro_signal_channel_apply(&trip.channel, trip.sent, 2000, trip.arrived,
                                                       BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK);
            struct baro_signal_result result =
                baro_signal_receive(&trip.receiver, at_ms(16 * i), trip.arrived, count, trip.heard, 2000);
            assert_int_equal(result.event, BARO_SIGNAL_LOST);
            assert_int_equal(result.reason, BARO_DROP_SIGNAL_NO_LOCK);
            assert_false(up(16 * i));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_pulses_bring_ten_up),
        cmocka_unit_test(silence_takes_it_down_for_good),
        cmocka_unit_test(pulses_wrongly_spaced_do_not_count),
        cmocka_unit_test(two_idles_bring_a_hundred_up),
        cmocka_unit_test(a_frame_is_a_sign_of_life),
        cmocka_unit_test(noise_is_no_sign_of_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
