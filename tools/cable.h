/* tools/cable.h: a wire of ours whose other end is a TAP or an interface of the machine (port.h), and the loop that
 * moves its frames until somebody ends it.
 *
 * The wire ends in a switch whose other port is that device, so every fault of a wire can stand between a stack and the
 * kernel. A wire on which nothing happens to frames is none: the host is on the device itself then, which leaves
 * checksums and the cutting of segments to the kernel, and the kernel to it. */
#ifndef TOOLS_CABLE_H
#define TOOLS_CABLE_H

#include <stdio.h>

#include "baro/loop.h"
#include "baro/network.h"
#include "port.h"

struct cable {
    struct port port;
    struct baro_network *network;
    struct baro_wire *wire;           /* its free end is for a host; NULL where the host is on the port itself: */
    const struct baro_device *device; /* then this is for it */
    struct baro_loop *loop;           /* after cable_watch */
    struct baro_duration busy;        /* that it spins before it sleeps, set before cable_watch */
    struct baro_watch *frames_watch, *signals_watch;
    int signals;
};

struct cable_config {
    const char *tool;                    /* in whose name it is said what fails */
    const char *name;                    /* of the port */
    const struct baro_wire_config *wire;
    const struct baro_mac *mac;          /* of the host, where it is on the port itself; NULL: one of the cable's */
    bool faithful;                       /* a wire even if nothing happens on it: a journey shows its adapter */
    bool captured;                       /* no checksums undone: a capture shows them */
};

/* Opens the port and lays the wire to it. TOOL_OK or TOOL_FAILED. */
int cable_open(struct cable *cable, const struct cable_config *config);

/* A loop that carries the cable's frames and ends at SIGINT and SIGTERM. TOOL_OK or TOOL_FAILED. */
int cable_watch(struct cable *cable);

/* Says what went through the port, and how often the loop slept. */
void cable_print(const struct cable *cable, FILE *file);

/* Frees it with the network and all its hosts. */
void cable_close(struct cable *cable);

#endif
