/* host/device/packet_setup.c: an AF_PACKET socket, its ring, its filter.
 *
 * TPACKET_V2: a frame is seen as soon as it is in its slot. V3 packs frames of any size into blocks, but shows a block
 * only when it is full or a millisecond or more has passed, which a round trip pays twice. A slot is for one frame of
 * the MTU; super-segments are queued at the socket whole and read from there (PACKET_COPY_THRESH), so the ring stays
 * small.
 *
 * The kernel's filter lets through what is for our address and for groups: whatever else the interface carries costs us
 * nothing. PACKET_QDISC_BYPASS: our frames do not wait behind the kernel's, and no other packet socket sees them. */
#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOT_EXTRA = 128 /* ring header, virtio-net header, alignment */ };

static int membership(struct baro_link *link, int type, const uint8_t *octets, bool join)
{
    struct packet_mreq request = { .mr_ifindex = link->index, .mr_type = (unsigned short)type };

    if (octets != NULL) {
        request.mr_alen = 6;
        memcpy(request.mr_address, octets, 6);
    }
    return setsockopt(link->fd, SOL_PACKET, join ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &request,
                      sizeof request);
}

/* Classic BPF over the destination: ours or a group's. */
static int attach_filter(struct baro_link *link, bool promiscuous)
{
    const uint8_t *mac = link->device.mac.octet;
    uint32_t high = (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    uint32_t low = (uint32_t)mac[4] << 8 | mac[5];
    struct sock_filter ours[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 4, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };
    struct sock_fprog program = { .len = promiscuous ? 1 : 8, .filter = promiscuous ? all : ours };

    return setsockopt(link->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int packet_set_filter(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous)
{
    struct baro_link *link = context;

    /* which groups is the stack's matter: the interface takes all, the list need not be kept here */
    (void)groups;
    (void)count;
    if (promiscuous == link->promiscuous)
        return 0;
    if (membership(link, PACKET_MR_PROMISC, NULL, promiscuous) < 0 || attach_filter(link, promiscuous) < 0)
        return -errno;
    link->promiscuous = promiscuous;
    return 0;
}

static int set_number(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

static int open_ring(struct baro_link *link, struct packet *packet, char *error, size_t size)
{
    uint32_t need = link->device.mtu + LINK_FRAME_EXTRA + SLOT_EXTRA;
    struct tpacket_req request;

    packet->slot_size = 2048;
    while (packet->slot_size < need)
        packet->slot_size *= 2;
    packet->slots = PACKET_RING / packet->slot_size;
    if (packet->slots < PACKET_SLOTS_LEAST)
        packet->slots = PACKET_SLOTS_LEAST;
    request.tp_frame_size = packet->slot_size;
    request.tp_frame_nr = packet->slots;
    request.tp_block_size = packet->slot_size < 65536 ? 65536 : packet->slot_size; /* whole slots, whole pages */
    request.tp_block_nr = packet->slots / (request.tp_block_size / packet->slot_size);
    packet->ring_octets = (size_t)packet->slot_size * packet->slots;
    if (set_number(link->fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2) < 0 ||
        set_number(link->fd, SOL_PACKET, PACKET_VNET_HDR, 1) < 0 ||
        set_number(link->fd, SOL_PACKET, PACKET_COPY_THRESH, 1) < 0)
        return link_complain(error, size, "the kernel's packet sockets lack TPACKET_V2 with PACKET_VNET_HDR");
    if (setsockopt(link->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0)
        return link_complain(error, size, "no receive ring");
    packet->ring = mmap(NULL, packet->ring_octets, PROT_READ | PROT_WRITE, MAP_SHARED, link->fd, 0);
    if (packet->ring == MAP_FAILED) {
        packet->ring = NULL;
        return link_complain(error, size, "the receive ring cannot be mapped");
    }
    return 0;
}

static int open_memory(struct baro_link *link, struct packet *packet, char *error, size_t size)
{
    bool done = true;

    packet->piece_size = link->device.mtu + LINK_FRAME_EXTRA;
    packet->piece = malloc((size_t)packet->piece_size * BARO_BURST_LIMIT);
    packet->cut_memory = malloc(PACKET_LARGE_OCTETS);
    for (unsigned i = 0; i < PACKET_LARGE; i++) {
        packet->large[i] = malloc(PACKET_LARGE_OCTETS);
        done = done && packet->large[i] != NULL;
    }
    return done && packet->piece != NULL && packet->cut_memory != NULL ? 0 : link_complain(error, size, "no memory");
}

/* The socket hears nothing until it is bound, so nothing arrives that the filter would not let through. */
static int open_socket(struct baro_link *link, struct packet *packet, char *error, size_t size)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = link->index };
    bool promiscuous = link->promiscuous;

    link->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return link_complain(error, size, errno == EPERM ? "packet sockets need CAP_NET_RAW" : "no packet socket");
    link->promiscuous = !promiscuous; /* so that either way is set */
    if (open_ring(link, packet, error, size) < 0)
        return -1;
    if (set_number(link->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) < 0 || attach_filter(link, promiscuous) < 0)
        return link_complain(error, size, "no filter of incoming frames");
    if (membership(link, promiscuous ? PACKET_MR_PROMISC : PACKET_MR_UNICAST,
                   promiscuous ? NULL : link->device.mac.octet, true) < 0 ||
        (!promiscuous && membership(link, PACKET_MR_ALLMULTI, NULL, true) < 0))
        return link_complain(error, size, "the interface does not take our address");
    link->promiscuous = promiscuous;
    (void)set_number(link->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    if (set_number(link->fd, SOL_SOCKET, SO_SNDBUFFORCE, PACKET_SOCKET_BUFFER) < 0)
        (void)set_number(link->fd, SOL_SOCKET, SO_SNDBUF, PACKET_SOCKET_BUFFER);
    if (set_number(link->fd, SOL_SOCKET, SO_RCVBUFFORCE, PACKET_SOCKET_BUFFER) < 0)
        (void)set_number(link->fd, SOL_SOCKET, SO_RCVBUF, PACKET_SOCKET_BUFFER);
    if (bind(link->fd, (struct sockaddr *)&address, sizeof address) < 0)
        return link_complain(error, size, "the packet socket cannot be bound to the interface");
    return 0;
}

static void packet_close(struct baro_link *link)
{
    struct packet *packet = link->kind;

    if (packet->ring != NULL)
        munmap(packet->ring, packet->ring_octets);
    if (link->fd >= 0)
        close(link->fd);
    for (unsigned i = 0; i < PACKET_LARGE; i++)
        free(packet->large[i]);
    free(packet->cut_memory);
    free(packet->piece);
    free(packet);
}

static void packet_count(struct baro_link *link)
{
    struct tpacket_stats statistics;
    socklen_t size = sizeof statistics;

    if (getsockopt(link->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0) /* and are 0 again */
        link->counts.overflowed += statistics.tp_drops;
}

int packet_open(struct baro_link *link, char *error, size_t size)
{
    struct packet *packet = calloc(1, sizeof *packet);
    int saved;

    if (packet == NULL)
        return link_complain(error, size, "no memory");
    link->kind = packet;
    link->close = packet_close;
    link->count = packet_count;
    link->device.rx_burst = packet_rx_burst;
    link->device.rx_end = packet_rx_end;
    link->device.tx_room = packet_tx_room;
    link->device.tx_burst = packet_tx_burst;
    link->device.set_filter = packet_set_filter;
    if (link->offloads)
        link->device.capabilities =
            BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM | BARO_DEVICE_TSO | BARO_DEVICE_LRO;
    if (open_memory(link, packet, error, size) == 0 && open_socket(link, packet, error, size) == 0)
        return 0;
    saved = errno;
    packet_close(link);
    errno = saved;
    return -1;
}
