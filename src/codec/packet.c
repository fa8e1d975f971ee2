/* codec/packet.c: packets as values, see baro/packet.h.
 *
 * The headers are read by the tables of the codecs. A quote is the one case in which the bytes may end before
 * the header says so: `whole` tells which of the two is being read. */
#include "baro/packet.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/tcp.h"
#include "codec/tcp_options.h"
#include "codec/udp.h"

enum { DATAGRAM_LIMIT = 65535, OPTIONS_LIMIT = 40, QUOTE_LEAST = 8, DEFAULT_TTL = 64, VLAN_MASK = 0x0fff };

static struct baro_bytes rest_of(struct baro_bytes bytes, size_t offset)
{
    return (struct baro_bytes){ bytes.data + offset, bytes.length - offset };
}

static bool sum_is_right(const struct baro_packet *packet, struct baro_bytes message)
{
    uint64_t sum = packet->protocol == IP_PROTOCOL_ICMP
                       ? 0
                       : checksum_pseudo(packet->source, packet->destination, packet->protocol,
                                         (uint32_t)message.length);

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
    packet->window = header.window;
    packet->urgent = header.urgent;
    length = tcp_header_length(&header);
    if (message.length < tcp_header_SIZE || (!whole && length > message.length)) {
        packet->payload = rest_of(message, message.length);
        packet->payload_length -= length <= packet->payload_length ? length : packet->payload_length;
        return BARO_DROP_NONE;
    }
    if (length < tcp_header_SIZE || length > message.length)
        return BARO_DROP_TCP_TRUNCATED;
    packet->tcp_options = (struct baro_bytes){ message.data + tcp_header_SIZE, length - tcp_header_SIZE };
    packet->payload = rest_of(message, length);
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
    packet->payload = rest_of(message, udp_header_SIZE);
    packet->payload_length = (uint32_t)header.length - udp_header_SIZE;
    packet->transport_checksum_right = whole && (header.checksum == 0 || sum_is_right(packet, message));
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
    packet->payload = rest_of(message, icmp_header_SIZE);
    packet->payload_length -= icmp_header_SIZE <= packet->payload_length ? icmp_header_SIZE
                                                                         : packet->payload_length;
    packet->transport_checksum_right = whole && sum_is_right(packet, message);
    return BARO_DROP_NONE;
}

static enum baro_drop_reason parse_transport(struct baro_packet *packet, bool whole)
{
    struct baro_bytes message = packet->payload;

    if (packet->fragment_offset != 0)
        return BARO_DROP_NONE;
    /* The first fragment of several: its sum is over bytes that are not here. */
    whole = whole && !packet->more_fragments;
    if (!whole && message.length < QUOTE_LEAST)
        return BARO_DROP_ICMP_TRUNCATED;
    switch (packet->protocol) {
    case IP_PROTOCOL_TCP:
        return parse_tcp(packet, message, whole);
    case IP_PROTOCOL_UDP:
        return parse_udp(packet, message, whole);
    case IP_PROTOCOL_ICMP:
        return parse_icmp(packet, message, whole);
    default:
        return BARO_DROP_NONE;
    }
}

static enum baro_drop_reason parse_ipv4(struct baro_packet *packet, struct baro_bytes datagram, bool whole)
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
    packet->payload = rest_of(datagram, length);
    packet->payload_length = header.total_length - length;
    return parse_transport(packet, whole);
}

enum baro_drop_reason baro_packet_parse(struct baro_packet *packet, struct baro_bytes datagram)
{
    *packet = (struct baro_packet){ .vlan = -1 };
    return parse_ipv4(packet, datagram, true);
}

enum baro_drop_reason baro_packet_parse_quote(struct baro_packet *packet, struct baro_bytes quote)
{
    *packet = (struct baro_packet){ .vlan = -1 };
    return parse_ipv4(packet, quote, false);
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
    if (packet->ethernet_type != ETHERNET_TYPE_IPV4)
        return BARO_DROP_ETHERNET_TYPE_UNKNOWN;
    return parse_ipv4(packet, rest_of(frame, length), true);
}

/* ---- building ---- */

static bool options_fit(struct baro_bytes options)
{
    return options.length <= OPTIONS_LIMIT && options.length % 4 == 0;
}

static size_t transport_header_length(const struct baro_packet *packet)
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

static void copy_bytes(uint8_t *to, struct baro_bytes bytes)
{
    if (bytes.length != 0)
        memcpy(to, bytes.data, bytes.length);
}

/* Writes the transport header with a checksum of zero; returns where the checksum stands. */
static size_t write_transport(const struct baro_packet *packet, uint8_t *to, size_t length)
{
    if (packet->layer == BARO_PACKET_TCP) {
        struct tcp_header tcp = { packet->source_port.number, packet->destination_port.number, packet->seq,
                                  packet->ack, 0, packet->flags, packet->window, 0, packet->urgent };

        tcp.data_offset = (uint8_t)((tcp_header_SIZE + packet->tcp_options.length) / 4 << 4);
        tcp_header_write(&tcp, to);
        copy_bytes(to + tcp_header_SIZE, packet->tcp_options);
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

static uint8_t protocol_of(const struct baro_packet *packet)
{
    switch (packet->layer) {
    case BARO_PACKET_TCP:
        return IP_PROTOCOL_TCP;
    case BARO_PACKET_UDP:
        return IP_PROTOCOL_UDP;
    case BARO_PACKET_ICMP:
        return IP_PROTOCOL_ICMP;
    default:
        return packet->protocol;
    }
}

static void write_ip(const struct baro_packet *packet, uint8_t *to, size_t header_length, size_t total)
{
    unsigned flags = (packet->dont_fragment ? IPV4_DONT_FRAGMENT : 0U) |
                     (packet->more_fragments ? IPV4_MORE_FRAGMENTS : 0U) | packet->fragment_offset / 8U;
    struct ipv4_header header = {
        .version_length = (uint8_t)(0x40 | header_length / 4), .tos = packet->tos,
        .total_length = (uint16_t)total, .id = packet->id, .flags_offset = (uint16_t)flags,
        .ttl = packet->ttl != 0 ? packet->ttl : DEFAULT_TTL, .protocol = protocol_of(packet),
        .source = packet->source, .destination = packet->destination
    };

    ipv4_header_write(&header, to);
    copy_bytes(to + ipv4_header_SIZE, packet->ip_options);
    write_be16(to + 10, checksum_fold(checksum_add(0, to, header_length)));
}

ptrdiff_t baro_packet_build(const struct baro_packet *packet, struct baro_buffer to)
{
    size_t ip_length = ipv4_header_SIZE + packet->ip_options.length;
    size_t transport = transport_header_length(packet);
    size_t total = ip_length + transport + packet->payload.length;
    uint8_t *message = to.data + ip_length;

    if (!options_fit(packet->ip_options) || !options_fit(packet->tcp_options) || total > DATAGRAM_LIMIT ||
        packet->payload.length > DATAGRAM_LIMIT)
        return -EINVAL;
    if (to.length < total)
        return -ENOSPC;
    copy_bytes(message + transport, packet->payload);
    if (packet->layer != BARO_PACKET_OTHER) {
        size_t length = total - ip_length;
        size_t at = write_transport(packet, message, length);
        uint64_t sum = 0;
        uint16_t checksum;

        if (packet->layer != BARO_PACKET_ICMP)
            sum = checksum_pseudo(packet->source, packet->destination, protocol_of(packet), (uint32_t)length);
        checksum = checksum_fold(checksum_add(sum, message, length));
        /* RFC 768: a computed zero is sent as all ones, zero means "no checksum". */
        if (packet->layer == BARO_PACKET_UDP && checksum == 0)
            checksum = 0xffff;
        write_be16(message + at, checksum);
    }
    write_ip(packet, to.data, ip_length, total);
    return (ptrdiff_t)total;
}

ptrdiff_t baro_packet_build_frame(const struct baro_packet *packet, struct baro_buffer to)
{
    size_t length = ethernet_header_SIZE + (packet->vlan >= 0 ? vlan_tag_SIZE : 0U);
    struct ethernet_header header = { packet->destination_mac, packet->source_mac, ETHERNET_TYPE_IPV4 };
    ptrdiff_t datagram;

    if (to.length < length)
        return -ENOSPC;
    datagram = baro_packet_build(packet, (struct baro_buffer){ to.data + length, to.length - length });
    if (datagram < 0)
        return datagram;
    if (packet->vlan >= 0) {
        struct vlan_tag tag = { (uint16_t)(packet->vlan & VLAN_MASK), ETHERNET_TYPE_IPV4 };

        header.type = ETHERNET_TYPE_VLAN;
        vlan_tag_write(&tag, to.data + ethernet_header_SIZE);
    }
    ethernet_header_write(&header, to.data);
    return (ptrdiff_t)length + datagram;
}

/* ---- TCP options ---- */

bool baro_tcp_option_next(struct baro_bytes *options, struct baro_tcp_option *option)
{
    size_t length = 1;

    if (options->length == 0)
        return false;
    *option = (struct baro_tcp_option){ .kind = options->data[0] };
    if (option->kind != TCP_OPTION_END && option->kind != TCP_OPTION_NOP) {
        length = options->length < 2 ? 0 : options->data[1];
        if (length < 2 || length > options->length)
            return false;
        option->value = (struct baro_bytes){ options->data + 2, length - 2 };
    }
    *options = rest_of(*options, length);
    return true;
}

void baro_tcp_options_parse(struct baro_tcp_options *options, struct baro_bytes bytes)
{
    struct tcp_options read;

    tcp_options_read(&read, bytes);
    *options = (struct baro_tcp_options){
        .has_mss = read.has_mss, .has_scale = read.has_scale, .has_timestamps = read.has_timestamps,
        .sack_permitted = read.sack_permitted, .malformed = read.malformed, .mss = read.mss,
        .scale = read.scale, .sack_count = read.sack_count, .ts_value = read.ts_value, .ts_echo = read.ts_echo
    };
    for (unsigned i = 0; i < read.sack_count; i++) {
        options->sack[i].left = read.sack[i].left.value;
        options->sack[i].right = read.sack[i].right.value;
    }
}
