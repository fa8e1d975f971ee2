/* base/flow_shard.c: see flow_shard.h. The two ends are put in order before they are hashed, so both directions are one
 * flow. The hash is made of each frame by who has the wire, so it is the short one: of it nobody sees more than which
 * of a few shards a flow has, and that by its timing at best. */
#include "base/flow_shard.h"

#include <string.h>

#include "base/bytes.h"

static uint32_t share_of(const struct flow_shard *shard, uint64_t hash)
{
    return shard->count <= 1 ? 0 : (uint32_t)((hash >> 32) * shard->count >> 32);
}

uint32_t flow_shard_of_ipv4(const struct flow_shard *shard, uint8_t protocol, uint32_t source, uint32_t destination,
                            uint16_t source_port, uint16_t destination_port)
{
    const uint64_t one = (uint64_t)source << 16 | source_port, other = (uint64_t)destination << 16 | destination_port;
    const uint64_t words[2] = { (one < other ? one : other) | (uint64_t)protocol << 48, one < other ? other : one };

    return share_of(shard, hash_words_short(&shard->key, words, 2));
}

uint32_t flow_shard_of_ipv6(const struct flow_shard *shard, uint8_t protocol, const uint8_t source[16],
                            const uint8_t destination[16], uint16_t source_port, uint16_t destination_port)
{
    uint64_t one[2], other[2], words[5];
    bool in_order;

    memcpy(one, source, sizeof one);
    memcpy(other, destination, sizeof other);
    in_order = one[1] != other[1]   ? one[1] < other[1]
               : one[0] != other[0] ? one[0] < other[0]
                                    : source_port < destination_port;
    memcpy(words, in_order ? one : other, sizeof one);
    memcpy(words + 2, in_order ? other : one, sizeof one);
    words[4] = (uint64_t)protocol << 32 | (uint64_t)(in_order ? source_port : destination_port) << 16 |
               (in_order ? destination_port : source_port);
    return share_of(shard, hash_words_short(&shard->key, words, 5));
}

uint32_t flow_shard_of(const struct flow_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                       const struct baro_endpoint *other)
{
    if (one->address.family != BARO_FAMILY_IPV6)
        return flow_shard_of_ipv4(shard, protocol, ipv4_number(one->address), ipv4_number(other->address),
                                  one->port.number, other->port.number);
    return flow_shard_of_ipv6(shard, protocol, one->address.octet, other->address.octet, one->port.number,
                              other->port.number);
}
