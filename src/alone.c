/* src/alone.c: a frame that comes alone, as the next one of a dialogue does: the first look at it, where it begins as
 * the last one did (expected.h).
 *
 * Messages of one length between the same two ends differ in nothing in front of the sequence number, if their IPv4
 * packets are not numbered: ours are not. Where a packet is numbered, or of another length, expected.c looks at its
 * header, and remembers it for the next one. */
#include "expected_same.h"

#include "base/inline.h"
#include "base/likely.h"

/* As expected_differs(). */
static inline uint32_t differs_four(const uint8_t *one, const uint8_t *other, unsigned at)
{
    uint32_t word, other_word;

    memcpy(&word, one + at, sizeof word);
    memcpy(&other_word, other + at, sizeof word);
    return word ^ other_word;
}

_Static_assert(EXPECTED_V4_FRONT == 38 && EXPECTED_V6_FRONT == 58, "so many octets are compared");

/* Has `one` the front of `other`? Ports first: where connections take turns it is they that differ. By words that lie
 * in their places: where a frame has just been copied in, one over the border of two of its stores waits for both. */
static inline bool begins_so_v4(const uint8_t *one, const uint8_t *other)
{
    return differs_four(one, other, EXPECTED_V4_PORTS) == 0 &&
           (expected_differs(one, other, 0) | expected_differs(one, other, 8) | expected_differs(one, other, 16) |
            expected_differs(one, other, 24) | expected_differs_two(one, other, 32)) == 0;
}

static inline bool begins_so_v6(const uint8_t *one, const uint8_t *other)
{
    return differs_four(one, other, EXPECTED_V6_PORTS) == 0 &&
           (expected_differs(one, other, 0) | expected_differs(one, other, 8) | expected_differs(one, other, 16) |
            expected_differs(one, other, 24) | expected_differs(one, other, 32) | expected_differs(one, other, 40) |
            expected_differs(one, other, EXPECTED_V6_PORTS - 8)) == 0;
}

/* Does all that stands in front of the sequence number say the same as in the last frame that came alone, sum of IP's
 * header included? Then each question about it has the answer that it had, and it is for the same connection, if that
 * one is still the last one heard of. */
ALWAYS_INLINE bool is_same_again(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame)
{
    struct expected_before *before = &stack->before;
    const uint8_t *at = frame->data;

    if (UNLIKELY(before->interface != interface || before->changes != stack->table.changes ||
                 frame->length < before->least))
        return false;
    if (before->type == ETHERNET_TYPE_IPV4) {
        if (!begins_so_v4(at, before->front))
            return false;
        before->segment.addresses = at + EXPECTED_V4_ENDS;
        before->segment.octets = at + EXPECTED_V4_PORTS;
    } else {
        if (before->type == 0 || !begins_so_v6(at, before->front))
            return false;
        before->segment.addresses = at + EXPECTED_V6_ENDS;
        before->segment.octets = at + EXPECTED_V6_PORTS;
    }
    before->segment.gso_size = frame->gso_size;
    before->segment.checksum_verified = frame->checksum == BARO_RX_CHECKSUM_VERIFIED;
    return LIKELY(tcp_look_up_same(stack->tcp, &before->segment));
}

bool expected_alone(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame)
{
    if (UNLIKELY(!fast_is_allowed(stack)) || !is_same_again(stack, interface, frame))
        return expected_alone_otherwise(stack, interface, frame);
    expected_counts(stack, interface, frame->length, 1);
    expected_segment(stack, interface, &stack->before.segment);
    return true;
}
