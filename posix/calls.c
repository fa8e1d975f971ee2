/* posix/calls.c: descriptors and names: socket, bind, listen, accept, connect, shutdown, close, fcntl. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

enum { LINGER_STEP_MS = 5 };

static int type_of(int domain, int type, int protocol)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM)
        return kind == SOCK_RAW || kind == SOCK_SEQPACKET || kind == SOCK_RDM ? -ESOCKTNOSUPPORT : -EINVAL;
    if (kind == SOCK_DGRAM && protocol == IPPROTO_ICMP)
        return BARO_PING;
    if (protocol != 0 && protocol != (kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    return kind == SOCK_STREAM ? BARO_STREAM : BARO_DATAGRAM;
}

/* The record of a descriptor that the core just gave; the descriptor, or -errno and it is closed again. */
static int adopt(struct baro_posix_stack *stack, int fd, enum baro_socket_type type, bool is_ipv6, int flags)
{
    int error = posix_file_open(stack, fd, type, is_ipv6, (flags & SOCK_NONBLOCK) != 0);

    if (error == 0)
        return fd;
    baro_close(stack->core, fd);
    return error;
}

int baro_posix_socket_in(struct baro_posix_stack *stack, int domain, int type, int protocol)
{
    int kind = type_of(domain, type, protocol), fd;

    if (kind < 0) {
        errno = -kind;
        return -1;
    }
    if (!posix_enter(stack))
        return -1;
    fd = baro_socket(stack->core, domain == AF_INET6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4,
                     (enum baro_socket_type)kind);
    if (fd >= 0)
        fd = adopt(stack, fd, (enum baro_socket_type)kind, domain == AF_INET6, type);
    return (int)posix_leave(stack, fd);
}

int baro_posix_bind_in(struct baro_posix_stack *stack, int fd, const struct sockaddr *address, socklen_t length)
{
    struct baro_endpoint local;
    int error;

    if (!posix_enter(stack))
        return -1;
    error = posix_file(stack, fd) == NULL ? -EBADF : posix_address_read(&local, address, length);
    if (error == 0)
        error = baro_bind(stack->core, fd, &local);
    return (int)posix_leave(stack, error);
}

int baro_posix_listen_in(struct baro_posix_stack *stack, int fd, int backlog)
{
    if (!posix_enter(stack))
        return -1;
    return (int)posix_leave(stack, baro_listen(stack->core, fd, backlog));
}

/* Waits until the queue has one. */
static int accept_one(struct baro_posix_stack *stack, int fd, struct baro_endpoint *peer)
{
    struct posix_file *file = posix_file(stack, fd);
    struct baro_instant deadline;

    if (file == NULL)
        return -EBADF;
    deadline = posix_deadline(file->recv_timeout);
    for (;;) {
        bool wait = !file->nonblocking;
        int result = baro_accept(stack->core, fd, peer);

        if (result != -EAGAIN || !wait)
            return result;
        result = posix_wait(stack, fd, deadline);
        if (result != 0)
            return result;
        file = posix_file(stack, fd); /* the array may have moved */
        if (file == NULL)
            return -EBADF;
    }
}

/* What the core's descriptor does not know of its listener's. The listener may have been closed meanwhile. */
static void inherit(const struct posix_file *listener, struct posix_file *file)
{
    if (listener == NULL || file == NULL)
        return;
    file->recv_timeout = listener->recv_timeout;
    file->send_timeout = listener->send_timeout;
    file->recv_low_water = listener->recv_low_water;
}

int baro_posix_accept4_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length,
                          int flags)
{
    struct baro_endpoint peer;
    struct posix_file *file;
    int result;

    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) {
        errno = EINVAL;
        return -1;
    }
    if (!posix_enter(stack))
        return -1;
    memset(&peer, 0, sizeof peer);
    result = accept_one(stack, fd, &peer);
    file = posix_file(stack, fd); /* may have been closed while it waited */
    if (result >= 0)
        result = adopt(stack, result, BARO_STREAM, file != NULL && file->is_ipv6, flags);
    if (result >= 0)
        inherit(posix_file(stack, fd), posix_file(stack, result));
    if (result >= 0)
        posix_address_write(&peer, address, length);
    return (int)posix_leave(stack, result);
}

int baro_posix_accept_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length)
{
    return baro_posix_accept4_in(stack, fd, address, length, 0);
}

/* Starts the dialogue and waits for its end. */
static int connect_to(struct baro_posix_stack *stack, int fd, const struct baro_endpoint *peer)
{
    struct posix_file *file = posix_file(stack, fd);
    struct baro_instant deadline;
    int result, error;

    if (file == NULL)
        return -EBADF;
    deadline = posix_deadline(file->send_timeout);
    result = baro_connect(stack->core, fd, peer);
    if (result != -EINPROGRESS || file->nonblocking)
        return result;
    do {
        error = posix_wait(stack, fd, deadline);
        if (error != 0)
            return error == -EAGAIN ? -EINPROGRESS : error;
        result = baro_connect(stack->core, fd, peer);
    } while (result == -EALREADY);
    return result == -EISCONN ? 0 : result; /* another thread asked first */
}

int baro_posix_connect_in(struct baro_posix_stack *stack, int fd, const struct sockaddr *address, socklen_t length)
{
    struct baro_endpoint peer;
    int error;

    if (!posix_enter(stack))
        return -1;
    error = posix_file(stack, fd) == NULL ? -EBADF : posix_address_read(&peer, address, length);
    if (error == 0)
        error = connect_to(stack, fd, &peer);
    return (int)posix_leave(stack, error);
}

/* The core tells of it, so whoever waits looks again: a reader sees the end, a writer EPIPE, accept EINVAL. */
int baro_posix_shutdown_in(struct baro_posix_stack *stack, int fd, int how)
{
    if (!posix_enter(stack))
        return -1;
    return (int)posix_leave(stack, baro_shutdown(stack->core, fd, (enum baro_shutdown)how));
}

/* SO_LINGER with a time: close waits until all is sent and acknowledged, or for that time. It looks now and then;
 * nothing happens to a descriptor when its last octet is acknowledged. */
static void linger(struct baro_posix_stack *stack, int fd)
{
    struct baro_linger lingering = { 0 };
    struct baro_tcp_info info = { .state = BARO_TCP_CLOSED };
    size_t length = sizeof lingering;
    struct baro_instant deadline;

    if (baro_getsockopt(stack->core, fd, BARO_SO_LINGER, &lingering, &length) != 0 || !lingering.on ||
        lingering.time.ns == 0 || baro_shutdown(stack->core, fd, BARO_SHUT_WRITE) != 0)
        return;
    deadline = posix_deadline(lingering.time);
    for (;;) {
        struct baro_instant now = posix_now(), step = { now.ns + LINGER_STEP_MS * 1000000 };

        length = sizeof info;
        if (now.ns >= deadline.ns || baro_getsockopt(stack->core, fd, BARO_TCP_INFO, &info, &length) != 0)
            return;
        if (info.state != BARO_TCP_FIN_WAIT_1 && info.state != BARO_TCP_CLOSING && info.state != BARO_TCP_LAST_ACK)
            return;
        if (posix_wait(stack, fd, step) == -EBADF)
            return;
    }
}

int baro_posix_close_in(struct baro_posix_stack *stack, int fd)
{
    struct posix_file *file;

    if (!posix_enter(stack))
        return -1;
    file = posix_file(stack, fd);
    if (file != NULL && file->is_stream && !file->nonblocking)
        linger(stack, fd);
    if (posix_file(stack, fd) == NULL)
        return (int)posix_leave(stack, -EBADF);
    posix_file_close(stack, fd);
    return (int)posix_leave(stack, baro_close(stack->core, fd));
}

int baro_posix_getsockname_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length)
{
    struct baro_endpoint local;
    int error;

    if (!posix_enter(stack))
        return -1;
    error = baro_getsockname(stack->core, fd, &local);
    if (error == 0 && (address == NULL || length == NULL))
        error = -EFAULT;
    if (error == 0)
        posix_address_write(&local, address, length);
    return (int)posix_leave(stack, error);
}

int baro_posix_getpeername_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length)
{
    struct baro_endpoint peer;
    int error;

    if (!posix_enter(stack))
        return -1;
    error = baro_getpeername(stack->core, fd, &peer);
    if (error == 0 && (address == NULL || length == NULL))
        error = -EFAULT;
    if (error == 0)
        posix_address_write(&peer, address, length);
    return (int)posix_leave(stack, error);
}

int baro_posix_fcntl_in(struct baro_posix_stack *stack, int fd, int command, int value)
{
    struct posix_file *file;
    int result = 0;

    if (!posix_enter(stack))
        return -1;
    file = posix_file(stack, fd);
    if (file == NULL)
        result = -EBADF;
    else if (command == F_GETFL)
        result = O_RDWR | (file->nonblocking ? O_NONBLOCK : 0);
    else if (command == F_SETFL)
        file->nonblocking = (value & O_NONBLOCK) != 0;
    else if (command == F_GETFD)
        result = FD_CLOEXEC; /* no program that exec starts has this stack */
    else if (command != F_SETFD)
        result = -EINVAL;
    return (int)posix_leave(stack, result);
}
