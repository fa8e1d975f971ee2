/* base/aes_hash.h: a keyed hash of two to six words by AES's rounds, on machines whose processors have them. For tables
 * that give nothing of the hash away.
 *
 * Two words are a block of 16 octets, which goes through four rounds under five random round keys of its own; the hash
 * is the sum (XOR) of the blocks, its upper half left out. Of two texts that differ in a block, the difference of that
 * block's result has each value with a probability of at most 2^-113 over its keys (Keliher, Sui: Exact maximum
 * expected differential and linear probability for two-round Advanced Encryption Standard, 2007: (53 / 2^34)^4 for
 * four). So 32 bits of the sum collide with at most 2^-17 for two texts that somebody chose; chance would be 2^-32, and
 * no pair is known that does better. Words go in as they are. In place: what has no vectors of AES calls nothing of
 * this. */
#ifndef BASE_AES_HASH_H
#define BASE_AES_HASH_H

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define AES_HASH 1
#endif

enum { AES_HASH_ROUNDS = 4, AES_HASH_BLOCKS = 3 };

struct aes_hash_key { uint64_t round[AES_HASH_BLOCKS][1 + AES_HASH_ROUNDS][2]; };

/* Has this machine AES's rounds? */
static inline bool aes_hash_is_there(void)
{
#ifdef AES_HASH
    return __builtin_cpu_supports("aes") != 0;
#else
    return false;
#endif
}

/* All round keys of a short one, by SipHash-2-4. */
void aes_hash_key_make(struct aes_hash_key *key, const struct hash_key *from);

#ifdef AES_HASH

#define WITH_AES __attribute__((target("aes")))

typedef long long aes_block __attribute__((vector_size(16)));

/* The number-th block of `count` words, what is missing of it as 0. */
WITH_AES static inline aes_block aes_hash_block(const struct aes_hash_key *key, const uint64_t *words, size_t count,
                                                size_t number)
{
    const uint64_t first = words[2 * number], second = 2 * number + 1 < count ? words[2 * number + 1] : 0;
    aes_block block = { (long long)first, (long long)second }, round;

    memcpy(&round, key->round[number][0], sizeof round);
    block ^= round;
    for (int i = 1; i <= AES_HASH_ROUNDS; i++) {
        memcpy(&round, key->round[number][i], sizeof round);
        block = __builtin_ia32_aesenc128(block, round);
    }
    return block;
}

/* Of 1 to 6 words. Only where aes_hash_is_there(). No loop, since callers know how many. */
WITH_AES static inline uint64_t aes_hash_words(const struct aes_hash_key *key, const uint64_t *words, size_t count)
{
    aes_block sum = aes_hash_block(key, words, count, 0);

    if (count > 2)
        sum ^= aes_hash_block(key, words, count, 1);
    if (count > 4)
        sum ^= aes_hash_block(key, words, count, 2);
    return (uint64_t)sum[0];
}

#endif

#endif
