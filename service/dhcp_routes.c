/* service/dhcp_routes.c: see dhcp_routes.h. */
#include "dhcp_routes.h"

#include "dhcp_parts.h"

void dhcp_routes_remove(struct dhcp_routes *routes, struct baro_stack *stack)
{
    for (unsigned i = 0; i < routes->count; i++)
        (void)baro_stack_remove_route(stack, routes->route[i].prefix, routes->route[i].prefix_length);
    routes->count = 0;
}

static void add(struct dhcp_routes *routes, struct baro_stack *stack, int interface,
                const struct baro_dhcp_route *route)
{
    uint32_t mask = route->prefix_length == 0 ? 0 : UINT32_MAX << (32 - route->prefix_length);
    uint32_t prefix = dhcp_number(route->prefix) & mask;
    struct baro_dhcp_route *kept = &routes->route[routes->count];
    struct baro_address gateway = route->router;

    kept->prefix_length = route->prefix_length;
    kept->prefix = baro_ipv4((uint8_t)(prefix >> 24), (uint8_t)(prefix >> 16), (uint8_t)(prefix >> 8), (uint8_t)prefix);
    if (dhcp_number(gateway) == 0)
        gateway.family = BARO_FAMILY_NONE;
    if (baro_stack_add_route(stack, kept->prefix, kept->prefix_length, gateway, interface) == 0)
        routes->count++;
}

/* RFC 3442: where there are classless routes option 3 is not looked at. Those on the link come first: the others may
 * need them. */
void dhcp_routes_set(struct dhcp_routes *routes, struct baro_stack *stack, int interface,
                     const struct baro_dhcp_parameters *told)
{
    const struct baro_dhcp_route way_out = { .prefix = baro_ipv4(0, 0, 0, 0), .router = told->router[0] };

    dhcp_routes_remove(routes, stack);
    if (told->routes == 0 && told->routers != 0 && dhcp_number(way_out.router) != 0)
        add(routes, stack, interface, &way_out);
    for (int on_link = 1; on_link >= 0; on_link--) {
        for (unsigned i = 0; i < told->routes; i++) {
            if ((dhcp_number(told->route[i].router) == 0) == (on_link == 1))
                add(routes, stack, interface, &told->route[i]);
        }
    }
}

unsigned dhcp_prefix_length(struct baro_address address, struct baro_address mask)
{
    uint32_t host = ~dhcp_number(mask);
    unsigned length = 32;

    if (mask.family != BARO_FAMILY_IPV4 || host == UINT32_MAX || (host & (host + 1)) != 0)
        return address.octet[0] < 128 ? 8 : address.octet[0] < 192 ? 16 : 24;
    for (; host != 0; host >>= 1)
        length--;
    return length;
}
