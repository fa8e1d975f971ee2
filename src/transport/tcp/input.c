/* transport/tcp/input.c: a segment arrives (RFC 9293 §3.10.7).
 *
 * The order is the RFC's: whose is it; in the synchronised states first the sequence number (with PAWS before it,
 * RFC 7323 §5.3), second RST, fourth SYN, fifth ACK, sixth URG, seventh the text, eighth FIN; one helper a step. A
 * helper that ends the segment's way returns the reason. RFC 5961's stricter tests replace the older ones.
 *
 * A connection that ends on the way is only marked; it is freed when the segment is done with. */
#include "transport/tcp/ease.h"
#include "transport/tcp/expected.h"
#include "transport/tcp/rest.h"
#include "transport/tcp/stretch_ack.h"

#include "base/bytes.h"

static enum baro_drop_reason for_connection(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    enum baro_drop_reason reason;
    bool sum_ok = true;

    /* One pass over the octets where possible; nothing is believed before the sum is right. */
    if (!tcp_receive_fused(tcp, c, segment, &sum_ok))
        sum_ok = segment_checksum_ok(segment);
    if (!sum_ok)
        return BARO_DROP_TCP_CHECKSUM;
    TRACE(tcp->core, TCP_FOUND, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(BARO_TRACE_FOUND_CONNECTION),
          TRACE_N(c->state));
    tcp_trace_connection(tcp, c, false);
    tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    tcp_ease_ends(c);
    c->segments_in += segment->count;
    if (segment->data.length != 0) {
        c->data_in += segment->count;
        if (c->ranges != NULL || !seq_eq(segment->seq, c->rcv.nxt))
            tcp_text_is_uneven(c);
    }
    reason = c->state == BARO_TCP_SYN_SENT ? tcp_input_syn_sent(tcp, c, segment)
                                           : tcp_input_synchronised(tcp, c, segment);
    tcp_trace_connection(tcp, c, true);
    tcp_reap(tcp, c);
    return reason;
}

static enum baro_drop_reason for_nobody(struct tcp *tcp, struct segment *segment)
{
    struct tcp_listener *listener;

    if (!segment_checksum_ok(segment))
        return BARO_DROP_TCP_CHECKSUM;
    listener = tcp_find_listener(tcp, &segment->local, &segment->remote);
    TRACE(tcp->core, TCP_FOUND, TRACE_N(listener == NULL ? 0 : tcp_listener_handle(tcp, listener).value),
          TRACE_N(listener == NULL ? BARO_TRACE_FOUND_NOTHING : BARO_TRACE_FOUND_LISTENER),
          TRACE_N(listener == NULL ? BARO_TCP_CLOSED : BARO_TCP_LISTEN));
    if (listener == NULL)
        return tcp_input_closed(tcp, segment);
    return tcp_input_listen(tcp, listener, segment);
}

/* It cannot wake for this segment, which comes again; not so a RST that ends it, for which no promise is needed. NULL:
 * it goes on resting. */
static __attribute__((noinline)) struct tcp_connection *wake_to_end(struct tcp *tcp, struct handle handle,
                                                                    const struct segment *segment)
{
    struct tcp_sleeper sleeper;

    if ((segment->flags & TCP_FLAG_RST) == 0 || !seq_eq(segment->seq, tcp_look(tcp, handle, &sleeper)->rcv.nxt))
        return NULL;
    return tcp_wake_to_end(tcp, handle);
}

static enum baro_drop_reason dispatch(struct tcp *tcp, struct segment *segment,
                                      const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = arrival == NULL ? NULL : tcp_looked_up(tcp, arrival);
    struct handle handle;

    if (c != NULL) {
        segment->hash = c->hash;
        return for_connection(tcp, c, segment);
    }
    segment->hash = arrival != NULL && !arrival->sure
                        ? arrival->hash
                        : demux_hash_whole(&tcp->demux, &segment->local, &segment->remote);
    handle = tcp_find_by_hash(tcp, (uint32_t)segment->hash, &segment->local, &segment->remote);
    if (handle_is_none(handle))
        return for_nobody(tcp, segment);
    if (tcp_kind_of(handle) == TCP_KIND_CONNECTION)
        return for_connection(tcp, tcp_resolve(tcp, handle), segment);
    if (tcp_is_at_rest(handle)) {
        if (!segment_checksum_ok(segment))
            return BARO_DROP_TCP_CHECKSUM; /* nobody is woken for it */
        c = tcp_wake(tcp, handle, NULL);
        if (UNLIKELY(c == NULL))
            c = wake_to_end(tcp, handle, segment);
        return c == NULL ? BARO_DROP_NO_SOCKET_MEMORY : for_connection(tcp, c, segment);
    }
    if (!segment_checksum_ok(segment))
        return BARO_DROP_TCP_CHECKSUM;
    if (tcp_kind_of(handle) == TCP_KIND_HALF_OPEN) {
        TRACE(tcp->core, TCP_FOUND, TRACE_N(handle.value), TRACE_N(BARO_TRACE_FOUND_CONNECTION),
              TRACE_N(BARO_TCP_SYN_RECEIVED));
        return tcp_input_half_open(tcp, tcp_resolve_half_open(tcp, handle), segment);
    }
    TRACE(tcp->core, TCP_FOUND, TRACE_N(handle.value), TRACE_N(BARO_TRACE_FOUND_TIME_WAIT),
          TRACE_N(BARO_TCP_TIME_WAIT));
    return tcp_input_time_wait(tcp, handle, segment);
}

/* A SYN's options that this stack goes without. */
static void leave_out(const struct tcp *tcp, struct tcp_options *options)
{
    if (tcp->without & BARO_TCP_WITHOUT_SACK)
        options->sack_permitted = false;
    if (tcp->without & BARO_TCP_WITHOUT_TIMESTAMPS)
        options->has_timestamps = false;
    if (tcp->without & BARO_TCP_WITHOUT_SCALE)
        options->has_scale = false;
}

enum baro_drop_reason tcp_in_looked_up(struct tcp *tcp, const struct ip_packet *packet,
                                      const struct tcp_arrival *arrival)
{
    struct segment segment;
    enum baro_drop_reason reason = segment_read(&segment, packet);

    tcp->core->counters.tcp_in += segment.count;
    if (reason != BARO_DROP_TCP_TRUNCATED)
        segment_trace(tcp, &segment);
    if (reason == BARO_DROP_NONE && (segment.flags & TCP_FLAG_SYN) != 0 && tcp->without != 0)
        leave_out(tcp, &segment.options);
    if (reason == BARO_DROP_NONE)
        reason = dispatch(tcp, &segment, arrival);
    return reason == BARO_DROP_NONE ? reason : core_drop(tcp->core, reason);
}

enum baro_drop_reason tcp_in(struct tcp *tcp, const struct ip_packet *packet)
{
    return tcp_in_looked_up(tcp, packet, NULL);
}

/* RFC 9293 §3.10.7.1: CLOSED. */
enum baro_drop_reason tcp_input_closed(struct tcp *tcp, const struct segment *segment)
{
    if ((segment->flags & TCP_FLAG_RST) == 0)
        tcp_send_reset_for(tcp, segment);
    return BARO_DROP_TCP_NO_CONNECTION;
}

/* RFC 9293 §3.10.7.4 and RFC 7323 §5.3 R1 to R3. */
enum baro_drop_reason tcp_step_paws(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;
    bool old;

    if ((c->flags & TCP_TIMESTAMPS) == 0 || (segment->flags & TCP_FLAG_RST) != 0)
        return BARO_DROP_NONE;
    if (!options->has_timestamps)
        return BARO_DROP_TCP_NO_TIMESTAMP;
    /* After 24 days of silence TS.Recent means nothing any more (§5.5). */
    old = (int32_t)(options->ts_value - c->ts_recent) < 0 &&
          tcp->core->now.ns - c->ts_recent_at_ns < 24 * 86400 * NS_PER_S;
    TRACE(tcp->core, TCP_PAWS_TEST, TRACE_N(options->ts_value), TRACE_N(c->ts_recent), TRACE_N(!old));
    if (!old)
        return BARO_DROP_NONE;
    if (segment_length(segment) == 0)
        tcp_send_blind_ack(tcp, c);
    else
        tcp_send_ack(tcp, c);
    return BARO_DROP_TCP_PAWS;
}

static bool acceptable(const struct tcp_connection *c, const struct segment *segment)
{
    /* What a RST carries is a remark, not text (SHLD-2): it counts at a closed window too (MUST-66). */
    uint32_t window = tcp_recv_window(c), length = segment->flags & TCP_FLAG_RST ? 0 : segment_length(segment);
    struct seq last = seq_add(segment->seq, length - 1);

    if (length == 0) {
        /* A pure ACK at the very edge comes from a sender that has filled the window: its news is good. */
        bool edge = seq_eq(segment->seq, c->rcv.edge) && (segment->flags & TCP_FLAG_RST) == 0;
        return window == 0 ? seq_eq(segment->seq, c->rcv.nxt)
                           : seq_within(segment->seq, c->rcv.nxt, window) || edge;
    }
    return window != 0 && (seq_within(segment->seq, c->rcv.nxt, window) || seq_within(last, c->rcv.nxt, window));
}

/* First: check the sequence number. RFC 9293 §3.10.7.4. */
enum baro_drop_reason tcp_step_sequence(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    uint32_t window = tcp_recv_window(c), length = segment_length(segment);
    bool accepted = acceptable(c, segment);

    TRACE(tcp->core, TCP_SEQUENCE_TEST, TRACE_N(segment->seq.value), TRACE_N(length), TRACE_N(c->rcv.nxt.value),
          TRACE_N(window), TRACE_N(accepted));
    if (accepted) {
        /* RFC 7323 §4.3: remember the peer's timestamp when the segment covers Last.ACK.sent. */
        if ((c->flags & TCP_TIMESTAMPS) != 0 && segment->options.has_timestamps &&
            (segment->flags & TCP_FLAG_RST) == 0 && seq_le(segment->seq, c->rcv.acked)) {
            c->ts_recent = segment->options.ts_value;
            c->ts_recent_at_ns = tcp->core->now.ns;
        }
        return BARO_DROP_NONE;
    }
    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_OUT_OF_WINDOW;
    if (window == 0 && seq_eq(segment->seq, c->rcv.nxt) && (segment->flags & TCP_FLAG_SYN) == 0) {
        /* A probe of our closed window: answered at once; its ACK and URG count, its text does not (MUST-66). */
        /* else the fifth step has the answer */
        if ((segment->flags & TCP_FLAG_ACK) == 0 || tcp_ack_in_range(c, segment))
            tcp_send_ack(tcp, c);
        segment->data.length = 0;
        segment->copied = false;
        segment->fin = false;
        segment->flags &= (uint8_t)~TCP_FLAG_FIN;
        return BARO_DROP_NONE;
    }
    if (length == 0 || (segment->flags & TCP_FLAG_SYN) != 0)
        tcp_send_blind_ack(tcp, c);
    else
        tcp_send_ack_repeated(tcp, c, tcp_sack_old(c, segment));
    return length != 0 && seq_le(seq_add(segment->seq, length), c->rcv.nxt) ? BARO_DROP_TCP_DUPLICATE
                                                                            : BARO_DROP_TCP_OUT_OF_WINDOW;
}

/* Second: RST. RFC 5961 §3: only the exact sequence number resets, others in the window are asked to prove. */
enum baro_drop_reason tcp_step_rst(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    int error = ECONNRESET;

    if ((segment->flags & TCP_FLAG_RST) == 0)
        return BARO_DROP_NONE;
    if (!seq_eq(segment->seq, c->rcv.nxt)) {
        tcp_send_challenge(tcp, c, BARO_DROP_TCP_RST_IN_WINDOW);
        return BARO_DROP_TCP_RST_IN_WINDOW;
    }
    tcp->core->counters.tcp_resets_in++;
    if (c->state == BARO_TCP_SYN_RECEIVED)
        error = ECONNREFUSED;
    if (c->state == BARO_TCP_CLOSE_WAIT)
        error = EPIPE;
    if (c->state == BARO_TCP_CLOSING || c->state == BARO_TCP_LAST_ACK)
        error = 0;
    tcp_finish(tcp, c, error);
    return BARO_DROP_NONE;
}

/* Fourth: SYN. RFC 5961 §4. */
enum baro_drop_reason tcp_step_syn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    if ((segment->flags & TCP_FLAG_SYN) == 0)
        return BARO_DROP_NONE;
    tcp_send_challenge(tcp, c, BARO_DROP_TCP_SYN_IN_WINDOW);
    return BARO_DROP_TCP_SYN_IN_WINDOW;
}

/* What comes before the steps in SYN-RECEIVED of a simultaneous open: the peer's own SYN again, and the SYN+ACK of a
 * simultaneous open, whose SYN is stripped so that the rest counts (RFC 9293 figure 8). */
static enum baro_drop_reason in_syn_received(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) != TCP_FLAG_SYN || !seq_eq(segment->seq, c->rcv.irs))
        return BARO_DROP_NONE;
    if ((segment->flags & TCP_FLAG_ACK) != 0 && seq_eq(segment->ack, c->snd.nxt)) {
        tcp_ecn_learn(tcp, c, segment);
        segment->seq = seq_add(segment->seq, 1);
        segment->flags &= (uint8_t)~TCP_FLAG_SYN;
        return BARO_DROP_NONE;
    }
    if ((segment->flags & TCP_FLAG_ACK) == 0)
        tcp_ecn_learn(tcp, c, segment); /* one that asks no more */
    tcp_retransmit_from(tcp, c, c->snd.iss, seq_add(c->snd.iss, 1));
    return BARO_DROP_TCP_DUPLICATE;
}

/* RFC 9293 §3.10.7.4: all states but CLOSED, LISTEN, SYN-SENT and TIME-WAIT. */
enum baro_drop_reason tcp_input_synchronised(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    enum baro_drop_reason reason = BARO_DROP_NONE;

    if (c->state == BARO_TCP_SYN_RECEIVED)
        reason = in_syn_received(tcp, c, segment);
    if (reason == BARO_DROP_NONE)
        reason = tcp_step_paws(tcp, c, segment);
    if (reason == BARO_DROP_NONE)
        reason = tcp_step_sequence(tcp, c, segment);
    if (reason == BARO_DROP_NONE)
        reason = tcp_step_rst(tcp, c, segment);
    if (reason != BARO_DROP_NONE || (c->flags & TCP_CLOSED_DONE) != 0)
        return reason;
    c->received_at_ns = tcp->core->now.ns;
    if (segment->data.length != 0)
        c->text_at_ns = tcp->core->now.ns;
    reason = tcp_step_syn(tcp, c, segment);
    return reason == BARO_DROP_NONE ? tcp_input_acknowledged(tcp, c, segment) : reason;
}

enum baro_drop_reason tcp_input_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    enum baro_drop_reason reason = tcp_step_ack(tcp, c, segment);

    if (reason != BARO_DROP_NONE || (c->flags & TCP_CLOSED_DONE) != 0)
        return reason;
    tcp_step_urgent(tcp, c, segment);
    reason = tcp_step_text(tcp, c, segment);
    if ((c->flags & TCP_CLOSED_DONE) == 0)
        tcp_step_fin(tcp, c, segment);
    return reason;
}
