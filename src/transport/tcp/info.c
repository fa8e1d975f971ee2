/* transport/tcp/info.c: STATUS (RFC 9293 §3.10.6): what a program may ask about its connection. */
#include "transport/tcp/parts.h"

unsigned tcp_readiness(const struct tcp *tcp, struct handle connection)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection);
    unsigned events = 0;
    bool over;

    if (c == NULL)
        return BARO_EVENT_INVALID;
    over = (c->flags & TCP_CLOSED_DONE) != 0;
    if (tcp_readable(tcp, connection) != 0 || c->error != 0 || over ||
        (c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0)
        events |= BARO_EVENT_IN;
    if (over || (tcp_synchronised(c) && ((c->flags & TCP_FIN_WANTED) != 0 || tcp_send_room(c) != 0)))
        events |= BARO_EVENT_OUT;
    if ((c->flags & (TCP_URGENT_KNOWN | TCP_URGENT_TAKEN)) == TCP_URGENT_KNOWN)
        events |= BARO_EVENT_PRIORITY;
    if (c->error != 0)
        events |= BARO_EVENT_ERROR;
    if (over || (c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0)
        events |= BARO_EVENT_READ_HANGUP;
    if (over || ((c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0 && (c->flags & TCP_FIN_WANTED) != 0))
        events |= BARO_EVENT_HANGUP;
    return events;
}

uint32_t tcp_readable(const struct tcp *tcp, struct handle connection)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection);
    uint32_t used;
    bool urgent_inside;

    if (c == NULL)
        return 0;
    used = ring_used(&c->recv);
    /* The urgent octet does not count where it is not in line. */
    urgent_inside = used != 0 && !c->settings.oob_inline && (c->flags & TCP_URGENT_KNOWN) != 0 &&
                    seq_lt(seq_sub(c->rcv.up, 1), tcp_recv_seq(c, c->recv.end)) &&
                    seq_ge(seq_sub(c->rcv.up, 1), tcp_recv_seq(c, c->recv.begin));
    return used - urgent_inside;
}

uint32_t tcp_writable(struct tcp *tcp, struct handle connection)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    uint32_t room;

    if (c == NULL || !tcp_synchronised(c) || (c->flags & TCP_FIN_WANTED) != 0)
        return 0;
    room = tcp_send_room(c);
    if (room == 0)
        c->flags |= TCP_WANT_WRITE;
    return room;
}

static uint32_t unsent(const struct tcp_connection *c)
{
    uint64_t next = tcp_send_offset(c, c->snd.nxt);

    return c->state >= BARO_TCP_ESTABLISHED && next < c->send.end ? (uint32_t)(c->send.end - next) : 0;
}

void tcp_info(const struct tcp *tcp, struct handle connection, struct baro_tcp_info *info)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection);
    const struct tcp_half_open *record = tcp_resolve_half_open(tcp, connection);

    *info = (struct baro_tcp_info){ .state = record == NULL ? BARO_TCP_CLOSED : BARO_TCP_SYN_RECEIVED };
    if (c == NULL)
        return;
    *info = (struct baro_tcp_info){
        .state = (enum baro_tcp_state)c->state,
        .snd_una = c->snd.una.value,
        .snd_nxt = c->snd.nxt.value,
        .snd_wnd = c->snd.wnd,
        .rcv_nxt = c->rcv.nxt.value,
        .rcv_wnd = tcp_recv_window(c),
        .snd_mss = tcp_payload_limit(c),
        .rcv_mss = c->rcv_mss,
        .path_mtu = c->path_mtu,
        .cwnd = c->congestion.cwnd,
        .ssthresh = c->congestion.ssthresh,
        .flight = tcp_flight(c),
        .snd_scale = c->snd_scale,
        .rcv_scale = c->rcv_scale,
        .timestamps = (c->flags & TCP_TIMESTAMPS) != 0,
        .srtt = { c->rtt.srtt_ns },
        .rttvar = { c->rtt.rttvar_ns },
        .rto = { c->rtt.rto_ns },
        .min_rtt = { c->rtt.min_ns },
        .bytes_acked = c->bytes_acked,
        .bytes_received = c->recv.end,
        .segments_in = c->segments_in,
        .segments_out = c->segments_out,
        .retransmits = c->retransmits,
        .timeouts = c->timeouts,
        .unsent = unsent(c),
        .unread = ring_used(&c->recv),
        .consecutive_timeouts = c->retries,
        .probes = c->probes,
    };
}

bool tcp_endpoints(const struct tcp *tcp, struct handle connection, struct baro_endpoint *local,
                   struct baro_endpoint *remote)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection);

    if (c == NULL)
        return false;
    *local = c->local;
    *remote = c->remote;
    return true;
}
