/* Descriptors: the lowest free number, limits, what an unknown one gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/one_stack.h"
#include "user/user.h"

static void descriptors_are_the_lowest_free(void **state)
{
    int fd[1000];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        fd[i] = i % 2 ? stream() : datagram();
        assert_int_equal(fd[i], i + USER_DESCRIPTOR_FIRST);
    }
    assert_int_equal(baro_close(stack, fd[700]), 0);
    assert_int_equal(baro_close(stack, fd[255]), 0);
    assert_int_equal(baro_close(stack, fd[256]), 0);
    assert_int_equal(baro_close(stack, fd[256]), -EBADF);
    assert_int_equal(stream(), fd[255]);
    assert_int_equal(stream(), fd[256]);
    assert_int_equal(stream(), fd[700]);
    assert_int_equal(stream(), 1000 + USER_DESCRIPTOR_FIRST);
    baro_stack_check_invariants(stack);
}

static void too_many_descriptors(void **state)
{
    int fd[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        fd[i] = stream();
    assert_int_equal(baro_socket(stack, BARO_FAMILY_IPV4, BARO_STREAM), -EMFILE);
    assert_int_equal(baro_close(stack, fd[1]), 0);
    assert_int_equal(stream(), fd[1]);
}

static void what_socket_refuses(void **state)
{
    (void)state;
    assert_int_equal(baro_socket(stack, BARO_FAMILY_IPV6, BARO_PACKET), -EAFNOSUPPORT);
    assert_int_equal(baro_socket(stack, BARO_FAMILY_NONE, BARO_STREAM), -EAFNOSUPPORT);
    assert_int_equal(baro_socket(stack, BARO_FAMILY_IPV4, (enum baro_socket_type)9), -EPROTONOSUPPORT);
}

static void nobody_home(void **state)
{
    struct baro_endpoint endpoint = loopback(1);
    static const int bad[] = { -1, 0, 2, 3, 1 << 20, INT32_MAX };
    struct baro_message message = { 0 };
    struct baro_held held;
    char octet;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = bad[i];
        assert_int_equal(baro_bind(stack, fd, &endpoint), -EBADF);
        assert_int_equal(baro_listen(stack, fd, 1), -EBADF);
        assert_int_equal(baro_accept(stack, fd, NULL), -EBADF);
        assert_int_equal(baro_connect(stack, fd, &endpoint), -EBADF);
        assert_int_equal(baro_send(stack, fd, "x", 1, 0), -EBADF);
        assert_int_equal(baro_sendto(stack, fd, "x", 1, 0, &endpoint), -EBADF);
        assert_int_equal(baro_sendmsg(stack, fd, &message, 0), -EBADF);
        assert_int_equal(baro_recv(stack, fd, &octet, 1, 0), -EBADF);
        assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_BOTH), -EBADF);
        assert_int_equal(baro_close(stack, fd), -EBADF);
        assert_int_equal(get_int(fd, BARO_SO_ERROR), -EBADF);
        assert_int_equal(set_int(fd, BARO_SO_KEEPALIVE, 1), -EBADF);
        assert_int_equal(set_int(fd, BARO_IP_ADD_GROUP, 1), -EBADF);
        assert_int_equal(baro_getsockname(stack, fd, &endpoint), -EBADF);
        assert_int_equal(baro_getpeername(stack, fd, &endpoint), -EBADF);
        assert_int_equal(baro_readable_bytes(stack, fd), -EBADF);
        assert_int_equal(baro_writable_bytes(stack, fd), -EBADF);
        assert_int_equal(baro_hold_next(stack, fd, &held), -EBADF);
        assert_int_equal(baro_poll(stack, fd), BARO_EVENT_INVALID);
    }
}

/* A datagram socket about which there is something to tell. */
static int marked(void)
{
    struct baro_endpoint peer = loopback(9);
    int fd = datagram();

    assert_int_equal(baro_connect(stack, fd, &peer), 0);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_READ), 0);
    return fd;
}

static void who_is_closed_is_not_told(void **state)
{
    struct baro_ready ready;
    int first = marked(), second = marked(), third = marked();

    (void)state;
    assert_int_equal(baro_close(stack, second), 0);
    assert_true(baro_next_ready(stack, &ready) && ready.fd == first);
    assert_int_equal(datagram(), second); /* another of that number, of which there is nothing to tell */
    assert_true(baro_next_ready(stack, &ready) && ready.fd == third);
    assert_false(baro_next_ready(stack, &ready));
    assert_int_equal(baro_close(stack, first), 0);
    assert_int_equal(marked(), first);
    baro_stack_check_invariants(stack);
    assert_int_equal(baro_close(stack, first), 0);
    assert_int_equal(marked(), first); /* stands in the queue from before, and once */
    assert_true(baro_next_ready(stack, &ready) && ready.fd == first);
    assert_false(baro_next_ready(stack, &ready));
    baro_stack_check_invariants(stack);
}

/* Who never lets the queue of readiness become empty hears of what came meanwhile, too. */
static void a_queue_that_is_never_empty_hides_nobody(void **state)
{
    struct baro_endpoint here = loopback(7);
    struct baro_ready ready = { .fd = -1 };
    int waits = datagram();

    (void)state;
    assert_int_equal(baro_bind(stack, waits, &here), 0);
    (void)marked();
    assert_int_equal(baro_sendto(stack, waits, "x", 1, 0, &here), 1);
    for (int turn = 0; turn < 8 && ready.fd != waits; turn++) {
        pass(1);
        (void)marked();
        assert_true(baro_next_ready(stack, &ready));
    }
    assert_int_equal(ready.fd, waits);
    assert_int_equal(ready.events, BARO_EVENT_IN | BARO_EVENT_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(descriptors_are_the_lowest_free),
        ONE_STACK_SMALL(too_many_descriptors),
        ONE_STACK_TEST(what_socket_refuses),
        ONE_STACK_TEST(nobody_home),
        ONE_STACK_TEST(who_is_closed_is_not_told),
        ONE_STACK_TEST(a_queue_that_is_never_empty_hides_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
