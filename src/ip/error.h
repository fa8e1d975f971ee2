/* ip/error.h: ICMP errors that we send (RFC 1122 §3.2.2): whether one may be, and how many.
 *
 * None about an ICMP error, a packet to a group (IP's or the link's), a fragment that is not the first, or a source
 * that is not one host. Besides, two token buckets: a small one for each destination (hashed with a key) and one
 * for the stack, which takes a random one to three tokens each time, so that nobody can count through
 * it what the stack told others (SAD DNS, CVE-2020-25705). */
#ifndef IP_ERROR_H
#define IP_ERROR_H

#include "base/core.h"
#include "base/hash.h"
#include "codec/ip_packet.h"

enum {
    IP_ERROR_RATE = 500,         /* tokens a second, the stack's */
    IP_ERROR_BURST = 100,
    IP_ERROR_PEER_RATE = 10,     /* tokens a second, a destination's */
    IP_ERROR_PEER_BURST = 10,
    IP_ERROR_PEERS = 256,
    IP_ERROR_QUOTE = 576 - 28,   /* RFC 1812 §4.3.2.3: the error fits in 576 octets */
    IP_ERROR_QUOTE_V6 = 1280 - 48 /* RFC 4443 §2.4 (c): in the smallest MTU of IPv6 */
};

struct token_bucket {
    struct baro_instant filled_at;
    int64_t tokens;
};

struct ip_errors {
    struct core *core;
    struct hash_key key;
    struct token_bucket all, peer[IP_ERROR_PEERS];
};

void ip_errors_init(struct ip_errors *errors, struct core *core);

/* Records that the source of `packet` shall be told; its bytes stay borrowed until the drain ends. `source`: the
 * address to tell it from, family NONE: the interface's. `value`: the second word. Suppressed, it says why. */
void ip_error_intend(struct ip_errors *errors, const struct ip_packet *packet, struct baro_address source,
                     uint8_t type, uint8_t code, uint32_t value);

#endif
