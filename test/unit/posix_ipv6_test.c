/* AF_INET6 in the blocking calls: sockaddr_in6 both ways, mapped peers, options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#include "support/posix_pair.h"

static struct sockaddr_in6 six(const char *text, uint16_t port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return address;
}

static int socket6(struct baro_posix_stack *stack, int type)
{
    int fd = baro_posix_socket_in(stack, AF_INET6, type, 0);

    assert_true(fd >= 0);
    return fd;
}

static int option(struct baro_posix_stack *stack, int fd, int level, int name)
{
    int number = -1;
    socklen_t length = sizeof number;

    assert_int_equal(baro_posix_getsockopt_in(stack, fd, level, name, &number, &length), 0);
    return number;
}

/* A listener on :: takes a peer of IPv4 and shows it mapped. */
static void a_stream_by_a_mapped_address(void **state)
{
    struct sockaddr_in6 any = six("::", 80), to = six("::ffff:10.0.0.2", 80), peer, want = six("::ffff:10.0.0.1", 0);
    int listener = socket6(right, SOCK_STREAM), client = socket6(left, SOCK_STREAM), server;
    socklen_t length = sizeof peer;
    char text[8];

    (void)state;
    assert_int_equal(baro_posix_bind_in(right, listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(baro_posix_listen_in(right, listener, 5), 0);
    assert_int_equal(baro_posix_connect_in(left, client, (struct sockaddr *)&to, sizeof to), 0);
    server = baro_posix_accept_in(right, listener, (struct sockaddr *)&peer, &length);
    assert_true(server >= 0);
    assert_int_equal(length, sizeof peer);
    assert_int_equal(peer.sin6_family, AF_INET6);
    assert_memory_equal(&peer.sin6_addr, &want.sin6_addr, 16);
    assert_int_equal(option(right, server, SOL_SOCKET, SO_DOMAIN), AF_INET6);
    assert_int_equal(baro_posix_send_in(left, client, "hello", 5, 0), 5);
    assert_int_equal(baro_posix_recv_in(right, server, text, sizeof text, 0), 5);
}

static void a_datagram_on_the_loopback(void **state)
{
    struct sockaddr_in6 own = six("::1", 53), peer;
    int server = socket6(left, SOCK_DGRAM), client = socket6(left, SOCK_DGRAM);
    socklen_t length = sizeof peer;
    char text[8];

    (void)state;
    assert_int_equal(baro_posix_bind_in(left, server, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(baro_posix_sendto_in(left, client, "hello", 5, 0, (struct sockaddr *)&own, sizeof own), 5);
    assert_int_equal(baro_posix_recvfrom_in(left, server, text, sizeof text, 0, (struct sockaddr *)&peer, &length), 5);
    assert_memory_equal(&peer.sin6_addr, &own.sin6_addr, 16);
    assert_int_equal(peer.sin6_scope_id, 0);
}

static void options_and_errors(void **state)
{
    struct sockaddr_in6 no_zone = six("fe80::9", 9), mapped = six("::ffff:10.0.0.2", 9);
    struct sockaddr_in four = posix_address(2, 9);
    int fd = socket6(left, SOCK_STREAM), one = 1;

    (void)state;
    assert_int_equal(option(left, fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one), 0);
    assert_int_equal(option(left, fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    assert_fails(baro_posix_connect_in(left, fd, (struct sockaddr *)&mapped, sizeof mapped), ENETUNREACH);
    assert_fails(baro_posix_connect_in(left, fd, (struct sockaddr *)&no_zone, sizeof no_zone), EINVAL);
    assert_fails(baro_posix_connect_in(left, fd, (struct sockaddr *)&four, sizeof four), EAFNOSUPPORT);
    assert_fails(baro_posix_bind_in(left, fd, (struct sockaddr *)&no_zone, 23), EINVAL);
    fd = baro_posix_socket_in(left, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(option(left, fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one), ENOPROTOOPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(a_stream_by_a_mapped_address),
        POSIX_PAIR_TEST(a_datagram_on_the_loopback),
        POSIX_PAIR_TEST(options_and_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
