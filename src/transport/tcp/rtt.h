/* transport/tcp/rtt.h: the retransmission timeout (RFC 6298), pure functions.
 *
 * The least RTO is 200 ms, below RFC 6298 §2.4's 1 s: delayed ACKs here take 40 ms and elsewhere up to 200 ms in
 * practice, and every large stack does the same. The largest is 120 s (§2.5 wants at least 60 s). */
#ifndef TRANSPORT_TCP_RTT_H
#define TRANSPORT_TCP_RTT_H

#include "baro/types.h"
#include "transport/tcp/least.h"

struct rtt {
    int64_t srtt_ns, rttvar_ns; /* 0: no sample yet */
    int64_t rto_ns;
    struct least least;
};

void rtt_init(struct rtt *rtt);
/* A segment that was sent once was acknowledged after `sample_ns` (§2.2, §2.3), at `now_ns`; ends any back-off. */
void rtt_sample(struct rtt *rtt, int64_t sample_ns, int64_t now_ns);
/* The timer fired (§5.5). */
void rtt_back_off(struct rtt *rtt);
/* The time-out was nobody's being slow: as the round trips say. */
void rtt_forget_back_off(struct rtt *rtt);
/* The SYN was lost and there is no sample: 3 s from now on (§5.7). */
void rtt_after_syn_loss(struct rtt *rtt);

#endif
