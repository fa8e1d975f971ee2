/* base/flow_shard.h: whose a flow is among the stacks that share an address (baro/shard.h). */
#ifndef BASE_FLOW_SHARD_H
#define BASE_FLOW_SHARD_H

#include "baro/shard.h"
#include "base/hash.h"

struct flow_shard {
    uint32_t number, count; /* 0 or 1: alone */
    struct hash_key key;
};

void flow_shard_init(struct flow_shard *shard, const struct baro_shard *config);

/* The number of the shard; `shard->number` is not looked at. */
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
