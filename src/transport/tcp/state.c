/* transport/tcp/state.c: a connection's beginning, changes of state, and end (RFC 9293 §3.3.2).
 *
 * At its beginning a connection charges its promise to the stack's budget (the receive window that it will
 * advertise first, and one segment to send) and takes its place in the demux, where it may follow a record. At its end
 * it leaves both. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"
#include "base/flow.h"
#include "codec/ip_protocol.h"

static struct handle tag(struct handle handle, enum tcp_kind kind)
{
    return (struct handle){ handle.value | (uint64_t)kind << TCP_KIND_SHIFT };
}

static void *resolve(const struct pool *pool, struct handle handle, enum tcp_kind kind)
{
    if (tcp_kind_of(handle) != (unsigned)kind)
        return NULL;
    return pool_resolve(pool, (struct handle){ handle.value & ~((uint64_t)TCP_KIND_MASK << TCP_KIND_SHIFT) });
}

struct handle tcp_listener_handle(const struct tcp *tcp, const struct tcp_listener *listener)
{
    return tag(pool_handle(&tcp->listeners, listener), TCP_KIND_LISTENER);
}

struct tcp_listener *tcp_resolve_listener(const struct tcp *tcp, struct handle handle)
{
    return resolve(&tcp->listeners, handle, TCP_KIND_LISTENER);
}

struct handle tcp_half_open_handle(const struct tcp *tcp, const struct tcp_half_open *record)
{
    return tag(pool_handle(&tcp->half_opens, record), TCP_KIND_HALF_OPEN);
}

struct tcp_half_open *tcp_resolve_half_open(const struct tcp *tcp, struct handle handle)
{
    return resolve(&tcp->half_opens, handle, TCP_KIND_HALF_OPEN);
}

void tcp_trace_connection(const struct tcp *tcp, const struct tcp_connection *c, bool after)
{
    if (!TRACE_ON(tcp->core))
        return;
    const struct baro_trace_value values[] = {
        TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->state), TRACE_N(c->snd.una.value), TRACE_N(c->snd.nxt.value),
        TRACE_N(c->snd.wnd), TRACE_N(c->rcv.nxt.value), TRACE_N(tcp_recv_window(c)), TRACE_N(c->congestion.cwnd),
        TRACE_N(c->congestion.ssthresh), TRACE_D(c->rtt.rto_ns),
    };
    trace_emit(&tcp->core->trace, tcp->core->now, after ? BARO_TRACE_TCP_AFTER : BARO_TRACE_TCP_BEFORE,
               (struct baro_bytes){ NULL, 0 }, values, sizeof values / sizeof values[0]);
}

/* The shift that lets the window's 16 bits reach the whole buffer (RFC 7323 §2.3). */
static uint8_t scale_for(uint32_t limit)
{
    unsigned scale = limit > UINT16_MAX ? 16u - (unsigned)__builtin_clz(limit) : 0;

    return (uint8_t)(scale < TCP_SCALE_LIMIT ? scale : TCP_SCALE_LIMIT);
}

struct tcp_offer tcp_offer_of(const struct tcp *tcp, const struct tcp_settings *settings, uint8_t family, uint32_t mtu)
{
    uint32_t limit = tcp_receive_limit(tcp, settings), first = settings->recv_buffer;
    uint32_t fixed = family == BARO_FAMILY_IPV6 ? 60 : 40, window;
    uint32_t clamp = settings->window_clamp != 0 ? settings->window_clamp : limit;
    struct tcp_offer offer = { .scale = scale_for(clamp < limit ? clamp : limit) }; /* so that a clamp is met exactly */

    mtu = mtu > UINT16_MAX ? UINT16_MAX : mtu;
    offer.mss = (uint16_t)(mtu > fixed + TCP_MSS_FLOOR ? mtu - fixed : TCP_MSS_FLOOR);
    if (settings->mss_ceiling != 0 && offer.mss > settings->mss_ceiling)
        offer.mss = settings->mss_ceiling;
    window = tcp_ring_cost(congestion_initial_window(offer.mss));
    window = window < TCP_RECV_LEAST ? TCP_RECV_LEAST : window;
    window = window > TCP_RECV_FIRST ? TCP_RECV_FIRST : window;
    if (window > first)
        window = first > TCP_RECV_LEAST ? first : TCP_RECV_LEAST;
    offer.grant = window < limit ? window : limit;
    return offer;
}

struct tcp_connection *tcp_connection_new(struct tcp *tcp, const struct baro_endpoint *local,
                                          const struct baro_endpoint *remote, const struct tcp_settings *settings,
                                          const struct tcp_offer *offer)
{
    struct tcp_connection *c = pool_take(&tcp->connections);

    if (c == NULL)
        return NULL;
    c->local = *local;
    c->remote = *remote;
    tcp_settle(c, settings);
    c->flow_label = flow_label(&tcp->core->flow_key, IP_PROTOCOL_TCP, local, remote);
    c->rcv_mss = offer->mss;
    c->rcv_scale = offer->scale;
    c->recv.limit = offer->grant;
    receive_tuning_init(&c->tuning, c->recv.limit);
    tcp_send_limit_begin(c);
    c->wheel.kind = TCP_WHEEL_CONNECTION;
    rtt_init(&c->rtt);
    if (tcp_charge(tcp, c, tcp_ring_cost(c->recv.limit) + TCP_SEND_LEAST))
        return c;
    pool_give_back(&tcp->connections, c);
    return NULL;
}

void tcp_connection_free(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_discharge(tcp, c, c->charged);
    pool_give_back(&tcp->connections, c);
}

bool tcp_enter_demux(struct tcp *tcp, struct tcp_connection *c, uint32_t hash, struct handle instead)
{
    struct handle own = tcp_handle(tcp, c);

    if (!tcp_count_port(tcp, &c->local))
        return false;
    if (!(handle_is_none(instead) ? demux_insert(&tcp->demux, hash, own)
                                  : demux_replace(&tcp->demux, hash, instead, own))) {
        tcp_uncount_port(tcp, c->local.port.number, c->local.address.family == BARO_FAMILY_IPV6);
        return false;
    }
    c->hash = hash;
    c->flags |= TCP_IN_DEMUX;
    tcp->core->counters.tcp_connections++;
    return true;
}

void tcp_leave_demux(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & TCP_IN_DEMUX) == 0)
        return;
    demux_erase(&tcp->demux, c->hash, tcp_handle(tcp, c));
    tcp_uncount_port(tcp, c->local.port.number, c->local.address.family == BARO_FAMILY_IPV6);
    c->flags &= ~(uint32_t)TCP_IN_DEMUX;
    tcp->core->counters.tcp_connections--;
}

void tcp_finish(struct tcp *tcp, struct tcp_connection *c, int error)
{
    if (c->flags & TCP_CLOSED_DONE)
        return;
    tcp_timer_cancel_all(tcp, c);
    tcp_leave_demux(tcp, c);
    if (c->state != BARO_TCP_TIME_WAIT)
        tcp_set_state(tcp, c, BARO_TCP_CLOSED);
    c->flags |= TCP_CLOSED_DONE;
    c->flags &= ~(uint32_t)(TCP_ACK_OWED | TCP_PROBE | TCP_URGENT_SENDING);
    if (c->send.size > TCP_SEND_LEAST)
        tcp_discharge(tcp, c, c->send.size - TCP_SEND_LEAST);
    if (c->sender != NULL) /* its timer is cancelled with the others */
        tcp_sender_release(tcp, c);
    if (c->flow != NULL)
        tcp_flow_release(tcp, c);
    ring_release(&c->send, &tcp->core->slabs);
    c->send.begin = c->send.end;
    c->retransmit_next = c->retransmit_end = c->snd.nxt;
    if (error != 0)
        c->error = (uint16_t)error;
    tcp_tell(tcp, c);
}

void tcp_abort(struct tcp *tcp, struct tcp_connection *c, int error)
{
    if (c->flags & TCP_CLOSED_DONE)
        return;
    /* RFC 9293 §3.10.5: nothing was ever sent in SYN-SENT that a RST would take back. */
    if (c->state != BARO_TCP_SYN_SENT && c->state != BARO_TCP_CLOSED)
        tcp_send_reset(tcp, c);
    tcp_finish(tcp, c, error);
}

/* Out of the list of those that wait for the queue of intents; it is short and rarely there. */
static void leave_waiting(struct tcp *tcp, struct tcp_connection *c)
{
    struct handle own = tcp_handle(tcp, c), *link = &tcp->waiting_first, last = HANDLE_NONE;

    while (!handle_equal(*link, own)) {
        last = *link;
        link = &tcp_resolve(tcp, *link)->wait_next;
    }
    *link = c->wait_next;
    if (handle_equal(tcp->waiting_last, own))
        tcp->waiting_last = last;
    c->flags &= ~(uint32_t)TCP_OUTPUT_WAITING;
}

void tcp_reap(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->flags & TCP_CLOSED_DONE) == 0 || (c->flags & (TCP_OWNED | TCP_IN_QUEUE)) != 0)
        return;
    if ((c->flags & TCP_OUTPUT_WAITING) != 0)
        leave_waiting(tcp, c);
    if (c->event.next != NULL)
        tcp_event_forget(tcp, &c->event);
    if (c->ranges != NULL)
        tcp_ranges_free(tcp, c);
    if (c->recv.data != NULL)
        ring_release(&c->recv, &tcp->core->slabs);
    tcp_discharge(tcp, c, c->charged);
    pool_give_back(&tcp->connections, c);
}
