/* user/ready.c: readiness: what a descriptor can do now (user_poll), and a queue of descriptors about which something
 * may have changed, each standing in it once. TCP and UDP keep queues of their own; they are merged here.
 *
 * The queue's links are descriptors' numbers, one a socket: who is closed stays in it unmarked and is passed over. */
#include "user/user_private.h"

#include <errno.h>

#include "base/prefetch.h"

enum { TOGETHER = 64 };

/* Its page stays as long as the stack, so a number in the queue always has a place. */
static struct user_socket *place_of(const struct user *user, int fd)
{
    uint32_t number = (uint32_t)fd - USER_DESCRIPTOR_FIRST;

    return &user->page[number / USER_PAGE_SOCKETS]->socket[number % USER_PAGE_SOCKETS];
}

static void join_queue(struct user *user, struct user_socket *socket)
{
    socket->flags |= USER_IN_READY;
    socket->ready_next = 0;
    if (user->ready_first == 0)
        user->ready_first = socket->fd;
    else
        user->ready_last->ready_next = socket->fd;
    user->ready_last = socket;
}

/* The first one of the queue leaves it; NULL: the queue is empty. */
static struct user_socket *leave_queue(struct user *user)
{
    struct user_socket *socket;

    if (user->ready_first == 0)
        return NULL;
    socket = place_of(user, user->ready_first);
    user->ready_first = socket->ready_next;
    socket->flags &= (uint8_t)~USER_IN_READY;
    return socket;
}

static __attribute__((noinline)) void tell_trace(struct user *user, const struct user_socket *socket)
{
    unsigned events = user_poll(user, socket->fd);

    if (events != 0)
        TRACE(user->core, WOKE, TRACE_N(socket->fd), TRACE_N(events));
}

static inline void mark(struct user *user, struct user_socket *socket)
{
    if (socket->flags & USER_MARKED)
        return;
    socket->flags |= USER_MARKED;
    if ((socket->flags & USER_IN_READY) == 0)
        join_queue(user, socket);
    if (TRACE_ON(user->core))
        tell_trace(user, socket);
}

void user_mark(struct user *user, struct user_socket *socket)
{
    mark(user, socket);
}

static void collect_captures(struct user *user)
{
    struct user_socket *socket;
    uint32_t owner;

    while (capture_next_event(user->captures, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type == BARO_PACKET)
            user_mark(user, socket);
    }
}

/* A stream that connect began and that TCP has connected: from now on TCP knows all of it, but what it was bound to. */
static void forget_details(struct user *user, struct user_socket *socket)
{
    const struct user_details *details = user_details(user, socket);

    if (details != NULL && !details->bound && tcp_is_connected(user->tcp, socket->handle))
        user_details_drop(user, socket);
}

/* Some at a time: of many sockets each is a miss, and those of several can be waited for together. */
static void collect_streams(struct user *user)
{
    struct user_socket *socket[TOGETHER];
    uint32_t owner[TOGETHER];
    unsigned count;

    do {
        count = tcp_next_events(user->tcp, owner, TOGETHER);
        for (unsigned i = 0; i < count; i++) {
            socket[i] = place_of(user, (int)owner[i]);
            prefetch_line(socket[i]);
        }
        for (unsigned i = 0; i < count; i++) {
            if (socket[i]->type != BARO_STREAM)
                continue;
            if (socket[i]->phase == USER_CONNECTING)
                forget_details(user, socket[i]);
            mark(user, socket[i]);
        }
    } while (count == TOGETHER);
}

void user_collect(struct user *user)
{
    struct user_socket *socket;
    uint32_t owner;

    collect_streams(user);
    while (udp_next_event(user->udp, &owner) || udp_next_event(user->pings, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type != BARO_STREAM)
            user_mark(user, socket);
    }
    collect_captures(user);
}

static unsigned poll_datagram(const struct user *user, const struct user_socket *socket)
{
    const struct user_details *details = user_details(user, socket);
    unsigned events = udp_readiness(user_udp(user, socket), socket->handle);

    if (details->shut_read)
        events |= BARO_EVENT_IN | BARO_EVENT_READ_HANGUP;
    if (details->shut_write)
        events |= BARO_EVENT_OUT; /* send will not wait: it fails */
    if (details->shut_read && details->shut_write)
        events |= BARO_EVENT_HANGUP;
    return events;
}

static unsigned poll_socket(const struct user *user, const struct user_socket *socket)
{
    if (socket->type == BARO_PACKET)
        return capture_readiness(user->captures, socket->handle);
    if (socket->type != BARO_STREAM)
        return poll_datagram(user, socket);
    if (socket->phase == USER_LISTENING)
        return tcp_listener_readiness(user->tcp, socket->handle);
    if (socket->phase == USER_FRESH) /* neither call would wait: both say "not connected" */
        return BARO_EVENT_OUT | BARO_EVENT_HANGUP;
    return tcp_readiness(user->tcp, socket->handle);
}

unsigned user_poll(struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    return socket == NULL ? BARO_EVENT_INVALID : poll_socket(user, socket);
}

bool user_next_ready(struct user *user, struct baro_ready *ready)
{
    struct user_socket *socket;

    if (tcp_has_events(user->tcp) || udp_has_events(user->udp) || udp_has_events(user->pings) || user->captures->events)
        user_collect(user);
    do {
        socket = leave_queue(user);
        if (socket == NULL)
            return false;
    } while (socket->type == 0 || (socket->flags & USER_MARKED) == 0);
    socket->flags &= (uint8_t)~USER_MARKED;
    ready->fd = socket->fd;
    ready->events = poll_socket(user, socket);
    return true;
}
