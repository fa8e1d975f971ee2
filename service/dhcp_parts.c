/* service/dhcp_parts.c: see dhcp_parts.h. */
#include "dhcp_parts.h"

int dhcp_socket(struct baro_stack *stack, uint16_t port)
{
    const struct baro_endpoint any = { .address = baro_ipv4(0, 0, 0, 0), .port = { port } };
    const int one = 1;
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM), error;

    if (fd < 0)
        return fd;
    error = baro_setsockopt(stack, fd, BARO_SO_BROADCAST, &one, sizeof one);
    if (error == 0)
        error = baro_bind(stack, fd, &any);
    if (error == 0)
        return fd;
    baro_close(stack, fd);
    return error;
}
