/* What the receivers do with signals that are wrong: each loss has its reason, and no frame is delivered
 * wrong with a right FCS. The wrong signals come from encoders of this file's own, written from the
 * standards bit by bit with square edges, so sender and receiver cannot share a mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/signal_trip.h"

static struct trip trip;
static int16_t line[BARO_SIGNAL_BURST_LIMIT];
static uint32_t line_count;

/* ---- encoders of the test's own ---- */

static unsigned key[11]; /* the last eleven key bits, the newest first */
static int mlt_place;

static void begin_100(void)
{
    for (unsigned i = 0; i < 11; i++)
        key[i] = i % 3 == 0;
    mlt_place = 1;
    line_count = 0;
}

/* One bit of plain text: scrambled (k(n) = k(n-9) ^ k(n-11)), then a step of MLT-3 if 1. */
static void put_100(unsigned bit)
{
    static const int16_t volts[4] = { 0, 1000, 0, -1000 };
    unsigned next = key[8] ^ key[10];
    memmove(key + 1, key, 10 * sizeof key[0]);
    key[0] = next;
    mlt_place = (mlt_place + (int)(bit ^ next)) % 4;
    for (unsigned i = 0; i < 4; i++)
        line[line_count++] = volts[mlt_place];
}

/* Text of 0 and 1; all else is skipped. */
static void put_text_100(const char *text)
{
    for (; *text != 0; text++)
        if (*text == '0' || *text == '1')
            put_100(*text == '1');
}

static void put_idle_100(unsigned groups)
{
    while (groups-- > 0)
        put_text_100("11111");
}

static void put_octet_100(unsigned octet)
{
    static const char *const groups[16] = { "11110", "01001", "10100", "10101", "01010", "01011",
                                            "01110", "01111", "10010", "10011", "10110", "10111",
                                            "11010", "11011", "11100", "11101" };
    put_text_100(groups[octet & 15]);
    put_text_100(groups[octet >> 4]);
}

static void put_frame_100(uint32_t length)
{
    put_text_100("11000 10001");
    for (unsigned i = 1; i < 8; i++)
        put_octet_100(i < 7 ? 0x55 : 0xD5);
    for (uint32_t i = 0; i < length; i++)
        put_octet_100(trip.frame[i]);
}

static void put_octets_10(const uint8_t *octets, uint32_t length)
{
    for (uint32_t i = 0; i < length * 8; i++) {
        bool one = octets[i / 8] >> i % 8 & 1;
        for (unsigned s = 0; s < 8; s++)
            line[line_count++] = (s < 4) == one ? -2500 : 2500;
    }
}

static void put_level_10(int16_t volts, uint32_t samples)
{
    while (samples-- > 0)
        line[line_count++] = volts;
}

static void put_frame_10(uint32_t length)
{
    static const uint8_t preamble[8] = { 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5 };
    line_count = 0;
    put_octets_10(preamble, 8);
    put_octets_10(trip.frame, length);
}

static struct baro_signal_result hear(void)
{
    trip.now.ns += 1000000;
    return baro_signal_receive(&trip.receiver, trip.now, line, line_count, trip.heard, sizeof trip.heard);
}

static void expect_lost(enum baro_drop_reason reason)
{
    struct baro_signal_result result = hear();
    assert_int_equal(result.event, BARO_SIGNAL_LOST);
    assert_string_equal(baro_drop_name(result.reason), baro_drop_name(reason));
    assert_int_equal(result.length, 0);
}

/* ---- 100BASE-TX ---- */

static void a_hundred_is_understood_from_another_sender(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_100BASE_TX, 3);
    trip_fill(&trip, 200);
    begin_100();
    put_idle_100(24);
    put_frame_100(200);
    put_text_100("01101 00111");
    put_idle_100(3);
    struct baro_signal_result result = hear();
    assert_true(trip_intact(&trip, &result, 200));
}

static void false_carrier(void **state)
{
    (void)state;
    static const char *const starts[] = { "11000 10010", "01101 00111", "11000 00111", "11010 11111",
                                          "00100 00100" };
    trip_init(&trip, BARO_LINE_100BASE_TX, 3);
    for (unsigned i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        begin_100();
        put_idle_100(24);
        put_text_100(starts[i]);
        put_idle_100(20);
        expect_lost(BARO_DROP_SIGNAL_FALSE_CARRIER);
    }
}

/* §24.2.4.4: two zeros that are not neighbours are carrier; one symbol misread in idle is less. */
static void one_bad_symbol_in_idle_is_no_carrier(void **state)
{
    (void)state;
    static const char *const slips[] = { "1 00 1111111", "1 0 11111111" };
    trip_init(&trip, BARO_LINE_100BASE_TX, 3);
    for (unsigned i = 0; i < 2; i++) {
        trip_fill(&trip, 64);
        begin_100();
        put_idle_100(24);
        put_text_100(slips[i]);
        put_idle_100(4);
        put_frame_100(64);
        put_text_100("01101 00111");
        put_idle_100(3);
        struct baro_signal_result result = hear();
        assert_true(trip_intact(&trip, &result, 64));
    }
}

static void bad_groups(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "00100 11111 11111",       /* /H/ */
        "00000 01101 00111 11111", /* nothing */
        "11111 11111 11111",       /* idle without /T/R/ */
        "01101 11111 11111",       /* /T/ without /R/ */
        "00111 11111 11111",       /* /R/ without /T/ */
        "00111 00111 11111",       /* twice /R/ */
        "11111 00111 11111",       /* idle and /R/ */
        "11000 10001 11111",       /* /J/K/ within */
        "",                        /* the line stops */
    };
    trip_init(&trip, BARO_LINE_100BASE_TX, 4);
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        trip_fill(&trip, 100);
        begin_100();
        put_idle_100(24);
        put_frame_100(100);
        put_text_100(ends[i]);
        expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
    }
}

static void no_start_of_frame(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_100BASE_TX, 4);
    begin_100();
    put_idle_100(24);
    put_text_100("11000 10001");
    for (unsigned i = 0; i < 60; i++)
        put_octet_100(0x55);
    put_text_100("01101 00111");
    put_idle_100(3);
    expect_lost(BARO_DROP_SIGNAL_NO_START);

    trip_init(&trip, BARO_LINE_10BASE_T, 4);
    uint8_t preamble[60];
    memset(preamble, 0x55, sizeof preamble);
    line_count = 0;
    put_octets_10(preamble, sizeof preamble);
    put_level_10(2500, 24);
    put_level_10(0, 16);
    expect_lost(BARO_DROP_SIGNAL_NO_START);

    /* The delimiter is damaged: one that stands in the data by chance is not taken for it. */
    line_count = 0;
    put_octets_10(preamble, 8);
    memset(trip.frame, 0xD5, 100);
    memset(trip.frame, 0, 20);
    put_octets_10(trip.frame, 100);
    put_level_10(2500, 24);
    put_level_10(0, 16);
    expect_lost(BARO_DROP_SIGNAL_NO_START);
}

/* The descrambler must not lock on what is no idle. */
static void no_lock_without_idle(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_100BASE_TX, 4);
    for (unsigned round = 0; round < 50; round++) {
        begin_100();
        while (line_count < 60000)
            put_100(trip_random(&trip) >> 7 & 1);
        expect_lost(BARO_DROP_SIGNAL_NO_LOCK);
    }
    line_count = 0;
    expect_lost(BARO_DROP_SIGNAL_NO_LOCK);
}

/* ---- 10BASE-T ---- */

static void ten_is_understood_from_another_sender(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_10BASE_T, 3);
    trip_fill(&trip, 300);
    put_frame_10(300);
    put_level_10(2500, 24);
    put_level_10(0, 16);
    struct baro_signal_result result = hear();
    assert_true(trip_intact(&trip, &result, 300));

    /* Five dribbling bits after the last octet are cut off (§4.2.4.2.1). */
    put_frame_10(300);
    line_count += 5 * 8;
    put_frame_10(301);
    line_count -= 3 * 8;
    put_level_10(2500, 24);
    put_level_10(0, 16);
    result = hear();
    assert_true(trip_intact(&trip, &result, 300));
}

static void ten_without_a_bit(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_10BASE_T, 3);
    trip_fill(&trip, 300);
    static const int16_t volts[] = { 0, -2500 };
    for (unsigned i = 0; i < 2; i++) { /* no edge in the middle: silence, or held low */
        put_frame_10(100);
        put_level_10(volts[i], 8);
        put_octets_10(trip.frame, 100);
        put_level_10(2500, 24);
        put_level_10(0, 16);
        expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
    }
    put_frame_10(100); /* no TP_IDL: the cable was cut */
    expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
    put_frame_10(100);
    put_level_10(0, 64);
    expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
    line_count = 0;
    expect_lost(BARO_DROP_SIGNAL_NO_LOCK);
}

/* ---- both ---- */

static void a_frame_beyond_the_limit(void **state)
{
    (void)state;
    for (int code = BARO_LINE_10BASE_T; code <= BARO_LINE_100BASE_TX; code++) {
        trip_init(&trip, (enum baro_line_code)code, 3);
        trip_fill(&trip, 300);
        trip_go(&trip, 300);
        trip.heard[299] = 0xEE;
        struct baro_signal_result result =
            baro_signal_receive(&trip.receiver, trip.now, trip.arrived, trip.arrived_count, trip.heard, 299);
        assert_int_equal(result.event, BARO_SIGNAL_LOST);
        assert_int_equal(result.reason, BARO_DROP_FRAME_GIANT);
        assert_int_equal(trip.heard[299], 0xEE);
    }
}

/* A start, and at once the end: a frame has at least one octet. */
static void an_empty_frame(void **state)
{
    (void)state;
    trip_init(&trip, BARO_LINE_10BASE_T, 3);
    put_frame_10(0);
    put_level_10(2500, 24);
    put_level_10(0, 300);
    expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
    trip_init(&trip, BARO_LINE_100BASE_TX, 3);
    begin_100();
    put_idle_100(24);
    put_frame_100(0);
    put_text_100("01101 00111");
    put_idle_100(3);
    expect_lost(BARO_DROP_SIGNAL_BAD_SYMBOL);
}

/* Every cut of a frame is a loss with a reason, or no more than a sign of life. */
static void every_cut(void **state)
{
    (void)state;
    for (int code = BARO_LINE_10BASE_T; code <= BARO_LINE_100BASE_TX; code++) {
        trip_init(&trip, (enum baro_line_code)code, 8);
        trip_fill(&trip, 64);
        trip_go(&trip, 64);
        uint32_t whole = trip.arrived_count - 48; /* within TP_IDL, within /T/R/ */
        for (uint32_t count = 0; count < whole; count++) {
            struct baro_signal_result result =
                baro_signal_receive(&trip.receiver, trip.now, trip.arrived, count, trip.heard, 2000);
            assert_true(result.event != BARO_SIGNAL_FRAME);
            assert_true(result.event == BARO_SIGNAL_LINK || result.reason != BARO_DROP_NONE);
            assert_true(result.position <= count);
        }
    }
}

/* Thousands of frames through noise from harmless to hopeless. */
static void noise_loses_but_never_lies(void **state)
{
    (void)state;
    static const uint32_t noise_mv[2][6] = { { 700, 800, 900, 1000, 2000, 8000 },
                                             { 150, 180, 200, 240, 300, 600 } };
    for (int code = BARO_LINE_10BASE_T; code <= BARO_LINE_100BASE_TX; code++) {
        unsigned lost[BARO_DROP_COUNT] = { 0 }, delivered = 0;
        for (unsigned level = 0; level < 6; level++)
            for (unsigned i = 0; i < 300; i++) {
                trip_init(&trip, (enum baro_line_code)code, level * 1000 + i);
                trip.channel.noise_mv = noise_mv[code - 1][level];
                trip.channel.offset_ppm = 100;
                uint32_t length = 64 + trip_random(&trip) % 400;
                trip_fill(&trip, length);
                struct baro_signal_result result = trip_go(&trip, length);
                if (trip_intact(&trip, &result, length)) {
                    delivered++;
                    continue;
                }
                if (result.event !=
                    BARO_SIGNAL_LOST) /* a frame, then with a wrong FCS, or noise that looks like idle */
                    result.reason = BARO_DROP_FCS_WRONG;
                if (result.event == BARO_SIGNAL_FRAME)
                    assert_int_not_equal(baro_fcs(trip.heard, result.length), BARO_FCS_RESIDUE);
                assert_int_not_equal(result.reason, BARO_DROP_NONE);
                assert_int_equal(baro_drop_step(result.reason) <= 2, 1);
                lost[result.reason]++;
            }
        assert_in_range(delivered, 300, 1700);
        assert_true(lost[BARO_DROP_SIGNAL_BAD_SYMBOL] > 20);
        assert_true(lost[BARO_DROP_SIGNAL_NO_LOCK] > 20);
        assert_true(lost[BARO_DROP_FCS_WRONG] > (code == BARO_LINE_100BASE_TX ? 20 : 0));
        assert_true(code == BARO_LINE_10BASE_T || lost[BARO_DROP_SIGNAL_FALSE_CARRIER] > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_is_understood_from_another_sender),
        cmocka_unit_test(false_carrier),
        cmocka_unit_test(one_bad_symbol_in_idle_is_no_carrier),
        cmocka_unit_test(bad_groups),
        cmocka_unit_test(no_start_of_frame),
        cmocka_unit_test(no_lock_without_idle),
        cmocka_unit_test(ten_is_understood_from_another_sender),
        cmocka_unit_test(ten_without_a_bit),
        cmocka_unit_test(a_frame_beyond_the_limit),
        cmocka_unit_test(an_empty_frame),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(noise_loses_but_never_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
