/* transport/tcp/listen.c: a segment for a listener (RFC 9293 §3.10.7.2), and what a SYN tells.
 *
 * A SYN makes a half-open record (half_open.h): no connection, no memory of buffers. There are bounds on them: one
 * for each listener (its backlog, but not below 128) and one for all. Beyond them SYNs are answered by cookies
 * (cookie.c), or, without these, the oldest record gives its place, so that a flood that nobody completes costs the
 * flood its own entries first (RFC 4987 §3.4). Connections waiting for accept are never given up. */
#include "transport/tcp/parts.h"

void tcp_learn_syn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    const struct tcp_options *options = &segment->options;

    c->rcv.irs = segment->seq;
    c->rcv.nxt = seq_add(segment->seq, 1);
    c->rcv.acked = c->rcv.nxt;
    c->rcv.edge = c->rcv.nxt;
    c->rcv.up = c->rcv.nxt;
    c->peer_mss = tcp_syn_mss(segment);
    tcp_ecn_learn(tcp, c, segment);
    if (options->has_timestamps) {
        c->flags |= TCP_TIMESTAMPS;
        c->ts_recent = options->ts_value;
        c->ts_recent_at_ns = tcp->core->now.ns;
    }
    tcp_set_path_mtu(c, c->path_mtu); /* the options count */
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

/* The connection that may come of it will want memory: where there is none now a SYN is not encouraged. */
static bool budget_has_room(const struct tcp *tcp, const struct tcp_offer *offer)
{
    const struct slabs *slabs = &tcp->core->slabs;

    return slabs->charged <= slabs->limit &&
           slabs->limit - slabs->charged >= tcp_ring_cost(offer->grant) + TCP_SEND_LEAST;
}

/* Is there no place for one more half-open record? */
static bool is_full(const struct tcp *tcp, const struct tcp_listener *listener)
{
    uint32_t limit = listener->backlog > 128 ? listener->backlog : 128;

    return listener->half_open.count + listener->held.count >= limit || tcp->half_opens.used >= tcp->half_opens.limit;
}

/* A SYN that re-opens a TIME-WAIT is nobody's flood, and its ISN must go on from the old one: no cookie. */
static bool wants_cookie(const struct tcp *tcp, const struct tcp_listener *listener, const struct segment *segment)
{
    if (tcp->cookies == BARO_SYN_COOKIES_OFF || listener->settings.hold_syn || !handle_is_none(segment->follows))
        return false;
    return tcp->cookies == BARO_SYN_COOKIES_ALWAYS || is_full(tcp, listener);
}

/* The oldest gives its place; those that are held and not told of have none to give. */
static enum baro_drop_reason make_room(struct tcp *tcp, struct tcp_listener *listener)
{
    if (!is_full(tcp, listener))
        return BARO_DROP_NONE;
    if (listener->half_open.first == NULL)
        return BARO_DROP_SYN_QUEUE_FULL;
    core_drop(tcp->core, BARO_DROP_SYN_QUEUE_FULL);
    tcp_half_open_end(tcp, listener->half_open.first);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason passive_open(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment)
{
    enum baro_drop_reason reason;
    struct tcp_half_open *record;
    struct tcp_offer offer;

    if (!tcp_accept_queue_has_room(listener))
        return BARO_DROP_ACCEPT_QUEUE_FULL;
    offer = tcp_offer_of(tcp, &listener->settings, segment->remote.address.family, segment->packet->mtu);
    if (!budget_has_room(tcp, &offer))
        return BARO_DROP_NO_SOCKET_MEMORY;
    if (wants_cookie(tcp, listener, segment))
        return tcp_answer_by_cookie(tcp, listener, segment, &offer);
    reason = make_room(tcp, listener);
    if (reason != BARO_DROP_NONE)
        return reason;
    record = tcp_half_open_new(tcp, listener, segment, &offer);
    if (record == NULL)
        return BARO_DROP_NO_SOCKET_MEMORY;
    if (!handle_is_none(segment->follows))
        tcp_time_wait_reused(tcp, segment->follows, false);
    if (record->flags & HALF_OPEN_HELD) {
        TRACE(tcp->core, TCP_HELD, TRACE_N(tcp_half_open_handle(tcp, record).value), TRACE_E(record->local),
              TRACE_E(record->remote));
        tcp_event(tcp, &listener->event);
        return BARO_DROP_NONE;
    }
    tcp_trace_queue(tcp, listener);
    tcp_send_syn_ack(tcp, record);
    tcp_trace_half_open(tcp, record, true);
    return BARO_DROP_NONE;
}

enum baro_drop_reason tcp_input_listen(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment)
{
    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_NO_CONNECTION;
    if ((segment->flags & (TCP_FLAG_ACK | TCP_FLAG_SYN)) == TCP_FLAG_ACK && tcp_may_be_cookie(tcp, listener))
        return tcp_input_cookie(tcp, listener, segment);
    if (segment->flags & TCP_FLAG_ACK) {
        tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_NO_CONNECTION;
    }
    /* Data on a SYN is not taken (it comes again); SYN with FIN is nobody's honest opening. */
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) != TCP_FLAG_SYN)
        return BARO_DROP_TCP_BAD_FLAGS;
    return passive_open(tcp, listener, segment);
}
