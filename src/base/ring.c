/* base/ring.c: see ring.h. */
#include "base/ring.h"

#include <string.h>

enum { RING_LEAST = SLAB_PIECE_BYTES };

static bool grow(struct ring *ring, struct slabs *slabs, uint32_t bytes, uint32_t held)
{
    struct ring grown = *ring;
    uint32_t size = RING_LEAST;

    while (size < bytes)
        size *= 2;
    if (size <= ring->size)
        return true;
    grown.data = size == RING_LEAST ? slab_piece_take(slabs) : slab_take(slabs, size);
    if (grown.data == NULL)
        return false;
    grown.size = size;
    if (ring->data != NULL && held != 0) {
        struct baro_bytes part[2];
        unsigned parts = ring_slice(ring, ring->begin, held, part);
        uint64_t at = ring->begin;

        for (unsigned i = 0; i < parts; i++) {
            ring_write(&grown, at, part[i].data, (uint32_t)part[i].length);
            at += part[i].length;
        }
    }
    ring_release(ring, slabs);
    *ring = grown;
    return true;
}

bool ring_reserve(struct ring *ring, struct slabs *slabs, uint32_t bytes, uint32_t held)
{
    if (ring->data != NULL || bytes > RING_LEAST)
        return grow(ring, slabs, bytes, held);
    return ring_begin(ring, slabs);
}

void ring_release(struct ring *ring, struct slabs *slabs)
{
    if (ring->data == NULL)
        return;
    if (ring->size == RING_LEAST)
        slab_piece_give_back(slabs, ring->data);
    else
        slab_give_back(slabs, ring->data, ring->size);
    ring->data = NULL;
    ring->size = 0;
}

uint64_t ring_write_around(struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length, bool summed)
{
    uint32_t index, first = ring_place(ring, offset, length, &index);
    uint64_t sum = 0, rest = 0;

    if (summed) {
        sum = octets_copy_sum(ring->data + index, data, first);
        rest = octets_copy_sum(ring->data, data + first, length - first);
    } else {
        octets_copy(ring->data + index, data, first);
        octets_copy(ring->data, data + first, length - first);
    }
    return sum + (first & 1 ? checksum_swap(rest) : rest);
}

void ring_read_around(const struct ring *ring, uint64_t offset, uint8_t *data, uint32_t length)
{
    uint32_t index, first = ring_place(ring, offset, length, &index);

    octets_copy(data, ring->data + index, first);
    octets_copy(data + first, ring->data, length - first);
}

bool ring_same(const struct ring *ring, uint64_t offset, const uint8_t *data, uint32_t length)
{
    uint32_t index, first;

    if (length == 0)
        return true;
    first = ring_place(ring, offset, length, &index);
    return memcmp(ring->data + index, data, first) == 0 && memcmp(ring->data, data + first, length - first) == 0;
}

unsigned ring_slice(const struct ring *ring, uint64_t offset, uint32_t length, struct baro_bytes part[2])
{
    uint32_t index, first;

    if (length == 0)
        return 0;
    first = ring_place(ring, offset, length, &index);
    part[0] = (struct baro_bytes){ ring->data + index, first };
    if (first == length)
        return 1;
    part[1] = (struct baro_bytes){ ring->data, length - first };
    return 2;
}
