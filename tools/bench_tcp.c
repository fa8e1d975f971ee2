/* tools/bench_tcp.c: `baro bench tcp`: TCP over paths that lose and reorder, in virtual time.
 *
 * The rows are made here: every path with every sender. All runs go to a few processes at once (bench/tcp_jobs.c); the
 * figures depend on the seeds alone, not on the machine or on how many processes there are. */
#include "tools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/tcp.h"

#define RATE UINT64_C(100000000)
#define ONE_WAY_NS 20000000
#define QUEUE_OCTETS 500000 /* the rate times the round trip */
static const uint32_t losses[] = { 0, 1000, 10000, 30000, 100000 };
enum {
    LOSSES = sizeof losses / sizeof losses[0],
    BURST = 4,
    REORDER_PPM = 50000,
    MARKS_FROM = 100,
    FAIR_FROM = 20,
    FAIR_TO = 80
};

struct bench_options {
    unsigned seeds, jobs;
    double seconds;
    bool way[TCP_WAY_COUNT], congestion[BARO_CONGESTION_COUNT];
    bool section[TCP_SECTION_COUNT], loss[LOSSES];
    const char *csv, *svg;
    FILE *read;
};

static int help(void)
{
    printf(
        "usage: baro bench tcp [--seeds N] [--seconds S] [--jobs N] [--csv FILE] [--svg FILE] [--read FILE]\n"
        "                      [--kernel] [--ways LIST] [--congestion LIST] [loss] [queue] [fair]\n\n"
        "TCP between two hosts of ours over 100 Mbit/s, 40 ms there and back, and a queue of rate times round trip, in\n"
        "virtual time: the same seeds give the same figures on every machine.\n\n"
        "  loss         goodput against loss of 0, 0.1, 1, 3 and 10 %%, one by one and in bursts of four frames in the\n"
        "               mean, in order and with 5 %% of the frames overtaken, of CUBIC and NewReno\n"
        "  queue        one flow: the mean of the queue that it makes, and how much of the rate it uses; again with\n"
        "               a path that marks instead of dropping (ECN) while a hundred frames or more wait\n"
        "  fair         two flows of a kind, the second up to two seconds later: Jain's index, seconds 20 to 80\n\n"
        "  --seeds N    runs of each row, seeds 1 to N, up to %d (default 3)\n"
        "  --seconds S  of a run of loss and queue, 1 to 600 (default 10). --seeds 20 --seconds 60 is the full table\n"
        "  --jobs N     processes at once (default: one a processor)\n"
        "  --kernel     CUBIC, and beside it this machine's kernel through the same wire in real time, from TAP to TAP\n"
        "               in namespaces that the command makes itself: --congestion cubic --ways virtual,real,kernel\n"
        "  --ways LIST  of virtual (the default), real (ours in real time), kernel, kernel-paced (as with fq),\n"
        "               kernel-to-ours and ours-to-kernel, commas between; all but the first need a rather idle machine\n"
        "  --loss LIST  of 0, 0.1, 1, 3 and 10 (default all)\n"
        "  --congestion LIST  of cubic and reno (default both)\n"
        "  --csv FILE   one line a run\n"
        "  --read FILE  senders that are in this file of --csv are told from it and not run again\n"
        "  --svg FILE   the goodput as a picture\n",
        TCP_SEED_LIMIT);
    return TOOL_OK;
}

/* ---- rows ---- */

/* The `nth` sender of the table for a path, or NULL: there are no more. */
static struct tcp_row *add_row(struct tcp_table *table, enum tcp_section section, unsigned nth)
{
    unsigned way = 0;

    for (; way < TCP_WAY_COUNT * BARO_CONGESTION_COUNT; way++) {
        if (table->way[way / BARO_CONGESTION_COUNT] && table->congestion[way % BARO_CONGESTION_COUNT] && nth-- == 0)
            break;
    }
    if (way == TCP_WAY_COUNT * BARO_CONGESTION_COUNT || table->rows == TCP_ROW_LIMIT)
        return NULL;
    struct tcp_row *row = &table->row[table->rows++];

    *row = (struct tcp_row){ .section = section, .seeds = table->seeds };
    row->run = (struct tcp_run){ .way = (enum tcp_way)(way / BARO_CONGESTION_COUNT),
                                 .congestion = (enum baro_congestion)(way % BARO_CONGESTION_COUNT),
                                 .flows = 1,
                                 .seconds = table->seconds,
                                 .from_seconds = table->seconds / 5,
                                 .buffer = table->buffer };
    row->run.wire = (struct baro_wire_config){ .rate = RATE,
                                               .delay = { ONE_WAY_NS },
                                               .queue_bytes = QUEUE_OCTETS,
                                               .no_large = true };
    return row;
}

static void add_loss_rows(struct tcp_table *table, uint32_t loss_ppm, bool bursts, bool reordered)
{
    struct tcp_row *row;

    for (unsigned i = 0; (row = add_row(table, TCP_SECTION_LOSS, i)) != NULL; i++) {
        row->run.wire.loss_ppm = loss_ppm;
        row->run.wire.burst_frames = bursts ? BURST : 0;
        row->run.wire.reorder_ppm = reordered ? REORDER_PPM : 0;
        snprintf(row->name, sizeof row->name, "loss %g %%%s%s", loss_ppm / 1e4, bursts ? ", bursts" : "",
                 reordered ? ", 5 % reordered" : "");
    }
}

static void add_fair_rows(struct tcp_table *table, bool later)
{
    struct tcp_row *row;

    for (unsigned i = 0; (row = add_row(table, TCP_SECTION_FAIR, i)) != NULL; i++) {
        row->run.flows = 2;
        row->run.apart_seconds = later ? 2 : 0.1;
        row->run.from_seconds = FAIR_FROM;
        row->run.seconds = FAIR_TO;
        snprintf(row->name, sizeof row->name, "two flows, up to %g s apart", row->run.apart_seconds);
    }
}

static void make_rows(struct tcp_table *table, const struct bench_options *options)
{
    for (unsigned kind = 0; kind < 4 && options->section[TCP_SECTION_LOSS]; kind++) {
        for (unsigned i = 0; i < LOSSES; i++) {
            if (options->loss[i] && (losses[i] != 0 || (kind & 1) == 0)) /* no loss, no bursts */
                add_loss_rows(table, losses[i], kind & 1, kind & 2);
        }
    }
    struct tcp_row *row;

    for (unsigned i = 0; options->section[TCP_SECTION_QUEUE] && (row = add_row(table, TCP_SECTION_QUEUE, i)) != NULL;
         i++)
        snprintf(row->name, sizeof row->name, "one flow");
    for (unsigned i = 0; options->section[TCP_SECTION_QUEUE] && (row = add_row(table, TCP_SECTION_QUEUE, i)) != NULL;
         i++) {
        row->run.wire.ecn_packets = MARKS_FROM;
        snprintf(row->name, sizeof row->name, "one flow, marks from %d frames", MARKS_FROM);
    }
    for (unsigned later = 0; later < 2 && options->section[TCP_SECTION_FAIR]; later++)
        add_fair_rows(table, later != 0);
}

/* ---- running ---- */

static void tell(void *context, unsigned done)
{
    const unsigned *count = context;

    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%u of %u runs%s", done, *count, done == *count ? "\r                    \r" : "");
}

/* Is a row to be run in this phase? Virtual time comes first, then what must not be disturbed. */
static bool is_of_phase(const struct tcp_table *table, const struct tcp_row *row, bool real)
{
    return !table->read[row->run.way] && (row->run.way != TCP_VIRTUAL) == real;
}

static void run_phase(struct tcp_table *table, bool real, struct tcp_run *runs, struct tcp_figures *figures)
{
    unsigned count = 0;

    for (unsigned i = 0; i < table->rows * table->seeds; i++) {
        const struct tcp_row *row = &table->row[i / table->seeds];

        if (!is_of_phase(table, row, real))
            continue;
        runs[count] = row->run;
        runs[count++].seed = 1 + i % table->seeds;
    }
    tcp_jobs(runs, figures, count, table->jobs, tell, &count);
    for (unsigned i = 0, at = 0; i < table->rows; i++) {
        if (!is_of_phase(table, &table->row[i], real))
            continue;
        memcpy(table->row[i].figures, &figures[at], table->seeds * sizeof *figures);
        at += table->seeds;
    }
}

/* Figures of the ways that were measured before; rows that nobody measured go. */
static void read_all(struct tcp_table *table, FILE *from)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < table->rows; i++) {
        if (table->read[table->row[i].run.way])
            tcp_read_figures(from, &table->row[i]);
        if (table->row[i].seeds != 0)
            table->row[kept++] = table->row[i];
    }
    table->rows = kept;
}

static bool run_all(struct tcp_table *table, FILE *from)
{
    unsigned count = table->rows * table->seeds;
    struct tcp_run *runs = calloc(count, sizeof *runs);
    struct tcp_figures *answers = calloc(count, sizeof *answers);
    bool memory = runs != NULL && answers != NULL;

    for (unsigned i = 0; i < table->rows; i++) {
        table->row[i].figures = calloc(TCP_SEED_LIMIT, sizeof *answers);
        memory = memory && table->row[i].figures != NULL;
    }
    if (memory) {
        run_phase(table, false, runs, answers);
        run_phase(table, true, runs, answers);
    }
    if (memory && from != NULL)
        read_all(table, from);
    free(runs);
    free(answers);
    return memory;
}

static int write_file(const char *path, const struct tcp_table *table,
                      void (*print)(FILE *to, const struct tcp_table *table))
{
    if (path == NULL)
        return TOOL_OK;
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return tool_usage("bench", "cannot write '%s': %s", path, strerror(errno));
    print(file, table);
    bool whole = ferror(file) == 0;
    if (fclose(file) == 0 && whole)
        return TOOL_OK;
    fprintf(stderr, "baro bench: could not write all of '%s'\n", path);
    return TOOL_FAILED;
}

/* Before minutes of measuring: whether it can be kept. What is there stays until then. */
static int check_file(const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "a");

    if (path != NULL && file == NULL)
        return tool_usage("bench", "cannot write '%s': %s", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    return TOOL_OK;
}

static bool all_have_figures(const struct tcp_table *table)
{
    for (unsigned i = 0; i < table->rows; i++) {
        for (unsigned j = 0; j < table->row[i].seeds; j++) {
            if (table->row[i].figures[j].error[0] != '\0')
                return false;
        }
    }
    return true;
}

/* ---- command line ---- */

static bool choose(struct bench_options *options, const char *name, const char *word)
{
    const bool ways = strcmp(name, "--ways") == 0, loss = strcmp(name, "--loss") == 0;

    for (unsigned i = 0; loss && i < LOSSES; i++) {
        char percent[16];

        snprintf(percent, sizeof percent, "%g", losses[i] / 1e4);
        if (strcmp(word, percent) == 0)
            return options->loss[i] = true;
    }
    for (unsigned i = 0; ways && i < TCP_WAY_COUNT; i++) {
        if (strcmp(word, tcp_way_name((enum tcp_way)i)) == 0)
            return options->way[i] = true;
    }
    for (unsigned i = 0; !ways && !loss && i < BARO_CONGESTION_COUNT; i++) {
        if (strcmp(word, baro_congestion_name((enum baro_congestion)i)) == 0)
            return options->congestion[i] = true;
    }
    return false;
}

static int option_list(struct bench_options *options, const char *name, const char *value)
{
    char text[96], *rest;
    bool any = false;

    if (strlen(value) >= sizeof text)
        return tool_usage("bench", "%s is too long", name), -1;
    strcpy(text, value);
    for (char *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        if (!choose(options, name, word))
            return tool_usage("bench", "%s has no '%s'; baro bench tcp --help tells more", name, word), -1;
        any = true;
    }
    return any ? 2 : (tool_usage("bench", "%s wants a value", name), -1);
}

/* An option with its value; how many words, or -1 and it is said what is wrong. */
static int option(struct bench_options *options, const char *name, const char *value)
{
    unsigned number = 0;

    if (strcmp(name, "--kernel") == 0) {
        options->way[TCP_VIRTUAL] = options->way[TCP_REAL] = options->way[TCP_KERNEL] = true;
        options->congestion[BARO_CONGESTION_CUBIC] = true;
        return 1;
    }
    if (value == NULL)
        return tool_usage("bench", "%s wants a value, or is no option; baro bench tcp --help tells more", name), -1;
    if (strcmp(name, "--ways") == 0 || strcmp(name, "--loss") == 0 || strcmp(name, "--congestion") == 0)
        return option_list(options, name, value);
    if (strcmp(name, "--read") == 0 && (options->read = fopen(value, "r")) == NULL)
        return tool_usage("bench", "cannot read '%s': %s", value, strerror(errno)), -1;
    if (strcmp(name, "--read") == 0)
        return 2;
    if (strcmp(name, "--csv") == 0)
        options->csv = value;
    else if (strcmp(name, "--svg") == 0)
        options->svg = value;
    else if (strcmp(name, "--seeds") == 0 && !tool_number(value, TCP_SEED_LIMIT, &options->seeds))
        return tool_usage("bench", "--seeds takes a number from 1 to %d", TCP_SEED_LIMIT), -1;
    else if (strcmp(name, "--jobs") == 0 && !tool_number(value, 64, &options->jobs))
        return tool_usage("bench", "--jobs takes a number from 1 to 64"), -1;
    else if (strcmp(name, "--seconds") == 0 && !tool_number(value, 600, &number))
        return tool_usage("bench", "--seconds takes a number from 1 to 600"), -1;
    else if (strcmp(name, "--seconds") == 0)
        options->seconds = number;
    else if (strcmp(name, "--seeds") != 0 && strcmp(name, "--jobs") != 0)
        return tool_usage("bench", "no option '%s'; baro bench tcp --help tells more", name), -1;
    return 2;
}

static bool choose_section(struct bench_options *options, const char *name)
{
    for (int i = 0; i < TCP_SECTION_COUNT; i++) {
        if (strcmp(name, tcp_section_name((enum tcp_section)i)) == 0)
            return options->section[i] = true;
    }
    return false;
}

/* Where nothing was chosen the first `defaults` of them are. */
static void set_if_none(bool *chosen, unsigned count, unsigned defaults)
{
    for (unsigned i = 0; i < count; i++) {
        if (chosen[i])
            return;
    }
    for (unsigned i = 0; i < defaults; i++)
        chosen[i] = true;
}

static int parse(struct bench_options *options, int argc, char **argv)
{
    bool any = false;

    for (int at = 1; at < argc;) {
        if (argv[at][0] == '-') {
            int taken = option(options, argv[at], at + 1 < argc ? argv[at + 1] : NULL);

            if (taken < 0)
                return TOOL_USAGE;
            at += taken;
            continue;
        }
        if (!choose_section(options, argv[at]))
            return tool_usage("bench", "tcp has loss, queue and fair, not '%s'", argv[at]);
        any = true;
        at++;
    }
    for (int i = 0; i < TCP_SECTION_COUNT && !any; i++)
        options->section[i] = true;
    set_if_none(options->loss, LOSSES, LOSSES);
    set_if_none(options->way, TCP_WAY_COUNT, 1);
    set_if_none(options->congestion, BARO_CONGESTION_COUNT, BARO_CONGESTION_COUNT);
    return TOOL_OK;
}

int tool_bench_tcp(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct bench_options options = { .seeds = 3, .jobs = processors < 1 ? 1 : (unsigned)processors, .seconds = 10 };
    static struct tcp_table table;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    if (parse(&options, argc, argv) != TOOL_OK)
        return TOOL_USAGE;
    table.seeds = options.seeds;
    table.seconds = options.seconds;
    table.jobs = options.jobs;
    memcpy(table.way, options.way, sizeof table.way);
    memcpy(table.congestion, options.congestion, sizeof table.congestion);
    if (check_file(options.csv) != TOOL_OK || check_file(options.svg) != TOOL_OK)
        return TOOL_USAGE;
    if (options.read != NULL && !tcp_read_ways(options.read, &table))
        return tool_usage("bench", "--read: the file has no lines of --csv");
    make_rows(&table, &options);
    if (!run_all(&table, options.read)) {
        fprintf(stderr, "baro bench: no memory\n");
        return TOOL_FAILED;
    }
    tcp_print_head(stdout, &table);
    tcp_print_table(stdout, &table);
    tcp_plot_text(stdout, &table);
    int csv = write_file(options.csv, &table, tcp_print_csv), svg = write_file(options.svg, &table, tcp_plot_svg);
    bool whole = all_have_figures(&table);

    return csv != TOOL_OK ? csv : svg != TOOL_OK ? svg : whole ? TOOL_OK : TOOL_FAILED;
}
