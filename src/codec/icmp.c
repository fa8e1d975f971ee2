/* codec/icmp.c: see icmp.h. */
#include "codec/icmp.h"

#include <errno.h>

#include "codec/icmpv6.h"

/* RFC 1122 §3.2.2.1's codes 6 to 12 with RFC 1812's 13: what is forbidden on the way reads as what cannot be
 * reached. */
static enum icmp_meaning unreachable_v4(uint8_t code)
{
    switch (code) {
    case ICMP_PROTOCOL_UNREACHABLE:
        return ICMP_MEANS_PROTOCOL_UNREACHABLE;
    case ICMP_PORT_UNREACHABLE:
        return ICMP_MEANS_PORT_UNREACHABLE;
    case ICMP_FRAGMENTATION_NEEDED:
        return ICMP_MEANS_TOO_BIG;
    case ICMP_NET_UNREACHABLE:
    case 6:  /* destination network unknown */
    case 9:  /* network prohibited */
    case 11: /* network unreachable for the type of service */
        return ICMP_MEANS_NET_UNREACHABLE;
    default:
        return ICMP_MEANS_HOST_UNREACHABLE;
    }
}

/* RFC 4443 §3.1. */
static enum icmp_meaning unreachable_v6(uint8_t code)
{
    switch (code) {
    case ICMPV6_NO_ROUTE:
        return ICMP_MEANS_NET_UNREACHABLE;
    case ICMPV6_PORT_UNREACHABLE:
        return ICMP_MEANS_PORT_UNREACHABLE;
    case ICMPV6_PROHIBITED:
    case ICMPV6_SOURCE_POLICY:
    case ICMPV6_ROUTE_REJECTED:
        return ICMP_MEANS_PROHIBITED;
    default:
        return ICMP_MEANS_HOST_UNREACHABLE;
    }
}

static enum icmp_meaning meaning_v6(uint8_t type, uint8_t code)
{
    switch (type) {
    case ICMPV6_UNREACHABLE:
        return unreachable_v6(code);
    case ICMPV6_PACKET_TOO_BIG:
        return ICMP_MEANS_TOO_BIG;
    case ICMPV6_TIME_EXCEEDED:
        return ICMP_MEANS_TIME_EXCEEDED;
    case ICMPV6_PARAMETER_PROBLEM: /* IPv6's way to say that nobody speaks the protocol (RFC 4443 §3.4) */
        return code == ICMPV6_UNKNOWN_NEXT_HEADER ? ICMP_MEANS_PROTOCOL_UNREACHABLE
                                                  : ICMP_MEANS_PARAMETER_PROBLEM;
    default: /* an error of a type that nobody knows yet is told all the same (RFC 4443 §2.4 (a)) */
        return icmpv6_is_error(type) ? ICMP_MEANS_PARAMETER_PROBLEM : ICMP_MEANS_NOTHING;
    }
}

enum icmp_meaning icmp_meaning(enum baro_family family, uint8_t type, uint8_t code)
{
    if (family == BARO_FAMILY_IPV6)
        return meaning_v6(type, code);
    switch (type) {
    case ICMP_UNREACHABLE:
        return unreachable_v4(code);
    case ICMP_TIME_EXCEEDED:
        return ICMP_MEANS_TIME_EXCEEDED;
    case ICMP_PARAMETER_PROBLEM:
        return ICMP_MEANS_PARAMETER_PROBLEM;
    default:
        return ICMP_MEANS_NOTHING;
    }
}

static uint8_t code_v4(enum icmp_meaning meaning)
{
    switch (meaning) {
    case ICMP_MEANS_NET_UNREACHABLE:
        return ICMP_NET_UNREACHABLE;
    case ICMP_MEANS_PROTOCOL_UNREACHABLE:
        return ICMP_PROTOCOL_UNREACHABLE;
    case ICMP_MEANS_PORT_UNREACHABLE:
        return ICMP_PORT_UNREACHABLE;
    case ICMP_MEANS_PROHIBITED:
        return ICMP_ADMINISTRATIVELY_PROHIBITED;
    default:
        return ICMP_HOST_UNREACHABLE;
    }
}

static uint8_t code_v6(enum icmp_meaning meaning)
{
    switch (meaning) {
    case ICMP_MEANS_NET_UNREACHABLE:
        return ICMPV6_NO_ROUTE;
    case ICMP_MEANS_PORT_UNREACHABLE:
        return ICMPV6_PORT_UNREACHABLE;
    case ICMP_MEANS_PROHIBITED:
        return ICMPV6_PROHIBITED;
    default:
        return ICMPV6_ADDRESS_UNREACHABLE;
    }
}

struct icmp_kind icmp_unreachable(enum baro_family family, enum icmp_meaning meaning)
{
    if (family == BARO_FAMILY_IPV6)
        return (struct icmp_kind){ ICMPV6_UNREACHABLE, code_v6(meaning) };
    return (struct icmp_kind){ ICMP_UNREACHABLE, code_v4(meaning) };
}

int icmp_meaning_errno(enum icmp_meaning meaning)
{
    switch (meaning) {
    case ICMP_MEANS_NOTHING:
        break;
    case ICMP_MEANS_NET_UNREACHABLE:
        return ENETUNREACH;
    case ICMP_MEANS_HOST_UNREACHABLE:
    case ICMP_MEANS_TIME_EXCEEDED:
        return EHOSTUNREACH;
    case ICMP_MEANS_PROTOCOL_UNREACHABLE:
        return ENOPROTOOPT;
    case ICMP_MEANS_PORT_UNREACHABLE:
        return ECONNREFUSED;
    case ICMP_MEANS_PROHIBITED:
        return EACCES;
    case ICMP_MEANS_TOO_BIG:
        return EMSGSIZE;
    case ICMP_MEANS_PARAMETER_PROBLEM:
        return EPROTO;
    }
    return 0;
}
