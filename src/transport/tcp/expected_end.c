/* transport/tcp/expected_end.c: header prediction at the end of a connection: the expected FIN, and the ACK of ours.
 *
 * expected.c knows what comes while text is exchanged. Two segments more come once in each connection's life, at either
 * end, and of short connections they are the half: the peer's FIN in order, alone or behind its last text, and the ACK
 * of all that we sent, our FIN included. Both make the connection change its state:
 *
 *     FIN                 ESTABLISHED -> CLOSE-WAIT, FIN-WAIT-1 -> CLOSING, FIN-WAIT-2 -> TIME-WAIT
 *     ACK of our FIN      FIN-WAIT-1 -> FIN-WAIT-2, CLOSING -> TIME-WAIT, LAST-ACK -> CLOSED
 *     both in one         FIN-WAIT-1 -> TIME-WAIT
 *
 * The first FIN of a connection that is open at both ends is taken in expected.c, but for what is left to
 * tcp_expected_fin(). What makes the steps short is what does in expected.c, and the transitions are the slow path's
 * own functions (tcp_fin_acknowledged, tcp_fin_in_order). Everything is tested before anything is changed; a FIN behind
 * a hole, beyond the window, again, or with a RST goes the slow path with nothing touched. test/sim/fast_close_test.c
 * compares both. */
#include "transport/tcp/expected_steps.h"

/* Is it what comes next, and one of the two? */
static bool is_expected(const struct tcp_connection *c, const struct expected_segment *segment,
                        const struct tcp_arrival *arrival, bool stamped)
{
    if (!expected_is_next(c, segment, stamped))
        return false;
    if (!segment->fin)
        return segment->octets == 0 && expected_acknowledges_fin(c, segment);
    return c->state <= BARO_TCP_FIN_WAIT_2 && tcp_recv_window(c) != 0 &&
           (segment->octets == 0 || expected_may_take(c, segment, arrival->tos));
}

/* Is it behind this segment nothing but a record in TIME-WAIT? */
static bool is_gone(const struct tcp_connection *c, const struct expected_segment *segment)
{
    return segment->fin && c->state == BARO_TCP_FIN_WAIT_2 && (c->flags & TCP_ORPHAN) != 0;
}

/* tcp_expected_acknowledged() for who never sends anything again but ACKs, and whom nobody asks any more: round trip
 * and congestion window have had their use. */
static void last_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct seq ack)
{
    expected_una(c, ack);
    c->flags &= ~(uint32_t)TCP_RTT_TIMING;
    tcp_send_acked(tcp, c, true);
    expected_all_acknowledged(tcp, c, false);
}

/* The steps from the fifth on; `c` may be over behind them. */
static void take(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment,
                 const struct tcp_arrival *arrival)
{
    const bool ours = expected_acknowledges_fin(c, segment);

    if (ours && (c->flags & TCP_ORPHAN) != 0) {
        if (c->state == BARO_TCP_FIN_WAIT_1) /* else it is over, and gone */
            last_acknowledged(tcp, c, segment->ack);
    } else if (!seq_eq(segment->ack, c->snd.una)) {
        tcp_expected_acknowledged(tcp, c, segment);
    }
    c->probes = 0;
    if (ours)
        tcp_fin_acknowledged(tcp, c);
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        return;
    if (!is_gone(c, segment)) {
        tcp_update_window(tcp, c, segment->seq, segment->ack, arrival_window(arrival, c->snd_scale));
        if (c->settings.keepalive)
            tcp_keepalive_restart(tcp, c);
        tcp_want_more_output(tcp, c);
    }
    if (!segment->fin)
        return;
    if (segment->octets != 0) { /* the FIN's ACK is its ACK */
        expected_take_text(tcp, c, segment, arrival->tos, false);
        tcp_rest_later(tcp, c);
    }
    c->flags |= TCP_FIN_HELD;
    c->rcv.fin = c->rcv.nxt;
    tcp_fin_in_order(tcp, c);
}

__attribute__((noinline)) void tcp_expected_fin(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    if (octets != 0)
        tcp_rest_later(tcp, c);
    c->flags |= TCP_FIN_HELD;
    c->rcv.fin = c->rcv.nxt;
    tcp_fin_in_order(tcp, c);
}

/* Not in the place of its call: what is expected oftener would be the slower for it. */
__attribute__((noinline)) bool tcp_expected_end(struct tcp *tcp, struct tcp_connection *c,
                                                const struct tcp_arrival *arrival)
{
    const bool stamped = (c->flags & TCP_TIMESTAMPS) != 0;
    struct expected_segment segment;

    if (!tcp_hears_at_ease(c) || c->snd.wnd == 0 ||
        !arrival_read(&segment, arrival, stamped, TCP_FLAG_PSH | TCP_FLAG_FIN) ||
        !is_expected(c, &segment, arrival, stamped) || !tcp_flight_is_in_order(c) ||
        !expected_sum_is_right(tcp, c, &segment, arrival, stamped, false))
        return false;
    expected_arrived(tcp, c, tcp_handle(tcp, c), &segment, stamped);
    take(tcp, c, &segment, arrival);
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        tcp_reap(tcp, c);
    return true;
}
