/* service/dhcp_routes.h: what a DHCPv4 lease does to the routes of a stack (RFC 2132 §3.5, RFC 3442).
 *
 * Remembers the routes that the stack took, so that exactly those go again. A route that somebody else has set already,
 * or whose router is on no link, is left out. */
#ifndef SERVICE_DHCP_ROUTES_H
#define SERVICE_DHCP_ROUTES_H

#include "baro/dhcp_message.h"
#include "baro/stack.h"

struct dhcp_routes {
    struct baro_dhcp_route route[BARO_DHCP_ROUTES + 1];
    unsigned count;
};

/* Those of the parameters instead of those set before. */
void dhcp_routes_set(struct dhcp_routes *routes, struct baro_stack *stack, int interface,
                     const struct baro_dhcp_parameters *told);
void dhcp_routes_remove(struct dhcp_routes *routes, struct baro_stack *stack);

/* By the mask if it is one, else by the address's class (RFC 950). */
unsigned dhcp_prefix_length(struct baro_address address, struct baro_address mask);

#endif
