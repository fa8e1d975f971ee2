/* bench/figures.c: see figures.h. */
#include "figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bench_figures_begin(struct bench_figures *figures, FILE *to, bool json, int width)
{
    *figures = (struct bench_figures){ .to = to, .json = json, .width = width };
    if (json)
        fputs("[", to);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The next object, up to its name. */
static void begin_object(struct bench_figures *figures, const char *name, const char *than)
{
    fprintf(figures->to, "%s\n  {\"name\": \"%s%s%s\"", figures->any ? "," : "", name, than != NULL ? "/" : "",
            than != NULL ? than : "");
    figures->any = true;
}

static void tell(struct bench_figures *figures, const char *name, const char *than, const char *text, const char *unit,
                 double *value, int count)
{
    qsort(value, (size_t)count, sizeof *value, compare);
    if (!figures->json) {
        fprintf(figures->to, "%-*s %10.4g  (%.4g to %.4g) %s\n", figures->width, text, value[count / 2], value[0],
                value[count - 1], unit);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!isfinite(value[i])) { /* of nothing: JSON has no word for it */
            begin_object(figures, name, than);
            fprintf(figures->to, ", \"unit\": \"%s\", \"not_measured\": \"no figure\"}", unit);
            return;
        }
    }
    begin_object(figures, name, than);
    fprintf(figures->to,
            ", \"text\": \"%s\", \"unit\": \"%s\", \"median\": %.6g, \"least\": %.6g, \"most\": %.6g, \"runs\": [",
            text + strspn(text, " "), unit, value[count / 2], value[0], value[count - 1]);
    for (int i = 0; i < count; i++)
        fprintf(figures->to, "%s%.6g", i == 0 ? "" : ", ", value[i]);
    fputs("]}", figures->to);
}

void bench_figures_tell(struct bench_figures *figures, const char *name, const char *text, const char *unit,
                        double *value, int count)
{
    tell(figures, name, NULL, text, unit, value, count);
}

void bench_figures_ratio(struct bench_figures *figures, const char *above, const char *below, const char *text,
                         double *value, int count)
{
    tell(figures, above, below, text, "%", value, count);
}

void bench_figures_missing(struct bench_figures *figures, const char *name, const char *reason)
{
    if (!figures->json) {
        fprintf(figures->to, "%s: not measured: %s\n", name, reason);
        return;
    }
    begin_object(figures, name, NULL);
    fputs(", \"not_measured\": \"", figures->to);
    for (const char *at = reason; *at != '\0'; at++)
        fputc(*at == '"' || *at == '\\' || *at < ' ' ? '\'' : *at, figures->to);
    fputs("\"}", figures->to);
}

void bench_figures_end(const struct bench_figures *figures)
{
    if (figures->json)
        fprintf(figures->to, "%s]\n", figures->any ? "\n" : "");
}
