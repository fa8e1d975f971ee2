/* tools/router.h: a host of ours as an IPv6 router of the link that a cable makes with the kernel. */
#ifndef TOOLS_ROUTER_H
#define TOOLS_ROUTER_H

#include "cable.h"

/* Advertises itself and these prefixes, from which hosts make themselves addresses. The host forwards or takes any
 * destination. TOOL_OK, or TOOL_FAILED after saying why in the name of `tool`. */
struct router_config {
    const struct baro_host_address *prefix; /* up to 4 */
    unsigned prefixes;
    uint32_t mtu;                    /* 0: 1500 */
    struct baro_address link_local;  /* where it speaks from, not probed; of family NONE: it makes itself one, see
                                        baro_stack_enable_ipv6() */
    struct baro_address name_server; /* of family NONE: none */
    bool dhcp6;                      /* there is a DHCPv6 server, with addresses and the rest */
};
int router_open(const char *tool, struct baro_host *host, const struct router_config *config);

/* The prefix that an address is in, nothing behind its length. */
struct baro_address router_prefix(const struct baro_host_address *address);

/* Says that the router goes; when it spoke less than three seconds ago, that waits for them. */
void router_close(struct cable *cable, struct baro_host *host);

#endif
