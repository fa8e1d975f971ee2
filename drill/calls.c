/* drill/calls.c: a script's system calls on the stack's calls, which never block.
 *
 * A call that a script lets wait (`0...0.5 connect(...)`) is tried, and tried again whenever the stack says
 * that its descriptor changed, so a wake-up that the stack forgets is a failure. A call without an end time
 * must return at once. Descriptors have the script's numbers: those that socket and accept are expected to
 * return. */
#include "calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "symbols.h"

/* ---- arguments ---- */

struct descriptor *drill_call_descriptor(struct run *run, const struct call_line *call)
{
    long long number = call->argument[0].number;

    if (call->argument[0].kind != VALUE_NUMBER || number < 0 || number >= DESCRIPTORS_LIMIT ||
        !run->descriptor[number].used) {
        drill_run_fail(run, "no socket has the descriptor %lld", number);
        return NULL;
    }
    if (run->descriptor[number].type == BARO_STREAM && run->descriptor[number].connection != NOBODY)
        run->tcp_spoken = run->descriptor[number].connection;
    return &run->descriptor[number];
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

/* ---- the calls ---- */

static ptrdiff_t new_descriptor(struct run *run, const struct call_line *call, int live,
                                enum baro_socket_type type, bool nonblocking, int connection)
{
    long long number = call->result.kind == VALUE_NUMBER ? call->result.number : -1;

    if (live < 0)
        return live;
    for (long long i = 3; number < 0 && call->result.kind == VALUE_ANY && i < DESCRIPTORS_LIMIT; i++)
        if (!run->descriptor[i].used)
            number = i;
    if (number < 0) { /* an error was expected */
        baro_close(run->stack, live);
        return 0;
    }
    if (number >= DESCRIPTORS_LIMIT || run->descriptor[number].used) {
        drill_run_fail(run, "the descriptor %lld is taken, or more than %d", number, DESCRIPTORS_LIMIT);
        return -EMFILE;
    }
    run->descriptor[number] = (struct descriptor){
        .used = true, .live = live, .type = type, .nonblocking = nonblocking, .connection = connection
    };
    return (ptrdiff_t)number;
}

static ptrdiff_t call_socket(struct run *run, const struct call_line *call)
{
    enum baro_family family = run->script->settings.version == DRILL_IPV4 ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6;
    long long type = call->argument[1].number, protocol = call->argument[2].number;
    enum baro_socket_type kind = (type & 0xf) == SOCK_DGRAM ? BARO_DATAGRAM : BARO_STREAM;
    int live;

    if (call->argument[0].kind == VALUE_NUMBER)
        family = call->argument[0].number == AF_INET    ? BARO_FAMILY_IPV4
                 : call->argument[0].number == AF_INET6 ? BARO_FAMILY_IPV6
                                                        : (enum baro_family)9;
    if ((type & 0xf) != SOCK_DGRAM && (type & 0xf) != SOCK_STREAM)
        return drill_run_fail(run, "only SOCK_STREAM and SOCK_DGRAM are supported yet"), -EPROTONOSUPPORT;
    if (call->argument[2].kind == VALUE_NUMBER && protocol != 0 &&
        protocol != (kind == BARO_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    live = baro_socket(run->stack, family, kind);
    if (live >= 0 && !drill_call_defaults(run, live, kind))
        return -EINVAL;
    return new_descriptor(run, call, live, kind, (type & SOCK_NONBLOCK) != 0, NOBODY);
}

static ptrdiff_t call_bind(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    const struct settings *settings = &run->script->settings;
    struct baro_endpoint local;
    int result;

    if (descriptor == NULL ||
        !drill_call_endpoint(run, &call->argument[1],
                             (struct baro_endpoint){ settings->local, { settings->bind_port } }, &local))
        return -EINVAL;
    result = baro_bind(run->stack, descriptor->live, &local);
    if (result == 0 && descriptor->type == BARO_DATAGRAM &&
        baro_getsockname(run->stack, descriptor->live, &local) == 0) {
        local.address = settings->local;
        descriptor->connection = drill_connection_new(
            run, true, local, (struct baro_endpoint){ settings->remote, { settings->connect_port } });
    }
    return result;
}

static ptrdiff_t call_listen(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    return descriptor == NULL ? -EINVAL
                              : baro_listen(run->stack, descriptor->live, (int)call->argument[1].number);
}

static ptrdiff_t call_accept(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint local, remote;
    int live, connection = NOBODY;

    if (descriptor == NULL)
        return -EINVAL;
    live = baro_accept(run->stack, descriptor->live, &remote);
    if (live >= 0 && !drill_call_check_peer(run, &call->argument[1], &remote))
        return -EINVAL;
    if (live >= 0 && baro_getsockname(run->stack, live, &local) == 0)
        connection = drill_connection_find(run, false, drill_call_wire(local), drill_call_wire(remote));
    if (connection != NOBODY)
        run->tcp_spoken = connection;
    return new_descriptor(run, call, live, BARO_STREAM, false, connection);
}

/* connect again, while it waits: its failure is the socket's pending error. */
static ptrdiff_t connect_again(struct run *run, struct descriptor *descriptor,
                               const struct baro_endpoint *remote)
{
    int error = 0, result;
    size_t length = sizeof error;

    result = baro_getsockopt(run->stack, descriptor->live, BARO_SO_ERROR, &error, &length);
    if (result != 0 || error != 0)
        return result != 0 ? result : -error;
    result = baro_connect(run->stack, descriptor->live, remote);
    return result == -EISCONN ? 0 : result == -EALREADY ? -EINPROGRESS : result;
}

static ptrdiff_t call_connect(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    const struct settings *settings = &run->script->settings;
    struct baro_endpoint local = { .port = { 0 } }, remote;
    bool udp;
    int result;

    if (descriptor == NULL ||
        !drill_call_endpoint(run, &call->argument[1],
                             (struct baro_endpoint){ settings->remote, { settings->connect_port } }, &remote))
        return -EINVAL;
    if (run->waiting.again)
        return connect_again(run, descriptor, &remote);
    udp = descriptor->type == BARO_DATAGRAM;
    result = baro_connect(run->stack, descriptor->live, &remote);
    if (descriptor->connection == NOBODY && (result == 0 || result == -EINPROGRESS)) {
        (void)baro_getsockname(run->stack, descriptor->live, &local);
        local.address = settings->local;
        descriptor->connection = drill_connection_new(run, udp, local, drill_call_wire(remote));
    } else if (udp && result == 0) {
        run->connection[descriptor->connection].remote = drill_call_wire(remote);
        run->udp_now = descriptor->connection;
    }
    return result;
}

static ptrdiff_t call_shutdown(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    return descriptor == NULL
               ? -EINVAL
               : baro_shutdown(run->stack, descriptor->live, (enum baro_shutdown)call->argument[1].number);
}

static ptrdiff_t call_close(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    if (descriptor == NULL)
        return -EINVAL;
    descriptor->used = false;
    return baro_close(run->stack, descriptor->live);
}

static ptrdiff_t call_fcntl(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    if (descriptor == NULL)
        return -EINVAL;
    if (call->argument[1].number == F_GETFL)
        return O_RDWR | (descriptor->nonblocking ? O_NONBLOCK : 0);
    if (call->argument[1].number != F_SETFL)
        return drill_run_fail(run, "fcntl knows F_GETFL and F_SETFL here"), -EINVAL;
    descriptor->nonblocking = (call->argument[2].number & O_NONBLOCK) != 0;
    return 0;
}

/* By enum call_kind. recv is read with flags, send is write with flags. */
static ptrdiff_t (*const makers[CALL_COUNT])(struct run *run, const struct call_line *call) = {
    [CALL_socket] = call_socket,
    [CALL_bind] = call_bind,
    [CALL_listen] = call_listen,
    [CALL_accept] = call_accept,
    [CALL_connect] = call_connect,
    [CALL_read] = drill_call_read,
    [CALL_recv] = drill_call_read,
    [CALL_recvfrom] = drill_call_recvfrom,
    [CALL_write] = drill_call_write,
    [CALL_send] = drill_call_write,
    [CALL_sendto] = drill_call_sendto,
    [CALL_shutdown] = call_shutdown,
    [CALL_close] = call_close,
    [CALL_fcntl] = call_fcntl,
    [CALL_getsockopt] = drill_call_getsockopt,
    [CALL_setsockopt] = drill_call_setsockopt
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
    drill_run_fail(run, "%s returned something else", call->name);
    drill_run_detail(run, "expected", "%s", expected);
    drill_run_detail(run, "actual", "%s", actual);
    return false;
}

/* Would a blocking descriptor's call go on waiting? */
static bool would_wait(const struct run *run, const struct call_line *call, ptrdiff_t result)
{
    long long number = call->argument[0].number;

    if (run->dont_wait || (result != -EAGAIN && result != -EINPROGRESS))
        return false;
    return call->argument[0].kind == VALUE_NUMBER && number >= 0 && number < DESCRIPTORS_LIMIT &&
           !run->descriptor[number].nonblocking;
}

bool drill_call_make(struct run *run, const struct event *event, int64_t now_ns)
{
    const struct call_line *call = &event->as.call;
    struct outstanding waiting = { .event = event, .began_ns = now_ns };
    ptrdiff_t result;

    if (call->blocking && run->waiting.event != NULL)
        return drill_run_fail(run, "another call is still waiting");
    waiting.end_ns = call->end_ns + (event->time == TIME_RELATIVE ? now_ns - event->from_ns : 0);
    if (call->blocking) {
        struct descriptor *descriptor = drill_call_descriptor(run, call);

        if (descriptor == NULL)
            return false;
        if (descriptor->nonblocking || waiting.end_ns < now_ns)
            return drill_run_fail(run,
                                  "a call that waits needs a blocking socket and an end after its begin");
        waiting.live = descriptor->live;
        run->waiting = waiting;
    }
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
        run->waiting.again = false;
        if (waiting.end_ns > run->now_ns + run->tolerance_ns)
            return drill_run_fail(run, "%s returned at once", call->name);
    }
    return check_result(run, event, result) && drill_run_settle(run, false);
}

bool drill_call_retry(struct run *run)
{
    const struct event *event = run->waiting.event;
    const struct call_line *call = &event->as.call;
    ptrdiff_t result;

    run->dont_wait = false;
    result = makers[call->kind](run, call);
    if (run->failed)
        return false;
    if (would_wait(run, call, result))
        return true;
    if (run->now_ns < run->waiting.end_ns - run->tolerance_ns) {
        run->event = event;
        drill_run_fail(run, "%s returned %.6f s too early", call->name,
                       (double)(run->waiting.end_ns - run->now_ns) / 1e9);
        check_result(run, event, result);
        return false;
    }
    run->waiting.event = NULL;
    run->waiting.again = false;
    return check_result(run, event, result);
}
