/* message.c: sendmsg, recvmsg, sendmmsg and recvmmsg on datagram sockets.
 *
 * The program's struct msghdr is read, its pieces are gathered from or scattered to its memory, and the header is
 * written back as the kernel would: address, control messages (SO_TIMESTAMP, IP_PKTINFO, IP_TTL, IP_TOS if asked for,
 * and their like of IPv6), flags. On streams these calls are passed on: the kernel's pair serves them, descriptors in
 * them too.
 *
 * Control messages of sends choose the source, the interface, the hop limit and so on of their datagram
 * (baro_posix_control_read). With MSG_ERRQUEUE errors about what was sent are received (IP_RECVERR, IPV6_RECVERR):
 * where it was to go, what the error quotes of it, and who says so.
 *
 * Limits: the time-out of recvmmsg counts for the first message; an error is also the next receive's errno, and makes
 * the socket readable (POLLIN), but never POLLERR: the pair has none. */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h> /* wants struct timespec */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "baro/posix.h"
#include "run/internal.h"

#define PIECES 1024 /* UIO_MAXIOV */
#define MESSAGES 1024
#define CONTROL 4096 /* bytes of control messages in one send */

/* Reads the list of pieces; their number or -errno. */
static int read_pieces(const struct call *call, const struct msghdr *message, struct iovec *piece,
                       size_t *total)
{
    size_t count = (size_t)message->msg_iovlen;
    *total = 0;
    if (count > PIECES)
        return -EMSGSIZE;
    int result = call_read(call, (uint64_t)(uintptr_t)message->msg_iov, piece, count * sizeof *piece);
    for (size_t i = 0; i < count && !result; i++) {
        if (piece[i].iov_len > SIZE_MAX / 2 - *total)
            return -EINVAL;
        *total += piece[i].iov_len;
    }
    return result ? result : (int)count;
}

static bool is_of_ipv6(const struct baro_endpoint *end)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    return end->address.family == BARO_FAMILY_IPV6 && memcmp(end->address.octet, mapped, sizeof mapped) != 0;
}

/* What the program says of the one datagram whose peer stands in `told`. 0 or -errno. */
static int read_control(const struct call *call, const struct socket *s, const struct msghdr *message,
                        struct baro_message *told)
{
    static _Alignas(struct cmsghdr) char control[CONTROL];
    struct msghdr here = { .msg_control = control, .msg_controllen = message->msg_controllen };
    struct baro_endpoint peer = told->peer;
    if (!message->msg_control || !message->msg_controllen)
        return 0;
    if (message->msg_controllen > sizeof control)
        return -ENOBUFS;
    int result = call_read(call, (uint64_t)(uintptr_t)message->msg_control, control, message->msg_controllen);
    if (result < 0)
        return result;
    if (peer.address.family == BARO_FAMILY_NONE)
        baro_getpeername(s->host->config.stack, s->fd, &peer);
    result = baro_posix_control_read(&here, s->family == AF_INET6, !is_of_ipv6(&peer), told);
    if (result == 0 && told->interface > MIRRORED)
        return -ENODEV;
    if (result == 0 && told->interface == 1 && peer.address.zone)
        return -EINVAL; /* by the loopback to a neighbour */
    told->interface = interface_number(told->interface);
    return result;
}

static ptrdiff_t send_one(const struct call *call, struct socket *s, uint64_t address)
{
    static struct iovec piece[PIECES];
    struct msghdr message;
    struct baro_message told = { 0 };
    uint8_t *buffer = s->host->run->buffer;
    size_t total, at = 0;
    int result = call_read(call, address, &message, sizeof message);
    if (result == 0 && message.msg_name && message.msg_namelen)
        result = call_read_address(call, s, (uint64_t)(uintptr_t)message.msg_name, message.msg_namelen, &told.peer);
    if (result == 0)
        result = read_control(call, s, &message, &told);
    if (result < 0)
        return result;
    int count = read_pieces(call, &message, piece, &total);
    if (count < 0)
        return count;
    if (total > datagram_limit(s))
        return -EMSGSIZE;
    for (int i = 0; i < count; i++) {
        result = call_read(call, (uint64_t)(uintptr_t)piece[i].iov_base, buffer + at, piece[i].iov_len);
        if (result < 0)
            return result;
        at += piece[i].iov_len;
    }
    result = datagram_pending(call, s);
    return result ? result : datagram_send(s, total, &told);
}

static void send_many(const struct call *call, struct socket *s)
{
    uint64_t address = call->argument[1];
    size_t count = call->argument[2] < MESSAGES ? (size_t)call->argument[2] : MESSAGES, done = 0;
    ptrdiff_t result = 0;
    for (; done < count; done++, address += sizeof(struct mmsghdr)) {
        result = send_one(call, s, address);
        if (result < 0)
            break;
        unsigned length = (unsigned)result;
        call_write(call, address + offsetof(struct mmsghdr, msg_len), &length, sizeof length);
    }
    if (!done && result < 0)
        call_error(call, (int)result);
    else
        call_answer(call, (int64_t)done);
}

void call_sendmsg(const struct call *call, struct socket *s)
{
    if (s->type == SOCK_STREAM) {
        call_pass(call);
    } else if (call->number == SYS_sendmmsg) {
        send_many(call, s);
    } else {
        ptrdiff_t result = send_one(call, s, call->argument[1]);
        if (result < 0)
            call_error(call, (int)result);
        else
            call_answer(call, result);
    }
}

static size_t append_control(char *space, size_t at, int level, int type, const void *data, size_t length)
{
    struct cmsghdr header = { .cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type };
    memcpy(space + at, &header, sizeof header);
    memcpy(space + at + CMSG_LEN(0), data, length);
    return at + CMSG_SPACE(length);
}

/* Those of an IPv6 socket. Like Linux's, it tells of an IPv4 datagram only where it was sent to. */
static size_t make_control_v6(const struct socket *s, const struct datagram *from, char *space, size_t at)
{
    if (s->ancillary & ANCILLARY_PACKET_V6) {
        struct sockaddr_in6 name;
        endpoint_to_sockaddr(&from->local, AF_INET6, &name);
        struct in6_pktinfo information = { .ipi6_addr = name.sin6_addr,
                                           .ipi6_ifindex = (unsigned)interface_index(from->interface) };
        at = append_control(space, at, IPPROTO_IPV6, IPV6_PKTINFO, &information, sizeof information);
    }
    if (!is_of_ipv6(&from->local))
        return at;
    if (s->ancillary & ANCILLARY_HOP_LIMIT) {
        int hop_limit = from->ttl;
        at = append_control(space, at, IPPROTO_IPV6, IPV6_HOPLIMIT, &hop_limit, sizeof hop_limit);
    }
    if (s->ancillary & ANCILLARY_TRAFFIC_CLASS) {
        int traffic_class = from->tos;
        at = append_control(space, at, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
    }
    return at;
}

/* The control messages that the program asked for; their length. */
static size_t make_control(const struct socket *s, const struct datagram *from, char *space)
{
    size_t at = 0;
    if (s->ancillary & ANCILLARY_TIME_NS) {
        at = append_control(space, at, SOL_SOCKET, SO_TIMESTAMPNS, &from->when, sizeof from->when);
    } else if (s->ancillary & ANCILLARY_TIME) {
        struct timeval when = { from->when.tv_sec, from->when.tv_nsec / 1000 };
        at = append_control(space, at, SOL_SOCKET, SO_TIMESTAMP, &when, sizeof when);
    }
    at = make_control_v6(s, from, space, at);
    if (is_of_ipv6(&from->local))
        return at;
    if (s->ancillary & ANCILLARY_PACKET) {
        struct in_pktinfo information = { .ipi_ifindex = interface_index(from->interface) };
        bool mapped = from->local.address.family == BARO_FAMILY_IPV6;
        memcpy(&information.ipi_addr, from->local.address.octet + (mapped ? 12 : 0), 4);
        information.ipi_spec_dst = information.ipi_addr;
        at = append_control(space, at, IPPROTO_IP, IP_PKTINFO, &information, sizeof information);
    }
    if (s->ancillary & ANCILLARY_TTL) {
        int ttl = from->ttl;
        at = append_control(space, at, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    }
    if (s->ancillary & ANCILLARY_TOS)
        at = append_control(space, at, IPPROTO_IP, IP_TOS, &from->tos, sizeof from->tos);
    return at;
}

struct control {
    char space[256];
    size_t length;
};

/* Writes a datagram where the header says, and the header back. Bytes written, or -errno. */
static ptrdiff_t write_message(const struct call *call, struct socket *s, uint64_t address, int flags,
                               const struct received *received, const struct control *control)
{
    static struct iovec piece[PIECES];
    struct msghdr message;
    size_t total, at = 0;
    int result = call_read(call, address, &message, sizeof message);
    if (result < 0)
        return result;
    int count = read_pieces(call, &message, piece, &total);
    if (count < 0)
        return count;
    for (int i = 0; i < count && at < received->length; i++) {
        size_t left = received->length - at, part = piece[i].iov_len < left ? piece[i].iov_len : left;
        result = call_write(call, (uint64_t)(uintptr_t)piece[i].iov_base, s->host->run->buffer + at, part);
        if (result < 0)
            return result;
        at += part;
    }
    message.msg_flags = (received->length > total ? MSG_TRUNC : 0) | (flags & MSG_ERRQUEUE);
    if (message.msg_name) {
        struct sockaddr_in6 name;
        size_t whole = endpoint_to_sockaddr(&received->from.peer, s->family, &name);
        size_t length = message.msg_namelen < whole ? message.msg_namelen : whole;
        result = call_write(call, (uint64_t)(uintptr_t)message.msg_name, &name, length);
        message.msg_namelen = (socklen_t)whole;
    }
    size_t control_length = message.msg_control ? control->length : 0;
    if (control_length > message.msg_controllen) {
        control_length = 0;
        message.msg_flags |= MSG_CTRUNC;
    }
    message.msg_controllen = control_length;
    if (result == 0 && control_length)
        result = call_write(call, (uint64_t)(uintptr_t)message.msg_control, control->space, control_length);
    if (result == 0)
        result = call_write(call, address, &message, sizeof message);
    return result ? result : (ptrdiff_t)(flags & MSG_TRUNC ? received->length : at);
}

static ptrdiff_t receive_datagram(const struct call *call, struct socket *s, uint64_t address, int flags,
                                  struct patience *patience)
{
    struct control control = { .length = 0 };
    struct received received;
    int result = datagram_take(call, s, flags & MSG_PEEK, &received, patience);
    if (result < 0)
        return result;
    control.length = make_control(s, &received.from, control.space);
    return write_message(call, s, address, flags, &received, &control);
}

/* The control message that says what an error is, with the address of who says so behind it; what came with the error's
 * own packet stands in front. */
static size_t make_error_control(const struct socket *s, const struct baro_message *message, char *space)
{
    struct datagram packet = { .local = message->local, .interface = message->interface, .ttl = message->ttl,
                               .tos = message->tos };
    size_t at = 0;
    const struct baro_error_report *report = message->report;
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 from;
    } told = { .error = { .ee_errno = (uint32_t)report->error,
                          .ee_origin = SO_EE_ORIGIN_LOCAL,
                          .ee_type = report->type,
                          .ee_code = report->code,
                          .ee_info = report->mtu } };
    const struct baro_endpoint from = { .address = report->from };
    size_t length = sizeof told.error + (s->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof told.from);
    if (report->from.family == BARO_FAMILY_NONE) {
        told.error.ee_type = told.error.ee_code = 0;
    } else {
        told.error.ee_origin = report->from.family == BARO_FAMILY_IPV4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
        endpoint_to_sockaddr(&from, s->family, &told.from);
        clock_gettime(CLOCK_REALTIME, &packet.when);
        at = make_control(s, &packet, space);
    }
    return s->family == AF_INET ? append_control(space, at, IPPROTO_IP, IP_RECVERR, &told, length)
                                : append_control(space, at, IPPROTO_IPV6, IPV6_RECVERR, &told, length);
}

static ptrdiff_t receive_error(const struct call *call, struct socket *s, uint64_t address, int flags)
{
    struct control control = { .length = 0 };
    struct baro_error_report report;
    struct baro_buffer piece = { s->host->run->buffer, BUFFER };
    struct baro_message message = { .buffer = &piece, .buffers = 1, .report = &report };
    struct received received = { .length = 0 };
    ptrdiff_t count = baro_recvmsg(s->host->config.stack, s->fd, &message, BARO_MSG_ERROR);
    if (count < 0)
        return count;
    received.length = (size_t)count;
    received.from.peer = message.peer;
    control.length = make_error_control(s, &message, control.space);
    ptrdiff_t result = write_message(call, s, address, flags, &received, &control);
    datagram_forgive(call, s);
    return result;
}

bool message_receive(const struct call *call, struct socket *s, struct patience *patience)
{
    bool many = call->number == SYS_recvmmsg;
    int flags = (int)call->argument[many ? 3 : 2];
    size_t wanted = many ? (size_t)(unsigned)call->argument[2] : 1, done = 0;
    uint64_t address = call->argument[1];
    ptrdiff_t result = 0;
    if (wanted > MESSAGES)
        wanted = MESSAGES;
    for (; done < wanted; done++, address += sizeof(struct mmsghdr)) {
        result = flags & MSG_ERRQUEUE ? receive_error(call, s, address, flags)
                                      : receive_datagram(call, s, address, flags, patience);
        if (result < 0)
            break;
        unsigned length = (unsigned)result;
        if (many)
            call_write(call, address + offsetof(struct mmsghdr, msg_len), &length, sizeof length);
    }
    if (!done && result == -EAGAIN && !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) && !patience->nonblocking)
        return false;
    if (!done && result < 0)
        call_error(call, (int)result);
    else
        call_answer(call, many ? (int64_t)done : (int64_t)result);
    return true;
}

void call_recvmsg(const struct call *call, struct socket *s)
{
    struct patience patience = { false, 0 };
    if (s->type == SOCK_STREAM && call->number == SYS_recvmsg && ((int)call->argument[2] & MSG_ERRQUEUE)) {
        call_error(call, EAGAIN);
        return;
    }
    if (s->type == SOCK_STREAM) {
        call_pass(call);
        return;
    }
    if (message_receive(call, s, &patience))
        return;
    struct waiter *waiter = waiter_add(call, s, WAIT_RECV);
    if (!waiter)
        return;
    waiter->deadline_ns = patience.deadline_ns;
    waiter->deadline_errno = EAGAIN;
    if (call->number == SYS_recvmmsg && call->argument[4]) {
        struct timespec limit;
        if (call_read(call, call->argument[4], &limit, sizeof limit) == 0)
            waiter->deadline_ns = run_now_ns() + (int64_t)limit.tv_sec * 1000000000 + limit.tv_nsec;
    }
}
