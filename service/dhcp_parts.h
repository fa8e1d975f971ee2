/* service/dhcp_parts.h: what clients and servers of DHCPv4 and DHCPv6 share: their sockets and their time. */
#ifndef SERVICE_DHCP_PARTS_H
#define SERVICE_DHCP_PARTS_H

#include "baro/socket.h"

enum { DHCP_DATAGRAM_LIMIT = 4096 /* octets; what is longer is nobody's message */ };

/* Where clients of DHCPv6 speak to (RFC 8415 §7.1), without the zone. */
#define DHCP6_ALL_SERVERS baro_ipv6(0xff02, 0, 0, 0, 0, 0, 1, 2)

/* An IPv4 address as a number, so that it can be masked and counted; 0: 0.0.0.0, and no address at all. */
static inline uint32_t dhcp_number(struct baro_address address)
{
    return (uint32_t)address.octet[0] << 24 | (uint32_t)address.octet[1] << 16 | (uint32_t)address.octet[2] << 8 |
           address.octet[3];
}

static inline struct baro_instant dhcp_after(struct baro_instant now, int64_t milliseconds)
{
    return (struct baro_instant){ now.ns + milliseconds * 1000000 };
}

/* UINT32_MAX seconds are for ever. */
static inline struct baro_instant dhcp_after_s(struct baro_instant now, uint32_t seconds)
{
    return (struct baro_instant){ seconds == UINT32_MAX ? INT64_MAX : now.ns + (int64_t)seconds * 1000000000 };
}

static inline struct baro_instant dhcp_earlier(struct baro_instant a, struct baro_instant b)
{
    return a.ns < b.ns ? a : b;
}

/* A datagram socket at that port of every address of one family, which may send to all: a descriptor, or -errno. */
int dhcp_socket(struct baro_stack *stack, enum baro_family family, uint16_t port);

/* The next datagram that came in by `interface` and found room in `octets`; its length, with its addresses in
 * *datagram. Of the others nobody hears. Negative: there are no more. */
ptrdiff_t dhcp_receive(struct baro_stack *stack, int socket, int interface, uint8_t octets[DHCP_DATAGRAM_LIMIT],
                       struct baro_message *datagram);

/* Sends from `local`, or with family NONE from what the route says. What cannot be sent is lost: the client asks
 * again. */
void dhcp_send(struct baro_stack *stack, int socket, struct baro_buffer octets, struct baro_endpoint peer,
               struct baro_address local);

#endif
