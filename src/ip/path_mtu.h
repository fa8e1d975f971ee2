/* ip/path_mtu.h: path MTU discovery's memory (RFC 1191, RFC 8201), one value a destination.
 *
 * Only an ICMP "fragmentation needed" or an ICMPv6 "packet too big" lowers a value, IPv4's never below 552 octets (or
 * the link's MTU, when that is smaller: RFC 1191 §3 allows 68, which is an attacker's tool), IPv6's never below 1,280:
 * a report of less is not believed at all (RFC 8201 §4). Nothing raises it but age: ten minutes after it was lowered
 * the link's MTU is tried again (RFC 1191 §6.3, RFC 8201 §5.3). 256 destinations in sets of four, the oldest of a set
 * gives way; the hash is keyed, so that nobody chooses who collides. */
#ifndef IP_PATH_MTU_H
#define IP_PATH_MTU_H

#include "base/core.h"
#include "base/hash.h"

enum { PATH_MTU_SETS = 64, PATH_MTU_WAYS = 4, PATH_MTU_FLOOR = 552, PATH_MTU_AGE_S = 600 };

struct path_mtu {
    struct baro_address destination; /* family NONE: free */
    uint32_t mtu;
    struct baro_instant lowered_at;
};

struct path_mtus {
    struct core *core;
    struct hash_key key;
    uint32_t changes; /* of what is said here */
    unsigned used; /* places ever used: while 0, a lookup costs nothing */
    struct path_mtu place[PATH_MTU_SETS][PATH_MTU_WAYS];
};

void path_mtus_init(struct path_mtus *mtus, struct core *core);

/* The largest packet for `destination` over a link of `link_mtu`. */
uint32_t path_mtu_get(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu);

/* When path_mtu_get() may say something else without a change; INT64_MAX: never. */
struct baro_instant path_mtu_until(struct path_mtus *mtus, struct baro_address destination);

/* What "fragmentation needed" or "packet too big" with `reported` about a packet of `length` octets makes of it, at
 * most the value now. `reported` 0 is an old router's of IPv4: RFC 1191 §7's plateau below `length`. */
uint32_t path_mtu_lowered(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu,
                          uint32_t reported, uint32_t length);
/* Notes it; a value that is not lower than the present one changes nothing. */
void path_mtu_lower(struct path_mtus *mtus, struct baro_address destination, uint32_t link_mtu, uint32_t mtu);

#endif
