/* ip/table.c: see table.h. */
#include "ip/table.h"

#include <errno.h>

static bool in_prefix(struct baro_address address, struct baro_address prefix, unsigned prefix_length)
{
    return ((ipv4_number(address) ^ ipv4_number(prefix)) & ip_mask(prefix_length)) == 0;
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
    uint32_t host = ipv4_number(address) & ~ip_mask(prefix_length);

    if (address.family != BARO_FAMILY_IPV4 || prefix_length > 32 || address.octet[0] == 0)
        return false;
    if (address_is_loopback(address) || address_is_multicast(address) || is_class_e(address))
        return false;
    /* RFC 3021: a /31 has two hosts and no broadcast address. */
    return prefix_length >= 31 || (host != 0 && host != ~ip_mask(prefix_length));
}

static int route_insert(struct ip_table *table, const struct ip_route *route)
{
    unsigned at = 0;

    if (table->routes == IP_ROUTES)
        return -ENOSPC;
    while (at < table->routes && table->route[at].prefix_length >= route->prefix_length)
        at++;
    for (unsigned i = table->routes; i > at; i--)
        table->route[i] = table->route[i - 1];
    table->route[at] = *route;
    table->routes++;
    table->changes++;
    return 0;
}

static void route_erase(struct ip_table *table, unsigned at)
{
    table->routes--;
    table->changes++;
    for (unsigned i = at; i < table->routes; i++)
        table->route[i] = table->route[i + 1];
}

static struct baro_address network_of(struct baro_address address, unsigned prefix_length)
{
    return ipv4_from_number(ipv4_number(address) & ip_mask(prefix_length));
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
    at->own[at->owns++] = (struct ip_own){ address, (uint8_t)prefix_length, usable };
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
            in_prefix(address, route->prefix, route->prefix_length)) {
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

    for (unsigned i = 0; i < at->owns; i++) {
        if (!at->own[i].usable)
            continue;
        if (near.family != BARO_FAMILY_NONE && in_prefix(near, at->own[i].address, at->own[i].prefix_length))
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
        uint32_t host = ~ip_mask(at->own[i].prefix_length);

        /* Few addresses end in ones only: that is asked first. */
        if ((number & host) == host && at->own[i].prefix_length < 31 &&
            in_prefix(address, at->own[i].address, at->own[i].prefix_length))
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

static struct ip_group *find_group(struct ip_interface *at, struct baro_address group)
{
    for (unsigned i = 0; i < at->groups; i++) {
        if (address_equal(at->group[i].address, group))
            return &at->group[i];
    }
    return NULL;
}

int ip_group_join(struct ip_table *table, int interface, struct baro_address group, bool *changed)
{
    struct ip_interface *at = &table->interface[interface];
    struct ip_group *found = find_group(at, group);

    *changed = false;
    if (group.family != BARO_FAMILY_IPV4 || !address_is_multicast(group))
        return -EINVAL;
    if (found == NULL) {
        if (at->groups == IP_GROUPS)
            return -ENOSPC;
        found = &at->group[at->groups++];
        *found = (struct ip_group){ .address = group };
        *changed = true;
    }
    found->joined++;
    return 0;
}

int ip_group_leave(struct ip_table *table, int interface, struct baro_address group, bool *changed)
{
    struct ip_interface *at = &table->interface[interface];
    struct ip_group *found = find_group(at, group);

    *changed = false;
    if (found == NULL)
        return -ENOENT;
    if (--found->joined == 0) {
        *found = at->group[--at->groups];
        *changed = true;
    }
    return 0;
}

bool ip_is_member(const struct ip_table *table, int interface, struct baro_address group)
{
    const struct ip_interface *at = &table->interface[interface];

    if (interface == 0) { /* a copy for the members on this host: whatever their interface */
        for (int i = 1; i < table->interfaces; i++) {
            if (ip_is_member(table, i, group))
                return true;
        }
        return false;
    }
    /* RFC 1112 §7.2: every host is in 224.0.0.1, on every interface, always. */
    if (address_equal(group, baro_ipv4(224, 0, 0, 1)))
        return true;
    for (unsigned i = 0; i < at->groups; i++) {
        if (address_equal(at->group[i].address, group))
            return true;
    }
    return false;
}

/* ---- what arrives ---- */

enum baro_trace_delivery ip_delivery(const struct ip_table *table, int interface, struct baro_address destination)
{
    int owner = ip_owner(table, destination);

    if (interface == 0 && owner >= 0)
        return BARO_TRACE_DELIVERY_LOOPBACK;
    if (owner > 0 && owner == interface)
        return BARO_TRACE_DELIVERY_MINE;
    if (ip_is_broadcast(table, interface == 0 ? -1 : interface, destination))
        return BARO_TRACE_DELIVERY_BROADCAST;
    if (address_is_multicast(destination))
        return ip_is_member(table, interface, destination) ? BARO_TRACE_DELIVERY_GROUP
                                                           : BARO_TRACE_DELIVERY_NOT_MINE;
    return table->any_destination ? BARO_TRACE_DELIVERY_ANY : BARO_TRACE_DELIVERY_NOT_MINE;
}

bool ip_is_martian_source(const struct ip_table *table, int interface, struct baro_address source)
{
    if (source.octet[0] == 0 || address_is_loopback(source) || address_is_multicast(source) || is_class_e(source))
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

    if (prefix.family != BARO_FAMILY_IPV4 || prefix_length > 32 || (ipv4_number(prefix) & ~ip_mask(prefix_length)) != 0)
        return -EINVAL;
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *other = &table->route[i];

        if (!other->of_address && other->prefix_length == prefix_length && address_equal(other->prefix, prefix))
            return -EEXIST;
        if (other->gateway.family == BARO_FAMILY_NONE && other->interface == interface &&
            in_prefix(gateway, other->prefix, other->prefix_length))
            reachable = true;
    }
    if (gateway.family != BARO_FAMILY_NONE && (gateway.family != BARO_FAMILY_IPV4 || !reachable))
        return -ENETUNREACH;
    return route_insert(table, &route);
}

int ip_route_remove(struct ip_table *table, struct baro_address prefix, unsigned prefix_length)
{
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *route = &table->route[i];

        if (!route->of_address && route->prefix_length == prefix_length && address_equal(route->prefix, prefix)) {
            route_erase(table, i);
            return 0;
        }
    }
    return -ENETUNREACH;
}

/* The first match is the longest; interface 0: any. */
static const struct ip_route *match(const struct ip_table *table, struct baro_address destination, int interface)
{
    for (unsigned i = 0; i < table->routes; i++) {
        const struct ip_route *route = &table->route[i];

        if ((interface <= 0 || route->interface == interface) &&
            in_prefix(destination, route->prefix, route->prefix_length))
            return route;
    }
    return NULL;
}

/* Groups and the limited broadcast address need no route: the interface asked for, the route's, or the first. */
static bool find_group_route(const struct ip_table *table, struct baro_address destination,
                             struct baro_address wanted, int interface, struct ip_hop *hop)
{
    const struct ip_route *route = match(table, destination, 0);
    int owner = wanted.family == BARO_FAMILY_NONE ? -1 : ip_owner(table, wanted);

    if (interface == 0)
        interface = owner > 0 ? owner : route != NULL ? route->interface : 1;
    if (interface >= table->interfaces)
        return false;
    hop->interface = interface;
    hop->next_hop = destination;
    hop->prefix_length = 0;
    hop->source = wanted.family == BARO_FAMILY_NONE ? ip_source(table, interface, destination) : wanted;
    if (hop->source.family == BARO_FAMILY_NONE) /* RFC 1122 §3.2.1.3 (a): a host that learns its address */
        hop->source = baro_ipv4(0, 0, 0, 0);
    return true;
}

bool ip_find_route(const struct ip_table *table, struct baro_address destination, struct baro_address wanted,
                   int interface, struct ip_hop *hop)
{
    const struct ip_route *route = NULL;
    int owner = wanted.family == BARO_FAMILY_NONE ? -1 : ip_owner(table, wanted);

    *hop = (struct ip_hop){ .next_hop = destination, .source = wanted };
    if (destination.family != BARO_FAMILY_IPV4)
        return false;
    if (ip_owner(table, destination) >= 0) { /* to ourselves */
        hop->prefix_length = 32;
        if (wanted.family == BARO_FAMILY_NONE)
            hop->source = address_is_loopback(destination) ? baro_ipv4(127, 0, 0, 1) : destination;
        return true;
    }
    if (owner == 0 || destination.octet[0] == 0) /* 127.0.0.0/8 never leaves the host */
        return false;
    if (address_is_multicast(destination) || address_is_limited_broadcast(destination))
        return find_group_route(table, destination, wanted, interface, hop);
    if (owner > 0)
        route = match(table, destination, owner);
    if (route == NULL)
        route = match(table, destination, 0);
    if (route == NULL)
        return false;
    hop->interface = route->interface;
    hop->prefix_length = route->prefix_length;
    if (route->gateway.family != BARO_FAMILY_NONE)
        hop->next_hop = route->gateway;
    if (wanted.family == BARO_FAMILY_NONE)
        hop->source = ip_source(table, hop->interface, hop->next_hop);
    return hop->source.family != BARO_FAMILY_NONE;
}
