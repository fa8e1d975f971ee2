/* base/octets.h: blocks of octets copied, summed, or both in one pass.
 *
 * Up to 64 octets (headers, small messages) the work is done in place: a call costs as much as it. Above, it is done by the
 * widest vectors that measured faster, AVX2's where the machine has them: which is asked anew each time, one load and one
 * branch that is always predicted the same, so that nothing has to be remembered in a static variable. The results are
 * the same octet for octet and sum for sum on every machine.
 *
 * A copy is not left to memcpy: glibc's uses `rep movsb` from some 4 KiB on, which AMD's Zen 3 and 4 do at 2 GB/s in place of
 * 50 where the destination lies less than 64 octets above the source modulo 4,096. A ring and a frame lie so now and then.
 *
 * A native sum is one of 16-bit words in the machine's order, carries kept: congruent modulo 65,535, 0 for nothing but
 * zeros, below 2^40. An odd last octet counts as if a zero followed. base/checksum.h makes checksums of it (RFC 1071 §2(B)). */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { OCTETS_SHORT = 64 };

#if defined(__x86_64__) && defined(__GNUC__)
#define OCTETS_AVX2 1
#endif

/* What each machine has, and AVX2. For lengths above OCTETS_SHORT; the areas do not overlap. */
uint64_t octets_sum_plain(const uint8_t *data, size_t length);
uint64_t octets_copy_sum_plain(uint8_t *to, const uint8_t *from, size_t length);
#ifdef OCTETS_AVX2
void octets_copy_avx2(uint8_t *to, const uint8_t *from, size_t length);
uint64_t octets_sum_avx2(const uint8_t *data, size_t length);
uint64_t octets_copy_sum_avx2(uint8_t *to, const uint8_t *from, size_t length);
#endif

/* Does this machine have AVX2, and its system keep the registers? */
static inline bool octets_have_avx2(void)
{
#ifdef OCTETS_AVX2
    return __builtin_cpu_supports("avx2") != 0;
#else
    return false;
#endif
}

/* octets.c: the copy of what octets_copy does not do in place. */
void octets_copy_other(uint8_t *to, const uint8_t *from, size_t length);
/* octets.c: above OCTETS_SHORT, as the machine can. */
uint64_t octets_sum_long(const uint8_t *data, size_t length);
uint64_t octets_copy_sum_long(uint8_t *to, const uint8_t *from, size_t length);

static inline void octets_copy_16(uint8_t *to, const uint8_t *from)
{
    memcpy(to, from, 16);
}

/* As memcpy. */
static inline void octets_copy(uint8_t *to, const uint8_t *from, size_t length)
{
    if (length < 16 || length > OCTETS_SHORT) {
        octets_copy_other(to, from, length);
        return;
    }
    octets_copy_16(to, from);
    if (length > 32) {
        octets_copy_16(to + 16, from + 16);
        octets_copy_16(to + length - 32, from + length - 32);
    }
    octets_copy_16(to + length - 16, from + length - 16);
}

/* The compilers' vectors, on any machine. A sum adds 32-bit words in lanes of 64 bits, which take 2^32 of them before they
 * could overflow. */
typedef uint64_t octets_lanes __attribute__((vector_size(16)));

static inline octets_lanes octets_load(const uint8_t *at)
{
    octets_lanes word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The lower and the upper 32 bits of both lanes. */
static inline octets_lanes octets_halves(octets_lanes word)
{
    return (word & UINT32_MAX) + (word >> 32);
}

static inline uint64_t octets_total(octets_lanes sum)
{
    sum = octets_halves(sum);
    return sum[0] + sum[1];
}

/* The native sum of fewer than 32 octets. */
static inline uint64_t octets_sum_last(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    uint32_t word[4];
    uint16_t half = 0;

    if (length & 16) {
        memcpy(word, data, 16);
        sum = (uint64_t)word[0] + word[1] + word[2] + word[3];
        data += 16;
    }
    if (length & 8) {
        memcpy(word, data, 8);
        sum += (uint64_t)word[0] + word[1];
        data += 8;
    }
    if (length & 4) {
        memcpy(word, data, 4);
        sum += word[0];
        data += 4;
    }
    if (length & 2) {
        memcpy(&half, data, 2);
        sum += half;
        data += 2;
    }
    if (length & 1) {
        half = 0;
        memcpy(&half, data, 1);
        sum += half;
    }
    return sum;
}

/* The native sum in place, whatever the length. */
static inline uint64_t octets_sum_short(const uint8_t *data, size_t length)
{
    octets_lanes even = { 0 }, odd = { 0 }; /* two, that do not wait for one another */

    if (length < 32)
        return octets_sum_last(data, length);
    for (; length >= 32; length -= 32, data += 32) {
        even += octets_halves(octets_load(data));
        odd += octets_halves(octets_load(data + 16));
    }
    return octets_total(even + odd) + octets_sum_last(data, length);
}

#endif
