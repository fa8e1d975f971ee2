/* Whatever bytes come: parsing stays inside them, and what was parsed whole can be built again and reads
 * the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "baro/packet.h"

static void same_again(const struct baro_packet *packet)
{
    uint8_t *octets = malloc(65535);
    struct baro_packet again;
    ptrdiff_t length;

    assert(octets != NULL);
    length = baro_packet_build(packet, (struct baro_buffer){ octets, 65535 });
    assert(length > 0);
    assert(baro_packet_parse(&again, (struct baro_bytes){ octets, (size_t)length }) == BARO_DROP_NONE);
    assert(again.ip_checksum_right);
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
    struct baro_bytes bytes = { copy, size }, options;
    struct baro_packet packet;
    struct baro_tcp_option option;
    struct baro_tcp_options decoded;

    if (size == 0 || copy == NULL) {
        free(copy);
        return 0;
    }
    memcpy(copy, data, size);
    (void)baro_packet_parse_frame(&packet, bytes);
    (void)baro_packet_parse_quote(&packet, bytes);
    if (baro_packet_parse(&packet, bytes) == BARO_DROP_NONE)
        same_again(&packet);
    options = bytes;
    while (baro_tcp_option_next(&options, &option))
        assert(option.value.length <= size);
    baro_tcp_options_parse(&decoded, bytes);
    free(copy);
    return 0;
}
