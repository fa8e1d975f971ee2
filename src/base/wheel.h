/* base/wheel.h: a hierarchical timing wheel of intrusive timers.
 *
 * A tick is 65,536 ns; six levels of 64 slots reach 52 days, later deadlines wait in the last slot and are
 * placed again. Arming and cancelling are O(1). Timers fire in order of their deadlines, which are exact: none
 * fires before its instant, and ties break by the order of arming. */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "baro/types.h"

enum { WHEEL_LEVELS = 6, WHEEL_SLOTS = 64, WHEEL_TICK_SHIFT = 16 };

struct wheel_timer {
    uint64_t order; /* of arming */
    uint8_t kind;   /* whose it is; the owner's business */
    uint8_t level, slot;
    struct wheel_timer *next, *previous; /* NULL while not armed */
    struct baro_instant deadline;        /* last, where its owner may have numbers that are compared with it */
};

struct wheel {
    uint64_t occupied[WHEEL_LEVELS];                    /* a bit a slot that is not empty */
    uint64_t sorted;                                    /* a bit a slot of the lowest level that is in order */
    uint64_t tick;                                      /* all before it has fired */
    uint64_t orders;
    uint64_t armed;
    struct baro_instant quiet_until;                    /* nothing is due before it: what most polls ask */
    struct wheel_timer slot[WHEEL_LEVELS][WHEEL_SLOTS]; /* list heads */
};

void wheel_init(struct wheel *wheel, struct baro_instant now);

/* Arms, or arms again. A deadline that has passed fires at the next wheel_expired. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, struct baro_instant deadline);
void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer);

static inline bool wheel_is_armed(const struct wheel_timer *timer)
{
    return timer->next != NULL;
}

/* Is there nothing to do at that instant? What most polls ask: the answer costs a few instructions and moves the wheel on
 * within its lowest level. False: ask wheel_expired(). */
static inline bool wheel_is_quiet(struct wheel *wheel, struct baro_instant at)
{
    uint64_t tick = (uint64_t)at.ns >> WHEEL_TICK_SHIFT;

    if (at.ns >= wheel->quiet_until.ns || (tick ^ wheel->tick) >> 6 != 0)
        return false;
    if (tick > wheel->tick)
        wheel->tick = tick;
    return true;
}

/* The earliest timer whose deadline `now` has reached, no longer armed; NULL when there is none. */
struct wheel_timer *wheel_expired(struct wheel *wheel, struct baro_instant now);

/* When wheel_expired wants to be called next: the earliest deadline, or for timers still far off a moment before
 * it at which they move to a finer level. False when nothing is armed. */
bool wheel_next(const struct wheel *wheel, struct baro_instant *deadline);

#endif
