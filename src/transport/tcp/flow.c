/* transport/tcp/flow.c: when what may be sent leaves (pacing.h), and whether the window is still good (validation.h).
 *
 * Paced is what is new, and what is sent again behind the first missing segment. Not paced, but paid for: that first
 * one, which may have waited long enough; what goes again without SACK; probes of the tail and of a closed window. */
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
    if (c->flow != NULL && c->flow->sums != NULL)
        pool_give_back(&tcp->sums, c->flow->sums);
    if (c->flow != NULL)
        pool_give_back(&tcp->flows, c->flow);
    c->flow = NULL;
}

unsigned tcp_sums_take(struct tcp *tcp, struct tcp_connection *c, uint64_t offset, uint32_t length, const uint16_t **of)
{
    uint16_t size = (uint16_t)tcp_payload_limit(c);
    struct text_sums *sums;

    if (length < size || tcp_flow_open(tcp, c) == NULL)
        return 0;
    if (c->flow->sums == NULL)
        c->flow->sums = pool_take(&tcp->sums);
    sums = c->flow->sums;
    if (sums == NULL)
        return 0;
    if (sums->size == size)
        return text_sums_take(sums, offset, length, of);
    text_sums_begin(sums, size);
    return 0;
}

uint64_t tcp_pacing_rate(const struct tcp *tcp, const struct tcp_connection *c)
{
    uint32_t flight = tcp_flight(c), window = c->congestion.cwnd > flight ? c->congestion.cwnd : flight;

    return pacing_rate(window, c->congestion.ssthresh, c->rtt.srtt_ns, c->limited ? c->settings.max_pacing_rate : 0,
                       tcp->pacing == BARO_PACING_DEFAULT);
}

/* What may leave at one moment in the beginning may do so later. */
static bool is_small(const struct tcp_connection *c, uint32_t mss)
{
    return !c->limited && c->congestion.cwnd <= congestion_initial_window(mss);
}

/* 0: as the windows let it. */
static uint64_t rate_now(const struct tcp *tcp, const struct tcp_connection *c, uint32_t mss)
{
    return is_small(c, mss) ? 0 : tcp_pacing_rate(tcp, c);
}

bool tcp_is_paced(const struct tcp *tcp, const struct tcp_connection *c)
{
    return rate_now(tcp, c, tcp_payload_limit(c)) != 0;
}

uint32_t tcp_pace(struct tcp *tcp, struct tcp_connection *c, uint32_t length)
{
    uint32_t mss = tcp_payload_limit(c), may;
    uint64_t rate = rate_now(tcp, c, mss);
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

void tcp_lapse(struct tcp_connection *c, int64_t now_ns)
{
    for (uint32_t periods = validation_periods(&c->flow->validation, now_ns); periods != 0; periods--)
        congestion_unused(&c->congestion, tcp_payload_limit(c));
}

void tcp_rested(struct tcp_connection *c, int64_t now_ns)
{
    congestion_rested(&c->congestion);
    if (c->flow != NULL && !validation_is_valid(&c->flow->validation, c->congestion.cwnd, 0, now_ns, c->rtt.srtt_ns))
        tcp_lapse(c, now_ns);
}

void tcp_validate_loss(struct tcp *tcp, struct tcp_connection *c, uint32_t cwnd, uint32_t missing)
{
    uint32_t ssthresh, least = 2 * tcp_payload_limit(c);

    if (c->flow == NULL)
        return;
    ssthresh = validation_loss(&c->flow->validation, cwnd, tcp_flight(c), missing, c->counts.again, tcp->core->now.ns,
                               c->rtt.srtt_ns);
    if (ssthresh != 0)
        c->congestion.ssthresh = ssthresh > least ? ssthresh : least;
}

void tcp_validate_recovered(struct tcp_connection *c)
{
    uint32_t window = 0;

    if (c->flow != NULL)
        window = validation_recovered(&c->flow->validation, c->counts.again, tcp_payload_limit(c));
    if (window != 0 && window < c->congestion.cwnd)
        c->congestion.cwnd = c->congestion.ssthresh = window;
}
