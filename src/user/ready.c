/* user/ready.c: readiness: what a descriptor can do now (user_poll), and a queue of descriptors about which something
 * may have changed, each standing in it once. TCP and UDP keep queues of their own; they are merged here. */
#include "user/user_private.h"

#include <errno.h>

void user_mark(struct user *user, struct user_socket *socket)
{
    unsigned events;

    if (socket->in_ready)
        return;
    socket->in_ready = true;
    socket->ready_next = NULL;
    socket->ready_previous = user->ready_last;
    *(user->ready_last != NULL ? &user->ready_last->ready_next : &user->ready_first) = socket;
    user->ready_last = socket;
    if (TRACE_ON(user->core)) {
        events = user_poll(user, socket->fd);
        if (events != 0)
            TRACE(user->core, WOKE, TRACE_N(socket->fd), TRACE_N(events));
    }
}

void user_unmark(struct user *user, struct user_socket *socket)
{
    struct user_socket *next = socket->ready_next, *previous = socket->ready_previous;

    if (!socket->in_ready)
        return;
    *(previous != NULL ? &previous->ready_next : &user->ready_first) = next;
    *(next != NULL ? &next->ready_previous : &user->ready_last) = previous;
    socket->in_ready = false;
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

void user_collect(struct user *user)
{
    struct user_socket *socket;
    uint32_t owner;

    while (tcp_next_event(user->tcp, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type == BARO_STREAM)
            user_mark(user, socket);
    }
    while (udp_next_event(user->udp, &owner) || udp_next_event(user->pings, &owner)) {
        socket = user_find(user, (int)owner);
        if (socket != NULL && socket->type != BARO_STREAM)
            user_mark(user, socket);
    }
    collect_captures(user);
}

static unsigned poll_datagram(const struct user *user, const struct user_socket *socket)
{
    unsigned events = udp_readiness(user_udp(user, socket), socket->handle);

    if (socket->shut_read)
        events |= BARO_EVENT_IN | BARO_EVENT_READ_HANGUP;
    if (socket->shut_write)
        events |= BARO_EVENT_OUT; /* send will not wait: it fails */
    if (socket->shut_read && socket->shut_write)
        events |= BARO_EVENT_HANGUP;
    return events;
}

unsigned user_poll(struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return BARO_EVENT_INVALID;
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

bool user_next_ready(struct user *user, struct baro_ready *ready)
{
    struct user_socket *socket;

    user_collect(user);
    socket = user->ready_first;
    if (socket == NULL)
        return false;
    user_unmark(user, socket);
    ready->fd = socket->fd;
    ready->events = user_poll(user, socket->fd);
    return true;
}
