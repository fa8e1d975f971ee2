/* base/pool.h: objects of one size, named by handles that outlive them safely.
 *
 * Objects live in slabs of 64 KiB or so that are taken as needed and never move, so a pointer stays good while
 * its object lives. A handle is an index and a generation: a handle to an object that was given back
 * resolves to NULL even after the place was used again. Free places form a list, last in first out, so hot
 * memory is used again first. Objects begin zeroed. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

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
    uint32_t free_first;  /* index + 1 of the first free place, 0: none */
    uint8_t **slab;       /* POOL_SLAB_LIMIT pointers, a slab of its own */
};

/* `limit` objects of `size` bytes at most. Takes no memory yet. */
void pool_init(struct pool *pool, struct slabs *slabs, size_t size, uint32_t limit);
/* Gives all slabs back; objects still in use are gone. */
void pool_release(struct pool *pool);

/* A zeroed object, or NULL at the limit or when memory fails. */
void *pool_take(struct pool *pool);
void pool_give_back(struct pool *pool, void *object);

/* The object, or NULL if it was given back. */
void *pool_resolve(const struct pool *pool, struct handle handle);
struct handle pool_handle(const struct pool *pool, const void *object);

/* Object by place number, 0 to fresh - 1; NULL when that place is free. For walks. */
void *pool_at(const struct pool *pool, uint32_t index);

#endif
