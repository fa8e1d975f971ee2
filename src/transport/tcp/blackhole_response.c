/* transport/tcp/blackhole_response.c: a connection whose large segments are lost in silence (blackhole.h says when,
 * here it is done).
 *
 * The flight goes again in smaller segments, the first at once. The congestion window was reduced by the first of the
 * time-outs, as for any loss, and is not reduced again; the timer begins anew at what the round trips say, since it is
 * not the network that is slow. */
#include "transport/tcp/parts.h"

/* Octets of the IP packet that the first unacknowledged segment makes. */
static uint32_t first_packet(const struct tcp_connection *c)
{
    uint32_t flight = tcp_flight(c), limit = tcp_payload_limit(c);
    uint32_t headers = (c->remote.address.family == BARO_FAMILY_IPV6 ? 60 : 40) + tcp_option_octets(c);

    return headers + (flight < limit ? flight : limit);
}

void tcp_blackhole_changed(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t before = tcp_payload_limit(c);

    tcp_set_path_mtu(c, c->path_mtu);
    TRACE(tcp->core, TCP_BLACK_HOLE, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(before), TRACE_N(tcp_payload_limit(c)));
}

void tcp_blackhole_timeout(struct tcp *tcp, struct tcp_connection *c)
{
    bool ipv6 = c->remote.address.family == BARO_FAMILY_IPV6;
    enum blackhole_change change;

    if (!tcp->watches_holes)
        return;
    change = blackhole_timeout(&c->blackhole, ipv6, first_packet(c), c->snd.una);
    if (change == BLACKHOLE_SAME)
        return;
    tcp_blackhole_changed(tcp, c);
    if (change == BLACKHOLE_AS_BEFORE)
        return;
    tcp->core->counters.tcp_black_holes++;
    if (c->blackhole.outage)
        return;
    rtt_forget_back_off(&c->rtt);
    /* as many as the back-off has steps, so that an outage is survived as long as without these tries */
    c->retries = 0;
}
