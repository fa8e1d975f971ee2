/* transport/tcp/late.c: connections with a deadline of which the wheel has not been told.
 *
 * Most deadlines are gone before long: that of the delayed ACK when the program answers, that of the retransmission
 * when the answer comes; and of many connections each look at the wheel is a miss or two, for the timer's neighbours
 * there are anybody's. Nearly all are TCP_LATE_NS away or more, the delay of an ACK, when they are set. So who has such
 * a deadline before its timer, and stands here not yet, comes behind the last one of a row: the row is in order of time
 * without being sorted, and lies together, so that those whose turn comes next can be asked for ahead. TCP_LATE_NS
 * later, and no deadline can have been before, it is the connection's turn: what is due fires, with the wheel left
 * alone; what is not far away waits once more, since the answer may be on its way; only what is left is told to the
 * wheel.
 *
 * A connection stands in the row once, which `late` says; who ends meanwhile is passed over. The row takes memory as it
 * grows and gives it back when nobody is left. Where it is full, or there is no memory, the wheel has the deadline at
 * once. */
#include "transport/tcp/lines.h"
#include "transport/tcp/parts.h"

#include <string.h>

enum {
    FIRST = 256,     /* places of a row that begins */
    MOST = 65536,    /* and of one that grows no more */
    KEPT = 1024,     /* and of one that stays without anybody in it */
    AHEAD = 8,       /* so many before its turn one of the row is asked for */
    ROUNDS = 8       /* a deadline less than so many turns away waits here */
};

static inline struct tcp_late_one *at(const struct tcp_late *late, uint32_t number)
{
    return &late->one[(late->first + number) & (late->size - 1)];
}

/* Another one is the first, or nobody. */
static inline void first_changed(struct tcp_late *late)
{
    late->turn_ns = late->count == 0 ? 0 : at(late, 0)->since_ns + TCP_LATE_NS;
}

static bool grow(struct tcp_late *late, struct slabs *slabs)
{
    uint32_t size = late->size == 0 ? (uint32_t)FIRST : 2 * late->size;
    struct tcp_late_one *one = late->size == MOST ? NULL : slab_take(slabs, size * sizeof *one);

    if (one == NULL)
        return false;
    for (uint32_t i = 0; i < late->count; i++)
        one[i] = *at(late, i);
    slab_give_back(slabs, late->one, late->size * sizeof *one);
    late->one = one;
    late->size = size;
    late->first = 0;
    return true;
}

void tcp_late_release(struct tcp_late *late, struct slabs *slabs)
{
    slab_give_back(slabs, late->one, late->size * sizeof *late->one);
    *late = (struct tcp_late){ 0 };
}

/* 0, which is none, is the farthest: one less than it, unsigned. */
static inline int64_t earliest_ns(const struct tcp_connection *c)
{
    const int timers = tcp_timers_of(c);
    uint64_t earliest = UINT64_MAX;

    for (int name = 0; name < timers; name++) {
        uint64_t at_ns = (uint64_t)c->deadline_ns[name] - 1;

        earliest = at_ns < earliest ? at_ns : earliest;
    }
    return (int64_t)(earliest + 1);
}

static inline bool wheel_knows(const struct tcp_connection *c, int64_t at_ns)
{
    return wheel_is_armed(&c->wheel) && c->wheel.deadline.ns <= at_ns;
}

static void tell_wheel(struct tcp *tcp, struct tcp_connection *c, int64_t at_ns)
{
    if (!wheel_knows(c, at_ns))
        wheel_arm(&tcp->core->wheel, &c->wheel, (struct baro_instant){ at_ns });
}

void tcp_timer_tell_wheel(struct tcp *tcp, struct tcp_connection *c)
{
    int64_t at_ns = earliest_ns(c);

    if (at_ns != 0)
        tell_wheel(tcp, c, at_ns);
}

void tcp_timer_late(struct tcp *tcp, struct tcp_connection *c, int64_t at_ns)
{
    struct tcp_late *late = &tcp->late;

    if (at_ns < tcp->core->now.ns + TCP_LATE_NS || (late->count == late->size && !grow(late, &tcp->core->slabs))) {
        tell_wheel(tcp, c, at_ns);
        return;
    }
    c->late = true;
    *at(late, late->count++) = (struct tcp_late_one){ .handle = tcp_handle(tcp, c), .since_ns = tcp->core->now.ns };
    if (late->count == 1)
        first_changed(late);
}

/* Its turn has come, and nothing of it is due. */
static void go_on(struct tcp *tcp, struct tcp_connection *c, int64_t at_ns)
{
    if (wheel_knows(c, at_ns))
        return;
    if (at_ns < tcp->core->now.ns + ROUNDS * TCP_LATE_NS)
        tcp_timer_late(tcp, c, at_ns);
    else
        tell_wheel(tcp, c, at_ns);
}

bool tcp_late_is_due(const struct tcp *tcp)
{
    return (uint64_t)tcp->late.turn_ns - 1 < (uint64_t)tcp->core->now.ns; /* 0 is the farthest */
}

static inline void prefetch(const struct tcp *tcp, struct handle handle)
{
    const struct tcp_connection *c = pool_prefetch(&tcp->connections, (uint32_t)handle.value);

    if (c != NULL)
        tcp_lines_prefetch_late(c);
}

struct wheel_timer *tcp_late_next(struct tcp *tcp)
{
    struct tcp_late *late = &tcp->late;

    while (tcp_late_is_due(tcp)) {
        struct tcp_connection *c = pool_resolve(&tcp->connections, at(late, 0)->handle);
        int64_t at_ns;

        late->first++;
        late->count--;
        first_changed(late);
        if (late->count > AHEAD)
            prefetch(tcp, at(late, AHEAD)->handle);
        if (c == NULL)
            continue;
        c->late = false;
        at_ns = earliest_ns(c);
        if (at_ns == 0)
            continue;
        if (at_ns <= tcp->core->now.ns)
            return &c->wheel;
        go_on(tcp, c, at_ns);
    }
    if (late->count == 0 && late->size > KEPT)
        tcp_late_release(late, &tcp->core->slabs);
    return NULL;
}

bool tcp_timers_next(const struct tcp *tcp, struct baro_instant *deadline)
{
    bool any = wheel_next(&tcp->core->wheel, deadline);
    const int64_t turn_ns = tcp->late.turn_ns;

    if (turn_ns == 0)
        return any;
    if (!any || deadline->ns > turn_ns)
        deadline->ns = turn_ns;
    return true;
}
