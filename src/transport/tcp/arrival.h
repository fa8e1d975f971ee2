/* transport/tcp/arrival.h: whose a segment is, and what it says: its four-tuple and its header as they stand in the
 * packet, compared, read and summed for the files of expected segments. Nothing here knows a connection. */
#ifndef TRANSPORT_TCP_ARRIVAL_H
#define TRANSPORT_TCP_ARRIVAL_H

#include <string.h>

#include "base/bytes.h"
#include "base/inline.h"
#include "base/likely.h"
#include "base/seq.h"
#include "base/words.h"
#include "codec/tcp.h"
#include "codec/tcp_options.h"
#include "transport/tcp/expected.h"

/* ---- whose it is ---- */

ALWAYS_INLINE bool arrival_is_between(const struct tcp_arrival *arrival, const struct baro_endpoint *local,
                                      const struct baro_endpoint *remote)
{
    const struct baro_address *from = &remote->address, *to = &local->address;
    const uint8_t *at = arrival->addresses;

    if (UNLIKELY(remote->port.number != read_be16(arrival->octets) ||
                 local->port.number != read_be16(arrival->octets + 2) || from->family != arrival->family))
        return false;
    if (arrival->family != BARO_FAMILY_IPV6)
        return LIKELY(memcmp(from->octet, at, 4) == 0 && memcmp(to->octet, at + 4, 4) == 0);
    return memcmp(from->octet, at, 16) == 0 && memcmp(to->octet, at + 16, 16) == 0 &&
           from->zone == arrival->source_zone && to->zone == arrival->destination_zone;
}

static inline void arrival_end(struct baro_endpoint *end, const uint8_t *address, size_t octets, unsigned zone,
                               const uint8_t *port)
{
    end->address.family = octets == 16 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    end->address.zone = (uint8_t)zone;
    memcpy(end->address.octet, address, octets);
    memset(end->address.octet + octets, 0, sizeof end->address.octet - octets);
    end->port.number = read_be16(port);
}

static inline void arrival_ends(const struct tcp_arrival *arrival, struct baro_endpoint *local,
                                struct baro_endpoint *remote)
{
    const uint8_t *at = arrival->addresses, *ports = arrival->octets;

    if (arrival->family == BARO_FAMILY_IPV6) {
        arrival_end(remote, at, 16, arrival->source_zone, ports);
        arrival_end(local, at + 16, 16, arrival->destination_zone, ports + 2);
    } else {
        arrival_end(remote, at, 4, arrival->source_zone, ports);
        arrival_end(local, at + 4, 4, arrival->destination_zone, ports + 2);
    }
}

/* ---- what it says ---- */

/* TCP's header in a segment that is expected: without options, or with NOP, NOP, timestamps (RFC 7323 appendix A). */
enum { HEADER_PLAIN = 20, HEADER_STAMPED = 32 };
/* Data offset and flags: the header's length, reserved bits zero, ACK. */
enum { HEADER_PLAIN_ACK = 0x5010, HEADER_STAMPED_ACK = 0x8010 };

/* The segment, read once. */
struct expected_segment {
    struct seq seq, ack;
    uint32_t ts_value, ts_echo;
    uint32_t header; /* octets of it */
    const uint8_t *text;
    uint32_t octets; /* of text */
    uint32_t count;  /* segments on the wire */
    uint32_t full;   /* octets of text in the largest of them */
    /* 0 or 1: its place in the sequence; as wide as what it is added to, so that it is read as it was written */
    uint32_t fin;
    bool posted; /* the text stands in the program's own buffer */
};

/* What a header says that has the form of an expected one, and its text; `stamped`: with timestamps. */
ALWAYS_INLINE void arrival_values(struct expected_segment *segment, const struct tcp_arrival *arrival, bool stamped)
{
    const uint8_t *at = arrival->octets;

    segment->header = stamped ? HEADER_STAMPED : HEADER_PLAIN;
    segment->seq = seq_of(read_be32(at + 4));
    segment->ack = seq_of(read_be32(at + 8));
    segment->ts_value = stamped ? read_be32(at + 24) : 0;
    segment->ts_echo = stamped ? read_be32(at + 28) : 0;
    segment->posted = false;
    segment->text = at + segment->header;
    segment->octets = segment->full = arrival->length - segment->header;
    segment->count = 1;
    if (arrival->gso_size != 0 && segment->full > arrival->gso_size) {
        segment->count = (segment->full + arrival->gso_size - 1) / arrival->gso_size;
        segment->full = arrival->gso_size;
    }
}

/* `open`: flags that it may have besides ACK. False: it is another. */
ALWAYS_INLINE bool arrival_read(struct expected_segment *segment, const struct tcp_arrival *arrival, bool stamped,
                                unsigned open)
{
    const uint8_t *at = arrival->octets;
    const unsigned word = read_be16(at + 12);

    if (UNLIKELY((word & ~open) != (stamped ? (unsigned)HEADER_STAMPED_ACK : (unsigned)HEADER_PLAIN_ACK) ||
                 arrival->length < (stamped ? (unsigned)HEADER_STAMPED : (unsigned)HEADER_PLAIN) ||
                 (stamped && read_be32(at + 20) != TCP_WORD_NOP_NOP_TIMESTAMPS)))
        return false;
    arrival_values(segment, arrival, stamped);
    segment->fin = (uint32_t)at[13] & open & TCP_FLAG_FIN;
    return true;
}

/* Its window; read when its turn comes, so that it need not be kept until then. */
static inline uint32_t arrival_window(const struct tcp_arrival *arrival, unsigned scale)
{
    return (uint32_t)read_be16(arrival->octets + 14) << scale;
}

/* The native sum of the pseudo-header and the first `octets` of header and text. */
ALWAYS_INLINE uint64_t arrival_sum(const struct tcp_arrival *arrival, uint32_t octets)
{
    return words_add(arrival->sum_of_pseudo, arrival->octets, octets);
}

/* The sum of everything, of text that stays where it is. */
static inline bool arrival_is_right(const struct tcp_arrival *arrival)
{
    return arrival->checksum_verified ||
           words_are_right(words_carry(arrival_sum(arrival, 0), octets_sum(arrival->octets, arrival->length)));
}

#endif
