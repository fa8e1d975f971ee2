/* src/steer.h: whose a packet is among the shards of an address. */
#ifndef STEER_H
#define STEER_H

#include "base/flow_shard.h"
#include "codec/ip_packet.h"

/* Is a packet this shard's, or everybody's? Only what came in fragments, or what somebody steered wrongly, can be
 * another's. */
bool steer_is_ours(const struct flow_shard *shard, const struct ip_packet *packet);

#endif
