/* transport/tcp/least.c: see least.h. */
#include "transport/tcp/least.h"

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

void least_note(struct least *least, uint32_t us, uint32_t now_ms)
{
    unsigned used;

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
