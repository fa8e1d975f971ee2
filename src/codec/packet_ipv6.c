/* codec/packet_ipv6.c: the IPv6 header and its extension headers of a packet that is a value (RFC 8200 §3, §4).
 *
 * The chain is walked in any order, as §4.1 asks of a receiver, and at most CHAIN_LIMIT headers of it: a chain as
 * long as the packet would let a sender of few octets buy much work. Which orders and options are acceptable is not
 * judged here; the value holds the octets of the whole chain, so that building writes what was read. */
#include <string.h>

#include "codec/ip_protocol.h"
#include "codec/ipv6.h"
#include "codec/packet_parts.h"

enum { CHAIN_LIMIT = 16, EXTENSION_UNIT = 8 };

static bool is_extension(uint8_t protocol)
{
    return protocol == IP_PROTOCOL_HOP_BY_HOP || protocol == IP_PROTOCOL_ROUTING ||
           protocol == IP_PROTOCOL_FRAGMENT || protocol == IP_PROTOCOL_DESTINATION;
}

static void read_fragment(struct baro_packet *packet, const uint8_t *at)
{
    struct ipv6_fragment_header header;

    ipv6_fragment_header_read(&header, at);
    packet->fragment = true;
    packet->id = header.id;
    packet->fragment_offset = header.offset_more & IPV6_OFFSET_MASK;
    packet->more_fragments = (header.offset_more & IPV6_MORE_FRAGMENTS) != 0;
}

/* Walks from the fixed header on; the payload is what is left. Behind the header of a fragment that is not the first
 * comes the middle of something. */
static enum baro_drop_reason walk(struct baro_packet *packet)
{
    struct baro_bytes rest = packet->payload;

    packet->protocol = packet->next_header;
    for (int i = 0; i < CHAIN_LIMIT && is_extension(packet->protocol) && packet->fragment_offset == 0; i++) {
        bool fragment = packet->protocol == IP_PROTOCOL_FRAGMENT;
        size_t length = EXTENSION_UNIT;

        if (rest.length < EXTENSION_UNIT)
            return BARO_DROP_IP_TRUNCATED;
        if (!fragment)
            length += (size_t)rest.data[1] * EXTENSION_UNIT;
        if (length > rest.length)
            return BARO_DROP_IP_TRUNCATED;
        if (fragment)
            read_fragment(packet, rest.data);
        packet->protocol = rest.data[0];
        rest = packet_rest(rest, length);
    }
    packet->extensions = (struct baro_bytes){ packet->payload.data, packet->payload.length - rest.length };
    packet->payload_length -= (uint32_t)packet->extensions.length;
    packet->payload = rest;
    return BARO_DROP_NONE;
}

enum baro_drop_reason packet_parse_ipv6(struct baro_packet *packet, struct baro_bytes datagram, bool whole)
{
    struct ipv6_header header;
    enum baro_drop_reason reason;

    if (datagram.length < ipv6_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    ipv6_header_read(&header, datagram.data);
    if (ipv6_version(&header) != 6)
        return BARO_DROP_IP_VERSION;
    if (whole && header.payload_length > datagram.length - ipv6_header_SIZE)
        return BARO_DROP_IP_TRUNCATED;
    packet->source = header.source;
    packet->destination = header.destination;
    packet->ttl = header.hop_limit;
    packet->tos = ipv6_traffic_class(&header);
    packet->flow_label = ipv6_flow_label(&header);
    packet->next_header = header.next_header;
    packet->ip_checksum_right = true;
    packet->payload = packet_rest(datagram, ipv6_header_SIZE);
    if (packet->payload.length > header.payload_length)
        packet->payload.length = header.payload_length;
    packet->payload_length = header.payload_length;
    reason = walk(packet);
    return reason != BARO_DROP_NONE ? reason : packet_parse_transport(packet, whole);
}

/* ---- building ---- */

size_t packet_ipv6_length(const struct baro_packet *packet)
{
    size_t chain = packet->extensions.length;

    if (chain == 0 && packet->fragment)
        chain = ipv6_fragment_header_SIZE;
    return ipv6_header_SIZE + chain;
}

void packet_write_ipv6(const struct baro_packet *packet, uint8_t *to, size_t total)
{
    bool fragment = packet->extensions.length == 0 && packet->fragment;
    struct ipv6_header header = {
        .version_class_flow = ipv6_first_word(packet->tos, packet->flow_label),
        .payload_length = (uint16_t)(total - ipv6_header_SIZE),
        .next_header = packet->extensions.length != 0 ? packet->next_header
                       : fragment                     ? (uint8_t)IP_PROTOCOL_FRAGMENT
                                                      : packet_protocol(packet),
        .hop_limit = packet_ttl(packet), .source = packet->source, .destination = packet->destination
    };

    ipv6_header_write(&header, to);
    packet_copy(to + ipv6_header_SIZE, packet->extensions);
    if (fragment) {
        unsigned more = packet->more_fragments ? IPV6_MORE_FRAGMENTS : 0;
        struct ipv6_fragment_header part = { packet_protocol(packet), 0,
                                             (uint16_t)((packet->fragment_offset & IPV6_OFFSET_MASK) | more),
                                             packet->id };

        ipv6_fragment_header_write(&part, to + ipv6_header_SIZE);
    }
}
