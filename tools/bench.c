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
    bool both; /* a row of both families at once; the others are there twice, "-ipv6" behind the second's name */
};

static const struct row rows[] = {
    { "bulk-1500", "bulk, MTU 1500, software checksums", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_NONE, false },
    { "bulk-1500-offload", "bulk, MTU 1500, checksums offloaded", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_CHECKSUM,
      false },
    { "bulk-9000", "bulk, MTU 9000, software checksums", "Gbit/s", bench_bulk, 9000 * 4 + BENCH_NONE, false },
    { "bulk-super", "bulk, super-segments, checksums offloaded", "Gbit/s", bench_bulk, 1500 * 4 + BENCH_SUPER, false },
    { "round-trips", "64-byte round trips, one connection", "a second", bench_round_trips, 1, false },
    { "connections", "connect, 1 byte each way, close", "a second", bench_connections, 0, false },
    { "segment-10", "a received segment, random one of 10 connections", "ns", bench_segment, 10, false },
    { "segment-1000", "a received segment, random one of 1,000", "ns", bench_segment, 1000, false },
    { "segment-10000", "a received segment, random one of 10,000", "ns", bench_segment, 10000, false },
    { "segment-100000", "a received segment, random one of 100,000", "ns", bench_segment, 100000, false },
    { "families-10", "IPv6 over IPv4, a segment, of 10 connections", "% of IPv4", bench_families, 10, true },
    { "families-1000", "IPv6 over IPv4, a segment, of 1,000 connections", "% of IPv4", bench_families, 1000, true },
    { "families-10000", "IPv6 over IPv4, a segment, of 10,000 connections", "% of IPv4", bench_families, 10000, true },
    { "idle", "memory of an idle connection, one end, of 10,000", "bytes", bench_idle, 10000, false },
    { "wire-10", "frames of 1,514 octets through 10BASE-T, both ends", "a second", bench_wire, BARO_MEDIUM_10BASE_T,
      false },
    { "wire-100", "frames of 1,514 octets through 100BASE-TX, both ends", "a second", bench_wire,
      BARO_MEDIUM_100BASE_TX, false },
};
enum { ROWS = sizeof rows / sizeof rows[0], RUNS_LIMIT = 99 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const struct row *row, enum baro_family family, int runs)
{
    double figure[RUNS_LIMIT];
    char text[80];

    for (int i = 0; i < runs; i++)
        figure[i] = row->run(family, row->argument);
    qsort(figure, (size_t)runs, sizeof figure[0], compare);
    snprintf(text, sizeof text, "%s%s", row->text, family == BARO_FAMILY_IPV6 ? ", IPv6" : "");
    printf("%-58s %12.4g  (%.4g to %.4g) %s\n", text, figure[runs / 2], figure[0], figure[runs - 1], row->unit);
    fflush(stdout);
}

/* The name of a row, measured over a family. */
static const char *name_of(const struct row *row, enum baro_family family)
{
    static char name[40];

    snprintf(name, sizeof name, "%s%s", row->name, family == BARO_FAMILY_IPV6 ? "-ipv6" : "");
    return name;
}

static const enum baro_family families[] = { BARO_FAMILY_IPV4, BARO_FAMILY_IPV6 };

static int families_of(const struct row *row)
{
    return row->both ? 1 : 2;
}

static int help(void)
{
    printf("usage: baro bench [--list] [--runs N] [NAME ...]\n"
           "       baro bench tcp ...   TCP over paths that lose and reorder; `baro bench tcp --help` tells more\n\n"
           "Measures two stacks in one thread, frames passed in memory, program data copied in and out; the\n"
           "thread's processor time. Prints the median of N runs (default 3) with minimum and maximum. Each row is\n"
           "there for IPv4 and, with -ipv6 behind its name, for IPv6; the rows `families` measure both in turns.\n");
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

        for (size_t j = 0; j < ROWS; j++) {
            for (int k = 0; k < families_of(&rows[j]); k++)
                known = known || strcmp(names[i], name_of(&rows[j], families[k])) == 0;
        }
        if (!known)
            return tool_usage("bench", "no benchmark '%s'; --list names them", names[i]);
    }
    return TOOL_OK;
}

static int list(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (int k = 0; k < families_of(&rows[i]); k++)
            printf("%-23s %s%s\n", name_of(&rows[i], families[k]), rows[i].text, k == 0 ? "" : ", IPv6");
    }
    return TOOL_OK;
}

int tool_bench(int argc, char **argv)
{
    int runs = 3, at = 1;

    if (argc > 1 && strcmp(argv[1], "tcp") == 0)
        return tool_bench_tcp(argc - 1, argv + 1);
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--help") == 0)
            return help();
        if (strcmp(argv[at], "--list") == 0)
            return list();
        if (strcmp(argv[at], "--runs") != 0)
            return tool_usage("bench", "no option '%s'; --help tells more", argv[at]);
        if (++at == argc || (runs = atoi(argv[at])) < 1 || runs > RUNS_LIMIT)
            return tool_usage("bench", "--runs takes a number from 1 to %d", RUNS_LIMIT);
    }
    if (check_names(argc - at, argv + at) != TOOL_OK)
        return TOOL_USAGE;
    for (size_t i = 0; i < ROWS; i++) {
        for (int k = 0; k < families_of(&rows[i]); k++) {
            if (!wanted(name_of(&rows[i], families[k]), argc - at, argv + at))
                continue;
            if ((k == 1 || rows[i].both) && !bench_has(BARO_FAMILY_IPV6))
                printf("%s: not measured, no IPv6 sockets\n", name_of(&rows[i], families[k]));
            else
                measure(&rows[i], families[k], runs);
        }
    }
    return TOOL_OK;
}
