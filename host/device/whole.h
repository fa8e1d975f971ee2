/* host/device/whole.h: frames that the kernel did not finish become frames of a wire.
 *
 * Within one machine the kernel hands on TCP and UDP segments of up to 64 KiB whose checksum field holds the
 * pseudo-header's sum alone. Here a super-segment is cut, and a checksum completed, for who wants frames as a wire has
 * them. */
#ifndef DEVICE_WHOLE_H
#define DEVICE_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

/* Where a frame's TCP or UDP header is. */
struct whole_transport {
    bool ipv4;
    uint8_t protocol;       /* 6 or 17 */
    uint32_t ip;            /* octets in front of the IP header */
    uint32_t transport;     /* octets in front of the TCP or UDP header */
    uint32_t payload;       /* octets in front of its payload */
    uint32_t checksum;      /* octets in front of its checksum */
    uint32_t end;           /* where the IP header says that the packet ends: perhaps beyond the frame */
};

/* Finds it. False: it is neither, or a fragment, or has extension headers, or its headers are not whole. */
bool whole_find(const uint8_t *frame, uint32_t length, struct whole_transport *transport);

/* Sums from `start` to the end and puts the complement at `start` + `offset`: what is there is the pseudo-header's
 * share. False: the places are not in the frame. */
bool whole_complete(uint8_t *frame, uint32_t length, uint32_t start, uint32_t offset);

/* Holds its checksum the pseudo-header's sum alone? One right checksum in 65,536 looks so, too, and is then also
 * right for who does not look. */
bool whole_is_undone(const uint8_t *frame, uint32_t length, const struct whole_transport *transport);

/* A super-segment that is being cut. */
struct whole_cut {
    const uint8_t *frame;
    uint32_t length, size, at, pieces; /* octets of payload a piece, of payload cut so far */
    struct whole_transport transport;
};

/* Begins to cut `frame`, which is borrowed, into pieces of `size` octets of payload, each of at most `most` octets.
 * False: it is not TCP or UDP, or they would be longer. */
bool whole_cut_begin(struct whole_cut *cut, const uint8_t *frame, uint32_t length, uint32_t size, uint32_t most);
/* Writes the next piece, checksums done. Its length, or 0: there are no more. */
uint32_t whole_cut_next(struct whole_cut *cut, uint8_t *piece);

#endif
