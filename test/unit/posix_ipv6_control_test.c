/* IPv6's control data of the blocking calls (RFC 3542), against what Linux 6.18 answered to the same calls. The numbers
 * that options take: posix_ip_numbers_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>
#include <linux/errqueue.h>
#include <sys/socket.h>

#include "baro/socket.h"
#include "support/posix_six.h"

/* ---- control data ---- */

struct control {
    _Alignas(struct cmsghdr) char octets[256];
    size_t length;
};

static void put(struct control *control, int level, int type, const void *data, size_t length)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(control->octets + control->length);

    memset(header, 0, CMSG_SPACE(length));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), data, length);
    control->length += CMSG_SPACE(length);
}

static void put_int(struct control *control, int level, int type, int number)
{
    put(control, level, type, &number, sizeof number);
}

static void put_info(struct control *control, const char *source, unsigned interface)
{
    struct in6_pktinfo info = { .ipi6_ifindex = interface };

    assert_int_equal(inet_pton(AF_INET6, source, &info.ipi6_addr), 1);
    put(control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

/* Octets sent from `fd` of the left stack, or -errno. */
static ssize_t say(int fd, const char *to, unsigned scope, const struct control *control, size_t length)
{
    static char octets[70000];
    struct sockaddr_in6 peer = six(to, 53);
    struct iovec iov = { octets, length };
    struct msghdr message = { .msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t sent;

    peer.sin6_scope_id = scope;
    if (control != NULL) {
        message.msg_control = (void *)(uintptr_t)control->octets;
        message.msg_controllen = control->length;
    }
    sent = baro_posix_sendmsg_in(left, fd, &message, 0);
    return sent < 0 ? -errno : sent;
}

static ssize_t say_int(int fd, const char *to, int level, int type, int number)
{
    struct control control = { .length = 0 };

    put_int(&control, level, type, number);
    return say(fd, to, 0, &control, 1);
}

static ssize_t say_info(int fd, const char *to, const char *source, unsigned interface)
{
    struct control control = { .length = 0 };

    put_info(&control, source, interface);
    return say(fd, to, 0, &control, 1);
}

struct heard {
    struct sockaddr_in6 from;
    struct control control;
    int flags;
};

static ssize_t hear(int fd, struct heard *heard, size_t room)
{
    char octets[8];
    struct iovec iov = { octets, sizeof octets };
    struct msghdr message = { .msg_name = &heard->from, .msg_namelen = sizeof heard->from, .msg_iov = &iov,
                              .msg_iovlen = 1, .msg_control = heard->control.octets, .msg_controllen = room };
    ssize_t length;

    memset(heard, 0, sizeof *heard);
    length = baro_posix_recvmsg_in(right, fd, &message, 0);
    heard->control.length = message.msg_controllen;
    heard->flags = message.msg_flags;
    return length;
}

/* The data of one kind, or NULL. */
static const void *find(const struct heard *heard, int level, int type, size_t length)
{
    struct msghdr message = { .msg_control = (void *)(uintptr_t)heard->control.octets,
                              .msg_controllen = heard->control.length };

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == level && c->cmsg_type == type) {
            assert_int_equal(c->cmsg_len, CMSG_LEN(length));
            return CMSG_DATA(c);
        }
    }
    return NULL;
}

static int find_int(const struct heard *heard, int type)
{
    const void *data = find(heard, IPPROTO_IPV6, type, sizeof(int));
    int number = -1;

    if (data != NULL)
        memcpy(&number, data, sizeof number);
    return number;
}

/* A datagram socket of the right stack on port 53 of ::, which asks for all that comes along. */
static int listener(void)
{
    static const int name[][2] = { { IPPROTO_IPV6, IPV6_RECVPKTINFO }, { IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
                                   { IPPROTO_IPV6, IPV6_RECVTCLASS },  { IPPROTO_IP, IP_PKTINFO },
                                   { IPPROTO_IP, IP_RECVTTL } };
    struct sockaddr_in6 any = six("::", 53);
    int fd = baro_posix_socket_in(right, AF_INET6, SOCK_DGRAM, 0), one = 1;

    assert_int_equal(baro_posix_bind_in(right, fd, (struct sockaddr *)&any, sizeof any), 0);
    for (unsigned i = 0; i < sizeof name / sizeof name[0]; i++)
        assert_int_equal(baro_posix_setsockopt_in(right, fd, name[i][0], name[i][1], &one, sizeof one), 0);
    return fd;
}

static void what_comes_along(void **state)
{
    struct sockaddr_in6 to = six("fd00::2", 0), mapped = six("::ffff:10.0.0.2", 0);
    int server = listener(), fd = socket_of(AF_INET6, SOCK_DGRAM);
    struct control control = { .length = 0 };
    struct in6_pktinfo info;
    struct heard heard;

    (void)state;
    put_int(&control, IPPROTO_IPV6, IPV6_HOPLIMIT, 9);
    put_int(&control, IPPROTO_IPV6, IPV6_TCLASS, 0x28);
    assert_int_equal(say(fd, "fd00::2", 0, &control, 1), 1);
    assert_int_equal(hear(server, &heard, sizeof heard.control.octets), 1);
    memcpy(&info, find(&heard, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), sizeof info);
    assert_memory_equal(&info.ipi6_addr, &to.sin6_addr, 16);
    assert_int_equal(info.ipi6_ifindex, 1);
    assert_int_equal(find_int(&heard, IPV6_HOPLIMIT), 9);
    assert_int_equal(find_int(&heard, IPV6_TCLASS), 0x28);
    assert_null(find(&heard, IPPROTO_IP, IP_PKTINFO, 0)); /* it is no datagram of IPv4 */
    assert_int_equal(heard.flags, 0);
    /* Of one of IPv4: mapped, with IPv4's own. */
    assert_int_equal(say_int(fd, "::ffff:10.0.0.2", IPPROTO_IP, IP_TTL, 5), 1);
    assert_int_equal(hear(server, &heard, sizeof heard.control.octets), 1);
    memcpy(&info, find(&heard, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), sizeof info);
    assert_memory_equal(&info.ipi6_addr, &mapped.sin6_addr, 16);
    assert_int_equal(find_int(&heard, IPV6_HOPLIMIT), -1);
    assert_int_equal(*(const int *)find(&heard, IPPROTO_IP, IP_TTL, sizeof(int)), 5);
    assert_non_null(find(&heard, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo)));
    /* Without the control data of before the socket's own numbers are back. */
    assert_int_equal(say(fd, "fd00::2", 0, NULL, 1), 1);
    assert_int_equal(hear(server, &heard, CMSG_SPACE(sizeof info)), 1); /* room for the first only */
    assert_int_equal(find_int(&heard, IPV6_HOPLIMIT), -1);
    assert_int_equal(heard.flags, MSG_CTRUNC);
    assert_int_equal(say(fd, "fd00::2", 0, NULL, 1), 1);
    assert_int_equal(hear(server, &heard, sizeof heard.control.octets), 1);
    assert_int_equal(find_int(&heard, IPV6_HOPLIMIT), 64);
    assert_int_equal(find_int(&heard, IPV6_TCLASS), 0);
}

static void the_source_and_the_interface(void **state)
{
    int server = listener(), fd = socket_of(AF_INET6, SOCK_DGRAM);
    struct in6_pktinfo info = { .ipi6_ifindex = 1 };
    struct sockaddr_in6 far = six("fd00::1", 0), near = six("fe80::1", 0);
    socklen_t length = sizeof info;
    struct heard heard;

    (void)state;
    assert_int_equal(say_info(fd, "fe80::2", "::", 1), 1); /* the interface is the zone */
    assert_int_equal(hear(server, &heard, 0), 1);
    assert_memory_equal(&heard.from.sin6_addr, &near.sin6_addr, 16);
    assert_int_equal(heard.from.sin6_scope_id, 1);
    assert_int_equal(say_info(fd, "fe80::2", "fd00::1", 1), 1); /* a source that routing would not choose */
    assert_int_equal(hear(server, &heard, 0), 1);
    assert_memory_equal(&heard.from.sin6_addr, &far.sin6_addr, 16);
    assert_int_equal(say_info(fd, "fd00::2", "2001:db8::1", 0), -EINVAL);
    assert_int_equal(say_info(fd, "fd00::2", "::", 99), -ENODEV);
    assert_int_equal(say_info(fd, "::ffff:10.0.0.2", "::ffff:10.0.0.1", 1), 1);
    assert_int_equal(hear(server, &heard, 0), 1);
    assert_int_equal(say_info(fd, "::ffff:10.0.0.2", "fd00::1", 1), -EINVAL);
    /* The same for every datagram, until it is taken back; a datagram's own word is stronger. */
    assert_int_equal(inet_pton(AF_INET6, "fd00::1", &info.ipi6_addr), 1);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info), 0);
    assert_int_equal(say(fd, "fe80::2", 0, NULL, 1), 1);
    assert_int_equal(hear(server, &heard, 0), 1);
    assert_memory_equal(&heard.from.sin6_addr, &far.sin6_addr, 16);
    assert_int_equal(say_info(fd, "fe80::2", "fe80::1", 1), 1);
    assert_int_equal(hear(server, &heard, 0), 1);
    assert_memory_equal(&heard.from.sin6_addr, &near.sin6_addr, 16);
    assert_int_equal(say(fd, "::ffff:10.0.0.2", 0, NULL, 1), 1); /* not for IPv4 */
    assert_int_equal(hear(server, &heard, 0), 1);
    memset(&info, 0xff, sizeof info);
    assert_int_equal(baro_posix_getsockopt_in(left, fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, &length), 0);
    assert_memory_equal(&info.ipi6_addr, &far.sin6_addr, 16);
    assert_int_equal(info.ipi6_ifindex, 1);
    memset(&info, 0, sizeof info);
    assert_int_equal(baro_posix_setsockopt_in(left, fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info), 0);
    assert_int_equal(say(fd, "fe80::2", 0, NULL, 1), -ENETUNREACH);
}

static void control_data_that_are_refused(void **state)
{
    static const struct {
        int level, type, number;
        ssize_t result;
    } row[] = {
        { IPPROTO_IPV6, IPV6_HOPLIMIT, -2, -EINVAL }, { IPPROTO_IPV6, IPV6_HOPLIMIT, -1, 1 },
        { IPPROTO_IPV6, IPV6_HOPLIMIT, 0, 1 },        { IPPROTO_IPV6, IPV6_HOPLIMIT, 255, 1 },
        { IPPROTO_IPV6, IPV6_HOPLIMIT, 256, -EINVAL }, { IPPROTO_IPV6, IPV6_TCLASS, -2, -EINVAL },
        { IPPROTO_IPV6, IPV6_TCLASS, -1, 1 },         { IPPROTO_IPV6, IPV6_TCLASS, 256, -EINVAL },
        { IPPROTO_IPV6, IPV6_DONTFRAG, -1, -EINVAL }, { IPPROTO_IPV6, IPV6_DONTFRAG, 2, -EINVAL },
        { IPPROTO_IPV6, IPV6_DONTFRAG, 1, 1 },        { IPPROTO_IPV6, 199, 1, -EINVAL },
        { IPPROTO_IPV6, IPV6_PKTINFO, 1, -EINVAL },   { SOL_SOCKET, 99, 1, -EINVAL },
        { IPPROTO_IP, IP_TTL, 0, 1 }, /* another family's */
    }, four[] = {
        { IPPROTO_IP, IP_TTL, -1, -EINVAL },  { IPPROTO_IP, IP_TTL, 0, -EINVAL },
        { IPPROTO_IP, IP_TTL, 255, 1 },       { IPPROTO_IP, IP_TOS, -1, -EINVAL },
        { IPPROTO_IP, IP_TOS, 256, -EINVAL }, { IPPROTO_IP, IP_TOS, 0, 1 },
        { IPPROTO_IP, 199, 1, -EINVAL },      { IPPROTO_IPV6, IPV6_HOPLIMIT, -2, 1 },
    };
    int fd = socket_of(AF_INET6, SOCK_DGRAM);
    struct control control = { .length = 0 };

    (void)state;
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++)
        assert_int_equal(say_int(fd, "fd00::2", row[i].level, row[i].type, row[i].number), row[i].result);
    for (unsigned i = 0; i < sizeof four / sizeof four[0]; i++)
        assert_int_equal(say_int(fd, "::ffff:10.0.0.2", four[i].level, four[i].type, four[i].number), four[i].result);
    put(&control, IPPROTO_IPV6, IPV6_HOPLIMIT, "", 1);
    assert_int_equal(say(fd, "fd00::2", 0, &control, 1), -EINVAL);
    control.length = 0;
    put_info(&control, "::", 1);
    assert_int_equal(say(fd, "fe80::2", 2, &control, 1), -EINVAL); /* another zone */
    control.length = 0;
    put_int(&control, IPPROTO_IPV6, IPV6_HOPLIMIT, 9);
    control.length -= CMSG_SPACE(4) - CMSG_LEN(2); /* it ends two octets too early */
    assert_int_equal(say(fd, "fd00::2", 0, &control, 1), -EINVAL);
    control.length = sizeof(struct cmsghdr) - 1;
    assert_int_equal(say(fd, "fd00::2", 0, &control, 1), 1); /* not even a header: nothing is said */
}

static void how_long_a_datagram_may_be(void **state)
{
    static const struct {
        int name, number;
        size_t most; /* 0: nothing is refused but by IP's own limit */
        int ignores; /* what the path is said to carry */
    } row[] = {
        { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, 0, 0 },  { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 0, 0 },
        { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, 1452, 0 }, { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, 1452, 1 },
        { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_INTERFACE, 1452, 1 }, { IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, 0, 1 },
        { IPV6_DONTFRAG, 1, 1452, 1 },                    { IPV6_MTU, 1280, 1232, 1 }, /* with the one before */
        { IPV6_DONTFRAG, 0, 0, 1 },
    };
    int fd = socket_of(AF_INET6, SOCK_DGRAM), alone = socket_of(AF_INET6, SOCK_DGRAM);
    struct sockaddr_in6 peer = six("fd00::2", 53);
    struct ip6_mtuinfo info;
    socklen_t length = sizeof info;
    struct control control = { .length = 0 };
    int ignores;
    size_t size = sizeof ignores;

    (void)state;
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        size_t most = row[i].most != 0 ? row[i].most : 65527;

        assert_int_equal(set(fd, IPPROTO_IPV6, row[i].name, row[i].number), 0);
        assert_int_equal(say(fd, "fd00::2", 0, NULL, most), most);
        assert_int_equal(say(fd, "fd00::2", 0, NULL, most + 1), -EMSGSIZE);
        assert_int_equal(baro_getsockopt(baro_posix_lock(left), fd, BARO_IP_IGNORE_PATH_MTU, &ignores, &size), 0);
        baro_posix_unlock(left);
        assert_int_equal(ignores, row[i].ignores);
    }
    put_int(&control, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    assert_int_equal(say(alone, "fd00::2", 0, &control, 1453), -EMSGSIZE);
    assert_int_equal(say(alone, "fd00::2", 0, NULL, 1453), 1453);
    assert_fails(baro_posix_getsockopt_in(left, alone, IPPROTO_IPV6, IPV6_PATHMTU, &info, &length), ENOTCONN);
    assert_int_equal(baro_posix_connect_in(left, alone, (struct sockaddr *)&peer, sizeof peer), 0);
    assert_int_equal(baro_posix_getsockopt_in(left, alone, IPPROTO_IPV6, IPV6_PATHMTU, &info, &length), 0);
    assert_int_equal(info.ip6m_mtu, 1500);
    assert_int_equal(get(alone, IPPROTO_IPV6, IPV6_MTU), 1500);
}

/* What IPV6_RECVERR keeps: 0 with the error and who says so, or -errno; the octets quoted in `text`. */
static int take_report(int fd, struct sock_extended_err *error, struct sockaddr_in6 *from, struct sockaddr_in6 *peer,
                       char *text, size_t size)
{
    struct heard heard;
    struct iovec iov = { text, size };
    struct msghdr message = { .msg_name = peer, .msg_namelen = sizeof *peer, .msg_iov = &iov, .msg_iovlen = 1,
                              .msg_control = heard.control.octets, .msg_controllen = sizeof heard.control.octets };
    ssize_t length = baro_posix_recvmsg_in(left, fd, &message, MSG_ERRQUEUE);
    const char *data;

    if (length < 0)
        return -errno;
    assert_int_equal(message.msg_flags, MSG_ERRQUEUE);
    heard.control.length = message.msg_controllen;
    data = find(&heard, IPPROTO_IPV6, IPV6_RECVERR, sizeof *error + sizeof *from);
    assert_non_null(data);
    memcpy(error, data, sizeof *error);
    memcpy(from, data + sizeof *error, sizeof *from);
    return (int)length;
}

static void errors_are_kept_with_their_details(void **state)
{
    int fd = socket_of(AF_INET6, SOCK_DGRAM), stream = socket_of(AF_INET6, SOCK_STREAM);
    struct sockaddr_in6 far = six("fd00::2", 53), mapped = six("::ffff:10.0.0.2", 53), from, peer;
    struct sock_extended_err error;
    char text[8];

    (void)state;
    assert_int_equal(set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1), 0);
    assert_int_equal(take_report(fd, &error, &from, &peer, text, sizeof text), -EAGAIN); /* without waiting */
    assert_int_equal(take_report(stream, &error, &from, &peer, text, sizeof text), -EAGAIN);
    assert_int_equal(say(fd, "fd00::2", 0, NULL, 5), 5);
    assert_fails(baro_posix_recv_in(left, fd, text, sizeof text, 0), ECONNREFUSED); /* waits for it */
    assert_int_equal(take_report(fd, &error, &from, &peer, text, sizeof text), 5);
    assert_int_equal(error.ee_errno, ECONNREFUSED);
    assert_int_equal(error.ee_origin, SO_EE_ORIGIN_ICMP6);
    assert_int_equal(error.ee_type, 1);
    assert_int_equal(error.ee_code, 4);
    assert_memory_equal(&from.sin6_addr, &far.sin6_addr, 16);
    assert_memory_equal(&peer.sin6_addr, &far.sin6_addr, 16);
    assert_int_equal(peer.sin6_port, htons(53));
    assert_int_equal(say(fd, "::ffff:10.0.0.2", 0, NULL, 3), 3);
    assert_fails(baro_posix_recv_in(left, fd, text, sizeof text, 0), ECONNREFUSED);
    assert_int_equal(take_report(fd, &error, &from, &peer, text, sizeof text), 3);
    assert_int_equal(error.ee_origin, SO_EE_ORIGIN_ICMP);
    assert_int_equal(error.ee_type, 3);
    assert_int_equal(error.ee_code, 3);
    assert_memory_equal(&from.sin6_addr, &mapped.sin6_addr, 16);
    assert_int_equal(set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1), 0);
    assert_int_equal(say(fd, "fd00::2", 0, NULL, 1453), -EMSGSIZE);
    assert_int_equal(take_report(fd, &error, &from, &peer, text, sizeof text), 0);
    assert_int_equal(error.ee_errno, EMSGSIZE);
    assert_int_equal(error.ee_origin, SO_EE_ORIGIN_LOCAL);
    assert_int_equal(error.ee_info, 1500);
    assert_int_equal(from.sin6_family, 0);
    assert_int_equal(take_report(fd, &error, &from, &peer, text, sizeof text), -EAGAIN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, posix_six_setup, posix_pair_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_comes_along),
        TEST(the_source_and_the_interface),
        TEST(control_data_that_are_refused),
        TEST(how_long_a_datagram_may_be),
        TEST(errors_are_kept_with_their_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
