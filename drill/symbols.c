/* drill/symbols.c: tables of names. Numbers come from this machine's headers where it has them, so that a
 * script means what a program that was compiled here means. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

struct symbol {
    const char *name;
    long long number;
};

#define SYMBOL(name)                                                                                         \
    {                                                                                                        \
#name, name                                                                                          \
    }

static const struct symbol constants[] = {
    SYMBOL(AF_INET),         SYMBOL(AF_INET6),       SYMBOL(AF_UNSPEC),        SYMBOL(PF_INET),
    SYMBOL(PF_INET6),        SYMBOL(SOCK_STREAM),    SYMBOL(SOCK_DGRAM),       SYMBOL(SOCK_RAW),
    SYMBOL(SOCK_NONBLOCK),   SYMBOL(SOCK_CLOEXEC),   SYMBOL(IPPROTO_IP),       SYMBOL(IPPROTO_TCP),
    SYMBOL(IPPROTO_UDP),     SYMBOL(IPPROTO_ICMP),   SYMBOL(IPPROTO_IPV6),     SYMBOL(SOL_SOCKET),
    SYMBOL(SOL_IP),          SYMBOL(SOL_TCP),        { "SOL_UDP", 17 },        SYMBOL(INADDR_ANY),
    SYMBOL(SHUT_RD),         SYMBOL(SHUT_WR),        SYMBOL(SHUT_RDWR),        SYMBOL(F_GETFL),
    SYMBOL(F_SETFL),         SYMBOL(O_RDWR),         SYMBOL(O_RDONLY),         SYMBOL(O_WRONLY),
    SYMBOL(O_NONBLOCK),      SYMBOL(MSG_PEEK),       SYMBOL(MSG_OOB),          SYMBOL(MSG_MORE),
    SYMBOL(MSG_TRUNC),       SYMBOL(MSG_DONTWAIT),   SYMBOL(MSG_NOSIGNAL),     SYMBOL(MSG_WAITALL),
    SYMBOL(SO_ERROR),        SYMBOL(SO_TYPE),        SYMBOL(SO_ACCEPTCONN),    SYMBOL(SO_REUSEADDR),
    SYMBOL(SO_REUSEPORT),    SYMBOL(SO_BROADCAST),   SYMBOL(SO_KEEPALIVE),     SYMBOL(SO_LINGER),
    SYMBOL(SO_SNDBUF),       SYMBOL(SO_RCVBUF),      SYMBOL(SO_OOBINLINE),     SYMBOL(SO_SNDTIMEO),
    SYMBOL(SO_RCVTIMEO),     SYMBOL(IP_TTL),         SYMBOL(IP_TOS),           SYMBOL(IP_MTU),
    SYMBOL(IP_MTU_DISCOVER), SYMBOL(IP_PMTUDISC_DO), SYMBOL(IP_PMTUDISC_DONT), SYMBOL(IP_PMTUDISC_WANT),
    SYMBOL(TCP_NODELAY),     SYMBOL(TCP_MAXSEG),     SYMBOL(TCP_CORK),         SYMBOL(TCP_KEEPIDLE),
    SYMBOL(TCP_KEEPINTVL),   SYMBOL(TCP_KEEPCNT),    SYMBOL(TCP_QUICKACK),     SYMBOL(TCP_USER_TIMEOUT),
    SYMBOL(TCP_INFO),        SYMBOL(TCP_SYNCNT),     SYMBOL(TCP_DEFER_ACCEPT), SYMBOL(TCP_WINDOW_CLAMP),
    SYMBOL(TCP_CONGESTION),  SYMBOL(POLLIN),         SYMBOL(POLLOUT),          SYMBOL(POLLPRI),
    SYMBOL(POLLERR),         SYMBOL(POLLHUP),        SYMBOL(POLLNVAL),         SYMBOL(POLLRDHUP)
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

static const struct symbol icmp_types[] = { { "echo_reply", 0 },         { "unreachable", 3 },
                                            { "source_quench", 4 },      { "redirect", 5 },
                                            { "echo_request", 8 },       { "time_exceeded", 11 },
                                            { "parameter_problem", 12 }, { "timestamp_request", 13 },
                                            { "timestamp_reply", 14 } };

static const struct symbol unreachable_codes[] = { { "net", 0 },
                                                   { "host", 1 },
                                                   { "protocol", 2 },
                                                   { "port", 3 },
                                                   { "frag_needed", 4 },
                                                   { "source_route_failed", 5 },
                                                   { "net_unknown", 6 },
                                                   { "host_unknown", 7 },
                                                   { "source_host_isolated", 8 },
                                                   { "net_prohibited", 9 },
                                                   { "host_prohibited", 10 },
                                                   { "net_unreachable_for_tos", 11 },
                                                   { "host_unreachable_for_tos", 12 },
                                                   { "packet_filtered", 13 },
                                                   { "host_precedence_violation", 14 },
                                                   { "precedence_cutoff", 15 } };

static const struct symbol exceeded_codes[] = { { "ttl", 0 }, { "reassembly", 1 } };

#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

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

int drill_symbol_icmp_type(const char *name, size_t length)
{
    const struct symbol *symbol = find(icmp_types, LENGTH(icmp_types), name, length);

    return symbol == NULL ? -1 : (int)symbol->number;
}

static const struct symbol *codes_of(int type, size_t *count)
{
    *count = type == 3 ? LENGTH(unreachable_codes) : type == 11 ? LENGTH(exceeded_codes) : 0;
    return type == 3 ? unreachable_codes : exceeded_codes;
}

int drill_symbol_icmp_code(int type, const char *name, size_t length)
{
    size_t count;
    const struct symbol *table = codes_of(type, &count);
    const struct symbol *symbol = find(table, count, name, length);

    return symbol == NULL ? -1 : (int)symbol->number;
}

const char *drill_symbol_icmp_type_name(int type)
{
    return find_number(icmp_types, LENGTH(icmp_types), type);
}

const char *drill_symbol_icmp_code_name(int type, int code)
{
    size_t count;
    const struct symbol *table = codes_of(type, &count);

    return find_number(table, count, code);
}
