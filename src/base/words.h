/* base/words.h: the Internet checksum (RFC 1071) of a few octets whose number the compiler knows: headers.
 *
 * Words of 32 bits are added in the machine's order; the one's complement sum does not care, and its result
 * is turned round once, if at all (RFC 1071 §2(B)). What is longer, or of any length, is checksum.h's. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <string.h>

#include "baro/types.h"

/* `octets`, a multiple of four, added to `sum`. */
static inline uint64_t words_add(uint64_t sum, const uint8_t *at, unsigned octets)
{
    for (unsigned i = 0; i < octets; i += 4) {
        uint32_t word;

        memcpy(&word, at + i, sizeof word);
        sum += word;
    }
    return sum;
}

/* Sixteen bits, still in the machine's order. */
static inline uint16_t words_fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* As checksum.h's partial sums are: of words in network order. */
static inline uint64_t words_to_network(uint64_t sum)
{
    uint16_t folded = words_fold(sum);
    uint8_t octet[2];

    memcpy(octet, &folded, sizeof octet);
    return (uint64_t)octet[0] << 8 | octet[1];
}

/* Is the sum of all that lies under a checksum, that field included, right? */
static inline bool words_are_right(uint64_t sum)
{
    return words_fold(sum) == 0xffff;
}

#endif
