/* Copies and sums of every variant that this machine has, against a loop that copies and adds octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

enum { LONGEST = 560, LONG = 2048, ODD = 35, GUARD = 64, AREA = LONGEST + ODD + 2 * GUARD };

static uint8_t source[AREA], target[AREA];

static void fill(unsigned with)
{
    for (unsigned i = 0; i < sizeof source; i++)
        source[i] = with <= UINT8_MAX ? (uint8_t)with : (uint8_t)(i * 73 + i / 7 + (i % 5 == 0 ? 255 : 0) + with);
    memset(target, 0xa5, sizeof target);
}

/* Of words in the machine's order. */
static uint16_t naive(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < length; i += 2) {
        uint16_t word = 0;

        memcpy(&word, data + i, length - i < 2 ? 1 : 2);
        sum += word;
    }
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void is_copied(size_t to, size_t from, size_t length)
{
    assert_memory_equal(target + GUARD + to, source + GUARD + from, length);
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(target[to + i], 0xa5);
        assert_int_equal(target[GUARD + to + length + i], 0xa5);
    }
    memset(target + GUARD + to, 0xa5, length);
}

typedef uint64_t (*copy_sum)(uint8_t *to, const uint8_t *from, size_t length);

static uint64_t copied_only(uint8_t *to, const uint8_t *from, size_t length)
{
    octets_copy(to, from, length);
    return naive(from, length);
}

static uint64_t summed_short(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    return octets_sum_short(from, length);
}

static uint64_t summed_message(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    return octets_sum_message(from, length);
}

static uint64_t copied_message(uint8_t *to, const uint8_t *from, size_t length)
{
    return octets_copy_sum_message(to, from, length);
}

static uint64_t copied_and_summed(uint8_t *to, const uint8_t *from, size_t length)
{
    return octets_copy_sum(to, from, length);
}

static uint64_t summed_plain(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    return octets_sum_plain(from, length);
}

#ifdef OCTETS_AVX2
static uint64_t copied_avx2(uint8_t *to, const uint8_t *from, size_t length)
{
    octets_copy_avx2(to, from, length);
    return naive(from, length);
}

static uint64_t summed_avx2(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    return octets_sum_avx2(from, length);
}

static uint64_t summed_vnni(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    return octets_sum_vnni(from, length);
}
#endif

/* All lengths from `least`, with all places of either end within a vector. */
static void all_lengths(copy_sum variant, size_t least)
{
    static const unsigned contents[] = { 256, 1000, 0, 255 };

    for (size_t what = 0; what < sizeof contents / sizeof contents[0]; what++) {
        fill(contents[what]);
        for (size_t length = least; length <= LONGEST; length++) {
            for (size_t at = 0; at < ODD; at++) {
                size_t from = at * 7 % ODD;
                uint64_t sum = variant(target + GUARD + at, source + GUARD + from, length);

                assert_true(sum < UINT64_C(1) << 40);
                assert_int_equal(checksum_fold_sum(sum), naive(source + GUARD + from, length));
                is_copied(at, from, length);
            }
        }
    }
}

static void plain_variants(void **state)
{
    (void)state;
    all_lengths(copied_only, 0);
    all_lengths(summed_short, 0);
    all_lengths(summed_message, 0);
    all_lengths(copied_message, 0);
    all_lengths(copied_and_summed, 0);
    all_lengths(summed_plain, OCTETS_SHORT + 1);
    all_lengths(octets_copy_sum_plain, OCTETS_SHORT + 1);
    all_lengths(octets_copy_sum_long, OCTETS_SHORT + 1);
}

static void avx2_variants(void **state)
{
    (void)state;
    if (!octets_have_avx2())
        skip();
#ifdef OCTETS_AVX2
    all_lengths(copied_avx2, OCTETS_SHORT + 1);
    all_lengths(summed_avx2, OCTETS_SHORT + 1);
    all_lengths(octets_copy_sum_avx2, OCTETS_SHORT + 1);
#endif
}

static void vnni_variants(void **state)
{
    (void)state;
    if (!octets_have_vnni())
        skip();
#ifdef OCTETS_AVX2
    all_lengths(summed_vnni, OCTETS_SHORT + 1);
#endif
}

/* Blocks beyond what a lane of 32 bits holds. */
static void very_long_blocks(void **state)
{
    enum { BLOCK = 9 << 20 };
    uint8_t *block = malloc(BLOCK);

    (void)state;
    assert_non_null(block);
    for (unsigned octet = 0; octet <= 0xff; octet += 0xff) {
        memset(block, (int)octet, BLOCK);
        block[BLOCK / 2] = 7;
        for (size_t odd = 0; odd < 3; odd++) {
            uint16_t right = naive(block + odd, BLOCK - 2 * odd);

            assert_int_equal(checksum_fold_sum(octets_sum_plain(block + odd, BLOCK - 2 * odd)), right);
            assert_int_equal(checksum_fold_sum(octets_sum_long(block + odd, BLOCK - 2 * odd)), right);
        }
    }
    free(block);
}

/* Lanes that carry: nothing but ones, and long; and the same sum from every variant. */
static void long_blocks(void **state)
{
    enum { BLOCK = 65536 + 70 };
    static uint8_t block[BLOCK + 64], copy[BLOCK + 64];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = round == 0 ? 0xff : (uint8_t)(i * i + i / 251);
        for (size_t odd = 0; odd < 4; odd++) {
            size_t length = BLOCK - 3 * odd;
            uint16_t right = naive(block + odd, length);

            assert_int_equal(checksum_fold_sum(octets_sum_plain(block + odd, length)), right);
            assert_int_equal(checksum_fold_sum(octets_sum_short(block + odd, length)), right);
            assert_int_equal(checksum_fold_sum(octets_sum_long(block + odd, length)), right);
            assert_int_equal(checksum_fold_sum(octets_copy_sum_plain(copy + 1, block + odd, length)), right);
            assert_int_equal(checksum_fold_sum(octets_copy_sum_long(copy + 1, block + odd, length)), right);
            assert_memory_equal(copy + 1, block + odd, length);
            for (size_t at = 0; at < 64; at++) { /* from where stores are aligned */
                length = LONG - 3 + at * 5;
                right = naive(block + odd, length);
                assert_int_equal(checksum_fold_sum(octets_copy_sum_long(copy + at, block + odd, length)), right);
                assert_memory_equal(copy + at, block + odd, length);
                assert_int_equal(checksum_fold_sum(octets_sum_long(block + odd, length)), right);
            }
            length = BLOCK - 3 * odd;
            memset(copy, 0, sizeof copy);
            octets_copy(copy + 2 * odd, block + odd, length);
            assert_memory_equal(copy + 2 * odd, block + odd, length);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_variants),
        cmocka_unit_test(avx2_variants),
        cmocka_unit_test(vnni_variants),
        cmocka_unit_test(very_long_blocks),
        cmocka_unit_test(long_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
