/* transport/tcp/hystart.c: see hystart.h. */
#include "transport/tcp/hystart.h"

#include "base/time.h"

/* RFC 9406 §4.3. */
enum { SAMPLES = 8, ROUNDS = 5, GROWTH_DIVISOR = 4, RTT_DIVISOR = 8, THRESHOLD_LEAST_MS = 4, THRESHOLD_MOST_MS = 16 };

static int64_t threshold_ns(int64_t last_ns)
{
    int64_t part_ns = last_ns / RTT_DIVISOR;

    if (part_ns < THRESHOLD_LEAST_MS * NS_PER_MS)
        return THRESHOLD_LEAST_MS * NS_PER_MS;
    return part_ns < THRESHOLD_MOST_MS * NS_PER_MS ? part_ns : THRESHOLD_MOST_MS * NS_PER_MS;
}

static void next_round(struct hystart *hystart, struct seq nxt)
{
    hystart->last_ns = hystart->current_ns;
    hystart->current_ns = 0;
    hystart->samples = 0;
    hystart->window_end = nxt;
    if (hystart->conservative)
        hystart->rounds++;
}

uint32_t hystart_acked(struct hystart *hystart, struct seq una, struct seq nxt, int64_t rtt_ns, uint32_t growth,
                       bool *done)
{
    if (!hystart->begun) {
        hystart->begun = true;
        hystart->window_end = nxt;
    } else if (seq_ge(una, hystart->window_end)) {
        next_round(hystart, nxt);
    }
    if (rtt_ns != 0) {
        if (hystart->current_ns == 0 || rtt_ns < hystart->current_ns)
            hystart->current_ns = rtt_ns;
        if (hystart->samples < SAMPLES)
            hystart->samples++;
    }
    if (hystart->samples == SAMPLES && !hystart->conservative && hystart->last_ns != 0 &&
        hystart->current_ns >= hystart->last_ns + threshold_ns(hystart->last_ns)) {
        hystart->conservative = true;
        hystart->baseline_ns = hystart->current_ns;
        hystart->rounds = 0;
    } else if (hystart->samples == SAMPLES && hystart->conservative && hystart->current_ns < hystart->baseline_ns) {
        hystart->conservative = false;
    }
    *done = hystart->conservative && hystart->rounds >= ROUNDS;
    return hystart->conservative ? growth / GROWTH_DIVISOR : growth;
}
