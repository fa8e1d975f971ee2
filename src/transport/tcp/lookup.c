/* transport/tcp/lookup.c: whose a four-tuple is (RFC 9293 §3.1): connections and records exactly; else
 * the listener with that address and port, then any address of its family, then any of both, then a transparent
 * one for any address and port. Listeners that share a port (SO_REUSEPORT) share the peers by their hash. */
#include "transport/tcp/rest.h"

#include "base/bytes.h"

static bool is_of(const struct tcp *tcp, struct handle handle, const struct baro_endpoint *local,
                  const struct baro_endpoint *remote)
{
    const struct baro_endpoint *own = NULL, *other = NULL;
    struct baro_endpoint rests[2];

    if (tcp_is_at_rest(handle))
        return tcp_rest_is_of(tcp, handle, local, remote);
    if (tcp_kind_of(handle) == TCP_KIND_CONNECTION) {
        const struct tcp_connection *c = tcp_resolve(tcp, handle);

        own = c == NULL ? NULL : &c->local;
        other = c == NULL ? NULL : &c->remote;
    } else if (tcp_kind_of(handle) == TCP_KIND_HALF_OPEN) {
        const struct tcp_half_open *record = tcp_resolve_half_open(tcp, handle);

        own = record == NULL ? NULL : &record->local;
        other = record == NULL ? NULL : &record->remote;
    } else if (tcp_kind_of(handle) == TCP_KIND_TIME_WAIT) {
        tcp_time_wait_ends(tcp, handle, &rests[0], &rests[1]);
        own = &rests[0];
        other = &rests[1];
    }
    return own != NULL && endpoint_equal(*other, *remote) && endpoint_equal(*own, *local);
}

struct handle tcp_named(const struct tcp *tcp, uint32_t name)
{
    uint32_t index = name & ((UINT32_C(1) << TCP_KIND_SHIFT) - 1);
    struct handle handle = { name };

    switch (tcp_kind_of(handle)) {
    case TCP_KIND_CONNECTION:
        return pool_handle_at(&tcp->connections, index);
    case TCP_KIND_HALF_OPEN:
        return (struct handle){ pool_handle_at(&tcp->half_opens, index).value | name };
    case TCP_KIND_TIME_WAIT:
        return tcp_time_wait_named(tcp, name);
    default:
        return handle;
    }
}

struct handle tcp_find_by_hash(const struct tcp *tcp, uint32_t hash, const struct baro_endpoint *local,
                               const struct baro_endpoint *remote)
{
    struct demux_cursor cursor = demux_begin(&tcp->demux, hash);
    uint32_t name;

    while (demux_next(&cursor, &name)) {
        struct handle handle = tcp_named(tcp, name);

        if (is_of(tcp, handle, local, remote))
            return handle;
    }
    return HANDLE_NONE;
}

struct handle tcp_find(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote)
{
    return tcp_find_by_hash(tcp, demux_hash(&tcp->demux, &local, &remote), &local, &remote);
}

/* Of those at `port` one that fits best, by at most `most` (see binding_fits). */
static struct tcp_listener *listener_at(const struct tcp *tcp, uint16_t port, const struct baro_endpoint *local,
                                        const struct baro_endpoint *remote, unsigned most)
{
    struct tcp_listener *found = NULL, *listener = tcp_port_listeners(tcp, port);
    unsigned best = 0, count = 0;
    uint32_t choice = 0;

    for (; listener != NULL; listener = tcp_port_next_listener(tcp, listener)) {
        unsigned fits = binding_fits(&listener->local.address, &local->address);

        if (fits == 0 || fits < best || fits > most)
            continue;
        count = fits > best ? 1 : count + 1;
        if (count == 2) /* not the demux's hash, which is another on another processor */
            choice = (uint32_t)demux_hash_by(&tcp->port_key, local, remote);
        /* Of n that fit equally each is chosen by one n-th of the hashes. */
        if (fits > best || (uint32_t)(((uint64_t)(choice * 0x9e3779b1u * count) * count) >> 32) == 0)
            found = listener;
        best = fits;
    }
    return found;
}

struct tcp_listener *tcp_find_listener(const struct tcp *tcp, const struct baro_endpoint *local,
                                       const struct baro_endpoint *remote)
{
    struct tcp_listener *listener = listener_at(tcp, local->port.number, local, remote, 3);

    return listener != NULL ? listener : listener_at(tcp, 0, local, remote, 2);
}
