/* test/support/posix_six.h: the pair of posix_pair.h with IPv6 addresses besides, and short words for options of
 * `left`. Included after cmocka.h. */
#ifndef TEST_POSIX_SIX_H
#define TEST_POSIX_SIX_H

#include <string.h>

#include "support/posix_pair.h"

enum { ANY_NUMBER = 1 << 20 }; /* an option's value before it is read */

TEST_HELPER struct sockaddr_in6 six(const char *text, uint16_t port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return address;
}

/* The pair with fd00::1 and fd00::2, fe80::1 and fe80::2 besides. */
TEST_HELPER int posix_six_setup(void **state)
{
    int result = posix_pair_setup(state);

    for (uint16_t host = 1; result == 0 && host <= 2; host++) {
        struct baro_posix_stack *one = host == 1 ? left : right;
        struct baro_stack *core = baro_posix_lock(one);

        result = baro_stack_add_address(core, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, host), 64, false);
        if (result == 0)
            result = baro_stack_add_address(core, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, host), 64, false);
        baro_posix_unlock(one);
    }
    return result;
}

TEST_HELPER int socket_of(int domain, int type)
{
    int fd = baro_posix_socket_in(left, domain, type, 0);

    assert_true(fd >= 0);
    return fd;
}

/* 0 or -errno. */
TEST_HELPER int set(int fd, int level, int name, int number)
{
    return baro_posix_setsockopt_in(left, fd, level, name, &number, sizeof number) == 0 ? 0 : -errno;
}

TEST_HELPER int get(int fd, int level, int name)
{
    int number = ANY_NUMBER;
    socklen_t length = sizeof number;

    return baro_posix_getsockopt_in(left, fd, level, name, &number, &length) == 0 ? number : -errno;
}

#endif
