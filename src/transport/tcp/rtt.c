/* transport/tcp/rtt.c: see rtt.h. */
#include "transport/tcp/rtt.h"

#include "base/time.h"

#define RTO_INITIAL_NS NS_PER_S
#define RTO_LEAST_NS (200 * NS_PER_MS)
#define RTO_LARGEST_NS (120 * NS_PER_S)
#define CLOCK_GRANULARITY_NS NS_PER_MS

static int64_t clamped(int64_t rto_ns)
{
    if (rto_ns < RTO_LEAST_NS)
        return RTO_LEAST_NS;
    return rto_ns > RTO_LARGEST_NS ? RTO_LARGEST_NS : rto_ns;
}

void rtt_init(struct rtt *rtt)
{
    *rtt = (struct rtt){ .rto_ns = RTO_INITIAL_NS };
}

void rtt_sample(struct rtt *rtt, int64_t sample_ns, int64_t now_ns)
{
    if (sample_ns < 1)
        sample_ns = 1;
    least_sample(&rtt->least, sample_ns, now_ns);
    if (rtt->srtt_ns == 0) {
        rtt->srtt_ns = sample_ns;
        rtt->rttvar_ns = sample_ns / 2;
    } else {
        int64_t error_ns = rtt->srtt_ns - sample_ns;

        if (error_ns < 0)
            error_ns = -error_ns;
        rtt->rttvar_ns += (error_ns - rtt->rttvar_ns) / 4;
        rtt->srtt_ns += (sample_ns - rtt->srtt_ns) / 8;
    }
    rtt_forget_back_off(rtt);
}

void rtt_forget_back_off(struct rtt *rtt)
{
    int64_t spread_ns = 4 * rtt->rttvar_ns;

    if (rtt->srtt_ns == 0)
        rtt->rto_ns = RTO_INITIAL_NS;
    else
        rtt->rto_ns = clamped(rtt->srtt_ns + (spread_ns > CLOCK_GRANULARITY_NS ? spread_ns : CLOCK_GRANULARITY_NS));
}

void rtt_back_off(struct rtt *rtt)
{
    rtt->rto_ns = clamped(rtt->rto_ns * 2);
}

void rtt_after_syn_loss(struct rtt *rtt)
{
    if (rtt->srtt_ns == 0)
        rtt->rto_ns = 3 * NS_PER_S;
}
