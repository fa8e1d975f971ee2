/* service/random.c: see random.h. */
#include "random.h"

#include <assert.h>
#include <string.h>

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

static void refill(struct service_random *random)
{
    const uint32_t first[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
                                 random->key[0], random->key[1], random->key[2], random->key[3],
                                 random->key[4], random->key[5], random->key[6], random->key[7],
                                 (uint32_t)random->counter, (uint32_t)(random->counter >> 32), 0, 0 };
    uint32_t x[16];

    memcpy(x, first, sizeof x);
    for (int i = 0; i < 10; i++) {
        quarter(&x[0], &x[4], &x[8], &x[12]);
        quarter(&x[1], &x[5], &x[9], &x[13]);
        quarter(&x[2], &x[6], &x[10], &x[14]);
        quarter(&x[3], &x[7], &x[11], &x[15]);
        quarter(&x[0], &x[5], &x[10], &x[15]);
        quarter(&x[1], &x[6], &x[11], &x[12]);
        quarter(&x[2], &x[7], &x[8], &x[13]);
        quarter(&x[3], &x[4], &x[9], &x[14]);
    }
    for (unsigned i = 0; i < 16; i++) {
        uint32_t word = x[i] + first[i];

        for (unsigned j = 0; j < 4; j++)
            random->block[i * 4 + j] = (uint8_t)(word >> 8 * j);
    }
    random->counter++;
    random->left = sizeof random->block;
}

void service_random_init(struct service_random *random, const uint8_t seed[32])
{
    *random = (struct service_random){ .counter = 0 };
    for (unsigned i = 0; i < 32; i++)
        random->key[i / 4] |= (uint32_t)seed[i] << 8 * (i % 4);
}

void service_random_fill(struct service_random *random, void *to, size_t octets)
{
    uint8_t *at = to;

    while (octets-- != 0) {
        if (random->left == 0)
            refill(random);
        *at++ = random->block[sizeof random->block - random->left--];
    }
}

uint32_t service_random_u32(struct service_random *random)
{
    uint8_t octets[4];

    service_random_fill(random, octets, sizeof octets);
    return (uint32_t)octets[3] << 24 | (uint32_t)octets[2] << 16 | (uint32_t)octets[1] << 8 | octets[0];
}

uint32_t service_random_below(struct service_random *random, uint32_t limit)
{
    assert(limit != 0);
    return (uint32_t)((uint64_t)service_random_u32(random) * limit >> 32);
}
