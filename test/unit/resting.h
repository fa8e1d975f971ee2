/* Connections with both ends in one stack that come to rest, for tests of it. */
#ifndef UNIT_RESTING_H
#define UNIT_RESTING_H

#include "support/one_stack.h"

TEST_HELPER const struct baro_statistics *counters(void)
{
    static struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return &statistics;
}

TEST_HELPER void forget_readiness(void)
{
    struct baro_ready ready;

    while (baro_next_ready(stack, &ready))
        continue;
}

/* The program has looked at everything, and nothing happens for so many seconds. */
TEST_HELPER void idle(int seconds)
{
    forget_readiness();
    for (int i = 0; i < seconds * 10; i++) {
        now.ns += 100000000;
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
    }
}

static int client, server;

TEST_HELPER void pair_on(struct baro_endpoint end)
{
    int listening = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);

    assert_int_equal(bind_to(listening, end), 0);
    assert_int_equal(baro_listen(stack, listening, 5), 0);
    client = stream();
    assert_int_equal(connect_to(client, end), -EINPROGRESS);
    pass(5);
    server = baro_accept(stack, listening, NULL);
    assert_true(server > 0);
}

#endif
