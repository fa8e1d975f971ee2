/* bench/tcp.h: TCP through a path of limited rate that loses and reorders: what `baro bench tcp` measures.
 *
 * A *run* is one question: a path, a congestion control, a number of flows, a seed, and who sends. Its *figures* are
 * the answer. A *row* is the same question for several seeds. In virtual time the answer depends on nothing but the
 * question; in real time, where this machine's kernel takes part, it does on the machine too.
 *
 *   tcp_flow.c   the programs on the hosts: bulk senders and a sink
 *   tcp_path.c   one run between two ends, in virtual or real time
 *   tcp_kernel.c this machine's kernel as an end
 *   tcp_jobs.c   runs in processes of their own, several at once
 *   tcp_figures.c  means, confidence intervals
 *   tcp_print.c  tables and lines for other programs, tcp_read.c such lines read again, tcp_plot.c pictures */
#ifndef BENCH_TCP_H
#define BENCH_TCP_H

#include <stdio.h>

#include "baro/network.h"
#include "baro/socket.h"

enum { TCP_FLOW_LIMIT = 4, TCP_SEED_LIMIT = 100, TCP_ROW_LIMIT = 256 };

/* Who is at the ends: sender and sink. All but the first take as long as they say. */
enum tcp_way {
    TCP_VIRTUAL,        /* two hosts of ours, in virtual time */
    TCP_REAL,           /* the same in real time */
    TCP_KERNEL,         /* this machine's kernel at both ends */
    TCP_KERNEL_PACED,   /* and its sender paces by itself (SO_MAX_PACING_RATE), as with the queue discipline fq */
    TCP_KERNEL_TO_OURS, /* the kernel sends, a host of ours is the sink */
    TCP_OURS_TO_KERNEL,
    TCP_WAY_COUNT
};

struct tcp_run {
    struct baro_wire_config wire;
    enum tcp_way way;
    enum baro_congestion congestion;
    unsigned flows;
    double apart_seconds; /* the second begins up to so much after the first, drawn from the seed, and so on */
    uint64_t seed;
    double seconds;      /* from the first SYN to the end */
    double from_seconds; /* queue, utilisation and fairness are measured from then on */
    int buffer;          /* octets of each socket's buffer, either end; 0: as the stack has it */
};

/* All of one run. Plain numbers: it travels through a pipe. */
struct tcp_figures {
    char error[96];          /* not empty: there are no figures, and why */
    double goodput_mbit;     /* what the receiving program got, of all flows, in all seconds */
    double jain;             /* Jain's index of the flows' shares (1: all alike) from `from_seconds` on */
    double queue_octets;     /* mean of the path's queue, from then on */
    double utilisation;      /* share of the path's rate in use, from then on */
    double lag_seconds;      /* real time: by how much the wire's clock was held back */
    uint64_t retransmits, timeouts;
    uint64_t dropped;        /* frames that found the queue full */
    uint64_t dropped_late;   /* of these, when slow start was over */
    uint64_t marked;         /* frames that the path marked instead (ECN) */
    uint64_t frames;         /* the senders' */
    uint64_t refused;        /* frames that the kernel did not take from a TAP: the machine was too slow */
};

/* Answers it, in a process of its own where the kernel takes part: it goes into a network namespace. */
void tcp_run(const struct tcp_run *run, struct tcp_figures *figures);

/* ---- tcp_flow.c ---- */

/* A host's program: up to TCP_FLOW_LIMIT flows that send all they can, or the sink of them. */
struct tcp_program {
    struct baro_host *host;
    const struct tcp_run *run;
    bool sink;
    int listener;                              /* the sink's */
    struct baro_endpoint peer;                 /* the senders': where to */
    unsigned flows;                            /* begun, or accepted */
    struct baro_instant begin[TCP_FLOW_LIMIT]; /* the senders' */
    int fd[TCP_FLOW_LIMIT];
    uint64_t received[TCP_FLOW_LIMIT];         /* by the sink */
    int error;                                 /* the first, -errno */
};

/* For struct baro_host_config: context is a struct tcp_program. */
void tcp_program_run(void *context, struct baro_host *host);
bool tcp_program_deadline(void *context, struct baro_instant *deadline);
/* Whether every flow has left slow start once (RFC 5681 §3.1). */
bool tcp_program_left_slow_start(const struct tcp_program *program);
/* Adds the flows' retransmissions and timeouts. */
void tcp_program_count(const struct tcp_program *program, struct tcp_figures *figures);

/* ---- tcp_jobs.c ---- */

/* Answers all, `jobs` at once, each in a process of its own. `told` is called (if not NULL) after each. */
void tcp_jobs(const struct tcp_run *runs, struct tcp_figures *figures, unsigned count, unsigned jobs,
              void (*told)(void *context, unsigned done), void *context);

/* ---- tcp_figures.c ---- */

/* A mean with half the width of its 95 per cent confidence interval (Student's t). */
struct tcp_mean {
    double mean, half, least;
    unsigned count;
};
struct tcp_mean tcp_mean(const double *value, unsigned count);
/* Of one figure of the runs that have figures; `offset` is offsetof(struct tcp_figures, ...) of a double. */
struct tcp_mean tcp_mean_of(const struct tcp_figures *figures, unsigned count, size_t offset);
/* Of a counter: the sum over the runs. */
uint64_t tcp_sum_of(const struct tcp_figures *figures, unsigned count, size_t offset);

/* ---- rows ---- */

enum tcp_section {
    TCP_SECTION_LOSS,  /* goodput over a path that loses */
    TCP_SECTION_QUEUE, /* one flow, the queue that it makes */
    TCP_SECTION_FAIR,  /* two flows of a kind */
    TCP_SECTION_COUNT
};

/* One question for several seeds, and its answers. */
struct tcp_row {
    enum tcp_section section;
    char name[64];                      /* of the path: "1 %, bursts, reordered" */
    struct tcp_run run;                 /* but for the seed */
    unsigned seeds;
    struct tcp_figures *figures;        /* of each seed */
};

struct tcp_table {
    struct tcp_row row[TCP_ROW_LIMIT];
    unsigned rows;
    unsigned seeds, jobs;
    double seconds;                     /* of a run over a path that loses */
    int buffer;
    bool way[TCP_WAY_COUNT];            /* that are in it */
    bool read[TCP_WAY_COUNT];           /* and of these, what was measured before */
    bool congestion[BARO_CONGESTION_COUNT];
};

/* ---- tcp_print.c ---- */

void tcp_print_head(FILE *to, const struct tcp_table *table);
void tcp_print_table(FILE *to, const struct tcp_table *table);
/* One line a run, with a first line of names (RFC 4180). */
void tcp_print_csv(FILE *to, const struct tcp_table *table);
/* "Linux cubic" and so on. */
const char *tcp_sender_name(const struct tcp_run *run);
/* "virtual", "kernel-paced" and so on. */
const char *tcp_way_name(enum tcp_way way);

/* "loss" and so on. */
const char *tcp_section_name(enum tcp_section section);

/* ---- tcp_read.c ---- */

/* Which ways a file of tcp_print_csv() tells of (false: of none); and its figures of a row, up to TCP_SEED_LIMIT. */
bool tcp_read_ways(FILE *from, struct tcp_table *table);
void tcp_read_figures(FILE *from, struct tcp_row *row);

/* ---- tcp_plot.c ---- */

/* Goodput as bars of characters, and as a picture with confidence intervals (SVG). Both on a logarithmic scale. */
void tcp_plot_text(FILE *to, const struct tcp_table *table);
void tcp_plot_svg(FILE *to, const struct tcp_table *table);

#endif
