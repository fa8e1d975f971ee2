/* ip/output.h: the IP header of a packet that leaves, of either family, and its identification. */
#ifndef IP_OUTPUT_H
#define IP_OUTPUT_H

#include "base/core.h"
#include "base/hash.h"
#include "codec/ip_packet.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"

/* Identifications (RFC 6864, RFC 7739): what may be fragmented gets the next number of a counter that a keyed hash of
 * source, destination and protocol chooses among 1,024, and starts somewhere only the key knows. So they are unique for
 * a pair of hosts and tell nobody else how much we send. Of several stacks behind one address each has its own share of
 * the numbers. What may not be fragmented needs none: 0. */
enum { IP_ID_COUNTERS = 1024 };

struct ip_ids {
    const struct flow_shard *shard;
    struct hash_key key;
    uint16_t counter[IP_ID_COUNTERS];
};

void ip_ids_init(struct ip_ids *ids, struct core *core);
uint16_t ip_id_next(struct ip_ids *ids, struct baro_address source, struct baro_address destination,
                    uint8_t protocol);

/* One packet or fragment of a message. */
struct ip_piece {
    uint32_t id;             /* IPv4's has 16 bits */
    uint32_t offset, length; /* octets of the message (transport header included) */
    bool more;               /* fragments follow */
    bool dont_fragment;
};

enum { IPV4_ALERT_SIZE = 4, IPV6_ALERT_SIZE = 8 }; /* the option; the hop-by-hop header with it */

/* Octets of IP header in front of the piece: IPv4's with the options, or IPv6's with the headers behind it that there
 * must be. */
static inline uint32_t ip_header_length(const struct ip_message *message, const struct ip_piece *piece)
{
    if (message->destination.family == BARO_FAMILY_IPV4)
        return ipv4_header_SIZE + (message->router_alert ? (uint32_t)IPV4_ALERT_SIZE : 0);
    return ipv6_header_SIZE + (message->router_alert ? (uint32_t)IPV6_ALERT_SIZE : 0) +
           (piece->more || piece->offset != 0 ? (uint32_t)ipv6_fragment_header_SIZE : 0);
}

/* Writes that many octets, IPv4's checksum included. */
void ip_write(const struct ip_message *message, const struct ip_piece *piece, uint8_t *to);

#endif
