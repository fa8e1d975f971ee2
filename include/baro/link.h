/* baro/link.h: an interface of this machine's kernel as a struct baro_device, without the kernel's stack (Linux).
 *
 * Two ways to the same frames. An AF_PACKET socket sees what arrives at the interface beside the kernel's own stack:
 * receive ring in shared memory, offloads of the interface used on demand. An AF_XDP socket takes the frames of one
 * queue before the kernel's stack sees them, and gives them to nobody else for as long as it is open: copy mode, memory
 * shared with the kernel, frames above one chunk in several. Both need CAP_NET_RAW or more (AF_XDP CAP_NET_ADMIN and
 * CAP_BPF of the machine's root, not of a user namespace).
 *
 * The stack behind it must have IP addresses that this machine's kernel has not: with AF_PACKET the kernel sees
 * every frame, too, and would answer for an address of its own. What the kernel itself sends on that interface is
 * not seen. */
#ifndef BARO_LINK_H
#define BARO_LINK_H

#include "baro/device.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_link;

enum baro_link_kind { BARO_LINK_PACKET, BARO_LINK_XDP };

struct baro_link_config {
    enum baro_link_kind kind;
    const char *interface;  /* an Ethernet interface: its name, up to 15 octets */
    struct baro_mac mac;    /* our address on it; all zero: the interface's own */
    uint32_t mtu;           /* 0: the interface's, which is also the most; 68 or more */
    uint32_t queue;         /* XDP: the receive queue; frames of others go to the kernel */
    bool promiscuous;       /* all frames, not only ours and groups: for a switch behind it */
    /* Checksums and, with AF_PACKET, super-segments are the kernel's matter, both ways, and the device says so. Without
     * it every frame is one of the wire: what comes in larger or with its checksum undone is cut and completed here. */
    bool offloads;
    bool gro; /* BARO_DEVICE_GRO: one ACK for what a burst brings of a connection */
};

/* Opens it. NULL with errno, and why not in one sentence in `error`. */
struct baro_link *baro_link_open(const struct baro_link_config *config, char *error, size_t error_size);
/* Nothing stays behind on the interface, nor does it when the process is killed. NULL is allowed. */
void baro_link_close(struct baro_link *link);

/* Its device, good until baro_link_close, and the descriptor to wait on for frames (EPOLLIN). */
const struct baro_device *baro_link_device(struct baro_link *link);
int baro_link_descriptor(const struct baro_link *link);

/* What went through it and what it lost, X(name, "what it counts"). */
#define BARO_LINK_COUNTERS(X)                                                     \
    X(frames_in, "frames received")                                               \
    X(frames_out, "frames sent")                                                  \
    X(super_in, "of those received: TCP super-frames")                            \
    X(super_out, "of those sent: TCP super-frames")                               \
    X(undone_in, "of those received: checksum undone or verified by the kernel")  \
    X(undone_out, "of those sent: checksum left to the kernel")                   \
    X(overflowed, "frames lost because the receive ring was full")                \
    X(too_long, "frames received above the MTU and dropped")                      \
    X(tagged, "frames received with a VLAN tag and dropped")                      \
    X(malformed, "frames and descriptors received that made no sense")            \
    X(refused, "frames that the kernel did not take")                             \
    X(cut, "super-segments received that were cut into frames here")              \
    X(completed, "checksums of frames received that were completed here")

struct baro_link_counts {
#define BARO_LINK_COUNTER_FIELD(name, text) uint64_t name;
    BARO_LINK_COUNTERS(BARO_LINK_COUNTER_FIELD)
#undef BARO_LINK_COUNTER_FIELD
};

/* The counters as they are now. */
void baro_link_counts(struct baro_link *link, struct baro_link_counts *counts);

#ifdef __cplusplus
}
#endif
#endif
