/* transport/capture.c: see capture.h. */
#include "transport/capture.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { QUEUE_DEFAULT = 2 << 20, QUEUE_LEAST = 2048, SNAP_DEFAULT = 262144, CAPTURE_PARTS = 3 };

/* In front of each frame in a queue. */
struct capture_record {
    struct baro_instant at;
    uint32_t length, original; /* octets kept; of the frame */
    int interface;
    bool outgoing;
};

void captures_init(struct captures *captures, struct core *core, uint32_t socket_limit)
{
    *captures = (struct captures){ .core = core };
    pool_init(&captures->sockets, &core->slabs, sizeof(struct capture), socket_limit);
}

void captures_release(struct captures *captures)
{
    for (struct capture *c = captures->first; c != NULL; c = c->next)
        queue_release(&c->queue, &captures->core->slabs);
    captures->first = NULL;
    pool_release(&captures->sockets);
}

/* The frame's first `length` octets as pieces. */
static size_t cut(const struct baro_bytes *part, unsigned parts, uint32_t length, struct baro_buffer *piece)
{
    size_t pieces = 0;

    for (unsigned i = 0; i < parts && length != 0; i++) {
        uint32_t here = part[i].length < length ? (uint32_t)part[i].length : length;

        if (here == 0)
            continue;
        /* The queue only reads it. */
        piece[pieces++] = (struct baro_buffer){ (uint8_t *)(uintptr_t)part[i].data, here };
        length -= here;
    }
    return pieces;
}

void captures_frame(struct captures *captures, int interface, bool outgoing, const struct baro_bytes *part,
                    unsigned parts)
{
    struct capture_record record;
    struct baro_buffer piece[CAPTURE_PARTS];

    assert(parts <= CAPTURE_PARTS);
    memset(&record, 0, sizeof record);
    record.at = captures->core->now;
    record.interface = interface;
    record.outgoing = outgoing;
    for (unsigned i = 0; i < parts; i++)
        record.original += (uint32_t)part[i].length;
    for (struct capture *c = captures->first; c != NULL; c = c->next) {
        uint32_t snap = c->settings.snap_length;

        if (c->settings.interface >= 0 && c->settings.interface != interface)
            continue;
        c->seen++;
        record.length = record.original < snap ? record.original : snap;
        if (!queue_has_room(&c->queue) ||
            !queue_put(&c->queue, &captures->core->slabs, &record, sizeof record, piece,
                       cut(part, parts, record.length, piece))) {
            c->dropped++;
            continue;
        }
        c->told = captures->events = true;
    }
}

void capture_settings_init(struct capture_settings *settings)
{
    *settings = (struct capture_settings){ QUEUE_DEFAULT, SNAP_DEFAULT, -1 };
}

int capture_open(struct captures *captures, uint32_t owner, const struct capture_settings *settings,
                 struct handle *socket)
{
    struct capture *c = pool_take(&captures->sockets);

    if (c == NULL)
        return -ENOBUFS;
    c->owner = owner;
    c->next = captures->first;
    captures->first = c;
    *socket = pool_handle(&captures->sockets, c);
    capture_change(captures, *socket, settings);
    return 0;
}

void capture_close(struct captures *captures, struct handle socket)
{
    struct capture *c = pool_resolve(&captures->sockets, socket), **link = &captures->first;

    if (c == NULL)
        return;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    queue_release(&c->queue, &captures->core->slabs);
    pool_give_back(&captures->sockets, c);
}

void capture_change(struct captures *captures, struct handle socket, const struct capture_settings *settings)
{
    struct capture *c = pool_resolve(&captures->sockets, socket);

    if (c == NULL)
        return;
    c->settings = *settings;
    c->queue.limit = settings->recv_buffer < QUEUE_LEAST ? QUEUE_LEAST : settings->recv_buffer;
}

ptrdiff_t capture_recv(struct captures *captures, struct handle socket, struct baro_message *message, unsigned flags)
{
    struct capture *c = pool_resolve(&captures->sockets, socket);
    struct capture_record record;
    size_t left, copied;

    if (c == NULL)
        return -EBADF;
    if (!queue_first(&c->queue, &record, sizeof record))
        return -EAGAIN;
    left = record.length;
    for (size_t i = 0; i < message->buffers && left != 0; i++) {
        struct baro_buffer piece = message->buffer[i];
        size_t part = piece.length < left ? piece.length : left;

        ring_read(&c->queue.ring, c->queue.ring.begin + sizeof record + record.length - left, piece.data,
                  (uint32_t)part);
        left -= part;
    }
    copied = record.length - left;
    message->peer = message->local = (struct baro_endpoint){ .port = { 0 } };
    message->interface = record.interface;
    message->outgoing = record.outgoing;
    message->length = record.original;
    message->at = record.at;
    message->ttl = message->tos = 0;
    message->flags = copied < record.original ? BARO_MSG_TRUNCATED : 0;
    if (!(flags & BARO_MSG_PEEK)) {
        queue_take(&c->queue, (uint32_t)sizeof record + record.length);
        queue_trim(&c->queue, &captures->core->slabs);
    }
    return (ptrdiff_t)(flags & BARO_MSG_TRUNCATE ? record.original : copied);
}

unsigned capture_readiness(const struct captures *captures, struct handle socket)
{
    const struct capture *c = pool_resolve(&captures->sockets, socket);

    return c == NULL ? BARO_EVENT_INVALID : c->queue.count != 0 ? BARO_EVENT_IN : 0u;
}

uint32_t capture_readable(const struct captures *captures, struct handle socket)
{
    const struct capture *c = pool_resolve(&captures->sockets, socket);
    struct capture_record record;

    return c != NULL && queue_first(&c->queue, &record, sizeof record) ? record.length : 0;
}

struct baro_packet_statistics capture_statistics(const struct captures *captures, struct handle socket)
{
    const struct capture *c = pool_resolve(&captures->sockets, socket);
    struct baro_packet_statistics statistics = { 0, 0 };

    if (c != NULL)
        statistics = (struct baro_packet_statistics){ c->seen, c->dropped };
    return statistics;
}

bool capture_next_event(struct captures *captures, uint32_t *owner)
{
    if (!captures->events)
        return false;
    for (struct capture *c = captures->first; c != NULL; c = c->next) {
        if (!c->told)
            continue;
        c->told = false;
        *owner = c->owner;
        return true;
    }
    captures->events = false;
    return false;
}

void captures_check_invariants(const struct captures *captures)
{
    uint32_t open = 0;

    for (const struct capture *c = captures->first; c != NULL; c = c->next) {
        uint64_t at = c->queue.ring.begin;
        struct capture_record record;

        for (uint32_t i = 0; i < c->queue.count; i++) {
            ring_read(&c->queue.ring, at, (uint8_t *)&record, sizeof record);
            assert(record.length <= record.original);
            at += sizeof record + record.length;
        }
        assert(at == c->queue.ring.end && c->dropped <= c->seen);
        assert(!c->told || captures->events);
        open++;
    }
    assert(open == captures->sockets.used);
    (void)open;
}
