/* base/wheel.h: a hierarchical timing wheel of intrusive timers.
 *
 * A tick is 65,536 ns; six levels of 64 slots reach 52 days, later deadlines wait in the last slot and are
 * placed again. Arming and cancelling are O(1). Timers fire in order of their deadlines, which are exact: none
 * fires before its instant, and ties break by the order of arming.
 *
 * A timer stands in its owner, and of many owners each is far away: who walks a list of them waits for one after the
 * other. So a slot is eight lists, which are walked side by side, and none is waited for alone. */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "baro/types.h"

enum { WHEEL_LEVELS = 6, WHEEL_SLOTS = 64, WHEEL_LISTS = 8, WHEEL_TICK_SHIFT = 16 };

struct wheel_link {
    struct wheel_link *next, *previous;
};

struct wheel_timer {
    struct wheel_link link; /* first: a link is its timer; next is NULL while it is not armed */
    uint64_t order : 56;    /* of arming */
    uint64_t kind : 8;      /* whose it is; the owner's business */
    struct baro_instant deadline;
};

struct wheel_slot {
    struct wheel_link list[WHEEL_LISTS]; /* a sorted slot's timers stand in the first one */
};

struct wheel {
    uint64_t occupied[WHEEL_LEVELS];     /* a bit a slot that is not empty */
    uint64_t sorted;                     /* a bit a slot of the lowest level that is in order */
    uint64_t tick;                       /* all before it has fired */
    uint64_t orders;
    uint64_t armed;
    struct baro_instant quiet_until;     /* nothing is due before it: what most polls ask */
    struct wheel_slot slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, struct baro_instant now);

/* Arms, or arms again. A deadline that has passed fires at the next wheel_expired. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, struct baro_instant deadline);
void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer);

static inline bool wheel_is_armed(const struct wheel_timer *timer)
{
    return timer->link.next != NULL;
}

/* Is there nothing to do at that instant? What most polls ask: the answer costs a few instructions and moves the wheel
 * on within its lowest level. False: ask wheel_expired(). */
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

/* The timer that comes `WHEEL_AHEAD` after the one that has just expired, or NULL: there is none in its tick. For who
 * asks memory for it: what expires first may yet change the order. */
enum { WHEEL_AHEAD = 4 };
const struct wheel_timer *wheel_ahead(const struct wheel *wheel);

/* When wheel_expired wants to be called next: the earliest deadline, or for timers still far off a moment before
 * it at which they move to a finer level. False when nothing is armed. */
bool wheel_next(const struct wheel *wheel, struct baro_instant *deadline);

#endif
