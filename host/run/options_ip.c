/* options_ip.c: options of IP that are more than a number: the interface of groups, and how a datagram may be cut.
 *
 * A program names interfaces by the indices of its mirrors (interface.c). */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "run/internal.h"

int option_set_group_interface(struct socket *s, const void *bytes, size_t length)
{
    struct ip_mreqn request = { 0 };
    struct baro_address address = { .family = BARO_FAMILY_IPV4 };
    int number;
    if (length < sizeof request.imr_address)
        return -EINVAL;
    if (length >= sizeof(struct ip_mreq))
        memcpy(&request, bytes, length < sizeof request ? length : sizeof request);
    else
        memcpy(&request.imr_address, bytes, sizeof request.imr_address);
    memcpy(address.octet, &request.imr_address, 4);
    number = interface_number(request.imr_ifindex);
    if (request.imr_ifindex > MIRRORED || request.imr_ifindex < 0)
        return -EADDRNOTAVAIL;
    if (request.imr_ifindex == 0 && request.imr_address.s_addr != INADDR_ANY)
        while (baro_stack_address_state(s->host->config.stack, ++number, address) == BARO_ADDRESS_NONE)
            if (number == MIRRORED)
                return -EADDRNOTAVAIL;
    int result = option_to_stack(s, BARO_IP_MULTICAST_INTERFACE, &number, sizeof number);
    return result == -ENODEV ? -EADDRNOTAVAIL : result;
}

int option_multicast_interface(const struct socket *s)
{
    return interface_number(option_kept(s, IPPROTO_IPV6, IPV6_MULTICAST_IF, 0));
}

int option_set_discovery(struct socket *s, int way, bool whole)
{
    int ignore = way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE || way == IP_PMTUDISC_OMIT;
    int uncut = whole || way == IP_PMTUDISC_DO || way == IP_PMTUDISC_PROBE || way == IP_PMTUDISC_INTERFACE;
    if (way < IP_PMTUDISC_DONT || way > IP_PMTUDISC_OMIT)
        return -EINVAL;
    if (s->type != SOCK_DGRAM)
        return 0; /* TCP finds its path MTU by itself */
    int result = option_to_stack(s, BARO_IP_DONT_FRAGMENT, &uncut, sizeof uncut);
    return result ? result : option_to_stack(s, BARO_IP_IGNORE_PATH_MTU, &ignore, sizeof ignore);
}
