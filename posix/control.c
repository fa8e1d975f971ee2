/* posix/control.c: control data of messages (RFC 3542 §6, ip(7), ipv6(7)): what a socket's datagrams say, and what
 * recvmsg tells of one. The loopback has interface number 0, "none". */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h> /* wants struct timespec */
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

/* ---- sending ---- */

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
    const struct posix_file *file = posix_file(stack, fd);
    bool sticky = file->sticky_source.family != BARO_FAMILY_NONE || file->sticky_interface != 0, over_ipv4;

    if (file->is_stream || (message->msg_control == NULL && !sticky))
        return 0;
    over_ipv4 = !file->is_ipv6 || goes_over_ipv4(stack, fd, told);
    if (sticky && !over_ipv4) {
        told->local.address = file->sticky_source;
        told->interface = file->sticky_interface;
        told->given |= BARO_GIVEN_INTERFACE;
    }
    return baro_posix_control_read(message, file->is_ipv6, over_ipv4, told);
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
    } data = { .error = {
                   .ee_errno = (uint32_t)report->error, .ee_origin = SO_EE_ORIGIN_LOCAL, .ee_info = report->mtu } };
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
