/* base/hash.c: SipHash-2-4, two rounds a word and four at the end, and SipHash-1-3. */
#include "base/aes_hash.h"
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

void aes_hash_key_make(struct aes_hash_key *key, const struct hash_key *from)
{
    uint64_t number = 0;

    for (int i = 0; i < AES_HASH_BLOCKS; i++) {
        for (int j = 0; j <= AES_HASH_ROUNDS; j++) {
            for (int k = 0; k < 2; k++, number++)
                key->round[i][j][k] = sip_long(from, &number, 1);
        }
    }
}
