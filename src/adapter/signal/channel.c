/* The cable between two clocks: attenuation, clock offset, jitter, noise; all seeded, all integer.
 *
 * The receiver takes its samples at its own instants. Output sample n is read at n * (1 + offset) plus
 * the jitter there, between two sent samples on a straight line; the first lies anywhere in a sample
 * period. Jitter is drawn once a symbol and runs in a straight line between, so neighbouring samples
 * of one edge move together. Noise is the sum of the eight octets of a 64-bit random number: bell
 * shaped, out to almost five times its root mean square, then cut off. */
#include "adapter/signal/line.h"

#include <assert.h>
#include <string.h>

#define BELL_MEAN 1020     /* of the sum of eight octets */
#define BELL_INVERSE 20067 /* 2^22 / 209.02, its root mean square */

void baro_signal_channel_init(struct baro_signal_channel *channel, enum baro_line_code code, uint64_t seed)
{
    assert(baro_line_properties(code) != NULL);
    *channel = (struct baro_signal_channel){ .code = code, .random = seed };
}

/* The generator SplitMix64: a counter in golden steps, its bits well mixed. */
static inline uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A number around 0 whose root mean square is `scale`. */
static inline int32_t bell(uint64_t *state, int64_t scale)
{
    const uint64_t even = UINT64_C(0x00FF00FF00FF00FF);
    uint64_t z = draw(state);
    uint64_t pairs = (z & even) + (z >> 8 & even);
    int64_t sum = (int64_t)(pairs * UINT64_C(0x0001000100010001) >> 48);
    return (int32_t)(((sum - BELL_MEAN) * scale * BELL_INVERSE) >> 22);
}

static inline int16_t saturate(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* Reads the burst at the receiver's instants. */
static uint32_t resample(struct baro_signal_channel *channel, const int16_t *in, uint32_t count, int16_t *out,
                         uint32_t capacity)
{
    const int64_t one = INT64_C(1) << 32, last = ((int64_t)count - 1) * LINE_ONE_SAMPLE - 1;
    const int64_t step = one + channel->offset_ppm * one / 1000000;
    const int64_t period_ps = baro_line_properties(channel->code)->sample_period_ps;
    const int64_t jitter = (int64_t)channel->jitter_ps * LINE_ONE_SAMPLE / period_ps;
    int64_t position = (int64_t)(draw(&channel->random) >> 32);
    int32_t from, to = bell(&channel->random, jitter);
    uint32_t n = 0;
    while (position >> 16 <= last) {
        from = to;
        to = bell(&channel->random, jitter);
        for (int32_t i = 0; i < LINE_SAMPLES_PER_SYMBOL && position >> 16 <= last && n < capacity; i++) {
            int64_t at = (position >> 16) + from + (to - from) * i / LINE_SAMPLES_PER_SYMBOL;
            at = at < 0 ? 0 : at > last ? last : at;
            out[n++] = (int16_t)line_voltage(in, at);
            position += step;
        }
    }
    return n;
}

uint32_t baro_signal_channel_apply(struct baro_signal_channel *channel, const int16_t *in, uint32_t count,
                                   int16_t *out, uint32_t capacity)
{
    assert(channel->offset_ppm >= -1000 && channel->offset_ppm <= 1000);
    assert(channel->noise_mv <= 8000 && channel->attenuation_permille <= 1000);
    assert(channel->jitter_ps <= baro_line_properties(channel->code)->sample_period_ps);
    assert(count <= BARO_SIGNAL_BURST_LIMIT && capacity >= count + BARO_SIGNAL_CHANNEL_SLACK);
    if (count == 0)
        return 0;
    if (channel->offset_ppm != 0 || channel->jitter_ps != 0)
        count = resample(channel, in, count, out, capacity);
    else
        memcpy(out, in, count * sizeof *out);
    int32_t gain = (int32_t)(((1000 - channel->attenuation_permille) << 15) / 1000);
    if (channel->attenuation_permille != 0)
        for (uint32_t i = 0; i < count; i++)
            out[i] = (int16_t)((out[i] * gain) >> 15);
    if (channel->noise_mv != 0)
        for (uint32_t i = 0; i < count; i++)
            out[i] = saturate(out[i] + bell(&channel->random, channel->noise_mv));
    return count;
}
