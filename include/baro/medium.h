/* baro/medium.h: the contract between what sends and what carries: LAN adapters and switch
 * ports on one side, wires on the other.
 *
 * One burst on a medium is a *transmission*: it begins at an instant, lasts for a duration and
 * is either a frame (octets in memory, on a fast medium) or a signal (samples of a line code,
 * on a faithful one). Between two transmissions a line is idle; idle is skipped in time, never
 * carried. Who calls whom:
 *
 *   - A station calls the medium's `transmit` when the transmission begins. Everything it
 *     points to is borrowed for the call: the medium copies what it keeps.
 *   - The medium calls the station's `arrive` when the last bit has come in (`start` and
 *     `duration` are those at this end), also borrowed for the call. It may do so from within
 *     the other station's `transmit`. A station does not transmit from within `arrive`.
 *   - Whether the line is up a station learns on a faithful medium from what it hears: frames
 *     and signs of life (IEEE 802.3 §14.2.1.7), which both sides send after 16 ms of silence.
 *     A fast medium calls `link`.
 *
 * A medium with `large` set never leaves this machine and bends no bits: transport checksums
 * may be left undone on it, TCP super-segments travel whole with their gso_size, there is no
 * FCS, and `transmit` may say "not now", as IEEE 802.3 Annex 31B's PAUSE would. */
#ifndef BARO_MEDIUM_H
#define BARO_MEDIUM_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets around the IP packet in a frame, and what a frame may not be below. */
#define BARO_FRAME_HEADER 14    /* destination, source, type (IEEE 802.3 §3.1.1) */
#define BARO_FRAME_VLAN_TAG 4   /* IEEE 802.1Q */
#define BARO_FRAME_MINIMUM 60   /* without FCS (IEEE 802.3 §3.2.8) */

enum baro_medium_kind {
    BARO_MEDIUM_FAST = 0,  /* frames in memory */
    BARO_MEDIUM_10BASE_T,  /* samples, Manchester, 10 Mbit/s (IEEE 802.3 §14) */
    BARO_MEDIUM_100BASE_TX /* samples, scrambled 4B5B as MLT-3, 100 Mbit/s (IEEE 802.3 §24, §25) */
};

/* Pieces of one frame in a transmission: headers, stream memory twice, padding, FCS. */
#define BARO_TRANSMISSION_PARTS 5

/* One burst. The parts are the frame from the destination MAC on, in order. Beside samples the sender gives it too,
 * for the medium's accounts and faults; the medium delivers samples without it. */
struct baro_transmission {
    struct baro_instant start;       /* its first bit, at this end */
    struct baro_duration duration;   /* until its last bit; 0 on a fast medium */
    const int16_t *samples;          /* faithful: the line-coded signal (baro/signal.h), else NULL */
    uint32_t sample_count;
    bool link_sign;                  /* faithful: no frame but a sign of life */
    struct baro_bytes part[BARO_TRANSMISSION_PARTS];
    unsigned parts;
    bool fcs;                        /* the frame's last four octets are its FCS */
    bool checksum_undone;            /* large medium: the transport checksum was left undone, the
                                        payload is as it was sent */
    uint16_t gso_size;               /* large medium: TCP payload octets of each piece, else 0 */
};

/* One end of a line, as the medium calls it. */
struct baro_station {
    void *context;
    /* A transmission has come in whole. */
    void (*arrive)(void *context, const struct baro_transmission *transmission);
    /* Would `arrive` find room in the receive ring? Asked on large media only. May be NULL: always. */
    bool (*room)(void *context);
    /* The line came up or went down: fast media only. */
    void (*link)(void *context, bool up, struct baro_instant now);
};

/* A line, as a station calls it. */
struct baro_medium {
    void *context;
    enum baro_medium_kind kind;
    uint32_t mtu;  /* octets of IP packet in a frame, 68 to 65535 */
    bool fcs;      /* frames on it carry their FCS; always so with samples */
    bool large;    /* super-segments and undone checksums allowed; never with samples or fcs */
    /* Sends. 0, or -EAGAIN on a large medium whose other end has no room (try again after it was polled). */
    int (*transmit)(void *context, const struct baro_transmission *transmission);
};

#ifdef __cplusplus
}
#endif
#endif
