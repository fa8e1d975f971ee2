/* bench/tap_net.c: the namespace, the TAP in it, and the kernel's end of the connection. */
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct baro_mac kernel_mac;

int tap_net_open(char *error, size_t size)
{
    /* who may not make one is root of a user namespace that he may make */
    if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
        return 0;
    snprintf(error, size, "no network namespace of its own: %s", strerror(errno));
    return -1;
}

struct baro_mac tap_net_kernel_mac(void)
{
    return kernel_mac;
}

static struct sockaddr_in address_of(unsigned which)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a090001 + which) };
}

/* The kernel's address, up, what its MAC address is, and ours where it would ask. */
static bool configure(int fd)
{
    struct sockaddr_in address = address_of(0), peer = address_of(1);
    struct sockaddr_in mask = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00) };
    struct arpreq neighbour = { .arp_flags = ATF_PERM | ATF_COM,
                                .arp_ha.sa_family = ARPHRD_ETHER,
                                .arp_dev = "bench0" };
    struct ifreq request = { .ifr_name = "bench0" };

    memcpy(&request.ifr_addr, &address, sizeof address);
    if (fd < 0 || ioctl(fd, SIOCSIFADDR, &request) != 0)
        return false;
    memcpy(&request.ifr_netmask, &mask, sizeof mask);
    if (ioctl(fd, SIOCSIFNETMASK, &request) != 0)
        return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0)
        return false;
    memcpy(kernel_mac.octet, request.ifr_hwaddr.sa_data, 6);
    memcpy(&neighbour.arp_pa, &peer, sizeof peer);
    memcpy(neighbour.arp_ha.sa_data, TAP_OUR_MAC.octet, 6);
    return ioctl(fd, SIOCSARP, &neighbour) == 0;
}

struct baro_tap *tap_net_device(bool plain, char *error, size_t size)
{
    struct baro_tap *tap =
        baro_tap_open_offload("bench0", 1500, TAP_OUR_MAC, plain ? BARO_TAP_PLAIN : BARO_TAP_OFFLOAD);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (tap == NULL || !configure(fd)) {
        snprintf(error, size, "a TAP (/dev/net/tun): %s", strerror(errno));
        baro_tap_close(tap);
        tap = NULL;
    } else if (!plain && (baro_tap_device(tap)->capabilities & BARO_DEVICE_TSO) == 0) {
        snprintf(error, size, "a TAP: this kernel has no offloads for it");
        baro_tap_close(tap);
        tap = NULL;
    }
    if (fd >= 0)
        close(fd);
    return tap;
}

/* The kernel's end; it ends with its process's parent, too. */
static void be_kernel(struct tap_shared *shared, bool out)
{
    static uint8_t data[TAP_CALL];
    const struct timeval patience = { .tv_usec = 100000 };
    struct sockaddr_in server = address_of(1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t octets;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    server.sin_port = htons(TAP_PORT);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (connect(fd, (const struct sockaddr *)&server, sizeof server) != 0 && errno != EISCONN && !shared->stop)
        usleep(1000);
    while (!shared->stop) {
        octets = out ? recv(fd, data, sizeof data, 0) : send(fd, data, sizeof data, MSG_NOSIGNAL);
        if (octets > 0)
            shared->octets += (uint64_t)octets;
        else if (octets == 0 || errno != EAGAIN)
            break;
    }
    _exit(0);
}

int tap_kernel_start(struct tap_shared *shared, bool out)
{
    int process;

    shared->octets = 0;
    shared->stop = false;
    process = fork();
    if (process == 0)
        be_kernel(shared, out);
    return process;
}

void tap_kernel_stop(struct tap_shared *shared, int process)
{
    shared->stop = true;
    kill(process, SIGKILL);
    (void)waitpid(process, NULL, 0);
}
