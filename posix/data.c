/* posix/data.c: send and recv in all their forms. All come down to one message in pieces each way. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>

#include "internal.h"

enum { PIECES = 1024 /* IOV_MAX */ };

/* What a message's pieces are at an offset: those before it are skipped. Pieces that do not fit into `room` are
 * left for the next round. */
static size_t pieces_from(const struct iovec *iov, size_t count, size_t offset, struct baro_buffer *piece, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < count && used < room; i++) {
        if (offset >= iov[i].iov_len && iov[i].iov_len != 0) {
            offset -= iov[i].iov_len;
            continue;
        }
        piece[used++] = (struct baro_buffer){ (uint8_t *)iov[i].iov_base + offset, iov[i].iov_len - offset };
        offset = 0;
    }
    return used;
}

/* 0 with the length, or -EMSGSIZE, -EINVAL. */
static int total_length(const struct msghdr *message, size_t *length)
{
    *length = 0;
    if (message->msg_iovlen > PIECES)
        return -EMSGSIZE;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        if (message->msg_iov[i].iov_len > (size_t)SSIZE_MAX - *length)
            return -EINVAL;
        *length += message->msg_iov[i].iov_len;
    }
    return 0;
}

static unsigned core_flags(int flags)
{
    unsigned told = 0;

    if (flags & MSG_PEEK)
        told |= BARO_MSG_PEEK;
    if (flags & MSG_OOB)
        told |= BARO_MSG_OOB;
    if (flags & MSG_MORE)
        told |= BARO_MSG_MORE;
    if (flags & MSG_TRUNC) /* Linux' other meaning on streams is the core's too: thrown away */
        told |= BARO_MSG_TRUNCATE;
    if (flags & MSG_ERRQUEUE)
        told |= BARO_MSG_ERROR;
    return told;
}

/* ---- sending ---- */

/* Sends all of it, waiting for room where that is wanted. A stream that ends half way gives what was taken. */
static ssize_t send_all(struct baro_posix_stack *stack, int fd, const struct msghdr *message, int flags)
{
    struct posix_file *file = posix_file(stack, fd);
    struct baro_buffer piece[PIECES];
    struct baro_message told = { .buffer = piece };
    struct baro_instant deadline;
    size_t length, done = 0;
    int error;

    if (file == NULL)
        return -EBADF;
    error = total_length(message, &length);
    if (error == 0 && message->msg_name != NULL && message->msg_namelen != 0)
        error = posix_address_read(&told.peer, message->msg_name, message->msg_namelen);
    if (error == 0)
        error = posix_control_read(stack, fd, message, &told);
    if (error != 0)
        return error;
    deadline = posix_deadline(file->send_timeout);
    for (;;) {
        bool wait = !file->nonblocking && !(flags & MSG_DONTWAIT);
        ssize_t sent;

        told.buffers = pieces_from(message->msg_iov, message->msg_iovlen, done, piece, PIECES);
        sent = baro_sendmsg(stack->core, fd, &told, core_flags(flags));
        if (sent >= 0) {
            done += (size_t)sent;
            if (done >= length || !file->is_stream)
                return (ssize_t)done;
            continue; /* full now: the next round says so */
        }
        if (sent != -EAGAIN || !wait)
            return done != 0 ? (ssize_t)done : sent;
        error = posix_wait(stack, fd, deadline);
        file = posix_file(stack, fd);
        if (error != 0 || file == NULL)
            return done != 0 ? (ssize_t)done : error != 0 ? error : -EBADF;
    }
}

ssize_t baro_posix_sendmsg_in(struct baro_posix_stack *stack, int fd, const struct msghdr *message, int flags)
{
    struct posix_file *file;
    bool is_stream;
    ssize_t sent;

    if (!posix_enter(stack))
        return -1;
    file = posix_file(stack, fd);
    is_stream = file != NULL && file->is_stream;
    sent = posix_leave(stack, send_all(stack, fd, message, flags));
    if (sent < 0 && errno == EPIPE && is_stream && !(flags & MSG_NOSIGNAL)) {
        pthread_kill(pthread_self(), SIGPIPE);
        errno = EPIPE;
    }
    return sent;
}

ssize_t baro_posix_sendto_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length, int flags,
                             const struct sockaddr *address, socklen_t address_length)
{
    struct iovec iov = { (void *)(uintptr_t)data, length };
    struct msghdr message = { .msg_name = (void *)(uintptr_t)address, .msg_namelen = address_length,
                              .msg_iov = &iov, .msg_iovlen = 1 };

    return baro_posix_sendmsg_in(stack, fd, &message, flags);
}

ssize_t baro_posix_send_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length, int flags)
{
    return baro_posix_sendto_in(stack, fd, data, length, flags, NULL, 0);
}

ssize_t baro_posix_write_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length)
{
    return baro_posix_sendto_in(stack, fd, data, length, 0, NULL, 0);
}

/* ---- receiving ---- */

static void write_result(const struct posix_file *file, const struct baro_message *told, struct msghdr *message,
                         int flags)
{
    message->msg_flags = flags & (MSG_OOB | MSG_ERRQUEUE);
    if (told->flags & BARO_MSG_TRUNCATED)
        message->msg_flags |= MSG_TRUNC;
    if (message->msg_name != NULL)
        posix_address_write(&told->peer, message->msg_name, &message->msg_namelen);
    if (flags & MSG_ERRQUEUE)
        posix_control_write_error(told, message);
    else
        posix_control_write(file, told, message);
}

/* Does a stream hold less than its reader waits for (SO_RCVLOWAT), and may more come? */
static bool is_too_little(struct baro_posix_stack *stack, int fd, const struct posix_file *file, size_t wanted,
                          int flags)
{
    ptrdiff_t readable;

    if (!file->is_stream || file->recv_low_water <= 1 || (flags & (MSG_OOB | MSG_ERRQUEUE)))
        return false;
    readable = baro_readable_bytes(stack->core, fd);
    return readable >= 0 && (size_t)readable < wanted && (baro_poll(stack->core, fd) & ~(unsigned)BARO_EVENT_OUT) == 0;
}

/* Receives once, or with MSG_WAITALL until all pieces of a stream are full. */
static ssize_t recv_some(struct baro_posix_stack *stack, int fd, struct msghdr *message, int flags)
{
    struct posix_file *file = posix_file(stack, fd);
    struct baro_buffer piece[PIECES];
    struct baro_error_report report;
    struct baro_message told = { .buffer = piece, .report = &report };
    struct baro_instant deadline;
    size_t length, done = 0;
    int error;

    if (file == NULL)
        return -EBADF;
    if ((flags & MSG_ERRQUEUE) && file->is_stream)
        return -EAGAIN; /* a stream's errors are its own */
    error = total_length(message, &length);
    if (error != 0)
        return error;
    deadline = posix_deadline(file->recv_timeout);
    for (;;) {
        bool wait = !file->nonblocking && !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
        bool all = (flags & MSG_WAITALL) && file->is_stream && !(flags & (MSG_PEEK | MSG_OOB));
        ssize_t received;

        if (wait && done == 0 && is_too_little(stack, fd, file, length, flags)) {
            error = posix_wait(stack, fd, deadline);
            file = posix_file(stack, fd);
            if (error == -EBADF || file == NULL)
                return -EBADF;
            if (error == 0)
                continue;
            flags |= MSG_DONTWAIT; /* time is up: what is there */
        }
        told.buffers = pieces_from(message->msg_iov, message->msg_iovlen, done, piece, PIECES);
        received = baro_recvmsg(stack->core, fd, &told, core_flags(flags));
        if (received >= 0) {
            done += (size_t)received;
            if (all && received != 0 && done < length)
                continue;
            break;
        }
        if (received != -EAGAIN || !wait) {
            if (done == 0)
                return received;
            break;
        }
        error = posix_wait(stack, fd, deadline);
        file = posix_file(stack, fd);
        if (error != 0 || file == NULL)
            return done != 0 ? (ssize_t)done : error != 0 ? error : -EBADF;
    }
    write_result(file, &told, message, flags);
    return (ssize_t)done;
}

ssize_t baro_posix_recvmsg_in(struct baro_posix_stack *stack, int fd, struct msghdr *message, int flags)
{
    if (!posix_enter(stack))
        return -1;
    return posix_leave(stack, recv_some(stack, fd, message, flags));
}

ssize_t baro_posix_recvfrom_in(struct baro_posix_stack *stack, int fd, void *data, size_t length, int flags,
                               struct sockaddr *address, socklen_t *address_length)
{
    struct iovec iov = { data, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t received;

    if (address != NULL && address_length != NULL) {
        message.msg_name = address;
        message.msg_namelen = *address_length;
    }
    received = baro_posix_recvmsg_in(stack, fd, &message, flags);
    if (received >= 0 && message.msg_name != NULL)
        *address_length = message.msg_namelen;
    return received;
}

ssize_t baro_posix_recv_in(struct baro_posix_stack *stack, int fd, void *data, size_t length, int flags)
{
    return baro_posix_recvfrom_in(stack, fd, data, length, flags, NULL, NULL);
}

ssize_t baro_posix_read_in(struct baro_posix_stack *stack, int fd, void *data, size_t length)
{
    return baro_posix_recvfrom_in(stack, fd, data, length, 0, NULL, NULL);
}
