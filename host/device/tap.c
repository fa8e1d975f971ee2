/* host/device/tap.c: a TAP as a device.
 *
 * Plain reads and writes of one frame each, without virtio-net header: no offloads, every checksum is ours. A burst's
 * frames lie in one block of slots and stay there until rx_end. A write that the kernel refuses for lack of room
 * (its queue is 1,000 frames by default) is a lost frame, as on a real line. */
#include "baro/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TAP_FRAME_EXTRA = 18 }; /* Ethernet header and a VLAN tag */

struct baro_tap {
    struct baro_device device;
    int fd;
    uint32_t slot_size;
    uint64_t lost;
    uint8_t *slots; /* BARO_BURST_LIMIT of slot_size octets */
};

static unsigned tap_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct baro_tap *tap = context;
    unsigned count = 0;

    while (count < limit && count < BARO_BURST_LIMIT) {
        uint8_t *slot = tap->slots + (size_t)count * tap->slot_size;
        ssize_t octets = read(tap->fd, slot, tap->slot_size);

        if (octets < 0)
            break; /* EAGAIN, or the interface is down: nothing to take either way */
        if ((uint32_t)octets == tap->slot_size) {
            tap->lost++; /* one octet more than allowed fits a slot, so a full one was cut */
            continue;
        }
        frames[count++] = (struct baro_rx_frame){ .data = slot, .length = (uint32_t)octets };
    }
    return count;
}

static unsigned tap_tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

static unsigned tap_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct baro_tap *tap = context;

    for (unsigned i = 0; i < count; i++) {
        struct iovec part[3];

        for (unsigned j = 0; j < frames[i].parts; j++) {
            part[j].iov_base = (void *)(uintptr_t)frames[i].part[j].data;
            part[j].iov_len = frames[i].part[j].length;
        }
        if (writev(tap->fd, part, (int)frames[i].parts) < 0)
            tap->lost++;
    }
    return count;
}

static int open_tap(const char *name)
{
    struct ifreq request;
    int fd, saved;

    if (strlen(name) >= IFNAMSIZ) {
        errno = EINVAL;
        return -1;
    }
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(fd, TUNSETIFF, &request) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

struct baro_tap *baro_tap_open(const char *name, uint32_t mtu, struct baro_mac mac)
{
    struct baro_tap *tap;

    if (mtu < 68 || mtu > 65521) {
        errno = EINVAL;
        return NULL;
    }
    tap = calloc(1, sizeof *tap);
    if (tap == NULL)
        return NULL;
    tap->slot_size = mtu + TAP_FRAME_EXTRA + 1;
    tap->slots = malloc((size_t)tap->slot_size * BARO_BURST_LIMIT);
    tap->fd = tap->slots == NULL ? -1 : open_tap(name);
    if (tap->fd < 0) {
        int saved = errno;

        free(tap->slots);
        free(tap);
        errno = saved;
        return NULL;
    }
    tap->device = (struct baro_device){
        .context = tap,
        .mac = mac,
        .mtu = mtu,
        .rx_burst = tap_rx_burst,
        .tx_room = tap_tx_room,
        .tx_burst = tap_tx_burst,
    };
    return tap;
}

void baro_tap_close(struct baro_tap *tap)
{
    if (tap == NULL)
        return;
    close(tap->fd);
    free(tap->slots);
    free(tap);
}

const struct baro_device *baro_tap_device(struct baro_tap *tap)
{
    return &tap->device;
}

int baro_tap_descriptor(const struct baro_tap *tap)
{
    return tap->fd;
}

uint64_t baro_tap_lost(const struct baro_tap *tap)
{
    return tap->lost;
}
