/* A host: a stack on the devices that its adapters' drivers make, each adapter on a wire of its own.
 *
 * It is polled when a driver has frames (interrupt, or polling under load), when the stack's deadline has
 * come, and when a transmit ring has room again after it had none. A stack that names
 * a moment in the past has more to do at this instant (its loopback, say) and is polled again.
 *
 * In place of its first wire a host may have somebody else's device (a TAP). That one cannot say whether it has frames:
 * it is looked at once whenever the network's owner calls, who is told that there may be more.
 *
 * A host begins with one wire and takes more later; the stack borrows a driver's device until it is freed, so a port
 * stays where it is. */
#include "network_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool deadline_passed(const struct baro_host *host)
{
    struct baro_instant at;
    return (baro_stack_next_deadline(host->stack, &at) && at.ns <= host->network->now.ns) ||
           (host->program_deadline && host->program_deadline(host->program_context, &at) &&
            at.ns <= host->network->now.ns);
}

static bool transmit_room(const struct host_port *port)
{
    return port->device->tx_room(port->device->context) > 0;
}

static bool port_due(const struct host_port *port, struct baro_instant now)
{
    struct baro_instant at;
    if (!port->adapter)
        return port->look || (port->no_room && transmit_room(port));
    return (baro_adapter_next_deadline(port->adapter, &at) && at.ns <= now.ns) || baro_driver_ready(&port->driver) ||
           (port->no_room && transmit_room(port));
}

bool host_due(const struct baro_host *host)
{
    for (const struct host_port *port = host->ports; port; port = port->next)
        if (port_due(port, host->network->now))
            return true;
    return host->fresh || deadline_passed(host);
}

bool host_deadline(const struct baro_host *host, struct baro_instant *deadline)
{
    struct baro_instant at;
    bool any = baro_stack_next_deadline(host->stack, deadline);
    for (const struct host_port *port = host->ports; port; port = port->next)
        if (port->adapter && baro_adapter_next_deadline(port->adapter, &at) && (!any || at.ns < deadline->ns)) {
            *deadline = at;
            any = true;
        }
    if (host->program_deadline && host->program_deadline(host->program_context, &at) &&
        (!any || at.ns < deadline->ns)) {
        *deadline = at;
        any = true;
    }
    return any;
}

void host_advance(struct baro_host *host)
{
    for (struct host_port *port = host->ports; port; port = port->next)
        if (port->adapter)
            baro_adapter_advance(port->adapter, host->network->now);
}

void host_look(struct baro_host *host)
{
    for (struct host_port *port = host->ports; port; port = port->next)
        port->look = !port->adapter;
}

void host_poll(struct baro_host *host)
{
    host->fresh = false;
    bool taken = baro_stack_poll(host->stack, host->network->now) > 0;
    if (host->program)
        host->program(host->program_context, host);
    baro_stack_flush(host->stack); /* the program's turn is over, or there was none */
    for (struct host_port *port = host->ports; port; port = port->next) {
        port->no_room = !transmit_room(port);
        port->look = false;
        host->network->more = host->network->more || (taken && !port->adapter);
    }
}

static bool mac_given(struct baro_mac mac)
{
    static const struct baro_mac none;
    return memcmp(&mac, &none, sizeof mac) != 0;
}

static void keep_adapter_config(struct baro_host *host, const struct baro_host_config *config)
{
    host->adapter = (struct baro_adapter_config){ .memory = host->network->memory,
                                                  .receive_slots = config->receive_slots,
                                                  .transmit_slots = config->transmit_slots,
                                                  .interrupt_frames = config->interrupt_frames,
                                                  .interrupt_delay = config->interrupt_delay,
                                                  .trace_host = config->trace_host };
    if (!config->quiet_adapters)
        host->adapter.trace = config->trace;
}

static int make_stack(struct baro_host *host, const struct baro_host_config *config)
{
    struct baro_stack_config stack = { 0 };
    if (config->stack)
        stack = *config->stack;
    stack.memory = host->network->memory;
    stack.now = host->network->now;
    stack.memory_limit = config->memory_limit;
    stack.trace = config->trace;
    stack.trace_host = config->trace_host;
    stack.forward_any_destination = config->forward_any_destination;
    struct draw seed = draw_derive(host->network->seed, DRAW_STACK, host->network->host_count);
    for (unsigned i = 0; i < sizeof stack.seed; i++)
        stack.seed[i] = (uint8_t)draw_next(&seed);
    host->stack = baro_stack_create(&stack);
    return host->stack ? 0 : -ENOMEM;
}

static struct host_port *port_new(struct baro_host *host, struct baro_medium medium, struct baro_mac mac)
{
    struct baro_adapter_config adapter = host->adapter;
    struct host_port *port = calloc(1, sizeof *port);
    if (!port)
        return NULL;
    adapter.mac = mac;
    adapter.medium = medium;
    adapter.now = host->network->now;
    port->adapter = baro_adapter_create(&adapter);
    if (!port->adapter) {
        free(port);
        return NULL;
    }
    baro_driver_init(&port->driver, port->adapter);
    port->device = &port->driver.device;
    return port;
}

static struct host_port *port_of_device(const struct baro_device *device)
{
    struct host_port *port = calloc(1, sizeof *port);
    if (port)
        port->device = device;
    return port;
}

static void port_free(struct host_port *port)
{
    baro_adapter_free(port->adapter);
    free(port);
}

/* Addresses given by hand do not wait for it: it comes up behind them. */
static int enable_ipv6(struct baro_host *host, int interface)
{
    const struct baro_ipv6_config config = { .accept_advertisements = host->ipv6 == BARO_HOST_IPV6_ROUTERS };
    int result = 0;
    if (host->ipv6 != BARO_HOST_IPV6_BY_HAND)
        result = baro_stack_enable_ipv6(host->stack, interface, &config);
    return result == -EINVAL || result == -ENOSPC ? 0 : result; /* too narrow; no place left */
}

/* Makes the port, which may be NULL, the host's; the interface's number, or -errno and the port is gone. */
static int add_port(struct baro_host *host, struct host_port *port)
{
    if (!port)
        return -ENOMEM;
    int interface = baro_stack_add_interface(host->stack, port->device);
    if (interface < 0) {
        port_free(port);
        return interface;
    }
    port->interface = interface;
    *host->ports_end = port;
    host->ports_end = &port->next;
    return interface;
}

/* A new port at the wire's `end`; the interface's number, or -errno and nothing has changed. */
static int plug_in(struct baro_host *host, struct baro_wire *wire, unsigned end, struct baro_mac mac)
{
    if (mac.octet[0] & 1)
        return -EINVAL;
    struct host_port *port = port_new(host, wire_medium(wire, end), mac);
    int interface = add_port(host, port);
    if (interface >= 0)
        wire_attach(wire, end, baro_adapter_station(port->adapter));
    return interface;
}

static int give_addresses(struct baro_host *host, int interface, const struct baro_host_address *addresses,
                          unsigned count)
{
    int result = 0;
    for (unsigned i = 0; i < count && result == 0; i++)
        result = baro_stack_add_address(host->stack, interface, addresses[i].address, addresses[i].prefix_length,
                                        false);
    return result;
}

static int give_first_addresses(struct baro_host *host, int interface, const struct baro_host_config *config)
{
    const struct baro_host_address first = { config->address, config->prefix_length };
    int result = give_addresses(host, interface, &first, config->address.family != BARO_FAMILY_NONE);
    if (result == 0)
        result = give_addresses(host, interface, config->addresses, config->address_count);
    if (result < 0 || config->gateway.family == BARO_FAMILY_NONE)
        return result;
    struct baro_address any = { .family = config->gateway.family };
    return baro_stack_add_route(host->stack, any, 0, config->gateway, interface);
}

static int make(struct baro_host *host, const struct baro_host_config *config)
{
    if (config->device ? config->wire != NULL : !config->wire || config->wire->network != host->network)
        return -EINVAL;
    int end = config->wire ? wire_free_end(config->wire) : 0;
    if (end < 0)
        return end;
    keep_adapter_config(host, config);
    int result = make_stack(host, config);
    if (result == 0 && config->device)
        result = add_port(host, port_of_device(config->device));
    else if (result == 0)
        result = plug_in(host, config->wire, (unsigned)end,
                         mac_given(config->mac) ? config->mac : network_next_mac(host->network));
    if (result < 0)
        return result;
    int interface = result;
    result = give_first_addresses(host, interface, config);
    if (result == 0)
        result = enable_ipv6(host, interface);
    if (result < 0 && config->wire)
        wire_attach(config->wire, (unsigned)end, (struct baro_station){ 0 });
    return result;
}

struct baro_host *baro_host_create(struct baro_network *network, const struct baro_host_config *config, int *error)
{
    struct baro_host *host = calloc(1, sizeof *host);
    int result = -ENOMEM;
    if (host) {
        host->network = network;
        host->ports_end = &host->ports;
        host->fresh = true;
        host->ipv6 = config->ipv6;
        host->program = config->program;
        host->program_deadline = config->program_deadline;
        host->program_context = config->program_context;
        if (config->name)
            snprintf(host->name, sizeof host->name, "%.31s", config->name);
        else
            snprintf(host->name, sizeof host->name, "host%llu", (unsigned long long)network->host_count + 1);
        result = make(host, config);
    }
    if (error)
        *error = result;
    if (result < 0) {
        host_free(host);
        return NULL;
    }
    network->host_count++;
    *network->hosts_end = host;
    network->hosts_end = &host->next;
    return host;
}

int baro_host_add_wire(struct baro_host *host, struct baro_wire *wire, const struct baro_host_address *addresses,
                       unsigned count)
{
    if (wire->network != host->network)
        return -EINVAL;
    int end = wire_free_end(wire);
    if (end < 0)
        return end;
    int interface = plug_in(host, wire, (unsigned)end, network_next_mac(host->network));
    if (interface < 0)
        return interface;
    host->fresh = true;
    int result = give_addresses(host, interface, addresses, count);
    if (result == 0)
        result = enable_ipv6(host, interface);
    if (result < 0)
        wire_attach(wire, (unsigned)end, (struct baro_station){ 0 });
    return result < 0 ? result : interface;
}

int baro_host_add_route(struct baro_host *host, struct baro_address prefix, unsigned prefix_length,
                        struct baro_address gateway)
{
    int result = -ENETUNREACH;
    for (const struct host_port *port = host->ports; port && result == -ENETUNREACH; port = port->next)
        result = baro_stack_add_route(host->stack, prefix, prefix_length, gateway, port->interface);
    return result;
}

void host_free(struct baro_host *host)
{
    if (!host)
        return;
    if (host->stack)
        baro_stack_free(host->stack);
    for (struct host_port *port = host->ports, *next; port; port = next) {
        next = port->next;
        port_free(port);
    }
    free(host);
}

const char *baro_host_name(const struct baro_host *host)
{
    return host->name;
}

struct baro_network *baro_host_network(const struct baro_host *host)
{
    return host->network;
}

struct baro_stack *baro_host_stack(struct baro_host *host)
{
    return host->stack;
}

struct baro_adapter *baro_host_adapter(struct baro_host *host)
{
    return host->ports->adapter;
}

int baro_host_interface(const struct baro_host *host)
{
    return host->ports->interface;
}

struct baro_mac baro_host_mac(const struct baro_host *host)
{
    return host->ports->device->mac;
}
