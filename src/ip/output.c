/* ip/output.c: see output.h. */
#include "ip/output.h"

#include <string.h>

#include "base/checksum.h"

enum { TTL_DEFAULT = 64 };
#include "codec/ipv6_chain.h"

void ip_ids_init(struct ip_ids *ids, struct core *core)
{
    ids->shard = &core->shard;
    ids->key = random_key(&core->random);
    for (unsigned i = 0; i < IP_ID_COUNTERS; i++)
        ids->counter[i] = (uint16_t)random_u64(&core->random);
}

uint16_t ip_id_next(struct ip_ids *ids, struct baro_address source, struct baro_address destination,
                    uint8_t protocol)
{
    uint64_t words[5] = { protocol };
    uint64_t hash;
    uint32_t id;

    memcpy(&words[1], source.octet, sizeof source.octet);
    memcpy(&words[3], destination.octet, sizeof destination.octet);
    hash = hash_words(&ids->key, words, 5);
    /* The upper half moves the numbers of pairs that share a counter apart. */
    id = (uint32_t)ids->counter[hash % IP_ID_COUNTERS]++ + (uint32_t)(hash >> 48);
    return (uint16_t)(flow_shard_is_alone(ids->shard) ? id : id * ids->shard->count + ids->shard->number);
}

/* RFC 1122 §3.2.1.7: no datagram leaves with a TTL of zero. An IPv6 socket's hop limit may be that, and its peer of
 * IPv4. To groups it means this host only, and no wire sees it. */
static uint8_t ttl_v4(const struct ip_message *message)
{
    return message->ttl == 0 && !address_is_multicast(message->destination) ? TTL_DEFAULT : message->ttl;
}

static void write_v4(const struct ip_message *message, const struct ip_piece *piece, uint8_t *to)
{
    static const uint8_t alert[IPV4_ALERT_SIZE] = { IPV4_OPTION_ROUTER_ALERT, IPV4_ALERT_SIZE }; /* value 0 */
    unsigned octets = ip_header_length(message, piece);
    struct ipv4_header header = { .version_length = (uint8_t)(4 << 4 | octets / 4),
                                  .tos = message->tos,
                                  .total_length = (uint16_t)(octets + piece->length),
                                  .id = (uint16_t)piece->id,
                                  .flags_offset = (uint16_t)(piece->offset / 8),
                                  .ttl = ttl_v4(message),
                                  .protocol = message->protocol,
                                  .source = message->source,
                                  .destination = message->destination };

    if (piece->dont_fragment)
        header.flags_offset |= IPV4_DONT_FRAGMENT;
    if (piece->more)
        header.flags_offset |= IPV4_MORE_FRAGMENTS;
    ipv4_header_write(&header, to);
    if (message->router_alert)
        memcpy(to + ipv4_header_SIZE, alert, sizeof alert);
    write_be16(to + 10, checksum_fold(checksum_add(0, to, octets)));
}

static void write_v6(const struct ip_message *message, const struct ip_piece *piece, uint8_t *to)
{
    /* Padded to eight octets; the value 0 says: MLD (RFC 2711 §2.1). */
    static const uint8_t alert[IPV6_ALERT_SIZE] = { [2] = IPV6_OPTION_ROUTER_ALERT, [3] = 2, [6] = IPV6_OPTION_PADN };
    bool fragment = piece->more || piece->offset != 0;
    uint8_t next = fragment ? (uint8_t)IP_PROTOCOL_FRAGMENT : message->protocol;
    uint8_t *at = to + ipv6_header_SIZE;
    const struct ipv6_header header = {
        .version_class_flow = ipv6_first_word(message->tos, message->flow_label),
        .payload_length = (uint16_t)(piece->length + ip_header_length(message, piece) - ipv6_header_SIZE),
        .next_header = message->router_alert ? (uint8_t)IP_PROTOCOL_HOP_BY_HOP : next,
        .hop_limit = message->ttl,
        .source = message->source,
        .destination = message->destination
    };

    ipv6_header_write(&header, to);
    if (message->router_alert) {
        memcpy(at, alert, sizeof alert);
        at[0] = next;
        at += sizeof alert;
    }
    if (fragment) {
        const struct ipv6_fragment_header cut = { .next_header = message->protocol,
                                                  .offset_more = (uint16_t)(piece->offset | (piece->more ? 1U : 0)),
                                                  .id = piece->id };

        ipv6_fragment_header_write(&cut, at);
    }
}

void ip_write(const struct ip_message *message, const struct ip_piece *piece, uint8_t *to)
{
    if (message->destination.family == BARO_FAMILY_IPV4)
        write_v4(message, piece, to);
    else
        write_v6(message, piece, to);
}
