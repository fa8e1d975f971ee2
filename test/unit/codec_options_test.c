/* Options of TCP and of IPv4: every kind with every length, at the end of what there is and beyond it; the examples of
 * RFC 9293, 7323 and 2018 octet by octet; what is written is aligned and reads back. The parser is given memory of
 * exactly the size that it may look at, so that a sanitizer sees one octet too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "codec/ipv4.h"
#include "codec/tcp_options.h"

static struct tcp_options read_exactly(const uint8_t *octets, size_t length)
{
    struct tcp_options options;
    uint8_t *copy = malloc(length == 0 ? 1 : length);

    if (length != 0)
        memcpy(copy, octets, length);
    tcp_options_read(&options, (struct baro_bytes){ copy, length });
    free(copy);
    return options;
}

/* RFC 9293 §3.2, RFC 7323, RFC 2018: the lengths that are legal. */
static bool legal(unsigned kind, unsigned length)
{
    switch (kind) {
    case 2: return length == 4;
    case 3: return length == 3;
    case 4: return length == 2;
    case 5: return length >= 10 && (length - 2) % 8 == 0;
    case 8: return length == 10;
    default: return length >= 2;
    }
}

static bool nothing_known(const struct tcp_options *options)
{
    return !options->has_mss && !options->has_scale && !options->has_timestamps && !options->sack_permitted &&
           options->sack_count == 0;
}

/* MUST-4, MUST-6, MUST-7: every kind, every length, in every room that a header has. */
static void every_kind_with_every_length(void **state)
{
    uint8_t octets[40];

    (void)state;
    for (unsigned kind = 2; kind < 256; kind++) {
        for (unsigned length = 0; length < 256; length++) {
            for (unsigned room = 1; room <= 40; room++) {
                struct tcp_options options;
                bool good = room >= 2 && length <= room && legal(kind, length);

                memset(octets, 0, sizeof octets);
                octets[0] = (uint8_t)kind;
                octets[1] = (uint8_t)length;
                options = read_exactly(octets, room);
                if (options.malformed == good)
                    fail_msg("kind %u, length %u, room %u", kind, length, room);
                if (!good)
                    assert_true(nothing_known(&options));
                else
                    assert_int_equal(nothing_known(&options), kind > 5 && kind != 8);
            }
        }
    }
}

/* An option whose length is illegal ends the parse; what stood before it stays, also of its own kind. */
static void what_was_good_stays_good(void **state)
{
    static const uint8_t good[] = { 2, 4, 0x05, 0xb4, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8 };
    static const uint8_t bad[][4] = { { 2, 3, 9, 9 }, { 3, 4, 9, 9 }, { 4, 3, 9, 9 }, { 8, 2, 9, 9 }, { 5, 3, 9, 9 },
                                      { 99, 1, 9, 9 }, { 99, 0, 9, 9 }, { 2, 255, 9, 9 } };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t octets[sizeof good + 4];
        struct tcp_options options;

        memcpy(octets, good, sizeof good);
        memcpy(octets + sizeof good, bad[i], 4);
        options = read_exactly(octets, sizeof octets);
        assert_true(options.malformed);
        assert_true(options.has_mss && options.has_scale && options.sack_permitted && options.has_timestamps);
        assert_int_equal(options.mss, 1460);
        assert_int_equal(options.scale, 7);
        assert_int_equal(options.ts_value, 9);
        assert_int_equal(options.ts_echo, 8);
        memmove(octets + 4, good, sizeof good); /* the other way round: nothing behind it is read */
        memcpy(octets, bad[i], 4);
        options = read_exactly(octets, sizeof octets);
        assert_true(options.malformed && nothing_known(&options));
    }
}

static void the_last_of_two_counts_and_the_end_ends(void **state)
{
    static const uint8_t twice[] = { 2, 4, 1, 0, 2, 4, 2, 0, 3, 3, 200, 0, 8, 10 };
    static const uint8_t ended[] = { 1, 1, 0, 2, 4, 1, 0 };
    struct tcp_options options = read_exactly(twice, sizeof twice);

    (void)state;
    assert_int_equal(options.mss, 512);
    assert_int_equal(options.scale, 200); /* as it was received */
    assert_false(options.malformed || options.has_timestamps);
    options = read_exactly(ended, sizeof ended);
    assert_true(nothing_known(&options) && !options.malformed);
    options = read_exactly(ended, 0);
    assert_true(nothing_known(&options) && !options.malformed);
}

/* RFC 2018 §3, RFC 2883: SACK of 10 to 34 octets; 3, 11 and 42 are none. */
static void sack_lengths(void **state)
{
    uint8_t octets[44] = { 5 };
    struct tcp_options options;

    (void)state;
    for (uint8_t i = 2; i < sizeof octets; i++)
        octets[i] = i;
    for (unsigned blocks = 1; blocks <= 4; blocks++) {
        octets[1] = (uint8_t)(2 + 8 * blocks);
        options = read_exactly(octets, 2 + 8 * blocks);
        assert_int_equal(options.sack_count, blocks);
        assert_int_equal(options.sack[blocks - 1].left.value, read_be32(octets + 8 * blocks - 6));
        assert_int_equal(options.sack[blocks - 1].right.value, read_be32(octets + 8 * blocks - 2));
    }
    octets[1] = 42; /* more than a header holds: given the memory, four blocks are taken and no more */
    options = read_exactly(octets, 42);
    assert_int_equal(options.sack_count, 4);
    for (unsigned length = 3; length < 42; length += 8) {
        octets[1] = (uint8_t)length;
        options = read_exactly(octets, sizeof octets);
        assert_true(options.malformed && options.sack_count == 0);
    }
}

/* RFC 7323 §3.2 and appendix A: <nop,nop,timestamps>, and in a SYN <sackOK,timestamps>; RFC 7323 §2.2: <nop,ws>. */
static void known_octets(void **state)
{
    static const uint8_t stamps[] = { 1, 1, 8, 10, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 };
    static const uint8_t syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };
    struct tcp_options options = { .has_timestamps = true, .ts_value = 0x12345678, .ts_echo = 0x9abcdef0 };
    uint8_t octets[TCP_OPTIONS_LIMIT];

    (void)state;
    assert_int_equal(tcp_options_write(&options, octets), sizeof stamps);
    assert_memory_equal(octets, stamps, sizeof stamps);
    options = read_exactly(stamps, sizeof stamps);
    assert_int_equal(options.ts_value, 0x12345678);
    assert_int_equal(options.ts_echo, 0x9abcdef0);
    options = (struct tcp_options){ .has_mss = true, .mss = 1460, .sack_permitted = true, .has_timestamps = true,
                                    .ts_value = 1, .has_scale = true, .scale = 7 };
    assert_int_equal(tcp_options_write(&options, octets), sizeof syn);
    assert_memory_equal(octets, syn, sizeof syn);
}

/* Every combination: a multiple of four, within the header, and read back the same; SACK takes the room that is
 * left. */
static void what_is_written_reads_back(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 16; set++) {
        for (uint8_t blocks = 0; blocks <= 4; blocks++) {
            struct tcp_options options = { .has_mss = set & 1, .has_scale = set & 2, .has_timestamps = set & 4,
                                           .sack_permitted = set & 8, .mss = 1000, .scale = 3, .ts_value = 77,
                                           .ts_echo = 78, .sack_count = blocks }, again;
            uint8_t octets[TCP_OPTIONS_LIMIT + 1];
            unsigned length, other = (set & 1) * 4 + (set & 2) * 2 + (set & 4) * 3 + ((set & 12) == 8 ? 4 : 0);
            unsigned fit = (40 - other) < 4 ? 0 : (40 - other - 4) / 8;

            for (unsigned i = 0; i < blocks; i++)
                options.sack[i] = (struct tcp_sack_block){ seq_of(i * 100), seq_of(i * 100 + 50) };
            octets[TCP_OPTIONS_LIMIT] = 0xee;
            length = tcp_options_write(&options, octets);
            assert_true(length % 4 == 0 && length <= TCP_OPTIONS_LIMIT);
            assert_int_equal(octets[TCP_OPTIONS_LIMIT], 0xee);
            again = read_exactly(octets, length);
            assert_false(again.malformed);
            assert_int_equal(again.has_mss, options.has_mss);
            assert_int_equal(again.has_scale, options.has_scale);
            assert_int_equal(again.has_timestamps, options.has_timestamps);
            assert_int_equal(again.sack_permitted, options.sack_permitted);
            assert_int_equal(again.sack_count, blocks < fit ? blocks : fit);
        }
    }
}

/* ---- IPv4 ---- */

static enum baro_drop_reason check_exactly(const uint8_t *octets, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    enum baro_drop_reason reason;

    if (length != 0)
        memcpy(copy, octets, length);
    reason = ipv4_options_check((struct baro_bytes){ copy, length });
    free(copy);
    return reason;
}

static void ipv4_every_kind_with_every_length(void **state)
{
    uint8_t octets[40];

    (void)state;
    for (unsigned kind = 2; kind < 256; kind++) {
        for (unsigned length = 0; length < 256; length++) {
            for (unsigned room = 4; room <= 40; room += 4) {
                enum baro_drop_reason reason, wanted = BARO_DROP_NONE;

                memset(octets, 0, sizeof octets);
                octets[0] = (uint8_t)kind;
                octets[1] = (uint8_t)length;
                reason = check_exactly(octets, room);
                if (length < 2 || length > room)
                    wanted = BARO_DROP_IP_BAD_OPTION;
                else if (kind == 131 || kind == 137)
                    wanted = BARO_DROP_IP_SOURCE_ROUTE;
                if (reason != wanted)
                    fail_msg("kind %u, length %u, room %u: %u", kind, length, room, (unsigned)reason);
            }
        }
    }
}

static void ipv4_options_are_walked_to_their_end(void **state)
{
    static const uint8_t hidden[] = { 1, 1, 7, 3, 4, 131, 3, 4 };
    static const uint8_t behind_the_end[] = { 1, 0, 131, 255 };
    static const uint8_t no_length[] = { 1, 1, 1, 68 };
    static const uint8_t route_then_lie[] = { 137, 3, 4, 68, 9, 0, 0, 0 };

    (void)state;
    assert_int_equal(check_exactly(hidden, sizeof hidden), BARO_DROP_IP_SOURCE_ROUTE);
    assert_int_equal(check_exactly(behind_the_end, sizeof behind_the_end), BARO_DROP_NONE);
    assert_int_equal(check_exactly(no_length, sizeof no_length), BARO_DROP_IP_BAD_OPTION);
    assert_int_equal(check_exactly(route_then_lie, sizeof route_then_lie), BARO_DROP_IP_BAD_OPTION);
    assert_int_equal(check_exactly(hidden, 0), BARO_DROP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_with_every_length),
        cmocka_unit_test(what_was_good_stays_good),
        cmocka_unit_test(the_last_of_two_counts_and_the_end_ends),
        cmocka_unit_test(sack_lengths),
        cmocka_unit_test(known_octets),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(ipv4_every_kind_with_every_length),
        cmocka_unit_test(ipv4_options_are_walked_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
