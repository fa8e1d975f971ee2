/* host/device/link.c: see baro/link.h. What an interface is, and what is the same for both kinds of links. */
#include "link_internal.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MTU_MOST = 65521 /* as a TAP's */, ERRORS_EVERY = 16 /* empty bursts between looks at the socket's error */ };

int link_complain(char *error, size_t size, const char *what)
{
    int saved = errno;

    snprintf(error, size, "%s: %s", what, strerror(saved));
    errno = saved;
    return -1;
}

void link_look_for_errors(struct baro_link *link)
{
    int error;
    socklen_t size = sizeof error;

    if (link->empty++ % ERRORS_EVERY == 0)
        (void)getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

static int refuse(char *error, size_t size, const char *why)
{
    snprintf(error, size, "%s", why);
    errno = EINVAL;
    return -1;
}

static bool link_is_up(void *context)
{
    const struct baro_link *link = context;
    struct ifreq request = { 0 };

    memcpy(request.ifr_name, link->name, sizeof request.ifr_name);
    return ioctl(link->control, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

static bool is_veth(const struct baro_link *link)
{
    struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
    struct ifreq request = { 0 };

    memcpy(request.ifr_name, link->name, sizeof request.ifr_name);
    request.ifr_data = (void *)&driver;
    return ioctl(link->control, SIOCETHTOOL, &request) == 0 && strcmp(driver.driver, "veth") == 0;
}

/* The interface's number, address and MTU. */
static int ask(struct baro_link *link, const struct baro_link_config *config, char *error, size_t size)
{
    static const struct baro_mac none;
    struct ifreq request = { 0 };

    memcpy(request.ifr_name, link->name, sizeof request.ifr_name);
    if (ioctl(link->control, SIOCGIFINDEX, &request) < 0)
        return link_complain(error, size, "no such interface");
    link->index = request.ifr_ifindex;
    if (ioctl(link->control, SIOCGIFHWADDR, &request) < 0)
        return link_complain(error, size, "the interface's address");
    if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return refuse(error, size, "not an Ethernet interface");
    link->device.mac = config->mac;
    if (memcmp(&config->mac, &none, sizeof none) == 0)
        memcpy(link->device.mac.octet, request.ifr_hwaddr.sa_data, 6);
    if (ioctl(link->control, SIOCGIFMTU, &request) < 0)
        return link_complain(error, size, "the interface's MTU");
    link->device.mtu = request.ifr_mtu > MTU_MOST ? MTU_MOST : (uint32_t)request.ifr_mtu;
    if (config->mtu > link->device.mtu)
        return refuse(error, size, "the interface's MTU is less than that");
    if (config->mtu != 0)
        link->device.mtu = config->mtu;
    return link->device.mtu < 68 ? refuse(error, size, "an MTU below 68") : 0;
}

struct baro_link *baro_link_open(const struct baro_link_config *config, char *error, size_t error_size)
{
    struct baro_link *link = calloc(1, sizeof *link);
    int result, saved;

    if (link == NULL) {
        link_complain(error, error_size, "no memory");
        return NULL;
    }
    link->fd = -1;
    link->queue = config->queue;
    link->offloads = config->offloads;
    link->promiscuous = config->promiscuous;
    link->device.context = link;
    link->device.link_up = link_is_up;
    link->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (strlen(config->interface) >= sizeof link->name)
        result = refuse(error, error_size, "an interface's name is up to 15 octets");
    else if (link->control < 0)
        result = link_complain(error, error_size, "no socket");
    else {
        strcpy(link->name, config->interface);
        result = ask(link, config, error, error_size);
    }
    if (result == 0) {
        link->local = is_veth(link);
        result =
            config->kind == BARO_LINK_XDP ? xdp_open(link, error, error_size) : packet_open(link, error, error_size);
    }
    if (result == 0) {
        if (config->gro)
            link->device.capabilities |= BARO_DEVICE_GRO;
        return link;
    }
    saved = errno;
    if (link->control >= 0)
        close(link->control);
    free(link);
    errno = saved;
    return NULL;
}

void baro_link_close(struct baro_link *link)
{
    if (link == NULL)
        return;
    link->close(link);
    close(link->control);
    free(link);
}

const struct baro_device *baro_link_device(struct baro_link *link)
{
    return &link->device;
}

int baro_link_descriptor(const struct baro_link *link)
{
    return link->fd;
}

void baro_link_counts(struct baro_link *link, struct baro_link_counts *counts)
{
    link->count(link);
    *counts = link->counts;
}
