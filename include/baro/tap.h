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

/* Opens the TAP called `name` (up to 15 octets; made if it is not there) for packets of up to `mtu` octets, 68 to
 * 65521, and takes `mac` as our own address on it. NULL with errno: ENOENT without /dev/net/tun, EPERM, EBUSY, EINVAL,
 * ENOMEM. Close it with baro_tap_close; a TAP that was made goes with its descriptor. */
struct baro_tap *baro_tap_open(const char *name, uint32_t mtu, struct baro_mac mac);
void baro_tap_close(struct baro_tap *tap);

/* Its device, good until baro_tap_close, and the descriptor to wait on for frames. */
const struct baro_device *baro_tap_device(struct baro_tap *tap);
int baro_tap_descriptor(const struct baro_tap *tap);

/* Frames that the kernel refused or that were larger than the MTU allows. */
uint64_t baro_tap_lost(const struct baro_tap *tap);

#ifdef __cplusplus
}
#endif
#endif
