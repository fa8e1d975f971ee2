/* transport/tcp/exchange.h: what nearly every segment of an exchange does to a connection: both ways in do it, the
 * whole one (ack.c, sender.c, recovery.c, text.c) and the fast path (expected.c).
 *
 * It stands here to be compiled in place: each is a few comparisons that mostly find that nothing changes, and what
 * then is left to be done, seldom, is a function elsewhere. */
#ifndef TRANSPORT_TCP_EXCHANGE_H
#define TRANSPORT_TCP_EXCHANGE_H

#include "base/inline.h"
#include "base/likely.h"
#include "transport/tcp/parts.h"

/* ---- whose it is ---- */

/* tcp_resolve() in place, for one of many connections: it is not the one of the last segment. */
ALWAYS_INLINE struct tcp_connection *tcp_resolve_here(const struct tcp *tcp, struct handle handle)
{
    if (handle.value == tcp->recent.value)
        return LIKELY(pool_is_still(tcp->recent_place, handle)) ? tcp->recent_place : NULL;
    return LIKELY(tcp_kind_of(handle) == TCP_KIND_CONNECTION) ? pool_resolve_here(&tcp->connections, handle) : NULL;
}

/* ---- an ACK of new octets ---- */

#define TCP_RTT_TIMED INT64_C(-1)
#define TCP_RTT_NONE INT64_MIN

/* The round trip; `ts_echo`: 0, none. RTTM (RFC 7323 §4) where a retransmission spoilt the timed segment, the timed
 * segment otherwise: its clock is finer than the timestamps' millisecond. The sample, or TCP_RTT_NONE. */
ALWAYS_INLINE int64_t tcp_measure_untold(struct tcp *tcp, struct tcp_connection *c, struct seq ack, uint32_t ts_echo)
{
    int64_t now_ns = tcp->core->now.ns, sample_ns;

    if (LIKELY((c->flags & TCP_RTT_TIMING) != 0)) {
        if (seq_lt(ack, c->rtt_seq))
            return TCP_RTT_NONE;
        c->flags &= ~(uint32_t)TCP_RTT_TIMING;
        sample_ns = now_ns - c->rtt_at_ns;
    } else if ((c->flags & TCP_TIMESTAMPS) != 0 && ts_echo != 0) {
        uint32_t passed_ms = tcp_timestamp(tcp, c->ts_offset) - ts_echo;

        if (passed_ms > TCP_AGE_LARGEST_MS)
            return TCP_RTT_NONE; /* no echo of ours */
        /* n says that more than n - 1 and less than n + 1 have passed, 0 that it was something below one. */
        sample_ns = passed_ms != 0 ? passed_ms * NS_PER_MS : NS_PER_MS / 2;
    } else {
        return TCP_RTT_NONE;
    }
    rtt_sample(&c->rtt, sample_ns, now_ns);
    return sample_ns;
}

/* The same, and the trace hears of it. */
ALWAYS_INLINE void tcp_measure(struct tcp *tcp, struct tcp_connection *c, struct seq ack, uint32_t ts_echo)
{
    int64_t sample_ns = tcp_measure_untold(tcp, c, ack, ts_echo);

    if (sample_ns != TCP_RTT_NONE)
        TRACE(tcp->core, TCP_RTT, TRACE_N(tcp_handle(tcp, c).value), TRACE_D(sample_ns), TRACE_D(c->rtt.srtt_ns),
              TRACE_D(c->rtt.rttvar_ns), TRACE_D(c->rtt.rto_ns));
}

/* Outside of a loss recovery: is the window validated (RFC 7661)? `flight`: octets before it. */
ALWAYS_INLINE bool tcp_validate(struct tcp *tcp, struct tcp_connection *c, uint32_t acked, uint32_t flight)
{
    int64_t now_ns = tcp->core->now.ns;

    if (UNLIKELY(c->flow == NULL) && tcp_flow_open(tcp, c) == NULL)
        return true;
    if (validation_acked_is_valid(&c->flow->validation, c->snd.una, c->snd.nxt, acked, c->congestion.cwnd, flight,
                                  now_ns, c->rtt.srtt_ns))
        return true;
    if (validation_lapses(&c->flow->validation, now_ns))
        tcp_lapse(c, now_ns);
    return false;
}

/* Outside of a fast recovery: the congestion window may grow. `rtt_ns`: this ACK's sample, 0: none; or TCP_RTT_TIMED,
 * that of the timed segment, which is made of its moment only where somebody asks. */
ALWAYS_INLINE void tcp_grow_unmarked(struct tcp *tcp, struct tcp_connection *c, uint32_t acked, uint32_t flight,
                                     int64_t rtt_ns)
{
    bool valid;

    /* What waits for its time only is no unused window. */
    if (c->flow != NULL && UNLIKELY(c->flow->pacing.waiting) && flight < c->congestion.cwnd && tcp_is_paced(tcp, c))
        flight = c->congestion.cwnd;
    valid = tcp_validate(tcp, c, acked, flight);
    if (congestion_was_filled(&c->congestion, flight, tcp_payload_limit(c), !valid))
        tcp_grow_filled(tcp, c, acked, flight, rtt_ns == TCP_RTT_TIMED ? tcp->core->now.ns - c->rtt_at_ns : rtt_ns,
                        valid);
    else
        congestion_unfilled(&c->congestion);
}

/* The same, unless the ACK told of a mark: then it does not (RFC 3168 §6.1.2). */
ALWAYS_INLINE void tcp_grow(struct tcp *tcp, struct tcp_connection *c, uint32_t acked, uint32_t flight, int64_t rtt_ns)
{
    if (LIKELY((c->ecn_flags & TCP_ECN_HEARD) == 0))
        tcp_grow_unmarked(tcp, c, acked, flight, rtt_ns);
}

/* The send ring lets go of so many octets that are acknowledged; `rests`: a ring that is empty now is looked at in
 * time, which who goes on with text does anyway. */
ALWAYS_INLINE void tcp_send_passed(struct tcp *tcp, struct tcp_connection *c, uint64_t octets, bool rests)
{
    c->bytes_acked += octets;
    c->send.begin += octets;
    if (UNLIKELY(send_tuning_wants(c->congestion.cwnd, tcp_payload_limit(c)) > c->send.limit) &&
        !c->settings.send_fixed && tcp->send_size.most != 0)
        c->send.limit = send_tuning(c->send.limit, tcp->send_size.most, c->congestion.cwnd, tcp_payload_limit(c));
    if (rests && ring_used(&c->send) == 0 && tcp_rest_is_far(tcp, c))
        tcp_rest_later(tcp, c);
    if ((c->flags & TCP_WANT_WRITE) != 0 && tcp_send_room(c) >= c->send.limit / 4) {
        c->flags &= ~(uint32_t)TCP_WANT_WRITE;
        tcp_tell(tcp, c);
    }
}

/* Of all up to SND.UNA. */
ALWAYS_INLINE void tcp_send_acked(struct tcp *tcp, struct tcp_connection *c, bool rests)
{
    uint64_t una = tcp_send_offset(c, c->snd.una);

    if (UNLIKELY(una > c->send.end))
        una = c->send.end; /* the FIN's place */
    if (una > c->send.begin)
        tcp_send_passed(tcp, c, una - c->send.begin, rests);
}

/* The send window as a segment with `seq` and `ack` has it, unless a later one told. */
ALWAYS_INLINE void tcp_update_window(struct tcp *tcp, struct tcp_connection *c, struct seq seq, struct seq ack,
                                     uint32_t window)
{
    uint32_t before = c->snd.wnd;

    if (UNLIKELY(seq_gt(c->snd.wl1, seq) || (seq_eq(c->snd.wl1, seq) && seq_gt(c->snd.wl2, ack))))
        return;
    c->snd.wnd = window;
    c->snd.wl1 = seq;
    c->snd.wl2 = ack;
    if (UNLIKELY(window > c->snd.max_wnd))
        c->snd.max_wnd = window;
    if (window > before)
        tcp_window_opened(tcp, c, before);
}

/* ---- what there is to send ---- */

/* output.c: the queue of intents is full. */
void tcp_wait_for_queue(struct tcp *tcp, struct tcp_connection *c);
/* tcp_want_output() in place, for a call that sends; `handle`: the connection's. */
ALWAYS_INLINE void tcp_queue_output(struct tcp *tcp, struct tcp_connection *c, struct handle handle)
{
    struct intent *intent;

    if ((c->flags & (TCP_OUTPUT_QUEUED | TCP_OUTPUT_WAITING | TCP_CLOSED_DONE)) != 0)
        return;
    intent = intent_add(&tcp->core->intents, INTENT_TCP_OUTPUT);
    if (UNLIKELY(intent == NULL)) {
        tcp_wait_for_queue(tcp, c);
        return;
    }
    intent->owner = handle;
    c->flags |= TCP_OUTPUT_QUEUED;
}

/* ---- who is told ---- */

/* events.c: the row is full. */
void tcp_event_listed(struct tcp *tcp, struct tcp_event *event);
static inline void tcp_event_join(struct tcp *tcp, struct tcp_event *event)
{
    struct tcp_event_told *told = &tcp->row[tcp->row_end];

    if (UNLIKELY(tcp->row_end == TCP_ROW)) {
        tcp_event_listed(tcp, event);
        return;
    }
    event->next = &tcp->events;
    told->event = event;
    told->owner = event->owner;
    tcp->row_end++;
}
/* tcp_tell() in place. */
ALWAYS_INLINE void tcp_tell_here(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & TCP_OWNED) != 0 && c->event.next == NULL)
        tcp_event_join(tcp, &c->event);
}

/* ---- text ---- */

/* What the peer's full-sized segments carry is learnt by looking: options and its path make them smaller than the MSS
 * that we offered. */
static inline void tcp_learn_segment_size(struct tcp_connection *c, size_t full)
{
    if (UNLIKELY(full > c->rcv_full) && full <= UINT16_MAX)
        c->rcv_full = (uint16_t)full;
}

/* Does the receive buffer grow with the path? */
static inline bool tcp_receive_is_tuned(const struct tcp_settings *settings)
{
    return LIKELY(!settings->recv_fixed);
}

/* Text came in order and stands in the ring: what that says of the window's size. `full`: octets of its largest
 * segment. */
ALWAYS_INLINE void tcp_receive_arrived(struct tcp *tcp, struct tcp_connection *c, size_t full, uint32_t ts_echo)
{
    if (!tcp_receive_is_tuned(&c->settings)) {
        if (ring_used(&c->recv) >= c->recv.limit / 2)
            tcp_receive_grow(tcp, c, c->recv.limit * 2);
    } else if (UNLIKELY((c->flags & TCP_TIMESTAMPS) == 0)) {
        receive_tuning_window(&c->tuning, tcp->core->now, c->rcv.nxt, c->rcv.edge);
    } else if (full >= c->rcv_full && ts_echo != 0) {
        uint32_t age_ms = tcp_timestamp(tcp, c->ts_offset) - ts_echo;

        if (LIKELY(age_ms == 0))
            receive_tuning_echo(&c->tuning, 0, 0); /* who asks nothing more is done with one number */
        else if (age_ms < TCP_AGE_LARGEST_MS)
            receive_tuning_echo(&c->tuning, age_ms * 1000, least_us(&c->rtt.least));
    }
}

/* `octets` of text more stand in order behind the ring's end before, `full` of them in the largest segment. */
ALWAYS_INLINE void tcp_text_stands(struct tcp *tcp, struct tcp_connection *c, uint32_t octets, size_t full,
                                   uint32_t ts_echo)
{
    c->rcv.nxt = tcp_recv_seq(c, c->recv.end);
    c->unacknowledged += octets;
    c->progress = true; /* new text: our ACKs arrive */
    tcp_receive_arrived(tcp, c, full, ts_echo);
}

/* The same, counted, and what is learnt from it. */
ALWAYS_INLINE void tcp_text_in_order(struct tcp *tcp, struct tcp_connection *c, uint32_t octets, size_t full,
                                     uint32_t ts_echo)
{
    tcp->core->counters.tcp_data_in += octets;
    TRACE(tcp->core, TCP_DELIVERED, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(octets),
          TRACE_N(ring_used(&c->recv)));
    tcp_learn_segment_size(c, full);
    tcp_text_stands(tcp, c, octets, full, ts_echo);
}

/* When does the ACK of text in order leave? LATER: when its timer fires. */
enum tcp_when { TCP_WHEN_NOW, TCP_WHEN_SOON, TCP_WHEN_LATER };

/* `pushed`: the peer has no more to say for now. */
static inline enum tcp_when tcp_when_to_acknowledge(struct tcp_connection *c, bool pushed)
{
    const uint8_t quick = c->quick_acks;
    const bool now = c->settings.quickack || c->unacknowledged >= 2u * c->rcv_full;

    if (LIKELY(quick == 0))
        return now ? TCP_WHEN_NOW : TCP_WHEN_LATER;
    c->quick_acks = quick == TCP_QUICK_ACKS + 1 ? 0 : (uint8_t)(quick - 1);
    if (now)
        return TCP_WHEN_NOW;
    return pushed ? TCP_WHEN_SOON : quick > TCP_QUICK_ACKS ? TCP_WHEN_LATER : TCP_WHEN_NOW;
}

/* It leaves when its timer fires; no trace hears of that. */
static inline void tcp_delay_ack(struct tcp *tcp, struct tcp_connection *c)
{
    c->flags |= TCP_ACK_DELAYED;
    if (!tcp_timer_armed(c, TCP_TIMER_DELAYED_ACK))
        tcp_timer_set(tcp, c, TCP_TIMER_DELAYED_ACK, tcp->core->now.ns + TCP_ACK_DELAY_MS * NS_PER_MS);
}

/* The ACK of text in order, of which none is held out of order. */
ALWAYS_INLINE void tcp_acknowledge_text(struct tcp *tcp, struct tcp_connection *c, enum tcp_when when)
{
    if (when != TCP_WHEN_LATER) {
        when == TCP_WHEN_NOW ? tcp_send_ack_in_order(tcp, c) : tcp_send_ack_soon(tcp, c);
        return;
    }
    if (TRACE_ON(tcp->core) && !tcp_timer_armed(c, TCP_TIMER_DELAYED_ACK))
        tcp_timer_arm(tcp, c, TCP_TIMER_DELAYED_ACK, TCP_ACK_DELAY_MS * NS_PER_MS);
    tcp_delay_ack(tcp, c);
}

/* Text of an expected segment is borrowed from now on, where it stands (borrowed.c); its place is behind the ring's
 * end. */
ALWAYS_INLINE void tcp_borrow_text(struct tcp *tcp, struct tcp_connection *c, const uint8_t *text, uint32_t octets)
{
    struct tcp_borrowed *borrowed = &tcp->borrowed;
    struct tcp_borrowed_text *one = &borrowed->text[borrowed->count++];

    one->at = text;
    one->offset = c->recv.end;
    one->octets = octets;
    one->place = c;
    one->handle = tcp_handle(tcp, c);
    borrowed->unread++;
    if (c->recv.borrowed == 0)
        c->recv.borrowed = (uint16_t)borrowed->count;
}

/* Is it a ring without memory, for which the least is enough? So much is promised at least, and nothing is borrowed. */
static inline bool tcp_receive_may_begin(const struct tcp_connection *c, uint64_t end)
{
    return c->recv.data == NULL && end - c->recv.begin <= SLAB_PIECE_BYTES;
}

/* Text in order, wherever it stands. */
static inline void tcp_receive_read(const struct tcp *tcp, const struct tcp_connection *c, uint64_t offset,
                                    uint8_t *data, uint32_t length)
{
    if (c->recv.borrowed == 0)
        ring_read(&c->recv, offset, data, length);
    else
        tcp_borrowed_read(tcp, c, offset, data, length);
}

/* ---- the receive window ---- */

/* The largest window: a program may want it smaller than the buffer (TCP_WINDOW_CLAMP). */
static inline uint32_t tcp_largest_window(const struct tcp_connection *c)
{
    uint32_t clamp = c->settings.window_clamp; /* 0: none, and below that comes the largest number */

    return UNLIKELY(clamp - 1 < c->recv.limit) ? clamp : c->recv.limit;
}

/* The window that the free room allows, below 0 where there is none. */
static inline int32_t tcp_window_by_room(const struct tcp_connection *c, uint32_t largest)
{
    return (int32_t)(largest - ((1u << c->rcv_scale) - 1) - ring_used(&c->recv));
}

/* Would a window update be worth a segment (RFC 9293 §3.8.6.2.2)? */
static inline bool tcp_window_opens(const struct tcp_connection *c)
{
    uint32_t largest = tcp_largest_window(c);
    int32_t gain = tcp_window_by_room(c, largest) - seq_diff(c->rcv.edge, c->rcv.nxt);

    return gain > 0 && ((uint32_t)gain >= 2u * c->rcv_mss || (uint32_t)gain >= largest / 2);
}

/* RCV.WND for a segment sent now, as it goes into the header; moves rcv.edge. */
ALWAYS_INLINE uint16_t tcp_receive_window(struct tcp_connection *c, bool scaled)
{
    const unsigned scale = scaled ? c->rcv_scale : 0;
    const uint32_t below = (1u << scale) - 1, largest = tcp_largest_window(c);
    const uint32_t least = largest / 2 < c->rcv_mss ? largest / 2 : c->rcv_mss;
    int32_t known = seq_diff(c->rcv.edge, c->rcv.nxt), by_room = tcp_window_by_room(c, largest);
    uint32_t window = (uint32_t)(by_room - known >= (int32_t)least ? by_room : known > 0 ? known : 0);
    uint32_t told = (window + below) & ~below; /* up, so that the edge does not go back */

    if (UNLIKELY((int32_t)told > (int32_t)(c->recv.limit - ring_used(&c->recv))))
        /* down: again and again up, by every small segment, would let in more than there is room for */
        told = window & ~below;
    if (UNLIKELY(told >> scale > UINT16_MAX))
        told = (uint32_t)UINT16_MAX << scale;
    if ((int32_t)told > known)
        c->rcv.edge = seq_add(c->rcv.nxt, told);
    return (uint16_t)(told >> scale);
}

/* The grant after the program took `octets`. */
ALWAYS_INLINE void tcp_follow_reader(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    if (tcp_receive_is_tuned(&c->settings)) {
        uint32_t want = receive_tuning_taken(&c->tuning, tcp->core->now, octets);

        if (UNLIKELY(want > c->recv.limit))
            tcp_receive_grow(tcp, c, want);
        return;
    }
    c->tuning.copied += octets;
    if (c->tuning.copied >= c->recv.limit / 2) {
        tcp_receive_grow(tcp, c, c->recv.limit * 2);
        c->tuning.copied = 0;
    }
}

/* The program took `octets`, or they went to it; the window update is left to an ACK that is about to be made. */
ALWAYS_INLINE void tcp_receive_passed(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    c->recv.begin += octets;
    if (c->recv.borrowed != 0)
        tcp_borrowed_passed(tcp, c);
    if (LIKELY((c->flags & TCP_URGENT_KNOWN) == 0)) /* taken along, as every number that is compared later */
        c->rcv.up = seq_max(c->rcv.up, tcp_recv_seq(c, c->recv.begin));
    tcp_follow_reader(tcp, c, octets);
    if (ring_used(&c->recv) == 0) {
        if (LIKELY(c->ranges == NULL)) {
            ring_restart(&c->recv);
            if (c->recv.passes)
                ring_pass(&c->recv, &tcp->core->slabs);
        }
        if (tcp_rest_is_far(tcp, c))
            tcp_rest_later(tcp, c);
    }
}

/* Is it synchronised, and the peer not done? Who is at ease is the one, and closed by flags only. */
static inline bool tcp_hears_more(const struct tcp_connection *c)
{
    return LIKELY((c->flags & (TCP_AT_EASE | TCP_CLOSED_DONE | TCP_FIN_RECEIVED)) == TCP_AT_EASE) ||
           (tcp_synchronised(c) && (c->flags & TCP_FIN_RECEIVED) == 0);
}

/* The program took `octets`: the window may open. */
ALWAYS_INLINE void tcp_receive_taken(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    tcp_receive_passed(tcp, c, octets);
    if (tcp_hears_more(c) && tcp_window_opens(c)) {
        c->flags |= TCP_ACK_NOW; /* a window update, or in the next segment */
        tcp_want_output(tcp, c);
    }
}

#endif
