/* tools/bench.c: `baro bench`: measures this stack on this machine and tells medians with their range, beside other
 * stacks where it is asked to. The rows are in bench/rows.c, the peers in bench/others.c. */
#include "tools.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/results.h"

static const enum baro_family families[] = { BARO_FAMILY_IPV4, BARO_FAMILY_IPV6 };

struct bench_options {
    unsigned runs;
    bool json, peers;
    const char *report, *instructions;
    int names;
    char **name;
};

static int help(void)
{
    printf(
        "usage: baro bench [--list] [--runs N] [--json] [--peers] [--instructions FILE] [--report DIR] [NAME ...]\n"
        "       baro bench --count [NAME ...]\n"
        "       baro bench tcp ...   TCP over paths that lose and reorder; `baro bench tcp --help` tells more\n"
        "       baro bench link ...  AF_PACKET and AF_XDP over a veth; `baro bench link --help` tells more\n"
        "       baro bench tap ...   TCP with the kernel over a TAP; `baro bench tap --help` tells more\n\n"
        "Measures two stacks in one thread, frames passed in memory, program data copied in and out; the\n"
        "thread's processor time. Tells the median of N runs (default 3) with minimum and maximum; the first run of\n"
        "all rows comes before the second of any. Each row is there for IPv4 and, with -ipv6 behind its name, for\n"
        "IPv6; the rows `families` measure both in turns. A NAME that ends in - stands for all rows that begin so.\n\n"
        "  --list               the rows by name\n"
        "  --runs N             1 to %d\n"
        "  --json               for programs: every run of every row\n"
        "  --peers              other stacks beside it, in the same run, the ratio first (above 1: baro is better)\n"
        "  --instructions FILE  tells the counts of bench/instructions.sh beside the times\n"
        "  --report DIR         writes DIR/bench.json and the plots, and puts the table into DIR/PERFORMANCE.md\n"
        "  --count              one short run of each row, with a clock of its own: bench/instructions.sh counts its\n"
        "                       instructions\n",
        BENCH_RUNS);
    return TOOL_OK;
}

static int families_of(const struct bench_row *row)
{
    return row->both ? 1 : 2;
}

static bool matches(const char *asked, const char *name)
{
    size_t length = strlen(asked);

    return strcmp(asked, name) == 0 || (length != 0 && asked[length - 1] == '-' && strncmp(asked, name, length) == 0);
}

static bool wanted(const struct bench_options *options, const struct bench_row *row, const char *name)
{
    for (int i = 0; i < options->names; i++) {
        if (row->seldom ? strcmp(options->name[i], name) == 0 : matches(options->name[i], name))
            return true;
    }
    return options->names == 0 && !row->seldom;
}

static int check_names(const struct bench_options *options)
{
    for (int i = 0; i < options->names; i++) {
        bool known = false;
        char name[48];

        for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
            for (int k = 0; k < families_of(row); k++) {
                bench_name(name, row, families[k]);
                known = known || matches(options->name[i], name);
            }
        }
        if (!known)
            return tool_usage("bench", "no benchmark '%s'; --list names them", options->name[i]);
    }
    return TOOL_OK;
}

static int list(void)
{
    char name[48];

    for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
        for (int k = 0; k < families_of(row); k++) {
            bench_name(name, row, families[k]);
            printf("%-23s %s%s\n", name, row->text, k == 0 ? "" : ", IPv6");
        }
    }
    return TOOL_OK;
}

/* ---- running ---- */

/* Under callgrind a thousand connections take seconds, and instructions know nothing of caches: a row of more is
 * counted with as many, and so is one of more in TIME-WAIT; where ports are taken over all stand at one port of the
 * server, which needs as many as of each port of the row. Received segments have ten thousand, since among a thousand
 * some are still looked for among those of late, and begin as late in the life of their connections as half of those
 * that are timed. */
static void fewer(const struct bench_row *row, struct bench_case *question)
{
    enum { FEW = 1000, MANY = 10000, HALF_TIMED = 192 };
    const uint32_t most = row->run == bench_segment ? MANY : FEW;

    if (question->connections > most) {
        question->before = HALF_TIMED * most / question->connections;
        question->connections = most;
    } else {
        question->before = HALF_TIMED;
    }
    if (question->reused) {
        question->time_wait /= question->ports;
        question->ports = 1;
    } else if (question->time_wait > FEW)
        question->time_wait = question->time_wait_limit = FEW;
}

/* One short run in which callgrind counts; bench/instructions.sh divides by what is printed here. */
static void count_one(const struct bench_row *row, enum baro_family family, const char *name)
{
    struct bench_case question = row->question;
    struct bench_answer answer = { 0 };

    question.family = family;
    fewer(row, &question);
    row->run(&question, &answer);
    bench_row_end();
    printf("%s %.0f %s\n", name, answer.operations, row->counted);
    fflush(stdout);
}

static void tell(const struct bench_result *result)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%-48s%-20s\r", result->name, bench_by(result));
}

static void choose(const struct bench_options *options, struct bench_results *results)
{
    char name[48];

    for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
        for (int k = 0; k < families_of(row); k++) {
            bench_name(name, row, families[k]);
            if (wanted(options, row, name))
                bench_results_add(results, row, families[k], options->peers);
        }
    }
}

static int count(const struct bench_options *options)
{
    char name[48];

    bench_count_only();
    for (const struct bench_row *row = bench_rows; row->name != NULL; row++) {
        for (int k = 0; k < families_of(row); k++) {
            bench_name(name, row, families[k]);
            if (row->counted != NULL && wanted(options, row, name))
                count_one(row, families[k], name);
        }
    }
    return TOOL_OK;
}

/* ---- report ---- */

static int failed(const char *path, int error)
{
    fprintf(stderr, "baro bench: %s: %s\n", path,
            error == EINVAL ? "it has no marks for the tables, `<!-- baro bench: begin -->` and `end`"
                            : strerror(error));
    return TOOL_FAILED;
}

static int write_file(const char *folder, const char *name, const struct bench_results *results,
                      void (*print)(FILE *to, const struct bench_results *results))
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return failed(path, errno);
    print(file, results);
    bool whole = ferror(file) == 0;
    return fclose(file) == 0 && whole ? TOOL_OK : failed(path, errno);
}

static int report(const char *folder, const struct bench_results *results)
{
    char page[400];
    int error;

    snprintf(page, sizeof page, "%s/PERFORMANCE.md", folder);
    error = bench_page_replace(page, results);
    if (error != 0)
        return failed(page, -error);
    if (write_file(folder, "bench.json", results, bench_print_json) != TOOL_OK ||
        write_file(folder, "bench-sizes.svg", results, bench_plot_sizes) != TOOL_OK ||
        write_file(folder, "bench-segments.svg", results, bench_plot_segments) != TOOL_OK ||
        write_file(folder, "bench-memory.svg", results, bench_plot_memory) != TOOL_OK)
        return TOOL_FAILED;
    return TOOL_OK;
}

/* Before minutes of measuring: whether it can be kept. */
static int check_report(const char *folder)
{
    char page[400];

    if (strlen(folder) > 300)
        return tool_usage("bench", "--report: the name is too long");
    snprintf(page, sizeof page, "%s/PERFORMANCE.md", folder);
    return access(page, W_OK) == 0 ? TOOL_OK
                                   : tool_usage("bench", "--report: cannot write '%s': %s", page, strerror(errno));
}

static void note_signal(int number)
{
    bench_signal = number;
}

/* The first one ends the measuring behind the run that goes on, the second one all of it; who was started deaf stays
 * so. */
static void heed(int number)
{
    const struct sigaction action = { .sa_handler = note_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND };
    struct sigaction before;

    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

static int interrupted(const struct bench_options *options)
{
    fprintf(stderr, "baro bench: interrupted by %s; what was measured until then is told%s\n",
            bench_signal == SIGINT ? "SIGINT" : "SIGTERM", options->report != NULL ? ", the report is as it was" : "");
    return 128 + (int)bench_signal;
}

static int measure(const struct bench_options *options)
{
    static struct bench_results results;

    if (options->report != NULL && check_report(options->report) != TOOL_OK)
        return TOOL_USAGE;
    choose(options, &results);
    if (options->instructions != NULL && !bench_results_read_instructions(&results, options->instructions))
        return tool_usage("bench", "cannot read '%s': %s", options->instructions,
                          errno != 0 ? strerror(errno) : "it has no counts");
    heed(SIGINT);
    heed(SIGTERM);
    bench_results_run(&results, options->runs, tell);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%-68s\r", "");
    (options->json ? bench_print_json : bench_print_lines)(stdout, &results);
    if (bench_signal != 0)
        return interrupted(options);
    return options->report != NULL ? report(options->report, &results) : TOOL_OK;
}

/* ---- command line ---- */

static int option_with_value(struct bench_options *options, const char *name, const char *value)
{
    bool runs = strcmp(name, "--runs") == 0;

    if (!runs && strcmp(name, "--report") != 0 && strcmp(name, "--instructions") != 0)
        return tool_usage("bench", "no option '%s'; --help tells more", name);
    if (value == NULL)
        return tool_usage("bench", "%s wants a value", name);
    if (runs && !tool_number(value, BENCH_RUNS, &options->runs))
        return tool_usage("bench", "--runs takes a number from 1 to %d", BENCH_RUNS);
    if (!runs)
        *(strcmp(name, "--report") == 0 ? &options->report : &options->instructions) = value;
    return TOOL_OK;
}

int tool_bench(int argc, char **argv)
{
    struct bench_options options = { .runs = 3, .name = argv + 1 };
    bool counted = false, listed = false;

    if (argc > 1 && strcmp(argv[1], "tcp") == 0)
        return tool_bench_tcp(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "link") == 0)
        return tool_bench_link(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "tap") == 0)
        return tool_bench_tap(argc - 1, argv + 1);
    for (int at = 1; at < argc; at++) { /* names before, between and behind options */
        if (argv[at][0] != '-')
            options.name[options.names++] = argv[at];
        else if (strcmp(argv[at], "--help") == 0)
            return help();
        else if (strcmp(argv[at], "--list") == 0)
            listed = true;
        else if (strcmp(argv[at], "--count") == 0)
            counted = true;
        else if (strcmp(argv[at], "--json") == 0)
            options.json = true;
        else if (strcmp(argv[at], "--peers") == 0)
            options.peers = true;
        else if (option_with_value(&options, argv[at], at + 1 < argc ? argv[at + 1] : NULL) != TOOL_OK)
            return TOOL_USAGE;
        else
            at++;
    }
    if (check_names(&options) != TOOL_OK)
        return TOOL_USAGE;
    if (counted && (options.json || options.peers || options.report != NULL))
        return tool_usage("bench", "--count stands alone");
    return listed ? list() : counted ? count(&options) : measure(&options);
}
