/* Whether a connection rests cannot be told from outside: each seed is one network, run twice, once with connections
 * that rest and once with such that may not (their owner has no place for the name of one that rests).
 *
 * Two stacks and up to six connections; a cable that delays, loses, doubles and overtakes, and is cut for minutes.
 * Programs write and read pieces of all sizes, change options, shut one direction down, close, reset; in between nobody
 * says anything for 5 to 60 seconds. Keepalive is on at either end, or neither, with times of seconds to a minute. Of
 * each connection each frame with the moment at which it left, each result of a call and octet read, each readiness
 * told, TCP_INFO at every step, and the stacks' counters must be the same to the last bit. What may differ is how many
 * rest and woke, the memory taken and charged for them, and whose comes first of two connections whose timers expire at
 * the same nanosecond: it is the order in which they were armed, and who wakes is armed anew. So each connection has a
 * cable of its own, and the neighbour, whom all share, is fixed.
 *
 * Again with what programs and networks seldom do (rest_odd.c): urgent data, reserved, posted and peeked octets, calls
 * that make no sense, every option, ports asked for again, connections anew, an address that goes and comes back,
 * frames of long ago as they were or with other flags and numbers, ICMP errors about any of them.
 *
 * A failure prints the seed and the command that replays it. */
#include "sim/rest_world.h"

#include <stdlib.h>

#include "transport/tcp/rest.h"
#include "user/user_private.h"

static unsigned first_seed = 1, last_seed = 100;
static const char *own_name;

static uint64_t hash_of_all(void)
{
    uint64_t hash = 0;

    for (unsigned i = 0; i <= MOST; i++)
        hash = hash * 31 + world.line[i].hash;
    return hash;
}

/* ---- programs ---- */

static void change_option(struct side *side, int fd)
{
    switch (draw(5)) {
    case 0:
        set(side, fd, BARO_TCP_NODELAY, (int)draw(2));
        break;
    case 1:
        set(side, fd, BARO_IP_TTL, 1 + (int)draw(255));
        break;
    case 2:
        set(side, fd, BARO_SO_KEEPALIVE, (int)draw(2));
        break;
    case 3:
        set(side, fd, BARO_TCP_QUICKACK, (int)draw(2));
        break;
    default:
        choose_keepalive(side, fd);
        break;
    }
}

static void close_one(struct side *side, unsigned which)
{
    struct baro_linger reset = { .on = true };

    if (one_in(2))
        baro_setsockopt(side->stack, side->fd[which], BARO_SO_LINGER, &reset, sizeof reset);
    note_number(which, baro_close(side->stack, side->fd[which]));
    side->fd[which] = -1;
}

static void act(void)
{
    unsigned end = (unsigned)draw(2), which = (unsigned)draw(world.count);
    struct side *side = &world.side[end];

    write_some(end, which);
    if (one_in(3))
        write_some(1 - end, (unsigned)draw(world.count));
    if (side->fd[which] < 0)
        return;
    if (one_in(6))
        change_option(side, side->fd[which]);
    if (one_in(25))
        note_number(which, baro_shutdown(side->stack, side->fd[which], one_in(4) ? BARO_SHUT_READ : BARO_SHUT_WRITE));
    else if (one_in(60))
        close_one(side, which);
}

static void look_at(struct side *side, unsigned which)
{
    int fd = side->fd[which];
    struct baro_tcp_info info;
    size_t size = sizeof info;

    memset(&info, 0, sizeof info);
    note_number(which, baro_getsockopt(side->stack, fd, BARO_TCP_INFO, &info, &size));
    note(which, &info, sizeof info);
    note_number(which, baro_poll(side->stack, fd));
    note_number(which, (int64_t)baro_readable_bytes(side->stack, fd));
    if (tcp_is_at_rest(user_stream(side->stack->user, fd)))
        told->rested[info.state]++;
}

static void look(void)
{
    for (unsigned end = 0; end < 2; end++) {
        struct side *side = &world.side[end];
        struct baro_statistics statistics;

        for (unsigned i = 0; i < world.count; i++) {
            if (side->fd[i] >= 0)
                look_at(side, i);
        }
        baro_stack_statistics(side->stack, &statistics);
        statistics.tcp_resting = statistics.tcp_woken = statistics.slab_bytes = statistics.buffer_bytes = 0;
        note(MOST, &statistics, sizeof statistics);
        baro_stack_check_invariants(side->stack);
    }
}

/* ---- a run ---- */

static struct handle *nowhere(void *context, uint32_t owner)
{
    (void)context;
    (void)owner;
    return NULL;
}

static void nothing(void *context, const struct baro_trace_event *event)
{
    (void)context;
    (void)event;
}

static void create(unsigned end, bool rests)
{
    struct baro_stack_config config = { .seed = { (uint8_t)(1 + end) }, .now = world.now, .memory_limit = 1u << 28 };
    struct side *side = &world.side[end];

    frame_device_init(&side->device, (uint8_t)(1 + end), 1300 + (uint32_t)draw(300));
    side->device.room = UINT32_MAX;
    config.memory = test_memory(&side->memory);
    config.ecn = (enum baro_ecn)draw(3);
    config.tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
    side->stack = cable_stack(&config, world.ipv6, end, &side->device);
    cable_knows(side->stack, world.ipv6, end);
    if (world.traced)
        baro_stack_set_trace(side->stack, (struct baro_trace_sink){ .event = nothing }, end);
    if (!rests)
        tcp_let_rest(side->stack->tcp, nowhere, NULL, NULL);
}

static void connect_them(void)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    int listener = world.side[1].listener = baro_socket(world.side[1].stack, address(0).family, BARO_STREAM);

    assert_int_equal(baro_bind(world.side[1].stack, listener, &to), 0);
    assert_int_equal(baro_listen(world.side[1].stack, listener, 9), 0);
    for (unsigned i = 0; i < world.count; i++) {
        struct baro_endpoint own;

        world.side[0].fd[i] = baro_socket(world.side[0].stack, address(0).family, BARO_STREAM);
        assert_int_equal(baro_connect(world.side[0].stack, world.side[0].fd[i], &to), -EINPROGRESS);
        world.side[1].fd[i] = -1;
        assert_int_equal(baro_getsockname(world.side[0].stack, world.side[0].fd[i], &own), 0);
        world.line[i].port = own.port.number;
        for (int n = 0; n < 1000 && world.side[1].fd[i] < 0; n++) {
            pass(20, 20);
            world.side[1].fd[i] = baro_accept(world.side[1].stack, listener, NULL);
        }
        assert_true(world.side[1].fd[i] >= 0);
        for (unsigned end = 0; end < 2; end++) {
            if (one_in(2))
                choose_keepalive(&world.side[end], world.side[end].fd[i]);
        }
    }
}

static void run(unsigned seed, bool is_odd, bool rests, struct tale *tale)
{
    told = tale;
    memset(tale, 0, sizeof *tale);
    memset(&world, 0, sizeof world);
    world.state = seed;
    world.odd = is_odd;
    for (unsigned i = 0; i <= MOST; i++)
        world.line[i] = (struct line){ .weather = { seed * 100 + i, seed * 100 + 50 + i } };
    world.ipv6 = one_in(2);
    world.count = 1 + (unsigned)draw(MOST);
    world.delay_ms = (unsigned)draw(60);
    world.now.ns = INT64_C(1000000000);
    world.traced = world.odd && one_in(3);
    create(0, rests);
    create(1, rests);
    connect_them();
    world.lossy = one_in(2);
    for (unsigned step = 0; step < STEPS; step++) {
        for (uint64_t actions = 1 + draw(8); actions != 0; actions--) {
            act();
            for (uint64_t odds = world.odd ? draw(4) : 0; odds != 0; odds--)
                odd();
            pass((int64_t)draw(one_in(4) ? 400 : 20), 10);
        }
        if (one_in(15))
            world.cut_until_ns = world.now.ns + (int64_t)(10 + draw(150)) * NS_PER_S;
        if (one_in(2))
            pass(5000 + (int64_t)draw(55000), 50);
        for (uint64_t odds = world.odd ? draw(12) : 0; odds != 0; odds--)
            odd();
        look();
        tale->hash[step] = hash_of_all();
    }
    for (unsigned end = 0; end < 2; end++) {
        struct baro_statistics statistics;

        baro_stack_statistics(world.side[end].stack, &statistics);
        tale->woken += statistics.tcp_woken;
        cable_end(world.side[end].stack, &world.side[end].device, &world.side[end].memory);
    }
    tale->ended_ns = world.now.ns;
}

static void run_both(bool is_odd, struct tale *all)
{
    static struct tale awake, resting;

    memset(all, 0, sizeof *all);
    for (unsigned seed = first_seed; seed <= last_seed; seed++) {
        run(seed, is_odd, false, &awake);
        run(seed, is_odd, true, &resting);
        assert_int_equal(awake.woken, 0);
        for (unsigned step = 0; step < STEPS; step++) {
            if (awake.hash[step] != resting.hash[step])
                fail_msg("seed %u: the runs differ from step %u on (%llu and %llu frames in all)\nreplay: %s %u %u",
                         seed, step, (unsigned long long)awake.frames, (unsigned long long)resting.frames, own_name,
                         seed, seed);
        }
        assert_true(awake.ended_ns == resting.ended_ns);
        all->woken += resting.woken;
        all->timeouts += resting.timeouts;
        all->octets += resting.octets;
        for (unsigned i = 0; i < BARO_TCP_STATE_COUNT; i++)
            all->rested[i] += resting.rested[i];
    }
    print_message(
        "%llu octets, woken %llu times, %llu given up; found at rest in ESTABLISHED %u, CLOSE-WAIT %u, FIN-WAIT-2 %u\n",
        (unsigned long long)all->octets, (unsigned long long)all->woken, (unsigned long long)all->timeouts,
        all->rested[BARO_TCP_ESTABLISHED], all->rested[BARO_TCP_CLOSE_WAIT], all->rested[BARO_TCP_FIN_WAIT_2]);
}

/* Both ways tell the same, and of all seeds together enough was seen. */
static void compare(bool odd)
{
    struct tale all = { 0 };

    run_both(odd, &all);
    if (last_seed == first_seed)
        return;
    assert_true(all.woken > 20 * (last_seed - first_seed) && all.timeouts != 0);
    assert_true(all.rested[BARO_TCP_ESTABLISHED] > 1000 && all.rested[BARO_TCP_CLOSE_WAIT] > 100 &&
                all.rested[BARO_TCP_FIN_WAIT_2] > 100);
}

static void nobody_can_tell_who_rests(void **state)
{
    (void)state;
    compare(false);
}

static void nor_where_odd_things_happen(void **state)
{
    (void)state;
    compare(true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nobody_can_tell_who_rests),
                                        cmocka_unit_test(nor_where_odd_things_happen) };

    own_name = argv[0];
    if (argc == 3) {
        first_seed = (unsigned)strtoul(argv[1], NULL, 10);
        last_seed = (unsigned)strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
