/* baro/dhcp.h: DHCPv4 (RFC 2131): a server for the hosts of one interface (§4.3), and a client that gives an interface
 * its address (§4.4).
 *
 * Services: they use the stack's public calls only, have no thread and no clock, and work inside poll.
 *
 * The server: leases live in memory and go with the server; a client that renews one which an earlier server gave
 * gets it again if it is free. Answers go by broadcast unless the client has an address already: a packet to an
 * address that nobody answers ARP for yet cannot be sent through a stack, and RFC 2131 §4.1 allows a broadcast then.
 * Messages by way of relay agents are not answered, and an address is not pinged before it is offered: clients probe
 * it and decline it. */
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

/* ---- the client ----
 *
 * It asks for an address, has the stack probe it (RFC 5227), declines one that somebody else uses, then sets the routes
 * and says what it learnt; it renews the lease and takes the address away when the lease ends. Address and routes
 * belong to it: nobody else removes them. What the network says besides (name servers, domain, MTU) is the caller's to
 * apply.
 *
 * Limits: one client a stack, because of port 68. Answers are not authenticated: who is on the link and answers first
 * is believed, as DHCP is. It begins within one second and not within ten (§4.4.1), and does not ask for the address of
 * an earlier life (INIT-REBOOT). A lease shorter than 10 s is not taken. The prefix length stays as it was when the
 * lease began. */
struct baro_dhcp_client;

enum baro_dhcp_client_state {
    BARO_DHCP_CLIENT_INIT,       /* waits a moment before it begins, or begins again */
    BARO_DHCP_CLIENT_SELECTING,  /* has asked who offers an address */
    BARO_DHCP_CLIENT_REQUESTING, /* has asked for the one offered */
    BARO_DHCP_CLIENT_PROBING,    /* has it, and asks on the link whether somebody uses it */
    BARO_DHCP_CLIENT_BOUND,
    BARO_DHCP_CLIENT_RENEWING,   /* asks its server for more time */
    BARO_DHCP_CLIENT_REBINDING   /* asks every server */
};

struct baro_dhcp_client_lease {
    struct baro_address address, server;
    unsigned prefix_length;      /* by the mask told; without one by the address's class (RFC 950) */
    struct baro_instant expires; /* ns INT64_MAX: never */
    struct baro_dhcp_parameters parameters;
};

struct baro_dhcp_client_config {
    struct baro_memory memory; /* required */
    struct baro_stack *stack;  /* required, borrowed */
    int interface;             /* of the stack; it needs no address */
    struct baro_mac mac;       /* of that interface */
    uint8_t seed[32];          /* for transaction numbers and waiting times */
    struct baro_instant now;
    const char *host_name;     /* told to the server; copied; NULL: none */
    /* What was learnt, whenever a lease begins or is renewed; NULL: there is no lease any more. May be NULL. It must
     * not free the client. */
    void (*told)(void *context, const struct baro_dhcp_client_lease *lease);
    void *context;
};

/* A client in state INIT, or NULL with the reason in *error (-errno) if error is not NULL: -EINVAL for a host name that
 * is too long, -ENOMEM, and what the stack says to a socket on port 68. */
struct baro_dhcp_client *baro_dhcp_client_create(const struct baro_dhcp_client_config *config, int *error);
/* Gives the lease back (DHCPRELEASE, §4.4.6), takes address and routes away, and flushes the stack, which must still be
 * there. `told` is not called. */
void baro_dhcp_client_free(struct baro_dhcp_client *client);

/* Handles what came and what is due; true if anything did. Call it after each poll of the stack, and poll or flush the
 * stack after it. `now` is the stack's time. */
bool baro_dhcp_client_poll(struct baro_dhcp_client *client, struct baro_instant now);
/* When it wants to be polled though the stack has nothing to do. False: never (a lease for ever, or the stack
 * probes). */
bool baro_dhcp_client_next_deadline(const struct baro_dhcp_client *client, struct baro_instant *deadline);

enum baro_dhcp_client_state baro_dhcp_client_state(const struct baro_dhcp_client *client);
/* The lease whose address is in use, or NULL. */
const struct baro_dhcp_client_lease *baro_dhcp_client_lease(const struct baro_dhcp_client *client);

#ifdef __cplusplus
}
#endif
#endif
