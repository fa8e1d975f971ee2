/* host/device/packet_slot.h: what stands in a slot of an AF_PACKET socket's receive ring (TPACKET_V2 with
 * PACKET_VNET_HDR).
 *
 * A slot is the ring header, a gap, the virtio-net header and the frame, which may be cut off where the slot ends. */
#ifndef DEVICE_PACKET_SLOT_H
#define DEVICE_PACKET_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_net.h>

struct packet_slot {
    uint32_t at, length;   /* the frame's octets in the slot */
    uint32_t whole;        /* and all that it has */
    bool copied;           /* it is in the socket's queue, whole, too */
    bool tagged;
    bool sum_is_right;     /* somebody verified it */
    bool undone;           /* its checksum is to be completed from `start`, at `start` + `offset` */
    uint16_t start, offset;
    uint8_t gso_type;      /* VIRTIO_NET_HDR_GSO_..., the ECN bit taken off */
    uint16_t gso_size;
};

/* Reads a slot of `size` octets whose status is `status`. False: it says what cannot be. */
bool packet_slot_read(const uint8_t *slot, uint32_t size, uint32_t status, struct packet_slot *out);

/* What a virtio-net header says about a frame of `length` octets. False: its places are not in the frame. */
bool packet_slot_virtio(const struct virtio_net_hdr *header, uint32_t length, struct packet_slot *out);

#endif
