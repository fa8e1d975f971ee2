/* bench/pair.c: two stacks in one thread.
 *
 * Each direction is a queue of slots; tx_burst copies a frame's parts into slots of the other side (the wire: one
 * copy), rx_burst hands out pointers to them, rx_end makes them free. The neighbours are entered by hand, so no ARP is
 * measured. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = BENCH_SLOTS, FRAME_EXTRA = 18, SUPER_SLOT = 65536 + 64 };

struct lane {
    uint8_t *memory;
    size_t slot_size;
    /* no struct baro_rx_frame: copied all at once it would wait for what was written one by one a moment ago */
    struct {
        uint8_t *data;
        uint32_t length;
        uint16_t gso_size;
    } slot[SLOTS];
    uint8_t checksum;                  /* what all are worth: enum baro_rx_checksum */
    unsigned slots, count, borrowed;
    unsigned next, last;               /* slots: the next to be handed out, and the next to be filled */
    uint64_t frames;
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
};

static inline unsigned slot_behind(const struct lane *lane, unsigned slot)
{
    return slot + 1 == lane->slots ? 0 : slot + 1;
}

static inline void hand_out(struct lane *lane, struct baro_rx_frame *frame)
{
    const unsigned slot = lane->next;

    frame->data = lane->slot[slot].data;
    frame->length = lane->slot[slot].length;
    frame->gso_size = lane->slot[slot].gso_size;
    frame->checksum = lane->checksum;
    frame->arrival_id = 0;
    lane->next = slot_behind(lane, slot);
}

static unsigned lane_rx(void *context, struct baro_rx_frame *frames, unsigned limit)
{
    struct end *end = context;
    struct lane *lane = &end->lane;
    unsigned count = lane->count - lane->borrowed;

    if (count > limit)
        count = limit;
    lane->borrowed += count;
    if (count == 1) {
        hand_out(lane, frames);
        return 1;
    }
    for (unsigned i = 0; i < count; i++)
        hand_out(lane, &frames[i]);
    return count;
}

static void lane_rx_end(void *context)
{
    struct end *end = context;

    end->lane.count -= end->lane.borrowed;
    end->lane.borrowed = 0;
    if (end->lane.count == 0) /* the slots that were used last are those that caches hold */
        end->lane.next = end->lane.last = 0;
}

static unsigned lane_room(void *context)
{
    struct end *end = context;

    return end->peer->slots - end->peer->count;
}

static inline void put(struct lane *lane, const struct baro_tx_frame *frame)
{
    const unsigned slot = lane->last;

    lane->last = slot_behind(lane, slot);
    lane->slot[slot].gso_size = frame->gso_size;
    lane->slot[slot].length = (uint32_t)bench_gather(lane->slot[slot].data, frame->part, frame->parts);
}

static __attribute__((noinline)) unsigned put_many(struct lane *lane, const struct baro_tx_frame *frames,
                                                   unsigned count)
{
    if (count > lane->slots - lane->count)
        count = lane->slots - lane->count;
    lane->count += count;
    lane->frames += count;
    for (unsigned i = 0; i < count; i++)
        put(lane, &frames[i]);
    return count;
}

/* One frame keeps no registers for many, as lwIP's wire, which has no others, keeps none. */
static unsigned lane_tx(void *context, const struct baro_tx_frame *frames, unsigned count)
{
    struct end *end = context;
    struct lane *lane = end->peer;

    if (count != 1 || lane->count == lane->slots)
        return put_many(lane, frames, count);
    lane->count++;
    lane->frames++;
    put(lane, frames);
    return 1;
}

static struct baro_address address_of(const struct bench_pair *pair, int which)
{
    if (pair->family == BARO_FAMILY_IPV6)
        return baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, (uint16_t)(1 + which));
    return baro_ipv4(10, 0, 0, (uint8_t)(1 + which));
}

static void end_init(struct bench_pair *pair, int which, const struct bench_case *question, uint32_t capabilities)
{
    struct end *end = &pair->end[which];
    const struct baro_mac mac[2] = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } };
    struct baro_stack_config config = { .memory = bench_memory(),
                                        .seed = { (uint8_t)which },
                                        .now = bench_now(),
                                        .memory_limit = (size_t)1 << 36,
                                        .descriptor_limit = 1 << 24,
                                        .time_wait_limit = question->time_wait_limit };
    bool large = (capabilities & BARO_DEVICE_TSO) != 0, offload = (capabilities & BARO_DEVICE_TX_CHECKSUM) != 0;
    int interface;

    end->lane.slot_size = large ? SUPER_SLOT : (question->mtu + FRAME_EXTRA + 63) / 64 * 64;
    end->lane.slots = bench_slots(end->lane.slot_size);
    end->lane.memory = aligned_alloc(64, end->lane.slot_size * end->lane.slots);
    bench_expect(end->lane.memory != NULL, "memory for a wire");
    for (unsigned i = 0; i < end->lane.slots; i++)
        end->lane.slot[i].data = end->lane.memory + i * end->lane.slot_size;
    /* both ends' devices can the same */
    end->lane.checksum = offload ? BARO_RX_CHECKSUM_VERIFIED : BARO_RX_CHECKSUM_NONE;
    end->peer = &pair->end[1 - which].lane;
    end->device = (struct baro_device){ .context = end,
                                        .mac = mac[which],
                                        .mtu = question->mtu,
                                        .capabilities = capabilities,
                                        .rx_burst = lane_rx,
                                        .rx_end = lane_rx_end,
                                        .tx_room = lane_room,
                                        .tx_burst = lane_tx };
    end->stack = baro_stack_create(&config);
    bench_expect(end->stack != NULL, "a stack was created");
    interface = baro_stack_add_interface(end->stack, &end->device);
    bench_expect(interface > 0 &&
                     baro_stack_add_address(end->stack, interface, address_of(pair, which),
                                            pair->family == BARO_FAMILY_IPV6 ? 64 : 24, false) == 0 &&
                     baro_stack_set_neighbour(end->stack, interface, address_of(pair, 1 - which), mac[1 - which]) == 0,
                 "an interface was configured");
}

struct bench_pair *bench_pair_create(const struct bench_case *question)
{
    static const uint32_t capabilities[] = {
        [BENCH_NONE] = 0,
        [BENCH_CHECKSUM] = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM,
        [BENCH_LARGE] = BARO_DEVICE_TSO | BARO_DEVICE_LRO,
        [BENCH_SUPER] = BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_RX_CHECKSUM | BARO_DEVICE_TSO | BARO_DEVICE_LRO,
    };
    struct bench_pair *pair = calloc(1, sizeof *pair);

    bench_expect(pair != NULL, "memory");
    pair->family = question->family;
    end_init(pair, 0, question, capabilities[question->offload]);
    end_init(pair, 1, question, capabilities[question->offload]);
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
    const struct bench_case question = { .family = family, .mtu = 1500 };
    struct bench_pair *pair = bench_pair_create(&question);
    int fd = baro_socket(pair->end[0].stack, family, BARO_STREAM);

    bench_pair_free(pair);
    return fd >= 0;
}

struct baro_stack *bench_pair_stack(struct bench_pair *pair, int which)
{
    return pair->end[which].stack;
}

uint64_t bench_pair_frames(const struct bench_pair *pair, int which)
{
    return pair->end[which].lane.frames;
}

void bench_pair_poll(struct bench_pair *pair)
{
    struct baro_instant at = bench_now();

    baro_stack_poll(pair->end[0].stack, at);
    baro_stack_poll(pair->end[1].stack, at);
}

void bench_pair_forget(struct bench_pair *pair)
{
    struct baro_ready ready;

    for (int i = 0; i < 2; i++) {
        while (baro_next_ready(pair->end[i].stack, &ready))
            continue;
    }
}

void bench_pair_settle(struct bench_pair *pair)
{
    struct baro_instant deadline, at;
    bool more = true;

    while (more) {
        bench_pair_forget(pair);
        at = bench_now();
        more = false;
        for (int i = 0; i < 2; i++) {
            baro_stack_poll(pair->end[i].stack, at);
            more = more || pair->end[i].lane.count != 0 ||
                   (baro_stack_next_deadline(pair->end[i].stack, &deadline) && deadline.ns <= at.ns);
        }
    }
}

/* ---- connections ---- */

struct baro_endpoint bench_pair_server(const struct bench_pair *pair, uint16_t port)
{
    return (struct baro_endpoint){ address_of(pair, 1), { port } };
}

int bench_listen(struct bench_pair *pair, uint16_t port, int backlog)
{
    struct baro_stack *stack = pair->end[1].stack;
    struct baro_endpoint local = bench_pair_server(pair, port);
    int fd = baro_socket(stack, pair->family, BARO_STREAM);

    bench_expect(fd >= 0 && baro_bind(stack, fd, &local) == 0 && baro_listen(stack, fd, backlog) == 0, "listen");
    return fd;
}

void bench_connect(struct bench_pair *pair, int listener, uint16_t port, int *client, int *server)
{
    struct baro_stack *stack = pair->end[0].stack;
    struct baro_endpoint remote = bench_pair_server(pair, port);
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

void bench_pair_silence(struct bench_pair *pair, unsigned times, unsigned step_s)
{
    for (unsigned i = 0; i < times; i++) {
        bench_skip((struct baro_duration){ step_s * INT64_C(1000000000) });
        bench_pair_settle(pair);
    }
}

/* Keepalive with the first probe at `due`; 0: as it comes. */
static void keep_alive(struct baro_stack *stack, int fd, struct baro_instant due)
{
    struct baro_duration idle = { due.ns - bench_now().ns };
    int on = 1;

    bench_expect((due.ns == 0 || baro_setsockopt(stack, fd, BARO_TCP_KEEPALIVE_IDLE, &idle, sizeof idle) == 0) &&
                     baro_setsockopt(stack, fd, BARO_SO_KEEPALIVE, &on, sizeof on) == 0,
                 "keepalive is on");
}

void bench_connections_open(struct bench_connections *all, const struct bench_case *question)
{
    enum { A_PORT = 20000 };
    uint32_t batch = question->batch != 0 ? question->batch : 1000;
    int listener = 0;

    all->pair = bench_pair_create(question);
    all->count = question->connections;
    all->client = malloc(all->count * sizeof *all->client);
    all->server = malloc(all->count * sizeof *all->server);
    bench_expect(all->client != NULL && all->server != NULL, "memory");
    for (uint32_t i = 0; i < all->count; i++) {
        uint16_t port = (uint16_t)(1000 + i / A_PORT);

        if (i % A_PORT == 0)
            listener = bench_listen(all->pair, port, 64);
        bench_connect(all->pair, listener, port, &all->client[i], &all->server[i]);
        if (question->asks || question->keepalive.ns != 0)
            keep_alive(bench_pair_stack(all->pair, 0), all->client[i], question->keepalive);
        if (question->resting && ((i + 1) % batch == 0 || i + 1 == all->count))
            bench_pair_silence(all->pair, 10, 1); /* they rest then */
    }
    bench_pair_forget(all->pair);
}

void bench_connections_close(struct bench_connections *all)
{
    bench_pair_free(all->pair);
    free(all->client);
    free(all->server);
}
