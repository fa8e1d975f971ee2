/* codec/packet.c: packets as values, see baro/packet.h: whole datagrams and frames.
 *
 * The headers are read and written by packet_ipv4.c, packet_ipv6.c and packet_transport.c. A datagram's first four
 * bits tell its family, a frame's type field does; a value's addresses do. */
#include "baro/packet.h"

#include <errno.h>

#include "codec/ethernet.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "codec/packet_parts.h"

enum { DATAGRAM_LIMIT = 65535, OPTIONS_LIMIT = 40, VLAN_MASK = 0x0fff };

static enum baro_drop_reason parse(struct baro_packet *packet, struct baro_bytes datagram, bool whole)
{
    *packet = (struct baro_packet){ .vlan = -1 };
    if (datagram.length > 0 && datagram.data[0] >> 4 == 6)
        return packet_parse_ipv6(packet, datagram, whole);
    return packet_parse_ipv4(packet, datagram, whole);
}

enum baro_drop_reason baro_packet_parse(struct baro_packet *packet, struct baro_bytes datagram)
{
    return parse(packet, datagram, true);
}

enum baro_drop_reason baro_packet_parse_quote(struct baro_packet *packet, struct baro_bytes quote)
{
    return parse(packet, quote, false);
}

enum baro_drop_reason baro_packet_parse_frame(struct baro_packet *packet, struct baro_bytes frame)
{
    struct ethernet_header header;
    size_t length = ethernet_header_SIZE;

    *packet = (struct baro_packet){ .vlan = -1 };
    if (frame.length < ethernet_header_SIZE)
        return BARO_DROP_ETHERNET_TRUNCATED;
    ethernet_header_read(&header, frame.data);
    packet->destination_mac = header.destination;
    packet->source_mac = header.source;
    packet->ethernet_type = header.type;
    if (header.type == ETHERNET_TYPE_VLAN) {
        struct vlan_tag tag;

        if (frame.length < ethernet_header_SIZE + vlan_tag_SIZE)
            return BARO_DROP_ETHERNET_TRUNCATED;
        vlan_tag_read(&tag, frame.data + ethernet_header_SIZE);
        packet->vlan = tag.control & VLAN_MASK;
        packet->ethernet_type = tag.type;
        length += vlan_tag_SIZE;
    }
    if (packet->ethernet_type == ETHERNET_TYPE_IPV4)
        return packet_parse_ipv4(packet, packet_rest(frame, length), true);
    if (packet->ethernet_type == ETHERNET_TYPE_IPV6)
        return packet_parse_ipv6(packet, packet_rest(frame, length), true);
    return BARO_DROP_ETHERNET_TYPE_UNKNOWN;
}

/* ---- building ---- */

static bool is_ipv6(const struct baro_packet *packet)
{
    return packet->destination.family == BARO_FAMILY_IPV6;
}

static bool options_fit(struct baro_bytes options)
{
    return options.length <= OPTIONS_LIMIT && options.length % 4 == 0;
}

static bool can_be_built(const struct baro_packet *packet)
{
    if (is_ipv6(packet) != (packet->source.family == BARO_FAMILY_IPV6))
        return false;
    if (is_ipv6(packet) && (packet->extensions.length % 8 != 0 || packet->extensions.length > DATAGRAM_LIMIT))
        return false;
    return options_fit(packet->ip_options) && options_fit(packet->tcp_options) &&
           packet->payload.length <= DATAGRAM_LIMIT;
}

ptrdiff_t baro_packet_build(const struct baro_packet *packet, struct baro_buffer to)
{
    bool ipv6 = is_ipv6(packet);
    size_t ip_length = ipv6 ? packet_ipv6_length(packet) : ipv4_header_SIZE + packet->ip_options.length;
    size_t transport = packet_transport_length(packet);
    size_t total = ip_length + transport + packet->payload.length;
    size_t counted = ipv6 ? total - ipv6_header_SIZE : total; /* by the length field */

    if (!can_be_built(packet) || counted > DATAGRAM_LIMIT)
        return -EINVAL;
    if (to.length < total)
        return -ENOSPC;
    packet_copy(to.data + ip_length + transport, packet->payload);
    if (packet->layer != BARO_PACKET_OTHER)
        packet_write_transport(packet, to.data + ip_length, total - ip_length);
    if (ipv6)
        packet_write_ipv6(packet, to.data, total);
    else
        packet_write_ipv4(packet, to.data, ip_length, total);
    return (ptrdiff_t)total;
}

ptrdiff_t baro_packet_build_frame(const struct baro_packet *packet, struct baro_buffer to)
{
    size_t length = ethernet_header_SIZE + (packet->vlan >= 0 ? vlan_tag_SIZE : 0U);
    uint16_t type = is_ipv6(packet) ? ETHERNET_TYPE_IPV6 : ETHERNET_TYPE_IPV4;
    struct ethernet_header header = { packet->destination_mac, packet->source_mac, type };
    ptrdiff_t datagram;

    if (to.length < length)
        return -ENOSPC;
    datagram = baro_packet_build(packet, (struct baro_buffer){ to.data + length, to.length - length });
    if (datagram < 0)
        return datagram;
    if (packet->vlan >= 0) {
        struct vlan_tag tag = { (uint16_t)(packet->vlan & VLAN_MASK), type };

        header.type = ETHERNET_TYPE_VLAN;
        vlan_tag_write(&tag, to.data + ethernet_header_SIZE);
    }
    ethernet_header_write(&header, to.data);
    return (ptrdiff_t)length + datagram;
}
