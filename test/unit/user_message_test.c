/* What one datagram says for itself (interface, hop limit, traffic class, not to be cut), and the options of datagrams
 * that decide the same for all: one host on two links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv6.h"
#include "support/frame_device.h"

enum { IP_AT = 14, IPV4_TTL = IP_AT + 8, IPV4_TOS = IP_AT + 1 };

static struct test_memory memory;
static struct frame_device link[2];
static struct baro_stack *stack;
static struct baro_instant now;
static uint8_t octets[2000];

static struct baro_address global(unsigned net, unsigned host)
{
    return baro_ipv6(0xfd00, (uint16_t)net, 0, 0, 0, 0, 0, (uint16_t)host);
}

static struct baro_address local(unsigned host, uint8_t zone)
{
    struct baro_address address = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, (uint16_t)host);

    address.zone = zone;
    return address;
}

static struct baro_address group(uint16_t scope, uint8_t zone)
{
    struct baro_address address = baro_ipv6((uint16_t)(0xff00 | scope), 0, 0, 0, 0, 0, 0, 0x77);

    address.zone = zone;
    return address;
}

static void poll_once(void)
{
    now.ns += 1000000;
    baro_stack_poll(stack, now);
    baro_stack_check_invariants(stack);
}

static int start(void **state)
{
    const struct baro_mac peer = { { 2, 0, 0, 0, 0, 9 } };
    struct baro_stack_config config = { .seed = { 5 } };

    (void)state;
    memory = (struct test_memory){ 0 };
    config.memory = test_memory(&memory);
    now.ns = 0;
    stack = baro_stack_create(&config);
    assert_non_null(stack);
    for (int i = 1; i <= 2; i++) {
        frame_device_init(&link[i - 1], (uint8_t)i, 1500);
        assert_int_equal(baro_stack_add_interface(stack, &link[i - 1].device), i);
        assert_int_equal(baro_stack_add_address(stack, i, baro_ipv4(10, (uint8_t)i, 0, 1), 24, false), 0);
        assert_int_equal(baro_stack_add_address(stack, i, global((unsigned)i, 1), 64, false), 0);
        assert_int_equal(baro_stack_add_address(stack, i, local((unsigned)i, (uint8_t)i), 64, false), 0);
        assert_int_equal(baro_stack_set_neighbour(stack, i, baro_ipv4(10, (uint8_t)i, 0, 9), peer), 0);
        assert_int_equal(baro_stack_set_neighbour(stack, i, global((unsigned)i, 9), peer), 0);
        assert_int_equal(baro_stack_set_neighbour(stack, i, local(9, (uint8_t)i), peer), 0);
    }
    /* fd0f::/16 leads by the first link, but for who insists on the second. */
    assert_int_equal(baro_stack_add_route(stack, baro_ipv6(0xfd0f, 0, 0, 0, 0, 0, 0, 0), 16, global(1, 9), 1), 0);
    assert_int_equal(baro_stack_add_route(stack, baro_ipv6(0xfd0e, 0, 0, 0, 0, 0, 0, 0), 15, global(2, 9), 2), 0);
    for (int i = 0; i < 5; i++)
        poll_once();
    for (int i = 0; i < 2; i++)
        while (frame_device_take(&link[i]) != NULL)
            continue;
    return 0;
}

static int end(void **state)
{
    (void)state;
    baro_stack_free(stack);
    assert_int_equal(memory.slabs, 0);
    frame_device_release(&link[0]);
    frame_device_release(&link[1]);
    return 0;
}

static int open_of(enum baro_family family)
{
    int fd = baro_socket(stack, family, BARO_DATAGRAM);

    assert_true(fd >= 0);
    return fd;
}

static int set(int fd, enum baro_option option, int value)
{
    return baro_setsockopt(stack, fd, option, &value, sizeof value);
}

static int get(int fd, enum baro_option option)
{
    int value = -1;
    size_t length = sizeof value;
    int error = baro_getsockopt(stack, fd, option, &value, &length);

    return error != 0 ? error : value;
}

/* Sends `length` octets with what `given` says, and lets them out. */
static ptrdiff_t say(int fd, struct baro_address to, size_t length, struct baro_message given)
{
    struct baro_buffer piece = { octets, length };
    ptrdiff_t sent;

    given.peer = (struct baro_endpoint){ to, { 53 } };
    given.buffer = &piece;
    given.buffers = 1;
    sent = baro_sendmsg(stack, fd, &given, 0);
    poll_once();
    return sent;
}

static struct baro_message by(int interface)
{
    return (struct baro_message){ .interface = interface, .given = BARO_GIVEN_INTERFACE };
}

/* The one frame that went out since, which was by link `number`; 0: none did. */
static const struct device_frame *left_by(int number)
{
    const struct device_frame *frame[2] = { frame_device_take(&link[0]), frame_device_take(&link[1]) };

    assert_true((frame[0] != NULL) == (number == 1) && (frame[1] != NULL) == (number == 2));
    assert_null(frame_device_take(&link[0]));
    assert_null(frame_device_take(&link[1]));
    return number == 0 ? NULL : frame[number - 1];
}

static struct ipv6_header header_of(const struct device_frame *frame)
{
    struct ipv6_header header;

    ipv6_header_read(&header, frame->data + IP_AT);
    return header;
}

static uint8_t class_of(const struct device_frame *frame)
{
    const struct ipv6_header header = header_of(frame);

    return ipv6_traffic_class(&header);
}

static void a_datagram_has_its_own_hop_limit_and_class(void **state)
{
    const struct baro_message given = { .ttl = 0, .tos = 0, .given = BARO_GIVEN_TTL | BARO_GIVEN_TOS };
    const struct baro_message ignored = { .ttl = 3, .tos = 5, .interface = 2, .dont_fragment = true };
    int six = open_of(BARO_FAMILY_IPV6), four = open_of(BARO_FAMILY_IPV4);
    const struct device_frame *frame;

    (void)state;
    assert_int_equal(set(six, BARO_IP_TTL, 33), 0);
    assert_int_equal(set(six, BARO_IP_TOS, 0xb8), 0);
    assert_int_equal(set(four, BARO_IP_TTL, 34), 0);
    assert_int_equal(say(six, global(1, 9), 5, given), 5);
    frame = left_by(1);
    assert_int_equal(header_of(frame).hop_limit, 0);
    assert_int_equal(class_of(frame), 0);
    assert_int_equal(say(six, global(1, 9), 5, ignored), 5); /* nothing is given */
    frame = left_by(1);
    assert_int_equal(header_of(frame).hop_limit, 33);
    assert_int_equal(class_of(frame), 0xb8);
    assert_int_equal(say(four, baro_ipv4(10, 1, 0, 9), 5,
                         (struct baro_message){ .ttl = 7, .tos = 9, .given = BARO_GIVEN_TTL | BARO_GIVEN_TOS }),
                     5);
    frame = left_by(1);
    assert_int_equal(frame->data[IPV4_TTL], 7);
    assert_int_equal(frame->data[IPV4_TOS], 9);
    assert_int_equal(say(four, baro_ipv4(10, 1, 0, 9), 5, (struct baro_message){ .ttl = 7 }), 5);
    assert_int_equal(left_by(1)->data[IPV4_TTL], 34);
    assert_int_equal(set(six, BARO_IP_TTL, 0), 0);
    assert_int_equal(say(six, baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0x0a01, 9), 5, (struct baro_message){ 0 }), 5);
    assert_int_equal(left_by(1)->data[IPV4_TTL], 64); /* IPv4 has no zero (RFC 1122 §3.2.1.7) */
    assert_int_equal(set(four, BARO_IP_TTL, 0), -EINVAL);
}

static void a_datagram_names_its_interface(void **state)
{
    struct baro_address far = baro_ipv6(0xfd0f, 0, 0, 0, 0, 0, 0, 1), got;
    int fd = open_of(BARO_FAMILY_IPV6);
    struct baro_message message = by(2);

    (void)state;
    assert_int_equal(say(fd, far, 5, (struct baro_message){ 0 }), 5);
    got = header_of(left_by(1)).source;
    assert_true(address_equal(got, global(1, 1)));
    assert_int_equal(say(fd, far, 5, by(2)), 5);
    got = header_of(left_by(2)).source;
    assert_true(address_equal(got, global(2, 1)));
    assert_int_equal(say(fd, far, 5, by(0)), 5); /* 0 is no wish */
    left_by(1);
    assert_int_equal(say(fd, global(1, 9), 5, by(2)), -ENETUNREACH);
    assert_int_equal(say(fd, far, 5, by(3)), -ENODEV);
    assert_int_equal(say(fd, far, 5, by(-1)), -ENODEV);
    /* A link-local address gets the interface for its zone, and does not change the one it has. */
    assert_int_equal(say(fd, local(9, 0), 5, (struct baro_message){ 0 }), -ENETUNREACH);
    assert_int_equal(say(fd, local(9, 0), 5, by(2)), 5);
    got = header_of(left_by(2)).source;
    assert_memory_equal(got.octet, local(2, 0).octet, 16);
    assert_int_equal(say(fd, local(9, 1), 5, by(2)), -EINVAL);
    message.local.address = local(2, 0); /* a source without a zone is of that interface too */
    assert_int_equal(say(fd, local(9, 0), 5, message), 5);
    got = header_of(left_by(2)).source;
    assert_memory_equal(got.octet, local(2, 0).octet, 16);
    message.local.address = local(1, 0); /* and this one is not */
    assert_int_equal(say(fd, local(9, 0), 5, message), -EINVAL);
    left_by(0);
}

static void groups_leave_by_the_socket_s_interface(void **state)
{
    int six = open_of(BARO_FAMILY_IPV6), four = open_of(BARO_FAMILY_IPV4);
    struct baro_endpoint peer = { group(0xe, 0), { 53 } }, own;

    (void)state;
    assert_int_equal(say(six, group(0xe, 0), 5, (struct baro_message){ 0 }), 5);
    left_by(1);
    assert_int_equal(set(six, BARO_IP_MULTICAST_INTERFACE, 3), -ENODEV);
    assert_int_equal(set(six, BARO_IP_MULTICAST_INTERFACE, -1), -ENODEV);
    assert_int_equal(set(900, BARO_IP_MULTICAST_INTERFACE, 3), -EBADF);
    assert_int_equal(get(six, BARO_IP_MULTICAST_INTERFACE), 0);
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? six : four;
        struct baro_address to = i == 0 ? group(0xe, 0) : baro_ipv4(239, 1, 1, 1);

        assert_int_equal(set(fd, BARO_IP_MULTICAST_INTERFACE, 2), 0);
        assert_int_equal(get(fd, BARO_IP_MULTICAST_INTERFACE), 2);
        assert_int_equal(say(fd, to, 5, (struct baro_message){ 0 }), 5);
        left_by(2);
        assert_int_equal(say(fd, to, 5, by(1)), 5); /* the datagram's own word is stronger */
        left_by(1);
    }
    assert_int_equal(say(six, group(2, 0), 5, (struct baro_message){ 0 }), 5);
    left_by(2);
    assert_int_equal(say(six, group(2, 1), 5, (struct baro_message){ 0 }), 5); /* and so is a zone */
    left_by(1);
    assert_int_equal(say(six, global(1, 9), 5, (struct baro_message){ 0 }), 5); /* no group */
    left_by(1);
    assert_int_equal(baro_connect(stack, six, &peer), 0);
    assert_int_equal(baro_getsockname(stack, six, &own), 0);
    assert_true(address_equal(own.address, global(2, 1)));
    assert_int_equal(baro_send(stack, six, "x", 1, 0), 1);
    poll_once();
    left_by(2);
}

static uint64_t dropped(enum baro_drop_reason reason)
{
    struct baro_statistics statistics;

    baro_stack_statistics(stack, &statistics);
    return statistics.drops[reason];
}

/* RFC 1112 §6.1, RFC 4291 §2.7. */
static void what_stays_on_the_host_is_on_no_wire(void **state)
{
    int fd = open_of(BARO_FAMILY_IPV6), four = open_of(BARO_FAMILY_IPV4), member = open_of(BARO_FAMILY_IPV6);
    const struct baro_endpoint any = { .address = baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), .port = { 53 } };
    struct baro_group joined = { group(5, 0), 1 };
    char text[8];

    (void)state;
    assert_int_equal(baro_bind(stack, member, &any), 0);
    assert_int_equal(baro_setsockopt(stack, member, BARO_IP_ADD_GROUP, &joined, sizeof joined), 0);
    assert_int_equal(set(fd, BARO_IP_MULTICAST_TTL, 0), 0);
    assert_int_equal(set(four, BARO_IP_MULTICAST_TTL, 0), 0);
    while (frame_device_take(&link[0]) != NULL)
        continue; /* what joining says */
    assert_int_equal(say(fd, group(5, 0), 5, by(1)), 5);
    poll_once();
    left_by(0);
    assert_int_equal(baro_recv(stack, member, text, sizeof text, 0), 5);
    assert_int_equal(dropped(BARO_DROP_IP_GROUP_STAYS), 0);
    assert_int_equal(say(fd, group(0xe, 0), 5, by(1)), 5);
    left_by(0);
    assert_int_equal(dropped(BARO_DROP_IP_GROUP_STAYS), 1);
    assert_int_equal(say(four, baro_ipv4(239, 1, 1, 1), 5, by(1)), 5);
    left_by(0);
    assert_int_equal(dropped(BARO_DROP_IP_GROUP_STAYS), 2);
    assert_int_equal(set(fd, BARO_IP_MULTICAST_TTL, 9), 0);
    assert_int_equal(say(fd, group(1, 0), 5, by(1)), 5); /* interface scope */
    left_by(0);
    assert_int_equal(dropped(BARO_DROP_IP_GROUP_STAYS), 3);
    assert_int_equal(say(fd, group(5, 0), 5, by(1)), 5);
    assert_int_equal(header_of(left_by(1)).hop_limit, 9);
}

static void groups_are_of_the_socket_s_family(void **state)
{
    int six = open_of(BARO_FAMILY_IPV6), four = open_of(BARO_FAMILY_IPV4);
    struct baro_group v6 = { group(5, 0), 1 }, v4 = { baro_ipv4(239, 1, 1, 1), 1 };

    (void)state;
    assert_int_equal(baro_setsockopt(stack, four, BARO_IP_ADD_GROUP, &v6, sizeof v6), -EINVAL);
    assert_int_equal(baro_setsockopt(stack, six, BARO_IP_ADD_GROUP, &v6, sizeof v6), 0);
    assert_int_equal(baro_setsockopt(stack, four, BARO_IP_ADD_GROUP, &v4, sizeof v4), 0);
    assert_int_equal(baro_setsockopt(stack, six, BARO_IP_ADD_GROUP, &v4, sizeof v4), 0); /* it speaks IPv4 too */
    assert_int_equal(baro_setsockopt(stack, 900, BARO_IP_ADD_GROUP, &v6, sizeof v6), -EBADF);
}

static void fragments_as_small_as_the_socket_says(void **state)
{
    int fd = open_of(BARO_FAMILY_IPV6);
    uint32_t total = 0;
    unsigned count = 0;

    (void)state;
    assert_int_equal(set(open_of(BARO_FAMILY_IPV4), BARO_IP_FRAGMENT_SIZE, 1280), -ENOPROTOOPT);
    assert_int_equal(set(fd, BARO_IP_FRAGMENT_SIZE, 1279), -EINVAL);
    assert_int_equal(set(fd, BARO_IP_FRAGMENT_SIZE, 65536), -EINVAL);
    assert_int_equal(say(fd, global(1, 9), 1400, (struct baro_message){ 0 }), 1400);
    assert_int_equal(left_by(1)->length, IP_AT + 40 + 8 + 1400);
    assert_int_equal(set(fd, BARO_IP_FRAGMENT_SIZE, 1280), 0);
    assert_int_equal(get(fd, BARO_IP_FRAGMENT_SIZE), 1280);
    assert_int_equal(say(fd, global(1, 9), 1400, (struct baro_message){ 0 }), 1400);
    for (const struct device_frame *f; (f = frame_device_take(&link[0])) != NULL; count++) {
        assert_in_range(f->length, 1, IP_AT + 1280);
        assert_int_equal(f->data[IP_AT + 6], 44); /* a fragment header */
        total += f->length - IP_AT - 48;
    }
    assert_int_equal(count, 2);
    assert_int_equal(total, 8 + 1400);
    assert_int_equal(say(fd, global(1, 9), 1280 - 48, (struct baro_message){ 0 }), 1280 - 48);
    left_by(1);
    /* Whole or not at all. */
    assert_int_equal(say(fd, global(1, 9), 1400, (struct baro_message){ .dont_fragment = true,
                                                                         .given = BARO_GIVEN_DONT_FRAGMENT }),
                     -EMSGSIZE);
    assert_int_equal(set(fd, BARO_IP_FRAGMENT_SIZE, 0), 0);
    assert_int_equal(say(fd, global(1, 9), 1453, (struct baro_message){ .dont_fragment = true,
                                                                         .given = BARO_GIVEN_DONT_FRAGMENT }),
                     -EMSGSIZE);
    assert_int_equal(say(fd, global(1, 9), 1452, (struct baro_message){ .dont_fragment = true,
                                                                         .given = BARO_GIVEN_DONT_FRAGMENT }),
                     1452);
    left_by(1);
}

/* ---- errors that come back ---- */

/* An ICMPv6 error from fd00:1::9 about `sent`. */
static void error_about(const struct device_frame *sent, uint8_t type, uint8_t code, uint32_t value)
{
    uint32_t quoted = sent->length - IP_AT < 1232 ? sent->length - IP_AT : 1232, length = 8 + quoted;
    const struct ipv6_header header = { .version_class_flow = ipv6_first_word(0, 0), .payload_length = (uint16_t)length,
                                        .next_header = IP_PROTOCOL_ICMPV6, .hop_limit = 64, .source = global(1, 9),
                                        .destination = global(1, 1) };
    static uint8_t frame[1514];
    uint8_t *icmp = frame + IP_AT + 40;

    memcpy(frame, link[0].device.mac.octet, 6);
    memcpy(frame + 6, sent->data, 6);
    write_be16(frame + 12, 0x86dd);
    ipv6_header_write(&header, frame + IP_AT);
    icmp[0] = type;
    icmp[1] = code;
    write_be16(icmp + 2, 0);
    write_be32(icmp + 4, value);
    memcpy(icmp + 8, sent->data + IP_AT, quoted);
    write_be16(icmp + 2, checksum_fold(checksum_add(
                             checksum_pseudo(header.source, header.destination, IP_PROTOCOL_ICMPV6, length), icmp,
                             length)));
    assert_true(frame_device_put(&link[0], frame, IP_AT + 40 + length));
}

static void errors_without_connect_where_they_are_wanted(void **state)
{
    int fd = open_of(BARO_FAMILY_IPV6);
    char text[4];

    (void)state;
    assert_int_equal(say(fd, global(1, 9), 5, (struct baro_message){ 0 }), 5);
    error_about(left_by(1), ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0);
    poll_once();
    assert_int_equal(baro_recv(stack, fd, text, sizeof text, 0), -EAGAIN);
    assert_int_equal(set(fd, BARO_IP_RECV_ERROR, 1), 0);
    assert_int_equal(get(fd, BARO_IP_RECV_ERROR), 1);
    assert_int_equal(say(fd, global(1, 9), 5, (struct baro_message){ 0 }), 5);
    error_about(left_by(1), ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0);
    poll_once();
    assert_int_equal(baro_recv(stack, fd, text, sizeof text, 0), -ECONNREFUSED);
    assert_int_equal(baro_recv(stack, fd, text, sizeof text, 0), -EAGAIN);
}

/* A path said to be narrow: who probes by itself does not believe it. */
static void the_interface_counts_for_who_probes(void **state)
{
    int fd = open_of(BARO_FAMILY_IPV6);
    struct baro_endpoint peer = { global(1, 9), { 53 } };

    (void)state;
    assert_int_equal(set(fd, BARO_IP_DONT_FRAGMENT, 1), 0);
    assert_int_equal(say(fd, global(1, 9), 1452, (struct baro_message){ 0 }), 1452);
    error_about(left_by(1), ICMPV6_PACKET_TOO_BIG, 0, 1300);
    poll_once();
    assert_int_equal(say(fd, global(1, 9), 1452, (struct baro_message){ 0 }), -EMSGSIZE);
    assert_int_equal(say(fd, global(1, 9), 1252, (struct baro_message){ 0 }), 1252);
    left_by(1);
    assert_int_equal(set(fd, BARO_IP_IGNORE_PATH_MTU, 1), 0);
    assert_int_equal(get(fd, BARO_IP_IGNORE_PATH_MTU), 1);
    assert_int_equal(say(fd, global(1, 9), 1452, (struct baro_message){ 0 }), 1452);
    assert_int_equal(left_by(1)->length, IP_AT + 1500);
    assert_int_equal(say(fd, global(1, 9), 1453, (struct baro_message){ 0 }), -EMSGSIZE);
    assert_int_equal(baro_connect(stack, fd, &peer), 0);
    assert_int_equal(get(fd, BARO_IP_MTU), 1300);
}

/* A datagram that was short enough when it was sent and is too long when it goes: its sender hears of it. */
static void too_long_by_the_time_it_goes(void **state)
{
    int other = open_of(BARO_FAMILY_IPV6), fd = open_of(BARO_FAMILY_IPV6);
    struct baro_endpoint peer = { global(1, 9), { 54 } };

    (void)state;
    assert_int_equal(say(other, global(1, 9), 1452, (struct baro_message){ 0 }), 1452);
    error_about(left_by(1), ICMPV6_PACKET_TOO_BIG, 0, 1300);
    assert_int_equal(set(fd, BARO_IP_DONT_FRAGMENT, 1), 0);
    assert_int_equal(baro_connect(stack, fd, &peer), 0);
    assert_int_equal(baro_send(stack, fd, octets, 1452, 0), 1452);
    assert_int_equal(baro_send(stack, fd, octets, 1252, 0), 1252);
    poll_once(); /* hears of the path, then sends */
    assert_int_equal(dropped(BARO_DROP_IP_TOO_BIG), 1);
    assert_int_equal(left_by(1)->length, IP_AT + 1300);
    assert_int_equal(get(fd, BARO_SO_ERROR), EMSGSIZE);
    assert_int_equal(get(fd, BARO_SO_ERROR), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_has_its_own_hop_limit_and_class),
        TEST(a_datagram_names_its_interface),
        TEST(groups_leave_by_the_socket_s_interface),
        TEST(what_stays_on_the_host_is_on_no_wire),
        TEST(groups_are_of_the_socket_s_family),
        TEST(fragments_as_small_as_the_socket_says),
        TEST(errors_without_connect_where_they_are_wanted),
        TEST(the_interface_counts_for_who_probes),
        TEST(too_long_by_the_time_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
