/* src/steer.c: whose a frame is (baro/shard.h): the headers are looked at just enough to know its flow.
 *
 * Nothing here decides whether a frame is right: the shard that gets it does. So whatever cannot be read is shard 0's,
 * and what is nobody's flow everybody's. A quoted packet is looked at like any other: its flow is that of the packet
 * that we sent. */
#include "steer.h"

#include <string.h>

#include "baro/shard.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "codec/ipv6_chain.h"

enum {
    PORTS = 4 /* octets of a transport header that hold them */
};

/* A packet as far as it concerns us. */
struct sight {
    struct baro_address source, destination;
    uint8_t protocol;
    struct baro_bytes payload;
    bool fragment;
};

static bool see_v4(struct sight *sight, struct baro_bytes packet)
{
    size_t header;

    if (packet.length < ipv4_header_SIZE)
        return false;
    header = (size_t)(packet.data[0] & 15) * 4;
    if (header < ipv4_header_SIZE || header > packet.length)
        return false;
    sight->source = read_ipv4(packet.data + CODEC_AT(ipv4_header, source));
    sight->destination = read_ipv4(packet.data + CODEC_AT(ipv4_header, destination));
    sight->protocol = packet.data[CODEC_AT(ipv4_header, protocol)];
    sight->fragment = (read_be16(packet.data + CODEC_AT(ipv4_header, flags_offset)) & IPV4_FRAGMENT) != 0;
    sight->payload = (struct baro_bytes){ packet.data + header, packet.length - header };
    return true;
}

static bool see_v6(struct sight *sight, struct baro_bytes packet)
{
    size_t at;

    if (packet.length < ipv6_header_SIZE)
        return false;
    sight->source = read_ipv6(packet.data + CODEC_AT(ipv6_header, source));
    sight->destination = read_ipv6(packet.data + CODEC_AT(ipv6_header, destination));
    sight->protocol = ipv6_chain_end(packet, &at);
    if (at > packet.length)
        at = packet.length;
    sight->payload = (struct baro_bytes){ packet.data + at, packet.length - at };
    return true;
}

/* IPv6's chain of a packet with a fragment header, told by its first: others need not begin with the transport's
 * header. */
static bool has_fragment_header(struct baro_bytes packet)
{
    uint8_t next = packet.data[CODEC_AT(ipv6_header, next_header)];
    size_t at = ipv6_header_SIZE;

    for (unsigned i = 0; i < IPV6_CHAIN_HEADERS && at + 8 <= packet.length; i++) {
        if (next == IP_PROTOCOL_FRAGMENT)
            return true;
        if (next != IP_PROTOCOL_HOP_BY_HOP && next != IP_PROTOCOL_ROUTING && next != IP_PROTOCOL_DESTINATION)
            return false;
        next = packet.data[at];
        at += (size_t)8 * (packet.data[at + 1] + 1u);
    }
    return next == IP_PROTOCOL_FRAGMENT;
}

static bool see(struct sight *sight, struct baro_bytes packet, bool v6)
{
    *sight = (struct sight){ .fragment = false };
    if (!v6)
        return see_v4(sight, packet);
    if (!see_v6(sight, packet))
        return false;
    sight->fragment = has_fragment_header(packet);
    return true;
}

static uint32_t of_ends(const struct flow_shard *shard, const struct sight *sight, uint16_t source,
                        uint16_t destination)
{
    const struct baro_endpoint one = { sight->source, { source } }, other = { sight->destination, { destination } };

    return flow_shard_of(shard, sight->protocol, &one, &other);
}

/* ICMP that says something about a packet of ours. */
static bool is_error(const struct sight *sight, uint8_t type)
{
    if (sight->protocol == IP_PROTOCOL_ICMPV6)
        return type < 128; /* RFC 4443 §2.1 */
    return icmp_is_error(type);
}

static uint32_t of_flow(const struct flow_shard *shard, const struct sight *sight)
{
    if (sight->fragment)
        return BARO_SHARD_ALL;
    if ((sight->protocol == IP_PROTOCOL_TCP || sight->protocol == IP_PROTOCOL_UDP) && sight->payload.length >= PORTS)
        return of_ends(shard, sight, read_be16(sight->payload.data), read_be16(sight->payload.data + 2));
    return of_ends(shard, sight, 0, 0);
}

static uint32_t of_icmp(const struct flow_shard *shard, const struct sight *sight)
{
    bool v6 = sight->protocol == IP_PROTOCOL_ICMPV6;
    const uint8_t *data = sight->payload.data;
    struct sight quoted;

    if (sight->payload.length < icmp_header_SIZE)
        return of_ends(shard, sight, 0, 0);
    if (data[0] == (v6 ? (uint8_t)ICMPV6_ECHO_REQUEST : (uint8_t)ICMP_ECHO_REQUEST))
        return of_ends(shard, sight, read_be16(data + 4), read_be16(data + 4));
    if (!is_error(sight, data[0]))
        return v6 || data[0] == ICMP_ECHO_REPLY ? BARO_SHARD_ALL : of_ends(shard, sight, 0, 0);
    if (!see(&quoted, (struct baro_bytes){ data + icmp_header_SIZE, sight->payload.length - icmp_header_SIZE }, v6) ||
        quoted.protocol == IP_PROTOCOL_ICMP || quoted.protocol == IP_PROTOCOL_ICMPV6)
        return BARO_SHARD_ALL; /* an echo request may be anybody's */
    return of_flow(shard, &quoted);
}

static uint32_t of_sight(const struct flow_shard *shard, const struct sight *sight)
{
    if (sight->fragment || sight->protocol == IP_PROTOCOL_IGMP)
        return BARO_SHARD_ALL;
    if (sight->protocol == (sight->source.family == BARO_FAMILY_IPV6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP))
        return of_icmp(shard, sight);
    return of_flow(shard, sight);
}

uint32_t baro_shard_of_flow(const struct baro_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                            const struct baro_endpoint *other)
{
    struct flow_shard flow;

    flow_shard_init(&flow, shard);
    return flow_shard_of(&flow, protocol, one, other);
}

static bool is_tcp_or_udp(uint8_t protocol)
{
    return protocol == IP_PROTOCOL_TCP || protocol == IP_PROTOCOL_UDP;
}

/* What nearly every frame is: TCP or UDP right behind a header without options, no fragment. False: it needs a closer
 * look. */
static bool is_plain_v4(struct baro_bytes packet)
{
    return packet.length >= ipv4_header_SIZE + PORTS && packet.data[0] == IPV4_VERSION_LENGTH &&
           is_tcp_or_udp(packet.data[CODEC_AT(ipv4_header, protocol)]) &&
           (read_be16(packet.data + CODEC_AT(ipv4_header, flags_offset)) & IPV4_FRAGMENT) == 0;
}

static bool is_plain_v6(struct baro_bytes packet)
{
    return packet.length >= ipv6_header_SIZE + PORTS &&
           is_tcp_or_udp(packet.data[CODEC_AT(ipv6_header, next_header)]);
}

static uint32_t of_packet(const struct flow_shard *shard, struct baro_bytes packet, bool v6)
{
    const uint8_t *ports = packet.data + (v6 ? ipv6_header_SIZE : ipv4_header_SIZE);
    struct sight sight;

    if (!v6 && is_plain_v4(packet))
        return flow_shard_of_ipv4(shard, packet.data[9], read_be32(packet.data + 12), read_be32(packet.data + 16),
                                  read_be16(ports), read_be16(ports + 2));
    if (v6 && is_plain_v6(packet))
        return flow_shard_of_ipv6(shard, packet.data[6], packet.data + 8, packet.data + 24, read_be16(ports),
                                  read_be16(ports + 2));
    return see(&sight, packet, v6) ? of_sight(shard, &sight) : 0;
}

uint32_t baro_shard_of_frame(const struct baro_shard *shard, struct baro_bytes frame)
{
    struct flow_shard flow;
    size_t at = ethernet_header_SIZE;
    uint16_t type;

    if (frame.length < ethernet_header_SIZE)
        return 0;
    type = read_be16(frame.data + CODEC_AT(ethernet_header, type));
    if (type == ETHERNET_TYPE_VLAN && frame.length >= ethernet_header_SIZE + vlan_tag_SIZE) {
        type = read_be16(frame.data + vlan_tag_SIZE + CODEC_AT(ethernet_header, type));
        at += vlan_tag_SIZE;
    }
    if ((frame.data[0] & 1) != 0 || (type != ETHERNET_TYPE_IPV4 && type != ETHERNET_TYPE_IPV6))
        return BARO_SHARD_ALL;
    flow_shard_init(&flow, shard);
    return of_packet(&flow, (struct baro_bytes){ frame.data + at, frame.length - at }, type == ETHERNET_TYPE_IPV6);
}

static bool is_same(const uint8_t *packet, const uint8_t *other, size_t at, size_t length)
{
    return memcmp(packet + at, other + at, length) == 0;
}

/* Two plain frames with the same link header, addresses and ports: whose the one is the other is, too. */
static bool is_same_flow(struct baro_bytes frame, struct baro_bytes before)
{
    enum { LINK_AND_VERSION = ethernet_header_SIZE + 1 };
    const uint8_t *a = frame.data, *b = before.data;
    size_t shorter = frame.length < before.length ? frame.length : before.length;

    if (shorter < ethernet_header_SIZE + ipv4_header_SIZE + PORTS || memcmp(a, b, LINK_AND_VERSION) != 0)
        return false;
    const struct baro_bytes packet = { a + ethernet_header_SIZE, shorter - ethernet_header_SIZE };
    const uint8_t *other = b + ethernet_header_SIZE;
    const uint16_t type = read_be16(a + CODEC_AT(ethernet_header, type));

    if (type == ETHERNET_TYPE_IPV4)
        return is_plain_v4(packet) && is_same(packet.data, other, CODEC_AT(ipv4_header, protocol), 1) &&
               is_same(packet.data, other, CODEC_AT(ipv4_header, flags_offset), 2) &&
               is_same(packet.data, other, CODEC_AT(ipv4_header, source), 2 * CODEC_SIZE_ip4 + PORTS);
    return type == ETHERNET_TYPE_IPV6 && is_plain_v6(packet) &&
           is_same(packet.data, other, CODEC_AT(ipv6_header, next_header), 1) &&
           is_same(packet.data, other, CODEC_AT(ipv6_header, source), 2 * CODEC_SIZE_ip6 + PORTS);
}

void baro_shard_of_burst(const struct baro_shard *shard, const struct baro_bytes *frames, size_t count, uint32_t *whose)
{
    for (size_t i = 0; i < count; i++)
        whose[i] =
            i > 0 && is_same_flow(frames[i], frames[i - 1]) ? whose[i - 1] : baro_shard_of_frame(shard, frames[i]);
}

bool steer_is_ours(const struct flow_shard *shard, const struct ip_packet *packet)
{
    const struct sight sight = { .source = packet->source, .destination = packet->destination,
                                 .protocol = packet->protocol, .payload = packet->payload };
    uint32_t whose;

    if (flow_shard_is_alone(shard) || packet->from_loopback || packet->to_group)
        return true;
    whose = of_sight(shard, &sight);
    return whose == BARO_SHARD_ALL || whose == shard->number;
}
