/* base/hash.h: SipHash-2-4 (Aumasson, Bernstein 2012), the keyed hash behind tables whose keys a peer
 * chooses. Words go in as they are (the hash of words is not that of their bytes on a big-endian machine). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key { uint64_t word[2]; };

/* A key from 16 octets, little-endian as in the SipHash paper. */
void hash_key_read(struct hash_key *key, const uint8_t octets[16]);

uint64_t hash_bytes(const struct hash_key *key, const uint8_t *data, size_t length);
uint64_t hash_words(const struct hash_key *key, const uint64_t *words, size_t count);
/* SipHash-1-3, one round a word and three at the end: for tables that give nothing of the hash away. */
uint64_t hash_words_short(const struct hash_key *key, const uint64_t *words, size_t count);

#endif
