/* posix/control.c: control data: what sendmsg says of one datagram and recvmsg tells of it (RFC 3542 §6, ip(7), ipv6(7)).
 *
 * As on Linux a datagram of IPv4 hears of IPPROTO_IP and one of IPv6 of IPPROTO_IPV6, the other level is passed over,
 * and what a level does not know is EINVAL. On a socket of AF_INET6 whose peer's address is mapped, IPV6_PKTINFO counts too, with a
 * mapped address. The loopback has interface number 0, "none". */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h> /* wants struct timespec */
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

/* ---- sending ---- */

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

/* Does the datagram go over IPv4? */
static bool goes_over_ipv4(struct baro_posix_stack *stack, int fd, const struct baro_message *told)
{
    struct baro_endpoint peer = told->peer;
    struct in6_addr address;

    if (peer.address.family == BARO_FAMILY_NONE && baro_getpeername(stack->core, fd, &peer) != 0)
        return false;
    memcpy(&address, peer.address.octet, sizeof address);
    return peer.address.family == BARO_FAMILY_IPV4 || IN6_IS_ADDR_V4MAPPED(&address);
}

int posix_control_read(struct baro_posix_stack *stack, int fd, const struct msghdr *message,
                       struct baro_message *told)
{
    struct msghdr *walk = (struct msghdr *)(uintptr_t)message; /* CMSG_NXTHDR only reads it */
    const struct posix_file *file = posix_file(stack, fd);
    bool sticky = file->sticky_source.family != BARO_FAMILY_NONE || file->sticky_interface != 0, over_ipv4;
    int error = 0;

    if (file->is_stream || (message->msg_control == NULL && !sticky))
        return 0;
    over_ipv4 = !file->is_ipv6 || goes_over_ipv4(stack, fd, told);
    if (sticky && !over_ipv4) {
        told->local.address = file->sticky_source;
        leave_by(told, file->sticky_interface);
    }
    if (message->msg_control == NULL)
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL && error == 0; c = CMSG_NXTHDR(walk, c)) {
        if (c->cmsg_len < sizeof *c)
            return -EINVAL;
        if (c->cmsg_level == SOL_SOCKET)
            error = c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS ? 0 : -EINVAL;
        else if (c->cmsg_level == IPPROTO_IPV6 && !over_ipv4)
            error = read_v6(c, told);
        else if (c->cmsg_level == IPPROTO_IPV6 && file->is_ipv6 && c->cmsg_type == IPV6_PKTINFO)
            error = read_packet_info(c, true, told);
        else if (c->cmsg_level == IPPROTO_IP && over_ipv4)
            error = read_v4(c, file->is_ipv6, told);
    }
    return error;
}

/* ---- receiving ---- */

/* Appends one piece of control data; without room for it MSG_CTRUNC is set. */
static void add(struct msghdr *message, size_t room, int level, int type, const void *data, size_t length)
{
    struct cmsghdr *header;

    if (room - message->msg_controllen < CMSG_SPACE(length)) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    header = (struct cmsghdr *)(void *)((char *)message->msg_control + message->msg_controllen);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), data, length);
    message->msg_controllen += CMSG_SPACE(length);
}

static void write_v4(const struct posix_file *file, const struct baro_message *told, const uint8_t *address,
                     struct msghdr *message, size_t room)
{
    struct in_pktinfo info = { .ipi_ifindex = told->interface };
    int ttl = told->ttl;

    if (file->tell_packet_info) {
        memcpy(&info.ipi_addr, address, 4);
        memcpy(&info.ipi_spec_dst, address, 4);
        add(message, room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if (file->tell_ttl)
        add(message, room, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    if (file->tell_tos)
        add(message, room, IPPROTO_IP, IP_TOS, &told->tos, sizeof told->tos);
}

void posix_control_write(const struct posix_file *file, const struct baro_message *told, struct msghdr *message)
{
    size_t room = message->msg_control == NULL ? 0 : message->msg_controllen;
    struct in6_pktinfo info = { .ipi6_ifindex = (unsigned)told->interface };
    int hop_limit = told->ttl, traffic_class = told->tos;

    message->msg_controllen = 0;
    if (file->is_stream)
        return;
    if (told->local.address.family != BARO_FAMILY_IPV6) {
        write_v4(file, told, told->local.address.octet, message, room);
        return;
    }
    memcpy(&info.ipi6_addr, told->local.address.octet, 16);
    if (file->tell_packet_info_v6)
        add(message, room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    if (IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr)) {
        write_v4(file, told, told->local.address.octet + 12, message, room);
        return;
    }
    if (file->tell_hop_limit)
        add(message, room, IPPROTO_IPV6, IPV6_HOPLIMIT, &hop_limit, sizeof hop_limit);
    if (file->tell_traffic_class)
        add(message, room, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
}

/* What an error is, and who says so: of IPv6 for a socket of that family, with a mapped address where IPv4 says it. */
void posix_control_write_error(const struct baro_message *told, struct msghdr *message)
{
    size_t room = message->msg_control == NULL ? 0 : message->msg_controllen;
    const struct baro_error_report *report = told->report;
    bool v6 = told->peer.address.family == BARO_FAMILY_IPV6;
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 from;
    } data = { .error = { .ee_errno = (uint32_t)report->error, .ee_origin = SO_EE_ORIGIN_LOCAL, .ee_info = report->mtu } };
    struct baro_endpoint from = { .address = report->from };
    socklen_t length = v6 ? sizeof data.from : sizeof(struct sockaddr_in);

    message->msg_controllen = 0;
    if (report->from.family != BARO_FAMILY_NONE) {
        data.error.ee_origin = report->from.family == BARO_FAMILY_IPV6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP;
        data.error.ee_type = report->type;
        data.error.ee_code = report->code;
        if (v6 && report->from.family == BARO_FAMILY_IPV4) {
            from.address = (struct baro_address){ BARO_FAMILY_IPV6, 0, { [10] = 0xff, [11] = 0xff } };
            memcpy(from.address.octet + 12, report->from.octet, 4);
        }
        posix_address_write(&from, (struct sockaddr *)(void *)&data.from, &length);
    }
    add(message, room, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &data,
        sizeof data.error + (v6 ? sizeof data.from : sizeof(struct sockaddr_in)));
}
