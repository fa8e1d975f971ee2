/* baro/signal.h: the electric signal of 10BASE-T and 100BASE-TX, both directions.
 *
 * A transmitter turns a frame into one burst of samples, a channel does to it what cable and
 * foreign clock do, a receiver finds clock, line code and start of frame in the samples again.
 * A sample is an int16_t in millivolts at the pair; all arithmetic is on integers, so the same
 * seed gives the same samples with every compiler.
 *
 * Idle is skipped in time: the line is sampled only in bursts. A burst is a frame with its
 * lead-in and end, or a sign of life (10BASE-T: a link pulse; 100BASE-TX: some scrambled idle)
 * that keeps the link up. Nothing here allocates, blocks or reads a clock.
 *
 *     n = baro_signal_send_frame(&transmitter, frame, length, sent, capacity);
 *     m = baro_signal_channel_apply(&channel, sent, n, heard, capacity);
 *     result = baro_signal_receive(&receiver, now, heard, m, frame, limit);
 */
#ifndef BARO_SIGNAL_H
#define BARO_SIGNAL_H

#include "baro/drop_reasons.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum baro_line_code { BARO_LINE_10BASE_T = 1, BARO_LINE_100BASE_TX = 2 };

/* Octets from destination MAC to FCS that a frame may have here: an envelope frame is 2000
 * (IEEE 802.3 §3.2.7), so every legal one fits. */
#define BARO_SIGNAL_FRAME_LIMIT 2000
/* Samples of the longest burst that a transmitter makes of such a frame, with either code. */
#define BARO_SIGNAL_BURST_LIMIT 129000
/* A channel may make a burst this much longer (clock offset up to 1000 ppm). */
#define BARO_SIGNAL_CHANNEL_SLACK 256

/* Whoever sends owes the line a sign of life after this much silence (IEEE 802.3 §14.2.1.7:
 * 16 ms +- 8; for 100BASE-TX it stands for the idle that is skipped in time). */
#define BARO_SIGNAL_LINK_INTERVAL_NS INT64_C(16000000)
/* Who heard nothing for this long has no link (§14.2.1.7: 50 to 150 ms). */
#define BARO_SIGNAL_LINK_LOSS_NS INT64_C(100000000)

/* What is fixed for a line code. */
struct baro_line_properties {
    const char *name;     /* "10BASE-T" */
    uint32_t bit_rate;    /* data bits a second */
    uint32_t symbol_rate; /* Manchester half bits, MLT-3 symbols a second */
    uint32_t samples_per_symbol;
    uint32_t sample_period_ps;
    uint32_t gap_ns;      /* the interpacket gap, 96 bit times (§4.4.2) */
    int16_t amplitude_mv; /* peak, as sent */
};

/* The properties of a code; NULL for a value that is no code. */
const struct baro_line_properties *baro_line_properties(enum baro_line_code code);

/* Samples of the burst for a frame of `octets` (with FCS); never above BARO_SIGNAL_BURST_LIMIT. */
uint32_t baro_line_frame_samples(enum baro_line_code code, uint32_t octets);

/* How long preamble, start delimiter and a frame of `octets` (with FCS) occupy the line; the
 * interpacket gap comes on top. */
struct baro_duration baro_line_frame_time(enum baro_line_code code, uint32_t octets);

/* ---- transmitter ---- */

struct baro_signal_transmitter {
    enum baro_line_code code;
    uint16_t scrambler; /* 100BASE-TX: the eleven bits of the key stream generator */
    uint8_t level;      /* 100BASE-TX: place in the MLT-3 cycle 0, +, 0, - */
};

/* `seed` starts the scrambler somewhere, as in a device that was switched on some time ago. */
void baro_signal_transmitter_init(struct baro_signal_transmitter *transmitter, enum baro_line_code code,
                                  uint32_t seed);

/* The burst of one frame, destination MAC to FCS, 1 to BARO_SIGNAL_FRAME_LIMIT octets. `capacity`
 * must be at least baro_line_frame_samples(code, length). Returns the number of samples. */
uint32_t baro_signal_send_frame(struct baro_signal_transmitter *transmitter, const uint8_t *frame,
                                uint32_t length, int16_t *samples, uint32_t capacity);

/* Samples of a sign of life, at most. */
#define BARO_SIGNAL_LINK_SAMPLES 512

/* A sign of life: one link pulse (10BASE-T, §14.3.1.2.1) or a burst of idle (100BASE-TX).
 * `capacity` must be at least BARO_SIGNAL_LINK_SAMPLES. Returns the number of samples. */
uint32_t baro_signal_send_link(struct baro_signal_transmitter *transmitter, int16_t *samples,
                               uint32_t capacity);

/* ---- channel ---- */

/* The settings may be changed between bursts; all zero is a perfect cable. */
struct baro_signal_channel {
    enum baro_line_code code;
    int32_t offset_ppm;            /* the sender's clock against the receiver's, -1000 to 1000 */
    uint32_t jitter_ps;            /* of each edge, root mean square, up to 1 sample period */
    uint32_t noise_mv;             /* additive, root mean square, up to 8000 */
    uint32_t attenuation_permille; /* of the amplitude lost, 0 to 1000 */
    uint64_t random;               /* state of the generator */
};

/* A perfect cable; equal seeds give equal disturbance. */
void baro_signal_channel_init(struct baro_signal_channel *channel, enum baro_line_code code, uint64_t seed);

/* What arrives of a burst of `count` samples. `capacity` must be at least count +
 * BARO_SIGNAL_CHANNEL_SLACK; `out` and `in` must not overlap. Returns the number of samples. */
uint32_t baro_signal_channel_apply(struct baro_signal_channel *channel, const int16_t *in, uint32_t count,
                                   int16_t *out, uint32_t capacity);

/* ---- receiver ---- */

struct baro_signal_receiver {
    enum baro_line_code code;
    bool link;                 /* the state at the last burst */
    uint32_t signs;            /* while it is down: signs of life in a row, rightly spaced */
    struct baro_instant heard; /* the last sign of life */
};

enum baro_signal_event {
    BARO_SIGNAL_FRAME = 1, /* octets were delivered; their FCS is for the caller to judge */
    BARO_SIGNAL_LINK,      /* a sign of life */
    BARO_SIGNAL_LOST       /* nothing delivered, for `reason` */
};

struct baro_signal_result {
    enum baro_signal_event event;
    enum baro_drop_reason reason; /* of LOST, else BARO_DROP_NONE */
    uint32_t length;              /* of FRAME: octets with FCS, else 0 */
    uint32_t position;            /* the sample where decoding ended, or went wrong */
    int32_t offset_ppm;           /* the sender's clock against ours, as recovered over FRAME, else 0 */
    uint32_t amplitude_mv;        /* the peak, as recovered; 0 without lock */
};

void baro_signal_receiver_init(struct baro_signal_receiver *receiver, enum baro_line_code code);

/* Decodes one burst. Octets from destination MAC to FCS go to `frame`, of `limit` bytes; a longer
 * frame is lost as FRAME_GIANT. The other reasons: SIGNAL_NO_LOCK, SIGNAL_BAD_SYMBOL,
 * SIGNAL_FALSE_CARRIER (100BASE-TX), SIGNAL_NO_START, and LINK_DOWN for a good frame that came
 * before the link was up (it counts as a sign of life: the next one passes). What stands in
 * `frame` after a loss means nothing. */
struct baro_signal_result baro_signal_receive(struct baro_signal_receiver *receiver, struct baro_instant now,
                                              const int16_t *samples, uint32_t count, uint8_t *frame,
                                              uint32_t limit);

/* Whether the link is up at `now`: it comes up with the third link pulse of 10BASE-T (2 to 150 ms
 * apart), the second idle of 100BASE-TX (330 us to 150 ms apart), or after a frame. `now` is
 * not before the last burst. */
bool baro_signal_link_up(const struct baro_signal_receiver *receiver, struct baro_instant now);

/* The instant at which the link goes down if nothing is heard before. False: it is down. */
bool baro_signal_link_deadline(const struct baro_signal_receiver *receiver, struct baro_instant *deadline);

#ifdef __cplusplus
}
#endif
#endif
