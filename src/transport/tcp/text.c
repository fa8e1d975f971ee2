/* transport/tcp/text.c: sixth, seventh and eighth step: URG, the segment text, FIN (RFC 9293 §3.10.7.4).
 *
 * When an ACK leaves: every out-of-order or duplicate segment has its own, with the values of the moment, so that the
 * sender's count of duplicates is true. In-order text is acknowledged at the second full-sized segment at the latest,
 * at once while the connection is young (a sender in slow start needs the clock; one that has no more to say gets it
 * with the program's answer, if that follows at once: ack_turn.c) and when a hole was filled; else after 40 ms, or with
 * whatever is sent before that. */
#include "transport/tcp/exchange.h"

/* Sixth: URG. The pointer names the octet behind the urgent data (RFC 9293 §3.8.5, RFC 6093). */
void tcp_step_urgent(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    struct seq up = seq_add(segment->seq, segment->header.urgent);

    if ((segment->flags & TCP_FLAG_URG) == 0 || (c->flags & TCP_FIN_RECEIVED) != 0 || segment->header.urgent == 0)
        return;
    if (seq_le(up, c->rcv.up) || seq_le(up, tcp_recv_seq(c, c->recv.begin)))
        return; /* it never moves back, and what is read is read */
    c->rcv.up = up;
    c->flags |= TCP_URGENT_KNOWN;
    c->flags &= ~(uint32_t)(TCP_URGENT_READY | TCP_URGENT_TAKEN);
    /* Its octet may have come before the pointer did. */
    if (seq_lt(seq_sub(up, 1), c->rcv.nxt) && c->recv.data != NULL) {
        tcp_receive_read(tcp, c, tcp_recv_offset(c, seq_sub(up, 1)), &c->urgent_octet, 1);
        c->flags |= TCP_URGENT_READY;
    }
    tcp_tell(tcp, c);
}

/* After `octets` more came in order: is the urgent one among them? */
static void look_for_urgent(struct tcp_connection *c, uint64_t from)
{
    uint64_t at = tcp_recv_offset(c, seq_sub(c->rcv.up, 1));

    if ((c->flags & (TCP_URGENT_KNOWN | TCP_URGENT_READY)) != TCP_URGENT_KNOWN || at < from || at >= c->recv.end)
        return;
    ring_read(&c->recv, at, &c->urgent_octet, 1);
    c->flags |= TCP_URGENT_READY;
}

/* `repeated`: octets that came twice, or empty. */
static void acknowledge(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment,
                        struct tcp_sack_block repeated, bool hole_filled)
{
    enum tcp_when when = tcp_when_to_acknowledge(c, (segment->flags & TCP_FLAG_PSH) != 0);

    if (hole_filled || c->ranges != NULL || !seq_eq(repeated.left, repeated.right))
        tcp_send_ack_repeated(tcp, c, repeated);
    else
        tcp_acknowledge_text(tcp, c, when);
}

/* The text begins at RCV.NXT (what lay before it is cut off). */
static enum baro_drop_reason in_order(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment,
                                      struct baro_bytes data)
{
    uint64_t before = c->recv.end;
    uint32_t octets = (uint32_t)data.length;
    struct tcp_sack_block repeated = tcp_sack_old(c, segment);
    bool had_ranges = c->ranges != NULL;

    if (c->flags & TCP_SHUT_READ) {
        tcp_receive_advance(tcp, c, octets);
        c->recv.begin = c->recv.end;
    } else {
        if (!segment->copied && !tcp_receive_store(tcp, c, before, data))
            return BARO_DROP_TCP_NO_MEMORY;
        tcp_receive_advance(tcp, c, octets);
        look_for_urgent(c, before);
    }
    tcp_text_in_order(tcp, c, (uint32_t)(c->recv.end - before),
                      segment->count > 1 ? segment->packet->gso_size : segment->data.length, segment->options.ts_echo);
    if (c->flags & TCP_POSTED)
        tcp_posted_fill(tcp, c);
    /* The FIN, when it follows, has its own ACK. */
    if (!segment->fin && !((c->flags & TCP_FIN_HELD) != 0 && seq_eq(c->rcv.fin, c->rcv.nxt)))
        acknowledge(tcp, c, segment, repeated, had_ranges);
    tcp_rest_later(tcp, c);
    tcp_tell(tcp, c);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason out_of_order(struct tcp *tcp, struct tcp_connection *c, struct seq seq,
                                          struct baro_bytes data)
{
    uint64_t offset = tcp_recv_offset(c, seq);
    struct tcp_sack_block repeated = tcp_sack_repeated(c, offset, offset + data.length);
    enum baro_drop_reason reason = BARO_DROP_NONE;

    c->counts.out_of_order++;
    if ((c->flags & TCP_SHUT_READ) != 0)
        reason = BARO_DROP_TCP_DATA_AFTER_CLOSE;
    else if (!tcp_receive_store(tcp, c, offset, data) ||
             !tcp_ranges_add(tcp, c, offset, offset + data.length))
        reason = BARO_DROP_TCP_NO_MEMORY;
    if (c->ranges != NULL)
        tcp_sack_note(c->ranges, offset);
    TRACE(tcp->core, TCP_OUT_OF_ORDER, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(seq.value),
          TRACE_N(data.length), TRACE_N(c->ranges == NULL ? 0 : c->ranges->count));
    tcp_send_ack_repeated(tcp, c, repeated);
    return reason;
}

/* Cuts off what lies before RCV.NXT, beyond the window, and beyond the peer's FIN. */
static struct baro_bytes trimmed(const struct tcp_connection *c, struct segment *segment, struct seq *seq)
{
    struct baro_bytes data = segment->data;
    struct seq edge = c->rcv.edge;

    *seq = segment->seq;
    if (segment->flags & TCP_FLAG_SYN)
        *seq = seq_add(*seq, 1);
    if (seq_lt(*seq, c->rcv.nxt)) {
        uint32_t old = seq_span(c->rcv.nxt, *seq);

        old = old < data.length ? old : (uint32_t)data.length;
        data.data += old;
        data.length -= old;
        *seq = seq_add(*seq, old);
    }
    if ((c->flags & TCP_FIN_HELD) != 0)
        edge = seq_min(edge, c->rcv.fin);
    if (seq_gt(seq_add(*seq, (uint32_t)data.length), edge)) {
        data.length = seq_lt(*seq, edge) ? seq_span(edge, *seq) : 0;
        segment->fin = false;
    }
    return data;
}

/* Seventh: the segment text. */
enum baro_drop_reason tcp_step_text(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    struct baro_bytes data;
    struct seq seq;

    if (segment->data.length == 0 && !segment->fin)
        return BARO_DROP_NONE;
    if (c->state != BARO_TCP_ESTABLISHED && c->state != BARO_TCP_FIN_WAIT_1 && c->state != BARO_TCP_FIN_WAIT_2) {
        /* The peer has sent its FIN: what stands behind it is an old duplicate, or a lie. */
        tcp_send_ack(tcp, c);
        return BARO_DROP_TCP_DUPLICATE;
    }
    if (segment->data.length == 0)
        return BARO_DROP_NONE;
    data = trimmed(c, segment, &seq);
    if (data.length == 0) {
        if (segment->fin) /* only that may be new */
            return BARO_DROP_NONE;
        tcp_send_ack_repeated(tcp, c, tcp_sack_old(c, segment));
        return BARO_DROP_TCP_DUPLICATE;
    }
    if (c->flags & TCP_ORPHAN) {
        /* Nobody is left to read it: SHLD-3 of RFC 9293 §3.6.1. */
        tcp_abort(tcp, c, 0);
        return BARO_DROP_TCP_DATA_AFTER_CLOSE;
    }
    tcp_ecn_text(tcp, c, segment);
    if (!seq_eq(seq, c->rcv.nxt))
        return out_of_order(tcp, c, seq, data);
    return in_order(tcp, c, segment, data);
}

void tcp_fin_in_order(struct tcp *tcp, struct tcp_connection *c)
{
    /* now: with the state in one load they would wait for their store */
    const bool orphan = (c->flags & TCP_ORPHAN) != 0;

    c->flags |= TCP_FIN_RECEIVED;
    c->rcv.nxt = seq_add(c->rcv.nxt, 1);
    c->rcv.edge = seq_max(c->rcv.edge, c->rcv.nxt);
    if (c->state == BARO_TCP_ESTABLISHED && !orphan)
        tcp_send_ack_soon(tcp, c); /* the program commonly closes, too */
    else
        tcp_send_ack(tcp, c);
    switch (c->state) {
    case BARO_TCP_ESTABLISHED:
        tcp_set_state(tcp, c, BARO_TCP_CLOSE_WAIT);
        break;
    case BARO_TCP_FIN_WAIT_1: /* our FIN is not acknowledged yet: the two crossed */
        tcp_set_state(tcp, c, BARO_TCP_CLOSING);
        break;
    case BARO_TCP_FIN_WAIT_2:
        tcp_enter_time_wait(tcp, c);
        break;
    default:
        break;
    }
    tcp_tell(tcp, c);
}

/* Eighth: FIN, once everything before it has come. */
void tcp_step_fin(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    if (segment->fin && (c->flags & (TCP_FIN_HELD | TCP_FIN_RECEIVED)) == 0) {
        struct seq fin = seq_add(segment->seq, (uint32_t)segment->data.length);

        if (tcp_receive_last(c) > tcp_recv_offset(c, fin))
            return; /* data is held beyond it: one of the two lies, the first wins */
        c->flags |= TCP_FIN_HELD;
        c->rcv.fin = fin;
        if (!seq_eq(fin, c->rcv.nxt) && segment->data.length == 0)
            tcp_send_ack(tcp, c);
    }
    if ((c->flags & (TCP_FIN_HELD | TCP_FIN_RECEIVED)) == TCP_FIN_HELD && seq_eq(c->rcv.fin, c->rcv.nxt))
        tcp_fin_in_order(tcp, c);
}
