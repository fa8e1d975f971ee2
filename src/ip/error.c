/* ip/error.c: see error.h. */
#include "ip/error.h"

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/ipv6_chain.h"

void ip_errors_init(struct ip_errors *errors, struct core *core)
{
    *errors = (struct ip_errors){ .core = core, .key = random_key(&core->random) };
    errors->all = (struct token_bucket){ core->now, IP_ERROR_BURST };
    for (unsigned i = 0; i < IP_ERROR_PEERS; i++)
        errors->peer[i] = (struct token_bucket){ core->now, IP_ERROR_PEER_BURST };
}

static void fill(struct token_bucket *bucket, struct baro_instant now, int64_t rate, int64_t burst)
{
    int64_t interval = NS_PER_S / rate;
    int64_t tokens = (now.ns - bucket->filled_at.ns) / interval;

    if (tokens <= 0)
        return;
    if (tokens >= burst - bucket->tokens) {
        bucket->tokens = burst;
        bucket->filled_at = now;
    } else {
        bucket->tokens += tokens;
        bucket->filled_at.ns += tokens * interval;
    }
}

static bool within_rate(struct ip_errors *errors, struct baro_address destination)
{
    struct core *core = errors->core;
    uint64_t words[2];
    struct token_bucket *peer;

    memcpy(words, destination.octet, sizeof words);
    peer = &errors->peer[hash_words(&errors->key, words, 2) % IP_ERROR_PEERS];
    fill(peer, core->now, IP_ERROR_PEER_RATE, IP_ERROR_PEER_BURST);
    fill(&errors->all, core->now, IP_ERROR_RATE, IP_ERROR_BURST);
    if (peer->tokens <= 0 || errors->all.tokens <= 0)
        return false;
    peer->tokens--;
    errors->all.tokens -= 1 + random_below(&core->random, 3);
    return true;
}

/* An error or a redirect, behind whatever headers? The one that is wrong may stand in front of it. */
static bool is_error_v6(const struct ip_packet *packet)
{
    struct baro_bytes whole = packet->whole;
    size_t at;

    if (whole.length < ipv6_header_SIZE || ipv6_chain_end(whole, &at) != IP_PROTOCOL_ICMPV6)
        return false;
    return at >= whole.length || icmpv6_is_error(whole.data[at]) || whole.data[at] == ICMPV6_REDIRECT;
}

/* RFC 4443 §2.4 (e). A path's MTU and an option that wants to be told about concern groups too. */
static int forbidden_v6(const struct ip_packet *packet, uint8_t type, uint8_t code)
{
    bool even_group =
        type == ICMPV6_PACKET_TOO_BIG || (type == ICMPV6_PARAMETER_PROBLEM && code == ICMPV6_UNKNOWN_OPTION);

    if (packet->to_group && !even_group)
        return address_is_multicast(packet->destination) ? BARO_TRACE_SUPPRESSED_TO_GROUP
                                                         : BARO_TRACE_SUPPRESSED_LINK_BROADCAST;
    if (is_error_v6(packet))
        return BARO_TRACE_SUPPRESSED_ABOUT_ERROR;
    if (address_is_unspecified(packet->source) || address_is_multicast(packet->source) ||
        (address_is_loopback(packet->source) && !packet->from_loopback))
        return BARO_TRACE_SUPPRESSED_BAD_SOURCE;
    return -1;
}

/* Which rule forbids an error about the packet; -1: none. */
static int forbidden(const struct ip_packet *packet)
{
    const struct baro_bytes *whole = &packet->whole;

    if (packet->to_group)
        return address_is_multicast(packet->destination) || address_is_limited_broadcast(packet->destination)
                   ? BARO_TRACE_SUPPRESSED_TO_GROUP
                   : BARO_TRACE_SUPPRESSED_LINK_BROADCAST;
    if (whole->length < ipv4_header_SIZE ||
        (read_be16(whole->data + CODEC_AT(ipv4_header, flags_offset)) & IPV4_OFFSET_MASK) != 0)
        return BARO_TRACE_SUPPRESSED_LATER_FRAGMENT;
    if (packet->protocol == IP_PROTOCOL_ICMP &&
        (packet->payload.length == 0 || icmp_is_error(packet->payload.data[0])))
        return BARO_TRACE_SUPPRESSED_ABOUT_ERROR;
    if (packet->source.octet[0] == 0 || packet->source.octet[0] >= 224 ||
        (address_is_loopback(packet->source) && !packet->from_loopback))
        return BARO_TRACE_SUPPRESSED_BAD_SOURCE;
    return -1;
}

void ip_error_intend(struct ip_errors *errors, const struct ip_packet *packet, struct baro_address source,
                     uint8_t type, uint8_t code, uint32_t value)
{
    struct core *core = errors->core;
    bool v6 = packet->source.family == BARO_FAMILY_IPV6;
    int why = v6 ? forbidden_v6(packet, type, code) : forbidden(packet);
    struct intent *intent;

    /* What stays in this host costs no bandwidth and no forwarding, which is what the limit is for (RFC 4443 §2.4
     * (f)). */
    if (why < 0 && !packet->from_loopback && !within_rate(errors, packet->source)) {
        core->counters.drops[BARO_DROP_ICMP_RATE_LIMIT]++;
        why = BARO_TRACE_SUPPRESSED_RATE_LIMIT;
    }
    if (why >= 0) {
        TRACE(core, ICMP_SUPPRESSED, TRACE_N(type), TRACE_N(code), TRACE_N(why));
        return;
    }
    intent = intent_add(&core->intents, INTENT_ICMP_ERROR);
    if (intent == NULL) {
        core_drop(core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->borrowed = packet->whole;
    intent->as.icmp = (struct intent_icmp){ .source = source, .destination = packet->source, .type = type,
                                            .code = code, .value = value };
}
