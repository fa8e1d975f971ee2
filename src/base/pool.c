/* base/pool.c: see pool.h. A place is a header of 16 bytes and the object behind it. */
#include "base/pool.h"

#include <assert.h>
#include <string.h>

enum { POOL_SLAB_BYTES = 65536 };

#define NEVER UINT32_MAX

void pool_init(struct pool *pool, struct slabs *slabs, size_t size, uint32_t limit)
{
    size_t object_size = (sizeof(struct pool_place) + size + 63) & ~(size_t)63;

    *pool = (struct pool){ .slabs = slabs, .object_size = object_size, .limit = limit, .surplus_at = NEVER };
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

static void forget_surplus(struct pool *pool)
{
    struct pool **link = &pool->slabs->surplus;

    if (!pool->surplus)
        return;
    while (*link != pool)
        link = &(*link)->surplus_next;
    *link = pool->surplus_next;
    pool->surplus = false;
}

void pool_release(struct pool *pool)
{
    forget_surplus(pool);
    for (uint32_t i = 0; i < pool->places >> pool->shift; i++)
        slab_give_back(pool->slabs, pool->slab[i], slab_bytes(pool));
    slab_give_back(pool->slabs, pool->slab, POOL_SLAB_LIMIT * sizeof *pool->slab);
    pool->slab = NULL;
    pool->slabs_now = 0;
    pool->used = pool->places = pool->fresh = pool->fresh_end = 0;
    pool->surplus_at = NEVER;
    pool->free_first = NULL;
}

static uint32_t places_now(const struct pool *pool)
{
    return pool->slabs_now << pool->shift;
}

/* Beside the slab that would go. */
static bool has_surplus(const struct pool *pool)
{
    return places_now(pool) - pool->used >= 2 * pool->per_slab + pool->used / 8;
}

/* It has none. The most objects with which it would have. */
static void watch(struct pool *pool)
{
    uint32_t most, used;

    pool->surplus_at = NEVER;
    if (pool->slabs_now < 2)
        return;
    most = (pool->slabs_now - 2) * pool->per_slab;
    used = (uint32_t)((uint64_t)most * 8 / 9);
    pool->surplus_at = used + 1 + (used + 1) / 8 <= most ? used + 1 : used;
}

/* The first number without a slab. The looking takes as long as the slab is large, at most. */
static uint32_t next_number(const struct pool *pool)
{
    uint32_t number = pool->places >> pool->shift;

    if (pool->slabs_now == number)
        return number;
    for (number = 0; pool->slab[number] != NULL;)
        number++;
    return number;
}

static __attribute__((noinline)) bool grow(struct pool *pool)
{
    uint32_t number;

    if (pool->slab == NULL) {
        pool->slab = slab_take(pool->slabs, POOL_SLAB_LIMIT * sizeof *pool->slab);
        if (pool->slab == NULL)
            return false;
    }
    number = next_number(pool);
    if (number == POOL_SLAB_LIMIT)
        return false;
    pool->slab[number] = slab_take(pool->slabs, slab_bytes(pool));
    if (pool->slab[number] == NULL)
        return false;
    pool->slabs_now++;
    pool->fresh = number << pool->shift;
    pool->fresh_end = pool->fresh + pool->per_slab;
    if (pool->fresh == pool->places)
        pool->places = pool->fresh_end;
    watch(pool);
    return true;
}

/* Of a place that is free and not the first one: the one before it in the list. The object's memory holds that. */
static inline struct pool_place **previous_of(struct pool_place *place)
{
    return (struct pool_place **)(void *)(place + 1);
}

void *pool_take(struct pool *pool)
{
    struct pool_place *place = pool->free_first;

    if (pool->used == pool->limit)
        return NULL;
    if (place != NULL) {
        pool->free_first = place->as.free_next;
        place->generation++;
        memset(place + 1, 0, pool->object_size - sizeof *place);
    } else {
        if (pool->fresh == pool->fresh_end && !grow(pool))
            return NULL;
        place = pool_place_at(pool, pool->fresh);
        place->index = pool->fresh++;
        place->generation = pool->past + 1;
    }
    pool->used++;
    return place + 1;
}

/* Told once: objects come and go around that number. */
static __attribute__((noinline)) void found_surplus(struct pool *pool)
{
    pool->surplus_at = NEVER;
    if (pool->surplus)
        return;
    pool->surplus = true;
    pool->looked = 0;
    pool->surplus_next = pool->slabs->surplus;
    pool->slabs->surplus = pool;
    if (pool->slabs->surplus_found != NULL)
        pool->slabs->surplus_found(pool->slabs);
}

void pool_give_back(struct pool *pool, void *object)
{
    struct pool_place *place = (struct pool_place *)object - 1, *next = pool->free_first;

    assert(place->generation & 1);
    place->generation++;
    place->as.free_next = next;
    if (next != NULL)
        *previous_of(next) = place;
    pool->free_first = place;
    if (--pool->used == pool->surplus_at)
        found_surplus(pool);
}

/* ---- slabs go ---- */

static void take_out(struct pool *pool, struct pool_place *place)
{
    struct pool_place *next = place->as.free_next;

    if (pool->free_first == place) {
        pool->free_first = next;
        return;
    }
    (*previous_of(place))->as.free_next = next;
    if (next != NULL)
        *previous_of(next) = *previous_of(place);
}

/* One that still has places which have never been touched is the next one to be used. */
static bool is_without_objects(const struct pool *pool, uint32_t number)
{
    if (pool->slab[number] == NULL || (pool->fresh != pool->fresh_end && pool->fresh >> pool->shift == number))
        return false;
    for (uint32_t i = 0; i < pool->per_slab; i++) {
        if (pool_place_at(pool, (number << pool->shift) + i)->generation & 1)
            return false;
    }
    return true;
}

static void give_back_slab(struct pool *pool, uint32_t number)
{
    for (uint32_t i = 0; i < pool->per_slab; i++) {
        struct pool_place *place = pool_place_at(pool, (number << pool->shift) + i);

        take_out(pool, place);
        if ((int32_t)(place->generation - pool->past) > 0)
            pool->past = place->generation;
    }
    slab_give_back(pool->slabs, pool->slab[number], slab_bytes(pool));
    pool->slab[number] = NULL;
    pool->slabs_now--;
}

/* The last ones first: then those that stay are in front. Returns how many of `most` are left; 0: there is more to look
 * at. */
static unsigned trim(struct pool *pool, unsigned most)
{
    for (uint32_t slabs = pool->places >> pool->shift; has_surplus(pool) && pool->looked < slabs; pool->looked++) {
        uint32_t number = slabs - 1 - pool->looked;

        if (most == 0)
            return 0;
        most--;
        if (is_without_objects(pool, number))
            give_back_slab(pool, number);
    }
    return most;
}

enum pools_trim pools_trim(struct slabs *slabs, unsigned most)
{
    struct pool *next;

    for (struct pool *pool = slabs->surplus; pool != NULL; pool = next) {
        next = pool->surplus_next;
        most = trim(pool, most);
        if (most == 0)
            return POOLS_TRIM_ON;
        if (has_surplus(pool))
            continue;
        forget_surplus(pool);
        watch(pool);
    }
    for (struct pool *pool = slabs->surplus; pool != NULL; pool = pool->surplus_next)
        pool->looked = 0;
    return slabs->surplus == NULL ? POOLS_TRIMMED : POOLS_TRIM_LATER;
}
