/* transport/tcp/undo.c: a loss that was none is taken back (RFC 3522, RFC 4015, RFC 5682, RFC 2883).
 *
 * Three witnesses: an ACK echoes a timestamp from before the first retransmission (Eifel), F-RTO's second ACK after a
 * timeout (frto.h), or all that was sent again is told of as duplicates (sender.c). The answer is the same: windows and
 * algorithm are what they were before, what was marked lost is not, and sending goes on with what is new. That
 * is Linux' answer; RFC 4015 §3.2 takes FlightSize plus an initial window instead of the window from before, and
 * estimates the RTO anew. */
#include "transport/tcp/parts.h"

static struct tcp_undo *undo_of(const struct tcp_connection *c)
{
    if (c->sender != NULL)
        return &c->sender->undo;
    return c->flow != NULL && (c->flags & TCP_SACK_PERMITTED) == 0 ? &c->flow->undo : NULL;
}

void tcp_undo_remember(struct tcp *tcp, struct tcp_connection *c)
{
    struct tcp_undo *undo;

    if ((c->flags & TCP_SACK_PERMITTED) == 0)
        (void)tcp_flow_open(tcp, c);
    undo = undo_of(c);
    if (undo == NULL)
        return;
    undo->possible = true;
    undo->stamped = false;
    undo->octets = 0;
    undo->before = c->congestion;
}

void tcp_undo_forget(struct tcp_connection *c)
{
    struct tcp_undo *undo = undo_of(c);

    if (undo != NULL)
        undo->possible = undo->stamped = false;
}

void tcp_undo_again(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq to)
{
    struct tcp_undo *undo = undo_of(c);

    if (undo == NULL)
        return;
    if (!undo->stamped) {
        undo->stamped = true;
        undo->stamp = tcp_timestamp(tcp, c->ts_offset);
        undo->from = from;
        undo->to = to;
    }
    undo->from = seq_min(undo->from, from);
    undo->to = seq_max(undo->to, to);
    undo->octets += seq_span(to, from);
}

bool tcp_undo_possible(const struct tcp_connection *c)
{
    const struct tcp_undo *undo = undo_of(c);

    if (c->ecn_flags & TCP_ECN_HEARD)
        return false; /* with or without a loss, there is congestion (RFC 4015 §3.2) */
    return undo != NULL && undo->possible && undo->stamped && c->congestion.phase >= CONGESTION_RECOVERY;
}

bool tcp_answers_original(const struct tcp_connection *c, const struct segment *segment)
{
    const struct tcp_undo *undo = undo_of(c);

    return (c->flags & TCP_TIMESTAMPS) != 0 && undo != NULL && undo->stamped &&
           (int32_t)(segment->options.ts_echo - undo->stamp) < 0;
}

bool tcp_undo_by_timestamp(const struct tcp_connection *c, const struct segment *segment, uint32_t acked)
{
    return tcp_undo_possible(c) && acked != 0 && segment->options.has_timestamps &&
           seq_gt(c->snd.una, undo_of(c)->from) && tcp_answers_original(c, segment);
}

void tcp_undo(struct tcp *tcp, struct tcp_connection *c)
{
    struct tcp_undo *undo = undo_of(c);

    if (c->sender != NULL)
        scoreboard_find_all(&c->sender->board);
    if (undo->before.cwnd < c->congestion.cwnd)
        undo->before.cwnd = c->congestion.cwnd;
    c->congestion = undo->before;
    undo->possible = false;
    c->frto = FRTO_OFF;
    c->duplicate_acks = 0;
    c->recover = seq_sub(c->snd.una, 1); /* what is lost now is a loss of its own (RFC 5682 §2.1 step 3b) */
    c->retransmit_next = c->retransmit_end = c->snd.nxt;
    tcp->core->counters.tcp_undone++;
    TRACE(tcp->core, TCP_UNDO, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->congestion.cwnd),
          TRACE_N(c->congestion.ssthresh));
}

/* Could a segment with new text leave into the window that the ACK tells of, whatever the congestion window? */
static bool has_new_text(const struct tcp_connection *c, const struct segment *segment)
{
    uint32_t mss = tcp_payload_limit(c), flight = tcp_flight(c), window = segment->window << c->snd_scale;
    uint32_t unsent = (uint32_t)(c->send.end - tcp_send_offset(c, c->snd.nxt));

    if ((c->flags & TCP_FIN_SENT) != 0 || unsent == 0 ||
        (unsent < mss && ((c->flags & TCP_MORE) != 0 || c->settings.cork)))
        return false;
    return window > flight && window - flight >= (unsent < mss ? unsent : mss);
}

bool tcp_frto_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, struct frto_ack *ack)
{
    const struct tcp_undo *undo = undo_of(c);
    enum frto_verdict verdict;

    if (c->frto == FRTO_OFF)
        return false;
    ack->whole = undo != NULL && undo->stamped && seq_ge(c->snd.una, undo->to);
    ack->covers = seq_ge(c->snd.una, c->recover);
    ack->beyond = seq_gt(c->snd.una, c->recover) || (c->sender != NULL && seq_gt(c->sender->board.high, c->recover));
    ack->new_text = has_new_text(c, segment);
    verdict = frto_acked(&c->frto, ack);
    if (verdict == FRTO_NOTHING)
        return false;
    TRACE(tcp->core, TCP_FRTO, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(verdict == FRTO_SEND_NEW),
          TRACE_N(verdict == FRTO_SPURIOUS), TRACE_N(c->recover.value));
    if (verdict == FRTO_SPURIOUS && tcp_undo_possible(c)) {
        tcp->core->counters.tcp_spurious_timeouts++;
        tcp_undo(tcp, c);
        return true;
    }
    if (verdict == FRTO_SEND_NEW)
        return false;
    c->congestion.cwnd = 3 * tcp_payload_limit(c); /* as much as it had without the test (step 3a) */
    if (c->sender == NULL)
        tcp_retransmit_from(tcp, c, c->snd.una, c->snd.nxt);
    return false;
}
