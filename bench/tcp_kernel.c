/* bench/tcp_kernel.c: this machine's kernel at one end of the wire or at both, in network namespaces of its own.
 *
 * An end is a TAP in a new network namespace; a switch with two ports couples it to the wire. The process goes into
 * each namespace once, to make the TAP and the sockets, which stay in it: so one thread works the wire, both ends'
 * sockets and nothing else. Nothing of this is visible outside, and it all goes with the process.
 *
 * The kernel runs with its own defaults. Its segments come through the TAP one by one (the TAP offers no offloads), no
 * receive offload joins them, so counts of frames mean the same for both senders. Its timeouts are those that the
 * namespace's SNMP counters tell. */
#include "tcp_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "baro/tap.h"

enum { PORT = 5001, CHUNK = 65536, FRAMES = 10000 };

static int complain(char *error, size_t size, const char *what)
{
    int saved = errno;

    snprintf(error, size, "%s: %s", what, strerror(saved));
    return -1;
}

/* ---- an end ---- */

static struct sockaddr_in address_of(unsigned which)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons(PORT),
                                 .sin_addr.s_addr = htonl(0x0a000001 + which) };
}

/* The TAP shall take a whole window at once. By netlink: the older call is for the machine's root alone. */
static bool set_queue_length(const char *name)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr attribute;
        uint32_t frames;
    } request = { .header = { .nlmsg_len = sizeof request, .nlmsg_type = RTM_NEWLINK,
                              .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
                  .link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name) },
                  .attribute = { RTA_LENGTH(sizeof(uint32_t)), IFLA_TXQLEN },
                  .frames = FRAMES };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer = { .error.error = -1 };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool done = fd >= 0 && send(fd, &request, sizeof request, 0) == sizeof request &&
                recv(fd, &answer, sizeof answer, 0) >= (ssize_t)sizeof answer.header && answer.error.error == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

/* Gives the TAP its address, sets it up and asks for its MAC address. */
static bool configure(struct tcp_kernel *kernel, const char *name, unsigned which)
{
    struct ifreq request = { 0 };
    struct sockaddr_in address = address_of(which), mask = { .sin_family = AF_INET };
    int fd = kernel->control[which] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done;

    mask.sin_addr.s_addr = htonl(0xffffff00);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    memcpy(&request.ifr_addr, &address, sizeof address);
    done = fd >= 0 && ioctl(fd, SIOCSIFADDR, &request) == 0;
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    done = done && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0 && ioctl(fd, SIOCGIFHWADDR, &request) == 0;
    memcpy(kernel->mac[which].octet, request.ifr_hwaddr.sa_data, 6);
    return done;
}

int tcp_kernel_set_neighbour(const struct tcp_kernel *kernel, unsigned which, struct baro_mac peer)
{
    struct arpreq request = { .arp_flags = ATF_PERM | ATF_COM, .arp_ha.sa_family = ARPHRD_ETHER, .arp_dev = "baro0" };
    struct sockaddr_in address = address_of(1 - which);

    memcpy(&request.arp_pa, &address, sizeof address);
    memcpy(request.arp_ha.sa_data, peer.octet, 6);
    return ioctl(kernel->control[which], SIOCSARP, &request);
}

/* A socket of the namespace at hand. */
static int open_socket(const struct tcp_run *run)
{
    const char *congestion = baro_congestion_name(run->congestion);
    const unsigned rate = 1u << 30; /* octets a second: far above the path's, so that nothing but pacing begins */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, (socklen_t)strlen(congestion)) < 0 ||
        (run->way == TCP_KERNEL_PACED && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_sender(struct tcp_kernel *kernel, char *error, size_t size)
{
    kernel->counters = open("/proc/thread-self/net/netstat", O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; i < kernel->run->flows; i++) {
        kernel->sender[i] = open_socket(kernel->run);
        if (kernel->sender[i] < 0)
            return complain(error, size, "the kernel's socket, with that congestion control");
    }
    return 0;
}

static int open_sink(struct tcp_kernel *kernel, char *error, size_t size)
{
    struct sockaddr_in local = address_of(1);

    kernel->listener = open_socket(kernel->run);
    if (kernel->listener < 0 || bind(kernel->listener, (struct sockaddr *)&local, sizeof local) < 0 ||
        listen(kernel->listener, TCP_FLOW_LIMIT) < 0)
        return complain(error, size, "the kernel's listener");
    return 0;
}

/* Makes the namespace's kernel ask for ECN, where the path has marks: by itself it only answers. */
static bool ask_for_ecn(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_ecn", "w");
    bool done = file != NULL && fputs("1", file) >= 0;

    return file != NULL && fclose(file) == 0 && done;
}

int tcp_kernel_join(struct tcp_kernel *kernel, struct baro_network *network, struct baro_wire *wire, unsigned which,
                    char *error, size_t size)
{
    const struct baro_mac mac = { { 2, 0xba, 0x70, 0, 0, (uint8_t)(1 + which) } };
    struct baro_switch *bridge = baro_switch_create(network);

    /* who may not make one is root of a user namespace that he may make; the second time that he is already */
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return complain(error, size, "a network namespace");
    if (kernel->run->wire.ecn_packets != 0 && !ask_for_ecn())
        return complain(error, size, "the namespace's tcp_ecn");
    kernel->tap[which] = baro_tap_open("baro0", 1500, mac);
    if (kernel->tap[which] == NULL)
        return complain(error, size, "a TAP");
    if (bridge == NULL || baro_switch_join(bridge, wire) != 0 ||
        baro_switch_add_device(bridge, baro_tap_device(kernel->tap[which])) != 0)
        return complain(error, size, "a switch");
    if (!set_queue_length("baro0") || !configure(kernel, "baro0", which))
        return complain(error, size, "the TAP's address");
    prctl(PR_SET_TIMERSLACK, 1000UL);
    return which == 0 ? open_sender(kernel, error, size) : open_sink(kernel, error, size);
}

void tcp_kernel_init(struct tcp_kernel *kernel, const struct tcp_run *run)
{
    memset(kernel, 0, sizeof *kernel);
    kernel->run = run;
    kernel->listener = kernel->counters = kernel->control[0] = kernel->control[1] = -1;
    for (unsigned i = 0; i < TCP_FLOW_LIMIT; i++)
        kernel->sender[i] = kernel->sink[i] = -1;
}

void tcp_kernel_release(struct tcp_kernel *kernel)
{
    for (unsigned i = 0; i < TCP_FLOW_LIMIT; i++) {
        close(kernel->sender[i]);
        close(kernel->sink[i]);
    }
    close(kernel->listener);
    close(kernel->counters);
    for (unsigned i = 0; i < 2; i++) {
        close(kernel->control[i]);
        baro_tap_close(kernel->tap[i]);
    }
}

/* ---- work ---- */

static void begin_flow(struct tcp_kernel *kernel)
{
    const struct sockaddr_in peer = address_of(1);
    int fd = kernel->sender[kernel->begun++];

    if (connect(fd, (const struct sockaddr *)&peer, sizeof peer) < 0 && errno != EINPROGRESS)
        kernel->error = -errno;
}

static void send_all(struct tcp_kernel *kernel)
{
    static const uint8_t data[CHUNK];

    for (unsigned i = 0; i < kernel->begun; i++) {
        while (send(kernel->sender[i], data, sizeof data, MSG_NOSIGNAL) > 0)
            continue;
        if (errno != EAGAIN && errno != ENOTCONN && kernel->error == 0)
            kernel->error = -errno;
    }
}

static void sink_all(struct tcp_kernel *kernel)
{
    static uint8_t data[CHUNK];
    int fd;

    while (kernel->accepted < TCP_FLOW_LIMIT && (fd = accept4(kernel->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        kernel->sink[kernel->accepted++] = fd;
    for (unsigned i = 0; i < kernel->accepted; i++) {
        ssize_t length;

        while ((length = recv(kernel->sink[i], data, sizeof data, 0)) > 0)
            kernel->received[i] += (uint64_t)length;
    }
}

void tcp_kernel_work(struct tcp_kernel *kernel, const struct baro_instant *begin, struct baro_instant now)
{
    while (kernel->tap[0] != NULL && kernel->begun < kernel->run->flows && begin[kernel->begun].ns <= now.ns)
        begin_flow(kernel);
    send_all(kernel);
    if (kernel->tap[1] != NULL)
        sink_all(kernel);
}

void tcp_kernel_sleep(struct tcp_kernel *kernel, int64_t longest_ns)
{
    struct pollfd polled[3 + 2 * TCP_FLOW_LIMIT];
    struct timespec time = { longest_ns / 1000000000, longest_ns % 1000000000 };
    unsigned count = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (kernel->tap[i] != NULL)
            polled[count++] = (struct pollfd){ baro_tap_descriptor(kernel->tap[i]), POLLIN, 0 };
    }
    if (kernel->listener >= 0)
        polled[count++] = (struct pollfd){ kernel->listener, POLLIN, 0 };
    for (unsigned i = 0; i < kernel->begun; i++)
        polled[count++] = (struct pollfd){ kernel->sender[i], POLLOUT, 0 };
    for (unsigned i = 0; i < kernel->accepted; i++)
        polled[count++] = (struct pollfd){ kernel->sink[i], POLLIN, 0 };
    ppoll(polled, count, &time, NULL);
}

/* ---- figures ---- */

static bool info_of(int fd, struct tcp_info *info)
{
    socklen_t length = sizeof *info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
}

bool tcp_kernel_left_slow_start(const struct tcp_kernel *kernel)
{
    struct tcp_info info;

    for (unsigned i = 0; i < kernel->begun; i++) {
        if (!info_of(kernel->sender[i], &info) || info.tcpi_snd_cwnd < info.tcpi_snd_ssthresh)
            return false;
    }
    return kernel->begun == kernel->run->flows;
}

/* A counter of /proc/net/netstat: a line of names and a line of numbers for each protocol. */
static uint64_t counter(int fd, const char *wanted)
{
    char text[16384], *names_end, *values_end;
    ssize_t length = pread(fd, text, sizeof text - 1, 0);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    char *names = strtok_r(text, "\n", &names_end), *values = strtok_r(NULL, "\n", &names_end);
    char *name_at, *value_at;

    for (; names != NULL && values != NULL;
         names = strtok_r(NULL, "\n", &names_end), values = strtok_r(NULL, "\n", &names_end)) {
        char *name = strtok_r(names, " ", &name_at), *value = strtok_r(values, " ", &value_at);

        for (; name != NULL && value != NULL;
             name = strtok_r(NULL, " ", &name_at), value = strtok_r(NULL, " ", &value_at)) {
            if (strcmp(name, wanted) == 0)
                return strtoull(value, &values_end, 10);
        }
    }
    return 0;
}

void tcp_kernel_count(const struct tcp_kernel *kernel, struct tcp_figures *figures)
{
    struct tcp_info info;

    for (unsigned i = 0; i < kernel->begun; i++) {
        if (info_of(kernel->sender[i], &info))
            figures->retransmits += info.tcpi_total_retrans;
    }
    figures->timeouts += counter(kernel->counters, "TCPTimeouts");
    for (unsigned i = 0; i < 2; i++)
        figures->refused += kernel->tap[i] == NULL ? 0 : baro_tap_lost(kernel->tap[i]);
}
