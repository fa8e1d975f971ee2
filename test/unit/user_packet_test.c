/* Packet sockets: what passes is seen, cut, counted and bounded; who does not look pays nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/one_stack.h"

static int packet_socket(void)
{
    int fd = baro_socket(stack, BARO_FAMILY_NONE, BARO_PACKET);

    assert_true(fd >= 0);
    return fd;
}

/* The next frame; -EAGAIN: none. */
static ptrdiff_t look(int fd, uint8_t *octets, size_t room, struct baro_message *message)
{
    struct baro_buffer piece[2] = { { octets, room / 3 }, { octets + room / 3, room - room / 3 } };

    *message = (struct baro_message){ .buffer = piece, .buffers = 2 };
    return baro_recvmsg(stack, fd, message, 0);
}

static struct baro_packet_statistics statistics(int fd)
{
    struct baro_packet_statistics value;
    size_t length = sizeof value;

    assert_int_equal(baro_getsockopt(stack, fd, BARO_PACKET_STATISTICS, &value, &length), 0);
    return value;
}

/* What is given to the device comes in, what the stack sends goes out, both as they are, in order. */
static void both_ways_on_the_wire(void **state)
{
    static uint8_t arp[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2,
                               10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
    const struct device_frame *sent = NULL, *next;
    struct baro_message message;
    uint8_t octets[2000];
    int fd, late;

    (void)state;
    pass(1);
    fd = packet_socket();
    assert_int_equal(look(fd, octets, sizeof octets, &message), -EAGAIN);
    assert_int_equal(baro_poll(stack, fd), 0);
    while (frame_device_take(&one_device) != NULL)
        continue;
    assert_true(frame_device_put(&one_device, arp, sizeof arp));
    now.ns += 5;
    pass(0);
    assert_true(is_ready(fd, BARO_EVENT_IN));
    late = packet_socket();
    assert_int_equal(baro_readable_bytes(stack, fd), 60);
    assert_int_equal(look(fd, octets, sizeof octets, &message), 60);
    assert_memory_equal(octets, arp, 60);
    assert_int_equal(message.interface, 1);
    assert_false(message.outgoing);
    assert_int_equal(message.length, 60);
    assert_true(message.at.ns == now.ns);
    while ((next = frame_device_take(&one_device)) != NULL)
        sent = next;
    assert_non_null(sent);
    assert_int_equal(look(fd, octets, sizeof octets, &message), sent->length);
    assert_memory_equal(octets, sent->data, sent->length);
    assert_true(message.outgoing);
    assert_int_equal(message.flags, 0);
    assert_int_equal(look(fd, octets, sizeof octets, &message), -EAGAIN);
    assert_int_equal(look(late, octets, sizeof octets, &message), -EAGAIN); /* nothing from before its time */
    assert_int_equal(statistics(fd).seen, 2);
}

/* A datagram to ourselves of `length` octets: one frame on interface 0, out and in. */
static void talk(size_t length)
{
    static uint8_t octets[1000];
    struct baro_endpoint peer = loopback(7000);
    static int udp_socket;

    if (length == 0) {
        udp_socket = datagram();
        assert_int_equal(bind_to(udp_socket, peer), 0);
        return;
    }
    assert_int_equal(baro_sendto(stack, udp_socket, octets, length, 0, &peer), length);
    pass(1);
}

static void cut_to_the_snap_length(void **state)
{
    struct baro_message message;
    uint8_t octets[2000];
    int fd = packet_socket();

    (void)state;
    assert_int_equal(get_int(fd, BARO_PACKET_SNAP_LENGTH), 262144);
    assert_int_equal(set_int(fd, BARO_PACKET_SNAP_LENGTH, 0), -EINVAL);
    assert_int_equal(set_int(fd, BARO_PACKET_SNAP_LENGTH, 40), 0);
    assert_int_equal(set_int(fd, BARO_SO_BIND_INTERFACE, 0), 0);
    talk(0);
    talk(100);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(look(fd, octets, sizeof octets, &message), 40);
        assert_int_equal(message.length, 14 + 20 + 8 + 100);
        assert_int_equal(message.flags, BARO_MSG_TRUNCATED);
        assert_int_equal(message.interface, 0);
        assert_int_equal(message.outgoing, i == 0);
        assert_int_equal(read_be16(octets + 12), 0x0800);
        assert_int_equal(read_be16(octets + 14 + 20 + 2), 7000);
    }
    /* Cut by a small buffer just as well. */
    talk(100);
    assert_int_equal(look(fd, octets, 10, &message), 10);
    assert_int_equal(message.flags, BARO_MSG_TRUNCATED);
}

static void only_the_interface_it_is_bound_to(void **state)
{
    struct baro_message message;
    uint8_t octets[2000];
    int all = packet_socket(), wire = packet_socket();

    (void)state;
    pass(0);
    while (look(all, octets, sizeof octets, &message) > 0)
        continue;
    assert_int_equal(get_int(wire, BARO_SO_BIND_INTERFACE), -1);
    assert_int_equal(set_int(wire, BARO_SO_BIND_INTERFACE, 17), -ENODEV);
    assert_int_equal(set_int(wire, BARO_SO_BIND_INTERFACE, 1), 0);
    while (look(wire, octets, sizeof octets, &message) > 0)
        assert_int_equal(message.interface, 1);
    talk(0);
    talk(10);
    assert_true(look(all, octets, sizeof octets, &message) > 0);
    assert_int_equal(look(wire, octets, sizeof octets, &message), -EAGAIN);
}

static void a_full_queue_drops_and_counts(void **state)
{
    struct baro_packet_statistics counted;
    struct baro_message message;
    uint8_t octets[2000];
    unsigned taken = 0;
    int fd = packet_socket();

    (void)state;
    assert_int_equal(set_int(fd, BARO_SO_RECV_BUFFER, 2048), 0);
    assert_int_equal(set_int(fd, BARO_SO_BIND_INTERFACE, 0), 0);
    talk(0);
    for (int i = 0; i < 20; i++)
        talk(500);
    while (look(fd, octets, sizeof octets, &message) > 0)
        taken++;
    counted = statistics(fd);
    assert_int_equal(counted.seen, 40);
    assert_true(taken > 1);
    assert_int_equal(counted.dropped, 40 - taken);
    talk(500); /* there is room again */
    assert_true(look(fd, octets, sizeof octets, &message) > 0);
    assert_int_equal(statistics(fd).dropped, counted.dropped);
}

static void it_only_looks(void **state)
{
    struct baro_endpoint end = loopback(1);
    int fd = packet_socket(), value = 0;
    size_t length = sizeof value;

    (void)state;
    assert_int_equal(baro_socket(stack, BARO_FAMILY_IPV4, BARO_PACKET), -EAFNOSUPPORT);
    assert_int_equal(bind_to(fd, end), -EOPNOTSUPP);
    assert_int_equal(connect_to(fd, end), -EOPNOTSUPP);
    assert_int_equal(baro_listen(stack, fd, 1), -EOPNOTSUPP);
    assert_int_equal(baro_accept(stack, fd, NULL), -EOPNOTSUPP);
    assert_int_equal(baro_send(stack, fd, "x", 1, 0), -EOPNOTSUPP);
    assert_int_equal(baro_sendto(stack, fd, "x", 1, 0, &end), -EOPNOTSUPP);
    assert_int_equal(baro_shutdown(stack, fd, BARO_SHUT_BOTH), -EOPNOTSUPP);
    assert_int_equal(baro_getsockname(stack, fd, &end), -EOPNOTSUPP);
    assert_int_equal(baro_getpeername(stack, fd, &end), -ENOTCONN);
    assert_int_equal(baro_writable_bytes(stack, fd), 0);
    assert_int_equal(get_int(fd, BARO_SO_TYPE), BARO_PACKET);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), 0);
    assert_int_equal(get_int(fd, BARO_IP_TTL), -ENOPROTOOPT);
    assert_int_equal(get_int(datagram(), BARO_PACKET_SNAP_LENGTH), -ENOPROTOOPT);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_PACKET_STATISTICS, &value, length), -ENOPROTOOPT);
    assert_int_equal(baro_getsockopt(stack, fd, BARO_PACKET_STATISTICS, &value, &length), -EINVAL);
    assert_int_equal(baro_close(stack, fd), 0);
    assert_int_equal(baro_close(stack, packet_socket()), 0);
    talk(0);
    talk(10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(both_ways_on_the_wire),
        ONE_STACK_TEST(cut_to_the_snap_length),
        ONE_STACK_TEST(only_the_interface_it_is_bound_to),
        ONE_STACK_TEST(a_full_queue_drops_and_counts),
        ONE_STACK_TEST(it_only_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
