/* transport/ping.c: see ping.h. */
#include "transport/ping.h"

#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "transport/udp/udp_private.h"

static uint8_t request_type(unsigned family)
{
    return family == BARO_FAMILY_IPV6 ? (uint8_t)ICMPV6_ECHO_REQUEST : (uint8_t)ICMP_ECHO_REQUEST;
}

bool ping_may_be_sent(const struct baro_message *message, enum baro_family family)
{
    uint8_t octets[icmp_header_SIZE];
    size_t have = 0;

    for (size_t i = 0; i < message->buffers && have < sizeof octets; i++) {
        size_t room = sizeof octets - have, part = message->buffer[i].length;

        if (part > room)
            part = room;
        if (part != 0)
            memcpy(octets + have, message->buffer[i].data, part);
        have += part;
    }
    return have == sizeof octets && octets[0] == request_type(family) && octets[1] == 0;
}

void ping_write_request(struct udp *pings, const struct udp_socket *socket, const struct udp_record *record,
                        struct ip_message *message)
{
    uint64_t at = socket->out.ring.begin + sizeof *record;
    struct icmp_header header;

    ring_read(&socket->out.ring, at, message->header, icmp_header_SIZE);
    icmp_header_read(&header, message->header);
    header.checksum = 0; /* message.c's to fill in */
    header.rest = (uint32_t)record->local.port.number << 16 | (header.rest & 0xffff);
    icmp_header_write(&header, message->header);
    message->protocol = record->peer.address.family == BARO_FAMILY_IPV6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP;
    message->checksum_offset = 2;
    message->header_length = icmp_header_SIZE;
    message->parts = ring_slice(&socket->out.ring, at + icmp_header_SIZE,
                                record->length - (uint32_t)icmp_header_SIZE, message->part);
    pings->core->counters.icmp_out++;
    TRACE_PLAIN(pings->core, PACKET_OUT);
    TRACE(pings->core, ICMP_OUT, TRACE_A(record->peer.address), TRACE_N(header.type), TRACE_N(header.code),
          TRACE_N(record->length));
}

/* The newest socket with that identifier that is bound to this address or to any. */
static struct udp_socket *find(const struct udp *pings, struct baro_address local, struct baro_port id)
{
    for (struct udp_socket *s = udp_ports_chain(pings, id); s != NULL; s = s->port_next)
        if (s->local.port.number == id.number &&
            binding_fits(&s->local.address, &local) != 0)
            return s;
    return NULL;
}

enum baro_drop_reason ping_in(struct udp *pings, const struct ip_packet *packet)
{
    struct icmp_header header;
    struct udp_record record;
    struct udp_socket *socket;

    icmp_header_read(&header, packet->payload.data);
    memset(&record, 0, sizeof record);
    record.peer.address = packet->source;
    record.local.address = packet->destination;
    record.local.port.number = (uint16_t)(header.rest >> 16);
    record.length = (uint32_t)packet->payload.length;
    record.interface = packet->interface;
    record.ttl = packet->ttl;
    record.tos = packet->tos;
    socket = find(pings, record.local.address, record.local.port);
    return socket == NULL ? BARO_DROP_ICMP_NO_MATCH : udp_deliver(pings, socket, &record, packet->payload.data);
}

enum baro_drop_reason ping_icmp_error(struct udp *pings, const struct icmp_error *error)
{
    struct icmp_header header;
    struct udp_socket *socket;

    icmp_header_read(&header, error->transport.data);
    if (header.type != request_type(error->remote.family))
        return BARO_DROP_ICMP_NO_MATCH;
    socket = find(pings, error->local, (struct baro_port){ (uint16_t)(header.rest >> 16) });
    if (socket == NULL)
        return BARO_DROP_ICMP_NO_MATCH;
    /* Who pings many peers without connect would not know whom it is about. */
    if (udp_has_peer(socket) ? !address_equal(socket->remote.address, error->remote) : !socket->settings.recv_error)
        return BARO_DROP_NONE;
    udp_tell_error(pings, socket, error, (struct baro_endpoint){ error->local, socket->local.port },
                   (struct baro_endpoint){ error->remote, { 0 } }, error->transport);
    return BARO_DROP_NONE;
}
