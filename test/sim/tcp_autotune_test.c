/* Buffers that follow the path, with default settings over whole networks: long fat paths are filled, a slow reader
 * costs little, an idle connection gives back, many connections share a small budget. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"

enum { PORT = 7000, FLOWS = 60, CHUNK = 65536 };

#define MS INT64_C(1000000)

struct flow {
    int fd;
    uint64_t sent, received;
    bool done;
};

/* One end: connects and writes, or accepts and reads. */
struct end {
    struct baro_host *host;
    bool server, begun;
    int listener, buffer;   /* buffer: what it asks for by options, 0: nothing */
    unsigned wanted, flows; /* connections */
    uint64_t octets;        /* in each, of the writer */
    uint64_t may_read;      /* of the reader, UINT64_MAX: all */
    struct flow flow[FLOWS];
};

struct world {
    struct baro_network *network;
    struct baro_wire *wire;
    struct end end[2];
};

static uint8_t octets[CHUNK];

static struct baro_stack *stack_of(const struct end *end)
{
    return baro_host_stack(end->host);
}

static void connect_all(struct end *end)
{
    struct baro_endpoint peer = { baro_ipv4(10, 0, 0, 2), { PORT } };

    while (end->flows < end->wanted) {
        struct flow *flow = &end->flow[end->flows];
        int error;

        flow->fd = baro_socket(stack_of(end), BARO_FAMILY_IPV4, BARO_STREAM);
        assert_true(flow->fd >= 0);
        error = baro_connect(stack_of(end), flow->fd, &peer);
        if (error != -EINPROGRESS)
            fail_msg("connection %u: %s", end->flows, strerror(-error));
        end->flows++;
    }
}

static void accept_all(struct end *end)
{
    if (!end->begun) {
        struct baro_endpoint local = { { 0 }, { PORT } };

        end->listener = baro_socket(stack_of(end), BARO_FAMILY_IPV4, BARO_STREAM);
        if (end->buffer != 0)
            baro_setsockopt(stack_of(end), end->listener, BARO_SO_RECV_BUFFER, &end->buffer, sizeof end->buffer);
        assert_int_equal(baro_bind(stack_of(end), end->listener, &local), 0);
        assert_int_equal(baro_listen(stack_of(end), end->listener, FLOWS), 0);
    }
    end->begun = true;
    while (end->flows < FLOWS) {
        int fd = baro_accept(stack_of(end), end->listener, NULL);

        if (fd < 0)
            return;
        end->flow[end->flows++].fd = fd;
    }
}

static void write_flow(struct end *end, struct flow *flow)
{
    while (flow->sent < end->octets) {
        size_t length = end->octets - flow->sent < CHUNK ? (size_t)(end->octets - flow->sent) : CHUNK;
        ptrdiff_t taken = baro_send(stack_of(end), flow->fd, octets, length, 0);

        if (taken <= 0) {
            assert_int_equal(taken, -EAGAIN);
            return;
        }
        flow->sent += (uint64_t)taken;
    }
}

static void read_flow(struct end *end, struct flow *flow)
{
    while (end->may_read != 0) {
        size_t most = end->may_read < CHUNK ? (size_t)end->may_read : CHUNK;
        ptrdiff_t length = baro_recv(stack_of(end), flow->fd, octets, most, 0);

        if (length <= 0)
            return;
        flow->received += (uint64_t)length;
        if (end->may_read != UINT64_MAX)
            end->may_read -= (uint64_t)length;
    }
}

static void run(void *context, struct baro_host *host)
{
    struct end *end = context;

    end->host = host;
    if (end->server)
        accept_all(end);
    else
        connect_all(end);
    for (unsigned i = 0; i < end->flows; i++) {
        if (end->server)
            read_flow(end, &end->flow[i]);
        else
            write_flow(end, &end->flow[i]);
    }
}

static void begin(struct world *world, const char *specification, size_t memory, unsigned flows, uint64_t count)
{
    struct baro_network_config config = { .seed = 3, .now = { 1000 * MS } };
    struct baro_wire_config wire;
    char error[200];

    *world =
        (struct world){ .end = { { .wanted = flows, .octets = count }, { .server = true, .may_read = UINT64_MAX } } };
    world->network = baro_network_create(&config);
    if (baro_wire_parse(specification, &wire, error, sizeof error) != 0)
        fail_msg("%s", error);
    world->wire = baro_wire_create(world->network, &wire);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_config host = { .wire = world->wire, .address = baro_ipv4(10, 0, 0, (uint8_t)(i + 1)),
                                         .prefix_length = 24, .program = run, .program_context = &world->end[i],
                                         .memory_limit = i == 1 ? memory : 0, .ipv6 = BARO_HOST_IPV6_BY_HAND };

        world->end[i].host = baro_host_create(world->network, &host, NULL);
        assert_non_null(world->end[i].host);
    }
}

static void pass(struct world *world, int64_t ms)
{
    struct baro_instant until = { baro_network_now(world->network).ns + ms * MS };

    baro_network_run_until(world->network, until, NULL, NULL);
    for (unsigned i = 0; i < 2; i++)
        baro_stack_check_invariants(stack_of(&world->end[i]));
}

static uint64_t received(const struct world *world)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < world->end[1].flows; i++)
        sum += world->end[1].flow[i].received;
    return sum;
}

static uint64_t charged(const struct world *world, unsigned end)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack_of(&world->end[end]), &statistics);
    return statistics.buffer_bytes;
}

/* Of what the wire can carry in payload, percent, after `start_ms` for `ms`. */
static unsigned filled(const char *wire, uint64_t bits, int64_t start_ms, int64_t ms)
{
    static struct world world;
    uint64_t before, after, can = bits / 8 * 1448 / 1514 * (uint64_t)ms / 1000;

    begin(&world, wire, 0, 1, UINT64_MAX);
    pass(&world, start_ms);
    before = received(&world);
    pass(&world, ms);
    after = received(&world);
    baro_network_free(world.network);
    return (unsigned)((after - before) * 100 / can);
}

static void long_fat_paths_are_filled(void **state)
{
    (void)state;
    assert_in_range(filled("rate=100mbit,delay=20ms,queue=500k,large=no", 100000000, 1500, 1000), 90, 101);
    assert_in_range(filled("rate=1gbit,delay=50ms,queue=16m,large=no", 1000000000, 3000, 1000), 90, 101);
}

/* The program reads 20 kB a second, the sender would send a thousand times that. */
static void a_slow_reader_keeps_a_small_window(void **state)
{
    static struct world world;

    (void)state;
    begin(&world, "rate=100mbit,delay=20ms", 0, 1, UINT64_MAX);
    world.end[1].may_read = 0;
    for (unsigned i = 0; i < 500; i++) {
        pass(&world, 10);
        world.end[1].may_read += 200;
        run(&world.end[1], world.end[1].host);
    }
    assert_true(received(&world) > 99000);
    assert_true(charged(&world, 1) <= 16384 + 2048);
    assert_true(charged(&world, 0) <= 16384 + 512 * 1024);
    baro_network_free(world.network);
}

/* As much as half of a second of the path; then nothing. */
static void an_idle_connection_gives_back(void **state)
{
    static struct world world;

    (void)state;
    begin(&world, "rate=100mbit,delay=20ms,queue=500k", 0, 1, 20000000);
    pass(&world, 1500);
    assert_true(charged(&world, 1) > 500000);
    pass(&world, 5000);
    assert_int_equal(received(&world), 20000000);
    assert_int_equal(charged(&world, 1), 16384 + 2048);
    assert_int_equal(charged(&world, 0), 16384 + 2048);
    pass(&world, 10000); /* it rests, and its promise goes back, too */
    assert_int_equal(charged(&world, 1), 0);
    assert_int_equal(charged(&world, 0), 0);
    /* And it is as fast again when it goes on. */
    world.end[0].octets += 20000000;
    run(&world.end[0], world.end[0].host);
    pass(&world, 4000);
    assert_int_equal(received(&world), 40000000);
    baro_network_free(world.network);
}

/* What the program says is what it gets, no more, however fast it reads. */
static void a_size_that_the_program_sets_stays(void **state)
{
    static struct world world;

    (void)state;
    begin(&world, "rate=100mbit,delay=20ms,queue=500k", 0, 1, UINT64_MAX);
    world.end[1].buffer = 65536;
    pass(&world, 3000);
    assert_true(received(&world) > 2000000);
    assert_int_equal(charged(&world, 1), 65536 + 2048);
    baro_network_free(world.network);
}

/* A budget of a mebibyte has room for the promises of 56 connections and not for much more. All go on, one that comes
 * late too, and nobody's window eats the rest. */
static void a_small_budget_is_shared(void **state)
{
    static struct world world;

    (void)state;
    begin(&world, "rate=100mbit,delay=10ms,queue=1m,loss=0.5%", 1 << 20, 40, 300000);
    pass(&world, 1000);
    world.end[0].wanted = 41;
    run(&world.end[0], world.end[0].host);
    pass(&world, 30000);
    assert_int_equal(world.end[1].flows, 41);
    for (unsigned i = 0; i < 41; i++)
        assert_int_equal(world.end[1].flow[i].received, 300000);
    baro_network_free(world.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_fat_paths_are_filled),
        cmocka_unit_test(a_slow_reader_keeps_a_small_window),
        cmocka_unit_test(an_idle_connection_gives_back),
        cmocka_unit_test(a_size_that_the_program_sets_stays),
        cmocka_unit_test(a_small_budget_is_shared)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
