/* base/time.h: arithmetic on instants and durations. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "baro/types.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static inline struct baro_duration duration_ms(int64_t ms)
{
    return (struct baro_duration){ ms * NS_PER_MS };
}

static inline struct baro_duration duration_s(int64_t s)
{
    return (struct baro_duration){ s * NS_PER_S };
}

static inline struct baro_instant instant_add(struct baro_instant at, struct baro_duration span)
{
    return (struct baro_instant){ at.ns + span.ns };
}

/* From `earlier` to `later`; negative when they are the other way round. */
static inline struct baro_duration instant_since(struct baro_instant later, struct baro_instant earlier)
{
    return (struct baro_duration){ later.ns - earlier.ns };
}

static inline bool instant_before(struct baro_instant a, struct baro_instant b)
{
    return a.ns < b.ns;
}

static inline bool instant_reached(struct baro_instant now, struct baro_instant deadline)
{
    return now.ns >= deadline.ns;
}

#endif
