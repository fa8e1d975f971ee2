/* transport/udp/udp_error.c: ICMP errors: they find the socket whose datagram they are about (RFC 1122 §4.1.3.3).
 *
 * An error is the socket's pending error, which the next call takes. A socket that asked for it keeps each with its
 * details, too, in a queue of its own: who said it, about what, and what it quotes. That queue is bounded in octets;
 * what comes when it is full is the pending error only. */
#include "transport/udp/udp_private.h"

#include <errno.h>

#include "codec/ip_protocol.h"
#include "codec/udp.h"
#include "transport/icmp.h"

/* One error's record in the queue; what it quotes follows. */
struct udp_report {
    struct baro_error_report report;
    struct baro_endpoint peer, local;
    uint32_t length;
    int interface; /* by which it came, and of its IP header */
    uint8_t ttl, tos;
};

enum { REPORT_OCTETS = 16384 };

/* 0: nothing to a program. */
static int error_of(const struct udp_socket *socket, const struct icmp_error *error)
{
    enum icmp_meaning meaning = icmp_meaning((enum baro_family)error->remote.family, error->type, error->code);

    if (meaning == ICMP_MEANS_TOO_BIG && !socket->settings.dont_fragment)
        return 0; /* IP fragments from now on */
    if (meaning == ICMP_MEANS_PROTOCOL_UNREACHABLE)
        return ECONNREFUSED;
    return icmp_meaning_errno(meaning);
}

/* What does not fit is not kept; no memory is as if it were full. */
static void keep(struct udp *udp, struct udp_socket *socket, const struct udp_report *report, const uint8_t *quoted)
{
    const struct baro_buffer piece = { (uint8_t *)(uintptr_t)quoted, report->length }; /* only read */

    socket->errors.limit = REPORT_OCTETS;
    if (socket->settings.recv_error && queue_has_room(&socket->errors))
        (void)queue_put(&socket->errors, &udp->core->slabs, report, sizeof *report, &piece, 1);
}

void udp_tell_too_long(struct udp *udp, struct handle handle, const struct baro_endpoint *peer, uint32_t mtu)
{
    struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_report report = { .report = { .error = EMSGSIZE, .mtu = mtu }, .peer = *peer };

    if (socket == NULL)
        return;
    if (peer->address.family == BARO_FAMILY_NONE)
        report.peer = socket->remote;
    report.local = socket->local;
    keep(udp, socket, &report, NULL);
    udp_tell(udp, socket);
}

int udp_tell_error(struct udp *udp, struct udp_socket *socket, const struct icmp_error *error,
                   struct baro_endpoint local, struct baro_endpoint remote, struct baro_bytes quoted)
{
    const struct udp_report report = { { error_of(socket, error), error->from, error->type, error->code,
                                         error->reported_mtu },
                                       remote, local, (uint32_t)quoted.length, error->interface, error->ttl,
                                       error->tos };

    if (report.report.error == 0)
        return 0;
    keep(udp, socket, &report, quoted.data);
    udp_fail(udp, socket, report.report.error);
    return report.report.error;
}

enum baro_drop_reason udp_icmp_error(struct udp *udp, const struct icmp_error *error)
{
    struct baro_endpoint local = { error->local, { 0 } }, remote = { error->remote, { 0 } };
    struct baro_bytes quoted = { error->transport.data + udp_header_SIZE, error->transport.length - udp_header_SIZE };
    struct udp_socket *socket;
    struct udp_header header;
    int number;

    udp_header_read(&header, error->transport.data);
    local.port.number = header.source_port;
    remote.port.number = header.destination_port;
    socket = udp_find_connected(udp, local, remote);
    if (socket == NULL) {
        socket = udp_find(udp, local, remote);
        if (socket == NULL)
            return BARO_DROP_ICMP_NO_MATCH;
        /* A socket without a peer may well have sent it, but could not tell which datagram an error is about. */
        if (!socket->settings.recv_error)
            return BARO_DROP_NONE;
    }
    number = udp_tell_error(udp, socket, error, local, remote, quoted);
    TRACE(udp->core, ICMP_ERROR_MATCHED, TRACE_N(IP_PROTOCOL_UDP), TRACE_E(local), TRACE_E(remote),
          TRACE_N(error->type), TRACE_N(error->code), TRACE_N(number == ECONNREFUSED));
    return BARO_DROP_NONE;
}

ptrdiff_t udp_recv_error(struct udp *udp, struct handle handle, struct baro_message *message, unsigned flags)
{
    struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_report report, next;
    size_t copied;

    if (socket == NULL)
        return -EBADF;
    if (message->report == NULL)
        return -EINVAL;
    if (!queue_first(&socket->errors, &report, sizeof report))
        return -EAGAIN;
    copied = udp_scatter(&socket->errors, sizeof report, report.length, message);
    *message->report = report.report;
    message->peer = report.peer;
    message->local = report.local;
    message->interface = report.interface;
    message->ttl = report.ttl;
    message->tos = report.tos;
    message->flags = copied < report.length ? BARO_MSG_TRUNCATED : 0;
    if (!(flags & BARO_MSG_PEEK)) {
        queue_take(&socket->errors, (uint32_t)sizeof report + report.length);
        socket->error = queue_first(&socket->errors, &next, sizeof next) ? next.report.error : 0;
        queue_trim(&socket->errors, &udp->core->slabs);
    }
    return (ptrdiff_t)(flags & BARO_MSG_TRUNCATE ? report.length : copied);
}
