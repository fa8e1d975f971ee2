/* bench/tcp_plot.c: goodput against loss, as a picture in characters and as an SVG.
 *
 * The scale is logarithmic from 0.1 Mbit/s on: a path that loses a tenth of its frames carries a hundredth of what it
 * could, and a difference there matters as much as one at the top. */
#include "tcp.h"

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
            fprintf(to, "\ngoodput, logarithmic from %g to %g Mbit/s; the last mark is the mean, dots are its confidence\n",
                    LEAST, (double)row->run.wire.rate / 1e6);
        struct tcp_mean mean = goodput(row);
        int at = (int)(place(mean.mean, row) * BAR + 0.5), far = (int)(place(mean.mean + mean.half, row) * BAR + 0.5);

        memset(bar, '=', (size_t)at);
        memset(bar + at, '.', (size_t)(far - at));
        bar[far] = '\0';
        fprintf(to, "%-33s %-18s |%s\n", strcmp(name, row->name) == 0 ? "" : row->name, tcp_sender_name(&row->run), bar);
        name = row->name;
    }
}

/* ---- SVG: four panels, losses one by one or in bursts, in order or not; a line for each sender ---- */

enum { LEFT = 60, TOP = 50, WIDE = 300, HIGH = 200, GAP_X = 40, GAP_Y = 60, SENDERS = 4 };

static const char *const colours[SENDERS] = { "#1f6fb4", "#d9822b", "#3a9a5c", "#8a4fb0" };
static const uint32_t losses[] = { 0, 1000, 10000, 30000, 100000 };
enum { LOSSES = sizeof losses / sizeof losses[0] };

struct panel {
    bool bursts, reordered;
    int x, y;
};

static bool belongs(const struct tcp_row *row, const struct panel *panel)
{
    const struct baro_wire_config *wire = &row->run.wire;

    return row->section == TCP_SECTION_LOSS && (wire->reorder_ppm != 0) == panel->reordered &&
           (wire->loss_ppm == 0 || (wire->burst_frames > 1) == panel->bursts);
}

static double x_of(const struct tcp_row *row, const struct panel *panel)
{
    unsigned i = 0;

    while (i + 1 < LOSSES && losses[i] < row->run.wire.loss_ppm)
        i++;
    return panel->x + 20 + (WIDE - 40) * (double)i / (LOSSES - 1);
}

static double y_of(double mbit, const struct tcp_row *row, const struct panel *panel)
{
    return panel->y + HIGH * (1 - place(mbit, row));
}

/* A sender's line and the confidence of each mean. */
static void draw_sender(FILE *to, const struct tcp_table *table, const struct panel *panel, const char *sender,
                        const char *colour)
{
    fprintf(to, "<g stroke=\"%s\" fill=\"none\" stroke-width=\"1.5\">\n<polyline points=\"", colour);
    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        if (belongs(row, panel) && strcmp(tcp_sender_name(&row->run), sender) == 0)
            fprintf(to, "%.1f,%.1f ", x_of(row, panel), y_of(goodput(row).mean, row, panel));
    }
    fputs("\"/>\n", to);
    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        if (!belongs(row, panel) || strcmp(tcp_sender_name(&row->run), sender) != 0)
            continue;
        struct tcp_mean mean = goodput(row);

        fprintf(to, "<path d=\"M%.1f %.1fV%.1f\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n",
                x_of(row, panel), y_of(mean.mean + mean.half, row, panel), y_of(mean.mean - mean.half, row, panel),
                x_of(row, panel), y_of(mean.mean, row, panel), colour);
    }
    fputs("</g>\n", to);
}

static void draw_frame(FILE *to, const struct panel *panel, const struct tcp_row *row)
{
    static const double marks[] = { 0.1, 1, 10, 100, 1000, 10000 };
    const double most = (double)row->run.wire.rate / 1e6;

    fprintf(to, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s%s</text>\n", panel->x, panel->y - 8,
            panel->bursts ? "losses in bursts" : "losses one by one", panel->reordered ? ", 5 % reordered" : "");
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n", panel->x,
            panel->y, WIDE, HIGH);
    for (unsigned i = 0; i < sizeof marks / sizeof marks[0] && marks[i] <= most; i++) {
        double y = y_of(marks[i], row, panel);

        fprintf(to, "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                panel->x, y, WIDE, panel->x - 5, y + 4, marks[i]);
    }
    for (unsigned i = 0; i < LOSSES; i++)
        fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g %%</text>\n",
                panel->x + 20 + (WIDE - 40) * (double)i / (LOSSES - 1), panel->y + HIGH + 15, losses[i] / 1e4);
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
    const int width = LEFT + 2 * WIDE + GAP_X + 20, height = TOP + 2 * HIGH + GAP_Y + 60;

    fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                "<text x=\"%d\" y=\"20\" font-size=\"14\">Goodput, Mbit/s, over %g Mbit/s and %g ms, against loss: means of "
                "%u seeds of %g s, 95 %% confidence</text>\n",
            width, height, LEFT, (double)table->row[0].run.wire.rate / 1e6,
            (double)table->row[0].run.wire.delay.ns * 2 / 1e6, table->seeds, table->seconds);
    for (unsigned i = 0; i < 4; i++) {
        const struct panel panel = { i & 1, i & 2, LEFT + (int)(i & 1) * (WIDE + GAP_X),
                                     TOP + (int)(i >> 1) * (HIGH + GAP_Y) };

        draw_frame(to, &panel, &table->row[0]);
        for (unsigned j = 0; j < senders; j++)
            draw_sender(to, table, &panel, sender[j], colours[j]);
    }
    for (unsigned j = 0; j < senders; j++)
        fprintf(to, "<path d=\"M%u %dh20\" stroke=\"%s\" stroke-width=\"3\"/><text x=\"%u\" y=\"%d\">%s</text>\n",
                LEFT + j * 160, height - 20, colours[j], LEFT + 26 + j * 160, height - 16, sender[j]);
    fputs("</svg>\n", to);
}
