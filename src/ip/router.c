/* ip/router.c: see router.h. */
#include "ip/router.h"

#include "base/time.h"

static const struct baro_instant for_ever = { INT64_MAX };

void routers_init(struct routers *routers, struct core *core)
{
    *routers = (struct routers){ .core = core };
}

static struct baro_instant after(const struct routers *routers, uint32_t seconds)
{
    return seconds == ND_INFINITE ? for_ever : instant_add(routers->core->now, duration_s(seconds));
}

static bool in_prefix(struct baro_address address, struct baro_address prefix, unsigned length)
{
    unsigned whole = length / 8, bits = length % 8;

    if (memcmp(address.octet, prefix.octet, whole) != 0)
        return false;
    return bits == 0 || ((address.octet[whole] ^ prefix.octet[whole]) & (0xff00U >> bits) & 0xffU) == 0;
}

/* ---- routers ---- */

static struct router *find_router(struct routers *routers, struct baro_address address)
{
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        if (routers->router[i].address.family != BARO_FAMILY_NONE &&
            address_equal(routers->router[i].address, address))
            return &routers->router[i];
    }
    return NULL;
}

static bool has_route(const struct routers *routers, struct baro_address router)
{
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        if (routers->route[i].interface != 0 && address_equal(routers->route[i].router, router))
            return true;
    }
    return false;
}

/* No default router and without routes: nobody to us. What it redirected goes with it (§6.3.5). */
static void forget_if_useless(struct routers *routers, struct router *router)
{
    if (!router->is_default) {
        for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
            struct router_redirect *redirect = &routers->redirect[i];

            if (redirect->interface != 0 && (address_equal(redirect->router, router->address) ||
                                             address_equal(redirect->next_hop, router->address)))
                redirect->interface = 0;
        }
    }
    if (!router->is_default && !has_route(routers, router->address))
        *router = (struct router){ .address = { .family = BARO_FAMILY_NONE } };
    routers->changes++;
}

static struct router *add_router(struct routers *routers, int interface, struct baro_address from)
{
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        struct router *router = &routers->router[i];

        if (router->address.family == BARO_FAMILY_NONE) {
            *router = (struct router){ .address = from, .interface = interface };
            return router;
        }
    }
    return NULL;
}

/* ---- what an advertisement says ---- */

/* §6.3.4: an on-link prefix; life 0 ends it. That a prefix is not said to be on the link says nothing. */
static void learn_prefix(struct routers *routers, int interface, const struct nd_prefix *told)
{
    struct router_prefix *place = NULL;

    if (!told->on_link || address_is_link_local(told->prefix) || address_is_multicast(told->prefix))
        return;
    for (unsigned i = 0; i < ROUTER_PREFIX_LIMIT; i++) {
        struct router_prefix *prefix = &routers->prefix[i];

        if (prefix->interface == interface && prefix->length == told->length &&
            address_equal(prefix->prefix, told->prefix)) {
            place = prefix;
            break;
        }
        if (prefix->interface == 0 && place == NULL)
            place = prefix;
    }
    if (place == NULL || (place->interface == 0 && told->valid_s == 0))
        return;
    *place = (struct router_prefix){ .prefix = told->prefix, .length = told->length,
                                     .interface = told->valid_s == 0 ? 0 : interface,
                                     .until = after(routers, told->valid_s) };
    routers->changes++;
}

/* RFC 4191 §3.1, type C: a route by that router; life 0 ends it. ::/0 is its being a default router, said better. */
static void learn_route(struct routers *routers, struct router *router, const struct nd_route *told)
{
    struct router_route *place = NULL;

    if (told->length == 0) {
        router->preference = told->preference;
        router->is_default = told->lifetime_s != 0;
        router->until = after(routers, told->lifetime_s);
        return;
    }
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        struct router_route *route = &routers->route[i];

        if (route->interface != 0 && route->length == told->length && address_equal(route->prefix, told->prefix) &&
            address_equal(route->router, router->address)) {
            place = route;
            break;
        }
        if (route->interface == 0 && place == NULL)
            place = route;
    }
    if (place == NULL || address_is_link_local(told->prefix) || address_is_multicast(told->prefix))
        return;
    *place = (struct router_route){ .prefix = told->prefix, .router = router->address, .length = told->length,
                                    .interface = told->lifetime_s == 0 ? 0 : router->interface,
                                    .preference = told->preference, .until = after(routers, told->lifetime_s) };
}

void routers_advertised(struct routers *routers, int interface, struct baro_address from,
                        const struct nd_message *message)
{
    struct router *router = find_router(routers, from);

    if (router == NULL && (message->lifetime_s != 0 || message->routes != 0))
        router = add_router(routers, interface, from);
    if (router != NULL) {
        router->preference = message->preference;
        router->is_default = message->lifetime_s != 0;
        router->until = after(routers, message->lifetime_s);
        for (unsigned i = 0; i < message->routes; i++)
            learn_route(routers, router, &message->route[i]);
        routers->changes++;
        forget_if_useless(routers, router);
    }
    for (unsigned i = 0; i < message->prefixes; i++)
        learn_prefix(routers, interface, &message->prefix[i]);
}

void router_is_host(struct routers *routers, struct baro_address address)
{
    struct router *router = find_router(routers, address);

    if (router == NULL)
        return;
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        if (routers->route[i].interface != 0 && address_equal(routers->route[i].router, address))
            routers->route[i].interface = 0;
    }
    router->is_default = false;
    forget_if_useless(routers, router);
}

void router_reachable(struct routers *routers, struct baro_address address, bool reachable)
{
    struct router *router = find_router(routers, address);

    if (router == NULL || (reachable && !router->unreachable))
        return;
    if (!reachable)
        routers->turn = (unsigned)(router - routers->router) + 1;
    router->unreachable = !reachable;
    routers->changes++;
}

void router_redirect_failed(struct routers *routers, struct baro_address next_hop)
{
    for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
        struct router_redirect *redirect = &routers->redirect[i];

        if (redirect->interface != 0 && address_equal(redirect->next_hop, next_hop)) {
            redirect->interface = 0;
            routers->changes++;
        }
    }
}

/* ---- choosing ---- */

struct choice {
    bool found, reachable;
    unsigned length;
    int rank;
    struct baro_address next_hop;
    int interface;
};

/* RFC 4191 §3.2: reachable ones first, of those the longest prefix, of those the preferred. */
static bool is_better(const struct choice *one, const struct choice *other)
{
    if (!other->found || one->reachable != other->reachable)
        return !other->found || one->reachable;
    if (one->length != other->length)
        return one->length > other->length;
    return one->rank > other->rank;
}

static void consider(struct choice *best, const struct choice *one)
{
    if (is_better(one, best))
        *best = *one;
}

static void consider_prefixes(const struct routers *routers, int interface, struct baro_address destination,
                              struct choice *best)
{
    for (unsigned i = 0; i < ROUTER_PREFIX_LIMIT; i++) {
        const struct router_prefix *prefix = &routers->prefix[i];
        /* on the link before any router of the same prefix */
        const struct choice one = { true, true, prefix->length, 2, destination, prefix->interface };

        if (prefix->interface != 0 && (interface == 0 || interface == prefix->interface) &&
            in_prefix(destination, prefix->prefix, prefix->length))
            consider(best, &one);
    }
}

static void consider_routes(struct routers *routers, int interface, struct baro_address destination,
                            struct choice *best)
{
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        const struct router_route *route = &routers->route[i];
        const struct router *router = route->interface == 0 ? NULL : find_router(routers, route->router);
        struct choice one = { true, false, route->length, nd_preference_rank(route->preference), route->router,
                              route->interface };

        if (router == NULL || (interface != 0 && interface != route->interface) ||
            !in_prefix(destination, route->prefix, route->length))
            continue;
        one.reachable = !router->unreachable;
        consider(best, &one);
    }
}

/* §6.3.6: where no default router is known to answer, another one each time. */
static void consider_defaults(struct routers *routers, int interface, struct choice *best)
{
    unsigned first = routers->turn;
    bool was_reachable = best->found && best->reachable;

    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        unsigned at = (first + i) % ROUTER_LIMIT;
        const struct router *router = &routers->router[at];
        struct choice one = { true, !router->unreachable, 0, nd_preference_rank(router->preference), router->address,
                              router->interface };

        if (router->address.family == BARO_FAMILY_NONE || !router->is_default ||
            (interface != 0 && interface != router->interface))
            continue;
        if (!one.reachable)
            one.rank = -2; /* preference says nothing among the dead: the first in turn */
        if (!one.reachable && !was_reachable && is_better(&one, best))
            routers->turn = at + 1;
        consider(best, &one);
    }
    if (best->reachable)
        routers->turn = first;
}

static const struct router_redirect *find_redirect(const struct routers *routers, struct baro_address destination)
{
    for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
        if (routers->redirect[i].interface != 0 && address_equal(routers->redirect[i].destination, destination))
            return &routers->redirect[i];
    }
    return NULL;
}

bool router_next_hop(struct routers *routers, int interface, struct baro_address destination,
                     struct baro_address *next_hop, int *by)
{
    const struct router_redirect *redirect = find_redirect(routers, destination);
    struct choice best = { .found = false };

    if (redirect != NULL && (interface == 0 || interface == redirect->interface)) {
        const struct router *router = find_router(routers, redirect->next_hop);

        if (router == NULL || !router->unreachable) {
            *next_hop = redirect->next_hop;
            *by = redirect->interface;
            return true;
        }
    }
    consider_prefixes(routers, interface, destination, &best);
    consider_routes(routers, interface, destination, &best);
    consider_defaults(routers, interface, &best);
    if (!best.found)
        return false;
    *next_hop = best.next_hop;
    *by = best.interface;
    return true;
}

bool routers_redirected(struct routers *routers, int interface, struct baro_address from,
                        const struct nd_message *message)
{
    struct router_redirect *place = NULL;
    struct baro_address now;
    unsigned turn = routers->turn;
    int by;

    if (address_is_link_local(message->destination) ||
        !router_next_hop(routers, interface, message->destination, &now, &by))
        return false;
    routers->turn = turn; /* a question that sends nothing */
    if (by != interface || !address_equal(now, from))
        return false;
    for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
        struct router_redirect *redirect = &routers->redirect[i];

        if (redirect->interface != 0 && address_equal(redirect->destination, message->destination))
            place = redirect;
    }
    if (place == NULL)
        place = &routers->redirect[routers->redirects++ % ROUTER_REDIRECT_LIMIT];
    *place = (struct router_redirect){ .destination = message->destination, .next_hop = message->target,
                                       .router = from, .interface = interface };
    routers->changes++;
    return true;
}

/* ---- time ---- */

void routers_run(struct routers *routers)
{
    struct baro_instant now = routers->core->now;

    for (unsigned i = 0; i < ROUTER_PREFIX_LIMIT; i++) {
        if (routers->prefix[i].interface != 0 && instant_reached(now, routers->prefix[i].until))
            routers->prefix[i].interface = 0, routers->changes++;
    }
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        if (routers->route[i].interface != 0 && instant_reached(now, routers->route[i].until))
            routers->route[i].interface = 0, routers->changes++;
    }
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        struct router *router = &routers->router[i];

        if (router->address.family == BARO_FAMILY_NONE)
            continue;
        if (router->is_default && instant_reached(now, router->until)) {
            router->is_default = false;
            forget_if_useless(routers, router);
        } else if (!router->is_default && !has_route(routers, router->address)) {
            forget_if_useless(routers, router);
        }
    }
}

bool routers_next_deadline(const struct routers *routers, struct baro_instant *deadline)
{
    *deadline = for_ever;
    for (unsigned i = 0; i < ROUTER_PREFIX_LIMIT; i++) {
        if (routers->prefix[i].interface != 0 && instant_before(routers->prefix[i].until, *deadline))
            *deadline = routers->prefix[i].until;
    }
    for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
        if (routers->route[i].interface != 0 && instant_before(routers->route[i].until, *deadline))
            *deadline = routers->route[i].until;
    }
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        if (routers->router[i].address.family != BARO_FAMILY_NONE && routers->router[i].is_default &&
            instant_before(routers->router[i].until, *deadline))
            *deadline = routers->router[i].until;
    }
    return deadline->ns != for_ever.ns;
}
