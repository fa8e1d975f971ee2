/* host/device/xdp_ring.c: see xdp_ring.h. */
#include "xdp_ring.h"

uint32_t xdp_ring_filled(const struct xdp_ring *ring)
{
    uint32_t filled = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->at;

    return filled > ring->size ? 0 : filled;
}

uint32_t xdp_ring_room(const struct xdp_ring *ring)
{
    uint32_t used = ring->at - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);

    return used > ring->size ? 0 : ring->size - used;
}

void xdp_ring_produced(struct xdp_ring *ring)
{
    __atomic_store_n(ring->producer, ring->at, __ATOMIC_RELEASE);
}

void xdp_ring_consumed(struct xdp_ring *ring)
{
    __atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
}

struct xdp_desc *xdp_ring_frame(const struct xdp_ring *ring, uint32_t index)
{
    return (struct xdp_desc *)ring->entry + (index & (ring->size - 1));
}

uint64_t *xdp_ring_address(const struct xdp_ring *ring, uint32_t index)
{
    return (uint64_t *)ring->entry + (index & (ring->size - 1));
}

struct xdp_frame xdp_frame_look(const struct xdp_ring *ring, uint32_t filled, const struct xdp_area *area)
{
    struct xdp_frame frame = { .right = true };

    while (frame.entries < filled && !frame.whole) {
        const struct xdp_desc *piece = xdp_ring_frame(ring, ring->at + frame.entries++);
        uint64_t in_chunk = piece->addr & (area->chunk - 1);

        if (piece->addr >= (uint64_t)area->chunk * area->chunks || piece->len > area->chunk - in_chunk)
            frame.right = false;
        else
            frame.octets += piece->len; /* at most the ring's size times a chunk: below 2^32 */
        frame.whole = (piece->options & XDP_PKT_CONTD) == 0;
    }
    return frame;
}
