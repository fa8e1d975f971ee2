/* tools/lan_network.c: wires, stacks, routes and names of `baro lan`, as lan_plan.c found them to fit.
 *
 * Two stations on a wire are its two ends. Others meet in a switch, each with a cable of the wire's kind and faults, so
 * that a frame between two of them goes through two cables. */
#include "lan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools.h"

/* Calls between "off" and "on" are not told to the trace: they are no program's, and who listens starts the next host.
 * What they send is told, when it is drained. */
static void trace_off(const struct lan_station *station)
{
    baro_stack_set_trace(baro_host_stack(station->host), (struct baro_trace_sink){ 0 }, station->trace_host);
}

static void trace_on(const struct lan_station *station)
{
    baro_stack_set_trace(baro_host_stack(station->host), station->trace, station->trace_host);
}

/* The program of a host's stack: its name server. */
static void serve(void *context, struct baro_host *host)
{
    struct lan_station *station = context;

    if (station->names == NULL)
        return;
    trace_off(station);
    baro_dns_server_poll(station->names, baro_network_now(baro_host_network(host)));
    trace_on(station);
}

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

static int make_station(struct lan *lan, struct lan_station *station)
{
    station->trace = observe_sink(&lan->observe);
    const struct lan_port *first = &station->port[0];
    const struct baro_host_config config = { .name = station->name,
                                             .wire = next_end(lan, &lan->wire[first->wire]),
                                             .addresses = first->address,
                                             .address_count = first->addresses,
                                             .program = serve,
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
    for (int i = 1; i < station->ports; i++) {
        const struct lan_port *port = &station->port[i];
        struct baro_wire *wire = next_end(lan, &lan->wire[port->wire]);

        error = wire == NULL ? -ENOMEM : baro_host_add_wire(station->host, wire, port->address, port->addresses);
        if (error < 0) {
            fprintf(stderr, "baro lan: router %s cannot be on wire %s: %s\n", station->name, port->wire_name, strerror(-error));
            return TOOL_FAILED;
        }
    }
    baro_stack_set_forwarding(baro_host_stack(station->host), station->router);
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

/* ---- names ---- */

static int add_names(struct baro_dns_server *names, const struct lan_station *station)
{
    int error = 0;

    for (int i = 0; i < station->ports; i++) {
        const struct lan_port *port = &station->port[i];

        for (unsigned j = 0; j < port->addresses && error == 0; j++)
            error = baro_dns_server_add_host(names, station->name, port->address[j].address);
    }
    return error;
}

/* Of all stations, in each host. */
static int open_names(struct lan *lan)
{
    int error = 0;

    for (int i = 0; i < lan->hosts; i++) {
        struct lan_station *host = &lan->station[i];

        trace_off(host);
        host->names = names_open(baro_host_stack(host->host), &error);
        trace_on(host);
        for (int j = 0; host->names != NULL && error == 0 && j < lan->stations; j++)
            error = add_names(host->names, &lan->station[j]);
        if (error != 0) {
            fprintf(stderr, "baro lan: no names for host %s: %s\n", host->name, strerror(-error));
            return TOOL_FAILED;
        }
    }
    return TOOL_OK;
}

void lan_services_close(struct lan *lan)
{
    for (int i = 0; i < lan->hosts; i++) {
        trace_off(&lan->station[i]);
        baro_dns_server_free(lan->station[i].names);
        trace_on(&lan->station[i]);
    }
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
    return add_routes(lan) == TOOL_OK ? open_names(lan) : TOOL_FAILED;
}
