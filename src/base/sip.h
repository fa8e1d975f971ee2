/* base/sip.h: the rounds of SipHash, in place: where the number of words is known the compiler leaves nothing of the
 * loops. */
#ifndef BASE_SIP_H
#define BASE_SIP_H

#include "base/hash.h"

struct sip { uint64_t v[4]; };

static inline uint64_t sip_rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v[0] += s->v[1];
    s->v[2] += s->v[3];
    s->v[1] = sip_rotate(s->v[1], 13) ^ s->v[0];
    s->v[3] = sip_rotate(s->v[3], 16) ^ s->v[2];
    s->v[0] = sip_rotate(s->v[0], 32);
    s->v[2] += s->v[1];
    s->v[0] += s->v[3];
    s->v[1] = sip_rotate(s->v[1], 17) ^ s->v[2];
    s->v[3] = sip_rotate(s->v[3], 21) ^ s->v[0];
    s->v[2] = sip_rotate(s->v[2], 32);
}

static inline void sip_begin(struct sip *s, const struct hash_key *key)
{
    s->v[0] = key->word[0] ^ UINT64_C(0x736f6d6570736575);
    s->v[1] = key->word[1] ^ UINT64_C(0x646f72616e646f6d);
    s->v[2] = key->word[0] ^ UINT64_C(0x6c7967656e657261);
    s->v[3] = key->word[1] ^ UINT64_C(0x7465646279746573);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    sip_round(s);
    s->v[0] ^= word;
}

static inline uint64_t sip_end(struct sip *s)
{
    s->v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(s);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

/* SipHash-2-4 of `count` words, as hash_words(). */
static inline uint64_t sip_long(const struct hash_key *key, const uint64_t *words, size_t count)
{
    struct sip s;

    sip_begin(&s, key);
    for (size_t i = 0; i < count; i++)
        sip_word(&s, words[i]);
    sip_word(&s, (uint64_t)(count * 8 & 0xff) << 56);
    return sip_end(&s);
}

/* SipHash-1-3 of `count` words, as hash_words_short(). */
static inline uint64_t sip_short(const struct hash_key *key, const uint64_t *words, size_t count)
{
    uint64_t last = (uint64_t)(count * 8 & 0xff) << 56;
    struct sip s;

    sip_begin(&s, key);
    for (size_t i = 0; i < count; i++) {
        s.v[3] ^= words[i];
        sip_round(&s);
        s.v[0] ^= words[i];
    }
    s.v[3] ^= last;
    sip_round(&s);
    s.v[0] ^= last;
    s.v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

#endif
