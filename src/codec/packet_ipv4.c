/* codec/packet_ipv4.c: the IPv4 header of a packet that is a value (RFC 791 §3.1). */
#include "base/checksum.h"
#include "codec/ipv4.h"
#include "codec/packet_parts.h"

enum baro_drop_reason packet_parse_ipv4(struct baro_packet *packet, struct baro_bytes datagram, bool whole)
{
    struct ipv4_header header;
    unsigned length;

    if (datagram.length < ipv4_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    ipv4_header_read(&header, datagram.data);
    length = ipv4_header_length(&header);
    if (ipv4_version(&header) != 4)
        return BARO_DROP_IP_VERSION;
    if (length < ipv4_header_SIZE || length > header.total_length)
        return BARO_DROP_IP_HEADER_LENGTH;
    if (length > datagram.length || (whole && header.total_length > datagram.length))
        return BARO_DROP_IP_TRUNCATED;
    if (datagram.length > header.total_length)
        datagram.length = header.total_length;
    packet->source = header.source;
    packet->destination = header.destination;
    packet->protocol = header.protocol;
    packet->ttl = header.ttl;
    packet->tos = header.tos;
    packet->id = header.id;
    packet->dont_fragment = (header.flags_offset & IPV4_DONT_FRAGMENT) != 0;
    packet->more_fragments = (header.flags_offset & IPV4_MORE_FRAGMENTS) != 0;
    packet->fragment_offset = (uint16_t)ipv4_fragment_offset(&header);
    packet->ip_options = (struct baro_bytes){ datagram.data + ipv4_header_SIZE, length - ipv4_header_SIZE };
    packet->ip_checksum_right = checksum_fold(checksum_add(0, datagram.data, length)) == 0;
    packet->payload = packet_rest(datagram, length);
    packet->payload_length = header.total_length - length;
    return packet_parse_transport(packet, whole);
}

void packet_write_ipv4(const struct baro_packet *packet, uint8_t *to, size_t header_length, size_t total)
{
    unsigned flags = (packet->dont_fragment ? IPV4_DONT_FRAGMENT : 0U) |
                     (packet->more_fragments ? IPV4_MORE_FRAGMENTS : 0U) | packet->fragment_offset / 8U;
    struct ipv4_header header = {
        .version_length = (uint8_t)(0x40 | header_length / 4), .tos = packet->tos,
        .total_length = (uint16_t)total, .id = (uint16_t)packet->id, .flags_offset = (uint16_t)flags,
        .ttl = packet_ttl(packet), .protocol = packet_protocol(packet),
        .source = packet->source, .destination = packet->destination
    };

    ipv4_header_write(&header, to);
    packet_copy(to + ipv4_header_SIZE, packet->ip_options);
    write_be16(to + 10, checksum_fold(checksum_add(0, to, header_length)));
}
