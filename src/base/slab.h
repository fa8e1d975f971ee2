/* base/slab.h: the stack's memory: slabs from the embedder, and a budget for buffers.
 *
 * Every byte the core uses comes through here, so that `slab_bytes` and the budget are the truth. Connections that come
 * and go take and give back a small piece each way, one after the other: a few of these stay here, counted as taken. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "baro/types.h"
#include "base/prefetch.h"

struct slabs {
    struct baro_memory memory;
    size_t taken;   /* bytes of slabs now taken */
    size_t limit;   /* bytes of buffers that may be charged */
    size_t charged; /* bytes of buffers now charged */
    struct slab_spare *spare; /* pieces of rings that nobody uses, the last one given back first */
    uint32_t spares, spare_limit; /* how many there are, and may be: 0: pieces go back to the embedder at once */
    struct pool *surplus; /* a pool with slabs that may go (pool.h), and so on; NULL: there is none */
    void (*surplus_found)(struct slabs *slabs); /* tells that there is one more; NULL: nobody wants to know */
};

void *slab_take(struct slabs *slabs, size_t bytes);
/* NULL is allowed. */
void slab_give_back(struct slabs *slabs, void *slab, size_t bytes);

/* The first octets of a piece that is spare. */
struct slab_spare {
    struct slab_spare *next;
};

/* The least that a ring takes. Not zeroed. */
enum { SLAB_PIECE_BYTES = 2048 };
static inline void *slab_piece_take(struct slabs *slabs)
{
    struct slab_spare *piece = slabs->spare;

    if (piece == NULL)
        return slab_take(slabs, SLAB_PIECE_BYTES);
    slabs->spare = piece->next;
    slabs->spares--;
    if (slabs->spare != NULL) /* a line at address 0 is looked up in the page tables each time */
        prefetch_line(slabs->spare); /* of many streams in turn the next one wants it soon */
    return piece;
}

/* Would it stay here? */
static inline bool slab_piece_has_room(const struct slabs *slabs)
{
    return slabs->spares < slabs->spare_limit;
}

static inline void slab_piece_give_back(struct slabs *slabs, void *piece)
{
    struct slab_spare *spare = piece;

    if (!slab_piece_has_room(slabs)) {
        slab_give_back(slabs, piece, SLAB_PIECE_BYTES);
        return;
    }
    spare->next = slabs->spare;
    slabs->spare = spare;
    slabs->spares++;
}
/* So many may stay from now on; those beyond go. */
void slab_keep_spares(struct slabs *slabs, uint32_t limit);

/* Charges `bytes` of buffer memory to the budget; false, and nothing charged, when it would not fit. */
bool slab_charge(struct slabs *slabs, size_t bytes);
void slab_discharge(struct slabs *slabs, size_t bytes);

#endif
