/* options.c: getsockopt and setsockopt.
 *
 * A table says for each option what becomes of it: the stack knows it (with a conversion of the value), it is
 * kept and told again because nothing depends on it here (SO_PRIORITY), it is passed to A because it is about
 * waiting (SO_RCVTIMEO), or it is refused as a kernel refuses a thing it lacks, with one line to the person.
 * What was set is remembered, because a failed connect takes a new descriptor of the stack. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "run/internal.h"

enum treatment {
    STACK_INT,     /* the stack's option, an int */
    STACK_OR_DEFAULT, /* the same, -1 for the stack's own value */
    STACK_BUFFER,  /* an int that Linux doubles, within limits */
    STACK_SECONDS, /* a duration */
    STACK_MILLISECONDS,
    STACK_LINGER,
    PACKET_INFORMATION, /* IPV6_PKTINFO, write only */
    DEVICE,      /* SO_BINDTODEVICE */
    FRAGMENT,    /* IP_MTU_DISCOVER */
    WHOLE,       /* IPV6_DONTFRAG */
    FRAGMENT_SIZE, /* IPV6_MTU: written, of fragments; read, of the path */
    GROUP_INTERFACE, /* IPV6_MULTICAST_IF, IP_MULTICAST_IF */
    RECEIVE_ERROR, /* IP_RECVERR: the stack's for datagrams and pings; else kept */
    ANCILLARY,   /* asks for a message header; `option` is the bit */
    KEEP,        /* `option` is the value before it was set */
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
    { SOL_SOCKET, SO_REUSEADDR, STACK_INT, BARO_SO_REUSE_ADDRESS },
    { SOL_SOCKET, SO_REUSEPORT, STACK_INT, BARO_SO_REUSE_PORT },
    { SOL_SOCKET, SO_BROADCAST, STACK_INT, BARO_SO_BROADCAST },
    { SOL_SOCKET, SO_KEEPALIVE, STACK_INT, BARO_SO_KEEPALIVE },
    { SOL_SOCKET, SO_OOBINLINE, STACK_INT, BARO_SO_OOB_INLINE },
    { SOL_SOCKET, SO_ACCEPTCONN, STACK_INT, BARO_SO_ACCEPTING },
    { SOL_SOCKET, SO_SNDBUF, STACK_BUFFER, BARO_SO_SEND_BUFFER },
    { SOL_SOCKET, SO_RCVBUF, STACK_BUFFER, BARO_SO_RECV_BUFFER },
    { SOL_SOCKET, SO_LINGER, STACK_LINGER, BARO_SO_LINGER },
    { SOL_SOCKET, SO_RCVTIMEO, PASS, 0 },
    { SOL_SOCKET, SO_SNDTIMEO, PASS, 0 },
    { SOL_SOCKET, TIMEOUT_NEW_RECV, PASS, 0 },
    { SOL_SOCKET, TIMEOUT_NEW_SEND, PASS, 0 },
    { SOL_SOCKET, SO_RCVLOWAT, PASS, 0 },
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
    { IPPROTO_TCP, TCP_NODELAY, STACK_INT, BARO_TCP_NODELAY },
    { IPPROTO_TCP, TCP_CORK, STACK_INT, BARO_TCP_CORK },
    { IPPROTO_TCP, TCP_QUICKACK, STACK_INT, BARO_TCP_QUICKACK },
    { IPPROTO_TCP, TCP_MAXSEG, STACK_INT, BARO_TCP_MAXSEG },
    { IPPROTO_TCP, TCP_KEEPCNT, STACK_INT, BARO_TCP_KEEPALIVE_COUNT },
    { IPPROTO_TCP, TCP_KEEPIDLE, STACK_SECONDS, BARO_TCP_KEEPALIVE_IDLE },
    { IPPROTO_TCP, TCP_KEEPINTVL, STACK_SECONDS, BARO_TCP_KEEPALIVE_INTERVAL },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, STACK_MILLISECONDS, BARO_TCP_USER_TIMEOUT },
    { IPPROTO_TCP, TCP_CONGESTION, STACK_INT, BARO_TCP_CONGESTION }, /* by name: options_tcp.c */
    { IPPROTO_TCP, TCP_SYNCNT, KEEP, 6 },
    { IPPROTO_TCP, TCP_LINGER2, KEEP, 60 },
    { IPPROTO_TCP, TCP_DEFER_ACCEPT, KEEP, 0 },
    { IPPROTO_TCP, TCP_WINDOW_CLAMP, KEEP, 0 },
    { IPPROTO_TCP, TCP_FASTOPEN, KEEP, 0 },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT, KEEP, 0 },
    { IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, KEEP, 0 },
    { IPPROTO_TCP, TCP_FASTOPEN_CONNECT, REFUSE, EOPNOTSUPP },
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

static const struct kept_option *find_kept(const struct socket *s, int level, int name)
{
    for (unsigned i = 0; i < s->options; i++) {
        if (s->option[i].level == level && s->option[i].name == name)
            return &s->option[i];
    }
    return NULL;
}

int option_kept(const struct socket *s, int level, int name, int otherwise)
{
    const struct kept_option *kept = find_kept(s, level, name);
    return kept ? kept->value : otherwise;
}

static void keep(struct socket *s, int level, int name, int value)
{
    struct kept_option *kept = NULL;
    for (unsigned i = 0; i < s->options; i++) {
        if (s->option[i].level == level && s->option[i].name == name)
            kept = &s->option[i];
    }
    if (!kept && s->options < KEPT_OPTIONS)
        kept = &s->option[s->options++];
    if (kept)
        *kept = (struct kept_option){ level, name, value };
}

int option_to_stack(struct socket *s, int option, const void *value, size_t length)
{
    return s->fd < 0 ? -EINVAL
                     : baro_setsockopt(s->host->config.stack, s->fd, (enum baro_option)option, value, length);
}

/* Linux doubles the size and stays silently within its limits. */
static int set_buffer(struct socket *s, int option, int value)
{
    int64_t wanted = value < 1152 ? 2304 : (int64_t)value * 2;
    int size = wanted > INT32_MAX ? INT32_MAX : (int)wanted;
    int result = option_to_stack(s, option, &size, sizeof size);
    while (result == -EINVAL && size > 4096) {
        size /= 2;
        result = option_to_stack(s, option, &size, sizeof size);
    }
    return result;
}

static int set_duration(struct socket *s, int option, int value, int64_t unit_ns)
{
    const struct baro_duration duration = { (int64_t)value * unit_ns };
    return value < 0 ? -EINVAL : option_to_stack(s, option, &duration, sizeof duration);
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
    case STACK_SECONDS:
        return set_duration(s, treated->option, value, 1000000000);
    case STACK_MILLISECONDS:
        return set_duration(s, treated->option, value, 1000000);
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
        return s->type == SOCK_DGRAM ? option_to_stack(s, treated->option, &on, sizeof on) : 0;
    case ANCILLARY:
        s->ancillary =
            on ? s->ancillary | (unsigned)treated->option : s->ancillary & ~(unsigned)treated->option;
        return 0;
    case KEEP:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_linger(struct socket *s, const void *bytes, size_t length)
{
    struct linger given;
    if (length < sizeof given)
        return -EINVAL;
    memcpy(&given, bytes, sizeof given);
    const struct baro_linger linger = { given.l_onoff != 0, { (int64_t)given.l_linger * 1000000000 } };
    return option_to_stack(s, BARO_SO_LINGER, &linger, sizeof linger);
}

static int refuse(struct socket *s, const char *what, int level, int name, int error)
{
    run_say_once(s->host->run, 128 + (unsigned)(level * 97 + name) % 384,
                 "%s(level %d, option %d): %s, not there yet", what, level, name, strerror(error));
    return -error;
}

static int set_value(struct socket *s, int level, int name, const char *bytes, size_t length)
{
    const struct treated_option *treated = find(level, name);
    int value = 0;
    if (level == IPPROTO_TCP && s->type != SOCK_STREAM)
        return -ENOPROTOOPT;
    if (level == IPPROTO_IPV6 && s->family == AF_INET)
        return -ENOPROTOOPT; /* as the kernel says of an IPv4 socket */
    int group = option_group(s, level, name, bytes, length);
    if (group <= 0)
        return group;
    if (!treated || treated->treatment == REFUSE)
        return refuse(s, "setsockopt", level, name, treated ? treated->option : ENOPROTOOPT);
    if (treated->treatment == PACKET_INFORMATION)
        return option_set_packet_information(s, bytes, length);
    if (treated->treatment == DEVICE)
        return option_set_device(s, bytes, length);
    if (treated->treatment == STACK_LINGER)
        return set_linger(s, bytes, length);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        value = option_congestion_number(bytes, length);
        if (value < 0)
            return value;
    } else if (length >= sizeof value)
        memcpy(&value, bytes, sizeof value);
    else if (length >= 1 && level == IPPROTO_IP)
        value = (uint8_t)bytes[0]; /* as Linux takes them */
    else
        return -EINVAL;
    int result = level == IPPROTO_IP && name == IP_MULTICAST_IF ? option_set_group_interface(s, bytes, length)
                                                                : set_int(s, treated, value);
    if (result == 0)
        keep(s, level, name, value);
    return result;
}

void call_setsockopt(const struct call *call, struct socket *s)
{
    int level = (int)call->argument[1], name = (int)call->argument[2], length = (int)call->argument[4];
    const struct treated_option *treated = find(level, name);
    char bytes[320]; /* struct group_source_req */
    if (treated && treated->treatment == PASS) {
        call_pass(call);
        return;
    }
    size_t count = length < 0 ? 0 : (size_t)length < sizeof bytes ? (size_t)length : sizeof bytes;
    int result = length < 0 ? -EINVAL : call_read(call, call->argument[3], bytes, count);
    if (result == 0)
        result = set_value(s, level, name, bytes, count);
    call_error(call, result);
}

void options_repeat(struct socket *s)
{
    for (unsigned i = 0; i < s->options; i++) {
        const struct treated_option *treated = find(s->option[i].level, s->option[i].name);
        if (treated)
            set_int(s, treated, s->option[i].value);
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

static int get_duration(struct socket *s, int option, int64_t unit_ns, int *value)
{
    struct baro_duration duration = { 0 };
    size_t length = sizeof duration;
    int result = baro_getsockopt(s->host->config.stack, s->fd, (enum baro_option)option, &duration, &length);
    *value = (int)(duration.ns / unit_ns);
    return result;
}

static int get_int(struct socket *s, const struct treated_option *treated, int *value)
{
    const struct kept_option *kept = find_kept(s, treated->level, treated->name);
    size_t length = sizeof *value;
    bool asks_stack = treated->treatment <= STACK_MILLISECONDS;
    *value = kept ? kept->value : 0;
    if (asks_stack && s->fd < 0)
        return 0;
    switch (treated->treatment) {
    case STACK_INT:
    case STACK_OR_DEFAULT:
    case STACK_BUFFER:
        return baro_getsockopt(s->host->config.stack, s->fd, (enum baro_option)treated->option, value,
                               &length);
    case STACK_SECONDS:
        return get_duration(s, treated->option, 1000000000, value);
    case STACK_MILLISECONDS:
        return get_duration(s, treated->option, 1000000, value);
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
        *value = kept ? kept->value : treated->option;
        return 0;
    default:
        return refuse(s, "getsockopt", treated->level, treated->name, ENOPROTOOPT);
    }
}

static int get_linger(struct socket *s, struct linger *linger)
{
    struct baro_linger value = { 0 };
    size_t length = sizeof value;
    int result =
        s->fd < 0 ? 0 : baro_getsockopt(s->host->config.stack, s->fd, BARO_SO_LINGER, &value, &length);
    *linger = (struct linger){ value.on, (int)(value.time.ns / 1000000000) };
    return result;
}

/* The value into `bytes` (of 512); its length or -errno. */
static int get_value(struct socket *s, int level, int name, void *bytes)
{
    const struct treated_option *treated = find(level, name);
    int value = 0, result;
    if (level == IPPROTO_TCP && s->type != SOCK_STREAM)
        return -EOPNOTSUPP;
    if (level == IPPROTO_TCP && name == TCP_INFO)
        return tcp_info_fill(s, bytes, 512);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return option_congestion_name(s, bytes);
    if (treated && treated->treatment == STACK_LINGER) {
        struct linger linger;
        result = get_linger(s, &linger);
        memcpy(bytes, &linger, sizeof linger);
        return result ? result : (int)sizeof linger;
    }
    if (treated && treated->treatment == DEVICE)
        return option_get_device(s, bytes);
    if (get_own(s, level, name, &value))
        result = 0;
    else if (level == IPPROTO_IPV6 && s->family == AF_INET)
        result = -EOPNOTSUPP;
    else if (treated)
        result = get_int(s, treated, &value);
    else
        result = refuse(s, "getsockopt", level, name, ENOPROTOOPT);
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
        result = room < 0 ? -EINVAL : get_value(s, level, name, bytes);
    if (result >= 0) {
        int length = result < room ? result : room;
        result = call_write(call, call->argument[3], bytes, (size_t)length);
        if (result == 0)
            result = call_write(call, call->argument[4], &length, sizeof length);
    }
    call_error(call, result);
}
