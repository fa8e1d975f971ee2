/* host/device/tap.c: a TAP as a device.
 *
 * One read or write a frame. Plain, a frame is as on a wire and every checksum is ours. With offloads a virtio-net
 * header stands in front of each (vnet.h): the kernel hands over TCP super-frames of up to 64 KiB, as it would to a
 * network card, takes such, and does neither side's checksums, since nothing leaves the machine. What a kernel does not
 * know is left out: super-frames, then checksums, then the header itself.
 *
 * A burst's frames lie one behind the other in one area and stay there until rx_end. The area holds a full burst of
 * frames of the MTU, and never fewer than four super-frames: large enough that a burst is worth its turn, small enough
 * to stay in the second-level cache. A burst ends when the next frame might not fit, so it may end before the kernel
 * has no more: who sees less than the limit must ask again until there is nothing, or sleep on the descriptor.
 *
 * A write that the kernel refuses for lack of room is a lost frame, as on a real line. */
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

#include "device/vnet.h"

enum {
    FRAME_EXTRA = 18,    /* Ethernet header and a VLAN tag */
    SUPER_LIMIT = 65535, /* octets of the largest IP packet */
    SUPERS = 4,          /* that the area holds */
    ALIGNMENT = 64       /* of each frame's header in the area */
};

struct baro_tap {
    struct baro_device device;
    int fd;
    uint32_t header;     /* octets of the virtio-net header: VNET_HEADER, or 0 */
    bool finish;
    uint32_t read_limit; /* octets that one read may give, one more than is allowed */
    size_t area_size;
    uint8_t *area;
    struct baro_tap_counts counts;
};

/* One frame of `octets` octets as read(2) gave it; false: refused. */
static bool take_frame(struct baro_tap *tap, uint8_t *at, uint32_t octets, struct baro_rx_frame *frame)
{
    enum vnet_verdict verdict = VNET_OK;

    if (tap->header == 0)
        *frame = (struct baro_rx_frame){ .data = at, .length = octets };
    else
        verdict = vnet_read(at, octets, tap->finish, frame);
    if (verdict != VNET_OK) {
        tap->counts.refused_in++;
        tap->counts.last_refusal = vnet_verdict_text(verdict);
        return false;
    }
    if (octets == tap->read_limit || (frame->gso_size == 0 && frame->length > tap->device.mtu + FRAME_EXTRA)) {
        tap->counts.too_large_in++;
        return false;
    }
    tap->counts.frames_in++;
    tap->counts.super_in += frame->gso_size != 0;
    tap->counts.undone_in += frame->checksum == BARO_RX_CHECKSUM_VERIFIED;
    return true;
}

static unsigned tap_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct baro_tap *tap = context;
    unsigned count = 0;
    size_t used = 0;

    while (count < limit && tap->area_size - used >= tap->read_limit) {
        ssize_t octets = read(tap->fd, tap->area + used, tap->read_limit);

        if (octets < 0)
            break; /* EAGAIN, or the interface is down: nothing to take either way */
        if (!take_frame(tap, tap->area + used, (uint32_t)octets, &frames[count]))
            continue;
        used += ((size_t)octets + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        count++;
    }
    return count;
}

/* They stand in the area until the next burst is read into it. */
static void tap_rx_end(void *context)
{
    (void)context;
}

static unsigned tap_tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

static unsigned tap_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct baro_tap *tap = context;
    uint8_t header[VNET_HEADER];
    struct iovec part[4];
    int first = tap->header == 0;

    part[0].iov_base = header;
    part[0].iov_len = tap->header;
    for (unsigned i = 0; i < count; i++) {
        if (tap->header != 0)
            vnet_write(header, &frames[i]);
        for (unsigned j = 0; j < frames[i].parts; j++) {
            part[1 + j].iov_base = (void *)(uintptr_t)frames[i].part[j].data;
            part[1 + j].iov_len = frames[i].part[j].length;
        }
        if (writev(tap->fd, part + first, (int)frames[i].parts + 1 - first) < 0) {
            tap->counts.refused_out++;
            continue;
        }
        tap->counts.frames_out++;
        tap->counts.super_out += frames[i].gso_size != 0;
        tap->counts.undone_out += frames[i].checksum_start != 0;
    }
    return count;
}

/* Attaches the descriptor to the TAP, with virtio-net headers or without. */
static bool attach(int fd, const char *name, bool headers)
{
    int size = VNET_HEADER;
    struct ifreq request;

    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (headers)
        request.ifr_flags |= IFF_VNET_HDR;
    return ioctl(fd, TUNSETIFF, &request) == 0 && (!headers || ioctl(fd, TUNSETVNETHDRSZ, &size) == 0);
}

static int open_tap(const char *name, bool headers)
{
    int fd, saved;

    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (attach(fd, name, headers))
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Asks the kernel for as much as it can. What the last user of a TAP had agreed on does not count. */
static void agree(struct baro_tap *tap)
{
    static const unsigned wanted[] = { TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
                                       TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TUN_F_CSUM };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)wanted[i]) != 0)
            continue;
        tap->device.capabilities = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM;
        if ((wanted[i] & TUN_F_TSO4) != 0)
            tap->device.capabilities |= BARO_DEVICE_TSO | BARO_DEVICE_LRO;
        break;
    }
    if (tap->finish) /* what is left to the kernel would look wrong where frames are captured on their way to it */
        tap->device.capabilities &= ~(uint32_t)(BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO);
}

/* The descriptor, and the area for what the kernel agreed on; false: errno. */
static bool open_all(struct baro_tap *tap, const char *name, unsigned offload)
{
    size_t least;

    tap->finish = (offload & BARO_TAP_FINISH) != 0;
    tap->fd = (offload & BARO_TAP_OFFLOAD) != 0 ? open_tap(name, true) : -1;
    if (tap->fd >= 0) {
        tap->header = VNET_HEADER;
        agree(tap);
    } else {
        tap->fd = open_tap(name, false);
    }
    if (tap->fd < 0)
        return false;
    if (tap->header == 0)
        (void)ioctl(tap->fd, TUNSETOFFLOAD, 0UL);
    tap->read_limit = tap->header + tap->device.mtu + FRAME_EXTRA + 1;
    least = (size_t)BARO_BURST_LIMIT * (tap->read_limit + ALIGNMENT);
    if ((tap->device.capabilities & BARO_DEVICE_LRO) != 0) {
        tap->read_limit = tap->header + SUPER_LIMIT + FRAME_EXTRA + 1;
        if (least < (size_t)SUPERS * (tap->read_limit + ALIGNMENT))
            least = (size_t)SUPERS * (tap->read_limit + ALIGNMENT);
    }
    tap->area_size = (least + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    tap->area = aligned_alloc(ALIGNMENT, tap->area_size);
    return tap->area != NULL;
}

struct baro_tap *baro_tap_open_offload(const char *name, uint32_t mtu, struct baro_mac mac, unsigned offload)
{
    struct baro_tap *tap;
    int saved;

    if (mtu < 68 || mtu > 65521 || strlen(name) >= IFNAMSIZ) {
        errno = EINVAL;
        return NULL;
    }
    tap = calloc(1, sizeof *tap);
    if (tap == NULL)
        return NULL;
    tap->device = (struct baro_device){
        .context = tap,
        .mac = mac,
        .mtu = mtu,
        .rx_burst = tap_rx_burst,
        .rx_end = tap_rx_end,
        .tx_room = tap_tx_room,
        .tx_burst = tap_tx_burst,
    };
    if (open_all(tap, name, offload))
        return tap;
    saved = errno;
    if (tap->fd >= 0)
        close(tap->fd);
    free(tap);
    errno = saved;
    return NULL;
}

struct baro_tap *baro_tap_open(const char *name, uint32_t mtu, struct baro_mac mac)
{
    return baro_tap_open_offload(name, mtu, mac, BARO_TAP_PLAIN);
}

void baro_tap_close(struct baro_tap *tap)
{
    if (tap == NULL)
        return;
    close(tap->fd);
    free(tap->area);
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
    return tap->counts.refused_in + tap->counts.too_large_in + tap->counts.refused_out;
}

void baro_tap_statistics(const struct baro_tap *tap, struct baro_tap_counts *counts)
{
    *counts = tap->counts;
}
