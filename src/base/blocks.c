/* base/blocks.c: see blocks.h. */
#include "base/blocks.h"

#include <assert.h>
#include <string.h>

enum { SLAB_SHIFT = 8, SLAB_BLOCKS = 1 << SLAB_SHIFT, DIRECTORY_FIRST = 16 };

static const uint32_t INDEX_MASK = (UINT32_C(1) << BLOCK_INDEX_BITS) - 1;

void blocks_init(struct blocks *blocks, struct slabs *slabs)
{
    *blocks = (struct blocks){ .slabs = slabs };
}

static size_t slab_bytes(unsigned size)
{
    return (size_t)(size + 1) * BLOCK_UNIT * SLAB_BLOCKS;
}

void blocks_release(struct blocks *blocks)
{
    for (unsigned size = 0; size < BLOCK_SIZES; size++) {
        struct block_size *of = &blocks->of[size];

        for (uint32_t i = 0; i < of->slabs; i++)
            slab_give_back(blocks->slabs, of->slab[i], slab_bytes(size));
        slab_give_back(blocks->slabs, of->slab, of->room * sizeof *of->slab);
    }
    blocks_init(blocks, blocks->slabs);
}

static bool widen_directory(struct blocks *blocks, struct block_size *of)
{
    uint32_t room = of->room == 0 ? DIRECTORY_FIRST : of->room * 2;
    uint8_t **slab = slab_take(blocks->slabs, room * sizeof *slab);

    if (slab == NULL)
        return false;
    if (of->slabs != 0)
        memcpy(slab, of->slab, of->slabs * sizeof *slab);
    slab_give_back(blocks->slabs, of->slab, of->room * sizeof *slab);
    of->slab = slab;
    of->room = room;
    return true;
}

static bool grow(struct blocks *blocks, unsigned size)
{
    struct block_size *of = &blocks->of[size];

    if (of->slabs == UINT32_C(1) << (BLOCK_INDEX_BITS - SLAB_SHIFT))
        return false;
    if (of->slabs == of->room && !widen_directory(blocks, of))
        return false;
    of->slab[of->slabs] = slab_take(blocks->slabs, slab_bytes(size));
    if (of->slab[of->slabs] == NULL)
        return false;
    of->slabs++;
    return true;
}

static uint8_t *place(const struct block_size *of, unsigned size, uint32_t index)
{
    return of->slab[index >> SLAB_SHIFT] + (size_t)(size + 1) * BLOCK_UNIT * (index & (SLAB_BLOCKS - 1));
}

uint8_t *blocks_at(const struct blocks *blocks, uint32_t name)
{
    unsigned size = name >> BLOCK_INDEX_BITS;

    return place(&blocks->of[size], size, name & INDEX_MASK);
}

uint32_t blocks_take(struct blocks *blocks, uint32_t octets)
{
    unsigned size = (octets - 1) / BLOCK_UNIT;
    struct block_size *of = &blocks->of[size];
    uint32_t index;

    assert(octets != 0 && octets <= BLOCK_MOST);
    if (of->free_first != 0) {
        index = of->free_first - 1;
        memcpy(&of->free_first, place(of, size, index) + 4, sizeof of->free_first);
    } else {
        if (of->fresh == of->slabs << SLAB_SHIFT && !grow(blocks, size))
            return BLOCK_NONE;
        index = of->fresh++;
    }
    blocks->used++;
    return (uint32_t)size << BLOCK_INDEX_BITS | index;
}

void blocks_give_back(struct blocks *blocks, uint32_t name)
{
    struct block_size *of = &blocks->of[name >> BLOCK_INDEX_BITS];
    uint8_t *block = blocks_at(blocks, name);

    assert(*block != 0);
    *block = 0;
    memcpy(block + 4, &of->free_first, sizeof of->free_first);
    of->free_first = (name & INDEX_MASK) + 1;
    blocks->used--;
}

uint32_t blocks_next(const struct blocks *blocks, uint32_t name)
{
    uint32_t index = name & INDEX_MASK;

    for (unsigned size = name >> BLOCK_INDEX_BITS; size < BLOCK_SIZES; size++, index = 0) {
        for (; index < blocks->of[size].fresh; index++) {
            if (*place(&blocks->of[size], size, index) != 0)
                return (uint32_t)size << BLOCK_INDEX_BITS | index;
        }
    }
    return BLOCK_NONE;
}
