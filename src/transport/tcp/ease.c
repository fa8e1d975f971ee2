/* transport/tcp/ease.c: see ease.h. */
#include "transport/tcp/ease.h"

/* What both ask: no window is being reduced or kept small, and the next to leave is new. */
static bool both_hold(const struct tcp_connection *c)
{
    return c->congestion.phase <= CONGESTION_AVOIDANCE && (c->ecn_flags & TCP_ECN_WAITS) == 0;
}

/* Nothing may be lost, or have been taken for it, and text comes in order. */
static bool hears_hold(const struct tcp_connection *c)
{
    return (c->flags & TCP_SACK_PERMITTED) != 0 && (c->flags & (TCP_FIN_HELD | TCP_FIN_RECEIVED)) != TCP_FIN_HELD &&
           (c->ecn_flags & (TCP_ECN_REDUCED | TCP_ECN_HEARD)) == 0 && c->frto == FRTO_OFF && !c->tail.out &&
           !c->rack.dsack_round && !c->blackhole.trying && c->ranges == NULL;
}

/* Each with where the slow path would look at it. */
static bool sends_hold(const struct tcp_connection *c)
{
    return seq_ge(c->retransmit_next, c->retransmit_end) &&          /* plan_again */
           /* tcp_next_segment: the old segment size again */
           c->blackhole.ceiling == 0 &&
           /* allowed: limited transmit, F-RTO's two segments */
           c->duplicate_acks == 0 && c->frto != FRTO_NEW &&
           (c->ecn_flags & TCP_ECN_CWR) == 0 &&                       /* tcp_ecn_leave */
           /* small_piece_may_leave, tcp_tell_of_less_unsent */
           !c->settings.cork && c->settings.notsent_low_water == 0 &&
           c->settings.ttl != 0;                                      /* IPv4 and IPv6 differ over it */
}

bool tcp_ease_holds(const struct tcp_connection *c)
{
    return c->state >= BARO_TCP_ESTABLISHED && both_hold(c) && hears_hold(c) && sends_hold(c);
}

__attribute__((noinline)) bool tcp_ease_to_hear(struct tcp_connection *c)
{
    if (c->state < BARO_TCP_ESTABLISHED || !both_hold(c) || !hears_hold(c))
        return false;
    if (sends_hold(c))
        c->flags |= TCP_AT_EASE;
    return true;
}

__attribute__((noinline)) bool tcp_ease_to_send(struct tcp_connection *c)
{
    if (c->state < BARO_TCP_ESTABLISHED || !both_hold(c) || !sends_hold(c))
        return false;
    if (hears_hold(c))
        c->flags |= TCP_AT_EASE;
    return true;
}
