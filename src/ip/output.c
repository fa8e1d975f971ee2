/* ip/output.c: see output.h. */
#include "ip/output.h"

#include <string.h>

#include "base/checksum.h"

void ip_ids_init(struct ip_ids *ids, struct core *core)
{
    ids->key = random_key(&core->random);
    for (unsigned i = 0; i < IP_ID_COUNTERS; i++)
        ids->counter[i] = (uint16_t)random_u64(&core->random);
}

uint16_t ip_id_next(struct ip_ids *ids, struct baro_address source, struct baro_address destination,
                    uint8_t protocol)
{
    uint64_t words[5] = { protocol };
    uint64_t hash;

    memcpy(&words[1], source.octet, sizeof source.octet);
    memcpy(&words[3], destination.octet, sizeof destination.octet);
    hash = hash_words(&ids->key, words, 5);
    /* The upper half moves the numbers of pairs that share a counter apart. */
    return (uint16_t)(ids->counter[hash % IP_ID_COUNTERS]++ + (hash >> 48));
}

void ip_write(const struct ip_message *message, const struct ip_piece *piece, uint8_t *to)
{
    struct ipv4_header header = { .version_length = 4 << 4 | ipv4_header_SIZE / 4,
                                  .tos = message->tos,
                                  .total_length = (uint16_t)(ipv4_header_SIZE + piece->length),
                                  .id = piece->id,
                                  .flags_offset = (uint16_t)(piece->offset / 8),
                                  .ttl = message->ttl,
                                  .protocol = message->protocol,
                                  .source = message->source,
                                  .destination = message->destination };

    if (piece->dont_fragment)
        header.flags_offset |= IPV4_DONT_FRAGMENT;
    if (piece->more)
        header.flags_offset |= IPV4_MORE_FRAGMENTS;
    ipv4_header_write(&header, to);
    write_be16(to + 10, checksum_fold(checksum_add(0, to, ipv4_header_SIZE)));
}
