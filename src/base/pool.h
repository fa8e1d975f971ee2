/* base/pool.h: objects of one size, named by handles that outlive them safely.
 *
 * Objects live in slabs of 64 KiB or so, larger for a pool with a high limit, that are taken as needed and never move,
 * so a pointer stays good while its object lives. A handle is an index and a generation: a handle to an object that was
 * given back resolves to NULL even after the place was used again. Free places form a list, last in first out, so hot
 * memory is used again first. Objects begin zeroed.
 *
 * A pool has surplus while two slabs' places are free, and an eighth of those in use: so one at the border of a slab
 * keeps it. That it begins to have some is seen by a comparison with one number; then the owner of the slabs is told,
 * and has pools_trim() called, at moments when nobody holds the address of an object that is no more. It looks through
 * a few slabs a call, and those without objects go, until nothing is surplus. Where objects stand here and there in all
 * slabs, it is worth another look later. Of the handles of a slab that went, one generation is remembered with which
 * the next slab begins. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <assert.h>

#include "base/inline.h"
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
    uint32_t limit;       /* objects at most */
    uint32_t used;        /* objects now */
    uint32_t surplus_at;  /* with so many it begins to have surplus */
    uint32_t places;      /* no object has one above */
    struct pool_place *free_first; /* the place given back last, NULL: none */
    uint8_t **slab;       /* POOL_SLAB_LIMIT pointers, a slab of its own; NULL: that one has gone */
    uint32_t slabs_now;   /* that have not */
    uint32_t fresh, fresh_end; /* places that have never been touched, of the slab that was taken last */
    uint32_t past;        /* even: no handle of a slab that has gone has a later generation */
    uint32_t looked;      /* at slabs below this one, since the looking through began */
    bool surplus;         /* its slabs' owner knows */
    struct pool *surplus_next;
};

/* `limit` objects of `size` bytes at most. Takes no memory yet. */
void pool_init(struct pool *pool, struct slabs *slabs, size_t size, uint32_t limit);
/* Gives all slabs back; objects still in use are gone. */
void pool_release(struct pool *pool);

/* A zeroed object, or NULL at the limit or when memory fails. */
void *pool_take(struct pool *pool);
void pool_give_back(struct pool *pool, void *object);

/* Looks at up to `most` slabs of the pools that have surplus, and gives back those without objects. */
/* nothing is surplus; go on soon; what is may go some time */
enum pools_trim { POOLS_TRIMMED, POOLS_TRIM_ON, POOLS_TRIM_LATER };
enum pools_trim pools_trim(struct slabs *slabs, unsigned most);

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

/* Is the memory still there of a place that the pool gave once? */
static inline bool pool_has_place(const struct pool *pool, uint32_t index)
{
    return pool->slab[index >> pool->shift] != NULL;
}

/* The object, or NULL if it was given back. The handle, if not HANDLE_NONE, is one of this pool: so for all that
 * follows. */
ALWAYS_INLINE void *pool_resolve_here(const struct pool *pool, struct handle handle)
{
    uint32_t index = (uint32_t)handle.value, generation = (uint32_t)(handle.value >> 32);
    struct pool_place *place;

    if (handle.value == 0 || !pool_has_place(pool, index))
        return NULL;
    place = pool_place_at(pool, index);
    return place->generation == generation ? place + 1 : NULL;
}

static inline void *pool_resolve(const struct pool *pool, struct handle handle)
{
    return pool_resolve_here(pool, handle);
}

static inline struct handle pool_handle(const struct pool *pool, const void *object)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    (void)pool;
    assert(place->generation & 1);
    return (struct handle){ (uint64_t)place->generation << 32 | place->index };
}

/* Is `object`, which this handle resolved to once, still the same? Memory of a pool stays until pools_trim(). */
static inline bool pool_is_still(const void *object, struct handle handle)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    /* the index is the same: one comparison */
    return ((uint64_t)place->generation << 32 | place->index) == handle.value;
}

/* Where the object with this place number is, if it still is, without looking at it; NULL: nowhere. For those who only
 * ask memory for it. */
static inline void *pool_prefetch(const struct pool *pool, uint32_t index)
{
    return pool_has_place(pool, index) ? pool_place_at(pool, index) + 1 : NULL;
}

/* The handle of the object at a place that pool_prefetch() told of, HANDLE_NONE when that place is free. */
static inline struct handle pool_handle_there(const void *object)
{
    const struct pool_place *place = (const struct pool_place *)object - 1;

    return (place->generation & 1) != 0 ? (struct handle){ (uint64_t)place->generation << 32 | place->index }
                                        : HANDLE_NONE;
}

/* The handle of the object with this place number, HANDLE_NONE when that place is free. */
static inline struct handle pool_handle_at(const struct pool *pool, uint32_t index)
{
    uint32_t generation = pool_has_place(pool, index) ? pool_place_at(pool, index)->generation : 0;

    return (generation & 1) != 0 ? (struct handle){ (uint64_t)generation << 32 | index } : HANDLE_NONE;
}

/* Object by place number, 0 to places - 1; NULL when that place is free. For walks. */
static inline void *pool_at(const struct pool *pool, uint32_t index)
{
    struct pool_place *place;

    if (!pool_has_place(pool, index))
        return NULL;
    place = pool_place_at(pool, index);
    return place->generation & 1 ? place + 1 : NULL;
}

#endif
