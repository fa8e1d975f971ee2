/* stream.c: the bytes of a connection, between B and the stack, and the ends of both directions.
 *
 * B is registered once, for edges. Program to stack: what the stack's send buffer has room for is read from
 * B; a full one stops the reading, so A fills up and the program waits. Stack to program: what B does not
 * take is kept in `spill` (one buffer at most) and the stack is not asked again, so the window closes.
 * Nothing is asked twice without an event: each direction stops at the first "would block" of either side.
 *
 * Ends. End of stream from B is the program's FIN; HUP on B says that the last descriptor is gone. A program
 * that shut down both ways, or one way after the peer's FIN, looks gone to B too; shutdown is trapped, so
 * that is known, and the kernel is asked about A's inode (collect.c). Closing with bytes unread resets the
 * connection, as in TCP (RFC 1122 §4.2.2.13); what the program wrote before a clean close is all sent first.
 *
 * A reset reaches the program as ECONNRESET, which A gets when B is closed with unread bytes in it; if there
 * are none, one is put in through A. After the peer's FIN the program gets EPIPE on writing, so B is emptied
 * first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/internal.h"

#define REFUSED 2048 /* bytes read to be refused */

static struct baro_stack *stack_of(struct socket *s)
{
    return s->host->config.stack;
}

/* The connection is over by a reset or a time-out; the program learns it. */
static void stream_reset(struct socket *s, int error)
{
    int unread = 0;
    s->error = error;
    if (s->closed) {
        socket_free(s);
        return;
    }
    if (s->fin_given || error == EPIPE) {
        while (recv(s->b, s->host->run->buffer, BUFFER, MSG_DONTWAIT) > 0)
            ;
    } else if (ioctl(s->b, FIONREAD, &unread) == 0 && unread == 0) {
        int a = take_end(s->last_tid, s->last_descriptor, s->inode);
        if (a >= 0) {
            send(a, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
            close(a);
        }
    }
    socket_over(s);
}

/* No descriptor is left and all bytes are in the stack. */
static void finish(struct socket *s)
{
    const struct baro_linger now = { .on = 1 };
    if (s->reset || s->spill_length)
        baro_setsockopt(stack_of(s), s->fd, BARO_SO_LINGER, &now, sizeof now);
    socket_free(s);
}

/* Gives `unsent` to the stack. True when nothing is left of it. */
static bool send_unsent(struct socket *s, int *error)
{
    while (s->unsent_length) {
        ptrdiff_t count = baro_send(stack_of(s), s->fd, s->unsent + s->unsent_at, s->unsent_length, 0);
        if (count <= 0) {
            *error = count == -EAGAIN ? 0 : (int)-count;
            return false;
        }
        s->unsent_at += (size_t)count;
        s->unsent_length -= (size_t)count;
    }
    free(s->unsent);
    s->unsent = NULL;
    return true;
}

static bool keep(uint8_t **kept, size_t *at, size_t *length, const uint8_t *data, size_t count)
{
    *kept = malloc(count);
    if (!*kept)
        return false;
    memcpy(*kept, data, count);
    *at = 0;
    *length = count;
    return true;
}

/* Program to stack, until one side blocks. 0, or the errno that ended the connection. */
static int pump_out(struct socket *s)
{
    uint8_t *buffer = s->host->run->buffer;
    int error = 0;
    while (!s->fin_sent && s->b >= 0) {
        if (!send_unsent(s, &error))
            return error;
        ptrdiff_t room = baro_writable_bytes(stack_of(s), s->fd);
        /* Without room a little is read all the same: the stack tells of new room to who was refused. */
        size_t size = room <= 0 ? REFUSED : room < BUFFER ? (size_t)room : BUFFER;
        ssize_t count = recv(s->b, buffer, size, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN)
            return 0;
        if (count <= 0) { /* end of stream, or closed with unread bytes, which HUP told already */
            if (!s->closed && baro_shutdown(stack_of(s), s->fd, BARO_SHUT_WRITE) == -ENOBUFS)
                return 0; /* BARO_EVENT_OUT comes, and the end is still there */
            s->fin_sent = true;
            return 0;
        }
        ptrdiff_t sent = baro_send(stack_of(s), s->fd, buffer, (size_t)count, 0);
        if (sent < 0 && sent != -EAGAIN)
            return (int)-sent;
        size_t taken = sent > 0 ? (size_t)sent : 0;
        if (taken < (size_t)count &&
            !keep(&s->unsent, &s->unsent_at, &s->unsent_length, buffer + taken, (size_t)count - taken))
            return ENOBUFS;
    }
    return 0;
}

/* Writes to B; what it does not take goes to spill. False when B is full. */
static bool write_b(struct socket *s, const uint8_t *data, size_t length)
{
    ssize_t count = send(s->b, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count == (ssize_t)length)
        return true;
    if (count < 0 && errno != EAGAIN) {
        s->discard = true; /* the program shut its reading side down, or closed */
        return true;
    }
    size_t taken = count > 0 ? (size_t)count : 0;
    if (!keep(&s->spill, &s->spill_at, &s->spill_length, data + taken, length - taken)) {
        s->discard = true;
        return true;
    }
    return false;
}

static bool write_spill(struct socket *s)
{
    while (s->spill_length) {
        ssize_t count = send(s->b, s->spill + s->spill_at, s->spill_length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            return false;
        if (count < 0) {
            s->discard = true;
            s->spill_length = 0;
        } else {
            s->spill_at += (size_t)count;
            s->spill_length -= (size_t)count;
        }
    }
    free(s->spill);
    s->spill = NULL;
    return true;
}

/* Stack to program, until one side blocks. 0, or the errno that ended the connection. */
static int pump_in(struct socket *s)
{
    uint8_t *buffer = s->host->run->buffer;
    while (!s->fin_given && !s->closed) {
        if (!write_spill(s))
            return 0;
        if (option_wants_more(s))
            return 0;
        ptrdiff_t count = baro_recv(stack_of(s), s->fd, buffer, BUFFER, 0);
        if (count == -EAGAIN)
            return 0;
        if (count < 0)
            return (int)-count;
        if (count == 0) {
            s->fin_given = true;
            shutdown(s->b, SHUT_WR);
        } else if (!s->discard && !write_b(s, buffer, (size_t)count)) {
            return 0;
        }
    }
    return 0;
}

static void pump(struct socket *s)
{
    int error = pump_in(s);
    if (!error)
        error = pump_out(s);
    if (error)
        stream_reset(s, error);
    else if (s->closed && (s->fin_sent || s->reset))
        finish(s);
}

void stream_start(struct socket *s)
{
    pump(s);
}

void stream_ready(struct socket *s, unsigned events)
{
    (void)events;
    pump(s);
}

/* HUP: is the last descriptor gone, or did the program only shut down? */
static void hung_up(struct socket *s)
{
    if (s->shut_write && (s->shut_read || s->fin_given) && !collect_is_gone(s)) {
        socket_doubt(s);
        return;
    }
    int error = 0;
    socklen_t length = sizeof error;
    s->closed = true;
    getsockopt(s->b, SOL_SOCKET, SO_ERROR, &error, &length);
    s->reset = error == ECONNRESET || s->spill_length > 0;
}

void stream_b_ready(struct socket *s, uint32_t events)
{
    if ((events & EPOLLHUP) && !s->closed)
        hung_up(s);
    pump(s);
}

/* What sendto with an address does on a connection: the address is not looked at. A wait is a poll. */
static bool try_send(const struct call *call, struct socket *s)
{
    uint8_t *buffer = s->host->run->buffer;
    size_t length = call->argument[2] < BUFFER ? (size_t)call->argument[2] : BUFFER;
    int result = s->state == SOCKET_CONNECTED ? call_read(call, call->argument[1], buffer, length) : -EPIPE;
    int a = result ? result : take_end(call->tid, (int)call->argument[0], s->inode);
    if (a < 0) {
        call_error(call, a);
        return true;
    }
    ssize_t count = send(a, buffer, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    bool wait = count < 0 && errno == EAGAIN && !((int)call->argument[3] & MSG_DONTWAIT) &&
                !patience_of(a, SO_SNDTIMEO).nonblocking;
    if (count >= 0)
        call_answer(call, count);
    else if (!wait)
        call_error(call, errno);
    close(a);
    return !wait;
}

void stream_sendto(const struct call *call, struct socket *s)
{
    if (!try_send(call, s))
        waiter_add(call, s, WAIT_SEND);
}

bool stream_retry_send(struct waiter *waiter)
{
    return try_send(&waiter->call, waiter->socket);
}
