/* transport/tcp/expected_acks.c: a run of ACKs: segments of one connection without text, one behind the other in a
 * burst.
 *
 * The sender of a bulk transfer hears one for two segments. Each acknowledges more, and is asked and acted upon as in
 * expected.c, by the same functions: what is measured and how the congestion window grows depends on each. But nothing
 * comes between two segments of a burst, so this is left out:
 *
 *   - whose it is, and when something was heard: as of the first;
 *   - may more leave? No more waits to be sent than did with the first, and the intent to send it stands since then;
 *   - timers: each ACK would begin them anew, so the last one does.
 *
 * The first is one that expected.c took: it has no FIN, and none of ours waits for its ACK (expected_end.c). */
#include "transport/tcp/expected_steps.h"

static inline bool sum_is_right(const struct tcp_arrival *arrival, bool stamped)
{
    return arrival->checksum_verified ||
           LIKELY(words_are_right(stamped ? arrival_sum(arrival, HEADER_STAMPED) : arrival_sum(arrival, HEADER_PLAIN)));
}

/* `stamped`: with timestamps. Two copies are made of this, so that neither asks. */
ALWAYS_INLINE unsigned take(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *first,
                            const struct baro_rx_frame frame[], ptrdiff_t at, unsigned count, bool stamped)
{
    struct tcp_arrival next = *first;
    struct expected_segment segment;
    bool any = false;
    unsigned taken;

    if (!arrival_read(&segment, first, stamped, TCP_FLAG_PSH) || (c->flags & TCP_FIN_SENT) != 0)
        return 0;
    for (taken = 0; taken < count; taken++) {
        next.octets = frame[taken].data + at;
        if (!arrival_read(&segment, &next, stamped, TCP_FLAG_PSH) || !expected_is_next(c, &segment, stamped) ||
            !expected_is_at_ease(c) || !sum_is_right(&next, stamped))
            break;
        if (stamped)
            expected_stamp(tcp, c, &segment);
        if (!seq_eq(segment.ack, c->snd.una)) {
            expected_acknowledges(tcp, c, &segment, true, false);
            any = true;
        }
        tcp_update_window(tcp, c, segment.seq, segment.ack, arrival_window(&next, c->snd_scale));
    }
    if (taken == 0)
        return 0;
    if (any)
        expected_timers(tcp, c, false);
    if (c->sender != NULL) /* else it is not armed */
        c->deadline_ns[TCP_TIMER_REORDER] = 0;
    tcp->expected += taken;
    tcp->acks += taken;
    tcp->core->counters.tcp_in += taken;
    c->segments_in += taken;
    return taken;
}

unsigned tcp_expected_acks(struct tcp *tcp, const struct tcp_arrival *first, const struct baro_rx_frame frame[],
                           ptrdiff_t at, unsigned count)
{
    struct tcp_connection *c = first->place;

    return (c->flags & TCP_TIMESTAMPS) != 0 ? take(tcp, c, first, frame, at, count, true)
                                            : take(tcp, c, first, frame, at, count, false);
}
