/* Any octets behind an IPv6 header: the walk stays inside them, ends, and what it tells holds.
 *
 * Octet 0, bit 0: as a packet put together from fragments. Octet 1: the first next header. The rest stands
 * behind the IPv6 header. */
#include <stdlib.h>
#include <string.h>

#include "codec/icmpv6.h"
#include "codec/ipv6_chain.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void places(const struct ipv6_chain *chain, struct baro_bytes packet)
{
    require(chain->headers <= IPV6_CHAIN_HEADERS);
    require(chain->payload_at >= ipv6_header_SIZE && chain->payload_at <= packet.length);
    require(chain->payload_at <= IPV6_CHAIN_OCTETS);
    require(chain->protocol_at < chain->payload_at && packet.data[chain->protocol_at] == chain->protocol);
    require(chain->pointer < packet.length);
    if (chain->fragment) {
        require(chain->payload_at == chain->fragment_at + ipv6_fragment_header_SIZE);
        require(packet.data[chain->fragment_said_at] == IP_PROTOCOL_FRAGMENT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipv6_chain chain;
    struct baro_bytes packet;
    uint8_t *octets, last;
    size_t end;

    if (size < 2 || size > 20000)
        return 0;
    packet.length = ipv6_header_SIZE + size - 2;
    octets = calloc(1, packet.length); /* of exactly this size, so that a read beyond it is seen */
    require(octets != NULL);
    packet.data = octets;
    octets[0] = 0x60;
    octets[6] = data[1];
    memcpy(octets + ipv6_header_SIZE, data + 2, size - 2);
    ipv6_chain_walk(&chain, packet, (data[0] & 1) != 0);
    places(&chain, packet);
    require(chain.reason != BARO_DROP_NONE || chain.answer == IPV6_ANSWER_NONE);
    last = ipv6_chain_end(packet, &end);
    require(end <= packet.length);
    require(chain.reason != BARO_DROP_NONE || chain.fragment || (last == chain.protocol && end == chain.payload_at));
    require(!chain.fragment || (data[0] & 1) == 0);
    /* An error points at an octet that is really of the kind it complains about. */
    if (chain.answer != IPV6_ANSWER_NONE && chain.code == ICMPV6_UNKNOWN_NEXT_HEADER)
        require(octets[chain.pointer] == IP_PROTOCOL_HOP_BY_HOP);
    if (chain.answer != IPV6_ANSWER_NONE && chain.code == ICMPV6_UNKNOWN_OPTION)
        require((octets[chain.pointer] & 0x80) != 0);
    if (chain.answer != IPV6_ANSWER_NONE && chain.code == ICMPV6_BAD_FIELD)
        require(octets[chain.pointer + 1] != 0);
    free(octets);
    return 0;
}
