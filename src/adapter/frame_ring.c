/* The ring of frames: see frame_ring.h for how it works. */
#include "adapter/frame_ring.h"

#include <assert.h>

bool frame_ring_init(struct frame_ring *ring, const struct baro_memory *memory, uint32_t slots, uint32_t octets)
{
    ring->slots = memory->take(memory->context, slots * sizeof *ring->slots);
    ring->area = memory->take(memory->context, octets);
    ring->size = slots;
    ring->area_size = octets;
    ring->first = ring->next = 0;
    frame_ring_clear(ring);
    if (ring->slots && ring->area)
        return true;
    frame_ring_release(ring, memory);
    return false;
}

void frame_ring_release(struct frame_ring *ring, const struct baro_memory *memory)
{
    if (ring->slots)
        memory->give_back(memory->context, ring->slots, ring->size * sizeof *ring->slots);
    if (ring->area)
        memory->give_back(memory->context, ring->area, ring->area_size);
    ring->slots = NULL;
    ring->area = NULL;
}

void frame_ring_clear(struct frame_ring *ring)
{
    ring->first = ring->next;
    ring->area_next = 0;
}

static uint32_t aligned(uint32_t length)
{
    return (length + FRAME_RING_ALIGNMENT - 1) & ~(FRAME_RING_ALIGNMENT - 1);
}

/* Where `length` octets would go; area_size when nowhere. The area between the oldest frame and the place
 * for the next is used; a frame may not fill it up to the oldest, or full would look like empty. */
static uint32_t place(const struct frame_ring *ring, uint32_t length)
{
    uint32_t need = aligned(length);
    if (frame_ring_used(ring) == 0)
        return need <= ring->area_size ? 0 : ring->area_size;
    uint32_t oldest = (uint32_t)(frame_ring_slot(ring, ring->first)->data - ring->area);
    if (ring->area_next < oldest)
        return need < oldest - ring->area_next ? ring->area_next : ring->area_size;
    if (need <= ring->area_size - ring->area_next)
        return ring->area_next;
    return need < oldest ? 0 : ring->area_size;
}

bool frame_ring_fits(const struct frame_ring *ring, uint32_t length)
{
    return frame_ring_used(ring) < ring->size && place(ring, length) < ring->area_size;
}

struct frame_slot *frame_ring_put(struct frame_ring *ring, uint32_t length)
{
    assert(length > 0);
    if (frame_ring_used(ring) == ring->size)
        return NULL;
    uint32_t where = place(ring, length);
    if (where >= ring->area_size)
        return NULL;
    struct frame_slot *slot = frame_ring_slot(ring, ring->next++);
    slot->data = ring->area + where;
    slot->length = length;
    ring->area_next = where + aligned(length);
    return slot;
}

void frame_ring_drop(struct frame_ring *ring, uint32_t count)
{
    assert(count <= frame_ring_used(ring));
    ring->first += count;
}
