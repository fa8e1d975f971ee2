/* user/user.c: descriptors come and go: socket, accept, shutdown, close, and the names of both ends. */
#include "user/user_private.h"

#include <assert.h>
#include <errno.h>

enum { GROUP_LIMIT = 65536 };

/* Where the handle of a connection stands, which will be another one. Who waited for a promise of the budget has it
 * when a segment wakes its connection, which may be nothing to tell, and there may be no other promise. */
static struct handle *user_place(void *context, uint32_t owner)
{
    struct user_socket *socket = user_find(context, (int)owner);

    if (socket == NULL || socket->type != BARO_STREAM || socket->phase < USER_CONNECTING)
        return NULL;
    if (UNLIKELY((socket->flags & USER_WAITS) != 0)) {
        socket->flags &= (uint8_t)~USER_WAITS;
        user_mark(context, socket);
    }
    return &socket->handle;
}

struct user *user_create(struct core *core, struct tcp *tcp, struct udp *udp, struct udp *pings,
                         struct captures *captures, uint32_t descriptor_limit, enum baro_congestion congestion)
{
    struct user *user = slab_take(&core->slabs, sizeof *user);

    if (user == NULL)
        return NULL;
    user->core = core;
    user->tcp = tcp;
    user->udp = udp;
    user->pings = pings;
    user->captures = captures;
    user->limit = descriptor_limit;
    user->congestion = (uint8_t)congestion;
    pool_init(&user->groups, &core->slabs, sizeof(struct udp_group), GROUP_LIMIT);
    pool_init(&user->details, &core->slabs, sizeof(struct user_details), descriptor_limit);
    if (user_table_init(user)) {
        tcp_let_rest(tcp, user_place, user_waits, user);
        return user;
    }
    user_free(user);
    return NULL;
}

void user_free(struct user *user)
{
    if (user == NULL)
        return;
    user_table_release(user);
    pool_release(&user->groups);
    pool_release(&user->details);
    slab_give_back(&user->core->slabs, user, sizeof *user);
}

int user_type(const struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    return socket == NULL ? 0 : socket->type;
}

struct baro_address user_source(const struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);
    struct baro_address none = { .family = BARO_FAMILY_NONE };
    const struct user_details *details;
    struct baro_endpoint local, remote;

    if (socket == NULL)
        return none;
    details = user_details(user, socket);
    if (details == NULL)
        return tcp_endpoints(user->tcp, socket->handle, &local, &remote) ? local.address : none;
    if (details->bound_to_group || address_is_unspecified(details->local.address))
        return none;
    return details->local.address;
}

enum baro_family user_family(const struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);

    return socket == NULL ? BARO_FAMILY_NONE : (enum baro_family)socket->family;
}

int user_multicast_interface(const struct user *user, int fd)
{
    const struct user_socket *socket = user_find(user, fd);
    const struct user_details *details = socket == NULL ? NULL : user_details(user, socket);

    return details == NULL ? 0 : details->udp.multicast_interface;
}

int user_address_in(const struct user *user, int fd, struct baro_address *address)
{
    const struct user_socket *socket = user_find(user, fd);

    if (socket == NULL || !user_has_ends(socket) || address->family == BARO_FAMILY_NONE)
        return 0; /* the call itself says what is wrong */
    if (address->family != socket->family)
        return -EAFNOSUPPORT;
    if (address_is_mapped(*address)) {
        if (socket->type == BARO_PING)
            return -EINVAL; /* its datagrams are of ICMPv6 */
        *address = read_ipv4(address->octet + 12);
        return socket->flags & USER_IPV6_ONLY ? -ENETUNREACH : 0;
    }
    if (address->zone != 0 && !address_needs_zone(*address))
        address->zone = 0;
    return 0;
}

void user_show(const struct user_socket *socket, struct baro_endpoint *endpoint)
{
    struct baro_address *address = &endpoint->address;

    if (address->family == BARO_FAMILY_NONE)
        *address = (struct baro_address){ .family = socket->family };
    if (socket->family == BARO_FAMILY_IPV6 && address->family == BARO_FAMILY_IPV4) {
        struct baro_address mapped = baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0, 0);

        write_ipv4(mapped.octet + 12, *address);
        *address = mapped;
    }
}

void user_trace_control(struct user *user, const struct user_socket *socket, struct baro_endpoint local_before,
                        struct baro_endpoint local_after, struct baro_endpoint remote_before,
                        struct baro_endpoint remote_after)
{
    TRACE(user->core, SOCKET_CONTROL, TRACE_N(socket->fd), TRACE_E(local_before), TRACE_E(local_after),
          TRACE_E(remote_before), TRACE_E(remote_after));
}

int user_socket(struct user *user, enum baro_family family, enum baro_socket_type type)
{
    struct user_details *details;
    struct user_socket *socket;
    int error;

    if (type == BARO_PACKET ? family != BARO_FAMILY_NONE
                            : family != BARO_FAMILY_IPV4 && family != BARO_FAMILY_IPV6)
        return -EAFNOSUPPORT;
    if (type != BARO_STREAM && type != BARO_DATAGRAM && type != BARO_PING && type != BARO_PACKET)
        return -EPROTONOSUPPORT;
    socket = user_table_take(user, &error);
    if (socket == NULL)
        return error;
    details = user_details_open(user, socket);
    if (details == NULL) {
        user_table_give_back(user, socket);
        return -ENOBUFS;
    }
    socket->type = (uint8_t)type;
    socket->family = (uint8_t)family;
    details->tcp.reuse_address = details->udp.reuse_address = type == BARO_PING; /* as on Linux */
    error = 0;
    if (type == BARO_PACKET)
        error = capture_open(user->captures, (uint32_t)socket->fd, &details->capture, &socket->handle);
    else if (type != BARO_STREAM)
        error = udp_open(user_udp(user, socket), (uint32_t)socket->fd, &details->udp, &socket->handle);
    if (error != 0) {
        user_details_drop(user, socket);
        user_table_give_back(user, socket);
        return error;
    }
    TRACE(user->core, SOCKET_NEW, TRACE_N(socket->fd), TRACE_N(type));
    return socket->fd;
}

int user_accept(struct user *user, int fd, struct baro_endpoint *peer)
{
    struct user_socket *listener = user_find(user, fd), *socket;
    struct baro_endpoint local, remote;
    int error;

    if (listener == NULL)
        return -EBADF;
    if (listener->type != BARO_STREAM)
        return -EOPNOTSUPP;
    if (listener->phase != USER_LISTENING)
        return -EINVAL;
    if (!(tcp_listener_readiness(user->tcp, listener->handle) & BARO_EVENT_IN))
        return -EAGAIN;
    socket = user_table_take(user, &error);
    if (socket == NULL)
        return error;
    error = tcp_accept(user->tcp, listener->handle, (uint32_t)socket->fd, &socket->handle);
    if (error != 0) {
        user_table_give_back(user, socket);
        return error;
    }
    socket->type = BARO_STREAM;
    socket->family = listener->family;
    socket->flags |= listener->flags & USER_IPV6_ONLY;
    socket->phase = USER_CONNECTED;
    if (peer != NULL || TRACE_ON(user->core)) {
        local = remote = (struct baro_endpoint){ .port = { 0 } };
        tcp_endpoints(user->tcp, socket->handle, &local, &remote);
        TRACE(user->core, SOCKET_ACCEPTED, TRACE_N(fd), TRACE_N(socket->fd), TRACE_E(local), TRACE_E(remote));
        user_show(socket, &remote);
        if (peer != NULL)
            *peer = remote;
    }
    /* Data, even the FIN, may have come while it waited in the queue. */
    user_mark(user, socket);
    return socket->fd;
}

static int shutdown_datagram(struct user *user, struct user_socket *socket, enum baro_shutdown how)
{
    struct user_details *details = user_details(user, socket);

    if (socket->phase != USER_CONNECTED)
        return -ENOTCONN;
    details->shut_read = details->shut_read || how != BARO_SHUT_WRITE;
    details->shut_write = details->shut_write || how != BARO_SHUT_READ;
    user_mark(user, socket);
    return 0;
}

/* As on Linux: reading shut down on a listener ends the listening, its port stays the socket's own. */
static int shutdown_listener(struct user *user, struct user_socket *socket, enum baro_shutdown how)
{
    if (how == BARO_SHUT_WRITE)
        return 0;
    tcp_unlisten(user->tcp, socket->handle);
    socket->handle = HANDLE_NONE;
    socket->phase = USER_FRESH;
    user_port_hold(user, user_details(user, socket));
    user_mark(user, socket);
    return 0;
}

int user_shutdown(struct user *user, int fd, enum baro_shutdown how)
{
    struct user_socket *socket = user_find(user, fd);

    if (socket == NULL)
        return -EBADF;
    if (how != BARO_SHUT_READ && how != BARO_SHUT_WRITE && how != BARO_SHUT_BOTH)
        return -EINVAL;
    if (!user_has_ends(socket))
        return -EOPNOTSUPP;
    if (socket->type != BARO_STREAM)
        return shutdown_datagram(user, socket, how);
    if (socket->phase == USER_FRESH)
        return -ENOTCONN;
    if (socket->phase == USER_LISTENING)
        return shutdown_listener(user, socket, how);
    return tcp_shutdown(user->tcp, socket->handle, how);
}

int user_close(struct user *user, int fd)
{
    struct user_socket *socket = user_find(user, fd);
    struct user_details *details;
    struct udp_group *group;

    if (socket == NULL)
        return -EBADF;
    details = user_details(user, socket);
    if (details != NULL)
        user_port_release(user, details);
    if (socket->type == BARO_PACKET)
        capture_close(user->captures, socket->handle);
    else if (socket->type != BARO_STREAM)
        udp_close(user_udp(user, socket), socket->handle);
    else if (socket->phase == USER_LISTENING)
        tcp_unlisten(user->tcp, socket->handle);
    else if (socket->phase != USER_FRESH)
        tcp_close(user->tcp, socket->handle);
    if (details != NULL) {
        while ((group = details->groups) != NULL) {
            details->groups = group->next;
            pool_give_back(&user->groups, group);
        }
        user_details_drop(user, socket);
    }
    user_table_give_back(user, socket);
    TRACE(user->core, SOCKET_CLOSED, TRACE_N(fd));
    return 0;
}

int user_getsockname(const struct user *user, int fd, struct baro_endpoint *local)
{
    const struct user_socket *socket = user_find(user, fd);
    const struct user_details *details;
    struct baro_endpoint remote;

    if (socket == NULL)
        return -EBADF;
    if (!user_has_ends(socket))
        return -EOPNOTSUPP;
    details = user_details(user, socket);
    *local = details != NULL ? details->local : (struct baro_endpoint){ .port = { 0 } };
    if (socket->type != BARO_STREAM)
        udp_endpoints(user_udp(user, socket), socket->handle, local, &remote);
    else if (socket->phase == USER_CONNECTING || socket->phase == USER_CONNECTED)
        tcp_endpoints(user->tcp, socket->handle, local, &remote);
    user_show(socket, local);
    return 0;
}

int user_getpeername(const struct user *user, int fd, struct baro_endpoint *peer)
{
    const struct user_socket *socket = user_find(user, fd);
    struct baro_endpoint local;
    struct baro_tcp_info info;
    bool known;

    if (socket == NULL)
        return -EBADF;
    if (socket->phase != USER_CONNECTED && socket->phase != USER_CONNECTING)
        return -ENOTCONN;
    if (socket->type != BARO_STREAM) {
        known = udp_endpoints(user_udp(user, socket), socket->handle, &local, peer);
    } else {
        memset(&info, 0, sizeof info);
        tcp_info(user->tcp, socket->handle, &info);
        known = info.state != BARO_TCP_CLOSED && info.state != BARO_TCP_SYN_SENT &&
                tcp_endpoints(user->tcp, socket->handle, &local, peer);
    }
    if (!known)
        return -ENOTCONN;
    user_show(socket, peer);
    return 0;
}

static bool same_group(const struct baro_group *a, const struct baro_group *b)
{
    return address_equal(a->group, b->group) && a->interface == b->interface;
}

/* The details of a socket that can be in a group, or NULL with *error. */
static struct user_details *member(const struct user *user, int fd, int *error)
{
    struct user_socket *socket = user_find(user, fd);

    *error = socket == NULL ? -EBADF : socket->type == BARO_STREAM || !user_has_ends(socket) ? -ENOPROTOOPT : 0;
    return *error == 0 ? user_details(user, socket) : NULL;
}

int user_group_get(const struct user *user, int fd, const struct baro_group *group, struct baro_source_filter *filter)
{
    int error;
    const struct user_details *details = member(user, fd, &error);

    if (details == NULL)
        return error;
    for (const struct udp_group *at = details->groups; at != NULL; at = at->next) {
        if (same_group(&at->joined, group)) {
            *filter = at->filter;
            return 0;
        }
    }
    return -EADDRNOTAVAIL;
}

int user_group_set(struct user *user, int fd, const struct baro_group *group, const struct baro_source_filter *filter)
{
    struct udp_group *at;
    int error;
    struct user_details *details = member(user, fd, &error);

    if (details == NULL)
        return error;
    for (at = details->groups; at != NULL && !same_group(&at->joined, group);)
        at = at->next;
    if (at == NULL) {
        at = pool_take(&user->groups);
        if (at == NULL)
            return -ENOBUFS;
        at->joined = *group;
        at->next = details->groups;
        details->groups = at;
        details->udp.groups = at;
        user_settings_apply(user, user_find(user, fd), details);
    }
    at->filter = *filter;
    return 0;
}

void user_group_remove(struct user *user, int fd, const struct baro_group *group)
{
    struct udp_group **link, *removed;
    int error;
    struct user_details *details = member(user, fd, &error);

    if (details == NULL)
        return;
    for (link = &details->groups; *link != NULL && !same_group(&(*link)->joined, group); link = &(*link)->next)
        continue;
    removed = *link;
    if (removed == NULL)
        return;
    *link = removed->next;
    details->udp.groups = details->groups;
    user_settings_apply(user, user_find(user, fd), details);
    pool_give_back(&user->groups, removed);
}

bool user_group_first(const struct user *user, int fd, struct baro_group *group)
{
    const struct user_socket *socket = user_find(user, fd);
    const struct user_details *details = socket == NULL ? NULL : user_details(user, socket);

    if (details == NULL || details->groups == NULL)
        return false;
    *group = details->groups->joined;
    return true;
}

int user_hold_next(struct user *user, int fd, struct baro_held *held)
{
    const struct user_socket *socket = user_find(user, fd);
    int error;

    if (socket == NULL)
        return -EBADF;
    if (socket->phase != USER_LISTENING)
        return -EINVAL;
    error = tcp_hold_next(user->tcp, socket->handle, held);
    if (error != 0)
        return error;
    user_show(socket, &held->local);
    user_show(socket, &held->remote);
    return 0;
}

int user_hold_answer(struct user *user, uint64_t id, enum baro_hold_verdict verdict)
{
    return tcp_hold_answer(user->tcp, id, verdict);
}

void user_check_invariants(const struct user *user)
{
    uint32_t open = 0, with_details = 0, joined = 0;

    for (uint32_t i = 0; i < user->pages; i++) {
        for (int place = 0; user->page[i] != NULL && place < USER_PAGE_SOCKETS; place++) {
            const struct user_socket *socket = &user->page[i]->socket[place];
            bool is_open = (user->page[i]->open[place / 64] >> (place % 64) & 1) != 0;
            const struct user_details *details;

            assert(is_open == (socket->type != 0));
            if (!is_open)
                continue;
            assert(socket->fd == (int)i * USER_PAGE_SOCKETS + place + USER_DESCRIPTOR_FIRST);
            assert((socket->flags & USER_MARKED) == 0 || (socket->flags & USER_IN_READY) != 0);
            open++;
            details = user_details(user, socket);
            assert(details != NULL || (socket->type == BARO_STREAM && socket->phase >= USER_CONNECTING));
            if (details == NULL)
                continue;
            with_details++;
            assert(!details->in_ports || (socket->type == BARO_STREAM && socket->phase == USER_FRESH));
            for (const struct udp_group *g = details->groups; g != NULL; g = g->next)
                joined++;
        }
    }
    assert(user->told_first == user->told_end || user->ready_first == 0);
    assert(open == user->open && with_details == user->details.used && joined == user->groups.used);
}
