/* ip/fragment.h: what one fragment says of itself, the same value for both families. */
#ifndef IP_FRAGMENT_H
#define IP_FRAGMENT_H

#include "codec/ip_packet.h"
#include "codec/ipv4.h"
#include "codec/ipv6_chain.h"

/* A fragment, as IPv4's header or IPv6's fragment header tells of it. */
struct fragment {
    uint32_t id;
    uint32_t offset; /* octets */
    bool more;
    uint8_t protocol; /* IPv4: told apart by it; IPv6: of what is cut, if this is the first */
    uint16_t said_at; /* IPv6: the next header field that announces the fragment header */
};

/* What a fragment of IPv4 is, and one of IPv6 where the walk met its fragment header (chain->fragment). */
struct fragment fragment_of_ipv4(const struct ipv4_header *header);
struct fragment fragment_of_ipv6(const struct ipv6_chain *chain, struct baro_bytes packet);

/* The TOS or traffic class of a datagram whose first fragment had `first`, and whose fragments had the codepoints in
 * `seen`, a bit each: one mark marks it all. False: it must not be put together, a mark would stand on what is not
 * ECN-capable (RFC 3168 §5.3). */
bool fragments_class(uint8_t seen, uint8_t first, uint8_t *whole);

/* RFC 8200 §4.5: does the source of an IPv6 fragment dropped for `reason` hear of it (parameter problem, code
 * 0), and what does the pointer point at? */
bool reassembly_problem(enum baro_drop_reason reason, const struct fragment *fragment,
                        const struct ip_packet *packet, uint32_t *pointer);

#endif
