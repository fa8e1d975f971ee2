/* base/slab.h: the stack's memory: slabs from the embedder, and a budget for buffers.
 *
 * Every byte the core uses comes through here, so that `slab_bytes` and the budget are the truth. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "baro/types.h"

struct slabs {
    struct baro_memory memory;
    size_t taken;   /* bytes of slabs now taken */
    size_t limit;   /* bytes of buffers that may be charged */
    size_t charged; /* bytes of buffers now charged */
};

void *slab_take(struct slabs *slabs, size_t bytes);
/* NULL is allowed. */
void slab_give_back(struct slabs *slabs, void *slab, size_t bytes);

/* Charges `bytes` of buffer memory to the budget; false, and nothing charged, when it would not fit. */
bool slab_charge(struct slabs *slabs, size_t bytes);
void slab_discharge(struct slabs *slabs, size_t bytes);

#endif
