/* transport/tcp/congestion.h: how much may be in flight (RFC 5681; RFC 6928 for the beginning).
 *
 * Pure functions: the moment and what an ACK told come in, the window changes, nothing else is looked at. Loss is
 * found elsewhere (sender.c, recovery.c); this decides what it means for the window. CUBIC (cubic.h), whose first slow
 * start ends by HyStart++ (hystart.h), or NewReno; another algorithm is another branch over the same facts. */
#ifndef TRANSPORT_TCP_CONGESTION_H
#define TRANSPORT_TCP_CONGESTION_H

#include "baro/stack.h"
#include "transport/tcp/cubic.h"
#include "transport/tcp/hystart.h"

enum congestion_phase { /* the numbers of enum baro_trace_phase */
    CONGESTION_SLOW_START, CONGESTION_AVOIDANCE, CONGESTION_REDUCTION, CONGESTION_RECOVERY, CONGESTION_LOSS
};

enum { CONGESTION_LIMIT = 1 << 30 }; /* the largest window there is (RFC 7323 §2.3) */

struct congestion {
    uint32_t cwnd, ssthresh; /* octets */
    uint32_t gathered;       /* octets acknowledged towards the next increase in congestion avoidance */
    uint8_t phase;           /* enum congestion_phase */
    uint8_t algorithm;       /* enum baro_congestion */
    uint8_t spare[2];
    union {
        struct hystart hystart; /* while ssthresh was never set: the first slow start */
        struct cubic cubic;     /* afterwards */
        uint32_t word[8];       /* either, as a record keeps it */
    } of;
};

/* What an acknowledgement of new data told. */
struct congestion_ack {
    struct baro_instant now;
    struct baro_duration srtt;
    struct baro_duration rtt; /* this ACK's own sample, 0: none */
    struct seq una, nxt;
    uint32_t acked;          /* octets */
    uint32_t flight;         /* octets in flight before it */
    uint32_t mss;            /* octets */
    bool unvalidated;        /* the window only grows if it was full (RFC 7661 §4.4) */
};

/* min(10 * mss, max(2 * mss, 14600)): RFC 6928 §2. */
uint32_t congestion_initial_window(uint32_t mss);
void congestion_init(struct congestion *congestion, uint8_t algorithm, uint32_t mss);
/* The program chose another algorithm: the window stays. */
void congestion_choose(struct congestion *congestion, uint8_t algorithm);

/* Was the window in use before an ACK? In slow start one half used may double; later, or not validated, it must have
 * been full. */
static inline bool congestion_was_filled(const struct congestion *congestion, uint32_t flight, uint32_t mss,
                                         bool unvalidated)
{
    bool slow_start = congestion->cwnd < congestion->ssthresh;

    return flight + mss >= (slow_start && !unvalidated ? congestion->cwnd / 2 : congestion->cwnd);
}

/* Nothing was lost yet. */
static inline bool congestion_is_first_slow_start(const struct congestion *congestion)
{
    return congestion->ssthresh == CONGESTION_LIMIT;
}

static inline void congestion_follow(struct congestion *congestion)
{
    if (congestion->phase != CONGESTION_LOSS)
        congestion->phase = congestion->cwnd < congestion->ssthresh ? CONGESTION_SLOW_START : CONGESTION_AVOIDANCE;
}

/* An ACK outside fast recovery when it was not: it does not grow. */
static inline void congestion_unfilled(struct congestion *congestion)
{
    congestion_follow(congestion);
    if (!congestion_is_first_slow_start(congestion))
        cubic_pause(&congestion->of.cubic);
}

/* New data was acknowledged outside fast recovery. Does not grow a window that was not used (RFC 7661's spirit). */
void congestion_acked(struct congestion *congestion, const struct congestion_ack *ack);
/* The third duplicate ACK: fast recovery begins (RFC 5681 §3.2). */
void congestion_fast_retransmit(struct congestion *congestion, uint32_t flight, uint32_t mss);
/* The same where PRR says what may leave (RFC 9937): ssthresh alone. */
void congestion_loss(struct congestion *congestion, uint32_t flight, uint32_t mss);
/* A congestion mark came back: ssthresh as for a loss. The window that shall be reached within a round trip, which for
 * a mark may be one segment (RFC 3168 §6.1.2, RFC 9438 §4.6). */
uint32_t congestion_marked(struct congestion *congestion, uint32_t flight, uint32_t mss);
/* That round trip is over. */
void congestion_reduced(struct congestion *congestion, uint32_t window);
/* One more duplicate ACK during it: one more segment has left the network. */
void congestion_inflate(struct congestion *congestion, uint32_t flight, uint32_t mss);
/* A partial ACK during it (RFC 6582 §3.2 step 3). */
void congestion_partial(struct congestion *congestion, uint32_t acked, uint32_t mss);
/* All that was in flight when it began is acknowledged (RFC 6582 §3.2 step 3). */
void congestion_recovered(struct congestion *congestion, uint32_t flight, uint32_t mss);
/* The retransmission timer fired (RFC 5681 §3.1 equation 4); `again`: for the same segment as before. */
void congestion_timeout(struct congestion *congestion, uint32_t flight, uint32_t mss, bool again);
/* Nothing was sent for longer than an RTO: the time along the curve begins anew (RFC 9438 §5.8). */
void congestion_rested(struct congestion *congestion);
/* The window was not validated for five minutes (RFC 7661 §4.4.3). */
void congestion_unused(struct congestion *congestion, uint32_t mss);

#endif
