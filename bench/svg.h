/* bench/svg.h: plots as SVG: panels with a frame, marks and lines, logarithmic where that tells more. */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stdbool.h>
#include <stdio.h>

/* One axis: from `least` to `most`. */
struct svg_axis {
    double least, most;
    bool logarithmic;
};

struct svg_panel {
    int x, y, width, height;
    struct svg_axis across, up;
};

/* A point with its confidence, or minimum and maximum. */
struct svg_point {
    double x, y, low, high;
};

void svg_begin(FILE *to, int width, int height, const char *title, int title_x);
void svg_end(FILE *to);
/* The panel's frame and its title. */
void svg_frame(FILE *to, const struct svg_panel *panel, const char *title);
/* A line across at `value` with its text at the left; a text below at `value`. */
void svg_mark_up(FILE *to, const struct svg_panel *panel, double value, const char *text);
void svg_mark_across(FILE *to, const struct svg_panel *panel, double value, const char *text);
void svg_line(FILE *to, const struct svg_panel *panel, const struct svg_point *points, unsigned count,
              const char *colour);
/* What a colour means. */
void svg_legend(FILE *to, int x, int y, const char *colour, const char *text);

/* Colours of lines that stand beside each other. */
enum { SVG_COLOURS = 8 };
extern const char *const svg_colours[SVG_COLOURS];

#endif
