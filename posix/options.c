/* posix/options.c: getsockopt and setsockopt. What the core keeps of SOL_SOCKET and IPPROTO_TCP stands in
 * options_stack.c, what is of IP in options_ip.c; here are time-outs, buffer sizes and what a descriptor is. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "internal.h"

/* Linux' least, which is what it gives to who asks; it cannot be set there either. */
enum { SEND_LOW_WATER = 1 };

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

static int get_buffer(struct baro_posix_stack *stack, int fd, int name, void *value, socklen_t *length)
{
    enum baro_option option = name == SO_SNDBUF ? BARO_SO_SEND_BUFFER : BARO_SO_RECV_BUFFER;
    int number = 0, error;
    size_t size = sizeof number;

    error = baro_getsockopt(stack->core, fd, option, &number, &size);
    return error != 0 ? error : give_int(value, length, number);
}

/* Said once of each option, so that whoever brought a program here learns what it asked for. */
static int unknown(struct baro_posix_stack *stack, int level, int name, int error)
{
    for (unsigned i = 0; i < stack->unknown_options; i++)
        if (stack->unknown_option[i].level == level && stack->unknown_option[i].name == name)
            return error;
    if (stack->unknown_options < POSIX_UNKNOWN_OPTIONS)
        stack->unknown_option[stack->unknown_options++] = (struct posix_option_name){ level, name };
    if (stack->on_unknown_option != NULL)
        stack->on_unknown_option(stack->unknown_context, level, name);
    return error;
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
        case SO_SNDLOWAT:
            return give_int(value, length, SEND_LOW_WATER);
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
    int result;

    if (file == NULL)
        return -EBADF;
    if (value == NULL || length == NULL)
        return -EFAULT;
    if (level == IPPROTO_TCP && !file->is_stream)
        return -EOPNOTSUPP;
    result = get_own(file, level, name, value, length);
    if (result > 0 && level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF))
        result = get_buffer(stack, fd, name, value, length);
    if (result > 0)
        result = baro_posix_option_get(stack->core, fd, level, name, value, length);
    if (result <= 0)
        return result;
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        result = posix_ip_get(stack, fd, level, name, value, length);
    else
        result = level == SOL_SOCKET || level == IPPROTO_TCP ? -ENOPROTOOPT : -EOPNOTSUPP;
    return result == -ENOPROTOOPT ? unknown(stack, level, name, result) : result;
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

static int set_buffer(struct baro_posix_stack *stack, int fd, int name, const void *value, socklen_t length)
{
    enum baro_option option = name == SO_SNDBUF ? BARO_SO_SEND_BUFFER : BARO_SO_RECV_BUFFER;
    int number;

    if (length < sizeof number)
        return -EINVAL;
    memcpy(&number, value, sizeof number);
    return baro_setsockopt(stack->core, fd, option, &number, sizeof number);
}

static size_t low_water(struct baro_posix_stack *stack, int fd)
{
    int number = 0;
    size_t size = sizeof number;

    return baro_getsockopt(stack->core, fd, BARO_SO_RECV_LOW_WATER, &number, &size) == 0 ? (size_t)number : 0;
}

static int set_option(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                      socklen_t length)
{
    struct posix_file *file = posix_file(stack, fd);
    int result;

    if (file == NULL)
        return -EBADF;
    if (value == NULL)
        return -EFAULT;
    if (level == SOL_SOCKET && name == SO_RCVTIMEO)
        return take_time(value, length, &file->recv_timeout);
    if (level == SOL_SOCKET && name == SO_SNDTIMEO)
        return take_time(value, length, &file->send_timeout);
    if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF))
        return set_buffer(stack, fd, name, value, length);
    result = baro_posix_option_set(stack->core, fd, level, name, value, length);
    if (result == 0 && level == SOL_SOCKET && name == SO_RCVLOWAT)
        file->recv_low_water = low_water(stack, fd);
    if (result <= 0)
        return result;
    result = -ENOPROTOOPT;
    if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        result = posix_ip_set(stack, fd, level, name, value, length);
    return result == -ENOPROTOOPT ? unknown(stack, level, name, result) : result;
}

int baro_posix_setsockopt_in(struct baro_posix_stack *stack, int fd, int level, int name, const void *value,
                             socklen_t length)
{
    if (!posix_enter(stack))
        return -1;
    return (int)posix_leave(stack, set_option(stack, fd, level, name, value, length));
}
