/* base/wheel.c: see wheel.h.
 *
 * Level L holds ticks whose distance from `tick` is below 64^(L+1); its slot is the tick's digit L in base 64.
 * Advancing into a slot of a higher level spreads it over the lower ones ("cascade").
 *
 * A slot of the lowest level is where timers fire from, and thousands may stand in one: it is sorted when it is first asked
 * for its earliest, and stays so as long as what is added belongs at its end or near it. */
#include "base/wheel.h"

#include "base/prefetch.h"
#include "base/time.h"

enum { STEPS_BACK = 8 }; /* that a sorted slot's end is searched for a timer's place */

static uint64_t tick_of(struct baro_instant at)
{
    return at.ns < 0 ? 0 : (uint64_t)at.ns >> WHEEL_TICK_SHIFT;
}

void wheel_init(struct wheel *wheel, struct baro_instant now)
{
    *wheel = (struct wheel){ .tick = tick_of(now), .quiet_until = { INT64_MIN } };
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        for (int i = 0; i < WHEEL_SLOTS; i++) {
            struct wheel_timer *head = &wheel->slot[level][i];
            head->next = head->previous = head;
        }
    }
}

static inline bool is_earlier(const struct wheel_timer *a, const struct wheel_timer *b)
{
    return a->deadline.ns < b->deadline.ns || (a->deadline.ns == b->deadline.ns && a->order < b->order);
}

static void link_behind(struct wheel_timer *at, struct wheel_timer *timer)
{
    timer->previous = at;
    timer->next = at->next;
    at->next->previous = timer;
    at->next = timer;
}

/* Into a slot of the lowest level. */
static void link_sorted(struct wheel *wheel, struct wheel_timer *head, struct wheel_timer *timer)
{
    uint64_t slot = UINT64_C(1) << timer->slot;
    struct wheel_timer *at = head->previous;

    if (at == head)
        wheel->sorted |= slot;
    for (int i = 0; (wheel->sorted & slot) != 0 && at != head && is_earlier(timer, at); i++) {
        if (i == STEPS_BACK)
            wheel->sorted &= ~slot;
        at = at->previous;
    }
    link_behind((wheel->sorted & slot) != 0 ? at : head->previous, timer);
}

static void place(struct wheel *wheel, struct wheel_timer *timer)
{
    uint64_t tick = tick_of(timer->deadline), span;
    unsigned level = 0, slot;
    struct wheel_timer *head;

    if (tick < wheel->tick)
        tick = wheel->tick;
    span = tick ^ wheel->tick;
    while (level < WHEEL_LEVELS - 1 && span >> (6 * (level + 1)) != 0)
        level++;
    slot = (unsigned)(tick >> (6 * level)) & (WHEEL_SLOTS - 1);
    if (span >> (6 * WHEEL_LEVELS) != 0) /* beyond the wheel: the slot just behind, to be placed again */
        slot = (unsigned)((wheel->tick >> (6 * level)) + WHEEL_SLOTS - 1) & (WHEEL_SLOTS - 1);
    timer->level = (uint8_t)level;
    timer->slot = (uint8_t)slot;
    head = &wheel->slot[level][slot];
    if (level == 0)
        link_sorted(wheel, head, timer);
    else
        link_behind(head->previous, timer);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

static void unlink_timer(struct wheel *wheel, struct wheel_timer *timer)
{
    struct wheel_timer *head = &wheel->slot[timer->level][timer->slot];

    timer->previous->next = timer->next;
    timer->next->previous = timer->previous;
    timer->next = timer->previous = NULL;
    if (head->next == head)
        wheel->occupied[timer->level] &= ~(UINT64_C(1) << timer->slot);
}

void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer)
{
    if (!wheel_is_armed(timer))
        return;
    unlink_timer(wheel, timer);
    wheel->armed--;
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, struct baro_instant deadline)
{
    wheel_cancel(wheel, timer);
    timer->deadline = deadline;
    timer->order = wheel->orders++;
    place(wheel, timer);
    wheel->armed++;
    if (instant_before(deadline, wheel->quiet_until))
        wheel->quiet_until = deadline;
}

/* The first occupied slot of a level at or after the wheel's own position there; -1: none. */
static int first_slot(const struct wheel *wheel, int level)
{
    unsigned position = (unsigned)(wheel->tick >> (6 * level)) & (WHEEL_SLOTS - 1);
    uint64_t bits = wheel->occupied[level];

    if (bits == 0)
        return -1;
    bits = position == 0 ? bits : bits >> position | bits << (64 - position);
    return (int)((position + (unsigned)__builtin_ctzll(bits)) & (WHEEL_SLOTS - 1));
}

static const struct wheel_timer *earliest_in(const struct wheel_timer *head)
{
    const struct wheel_timer *best = NULL;

    for (const struct wheel_timer *t = head->next; t != head; t = t->next) {
        if (best == NULL || is_earlier(t, best))
            best = t;
    }
    return best;
}

/* Two ascending lists, linked by `next` and ended by NULL, become one. */
static struct wheel_timer *merged(struct wheel_timer *a, struct wheel_timer *b)
{
    struct wheel_timer *first = NULL, **end = &first;

    while (a != NULL && b != NULL) {
        struct wheel_timer **least = is_earlier(b, a) ? &b : &a;

        *end = *least;
        end = &(*least)->next;
        *least = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Merges from the bottom: run[i] holds 2^i timers or none. */
static void sort(struct wheel_timer *head)
{
    struct wheel_timer *run[32] = { NULL }, *all = NULL, *timer, *next;
    int i;

    head->previous->next = NULL;
    for (timer = head->next; timer != NULL; timer = next) {
        next = timer->next;
        timer->next = NULL;
        for (i = 0; run[i] != NULL; i++) {
            timer = merged(run[i], timer);
            run[i] = NULL;
        }
        run[i] = timer;
    }
    for (i = 0; i < 32; i++)
        all = merged(run[i], all);
    head->next = head->previous = head;
    for (timer = all; timer != NULL; timer = next) {
        next = timer->next;
        link_behind(head->previous, timer);
    }
}

/* What next_work() will ask of the lowest level is known then without a walk. */
static void sort_first(struct wheel *wheel)
{
    int slot = first_slot(wheel, 0);

    if (slot < 0 || (wheel->sorted >> slot & 1) != 0)
        return;
    sort(&wheel->slot[0][slot]);
    wheel->sorted |= UINT64_C(1) << slot;
}

/* When the wheel has something to do: the earliest deadline where it is known exactly (the lowest level, and the
 * last one, whose slots may hold timers beyond the wheel's reach), else the beginning of the first occupied slot,
 * whose timers then move down. *timer is the timer, or NULL in the latter case. */
static bool next_work(const struct wheel *wheel, struct baro_instant *at, const struct wheel_timer **timer)
{
    const struct wheel_timer *best = NULL;

    for (int level = 0; level < WHEEL_LEVELS - 1; level++) {
        int slot = first_slot(wheel, level);

        if (slot < 0)
            continue;
        if (level == 0) {
            best = (wheel->sorted >> slot & 1) != 0 ? wheel->slot[0][slot].next : earliest_in(&wheel->slot[0][slot]);
            break;
        }
        uint64_t above = wheel->tick >> (6 * (level + 1)) << 6;
        at->ns = (int64_t)((above | (uint64_t)slot) << (6 * level) << WHEEL_TICK_SHIFT);
        *timer = NULL;
        return true;
    }
    for (int slot = 0; best == NULL && slot < WHEEL_SLOTS; slot++)
        best = earliest_in(&wheel->slot[WHEEL_LEVELS - 1][slot]);
    if (best != NULL && best->level == WHEEL_LEVELS - 1) {
        for (int slot = best->slot + 1; slot < WHEEL_SLOTS; slot++) {
            const struct wheel_timer *t = earliest_in(&wheel->slot[WHEEL_LEVELS - 1][slot]);
            if (t != NULL && t->deadline.ns < best->deadline.ns)
                best = t;
        }
    }
    if (best == NULL)
        return false;
    *at = best->deadline;
    *timer = best;
    return true;
}

/* Moves the wheel on to `tick`, which no armed timer is before, and spreads the slots it enters. */
static void advance(struct wheel *wheel, uint64_t tick)
{
    uint64_t changed = wheel->tick ^ tick;

    wheel->tick = tick;
    if (changed >> 6 == 0) /* no slot of a higher level is entered */
        return;
    for (int level = WHEEL_LEVELS - 1; level > 0; level--) {
        struct wheel_timer *head, *timer;
        struct wheel_timer list;

        if (changed >> (6 * level) == 0)
            continue;
        head = &wheel->slot[level][(tick >> (6 * level)) & (WHEEL_SLOTS - 1)];
        if (head->next == head)
            continue;
        list.next = head->next;
        list.previous = head->previous;
        list.next->previous = &list;
        list.previous->next = &list;
        head->next = head->previous = head;
        wheel->occupied[level] &= ~(UINT64_C(1) << ((tick >> (6 * level)) & (WHEEL_SLOTS - 1)));
        while ((timer = list.next) != &list) {
            list.next = timer->next;
            timer->next->previous = &list;
            place(wheel, timer);
        }
    }
}

struct wheel_timer *wheel_expired(struct wheel *wheel, struct baro_instant now)
{
    const struct wheel_timer *timer;
    struct baro_instant at;

    while (instant_reached(now, wheel->quiet_until)) {
        struct wheel_timer *due;

        sort_first(wheel);
        if (!next_work(wheel, &at, &timer))
            at.ns = INT64_MAX;
        if (!instant_reached(now, at)) {
            wheel->quiet_until = at;
            break;
        }
        if (tick_of(at) > wheel->tick)
            advance(wheel, tick_of(at));
        if (timer == NULL)
            continue;
        due = timer->previous->next; /* the same one, writable */
        prefetch_line(&due->next->next); /* whose turn comes next */
        wheel_cancel(wheel, due);
        return due;
    }
    if (tick_of(now) > wheel->tick)
        advance(wheel, tick_of(now));
    return NULL;
}

bool wheel_next(const struct wheel *wheel, struct baro_instant *deadline)
{
    const struct wheel_timer *timer;

    return next_work(wheel, deadline, &timer);
}
