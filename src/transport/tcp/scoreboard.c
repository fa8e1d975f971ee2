/* transport/tcp/scoreboard.c: see scoreboard.h. */
#include "transport/tcp/scoreboard.h"

#include <assert.h>
#include <string.h>

static struct seq begin_of(const struct scoreboard *board, uint32_t index)
{
    return index == 0 ? board->begin : board->run[index - 1].end;
}

static uint32_t octets_of(const struct scoreboard *board, uint32_t index)
{
    return seq_span(board->run[index].end, begin_of(board, index));
}

/* Adds a run's octets to the sums, or takes them off. */
static void count(struct scoreboard *board, uint32_t index, bool add)
{
    uint32_t octets = octets_of(board, index), marks = board->run[index].marks;

    octets = add ? octets : 0 - octets;
    board->sacked += marks & SCOREBOARD_SACKED ? octets : 0;
    board->lost += marks & SCOREBOARD_LOST ? octets : 0;
    board->again += marks & SCOREBOARD_AGAIN ? octets : 0;
}

static void set_marks(struct scoreboard *board, uint32_t index, uint32_t marks)
{
    count(board, index, false);
    board->run[index].marks = marks & SCOREBOARD_ALL;
    count(board, index, true);
}

enum { SPREAD_LIMIT_US = (1 << 29) - 1 };

static int64_t earliest_ns(const struct scoreboard_run *run)
{
    return run->at_ns - (int64_t)run->spread_us * 1000;
}

/* Some of the run was sent at `at_ns`, some at an earlier moment. */
static void set_moments(struct scoreboard_run *run, int64_t at_ns, int64_t earlier_ns)
{
    int64_t spread_us = (at_ns - earlier_ns + 999) / 1000;

    run->at_ns = at_ns;
    run->spread_us = (uint32_t)(spread_us < SPREAD_LIMIT_US ? spread_us : SPREAD_LIMIT_US) & SPREAD_LIMIT_US;
}

static void remove_runs(struct scoreboard *board, uint32_t index, uint32_t runs)
{
    memmove(&board->run[index], &board->run[index + runs], (board->count - index - runs) * sizeof board->run[0]);
    board->count -= runs;
}

/* Joins every second pair of neighbours with equal marks, so that it is not needed again soon. */
static void join_neighbours(struct scoreboard *board)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < board->count; i++) {
        struct scoreboard_run run = board->run[i];

        if (i + 1 < board->count && board->run[i + 1].marks == run.marks) {
            int64_t at_ns = run.at_ns, earlier_ns = earliest_ns(&run);

            run = board->run[++i];
            if (earliest_ns(&run) < earlier_ns)
                earlier_ns = earliest_ns(&run);
            set_moments(&run, run.at_ns > at_ns ? run.at_ns : at_ns, earlier_ns);
        }
        board->run[kept++] = run;
    }
    board->count = kept;
}

/* Room for one more run? What was run `index` may stand elsewhere afterwards. */
static bool make_room(struct scoreboard *board)
{
    if (board->count == SCOREBOARD_RUNS)
        join_neighbours(board);
    return board->count < SCOREBOARD_RUNS;
}

/* The run that holds `at`, which lies in the flight. */
static uint32_t find(const struct scoreboard *board, struct seq at)
{
    uint32_t low = 0, high = board->count - 1;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (seq_lt(at, board->run[middle].end))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Cuts run `index` in two at `at`, which lies inside of it; there is room. */
static void cut(struct scoreboard *board, uint32_t index, struct seq at)
{
    memmove(&board->run[index + 1], &board->run[index], (board->count - index) * sizeof board->run[0]);
    board->run[index].end = at;
    board->count++;
}

/* Two splits follow: where the second one made room it could join what the first one has cut. */
static void make_room_for_two(struct scoreboard *board)
{
    if (board->count + 2 > SCOREBOARD_RUNS)
        join_neighbours(board);
}

/* Makes `at`, a place in the flight, the beginning of a run, where there is room for that. */
static void split(struct scoreboard *board, struct seq at)
{
    uint32_t index;

    if (seq_eq(at, scoreboard_end(board)) || !make_room(board))
        return;
    index = find(board, at);
    if (!seq_eq(begin_of(board, index), at))
        cut(board, index, at);
}

/* Joins run `index` with the one before it where nothing tells them apart. */
static uint32_t join_before(struct scoreboard *board, uint32_t index)
{
    const struct scoreboard_run *run = &board->run[index], *before = &board->run[index - 1];

    if (index == 0 || index >= board->count || run->marks != before->marks)
        return index;
    /* Of what is SACKED the moment does not matter any more. */
    if ((run->marks & SCOREBOARD_SACKED) == 0 && (run->at_ns != before->at_ns || run->spread_us != before->spread_us))
        return index;
    remove_runs(board, index - 1, 1);
    return index - 1;
}

void scoreboard_begin(struct scoreboard *board, struct seq begin, struct seq end, int64_t at_ns, bool again)
{
    board->begin = board->high = begin;
    board->count = board->sacked = board->lost = board->again = 0;
    if (seq_eq(begin, end))
        return;
    board->count = 1;
    board->run[0] = (struct scoreboard_run){ .end = end, .marks = again ? SCOREBOARD_AGAIN : 0, .at_ns = at_ns };
    count(board, 0, true);
}

void scoreboard_sent(struct scoreboard *board, struct seq end, int64_t at_ns)
{
    struct scoreboard_run *last = &board->run[board->count - 1];

    if (board->count != 0 && last->marks == 0 && last->at_ns == at_ns) {
        last->end = end;
        return;
    }
    if (!make_room(board)) { /* nothing to join, so the last one has marks: they grow over what follows */
        last = &board->run[board->count - 1];
        count(board, board->count - 1, false);
        last->end = end;
        last->marks &= SCOREBOARD_AGAIN;
        count(board, board->count - 1, true);
        set_moments(last, at_ns, earliest_ns(last));
        return;
    }
    board->run[board->count++] = (struct scoreboard_run){ .end = end, .at_ns = at_ns };
}

void scoreboard_again(struct scoreboard *board, struct seq from, struct seq to, int64_t at_ns)
{
    uint32_t index, last;
    bool whole;

    from = seq_max(from, board->begin);
    to = seq_min(to, scoreboard_end(board));
    if (seq_ge(from, to))
        return;
    make_room_for_two(board);
    split(board, from);
    split(board, to);
    index = find(board, from); /* where there was no room: the whole run that holds it */
    last = find(board, seq_sub(to, 1));
    for (; index <= last; index++) {
        if ((board->run[index].marks & SCOREBOARD_SACKED) != 0)
            continue;
        set_marks(board, index, SCOREBOARD_AGAIN);
        whole = seq_ge(begin_of(board, index), from) && seq_le(board->run[index].end, to);
        set_moments(&board->run[index], at_ns, whole ? at_ns : earliest_ns(&board->run[index]));
    }
}

/* Run `index` is delivered: what it tells. */
static void learn(const struct scoreboard *board, uint32_t index, struct scoreboard_delivered *delivered)
{
    const struct scoreboard_run *run = &board->run[index];
    bool again = (run->marks & SCOREBOARD_AGAIN) != 0;
    int64_t at_ns = earliest_ns(run);

    delivered->octets += octets_of(board, index);
    if (!again && seq_lt(run->end, board->high))
        delivered->below = true;
    if (!delivered->any || at_ns > delivered->at_ns ||
        (at_ns == delivered->at_ns && seq_gt(run->end, delivered->end))) {
        delivered->any = true;
        delivered->at_ns = at_ns;
        delivered->end = run->end;
        delivered->again = again;
    }
}

void scoreboard_acked(struct scoreboard *board, struct seq una, struct scoreboard_delivered *delivered)
{
    uint32_t passed = 0;

    una = seq_min(una, scoreboard_end(board));
    if (seq_le(una, board->begin))
        return;
    if (seq_lt(una, scoreboard_end(board)) && !seq_eq(begin_of(board, find(board, una)), una))
        cut(board, find(board, una), una); /* the spare place has room, and the run is gone in a moment */
    while (passed < board->count && seq_le(board->run[passed].end, una)) {
        if ((board->run[passed].marks & SCOREBOARD_SACKED) == 0)
            learn(board, passed, delivered);
        passed++;
    }
    for (uint32_t i = 0; i < passed; i++)
        count(board, i, false);
    remove_runs(board, 0, passed);
    board->begin = una;
    board->high = seq_max(board->high, una);
}

void scoreboard_sack(struct scoreboard *board, struct seq left, struct seq right,
                     struct scoreboard_delivered *delivered)
{
    uint32_t index;

    left = seq_max(left, board->begin);
    if (seq_gt(right, scoreboard_end(board)) || seq_ge(left, right))
        return;
    make_room_for_two(board);
    split(board, left);
    split(board, right);
    index = find(board, left);
    if (seq_lt(begin_of(board, index), left)) /* no room to split there: what begins later can be marked */
        index++;
    while (index < board->count && seq_le(board->run[index].end, right)) {
        if ((board->run[index].marks & SCOREBOARD_SACKED) == 0) {
            learn(board, index, delivered);
            set_marks(board, index, (board->run[index].marks & SCOREBOARD_AGAIN) | SCOREBOARD_SACKED);
        }
        if (index != 0)
            index = join_before(board, index);
        index++;
    }
    if (index < board->count && index != 0)
        (void)join_before(board, index);
    board->high = seq_max(board->high, right);
}

void scoreboard_lose(struct scoreboard *board, uint32_t index)
{
    assert((board->run[index].marks & (SCOREBOARD_SACKED | SCOREBOARD_LOST)) == 0);
    set_marks(board, index, board->run[index].marks | SCOREBOARD_LOST);
}

void scoreboard_lose_all(struct scoreboard *board)
{
    bool reneged = board->count != 0 && (board->run[0].marks & SCOREBOARD_SACKED) != 0;

    for (uint32_t i = 0; i < board->count; i++) {
        if (!reneged && (board->run[i].marks & SCOREBOARD_SACKED) != 0)
            continue;
        set_marks(board, i, (board->run[i].marks & SCOREBOARD_AGAIN) | SCOREBOARD_LOST);
    }
    if (reneged)
        board->high = board->begin;
}

uint32_t scoreboard_again_octets(const struct scoreboard *board)
{
    uint32_t octets = 0;

    for (uint32_t i = 0; i < board->count; i++)
        if (board->run[i].marks == SCOREBOARD_AGAIN)
            octets += seq_span(board->run[i].end, i == 0 ? board->begin : board->run[i - 1].end);
    return octets;
}

void scoreboard_find_all(struct scoreboard *board)
{
    for (uint32_t i = 0; i < board->count; i++)
        set_marks(board, i, board->run[i].marks & ~(uint32_t)SCOREBOARD_LOST);
}

bool scoreboard_was_again(const struct scoreboard *board, struct seq left, struct seq right)
{
    left = seq_max(left, board->begin);
    right = seq_min(right, scoreboard_end(board));
    if (seq_ge(left, right))
        return true;
    for (uint32_t i = find(board, left); i < board->count && seq_lt(begin_of(board, i), right); i++) {
        if ((board->run[i].marks & SCOREBOARD_AGAIN) == 0)
            return false;
    }
    return true;
}

bool scoreboard_next_lost(const struct scoreboard *board, uint32_t limit, struct seq *from, struct seq *to)
{
    uint32_t first = 0;

    if (board->lost == 0)
        return false;
    while ((board->run[first].marks & SCOREBOARD_LOST) == 0)
        first++;
    *from = begin_of(board, first);
    *to = board->run[first].end;
    for (uint32_t i = first + 1; i < board->count && seq_span(begin_of(board, i), *from) < limit; i++) {
        if ((board->run[i].marks & SCOREBOARD_LOST) != 0)
            *to = board->run[i].end;
    }
    return true;
}

void scoreboard_check(const struct scoreboard *board)
{
    uint32_t sacked = 0, lost = 0, again = 0;

    assert(board->count <= SCOREBOARD_RUNS);
    for (uint32_t i = 0; i < board->count; i++) {
        uint32_t marks = board->run[i].marks;

        assert(seq_lt(begin_of(board, i), board->run[i].end));
        assert((marks & SCOREBOARD_SACKED) == 0 || (marks & SCOREBOARD_LOST) == 0);
        sacked += marks & SCOREBOARD_SACKED ? octets_of(board, i) : 0;
        lost += marks & SCOREBOARD_LOST ? octets_of(board, i) : 0;
        again += marks & SCOREBOARD_AGAIN ? octets_of(board, i) : 0;
    }
    assert(sacked == board->sacked && lost == board->lost && again == board->again);
    assert(seq_ge(board->high, board->begin) && seq_le(board->high, scoreboard_end(board)));
    (void)sacked, (void)lost, (void)again;
}
