/* transport/tcp/syn_cookie.h: SYN+ACKs that remember for us (RFC 4987 §3.6, Appendix A).
 *
 * Where a half-open record would cost more than there is, its contents travel: our ISN is a keyed hash of the
 * four-tuple, the peer's ISN and the minute, to which a small number is added: which of eight MSS the peer's is, and
 * whether it has timestamps. The ACK brings ISN + 1 back, and only who saw the SYN+ACK can send it. With timestamps
 * the lower six bits of ours carry window scale, SACK and ECN; without them the connection has
 * none of these. The hash keeps 28 bits of proof against 2 periods of 64 s: one ACK in 2^27 of those made up at random
 * is believed, and only while cookies are being sent.
 *
 * Pure functions: the key, the moment and the segment's values come in. */
#ifndef TRANSPORT_TCP_SYN_COOKIE_H
#define TRANSPORT_TCP_SYN_COOKIE_H

#include "baro/types.h"
#include "base/hash.h"
#include "base/seq.h"
#include "base/time.h"

#define SYN_COOKIE_PERIOD_NS (64 * NS_PER_S)
#define SYN_COOKIE_LIFE_NS (2 * SYN_COOKIE_PERIOD_NS) /* one is good for 64 to 128 s */

/* What a cookie can carry. */
struct syn_cookie {
    uint16_t mss;                            /* made: the largest that is not above the peer's */
    bool timestamps;
    bool scaled, sack_permitted, ecn;        /* with timestamps only */
    uint8_t scale;                           /* 0 to 14 */
};

/* Our ISN. */
struct seq syn_cookie_make(const struct hash_key *key, const struct baro_endpoint *local,
                           const struct baro_endpoint *remote, struct seq irs, struct baro_instant now,
                           const struct syn_cookie *cookie);
/* Is `iss` an ISN of ours, made for this SYN not long ago? Fills MSS and timestamps. */
bool syn_cookie_check(const struct hash_key *key, const struct baro_endpoint *local, const struct baro_endpoint *remote,
                      struct seq irs, struct seq iss, struct baro_instant now, struct syn_cookie *cookie);

/* The timestamp of a SYN+ACK sent at `timestamp`: not later than that, at most 127 ms before it. */
uint32_t syn_cookie_timestamp(uint32_t timestamp, const struct syn_cookie *cookie);
/* What the echo of that says; `cookie` keeps the rest. */
void syn_cookie_read_timestamp(uint32_t echo, struct syn_cookie *cookie);

#endif
