/* transport/udp/udp.c: UDP's sockets: opening, binding, connecting, receiving, closing, readiness.
 *
 * A socket has a queue each way, bounded in octets (base/queue.h). Nothing is acknowledged and nothing is
 * retransmitted: what finds the receive queue full is dropped and counted. A socket that is closed while
 * datagrams wait to be sent stays, out of all tables, until the drain has taken them. */
#include "transport/udp/udp_private.h"

#include <assert.h>
#include <errno.h>

#include "codec/ip_protocol.h"

enum { QUEUE_DEFAULT = 212992, QUEUE_LEAST = 2048 };

struct udp *udp_create(struct core *core, enum udp_kind kind, uint32_t socket_limit)
{
    struct udp *udp = slab_take(&core->slabs, sizeof *udp);

    if (udp == NULL)
        return NULL;
    udp->core = core;
    udp->kind = kind;
    pool_init(&udp->sockets, &core->slabs, sizeof(struct udp_socket), socket_limit);
    demux_init(&udp->tuples, &core->slabs, random_key(&core->random));
    if (udp_ports_init(&udp->ports, &core->slabs, random_key(&core->random)))
        return udp;
    udp_free(udp);
    return NULL;
}

void udp_free(struct udp *udp)
{
    struct slabs *slabs;

    if (udp == NULL)
        return;
    slabs = &udp->core->slabs;
    for (uint32_t i = 0; i < udp->sockets.places; i++) {
        struct udp_socket *socket = pool_at(&udp->sockets, i);

        if (socket == NULL)
            continue;
        queue_release(&socket->in, slabs);
        queue_release(&socket->out, slabs);
        queue_release(&socket->errors, slabs);
    }
    pool_release(&udp->sockets);
    udp_ports_release(&udp->ports, slabs);
    demux_release(&udp->tuples);
    slab_give_back(slabs, udp, sizeof *udp);
}

void udp_settings_init(struct udp_settings *settings)
{
    *settings = (struct udp_settings){
        .send_buffer = QUEUE_DEFAULT,
        .recv_buffer = QUEUE_DEFAULT,
        .multicast_loop = true,
        .ttl = -1,
        .multicast_ttl = 1, /* RFC 1112 §6.1 */
    };
}

void udp_tell(struct udp *udp, struct udp_socket *socket)
{
    if (socket->in_events || socket->closed)
        return;
    socket->in_events = true;
    socket->event_next = NULL;
    socket->event_previous = udp->event_last;
    *(udp->event_last != NULL ? &udp->event_last->event_next : &udp->event_first) = socket;
    udp->event_last = socket;
}

static void forget_event(struct udp *udp, struct udp_socket *socket)
{
    struct udp_socket *next = socket->event_next, *previous = socket->event_previous;

    if (!socket->in_events)
        return;
    *(previous != NULL ? &previous->event_next : &udp->event_first) = next;
    *(next != NULL ? &next->event_previous : &udp->event_last) = previous;
    socket->in_events = false;
}

bool udp_has_events(const struct udp *udp)
{
    return udp->event_first != NULL;
}

bool udp_next_event(struct udp *udp, uint32_t *owner)
{
    struct udp_socket *socket = udp->event_first;

    if (socket == NULL)
        return false;
    *owner = socket->owner;
    forget_event(udp, socket);
    return true;
}

void udp_fail(struct udp *udp, struct udp_socket *socket, int error)
{
    socket->error = error;
    udp_tell(udp, socket);
}

int udp_open(struct udp *udp, uint32_t owner, const struct udp_settings *settings, struct handle *handle)
{
    struct udp_socket *socket;

    udp_settle(udp);
    socket = pool_take(&udp->sockets);
    if (socket == NULL)
        return -ENOBUFS;
    socket->owner = owner;
    *handle = pool_handle(&udp->sockets, socket);
    udp_change(udp, *handle, settings);
    return 0;
}

static void bury(struct udp *udp, struct udp_socket *socket)
{
    queue_release(&socket->out, &udp->core->slabs);
    pool_give_back(&udp->sockets, socket);
}

void udp_settle(struct udp *udp)
{
    struct udp_socket *socket;

    if (handle_is_none(udp->drained))
        return;
    socket = udp_resolve(udp, udp->drained);
    udp->drained = HANDLE_NONE;
    if (socket == NULL || socket->out.count != 0)
        return;
    if (socket->closed)
        bury(udp, socket);
    else
        queue_trim(&socket->out, &udp->core->slabs);
}

void udp_close(struct udp *udp, struct handle handle)
{
    struct udp_socket *socket;

    udp_settle(udp);
    socket = udp_resolve(udp, handle);
    if (socket == NULL)
        return;
    forget_event(udp, socket);
    udp_tuples_remove(udp, socket);
    udp_ports_remove(udp, socket);
    queue_release(&socket->in, &udp->core->slabs);
    queue_release(&socket->errors, &udp->core->slabs);
    socket->closed = true;
    if (socket->out.count == 0)
        bury(udp, socket);
}

void udp_change(struct udp *udp, struct handle handle, const struct udp_settings *settings)
{
    struct udp_socket *socket = udp_resolve(udp, handle);

    if (socket == NULL)
        return;
    socket->settings = *settings;
    socket->in.limit = settings->recv_buffer < QUEUE_LEAST ? QUEUE_LEAST : settings->recv_buffer;
    socket->out.limit = settings->send_buffer < QUEUE_LEAST ? QUEUE_LEAST : settings->send_buffer;
}

/* Is the port taken for this address? `settings` NULL: sharing does not count. */
static bool is_taken(const struct udp *udp, struct baro_endpoint local, const struct udp_settings *settings)
{
    for (const struct udp_socket *s = udp_ports_chain(udp, local.port); s != NULL; s = s->port_next) {
        if (s->bound.port.number != local.port.number)
            continue;
        if (udp->kind == UDP_DATAGRAMS && !bindings_meet(s->bound.address, local.address))
            continue; /* a reply tells its identifier only: addresses make no difference there */
        if (settings == NULL || !((settings->reuse_address && s->settings.reuse_address) ||
                                  (settings->reuse_port && s->settings.reuse_port)))
            return true;
    }
    return false;
}

/* RFC 6056 algorithm 1: a random port, and from there the next free one. 0: all are taken. */
static uint16_t choose_port(struct udp *udp, struct baro_address address, struct baro_address source,
                            const struct baro_endpoint *remote)
{
    uint32_t count = 65536 - UDP_PORT_FIRST, at = random_below(&udp->core->random, count);

    for (uint32_t i = 0; i < count; i++) {
        uint16_t number = (uint16_t)(UDP_PORT_FIRST + (at + i) % count);
        const struct baro_endpoint from = { source, { number } };

        if (remote != NULL && remote->address.family != BARO_FAMILY_NONE && udp->kind == UDP_DATAGRAMS &&
            !flow_shard_is_home(&udp->core->shard, IP_PROTOCOL_UDP, &from, remote))
            continue; /* its answers would come to another shard */
        if (!is_taken(udp, (struct baro_endpoint){ address, { number } }, NULL))
            return number;
    }
    return 0;
}

int udp_bind_for(struct udp *udp, struct handle handle, struct baro_endpoint local, struct baro_address source,
                 const struct baro_endpoint *remote)
{
    struct udp_socket *socket = udp_resolve(udp, handle);

    if (socket == NULL)
        return -EBADF;
    if (socket->is_bound)
        return -EINVAL;
    if (local.port.number == 0 && !socket->settings.transparent) {
        local.port.number = choose_port(udp, local.address, source, remote);
        if (local.port.number == 0)
            return -EADDRINUSE;
    } else if (is_taken(udp, local, &socket->settings)) {
        return -EADDRINUSE;
    }
    socket->bound = socket->local = local;
    udp_ports_add(udp, socket);
    return 0;
}

int udp_bind(struct udp *udp, struct handle handle, struct baro_endpoint local)
{
    return udp_bind_for(udp, handle, local, local.address, NULL);
}

int udp_connect(struct udp *udp, struct handle handle, struct baro_endpoint local, struct baro_endpoint remote)
{
    struct udp_socket *socket = udp_resolve(udp, handle);

    if (socket == NULL)
        return -EBADF;
    udp_tuples_remove(udp, socket);
    socket->local = socket->bound;
    socket->remote = (struct baro_endpoint){ .port = { 0 } };
    if (remote.address.family == BARO_FAMILY_NONE)
        return 0;
    if (!socket->is_bound || socket->bound.port.number == 0)
        return -EINVAL;
    if (address_is_unspecified(socket->local.address))
        socket->local.address = local.address;
    socket->remote = remote;
    if (udp_tuples_add(udp, socket))
        return 0;
    socket->local = socket->bound;
    socket->remote = (struct baro_endpoint){ .port = { 0 } };
    return -ENOBUFS;
}

size_t udp_scatter(const struct queue *queue, uint32_t record_size, uint32_t length, const struct baro_message *message)
{
    uint64_t at = queue->ring.begin + record_size;
    size_t left = length;

    for (size_t i = 0; i < message->buffers && left != 0; i++) {
        struct baro_buffer piece = message->buffer[i];
        size_t part = piece.length < left ? piece.length : left;

        ring_read(&queue->ring, at, piece.data, (uint32_t)part);
        at += part;
        left -= part;
    }
    return length - left;
}

ptrdiff_t udp_recv(struct udp *udp, struct handle handle, struct baro_message *message, unsigned flags)
{
    struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_record record;
    size_t copied;

    if (socket == NULL)
        return -EBADF;
    if (socket->error != 0)
        return -udp_take_error(udp, handle);
    if (!queue_first(&socket->in, &record, sizeof record))
        return -EAGAIN;
    copied = udp_scatter(&socket->in, sizeof record, record.length, message);
    message->peer = record.peer;
    message->local = record.local;
    message->interface = record.interface;
    message->ttl = (uint8_t)record.ttl;
    message->tos = record.tos;
    message->flags = copied < record.length ? BARO_MSG_TRUNCATED : 0;
    if (!(flags & BARO_MSG_PEEK)) {
        queue_take(&socket->in, (uint32_t)sizeof record + record.length);
        queue_trim(&socket->in, &udp->core->slabs);
    }
    return (ptrdiff_t)(flags & BARO_MSG_TRUNCATE ? record.length : copied);
}

unsigned udp_readiness(const struct udp *udp, struct handle handle)
{
    const struct udp_socket *socket = udp_resolve(udp, handle);
    unsigned events = 0;

    if (socket == NULL)
        return BARO_EVENT_INVALID;
    if (socket->in.count != 0 || socket->error != 0)
        events |= BARO_EVENT_IN;
    if (queue_has_room(&socket->out) || socket->error != 0)
        events |= BARO_EVENT_OUT;
    if (socket->error != 0 || socket->errors.count != 0)
        events |= BARO_EVENT_ERROR;
    return events;
}

int udp_take_error(struct udp *udp, struct handle handle)
{
    struct udp_socket *socket = udp_resolve(udp, handle);
    int error;

    if (socket == NULL)
        return 0;
    error = socket->error;
    socket->error = 0;
    return error;
}

uint32_t udp_readable(const struct udp *udp, struct handle handle)
{
    const struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_record record;

    return socket != NULL && queue_first(&socket->in, &record, sizeof record) ? record.length : 0;
}

uint32_t udp_writable(const struct udp *udp, struct handle handle)
{
    const struct udp_socket *socket = udp_resolve(udp, handle);

    return socket != NULL && queue_has_room(&socket->out) ? udp_payload_limit(udp, socket->remote.address.family) : 0;
}

bool udp_endpoints(const struct udp *udp, struct handle handle, struct baro_endpoint *local,
                   struct baro_endpoint *remote)
{
    const struct udp_socket *socket = udp_resolve(udp, handle);

    if (socket == NULL)
        return false;
    *local = socket->local;
    *remote = socket->remote;
    return true;
}

static void check_queue(const struct queue *queue, uint32_t limit)
{
    uint64_t at = queue->ring.begin;
    struct udp_record record;

    for (uint32_t i = 0; i < queue->count; i++) {
        assert(queue->ring.end - at >= sizeof record);
        ring_read(&queue->ring, at, (uint8_t *)&record, sizeof record);
        assert(record.length <= limit);
        at += sizeof record + record.length;
    }
    (void)limit;
    assert(at == queue->ring.end);
    assert(ring_used(&queue->ring) <= queue->ring.size);
}

void udp_check_invariants(const struct udp *udp)
{
    uint32_t bound = 0, connected = 0, told = 0, listed = 0;

    for (uint32_t i = 0; i < udp->sockets.places; i++) {
        const struct udp_socket *socket = pool_at(&udp->sockets, i);

        if (socket == NULL)
            continue;
        check_queue(&socket->in, udp_payload_limit(udp, BARO_FAMILY_IPV6));
        check_queue(&socket->out, udp_payload_limit(udp, BARO_FAMILY_IPV6));
        assert(socket->out.count == 0 || socket->output_wanted);
        assert(!socket->closed || (!socket->is_bound && !socket->in_tuples));
        assert(socket->closed || socket->in_tuples == udp_has_peer(socket));
        bound += socket->is_bound;
        connected += socket->in_tuples;
        told += socket->in_events;
    }
    for (const struct udp_socket *s = udp->event_first; s != NULL; s = s->event_next)
        listed++;
    assert(bound == udp->ports.count && connected == udp->tuples.used && told == listed);
}
