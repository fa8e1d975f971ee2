/* codec/membership.c: see membership.h. */
#include "codec/membership.h"

#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"

enum {
    IGMP_LEAST = 8,
    IGMP_QUERY_V3 = 12,
    MLD_LEAST = 8,
    MLD_OLD = 24,
    MLD_QUERY_V2 = 28,
    TENTH_MS = 100,
    V1_RESPONSE_MS = 10000 /* RFC 3376 §7.2.1: a code of 0 is ten seconds */
};

static size_t address_size(enum baro_family family)
{
    return family == BARO_FAMILY_IPV6 ? 16 : 4;
}

static struct baro_address read_address(enum baro_family family, const uint8_t *at)
{
    return family == BARO_FAMILY_IPV6 ? read_ipv6(at) : read_ipv4(at);
}

bool membership_is_mld(uint8_t type)
{
    return (type >= ICMPV6_MLD_QUERY && type <= ICMPV6_MLD_DONE) || type == ICMPV6_MLD_REPORT_V2;
}

uint32_t membership_code(uint32_t code, unsigned bits)
{
    unsigned fraction = bits - 4; /* one bit says so, three are the exponent */
    uint32_t mantissa = code & ((UINT32_C(1) << fraction) - 1);
    unsigned exponent = (code >> fraction) & 7;

    if (code < UINT32_C(1) << (bits - 1))
        return code;
    return (mantissa | UINT32_C(1) << fraction) << (exponent + 3);
}

/* ---- reading ---- */

/* The numbers and sources behind a query's group, which IGMPv3 and MLDv2 have alike. */
static enum baro_drop_reason read_tail(struct membership_message *message, struct baro_bytes tail)
{
    size_t size = address_size(message->group.family);

    message->robustness = tail.data[0] & 7;
    message->interval_s = membership_code(tail.data[1], 8);
    message->sources = read_be16(tail.data + 2);
    if (message->sources > (tail.length - 4) / size)
        return BARO_DROP_GROUP_MALFORMED;
    if (message->sources != 0 && address_is_unspecified(message->group))
        return BARO_DROP_GROUP_MALFORMED; /* a general query asks for no sources (RFC 3376 §4.1.9) */
    message->octets = (struct baro_bytes){ tail.data + 4, message->sources * size };
    return BARO_DROP_NONE;
}

static enum baro_drop_reason read_igmp_query(struct membership_message *message, struct baro_bytes octets)
{
    uint8_t code = octets.data[1];

    message->version = octets.length == IGMP_LEAST ? (code == 0 ? 1 : 2) : 3;
    message->response_ms = message->version == 1   ? (uint32_t)V1_RESPONSE_MS
                           : message->version == 2 ? (uint32_t)code * TENTH_MS
                                                   : membership_code(code, 8) * TENTH_MS;
    if (message->version != 3)
        return BARO_DROP_NONE;
    if (octets.length < IGMP_QUERY_V3)
        return BARO_DROP_GROUP_MALFORMED; /* §7.1: of no version */
    return read_tail(message, (struct baro_bytes){ octets.data + IGMP_LEAST, octets.length - IGMP_LEAST });
}

static enum baro_drop_reason read_igmp(struct membership_message *message, struct baro_bytes octets)
{
    message->group = read_ipv4(octets.data + 4);
    switch (octets.data[0]) {
    case IGMP_QUERY:
        return read_igmp_query(message, octets);
    case IGMP_REPORT_V1:
    case IGMP_REPORT_V2:
        message->kind = MEMBERSHIP_OLD_REPORT;
        message->version = octets.data[0] == IGMP_REPORT_V1 ? 1 : 2;
        return BARO_DROP_NONE;
    case IGMP_LEAVE:
        message->kind = MEMBERSHIP_LEAVE;
        message->version = 2;
        return BARO_DROP_NONE;
    case IGMP_REPORT_V3:
        message->kind = MEMBERSHIP_REPORT;
        message->version = 3;
        return BARO_DROP_NONE;
    default:
        return BARO_DROP_GROUP_TYPE_UNKNOWN;
    }
}

static enum baro_drop_reason read_mld(struct membership_message *message, struct baro_bytes octets)
{
    message->version = 1;
    if (octets.data[0] == ICMPV6_MLD_REPORT_V2) {
        message->kind = MEMBERSHIP_REPORT;
        message->version = 2;
        return BARO_DROP_NONE;
    }
    if (octets.length < MLD_OLD)
        return BARO_DROP_GROUP_MALFORMED;
    message->group = read_ipv6(octets.data + 8);
    if (octets.data[0] == ICMPV6_MLD_REPORT)
        message->kind = MEMBERSHIP_OLD_REPORT;
    if (octets.data[0] == ICMPV6_MLD_DONE)
        message->kind = MEMBERSHIP_LEAVE;
    if (octets.data[0] != ICMPV6_MLD_QUERY)
        return BARO_DROP_NONE;
    message->response_ms = read_be16(octets.data + 4);
    if (octets.length == MLD_OLD)
        return BARO_DROP_NONE;
    if (octets.length < MLD_QUERY_V2)
        return BARO_DROP_GROUP_MALFORMED; /* §8.1: of no version */
    message->version = 2;
    message->response_ms = membership_code(message->response_ms, 16);
    return read_tail(message, (struct baro_bytes){ octets.data + MLD_OLD, octets.length - MLD_OLD });
}

static bool sum_is_right(const struct membership_arrival *arrival, struct baro_bytes octets)
{
    uint64_t sum = 0;

    if (arrival->source.family == BARO_FAMILY_IPV6)
        sum = checksum_pseudo(arrival->source, arrival->destination, IP_PROTOCOL_ICMPV6, (uint32_t)octets.length);
    return checksum_fold(checksum_add(sum, octets.data, octets.length)) == 0;
}

/* What is not about the octets: where it came from, how far, for whom. */
static enum baro_drop_reason check(const struct membership_message *message, const struct membership_arrival *arrival)
{
    bool v6 = arrival->source.family == BARO_FAMILY_IPV6, query = message->kind == MEMBERSHIP_QUERY;
    bool general = query && address_is_unspecified(message->group);
    struct baro_address all = v6 ? baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(224, 0, 0, 1);

    all.zone = arrival->destination.zone;
    if (arrival->hop_limit != MEMBERSHIP_HOP_LIMIT)
        return BARO_DROP_GROUP_HOP_LIMIT;
    if (v6 && !address_is_link_local(arrival->source))
        return BARO_DROP_GROUP_BAD_SOURCE;
    /* IGMPv1 is older than the option; reports are for routers, who look at all of them. */
    if (!arrival->router_alert && query && (v6 || message->version != 1))
        return BARO_DROP_GROUP_NO_ALERT;
    if (!general && message->kind != MEMBERSHIP_REPORT && !address_is_multicast(message->group))
        return BARO_DROP_GROUP_MALFORMED;
    if (general && address_is_multicast(arrival->destination) && !address_equal(arrival->destination, all))
        return BARO_DROP_GROUP_BAD_DESTINATION;
    return BARO_DROP_NONE;
}

enum baro_drop_reason membership_read(struct membership_message *message, const struct membership_arrival *arrival,
                                      struct baro_bytes octets)
{
    bool v6 = arrival->source.family == BARO_FAMILY_IPV6;
    enum baro_drop_reason reason;

    *message = (struct membership_message){ .kind = MEMBERSHIP_QUERY, .group = { .family = arrival->source.family } };
    if (octets.length < (v6 ? (size_t)MLD_LEAST : (size_t)IGMP_LEAST) || arrival->fragmented)
        return BARO_DROP_GROUP_MALFORMED;
    if (!sum_is_right(arrival, octets))
        return BARO_DROP_GROUP_CHECKSUM;
    reason = v6 ? read_mld(message, octets) : read_igmp(message, octets);
    if (reason == BARO_DROP_NONE)
        reason = check(message, arrival);
    if (reason == BARO_DROP_NONE && message->kind == MEMBERSHIP_REPORT) {
        message->group = (struct baro_address){ .family = arrival->source.family };
        message->records = read_be16(octets.data + 6);
        message->octets = (struct baro_bytes){ octets.data + MEMBERSHIP_HEADER, octets.length - MEMBERSHIP_HEADER };
    }
    return reason;
}

struct baro_address membership_source(const struct membership_message *message, unsigned index)
{
    return read_address(message->group.family, message->octets.data + index * address_size(message->group.family));
}

bool membership_next_record(const struct membership_message *message, size_t *at, struct membership_record_view *record)
{
    size_t size = address_size(message->group.family), left = message->octets.length - *at, auxiliary;
    const uint8_t *octets = message->octets.data + *at;

    if (left < 4 + size)
        return false;
    record->type = octets[0];
    auxiliary = (size_t)octets[1] * 4;
    record->sources = read_be16(octets + 2);
    record->group = read_address(message->group.family, octets + 4);
    record->octets = (struct baro_bytes){ octets + 4 + size, record->sources * size };
    if (record->octets.length + auxiliary > left - 4 - size)
        return false;
    *at += 4 + size + record->octets.length + auxiliary;
    return true;
}

/* ---- writing ---- */

size_t membership_write_old(enum membership_kind kind, uint8_t version, struct baro_address group,
                            uint8_t to[MEMBERSHIP_OLD_LONGEST])
{
    bool v6 = group.family == BARO_FAMILY_IPV6, leave = kind == MEMBERSHIP_LEAVE;

    memset(to, 0, MEMBERSHIP_OLD_LONGEST);
    if (v6) {
        to[0] = leave ? ICMPV6_MLD_DONE : ICMPV6_MLD_REPORT;
        write_ipv6(to + 8, group);
        return MLD_OLD;
    }
    to[0] = leave ? IGMP_LEAVE : version == 1 ? IGMP_REPORT_V1 : IGMP_REPORT_V2;
    write_ipv4(to + 4, group);
    return IGMP_LEAST;
}

void membership_write_header(enum baro_family family, unsigned records, uint8_t to[MEMBERSHIP_HEADER])
{
    memset(to, 0, MEMBERSHIP_HEADER);
    to[0] = family == BARO_FAMILY_IPV6 ? (uint8_t)ICMPV6_MLD_REPORT_V2 : (uint8_t)IGMP_REPORT_V3;
    write_be16(to + 6, (uint16_t)records);
}

size_t membership_record_size(enum baro_family family, unsigned sources)
{
    return 4 + address_size(family) * (1 + sources);
}

size_t membership_write_record(enum membership_record type, struct baro_address group, unsigned sources, uint8_t *to)
{
    to[0] = (uint8_t)type;
    to[1] = 0;
    write_be16(to + 2, (uint16_t)sources);
    return 4 + membership_write_address(group, to + 4);
}

size_t membership_write_address(struct baro_address address, uint8_t *to)
{
    if (address.family == BARO_FAMILY_IPV6)
        write_ipv6(to, address);
    else
        write_ipv4(to, address);
    return address_size(address.family);
}
