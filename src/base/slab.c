/* base/slab.c: see slab.h. */
#include "base/slab.h"

#include <assert.h>

void *slab_take(struct slabs *slabs, size_t bytes)
{
    void *slab = slabs->memory.take(slabs->memory.context, bytes);

    if (slab != NULL)
        slabs->taken += bytes;
    return slab;
}

void slab_give_back(struct slabs *slabs, void *slab, size_t bytes)
{
    if (slab == NULL)
        return;
    assert(slabs->taken >= bytes);
    slabs->taken -= bytes;
    slabs->memory.give_back(slabs->memory.context, slab, bytes);
}

void slab_keep_spares(struct slabs *slabs, uint32_t limit)
{
    slabs->spare_limit = limit;
    while (slabs->spares > limit) {
        struct slab_spare *piece = slabs->spare;

        slabs->spare = piece->next;
        slabs->spares--;
        slab_give_back(slabs, piece, SLAB_PIECE_BYTES);
    }
}

bool slab_charge(struct slabs *slabs, size_t bytes)
{
    if (bytes > slabs->limit - slabs->charged)
        return false;
    slabs->charged += bytes;
    return true;
}

void slab_discharge(struct slabs *slabs, size_t bytes)
{
    assert(slabs->charged >= bytes);
    slabs->charged -= bytes;
}
