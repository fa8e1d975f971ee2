/* bench/keepalive.c: connections at rest ask for their peers, all at once.
 *
 * The worst that can be: the probes of all are due in the same second. What counts is the time that the end that asks
 * spends in its polls from then on until the last one has asked: waking, the probes, the answers, and the rest of those
 * that were answered. The other end, which is woken by each probe, does not count.
 *
 * Of the polls that moved anybody the time is kept in steps of a microsecond; the other figure is that of which one in
 * a thousand took longer: the longest of all says on most machines only that somebody else wanted the processor. */
#include "bench.h"

enum { STEPS = 10000 };

struct polls {
    uint64_t count, of[STEPS]; /* microseconds */
};

static struct baro_statistics statistics_of(struct bench_pair *pair, int which)
{
    return bench_statistics(bench_pair_stack(pair, which));
}

static void note(struct polls *polls, double seconds)
{
    double us = seconds * 1e6;

    polls->count++;
    polls->of[us < STEPS - 1 ? (unsigned)us : STEPS - 1]++;
}

/* 999 of 1,000 took no longer, seconds. */
static double nearly_longest(const struct polls *polls)
{
    uint64_t longer = 0;
    unsigned us = STEPS;

    while (us > 1 && (longer + polls->of[us - 1]) * 1000 <= polls->count)
        longer += polls->of[--us];
    return us / 1e6;
}

struct asking {
    struct bench_pair *pair;
    unsigned frames;
};

static void poll_client(void *context)
{
    struct asking *asking = context;

    asking->frames = baro_stack_poll(bench_pair_stack(asking->pair, 0), bench_now());
}

/* As a program does: nothing is polled while nothing is due. */
static void sleep_both(struct bench_pair *pair)
{
    struct baro_instant now = bench_now(), first = { INT64_MAX }, deadline;

    for (int i = 0; i < 2; i++) {
        if (baro_stack_next_deadline(bench_pair_stack(pair, i), &deadline) && deadline.ns < first.ns)
            first = deadline;
    }
    if (first.ns > now.ns && first.ns != INT64_MAX)
        bench_skip((struct baro_duration){ first.ns - now.ns });
}

static double ask_all(struct bench_pair *pair, uint64_t count, struct polls *polls)
{
    struct baro_statistics first = statistics_of(pair, 0), before = first, after = first;
    struct asking asking = { .pair = pair };
    double seconds = 0, begin = bench_seconds();

    while (after.tcp_woken - first.tcp_woken < count) {
        double slice = bench_timed(poll_client, &asking);

        seconds += slice;
        after = statistics_of(pair, 0);
        if (after.tcp_woken != before.tcp_woken || after.tcp_resting != before.tcp_resting)
            note(polls, slice);
        before = after;
        if (baro_stack_poll(bench_pair_stack(pair, 1), bench_now()) == 0 && asking.frames == 0)
            sleep_both(pair);
        bench_expect(bench_seconds() - begin < 600, "all ask within ten minutes");
    }
    return seconds;
}

void bench_keepalive(const struct bench_case *question, struct bench_answer *answer)
{
    static struct polls polls;
    struct bench_connections all;
    struct bench_case resting = *question;
    uint64_t idle_s = 60 + UINT64_C(15) * (question->connections / question->batch);

    polls = (struct polls){ 0 };
    resting.resting = true;
    resting.keepalive.ns = bench_now().ns + (int64_t)idle_s * INT64_C(1000000000);
    bench_connections_open(&all, &resting);
    bench_expect(statistics_of(all.pair, 0).tcp_resting == all.count, "all rest");
    bench_skip((struct baro_duration){ resting.keepalive.ns - bench_now().ns });
    answer->seconds = ask_all(all.pair, all.count, &polls);
    answer->operations = all.count;
    if (question->longest) {
        answer->seconds = nearly_longest(&polls);
        answer->operations = 1;
    }
    bench_pair_silence(all.pair, 20, 1);
    for (int which = 0; which < 2; which++)
        bench_expect(statistics_of(all.pair, which).tcp_resting == all.count, "all rest again");
    bench_connections_close(&all);
}
