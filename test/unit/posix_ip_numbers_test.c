/* The numbers that IP's and IPv6's options of the blocking calls take (RFC 3493, RFC 3542), against what Linux 6.18
 * answered to the same calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/posix_six.h"

/* What each option takes, on a datagram socket of AF_INET6; `then` is what reading gives behind it. */
static void numbers_that_options_take(void **state)
{
    static const struct {
        int name, number, result, then;
    } row[] = {
        { IPV6_UNICAST_HOPS, -2, -EINVAL, 64 },   { IPV6_UNICAST_HOPS, 0, 0, 0 },
        { IPV6_UNICAST_HOPS, 255, 0, 255 },       { IPV6_UNICAST_HOPS, 256, -EINVAL, 255 },
        { IPV6_UNICAST_HOPS, -1, 0, 64 },         { IPV6_MULTICAST_HOPS, -2, -EINVAL, 1 },
        { IPV6_MULTICAST_HOPS, 0, 0, 0 },         { IPV6_MULTICAST_HOPS, 255, 0, 255 },
        { IPV6_MULTICAST_HOPS, 256, -EINVAL, 255 }, { IPV6_MULTICAST_HOPS, -1, 0, 1 },
        { IPV6_MULTICAST_LOOP, -1, -EINVAL, 1 },  { IPV6_MULTICAST_LOOP, 2, -EINVAL, 1 },
        { IPV6_MULTICAST_LOOP, 0, 0, 0 },         { IPV6_MULTICAST_LOOP, 1, 0, 1 },
        { IPV6_MULTICAST_IF, -1, -ENODEV, 0 },    { IPV6_MULTICAST_IF, 2, -ENODEV, 0 },
        { IPV6_MULTICAST_IF, 1, 0, 1 },           { IPV6_MULTICAST_IF, 0, 0, 0 },
        { IPV6_TCLASS, -2, -EINVAL, 0 },          { IPV6_TCLASS, 256, -EINVAL, 0 },
        { IPV6_TCLASS, 255, 0, 255 },             { IPV6_TCLASS, -1, 0, 0 },
        { IPV6_MTU_DISCOVER, -1, -EINVAL, 1 },    { IPV6_MTU_DISCOVER, 6, -EINVAL, 1 },
        { IPV6_MTU_DISCOVER, 0, 0, 0 },           { IPV6_MTU_DISCOVER, 2, 0, 2 },
        { IPV6_MTU_DISCOVER, 3, 0, 3 },           { IPV6_MTU_DISCOVER, 4, 0, 4 },
        { IPV6_MTU_DISCOVER, 5, 0, 5 },           { IPV6_MTU, 1279, -EINVAL, -ENOTCONN },
        { IPV6_MTU, -1, -EINVAL, -ENOTCONN },     { IPV6_MTU, 1280, 0, -ENOTCONN },
        { IPV6_MTU, 70000, 0, -ENOTCONN },        { IPV6_MTU, 0, 0, -ENOTCONN },
        { IPV6_RECVERR, -2, 0, 1 },               { IPV6_RECVERR, 0, 0, 0 },
        { IPV6_V6ONLY, 6, 0, 1 },                 { IPV6_V6ONLY, 0, 0, 0 },
        { IPV6_RECVPKTINFO, 256, 0, 1 },          { IPV6_RECVPKTINFO, 0, 0, 0 },
        { IPV6_RECVHOPLIMIT, -1, 0, 1 },          { IPV6_RECVHOPLIMIT, 0, 0, 0 },
        { IPV6_RECVTCLASS, 2, 0, 1 },             { IPV6_RECVTCLASS, 0, 0, 0 },
        { IPV6_DONTFRAG, 6, 0, 1 },               { IPV6_DONTFRAG, 0, 0, 0 },
        { IPV6_PKTINFO, 1, -EINVAL, ANY_NUMBER }, { IPV6_HOPLIMIT, 1, -ENOPROTOOPT, -ENOPROTOOPT },
        { IPV6_PATHMTU, 1, -ENOPROTOOPT, -EINVAL }, { 199, 1, -ENOPROTOOPT, -ENOPROTOOPT },
        { IPV6_RECVPATHMTU, 1, -ENOPROTOOPT, -ENOPROTOOPT }, /* not there yet, and says so */
    };
    int fd = socket_of(AF_INET6, SOCK_DGRAM), four = socket_of(AF_INET, SOCK_DGRAM);

    (void)state;
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_int_equal(set(fd, IPPROTO_IPV6, row[i].name, row[i].number), row[i].result);
        if (row[i].then != ANY_NUMBER)
            assert_int_equal(get(fd, IPPROTO_IPV6, row[i].name), row[i].then);
        /* An octet is no int, and IPv4's sockets have no such level. */
        assert_int_equal(set(four, IPPROTO_IPV6, row[i].name, row[i].number), -ENOPROTOOPT);
        assert_int_equal(get(four, IPPROTO_IPV6, row[i].name), -EOPNOTSUPP);
        assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_IPV6, row[i].name, "", 1),
                     row[i].then == -ENOPROTOOPT || row[i].name == IPV6_PATHMTU ? ENOPROTOOPT : EINVAL);
    }
}

static void numbers_that_options_of_ipv4_take(void **state)
{
    static const struct {
        int name, number, result, then;
    } row[] = {
        { IP_TTL, 0, -EINVAL, 64 },        { IP_TTL, 7, 0, 7 },           { IP_TTL, -1, 0, 64 },
        { IP_TTL, 256, -EINVAL, 64 },      { IP_TOS, 6, 0, 6 },           { IP_TOS, 256, 0, 0 },
        { IP_MULTICAST_TTL, 256, -EINVAL, 1 }, { IP_MULTICAST_TTL, 0, 0, 0 }, { IP_MULTICAST_TTL, -1, 0, 1 },
        { IP_MULTICAST_LOOP, -2, 0, 1 },   { IP_MULTICAST_LOOP, 0, 0, 0 }, { IP_MTU, 1, -ENOPROTOOPT, -ENOTCONN },
        { IP_MTU_DISCOVER, -1, -EINVAL, 1 }, { IP_MTU_DISCOVER, 6, -EINVAL, 1 }, { IP_MTU_DISCOVER, 5, 0, 5 },
        { IP_RECVERR, 6, 0, 1 },           { IP_PKTINFO, -2, 0, 1 },      { IP_RECVTTL, 6, 0, 1 },
        { IP_RECVTOS, 256, 0, 1 },         { 199, 1, -ENOPROTOOPT, -ENOPROTOOPT },
    };
    int fd = socket_of(AF_INET, SOCK_DGRAM);
    struct ip_mreqn request = { .imr_ifindex = 1 };
    struct in_addr address = { inet_addr("10.0.0.1") }, got;
    socklen_t length = sizeof got;

    (void)state;
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_int_equal(set(fd, IPPROTO_IP, row[i].name, row[i].number), row[i].result);
        assert_int_equal(get(fd, IPPROTO_IP, row[i].name), row[i].then);
    }
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request), 0);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address), 0);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &got, &length), 0);
    assert_int_equal(got.s_addr, address.s_addr);
    address.s_addr = inet_addr("10.9.9.9");
    assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof address),
                 EADDRNOTAVAIL);
    request.imr_ifindex = 9;
    assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request),
                 EADDRNOTAVAIL);
    assert_fails(baro_posix_setsockopt_in(left, fd, IPPROTO_IP, IP_MULTICAST_IF, &request, 3), EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, posix_six_setup, posix_pair_teardown)
    const struct CMUnitTest tests[] = {
        TEST(numbers_that_options_take),
        TEST(numbers_that_options_of_ipv4_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
