/* baro/dhcp6.h: DHCPv6 (RFC 8415): a server for the hosts of one link (§18.3), and a client that gives an interface
 * its address, or only asks what else there is to know (§18.2).
 *
 * Services: they use the stack's public calls only, have no thread and no clock, and work inside poll. The interface
 * has IPv6 enabled (baro_stack_enable_ipv6): both speak from its link-local address. Prefixes and routers are no matter
 * of DHCPv6 but of router advertisements. Nothing is authenticated, and Reconfigure messages are ignored, as those of
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

/* A server, or NULL with the reason in *error (-errno) if error is not NULL: -EINVAL for a pool or an identifier that
 * is none, -ENOMEM, and what the stack says to a socket on port 547 and to the group of all servers. Free it before its
 * stack.
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

/* ---- the client ----
 *
 * With an address: it looks for servers, takes the best offer, has the stack probe the address (RFC 4862 §5.4),
 * declines one that somebody else uses, renews it, has the stack prefer other addresses when its preferred lifetime is
 * over, and takes it away when it is no longer valid. The address belongs to the client: nobody else removes it. Name
 * servers and search domains are the caller's to apply. Without: it asks for these only, and again when they are to be
 * refreshed.
 *
 * It begins when the interface has a link-local address that may be used, and waits for it. Limits: one client a stack,
 * because of port 546; one identity association with one address. An address valid for less than 10 s is not taken. It
 * is told when the link came back, and does not notice by itself. Who is on the link and answers best is believed. */
struct baro_dhcp6_client;

enum baro_dhcp6_client_state {
    BARO_DHCP6_CLIENT_INIT,       /* waits a moment, or for a link-local address, before it begins or begins again */
    BARO_DHCP6_CLIENT_SOLICITING, /* has asked who offers an address */
    BARO_DHCP6_CLIENT_REQUESTING, /* has asked for the one offered */
    BARO_DHCP6_CLIENT_PROBING,    /* has it, and asks on the link whether somebody uses it */
    BARO_DHCP6_CLIENT_BOUND,
    BARO_DHCP6_CLIENT_RENEWING,   /* asks its server for more time */
    BARO_DHCP6_CLIENT_REBINDING,  /* asks every server */
    BARO_DHCP6_CLIENT_CONFIRMING, /* asks whether its address is still of this link */
    BARO_DHCP6_CLIENT_DECLINING,  /* tells the server that somebody else uses the address */
    BARO_DHCP6_CLIENT_INFORMING,  /* has asked what else there is */
    BARO_DHCP6_CLIENT_INFORMED,
    BARO_DHCP6_CLIENT_RELEASING,  /* gives the address back */
    BARO_DHCP6_CLIENT_STOPPED
};

struct baro_dhcp6_client_lease {
    struct baro_address address;                   /* family NONE: information only */
    struct baro_instant preferred_until, expires;  /* ns INT64_MAX: for ever */
    struct baro_dhcp6_duid server;
    struct baro_dhcp6_parameters parameters;
};

struct baro_dhcp6_client_config {
    struct baro_memory memory;   /* required */
    struct baro_stack *stack;    /* required, borrowed */
    int interface;               /* of the stack */
    struct baro_dhcp6_duid duid; /* who it is, required; baro_dhcp6_duid_of_mac() does */
    uint32_t iaid;               /* of its identity association; the same at every start */
    uint8_t seed[32];            /* for transaction numbers and waiting times */
    struct baro_instant now;
    bool information_only;
    bool rapid_commit;           /* takes an address by two messages from a server that likes that */
    /* What was learnt, whenever a lease begins or is renewed or information came; NULL: there is no lease any more. May
     * be NULL. It must not free the client. */
    void (*told)(void *context, const struct baro_dhcp6_client_lease *lease);
    void *context;
};

/* A client in state INIT, or NULL with the reason in *error (-errno) if error is not NULL: -EINVAL for an identifier
 * that is none, -ENOMEM, and what the stack says to a socket on port 546. */
struct baro_dhcp6_client *baro_dhcp6_client_create(const struct baro_dhcp6_client_config *config, int *error);
/* The link went and came back, or may be another one now: the client asks whether its address is of it (Confirm, RFC
 * 8415 §18.2.3), and keeps it unless a server denies that; without an address it asks for its information again. */
void baro_dhcp6_client_link_came(struct baro_dhcp6_client *client, struct baro_instant now);
/* Takes the address away and begins to give it back (RFC 8415 §18.2.7): goes on being polled, the client says so until
 * a server has heard it, 15 s at most; then its state is STOPPED. `told` is not called. */
void baro_dhcp6_client_stop(struct baro_dhcp6_client *client, struct baro_instant now);
/* What was not stopped is stopped first, but nobody waits for an answer; the stack, which must still be there, is
 * flushed. */
void baro_dhcp6_client_free(struct baro_dhcp6_client *client);

/* Handles what came and what is due; true if anything did. Call it after each poll of the stack, and poll or flush the
 * stack after it. `now` is the stack's time. */
bool baro_dhcp6_client_poll(struct baro_dhcp6_client *client, struct baro_instant now);
/* When it wants to be polled though the stack has nothing to do. False: never (it is stopped, or waits for the
 * stack). */
bool baro_dhcp6_client_next_deadline(const struct baro_dhcp6_client *client, struct baro_instant *deadline);

enum baro_dhcp6_client_state baro_dhcp6_client_state(const struct baro_dhcp6_client *client);
/* The lease whose address is in use, or the information that came; NULL: neither. */
const struct baro_dhcp6_client_lease *baro_dhcp6_client_lease(const struct baro_dhcp6_client *client);

#ifdef __cplusplus
}
#endif
#endif
