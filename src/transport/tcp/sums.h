/* transport/tcp/sums.h: the checksums of text that waits in the send ring, made while the program's octets are copied
 * there.
 *
 * Where no device computes checksums, text that is to leave would be read once more for its own. A copy that adds costs
 * as much as one that does not, as long as the caches hold what it copies; so a connection that sends full-sized
 * segments has a sum of each as it will leave: of pieces of that size, counted from the first octet that was not yet
 * sent. What leaves otherwise (another size, again, by a probe) is read as ever, and sums are begun anew. Nothing
 * depends on them but time.
 *
 * Pure: no clock, no memory taken. */
#ifndef TRANSPORT_TCP_SUMS_H
#define TRANSPORT_TCP_SUMS_H

#include "base/ring.h"

enum {
    TEXT_SUMS = 232,          /* pieces: 336 KB of 1,448 octets; what waits beyond is read when it leaves */
    TEXT_SUMS_FROM = 1024     /* octets of a call: a small one costs more in pieces than its share of the sum */
};

struct text_sums {
    uint64_t begin;           /* stream offset of the first piece that is known */
    uint64_t sum;             /* of the piece that is being filled, not folded */
    uint32_t octets;          /* of it so far */
    uint16_t size;            /* octets of a piece */
    uint16_t first, count;    /* the known ones in `of` */
    bool filling;             /* the next octet of the stream belongs to a piece */
    uint8_t spare;
    uint16_t of[TEXT_SUMS];   /* in the machine's order, folded */
};

/* Begins anew, with pieces of that size. */
static inline void text_sums_begin(struct text_sums *sums, uint16_t size)
{
    sums->size = size;
    sums->count = 0;
    sums->filling = false;
}

/* Writes `data` behind the ring's end, which stays; `next`: the offset of the first octet not yet sent. */
void text_sums_write(struct text_sums *sums, struct ring *ring, uint64_t next, struct baro_bytes data);
/* Text leaves, new: how many pieces it is made of, and where their sums are until the next call; 0: it must be read. */
unsigned text_sums_take(struct text_sums *sums, uint64_t offset, uint32_t length, const uint16_t **of);
/* sums.c: of more than one. */
uint64_t text_sums_several(const uint16_t *of, unsigned count, uint32_t size);

/* The sum of so many pieces of `size` octets, the last one may be smaller. */
static inline uint64_t text_sums_total(const uint16_t *of, unsigned count, uint32_t size)
{
    return count == 1 ? of[0] : text_sums_several(of, count, size);
}

#endif
