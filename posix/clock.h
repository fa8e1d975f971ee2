/* posix/clock.h: what of the clock is the same without a machine, for tests. See clock.c. */
#ifndef POSIX_CLOCK_H
#define POSIX_CLOCK_H

#include "baro/clock.h"

/* CLOCK_MONOTONIC, and the ticks in front of it and behind it. */
struct clock_reading {
    uint64_t before, after;
    int64_t ns;
};
typedef struct clock_reading clock_read(void *context);

/* The time at `ticks`; `read` is asked where the anchor does not tell. */
int64_t clock_at(struct baro_clock *clock, uint64_t ticks, clock_read *read, void *context);

#endif
