/* bench/plot.c: results as pictures. Rows are found by how their names begin: what follows is the value across. A
 * single point of IPv6 is no line, and left out. */
#include "results.h"

#include <stdlib.h>
#include <string.h>

#include "svg.h"

enum { LEFT = 70, TOP = 50, WIDE = 560, HIGH = 300, POINTS = 32 };

/* Value across of a result, or 0: it is not of this plot. */
static double across(const struct bench_result *result, const char *prefix)
{
    size_t length = strlen(prefix);
    char *end;
    double value;

    if (strncmp(result->row->name, prefix, length) != 0 || result->runs == 0)
        return 0;
    value = strtod(result->row->name + length, &end);
    return *end == '\0' ? value : 0;
}

static unsigned points_of(const struct bench_results *results, const char *prefix, enum baro_family family,
                          const struct bench_other *other, struct svg_point points[POINTS])
{
    unsigned count = 0;

    for (const struct bench_result *result = results->result; result < results->result + results->count; result++) {
        double x = across(result, prefix);

        if (x > 0 && result->family == family && result->other == other && count < POINTS)
            points[count++] = (struct svg_point){ x, bench_median(result), bench_least(result), bench_most(result) };
    }
    return count;
}

/* "4 Ki" and "1 M": sizes are powers of two, connections of ten. */
static void mark_text(char text[24], double value, bool binary)
{
    const double step = binary ? 1024 : 1000;

    if (value >= step * step)
        snprintf(text, 24, "%g %s", value / step / step, binary ? "Mi" : "M");
    else if (value >= step)
        snprintf(text, 24, "%g %s", value / step, binary ? "Ki" : "k");
    else
        snprintf(text, 24, "%g", value);
}

static void legend(FILE *to, unsigned nth, const char *name)
{
    svg_legend(to, LEFT + (int)(nth % 4) * 140, TOP + HIGH + 50 + (int)(nth / 4) * 18, svg_colours[nth], name);
}

/* What is drawn: the rows whose names begin so, and what that adds to a line's name. */
struct lines {
    const char *prefix, *suffix;
};

/* The lines of this stack and of its peers; `drawn` counts them, the last colour is left for the limit. */
static void draw_lines(FILE *to, const struct bench_results *results, const struct svg_panel *panel,
                       const struct lines *lines, enum baro_family family, unsigned *drawn)
{
    const struct bench_other *other = NULL;

    do {
        struct svg_point points[POINTS];
        unsigned count = points_of(results, lines->prefix, family, other, points);
        char name[64];

        if (count > (family == BARO_FAMILY_IPV6 ? 1 : 0) && *drawn < SVG_COLOURS - 1) {
            snprintf(name, sizeof name, "%s%s%s", other == NULL ? "baro" : other->name, lines->suffix,
                     family == BARO_FAMILY_IPV6 ? ", IPv6" : "");
            svg_line(to, panel, points, count, svg_colours[*drawn]);
            legend(to, *drawn, name);
            ++*drawn;
        }
        other = other == NULL ? bench_others : other + 1;
    } while (other->name != NULL);
}

static void draw(FILE *to, const struct bench_results *results, const struct lines *lines, unsigned kinds,
                 const char *title, const struct svg_panel *panel, bool binary, const struct bench_result *limit)
{
    struct svg_point points[2];
    unsigned drawn = 0;
    char text[24];

    svg_begin(to, LEFT + WIDE + 30, TOP + HIGH + 90, title, LEFT);
    svg_frame(to, panel, "");
    for (double value = panel->up.least; value <= panel->up.most * 1.001; value *= 10) {
        mark_text(text, value, false);
        svg_mark_up(to, panel, value, text);
    }
    for (double value = panel->across.least; value <= panel->across.most * 1.001; value *= binary ? 4 : 10) {
        mark_text(text, value, binary);
        svg_mark_across(to, panel, value, text);
    }
    for (unsigned i = 0; i < kinds; i++)
        draw_lines(to, results, panel, &lines[i], BARO_FAMILY_IPV4, &drawn);
    for (unsigned i = 0; i < kinds; i++)
        draw_lines(to, results, panel, &lines[i], BARO_FAMILY_IPV6, &drawn);
    if (limit != NULL && limit->runs != 0) {
        for (int i = 0; i < 2; i++)
            points[i] = (struct svg_point){ i == 0 ? panel->across.least : panel->across.most, bench_median(limit),
                                            bench_least(limit), bench_most(limit) };
        svg_line(to, panel, points, 2, svg_colours[drawn]);
        legend(to, drawn, "the machine's limit");
    }
    svg_end(to);
}

void bench_plot_sizes(FILE *to, const struct bench_results *results)
{
    static const struct lines lines[] = { { "size-", "" }, { "size-super-", ", super" } };
    const struct svg_panel panel = { LEFT, TOP, WIDE, HIGH, { 1, 1 << 20, true }, { 0.0001, 1000, true } };

    draw(to, results, lines, 2, "Gbit/s against octets a call of send, one core; MTU 1500, or super-segments",
         &panel, true, bench_find(results, "limit-1500"));
}

void bench_plot_segments(FILE *to, const struct bench_results *results)
{
    static const struct lines lines = { "segment-", "" };
    const struct svg_panel panel = { LEFT, TOP, WIDE, HIGH, { 10, 1e6, true }, { 10, 1e7, true } };

    draw(to, results, &lines, 1, "Nanoseconds a received segment of 64 octets, of one of so many connections", &panel,
         false, NULL);
}

void bench_plot_memory(FILE *to, const struct bench_results *results)
{
    static const struct lines lines = { "idle-", "" };
    const struct svg_panel panel = { LEFT, TOP, WIDE, HIGH, { 100, 1e7, true }, { 10, 1e5, true } };

    draw(to, results, &lines, 1, "Bytes an idle connection of so many, one end", &panel, false, NULL);
}
