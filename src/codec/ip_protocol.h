/* codec/ip_protocol.h: what stands behind an IP header, in IPv4's protocol and IPv6's next header field (IANA). */
#ifndef CODEC_IP_PROTOCOL_H
#define CODEC_IP_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

enum ip_protocol {
    IP_PROTOCOL_HOP_BY_HOP = 0, /* IPv6 only (RFC 8200 §4.3) */
    IP_PROTOCOL_ICMP = 1,
    IP_PROTOCOL_IGMP = 2,
    IP_PROTOCOL_TCP = 6,
    IP_PROTOCOL_UDP = 17,
    IP_PROTOCOL_ROUTING = 43,
    IP_PROTOCOL_FRAGMENT = 44,
    IP_PROTOCOL_ICMPV6 = 58,
    IP_PROTOCOL_NONE = 59, /* RFC 8200 §4.7 */
    IP_PROTOCOL_DESTINATION = 60
};

/* ICMP of one family or the other. */
static inline bool ip_protocol_is_icmp(uint8_t protocol)
{
    return protocol == IP_PROTOCOL_ICMP || protocol == IP_PROTOCOL_ICMPV6;
}

#endif
