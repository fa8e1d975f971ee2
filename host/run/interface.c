/* interface.c: what a program sees when it lists its network interfaces.
 *
 * The program's namespace is empty, so a program that asks the kernel (netlink, SIOCGIFCONF) would see a
 * loopback that is down and no address; some resolvers then do not even ask for addresses of a family
 * (AI_ADDRCONFIG), and a zone's name (fe80::1%eth0) would mean nothing. So each interface of the stack has a mirror
 * here, with its MAC address, MTU, addresses and default routes. It leads nowhere, and no socket of the kernel's can
 * use it: sockets are the stack's.
 *
 * The mirror is of the first of these kinds that the kernel makes for us: dummy, ifb (which discards what it was not
 * redirected), a bridge without ports (it shows no carrier). Without any, the addresses are on the loopback, down as it
 * is. The kernel must add nothing of its own: no link-local address, no address by advertisements, no detection.
 *
 * Set when a program starts; the supervisor (mirror.c) then orders the changes one address at a time. */
#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
    } body;
    char attributes[256];
};

static struct rtattr *append(struct request *request, unsigned short type, const void *data, size_t length)
{
    size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr *attribute = (struct rtattr *)(void *)((char *)request + at);
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(length);
    if (length)
        memcpy(RTA_DATA(attribute), data, length);
    request->header.nlmsg_len = (unsigned)(at + RTA_ALIGN(attribute->rta_len));
    return attribute;
}

/* Sends a request and reads its acknowledgement. */
static bool transact(int netlink, struct request *request)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[512];
    } reply;
    request->header.nlmsg_flags = (unsigned short)(request->header.nlmsg_flags | NLM_F_REQUEST | NLM_F_ACK);
    if (send(netlink, request, request->header.nlmsg_len, 0) < 0)
        return false;
    ssize_t count = recv(netlink, &reply, sizeof reply, 0);
    if (count < (ssize_t)NLMSG_LENGTH(sizeof reply.error) || reply.header.nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return false;
    }
    errno = -reply.error.error;
    return reply.error.error == 0;
}

static const uint8_t no_mac[6];

static bool add_link(int netlink, const struct baro_run_interface *interface, const char *kind)
{
    struct request request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.body.link),
                                           .nlmsg_type = RTM_NEWLINK,
                                           .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    char name[IF_NAMESIZE];
    uint32_t mtu = interface->mtu ? interface->mtu : 1500;
    snprintf(name, sizeof name, "eth%d", interface->number - 1);
    request.body.link.ifi_index = interface->number + 1;
    request.body.link.ifi_flags = IFF_UP | IFF_MULTICAST;
    request.body.link.ifi_change = IFF_UP | IFF_MULTICAST | IFF_NOARP;
    append(&request, IFLA_IFNAME, name, strlen(name) + 1);
    append(&request, IFLA_MTU, &mtu, sizeof mtu);
    if (memcmp(interface->mac.octet, no_mac, sizeof no_mac) != 0)
        append(&request, IFLA_ADDRESS, interface->mac.octet, sizeof interface->mac.octet);
    char *start = (char *)&request + NLMSG_ALIGN(request.header.nlmsg_len);
    struct rtattr *information = append(&request, IFLA_LINKINFO, NULL, 0);
    append(&request, IFLA_INFO_KIND, kind, strlen(kind) + 1);
    information->rta_len = (unsigned short)((char *)&request + request.header.nlmsg_len - start);
    return transact(netlink, &request);
}

/* The kernel's index of the mirror, that of the loopback where none can be made. */
static int make_mirror(int netlink, const struct baro_run_interface *interface)
{
    static const char *const kinds[] = { "dummy", "ifb", "bridge" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (add_link(netlink, interface, kinds[i]))
            return interface->number + 1;
    }
    return 1;
}

/* `type`: RTM_NEWADDR or RTM_DELADDR. */
static bool change_address(int netlink, unsigned short type, int index, const struct baro_run_address *one)
{
    struct request request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.body.address),
                                           .nlmsg_type = type } };
    bool is_ipv4 = one->address.family == BARO_FAMILY_IPV4;
    size_t octets = is_ipv4 ? 4 : 16;
    if (type == RTM_NEWADDR)
        request.header.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
    request.body.address.ifa_family = is_ipv4 ? AF_INET : AF_INET6;
    request.body.address.ifa_prefixlen = (unsigned char)one->prefix_length;
    request.body.address.ifa_index = (unsigned)index;
    request.body.address.ifa_flags = is_ipv4 ? 0 : IFA_F_NODAD; /* the stack has asked */
    if (!is_ipv4 && one->address.octet[0] == 0xfe && (one->address.octet[1] & 0xc0) == 0x80)
        request.body.address.ifa_scope = RT_SCOPE_LINK;
    append(&request, IFA_LOCAL, one->address.octet, octets);
    append(&request, IFA_ADDRESS, one->address.octet, octets);
    if (is_ipv4 && one->prefix_length < 31) {
        uint8_t broadcast[4];
        for (unsigned i = 0; i < 4; i++) {
            unsigned fixed = one->prefix_length > 8 * i ? one->prefix_length - 8 * i : 0;
            broadcast[i] = (uint8_t)(one->address.octet[i] | (fixed < 8 ? 0xff >> fixed : 0));
        }
        append(&request, IFA_BROADCAST, broadcast, sizeof broadcast);
    }
    return transact(netlink, &request);
}

static bool add_default_route(int netlink, int index, const struct baro_address *gateway)
{
    struct request request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.body.route),
                                           .nlmsg_type = RTM_NEWROUTE,
                                           .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    bool is_ipv4 = gateway->family == BARO_FAMILY_IPV4;
    request.body.route.rtm_family = is_ipv4 ? AF_INET : AF_INET6;
    request.body.route.rtm_table = RT_TABLE_MAIN;
    request.body.route.rtm_protocol = RTPROT_STATIC;
    request.body.route.rtm_type = RTN_UNICAST;
    append(&request, RTA_GATEWAY, gateway->octet, is_ipv4 ? 4 : 16);
    append(&request, RTA_OIF, &index, sizeof index);
    return transact(netlink, &request);
}

/* A setting of IPv6 for interfaces yet to be made; a kernel without IPv6 has none. */
static void set_ipv6(const char *group, const char *name, const char *value)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", group, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    if (write(file, value, strlen(value)) < 0)
        errno = 0; /* it would only show more than there is */
    close(file);
}

static bool has_ipv6(const struct baro_run_host *host)
{
    for (int i = 0; i < BARO_RUN_INTERFACES; i++) {
        for (int j = 0; j < BARO_RUN_ADDRESSES; j++) {
            if (host->interface[i].address[j].address.family == BARO_FAMILY_IPV6)
                return true;
        }
    }
    return false;
}

static void prepare_ipv6(const struct baro_run_host *host)
{
    set_ipv6("default", "addr_gen_mode", "1"); /* no link-local address of the kernel's own */
    set_ipv6("default", "accept_ra", "0");
    set_ipv6("default", "accept_dad", "0");
    if (has_ipv6(host))
        return;
    set_ipv6("all", "disable_ipv6", "1");
    set_ipv6("default", "disable_ipv6", "1");
}

/* 0, or the errno of the first thing that could not be shown. */
static int show(int netlink, const struct baro_run_interface *interface)
{
    int index = make_mirror(netlink, interface), error = index == 1 ? errno : 0;
    for (int i = 0; i < BARO_RUN_ADDRESSES && interface->address[i].address.family; i++) {
        if (!change_address(netlink, RTM_NEWADDR, index, &interface->address[i]) && !error)
            error = errno;
    }
    for (int i = 0; i < 2 && interface->gateway[i].family && index != 1; i++) {
        if (!add_default_route(netlink, index, &interface->gateway[i]) && !error)
            error = errno;
    }
    return error;
}

bool child_show_interfaces(const struct baro_run_host *host)
{
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error = 0;
    if (netlink < 0)
        return false;
    prepare_ipv6(host);
    for (int i = 0; i < BARO_RUN_INTERFACES && host->interface[i].number > 0; i++) {
        int failure = show(netlink, &host->interface[i]);
        error = error ? error : failure;
    }
    close(netlink);
    errno = error;
    return error == 0;
}

void child_change_address(const struct order *order)
{
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    unsigned short type = order->kind == ORDER_SHOW ? RTM_NEWADDR : RTM_DELADDR;
    if (netlink < 0)
        return;
    if (order->kind == ORDER_SHOW && order->address.address.family == BARO_FAMILY_IPV6) {
        set_ipv6("all", "disable_ipv6", "0"); /* as it is in a namespace that began without IPv6 addresses */
        set_ipv6("default", "disable_ipv6", "0");
    }
    if (!change_address(netlink, type, order->value + 1, &order->address) && errno == ENODEV)
        change_address(netlink, type, 1, &order->address); /* there is no mirror but the loopback */
    close(netlink);
}
