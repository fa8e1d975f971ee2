/* transport/tcp/deadline.h: a connection's deadlines as numbers, and the wheel's timer, at the earliest or before it
 * (timers.c). */
#ifndef TRANSPORT_TCP_DEADLINE_H
#define TRANSPORT_TCP_DEADLINE_H

#include "base/likely.h"
#include "transport/tcp/connection.h"

static inline bool tcp_timer_armed(const struct tcp_connection *c, enum tcp_timer_name name)
{
    return c->deadline_ns[name] != 0;
}

/* So many of its deadlines may be armed: the last one is of who has no descriptor any more. */
static inline int tcp_timers_of(const struct tcp_connection *c)
{
    return UNLIKELY((c->flags & TCP_ORPHAN) != 0) ? (int)TCP_TIMER_COUNT : (int)TCP_TIMER_FIN_WAIT_2;
}

/* An instant as a deadline: 0 says that there is none. */
static inline int64_t tcp_deadline(int64_t at_ns)
{
    return at_ns == 0 ? 1 : at_ns;
}

/* late.c: the wheel will hear of a deadline that comes before the timer there, at once if it is soon. */
void tcp_timer_late(struct tcp *tcp, struct tcp_connection *c, int64_t at_ns);
/* late.c: it hears of the earliest one now. */
void tcp_timer_tell_wheel(struct tcp *tcp, struct tcp_connection *c);
void tcp_late_release(struct tcp_late *late, struct slabs *slabs);

/* A deadline was written: the wheel stands at it or before it, or will in time. Who is in the row needs the wheel only
 * for what comes before its turn there. */
static inline void tcp_timer_look(struct tcp *tcp, struct tcp_connection *c, int64_t at_ns)
{
    if (UNLIKELY(c->late ? at_ns < tcp->core->now.ns + TCP_LATE_NS
                         : !wheel_is_armed(&c->wheel) || c->wheel.deadline.ns > at_ns))
        tcp_timer_late(tcp, c, at_ns);
}

static inline void tcp_timer_set(struct tcp *tcp, struct tcp_connection *c, enum tcp_timer_name name, int64_t at_ns)
{
    c->deadline_ns[name] = tcp_deadline(at_ns);
    tcp_timer_look(tcp, c, at_ns);
}

/* Rings that are empty for so long give their memory back. */
#define TCP_REST_RINGS_NS (2 * NS_PER_S)
/* Is there no look at the rings by then? (0, not armed, is the farthest.) */
static inline bool tcp_rest_is_far(const struct tcp *tcp, const struct tcp_connection *c)
{
    return (uint64_t)c->deadline_ns[TCP_TIMER_REST] - 1 >= (uint64_t)(tcp->core->now.ns + TCP_REST_RINGS_NS);
}

enum { TCP_TAIL_ACK_DELAY_MS = 200, TCP_TAIL_LEAST_MS = 40 };
/* How long after the last news a probe leaves, unless the retransmission timer is due before. */
static inline int64_t tcp_tail_wait_ns(const struct tcp_connection *c)
{
    int64_t wait_ns = UNLIKELY(c->rtt.srtt_ns == 0) ? NS_PER_S : 2 * c->rtt.srtt_ns;

    if (LIKELY(tcp_flight(c) < 2 * tcp_payload_limit(c)))
        return wait_ns + TCP_TAIL_ACK_DELAY_MS * NS_PER_MS; /* more than the least */
    return wait_ns < TCP_TAIL_LEAST_MS * NS_PER_MS ? TCP_TAIL_LEAST_MS * NS_PER_MS : wait_ns;
}

#endif
