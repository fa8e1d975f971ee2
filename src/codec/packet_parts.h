/* codec/packet_parts.h: what the files of baro/packet.h share: one reads and writes IPv4's header, one IPv6's, one
 * what stands above both. */
#ifndef CODEC_PACKET_PARTS_H
#define CODEC_PACKET_PARTS_H

#include <string.h>

#include "baro/packet.h"

enum { PACKET_DEFAULT_TTL = 64 };

static inline struct baro_bytes packet_rest(struct baro_bytes bytes, size_t offset)
{
    return (struct baro_bytes){ bytes.data + offset, bytes.length - offset };
}

static inline void packet_copy(uint8_t *to, struct baro_bytes bytes)
{
    if (bytes.length != 0)
        memcpy(to, bytes.data, bytes.length);
}

static inline uint8_t packet_ttl(const struct baro_packet *packet)
{
    return packet->ttl != 0 ? packet->ttl : PACKET_DEFAULT_TTL;
}

/* Reading: `whole` is false for a quote, which may end early. */
enum baro_drop_reason packet_parse_ipv4(struct baro_packet *packet, struct baro_bytes datagram, bool whole);
enum baro_drop_reason packet_parse_ipv6(struct baro_packet *packet, struct baro_bytes datagram, bool whole);
/* What packet->payload begins with, once the IP header is read. */
enum baro_drop_reason packet_parse_transport(struct baro_packet *packet, bool whole);

/* Writing: `total` octets in all, `header_length` of them IP header with options. */
void packet_write_ipv4(const struct baro_packet *packet, uint8_t *to, size_t header_length, size_t total);
/* The fixed header and its extensions, and how long they are. */
void packet_write_ipv6(const struct baro_packet *packet, uint8_t *to, size_t total);
size_t packet_ipv6_length(const struct baro_packet *packet);
/* The protocol number that the layer asks for. */
uint8_t packet_protocol(const struct baro_packet *packet);
/* Octets of transport header, 0 for OTHER. */
size_t packet_transport_length(const struct baro_packet *packet);
/* Header and checksum of a message of `length` octets, whose payload stands in its place already. Not for OTHER. */
void packet_write_transport(const struct baro_packet *packet, uint8_t *to, size_t length);

#endif
