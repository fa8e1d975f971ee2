/* service/dhcp6_client.h: what the parts of the DHCPv6 client share: dhcp6_client.c (its life and its time),
 * dhcp6_say.c (what it says) and dhcp6_hear.c (what answers do to it). */
#ifndef SERVICE_DHCP6_CLIENT_H
#define SERVICE_DHCP6_CLIENT_H

#include "baro/dhcp6.h"
#include "dhcp6_exchange.h"
#include "dhcp_parts.h"

enum { DHCP6_LEASE_LEAST_S = 10, DHCP6_CONFIRM_MS = 10000 /* CNF_MAX_RD, RFC 8415 §7.6 */ };

struct dhcp6_offer {
    bool there;
    uint8_t preference;
    struct baro_dhcp6_duid server;
    struct baro_address address;
};

struct baro_dhcp6_client {
    struct baro_dhcp6_client_config config;
    struct service_random random;
    int socket;
    enum baro_dhcp6_client_state state;
    struct baro_instant now, due;         /* of the last poll; ns INT64_MAX: never */
    bool waits;                           /* for a link-local address, to begin */
    struct dhcp6_exchange exchange;
    uint32_t sol_max_rt_s, inf_max_rt_s;  /* as servers said */
    unsigned failures;
    struct dhcp6_offer offer;             /* the best so far */
    struct baro_dhcp6_duid server;        /* that the exchange is with */
    struct baro_address wanted;           /* family NONE: any */
    struct baro_instant renew, rebind;    /* T1 and T2 */
    bool held, deprecated;                /* the stack has the address of `lease`, probed or being probed */
    bool informed;
    struct baro_dhcp6_client_lease lease;
};

static const struct baro_instant dhcp6_never = { INT64_MAX };
static const struct baro_address dhcp6_nobody = { .family = BARO_FAMILY_NONE };

/* ---- dhcp6_client.c ---- */

/* Begins again after so long, and up to a second more (RFC 8415 §18.2.1: hosts that start together do not ask
 * together). */
void dhcp6_start_over(struct baro_dhcp6_client *client, struct baro_instant now, int64_t wait_s);
/* The same after a wait that doubles with each failure. */
void dhcp6_fail(struct baro_dhcp6_client *client, struct baro_instant now);
/* A state in which nothing is said until `due`. */
void dhcp6_rest(struct baro_dhcp6_client *client, enum baro_dhcp6_client_state state, struct baro_instant due);
/* Goes on as before a Confirm. */
void dhcp6_resume(struct baro_dhcp6_client *client);
/* The address is in use: it was probed, or its server gave it more time. */
void dhcp6_bind(struct baro_dhcp6_client *client, struct baro_instant now);
/* The address is the client's no more, and whoever was told of it is told that. */
void dhcp6_lose(struct baro_dhcp6_client *client);
void dhcp6_tell(const struct baro_dhcp6_client *client);

/* ---- dhcp6_say.c ---- */

/* The link-local address that it speaks from; false: there is none that may be used. */
bool dhcp6_can_speak(const struct baro_dhcp6_client *client, struct baro_address *address);
/* A state in which something is said until it is answered. */
void dhcp6_enter(struct baro_dhcp6_client *client, enum baro_dhcp6_client_state state, struct baro_instant now);
/* Says it, once more; `due` is when the wait for an answer ends. */
void dhcp6_say(struct baro_dhcp6_client *client, struct baro_instant now);

/* ---- dhcp6_hear.c ---- */

void dhcp6_hear(struct baro_dhcp6_client *client, const struct baro_dhcp6_message *message, struct baro_instant now);

#endif
