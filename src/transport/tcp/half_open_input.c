/* transport/tcp/half_open_input.c: a segment for a half-open record: SYN-RECEIVED after LISTEN (RFC 9293 §3.10.7.4).
 *
 * The steps are those of input.c, over the record's few values: the same SYN again; PAWS; the sequence number; RST;
 * SYN; ACK. An ACK of our SYN ends the dialogue: the connection is made then, takes its place in the accept queue and
 * goes on with the rest of the segment, its text and its FIN. Where the accept queue or memory has no room for it the
 * ACK was not heard: the peer believes itself connected, the SYN+ACK comes again, and its answer, or text that the
 * peer sends again, finds room or does not. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"

void tcp_trace_half_open(const struct tcp *tcp, const struct tcp_half_open *record, bool after)
{
    struct congestion congestion;
    struct rtt rtt;

    if (!TRACE_ON(tcp->core))
        return;
    congestion_init(&congestion, BARO_CONGESTION_CUBIC,
                    record->peer_mss < record->mss ? record->peer_mss : record->mss);
    rtt_init(&rtt);
    const struct baro_trace_value values[] = {
        TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(BARO_TCP_SYN_RECEIVED), TRACE_N(record->iss.value),
        TRACE_N(tcp_half_open_snd_nxt(record).value), TRACE_N(record->peer_window),
        TRACE_N(record->irs.value + 1), TRACE_N(record->window), TRACE_N(congestion.cwnd), TRACE_N(congestion.ssthresh),
        TRACE_D(rtt.rto_ns << (record->retries < 6 ? record->retries : 6)),
    };
    trace_emit(&tcp->core->trace, tcp->core->now, after ? BARO_TRACE_TCP_AFTER : BARO_TRACE_TCP_BEFORE,
               (struct baro_bytes){ NULL, 0 }, values, sizeof values / sizeof values[0]);
}

/* One ACK in half a second, challenge or not (RFC 5961 §7). */
static bool may_answer(struct tcp *tcp, struct tcp_half_open *record)
{
    uint32_t now_ms = (uint32_t)(tcp->core->now.ns / NS_PER_MS) | 1;

    if (record->answered_ms != 0 && now_ms - record->answered_ms < 500)
        return false;
    record->answered_ms = now_ms;
    return true;
}

static void challenge(struct tcp *tcp, struct tcp_half_open *record, enum baro_drop_reason why)
{
    bool allowed = may_answer(tcp, record);

    TRACE(tcp->core, TCP_CHALLENGE_ACK, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_N(why),
          TRACE_N(allowed));
    if (!allowed)
        return;
    tcp->core->counters.tcp_challenge_acks++;
    tcp_send_half_open_ack(tcp, record);
}

/* RFC 7323 §5.3 R1 to R3. A record does not live long enough for its timestamp to grow old. */
static enum baro_drop_reason step_paws(struct tcp *tcp, struct tcp_half_open *record, const struct segment *segment)
{
    bool old;

    if ((record->flags & HALF_OPEN_TIMESTAMPS) == 0 || (segment->flags & TCP_FLAG_RST) != 0)
        return BARO_DROP_NONE;
    if (!segment->options.has_timestamps)
        return BARO_DROP_TCP_NO_TIMESTAMP;
    old = (int32_t)(segment->options.ts_value - record->ts_recent) < 0;
    TRACE(tcp->core, TCP_PAWS_TEST, TRACE_N(segment->options.ts_value), TRACE_N(record->ts_recent), TRACE_N(!old));
    if (!old)
        return BARO_DROP_NONE;
    if (segment_length(segment) != 0 || may_answer(tcp, record))
        tcp_send_half_open_ack(tcp, record);
    return BARO_DROP_TCP_PAWS;
}

/* First: the sequence number. */
static enum baro_drop_reason step_sequence(struct tcp *tcp, struct tcp_half_open *record, const struct segment *segment)
{
    uint32_t length = segment_length(segment), counted = segment->flags & TCP_FLAG_RST ? 0 : length;
    struct seq next = seq_add(record->irs, 1), last = seq_add(segment->seq, counted - 1);
    bool acceptable = seq_within(segment->seq, next, record->window) ||
                      (counted != 0 && seq_within(last, next, record->window)) ||
                      (counted == 0 && (segment->flags & TCP_FLAG_RST) == 0 &&
                       seq_eq(segment->seq, seq_add(next, record->window)));

    TRACE(tcp->core, TCP_SEQUENCE_TEST, TRACE_N(segment->seq.value), TRACE_N(length), TRACE_N(next.value),
          TRACE_N(record->window), TRACE_N(acceptable));
    if (acceptable) {
        /* RFC 7323 §4.3 */
        if ((record->flags & HALF_OPEN_TIMESTAMPS) != 0 && (segment->flags & TCP_FLAG_RST) == 0 &&
            seq_le(segment->seq, next))
            record->ts_recent = segment->options.ts_value;
        return BARO_DROP_NONE;
    }
    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_OUT_OF_WINDOW;
    if ((length != 0 && (segment->flags & TCP_FLAG_SYN) == 0) || may_answer(tcp, record))
        tcp_send_half_open_ack(tcp, record);
    return length != 0 && seq_le(seq_add(segment->seq, length), next) ? BARO_DROP_TCP_DUPLICATE
                                                                      : BARO_DROP_TCP_OUT_OF_WINDOW;
}

/* Second and fourth: RST and SYN take it back to LISTEN; nobody is told. RFC 5961 §3 for the RST. */
static enum baro_drop_reason step_rst_syn(struct tcp *tcp, struct tcp_half_open *record, const struct segment *segment)
{
    if ((segment->flags & TCP_FLAG_RST) != 0 && !seq_eq(segment->seq, seq_add(record->irs, 1))) {
        challenge(tcp, record, BARO_DROP_TCP_RST_IN_WINDOW);
        return BARO_DROP_TCP_RST_IN_WINDOW;
    }
    tcp->core->counters.tcp_resets_in += (segment->flags & TCP_FLAG_RST) != 0;
    tcp_half_open_end(tcp, record);
    return segment->flags & TCP_FLAG_RST ? BARO_DROP_NONE : BARO_DROP_TCP_SYN_IN_WINDOW;
}

/* Fifth: does it acknowledge our SYN, and is the listener content with that? */
static enum baro_drop_reason step_ack(struct tcp *tcp, struct tcp_half_open *record, const struct segment *segment)
{
    struct seq next = tcp_half_open_snd_nxt(record);
    bool acceptable = seq_gt(segment->ack, record->iss) && seq_le(segment->ack, next);

    if ((segment->flags & TCP_FLAG_ACK) == 0)
        return BARO_DROP_TCP_BAD_FLAGS;
    TRACE(tcp->core, TCP_ACK_TEST, TRACE_N(segment->ack.value), TRACE_N(record->iss.value), TRACE_N(next.value),
          TRACE_N(acceptable));
    if (!acceptable) {
        tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_BAD_ACK;
    }
    if (segment_length(segment) == 0 && tcp_half_open_defers(tcp, record)) {
        record->flags |= HALF_OPEN_ACKED;
        return BARO_DROP_TCP_DEFERRED;
    }
    return BARO_DROP_NONE;
}

/* What the SYN said and what we answered, as a connection's variables. */
static void take_over(struct tcp *tcp, struct tcp_connection *c, const struct tcp_half_open *record, uint32_t mtu)
{
    c->flags |= TCP_PASSIVE;
    c->state = BARO_TCP_SYN_RECEIVED;
    c->snd.iss = c->snd.una = c->flight.up = c->flight.small = c->recover = record->iss;
    c->snd.nxt = c->retransmit_next = c->retransmit_end = seq_add(record->iss, 1);
    c->rcv.irs = record->irs;
    c->rcv.nxt = c->rcv.acked = c->rcv.up = seq_add(record->irs, 1);
    c->rcv.edge = seq_add(c->rcv.nxt, record->window);
    c->ts_offset = record->ts_offset;
    c->snd_scale = record->snd_scale;
    c->peer_mss = record->peer_mss;
    if (record->flags & HALF_OPEN_TIMESTAMPS) {
        c->flags |= TCP_TIMESTAMPS;
        c->ts_recent = record->ts_recent;
        c->ts_recent_at_ns = tcp->core->now.ns;
    }
    tcp_set_path_mtu(c, mtu); /* the options count */
    c->flags |= record->flags & HALF_OPEN_SACK_PERMITTED ? TCP_SACK_PERMITTED : 0u;
    c->flags |= record->flags & HALF_OPEN_SCALED ? TCP_SCALED : 0u;
    c->ecn_flags = record->flags & HALF_OPEN_ECN ? TCP_ECN_SENDS | TCP_ECN_HEARS : 0;
    c->syn_retries = record->retries;
    c->counts.retransmits = c->timeouts = record->retries;
    c->segments_out = 1u + record->retries;
    c->sent_at_ns = record->began_ns;
    if ((record->flags & HALF_OPEN_AGAIN) == 0) {
        c->flags |= TCP_RTT_TIMING;
        c->rtt_seq = c->snd.nxt;
        c->rtt_at_ns = record->began_ns;
    }
}

struct tcp_connection *tcp_half_open_connect(struct tcp *tcp, struct tcp_listener *listener,
                                             const struct tcp_half_open *record, uint32_t mtu, struct handle instead)
{
    /* What the SYN+ACK promised, whatever would be now. */
    const struct tcp_offer offer = { .grant = record->grant, .mss = record->mss, .scale = record->rcv_scale };
    struct tcp_connection *c = tcp_connection_new(tcp, &record->local, &record->remote, &listener->settings, &offer);

    if (c == NULL)
        return NULL;
    c->listener = tcp_listener_handle(tcp, listener);
    take_over(tcp, c, record, mtu);
    if (tcp_enter_demux(tcp, c, (uint32_t)record->hash, instead))
        return c;
    tcp_connection_free(tcp, c);
    return NULL;
}

void tcp_half_open_begun(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c, struct seq seq,
                         struct seq ack, uint16_t window)
{
    tcp_queue_for_accept(tcp, listener, c);
    tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    c->received_at_ns = tcp->core->now.ns;
    c->snd.wnd = c->snd.max_wnd = (uint32_t)window << c->snd_scale;
    c->snd.wl1 = seq;
    c->snd.wl2 = ack;
    tcp_established(tcp, c);
}

enum baro_drop_reason tcp_half_open_done(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c,
                                         struct segment *segment)
{
    enum baro_drop_reason reason;

    tcp_half_open_begun(tcp, listener, c, segment->seq, segment->ack, segment->header.window);
    c->segments_in = segment->count;
    if (segment->data.length != 0) {
        c->data_in = segment->count;
        c->text_at_ns = tcp->core->now.ns;
    }
    reason = tcp_input_acknowledged(tcp, c, segment);
    tcp_trace_connection(tcp, c, true);
    tcp_reap(tcp, c);
    return reason;
}

static enum baro_drop_reason promote(struct tcp *tcp, struct tcp_half_open *record, struct segment *segment)
{
    struct tcp_listener *listener = tcp_half_open_listener(tcp, record);
    struct tcp_connection *c;

    if (!tcp_accept_queue_has_room(listener))
        return BARO_DROP_ACCEPT_QUEUE_FULL;
    c = tcp_half_open_connect(tcp, listener, record, segment->packet->mtu, tcp_half_open_handle(tcp, record));
    if (c == NULL)
        return BARO_DROP_NO_SOCKET_MEMORY;
    TRACE(tcp->core, TCP_PROMOTED, TRACE_N(tcp_handle(tcp, c).value),
          TRACE_N(tcp_half_open_handle(tcp, record).value));
    tcp_half_open_free(tcp, record);
    return tcp_half_open_done(tcp, listener, c, segment);
}

enum baro_drop_reason tcp_input_half_open(struct tcp *tcp, struct tcp_half_open *record, struct segment *segment)
{
    enum baro_drop_reason reason;
    bool ends = (segment->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) != 0;

    tcp_trace_half_open(tcp, record, false);
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) == TCP_FLAG_SYN && seq_eq(segment->seq, record->irs)) {
        if (!tcp_ecn_is_setup(tcp, segment)) /* it asks no more */
            record->flags &= (uint8_t)~HALF_OPEN_ECN;
        if ((record->flags & HALF_OPEN_HELD) == 0)
            tcp_half_open_again(tcp, record);
        return BARO_DROP_TCP_DUPLICATE;
    }
    reason = step_paws(tcp, record, segment);
    if (reason == BARO_DROP_NONE)
        reason = step_sequence(tcp, record, segment);
    if (reason == BARO_DROP_NONE && ends)
        return step_rst_syn(tcp, record, segment);
    if (reason == BARO_DROP_NONE)
        reason = step_ack(tcp, record, segment);
    if (reason == BARO_DROP_NONE)
        reason = promote(tcp, record, segment);
    return reason;
}
