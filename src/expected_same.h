/* expected_same.h: does a frame say the same as another one in front of its ports? Then all that was found of that
 * one's headers is true of it, too, IP's sum included.
 *
 * So do those of a peer with many connections, or of many clients behind one address: where packets that are not to be
 * cut are not numbered (ours are not) IPv4's headers are the same, IPv6's but for their flow labels. */
#ifndef EXPECTED_SAME_H
#define EXPECTED_SAME_H

#include <string.h>

#include "base/inline.h"
#include "expected.h"

/* Of both, at `at`: 0 where they are the same. */
static inline uint64_t expected_differs(const uint8_t *one, const uint8_t *other, unsigned at)
{
    uint64_t word, other_word;

    memcpy(&word, one + at, sizeof word);
    memcpy(&other_word, other + at, sizeof word);
    return word ^ other_word;
}

static inline uint32_t expected_differs_two(const uint8_t *one, const uint8_t *other, unsigned at)
{
    uint16_t word, other_word;

    memcpy(&word, one + at, sizeof word);
    memcpy(&other_word, other + at, sizeof word);
    return (uint32_t)(word ^ other_word);
}

/* All but the flow label's 20 bits, which begin in the middle of an octet. */
static inline uint64_t expected_differs_v6(const uint8_t *one, const uint8_t *other)
{
    static const uint8_t front[] = { 255, 255, 255, 255, 255, 255, 255, 0xf0 },
                         behind[] = { 0, 0, 255, 255, 255, 255, 255, 255 };
    uint64_t first, second;

    memcpy(&first, front, sizeof first);
    memcpy(&second, behind, sizeof second);
    return expected_differs(one, other, 0) | (expected_differs(one, other, 8) & first) |
           (expected_differs(one, other, 16) & second) | expected_differs(one, other, 24) |
           expected_differs(one, other, 32) | expected_differs(one, other, 40) |
           expected_differs(one, other, EXPECTED_V6_PORTS - 8);
}

_Static_assert(EXPECTED_V4_PORTS == 34 && EXPECTED_V6_PORTS == 54, "so many octets are compared");

/* Does `frame` say the same as `one`, of which so much was found? By IPv4 addresses are asked first: many peers have as
 * many. */
ALWAYS_INLINE bool expected_same(const struct baro_rx_frame *one, const struct tcp_arrival *found,
                                 const struct baro_rx_frame *frame)
{
    const uint8_t *at = one->data, *other = frame->data;

    if (found->family == BARO_FAMILY_IPV6)
        return frame->length >= EXPECTED_V6_PORTS + found->length && expected_differs_v6(at, other) == 0;
    return frame->length >= EXPECTED_V4_PORTS + found->length && expected_differs(at, other, 24) == 0 &&
           (expected_differs(at, other, 0) | expected_differs(at, other, 8) | expected_differs(at, other, 16) |
            expected_differs_two(at, other, 32)) == 0;
}

/* What was found of `one`. */
ALWAYS_INLINE void expected_found(const struct expected_frame *one, const struct baro_rx_frame *frame,
                                  struct expected_frame *expected)
{
    const struct tcp_arrival *found = &one->segment;
    struct tcp_arrival *segment = &expected->segment;
    const bool v6 = found->family == BARO_FAMILY_IPV6;

    expected->seems = true;
    expected->changes = one->changes;
    segment->addresses = frame->data + (v6 ? EXPECTED_V6_ENDS : EXPECTED_V4_ENDS);
    segment->octets = frame->data + (v6 ? EXPECTED_V6_PORTS : EXPECTED_V4_PORTS);
    segment->length = found->length;
    segment->sum_of_pseudo = found->sum_of_pseudo;
    segment->family = found->family;
    segment->source_zone = found->source_zone;
    segment->destination_zone = found->destination_zone;
    segment->tos = found->tos;
    segment->gso_size = frame->gso_size;
    segment->checksum_verified = frame->checksum == BARO_RX_CHECKSUM_VERIFIED;
}

#endif
