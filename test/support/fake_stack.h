/* A tiny stand-in for the core's socket calls, for tests of what stands on them: sockets of one host that
 * talk with each other at once, without packets. Streams with a small buffer, a backlog, refusal, end of
 * stream and reset; datagrams with a queue. Include it in one file of a test: it defines the calls
 * themselves. */
#ifndef BARO_TEST_FAKE_STACK_H
#define BARO_TEST_FAKE_STACK_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baro/socket.h"
#include "baro/stack.h"

#define FAKE_SOCKETS 4096
#define FAKE_BUFFER 60000
#define FAKE_DATAGRAMS 16

struct fake_socket {
    bool used, listening, connected, slow, fin_received, fin_sent, ready;
    int type, peer, error, backlog, linger_reset;
    struct baro_endpoint local, remote;
    uint8_t *data;
    size_t length;
    int queue[256], queued; /* a listener's connections */
    struct {
        uint8_t *data;
        size_t length;
        struct baro_endpoint from;
    } datagram[FAKE_DATAGRAMS];
    int datagrams;
};

struct baro_stack {
    struct fake_socket socket[FAKE_SOCKETS];
    struct baro_address address;
    uint16_t next_port;
    int open;
    bool delay_connect; /* dialogues end by fake_stack_finish_connects */
    int ready_from;
    struct baro_address_status status[4]; /* of each interface */
    int statuses;
    uint32_t changes;
};

static void fake_ready(struct baro_stack *stack, int fd)
{
    if (fd >= 0)
        stack->socket[fd].ready = true;
}

static struct fake_socket *fake_find(struct baro_stack *stack, int fd)
{
    return fd >= 0 && fd < FAKE_SOCKETS && stack->socket[fd].used ? &stack->socket[fd] : NULL;
}

static struct fake_socket *fake_bound(struct baro_stack *stack, int type, const struct baro_endpoint *to)
{
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        struct fake_socket *s = &stack->socket[i];
        if (s->used && s->type == type && s->local.port.number == to->port.number &&
            (type == BARO_DATAGRAM || s->listening))
            return s;
    }
    return NULL;
}

static void fake_name(struct baro_stack *stack, struct fake_socket *s)
{
    if (!s->local.port.number)
        s->local.port.number = stack->next_port++;
    if (!s->local.address.octet[0])
        s->local.address = baro_ipv4(127, 0, 0, 1);
}

int baro_socket(struct baro_stack *stack, enum baro_family family, enum baro_socket_type type)
{
    if (family != BARO_FAMILY_IPV4)
        return -EAFNOSUPPORT;
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        if (!stack->socket[i].used) {
            stack->socket[i] = (struct fake_socket){ .used = true, .type = (int)type, .peer = -1 };
            stack->socket[i].local.address.family = BARO_FAMILY_IPV4;
            stack->open++;
            return i;
        }
    }
    return -EMFILE;
}

int baro_bind(struct baro_stack *stack, int fd, const struct baro_endpoint *local)
{
    struct fake_socket *s = fake_find(stack, fd);
    if (s->local.port.number)
        return -EINVAL;
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        struct fake_socket *other = &stack->socket[i];
        if (local->port.number && other->used && other->type == s->type && other->listening &&
            other->local.port.number == local->port.number)
            return -EADDRINUSE;
    }
    s->local = *local;
    if (!s->local.port.number)
        s->local.port.number = stack->next_port++;
    return 0;
}

int baro_listen(struct baro_stack *stack, int fd, int backlog)
{
    struct fake_socket *s = fake_find(stack, fd);
    if (!s->local.port.number)
        s->local.port.number = stack->next_port++;
    s->listening = true;
    s->backlog = backlog < 1 ? 1 : backlog > 256 ? 256 : backlog;
    return 0;
}

int baro_accept(struct baro_stack *stack, int fd, struct baro_endpoint *peer)
{
    struct fake_socket *s = fake_find(stack, fd);
    if (!s || !s->listening)
        return -EINVAL;
    if (!s->queued)
        return -EAGAIN;
    int result = s->queue[0];
    memmove(s->queue, s->queue + 1, (size_t)--s->queued * sizeof s->queue[0]);
    if (peer)
        *peer = stack->socket[result].remote;
    return result;
}

static int fake_dial(struct baro_stack *stack, int fd)
{
    struct fake_socket *s = fake_find(stack, fd);
    struct fake_socket *listener = fake_bound(stack, BARO_STREAM, &s->remote);
    fake_ready(stack, fd);
    s->slow = false;
    if (!listener || listener->queued >= listener->backlog) {
        s->error = ECONNREFUSED;
        return 0;
    }
    int other = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    struct fake_socket *t = fake_find(stack, other);
    t->local = s->remote;
    t->remote = s->local;
    t->peer = fd;
    s->peer = other;
    s->connected = t->connected = true;
    listener->queue[listener->queued++] = other;
    fake_ready(stack, (int)(listener - stack->socket));
    return 0;
}

int baro_connect(struct baro_stack *stack, int fd, const struct baro_endpoint *peer)
{
    struct fake_socket *s = fake_find(stack, fd);
    if (s->connected)
        return -EISCONN;
    s->remote = *peer;
    if (s->type == BARO_DATAGRAM) {
        if (peer->address.family != BARO_FAMILY_NONE)
            fake_name(stack, s);
        return 0;
    }
    if (peer->address.octet[0] == 192)
        return -ENETUNREACH;
    fake_name(stack, s);
    s->slow = true;
    if (!stack->delay_connect)
        fake_dial(stack, fd);
    return -EINPROGRESS;
}

static inline void fake_stack_finish_connects(struct baro_stack *stack)
{
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        if (stack->socket[i].used && stack->socket[i].slow)
            fake_dial(stack, i);
    }
}

ptrdiff_t baro_writable_bytes(struct baro_stack *stack, int fd)
{
    struct fake_socket *s = fake_find(stack, fd), *t = fake_find(stack, s->peer);
    return t ? (ptrdiff_t)(FAKE_BUFFER - t->length) : 0;
}

ptrdiff_t baro_sendto(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags,
                      const struct baro_endpoint *peer)
{
    struct fake_socket *s = fake_find(stack, fd);
    (void)flags;
    if (peer->address.family == BARO_FAMILY_NONE)
        return -EDESTADDRREQ;
    fake_name(stack, s);
    struct fake_socket *t = fake_bound(stack, BARO_DATAGRAM, peer);
    if (!t) {
        if (s->remote.port.number) {
            s->error = ECONNREFUSED;
            fake_ready(stack, fd);
        }
    } else if (t->datagrams < FAKE_DATAGRAMS) {
        t->datagram[t->datagrams].data = memcpy(malloc(length + 1), data, length);
        t->datagram[t->datagrams].length = length;
        t->datagram[t->datagrams++].from = s->local;
        fake_ready(stack, (int)(t - stack->socket));
    }
    return (ptrdiff_t)length;
}

ptrdiff_t baro_send(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags)
{
    struct fake_socket *s = fake_find(stack, fd), *t = fake_find(stack, s->peer);
    if (s->type == BARO_DATAGRAM)
        return baro_sendto(stack, fd, data, length, flags, &s->remote);
    if (s->error)
        return -ECONNRESET;
    if (s->fin_sent || !t)
        return -EPIPE;
    if (t->length == FAKE_BUFFER)
        return -EAGAIN;
    if (length > FAKE_BUFFER - t->length)
        length = FAKE_BUFFER - t->length;
    if (!t->data)
        t->data = malloc(FAKE_BUFFER);
    memcpy(t->data + t->length, data, length);
    t->length += length;
    fake_ready(stack, s->peer);
    return (ptrdiff_t)length;
}

ptrdiff_t baro_sendmsg(struct baro_stack *stack, int fd, const struct baro_message *message, unsigned flags)
{
    (void)flags;
    return baro_sendto(stack, fd, message->buffer[0].data, message->buffer[0].length, 0, &message->peer);
}

ptrdiff_t baro_recv(struct baro_stack *stack, int fd, void *data, size_t length, unsigned flags)
{
    struct fake_socket *s = fake_find(stack, fd);
    (void)flags;
    if (!s->length && s->error) {
        int error = s->error;
        s->error = 0;
        return -error;
    }
    if (!s->length)
        return s->fin_received ? 0 : -EAGAIN;
    if (length > s->length)
        length = s->length;
    memcpy(data, s->data, length);
    memmove(s->data, s->data + length, s->length - length);
    s->length -= length;
    fake_ready(stack, s->peer);
    return (ptrdiff_t)length;
}

ptrdiff_t baro_recvmsg(struct baro_stack *stack, int fd, struct baro_message *message, unsigned flags)
{
    struct fake_socket *s = fake_find(stack, fd);
    (void)flags;
    if (!s->datagrams)
        return -EAGAIN;
    size_t length = s->datagram[0].length;
    memcpy(message->buffer[0].data, s->datagram[0].data, length);
    message->peer = s->datagram[0].from;
    message->local = s->local;
    message->ttl = 64;
    free(s->datagram[0].data);
    memmove(s->datagram, s->datagram + 1, (size_t)--s->datagrams * sizeof s->datagram[0]);
    return (ptrdiff_t)length;
}

int baro_shutdown(struct baro_stack *stack, int fd, enum baro_shutdown how)
{
    struct fake_socket *s = fake_find(stack, fd), *t = fake_find(stack, s->peer);
    if (how != BARO_SHUT_READ && !s->fin_sent) {
        s->fin_sent = true;
        if (t) {
            t->fin_received = true;
            fake_ready(stack, s->peer);
        }
    }
    return 0;
}

int baro_close(struct baro_stack *stack, int fd)
{
    struct fake_socket *s = fake_find(stack, fd), *t = fake_find(stack, s->peer);
    if (t) {
        if (s->linger_reset || s->length) {
            t->error = t->fin_received ? EPIPE : ECONNRESET;
        } else {
            t->fin_received = true;
        }
        t->peer = -1;
        fake_ready(stack, s->peer);
    }
    for (int i = 0; i < s->queued; i++)
        baro_close(stack, s->queue[i]);
    for (int i = 0; i < s->datagrams; i++)
        free(s->datagram[i].data);
    free(s->data);
    s->used = false;
    s->ready = false;
    stack->open--;
    return 0;
}

unsigned baro_poll(struct baro_stack *stack, int fd)
{
    struct fake_socket *s = fake_find(stack, fd);
    unsigned events = 0;
    if (s->error)
        events |= BARO_EVENT_ERROR;
    if (s->queued || s->length || s->fin_received || s->datagrams)
        events |= BARO_EVENT_IN;
    if (s->connected && baro_writable_bytes(stack, fd) > 0)
        events |= BARO_EVENT_OUT;
    return events;
}

bool baro_next_ready(struct baro_stack *stack, struct baro_ready *ready)
{
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        if (!stack->socket[i].used || !stack->socket[i].ready)
            continue;
        stack->socket[i].ready = false;
        ready->fd = i;
        ready->events = baro_poll(stack, i);
        return true;
    }
    return false;
}

int baro_getsockopt(struct baro_stack *stack, int fd, enum baro_option option, void *value, size_t *length)
{
    struct fake_socket *s = fake_find(stack, fd);
    memset(value, 0, *length);
    if (option == BARO_SO_ERROR) {
        memcpy(value, &s->error, sizeof s->error);
        s->error = 0;
    }
    return 0;
}

int baro_setsockopt(struct baro_stack *stack, int fd, enum baro_option option, const void *value,
                    size_t length)
{
    struct fake_socket *s = fake_find(stack, fd);
    (void)length;
    if (option == BARO_SO_LINGER) {
        const struct baro_linger *linger = value;
        s->linger_reset = linger->on && !linger->time.ns;
    }
    return 0;
}

int baro_getsockname(struct baro_stack *stack, int fd, struct baro_endpoint *local)
{
    *local = fake_find(stack, fd)->local;
    return 0;
}

int baro_getpeername(struct baro_stack *stack, int fd, struct baro_endpoint *peer)
{
    *peer = fake_find(stack, fd)->remote;
    return peer->port.number ? 0 : -ENOTCONN;
}

enum baro_address_state baro_stack_address_state(const struct baro_stack *stack, int interface,
                                                 struct baro_address address)
{
    (void)stack, (void)interface, (void)address;
    return BARO_ADDRESS_NONE;
}

void baro_stack_flush(struct baro_stack *stack)
{
    (void)stack;
}

uint32_t baro_stack_changes(const struct baro_stack *stack)
{
    return stack->changes;
}

int baro_stack_addresses(const struct baro_stack *stack, int interface, struct baro_address_status *status,
                         unsigned room)
{
    (void)interface;
    for (int i = 0; i < stack->statuses && i < (int)room; i++)
        status[i] = stack->status[i];
    return stack->statuses;
}

#endif
