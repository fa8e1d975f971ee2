/* bench/link_net.c: two network namespaces with a veth between them, by the kernel's own interfaces: nothing is visible
 * outside, and all of it goes with the process. */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/mount.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int complain(char *error, size_t size, const char *what)
{
    snprintf(error, size, "%s: %s", what, strerror(errno));
    return -1;
}

void link_net_enter(const struct link_net *net, int which)
{
    (void)setns(which < 0 ? net->home : net->space[which], CLONE_NEWNET);
}

/* A netlink message that grows. */
struct message {
    _Alignas(8) uint8_t octet[512];
    struct nlmsghdr *header;
};

static void *put(struct message *message, const void *data, size_t length)
{
    void *at = message->octet + NLMSG_ALIGN(message->header->nlmsg_len);

    memcpy(at, data, length);
    message->header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(message->header->nlmsg_len) + length);
    return at;
}

static struct rtattr *put_attribute(struct message *message, int type, const void *data, size_t length)
{
    const struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = (unsigned short)type };
    struct rtattr *at = put(message, &attribute, sizeof attribute);

    if (length != 0)
        put(message, data, length);
    return at;
}

static void end_nest(struct message *message, struct rtattr *nest)
{
    nest->rta_len = (unsigned short)(message->octet + message->header->nlmsg_len - (uint8_t *)nest);
}

/* veth0 here, veth1 in the other namespace. */
static int make_veth(int other)
{
    const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
    const struct nlmsghdr header = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_NEWLINK,
                                     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer = { .error.error = -EIO };
    struct message message;
    struct rtattr *link, *data, *peer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    memcpy(message.octet, &header, sizeof header);
    message.header = (struct nlmsghdr *)(void *)message.octet;
    put(&message, &any, sizeof any);
    put_attribute(&message, IFLA_IFNAME, "veth0", 6);
    link = put_attribute(&message, IFLA_LINKINFO, NULL, 0);
    put_attribute(&message, IFLA_INFO_KIND, "veth", 5);
    data = put_attribute(&message, IFLA_INFO_DATA, NULL, 0);
    peer = put_attribute(&message, VETH_INFO_PEER, NULL, 0);
    put(&message, &any, sizeof any);
    put_attribute(&message, IFLA_IFNAME, "veth1", 6);
    put_attribute(&message, IFLA_NET_NS_FD, &other, sizeof other);
    end_nest(&message, peer);
    end_nest(&message, data);
    end_nest(&message, link);
    if (fd >= 0 && send(fd, message.octet, message.header->nlmsg_len, 0) > 0)
        (void)recv(fd, &answer, sizeof answer, 0);
    if (fd >= 0)
        close(fd);
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}

static struct ifreq request_of(int which)
{
    struct ifreq request = { 0 };

    snprintf(request.ifr_name, sizeof request.ifr_name, "veth%d", which);
    return request;
}

/* In the end's namespace: address, up, and what its MAC address is. */
static int configure(struct link_net *net, int which)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a090001 + (uint32_t)which) };
    struct sockaddr_in mask = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00) };
    struct ifreq request = request_of(which);

    net->control[which] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(&request.ifr_addr, &address, sizeof address);
    if (net->control[which] < 0 || ioctl(net->control[which], SIOCSIFADDR, &request) < 0)
        return -1;
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    if (ioctl(net->control[which], SIOCSIFNETMASK, &request) < 0)
        return -1;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(net->control[which], SIOCSIFFLAGS, &request) < 0 ||
        ioctl(net->control[which], SIOCGIFHWADDR, &request) < 0)
        return -1;
    memcpy(net->mac[which].octet, request.ifr_hwaddr.sa_data, 6);
    return 0;
}

int link_net_open(struct link_net *net, char *error, size_t size)
{
    net->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    net->space[0] = net->space[1] = net->control[0] = net->control[1] = -1;
    for (int i = 0; i < 2; i++) {
        /* who may not make one is root of a user namespace that he may make; AF_XDP is not to be had there */
        if (unshare(CLONE_NEWNET) < 0 && (i != 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0))
            return complain(error, size, "a network namespace");
        net->space[i] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }
    link_net_enter(net, 0);
    if (make_veth(net->space[1]) < 0)
        return complain(error, size, "a veth");
    for (int i = 0; i < 2; i++) {
        link_net_enter(net, i);
        if (configure(net, i) < 0)
            return complain(error, size, "the veth's address");
    }
    link_net_enter(net, -1);
    return 0;
}

void link_net_close(struct link_net *net)
{
    const int fd[] = { net->control[0], net->control[1], net->space[0], net->space[1], net->home };

    link_net_enter(net, -1);
    for (unsigned i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
    }
}

int link_net_mtu(const struct link_net *net, uint32_t mtu, char *error, size_t size)
{
    for (int which = 0; which < 2; which++) {
        struct ifreq request = request_of(which);

        request.ifr_mtu = (int)mtu;
        if (ioctl(net->control[which], SIOCSIFMTU, &request) < 0) {
            snprintf(error, size, "MTU %u of veth%d: %s", mtu, which, strerror(errno));
            return -1;
        }
    }
    return 0;
}

/* In the order in which they can be switched on: what is later may want what is earlier. */
static const struct setting {
    uint32_t set, get;
    enum link_offloads from; /* on from here */
    const char *name;
} settings[] = {
    { ETHTOOL_STXCSUM, ETHTOOL_GTXCSUM, LINK_OFFLOADS_ALL, "tx checksums" },
    { ETHTOOL_SRXCSUM, ETHTOOL_GRXCSUM, LINK_OFFLOADS_ALL, "rx checksums" },
    { ETHTOOL_SSG, ETHTOOL_GSG, LINK_OFFLOADS_ALL, "scatter-gather" },
    { ETHTOOL_STSO, ETHTOOL_GTSO, LINK_OFFLOADS_ALL, "TSO" },
    { ETHTOOL_SGSO, ETHTOOL_GGSO, LINK_OFFLOADS_ALL, "GSO" },
    { ETHTOOL_SGRO, ETHTOOL_GGRO, LINK_OFFLOADS_GRO, "GRO" },
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static int ethtool(const struct link_net *net, int which, uint32_t command, uint32_t *data)
{
    struct ethtool_value value = { .cmd = command, .data = *data };
    struct ifreq request = request_of(which);

    request.ifr_data = (void *)&value;
    if (ioctl(net->control[which], SIOCETHTOOL, &request) < 0)
        return -1;
    *data = value.data;
    return 0;
}

/* The kernel says yes, too, to what it then leaves as it was, so each is read again when all are set. */
int link_net_offloads(const struct link_net *net, enum link_offloads offloads, char *error, size_t size)
{
    for (int step = 0; step < 2 * SETTINGS; step++) {
        bool look = step >= SETTINGS;
        int at = step % SETTINGS;
        const struct setting *setting = &settings[offloads == LINK_OFFLOADS_ALL || look ? at : SETTINGS - 1 - at];

        for (int which = 0; which < 2; which++) {
            const uint32_t wanted = offloads >= setting->from;
            uint32_t value = wanted;

            if (ethtool(net, which, look ? setting->get : setting->set, &value) < 0) {
                snprintf(error, size, "%s of veth%d: %s", setting->name, which, strerror(errno));
                return -1;
            }
            if ((value != 0) != (wanted != 0)) {
                snprintf(error, size, "%s of veth%d cannot be switched %s", setting->name, which,
                         wanted ? "on" : "off");
                return -1;
            }
        }
    }
    return 0;
}

/* A tree of sysfs that shows the thread's namespace, mounted nowhere. Its descriptor, or -1. */
static int open_sysfs(void)
{
    int context = (int)syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC), tree = -1;

    if (context >= 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        tree = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
    if (context >= 0)
        close(context);
    return tree;
}

int link_net_threaded(const struct link_net *net, bool threaded, char *error, size_t size)
{
    for (int which = 0; which < 2; which++) {
        const char wanted = threaded ? '1' : '0';
        int tree, file = -1;
        bool done;
        char path[64], is = 0;

        snprintf(path, sizeof path, "class/net/veth%d/threaded", which);
        link_net_enter(net, which);
        tree = open_sysfs();
        if (tree >= 0)
            file = openat(tree, path, O_RDWR | O_CLOEXEC);
        link_net_enter(net, -1);
        done = file >= 0 && pwrite(file, &wanted, 1, 0) == 1 && pread(file, &is, 1, 0) == 1;
        if (!done || is != wanted)
            snprintf(error, size, "threads for NAPI of veth%d: %s", which,
                     done ? "the kernel does not" : strerror(errno));
        if (file >= 0)
            close(file);
        if (tree >= 0)
            close(tree);
        if (is != wanted)
            return -1;
    }
    return 0;
}

/* The number in the file's first line that the format fits, 0 if there is none. /proc shows a thread its own
 * namespace. */
static uint64_t number_in(const char *path, const char *format)
{
    FILE *file = fopen(path, "re");
    uint64_t number = 0;
    char line[512];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, format, &number) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
    return number;
}

struct link_received link_net_received(const struct link_net *net, int which)
{
    struct link_received received;

    link_net_enter(net, which);
    received.frames =
        number_in("/proc/thread-self/net/dev", which == 0 ? " veth0: %*u %" SCNu64 : " veth1: %*u %" SCNu64);
    received.packets = number_in("/proc/thread-self/net/snmp", "Ip: %*u %*u %" SCNu64);
    link_net_enter(net, -1);
    return received;
}
