/* base/checksum.h: the Internet checksum (RFC 1071), as partial sums that can be added.
 *
 * A partial sum is a 64-bit accumulator of big-endian 16-bit words; checksum_fold() makes the
 * 16-bit complement of it. Pieces other than the last must have an even length. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "baro/types.h"

/* Adds `length` octets to `sum`; an odd last octet counts as if a zero followed. */
uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t length);

/* Copies and adds in one pass. */
uint64_t checksum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t length);

/* The sum of a piece that began at an odd offset. */
uint64_t checksum_swap(uint64_t sum);

/* The one's complement of the folded sum, in host order; 0 over data that holds a right checksum. */
uint16_t checksum_fold(uint64_t sum);

/* The pseudo-header of TCP, UDP and ICMPv6: RFC 9293 §3.1, RFC 768, RFC 8200 §8.1. */
uint64_t checksum_pseudo(struct baro_address source, struct baro_address destination, uint8_t protocol,
                         uint32_t length);

/* After a 16-bit field changed from `before` to `after` (RFC 1624 equation 3). */
uint16_t checksum_update(uint16_t checksum, uint16_t before, uint16_t after);

#endif
