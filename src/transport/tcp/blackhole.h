/* transport/tcp/blackhole.h: a path that swallows large packets and tells nobody (RFC 4821 §7.7, RFC 8899 §4.3; RFC
 * 2923 §2.1).
 *
 * Path MTU discovery lives on ICMP errors (icmp.c). Where a firewall eats them, every full-sized segment is lost and so
 * is each of its retransmissions. So when the timer has fired twice in a row for a segment above the least size, the
 * packets are made smaller: to 1,500 octets where they were larger, then to 1,064 (RFC 4821 §7.2's 1,024 of text) and
 * 576, IPv6's to 1,280. The first of them leaves at once and the timer begins anew at what the round trip says: the
 * time lost is three RTOs.
 *
 * Silence alone does not tell a black hole from an outage. Two things do:
 *
 *   - the first acknowledgment after the step goes beyond what was sent again: larger packets had arrived all along;
 *   - the timer fires twice for the smallest size, too: nothing gets through. The old size is back at once. Only when
 *     it is lost three times more the smallest one is tried again, and so on: its segments may have been lost by
 *     chance. These tries back off as in any outage, so that the connection ends when it would have.
 *
 * In between the smaller size stays for ten minutes, as long as what an ICMP error says (RFC 1191 §6.3), or until one
 * comes: then the path speaks for itself again. It is the connection's own guess: the path MTU's memory, which others
 * share, does not hear of it.
 *
 * Pure: what the timer and the acknowledgments tell comes in, a size comes out. */
#ifndef TRANSPORT_TCP_BLACKHOLE_H
#define TRANSPORT_TCP_BLACKHOLE_H

#include "base/seq.h"
#include "baro/types.h"

enum { BLACKHOLE_TIMEOUTS = 2, BLACKHOLE_OUTAGE_TIMEOUTS = 3, BLACKHOLE_AGE_S = 600 };

struct blackhole {
    uint16_t ceiling;      /* octets of the largest packet, 0: the path's own MTU */
    uint8_t timeouts;      /* in a row, for packets of the present size */
    bool trying;           /* the ceiling is new: nothing was acknowledged under it */
    bool outage;           /* no size got through since the last acknowledgment */
    uint8_t spare[3];
    struct seq resent;     /* while trying: behind the last octet that was sent again */
    uint32_t again_at_s;   /* the path's own MTU is tried again then, seconds of the clock */
};

enum blackhole_change { BLACKHOLE_SAME, BLACKHOLE_SMALLER, BLACKHOLE_AS_BEFORE };

/* The timer fired for the segment from `una` on, whose packet has `octets`. SMALLER: a new ceiling; the segment leaves
 * again at once, and the timer is not backed off unless `outage`. AS_BEFORE: there is no ceiling any more. */
enum blackhole_change blackhole_timeout(struct blackhole *hole, bool ipv6, uint32_t octets, struct seq una);
/* Octets up to `end` were sent again. */
void blackhole_resent(struct blackhole *hole, struct seq end);
/* New octets up to `una` were acknowledged. */
enum blackhole_change blackhole_acked(struct blackhole *hole, struct seq una, struct baro_instant now);
/* The path has told its MTU, or the ceiling's time is over. */
enum blackhole_change blackhole_told(struct blackhole *hole);
enum blackhole_change blackhole_aged(struct blackhole *hole, struct baro_instant now);

static inline uint32_t blackhole_limit(const struct blackhole *hole, uint32_t mtu)
{
    return hole->ceiling != 0 && hole->ceiling < mtu ? hole->ceiling : mtu;
}

#endif
