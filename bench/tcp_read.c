/* bench/tcp_read.c: figures of earlier runs, as tcp_print_csv() wrote them. What was measured in real time takes an
 * hour; so it is measured once and stands beside each later table. */
#include "tcp.h"

#include <inttypes.h>
#include <string.h>

struct line {
    char section[16], way[16], congestion[16];
    unsigned seed, loss_ppm, burst_frames, reorder_ppm, ecn_packets, flows;
    double seconds, apart_seconds;
    struct tcp_figures figures;
};

static bool read_line(FILE *from, struct line *line)
{
    struct tcp_figures *f = &line->figures;
    char text[512];
    int end = 0;

    if (fgets(text, sizeof text, from) == NULL)
        return false;
    memset(line, 0, sizeof *line);
    int fields = sscanf(text,
                        "%15[^,],%15[^,],%15[^,],%u,%lf,%u,%u,%u,%u,%u,%lf,%lf,%lf,%lf,%lf,%" SCNu64 ",%" SCNu64
                        ",%" SCNu64 ",%" SCNu64 ",%" SCNu64 ",%lf,%" SCNu64 ",%n",
                        line->section, line->way, line->congestion, &line->seed, &line->seconds, &line->loss_ppm,
                        &line->burst_frames, &line->reorder_ppm, &line->ecn_packets, &line->flows, &line->apart_seconds,
                        &f->goodput_mbit, &f->jain, &f->queue_octets, &f->utilisation, &f->retransmits, &f->timeouts,
                        &f->dropped, &f->dropped_late, &f->frames, &f->lag_seconds, &f->marked, &end);

    if (fields != 22)
        line->section[0] = '\0'; /* the line of names, or none of ours */
    else if (sscanf(text + end, "\"%95[^\"\n]", f->error) < 1)
        f->error[0] = '\0';
    return true;
}

bool tcp_read_ways(FILE *from, struct tcp_table *table)
{
    struct line line;
    bool any = false;

    rewind(from);
    while (read_line(from, &line)) {
        for (unsigned way = 0; way < TCP_WAY_COUNT; way++) {
            if (strcmp(line.way, tcp_way_name((enum tcp_way)way)) == 0)
                any = table->way[way] = table->read[way] = true;
        }
    }
    return any;
}

static bool is_of(const struct line *line, const struct tcp_row *row)
{
    const struct tcp_run *run = &row->run;

    return strcmp(line->section, tcp_section_name(row->section)) == 0 &&
           strcmp(line->way, tcp_way_name(run->way)) == 0 &&
           strcmp(line->congestion, baro_congestion_name(run->congestion)) == 0 &&
           line->loss_ppm == run->wire.loss_ppm && line->burst_frames == run->wire.burst_frames &&
           line->reorder_ppm == run->wire.reorder_ppm && line->ecn_packets == run->wire.ecn_packets &&
           line->flows == run->flows && line->apart_seconds == run->apart_seconds;
}

void tcp_read_figures(FILE *from, struct tcp_row *row)
{
    struct line line;

    rewind(from);
    row->seeds = 0;
    while (read_line(from, &line)) {
        if (row->seeds < TCP_SEED_LIMIT && is_of(&line, row)) {
            row->figures[row->seeds++] = line.figures;
            row->run.seconds = line.seconds;
        }
    }
}
