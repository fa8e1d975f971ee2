/* transport/tcp/congestion.c: see congestion.h. */
#include "transport/tcp/congestion.h"

#include "base/min.h"

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

const char *baro_congestion_name(enum baro_congestion congestion)
{
    static const char *const name[BARO_CONGESTION_COUNT] = { "cubic", "reno" };

    return congestion < BARO_CONGESTION_COUNT ? name[congestion] : NULL;
}

uint32_t congestion_initial_window(uint32_t mss)
{
    return min_u32(10 * mss, max_u32(2 * mss, 14600));
}

void congestion_init(struct congestion *congestion, uint8_t algorithm, uint32_t mss)
{
    *congestion = (struct congestion){ .cwnd = congestion_initial_window(mss), .ssthresh = CONGESTION_LIMIT,
                                       .algorithm = algorithm };
}

/* From here on it is the curve that counts. */
static void leave_first_slow_start(struct congestion *congestion)
{
    if (congestion_is_first_slow_start(congestion))
        congestion->of.cubic = (struct cubic){ 0 };
}

void congestion_choose(struct congestion *congestion, uint8_t algorithm)
{
    if (congestion->algorithm == algorithm)
        return;
    congestion->algorithm = algorithm;
    if (congestion_is_first_slow_start(congestion))
        congestion->of.hystart = (struct hystart){ 0 };
    else
        congestion->of.cubic = (struct cubic){ 0 };
}

static void grow_in_slow_start(struct congestion *congestion, const struct congestion_ack *ack)
{
    uint32_t growth;
    bool done = false;

    /* Octets, not ACKs, and for one no more than two segments (RFC 5681 §3.1, RFC 3465 §2.2); with HyStart++ eight.
     * After a timeout one: an ACK then covers much that came long ago (RFC 3465 §2.3). */
    if (congestion->phase == CONGESTION_LOSS) {
        congestion->cwnd += min_u32(ack->acked, ack->mss);
        return;
    }
    if (congestion->algorithm == BARO_CONGESTION_RENO) {
        congestion->cwnd += min_u32(ack->acked, 2 * ack->mss);
        return;
    }
    growth = min_u32(ack->acked, HYSTART_LIMIT * ack->mss);
    if (congestion_is_first_slow_start(congestion))
        growth = hystart_acked(&congestion->of.hystart, ack->una, ack->nxt, ack->rtt.ns, growth, &done);
    congestion->cwnd += growth;
    if (!done)
        return;
    leave_first_slow_start(congestion);
    congestion->ssthresh = congestion->cwnd;
    congestion->phase = CONGESTION_AVOIDANCE;
}

static void grow_in_avoidance(struct congestion *congestion, const struct congestion_ack *ack)
{
    if (congestion->algorithm == BARO_CONGESTION_CUBIC) {
        congestion->cwnd = cubic_acked(&congestion->of.cubic, congestion->cwnd, ack->acked, ack->mss, ack->now.ns,
                                       ack->srtt.ns);
        return;
    }
    congestion->gathered += ack->acked;
    if (congestion->gathered < congestion->cwnd)
        return;
    congestion->gathered -= congestion->cwnd;
    congestion->cwnd += ack->mss;
}

void congestion_acked(struct congestion *congestion, const struct congestion_ack *ack)
{
    bool slow_start = congestion->cwnd < congestion->ssthresh;

    if (!congestion_was_filled(congestion, ack->flight, ack->mss, ack->unvalidated)) {
        congestion_unfilled(congestion);
        return;
    }
    congestion_follow(congestion);
    if (slow_start)
        grow_in_slow_start(congestion, ack);
    else
        grow_in_avoidance(congestion, ack);
    congestion->cwnd = min_u32(congestion->cwnd, CONGESTION_LIMIT);
}

static uint32_t threshold(const struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    return congestion->algorithm == BARO_CONGESTION_CUBIC ? cubic_ssthresh(flight, mss) : max_u32(flight / 2, 2 * mss);
}

uint32_t congestion_marked(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    congestion_loss(congestion, flight, mss);
    congestion->phase = CONGESTION_REDUCTION;
    return max_u32(threshold(congestion, flight, 0), mss);
}

void congestion_reduced(struct congestion *congestion, uint32_t window)
{
    congestion->cwnd = window;
    congestion->phase = window < congestion->ssthresh ? CONGESTION_SLOW_START : CONGESTION_AVOIDANCE;
}

void congestion_loss(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    if (congestion->phase == CONGESTION_REDUCTION) { /* not twice within a round trip (RFC 3168 §6.1.2) */
        congestion->phase = CONGESTION_RECOVERY;
        return;
    }
    leave_first_slow_start(congestion);
    cubic_loss(&congestion->of.cubic, congestion->cwnd);
    congestion->ssthresh = threshold(congestion, flight, mss);
    congestion->gathered = 0;
    congestion->phase = CONGESTION_RECOVERY;
}

void congestion_fast_retransmit(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    congestion_loss(congestion, flight, mss);
    congestion->cwnd = congestion->ssthresh + 3 * mss;
}

void congestion_inflate(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    /* Duplicates beyond what was in flight are somebody's invention (RFC 5681 §3.2 last paragraph). */
    if (congestion->cwnd < congestion->ssthresh + flight)
        congestion->cwnd += mss;
}

void congestion_partial(struct congestion *congestion, uint32_t acked, uint32_t mss)
{
    congestion->cwnd -= min_u32(acked, congestion->cwnd);
    if (acked >= mss)
        congestion->cwnd += mss;
    congestion->cwnd = max_u32(congestion->cwnd, mss);
}

void congestion_recovered(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    congestion->cwnd = min_u32(congestion->ssthresh, max_u32(flight, mss) + mss);
    congestion->phase = congestion->cwnd < congestion->ssthresh ? CONGESTION_SLOW_START : CONGESTION_AVOIDANCE;
}

void congestion_timeout(struct congestion *congestion, uint32_t flight, uint32_t mss, bool again)
{
    leave_first_slow_start(congestion);
    if (!again && congestion->phase != CONGESTION_REDUCTION) {
        congestion->ssthresh = threshold(congestion, flight, mss);
        cubic_timeout(&congestion->of.cubic, congestion->cwnd);
    }
    congestion->cwnd = mss;
    congestion->gathered = 0;
    congestion->phase = CONGESTION_LOSS;
}

void congestion_rested(struct congestion *congestion)
{
    if (!congestion_is_first_slow_start(congestion))
        cubic_pause(&congestion->of.cubic);
}

void congestion_unused(struct congestion *congestion, uint32_t mss)
{
    congestion->ssthresh = max_u32(congestion->ssthresh, congestion->cwnd / 4 * 3);
    congestion->cwnd = min_u32(congestion->cwnd, max_u32(congestion->cwnd / 2, congestion_initial_window(mss)));
    congestion_rested(congestion);
}
