/* baro/shard.h: several stacks, a core each, behind one address.
 *
 * Each stack is a *shard*: it has the same interface address, the same IP addresses and the same key as the others, its
 * own number, its own memory and its own sockets; they share nothing. Who has the wire asks baro_shard_of_frame() whose
 * a received frame is. A flow (protocol and both ends) is one shard's, whichever end sends: the hash is keyed, so
 * nobody outside can aim at one shard, and symmetric. So
 *
 *   - a server listens in every shard, and each accepts its share;
 *   - connect chooses a local port whose flow is its own shard's. A socket that was bound to a port before cannot
 *     choose: connect says -EADDRNOTAVAIL where the flow would be another's. Datagram sockets that are not connected
 *     hear what happens to be their shard's;
 *   - an ICMP error is the shard's whose packet it quotes, an echo request one shard's, echo replies everybody's;
 *   - fragments are everybody's, since only the first one tells the ports: all shards put them together, and all but
 *     the one whose flow it is drop the whole (BARO_DROP_SHARD_OTHER). The price is their memory in each shard;
 *   - ARP, neighbour discovery, IGMP, MLD, multicast and broadcast are everybody's; who asks for an address of ours is
 *     answered by shard 0 alone. Address configuration by servers (DHCP) is not shared: give addresses by hand. */
#ifndef BARO_SHARD_H
#define BARO_SHARD_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which one of how many a stack is. All shards of an address have the same count and key. */
struct baro_shard {
    uint32_t number, count; /* number below count; count 0 or 1: it is alone */
    uint64_t key[2];        /* from a secret source of randomness */
};

#define BARO_SHARD_ALL UINT32_MAX

/* Whose a received frame is, from its destination MAC on without FCS: 0 to count - 1, or BARO_SHARD_ALL: each gets a
 * copy. `number` is not looked at. What is too short to be anything is shard 0's, which counts it. */
uint32_t baro_shard_of_frame(const struct baro_shard *shard, struct baro_bytes frame);

/* The same of a burst of `count` frames, however many (0: nothing is done), in which those of a flow often come one
 * behind the other: the hash is made once for them. `whose` has room for `count` answers. */
void baro_shard_of_burst(const struct baro_shard *shard, const struct baro_bytes *frames, size_t count,
                         uint32_t *whose);

/* Whose a flow is, 0 to count - 1: IP protocol (6, 17) and its two ends, in any order, of one family. */
uint32_t baro_shard_of_flow(const struct baro_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                            const struct baro_endpoint *other);

#ifdef __cplusplus
}
#endif
#endif
