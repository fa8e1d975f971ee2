/* transport/tcp/least.h: the least round trip of the last ten seconds (RFC 8985 §6.2 step 1).
 *
 * A path that got longer is forgotten after ten seconds, so that RACK's reordering window, a quarter of this, does not stay
 * that of a path from long ago. Three samples, each the least of all that came after the one before it, a third of the
 * time apart at least: what is told is never less than the least of the window, and never more than the least of its younger
 * two thirds. While no samples come the last answer stays. Pure; microseconds, so that it is small. */
#ifndef TRANSPORT_TCP_LEAST_H
#define TRANSPORT_TCP_LEAST_H

#include <stdint.h>

enum { LEAST_SAMPLES = 3, LEAST_WINDOW_MS = 10000 };

struct least {
    struct {
        uint32_t us;     /* and one: 0, none */
        uint32_t at_ms;  /* wraps */
    } best[LEAST_SAMPLES]; /* ascending, by both */
};

/* A round trip was measured. */
void least_sample(struct least *least, int64_t sample_ns, int64_t now_ns);
/* The least one, 0: none yet (or below a microsecond). */
static inline int64_t least_ns(const struct least *least)
{
    return least->best[0].us == 0 ? 0 : (int64_t)(least->best[0].us - 1) * INT64_C(1000);
}

#endif
