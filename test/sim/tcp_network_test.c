/* Two hundred seeds of a whole network, a quarter in each of four tests (CTest gives the range; without arguments 1 to
 * 50).
 *
 * Each seed draws a wire (loss, duplication, reordering, corruption, delay, a slow queue that marks, a cut of thirty
 * seconds or for ever, a path MTU that changes in silence) and two hosts (family, SACK, timestamps, scaling, ECN,
 * pacing, congestion control, buffers from tiny to tuned, readers from slow to greedy), and one to four connections
 * with data both ways, half closes and urgent octets. What must come of it: every octet arrives intact and in order,
 * or, where the cut is for ever, both ends report an error (and connect one where the cut hits the dialogue); something
 * moves all the time; the invariants hold after every event; and when all is over every connection and every octet of
 * buffers is given back.
 *
 * A failure prints the seed, what it drew, and the command that replays it: the same seed gives the same run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"
#include "support/chance.h"

enum { FLOWS = 4, PORT = 7000, CHUNK = 8192, STILL_S = 400, LIMIT_S = 3600 };

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static unsigned first_seed = 1, last_seed = 50;

/* ---- what a seed draws ---- */

struct story {
    unsigned seed;
    uint64_t state;
    bool ipv6, cut, for_ever, hole;
    int64_t cut_at_ms, hole_at_ms;
    uint32_t hole_octets;
    unsigned flows;
    uint32_t octets[2];         /* in each connection, of the client, of the server */
    uint32_t piece[2];          /* of one write */
    uint32_t portion[2];        /* read in 10 ms at most, 0: all there is */
    int recv_buffer[2], send_buffer[2]; /* 0: tuned */
    int congestion[2];
    uint32_t urgent_every[2];   /* octets, 0: never */
    struct baro_wire_config wire;
    struct baro_stack_config stack[2];
};

static uint64_t draw(struct story *story, uint64_t below)
{
    return chance_draw(&story->state, below);
}

static bool one_in(struct story *story, unsigned many)
{
    return draw(story, many) == 0;
}

static void draw_wire(struct story *story)
{
    static const uint32_t mtu[] = { 1500, 1500, 1280, 9000 };
    struct baro_wire_config *wire = &story->wire;

    *wire = (struct baro_wire_config){ .seed = story->seed, .mtu = mtu[draw(story, 4)], .no_large = true };
    if (!story->ipv6 && one_in(story, 5))
        wire->mtu = 576;
    wire->delay.ns = (int64_t)draw(story, 4) * (int64_t)draw(story, 40) * NS_PER_MS;
    wire->loss_ppm = one_in(story, 4) ? 0 : (uint32_t)draw(story, 100000);
    wire->duplicate_ppm = one_in(story, 2) ? 0 : (uint32_t)draw(story, 50000);
    wire->reorder_ppm = one_in(story, 2) ? 0 : (uint32_t)draw(story, 200000);
    wire->corrupt_ppm = one_in(story, 2) ? 0 : (uint32_t)draw(story, 20000);
    wire->corrupt_ip = wire->corrupt_ppm != 0 && one_in(story, 2);
    wire->jitter.ns = one_in(story, 3) ? (int64_t)draw(story, 20) * NS_PER_MS : 0;
    if (one_in(story, 3)) {
        wire->rate = 1000000 + draw(story, 50) * 1000000;
        wire->queue_packets = 4 + (uint32_t)draw(story, 60);
        wire->ecn_packets = one_in(story, 2) ? 2 : 0;
    }
}

static void draw_end(struct story *story, unsigned end)
{
    static const int buffer[] = { 0, 0, 0, 2048, 5000, 30000 };
    struct baro_stack_config *stack = &story->stack[end];

    story->octets[end] = one_in(story, 8) ? 0 : 1 + (uint32_t)draw(story, 120000);
    story->piece[end] = 1 + (uint32_t)draw(story, one_in(story, 4) ? 40 : CHUNK - 1);
    if (story->piece[end] < 40 && story->octets[end] > 6000)
        story->octets[end] = 6000;
    story->portion[end] = one_in(story, 4) ? 200 + (uint32_t)draw(story, 3000) : 0;
    story->recv_buffer[end] = buffer[draw(story, 6)];
    story->send_buffer[end] = buffer[draw(story, 6)];
    story->congestion[end] = (int)draw(story, BARO_CONGESTION_COUNT);
    story->urgent_every[end] = one_in(story, 4) ? 500 + (uint32_t)draw(story, 5000) : 0;
    stack->ecn = (enum baro_ecn)draw(story, 3);
    stack->pacing = one_in(story, 3) ? BARO_PACING_OFF : BARO_PACING_DEFAULT;
    stack->tcp_without = one_in(story, 3) ? (unsigned)draw(story, 8) : 0;
    stack->black_holes = story->hole || !one_in(story, 4) ? BARO_BLACK_HOLES_DEFAULT : BARO_BLACK_HOLES_IGNORED;
}

static void draw_story(struct story *story, unsigned seed)
{
    *story = (struct story){ .seed = seed, .state = seed };
    story->ipv6 = one_in(story, 2);
    draw_wire(story);
    story->cut = one_in(story, 4);
    story->for_ever = story->cut && one_in(story, 3);
    story->cut_at_ms = 100 + (int64_t)draw(story, 900);
    story->hole = !story->cut && one_in(story, 4) && story->wire.mtu >= 1500;
    story->hole_at_ms = 50 + (int64_t)draw(story, 500);
    story->hole_octets = 1280 + (uint32_t)draw(story, 200);
    if (!story->ipv6 && one_in(story, 2))
        story->hole_octets = 600 + (uint32_t)draw(story, 600);
    story->flows = 1 + (unsigned)draw(story, FLOWS);
    for (unsigned end = 0; end < 2; end++)
        draw_end(story, end);
}

/* ---- programs ---- */

struct flow {
    int fd;
    bool connected, closed, ended, failed;
    uint32_t sent, received;
};

struct program {
    struct story *story;
    struct baro_host *host;
    unsigned end; /* 0: the client */
    bool begun;
    int listener;
    uint32_t left; /* of the portion that may be read now */
    uint64_t moved;
    struct flow flow[FLOWS];
    unsigned flows, unreached;
};

static void failed(const struct story *story, const char *what, long long number)
{
    fail_msg(
        "seed %u: %s %lld\n  drawn: %s, mtu %u, delay %lld ms, loss %u, duplicate %u, reorder %u, corrupt %u, rate %llu, "
        "cut %d for ever %d, hole %u, connections %u\n  again: build/release/test/sim_tcp_network_test %u %u",
        story->seed, what, number, story->ipv6 ? "IPv6" : "IPv4", story->wire.mtu,
        (long long)(story->wire.delay.ns / NS_PER_MS), story->wire.loss_ppm, story->wire.duplicate_ppm,
        story->wire.reorder_ppm, story->wire.corrupt_ppm, (unsigned long long)story->wire.rate, story->cut,
        story->for_ever, story->hole ? story->hole_octets : 0, story->flows, story->seed, story->seed);
}

static uint8_t octet_at(unsigned end, uint32_t at)
{
    return (uint8_t)((at * 2654435761u + (end != 0 ? 77u : 0)) >> 11);
}

static enum baro_family family_of(const struct story *story)
{
    return story->ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
}

static struct baro_address address_of(const struct story *story, unsigned end)
{
    return story->ipv6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(end + 1))
                       : baro_ipv4(10, 0, 0, (uint8_t)(end + 1));
}

static void set_number(struct baro_stack *stack, int fd, enum baro_option option, int value)
{
    assert_int_equal(baro_setsockopt(stack, fd, option, &value, sizeof value), 0);
}

static void set_options(struct program *program, int fd)
{
    const struct story *story = program->story;
    struct baro_stack *stack = baro_host_stack(program->host);
    struct baro_duration idle = { 10 * NS_PER_S }, interval = { 5 * NS_PER_S }, patience = { 40 * NS_PER_S };

    if (story->recv_buffer[program->end] != 0)
        set_number(stack, fd, BARO_SO_RECV_BUFFER, story->recv_buffer[program->end]);
    if (story->send_buffer[program->end] != 0)
        set_number(stack, fd, BARO_SO_SEND_BUFFER, story->send_buffer[program->end]);
    set_number(stack, fd, BARO_TCP_CONGESTION, story->congestion[program->end]);
    set_number(stack, fd, BARO_SO_OOB_INLINE, 1);
    if (!story->for_ever)
        return;
    set_number(stack, fd, BARO_SO_KEEPALIVE, 1);
    set_number(stack, fd, BARO_TCP_KEEPALIVE_COUNT, 3);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_KEEPALIVE_IDLE, &idle, sizeof idle), 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_KEEPALIVE_INTERVAL, &interval, sizeof interval), 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_USER_TIMEOUT, &patience, sizeof patience), 0);
}

static void begin(struct program *program, struct baro_stack *stack)
{
    const struct story *story = program->story;
    struct baro_endpoint local = { { 0 }, { PORT } }, peer = { address_of(story, 1), { PORT } };

    program->begun = true;
    if (program->end == 1) {
        program->listener = baro_socket(stack, family_of(story), BARO_STREAM);
        set_options(program, program->listener);
        assert_int_equal(baro_bind(stack, program->listener, &local), 0);
        assert_int_equal(baro_listen(stack, program->listener, FLOWS), 0);
        return;
    }
    for (; program->flows < story->flows; program->flows++) {
        int fd = baro_socket(stack, family_of(story), BARO_STREAM);

        set_options(program, fd);
        assert_int_equal(baro_connect(stack, fd, &peer), -EINPROGRESS);
        program->flow[program->flows].fd = fd;
    }
}

/* A connection is at its end, by an error that the story allows. */
static void give_up(struct program *program, struct flow *flow, const char *call, ptrdiff_t error)
{
    flow->failed = true;
    if (program->story->for_ever)
        return;
    /* A cut in the dialogue: the client's neighbour is gone, or the server's was and has taken its half of it along.
     * Losses may hide a neighbour, too. A server that has accepted all the same would be seen: no connection would be
     * left for it to be the other end of. */
    if (program->end != 0 || flow->received != 0 ||
        !((error == -EHOSTUNREACH && (program->story->cut || program->story->wire.loss_ppm != 0)) ||
          (error == -ECONNRESET && program->story->cut)))
        failed(program->story, call, (long long)error);
    program->unreached++;
}

static void write_some(struct program *program, struct baro_stack *stack, struct flow *flow)
{
    const struct story *story = program->story;
    uint32_t total = story->octets[program->end], every = story->urgent_every[program->end];
    static uint8_t data[CHUNK];

    while (flow->sent < total) {
        uint32_t length =
            total - flow->sent < story->piece[program->end] ? total - flow->sent : story->piece[program->end];
        bool urgent = every != 0 && flow->sent / every != (flow->sent + length) / every;
        ptrdiff_t taken;

        for (uint32_t i = 0; i < length; i++)
            data[i] = octet_at(program->end, flow->sent + i);
        taken = baro_send(stack, flow->fd, data, length, urgent ? BARO_MSG_OOB : 0);
        if (taken == -EAGAIN)
            return;
        if (taken <= 0) {
            give_up(program, flow, "send gives", taken);
            return;
        }
        flow->sent += (uint32_t)taken;
        program->moved += (uint64_t)taken;
    }
    if (!flow->closed && baro_shutdown(stack, flow->fd, BARO_SHUT_WRITE) != 0)
        give_up(program, flow, "shutdown at", flow->sent);
    flow->closed = true;
}

static void read_some(struct program *program, struct baro_stack *stack, struct flow *flow)
{
    bool portions = program->story->portion[program->end] != 0;
    static uint8_t data[CHUNK];

    for (;;) {
        size_t most = portions && program->left < sizeof data ? program->left : sizeof data;
        ptrdiff_t length = most == 0 ? -EAGAIN : baro_recv(stack, flow->fd, data, most, 0);

        if (length == -EAGAIN)
            return;
        if (length < 0) {
            give_up(program, flow, "recv gives", length);
            return;
        }
        flow->ended = length == 0;
        if (flow->ended)
            return;
        for (ptrdiff_t i = 0; i < length; i++)
            if (data[i] != octet_at(1 - program->end, flow->received + (uint32_t)i))
                failed(program->story, "wrong is octet", flow->received + (uint32_t)i);
        flow->received += (uint32_t)length;
        program->moved += (uint64_t)length;
        program->left -= portions ? (uint32_t)length : 0;
    }
}

static bool is_over(const struct flow *flow)
{
    return flow->failed || (flow->ended && flow->closed);
}

static void step(struct program *program, struct baro_stack *stack, struct flow *flow)
{
    if (is_over(flow) || flow->fd < 0)
        return;
    if (!flow->connected && program->end == 0) {
        int error = 0;
        size_t size = sizeof error;

        if ((baro_poll(stack, flow->fd) & (BARO_EVENT_OUT | BARO_EVENT_ERROR)) == 0)
            return;
        baro_getsockopt(stack, flow->fd, BARO_SO_ERROR, &error, &size);
        flow->connected = error == 0;
        if (error != 0) {
            give_up(program, flow, "connect gives", -error);
            return;
        }
    }
    if (!flow->closed)
        write_some(program, stack, flow);
    if (!flow->ended && !flow->failed)
        read_some(program, stack, flow);
}

static void run(void *context, struct baro_host *host)
{
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);

    program->host = host;
    if (!program->begun)
        begin(program, stack);
    while (program->end == 1 && program->flows < FLOWS) {
        int fd = baro_accept(stack, program->listener, NULL);

        if (fd < 0)
            break;
        program->flow[program->flows++].fd = fd;
    }
    for (unsigned i = 0; i < program->flows; i++)
        step(program, stack, &program->flow[i]);
    baro_stack_check_invariants(stack);
}

/* ---- one seed ---- */

struct world {
    struct story story;
    struct baro_network *network;
    struct baro_wire *wire;
    struct program program[2];
};

static void create(struct world *world, unsigned seed)
{
    struct baro_network_config config = { .seed = seed, .now = { NS_PER_S } };

    memset(world, 0, sizeof *world);
    draw_story(&world->story, seed);
    world->network = baro_network_create(&config);
    world->wire = baro_wire_create(world->network, &world->story.wire);
    assert_non_null(world->wire);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_config host = { .wire = world->wire, .address = address_of(&world->story, i),
                                         .prefix_length = world->story.ipv6 ? 64 : 24, .program = run,
                                         .program_context = &world->program[i], .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                         .stack = &world->story.stack[i] };

        world->program[i].story = &world->story;
        world->program[i].end = i;
        world->program[i].host = baro_host_create(world->network, &host, NULL);
        assert_non_null(world->program[i].host);
    }
}

/* Every connection that began at one end is over there; a server does not hear of one that was cut off in its
 * dialogue. */
static bool all_over(const struct world *world)
{
    const struct program *client = &world->program[0], *server = &world->program[1];
    unsigned over[2] = { 0 };

    for (unsigned end = 0; end < 2; end++)
        for (unsigned i = 0; i < world->program[end].flows; i++)
            over[end] += is_over(&world->program[end].flow[i]);
    if (!client->begun || over[0] != world->story.flows || over[1] != server->flows)
        return false;
    return world->story.for_ever || server->flows + client->unreached == world->story.flows;
}

static void at_its_time(struct world *world, int64_t ms)
{
    const struct story *story = &world->story;

    if (story->cut && ms == story->cut_at_ms / 10 * 10)
        baro_wire_set_link(world->wire, false);
    if (story->cut && !story->for_ever && ms == story->cut_at_ms / 10 * 10 + 30000)
        baro_wire_set_link(world->wire, true);
    if (story->hole && ms == story->hole_at_ms / 10 * 10)
        baro_wire_set_blackhole(world->wire, story->hole_octets);
    for (unsigned end = 0; end < 2; end++) {
        world->program[end].left = story->portion[end];
        if (story->portion[end] != 0 && world->program[end].begun)
            run(&world->program[end], world->program[end].host);
    }
}

static void go(struct world *world)
{
    uint64_t moved = 0;
    int64_t still_ms = 0, ms = 0;

    for (; !all_over(world); ms += 10) {
        struct baro_instant until = { NS_PER_S + (ms + 10) * NS_PER_MS };
        uint64_t now = world->program[0].moved + world->program[1].moved;

        still_ms = now == moved ? still_ms + 10 : 0;
        moved = now;
        if (still_ms > STILL_S * 1000)
            failed(&world->story, "nothing moves, octets so far", (long long)moved);
        if (ms > LIMIT_S * 1000)
            failed(&world->story, "not over, octets so far", (long long)moved);
        at_its_time(world, ms);
        baro_network_run_until(world->network, until, NULL, NULL);
    }
}

/* All descriptors closed, the last states of TCP left: nothing may stay. */
static void finish(struct world *world)
{
    struct baro_instant until;

    baro_wire_set_blackhole(world->wire, 0);
    baro_wire_set_link(world->wire, true);
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack *stack = baro_host_stack(world->program[end].host);

        for (unsigned i = 0; i < world->program[end].flows; i++)
            baro_close(stack, world->program[end].flow[i].fd);
        if (end == 1)
            baro_close(stack, world->program[end].listener);
        world->program[end].flows = FLOWS;
        for (unsigned i = 0; i < FLOWS; i++)
            world->program[end].flow[i].fd = -1;
    }
    until.ns = baro_network_now(world->network).ns + 600 * NS_PER_S;
    baro_network_run_until(world->network, until, NULL, NULL);
    for (unsigned end = 0; end < 2; end++) {
        struct baro_statistics statistics;

        baro_stack_statistics(baro_host_stack(world->program[end].host), &statistics);
        if (statistics.tcp_connections != 0 || statistics.tcp_time_wait != 0 || statistics.buffer_bytes != 0)
            failed(&world->story, "octets of buffers left behind", (long long)statistics.buffer_bytes);
    }
    baro_network_free(world->network);
}

static void one_seed(unsigned seed)
{
    static struct world world;

    create(&world, seed);
    go(&world);
    for (unsigned end = 0; end < 2; end++) {
        for (unsigned i = 0; i < world.program[end].flows; i++) {
            const struct flow *flow = &world.program[end].flow[i];

            if (!flow->failed && flow->received != world.story.octets[1 - end])
                failed(&world.story, "the stream ends after octet", flow->received);
        }
    }
    finish(&world);
}

static void every_seed(void **state)
{
    (void)state;
    for (unsigned seed = first_seed; seed <= last_seed; seed++)
        one_seed(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_seed) };

    if (argc == 3) {
        first_seed = (unsigned)strtoul(argv[1], NULL, 10);
        last_seed = (unsigned)strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
