/* What the two line codes share inside the folder. The public contract is baro/signal.h. */
#ifndef BARO_ADAPTER_SIGNAL_LINE_H
#define BARO_ADAPTER_SIGNAL_LINE_H

#include "baro/signal.h"

#define LINE_SAMPLES_PER_SYMBOL 4
#define LINE_PREAMBLE_OCTETS 8 /* seven of preamble and the SFD (§3.2.1, §3.2.2) */

/* Fixed point below is shifted right while signed: both compilers keep the sign. */
_Static_assert((-3 >> 1) == -2, "right shift of a negative number keeps its sign");

/* Positions in samples have 16 fraction bits. */
#define LINE_FRACTION_BITS 16
#define LINE_ONE_SAMPLE (INT64_C(1) << LINE_FRACTION_BITS)

/* 10BASE-T peak voltages at the receiver: below 300 mV is no signal (§14.3.1.3.2). */
#define MANCHESTER_AMPLITUDE_MV 2500
#define MANCHESTER_SQUELCH_MV 300
#define MANCHESTER_BIT_SAMPLES 8

/* 100BASE-TX: 1 V peak sent (ANSI X3.263 §9.1.2.2), signal detect gone below 100 mV peak (§10.1). */
#define MLT3_AMPLITUDE_MV 1000
#define MLT3_SQUELCH_MV 100
/* Code groups of idle before /J/K/: the 96 bit times that every gap has (§4.4.2), so they are always
 * on the line. After /T/R/ two more. */
#define MLT3_LEAD_GROUPS 24
#define MLT3_TAIL_GROUPS 2
#define MLT3_GROUP_SAMPLES (5 * LINE_SAMPLES_PER_SYMBOL)

uint32_t manchester_frame_samples(uint32_t octets);
uint32_t manchester_send_frame(const uint8_t *frame, uint32_t length, int16_t *samples);
uint32_t manchester_send_pulse(int16_t *samples);
struct baro_signal_result manchester_receive(const int16_t *samples, uint32_t count, uint8_t *frame,
                                             uint32_t limit);

uint32_t mlt3_frame_samples(uint32_t octets);
uint32_t mlt3_send_frame(struct baro_signal_transmitter *transmitter, const uint8_t *frame, uint32_t length,
                         int16_t *samples);
uint32_t mlt3_send_idle(struct baro_signal_transmitter *transmitter, int16_t *samples);
struct baro_signal_result mlt3_receive(const int16_t *samples, uint32_t count, uint8_t *frame,
                                       uint32_t limit);

static inline struct baro_signal_result line_lost(enum baro_drop_reason reason, int64_t position)
{
    struct baro_signal_result result = { .event = BARO_SIGNAL_LOST, .reason = reason };
    result.position = position > 0 ? (uint32_t)(position >> LINE_FRACTION_BITS) : 0;
    return result;
}

/* The line's voltage at a position between two samples. */
static inline int32_t line_voltage(const int16_t *samples, int64_t position)
{
    const int16_t *at = samples + (position >> LINE_FRACTION_BITS);
    int32_t fraction = (int32_t)(position & (LINE_ONE_SAMPLE - 1)) >> 2;
    return at[0] + (((at[1] - at[0]) * fraction) >> 14);
}

/* How much faster than ours a clock runs that needed `elapsed` for what takes us `nominal`. */
static inline int32_t line_offset_ppm(int64_t nominal, int64_t elapsed)
{
    return elapsed > 0 ? (int32_t)((nominal - elapsed) * 1000000 / elapsed) : 0;
}

static inline int32_t line_clamp(int32_t value, int32_t bound)
{
    return value > bound ? bound : value < -bound ? -bound : value;
}

#endif
