/* 10BASE-T, receiving: from samples to octets.
 *
 * 1. Carrier: eight samples whose mean magnitude is above the squelch level.
 * 2. Lock: the preamble is a square wave of two bit times. Its correlation over 32 bits with the same
 *    wave and with one a quarter turn later gives phase and amplitude at once, and noise averages
 *    out. Since every edge of the preamble is in the middle of a bit, there is no doubt which edge
 *    is which.
 * 3. Bits: the difference between the second and the first half bit, five to six amplitudes over its
 *    samples. Its sign is the bit; less than one and a half amplitudes is no bit: TP_IDL, or a symbol
 *    that the code does not have.
 * 4. Clock: each bit has an edge in its middle. The voltage where the edge is expected tells how
 *    early or late it came; a sixteenth of that moves the next expectation. With 100 ppm a bit
 *    drifts 0.0008 samples, so the loop trails by 0.013 of them: a first-order loop is enough.
 *
 * Dribbling bits after the last whole octet are cut off, as a MAC does (IEEE 802.3 §4.2.4.2.1).
 * A pair with its wires swapped is not put right: its frames have no start. */
#include "adapter/signal/line.h"

#define LOCK_BITS 32
#define LOCK_SAMPLES (LOCK_BITS * MANCHESTER_BIT_SAMPLES)
#define START_BITS 80 /* a preamble has 64 with its SFD; nobody waits forever */
#define LOOP_SHIFT 4

struct pair_clock {
    const int16_t *samples;
    int64_t end;       /* the last middle of a bit that still has its neighbours */
    int64_t position;  /* the expected middle of the next bit */
    int64_t start;     /* of the first bit, for the measured offset */
    uint32_t bits;     /* since then */
    int32_t amplitude; /* peak, mV */
    int32_t inverse;   /* 2^20 / amplitude */
};

static int32_t magnitude_sum(const int16_t *samples, uint32_t count)
{
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += samples[i] < 0 ? -samples[i] : samples[i];
    return sum;
}

/* A link pulse (§14.2.1.7): a bit time of positive voltage, then silence. A frame begins with an edge
 * each bit time and is never silent after one. */
static bool is_link_pulse(const int16_t *samples, uint32_t count)
{
    const int32_t pulse = MANCHESTER_BIT_SAMPLES, quiet = 2 * MANCHESTER_BIT_SAMPLES, edge = 2;
    int32_t best = 0;
    uint32_t best_at = 0;
    for (uint32_t i = 0; i + (uint32_t)(pulse + edge + quiet) <= count && i < 64; i++) {
        int32_t sum = 0;
        for (int32_t j = 0; j < pulse; j++)
            sum += samples[i + (uint32_t)j];
        if (sum <= best) {
            if (best > 0 && i > best_at + (uint32_t)pulse)
                break;
            continue;
        }
        best = sum;
        best_at = i;
    }
    return best >= pulse * MANCHESTER_SQUELCH_MV &&
           magnitude_sum(samples + best_at + pulse + edge, (uint32_t)quiet) < quiet * MANCHESTER_SQUELCH_MV;
}

static bool find_carrier(const int16_t *samples, uint32_t count, uint32_t *at)
{
    for (*at = 0; *at + LOCK_SAMPLES + 4 * MANCHESTER_BIT_SAMPLES <= count; *at += 4)
        if (magnitude_sum(samples + *at, 8) >= 8 * MANCHESTER_SQUELCH_MV)
            return true;
    return false;
}

/* Phase and amplitude of the preamble. The correlation of two square waves of period 16 is a triangle
 * over their distance, so in each quadrant the phase is a ratio, and |i| + |q| does not depend on it. */
static bool lock(struct pair_clock *clock, const int16_t *samples, uint32_t count)
{
    uint32_t base;
    if (!find_carrier(samples, count, &base))
        return false;
    base += MANCHESTER_BIT_SAMPLES;
    int32_t i = 0, q = 0;
    for (uint32_t n = 0; n < LOCK_SAMPLES; n++) {
        i += (n & 8) == 0 ? samples[base + n] : -samples[base + n];
        q += ((n + 12) & 8) == 0 ? samples[base + n] : -samples[base + n];
    }
    int32_t i_size = i < 0 ? -i : i, q_size = q < 0 ? -q : q, size = i_size + q_size;
    if (size < LOCK_SAMPLES * MANCHESTER_SQUELCH_MV * 7 / 8 ||
        size < magnitude_sum(samples + base, LOCK_SAMPLES) / 2)
        return false;
    /* Quarter turns are 4 samples; opposite edges, 8 apart, are middles of bits alike. */
    bool even = (i < 0) == (q < 0);
    int64_t turn = (4 * LINE_ONE_SAMPLE * (even ? q_size : i_size)) / size;
    clock->samples = samples;
    clock->position = base * LINE_ONE_SAMPLE + turn + (even ? 0 : 4 * LINE_ONE_SAMPLE) - LINE_ONE_SAMPLE / 2;
    clock->end = ((int64_t)count - 6) * LINE_ONE_SAMPLE;
    clock->start = 0;
    clock->bits = 0;
    clock->amplitude = size / LOCK_SAMPLES * 16 / 15; /* the edges cost up to an eighth, by phase */
    clock->inverse = (1 << 20) / clock->amplitude;
    return true;
}

enum pair_bit { PAIR_ZERO = 0, PAIR_ONE = 1, PAIR_NO_BIT, PAIR_END };

/* The bit whose middle is expected at the clock's position. */
static inline enum pair_bit next_bit(struct pair_clock *clock)
{
    if (clock->position > clock->end)
        return PAIR_END;
    const int16_t *x = clock->samples + (clock->position >> LINE_FRACTION_BITS);
    int32_t difference = x[1] + x[2] + x[3] + x[4] - x[0] - x[-1] - x[-2] - x[-3];
    int32_t sign = difference < 0 ? -1 : 1;
    if (difference * sign < 3 * clock->amplitude / 2)
        return PAIR_NO_BIT;
    int32_t late = line_clamp(line_voltage(clock->samples, clock->position) * sign, clock->amplitude);
    clock->position +=
        MANCHESTER_BIT_SAMPLES * LINE_ONE_SAMPLE - ((late * clock->inverse) >> (4 + LOOP_SHIFT));
    clock->bits++;
    return sign > 0 ? PAIR_ONE : PAIR_ZERO;
}

/* Looks for the SFD's 10101011. A bad bit in the preamble is no harm and is stepped over. */
static bool find_start(struct pair_clock *clock)
{
    unsigned last = 0;
    for (unsigned n = 0; n < START_BITS; n++) {
        enum pair_bit bit = next_bit(clock);
        if (bit == PAIR_END)
            return false;
        if (bit == PAIR_NO_BIT)
            clock->position += MANCHESTER_BIT_SAMPLES * LINE_ONE_SAMPLE;
        last = (last << 1 | (bit == PAIR_ONE)) & 0xFF;
        if (last == 0xAB)
            return true;
    }
    return false;
}

/* Where a bit is missing: is it the high of TP_IDL? Two bit times of it are looked at. */
static bool is_end(const struct pair_clock *clock)
{
    const int32_t span = 2 * MANCHESTER_BIT_SAMPLES;
    if (clock->position + (span - 8) * LINE_ONE_SAMPLE > clock->end)
        return false;
    const int16_t *x = clock->samples + (clock->position >> LINE_FRACTION_BITS) - 3;
    int32_t sum = 0;
    for (int32_t i = 0; i < span; i++)
        sum += x[i];
    return sum > span * clock->amplitude / 4;
}

struct baro_signal_result manchester_receive(const int16_t *samples, uint32_t count, uint8_t *frame,
                                             uint32_t limit)
{
    struct pair_clock clock;
    struct baro_signal_result result = { .event = BARO_SIGNAL_FRAME };
    if (is_link_pulse(samples, count))
        return (struct baro_signal_result){ .event = BARO_SIGNAL_LINK };
    if (!lock(&clock, samples, count))
        return line_lost(BARO_DROP_SIGNAL_NO_LOCK, 0);
    result.amplitude_mv = (uint32_t)clock.amplitude;
    if (!find_start(&clock))
        return line_lost(BARO_DROP_SIGNAL_NO_START, clock.position);
    clock.start = clock.position;
    clock.bits = 0;

    unsigned octet = 0;
    enum pair_bit bit;
    while ((bit = next_bit(&clock)) <= PAIR_ONE) {
        octet = octet >> 1 | (unsigned)bit << 7;
        if (clock.bits % 8 != 0)
            continue;
        if (result.length == limit)
            return line_lost(BARO_DROP_FRAME_GIANT, clock.position);
        frame[result.length++] = (uint8_t)octet;
    }
    if (bit == PAIR_END || !is_end(&clock) || result.length == 0)
        return line_lost(BARO_DROP_SIGNAL_BAD_SYMBOL, clock.position);
    result.position = (uint32_t)(clock.position >> LINE_FRACTION_BITS);
    result.offset_ppm = line_offset_ppm((int64_t)clock.bits * MANCHESTER_BIT_SAMPLES * LINE_ONE_SAMPLE,
                                        clock.position - clock.start);
    return result;
}
