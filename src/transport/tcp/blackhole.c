/* transport/tcp/blackhole.c: see blackhole.h. */
#include "transport/tcp/blackhole.h"

#include "base/time.h"

/* The next smaller packet worth trying, 0: there is none. */
static uint16_t step_below(bool ipv6, uint32_t octets)
{
    static const uint16_t step[] = { 1500, 1064, 576 }, step_ipv6[] = { 1500, 1280, 1280 };

    for (unsigned i = 0; i < sizeof step / sizeof step[0]; i++) {
        uint16_t size = ipv6 ? step_ipv6[i] : step[i];

        if (size < octets)
            return size;
    }
    return 0;
}

enum blackhole_change blackhole_timeout(struct blackhole *hole, bool ipv6, uint32_t octets, struct seq una)
{
    bool again = hole->outage && !hole->trying;
    uint16_t smaller;

    if (++hole->timeouts < (again ? BLACKHOLE_OUTAGE_TIMEOUTS : BLACKHOLE_TIMEOUTS))
        return BLACKHOLE_SAME;
    hole->timeouts = 0;
    smaller = step_below(ipv6, octets);
    for (uint16_t least = smaller; again && least != 0; least = step_below(ipv6, least))
        smaller = least;
    if (smaller == 0 && !hole->trying)
        return BLACKHOLE_SAME;
    if (smaller == 0) {
        *hole = (struct blackhole){ .outage = true };
        return BLACKHOLE_AS_BEFORE;
    }
    hole->ceiling = smaller;
    hole->trying = true;
    hole->resent = una;
    return BLACKHOLE_SMALLER;
}

void blackhole_resent(struct blackhole *hole, struct seq end)
{
    if (hole->trying)
        hole->resent = seq_max(hole->resent, end);
}

enum blackhole_change blackhole_acked(struct blackhole *hole, struct seq una, struct baro_instant now)
{
    bool tried = hole->trying;

    hole->timeouts = 0;
    hole->trying = hole->outage = false;
    if (!tried)
        return BLACKHOLE_SAME;
    if (seq_gt(una, hole->resent)) {
        *hole = (struct blackhole){ 0 };
        return BLACKHOLE_AS_BEFORE;
    }
    hole->again_at_s = (uint32_t)(now.ns / NS_PER_S) + BLACKHOLE_AGE_S;
    return BLACKHOLE_SAME;
}

enum blackhole_change blackhole_told(struct blackhole *hole)
{
    enum blackhole_change change = hole->ceiling != 0 ? BLACKHOLE_AS_BEFORE : BLACKHOLE_SAME;

    *hole = (struct blackhole){ 0 };
    return change;
}

enum blackhole_change blackhole_aged(struct blackhole *hole, struct baro_instant now)
{
    if (hole->ceiling == 0 || hole->trying || (int32_t)((uint32_t)(now.ns / NS_PER_S) - hole->again_at_s) < 0)
        return BLACKHOLE_SAME;
    return blackhole_told(hole);
}
