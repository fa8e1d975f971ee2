/* tools/lan_services.c: what serves inside the stacks of `baro lan`: names.
 *
 * Each host has a name server of its own that knows all stations; its programs ask it at 127.0.0.53. With --mdns each
 * station also answers for its name on its wires by multicast DNS: frames that nobody's program sent, so only when
 * asked for. No leave is taken at the end: the whole LAN goes at once.
 *
 * Their calls are not told to the trace: they are no program's, and who listens starts the next host. What they
 * send is told, when it is drained. */
#include "lan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "tools.h"

static void trace_off(const struct lan_station *station)
{
    baro_stack_set_trace(baro_host_stack(station->host), (struct baro_trace_sink){ 0 }, station->trace_host);
}

static void trace_on(const struct lan_station *station)
{
    baro_stack_set_trace(baro_host_stack(station->host), station->trace, station->trace_host);
}

/* Tells everybody of an address that a router has led to. */
static void learn(struct lan_station *host, const struct baro_address_status *status)
{
    struct lan_port *port = &host->port[0];

    for (unsigned i = 0; i < port->addresses; i++) {
        if (memcmp(port->address[i].address.octet, status->address.octet, sizeof status->address.octet) == 0)
            return;
    }
    host->learnt = true;
    if (port->addresses == LAN_ADDRESSES)
        return;
    port->address[port->addresses].address = status->address;
    port->address[port->addresses++].prefix_length = 64;
    for (int i = 0; i < host->lan->hosts; i++) {
        if (host->lan->station[i].names != NULL) /* no room for more names: that one is found by its others */
            (void)baro_dns_server_add_host(host->lan->station[i].names, host->name, status->address);
    }
}

static void look_for_addresses(struct lan_station *host)
{
    struct baro_address_status status[2 * LAN_ADDRESSES];
    struct baro_stack *stack = baro_host_stack(host->host);
    uint32_t changes = baro_stack_changes(stack);
    int count;

    if (host->changes == changes)
        return;
    host->changes = changes;
    count = baro_stack_addresses(stack, baro_host_interface(host->host), status, 2 * LAN_ADDRESSES);
    for (int i = 0; i < count; i++) {
        if (!status[i].tentative && !address_is_link_local(status[i].address))
            learn(host, &status[i]);
    }
}

bool lan_has_addresses(const struct lan_station *host)
{
    return !host->port[0].automatic || host->learnt;
}

void lan_services_run(void *context, struct baro_host *host)
{
    struct lan_station *station = context;
    struct baro_instant now = baro_network_now(baro_host_network(host));

    if (station->host == NULL)
        return; /* still being made */
    trace_off(station);
    if (station->port[0].automatic)
        look_for_addresses(station);
    if (station->names != NULL)
        baro_dns_server_poll(station->names, now);
    for (int i = 0; i < station->ports; i++) {
        if (station->port[i].mdns != NULL)
            baro_mdns_poll(station->port[i].mdns, now);
    }
    trace_on(station);
}

bool lan_services_deadline(void *context, struct baro_instant *deadline)
{
    const struct lan_station *station = context;
    bool any = station->names != NULL && baro_dns_server_next_deadline(station->names, deadline);

    for (int i = 0; i < station->ports; i++) {
        struct baro_instant at;

        if (station->port[i].mdns == NULL || !baro_mdns_next_deadline(station->port[i].mdns, &at))
            continue;
        if (!any || at.ns < deadline->ns)
            *deadline = at;
        any = true;
    }
    return any;
}

static int add_names(struct baro_dns_server *names, const struct lan_station *station)
{
    int error = 0;

    for (int i = 0; i < station->ports; i++) {
        const struct lan_port *port = &station->port[i];

        for (unsigned j = 0; j < port->addresses && error == 0; j++) {
            if (address_is_link_local(port->address[j].address))
                continue; /* it means nothing without its zone */
            error = baro_dns_server_add_host(names, station->name, port->address[j].address);
        }
    }
    return error;
}

/* Of all stations, in a host. */
static int open_names(struct lan *lan, struct lan_station *host)
{
    int error = 0;

    host->names = names_open(baro_host_stack(host->host), &error);
    for (int i = 0; host->names != NULL && error == 0 && i < lan->stations; i++)
        error = add_names(host->names, &lan->station[i]);
    return error;
}

/* On each of the station's wires, with its addresses there. A name with dots is no multicast DNS name. */
static int open_mdns(const struct lan *lan, struct lan_station *station)
{
    int error = 0;

    for (int i = 0; i < station->ports && error == 0 && strchr(station->name, '.') == NULL; i++) {
        const uint64_t seed[3] = { tool_seed(lan->wire[0].config.seed), station->trace_host, (uint64_t)i };
        struct baro_mdns_config config = { .memory = names_memory(),
                                           .stack = baro_host_stack(station->host),
                                           .interface = i + 1, /* in the order of ports */
                                           .name = station->name,
                                           .follow = true };

        memcpy(config.seed, seed, sizeof seed);
        station->port[i].mdns = baro_mdns_create(&config, &error);
    }
    return error;
}

int lan_services_open(struct lan *lan)
{
    int error = 0;

    for (int i = 0; i < lan->stations && error == 0; i++) {
        struct lan_station *station = &lan->station[i];

        station->lan = lan;
        trace_off(station);
        if (!station->router)
            error = open_names(lan, station);
        if (error == 0 && lan->mdns)
            error = open_mdns(lan, station);
        trace_on(station);
        if (error != 0)
            fprintf(stderr, "baro lan: no names for %s: %s\n", station->name, strerror(-error));
    }
    return error == 0 ? TOOL_OK : TOOL_FAILED;
}

void lan_services_close(struct lan *lan)
{
    for (int i = 0; i < lan->stations; i++) {
        struct lan_station *station = &lan->station[i];

        trace_off(station);
        baro_dns_server_free(station->names);
        station->names = NULL;
        for (int j = 0; j < station->ports; j++) {
            baro_mdns_free(station->port[j].mdns);
            station->port[j].mdns = NULL;
        }
        trace_on(station);
    }
}
