/* A host: a stack on the device that its adapter's driver makes, on a wire.
 *
 * It is polled when the driver has frames (interrupt, or polling under load), when the stack's deadline has
 * come, and when the transmit ring has room again after it had none. A stack that names
 * a moment in the past has more to do at this instant (its loopback, say) and is polled again. */
#include "network_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool deadline_passed(const struct baro_host *host)
{
    struct baro_instant at;
    return baro_stack_next_deadline(host->stack, &at) && at.ns <= host->network->now.ns;
}

static bool adapter_due(const struct baro_host *host)
{
    struct baro_instant at;
    return baro_adapter_next_deadline(host->adapter, &at) && at.ns <= host->network->now.ns;
}

static bool transmit_room(const struct baro_host *host)
{
    return host->driver.device.tx_room(host->driver.device.context) > 0;
}

bool host_due(const struct baro_host *host)
{
    return host->fresh || adapter_due(host) || baro_driver_ready(&host->driver) ||
           (host->no_room && transmit_room(host)) || deadline_passed(host);
}

bool host_deadline(const struct baro_host *host, struct baro_instant *deadline)
{
    struct baro_instant at;
    bool any = baro_adapter_next_deadline(host->adapter, deadline);
    if (!baro_stack_next_deadline(host->stack, &at))
        return any;
    if (!any || at.ns < deadline->ns)
        *deadline = at;
    return true;
}

void host_poll(struct baro_host *host)
{
    host->fresh = false;
    baro_stack_poll(host->stack, host->network->now);
    if (host->program) {
        host->program(host->program_context, host);
        baro_stack_flush(host->stack);
    }
    host->no_room = !transmit_room(host);
}

static bool mac_given(struct baro_mac mac)
{
    static const struct baro_mac none;
    return memcmp(&mac, &none, sizeof mac) != 0;
}

static int make_adapter(struct baro_host *host, const struct baro_host_config *config, unsigned end)
{
    struct baro_adapter_config adapter = { .memory = host->network->memory,
                                           .mac = mac_given(config->mac) ? config->mac
                                                                         : network_next_mac(host->network),
                                           .medium = wire_medium(config->wire, end),
                                           .now = host->network->now,
                                           .receive_slots = config->receive_slots,
                                           .transmit_slots = config->transmit_slots,
                                           .interrupt_frames = config->interrupt_frames,
                                           .interrupt_delay = config->interrupt_delay,
                                           .trace = config->trace,
                                           .trace_host = config->trace_host };
    if (adapter.mac.octet[0] & 1)
        return -EINVAL;
    host->adapter = baro_adapter_create(&adapter);
    if (!host->adapter)
        return -ENOMEM;
    baro_driver_init(&host->driver, host->adapter);
    return 0;
}

static int make_stack(struct baro_host *host, const struct baro_host_config *config)
{
    struct baro_stack_config stack = { .memory = host->network->memory,
                                       .now = host->network->now,
                                       .memory_limit = config->memory_limit,
                                       .trace = config->trace,
                                       .trace_host = config->trace_host,
                                       .forward_any_destination = config->forward_any_destination };
    struct draw seed = draw_derive(host->network->seed, DRAW_STACK, host->network->host_count);
    for (unsigned i = 0; i < sizeof stack.seed; i++)
        stack.seed[i] = (uint8_t)draw_next(&seed);
    host->stack = baro_stack_create(&stack);
    if (!host->stack)
        return -ENOMEM;
    host->interface = baro_stack_add_interface(host->stack, &host->driver.device);
    return host->interface < 0 ? host->interface : 0;
}

static int give_addresses(struct baro_host *host, const struct baro_host_config *config)
{
    if (config->address.family == BARO_FAMILY_NONE)
        return 0;
    int result =
        baro_stack_add_address(host->stack, host->interface, config->address, config->prefix_length, false);
    if (result < 0 || config->gateway.family == BARO_FAMILY_NONE)
        return result;
    struct baro_address any = { .family = config->gateway.family };
    return baro_stack_add_route(host->stack, any, 0, config->gateway, host->interface);
}

static int make(struct baro_host *host, const struct baro_host_config *config)
{
    if (!config->wire || config->wire->network != host->network)
        return -EINVAL;
    int end = wire_free_end(config->wire);
    if (end < 0)
        return end;
    int result = make_adapter(host, config, (unsigned)end);
    if (result == 0)
        result = make_stack(host, config);
    if (result < 0)
        return result;
    wire_attach(config->wire, (unsigned)end, baro_adapter_station(host->adapter));
    result = give_addresses(host, config);
    if (result < 0)
        wire_attach(config->wire, (unsigned)end, (struct baro_station){ 0 });
    return result;
}

struct baro_host *baro_host_create(struct baro_network *network, const struct baro_host_config *config, int *error)
{
    struct baro_host *host = calloc(1, sizeof *host);
    int result = -ENOMEM;
    if (host) {
        host->network = network;
        host->fresh = true;
        host->program = config->program;
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

void host_free(struct baro_host *host)
{
    if (!host)
        return;
    if (host->stack)
        baro_stack_free(host->stack);
    baro_adapter_free(host->adapter);
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
    return host->adapter;
}

int baro_host_interface(const struct baro_host *host)
{
    return host->interface;
}

struct baro_mac baro_host_mac(const struct baro_host *host)
{
    return host->driver.device.mac;
}
