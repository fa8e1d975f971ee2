/* user/user.h: RFC 9293 §3.9.1's user interface: descriptors, the socket calls, options, readiness. Never blocks.
 *
 * A descriptor is a small number with a socket behind it. The socket knows what the program said (options, the
 * address it bound) and has a handle to what TCP or UDP made of it. What only the whole stack knows (a route, whether
 * an address is ours) comes in as a value, struct user_way; calls.c finds it out.
 *
 * An IPv6 socket speaks IPv4 too, by mapped addresses (::ffff:a.b.c.d, RFC 4291 §2.5.5.2). They exist from here up
 * only: user_address_in takes them off on the way down, and what comes up is shown mapped again.
 *
 * Calls return 0, a count or a descriptor, or -errno, as baro/socket.h says of the public function of that name. */
#ifndef USER_USER_H
#define USER_USER_H

#include "baro/socket.h"
#include "base/core.h"
#include "transport/tcp/tcp.h" /* struct ip_path too */

struct tcp;
struct captures;
struct udp;
struct user;

/* Numbers below are never given: they are a program's standard streams, and a zeroed descriptor names nobody. */
enum { USER_DESCRIPTOR_FIRST = 3 };

struct user *user_create(struct core *core, struct tcp *tcp, struct udp *udp, struct udp *pings,
                         struct captures *captures, uint32_t descriptor_limit, enum baro_congestion congestion);
void user_free(struct user *user);

/* Takes over what happened in TCP and UDP into the queue of readiness and tells the trace who woke. receive.c calls
 * it at the end of each packet when the trace is on, so that the waking stands with its cause; else it may wait. */
void user_collect(struct user *user);

/* What an address is to this host. */
enum user_kind { USER_OURS, USER_FOREIGN, USER_BROADCAST, USER_MULTICAST, USER_ANY };

/* The way to a peer. */
struct user_way {
    enum user_kind kind;  /* of the peer's address, where there is a way: BROADCAST, MULTICAST, FOREIGN (or ours) */
    /* 0; -ENETUNREACH: no route; -EAFNOSUPPORT: not a peer for this socket; -ENODEV, -EINVAL: by no such interface */
    int error;
    struct ip_path path;
};

/* Which type a descriptor's socket has; 0: no such descriptor. */
int user_type(const struct user *user, int fd);
/* The source address that a path for this socket must have: the one it is bound to, or family NONE. */
struct baro_address user_source(const struct user *user, int fd);

/* The family a descriptor's socket was made of; NONE: no such descriptor, or it has none. */
enum baro_family user_family(const struct user *user, int fd);
/* BARO_IP_MULTICAST_INTERFACE of a descriptor's socket. */
int user_multicast_interface(const struct user *user, int fd);

/* Turns an address that a program says of socket `fd` into the one that the stack knows: mapped ones become IPv4, a
 * zone that means nothing goes. -EAFNOSUPPORT: the socket's family has no such address; -ENETUNREACH: mapped, and the
 * socket is BARO_IPV6_ONLY. */
int user_address_in(const struct user *user, int fd, struct baro_address *address);

int user_socket(struct user *user, enum baro_family family, enum baro_socket_type type);
/* `kind` is local->address's; both as user_address_in left them. */
int user_bind(struct user *user, int fd, const struct baro_endpoint *local, enum user_kind kind);
int user_listen(struct user *user, int fd, int backlog);
int user_accept(struct user *user, int fd, struct baro_endpoint *peer);
/* peer->address of family NONE: `way` is not looked at. */
int user_connect(struct user *user, int fd, const struct baro_endpoint *peer, const struct user_way *way);
int user_shutdown(struct user *user, int fd, enum baro_shutdown how);
int user_close(struct user *user, int fd);
int user_getsockname(const struct user *user, int fd, struct baro_endpoint *local);
int user_getpeername(const struct user *user, int fd, struct baro_endpoint *peer);

/* `way` is that to the destination of a datagram (message->peer, or the socket's peer); for a stream NULL will do.
 * message->local must be ours or the socket transparent: `source_is_ours` says so. */
ptrdiff_t user_send(struct user *user, int fd, const struct baro_message *message, unsigned flags,
                    const struct user_way *way, bool source_is_ours);
ptrdiff_t user_recv(struct user *user, int fd, struct baro_message *message, unsigned flags);
ptrdiff_t user_readable(struct user *user, int fd);
ptrdiff_t user_writable(struct user *user, int fd);

/* The connection of a stream socket that has one. 0, -EBADF, -EOPNOTSUPP (no stream), -ENOTCONN. */
int user_whole_stream(const struct user *user, int fd, struct handle *stream);

/* Options but groups and BARO_IP_MTU, which calls.c answers. */
int user_getsockopt(struct user *user, int fd, enum baro_option option, void *value, size_t *length);
int user_setsockopt(struct user *user, int fd, enum baro_option option, const void *value, size_t length);

/* The groups that a socket joined, and whom it hears there. -EBADF; -ENOPROTOOPT: a stream; get: -EADDRNOTAVAIL: not
 * joined; set: -ENOBUFS. */
int user_group_get(const struct user *user, int fd, const struct baro_group *group, struct baro_source_filter *filter);
int user_group_set(struct user *user, int fd, const struct baro_group *group, const struct baro_source_filter *filter);
void user_group_remove(struct user *user, int fd, const struct baro_group *group);
/* One of them, for leaving all before close; false: none. */
bool user_group_first(const struct user *user, int fd, struct baro_group *group);

unsigned user_poll(struct user *user, int fd);
bool user_next_ready(struct user *user, struct baro_ready *ready);

int user_hold_next(struct user *user, int fd, struct baro_held *held);
int user_hold_answer(struct user *user, uint64_t id, enum baro_hold_verdict verdict);

void user_check_invariants(const struct user *user);

#endif
