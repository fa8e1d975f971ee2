/* base/octets.h: blocks of octets copied, summed, or both in one pass.
 *
 * Up to 64 octets (headers, small messages) the work is done in place: a call costs as much as it. Above, it is done by
 * what measured fastest: AVX2's vectors where the machine has them, and for a sum alone the dot product of AVX-512's
 * VNNI, at AVX2's width (512 bits were no faster, and copies slower). Which is asked anew each time, one load and one
 * branch that is always predicted the same, so that nothing has to be remembered in a static variable. The results are
 * the same octet for octet and checksum for checksum on every machine.
 *
 * A copy is not left to memcpy: glibc's uses `rep movsb` from some 4 KiB on, which AMD's Zen 3 and 4 do at 2 GB/s in
 * place of 50 where the destination lies less than 64 octets above the source modulo 4,096. A ring and a frame lie so
 * now and then.
 *
 * A native sum is one of 16-bit words in the machine's order, carries kept: congruent modulo 65,535, 0 for nothing but
 * zeros, below 2^63. An odd last octet counts as if a zero followed. base/checksum.h makes checksums of it (RFC 1071
 * §2(B)). */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/inline.h"

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
uint64_t octets_sum_vnni(const uint8_t *data, size_t length);
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

/* And does it have the dot product, with masked loads? */
static inline bool octets_have_vnni(void)
{
#ifdef OCTETS_AVX2
    return __builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0;
#else
    return false;
#endif
}

/* octets.c: the copy of what octets_copy does not do in place. */
void octets_copy_other(uint8_t *to, const uint8_t *from, size_t length);
/* octets.c: above OCTETS_SHORT, as the machine can. */
uint64_t octets_sum_long(const uint8_t *data, size_t length);
uint64_t octets_copy_sum_long(uint8_t *to, const uint8_t *from, size_t length);

/* The compilers' vectors, on any machine. In lanes of 64 bits whole words are added, carries lost, and their upper
 * halves apart: what is missing of the lower halves then is known. That is one step less than taking both halves out of
 * each. */
typedef uint64_t octets_lanes __attribute__((vector_size(16)));

struct octets_sum {
    octets_lanes all, upper;
};

static inline octets_lanes octets_load(const uint8_t *at)
{
    octets_lanes word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline void octets_add(struct octets_sum *sum, octets_lanes word)
{
    sum->all += word;
    sum->upper += word >> 32;
}

static inline void octets_store(uint8_t *at, octets_lanes word)
{
    memcpy(at, &word, sizeof word);
}

/* As memcpy. All is loaded before anything is stored: a load that follows a store to a place with the same low bits
 * waits for it. */
static inline void octets_copy(uint8_t *to, const uint8_t *from, size_t length)
{
    octets_lanes first, second, third, last;

    if (length < 16 || length > OCTETS_SHORT) {
        octets_copy_other(to, from, length);
        return;
    }
    first = octets_load(from);
    last = octets_load(from + length - 16);
    if (length > 32) {
        second = octets_load(from + 16);
        third = octets_load(from + length - 32);
        octets_store(to + 16, second);
        octets_store(to + length - 32, third);
    }
    octets_store(to, first);
    octets_store(to + length - 16, last);
}

/* Of fewer than 2^32 octets. */
static inline uint64_t octets_total(const struct octets_sum *sum)
{
    octets_lanes both = sum->all - (sum->upper << 32) + sum->upper;

    return both[0] + both[1];
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
    octets_lanes first, second;
    struct octets_sum sum;

    if (length < 32)
        return octets_sum_last(data, length);
    first = octets_load(data);
    second = octets_load(data + 16);
    sum = (struct octets_sum){ first + second, (first >> 32) + (second >> 32) };
    for (data += 32, length -= 32; length >= 32; data += 32, length -= 32) {
        first = octets_load(data);
        second = octets_load(data + 16);
        octets_add(&sum, first);
        octets_add(&sum, second);
    }
    return length == 0 ? octets_total(&sum) : octets_total(&sum) + octets_sum_last(data, length);
}

/* The native sum. */
static inline uint64_t octets_sum(const uint8_t *data, size_t length)
{
    return length <= OCTETS_SHORT ? octets_sum_short(data, length) : octets_sum_long(data, length);
}

/* octets.c: the same by a call, of fewer. */
uint64_t octets_sum_other(const uint8_t *data, size_t length);

/* The same where small messages come often: of 32 to 64 octets whole vectors are added in place. */
ALWAYS_INLINE uint64_t octets_sum_message(const uint8_t *data, size_t length)
{
    octets_lanes first, second;
    struct octets_sum sum;

    if (length > OCTETS_SHORT)
        return octets_sum_long(data, length);
    if (length < 32)
        return octets_sum_other(data, length);
    first = octets_load(data);
    second = octets_load(data + 16);
    sum = (struct octets_sum){ first + second, (first >> 32) + (second >> 32) };
    if (length == 64) {
        octets_add(&sum, octets_load(data + 32));
        octets_add(&sum, octets_load(data + 48));
        return octets_total(&sum);
    }
    return octets_total(&sum) + octets_sum_other(data + 32, length - 32);
}

/* The same of octets that are copied. */
static inline uint64_t octets_copy_sum(uint8_t *to, const uint8_t *from, size_t length)
{
    uint64_t sum;

    if (length > OCTETS_SHORT)
        return octets_copy_sum_long(to, from, length);
    sum = octets_sum_short(from, length);
    octets_copy(to, from, length);
    return sum;
}

/* octets.c: the same by a call, of fewer. */
uint64_t octets_copy_sum_other(uint8_t *to, const uint8_t *from, size_t length);

/* As octets_sum_message(). */
ALWAYS_INLINE uint64_t octets_copy_sum_message(uint8_t *to, const uint8_t *from, size_t length)
{
    octets_lanes first, second, third, last;
    struct octets_sum sum;
    uint64_t total;

    if (length > OCTETS_SHORT)
        return octets_copy_sum_long(to, from, length);
    if (length < 32)
        return octets_copy_sum_other(to, from, length);
    if (length != 64) {
        total = octets_sum_message(from, length);
        octets_copy(to, from, length);
        return total;
    }
    first = octets_load(from);
    second = octets_load(from + 16);
    third = octets_load(from + 32);
    last = octets_load(from + 48);
    sum = (struct octets_sum){ first + second, (first >> 32) + (second >> 32) };
    octets_add(&sum, third);
    octets_add(&sum, last);
    octets_store(to, first);
    octets_store(to + 16, second);
    octets_store(to + 32, third);
    octets_store(to + 48, last);
    return octets_total(&sum);
}

#endif
