/* bench/tcp_plot.c: goodput against loss, as a picture in characters and as an SVG.
 *
 * The scale is logarithmic from 0.1 Mbit/s on: a path that loses a tenth of its frames carries a hundredth of what it
 * could, and a difference there matters as much as one at the top. */
#include "tcp.h"

#include "svg.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { BAR = 60 };
#define LEAST 0.1

/* Where a goodput stands between LEAST (0) and the path's rate (1). */
static double place(double mbit, const struct tcp_row *row)
{
    double most = (double)row->run.wire.rate / 1e6;

    if (mbit <= LEAST)
        return 0;
    return mbit >= most ? 1 : log(mbit / LEAST) / log(most / LEAST);
}

static struct tcp_mean goodput(const struct tcp_row *row)
{
    return tcp_mean_of(row->figures, row->seeds, offsetof(struct tcp_figures, goodput_mbit));
}

void tcp_plot_text(FILE *to, const struct tcp_table *table)
{
    const char *name = "";
    char bar[BAR + 1];

    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        if (row->section != TCP_SECTION_LOSS)
            continue;
        if (*name == '\0')
            fprintf(to,
                    "\ngoodput, logarithmic from %g to %g Mbit/s; the last mark is the mean, dots are its confidence\n",
                    LEAST, (double)row->run.wire.rate / 1e6);
        struct tcp_mean mean = goodput(row);
        int at = (int)(place(mean.mean, row) * BAR + 0.5), far = (int)(place(mean.mean + mean.half, row) * BAR + 0.5);

        memset(bar, '=', (size_t)at);
        memset(bar + at, '.', (size_t)(far - at));
        bar[far] = '\0';
        fprintf(to, "%-33s %-18s |%s\n", strcmp(name, row->name) == 0 ? "" : row->name, tcp_sender_name(&row->run),
                bar);
        name = row->name;
    }
}

/* ---- SVG: four panels, losses one by one or in bursts, in order or not; a line for each sender ---- */

enum { LEFT = 60, TOP = 50, WIDE = 300, HIGH = 200, GAP_X = 40, GAP_Y = 60, SENDERS = 4 };

static const uint32_t losses[] = { 0, 1000, 10000, 30000, 100000 };
enum { LOSSES = sizeof losses / sizeof losses[0] };

static bool belongs(const struct tcp_row *row, bool bursts, bool reordered)
{
    const struct baro_wire_config *wire = &row->run.wire;

    return row->section == TCP_SECTION_LOSS && (wire->reorder_ppm != 0) == reordered &&
           (wire->loss_ppm == 0 || (wire->burst_frames > 1) == bursts);
}

/* Losses stand side by side at equal distances. */
static double loss_place(uint32_t loss_ppm)
{
    unsigned i = 0;

    while (i + 1 < LOSSES && losses[i] < loss_ppm)
        i++;
    return i;
}

/* A sender's means with the confidence of each. */
static unsigned points_of(const struct tcp_table *table, bool bursts, bool reordered, const char *sender,
                          struct svg_point points[LOSSES])
{
    unsigned count = 0;

    for (const struct tcp_row *row = table->row; row < table->row + table->rows && count < LOSSES; row++) {
        if (!belongs(row, bursts, reordered) || strcmp(tcp_sender_name(&row->run), sender) != 0)
            continue;
        struct tcp_mean mean = goodput(row);

        points[count++] = (struct svg_point){ loss_place(row->run.wire.loss_ppm), mean.mean, mean.mean - mean.half,
                                              mean.mean + mean.half };
    }
    return count;
}

static void draw_frame(FILE *to, const struct svg_panel *panel, bool bursts, bool reordered)
{
    static const double marks[] = { 0.1, 1, 10, 100, 1000, 10000 };
    char text[64];

    snprintf(text, sizeof text, "%s%s", bursts ? "losses in bursts" : "losses one by one",
             reordered ? ", 5 % reordered" : "");
    svg_frame(to, panel, text);
    for (unsigned i = 0; i < sizeof marks / sizeof marks[0] && marks[i] <= panel->up.most; i++) {
        snprintf(text, sizeof text, "%g", marks[i]);
        svg_mark_up(to, panel, marks[i], text);
    }
    for (unsigned i = 0; i < LOSSES; i++) {
        snprintf(text, sizeof text, "%g %%", losses[i] / 1e4);
        svg_mark_across(to, panel, i, text);
    }
}

/* The senders of a table, each once. */
static unsigned senders_of(const struct tcp_table *table, const char *sender[SENDERS])
{
    unsigned count = 0;

    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        unsigned i = 0;

        while (i < count && strcmp(sender[i], tcp_sender_name(&row->run)) != 0)
            i++;
        if (row->section == TCP_SECTION_LOSS && i == count && count < SENDERS)
            sender[count++] = tcp_sender_name(&row->run);
    }
    return count;
}

void tcp_plot_svg(FILE *to, const struct tcp_table *table)
{
    const char *sender[SENDERS];
    unsigned senders = senders_of(table, sender);
    const int height = TOP + 2 * HIGH + GAP_Y + 60;
    const double rate = (double)table->row[0].run.wire.rate / 1e6;
    struct svg_point points[LOSSES];
    char title[160];

    snprintf(title, sizeof title, "Goodput, Mbit/s, over %g Mbit/s and %g ms, against loss: means of %u seeds of %g s, "
                                  "95 %% confidence",
             rate, (double)table->row[0].run.wire.delay.ns * 2 / 1e6, table->seeds, table->seconds);
    svg_begin(to, LEFT + 2 * WIDE + GAP_X + 20, height, title, LEFT);
    for (int i = 0; i < 4; i++) {
        const bool bursts = i & 1, reordered = i & 2;
        const struct svg_panel panel = { LEFT + (i & 1) * (WIDE + GAP_X), TOP + (i >> 1) * (HIGH + GAP_Y), WIDE, HIGH,
                                         { -0.3, LOSSES - 0.7, false }, { LEAST, rate, true } };

        draw_frame(to, &panel, bursts, reordered);
        for (unsigned j = 0; j < senders; j++)
            svg_line(to, &panel, points, points_of(table, bursts, reordered, sender[j], points), svg_colours[j]);
    }
    for (unsigned j = 0; j < senders; j++)
        svg_legend(to, LEFT + (int)j * 160, height - 20, svg_colours[j], sender[j]);
    svg_end(to);
}
