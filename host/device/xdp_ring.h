/* host/device/xdp_ring.h: the rings that an AF_XDP socket shares with the kernel, and what stands in them.
 *
 * One side moves the producer's index, the other the consumer's; both run on for ever and are taken modulo the ring's
 * size. What the kernel wrote is compared with the sizes that were agreed before it is used. */
#ifndef DEVICE_XDP_RING_H
#define DEVICE_XDP_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/if_xdp.h>

/* Newer than the headers of Debian 12. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

struct xdp_ring {
    uint32_t *producer, *consumer, *flags;
    void *entry;    /* struct xdp_desc, or uint64_t addresses */
    uint32_t size;  /* a power of two */
    uint32_t at;    /* our own index, not told yet */
    void *map;
    uint64_t map_octets;
};

/* How many entries the kernel has put in for us beyond our index; a count that cannot be is taken for 0. */
uint32_t xdp_ring_filled(const struct xdp_ring *ring);
/* How many more the kernel has room for beyond our index; likewise. */
uint32_t xdp_ring_room(const struct xdp_ring *ring);
/* Tells the kernel our index as the producer, as the consumer. */
void xdp_ring_produced(struct xdp_ring *ring);
void xdp_ring_consumed(struct xdp_ring *ring);

struct xdp_desc *xdp_ring_frame(const struct xdp_ring *ring, uint32_t index);
uint64_t *xdp_ring_address(const struct xdp_ring *ring, uint32_t index);

/* Where received pieces lie: `chunks` chunks of `chunk` octets (a power of two) from the beginning of the memory. */
struct xdp_area {
    uint32_t chunk, chunks;
};

/* One frame at the ring's next entries: how many, and their octets; whether it is whole, and all of it within
 * chunks of the area. */
struct xdp_frame {
    uint32_t entries, octets;
    bool whole, right;
};

/* Looks at the frame that begins at our index, at most `filled` entries. */
struct xdp_frame xdp_frame_look(const struct xdp_ring *ring, uint32_t filled, const struct xdp_area *area);

#endif
