/* bench/pair.c: two stacks in one thread.
 *
 * Each direction is a queue of slots; tx_burst copies a frame's parts into slots of the other side, rx_burst hands out
 * pointers to them, rx_end makes them free. The neighbours are entered by hand, so no ARP is measured. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { SLOTS = 256, FRAME_EXTRA = 18, SUPER_SLOT = 65536 + 64 };

struct lane {
    uint8_t *memory;
    size_t slot_size;
    struct baro_rx_frame frame[SLOTS];
    unsigned first, count, borrowed;
};

struct end {
    struct baro_stack *stack;
    struct baro_device device;
    struct lane lane;  /* frames on their way to this end */
    struct lane *peer; /* and from it */
};

struct bench_pair {
    enum baro_family family;
    struct end end[2];
    int64_t skipped_ns;
};

void bench_expect(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "baro bench: this did not happen: %s\n", what);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t bench_slab_bytes(struct baro_stack *stack)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return statistics.slab_bytes;
}

static unsigned lane_rx(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct end *end = context;
    struct lane *lane = &end->lane;
    unsigned count = lane->count - lane->borrowed;

    if (count > limit)
        count = limit;
    for (unsigned i = 0; i < count; i++)
        frames[i] = lane->frame[(lane->first + lane->borrowed + i) % SLOTS];
    lane->borrowed += count;
    return count;
}

static void lane_rx_end(void *context)
{
    struct end *end = context;

    end->lane.first = (end->lane.first + end->lane.borrowed) % SLOTS;
    end->lane.count -= end->lane.borrowed;
    end->lane.borrowed = 0;
}

static unsigned lane_room(void *context)
{
    struct end *end = context;

    return SLOTS - end->peer->count;
}

static unsigned lane_tx(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct end *end = context;
    struct lane *lane = end->peer;
    bool offload = (end->device.capabilities & BARO_DEVICE_TX_CHECKSUM) != 0;
    unsigned i;

    for (i = 0; i < count && lane->count < SLOTS; i++) {
        unsigned slot = (lane->first + lane->count++) % SLOTS;
        uint8_t *to = lane->memory + slot * lane->slot_size;
        uint32_t length = 0;

        for (unsigned j = 0; j < frames[i].parts; j++) {
            memcpy(to + length, frames[i].part[j].data, frames[i].part[j].length);
            length += (uint32_t)frames[i].part[j].length;
        }
        lane->frame[slot] = (struct baro_rx_frame){
            .data = to,
            .length = length,
            .gso_size = frames[i].gso_size,
            .checksum = offload ? BARO_RX_CHECKSUM_VERIFIED : BARO_RX_CHECKSUM_NONE,
        };
    }
    return i;
}

static void *take(void *context, size_t bytes)
{
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static struct baro_instant now(const struct bench_pair *pair)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (struct baro_instant){ (int64_t)at.tv_sec * 1000000000 + at.tv_nsec + pair->skipped_ns };
}

static struct baro_address address_of(const struct bench_pair *pair, int which)
{
    if (pair->family == BARO_FAMILY_IPV6)
        return baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, (uint16_t)(1 + which));
    return baro_ipv4(10, 0, 0, (uint8_t)(1 + which));
}

static void end_init(struct bench_pair *pair, int which, uint32_t mtu, uint32_t capabilities)
{
    struct end *end = &pair->end[which];
    const struct baro_mac mac[2] = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } };
    struct baro_stack_config config = { .memory = { NULL, take, give_back },
                                        .seed = { (uint8_t)which },
                                        .now = now(pair),
                                        .memory_limit = (size_t)1 << 36 };
    int interface;

    end->lane.slot_size = capabilities & BARO_DEVICE_TSO ? SUPER_SLOT : mtu + FRAME_EXTRA;
    end->lane.memory = malloc(end->lane.slot_size * SLOTS);
    end->peer = &pair->end[1 - which].lane;
    end->device = (struct baro_device){ .context = end,
                                        .mac = mac[which],
                                        .mtu = mtu,
                                        .capabilities = capabilities,
                                        .rx_burst = lane_rx,
                                        .rx_end = lane_rx_end,
                                        .tx_room = lane_room,
                                        .tx_burst = lane_tx };
    end->stack = baro_stack_create(&config);
    bench_expect(end->stack != NULL && end->lane.memory != NULL, "a stack was created");
    interface = baro_stack_add_interface(end->stack, &end->device);
    bench_expect(interface > 0 &&
                     baro_stack_add_address(end->stack, interface, address_of(pair, which),
                                            pair->family == BARO_FAMILY_IPV6 ? 64 : 24, false) == 0 &&
                     baro_stack_set_neighbour(end->stack, interface, address_of(pair, 1 - which), mac[1 - which]) == 0,
                 "an interface was configured");
}

struct bench_pair *bench_pair_create(enum baro_family family, uint32_t mtu, enum bench_offload offload)
{
    static const uint32_t capabilities[] = {
        [BENCH_NONE] = 0,
        [BENCH_CHECKSUM] = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM,
        [BENCH_SUPER] = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM | BARO_DEVICE_TSO | BARO_DEVICE_LRO,
    };
    struct bench_pair *pair = calloc(1, sizeof *pair);

    bench_expect(pair != NULL, "memory");
    pair->family = family;
    end_init(pair, 0, mtu, capabilities[offload]);
    end_init(pair, 1, mtu, capabilities[offload]);
    for (int i = 0; i < 4; i++)
        bench_pair_poll(pair);
    return pair;
}

void bench_pair_free(struct bench_pair *pair)
{
    for (int i = 0; i < 2; i++) {
        baro_stack_free(pair->end[i].stack);
        free(pair->end[i].lane.memory);
    }
    free(pair);
}

bool bench_has(enum baro_family family)
{
    struct bench_pair *pair = bench_pair_create(family, 1500, BENCH_NONE);
    int fd = baro_socket(pair->end[0].stack, family, BARO_STREAM);

    bench_pair_free(pair);
    return fd >= 0;
}

struct baro_stack *bench_pair_stack(struct bench_pair *pair, int which)
{
    return pair->end[which].stack;
}

void bench_pair_poll_from(struct bench_pair *pair, int first)
{
    struct baro_instant at = now(pair);

    baro_stack_poll(pair->end[first].stack, at);
    baro_stack_poll(pair->end[1 - first].stack, at);
}

void bench_pair_poll(struct bench_pair *pair)
{
    bench_pair_poll_from(pair, 0);
}

void bench_pair_skip(struct bench_pair *pair, struct baro_duration span)
{
    pair->skipped_ns += span.ns;
    bench_pair_poll(pair);
}

int bench_listen(struct bench_pair *pair, uint16_t port, int backlog)
{
    struct baro_stack *stack = pair->end[1].stack;
    struct baro_endpoint local = { address_of(pair, 1), { port } };
    int fd = baro_socket(stack, pair->family, BARO_STREAM);

    bench_expect(fd >= 0 && baro_bind(stack, fd, &local) == 0 && baro_listen(stack, fd, backlog) == 0, "listen");
    return fd;
}

void bench_connect(struct bench_pair *pair, int listener, uint16_t port, int *client, int *server)
{
    struct baro_stack *stack = pair->end[0].stack;
    struct baro_endpoint remote = { address_of(pair, 1), { port } };
    int result;

    *client = baro_socket(stack, pair->family, BARO_STREAM);
    bench_expect(*client >= 0, "a socket");
    result = baro_connect(stack, *client, &remote);
    *server = -1;
    for (int i = 0; i < 64 && *server < 0; i++) {
        bench_pair_poll(pair);
        *server = baro_accept(pair->end[1].stack, listener, NULL);
    }
    bench_expect(*server >= 0, result == 0 ? "a connection" : "a connection after connect's EINPROGRESS");
}
