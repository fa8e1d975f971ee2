/* base/flow_shard.h: whose a flow is among the stacks that share an address (baro/shard.h). */
#ifndef BASE_FLOW_SHARD_H
#define BASE_FLOW_SHARD_H

#include "baro/shard.h"
#include "base/hash.h"

struct flow_shard {
    uint32_t number, count; /* 0 or 1: alone */
    struct hash_key key;
};

static inline void flow_shard_init(struct flow_shard *shard, const struct baro_shard *config)
{
    shard->number = config->count <= 1 ? 0 : config->number; /* below count in a stack; who only asks need not be one */
    shard->count = config->count;
    shard->key = (struct hash_key){ { config->key[0], config->key[1] } };
}

/* The numbers of the shards of flows; `shard->number` is not looked at. Addresses and ports are in the host's order. */
uint32_t flow_shard_of_ipv4(const struct flow_shard *shard, uint8_t protocol, uint32_t source, uint32_t destination,
                            uint16_t source_port, uint16_t destination_port);
uint32_t flow_shard_of_ipv6(const struct flow_shard *shard, uint8_t protocol, const uint8_t source[16],
                            const uint8_t destination[16], uint16_t source_port, uint16_t destination_port);
uint32_t flow_shard_of(const struct flow_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                       const struct baro_endpoint *other);

static inline bool flow_shard_is_alone(const struct flow_shard *shard)
{
    return shard->count <= 1;
}

/* Is the flow this shard's? */
static inline bool flow_shard_is_home(const struct flow_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                                      const struct baro_endpoint *other)
{
    return flow_shard_is_alone(shard) || flow_shard_of(shard, protocol, one, other) == shard->number;
}

#endif
