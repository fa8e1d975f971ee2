/* ACKs alone that leave in runs (src/fast_acks.c) use their neighbour like all that is sent to it: one that hears
 * nothing else from us is not the first to be forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "stack.h"
#include "support/cable.h"

enum { MANY = 8, PORT = 7000 };

static struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    int fd[MANY];
} side[2];
static struct baro_instant now;

static void create(bool ipv6)
{
    now.ns = INT64_C(1000000000);
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack_config config = { .seed = { (uint8_t)(1 + end) }, .now = now };

        memset(&side[end], 0, sizeof side[end]);
        frame_device_init(&side[end].device, (uint8_t)(1 + end), 1500);
        side[end].device.room = UINT32_MAX;
        config.memory = test_memory(&side[end].memory);
        side[end].stack = cable_stack(&config, ipv6, end, &side[end].device);
    }
}

static void pass(int64_t ms)
{
    now.ns += ms * 1000000;
    for (unsigned end = 0; end < 2; end++) {
        baro_stack_poll(side[end].stack, now);
        frame_device_carry(&side[end].device, &side[1 - end].device);
        baro_stack_check_invariants(side[end].stack);
    }
}

static void connect_them(bool ipv6)
{
    const struct baro_endpoint to = { cable_address(ipv6, 1), { PORT } };
    const enum baro_family family = (enum baro_family)to.address.family;
    const int listener = baro_socket(side[1].stack, family, BARO_STREAM);

    assert_int_equal(baro_bind(side[1].stack, listener, &to), 0);
    assert_int_equal(baro_listen(side[1].stack, listener, MANY), 0);
    for (unsigned i = 0; i < MANY; i++) {
        side[0].fd[i] = baro_socket(side[0].stack, family, BARO_STREAM);
        assert_int_equal(baro_connect(side[0].stack, side[0].fd[i], &to), -EINPROGRESS);
    }
    for (unsigned i = 0; i < 10; i++)
        pass(1000);
    for (unsigned i = 0; i < MANY; i++)
        assert_true((side[1].fd[i] = baro_accept(side[1].stack, listener, NULL)) > 0);
}

/* The clients speak, the server acknowledges all of it in one run, by intents or at the end of the program's turn. */
static void acknowledge(bool at_once)
{
    const uint64_t before = side[1].stack->fast;
    uint8_t heard[100];

    for (unsigned i = 0; i < MANY; i++) {
        for (unsigned times = 0; times < (at_once ? 2u : 1u); times++) {
            assert_int_equal(baro_send(side[0].stack, side[0].fd[i], "hello", 5, 0), 5);
            baro_stack_flush(side[0].stack);
        }
    }
    frame_device_carry(&side[0].device, &side[1].device);
    baro_stack_poll(side[1].stack, now);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(baro_recv(side[1].stack, side[1].fd[i], heard, sizeof heard, 0) > 0);
    baro_stack_flush(side[1].stack);
    pass(100);
    assert_true(side[1].stack->fast >= before + MANY);
}

/* The server asks for that many others, who answer. */
static void others_answer(bool ipv6, unsigned first, unsigned count)
{
    struct neighbours *neighbours = &side[1].stack->neighbours;
    struct neighbour *entry;

    for (unsigned i = first; i < first + count; i++) {
        struct baro_mac mac = { { 2, 1, 0, 0, (uint8_t)(i / 256), (uint8_t)i } };
        const struct baro_address other = ipv6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 1, (uint16_t)i)
                                               : baro_ipv4(10, 0, (uint8_t)(1 + i / 256), (uint8_t)i);

        assert_false(neighbour_resolve(neighbours, 1, other, cable_address(ipv6, 1), &mac, &entry));
        neighbour_learn(neighbours, 1, other, mac, false, true);
        baro_stack_flush(side[1].stack);
        frame_device_carry(&side[1].device, &side[0].device);
        baro_stack_poll(side[0].stack, now);
        assert_int_equal(entry->class, NEIGHBOUR_PROVEN);
    }
}

static void who_hears_acks_alone_stays_known(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const bool ipv6 = i % 2 != 0, at_once = i / 2 != 0;
        struct neighbours *neighbours;

        create(ipv6);
        connect_them(ipv6);
        neighbours = &side[1].stack->neighbours;
        acknowledge(at_once);
        assert_int_equal(neighbours->count[NEIGHBOUR_PROVEN], 1);
        others_answer(ipv6, 0, NEIGHBOUR_PROVEN_LIMIT - 1);
        acknowledge(at_once);
        others_answer(ipv6, NEIGHBOUR_PROVEN_LIMIT, 1); /* the one that was not used for longest goes */
        assert_int_equal(neighbours->count[NEIGHBOUR_PROVEN], NEIGHBOUR_PROVEN_LIMIT);
        assert_true(neighbour_knows(neighbours, 1, cable_address(ipv6, 0)));
        for (unsigned end = 0; end < 2; end++)
            cable_end(side[end].stack, &side[end].device, &side[end].memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(who_hears_acks_alone_stays_known) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
