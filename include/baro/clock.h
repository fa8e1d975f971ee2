/* baro/clock.h: the monotonic clock for who reads it often (POSIX).
 *
 * A stack is told the time with each poll. A program that polls without sleeping reads a clock once a turn, and the
 * system's way to it, though it is no system call, lets everything finish first that the processor has begun: of a
 * round trip of 64 octets that was an eighth. This clock counts the processor's own ticks from an anchor, which is set
 * by CLOCK_MONOTONIC once a millisecond, as is the ticks' rate.
 *
 * Where there are no such ticks (other processors than x86-64), or their rate is not steady, each reading is one of
 * CLOCK_MONOTONIC. A clock of a program that reads it less than once a millisecond is nothing else either. */
#ifndef BARO_CLOCK_H
#define BARO_CLOCK_H

#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All zero: a clock that was never read. One thread at a time reads it. */
struct baro_clock {
    /* the anchor; nanoseconds a tick, times 2^32; so many ticks it serves, 0: it is not trusted yet */
    uint64_t ticks, rate, span;
    int64_t ns, latest;         /* the anchor's time; what was told last */
};

/* Nanoseconds of CLOCK_MONOTONIC, to a few microseconds. Never less than what the same clock told before. Readings of
 * two clocks, or of this one and CLOCK_MONOTONIC itself, may differ by as much: a stack is given the time of one of
 * them. */
struct baro_instant baro_clock_now(struct baro_clock *clock);

#ifdef __cplusplus
}
#endif

#endif
