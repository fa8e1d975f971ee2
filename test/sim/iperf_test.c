/* iperf3's server and client against each other in virtual time: both directions, several streams, a time or a number
 * of octets, losses; what each counted is what the other says, and whoever stops talking is cut off. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "baro/iperf.h"
#include "baro/network.h"

struct world {
    struct baro_network *network;
    struct baro_host *host[2]; /* server, client */
    struct baro_iperf *end[2];
    struct baro_iperf_result result[2];
    unsigned reports[2];
};

static void *take(void *context, size_t bytes)
{
    (void)context;
    return calloc(1, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static const struct baro_memory memory = { NULL, take, give_back };

static void server_reports(void *context, const struct baro_iperf_result *result)
{
    struct world *world = context;

    world->result[0] = *result;
    world->reports[0]++;
}

static void client_reports(void *context, const struct baro_iperf_result *result)
{
    struct world *world = context;

    world->result[1] = *result;
    world->reports[1]++;
}

static void program(void *context, struct baro_host *host)
{
    struct world *world = context;

    for (unsigned i = 0; i < 2; i++) {
        if (world->host[i] == host && world->end[i] != NULL)
            baro_iperf_poll(world->end[i], baro_network_now(world->network));
    }
}

static bool server_deadline(void *context, struct baro_instant *deadline)
{
    struct world *world = context;

    return world->end[0] != NULL && baro_iperf_next_deadline(world->end[0], deadline);
}

static bool client_deadline(void *context, struct baro_instant *deadline)
{
    struct world *world = context;

    return world->end[1] != NULL && baro_iperf_next_deadline(world->end[1], deadline);
}

static void start(struct world *world, const char *wire, const struct baro_iperf_config *client)
{
    struct baro_iperf_config config = { .memory = memory, .report = server_reports, .context = world };
    struct baro_wire_config wires;
    char error[100];
    int result;

    *world = (struct world){ .network = baro_network_create(&(struct baro_network_config){ .seed = 11 }) };
    assert_int_equal(baro_wire_parse(wire, &wires, error, sizeof error), 0);
    struct baro_host_config host = { .wire = baro_wire_create(world->network, &wires), .prefix_length = 24,
                                     .program = program, .program_context = world };
    for (uint8_t i = 0; i < 2; i++) {
        host.address = baro_ipv4(10, 1, 0, (uint8_t)(1 + i));
        host.program_deadline = i == 0 ? server_deadline : client_deadline;
        world->host[i] = baro_host_create(world->network, &host, NULL);
    }
    config.stack = baro_host_stack(world->host[0]);
    world->end[0] = baro_iperf_create(&config, &result);
    assert_int_equal(result, 0);
    if (client == NULL)
        return;
    config = *client;
    config.memory = memory;
    config.stack = baro_host_stack(world->host[1]);
    config.server.address = baro_ipv4(10, 1, 0, 1);
    config.report = client_reports;
    config.context = world;
    world->end[1] = baro_iperf_create(&config, &result);
    assert_int_equal(result, 0);
}

static void run_ms(struct world *world, int64_t ms)
{
    struct baro_instant limit = baro_network_now(world->network);

    limit.ns += ms * 1000000;
    baro_network_run_until(world->network, limit, NULL, NULL);
}

static void run(struct world *world, int64_t seconds)
{
    run_ms(world, seconds * 1000);
}

static void stop(struct world *world)
{
    baro_iperf_free(world->end[0]);
    baro_iperf_free(world->end[1]);
    baro_network_free(world->network);
}

static void both_ends_agree(const char *wire, const struct baro_iperf_config *client)
{
    struct world world;
    unsigned sender = client->reverse ? 0 : 1;

    start(&world, wire, client);
    run(&world, 60);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(world.reports[i], 1);
        assert_null(world.result[i].error);
        assert_int_equal(world.result[i].sender, i == sender);
        assert_int_equal(world.result[i].streams, client->streams == 0 ? 1 : client->streams);
        assert_int_equal(world.result[i].octets, world.result[1 - i].peer_octets);
        assert_true(world.result[i].octets > 100000);
    }
    assert_true(world.result[sender].octets >= world.result[1 - sender].octets);
    if (client->octets != 0)
        assert_true(world.result[sender].octets >= client->octets);
    if (client->time.ns != 0) {
        assert_true(world.result[1].time.ns >= client->time.ns);
        assert_true(world.result[1].time.ns < client->time.ns + 10000000);
    }
    assert_true(baro_iperf_finished(world.end[1]));
    stop(&world);
}

static void tests_go_to_their_end(void **state)
{
    const struct baro_duration two = { INT64_C(2000000000) };
    const char *wire = "fast,rate=50mbit,delay=5ms";
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        bool reverse = i != 0;

        both_ends_agree(wire, &(struct baro_iperf_config){ .time = two, .reverse = reverse });
        both_ends_agree(wire, &(struct baro_iperf_config){ .time = two, .reverse = reverse, .streams = 7 });
        both_ends_agree(wire, &(struct baro_iperf_config){ .octets = 3000000, .reverse = reverse, .block = 1000 });
        both_ends_agree(wire, &(struct baro_iperf_config){ .octets = 3000000, .reverse = reverse, .streams = 128 });
        both_ends_agree("fast,loss=1%,delay=5ms,rate=50mbit,seed=3",
                        &(struct baro_iperf_config){ .time = two, .reverse = reverse, .streams = 2 });
    }
}

/* The server's host is gone in the middle: the client ends by itself, as the server does without its client. */
static void silence_ends_a_test(void **state)
{
    struct world world;
    (void)state;

    for (unsigned dead = 0; dead < 2; dead++) {
        start(&world, "fast,rate=50mbit,delay=5ms", &(struct baro_iperf_config){ .octets = UINT64_C(1) << 40 });
        run(&world, 2);
        baro_iperf_free(world.end[dead]); /* resets its connections */
        world.end[dead] = NULL;
        run(&world, 30);
        assert_int_equal(world.reports[1 - dead], 1);
        assert_non_null(world.result[1 - dead].error);
        stop(&world);
    }
}

/* Connects as a client would and says `octets`, then nothing more. */
static int say(struct world *world, const void *octets, size_t length)
{
    struct baro_stack *stack = baro_host_stack(world->host[1]);
    const struct baro_endpoint server = { .address = baro_ipv4(10, 1, 0, 1), .port = { BARO_IPERF_PORT } };
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    assert_int_equal(baro_connect(stack, fd, &server), -EINPROGRESS);
    run_ms(world, 100);
    assert_int_equal(baro_send(stack, fd, octets, length, 0), length);
    run_ms(world, 100);
    return fd;
}

static void a_client_that_stops_talking_is_cut_off(void **state)
{
    static const char whole[] = "123456789012345678901234567890123456\0\0\0\0\x1b{\"tcp\":true,\"parallel\":2.0}";
    static const size_t lengths[] = { 0, 20, 37, 39, 50, sizeof whole - 1 };
    struct world world;
    (void)state;

    for (size_t i = 1; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t answer[8];
        int fd;

        start(&world, "fast", NULL);
        fd = say(&world, whole, lengths[i]);
        assert_int_equal(world.reports[0], 0);
        run(&world, 12);
        assert_int_equal(world.reports[0], 1);
        assert_string_equal(world.result[0].error, "the client was silent for too long");
        if (lengths[i] == sizeof whole - 1) { /* streams are asked for, and none came */
            assert_int_equal(baro_recv(baro_host_stack(world.host[1]), fd, answer, sizeof answer, 0), 2);
            assert_int_equal(answer[1], 10);
        }
        stop(&world);
    }
}

/* Many come at once, and others while one is served: one is, the others hear no. */
static void only_one_is_served(void **state)
{
    struct world world;
    int fd[20];
    (void)state;

    start(&world, "fast", NULL);
    for (unsigned i = 0; i < 20; i++)
        fd[i] = say(&world, "x", 1);
    for (unsigned i = 1; i < 20; i++) {
        uint8_t state_octet = 0;

        assert_int_equal(baro_recv(baro_host_stack(world.host[1]), fd[i], &state_octet, 1, 0), 1);
        assert_int_equal(state_octet, 0xff);
    }
    stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_go_to_their_end),
        cmocka_unit_test(silence_ends_a_test),
        cmocka_unit_test(a_client_that_stops_talking_is_cut_off),
        cmocka_unit_test(only_one_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
