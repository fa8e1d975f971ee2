/* Whatever bytes come: parsing stays inside them, and what was parsed whole can be built again and reads
 * the same. A header's table reads and writes the same octets. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/explain.h"
#include "baro/packet.h"
#include "codec/arp.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "codec/tcp.h"
#include "codec/udp.h"

#define ROUND_TRIP(header)                                             \
    static void header##_trip(struct baro_bytes bytes)                 \
    {                                                                  \
        struct header value;                                           \
        uint8_t again[header##_SIZE];                                  \
        if (bytes.length < header##_SIZE)                              \
            abort();                                                   \
        header##_read(&value, bytes.data);                             \
        header##_write(&value, again);                                 \
        if (memcmp(again, bytes.data, header##_SIZE) != 0)             \
            abort();                                                   \
    }
ROUND_TRIP(arp_packet)
ROUND_TRIP(icmp_header)
ROUND_TRIP(ipv4_header)
ROUND_TRIP(ipv6_header)
ROUND_TRIP(ipv6_fragment_header)
ROUND_TRIP(tcp_header)
ROUND_TRIP(udp_header)

static void headers_trip(struct baro_bytes bytes)
{
    if (bytes.length >= arp_packet_SIZE)
        arp_packet_trip(bytes);
    if (bytes.length >= ipv4_header_SIZE)
        ipv4_header_trip(bytes);
    if (bytes.length >= ipv6_header_SIZE)
        ipv6_header_trip(bytes);
    if (bytes.length >= ipv6_fragment_header_SIZE)
        ipv6_fragment_header_trip(bytes);
    if (bytes.length >= tcp_header_SIZE)
        tcp_header_trip(bytes);
    if (bytes.length >= udp_header_SIZE)
        udp_header_trip(bytes);
    if (bytes.length >= icmp_header_SIZE)
        icmp_header_trip(bytes);
}

static void same_again(const struct baro_packet *packet)
{
    size_t room = 65535 + ipv6_header_SIZE;
    uint8_t *octets = malloc(room);
    struct baro_packet again;
    ptrdiff_t length;

    assert(octets != NULL);
    length = baro_packet_build(packet, (struct baro_buffer){ octets, room });
    assert(length > 0);
    assert(baro_packet_parse(&again, (struct baro_bytes){ octets, (size_t)length }) == BARO_DROP_NONE);
    assert(again.ip_checksum_right);
    assert(again.fragment == packet->fragment && again.id == packet->id && again.tos == packet->tos);
    assert(again.fragment_offset == packet->fragment_offset && again.more_fragments == packet->more_fragments);
    assert(again.flow_label == packet->flow_label && again.extensions.length == packet->extensions.length);
    assert(again.layer == packet->layer && again.flags == packet->flags && again.seq == packet->seq);
    assert(again.payload.length == packet->payload.length);
    assert(again.payload.length == 0 || memcmp(again.payload.data, packet->payload.data, again.payload.length) == 0);
    assert(again.layer == BARO_PACKET_OTHER || again.more_fragments || again.transport_checksum_right);
    free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size); /* of exactly this size, so that a read beyond it is seen */
    struct baro_bytes bytes = { copy, size };
    struct baro_packet packet;
    char words[256];

    if (size == 0 || copy == NULL) {
        free(copy);
        return 0;
    }
    memcpy(copy, data, size);
    headers_trip(bytes);
    (void)baro_frame_summary(bytes, BARO_LANGUAGE_ENGLISH, words, sizeof words);
    (void)baro_packet_parse_frame(&packet, bytes);
    (void)baro_packet_parse_quote(&packet, bytes);
    if (baro_packet_parse(&packet, bytes) == BARO_DROP_NONE)
        same_again(&packet);
    free(copy);
    return 0;
}
