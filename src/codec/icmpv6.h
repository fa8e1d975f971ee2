/* codec/icmpv6.h: ICMPv6's types and codes (RFC 4443). The header's eight octets are those of codec/icmp.h; the
 * checksum takes in the pseudo-header. Neighbour discovery's messages are read by codec/nd.h. */
#ifndef CODEC_ICMPV6_H
#define CODEC_ICMPV6_H

#include <stdbool.h>
#include <stdint.h>

enum icmpv6_type {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_PACKET_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER_PROBLEM = 4,
    ICMPV6_ECHO_REQUEST = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_MLD_QUERY = 130,             /* RFC 2710, RFC 3810 */
    ICMPV6_MLD_REPORT = 131,            /* MLDv1 */
    ICMPV6_MLD_DONE = 132,              /* MLDv1 */
    ICMPV6_ROUTER_SOLICITATION = 133,   /* RFC 4861 */
    ICMPV6_ROUTER_ADVERTISEMENT = 134,
    ICMPV6_NEIGHBOUR_SOLICITATION = 135,
    ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136,
    ICMPV6_REDIRECT = 137,
    ICMPV6_MLD_REPORT_V2 = 143          /* RFC 3810 */
};

enum icmpv6_unreachable_code {
    ICMPV6_NO_ROUTE = 0,
    ICMPV6_PROHIBITED = 1,
    ICMPV6_BEYOND_SCOPE = 2,
    ICMPV6_ADDRESS_UNREACHABLE = 3,
    ICMPV6_PORT_UNREACHABLE = 4,
    ICMPV6_SOURCE_POLICY = 5,
    ICMPV6_ROUTE_REJECTED = 6
};

enum { ICMPV6_HOP_LIMIT_EXCEEDED = 0, ICMPV6_REASSEMBLY_EXCEEDED = 1 };

enum icmpv6_parameter_code {
    ICMPV6_BAD_FIELD = 0,
    ICMPV6_UNKNOWN_NEXT_HEADER = 1,
    ICMPV6_UNKNOWN_OPTION = 2,
    ICMPV6_INCOMPLETE_CHAIN = 3 /* RFC 7112 §5 */
};

/* RFC 4443 §2.1: error messages have types 0 to 127. */
static inline bool icmpv6_is_error(uint8_t type)
{
    return type < 128;
}

#endif
