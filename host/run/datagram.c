/* datagram.c: UDP sockets, and ping sockets, whose datagrams are ICMP echo messages.
 *
 * The pair is SOCK_SEQPACKET: it keeps the bounds of datagrams as SOCK_DGRAM would, and tells B when A is
 * closed. The bytes of a received datagram travel in it, its address in a queue here. A program that receives
 * natively (read, recv) takes bytes without an address; a trapped receive (recvfrom, recvmsg) first asks how
 * many bytes A still holds, which tells how many of the queue's addresses are spent. One datagram that B does
 * not take is kept in spill, the rest stays in the stack, whose queue drops when it is full.
 *
 * What a program sends natively goes to the connected peer. An ICMP error is an empty datagram in A, which
 * wakes the program, and an errno in the queue.
 *
 * Limits: FIONREAD adds up what is queued; a program that receives an error natively sees an empty datagram.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/internal.h"

#define ROOM 512 /* more than empty datagrams fit into a pair's buffer */

static struct datagram *front(struct socket *s)
{
    return s->datagrams ? &s->datagram[s->datagram_first] : NULL;
}

static void pop(struct socket *s)
{
    s->datagram_first = (s->datagram_first + 1) % s->datagram_room;
    s->datagrams--;
}

static bool push(struct socket *s, const struct datagram *datagram)
{
    if (!s->datagram) {
        s->datagram = calloc(ROOM, sizeof *s->datagram);
        s->datagram_room = s->datagram ? ROOM : 0;
    }
    if (s->datagrams == s->datagram_room)
        return false;
    s->datagram[(s->datagram_first + s->datagrams++) % s->datagram_room] = *datagram;
    return true;
}

/* Forgets the addresses of what was received natively: A holds `held` bytes. */
static void forget(struct socket *s, size_t held)
{
    size_t sum = 0;
    for (unsigned i = 0; i < s->datagrams; i++)
        sum += s->datagram[(s->datagram_first + i) % s->datagram_room].length;
    while (s->datagrams && sum > held) {
        sum -= front(s)->length;
        pop(s);
    }
}

/* Into the pair and the queue; false if there is no room now. */
static bool pass_on(struct socket *s, const struct datagram *datagram, const uint8_t *data)
{
    if (s->datagram_room && s->datagrams == s->datagram_room)
        return false;
    ssize_t count = send(s->b, data, datagram->length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0)
        return errno != EAGAIN && errno != ENOBUFS; /* otherwise nobody reads any more */
    push(s, datagram);
    return true;
}

static bool pass_spill_on(struct socket *s)
{
    struct datagram head;
    if (!s->spill)
        return true;
    memcpy(&head, s->spill, sizeof head);
    if (!pass_on(s, &head, s->spill + sizeof head))
        return false;
    free(s->spill);
    s->spill = NULL;
    return true;
}

static void keep(struct socket *s, const struct datagram *head, const uint8_t *data)
{
    s->spill = malloc(sizeof *head + head->length);
    if (!s->spill)
        return; /* a datagram may be lost */
    memcpy(s->spill, head, sizeof *head);
    memcpy(s->spill + sizeof *head, data, head->length);
}

static bool receive(struct socket *s, struct datagram *head)
{
    uint8_t *buffer = s->host->run->buffer;
    struct baro_buffer piece = { buffer, BUFFER };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    memset(head, 0, sizeof *head);
    ptrdiff_t count = baro_recvmsg(s->host->config.stack, s->fd, &message, 0);
    if (count == -EAGAIN)
        return false;
    if (count < 0) {
        head->error = (int)-count;
        return true;
    }
    head->length = (uint32_t)count;
    head->peer = message.peer;
    head->local = message.local;
    head->interface = message.interface;
    head->ttl = message.ttl;
    head->tos = message.tos;
    if (s->ancillary & (ANCILLARY_TIME | ANCILLARY_TIME_NS))
        clock_gettime(CLOCK_REALTIME, &head->when);
    return true;
}

/* Moves what the stack has into the pair, until one side has no more to give or take. */
static void pump(struct socket *s)
{
    struct datagram head;
    while (s->b >= 0 && pass_spill_on(s) && receive(s, &head)) {
        if (!pass_on(s, &head, s->host->run->buffer)) {
            keep(s, &head, s->host->run->buffer);
            return;
        }
    }
}

static void wake_waiters(struct socket *s)
{
    struct waiter *waiter;
    while ((waiter = waiter_first(s, WAIT_RECV)) && datagram_retry(waiter))
        waiter_remove(s->host->run, waiter);
}

void datagram_ready(struct socket *s, unsigned events)
{
    if (events & BARO_EVENT_ERROR) {
        int error = 0;
        size_t length = sizeof error;
        baro_getsockopt(s->host->config.stack, s->fd, BARO_SO_ERROR, &error, &length);
        struct datagram head = { .error = error };
        if (error) {
            s->error = error;
            pass_on(s, &head, (const uint8_t *)"");
        }
    }
    pump(s);
    wake_waiters(s);
}

/* What the program sent natively goes to the connected peer. */
static void forward(struct socket *s)
{
    uint8_t *buffer = s->host->run->buffer;
    for (;;) {
        ssize_t count = recv(s->b, buffer, BUFFER, MSG_DONTWAIT);
        if (count < 0)
            return;
        if (count == 0) { /* an empty datagram, or the end */
            char byte;
            if (recv(s->b, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
                return;
        }
        const struct baro_message told = { 0 };
        ptrdiff_t sent = datagram_send(s, (size_t)count, &told);
        if (sent == -EDESTADDRREQ || sent == -ENOTCONN)
            run_say_once(s->host->run, 120, "a datagram written to a socket without a peer was dropped");
    }
}

void datagram_b_ready(struct socket *s, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLHUP))
        forward(s);
    if (events & EPOLLHUP) {
        socket_free(s);
        return;
    }
    pump(s);
}

int datagram_take(const struct call *call, struct socket *s, bool peek, struct received *received,
                  struct patience *patience)
{
    struct baro_run *run = s->host->run;
    int held = 0, a = take_end(call->tid, (int)call->argument[0], s->inode);
    if (a < 0)
        return -EBADF;
    *patience = patience_of(a, SO_RCVTIMEO);
    if (ioctl(a, FIONREAD, &held) == 0)
        forget(s, (size_t)held);
    ssize_t count = recv(a, run->buffer, BUFFER, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    while (count == 0 && s->datagrams && front(s)->nothing) {
        pop(s);
        if (peek)
            recv(a, run->buffer, BUFFER, MSG_DONTWAIT);
        count = recv(a, run->buffer, BUFFER, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    }
    int error = errno;
    close(a);
    if (count < 0)
        return error == EAGAIN ? -EAGAIN : -error;
    /* Empty datagrams received natively leave no trace but their entries. */
    while (s->datagrams && (front(s)->length != (uint32_t)count || front(s)->nothing))
        pop(s);
    memset(received, 0, sizeof *received);
    received->length = (size_t)count;
    if (s->datagrams) {
        received->from = *front(s);
        if (!peek)
            pop(s);
    }
    if (received->from.error)
        s->error = 0;
    return -received->from.error;
}

void datagram_forgive(const struct call *call, struct socket *s)
{
    int held = 0, a = take_end(call->tid, (int)call->argument[0], s->inode);
    char byte;
    for (unsigned i = 0; i < s->datagrams; i++) {
        struct datagram *one = &s->datagram[(s->datagram_first + i) % s->datagram_room];
        one->nothing |= one->error != 0;
        one->error = 0;
    }
    s->error = 0;
    if (a >= 0 && ioctl(a, FIONREAD, &held) == 0)
        forget(s, (size_t)held);
    while (a >= 0 && s->datagrams && front(s)->nothing && recv(a, &byte, sizeof byte, MSG_DONTWAIT) == 0)
        pop(s);
    if (a >= 0)
        close(a);
    datagram_ready(s, BARO_EVENT_ERROR);
}

int datagram_pending(const struct call *call, struct socket *s)
{
    int error = s->error;
    if (error)
        datagram_forgive(call, s);
    return -error;
}

size_t datagram_limit(const struct socket *s)
{
    return BUFFER - (s->family == AF_INET6 ? 8 : 28); /* an IPv6 header is not in its own length */
}

ptrdiff_t datagram_send(struct socket *s, size_t length, const struct baro_message *told)
{
    struct baro_stack *stack = s->host->config.stack;
    struct baro_buffer piece = { s->host->run->buffer, length };
    struct baro_message message = *told;
    ptrdiff_t sent;
    message.buffer = &piece;
    message.buffers = 1;
    option_apply_wire(s, &message);
    if (message.given || message.local.address.family != BARO_FAMILY_NONE)
        sent = baro_sendmsg(stack, s->fd, &message, 0);
    else if (told->peer.address.family != BARO_FAMILY_NONE)
        sent = baro_sendto(stack, s->fd, piece.data, length, 0, &told->peer);
    else
        sent = baro_send(stack, s->fd, piece.data, length, 0);
    return sent == -EAGAIN ? -ENOBUFS : sent;
}

void call_sendto(const struct call *call, struct socket *s)
{
    struct baro_message told = { 0 };
    if (s->type == SOCK_STREAM) {
        stream_sendto(call, s);
        return;
    }
    int result = call_read_address(call, s, call->argument[4], call->argument[5], &told.peer);
    if (result == 0 && call->argument[2] > datagram_limit(s))
        result = -EMSGSIZE;
    if (result == 0)
        result = call_read(call, call->argument[1], s->host->run->buffer, (size_t)call->argument[2]);
    if (result == 0)
        result = datagram_pending(call, s);
    ptrdiff_t sent = result ? result : datagram_send(s, (size_t)call->argument[2], &told);
    if (sent < 0)
        call_error(call, (int)sent);
    else
        call_answer(call, sent);
}

/* What the next error report quotes, for who asks for nothing else of it. */
static int take_report(struct socket *s, struct received *received)
{
    struct baro_error_report report;
    struct baro_buffer piece = { s->host->run->buffer, BUFFER };
    struct baro_message message = { .buffer = &piece, .buffers = 1, .report = &report };
    ptrdiff_t count = baro_recvmsg(s->host->config.stack, s->fd, &message, BARO_MSG_ERROR);
    received->length = count > 0 ? (size_t)count : 0;
    received->from.peer = message.peer;
    return count < 0 ? (int)count : 0;
}

/* False: it would wait. */
static bool try_recvfrom(const struct call *call, struct socket *s, struct patience *patience)
{
    struct received received = { .length = 0 };
    int flags = (int)call->argument[3];
    int result = flags & MSG_ERRQUEUE ? take_report(s, &received)
                                      : datagram_take(call, s, flags & MSG_PEEK, &received, patience);
    if (result == -EAGAIN && !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) && !patience->nonblocking)
        return false;
    size_t room = (size_t)call->argument[2];
    size_t length = received.length < room ? received.length : room;
    if (result == 0)
        result = call_write(call, call->argument[1], s->host->run->buffer, length);
    if (result == 0)
        result = call_write_address(call, s, call->argument[4], call->argument[5], &received.from.peer);
    if (result < 0)
        call_error(call, result);
    else
        call_answer(call, (int64_t)(flags & MSG_TRUNC ? received.length : length));
    return true;
}

void call_recvfrom(const struct call *call, struct socket *s)
{
    struct patience patience = { false, 0 };
    if (s->type == SOCK_STREAM && ((int)call->argument[3] & MSG_ERRQUEUE)) {
        call_error(call, EAGAIN); /* a stream's errors are its own: there never is a report */
        return;
    }
    if (s->type == SOCK_STREAM) {
        call_pass(call);
        return;
    }
    if (try_recvfrom(call, s, &patience))
        return;
    struct waiter *waiter = waiter_add(call, s, WAIT_RECV);
    if (waiter) {
        waiter->deadline_ns = patience.deadline_ns;
        waiter->deadline_errno = EAGAIN;
    }
}

bool datagram_retry(struct waiter *waiter)
{
    struct patience patience;
    if (!call_is_valid(&waiter->call))
        return true;
    if (waiter->call.number == SYS_recvfrom)
        return try_recvfrom(&waiter->call, waiter->socket, &patience);
    return message_receive(&waiter->call, waiter->socket, &patience);
}
