/* bench/memory.c: what connections that nobody uses cost.
 *
 * Memory that a stack once took for connections in use it keeps for the next ones, so connections come a thousand at a
 * time and go to rest before the next thousand; the first thousand's memory does not count, but their records do. */
#include "bench.h"

/* What `count` connections at rest take at the client's end. */
static uint64_t taken_by(const struct bench_case *question, uint32_t count)
{
    struct bench_connections all;
    struct bench_case some = *question;
    uint64_t octets;

    some.connections = count;
    some.resting = true;
    bench_connections_open(&all, &some);
    octets = bench_statistics(bench_pair_stack(all.pair, 0)).slab_bytes;
    bench_connections_close(&all);
    return octets;
}

void bench_idle(const struct bench_case *question, struct bench_answer *answer)
{
    uint64_t before = taken_by(question, 1000), after = taken_by(question, 1000 + question->connections);

    answer->value = (double)(after - before) / question->connections;
}

/* ---- waking ---- */

enum { BATCH = 1000, WAKES = 200000, LEAPS = 12, LEAP_S = 5 };

struct sleepers {
    struct bench_connections all;
    uint32_t wakes, random;
};

/* From one end to the other; the neighbour may have to be asked first. */
static void carry(struct bench_pair *pair, int from, int from_fd, int to_fd, uint32_t what)
{
    uint32_t heard = 0;
    ptrdiff_t got = -1;

    bench_expect(baro_send(bench_pair_stack(pair, from), from_fd, &what, sizeof what, 0) == sizeof what,
                 "a connection that rested sends");
    for (int i = 0; i < 16 && got < 0; i++) {
        bench_pair_poll(pair);
        got = baro_recv(bench_pair_stack(pair, 1 - from), to_fd, &heard, sizeof heard, 0);
    }
    bench_expect(got == sizeof heard && heard == what, "what it said is heard by its peer");
}

/* One of them is drawn and says its number; the other end answers with it. */
static void wake_one(struct sleepers *work)
{
    uint32_t which = bench_random(&work->random, work->all.count);

    carry(work->all.pair, 0, work->all.client[which], work->all.server[which], which);
    carry(work->all.pair, 1, work->all.server[which], work->all.client[which], which);
}

static void wake_many(void *context)
{
    struct sleepers *work = context;

    for (uint32_t i = 0; i < work->wakes; i++)
        wake_one(work);
}

static uint64_t at_rest(const struct bench_connections *all, int which)
{
    return bench_statistics(bench_pair_stack(all->pair, which)).tcp_resting;
}

void bench_wake(const struct bench_case *question, struct bench_answer *answer)
{
    struct sleepers work = { .random = 1 };
    uint32_t left = bench_amount(WAKES, 200);
    struct bench_case resting = *question;

    resting.resting = true;
    bench_connections_open(&work.all, &resting);
    bench_expect(at_rest(&work.all, 0) == work.all.count, "all rest");
    while (left != 0) {
        work.wakes = left < BATCH ? left : BATCH;
        left -= work.wakes;
        answer->seconds += bench_timed(wake_many, &work);
        answer->operations += work.wakes;
        bench_pair_silence(work.all.pair, LEAPS, LEAP_S);
    }
    bench_expect(at_rest(&work.all, 0) == work.all.count, "all rest again");
    bench_expect(bench_statistics(bench_pair_stack(work.all.pair, 0)).slab_bytes <
                     work.all.count * UINT64_C(214) + (UINT64_C(64) << 20),
                 "2 GiB for ten million of them");
    bench_connections_close(&work.all);
}

/* ---- its parts ---- */

struct parts {
    struct sleepers work;
    enum bench_rest_part asked;
    double seconds;
    int client;
};

static void call(void *context)
{
    struct parts *parts = context;
    struct baro_stack *stack = bench_pair_stack(parts->work.all.pair, 0);

    bench_expect(baro_send(stack, parts->client, "wake", 4, 0) == 4, "a connection that rested sends");
    baro_stack_flush(stack);
}

static void segment(void *context)
{
    struct parts *parts = context;

    baro_stack_poll(bench_pair_stack(parts->work.all.pair, 1), bench_now());
}

static void rest_again(void *context)
{
    struct parts *parts = context;

    bench_pair_silence(parts->work.all.pair, LEAPS, LEAP_S);
}

/* Does it, and measures it if it is what is asked for. */
static void do_part(struct parts *parts, enum bench_rest_part part, void (*work)(void *context))
{
    if (part == parts->asked)
        parts->seconds += bench_timed(work, parts);
    else
        work(parts);
}

/* One after the other, so that each rests when its turn comes. The other end takes the ACK at once: one that finds no
 * room on the wire waits and is asked about in each flush, which is no part of waking. */
static void wake_in_turn(struct parts *parts, uint32_t count)
{
    struct bench_connections *all = &parts->work.all;
    struct baro_stack *server = bench_pair_stack(all->pair, 1);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t which = (uint32_t)(UINT64_C(7919) * i % all->count); /* a prime: no two of them are alike */
        char heard[4];

        parts->client = all->client[which];
        do_part(parts, BENCH_WAKE_CALL, call);
        do_part(parts, BENCH_WAKE_SEGMENT, segment);
        bench_expect(baro_recv(server, all->server[which], heard, sizeof heard, 0) == 4, "what it said is heard");
        baro_stack_flush(server);
        baro_stack_poll(bench_pair_stack(all->pair, 0), bench_now());
    }
}

void bench_rest_parts(const struct bench_case *question, struct bench_answer *answer)
{
    struct bench_case resting = *question;
    struct parts parts = { .asked = question->rest_part };
    uint32_t count = bench_amount(1000, 100), rounds = bench_amount(20, 1);
    uint64_t woken;

    resting.resting = true;
    bench_connections_open(&parts.work.all, &resting);
    for (uint32_t i = 0; i < rounds; i++) {
        woken = at_rest(&parts.work.all, 1);
        bench_expect(woken == parts.work.all.count, "all rest");
        wake_in_turn(&parts, count);
        bench_expect(at_rest(&parts.work.all, 1) == woken - count, "so many woke");
        do_part(&parts, BENCH_REST_AGAIN, rest_again);
    }
    answer->seconds = parts.seconds;
    answer->operations = (double)rounds * count * (question->rest_part == BENCH_REST_AGAIN ? 2 : 1);
    bench_connections_close(&parts.work.all);
}
