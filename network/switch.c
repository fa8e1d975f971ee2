/* A learning switch (IEEE 802.1D §7.8, §7.9), store and forward, without spanning tree: no loops.
 *
 * A port is a device: the driver of a promiscuous adapter at a wire's end, or one that somebody else brings, such
 * as a TAP. A frame's source is learnt with its port; a frame to a learnt address goes to that port, all
 * others to every port but its own. What is learnt is forgotten after 300 s. The table is a hash with one
 * place each: where two addresses meet, the later stays, and frames to the other are sent to all ports. */
#include "network_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_LIMIT 64
#define TABLE_SIZE 1024
#define AGE_NS INT64_C(300000000000)

struct port {
    const struct baro_device *device;
    struct baro_adapter *adapter;  /* NULL: somebody else's device */
    struct baro_driver driver;
    bool look;                     /* somebody else's device may have frames */
};

struct learnt {
    struct baro_mac mac;
    unsigned port;
    bool used;
    struct baro_instant at;
};

struct baro_switch {
    struct baro_network *network;
    struct baro_switch *next;
    struct port *ports[PORT_LIMIT];
    unsigned port_count;
    struct learnt table[TABLE_SIZE];
};

struct baro_switch *baro_switch_create(struct baro_network *network)
{
    struct baro_switch *bridge = calloc(1, sizeof *bridge);
    if (!bridge)
        return NULL;
    bridge->network = network;
    *network->switches_end = bridge;
    network->switches_end = &bridge->next;
    return bridge;
}

void switch_free(struct baro_switch *bridge)
{
    for (unsigned i = 0; i < bridge->port_count; i++) {
        baro_adapter_free(bridge->ports[i]->adapter);
        free(bridge->ports[i]);
    }
    free(bridge);
}

struct baro_switch *switch_next(const struct baro_switch *bridge)
{
    return bridge->next;
}

int baro_switch_join(struct baro_switch *bridge, struct baro_wire *wire)
{
    int end = wire_free_end(wire);
    if (end < 0)
        return end;
    if (bridge->port_count == PORT_LIMIT)
        return -ENOSPC;
    if (wire->large)
        return -EINVAL;
    struct port *port = calloc(1, sizeof *port);
    if (!port)
        return -ENOMEM;
    struct baro_adapter_config config = { .memory = bridge->network->memory,
                                          .mac = network_next_mac(bridge->network),
                                          .medium = wire_medium(wire, (unsigned)end),
                                          .now = bridge->network->now };
    port->adapter = baro_adapter_create(&config);
    if (!port->adapter) {
        free(port);
        return -ENOMEM;
    }
    baro_driver_init(&port->driver, port->adapter);
    port->device = &port->driver.device;
    port->device->set_filter(port->device->context, NULL, 0, true);
    bridge->ports[bridge->port_count++] = port;
    wire_attach(wire, (unsigned)end, baro_adapter_station(port->adapter));
    return 0;
}

int baro_switch_add_device(struct baro_switch *bridge, const struct baro_device *device)
{
    if (device->capabilities & (BARO_DEVICE_LRO | BARO_DEVICE_RX_CHECKSUM)) /* "verified" may mean "left undone" */
        return -EINVAL;
    if (bridge->port_count == PORT_LIMIT)
        return -ENOSPC;
    struct port *port = calloc(1, sizeof *port);
    if (!port)
        return -ENOMEM;
    port->device = device;
    port->look = true;
    bridge->ports[bridge->port_count++] = port;
    return 0;
}

static struct learnt *entry_of(struct baro_switch *bridge, const uint8_t *mac)
{
    uint64_t key = 0;
    for (unsigned i = 0; i < 6; i++)
        key = key << 8 | mac[i];
    struct draw hash = { key };
    return &bridge->table[draw_next(&hash) % TABLE_SIZE];
}

static void learn(struct baro_switch *bridge, const uint8_t *source, unsigned port)
{
    if (source[0] & 1)
        return; /* a group is nobody's address */
    struct learnt *entry = entry_of(bridge, source);
    memcpy(entry->mac.octet, source, 6);
    entry->port = port;
    entry->used = true;
    entry->at = bridge->network->now;
}

/* The port behind which an address was seen, or PORT_LIMIT. */
static unsigned port_of(struct baro_switch *bridge, const uint8_t *destination)
{
    const struct learnt *entry = entry_of(bridge, destination);
    if (!entry->used || memcmp(entry->mac.octet, destination, 6) != 0 ||
        bridge->network->now.ns - entry->at.ns > AGE_NS)
        return PORT_LIMIT;
    return entry->port;
}

static void forward(struct baro_switch *bridge, unsigned from, const struct baro_rx_frame *frame)
{
    if (frame->length < BARO_FRAME_HEADER || frame->gso_size != 0)
        return;
    learn(bridge, frame->data + 6, from);
    unsigned to = port_of(bridge, frame->data);
    struct baro_tx_frame out = { .part = { { frame->data, frame->length } }, .parts = 1 };
    for (unsigned i = 0; i < bridge->port_count; i++) {
        const struct baro_device *device = bridge->ports[i]->device;
        if (i != from && (to == PORT_LIMIT || to == i))
            device->tx_burst(device->context, &out, 1);
    }
}

static bool port_due(const struct baro_switch *bridge, const struct port *port)
{
    struct baro_instant at;
    if (!port->adapter)
        return port->look;
    return baro_driver_ready(&port->driver) ||
           (baro_adapter_next_deadline(port->adapter, &at) && at.ns <= bridge->network->now.ns);
}

bool switch_due(const struct baro_switch *bridge)
{
    for (unsigned i = 0; i < bridge->port_count; i++)
        if (port_due(bridge, bridge->ports[i]))
            return true;
    return false;
}

void switch_look(struct baro_switch *bridge)
{
    for (unsigned i = 0; i < bridge->port_count; i++)
        bridge->ports[i]->look = true;
}

bool switch_deadline(const struct baro_switch *bridge, struct baro_instant *deadline)
{
    bool any = false;
    for (unsigned i = 0; i < bridge->port_count; i++) {
        struct baro_instant at;
        const struct baro_adapter *adapter = bridge->ports[i]->adapter;
        if (adapter && baro_adapter_next_deadline(adapter, &at) && (!any || at.ns < deadline->ns)) {
            *deadline = at;
            any = true;
        }
    }
    return any;
}

bool switch_round(struct baro_switch *bridge)
{
    bool any = false;
    for (unsigned i = 0; i < bridge->port_count; i++) /* all know the time before one sends through another */
        if (bridge->ports[i]->adapter)
            baro_adapter_advance(bridge->ports[i]->adapter, bridge->network->now);
    for (unsigned i = 0; i < bridge->port_count; i++) {
        struct port *port = bridge->ports[i];
        if (port->adapter ? !baro_driver_ready(&port->driver) : !port->look)
            continue;
        struct baro_rx_frame frames[BARO_BURST_LIMIT];
        unsigned count = port->device->rx_burst(port->device->context, frames, BARO_BURST_LIMIT);
        port->look = count == BARO_BURST_LIMIT;
        for (unsigned j = 0; j < count; j++)
            forward(bridge, i, &frames[j]);
        if (port->device->rx_end)
            port->device->rx_end(port->device->context);
        any |= count > 0;
    }
    return any;
}
