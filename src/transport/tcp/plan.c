/* transport/tcp/plan.c: what may be sent next (RFC 9293 §3.8.6, §3.7.4; RFC 5681; RFC 3042).
 *
 * In this order: the SYN; what must be sent again; new text as far as the peer's window and the congestion window
 * allow, in full-sized segments; the FIN. A last piece below full size leaves unless
 *   - the program said that more follows (MSG_MORE, cork), for 200 ms at most;
 *   - Nagle holds it: in Minshall's form, only while an earlier small segment is unacknowledged, so that the tail
 *     of a bulk answer does not wait for a delayed ACK;
 *   - the window is too small for a full segment and smaller than half of the largest one ever seen (silly window
 *     avoidance, §3.8.6.2.1); the persist timer overrides that. */
#include "transport/tcp/parts.h"

#include "base/min.h"

/* [from, end), or as much of it as goes into a segment, again. */
static bool plan_piece(const struct tcp_connection *c, struct seq from, struct seq end, struct plan *plan)
{
    uint32_t length = min_u32(seq_span(end, from), tcp_payload_limit(c));
    uint64_t offset = tcp_send_offset(c, from);

    if (offset + length > c->send.end)
        length = (uint32_t)(c->send.end - offset);
    *plan = (struct plan){ .seq = from, .length = length, .again = true };
    plan->push = offset + length == c->send.end && length != 0;
    plan->fin = (c->flags & TCP_FIN_SENT) != 0 && offset + length == c->send.end;
    return length != 0 || plan->fin;
}

/* What has to be sent again. The peer's window limits it, after a timeout the congestion window too, but never its
 * first segment. */
static bool plan_again(const struct tcp_connection *c, struct plan *plan)
{
    uint32_t sent = seq_span(c->retransmit_next, c->snd.una), limit = tcp_payload_limit(c);

    if (seq_ge(c->retransmit_next, c->retransmit_end))
        return false;
    if (c->congestion.phase == CONGESTION_LOSS && sent != 0 && sent + limit > c->congestion.cwnd)
        return false;
    if (sent != 0 && sent + limit > c->snd.wnd && seq_lt(seq_add(c->snd.una, c->snd.wnd), c->retransmit_end))
        return false;
    return plan_piece(c, c->retransmit_next, c->retransmit_end, plan);
}

/* What the scoreboard has for lost, as far as the congestion window is ahead of what is on its way. */
static bool plan_lost(struct tcp *tcp, struct tcp_connection *c, struct plan *plan)
{
    uint32_t pipe = tcp_pipe(c);
    struct seq from, to;

    if (c->sender == NULL || !scoreboard_next_lost(&c->sender->board, tcp_payload_limit(c), &from, &to) ||
        !plan_piece(c, from, to, plan))
        return false;
    plan->lost = true;
    if (pipe != 0 && pipe + plan->length > c->congestion.cwnd)
        return false;
    if (seq_eq(from, c->snd.una))
        return true;
    return seq_le(seq_add(from, plan->length), seq_add(c->snd.una, c->snd.wnd)) &&
           tcp_pace(tcp, c, plan->length) == plan->length;
}

/* May the last piece, below full size, leave now? */
static bool small_piece_may_leave(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & (TCP_FIN_WANTED | TCP_URGENT_SENDING | TCP_FLUSH)) != 0 || c->frto == FRTO_NEW)
        return true;
    if ((c->flags & TCP_MORE) != 0 || c->settings.cork) {
        if (!tcp_timer_armed(c, TCP_TIMER_CORK))
            tcp_timer_arm(tcp, c, TCP_TIMER_CORK, 200 * NS_PER_MS);
        return false;
    }
    return c->settings.nodelay || seq_le(c->flight.small, c->snd.una);
}

/* Octets that the two windows let out beyond what is in flight. */
static uint32_t allowed(const struct tcp_connection *c)
{
    uint32_t flight = tcp_flight(c), pipe = tcp_pipe(c), window = c->congestion.cwnd, mss = tcp_payload_limit(c);

    if (window < mss)
        window = mss; /* the segment size has grown since: one may always be in flight */
    if (c->duplicate_acks != 0 && c->congestion.phase < CONGESTION_RECOVERY)
        window += min_u32(c->duplicate_acks, 2) * mss; /* limited transmit; with SACK the pipe says the same */
    if (c->frto == FRTO_NEW) { /* two new segments in place of old ones (RFC 5682 §2.1 step 2b) */
        window = seq_span(c->recover, c->snd.una) + 2 * mss;
        pipe = flight;
    }
    if (c->flags & TCP_TAIL)
        window = window < pipe ? pipe + mss : window + mss;
    return min_u32(window > pipe ? window - pipe : 0, c->snd.wnd > flight ? c->snd.wnd - flight : 0);
}

/* How much new text goes into the next segment or super-segment; 0: none now. */
static uint32_t new_text(struct tcp *tcp, struct tcp_connection *c, uint32_t unsent, uint32_t at_once)
{
    uint32_t mss = tcp_payload_limit(c), may = min_u32(unsent, allowed(c)), full;

    if ((c->flags & TCP_PROBE) != 0 && may < mss) { /* at least one octet, whatever the window */
        c->flags &= ~(uint32_t)TCP_PROBE;
        return may != 0 ? may : 1;
    }
    may = min_u32(may, at_once);
    full = may - may % mss;
    if (may == full)
        return full;
    if (may == unsent) /* the end of what there is */
        return small_piece_may_leave(tcp, c) ? may : full;
    if (full != 0 || tcp_flight(c) != 0)
        return full; /* the windows open by ACKs that are on their way */
    /* A receiver with less room than a segment never has more: half of its most is worth one. */
    return may >= c->snd.max_wnd / 2 ? may : 0;
}

/* Text waits and nothing in flight will bring an ACK: the persist timer asks (RFC 9293 §3.8.6.1). */
static void wait_for_window(struct tcp *tcp, struct tcp_connection *c)
{
    if (tcp_flight(c) != 0 || tcp_timer_armed(c, TCP_TIMER_PERSIST) || c->snd.wnd >= tcp_payload_limit(c))
        return;
    tcp_timer_arm(tcp, c, TCP_TIMER_PERSIST, c->rtt.rto_ns);
}

static bool plan_new(struct tcp *tcp, struct tcp_connection *c, uint32_t at_once, struct plan *plan)
{
    uint64_t offset = tcp_send_offset(c, c->snd.nxt);
    bool probing = (c->flags & TCP_PROBE) != 0;
    uint32_t unsent, length = 0;
    bool probe;

    if ((c->flags & TCP_FIN_SENT) != 0 || (c->ecn_flags & TCP_ECN_WAITS) != 0)
        return false;
    unsent = (uint32_t)(c->send.end - offset);
    if (unsent != 0) {
        if (tcp_flight(c) == 0 && tcp->core->now.ns - c->sent_at_ns > c->rtt.rto_ns && c->sent_at_ns != 0)
            tcp_rested(c, tcp->core->now.ns);
        probe = (c->flags & (TCP_PROBE | TCP_TAIL)) != 0;
        length = new_text(tcp, c, unsent, at_once);
        if (length == 0) {
            wait_for_window(tcp, c);
            return false;
        }
        if (!probe)
            length = tcp_pace(tcp, c, length);
        if (length == 0)
            return false;
    }
    *plan = (struct plan){ .seq = c->snd.nxt, .length = length };
    plan->push = length != 0 && length == unsent;
    plan->probe = probing && (c->flags & TCP_PROBE) == 0;
    plan->fin = length == unsent && (c->flags & TCP_FIN_WANTED) != 0;
    return length != 0 || plan->fin;
}

static bool plan_syn(const struct tcp_connection *c, struct plan *plan)
{
    bool first = seq_eq(c->snd.nxt, c->snd.iss);

    if (!first && seq_ge(c->retransmit_next, c->retransmit_end))
        return false;
    *plan = (struct plan){ .seq = c->snd.iss, .syn = true, .again = !first };
    return true;
}

bool tcp_plan(struct tcp *tcp, struct tcp_connection *c, uint32_t at_once, struct plan *plan)
{
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        return false;
    if (c->state == BARO_TCP_SYN_SENT || c->state == BARO_TCP_SYN_RECEIVED)
        return plan_syn(c, plan);
    if (c->frto == FRTO_NEW)
        return plan_new(tcp, c, at_once, plan);
    if (plan_again(c, plan) || plan_lost(tcp, c, plan))
        return true;
    if (seq_lt(c->retransmit_next, c->retransmit_end) || (c->sender != NULL && c->sender->board.lost != 0))
        return false; /* nothing new before what is lost */
    if ((c->flags & TCP_URGENT_SENDING) != 0)
        at_once = tcp_payload_limit(c); /* the pointer is counted from each segment's own beginning (MUST-62) */
    return plan_new(tcp, c, at_once, plan);
}
