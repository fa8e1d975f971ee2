/* tools/port.h: where a wire of ours leaves this process: a TAP, or an interface of the machine through AF_PACKET or
 * AF_XDP.
 *
 * On the command line a port is a TAP's name, or `packet:INTERFACE`, or `xdp:INTERFACE`, or `xdp:INTERFACE/QUEUE`. */
#ifndef TOOLS_PORT_H
#define TOOLS_PORT_H

#include <stdio.h>

#include "baro/link.h"
#include "baro/tap.h"

struct port {
    struct baro_tap *tap;   /* one of these two */
    struct baro_link *link;
};

#define PORT_NAMES "packet:INTERFACE and xdp:INTERFACE[/QUEUE]: an interface of this machine"

/* Is it the name of a port? */
bool port_name_is_right(const char *name);

struct port_config {
    const char *tool, *name; /* in whose name it is said what fails; the port's */
    uint32_t mtu;            /* 0: 1500, or what the interface has */
    struct baro_mac mac;
    /* For one host with that address, which shares checksums and the cutting of segments with the kernel; else for a
     * switch: frames of any destination, each as it would be on a wire. */
    bool direct;
    bool captured;           /* no checksums undone: a capture shows them */
};

/* Opens it. TOOL_OK or TOOL_FAILED. */
int port_open(struct port *port, const struct port_config *config);
void port_close(struct port *port);

const struct baro_device *port_device(const struct port *port);
int port_descriptor(const struct port *port);

/* What went through it: a line a counter. */
void port_print(const struct port *port, FILE *file);

#endif
