/* The straight way out (src/straight.c, transport/tcp/output_straight.c) decides nothing by itself: a stack that is
 * watched sends each segment the whole way, one that nobody watches takes the straight one, and the two must not differ.
 *
 * Two stacks and their devices, which can do what each seed draws: checksums, super-segments, neither; with much room,
 * little, or none for a while. Frames are lost, programs write and read pieces of all sizes, change their options, keep
 * silent; routes, addresses and MAC addresses change under way, a router lowers the path MTU. Each seed is run twice, with
 * a trace and without. Each frame with all that is said of it to the device, the counters, and what TCP_INFO says at
 * every step must be the same to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"
#include "support/frame_device.h"

enum { SEEDS = 150, STEPS = 300, PORT = 7000, CHUNK = 40000 };

#define NS_PER_MILLISECOND INT64_C(1000000)

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int fd;
};

struct world {
    uint64_t state;
    bool ipv6, lossy;
    struct side side[2];
    int listener;
    struct baro_instant now;
    uint64_t hash, frames, straight;
};

static struct world world;

static uint64_t draw(uint64_t below)
{
    uint64_t mixed = world.state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % below;
}

static bool one_in(unsigned many)
{
    return draw(many) == 0;
}

static void note(const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        world.hash = (world.hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
}

static struct baro_address address(unsigned end)
{
    return world.ipv6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(1 + end)) : baro_ipv4(10, 0, 0, (uint8_t)(1 + end));
}

static void watch(void *context, const struct baro_trace_event *event)
{
    (void)context;
    (void)event;
}

/* ---- the cable ---- */

/* What one sent is noted; some of it is lost, the rest is with the other. */
static void carry(unsigned from)
{
    struct frame_device *device = &world.side[from].device;

    for (unsigned i = 0; i < device->out_count; i++) {
        const struct device_frame *frame = &device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES];
        const uint16_t asked[] = { frame->gso_size, frame->header_length, frame->checksum_start, frame->checksum_offset };

        note(frame->data, frame->length);
        note(asked, sizeof asked);
        world.frames++;
    }
    for (unsigned lost = world.lossy && one_in(10) ? (unsigned)draw(4) : 0; lost != 0 && device->out_count != 0; lost--)
        frame_device_take(device);
    frame_device_carry(device, &world.side[1 - from].device);
}

static void pass(int64_t ms)
{
    world.now.ns += ms * NS_PER_MILLISECOND + (int64_t)draw(1000000);
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_poll(world.side[end].stack, world.now);
        carry(end);
        baro_stack_check_invariants(world.side[end].stack);
    }
}

/* ---- what happens ---- */

static void change_option(struct side *side)
{
    const enum baro_option options[] = { BARO_TCP_NODELAY, BARO_TCP_CORK, BARO_IP_TTL, BARO_IP_TOS, BARO_TCP_MAXSEG,
                                         BARO_TCP_NOTSENT_LOW_WATER };
    const int most[] = { 2, 2, 256, 256, 1400, 3000 };
    size_t which = draw(sizeof options / sizeof options[0]);
    int value = (int)draw((uint64_t)most[which]);

    if (options[which] == BARO_TCP_MAXSEG && value < 88)
        value = 0;
    baro_setsockopt(side->stack, side->fd, options[which], &value, sizeof value);
}

/* What a way is made of. */
static void change_way(unsigned end)
{
    struct baro_stack *stack = world.side[end].stack;
    const struct baro_mac mac = { { 2, 0, 0, 0, 0, (uint8_t)(one_in(4) ? 9 : 2 - end) } };
    struct baro_address net = address(7);

    switch (draw(4)) {
    case 0:
        baro_stack_set_neighbour(stack, 1, address(1 - end), mac);
        break;
    case 1:
        baro_stack_add_route(stack, address(1 - end), world.ipv6 ? 128 : 32, address(one_in(2) ? 1 - end : 8), 1);
        break;
    case 2:
        baro_stack_remove_route(stack, address(1 - end), world.ipv6 ? 128 : 32);
        break;
    default:
        if (baro_stack_remove_address(stack, 1, net) != 0)
            baro_stack_add_address(stack, 1, net, world.ipv6 ? 64 : 24, false);
        break;
    }
}

static void lower_path_mtu(unsigned end)
{
    struct baro_stack *stack = world.side[end].stack;

    path_mtu_lower(&stack->path_mtus, address(1 - end), stack->interface[1].mtu, 200 + (uint32_t)draw(1400));
}

static void act(unsigned end)
{
    static uint8_t data[CHUNK];
    struct side *side = &world.side[end];
    ptrdiff_t result = 0;

    if (one_in(2))
        result = baro_send(side->stack, side->fd, data, 1 + draw(one_in(2) ? 200 : CHUNK), one_in(10) ? BARO_MSG_MORE : 0);
    note(&result, sizeof result);
    if (!one_in(4))
        result = baro_recv(side->stack, side->fd, data, 1 + draw(CHUNK), 0);
    note(&result, sizeof result);
    if (one_in(20))
        change_option(side);
    if (one_in(60))
        change_way(end);
    if (one_in(200))
        lower_path_mtu(end);
    if (one_in(20))
        side->device.room = one_in(2) ? UINT32_MAX : (unsigned)draw(80);
    if (one_in(300))
        baro_shutdown(side->stack, side->fd, BARO_SHUT_WRITE);
}

static void look(void)
{
    for (unsigned end = 0; end < 2; end++) {
        struct baro_tcp_info info;
        struct baro_statistics statistics;
        size_t size = sizeof info;
        struct baro_instant deadline = { 0 };

        memset(&info, 0, sizeof info);
        baro_getsockopt(world.side[end].stack, world.side[end].fd, BARO_TCP_INFO, &info, &size);
        baro_stack_statistics(world.side[end].stack, &statistics);
        statistics.slab_bytes = 0; /* a trace of frames takes memory for them */
        baro_stack_next_deadline(world.side[end].stack, &deadline);
        note(&info, sizeof info);
        note(&statistics, sizeof statistics);
        note(&deadline, sizeof deadline);
    }
}

/* ---- a run ---- */

static void create(unsigned end, const struct baro_stack_config *config)
{
    static const uint32_t capabilities[] = { 0, BARO_DEVICE_TX_CHECKSUM, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO,
                                             BARO_DEVICE_TSO };
    struct side *side = &world.side[end];
    struct baro_stack_config own = *config;
    const struct baro_mac peer = { { 2, 0, 0, 0, 0, (uint8_t)(2 - end) } };

    memset(side, 0, sizeof *side);
    frame_device_init(&side->device, (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    side->device.device.capabilities = capabilities[draw(4)];
    side->device.room = UINT32_MAX;
    own.memory = test_memory(&side->memory);
    own.seed[0] = (uint8_t)(1 + end);
    own.now = world.now;
    own.ecn = (enum baro_ecn)draw(3);
    own.tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
    side->stack = baro_stack_create(&own);
    assert_non_null(side->stack);
    assert_int_equal(baro_stack_add_interface(side->stack, &side->device.device), 1);
    assert_int_equal(baro_stack_add_address(side->stack, 1, address(end), world.ipv6 ? 64 : 24, false), 0);
    if (one_in(2))
        assert_int_equal(baro_stack_set_neighbour(side->stack, 1, address(1 - end), peer), 0);
}

static void connect_them(void)
{
    enum baro_family family = world.ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
    const struct baro_endpoint to = { address(1), { PORT } };

    world.listener = baro_socket(world.side[1].stack, family, BARO_STREAM);
    assert_int_equal(baro_bind(world.side[1].stack, world.listener, &to), 0);
    assert_int_equal(baro_listen(world.side[1].stack, world.listener, 4), 0);
    world.side[0].fd = baro_socket(world.side[0].stack, family, BARO_STREAM);
    assert_int_equal(baro_connect(world.side[0].stack, world.side[0].fd, &to), -EINPROGRESS);
    world.side[1].fd = -1;
    for (int i = 0; i < 1000 && world.side[1].fd < 0; i++) {
        pass(20);
        world.side[1].fd = baro_accept(world.side[1].stack, world.listener, NULL);
    }
    assert_true(world.side[1].fd >= 0);
}

static void run(unsigned seed, bool watched)
{
    const struct baro_stack_config config = { .trace = { NULL, watched ? watch : NULL } };
    bool slow;

    memset(&world, 0, sizeof world);
    world.state = seed;
    world.ipv6 = one_in(2);
    world.now.ns = INT64_C(1000000000);
    slow = one_in(2);
    create(0, &config);
    create(1, &config);
    connect_them();
    world.lossy = true;
    for (unsigned step = 0; step < STEPS; step++) {
        act(0);
        act(1);
        pass(one_in(40) ? (int64_t)draw(3000) : slow ? (int64_t)draw(10) : 0);
        if (one_in(250))
            pass(700000); /* a path MTU that was lowered is tried again */
        look();
    }
    for (unsigned end = 0; end < 2; end++) {
        world.straight += world.side[end].stack->straight;
        baro_stack_free(world.side[end].stack);
        frame_device_release(&world.side[end].device);
        assert_int_equal(world.side[end].memory.bytes, 0);
    }
}

static void the_straight_way_changes_nothing(void **state)
{
    uint64_t frames = 0, straight = 0;

    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        uint64_t hash, sent;

        run(seed, true);
        assert_int_equal(world.straight, 0);
        hash = world.hash;
        sent = world.frames;
        run(seed, false);
        if (world.hash != hash)
            fail_msg("seed %u: the runs differ; frames %llu and %llu", seed, (unsigned long long)sent,
                     (unsigned long long)world.frames);
        frames += world.frames;
        straight += world.straight;
    }
    if (straight < frames / 3) /* with all this chaos, too */
        fail_msg("%llu of %llu frames", (unsigned long long)straight, (unsigned long long)frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_straight_way_changes_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
