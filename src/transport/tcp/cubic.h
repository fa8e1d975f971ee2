/* transport/tcp/cubic.h: the window as a cubic function of time (RFC 9438).
 *
 * After a loss the window goes to 0.7 of what it was and comes back along a cubic curve: steep at first, flat about
 * where the loss was (W_max), then steeper and steeper in search of more. Its pace is that of time, not of round
 * trips. Where Reno would be faster (small windows, short paths) the window is Reno's (§4.3).
 *
 * Octets and milliseconds in integers, so that two compilers give one answer. Pure. */
#ifndef TRANSPORT_TCP_CUBIC_H
#define TRANSPORT_TCP_CUBIC_H

#include <stdbool.h>
#include <stdint.h>

struct cubic {
    int64_t epoch_ns;       /* when this way along the curve began, 0: it begins with the next ACK */
    uint32_t w_max;         /* octets; 0: the window at the beginning of the epoch */
    uint32_t k_ms;          /* from the beginning to W_max */
    uint32_t w_est;         /* what Reno would have, octets */
    uint32_t prior;         /* cwnd at the last loss */
    uint32_t est_gathered, gathered; /* parts of an octet and of a segment that were not added yet */
};

/* A loss was found: W_max, with fast convergence (§4.6, §4.7). ssthresh is the caller's: cubic_ssthresh. */
void cubic_loss(struct cubic *cubic, uint32_t cwnd);
/* The retransmission timer fired (§4.8). */
void cubic_timeout(struct cubic *cubic, uint32_t cwnd);
/* The window was not used: its time does not count (§5.8). */
void cubic_pause(struct cubic *cubic);
/* 0.7 of `flight`, at least two segments. */
uint32_t cubic_ssthresh(uint32_t flight, uint32_t mss);
/* In congestion avoidance `acked` octets were acknowledged at `now_ns`; the window then. */
uint32_t cubic_acked(struct cubic *cubic, uint32_t cwnd, uint32_t acked, uint32_t mss, int64_t now_ns, int64_t srtt_ns);

#endif
