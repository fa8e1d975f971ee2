/* transport/tcp/isn.c: numbers that an outsider must not guess: the initial sequence number (RFC 6528) and the
 * offset of our timestamps (RFC 7323 §5.4).
 *
 * ISN = M + F(four-tuple, keys): M counts 4 us (RFC 9293 §3.4.1), F is one half of SipHash-2-4's 64 bits under a key
 * from the seed, and the offset of timestamps is the other half. Both go forward for one four-tuple and tell nothing
 * about another, nor about each other. The demux's own hash is not asked: it is another on another processor, and a run
 * is to be the same on all. */
#include "transport/tcp/parts.h"

struct tcp_numbers tcp_numbers(const struct tcp *tcp, const struct baro_endpoint *local,
                               const struct baro_endpoint *remote)
{
    uint64_t both = demux_hash_by(&tcp->isn_key, local, remote);

    return (struct tcp_numbers){ .isn = seq_of((uint32_t)(tcp->core->now.ns / (4 * NS_PER_US)) + (uint32_t)both),
                                 .ts_offset = (uint32_t)(both >> 32) };
}
