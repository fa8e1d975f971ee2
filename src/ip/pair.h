/* ip/pair.h: pairs of source and destination that IP took lately.
 *
 * Whether a packet is for this host, and whether its source can be true, is asked of the address tables for
 * each packet, and nearly always the pair of addresses is one that was just asked about. What was found stays
 * true while the table's `changes` stand still: they count every change of an address, of its state, of a
 * route, and of what the host is. Remembered are only pairs with which nothing is special: a destination that
 * is taken as an address of one host (groups come and go without a change of the table) and a source that is
 * possible.
 *
 * One place for each pair, found by a few bits of its addresses; a peer who chooses addresses that meet in
 * one place makes his own packets as slow as they were without. */
#ifndef IP_PAIR_H
#define IP_PAIR_H

#include "base/likely.h"
#include "ip/table.h"

enum { IP_PAIRS = 64 };

struct ip_pair {
    uint64_t octets[4]; /* source and destination as they stand in the header; IPv4: the first word */
    uint64_t when;      /* changes of the table, interface and family for which it is true; 0: an empty place */
    uint8_t source_zone, destination_zone;
};

struct ip_pairs {
    struct ip_pair pair[IP_PAIRS];
};

static inline uint64_t ip_pair_when(const struct ip_table *table, int interface, enum baro_family family)
{
    return (uint64_t)table->changes << 32 | (uint64_t)interface << 8 | (uint64_t)family;
}

static inline uint32_t ip_pair_place(uint64_t mixed)
{
    return (uint32_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* pair.c: what the tables say, remembered in that place. */
const struct ip_pair *ip_pair_judge(struct ip_pair *pair, const struct ip_table *table, int interface,
                                    enum baro_family family, const uint8_t *addresses);

/* The pair that stands at `addresses`, in an IPv4 or IPv6 header that came in by `interface`, or NULL: it is
 * a special one, or not taken at all. Good until the next call. */
static inline const struct ip_pair *ip_pair_find(struct ip_pairs *pairs, const struct ip_table *table,
                                                 int interface, enum baro_family family,
                                                 const uint8_t *addresses)
{
    uint64_t when = ip_pair_when(table, interface, family), octets[4];
    struct ip_pair *pair;
    bool same;

    if (family == BARO_FAMILY_IPV6) {
        memcpy(octets, addresses, 32);
        pair = &pairs->pair[ip_pair_place(octets[0] ^ octets[1] ^ octets[2] ^ octets[3])];
        same = ((pair->octets[0] ^ octets[0]) | (pair->octets[1] ^ octets[1]) |
                (pair->octets[2] ^ octets[2]) | (pair->octets[3] ^ octets[3])) == 0;
    } else {
        memcpy(octets, addresses, 8);
        pair = &pairs->pair[ip_pair_place(octets[0])];
        same = pair->octets[0] == octets[0];
    }
    if (LIKELY(same && pair->when == when))
        return pair;
    return ip_pair_judge(pair, table, interface, family, addresses);
}

_Static_assert((int)IP_PAIRS == 64, "ip_pair_place gives six bits");

#endif
