/* transport/tcp/ack_turn.c: acknowledgments that wait for the program's turn.
 *
 * Three times in the life of a connection an ACK is due at the very moment in which the program is told something that
 * it commonly answers: it is connected, the peer has asked, the peer has closed. Sent at once the ACK is a segment of
 * its own in front of the one with the answer, which says the same; of the eleven segments of a short connection they
 * are four. So such an ACK waits for the host's turn to end: baro_stack_poll() has told the program, the program makes
 * its calls, baro_stack_flush() sends. What leaves for the connection meanwhile carries the ACK; what is left then
 * leaves as an ACK alone. Time does not pass in between: it is no delayed ACK (RFC 9293 §3.8.6.3 allows 500 ms), needs
 * no timer, and who never calls anything loses nothing, since the next poll begins with it and
 * baro_stack_next_deadline() asks for that one now.
 *
 * What never waits: ACKs that count for the peer (out of order, repeated, challenged, of probes, window updates) and
 * the one of at least every second full-sized segment (RFC 5681 §4.2); those of a young connection's text, which give
 * the peer in slow start its clock, unless it says by PSH that no more is coming now; in states in which the program
 * has nothing to say any more, or is gone; where it asked for quick ACKs (TCP_QUICKACK); and whatever came by the
 * loopback, whose both ends have the same turn.
 *
 * An ACK whose delay was in vain, since its timer fired, nothing had carried it and no more text had come, tells how
 * both programs go on: a client that thinks before it asks again, or only reads now and then. The ACKs of its next
 * eight pushed segments wait for the turn and no longer; of the ninth the delay is tried again. While they go on so, no
 * ACK is more than there were, the peer hears 40 ms earlier (where it holds back a small segment for it by Nagle's rule
 * it waits once, not each time), and among many connections the segment leaves while the connection is in the caches of
 * both ends. Where text begins to come more often, eight are more, once. What carries an ACK within its delay changes
 * nothing.
 *
 * The list holds a burst's worth: where it is full, the ACK leaves at once. */
#include "transport/tcp/parts.h"

void tcp_send_ack_soon(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & TCP_ACK_SOON) != 0)
        return;
    if (tcp->soon_count == TCP_SOON) {
        tcp_send_ack(tcp, c);
        return;
    }
    TRACE(tcp->core, TCP_ACK_WAITS, TRACE_N(tcp_handle(tcp, c).value));
    c->flags |= TCP_ACK_SOON;
    tcp->soon[tcp->soon_count++] = tcp_handle(tcp, c);
}

uint32_t tcp_turn_awaited(const struct tcp *tcp)
{
    return tcp->soon_count;
}

void tcp_turn_is_over(struct tcp *tcp, uint32_t done)
{
    for (uint32_t i = done; i < tcp->soon_count; i++) {
        struct tcp_connection *c = tcp_resolve(tcp, tcp->soon[i]);

        if (c == NULL || (c->flags & TCP_ACK_SOON) == 0)
            continue; /* it is gone, or the ACK has left */
        c->flags &= ~(uint32_t)TCP_ACK_SOON;
        c->flags |= TCP_ACK_NOW;
        tcp_want_output(tcp, c);
    }
    tcp->soon_count = 0;
}
