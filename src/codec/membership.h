/* codec/membership.h: the messages by which hosts tell routers which groups they listen to, bytes to a checked value
 * and back: IGMP versions 1 to 3 (RFC 1112 appendix I, RFC 2236, RFC 3376) and MLD versions 1 and 2 (RFC 2710, RFC
 * 3810).
 *
 * The two families say the same in words of different length, so they are one here. Queries are told apart by their
 * length (RFC 3376 §7.1, RFC 3810 §8.1). membership_read() applies the rules by which a message may be heard at all:
 * the checksum, TTL or hop limit 1, the router alert option, a link-local source for MLD, the destination of a general
 * query (RFC 3376 §9.1, RFC 3810 §5.1.14, §6.2). Octets behind the known fields count for the checksum and for nothing
 * else. */
#ifndef CODEC_MEMBERSHIP_H
#define CODEC_MEMBERSHIP_H

#include "baro/drop_reasons.h"
#include "codec/fields.h"

enum {
    MEMBERSHIP_HOP_LIMIT = 1,
    MEMBERSHIP_TOS = 0xc0,        /* RFC 3376 §4: internetwork control */
    MEMBERSHIP_HEADER = 8,        /* octets in front of a report's records */
    MEMBERSHIP_OLD_LONGEST = 24   /* octets of an old report or leave: 8 of IGMP, 24 of MLD */
};

enum igmp_type {
    IGMP_QUERY = 0x11,
    IGMP_REPORT_V1 = 0x12,
    IGMP_REPORT_V2 = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_REPORT_V3 = 0x22
};

enum membership_kind {
    MEMBERSHIP_QUERY,
    MEMBERSHIP_OLD_REPORT, /* of one group: IGMPv1, IGMPv2, MLDv1 */
    MEMBERSHIP_LEAVE,      /* MLD calls it done */
    MEMBERSHIP_REPORT      /* of records: IGMPv3, MLDv2 */
};

/* RFC 3376 §4.2.12, RFC 3810 §5.2.12. */
enum membership_record {
    MEMBERSHIP_IS_INCLUDE = 1,
    MEMBERSHIP_IS_EXCLUDE = 2,
    MEMBERSHIP_TO_INCLUDE = 3,
    MEMBERSHIP_TO_EXCLUDE = 4,
    MEMBERSHIP_ALLOW = 5,
    MEMBERSHIP_BLOCK = 6
};

/* How a message came. */
struct membership_arrival {
    struct baro_address source, destination;
    uint8_t hop_limit;
    bool router_alert, fragmented;
};

struct membership_message {
    enum membership_kind kind;
    uint8_t version;          /* of IGMP 1 to 3, of MLD 1 or 2 */
    struct baro_address group; /* unspecified: a general query; no zone */
    uint32_t response_ms;     /* of a query: answers within that time */
    uint8_t robustness;       /* of a query of the newest version; 0: not said */
    uint32_t interval_s;      /* between general queries, likewise */
    unsigned sources, records;
    struct baro_bytes octets; /* of the sources or records: borrowed */
};

/* Is it a type of ICMPv6 that belongs here? */
bool membership_is_mld(uint8_t type);

/* `octets` is the whole IGMP message, or the ICMPv6 one; the family is the source's. */
enum baro_drop_reason membership_read(struct membership_message *message, const struct membership_arrival *arrival,
                                      struct baro_bytes octets);

/* The source at `index` of a query. */
struct baro_address membership_source(const struct membership_message *message, unsigned index);

struct membership_record_view {
    uint8_t type;
    struct baro_address group;
    unsigned sources;
    struct baro_bytes octets; /* of the sources */
};
/* The next record of a report; *at begins at 0. False: that was the last, or the rest is malformed. */
bool membership_next_record(const struct membership_message *message, size_t *at,
                            struct membership_record_view *record);

/* What a code of `bits` (8 or 16) octets' worth stands for: itself below half of its range, a mantissa and an exponent
 * above (RFC 3376 §4.1.1, §4.1.7, RFC 3810 §5.1.3). */
uint32_t membership_code(uint32_t code, unsigned bits);

/* Writes a report or leave of an old version for one group, its checksum zero; returns its octets. */
size_t membership_write_old(enum membership_kind kind, uint8_t version, struct baro_address group,
                            uint8_t to[MEMBERSHIP_OLD_LONGEST]);

/* Writes the eight octets in front of `records` records. */
void membership_write_header(enum baro_family family, unsigned records, uint8_t to[MEMBERSHIP_HEADER]);

/* Octets of a record with that many sources. */
size_t membership_record_size(enum baro_family family, unsigned sources);
/* Writes a record's head; its sources follow, each by membership_write_address. Both return how many octets. */
size_t membership_write_record(enum membership_record type, struct baro_address group, unsigned sources, uint8_t *to);
size_t membership_write_address(struct baro_address address, uint8_t *to);

#endif
