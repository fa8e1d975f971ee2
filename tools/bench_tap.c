/* tools/bench_tap.c: `baro bench tap`: TCP between this machine's kernel and this stack over a TAP, beside a mover
 * without a stack on the same TAP.
 *
 * Everything is measured in turns, a short while each, again and again: a machine that becomes slower does so for all.
 * What is told are medians, and ratios of figures of the same turn. */
#include "tools.h"

#include <stdio.h>
#include <string.h>

#include "../bench/figures.h"
#include "../bench/tap.h"

enum { RUNS_LIMIT = TOOL_TURNS };

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
    printf(
        "usage: baro bench tap [--list] [--runs N] [--seconds S] [--json] [NAME ...]\n"
        "       baro bench tap --calls [--runs N] [--json]\n\n"
        "One TCP connection at MTU 1500 over a TAP in a network namespace that it makes itself, the kernel sending or receiving\n"
        "as iperf3 does; at the other end this stack, with super-frames and checksums offloaded, its data copied or used where\n"
        "it lies, and frame by frame without offloads, and a mover\n"
        "without a stack, which only reads super-frames and acknowledges them, or writes them: the ceiling of the device. All\n"
        "are measured in turns, S seconds each (default 1), N times (default 3): ratios of the same turn first, then medians\n"
        "with minimum and maximum, by the clock on the wall.\n\n"
        "--calls  instead: processor time of a frame read or written by a call of its own, and by io_uring, 32 at a time (super-frames 4)\n");
    return TOOL_OK;
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

struct options {
    unsigned runs;
    double seconds;
    bool json, list, help, calls, named, timed;
    bool wanted[JOBS];
};

static int option_with_value(struct options *options, const char *name, const char *value)
{
    options->timed = options->timed || strcmp(name, "--seconds") == 0;
    return tool_turns("bench tap", name, value, 0.1, &options->runs, &options->seconds);
}

static int parse(struct options *options, int argc, char **argv)
{
    for (int at = 1; at < argc; at++) { /* names before, between and behind options */
        if (argv[at][0] != '-') {
            if (choose(argv[at], options->wanted) != TOOL_OK)
                return TOOL_USAGE;
            options->named = true;
        } else if (strcmp(argv[at], "--json") == 0) {
            options->json = true;
        } else if (strcmp(argv[at], "--list") == 0) {
            options->list = true;
        } else if (strcmp(argv[at], "--help") == 0) {
            options->help = true;
        } else if (strcmp(argv[at], "--calls") == 0) {
            options->calls = true;
        } else if (option_with_value(options, argv[at], at + 1 < argc ? argv[at + 1] : NULL) != TOOL_OK) {
            return TOOL_USAGE;
        } else {
            at++;
        }
    }
    if (options->calls && (options->named || options->timed || options->list))
        return tool_usage("bench tap", "--calls takes --runs and --json and nothing else");
    for (int job = 0; job < JOBS && !options->named; job++)
        options->wanted[job] = true;
    return TOOL_OK;
}

static void print_ratio(struct bench_figures *figures, struct tap_figure figure[][RUNS_LIMIT], int runs, int job,
                        int way)
{
    double value[RUNS_LIMIT];
    char text[64];

    for (int i = 0; i < runs; i++)
        value[i] = 100 * figure[job][i].gbit / figure[way][i].gbit;
    snprintf(text, sizeof text, "%s: stack%s to mover", jobs[job].out ? "baro to kernel" : "kernel to baro",
             jobs[job].who == TAP_STACK_PLACE ? " in place" : "");
    bench_figures_ratio(figures, jobs[job].name, jobs[way].name, text, value, runs);
}

static void print_all(struct bench_figures *figures, struct tap_figure figure[][RUNS_LIMIT], int runs,
                      const bool wanted[JOBS])
{
    double value[RUNS_LIMIT];

    for (int way = 0; way < JOBS; way += WAYS) {
        for (int job = way + 1; job < way + 3; job++) {
            if (wanted[way] && wanted[job])
                print_ratio(figures, figure, runs, job, way);
        }
    }
    for (int job = 0; job < JOBS; job++) {
        const char *name = jobs[job].name;

        if (!wanted[job])
            continue;
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].gbit;
        bench_figures_tell(figures, name, jobs[job].text, "Gbit/s", value, runs);
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].cpu_ns;
        bench_figures_tell(figures, name, "    processor time of our end", "ns a KiB", value, runs);
        for (int i = 0; i < runs; i++)
            value[i] = figure[job][i].frame;
        bench_figures_tell(figures, name, "    data in a frame on the TAP", "octets", value, runs);
    }
}

/* Nothing is told but that, and why. */
static int missing(const struct options *options, const char *name, const char *error)
{
    struct bench_figures figures;

    fprintf(stderr, "baro bench tap: %s%snot measured: %s\n", name, *name != '\0' ? ": " : "", error);
    if (!options->json)
        return TOOL_FAILED;
    bench_figures_begin(&figures, stdout, true, 0);
    for (int job = 0; job < JOBS; job++) {
        if (options->wanted[job])
            bench_figures_missing(&figures, jobs[job].name, error);
    }
    bench_figures_end(&figures);
    return TOOL_FAILED;
}

/* ---- --calls ---- */

static const struct tap_calls_job calls_jobs[] = {
    { false, 64, 32 },  { false, 1514, 32 }, { false, 64000, 4 }, { true, 64, 32 },
    { true, 1514, 32 }, { true, 64000, 4 },  { true, 64, 4 },
};
enum { CALLS_JOBS = sizeof calls_jobs / sizeof calls_jobs[0], CALLS_BURSTS = 300 };

static void print_calls(struct bench_figures *figures, const struct tap_calls_job *job, double by_call[],
                        double by_ring[], int runs)
{
    double ratio[RUNS_LIMIT];
    char text[64], name[32], calls[40], ring[40];

    for (int i = 0; i < runs; i++)
        ratio[i] = 100 * by_ring[i] / by_call[i];
    snprintf(name, sizeof name, "%s-%u-%u", job->out ? "write" : "read", job->octets, job->burst);
    snprintf(calls, sizeof calls, "%s-calls", name);
    snprintf(ring, sizeof ring, "%s-ring", name);
    snprintf(text, sizeof text, "%u %s of %u octets: io_uring to calls", job->burst, job->out ? "writes" : "reads",
             job->octets);
    bench_figures_ratio(figures, ring, calls, text, ratio, runs);
    bench_figures_tell(figures, calls, "    by calls", "ns a frame", by_call, runs);
    bench_figures_tell(figures, ring, "    by io_uring", "ns a frame", by_ring, runs);
}

static int measure_calls(const struct options *options)
{
    static double by_call[CALLS_JOBS][RUNS_LIMIT], by_ring[CALLS_JOBS][RUNS_LIMIT];
    struct bench_figures figures;
    char error[160] = "frames were lost";
    struct tap_calls *calls = tap_net_open(error, sizeof error) == 0 ? tap_calls_create(error, sizeof error) : NULL;
    bool whole = calls != NULL;

    for (unsigned run = 0; whole && run < options->runs; run++) {
        for (int job = 0; whole && job < CALLS_JOBS; job++)
            whole = tap_calls_measure(calls, &calls_jobs[job], CALLS_BURSTS, false, &by_call[job][run]) &&
                    tap_calls_measure(calls, &calls_jobs[job], CALLS_BURSTS, true, &by_ring[job][run]);
    }
    if (calls != NULL)
        tap_calls_free(calls);
    if (!whole)
        fprintf(stderr, "baro bench tap: not measured: %s\n", error);
    if (!whole && !options->json)
        return TOOL_FAILED;
    bench_figures_begin(&figures, stdout, options->json, 48);
    for (int job = 0; job < CALLS_JOBS && whole; job++)
        print_calls(&figures, &calls_jobs[job], by_call[job], by_ring[job], (int)options->runs);
    if (!whole)
        bench_figures_missing(&figures, "calls", error);
    bench_figures_end(&figures);
    return whole ? TOOL_OK : TOOL_FAILED;
}

static int measure(const struct options *options)
{
    static struct tap_figure figure[JOBS][RUNS_LIMIT];
    struct bench_figures figures;
    char error[160];

    if (tap_net_open(error, sizeof error) != 0)
        return missing(options, "", error);
    for (unsigned run = 0; run < options->runs; run++) {
        for (int job = 0; job < JOBS; job++) {
            if (options->wanted[job] &&
                !tap_measure(&jobs[job], options->seconds, &figure[job][run], error, sizeof error))
                return missing(options, jobs[job].name, error);
        }
    }
    bench_figures_begin(&figures, stdout, options->json, 48);
    print_all(&figures, figure, (int)options->runs, options->wanted);
    bench_figures_end(&figures);
    return TOOL_OK;
}

int tool_bench_tap(int argc, char **argv)
{
    static struct options options = { .runs = 3, .seconds = 1 };

    if (parse(&options, argc, argv) != TOOL_OK)
        return TOOL_USAGE;
    return options.help ? help() : options.list ? list() : options.calls ? measure_calls(&options) : measure(&options);
}
