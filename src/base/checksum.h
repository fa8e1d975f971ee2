/* base/checksum.h: the Internet checksum (RFC 1071), as partial sums that can be added.
 *
 * A partial sum is a 64-bit accumulator of big-endian 16-bit words; checksum_fold() makes the
 * 16-bit complement of it. Pieces other than the last must have an even length.
 *
 * All of it is short and stands here to be done in place; what is longer than a header is base/octets.h's. Words are
 * added in the machine's order and the sum is turned round once at the end: the one's complement sum does not care (RFC
 * 1071 §2(B)). */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "baro/types.h"
#include "base/octets.h"

/* A native sum as a partial one, below 2^33. Turning all octets round swaps each 16-bit word, and the order of words
 * does not matter. */
static inline uint64_t checksum_of_native(uint64_t native)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    native = __builtin_bswap64(native);
#endif
    return (native & UINT32_MAX) + (native >> 32);
}

/* Adds `length` octets to `sum`; an odd last octet counts as if a zero followed. */
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t length)
{
    return sum + checksum_of_native(octets_sum(data, length));
}

/* Copies and adds in one pass. */
static inline uint64_t checksum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t length)
{
    return sum + checksum_of_native(octets_copy_sum(to, from, length));
}

/* The sum in 16 bits, 0 for 0 only. A number and itself turned by half its width: above is the sum of both halves with
 * the carry of the lower one come in again. */
static inline uint16_t checksum_fold_sum(uint64_t sum)
{
    uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

    return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* The sum of a piece that began at an odd offset. */
static inline uint64_t checksum_swap(uint64_t sum)
{
    unsigned folded = checksum_fold_sum(sum);

    return (folded & 0xff) << 8 | folded >> 8;
}

/* The one's complement of the folded sum, in host order; 0 over data that holds a right checksum. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    return (uint16_t)~checksum_fold_sum(sum);
}

/* The pseudo-header of TCP, UDP and ICMPv6: RFC 9293 §3.1, RFC 768, RFC 8200 §8.1. */
static inline uint64_t checksum_pseudo(struct baro_address source, struct baro_address destination, uint8_t protocol,
                                       uint32_t length)
{
    size_t octets = source.family == BARO_FAMILY_IPV6 ? 16 : 4;
    uint64_t sum = (uint64_t)protocol + (length >> 16) + (length & 0xffff);

    return sum +
           checksum_of_native(octets_sum_short(source.octet, octets) + octets_sum_short(destination.octet, octets));
}

/* After a 16-bit field changed from `before` to `after` (RFC 1624 equation 3). */
static inline uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
    return checksum_fold((uint64_t)(uint16_t)~checksum + (uint16_t)~before + after);
}

#endif
