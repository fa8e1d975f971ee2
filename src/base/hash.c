/* base/hash.c: SipHash-2-4, two rounds a word and four at the end, and SipHash-1-3. */
#include "base/sip.h"

static uint64_t little_endian(const uint8_t *at, size_t octets)
{
    uint64_t word = 0;

    for (size_t i = 0; i < octets; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

void hash_key_read(struct hash_key *key, const uint8_t octets[16])
{
    key->word[0] = little_endian(octets, 8);
    key->word[1] = little_endian(octets + 8, 8);
}

uint64_t hash_bytes(const struct hash_key *key, const uint8_t *data, size_t length)
{
    struct sip s;
    size_t at = 0;

    sip_begin(&s, key);
    for (; length - at >= 8; at += 8)
        sip_word(&s, little_endian(data + at, 8));
    sip_word(&s, (uint64_t)(length & 0xff) << 56 | little_endian(data + at, length - at));
    return sip_end(&s);
}

uint64_t hash_words(const struct hash_key *key, const uint64_t *words, size_t count)
{
    return sip_long(key, words, count);
}

uint64_t hash_words_short(const struct hash_key *key, const uint64_t *words, size_t count)
{
    return sip_short(key, words, count);
}

/* ---- four at once ---- */

#ifdef OCTETS_AVX2

#define WITH_AVX2 __attribute__((target("avx2")))

typedef uint64_t lanes __attribute__((vector_size(32)));
typedef uint32_t lane_halves __attribute__((vector_size(32)));
typedef uint64_t lanes_anywhere __attribute__((vector_size(32), aligned(8), may_alias));

struct sip_lanes { lanes v[4]; };

WITH_AVX2 static inline __attribute__((always_inline)) void lanes_round(struct sip_lanes *s)
{
    s->v[0] += s->v[1];
    s->v[2] += s->v[3];
    s->v[1] = (s->v[1] << 13 | s->v[1] >> 51) ^ s->v[0];
    s->v[3] = (s->v[3] << 16 | s->v[3] >> 48) ^ s->v[2];
    s->v[0] = (lanes)__builtin_shufflevector((lane_halves)s->v[0], (lane_halves)s->v[0], 1, 0, 3, 2, 5, 4, 7, 6);
    s->v[2] += s->v[1];
    s->v[0] += s->v[3];
    s->v[1] = (s->v[1] << 17 | s->v[1] >> 47) ^ s->v[2];
    s->v[3] = (s->v[3] << 21 | s->v[3] >> 43) ^ s->v[0];
    s->v[2] = (lanes)__builtin_shufflevector((lane_halves)s->v[2], (lane_halves)s->v[2], 1, 0, 3, 2, 5, 4, 7, 6);
}

WITH_AVX2 static inline __attribute__((always_inline)) void lanes_word(struct sip_lanes *s, const lanes *word)
{
    s->v[3] ^= *word;
    lanes_round(s);
    s->v[0] ^= *word;
}

WITH_AVX2 void hash_lanes_avx2(const struct hash_key *key, const uint64_t word[][HASH_LANES], size_t count,
                               uint64_t hash[HASH_LANES])
{
    const lanes none = { 0 }, last = none + ((uint64_t)(count * 8 & 0xff) << 56);
    struct sip_lanes s;
    struct sip one;

    sip_begin(&one, key);
    for (int i = 0; i < 4; i++)
        s.v[i] = none + one.v[i];
    for (size_t i = 0; i < count; i++) {
        const lanes text = *(const lanes_anywhere *)word[i];

        lanes_word(&s, &text);
    }
    lanes_word(&s, &last);
    s.v[2] ^= none + 0xff;
    for (int i = 0; i < 3; i++)
        lanes_round(&s);
    *(lanes_anywhere *)hash = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

#endif
