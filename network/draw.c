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

struct draw draw_derive(uint64_t seed, uint64_t kind, uint64_t index)
{
    struct draw random = { mixed(mixed(mixed(seed) + kind) + index) };
    return random;
}

uint64_t draw_next(struct draw *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    return mixed(random->state);
}

uint64_t draw_below(struct draw *random, uint64_t below)
{
    return draw_next(random) % below; /* below is far from 2^64: the bias is of no account */
}

bool draw_hits(struct draw *random, uint32_t ppm)
{
    return ppm != 0 && draw_below(random, 1000000) < ppm;
}

bool draw_share(struct draw *random, uint64_t part, uint64_t whole)
{
    return draw_below(random, whole) < part;
}
