/* ethernet/claim.c: see claim.h. The constants are those of RFC 5227 §1.1. */
#include "ethernet/claim.h"

#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "codec/icmpv6.h"
#include "ethernet/arp.h"
#include "ethernet/frame.h"

enum {
    PROBE_WAIT_MS = 1000,
    PROBE_COUNT = 3,
    PROBE_LEAST_MS = 1000,
    PROBE_MOST_MS = 2000,
    ANNOUNCE_WAIT_MS = 2000,
    ANNOUNCE_COUNT = 2,
    ANNOUNCE_INTERVAL_MS = 2000,
    DEFEND_INTERVAL_S = 10,
    DETECT_WAIT_MS = 1000, /* RFC 4862 §5.4.2: MAX_RTR_SOLICITATION_DELAY */
    DETECT_COUNT = 1,      /* RFC 4862 §5.1: DupAddrDetectTransmits */
    DETECT_LISTEN_MS = 1000, /* RFC 4861 §10: RetransTimer */
    DETECT_LOOPED_COUNT = 3, /* RFC 7527 §4.1: MAX_MULTICAST_SOLICIT */
    NONCES_KNOWN = 8         /* of the last probes */
};

void claims_init(struct claims *claims, struct core *core)
{
    *claims = (struct claims){ .core = core, .key = random_key(&core->random) };
    for (unsigned i = 0; i < CLAIM_INTERFACES; i++) {
        claims->listen_ms[i] = DETECT_LISTEN_MS;
        claims->transmits[i] = DETECT_COUNT;
    }
    for (unsigned i = 0; i < CLAIM_LIMIT; i++)
        claims->claim[i].timer.kind = TIMER_ADDRESS;
}

void claims_release(struct claims *claims)
{
    for (unsigned i = 0; i < CLAIM_LIMIT; i++)
        wheel_cancel(&claims->core->wheel, &claims->claim[i].timer);
}

static void arm(struct claims *claims, struct claim *claim, int64_t ms)
{
    wheel_arm(&claims->core->wheel, &claim->timer, instant_add(claims->core->now, duration_ms(ms)));
}

static bool is_v6(const struct claim *claim)
{
    return claim->address.family == BARO_FAMILY_IPV6;
}

/* The nonce of a claim's probe: nobody else can know it, and we need not remember it (RFC 7527 §4.1). */
static uint64_t nonce_of(const struct claims *claims, const struct claim *claim, unsigned probe)
{
    uint64_t words[4] = { (uint64_t)claim->begun_at.ns, (uint64_t)(unsigned)claim->interface << 32 | probe };

    memcpy(&words[2], claim->address.octet, sizeof claim->address.octet);
    return hash_words(&claims->key, words, 4);
}

static void nonce_write(uint64_t nonce, uint8_t to[INTENT_NONCE])
{
    for (unsigned i = 0; i < INTENT_NONCE; i++)
        to[i] = (uint8_t)(nonce >> 8 * i);
}

/* To the few that could have it too, from nobody (RFC 4862 §5.4.2). */
static void detect(struct claims *claims, const struct claim *claim)
{
    struct intent *intent = intent_add(&claims->core->intents, INTENT_ND);

    if (intent == NULL) {
        core_drop(claims->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->as.nd = (struct intent_nd){ .type = ICMPV6_NEIGHBOUR_SOLICITATION,
                                        .interface = claim->interface,
                                        .source = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0),
                                        .destination = address_solicited_node(claim->address, claim->interface),
                                        .target = claim->address,
                                        .has_nonce = true };
    nonce_write(nonce_of(claims, claim, claim->sent), intent->as.nd.nonce);
    TRACE(claims->core, ADDRESS_PROBE, TRACE_A(claim->address), TRACE_N(claim->sent + 1), TRACE_N(claim->wanted));
}

static void ask(struct claims *claims, const struct claim *claim, struct baro_address sender)
{
    const struct intent_arp arp = { .operation = ARP_REQUEST,
                                    .interface = claim->interface,
                                    .sender = sender,
                                    .target = claim->address,
                                    .destination = ethernet_broadcast_mac() };

    arp_intend(claims->core, &arp);
}

static void probe(struct claims *claims, struct claim *claim)
{
    if (is_v6(claim)) {
        detect(claims, claim);
        claim->sent++;
        arm(claims, claim, claims->listen_ms[claim->interface]);
        return;
    }
    ask(claims, claim, baro_ipv4(0, 0, 0, 0));
    claim->sent++;
    if (claim->sent < PROBE_COUNT)
        arm(claims, claim, PROBE_LEAST_MS +
                               random_below(&claims->core->random, PROBE_MOST_MS - PROBE_LEAST_MS + 1));
    else
        arm(claims, claim, ANNOUNCE_WAIT_MS);
}

static void announce(struct claims *claims, struct claim *claim, unsigned count)
{
    claim->state = CLAIM_ANNOUNCING;
    ask(claims, claim, claim->address);
    claim->sent++;
    if (claim->sent < count)
        arm(claims, claim, ANNOUNCE_INTERVAL_MS);
    else
        claim->state = CLAIM_HELD;
}

int claim_begin(struct claims *claims, int interface, struct baro_address address, bool probe_first)
{
    struct claim *claim = claims->claim;

    while (claim < claims->claim + CLAIM_LIMIT && claim->state != CLAIM_FREE)
        claim++;
    if (claim == claims->claim + CLAIM_LIMIT)
        return -ENOSPC;
    claim->address = address;
    claim->interface = interface;
    claim->sent = 0;
    claim->wanted = is_v6(claim) ? claims->transmits[interface] : PROBE_COUNT;
    claim->looped = claim->defended = false;
    claim->begun_at = claims->core->now;
    if (probe_first) {
        claim->state = CLAIM_PROBING;
        arm(claims, claim, random_below(&claims->core->random, (is_v6(claim) ? DETECT_WAIT_MS : PROBE_WAIT_MS) + 1));
    } else {
        announce(claims, claim, 1);
    }
    return 0;
}

static struct claim *find(struct claims *claims, int interface, struct baro_address address)
{
    for (unsigned i = 0; i < CLAIM_LIMIT; i++) {
        struct claim *claim = &claims->claim[i];

        if (claim->state != CLAIM_FREE && claim->interface == interface && address_equal(claim->address, address))
            return claim;
    }
    return NULL;
}

void claim_end(struct claims *claims, int interface, struct baro_address address)
{
    struct claim *claim = find(claims, interface, address);

    if (claim == NULL)
        return;
    wheel_cancel(&claims->core->wheel, &claim->timer);
    claim->state = CLAIM_FREE;
}

const struct claim *claim_begins(const struct wheel_timer *timer)
{
    const struct claim *claim = (const struct claim *)(const void *)timer;

    return claim->state == CLAIM_PROBING && claim->sent == 0 ? claim : NULL;
}

static void verdict(struct claims *claims, const struct claim *claim, enum baro_trace_verdict verdict,
                    struct baro_mac other)
{
    TRACE(claims->core, ADDRESS_VERDICT, TRACE_A(claim->address), TRACE_N(verdict), TRACE_M(other));
}

const struct claim *claim_timer(struct claims *claims, struct wheel_timer *timer)
{
    struct claim *claim = (struct claim *)(void *)timer;

    if (claim->looped && claim->sent == claim->wanted) {
        claim->wanted += DETECT_LOOPED_COUNT;
        claim->looped = false;
    }
    if (claim->state == CLAIM_PROBING && claim->sent < claim->wanted) {
        probe(claims, claim);
        return NULL;
    }
    if (is_v6(claim)) {
        claim->state = CLAIM_HELD;
        verdict(claims, claim, BARO_TRACE_VERDICT_MINE, (struct baro_mac){ { 0 } });
        return claim;
    }
    if (claim->state == CLAIM_PROBING) {
        claim->sent = 0;
        announce(claims, claim, ANNOUNCE_COUNT);
        return claim;
    }
    announce(claims, claim, ANNOUNCE_COUNT);
    return NULL;
}

bool claim_is_echo(struct claims *claims, int interface, struct baro_address address, struct baro_bytes nonce)
{
    struct claim *claim = find(claims, interface, address);
    uint8_t own[INTENT_NONCE];

    if (claim == NULL || nonce.length != sizeof own)
        return false;
    for (unsigned back = 1; back <= NONCES_KNOWN && back <= claim->sent; back++) {
        nonce_write(nonce_of(claims, claim, claim->sent - back), own);
        if (memcmp(own, nonce.data, sizeof own) == 0) {
            claim->looped = claim->state == CLAIM_PROBING;
            verdict(claims, claim, BARO_TRACE_VERDICT_LOOPED, (struct baro_mac){ { 0 } });
            return true;
        }
    }
    return false;
}

bool claim_lose(struct claims *claims, int interface, struct baro_address address, struct baro_mac other)
{
    struct claim *claim = find(claims, interface, address);

    if (claim == NULL || claim->state != CLAIM_PROBING)
        return false;
    verdict(claims, claim, BARO_TRACE_VERDICT_TAKEN, other);
    claim_end(claims, interface, address);
    return true;
}

static enum claim_verdict defend(struct claims *claims, struct claim *claim, const struct arp_packet *arp)
{
    struct core *core = claims->core;
    bool may = !claim->defended ||
               instant_reached(core->now, instant_add(claim->defended_at, duration_s(DEFEND_INTERVAL_S)));

    TRACE(core, ARP_CONFLICT, TRACE_A(claim->address), TRACE_M(arp->sender_mac), TRACE_N(may));
    if (may) {
        claim->defended = true;
        claim->defended_at = core->now;
        ask(claims, claim, claim->address);
    }
    return CLAIM_DEFENDED;
}

enum claim_verdict claim_check(struct claims *claims, int interface, const struct arp_packet *arp, struct baro_mac own)
{
    bool is_probe = address_is_unspecified(arp->sender);
    struct claim *claim;

    if (mac_equal(arp->sender_mac, own))
        return CLAIM_NO_CONFLICT;
    claim = find(claims, interface, is_probe ? arp->target : arp->sender);
    if (claim == NULL)
        return CLAIM_NO_CONFLICT;
    if (claim->state == CLAIM_PROBING) {
        /* §2.1.1: the address in use, or another host that probes for it at the same time */
        TRACE(claims->core, ARP_CONFLICT, TRACE_A(claim->address), TRACE_M(arp->sender_mac), TRACE_N(0));
        return CLAIM_LOST;
    }
    return is_probe ? CLAIM_NO_CONFLICT : defend(claims, claim, arp);
}
