/* base/slab.h: the stack's memory: slabs from the embedder, and a budget for buffers.
 *
 * Every byte the core uses comes through here, so that `slab_bytes` and the budget are the truth. Connections that come
 * and go take and give back a small piece each way, one after the other: a few of these stay here, counted as taken. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "baro/types.h"

struct slabs {
    struct baro_memory memory;
    size_t taken;   /* bytes of slabs now taken */
    size_t limit;   /* bytes of buffers that may be charged */
    size_t charged; /* bytes of buffers now charged */
    struct slab_spare *spare; /* pieces of rings that nobody uses, the last one given back first */
    uint32_t spares, spare_limit; /* how many there are, and may be: 0: pieces go back to the embedder at once */
};

void *slab_take(struct slabs *slabs, size_t bytes);
/* NULL is allowed. */
void slab_give_back(struct slabs *slabs, void *slab, size_t bytes);

/* The least that a ring takes. Not zeroed. */
enum { SLAB_PIECE_BYTES = 2048 };
void *slab_piece_take(struct slabs *slabs);
void slab_piece_give_back(struct slabs *slabs, void *piece);
/* So many may stay from now on; those beyond go. */
void slab_keep_spares(struct slabs *slabs, uint32_t limit);

/* Charges `bytes` of buffer memory to the budget; false, and nothing charged, when it would not fit. */
bool slab_charge(struct slabs *slabs, size_t bytes);
void slab_discharge(struct slabs *slabs, size_t bytes);

#endif
