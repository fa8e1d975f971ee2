/* bench/figures.h: what `baro bench tap` and `baro bench link` tell: figures of turns, one by one, as lines or as
 * JSON. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stdio.h>

struct bench_figures {
    FILE *to;
    bool json, any; /* any: something was told */
    int width;      /* of the text in a line */
};

void bench_figures_begin(struct bench_figures *figures, FILE *to, bool json, int width);
/* Median, minimum, maximum. `name`: for programs; `value` is sorted. */
void bench_figures_tell(struct bench_figures *figures, const char *name, const char *text, const char *unit,
                        double *value, int count);
/* The same of a ratio of two names, which has theirs with a / between. */
void bench_figures_ratio(struct bench_figures *figures, const char *above, const char *below, const char *text,
                         double *value, int count);
void bench_figures_missing(struct bench_figures *figures, const char *name, const char *reason);
void bench_figures_end(const struct bench_figures *figures);

#endif
