/* transport/tcp/rack.h: what is lost is told by time (RFC 8985).
 *
 * Something sent after it was delivered, and a reordering window has passed since: so what is still missing is lost,
 * an original as well as a retransmission. The window is nothing until reordering was seen and three segments are
 * SACKED (or recovery goes on), and grows while duplicates come back (RFC 8985 §6.2 step 4).
 *
 * Pure functions over a scoreboard. */
#ifndef TRANSPORT_TCP_RACK_H
#define TRANSPORT_TCP_RACK_H

#include "transport/tcp/scoreboard.h"

/* What a connection remembers between flights. */
struct rack_memory {
    bool reordering_seen;
    uint8_t multiple;    /* RACK.reo_wnd_mult */
    uint8_t persist;     /* recoveries until `multiple` falls back to 1 */
    bool dsack_round;    /* a duplicate was told of already in this round trip, until `dsack_end` is acknowledged */
    struct seq dsack_end;
};

/* Of the flight: the segment that was sent last of those delivered. */
struct rack {
    int64_t at_ns;       /* RACK.xmit_ts, 0: none yet */
    struct seq end;      /* RACK.end_seq */
    int64_t rtt_ns;      /* RACK.rtt */
};

struct rack_facts {
    int64_t now_ns, srtt_ns, min_rtt_ns;
    uint32_t mss;
    bool recovering;     /* in fast recovery or after a timeout */
};

void rack_memory_init(struct rack_memory *memory);

/* An ACK delivered something (§6.2 steps 1 to 3). `echo_is_older`: its timestamp is older than the retransmission, so
 * it answers the original. */
void rack_delivered(struct rack *rack, struct rack_memory *memory, const struct scoreboard_delivered *delivered,
                    const struct rack_facts *facts, bool echo_is_older);
/* The peer told of octets that came twice (§6.2 step 4); `nxt`: SND.NXT as of this ACK. */
void rack_duplicate(struct rack_memory *memory, struct seq nxt);
/* Was the latest delivery sent after `run`? Then `run` may be lost (RACK_sent_after() of §6.2 step 2). */
bool rack_is_beyond(const struct rack *rack, const struct scoreboard_run *run);
/* A round trip has passed where it has. */
void rack_acked(struct rack_memory *memory, struct seq una);
/* A recovery ended. */
void rack_recovered(struct rack_memory *memory);

/* RACK.reo_wnd. */
int64_t rack_window_ns(const struct rack_memory *memory, const struct scoreboard *board,
                       const struct rack_facts *facts);
/* Marks what is lost by now (§6.2 step 5). How long until more may be: 0, nothing waits. `*lost`: octets marked. */
int64_t rack_detect(const struct rack *rack, const struct rack_memory *memory, struct scoreboard *board,
                    const struct rack_facts *facts, uint32_t *lost);

#endif
