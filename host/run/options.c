/* options.c: getsockopt and setsockopt.
 *
 * What the stack itself keeps of sockets and TCP goes there as the blocking library has it (baro_posix_option_set). A
 * table says what becomes of every other option: the stack knows it (with a conversion of the value), it is kept and
 * told again because nothing depends on it here (SO_PRIORITY), it is passed to A because it is about waiting
 * (SO_RCVTIMEO), or it is refused as a kernel refuses a thing it lacks, with one line to the person. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "baro/posix.h"
#include "run/internal.h"

enum treatment {
    STACK_INT,     /* the stack's option, an int */
    STACK_OR_DEFAULT, /* the same, -1 for the stack's own value */
    STACK_BUFFER,  /* an int that Linux doubles, within limits */
    PACKET_INFORMATION, /* IPV6_PKTINFO, write only */
    DEVICE,      /* SO_BINDTODEVICE */
    FRAGMENT,    /* IP_MTU_DISCOVER */
    WHOLE,       /* IPV6_DONTFRAG */
    FRAGMENT_SIZE, /* IPV6_MTU: written, of fragments; read, of the path */
    GROUP_INTERFACE, /* IPV6_MULTICAST_IF, IP_MULTICAST_IF */
    RECEIVE_ERROR, /* IP_RECVERR: the stack's for datagrams and pings; else kept */
    ANCILLARY,   /* asks for a message header; `option` is the bit */
    KEEP,        /* `option` is the value before it was set */
    KEEP_FLAG,   /* the same, 0 or 1 and nothing else */
    ALWAYS,      /* it is `option` and cannot be set */
    ZERO,        /* nothing but 0 can be set */
    PASS,        /* to A */
    REFUSE       /* `option` is the errno */
};

struct treated_option {
    int level, name;
    enum treatment treatment;
    int option;
};

#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif
#define TIMEOUT_NEW_RECV 66 /* SO_RCVTIMEO_NEW, which 32-bit programs and some libraries use */
#define TIMEOUT_NEW_SEND 67

static const struct treated_option table[] = {
    { SOL_SOCKET, SO_SNDBUF, STACK_BUFFER, BARO_SO_SEND_BUFFER },
    { SOL_SOCKET, SO_RCVBUF, STACK_BUFFER, BARO_SO_RECV_BUFFER },
    { SOL_SOCKET, SO_RCVTIMEO, PASS, 0 },
    { SOL_SOCKET, SO_SNDTIMEO, PASS, 0 },
    { SOL_SOCKET, TIMEOUT_NEW_RECV, PASS, 0 },
    { SOL_SOCKET, TIMEOUT_NEW_SEND, PASS, 0 },
    { SOL_SOCKET, SO_SNDLOWAT, ALWAYS, 1 },
    { SOL_SOCKET, SO_PRIORITY, KEEP, 0 },
    { SOL_SOCKET, SO_DONTROUTE, KEEP, 0 },
    { SOL_SOCKET, SO_TIMESTAMP, ANCILLARY, ANCILLARY_TIME },
    { SOL_SOCKET, SO_TIMESTAMPNS, ANCILLARY, ANCILLARY_TIME_NS },
    { SOL_SOCKET, SO_RXQ_OVFL, KEEP, 0 },
    { SOL_SOCKET, SO_BUSY_POLL, KEEP, 0 },
    { SOL_SOCKET, SO_PREFER_BUSY_POLL, KEEP, 0 },
    { SOL_SOCKET, SO_BUSY_POLL_BUDGET, KEEP, 0 },
    { SOL_SOCKET, SO_INCOMING_CPU, KEEP, -1 },
    { SOL_SOCKET, SO_NO_CHECK, KEEP, 0 },
    { SOL_SOCKET, SO_MARK, REFUSE, EPERM },
    { SOL_SOCKET, SO_SNDBUFFORCE, REFUSE, EPERM },
    { SOL_SOCKET, SO_RCVBUFFORCE, REFUSE, EPERM },
    { SOL_SOCKET, SO_BINDTODEVICE, DEVICE, 0 },
    { IPPROTO_IP, IP_TTL, STACK_INT, BARO_IP_TTL },
    { IPPROTO_IP, IP_TOS, STACK_INT, BARO_IP_TOS },
    { IPPROTO_IP, IP_MTU, STACK_INT, BARO_IP_MTU },
    { IPPROTO_IP, IP_MULTICAST_TTL, STACK_INT, BARO_IP_MULTICAST_TTL },
    { IPPROTO_IP, IP_MULTICAST_LOOP, STACK_INT, BARO_IP_MULTICAST_LOOP },
    { IPPROTO_IP, IP_MULTICAST_IF, GROUP_INTERFACE, BARO_IP_MULTICAST_INTERFACE },
    { IPPROTO_IP, IP_MULTICAST_ALL, KEEP, 1 },
    { IPPROTO_IP, IP_MTU_DISCOVER, FRAGMENT, BARO_IP_DONT_FRAGMENT },
    { IPPROTO_IP, IP_PKTINFO, ANCILLARY, ANCILLARY_PACKET },
    { IPPROTO_IP, IP_RECVTTL, ANCILLARY, ANCILLARY_TTL },
    { IPPROTO_IP, IP_RECVTOS, ANCILLARY, ANCILLARY_TOS },
    { IPPROTO_IP, IP_RECVERR, RECEIVE_ERROR, BARO_IP_RECV_ERROR },
    { IPPROTO_IP, IP_RETOPTS, KEEP, 0 }, /* there are none to give */
    { IPPROTO_IP, IP_FREEBIND, KEEP, 0 },
    { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, KEEP, 0 },
    { IPPROTO_IP, IP_TRANSPARENT, REFUSE, EPERM },
    { IPPROTO_IPV6, IPV6_V6ONLY, STACK_INT, BARO_IPV6_ONLY },
    { IPPROTO_IPV6, IPV6_UNICAST_HOPS, STACK_OR_DEFAULT, BARO_IP_TTL },
    { IPPROTO_IPV6, IPV6_MULTICAST_HOPS, STACK_OR_DEFAULT, BARO_IP_MULTICAST_TTL },
    { IPPROTO_IPV6, IPV6_TCLASS, STACK_OR_DEFAULT, BARO_IP_TOS },
    { IPPROTO_IPV6, IPV6_MULTICAST_LOOP, STACK_INT, BARO_IP_MULTICAST_LOOP },
    { IPPROTO_IPV6, IPV6_MULTICAST_IF, GROUP_INTERFACE, BARO_IP_MULTICAST_INTERFACE },
    { IPPROTO_IPV6, IPV6_MULTICAST_ALL, KEEP, 1 },
    { IPPROTO_IPV6, IPV6_MTU, FRAGMENT_SIZE, BARO_IP_MTU },
    { IPPROTO_IPV6, IPV6_DONTFRAG, WHOLE, 0 },
    { IPPROTO_IPV6, IPV6_PKTINFO, PACKET_INFORMATION, 0 },
    { IPPROTO_IPV6, IPV6_UNICAST_IF, KEEP, 0 },
    { IPPROTO_IPV6, IPV6_RECVHOPOPTS, KEEP, 0 }, /* of extension headers there is nothing to tell */
    { IPPROTO_IPV6, IPV6_RECVRTHDR, KEEP, 0 },
    { IPPROTO_IPV6, IPV6_RECVDSTOPTS, KEEP, 0 },
    { IPPROTO_IPV6, IPV6_RECVPATHMTU, KEEP, 0 },
    { IPPROTO_IPV6, IPV6_FREEBIND, KEEP, 0 },
    { IPPROTO_IPV6, IPV6_MTU_DISCOVER, FRAGMENT, BARO_IP_DONT_FRAGMENT },
    { IPPROTO_IPV6, IPV6_RECVPKTINFO, ANCILLARY, ANCILLARY_PACKET_V6 },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, ANCILLARY, ANCILLARY_HOP_LIMIT },
    { IPPROTO_IPV6, IPV6_RECVTCLASS, ANCILLARY, ANCILLARY_TRAFFIC_CLASS },
    { IPPROTO_IPV6, IPV6_RECVERR, RECEIVE_ERROR, BARO_IP_RECV_ERROR },
    { IPPROTO_IPV6, IPV6_TRANSPARENT, REFUSE, EPERM },
    { IPPROTO_TCP, TCP_FASTOPEN, KEEP, 0 }, /* as with net.ipv4.tcp_fastopen=0: nobody gets a cookie */
    { IPPROTO_TCP, TCP_FASTOPEN_CONNECT, ZERO, EOPNOTSUPP },
    { IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, KEEP_FLAG, 0 },
    { IPPROTO_TCP, TCP_INQ, ZERO, ENOPROTOOPT },
    { IPPROTO_TCP, TCP_SAVE_SYN, ZERO, ENOPROTOOPT },
    { IPPROTO_TCP, TCP_REPAIR, REFUSE, EPERM },
    { IPPROTO_TCP, TCP_ULP, REFUSE, ENOENT },
};

static const struct treated_option *find(int level, int name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].level == level && table[i].name == name)
            return &table[i];
    }
    return NULL;
}

int option_to_stack(struct socket *s, int option, const void *value, size_t length)
{
    return s->fd < 0 ? 0 /* over: kept for a descriptor to come */
                     : baro_setsockopt(s->host->config.stack, s->fd, (enum baro_option)option, value, length);
}

/* Linux doubles the size and stays silently within its limits. */
static int set_buffer(struct socket *s, int option, int value)
{
    int least = option == BARO_SO_SEND_BUFFER ? 4608 : 2304;
    int64_t wanted = value < least / 2 ? least : (int64_t)value * 2;
    int size = wanted > INT32_MAX ? INT32_MAX : (int)wanted;
    int result = option_to_stack(s, option, &size, sizeof size);
    while (result == -EINVAL && size > 4096) {
        size /= 2;
        result = option_to_stack(s, option, &size, sizeof size);
    }
    return result;
}

/* What an option is before it is set. */
static int initial_value(int option)
{
    return option == BARO_IP_TTL ? -1 : option == BARO_IP_MULTICAST_TTL ? 1 : 0;
}

static int set_int(struct socket *s, const struct treated_option *treated, int value)
{
    int on = value != 0;
    switch (treated->treatment) {
    case STACK_INT:
        if (treated->level == SOL_SOCKET)
            return option_to_stack(s, treated->option, &on, sizeof on);
        if (treated->level == IPPROTO_IPV6 && treated->name == IPV6_MULTICAST_LOOP && value != on)
            return -EINVAL;
        return option_to_stack(s, treated->option, &value, sizeof value);
    case STACK_OR_DEFAULT:
        value = value == -1 ? initial_value(treated->option) : value;
        return option_to_stack(s, treated->option, &value, sizeof value);
    case STACK_BUFFER:
        return set_buffer(s, treated->option, value);
    case FRAGMENT:
        return option_set_discovery(s, value, option_kept(s, IPPROTO_IPV6, IPV6_DONTFRAG, 0) != 0);
    case WHOLE:
        return option_set_discovery(s, option_kept(s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_WANT), on);
    case FRAGMENT_SIZE:
        value = value > UINT16_MAX ? UINT16_MAX : value;
        return option_to_stack(s, BARO_IP_FRAGMENT_SIZE, &value, sizeof value);
    case GROUP_INTERFACE:
        if (treated->level == IPPROTO_IP)
            return option_set_group_interface(s, &value, sizeof value); /* by its address */
        if (value < 0 || value > MIRRORED)
            return -ENODEV;
        value = interface_number(value);
        return option_to_stack(s, treated->option, &value, sizeof value);
    case RECEIVE_ERROR:
        return option_to_stack(s, treated->option, &on, sizeof on);
    case ANCILLARY:
        s->ancillary =
            on ? s->ancillary | (unsigned)treated->option : s->ancillary & ~(unsigned)treated->option;
        return 0;
    case KEEP:
        return 0;
    case KEEP_FLAG:
        return value == on ? 0 : -EINVAL;
    case ZERO:
        return value == 0 ? 0 : option_refuse(s, true, treated->level, treated->name, treated->option);
    default:
        return -ENOPROTOOPT;
    }
}

/* What the stack keeps as it is. 0, -errno, or 1: it is none of these. */
static int set_in_stack(struct socket *s, int level, int name, const char *bytes, size_t length)
{
    int value = 0;
    int result = baro_posix_option_set(s->host->config.stack, s->fd, level, name, bytes, (socklen_t)length);
    if (result == -EBADF && s->fd < 0)
        result = 0; /* over: kept for a descriptor to come */
    memcpy(&value, bytes, length < sizeof value ? length : sizeof value);
    if (result == 0)
        option_keep(s, level, name, value, bytes, length);
    return result;
}

/* Options that do not go by a number alone. 0, -errno, or 1: it is none of these. */
static int set_special(struct socket *s, int level, int name, const char *bytes, size_t length)
{
    const struct treated_option *treated = find(level, name);
    int group = option_group(s, level, name, bytes, length);
    if (group <= 0)
        return group;
    if (!treated || treated->treatment == REFUSE || treated->treatment == ALWAYS)
        return option_refuse(s, true, level, name,
                             treated && treated->treatment == REFUSE ? treated->option : ENOPROTOOPT);
    if (treated->treatment == PACKET_INFORMATION)
        return option_set_packet_information(s, bytes, length);
    return treated->treatment == DEVICE ? option_set_device(s, bytes, length) : 1;
}

static int set_value(struct socket *s, int level, int name, const char *bytes, size_t length)
{
    int value = 0;
    if (level == IPPROTO_TCP && s->type != SOCK_STREAM)
        return -ENOPROTOOPT;
    if (level == IPPROTO_IPV6 && s->family == AF_INET)
        return -ENOPROTOOPT; /* as the kernel says of an IPv4 socket */
    if (level == IPPROTO_TCP && name == TCP_FASTOPEN && s->state != SOCKET_NEW && s->state != SOCKET_LISTENING)
        return -EINVAL;
    int result = set_in_stack(s, level, name, bytes, length);
    if (result > 0)
        result = set_special(s, level, name, bytes, length);
    if (result <= 0)
        return result;
    if (length >= sizeof value)
        memcpy(&value, bytes, sizeof value);
    else if (length >= 1 && level == IPPROTO_IP)
        value = (uint8_t)bytes[0]; /* as Linux takes them */
    else
        return -EINVAL;
    result = level == IPPROTO_IP && name == IP_MULTICAST_IF ? option_set_group_interface(s, bytes, length)
                                                            : set_int(s, find(level, name), value);
    if (result == 0)
        option_keep(s, level, name, value, bytes, length);
    return result;
}

static void set_low_waters(const struct call *call, struct socket *s)
{
    int a = take_end(call->tid, (int)call->argument[0], s->inode);
    option_low_waters(s, a);
    if (a >= 0)
        close(a);
}

void call_setsockopt(const struct call *call, struct socket *s)
{
    int level = (int)call->argument[1], name = (int)call->argument[2], length = (int)call->argument[4];
    const struct treated_option *treated = find(level, name);
    char bytes[320]; /* struct group_source_req */
    if (treated && treated->treatment == PASS) {
        s->patient = true;
        call_pass(call);
        return;
    }
    size_t count = length < 0 ? 0 : (size_t)length < sizeof bytes ? (size_t)length : sizeof bytes;
    int result = length < 0 ? -EINVAL : call_read(call, call->argument[3], bytes, count);
    if (result == 0)
        result = set_value(s, level, name, bytes, count);
    if (result == 0 &&
        ((level == SOL_SOCKET && name == SO_RCVLOWAT) || (level == IPPROTO_TCP && name == TCP_NOTSENT_LOWAT)))
        set_low_waters(call, s);
    call_error(call, result);
}

void options_repeat(struct socket *s)
{
    for (unsigned i = 0; i < s->options; i++) {
        const struct kept_option *kept = &s->option[i];
        const struct treated_option *treated = find(kept->level, kept->name);
        if (baro_posix_option_set(s->host->config.stack, s->fd, kept->level, kept->name, kept->bytes, kept->length) >
                0 &&
            treated)
            set_int(s, treated, kept->value);
    }
}

int option_take_error(struct socket *s)
{
    int error = s->error;
    size_t length = sizeof error;
    s->error = 0;
    if (!error && s->fd >= 0 && s->state != SOCKET_CONNECTING)
        baro_getsockopt(s->host->config.stack, s->fd, BARO_SO_ERROR, &error, &length);
    return error;
}

static int protocol_of(const struct socket *s)
{
    if (s->ping)
        return s->family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
    return s->type == SOCK_STREAM ? (int)IPPROTO_TCP : (int)IPPROTO_UDP;
}

/* What the supervisor knows by itself; false: it is another option. */
static bool get_own(struct socket *s, int level, int name, int *value)
{
    if (level != SOL_SOCKET)
        return false;
    if (name == SO_ERROR)
        *value = option_take_error(s);
    else if (name == SO_TYPE)
        *value = s->type;
    else if (name == SO_DOMAIN)
        *value = s->family;
    else if (name == SO_PROTOCOL)
        *value = protocol_of(s);
    else if (name == SO_ACCEPTCONN)
        *value = s->state == SOCKET_LISTENING;
    else
        return false;
    return true;
}

static int get_int(struct socket *s, const struct treated_option *treated, int *value)
{
    const struct kept_option *kept = option_find_kept(s, treated->level, treated->name);
    size_t length = sizeof *value;
    bool asks_stack = treated->treatment <= STACK_BUFFER;
    *value = kept ? kept->value : 0;
    if (asks_stack && s->fd < 0)
        return 0;
    switch (treated->treatment) {
    case STACK_INT:
    case STACK_OR_DEFAULT:
    case STACK_BUFFER:
        return baro_getsockopt(s->host->config.stack, s->fd, (enum baro_option)treated->option, value,
                               &length);
    case FRAGMENT:
        *value = kept ? kept->value : IP_PMTUDISC_WANT;
        return 0;
    case ANCILLARY:
        *value = (s->ancillary & (unsigned)treated->option) != 0;
        return 0;
    case FRAGMENT_SIZE:
        return s->fd < 0 ? -ENOTCONN
                         : baro_getsockopt(s->host->config.stack, s->fd, BARO_IP_MTU, value, &length);
    case WHOLE:
    case RECEIVE_ERROR:
        *value = *value != 0;
        return 0;
    case GROUP_INTERFACE:
        return 0; /* as it was set */
    case KEEP:
    case KEEP_FLAG:
        *value = kept ? kept->value : treated->option;
        return 0;
    case ALWAYS:
        *value = treated->option;
        return 0;
    case ZERO:
        return 0;
    default:
        return option_refuse(s, false, treated->level, treated->name, ENOPROTOOPT);
    }
}

/* Connections that wait for accept are ours, no longer the stack's. */
static void add_arrivals(const struct socket *s, char *info, size_t length)
{
    const size_t at = offsetof(struct tcp_info, tcpi_unacked);
    uint32_t queued;
    if (length < at + sizeof queued)
        return;
    memcpy(&queued, info + at, sizeof queued);
    queued += s->arrivals;
    memcpy(info + at, &queued, sizeof queued);
}

/* What the stack keeps as it is: its length, -errno, or 0: it is none of these. */
static int get_in_stack(struct socket *s, int level, int name, void *bytes, socklen_t length)
{
    const struct kept_option *kept = option_find_kept(s, level, name);
    const int quick = 1; /* what Linux begins with: ACKs are quick while a connection is young */
    socklen_t room = length;
    int result = baro_posix_option_get(s->host->config.stack, s->fd, level, name, bytes, &room);
    if (result == 0 && level == IPPROTO_TCP && name == TCP_QUICKACK && !kept) {
        memcpy(bytes, &quick, sizeof quick);
        return sizeof quick;
    }
    if (result == -EBADF && s->fd < 0) { /* over */
        room = kept ? kept->length : sizeof(int);
        memset(bytes, 0, room);
        if (kept)
            memcpy(bytes, kept->bytes, room);
        if (level == IPPROTO_TCP && name == TCP_INFO) {
            const struct baro_tcp_info closed = { .state = BARO_TCP_CLOSED };
            room = (socklen_t)baro_posix_tcp_info(&closed, bytes, length);
        }
        return (int)room;
    }
    if (result == 0 && level == IPPROTO_TCP && name == TCP_INFO && s->state == SOCKET_LISTENING)
        add_arrivals(s, bytes, room);
    return result == 0 ? (int)room : result > 0 ? 0 : result;
}

static bool is_known_level(int level)
{
    return level == SOL_SOCKET || level == IPPROTO_IP || level == IPPROTO_IPV6 || level == IPPROTO_TCP;
}

/* The value into `bytes` (of 512), for who has `room`; its length or -errno. */
static int get_value(struct socket *s, int level, int name, void *bytes, size_t room)
{
    const struct treated_option *treated = find(level, name);
    int value = 0, result;
    if (level == IPPROTO_TCP && s->type != SOCK_STREAM)
        return -EOPNOTSUPP;
    if (treated && treated->treatment == DEVICE)
        return option_get_device(s, bytes);
    if (get_own(s, level, name, &value)) {
        result = 0;
    } else {
        result = get_in_stack(s, level, name, bytes, (socklen_t)(room < 512 ? room < 8 ? 4 : room : 512));
        if (result != 0)
            return result;
        if (level == IPPROTO_IPV6 && s->family == AF_INET)
            result = -EOPNOTSUPP;
        else if (treated)
            result = get_int(s, treated, &value);
        else
            result = option_refuse(s, false, level, name, is_known_level(level) ? ENOPROTOOPT : EOPNOTSUPP);
    }
    memcpy(bytes, &value, sizeof value);
    return result ? result : (int)sizeof value;
}

void call_getsockopt(const struct call *call, struct socket *s)
{
    int level = (int)call->argument[1], name = (int)call->argument[2], room;
    const struct treated_option *treated = find(level, name);
    char bytes[512];
    if (treated && treated->treatment == PASS) {
        call_pass(call);
        return;
    }
    int result = call_read(call, call->argument[4], &room, sizeof room);
    if (level == SOL_SOCKET && name == SO_ERROR && s->type == SOCK_DGRAM && s->error)
        s->error = -datagram_pending(call, s); /* told now, and by no other call */
    if (result == 0)
        result = room < 0 ? -EINVAL : get_value(s, level, name, bytes, (size_t)room);
    if (result >= 0) {
        int length = result < room ? result : room;
        result = call_write(call, call->argument[3], bytes, (size_t)length);
        if (result == 0)
            result = call_write(call, call->argument[4], &length, sizeof length);
    }
    call_error(call, result);
}
