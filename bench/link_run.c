/* bench/link_run.c: what goes through a device: frames without a stack, this stack's TCP, and beside them the kernel's
 * TCP over the same veth. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "link.h"

enum {
    PORT = 7, CHUNK = 65536, BUFFER = 1 << 20, KERNEL_CALLS = 16, WAIT_MS = 1, WARM_DIVISOR = 4, PATIENCE_S = 10,
    TURNS = 64, /* between looks at the clock */
    FRAME_HEADER = 14, SEGMENT_HEADERS = 52 /* IPv4's and TCP's with timestamps */
};

static double wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct ends {
    struct baro_link *link[2];
};

static bool open_ends(const struct link_net *net, const struct link_job *job, struct ends *ends, char *error,
                      size_t size)
{
    *ends = (struct ends){ { NULL, NULL } };
    for (int i = 0; i < 2; i++) {
        const struct baro_link_config config = { .kind = job->kind,
                                                 .interface = i == 0 ? "veth0" : "veth1",
                                                 .mac = { { 2, 0xba, 0x70, 0, 1, (uint8_t)i } },
                                                 .offloads = job->what == LINK_SUPER,
                                                 .gro = job->what == LINK_GRO };

        link_net_enter(net, i);
        ends->link[i] = baro_link_open(&config, error, size);
        link_net_enter(net, -1);
        if (ends->link[i] == NULL) {
            baro_link_close(ends->link[0]);
            return false;
        }
    }
    return true;
}

static void close_ends(struct ends *ends)
{
    baro_link_close(ends->link[0]);
    baro_link_close(ends->link[1]);
}

/* ---- turns of the ends ---- */

/* One end's share of the work, and what has come of it so far; each end may have a thread of its own. */
struct work {
    void (*turn)(struct work *work, int which);
    bool threads;
    atomic_bool over, joined; /* joined: the other end's thread has had its first turn */
    struct {
        _Alignas(64) atomic_uint_fast64_t frames, octets;
    } done[2];
    const struct link_job *job;
    const struct link_net *net; /* the kernel's TCP: its interfaces count the frames */
    const struct baro_device *device[2];
    struct baro_stack *stack[2];
    int fd[2], wait[2]; /* connections; descriptors of the links */
};

static void add(struct work *work, int which, uint64_t frames, uint64_t octets)
{
    atomic_fetch_add_explicit(&work->done[which].frames, frames, memory_order_relaxed);
    atomic_fetch_add_explicit(&work->done[which].octets, octets, memory_order_relaxed);
}

static void *other_end(void *context)
{
    struct work *work = context;

    do {
        work->turn(work, 1);
        atomic_store_explicit(&work->joined, true, memory_order_relaxed);
    } while (!atomic_load_explicit(&work->over, memory_order_relaxed));
    return NULL;
}

/* What has come at a moment. */
struct moment {
    double at;
    uint64_t octets, frames[2], packets; /* packets: those that the kernel's receiver was given */
};

static struct moment moment_now(struct work *work)
{
    struct moment moment = { .at = wall(),
                             .octets = atomic_load(&work->done[0].octets) + atomic_load(&work->done[1].octets) };

    for (int i = 0; i < 2; i++) {
        struct link_received received = { 0 };

        if (work->net != NULL)
            received = link_net_received(work->net, i);
        moment.frames[i] = work->net != NULL ? received.frames : atomic_load(&work->done[i].frames);
        moment.packets = received.packets;
    }
    return moment;
}

static uint64_t come(const struct work *work)
{
    return atomic_load(&work->done[0].frames) + atomic_load(&work->done[1].frames) +
           atomic_load(&work->done[0].octets) + atomic_load(&work->done[1].octets);
}

static void figure_between(const struct work *work, const struct moment *begin, const struct moment *end,
                           struct link_figure *figure)
{
    uint64_t to[2] = { end->frames[0] - begin->frames[0], end->frames[1] - begin->frames[1] };
    uint64_t packets = end->packets - begin->packets;
    double span = end->at - begin->at;

    figure->frames = (double)(to[0] + to[1]) / span;
    figure->gbit = (double)(end->octets - begin->octets) * 8 / span / 1e9;
    if (work->job->what >= LINK_STACK && to[0] != 0)
        figure->per_ack = (double)to[1] / (double)to[0];
    if (packets != 0)
        figure->per_packet = (double)to[1] / (double)packets;
}

/* Turns of both ends until the time is over: in this thread, or the second's in its own. The first part does not
 * count, nor does what is before the second's first turn; time in which nothing came at all, on a busy machine, is
 * no measure. */
static void run(struct work *work, double seconds, struct link_figure *figure)
{
    double start = wall(), now = start;
    struct moment begin = { 0 }, end;
    uint64_t before = 0;
    pthread_t thread;

    bench_expect(!work->threads || pthread_create(&thread, NULL, other_end, work) == 0, "a thread");
    do {
        for (int i = 0; i < (work->threads ? 1 : TURNS); i++) {
            work->turn(work, 0);
            if (!work->threads)
                work->turn(work, 1);
        }
        now = wall();
        if (begin.at == 0 && now - start > seconds / WARM_DIVISOR && (!work->threads || atomic_load(&work->joined))) {
            before = come(work);
            begin = moment_now(work);
        }
    } while (begin.at == 0 || now - begin.at < seconds || (come(work) == before && now - begin.at < PATIENCE_S));
    end = moment_now(work);
    atomic_store(&work->over, true);
    if (work->threads)
        pthread_join(thread, NULL);
    figure_between(work, &begin, &end, figure);
}

/* ---- frames ---- */

static void raw_turn(struct work *work, int which)
{
    const struct baro_device *from = work->device[which], *to = work->device[1 - which];
    bool mix = work->job->what == LINK_RAW_MIX;
    uint8_t octet[9014] = { 0 };
    struct baro_tx_frame frame[BARO_BURST_LIMIT];
    struct baro_rx_frame received[BARO_BURST_LIMIT];
    unsigned came, room = from->tx_room(from->context),
                   count = mix && which == 1 ? BARO_BURST_LIMIT / 2 : BARO_BURST_LIMIT;
    size_t octets = !mix         ? work->job->octets
                    : which == 0 ? work->job->mtu + FRAME_HEADER
                                 : FRAME_HEADER + SEGMENT_HEADERS;

    memcpy(octet, to->mac.octet, 6);
    memcpy(octet + 6, from->mac.octet, 6);
    octet[12] = 0x88; /* IEEE 802's EtherType for experiments: the kernel's stack does nothing with it */
    octet[13] = 0xb5;
    for (unsigned i = 0; i < count; i++)
        frame[i] = (struct baro_tx_frame){ .parts = 1, .part = { { octet, octets } } };
    (void)from->tx_burst(from->context, frame, count < room ? count : room);
    came = from->rx_burst(from->context, received, BARO_BURST_LIMIT);
    /* what TCP would carry in them */
    add(work, which, came, mix && which == 1 ? (uint64_t)came * (work->job->mtu - SEGMENT_HEADERS) : 0);
    from->rx_end(from->context);
}

/* ---- this stack ---- */

static void stacks_open(struct work *work)
{
    for (int i = 0; i < 2; i++) {
        const struct baro_stack_config config = {
            .memory = bench_memory_plain(), .seed = { (uint8_t)i }, .now = bench_now(), .memory_limit = (size_t)1 << 30
        };
        int interface;

        work->stack[i] = baro_stack_create(&config);
        bench_expect(work->stack[i] != NULL, "a stack was created");
        interface = baro_stack_add_interface(work->stack[i], work->device[i]);
        bench_expect(interface > 0 &&
                         baro_stack_add_address(work->stack[i], interface, baro_ipv4(10, 8, 0, (uint8_t)(1 + i)), 24,
                                                false) == 0 &&
                         baro_stack_set_neighbour(work->stack[i], interface, baro_ipv4(10, 8, 0, (uint8_t)(2 - i)),
                                                  work->device[1 - i]->mac) == 0,
                     "an interface was configured");
    }
}

static void connection_open(struct work *work)
{
    const struct baro_endpoint server = { baro_ipv4(10, 8, 0, 2), { PORT } };
    const int buffer = BUFFER;
    int listener = baro_socket(work->stack[1], BARO_FAMILY_IPV4, BARO_STREAM);
    double start = wall();

    bench_expect(listener >= 0 && baro_bind(work->stack[1], listener, &server) == 0 &&
                     baro_listen(work->stack[1], listener, 8) == 0,
                 "listen");
    work->fd[0] = baro_socket(work->stack[0], BARO_FAMILY_IPV4, BARO_STREAM);
    work->fd[1] = -1;
    (void)baro_connect(work->stack[0], work->fd[0], &server);
    while (work->fd[1] < 0 && wall() - start < 5) {
        baro_stack_poll(work->stack[0], bench_now());
        baro_stack_poll(work->stack[1], bench_now());
        work->fd[1] = baro_accept(work->stack[1], listener, NULL);
    }
    bench_expect(work->fd[1] >= 0, "a connection through the device");
    baro_setsockopt(work->stack[0], work->fd[0], BARO_SO_SEND_BUFFER, &buffer, sizeof buffer);
    baro_setsockopt(work->stack[1], work->fd[1], BARO_SO_RECV_BUFFER, &buffer, sizeof buffer);
}

static void stack_turn(struct work *work, int which)
{
    static uint8_t chunk[2][CHUNK];
    struct baro_ready ready;
    uint64_t octets = 0;
    unsigned frames;
    ptrdiff_t moved;

    while (which == 0 && baro_send(work->stack[0], work->fd[0], chunk[0], CHUNK, 0) > 0)
        continue;
    frames = baro_stack_poll(work->stack[which], bench_now());
    while (which == 1 && (moved = baro_recv(work->stack[1], work->fd[1], chunk[1], CHUNK, 0)) > 0)
        octets += (uint64_t)moved;
    while (baro_next_ready(work->stack[which], &ready))
        continue;
    add(work, which, frames, octets);
    if (work->threads && frames == 0) { /* as a program's loop would; no timer of a flow without loss is so near */
        struct pollfd wait = { .fd = work->wait[which], .events = POLLIN };

        (void)poll(&wait, 1, WAIT_MS);
    }
}

/* ---- the kernel ---- */

static bool kernel_connection(const struct link_net *net, int fd[2], char *error, size_t size)
{
    struct sockaddr_in server = { .sin_family = AF_INET,
                                  .sin_port = htons(PORT),
                                  .sin_addr.s_addr = htonl(0x0a090002) };
    int listener, one = 1;

    link_net_enter(net, 1);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    fd[1] = -1;
    if (listener >= 0 && bind(listener, (struct sockaddr *)&server, sizeof server) == 0 && listen(listener, 8) == 0) {
        link_net_enter(net, 0);
        fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd[0] >= 0 && connect(fd[0], (struct sockaddr *)&server, sizeof server) == 0)
            fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        else if (fd[0] >= 0)
            close(fd[0]);
    }
    link_net_enter(net, -1);
    if (fd[1] < 0)
        snprintf(error, size, "the kernel's connection: %s", strerror(errno));
    if (listener >= 0)
        close(listener);
    return fd[1] >= 0;
}

/* With a thread each the ends wait, as programs do. */
static void kernel_turn(struct work *work, int which)
{
    static uint8_t chunk[2][CHUNK];
    struct pollfd wait = { .fd = work->fd[which], .events = which == 0 ? POLLOUT : POLLIN };
    uint64_t octets = 0;
    ssize_t moved = 0;

    for (int i = 0; i < KERNEL_CALLS; i++) { /* the other end may work meanwhile, so there might be no end */
        moved =
            which == 0 ? send(wait.fd, chunk[0], CHUNK, MSG_DONTWAIT) : recv(wait.fd, chunk[1], CHUNK, MSG_DONTWAIT);
        if (moved <= 0)
            break;
        octets += which == 0 ? 0 : (uint64_t)moved;
    }
    add(work, which, 0, octets);
    if (work->threads && moved <= 0)
        (void)poll(&wait, 1, WAIT_MS);
}

static bool run_kernel(struct work *work, double seconds, struct link_figure *figure, char *error, size_t size)
{
    if (!kernel_connection(work->net, work->fd, error, size))
        return false;
    work->turn = kernel_turn;
    run(work, seconds, figure);
    close(work->fd[0]);
    close(work->fd[1]);
    return true;
}

static enum link_offloads offloads_for(enum link_what what)
{
    return what == LINK_KERNEL ? LINK_OFFLOADS_NONE : what == LINK_KERNEL_GRO ? LINK_OFFLOADS_GRO : LINK_OFFLOADS_ALL;
}

static bool run_stack(const struct link_net *net, struct work *work, double seconds, struct link_figure *figure,
                      char *error, size_t size)
{
    struct ends ends;

    if (!open_ends(net, work->job, &ends, error, size))
        return false;
    for (int i = 0; i < 2; i++) {
        work->device[i] = baro_link_device(ends.link[i]);
        work->wait[i] = baro_link_descriptor(ends.link[i]);
    }
    if (work->job->what >= LINK_STACK) {
        work->turn = stack_turn;
        stacks_open(work);
        connection_open(work);
    }
    run(work, seconds, figure);
    for (int i = 0; i < 2; i++) {
        if (work->stack[i] != NULL)
            baro_stack_free(work->stack[i]);
    }
    close_ends(&ends);
    return true;
}

bool link_measure(const struct link_net *net, const struct link_job *job, double seconds, struct link_figure *figure,
                  char *error, size_t size)
{
    struct work work = { .turn = raw_turn, .job = job, .threads = job->threads };
    bool done;

    *figure = (struct link_figure){ 0 };
    if (link_net_mtu(net, job->mtu, error, size) < 0 ||
        link_net_offloads(net, offloads_for(job->what), error, size) < 0)
        return false;
    if (job->napi && link_net_threaded(net, true, error, size) < 0)
        return false;
    if (job->what >= LINK_KERNEL) {
        work.net = net;
        done = run_kernel(&work, seconds, figure, error, size);
    } else {
        done = run_stack(net, &work, seconds, figure, error, size);
    }
    /* what comes next would be measured with it, too */
    if (job->napi && link_net_threaded(net, false, error, size) < 0)
        bench_expect(false, error);
    return done;
}
