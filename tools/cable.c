/* tools/cable.c: see cable.h. */
#include "cable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools.h"

int cable_open(struct cable *cable, const char *tool, const char *name, const struct baro_wire_config *wire)
{
    const struct baro_mac switch_mac = { { 2, 0xba, 0x70, 0, 0, 1 } };
    const struct baro_network_config network = { .seed = tool_seed(wire->seed), .now = baro_loop_now() };
    struct baro_wire_config config = *wire;
    struct baro_switch *bridge;

    cable->tap = baro_tap_open(name, wire->mtu == 0 ? 1500 : wire->mtu, switch_mac);
    if (cable->tap == NULL) {
        fprintf(stderr, "baro %s: cannot open TAP %s: %s\n", tool, name, strerror(errno));
        return TOOL_FAILED;
    }
    config.no_large = true;
    cable->network = baro_network_create(&network);
    bridge = cable->network == NULL ? NULL : baro_switch_create(cable->network);
    cable->wire = bridge == NULL ? NULL : baro_wire_create(cable->network, &config);
    if (cable->wire == NULL || baro_switch_join(bridge, cable->wire) != 0 ||
        baro_switch_add_device(bridge, baro_tap_device(cable->tap)) != 0)
        return TOOL_FAILED;
    return TOOL_OK;
}

static void tap_ready(void *context, uint32_t events)
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
    cable->frames_watch = baro_loop_watch(cable->loop, baro_tap_descriptor(cable->tap), EPOLLIN, tap_ready, cable);
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
    baro_tap_close(cable->tap);
    baro_loop_free(cable->loop);
    close(cable->signals);
}
