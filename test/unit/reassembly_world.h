/* test/unit/reassembly_world.h: fragments' queue with memory that is counted, for the tests of both families. Each test
 * has its own copy. Included after cmocka.h. */
#ifndef TEST_REASSEMBLY_WORLD_H
#define TEST_REASSEMBLY_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "ip/reassembly.h"

static struct core core;
static struct reassembly reassembly;

static void *take(void *context, size_t bytes)
{
    (void)context;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context, (void)bytes;
    free(slab);
}

static int begin(void **state)
{
    static const uint8_t seed[32] = { 1 };

    (void)state;
    memset(&core, 0, sizeof core);
    core.slabs = (struct slabs){ .memory = { NULL, take, give_back }, .limit = 4 << 20 };
    random_init(&core.random, seed);
    wheel_init(&core.wheel, core.now);
    reassembly_init(&reassembly, &core);
    return 0;
}

static int end(void **state)
{
    (void)state;
    reassembly_release(&reassembly);
    return core.slabs.taken == 0 && core.slabs.charged == 0 ? 0 : -1;
}

#endif
