/* tools/cable.c: see cable.h. */
#include "cable.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools.h"

/* A fast wire on which nothing ever happens to a frame; the seed of its faults and its MTU do not count. */
static bool nothing_happens(const struct baro_wire_config *wire)
{
    struct baro_wire_config plain = { .kind = BARO_MEDIUM_FAST };

    return wire->kind == plain.kind && wire->loss_ppm == 0 && wire->reorder_ppm == 0 && wire->duplicate_ppm == 0 &&
           wire->corrupt_ppm == 0 && wire->ecn_packets == 0 && wire->blackhole == 0 && wire->delay.ns == 0 &&
           wire->jitter.ns == 0 && wire->rate == 0 && !wire->no_large;
}

static int lay_wire(struct cable *cable, const struct baro_wire_config *wire)
{
    struct baro_wire_config config = *wire;
    struct baro_switch *bridge = baro_switch_create(cable->network);

    config.no_large = true;
    config.mtu = port_device(&cable->port)->mtu;
    cable->wire = bridge == NULL ? NULL : baro_wire_create(cable->network, &config);
    return cable->wire != NULL && baro_switch_join(bridge, cable->wire) == 0 &&
                   baro_switch_add_device(bridge, port_device(&cable->port)) == 0
               ? TOOL_OK
               : TOOL_FAILED;
}

/* Locally administered, another one for each seed. */
static struct baro_mac mac_of(uint64_t seed)
{
    struct baro_mac mac = { { 2 } };

    seed *= UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned i = 1; i < 6; i++)
        mac.octet[i] = (uint8_t)(seed >> 8 * (i + 2));
    return mac;
}

int cable_open(struct cable *cable, const struct cable_config *config)
{
    const struct baro_wire_config *wire = config->wire;
    const struct baro_network_config network = { .seed = tool_seed(wire->seed), .now = baro_loop_now() };
    bool direct = !config->faithful && nothing_happens(wire);
    struct port_config port = { .tool = config->tool,
                                .name = config->name,
                                .mtu = wire->mtu,
                                .direct = direct,
                                .captured = config->captured,
                                .mac =
                                    direct ? mac_of(network.seed) : (struct baro_mac){ { 2, 0xba, 0x70, 0, 0, 1 } } };

    if (direct && config->mac != NULL)
        port.mac = *config->mac;
    if (port_open(&cable->port, &port) != TOOL_OK)
        return TOOL_FAILED;
    cable->network = baro_network_create(&network);
    if (cable->network == NULL)
        return TOOL_FAILED;
    if (!direct)
        return lay_wire(cable, wire);
    cable->device = port_device(&cable->port);
    return TOOL_OK;
}

void cable_print(const struct cable *cable, FILE *file)
{
    const struct baro_loop_counts counts = baro_loop_statistics(cable->loop);

    port_print(&cable->port, file);
    fprintf(file, "the loop:\n%12llu  sleeps        times that it slept\n%12llu  spins         looks before it did\n",
            (unsigned long long)counts.sleeps, (unsigned long long)counts.spins);
}

static void frames_ready(void *context, uint32_t events)
{
    (void)context; /* the network, a source of the loop, takes the frames */
    (void)events;
}

static void signalled(void *context, uint32_t events)
{
    (void)events;
    baro_loop_stop(((struct cable *)context)->loop, 0);
}

int cable_watch(struct cable *cable)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    cable->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    cable->loop = baro_loop_create();
    if (cable->loop == NULL || cable->signals < 0)
        return TOOL_FAILED;
    (void)baro_loop_busy_poll(cable->loop, cable->busy);
    cable->frames_watch = baro_loop_watch(cable->loop, port_descriptor(&cable->port), EPOLLIN, frames_ready, cable);
    cable->signals_watch = baro_loop_watch(cable->loop, cable->signals, EPOLLIN, signalled, cable);
    return cable->frames_watch != NULL && cable->signals_watch != NULL &&
                   baro_loop_add_network(cable->loop, cable->network) == 0
               ? TOOL_OK
               : TOOL_FAILED;
}

void cable_close(struct cable *cable)
{
    baro_loop_unwatch(cable->loop, cable->frames_watch);
    baro_loop_unwatch(cable->loop, cable->signals_watch);
    baro_network_free(cable->network);
    port_close(&cable->port);
    baro_loop_free(cable->loop);
    close(cable->signals);
}
