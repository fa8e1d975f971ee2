/* base/blocks.h: small records of any length up to 304 octets, millions of them, without a word of their own in front.
 *
 * A record takes the next multiple of eight octets, 56 at least, in slabs of 256 of that size. It is named by its
 * size's number and its place among those, in 29 bits; a name is good until the record is given back, and who keeps
 * names sees to that. The first octet of a record is never 0: a free place has 0 there and the way to the next one of
 * its slab. A slab without records goes back, but for the last one of its size that has room: records that wake and
 * rest again become longer, and ten million of them would leave as many places behind. */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include "base/slab.h"

enum {
    BLOCK_UNIT = 8,
    BLOCK_SIZES = 32,
    BLOCK_LEAST = 56,
    BLOCK_MOST = BLOCK_LEAST + BLOCK_UNIT * (BLOCK_SIZES - 1),
    BLOCK_INDEX_BITS = 24
};

#define BLOCK_NONE UINT32_MAX

struct block_slab {
    uint8_t *at;                /* NULL: it has gone back */
    uint16_t used, fresh;       /* places: now, ever */
    uint32_t free_first;        /* the place that was given back last and 1, 0: none */
    uint32_t next, previous;    /* numbers + 1, of those with room; of those that are gone, `next` */
};

struct blocks {
    struct slabs *slabs;
    uint32_t used;              /* records now */
    struct block_size {
        struct block_slab *slab;
        uint32_t slabs, room;   /* in the directory: used, taken */
        uint32_t open_first;    /* the slab with room that is used next, its number + 1; 0: none has any */
        uint32_t gone_first;    /* numbers whose slab has gone back, as a list */
    } of[BLOCK_SIZES];
};

/* Takes no memory yet. */
void blocks_init(struct blocks *blocks, struct slabs *slabs);
void blocks_release(struct blocks *blocks);
/* A place for `octets`, not 0 and at most BLOCK_MOST; its first octet is to be written. BLOCK_NONE: no memory. */
uint32_t blocks_take(struct blocks *blocks, uint32_t octets);
void blocks_give_back(struct blocks *blocks, uint32_t name);
uint8_t *blocks_at(const struct blocks *blocks, uint32_t name);
/* The name of the first record at `name` or behind it, BLOCK_NONE: there are no more. For walks, which begin at 0. */
uint32_t blocks_next(const struct blocks *blocks, uint32_t name);

#endif
