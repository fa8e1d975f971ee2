/* tools/lan_plan.c: what the words of `baro lan` mean together.
 *
 * A LAN is closed: all wires, hosts and routers are known before the first packet, so whatever could never be reached
 * is a mistake that can be told beforehand, in one line that names it. Routes are static. What a person would do by
 * hand on every host is done here: where exactly one router is on a host's wire, it is the host's default gateway, of
 * each family in which they share a subnet, unless the host has a default route of that family by --route. */
#include "lan.h"

#include <string.h>

#include "address.h"
#include "tools.h"

static bool same_address(struct baro_address a, struct baro_address b)
{
    return a.family == b.family && memcmp(a.octet, b.octet, sizeof a.octet) == 0;
}

static bool share_subnet(const struct baro_host_address *a, const struct baro_host_address *b)
{
    return address_within(a->address, b->address, b->prefix_length) &&
           address_within(b->address, a->address, a->prefix_length);
}

static const char *kind_of(const struct lan_station *station)
{
    return station->router ? "router" : "host";
}

/* ---- wires and names ---- */

static int find_wire(const struct lan *lan, const char *name)
{
    for (int i = 0; i < lan->wires; i++) {
        if (strcmp(lan->wire[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int check_wires(const struct lan *lan)
{
    for (int i = 0; i < lan->wires && lan->wires > 1; i++) {
        if (lan->wire[i].name[0] == '\0')
            return tool_usage("lan", "of several wires each has a name: --wire NAME=KIND[,FAULT...]");
        if (find_wire(lan, lan->wire[i].name) != i)
            return tool_usage("lan", "two wires are called '%s'", lan->wire[i].name);
    }
    return TOOL_OK;
}

/* Finds the port's wire. A LAN of one wire needs no name for it. */
static int place_port(struct lan *lan, const struct lan_station *station, struct lan_port *port)
{
    port->wire = port->wire_name[0] == '\0' && lan->wires == 1 ? 0 : find_wire(lan, port->wire_name);
    if (port->wire < 0 && port->wire_name[0] == '\0')
        return tool_usage("lan", "host %s is on no wire: of several wires say which, such as %s@%s=10.0.0.1",
                          station->name, station->name, lan->wire[0].name);
    if (port->wire < 0)
        return tool_usage("lan", "no wire is called '%s', where %s %s is", port->wire_name, kind_of(station),
                          station->name);
    lan->wire[port->wire].stations++;
    return TOOL_OK;
}

static int place(struct lan *lan)
{
    for (int i = 0; i < lan->stations; i++) {
        struct lan_station *station = &lan->station[i];

        for (int j = 0; j < i; j++) {
            if (strcmp(lan->station[j].name, station->name) == 0)
                return tool_usage("lan", "two hosts or routers are called '%s'", station->name);
        }
        for (int j = 0; j < station->ports; j++) {
            if (place_port(lan, station, &station->port[j]) != TOOL_OK)
                return TOOL_USAGE;
        }
        if (station->router && station->ports < 2)
            return tool_usage("lan", "router %s is on one wire; a router joins two or more", station->name);
    }
    for (int i = 0; i < lan->wires; i++) {
        if (lan->wire[i].stations == 0)
            return tool_usage("lan", "nobody is on wire %s", lan->wire[i].name);
    }
    return TOOL_OK;
}

/* ---- addresses ---- */

/* The station, not `self`, that has this address: on this wire, where it is link-local. */
static const struct lan_station *owner(const struct lan *lan, const struct lan_port *self, int wire,
                                       struct baro_address address)
{
    for (int i = 0; i < lan->stations; i++) {
        for (int j = 0; j < lan->station[i].ports; j++) {
            const struct lan_port *port = &lan->station[i].port[j];

            if (port == self || (address_is_link_local(address) && port->wire != wire))
                continue;
            for (unsigned k = 0; k < port->addresses; k++) {
                if (same_address(port->address[k].address, address))
                    return &lan->station[i];
            }
        }
    }
    return NULL;
}

static int check_address(const struct lan *lan, const struct lan_station *station, const struct lan_port *port,
                         unsigned which)
{
    const struct baro_host_address *one = &port->address[which];
    const struct lan_wire *wire = &lan->wire[port->wire];
    const struct lan_station *other = owner(lan, port, port->wire, one->address);
    char text[ADDRESS_WORDS];

    for (unsigned i = 0; i < which; i++) {
        if (same_address(port->address[i].address, one->address))
            other = station;
    }
    if (other != NULL)
        return tool_usage("lan", "address %s of %s %s is %s's too", address_words(one->address, text), kind_of(station),
                          station->name, other->name);
    if (one->address.family == BARO_FAMILY_IPV6 && wire->config.mtu != 0 && wire->config.mtu < 1280)
        return tool_usage("lan", "address %s of %s %s: IPv6 wants a wire with an mtu of 1280 or more, not %u",
                          address_words(one->address, text), kind_of(station), station->name, wire->config.mtu);
    return TOOL_OK;
}

/* A router with one subnet on two wires could not tell where its hosts are. */
static int check_subnets(const struct lan *lan, const struct lan_station *router, const struct lan_port *port)
{
    char text[ADDRESS_WORDS];

    for (const struct lan_port *other = router->port; other < port; other++) {
        for (unsigned i = 0; i < port->addresses * other->addresses; i++) {
            const struct baro_host_address *a = &port->address[i % port->addresses];
            const struct baro_host_address *b = &other->address[i / port->addresses];

            if (!address_is_link_local(a->address) && (address_within(a->address, b->address, b->prefix_length) ||
                                               address_within(b->address, a->address, a->prefix_length)))
                return tool_usage("lan", "router %s has the subnet of %s on wires %s and %s", router->name,
                                  address_words(a->address, text), lan->wire[other->wire].name,
                                  lan->wire[port->wire].name);
        }
    }
    return TOOL_OK;
}

static const struct lan_port *port_on(const struct lan_station *station, int wire)
{
    for (int i = 0; i < station->ports; i++) {
        if (station->port[i].wire == wire)
            return &station->port[i];
    }
    return NULL;
}

/* An address of a router's port in one subnet with the host's, link-local ones apart; NULL: none. `seen`: one of the
 * host's family that is not. */
static const struct baro_host_address *in_reach(const struct lan_port *router, const struct baro_host_address *host,
                                                const struct baro_host_address **seen)
{
    for (unsigned i = 0; i < router->addresses; i++) {
        const struct baro_host_address *one = &router->address[i];

        if (one->address.family != host->address.family || address_is_link_local(one->address))
            continue;
        if (share_subnet(one, host))
            return one;
        *seen = one;
    }
    return NULL;
}

/* Where routers have addresses of a family, a host's address is in a subnet of one of them, or nobody behind
 * them could answer it. */
static int check_reach(const struct lan *lan, const struct lan_station *host, const struct baro_host_address *one)
{
    const struct baro_host_address *seen = NULL;
    const struct lan_station *router = NULL;
    char text[ADDRESS_WORDS], routers[ADDRESS_WORDS];

    for (int i = lan->hosts; i < lan->stations && !address_is_link_local(one->address); i++) {
        const struct lan_port *port = port_on(&lan->station[i], host->port[0].wire);
        const struct baro_host_address *before = seen;

        if (port != NULL && in_reach(port, one, &seen) != NULL)
            return TOOL_OK;
        if (seen != before)
            router = &lan->station[i];
    }
    if (seen == NULL)
        return TOOL_OK;
    return tool_usage("lan", "host %s has %s/%u, which is in no subnet of a router on its wire: %s has %s/%u",
                      host->name, address_words(one->address, text), one->prefix_length, router->name,
                      address_words(seen->address, routers), seen->prefix_length);
}

/* Hosts make themselves addresses of 64 bits of prefix. */
static bool gives_addresses(const struct lan_port *router)
{
    for (unsigned i = 0; i < router->addresses; i++) {
        if (router->address[i].address.family == BARO_FAMILY_IPV6 && router->address[i].prefix_length == 64 &&
            !address_is_link_local(router->address[i].address))
            return true;
    }
    return false;
}

static int check_automatic(const struct lan *lan, const struct lan_station *host)
{
    for (int i = lan->hosts; i < lan->stations; i++) {
        const struct lan_port *port = port_on(&lan->station[i], host->port[0].wire);

        if (port != NULL && gives_addresses(port))
            return TOOL_OK;
    }
    return tool_usage("lan", "host %s is to get addresses of IPv6 by itself, and no router with a /64 is on its wire",
                      host->name);
}

static int check_addresses(const struct lan *lan)
{
    for (int i = 0; i < lan->stations; i++) {
        const struct lan_station *station = &lan->station[i];

        if (station->port[0].automatic && check_automatic(lan, station) != TOOL_OK)
            return TOOL_USAGE;
        for (int j = 0; j < station->ports; j++) {
            const struct lan_port *port = &station->port[j];

            for (unsigned k = 0; k < port->addresses; k++) {
                if (check_address(lan, station, port, k) != TOOL_OK ||
                    (!station->router && check_reach(lan, station, &port->address[k]) != TOOL_OK))
                    return TOOL_USAGE;
            }
            if (check_subnets(lan, station, port) != TOOL_OK)
                return TOOL_USAGE;
        }
    }
    return TOOL_OK;
}

/* ---- routes ---- */

static bool on_link(const struct lan_station *station, struct baro_address address)
{
    for (int i = 0; i < station->ports; i++) {
        for (unsigned j = 0; j < station->port[i].addresses; j++) {
            const struct baro_host_address *own = &station->port[i].address[j];

            if (address_within(address, own->address, own->prefix_length))
                return true;
        }
    }
    return false;
}

static int check_route(const struct lan *lan, struct lan_route *route)
{
    const struct lan_station *station = lan->station, *gateway = owner(lan, NULL, -1, route->gateway);
    char text[ADDRESS_WORDS];

    while (station < lan->station + lan->stations && strcmp(station->name, route->name) != 0)
        station++;
    if (station == lan->station + lan->stations)
        return tool_usage("lan", "no host or router is called '%s', whose route is to be", route->name);
    route->station = (int)(station - lan->station);
    address_words(route->gateway, text);
    if (address_is_link_local(route->gateway))
        return tool_usage("lan", "gateway %s of %s is on every wire; one that is not link-local is wanted", text,
                          station->name);
    if (gateway == station)
        return tool_usage("lan", "gateway %s of %s is its own address", text, station->name);
    if (!on_link(station, route->gateway))
        return tool_usage("lan", "gateway %s of %s is in no subnet of its own", text, station->name);
    if (gateway == NULL || !gateway->router)
        return tool_usage("lan", "gateway %s of %s is no router's address", text, station->name);
    for (const struct lan_route *other = lan->route; other < route; other++) {
        if (other->station == route->station && other->prefix_length == route->prefix_length &&
            same_address(other->prefix, route->prefix))
            return tool_usage("lan", "%s has two routes to %s/%u", station->name, address_words(route->prefix, text),
                              route->prefix_length);
    }
    return TOOL_OK;
}

static bool has_default(const struct lan *lan, int station, enum baro_family family)
{
    for (int i = 0; i < lan->routes; i++) {
        const struct lan_route *route = &lan->route[i];

        if (route->station == station && route->prefix_length == 0 && route->prefix.family == family)
            return true;
    }
    return false;
}

/* The only router on the wire; NULL: there is none, or several. */
static const struct lan_port *only_router(const struct lan *lan, int wire)
{
    const struct lan_port *only = NULL;

    for (int i = lan->hosts; i < lan->stations; i++) {
        const struct lan_port *port = port_on(&lan->station[i], wire);

        if (port != NULL && only != NULL)
            return NULL;
        only = port == NULL ? only : port;
    }
    return only;
}

static void find_gateways(struct lan *lan, int station)
{
    static const enum baro_family families[2] = { BARO_FAMILY_IPV4, BARO_FAMILY_IPV6 };
    struct lan_station *host = &lan->station[station];
    const struct lan_port *router = only_router(lan, host->port[0].wire);

    for (int i = 0; i < 2 && router != NULL; i++) {
        for (unsigned j = 0; j < host->port[0].addresses && !has_default(lan, station, families[i]); j++) {
            const struct baro_host_address *own = &host->port[0].address[j], *found, *seen;

            if (own->address.family != families[i] || host->gateway[i].family != BARO_FAMILY_NONE ||
                (host->port[0].automatic && families[i] == BARO_FAMILY_IPV6)) /* that one the router tells */
                continue;
            found = in_reach(router, own, &seen);
            if (found != NULL)
                host->gateway[i] = found->address;
        }
    }
}

int lan_plan(struct lan *lan)
{
    if (check_wires(lan) != TOOL_OK)
        return TOOL_USAGE;
    if (lan->hosts < 2 && lan->hosts == lan->stations)
        return tool_usage("lan", "a LAN has two hosts or more; `baro run` runs a program on one");
    if (lan->hosts == 0)
        return tool_usage("lan", "no host with a program: --host NAME@WIRE=ADDRESS[/PREFIX] PROGRAM");
    if (place(lan) != TOOL_OK || check_addresses(lan) != TOOL_OK)
        return TOOL_USAGE;
    for (int i = 0; i < lan->routes; i++) {
        if (check_route(lan, &lan->route[i]) != TOOL_OK)
            return TOOL_USAGE;
    }
    for (int i = 0; i < lan->pulls; i++) {
        lan->pull[i].wire = find_wire(lan, lan->pull[i].wire_name);
        if (lan->pull[i].wire < 0)
            return tool_usage("lan", "no wire is called '%s', whose plug is to be pulled", lan->pull[i].wire_name);
    }
    for (int i = 0; i < lan->hosts; i++)
        find_gateways(lan, i);
    return TOOL_OK;
}
