/* base/blocks.h: small records of any length up to 256 octets, millions of them, without a word of their own in front.
 *
 * A record takes the next multiple of eight octets, in slabs of 256 of that size. It is named by its size's number and its
 * place among those, in 29 bits; a name is good until the record is given back, and who keeps names sees to that. The first
 * octet of a record is never 0: a free place has 0 there and the way to the next one. Slabs are kept until the end. */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include "base/slab.h"

enum { BLOCK_UNIT = 8, BLOCK_SIZES = 32, BLOCK_MOST = BLOCK_UNIT * BLOCK_SIZES, BLOCK_INDEX_BITS = 24 };

#define BLOCK_NONE UINT32_MAX

struct blocks {
    struct slabs *slabs;
    uint32_t used;              /* records now */
    struct block_size {
        uint8_t **slab;
        uint32_t slabs, room;   /* in the directory: used, taken */
        uint32_t fresh;         /* places ever used */
        uint32_t free_first;    /* index + 1, 0: none */
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
