/* bench/tap_run.c: one measurement on a TAP: our end, the kernel's, and the clock.
 *
 * The stack is a host of a network in a loop, as in `baro iperf3`, and does its program's work after each burst. The
 * first third of the time does not count: windows and buffers grow meanwhile. */
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>

#include "baro/loop.h"
#include "baro/network.h"
#include "baro/socket.h"

enum { UNSENT = 8 * 45 * 1448, ROUNDS = 4, BUFFER = 1 << 21 }; /* as `baro iperf3` has on so short a path */

struct end {
    const struct tap_job *job;
    struct baro_tap *tap;
    struct tap_mover *mover;
    struct baro_network *network;
    struct baro_loop *loop;
    struct baro_watch *watch;
    struct baro_stack *stack;
    int listener, fd;
    uint64_t octets;           /* received */
    uint8_t data[4 * TAP_CALL]; /* what is sent; where received octets go */
};

static double wall_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void ready(void *context, uint32_t events)
{
    (void)context; /* the network, a source of the loop, takes the frames */
    (void)events;
}

/* The same where it lies. */
static bool send_in_place(struct end *end)
{
    struct baro_buffer part[2];
    bool any = false;

    while (baro_send_reserve(end->stack, end->fd, TAP_CALL, part) > 0) {
        memset(part[0].data, 'x', part[0].length);
        if (part[1].length != 0)
            memset(part[1].data, 'x', part[1].length);
        if (baro_send_commit(end->stack, end->fd, part[0].length + part[1].length) <= 0)
            break;
        any = true;
    }
    return any;
}

static void recv_in_place(struct end *end)
{
    struct baro_bytes part[2];
    ptrdiff_t octets;

    while ((octets = baro_recv_peek(end->stack, end->fd, part)) > 0 &&
           baro_recv_consume(end->stack, end->fd, (size_t)octets) == octets)
        end->octets += (uint64_t)octets;
}

/* To the place that was said beforehand, as `baro iperf3`. */
static void collect(struct end *end)
{
    ptrdiff_t waited;

    do {
        ptrdiff_t octets = baro_recv_collect(end->stack, end->fd);

        if (octets > 0)
            end->octets += (uint64_t)octets;
        waited = baro_recv_post(end->stack, end->fd, end->data, sizeof end->data);
    } while (waited > 0);
}

/* What may wait unsent; whether there was anything. */
static bool send_all(struct end *end)
{
    bool any = false;

    while (baro_send(end->stack, end->fd, end->data, TAP_CALL, 0) > 0)
        any = true;
    return any;
}

/* The program on the host. */
static void program(void *context, struct baro_host *host)
{
    const int unsent = UNSENT, buffer = BUFFER;
    bool place;
    struct end *end = context;

    (void)host;
    if (end->stack == NULL)
        return;
    if (end->fd < 0) {
        end->fd = baro_accept(end->stack, end->listener, NULL);
        if (end->fd < 0)
            return;
        if (end->job->out)
            (void)baro_setsockopt(end->stack, end->fd, BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
        (void)baro_setsockopt(end->stack, end->fd, BARO_TCP_NOTSENT_LOW_WATER, &unsent, sizeof unsent);
    }
    place = end->job->who == TAP_STACK_PLACE;
    if (end->job->out) {
        for (unsigned round = 0; round < ROUNDS && (place ? send_in_place(end) : send_all(end)); round++)
            baro_stack_flush(end->stack);
        return;
    }
    if (place)
        recv_in_place(end);
    else
        collect(end);
}

static bool open_stack(struct end *end, char *error, size_t size)
{
    const struct baro_endpoint local = { .address = baro_ipv4(10, 9, 0, 2), .port = { TAP_PORT } };
    const struct baro_network_config network = { .seed = 5, .now = baro_loop_now() };
    struct baro_host_config host = { .address = local.address, .prefix_length = 24, .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                     .device = baro_tap_device(end->tap), .program = program, .program_context = end };
    struct baro_switch *bridge;

    end->network = baro_network_create(&network);
    end->loop = baro_loop_create();
    if (end->network == NULL || end->loop == NULL)
        return false;
    if (end->job->who == TAP_STACK_PLAIN) {
        host.device = NULL;
        host.wire = baro_wire_create(end->network, &(struct baro_wire_config){ .no_large = true });
        bridge = baro_switch_create(end->network);
        if (bridge == NULL || host.wire == NULL || baro_switch_join(bridge, host.wire) != 0 ||
            baro_switch_add_device(bridge, baro_tap_device(end->tap)) != 0)
            return false;
        host.mac = TAP_OUR_MAC;
    }
    struct baro_host *made = baro_host_create(end->network, &host, NULL);
    if (made == NULL)
        return false;
    end->stack = baro_host_stack(made);
    end->listener = baro_socket(end->stack, BARO_FAMILY_IPV4, BARO_STREAM);
    end->watch = baro_loop_watch(end->loop, baro_tap_descriptor(end->tap), EPOLLIN, ready, end);
    if (end->watch == NULL || baro_loop_add_network(end->loop, end->network) != 0 ||
        baro_bind(end->stack, end->listener, &local) != 0 || baro_listen(end->stack, end->listener, 4) != 0) {
        snprintf(error, size, "a host on the TAP");
        return false;
    }
    return true;
}

static bool open_end(struct end *end, char *error, size_t size)
{
    snprintf(error, size, "no memory");
    end->fd = -1;
    end->tap = tap_net_device(end->job->who == TAP_STACK_PLAIN, error, size);
    if (end->tap == NULL)
        return false;
    if (end->job->who == TAP_MOVER)
        return (end->mover = tap_mover_create(end->tap, end->job->out)) != NULL;
    return open_stack(end, error, size);
}

static void close_end(struct end *end)
{
    if (end->loop != NULL)
        baro_loop_unwatch(end->loop, end->watch);
    baro_network_free(end->network);
    baro_loop_free(end->loop);
    tap_mover_free(end->mover);
    baro_tap_close(end->tap);
}

/* Works until then. */
static void work(struct end *end, double until)
{
    while (wall_seconds() < until) {
        for (unsigned i = 0; i < 16; i++) {
            if (end->mover != NULL)
                tap_mover_turn(end->mover);
            else
                baro_loop_turn(end->loop, (struct baro_duration){ 1000000 });
        }
    }
}

static uint64_t octets_of(const struct end *end, const struct tap_shared *shared)
{
    if (end->job->out)
        return shared->octets;
    return end->mover != NULL ? tap_mover_octets(end->mover) : end->octets;
}

static double frames_of(const struct end *end)
{
    struct baro_tap_counts counts;

    baro_tap_statistics(end->tap, &counts);
    return (double)(end->job->out ? counts.frames_out : counts.frames_in);
}

bool tap_measure(const struct tap_job *job, double seconds, struct tap_figure *figure, char *error, size_t size)
{
    static struct end end;
    struct tap_shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int process = -1;
    bool open;

    memset(&end, 0, sizeof end);
    end.job = job;
    if (shared == MAP_FAILED) {
        snprintf(error, size, "no memory");
        return false;
    }
    open = open_end(&end, error, size);
    if (open && (process = tap_kernel_start(shared, job->out)) > 0) {
        double begin, cpu, octets, frames;

        work(&end, wall_seconds() + seconds / 3);
        begin = wall_seconds(), cpu = cpu_seconds(), octets = (double)octets_of(&end, shared), frames = frames_of(&end);
        work(&end, begin + seconds);
        octets = (double)octets_of(&end, shared) - octets;
        *figure = (struct tap_figure){ .gbit = octets * 8 / (wall_seconds() - begin) / 1e9,
                                       .cpu_ns = octets > 0 ? (cpu_seconds() - cpu) * 1e9 / (octets / 1024) : 0,
                                       .frame = octets / (frames_of(&end) - frames) };
        tap_kernel_stop(shared, process);
        if (octets <= 0) {
            snprintf(error, size, "nothing moved");
            open = false;
        }
    }
    close_end(&end);
    munmap(shared, sizeof *shared);
    return open && process > 0;
}
