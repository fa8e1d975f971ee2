/* transport/tcp/least.c: see least.h. */
#include "transport/tcp/least.h"

#include <stdbool.h>

#include "base/time.h"

static unsigned count(const struct least *least)
{
    unsigned used = 0;

    while (used < LEAST_SAMPLES && least->best[used].us != 0)
        used++;
    return used;
}

static void forget_first(struct least *least)
{
    for (unsigned i = 0; i + 1 < LEAST_SAMPLES; i++)
        least->best[i] = least->best[i + 1];
    least->best[LEAST_SAMPLES - 1].us = 0;
}

/* Is it not the least, and too early to be noted behind the others? */
static bool says_nothing(const struct least *least, uint32_t us, uint32_t now_ms)
{
    unsigned last = least->best[2].us != 0 ? 2 : least->best[1].us != 0 ? 1 : 0;

    return now_ms - least->best[0].at_ms <= LEAST_WINDOW_MS && least->best[last].us < us &&
           (last == LEAST_SAMPLES - 1 || now_ms - least->best[last].at_ms < LEAST_WINDOW_MS / 3);
}

_Static_assert((int)LEAST_SAMPLES == 3, "says_nothing looks for the last of three");

void least_sample(struct least *least, int64_t sample_ns, int64_t now_ns)
{
    uint32_t now_ms = (uint32_t)(now_ns / NS_PER_MS), us;
    int64_t whole_us = sample_ns / NS_PER_US;
    unsigned used;

    us = whole_us < UINT32_MAX - 1 ? (uint32_t)whole_us + 1 : UINT32_MAX;
    if (us <= least->best[0].us) { /* all of them are as large and older */
        least->best[0].us = us;
        least->best[0].at_ms = now_ms;
        least->best[1].us = least->best[2].us = 0;
        return;
    }
    if (least->best[0].us != 0 && says_nothing(least, us, now_ms))
        return;
    while (least->best[0].us != 0 && now_ms - least->best[0].at_ms > LEAST_WINDOW_MS)
        forget_first(least);
    used = count(least);
    while (used != 0 && least->best[used - 1].us >= us) /* as small and younger */
        least->best[--used].us = 0;
    if (used == LEAST_SAMPLES || (used != 0 && now_ms - least->best[used - 1].at_ms < LEAST_WINDOW_MS / 3))
        return;
    least->best[used].us = us;
    least->best[used].at_ms = now_ms;
}
