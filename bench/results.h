/* bench/results.h: what rows gave, run by run and side by side, and how it is told.
 *
 *   results.c  runs of all, interleaved
 *   others.c   the peers: in this process, or programs beside the `baro` command
 *   print.c    lines, JSON, a page's tables
 *   plot.c     pictures */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <signal.h>
#include <stdio.h>

#include "bench.h"

enum { BENCH_RUNS = 99, BENCH_RESULTS = 1024, BENCH_REASON = 120 };

/* Somebody else who does the same work. */
struct bench_other {
    const char *name, *text;
    const char *program; /* beside `baro`; NULL: in this process, by `run` */
    bool apart;          /* over IPv6 it is another program, with -ipv6 behind its name */
    /* One run. False: not measured, and `reason` says why. */
    bool (*run)(const struct bench_row *row, const struct bench_case *question, struct bench_answer *answer,
                char *reason);
};

/* bench/linux.c: this machine's kernel over loopback, in one thread that never waits. */
bool bench_linux(const struct bench_row *row, const struct bench_case *question, struct bench_answer *answer,
                 char *reason);
/* bench/linux_memory.c: what it spends on an idle connection. */
bool bench_linux_idle(const struct bench_case *question, struct bench_answer *answer, char *reason);
/* bench/iperf3.c: iperf3 over loopback, both processes' time. */
bool bench_iperf3(const struct bench_row *row, const struct bench_case *question, struct bench_answer *answer,
                  char *reason);

/* The list, ended by one without a name. */
extern const struct bench_other bench_others[];

bool bench_other_run(const struct bench_other *other, const struct bench_row *row, const struct bench_case *question,
                     struct bench_answer *answer, char *reason);

/* A row of a family by somebody: `other` NULL is this stack. */
struct bench_result {
    const struct bench_row *row;
    enum baro_family family;
    const struct bench_other *other;
    char name[48];
    unsigned runs;
    bool enough;                 /* a peer that takes so long that it is not run again */
    double figure[BENCH_RUNS];
    double instructions;         /* an operation, 0: not counted */
    char reason[BENCH_REASON];   /* not empty: why it was not measured */
};

struct bench_results {
    unsigned count;
    struct bench_result result[BENCH_RESULTS];
};

/* Adds a row, and if `others` says so its peers. */
void bench_results_add(struct bench_results *results, const struct bench_row *row, enum baro_family family,
                       bool others);
/* SIGINT or SIGTERM, when one came: nothing more is measured; 0: none. */
extern volatile sig_atomic_t bench_signal;
/* Measures all `runs` times, in turns, or until a signal comes. `told` is called before each measurement. */
void bench_results_run(struct bench_results *results, unsigned runs, void (*told)(const struct bench_result *result));
/* Instructions by name from a file of bench/instructions.sh; false: it cannot be read (errno), or has none (errno
 * 0). */
bool bench_results_read_instructions(struct bench_results *results, const char *path);

double bench_median(const struct bench_result *result);
double bench_least(const struct bench_result *result);
double bench_most(const struct bench_result *result);
const char *bench_by(const struct bench_result *result);
/* How many times better this stack is than `result`, a peer of the row `ours`; above 1 it is better. */
double bench_ratio(const struct bench_result *ours, const struct bench_result *result);
/* The result of this stack for a row's name, or NULL. */
const struct bench_result *bench_find(const struct bench_results *results, const char *name);

/* A row's name over a family. */
void bench_name(char name[48], const struct bench_row *row, enum baro_family family);

/* ---- print.c ---- */

void bench_print_lines(FILE *to, const struct bench_results *results);
void bench_print_json(FILE *to, const struct bench_results *results);
/* Tables in Markdown. */
void bench_print_page(FILE *to, const struct bench_results *results);
/* Puts the tables into a page between its two marks; 0 or -errno, -EINVAL: there are no marks. */
int bench_page_replace(const char *path, const struct bench_results *results);

/* ---- plot.c ---- */

/* Throughput against the size of messages, time against connections, memory against connections. */
void bench_plot_sizes(FILE *to, const struct bench_results *results);
void bench_plot_segments(FILE *to, const struct bench_results *results);
void bench_plot_memory(FILE *to, const struct bench_results *results);

#endif
