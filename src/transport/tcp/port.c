/* transport/tcp/port.c: local ports: who may have which, and a free one that cannot be guessed (RFC 6056 §3.3.1:
 * a random port of the range, then the next ones until one is free). Where many are taken, one that rests in TIME-WAIT
 * towards the same peer will do, if timestamps tell the two connections apart (RFC 6191).
 *
 * The count of users of each port answers the common question at once; only when there are some is it worth to
 * look at each connection, and only bind and listen ask that. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"

enum { PORT_FIRST = 32768, PORT_COUNT = 32768, PORT_TRIES = 64 };

static bool listener_conflicts(const struct tcp *tcp, struct baro_endpoint local, bool reuse_port)
{
    for (uint32_t i = 0; i < tcp->listeners.fresh; i++) {
        const struct tcp_listener *listener = pool_at(&tcp->listeners, i);

        if (listener != NULL && listener->local.port.number == local.port.number &&
            bindings_meet(listener->local.address, local.address) &&
            !(reuse_port && listener->settings.reuse_port) &&
            !(listener->settings.transparent && local.port.number == 0))
            return true;
    }
    return false;
}

int tcp_port_check(const struct tcp *tcp, struct baro_endpoint local, bool reuse_address, bool reuse_port)
{
    if (listener_conflicts(tcp, local, reuse_port))
        return -EADDRINUSE;
    if (reuse_address || tcp_port_users(tcp, local.port.number) == 0)
        return 0;
    for (uint32_t i = 0; i < tcp->connections.fresh; i++) {
        const struct tcp_connection *c = pool_at(&tcp->connections, i);

        if (c != NULL && (c->flags & TCP_IN_DEMUX) != 0 && c->local.port.number == local.port.number &&
            bindings_meet(c->local.address, local.address))
            return -EADDRINUSE;
    }
    for (const struct tcp_time_wait *record = tcp->time_wait_first; record != NULL; record = record->next) {
        if (record->local.port.number == local.port.number && bindings_meet(record->local.address, local.address))
            return -EADDRINUSE;
    }
    return 0;
}

enum use { USE_FREE, USE_RESTS, USE_TAKEN };

static enum use use_of(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote)
{
    struct handle handle;

    if (remote.address.family == BARO_FAMILY_NONE)
        return tcp_port_check(tcp, local, false, false) == 0 ? USE_FREE : USE_TAKEN;
    if (listener_conflicts(tcp, local, false))
        return USE_TAKEN;
    handle = tcp_find(tcp, local, remote);
    if (handle_is_none(handle))
        return USE_FREE;
    return tcp_time_wait_may_go(tcp, tcp_resolve_time_wait(tcp, handle)) ? USE_RESTS : USE_TAKEN;
}

uint16_t tcp_port_choose(struct tcp *tcp, struct baro_address local, struct baro_endpoint remote)
{
    uint32_t first = random_below(&tcp->core->random, PORT_COUNT);
    uint16_t rests = 0;

    for (uint32_t n = 0; n < PORT_COUNT && (n < PORT_TRIES || rests == 0); n++) {
        struct baro_endpoint candidate = { local, { (uint16_t)(PORT_FIRST + (first + n) % PORT_COUNT) } };
        enum use use = use_of(tcp, candidate, remote);

        if (use == USE_FREE)
            return candidate.port.number;
        if (use == USE_RESTS && rests == 0)
            rests = candidate.port.number;
    }
    return rests;
}
