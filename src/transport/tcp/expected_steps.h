/* transport/tcp/expected_steps.h: the steps that the parts of header prediction, expected.c, expected_again.c and
 * expected_end.c, share.
 *
 * As in exchange.h they stand here to be compiled in place. What is tested comes first; the steps behind the sum change
 * the connection. `stamped`: it has timestamps. */
#ifndef TRANSPORT_TCP_EXPECTED_STEPS_H
#define TRANSPORT_TCP_EXPECTED_STEPS_H

#include "base/likely.h"
#include "transport/tcp/arrival.h"
#include "transport/tcp/ease.h"
#include "transport/tcp/exchange.h"

/* ---- expected_end.c ---- */

/* As tcp_expected() for what ends a stream or acknowledges its end. */
bool tcp_expected_end(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival);
/* A FIN came to a connection that was open at both ends, behind so many octets: all but the FIN itself was done. */
void tcp_expected_fin(struct tcp *tcp, struct tcp_connection *c, uint32_t octets);

/* ---- expected.c ---- */

/* Does nothing tell that anything of the flight may be lost, or came in another order? */
bool tcp_flight_is_in_order(const struct tcp_connection *c);
/* Is nothing going on but the exchange of text and its ACKs? */
bool tcp_is_at_ease(struct tcp_connection *c);
/* tcp_step_ack() of a new ACK as header prediction knows it. */
void tcp_expected_acknowledged(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment);

/* tcp_sender_acked() where nothing tells of a loss, of a flight of several moments. The round trip of what was sent
 * last. */
int64_t tcp_expected_board(struct tcp *tcp, struct tcp_connection *c);

/* ---- expected_acks.c ---- */

/* tcp_expected_again() of segments without text. */
unsigned tcp_expected_acks(struct tcp *tcp, const struct tcp_arrival *first, const struct baro_rx_frame frame[],
                           ptrdiff_t at, unsigned count);

/* ---- what is tested ---- */

/* Does nothing tell that anything of the flight may be lost, or came in another order? Runs that were sent
 * once stand in the order of their moments: where RACK's latest delivery is not younger than the first, it is
 * younger than none. */
static inline bool expected_flight_is_in_order(const struct tcp_sender *sender)
{
    const struct scoreboard *board = &sender->board;

    return (board->sacked | board->lost | board->again) == 0 &&
           (board->count == 0 || !rack_is_beyond(&sender->rack, &board->run[0]));
}

/* Is nothing going on but the exchange of text and its ACKs? */
static inline bool expected_is_at_ease(struct tcp_connection *c)
{
    return LIKELY(tcp_hears_at_ease(c) && c->state <= BARO_TCP_CLOSE_WAIT && c->snd.wnd != 0 &&
                  (c->sender == NULL || expected_flight_is_in_order(c->sender)));
}

/* Is it one of a dialogue, as nearly all are: is the connection open at both ends, has timestamps, and waits for
 * nothing but the next text? Who has these flags is ESTABLISHED, and of much that is asked otherwise the answer is
 * known. */
static inline bool expected_is_plain(const struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    const uint32_t asked = TCP_HEARS_SPECIAL | TCP_PLAIN | TCP_FIN_WANTED | TCP_FIN_SENT | TCP_FIN_RECEIVED |
                           TCP_ORPHAN | TCP_SHUT_READ | TCP_POSTED | TCP_ACK_NOW;

    return LIKELY((c->flags & asked) == TCP_PLAIN && c->snd.wnd != 0 && c->sender == NULL && arrival->gso_size == 0);
}

/* At RCV.NXT, SND.UNA <= SEG.ACK <= SND.NXT, and not older than TS.Recent. */
ALWAYS_INLINE bool expected_is_next(const struct tcp_connection *c, const struct expected_segment *segment,
                                    bool stamped)
{
    return LIKELY(seq_eq(segment->seq, c->rcv.nxt) && seq_span(segment->ack, c->snd.una) <= tcp_flight(c) &&
                  (!stamped || (int32_t)(segment->ts_value - c->ts_recent) >= 0));
}

/* Is all of ours acknowledged now, the FIN included, and was not before? */
static inline bool expected_acknowledges_fin(const struct tcp_connection *c, const struct expected_segment *segment)
{
    if (LIKELY((c->flags & TCP_FIN_SENT) == 0))
        return false;
    return seq_eq(segment->ack, c->snd.nxt) && !seq_eq(segment->ack, c->snd.una);
}

/* Does its text fit the window, and tell its marks (RFC 3168 §6.1.3) of no congestion? */
static inline bool expected_fits(const struct tcp_connection *c, uint32_t octets, uint8_t tos)
{
    return LIKELY((int32_t)octets <= seq_diff(c->rcv.edge, c->rcv.nxt) &&
                  ((tos & ECN_BITS) != ECN_CE || (c->ecn_flags & TCP_ECN_HEARS) == 0));
}

/* May text be taken from it? Somebody wants it; the ring has room, or takes it as in tcp_receive_fused(). */
static inline bool expected_may_take(const struct tcp_connection *c, const struct expected_segment *segment,
                                     uint8_t tos)
{
    const uint32_t deaf = TCP_ORPHAN | TCP_FIN_RECEIVED | TCP_SHUT_READ;

    return LIKELY((c->flags & deaf) == 0 && expected_fits(c, segment->octets, tos) &&
                  (segment->octets <= ring_space(&c->recv) || c->state == BARO_TCP_ESTABLISHED));
}

/* Does the program want it in a buffer of its own, and has room there (posted.c)? */
static inline bool expected_is_posted(const struct tcp_connection *c, uint32_t octets)
{
    return UNLIKELY((c->flags & TCP_POSTED) != 0) && octets != 0 && ring_used(&c->recv) == 0 &&
           octets <= c->posted.room - c->posted.filled;
}

/* Does the text stay in its frame (borrowed.c)? A short one does not, since a note costs more than its copy; but
 * nothing goes into the ring behind what is held. */
static inline bool expected_stays(const struct tcp *tcp, const struct tcp_connection *c, uint32_t octets)
{
    return (octets >= TCP_BORROWED_LEAST || (c->recv.borrowed != 0 && octets != 0)) && tcp->borrowed.stays;
}

/* tcp_receive_room(), in place where a ring begins: that of one of many does each time. */
ALWAYS_INLINE bool expected_has_room(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    const uint64_t end = c->recv.end + octets;

    if (LIKELY(octets <= ring_space(&c->recv)))
        return true;
    return tcp_receive_may_begin(c, end) ? ring_begin(&c->recv, &tcp->core->slabs) : tcp_receive_room(tcp, c, end);
}

/* The sum of everything, taken while the text goes behind the ring's end, or to where the program wants it
 * (segment->posted); or it stays. `alone`: it is none of a run, and often a small message. */
ALWAYS_INLINE bool expected_sum_as_posted(struct tcp *tcp, struct tcp_connection *c,
                                          const struct expected_segment *segment, const struct tcp_arrival *arrival,
                                          bool stamped, bool alone)
{
    uint32_t octets = segment->octets;
    uint64_t sum, text;

    if (!segment->posted && !expected_has_room(tcp, c, octets))
        return false;
    if (!segment->posted && expected_stays(tcp, c, octets)) {
        if (UNLIKELY(!arrival_is_right(arrival)))
            return false;
        tcp_borrow_text(tcp, c, segment->text, octets);
        return true;
    }
    if (arrival->checksum_verified) {
        if (segment->posted)
            octets_copy(c->posted.at + c->posted.filled, segment->text, octets);
        else
            ring_write(&c->recv, c->recv.end, segment->text, octets);
        return true;
    }
    sum = stamped ? arrival_sum(arrival, HEADER_STAMPED) : arrival_sum(arrival, HEADER_PLAIN);
    if (segment->posted)
        text = octets_copy_sum(c->posted.at + c->posted.filled, segment->text, octets);
    else
        text = ring_write_sum(&c->recv, c->recv.end, segment->text, octets, alone);
    return LIKELY(words_are_right(words_carry(sum, text)));
}

/* The same, and whether the program wants it. */
ALWAYS_INLINE bool expected_sum_is_right(struct tcp *tcp, struct tcp_connection *c, struct expected_segment *segment,
                                         const struct tcp_arrival *arrival, bool stamped, bool alone)
{
    segment->posted = expected_is_posted(c, segment->octets);
    return expected_sum_as_posted(tcp, c, segment, arrival, stamped, alone);
}

/* ---- the steps ---- */

/* Its timestamp becomes TS.Recent where the last ACK was in front of it (RFC 7323 §4.3). */
ALWAYS_INLINE void expected_stamp(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment)
{
    if (!seq_le(segment->seq, c->rcv.acked))
        return;
    c->ts_recent = segment->ts_value;
    c->ts_recent_at_ns = tcp->core->now.ns;
}

/* It has come: what is counted, and the timestamp. `handle`: of the connection. */
ALWAYS_INLINE void expected_arrived(struct tcp *tcp, struct tcp_connection *c, struct handle handle,
                                    const struct expected_segment *segment, bool stamped)
{
    tcp->recent = handle;
    tcp->recent_place = c;
    tcp->expected += segment->count;
    tcp->core->counters.tcp_in += segment->count;
    c->segments_in += segment->count;
    if (stamped)
        expected_stamp(tcp, c, segment);
    c->received_at_ns = tcp->core->now.ns;
}

/* SND.UNA goes to a new ACK. Cancelled timers are only cleared, here and there: tcp_timer_cancel() would tell the
 * trace. */
ALWAYS_INLINE void expected_una(struct tcp_connection *c, struct seq ack)
{
    c->snd.una = ack;
    if (seq_eq(ack, c->snd.nxt)) { /* none of them is beyond it: nothing urgent is on its way */
        c->flight.up = c->flight.small = c->retransmit_next = c->retransmit_end = ack;
    } else {
        c->flight.up = seq_max(c->flight.up, ack);
        c->flight.small = seq_max(c->flight.small, ack);
        c->retransmit_next = seq_max(c->retransmit_next, ack);
        c->retransmit_end = seq_max(c->retransmit_end, c->retransmit_next);
    }
    c->retries = 0;
    c->blackhole.timeouts = 0; /* blackhole_acked(), where nothing is tried */
    c->blackhole.outage = false;
    c->soft_error = 0;
    c->progress = true;
    c->deadline_ns[TCP_TIMER_USER_TIMEOUT] = 0;
}

/* Nothing is in flight any more. */
ALWAYS_INLINE void expected_all_acknowledged(struct tcp *tcp, struct tcp_connection *c, const bool plain)
{
    if (!plain && c->sender != NULL)
        tcp_sender_release(tcp, c);
    c->deadline_ns[TCP_TIMER_RETRANSMIT] = c->deadline_ns[TCP_TIMER_TAIL] = 0;
}

/* A new ACK, but for the timers; `rests` as tcp_send_acked() has it. `plain`: expected_is_plain(). */
ALWAYS_INLINE void expected_acknowledges(struct tcp *tcp, struct tcp_connection *c,
                                         const struct expected_segment *segment, bool rests, const bool plain)
{
    uint32_t flight = tcp_flight(c), acked = seq_span(segment->ack, c->snd.una);

    expected_una(c, segment->ack);
    tcp_measure_untold(tcp, c, segment->ack, segment->ts_echo);
    tcp_grow_unmarked(tcp, c, acked, flight, plain || c->sender == NULL ? TCP_RTT_TIMED : tcp_expected_board(tcp, c));
    if (plain)
        tcp_send_passed(tcp, c, acked, rests);
    else
        tcp_send_acked(tcp, c, rests);
}

/* And these. */
ALWAYS_INLINE void expected_timers(struct tcp *tcp, struct tcp_connection *c, const bool plain)
{
    if (seq_eq(c->snd.una, c->snd.nxt)) {
        expected_all_acknowledged(tcp, c, plain);
    } else {
        tcp_timer_start(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
        tcp_tail_arm(tcp, c);
    }
}

/* tcp_want_more_output(), where nothing was taken for lost. Of who is at ease (ease.h) nothing is to be sent again
 * either. */
ALWAYS_INLINE void expected_wants_output(struct tcp *tcp, struct tcp_connection *c)
{
    const uint32_t asked = TCP_AT_EASE | TCP_ACK_NOW | TCP_FIN_WANTED | TCP_FIN_SENT;

    if ((c->flags & asked) != TCP_AT_EASE || tcp_unsent_text(c) != 0)
        tcp_want_more_output(tcp, c);
}

/* The text stands where it belongs. */
ALWAYS_INLINE void expected_text_stands(struct tcp *tcp, struct tcp_connection *c,
                                        const struct expected_segment *segment, const bool plain)
{
    c->recv.end += segment->octets;
    tcp_text_stands(tcp, c, segment->octets, segment->full, segment->ts_echo);
    if (!plain && UNLIKELY((c->flags & TCP_POSTED) != 0))
        segment->posted ? tcp_posted_filled(tcp, c, segment->octets) : tcp_posted_fill(tcp, c);
}

/* The same, and what is learnt and counted with it. */
ALWAYS_INLINE void expected_take_text(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment,
                                      uint8_t tos, const bool plain)
{
    c->data_in += segment->count;
    if ((c->ecn_flags & (TCP_ECN_HEARS | TCP_ECN_SEEN)) == TCP_ECN_HEARS && (tos & ECN_BITS) != ECN_NOT_ECT)
        c->ecn_flags |= TCP_ECN_SEEN;
    c->text_at_ns = tcp->core->now.ns;
    tcp->core->counters.tcp_data_in += segment->octets;
    tcp_learn_segment_size(c, segment->full);
    expected_text_stands(tcp, c, segment, plain);
}

#endif
