/* posix/control_read.c: what control data say of one datagram to be sent (RFC 3542 §6, ip(7), ipv6(7)); without a
 * stack, so that others can read such data too.
 *
 * As on Linux a datagram of IPv4 hears of IPPROTO_IP and one of IPv6 of IPPROTO_IPV6, the other level is passed over,
 * and what a level does not know is EINVAL. On a socket of AF_INET6 whose peer's address is mapped, IPV6_PKTINFO counts
 * too, with a mapped address. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

void posix_packet_info_read(const struct in6_pktinfo *info, struct baro_address *source, int *interface)
{
    memset(source, 0, sizeof *source);
    if (!IN6_IS_ADDR_UNSPECIFIED(&info->ipi6_addr)) {
        source->family = BARO_FAMILY_IPV6;
        memcpy(source->octet, &info->ipi6_addr, 16);
    }
    *interface = info->ipi6_ifindex > INT32_MAX ? INT32_MAX : (int)info->ipi6_ifindex;
}

static void leave_by(struct baro_message *told, int interface)
{
    told->interface = interface;
    told->given |= BARO_GIVEN_INTERFACE;
}

static int read_packet_info(const struct cmsghdr *header, bool mapped, struct baro_message *told)
{
    struct in6_pktinfo info;
    struct baro_address source;
    int interface;

    if (header->cmsg_len < CMSG_LEN(sizeof info))
        return -EINVAL;
    memcpy(&info, CMSG_DATA(header), sizeof info);
    if (mapped && !IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr))
        return -EINVAL;
    posix_packet_info_read(&info, &source, &interface);
    if (source.family != BARO_FAMILY_NONE)
        told->local.address = source;
    leave_by(told, interface);
    return 0;
}

/* An int from -1, "the socket's", or from `least`, to `most`. 1: it was -1. */
static int read_number(const struct cmsghdr *header, int least, int most, int *number)
{
    if (header->cmsg_len != CMSG_LEN(sizeof *number))
        return -EINVAL;
    memcpy(number, CMSG_DATA(header), sizeof *number);
    if (*number == -1 && least == 0)
        return 1;
    return *number < least || *number > most ? -EINVAL : 0;
}

static int read_v6(const struct cmsghdr *header, struct baro_message *told)
{
    int number, result;

    switch (header->cmsg_type) {
    case IPV6_PKTINFO:
        return read_packet_info(header, false, told);
    case IPV6_HOPLIMIT:
        result = read_number(header, 0, 255, &number);
        if (result == 0) {
            told->ttl = (uint8_t)number;
            told->given |= BARO_GIVEN_TTL;
        }
        return result < 0 ? result : 0;
    case IPV6_TCLASS:
        result = read_number(header, 0, 255, &number);
        if (result == 0) {
            told->tos = (uint8_t)number;
            told->given |= BARO_GIVEN_TOS;
        }
        return result < 0 ? result : 0;
    case IPV6_DONTFRAG:
        if (read_number(header, 0, 1, &number) != 0)
            return -EINVAL;
        told->dont_fragment = number != 0;
        told->given |= BARO_GIVEN_DONT_FRAGMENT;
        return 0;
    default:
        return -EINVAL;
    }
}

static int read_v4_packet_info(const struct cmsghdr *header, bool is_ipv6, struct baro_message *told)
{
    struct in_pktinfo info;
    struct baro_address *source = &told->local.address;

    if (header->cmsg_len != CMSG_LEN(sizeof info))
        return -EINVAL;
    memcpy(&info, CMSG_DATA(header), sizeof info);
    leave_by(told, info.ipi_ifindex);
    if (info.ipi_spec_dst.s_addr == INADDR_ANY)
        return 0;
    *source = is_ipv6 ? baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0, 0) : baro_ipv4(0, 0, 0, 0);
    memcpy(source->octet + (is_ipv6 ? 12 : 0), &info.ipi_spec_dst, 4);
    return 0;
}

static int read_v4(const struct cmsghdr *header, bool is_ipv6, struct baro_message *told)
{
    int number;

    switch (header->cmsg_type) {
    case IP_PKTINFO:
        return read_v4_packet_info(header, is_ipv6, told);
    case IP_TTL:
        if (read_number(header, 1, 255, &number) != 0)
            return -EINVAL;
        told->ttl = (uint8_t)number;
        told->given |= BARO_GIVEN_TTL;
        return 0;
    case IP_TOS:
        if (header->cmsg_len == CMSG_LEN(1))
            number = *CMSG_DATA(header);
        else if (read_number(header, 0, 255, &number) != 0)
            return -EINVAL;
        told->tos = (uint8_t)number;
        told->given |= BARO_GIVEN_TOS;
        return 0;
    default:
        return -EINVAL;
    }
}

int baro_posix_control_read(const struct msghdr *message, bool is_ipv6, bool over_ipv4, struct baro_message *told)
{
    struct msghdr *walk = (struct msghdr *)(uintptr_t)message; /* CMSG_NXTHDR only reads it */
    int error = 0;

    if (message->msg_control == NULL)
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL && error == 0; c = CMSG_NXTHDR(walk, c)) {
        size_t left = message->msg_controllen - (size_t)((char *)c - (char *)message->msg_control);

        if (c->cmsg_len < sizeof *c || c->cmsg_len > left)
            return -EINVAL;
        if (c->cmsg_level == SOL_SOCKET)
            error = c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS ? 0 : -EINVAL;
        else if (c->cmsg_level == IPPROTO_IPV6 && !over_ipv4)
            error = read_v6(c, told);
        else if (c->cmsg_level == IPPROTO_IPV6 && is_ipv6 && c->cmsg_type == IPV6_PKTINFO)
            error = read_packet_info(c, true, told);
        else if (c->cmsg_level == IPPROTO_IP && over_ipv4)
            error = read_v4(c, is_ipv6, told);
    }
    return error;
}

