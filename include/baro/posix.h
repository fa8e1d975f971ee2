/* baro/posix.h: POSIX's socket calls over a stack in this process: blocking, thread-safe, with errno.
 *
 * Each call has POSIX's own signature, return values (-1 and errno) and meaning; where POSIX leaves a choice it is
 * Linux's. Differences: descriptors are the stack's and not the kernel's (use baro_posix_read, _write, _close,
 * _fcntl and _poll on them), close() wakes other threads that wait on the descriptor (EBADF), and signals do not
 * interrupt a call (no EINTR).
 *
 * Every call has two forms: baro_posix_X(...) on the process's default stack, baro_posix_X_in(stack, ...) on any.
 *
 * One mutex a stack: calls on one stack take turns, calls on two stacks do not meet. A thread of the library's own,
 * one a stack, waits outside that mutex for the device and the next deadline. Any number of threads may use any
 * descriptor; a thread that waits has a condition of its own, and what happens to its descriptor wakes it.
 *
 * The clock is CLOCK_MONOTONIC, the seed comes from getrandom(2). */
#ifndef BARO_POSIX_H
#define BARO_POSIX_H

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "baro/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_posix_stack;

/* How a stack is joined to the world. Zeroed but for the descriptors (-1): no device, the loopback only. */
struct baro_posix_config {
    /* Either a descriptor whose every read and write is one Ethernet frame without FCS (one end of
     * baro_posix_wire_pair, baro_posix_wire, a TAP), -1: none. It is made non-blocking, and stays the caller's. */
    int wire;
    struct baro_mac mac;         /* of the wire's interface; all zero: a random one, locally administered */
    uint32_t mtu;                /* of the wire, bytes of IP packet; 0: 1500 */

    /* or any device. Its functions are called with the stack's mutex held. `device_descriptor` is readable when it
     * has frames, and writable when it takes some again; -1: it is looked at every `device_tick`. */
    const struct baro_device *device;
    int device_descriptor;
    struct baro_duration device_tick; /* 0: 1 ms */

    struct baro_address address; /* of that interface; family NONE: none yet */
    unsigned prefix_length;
    struct baro_address gateway; /* default route; family NONE: none */

    size_t memory_limit;         /* as in struct baro_stack_config */
    uint32_t descriptor_limit;   /* as in struct baro_stack_config */
    enum baro_ecn ecn;           /* as in struct baro_stack_config, and so the next */
    enum baro_black_holes black_holes;
    struct baro_buffer_size send_buffer, recv_buffer;
    enum baro_pacing pacing;
    struct baro_trace_sink trace; /* event NULL: no trace; called with the stack's mutex held, by any thread */
    uint32_t trace_host;

    /* Called once for each option that somebody got or set and that does not exist here (ENOPROTOOPT), with the stack's
     * mutex held; NULL: nobody is told. */
    void (*unknown_option)(void *context, int level, int name);
    void *unknown_context;
};

/* A configuration of the loopback only, to be changed where wanted. */
void baro_posix_config_init(struct baro_posix_config *config);

/* A stack with its thread running, or NULL with errno (ENOMEM, EAGAIN, and what the stack says to the address). */
struct baro_posix_stack *baro_posix_create(const struct baro_posix_config *config);
/* Wakes all who wait (EBADF), waits until they are out, ends the thread. What is open is closed without a word to
 * the peers. Not on a stack that is the default. */
void baro_posix_free(struct baro_posix_stack *stack);

/* The default stack of the process. Unless one is set before the first call it is a loopback of its own.
 * Setting NULL lets the next call make a new one. The earlier default is returned, NULL: there was none. */
struct baro_posix_stack *baro_posix_set_default(struct baro_posix_stack *stack);

/* The core's stack, for what has no socket call (addresses, routes, counters), with the mutex held and time
 * advanced. Give it back soon; what was decided is sent then. */
struct baro_stack *baro_posix_lock(struct baro_posix_stack *stack);
void baro_posix_unlock(struct baro_posix_stack *stack);

/* A wire in this process: two descriptors for two stacks. 0, or -1 with errno. */
int baro_posix_wire_pair(int end[2]);
/* A wire between two processes that name the same path: whoever comes first makes a socket there and waits for the
 * other, and the path is gone once both have met. A descriptor, or -1 with errno. */
int baro_posix_wire(const char *path);

/* ---- the calls ---- */

/* AF_INET or AF_INET6 with SOCK_STREAM or SOCK_DGRAM, SOCK_NONBLOCK may be ored. AF_INET and SOCK_DGRAM with
 * IPPROTO_ICMP is a ping socket (enum baro_socket_type). IP_RECVERR and IPV6_RECVERR are BARO_IP_RECV_ERROR: recvmsg
 * with MSG_ERRQUEUE, which never waits, tells of errors as Linux's does. */
int baro_posix_socket_in(struct baro_posix_stack *stack, int domain, int type, int protocol);
int baro_posix_bind_in(struct baro_posix_stack *stack, int fd, const struct sockaddr *address, socklen_t length);
int baro_posix_listen_in(struct baro_posix_stack *stack, int fd, int backlog);
/* Takes the first connection of the queue, waiting while it is empty, and gives it a new descriptor; the
 * listening one goes on listening. The new one blocks, whatever the listener does. */
int baro_posix_accept_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length);
/* The same with SOCK_NONBLOCK in flags, as on Linux. */
int baro_posix_accept4_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length,
                          int flags);
/* Returns when the dialogue is done: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH are how it may end. */
int baro_posix_connect_in(struct baro_posix_stack *stack, int fd, const struct sockaddr *address, socklen_t length);
int baro_posix_shutdown_in(struct baro_posix_stack *stack, int fd, int how);
/* Waits only for SO_LINGER's time. */
int baro_posix_close_in(struct baro_posix_stack *stack, int fd);
int baro_posix_getsockname_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length);
int baro_posix_getpeername_in(struct baro_posix_stack *stack, int fd, struct sockaddr *address, socklen_t *length);
/* F_GETFL and F_SETFL with O_NONBLOCK, F_GETFD and F_SETFD; else EINVAL. */
int baro_posix_fcntl_in(struct baro_posix_stack *stack, int fd, int command, int value);

/* Flags: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE, MSG_OOB. On a stream send waits until all is taken. */
ssize_t baro_posix_send_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length, int flags);
ssize_t baro_posix_sendto_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length, int flags,
                             const struct sockaddr *address, socklen_t address_length);
/* Control data of datagrams: IP_PKTINFO and IPV6_PKTINFO (source address, interface), IP_TTL, IP_TOS, IPV6_HOPLIMIT,
 * IPV6_TCLASS, IPV6_DONTFRAG (RFC 3542 §6); what else a level has is EINVAL. */
ssize_t baro_posix_sendmsg_in(struct baro_posix_stack *stack, int fd, const struct msghdr *message, int flags);
/* What such control data say of a datagram, for who takes messages in Linux's shape from elsewhere (`baro run`).
 * `is_ipv6`: of the socket; `over_ipv4`: its peer's address is IPv4's or mapped. Interface numbers are left as they
 * stand. Writes local.address, interface, ttl, tos, dont_fragment and given of baro/socket.h's message. 0 or
 * -EINVAL. */
struct baro_message;
int baro_posix_control_read(const struct msghdr *message, bool is_ipv6, bool over_ipv4, struct baro_message *told);
ssize_t baro_posix_write_in(struct baro_posix_stack *stack, int fd, const void *data, size_t length);

/* Flags: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, MSG_OOB, MSG_TRUNC; MSG_ERRQUEUE gives recvmsg the errors about what was
 * sent that IP_RECVERR or IPV6_RECVERR keep, with struct sock_extended_err and who says so. */
ssize_t baro_posix_recv_in(struct baro_posix_stack *stack, int fd, void *data, size_t length, int flags);
ssize_t baro_posix_recvfrom_in(struct baro_posix_stack *stack, int fd, void *data, size_t length, int flags,
                               struct sockaddr *address, socklen_t *address_length);
/* Control data, where the option asks for it: IP_PKTINFO, IP_TTL (IP_RECVTTL), IP_TOS (IP_RECVTOS), IPV6_PKTINFO
 * (IPV6_RECVPKTINFO), IPV6_HOPLIMIT (IPV6_RECVHOPLIMIT), IPV6_TCLASS (IPV6_RECVTCLASS). An interface's number is the
 * stack's, 0 the loopback's. */
ssize_t baro_posix_recvmsg_in(struct baro_posix_stack *stack, int fd, struct msghdr *message, int flags);
ssize_t baro_posix_read_in(struct baro_posix_stack *stack, int fd, void *data, size_t length);

/* SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 (of AF_INET6 only) and IPPROTO_TCP with the names of <sys/socket.h>,
 * <netinet/in.h> and <netinet/tcp.h>; SO_RCVTIMEO and SO_SNDTIMEO are the library's own. Buffer sizes are not
 * doubled. */
int baro_posix_getsockopt_in(struct baro_posix_stack *stack, int fd, int level, int name, void *value,
                             socklen_t *length);
int baro_posix_setsockopt_in(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                             socklen_t length);

/* The options of SOL_SOCKET and IPPROTO_TCP that the core itself keeps, of its descriptor `fd`, with Linux' values,
 * limits and errnos; for who has Linux' calls from elsewhere (`baro run`). 0, -errno, or 1: it is none of them. */
int baro_posix_option_get(struct baro_stack *core, int fd, int level, int name, void *value, socklen_t *length);
int baro_posix_option_set(struct baro_stack *core, int fd, int level, int name, const void *value, socklen_t length);

/* Linux' struct tcp_info, as the newest kernels tell it, into `room`: as much of it as there is room for; how much that
 * is. TCP_INFO here and in `baro run`. */
struct baro_tcp_info;
size_t baro_posix_tcp_info(const struct baro_tcp_info *info, void *room, size_t length);

/* Descriptors of one stack only. `timeout_ms` as in poll(2). */
int baro_posix_poll_in(struct baro_posix_stack *stack, struct pollfd *descriptors, nfds_t count, int timeout_ms);

/* ---- the same on the default stack ---- */

int baro_posix_socket(int domain, int type, int protocol);
int baro_posix_bind(int fd, const struct sockaddr *address, socklen_t length);
int baro_posix_listen(int fd, int backlog);
int baro_posix_accept(int fd, struct sockaddr *address, socklen_t *length);
int baro_posix_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int baro_posix_connect(int fd, const struct sockaddr *address, socklen_t length);
int baro_posix_shutdown(int fd, int how);
int baro_posix_close(int fd);
int baro_posix_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int baro_posix_getpeername(int fd, struct sockaddr *address, socklen_t *length);
int baro_posix_fcntl(int fd, int command, int value);
ssize_t baro_posix_send(int fd, const void *data, size_t length, int flags);
ssize_t baro_posix_sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *address,
                          socklen_t address_length);
ssize_t baro_posix_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t baro_posix_write(int fd, const void *data, size_t length);
ssize_t baro_posix_recv(int fd, void *data, size_t length, int flags);
ssize_t baro_posix_recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *address,
                            socklen_t *address_length);
ssize_t baro_posix_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t baro_posix_read(int fd, void *data, size_t length);
int baro_posix_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int baro_posix_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int baro_posix_poll(struct pollfd *descriptors, nfds_t count, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
