/* transport/tcp/port.c: local ports: who may have which, and a free one that cannot be guessed.
 *
 * What there is to know of each port stands in a page: how many connections and TIME-WAIT records of each family use
 * it, of which address of ours, and its listeners. So most questions are answered at once; only bind to an address
 * whose port is in use by several others of its family looks at each connection.
 *
 * A port is chosen by RFC 6056 §3.3.1: a random one of the upper half of all, then the next few. Where these are taken,
 * one of them that rests in TIME-WAIT towards the same peer will do, if timestamps tell the two connections apart (RFC
 * 6191). Where none does, the peer is one with very many connections: this search and the next 16 for it take a port
 * whose TIME-WAIT ended of late, or else go through all ports from 1024 on in order, each from where the last one ended
 * (§3.3.4's algorithm). So a search is short even when all but a few ports rest. */
#include <string.h>

#include "transport/tcp/rest.h"

#include "base/bytes.h"
#include "base/prefetch.h"
#include "codec/ip_protocol.h"

enum {
    PORT_FIRST = 32768,
    PORT_COUNT = 32768,
    PORT_TRIES = 4,
    PORT_WALKS = 64,
    PORT_IN_ORDER = 16,
    PORT_LOWEST = 1024,
    PORT_ALL = 65536 - PORT_LOWEST
};

/* ---- what is known of each port ---- */

static const struct tcp_port *port_at(const struct tcp *tcp, uint16_t port)
{
    static const struct tcp_port unused = { { 0, 0 }, 0 };
    const struct tcp_port *page = tcp->port_page[port / TCP_PORT_PAGE];

    return page == NULL ? &unused : &page[port % TCP_PORT_PAGE];
}

static struct tcp_port *port_take(struct tcp *tcp, uint16_t port)
{
    struct tcp_port **page = &tcp->port_page[port / TCP_PORT_PAGE];

    if (*page == NULL)
        *page = slab_take(&tcp->core->slabs, TCP_PORT_PAGE * sizeof **page);
    return *page == NULL ? NULL : &(*page)[port % TCP_PORT_PAGE];
}

/* Its number, which it has from now on; TCP_PORT_SEVERAL: others have those that it might have. Hosts have few
 * addresses, a gateway speaks for any number. */
static __attribute__((noinline)) uint32_t find_owner(struct tcp *tcp, const struct baro_address *address)
{
    enum { TRIES = 4 };
    uint64_t word[2];
    uint32_t first;

    memcpy(word, address->octet, sizeof word);
    first = (uint32_t)((word[0] + 3 * word[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    for (uint32_t i = 0; i < TRIES; i++) {
        uint32_t number = (first + i) % TCP_PORT_SEVERAL;
        struct baro_address *owner = &tcp->port_owner[number];

        if (owner->family == BARO_FAMILY_NONE)
            *owner = *address;
        if (address_equal(*owner, *address)) {
            tcp->port_owner_last = number;
            return number;
        }
    }
    return TCP_PORT_SEVERAL;
}

bool tcp_count_port(struct tcp *tcp, const struct baro_endpoint *local)
{
    struct tcp_port *at = port_take(tcp, local->port.number);
    uint32_t owner = tcp->port_owner_last, *users;

    if (at == NULL)
        return false;
    if (!address_equal(tcp->port_owner[owner], local->address))
        owner = find_owner(tcp, &local->address);
    users = &at->users[local->address.family == BARO_FAMILY_IPV6];
    if ((*users & TCP_PORT_USERS) == 0)
        *users = owner << TCP_PORT_OWNER_SHIFT;
    else if (*users >> TCP_PORT_OWNER_SHIFT != owner)
        *users |= (uint32_t)TCP_PORT_SEVERAL << TCP_PORT_OWNER_SHIFT;
    ++*users;
    return true;
}

void tcp_uncount_port(struct tcp *tcp, uint16_t port, bool v6)
{
    tcp->port_page[port / TCP_PORT_PAGE][port % TCP_PORT_PAGE].users[v6]--;
}

static bool has_users(const struct tcp_port *port)
{
    return ((port->users[0] | port->users[1]) & TCP_PORT_USERS) != 0;
}

bool tcp_port_is_used(const struct tcp *tcp, uint16_t port)
{
    return has_users(port_at(tcp, port)) || tcp->half_opens.used != 0; /* records are counted with no port */
}

struct tcp_listener *tcp_port_listeners(const struct tcp *tcp, uint16_t port)
{
    uint32_t link = port_at(tcp, port)->listeners;

    return link == 0 ? NULL : pool_at(&tcp->listeners, link - 1);
}

struct tcp_listener *tcp_port_next_listener(const struct tcp *tcp, const struct tcp_listener *listener)
{
    return listener->port_next == 0 ? NULL : pool_at(&tcp->listeners, listener->port_next - 1);
}

static uint32_t *link_behind(const struct tcp *tcp, uint32_t link)
{
    struct tcp_listener *listener = pool_at(&tcp->listeners, link - 1);

    return &listener->port_next;
}

bool tcp_port_add_listener(struct tcp *tcp, struct tcp_listener *listener)
{
    struct tcp_port *port = port_take(tcp, listener->local.port.number);
    uint32_t *link;

    if (port == NULL)
        return false;
    for (link = &port->listeners; *link != 0; link = link_behind(tcp, *link))
        continue;
    *link = (uint32_t)pool_handle(&tcp->listeners, listener).value + 1;
    return true;
}

void tcp_port_remove_listener(struct tcp *tcp, struct tcp_listener *listener)
{
    uint32_t own = (uint32_t)pool_handle(&tcp->listeners, listener).value + 1;
    uint32_t *link = &port_take(tcp, listener->local.port.number)->listeners;

    while (*link != own)
        link = link_behind(tcp, *link);
    *link = listener->port_next;
}

/* ---- may it be bound? ---- */

static bool listener_conflicts(const struct tcp *tcp, struct baro_endpoint local, bool reuse_port)
{
    const struct tcp_listener *listener = tcp_port_listeners(tcp, local.port.number);

    for (; listener != NULL; listener = tcp_port_next_listener(tcp, listener)) {
        if (bindings_meet(listener->local.address, local.address) && !(reuse_port && listener->settings.reuse_port) &&
            !(listener->settings.transparent && local.port.number == 0))
            return true;
    }
    return false;
}

static bool rest_conflicts(struct tcp *tcp, unsigned v6, struct baro_endpoint local)
{
    const struct time_wait_table *table = &tcp->time_waits[v6];
    const struct tcp_time_wait *record;

    for (uint32_t link = table->first; link != 0; link = record->next) {
        struct baro_address address;

        record = time_wait_at(table, link);
        tcp->ports_walked++;
        if (record->local_port != local.port.number)
            continue;
        address = v6 ? read_ipv6(record->addresses) : read_ipv4(record->addresses);
        address.zone = record->local_zone;
        if (bindings_meet(address, local.address))
            return true;
    }
    return false;
}

/* Of those of an address's family that use its port, which are of several addresses of ours. */
static bool walk_conflicts(struct tcp *tcp, struct baro_endpoint local)
{
    for (uint32_t i = 0; i < tcp->connections.places; i++) {
        const struct tcp_connection *c = pool_at(&tcp->connections, i);

        tcp->ports_walked++;
        if (c != NULL && (c->flags & TCP_IN_DEMUX) != 0 && c->local.port.number == local.port.number &&
            bindings_meet(c->local.address, local.address))
            return true;
    }
    tcp->ports_walked += tcp->rests.used;
    return tcp_rest_has_port(tcp, local) || rest_conflicts(tcp, local.address.family == BARO_FAMILY_IPV6, local);
}

int tcp_port_check(struct tcp *tcp, struct baro_endpoint local, bool reuse_address, bool reuse_port)
{
    const struct tcp_port *port = port_at(tcp, local.port.number);
    uint32_t users, owner;

    if (listener_conflicts(tcp, local, reuse_port))
        return -EADDRINUSE;
    if (reuse_address || !has_users(port))
        return 0;
    if (local.address.family == BARO_FAMILY_NONE)
        return -EADDRINUSE; /* whoever uses it has one of all addresses */
    users = port->users[local.address.family == BARO_FAMILY_IPV6];
    owner = users >> TCP_PORT_OWNER_SHIFT;
    if ((users & TCP_PORT_USERS) == 0)
        return 0;
    if (owner != TCP_PORT_SEVERAL)
        return bindings_meet(tcp->port_owner[owner], local.address) ? -EADDRINUSE : 0;
    return address_is_unspecified(local.address) || walk_conflicts(tcp, local) ? -EADDRINUSE : 0;
}

/* ---- a free one ---- */

/* The n-th of all ports, those of the upper half first, from `first` on. */
static uint16_t nth_port(uint32_t first, uint32_t n)
{
    return (uint16_t)(n < PORT_COUNT ? PORT_FIRST + (first + n) % PORT_COUNT : PORT_FIRST - 1 - (n - PORT_COUNT));
}

/* A port for every peer: one that nobody uses, or else one of a few that no one of that address does. */
uint16_t tcp_port_choose_for_all(struct tcp *tcp, struct baro_address local)
{
    uint32_t first = random_below(&tcp->core->random, PORT_COUNT);

    for (uint32_t n = 0; n < PORT_ALL; n++) {
        const struct tcp_port *port = port_at(tcp, nth_port(first, n));

        if (!has_users(port) && port->listeners == 0)
            return nth_port(first, n);
    }
    for (uint32_t n = 0; n < PORT_WALKS; n++) {
        if (tcp_port_check(tcp, (struct baro_endpoint){ local, { nth_port(first, n) } }, false, false) == 0)
            return nth_port(first, n);
    }
    return 0;
}

bool tcp_port_is_home(const struct tcp *tcp, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    return flow_shard_is_home(&tcp->core->shard, IP_PROTOCOL_TCP, local, remote);
}

struct tcp_ends tcp_ends_of(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote)
{
    struct tcp_ends ends = { local, remote, demux_hash_whole(&tcp->demux, &local, &remote), HANDLE_NONE };

    if (tcp_port_is_used(tcp, local.port.number))
        ends.there = tcp_find_by_hash(tcp, (uint32_t)ends.hash, &local, &remote);
    return ends;
}

/* Would answers to `port` come here? Then it is tried. */
static bool try_port(struct tcp *tcp, struct tcp_ends *ends, uint16_t port)
{
    ends->local.port.number = port;
    if (!tcp_port_is_home(tcp, &ends->local, &ends->remote))
        return false;
    tcp->ports_tried++;
    return true;
}

/* Has nobody these ends, of which the hash is known? Nobody is looked at, which would be waited for: where one of the
 * same hash stands they are not free. */
static bool are_free(const struct tcp *tcp, const struct tcp_ends *ends)
{
    if (listener_conflicts(tcp, ends->local, false))
        return false;
    return !tcp_port_is_used(tcp, ends->local.port.number) || !demux_has(&tcp->demux, (uint32_t)ends->hash);
}

static void hash_ends(const struct tcp *tcp, struct tcp_ends *ends)
{
    ends->hash = demux_hash_whole(&tcp->demux, &ends->local, &ends->remote);
    ends->there = HANDLE_NONE;
}

/* Has nobody these ends, or one in TIME-WAIT that may go? */
static bool may_be_had(const struct tcp *tcp, struct tcp_ends *ends)
{
    if (listener_conflicts(tcp, ends->local, false))
        return false;
    *ends = tcp_ends_of(tcp, ends->local, ends->remote);
    return handle_is_none(ends->there) || tcp_time_wait_may_go(tcp, ends->there);
}

/* The cursor of a peer, of whose address `octet` are the last eight: shared with others, but nobody knows with
 * which. */
static struct tcp_port_cursor *cursor_of(struct tcp *tcp, const uint8_t octet[8], uint16_t port)
{
    uint64_t peer = ((uint64_t)read_be32(octet) << 32 | read_be32(octet + 4)) ^ port;

    return &tcp->port_cursor[peer * (tcp->port_key.word[0] | 1) >> (64 - TCP_PORT_CURSOR_BITS)];
}

void tcp_port_freed(struct tcp *tcp, const uint8_t octet[8], uint16_t remote_port, uint16_t local_port)
{
    struct tcp_port_cursor *cursor = cursor_of(tcp, octet, remote_port);

    if (cursor->in_order == 0)
        return;
    memmove(&cursor->freed[1], &cursor->freed[0], sizeof cursor->freed - sizeof cursor->freed[0]);
    cursor->freed[0] = local_port;
}

/* One that became free of late, and is. */
static bool choose_freed(struct tcp *tcp, struct tcp_ends *ends, struct tcp_port_cursor *cursor)
{
    while (cursor->freed[0] != 0) {
        uint16_t port = cursor->freed[0];

        memmove(&cursor->freed[0], &cursor->freed[1], sizeof cursor->freed - sizeof cursor->freed[0]);
        cursor->freed[TCP_PORTS_FREED - 1] = 0;
        if (port < PORT_LOWEST || !try_port(tcp, ends, port))
            continue;
        hash_ends(tcp, ends);
        if (are_free(tcp, ends))
            return true;
    }
    return false;
}

/* In order, from where the last search for this peer ended. */
static bool choose_in_order(struct tcp *tcp, struct tcp_ends *ends, struct tcp_port_cursor *cursor)
{
    const struct baro_endpoint unbound = { ends->local.address, { 0 } };
    /* the upper half first */
    uint32_t offset = (uint32_t)demux_hash_by(&tcp->port_key, &unbound, &ends->remote) % PORT_COUNT;

    for (uint32_t n = 0; n < PORT_ALL; n++) {
        uint16_t port = (uint16_t)(UINT16_MAX - (offset + cursor->at) % PORT_ALL);

        cursor->at = (uint16_t)(cursor->at + 1 == PORT_ALL ? 0 : cursor->at + 1);
        if (try_port(tcp, ends, port) && may_be_had(tcp, ends))
            return true;
    }
    return false;
}

/* A number below PORT_COUNT. Four are drawn at once. */
static uint32_t drawn(struct tcp *tcp)
{
    uint32_t number;

    if (tcp->port_chance.left == 0)
        tcp->port_chance = (struct tcp_port_chance){ random_u64(&tcp->core->random), 4 };
    number = (uint32_t)(tcp->port_chance.bits % PORT_COUNT);
    tcp->port_chance.bits >>= 16;
    tcp->port_chance.left--;
    return number;
}

/* Who connected will often do so again to the same peer. Which port is tried first then is drawn now, and what tells
 * whether it is free asked for: with many connections it is in no cache. */
static void draw_ahead(struct tcp *tcp, const struct tcp_ends *ends, struct tcp_ends *ahead)
{
    *ahead = *ends;
    ahead->local.port.number = nth_port(drawn(tcp), 0);
    hash_ends(tcp, ahead);
    prefetch_line(port_at(tcp, ahead->local.port.number));
    demux_prefetch(&tcp->demux, (uint32_t)ahead->hash);
}

/* Does what was drawn ahead serve for these ends? */
static bool was_drawn(const struct tcp_ends *ends, const struct tcp_ends *ahead)
{
    return ahead->local.port.number != 0 && endpoint_equal(ends->remote, ahead->remote) &&
           address_equal(ends->local.address, ahead->local.address);
}

/* One of a few at random: a free one, else the first that may be had all the same. */
static bool choose_by_chance(struct tcp *tcp, struct tcp_ends *ends, const struct tcp_ends *ahead)
{
    uint16_t tried[PORT_TRIES];
    unsigned tries = 0;
    uint32_t first;

    if (was_drawn(ends, ahead) && try_port(tcp, ends, ahead->local.port.number)) {
        *ends = *ahead;
        if (are_free(tcp, ends))
            return true;
        tried[tries++] = ends->local.port.number;
    }
    first = drawn(tcp);
    for (uint32_t n = 0; n < PORT_COUNT && tries < PORT_TRIES; n++) {
        uint16_t port = nth_port(first, n);

        if (!try_port(tcp, ends, port))
            continue;
        hash_ends(tcp, ends);
        if (are_free(tcp, ends))
            return true;
        tried[tries++] = port;
    }
    for (unsigned i = 0; i < tries; i++) {
        ends->local.port.number = tried[i];
        if (may_be_had(tcp, ends))
            return true;
    }
    return false;
}

bool tcp_port_choose(struct tcp *tcp, struct tcp_ends *ends)
{
    const uint8_t *octet = ends->remote.address.octet + (ends->remote.address.family == BARO_FAMILY_IPV6 ? 8 : 0);
    struct tcp_port_cursor *cursor = cursor_of(tcp, octet, ends->remote.port.number);
    struct tcp_ends *ahead = &tcp->port_ahead[(cursor - tcp->port_cursor) % TCP_PORTS_AHEAD];

    if (cursor->in_order != 0) {
        cursor->in_order--;
    } else {
        if (choose_by_chance(tcp, ends, ahead)) {
            draw_ahead(tcp, ends, ahead);
            return true;
        }
        cursor->in_order = PORT_IN_ORDER;
    }
    return choose_freed(tcp, ends, cursor) || choose_in_order(tcp, ends, cursor);
}
