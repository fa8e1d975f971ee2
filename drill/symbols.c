/* drill/symbols.c: tables of names. Numbers come from this machine's headers where it has them, so that a
 * script means what a program that was compiled here means. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

struct symbol {
    const char *name;
    long long number;
};

#define SYMBOL(name)                                                                                         \
    {                                                                                                        \
#name, name                                                                                          \
    }

static const struct symbol constants[] = {
    SYMBOL(AF_INET), SYMBOL(AF_INET6), SYMBOL(AF_UNSPEC), SYMBOL(PF_INET), SYMBOL(PF_INET6), SYMBOL(PF_UNSPEC),
    SYMBOL(SOCK_STREAM), SYMBOL(SOCK_DGRAM), SYMBOL(SOCK_RAW), SYMBOL(SOCK_NONBLOCK), SYMBOL(SOCK_CLOEXEC),
    SYMBOL(IPPROTO_IP), SYMBOL(IPPROTO_TCP), SYMBOL(IPPROTO_UDP), SYMBOL(IPPROTO_ICMP), SYMBOL(IPPROTO_IPV6),
    SYMBOL(IPPROTO_ICMPV6), SYMBOL(SOL_SOCKET), SYMBOL(SOL_IP), SYMBOL(SOL_TCP), { "SOL_UDP", 17 },
    SYMBOL(SOL_IPV6), SYMBOL(INADDR_ANY), SYMBOL(SHUT_RD), SYMBOL(SHUT_WR), SYMBOL(SHUT_RDWR), SYMBOL(F_GETFD),
    SYMBOL(F_SETFD), SYMBOL(F_GETFL), SYMBOL(F_SETFL), SYMBOL(FD_CLOEXEC), SYMBOL(O_RDWR), SYMBOL(O_RDONLY),
    SYMBOL(O_WRONLY), SYMBOL(O_NONBLOCK), SYMBOL(MSG_PEEK), SYMBOL(MSG_OOB), SYMBOL(MSG_MORE),
    SYMBOL(MSG_TRUNC), SYMBOL(MSG_CTRUNC), SYMBOL(MSG_DONTWAIT), SYMBOL(MSG_NOSIGNAL), SYMBOL(MSG_WAITALL),
    SYMBOL(MSG_ERRQUEUE), SYMBOL(MSG_EOR), SYMBOL(MSG_CONFIRM), SYMBOL(MSG_DONTROUTE), SYMBOL(MSG_FASTOPEN),
    SYMBOL(MSG_ZEROCOPY), SYMBOL(MSG_CMSG_CLOEXEC), SYMBOL(SO_ERROR), SYMBOL(SO_TYPE), SYMBOL(SO_DOMAIN),
    SYMBOL(SO_PROTOCOL), SYMBOL(SO_ACCEPTCONN), SYMBOL(SO_REUSEADDR), SYMBOL(SO_REUSEPORT),
    SYMBOL(SO_BROADCAST), SYMBOL(SO_KEEPALIVE), SYMBOL(SO_LINGER), SYMBOL(SO_SNDBUF), SYMBOL(SO_RCVBUF),
    SYMBOL(SO_SNDBUFFORCE), SYMBOL(SO_RCVBUFFORCE), SYMBOL(SO_OOBINLINE), SYMBOL(SO_SNDTIMEO),
    SYMBOL(SO_RCVTIMEO), SYMBOL(SO_SNDLOWAT), SYMBOL(SO_RCVLOWAT), SYMBOL(SO_BINDTODEVICE), SYMBOL(SO_PRIORITY),
    SYMBOL(SO_MARK), SYMBOL(SO_DEBUG), SYMBOL(SO_DONTROUTE), SYMBOL(SO_NO_CHECK), SYMBOL(SO_TIMESTAMP),
    SYMBOL(SO_TIMESTAMPNS), SYMBOL(SO_TIMESTAMPING), SYMBOL(SO_MAX_PACING_RATE), SYMBOL(SO_ZEROCOPY),
    SYMBOL(SO_TXTIME), SYMBOL(SO_INCOMING_CPU), SYMBOL(SO_BUSY_POLL), SYMBOL(SO_RXQ_OVFL),
    SYMBOL(SO_LOCK_FILTER), SYMBOL(SO_ATTACH_FILTER), SYMBOL(SO_COOKIE), SYMBOL(SO_PEEK_OFF), SYMBOL(IP_TTL),
    SYMBOL(IP_TOS), SYMBOL(IP_MTU), SYMBOL(IP_MTU_DISCOVER), SYMBOL(IP_PMTUDISC_DO), SYMBOL(IP_PMTUDISC_DONT),
    SYMBOL(IP_PMTUDISC_WANT), SYMBOL(IP_PMTUDISC_PROBE), SYMBOL(IP_PMTUDISC_INTERFACE),
    SYMBOL(IP_PMTUDISC_OMIT), SYMBOL(IP_RECVERR), SYMBOL(IP_RECVTTL), SYMBOL(IP_RECVTOS), SYMBOL(IP_PKTINFO),
    SYMBOL(IP_FREEBIND), SYMBOL(IP_TRANSPARENT), SYMBOL(IP_BIND_ADDRESS_NO_PORT), SYMBOL(IP_MINTTL),
    SYMBOL(IP_OPTIONS), SYMBOL(IP_HDRINCL), SYMBOL(IP_MULTICAST_TTL), SYMBOL(IP_MULTICAST_LOOP),
    SYMBOL(IP_UNICAST_IF), SYMBOL(IPV6_V6ONLY), SYMBOL(IPV6_UNICAST_HOPS), SYMBOL(IPV6_MULTICAST_HOPS),
    SYMBOL(IPV6_HOPLIMIT), SYMBOL(IPV6_RECVHOPLIMIT), SYMBOL(IPV6_TCLASS), SYMBOL(IPV6_RECVTCLASS),
    SYMBOL(IPV6_MTU), SYMBOL(IPV6_DONTFRAG), SYMBOL(IPV6_MTU_DISCOVER), SYMBOL(IPV6_PMTUDISC_DO),
    SYMBOL(IPV6_PMTUDISC_DONT), SYMBOL(IPV6_PMTUDISC_WANT), SYMBOL(IPV6_PMTUDISC_PROBE), SYMBOL(IPV6_RECVERR),
    SYMBOL(IPV6_PKTINFO), SYMBOL(IPV6_RECVPKTINFO), SYMBOL(TCP_NODELAY), SYMBOL(TCP_MAXSEG), SYMBOL(TCP_CORK),
    SYMBOL(TCP_KEEPIDLE), SYMBOL(TCP_KEEPINTVL), SYMBOL(TCP_KEEPCNT), SYMBOL(TCP_SYNCNT), SYMBOL(TCP_LINGER2),
    SYMBOL(TCP_DEFER_ACCEPT), SYMBOL(TCP_WINDOW_CLAMP), SYMBOL(TCP_INFO), SYMBOL(TCP_QUICKACK),
    SYMBOL(TCP_CONGESTION), SYMBOL(TCP_MD5SIG), SYMBOL(TCP_MD5SIG_EXT), SYMBOL(TCP_THIN_LINEAR_TIMEOUTS),
    SYMBOL(TCP_THIN_DUPACK), SYMBOL(TCP_USER_TIMEOUT), SYMBOL(TCP_REPAIR), SYMBOL(TCP_FASTOPEN),
    SYMBOL(TCP_FASTOPEN_CONNECT), SYMBOL(TCP_FASTOPEN_KEY), SYMBOL(TCP_FASTOPEN_NO_COOKIE),
    SYMBOL(TCP_TIMESTAMP), SYMBOL(TCP_NOTSENT_LOWAT), SYMBOL(TCP_CC_INFO), SYMBOL(TCP_SAVE_SYN),
    SYMBOL(TCP_SAVED_SYN), SYMBOL(TCP_ULP), SYMBOL(TCP_INQ), SYMBOL(TCP_CM_INQ), SYMBOL(TCP_TX_DELAY),
    SYMBOL(TCP_ZEROCOPY_RECEIVE), SYMBOL(POLLIN), SYMBOL(POLLOUT), SYMBOL(POLLPRI), SYMBOL(POLLERR),
    SYMBOL(POLLHUP), SYMBOL(POLLNVAL), SYMBOL(POLLRDHUP), SYMBOL(POLLRDNORM), SYMBOL(POLLRDBAND),
    SYMBOL(POLLWRNORM), SYMBOL(POLLWRBAND), SYMBOL(EPOLLIN), SYMBOL(EPOLLOUT), SYMBOL(EPOLLPRI),
    SYMBOL(EPOLLERR), SYMBOL(EPOLLHUP), SYMBOL(EPOLLRDHUP), SYMBOL(EPOLLRDNORM), SYMBOL(EPOLLWRNORM),
    SYMBOL(EPOLLET), SYMBOL(EPOLLONESHOT), SYMBOL(EPOLLEXCLUSIVE), SYMBOL(EPOLL_CLOEXEC), SYMBOL(EPOLL_CTL_ADD),
    SYMBOL(EPOLL_CTL_DEL), SYMBOL(EPOLL_CTL_MOD), SYMBOL(SIOCINQ), SYMBOL(SIOCOUTQ), SYMBOL(SIOCOUTQNSD),
    SYMBOL(FIONREAD), SYMBOL(FIONBIO), SYMBOL(SO_EE_CODE_ZEROCOPY_COPIED), SYMBOL(SCM_TSTAMP_SND),
    SYMBOL(SCM_TSTAMP_SCHED),
    SYMBOL(SCM_TSTAMP_ACK), SYMBOL(SOF_TIMESTAMPING_SOFTWARE), SYMBOL(SOF_TIMESTAMPING_OPT_ID),
    SYMBOL(SOF_TIMESTAMPING_TX_SCHED), SYMBOL(SOF_TIMESTAMPING_TX_SOFTWARE), SYMBOL(SOF_TIMESTAMPING_TX_ACK),
    SYMBOL(SO_EE_ORIGIN_NONE), SYMBOL(SO_EE_ORIGIN_LOCAL),
    SYMBOL(SO_EE_ORIGIN_ICMP), SYMBOL(SO_EE_ORIGIN_ICMP6), SYMBOL(SO_EE_ORIGIN_TIMESTAMPING),
    SYMBOL(SO_EE_ORIGIN_ZEROCOPY), SYMBOL(SCM_TIMESTAMPING), SYMBOL(SCM_TIMESTAMPNS),
    SYMBOL(SPLICE_F_MOVE), SYMBOL(SPLICE_F_NONBLOCK), SYMBOL(SPLICE_F_MORE), SYMBOL(SPLICE_F_GIFT)
};

static const struct symbol errors[] = { SYMBOL(EPERM),
                                        SYMBOL(ENOENT),
                                        SYMBOL(EINTR),
                                        SYMBOL(EIO),
                                        SYMBOL(EBADF),
                                        SYMBOL(EAGAIN),
                                        SYMBOL(ENOMEM),
                                        SYMBOL(EACCES),
                                        SYMBOL(EFAULT),
                                        SYMBOL(EBUSY),
                                        SYMBOL(EEXIST),
                                        SYMBOL(ENODEV),
                                        SYMBOL(EINVAL),
                                        SYMBOL(ENFILE),
                                        SYMBOL(EMFILE),
                                        SYMBOL(ENOSPC),
                                        SYMBOL(ESPIPE),
                                        SYMBOL(EPIPE),
                                        SYMBOL(EDOM),
                                        SYMBOL(ENOTSOCK),
                                        SYMBOL(EDESTADDRREQ),
                                        SYMBOL(EMSGSIZE),
                                        SYMBOL(EPROTOTYPE),
                                        SYMBOL(ENOPROTOOPT),
                                        SYMBOL(EPROTONOSUPPORT),
                                        SYMBOL(EOPNOTSUPP),
                                        SYMBOL(EAFNOSUPPORT),
                                        SYMBOL(EADDRINUSE),
                                        SYMBOL(EADDRNOTAVAIL),
                                        SYMBOL(ENETDOWN),
                                        SYMBOL(ENETUNREACH),
                                        SYMBOL(ENETRESET),
                                        SYMBOL(ECONNABORTED),
                                        SYMBOL(ECONNRESET),
                                        SYMBOL(ENOBUFS),
                                        SYMBOL(EISCONN),
                                        SYMBOL(ENOTCONN),
                                        SYMBOL(ESHUTDOWN),
                                        SYMBOL(ETIMEDOUT),
                                        SYMBOL(ECONNREFUSED),
                                        SYMBOL(EHOSTDOWN),
                                        SYMBOL(EHOSTUNREACH),
                                        SYMBOL(EALREADY),
                                        SYMBOL(EINPROGRESS),
                                        SYMBOL(EPROTO),
                                        { "EWOULDBLOCK", EAGAIN },
                                        { "ENOTSUP", EOPNOTSUPP } };

/* A type of ICMP with its codes. A code may have several names, and the first is the one that is printed: short names
 * are of both families, so that a script can be too. */
struct icmp_symbol {
    struct symbol type;
    const struct symbol *codes;
    size_t count;
};

static const struct symbol unreachable_codes[] = {
    { "net", 0 },           { "host", 1 },           { "protocol", 2 },
    { "port", 3 },          { "frag_needed", 4 },    { "source_route_failed", 5 },
    { "net_unknown", 6 },   { "host_unknown", 7 },   { "source_host_isolated", 8 },
    { "net_prohibited", 9 }, { "host_prohibited", 10 }, { "net_unreachable_for_tos", 11 },
    { "host_unreachable_for_tos", 12 }, { "packet_filtered", 13 }, { "host_precedence_violation", 14 },
    { "precedence_cutoff", 15 }, { "net_unreachable", 0 }, { "host_unreachable", 1 },
    { "protocol_unreachable", 2 }, { "port_unreachable", 3 }, { "precedence_violation", 14 }
};
static const struct symbol redirect_codes[] = {
    { "net", 0 }, { "host", 1 }, { "net_for_tos", 2 }, { "host_for_tos", 3 }
};
static const struct symbol exceeded_codes[] = { { "ttl", 0 }, { "reassembly", 1 } };

static const struct symbol unreachable_codes_v6[] = {
    { "no_route", 0 },    { "admin_prohibited", 1 }, { "not_neighbour", 2 },    { "address_unreachable", 3 },
    { "beyond_scope", 2 }, { "addr_unreachable", 3 },
    { "port_unreachable", 4 }, { "source_policy", 5 }, { "reject_route", 6 },   { "net", 0 },
    { "net_unreachable", 0 }, { "host", 3 },         { "host_unreachable", 3 }, { "port", 4 }
};
static const struct symbol exceeded_codes_v6[] = { { "exceeded_hop_limit", 0 }, { "exceeded_frag_time", 1 },
                                                   { "ttl", 0 }, { "reassembly", 1 } };
static const struct symbol problem_codes_v6[] = { { "header_field", 0 }, { "unknown_next_header", 1 },
                                                  { "unknown_option", 2 }, { "incomplete_chain", 3 } };

#define LENGTH(table) (sizeof(table) / sizeof(table)[0])
#define CODES(table) table, LENGTH(table)

static const struct icmp_symbol icmp_types[] = {
    { { "echo_reply", 0 }, NULL, 0 },         { { "unreachable", 3 }, CODES(unreachable_codes) },
    { { "source_quench", 4 }, NULL, 0 },      { { "redirect", 5 }, CODES(redirect_codes) },
    { { "echo_request", 8 }, NULL, 0 },       { { "time_exceeded", 11 }, CODES(exceeded_codes) },
    { { "parameter_problem", 12 }, NULL, 0 }, { { "timestamp_request", 13 }, NULL, 0 },
    { { "timestamp_reply", 14 }, NULL, 0 },   { { "information_request", 15 }, NULL, 0 },
    { { "information_reply", 16 }, NULL, 0 }, { { "address_mask_request", 17 }, NULL, 0 },
    { { "address_mask_reply", 18 }, NULL, 0 }
};
static const struct icmp_symbol icmp_types_v6[] = {
    { { "unreachable", 1 }, CODES(unreachable_codes_v6) },   { { "packet_too_big", 2 }, NULL, 0 },
    { { "time_exceeded", 3 }, CODES(exceeded_codes_v6) },    { { "parameter_problem", 4 }, CODES(problem_codes_v6) },
    { { "echo_request", 128 }, NULL, 0 },                    { { "echo_reply", 129 }, NULL, 0 }
};

static const struct symbol *find(const struct symbol *table, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

static const char *find_number(const struct symbol *table, size_t count, long long number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}

bool drill_symbol_constant(const char *name, size_t length, long long *number)
{
    const struct symbol *symbol = find(constants, LENGTH(constants), name, length);

    if (symbol == NULL) /* {ee_errno=ECONNREFUSED} */
        symbol = find(errors, LENGTH(errors), name, length);
    if (symbol != NULL)
        *number = symbol->number;
    return symbol != NULL;
}

int drill_symbol_errno(const char *name, size_t length)
{
    const struct symbol *symbol = find(errors, LENGTH(errors), name, length);

    return symbol == NULL ? 0 : (int)symbol->number;
}

const char *drill_symbol_errno_name(int number)
{
    const char *name = find_number(errors, LENGTH(errors), number);

    return name == NULL ? "errno" : name;
}

/* By name, or by number where that is NULL. NULL: there is none. */
static const struct icmp_symbol *find_type(bool v6, const char *name, size_t length, int number)
{
    const struct icmp_symbol *table = v6 ? icmp_types_v6 : icmp_types;
    size_t count = v6 ? LENGTH(icmp_types_v6) : LENGTH(icmp_types);

    for (size_t i = 0; i < count; i++) {
        const struct symbol *type = &table[i].type;

        if (name == NULL ? type->number == number
                         : strlen(type->name) == length && memcmp(type->name, name, length) == 0)
            return &table[i];
    }
    return NULL;
}

int drill_symbol_icmp_type(bool v6, const char *name, size_t length)
{
    const struct icmp_symbol *type = find_type(v6, name, length, 0);

    return type == NULL ? -1 : (int)type->type.number;
}

int drill_symbol_icmp_code(bool v6, int type, const char *name, size_t length)
{
    const struct icmp_symbol *of = find_type(v6, NULL, 0, type);
    const struct symbol *symbol = of == NULL ? NULL : find(of->codes, of->count, name, length);

    return symbol == NULL ? -1 : (int)symbol->number;
}

const char *drill_symbol_icmp_type_name(bool v6, int type)
{
    const struct icmp_symbol *symbol = find_type(v6, NULL, 0, type);

    return symbol == NULL ? NULL : symbol->type.name;
}

const char *drill_symbol_icmp_code_name(bool v6, int type, int code)
{
    const struct icmp_symbol *of = find_type(v6, NULL, 0, type);

    return of == NULL ? NULL : find_number(of->codes, of->count, code);
}
