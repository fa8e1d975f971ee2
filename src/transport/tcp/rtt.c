/* transport/tcp/rtt.c: see rtt.h. */
#include "transport/tcp/rtt.h"

void rtt_init(struct rtt *rtt)
{
    *rtt = (struct rtt){ .rto_ns = RTO_INITIAL_NS };
}

__attribute__((noinline)) void rtt_begin(struct rtt *rtt, int64_t sample_ns, int64_t now_ns)
{
    rtt->srtt_ns = sample_ns < 1 ? 1 : sample_ns;
    rtt->rttvar_ns = rtt->srtt_ns / 2;
    least_begin(&rtt->least, rtt->srtt_ns, now_ns);
    rtt_forget_back_off(rtt);
}

void rtt_back_off(struct rtt *rtt)
{
    rtt->rto_ns = rtt_clamped(rtt->rto_ns * 2);
}

void rtt_after_syn_loss(struct rtt *rtt)
{
    if (rtt->srtt_ns == 0)
        rtt->rto_ns = 3 * NS_PER_S;
}
