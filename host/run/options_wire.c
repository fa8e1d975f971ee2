/* options_wire.c: options that say by which interface, and from which address, all that a datagram socket sends goes:
 * IPV6_PKTINFO (RFC 3542 §6.2) and SO_BINDTODEVICE.
 *
 * Limits: a stream goes by the routes, whatever device it is bound to: a program's host is on one wire. What arrives is
 * not chosen by its device. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "run/internal.h"

static bool is_interface(const struct socket *s, int number)
{
    return baro_stack_addresses(s->host->config.stack, number, NULL, 0) >= 0;
}

int option_set_packet_information(struct socket *s, const void *bytes, size_t length)
{
    struct in6_pktinfo information = { 0 };
    if (length && length != sizeof information)
        return -EINVAL;
    memcpy(&information, bytes, length);
    int number = information.ipi6_ifindex > MIRRORED ? -1 : interface_number((int)information.ipi6_ifindex);
    if (number && !is_interface(s, number))
        return -ENODEV;
    s->wire = number;
    s->source = (struct baro_address){ .family = BARO_FAMILY_NONE };
    if (!IN6_IS_ADDR_UNSPECIFIED(&information.ipi6_addr)) {
        s->source.family = BARO_FAMILY_IPV6;
        memcpy(s->source.octet, &information.ipi6_addr, 16);
    }
    return 0;
}

int option_set_device(struct socket *s, const char *bytes, size_t length)
{
    char name[IF_NAMESIZE] = "", end;
    int number = -1;
    memcpy(name, bytes, length < sizeof name - 1 ? length : sizeof name - 1);
    if (name[0] && (sscanf(name, "eth%d%c", &number, &end) != 1 || number < 0 || !is_interface(s, number + 1)))
        return -ENODEV;
    s->device = number + 1;
    return 0;
}

int option_get_device(const struct socket *s, char *bytes)
{
    return s->device ? snprintf(bytes, IF_NAMESIZE, "eth%d", s->device - 1) + 1 : 0;
}

void option_apply_wire(const struct socket *s, struct baro_message *message)
{
    int number = s->wire ? s->wire : s->device;
    if (number && !(message->given & BARO_GIVEN_INTERFACE)) {
        message->given |= BARO_GIVEN_INTERFACE;
        message->interface = number;
    }
    if (message->local.address.family == BARO_FAMILY_NONE)
        message->local.address = s->source;
}
