/* posix/address.c: struct sockaddr_in to endpoints and back. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

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

void posix_address_write(const struct baro_endpoint *endpoint, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in in;

    if (address == NULL || length == NULL)
        return;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint->port.number);
    memcpy(&in.sin_addr, endpoint->address.octet, 4);
    memcpy(address, &in, *length < sizeof in ? *length : sizeof in);
    *length = sizeof in;
}
