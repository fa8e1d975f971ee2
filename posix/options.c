/* posix/options.c: the options of <sys/socket.h> and <netinet/tcp.h> as those of the core; those of IP stand in
 * options_ip.c. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "internal.h"

/* Options that are one number on both sides. `scale_ns` of those that are times in the core. */
struct option_line {
    int level, name;
    enum baro_option option;
    int64_t scale_ns;
};

static const struct option_line lines[] = {
    { SOL_SOCKET, SO_ERROR, BARO_SO_ERROR, 0 },
    { SOL_SOCKET, SO_ACCEPTCONN, BARO_SO_ACCEPTING, 0 },
    { SOL_SOCKET, SO_REUSEADDR, BARO_SO_REUSE_ADDRESS, 0 },
    { SOL_SOCKET, SO_REUSEPORT, BARO_SO_REUSE_PORT, 0 },
    { SOL_SOCKET, SO_BROADCAST, BARO_SO_BROADCAST, 0 },
    { SOL_SOCKET, SO_KEEPALIVE, BARO_SO_KEEPALIVE, 0 },
    { SOL_SOCKET, SO_SNDBUF, BARO_SO_SEND_BUFFER, 0 },
    { SOL_SOCKET, SO_RCVBUF, BARO_SO_RECV_BUFFER, 0 },
    { SOL_SOCKET, SO_OOBINLINE, BARO_SO_OOB_INLINE, 0 },
    { IPPROTO_TCP, TCP_NODELAY, BARO_TCP_NODELAY, 0 },
    { IPPROTO_TCP, TCP_CORK, BARO_TCP_CORK, 0 },
    { IPPROTO_TCP, TCP_QUICKACK, BARO_TCP_QUICKACK, 0 },
    { IPPROTO_TCP, TCP_MAXSEG, BARO_TCP_MAXSEG, 0 },
    { IPPROTO_TCP, TCP_KEEPCNT, BARO_TCP_KEEPALIVE_COUNT, 0 },
    { IPPROTO_TCP, TCP_KEEPIDLE, BARO_TCP_KEEPALIVE_IDLE, 1000000000 },
    { IPPROTO_TCP, TCP_KEEPINTVL, BARO_TCP_KEEPALIVE_INTERVAL, 1000000000 },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, BARO_TCP_USER_TIMEOUT, 1000000 },
};

static const struct option_line *find_line(int level, int name)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].level == level && lines[i].name == name)
            return &lines[i];
    return NULL;
}

/* Writes what fits; *length becomes the value's. */
static int give(void *value, socklen_t *length, const void *from, size_t size)
{
    if (*length > size)
        *length = (socklen_t)size;
    memcpy(value, from, *length);
    return 0;
}

static int give_int(void *value, socklen_t *length, int number)
{
    return give(value, length, &number, sizeof number);
}

static int give_time(void *value, socklen_t *length, struct baro_duration span)
{
    struct timeval time = { span.ns / 1000000000, span.ns % 1000000000 / 1000 };

    return give(value, length, &time, sizeof time);
}

static int get_line(struct baro_posix_stack *stack, int fd, const struct option_line *line, void *value,
                    socklen_t *length)
{
    struct baro_duration span = { 0 };
    int number = 0, error;
    size_t size = line->scale_ns != 0 ? sizeof span : sizeof number;

    error = baro_getsockopt(stack->core, fd, line->option, line->scale_ns != 0 ? (void *)&span : &number, &size);
    if (error != 0)
        return error;
    return give_int(value, length, line->scale_ns != 0 ? (int)(span.ns / line->scale_ns) : number);
}

static int get_linger(struct baro_posix_stack *stack, int fd, void *value, socklen_t *length)
{
    struct baro_linger lingering;
    size_t size = sizeof lingering;
    int error = baro_getsockopt(stack->core, fd, BARO_SO_LINGER, &lingering, &size);
    struct linger told;

    if (error != 0)
        return error;
    told = (struct linger){ lingering.on, (int)(lingering.time.ns / 1000000000) };
    return give(value, length, &told, sizeof told);
}

static int get_info(struct baro_posix_stack *stack, int fd, void *value, socklen_t *length)
{
    struct baro_tcp_info info;
    size_t size = sizeof info;
    int error = baro_getsockopt(stack->core, fd, BARO_TCP_INFO, &info, &size);

    if (error == 0)
        *length = (socklen_t)baro_posix_tcp_info(&info, value, *length);
    return error;
}

enum { CONGESTION_NAME = 16 }; /* TCP_CA_NAME_MAX of Linux, NUL included */

static int get_congestion(struct baro_posix_stack *stack, int fd, void *value, socklen_t *length)
{
    char name[CONGESTION_NAME] = "";
    int number = 0, error;
    size_t size = sizeof number;

    error = baro_getsockopt(stack->core, fd, BARO_TCP_CONGESTION, &number, &size);
    if (error != 0)
        return error;
    strncpy(name, baro_congestion_name((enum baro_congestion)number), sizeof name - 1);
    return give(value, length, name, sizeof name);
}

/* What the library keeps itself. 1: it is none of these. */
static int get_own(const struct posix_file *file, int level, int name, void *value, socklen_t *length)
{
    if (level == SOL_SOCKET) {
        switch (name) {
        case SO_TYPE:
            return give_int(value, length, file->is_stream ? SOCK_STREAM : SOCK_DGRAM);
        case SO_PROTOCOL:
            return give_int(value, length, file->is_stream ? IPPROTO_TCP : file->is_ping ? IPPROTO_ICMP : IPPROTO_UDP);
        case SO_DOMAIN:
            return give_int(value, length, file->is_ipv6 ? AF_INET6 : AF_INET);
        case SO_RCVTIMEO:
            return give_time(value, length, file->recv_timeout);
        case SO_SNDTIMEO:
            return give_time(value, length, file->send_timeout);
        default:
            return 1;
        }
    }
    return 1;
}

static int get_option(struct baro_posix_stack *stack, int fd, int level, int name, void *value, socklen_t *length)
{
    const struct posix_file *file = posix_file(stack, fd);
    const struct option_line *line = find_line(level, name);
    int result;

    if (file == NULL)
        return -EBADF;
    if (value == NULL || length == NULL)
        return -EFAULT;
    result = get_own(file, level, name, value, length);
    if (result <= 0)
        return result;
    if (line != NULL)
        return get_line(stack, fd, line, value, length);
    if (level == SOL_SOCKET && name == SO_LINGER)
        return get_linger(stack, fd, value, length);
    if (level == IPPROTO_TCP && name == TCP_INFO)
        return get_info(stack, fd, value, length);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return get_congestion(stack, fd, value, length);
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        return posix_ip_get(stack, fd, level, name, value, length);
    return level == SOL_SOCKET || level == IPPROTO_TCP ? -ENOPROTOOPT : -EOPNOTSUPP;
}

int baro_posix_getsockopt_in(struct baro_posix_stack *stack, int fd, int level, int name, void *value,
                             socklen_t *length)
{
    if (!posix_enter(stack))
        return -1;
    return (int)posix_leave(stack, get_option(stack, fd, level, name, value, length));
}

/* ---- setting ---- */

static int take_time(const void *value, socklen_t length, struct baro_duration *span)
{
    struct timeval time;

    if (length < sizeof time)
        return -EINVAL;
    memcpy(&time, value, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -EDOM;
    if (time.tv_sec < 0 || time.tv_sec > INT64_MAX / 1000000000 / 4)
        span->ns = 0; /* as on Linux: for ever */
    else
        span->ns = (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
    return 0;
}

static int set_line(struct baro_posix_stack *stack, int fd, const struct option_line *line, const void *value,
                    socklen_t length)
{
    struct baro_duration span;
    int number;

    if (length < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    if (line->scale_ns == 0)
        return baro_setsockopt(stack->core, fd, line->option, &number, sizeof number);
    span.ns = number * line->scale_ns;
    return baro_setsockopt(stack->core, fd, line->option, &span, sizeof span);
}

static int set_linger(struct baro_posix_stack *stack, int fd, const void *value, socklen_t length)
{
    struct linger told;
    struct baro_linger lingering;

    if (length < sizeof told)
        return -EINVAL;
    memcpy(&told, value, sizeof told);
    lingering = (struct baro_linger){ told.l_onoff != 0, { (int64_t)told.l_linger * 1000000000 } };
    return baro_setsockopt(stack->core, fd, BARO_SO_LINGER, &lingering, sizeof lingering);
}

static int set_congestion(struct baro_posix_stack *stack, int fd, const void *value, socklen_t length)
{
    char wanted[CONGESTION_NAME] = "";
    const char *name;

    if (length < 1)
        return -EINVAL;
    memcpy(wanted, value, length < sizeof wanted ? length : sizeof wanted - 1);
    for (int number = 0; (name = baro_congestion_name((enum baro_congestion)number)) != NULL; number++)
        if (strcmp(name, wanted) == 0)
            return baro_setsockopt(stack->core, fd, BARO_TCP_CONGESTION, &number, sizeof number);
    return -ENOENT;
}

static int set_option(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                      socklen_t length)
{
    struct posix_file *file = posix_file(stack, fd);
    const struct option_line *line = find_line(level, name);

    if (file == NULL)
        return -EBADF;
    if (value == NULL)
        return -EFAULT;
    if (line != NULL)
        return set_line(stack, fd, line, value, length);
    if (level == SOL_SOCKET && name == SO_RCVTIMEO)
        return take_time(value, length, &file->recv_timeout);
    if (level == SOL_SOCKET && name == SO_SNDTIMEO)
        return take_time(value, length, &file->send_timeout);
    if (level == SOL_SOCKET && name == SO_LINGER)
        return set_linger(stack, fd, value, length);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return set_congestion(stack, fd, value, length);
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        return posix_ip_set(stack, fd, level, name, value, length);
    return -ENOPROTOOPT;
}

int baro_posix_setsockopt_in(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                             socklen_t length)
{
    if (!posix_enter(stack))
        return -1;
    return (int)posix_leave(stack, set_option(stack, fd, level, name, value, length));
}
