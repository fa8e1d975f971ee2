/* One frame's trip over the line, for the signal's tests: random frames with their FCS, and what comes out.
 */
#ifndef BARO_TEST_SIGNAL_TRIP_H
#define BARO_TEST_SIGNAL_TRIP_H

#include "baro/fcs.h"
#include "baro/signal.h"

#include <string.h>

struct trip {
    struct baro_signal_transmitter transmitter;
    struct baro_signal_channel channel;
    struct baro_signal_receiver receiver;
    struct baro_instant now;
    uint32_t random;
    uint8_t frame[BARO_SIGNAL_FRAME_LIMIT], heard[BARO_SIGNAL_FRAME_LIMIT];
    int16_t sent[BARO_SIGNAL_BURST_LIMIT], arrived[BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK];
    uint32_t sent_count, arrived_count;
};

static inline uint32_t trip_random(struct trip *trip)
{
    trip->random = trip->random * 1664525u + 1013904223u;
    return trip->random >> 8;
}

/* A line whose link is up. */
static inline void trip_init(struct trip *trip, enum baro_line_code code, uint32_t seed)
{
    memset(trip, 0, sizeof *trip);
    trip->random = seed;
    baro_signal_transmitter_init(&trip->transmitter, code, seed);
    baro_signal_channel_init(&trip->channel, code, seed);
    baro_signal_receiver_init(&trip->receiver, code);
    for (int i = 0; i < 3; i++) {
        trip->now.ns += BARO_SIGNAL_LINK_INTERVAL_NS;
        uint32_t count = baro_signal_send_link(&trip->transmitter, trip->sent, BARO_SIGNAL_BURST_LIMIT);
        baro_signal_receive(&trip->receiver, trip->now, trip->sent, count, trip->heard, 0);
    }
}

/* Fills trip->frame with `length` octets, the last four their FCS. */
static inline void trip_fill(struct trip *trip, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        trip->frame[i] = (uint8_t)trip_random(trip);
    if (length < BARO_FCS_OCTETS)
        return;
    uint32_t fcs = baro_fcs(trip->frame, length - BARO_FCS_OCTETS);
    for (uint32_t i = 0; i < BARO_FCS_OCTETS; i++)
        trip->frame[length - BARO_FCS_OCTETS + i] = (uint8_t)(fcs >> 8 * i);
}

/* Sends trip->frame through the channel to the receiver. */
static inline struct baro_signal_result trip_go(struct trip *trip, uint32_t length)
{
    trip->now.ns += 1000000;
    memset(trip->heard, 0xEE, sizeof trip->heard);
    trip->sent_count =
        baro_signal_send_frame(&trip->transmitter, trip->frame, length, trip->sent, BARO_SIGNAL_BURST_LIMIT);
    trip->arrived_count =
        baro_signal_channel_apply(&trip->channel, trip->sent, trip->sent_count, trip->arrived,
                                  BARO_SIGNAL_BURST_LIMIT + BARO_SIGNAL_CHANNEL_SLACK);
    return baro_signal_receive(&trip->receiver, trip->now, trip->arrived, trip->arrived_count, trip->heard,
                               sizeof trip->heard);
}

static inline bool trip_intact(const struct trip *trip, const struct baro_signal_result *result,
                               uint32_t length)
{
    return result->event == BARO_SIGNAL_FRAME && result->length == length &&
           memcmp(trip->heard, trip->frame, length) == 0;
}

#endif
