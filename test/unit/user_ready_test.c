/* Readiness of streams: who stands in the row, and when the row ends (user/ready.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/one_stack.h"
#include "user/user.h"

enum { PAIRS = 4, MANY = 150 };

static int client[MANY], server[MANY];

static void open_pairs(int count)
{
    int listening = listener(80);

    for (int i = 0; i < count; i++)
        connected(listening, 80, &client[i], &server[i]);
    (void)is_ready(-1, 0);
}

static void say(int which)
{
    assert_int_equal(baro_send(stack, client[which], "x", 1, 0), 1);
    pass(1);
}

static int next(void)
{
    struct baro_ready ready;

    return baro_next_ready(stack, &ready) ? ready.fd : -1;
}

static void each_is_told_once_and_in_order(void **state)
{
    (void)state;
    open_pairs(PAIRS);
    for (int i = 0; i < PAIRS; i++)
        say(i);
    assert_int_equal(next(), server[0]);
    baro_stack_check_invariants(stack);
    say(2); /* stands there still */
    say(0); /* and this one no more */
    assert_int_equal(next(), server[1]);
    assert_int_equal(next(), server[2]);
    assert_int_equal(next(), server[3]);
    assert_int_equal(next(), server[0]);
    assert_int_equal(next(), -1);
}

static void more_than_a_row(void **state)
{
    (void)state;
    open_pairs(MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(baro_send(stack, client[i], "x", 1, 0), 1);
    pass(1);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(next(), server[i]);
    assert_int_equal(next(), -1);
}

static void others_come_behind_the_row(void **state)
{
    struct baro_endpoint here = loopback(7);
    int other = datagram();

    (void)state;
    open_pairs(PAIRS);
    assert_int_equal(baro_bind(stack, other, &here), 0);
    assert_int_not_equal(next(), server[0]);
    (void)is_ready(-1, 0);
    say(0);
    say(1);
    assert_int_equal(next(), server[0]);
    assert_int_equal(baro_sendto(stack, other, "x", 1, 0, &here), 1);
    pass(1);
    say(2);
    assert_int_equal(next(), server[1]);
    say(3);
    assert_int_equal(next(), server[2]);
    assert_int_equal(next(), other);
    assert_int_equal(next(), server[3]);
    assert_int_equal(next(), -1);
}

static void who_is_closed_leaves_the_row(void **state)
{
    (void)state;
    open_pairs(PAIRS);
    for (int i = 0; i < PAIRS; i++)
        say(i);
    assert_int_equal(next(), server[0]);
    assert_int_equal(baro_close(stack, server[1]), 0);
    assert_int_equal(stream(), server[1]); /* another of that number, of which there is nothing to tell */
    assert_int_equal(next(), server[2]);
    assert_int_equal(next(), server[3]);
    assert_int_equal(next(), -1);
}

/* What was told is looked at when its turn comes. */
static void events_are_of_the_moment(void **state)
{
    struct baro_ready ready;
    char octet;

    (void)state;
    open_pairs(PAIRS);
    say(0);
    say(1);
    assert_true(baro_next_ready(stack, &ready) && (ready.events & BARO_EVENT_IN) != 0);
    assert_int_equal(baro_recv(stack, server[1], &octet, 1, 0), 1);
    assert_true(baro_next_ready(stack, &ready));
    assert_int_equal(ready.fd, server[1]);
    assert_int_equal(ready.events, BARO_EVENT_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(each_is_told_once_and_in_order),
        ONE_STACK_TEST(more_than_a_row),
        ONE_STACK_TEST(others_come_behind_the_row),
        ONE_STACK_TEST(who_is_closed_leaves_the_row),
        ONE_STACK_TEST(events_are_of_the_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
