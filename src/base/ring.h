/* base/ring.h: a byte ring of a power-of-two size over stream offsets.
 *
 * Position p of the stream lives at p plus a turn, modulo the size, so out-of-order bytes are written in place (TCP
 * keeps the list of holes). The ring takes memory at its first byte, grows by doubling, and gives it back when asked.
 * Offsets are 64-bit and count from the beginning of the stream: they do not wrap.
 *
 * A ring that holds nothing is turned so that what comes next begins where its memory begins: what a stream touches
 * then is as much as waits at once, in the lines that the caches have from last time, and not the whole ring in
 * turn. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <assert.h>

#include "base/checksum.h"
#include "base/inline.h"
#include "base/prefetch.h"
#include "base/likely.h"
#include "base/slab.h"

struct ring {
    uint8_t *data;   /* NULL: no memory taken */
    uint32_t size;   /* bytes, a power of two, or 0 */
    uint32_t limit;  /* bytes that its owner may put there; the ring does not look at it */
    uint64_t begin;  /* offset of the first byte held */
    uint64_t end;    /* offset behind the last byte held in order */
    uint32_t turn;   /* offset + turn, modulo the size, is the place of a byte */
    uint16_t borrowed; /* of a receive ring: transport/tcp/borrowed.c */
    bool passes;     /* its owner is one of many in turn: ring_pass() */
    uint8_t spare;
};

static inline uint32_t ring_used(const struct ring *ring)
{
    return (uint32_t)(ring->end - ring->begin);
}

static inline uint32_t ring_space(const struct ring *ring)
{
    return ring->size - ring_used(ring);
}

/* Makes room for `bytes` in all (rounded up to a power of two, at least 2,048), keeping `held` bytes
 * from `begin` on. False when memory fails: nothing changed. Never shrinks. */
bool ring_reserve(struct ring *ring, struct slabs *slabs, uint32_t bytes, uint32_t held);
void ring_release(struct ring *ring, struct slabs *slabs);

/* The same of a ring without memory, where the least is enough: all that most connections ever ask for. */
static inline bool ring_begin(struct ring *ring, struct slabs *slabs)
{
    ring->data = slab_piece_take(slabs);
    if (ring->data == NULL)
        return false;
    ring->size = SLAB_PIECE_BYTES;
    return true;
}

/* The next byte goes to the beginning of the memory. Only when nothing is held, out of order included, and nobody has
 * been told of a place that must last. */
static inline void ring_restart(struct ring *ring)
{
    ring->turn = 0 - (uint32_t)ring->end;
}

/* It holds nothing, and who comes next wants it sooner than its owner: a ring of the least size goes to the spare
 * pieces, if there is room. So many streams that say a little in turn use the same few lines, which the caches have,
 * where each would have its own, which they have not. */
static inline void ring_pass(struct ring *ring, struct slabs *slabs)
{
    if (ring->size != SLAB_PIECE_BYTES || !slab_piece_has_room(slabs))
        return;
    slab_piece_give_back(slabs, ring->data);
    ring->data = NULL;
    ring->size = 0;
}

/* Where an offset lies, and how much of `length` fits before the ring's end. */
static inline uint32_t ring_place(const struct ring *ring, uint64_t offset, uint32_t length, uint32_t *index)
{
    *index = ((uint32_t)offset + ring->turn) & (ring->size - 1);
    if (LIKELY((uint64_t)*index + length <= ring->size)) /* and so it is no longer than the ring */
        return length;
    assert(length <= ring->size);
    return ring->size - *index;
}

/* The place of an offset is asked for; the ring has memory. */
static inline void ring_prefetch(const struct ring *ring, uint64_t offset)
{
    prefetch_line(ring->data + (((uint32_t)offset + ring->turn) & (ring->size - 1)));
}

/* ring.c: what goes on at the ring's beginning. */
uint64_t ring_write_around(struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length, bool summed);
void ring_read_around(const struct ring *ring, uint64_t offset, uint8_t *data, uint32_t length);

/* Writes at a stream offset within [begin, begin + size) without moving `end`. */
static inline void ring_write(struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length)
{
    uint32_t index;

    if (length == 0)
        return;
    if (LIKELY(ring_place(ring, offset, length, &index) == length))
        octets_copy(ring->data + index, data, length);
    else
        ring_write_around(ring, offset, data, length, false);
}

/* The same; the native sum of what it copies. `message`: small messages come often. */
ALWAYS_INLINE uint64_t ring_write_sum(struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length,
                                      const bool message)
{
    uint32_t index;

    if (length == 0)
        return 0;
    if (LIKELY(ring_place(ring, offset, length, &index) == length))
        return message ? octets_copy_sum_message(ring->data + index, data, length)
                       : octets_copy_sum(ring->data + index, data, length);
    return ring_write_around(ring, offset, data, length, true);
}

/* Reads from a stream offset. */
static inline void ring_read(const struct ring *ring, uint64_t offset, uint8_t *data, uint32_t length)
{
    uint32_t index;

    if (length == 0)
        return;
    if (LIKELY(ring_place(ring, offset, length, &index) == length))
        octets_copy(data, ring->data + index, length);
    else
        ring_read_around(ring, offset, data, length);
}

/* Are the bytes at `offset` the same as `data`? */
bool ring_same(const struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length);
/* The bytes at a stream offset in up to two parts; returns how many parts. */
unsigned ring_slice(const struct ring *ring, uint64_t offset, uint32_t length, struct baro_bytes part[2]);
/* The same places to be written: two parts, the second of length 0 where one holds all. */
static inline void ring_room(struct ring *ring, uint64_t offset, uint32_t length, struct baro_buffer part[2])
{
    uint32_t index, first = ring_place(ring, offset, length, &index);

    part[0] = (struct baro_buffer){ ring->data + index, first };
    part[1] = (struct baro_buffer){ length == first ? NULL : ring->data, length - first };
}

#endif
