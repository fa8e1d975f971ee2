/* A wire that marks instead of dropping (RFC 3168): a sender that fills a narrow queue for 12 s loses not one frame,
 * slow start included, sends nothing again, and keeps the wire busy. The same wire without marks loses frames: that is
 * what they are for. Both algorithms, both families, several seeds; a failure prints what it ran. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"

/* 10 Mbit/s and 20 ms there and back, drawn longer by up to 1 ms: 17 frames are on their way. Half of those and of the
 *    20
 * that may wait before marks begin are enough to keep the wire busy; slow start overshoots to twice the 37. */
#define RATE 10000000
enum { PORT = 7000, QUEUE = 70, MARKS_FROM = 20, BEGIN_S = 2, END_S = 12, SEEDS = 3 };

struct run {
    bool v6;
    enum baro_congestion congestion;
    unsigned seed;
    uint32_t ecn_packets;
    /* what became of it */
    struct baro_wire_counts wire;
    struct baro_statistics sender, receiver;
    uint64_t used; /* per cent of the rate, from BEGIN_S to END_S */
};

struct program {
    const struct run *run;
    int fd, listener;
    uint64_t octets;
    bool begun;
};

static struct baro_address address_of(const struct run *run, uint8_t host)
{
    return run->v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host) : baro_ipv4(10, 0, 0, host);
}

static void send_all(void *context, struct baro_host *host)
{
    static const uint8_t octets[16384];
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);
    struct baro_endpoint peer = { address_of(program->run, 2), { PORT } };
    int congestion = (int)program->run->congestion;

    if (!program->begun) {
        program->begun = true;
        program->fd = baro_socket(stack, peer.address.family, BARO_STREAM);
        assert_int_equal(baro_setsockopt(stack, program->fd, BARO_TCP_CONGESTION, &congestion, sizeof congestion), 0);
        assert_int_equal(baro_connect(stack, program->fd, &peer), -EINPROGRESS);
    }
    if (baro_poll(stack, program->fd) & BARO_EVENT_OUT)
        while (baro_send(stack, program->fd, octets, sizeof octets, 0) > 0)
            continue;
    baro_stack_check_invariants(stack);
}

static void receive_all(void *context, struct baro_host *host)
{
    static uint8_t octets[65536];
    struct program *program = context;
    struct baro_stack *stack = baro_host_stack(host);
    struct baro_endpoint local = { { .family = address_of(program->run, 2).family }, { PORT } };
    ptrdiff_t length;

    if (!program->begun) {
        program->begun = true;
        program->fd = -1;
        program->listener = baro_socket(stack, local.address.family, BARO_STREAM);
        assert_int_equal(baro_bind(stack, program->listener, &local), 0);
        assert_int_equal(baro_listen(stack, program->listener, 1), 0);
    }
    if (program->fd < 0)
        program->fd = baro_accept(stack, program->listener, NULL);
    while (program->fd >= 0 && (length = baro_recv(stack, program->fd, octets, sizeof octets, 0)) > 0)
        program->octets += (uint64_t)length;
    baro_stack_check_invariants(stack);
}

static struct baro_host *station(struct baro_network *network, struct baro_wire *wire, const struct run *run,
                                 uint8_t number, struct program *program,
                                 void (*act)(void *context, struct baro_host *host))
{
    const struct baro_host_config config = { .wire = wire, .address = address_of(run, number),
                                             .prefix_length = run->v6 ? 64 : 24, .ipv6 = BARO_HOST_IPV6_BY_HAND,
                                             .program = act, .program_context = program };
    struct baro_host *host = baro_host_create(network, &config, NULL);

    assert_non_null(host);
    return host;
}

static void go(struct run *run)
{
    const struct baro_network_config config = { .seed = run->seed };
    const struct baro_wire_config wire_config = { .rate = RATE, .delay = { 9500000 }, .jitter = { 1000000 },
                                                  .queue_packets = QUEUE, .ecn_packets = run->ecn_packets };
    struct program programs[2] = { { .run = run }, { .run = run } };
    struct baro_network *network = baro_network_create(&config);
    struct baro_wire *wire = baro_wire_create(network, &wire_config);
    struct baro_host *sender = station(network, wire, run, 1, &programs[0], send_all);
    struct baro_host *receiver = station(network, wire, run, 2, &programs[1], receive_all);
    uint64_t before;

    baro_network_run_until(network, (struct baro_instant){ BEGIN_S * INT64_C(1000000000) }, NULL, NULL);
    baro_wire_statistics(wire, 0, &run->wire);
    before = run->wire.octets;
    baro_network_run_until(network, (struct baro_instant){ END_S * INT64_C(1000000000) }, NULL, NULL);
    baro_wire_statistics(wire, 0, &run->wire);
    run->used = (run->wire.octets - before) * 8 * 100 / (END_S - BEGIN_S) / RATE;
    baro_stack_statistics(baro_host_stack(sender), &run->sender);
    baro_stack_statistics(baro_host_stack(receiver), &run->receiver);
    baro_network_free(network);
}

static void marks_instead_of_losses(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * 2 * SEEDS; i++) {
        struct run run = { .congestion = i % 2 ? BARO_CONGESTION_RENO : BARO_CONGESTION_CUBIC, .v6 = i / 2 % 2 != 0,
                           .seed = 1 + i / 4, .ecn_packets = MARKS_FROM };

        go(&run);
        print_message("%s, IPv%d, seed %u: %u marked, %u reductions, %u dropped, %u again, %u %% used\n",
                      baro_congestion_name(run.congestion), run.v6 ? 6 : 4, run.seed, (unsigned)run.wire.marked,
                      (unsigned)run.sender.tcp_mark_reductions, (unsigned)run.wire.queue_full,
                      (unsigned)run.sender.tcp_retransmitted, (unsigned)run.used);
        assert_int_equal(run.wire.queue_full, 0);
        assert_int_equal(run.sender.tcp_retransmitted, 0);
        assert_int_equal(run.sender.tcp_rto, 0);
        assert_true(run.sender.tcp_mark_reductions >= 2);
        assert_true(run.sender.tcp_mark_reductions <= run.wire.marked);
        assert_in_range(run.receiver.tcp_marks_in, run.wire.marked - MARKS_FROM, run.wire.marked);
        assert_in_range(run.used, 93, 100);
    }
}

static void without_marks_it_loses(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct run run = { .congestion = i ? BARO_CONGESTION_RENO : BARO_CONGESTION_CUBIC, .seed = 1 };

        go(&run);
        assert_int_equal(run.wire.marked, 0);
        assert_true(run.wire.queue_full > 0);
        assert_true(run.sender.tcp_retransmitted > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_instead_of_losses),
        cmocka_unit_test(without_marks_it_loses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
