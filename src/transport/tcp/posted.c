/* transport/tcp/posted.c: octets that go straight from their frame to where the program wants them.
 *
 * A program that knows where the next octets shall go says so before they come: text in order is then copied, and
 * summed, once, where by way of the receive ring it is twice. For the protocol a posted buffer is a program that reads
 * at once whatever comes: the octets count as read before the ACK of their segment is made, so the window stays open.
 *
 * What is posted is filled from its beginning. It stands in front of the ring: while it has room, the ring holds
 * nothing in order, unless urgent data is about, in front of which reading stops: then everything waits in the ring
 * until the program takes its buffer back. So does what finds no room, and what comes out of order, until the hole is
 * filled. Octets whose sum is wrong may have been written behind those that count, and so may octets of a segment that
 * is cut: they mean nothing.
 *
 * tcp/expected.c copies there itself; on the slow path the text goes into the ring and at once from there to the
 * buffer, with the same segments as answer. A connection with a posted buffer does not rest. */
#include "transport/tcp/exchange.h"
#include "transport/tcp/rest.h"

ptrdiff_t tcp_recv_post(struct tcp *tcp, struct handle connection, struct baro_buffer where)
{
    bool asleep = false;
    struct tcp_connection *c = tcp_wake(tcp, connection, &asleep);
    ptrdiff_t there = 0;

    if (c == NULL)
        return asleep ? -ENOBUFS : -ENOTCONN;
    if ((c->flags & TCP_POSTED) != 0)
        return -EBUSY;
    if (where.length == 0)
        return -EINVAL;
    if (where.length > UINT32_MAX)
        where.length = UINT32_MAX;
    if (ring_used(&c->recv) != 0 && c->error == 0) {
        there = tcp_recv(tcp, connection, where, 0);
        if (there < 0)
            there = 0; /* an urgent octet alone */
    }
    c->posted.at = where.data;
    c->posted.room = (uint32_t)where.length;
    c->posted.filled = (uint32_t)there;
    c->flags |= TCP_POSTED;
    return there;
}

ptrdiff_t tcp_recv_collect(struct tcp *tcp, struct handle connection)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection); /* at rest nothing is posted */
    struct baro_buffer where;

    if (c == NULL)
        return tcp_is_at_rest(connection) ? -EINVAL : -ENOTCONN;
    if ((c->flags & TCP_POSTED) == 0)
        return -EINVAL;
    c->flags &= ~(uint32_t)TCP_POSTED;
    if (c->posted.filled != 0)
        return c->posted.filled;
    where = (struct baro_buffer){ c->posted.at, c->posted.room };
    return tcp_recv(tcp, connection, where, 0);
}

void tcp_posted_filled(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    c->posted.filled += octets;
    tcp_receive_passed(tcp, c, octets);
}

void tcp_posted_fill(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t octets = ring_used(&c->recv), room = c->posted.room - c->posted.filled;

    octets = octets < room ? octets : room;
    if (octets == 0 || (c->flags & TCP_URGENT_KNOWN) != 0)
        return;
    tcp_receive_read(tcp, c, c->recv.begin, c->posted.at + c->posted.filled, octets);
    tcp_posted_filled(tcp, c, octets);
}
