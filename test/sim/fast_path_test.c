/* The fast path out (src/fast_output.c, transport/tcp/output_fast.c) decides nothing by itself: a stack that is watched
 * sends each segment the slow path, one that nobody watches takes the straight one, and the two must not differ.
 *
 * Two stacks and their devices, which can do what each seed draws: checksums, super-segments, neither; with much room,
 * little, or none for a while. Frames are lost, programs write and read pieces of all sizes, change their options, keep
 * silent; routes, addresses and MAC addresses change under way, a router lowers the path MTU. Each seed is run twice,
 * with a trace and without. Each frame with all that is said of it to the device, the counters, and what TCP_INFO says
 * at every step must be the same to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"
#include "support/twice.h"

enum { SEEDS = 150, STEPS = 300, PORT = 7000, CHUNK = 40000 };

#define NS_PER_MILLISECOND INT64_C(1000000)

struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int fd;
};

static struct {
    bool lossy;
    struct side side[2];
    int listener;
    struct baro_instant now;
} world;

/* ---- the cable ---- */

/* What one sent is noted; some of it is lost, the rest is with the other. */
static void carry(unsigned from)
{
    struct frame_device *device = &world.side[from].device;

    for (unsigned i = 0; i < device->out_count; i++)
        note_frame(&device->out[(device->out_first + i) % FRAME_DEVICE_FRAMES]);
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
        baro_stack_add_route(stack, address(1 - end), this_run.ipv6 ? 128 : 32, address(one_in(2) ? 1 - end : 8), 1);
        break;
    case 2:
        baro_stack_remove_route(stack, address(1 - end), this_run.ipv6 ? 128 : 32);
        break;
    default:
        if (baro_stack_remove_address(stack, 1, net) != 0)
            baro_stack_add_address(stack, 1, net, this_run.ipv6 ? 64 : 24, false);
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
        result =
            baro_send(side->stack, side->fd, data, 1 + draw(one_in(2) ? 200 : CHUNK), one_in(10) ? BARO_MSG_MORE : 0);
    note_number(result);
    if (!one_in(4))
        result = baro_recv(side->stack, side->fd, data, 1 + draw(CHUNK), 0);
    note_number(result);
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
        note_info(world.side[end].stack, world.side[end].fd);
        note_stack(world.side[end].stack);
    }
}

/* ---- a run ---- */

static void create(unsigned end, const struct baro_stack_config *config)
{
    static const uint32_t capabilities[] = { 0, BARO_DEVICE_TX_CHECKSUM, BARO_DEVICE_TX_CHECKSUM | BARO_DEVICE_TSO,
                                             BARO_DEVICE_TSO };
    struct side *side = &world.side[end];
    struct baro_stack_config own = *config;

    memset(side, 0, sizeof *side);
    frame_device_init(&side->device, (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    side->device.device.capabilities = capabilities[draw(4)];
    side->device.room = UINT32_MAX;
    own.memory = test_memory(&side->memory);
    own.seed[0] = (uint8_t)(1 + end);
    own.now = world.now;
    own.ecn = (enum baro_ecn)draw(3);
    own.tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
    side->stack = cable_stack(&own, this_run.ipv6, end, &side->device);
    if (one_in(2))
        cable_knows(side->stack, this_run.ipv6, end);
}

static void connect_them(void)
{
    const struct baro_endpoint to = { address(1), { PORT } };

    world.listener = baro_socket(world.side[1].stack, family(), BARO_STREAM);
    assert_int_equal(baro_bind(world.side[1].stack, world.listener, &to), 0);
    assert_int_equal(baro_listen(world.side[1].stack, world.listener, 4), 0);
    world.side[0].fd = baro_socket(world.side[0].stack, family(), BARO_STREAM);
    assert_int_equal(baro_connect(world.side[0].stack, world.side[0].fd, &to), -EINPROGRESS);
    world.side[1].fd = -1;
    for (int i = 0; i < 1000 && world.side[1].fd < 0; i++) {
        pass(20);
        world.side[1].fd = baro_accept(world.side[1].stack, world.listener, NULL);
    }
    assert_true(world.side[1].fd >= 0);
}

static void run(bool watched)
{
    const struct baro_stack_config config = { .trace = twice_trace(watched) };
    bool slow;

    memset(&world, 0, sizeof world);
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
    for (unsigned end = 0; end < 2; end++)
        twice_end(world.side[end].stack, &world.side[end].device, &world.side[end].memory);
}

static void the_straight_way_changes_nothing(void **state)
{
    struct twice_run sums = twice_compare(SEEDS, run);

    (void)state;
    if (sums.fast < sums.frames / 3) /* with all this chaos, too */
        fail_msg("%llu of %llu frames", (unsigned long long)sums.fast, (unsigned long long)sums.frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_straight_way_changes_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
