/* connect.c: connect, blocking and not.
 *
 * Blocking: the call is held until the dialogue has ended. Non-blocking: the program will wait for
 * writability, so A must not be writable before: it is filled with bytes of ours until it takes no more, and
 * when the dialogue is done exactly those bytes are taken out of B, which gives the program the one edge that
 * it expects. If the dialogue fails, B is closed with the filler unread: A then polls IN, OUT, ERR and HUP,
 * and SO_ERROR is ours to tell. A later connect on it gets a new pair, put in the place of the old
 * descriptor.
 *
 * Limits: what a program writes before connect goes nowhere (a TCP socket would say EPIPE); after a
 * failed non-blocking connect only the descriptor that reconnects is renewed, copies of it stay dead. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/internal.h"

/* Takes `count` bytes out of B, less if there are less. */
static void drain(struct socket *s, size_t count)
{
    uint8_t *buffer = s->host->run->buffer;
    while (count) {
        ssize_t taken = recv(s->b, buffer, count < BUFFER ? count : BUFFER, MSG_DONTWAIT);
        if (taken <= 0)
            break;
        count -= (size_t)taken;
    }
}

/* A stack's descriptor whose dialogue failed is not used again: a new one takes its name and options. */
static int renew_fd(struct socket *s)
{
    struct baro_stack *stack = s->host->config.stack;
    if (s->fd >= 0) {
        int old = s->fd;
        socket_set_fd(s, -1);
        baro_close(stack, old);
    }
    int fd = baro_socket(stack, s->family == AF_INET6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);
    if (fd < 0)
        return fd;
    if (!socket_set_fd(s, fd)) {
        baro_close(stack, fd);
        return -ENOMEM;
    }
    options_repeat(s);
    if (s->bound.address.family != BARO_FAMILY_NONE)
        return baro_bind(stack, fd, &s->bound);
    return 0;
}

static void established(struct socket *s)
{
    drain(s, s->filler);
    s->filler = 0;
    s->state = SOCKET_CONNECTED;
    s->was_connected = true;
}

/* 1: connected, 0: still under way, -errno: failed. */
static int outcome(struct socket *s, unsigned events)
{
    if (!(events & (BARO_EVENT_OUT | BARO_EVENT_ERROR | BARO_EVENT_HANGUP)))
        return 0;
    int error = 0;
    size_t length = sizeof error;
    baro_getsockopt(s->host->config.stack, s->fd, BARO_SO_ERROR, &error, &length);
    if (error)
        return -error;
    return events & BARO_EVENT_OUT ? 1 : -ECONNREFUSED;
}

void connect_ready(struct socket *s, unsigned events)
{
    int result = outcome(s, events);
    if (result == 0)
        return;
    struct waiter *waiter = waiter_first(s, WAIT_CONNECT);
    s->told = waiter != NULL;
    if (result > 0) {
        established(s);
        waiters_fail(s, WAIT_CONNECT, 0);
        stream_start(s);
    } else if (waiter && !s->filler) {
        s->state = SOCKET_NEW;
        renew_fd(s);
        waiters_fail(s, WAIT_CONNECT, -result);
    } else {
        s->error = -result;
        waiters_fail(s, WAIT_CONNECT, -result);
        drain(s, s->filler - s->filler / 3); /* still unwritable, but with the first bytes freed it is not */
        socket_over(s);
    }
}

static void hold(const struct call *call, struct socket *s, const struct patience *patience)
{
    struct waiter *waiter = waiter_add(call, s, WAIT_CONNECT);
    if (waiter) {
        waiter->deadline_ns = patience->deadline_ns;
        waiter->deadline_errno = EINPROGRESS;
    }
}

/* The dialogue is under way or already over; `a` is the program's end. */
static void begin(const struct call *call, struct socket *s, int a)
{
    struct patience patience = patience_of(a, SO_SNDTIMEO);
    baro_stack_flush(s->host->config.stack);
    s->state = SOCKET_CONNECTING;
    s->told = false;
    int result = outcome(s, baro_poll(s->host->config.stack, s->fd));
    if (result > 0) {
        established(s);
        s->told = true;
        call_error(call, 0);
        stream_start(s);
    } else if (result < 0) {
        s->state = SOCKET_NEW;
        renew_fd(s);
        call_error(call, result);
    } else if (patience.nonblocking) {
        socket_fill(s, a);
        call_error(call, EINPROGRESS);
    } else {
        hold(call, s, &patience);
    }
}

/* A dead descriptor reconnects: its number gets a new pair. */
static void reconnect(const struct call *call, struct socket *s, const struct baro_endpoint *peer)
{
    int descriptor = (int)call->argument[0], a;
    int old = take_end(call->tid, descriptor, s->inode);
    if (old < 0) {
        call_error(call, ENOTCONN);
        return;
    }
    int status = fcntl(old, F_GETFL);
    close(old);
    int result = renew_fd(s);
    if (result == 0)
        result = baro_connect(s->host->config.stack, s->fd, peer);
    if (result == -EINPROGRESS || result == 0)
        result = socket_renew(s, &a);
    if (result < 0) {
        call_error(call, result);
        return;
    }
    fcntl(a, F_SETFL, status);
    s->state = SOCKET_NEW;
    /* Placed without ending the call: the answer comes when the dialogue's state is known. */
    if (call_replace(call, a, descriptor, 0))
        begin(call, s, a);
    else
        socket_free(s);
    close(a);
}

static void connect_stream(const struct call *call, struct socket *s, const struct baro_endpoint *peer)
{
    int a = take_end(call->tid, (int)call->argument[0], s->inode);
    if (a < 0) {
        call_error(call, EBADF);
        return;
    }
    int result = s->fd < 0 ? renew_fd(s) : 0;
    if (result == 0)
        result = baro_connect(s->host->config.stack, s->fd, peer);
    if (result < 0 && result != -EINPROGRESS) {
        call_error(call, result);
    } else {
        drain(s, SIZE_MAX);
        begin(call, s, a);
    }
    close(a);
}

static void connect_again(const struct call *call, struct socket *s)
{
    int a = take_end(call->tid, (int)call->argument[0], s->inode);
    struct patience patience = a >= 0 ? patience_of(a, SO_SNDTIMEO) : (struct patience){ true, 0 };
    if (a >= 0)
        close(a);
    if (patience.nonblocking)
        call_error(call, EALREADY);
    else
        hold(call, s, &patience);
}

static void connect_datagram(const struct call *call, struct socket *s, const struct baro_endpoint *peer)
{
    int result = baro_connect(s->host->config.stack, s->fd, peer);
    if (result == 0)
        s->connected = peer->address.family != BARO_FAMILY_NONE;
    call_error(call, result);
}

void call_connect(const struct call *call, struct socket *s)
{
    struct baro_endpoint peer;
    int result = call_read_address(call, s, call->argument[1], call->argument[2], &peer);
    if (result == 0 && address_lacks_interface(&peer.address))
        result = -EINVAL;
    if (result == 0 && s->type == SOCK_STREAM && peer.address.family == BARO_FAMILY_NONE)
        result = -EAFNOSUPPORT;
    if (result < 0) {
        call_error(call, result);
    } else if (s->type == SOCK_DGRAM) {
        connect_datagram(call, s, &peer);
    } else if (s->state == SOCKET_NEW) {
        connect_stream(call, s, &peer);
    } else if (s->state == SOCKET_CONNECTING) {
        connect_again(call, s);
    } else if (s->state == SOCKET_OVER && !s->was_connected && s->told) {
        reconnect(call, s, &peer);
    } else if (s->state == SOCKET_OVER && !s->was_connected) {
        int error = s->error ? s->error : ECONNABORTED;
        s->error = 0;
        s->told = true;
        call_error(call, error);
    } else {
        bool first = s->state == SOCKET_CONNECTED && !s->told;
        s->told = true;
        call_error(call, first ? 0 : EISCONN);
    }
}
