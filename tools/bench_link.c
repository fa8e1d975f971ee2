/* tools/bench_link.c: `baro bench link`: frames through AF_PACKET and AF_XDP over a veth, this stack's TCP on top, the
 * kernel's TCP beside it.
 *
 * Everything is measured in turns, a short while each, again and again: a machine that becomes slower does so for all.
 * What is told are medians, and ratios of figures of the same turn. */
#include "tools.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../bench/figures.h"
#include "../bench/link.h"

enum { RUNS_LIMIT = TOOL_TURNS };

static const struct link_job jobs[] = {
    { "packet-raw-64", "AF_PACKET, frames of 64 octets, no stack", LINK_RAW, BARO_LINK_PACKET, 64, false, false, 1500 },
    { "packet-raw-1514", "AF_PACKET, frames of 1,514 octets, no stack", LINK_RAW, BARO_LINK_PACKET, 1514, false, false,
      1500 },
    { "packet-raw-mix", "AF_PACKET, two of 1,514 for one of 66, no stack", LINK_RAW_MIX, BARO_LINK_PACKET, 0, false,
      false, 1500 },
    { "packet-stack", "AF_PACKET, TCP of this stack, frame by frame", LINK_STACK, BARO_LINK_PACKET, 0, false, false,
      1500 },
    { "packet-super", "AF_PACKET, TCP of this stack, super-segments", LINK_SUPER, BARO_LINK_PACKET, 0, false, false,
      1500 },
    { "xdp-raw-64", "AF_XDP, frames of 64 octets, no stack", LINK_RAW, BARO_LINK_XDP, 64, false, false, 1500 },
    { "xdp-raw-1514", "AF_XDP, frames of 1,514 octets, no stack", LINK_RAW, BARO_LINK_XDP, 1514, false, false, 1500 },
    { "xdp-raw-mix", "AF_XDP, two of 1,514 for one of 66, no stack", LINK_RAW_MIX, BARO_LINK_XDP, 0, false, false,
      1500 },
    { "xdp-stack", "AF_XDP, TCP of this stack", LINK_STACK, BARO_LINK_XDP, 0, false, false, 1500 },
    { "xdp-gro", "AF_XDP, TCP of this stack, GRO", LINK_GRO, BARO_LINK_XDP, 0, false, false, 1500 },
    { "kernel", "the kernel's TCP, its offloads off", LINK_KERNEL, BARO_LINK_PACKET, 0, false, false, 1500 },
    { "kernel-gro", "the kernel's TCP, GRO alone on", LINK_KERNEL_GRO, BARO_LINK_PACKET, 0, false, false, 1500 },
    { "kernel-super", "the kernel's TCP, its offloads on", LINK_KERNEL_SUPER, BARO_LINK_PACKET, 0, false, false, 1500 },
    { "packet-raw-2", "two threads: AF_PACKET, 1,514 octets, no stack", LINK_RAW, BARO_LINK_PACKET, 1514, true, false,
      1500 },
    { "packet-stack-2", "two threads: AF_PACKET, TCP, frame by frame", LINK_STACK, BARO_LINK_PACKET, 0, true, false,
      1500 },
    { "xdp-raw-2", "two threads: AF_XDP, 1,514 octets, no stack", LINK_RAW, BARO_LINK_XDP, 1514, true, false, 1500 },
    { "xdp-raw-mix-2", "two threads: AF_XDP, the mix, no stack", LINK_RAW_MIX, BARO_LINK_XDP, 0, true, false, 1500 },
    { "xdp-stack-2", "two threads: AF_XDP, TCP of this stack", LINK_STACK, BARO_LINK_XDP, 0, true, false, 1500 },
    { "xdp-gro-2", "two threads: AF_XDP, TCP of this stack, GRO", LINK_GRO, BARO_LINK_XDP, 0, true, false, 1500 },
    { "kernel-2", "two threads: the kernel's TCP, its offloads off", LINK_KERNEL, BARO_LINK_PACKET, 0, true, false,
      1500 },
    { "kernel-gro-2", "two threads: the kernel's TCP, GRO alone on", LINK_KERNEL_GRO, BARO_LINK_PACKET, 0, true, false,
      1500 },
    { "xdp-gro-napi", "NAPI in threads, too: AF_XDP, TCP of this stack, GRO", LINK_GRO, BARO_LINK_XDP, 0, true, true,
      1500 },
    { "kernel-gro-napi", "NAPI in threads, too: the kernel's TCP, GRO alone on", LINK_KERNEL_GRO, BARO_LINK_PACKET, 0,
      true, true, 1500 },
    { "xdp-raw-9014", "MTU 9000: AF_XDP, 9,014 octets, no stack", LINK_RAW, BARO_LINK_XDP, 9014, false, false, 9000 },
    { "xdp-raw-mix-9000", "MTU 9000: AF_XDP, two of 9,014 for one of 66, no stack", LINK_RAW_MIX, BARO_LINK_XDP, 0,
      false, false, 9000 },
    { "xdp-stack-9000", "MTU 9000: AF_XDP, TCP of this stack", LINK_STACK, BARO_LINK_XDP, 0, false, false, 9000 },
    { "xdp-gro-9000", "MTU 9000: AF_XDP, TCP of this stack, GRO", LINK_GRO, BARO_LINK_XDP, 0, false, false, 9000 },
    { "kernel-9000", "MTU 9000: the kernel's TCP, its offloads off", LINK_KERNEL, BARO_LINK_PACKET, 0, false, false,
      9000 },
    { "xdp-gro-9000-2", "MTU 9000, two threads: AF_XDP, TCP, GRO", LINK_GRO, BARO_LINK_XDP, 0, true, false, 9000 },
    { "kernel-9000-2", "MTU 9000, two threads: the kernel's, offloads off", LINK_KERNEL, BARO_LINK_PACKET, 0, true,
      false, 9000 },
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };

/* A ratio of two jobs' figures. */
struct ratio {
    const char *text, *above, *below;
    bool gbit; /* of program data, else of frames */
};

static const struct ratio ratios[] = {
    { "AF_PACKET: stack to raw frames of 1,514 octets", "packet-stack", "packet-raw-1514", false },
    { "AF_PACKET: stack to raw frames, the same mix", "packet-stack", "packet-raw-mix", false },
    { "AF_PACKET, two threads: stack to raw frames", "packet-stack-2", "packet-raw-2", false },
    { "AF_XDP: stack to raw frames of 1,514 octets", "xdp-stack", "xdp-raw-1514", false },
    { "AF_XDP: stack to raw frames, the same mix", "xdp-stack", "xdp-raw-mix", false },
    { "AF_XDP, two threads: stack to raw frames", "xdp-stack-2", "xdp-raw-2", false },
    { "AF_XDP to the kernel's TCP, its offloads off", "xdp-stack", "kernel", true },
    { "AF_XDP to the kernel's TCP, two threads", "xdp-stack-2", "kernel-2", true },
    { "AF_XDP, GRO, to the kernel's TCP, its offloads off", "xdp-gro", "kernel", true },
    { "AF_XDP, GRO, to the kernel's TCP, two threads", "xdp-gro-2", "kernel-2", true },
    { "AF_XDP, GRO, to the kernel's TCP, GRO alone on", "xdp-gro", "kernel-gro", true },
    { "AF_XDP, GRO, to the kernel's, GRO alone, two threads", "xdp-gro-2", "kernel-gro-2", true },
    { "AF_XDP, GRO, to the kernel's, NAPI in threads, too", "xdp-gro-napi", "kernel-gro-napi", true },
    { "AF_XDP without a stack to the kernel's TCP", "xdp-raw-mix", "kernel", true },
    { "AF_XDP without a stack to the same, two threads", "xdp-raw-mix-2", "kernel-2", true },
    { "MTU 9000, AF_XDP: stack to raw frames", "xdp-stack-9000", "xdp-raw-9014", false },
    { "MTU 9000, AF_XDP: stack to raw frames, the same mix", "xdp-stack-9000", "xdp-raw-mix-9000", false },
    { "MTU 9000, AF_XDP to the kernel's TCP, offloads off", "xdp-stack-9000", "kernel-9000", true },
    { "MTU 9000, AF_XDP, GRO, to the same", "xdp-gro-9000", "kernel-9000", true },
    { "MTU 9000, AF_XDP, GRO, to the same, two threads", "xdp-gro-9000-2", "kernel-9000-2", true },
    { "AF_PACKET to the kernel's TCP, offloads on in both", "packet-super", "kernel-super", true },
};

struct results {
    bool wanted[JOBS], done[JOBS];
    struct link_figure figure[JOBS][RUNS_LIMIT];
    char error[JOBS][160];
    unsigned runs;
    double seconds;
    bool json, list, help;
};

static int help(void)
{
    printf(
        "usage: baro bench link [--list] [--runs N] [--seconds S] [--json] [NAME ...]\n\n"
        "Frames through AF_PACKET and AF_XDP over a veth between two network namespaces that it makes itself, one thread\n"
        "being both ends, or each its own; with nothing behind the device, and with TCP of this stack; the kernel's TCP over the same veth\n"
        "beside it. All are measured in turns, S seconds each (default 0.5), N times (default 3): ratios of the same\n"
        "turn first, then medians with minimum and maximum. Frames of both directions are counted as they arrive; TCP tells\n"
        "how many reach the receiver for one ACK, and the kernel's how many of them GRO gives it as one packet.\n\n"
        "What cannot be measured here says why: AF_XDP wants the machine's root, all the right to make namespaces.\n");
    return TOOL_OK;
}

static int list(void)
{
    for (int i = 0; i < JOBS; i++)
        printf("%-17s %s\n", jobs[i].name, jobs[i].text);
    return TOOL_OK;
}

static int find(const char *name)
{
    for (int i = 0; i < JOBS; i++) {
        if (strcmp(jobs[i].name, name) == 0)
            return i;
    }
    return -1;
}

static void print_ratio(struct bench_figures *figures, const struct results *results, const struct ratio *ratio)
{
    int above = find(ratio->above), below = find(ratio->below);
    double value[RUNS_LIMIT];

    if (!results->done[above] || !results->done[below])
        return;
    for (unsigned i = 0; i < results->runs; i++) {
        const struct link_figure *over = &results->figure[above][i], *under = &results->figure[below][i];

        value[i] = 100 * (ratio->gbit ? over->gbit / under->gbit : over->frames / under->frames);
    }
    bench_figures_ratio(figures, ratio->above, ratio->below, ratio->text, value, (int)results->runs);
}

/* What a figure consists of, as far as a job has it. */
static const struct {
    const char *unit;
    size_t offset;
} units[] = {
    { "frames a second", offsetof(struct link_figure, frames) },
    { "Gbit/s", offsetof(struct link_figure, gbit) },
    { "frames for an ACK", offsetof(struct link_figure, per_ack) },
    { "frames in a packet", offsetof(struct link_figure, per_packet) },
};

static void print_job(struct bench_figures *figures, const struct results *results, int job)
{
    double value[RUNS_LIMIT];

    if (!results->done[job]) {
        bench_figures_missing(figures, jobs[job].name, results->error[job]);
        return;
    }
    for (unsigned unit = 0; unit < sizeof units / sizeof units[0]; unit++) {
        for (unsigned i = 0; i < results->runs; i++)
            memcpy(&value[i], (const char *)&results->figure[job][i] + units[unit].offset, sizeof value[i]);
        if (value[0] > 0)
            bench_figures_tell(figures, jobs[job].name, jobs[job].text, units[unit].unit, value, (int)results->runs);
    }
}

static int parse(struct results *results, int argc, char **argv)
{
    bool named = false;

    for (int at = 1; at < argc; at++) { /* names before, between and behind options */
        if (argv[at][0] != '-') {
            int job = find(argv[at]);

            if (job < 0)
                return tool_usage("bench link", "no benchmark '%s'; --list names them", argv[at]);
            results->wanted[job] = named = true;
        } else if (strcmp(argv[at], "--json") == 0) {
            results->json = true;
        } else if (strcmp(argv[at], "--list") == 0) {
            results->list = true;
        } else if (strcmp(argv[at], "--help") == 0) {
            results->help = true;
        } else if (tool_turns("bench link", argv[at], at + 1 < argc ? argv[at + 1] : NULL, 0.01, &results->runs,
                              &results->seconds) != TOOL_OK) {
            return TOOL_USAGE;
        } else {
            at++;
        }
    }
    for (int i = 0; i < JOBS && !named; i++)
        results->wanted[i] = true;
    return TOOL_OK;
}

static void print_all(struct bench_figures *figures, const struct results *results)
{
    for (unsigned i = 0; i < sizeof ratios / sizeof ratios[0]; i++)
        print_ratio(figures, results, &ratios[i]);
    for (int i = 0; i < JOBS; i++) {
        if (results->wanted[i])
            print_job(figures, results, i);
    }
}

static int measure(struct results *results)
{
    struct bench_figures figures;
    struct link_net net;
    char error[160];
    bool open = link_net_open(&net, error, sizeof error) >= 0;

    for (unsigned run = 0; open && run < results->runs; run++) {
        for (int i = 0; i < JOBS; i++) {
            if (results->wanted[i] && (run == 0 || results->done[i]))
                results->done[i] = link_measure(&net, &jobs[i], results->seconds, &results->figure[i][run],
                                                results->error[i], sizeof results->error[i]);
        }
    }
    if (!open && !results->json)
        printf("not measured: %s\n", error);
    for (int i = 0; i < JOBS && !open; i++)
        memcpy(results->error[i], error, sizeof error);
    bench_figures_begin(&figures, stdout, results->json, 56);
    if (open || results->json)
        print_all(&figures, results);
    bench_figures_end(&figures);
    link_net_close(&net);
    return open ? TOOL_OK : TOOL_FAILED;
}

int tool_bench_link(int argc, char **argv)
{
    static struct results results = { .runs = 3, .seconds = 0.5 };

    if (parse(&results, argc, argv) != TOOL_OK)
        return TOOL_USAGE;
    return results.help ? help() : results.list ? list() : measure(&results);
}
