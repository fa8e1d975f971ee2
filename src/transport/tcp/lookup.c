/* transport/tcp/lookup.c: whose a four-tuple is (RFC 9293 §3.1): connections and records exactly; else
 * the listener with that address and port, then any address of its family, then any of both, then a transparent
 * one for any address and port. Listeners that share a port (SO_REUSEPORT) share the peers by their hash. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"

static bool is_of(const struct tcp *tcp, struct handle handle, const struct baro_endpoint *local,
                  const struct baro_endpoint *remote)
{
    const struct baro_endpoint *own = NULL, *other = NULL;

    if (tcp_kind_of(handle) == TCP_KIND_CONNECTION) {
        const struct tcp_connection *c = tcp_resolve(tcp, handle);

        own = c == NULL ? NULL : &c->local;
        other = c == NULL ? NULL : &c->remote;
    } else if (tcp_kind_of(handle) == TCP_KIND_HALF_OPEN) {
        const struct tcp_half_open *record = tcp_resolve_half_open(tcp, handle);

        own = record == NULL ? NULL : &record->local;
        other = record == NULL ? NULL : &record->remote;
    } else if (tcp_kind_of(handle) == TCP_KIND_TIME_WAIT) {
        const struct tcp_time_wait *record = tcp_resolve_time_wait(tcp, handle);

        own = record == NULL ? NULL : &record->local;
        other = record == NULL ? NULL : &record->remote;
    }
    return own != NULL && endpoint_equal(*other, *remote) && endpoint_equal(*own, *local);
}

struct handle tcp_find_by_hash(const struct tcp *tcp, uint32_t hash, const struct baro_endpoint *local,
                               const struct baro_endpoint *remote)
{
    struct demux_cursor cursor = demux_begin(&tcp->demux, hash);
    struct handle handle;

    while (demux_next(&tcp->demux, &cursor, &handle)) {
        if (is_of(tcp, handle, local, remote))
            return handle;
    }
    return HANDLE_NONE;
}

struct handle tcp_find(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote)
{
    return tcp_find_by_hash(tcp, demux_hash(&tcp->demux, &local, &remote), &local, &remote);
}

static struct tcp_listener *listener_on(const struct tcp *tcp, struct baro_endpoint local, uint32_t choice)
{
    struct baro_endpoint nobody = { 0 };
    uint32_t hash = demux_hash(&tcp->demux, &local, &nobody), count = 0;
    struct tcp_listener *found = NULL;
    struct demux_cursor cursor = demux_begin(&tcp->demux, hash);
    struct handle handle;

    while (demux_next(&tcp->demux, &cursor, &handle)) {
        struct tcp_listener *listener = tcp_resolve_listener(tcp, handle);

        if (listener == NULL || !endpoint_equal(listener->local, local))
            continue;
        count++;
        /* Of n listeners each is chosen by one n-th of the hashes. */
        if (found == NULL || (uint32_t)(((uint64_t)(choice * 0x9e3779b1u * count) * count) >> 32) == 0)
            found = listener;
    }
    return found;
}

/* One for any address of the family before one for any of both. */
static struct tcp_listener *listener_on_any(const struct tcp *tcp, struct baro_endpoint local, uint32_t choice)
{
    struct tcp_listener *listener;

    local.address = (struct baro_address){ .family = local.address.family };
    listener = listener_on(tcp, local, choice);
    if (listener != NULL)
        return listener;
    local.address.family = BARO_FAMILY_NONE;
    return listener_on(tcp, local, choice);
}

struct tcp_listener *tcp_find_listener(const struct tcp *tcp, struct baro_endpoint local, uint32_t hash)
{
    struct tcp_listener *listener = listener_on(tcp, local, hash);

    if (listener == NULL)
        listener = listener_on_any(tcp, local, hash);
    if (listener == NULL) {
        local.port.number = 0;
        listener = listener_on_any(tcp, local, hash);
    }
    return listener;
}
