/* baro/dhcp.h: a DHCPv4 server for the hosts of one interface (RFC 2131 §4.3).
 *
 * A service: it uses the stack's socket calls only, has no thread and no clock, and works inside poll. Leases live in
 * memory and go with the server; a client that renews one which an earlier server gave gets it again if it is free.
 * Answers go by broadcast unless the client has an address already: a packet to an address that nobody answers ARP for
 * yet cannot be sent through a stack, and RFC 2131 §4.1 allows a broadcast then. Messages by way of relay agents are not
 * answered, and an address is not pinged before it is offered: clients probe it and decline it. */
#ifndef BARO_DHCP_H
#define BARO_DHCP_H

#include "baro/dhcp_message.h"
#include "baro/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_dhcp_server;

struct baro_dhcp_server_config {
    struct baro_memory memory;     /* required */
    struct baro_stack *stack;      /* required, borrowed */
    int interface;                 /* of the stack: messages from others are ignored */
    struct baro_address address;   /* the server's own on that interface, usable when the server begins */
    unsigned prefix_length;        /* of its subnet, 8 to 30 */
    struct baro_address first, last; /* the pool, of that subnet; at most 4,096 addresses */
    uint32_t lease_s;              /* seconds; 0: 3,600; UINT32_MAX: for ever. A client may ask for less, down to 60. */
    /* What clients are told. Subnet mask, broadcast address come from the prefix where they are not given. */
    struct baro_dhcp_parameters parameters;
};

/* A server, or NULL with the reason in *error (-errno) if error is not NULL: -EINVAL for a pool that is none, -ENOMEM,
 * and what the stack says to a socket on port 67. Free it before its stack. */
struct baro_dhcp_server *baro_dhcp_server_create(const struct baro_dhcp_server_config *config, int *error);
void baro_dhcp_server_free(struct baro_dhcp_server *server);

/* Answers what came; true if anything did. Call it after each poll of the stack, and poll or flush the stack after it.
 * `now` is the stack's time. There is no deadline: leases end when somebody needs to know. */
bool baro_dhcp_server_poll(struct baro_dhcp_server *server, struct baro_instant now);

/* A lease that has not ended. */
struct baro_dhcp_server_lease {
    struct baro_address address;
    struct baro_mac mac;
    struct baro_instant expires;         /* ns INT64_MAX: never */
    char host_name[BARO_DHCP_NAME];      /* as the client calls itself; "": it did not say */
};
/* The next lease at or behind *index, which then stands behind it; begin with 0. False: there are no more. */
bool baro_dhcp_server_next_lease(const struct baro_dhcp_server *server, struct baro_instant now, unsigned *index,
                                 struct baro_dhcp_server_lease *lease);

#ifdef __cplusplus
}
#endif
#endif
