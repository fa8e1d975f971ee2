/* transport/tcp/flow.c: when what may be sent leaves (pacing.h).
 *
 * Paced is what is new, and what is sent again behind the first missing segment. Not paced, but paid for: that first one,
 * which may have waited long enough; what goes again without SACK; probes of the tail and of a closed window. */
#include "transport/tcp/parts.h"

void tcp_choose_pacing(struct tcp *tcp, enum baro_pacing pacing)
{
    tcp->pacing = (uint8_t)pacing;
}

struct tcp_flow *tcp_flow_open(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->flow == NULL)
        c->flow = pool_take(&tcp->flows);
    return c->flow;
}

void tcp_flow_release(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->flow != NULL)
        pool_give_back(&tcp->flows, c->flow);
    c->flow = NULL;
}

uint64_t tcp_pacing_rate(const struct tcp *tcp, const struct tcp_connection *c)
{
    uint32_t flight = tcp_flight(c), window = c->congestion.cwnd > flight ? c->congestion.cwnd : flight;

    return pacing_rate(window, c->congestion.ssthresh, c->rtt.srtt_ns, c->settings.max_pacing_rate,
                       tcp->pacing == BARO_PACING_DEFAULT);
}

uint32_t tcp_pace(struct tcp *tcp, struct tcp_connection *c, uint32_t length)
{
    uint64_t rate = tcp_pacing_rate(tcp, c);
    uint32_t mss = tcp_payload_limit(c), may;
    int64_t wait_ns;

    if (rate == 0 || tcp_flow_open(tcp, c) == NULL)
        return length;
    if (tcp_flight(c) == 0)
        pacing_restart(&c->flow->pacing, tcp->core->now.ns, congestion_initial_window(mss));
    may = pacing_allows(&c->flow->pacing, tcp->core->now.ns, rate, mss, &wait_ns);
    if (may == 0)
        tcp_timer_arm(tcp, c, TCP_TIMER_PACE, wait_ns);
    return may < length ? may : length;
}

void tcp_paced(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    uint64_t rate = c->flow == NULL ? 0 : tcp_pacing_rate(tcp, c);

    if (rate != 0)
        pacing_sent(&c->flow->pacing, octets, rate);
}
