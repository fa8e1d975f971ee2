/* Who rests where the budget has no promise for it cannot write, and is told when it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "stack.h"
#include "unit/resting.h" /* behind it: it has a `now` */

/* So many connections with both ends here, all at rest. */
static void many_at_rest(int fd[], unsigned count)
{
    for (unsigned i = 0; i < count; i += 2) {
        pair_on(loopback((uint16_t)(80 + i)));
        fd[i] = client;
        fd[i + 1] = server;
    }
    idle(10);
    assert_int_equal(counters()->tcp_resting, count);
    forget_readiness();
}

static bool is_told_of(int fd, unsigned readiness)
{
    struct baro_ready ready;

    return baro_next_ready(stack, &ready) && ready.fd == fd && ready.events == readiness;
}

static bool nobody_is_told(void)
{
    struct baro_ready ready;

    return !baro_next_ready(stack, &ready);
}

/* Without a promise nobody at rest can write, readiness says so, and an event when it can: to who sent, reserved,
 * asked, or tried something else. As long as nobody takes the promise the next one is told, and each has its turn. */
static void who_waits_for_a_promise_is_told(void **state)
{
    const size_t budget = stack->core.slabs.limit;
    struct baro_buffer part[2];
    int fd[8];

    (void)state;
    many_at_rest(fd, 8);
    stack->core.slabs.limit = 16384 + 2048 - 1;
    assert_int_equal(baro_poll(stack, fd[0]), 0);
    assert_int_equal(baro_writable_bytes(stack, fd[1]), 0);
    assert_int_equal(baro_send(stack, fd[2], "x", 1, 0), -EAGAIN);
    assert_int_equal(baro_send_reserve(stack, fd[3], 1, part), -EAGAIN);
    assert_int_equal(baro_shutdown(stack, fd[4], BARO_SHUT_WRITE), -ENOBUFS);
    assert_int_equal(baro_shutdown(stack, fd[5], BARO_SHUT_WRITE), -ENOBUFS);
    assert_int_equal(baro_close(stack, fd[5]), 0); /* who is gone is not told */
    assert_true(nobody_is_told());
    stack->core.slabs.limit = 16384 + 2048;
    assert_true(is_told_of(fd[0], BARO_EVENT_OUT));
    assert_true(is_told_of(fd[1], BARO_EVENT_OUT));
    assert_int_equal(baro_send(stack, fd[1], "x", 1, 0), 1);
    assert_true(nobody_is_told());
    stack->core.slabs.limit = budget;
    assert_true(is_told_of(fd[2], BARO_EVENT_OUT));
    assert_true(is_told_of(fd[3], BARO_EVENT_OUT));
    assert_true(is_told_of(fd[4], BARO_EVENT_OUT));
    assert_true(nobody_is_told());
    assert_int_equal(baro_shutdown(stack, fd[4], BARO_SHUT_WRITE), 0);
    baro_stack_check_invariants(stack);
}

/* Who has said that nothing more comes needs no promise to hear that he cannot send; the peer, which only reads, is
 * told what it can do. */
static void who_cannot_send_at_all_waits_for_nothing(void **state)
{
    int fd[2];

    (void)state;
    many_at_rest(fd, 2);
    assert_int_equal(baro_shutdown(stack, fd[0], BARO_SHUT_WRITE), 0);
    idle(10);
    assert_int_equal(counters()->tcp_resting, 2);
    forget_readiness();
    stack->core.slabs.limit = 0;
    assert_int_equal(baro_poll(stack, fd[0]), BARO_EVENT_OUT);
    assert_int_equal(baro_send(stack, fd[0], "x", 1, 0), -EPIPE);
    assert_int_equal(baro_poll(stack, fd[1]), BARO_EVENT_IN | BARO_EVENT_READ_HANGUP);
}

/* Who was told and waits again, since others took the promise, is told behind those who wait longer. */
static void who_waits_again_is_last(void **state)
{
    const size_t budget = stack->core.slabs.limit;
    int fd[6];

    (void)state;
    many_at_rest(fd, 6);
    stack->core.slabs.limit = 0;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(baro_poll(stack, fd[i]), 0);
    for (unsigned turn = 0; turn < 20; turn++) {
        stack->core.slabs.limit = budget;
        assert_true(is_told_of(fd[turn % 6], BARO_EVENT_OUT));
        stack->core.slabs.limit = 0;
        assert_int_equal(baro_send(stack, fd[turn % 6], "x", 1, 0), -EAGAIN);
        assert_true(nobody_is_told());
    }
}

/* Whom a segment wakes, even one that says nothing to its program, has the promise that it waited for, and there may be no other. */
static void who_is_woken_by_a_probe_is_told(void **state)
{
    const struct baro_duration second = { NS_PER_S };
    struct baro_ready ready;
    bool told = false;
    int fd[2];

    (void)state;
    many_at_rest(fd, 2);
    stack->core.slabs.limit = 0;
    assert_int_equal(baro_send(stack, fd[0], "x", 1, 0), -EAGAIN);
    stack->core.slabs.limit = 2 * (16384 + 2048);
    assert_int_equal(baro_setsockopt(stack, fd[1], BARO_TCP_KEEPALIVE_IDLE, &second, sizeof second), 0);
    assert_int_equal(set_int(fd[1], BARO_SO_KEEPALIVE, 1), 0);
    for (int i = 0; i < 20 && counters()->tcp_resting != 0; i++) {
        now.ns += NS_PER_S / 10;
        baro_stack_poll(stack, now);
    }
    assert_int_equal(counters()->tcp_resting, 0);
    while (baro_next_ready(stack, &ready))
        told = told || (ready.fd == fd[0] && ready.events == BARO_EVENT_OUT);
    assert_true(told);
}

/* However many wait, and however little there is for them at a time, each has its turn. */
static void each_has_its_turn(void **state)
{
    enum { MANY = 300 };
    static int fd[MANY];
    struct baro_ready ready;
    unsigned sent = 0;

    (void)state;
    many_at_rest(fd, MANY);
    stack->core.slabs.limit = 0;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(baro_send(stack, fd[i], "x", 1, 0), -EAGAIN);
    stack->core.slabs.limit = 6 * (16384 + 2048);
    for (unsigned turn = 0; sent != MANY && turn < 10000; turn++) {
        while (baro_next_ready(stack, &ready)) {
            if ((ready.events & BARO_EVENT_OUT) != 0 && baro_send(stack, ready.fd, "x", 1, 0) == 1)
                sent++;
        }
        now.ns += NS_PER_S;
        baro_stack_poll(stack, now);
    }
    assert_int_equal(sent, MANY);
    baro_stack_check_invariants(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(who_waits_for_a_promise_is_told),
        ONE_STACK_TEST(who_cannot_send_at_all_waits_for_nothing),
        ONE_STACK_TEST(who_waits_again_is_last),
        ONE_STACK_TEST(each_has_its_turn),
        ONE_STACK_TEST(who_is_woken_by_a_probe_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
