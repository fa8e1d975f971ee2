/* base/words.h: the native sum (base/octets.h) of a few octets whose number the compiler knows: of headers.
 *
 * Words of 64 bits with the carry added in again, which is one of RFC 1071's ways (§2(C)): an instruction for four
 * octets. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <string.h>

#include "base/checksum.h"
#include "base/inline.h"

static inline uint64_t words_carry(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* `octets`, a multiple of four, added to a native sum. Two words a step: of few steps compilers make none. */
ALWAYS_INLINE uint64_t words_add(uint64_t sum, const uint8_t *at, unsigned octets)
{
    uint64_t word[2];
    uint32_t half;
    unsigned i = 0;

    for (; i + 16 <= octets; i += 16) {
        memcpy(word, at + i, sizeof word);
        sum = words_carry(words_carry(sum, word[0]), word[1]);
    }
    if (i + 8 <= octets) {
        memcpy(word, at + i, sizeof word[0]);
        sum = words_carry(sum, word[0]);
        i += 8;
    }
    if (i < octets) {
        memcpy(&half, at + i, sizeof half);
        sum = words_carry(sum, half);
    }
    return sum;
}

/* The native sum of a number of 32 bits, as it would stand in a packet. */
static inline uint64_t words_number(uint32_t number)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    number = __builtin_bswap32(number);
#endif
    return number;
}

/* Is it right, over all that lies under a checksum, that field included? */
static inline bool words_are_right(uint64_t sum)
{
    return checksum_fold_sum(sum) == UINT16_MAX;
}

#endif
