/* The network's randomness: splitmix64, seeded, the same on every machine. Each thing that
 * draws has a generator of its own, so that one wire's faults do not depend on what another
 * wire carries. */
#include "network_internal.h"

static uint64_t mixed(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

struct random random_derive(uint64_t seed, uint64_t kind, uint64_t index)
{
    struct random random = { mixed(mixed(mixed(seed) + kind) + index) };
    return random;
}

uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    return mixed(random->state);
}

uint64_t random_below(struct random *random, uint64_t below)
{
    return random_next(random) % below; /* below is far from 2^64: the bias is of no account */
}

bool random_hits(struct random *random, uint32_t ppm)
{
    return ppm != 0 && random_below(random, 1000000) < ppm;
}
