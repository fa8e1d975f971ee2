/* transport/tcp/listen.c: a segment for a listener (RFC 9293 §3.10.7.2), and what a SYN tells.
 *
 * A SYN makes a connection in SYN-RECEIVED with its memory promised but not taken. There are bounds on half-open
 * ones: at the bound the oldest gives its place, so that a flood of SYNs that nobody completes costs the flood its
 * own entries first (RFC 4987 §3.4); connections waiting for accept are never given up. */
#include "transport/tcp/parts.h"

/* What a peer offers as MSS, kept within what we can work with. */
static uint16_t peer_mss(const struct tcp_connection *c, const struct segment *segment)
{
    uint16_t mss = c->remote.address.family == BARO_FAMILY_IPV6 ? TCP_MSS_DEFAULT_IPV6 : TCP_MSS_DEFAULT;

    if (segment->options.has_mss)
        mss = segment->options.mss;
    return mss < TCP_MSS_FLOOR ? TCP_MSS_FLOOR : mss;
}

void tcp_learn_syn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;

    c->rcv.irs = segment->seq;
    c->rcv.nxt = seq_add(segment->seq, 1);
    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = c->rcv.nxt;
    c->rcv.up = c->rcv.nxt;
    c->peer_mss = peer_mss(c, segment);
    tcp_set_path_mtu(c, c->path_mtu);
    if (options->has_timestamps) {
        c->flags |= TCP_TIMESTAMPS;
        c->ts_recent = options->ts_value;
        c->ts_recent_at_ns = tcp->core->now.ns;
    }
    if (options->sack_permitted)
        c->flags |= TCP_SACK_PERMITTED;
    if (options->has_scale) {
        c->flags |= TCP_SCALED;
        c->snd_scale = options->scale > TCP_SCALE_LIMIT ? TCP_SCALE_LIMIT : options->scale; /* RFC 7323 §2.3 */
    } else {
        c->rcv_scale = 0;
    }
    c->snd.wnd = segment->header.window; /* never scaled in a SYN: RFC 7323 §2.2 */
    c->snd.max_wnd = c->snd.wnd;
    c->snd.wl1 = segment->seq;
    c->snd.wl2 = segment->ack;
}

static enum baro_drop_reason half_open_room(struct tcp *tcp, struct tcp_listener *listener)
{
    uint32_t limit = listener->backlog > 128 ? listener->backlog : 128;
    struct tcp_connection *oldest;

    if (listener->queue.count > listener->backlog)
        return BARO_DROP_ACCEPT_QUEUE_FULL;
    if (listener->held.count >= limit)
        return BARO_DROP_SYN_QUEUE_FULL;
    if (listener->half_open.count + listener->held.count < limit && tcp->half_open < tcp->half_open_limit)
        return BARO_DROP_NONE;
    oldest = tcp_resolve(tcp, listener->half_open.first);
    if (oldest == NULL)
        return BARO_DROP_SYN_QUEUE_FULL;
    core_drop(tcp->core, BARO_DROP_SYN_QUEUE_FULL);
    tcp_finish(tcp, oldest, 0);
    tcp_reap(tcp, oldest);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason hold(struct tcp *tcp, struct tcp_listener *listener, struct tcp_connection *c)
{
    c->flags |= TCP_HELD;
    tcp_list_add(tcp, &listener->held, c);
    c->flags |= TCP_IN_HELD;
    tcp_timer_arm(tcp, c, TCP_TIMER_USER_TIMEOUT, 180 * NS_PER_S);
    TRACE(tcp->core, TCP_HELD, TRACE_N(tcp_handle(tcp, c).value), TRACE_E(c->local), TRACE_E(c->remote));
    tcp_event(tcp, &listener->event);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason passive_open(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment)
{
    enum baro_drop_reason reason = half_open_room(tcp, listener);
    struct tcp_connection *c;

    if (reason != BARO_DROP_NONE)
        return reason;
    c = tcp_connection_new(tcp, segment->local, segment->remote, &listener->settings, segment->packet->mtu);
    if (c == NULL)
        return BARO_DROP_NO_SOCKET_MEMORY;
    c->flags |= TCP_PASSIVE;
    c->listener = tcp_listener_handle(tcp, listener);
    tcp_learn_syn(tcp, c, segment);
    c->snd.iss = tcp_isn(tcp, &c->local, &c->remote);
    if (segment->follows && seq_le(c->snd.iss, segment->used)) /* RFC 9293 §3.10.7.4 TIME-WAIT, MAY-2 */
        c->snd.iss = seq_add(segment->used, 65536);
    c->snd.una = c->snd.nxt = c->snd.up = c->snd.small = c->recover = c->snd.iss;
    c->retransmit_next = c->retransmit_end = c->snd.iss;
    c->received_at_ns = tcp->core->now.ns;
    TRACE(tcp->core, TCP_ISN, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->snd.iss.value));
    tcp_set_state(tcp, c, BARO_TCP_SYN_RECEIVED);
    tcp->half_open++;
    if (listener->settings.hold_syn)
        return hold(tcp, listener, c);
    tcp_list_add(tcp, &listener->half_open, c);
    c->flags |= TCP_IN_HALF_OPEN;
    tcp_trace_queue(tcp, listener);
    tcp_want_output(tcp, c);
    tcp_trace_connection(tcp, c, true);
    return BARO_DROP_NONE;
}

enum baro_drop_reason tcp_input_listen(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment)
{
    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_NO_CONNECTION;
    if (segment->flags & TCP_FLAG_ACK) {
        tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_NO_CONNECTION;
    }
    /* Data on a SYN is not taken (it comes again); SYN with FIN is nobody's honest opening. */
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) != TCP_FLAG_SYN)
        return BARO_DROP_TCP_BAD_FLAGS;
    return passive_open(tcp, listener, segment);
}
