/* codec/packet_transport.c: what stands behind the IP header of a packet that is a value: TCP, UDP, ICMP.
 *
 * A quote is the one case in which the octets may end before the header says so: `whole` tells which of the two is
 * being read. The families differ here in the sums alone: ICMPv6 takes in the pseudo-header (RFC 4443 §2.3), and UDP
 * over IPv6 has no "no checksum". */
#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/ip_protocol.h"
#include "codec/packet_parts.h"
#include "codec/tcp.h"
#include "codec/udp.h"

enum { QUOTE_LEAST = 8 };

static uint8_t icmp_of(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP;
}

static uint64_t pseudo_sum(const struct baro_packet *packet, size_t length)
{
    uint8_t protocol = packet_protocol(packet);

    if (protocol == IP_PROTOCOL_ICMP)
        return 0;
    return checksum_pseudo(packet->source, packet->destination, protocol, (uint32_t)length);
}

static bool sum_is_right(const struct baro_packet *packet, struct baro_bytes message)
{
    uint64_t sum = pseudo_sum(packet, message.length);

    return checksum_fold(checksum_add(sum, message.data, message.length)) == 0;
}

static enum baro_drop_reason parse_tcp(struct baro_packet *packet, struct baro_bytes message, bool whole)
{
    uint8_t octets[tcp_header_SIZE] = { 0 };
    struct tcp_header header;
    unsigned length;

    if (whole && message.length < tcp_header_SIZE)
        return BARO_DROP_TCP_TRUNCATED;
    memcpy(octets, message.data, message.length < sizeof octets ? message.length : sizeof octets);
    tcp_header_read(&header, octets);
    packet->layer = BARO_PACKET_TCP;
    packet->source_port.number = header.source_port;
    packet->destination_port.number = header.destination_port;
    packet->seq = header.seq;
    packet->ack = header.ack;
    packet->flags = header.flags;
    packet->accurate_ecn = (header.data_offset & TCP_HEADER_AE) != 0;
    packet->window = header.window;
    packet->urgent = header.urgent;
    length = tcp_header_length(&header);
    if (message.length < tcp_header_SIZE || (!whole && length > message.length)) {
        packet->payload = packet_rest(message, message.length);
        packet->payload_length -= length <= packet->payload_length ? length : packet->payload_length;
        return BARO_DROP_NONE;
    }
    if (length < tcp_header_SIZE || length > message.length)
        return BARO_DROP_TCP_TRUNCATED;
    packet->tcp_options = (struct baro_bytes){ message.data + tcp_header_SIZE, length - tcp_header_SIZE };
    packet->payload = packet_rest(message, length);
    packet->payload_length -= length;
    packet->transport_checksum_right = whole && sum_is_right(packet, message);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason parse_udp(struct baro_packet *packet, struct baro_bytes message, bool whole)
{
    struct udp_header header;

    if (message.length < udp_header_SIZE)
        return BARO_DROP_UDP_TRUNCATED;
    udp_header_read(&header, message.data);
    if (header.length < udp_header_SIZE || (whole && header.length > message.length))
        return BARO_DROP_UDP_TRUNCATED;
    if (message.length > header.length)
        message.length = header.length;
    packet->layer = BARO_PACKET_UDP;
    packet->source_port.number = header.source_port;
    packet->destination_port.number = header.destination_port;
    packet->payload = packet_rest(message, udp_header_SIZE);
    packet->payload_length = (uint32_t)header.length - udp_header_SIZE;
    /* RFC 8200 §8.1: over IPv6 a sum of zero is wrong. */
    if (header.checksum == 0)
        packet->transport_checksum_right = whole && packet->source.family == BARO_FAMILY_IPV4;
    else
        packet->transport_checksum_right = whole && sum_is_right(packet, message);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason parse_icmp(struct baro_packet *packet, struct baro_bytes message, bool whole)
{
    struct icmp_header header;

    if (message.length < icmp_header_SIZE)
        return BARO_DROP_ICMP_TRUNCATED;
    icmp_header_read(&header, message.data);
    packet->layer = BARO_PACKET_ICMP;
    packet->icmp_type = header.type;
    packet->icmp_code = header.code;
    packet->icmp_rest = header.rest;
    packet->payload = packet_rest(message, icmp_header_SIZE);
    packet->payload_length -= icmp_header_SIZE <= packet->payload_length ? icmp_header_SIZE
                                                                         : packet->payload_length;
    packet->transport_checksum_right = whole && sum_is_right(packet, message);
    return BARO_DROP_NONE;
}

enum baro_drop_reason packet_parse_transport(struct baro_packet *packet, bool whole)
{
    struct baro_bytes message = packet->payload;

    if (packet->fragment_offset != 0)
        return BARO_DROP_NONE;
    /* The first fragment of several: its sum is over bytes that are not here. */
    whole = whole && !packet->more_fragments;
    if (!whole && message.length < QUOTE_LEAST)
        return BARO_DROP_ICMP_TRUNCATED;
    if (packet->protocol == IP_PROTOCOL_TCP)
        return parse_tcp(packet, message, whole);
    if (packet->protocol == IP_PROTOCOL_UDP)
        return parse_udp(packet, message, whole);
    if (packet->protocol == icmp_of(packet->source))
        return parse_icmp(packet, message, whole);
    return BARO_DROP_NONE;
}

/* ---- building ---- */

size_t packet_transport_length(const struct baro_packet *packet)
{
    switch (packet->layer) {
    case BARO_PACKET_TCP:
        return tcp_header_SIZE + packet->tcp_options.length;
    case BARO_PACKET_UDP:
        return udp_header_SIZE;
    case BARO_PACKET_ICMP:
        return icmp_header_SIZE;
    default:
        return 0;
    }
}

/* Writes the transport header with a checksum of zero; returns where the checksum stands. */
static size_t write_header(const struct baro_packet *packet, uint8_t *to, size_t length)
{
    if (packet->layer == BARO_PACKET_TCP) {
        struct tcp_header tcp = { packet->source_port.number, packet->destination_port.number, packet->seq,
                                  packet->ack, 0, packet->flags, packet->window, 0, packet->urgent };

        tcp.data_offset = (uint8_t)((tcp_header_SIZE + packet->tcp_options.length) / 4 << 4 |
                                    (packet->accurate_ecn ? TCP_HEADER_AE : 0U));
        tcp_header_write(&tcp, to);
        packet_copy(to + tcp_header_SIZE, packet->tcp_options);
        return 16;
    }
    if (packet->layer == BARO_PACKET_UDP) {
        struct udp_header udp = { packet->source_port.number, packet->destination_port.number,
                                  (uint16_t)length, 0 };

        udp_header_write(&udp, to);
        return 6;
    }
    icmp_header_write(&(struct icmp_header){ packet->icmp_type, packet->icmp_code, 0, packet->icmp_rest }, to);
    return 2;
}

uint8_t packet_protocol(const struct baro_packet *packet)
{
    switch (packet->layer) {
    case BARO_PACKET_TCP:
        return IP_PROTOCOL_TCP;
    case BARO_PACKET_UDP:
        return IP_PROTOCOL_UDP;
    case BARO_PACKET_ICMP:
        return icmp_of(packet->destination);
    default:
        return packet->protocol;
    }
}

void packet_write_transport(const struct baro_packet *packet, uint8_t *to, size_t length)
{
    size_t at = write_header(packet, to, length);
    uint16_t checksum = checksum_fold(checksum_add(pseudo_sum(packet, length), to, length));

    /* RFC 768: a computed zero is sent as all ones, zero means "no checksum". */
    if (packet->layer == BARO_PACKET_UDP && checksum == 0)
        checksum = 0xffff;
    write_be16(to + at, checksum);
}
