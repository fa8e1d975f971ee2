/* service/dhcp_parts.c: see dhcp_parts.h. */
#include "dhcp_parts.h"

static int set_up(struct baro_stack *stack, int fd, enum baro_family family, uint16_t port)
{
    const struct baro_endpoint any = { .address = { .family = (uint8_t)family }, .port = { port } };
    const int one = 1;
    int error = baro_setsockopt(stack, fd, family == BARO_FAMILY_IPV4 ? BARO_SO_BROADCAST : BARO_IPV6_ONLY, &one,
                                sizeof one);

    return error != 0 ? error : baro_bind(stack, fd, &any);
}

int dhcp_socket(struct baro_stack *stack, enum baro_family family, uint16_t port)
{
    int fd = baro_socket(stack, family, BARO_DATAGRAM), error;

    if (fd < 0)
        return fd;
    error = set_up(stack, fd, family, port);
    if (error == 0)
        return fd;
    baro_close(stack, fd);
    return error;
}

ptrdiff_t dhcp_receive(struct baro_stack *stack, int socket, int interface, uint8_t octets[DHCP_DATAGRAM_LIMIT],
                       struct baro_message *datagram)
{
    for (;;) {
        struct baro_buffer piece = { octets, DHCP_DATAGRAM_LIMIT };
        ptrdiff_t length;

        *datagram = (struct baro_message){ .buffer = &piece, .buffers = 1 };
        length = baro_recvmsg(stack, socket, datagram, 0);
        datagram->buffer = NULL;
        if (length < 0 || (datagram->interface == interface && (datagram->flags & BARO_MSG_TRUNCATED) == 0))
            return length;
    }
}

void dhcp_send(struct baro_stack *stack, int socket, struct baro_buffer octets, struct baro_endpoint peer,
               struct baro_address local)
{
    const struct baro_message datagram = {
        .peer = peer, .local = { .address = local }, .buffer = &octets, .buffers = 1
    };

    (void)baro_sendmsg(stack, socket, &datagram, 0);
}
