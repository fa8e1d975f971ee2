/* base/random.c: see random.h. */
#include "base/random.h"

#include <assert.h>

#include "base/sip.h"

void random_init(struct random *random, const uint8_t seed[32])
{
    /* Two keys from 32 octets: the second hashes the first, so that all of the seed counts. */
    struct hash_key low, high;

    hash_key_read(&low, seed);
    hash_key_read(&high, seed + 16);
    random->key.word[0] = hash_bytes(&high, seed, 16);
    random->key.word[1] = hash_bytes(&low, seed + 16, 16);
    random->counter = 0;
}

uint64_t random_u64(struct random *random)
{
    uint64_t block = random->counter++;

    return sip_long(&random->key, &block, 1);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
    assert(limit != 0);
    return (uint32_t)(((random_u64(random) & UINT32_MAX) * limit) >> 32);
}

struct hash_key random_key(struct random *random)
{
    struct hash_key key;

    key.word[0] = random_u64(random);
    key.word[1] = random_u64(random);
    return key;
}
