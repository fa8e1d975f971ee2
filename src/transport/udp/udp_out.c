/* transport/udp/udp_out.c: the way down: sends are queued, and the drain of INTENT_UDP_OUTPUT pulls them out. */
#include "transport/udp/udp_private.h"

#include <errno.h>

#include "base/flow.h"
#include "codec/ipv4.h"
#include "codec/udp.h"
#include "transport/ping.h"

static int take_error(struct udp_socket *socket)
{
    int error = socket->error;

    socket->error = 0;
    return error;
}

/* Where the datagram comes from: the socket's own end, or for a catch-all what the caller says. 0 or -EINVAL. */
static int choose_source(const struct udp_socket *socket, const struct baro_message *message,
                         struct baro_endpoint *source)
{
    *source = socket->local;
    if (address_is_unspecified(source->address))
        source->address = (struct baro_address){ .family = BARO_FAMILY_NONE };
    if (message->local.address.family != BARO_FAMILY_NONE)
        source->address = address_is_unspecified(message->local.address) ? source->address
                                                                         : message->local.address;
    if (source->port.number == 0)
        source->port = message->local.port;
    return source->port.number == 0 ? -EINVAL : 0;
}

/* What the message says for itself, else what the socket does. */
static void describe(const struct udp_socket *socket, const struct baro_message *message, struct udp_record *record)
{
    const struct udp_settings *settings = &socket->settings;
    bool to_group = address_is_multicast(record->peer.address);
    unsigned given = message->given;

    record->ttl = given & BARO_GIVEN_TTL ? message->ttl : to_group ? settings->multicast_ttl : settings->ttl;
    record->tos = given & BARO_GIVEN_TOS ? message->tos : settings->tos;
    record->dont_fragment = settings->dont_fragment || (given & BARO_GIVEN_DONT_FRAGMENT && message->dont_fragment);
    record->broadcast = settings->broadcast;
    record->multicast_loop = settings->multicast_loop;
    record->ignore_path_mtu = settings->ignore_path_mtu;
    record->fragment_size = settings->fragment_size;
    if (given & BARO_GIVEN_INTERFACE)
        record->interface = message->interface;
    if (record->interface == 0 && to_group && record->peer.address.zone == 0)
        record->interface = settings->multicast_interface;
}

/* One intent a socket at a time. False: the queue of intents is full. */
static bool want_output(struct udp *udp, struct udp_socket *socket)
{
    struct intent *intent;

    if (socket->output_wanted)
        return true;
    intent = intent_add(&udp->core->intents, udp->kind == UDP_PINGS ? INTENT_PING_OUTPUT : INTENT_UDP_OUTPUT);
    if (intent == NULL)
        return false;
    intent->owner = pool_handle(&udp->sockets, socket);
    socket->output_wanted = true;
    return true;
}

ptrdiff_t udp_send(struct udp *udp, struct handle handle, const struct baro_message *message)
{
    struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_record record;
    size_t length = 0;

    udp_settle(udp);
    if (socket == NULL)
        return -EBADF;
    if (socket->error != 0)
        return -take_error(socket);
    memset(&record, 0, sizeof record);
    record.peer = message->peer.address.family != BARO_FAMILY_NONE ? message->peer : socket->remote;
    if (record.peer.address.family == BARO_FAMILY_NONE)
        return -EDESTADDRREQ;
    if (udp->kind == UDP_DATAGRAMS && record.peer.port.number == 0)
        return -EINVAL;
    if (address_is_limited_broadcast(record.peer.address) && !socket->settings.broadcast)
        return -EACCES;
    if (choose_source(socket, message, &record.local) != 0)
        return -EINVAL;
    for (size_t i = 0; i < message->buffers; i++) {
        if (message->buffer[i].length > udp_payload_limit(udp, record.peer.address.family) - length)
            return -EMSGSIZE;
        length += message->buffer[i].length;
    }
    if (udp->kind == UDP_PINGS && !ping_may_be_sent(message, (enum baro_family)record.peer.address.family))
        return -EINVAL;
    if (!queue_has_room(&socket->out)) {
        socket->send_blocked = true;
        return -EAGAIN;
    }
    record.length = (uint32_t)length;
    describe(socket, message, &record);
    if (!want_output(udp, socket) ||
        !queue_put(&socket->out, &udp->core->slabs, &record, sizeof record, message->buffer,
                   message->buffers))
        return -ENOBUFS;
    return (ptrdiff_t)length;
}

bool udp_destination(const struct udp *udp, struct handle handle, struct baro_endpoint *local,
                     struct baro_endpoint *remote, int *interface)
{
    const struct udp_socket *socket = udp_resolve(udp, handle);
    struct udp_record record;

    if (socket == NULL || !queue_first(&socket->out, &record, sizeof record))
        return false;
    *local = record.local;
    *remote = record.peer;
    *interface = record.interface;
    return true;
}

/* A socket mostly sends to the same peer again. */
static uint32_t label_of(struct udp *udp, struct udp_socket *socket, const struct udp_record *record)
{
    if (record->peer.address.family != BARO_FAMILY_IPV6)
        return 0;
    if (socket->flow_label == 0 || !endpoint_equal(socket->flow_remote, record->peer) ||
        !endpoint_equal(socket->flow_local, record->local)) {
        socket->flow_local = record->local;
        socket->flow_remote = record->peer;
        socket->flow_label = flow_label(&udp->core->flow_key,
                                        udp->kind == UDP_PINGS ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_UDP, &record->local,
                                        &record->peer);
    }
    return socket->flow_label;
}

/* All of the message but what its protocol writes. */
static void write_message(const struct udp_record *record, const struct ip_path *path, struct ip_message *message)
{
    message->source = record->local.address;
    message->destination = record->peer.address;
    message->ttl = ip_path_hop_limit(path, record->ttl);
    message->tos = record->tos;
    message->dont_fragment = record->dont_fragment;
    message->broadcast_allowed = record->broadcast;
    message->multicast_loop = record->multicast_loop;
    message->ignore_path_mtu = record->ignore_path_mtu;
    message->interface = record->interface;
    if (record->peer.address.family == BARO_FAMILY_IPV6)
        message->fragment_size = record->fragment_size;
}

/* The header, and the first datagram of the queue behind it. */
static void write_datagram(struct udp *udp, const struct udp_socket *socket, const struct udp_record *record,
                           struct ip_message *message)
{
    const struct udp_header header = {
        .source_port = record->local.port.number,
        .destination_port = record->peer.port.number,
        .length = (uint16_t)(udp_header_SIZE + record->length),
    };

    message->protocol = IP_PROTOCOL_UDP;
    message->checksum_offset = 6;
    message->header_length = udp_header_SIZE;
    udp_header_write(&header, message->header);
    message->parts =
        ring_slice(&socket->out.ring, socket->out.ring.begin + sizeof *record, record->length, message->part);
    udp->core->counters.udp_out++;
    TRACE_PLAIN(udp->core, PACKET_OUT);
    TRACE(udp->core, UDP_OUT, TRACE_E(record->local), TRACE_E(record->peer), TRACE_N(record->length));
}

bool udp_next_datagram(struct udp *udp, struct handle handle, const struct ip_path *path,
                       struct ip_message *message)
{
    struct udp_socket *socket;
    struct udp_record record;

    udp_settle(udp);
    socket = udp_resolve(udp, handle);
    if (socket == NULL || !queue_first(&socket->out, &record, sizeof record))
        return false;
    if (record.local.address.family == BARO_FAMILY_NONE)
        record.local.address = path->source;
    memset(message, 0, sizeof *message);
    write_message(&record, path, message);
    message->flow_label = label_of(udp, socket, &record);
    if (udp->kind == UDP_PINGS)
        ping_write_request(udp, socket, &record, message);
    else
        write_datagram(udp, socket, &record, message);
    queue_take(&socket->out, (uint32_t)sizeof record + record.length);
    if (socket->out.count == 0) {
        socket->output_wanted = false;
        udp->drained = handle;
    }
    if (socket->send_blocked && queue_has_room(&socket->out)) {
        socket->send_blocked = false;
        udp_tell(udp, socket);
    }
    return true;
}
