/* A ring of frames: slots in order of arrival and one area of octets that they share.
 *
 * Frames are stored whole and contiguous. The octet area is circular too: a frame that does not
 * fit before its end goes to its beginning, if the oldest frame leaves room there. A ring is full
 * when slots or octets run out; nothing is ever overwritten. Slots are named by how many frames
 * came before (`first`, `next`), so that a borrowed run of the oldest frames is simply counted. */
#ifndef BARO_ADAPTER_FRAME_RING_H
#define BARO_ADAPTER_FRAME_RING_H

#include "baro/types.h"

/* Octets of a ring entry are aligned to this. */
#define FRAME_RING_ALIGNMENT 64u

struct frame_slot {
    uint8_t *data;
    uint32_t length;         /* octets stored */
    uint16_t gso_size;       /* as in struct baro_transmission */
    bool checksum_undone;
    uint64_t number;         /* the adapter's number for the frame */
    struct baro_instant at;  /* when it was put in */
};

struct frame_ring {
    struct frame_slot *slots;
    uint32_t size;           /* slots */
    uint64_t first, next;    /* oldest frame, and the one that comes next; used = next - first */
    uint8_t *area;
    uint32_t area_size;
    uint32_t area_next;      /* where the next frame's octets go */
};

/* Takes `slots` slots and `octets` octets; false when memory fails (then nothing is held). */
bool frame_ring_init(struct frame_ring *ring, const struct baro_memory *memory, uint32_t slots, uint32_t octets);
void frame_ring_release(struct frame_ring *ring, const struct baro_memory *memory);
/* Forgets all frames. */
void frame_ring_clear(struct frame_ring *ring);

static inline uint32_t frame_ring_used(const struct frame_ring *ring)
{
    return (uint32_t)(ring->next - ring->first);
}

/* The slot of frame `index`, first <= index < next. */
static inline struct frame_slot *frame_ring_slot(const struct frame_ring *ring, uint64_t index)
{
    return &ring->slots[index % ring->size];
}

/* Would a frame of `length` octets find room? */
bool frame_ring_fits(const struct frame_ring *ring, uint32_t length);
/* A new youngest frame with room for `length` octets, NULL when the ring is full. */
struct frame_slot *frame_ring_put(struct frame_ring *ring, uint32_t length);
/* Removes the `count` oldest frames. */
void frame_ring_drop(struct frame_ring *ring, uint32_t count);

#endif
