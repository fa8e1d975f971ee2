/* transport/tcp/close.c: CLOSE and ABORT (RFC 9293 §3.10.4, §3.10.5), half close and linger.
 *
 * Closing the sending side puts a FIN behind the last octet; what is unsent goes on being sent. A descriptor that
 * closes with data unread, or with linger time zero, resets the connection (SHLD-3): the peer learns that its data was
 * lost. A connection that goes on without a descriptor is an orphan: its retransmissions, its probes of a closed window
 * and its stay in FIN-WAIT-2 (60 s unless the program said otherwise) are bounded. A linger time above zero asks for
 * waiting, which the core never does: who waits is the caller. */
#include "transport/tcp/exchange.h"
#include "transport/tcp/rest.h"

void tcp_close_sending(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & TCP_FIN_WANTED) != 0)
        return;
    c->flags |= TCP_FIN_WANTED;
    c->flags &= ~(uint32_t)TCP_MORE;
    switch (c->state) {
    case BARO_TCP_SYN_RECEIVED:
    case BARO_TCP_ESTABLISHED:
        tcp_set_state(tcp, c, BARO_TCP_FIN_WAIT_1);
        break;
    case BARO_TCP_CLOSE_WAIT:
        tcp_set_state(tcp, c, BARO_TCP_LAST_ACK);
        break;
    default:
        break;
    }
    tcp_want_output(tcp, c);
}

int tcp_shutdown(struct tcp *tcp, struct handle connection, enum baro_shutdown how)
{
    bool asleep = false;
    struct tcp_connection *c = tcp_wake(tcp, connection, &asleep);

    if (asleep)
        return -ENOBUFS;
    if (c == NULL || (c->flags & TCP_CLOSED_DONE) != 0 || !tcp_synchronised(c))
        return -ENOTCONN;
    if (how != BARO_SHUT_WRITE) {
        c->flags |= TCP_SHUT_READ;
        if (ring_used(&c->recv) != 0)
            tcp_receive_taken(tcp, c, ring_used(&c->recv));
    }
    if (how != BARO_SHUT_READ)
        tcp_close_sending(tcp, c);
    tcp_tell(tcp, c);
    return 0;
}

void tcp_orphan_in_fin_wait_2(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->settings.fin_wait_2_ms < 0)
        tcp_abort(tcp, c, 0);
    else
        tcp_timer_arm(tcp, c, TCP_TIMER_FIN_WAIT_2, c->settings.fin_wait_2_ms * NS_PER_MS);
}

void tcp_close(struct tcp *tcp, struct handle connection)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    bool asleep = false;

    if (c == NULL && (c = tcp_wake(tcp, connection, &asleep)) == NULL) {
        c = asleep ? tcp_wake_to_end(tcp, connection) : NULL;
        if (c == NULL)
            return;
        c->flags &= ~(uint32_t)TCP_OWNED;
        tcp_abort(tcp, c, 0); /* nothing is lost by that, and without a promise it could hear no answer */
        tcp_reap(tcp, c);
        return;
    }
    c->flags &= ~(uint32_t)TCP_OWNED;
    c->flags |= TCP_ORPHAN;
    if (c->event.next != NULL)
        tcp_event_forget(tcp, &c->event);
    if (c->flags & TCP_CLOSED_DONE) {
        tcp_reap(tcp, c);
        return;
    }
    if (!tcp_synchronised(c)) /* SYN-SENT, or SYN-RECEIVED of a simultaneous open */
        tcp_abort(tcp, c, 0);
    else if ((c->settings.linger && c->settings.linger_ms == 0) || ring_used(&c->recv) != 0)
        tcp_abort(tcp, c, 0);
    else
        tcp_close_sending(tcp, c);
    if (c->state == BARO_TCP_FIN_WAIT_2) { /* by itself: both in one load would wait for flags that were just stored */
        if ((c->flags & TCP_CLOSED_DONE) == 0)
            tcp_orphan_in_fin_wait_2(tcp, c);
    }
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        tcp_reap(tcp, c);
}
