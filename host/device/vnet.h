/* host/device/vnet.h: the virtio-net header in front of a frame (OASIS virtio 1.2 §5.1.6), as TAP and AF_PACKET speak
 * it.
 *
 * It says what was left undone in the frame behind it: the transport checksum, and cutting a TCP super-segment. */
#ifndef HOST_VNET_H
#define HOST_VNET_H

#include "baro/device.h"

/* Octets of the header without its count of buffers, which nobody here uses: both sides agree on this size. */
enum { VNET_HEADER = 10 };

/* Why a received frame is refused; X(name, "what is wrong"). */
#define VNET_VERDICTS(X)                                                                       \
    X(OK, "nothing")                                                                           \
    X(SHORT, "too short for its virtio-net and Ethernet headers")                              \
    X(CHECKSUM_RANGE, "the checksum would stand or begin outside of the frame")                \
    X(GSO_KIND, "a super-frame of a kind that was not agreed on, or not of the frame's family") \
    X(GSO_CHECKSUM, "a super-frame whose checksum is neither undone nor verified")             \
    X(GSO_SIZE, "a super-frame without a size of its pieces")                                  \
    X(GSO_HEADERS, "a super-frame that is cut off within its headers")

enum vnet_verdict {
#define VNET_VERDICT(name, text) VNET_##name,
    VNET_VERDICTS(VNET_VERDICT)
#undef VNET_VERDICT
    VNET_VERDICT_COUNT
};

/* What a verdict means in English. */
const char *vnet_verdict_text(enum vnet_verdict verdict);

/* Reads the header of `length` octets at `octets` and fills in `frame`, which then points behind it. An undone checksum
 * of the frame's own TCP or UDP header counts as verified, since it never left this machine; any other, and with
 * `finish` that too, is filled in here. */
enum vnet_verdict vnet_read(uint8_t *octets, uint32_t length, bool finish, struct baro_rx_frame *frame);

/* Writes the header for a frame that the stack gave to the device. */
void vnet_write(uint8_t header[VNET_HEADER], const struct baro_tx_frame *frame);

#endif
