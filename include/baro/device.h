/* baro/device.h: the contract between a stack and whatever moves its frames.
 *
 * The LAN adapter's driver, a TAP, AF_PACKET and a test's array of frames all look
 * alike from above: bursts of Ethernet frames without FCS, and a list of what the
 * device can do by itself. What it cannot do the stack does at the last moment. */
#ifndef BARO_DEVICE_H
#define BARO_DEVICE_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Frames in one burst, at most. */
#define BARO_BURST_LIMIT 64

enum baro_device_capability {
    BARO_DEVICE_TX_CHECKSUM = 1 << 0, /* fills in TCP and UDP checksums */
    BARO_DEVICE_RX_CHECKSUM = 1 << 1, /* says which received ones were verified */
    BARO_DEVICE_TSO = 1 << 2,         /* cuts a TCP super-segment into gso_size pieces */
    BARO_DEVICE_LRO = 1 << 3,         /* may hand up super-segments with their gso_size */
    /* What one rx_burst brings is taken as one for acknowledging, as generic receive offload (GRO) would have it:
     * segments of a TCP connection that are in order and one behind the other in a burst get one ACK for up to 65,535
     * octets, which leaves with the end of the burst, and so no later than without. Without it at least every second
     * full-sized segment has its own (RFC 5681 §4.2, RFC 9293 §3.8.6.3 SHLD-19, which names GRO among what current
     * practice makes of it). It suits devices for which a frame is dear and which hand over bursts because many frames
     * are there, not because they waited for them. Nothing else is different: what is acknowledged at once (out of
     * order, repeated, a FIN, probes, what fills a hole) still is; so is every second segment of a connection's first
     * 1,024, and of as many behind one that was lost, overtaken, repeated or marked (ECN CE), since the peer may then
     * count ACKs to grow; and window updates leave as ever. */
    BARO_DEVICE_GRO = 1 << 4
};

enum baro_rx_checksum {
    BARO_RX_CHECKSUM_NONE = 0, /* nobody looked: the stack verifies */
    BARO_RX_CHECKSUM_VERIFIED  /* the transport checksum was right, or never left this machine */
};

/* A received frame, borrowed: `data` stays valid until the device's rx_end. */
struct baro_rx_frame {
    const uint8_t *data;  /* from the destination MAC on, FCS removed */
    uint32_t length;      /* bytes */
    uint16_t gso_size;    /* TCP payload bytes of each piece if this is a super-segment, else 0 */
    uint8_t checksum;     /* enum baro_rx_checksum */
    uint64_t arrival_id;  /* the device's own number for the frame (journey), 0 if it keeps none */
};

/* A frame to send: its bytes are the parts in order, consumed before tx_burst returns. */
struct baro_tx_frame {
    struct baro_bytes part[3]; /* headers first, then up to two pieces of stream memory */
    unsigned parts;            /* 1 to 3 */
    uint16_t gso_size;         /* with BARO_DEVICE_TSO: TCP payload bytes of each piece, else 0 */
    uint16_t header_length;    /* bytes before the TCP payload when gso_size is not 0 */
    uint16_t checksum_start;   /* with BARO_DEVICE_TX_CHECKSUM: where summing begins, 0: nothing to do */
    uint16_t checksum_offset;  /* where the sum goes, counted from checksum_start */
};

/* A device. The functions are called with `context`; none of them blocks. */
struct baro_device {
    void *context;
    struct baro_mac mac;
    uint32_t mtu;          /* bytes of IP packet in a frame, 68 to 65535 */
    uint32_t capabilities; /* enum baro_device_capability, ored */

    /* Fills `frames` with up to `limit` frames that have arrived; returns how many. */
    unsigned (*rx_burst)(void *context, struct baro_rx_frame *frames, unsigned limit);
    /* The frames of the last rx_burst are no longer needed. A stack may keep them over baro_stack_poll() for text that
     * its program has not read yet, and sends meanwhile: at the latest at baro_stack_flush() or in the next
     * baro_stack_poll() they go back, before the next rx_burst, or by baro_stack_free(). May be NULL: then they are not
     * kept over a poll. */
    void (*rx_end)(void *context);
    /* How many frames tx_burst would take now. */
    unsigned (*tx_room)(void *context);
    /* Sends `count` frames in order; returns how many it took (the rest is not sent). */
    unsigned (*tx_burst)(void *context, const struct baro_tx_frame *frames, unsigned count);
    /* Carrier present. May be NULL: always up. */
    bool (*link_up)(void *context);
    /* Group addresses to let through besides its own and broadcast; `promiscuous` lets
     * all through. Replaces the earlier list. May be NULL: no filter. 0 or -errno. */
    int (*set_filter)(void *context, const struct baro_mac *groups, unsigned count, bool promiscuous);
};

#ifdef __cplusplus
}
#endif
#endif
