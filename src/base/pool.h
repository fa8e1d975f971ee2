/* base/pool.h: objects of one size, named by handles that outlive them safely.
 *
 * Objects live in slabs of 64 KiB or so that are taken as needed and never move, so a pointer stays good while
 * its object lives. A handle is an index and a generation: a handle to an object that was given back
 * resolves to NULL even after the place was used again. Free places form a list, last in first out, so hot
 * memory is used again first. Objects begin zeroed. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <assert.h>

#include "base/slab.h"

/* 0 is no object. */
struct handle { uint64_t value; };

#define HANDLE_NONE ((struct handle){ 0 })

static inline bool handle_is_none(struct handle handle)
{
    return handle.value == 0;
}

static inline bool handle_equal(struct handle a, struct handle b)
{
    return a.value == b.value;
}

#define POOL_SLAB_LIMIT 4096

struct pool {
    struct slabs *slabs;
    size_t object_size;   /* with the place's header, a multiple of 64 */
    uint32_t per_slab;    /* a power of two */
    uint32_t shift;       /* log2(per_slab) */
    uint32_t slab_count;
    uint32_t limit;       /* objects at most */
    uint32_t used;        /* objects now */
    uint32_t fresh;       /* places ever used; those above have never been touched */
    struct pool_place *free_first; /* the place given back last, NULL: none */
    uint8_t **slab;       /* POOL_SLAB_LIMIT pointers, a slab of its own */
};

/* `limit` objects of `size` bytes at most. Takes no memory yet. */
void pool_init(struct pool *pool, struct slabs *slabs, size_t size, uint32_t limit);
/* Gives all slabs back; objects still in use are gone. */
void pool_release(struct pool *pool);

/* A zeroed object, or NULL at the limit or when memory fails. */
void *pool_take(struct pool *pool);
void pool_give_back(struct pool *pool, void *object);

/* In front of each object. */
struct pool_place {
    uint32_t index;
    uint32_t generation; /* odd while in use */
    union {
        struct pool_place *free_next;
        uint64_t octets; /* so many wherever it is compiled */
    } as;
};

static inline struct pool_place *pool_place_at(const struct pool *pool, uint32_t index)
{
    uint8_t *slab = pool->slab[index >> pool->shift];

    return (struct pool_place *)(void *)(slab + pool->object_size * (index & (pool->per_slab - 1)));
}

/* The object, or NULL if it was given back. */
static inline void *pool_resolve(const struct pool *pool, struct handle handle)
{
    uint32_t index = (uint32_t)handle.value, generation = (uint32_t)(handle.value >> 32);
    struct pool_place *place;

    if (handle.value == 0 || index >= pool->fresh)
        return NULL;
    place = pool_place_at(pool, index);
    return place->generation == generation ? place + 1 : NULL;
}

static inline struct handle pool_handle(const struct pool *pool, const void *object)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    (void)pool;
    assert(place->generation & 1);
    return (struct handle){ (uint64_t)place->generation << 32 | place->index };
}

/* Is `object`, which this handle resolved to once, still the same? Memory of a pool stays until the pool goes. */
static inline bool pool_is_still(const void *object, struct handle handle)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    return place->generation == (uint32_t)(handle.value >> 32);
}

/* Where the object with this place number is, if it still is, without looking at it; NULL: nowhere. For those who only ask memory for it. */
static inline void *pool_foresee(const struct pool *pool, uint32_t index)
{
    return index >= pool->fresh ? NULL : pool_place_at(pool, index) + 1;
}

/* The handle of the object at a place that pool_foresee() told of, HANDLE_NONE when that place is free. */
static inline struct handle pool_handle_there(const void *object)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    return (place->generation & 1) != 0 ? (struct handle){ (uint64_t)place->generation << 32 | place->index } : HANDLE_NONE;
}

/* The handle of the object with this place number, HANDLE_NONE when that place is free. */
static inline struct handle pool_handle_at(const struct pool *pool, uint32_t index)
{
    uint32_t generation = index >= pool->fresh ? 0 : pool_place_at(pool, index)->generation;

    return (generation & 1) != 0 ? (struct handle){ (uint64_t)generation << 32 | index } : HANDLE_NONE;
}

/* Object by place number, 0 to fresh - 1; NULL when that place is free. For walks. */
static inline void *pool_at(const struct pool *pool, uint32_t index)
{
    struct pool_place *place;

    if (index >= pool->fresh)
        return NULL;
    place = pool_place_at(pool, index);
    return place->generation & 1 ? place + 1 : NULL;
}

#endif
