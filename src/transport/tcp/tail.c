/* transport/tcp/tail.c: the tail loss probe (RFC 8985 §7).
 *
 * When the end of a flight is lost nothing comes back that would tell. So two round trips after the last news one
 * segment more is sent, a new one if there is, else the last one again: its ACK or SACK starts a recovery where the
 * retransmission timer would have thrown the window away. With less than two full segments in flight the peer may delay
 * its ACK (RFC 9293 §3.8.6.3), which gets its time too, and never is a probe sooner than such a delay commonly takes. A
 * probe is sent in place of a timeout that would come before it. If the ACK shows that the probe itself repaired a
 * loss, the window is reduced as for any other. */
#include "transport/tcp/parts.h"

void tcp_tail_arm(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t wait_ns, left_ns;

    if ((c->flags & TCP_SACK_PERMITTED) == 0 || !tcp_synchronised(c))
        return;
    if (tcp_flight(c) == 0 || c->tail.out || c->congestion.phase >= CONGESTION_RECOVERY || c->snd.wnd == 0 ||
        (c->sender != NULL && (c->sender->board.sacked != 0 || c->sender->board.lost != 0))) {
        tcp_timer_cancel(tcp, c, TCP_TIMER_TAIL);
        return;
    }
    wait_ns = tcp_tail_wait_ns(c);
    left_ns = c->deadline_ns[TCP_TIMER_RETRANSMIT] - tcp->core->now.ns;
    if (tcp_timer_armed(c, TCP_TIMER_RETRANSMIT) && wait_ns > left_ns)
        wait_ns = left_ns;
    tcp_timer_start(tcp, c, TCP_TIMER_TAIL, wait_ns);
}

bool tcp_tail_probe(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t mss = tcp_payload_limit(c), flight = tcp_flight(c);
    bool new_text = tcp_send_offset(c, c->snd.nxt) + mss <= c->send.end; /* a full one: Nagle holds no such */

    if (flight == 0 || c->congestion.phase >= CONGESTION_RECOVERY || seq_lt(c->retransmit_next, c->retransmit_end))
        return false;
    c->tail.out = true;
    c->tail.end = c->snd.nxt;
    c->tail.again = !new_text || flight + mss > c->snd.wnd;
    if (c->tail.again) {
        struct seq from = flight > mss ? seq_sub(c->snd.nxt, mss) : c->snd.una;

        tcp_sender_open(tcp, c);
        tcp_retransmit_from(tcp, c, from, c->snd.nxt);
    } else {
        c->flags |= TCP_TAIL;
        tcp_want_output(tcp, c);
    }
    TRACE(tcp->core, TCP_TAIL_PROBE, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->tail.again));
    /* On a path of constant length the RTO is hardly more than a round trip: the ACK of one segment may be delayed. */
    tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT,
                  c->rtt.rto_ns + (flight <= mss ? TCP_TAIL_ACK_DELAY_MS * NS_PER_MS : 0));
    return true;
}

bool tcp_tail_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                    bool duplicate)
{
    bool repaired = false;

    if (!c->tail.out || seq_lt(c->snd.una, c->tail.end))
        return false;
    if (c->tail.again && !duplicate) {
        if (seq_eq(c->snd.una, c->tail.end) &&
            (acked != 0 || segment->options.sack_count != 0 || segment->data.length != 0))
            return false; /* the original or the probe: what follows tells */
        if (seq_gt(c->snd.una, c->tail.end)) { /* nobody got it twice: the probe has repaired a loss */
            congestion_loss(&c->congestion, tcp_pipe(c) + acked, tcp_payload_limit(c));
            tcp_ecn_reduced(c);
            c->congestion.cwnd = c->congestion.ssthresh;
            c->congestion.phase = CONGESTION_AVOIDANCE;
            tcp->core->counters.tcp_tail_repairs++;
            repaired = true;
        }
    }
    c->tail.out = false;
    return repaired;
}
