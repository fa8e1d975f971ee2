/* ip/table.c: see table.h. */
#include "ip/table.h"

#include <errno.h>

#include "ip/source.h"

static struct baro_address network_of(struct baro_address address, unsigned prefix_length)
{
    if (address.family == BARO_FAMILY_IPV4)
        return ipv4_from_number(ipv4_number(address) & ip_mask(prefix_length));
    for (unsigned i = 0; i < sizeof address.octet; i++) {
        unsigned bits = prefix_length <= i * 8 ? 0 : prefix_length - i * 8 >= 8 ? 8 : prefix_length - i * 8;

        address.octet[i] &= (uint8_t)(0xff00U >> bits);
    }
    return address;
}

bool ip_in_prefix(struct baro_address address, struct baro_address prefix, unsigned prefix_length)
{
    if (address.family != prefix.family)
        return false;
    if (address.family == BARO_FAMILY_IPV4)
        return ((ipv4_number(address) ^ ipv4_number(prefix)) & ip_mask(prefix_length)) == 0;
    return address_equal(network_of(address, prefix_length), network_of(prefix, prefix_length));
}

static bool is_class_e(struct baro_address address)
{
    return address.octet[0] >= 240;
}

/* ---- addresses ---- */

static struct ip_own *find_own(struct ip_table *table, int interface, struct baro_address address)
{
    struct ip_interface *at = &table->interface[interface];

    for (unsigned i = 0; i < at->owns; i++) {
        if (address_equal(at->own[i].address, address))
            return &at->own[i];
    }
    return NULL;
}

static bool is_host_address(struct baro_address address, unsigned prefix_length)
{
    uint32_t host;

    if (address.family == BARO_FAMILY_IPV6)
        return prefix_length <= 128 && !address_is_multicast(address) && !address_is_unspecified(address) &&
               !address_is_loopback(address) && !address_is_mapped(address);
    if (address.family != BARO_FAMILY_IPV4 || prefix_length > 32 || address.octet[0] == 0)
        return false;
    host = ipv4_number(address) & ~ip_mask(prefix_length);
    if (address_is_loopback(address) || address_is_multicast(address) || is_class_e(address))
        return false;
    /* RFC 3021: a /31 has two hosts and no broadcast address. */
    return prefix_length >= 31 || (host != 0 && host != ~ip_mask(prefix_length));
}

static int route_insert(struct ip_table *table, const struct ip_route *route)
{
    bool full = route->advertised ? table->routes_advertised == IP_ROUTES_ADVERTISED
                                  : table->routes - table->routes_advertised == IP_ROUTES;
    unsigned at = 0;

    if (full)
        return -ENOSPC;
    /* Of equal length a router's comes last: what was given by hand goes before it. */
    while (at < table->routes &&
           (table->route[at].prefix_length > route->prefix_length ||
            (table->route[at].prefix_length == route->prefix_length &&
             (route->advertised || !table->route[at].advertised))))
        at++;
    for (unsigned i = table->routes; i > at; i--)
        table->route[i] = table->route[i - 1];
    table->route[at] = *route;
    table->routes++;
    table->routes_advertised += route->advertised;
    table->changes++;
    return 0;
}

static void route_erase(struct ip_table *table, unsigned at)
{
    table->routes--;
    table->routes_advertised -= table->route[at].advertised;
    table->changes++;
    for (unsigned i = at; i < table->routes; i++)
        table->route[i] = table->route[i + 1];
}

int ip_address_add(struct ip_table *table, int interface, struct baro_address address, unsigned prefix_length,
                   bool usable)
{
    struct ip_interface *at = &table->interface[interface];
    struct ip_route route = { .prefix_length = (uint8_t)prefix_length, .interface = (uint8_t)interface,
                              .of_address = true };

    if (!is_host_address(address, prefix_length))
        return -EINVAL;
    for (int i = 1; i < table->interfaces; i++) {
        if (find_own(table, i, address) != NULL)
            return -EEXIST;
    }
    if (at->owns == IP_ADDRESSES)
        return -ENOSPC;
    route.prefix = network_of(address, prefix_length);
    if (route_insert(table, &route) != 0)
        return -ENOSPC;
    at->own[at->owns++] = (struct ip_own){ .address = address, .prefix_length = (uint8_t)prefix_length,
                                           .usable = usable };
    return 0;
}

int ip_address_remove(struct ip_table *table, int interface, struct baro_address address)
{
    struct ip_interface *at = &table->interface[interface];
    struct ip_own *own = find_own(table, interface, address);

    if (own == NULL)
        return -EADDRNOTAVAIL;
    /* Each address brought a route of its own, so one of them goes with it. */
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *route = &table->route[i];

        if (route->of_address && route->interface == interface && route->prefix_length == own->prefix_length &&
            ip_in_prefix(address, route->prefix, route->prefix_length)) {
            route_erase(table, i);
            break;
        }
    }
    *own = at->own[--at->owns];
    table->changes++;
    return 0;
}

void ip_address_usable(struct ip_table *table, int interface, struct baro_address address)
{
    struct ip_own *own = find_own(table, interface, address);

    if (own != NULL) {
        own->usable = true;
        table->changes++;
    }
}

void ip_address_temporary(struct ip_table *table, int interface, struct baro_address address)
{
    struct ip_own *own = find_own(table, interface, address);

    if (own != NULL) {
        own->temporary = true;
        table->changes++;
    }
}

void ip_address_deprecated(struct ip_table *table, int interface, struct baro_address address, bool deprecated)
{
    struct ip_own *own = find_own(table, interface, address);

    if (own != NULL) {
        own->deprecated = deprecated;
        table->changes++;
    }
}

int ip_owner(const struct ip_table *table, struct baro_address address)
{
    if (address_is_loopback(address))
        return 0;
    for (int i = 1; i < table->interfaces; i++) {
        const struct ip_interface *at = &table->interface[i];

        for (unsigned j = 0; j < at->owns; j++) {
            if (at->own[j].usable && address_equal(at->own[j].address, address))
                return i;
        }
    }
    return -1;
}

struct baro_address ip_source(const struct ip_table *table, int interface, struct baro_address near)
{
    const struct ip_interface *at = &table->interface[interface];
    struct baro_address first = { .family = BARO_FAMILY_NONE };

    if (near.family == BARO_FAMILY_IPV6)
        return ip_source_select(at, near);
    for (unsigned i = 0; i < at->owns; i++) {
        if (!at->own[i].usable || at->own[i].address.family != BARO_FAMILY_IPV4)
            continue;
        if (near.family != BARO_FAMILY_NONE && ip_in_prefix(near, at->own[i].address, at->own[i].prefix_length))
            return at->own[i].address;
        if (first.family == BARO_FAMILY_NONE)
            first = at->own[i].address;
    }
    return first;
}

static bool is_subnet_broadcast(const struct ip_interface *at, struct baro_address address)
{
    uint32_t number = ipv4_number(address);

    for (unsigned i = 0; i < at->owns; i++) {
        uint32_t host;

        if (at->own[i].address.family != BARO_FAMILY_IPV4)
            continue;
        host = ~ip_mask(at->own[i].prefix_length);
        /* Few addresses end in ones only: that is asked first. */
        if ((number & host) == host && at->own[i].prefix_length < 31 &&
            ip_in_prefix(address, at->own[i].address, at->own[i].prefix_length))
            return true;
    }
    return false;
}

bool ip_is_broadcast(const struct ip_table *table, int interface, struct baro_address address)
{
    if (address.family != BARO_FAMILY_IPV4)
        return false;
    if (address_is_limited_broadcast(address))
        return true;
    for (int i = 1; i < table->interfaces; i++) {
        if ((interface < 0 || interface == i) && is_subnet_broadcast(&table->interface[i], address))
            return true;
    }
    return false;
}

/* ---- groups ---- */

/* ff02::1, and ff01::1 of the interface itself. */
static bool is_all_nodes(struct baro_address group)
{
    struct baro_address link = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1);

    link.octet[1] = group.octet[1] == 1 ? 1 : 2;
    link.zone = group.zone;
    return address_equal(group, link);
}

/* Also of an address that is still being probed: that is where the answer comes from (RFC 4862 §5.4.2). */
static bool is_solicited_node_of(const struct ip_interface *at, int interface, struct baro_address group)
{
    if (group.family != BARO_FAMILY_IPV6)
        return false;
    for (unsigned i = 0; i < at->owns; i++) {
        if (at->own[i].address.family == BARO_FAMILY_IPV6 &&
            address_equal(address_solicited_node(at->own[i].address, interface), group))
            return true;
    }
    return false;
}

bool ip_is_member(const struct ip_table *table, int interface, struct baro_address group)
{
    const struct ip_interface *at = &table->interface[interface];
    const struct group *found;

    if (interface == 0) { /* a copy for the members on this host: whatever their interface */
        for (int i = 1; i < table->interfaces; i++) {
            if (ip_is_member(table, i, group))
                return true;
        }
        return false;
    }
    /* RFC 1112 §7.2, RFC 4291 §2.8: every host is in these, on every interface, always. */
    if (address_equal(group, baro_ipv4(224, 0, 0, 1)) || is_all_nodes(group) ||
        is_solicited_node_of(at, interface, group))
        return true;
    found = group_find(at->groups, group);
    return found != NULL && group_has_members(found);
}

/* ---- what arrives ---- */

enum baro_trace_delivery ip_delivery(const struct ip_table *table, int interface, struct baro_address destination)
{
    int owner = ip_owner(table, destination);

    if (interface == 0 && owner >= 0)
        return BARO_TRACE_DELIVERY_LOOPBACK;
    if (owner > 0 && (owner == interface || table->forwarding))
        return BARO_TRACE_DELIVERY_MINE;
    if (ip_is_broadcast(table, interface == 0 ? -1 : interface, destination))
        return BARO_TRACE_DELIVERY_BROADCAST;
    if (address_is_multicast(destination))
        return ip_is_member(table, interface, destination) ? BARO_TRACE_DELIVERY_GROUP
                                                           : BARO_TRACE_DELIVERY_NOT_MINE;
    return table->any_destination && !address_is_link_local(destination) ? BARO_TRACE_DELIVERY_ANY
                                                                         : BARO_TRACE_DELIVERY_NOT_MINE;
}

bool ip_is_martian_source(const struct ip_table *table, int interface, struct baro_address source)
{
    if (address_is_loopback(source) || address_is_multicast(source))
        return true;
    if (source.family == BARO_FAMILY_IPV6)
        return address_is_unspecified(source) || address_is_mapped(source) || ip_owner(table, source) >= 0;
    if (source.octet[0] == 0 || is_class_e(source))
        return true;
    return ip_owner(table, source) >= 0 || ip_is_broadcast(table, interface, source);
}

/* ---- routes ---- */

int ip_route_add(struct ip_table *table, struct baro_address prefix, unsigned prefix_length,
                 struct baro_address gateway, int interface)
{
    const struct ip_route route = { .prefix = prefix, .gateway = gateway, .prefix_length = (uint8_t)prefix_length,
                                    .interface = (uint8_t)interface };
    bool reachable = false;

    if (prefix.family != BARO_FAMILY_IPV4 && prefix.family != BARO_FAMILY_IPV6)
        return -EINVAL;
    if (prefix_length > (prefix.family == BARO_FAMILY_IPV4 ? 32 : 128) ||
        !address_equal(network_of(prefix, prefix_length), prefix))
        return -EINVAL;
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *other = &table->route[i];

        if (!other->of_address && !other->advertised && other->prefix_length == prefix_length &&
            address_equal(other->prefix, prefix))
            return -EEXIST;
        if (other->gateway.family == BARO_FAMILY_NONE && other->interface == interface &&
            ip_in_prefix(gateway, other->prefix, other->prefix_length))
            reachable = true;
    }
    if (gateway.family != BARO_FAMILY_NONE && (gateway.family != prefix.family || !reachable))
        return -ENETUNREACH;
    return route_insert(table, &route);
}

int ip_route_remove(struct ip_table *table, struct baro_address prefix, unsigned prefix_length)
{
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *route = &table->route[i];

        if (!route->of_address && !route->advertised && route->prefix_length == prefix_length &&
            address_equal(route->prefix, prefix)) {
            route_erase(table, i);
            return 0;
        }
    }
    return -ENETUNREACH;
}

void ip_route_advertised(struct ip_table *table, struct baro_address prefix, unsigned prefix_length,
                         struct baro_address gateway, int interface)
{
    const struct ip_route route = { .prefix = prefix, .gateway = gateway, .prefix_length = (uint8_t)prefix_length,
                                    .interface = (uint8_t)interface, .advertised = true };

    (void)route_insert(table, &route); /* ip/router.h's limits are the table's */
}

void ip_route_forget_advertised(struct ip_table *table)
{
    for (unsigned i = table->routes; i-- > 0;) {
        if (table->route[i].advertised)
            route_erase(table, i);
    }
}

/* The first match is the longest; interface 0: any. */
static const struct ip_route *match(const struct ip_table *table, struct baro_address destination, int interface)
{
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *route = &table->route[i];

        if ((interface <= 0 || route->interface == interface) &&
            ip_in_prefix(destination, route->prefix, route->prefix_length))
            return route;
    }
    return NULL;
}

/* A host that has no address yet sends from none (RFC 1122 §3.2.1.3 (a), RFC 4861 §4.1). */
static struct baro_address unspecified_of(struct baro_address destination)
{
    return destination.family == BARO_FAMILY_IPV6 ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0) : baro_ipv4(0, 0, 0, 0);
}

/* Groups and the limited broadcast address need no route: the interface asked for, the route's, or the first. */
static bool find_group_route(const struct ip_table *table, struct baro_address destination,
                             struct baro_address wanted, int interface, struct ip_hop *hop)
{
    const struct ip_route *route = match(table, destination, 0);
    int owner = wanted.family == BARO_FAMILY_NONE ? -1 : ip_owner(table, wanted);

    if (interface == 0 && destination.zone != 0)
        interface = destination.zone;
    if (interface == 0)
        interface = owner > 0 ? owner : route != NULL ? route->interface : 1;
    if (interface >= table->interfaces)
        return false;
    hop->interface = interface;
    hop->next_hop = destination;
    hop->prefix_length = 0;
    hop->source = wanted.family == BARO_FAMILY_NONE ? ip_source(table, interface, destination) : wanted;
    if (hop->source.family == BARO_FAMILY_NONE)
        hop->source = unspecified_of(destination);
    return true;
}

/* 0.0.0.0/8, ::, and IPv4 addresses in IPv6's clothes, which are on no wire. */
static bool is_nobodys(struct baro_address destination)
{
    if (destination.family == BARO_FAMILY_IPV4)
        return destination.octet[0] == 0;
    return address_is_unspecified(destination) || address_is_mapped(destination);
}

bool ip_find_route(const struct ip_table *table, struct baro_address destination, struct baro_address wanted,
                   int interface, struct ip_hop *hop)
{
    const struct ip_route *route = NULL;
    int owner = wanted.family == BARO_FAMILY_NONE ? -1 : ip_owner(table, wanted);

    *hop = (struct ip_hop){ .next_hop = destination, .source = wanted };
    if (destination.family == BARO_FAMILY_NONE ||
        (wanted.family != BARO_FAMILY_NONE && wanted.family != destination.family))
        return false;
    if (ip_owner(table, destination) >= 0) { /* to ourselves */
        bool v6 = destination.family == BARO_FAMILY_IPV6;

        hop->prefix_length = v6 ? 128 : 32;
        if (wanted.family == BARO_FAMILY_NONE)
            hop->source = address_is_loopback(destination) && !v6 ? baro_ipv4(127, 0, 0, 1) : destination;
        return true;
    }
    if (owner == 0 || is_nobodys(destination)) /* loopback addresses never leave the host */
        return false;
    if (address_is_multicast(destination) || address_is_limited_broadcast(destination))
        return find_group_route(table, destination, wanted, interface, hop);
    if (owner > 0 && !table->forwarding && interface == 0)
        route = match(table, destination, owner);
    if (route == NULL)
        route = match(table, destination, interface);
    if (route == NULL)
        return false;
    hop->interface = route->interface;
    hop->prefix_length = route->prefix_length;
    if (route->gateway.family != BARO_FAMILY_NONE)
        hop->next_hop = route->gateway;
    /* IPv4 sends from the next hop's subnet; IPv6 chooses by the destination (RFC 6724 §4). */
    if (wanted.family == BARO_FAMILY_NONE)
        hop->source = ip_source(table, hop->interface,
                                destination.family == BARO_FAMILY_IPV6 ? destination : hop->next_hop);
    return hop->source.family != BARO_FAMILY_NONE;
}
