/* POSIX's calls about groups and their sources, in the three shapes of RFC 3678: a datagram of a source that is not
 * wanted does not come, and each option says of a wrong call what Linux says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "support/posix_pair.h"

enum { PORT = 5000 };

static struct in_addr group4(void)
{
    return (struct in_addr){ htonl(0xef010101) };
}

static int set(int fd, int level, int name, const void *value, size_t length)
{
    return baro_posix_setsockopt_in(left, fd, level, name, value, (socklen_t)length);
}

static int source4(int fd, int name, uint8_t host)
{
    const struct ip_mreq_source wish = { .imr_multiaddr = group4(), .imr_sourceaddr = { htonl(0x0a000000U + host) },
                                         .imr_interface = { htonl(0x0a000001) } };

    return set(fd, IPPROTO_IP, name, &wish, sizeof wish);
}

static struct group_source_req of_both(int family, uint8_t host)
{
    struct group_source_req wish = { .gsr_interface = 1 };
    struct sockaddr_in group = { .sin_family = AF_INET, .sin_addr = group4() }, source = posix_address(host, 0);
    struct sockaddr_in6 group6 = { .sin6_family = AF_INET6 }, source6 = { .sin6_family = AF_INET6 };

    inet_pton(AF_INET6, "ff15::1", &group6.sin6_addr);
    inet_pton(AF_INET6, "fd00::1", &source6.sin6_addr);
    source6.sin6_addr.s6_addr[15] = host;
    if (family == AF_INET) {
        memcpy(&wish.gsr_group, &group, sizeof group);
        memcpy(&wish.gsr_source, &source, sizeof source);
    } else {
        memcpy(&wish.gsr_group, &group6, sizeof group6);
        memcpy(&wish.gsr_source, &source6, sizeof source6);
    }
    return wish;
}

static int source_of(int fd, int family, int name, uint8_t host)
{
    const struct group_source_req wish = of_both(family, host);

    return set(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, name, &wish, sizeof wish);
}

static int whole_of(int fd, int family, int name)
{
    const struct group_source_req full = of_both(family, 1);
    struct group_req wish = { .gr_interface = 1 };

    memcpy(&wish.gr_group, &full.gsr_group, sizeof wish.gr_group);
    return set(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, name, &wish, sizeof wish);
}

/* The right host says a word to the group and then one to the left host alone; the left one's next word. */
static char next_word(int fd, int from, char to_group)
{
    struct sockaddr_in group = { .sin_family = AF_INET, .sin_addr = group4(), .sin_port = htons(PORT) };
    struct sockaddr_in one = posix_address(1, PORT);
    char word = '.';

    assert_int_equal(baro_posix_sendto_in(right, from, &to_group, 1, 0, (struct sockaddr *)&group, sizeof group), 1);
    assert_int_equal(baro_posix_sendto_in(right, from, ".", 1, 0, (struct sockaddr *)&one, sizeof one), 1);
    assert_int_equal(baro_posix_recv_in(left, fd, &word, 1, 0), 1);
    if (word == to_group) {
        char rest;

        assert_int_equal(baro_posix_recv_in(left, fd, &rest, 1, 0), 1);
    }
    return word;
}

static void sources_of_ipv4_s_own_shape(void **state)
{
    int fd = posix_bound(left, SOCK_DGRAM, 0, PORT, 0), from = posix_bound(right, SOCK_DGRAM, 2, 0, 0);
    const struct ip_mreq elsewhere = { .imr_multiaddr = group4(), .imr_interface = { htonl(0x0a000063) } };
    const struct ip_mreq here = { .imr_multiaddr = group4(), .imr_interface = { htonl(0x0a000001) } };

    (void)state;
    assert_int_equal(next_word(fd, from, 'a'), '.'); /* not joined */
    assert_int_equal(source4(fd, IP_ADD_SOURCE_MEMBERSHIP, 9), 0);
    assert_int_equal(next_word(fd, from, 'b'), '.');
    assert_int_equal(source4(fd, IP_ADD_SOURCE_MEMBERSHIP, 2), 0);
    assert_int_equal(next_word(fd, from, 'c'), 'c');
    assert_fails(source4(fd, IP_ADD_SOURCE_MEMBERSHIP, 2), EADDRNOTAVAIL);
    assert_fails(source4(fd, IP_BLOCK_SOURCE, 2), EINVAL);
    assert_int_equal(source4(fd, IP_DROP_SOURCE_MEMBERSHIP, 2), 0);
    assert_int_equal(next_word(fd, from, 'd'), '.');
    assert_int_equal(source4(fd, IP_DROP_SOURCE_MEMBERSHIP, 9), 0);
    assert_fails(source4(fd, IP_DROP_SOURCE_MEMBERSHIP, 9), EINVAL);
    assert_fails(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &elsewhere, sizeof elsewhere), ENODEV);
    assert_int_equal(set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &here, sizeof here), 0);
    assert_int_equal(source4(fd, IP_BLOCK_SOURCE, 2), 0);
    assert_int_equal(next_word(fd, from, 'e'), '.');
    assert_int_equal(source4(fd, IP_UNBLOCK_SOURCE, 2), 0);
    assert_int_equal(next_word(fd, from, 'f'), 'f');
    assert_fails(set(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &here, sizeof here), EINVAL);
}

static void the_shape_of_both_families(void **state)
{
    int from = posix_bound(right, SOCK_DGRAM, 2, 0, 0);

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        int family = v6 ? AF_INET6 : AF_INET;
        int fd = v6 ? baro_posix_socket_in(left, AF_INET6, SOCK_DGRAM, 0) : posix_bound(left, SOCK_DGRAM, 0, PORT, 0);
        struct group_source_req wrong = of_both(v6 ? AF_INET : AF_INET6, 2);

        assert_true(fd >= 0);
        assert_fails(source_of(fd, family, MCAST_LEAVE_SOURCE_GROUP, 2), EINVAL);
        assert_int_equal(source_of(fd, family, MCAST_JOIN_SOURCE_GROUP, 9), 0);
        if (!v6)
            assert_int_equal(next_word(fd, from, 'a'), '.');
        assert_int_equal(source_of(fd, family, MCAST_JOIN_SOURCE_GROUP, 2), 0);
        if (!v6)
            assert_int_equal(next_word(fd, from, 'b'), 'b');
        assert_fails(whole_of(fd, family, MCAST_JOIN_GROUP), EADDRINUSE);
        assert_int_equal(whole_of(fd, family, MCAST_LEAVE_GROUP), 0);
        assert_fails(whole_of(fd, family, MCAST_LEAVE_GROUP), EADDRNOTAVAIL);
        assert_int_equal(whole_of(fd, family, MCAST_JOIN_GROUP), 0);
        assert_int_equal(source_of(fd, family, MCAST_BLOCK_SOURCE, 2), 0);
        if (!v6)
            assert_int_equal(next_word(fd, from, 'c'), '.');
        assert_int_equal(source_of(fd, family, MCAST_UNBLOCK_SOURCE, 2), 0);
        assert_fails(set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_BLOCK_SOURCE, &wrong, sizeof wrong), EADDRNOTAVAIL);
        wrong.gsr_interface = UINT32_MAX;
        wrong.gsr_group = of_both(family, 2).gsr_group;
        wrong.gsr_source = of_both(family, 2).gsr_source;
        assert_fails(set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_BLOCK_SOURCE, &wrong, sizeof wrong), ENODEV);
        assert_fails(set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_BLOCK_SOURCE, &wrong, 100), EINVAL);
        assert_int_equal(baro_posix_close_in(left, fd), 0);
    }
}

/* RFC 3678 §4.2.1, §5.2.1. */
static void all_sources_at_once(void **state)
{
    int fd = posix_bound(left, SOCK_DGRAM, 0, PORT, 0), from = posix_bound(right, SOCK_DGRAM, 2, 0, 0);
    struct {
        struct ip_msfilter head;
        struct in_addr more[20];
    } own = { .head = { .imsf_multiaddr = group4(), .imsf_fmode = MCAST_INCLUDE, .imsf_numsrc = 1 } };
    struct {
        struct group_filter head;
        struct sockaddr_storage more[2];
    } both = { .head = { .gf_group = of_both(AF_INET, 2).gsr_group, .gf_numsrc = 2 } };
    socklen_t length = sizeof own;

    (void)state;
    own.head.imsf_slist[0].s_addr = htonl(0x0a000009);
    assert_fails(baro_posix_getsockopt_in(left, fd, IPPROTO_IP, IP_MSFILTER, &own, &length), EADDRNOTAVAIL);
    assert_fails(set(fd, IPPROTO_IP, IP_MSFILTER, &own, IP_MSFILTER_SIZE(1)), EINVAL); /* not joined */
    assert_int_equal(whole_of(fd, AF_INET, MCAST_JOIN_GROUP), 0);
    assert_int_equal(set(fd, IPPROTO_IP, IP_MSFILTER, &own, IP_MSFILTER_SIZE(1)), 0);
    assert_int_equal(next_word(fd, from, 'a'), '.');
    assert_fails(set(fd, IPPROTO_IP, IP_MSFILTER, &own, IP_MSFILTER_SIZE(1) - 1), EINVAL);
    own.head.imsf_numsrc = 17;
    assert_fails(set(fd, IPPROTO_IP, IP_MSFILTER, &own, sizeof own), ENOBUFS);
    own.head.imsf_numsrc = 1;
    own.head.imsf_fmode = 7;
    assert_fails(set(fd, IPPROTO_IP, IP_MSFILTER, &own, sizeof own), EINVAL);
    own.head.imsf_fmode = MCAST_EXCLUDE;
    assert_int_equal(set(fd, IPPROTO_IP, IP_MSFILTER, &own, sizeof own), 0);
    assert_int_equal(next_word(fd, from, 'b'), 'b');
    own.head.imsf_fmode = 0;
    own.head.imsf_slist[0].s_addr = 0;
    own.head.imsf_numsrc = 20; /* room */
    length = sizeof own;
    assert_int_equal(baro_posix_getsockopt_in(left, fd, IPPROTO_IP, IP_MSFILTER, &own, &length), 0);
    assert_int_equal(own.head.imsf_fmode, MCAST_EXCLUDE);
    assert_int_equal(own.head.imsf_numsrc, 1);
    assert_int_equal(own.head.imsf_slist[0].s_addr, htonl(0x0a000009));
    assert_int_equal(length, IP_MSFILTER_SIZE(1));
    length = sizeof both;
    assert_int_equal(baro_posix_getsockopt_in(left, fd, IPPROTO_IP, MCAST_MSFILTER, &both, &length), 0);
    assert_int_equal(both.head.gf_fmode, MCAST_EXCLUDE);
    assert_int_equal(both.head.gf_numsrc, 1);
    assert_int_equal(both.head.gf_slist[0].ss_family, AF_INET);
    assert_int_equal(length, GROUP_FILTER_SIZE(1));
    both.head.gf_slist[0] = of_both(AF_INET, 2).gsr_source;
    assert_int_equal(set(fd, IPPROTO_IP, MCAST_MSFILTER, &both, sizeof both), 0);
    assert_int_equal(next_word(fd, from, 'c'), '.');
    both.head.gf_fmode = MCAST_INCLUDE;
    both.head.gf_numsrc = 0;
    assert_int_equal(set(fd, IPPROTO_IP, MCAST_MSFILTER, &both, sizeof both), 0); /* left */
    assert_fails(whole_of(fd, AF_INET, MCAST_LEAVE_GROUP), EADDRNOTAVAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSIX_PAIR_TEST(sources_of_ipv4_s_own_shape),
        POSIX_PAIR_TEST(the_shape_of_both_families),
        POSIX_PAIR_TEST(all_sources_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
