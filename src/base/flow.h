/* base/flow.h: the flow label of IPv6 packets (RFC 6437 §3): one number for all packets of a flow, so that who spreads
 * packets over several ways by it keeps them in order, and which tells nobody else which flows we have. It is a keyed
 * hash of protocol and both ends, so that one that comes back for a moment (an RST, an ACK of TIME-WAIT) has it too. */
#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include "baro/types.h"
#include "base/hash.h"

/* 1 to 0xfffff; of IPv4, which has none, 0. */
uint32_t flow_label(const struct hash_key *key, uint8_t protocol, const struct baro_endpoint *local,
                    const struct baro_endpoint *remote);

#endif
