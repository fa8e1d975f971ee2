/* host/device/xdp_setup.c: an AF_XDP socket: its memory, its four rings, its queue.
 *
 * Copy mode: the driver needs to know nothing of AF_XDP. The memory is of fixed size, half for each way: chunks of 2
 * KiB where a frame of the MTU fits one, else of 4 KiB, of which a frame takes several (XDP_USE_SG, Linux 6.6). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"

enum {
    HEADROOM = 256, /* that the kernel leaves in front of a received frame */
    SOCKET_BUFFER = 4 << 20,
    PATIENCE = 50
};

static int set(int fd, int option, const void *value, size_t size)
{
    return setsockopt(fd, SOL_XDP, option, value, (socklen_t)size);
}

static int open_memory(struct baro_link *link, struct xdp *xdp, char *error, size_t size)
{
    uint32_t frame = link->device.mtu + LINK_FRAME_EXTRA;
    struct xdp_umem_reg request = { 0 };

    xdp->received.chunk = frame + HEADROOM <= 2048 ? 2048 : 4096;
    xdp->received.chunks = XDP_CHUNKS;
    xdp->memory_octets = (uint64_t)xdp->received.chunk * XDP_CHUNKS * 2;
    xdp->pieces = (frame + xdp->received.chunk - 1) / xdp->received.chunk;
    if (xdp->pieces > XDP_PIECES) {
        errno = EMSGSIZE;
        return link_complain(error, size, "the MTU is more than AF_XDP's pieces hold");
    }
    xdp->memory = mmap(NULL, xdp->memory_octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (xdp->memory == MAP_FAILED) {
        xdp->memory = NULL;
        return link_complain(error, size, "no memory");
    }
    xdp->idle = malloc(XDP_CHUNKS * sizeof *xdp->idle);
    if (frame + HEADROOM > xdp->received.chunk) {
        xdp->whole_size = frame;
        xdp->whole = malloc((size_t)frame * BARO_BURST_LIMIT);
    }
    if (xdp->idle == NULL || (xdp->whole_size != 0 && xdp->whole == NULL))
        return link_complain(error, size, "no memory");
    for (xdp->idles = 0; xdp->idles < XDP_CHUNKS; xdp->idles++)
        xdp->idle[xdp->idles] = XDP_CHUNKS + xdp->idles;
    request.addr = (uint64_t)(uintptr_t)xdp->memory;
    request.len = xdp->memory_octets;
    request.chunk_size = xdp->received.chunk;
    if (set(link->fd, XDP_UMEM_REG, &request, sizeof request) < 0)
        return link_complain(error, size, errno == ENOBUFS ? "8 to 16 MiB cannot be locked (ulimit -l)"
                                                           : "the kernel does not take the socket's memory");
    return 0;
}

static int map_ring(struct baro_link *link, struct xdp_ring *ring, uint32_t entries, size_t entry_size, uint64_t page,
                    const struct xdp_ring_offset *offset)
{
    uint8_t *map;

    ring->map_octets = offset->desc + (uint64_t)entries * entry_size;
    map = mmap(NULL, ring->map_octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, link->fd, (off_t)page);
    if (map == MAP_FAILED)
        return -1;
    ring->map = map;
    ring->producer = (uint32_t *)(void *)(map + offset->producer);
    ring->consumer = (uint32_t *)(void *)(map + offset->consumer);
    ring->flags = (uint32_t *)(void *)(map + offset->flags);
    ring->entry = map + offset->desc;
    ring->size = entries;
    return 0;
}

static int open_rings(struct baro_link *link, struct xdp *xdp, char *error, size_t size)
{
    const uint32_t entries = XDP_CHUNKS;
    struct xdp_mmap_offsets offsets;
    socklen_t length = sizeof offsets;

    if (set(link->fd, XDP_UMEM_FILL_RING, &entries, sizeof entries) < 0 ||
        set(link->fd, XDP_UMEM_COMPLETION_RING, &entries, sizeof entries) < 0 ||
        set(link->fd, XDP_RX_RING, &entries, sizeof entries) < 0 ||
        set(link->fd, XDP_TX_RING, &entries, sizeof entries) < 0 ||
        getsockopt(link->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) < 0)
        return link_complain(error, size, "the kernel gives no rings");
    if (length != sizeof offsets) {
        errno = ENOSYS;
        return link_complain(error, size, "AF_XDP without need-wakeup: a kernel before 5.4");
    }
    if (map_ring(link, &xdp->fill, entries, sizeof(uint64_t), XDP_UMEM_PGOFF_FILL_RING, &offsets.fr) < 0 ||
        map_ring(link, &xdp->completion, entries, sizeof(uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING, &offsets.cr) < 0 ||
        map_ring(link, &xdp->rx, entries, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING, &offsets.rx) < 0 ||
        map_ring(link, &xdp->tx, entries, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING, &offsets.tx) < 0)
        return link_complain(error, size, "the rings cannot be mapped");
    for (uint32_t i = 0; i < XDP_CHUNKS; i++)
        *xdp_ring_address(&xdp->fill, xdp->fill.at++) = (uint64_t)i * xdp->received.chunk;
    xdp_ring_produced(&xdp->fill);
    return 0;
}

/* A queue is free again some milliseconds after the socket that had it was closed, so a restart waits a little. */
static int bind_patiently(int fd, const struct sockaddr_xdp *address)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    int result = -1;

    for (int i = 0; i < PATIENCE && result < 0; i++) {
        if (i != 0)
            nanosleep(&pause, NULL);
        result = bind(fd, (const struct sockaddr *)address, sizeof *address);
        if (result < 0 && errno != EBUSY)
            break;
    }
    return result;
}

static int bind_queue(struct baro_link *link, const struct xdp *xdp, char *error, size_t size)
{
    struct sockaddr_xdp address = { .sxdp_family = AF_XDP,
                                    .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP | XDP_USE_SG,
                                    .sxdp_ifindex = (uint32_t)link->index,
                                    .sxdp_queue_id = link->queue };

    if (bind_patiently(link->fd, &address) == 0)
        return 0;
    if (errno == EINVAL && xdp->whole == NULL) { /* a kernel before 6.6, and no frame needs it; or no such queue */
        address.sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP;
        if (bind_patiently(link->fd, &address) == 0)
            return 0;
    }
    if (errno == EINVAL)
        return link_complain(error, size,
                             xdp->whole == NULL ? "the interface has no such queue"
                                                : "the interface has no such queue, or the kernel none of the "
                                                  "pieces that its MTU needs (Linux 6.6)");
    return link_complain(error, size,
                         errno == EBUSY ? "another AF_XDP socket has that queue" : "the queue cannot be taken");
}

static int open_socket(struct baro_link *link, struct xdp *xdp, char *error, size_t size)
{
    const int buffer = SOCKET_BUFFER;

    link->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return link_complain(error, size, errno == EPERM ? "AF_XDP needs CAP_NET_RAW" : "the kernel has no AF_XDP");
    if (setsockopt(link->fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) < 0)
        (void)setsockopt(link->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (open_memory(link, xdp, error, size) < 0 || open_rings(link, xdp, error, size) < 0 ||
        bind_queue(link, xdp, error, size) < 0)
        return -1;
    return xdp_redirect(link, xdp, error, size);
}

static void close_ring(struct xdp_ring *ring)
{
    if (ring->map != NULL)
        munmap(ring->map, ring->map_octets);
}

/* The program first: from then on the kernel's stack has the frames again. */
static void xdp_close(struct baro_link *link)
{
    struct xdp *xdp = link->kind;
    const int fd[] = { xdp->attached, xdp->program, xdp->map, link->fd };

    for (unsigned i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
    }
    close_ring(&xdp->fill);
    close_ring(&xdp->completion);
    close_ring(&xdp->rx);
    close_ring(&xdp->tx);
    if (xdp->memory != NULL)
        munmap(xdp->memory, xdp->memory_octets);
    free(xdp->idle);
    free(xdp->whole);
    free(xdp);
}

static void xdp_count(struct baro_link *link)
{
    struct xdp_statistics statistics;
    socklen_t size = sizeof statistics;

    if (getsockopt(link->fd, SOL_XDP, XDP_STATISTICS, &statistics, &size) == 0)
        link->counts.overflowed = statistics.rx_dropped + (size == sizeof statistics ? statistics.rx_ring_full : 0);
}

/* All frames of the queue are ours, whatever their destination: the stack or switch behind it chooses. */
static int xdp_set_filter(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous)
{
    (void)context;
    (void)groups;
    (void)count;
    (void)promiscuous;
    return 0;
}

int xdp_open(struct baro_link *link, char *error, size_t size)
{
    struct xdp *xdp = calloc(1, sizeof *xdp);
    int saved;

    if (xdp == NULL)
        return link_complain(error, size, "no memory");
    xdp->map = xdp->program = xdp->attached = -1;
    link->kind = xdp;
    link->close = xdp_close;
    link->count = xdp_count;
    link->device.rx_burst = xdp_rx_burst;
    link->device.rx_end = xdp_rx_end;
    link->device.tx_room = xdp_tx_room;
    link->device.tx_burst = xdp_tx_burst;
    link->device.set_filter = xdp_set_filter;
    if (link->offloads)
        link->device.capabilities = BARO_DEVICE_RX_CHECKSUM;
    if (open_socket(link, xdp, error, size) == 0)
        return 0;
    saved = errno;
    xdp_close(link);
    errno = saved;
    return -1;
}
