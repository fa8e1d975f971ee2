/* baro/tap.h: a TAP device of this machine's kernel as a struct baro_device (Linux).
 *
 * Frames go in and out by read and write on a descriptor that does not block; wait for it with a loop
 * (baro/loop.h) or poll. The kernel is then the other end of the wire: `ip addr add` on the interface gives it an
 * address. Needs /dev/net/tun and, in the network namespace at hand, CAP_NET_ADMIN or a TAP made for the user. */
#ifndef BARO_TAP_H
#define BARO_TAP_H

#include "baro/device.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_tap;

/* What the two sides may leave undone, ored. */
enum baro_tap_offload {
    BARO_TAP_PLAIN = 0,        /* frames are as on a wire: whole checksums, no super-frames */
    BARO_TAP_OFFLOAD = 1 << 0, /* virtio-net headers: checksums undone, TCP super-frames, as far as the kernel can */
    /* with it: checksums are right in both directions all the same, for who captures frames */
    BARO_TAP_FINISH = 1 << 1
};

/* Opens the TAP called `name` (up to 15 octets; made if it is not there) for packets of up to `mtu` octets, 68 to
 * 65521, and takes `mac` as our own address on it. `offload` is enum baro_tap_offload; what the kernel refuses is left
 * out, the device's capabilities say what came of it. NULL with errno: ENOENT without /dev/net/tun, EPERM, EBUSY,
 * EINVAL, ENOMEM. Close it with baro_tap_close; a TAP that was made goes with its descriptor. */
struct baro_tap *baro_tap_open_offload(const char *name, uint32_t mtu, struct baro_mac mac, unsigned offload);
/* The same with BARO_TAP_PLAIN. */
struct baro_tap *baro_tap_open(const char *name, uint32_t mtu, struct baro_mac mac);
void baro_tap_close(struct baro_tap *tap);

/* Its device, good until baro_tap_close, and the descriptor to wait on for frames. */
const struct baro_device *baro_tap_device(struct baro_tap *tap);
int baro_tap_descriptor(const struct baro_tap *tap);

/* Frames that the kernel refused, that were larger than the MTU allows, or whose virtio-net header was wrong. */
uint64_t baro_tap_lost(const struct baro_tap *tap);

/* What went through it: X(name, "what it counts"). */
#define BARO_TAP_COUNTERS(X)                                                              \
    X(frames_in, "frames received")                                                       \
    X(frames_out, "frames sent")                                                          \
    X(super_in, "of those received: TCP super-frames")                                    \
    X(super_out, "of those sent: TCP super-frames")                                       \
    X(undone_in, "of those received: checksum undone or verified by the kernel")          \
    X(undone_out, "of those sent: checksum left to the kernel")                           \
    X(refused_in, "frames whose virtio-net header was wrong")                             \
    X(too_large_in, "frames larger than the MTU")                                         \
    X(refused_out, "frames that the kernel did not take")

struct baro_tap_counts {
#define BARO_TAP_COUNTER_FIELD(name, text) uint64_t name;
    BARO_TAP_COUNTERS(BARO_TAP_COUNTER_FIELD)
#undef BARO_TAP_COUNTER_FIELD
    const char *last_refusal; /* why the last of refused_in was, in English; NULL: none was */
};
void baro_tap_statistics(const struct baro_tap *tap, struct baro_tap_counts *counts);

#ifdef __cplusplus
}
#endif
#endif
