/* packetdrill/calls.c: the socket calls, each the blocking library's on the socket behind the placeholder.
 *
 * What is no placeholder of ours (the ends of a pipe) goes to the kernel. */
#include "adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>

static int call_socket(void *userdata, int domain, int type, int protocol)
{
    struct adapter *adapter = userdata;

    return adapter_give_socket(adapter, baro_posix_socket_in(adapter->stack, domain, type & ~SOCK_CLOEXEC, protocol));
}

static int call_bind(void *userdata, int fd, const struct sockaddr *address, socklen_t length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_bind_in(adapter->stack, socket, address, length);
}

static int call_listen(void *userdata, int fd, int backlog)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_listen_in(adapter->stack, socket, backlog);
}

static int call_accept(void *userdata, int fd, struct sockaddr *address, socklen_t *length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1
                      : adapter_give_socket(adapter, baro_posix_accept_in(adapter->stack, socket, address, length));
}

static int call_connect(void *userdata, int fd, const struct sockaddr *address, socklen_t length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_connect_in(adapter->stack, socket, address, length);
}

static ssize_t call_recvfrom(void *userdata, int fd, void *data, size_t length, int flags, struct sockaddr *address,
                             socklen_t *address_length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1
                      : baro_posix_recvfrom_in(adapter->stack, socket, data, length, flags, address, address_length);
}

static ssize_t call_recv(void *userdata, int fd, void *data, size_t length, int flags)
{
    return call_recvfrom(userdata, fd, data, length, flags, NULL, NULL);
}

static ssize_t call_read(void *userdata, int fd, void *data, size_t length)
{
    return adapter_is_ours(userdata, fd) ? call_recv(userdata, fd, data, length, 0) : read(fd, data, length);
}

static ssize_t call_recvmsg(void *userdata, int fd, struct msghdr *message, int flags)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_recvmsg_in(adapter->stack, socket, message, flags);
}

static bool is_count(int count)
{
    if (count >= 0 && count <= IOV_MAX)
        return true;
    errno = EINVAL;
    return false;
}

static ssize_t call_readv(void *userdata, int fd, const struct iovec *parts, int count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };

    if (!is_count(count))
        return -1;
    return adapter_is_ours(userdata, fd) ? call_recvmsg(userdata, fd, &message, 0) : readv(fd, parts, count);
}

static ssize_t call_sendto(void *userdata, int fd, const void *data, size_t length, int flags,
                           const struct sockaddr *address, socklen_t address_length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1
                      : baro_posix_sendto_in(adapter->stack, socket, data, length, flags, address, address_length);
}

static ssize_t call_send(void *userdata, int fd, const void *data, size_t length, int flags)
{
    return call_sendto(userdata, fd, data, length, flags, NULL, 0);
}

static ssize_t call_write(void *userdata, int fd, const void *data, size_t length)
{
    return adapter_is_ours(userdata, fd) ? call_send(userdata, fd, data, length, 0) : write(fd, data, length);
}

static ssize_t call_sendmsg(void *userdata, int fd, const struct msghdr *message, int flags)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_sendmsg_in(adapter->stack, socket, message, flags);
}

static ssize_t call_writev(void *userdata, int fd, const struct iovec *parts, int count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };

    if (!is_count(count))
        return -1;
    return adapter_is_ours(userdata, fd) ? call_sendmsg(userdata, fd, &message, 0) : writev(fd, parts, count);
}

static int call_fcntl(void *userdata, int fd, int command, ...)
{
    struct adapter *adapter = userdata;
    int socket, value;
    va_list rest;

    va_start(rest, command);
    value = va_arg(rest, int); /* commands without one do not look at it */
    va_end(rest);
    if (!adapter_is_ours(adapter, fd))
        return fcntl(fd, command, value);
    socket = adapter_socket(adapter, fd);
    return socket < 0 ? -1 : baro_posix_fcntl_in(adapter->stack, socket, command, value);
}

/* Octets of a connection's buffers. */
static int call_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd), *number, error;
    struct baro_tcp_info info;
    size_t length = sizeof info;
    va_list rest;

    va_start(rest, request);
    number = va_arg(rest, int *);
    va_end(rest);
    if (socket < 0)
        return -1;
    if (request == FIONBIO)
        return baro_posix_fcntl_in(adapter->stack, socket, F_SETFL, *number != 0 ? O_NONBLOCK : 0);
    error = -baro_getsockopt(baro_posix_lock(adapter->stack), socket, BARO_TCP_INFO, &info, &length);
    baro_posix_unlock(adapter->stack);
    if (error == 0 && request == SIOCINQ)
        *number = (int)info.unread;
    else if (error == 0 && request == SIOCOUTQ)
        *number = (int)(info.unsent + info.flight);
    else if (error == 0 && request == SIOCOUTQNSD)
        *number = (int)info.unsent;
    else
        error = EINVAL;
    if (error != 0)
        errno = error;
    return error == 0 ? 0 : -1;
}

static int call_close(void *userdata, int fd)
{
    struct adapter *adapter = userdata;
    int socket;

    if (!adapter_is_ours(adapter, fd))
        return close(fd);
    socket = adapter_take_back(adapter, fd);
    return socket < 0 ? 0 : baro_posix_close_in(adapter->stack, socket);
}

static int call_shutdown(void *userdata, int fd, int how)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_shutdown_in(adapter->stack, socket, how);
}

static int call_getsockopt(void *userdata, int fd, int level, int name, void *value, socklen_t *length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_getsockopt_in(adapter->stack, socket, level, name, value, length);
}

static int call_setsockopt(void *userdata, int fd, int level, int name, const void *value, socklen_t length)
{
    struct adapter *adapter = userdata;
    int socket = adapter_socket(adapter, fd);

    return socket < 0 ? -1 : baro_posix_setsockopt_in(adapter->stack, socket, level, name, value, length);
}

void adapter_fill_calls(struct packetdrill_interface *interface)
{
    interface->socket = call_socket;
    interface->bind = call_bind;
    interface->listen = call_listen;
    interface->accept = call_accept;
    interface->connect = call_connect;
    interface->read = call_read;
    interface->readv = call_readv;
    interface->recv = call_recv;
    interface->recvfrom = call_recvfrom;
    interface->recvmsg = call_recvmsg;
    interface->write = call_write;
    interface->writev = call_writev;
    interface->send = call_send;
    interface->sendto = call_sendto;
    interface->sendmsg = call_sendmsg;
    interface->fcntl = call_fcntl;
    interface->ioctl = call_ioctl;
    interface->close = call_close;
    interface->shutdown = call_shutdown;
    interface->getsockopt = call_getsockopt;
    interface->setsockopt = call_setsockopt;
}
