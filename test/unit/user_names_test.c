/* bind, listen and accept: who a socket is, and every errno on the way. */
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

static void bind_errors(void **state)
{
    struct baro_endpoint local = loopback(80);
    int one = stream(), two = stream(), udp = datagram();

    (void)state;
    assert_int_equal(bind_to(one, to(10, 9, 9, 9, 80)), -EADDRNOTAVAIL);
    assert_int_equal(bind_to(udp, to(10, 9, 9, 9, 80)), -EADDRNOTAVAIL);
    assert_int_equal(bind_to(one, to(224, 0, 0, 1, 80)), -EADDRNOTAVAIL);
    assert_int_equal(bind_to(one, to(10, 0, 0, 255, 80)), -EADDRNOTAVAIL);
    local.address.family = BARO_FAMILY_IPV6;
    assert_int_equal(bind_to(one, local), -EAFNOSUPPORT);
    assert_int_equal(bind_to(one, loopback(80)), 0);
    assert_int_equal(bind_to(one, loopback(81)), -EINVAL);
    assert_int_equal(bind_to(two, loopback(80)), -EADDRINUSE);
    assert_int_equal(bind_to(two, any(80)), -EADDRINUSE);
    assert_int_equal(bind_to(two, to(10, 0, 0, 1, 80)), 0);
    assert_int_equal(bind_to(udp, any(80)), 0); /* another protocol's port */
    baro_close(stack, one);
    one = stream();
    assert_int_equal(bind_to(one, loopback(80)), 0); /* free again with its socket */
    assert_int_equal(bind_to(datagram(), to(224, 0, 0, 251, 5353)), 0);
    assert_int_equal(bind_to(datagram(), to(10, 0, 0, 255, 68)), 0);
}

static void shared_addresses(void **state)
{
    int one = stream(), two = stream(), three = stream();

    (void)state;
    assert_int_equal(set_int(one, BARO_SO_REUSE_ADDRESS, 1), 0);
    assert_int_equal(set_int(two, BARO_SO_REUSE_ADDRESS, 1), 0);
    assert_int_equal(bind_to(one, any(80)), 0);
    assert_int_equal(bind_to(two, any(80)), 0);
    assert_int_equal(bind_to(three, any(80)), -EADDRINUSE);
    assert_int_equal(baro_listen(stack, one, 1), 0);
    assert_int_equal(baro_listen(stack, two, 1), -EADDRINUSE);
}

static void chosen_ports(void **state)
{
    struct baro_endpoint local;
    int fd[50];

    (void)state;
    for (int i = 0; i < 50; i++) {
        fd[i] = stream();
        assert_int_equal(bind_to(fd[i], any(0)), 0);
        assert_int_equal(baro_getsockname(stack, fd[i], &local), 0);
        assert_int_equal(local.address.family, BARO_FAMILY_IPV4);
        assert_true(address_is_unspecified(local.address));
        assert_in_range(local.port.number, 1024, 65535);
        for (int k = 0; k < i; k++) {
            struct baro_endpoint other;
            assert_int_equal(baro_getsockname(stack, fd[k], &other), 0);
            assert_int_not_equal(other.port.number, local.port.number);
        }
    }
    assert_int_equal(baro_getsockname(stack, stream(), &local), 0);
    assert_int_equal(local.port.number, 0);
}

static void a_foreign_address_needs_transparency(void **state)
{
    struct baro_endpoint local;
    int fd = stream(), udp = datagram();

    (void)state;
    assert_int_equal(set_int(fd, BARO_SO_TRANSPARENT, 1), 0);
    assert_int_equal(set_int(udp, BARO_SO_TRANSPARENT, 1), 0);
    assert_int_equal(bind_to(fd, any(0)), 0);
    assert_int_equal(baro_getsockname(stack, fd, &local), 0);
    assert_int_equal(local.port.number, 0); /* any port */
    assert_int_equal(baro_listen(stack, fd, 5), 0);
    assert_int_equal(bind_to(udp, to(8, 8, 8, 8, 53)), 0);
}

static void listen_and_accept_errors(void **state)
{
    struct baro_endpoint local;
    int fd = stream(), udp = datagram();

    (void)state;
    assert_int_equal(baro_listen(stack, udp, 1), -EOPNOTSUPP);
    assert_int_equal(baro_accept(stack, udp, NULL), -EOPNOTSUPP);
    assert_int_equal(baro_accept(stack, fd, NULL), -EINVAL);
    assert_int_equal(get_int(fd, BARO_SO_ACCEPTING), 0);
    assert_int_equal(baro_listen(stack, fd, -5), 0); /* a port is chosen */
    assert_int_equal(baro_listen(stack, fd, 100000), 0);
    assert_int_equal(get_int(fd, BARO_SO_ACCEPTING), 1);
    assert_int_equal(baro_getsockname(stack, fd, &local), 0);
    assert_int_not_equal(local.port.number, 0);
    assert_int_equal(baro_accept(stack, fd, NULL), -EAGAIN);
    assert_int_equal(connect_to(fd, loopback(1)), -EISCONN);
    assert_int_equal(baro_readable_bytes(stack, fd), -EINVAL);
    assert_int_equal(baro_send(stack, fd, "x", 1, 0), -ENOTCONN);
    assert_int_equal(baro_recv(stack, fd, &local, 1, 0), -ENOTCONN);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_READ), 0);
    assert_int_equal(baro_accept(stack, fd, NULL), -EINVAL);
    assert_int_equal(bind_to(stream(), local), -EADDRINUSE); /* the port stays its own */
    assert_int_equal(baro_listen(stack, fd, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(bind_errors),
        ONE_STACK_TEST(shared_addresses),
        ONE_STACK_TEST(chosen_ports),
        ONE_STACK_TEST(a_foreign_address_needs_transparency),
        ONE_STACK_TEST(listen_and_accept_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
