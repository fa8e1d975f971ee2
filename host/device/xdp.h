/* host/device/xdp.h: an AF_XDP socket with its memory, between xdp.c (frames) and xdp_setup.c (the socket). */
#ifndef DEVICE_XDP_H
#define DEVICE_XDP_H

#include "link_internal.h"
#include "xdp_ring.h"

enum {
    XDP_CHUNKS = 2048,       /* of reception, and as many of sending */
    XDP_MEMORY = 16 << 20,   /* octets of all chunks at most */
    XDP_PIECES = 17          /* of a frame, at most: the kernel's MAX_SKB_FRAGS */
};

struct xdp {
    uint8_t *memory;         /* received chunks first, then those to send */
    uint64_t memory_octets;
    struct xdp_area received;
    struct xdp_ring fill, completion, rx, tx;
    uint32_t *idle;          /* chunks to send that are ours */
    uint32_t idles;
    uint32_t pieces;         /* chunks that a frame of the MTU takes */
    /* BARO_BURST_LIMIT frames put together from pieces, of whole_size; NULL: one chunk takes any */
    uint8_t *whole;
    uint32_t whole_size;
    int map, program, attached; /* descriptors of the redirection */
};

unsigned xdp_rx_burst(void *context, struct baro_rx_frame *frames, unsigned limit);
void xdp_rx_end(void *context);
unsigned xdp_tx_room(void *context);
unsigned xdp_tx_burst(void *context, const struct baro_tx_frame *frames, unsigned count);

/* Attaches a program to the interface that gives the frames of the link's queue to its socket. 0, or -1 with errno and
 * the reason said. All is undone when the descriptors in `xdp` are closed, by us or by the end of the process. */
int xdp_redirect(struct baro_link *link, struct xdp *xdp, char *error, size_t size);

#endif
