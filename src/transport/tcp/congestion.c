/* transport/tcp/congestion.c: NewReno's window, see congestion.h. */
#include "transport/tcp/congestion.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

enum { CONGESTION_LIMIT = 1 << 30 }; /* the largest window there is (RFC 7323 §2.3) */

uint32_t congestion_initial_window(uint32_t mss)
{
    return smaller(10 * mss, larger(2 * mss, 14600));
}

void congestion_init(struct congestion *congestion, uint32_t mss)
{
    *congestion = (struct congestion){ .cwnd = congestion_initial_window(mss), .ssthresh = CONGESTION_LIMIT };
}

void congestion_acked(struct congestion *congestion, const struct congestion_ack *ack)
{
    bool slow_start = congestion->cwnd < congestion->ssthresh;

    if (congestion->phase != CONGESTION_LOSS)
        congestion->phase = slow_start ? CONGESTION_SLOW_START : CONGESTION_AVOIDANCE;
    /* In slow start a window half used may double; later it must have been full. */
    if (ack->flight + ack->mss < (slow_start ? congestion->cwnd / 2 : congestion->cwnd))
        return;
    if (slow_start) {
        /* Octets, not ACKs, and at most two segments for one: RFC 5681 §3.1, RFC 3465 §2.2 (L = 2). */
        congestion->cwnd += smaller(ack->acked, 2 * ack->mss);
    } else {
        congestion->gathered += ack->acked;
        if (congestion->gathered >= congestion->cwnd) {
            congestion->gathered -= congestion->cwnd;
            congestion->cwnd += ack->mss;
        }
    }
    congestion->cwnd = smaller(congestion->cwnd, CONGESTION_LIMIT);
}

void congestion_loss(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    congestion->ssthresh = larger(flight / 2, 2 * mss);
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
    congestion->cwnd -= smaller(acked, congestion->cwnd);
    if (acked >= mss)
        congestion->cwnd += mss;
    congestion->cwnd = larger(congestion->cwnd, mss);
}

void congestion_recovered(struct congestion *congestion, uint32_t flight, uint32_t mss)
{
    congestion->cwnd = smaller(congestion->ssthresh, larger(flight, mss) + mss);
    congestion->phase = congestion->cwnd < congestion->ssthresh ? CONGESTION_SLOW_START : CONGESTION_AVOIDANCE;
}

void congestion_timeout(struct congestion *congestion, uint32_t flight, uint32_t mss, bool again)
{
    if (!again)
        congestion->ssthresh = larger(flight / 2, 2 * mss);
    congestion->cwnd = mss;
    congestion->gathered = 0;
    congestion->phase = CONGESTION_LOSS;
}

void congestion_idle(struct congestion *congestion, uint32_t mss)
{
    congestion->cwnd = smaller(congestion->cwnd, congestion_initial_window(mss));
}
