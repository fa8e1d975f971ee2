/* What many connections took while they were awake at once goes back to the embedder when they rest, or end; a few that
 * stay awake keep little of it. Memory comes from a counting allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "support/two_ends.h"

enum { PORT = 7000, COUNT = 10000, OCTETS = 700 };

static int fd[2][COUNT];
static int listening;

static void pass(int64_t duration_ns)
{
    for (int64_t passed = 0; passed < duration_ns; passed += 50 * NS_PER_MS) {
        now.ns += 50 * NS_PER_MS;
        settle();
    }
}

static int begin(void **state)
{
    const struct baro_endpoint at = { cable_address(false, 1), { PORT } };

    (void)state;
    now.ns = NS_PER_S;
    for (unsigned end = 0; end < 2; end++)
        create(end, false);
    listening = baro_socket(side[1].stack, at.address.family, BARO_STREAM);
    assert_int_equal(baro_bind(side[1].stack, listening, &at), 0);
    assert_int_equal(baro_listen(side[1].stack, listening, 9), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (unsigned of = 0; of < 2; of++)
        cable_end(side[of].stack, &side[of].device, &side[of].memory);
    return 0;
}

static void connect_one(unsigned number)
{
    const struct baro_endpoint to = { cable_address(false, 1), { PORT } };

    fd[0][number] = baro_socket(side[0].stack, to.address.family, BARO_STREAM);
    assert_int_equal(baro_connect(side[0].stack, fd[0][number], &to), -EINPROGRESS);
    settle();
    fd[1][number] = baro_accept(side[1].stack, listening, NULL);
    assert_true(fd[1][number] > 0);
}

/* All of them say something both ways, which wakes who rests. */
static void talk(unsigned from, unsigned to)
{
    uint8_t octets[OCTETS] = { 0 };

    for (unsigned i = from; i < to; i++) {
        for (unsigned of = 0; of < 2; of++)
            assert_int_equal(baro_send(side[of].stack, fd[of][i], octets, sizeof octets, 0), OCTETS);
        settle();
        for (unsigned of = 0; of < 2; of++)
            assert_int_equal(baro_recv(side[of].stack, fd[of][i], octets, sizeof octets, 0), OCTETS);
        settle();
    }
}

static uint64_t resting(unsigned of)
{
    struct baro_statistics statistics;

    baro_stack_statistics(side[of].stack, &statistics);
    return statistics.tcp_resting;
}

static uint64_t taken(unsigned of)
{
    struct baro_statistics statistics;

    baro_stack_statistics(side[of].stack, &statistics);
    assert_int_equal(statistics.slab_bytes, side[of].memory.bytes);
    return side[of].memory.bytes;
}

/* Awake all at once, at rest all at once, and so again: what one at rest takes is a hundred and some octets, of one
 * awake it is a kilobyte. The second time it takes what it took the first time. */
static void those_who_rest(void **state)
{
    uint64_t before[2], awake[2][2], rest[2][2];

    (void)state;
    connect_one(0);
    pass(15 * NS_PER_S);
    for (unsigned of = 0; of < 2; of++)
        before[of] = taken(of);
    for (unsigned i = 1; i < COUNT; i++)
        connect_one(i);
    for (unsigned round = 0; round < 2; round++) {
        talk(0, COUNT);
        talk(COUNT / 2, COUNT / 2 + 64); /* who was heard of last is remembered, and then the memory goes */
        for (unsigned of = 0; of < 2; of++)
            awake[round][of] = taken(of) - before[of];
        pass(15 * NS_PER_S);
        for (unsigned of = 0; of < 2; of++) {
            assert_int_equal(resting(of), COUNT);
            rest[round][of] = taken(of) - before[of];
            print_message("%s awake %llu, at rest %llu octets each\n", of == 0 ? "client" : "server",
                          (unsigned long long)(awake[round][of] / COUNT),
                          (unsigned long long)(rest[round][of] / COUNT));
            assert_true(awake[round][of] / COUNT > 700);
            assert_true(rest[round][of] / COUNT < 250);
        }
    }
    for (unsigned of = 0; of < 2; of++)
        assert_in_range(rest[1][of], rest[0][of] * 9 / 10, rest[0][of] * 11 / 10);
}

/* One of a hundred goes on. */
static void a_few_stay_awake(void **state)
{
    uint64_t all[2];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        connect_one(i);
    talk(0, COUNT);
    for (unsigned of = 0; of < 2; of++)
        all[of] = taken(of);
    pass(15 * NS_PER_S);
    talk(0, COUNT / 100);
    pass(5 * NS_PER_S);
    for (unsigned of = 0; of < 2; of++) {
        assert_int_equal(resting(of), COUNT - COUNT / 100);
        assert_true(taken(of) < all[of] / 2);
    }
}

/* Those who end leave nothing but what the stack keeps for the next ones. */
static void those_who_end(void **state)
{
    uint64_t before[2], all[2];

    (void)state;
    connect_one(0);
    for (unsigned of = 0; of < 2; of++)
        before[of] = taken(of);
    for (unsigned i = 1; i < COUNT; i++)
        connect_one(i);
    talk(1, COUNT);
    for (unsigned of = 0; of < 2; of++)
        all[of] = taken(of) - before[of];
    for (unsigned i = 1; i < COUNT; i++)
        for (unsigned of = 0; of < 2; of++) {
            baro_close(side[of].stack, fd[of][i]);
            settle();
        }
    pass(5 * NS_PER_S);
    for (unsigned of = 0; of < 2; of++)
        print_message("%llu of %llu octets left\n", (unsigned long long)(taken(of) - before[of]),
                      (unsigned long long)all[of]);
    assert_true(taken(1) - before[1] < all[1] / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_who_rest, begin, end),
        cmocka_unit_test_setup_teardown(a_few_stay_awake, begin, end),
        cmocka_unit_test_setup_teardown(those_who_end, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
