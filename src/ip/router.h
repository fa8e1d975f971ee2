/* ip/router.h: what routers on the link have told: who they are, what is on the link, what is reached by whom
 * (RFC 4861 §5.1, RFC 4191).
 *
 * Four lists. *Routers*: by their link-local addresses, with preference and life; one whose life is 0 is no default
 * router but may still have routes. *Prefixes* that are on the link. *Routes* through routers. *Redirects*: single
 * destinations and the better next hop that a router named for them (§8.3). The next hop to a destination is, in this
 * order, its redirect, an on-link prefix or a route or a default router: the longest prefix first, the preferred router
 * of equal ones; routers known to be unreachable only when there is no other, then in turn, so that each is tried
 * (§6.3.6, RFC 4191 §3.2).
 *
 * Every list is bounded and the first ones win: a flood of advertisements takes nothing away from what is in use.
 * Redirects are the exception, since only the router in use may send one: the oldest goes. Pure but for the moment in
 * `core`. */
#ifndef IP_ROUTER_H
#define IP_ROUTER_H

#include "base/core.h"
#include "codec/nd.h"

enum { ROUTER_LIMIT = 8, ROUTER_PREFIX_LIMIT = 16, ROUTER_ROUTE_LIMIT = 16, ROUTER_REDIRECT_LIMIT = 32 };

struct router {
    struct baro_address address; /* link-local, in its zone; family NONE: this place is free */
    int interface;
    enum nd_preference preference;
    bool is_default;             /* until `until` */
    bool unreachable;
    unsigned failures;           /* of the neighbour cache to hear of it, when that was looked at last */
    struct baro_instant until;
};

struct router_prefix {
    struct baro_address prefix;
    uint8_t length;
    int interface; /* 0: this place is free */
    struct baro_instant until;
};

struct router_route {
    struct baro_address prefix, router;
    uint8_t length;
    int interface; /* 0: free */
    enum nd_preference preference;
    struct baro_instant until;
};

struct router_redirect {
    struct baro_address destination, next_hop, router; /* router: who said so */
    int interface; /* 0: free */
};

struct routers {
    struct core *core;
    struct router router[ROUTER_LIMIT];
    struct router_prefix prefix[ROUTER_PREFIX_LIMIT];
    struct router_route route[ROUTER_ROUTE_LIMIT];
    struct router_redirect redirect[ROUTER_REDIRECT_LIMIT];
    unsigned redirects; /* made so far: where the next one goes */
    unsigned turn;      /* of unreachable routers */
    uint32_t changes;   /* an answer is good while this stands still */
};

void routers_init(struct routers *routers, struct core *core);

/* A valid router advertisement came from `from` by `interface`. */
void routers_advertised(struct routers *routers, int interface, struct baro_address from,
                        const struct nd_message *message);

/* A neighbour advertisement without the router flag came from what was one (§7.3.3): it is a router no longer. */
void router_is_host(struct routers *routers, struct baro_address address);

/* The neighbour cache found out whether that router answers; each time that it does not, another is the first of those
 * that do not (§6.3.6). */
void router_reachable(struct routers *routers, struct baro_address address, bool reachable);

/* The next hop of a redirect does not answer: what it was for goes its old way (§7.3.3). */
void router_redirect_failed(struct routers *routers, struct baro_address next_hop);

/* A valid redirect came from `from`: is it taken? Only from the next hop in use for its destination (§8.1). */
bool routers_redirected(struct routers *routers, int interface, struct baro_address from,
                        const struct nd_message *message);

/* The next hop to a unicast destination that is not link-local: itself when it is on the link. `interface` 0: by any.
 * False: no router says anything about it. */
bool router_next_hop(struct routers *routers, int interface, struct baro_address destination,
                     struct baro_address *next_hop, int *by);

/* Ends what has outlived its time. */
void routers_run(struct routers *routers);
/* When routers_run() wants to be called next. False: never. */
bool routers_next_deadline(const struct routers *routers, struct baro_instant *deadline);

#endif
