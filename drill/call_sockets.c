/* drill/call_sockets.c: calls that make sockets, name their ends, and end them. */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

ptrdiff_t drill_call_number(struct run *run, const struct call_line *call)
{
    long long number = call->result.kind == VALUE_NUMBER ? call->result.number : -1;

    for (long long i = 3; number < 0 && call->result.kind == VALUE_ANY && i < DESCRIPTORS_LIMIT; i++)
        if (!run->descriptor[i].used)
            number = i;
    if (number < 0) /* an error was expected: then this will be told as a result */
        return 0;
    if (number >= DESCRIPTORS_LIMIT || run->descriptor[number].used) {
        drill_run_fail(run, "the descriptor %lld is taken, or more than %d", number, DESCRIPTORS_LIMIT);
        return -EMFILE;
    }
    return (ptrdiff_t)number;
}

static ptrdiff_t new_descriptor(struct run *run, const struct call_line *call, int live,
                                enum baro_socket_type type, bool nonblocking, int connection)
{
    ptrdiff_t number = live < 0 ? live : drill_call_number(run, call);

    if (live >= 0 && number <= 0)
        baro_close(run->stack, live);
    if (number > 0)
        run->descriptor[number] = (struct descriptor){ .used = true,
                                                       .live = live,
                                                       .type = type,
                                                       .nonblocking = nonblocking,
                                                       .connection = connection,
                                                       .epoll = NOBODY,
                                                       .discovery = IP_PMTUDISC_WANT };
    return number;
}

ptrdiff_t drill_call_socket(struct run *run, const struct call_line *call)
{
    enum baro_family family =
        run->script->settings.version == DRILL_IPV4 ? BARO_FAMILY_IPV4 : BARO_FAMILY_IPV6;
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
    if (live >= 0 && !drill_call_defaults(run, live, kind, DRILL_AT_SOCKET))
        return -EINVAL;
    return new_descriptor(run, call, live, kind, (type & SOCK_NONBLOCK) != 0, NOBODY);
}

ptrdiff_t drill_call_bind(struct run *run, const struct call_line *call)
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

ptrdiff_t drill_call_listen(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    if (descriptor == NULL)
        return -EBADF;
    if (!drill_call_defaults(run, descriptor->live, descriptor->type, DRILL_AT_LISTEN))
        return -EINVAL;
    return baro_listen(run->stack, descriptor->live, (int)call->argument[1].number);
}

ptrdiff_t drill_call_accept(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint local, remote;
    int live, connection = NOBODY;

    if (descriptor == NULL)
        return -EBADF;
    live = baro_accept(run->stack, descriptor->live, &remote);
    if (live >= 0 && !drill_call_check_peer(run, &call->argument[1], &remote))
        return -EINVAL;
    if (live >= 0 && baro_getsockname(run->stack, live, &local) == 0)
        connection = drill_connection_find(run, false, drill_call_wire(local), drill_call_wire(remote));
    if (connection != NOBODY)
        run->tcp_spoken = connection;
    return new_descriptor(run, call, live, BARO_STREAM,
                          call->kind == CALL_accept4 && (call->argument[3].number & SOCK_NONBLOCK) != 0,
                          connection);
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

ptrdiff_t drill_call_connect(struct run *run, const struct call_line *call)
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
    if (run->present->again)
        return connect_again(run, descriptor, &remote);
    udp = descriptor->type == BARO_DATAGRAM;
    if (!drill_call_defaults(run, descriptor->live, descriptor->type, DRILL_AT_CONNECT))
        return -EINVAL;
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

ptrdiff_t drill_call_shutdown(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    return descriptor == NULL
               ? -EBADF
               : baro_shutdown(run->stack, descriptor->live, (enum baro_shutdown)call->argument[1].number);
}

ptrdiff_t drill_call_close(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);

    if (descriptor == NULL) {
        struct descriptor *other = drill_call_any(run, call); /* an epoll, a pipe, a file */

        if (other != NULL && other->epoll != NOBODY && !run->failed)
            return other->used = false, 0;
        if (other != NULL && other->end != END_SOCKET && !run->failed)
            return drill_call_close_end(run, other), 0;
        return -EBADF;
    }
    descriptor->used = false;
    drill_call_forget(run, call->argument[0].number);
    return baro_close(run->stack, descriptor->live);
}

ptrdiff_t drill_call_fcntl(struct run *run, const struct call_line *call)
{
    static const int modes[] = {
        [END_SOCKET] = O_RDWR, [END_PIPE_OUT] = O_RDONLY, [END_PIPE_IN] = O_WRONLY, [END_FILE] = O_RDONLY
    };
    struct descriptor *descriptor = drill_call_any(run, call);

    if (descriptor == NULL || drill_call_is_socket(descriptor) || descriptor->epoll != NOBODY)
        descriptor = drill_call_descriptor(run, call);
    if (descriptor == NULL)
        return -EBADF;
    if (call->argument[1].number == F_GETFL)
        return modes[descriptor->end] | (descriptor->nonblocking ? O_NONBLOCK : 0);
    if (call->argument[1].number != F_SETFL)
        return drill_run_fail(run, "fcntl knows F_GETFL and F_SETFL here"), -EINVAL;
    descriptor->nonblocking = (call->argument[2].number & O_NONBLOCK) != 0;
    return 0;
}

/* ---- names, and how much there is ---- */

static ptrdiff_t name_of(struct run *run, const struct call_line *call,
                         int (*ask)(struct baro_stack *stack, int fd, struct baro_endpoint *end))
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    struct baro_endpoint end = { .port = { 0 } };
    int result;

    if (descriptor == NULL)
        return -EBADF;
    result = ask(run->stack, descriptor->live, &end);
    if (result == 0)
        drill_call_check_peer(run, &call->argument[1], &end);
    return result;
}

ptrdiff_t drill_call_getsockname(struct run *run, const struct call_line *call)
{
    return name_of(run, call, baro_getsockname);
}

ptrdiff_t drill_call_getpeername(struct run *run, const struct call_line *call)
{
    return name_of(run, call, baro_getpeername);
}

/* Octets that the peer has not acknowledged, sent or not; a SYN or FIN counts as one, as on Linux. */
static ptrdiff_t unacknowledged(struct run *run, const struct descriptor *descriptor, bool sent_too)
{
    struct baro_tcp_info info;
    size_t length = sizeof info;

    if (descriptor->type != BARO_STREAM)
        return drill_run_fail(run, "SIOCOUTQ is known of TCP here"), -EINVAL;
    if (baro_getsockopt(run->stack, descriptor->live, BARO_TCP_INFO, &info, &length) != 0 ||
        info.state == BARO_TCP_LISTEN)
        return -EINVAL;
    return (ptrdiff_t)(info.unsent +
                       (sent_too && info.state >= BARO_TCP_ESTABLISHED ? info.snd_nxt - info.snd_una : 0));
}

ptrdiff_t drill_call_ioctl(struct run *run, const struct call_line *call)
{
    struct descriptor *descriptor = drill_call_descriptor(run, call);
    const struct value *value = &call->argument[2];
    ptrdiff_t octets;

    if (descriptor == NULL)
        return -EBADF;
    if (value->kind == VALUE_ARRAY && value->count == 1)
        value = &value->items[0];
    if (call->argument[1].number == FIONBIO && value->kind == VALUE_NUMBER)
        return descriptor->nonblocking = value->number != 0, 0;
    if (call->argument[1].number == SIOCINQ)
        octets = baro_readable_bytes(run->stack, descriptor->live);
    else if (call->argument[1].number == SIOCOUTQ || call->argument[1].number == SIOCOUTQNSD)
        octets = unacknowledged(run, descriptor, call->argument[1].number == SIOCOUTQ);
    else
        return drill_run_fail(run, "this ioctl is not supported"), -EINVAL;
    if (octets < 0 || value->kind == VALUE_ANY || (value->kind == VALUE_NUMBER && value->number == octets))
        return octets < 0 ? octets : 0;
    drill_run_fail(run, "the ioctl tells another number");
    drill_run_detail(run, drill_run_words(run, WORD_EXPECTED), "%lld", value->number);
    drill_run_detail(run, drill_run_words(run, WORD_ACTUAL), "%td", octets);
    return -EINVAL;
}
