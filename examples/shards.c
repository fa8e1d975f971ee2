/* examples/shards.c: an echo server in several stacks, a thread each, behind one address of one TAP (baro_shard(3)).
 *
 * Run it as root (or in a namespace of yours): shards baro0 2, then in another terminal
 *     ip addr add 10.9.0.1/24 dev baro0; ip addr add fd00:9::1/64 dev baro0; ip link set baro0 up
 *     nc 10.9.0.2 7; nc fd00:9::2 7
 *
 * The main thread has the wire: it reads bursts of frames, asks whose each is, and puts a copy into that shard's ring,
 * which has one writer and one reader. The shards share nothing but the descriptor to which they write what they send.
 * SIGINT, SIGTERM or the third argument's seconds end it: it tells how many connections each shard accepted, and how
 * many frames it did not get since its ring was full, which for TCP is a loss as on any wire. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll() */
#endif
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "baro/socket.h"
#include "baro/tap.h"

enum { SHARDS = 16, SECONDS = 86400, MTU = 1500, FRAME = MTU + 18, SLOTS = 512, BACKLOG = 128 };

/* Counts run on beyond SLOTS, a slot is the count modulo SLOTS. Each side writes to cache lines of its own. */
struct ring {
    _Alignas(64) atomic_uint put; /* the main thread's */
    uint64_t dropped;
    _Alignas(64) atomic_uint taken; /* the shard's */
    unsigned lent;                  /* frames from `taken` on that the stack looks at */
    _Alignas(64) uint32_t length[SLOTS];
    uint8_t octet[SLOTS][FRAME];
};

struct shard {
    struct ring ring;
    struct baro_device device;
    struct baro_stack *stack;
    pthread_t thread;
    int tap, wake; /* where frames go; an eventfd: there are frames, or it is over */
    int listener;
    uint32_t accepted;
    atomic_bool over;
};

static void *take(void *context, size_t bytes)
{
    void *slab = aligned_alloc(64, (bytes + 63) / 64 * 64);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static struct baro_instant now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct baro_instant){ (int64_t)at.tv_sec * 1000000000 + at.tv_nsec };
}

/* How long to sleep until `deadline`. */
static struct timespec left_until(struct baro_instant deadline)
{
    int64_t ns = deadline.ns - now().ns;

    return ns < 0 ? (struct timespec){ 0 } : (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

/* ---- the main thread: frames into rings ---- */

static void ring_put(struct ring *ring, struct baro_bytes frame)
{
    unsigned put = atomic_load_explicit(&ring->put, memory_order_relaxed);

    if (put - atomic_load_explicit(&ring->taken, memory_order_acquire) == SLOTS) {
        ring->dropped++;
        return;
    }
    memcpy(ring->octet[put % SLOTS], frame.data, frame.length);
    ring->length[put % SLOTS] = (uint32_t)frame.length;
    atomic_store_explicit(&ring->put, put + 1, memory_order_release);
}

/* Puts each frame of a burst into the ring of whose it is. */
static void deal(const struct baro_shard *all, struct shard *shards, const struct baro_rx_frame *frames, unsigned count)
{
    struct baro_bytes bytes[BARO_BURST_LIMIT];
    uint32_t whose[BARO_BURST_LIMIT];
    bool got[SHARDS] = { false };

    for (unsigned i = 0; i < count; i++)
        bytes[i] = (struct baro_bytes){ frames[i].data, frames[i].length };
    baro_shard_of_burst(all, bytes, count, whose);
    for (unsigned i = 0; i < count; i++) {
        uint32_t first = whose[i] == BARO_SHARD_ALL ? 0 : whose[i];
        uint32_t last = whose[i] == BARO_SHARD_ALL ? all->count - 1 : whose[i];

        for (uint32_t to = first; to <= last; to++) {
            ring_put(&shards[to].ring, bytes[i]);
            got[to] = true;
        }
    }
    for (uint32_t to = 0; to < all->count; to++)
        if (got[to])
            eventfd_write(shards[to].wake, 1);
}

/* Deals until a signal comes or the time is over. 0 or -errno. */
static int deal_all(const struct baro_shard *all, struct shard *shards, struct baro_tap *tap, int signals,
                    struct baro_instant end)
{
    const struct baro_device *device = baro_tap_device(tap);
    struct pollfd wait[2] = { { .fd = baro_tap_descriptor(tap), .events = POLLIN },
                              { .fd = signals, .events = POLLIN } };

    while (wait[1].revents == 0 && now().ns < end.ns) {
        struct baro_rx_frame frames[BARO_BURST_LIMIT];
        struct timespec left = left_until(end);
        unsigned count;

        if (ppoll(wait, 2, &left, NULL) < 0)
            return -errno;
        if ((wait[0].revents & POLLERR) != 0)
            return -ENODEV; /* somebody took the TAP away */
        count = device->rx_burst(device->context, frames, BARO_BURST_LIMIT);
        if (count != 0)
            deal(all, shards, frames, count);
    }
    return 0;
}

/* ---- a shard: a stack whose device is a ring one way and a descriptor the other ---- */

static unsigned shard_rx(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct ring *ring = &((struct shard *)context)->ring;
    unsigned taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    unsigned count = atomic_load_explicit(&ring->put, memory_order_acquire) - taken;

    ring->lent = count < limit ? count : limit;
    for (unsigned i = 0; i < ring->lent; i++) {
        unsigned slot = (taken + i) % SLOTS;

        frames[i] = (struct baro_rx_frame){ .data = ring->octet[slot], .length = ring->length[slot] };
    }
    return ring->lent;
}

static void shard_rx_end(void *context)
{
    struct ring *ring = &((struct shard *)context)->ring;

    atomic_fetch_add_explicit(&ring->taken, ring->lent, memory_order_release);
    ring->lent = 0;
}

static unsigned shard_tx_room(void *context)
{
    (void)context;
    return BARO_BURST_LIMIT;
}

/* A write is one frame, whoever else writes. One that the kernel refuses is lost, as on a wire. The TAP's own tx_burst
 * counts, so it is one thread's. */
static unsigned shard_tx(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    const struct shard *shard = context;
    ssize_t written;

    for (unsigned i = 0; i < count; i++) {
        struct iovec part[3];

        for (unsigned j = 0; j < frames[i].parts; j++) {
            part[j].iov_base = (void *)(uintptr_t)frames[i].part[j].data;
            part[j].iov_len = frames[i].part[j].length;
        }
        written = writev(shard->tap, part, (int)frames[i].parts);
        (void)written;
    }
    return count;
}

/* Sends back what came in, as far as there is room to send. */
static void echo(struct baro_stack *stack, int fd)
{
    char data[4096];

    for (;;) {
        ptrdiff_t room = baro_writable_bytes(stack, fd), octets;

        if (room == 0)
            return;
        octets = baro_recv(stack, fd, data, room > 0 && room < 4096 ? (size_t)room : sizeof data, 0);
        if (octets == -EAGAIN)
            return;
        if (octets <= 0 || baro_send(stack, fd, data, (size_t)octets, 0) != octets) {
            baro_close(stack, fd);
            return;
        }
    }
}

static void serve(struct shard *shard)
{
    struct baro_ready ready;

    while (baro_next_ready(shard->stack, &ready)) {
        int fd = ready.fd;

        if (fd != shard->listener) {
            echo(shard->stack, fd);
            continue;
        }
        while ((fd = baro_accept(shard->stack, shard->listener, NULL)) >= 0) {
            shard->accepted++;
            echo(shard->stack, fd);
        }
    }
}

/* What was put into the ring too late to be seen, and `over`, are told by `wake`: so it is read before either. */
static void *shard_run(void *context)
{
    struct shard *shard = context;
    struct pollfd frames = { .fd = shard->wake, .events = POLLIN };

    for (;;) {
        struct baro_instant deadline;
        struct timespec left;
        eventfd_t times;

        eventfd_read(shard->wake, &times);
        if (atomic_load(&shard->over))
            return NULL;
        while (baro_stack_poll(shard->stack, now()) != 0)
            serve(shard);
        serve(shard);
        baro_stack_flush(shard->stack);
        if (baro_stack_next_deadline(shard->stack, &deadline)) {
            left = left_until(deadline);
            ppoll(&frames, 1, &left, NULL);
        } else {
            ppoll(&frames, 1, NULL, NULL);
        }
    }
}

/* The same addresses in every shard, and a listener of both families. 0 or -errno. */
static int shard_listen(struct shard *shard)
{
    const struct baro_endpoint local = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { 7 } };
    int interface = baro_stack_add_interface(shard->stack, &shard->device);
    int error = baro_stack_add_address(shard->stack, interface, baro_ipv4(10, 9, 0, 2), 24, false);

    if (error == 0)
        error = baro_stack_add_address(shard->stack, interface, baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, 2), 64, false);
    shard->listener = baro_socket(shard->stack, BARO_FAMILY_IPV6, BARO_STREAM);
    if (error == 0)
        error = baro_bind(shard->stack, shard->listener, &local);
    return error != 0 ? error : baro_listen(shard->stack, shard->listener, BACKLOG);
}

/* Starts the shard with that number; `shard` is all zeros before. 0 or -errno. */
static int shard_start(struct shard *shard, struct baro_shard which, uint32_t number, struct baro_tap *tap)
{
    struct baro_stack_config config = { .memory = { NULL, take, give_back }, .now = now() };
    int error = -ENOMEM;

    which.number = number;
    config.shard = which;
    shard->tap = baro_tap_descriptor(tap);
    shard->device = (struct baro_device){ .context = shard, .mac = baro_tap_device(tap)->mac, .mtu = MTU,
                                          .rx_burst = shard_rx, .rx_end = shard_rx_end,
                                          .tx_room = shard_tx_room, .tx_burst = shard_tx };
    shard->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (shard->wake < 0 || getrandom(config.seed, sizeof config.seed, 0) != sizeof config.seed)
        return -errno;
    shard->stack = baro_stack_create(&config);
    if (shard->stack != NULL)
        error = shard_listen(shard);
    return error != 0 ? error : -pthread_create(&shard->thread, NULL, shard_run, shard);
}

/* Ends a shard, and tells what it did. */
static void shard_end(struct shard *shard, uint32_t number)
{
    atomic_store(&shard->over, true);
    eventfd_write(shard->wake, 1);
    pthread_join(shard->thread, NULL);
    printf("shard %" PRIu32 ": %" PRIu32 " connections accepted, %" PRIu64 " frames dropped since its ring was full\n",
           number, shard->accepted, shard->ring.dropped);
    baro_stack_free(shard->stack);
    close(shard->wake);
}

/* A whole number from 1 to `most`; 0: it is none. */
static uint32_t number_of(const char *text, uint32_t most)
{
    char *rest;
    unsigned long number = strtoul(text, &rest, 10);

    return text[0] >= '0' && text[0] <= '9' && *rest == '\0' && number <= most ? (uint32_t)number : 0;
}

/* The descriptor from which SIGINT and SIGTERM are read, in place of what they do else, in all threads. */
static int open_signals(void)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    return signalfd(-1, &ends, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct baro_shard all = { .count = argc > 2 ? number_of(argv[2], SHARDS) : 0 };
    uint32_t seconds = argc > 3 ? number_of(argv[3], SECONDS) : UINT32_MAX, running = 0;
    int signals = open_signals(), error = 0;
    struct baro_tap *tap;
    struct shard *shards;

    if (argc < 3 || argc > 4 || all.count == 0 || seconds == 0) {
        fprintf(stderr, "usage: shards TAP SHARDS [SECONDS]: a device's name, 1 to %d, 1 to %d\n", SHARDS, SECONDS);
        return 2;
    }
    tap = baro_tap_open(argv[1], MTU, (struct baro_mac){ { 2, 0, 0, 0, 9, 2 } });
    shards = take(NULL, all.count * sizeof *shards);
    if (tap == NULL || signals < 0 || shards == NULL || getrandom(all.key, sizeof all.key, 0) != sizeof all.key) {
        perror("shards");
        return 1;
    }
    while (running < all.count && (error = shard_start(&shards[running], all, running, tap)) == 0)
        running++;
    if (error == 0)
        error = deal_all(&all, shards, tap, signals,
                         (struct baro_instant){ now().ns + (int64_t)seconds * 1000000000 });
    if (error != 0)
        fprintf(stderr, "shards: %s\n", strerror(-error));
    for (uint32_t i = 0; i < running; i++)
        shard_end(&shards[i], i);
    baro_tap_close(tap);
    free(shards);
    return error == 0 ? 0 : 1;
}
