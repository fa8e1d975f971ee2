/* host/device/packet.h: an AF_PACKET socket with its ring, between packet.c (frames) and packet_setup.c (the
 * socket). */
#ifndef DEVICE_PACKET_H
#define DEVICE_PACKET_H

#include <linux/virtio_net.h>
#include <sys/socket.h>

#include "link_internal.h"
#include "vnet.h"
#include "whole.h"

enum {
    PACKET_RING = 4 << 20,    /* octets of the receive ring */
    PACKET_SLOTS_LEAST = 64,
    PACKET_LARGE = 8,         /* frames larger than a slot in one burst */
    PACKET_LARGE_OCTETS = LINK_SUPER + sizeof(struct virtio_net_hdr),
    PACKET_SOCKET_BUFFER = 4 << 20
};

struct packet {
    uint8_t *ring;
    size_t ring_octets;
    uint32_t slot_size, slots;
    uint32_t next, taken;     /* the slot to look at; how many before it the burst has taken */
    uint8_t *large[PACKET_LARGE]; /* what is too large for a slot, from the socket's queue */
    unsigned larges;          /* of the burst */
    uint8_t *piece;           /* BARO_BURST_LIMIT pieces of piece_size */
    uint32_t piece_size;
    uint8_t *cut_memory;      /* what is being cut */
    struct whole_cut cut;
    bool cutting;
    struct mmsghdr message[BARO_BURST_LIMIT];
    struct iovec part[BARO_BURST_LIMIT][4];
    uint8_t virtio[BARO_BURST_LIMIT][VNET_HEADER];
};

/* Frames to `mac` and to groups, or all. 0 or -errno. */
int packet_set_filter(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous);
/* The functions of the device. */
unsigned packet_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit);
void packet_rx_end(void *context);
unsigned packet_tx_room(void *context);
unsigned packet_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count);

#endif
