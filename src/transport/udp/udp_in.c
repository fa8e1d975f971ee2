/* transport/udp/udp_in.c: the way up: a datagram finds its socket (RFC 768). */
#include "transport/udp/udp_private.h"

#include <errno.h>

#include "base/checksum.h"
#include "base/source_filter.h"
#include "codec/ipv4.h"
#include "codec/udp.h"

enum baro_drop_reason udp_deliver(struct udp *udp, struct udp_socket *socket, const struct udp_record *record,
                                  const uint8_t *octets)
{
    struct baro_buffer piece;

    if (!queue_has_room(&socket->in))
        return BARO_DROP_UDP_QUEUE_FULL;
    /* The queue only reads it. */
    piece = (struct baro_buffer){ (uint8_t *)(uintptr_t)octets, record->length };
    if (!queue_put(&socket->in, &udp->core->slabs, record, sizeof *record, &piece, 1))
        return BARO_DROP_NO_SOCKET_MEMORY;
    TRACE(udp->core, UDP_QUEUED, TRACE_N(socket->owner), TRACE_N(record->length),
          TRACE_N(ring_used(&socket->in.ring)), TRACE_N(socket->in.limit));
    udp_tell(udp, socket);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason deliver(struct udp *udp, struct udp_socket *socket, const struct ip_packet *packet,
                                     const struct udp_record *record)
{
    return udp_deliver(udp, socket, record, packet->payload.data + udp_header_SIZE);
}

/* A member of the group hears the sources that it asked for. Who never joined it hears what his host hears, as on
 * Linux; the copy for ourselves is of any interface. */
static bool hears(const struct udp_socket *socket, const struct udp_record *record)
{
    for (const struct udp_group *group = socket->settings.groups; group != NULL; group = group->next) {
        if (address_equal(group->joined.group, record->local.address) &&
            (record->interface == 0 || record->interface == group->joined.interface))
            return source_filter_passes(&group->filter, record->peer.address);
    }
    return true;
}

/* A broadcast or multicast datagram goes to every socket that its port and address match. */
static enum baro_drop_reason deliver_to_group(struct udp *udp, const struct ip_packet *packet,
                                              const struct udp_record *record)
{
    enum baro_drop_reason result = BARO_DROP_UDP_NO_SOCKET;
    struct udp_socket *socket;
    bool taken = false, refused = false;

    for (socket = udp_ports_chain(udp, record->local.port); socket != NULL; socket = socket->port_next) {
        if (socket->local.port.number != record->local.port.number)
            continue;
        if (binding_fits(&socket->local.address, &record->local.address) == 0)
            continue;
        if (udp_has_peer(socket) && !endpoint_equal(socket->remote, record->peer))
            continue;
        if (!hears(socket, record)) {
            refused = true;
            continue;
        }
        result = deliver(udp, socket, packet, record);
        taken = taken || result == BARO_DROP_NONE;
    }
    if (result == BARO_DROP_UDP_NO_SOCKET && refused)
        return BARO_DROP_GROUP_SOURCE_REFUSED;
    if (result == BARO_DROP_UDP_NO_SOCKET) {
        socket = udp_find(udp, record->local, record->peer); /* a catch-all, if there is one */
        if (socket != NULL)
            return deliver(udp, socket, packet, record);
    }
    return taken ? BARO_DROP_NONE : result;
}

/* The length field may be less than what IP carried (then the rest is padding), never more. RFC 768 has a zero
 * checksum mean "none was made"; IPv6 does not allow that (RFC 8200 §8.1). */
static enum baro_drop_reason check(const struct ip_packet *packet, struct udp_header *header)
{
    struct baro_bytes payload = packet->payload;
    uint64_t sum;

    if (payload.length < udp_header_SIZE)
        return BARO_DROP_UDP_TRUNCATED;
    udp_header_read(header, payload.data);
    if (header->length < udp_header_SIZE || header->length > payload.length)
        return BARO_DROP_UDP_TRUNCATED;
    if (header->checksum == 0)
        return packet->source.family == BARO_FAMILY_IPV6 ? BARO_DROP_UDP_CHECKSUM : BARO_DROP_NONE;
    if (packet->checksum_verified)
        return BARO_DROP_NONE;
    sum = checksum_pseudo(packet->source, packet->destination, IP_PROTOCOL_UDP, header->length);
    sum = checksum_add(sum, payload.data, header->length);
    return checksum_fold(sum) == 0 ? BARO_DROP_NONE : BARO_DROP_UDP_CHECKSUM;
}

enum baro_drop_reason udp_in(struct udp *udp, const struct ip_packet *packet)
{
    struct udp_header header;
    struct udp_record record;
    struct udp_socket *socket;
    enum baro_drop_reason reason = check(packet, &header);

    if (reason != BARO_DROP_NONE)
        return reason;
    memset(&record, 0, sizeof record);
    record.peer = (struct baro_endpoint){ packet->source, { header.source_port } };
    record.local = (struct baro_endpoint){ packet->destination, { header.destination_port } };
    record.length = header.length - (uint32_t)udp_header_SIZE;
    record.interface = packet->interface;
    record.ttl = packet->ttl;
    record.tos = packet->tos;
    TRACE(udp->core, UDP_IN, TRACE_E(record.peer), TRACE_E(record.local), TRACE_N(record.length),
          TRACE_N(header.checksum));
    if (header.destination_port == 0)
        return BARO_DROP_UDP_NO_SOCKET;
    if (packet->to_group) {
        reason = deliver_to_group(udp, packet, &record);
    } else {
        socket = udp_find(udp, record.local, record.peer);
        reason = socket == NULL ? BARO_DROP_UDP_NO_SOCKET : deliver(udp, socket, packet, &record);
    }
    if (reason == BARO_DROP_NONE)
        udp->core->counters.udp_in++;
    return reason;
}
