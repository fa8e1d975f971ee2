/* way.h: ways to destinations, remembered.
 *
 * A segment's way is asked for before TCP makes it, for the path MTU, and after that for its frame; the next segment's
 * is mostly the same, and the next but one's. A place of the table is chosen by both addresses, and who comes later has
 * it. What only the table of addresses and routes decides is kept while that stands still; path MTU, neighbour and room
 * in the device change under way and are asked for each time.
 *
 * All but the room is kept for the fast path out (fast_output.c): it is good while three counters stand still, of
 * addresses and routes, of neighbours' MAC addresses and of path MTUs. */
#ifndef WAY_H
#define WAY_H

#include "baro/device.h"
#include "base/bytes.h"
#include "base/likely.h"
#include "codec/ethernet.h"
#include "codec/ip_packet.h"
#include "codec/ipv6.h"
#include "ip/table.h"

struct neighbour;

enum { WAY_BITS = 7, WAYS = 1 << WAY_BITS, FAST_HEADERS = ethernet_header_SIZE + ipv6_header_SIZE };

/* What stands in front of a TCP header, and what it was made of. */
struct fast_path {
    struct neighbour *entry;     /* of the next hop */
    const struct baro_device *device;
    /* of all three counters, their sum: none of them goes back; 0: nothing was ever kept */
    uint32_t stamp;
    uint16_t length;             /* octets of `headers`, no IP options */
    struct baro_instant until;   /* a path MTU that was lowered is tried again then; long ago: nothing is kept */
    struct ip_path path;         /* but for what depends on the moment: the room */
    uint32_t sum_of_ip;          /* of IPv4's header without its first word: version, type of service, length */
    /* that word of the last packet, which stands in `headers` with its sum; 0: none does */
    uint32_t first_of_ip;
    uint32_t sum_of_pseudo;      /* of the pseudo-header without length */
    uint8_t headers[FAST_HEADERS + 2];
};

/* The way to `destination` from `wanted`. */
struct way {
    struct baro_address destination, wanted;
    uint32_t changes;         /* of the table, when this was asked for */
    bool found;               /* there is a route */
    bool broadcast;           /* `destination` is a broadcast address of ours */
    struct ip_hop hop;
    struct baro_address asks; /* our address that asks for the next hop's MAC address */
    struct fast_path fast;
};

/* way.c: asks for the way, by a certain interface (0: any). */
void way_ask(const struct ip_table *table, struct baro_address destination, struct baro_address wanted,
             int interface, struct way *way);

/* Where it stands in the table. Who finds addresses that meet there makes each other ask, no more. */
static inline unsigned way_place(const struct baro_address *destination, const struct baro_address *wanted)
{
    uint64_t word[4];
    uint16_t last[2];

    memcpy(word, destination, sizeof word / 2); /* as copies are made of them: see address_is_unspecified() */
    memcpy(word + 2, wanted, sizeof word / 2);
    memcpy(&last[0], destination->octet + 14, sizeof last[0]);
    memcpy(&last[1], wanted->octet + 14, sizeof last[1]);
    return (unsigned)((word[0] + last[0] + 3 * word[1] + 5 * (word[2] + last[1]) + 9 * word[3]) *
                          UINT64_C(0x9e3779b97f4a7c15) >>
                      (64 - WAY_BITS));
}

static inline bool way_leads(const struct way *way, const struct baro_address *destination,
                             const struct baro_address *wanted)
{
    return LIKELY(memcmp(&way->destination, destination, sizeof *destination) == 0 &&
                  memcmp(&way->wanted, wanted, sizeof *wanted) == 0);
}

static inline bool way_is(const struct way *way, const struct baro_address *destination,
                          const struct baro_address *wanted, uint32_t changes)
{
    return way->changes == changes && way_leads(way, destination, wanted);
}

#endif
