/* drill/options.c: getsockopt and setsockopt, Linux's names on the core's options. */
#include "calls.h"
#include "code.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum shape {
    SHAPE_INT,
    SHAPE_SECONDS,
    SHAPE_MILLISECONDS,
    SHAPE_LINGER,
    SHAPE_RATE,     /* octets a second */
    SHAPE_DISCOVER, /* how the path's MTU is found */
    SHAPE_NAME,     /* of a congestion control */
    SHAPE_INFO,
    SHAPE_TIMEOUT /* kept here: the core never waits */
};

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
              { SOL_SOCKET, SO_RCVLOWAT, BARO_SO_RECV_LOW_WATER, SHAPE_INT },
              { SOL_SOCKET, SO_MAX_PACING_RATE, BARO_SO_MAX_PACING_RATE, SHAPE_RATE },
              { SOL_SOCKET, SO_RCVTIMEO, BARO_OPTION_COUNT, SHAPE_TIMEOUT },
              { SOL_SOCKET, SO_SNDTIMEO, BARO_OPTION_COUNT, SHAPE_TIMEOUT },
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
              { IPPROTO_IP, IP_MTU_DISCOVER, BARO_OPTION_COUNT, SHAPE_DISCOVER },
              { IPPROTO_IPV6, IPV6_MTU_DISCOVER, BARO_OPTION_COUNT, SHAPE_DISCOVER },
              { IPPROTO_TCP, TCP_SYNCNT, BARO_TCP_SYN_RETRIES, SHAPE_INT },
              { IPPROTO_TCP, TCP_DEFER_ACCEPT, BARO_TCP_DEFER_ACCEPT, SHAPE_INT },
              { IPPROTO_TCP, TCP_LINGER2, BARO_TCP_ORPHAN_TIME, SHAPE_SECONDS },
              { IPPROTO_TCP, TCP_WINDOW_CLAMP, BARO_TCP_WINDOW_CLAMP, SHAPE_INT },
              { IPPROTO_TCP, TCP_NOTSENT_LOWAT, BARO_TCP_NOTSENT_LOW_WATER, SHAPE_INT },
              { IPPROTO_TCP, TCP_NODELAY, BARO_TCP_NODELAY, SHAPE_INT },
              { IPPROTO_TCP, TCP_CORK, BARO_TCP_CORK, SHAPE_INT },
              { IPPROTO_TCP, TCP_QUICKACK, BARO_TCP_QUICKACK, SHAPE_INT },
              { IPPROTO_TCP, TCP_MAXSEG, BARO_TCP_MAXSEG, SHAPE_INT },
              { IPPROTO_TCP, TCP_KEEPIDLE, BARO_TCP_KEEPALIVE_IDLE, SHAPE_SECONDS },
              { IPPROTO_TCP, TCP_KEEPINTVL, BARO_TCP_KEEPALIVE_INTERVAL, SHAPE_SECONDS },
              { IPPROTO_TCP, TCP_KEEPCNT, BARO_TCP_KEEPALIVE_COUNT, SHAPE_INT },
              { IPPROTO_TCP, TCP_SYNCNT, BARO_TCP_SYN_RETRIES, SHAPE_INT },
              { IPPROTO_TCP, TCP_DEFER_ACCEPT, BARO_TCP_DEFER_ACCEPT, SHAPE_INT },
              { IPPROTO_TCP, TCP_USER_TIMEOUT, BARO_TCP_USER_TIMEOUT, SHAPE_MILLISECONDS },
              { IPPROTO_TCP, TCP_CONGESTION, BARO_TCP_CONGESTION, SHAPE_NAME },
              { IPPROTO_TCP, TCP_INFO, BARO_TCP_INFO, SHAPE_INFO } };

static const int64_t ns_per_s = 1000000000, ns_per_ms = 1000000;

/* The table's line, or -1 after a run_fail. */
static int find(struct run *run, const struct call_line *call)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].level == call->argument[1].number && table[i].name == call->argument[2].number)
            return (int)i;
    drill_run_fail(run, "the socket option %s of %s is not supported",
                   call->argument[2].text == NULL ? "?" : call->argument[2].text,
                   call->argument[1].text == NULL ? "this level" : call->argument[1].text);
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
    if (value->items[1].number < INT32_MIN || value->items[1].number > INT32_MAX)
        return drill_run_fail(run, "a time of %lld s", value->items[1].number);
    linger->on = (int)value->items[0].number;
    linger->time.ns = value->items[1].number * ns_per_s;
    return true;
}

/* {tv_sec=1, tv_usec=500000} in nanoseconds. */
static bool timeval_of(struct run *run, const struct value *value, int64_t *ns)
{
    if (value->kind != VALUE_STRUCT || value->count != 2 || value->items[0].kind != VALUE_NUMBER ||
        value->items[1].kind != VALUE_NUMBER || value->items[0].number > 10000000)
        return drill_run_fail(run, "expected {tv_sec=1, tv_usec=0}");
    *ns = value->items[0].number * ns_per_s + value->items[1].number * 1000;
    return true;
}

/* The number of a congestion control; -1: the stack has none of that name. -2 after a run_fail. */
static int congestion_of(struct run *run, const struct value *value)
{
    if (value->kind != VALUE_STRING)
        return drill_run_fail(run, "expected a name: \"cubic\""), -2;
    for (int i = 0; i < BARO_CONGESTION_COUNT; i++)
        if (strcmp(baro_congestion_name((enum baro_congestion)i), value->text) == 0)
            return i;
    return -1;
}

static int set_number(struct run *run, int live, enum baro_option option, enum drill_unit unit,
                      long long number)
{
    struct baro_duration span;
    int value = (int)number;

    if (number < INT32_MIN || number > UINT32_MAX) /* an int has no other */
        return -EINVAL;
    span.ns = number * (unit == DRILL_SECONDS ? ns_per_s : ns_per_ms);
    return unit == DRILL_PLAIN ? baro_setsockopt(run->stack, live, option, &value, sizeof value)
                               : baro_setsockopt(run->stack, live, option, &span, sizeof span);
}

bool drill_call_defaults(struct run *run, int live, enum baro_socket_type type, enum drill_moment moment)
{
    const struct settings *settings = &run->script->settings;

    for (size_t i = 0; type == BARO_STREAM && i < settings->options; i++) {
        const struct option_default *known = &settings->option[i];
        int result =
            known->moment == moment ? set_number(run, live, known->option, known->unit, known->number) : 0;

        if (result != 0)
            return drill_run_fail(run, "the stack refuses what a sysctl line says of sockets: %s",
                                  strerror(-result));
    }
    return true;
}

/* As the blocking library has it: whole packets only, and whether what the path is said to carry counts. TCP
 * sends whole packets and listens to the path whatever is said. */
static ptrdiff_t set_discovery(struct run *run, struct descriptor *descriptor, const struct value *value)
{
    long long way;
    int whole, ignore, result;

    if (!number_of(run, value, &way))
        return -EINVAL;
    if (way < IP_PMTUDISC_DONT || way > IP_PMTUDISC_OMIT)
        return -EINVAL;
    whole = way == IP_PMTUDISC_DO || way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE;
    ignore = way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE || way == IP_PMTUDISC_OMIT;
    if (descriptor->type == BARO_STREAM && way != IP_PMTUDISC_DO && way != IP_PMTUDISC_WANT)
        return drill_run_fail(run, "TCP always discovers the path's MTU here"), -EINVAL;
    descriptor->discovery = (int)way;
    if (descriptor->type == BARO_STREAM)
        return 0;
    result = baro_setsockopt(run->stack, descriptor->live, BARO_IP_DONT_FRAGMENT, &whole, sizeof whole);
    return result != 0 ? result
                       : baro_setsockopt(run->stack, descriptor->live, BARO_IP_IGNORE_PATH_MTU, &ignore,
                                         sizeof ignore);
}

/* Options that are not one number of the stack's. */
static ptrdiff_t set_other(struct run *run, struct descriptor *descriptor, const struct call_line *call,
                           int line)
{
    const struct value *value = &call->argument[3];
    struct baro_linger linger;
    long long number;
    uint64_t rate;
    int64_t span_ns;
    int name;

    switch (table[line].shape) {
    case SHAPE_DISCOVER:
        return set_discovery(run, descriptor, value);
    case SHAPE_RATE:
        if (!number_of(run, value, &number))
            return -EINVAL;
        rate = number == UINT32_MAX || number < 0 ? 0 : (uint64_t)number; /* ~0 is Linux' way to say none */
        return baro_setsockopt(run->stack, descriptor->live, BARO_SO_MAX_PACING_RATE, &rate, sizeof rate);
    case SHAPE_LINGER:
        if (!linger_of(run, value, &linger))
            return -EINVAL;
        return baro_setsockopt(run->stack, descriptor->live, BARO_SO_LINGER, &linger, sizeof linger);
    case SHAPE_NAME:
        name = congestion_of(run, value);
        return name == -1
                   ? -ENOENT
                   : baro_setsockopt(run->stack, descriptor->live, BARO_TCP_CONGESTION, &name, sizeof name);
    case SHAPE_TIMEOUT:
        if (!timeval_of(run, value, &span_ns))
            return -EINVAL;
        if (span_ns < 0 || value->items[1].number < 0 || value->items[1].number >= 1000000)
            return -EDOM;
        *(table[line].name == SO_RCVTIMEO ? &descriptor->receive_timeout_ns : &descriptor->send_timeout_ns) =
            span_ns;
        return 0;
    default:
        return -ENOPROTOOPT; /* as Linux says of an option that can only be read */
    }
}

static enum drill_unit unit_of(int line)
{
    return table[line].shape == SHAPE_INT       ? DRILL_PLAIN
           : table[line].shape == SHAPE_SECONDS ? DRILL_SECONDS
                                                : DRILL_MILLISECONDS;
}

/* Linux tells twice what was asked for; here that much holds octets. */
static bool *buffer_mark(struct descriptor *descriptor, int line)
{
    return table[line].option == BARO_SO_SEND_BUFFER ? &descriptor->send_buffer_set
                                                     : &descriptor->receive_buffer_set;
}

ptrdiff_t drill_call_setsockopt(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    int line = descriptor == NULL ? -1 : find(run, call);
    long long number = 0;

    if (line < 0)
        return -EBADF;
    if (call->argument[3].kind == VALUE_NULL)
        return -EFAULT;
    if (table[line].shape > SHAPE_MILLISECONDS)
        return set_other(run, descriptor, call, line);
    if (!number_of(run, &call->argument[3], &number))
        return -EINVAL;
    if (table[line].option == BARO_SO_SEND_BUFFER || table[line].option == BARO_SO_RECV_BUFFER)
        *buffer_mark(descriptor, line) = true;
    return set_number(run, descriptor->live, table[line].option, unit_of(line), number);
}

static bool check(struct run *run, const struct value *expected, long long actual)
{
    if (expected->kind == VALUE_ARRAY && expected->count == 1)
        expected = &expected->items[0];
    if (expected->kind == VALUE_ANY || expected->number == actual)
        return true;
    drill_run_fail(run, "the option has another value");
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%lld", expected->number);
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%lld", actual);
    return false;
}

/* {tcpi_snd_cwnd=10, ...}: the fields that are named. */
static bool check_info(struct run *run, const struct value *expected, const struct baro_tcp_info *info)
{
    for (size_t i = 0; expected->kind == VALUE_STRUCT && i < expected->count; i++) {
        const struct value *item = &expected->items[i];
        int field = item->name == NULL ? -1 : drill_code_field(item->name, strlen(item->name));

        if (field < 0)
            return drill_run_fail(run, "this stack does not tell '%s'",
                                  item->name == NULL ? "?" : item->name);
        if (item->kind == VALUE_NUMBER && item->number != drill_code_field_value(field, info)) {
            drill_run_fail(run, "%s is another", item->name);
            drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%lld", item->number);
            drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%lld",
                             drill_code_field_value(field, info));
            return false;
        }
    }
    return expected->kind == VALUE_STRUCT || expected->kind == VALUE_ANY ||
           drill_run_fail(run, "expected {tcpi_snd_cwnd=10}");
}

static void check_name(struct run *run, const struct value *expected, int congestion)
{
    const char *name = baro_congestion_name((enum baro_congestion)congestion);

    if (expected->kind == VALUE_ANY || (expected->kind == VALUE_STRING && strcmp(expected->text, name) == 0))
        return;
    drill_run_fail(run, "the option has another value");
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%s",
                     expected->kind == VALUE_STRING ? expected->text : "?");
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%s", name);
}

/* What is kept here. */
static ptrdiff_t get_timeout(struct run *run, const struct descriptor *descriptor,
                             const struct value *expected, int line)
{
    int64_t is_ns =
        table[line].name == SO_RCVTIMEO ? descriptor->receive_timeout_ns : descriptor->send_timeout_ns;
    int64_t wanted_ns;

    if (expected->kind != VALUE_ANY && timeval_of(run, expected, &wanted_ns) && wanted_ns != is_ns)
        drill_run_fail(run, "the timeout is %.6f s", (double)is_ns / 1e9);
    return 0;
}

static ptrdiff_t get_other(struct run *run, const struct descriptor *descriptor, const struct call_line *call,
                           int line)
{
    const struct value *expected = &call->argument[3];
    struct baro_linger wanted;
    union {
        struct baro_linger linger;
        struct baro_tcp_info info;
        uint64_t rate;
        int number;
    } is = { .rate = 0 };
    enum shape shape = table[line].shape;
    size_t length = shape == SHAPE_LINGER ? sizeof is.linger
                    : shape == SHAPE_INFO ? sizeof is.info
                    : shape == SHAPE_RATE ? sizeof is.rate
                                          : sizeof is.number;
    int result;

    if (shape == SHAPE_TIMEOUT)
        return get_timeout(run, descriptor, expected, line);
    if (shape == SHAPE_DISCOVER)
        return check(run, expected, descriptor->discovery), 0;
    result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &is, &length);
    if (result != 0)
        return result;
    if (shape == SHAPE_INFO)
        check_info(run, expected, &is.info);
    else if (shape == SHAPE_NAME)
        check_name(run, expected, is.number);
    else if (shape == SHAPE_RATE)
        check(run, expected, is.rate == 0 ? UINT32_MAX : (long long)is.rate);
    else if (expected->kind != VALUE_ANY && linger_of(run, expected, &wanted) &&
             check(run, &expected->items[0], is.linger.on))
        check(run, &expected->items[1], is.linger.time.ns / ns_per_s);
    return 0;
}

ptrdiff_t drill_call_getsockopt(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    int line = descriptor == NULL ? -1 : find(run, call), result;
    struct baro_duration span = { 0 };
    int value = 0;
    size_t length = sizeof value;

    if (line < 0)
        return -EBADF;
    if (table[line].shape > SHAPE_MILLISECONDS)
        return get_other(run, descriptor, call, line);
    if (table[line].shape == SHAPE_INT) {
        result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &value, &length);
        if ((table[line].option == BARO_SO_SEND_BUFFER || table[line].option == BARO_SO_RECV_BUFFER) &&
            *buffer_mark(descriptor, line))
            value *= 2;
        if (result == 0)
            check(run, &call->argument[3], value);
        return result;
    }
    length = sizeof span;
    result = baro_getsockopt(run->stack, descriptor->live, table[line].option, &span, &length);
    if (result == 0)
        check(run, &call->argument[3], span.ns / (table[line].shape == SHAPE_SECONDS ? ns_per_s : ns_per_ms));
    return result;
}
