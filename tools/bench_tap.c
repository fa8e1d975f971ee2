/* tools/bench_tap.c: `baro bench tap`: TCP between this machine's kernel and this stack over a TAP, beside a mover without a
 * stack on the same TAP.
 *
 * Everything is measured in turns, a short while each, again and again: a machine that becomes slower does so for all. What is
 * told are medians, and ratios of figures of the same turn. */
#include "tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/tap.h"

enum { RUNS_LIMIT = 99 };

static const struct tap_job jobs[] = {
    { "mover-in", "kernel sends, no stack", TAP_MOVER, false },
    { "stack-in", "kernel sends, this stack", TAP_STACK, false },
    { "place-in", "kernel sends, this stack read in place", TAP_STACK_PLACE, false },
    { "plain-in", "kernel sends, this stack frame by frame", TAP_STACK_PLAIN, false },
    { "mover-out", "kernel receives, no stack", TAP_MOVER, true },
    { "stack-out", "kernel receives, this stack", TAP_STACK, true },
    { "place-out", "kernel receives, this stack written in place", TAP_STACK_PLACE, true },
    { "plain-out", "kernel receives, this stack frame by frame", TAP_STACK_PLAIN, true },
};
enum { JOBS = sizeof jobs / sizeof jobs[0], WAYS = 4 };

static int help(void)
{
    printf("usage: baro bench tap [--list] [--runs N] [--seconds S] [NAME ...]\n"
           "       baro bench tap --calls [--runs N]\n\n"
           "One TCP connection at MTU 1500 over a TAP in a network namespace that it makes itself, the kernel sending or receiving\n"
           "as iperf3 does; at the other end this stack, with super-frames and checksums offloaded, its data copied or used where\n"
           "it lies, and frame by frame without offloads, and a mover\n"
           "without a stack, which only reads super-frames and acknowledges them, or writes them: the ceiling of the device. All\n"
           "are measured in turns, S seconds each (default 1), N times (default 3): ratios of the same turn first, then medians\n"
           "with minimum and maximum, by the clock on the wall.\n\n"
           "--calls  instead: processor time of a frame read or written by a call of its own, and by io_uring, 32 at a time (super-frames 4)\n");
    return TOOL_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *text, double *value, int count, const char *unit)
{
    qsort(value, (size_t)count, sizeof *value, compare);
    printf("%-48s %10.4g  (%.4g to %.4g) %s\n", text, value[count / 2], value[0], value[count - 1], unit);
}

static int list(void)
{
    for (int job = 0; job < JOBS; job++)
        printf("%-10s %s\n", jobs[job].name, jobs[job].text);
    return TOOL_OK;
}

static int choose(const char *name, bool wanted[JOBS])
{
    for (int job = 0; job < JOBS; job++) {
        if (strcmp(jobs[job].name, name) == 0) {
            wanted[job] = true;
            return TOOL_OK;
        }
    }
    return tool_usage("bench tap", "no measurement '%s'; --list names them", name);
}

static int parse(int argc, char **argv, int *runs, double *seconds, bool wanted[JOBS])
{
    bool named = false;

    for (int at = 1; at < argc; at++) { /* names before, between and behind options */
        bool counts = strcmp(argv[at], "--runs") == 0;

        if (argv[at][0] != '-') {
            if (choose(argv[at], wanted) != TOOL_OK)
                return TOOL_USAGE;
            named = true;
            continue;
        }
        if (!counts && strcmp(argv[at], "--seconds") != 0)
            return tool_usage("bench tap", "no option '%s'; --help tells more", argv[at]);
        if (at + 1 == argc)
            return tool_usage("bench tap", "%s wants a value", argv[at]);
        if (counts && ((*runs = atoi(argv[at + 1])) < 1 || *runs > RUNS_LIMIT))
            return tool_usage("bench tap", "--runs takes a number from 1 to %d", RUNS_LIMIT);
        if (!counts && !((*seconds = atof(argv[at + 1])) >= 0.1 && *seconds <= 60))
            return tool_usage("bench tap", "--seconds takes 0.1 to 60");
        at++;
    }
    for (int job = 0; job < JOBS && !named; job++)
        wanted[job] = true;
    return TOOL_OK;
}

static void print_all(struct tap_figure figure[][RUNS_LIMIT], int runs, const bool wanted[JOBS])
{
    double value[RUNS_LIMIT];

    for (int way = 0; way < JOBS; way += WAYS) {
        for (int job = way + 1; job < way + 3; job++) {
            char text[64];

            if (!wanted[way] || !wanted[job])
                continue;
            for (int i = 0; i < runs; i++)
                value[i] = 100 * figure[job][i].gbit / figure[way][i].gbit;
            snprintf(text, sizeof text, "%s: stack%s to mover", jobs[job].out ? "baro to kernel" : "kernel to baro",
                     jobs[job].who == TAP_STACK_PLACE ? " in place" : "");
            print(text, value, runs, "%");
        }
    }
    for (int job = 0; job < JOBS; job++) {
        if (!wanted[job])
            continue;
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].gbit;
        print(jobs[job].text, value, runs, "Gbit/s");
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].cpu_ns;
        print("    processor time of our end", value, runs, "ns a KiB");
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].frame;
        print("    data in a frame on the TAP", value, runs, "octets");
    }
}

/* ---- --calls ---- */

static const struct tap_calls_job calls_jobs[] = {
    { false, 64, 32 }, { false, 1514, 32 }, { false, 64000, 4 }, { true, 64, 32 }, { true, 1514, 32 }, { true, 64000, 4 }, { true, 64, 4 },
};
enum { CALLS_JOBS = sizeof calls_jobs / sizeof calls_jobs[0], CALLS_BURSTS = 300 };

static void print_calls(const struct tap_calls_job *job, double by_call[], double by_ring[], int runs)
{
    double ratio[RUNS_LIMIT];
    char text[64];

    for (int i = 0; i < runs; i++)
        ratio[i] = 100 * by_ring[i] / by_call[i];
    snprintf(text, sizeof text, "%u %s of %u octets: io_uring to calls", job->burst, job->out ? "writes" : "reads", job->octets);
    print(text, ratio, runs, "%");
    print("    by calls", by_call, runs, "ns a frame");
    print("    by io_uring", by_ring, runs, "ns a frame");
}

static int measure_calls(int runs)
{
    static double by_call[CALLS_JOBS][RUNS_LIMIT], by_ring[CALLS_JOBS][RUNS_LIMIT];
    char error[160] = "frames were lost";
    struct tap_calls *calls = tap_net_open(error, sizeof error) == 0 ? tap_calls_create(error, sizeof error) : NULL;
    bool whole = calls != NULL;

    for (int run = 0; whole && run < runs; run++) {
        for (int job = 0; whole && job < CALLS_JOBS; job++)
            whole = tap_calls_measure(calls, &calls_jobs[job], CALLS_BURSTS, false, &by_call[job][run]) &&
                    tap_calls_measure(calls, &calls_jobs[job], CALLS_BURSTS, true, &by_ring[job][run]);
    }
    if (calls != NULL)
        tap_calls_free(calls);
    if (!whole) {
        fprintf(stderr, "baro bench tap: not measured: %s\n", error);
        return TOOL_FAILED;
    }
    for (int job = 0; job < CALLS_JOBS; job++)
        print_calls(&calls_jobs[job], by_call[job], by_ring[job], runs);
    return TOOL_OK;
}

int tool_bench_tap(int argc, char **argv)
{
    static struct tap_figure figure[JOBS][RUNS_LIMIT];
    double seconds = 1;
    char error[160];
    bool wanted[JOBS] = { false };
    int runs = 3;

    if (argc > 1 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    if (argc > 1 && strcmp(argv[1], "--calls") == 0) {
        if (argc > 2 && (argc > 4 || strcmp(argv[2], "--runs") != 0))
            return tool_usage("bench tap", "--calls takes --runs and nothing else");
        return parse(argc - 1, argv + 1, &runs, &seconds, wanted) == TOOL_OK ? measure_calls(runs) : TOOL_USAGE;
    }
    if (parse(argc, argv, &runs, &seconds, wanted) != TOOL_OK)
        return TOOL_USAGE;
    if (tap_net_open(error, sizeof error) != 0) {
        fprintf(stderr, "baro bench tap: not measured: %s\n", error);
        return TOOL_FAILED;
    }
    for (int run = 0; run < runs; run++) {
        for (int job = 0; job < JOBS; job++) {
            if (wanted[job] && !tap_measure(&jobs[job], seconds, &figure[job][run], error, sizeof error)) {
                fprintf(stderr, "baro bench tap: %s: not measured: %s\n", jobs[job].name, error);
                return TOOL_FAILED;
            }
        }
    }
    print_all(figure, runs, wanted);
    return TOOL_OK;
}
