/* codec/ipv4.h: the IPv4 header (RFC 791 §3.1) and a walk over its options. */
#ifndef CODEC_IPV4_H
#define CODEC_IPV4_H

#include "baro/drop_reasons.h"
#include "codec/fields.h"
#include "codec/ip_protocol.h"

#define IPV4_FIELDS(F)                              \
    F(u8, version_length, 0, "RFC 791 §3.1")        \
    F(u8, tos, 1, "RFC 2474 §3, RFC 3168 §5")       \
    F(u16, total_length, 2, "RFC 791 §3.1")         \
    F(u16, id, 4, "RFC 6864")                       \
    F(u16, flags_offset, 6, "RFC 791 §3.1")         \
    F(u8, ttl, 8, "RFC 791 §3.1")                   \
    F(u8, protocol, 9, "RFC 791 §3.1")              \
    F(u16, checksum, 10, "RFC 791 §3.1")            \
    F(ip4, source, 12, "RFC 791 §3.1")              \
    F(ip4, destination, 16, "RFC 791 §3.1")
CODEC_HEADER(ipv4_header, 20, IPV4_FIELDS)

enum { IPV4_DONT_FRAGMENT = 0x4000, IPV4_MORE_FRAGMENTS = 0x2000, IPV4_OFFSET_MASK = 0x1fff,
       IPV4_FRAGMENT = IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK /* one of these bits: it is a fragment */ };

enum { IPV4_VERSION_LENGTH = 4 << 4 | ipv4_header_SIZE / 4 /* without options */ };

enum ipv4_option { IPV4_OPTION_END = 0, IPV4_OPTION_NOP = 1, IPV4_OPTION_LSRR = 131, IPV4_OPTION_SSRR = 137,
                   IPV4_OPTION_ROUTER_ALERT = 148 /* RFC 2113 */ };

static inline unsigned ipv4_version(const struct ipv4_header *header)
{
    return header->version_length >> 4;
}

/* Octets of header, options included. */
static inline unsigned ipv4_header_length(const struct ipv4_header *header)
{
    return (header->version_length & 0x0fU) * 4;
}

/* Offset of a fragment's data in octets. */
static inline unsigned ipv4_fragment_offset(const struct ipv4_header *header)
{
    return (header->flags_offset & (unsigned)IPV4_OFFSET_MASK) * 8;
}

static inline bool ipv4_is_fragment(const struct ipv4_header *header)
{
    return (header->flags_offset & IPV4_FRAGMENT) != 0;
}

/* Walks the options. NONE: well formed and harmless; IP_BAD_OPTION: a length is wrong;
 * IP_SOURCE_ROUTE: there is a source route (RFC 7126 §4.3 refuses it). */
enum baro_drop_reason ipv4_options_check(struct baro_bytes options);
/* Is there a router alert among options that passed? */
bool ipv4_options_alert(struct baro_bytes options);

#endif
