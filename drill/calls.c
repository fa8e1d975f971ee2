/* drill/calls.c: a script's system calls on the stack's calls, which never block.
 *
 * A call that a script lets wait (`0...0.5 connect(...)`) is tried, and tried again whenever the stack says
 * that its descriptor changed, so a wake-up that the stack forgets is a failure. A call without an end time
 * must return at once. Descriptors have the script's numbers: those that socket and accept are expected to
 * return. */
#include "calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "symbols.h"

/* ---- arguments ---- */

struct descriptor *drill_call_at(struct run *run, const struct call_line *call, size_t argument)
{
    long long number = call->argument[argument].number;

    if (call->argument[argument].kind == VALUE_NUMBER && number >= 0 && number < DESCRIPTORS_LIMIT &&
        run->descriptor[number].used)
        return &run->descriptor[number];
    return NULL;
}

struct descriptor *drill_call_any(struct run *run, const struct call_line *call)
{
    return drill_call_at(run, call, 0);
}

bool drill_call_is_socket(const struct descriptor *descriptor)
{
    return descriptor->epoll == NOBODY && descriptor->end == END_SOCKET;
}

struct descriptor *drill_call_descriptor(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_any(run, call);

    if (descriptor != NULL && drill_call_is_socket(descriptor)) {
        if (descriptor->type == BARO_STREAM && descriptor->connection != NOBODY)
            run->tcp_spoken = descriptor->connection;
        return descriptor;
    }
    /* EBADF is what a script may expect; else it has made a mistake. */
    if (call->error != EBADF && call->kind != CALL_close)
        drill_run_fail(run, "no socket has the descriptor %lld", call->argument[0].number);
    return NULL;
}

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

struct baro_endpoint drill_call_shown(const struct run *run, struct baro_endpoint wire)
{
    struct baro_endpoint shown = wire;

    if (run->script->settings.version != DRILL_MAPPED || wire.address.family != BARO_FAMILY_IPV4)
        return wire;
    shown.address.family = BARO_FAMILY_IPV6;
    memcpy(shown.address.octet, mapped_prefix, sizeof mapped_prefix);
    memcpy(shown.address.octet + sizeof mapped_prefix, wire.address.octet, 4);
    return shown;
}

struct baro_endpoint drill_call_wire(struct baro_endpoint shown)
{
    const uint8_t *octet = shown.address.octet;

    if (shown.address.family == BARO_FAMILY_IPV6 && memcmp(octet, mapped_prefix, sizeof mapped_prefix) == 0)
        shown.address = baro_ipv4(octet[12], octet[13], octet[14], octet[15]);
    return shown;
}

static bool is_field(const struct value *field, const char *name, const char *name_v6)
{
    return field->name != NULL && field->kind == VALUE_NUMBER &&
           (strcmp(field->name, name) == 0 || strcmp(field->name, name_v6) == 0);
}

static bool endpoint_field(struct run *run, const struct value *field, struct baro_endpoint *endpoint)
{
    if (field->kind == VALUE_ADDRESS) {
        endpoint->address = field->address;
    } else if (is_field(field, "sin_port", "sin6_port")) {
        endpoint->port.number = (uint16_t)field->number;
    } else if (is_field(field, "sa_family", "sin6_family")) {
        if (field->number == AF_UNSPEC)
            endpoint->address = (struct baro_address){ .family = BARO_FAMILY_NONE };
    } else if (is_field(field, "sin_addr", "sin6_addr") && field->number == INADDR_ANY) {
        endpoint->address = (struct baro_address){ .family = run->script->settings.version == DRILL_IPV4
                                                                 ? BARO_FAMILY_IPV4
                                                                 : BARO_FAMILY_IPV6 };
    } else if (field->kind != VALUE_ANY) {
        return drill_run_fail(run, "the address has a field that is not understood");
    }
    return true;
}

bool drill_call_endpoint(struct run *run, const struct value *value, struct baro_endpoint otherwise,
                         struct baro_endpoint *endpoint)
{
    *endpoint = drill_call_shown(run, otherwise);
    if (value->kind == VALUE_ANY)
        return true;
    if (value->kind != VALUE_STRUCT)
        return drill_run_fail(
            run, "expected an address: ... or {sa_family = AF_INET, sin_port = ..., sin_addr = ...}");
    for (size_t i = 0; i < value->count; i++)
        if (!endpoint_field(run, &value->items[i], endpoint))
            return false;
    return true;
}

bool drill_call_check_peer(struct run *run, const struct value *value, const struct baro_endpoint *peer)
{
    struct baro_endpoint wanted;
    char text[INET6_ADDRSTRLEN] = "?";

    if (value->kind == VALUE_ANY || value->kind == VALUE_NULL)
        return true;
    if (!drill_call_endpoint(run, value, *peer, &wanted))
        return false;
    inet_ntop(peer->address.family == BARO_FAMILY_IPV6 ? AF_INET6 : AF_INET, peer->address.octet, text, sizeof text);
    return (wanted.port.number == peer->port.number &&
            memcmp(&wanted.address, &peer->address, sizeof wanted.address) == 0) ||
           drill_run_fail(run, "the peer is port %u of %s", peer->port.number, text);
}

/* By enum call_kind. recv is read with flags, send is write with flags. */
static ptrdiff_t (*const makers[CALL_COUNT])(struct run *run, const struct call_line *call) = {
    [CALL_socket] = drill_call_socket,
    [CALL_bind] = drill_call_bind,
    [CALL_listen] = drill_call_listen,
    [CALL_accept] = drill_call_accept,
    [CALL_accept4] = drill_call_accept,
    [CALL_connect] = drill_call_connect,
    [CALL_read] = drill_call_read,
    [CALL_readv] = drill_call_read,
    [CALL_recv] = drill_call_read,
    [CALL_recvfrom] = drill_call_recvfrom,
    [CALL_recvmsg] = drill_call_recvmsg,
    [CALL_write] = drill_call_write,
    [CALL_writev] = drill_call_write,
    [CALL_send] = drill_call_write,
    [CALL_sendto] = drill_call_sendto,
    [CALL_sendmsg] = drill_call_sendmsg,
    [CALL_shutdown] = drill_call_shutdown,
    [CALL_close] = drill_call_close,
    [CALL_fcntl] = drill_call_fcntl,
    [CALL_ioctl] = drill_call_ioctl,
    [CALL_getsockname] = drill_call_getsockname,
    [CALL_getpeername] = drill_call_getpeername,
    [CALL_getsockopt] = drill_call_getsockopt,
    [CALL_setsockopt] = drill_call_setsockopt,
    [CALL_poll] = drill_call_poll,
    [CALL_epoll_create] = drill_call_epoll_create,
    [CALL_epoll_create1] = drill_call_epoll_create,
    [CALL_epoll_ctl] = drill_call_epoll_ctl,
    [CALL_epoll_wait] = drill_call_epoll_wait,
    [CALL_pipe] = drill_call_pipe,
    [CALL_open] = drill_call_open,
    [CALL_splice] = drill_call_splice,
    [CALL_sendfile] = drill_call_sendfile
};

/* ---- results ---- */

static void words_of(ptrdiff_t result, int error, char *to, size_t size)
{
    if (result < 0 && error == 0)
        snprintf(to, size, "-1");
    else if (result < 0)
        snprintf(to, size, "-1 %s (%s)", drill_symbol_errno_name(error), strerror(error));
    else
        snprintf(to, size, "%td", result);
}

static bool check_result(struct run *run, const struct event *event, ptrdiff_t result)
{
    const struct call_line *call = &event->as.call;
    bool good = call->result.kind == VALUE_ANY;
    char expected[96], actual[96];

    if (run->failed)
        return false;
    if (!good && result >= 0)
        good = result == call->result.number;
    else if (!good)
        good = call->result.number == -1 && (call->error == 0 || call->error == -result);
    if (good)
        return true;
    run->event = event;
    words_of((ptrdiff_t)call->result.number, call->error, expected, sizeof expected);
    words_of(result, (int)-result, actual, sizeof actual);
    drill_run_fail(run, drill_run_words(run, WORD_OTHER_RESULT), call->name);
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%s", expected);
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%s", actual);
    return false;
}

/* Does the call wait for its descriptor alone, as long as that blocks? */
static bool waits_by_itself(const struct call_line *call)
{
    return call->kind == CALL_poll || call->kind == CALL_epoll_wait;
}

/* Whose readiness the call waits for: of a splice the socket's. NULL: nobody's. */
static struct descriptor *awaited(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_any(run, call);

    if (call->kind == CALL_splice && descriptor != NULL && !drill_call_is_socket(descriptor))
        descriptor = drill_call_at(run, call, 2);
    return descriptor;
}

/* Would a blocking descriptor's call go on waiting? */
static bool would_wait(struct run *run, const struct call_line *call, ptrdiff_t result)
{
    const struct descriptor *descriptor = awaited(run, call);

    if (result != -EAGAIN && result != -EINPROGRESS)
        return false;
    if (waits_by_itself(call))
        return true;
    return !run->dont_wait && descriptor != NULL && !descriptor->nonblocking && run->now_ns < run->present->timeout_ns;
}

/* SO_RCVTIMEO and SO_SNDTIMEO count from the call's beginning. */
static void begin_timeout(struct run *run, const struct call_line *call, const struct descriptor *descriptor)
{
    int64_t limit_ns = descriptor->receive_timeout_ns;

    if (call->kind == CALL_write || call->kind == CALL_writev || call->kind == CALL_send || call->kind == CALL_sendto ||
        call->kind == CALL_sendmsg || call->kind == CALL_connect || call->kind == CALL_sendfile ||
        (call->kind == CALL_splice && descriptor != drill_call_any(run, call)))
        limit_ns = descriptor->send_timeout_ns;
    run->present->timeout_ns = limit_ns == 0 ? INT64_MAX : run->now_ns + limit_ns;
}

/* A call that the script lets wait must be able to. */
static bool begin_waiting(struct run *run, const struct event *event, struct outstanding *waiting)
{
    const struct call_line *call = &event->as.call;
    const struct descriptor *descriptor = awaited(run, call);

    if (run->waiting.event != NULL)
        return drill_run_fail(run, "another call is still waiting");
    if (!waits_by_itself(call) && (descriptor == NULL || !drill_call_is_socket(descriptor)))
        return drill_run_fail(run, "no socket has the descriptor %lld", call->argument[0].number);
    if (waiting->end_ns < waiting->began_ns || (!waits_by_itself(call) && descriptor->nonblocking))
        return drill_run_fail(run, "a call that waits needs a blocking socket and an end after its begin");
    waiting->live = waits_by_itself(call) ? NOBODY : descriptor->live;
    run->waiting = *waiting;
    run->present = &run->waiting;
    return true;
}

bool drill_call_make(struct run *run, const struct event *event, int64_t now_ns)
{
    const struct call_line *call = &event->as.call;
    struct outstanding now = { .event = event, .began_ns = now_ns, .timeout_ns = INT64_MAX };
    ptrdiff_t result;

    now.end_ns = call->end_ns + (event->time == TIME_RELATIVE ? now_ns - event->from_ns : 0);
    run->present = &now;
    if (call->blocking && !begin_waiting(run, event, &now))
        return false;
    if (awaited(run, call) != NULL && !waits_by_itself(call))
        begin_timeout(run, call, awaited(run, call));
    run->dont_wait = false;
    result = makers[call->kind](run, call);
    if (run->failed)
        return false;
    if (would_wait(run, call, result)) {
        if (!call->blocking)
            return drill_run_fail(run, "%s would wait, and the script gives it no end time", call->name);
        run->waiting.again = true;
        return drill_run_settle(run, false);
    }
    if (call->blocking) {
        run->waiting.event = NULL;
        if (now.end_ns > run->now_ns + run->tolerance_ns)
            return drill_run_fail(run, "%s returned at once", call->name);
    }
    return check_result(run, event, result) && drill_run_settle(run, false);
}

bool drill_call_retry(struct run *run)
{
    const struct event *event = run->waiting.event;
    const struct call_line *call = &event->as.call;
    ptrdiff_t result;

    run->present = &run->waiting;
    run->dont_wait = false;
    result = makers[call->kind](run, call);
    if (run->failed)
        return false;
    if (would_wait(run, call, result))
        return true;
    if (llabs(run->now_ns - run->waiting.end_ns) > run->tolerance_ns) {
        bool early = run->now_ns < run->waiting.end_ns;

        run->event = event;
        drill_run_fail(run, "%s returned %.6f s too %s", call->name,
                       (double)llabs(run->waiting.end_ns - run->now_ns) / 1e9, early ? "early" : "late");
        check_result(run, event, result);
        return false;
    }
    run->waiting.event = NULL;
    return check_result(run, event, result);
}
