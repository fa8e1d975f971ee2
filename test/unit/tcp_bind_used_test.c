/* bind() to an address and a port that connections use: what it says, and that it says so without looking at
 * connections, which is counted: where all that use the port have one address of their family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack.h"
#include "transport/tcp/connection.h"
#include "support/one_stack.h"

enum { COUNT = 100, PORT = 80, USED = 5000 };

static int client[COUNT], server[COUNT], listening;

static struct baro_endpoint at6(bool loop, uint16_t port)
{
    return (struct baro_endpoint){ loop ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1) : baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1),
                                   { port } };
}

/* What binding a new socket says, and how many connections it looked at. */
static int bound(struct baro_endpoint local, uint64_t *walked)
{
    uint64_t before = stack->tcp->ports_walked;
    int fd = baro_socket(stack, local.address.family, BARO_STREAM), error;

    if (local.address.family == BARO_FAMILY_IPV6)
        assert_int_equal(set_int(fd, BARO_IPV6_ONLY, 1), 0);
    error = bind_to(fd, local);
    baro_close(stack, fd);
    *walked = stack->tcp->ports_walked - before;
    return error;
}

static void expect(struct baro_endpoint local, int error)
{
    uint64_t walked;

    assert_int_equal(bound(local, &walked), error);
    assert_int_equal(walked, 0);
}

static void pass_s(unsigned seconds)
{
    for (unsigned i = 0; i < 10 * seconds; i++) {
        now.ns += 100000000;
        baro_stack_poll(stack, now);
    }
}

/* Connections from 127.0.0.1, the first one's port is USED. */
static void connect_all(void)
{
    assert_int_equal(baro_stack_add_address(stack, 1, at6(false, 0).address, 64, false), 0);
    listening = listener(PORT);
    for (unsigned i = 0; i < COUNT; i++) {
        client[i] = stream();
        assert_int_equal(bind_to(client[i], to(127, 0, 0, 1, (uint16_t)(USED + i))), 0);
        assert_int_equal(connect_to(client[i], loopback(PORT)), -EINPROGRESS);
        pass(1);
        server[i] = baro_accept(stack, listening, NULL);
        assert_true(server[i] >= 0);
    }
}

static void of_one_address(void **state)
{
    (void)state;
    connect_all();
    expect(to(127, 0, 0, 1, USED), -EADDRINUSE);
    expect(to(0, 0, 0, 0, USED), -EADDRINUSE);
    expect(to(10, 0, 0, 1, USED), 0);
    expect(at6(true, USED), 0);
    expect(at6(false, USED), 0);
    baro_close(stack, listening);
    expect(to(127, 0, 0, 1, PORT), -EADDRINUSE);
    expect(to(10, 0, 0, 1, PORT), 0);
}

/* Connections at rest and records in TIME-WAIT are as good as others; when all are gone the port is free for all. */
static void of_those_who_rest_or_end(void **state)
{
    (void)state;
    connect_all();
    baro_close(stack, listening);
    pass_s(20);
    expect(to(127, 0, 0, 1, USED), -EADDRINUSE);
    expect(to(10, 0, 0, 1, PORT), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        baro_close(stack, client[i]);
        baro_close(stack, server[i]);
    }
    pass_s(1);
    expect(to(127, 0, 0, 1, USED), -EADDRINUSE); /* in TIME-WAIT */
    expect(to(10, 0, 0, 1, USED), 0);
    pass_s(70);
    expect(to(127, 0, 0, 1, USED), 0);
    expect(to(0, 0, 0, 0, USED), 0);
    expect(to(0, 0, 0, 0, PORT), 0);
}

/* Then connections are looked at, and the answer is right all the same, when one of the addresses ends, too. */
static void of_several_addresses(void **state)
{
    uint64_t walked;
    int other;

    (void)state;
    connect_all();
    other = stream();
    assert_int_equal(bind_to(other, to(127, 0, 0, 7, USED)), 0);
    assert_int_equal(connect_to(other, loopback(PORT)), -EINPROGRESS);
    pass(5);
    expect(to(0, 0, 0, 0, USED), -EADDRINUSE);
    expect(at6(true, USED), 0);
    assert_int_equal(bound(to(127, 0, 0, 7, USED), &walked), -EADDRINUSE);
    assert_int_equal(bound(to(127, 0, 0, 1, USED), &walked), -EADDRINUSE);
    assert_int_equal(bound(to(127, 0, 0, 8, USED), &walked), 0);
    assert_true(walked >= COUNT);
    baro_close(stack, client[0]);
    baro_close(stack, server[0]);
    pass_s(70);
    assert_int_equal(bound(to(127, 0, 0, 7, USED), &walked), -EADDRINUSE);
    assert_int_equal(bound(to(127, 0, 0, 1, USED), &walked), 0);
    expect(to(127, 0, 0, 1, USED + 1), -EADDRINUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(of_one_address),
        ONE_STACK_TEST(of_those_who_rest_or_end),
        ONE_STACK_TEST(of_several_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
