/* posix/address.c: struct sockaddr_in and sockaddr_in6 to endpoints and back. A scope id is the zone. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

enum { IN6_WITHOUT_SCOPE = 24 /* struct sockaddr_in6 before RFC 2553, which Linux takes too */ };

static int read_in6(struct baro_endpoint *endpoint, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in6 in6 = { 0 };

    if (length < IN6_WITHOUT_SCOPE)
        return -EINVAL;
    memcpy(&in6, address, length < sizeof in6 ? length : sizeof in6);
    endpoint->address.family = BARO_FAMILY_IPV6;
    endpoint->address.zone = in6.sin6_scope_id <= UINT8_MAX ? (uint8_t)in6.sin6_scope_id : UINT8_MAX; /* no interface */
    memcpy(endpoint->address.octet, &in6.sin6_addr, 16);
    endpoint->port.number = ntohs(in6.sin6_port);
    return 0;
}

int posix_address_read(struct baro_endpoint *endpoint, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in in;
    sa_family_t family;

    memset(endpoint, 0, sizeof *endpoint);
    if (address == NULL)
        return -EFAULT;
    if (length < sizeof family)
        return -EINVAL;
    memcpy(&family, &address->sa_family, sizeof family);
    if (family == AF_UNSPEC)
        return 0;
    if (family == AF_INET6)
        return read_in6(endpoint, address, length);
    if (family != AF_INET)
        return -EAFNOSUPPORT;
    if (length < sizeof in)
        return -EINVAL;
    memcpy(&in, address, sizeof in);
    endpoint->address.family = BARO_FAMILY_IPV4;
    memcpy(endpoint->address.octet, &in.sin_addr, 4);
    endpoint->port.number = ntohs(in.sin_port);
    return 0;
}

static void write_in6(const struct baro_endpoint *endpoint, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port.number),
                                .sin6_scope_id = endpoint->address.zone };

    memcpy(&in6.sin6_addr, endpoint->address.octet, 16);
    memcpy(address, &in6, *length < sizeof in6 ? *length : sizeof in6);
    *length = sizeof in6;
}

void posix_address_write(const struct baro_endpoint *endpoint, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in in;

    if (address == NULL || length == NULL)
        return;
    if (endpoint->address.family == BARO_FAMILY_IPV6) {
        write_in6(endpoint, address, length);
        return;
    }
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint->port.number);
    memcpy(&in.sin_addr, endpoint->address.octet, 4);
    memcpy(address, &in, *length < sizeof in ? *length : sizeof in);
    *length = sizeof in;
}
