/* baro_prefetch: a hint about any descriptors, real or not, changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "support/one_stack.h"

enum { MANY = 40 };

/* All that can be seen of the stack from outside. */
struct seen {
    struct baro_statistics statistics;
    struct baro_instant deadline;
    size_t bytes, takes;
    unsigned events;
    bool any;
};

static struct seen look(void)
{
    struct seen seen;

    memset(&seen, 0, sizeof seen);
    baro_stack_statistics(stack, &seen.statistics);
    seen.any = baro_stack_next_deadline(stack, &seen.deadline);
    seen.bytes = memory.bytes;
    seen.takes = memory.takes;
    seen.events = event_count;
    return seen;
}

static void is_told_of(const int fd[], size_t count)
{
    struct seen before = look(), after;

    baro_prefetch(stack, fd, count);
    after = look();
    assert_memory_equal(&before, &after, sizeof before);
}

static void any_descriptor_and_none(void **state)
{
    struct ends ends = open_ends(0, 0);
    int fresh = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM),
        datagram = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    int closed = baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM);
    int fd[] = { ends.client, ends.server, fresh, datagram, closed, -1,  0,
                 INT_MIN,     INT_MAX,     70000, 255,      256,    259, ends.client };

    (void)state;
    baro_close(stack, closed);
    is_told_of(fd, sizeof fd / sizeof fd[0]);
    is_told_of(fd, 0);
    is_told_of(NULL, 0);
    assert_int_equal(baro_send(stack, ends.client, "hello", 5, 0), 5);
    is_told_of(fd, sizeof fd / sizeof fd[0]); /* something waits to leave */
    pass(1);
    is_told_of(fd, sizeof fd / sizeof fd[0]); /* and to be read */
    assert_int_equal(baro_readable_bytes(stack, ends.server), 5);
    assert_int_equal(baro_recv(stack, ends.server, &fd, 5, 0), 5);
    assert_memory_equal(fd, "hello", 5);
}

static void many_at_once_and_those_that_rest(void **state)
{
    int fd[2 * MANY], listening = listener(80);
    uint8_t octet;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        fd[i] = stream();
        assert_int_equal(connect_to(fd[i], loopback(80)), -EINPROGRESS);
        pass(1);
        fd[MANY + i] = baro_accept(stack, listening, NULL);
        assert_true(fd[MANY + i] >= 0);
    }
    is_told_of(fd, 2 * MANY);
    pass(5000); /* all rest */
    is_told_of(fd, 2 * MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(baro_send(stack, fd[i], "x", 1, 0), 1);
    is_told_of(fd, 2 * MANY); /* some rest */
    pass(1);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(baro_recv(stack, fd[MANY + i], &octet, 1, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(any_descriptor_and_none),
        ONE_STACK_TEST(many_at_once_and_those_that_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
