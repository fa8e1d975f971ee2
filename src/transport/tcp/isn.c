/* transport/tcp/isn.c: numbers that an outsider must not guess: the initial sequence number (RFC 6528) and the
 * offset of our timestamps (RFC 7323 §5.4).
 *
 * ISN = M + F(four-tuple, key): M counts 4 us (RFC 9293 §3.4.1), F is SipHash under a key from the seed. Both values
 * go forward for one four-tuple and tell nothing about another. */
#include "transport/tcp/parts.h"

#include <string.h>

#include "base/bytes.h"

static uint32_t tuple_hash(const struct hash_key *key, const struct baro_endpoint *local,
                           const struct baro_endpoint *remote)
{
    uint8_t tuple[40] = { 0 };

    tuple[0] = local->address.family;
    memcpy(tuple + 2, local->address.octet, 16);
    memcpy(tuple + 18, remote->address.octet, 16);
    write_be16(tuple + 34, local->port.number);
    write_be16(tuple + 36, remote->port.number);
    return (uint32_t)hash_bytes(key, tuple, sizeof tuple);
}

struct seq tcp_isn(struct tcp *tcp, const struct baro_endpoint *local, const struct baro_endpoint *remote)
{
    return seq_of((uint32_t)(tcp->core->now.ns / (4 * NS_PER_US)) + tuple_hash(&tcp->isn_key, local, remote));
}

uint32_t tcp_timestamp_offset(const struct tcp *tcp, const struct baro_endpoint *local,
                              const struct baro_endpoint *remote)
{
    return tuple_hash(&tcp->timestamp_key, local, remote);
}
