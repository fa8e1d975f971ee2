/* calls.c: which call is about what, and the short ones.
 *
 * A call about a descriptor that is not a socket of ours is passed on to the kernel, which knows the right
 * errno or serves it (AF_UNIX). Another thread may exchange the descriptor in between: the kernel's sockets
 * reach an empty network namespace, so nothing is lost by that.
 *
 * Refused: raw sockets, and every family that the filter traps for safety. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "run/filter.h"
#include "run/internal.h"

enum { SAY_RAW, SAY_PROTOCOL, SAY_PLACE, SAY_FAMILY /* and 46 more */ };

struct patience patience_of(int a, int option)
{
    struct patience patience = { false, 0 };
    struct timeval limit = { 0, 0 };
    socklen_t length = sizeof limit;
    int flags = fcntl(a, F_GETFL);
    patience.nonblocking = flags >= 0 && (flags & O_NONBLOCK);
    if (getsockopt(a, SOL_SOCKET, option, &limit, &length) == 0 && (limit.tv_sec || limit.tv_usec))
        patience.deadline_ns =
            run_now_ns() + (int64_t)limit.tv_sec * 1000000000 + (int64_t)limit.tv_usec * 1000;
    return patience;
}

/* A datagram socket of this protocol is a ping socket. */
static int ping_protocol(int family)
{
    return family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
}

/* SOCK_STREAM or SOCK_DGRAM, or -errno. */
static int type_of(const struct call *call, int family, int type, int protocol)
{
    struct baro_run *run = call->program->run;
    if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
        return SOCK_STREAM;
    if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
        return SOCK_DGRAM;
    if (type == SOCK_DGRAM && protocol == ping_protocol(family))
        return SOCK_DGRAM;
    if (type == SOCK_RAW) {
        run_say_once(run, SAY_RAW, "socket(SOCK_RAW): EPERM, programs get no raw sockets here");
        return -EPERM;
    }
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    run_say_once(run, SAY_PROTOCOL, "socket(protocol %d): EPROTONOSUPPORT, only TCP, UDP and ICMP echo are there",
                 protocol);
    return -EPROTONOSUPPORT;
}

/* A free descriptor of the range in which the filter traps message calls, -1: none. */
static int datagram_place(const struct call *call)
{
    struct rlimit limit;
    if (prlimit(call->tid, RLIMIT_NOFILE, NULL, &limit) < 0)
        return -1;
    for (int place = DATAGRAM_FIRST; place < DATAGRAM_FIRST + DATAGRAM_COUNT; place++) {
        if ((rlim_t)place >= limit.rlim_cur)
            break;
        if (call_place_free(call, place))
            return place;
    }
    run_say_once(
        call->program->run, SAY_PLACE,
        "no free descriptor from %d to %d: recvmsg and sendmsg on further datagram sockets know no addresses",
        DATAGRAM_FIRST, DATAGRAM_FIRST + DATAGRAM_COUNT - 1);
    return -1;
}

static void call_socket(const struct call *call)
{
    struct host *host = call->program->host;
    int family = (int)call->argument[0], flags = (int)call->argument[1], a;
    if (family != AF_INET && family != AF_INET6) {
        run_say_once(host->run, SAY_FAMILY + (unsigned)family % 64,
                     family == AF_PACKET
                         ? "socket(family %d, AF_PACKET): EAFNOSUPPORT, programs see no frames; --pcap captures them"
                         : "socket(family %d): EAFNOSUPPORT, the stack has only IPv4 and IPv6",
                     family);
        call_error(call, EAFNOSUPPORT);
        return;
    }
    int type = -EINVAL;
    if (!(flags & ~(0xf | SOCK_NONBLOCK | SOCK_CLOEXEC)))
        type = type_of(call, family, flags & 0xf, (int)call->argument[2]);
    if (type < 0) {
        call_error(call, type);
        return;
    }
    bool ping = type == SOCK_DGRAM && (int)call->argument[2] == ping_protocol(family);
    int fd = baro_socket(host->config.stack, family == AF_INET6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4,
                         ping ? BARO_PING : type == SOCK_STREAM ? BARO_STREAM : BARO_DATAGRAM);
    if (fd < 0) {
        call_error(call, fd);
        return;
    }
    struct socket *s = socket_create(host, family, type, fd, &a);
    if (!s) {
        int error = errno;
        baro_close(host->config.stack, fd);
        call_error(call, error);
        return;
    }
    s->ping = ping;
    if (flags & SOCK_NONBLOCK)
        fcntl(a, F_SETFL, fcntl(a, F_GETFL) | O_NONBLOCK);
    int place = type == SOCK_DGRAM ? datagram_place(call) : -1;
    int given = call_give(call, a, flags & SOCK_CLOEXEC ? O_CLOEXEC : 0, place);
    close(a);
    if (given >= 0)
        return;
    socket_free(s);
    if (given != -ENOENT)
        call_error(call, given);
}

static void call_bind(const struct call *call, struct socket *s)
{
    struct baro_endpoint local;
    int result = call_read_address(call, s, call->argument[1], call->argument[2], &local);
    if (result == 0 && s->fd < 0)
        result = -EINVAL;
    if (result == 0 && local.address.family == BARO_FAMILY_NONE && s->family == AF_INET6)
        result = -EAFNOSUPPORT;
    if (result == 0 && address_lacks_interface(&local.address))
        result = -EINVAL;
    if (result == 0 && local.address.zone &&
        baro_stack_addresses(s->host->config.stack, local.address.zone, NULL, 0) < 0)
        result = -ENODEV;
    if (result == 0 && local.address.family == BARO_FAMILY_NONE)
        local.address.family = BARO_FAMILY_IPV4; /* Linux takes AF_UNSPEC for any address */
    if (result == 0)
        result = baro_bind(s->host->config.stack, s->fd, &local);
    if (result == 0)
        s->bound = local;
    call_error(call, result);
}

static void call_name(const struct call *call, struct socket *s)
{
    struct baro_endpoint name = s->local;
    int result = 0;
    if (call->number == SYS_getpeername)
        result = s->fd < 0 || s->state == SOCKET_CONNECTING
                     ? -ENOTCONN
                     : baro_getpeername(s->host->config.stack, s->fd, &name);
    else if (s->fd >= 0)
        result = baro_getsockname(s->host->config.stack, s->fd, &name);
    if (result == 0)
        result = call_write_address(call, s, call->argument[1], call->argument[2], &name);
    call_error(call, result);
}

static void call_shutdown(const struct call *call, struct socket *s)
{
    int how = (int)call->argument[1];
    if (how < SHUT_RD || how > SHUT_RDWR) {
        call_error(call, EINVAL);
    } else if (s->type == SOCK_DGRAM) {
        /* Not passed on: the pair would look closed. */
        if (s->connected && how != SHUT_WR)
            waiters_fail(s, WAIT_RECV, 0);
        call_error(call, s->connected ? 0 : ENOTCONN);
    } else if (s->state == SOCKET_LISTENING && how != SHUT_WR) {
        s->shut_read = s->shut_write = true;
        listener_end(s, EINVAL);
        call_pass(call);
    } else if (s->state != SOCKET_CONNECTED) {
        call_error(call, s->state == SOCKET_LISTENING ? 0 : ENOTCONN);
    } else {
        s->shut_read |= how != SHUT_WR;
        s->shut_write |= how != SHUT_RD;
        call_pass(call);
    }
}

/* Sending with MSG_OOB, which nothing here carries: an error is better than an octet that never comes. */
static bool refuses_urgent(const struct call *call, int flags)
{
    if (flags & MSG_OOB)
        call_error(call, EOPNOTSUPP);
    return (flags & MSG_OOB) != 0;
}

static void dispatch_socket_call(const struct call *call, struct socket *s)
{
    switch (call->number) {
    case SYS_connect:
        call_connect(call, s);
        break;
    case SYS_bind:
        call_bind(call, s);
        break;
    case SYS_listen:
        call_listen(call, s);
        break;
    case SYS_accept:
    case SYS_accept4:
        call_accept(call, s);
        break;
    case SYS_getsockname:
    case SYS_getpeername:
        call_name(call, s);
        break;
    case SYS_setsockopt:
        call_setsockopt(call, s);
        break;
    case SYS_getsockopt:
        call_getsockopt(call, s);
        break;
    case SYS_shutdown:
        call_shutdown(call, s);
        break;
    case SYS_sendto:
        if (!refuses_urgent(call, (int)call->argument[3]))
            call_sendto(call, s);
        break;
    case SYS_recvfrom:
        call_recvfrom(call, s);
        break;
    case SYS_sendmsg:
    case SYS_sendmmsg:
        if (!refuses_urgent(call, (int)call->argument[call->number == SYS_sendmsg ? 2 : 3]))
            call_sendmsg(call, s);
        break;
    case SYS_recvmsg:
    case SYS_recvmmsg:
        call_recvmsg(call, s);
        break;
    default:
        call_pass(call);
    }
}

void call_dispatch(const struct call *call)
{
    if (call->number == SYS_socket) {
        call_socket(call);
        return;
    }
    int descriptor = (int)call->argument[0];
    uint64_t inode = call_inode(call, descriptor);
    struct socket *s = inode ? socket_find(call->program->run, inode) : NULL;
    if (!s) {
        call_pass(call);
        return;
    }
    s->last_tid = call->tid;
    s->last_descriptor = descriptor;
    s->host->touched = true;
    dispatch_socket_call(call, s);
}

void socket_ready(struct socket *s, unsigned events)
{
    if (s->type == SOCK_DGRAM)
        datagram_ready(s, events);
    else if (s->state == SOCKET_LISTENING)
        listener_ready(s);
    else if (s->state == SOCKET_CONNECTING)
        connect_ready(s, events);
    else if (s->state == SOCKET_CONNECTED)
        stream_ready(s, events);
}

void b_ready(void *socket, uint32_t events)
{
    struct socket *s = socket;
    s->host->touched = true;
    if (s->type == SOCK_DGRAM) {
        datagram_b_ready(s, events);
    } else if (s->state == SOCKET_CONNECTED) {
        stream_b_ready(s, events);
    } else if (events & EPOLLHUP) {
        if (s->shut_write && !collect_is_gone(s)) { /* a listener that the program shut down, but keeps */
            socket_doubt(s);
            return;
        }
        if (s->state == SOCKET_LISTENING)
            listener_end(s, EBADF);
        socket_free(s);
    }
}
