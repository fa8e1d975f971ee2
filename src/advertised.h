/* advertised.h: what an IPv6 interface makes of the routers on its link (RFC 4861 §6.3, RFC 4862, RFC 8106).
 *
 * Owns the link-local address and the asking for routers, and joins what ip/router and ip/autoconf decide with the
 * table of addresses and routes. One timer serves all of it. Everything a router says ends by itself: addresses,
 * routes, name servers. A node that forwards is a router itself and does not listen (§6.2.2). */
#ifndef ADVERTISED_H
#define ADVERTISED_H

#include "ip/autoconf.h"
#include "ip/router.h"

struct baro_stack;

struct advertised_server {
    struct baro_address address; /* family NONE: free */
    struct baro_instant until;
};

struct advertised_interface {
    bool enabled, accepts;
    bool asking;                    /* for routers, next at ask_at */
    bool had_router;                /* a default router, when that was looked at last */
    bool managed, other;            /* the last advertisement's M and O */
    uint8_t attempts;               /* link-local addresses that were somebody's */
    struct baro_address link_local; /* family NONE: all attempts failed */
    struct baro_instant ask_at;
    struct baro_duration interval;  /* the last one between two solicitations; 0: none was sent */
    struct advertised_server server[ND_SERVERS];
};

struct advertised {
    struct wheel_timer timer;
    bool begun;                     /* on any interface: routers and autoconf are there */
    uint32_t changes;               /* of `routers`, when the table had its routes */
    uint32_t verdicts;              /* of the neighbour cache, when advertised_review() looked */
    struct routers routers;
    struct autoconf autoconf;
    struct advertised_interface interface[IP_INTERFACES];
};

void advertised_release(struct baro_stack *stack);

/* A valid advertisement, or redirect, came from `from`. */
enum baro_drop_reason advertised_in(struct baro_stack *stack, int interface, struct baro_address from,
                                    const struct nd_message *message);

/* Another host has that address, which was being probed and is gone from the table: the next attempt. */
void advertised_lost(struct baro_stack *stack, int interface, struct baro_address address);

/* An address may be used from now on. */
void advertised_usable(struct baro_stack *stack, int interface, struct baro_address address);

/* A neighbour says that it is no router (RFC 4861 §7.3.3). */
void advertised_host(struct baro_stack *stack, struct baro_address address);

/* The neighbour cache has found out who answers and who does not: which routers are in use (RFC 4861 §6.3.6)? */
void advertised_review(struct baro_stack *stack);

/* advertised_routes.c: the table's routes by routers, anew. */
void advertised_put_routes(struct baro_stack *stack);

/* The timer fired. */
void advertised_timer(struct baro_stack *stack);

#endif
