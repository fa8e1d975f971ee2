/* base/pool.c: see pool.h. A place is a header of 16 bytes and the object behind it. */
#include "base/pool.h"

#include <assert.h>
#include <string.h>

enum { POOL_SLAB_BYTES = 65536 };

void pool_init(struct pool *pool, struct slabs *slabs, size_t size, uint32_t limit)
{
    size_t object_size = (sizeof(struct pool_place) + size + 63) & ~(size_t)63;

    *pool = (struct pool){ .slabs = slabs, .object_size = object_size, .limit = limit };
    while (object_size << (pool->shift + 1) <= POOL_SLAB_BYTES)
        pool->shift++;
    /* A pool that may grow large takes larger slabs, so that the directory always suffices. */
    while (((uint64_t)POOL_SLAB_LIMIT << pool->shift) < limit)
        pool->shift++;
    pool->per_slab = UINT32_C(1) << pool->shift;
}

static size_t slab_bytes(const struct pool *pool)
{
    return pool->object_size << pool->shift;
}

void pool_release(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->slab_count; i++)
        slab_give_back(pool->slabs, pool->slab[i], slab_bytes(pool));
    slab_give_back(pool->slabs, pool->slab, POOL_SLAB_LIMIT * sizeof *pool->slab);
    pool->slab = NULL;
    pool->slab_count = 0;
    pool->used = pool->fresh = 0;
    pool->free_first = NULL;
}

static __attribute__((noinline)) bool grow(struct pool *pool)
{
    if (pool->slab == NULL) {
        pool->slab = slab_take(pool->slabs, POOL_SLAB_LIMIT * sizeof *pool->slab);
        if (pool->slab == NULL)
            return false;
    }
    if (pool->slab_count == POOL_SLAB_LIMIT)
        return false;
    pool->slab[pool->slab_count] = slab_take(pool->slabs, slab_bytes(pool));
    if (pool->slab[pool->slab_count] == NULL)
        return false;
    pool->slab_count++;
    return true;
}

void *pool_take(struct pool *pool)
{
    struct pool_place *place = pool->free_first;

    if (pool->used == pool->limit)
        return NULL;
    if (place != NULL) {
        pool->free_first = place->as.free_next;
        memset(place + 1, 0, pool->object_size - sizeof *place);
    } else {
        if (pool->fresh == pool->slab_count << pool->shift && !grow(pool))
            return NULL;
        place = pool_place_at(pool, pool->fresh);
        place->index = pool->fresh++;
    }
    place->generation++;
    pool->used++;
    return place + 1;
}

void pool_give_back(struct pool *pool, void *object)
{
    struct pool_place *place = (struct pool_place *)object - 1;

    assert(place->generation & 1);
    place->generation++;
    place->as.free_next = pool->free_first;
    pool->free_first = place;
    pool->used--;
}
