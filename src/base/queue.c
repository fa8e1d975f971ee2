/* base/queue.c: see queue.h. */
#include "base/queue.h"

#include <assert.h>

enum {
    RING_LEAST = 2048,  /* as base/ring.c rounds */
    TRIM_ABOVE = 16384  /* an empty queue keeps a ring of up to so many octets */
};

bool queue_has_room(const struct queue *queue)
{
    return ring_used(&queue->ring) < queue->limit;
}

/* Room for `bytes` in all, charged. */
static bool reserve(struct queue *queue, struct slabs *slabs, uint32_t bytes)
{
    uint32_t before = queue->ring.size, size = RING_LEAST;

    while (size < bytes)
        size *= 2;
    if (size <= before)
        return true;
    /* While it grows both the old and the new memory exist, but the budget counts what lasts. */
    if (!slab_charge(slabs, size - before))
        return false;
    if (!ring_reserve(&queue->ring, slabs, bytes, ring_used(&queue->ring))) {
        slab_discharge(slabs, size - before);
        return false;
    }
    assert(queue->ring.size == size);
    return true;
}

bool queue_put(struct queue *queue, struct slabs *slabs, const void *record, uint32_t record_size,
               const struct baro_buffer *piece, size_t pieces)
{
    struct ring *ring = &queue->ring;
    uint32_t octets = record_size;
    uint64_t at;

    for (size_t i = 0; i < pieces; i++)
        octets += (uint32_t)piece[i].length;
    if (!reserve(queue, slabs, ring_used(ring) + octets))
        return false;
    if (ring_used(ring) == 0)
        ring_restart(ring);
    at = ring->end;
    ring_write(ring, at, record, record_size);
    at += record_size;
    for (size_t i = 0; i < pieces; i++) {
        ring_write(ring, at, piece[i].data, (uint32_t)piece[i].length);
        at += piece[i].length;
    }
    assert(at - ring->end == octets);
    ring->end = at;
    queue->count++;
    return true;
}

bool queue_first(const struct queue *queue, void *record, uint32_t record_size)
{
    if (queue->count == 0)
        return false;
    ring_read(&queue->ring, queue->ring.begin, record, record_size);
    return true;
}

void queue_take(struct queue *queue, uint32_t octets)
{
    assert(queue->count != 0);
    queue->ring.begin += octets;
    queue->count--;
}

void queue_trim(struct queue *queue, struct slabs *slabs)
{
    if (queue->count == 0 && queue->ring.size > TRIM_ABOVE)
        queue_release(queue, slabs);
}

void queue_release(struct queue *queue, struct slabs *slabs)
{
    slab_discharge(slabs, queue->ring.size);
    ring_release(&queue->ring, slabs);
    queue->ring.begin = queue->ring.end;
    queue->count = 0;
}
