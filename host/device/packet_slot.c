/* host/device/packet_slot.c: see packet_slot.h. The kernel writes slots, but nothing in one is used before it is
 * compared with the slot's size. */
#include "packet_slot.h"

#include <linux/if_packet.h>
#include <string.h>

bool packet_slot_virtio(const struct virtio_net_hdr *header, uint32_t length, struct packet_slot *out)
{
    out->sum_is_right = (header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0;
    out->undone = (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
    out->start = header->csum_start;
    out->offset = header->csum_offset;
    out->gso_type = (uint8_t)(header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN);
    out->gso_size = header->gso_size;
    if (out->undone &&
        (out->start > length || out->offset > length - out->start || length - out->start - out->offset < 2))
        return false;
    return out->gso_type == VIRTIO_NET_HDR_GSO_NONE || out->gso_size != 0;
}

bool packet_slot_read(const uint8_t *slot, uint32_t size, uint32_t status, struct packet_slot *out)
{
    struct tpacket2_hdr header;
    struct virtio_net_hdr virtio;

    memset(out, 0, sizeof *out);
    out->copied = (status & TP_STATUS_COPY) != 0; /* even if all else is wrong: the queue goes with the ring */
    out->tagged = (status & TP_STATUS_VLAN_VALID) != 0;
    memcpy(&header, slot, sizeof header);
    if (header.tp_mac < sizeof header + sizeof virtio || header.tp_mac > size ||
        header.tp_snaplen > size - header.tp_mac || header.tp_snaplen > header.tp_len)
        return false;
    out->at = header.tp_mac;
    out->length = header.tp_snaplen;
    out->whole = header.tp_len;
    memcpy(&virtio, slot + header.tp_mac - sizeof virtio, sizeof virtio);
    return packet_slot_virtio(&virtio, out->whole, out);
}
