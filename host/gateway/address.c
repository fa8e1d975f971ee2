/* host/gateway/address.c: endpoints as the stack and as the kernel write them, and where a guest's destination is
 * outside.
 *
 * A guest's destination is the same address outside, but for the gateway's own: those are this machine's loopback of
 * the same family. (Port 53 of them does not come this way: there the name server listens.) */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "internal.h"

struct outside_address gateway_sockaddr(struct baro_endpoint endpoint)
{
    struct outside_address outside = { .length = sizeof outside.v4 };

    if (endpoint.address.family == BARO_FAMILY_IPV6) {
        outside.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(endpoint.port.number) };
        memcpy(&outside.v6.sin6_addr, endpoint.address.octet, 16);
        outside.length = sizeof outside.v6;
        return outside;
    }
    outside.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(endpoint.port.number) };
    memcpy(&outside.v4.sin_addr, endpoint.address.octet, 4);
    return outside;
}

struct baro_endpoint gateway_endpoint(const struct outside_address *outside)
{
    struct baro_endpoint endpoint = { .address = { .family = BARO_FAMILY_IPV4 } };

    if (outside->name.sa_family == AF_INET6) {
        endpoint.address.family = BARO_FAMILY_IPV6;
        endpoint.port.number = ntohs(outside->v6.sin6_port);
        memcpy(endpoint.address.octet, &outside->v6.sin6_addr, 16);
        return endpoint;
    }
    endpoint.port.number = ntohs(outside->v4.sin_port);
    memcpy(endpoint.address.octet, &outside->v4.sin_addr, 4);
    return endpoint;
}

bool gateway_same(const struct baro_endpoint *a, const struct baro_endpoint *b)
{
    return a->port.number == b->port.number && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

bool gateway_is_link_local(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6 && address.octet[0] == 0xfe && (address.octet[1] & 0xc0) == 0x80;
}

struct baro_address gateway_loopback(enum baro_family family)
{
    return family == BARO_FAMILY_IPV6 ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(127, 0, 0, 1);
}

/* Of link-local addresses its stack takes none but its own. */
static bool is_own(const struct baro_gateway *gateway, struct baro_address address)
{
    const struct baro_address *own =
        address.family == BARO_FAMILY_IPV6 ? &gateway->config.address_v6 : &gateway->config.address;

    return gateway_is_link_local(address) || memcmp(&address, own, sizeof address) == 0;
}

int gateway_outside(struct baro_gateway *gateway, struct baro_endpoint destination, struct outside_address *outside)
{
    *outside = gateway_sockaddr(destination);
    if (!is_own(gateway, destination.address))
        return 0;
    if (gateway->config.no_host_loopback)
        return -ECONNREFUSED;
    destination.address = gateway_loopback(destination.address.family);
    *outside = gateway_sockaddr(destination);
    return 0;
}
