/* test/support/posix_pair.h: two blocking stacks on a wire, and short words for POSIX's addresses.
 * Each test has its own copy.
 * Included after cmocka.h. */
#ifndef TEST_POSIX_PAIR_H
#define TEST_POSIX_PAIR_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "baro/posix.h"

#define POSIX_PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, posix_pair_setup, posix_pair_teardown)
#define assert_fails(call, number)            \
    do {                                      \
        errno = 0;                            \
        assert_int_equal((call), -1);         \
        assert_int_equal(errno, (number));    \
    } while (0)

#define TEST_HELPER static __attribute__((unused))

static struct baro_posix_stack *left, *right;
static int wire[2];

static struct baro_posix_stack *create(int end, uint8_t host)
{
    struct baro_posix_config config;

    baro_posix_config_init(&config);
    config.wire = wire[end];
    config.address = baro_ipv4(10, 0, 0, host);
    config.prefix_length = 24;
    return baro_posix_create(&config);
}

TEST_HELPER int posix_pair_setup(void **state)
{
    (void)state;
    if (baro_posix_wire_pair(wire) != 0)
        return -1;
    left = create(0, 1);
    right = create(1, 2);
    return left != NULL && right != NULL ? 0 : -1;
}

TEST_HELPER int posix_pair_teardown(void **state)
{
    (void)state;
    baro_posix_free(left);
    baro_posix_free(right);
    close(wire[0]);
    close(wire[1]);
    return 0;
}

/* 10.0.0.`host`, or with 0 any address, with 127 the loopback. */
TEST_HELPER struct sockaddr_in posix_address(int host, int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    if (host == 127)
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (host != 0)
        address.sin_addr.s_addr = htonl(0x0a000000 + (uint32_t)host);
    return address;
}

/* A descriptor bound to that address; listening when it is a stream and `backlog` is above 0. */
TEST_HELPER int posix_bound(struct baro_posix_stack *stack, int type, int host, int port, int backlog)
{
    struct sockaddr_in address = posix_address(host, port);
    int fd = baro_posix_socket_in(stack, AF_INET, type, 0);

    assert_true(fd >= 0);
    assert_int_equal(baro_posix_bind_in(stack, fd, (struct sockaddr *)&address, sizeof address), 0);
    if (backlog > 0)
        assert_int_equal(baro_posix_listen_in(stack, fd, backlog), 0);
    return fd;
}

/* connect(), with -errno for -1. */
TEST_HELPER int posix_connect(struct baro_posix_stack *stack, int fd, int host, int port)
{
    struct sockaddr_in address = posix_address(host, port);

    return baro_posix_connect_in(stack, fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

#endif
