/* base/wheel.c: see wheel.h.
 *
 * Level L holds ticks that have the digits above L in base 64 with `tick` in common; their slot is the digit L.
 * Advancing into a slot of a higher level spreads it over the lower ones ("cascade"). What differs above the last level
 * waits there in the slot just behind until that level begins anew, and all of it is placed again.
 *
 * A slot of the lowest level is where timers fire from, and thousands may stand in one: it is sorted when it is first
 * asked for its earliest, and stays so as long as what is added belongs at its end or near it.
 *
 * Which of a slot's lists a timer is in says nothing, and the timer does not know it, nor its slot: who leaves a list
 * empty finds the slot by the list's place. */
#include "base/wheel.h"

#include <stddef.h>

#include "base/prefetch.h"
#include "base/time.h"

enum { STEPS_BACK = 8 }; /* that a sorted slot's end is searched for a timer's place */

static uint64_t tick_of(struct baro_instant at)
{
    return at.ns < 0 ? 0 : (uint64_t)at.ns >> WHEEL_TICK_SHIFT;
}

static inline struct wheel_timer *timer_of(struct wheel_link *link)
{
    return (struct wheel_timer *)link;
}

static void slot_clear(struct wheel_slot *slot)
{
    for (int i = 0; i < WHEEL_LISTS; i++)
        slot->list[i].next = slot->list[i].previous = &slot->list[i];
}

void wheel_init(struct wheel *wheel, struct baro_instant now)
{
    *wheel = (struct wheel){ .tick = tick_of(now), .quiet_until = { INT64_MIN } };
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        for (int i = 0; i < WHEEL_SLOTS; i++)
            slot_clear(&wheel->slot[level][i]);
    }
}

static inline bool is_earlier(const struct wheel_timer *a, const struct wheel_timer *b)
{
    return a->deadline.ns < b->deadline.ns || (a->deadline.ns == b->deadline.ns && a->order < b->order);
}

static void link_behind(struct wheel_link *at, struct wheel_link *link)
{
    link->previous = at;
    link->next = at->next;
    at->next->previous = link;
    at->next = link;
}

/* As good as at random: neither the order of arming nor deadlines would spread them, since both come in patterns. */
static inline struct wheel_link *list_for(struct wheel_slot *slot, const struct wheel_timer *timer)
{
    return &slot->list[(uint32_t)((uintptr_t)timer >> 6) * UINT32_C(0x9e3779b1) >> 29];
}
_Static_assert(WHEEL_LISTS == 1 << 3, "list_for takes three bits");

/* Into a slot of the lowest level. */
static void link_sorted(struct wheel *wheel, unsigned number, struct wheel_timer *timer)
{
    struct wheel_slot *slot = &wheel->slot[0][number];
    struct wheel_link *head = &slot->list[0], *at = head->previous;
    uint64_t bit = UINT64_C(1) << number;

    if ((wheel->occupied[0] & bit) == 0)
        wheel->sorted |= bit;
    for (int i = 0; (wheel->sorted & bit) != 0 && at != head && is_earlier(timer, timer_of(at)); i++) {
        if (i == STEPS_BACK)
            wheel->sorted &= ~bit;
        at = at->previous;
    }
    link_behind((wheel->sorted & bit) != 0 ? at : list_for(slot, timer)->previous, &timer->link);
}

static void place(struct wheel *wheel, struct wheel_timer *timer)
{
    uint64_t tick = tick_of(timer->deadline), span;
    unsigned level = 0, slot;

    if (tick < wheel->tick)
        tick = wheel->tick;
    span = tick ^ wheel->tick;
    while (level < WHEEL_LEVELS - 1 && span >> (6 * (level + 1)) != 0)
        level++;
    slot = (unsigned)(tick >> (6 * level)) & (WHEEL_SLOTS - 1);
    if (span >> (6 * WHEEL_LEVELS) != 0) /* beyond the wheel: the slot just behind, to be placed again */
        slot = (unsigned)((wheel->tick >> (6 * level)) + WHEEL_SLOTS - 1) & (WHEEL_SLOTS - 1);
    if (level == 0)
        link_sorted(wheel, slot, timer);
    else
        link_behind(list_for(&wheel->slot[level][slot], timer)->previous, &timer->link);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

/* One of the slot's lists has just become empty. */
static void list_emptied(struct wheel *wheel, const struct wheel_link *list)
{
    const size_t at = (size_t)((const char *)list - (const char *)wheel) - offsetof(struct wheel, slot);
    const size_t number = at / sizeof(struct wheel_slot);
    const struct wheel_slot *slot = &wheel->slot[number / WHEEL_SLOTS][number % WHEEL_SLOTS];

    for (int i = 0; i < WHEEL_LISTS; i++) {
        if (slot->list[i].next != &slot->list[i])
            return;
    }
    wheel->occupied[number / WHEEL_SLOTS] &= ~(UINT64_C(1) << number % WHEEL_SLOTS);
}

void wheel_cancel(struct wheel *wheel, struct wheel_timer *timer)
{
    struct wheel_link *next = timer->link.next, *previous = timer->link.previous;

    if (!wheel_is_armed(timer))
        return;
    previous->next = next;
    next->previous = previous;
    timer->link.next = timer->link.previous = NULL;
    if (next == previous)
        list_emptied(wheel, next);
    wheel->armed--;
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, struct baro_instant deadline)
{
    wheel_cancel(wheel, timer);
    timer->deadline = deadline;
    timer->order = wheel->orders++ & ((UINT64_C(1) << 56) - 1);
    place(wheel, timer);
    wheel->armed++;
    if (instant_before(deadline, wheel->quiet_until))
        wheel->quiet_until = deadline;
}

/* ---- walks ---- */

/* All that stood in a slot: its lists, as far as they are not at their ends. */
struct walk {
    struct wheel_link *at[WHEEL_LISTS];
    unsigned lists, turn;
};

/* The slot is empty now. */
static void walk_begin(struct walk *walk, struct wheel_slot *slot)
{
    walk->lists = walk->turn = 0;
    for (int i = 0; i < WHEEL_LISTS; i++) {
        struct wheel_link *list = &slot->list[i];

        if (list->next == list)
            continue;
        prefetch_line(list->next);
        list->previous->next = NULL;
        walk->at[walk->lists++] = list->next;
    }
    slot_clear(slot);
}

/* The next one; NULL: that was all. Of the lists that go on each has had its turn before one is asked again. */
static inline struct wheel_timer *walk_next(struct walk *walk)
{
    struct wheel_link *link;

    if (walk->lists == 0)
        return NULL;
    if (walk->turn >= walk->lists)
        walk->turn = 0;
    link = walk->at[walk->turn];
    if (link->next == NULL) {
        walk->at[walk->turn] = walk->at[--walk->lists];
    } else {
        prefetch_line(link->next);
        walk->at[walk->turn++] = link->next;
    }
    return timer_of(link);
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

static struct wheel_timer *earliest_in(const struct wheel_slot *slot)
{
    struct wheel_timer *best = NULL;

    for (int i = 0; i < WHEEL_LISTS; i++) {
        for (struct wheel_link *at = slot->list[i].next; at != &slot->list[i]; at = at->next) {
            if (best == NULL || is_earlier(timer_of(at), best))
                best = timer_of(at);
        }
    }
    return best;
}

/* Two ascending lists, linked by `next` and ended by NULL, become one. */
static struct wheel_link *merged(struct wheel_link *a, struct wheel_link *b)
{
    struct wheel_link *first = NULL, **end = &first;

    while (a != NULL && b != NULL) {
        struct wheel_link **least = is_earlier(timer_of(b), timer_of(a)) ? &b : &a;

        *end = *least;
        end = &(*least)->next;
        *least = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Merges from the bottom: run[i] holds 2^i timers or none. */
static void sort(struct wheel_slot *slot)
{
    struct wheel_link *run[32] = { NULL }, *all = NULL, *link, *next;
    struct wheel_timer *timer;
    struct walk walk;
    int i;

    walk_begin(&walk, slot);
    while ((timer = walk_next(&walk)) != NULL) {
        link = &timer->link;
        link->next = NULL;
        for (i = 0; run[i] != NULL; i++) {
            link = merged(run[i], link);
            run[i] = NULL;
        }
        run[i] = link;
    }
    for (i = 0; i < 32; i++)
        all = merged(run[i], all);
    for (link = all; link != NULL; link = next) {
        next = link->next;
        link_behind(slot->list[0].previous, link);
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

/* When the wheel has something to do: the earliest deadline where the lowest level knows it, else the beginning of the
 * first occupied slot, whose timers then move down. *timer is the timer, or NULL in the latter case. */
static bool next_work(const struct wheel *wheel, struct baro_instant *at, struct wheel_timer **timer)
{
    int slot = first_slot(wheel, 0);

    *timer = NULL;
    if (slot >= 0) {
        *timer = (wheel->sorted >> slot & 1) != 0 ? timer_of(wheel->slot[0][slot].list[0].next)
                                                  : earliest_in(&wheel->slot[0][slot]);
        *at = (*timer)->deadline;
        return true;
    }
    for (int level = 1; level < WHEEL_LEVELS; level++) {
        uint64_t position = wheel->tick >> (6 * level), above = position >> 6;

        slot = first_slot(wheel, level);
        if (slot < 0)
            continue;
        above = (unsigned)slot < (position & (WHEEL_SLOTS - 1)) ? (above + 1) << 6 : above << 6 | (unsigned)slot;
        at->ns = (int64_t)(above << (6 * level) << WHEEL_TICK_SHIFT);
        return true;
    }
    return false;
}

/* Places all timers of a slot again. */
static void spread(struct wheel *wheel, unsigned level, unsigned slot)
{
    struct wheel_timer *timer;
    struct walk walk;

    if ((wheel->occupied[level] >> slot & 1) == 0)
        return;
    wheel->occupied[level] &= ~(UINT64_C(1) << slot);
    walk_begin(&walk, &wheel->slot[level][slot]);
    while ((timer = walk_next(&walk)) != NULL)
        place(wheel, timer);
}

/* Moves the wheel on to `tick`, which no armed timer is before, and spreads the slots it enters. */
static void advance(struct wheel *wheel, uint64_t tick)
{
    uint64_t changed = wheel->tick ^ tick;

    wheel->tick = tick;
    if (changed >> 6 == 0) /* no slot of a higher level is entered */
        return;
    for (unsigned slot = 0; changed >> (6 * WHEEL_LEVELS) != 0 && slot < WHEEL_SLOTS; slot++)
        spread(wheel, WHEEL_LEVELS - 1, slot);
    for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--) {
        if (changed >> (6 * level) != 0)
            spread(wheel, level, (unsigned)(tick >> (6 * level)) & (WHEEL_SLOTS - 1));
    }
}

struct wheel_timer *wheel_expired(struct wheel *wheel, struct baro_instant now)
{
    struct wheel_timer *due;
    struct baro_instant at;

    while (instant_reached(now, wheel->quiet_until)) {
        sort_first(wheel);
        if (!next_work(wheel, &at, &due))
            at.ns = INT64_MAX;
        if (!instant_reached(now, at)) {
            wheel->quiet_until = at;
            break;
        }
        if (tick_of(at) > wheel->tick)
            advance(wheel, tick_of(at));
        if (due == NULL)
            continue;
        wheel_cancel(wheel, due);
        return due;
    }
    if (tick_of(now) > wheel->tick)
        advance(wheel, tick_of(now));
    return NULL;
}

const struct wheel_timer *wheel_ahead(const struct wheel *wheel)
{
    unsigned slot = (unsigned)wheel->tick & (WHEEL_SLOTS - 1);
    const struct wheel_link *head = &wheel->slot[0][slot].list[0];
    struct wheel_link *at = head->next;

    for (int i = 1; i < WHEEL_AHEAD && at != head; i++)
        at = at->next;
    return at == head ? NULL : timer_of(at);
}

bool wheel_next(const struct wheel *wheel, struct baro_instant *deadline)
{
    struct wheel_timer *timer;

    return next_work(wheel, deadline, &timer);
}
