/* transport/tcp/expected_again.c: a run: segments of one connection, one behind the other in a burst, that differ in nothing but
 * their text.
 *
 * Of a bulk transfer comes one full-sized segment after the other: the same flags, acknowledgment, window and options, and the
 * next sequence number. Of the first of them expected.c has asked everything, and the answers are good for all, since nothing
 * comes between two segments of a burst. What is left of RFC 9293 §3.10.7.4 is asked and done for each segment alone, by the
 * same functions:
 *
 *   - it is at RCV.NXT, within the window, and the ring has room;
 *   - its sum is right;
 *   - the timestamp, which is the one before again, becomes TS.Recent where the last ACK was in front of it (RFC 7323 §4.3);
 *   - the text, and whether it is acknowledged now: at least every second full-sized segment (RFC 5681 §4.2).
 *
 * What is left out would change nothing: that segment's ACK and window are known (SND.WL1 moves), its tuning, timers and
 * wishes are of this moment already, and whoever is to be told of it is told. A segment that says anything else, an ACK, a mark,
 * a FIN, another clock, is not of the run: expected.c asks anew, and the next run may begin with it. So does one behind a drain,
 * which may have sent what there was. PSH says only when the ACK leaves, and may be set. */
#include "transport/tcp/expected_steps.h"

enum { ACK_AT = 8, FLAGS_AT = 12, URGENT_AT = 18 };

/* Is all of both headers the same but sequence number, sum and PSH? */
static inline bool is_alike(const uint8_t *header, const uint8_t *last, bool stamped)
{
    const uint32_t flags = read_be32(header + FLAGS_AT) ^ read_be32(last + FLAGS_AT);

    return memcmp(header + ACK_AT, last + ACK_AT, 4) == 0 && (flags & ~((uint32_t)TCP_FLAG_PSH << 16)) == 0 &&
           (stamped ? memcmp(header + URGENT_AT, last + URGENT_AT, HEADER_STAMPED - URGENT_AT) == 0
                    : memcmp(header + URGENT_AT, last + URGENT_AT, HEADER_PLAIN - URGENT_AT) == 0);
}

/* Has it text and no flag of its own, and is its connection behind it still one whose segments are expected, with the window that
 * it said? */
static __attribute__((noinline)) bool begins_run(struct tcp_connection *c, const struct tcp_arrival *first)
{
    const bool stamped = (c->flags & TCP_TIMESTAMPS) != 0;
    struct expected_segment segment;

    return arrival_read(&segment, first, stamped, TCP_FLAG_PSH, 0) && segment.octets != 0 && tcp_is_at_ease(c) &&
           seq_eq(c->snd.wl1, segment.seq) && seq_eq(c->snd.wl2, segment.ack);
}

/* `stamped`: with timestamps. Two copies are made of this, so that neither asks. */
IN_PLACE bool take(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival, const struct tcp_arrival *before,
                   bool stamped)
{
    struct expected_segment segment;

    if (!is_alike(arrival->octets, before->octets, stamped) || (tcp->run != before->octets && !begins_run(c, before)))
        return false;
    arrival_values(&segment, arrival, stamped);
    if (!seq_eq(segment.seq, c->rcv.nxt) || !expected_may_take(c, &segment, arrival->tos) ||
        !expected_sum_is_right(tcp, c, &segment, arrival, stamped))
        return false;
    expected_arrived(tcp, c, &segment, stamped);
    c->snd.wl1 = segment.seq;
    expected_take_text(tcp, c, &segment, arrival->tos);
    tcp_acknowledge_text(tcp, c, tcp_when_to_acknowledge(c, (arrival->octets[13] & TCP_FLAG_PSH) != 0));
    tcp->run = arrival->octets;
    tcp->again++;
    return true;
}

BUSY bool tcp_expected_again(struct tcp *tcp, const struct tcp_arrival *arrival, const struct tcp_arrival *before)
{
    struct tcp_connection *c = tcp->recent_place;

    return (c->flags & TCP_TIMESTAMPS) != 0 ? take(tcp, c, arrival, before, true) : take(tcp, c, arrival, before, false);
}

void tcp_expected_anew(struct tcp *tcp)
{
    tcp->run = NULL;
}
