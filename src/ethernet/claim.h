/* ethernet/claim.h: claiming and defending our own addresses (RFC 5227, RFC 4862 §5.4).
 *
 * An address with probing is asked for three times, one to two seconds apart, before it may be used; then, and
 * without probing at once, it is announced. An ARP packet of somebody else who uses it is a conflict: during
 * the probing the claim is lost; afterwards it is defended by an announcement, at most once in ten seconds, and
 * kept (§2.4 (c): a host whose connections matter more).
 *
 * An IPv6 address is asked for once by a neighbour solicitation from nobody, after up to a second, and is ours a second
 * later if nobody else has it or wants it at the same time. There is no defence: whoever asks is told. Each of these
 * questions carries a nonce: one that the network gives back to us is no other host's, and makes us ask three times
 * more before the address is ours, for as long as they come back (RFC 7527). */
#ifndef ETHERNET_CLAIM_H
#define ETHERNET_CLAIM_H

#include "base/core.h"
#include "base/hash.h"
#include "codec/arp.h"

enum { CLAIM_LIMIT = 16 * 8, CLAIM_INTERFACES = 17 };

enum claim_state { CLAIM_FREE, CLAIM_PROBING, CLAIM_ANNOUNCING, CLAIM_HELD };

struct claim {
    struct wheel_timer timer; /* first: a fired timer is its claim */
    struct baro_address address;
    int interface;
    enum claim_state state;
    unsigned sent;            /* probes or announcements so far */
    unsigned wanted;          /* IPv6: probes in all */
    bool looped;              /* IPv6: a probe of ours came back since the last one */
    bool defended;            /* at defended_at */
    struct baro_instant defended_at, begun_at;
};

struct claims {
    struct core *core;
    struct hash_key key;                    /* of nonces */
    uint32_t listen_ms[CLAIM_INTERFACES];   /* for an answer about an IPv6 address: RetransTimer (RFC 4861 §6.3.2) */
    uint8_t transmits[CLAIM_INTERFACES];    /* probes of an IPv6 address: DupAddrDetectTransmits (RFC 4862 §5.1) */
    struct claim claim[CLAIM_LIMIT];
};

void claims_init(struct claims *claims, struct core *core);
void claims_release(struct claims *claims);

/* -ENOSPC. With `probe` the address may be used only when claim_timer says so. */
int claim_begin(struct claims *claims, int interface, struct baro_address address, bool probe);
void claim_end(struct claims *claims, int interface, struct baro_address address);

/* A timer of kind TIMER_ADDRESS fired. Returns its claim when the probing is over and the address may be used. */
const struct claim *claim_timer(struct claims *claims, struct wheel_timer *timer);

/* The same: the claim whose first probe claim_timer sends, or NULL. */
const struct claim *claim_begins(const struct wheel_timer *timer);

/* Is that the nonce of a question of ours about that address, which has come back? */
bool claim_is_echo(struct claims *claims, int interface, struct baro_address address, struct baro_bytes nonce);

/* Another host has that IPv6 address, or wants it too: true when we were asking for it, and do so no longer. */
bool claim_lose(struct claims *claims, int interface, struct baro_address address, struct baro_mac other);

enum claim_verdict { CLAIM_NO_CONFLICT, CLAIM_DEFENDED, CLAIM_LOST };

/* Does an ARP packet conflict with a claim of ours? LOST: the address was being probed and is another's. */
enum claim_verdict claim_check(struct claims *claims, int interface, const struct arp_packet *arp,
                               struct baro_mac own);

#endif
