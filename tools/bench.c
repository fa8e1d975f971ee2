/* tools/bench.c: `baro bench`: measures this stack on this machine and prints medians with their range. The rows are in
 * bench/rows.c. */
#include "tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/bench.h"

enum { RUNS_LIMIT = 99 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void run(const struct bench_row *row, enum baro_family family, struct bench_answer *answer)
{
    struct bench_case question = row->question;

    question.family = family;
    *answer = (struct bench_answer){ 0 };
    row->run(&question, answer);
}

static void measure(const struct bench_row *row, enum baro_family family, int runs)
{
    double figure[RUNS_LIMIT];
    struct bench_answer answer;
    char text[80];

    for (int i = 0; i < runs; i++) {
        run(row, family, &answer);
        figure[i] = bench_figure(row->unit, &answer);
    }
    qsort(figure, (size_t)runs, sizeof figure[0], compare);
    snprintf(text, sizeof text, "%s%s", row->text, family == BARO_FAMILY_IPV6 ? ", IPv6" : "");
    printf("%-58s %12.4g  (%.4g to %.4g) %s\n", text, figure[runs / 2], figure[0], figure[runs - 1],
           bench_unit_name(row->unit));
    fflush(stdout);
}

/* One short run in which callgrind counts; bench/instructions.sh divides by what is printed here. */
static void count(const struct bench_row *row, enum baro_family family, const char *name)
{
    struct bench_answer answer;

    if (row->counted == NULL)
        return;
    run(row, family, &answer);
    bench_row_end();
    printf("%s %.0f %s\n", name, answer.operations, row->counted);
    fflush(stdout);
}

/* The name of a row, measured over a family. */
static const char *name_of(const struct bench_row *row, enum baro_family family)
{
    static char name[40];

    snprintf(name, sizeof name, "%s%s", row->name, family == BARO_FAMILY_IPV6 ? "-ipv6" : "");
    return name;
}

static const enum baro_family families[] = { BARO_FAMILY_IPV4, BARO_FAMILY_IPV6 };

static int families_of(const struct bench_row *row)
{
    return row->both ? 1 : 2;
}

static int help(void)
{
    printf("usage: baro bench [--list] [--runs N] [--count] [NAME ...]\n"
           "       baro bench tcp ...   TCP over paths that lose and reorder; `baro bench tcp --help` tells more\n\n"
           "Measures two stacks in one thread, frames passed in memory, program data copied in and out; the\n"
           "thread's processor time. Prints the median of N runs (default 3) with minimum and maximum. Each row is\n"
           "there for IPv4 and, with -ipv6 behind its name, for IPv6; the rows `families` measure both in turns.\n\n"
           "  --count   one short run of each row, with a clock of its own: bench/instructions.sh counts its\n"
           "            instructions\n");
    return TOOL_OK;
}

static bool wanted(const char *name, int names, char **argv)
{
    for (int i = 0; i < names; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return names == 0;
}

static int check_names(int names, char **argv)
{
    for (int i = 0; i < names; i++) {
        bool known = false;

        for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
            for (int k = 0; k < families_of(row); k++)
                known = known || strcmp(argv[i], name_of(row, families[k])) == 0;
        }
        if (!known)
            return tool_usage("bench", "no benchmark '%s'; --list names them", argv[i]);
    }
    return TOOL_OK;
}

static int list(void)
{
    for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
        for (int k = 0; k < families_of(row); k++)
            printf("%-23s %s%s\n", name_of(row, families[k]), row->text, k == 0 ? "" : ", IPv6");
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
        if (strcmp(argv[at], "--count") == 0) {
            bench_count_only();
            continue;
        }
        if (strcmp(argv[at], "--runs") != 0)
            return tool_usage("bench", "no option '%s'; --help tells more", argv[at]);
        if (++at == argc || (runs = atoi(argv[at])) < 1 || runs > RUNS_LIMIT)
            return tool_usage("bench", "--runs takes a number from 1 to %d", RUNS_LIMIT);
    }
    if (check_names(argc - at, argv + at) != TOOL_OK)
        return TOOL_USAGE;
    for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
        for (int k = 0; k < families_of(row); k++) {
            const char *name = name_of(row, families[k]);

            if (!wanted(name, argc - at, argv + at))
                continue;
            if (bench_is_counted())
                count(row, families[k], name);
            else if ((k == 1 || row->both) && !bench_has(BARO_FAMILY_IPV6))
                printf("%s: not measured, no IPv6 sockets\n", name);
            else
                measure(row, families[k], runs);
        }
    }
    return TOOL_OK;
}
