/* transport/tcp/stretch_ack.h: the text of a burst taken as one for acknowledging, see stretch_ack.c. */
#ifndef TRANSPORT_TCP_STRETCH_ACK_H
#define TRANSPORT_TCP_STRETCH_ACK_H

#include "transport/tcp/connection.h"

enum { TCP_BURST_AS_ONE = 65535 /* octets that one ACK tells, at most */ };

/* How far the text in order has come, in units of which as many as a full-sized segment has octets are 1,024
 * segments. */
static inline uint32_t tcp_even_at(const struct tcp_connection *c)
{
    return (uint32_t)(c->recv.end >> 10);
}

/* An ACK of text in order, `ack`, is about to leave. True: a later one of the burst tells more, so that this need
 * not. */
__attribute__((cold)) bool tcp_burst_tells(struct tcp *tcp, struct tcp_connection *c, struct seq ack);
/* Text came out of order or twice, or with a mark. */
static inline void tcp_text_is_uneven(struct tcp_connection *c)
{
    c->burst.uneven = tcp_even_at(c);
}

#endif
