/* Datagram sockets of the core over the loopback: delivery, errors told once, groups. */
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

static void datagrams_over_the_loopback(void **state)
{
    struct baro_endpoint peer, local;
    int one = datagram(), two = datagram();
    char text[20] = "";

    (void)state;
    assert_int_equal(bind_to(one, loopback(5000)), 0);
    assert_int_equal(baro_send(stack, two, "x", 1, 0), -EDESTADDRREQ);
    peer = loopback(5000);
    assert_int_equal(baro_sendto(stack, two, "first", 5, 0, &peer), 5);
    pass(1);
    assert_int_equal(baro_recvfrom(stack, one, text, sizeof text, 0, &peer), 5);
    assert_string_equal(text, "first");
    assert_int_equal(baro_getsockname(stack, two, &local), 0);
    assert_int_equal(local.port.number, peer.port.number);
    assert_true(address_is_loopback(peer.address));
    assert_int_equal(connect_to(one, peer), 0);
    assert_int_equal(baro_send(stack, one, "back", 4, 0), 4);
    pass(1);
    memset(text, 0, sizeof text);
    assert_int_equal(baro_recv(stack, two, text, sizeof text, 0), 4);
    assert_string_equal(text, "back");
    /* The unspecified address is this host. */
    peer = to(0, 0, 0, 0, 5000);
    assert_int_equal(connect_to(two, peer), 0);
    assert_int_equal(baro_getpeername(stack, two, &peer), 0);
    assert_true(endpoint_equal(peer, loopback(5000)));
    assert_int_equal(connect_to(two, (struct baro_endpoint){ .port = { 0 } }), 0);
    assert_int_equal(baro_getpeername(stack, two, &peer), -ENOTCONN);
    assert_int_equal(baro_send(stack, two, "x", 1, 0), -EDESTADDRREQ);
}

/* The limit of errors is for those that leave: a program here hears of each, however fast it sends, as on Linux. */
static void each_refusal_by_ourselves_is_told(void **state)
{
    int four = datagram(), six = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    char octet;

    (void)state;
    assert_int_equal(connect_to(four, loopback(9)), 0);
    assert_int_equal(connect_to(six, (struct baro_endpoint){ baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1), { 9 } }), 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(baro_send(stack, four, "x", 1, 0), 1);
        assert_int_equal(baro_send(stack, six, "x", 1, 0), 1);
        pass(0);
        assert_int_equal(baro_recv(stack, four, &octet, 1, 0), -ECONNREFUSED);
        assert_int_equal(baro_recv(stack, six, &octet, 1, 0), -ECONNREFUSED);
    }
}

static void refused_datagrams(void **state)
{
    struct baro_endpoint nowhere = loopback(9);
    int connected_one = datagram(), other = datagram();
    char octet;

    (void)state;
    assert_int_equal(connect_to(connected_one, nowhere), 0);
    assert_int_equal(baro_send(stack, connected_one, "x", 1, 0), 1);
    assert_int_equal(baro_sendto(stack, other, "x", 1, 0, &nowhere), 1);
    pass(1);
    assert_int_equal(baro_recv(stack, connected_one, &octet, 1, 0), -ECONNREFUSED);
    assert_int_equal(baro_recv(stack, connected_one, &octet, 1, 0), -EAGAIN);
    assert_int_equal(baro_recv(stack, other, &octet, 1, 0), -EAGAIN);
    assert_int_equal(baro_send(stack, connected_one, "x", 1, 0), 1);
    pass(1);
    assert_int_equal(get_int(connected_one, BARO_SO_ERROR), ECONNREFUSED);
    assert_int_equal(get_int(connected_one, BARO_SO_ERROR), 0);
}

static void datagram_send_errors(void **state)
{
    static char big[65536];
    struct baro_endpoint peer = loopback(9);
    struct baro_buffer piece = { (uint8_t *)big, 4 };
    struct baro_message message = { .peer = peer, .local = to(8, 8, 8, 8, 0), .buffer = &piece, .buffers = 1 };
    int fd = datagram();

    (void)state;
    assert_int_equal(baro_sendto(stack, fd, big, 65508, 0, &peer), -EMSGSIZE);
    assert_int_equal(baro_sendto(stack, fd, big, 1, BARO_MSG_OOB, &peer), -EOPNOTSUPP);
    assert_int_equal(baro_sendmsg(stack, fd, &message, 0), -EINVAL); /* not our address */
    peer = to(255, 255, 255, 255, 9);
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), -EACCES);
    peer = to(10, 0, 0, 255, 9);
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), -EACCES);
    assert_int_equal(connect_to(fd, peer), -EACCES);
    assert_int_equal(set_int(fd, BARO_SO_BROADCAST, 1), 0);
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), 1);
    peer = to(192, 168, 1, 1, 9);
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), -ENETUNREACH);
    assert_int_equal(connect_to(fd, peer), -ENETUNREACH);
    peer = to(10, 0, 0, 2, 0);
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), -EINVAL);
    peer.port.number = 9;
    assert_int_equal(set_int(fd, BARO_IP_DONT_FRAGMENT, 1), 0);
    assert_int_equal(baro_sendto(stack, fd, big, 1472, 0, &peer), 1472);
    assert_int_equal(baro_sendto(stack, fd, big, 1473, 0, &peer), -EMSGSIZE);
    assert_int_equal(connect_to(fd, peer), 0);
    assert_int_equal(get_int(fd, BARO_IP_MTU), 1500);
    peer.address.family = BARO_FAMILY_IPV6;
    assert_int_equal(baro_sendto(stack, fd, big, 1, 0, &peer), -EAFNOSUPPORT);
}

static void a_group_is_no_source(void **state)
{
    struct baro_endpoint peer = loopback(5000);
    int bound = datagram(), other = datagram();
    char octet;

    (void)state;
    assert_int_equal(bind_to(other, any(5000)), 0);
    assert_int_equal(bind_to(bound, to(224, 0, 0, 251, 5353)), 0);
    assert_int_equal(baro_sendto(stack, bound, "x", 1, 0, &peer), 1);
    pass(1);
    assert_int_equal(baro_recvfrom(stack, other, &octet, 1, 0, &peer), 1);
    assert_true(endpoint_equal(peer, loopback(5353)));
}

static void shut_down_datagram_sockets(void **state)
{
    int fd = datagram();
    char octet;

    (void)state;
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_BOTH), -ENOTCONN);
    assert_int_equal(connect_to(fd, loopback(9)), 0);
    assert_int_equal(baro_shutdown(stack, fd, (enum baro_shutdown)7), -EINVAL);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_READ), 0);
    assert_int_equal(baro_recv(stack, fd, &octet, 1, 0), 0);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_WRITE), 0);
    assert_int_equal(baro_send(stack, fd, "x", 1, 0), -EPIPE);
    assert_true(baro_poll(stack, fd) & BARO_EVENT_HANGUP);
}

static void groups(void **state)
{
    struct baro_group group = { baro_ipv4(224, 1, 2, 3), 1 };
    struct baro_endpoint peer = { group.group, { 5353 } };
    int fd = datagram(), tcp = stream();
    char text[10] = "";

    (void)state;
    assert_int_equal(baro_setsockopt(stack, tcp, BARO_IP_ADD_GROUP, &group, sizeof group), -ENOPROTOOPT);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_ADD_GROUP, &group, 3), -EINVAL);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_DROP_GROUP, &group, sizeof group), -EADDRNOTAVAIL);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_ADD_GROUP, &group, sizeof group), 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_ADD_GROUP, &group, sizeof group), -EADDRINUSE);
    group.group = baro_ipv4(10, 0, 0, 7);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_ADD_GROUP, &group, sizeof group), -EINVAL);
    assert_int_equal(bind_to(fd, any(5353)), 0);
    assert_int_equal(baro_sendto(stack, fd, "all", 3, 0, &peer), 3);
    pass(1);
    assert_int_equal(baro_recv(stack, fd, text, sizeof text, 0), 3); /* members on this host get a copy */
    assert_int_equal(set_int(fd, BARO_IP_MULTICAST_LOOP, 0), 0);
    assert_int_equal(baro_sendto(stack, fd, "all", 3, 0, &peer), 3);
    pass(1);
    assert_int_equal(baro_recv(stack, fd, text, sizeof text, 0), -EAGAIN);
    assert_int_equal(baro_close(stack, fd), 0);
    /* Closing left the group: the interface is in it no more. */
    assert_int_equal(baro_stack_leave_group(stack, 1, baro_ipv4(224, 1, 2, 3)), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(datagrams_over_the_loopback),
        ONE_STACK_TEST(refused_datagrams),
        ONE_STACK_TEST(each_refusal_by_ourselves_is_told),
        ONE_STACK_TEST(datagram_send_errors),
        ONE_STACK_TEST(a_group_is_no_source),
        ONE_STACK_TEST(shut_down_datagram_sockets),
        ONE_STACK_TEST(groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
