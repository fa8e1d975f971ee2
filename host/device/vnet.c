/* host/device/vnet.c: see vnet.h.
 *
 * The fields are in this machine's byte order (what TAP and AF_PACKET speak unless told otherwise). Nothing in a header
 * is believed before it was held against the frame: offsets lie inside, a super-frame is TCP of the family that the
 * header claims, whole headers included. hdr_len is a hint that kernels fill in differently and is not read.
 *
 * A piece of at most gso_size octets is an ordinary segment and handed up as one. */
#include "device/vnet.h"

#include <linux/virtio_net.h>
#include <string.h>

#include "whole.h"

enum {
    ETHERNET = 14,
    TYPE_VLAN = 0x8100,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    TCP_CHECKSUM = 16,
    TCP_FLAGS = 13,
    FLAG_CWR = 0x80,
    UDP_CHECKSUM = 6,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17
};

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER, "virtio 1.2 §5.1.6");

const char *vnet_verdict_text(enum vnet_verdict verdict)
{
    static const char *const text[VNET_VERDICT_COUNT] = {
#define VNET_TEXT(name, words) [VNET_##name] = words,
        VNET_VERDICTS(VNET_TEXT)
#undef VNET_TEXT
    };

    return text[verdict];
}

/* Where the transport header of an unfragmented packet without IPv6 extension headers begins. */
struct transport {
    uint32_t at; /* from the frame's start; 0: no such packet */
    uint8_t protocol;
    bool v6;
};

static uint32_t be16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* `length` is at least ETHERNET. */
static struct transport find_transport(const uint8_t *data, uint32_t length)
{
    struct transport found = { 0, 0, false };
    uint32_t at = ETHERNET, type = be16(data + 12), header;

    if (type == TYPE_VLAN && length >= ETHERNET + 4) {
        type = be16(data + 16);
        at += 4;
    }
    if (type == TYPE_IPV6 && length - at >= 40)
        return (struct transport){ at + 40, data[at + 6], true };
    if (type != TYPE_IPV4 || length - at < 20 || (be16(data + at + 6) & 0x3fff) != 0)
        return found;
    header = (data[at] & 0x0fU) * 4;
    if (header >= 20 && header <= length - at)
        found = (struct transport){ at + header, data[at + 9], false };
    return found;
}

static enum vnet_verdict read_checksum(const struct virtio_net_hdr *header, const struct transport *transport,
                                       bool finish, uint8_t *data, struct baro_rx_frame *frame)
{
    uint32_t place = (uint32_t)header->csum_start + header->csum_offset;
    bool own;

    if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0) {
        if ((header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0)
            frame->checksum = BARO_RX_CHECKSUM_VERIFIED;
        return VNET_OK;
    }
    if (header->csum_start < ETHERNET || place + 2 > frame->length)
        return VNET_CHECKSUM_RANGE;
    own = transport->at == header->csum_start &&
          ((transport->protocol == PROTOCOL_TCP && header->csum_offset == TCP_CHECKSUM) ||
           (transport->protocol == PROTOCOL_UDP && header->csum_offset == UDP_CHECKSUM));
    if (own && !finish) {
        frame->checksum = BARO_RX_CHECKSUM_VERIFIED;
        return VNET_OK;
    }
    (void)whole_complete(data, frame->length, header->csum_start, header->csum_offset);
    if (own)
        frame->checksum = BARO_RX_CHECKSUM_VERIFIED;
    return VNET_OK;
}

static enum vnet_verdict read_super(const struct virtio_net_hdr *header, const struct transport *transport,
                                    const uint8_t *data, struct baro_rx_frame *frame)
{
    uint8_t kind = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
    uint32_t headers;

    if (kind == VIRTIO_NET_HDR_GSO_NONE)
        return VNET_OK;
    if ((kind != VIRTIO_NET_HDR_GSO_TCPV4 && kind != VIRTIO_NET_HDR_GSO_TCPV6) || transport->at == 0 ||
        transport->protocol != PROTOCOL_TCP || transport->v6 != (kind == VIRTIO_NET_HDR_GSO_TCPV6))
        return VNET_GSO_KIND;
    if (frame->checksum != BARO_RX_CHECKSUM_VERIFIED)
        return VNET_GSO_CHECKSUM;
    if (header->gso_size == 0)
        return VNET_GSO_SIZE;
    if (frame->length - transport->at < 20)
        return VNET_GSO_HEADERS;
    headers = transport->at + (data[transport->at + 12] >> 4) * 4U;
    if (headers < transport->at + 20 || headers > frame->length)
        return VNET_GSO_HEADERS;
    if (frame->length - headers > header->gso_size)
        frame->gso_size = header->gso_size;
    return VNET_OK;
}

enum vnet_verdict vnet_read(uint8_t *octets, uint32_t length, bool finish, struct baro_rx_frame *frame)
{
    struct virtio_net_hdr header;
    struct transport transport;
    enum vnet_verdict verdict;
    uint8_t *data = octets + VNET_HEADER;

    if (length < VNET_HEADER + ETHERNET)
        return VNET_SHORT;
    memcpy(&header, octets, sizeof header);
    *frame = (struct baro_rx_frame){ .data = data, .length = length - VNET_HEADER };
    if (header.flags == 0 && header.gso_type == VIRTIO_NET_HDR_GSO_NONE)
        return VNET_OK;
    transport = find_transport(data, frame->length);
    verdict = read_checksum(&header, &transport, finish, data, frame);
    return verdict == VNET_OK ? read_super(&header, &transport, data, frame) : verdict;
}

void vnet_write(uint8_t octets[VNET_HEADER], const struct baro_tx_frame *frame)
{
    struct virtio_net_hdr header = { .flags = 0, .gso_type = VIRTIO_NET_HDR_GSO_NONE };
    const uint8_t *data = frame->part[0].data;
    const size_t flags = (size_t)frame->checksum_start + TCP_FLAGS;

    if (frame->checksum_start != 0) {
        header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        header.csum_start = frame->checksum_start;
        header.csum_offset = frame->checksum_offset;
    }
    if (frame->gso_size != 0) {
        header.gso_type = be16(data + 12) == TYPE_IPV6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        header.gso_size = frame->gso_size;
        header.hdr_len = frame->header_length;
        if (frame->part[0].length > flags && (data[flags] & FLAG_CWR) != 0)
            header.gso_type |= VIRTIO_NET_HDR_GSO_ECN; /* RFC 3168 §6.1.2: CWR in the first piece alone */
    }
    memcpy(octets, &header, sizeof header);
}
