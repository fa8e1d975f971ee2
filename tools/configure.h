/* tools/configure.h: how a host on a cable gets addresses that nobody gave it by hand: from routers, from DHCP servers
 * of either family, or from both as the routers say (RFC 4861 §4.2: their M and O flags); and which name servers they
 * told. */
#ifndef TOOLS_CONFIGURE_H
#define TOOLS_CONFIGURE_H

#include "baro/dhcp.h"
#include "baro/dhcp6.h"
#include "baro/network.h"
#include "cable.h"

enum { CONFIGURE_TOLD = 16, CONFIGURE_SERVERS = 4 };

enum configure_way {
    CONFIGURE_BY_HAND,
    CONFIGURE_AUTO,  /* IPv6: routers, and DHCPv6 for what they say */
    CONFIGURE_DHCP,  /* IPv4 */
    CONFIGURE_DHCP6  /* IPv6: DHCPv6 whatever routers say, and they besides */
};

struct configure {
    enum configure_way way;
    bool temporary;   /* with temporary addresses of IPv6, too (RFC 8981) */
    const char *tool; /* in whose name things are said */
    struct baro_host *host;
    struct baro_dhcp_client *dhcp;
    struct baro_dhcp6_client *dhcp6;
    bool informs_only; /* dhcp6 does */
    struct baro_address told[CONFIGURE_TOLD]; /* addresses that have been said */
    unsigned tolds;
    struct baro_address told_server[CONFIGURE_SERVERS]; /* and name servers, of routers */
    unsigned told_servers;
};

/* "auto", "dhcp", "dhcp6"; else by hand. */
enum configure_way configure_parse(const char *word);

/* Begins; what fails is said. TOOL_OK or TOOL_FAILED. */
int configure_open(struct configure *configure, const char *tool, struct baro_host *host);
/* The part of a host's program, and when it wants to be called. Says each address that comes up. */
void configure_poll(struct configure *configure);
bool configure_deadline(const struct configure *configure, struct baro_instant *deadline);
/* The name servers that are known by now, those of routers first (RFC 8106 §5.3.1 leaves the order open: they live as
 * long as the advertised addresses do). How many, up to `room`. */
unsigned configure_servers(const struct configure *configure, struct baro_address *server, unsigned room);
/* The domains behind short names that leases told, as long as those last. How many, up to `room`. */
unsigned configure_searches(const struct configure *configure, const char **search, unsigned room);
/* An address came up that is good beyond the link. */
bool configure_is_up(const struct configure *configure);
/* There is a way to one of these. A lease of DHCPv6 may be there before it: only a router tells what is on the link,
 * and where the way beyond it is (RFC 5942 §4). */
bool configure_reaches(const struct configure *configure, const struct baro_endpoint *server, unsigned count);
/* Gives leases back on the wire, which takes a moment. */
void configure_close(struct configure *configure, struct cable *cable);

#endif
