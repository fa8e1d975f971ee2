/* base/random.h: all randomness of a stack, from the seed given at its creation.
 *
 * Numbers are SipHash-2-4 of a counter under a key from the seed: unpredictable to whoever does
 * not know the seed, the same for the same seed. Keys for the hashes of demux, ISN (RFC 6528),
 * ports (RFC 6056) and timestamps are drawn from it once each. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/hash.h"

struct random {
    struct hash_key key;
    uint64_t counter;
};

void random_init(struct random *random, const uint8_t seed[32]);
uint64_t random_u64(struct random *random);
/* Uniform in [0, limit); limit is not 0. */
uint32_t random_below(struct random *random, uint32_t limit);
struct hash_key random_key(struct random *random);

#endif
