/* Frames over the line and back: perfect cable, foreign clock, jitter, noise, attenuation. What is stated
 * as harmless here is what README and the table of `baro signal` may promise: no loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/signal_trip.h"

static const enum baro_line_code codes[] = { BARO_LINE_10BASE_T, BARO_LINE_100BASE_TX };
static struct trip trip;

/* `frames` random frames of 64 to 1518 octets; all must come through. */
static void all_arrive(struct trip *t, unsigned frames, int32_t ppm_tolerance)
{
    for (unsigned i = 0; i < frames; i++) {
        uint32_t length = i == 0 ? 64 : i == 1 ? 1518 : 64 + trip_random(t) % 1455;
        trip_fill(t, length);
        struct baro_signal_result result = trip_go(t, length);
        if (!trip_intact(t, &result, length))
            fail_msg("frame %u of %u octets: event %d, %s at sample %u", i, length, (int)result.event,
                     baro_drop_name(result.reason), result.position);
        assert_int_equal(baro_fcs(t->heard, length), BARO_FCS_RESIDUE);
        int32_t wrong_ppm = result.offset_ppm - t->channel.offset_ppm;
        assert_true(wrong_ppm >= -ppm_tolerance && wrong_ppm <= ppm_tolerance);
    }
}

static void perfect_cable(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        trip_init(&trip, codes[c], 1 + c);
        all_arrive(&trip, 60, 2);
    }
}

static void every_short_length(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        trip_init(&trip, codes[c], 5);
        for (uint32_t length = 1; length <= 130; length++) {
            trip_fill(&trip, length);
            struct baro_signal_result result = trip_go(&trip, length);
            assert_true(trip_intact(&trip, &result, length));
            assert_int_equal(trip.sent_count, baro_line_frame_samples(codes[c], length));
            const int32_t amplitude_mv = baro_line_properties(codes[c])->amplitude_mv;
            assert_in_range((int32_t)result.amplitude_mv * 100 / amplitude_mv, 90, 110);
        }
        trip_fill(&trip, BARO_SIGNAL_FRAME_LIMIT);
        struct baro_signal_result result = trip_go(&trip, BARO_SIGNAL_FRAME_LIMIT);
        assert_true(trip_intact(&trip, &result, BARO_SIGNAL_FRAME_LIMIT));
        assert_true(trip.sent_count <= BARO_SIGNAL_BURST_LIMIT);
    }
}

/* Octets whose line signal has the longest runs, and those that a slip of a bit would leave alike. */
static void monotonous_frames(void **state)
{
    (void)state;
    static const uint8_t octets[] = { 0x00, 0xFF, 0x55, 0xAA, 0x33, 0x5D, 0xD5, 0x77 };
    for (unsigned c = 0; c < 2; c++)
        for (unsigned o = 0; o < sizeof octets; o++)
            for (int ppm = -100; ppm <= 100; ppm += 100) {
                trip_init(&trip, codes[c], 9 + (uint32_t)o);
                trip.channel.offset_ppm = ppm;
                memset(trip.frame, octets[o], 1518);
                struct baro_signal_result result = trip_go(&trip, 1518);
                assert_true(trip_intact(&trip, &result, 1518));
            }
}

static void foreign_clock(void **state)
{
    (void)state;
    static const int32_t offsets[] = { -200, -100, -37, 50, 100, 200 };
    for (unsigned c = 0; c < 2; c++)
        for (unsigned o = 0; o < 6; o++) {
            trip_init(&trip, codes[c], 20 + o);
            trip.channel.offset_ppm = offsets[o];
            all_arrive(&trip, 12, 25);
        }
}

/* At once: 100 ppm either way, edge jitter of 1 ns and 0.1 ns r.m.s., and noise of an eighth and a tenth
 * of the peak r.m.s. */
static void clock_jitter_and_noise(void **state)
{
    (void)state;
    static const uint32_t jitter_ps[] = { 1000, 100 }, noise_mv[] = { 312, 100 };
    for (unsigned c = 0; c < 2; c++)
        for (int ppm = -100; ppm <= 100; ppm += 200) {
            trip_init(&trip, codes[c], 77);
            trip.channel.offset_ppm = ppm;
            trip.channel.jitter_ps = jitter_ps[c];
            trip.channel.noise_mv = noise_mv[c];
            all_arrive(&trip, 150, 60);
        }
}

static void attenuation(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        trip_init(&trip, codes[c], 31);
        trip.channel.attenuation_permille = 700; /* 10.5 dB; §14.4.2.1 allows a segment 11.5 */
        trip.channel.noise_mv = 20;
        trip.channel.offset_ppm = 100;
        all_arrive(&trip, 30, 60);
    }
}

/* A signal that fades to two fifths within one frame: the receiver's levels follow. */
static void fading(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        trip_init(&trip, codes[c], 33);
        trip_fill(&trip, 1518);
        uint32_t count =
            baro_signal_send_frame(&trip.transmitter, trip.frame, 1518, trip.sent, BARO_SIGNAL_BURST_LIMIT);
        for (uint32_t i = 0; i < count; i++)
            trip.sent[i] = (int16_t)(trip.sent[i] * (int64_t)(5 * count - 3 * i) / (5 * (int64_t)count));
        struct baro_signal_result result =
            baro_signal_receive(&trip.receiver, trip.now, trip.sent, count, trip.heard, 1518);
        assert_true(trip_intact(&trip, &result, 1518));
    }
}

static void a_dead_cable_locks_nobody(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        trip_init(&trip, codes[c], 32);
        trip.channel.attenuation_permille = 950;
        trip_fill(&trip, 64);
        struct baro_signal_result result = trip_go(&trip, 64);
        assert_int_equal(result.event, BARO_SIGNAL_LOST);
        assert_int_equal(result.reason, BARO_DROP_SIGNAL_NO_LOCK);
    }
}

static void times_and_properties(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 2; c++) {
        const struct baro_line_properties *line = baro_line_properties(codes[c]);
        int64_t symbol_ps = (int64_t)line->samples_per_symbol * line->sample_period_ps;
        assert_int_equal(symbol_ps * line->symbol_rate, INT64_C(1000000000000));
        assert_int_equal((int64_t)line->gap_ns * line->bit_rate, INT64_C(96000000000));
    }
    assert_int_equal(baro_line_frame_time(BARO_LINE_10BASE_T, 1518).ns, 1220800);
    assert_int_equal(baro_line_frame_time(BARO_LINE_100BASE_TX, 64).ns, 5760);
    assert_null(baro_line_properties((enum baro_line_code)3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_cable),
        cmocka_unit_test(every_short_length),
        cmocka_unit_test(monotonous_frames),
        cmocka_unit_test(foreign_clock),
        cmocka_unit_test(clock_jitter_and_noise),
        cmocka_unit_test(attenuation),
        cmocka_unit_test(fading),
        cmocka_unit_test(a_dead_cable_locks_nobody),
        cmocka_unit_test(times_and_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
