/* host/device/packet.c: frames through an AF_PACKET socket.
 *
 * Received frames are lent from their slots of the ring, super-segments from buffers of our own, until rx_end. What the
 * kernel left undone: with offloads the stack is told so; without, the checksum is completed in the slot, and a
 * super-segment cut into copies, which may take more than one burst. Frames with a VLAN tag are dropped: the kernel has
 * taken the tag off, and without it they would pass for this network's.
 *
 * Sending is one sendmmsg a burst, a virtio-net header in front of each frame. */
#include "packet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>

#include "packet_slot.h"

static uint8_t *slot_at(const struct packet *packet, uint32_t number)
{
    return packet->ring + (size_t)number * packet->slot_size;
}

static volatile uint32_t *status_of(uint8_t *slot)
{
    return &((struct tpacket2_hdr *)(void *)slot)->tp_status;
}

/* The copy in the socket's queue of what did not fit its slot: its virtio-net header and all octets, or NULL. */
static uint8_t *take_large(struct baro_link *link, struct packet *packet, struct packet_slot *slot)
{
    uint8_t *memory = packet->large[packet->larges];
    struct virtio_net_hdr virtio;
    ssize_t octets = recv(link->fd, memory, PACKET_LARGE_OCTETS, MSG_DONTWAIT | MSG_TRUNC);

    if (octets < (ssize_t)sizeof virtio || (size_t)octets > PACKET_LARGE_OCTETS)
        return NULL;
    memcpy(&virtio, memory, sizeof virtio);
    slot->length = slot->whole = (uint32_t)octets - (uint32_t)sizeof virtio;
    return packet_slot_virtio(&virtio, slot->length, slot) ? memory + sizeof virtio : NULL;
}

/* Begins to cut what lies in the burst's next large buffer. */
static bool begin_cut(struct packet *packet, const uint8_t *data, const struct packet_slot *slot)
{
    uint8_t *memory = packet->large[packet->larges];

    if (data >= memory && data < memory + PACKET_LARGE_OCTETS) {
        packet->large[packet->larges] = packet->cut_memory;
        packet->cut_memory = memory;
    } else {
        memcpy(packet->cut_memory, data, slot->length);
        data = packet->cut_memory;
    }
    packet->cutting = whole_cut_begin(&packet->cut, data, slot->length, slot->gso_size, packet->piece_size);
    return packet->cutting;
}

static bool is_tcp_super(const struct packet_slot *slot)
{
    return slot->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 || slot->gso_type == VIRTIO_NET_HDR_GSO_TCPV6;
}

/* Makes of a slot's frame one to lend; false: there is none, it was dropped or is being cut. */
static bool take_frame(struct baro_link *link, struct packet *packet, uint8_t *memory, uint32_t status,
                       struct baro_rx_frame *frame)
{
    struct packet_slot slot;
    uint8_t *data;
    bool right = packet_slot_read(memory, packet->slot_size, status, &slot);

    data = memory + slot.at;
    if (slot.copied)
        data = take_large(link, packet, &slot);
    if (slot.tagged) {
        link->counts.tagged++;
        return false;
    }
    if (!right || data == NULL) {
        link->counts.malformed++;
        return false;
    }
    if (slot.length < slot.whole) { /* the socket's queue had no room for all of it */
        link->counts.overflowed++;
        return false;
    }
    if (slot.gso_type == VIRTIO_NET_HDR_GSO_NONE && slot.length > link->device.mtu + LINK_HEADER) {
        link->counts.too_long++;
        return false;
    }
    if (slot.gso_type != VIRTIO_NET_HDR_GSO_NONE && (!link->offloads || !is_tcp_super(&slot))) {
        *(begin_cut(packet, data, &slot) ? &link->counts.cut : &link->counts.malformed) += 1;
        return false;
    }
    if (slot.undone && !link->offloads) {
        (void)whole_complete(data, slot.length, slot.start, slot.offset);
        link->counts.completed++;
    }
    *frame = (struct baro_rx_frame){ .data = data, .length = slot.length };
    if (slot.gso_type != VIRTIO_NET_HDR_GSO_NONE)
        frame->gso_size = slot.gso_size;
    if (slot.undone || slot.sum_is_right)
        frame->checksum = BARO_RX_CHECKSUM_VERIFIED;
    link->counts.super_in += frame->gso_size != 0;
    link->counts.undone_in += frame->checksum == BARO_RX_CHECKSUM_VERIFIED;
    packet->larges += slot.copied;
    return true;
}

unsigned packet_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct baro_link *link = context;
    struct packet *packet = link->kind;
    unsigned count = 0;

    if (limit > BARO_BURST_LIMIT)
        limit = BARO_BURST_LIMIT;
    while (count < limit && packet->larges < PACKET_LARGE) {
        uint8_t *slot;
        uint32_t status;

        if (packet->cutting) {
            uint8_t *piece = packet->piece + (size_t)count * packet->piece_size;
            uint32_t length = whole_cut_next(&packet->cut, piece);

            packet->cutting = length != 0;
            if (packet->cutting)
                frames[count++] = (struct baro_rx_frame){ .data = piece,
                                                          .length = length,
                                                          .checksum = BARO_RX_CHECKSUM_VERIFIED };
            continue;
        }
        slot = slot_at(packet, packet->next);
        status = __atomic_load_n(status_of(slot), __ATOMIC_ACQUIRE);
        if ((status & TP_STATUS_USER) == 0 || packet->taken == packet->slots)
            break;
        packet->next = packet->next + 1 == packet->slots ? 0 : packet->next + 1;
        packet->taken++;
        count += take_frame(link, packet, slot, status, &frames[count]);
    }
    link->counts.frames_in += count;
    if (packet->taken == 0 && count == 0)
        link_look_for_errors(link);
    return count;
}

void packet_rx_end(void *context)
{
    struct baro_link *link = context;
    struct packet *packet = link->kind;
    uint32_t first = (packet->next + packet->slots - packet->taken) % packet->slots;

    for (; packet->taken != 0; packet->taken--) {
        __atomic_store_n(status_of(slot_at(packet, first)), TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        first = first + 1 == packet->slots ? 0 : first + 1;
    }
    packet->larges = 0;
}

unsigned packet_tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

unsigned packet_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct baro_link *link = context;
    struct packet *packet = link->kind;
    unsigned done = 0;

    if (count > BARO_BURST_LIMIT)
        count = BARO_BURST_LIMIT;
    for (unsigned i = 0; i < count; i++) {
        vnet_write(packet->virtio[i], &frames[i]);
        link->counts.super_out += frames[i].gso_size != 0;
        link->counts.undone_out += frames[i].checksum_start != 0;
        packet->part[i][0] = (struct iovec){ packet->virtio[i], VNET_HEADER };
        for (unsigned j = 0; j < frames[i].parts; j++)
            packet->part[i][1 + j] =
                (struct iovec){ (void *)(uintptr_t)frames[i].part[j].data, frames[i].part[j].length };
        packet->message[i].msg_hdr =
            (struct msghdr){ .msg_iov = packet->part[i], .msg_iovlen = 1 + (size_t)frames[i].parts };
    }
    while (done < count) {
        int sent = sendmmsg(link->fd, packet->message + done, count - done, MSG_DONTWAIT);

        if (sent > 0) {
            link->counts.frames_out += (unsigned)sent;
            done += (unsigned)sent;
            continue;
        }
        if (errno == EAGAIN || errno == ENOBUFS)
            break; /* no room: the rest is not sent */
        if (errno != EINTR) {
            link->counts.refused++;
            done++;
        }
    }
    link->counts.refused += count - done;
    return done;
}
