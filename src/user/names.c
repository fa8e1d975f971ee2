/* user/names.c: who a socket is and whom it knows: bind, listen, connect.
 *
 * A new socket knows nobody. bind writes the local end into it, connect both. A stream that is bound holds its port
 * here, where TCP cannot see it, until listen or connect hands it over; so the ports of both are looked at. */
#include "user/user_private.h"

#include <errno.h>

enum { PORT_ATTEMPTS = 65536, BACKLOG_LIMIT = 65535 };

static const struct baro_endpoint nobody = { .port = { 0 } };

void user_port_hold(struct user *user, struct user_details *details)
{
    struct user_details **chain = &user->ports[details->local.port.number % USER_PORT_CHAINS];

    if (details->in_ports || !details->bound)
        return;
    details->port_previous = NULL;
    details->port_next = *chain;
    if (*chain != NULL)
        (*chain)->port_previous = details;
    *chain = details;
    details->in_ports = true;
}

void user_port_release(struct user *user, struct user_details *details)
{
    struct user_details *next = details->port_next, *previous = details->port_previous;

    if (!details->in_ports)
        return;
    if (previous != NULL)
        previous->port_next = next;
    else
        user->ports[details->local.port.number % USER_PORT_CHAINS] = next;
    if (next != NULL)
        next->port_previous = previous;
    details->in_ports = false;
}

/* Is a stream's port free, here and in TCP? Two that are only bound may share it if both say so. */
static int port_check(const struct user *user, struct baro_endpoint local, bool reuse_address, bool reuse_port)
{
    const struct user_details *s = user->ports[local.port.number % USER_PORT_CHAINS];

    for (; s != NULL; s = s->port_next) {
        if (s->local.port.number != local.port.number || !bindings_meet(s->local.address, local.address))
            continue;
        if (!(reuse_address && s->tcp.reuse_address) && !(reuse_port && s->tcp.reuse_port))
            return -EADDRINUSE;
    }
    return tcp_port_check(user->tcp, local, reuse_address, reuse_port);
}

/* Has a stream that is only bound this end? */
static bool is_held(const struct user *user, struct baro_endpoint local)
{
    const struct user_details *s = user->ports[local.port.number % USER_PORT_CHAINS];

    while (s != NULL && !(s->local.port.number == local.port.number && bindings_meet(s->local.address, local.address)))
        s = s->port_next;
    return s != NULL;
}

/* A port that nobody has; 0: there is none. */
static uint16_t port_for_all(struct user *user, struct baro_address address)
{
    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        uint16_t number = tcp_port_choose_for_all(user->tcp, address);

        if (number == 0 || !is_held(user, (struct baro_endpoint){ address, { number } }))
            return number;
    }
    return 0;
}

/* A port that nobody has towards `ends->remote`. */
static bool choose_port(struct user *user, struct tcp_ends *ends)
{
    for (int i = 0; i < PORT_ATTEMPTS && tcp_port_choose(user->tcp, ends); i++) {
        if (!is_held(user, ends->local))
            return true;
    }
    return false;
}

int user_autobind(struct user *user, struct user_socket *socket, struct baro_address address,
                  const struct baro_endpoint *remote)
{
    struct user_details *details = user_details(user, socket);
    struct baro_endpoint local = { .address = address };
    int error;

    if (details->bound)
        return 0;
    if (socket->type != BARO_STREAM) {
        /* The address is not bound: what connect chooses goes when the peer goes. */
        error = udp_bind_for(user_udp(user, socket), socket->handle,
                             (struct baro_endpoint){ .address = user_any(socket) }, address, remote);
        if (error != 0)
            return error == -EADDRINUSE ? -EAGAIN : error;
        udp_endpoints(user_udp(user, socket), socket->handle, &details->local, &local);
    } else {
        local.port.number = port_for_all(user, address);
        if (local.port.number == 0)
            return -EADDRNOTAVAIL;
        details->local = local;
    }
    details->bound = true;
    return 0;
}

static int bind_stream(struct user *user, struct user_details *details, struct baro_endpoint local)
{
    const struct tcp_settings *settings = &details->tcp;
    int error;

    if (local.port.number == 0 && !settings->transparent) {
        local.port.number = port_for_all(user, local.address);
        if (local.port.number == 0)
            return -EADDRINUSE;
    } else if (local.port.number != 0 || !settings->transparent) {
        error = port_check(user, local, settings->reuse_address, settings->reuse_port);
        if (error != 0)
            return error;
    }
    details->local = local;
    details->bound = true;
    user_port_hold(user, details);
    return 0;
}

static int bind_datagram(struct user *user, struct user_socket *socket, struct user_details *details,
                         struct baro_endpoint local)
{
    struct baro_endpoint remote;
    int error = udp_bind(user_udp(user, socket), socket->handle, local);

    if (error != 0)
        return error;
    udp_endpoints(user_udp(user, socket), socket->handle, &details->local, &remote);
    details->bound = true;
    return 0;
}

int user_bind(struct user *user, int fd, const struct baro_endpoint *local, enum user_kind kind)
{
    struct user_socket *socket = user_find(user, fd);
    struct baro_endpoint wanted = *local, before;
    struct user_details *details;
    int error;

    if (socket == NULL)
        return -EBADF;
    if (!user_has_ends(socket))
        return -EOPNOTSUPP;
    details = user_details(user, socket);
    if (socket->phase != USER_FRESH || details->bound)
        return -EINVAL;
    if (address_needs_zone(wanted.address) && wanted.address.zone == 0)
        return -EINVAL;
    if (kind == USER_FOREIGN && !details->tcp.transparent)
        return -EADDRNOTAVAIL;
    if ((kind == USER_BROADCAST || kind == USER_MULTICAST) && socket->type != BARO_DATAGRAM)
        return -EADDRNOTAVAIL;
    if (kind == USER_ANY && wanted.address.family != BARO_FAMILY_IPV4) /* a mapped 0.0.0.0 is IPv4's only */
        wanted.address = user_any(socket);
    before = details->local;
    error = socket->type == BARO_STREAM ? bind_stream(user, details, wanted)
                                        : bind_datagram(user, socket, details, wanted);
    if (error != 0)
        return error;
    details->bound_to_group = kind == USER_BROADCAST || kind == USER_MULTICAST;
    user_trace_control(user, socket, before, details->local, nobody, nobody);
    return 0;
}

int user_listen(struct user *user, int fd, int backlog)
{
    struct user_socket *socket = user_find(user, fd);
    struct user_details *details;
    struct baro_endpoint before;
    int error;

    if (socket == NULL)
        return -EBADF;
    if (socket->type != BARO_STREAM)
        return -EOPNOTSUPP;
    backlog = backlog < 1 ? 1 : backlog > BACKLOG_LIMIT ? BACKLOG_LIMIT : backlog;
    if (socket->phase == USER_LISTENING)
        return tcp_listen_again(user->tcp, socket->handle, backlog);
    if (socket->phase != USER_FRESH)
        return -EINVAL;
    details = user_details(user, socket);
    before = details->local;
    error = user_autobind(user, socket, user_any(socket), &nobody);
    if (error != 0)
        return error == -EADDRNOTAVAIL ? -EADDRINUSE : error;
    error = tcp_listen(user->tcp, details->local, backlog, &details->tcp, (uint32_t)fd, &socket->handle);
    if (error != 0) {
        user_port_hold(user, details);
        return error;
    }
    user_port_release(user, details);
    socket->phase = USER_LISTENING;
    if (!endpoint_equal(before, details->local))
        user_trace_control(user, socket, before, details->local, nobody, nobody);
    return 0;
}

static int connect_datagram(struct user *user, struct user_socket *socket, const struct baro_endpoint *peer,
                            const struct user_way *way)
{
    struct baro_endpoint local_before, remote_before, local, remote, source = nobody;
    int error;

    udp_endpoints(user_udp(user, socket), socket->handle, &local_before, &remote_before);
    if (peer->address.family != BARO_FAMILY_NONE) {
        if (way->error != 0)
            return way->error;
        if (way->kind == USER_BROADCAST && !user_details(user, socket)->udp.broadcast)
            return -EACCES;
        error = user_autobind(user, socket, way->path.source, peer);
        if (error != 0)
            return error;
        source.address = way->path.source;
    }
    error = udp_connect(user_udp(user, socket), socket->handle, source, *peer);
    if (error != 0)
        return error;
    socket->phase = peer->address.family == BARO_FAMILY_NONE ? USER_FRESH : USER_CONNECTED;
    udp_endpoints(user_udp(user, socket), socket->handle, &local, &remote);
    user_trace_control(user, socket, local_before, local, remote_before, remote);
    return 0;
}

/* A connect is under way or has ended: how far is it? 1: it failed and that was told, so it may be tried again. */
static int connect_again(struct user *user, struct user_socket *socket)
{
    struct baro_tcp_info info = { .state = BARO_TCP_CLOSED };
    struct user_details *details = user_details(user, socket);
    struct tcp_settings settings;
    int error;

    tcp_info(user->tcp, socket->handle, &info);
    if (info.state == BARO_TCP_SYN_SENT || info.state == BARO_TCP_SYN_RECEIVED)
        return -EALREADY;
    error = tcp_take_error(user->tcp, socket->handle);
    if (info.state != BARO_TCP_CLOSED && error == 0) {
        socket->phase = USER_CONNECTED;
        user_details_drop(user, socket);
        return 0;
    }
    if (details == NULL)
        details = user_details_open(user, socket);
    if (details == NULL)
        return -ENOBUFS;
    tcp_settings_of(user->tcp, socket->handle, &settings);
    tcp_close(user->tcp, socket->handle);
    socket->handle = HANDLE_NONE;
    socket->phase = USER_FRESH;
    details->tcp = settings;
    user_port_hold(user, details);
    return error != 0 ? -error : 1;
}

/* The ends of a connection from this socket to `peer`. A port chosen for that is this connection's only. */
static int ends_of(struct user *user, const struct user_details *details, const struct baro_endpoint *peer,
                   struct baro_address source, struct tcp_ends *ends)
{
    struct baro_endpoint local = details->local;

    if (!details->bound) {
        *ends = (struct tcp_ends){ .local.address = source, .remote = *peer };
        return choose_port(user, ends) ? 0 : -EADDRNOTAVAIL;
    }
    if (address_is_unspecified(local.address))
        local.address = source;
    if (!tcp_port_is_home(user->tcp, &local, peer))
        return -EADDRNOTAVAIL; /* it was bound to a port whose answers another shard would get */
    *ends = tcp_ends_of(user->tcp, local, *peer);
    return 0;
}

static int connect_stream(struct user *user, struct user_socket *socket, const struct baro_endpoint *peer,
                          const struct user_way *way)
{
    struct user_details *details = user_details(user, socket);
    struct tcp_ends ends;
    int error;

    if (way->error != 0)
        return way->error;
    if (way->kind == USER_BROADCAST || way->kind == USER_MULTICAST)
        return -ENETUNREACH; /* RFC 9293 §3.9.2.3 MUST-62, the errno as on Linux */
    if (peer->port.number == 0)
        return -EADDRNOTAVAIL;
    error = ends_of(user, details, peer, way->path.source, &ends);
    if (error == 0)
        error = tcp_connect(user->tcp, &ends, &way->path, &details->tcp, (uint32_t)socket->fd, &socket->handle);
    if (error != 0)
        return error;
    user_port_release(user, details);
    socket->phase = USER_CONNECTING;
    user_trace_control(user, socket, details->local, ends.local, nobody, *peer);
    return -EINPROGRESS;
}

int user_connect(struct user *user, int fd, const struct baro_endpoint *peer, const struct user_way *way)
{
    struct user_socket *socket = user_find(user, fd);
    int result;

    if (socket == NULL)
        return -EBADF;
    if (!user_has_ends(socket))
        return -EOPNOTSUPP;
    if (way->error == -EAFNOSUPPORT || way->error == -EINVAL ||
        (socket->type == BARO_STREAM && peer->address.family == BARO_FAMILY_NONE))
        return way->error == -EINVAL ? -EINVAL : -EAFNOSUPPORT;
    if (address_needs_zone(peer->address) && peer->address.zone == 0)
        return -EINVAL;
    if (socket->type != BARO_STREAM)
        return connect_datagram(user, socket, peer, way);
    if (socket->phase == USER_LISTENING || socket->phase == USER_CONNECTED)
        return -EISCONN;
    if (socket->phase == USER_CONNECTING) {
        result = connect_again(user, socket);
        if (result <= 0)
            return result;
    }
    return connect_stream(user, socket, peer, way);
}
