/* service/random.h: the randomness of the services: transaction numbers, jitter, ports.
 *
 * ChaCha20 (RFC 8439 §2.3) of a counter under the 32 octets of seed that a service's configuration gives: what it draws
 * cannot be told from what it drew before, and the same seed draws the same. */
#ifndef SERVICE_RANDOM_H
#define SERVICE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct service_random {
    uint32_t key[8];
    uint64_t counter;
    uint8_t block[64];
    unsigned left; /* octets of the block not yet given out */
};

void service_random_init(struct service_random *random, const uint8_t seed[32]);
void service_random_fill(struct service_random *random, void *to, size_t octets);
uint32_t service_random_u32(struct service_random *random);
/* Uniform in [0, limit) but for a bias below limit / 2^32; limit is not 0. */
uint32_t service_random_below(struct service_random *random, uint32_t limit);

#endif
