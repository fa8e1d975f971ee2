/* transport/tcp/rtt.h: the retransmission timeout (RFC 6298), pure functions.
 *
 * The least RTO is 200 ms, below RFC 6298 §2.4's 1 s: delayed ACKs here take 40 ms and elsewhere up to 200 ms in
 * practice, and every large stack does the same. The largest is 120 s (§2.5 wants at least 60 s). */
#ifndef TRANSPORT_TCP_RTT_H
#define TRANSPORT_TCP_RTT_H

#include "baro/types.h"
#include "base/inline.h"
#include "base/likely.h"
#include "transport/tcp/least.h"

struct rtt {
    int64_t srtt_ns, rttvar_ns; /* 0: no sample yet */
    int64_t rto_ns;
    struct least least;
};

#define RTO_INITIAL_NS NS_PER_S
#define RTO_LEAST_NS (200 * NS_PER_MS)
#define RTO_LARGEST_NS (120 * NS_PER_S)
#define CLOCK_GRANULARITY_NS NS_PER_MS

void rtt_init(struct rtt *rtt);

static inline int64_t rtt_clamped(int64_t rto_ns)
{
    if (rto_ns < RTO_LEAST_NS)
        return RTO_LEAST_NS;
    return rto_ns > RTO_LARGEST_NS ? RTO_LARGEST_NS : rto_ns;
}

/* By what is known of the round trip (§2.3, §2.4). */
static inline void rtt_time_out(struct rtt *rtt)
{
    int64_t spread_ns = 4 * rtt->rttvar_ns;

    if (rtt->srtt_ns + spread_ns <= RTO_LEAST_NS - CLOCK_GRANULARITY_NS) /* less than the least, whichever is larger */
        rtt->rto_ns = RTO_LEAST_NS;
    else
        rtt->rto_ns = rtt_clamped(rtt->srtt_ns + (spread_ns > CLOCK_GRANULARITY_NS ? spread_ns : CLOCK_GRANULARITY_NS));
}

/* The time-out was nobody's being slow: as the round trips say. */
static inline void rtt_forget_back_off(struct rtt *rtt)
{
    if (UNLIKELY(rtt->srtt_ns == 0))
        rtt->rto_ns = RTO_INITIAL_NS;
    else
        rtt_time_out(rtt);
}

/* A segment that was sent once was acknowledged after `sample_ns` (§2.2, §2.3), at `now_ns`; ends any back-off. */
ALWAYS_INLINE void rtt_sample(struct rtt *rtt, int64_t sample_ns, int64_t now_ns)
{
    if (sample_ns < 1)
        sample_ns = 1;
    least_sample(&rtt->least, sample_ns, now_ns);
    if (UNLIKELY(rtt->srtt_ns == 0)) { /* the first */
        rtt->srtt_ns = sample_ns;
        rtt->rttvar_ns = sample_ns / 2;
    } else {
        int64_t error_ns = rtt->srtt_ns - sample_ns;

        if (error_ns < 0)
            error_ns = -error_ns;
        rtt->rttvar_ns += (error_ns - rtt->rttvar_ns) / 4;
        rtt->srtt_ns += (sample_ns - rtt->srtt_ns) / 8;
    }
    rtt_time_out(rtt);
}

/* The same where it is the connection's first, by a call: an opening, whose code is walked through once, has it at both
 * ends. */
void rtt_begin(struct rtt *rtt, int64_t sample_ns, int64_t now_ns);
/* The timer fired (§5.5). */
void rtt_back_off(struct rtt *rtt);
/* The SYN was lost and there is no sample: 3 s from now on (§5.7). */
void rtt_after_syn_loss(struct rtt *rtt);

#endif
