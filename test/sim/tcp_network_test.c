/* A hundred seeds of a whole network: two hosts with adapters, a wire that loses, reorders, duplicates and corrupts,
 * three connections at once through the socket calls, data both ways, every octet compared. A failure prints its
 * seed; the same seed gives the same run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"

enum { CONNECTIONS = 3, OCTETS = 40000, PORT = 7000 };

struct flow {
    int fd;
    bool connected, closed, ended;
    uint32_t sent, received;
};

struct program {
    bool server;
    int listener;
    struct flow flow[CONNECTIONS];
    unsigned flows, seed;
    bool begun;
};

static uint8_t octet_at(const struct program *program, bool from_server, uint32_t at)
{
    (void)program;
    return (uint8_t)((at * 2654435761u + (from_server ? 77u : 0)) >> 11);
}

static void begin(struct program *program, struct baro_stack *stack)
{
    struct baro_endpoint local = { { 0 }, { PORT } }, peer = { baro_ipv4(10, 0, 0, 2), { PORT } };

    program->begun = true;
    if (program->server) {
        program->listener = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
        assert_true(program->listener >= 0);
        assert_int_equal(baro_bind(stack, program->listener, &local), 0);
        assert_int_equal(baro_listen(stack, program->listener, 5), 0);
        return;
    }
    for (; program->flows < CONNECTIONS; program->flows++) {
        struct flow *flow = &program->flow[program->flows];

        flow->fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
        assert_int_equal(baro_connect(stack, flow->fd, &peer), -EINPROGRESS);
    }
}

static void write_some(struct program *program, struct baro_stack *stack, struct flow *flow)
{
    uint8_t data[3000];

    while (flow->sent < OCTETS) {
        uint32_t length = OCTETS - flow->sent < 1 + program->seed * 29 ? OCTETS - flow->sent : 1 + program->seed * 29;
        ptrdiff_t taken;

        length = length < sizeof data ? length : sizeof data;
        for (uint32_t i = 0; i < length; i++)
            data[i] = octet_at(program, program->server, flow->sent + i);
        taken = baro_send(stack, flow->fd, data, length, 0);
        if (taken == -EAGAIN)
            return;
        if (taken <= 0)
            fail_msg("seed %u: send gives %td", program->seed, taken);
        flow->sent += (uint32_t)taken;
    }
    if (!flow->closed)
        assert_int_equal(baro_shutdown(stack, flow->fd, BARO_SHUT_WRITE), 0);
    flow->closed = true;
}

static void read_some(struct program *program, struct baro_stack *stack, struct flow *flow)
{
    uint8_t data[3000];
    ptrdiff_t length;

    while ((length = baro_recv(stack, flow->fd, data, sizeof data, 0)) > 0) {
        for (ptrdiff_t i = 0; i < length; i++) {
            if (data[i] != octet_at(program, !program->server, flow->received + (uint32_t)i))
                fail_msg("seed %u: octet %u is wrong", program->seed, flow->received + (uint32_t)i);
        }
        flow->received += (uint32_t)length;
    }
    if (length != 0 && length != -EAGAIN)
        fail_msg("seed %u: recv gives %td", program->seed, length);
    flow->ended = length == 0;
}

static void run(void *context, struct baro_host *host)
{
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);

    if (!program->begun)
        begin(program, stack);
    while (program->server && program->flows < CONNECTIONS) {
        int fd = baro_accept(stack, program->listener, NULL);

        if (fd < 0)
            break;
        program->flow[program->flows++].fd = fd;
    }
    for (unsigned i = 0; i < program->flows; i++) {
        struct flow *flow = &program->flow[i];

        if (flow->ended && flow->closed)
            continue;
        if (!program->server && !flow->connected) {
            if ((baro_poll(stack, flow->fd) & BARO_EVENT_OUT) == 0)
                continue;
            flow->connected = true;
        }
        if (!flow->closed)
            write_some(program, stack, flow);
        if (!flow->ended)
            read_some(program, stack, flow);
    }
    baro_stack_check_invariants(stack);
}

static bool all_done(void *context)
{
    struct program *programs = context;

    for (unsigned p = 0; p < 2; p++) {
        if (programs[p].flows < CONNECTIONS)
            return false;
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            if (!programs[p].flow[i].ended || !programs[p].flow[i].closed)
                return false;
        }
    }
    return true;
}

static void one_seed(unsigned seed)
{
    struct baro_network_config config = { .seed = seed };
    struct baro_network *network = baro_network_create(&config);
    struct program program[2] = { { .seed = seed }, { .seed = seed, .server = true } };
    struct baro_wire_config faults = { .seed = seed, .delay = { 2000000 }, .loss_ppm = 10000 + seed % 5 * 10000,
                                       .reorder_ppm = seed % 4 * 20000, .duplicate_ppm = seed % 3 * 20000,
                                       .corrupt_ppm = seed % 7 * 3000, .corrupt_ip = seed % 2 != 0,
                                       .no_large = seed % 3 != 0 };
    struct baro_wire *wire;
    struct baro_instant limit = { INT64_C(600000000000) };

    assert_non_null(network);
    wire = baro_wire_create(network, &faults);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_config host = { .wire = wire, .address = baro_ipv4(10, 0, 0, (uint8_t)(i + 1)),
                                         .prefix_length = 24, .program = run, .program_context = &program[i] };

        assert_non_null(baro_host_create(network, &host, NULL));
    }
    if (!baro_network_run_until(network, limit, all_done, program))
        fail_msg("seed %u: not done after ten minutes", seed);
    for (unsigned p = 0; p < 2; p++) {
        for (unsigned i = 0; i < CONNECTIONS; i++)
            assert_int_equal(program[p].flow[i].received, OCTETS);
    }
    baro_network_free(network);
}

static void a_hundred_seeds(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++)
        one_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_hundred_seeds) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
