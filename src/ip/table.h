/* ip/table.h: the addresses of the host, and its routes, of both families; whether it is in a group.
 *
 * Small arrays, searched from the front: 16 interfaces of 16 addresses, 64 routes kept with the longest
 * prefixes first, so that the first match is the longest (RFC 1122 §3.3.1, RFC 1812 §5.2.4.3). The host is a
 * *strong* one (RFC 1122 §3.3.4.2): a packet for an address of another interface is not taken. */
#ifndef IP_TABLE_H
#define IP_TABLE_H

#include "baro/trace.h"
#include "base/bytes.h"
#include "ip/group.h"

enum { IP_INTERFACES = 17, IP_ADDRESSES = 16, IP_ROUTES = 64, IP_ROUTES_ADVERTISED = 72 };

struct ip_own {
    struct baro_address address;
    uint8_t prefix_length;
    bool usable;     /* false while it is being probed (RFC 5227 §2.1, RFC 4862 §5.4) */
    bool deprecated; /* IPv6: its preferred lifetime is over (RFC 4862 §5.5.4) */
    bool temporary;  /* IPv6: RFC 8981 */
};

struct ip_interface {
    struct ip_own own[IP_ADDRESSES];
    unsigned owns;
    struct group_table *groups; /* NULL: none; ip/membership.h's */
};

struct ip_route {
    struct baro_address prefix, gateway; /* gateway NONE: on the link */
    uint8_t prefix_length;
    uint8_t interface;
    bool of_address;                     /* came with an address and goes with it */
    bool advertised;                     /* by a router, see ip/router.h */
};

struct ip_table {
    struct ip_interface interface[IP_INTERFACES];
    int interfaces;
    struct ip_route route[IP_ROUTES + IP_ROUTES_ADVERTISED];
    unsigned routes, routes_advertised; /* those of routers among them: they take no other's place */
    bool any_destination; /* a gateway: every unicast destination is ours, link-local ones of IPv6 apart */
    /* a router: an address of ours is ours on every interface, and routes do not ask for the source */
    bool forwarding;
    uint32_t changes;     /* of addresses and routes: an answer is good while it stands still */
};

/* Where a packet goes next. */
struct ip_hop {
    struct baro_address next_hop, source;
    int interface;         /* 0: back to ourselves */
    unsigned prefix_length;
};

static inline uint32_t ip_mask(unsigned prefix_length)
{
    return prefix_length == 0 ? 0 : UINT32_MAX << (32 - prefix_length);
}

/* Is `address` in `prefix`, family and zone included? */
bool ip_in_prefix(struct baro_address address, struct baro_address prefix, unsigned prefix_length);

/* 0, -EINVAL (not a host address), -EEXIST, -ENOSPC. Adds the subnet's route. A link-local address has its zone. */
int ip_address_add(struct ip_table *table, int interface, struct baro_address address, unsigned prefix_length,
                   bool usable);
/* -EADDRNOTAVAIL. Removes the subnet's route unless another address has it too. */
int ip_address_remove(struct ip_table *table, int interface, struct baro_address address);
void ip_address_usable(struct ip_table *table, int interface, struct baro_address address);

void ip_address_temporary(struct ip_table *table, int interface, struct baro_address address);
void ip_address_deprecated(struct ip_table *table, int interface, struct baro_address address, bool deprecated);

int ip_route_add(struct ip_table *table, struct baro_address prefix, unsigned prefix_length,
                 struct baro_address gateway, int interface);
int ip_route_remove(struct ip_table *table, struct baro_address prefix, unsigned prefix_length);

/* A route that a router advertised, behind equal ones that are there; all of them forgotten. */
void ip_route_advertised(struct ip_table *table, struct baro_address prefix, unsigned prefix_length,
                         struct baro_address gateway, int interface);
void ip_route_forget_advertised(struct ip_table *table);

/* The interface that a usable unicast address of ours is on, 0 for 127.0.0.0/8, -1: not ours. */
int ip_owner(const struct ip_table *table, struct baro_address address);
/* An address of that interface to send to `near` from, of its family; family NONE: it has none. IPv4: one of the subnet
 * of `near` if there is one. IPv6: ip/source.h. */
struct baro_address ip_source(const struct ip_table *table, int interface, struct baro_address near);
bool ip_is_member(const struct ip_table *table, int interface, struct baro_address group);
/* 255.255.255.255, or a broadcast address of a subnet on `interface` (-1: on any). */
bool ip_is_broadcast(const struct ip_table *table, int interface, struct baro_address address);

/* What a packet that came in by `interface` is to us (RFC 1122 §3.2.1.3). */
enum baro_trace_delivery ip_delivery(const struct ip_table *table, int interface, struct baro_address destination);

/* A source address that no packet from a wire may have here: RFC 1122 §3.2.1.3's impossible ones, broadcasts, and
 * our own. */
bool ip_is_martian_source(const struct ip_table *table, int interface, struct baro_address source);

/* The next hop to `destination`, sent from `wanted` (family NONE: routing chooses). With `interface` not 0 only routes
 * by it count, and groups and the limited broadcast address go out by it. What is ours stays here. False: no route. */
bool ip_find_route(const struct ip_table *table, struct baro_address destination, struct baro_address wanted,
                   int interface, struct ip_hop *hop);

#endif
