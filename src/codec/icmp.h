/* codec/icmp.h: ICMP (RFC 792): four octets common to all, four that the type explains; and what an error of either
 * family means. Transports hear meanings, so that what they do about an error is written once. */
#ifndef CODEC_ICMP_H
#define CODEC_ICMP_H

#include "codec/fields.h"

#define ICMP_FIELDS(F)                       \
    F(u8, type, 0, "RFC 792")                \
    F(u8, code, 1, "RFC 792")                \
    F(u16, checksum, 2, "RFC 792")           \
    F(u32, rest, 4, "RFC 792")
CODEC_HEADER(icmp_header, 8, ICMP_FIELDS)

enum icmp_type {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_SOURCE_QUENCH = 4,
    ICMP_REDIRECT = 5,
    ICMP_ECHO_REQUEST = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12
};

enum icmp_unreachable_code {
    ICMP_NET_UNREACHABLE = 0,
    ICMP_HOST_UNREACHABLE = 1,
    ICMP_PROTOCOL_UNREACHABLE = 2,
    ICMP_PORT_UNREACHABLE = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
    ICMP_SOURCE_ROUTE_FAILED = 5,
    ICMP_HOST_PROHIBITED = 10,
    ICMP_ADMINISTRATIVELY_PROHIBITED = 13
};

enum { ICMP_TTL_EXCEEDED = 0, ICMP_REASSEMBLY_EXCEEDED = 1 };

/* Types 3, 4, 5, 11 and 12 are errors (RFC 1122 §3.2.2): no error is ever sent about one. */
static inline bool icmp_is_error(uint8_t type)
{
    return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
           type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* From NET_UNREACHABLE to PROHIBITED: the destination cannot be reached. */
enum icmp_meaning {
    ICMP_MEANS_NOTHING = 0,          /* no error, or one that is not acted on (source quench, redirect) */
    ICMP_MEANS_NET_UNREACHABLE,
    ICMP_MEANS_HOST_UNREACHABLE,
    ICMP_MEANS_PROTOCOL_UNREACHABLE,
    ICMP_MEANS_PORT_UNREACHABLE,
    ICMP_MEANS_PROHIBITED,
    ICMP_MEANS_TOO_BIG,
    ICMP_MEANS_TIME_EXCEEDED,
    ICMP_MEANS_PARAMETER_PROBLEM
};

/* What a type and code of ICMP (`family` IPv4) or ICMPv6 (IPv6) mean. */
enum icmp_meaning icmp_meaning(enum baro_family family, uint8_t type, uint8_t code);

struct icmp_kind {
    uint8_t type, code;
};

/* The other way round: how `family` says that a destination cannot be reached, so that a Linux host reads this meaning
 * in it, and its programs icmp_meaning_errno(). IPv4 has no word that is read as PROHIBITED. */
struct icmp_kind icmp_unreachable(enum baro_family family, enum icmp_meaning meaning);

/* The errno that a program sees, as Linux has it; 0 for NOTHING. */
int icmp_meaning_errno(enum icmp_meaning meaning);

static inline bool icmp_means_unreachable(enum icmp_meaning meaning)
{
    return meaning >= ICMP_MEANS_NET_UNREACHABLE && meaning <= ICMP_MEANS_PROHIBITED;
}

#endif
