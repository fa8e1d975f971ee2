/* transport/tcp/isn.c: numbers that an outsider must not guess: the initial sequence number (RFC 6528) and the
 * offset of our timestamps (RFC 7323 §5.4).
 *
 * ISN = M + F(four-tuple, key): M counts 4 us (RFC 9293 §3.4.1), F is SipHash under a key from the seed. Both values
 * go forward for one four-tuple and tell nothing about another. */
#include "transport/tcp/parts.h"

struct seq tcp_isn(struct tcp *tcp, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    return seq_of((uint32_t)(tcp->core->now.ns / (4 * NS_PER_US)) + demux_hash_by(&tcp->isn_key, local, remote));
}

uint32_t tcp_timestamp_offset(const struct tcp *tcp, const struct baro_endpoint *local,
                              const struct baro_endpoint *remote)
{
    return demux_hash_by(&tcp->timestamp_key, local, remote);
}
