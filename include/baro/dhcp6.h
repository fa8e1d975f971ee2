/* baro/dhcp6.h: DHCPv6 (RFC 8415): a server for the hosts of one link (§18.3), and a client that gives an interface
 * its address, or only asks what else there is to know (§18.2).
 *
 * Services: they use the stack's public calls only, have no thread and no clock, and work inside poll. The interface has
 * IPv6 enabled (baro_stack_enable_ipv6): both speak from its link-local address. Prefixes and routers are no matter of
 * DHCPv6 but of router advertisements. Nothing is authenticated, and Reconfigure messages are ignored, as those of
 * relay agents are; prefixes are not delegated. */
#ifndef BARO_DHCP6_H
#define BARO_DHCP6_H

#include "baro/dhcp6_message.h"
#include "baro/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_dhcp6_server;

struct baro_dhcp6_server_config {
    struct baro_memory memory;     /* required */
    struct baro_stack *stack;      /* required, borrowed */
    int interface;                 /* of the stack: messages from others are ignored */
    struct baro_dhcp6_duid duid;   /* the server's own, required: clients name it, so it should outlive the server */
    struct baro_address prefix;    /* of the link: addresses of others are not for its clients */
    unsigned prefix_length;        /* 8 to 126 */
    struct baro_address first;     /* the pool: so many addresses from that one on, of that prefix, at most 4,096; */
    unsigned addresses;            /* 0: it tells what else there is and has no addresses. Those that the stack itself
                                      has when the server begins are left out. */
    uint32_t lease_s;              /* seconds an address is valid and preferred; 0: 3,600; UINT32_MAX: for ever */
    uint8_t preference;            /* against other servers, 255: clients wait for no other */
    bool rapid_commit;             /* answers clients that want it by two messages; for the only server of a link */
    uint32_t refresh_s;            /* told to clients that have no address of ours: ask again then; 0: not told */
    /* What clients are told besides. */
    struct baro_dhcp6_parameters parameters;
};

/* A server, or NULL with the reason in *error (-errno) if error is not NULL: -EINVAL for a pool or an identifier that is
 * none, -ENOMEM, and what the stack says to a socket on port 547 and to the group of all servers. Free it before its stack.
 *
 * Leases live in memory and go with the server; a client that renews one which an earlier server gave gets it again if
 * it is free. A client is known by its identifier and the number of its identity association: each of these has one
 * address. */
struct baro_dhcp6_server *baro_dhcp6_server_create(const struct baro_dhcp6_server_config *config, int *error);
void baro_dhcp6_server_free(struct baro_dhcp6_server *server);

/* Answers what came; true if anything did. Call it after each poll of the stack, and poll or flush the stack after it.
 * `now` is the stack's time. There is no deadline: leases end when somebody needs to know. */
bool baro_dhcp6_server_poll(struct baro_dhcp6_server *server, struct baro_instant now);

/* A lease that has not ended. */
struct baro_dhcp6_server_lease {
    struct baro_address address;
    struct baro_dhcp6_duid client;
    uint32_t iaid;
    struct baro_instant expires; /* ns INT64_MAX: never */
};
/* The next lease at or behind *index, which then stands behind it; begin with 0. False: there are no more. */
bool baro_dhcp6_server_next_lease(const struct baro_dhcp6_server *server, struct baro_instant now, unsigned *index,
                                  struct baro_dhcp6_server_lease *lease);

#ifdef __cplusplus
}
#endif
#endif
