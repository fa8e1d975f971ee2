/* bench/tcp_path.c: one run: two hosts, ours or the kernel, at the ends of a wire with a rate, a queue, a delay and
 * faults.
 *
 * All flows go from the first host to the second, so the queue in front of the wire's first direction is the bottleneck
 * that they share. The wire treats both directions alike: acknowledgments are lost and overtaken, too.
 *
 * The clock is moved in steps of 10 ms. Between them the run is looked at: has slow start ended, has the measured span
 * begun. In real time the step is how long we sleep at most. */
#include "tcp_kernel.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEP_NS = 10000000, SETTLE_NS = 200000000 };
#define BEGIN_NS INT64_C(1000000000)

struct path {
    const struct tcp_run *run;
    struct baro_network *network;
    struct baro_wire *wire;
    struct tcp_program sender, sink;
    struct tcp_kernel kernel;
    bool kernel_sends, kernel_sinks;
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

static void draw_begins(struct path *path)
{
    uint64_t state = path->run->seed;
    int64_t at = BEGIN_NS, apart_ns = (int64_t)(path->run->apart_seconds * 1e9);

    for (unsigned i = 0; i < TCP_FLOW_LIMIT; i++) {
        path->sender.begin[i].ns = at;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at += apart_ns == 0 ? 0 : (int64_t)((state >> 33) % (uint64_t)apart_ns);
    }
}

static int add_end(struct path *path, unsigned which, char *error, size_t size)
{
    if (which == 0 ? path->kernel_sends : path->kernel_sinks)
        return tcp_kernel_join(&path->kernel, path->network, path->wire, which, error, size);
    if (add_host(path, which == 0 ? &path->sender : &path->sink, which))
        return 0;
    snprintf(error, size, "no host: no memory");
    return -1;
}

/* An end knows the other's MAC address: what the path loses shall not be ARP, with its own times. */
static int introduce(struct path *path, unsigned which)
{
    struct tcp_program *own = which == 0 ? &path->sender : &path->sink,
                       *other = which == 0 ? &path->sink : &path->sender;
    struct baro_mac mac = other->host == NULL ? path->kernel.mac[1 - which] : baro_host_mac(other->host);

    if (own->host == NULL)
        return tcp_kernel_set_neighbour(&path->kernel, which, mac);
    return baro_stack_set_neighbour(baro_host_stack(own->host), baro_host_interface(own->host),
                                    baro_ipv4(10, 0, 0, (uint8_t)(2 - which)), mac);
}

static int build(struct path *path, char *error, size_t size)
{
    const struct baro_network_config config = { .seed = path->run->seed, .now = { BEGIN_NS } };

    path->network = baro_network_create(&config);
    path->wire = path->network == NULL ? NULL : baro_wire_create(path->network, &path->run->wire);
    if (path->wire == NULL) {
        snprintf(error, size, "no network: no memory");
        return -1;
    }
    path->sink.sink = true;
    path->sink.listener = -1;
    path->sender.peer = (struct baro_endpoint){ baro_ipv4(10, 0, 0, 2), { 5001 } };
    draw_begins(path);
    if (add_end(path, 0, error, size) < 0 || add_end(path, 1, error, size) < 0)
        return -1;
    if (introduce(path, 0) == 0 && introduce(path, 1) == 0)
        return 0;
    snprintf(error, size, "a neighbour entry");
    return -1;
}

/* Real time until the network's clock, which may be held back, is at `until`. */
static void follow(struct path *path, struct baro_instant until)
{
    for (;;) {
        struct baro_instant wake, now = { clock_ns() };
        bool busy = baro_network_follow(path->network, now);

        tcp_kernel_work(&path->kernel, path->sender.begin, baro_network_now(path->network));
        if (baro_network_now(path->network).ns >= until.ns)
            return;
        if (busy || (baro_network_wakeup(path->network, &wake) && wake.ns <= now.ns))
            continue;
        int64_t sleep_ns = until.ns - baro_network_now(path->network).ns;
        if (baro_network_wakeup(path->network, &wake) && wake.ns - now.ns < sleep_ns)
            sleep_ns = wake.ns - now.ns;
        tcp_kernel_sleep(&path->kernel, sleep_ns);
    }
}

static void look(struct path *path, struct baro_instant now)
{
    if (path->settled.ns == INT64_MAX && (path->kernel_sends ? tcp_kernel_left_slow_start(&path->kernel)
                                                             : tcp_program_left_slow_start(&path->sender)))
        path->settled.ns = now.ns + SETTLE_NS;
    if (now.ns <= path->settled.ns) /* the last look before it counts */
        baro_wire_statistics(path->wire, 0, &path->at_settled);
}

static int error_of(const struct path *path)
{
    return path->sender.error != 0 ? path->sender.error : path->sink.error != 0 ? path->sink.error : path->kernel.error;
}

static const uint64_t *received_of(const struct path *path)
{
    return path->kernel_sinks ? path->kernel.received : path->sink.received;
}

static void go(struct path *path, double seconds)
{
    const struct baro_instant end = { BEGIN_NS + (int64_t)(seconds * 1e9) };
    struct baro_instant now = baro_network_now(path->network);

    while (now.ns < end.ns && error_of(path) == 0) {
        now.ns = now.ns + STEP_NS < end.ns ? now.ns + STEP_NS : end.ns;
        if (path->run->way != TCP_VIRTUAL)
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
        double share = (double)(received_of(path)[i] - path->received_at_from[i]);

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
        figures->goodput_mbit += (double)received_of(path)[i] * 8 / path->run->seconds / 1e6;
    figures->jain = jain(path);
    figures->queue_octets = (double)(end.queue_octet_us - path->at_from.queue_octet_us) / 1e6 / span;
    if (path->run->wire.rate != 0)
        figures->utilisation = (double)(end.octets - path->at_from.octets) * 8 / span / (double)path->run->wire.rate;
    figures->dropped = end.queue_full;
    figures->dropped_late = end.queue_full - path->at_settled.queue_full;
    figures->marked = end.marked;
    figures->frames = end.offered;
    figures->lag_seconds = (double)baro_network_lag(path->network).ns / 1e9;
    if (path->kernel_sends)
        tcp_kernel_count(&path->kernel, figures);
    else
        tcp_program_count(&path->sender, figures);
}

void tcp_run(const struct tcp_run *run, struct tcp_figures *figures)
{
    const bool kernel_both = run->way == TCP_KERNEL || run->way == TCP_KERNEL_PACED;
    struct path *path = calloc(1, sizeof *path);

    memset(figures, 0, sizeof *figures);
    if (path == NULL) {
        snprintf(figures->error, sizeof figures->error, "no memory");
        return;
    }
    path->run = run;
    path->kernel_sends = kernel_both || run->way == TCP_KERNEL_TO_OURS;
    path->kernel_sinks = kernel_both || run->way == TCP_OURS_TO_KERNEL;
    path->settled.ns = INT64_MAX;
    tcp_kernel_init(&path->kernel, run);
    if (build(path, figures->error, sizeof figures->error) == 0) {
        go(path, run->from_seconds);
        baro_wire_statistics(path->wire, 0, &path->at_from);
        memcpy(path->received_at_from, received_of(path), sizeof path->received_at_from);
        go(path, run->seconds);
        if (error_of(path) != 0)
            snprintf(figures->error, sizeof figures->error, "a socket call failed: %s", strerror(-error_of(path)));
        else
            measure(path, figures);
    }
    baro_network_free(path->network);
    tcp_kernel_release(&path->kernel);
    free(path);
}
