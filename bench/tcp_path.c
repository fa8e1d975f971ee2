/* bench/tcp_path.c: one run: two hosts of ours at the ends of a wire with a rate, a queue, a delay and faults.
 *
 * All flows go from the first host to the second, so the queue in front of the wire's first direction is the bottleneck
 * that they share. The wire treats both directions alike: acknowledgments are lost and overtaken, too.
 *
 * The clock is moved in steps of 10 ms. Between them the run is looked at: has slow start ended, has the measured span
 * begun. In real time the step is how long we sleep at most. */
#include "tcp.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP_NS = 10000000, SETTLE_NS = 200000000 };
#define BEGIN_NS INT64_C(1000000000)
#define APART_NS INT64_C(2000000000)

struct path {
    const struct tcp_run *run;
    struct baro_network *network;
    struct baro_wire *wire;
    struct tcp_program sender, sink;
    struct baro_instant settled;      /* slow start and what it put into the queue is over; INT64_MAX: not yet known */
    struct baro_wire_counts at_settled, at_from;
    uint64_t received_at_from[TCP_FLOW_LIMIT];
};

static int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool add_host(struct path *path, struct tcp_program *program, unsigned which)
{
    const struct baro_host_config config = { .wire = path->wire,
                                             .address = baro_ipv4(10, 0, 0, (uint8_t)(1 + which)),
                                             .prefix_length = 24,
                                             .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                             .program = tcp_program_run,
                                             .program_deadline = tcp_program_deadline,
                                             .program_context = program };

    program->run = path->run;
    program->host = baro_host_create(path->network, &config, NULL);
    return program->host != NULL;
}

/* The flows begin apart, by parts of two seconds that the seed draws. */
static void draw_begins(struct path *path)
{
    uint64_t state = path->run->seed;
    int64_t at = BEGIN_NS;

    for (unsigned i = 0; i < TCP_FLOW_LIMIT; i++) {
        path->sender.begin[i].ns = at;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at += (int64_t)((state >> 33) % (uint64_t)APART_NS);
    }
}

static bool build(struct path *path)
{
    const struct baro_network_config config = { .seed = path->run->seed, .now = { BEGIN_NS } };

    path->network = baro_network_create(&config);
    path->wire = path->network == NULL ? NULL : baro_wire_create(path->network, &path->run->wire);
    if (path->wire == NULL)
        return false;
    path->sink.sink = true;
    path->sink.listener = -1;
    path->sender.peer = (struct baro_endpoint){ baro_ipv4(10, 0, 0, 2), { 5001 } };
    draw_begins(path);
    return add_host(path, &path->sender, 0) && add_host(path, &path->sink, 1);
}

/* Real time until the network's clock, which may be held back, is at `until`. */
static void follow(struct path *path, struct baro_instant until)
{
    for (;;) {
        struct baro_instant wake, now = { clock_ns() };
        bool busy = baro_network_follow(path->network, now);

        if (baro_network_now(path->network).ns >= until.ns)
            return;
        if (busy || (baro_network_wakeup(path->network, &wake) && wake.ns <= now.ns))
            continue;
        int64_t sleep_ns = until.ns - baro_network_now(path->network).ns;
        if (baro_network_wakeup(path->network, &wake) && wake.ns - now.ns < sleep_ns)
            sleep_ns = wake.ns - now.ns;
        struct timespec time = { sleep_ns / 1000000000, sleep_ns % 1000000000 };
        nanosleep(&time, NULL);
    }
}

static void look(struct path *path, struct baro_instant now)
{
    if (path->settled.ns == INT64_MAX && tcp_program_left_slow_start(&path->sender))
        path->settled.ns = now.ns + SETTLE_NS;
    if (now.ns <= path->settled.ns) /* the last look before it counts */
        baro_wire_statistics(path->wire, 0, &path->at_settled);
}

static void go(struct path *path, double seconds)
{
    const struct baro_instant end = { BEGIN_NS + (int64_t)(seconds * 1e9) };
    struct baro_instant now = baro_network_now(path->network);

    while (now.ns < end.ns && path->sender.error == 0 && path->sink.error == 0) {
        now.ns = now.ns + STEP_NS < end.ns ? now.ns + STEP_NS : end.ns;
        if (path->run->way == TCP_REAL)
            follow(path, now);
        else
            baro_network_run_until(path->network, now, NULL, NULL);
        look(path, now);
    }
}

/* Jain's index: 1 when all got the same, 1/n when one got all. */
static double jain(const struct path *path)
{
    double sum = 0, squares = 0;

    for (unsigned i = 0; i < path->run->flows; i++) {
        double share = (double)(path->sink.received[i] - path->received_at_from[i]);

        sum += share;
        squares += share * share;
    }
    return squares > 0 ? sum * sum / (squares * path->run->flows) : 0;
}

static void measure(struct path *path, struct tcp_figures *figures)
{
    const double span = path->run->seconds - path->run->from_seconds;
    struct baro_wire_counts end;

    baro_wire_statistics(path->wire, 0, &end);
    for (unsigned i = 0; i < TCP_FLOW_LIMIT; i++)
        figures->goodput_mbit += (double)path->sink.received[i] * 8 / path->run->seconds / 1e6;
    figures->jain = jain(path);
    figures->queue_octets = (double)(end.queue_octet_us - path->at_from.queue_octet_us) / 1e6 / span;
    if (path->run->wire.rate != 0)
        figures->utilisation = (double)(end.octets - path->at_from.octets) * 8 / span / (double)path->run->wire.rate;
    figures->dropped = end.queue_full;
    figures->dropped_late = end.queue_full - path->at_settled.queue_full;
    figures->frames = end.offered;
    figures->lag_seconds = (double)baro_network_lag(path->network).ns / 1e9;
    tcp_program_count(&path->sender, figures);
}

void tcp_run(const struct tcp_run *run, struct tcp_figures *figures)
{
    struct path *path = calloc(1, sizeof *path);

    memset(figures, 0, sizeof *figures);
    if (path == NULL) {
        snprintf(figures->error, sizeof figures->error, "no memory");
        return;
    }
    path->run = run;
    path->settled.ns = INT64_MAX;
    if (build(path)) {
        go(path, run->from_seconds);
        baro_wire_statistics(path->wire, 0, &path->at_from);
        memcpy(path->received_at_from, path->sink.received, sizeof path->received_at_from);
        go(path, run->seconds);
        int error = path->sender.error != 0 ? path->sender.error : path->sink.error;
        if (error != 0)
            snprintf(figures->error, sizeof figures->error, "a socket call failed: %s", strerror(-error));
        else
            measure(path, figures);
    } else {
        snprintf(figures->error, sizeof figures->error, "no network: no memory");
    }
    baro_network_free(path->network);
    free(path);
}
