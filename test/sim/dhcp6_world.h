/* test/sim/dhcp6_world.h: three hosts at one switch with a DHCPv6 client on one and servers on the others. */
#ifndef TEST_SIM_DHCP6_WORLD_H
#define TEST_SIM_DHCP6_WORLD_H

#include "baro/dhcp6.h"
#include "sim/dhcp_hosts.h"

enum { CLIENT, SERVER, OTHER };

struct world {
    struct dhcp_hosts hosts;
    struct baro_dhcp6_server *server[3]; /* by host */
    struct baro_dhcp6_client *client;
    unsigned told, lost;
    void (*other)(void); /* the last host's program besides, or NULL */
};

/* fd00:7::NUMBER, of the link. */
struct baro_address of(uint16_t number);

/* The client's wire as said; hosts with link-local addresses, neither client nor servers yet. */
void build(struct world *w, const char *wire, uint64_t seed);
void pull_down(struct world *w);

/* A server whose identifier has the host's number at its third octet and whose pool of two begins at fd00:7::x00. */
struct baro_dhcp6_server_config server_config(struct world *w, int host);
void start_server(struct world *w, int host, const struct baro_dhcp6_server_config *config);
void stop_server(struct world *w, int host);

struct baro_dhcp6_client_config client_config(struct world *w, uint8_t seed);
void start_client(struct world *w, const struct baro_dhcp6_client_config *config);
void free_client(struct world *w);

void wait_s(struct world *w, int64_t seconds);
enum baro_dhcp6_client_state state_of(const struct world *w);
bool is_bound(void *world);
bool bound_within(struct world *w, int64_t seconds);

/* What the client's stack has, and whether that is the client's lease. */
enum baro_address_state state_of_address(struct world *w, struct baro_address address);
bool has(struct world *w, struct baro_address address);
int64_t left_s(struct world *w);
/* What the server on that host has given. */
unsigned leases(struct world *w, int host);

#endif
