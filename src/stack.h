/* src/stack.h: one stack as the parts that join its layers see it (receive.c, transmit.c, stack.c, calls.c).
 *
 * The layers do not know one another. What one needs of another is asked for here, by these few functions, and
 * handed to it as a value: `user` and the transports get a struct ip_path, never a routing table. */
#ifndef STACK_H
#define STACK_H

#include "base/core.h"
#include "codec/ip_packet.h"

struct tcp;
struct udp;
struct user;

enum { STACK_INTERFACES = 17 /* 0 is the loopback inside */ };

struct interface {
    const struct baro_device *device; /* borrowed; NULL for the loopback */
    uint32_t mtu;
    uint64_t departures;              /* frames that the device took */
};

struct baro_stack {
    struct core core;
    struct tcp *tcp;
    struct udp *udp;
    struct user *user;
    bool forward_any_destination;
    int interfaces;                   /* numbers in use: 0 to interfaces - 1 */
    struct interface interface[STACK_INTERFACES];
};

/* The way to `destination`: source address, path MTU, what one super-segment may hold. `wanted_source` of family
 * NONE: the one that routing gives; otherwise that one (bound sockets, a gateway's foreign addresses).
 * 0, or -ENETUNREACH where there is no route. */
int stack_path(struct baro_stack *stack, const struct baro_address *destination,
               const struct baro_address *wanted_source, struct ip_path *path);

/* One of our own unicast addresses, 127.0.0.0/8 included. An address that is still being probed is not ours yet. */
bool stack_owns(const struct baro_stack *stack, struct baro_address address);

/* The limited broadcast address, or that of a subnet of ours: a socket needs BARO_SO_BROADCAST to send there. */
bool stack_is_broadcast(const struct baro_stack *stack, struct baro_address address);

/* The interface whose route leads to `destination` (a group: the one that joins and sends by default), or
 * -ENETUNREACH. */
int stack_interface_to(const struct baro_stack *stack, struct baro_address destination);

#endif
