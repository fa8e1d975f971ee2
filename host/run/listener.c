/* listener.c: listen and accept.
 *
 * A program may wait for connections by poll or epoll, natively, on A. So A must be readable exactly while a
 * connection waits: the bytes in A are as many as the connections queued here. An arrival answers the oldest
 * held accept; without one it is queued and a byte is written to B. accept takes A for a moment and the byte
 * out of it *before* it gives the new descriptor, because giving wakes the caller, who would see a byte too
 * many; if the caller is gone, byte and connection are put back.
 *
 * A listener is never writable: A's buffer is made small and filled.
 *
 * Here at most ARRIVALS wait, the rest stays in the stack's queue, whose limit is the program's backlog. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/internal.h"

static void refuse(struct socket *s, const struct arrival *arrival)
{
    struct baro_stack *stack = s->host->config.stack;
    const struct baro_linger now = { .on = 1 };
    baro_setsockopt(stack, arrival->fd, BARO_SO_LINGER, &now, sizeof now);
    baro_close(stack, arrival->fd);
}

static bool full(const struct socket *s)
{
    return s->arrivals == ARRIVALS || (int)s->arrivals >= s->backlog;
}

static void queue(struct socket *s, const struct arrival *arrival)
{
    s->arrival[(s->arrival_first + s->arrivals++) % ARRIVALS] = *arrival;
    if (send(s->b, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        s->host->touched = true; /* cannot happen below ARRIVALS; accept would still find it */
}

static void queue_first(struct socket *s, const struct arrival *arrival)
{
    s->arrival_first = (s->arrival_first + ARRIVALS - 1) % ARRIVALS;
    s->arrival[s->arrival_first] = *arrival;
    s->arrivals++;
    send(s->b, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void inherit(const struct call *call, struct socket *s, const struct socket *listener, int a)
{
    int listener_a = listener->patient ? take_end(call->tid, (int)call->argument[0], listener->inode) : -1;
    options_inherit(s, listener, a, listener_a);
    if (listener_a >= 0)
        close(listener_a);
}

/* Gives a connection to a caller of accept and ends the call. 0; -ENOENT: the caller is gone, and any other
 * error is the caller's answer: the connection is untouched then. */
static int give(const struct call *call, struct socket *listener, const struct arrival *arrival)
{
    unsigned flags = call->number == SYS_accept4 ? (unsigned)call->argument[3] : 0;
    int a;
    struct socket *s = socket_create(listener->host, listener->family, SOCK_STREAM, arrival->fd, &a);
    if (!s)
        return -errno;
    s->state = SOCKET_CONNECTED;
    s->told = s->was_connected = true;
    if (listener->options || listener->patient)
        inherit(call, s, listener, a);
    if (flags & SOCK_NONBLOCK)
        fcntl(a, F_SETFL, fcntl(a, F_GETFL) | O_NONBLOCK);
    int result = call_write_address(call, s, call->argument[1], call->argument[2], &arrival->peer);
    if (result == 0) {
        result = call_give(call, a, flags & SOCK_CLOEXEC ? O_CLOEXEC : 0, -1);
        result = result < 0 ? result : 0;
    }
    close(a);
    if (result < 0) {
        socket_set_fd(s, -1); /* the connection goes back into the queue */
        socket_free(s);
        return result;
    }
    stream_start(s);
    return 0;
}

/* Gives an arrival to the oldest caller who is still there. */
static bool give_to_waiter(struct socket *s, const struct arrival *arrival)
{
    struct waiter *waiter;
    while ((waiter = waiter_first(s, WAIT_ACCEPT))) {
        int result = give(&waiter->call, s, arrival);
        if (result < 0 && result != -ENOENT)
            call_error(&waiter->call, result);
        waiter_remove(s->host->run, waiter);
        if (result == 0)
            return true;
    }
    return false;
}

void listener_ready(struct socket *s)
{
    struct arrival arrival;
    while (!full(s) && s->fd >= 0) {
        arrival.fd = baro_accept(s->host->config.stack, s->fd, &arrival.peer);
        if (arrival.fd < 0)
            break;
        if (!give_to_waiter(s, &arrival))
            queue(s, &arrival);
    }
}

static void make_unwritable(const struct call *call, struct socket *s)
{
    const int smallest = 1;
    int a = take_end(call->tid, (int)call->argument[0], s->inode);
    if (a < 0)
        return;
    setsockopt(a, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
    socket_fill(s, a);
    close(a);
}

void call_listen(const struct call *call, struct socket *s)
{
    int backlog = (int)call->argument[1];
    if (s->type != SOCK_STREAM) {
        call_error(call, EOPNOTSUPP);
        return;
    }
    if ((s->state != SOCKET_NEW && s->state != SOCKET_LISTENING) || s->fd < 0) {
        call_error(call, EINVAL);
        return;
    }
    if (!s->arrival)
        s->arrival = calloc(ARRIVALS, sizeof *s->arrival);
    int result = s->arrival ? baro_listen(s->host->config.stack, s->fd, backlog) : -ENOBUFS;
    if (result == 0) {
        if (!s->filler)
            make_unwritable(call, s);
        s->state = SOCKET_LISTENING;
        s->backlog = backlog < 1 ? 1 : backlog;
    }
    call_error(call, result);
}

/* An accept that finds nothing: held, or told to come again. */
static void wait_for_arrival(const struct call *call, struct socket *s, int a)
{
    struct patience patience = patience_of(a, SO_RCVTIMEO);
    if (patience.nonblocking) {
        call_error(call, EAGAIN);
        return;
    }
    struct waiter *waiter = waiter_add(call, s, WAIT_ACCEPT);
    if (waiter) {
        waiter->deadline_ns = patience.deadline_ns;
        waiter->deadline_errno = EAGAIN;
    }
}

void call_accept(const struct call *call, struct socket *s)
{
    if (s->type != SOCK_STREAM || s->state != SOCKET_LISTENING) {
        call_error(call, s->type != SOCK_STREAM ? EOPNOTSUPP : EINVAL);
        return;
    }
    if (call->number == SYS_accept4 && ((int)call->argument[3] & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))) {
        call_error(call, EINVAL);
        return;
    }
    int a = take_end(call->tid, (int)call->argument[0], s->inode);
    if (a < 0) {
        call_error(call, EBADF);
        return;
    }
    if (!s->arrivals)
        listener_ready(s);
    if (!s->arrivals) {
        wait_for_arrival(call, s, a);
        close(a);
        return;
    }
    char byte;
    struct arrival arrival = s->arrival[s->arrival_first];
    s->arrival_first = (s->arrival_first + 1) % ARRIVALS;
    s->arrivals--;
    if (recv(a, &byte, 1, MSG_DONTWAIT) < 0)
        s->host->touched = true; /* the program read the listener itself; nothing to take back */
    close(a);
    int result = give(call, s, &arrival);
    if (result < 0) {
        queue_first(s, &arrival);
        if (result != -ENOENT)
            call_error(call, result);
    }
    listener_ready(s);
}

void listener_end(struct socket *s, int error)
{
    while (s->arrivals) {
        refuse(s, &s->arrival[s->arrival_first]);
        s->arrival_first = (s->arrival_first + 1) % ARRIVALS;
        s->arrivals--;
    }
    waiters_fail(s, WAIT_ACCEPT, error);
    if (s->fd >= 0) {
        int fd = s->fd;
        socket_set_fd(s, -1);
        baro_close(s->host->config.stack, fd);
    }
    s->state = SOCKET_OVER;
    s->was_connected = true;
}
