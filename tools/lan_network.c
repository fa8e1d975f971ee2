/* tools/lan_network.c: wires, stacks and routes of `baro lan`, as lan_plan.c found them to fit.
 *
 * Two stations on a wire are its two ends. Others meet in a switch, each with a cable of the wire's kind and faults, so
 * that a frame between two of them goes through two cables. */
#include "lan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "tools.h"

/* ---- wires ---- */

static int make_switches(struct lan *lan)
{
    for (int i = 0; i < lan->wires; i++) {
        struct lan_wire *wire = &lan->wire[i];

        if (wire->stations == 2)
            continue;
        wire->bridge = baro_switch_create(lan->network);
        wire->config.no_large = true;
        if (wire->bridge == NULL)
            return TOOL_FAILED;
    }
    return TOOL_OK;
}

/* A free end for the next station on the wire; NULL: no memory. */
static struct baro_wire *next_end(struct lan *lan, struct lan_wire *wire)
{
    struct baro_wire_config config = wire->config;
    struct baro_wire *cable;

    if (wire->bridge == NULL && wire->cables == 1)
        return wire->cable[0];
    if (config.seed != 0) /* what cables do to frames is not the same on all of them */
        config.seed += (uint64_t)wire->cables;
    cable = baro_wire_create(lan->network, &config);
    if (cable == NULL || (wire->bridge != NULL && baro_switch_join(wire->bridge, cable) != 0))
        return NULL;
    return wire->cable[wire->cables++] = cable;
}

/* ---- stations ---- */

/* Says on a router's wire which subnets of IPv6 are there, so that hosts can make themselves addresses. */
static int advertise(const struct lan_station *router, const struct lan_port *port, int interface)
{
    struct baro_advertise_config config = { .lifetime_s = 1800 };
    const unsigned limit = sizeof config.prefix / sizeof *config.prefix;

    for (unsigned i = 0; i < port->addresses && config.prefixes < limit; i++) {
        const struct baro_host_address *one = &port->address[i];
        struct baro_advertised_prefix *prefix = &config.prefix[config.prefixes];

        if (one->address.family != BARO_FAMILY_IPV6 || address_is_link_local(one->address))
            continue;
        *prefix = (struct baro_advertised_prefix){ .prefix = address_subnet(one->address, one->prefix_length),
                                                   .prefix_length = one->prefix_length,
                                                   .on_link = true,
                                                   .autonomous = one->prefix_length == 64,
                                                   .valid_s = 2592000,
                                                   .preferred_s = 604800 };
        config.prefixes++;
    }
    return config.prefixes == 0 ? 0 : baro_stack_advertise(baro_host_stack(router->host), interface, &config);
}

/* A router's: on its wire, and advertised. The first port came with the host. */
static int make_port(struct lan *lan, struct lan_station *router, int which)
{
    const struct lan_port *port = &router->port[which];
    int interface = baro_host_interface(router->host), error;

    if (which != 0) {
        struct baro_wire *wire = next_end(lan, &lan->wire[port->wire]);

        interface = wire == NULL ? -ENOMEM : baro_host_add_wire(router->host, wire, port->address, port->addresses);
    }
    error = interface < 0 ? interface : advertise(router, port, interface);
    if (error < 0)
        fprintf(stderr, "baro lan: router %s cannot be on wire %s: %s\n", router->name, port->wire_name,
                strerror(-error));
    return error < 0 ? TOOL_FAILED : TOOL_OK;
}

static int make_station(struct lan *lan, struct lan_station *station)
{
    station->trace = observe_sink(&lan->observe);
    const struct lan_port *first = &station->port[0];
    const struct baro_host_config config = { .name = station->name,
                                             .wire = next_end(lan, &lan->wire[first->wire]),
                                             .addresses = first->address,
                                             .address_count = first->addresses,
                                             .ipv6 =
                                                 first->automatic ? BARO_HOST_IPV6_ROUTERS : BARO_HOST_IPV6_LINK_LOCAL,
                                             .program = lan_services_run,
                                             .program_deadline = lan_services_deadline,
                                             .program_context = station,
                                             .trace = station->trace,
                                             .quiet_adapters = station->router,
                                             .trace_host = station->trace_host };
    int error;

    if (config.wire == NULL)
        return TOOL_FAILED;
    station->host = baro_host_create(lan->network, &config, &error);
    if (station->host == NULL) {
        fprintf(stderr, "baro lan: no host %s: %s\n", station->name, strerror(-error));
        return TOOL_FAILED;
    }
    baro_stack_set_forwarding(baro_host_stack(station->host), station->router);
    for (int i = 0; i < station->ports && station->router; i++) {
        if (make_port(lan, station, i) != TOOL_OK)
            return TOOL_FAILED;
    }
    return TOOL_OK;
}

static int add_route(struct lan_station *station, struct baro_address prefix, unsigned prefix_length,
                     struct baro_address gateway)
{
    int error = baro_host_add_route(station->host, prefix, prefix_length, gateway);

    if (error != 0)
        fprintf(stderr, "baro lan: no route of %s: %s\n", station->name, strerror(-error));
    return error == 0 ? TOOL_OK : TOOL_FAILED;
}

static int add_routes(struct lan *lan)
{
    for (int i = 0; i < lan->routes; i++) {
        const struct lan_route *route = &lan->route[i];

        if (add_route(&lan->station[route->station], route->prefix, route->prefix_length, route->gateway) != TOOL_OK)
            return TOOL_FAILED;
    }
    for (int i = 0; i < lan->hosts; i++) {
        for (int j = 0; j < 2; j++) {
            const struct baro_address gateway = lan->station[i].gateway[j], all = { .family = gateway.family };

            if (gateway.family != BARO_FAMILY_NONE && add_route(&lan->station[i], all, 0, gateway) != TOOL_OK)
                return TOOL_FAILED;
        }
    }
    return TOOL_OK;
}

int lan_network(struct lan *lan)
{
    const struct baro_network_config network = { .seed = tool_seed(lan->wire[0].config.seed), .now = baro_loop_now() };

    lan->network = baro_network_create(&network);
    if (lan->network == NULL || make_switches(lan) != TOOL_OK)
        return TOOL_FAILED;
    for (int i = 0; i < lan->stations; i++) {
        if (make_station(lan, &lan->station[i]) != TOOL_OK)
            return TOOL_FAILED;
    }
    return add_routes(lan) == TOOL_OK ? lan_services_open(lan) : TOOL_FAILED;
}
