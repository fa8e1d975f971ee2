/* src/advertised_routes.c: the routes of the table that come from routers, see advertised.h.
 *
 * They are made anew whenever ip/router's lists changed: redirects first, as routes of one address, then on-link
 * prefixes, routes and default routers, the better ones in front. The table looks at the longest prefix first, so
 * routes of a router that does not answer are left out of it while another router may answer (RFC 4191 §3.2). */
#include "stack.h"

static const struct baro_address nobody = { .family = BARO_FAMILY_NONE };

/* Those that answer by preference; then those that do not, in turn (RFC 4861 §6.3.6, RFC 4191 §3.2). */
static void put_defaults(struct baro_stack *stack)
{
    const struct routers *routers = &stack->advertised.routers;
    const struct baro_address all = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);

    for (int rank = 1; rank >= -2; rank--) {
        for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
            const struct router *router = &routers->router[rank == -2 ? (routers->turn + i) % ROUTER_LIMIT : i];
            int has = router->unreachable ? -2 : nd_preference_rank(router->preference);

            if (router->address.family != BARO_FAMILY_NONE && router->is_default && has == rank)
                ip_route_advertised(&stack->table, all, 0, router->address, router->interface);
        }
    }
}

static bool is_dead(const struct routers *routers, struct baro_address address)
{
    for (unsigned i = 0; i < ROUTER_LIMIT; i++) {
        const struct router *router = &routers->router[i];

        if (router->unreachable && address_equal(router->address, address))
            return true;
    }
    return false;
}

/* RFC 4191 §3.2: the routes of a router that does not answer go for nothing while there is a default router that
 * does. */
static void put_more_specific(struct baro_stack *stack)
{
    const struct routers *routers = &stack->advertised.routers;
    bool others = false;

    for (unsigned i = 0; i < ROUTER_LIMIT; i++)
        others |= routers->router[i].is_default && !routers->router[i].unreachable;
    for (int rank = 1; rank >= -2; rank--) {
        for (unsigned i = 0; i < ROUTER_ROUTE_LIMIT; i++) {
            const struct router_route *route = &routers->route[i];
            bool dead = route->interface != 0 && is_dead(routers, route->router);
            int has = dead ? -2 : nd_preference_rank(route->preference);

            if (route->interface != 0 && has == rank && !(dead && others))
                ip_route_advertised(&stack->table, route->prefix, route->length, route->router, route->interface);
        }
    }
}

void advertised_put_routes(struct baro_stack *stack)
{
    const struct routers *routers = &stack->advertised.routers;

    ip_route_forget_advertised(&stack->table);
    for (unsigned i = 0; i < ROUTER_REDIRECT_LIMIT; i++) {
        const struct router_redirect *redirect = &routers->redirect[i];
        bool on_link = address_equal(redirect->destination, redirect->next_hop);

        if (redirect->interface != 0)
            ip_route_advertised(&stack->table, redirect->destination, 128, on_link ? nobody : redirect->next_hop,
                                redirect->interface);
    }
    for (unsigned i = 0; i < ROUTER_PREFIX_LIMIT; i++) {
        const struct router_prefix *prefix = &routers->prefix[i];

        if (prefix->interface != 0)
            ip_route_advertised(&stack->table, prefix->prefix, prefix->length, nobody, prefix->interface);
    }
    put_more_specific(stack);
    put_defaults(stack);
}
