/* transport/tcp/state.h: a connection by its handle, its state, its beginning and its end (state.c). */
#ifndef TRANSPORT_TCP_STATE_H
#define TRANSPORT_TCP_STATE_H

#include "base/likely.h"
#include "transport/tcp/connection.h"

static inline unsigned tcp_kind_of(struct handle handle)
{
    return (unsigned)(handle.value >> TCP_KIND_SHIFT) & TCP_KIND_MASK;
}
/* The kind of a connection is 0: its handle is its pool's, both ways. */
static inline struct handle tcp_handle(const struct tcp *tcp, const struct tcp_connection *c)
{
    return pool_handle(&tcp->connections, c);
}
static inline struct tcp_connection *tcp_resolve(const struct tcp *tcp, struct handle handle)
{
    /* The one of the last segment, mostly. */
    if (LIKELY(handle.value == tcp->recent.value))
        return LIKELY(pool_is_still(tcp->recent_place, handle)) ? tcp->recent_place : NULL;
    return tcp_kind_of(handle) == TCP_KIND_CONNECTION ? pool_resolve(&tcp->connections, handle) : NULL;
}
struct handle tcp_listener_handle(const struct tcp *tcp, const struct tcp_listener *listener);
struct tcp_listener *tcp_resolve_listener(const struct tcp *tcp, struct handle handle);
static inline void tcp_set_state(struct tcp *tcp, struct tcp_connection *c, enum baro_tcp_state state)
{
    TRACE(tcp->core, TCP_STATE, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->state), TRACE_N(state));
    c->state = (uint8_t)state;
}
/* What a connection says of itself in its SYN. */
struct tcp_offer {
    uint32_t grant;           /* octets of receive buffer promised */
    uint16_t mss;
    uint8_t scale;
};
struct tcp_offer tcp_offer_of(const struct tcp *tcp, const struct tcp_settings *settings, uint8_t family, uint32_t mtu);
/* A connection with its memory promised, CLOSED, in no table and without a path yet; NULL: there is no memory. */
struct tcp_connection *tcp_connection_new(struct tcp *tcp, const struct baro_endpoint *local,
                                          const struct baro_endpoint *remote, const struct tcp_settings *settings,
                                          const struct tcp_offer *offer);
/* Its place among the ports and in the demux: that of `instead`, if not NONE, which so is out of it. False, and nothing
 * done: there is no memory. */
bool tcp_enter_demux(struct tcp *tcp, struct tcp_connection *c, uint32_t hash, struct handle instead);
/* One that never got so far. */
void tcp_connection_free(struct tcp *tcp, struct tcp_connection *c);
/* Over: out of the demux, timers stopped, unsent data gone, `error` (a positive errno or 0) told to the owner. The
 * pointer stays good until the entry point that was called (a segment, a timer, a call) ends with tcp_reap. */
void tcp_finish(struct tcp *tcp, struct tcp_connection *c, int error);
/* Frees a connection that is over, unless a descriptor or an accept queue still has it. */
void tcp_reap(struct tcp *tcp, struct tcp_connection *c);
/* RST to the peer, then tcp_finish. */
void tcp_abort(struct tcp *tcp, struct tcp_connection *c, int error);
void tcp_leave_demux(struct tcp *tcp, struct tcp_connection *c);
void tcp_trace_connection(const struct tcp *tcp, const struct tcp_connection *c, bool after);

#endif
