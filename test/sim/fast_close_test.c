/* The ends of connections, straight and whole: a stack that is watched takes the slow path with each segment, in and
 * out; one that nobody watches takes fast paths for the FIN and its ACK, too (transport/tcp/expected_end.c,
 * output_fast.c). The two must not differ.
 *
 * Two stacks, a few descriptors each, and programs that know no manners: connect from few ports to few ports, so that
 * TIME-WAIT is met again by SYNs of both rules (RFC 6191) and at a limit that some seeds set low; write little or much,
 * with and without reading; shut down either half or both; close at once, with data unread, with linger, without
 * waiting for the other end, or together with it. Frames are lost, doubled, overtaken and forged, devices are full for
 * a while, time stands still or jumps over FIN-WAIT-2's and TIME-WAIT's end. Each seed is run twice, with a trace and
 * without: each frame, what each call and each event said, the counters, the next deadline and TCP_INFO must be the
 * same to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/twice.h"

enum { SEEDS = 120, STEPS = 400, PORT = 7000, PORTS = 2, OWN_PORT = 40000, OWN_PORTS = 6, SLOTS = 6, CHUNK = 20000 };

#define NS_PER_MILLISECOND INT64_C(1000000)

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int listener[PORTS], fd[SLOTS]; /* 0: no descriptor */
    struct device_frame held;       /* overtaken by what comes next */
};

static struct {
    bool faults, forged, hasty, lazy; /* hasty: each end closes as soon as it can; lazy: it seldom reads */
    struct side side[2];
    struct baro_instant now;
} world;

static uint64_t reused, evicted, resets; /* of all unwatched runs */

/* ---- the cable ---- */

static void deliver(struct frame_device *to, const struct device_frame *frame)
{
    struct device_frame *slot;

    if (!frame_device_put(to, frame->data, frame->length))
        return;
    slot = &to->in[(to->in_first + to->in_count - 1) % FRAME_DEVICE_FRAMES];
    slot->gso_size = frame->gso_size;
    if (frame->checksum_start != 0)
        slot->checksum = BARO_RX_CHECKSUM_VERIFIED;
}

/* Somebody on the path changes a field: what comes is not what was sent, but right in itself. */
static void forge_one(const struct device_frame *frame)
{
    uint8_t *ip = frame->data + 14, *tcp = ip + (this_run.ipv6 ? 40 : 20);
    bool stamped;

    if (frame->length < (size_t)(tcp - frame->data) + 20 || ip[this_run.ipv6 ? 6 : 9] != 6)
        return;
    stamped = tcp[12] >> 4 >= 8;
    switch (draw(stamped ? 7 : 5)) {
    case 0:
        forge(tcp + 6, read_be16(tcp + 6) + (unsigned)draw(5) - 2, tcp + 16);
        break;
    case 1:
        forge(tcp + 10, read_be16(tcp + 10) + (unsigned)draw(5) - 2, tcp + 16);
        break;
    case 2:
        forge(tcp + 12, read_be16(tcp + 12) ^ 1u << draw(8), tcp + 16);
        break;
    case 3:
        forge(tcp + 14, one_in(2) ? 0 : (unsigned)draw(65536), tcp + 16);
        break;
    case 4:
        if (this_run.ipv6)
            ip[1] |= 0x30; /* Congestion Experienced */
        else
            forge(ip, read_be16(ip) | 3, ip + 10);
        break;
    case 5:
        forge(tcp + 26, read_be16(tcp + 26) - (unsigned)draw(100), tcp + 16);
        break;
    default:
        forge(tcp + 30, read_be16(tcp + 30) - (unsigned)draw(100), tcp + 16);
        break;
    }
}

/* A frame that waits to be overtaken has its own copy. */
static void hold(struct side *from, const struct device_frame *frame)
{
    from->held = *frame;
    from->held.data = malloc(frame->length);
    memcpy(from->held.data, frame->data, frame->length);
}

static void let_go(struct side *from, struct frame_device *to)
{
    if (from->held.data == NULL)
        return;
    deliver(to, &from->held);
    free(from->held.data);
    from->held.data = NULL;
}

static void carry(unsigned end)
{
    struct side *from = &world.side[end];
    struct frame_device *to = &world.side[1 - end].device;
    const struct device_frame *frame;

    while ((frame = frame_device_take(&from->device)) != NULL) {
        note_frame(frame);
        if (world.faults && one_in(12))
            continue;
        if (world.forged && one_in(8))
            forge_one(frame);
        if (world.faults && from->held.data == NULL && one_in(12)) {
            hold(from, frame);
            continue;
        }
        deliver(to, frame);
        if (world.faults && one_in(20))
            deliver(to, frame);
        let_go(from, to);
    }
    if (one_in(3))
        let_go(from, to);
}

/* ---- programs ---- */

static void forget(struct side *side, unsigned slot)
{
    note_number(baro_close(side->stack, side->fd[slot]));
    side->fd[slot] = 0;
}

static void connect_one(unsigned end, unsigned slot)
{
    struct side *side = &world.side[end];
    const struct baro_endpoint to = { address(1 - end), { (uint16_t)(PORT + draw(PORTS)) } };
    struct baro_endpoint own = { address(end), { (uint16_t)(OWN_PORT + draw(OWN_PORTS)) } };
    int one = 1;

    side->fd[slot] = baro_socket(side->stack, family(), BARO_STREAM);
    assert_true(side->fd[slot] > 0);
    if (!one_in(4)) {
        baro_setsockopt(side->stack, side->fd[slot], BARO_SO_REUSE_ADDRESS, &one, sizeof one);
        note_number(baro_bind(side->stack, side->fd[slot], &own));
    }
    note_number(baro_connect(side->stack, side->fd[slot], &to));
}

static void change_option(struct side *side, int fd)
{
    static const enum baro_option options[] = { BARO_TCP_NODELAY, BARO_TCP_CORK, BARO_SO_KEEPALIVE, BARO_TCP_QUICKACK };
    const struct baro_linger linger = { one_in(2), { (int64_t)draw(2) * 1000 * NS_PER_MILLISECOND } };
    const struct baro_duration stay = { one_in(3) ? -1 : (int64_t)draw(3000) * NS_PER_MILLISECOND };
    int value = (int)draw(2);

    switch (draw(3)) {
    case 0:
        note_number(baro_setsockopt(side->stack, fd, BARO_SO_LINGER, &linger, sizeof linger));
        break;
    case 1:
        note_number(baro_setsockopt(side->stack, fd, BARO_TCP_ORPHAN_TIME, &stay, sizeof stay));
        break;
    default:
        note_number(baro_setsockopt(side->stack, fd, options[draw(4)], &value, sizeof value));
        break;
    }
}

static void use(struct side *side, unsigned slot)
{
    static uint8_t data[CHUNK];
    int fd = side->fd[slot];
    ptrdiff_t got = -1;

    if (one_in(3))
        note_number(baro_send(side->stack, fd, data, 1 + draw(one_in(4) ? CHUNK : 50), one_in(10) ? BARO_MSG_MORE : 0));
    if (world.lazy ? one_in(20) : !one_in(3))
        note_number(got = baro_recv(side->stack, fd, data, 1 + draw(CHUNK), 0));
    note_number(baro_poll(side->stack, fd));
    if (one_in(30))
        change_option(side, fd);
    if (one_in(world.hasty ? 8 : 25))
        note_number(baro_shutdown(side->stack, fd, one_in(3) ? (enum baro_shutdown)draw(3) : BARO_SHUT_WRITE));
    if (one_in(world.hasty ? 6 : 30) || (got == 0 && one_in(2)))
        forget(side, slot);
}

static void act(unsigned end)
{
    struct side *side = &world.side[end];

    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (side->fd[slot] != 0) {
            use(side, slot);
            continue;
        }
        if (one_in(2)) {
            int fd = baro_accept(side->stack, side->listener[draw(PORTS)], NULL);

            note_number(fd);
            side->fd[slot] = fd > 0 ? fd : 0;
        } else if (one_in(end == 0 ? 3 : 12)) {
            connect_one(end, slot);
        }
    }
    if (one_in(25))
        side->device.room = one_in(2) ? UINT32_MAX : (unsigned)draw(12);
}

/* ---- what is compared ---- */

static void look(unsigned end)
{
    struct side *side = &world.side[end];
    struct baro_ready ready;

    while (baro_next_ready(side->stack, &ready)) {
        note_number(ready.fd);
        note_number(ready.events);
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (side->fd[slot] != 0)
            note_info(side->stack, side->fd[slot]);
    }
    note_stack(side->stack);
    note_number((int64_t)side->stack->core.slabs.charged);
}

/* ---- a run ---- */

static void pass(int64_t ms)
{
    world.now.ns += ms * NS_PER_MILLISECOND;
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_poll(world.side[end].stack, world.now);
        carry(end);
        baro_stack_check_invariants(world.side[end].stack);
    }
}

static int64_t pause_ms(void)
{
    if (one_in(30))
        return (int64_t)draw(1500);
    if (one_in(100))
        return 30000 + (int64_t)draw(40000); /* TIME-WAIT and FIN-WAIT-2 last a minute */
    return one_in(2) ? 0 : (int64_t)draw(30);
}

static void create(unsigned end, struct baro_stack_config config)
{
    static const uint32_t capabilities[] = { 0, BARO_DEVICE_TX_CHECKSUM, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO,
                                             BARO_DEVICE_TSO };
    struct side *side = &world.side[end];

    frame_device_init(&side->device, (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    side->device.device.capabilities = capabilities[draw(4)];
    config.memory = test_memory(&side->memory);
    config.seed[0] = (uint8_t)(1 + end);
    config.now = world.now;
    config.ecn = (enum baro_ecn)draw(3);
    config.tcp_without = one_in(3) ? (unsigned)draw(8) : 0;
    config.congestion = (enum baro_congestion)draw(BARO_CONGESTION_COUNT);
    if (one_in(2))
        config.recv_buffer = (struct baro_buffer_size){ 16384, 16384 }; /* windows close */
    config.time_wait_limit = one_in(3) ? 1 + (uint32_t)draw(3) : 0;
    side->stack = cable_stack(&config, this_run.ipv6, end, &side->device);
    cable_knows(side->stack, this_run.ipv6, end);
    for (unsigned i = 0; i < PORTS; i++) {
        const struct baro_endpoint own = { address(end), { (uint16_t)(PORT + i) } };

        side->listener[i] = baro_socket(side->stack, family(), BARO_STREAM);
        assert_int_equal(baro_bind(side->stack, side->listener[i], &own), 0);
        assert_int_equal(baro_listen(side->stack, side->listener[i], 3), 0);
    }
}

static void release(unsigned end, bool watched)
{
    struct side *side = &world.side[end];
    struct baro_statistics statistics;

    baro_stack_statistics(side->stack, &statistics);
    if (!watched) {
        reused += statistics.tcp_time_wait_reused;
        evicted += statistics.tcp_time_wait_evicted;
        resets += statistics.tcp_resets_out;
    }
    free(side->held.data);
    twice_end(side->stack, &side->device, &side->memory);
}

static void run(bool watched)
{
    const struct baro_stack_config config = { .trace = twice_trace(watched) };

    memset(&world, 0, sizeof world);
    world.faults = one_in(2);
    world.forged = one_in(2);
    world.hasty = one_in(2);
    world.lazy = one_in(3);
    world.now.ns = INT64_C(1000000000);
    create(0, config);
    create(1, config);
    for (unsigned step = 0; step < STEPS; step++) {
        act(0);
        act(1);
        pass(pause_ms());
        look(0);
        look(1);
    }
    release(0, watched);
    release(1, watched);
}

static void short_cuts_change_nothing(void **state)
{
    struct twice_run sums = twice_compare(SEEDS, run);

    (void)state;
    print_message("%llu frames, %llu straight, %llu expected; %llu reused, %llu evicted, %llu resets\n",
                  (unsigned long long)sums.frames, (unsigned long long)sums.fast, (unsigned long long)sums.expected,
                  (unsigned long long)reused, (unsigned long long)evicted, (unsigned long long)resets);
    /* With all this chaos, too, it was worth it. */
    assert_true(sums.fast > sums.frames / 2 && sums.expected > sums.frames / 10);
    assert_true(reused > SEEDS && evicted > SEEDS && resets > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(short_cuts_change_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
