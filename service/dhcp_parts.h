/* service/dhcp_parts.h: what the DHCPv4 client, server and routes share. */
#ifndef SERVICE_DHCP_PARTS_H
#define SERVICE_DHCP_PARTS_H

#include "baro/socket.h"

/* The address as a number, so that it can be masked and counted; 0: 0.0.0.0, and no address at all. */
static inline uint32_t dhcp_number(struct baro_address address)
{
    return (uint32_t)address.octet[0] << 24 | (uint32_t)address.octet[1] << 16 | (uint32_t)address.octet[2] << 8 |
           address.octet[3];
}

/* A datagram socket at that port of every address, which may send to all: a descriptor, or -errno. */
int dhcp_socket(struct baro_stack *stack, uint16_t port);

#endif
