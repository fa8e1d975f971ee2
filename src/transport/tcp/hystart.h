/* transport/tcp/hystart.h: the end of the first slow start (HyStart++, RFC 9406).
 *
 * Round trips are counted by sequence numbers. When the least round-trip time of one is clearly longer than that of the
 * one before it, a queue is building: growth falls to a quarter, for five round trips; if times fall again meanwhile,
 * it was jitter. Pure. */
#ifndef TRANSPORT_TCP_HYSTART_H
#define TRANSPORT_TCP_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"

enum { HYSTART_LIMIT = 8 }; /* L: segments of growth for one ACK, without pacing */

struct hystart {
    int64_t last_ns, current_ns; /* least round-trip times of the last round and of this one, 0: none */
    int64_t baseline_ns;         /* cssBaselineMinRtt */
    struct seq window_end;
    bool begun, conservative;    /* conservative slow start */
    uint8_t samples, rounds;
};

/* An ACK in slow start lets the window grow by `growth` octets: by how much it shall. `rtt_ns`: its sample, 0: none;
 * `una`, `nxt`: as of this ACK. *done: slow start is over. */
uint32_t hystart_acked(struct hystart *hystart, struct seq una, struct seq nxt, int64_t rtt_ns, uint32_t growth,
                       bool *done);

#endif
