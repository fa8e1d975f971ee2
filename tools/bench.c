/* tools/bench.c: `baro bench`: measures this stack on this machine and prints medians with their range.
 *
 * Everything is on: timestamps, window scaling, validation, real TIME-WAIT. What a row leaves out it says. */
#include "tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/bench.h"
#include "baro/medium.h"

struct row {
    const char *name, *text, *unit;
    bench_function run;
    int argument;
};

static const struct row rows[] = {
    { "bulk-1500", "bulk, MTU 1500, software checksums", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_NONE },
    { "bulk-1500-offload", "bulk, MTU 1500, checksums offloaded", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_CHECKSUM },
    { "bulk-9000", "bulk, MTU 9000, software checksums", "Gbit/s", bench_bulk, 9000 * 4 + BENCH_NONE },
    { "bulk-super", "bulk, super-segments, checksums offloaded", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_SUPER },
    { "round-trips", "64-byte round trips, one connection", "a second", bench_round_trips, 1 },
    { "connections", "connect, 1 byte each way, close", "a second", bench_connections, 0 },
    { "segment-10", "a received segment, random one of 10 connections", "ns", bench_segment, 10 },
    { "segment-1000", "a received segment, random one of 1,000", "ns", bench_segment, 1000 },
    { "segment-10000", "a received segment, random one of 10,000", "ns", bench_segment, 10000 },
    { "segment-100000", "a received segment, random one of 100,000", "ns", bench_segment, 100000 },
    { "idle", "memory of an idle connection, one end, of 10,000", "bytes", bench_idle, 10000 },
    { "wire-10", "frames of 1,514 octets through 10BASE-T, both ends", "a second", bench_wire,
      BARO_MEDIUM_10BASE_T },
    { "wire-100", "frames of 1,514 octets through 100BASE-TX, both ends", "a second", bench_wire,
      BARO_MEDIUM_100BASE_TX },
};
enum { ROWS = sizeof rows / sizeof rows[0], RUNS_LIMIT = 99 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const struct row *row, int runs)
{
    double figure[RUNS_LIMIT];

    for (int i = 0; i < runs; i++)
        figure[i] = row->run(row->argument);
    qsort(figure, (size_t)runs, sizeof figure[0], compare);
    printf("%-54s %12.4g  (%.4g to %.4g) %s\n", row->text, figure[runs / 2], figure[0], figure[runs - 1], row->unit);
    fflush(stdout);
}

static int help(void)
{
    printf("usage: baro bench [--list] [--runs N] [NAME ...]\n\n"
           "Measures two stacks in one thread, frames passed in memory, program data copied in and out; the\n"
           "thread's processor time. Prints the median of N runs (default 3) with minimum and maximum.\n");
    return TOOL_OK;
}

static bool wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count == 0;
}

static int check_names(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        bool known = false;

        for (size_t j = 0; j < ROWS; j++)
            known = known || strcmp(names[i], rows[j].name) == 0;
        if (!known)
            return tool_usage("bench", "no benchmark '%s'; --list names them", names[i]);
    }
    return TOOL_OK;
}

int tool_bench(int argc, char **argv)
{
    int runs = 3, at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--help") == 0)
            return help();
        if (strcmp(argv[at], "--list") == 0) {
            for (size_t i = 0; i < ROWS; i++)
                printf("%-18s %s\n", rows[i].name, rows[i].text);
            return TOOL_OK;
        }
        if (strcmp(argv[at], "--runs") != 0)
            return tool_usage("bench", "no option '%s'; --help tells more", argv[at]);
        if (++at == argc || (runs = atoi(argv[at])) < 1 || runs > RUNS_LIMIT)
            return tool_usage("bench", "--runs takes a number from 1 to %d", RUNS_LIMIT);
    }
    if (check_names(argc - at, argv + at) != TOOL_OK)
        return TOOL_USAGE;
    for (size_t i = 0; i < ROWS; i++) {
        if (wanted(rows[i].name, argc - at, argv + at))
            measure(&rows[i], runs);
    }
    return TOOL_OK;
}
