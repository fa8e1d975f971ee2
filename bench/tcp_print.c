/* bench/tcp_print.c: the tables that `baro bench tcp` prints, and one line a run for other programs.
 *
 * A line of a table is a path, its columns are the senders that went through it. Where one run of a row failed the line
 * says so and counts the others. */
#include "tcp.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>

const char *tcp_sender_name(const struct tcp_run *run)
{
    static const char *const names[TCP_WAY_COUNT][BARO_CONGESTION_COUNT] = {
        [TCP_VIRTUAL] = { "cubic", "reno" },
        [TCP_REAL] = { "cubic, real time", "reno, real time" },
        [TCP_KERNEL] = { "Linux cubic", "Linux reno" },
        [TCP_KERNEL_PACED] = { "Linux cubic, paced", "Linux reno, paced" },
        [TCP_KERNEL_TO_OURS] = { "Linux cubic to ours", "Linux reno to ours" },
        [TCP_OURS_TO_KERNEL] = { "cubic to Linux", "reno to Linux" },
    };

    return names[run->way][run->congestion];
}

const char *tcp_section_name(enum tcp_section section)
{
    static const char *const names[TCP_SECTION_COUNT] = { "loss", "queue", "fair" };

    return names[section];
}

const char *tcp_way_name(enum tcp_way way)
{
    static const char *const names[TCP_WAY_COUNT] = { "virtual",      "real",           "kernel",
                                                      "kernel-paced", "kernel-to-ours", "ours-to-kernel" };

    return names[way];
}

/* What the kernel has on. Its buffers are those of a new namespace: the defaults of the machine. */
static void print_setting(FILE *to, const char *name)
{
    char path[96], text[96] = "?";
    FILE *file;

    snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", name);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) == NULL)
            text[0] = '\0';
        fclose(file);
    }
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\n' ? '\0' : *at == '\t' ? ' ' : *at;
    fprintf(to, " %s=%s", name, text);
}

static void print_kernel(FILE *to)
{
    static const char *const settings[] = { "tcp_wmem", "tcp_rmem", "tcp_sack", "tcp_timestamps", "tcp_recovery",
                                            "tcp_early_retrans", "tcp_ecn", "tcp_frto" };
    struct utsname name;

    uname(&name);
    fprintf(to, "%s %s, defaults:", name.sysname, name.release);
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++)
        print_setting(to, settings[i]);
    fprintf(to, ",\n  minimum RTO 200 ms, no pacing unless it is said, no offloads through the TAP, in real time\n");
}

/* Another number of runs than the rest, measured before. */
static void print_read(FILE *to, const struct tcp_table *table, enum tcp_way way)
{
    for (unsigned i = 0; table->read[way] && i < table->rows; i++) {
        if (table->row[i].run.way == way) {
            fprintf(to, "%s: measured before, %u runs of %g s\n", tcp_way_name(way), table->row[i].seeds,
                    table->row[i].run.seconds);
            return;
        }
    }
}

void tcp_print_head(FILE *to, const struct tcp_table *table)
{
    const struct baro_wire_config *wire = &table->row[0].run.wire;

    bool kernel = false;

    for (unsigned way = TCP_KERNEL; way < TCP_WAY_COUNT; way++)
        kernel = kernel || (table->way[way] && !table->read[way]);
    fprintf(to, "TCP over %g Mbit/s, %g ms there and back, a queue of %" PRIu64 " octets, MTU 1500\n",
            (double)wire->rate / 1e6, (double)wire->delay.ns * 2 / 1e6, wire->queue_bytes);
    fprintf(to, "losses and reordering are drawn in both directions, acknowledgments are lost, too; means of %u seeds"
                " with 95 %% confidence\n",
            table->seeds);
    for (unsigned way = 0; way < TCP_WAY_COUNT; way++)
        print_read(to, table, (enum tcp_way)way);
    if (table->buffer != 0)
        fprintf(to, "ours: socket buffers of %d octets", table->buffer);
    else
        fprintf(to, "ours: socket buffers as the stack grows them");
    fprintf(to, ", SACK, timestamps, RACK-TLP, ECN, pacing, minimum RTO 200 ms, delayed ACKs\n");
    if (kernel)
        print_kernel(to);
}

/* The rows of a section are grouped by path: the next row of the same path as `first`, or NULL. */
static const struct tcp_row *same_path(const struct tcp_table *table, const struct tcp_row *first, unsigned nth)
{
    for (const struct tcp_row *row = first; row < table->row + table->rows; row++) {
        if (row->section == first->section && strcmp(row->name, first->name) == 0 && nth-- == 0)
            return row;
    }
    return NULL;
}

static bool first_of_path(const struct tcp_table *table, const struct tcp_row *row)
{
    for (const struct tcp_row *other = table->row; other < row; other++) {
        if (other->section == row->section && strcmp(other->name, row->name) == 0)
            return false;
    }
    return true;
}

/* Runs without figures, and those in real time whose figures are this machine's as much as the senders'. */
static void print_failures(FILE *to, const struct tcp_row *row)
{
    for (unsigned i = 0; i < row->seeds; i++) {
        const struct tcp_figures *figures = &row->figures[i];

        if (figures->error[0] != '\0')
            fprintf(to, "    %s, seed %u: %s\n", tcp_sender_name(&row->run), i + 1, figures->error);
        else if (figures->refused != 0 || figures->lag_seconds > row->run.seconds / 100)
            fprintf(to,
                    "    %s, seed %u, disturbed: the wire stood still for %.2f s, %" PRIu64
                    " frames not taken by a TAP\n",
                    tcp_sender_name(&row->run), i + 1, figures->lag_seconds, figures->refused);
    }
}

#define MEAN(row, figure) tcp_mean_of((row)->figures, (row)->seeds, offsetof(struct tcp_figures, figure))
#define SUM(row, counter) tcp_sum_of((row)->figures, (row)->seeds, offsetof(struct tcp_figures, counter))

static void print_loss_cell(FILE *to, const struct tcp_row *row)
{
    struct tcp_mean mean = MEAN(row, goodput_mbit);
    double resent = SUM(row, frames) == 0 ? 0 : 100.0 * (double)SUM(row, retransmits) / (double)SUM(row, frames);

    fprintf(to, " %8.2f +- %-5.2f %5.1f %%%6.1f", mean.mean, mean.half, resent,
            mean.count == 0 ? 0 : (double)SUM(row, timeouts) / mean.count);
}

/* Our mean, in per cent of the kernel's; the kernel that does not pace if there are both. Virtual time if we have
 * it. */
static void print_ratio(FILE *to, const struct tcp_table *table, const struct tcp_row *first)
{
    double ours = 0, kernel = 0;
    const struct tcp_row *row;

    for (unsigned i = 0; (row = same_path(table, first, i)) != NULL; i++) {
        double mean = MEAN(row, goodput_mbit).mean;

        if (row->run.congestion == first->run.congestion && ours == 0 && row->run.way <= TCP_REAL)
            ours = mean;
        if (row->run.congestion == first->run.congestion && kernel == 0 &&
            (row->run.way == TCP_KERNEL || row->run.way == TCP_KERNEL_PACED))
            kernel = mean;
    }
    if (ours > 0 && kernel > 0)
        fprintf(to, " %5.0f %%", 100 * ours / kernel);
}

static void print_loss(FILE *to, const struct tcp_table *table, const struct tcp_row *first)
{
    const struct tcp_row *row;

    fprintf(to, "%-33s", first->name);
    for (unsigned i = 0; (row = same_path(table, first, i)) != NULL; i++)
        print_loss_cell(to, row);
    print_ratio(to, table, first);
    fputc('\n', to);
}

static void print_queue(FILE *to, const struct tcp_row *row)
{
    struct tcp_mean goodput = MEAN(row, goodput_mbit), queue = MEAN(row, queue_octets), used = MEAN(row, utilisation);
    unsigned count = goodput.count == 0 ? 1 : goodput.count;

    fprintf(to, "%-30s %-18s %8.2f  %6.1f %% +- %-4.1f %6.1f %% +- %-4.1f %8.1f %8.1f %8.1f %6.1f\n", row->name,
            tcp_sender_name(&row->run), goodput.mean, 100 * queue.mean / (double)row->run.wire.queue_bytes,
            100 * queue.half / (double)row->run.wire.queue_bytes, 100 * used.mean, 100 * used.half,
            (double)SUM(row, marked) / count, (double)SUM(row, dropped) / count, (double)SUM(row, dropped_late) / count,
            (double)SUM(row, timeouts) / count);
}

static void print_fair(FILE *to, const struct tcp_row *row)
{
    struct tcp_mean fair = MEAN(row, jain), goodput = MEAN(row, goodput_mbit), used = MEAN(row, utilisation);

    fprintf(to, "%-30s %-18s %8.2f  %6.3f +- %-5.3f %6.3f %10.1f %% %6.1f\n", row->name, tcp_sender_name(&row->run),
            goodput.mean, fair.mean, fair.half, fair.least, 100 * used.mean,
            fair.count == 0 ? 0 : (double)SUM(row, timeouts) / fair.count);
}

/* Above the goodput: the senders of the path that has most of them. */
static void print_senders(FILE *to, const struct tcp_table *table, const struct tcp_row *first)
{
    const struct tcp_row *most = first, *row;
    unsigned senders = 0;

    fprintf(to, "\ngoodput over %g s, Mbit/s; of the segments sent, how many again; timeouts a run\n%-33s",
            first->run.seconds, "");
    for (row = first; row < table->row + table->rows && row->section == first->section; row++) {
        while (same_path(table, row, senders) != NULL) {
            most = row;
            senders++;
        }
    }
    for (unsigned i = 0; (row = same_path(table, most, i)) != NULL; i++)
        fprintf(to, "  %-30s", tcp_sender_name(&row->run));
    fputc('\n', to);
}

static void print_title(FILE *to, const struct tcp_table *table, const struct tcp_row *first)
{
    if (first->section == TCP_SECTION_LOSS) {
        print_senders(to, table, first);
        return;
    }
    if (first->section == TCP_SECTION_QUEUE)
        fprintf(to, "\none flow and the queue, seconds %g to %g\n%-49s %8s  %16s %16s %8s %8s %8s %6s\n",
                first->run.from_seconds, first->run.seconds, "", "Mbit/s", "mean queue", "utilisation", "marks",
                "drops", "late", "RTOs");
    else
        fprintf(to, "\ntwo flows of a kind, seconds %g to %g: Jain's index\n%-49s %8s  %15s %6s %12s %6s\n",
                first->run.from_seconds, first->run.seconds, "", "Mbit/s", "mean", "least", "utilisation", "RTOs");
}

void tcp_print_table(FILE *to, const struct tcp_table *table)
{
    int section = -1;

    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        if ((int)row->section != section)
            print_title(to, table, row);
        section = (int)row->section;
        if (row->section == TCP_SECTION_LOSS && first_of_path(table, row))
            print_loss(to, table, row);
        if (row->section == TCP_SECTION_QUEUE)
            print_queue(to, row);
        if (row->section == TCP_SECTION_FAIR)
            print_fair(to, row);
        print_failures(to, row);
    }
}

void tcp_print_csv(FILE *to, const struct tcp_table *table)
{
    fputs(
        "section,way,congestion,seed,seconds,loss_ppm,burst_frames,reorder_ppm,ecn_packets,flows,apart_seconds,goodput_mbit,jain,queue_octets,"
        "utilisation,retransmits,timeouts,dropped,dropped_late,frames,lag_seconds,marked,error\n",
        to);
    for (const struct tcp_row *row = table->row; row < table->row + table->rows; row++) {
        for (unsigned i = 0; i < row->seeds; i++) {
            const struct tcp_figures *f = &row->figures[i];
            const struct tcp_run *run = &row->run;

            fprintf(to, "%s,%s,%s,%u,%g,%u,%u,%u,%u,%u,%g,%.4f,%.4f,%.0f,%.4f,", tcp_section_name(row->section),
                    tcp_way_name(run->way), baro_congestion_name(run->congestion), i + 1, run->seconds,
                    run->wire.loss_ppm, run->wire.burst_frames, run->wire.reorder_ppm, run->wire.ecn_packets,
                    run->flows, run->apart_seconds, f->goodput_mbit, f->jain, f->queue_octets, f->utilisation);
            fprintf(to, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.4f,%" PRIu64 ",\"%s\"\n",
                    f->retransmits, f->timeouts, f->dropped, f->dropped_late, f->frames, f->lag_seconds, f->marked,
                    f->error);
        }
    }
}
