/* src/calls.c: the socket calls of baro/socket.h. Thin: what only the whole stack knows (the way to a peer, whether an
 * address is ours, groups on interfaces) is looked up here and handed to user/ as a value.
 *
 * Each call stands in the trace between CALL and CALL_END. A call may add intents; when little room for them is left
 * they are drained at once, so a program that calls without polling in between loses nothing. */
#include "stack.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/inline.h"
#include "base/prefetch.h"
#include "base/likely.h"
#include "user/user_private.h"

enum { PREFETCH_TOGETHER = 16 };

ALWAYS_INLINE void begin(struct baro_stack *stack, enum baro_trace_call call, int fd)
{
    TRACE(&stack->core, CALL, TRACE_N(call), TRACE_D(fd));
}

/* What the call added to the queue of intents left room for the next one, or is sent now. */
static inline ptrdiff_t settled(struct baro_stack *stack, ptrdiff_t result)
{
    if (UNLIKELY(intent_queue_is_nearly_full(&stack->core.intents)))
        stack_settle(stack);
    return result;
}

/* After octets were read: frames of which nothing is left to be read go back at once. */
static inline void give_back(struct baro_stack *stack)
{
    if (stack->lender != NULL && tcp_borrowed_is_read(stack->tcp))
        receive_give_back(stack);
}

static ptrdiff_t end(struct baro_stack *stack, enum baro_trace_call call, ptrdiff_t result)
{
    TRACE(&stack->core, CALL_END, TRACE_N(call), TRACE_D(result));
    return settled(stack, result);
}

static enum user_kind kind_of(const struct baro_stack *stack, struct baro_address address)
{
    if (address.family == BARO_FAMILY_NONE || address_is_unspecified(address))
        return USER_ANY;
    if (address_is_multicast(address))
        return USER_MULTICAST;
    if (stack_is_broadcast(stack, address))
        return USER_BROADCAST;
    return stack_owns(stack, address) ? USER_OURS : USER_FOREIGN;
}

/* Chooses the interface to `to`: what the call asks for (0: nothing), then the address's zone, for groups then the
 * socket's; 0: the route's. An address that needs a zone and has none gets that. 0, -ENODEV, or -EINVAL where the call
 * asks for another than the zone. */
static int choose_interface(struct baro_stack *stack, int fd, struct baro_address *to, int *interface)
{
    if (*interface < 0 || *interface >= stack->interfaces)
        return -ENODEV;
    if (*interface != 0 && to->zone != 0 && to->zone != *interface)
        return -EINVAL;
    if (*interface == 0 && to->zone == 0 && address_is_multicast(*to))
        *interface = user_multicast_interface(stack->user, fd);
    if (to->zone == 0 && address_needs_zone(*to))
        to->zone = (uint8_t)*interface;
    return 0;
}

/* Where the route to `peer` leads, and what kind of address that is; nobody asks whether it is this host. `source` of
 * family NONE: the one that routing gives; otherwise that one (bound sockets, a gateway's foreign addresses). By
 * `interface`, 0: by the route's. */
static void follow_route(struct baro_stack *stack, const struct baro_address *peer, const struct baro_address *source,
                         int interface, struct user_way *to)
{
    struct way by_interface;
    const struct way *way = interface == 0 ? way_find(stack, peer, source) : &by_interface;

    if (interface != 0)
        way_ask(&stack->table, *peer, *source, interface, &by_interface);
    if (!way->found) {
        to->error = -ENETUNREACH;
        return;
    }
    to->kind = address_is_multicast(*peer) ? USER_MULTICAST : way->broadcast ? USER_BROADCAST : USER_FOREIGN;
    to->path.source = way->hop.source;
    to->path.link_mtu = interface_mtu(&stack->interface[way->hop.interface], peer->family);
    to->path.mtu = path_mtu_get(&stack->path_mtus, *peer, to->path.link_mtu);
}

/* The way from descriptor `fd` to `peer`, by `interface` if that is not 0. The unspecified address as a destination
 * means this host, as everywhere since 4.2BSD; *peer is changed to the loopback address then. */
static struct user_way way_to(struct baro_stack *stack, int fd, struct baro_endpoint *peer,
                              struct baro_address source, int interface)
{
    struct user_way way;

    memset(&way, 0, sizeof way);
    if (peer->address.family == BARO_FAMILY_NONE)
        return way;
    way.error = user_address_in(stack->user, fd, &peer->address);
    if (way.error == 0)
        way.error = choose_interface(stack, fd, &peer->address, &interface);
    if (way.error != 0)
        return way;
    if (address_is_unspecified(peer->address))
        peer->address = peer->address.family == BARO_FAMILY_IPV4 ? baro_ipv4(127, 0, 0, 1)
                                                                 : baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1);
    if (address_is_unspecified(source))
        source = user_source(stack->user, fd);
    if (source.family != BARO_FAMILY_NONE && source.family != peer->address.family) {
        way.error = -EAFNOSUPPORT; /* bound to one family, sent to the other */
        return way;
    }
    if (address_needs_zone(source) && source.zone == 0)
        source.zone = interface != 0 ? (uint8_t)interface : peer->address.zone;
    follow_route(stack, &peer->address, &source, interface, &way);
    return way;
}

int baro_socket(struct baro_stack *stack, enum baro_family family, enum baro_socket_type type)
{
    begin(stack, BARO_TRACE_CALL_SOCKET, -1);
    return (int)end(stack, BARO_TRACE_CALL_SOCKET, user_socket(stack->user, family, type));
}

int baro_bind(struct baro_stack *stack, int fd, const struct baro_endpoint *local)
{
    struct baro_endpoint wanted = *local;
    int error;

    begin(stack, BARO_TRACE_CALL_BIND, fd);
    error = user_address_in(stack->user, fd, &wanted.address);
    if (error == 0)
        error = user_bind(stack->user, fd, &wanted, kind_of(stack, wanted.address));
    else if (error == -ENETUNREACH)
        error = -EINVAL; /* a mapped address on a socket for IPv6 only, as on Linux */
    return (int)end(stack, BARO_TRACE_CALL_BIND, error);
}

int baro_listen(struct baro_stack *stack, int fd, int backlog)
{
    begin(stack, BARO_TRACE_CALL_LISTEN, fd);
    return (int)end(stack, BARO_TRACE_CALL_LISTEN, user_listen(stack->user, fd, backlog));
}

int baro_accept(struct baro_stack *stack, int fd, struct baro_endpoint *peer)
{
    begin(stack, BARO_TRACE_CALL_ACCEPT, fd);
    return (int)end(stack, BARO_TRACE_CALL_ACCEPT, user_accept(stack->user, fd, peer));
}

int baro_connect(struct baro_stack *stack, int fd, const struct baro_endpoint *peer)
{
    struct baro_endpoint to = *peer;
    struct user_way way;

    begin(stack, BARO_TRACE_CALL_CONNECT, fd);
    way = way_to(stack, fd, &to, (struct baro_address){ .family = BARO_FAMILY_NONE }, 0);
    return (int)end(stack, BARO_TRACE_CALL_CONNECT, user_connect(stack->user, fd, &to, &way));
}

/* A stream needs no way: its connection has one. */
static ptrdiff_t send_message(struct baro_stack *stack, int fd, const struct baro_message *message, unsigned flags)
{
    struct baro_message told;
    struct baro_endpoint to, local;
    struct user_way way;
    bool source_is_ours;
    int interface;

    if (user_type(stack->user, fd) == 0 || user_type(stack->user, fd) == BARO_STREAM ||
        user_type(stack->user, fd) == BARO_PACKET)
        return user_send(stack->user, fd, message, flags, NULL, true);
    told = *message;
    to = message->peer;
    if (to.address.family == BARO_FAMILY_NONE && user_getpeername(stack->user, fd, &local) == 0)
        to = local;
    if (user_address_in(stack->user, fd, &told.local.address) != 0)
        return -EINVAL;
    interface = told.given & BARO_GIVEN_INTERFACE ? told.interface : 0;
    way = way_to(stack, fd, &to, told.local.address, interface);
    if (address_needs_zone(told.local.address) && told.local.address.zone == 0)
        told.local.address = way.path.source;
    if (told.peer.address.family != BARO_FAMILY_NONE)
        told.peer = to;
    source_is_ours = address_is_unspecified(told.local.address) || stack_owns(stack, told.local.address);
    return user_send(stack->user, fd, &told, flags, &way, source_is_ours);
}

/* The expected case of send and recv, a connection's octets and nothing said besides, is TCP's alone: no way is looked
 * up, no message filled in, nobody named. With the trace on it goes the way of all others, which ends there too. */
static inline struct handle expected_stream(const struct baro_stack *stack, int fd, unsigned flags)
{
    if (flags != 0 || TRACE_ON(&stack->core))
        return HANDLE_NONE;
    return user_stream_called(stack->user, fd);
}

static __attribute__((noinline)) ptrdiff_t send_other(struct baro_stack *stack, int fd, const void *data, size_t length,
                                                      unsigned flags)
{
    /* Sending only reads the pieces. */
    struct baro_buffer piece = { (uint8_t *)(uintptr_t)data, length };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    begin(stack, BARO_TRACE_CALL_SEND, fd);
    return end(stack, BARO_TRACE_CALL_SEND, send_message(stack, fd, &message, flags));
}

ptrdiff_t baro_send(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags)
{
    struct handle stream = expected_stream(stack, fd, flags);

    if (handle_is_none(stream))
        return send_other(stack, fd, data, length, flags);
    return settled(stack, tcp_send_plain(stack->tcp, stream, (struct baro_bytes){ data, length }));
}

ptrdiff_t baro_sendto(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags,
                      const struct baro_endpoint *peer)
{
    struct baro_buffer piece = { (uint8_t *)(uintptr_t)data, length };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    if (peer != NULL)
        message.peer = *peer;
    begin(stack, BARO_TRACE_CALL_SENDTO, fd);
    return end(stack, BARO_TRACE_CALL_SENDTO, send_message(stack, fd, &message, flags));
}

ptrdiff_t baro_sendmsg(struct baro_stack *stack, int fd, const struct baro_message *message, unsigned flags)
{
    begin(stack, BARO_TRACE_CALL_SENDMSG, fd);
    return end(stack, BARO_TRACE_CALL_SENDMSG, send_message(stack, fd, message, flags));
}

static __attribute__((noinline)) ptrdiff_t recv_other(struct baro_stack *stack, int fd, void *data, size_t length,
                                                      unsigned flags)
{
    struct baro_buffer piece = { data, length };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    begin(stack, BARO_TRACE_CALL_RECV, fd);
    return end(stack, BARO_TRACE_CALL_RECV, user_recv(stack->user, fd, &message, flags));
}

ptrdiff_t baro_recv(struct baro_stack *stack, int fd, void *data, size_t length, unsigned flags)
{
    struct handle stream = expected_stream(stack, fd, flags);
    ptrdiff_t result;

    if (handle_is_none(stream))
        return recv_other(stack, fd, data, length, flags);
    result = tcp_recv_plain(stack->tcp, stream, (struct baro_buffer){ data, length });
    give_back(stack);
    return settled(stack, result);
}

ptrdiff_t baro_recvfrom(struct baro_stack *stack, int fd, void *data, size_t length, unsigned flags,
                        struct baro_endpoint *peer)
{
    struct baro_buffer piece = { data, length };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    ptrdiff_t received;

    begin(stack, BARO_TRACE_CALL_RECVFROM, fd);
    received = user_recv(stack->user, fd, &message, flags);
    if (received >= 0 && peer != NULL)
        *peer = message.peer;
    return end(stack, BARO_TRACE_CALL_RECVFROM, received);
}

ptrdiff_t baro_recvmsg(struct baro_stack *stack, int fd, struct baro_message *message, unsigned flags)
{
    begin(stack, BARO_TRACE_CALL_RECVMSG, fd);
    return end(stack, BARO_TRACE_CALL_RECVMSG, user_recv(stack->user, fd, message, flags));
}

ptrdiff_t baro_send_reserve(struct baro_stack *stack, int fd, size_t wanted, struct baro_buffer part[2])
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_SEND_RESERVE, fd);
    part[0] = part[1] = (struct baro_buffer){ NULL, 0 };
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_send_reserve(stack->tcp, stream, wanted, part);
    TRACE(&stack->core, CALL_END, TRACE_N(BARO_TRACE_CALL_SEND_RESERVE), TRACE_D(result));
    return result; /* nothing is sent here: what was reserved stays where it is */
}

ptrdiff_t baro_send_commit(struct baro_stack *stack, int fd, size_t octets)
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_SEND_COMMIT, fd);
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_send_commit(stack->tcp, stream, octets);
    return end(stack, BARO_TRACE_CALL_SEND_COMMIT, result);
}

ptrdiff_t baro_recv_peek(struct baro_stack *stack, int fd, struct baro_bytes part[2])
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_RECV_PEEK, fd);
    part[0] = part[1] = (struct baro_bytes){ NULL, 0 };
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_recv_peek(stack->tcp, stream, part);
    TRACE(&stack->core, CALL_END, TRACE_N(BARO_TRACE_CALL_RECV_PEEK), TRACE_D(result));
    return result;
}

ptrdiff_t baro_recv_consume(struct baro_stack *stack, int fd, size_t octets)
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_RECV_CONSUME, fd);
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_recv_consume(stack->tcp, stream, octets);
    give_back(stack);
    return end(stack, BARO_TRACE_CALL_RECV_CONSUME, result);
}

void baro_prefetch(const struct baro_stack *stack, const int fd[], size_t count)
{
    struct handle stream[PREFETCH_TOGETHER];
    size_t some;

    for (size_t done = 0; done < count; done += some) {
        some = count - done < PREFETCH_TOGETHER ? count - done : PREFETCH_TOGETHER;
        for (size_t i = 0; i < some; i++)
            prefetch_line(user_spot(stack->user, fd[done + i])); /* of nothing it is nothing */
        for (size_t i = 0; i < some; i++)
            stream[i] = user_stream(stack->user, fd[done + i]);
        tcp_prefetch_calls(stack->tcp, stream, some);
    }
}

ptrdiff_t baro_recv_post(struct baro_stack *stack, int fd, void *data, size_t length)
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_RECV_POST, fd);
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_recv_post(stack->tcp, stream, (struct baro_buffer){ data, length });
    return end(stack, BARO_TRACE_CALL_RECV_POST, result);
}

ptrdiff_t baro_recv_collect(struct baro_stack *stack, int fd)
{
    struct handle stream;
    ptrdiff_t result;

    begin(stack, BARO_TRACE_CALL_RECV_COLLECT, fd);
    result = user_whole_stream(stack->user, fd, &stream);
    if (result == 0)
        result = tcp_recv_collect(stack->tcp, stream);
    return end(stack, BARO_TRACE_CALL_RECV_COLLECT, result);
}

int baro_shutdown(struct baro_stack *stack, int fd, enum baro_shutdown how)
{
    begin(stack, BARO_TRACE_CALL_SHUTDOWN, fd);
    return (int)end(stack, BARO_TRACE_CALL_SHUTDOWN, user_shutdown(stack->user, fd, how));
}

int baro_close(struct baro_stack *stack, int fd)
{
    begin(stack, BARO_TRACE_CALL_CLOSE, fd);
    if (handle_is_none(user_stream(stack->user, fd))) /* a connected stream is in no group */
        groups_close(stack, fd);
    return (int)end(stack, BARO_TRACE_CALL_CLOSE, user_close(stack->user, fd));
}

static int path_mtu(struct baro_stack *stack, int fd, void *value, size_t *length)
{
    struct baro_endpoint peer;
    struct user_way way;
    int error = user_getpeername(stack->user, fd, &peer), mtu;

    if (error != 0)
        return error;
    if (*length < sizeof mtu)
        return -EINVAL;
    way = way_to(stack, fd, &peer, (struct baro_address){ .family = BARO_FAMILY_NONE }, 0);
    if (way.error != 0)
        return way.error;
    mtu = (int)way.path.mtu;
    memcpy(value, &mtu, sizeof mtu);
    *length = sizeof mtu;
    return 0;
}

int baro_getsockopt(struct baro_stack *stack, int fd, enum baro_option option, void *value, size_t *length)
{
    int result;

    begin(stack, BARO_TRACE_CALL_GETSOCKOPT, fd);
    if (option == BARO_IP_MTU)
        result = path_mtu(stack, fd, value, length);
    else if (option == BARO_IP_GROUP_FILTER)
        result = groups_getsockopt(stack, fd, value, length);
    else
        result = user_getsockopt(stack->user, fd, option, value, length);
    return (int)end(stack, BARO_TRACE_CALL_GETSOCKOPT, result);
}

int baro_setsockopt(struct baro_stack *stack, int fd, enum baro_option option, const void *value, size_t length)
{
    int result, interface = 0;

    begin(stack, BARO_TRACE_CALL_SETSOCKOPT, fd);
    if (option == BARO_IP_MULTICAST_INTERFACE && length == sizeof interface)
        memcpy(&interface, value, sizeof interface);
    if (interface >= stack->interfaces)
        result = user_type(stack->user, fd) == 0 ? -EBADF : -ENODEV;
    else if (option >= BARO_IP_ADD_GROUP && option <= BARO_IP_GROUP_FILTER)
        result = groups_setsockopt(stack, fd, option, value, length);
    else
        result = user_setsockopt(stack->user, fd, option, value, length);
    return (int)end(stack, BARO_TRACE_CALL_SETSOCKOPT, result);
}

int baro_getsockname(struct baro_stack *stack, int fd, struct baro_endpoint *local)
{
    begin(stack, BARO_TRACE_CALL_GETSOCKNAME, fd);
    return (int)end(stack, BARO_TRACE_CALL_GETSOCKNAME, user_getsockname(stack->user, fd, local));
}

int baro_getpeername(struct baro_stack *stack, int fd, struct baro_endpoint *peer)
{
    begin(stack, BARO_TRACE_CALL_GETPEERNAME, fd);
    return (int)end(stack, BARO_TRACE_CALL_GETPEERNAME, user_getpeername(stack->user, fd, peer));
}

/* These three only look, and are called again and again: they are not in the trace. */
ptrdiff_t baro_readable_bytes(struct baro_stack *stack, int fd)
{
    return user_readable(stack->user, fd);
}

ptrdiff_t baro_writable_bytes(struct baro_stack *stack, int fd)
{
    return user_writable(stack->user, fd);
}

unsigned baro_poll(struct baro_stack *stack, int fd)
{
    return user_poll(stack->user, fd);
}

bool baro_next_ready(struct baro_stack *stack, struct baro_ready *ready)
{
    return user_next_ready(stack->user, ready);
}

int baro_hold_next(struct baro_stack *stack, int fd, struct baro_held *held)
{
    begin(stack, BARO_TRACE_CALL_HOLD_NEXT, fd);
    return (int)end(stack, BARO_TRACE_CALL_HOLD_NEXT, user_hold_next(stack->user, fd, held));
}

int baro_hold_answer(struct baro_stack *stack, uint64_t id, enum baro_hold_verdict verdict)
{
    begin(stack, BARO_TRACE_CALL_HOLD_ANSWER, -1);
    return (int)end(stack, BARO_TRACE_CALL_HOLD_ANSWER, user_hold_answer(stack->user, id, verdict));
}
