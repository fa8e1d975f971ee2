/* user/data.c: messages in and out: send, recv, and how much of either is possible. */
#include "user/user_private.h"

#include <errno.h>

int user_whole_stream(const struct user *user, int fd, struct handle *stream)
{
    const struct user_socket *socket = user_find(user, fd);

    *stream = user_stream(user, fd);
    if (!handle_is_none(*stream))
        return 0;
    if (socket == NULL)
        return -EBADF;
    return socket->type == BARO_STREAM ? -ENOTCONN : -EOPNOTSUPP;
}

/* A stream takes the pieces one after another, as many octets as there is room for. */
static ptrdiff_t send_stream(struct user *user, struct user_socket *socket, const struct baro_message *message,
                             unsigned flags)
{
    ptrdiff_t sent = 0;

    if (socket->phase == USER_FRESH || socket->phase == USER_LISTENING)
        return -ENOTCONN;
    for (size_t i = 0; i < message->buffers; i++) {
        struct baro_bytes piece = { message->buffer[i].data, message->buffer[i].length };
        bool is_last = i + 1 == message->buffers;
        /* An urgent mark stands behind the last octet. */
        unsigned piece_flags = is_last ? flags : (flags & ~(unsigned)BARO_MSG_OOB) | BARO_MSG_MORE;
        ptrdiff_t taken = tcp_send(user->tcp, socket->handle, piece, piece_flags);

        if (taken < 0)
            return sent > 0 ? sent : taken;
        sent += taken;
        if ((size_t)taken < piece.length)
            break;
    }
    return sent;
}

static size_t message_length(const struct baro_message *message)
{
    size_t length = 0;

    for (size_t i = 0; i < message->buffers; i++) {
        if (message->buffer[i].length > SIZE_MAX - length)
            return SIZE_MAX;
        length += message->buffer[i].length;
    }
    return length;
}

/* IP's length field says no more than this; IPv4's counts the header, IPv6's does not (RFC 791 §3.1, RFC 8200 §3). */
static const size_t LENGTH_MOST = 65535;

static const size_t IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8;

/* What a packet on the way may be long. */
static uint32_t mtu_of(const struct udp_settings *settings, const struct user_way *way)
{
    uint32_t mtu = settings->ignore_path_mtu ? way->path.link_mtu : way->path.mtu;

    if (way->path.source.family == BARO_FAMILY_IPV6 && settings->fragment_size != 0 && settings->fragment_size < mtu)
        mtu = settings->fragment_size;
    return mtu;
}

/* Is a datagram of `length` octets too long for IP, or for the path while it must stay whole? */
static bool is_too_long(const struct user_socket *socket, const struct udp_settings *settings,
                        const struct baro_message *message, size_t length, const struct user_way *way)
{
    bool v6 = way->path.source.family == BARO_FAMILY_IPV6;
    size_t behind_ip = length + (socket->type == BARO_PING ? (size_t)0 : UDP_HEADER);
    size_t whole = behind_ip + (v6 ? IPV6_HEADER : IPV4_HEADER);

    if ((v6 ? behind_ip : whole) > LENGTH_MOST)
        return true;
    return whole > mtu_of(settings, way) &&
           (settings->dont_fragment || (message->given & BARO_GIVEN_DONT_FRAGMENT && message->dont_fragment));
}

static ptrdiff_t send_datagram(struct user *user, struct user_socket *socket, const struct baro_message *message,
                               unsigned flags, const struct user_way *way, bool source_is_ours)
{
    const struct user_details *details = user_details(user, socket);
    struct baro_message told = *message;
    size_t length = message_length(message);
    bool has_peer = message->peer.address.family != BARO_FAMILY_NONE;
    struct baro_endpoint local, peer;
    int error;

    if (flags & BARO_MSG_OOB)
        return -EOPNOTSUPP;
    if (way->error == -EAFNOSUPPORT || way->error == -EINVAL)
        return way->error;
    if (details->shut_write)
        return -EPIPE;
    if (!has_peer && socket->phase != USER_CONNECTED)
        return -EDESTADDRREQ;
    if (has_peer && message->peer.port.number == 0 && socket->type == BARO_DATAGRAM)
        return -EINVAL;
    if (has_peer && socket->type == BARO_PING && address_needs_zone(message->peer.address) &&
        message->peer.address.zone == 0)
        return -EINVAL; /* as on Linux, where UDP asks the routes first */
    if (!source_is_ours && !details->udp.transparent)
        return -EINVAL;
    error = user_autobind(user, socket, user_any(socket), NULL);
    if (error != 0)
        return error;
    /* A socket that connect gave an end of one family has no source address for the other. */
    if (has_peer && udp_endpoints(user_udp(user, socket), socket->handle, &local, &peer) &&
        !address_is_unspecified(local.address) && local.address.family != message->peer.address.family)
        return -EAFNOSUPPORT;
    if (way->error == 0 && way->kind == USER_BROADCAST && !details->udp.broadcast)
        return -EACCES;
    if (way->error == 0 && is_too_long(socket, &details->udp, message, length, way)) {
        udp_tell_too_long(user_udp(user, socket), socket->handle, &message->peer, mtu_of(&details->udp, way));
        return -EMSGSIZE;
    }
    if (way->error != 0) {
        error = udp_take_error(user_udp(user, socket), socket->handle);
        return error != 0 ? -error : way->error;
    }
    if (details->bound_to_group && told.local.address.family == BARO_FAMILY_NONE)
        told.local.address = way->path.source;
    return udp_send(user_udp(user, socket), socket->handle, &told);
}

ptrdiff_t user_send(struct user *user, int fd, const struct baro_message *message, unsigned flags,
                    const struct user_way *way, bool source_is_ours)
{
    struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return -EBADF;
    if (!user_has_ends(socket))
        return -EOPNOTSUPP;
    if (socket->type == BARO_STREAM)
        return send_stream(user, socket, message, flags);
    return send_datagram(user, socket, message, flags, way, source_is_ours);
}

/* Fills the pieces one after another with what is there. Peeking always begins at the first octet, so it
 * fills one piece. */
static ptrdiff_t recv_stream(struct user *user, struct user_socket *socket, struct baro_message *message,
                             unsigned flags)
{
    ptrdiff_t received = 0;

    if (socket->phase == USER_FRESH || socket->phase == USER_LISTENING)
        return -ENOTCONN;
    message->flags = 0;
    message->interface = 0;
    message->ttl = message->tos = 0;
    tcp_endpoints(user->tcp, socket->handle, &message->local, &message->peer);
    user_show(socket, &message->local);
    user_show(socket, &message->peer);
    for (size_t i = 0; i < message->buffers; i++) {
        ptrdiff_t given = tcp_recv(user->tcp, socket->handle, message->buffer[i], flags);

        if (given < 0)
            return received > 0 ? received : given;
        received += given;
        if ((size_t)given < message->buffer[i].length || (given > 0 && (flags & (BARO_MSG_PEEK | BARO_MSG_OOB))))
            break;
        if (i + 1 < message->buffers && tcp_readable(user->tcp, socket->handle) == 0)
            break; /* asking again might take an error or an end that the next call must see */
    }
    return received;
}

static ptrdiff_t recv_datagram(struct user *user, struct user_socket *socket, struct baro_message *message,
                               unsigned flags)
{
    ptrdiff_t received;

    if (flags & BARO_MSG_OOB)
        return -EOPNOTSUPP;
    if (flags & BARO_MSG_ERROR)
        received = udp_recv_error(user_udp(user, socket), socket->handle, message, flags);
    else
        received = udp_recv(user_udp(user, socket), socket->handle, message, flags);
    if (received == -EAGAIN && user_details(user, socket)->shut_read && !(flags & BARO_MSG_ERROR)) {
        message->flags = 0;
        udp_endpoints(user_udp(user, socket), socket->handle, &message->local, &message->peer);
        received = 0;
    }
    if (received >= 0) {
        user_show(socket, &message->local);
        user_show(socket, &message->peer);
    }
    return received;
}

ptrdiff_t user_recv(struct user *user, int fd, struct baro_message *message, unsigned flags)
{
    struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return -EBADF;
    if ((flags & BARO_MSG_ERROR) && (socket->type == BARO_PACKET || socket->type == BARO_STREAM))
        /* a stream's errors are its own: it keeps no reports */
        return socket->type == BARO_STREAM ? -EAGAIN : -EOPNOTSUPP;
    if (socket->type == BARO_PACKET)
        return capture_recv(user->captures, socket->handle, message, flags);
    return socket->type == BARO_STREAM ? recv_stream(user, socket, message, flags)
                                       : recv_datagram(user, socket, message, flags);
}

ptrdiff_t user_readable(struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return -EBADF;
    if (socket->type == BARO_PACKET)
        return capture_readable(user->captures, socket->handle);
    if (socket->type != BARO_STREAM)
        return udp_readable(user_udp(user, socket), socket->handle);
    if (socket->phase == USER_LISTENING)
        return -EINVAL;
    return socket->phase == USER_FRESH ? 0 : (ptrdiff_t)tcp_readable(user->tcp, socket->handle);
}

ptrdiff_t user_writable(struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return -EBADF;
    if (!user_has_ends(socket))
        return 0;
    if (socket->type != BARO_STREAM)
        return udp_writable(user_udp(user, socket), socket->handle);
    if (socket->phase == USER_LISTENING)
        return -EINVAL;
    return socket->phase == USER_FRESH ? 0 : (ptrdiff_t)tcp_writable(user->tcp, socket->handle);
}
