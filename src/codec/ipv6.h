/* codec/ipv6.h: the IPv6 header (RFC 8200 §3). Extension headers are read by codec/ipv6_chain.h. */
#ifndef CODEC_IPV6_H
#define CODEC_IPV6_H

#include "codec/fields.h"
#include "codec/ip_protocol.h"

#define IPV6_FIELDS(F)                                            \
    F(u32, version_class_flow, 0, "RFC 8200 §3, RFC 6437 §2")     \
    F(u16, payload_length, 4, "RFC 8200 §3")                      \
    F(u8, next_header, 6, "RFC 8200 §3")                          \
    F(u8, hop_limit, 7, "RFC 8200 §3")                            \
    F(ip6, source, 8, "RFC 8200 §3")                              \
    F(ip6, destination, 24, "RFC 8200 §3")
CODEC_HEADER(ipv6_header, 40, IPV6_FIELDS)

#define IPV6_FRAGMENT_FIELDS(F)                \
    F(u8, next_header, 0, "RFC 8200 §4.5")     \
    F(u8, reserved, 1, "RFC 8200 §4.5")        \
    F(u16, offset_more, 2, "RFC 8200 §4.5")    \
    F(u32, id, 4, "RFC 8200 §4.5, RFC 7739")
CODEC_HEADER(ipv6_fragment_header, 8, IPV6_FRAGMENT_FIELDS)

enum {
    IPV6_LEAST_MTU = 1280,     /* RFC 8200 §5: of every link */
    IPV6_OFFSET_MASK = 0xfff8, /* of offset_more: octets */
    IPV6_MORE_FRAGMENTS = 1,
    IPV6_FLOW_MASK = 0xfffff
};

static inline unsigned ipv6_version(const struct ipv6_header *header)
{
    return header->version_class_flow >> 28;
}

static inline uint8_t ipv6_traffic_class(const struct ipv6_header *header)
{
    return (uint8_t)(header->version_class_flow >> 20);
}

static inline uint32_t ipv6_flow_label(const struct ipv6_header *header)
{
    return header->version_class_flow & IPV6_FLOW_MASK;
}

/* The first word of a header. */
static inline uint32_t ipv6_first_word(uint8_t traffic_class, uint32_t flow_label)
{
    return UINT32_C(6) << 28 | (uint32_t)traffic_class << 20 | (flow_label & IPV6_FLOW_MASK);
}

#endif
