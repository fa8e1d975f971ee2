/* transport/tcp/calendar.c: see calendar.h. */
#include "transport/tcp/calendar.h"

#include "transport/tcp/rest.h"

enum { SLOTS = 8192, WORDS = SLOTS / 64 };

static const int64_t SLOT_NS = NS_PER_S;
static const int64_t STANDSTILL_NS = NS_PER_S / 10; /* when nobody could wake */
static const int64_t IN_STEP_NS = 60 * NS_PER_S;    /* so long those who are late wake in step */
static const uint32_t IS_SLOT = UINT32_C(1) << 31;  /* in front of the first of a list stands its slot */

struct tcp_calendar_ring {
    uint64_t occupied[WORDS]; /* a bit a slot that is not empty */
    uint32_t first[SLOTS];    /* a record's name and 1, 0: none */
};

/* In a record: names and 1. */
struct links {
    uint32_t next, previous;
};

static struct links links_of(const struct tcp *tcp, uint32_t name)
{
    struct links links;

    memcpy(&links, rest_links(blocks_at(&tcp->rests, name)), sizeof links);
    return links;
}

static void link_to(struct tcp *tcp, uint32_t name, struct links links)
{
    memcpy(rest_links(blocks_at(&tcp->rests, name)), &links, sizeof links);
}

/* ---- slots: numbers since the beginning of time, of which the ring holds 8,192 ---- */

static int64_t slot_of(int64_t at_ns)
{
    return at_ns < 0 ? 0 : at_ns / SLOT_NS;
}

/* The first slot from the calendar's own on that is not empty; there is one. */
static int64_t next_slot(const struct tcp_calendar *calendar)
{
    uint32_t at = (uint32_t)(calendar->slot % SLOTS);
    uint64_t word = calendar->ring->occupied[at / 64] >> at % 64;

    if (word != 0)
        return calendar->slot + __builtin_ctzll(word);
    for (uint32_t i = 1; i <= WORDS; i++) {
        word = calendar->ring->occupied[(at / 64 + i) % WORDS];
        if (word != 0)
            return calendar->slot - at % 64 + 64 * i + __builtin_ctzll(word);
    }
    assert(false && "nobody stands in the calendar");
    return calendar->slot;
}

static void begin_at(struct tcp_calendar *calendar, int64_t slot)
{
    if (slot == calendar->slot)
        return;
    calendar->slot = slot;
    calendar->early = 0;
}

/* Where nothing is due the ring begins now, so that it reaches as far as it can. */
static void move_on(struct tcp *tcp)
{
    struct tcp_calendar *calendar = &tcp->calendar;
    int64_t now = slot_of(tcp->core->now.ns), next;

    if (calendar->slot >= now)
        return;
    next = calendar->count == 0 ? now : next_slot(calendar);
    begin_at(calendar, next < now ? next : now);
}

/* When somebody of `slot` may wake. */
static int64_t opens_ns(const struct tcp_calendar *calendar, int64_t slot)
{
    bool is_full = slot == calendar->slot && calendar->early >= CALENDAR_EARLY;

    return (slot + is_full) * SLOT_NS;
}

static void arm(struct tcp *tcp, int64_t at_ns)
{
    struct wheel_timer *timer = &tcp->calendar.timer;
    int64_t now_ns = tcp->core->now.ns;

    timer->kind = TCP_WHEEL_CALENDAR;
    wheel_arm(&tcp->core->wheel, timer, (struct baro_instant){ at_ns > now_ns ? at_ns : now_ns + 1 });
}

/* ---- coming and going ---- */

bool tcp_calendar_enter(struct tcp *tcp, uint32_t name, int64_t deadline_ns)
{
    struct tcp_calendar *calendar = &tcp->calendar;
    int64_t slot = slot_of(deadline_ns), opens;
    uint32_t *first;

    if (calendar->ring == NULL)
        calendar->ring = slab_take(&tcp->core->slabs, sizeof *calendar->ring);
    if (calendar->ring == NULL)
        return false;
    move_on(tcp);
    slot = slot < calendar->slot ? calendar->slot : slot;
    slot = slot >= calendar->slot + SLOTS ? calendar->slot + SLOTS - 1 : slot;
    first = &calendar->ring->first[slot % SLOTS];
    link_to(tcp, name, (struct links){ *first, IS_SLOT | (uint32_t)(slot % SLOTS) });
    if (*first != 0)
        link_to(tcp, *first - 1, (struct links){ links_of(tcp, *first - 1).next, name + 1 });
    *first = name + 1;
    calendar->ring->occupied[slot % SLOTS / 64] |= UINT64_C(1) << slot % 64;
    calendar->count++;
    opens = opens_ns(calendar, slot);
    if (!wheel_is_armed(&calendar->timer) || opens < calendar->timer.deadline.ns)
        arm(tcp, opens);
    return true;
}

void tcp_calendar_leave(struct tcp *tcp, uint32_t name)
{
    struct tcp_calendar *calendar = &tcp->calendar;
    struct links links = links_of(tcp, name);

    if ((links.previous & IS_SLOT) != 0) {
        uint32_t slot = links.previous & ~IS_SLOT;

        calendar->ring->first[slot] = links.next;
        if (links.next == 0)
            calendar->ring->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    } else {
        link_to(tcp, links.previous - 1, (struct links){ links.next, links_of(tcp, links.previous - 1).previous });
    }
    if (links.next != 0)
        link_to(tcp, links.next - 1, (struct links){ links_of(tcp, links.next - 1).next, links.previous });
    calendar->count--;
}

/* ---- time ---- */

/* The next one that is to wake, or BLOCK_NONE. */
static uint32_t next_due(struct tcp *tcp)
{
    struct tcp_calendar *calendar = &tcp->calendar;
    int64_t slot;

    if (calendar->count == 0)
        return BLOCK_NONE;
    slot = next_slot(calendar);
    if (opens_ns(calendar, slot) > tcp->core->now.ns)
        return BLOCK_NONE; /* and whoever comes may be due before it */
    begin_at(calendar, slot);
    return calendar->ring->first[calendar->slot % SLOTS] - 1;
}

/* What the next two need is on its way: the one behind `name` was asked for before, and says who is behind it. */
static void prefetch(const struct tcp *tcp, uint32_t name)
{
    uint32_t next = links_of(tcp, name).next;
    const uint8_t *record;

    if (next != 0)
        next = links_of(tcp, next - 1).next;
    if (next == 0)
        return;
    record = blocks_at(&tcp->rests, next - 1);
    prefetch_line(record);
    prefetch_line(record + 64);
}

/* When the next slice of `slot` comes. */
static int64_t goes_on_ns(const struct tcp *tcp, int64_t slot)
{
    int64_t opens = opens_ns(&tcp->calendar, slot), now_ns = tcp->core->now.ns, late_ns = now_ns - (slot + 1) * SLOT_NS;

    return late_ns < 0 || late_ns >= IN_STEP_NS ? opens : now_ns + CALENDAR_STEP_NS;
}

void tcp_calendar_timer(struct tcp *tcp)
{
    struct tcp_calendar *calendar = &tcp->calendar;

    for (int i = 0; i < CALENDAR_SLICE; i++) {
        uint32_t name = next_due(tcp);

        if (name == BLOCK_NONE)
            break;
        prefetch(tcp, name);
        if (!tcp_rest_probes(tcp, name)) {
            arm(tcp, tcp->core->now.ns + STANDSTILL_NS);
            return;
        }
        calendar->early += (calendar->slot + 1) * SLOT_NS > tcp->core->now.ns;
    }
    if (calendar->count != 0)
        arm(tcp, goes_on_ns(tcp, next_slot(calendar)));
}

uint32_t tcp_calendar_check(const struct tcp *tcp)
{
    const struct tcp_calendar *calendar = &tcp->calendar;
    uint32_t count = 0;

    for (uint32_t slot = 0; calendar->ring != NULL && slot < SLOTS; slot++) {
        uint32_t previous = IS_SLOT | slot, link = calendar->ring->first[slot];
        bool occupied = (calendar->ring->occupied[slot / 64] >> slot % 64 & 1) != 0;

        if (occupied != (link != 0))
            return UINT32_MAX;
        for (; link != 0; link = links_of(tcp, link - 1).next) {
            if (links_of(tcp, link - 1).previous != previous)
                return UINT32_MAX;
            previous = link;
            count++;
        }
    }
    if (count != calendar->count || (count != 0 && !wheel_is_armed(&calendar->timer)))
        return UINT32_MAX;
    return count;
}

void tcp_calendar_release(struct tcp *tcp)
{
    wheel_cancel(&tcp->core->wheel, &tcp->calendar.timer);
    slab_give_back(&tcp->core->slabs, tcp->calendar.ring, sizeof *tcp->calendar.ring);
    tcp->calendar.ring = NULL;
}
