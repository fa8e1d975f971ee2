/* transport/tcp/output_fast.c: new text, the FIN and ACKs of connections to which nothing else happens.
 *
 * What output.c, plan.c and control.c do step by step for every segment is done here at once for those that are to be
 * expected, header and state the same. What must not be going on say ease.h and ease.c, each with where the slow path
 * would look at it. Until the length of the text is known nothing is changed; then there is no way back. */
#include "transport/tcp/ease.h"
#include "transport/tcp/exchange.h"
#include "transport/tcp/output_fast.h"

#include "base/flow.h"
#include "base/min.h"
#include "base/inline.h"
#include "base/likely.h"
#include "codec/ip_protocol.h"

enum { TCP_FLAGS_AT = 13 };

/* The FIN is to leave behind the last octet. */
static inline bool fin_is_due(const struct tcp_connection *c)
{
    return (c->flags & (TCP_FIN_WANTED | TCP_FIN_SENT)) == TCP_FIN_WANTED;
}

static inline uint32_t unsent_text(const struct tcp_connection *c)
{
    return (c->flags & TCP_FIN_SENT) != 0 ? 0 : tcp_unsent_text(c);
}

/* As plan.c's new_text(), windows included. */
ALWAYS_INLINE uint32_t new_text(const struct tcp_connection *c, uint32_t unsent, const struct ip_path *path,
                                uint32_t mss)
{
    uint32_t flight = tcp_flight(c), pipe = tcp_pipe(c), cwnd = c->congestion.cwnd > mss ? c->congestion.cwnd : mss;
    uint32_t may = unsent, full = 0;

    may = min_u32(may, cwnd > pipe ? cwnd - pipe : 0);
    may = min_u32(may, c->snd.wnd > flight ? c->snd.wnd - flight : 0);
    if (may >= mss) {
        may = min_u32(may, ip_path_at_once(path, mss));
        full = may - may % mss;
    }
    if (may == full)
        return full;
    if (may == unsent)
        return c->settings.nodelay || seq_le(c->flight.small, c->snd.una) || (c->flags & TCP_FIN_WANTED) != 0 ? may
                                                                                                              : full;
    if (full != 0 || flight != 0)
        return full;
    return may >= c->snd.max_wnd / 2 ? may : 0;
}

/* A small piece with nothing in flight: RFC 9293 §3.7.4 lets it go, no congestion window is smaller. */
static inline bool goes_whole(const struct tcp_connection *c, uint32_t unsent, uint32_t mss)
{
    return seq_eq(c->snd.una, c->snd.nxt) && unsent < mss && unsent <= c->snd.wnd;
}

/* Else text leaves as it comes, at no rate: tcp_pace() and tcp_paced() change nothing. */
static inline bool is_paced(const struct tcp_connection *c)
{
    return UNLIKELY(c->limited) || c->rtt.srtt_ns >= NS_PER_MS;
}

/* ring_slice(), for text that does not go around the ring's end. */
ALWAYS_INLINE unsigned text_at(const struct ring *ring, uint64_t offset, uint32_t length, struct baro_bytes part[2])
{
    uint32_t index;

    if (length == 0)
        return 0;
    if (UNLIKELY(ring_place(ring, offset, length, &index) != length))
        return ring_slice(ring, offset, length, part);
    part[0] = (struct baro_bytes){ ring->data + index, length };
    return 1;
}

/* ---- the header ---- */

ALWAYS_INLINE void write_header(const struct tcp_connection *c, uint32_t timestamp, unsigned flags, struct seq seq,
                                uint16_t window, struct tcp_fast *segment)
{
    uint8_t *to = segment->header;
    unsigned octets = tcp_header_SIZE;
    uint64_t sum;

    sum = word(to, (uint32_t)c->local.port.number << 16 | c->remote.port.number) + word(to + 4, seq.value) +
          word(to + 8, c->rcv.nxt.value) + word(to + 16, 0);
    if (LIKELY((c->flags & TCP_TIMESTAMPS) != 0)) {
        sum += word(to + 20, TCP_WORD_NOP_NOP_TIMESTAMPS) + word(to + 24, timestamp) + word(to + 28, c->ts_recent);
        octets += 12;
    }
    segment->sum = sum + word(to + 12, octets << 26 | flags << 16 | window);
    segment->header_length = (uint8_t)octets;
}

/* ---- what follows ---- */

/* The retransmission timer and the tail's probe, for text that leaves: output.c's sent() and tcp_tail_arm(), of which
 * only what may be going on beside new text is asked. Two deadlines, one look at the wheel. `other` as segment_of() has
 * it: who is not is at ease, and has found a window that takes text. */
ALWAYS_INLINE void arm_timers(struct tcp *tcp, struct tcp_connection *c, const bool other)
{
    const struct tcp_sender *sender = c->sender;
    int64_t now_ns = tcp->core->now.ns, wait_ns, earliest_ns;
    bool is_new = c->deadline_ns[TCP_TIMER_RETRANSMIT] == 0;

    if (is_new)
        c->deadline_ns[TCP_TIMER_RETRANSMIT] = tcp_deadline(now_ns + c->rtt.rto_ns);
    earliest_ns = c->deadline_ns[TCP_TIMER_RETRANSMIT];
    if (UNLIKELY((other && (c->tail.out || c->snd.wnd == 0)) ||
                 (sender != NULL && (sender->board.sacked | sender->board.lost) != 0))) {
        c->deadline_ns[TCP_TIMER_TAIL] = 0;
    } else if (!other || (c->flags & TCP_SACK_PERMITTED) != 0) {
        wait_ns = tcp_tail_wait_ns(c);
        if (wait_ns < earliest_ns - now_ns)
            earliest_ns = now_ns + wait_ns;
        c->deadline_ns[TCP_TIMER_TAIL] = earliest_ns = tcp_deadline(earliest_ns);
        is_new = true;
    }
    if (is_new)
        tcp_timer_look(tcp, c, earliest_ns);
}

/* New text left, or the FIN; `last`: what of the text was not yet sent. `full`: octets of a full-sized segment. */
ALWAYS_INLINE void text_sent(struct tcp *tcp, struct tcp_connection *c, uint32_t length, uint32_t full, bool fin,
                             bool last, bool paced, const bool other)
{
    struct core *core = tcp->core;
    uint32_t segments = length > full ? (length + full - 1) / full : 1;
    struct seq end = seq_add(c->snd.nxt, length + fin);

    c->sent_at_ns = core->now.ns;
    if (length != 0 && paced)
        tcp_paced(tcp, c, length);
    c->segments_out += segments;
    c->data_out += length != 0 ? segments : 0;
    core->counters.tcp_out += segments;
    if (c->sender != NULL || !seq_eq(c->snd.una, c->snd.nxt)) {
        if (!other || (c->flags & TCP_SACK_PERMITTED) != 0)
            tcp_sender_sent(tcp, c, end);
    }
    c->snd.nxt = end;
    tcp->spoke = true;
    c->retransmit_next = c->retransmit_end = end;
    core->counters.tcp_data_out += length;
    if (length < full ? length != 0 : UNLIKELY(length != full) && length % full != 0)
        c->flight.small = end;
    if (last && length != 0)
        c->deadline_ns[TCP_TIMER_CORK] = 0;
    if ((c->flags & TCP_RTT_TIMING) == 0) {
        c->flags |= TCP_RTT_TIMING;
        c->rtt_seq = end;
        c->rtt_at_ns = core->now.ns;
    }
    arm_timers(tcp, c, other);
}

enum tcp_fast_verdict tcp_fast_begin(struct tcp *tcp, struct handle connection, struct tcp_fast *segment)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);

    if (UNLIKELY(c == NULL))
        return TCP_FAST_NOTHING;
    if (!tcp_sends_at_ease(c) || UNLIKELY(c->sender != NULL && c->sender->board.lost != 0)) {
        if (!tcp_is_first_syn(c))
            return TCP_FAST_DECLINED;
    }
    segment->connection = c;
    return TCP_FAST_MORE;
}

void tcp_fast_ends(const struct tcp_fast *segment, const struct baro_endpoint **local,
                   const struct baro_endpoint **remote)
{
    *local = &segment->connection->local;
    *remote = &segment->connection->remote;
}

bool tcp_fast_has_nothing(const struct tcp_fast *segment)
{
    struct tcp_connection *c = segment->connection;

    if (c->state == BARO_TCP_SYN_SENT || (c->flags & TCP_ACK_NOW) != 0 || fin_is_due(c) || unsent_text(c) != 0)
        return false;
    c->flags &= ~(uint32_t)TCP_OUTPUT_QUEUED;
    return true;
}

/* The text of the next segment; false: the slow path must see to it. */
ALWAYS_INLINE bool plan(struct tcp *tcp, struct tcp_connection *c, const struct ip_path *path, uint32_t unsent,
                        uint32_t mss, bool paced, uint32_t *length)
{
    *length = 0;
    if (unsent == 0)
        return true;
    if (seq_eq(c->snd.una, c->snd.nxt) && tcp->core->now.ns - c->sent_at_ns > c->rtt.rto_ns && c->sent_at_ns != 0) {
        if (UNLIKELY(c->snd.wnd < min_u32(unsent, mss)))
            return false; /* it may be that nothing leaves */
        tcp_rested(c, tcp->core->now.ns);
    }
    *length = goes_whole(c, unsent, mss) ? unsent : new_text(c, unsent, path, mss);
    if (UNLIKELY(*length == 0))
        return tcp_flight(c) != 0; /* else wait_for_window() has a timer to arm */
    if (paced)
        *length = tcp_pace(tcp, c, *length);
    return true;
}

/* An ACK left, with the flags `gone` done. */
static inline void ack_sent(struct tcp_connection *c, uint32_t gone)
{
    c->rcv.acked = c->rcv.nxt;
    c->unacknowledged = 0;
    c->flags &= ~(gone | (uint32_t)TCP_ACK_OWED);
    c->deadline_ns[TCP_TIMER_DELAYED_ACK] = 0;
}

/* An ACK that is about to leave becomes the FIN: what text_sent() knows besides. */
static __attribute__((noinline)) void end_fin(struct tcp *tcp, struct tcp_fast *segment)
{
    struct tcp_connection *c = segment->connection;
    struct seq end = seq_add(c->snd.nxt, 1);

    segment->header[TCP_FLAGS_AT] |= TCP_FLAG_FIN;
    segment->sum += words_number((uint32_t)TCP_FLAG_FIN << 16);
    c->sent_at_ns = tcp->core->now.ns;
    if ((c->sender != NULL || !seq_eq(c->snd.una, c->snd.nxt)) && (c->flags & TCP_SACK_PERMITTED) != 0)
        tcp_sender_sent(tcp, c, end);
    c->snd.nxt = c->retransmit_next = c->retransmit_end = end;
    c->flags |= TCP_FIN_SENT;
    tcp->spoke = true;
    if ((c->flags & TCP_RTT_TIMING) == 0) {
        c->flags |= TCP_RTT_TIMING;
        c->rtt_seq = end;
        c->rtt_at_ns = c->sent_at_ns;
    }
    arm_timers(tcp, c, true);
}

/* `other`: the program sends no more, or text leaves at a rate, or something is going on (ease.h). Who is none of these
 * is not asked about them: there are two copies of this. */
ALWAYS_INLINE enum tcp_fast_verdict
segment_of(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment, const bool other)
{
    struct tcp_connection *c = segment->connection;
    uint32_t unsent = other ? unsent_text(c) : tcp_unsent_text(c), mss = tcp_payload_limit(c), length;
    unsigned flags = TCP_FLAG_ACK | ((c->ecn_flags & TCP_ECN_ECHO) != 0 ? (unsigned)TCP_FLAG_ECE : 0);
    bool last, fin = other && fin_is_due(c), paced = other && is_paced(c);

    /* Only message.c knows to cut a super-segment with a FIN, which its last piece has. */
    if (UNLIKELY(path->mtu != c->path_mtu || (fin && unsent > mss && unsent <= ip_path_at_once(path, mss)) ||
                 !plan(tcp, c, path, unsent, mss, paced, &length)))
        return TCP_FAST_DECLINED;
    last = length == unsent;
    fin = fin && last;
    if (length == 0 && !fin && (c->flags & TCP_ACK_NOW) == 0) {
        c->flags &= ~(uint32_t)TCP_OUTPUT_QUEUED;
        return TCP_FAST_NOTHING;
    }
    flags |= (length != 0 && last ? (unsigned)TCP_FLAG_PSH : 0) | (fin ? (unsigned)TCP_FLAG_FIN : 0);
    segment->length = length;
    segment->size = mss;
    segment->flow_label = c->flow_label;
    segment->ttl = c->settings.ttl;
    segment->tos =
        (uint8_t)(c->settings.tos | (length != 0 && (c->ecn_flags & TCP_ECN_SENDS) != 0 ? ECN_ECT_0 : ECN_NOT_ECT));
    segment->progress = c->progress;
    c->progress = false;
    write_header(c, tcp_timestamp(tcp, c->ts_offset), flags, length != 0 || fin ? c->snd.nxt : tcp_plain_seq(c),
                 tcp_receive_window(c, true), segment);
    segment->parts = text_at(&c->send, c->send.end - unsent, length, segment->part);
    segment->text_sums =
        length >= mss && path->sums ? tcp_sums_take(tcp, c, c->send.end - unsent, length, &segment->text_sum) : 0;
    if (fin)
        c->flags |= TCP_FIN_SENT;
    if (length != 0 || fin) {
        text_sent(tcp, c, length, mss, fin, last, paced, other);
    } else {
        c->segments_out++;
        tcp->core->counters.tcp_out++;
        if (!other && UNLIKELY((c->flags & TCP_FIN_WANTED) != 0)) /* begin_fin() */
            end_fin(tcp, segment);
    }
    if (LIKELY(last)) {
        ack_sent(c, TCP_OUTPUT_QUEUED);
        return TCP_FAST_LAST;
    }
    ack_sent(c, 0);
    return TCP_FAST_MORE;
}

/* At the beginning and, but for a FIN alone, at the end of a connection, and at a rate. */
static __attribute__((noinline)) enum tcp_fast_verdict
other_segment(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment)
{
    if (segment->connection->state == BARO_TCP_SYN_SENT)
        return tcp_fast_syn(tcp, path, segment);
    return segment_of(tcp, path, segment, true);
}

/* A FIN alone is an ACK with one flag and one number more. Is it one? Then the ACK leaves. */
static __attribute__((noinline)) bool begin_fin(struct tcp_connection *c, const struct ip_path *path)
{
    if ((c->flags & (TCP_AT_EASE | TCP_FIN_SENT)) != TCP_AT_EASE || tcp_unsent_text(c) != 0 ||
        path->mtu != c->path_mtu || !seq_eq(tcp_plain_seq(c), c->snd.nxt))
        return false;
    c->flags |= TCP_ACK_NOW;
    return true;
}

enum tcp_fast_verdict tcp_fast_segment(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment)
{
    struct tcp_connection *c = segment->connection;

    /* An ACK alone has no rate, and of many connections the round trip is a line that it does not touch. Who is at ease
     * is synchronised. */
    if ((UNLIKELY((c->flags & (TCP_AT_EASE | TCP_FIN_WANTED | TCP_FIN_SENT)) != TCP_AT_EASE) && !begin_fin(c, path)) ||
        (tcp_unsent_text(c) != 0 && UNLIKELY(is_paced(c))))
        return other_segment(tcp, path, segment);
    return segment_of(tcp, path, segment, false);
}

/* ---- an ACK that waited for the program's turn ---- */

/* segment_of() without text. */
ALWAYS_INLINE void write_ack(struct tcp *tcp, struct tcp_connection *c, struct tcp_fast *segment)
{
    const unsigned flags = TCP_FLAG_ACK | ((c->ecn_flags & TCP_ECN_ECHO) != 0 ? (unsigned)TCP_FLAG_ECE : 0);

    segment->flow_label = c->flow_label;
    segment->ttl = c->settings.ttl;
    segment->tos = c->settings.tos;
    segment->progress = c->progress;
    c->progress = false;
    write_header(c, tcp_timestamp(tcp, c->ts_offset), flags, tcp_plain_seq(c), tcp_receive_window(c, true), segment);
    c->segments_out++;
}

enum tcp_fast_verdict tcp_fast_turn(const struct tcp *tcp, uint32_t at, struct tcp_fast *segment)
{
    const uint32_t other = TCP_SENDS_SPECIAL | TCP_FIN_WANTED | TCP_FIN_SENT | TCP_OUTPUT_QUEUED | TCP_OUTPUT_WAITING;
    struct tcp_connection *c = tcp_resolve_here(tcp, tcp->soon[at]);

    if (c == NULL || (c->flags & TCP_ACK_SOON) == 0)
        return TCP_FAST_NOTHING;
    if (UNLIKELY((c->flags & (other | TCP_AT_EASE | TCP_TIMESTAMPS)) != (TCP_AT_EASE | TCP_TIMESTAMPS) ||
                 c->state < BARO_TCP_ESTABLISHED || tcp_unsent_text(c) != 0 ||
                 (c->sender != NULL && c->sender->board.lost != 0)))
        return TCP_FAST_DECLINED;
    segment->connection = c;
    return TCP_FAST_MORE;
}

bool tcp_fast_alone(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment)
{
    struct tcp_connection *c = segment->connection;

    if (UNLIKELY(path->mtu != c->path_mtu))
        return false;
    write_ack(tcp, c, segment);
    segment->length = 0;
    ack_sent(c, 0);
    return true;
}

/* ---- control segments ---- */

bool tcp_fast_control(struct tcp *tcp, const struct intent *intent, struct tcp_fast *segment)
{
    const struct intent_tcp_control *control = &intent->as.tcp;
    unsigned octets = tcp_header_SIZE + (control->has_timestamps ? 12u : 0u);
    uint8_t *to = segment->header;

    if (UNLIKELY(control->sack_count != 0 || control->ttl == 0))
        return false;
    segment->flow_label = control->flow_label;
    if (control->flow_label == 0 && control->remote.address.family == BARO_FAMILY_IPV6) /* of no connection now */
        segment->flow_label = flow_label(&tcp->core->flow_key, IP_PROTOCOL_TCP, &control->local, &control->remote);
    segment->sum = 0;
    if (control->has_syn_options)
        octets = tcp_header_SIZE + tcp_fast_syn_options(control, segment);
    else if (LIKELY(control->has_timestamps))
        segment->sum = word(to + 20, TCP_WORD_NOP_NOP_TIMESTAMPS) + word(to + 24, control->ts_value) +
                       word(to + 28, control->ts_echo);
    segment->sum += word(to, (uint32_t)control->local.port.number << 16 | control->remote.port.number) +
                   word(to + 4, control->seq.value) + word(to + 8, control->ack.value) +
                   word(to + 12, octets << 26 | (uint32_t)control->flags << 16 | control->window) + word(to + 16, 0);
    segment->header_length = (uint8_t)octets;
    segment->length = segment->parts = segment->text_sums = 0;
    segment->size = 0;
    segment->ttl = control->ttl;
    segment->tos = control->tos;
    segment->progress = control->progress;
    tcp->core->counters.tcp_out++;
    return true;
}
