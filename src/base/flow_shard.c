/* base/flow_shard.c: see flow_shard.h. The two ends are put in order before they are hashed, so both directions are one flow. */
#include "base/flow_shard.h"

#include <assert.h>
#include <string.h>

struct end_words {
    uint64_t word[3]; /* address, port */
};

void flow_shard_init(struct flow_shard *shard, const struct baro_shard *config)
{
    assert(config->count <= 1 || config->number < config->count);
    shard->number = config->count <= 1 ? 0 : config->number;
    shard->count = config->count;
    hash_key_read(&shard->key, config->key);
}

static struct end_words words_of(const struct baro_endpoint *end)
{
    struct end_words words = { { 0, 0, end->port.number } };

    memcpy(words.word, end->address.octet, sizeof end->address.octet);
    return words;
}

static int compare(const struct end_words *a, const struct end_words *b)
{
    for (unsigned i = 0; i < 3; i++) {
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

uint32_t flow_shard_of(const struct flow_shard *shard, uint8_t protocol, const struct baro_endpoint *one,
                       const struct baro_endpoint *other)
{
    const struct end_words a = words_of(one), b = words_of(other);
    bool in_order = compare(&a, &b) <= 0;
    const struct end_words *first = in_order ? &a : &b, *second = in_order ? &b : &a;
    const uint64_t words[5] = { first->word[0], first->word[1], second->word[0], second->word[1],
                                (uint64_t)protocol << 32 | first->word[2] << 16 | second->word[2] };
    uint64_t hash = hash_words(&shard->key, words, 5);

    return shard->count <= 1 ? 0 : (uint32_t)((hash >> 32) * shard->count >> 32);
}
