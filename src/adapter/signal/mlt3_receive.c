/* 100BASE-TX, receiving: from samples to octets.
 *
 * 1. Lock: over the first symbols of the lead-in the energy of the voltage's changes, folded into one
 *    symbol time, has its centre where the edges are; the magnitudes in the middles give the amplitude.
 * 2. Symbols: the mean of the two samples in the middle, against half the amplitude, which follows the
 *    signal. A change of level is a 1, none a 0 (MLT-3, ANSI X3.263 §7.1.2).
 * 3. Clock: at each change the voltage where the edge is expected tells how early or late it came;
 *    a sixteenth of that moves the next expectation. With 100 ppm a symbol drifts 0.0004 samples and
 *    every second one has an edge, so the loop trails by 0.013: first order is enough.
 * 4. Descrambler: in idle, line(n) = NOT key(n), hence line(n) XOR line(n-9) XOR line(n-11) = 1. Where that
 *    holds for 32 bits on end there is idle, and the last eleven bits are the generator's state. Nothing
 *    is shared with the sender.
 * 5. Start: two zeros apart within ten descrambled bits are carrier (IEEE 802.3 §24.2.4.4); it must be
 *    /J/K/, whose place then aligns the groups, or it was a false carrier. One wrong symbol in idle makes
 *    two zeros side by side, which is no carrier.
 * 6. Groups to nibbles until /T/R/. A group that means nothing, /H/, a delimiter out of place, or idle
 *    without /T/R/ is a bad symbol. */
#include "adapter/signal/line.h"
#include "adapter/signal/code_groups.h"

#define LOCK_SYMBOLS 48
#define LOCK_SAMPLES (LOCK_SYMBOLS * LINE_SAMPLES_PER_SYMBOL)
#define LOCK_RUN 32      /* bits of idle on end that lock the descrambler */
#define START_NIBBLES 30 /* a preamble has 14 after /J/K/; nobody waits forever */
#define LOOP_SHIFT 4
#define LEVEL_SHIFT 6 /* the amplitude follows with 1/64 of what a symbol differs */

struct symbol_clock {
    const int16_t *samples;
    int64_t end;      /* the last edge whose symbol lies whole in the samples */
    int64_t position; /* the expected edge before the next symbol */
    int32_t level;    /* the last symbol: -1, 0, 1 */
    int32_t twice;    /* twice the amplitude, mV, in 1/64 */
    int32_t inverse;  /* 2^24 / twice the amplitude, at lock */
    int32_t bound;    /* of an edge's lateness in mV, at lock: no symbol moves the clock far */
    uint32_t symbols; /* since the descrambler locked */
    uint16_t key;     /* the descrambler's generator */
};

static int32_t size_of(int32_t value)
{
    return value < 0 ? -value : value;
}

/* Where the edges are, as a place in the symbol time: the phase of the changes' energy. */
static int64_t find_edges(const int16_t *samples)
{
    int64_t energy[LINE_SAMPLES_PER_SYMBOL] = { 0 };
    for (uint32_t n = 0; n < LOCK_SAMPLES; n++) {
        int64_t change = samples[n + 1] - samples[n];
        energy[n % LINE_SAMPLES_PER_SYMBOL] += change * change;
    }
    int64_t i = energy[0] - energy[2], q = energy[1] - energy[3];
    int64_t i_size = i < 0 ? -i : i, q_size = q < 0 ? -q : q, size = i_size + q_size;
    if (size == 0)
        return LINE_ONE_SAMPLE / 2;
    /* The change from n to n+1 lies at n + 1/2; quarter turns are one sample. */
    int64_t quadrant = i >= 0 ? (q >= 0 ? 0 : 3) : (q >= 0 ? 1 : 2);
    int64_t turn = LINE_ONE_SAMPLE * (quadrant % 2 == 0 ? q_size : i_size) / size;
    return quadrant * LINE_ONE_SAMPLE + turn + LINE_ONE_SAMPLE / 2;
}

/* The sum of the two samples in the middle of the symbol after the edge at `position`. */
static inline int32_t middle(const int16_t *samples, int64_t position)
{
    const int16_t *x = samples + (position >> LINE_FRACTION_BITS) + LINE_SAMPLES_PER_SYMBOL / 2;
    return x[0] + x[1];
}

/* Twice the amplitude: the mean of the larger half of the middles. */
static int32_t find_amplitude(const int16_t *samples, int64_t edge)
{
    const int64_t step = LINE_SAMPLES_PER_SYMBOL * LINE_ONE_SAMPLE;
    int32_t sum = 0, large = 0, count = 0;
    for (int64_t n = 0; n < LOCK_SYMBOLS; n++)
        sum += size_of(middle(samples, edge + n * step));
    for (int64_t n = 0; n < LOCK_SYMBOLS; n++) {
        int32_t size = size_of(middle(samples, edge + n * step));
        large += size * LOCK_SYMBOLS > sum ? size : 0;
        count += size * LOCK_SYMBOLS > sum;
    }
    return count > 0 ? large / count : 0;
}

static bool lock(struct symbol_clock *clock, const int16_t *samples, uint32_t count)
{
    if (count < LOCK_SAMPLES + 4 * LINE_SAMPLES_PER_SYMBOL)
        return false;
    int64_t edge = find_edges(samples);
    int32_t twice = find_amplitude(samples, edge);
    if (twice < 2 * MLT3_SQUELCH_MV)
        return false;
    *clock = (struct symbol_clock){ .samples = samples,
                                    .end = ((int64_t)count - 4) * LINE_ONE_SAMPLE,
                                    .position = edge,
                                    .twice = twice << LEVEL_SHIFT,
                                    .inverse = (1 << 24) / twice,
                                    .bound = twice / 4 };
    return true;
}

/* The next bit of the line, before descrambling; the caller has looked at the end. */
static inline unsigned next_bit(struct symbol_clock *clock)
{
    int32_t sum = middle(clock->samples, clock->position);
    int32_t threshold = clock->twice >> (LEVEL_SHIFT + 1);
    int32_t level = (sum > threshold) - (sum < -threshold);
    int32_t change = level - clock->level;
    /* An edge crosses half way between its two levels. Without change this is zero. */
    int32_t crossing = (level + clock->level) * (threshold / 2);
    int32_t late =
        line_clamp((line_voltage(clock->samples, clock->position) - crossing) * change, clock->bound);
    clock->position +=
        LINE_SAMPLES_PER_SYMBOL * LINE_ONE_SAMPLE - ((late * clock->inverse) >> (6 + LOOP_SHIFT));
    clock->twice += (size_of(sum) - (clock->twice >> LEVEL_SHIFT)) & -(level & 1);
    clock->level = level;
    clock->symbols++;
    return (unsigned)(change != 0);
}

static inline bool at_end(const struct symbol_clock *clock, int64_t symbols)
{
    return clock->position + (symbols - 1) * LINE_SAMPLES_PER_SYMBOL * LINE_ONE_SAMPLE > clock->end;
}

static bool lock_descrambler(struct symbol_clock *clock)
{
    unsigned history = 0, run = 0;
    for (unsigned seen = 0; run < LOCK_RUN; seen++) {
        if (at_end(clock, 1))
            return false;
        unsigned bit = next_bit(clock);
        bool idle = (bit ^ history >> 8 ^ history >> 10) & 1;
        run = idle && seen >= 11 ? run + 1 : 0;
        history = history << 1 | bit;
    }
    clock->key = (uint16_t)(~history & 0x7FF);
    clock->symbols = 0;
    return true;
}

static inline unsigned next_group(struct symbol_clock *clock)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < 5; i++)
        bits = bits << 1 | next_bit(clock);
    return bits ^ scrambler_five(&clock->key);
}

enum start { START_FOUND, START_NONE, START_FALSE };

/* From idle to just behind /J/K/. */
static enum start find_start(struct symbol_clock *clock)
{
    unsigned last = 0x3FF;
    while (!at_end(clock, 1)) {
        last = (last << 1 | (next_bit(clock) ^ scrambler_one(&clock->key))) & 0x3FF;
        /* Judged when the first zero has come to the place it has in /J/. */
        if ((last >> 7) != 6)
            continue;
        if (last == (GROUP_J << 5 | GROUP_K))
            return START_FOUND;
        unsigned zeros = ~last & 0x7F;
        if ((zeros & 0x3F) != 0)
            return START_FALSE;
    }
    return START_NONE;
}

/* The rest of the preamble, and the SFD: nibbles 5 until a D (802.3 §22.2.3.2). */
static enum baro_drop_reason find_frame(struct symbol_clock *clock)
{
    for (unsigned n = 0; n < START_NIBBLES; n++) {
        if (at_end(clock, 5))
            return BARO_DROP_SIGNAL_BAD_SYMBOL;
        unsigned meaning = code_meaning_of_group[next_group(clock)];
        if (meaning == 0xD)
            return BARO_DROP_NONE;
        if (meaning > 0xF)
            return BARO_DROP_SIGNAL_BAD_SYMBOL;
    }
    return BARO_DROP_SIGNAL_NO_START;
}

/* The frame's octets up to and with /T/R/. */
static enum baro_drop_reason read_frame(struct symbol_clock *clock, uint8_t *frame, uint32_t limit,
                                        uint32_t *length)
{
    unsigned low = 0;
    bool have_low = false;
    for (*length = 0; !at_end(clock, 5);) {
        unsigned meaning = code_meaning_of_group[next_group(clock)];
        if (meaning > 0xF) {
            bool ended =
                meaning == MEANS_T && *length > 0 && !at_end(clock, 5) && next_group(clock) == GROUP_R;
            return ended ? BARO_DROP_NONE : BARO_DROP_SIGNAL_BAD_SYMBOL;
        }
        have_low = !have_low;
        if (have_low) {
            low = meaning;
            continue;
        }
        if (*length == limit)
            return BARO_DROP_FRAME_GIANT;
        frame[(*length)++] = (uint8_t)(meaning << 4 | low);
    }
    return BARO_DROP_SIGNAL_BAD_SYMBOL;
}

struct baro_signal_result mlt3_receive(const int16_t *samples, uint32_t count, uint8_t *frame, uint32_t limit)
{
    struct symbol_clock clock;
    if (!lock(&clock, samples, count))
        return line_lost(BARO_DROP_SIGNAL_NO_LOCK, 0);
    if (!lock_descrambler(&clock))
        return line_lost(BARO_DROP_SIGNAL_NO_LOCK, clock.position);
    int64_t locked = clock.position;
    enum start start = find_start(&clock);
    if (start == START_NONE)
        return (struct baro_signal_result){ .event = BARO_SIGNAL_LINK,
                                            .position = (uint32_t)(clock.position >> LINE_FRACTION_BITS) };
    if (start == START_FALSE)
        return line_lost(BARO_DROP_SIGNAL_FALSE_CARRIER, clock.position);

    uint32_t length = 0;
    enum baro_drop_reason reason = find_frame(&clock);
    if (reason == BARO_DROP_NONE)
        reason = read_frame(&clock, frame, limit, &length);
    if (reason != BARO_DROP_NONE)
        return line_lost(reason, clock.position);
    struct baro_signal_result result = { .event = BARO_SIGNAL_FRAME, .length = length };
    result.position = (uint32_t)(clock.position >> LINE_FRACTION_BITS);
    result.amplitude_mv = (uint32_t)(clock.twice >> (LEVEL_SHIFT + 1));
    result.offset_ppm =
        line_offset_ppm(clock.symbols * LINE_SAMPLES_PER_SYMBOL * LINE_ONE_SAMPLE, clock.position - locked);
    return result;
}
