/* transport/tcp/least.h: the least round trip of the last ten seconds (RFC 8985 §6.2 step 1).
 *
 * A path that got longer is forgotten after ten seconds, so that RACK's reordering window, a quarter of this, does not
 * stay that of a path from long ago. Three samples, each the least of all that came after the one before it, a third of
 * the time apart at least: what is told is never less than the least of the window, and never more than the least of
 * its younger two thirds. While no samples come the last answer stays. Pure; microseconds, so that it is small. */
#ifndef TRANSPORT_TCP_LEAST_H
#define TRANSPORT_TCP_LEAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "base/inline.h"
#include "base/likely.h"

enum { LEAST_SAMPLES = 3, LEAST_WINDOW_MS = 10000 };

struct least {
    struct {
        uint32_t us;     /* and one: 0, none */
        uint32_t at_ms;  /* wraps */
    } best[LEAST_SAMPLES]; /* ascending, by both */
};

/* Is it not the least, and too early to be noted behind the others? So most samples are. */
static inline bool least_says_nothing(const struct least *least, uint32_t us, uint32_t now_ms)
{
    unsigned last = least->best[2].us != 0 ? 2 : least->best[1].us != 0 ? 1 : 0;

    return now_ms - least->best[0].at_ms <= LEAST_WINDOW_MS && least->best[last].us < us &&
           (last == LEAST_SAMPLES - 1 || now_ms - least->best[last].at_ms < LEAST_WINDOW_MS / 3);
}

_Static_assert((int)LEAST_SAMPLES == 3, "least_says_nothing looks for the last of three");

/* least.c: one that is not the least, or the first. */
void least_note(struct least *least, uint32_t us, uint32_t now_ms);

/* As both are noted. */
static inline uint32_t least_ms(int64_t now_ns)
{
    return (uint32_t)((uint64_t)now_ns / NS_PER_MS);
}
static inline uint32_t least_noted(int64_t sample_ns)
{
    uint64_t whole_us = (uint64_t)sample_ns / NS_PER_US;

    return LIKELY(whole_us < UINT32_MAX - 1) ? (uint32_t)whole_us + 1 : UINT32_MAX;
}

/* A round trip was measured, at a moment that is not negative. */
ALWAYS_INLINE void least_sample(struct least *least, int64_t sample_ns, int64_t now_ns)
{
    uint32_t now_ms = least_ms(now_ns), us = least_noted(sample_ns);

    if (us <= least->best[0].us) { /* all of them are as large and older */
        least->best[0].us = us;
        least->best[0].at_ms = now_ms;
        least->best[1].us = least->best[2].us = 0;
    } else if (least->best[0].us == 0 || !least_says_nothing(least, us, now_ms)) {
        least_note(least, us, now_ms);
    }
}
/* The same for the first of all. */
static inline void least_begin(struct least *least, int64_t sample_ns, int64_t now_ns)
{
    least->best[0].us = least_noted(sample_ns);
    least->best[0].at_ms = least_ms(now_ns);
}
/* The least one, 0: none yet (or below a microsecond). */
static inline uint32_t least_us(const struct least *least)
{
    return least->best[0].us == 0 ? 0 : least->best[0].us - 1;
}
static inline int64_t least_ns(const struct least *least)
{
    return least_us(least) * INT64_C(1000);
}

#endif
