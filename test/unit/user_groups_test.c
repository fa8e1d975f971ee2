/* Sockets that hear a group from some sources only (RFC 3678 §4): what they are told of a call that makes no sense,
 * what is delivered to whom, and that the interface hears what all of its sockets want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/packet.h"
#include "base/bytes.h"
#include "support/group_peer.h"
#include "unit/membership.h"

enum { PORT = 5000 };

static struct peer_told told;

static int socket_in(enum baro_family family)
{
    struct baro_endpoint local = { { .family = (uint8_t)family }, { PORT } };
    int fd = baro_socket(stack, family, BARO_DATAGRAM), one = 1;

    assert_true(fd >= 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_SO_REUSE_ADDRESS, &one, sizeof one), 0);
    assert_int_equal(baro_bind(stack, fd, &local), 0);
    return fd;
}

static struct baro_address source(bool v6, unsigned last)
{
    return v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)last) : baro_ipv4(10, 0, 0, (uint8_t)last);
}

static int change(int fd, enum baro_option option, bool v6, unsigned last)
{
    const struct baro_group_source wish = { v6 ? group6 : group4, 1, source(v6, last) };

    return baro_setsockopt(stack, fd, option, &wish, sizeof wish);
}

static int whole(int fd, enum baro_option option, bool v6)
{
    const struct baro_group wish = { v6 ? group6 : group4, 1 };

    return baro_setsockopt(stack, fd, option, &wish, sizeof wish);
}

/* A datagram to the group. */
static void send_from(bool v6, unsigned last)
{
    struct baro_packet packet = { .source_mac = { { 2, 0, 0, 0, 0, 9 } }, .ethernet_type = v6 ? 0x86dd : 0x0800,
                                  .vlan = -1, .source = source(v6, last), .destination = v6 ? group6 : group4,
                                  .protocol = 17, .ttl = 1, .layer = BARO_PACKET_UDP, .source_port = { 9 },
                                  .destination_port = { PORT }, .payload = { (const uint8_t *)"hello", 5 } };
    uint8_t frame[256];
    ptrdiff_t octets;

    packet.destination_mac = v6 ? (struct baro_mac){ { 0x33, 0x33, 0, 0, 1, 0x23 } }
                                : (struct baro_mac){ { 1, 0, 0x5e, 1, 2, 3 } };
    octets = baro_packet_build_frame(&packet, (struct baro_buffer){ frame, sizeof frame });
    assert_true(octets > 0);
    assert_true(frame_device_put(&device, frame, (uint32_t)octets));
    pass(0);
}

/* The last part of the address that the next datagram came from, or -errno. */
static int heard(int fd)
{
    struct baro_endpoint peer;
    uint8_t data[16];
    ptrdiff_t octets = baro_recvfrom(stack, fd, data, sizeof data, 0, &peer);

    return octets < 0 ? (int)octets : peer.address.octet[peer.address.family == BARO_FAMILY_IPV6 ? 15 : 3];
}

static void what_makes_no_sense_is_said(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        enum baro_family family = v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
        int fd = socket_in(family), stream = baro_socket(stack, family, BARO_STREAM);
        struct baro_group_source other = { v6 ? group6 : group4, 1, source(!v6, 5) };

        assert_int_equal(change(fd, BARO_IP_DROP_SOURCE, v6, 5), -EINVAL); /* not joined */
        assert_int_equal(change(fd, BARO_IP_BLOCK_SOURCE, v6, 5), -EINVAL);
        assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, v6, 5), 0);
        assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, v6, 5), -EADDRNOTAVAIL);
        assert_int_equal(change(fd, BARO_IP_DROP_SOURCE, v6, 6), -EADDRNOTAVAIL);
        assert_int_equal(change(fd, BARO_IP_BLOCK_SOURCE, v6, 6), -EINVAL); /* it hears only some already */
        assert_int_equal(whole(fd, BARO_IP_ADD_GROUP, v6), -EADDRINUSE);
        for (unsigned i = 0; i < BARO_SOURCE_LIMIT - 1; i++)
            assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, v6, 100 + i), 0);
        assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, v6, 200), -ENOBUFS);
        assert_int_equal(whole(fd, BARO_IP_DROP_GROUP, v6), 0);
        assert_int_equal(whole(fd, BARO_IP_ADD_GROUP, v6), 0);
        assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, v6, 5), -EINVAL);
        assert_int_equal(change(fd, BARO_IP_UNBLOCK_SOURCE, v6, 5), -EADDRNOTAVAIL);
        assert_int_equal(change(fd, BARO_IP_BLOCK_SOURCE, v6, 5), 0);
        assert_int_equal(change(fd, BARO_IP_BLOCK_SOURCE, v6, 5), -EADDRNOTAVAIL);
        assert_int_equal(change(stream, BARO_IP_ADD_SOURCE, v6, 5), -ENOPROTOOPT);
        assert_int_equal(change(99, BARO_IP_ADD_SOURCE, v6, 5), -EBADF);
        assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_BLOCK_SOURCE, &other, sizeof other), -EINVAL);
        assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_BLOCK_SOURCE, &other, 3), -EINVAL);
        other = (struct baro_group_source){ source(v6, 1), 1, source(v6, 5) };
        assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_BLOCK_SOURCE, &other, sizeof other), -EINVAL);
        other = (struct baro_group_source){ v6 ? group6 : group4, 7, source(v6, 5) };
        assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_BLOCK_SOURCE, &other, sizeof other), -ENODEV);
        assert_int_equal(baro_close(stack, fd), 0);
        assert_int_equal(baro_close(stack, stream), 0);
    }
}

/* Four sockets on one port: one hears 10.0.0.5 only, one all but it, one all, one never joined. */
static void each_socket_hears_what_it_wants(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        enum baro_family family = v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
        int only = socket_in(family), but = socket_in(family), all = socket_in(family), none = socket_in(family);

        assert_int_equal(change(only, BARO_IP_ADD_SOURCE, v6, 5), 0);
        assert_int_equal(whole(but, BARO_IP_ADD_GROUP, v6), 0);
        assert_int_equal(change(but, BARO_IP_BLOCK_SOURCE, v6, 5), 0);
        assert_int_equal(whole(all, BARO_IP_ADD_GROUP, v6), 0);
        send_from(v6, 5);
        assert_int_equal(heard(only), 5);
        assert_int_equal(heard(but), -EAGAIN);
        assert_int_equal(heard(all), 5);
        assert_int_equal(heard(none), 5);
        send_from(v6, 6);
        assert_int_equal(heard(only), -EAGAIN);
        assert_int_equal(heard(but), 6);
        assert_int_equal(heard(all), 6);
        assert_int_equal(heard(none), 6);
        assert_int_equal(change(but, BARO_IP_UNBLOCK_SOURCE, v6, 5), 0);
        assert_int_equal(change(only, BARO_IP_ADD_SOURCE, v6, 6), 0);
        assert_int_equal(change(only, BARO_IP_DROP_SOURCE, v6, 5), 0);
        send_from(v6, 5);
        assert_int_equal(heard(only), -EAGAIN);
        assert_int_equal(heard(but), 5);
        baro_close(stack, only), baro_close(stack, but), baro_close(stack, all), baro_close(stack, none);
    }
}

static void a_source_that_nobody_wants_is_told_as_that(void **state)
{
    struct baro_statistics statistics;
    int fd = socket_in(BARO_FAMILY_IPV4);

    (void)state;
    assert_int_equal(change(fd, BARO_IP_ADD_SOURCE, false, 5), 0);
    send_from(false, 6);
    assert_int_equal(heard(fd), -EAGAIN);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_GROUP_SOURCE_REFUSED], 1);
    assert_int_equal(statistics.drops[BARO_DROP_UDP_NO_SOCKET], 0);
}

/* What the interface tells is what its sockets want together, and when the last is closed the group is left. */
static void routers_hear_of_sockets(void **state)
{
    int first = socket_in(BARO_FAMILY_IPV4), second = socket_in(BARO_FAMILY_IPV4);

    (void)state;
    assert_int_equal(change(first, BARO_IP_ADD_SOURCE, false, 5), 0);
    assert_int_equal(change(second, BARO_IP_ADD_SOURCE, false, 6), 0);
    pass(5000);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.record[0].type, 5);
    assert_int_equal(told.record[0].sources, 2);
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(change(first, BARO_IP_DROP_SOURCE, false, 5), 0); /* its last: it has left */
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.record[0].type, 6);
    assert_true(address_equal(told.record[0].source[0], source(false, 5)));
    assert_int_equal(change(first, BARO_IP_DROP_SOURCE, false, 5), -EINVAL);
    pass(5000);
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(baro_close(stack, second), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.record[0].type, 6);
    assert_true(address_equal(told.record[0].source[0], source(false, 6)));
}

static void a_filter_is_set_and_read_whole(void **state)
{
    struct baro_group_filter all = {
        { group4, 1 },
        { .exclude = true, .sources = 3, .source = { source(false, 1), source(false, 2), source(false, 1) } }
    };
    struct baro_group_filter read = { { group4, 0 }, { .sources = 0 } };
    size_t length = sizeof read;
    int fd = socket_in(BARO_FAMILY_IPV4);

    (void)state;
    assert_int_equal(baro_getsockopt(stack, fd, BARO_IP_GROUP_FILTER, &read, &length), -EADDRNOTAVAIL);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_GROUP_FILTER, &all, sizeof all), 0);
    assert_int_equal(baro_getsockopt(stack, fd, BARO_IP_GROUP_FILTER, &read, &length), 0);
    assert_int_equal(read.group.interface, 1);
    assert_true(read.filter.exclude);
    assert_int_equal(read.filter.sources, 2); /* twice the same counts once */
    send_from(false, 2);
    send_from(false, 3);
    assert_int_equal(heard(fd), 3);
    assert_int_equal(heard(fd), -EAGAIN);
    all.filter = (struct baro_source_filter){ .sources = BARO_SOURCE_LIMIT + 1 };
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_GROUP_FILTER, &all, sizeof all), -ENOBUFS);
    all.filter = (struct baro_source_filter){ .sources = 0 }; /* nobody: left */
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_GROUP_FILTER, &all, sizeof all), 0);
    assert_int_equal(whole(fd, BARO_IP_DROP_GROUP, false), -EADDRNOTAVAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_said, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(each_socket_hears_what_it_wants, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_source_that_nobody_wants_is_told_as_that, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(routers_hear_of_sockets, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_filter_is_set_and_read_whole, group_setup, group_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
