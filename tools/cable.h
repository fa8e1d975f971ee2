/* tools/cable.h: a wire of ours whose other end is a TAP, and the loop that moves its frames until somebody ends it.
 *
 * The wire ends in a switch whose other port is the TAP, so every fault of a wire can stand between a stack and the kernel. */
#ifndef TOOLS_CABLE_H
#define TOOLS_CABLE_H

#include "baro/loop.h"
#include "baro/network.h"
#include "baro/tap.h"

struct cable {
    struct baro_tap *tap;
    struct baro_network *network;
    struct baro_wire *wire; /* its free end is for a host */
    struct baro_loop *loop; /* after cable_watch */
    struct baro_watch *frames_watch, *signals_watch;
    int signals;
};

/* Opens the TAP `name` and lays the wire to it; what fails is said in the name of `tool`. TOOL_OK or TOOL_FAILED. */
int cable_open(struct cable *cable, const char *tool, const char *name, const struct baro_wire_config *wire);

/* A loop that carries the cable's frames and ends at SIGINT and SIGTERM. TOOL_OK or TOOL_FAILED. */
int cable_watch(struct cable *cable);

/* Frees it with the network and all its hosts. */
void cable_close(struct cable *cable);

#endif
