/* interface.c: what a program sees when it lists its network interfaces.
 *
 * The program's namespace is empty, so a program that asks the kernel (netlink, SIOCGIFCONF) would see a
 * loopback that is down and no address; some resolvers then do not even ask for IPv4 addresses
 * (AI_ADDRCONFIG). So a dummy interface eth0 carries the host's address. It leads nowhere, and no socket of
 * the kernel's can use it. */
#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    } body;
    char attributes[128];
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

static bool add_dummy(int netlink)
{
    struct request request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.body.link),
                                           .nlmsg_type = RTM_NEWLINK,
                                           .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    request.body.link.ifi_flags = IFF_UP;
    request.body.link.ifi_change = IFF_UP;
    append(&request, IFLA_IFNAME, "eth0", sizeof "eth0");
    char *start = (char *)&request + NLMSG_ALIGN(request.header.nlmsg_len);
    struct rtattr *information = append(&request, IFLA_LINKINFO, NULL, 0);
    append(&request, IFLA_INFO_KIND, "dummy", sizeof "dummy");
    information->rta_len = (unsigned short)((char *)&request + request.header.nlmsg_len - start);
    return transact(netlink, &request);
}

static bool add_address(int netlink, const char *name, struct baro_address address, unsigned prefix_length)
{
    struct request request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.body.address),
                                           .nlmsg_type = RTM_NEWADDR,
                                           .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL } };
    request.body.address.ifa_family = AF_INET;
    request.body.address.ifa_prefixlen = (unsigned char)prefix_length;
    request.body.address.ifa_index = if_nametoindex(name);
    append(&request, IFA_LOCAL, address.octet, 4);
    append(&request, IFA_ADDRESS, address.octet, 4);
    return transact(netlink, &request);
}

/* No link-local address appears by itself: the stack has no IPv6, so the kernel must not show any. */
static void disable_ipv6(void)
{
    static const char *const settings[] = { "/proc/sys/net/ipv6/conf/all/disable_ipv6",
                                            "/proc/sys/net/ipv6/conf/default/disable_ipv6" };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        int file = open(settings[i], O_WRONLY | O_CLOEXEC);
        if (file < 0)
            continue; /* a kernel without IPv6 */
        if (write(file, "1", 1) < 0)
            errno = 0; /* it would only show more than there is */
        close(file);
    }
}

bool child_show_interface(struct baro_address address, unsigned prefix_length)
{
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink < 0)
        return false;
    disable_ipv6();
    /* Without the dummy driver the loopback carries it, down as it is. */
    const char *name = add_dummy(netlink) ? "eth0" : "lo";
    bool done = address.family == BARO_FAMILY_IPV4 && add_address(netlink, name, address, prefix_length);
    int error = errno;
    close(netlink);
    errno = error;
    return done;
}
