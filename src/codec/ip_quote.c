/* codec/ip_quote.c: see ip_quote.h. */
#include "codec/ip_quote.h"

#include <assert.h>

#include "base/checksum.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"

enum { QUOTE_TTL = 64 };

static unsigned write_v4(uint8_t *to, struct baro_address source, struct baro_address destination, uint8_t protocol,
                         uint16_t length)
{
    const struct ipv4_header header = { .version_length = IPV4_VERSION_LENGTH,
                                        .total_length = (uint16_t)(ipv4_header_SIZE + length),
                                        .flags_offset = IPV4_DONT_FRAGMENT,
                                        .ttl = QUOTE_TTL,
                                        .protocol = protocol,
                                        .source = source,
                                        .destination = destination };

    ipv4_header_write(&header, to);
    write_be16(to + CODEC_AT(ipv4_header, checksum), checksum_fold(checksum_add(0, to, ipv4_header_SIZE)));
    return ipv4_header_SIZE;
}

static unsigned write_v6(uint8_t *to, struct baro_address source, struct baro_address destination, uint8_t protocol,
                         uint16_t length)
{
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0),
                                        .payload_length = length,
                                        .next_header = protocol,
                                        .hop_limit = QUOTE_TTL,
                                        .source = source,
                                        .destination = destination };

    ipv6_header_write(&header, to);
    return ipv6_header_SIZE;
}

unsigned ip_quote_write(uint8_t *to, struct baro_address source, struct baro_address destination, uint8_t protocol,
                        uint16_t length)
{
    assert(source.family == destination.family);
    if (source.family == BARO_FAMILY_IPV6)
        return write_v6(to, source, destination, protocol, length);
    return write_v4(to, source, destination, protocol, length);
}
