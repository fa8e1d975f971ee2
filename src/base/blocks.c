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

static size_t block_bytes(unsigned size)
{
    return BLOCK_LEAST + (size_t)size * BLOCK_UNIT;
}

static size_t slab_bytes(unsigned size)
{
    return block_bytes(size) * SLAB_BLOCKS;
}

void blocks_release(struct blocks *blocks)
{
    for (unsigned size = 0; size < BLOCK_SIZES; size++) {
        struct block_size *of = &blocks->of[size];

        for (uint32_t i = 0; i < of->slabs; i++)
            slab_give_back(blocks->slabs, of->slab[i].at, slab_bytes(size));
        slab_give_back(blocks->slabs, of->slab, of->room * sizeof *of->slab);
    }
    blocks_init(blocks, blocks->slabs);
}

static bool widen_directory(struct blocks *blocks, struct block_size *of)
{
    uint32_t room = of->room == 0 ? DIRECTORY_FIRST : of->room * 2;
    struct block_slab *slab = slab_take(blocks->slabs, room * sizeof *slab);

    if (slab == NULL)
        return false;
    if (of->slabs != 0)
        memcpy(slab, of->slab, of->slabs * sizeof *slab);
    slab_give_back(blocks->slabs, of->slab, of->room * sizeof *slab);
    of->slab = slab;
    of->room = room;
    return true;
}

/* ---- the list of slabs with room ---- */

static void open_slab(struct block_size *of, uint32_t number)
{
    of->slab[number].next = of->open_first;
    of->slab[number].previous = 0;
    if (of->open_first != 0)
        of->slab[of->open_first - 1].previous = number + 1;
    of->open_first = number + 1;
}

static void close_slab(struct block_size *of, uint32_t number)
{
    const struct block_slab *slab = &of->slab[number];

    if (slab->next != 0)
        of->slab[slab->next - 1].previous = slab->previous;
    if (slab->previous != 0)
        of->slab[slab->previous - 1].next = slab->next;
    else
        of->open_first = slab->next;
}

static bool grow(struct blocks *blocks, unsigned size)
{
    struct block_size *of = &blocks->of[size];
    uint32_t number = of->gone_first != 0 ? of->gone_first - 1 : of->slabs, next_gone;
    uint8_t *at;

    if (number == UINT32_C(1) << (BLOCK_INDEX_BITS - SLAB_SHIFT))
        return false;
    if (number == of->room && !widen_directory(blocks, of))
        return false;
    at = slab_take(blocks->slabs, slab_bytes(size));
    if (at == NULL)
        return false;
    next_gone = of->gone_first != 0 ? of->slab[number].next : 0;
    of->slabs += number == of->slabs;
    of->gone_first = next_gone;
    of->slab[number] = (struct block_slab){ .at = at };
    open_slab(of, number);
    return true;
}

static uint8_t *place(const struct block_size *of, unsigned size, uint32_t index)
{
    return of->slab[index >> SLAB_SHIFT].at + block_bytes(size) * (index & (SLAB_BLOCKS - 1));
}

uint8_t *blocks_at(const struct blocks *blocks, uint32_t name)
{
    unsigned size = name >> BLOCK_INDEX_BITS;

    return place(&blocks->of[size], size, name & INDEX_MASK);
}

uint32_t blocks_take(struct blocks *blocks, uint32_t octets)
{
    unsigned size = octets <= BLOCK_LEAST ? 0 : (octets - BLOCK_LEAST + BLOCK_UNIT - 1) / BLOCK_UNIT;
    struct block_size *of = &blocks->of[size];
    struct block_slab *slab;
    uint32_t number, index;

    assert(octets != 0 && octets <= BLOCK_MOST);
    if (of->open_first == 0 && !grow(blocks, size))
        return BLOCK_NONE;
    number = of->open_first - 1;
    slab = &of->slab[number];
    index = number << SLAB_SHIFT;
    if (slab->free_first != 0) {
        index |= slab->free_first - 1;
        memcpy(&slab->free_first, place(of, size, index) + 4, sizeof slab->free_first);
    } else {
        index |= slab->fresh++;
    }
    if (++slab->used == SLAB_BLOCKS)
        close_slab(of, number);
    blocks->used++;
    return (uint32_t)size << BLOCK_INDEX_BITS | index;
}

void blocks_give_back(struct blocks *blocks, uint32_t name)
{
    unsigned size = name >> BLOCK_INDEX_BITS;
    struct block_size *of = &blocks->of[size];
    uint32_t number = (name & INDEX_MASK) >> SLAB_SHIFT;
    struct block_slab *slab = &of->slab[number];
    uint8_t *block = blocks_at(blocks, name);

    assert(*block != 0);
    *block = 0;
    memcpy(block + 4, &slab->free_first, sizeof slab->free_first);
    slab->free_first = (name & (SLAB_BLOCKS - 1)) + 1;
    blocks->used--;
    if (slab->used-- == SLAB_BLOCKS)
        open_slab(of, number);
    if (slab->used != 0 || (slab->next == 0 && slab->previous == 0))
        return;
    close_slab(of, number);
    slab_give_back(blocks->slabs, slab->at, slab_bytes(size));
    *slab = (struct block_slab){ .next = of->gone_first };
    of->gone_first = number + 1;
}

uint32_t blocks_next(const struct blocks *blocks, uint32_t name)
{
    uint32_t index = name & INDEX_MASK;

    for (unsigned size = name >> BLOCK_INDEX_BITS; size < BLOCK_SIZES; size++, index = 0) {
        const struct block_size *of = &blocks->of[size];

        for (; index >> SLAB_SHIFT < of->slabs; index++) {
            if (of->slab[index >> SLAB_SHIFT].at != NULL && *place(of, size, index) != 0)
                return (uint32_t)size << BLOCK_INDEX_BITS | index;
        }
    }
    return BLOCK_NONE;
}
