/* transport/tcp/pacing.h: a window leaves over its round trip, not at once.
 *
 * The rate is twice the window a round trip in slow start, 1.2 times later (Linux' tcp_pacing_ss_ratio and
 * tcp_pacing_ca_ratio; slow start lasts to half of ssthresh), and never above what the program allows. It is kept by a
 * deadline: what has left is paid at that rate, and a burst of two segments, or of what the rate sends in a millisecond
 * if that is more, may leave before it is paid. A timer that fires late is made good, up to one burst. What follows
 * connect or an idle time gets a credit of an initial window on top, which is paid afterwards: the first flight may
 * leave at once (RFC 6928; RFC 7661 §4.4.2 wants bursts bounded, and that bounds them).
 *
 * Below a round trip of a millisecond nothing is paced: a timer a burst would cost more than it gives. Pure. */
#ifndef TRANSPORT_TCP_PACING_H
#define TRANSPORT_TCP_PACING_H

#include <stdbool.h>
#include <stdint.h>

struct pacing {
    int64_t paid_ns;  /* when all that has left is paid */
    uint32_t credit;  /* octets that may leave on top */
    bool waiting;     /* something waits for paid_ns */
    uint8_t spare[3];
};

/* Octets a second, 0: not limited. `limit`: the program's, 0: none; `on`: pace by the window, too. */
uint64_t pacing_rate(uint32_t cwnd, uint32_t ssthresh, int64_t srtt_ns, uint64_t limit, bool on);
/* Nothing is in flight: unless something waits for its time, `octets` may leave at once. */
void pacing_restart(struct pacing *pacing, int64_t now_ns, uint32_t octets);
/* Octets that may leave now, in whole segments; 0: nothing for `*wait_ns`. `rate` is not 0. */
uint32_t pacing_allows(struct pacing *pacing, int64_t now_ns, uint64_t rate, uint32_t mss, int64_t *wait_ns);
/* `octets` left. */
void pacing_sent(struct pacing *pacing, uint32_t octets, uint64_t rate);

#endif
