/* bench/svg.c: plots as SVG, the little of it that panels with lines need. */
#include "svg.h"

#include <math.h>

const char *const svg_colours[SVG_COLOURS] = { "#1f6fb4", "#d9822b", "#3a9a5c", "#8a4fb0", "#b0413e", "#6b6b6b",
                                               "#2aa5a5", "#b59a1f" };

/* Where a value stands on an axis: 0 to 1. */
static double place(const struct svg_axis *axis, double value)
{
    if (value <= axis->least)
        return 0;
    if (value >= axis->most)
        return 1;
    if (axis->logarithmic)
        return log(value / axis->least) / log(axis->most / axis->least);
    return (value - axis->least) / (axis->most - axis->least);
}

static double x_of(const struct svg_panel *panel, double value)
{
    return panel->x + panel->width * place(&panel->across, value);
}

static double y_of(const struct svg_panel *panel, double value)
{
    return panel->y + panel->height * (1 - place(&panel->up, value));
}

void svg_begin(FILE *to, int width, int height, const char *title, int title_x)
{
    fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                "<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>\n",
            width, height, title_x, title);
}

void svg_end(FILE *to)
{
    fputs("</svg>\n", to);
}

void svg_frame(FILE *to, const struct svg_panel *panel, const char *title)
{
    fprintf(to, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", panel->x, panel->y - 8, title);
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n", panel->x,
            panel->y, panel->width, panel->height);
}

void svg_mark_up(FILE *to, const struct svg_panel *panel, double value, const char *text)
{
    double y = y_of(panel, value);

    fprintf(to, "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            panel->x, y, panel->width, panel->x - 5, y + 4, text);
}

void svg_mark_across(FILE *to, const struct svg_panel *panel, double value, const char *text)
{
    fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of(panel, value),
            panel->y + panel->height + 15, text);
}

void svg_line(FILE *to, const struct svg_panel *panel, const struct svg_point *points, unsigned count,
              const char *colour)
{
    fprintf(to, "<g stroke=\"%s\" fill=\"none\" stroke-width=\"1.5\">\n<polyline points=\"", colour);
    for (unsigned i = 0; i < count; i++)
        fprintf(to, "%.1f,%.1f ", x_of(panel, points[i].x), y_of(panel, points[i].y));
    fputs("\"/>\n", to);
    for (unsigned i = 0; i < count; i++)
        fprintf(to, "<path d=\"M%.1f %.1fV%.1f\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n",
                x_of(panel, points[i].x), y_of(panel, points[i].high), y_of(panel, points[i].low),
                x_of(panel, points[i].x), y_of(panel, points[i].y), colour);
    fputs("</g>\n", to);
}

void svg_legend(FILE *to, int x, int y, const char *colour, const char *text)
{
    fprintf(to, "<path d=\"M%d %dh20\" stroke=\"%s\" stroke-width=\"3\"/><text x=\"%d\" y=\"%d\">%s</text>\n", x, y,
            colour, x + 26, y + 4, text);
}
