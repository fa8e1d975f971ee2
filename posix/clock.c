/* posix/clock.c: time by the processor's ticks, see baro/clock.h.
 *
 * The anchor is a pair: ticks and CLOCK_MONOTONIC, read together. With each anchor the rate of the ticks since the one
 * before is known. Only if it is that of the time before, too (to one part in 256), the anchor serves, for the next
 * millisecond; else each reading asks the system, and the next anchor is set half a millisecond later or more. So ticks
 * that jump or change their pace cost precision until the ticks of a millisecond have gone by: what they said wrong is
 * over with the next anchor, and where they were ahead the clock stands still until the true time has come there.
 *
 * A pair is worth something if nobody took the processor away within it. What makes a good one out of a few attempts is
 * how many ticks it took: of more than ANCHOR_TICKS no rate is made, so that two good ones must follow before ticks are
 * trusted again. Where the system's clock always takes that long, the attempts are made once in half a millisecond. */
#include "clock.h"

#include <stdbool.h>
#include <time.h>

enum {
    SPAN_NS = 1000000,
    LEAST_NS = SPAN_NS / 2,
    ANCHOR_TICKS = 1000,
    ANCHOR_ATTEMPTS = 3,
    RATE_SHIFT = 32,
    AGREES_SHIFT = 8
};

static bool agree(uint64_t a, uint64_t b)
{
    return (a > b ? a - b : b - a) <= a >> AGREES_SHIFT;
}

static bool is_good(const struct clock_reading *reading)
{
    return reading->after - reading->before <= ANCHOR_TICKS;
}

/* The time by the system, and an anchor where it is time for one. */
static __attribute__((noinline)) int64_t set_anchor(struct baro_clock *clock, clock_read *read, void *context)
{
    struct clock_reading reading = read(context);
    uint64_t rate = 0;
    double elapsed_ns, elapsed_ticks;

    clock->span = 0;
    if (clock->ns != 0 && reading.ns - clock->ns < LEAST_NS)
        return reading.ns;
    for (int i = 1; i < ANCHOR_ATTEMPTS && !is_good(&reading); i++)
        reading = read(context);
    elapsed_ns = (double)(reading.ns - clock->ns);
    elapsed_ticks = (double)(reading.before - clock->ticks);
    if (is_good(&reading) && clock->ns != 0 && elapsed_ticks > 0 && elapsed_ns < elapsed_ticks * 1000)
        rate = (uint64_t)(elapsed_ns / elapsed_ticks * (double)(UINT64_C(1) << RATE_SHIFT));
    if (rate != 0 && agree(rate, clock->rate))
        clock->span = ((uint64_t)SPAN_NS << RATE_SHIFT) / rate;
    clock->rate = rate;
    clock->ticks = reading.before;
    clock->ns = reading.ns;
    return reading.ns;
}

int64_t clock_at(struct baro_clock *clock, uint64_t ticks, clock_read *read, void *context)
{
    uint64_t since = ticks - clock->ticks; /* huge where they went back */
    int64_t ns = since < clock->span ? clock->ns + (int64_t)(since * clock->rate >> RATE_SHIFT)
                                     : set_anchor(clock, read, context);

    if (ns > clock->latest)
        clock->latest = ns;
    return clock->latest;
}

static int64_t system_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#if defined(__x86_64__) && defined(__GNUC__)
static struct clock_reading read_both(void *context)
{
    struct clock_reading reading;

    (void)context;
    reading.before = __builtin_ia32_rdtsc();
    reading.ns = system_ns();
    reading.after = __builtin_ia32_rdtsc();
    return reading;
}

struct baro_instant baro_clock_now(struct baro_clock *clock)
{
    return (struct baro_instant){ clock_at(clock, __builtin_ia32_rdtsc(), read_both, NULL) };
}
#else
struct baro_instant baro_clock_now(struct baro_clock *clock)
{
    int64_t ns = system_ns();

    if (ns > clock->latest)
        clock->latest = ns;
    return (struct baro_instant){ clock->latest };
}
#endif
