/* bench/results.c: runs of all rows, interleaved: a machine that becomes slower does so for everybody, so what stands
 * side by side was measured side by side. The first run of everything comes before the second of anything. */
#include "results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

volatile sig_atomic_t bench_signal;

void bench_name(char name[48], const struct bench_row *row, enum baro_family family)
{
    snprintf(name, 48, "%s%s", row->name, family == BARO_FAMILY_IPV6 ? "-ipv6" : "");
}

static void add(struct bench_results *results, const struct bench_row *row, enum baro_family family,
                const struct bench_other *other)
{
    bench_expect(results->count < BENCH_RESULTS, "room for a row");
    struct bench_result *result = &results->result[results->count++];

    *result = (struct bench_result){ .row = row, .family = family, .other = other };
    bench_name(result->name, row, family);
}

void bench_results_add(struct bench_results *results, const struct bench_row *row, enum baro_family family, bool others)
{
    add(results, row, family, NULL);
    for (const struct bench_other *other = bench_others; others && row->kind != NULL && other->name != NULL; other++)
        add(results, row, family, other);
}

static double wall_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A peer that takes long is not run again: the set-up of many connections takes some of them minutes. */
static bool takes_long(double begin)
{
    enum { LONG_S = 6 };

    return wall_seconds() - begin > LONG_S;
}

static void run_once(struct bench_result *result)
{
    double begin = wall_seconds();
    struct bench_case question = result->row->question;
    struct bench_answer answer = { 0 };

    question.family = result->family;
    if (result->reason[0] != '\0' || result->enough)
        return;
    if (result->other == NULL && (strncmp(result->name, "families", 8) == 0 || result->family == BARO_FAMILY_IPV6) &&
        !bench_has(BARO_FAMILY_IPV6))
        snprintf(result->reason, sizeof result->reason, "no IPv6 sockets");
    else if (result->other == NULL)
        result->row->run(&question, &answer);
    else if (!bench_other_run(result->other, result->row, &question, &answer, result->reason) &&
             result->reason[0] == '\0')
        snprintf(result->reason, sizeof result->reason, "no figure, no reason");
    double figure = bench_figure(result->row->unit, &answer);

    if (result->reason[0] == '\0' && !(isfinite(figure) && figure > 0))
        snprintf(result->reason, sizeof result->reason, "no figure: %g", figure); /* nothing that JSON or a ratio could hold */
    if (result->reason[0] == '\0')
        result->figure[result->runs++] = figure;
    result->enough = result->other != NULL && takes_long(begin);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void bench_results_run(struct bench_results *results, unsigned runs, void (*told)(const struct bench_result *result))
{
    for (unsigned run = 0; run < runs; run++) {
        for (unsigned i = 0; i < results->count && bench_signal == 0; i++) {
            if (told != NULL)
                told(&results->result[i]);
            run_once(&results->result[i]);
        }
    }
    for (unsigned i = 0; i < results->count; i++) {
        struct bench_result *result = &results->result[i];

        if (bench_signal != 0 && result->runs == 0 && result->reason[0] == '\0')
            snprintf(result->reason, sizeof result->reason, "interrupted");
        else if (bench_signal != 0 && result->runs != 0)
            result->reason[0] = '\0'; /* its next run was */
        qsort(result->figure, result->runs, sizeof result->figure[0], compare);
    }
}

bool bench_results_read_instructions(struct bench_results *results, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[160], name[48];
    bool any = false;
    double count;

    if (file == NULL)
        return false;
    errno = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%47s %lf", name, &count) != 2 || !isfinite(count))
            continue;
        any = true;
        for (unsigned i = 0; i < results->count; i++) {
            if (results->result[i].other == NULL && strcmp(results->result[i].name, name) == 0)
                results->result[i].instructions = count;
        }
    }
    fclose(file);
    return any;
}

double bench_median(const struct bench_result *result)
{
    return result->runs == 0 ? 0 : result->figure[result->runs / 2];
}

double bench_least(const struct bench_result *result)
{
    return result->runs == 0 ? 0 : result->figure[0];
}

double bench_most(const struct bench_result *result)
{
    return result->runs == 0 ? 0 : result->figure[result->runs - 1];
}

const char *bench_by(const struct bench_result *result)
{
    return result->other == NULL ? "baro" : result->other->name;
}

double bench_ratio(const struct bench_result *ours, const struct bench_result *result)
{
    bool less_is_better = ours->row->unit == BENCH_NS || ours->row->unit == BENCH_BYTES;
    double mine = bench_median(ours), other = bench_median(result);

    if (mine <= 0 || other <= 0)
        return 0;
    return less_is_better ? other / mine : mine / other;
}

const struct bench_result *bench_find(const struct bench_results *results, const char *name)
{
    for (unsigned i = 0; i < results->count; i++) {
        if (results->result[i].other == NULL && strcmp(results->result[i].name, name) == 0)
            return &results->result[i];
    }
    return NULL;
}
