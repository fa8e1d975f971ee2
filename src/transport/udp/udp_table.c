/* transport/udp/udp_table.c: which socket a datagram belongs to. See udp_private.h for the two tables.
 *
 * A table of ports that cannot grow for lack of memory stays as it is: its chains get longer, nothing is lost. */
#include "transport/udp/udp_private.h"

#include <assert.h>

enum { TABLE_LEAST = 64 };

bool udp_ports_init(struct udp_ports *ports, struct slabs *slabs, struct hash_key key)
{
    *ports = (struct udp_ports){ .size = TABLE_LEAST, .key = key };
    ports->chain = slab_take(slabs, TABLE_LEAST * sizeof(struct udp_socket *));
    return ports->chain != NULL;
}

void udp_ports_release(struct udp_ports *ports, struct slabs *slabs)
{
    slab_give_back(slabs, ports->chain, ports->size * sizeof(struct udp_socket *));
    ports->chain = NULL;
}

static uint64_t hash_port(const struct udp *udp, struct baro_port port)
{
    uint64_t word = port.number;

    return hash_words(&udp->ports.key, &word, 1);
}

static void link_socket(struct udp_socket **chain, struct udp_socket *socket)
{
    socket->port_next = *chain;
    socket->port_link = chain;
    if (*chain != NULL)
        (*chain)->port_link = &socket->port_next;
    *chain = socket;
}

/* Doubles a table that holds as many sockets as chains. Each chain is taken from its end, so that newer sockets
 * still stand first. */
static void grow(struct udp *udp)
{
    struct slabs *slabs = &udp->core->slabs;
    struct udp_ports *ports = &udp->ports, grown = *ports;

    if (ports->count < ports->size)
        return;
    grown.size = ports->size * 2;
    grown.chain = slab_take(slabs, grown.size * sizeof *grown.chain);
    if (grown.chain == NULL)
        return;
    for (uint32_t i = 0; i < ports->size; i++) {
        struct udp_socket *reversed = NULL, *socket = ports->chain[i], *next;

        for (; socket != NULL; socket = next) {
            next = socket->port_next;
            socket->port_next = reversed;
            reversed = socket;
        }
        for (socket = reversed; socket != NULL; socket = next) {
            next = socket->port_next;
            link_socket(&grown.chain[hash_port(udp, socket->local.port) & (grown.size - 1)], socket);
        }
    }
    udp_ports_release(ports, slabs);
    *ports = grown;
}

void udp_ports_add(struct udp *udp, struct udp_socket *socket)
{
    struct udp_ports *ports = &udp->ports;

    assert(!socket->is_bound);
    grow(udp);
    link_socket(&ports->chain[hash_port(udp, socket->local.port) & (ports->size - 1)], socket);
    socket->is_bound = true;
    ports->count++;
}

void udp_ports_remove(struct udp *udp, struct udp_socket *socket)
{
    if (!socket->is_bound)
        return;
    *socket->port_link = socket->port_next;
    if (socket->port_next != NULL)
        socket->port_next->port_link = socket->port_link;
    socket->is_bound = false;
    udp->ports.count--;
}

bool udp_tuples_add(struct udp *udp, struct udp_socket *socket)
{
    uint32_t hash = demux_hash(&udp->tuples, &socket->local, &socket->remote);

    assert(!socket->in_tuples);
    socket->in_tuples = demux_insert(&udp->tuples, hash, pool_handle(&udp->sockets, socket));
    return socket->in_tuples;
}

void udp_tuples_remove(struct udp *udp, struct udp_socket *socket)
{
    if (!socket->in_tuples)
        return;
    demux_erase(&udp->tuples, demux_hash(&udp->tuples, &socket->local, &socket->remote),
                pool_handle(&udp->sockets, socket));
    socket->in_tuples = false;
}

struct udp_socket *udp_ports_chain(const struct udp *udp, struct baro_port port)
{
    return udp->ports.chain[hash_port(udp, port) & (udp->ports.size - 1)];
}

struct udp_socket *udp_find_connected(const struct udp *udp, struct baro_endpoint local,
                                      struct baro_endpoint remote)
{
    struct demux_cursor cursor = demux_begin(&udp->tuples, demux_hash(&udp->tuples, &local, &remote));
    uint32_t name;

    while (demux_next(&cursor, &name)) {
        struct udp_socket *socket = pool_at(&udp->sockets, name);

        if (socket != NULL && endpoint_equal(socket->local, local) && endpoint_equal(socket->remote, remote))
            return socket;
    }
    return NULL;
}

/* Among the sockets without a peer that hold `port`: one bound to `local.address` before one bound to any
 * of its family, and that before one bound to any. Where
 * several share the place by SO_REUSE_PORT the flow chooses, else the newest has it. */
static struct udp_socket *find_bound(const struct udp *udp, struct baro_port port, struct baro_endpoint local,
                                     struct baro_endpoint remote)
{
    struct udp_socket *best = NULL;
    uint32_t sharing = 0, chosen;
    unsigned closest = 0;

    for (struct udp_socket *s = udp_ports_chain(udp, port); s != NULL; s = s->port_next) {
        unsigned fits = binding_fits(&s->local.address, &local.address);

        if (s->local.port.number != port.number || udp_has_peer(s) || fits == 0)
            continue;
        if (fits > closest) {
            best = s;
            closest = fits;
            sharing = 1;
        } else if (fits == closest) {
            sharing++;
        }
    }
    if (best == NULL || sharing == 1 || !best->settings.reuse_port)
        return best;
    /* Not the table's own hash, which is another on another processor. */
    chosen = (uint32_t)demux_hash_by(&udp->tuples.key, &local, &remote) % sharing;
    for (struct udp_socket *s = best; s != NULL; s = s->port_next) {
        if (s->local.port.number != port.number || udp_has_peer(s) ||
            !address_equal(s->local.address, best->local.address))
            continue;
        if (chosen-- == 0)
            return s;
    }
    return best;
}

struct udp_socket *udp_find(const struct udp *udp, struct baro_endpoint local, struct baro_endpoint remote)
{
    struct udp_socket *socket = udp_find_connected(udp, local, remote);

    if (socket == NULL)
        socket = find_bound(udp, local.port, local, remote);
    if (socket == NULL)
        socket = find_bound(udp, (struct baro_port){ 0 }, local, remote);
    return socket;
}
