/* drill/options.c: getsockopt and setsockopt, Linux's names on the core's options. */
#include "calls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum shape { SHAPE_INT, SHAPE_SECONDS, SHAPE_MILLISECONDS, SHAPE_LINGER };

static const struct {
    int level, name;
    enum baro_option option;
    enum shape shape;
} table[] = { { SOL_SOCKET, SO_ERROR, BARO_SO_ERROR, SHAPE_INT },
              { SOL_SOCKET, SO_TYPE, BARO_SO_TYPE, SHAPE_INT },
              { SOL_SOCKET, SO_ACCEPTCONN, BARO_SO_ACCEPTING, SHAPE_INT },
              { SOL_SOCKET, SO_REUSEADDR, BARO_SO_REUSE_ADDRESS, SHAPE_INT },
              { SOL_SOCKET, SO_REUSEPORT, BARO_SO_REUSE_PORT, SHAPE_INT },
              { SOL_SOCKET, SO_BROADCAST, BARO_SO_BROADCAST, SHAPE_INT },
              { SOL_SOCKET, SO_KEEPALIVE, BARO_SO_KEEPALIVE, SHAPE_INT },
              { SOL_SOCKET, SO_LINGER, BARO_SO_LINGER, SHAPE_LINGER },
              { SOL_SOCKET, SO_SNDBUF, BARO_SO_SEND_BUFFER, SHAPE_INT },
              { SOL_SOCKET, SO_RCVBUF, BARO_SO_RECV_BUFFER, SHAPE_INT },
              { SOL_SOCKET, SO_OOBINLINE, BARO_SO_OOB_INLINE, SHAPE_INT },
              { IPPROTO_IP, IP_TTL, BARO_IP_TTL, SHAPE_INT },
              { IPPROTO_IP, IP_TOS, BARO_IP_TOS, SHAPE_INT },
              { IPPROTO_IP, IP_MTU, BARO_IP_MTU, SHAPE_INT },
              { IPPROTO_IP, IP_RECVERR, BARO_IP_RECV_ERROR, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_V6ONLY, BARO_IPV6_ONLY, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_UNICAST_HOPS, BARO_IP_TTL, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_TCLASS, BARO_IP_TOS, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_MTU, BARO_IP_MTU, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_DONTFRAG, BARO_IP_DONT_FRAGMENT, SHAPE_INT },
              { IPPROTO_IPV6, IPV6_RECVERR, BARO_IP_RECV_ERROR, SHAPE_INT },
              { IPPROTO_TCP, TCP_NODELAY, BARO_TCP_NODELAY, SHAPE_INT },
              { IPPROTO_TCP, TCP_CORK, BARO_TCP_CORK, SHAPE_INT },
              { IPPROTO_TCP, TCP_QUICKACK, BARO_TCP_QUICKACK, SHAPE_INT },
              { IPPROTO_TCP, TCP_MAXSEG, BARO_TCP_MAXSEG, SHAPE_INT },
              { IPPROTO_TCP, TCP_KEEPIDLE, BARO_TCP_KEEPALIVE_IDLE, SHAPE_SECONDS },
              { IPPROTO_TCP, TCP_KEEPINTVL, BARO_TCP_KEEPALIVE_INTERVAL, SHAPE_SECONDS },
              { IPPROTO_TCP, TCP_KEEPCNT, BARO_TCP_KEEPALIVE_COUNT, SHAPE_INT },
              { IPPROTO_TCP, TCP_USER_TIMEOUT, BARO_TCP_USER_TIMEOUT, SHAPE_MILLISECONDS } };

static const int64_t ns_per_s = 1000000000, ns_per_ms = 1000000;

/* The table's line, or -1 after a run_fail. */
static int find(struct run *run, const struct call_line *call)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].level == call->argument[1].number && table[i].name == call->argument[2].number)
            return (int)i;
    drill_run_fail(run, "this socket option is not supported yet");
    return -1;
}

/* [1] or 1; false after a run_fail. */
static bool number_of(struct run *run, const struct value *value, long long *number)
{
    if (value->kind == VALUE_ARRAY && value->count == 1)
        value = &value->items[0];
    *number = value->number;
    return value->kind == VALUE_NUMBER || drill_run_fail(run, "expected a number in brackets: [1]");
}

/* {onoff=1, linger=5}, with or without names. */
static bool linger_of(struct run *run, const struct value *value, struct baro_linger *linger)
{
    if (value->kind != VALUE_STRUCT || value->count != 2 || value->items[0].kind != VALUE_NUMBER ||
        value->items[1].kind != VALUE_NUMBER)
        return drill_run_fail(run, "expected {onoff=1, linger=5}");
    linger->on = (int)value->items[0].number;
    linger->time.ns = value->items[1].number * ns_per_s;
    return true;
}

ptrdiff_t drill_call_setsockopt(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    int line = descriptor == NULL ? -1 : find(run, call), live;
    long long number = 0;

    if (line < 0)
        return -EINVAL;
    live = descriptor->live;
    if (table[line].shape == SHAPE_LINGER) {
        struct baro_linger linger;

        if (!linger_of(run, &call->argument[3], &linger))
            return -EINVAL;
        return baro_setsockopt(run->stack, live, table[line].option, &linger, sizeof linger);
    }
    if (!number_of(run, &call->argument[3], &number))
        return -EINVAL;
    if (table[line].shape == SHAPE_INT) {
        int value = (int)number;

        return baro_setsockopt(run->stack, live, table[line].option, &value, sizeof value);
    }
    struct baro_duration span = { number * (table[line].shape == SHAPE_SECONDS ? ns_per_s : ns_per_ms) };

    return baro_setsockopt(run->stack, live, table[line].option, &span, sizeof span);
}

static int set_number(struct run *run, int live, enum baro_option option, enum drill_unit unit, long long number)
{
    struct baro_duration span = { number * (unit == DRILL_SECONDS ? ns_per_s : ns_per_ms) };
    int value = (int)number;

    return unit == DRILL_PLAIN ? baro_setsockopt(run->stack, live, option, &value, sizeof value)
                               : baro_setsockopt(run->stack, live, option, &span, sizeof span);
}

bool drill_call_defaults(struct run *run, int live, enum baro_socket_type type)
{
    const struct settings *settings = &run->script->settings;

    for (size_t i = 0; type == BARO_STREAM && i < settings->options; i++) {
        int result = set_number(run, live, settings->option[i].option, settings->option[i].unit, settings->option[i].number);

        if (result != 0)
            return drill_run_fail(run, "the stack refuses what a sysctl line says of sockets: %s", strerror(-result));
    }
    return true;
}

static bool check(struct run *run, const struct value *expected, long long actual)
{
    if (expected->kind == VALUE_ARRAY && expected->count == 1)
        expected = &expected->items[0];
    if (expected->kind == VALUE_ANY || expected->number == actual)
        return true;
    drill_run_fail(run, "the option has another value");
    drill_run_detail(run, "expected", "%lld", expected->number);
    drill_run_detail(run, "actual", "%lld", actual);
    return false;
}

ptrdiff_t drill_call_getsockopt(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    int line = descriptor == NULL ? -1 : find(run, call), result;

    if (line < 0)
        return -EINVAL;
    if (table[line].shape == SHAPE_INT) {
        int value = 0;
        size_t length = sizeof value;

        result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &value, &length);
        if (result == 0)
            check(run, &call->argument[3], value);
        return result;
    }
    if (table[line].shape == SHAPE_LINGER) {
        struct baro_linger linger = { 0 }, wanted;
        size_t length = sizeof linger;

        result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &linger, &length);
        if (result == 0 && linger_of(run, &call->argument[3], &wanted) &&
            check(run, &call->argument[3].items[0], linger.on))
            check(run, &call->argument[3].items[1], linger.time.ns / ns_per_s);
        return result;
    }
    struct baro_duration span = { 0 };
    size_t length = sizeof span;

    result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &span, &length);
    if (result == 0)
        check(run, &call->argument[3], span.ns / (table[line].shape == SHAPE_SECONDS ? ns_per_s : ns_per_ms));
    return result;
}
