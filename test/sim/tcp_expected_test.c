/* The fast path of reception (src/expected.c, src/transport/tcp/expected.c) decides nothing by itself: a
 * network whose hosts are watched goes the slow path with each segment, one that nobody watches takes the
 * fast path, and the two must not differ.
 *
 * Two hosts with a router between them, whose trace sees every frame on both wires. Each seed draws loss,
 * duplication, reordering, corruption, delay, marks, super-segments, both families, pieces from an octet to
 * many segments, slow readers and what the two ends can do, and is run twice: with a trace on both hosts, and
 * without. The frames and their moments, the counters, and what TCP_INFO says of each connection in the
 * middle and at the end must be the same to the last bit.
 *
 * And it must be a fast path: of a plain transfer nearly all segments take it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"
#include "stack.h"
#include "support/chance.h"
#include "support/twice.h"
#include "transport/tcp/connection.h"

enum { SEEDS = 60, FLOWS = 3, PORT = 7000, CHUNK = 16384, STEP_MS = 5, LIMIT_S = 900, INFOS = 8 };

#define NS_PER_MILLISECOND INT64_C(1000000)

struct story {
    bool ipv6;
    unsigned flows;
    uint32_t octets[2], piece[2],
        portion[2]; /* in each connection, of one write, read in a step at most (0: all) */
    int nodelay;
    bool posted[2]; /* does the program say beforehand where what comes shall go? */
    struct baro_wire_config wire;
    struct baro_stack_config stack[2];
};

struct program {
    const struct story *story;
    struct baro_host *host;
    unsigned end, flows; /* end 0: the client */
    int listener, fd[FLOWS];
    uint32_t sent[FLOWS], received[FLOWS], left;
    bool ended[FLOWS], closed[FLOWS];
    uint8_t posted[FLOWS][CHUNK];
};

/* What is compared. */
struct outcome {
    uint64_t hash, frames;
    bool done;
    struct baro_statistics statistics[2];
    struct baro_tcp_info info[2][INFOS][FLOWS];
    uint32_t received[2][FLOWS];
};

struct world {
    struct story story;
    struct baro_network *network;
    struct program program[2];
    uint64_t segments, expected;
};

/* ---- what a seed draws ---- */

static void draw_wire(struct story *story, unsigned seed)
{
    struct baro_wire_config *wire = &story->wire;
    bool whole = one_in(6); /* without faults: super-segments and undone checksums travel on it */

    *wire = (struct baro_wire_config){ .seed = seed };
    if (whole)
        return;
    wire->no_large = true;
    wire->delay.ns = (int64_t)draw(3) * (int64_t)draw(20) * NS_PER_MILLISECOND;
    wire->loss_ppm = one_in(3) ? 0 : (uint32_t)draw(40000);
    wire->duplicate_ppm = one_in(2) ? 0 : (uint32_t)draw(40000);
    wire->reorder_ppm = one_in(2) ? 0 : (uint32_t)draw(100000);
    wire->corrupt_ppm = one_in(2) ? 0 : (uint32_t)draw(20000);
    wire->corrupt_ip = wire->corrupt_ppm != 0;
    wire->jitter.ns = one_in(3) ? (int64_t)draw(8) * NS_PER_MILLISECOND : 0;
    if (one_in(2)) {
        wire->rate = 5000000 + draw(50) * 1000000;
        wire->queue_packets = 8 + (uint32_t)draw(60);
        wire->ecn_packets = one_in(2) ? 3 : 0;
    }
}

static void draw_story(struct story *story, unsigned seed)
{
    *story = (struct story){ 0 };
    this_run = (struct twice_run){ .state = seed };
    story->ipv6 = one_in(2);
    draw_wire(story, seed);
    story->flows = 1 + (unsigned)draw(FLOWS);
    story->nodelay = one_in(2);
    for (unsigned end = 0; end < 2; end++) {
        story->octets[end] = 1 + (uint32_t)draw(one_in(2) ? 20000 : 300000);
        story->piece[end] = 1 + (uint32_t)draw(one_in(2) ? 300 : CHUNK - 1);
        story->portion[end] = one_in(3) ? 500 + (uint32_t)draw(5000) : 0;
        story->stack[end].ecn = (enum baro_ecn)draw(3);
        story->stack[end].tcp_without = one_in(4) ? (unsigned)draw(8) : 0;
        story->stack[end].congestion = (enum baro_congestion)draw(BARO_CONGESTION_COUNT);
    }
    for (unsigned end = 0; end < 2; end++)
        story->posted[end] = one_in(2);
}

/* ---- programs ---- */

static struct baro_address at(const struct story *story, unsigned net, unsigned host)
{
    return story->ipv6 ? baro_ipv6(0xfd00, (uint16_t)net, 0, 0, 0, 0, 0, (uint16_t)host)
                       : baro_ipv4(10, (uint8_t)net, 0, (uint8_t)host);
}

static int socket_of(struct program *program, struct baro_stack *stack)
{
    int fd = baro_socket(stack, program->story->ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);

    assert_true(fd >= 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_TCP_NODELAY, &program->story->nodelay, sizeof(int)), 0);
    return fd;
}

static void begin(struct program *program, struct baro_stack *stack)
{
    struct baro_endpoint local = { { 0 }, { PORT } }, peer = { at(program->story, 2, 2), { PORT } };

    if (program->end == 1) {
        program->listener = socket_of(program, stack);
        assert_int_equal(baro_bind(stack, program->listener, &local), 0);
        assert_int_equal(baro_listen(stack, program->listener, FLOWS), 0);
        return;
    }
    program->listener = 0;
    for (; program->flows < program->story->flows; program->flows++) {
        program->fd[program->flows] = socket_of(program, stack);
        assert_int_equal(baro_connect(stack, program->fd[program->flows], &peer), -EINPROGRESS);
    }
}

/* Up to `most` octets that came; -EAGAIN: none did. */
static ptrdiff_t receive(struct program *program, struct baro_stack *stack, unsigned flow, uint8_t *data, uint32_t most)
{
    int fd = program->fd[flow];
    ptrdiff_t length;

    if (!program->story->posted[program->end])
        return baro_recv(stack, fd, data, most, 0);
    length = baro_recv_collect(stack, fd);
    if (length > 0)
        memcpy(data, program->posted[flow], (size_t)length);
    if (length == 0 || (length < 0 && length != -EAGAIN && length != -EINVAL))
        return length;
    baro_recv_post(stack, fd, program->posted[flow], most); /* the connection may have ended behind the last octets */
    return length > 0 ? length : -EAGAIN;
}

static void step(struct program *program, struct baro_stack *stack, unsigned flow)
{
    static uint8_t data[CHUNK];
    uint32_t total = program->story->octets[program->end];
    ptrdiff_t length;

    while (program->sent[flow] < total) {
        uint32_t piece = program->story->piece[program->end], left = total - program->sent[flow];

        for (uint32_t i = 0; i < piece; i++)
            data[i] = (uint8_t)((program->sent[flow] + i) * 2654435761u >> 13);
        length = baro_send(stack, program->fd[flow], data, piece < left ? piece : left, 0);
        if (length <= 0)
            break;
        program->sent[flow] += (uint32_t)length;
    }
    while (!program->ended[flow]) {
        bool portions = program->story->portion[program->end] != 0;

        length = portions && program->left == 0
                     ? -EAGAIN
                     : receive(program, stack, flow, data, portions && program->left < CHUNK ? program->left : CHUNK);
        program->ended[flow] = length == 0 || (length < 0 && length != -EAGAIN);
        if (length <= 0)
            break;
        for (ptrdiff_t i = 0; i < length; i++)
            assert_int_equal(data[i], (uint8_t)((program->received[flow] + (uint32_t)i) * 2654435761u >> 13));
        program->received[flow] += (uint32_t)length;
        program->left -= portions && program->left > (uint32_t)length ? (uint32_t)length : portions ? program->left : 0;
    }
    if (!program->closed[flow] && program->sent[flow] == total &&
        program->received[flow] == program->story->octets[1 - program->end])
        program->closed[flow] = baro_shutdown(stack, program->fd[flow], BARO_SHUT_WRITE) == 0;
}

static void run(void *context, struct baro_host *host)
{
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);

    program->host = host;
    if (program->listener < 0)
        begin(program, stack);
    while (program->end == 1 && program->flows < FLOWS) {
        int fd = baro_accept(stack, program->listener, NULL);

        if (fd < 0)
            break;
        program->fd[program->flows++] = fd;
    }
    for (unsigned i = 0; i < program->flows; i++)
        step(program, stack, i);
    baro_stack_check_invariants(stack);
}

/* ---- a world ---- */

/* On the router: what comes on either wire, and when. */
static void hear(void *context, const struct baro_trace_event *event)
{
    struct outcome *outcome = context;

    if (event->kind != BARO_TRACE_FRAME_IN)
        return;
    outcome->frames++;
    chance_note(&outcome->hash, &event->at.ns, sizeof event->at.ns);
    chance_note(&outcome->hash, event->bytes.data, event->bytes.length);
}

static void create(struct world *world, const struct story *story, bool watched, struct outcome *outcome)
{
    struct baro_network_config config = { .seed = story->wire.seed, .now = { INT64_C(1000000000) } };
    struct baro_host_config router = { .quiet_adapters = true,
                                       .trace = { outcome, hear },
                                       .ipv6 = BARO_HOST_IPV6_BY_HAND };
    struct baro_host_address other;
    struct baro_wire *wire[2];
    struct baro_host *between;

    memset(world, 0, sizeof *world);
    world->story = *story;
    world->network = baro_network_create(&config);
    for (unsigned i = 0; i < 2; i++) {
        wire[i] = baro_wire_create(world->network, &world->story.wire);
        assert_non_null(wire[i]);
        world->story.wire.seed += 1000;
    }
    router.wire = wire[0];
    router.address = at(&world->story, 1, 1);
    router.prefix_length = world->story.ipv6 ? 64 : 24;
    between = baro_host_create(world->network, &router, NULL);
    assert_non_null(between);
    other = (struct baro_host_address){ at(&world->story, 2, 1), router.prefix_length };
    assert_true(baro_host_add_wire(between, wire[1], &other, 1) > 0);
    baro_stack_set_forwarding(baro_host_stack(between), true);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_config host = { .wire = wire[i],
                                         .address = at(&world->story, i + 1, 2),
                                         .prefix_length = router.prefix_length,
                                         .gateway = at(&world->story, i + 1, 1),
                                         .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                         .program = run,
                                         .program_context = &world->program[i],
                                         .stack = &world->story.stack[i] };

        host.trace = twice_trace(watched);
        world->program[i] = (struct program){ .story = &world->story, .end = i, .listener = -1 };
        world->program[i].host = baro_host_create(world->network, &host, NULL);
        assert_non_null(world->program[i].host);
    }
}

static bool is_done(const struct world *world)
{
    for (unsigned end = 0; end < 2; end++) {
        const struct program *program = &world->program[end];

        if (program->flows != world->story.flows)
            return false;
        for (unsigned i = 0; i < program->flows; i++)
            if (!program->ended[i] || !program->closed[i])
                return false;
    }
    return true;
}

static void look(const struct world *world, struct outcome *outcome, unsigned index)
{
    for (unsigned end = 0; end < 2; end++) {
        for (unsigned i = 0; i < world->program[end].flows; i++) {
            size_t size = sizeof outcome->info[end][index][i];

            baro_getsockopt(baro_host_stack(world->program[end].host), world->program[end].fd[i],
                            BARO_TCP_INFO, &outcome->info[end][index][i], &size);
        }
    }
}

static void run_world(struct world *world, const struct story *story, bool watched, struct outcome *outcome)
{
    struct baro_instant until = { INT64_C(1000000000) };
    unsigned looks = 0;

    memset(outcome, 0, sizeof *outcome);
    create(world, story, watched, outcome);
    for (int64_t ms = 0; ms < LIMIT_S * 1000 && !outcome->done; ms += STEP_MS) {
        for (unsigned end = 0; end < 2; end++) {
            world->program[end].left = world->story.portion[end];
            if (world->story.portion[end] != 0 && world->program[end].listener >= 0)
                run(&world->program[end], world->program[end].host);
        }
        until.ns += STEP_MS * NS_PER_MILLISECOND;
        baro_network_run_until(world->network, until, NULL, NULL);
        if (looks + 1 < INFOS && ms >= (int64_t)(20 << 2 * looks))
            look(world, outcome, looks++);
        outcome->done = is_done(world);
    }
    look(world, outcome, looks);
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack *stack = baro_host_stack(world->program[end].host);

        baro_stack_statistics(stack, &outcome->statistics[end]);
        outcome->statistics[end].slab_bytes = 0; /* a trace of frames takes memory for them */
        memcpy(outcome->received[end], world->program[end].received, sizeof outcome->received[end]);
        world->segments += outcome->statistics[end].tcp_in;
        world->expected += stack->tcp->expected;
    }
    baro_network_free(world->network);
}

/* ---- tests ---- */

static void short_cut_changes_nothing(void **state)
{
    static struct world world;
    static struct outcome whole, cut;
    uint64_t segments = 0, expected = 0;
    struct story story;
    unsigned done = 0;

    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        draw_story(&story, seed);
        run_world(&world, &story, true, &whole);
        assert_int_equal(world.expected, 0);
        run_world(&world, &story, false, &cut);
        segments += world.segments;
        expected += world.expected;
        done += whole.done;
        if (memcmp(&whole, &cut, sizeof whole) != 0)
            fail_msg("seed %u: the runs differ; frames %llu and %llu, hash %s, counters %s, TCP_INFO %s",
                     seed, (unsigned long long)whole.frames, (unsigned long long)cut.frames,
                     whole.hash == cut.hash ? "same" : "other",
                     memcmp(whole.statistics, cut.statistics, sizeof cut.statistics) == 0 ? "same" : "other",
                     memcmp(whole.info, cut.info, sizeof cut.info) == 0 ? "same" : "other");
    }
    assert_true(done > SEEDS * 9 / 10);   /* a neighbour may stay unknown */
    assert_true(expected > segments / 3); /* with all these faults, too, it was worth it */
}

/* One connection, nothing goes wrong: all but the dialogue, the text for which the ring takes memory, and the
 * end. */
static void nearly_all_take_it(void **state)
{
    static struct world world;
    static struct outcome outcome;

    (void)state;
    for (unsigned family = 0; family < 2; family++) {
        const struct story story = { .ipv6 = family == 1,
                                     .flows = 1,
                                     .octets = { 3000000, 1 },
                                     .piece = { CHUNK, CHUNK },
                                     .wire = {
                                         .seed = 1, .no_large = true, .delay = { NS_PER_MILLISECOND } } };

        run_world(&world, &story, false, &outcome);
        assert_true(outcome.done);
        if (world.expected < world.segments * 9 / 10)
            fail_msg("%llu of %llu segments", (unsigned long long)world.expected,
                     (unsigned long long)world.segments);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(short_cut_changes_nothing),
                                        cmocka_unit_test(nearly_all_take_it) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
