/* transport/tcp/isn.c: numbers that an outsider must not guess: the initial sequence number (RFC 6528) and the
 * offset of our timestamps (RFC 7323 §5.4).
 *
 * ISN = M + F(four-tuple, keys): M counts 4 us (RFC 9293 §3.4.1), F is one half of SipHash-2-4's 64 bits under a key from the
 * seed, and the offset of timestamps is the other half. Both go forward for one four-tuple and tell nothing about another,
 * nor about each other. What is hashed is the 64 bits that the demux has of the four-tuple under its own key already: nobody
 * sees these, and two four-tuples with the same ones are a matter of 2^32 connections, while a number has 32 bits. */
#include "base/sip.h"
#include "transport/tcp/parts.h"

struct tcp_numbers tcp_numbers(const struct tcp *tcp, uint64_t hash)
{
    uint64_t both = sip_long(&tcp->isn_key, &hash, 1);

    return (struct tcp_numbers){ .isn = seq_of((uint32_t)(tcp->core->now.ns / (4 * NS_PER_US)) + (uint32_t)both),
                                 .ts_offset = (uint32_t)(both >> 32) };
}
