/* base/octets.c: see octets.h. Stores are aligned to a vector: an unaligned one that crosses a line counts twice, and
 * on a long block that is a third of the time. */
#include "base/octets.h"

#ifdef OCTETS_AVX2
#include <immintrin.h>
#endif

/* ---- any machine: 16 octets ---- */

enum { PLAIN_STEP = 32 };

uint64_t octets_sum_plain(const uint8_t *data, size_t length)
{
    return octets_sum_short(data, length);
}

__attribute__((noinline)) uint64_t octets_sum_other(const uint8_t *data, size_t length)
{
    return octets_sum_short(data, length);
}

__attribute__((noinline)) uint64_t octets_copy_sum_other(uint8_t *to, const uint8_t *from, size_t length)
{
    octets_copy(to, from, length);
    return octets_sum_short(from, length);
}

uint64_t octets_copy_sum_plain(uint8_t *to, const uint8_t *from, size_t length)
{
    struct octets_sum sum = { { 0 }, { 0 } };

    for (; length >= PLAIN_STEP; length -= PLAIN_STEP, from += PLAIN_STEP, to += PLAIN_STEP) {
        octets_lanes first = octets_load(from), second = octets_load(from + sizeof first);

        memcpy(to, &first, sizeof first);
        memcpy(to + sizeof first, &second, sizeof second);
        octets_add(&sum, first);
        octets_add(&sum, second);
    }
    memcpy(to, from, length);
    return octets_total(&sum) + octets_sum_last(from, length);
}

/* ---- AVX2: 32 octets ---- */

#ifdef OCTETS_AVX2

#define WITH_AVX2 __attribute__((target("avx2")))

typedef uint64_t wide __attribute__((vector_size(32)));
typedef uint64_t wide_anywhere __attribute__((vector_size(32), aligned(1), may_alias));

enum { WIDE = 32, WIDE_STEP = 64, ALIGN_FROM = 2048 };

WITH_AVX2 static inline void wide_load(wide *word, const uint8_t *at)
{
    *word = *(const wide_anywhere *)at;
}

WITH_AVX2 static inline void wide_store(uint8_t *at, const wide *word)
{
    *(wide_anywhere *)at = *word;
}

/* As struct octets_sum; two, that do not wait for one another. */
struct wide_sum {
    wide all[2], upper[2];
};

WITH_AVX2 static inline void wide_add(struct wide_sum *sum, int which, const wide *word)
{
    sum->all[which] += *word;
    sum->upper[which] += *word >> 32;
}

WITH_AVX2 static inline uint64_t wide_total(const struct wide_sum *sum)
{
    wide upper = sum->upper[0] + sum->upper[1], both = sum->all[0] + sum->all[1] - (upper << 32) + upper;

    return both[0] + both[1] + both[2] + both[3];
}

/* What is left of a block, less than 128 octets, to a sum of all. */
WITH_AVX2 static inline uint64_t wide_finish(struct wide_sum *sum, const uint8_t *data, size_t length)
{
    wide word;

    if (length & WIDE_STEP) {
        wide_load(&word, data);
        wide_add(sum, 0, &word);
        wide_load(&word, data + WIDE);
        wide_add(sum, 1, &word);
        data += WIDE_STEP;
    }
    if (length & WIDE) {
        wide_load(&word, data);
        wide_add(sum, 0, &word);
        data += WIDE;
    }
    return wide_total(sum) + octets_sum_last(data, length & (WIDE - 1));
}

/* Two vectors at once. Written out, so that a compiler does not see a memcpy in it. */
WITH_AVX2 static inline void wide_copy_step(uint8_t *to, const uint8_t *from)
{
    wide first, second;

    wide_load(&first, from);
    wide_load(&second, from + WIDE);
    wide_store(to, &first);
    wide_store(to + WIDE, &second);
}

WITH_AVX2 ALWAYS_INLINE void wide_add_four(struct wide_sum *sum, const uint8_t *data)
{
    wide word[4];

    wide_load(&word[0], data);
    wide_load(&word[1], data + WIDE);
    wide_load(&word[2], data + 2 * WIDE);
    wide_load(&word[3], data + 3 * WIDE);
    wide_add(sum, 0, &word[0]);
    wide_add(sum, 1, &word[1]);
    wide_add(sum, 0, &word[2]);
    wide_add(sum, 1, &word[3]);
}

WITH_AVX2 uint64_t octets_sum_avx2(const uint8_t *data, size_t length)
{
    struct wide_sum sum = { 0 };

    for (; length >= 8 * WIDE; length -= 8 * WIDE, data += 8 * WIDE) {
        wide_add_four(&sum, data);
        wide_add_four(&sum, data + 4 * WIDE);
    }
    if (length >= 4 * WIDE) {
        wide_add_four(&sum, data);
        data += 4 * WIDE;
        length -= 4 * WIDE;
    }
    return wide_finish(&sum, data, length);
}

/* The words of a sum turned round: what it is at an odd distance. */
static uint64_t turned(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xff) << 8 | sum >> 8;
}

/* Four vectors, all of them loaded first. */
WITH_AVX2 ALWAYS_INLINE void wide_copy_four(uint8_t *to, const uint8_t *from, bool summed, struct wide_sum *sum)
{
    wide word[4];

    wide_load(&word[0], from);
    wide_load(&word[1], from + WIDE);
    wide_load(&word[2], from + 2 * WIDE);
    wide_load(&word[3], from + 3 * WIDE);
    wide_store(to, &word[0]);
    wide_store(to + WIDE, &word[1]);
    wide_store(to + 2 * WIDE, &word[2]);
    wide_store(to + 3 * WIDE, &word[3]);
    if (!summed)
        return;
    wide_add(sum, 0, &word[0]);
    wide_add(sum, 1, &word[1]);
    wide_add(sum, 0, &word[2]);
    wide_add(sum, 1, &word[3]);
}

/* Both copies: one adds. The octets in front of the first aligned store are added apart, which is worth it for long
 * blocks only; the last ones may be copied a second time. */
WITH_AVX2 ALWAYS_INLINE uint64_t wide_copy(uint8_t *to, const uint8_t *from, size_t length, bool summed)
{
    struct wide_sum sum = { 0 };
    size_t head = 0, left = length;
    uint64_t first = 0, rest;
    wide word;

    if (!summed || length >= ALIGN_FROM) {
        head = -(uintptr_t)to & (WIDE - 1);
        if (summed)
            first = octets_sum_last(from, head);
        wide_load(&word, from);
        wide_store(to, &word);
        to += head;
        from += head;
        left -= head;
    }
    for (; left >= 8 * WIDE; left -= 8 * WIDE, from += 8 * WIDE, to += 8 * WIDE) {
        wide_copy_four(to, from, summed, &sum);
        wide_copy_four(to + 4 * WIDE, from + 4 * WIDE, summed, &sum);
    }
    if (left >= 4 * WIDE) {
        wide_copy_four(to, from, summed, &sum);
        left -= 4 * WIDE;
        from += 4 * WIDE;
        to += 4 * WIDE;
    }
    if (left > WIDE_STEP)
        wide_copy_step(to, from);
    wide_copy_step(to + left - WIDE_STEP, from + left - WIDE_STEP);
    if (!summed)
        return 0;
    rest = wide_finish(&sum, from, left);
    return first + (head & 1 ? turned(rest) : rest);
}

WITH_AVX2 void octets_copy_avx2(uint8_t *to, const uint8_t *from, size_t length)
{
    wide_copy(to, from, length, false);
}

WITH_AVX2 uint64_t octets_copy_sum_avx2(uint8_t *to, const uint8_t *from, size_t length)
{
    return wide_copy(to, from, length, true);
}

/* ---- the dot product of AVX-512's VNNI, 32 octets ---- */

#define WITH_VNNI __attribute__((target("avx512bw,avx512vl,avx512vnni")))

enum { DOT_BLOCK = 1 << 18 }; /* octets: a lane of 32 bits holds the sum of four times as many */

/* Pairs of words are added to lanes of 32 bits in one step, as numbers with a sign: each word is taken 2^15 lower,
 * which its highest bit turned round does. */
WITH_VNNI static inline __m256i dot_add(__m256i sum, __m256i words)
{
    return _mm256_dpwssd_epi32(sum, _mm256_xor_si256(words, _mm256_set1_epi16(INT16_MIN)), _mm256_set1_epi16(1));
}

WITH_VNNI static inline __m256i dot_load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i_u *)at);
}

/* The lanes, and what `octets` octets were taken too low. */
WITH_VNNI static inline uint64_t dot_total(__m256i lanes, size_t octets)
{
    wide all = (wide)_mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes)),
                                      _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1)));

    return all[0] + all[1] + all[2] + all[3] + (uint64_t)octets / 2 * 0x8000;
}

/* Of at most DOT_BLOCK octets; four sums, that do not wait for one another. */
WITH_VNNI static inline uint64_t dot_sum(const uint8_t *data, size_t length)
{
    __m256i first = _mm256_setzero_si256(), second = first, third = first, fourth = first;
    size_t vectors = (length + WIDE - 1) / WIDE;

    for (; length >= 4 * WIDE; length -= 4 * WIDE, data += 4 * WIDE) {
        first = dot_add(first, dot_load(data));
        second = dot_add(second, dot_load(data + WIDE));
        third = dot_add(third, dot_load(data + 2 * WIDE));
        fourth = dot_add(fourth, dot_load(data + 3 * WIDE));
    }
    for (; length >= WIDE; length -= WIDE, data += WIDE)
        first = dot_add(first, dot_load(data));
    if (length != 0)
        second = dot_add(second, _mm256_maskz_loadu_epi8((UINT32_C(1) << length) - 1, data));
    return dot_total(_mm256_add_epi32(_mm256_add_epi32(first, second), _mm256_add_epi32(third, fourth)),
                     vectors * WIDE);
}

WITH_VNNI uint64_t octets_sum_vnni(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;

    for (; length > DOT_BLOCK; length -= DOT_BLOCK, data += DOT_BLOCK)
        sum += dot_sum(data, DOT_BLOCK);
    return sum + dot_sum(data, length);
}

#endif

/* ---- as the machine can ---- */

void octets_copy_other(uint8_t *to, const uint8_t *from, size_t length)
{
#ifdef OCTETS_AVX2
    if (length > OCTETS_SHORT && octets_have_avx2()) {
        octets_copy_avx2(to, from, length);
        return;
    }
#endif
    if (length != 0) /* nothing may be nowhere */
        memcpy(to, from, length);
}

uint64_t octets_sum_long(const uint8_t *data, size_t length)
{
#ifdef OCTETS_AVX2
    if (octets_have_vnni())
        return octets_sum_vnni(data, length);
    if (octets_have_avx2())
        return octets_sum_avx2(data, length);
#endif
    return octets_sum_plain(data, length);
}

uint64_t octets_copy_sum_long(uint8_t *to, const uint8_t *from, size_t length)
{
#ifdef OCTETS_AVX2
    if (octets_have_avx2())
        return octets_copy_sum_avx2(to, from, length);
#endif
    return octets_copy_sum_plain(to, from, length);
}
