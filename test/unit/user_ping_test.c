/* Ping sockets: identifiers and their conflicts, what may be sent, what comes back, errors about requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/ipv4.h"
#include "support/one_stack.h"

enum { HEADERS = ethernet_header_SIZE + ipv4_header_SIZE };

static int ping_socket(void)
{
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_PING);

    assert_true(fd >= 0);
    return fd;
}

/* An echo request of `length` octets of data as a program writes it: identifier and checksum are not its own. */
static size_t request(uint8_t *octets, uint16_t sequence, size_t length)
{
    memset(octets, 0xa5, icmp_header_SIZE + length);
    octets[0] = ICMP_ECHO_REQUEST;
    octets[1] = 0;
    write_be16(octets + 6, sequence);
    for (size_t i = 0; i < length; i++)
        octets[icmp_header_SIZE + i] = (uint8_t)i;
    return icmp_header_SIZE + length;
}

static uint16_t id_of(int fd)
{
    struct baro_endpoint local;

    assert_int_equal(baro_getsockname(stack, fd, &local), 0);
    return local.port.number;
}

static void a_reply_comes_back_whole(void **state)
{
    static const size_t size[] = { 0, 1, 56, 1472, 1473, 9001, 65507 };
    static uint8_t sent[65536], got[65536];
    int fd = ping_socket(), other = ping_socket();

    (void)state;
    assert_int_equal(bind_to(other, any(0)), 0);
    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        struct baro_endpoint peer = i % 2 ? to(10, 0, 0, 1, 99) : loopback(0);
        size_t length = request(sent, (uint16_t)i, size[i]);

        assert_int_equal(baro_sendto(stack, fd, sent, length, 0, &peer), length);
        pass(1);
        assert_int_equal(baro_readable_bytes(stack, fd), length);
        assert_int_equal(baro_recvfrom(stack, fd, got, sizeof got, 0, &peer), length);
        assert_true(endpoint_equal(peer, i % 2 ? to(10, 0, 0, 1, 0) : loopback(0)));
        assert_int_equal(got[0], ICMP_ECHO_REPLY);
        assert_int_equal(read_be16(got + 4), id_of(fd));
        assert_int_equal(read_be16(got + 6), i);
        assert_int_equal(checksum_fold(checksum_add(0, got, length)), 0);
        assert_memory_equal(got + icmp_header_SIZE, sent + icmp_header_SIZE, size[i]);
        assert_int_equal(baro_recv(stack, other, got, sizeof got, 0), -EAGAIN);
    }
    assert_int_equal(get_int(fd, BARO_SO_TYPE), BARO_PING);
}

static void only_echo_requests_are_sent(void **state)
{
    static uint8_t octets[65536];
    struct baro_endpoint peer = loopback(0);
    struct baro_buffer piece[3] = { { octets, 3 }, { octets + 3, 0 }, { octets + 3, 5 } };
    struct baro_message pieces = { .peer = peer, .buffer = piece, .buffers = 3 };
    int fd = ping_socket();

    (void)state;
    request(octets, 1, 100);
    assert_int_equal(baro_send(stack, fd, octets, 8, 0), -EDESTADDRREQ);
    assert_int_equal(baro_sendto(stack, fd, octets, 7, 0, &peer), -EINVAL);
    assert_int_equal(baro_sendto(stack, fd, octets, 0, 0, &peer), -EINVAL);
    assert_int_equal(baro_sendto(stack, fd, octets, 65516, 0, &peer), -EMSGSIZE);
    octets[1] = 1;
    assert_int_equal(baro_sendto(stack, fd, octets, 8, 0, &peer), -EINVAL);
    octets[1] = 0;
    octets[0] = ICMP_ECHO_REPLY;
    assert_int_equal(baro_sendto(stack, fd, octets, 8, 0, &peer), -EINVAL);
    octets[0] = ICMP_ECHO_REQUEST;
    assert_int_equal(baro_sendmsg(stack, fd, &pieces, 0), 8);
    peer = to(10, 0, 0, 255, 0);
    assert_int_equal(baro_sendto(stack, fd, octets, 8, 0, &peer), -EACCES);
    peer = to(192, 0, 2, 1, 0);
    assert_int_equal(baro_sendto(stack, fd, octets, 8, 0, &peer), -ENETUNREACH);
    peer = to(10, 0, 0, 2, 0);
    assert_int_equal(set_int(fd, BARO_IP_DONT_FRAGMENT, 1), 0);
    assert_int_equal(baro_sendto(stack, fd, octets, 1481, 0, &peer), -EMSGSIZE);
    assert_int_equal(baro_sendto(stack, fd, octets, 1480, 0, &peer), 1480);
    assert_int_equal(baro_listen(stack, fd, 1), -EOPNOTSUPP);
}

/* As Linux has it (6.18, asked): an identifier is one socket's, whatever its address, unless both share, and at first
 * they do. */
static void identifiers_are_unique(void **state)
{
    int one = ping_socket(), two = ping_socket(), udp_socket = datagram();

    (void)state;
    assert_int_equal(get_int(one, BARO_SO_REUSE_ADDRESS), 1);
    assert_int_equal(set_int(one, BARO_SO_REUSE_ADDRESS, 0), 0);
    assert_int_equal(set_int(two, BARO_SO_REUSE_ADDRESS, 0), 0);
    assert_int_equal(bind_to(one, loopback(77)), 0);
    assert_int_equal(id_of(one), 77);
    assert_int_equal(bind_to(one, loopback(78)), -EINVAL);
    assert_int_equal(bind_to(two, to(10, 0, 0, 1, 77)), -EADDRINUSE);
    assert_int_equal(bind_to(udp_socket, loopback(77)), 0); /* ports of UDP are others */
    assert_int_equal(set_int(one, BARO_SO_REUSE_ADDRESS, 1), 0);
    assert_int_equal(bind_to(two, to(10, 0, 0, 1, 77)), -EADDRINUSE);
    assert_int_equal(set_int(two, BARO_SO_REUSE_ADDRESS, 1), 0);
    assert_int_equal(bind_to(two, to(10, 0, 0, 1, 77)), 0);
    assert_int_equal(bind_to(ping_socket(), to(10, 0, 0, 9, 0)), -EADDRNOTAVAIL);
    assert_int_equal(bind_to(ping_socket(), to(224, 0, 0, 1, 0)), -EADDRNOTAVAIL);
    two = ping_socket();
    assert_int_equal(bind_to(two, any(0)), 0);
    assert_int_not_equal(id_of(two), 0);
}

/* Two share an identifier: each gets the replies to its own address. */
static void the_bound_address_counts(void **state)
{
    struct baro_endpoint peer = loopback(0);
    int one = ping_socket(), two = ping_socket();
    uint8_t octets[64];

    (void)state;
    assert_int_equal(bind_to(one, loopback(5)), 0);
    assert_int_equal(bind_to(two, to(10, 0, 0, 1, 5)), 0);
    assert_int_equal(baro_sendto(stack, one, octets, request(octets, 1, 8), 0, &peer), 16);
    pass(1);
    assert_int_equal(baro_recv(stack, two, octets, sizeof octets, 0), -EAGAIN);
    assert_int_equal(baro_recv(stack, one, octets, sizeof octets, 0), 16);
}

/* The request on the wire becomes `type` and `code` about itself, or an echo reply, from 10.0.0.`host`. */
static void answer(uint8_t host, uint8_t type, uint8_t code)
{
    static const uint8_t here[6] = { 2, 0, 0, 0, 0, 1 };
    uint8_t frame[HEADERS + icmp_header_SIZE + 128] = { 0 };
    const struct device_frame *out = NULL, *next;
    size_t length;

    while ((next = frame_device_take(&one_device)) != NULL)
        if (next->length > HEADERS && read_be16(next->data + 12) == ETHERNET_TYPE_IPV4)
            out = next;
    assert_non_null(out);
    assert_int_equal(checksum_fold(checksum_add(0, out->data + HEADERS, out->length - HEADERS)), 0);
    memcpy(frame, out->data + 6, 6);
    memcpy(frame + 6, here, 5);
    frame[11] = host;
    write_be16(frame + 12, ETHERNET_TYPE_IPV4);
    memcpy(frame + ethernet_header_SIZE, out->data + ethernet_header_SIZE, ipv4_header_SIZE);
    write_ipv4(frame + ethernet_header_SIZE + 12, baro_ipv4(10, 0, 0, host));
    write_ipv4(frame + ethernet_header_SIZE + 16, baro_ipv4(10, 0, 0, 1));
    if (type == ICMP_ECHO_REPLY) {
        length = out->length - HEADERS;
        memcpy(frame + HEADERS, out->data + HEADERS, length);
        frame[HEADERS] = type;
        write_be16(frame + HEADERS + 2, 0);
    } else {
        length = icmp_header_SIZE + 28;
        frame[HEADERS] = type;
        frame[HEADERS + 1] = code;
        memcpy(frame + HEADERS + icmp_header_SIZE, out->data + ethernet_header_SIZE, 28);
    }
    write_be16(frame + HEADERS + 2, checksum_fold(checksum_add(0, frame + HEADERS, length)));
    write_be16(frame + ethernet_header_SIZE + 2, (uint16_t)(ipv4_header_SIZE + length));
    write_be16(frame + ethernet_header_SIZE + 10, 0);
    write_be16(frame + ethernet_header_SIZE + 10,
               checksum_fold(checksum_add(0, frame + ethernet_header_SIZE, ipv4_header_SIZE)));
    assert_true(frame_device_put(&one_device, frame, (uint32_t)(HEADERS + length)));
}

static void errors_about_requests(void **state)
{
    static const struct { uint8_t type, code; int error; } row[] = {
        { ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE, EHOSTUNREACH },
        { ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, ENETUNREACH },
        { ICMP_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE, ECONNREFUSED },
        { ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, EHOSTUNREACH },
    };
    struct baro_endpoint peer = to(10, 0, 0, 2, 0);
    uint8_t octets[64];
    int fd = ping_socket();
    size_t length = request(octets, 1, 20);

    (void)state;
    baro_stack_set_neighbour(stack, 1, peer.address, (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } });
    /* Not connected, not asked for: nothing is told. */
    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &peer), length);
    pass(1);
    answer(3, ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE);
    pass(1);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), 0);
    assert_int_equal(set_int(fd, BARO_IP_RECV_ERROR, 1), 0);
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &peer), length);
        pass(1);
        answer(3, row[i].type, row[i].code);
        pass(1);
        assert_true(is_ready(fd, BARO_EVENT_ERROR | BARO_EVENT_IN));
        assert_int_equal(baro_recv(stack, fd, octets + 32, 32, 0), -row[i].error);
        assert_int_equal(baro_recv(stack, fd, octets + 32, 32, 0), -EAGAIN);
    }
    assert_int_equal(set_int(fd, BARO_IP_RECV_ERROR, 0), 0);
    assert_int_equal(connect_to(fd, peer), 0);
    assert_int_equal(baro_send(stack, fd, octets, length, 0), length);
    pass(1);
    answer(3, ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE);
    pass(1);
    assert_int_equal(get_int(fd, BARO_SO_ERROR), EHOSTUNREACH);
    assert_int_equal(set_int(stream(), BARO_IP_RECV_ERROR, 1), 0);
}

static void replies_from_the_wire(void **state)
{
    struct baro_statistics before, after;
    struct baro_endpoint peer = to(10, 0, 0, 2, 0);
    struct baro_buffer piece;
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    uint8_t octets[64], got[64];
    int fd = ping_socket();
    size_t length = request(octets, 7, 20);

    (void)state;
    piece = (struct baro_buffer){ got, sizeof got };
    baro_stack_set_neighbour(stack, 1, peer.address, (struct baro_mac){ { 2, 0, 0, 0, 0, 2 } });
    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &peer), length);
    pass(1);
    answer(2, ICMP_ECHO_REPLY, 0);
    pass(1);
    assert_int_equal(baro_recvmsg(stack, fd, &message, 0), length);
    assert_true(endpoint_equal(message.peer, peer));
    assert_true(endpoint_equal(message.local, to(10, 0, 0, 1, id_of(fd))));
    assert_int_equal(message.interface, 1);
    assert_int_equal(message.ttl, 64);
    /* Nobody's identifier any more: counted, nothing answered. */
    assert_int_equal(baro_sendto(stack, fd, octets, length, 0, &peer), length);
    pass(1);
    assert_int_equal(baro_close(stack, fd), 0);
    baro_stack_statistics(stack, &before);
    answer(2, ICMP_ECHO_REPLY, 0);
    pass(1);
    baro_stack_statistics(stack, &after);
    assert_int_equal(after.drops[BARO_DROP_ICMP_NO_MATCH], before.drops[BARO_DROP_ICMP_NO_MATCH] + 1);
    assert_int_equal(after.frames_out, before.frames_out);
}

/* baro_stack_ping has identifiers of its own: what it asked for is not given to a socket. */
static void both_ways_of_pinging_at_once(void **state)
{
    struct baro_ping_result result;
    struct baro_endpoint peer = loopback(0);
    uint8_t octets[64];
    int fd = ping_socket();

    (void)state;
    assert_int_equal(bind_to(fd, any(9)), 0);
    assert_int_equal(baro_stack_ping(stack, peer.address, 9, 1, 10), 0);
    assert_int_equal(baro_sendto(stack, fd, octets, request(octets, 2, 10), 0, &peer), 18);
    pass(1);
    assert_true(baro_stack_ping_result(stack, &result));
    assert_int_equal(result.sequence, 1);
    assert_false(baro_stack_ping_result(stack, &result));
    assert_int_equal(baro_recv(stack, fd, octets, sizeof octets, 0), 18);
    assert_int_equal(read_be16(octets + 6), 2);
    assert_int_equal(baro_recv(stack, fd, octets, sizeof octets, 0), -EAGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(a_reply_comes_back_whole),
        ONE_STACK_TEST(only_echo_requests_are_sent),
        ONE_STACK_TEST(identifiers_are_unique),
        ONE_STACK_TEST(the_bound_address_counts),
        ONE_STACK_TEST(errors_about_requests),
        ONE_STACK_TEST(replies_from_the_wire),
        ONE_STACK_TEST(both_ways_of_pinging_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
