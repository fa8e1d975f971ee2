/* transport/tcp/rtt.c: see rtt.h. */
#include "transport/tcp/rtt.h"

void rtt_init(struct rtt *rtt)
{
    *rtt = (struct rtt){ .rto_ns = RTO_INITIAL_NS };
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
