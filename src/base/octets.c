/* base/octets.c: see octets.h. Stores are aligned to a vector: an unaligned one that crosses a line counts twice, and on a
 * long block that is a third of the time. */
#include "base/octets.h"

/* ---- any machine: 16 octets ---- */

enum { PLAIN_STEP = 32 };

uint64_t octets_sum_plain(const uint8_t *data, size_t length)
{
    return octets_sum_short(data, length);
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
#define ALWAYS_INLINE __attribute__((always_inline))

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

WITH_AVX2 static inline ALWAYS_INLINE void wide_add_four(struct wide_sum *sum, const uint8_t *data)
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
WITH_AVX2 static inline ALWAYS_INLINE void wide_copy_four(uint8_t *to, const uint8_t *from, bool summed, struct wide_sum *sum)
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

/* Both copies: one adds. The octets in front of the first aligned store are added apart, which is worth it for long blocks
 * only; the last ones may be copied a second time. */
WITH_AVX2 static inline ALWAYS_INLINE uint64_t wide_copy(uint8_t *to, const uint8_t *from, size_t length, bool summed)
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
