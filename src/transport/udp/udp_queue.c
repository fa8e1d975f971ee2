/* transport/udp/udp_queue.c: datagrams in a byte ring, each behind a record that describes it. The ring's memory
 * is charged to the stack's budget; it doubles as needed, so no datagram costs an allocation of its own. */
#include "transport/udp/udp_private.h"

#include <assert.h>

enum {
    RING_LEAST = 2048,  /* as base/ring.c rounds */
    TRIM_ABOVE = 16384  /* an empty queue keeps a ring of up to so many octets */
};

bool udp_queue_has_room(const struct udp_queue *queue)
{
    return ring_used(&queue->ring) < queue->limit;
}

/* Room for `bytes` in all, charged. */
static bool reserve(struct udp_queue *queue, struct slabs *slabs, uint32_t bytes)
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

bool udp_queue_put(struct udp_queue *queue, struct slabs *slabs, const struct udp_record *record,
                   const struct baro_buffer *piece, size_t pieces)
{
    struct ring *ring = &queue->ring;
    uint64_t at;

    if (!reserve(queue, slabs, ring_used(ring) + (uint32_t)sizeof *record + record->length))
        return false;
    at = ring->end;
    ring_write(ring, at, (const uint8_t *)record, sizeof *record);
    at += sizeof *record;
    for (size_t i = 0; i < pieces; i++) {
        ring_write(ring, at, piece[i].data, (uint32_t)piece[i].length);
        at += piece[i].length;
    }
    assert(at - ring->end == sizeof *record + record->length);
    ring->end = at;
    queue->count++;
    return true;
}

bool udp_queue_first(const struct udp_queue *queue, struct udp_record *record)
{
    if (queue->count == 0)
        return false;
    ring_read(&queue->ring, queue->ring.begin, (uint8_t *)record, sizeof *record);
    return true;
}

void udp_queue_take(struct udp_queue *queue, const struct udp_record *record)
{
    assert(queue->count != 0);
    queue->ring.begin += sizeof *record + record->length;
    queue->count--;
}

void udp_queue_trim(struct udp_queue *queue, struct slabs *slabs)
{
    if (queue->count == 0 && queue->ring.size > TRIM_ABOVE)
        udp_queue_release(queue, slabs);
}

void udp_queue_release(struct udp_queue *queue, struct slabs *slabs)
{
    slab_discharge(slabs, queue->ring.size);
    ring_release(&queue->ring, slabs);
    queue->ring.begin = queue->ring.end;
    queue->count = 0;
}
