/* Ping sockets of family IPV6: echo messages of ICMPv6 between two hosts on one link, to groups and link-local
 * addresses, in fragments, and errors about requests. What differs from IPv4's, see user_ping_test.c. */
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
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ip_protocol.h"
#include "support/frame_device.h"

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_address global, local;
};

static struct host a, b;
static int64_t clock_ns;
static uint8_t sent[65536], got[65536];

static void host_init(struct host *host, uint8_t last)
{
    struct baro_stack_config config = { .seed = { last } };

    memset(host, 0, sizeof *host);
    config.memory = test_memory(&host->memory);
    frame_device_init(&host->device, last, 1500);
    host->stack = baro_stack_create(&config);
    assert_non_null(host->stack);
    assert_int_equal(baro_stack_add_interface(host->stack, &host->device.device), 1);
    host->global = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, last);
    host->local = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, last);
    host->local.zone = 1;
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->local, 64, false), 0);
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->global, 64, false), 0);
    assert_int_equal(baro_stack_join_group(host->stack, 1, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x77)), 0);
}

static void settle(int ms)
{
    for (int i = 0; i <= ms; i++) {
        do {
            baro_stack_poll(a.stack, (struct baro_instant){ clock_ns });
            baro_stack_poll(b.stack, (struct baro_instant){ clock_ns });
        } while (frame_device_carry(&a.device, &b.device) + frame_device_carry(&b.device, &a.device) != 0);
        clock_ns += 1000000;
    }
    baro_stack_check_invariants(a.stack);
    baro_stack_check_invariants(b.stack);
}

static int start(void **state)
{
    (void)state;
    clock_ns = 0;
    host_init(&a, 1);
    host_init(&b, 2);
    settle(10);
    return 0;
}

static int end(void **state)
{
    struct host *both[] = { &a, &b };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        baro_stack_free(both[i]->stack);
        assert_int_equal(both[i]->memory.slabs, 0);
        frame_device_release(&both[i]->device);
    }
    return 0;
}

static int ping_socket(void)
{
    int fd = baro_socket(a.stack, BARO_FAMILY_IPV6, BARO_PING);

    assert_true(fd >= 0);
    return fd;
}

static size_t request(uint16_t sequence, size_t length)
{
    memset(sent, 0xa5, icmp_header_SIZE);
    sent[0] = ICMPV6_ECHO_REQUEST;
    sent[1] = 0;
    write_be16(sent + 6, sequence);
    for (size_t i = 0; i < length; i++)
        sent[icmp_header_SIZE + i] = (uint8_t)(i * 7 >> 3);
    return icmp_header_SIZE + length;
}

static ptrdiff_t ask(int fd, struct baro_address address, size_t length)
{
    struct baro_endpoint peer = { address, { 99 } };

    return baro_sendto(a.stack, fd, sent, length, 0, &peer);
}

static uint16_t id_of(int fd)
{
    struct baro_endpoint local;

    assert_int_equal(baro_getsockname(a.stack, fd, &local), 0);
    assert_int_equal(local.address.family, BARO_FAMILY_IPV6);
    return local.port.number;
}

/* The next datagram is the reply to what was sent last, from `from`, its sum right over the pseudo-header. */
static void assert_reply(int fd, size_t length, uint16_t sequence, struct baro_address from)
{
    struct baro_buffer piece = { got, sizeof got };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };
    uint64_t sum;

    assert_int_equal(baro_recvmsg(a.stack, fd, &message, 0), length);
    assert_memory_equal(&message.peer.address, &from, sizeof from);
    assert_int_equal(message.peer.port.number, 0);
    assert_int_equal(message.local.port.number, id_of(fd));
    assert_int_equal(message.ttl, 64);
    assert_int_equal(got[0], ICMPV6_ECHO_REPLY);
    assert_int_equal(read_be16(got + 4), id_of(fd));
    assert_int_equal(read_be16(got + 6), sequence);
    assert_memory_equal(got + icmp_header_SIZE, sent + icmp_header_SIZE, length - icmp_header_SIZE);
    sum = checksum_pseudo(from, message.local.address, IP_PROTOCOL_ICMPV6, (uint32_t)length);
    assert_int_equal(checksum_fold(checksum_add(sum, got, length)), 0);
}

static void a_reply_comes_back_whole(void **state)
{
    static const size_t size[] = { 0, 1, 56, 1452, 1453, 9001, 65487, 65488, 65527 };
    int fd = ping_socket(), other = ping_socket();

    (void)state;
    assert_int_equal(baro_bind(a.stack, other, &(struct baro_endpoint){ baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { 0 } }), 0);
    for (uint16_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        const struct baro_address to[] = { b.global, b.local, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1) };
        size_t length = request(i, size[i]);

        for (unsigned j = 0; j < 3; j++) {
            assert_int_equal(ask(fd, to[j], length), length);
            settle(2);
            assert_int_equal(baro_readable_bytes(a.stack, fd), length);
            assert_reply(fd, length, i, to[j]);
            assert_int_equal(baro_recv(a.stack, other, got, sizeof got, 0), -EAGAIN);
        }
    }
}

static void only_requests_of_icmpv6_are_sent(void **state)
{
    struct baro_address local = b.local;
    int fd = ping_socket(), on = 1;

    (void)state;
    request(1, 100);
    assert_int_equal(ask(fd, b.global, 7), -EINVAL);
    assert_int_equal(ask(fd, b.global, 65536), -EMSGSIZE);
    sent[1] = 1;
    assert_int_equal(ask(fd, b.global, 8), -EINVAL);
    sent[1] = 0;
    sent[0] = ICMP_ECHO_REQUEST;
    assert_int_equal(ask(fd, b.global, 8), -EINVAL);
    sent[0] = ICMPV6_ECHO_REPLY;
    assert_int_equal(ask(fd, b.global, 8), -EINVAL);
    sent[0] = ICMPV6_ECHO_REQUEST;
    local.zone = 0;
    assert_int_equal(ask(fd, local, 8), -EINVAL);
    assert_int_equal(baro_connect(a.stack, fd, &(struct baro_endpoint){ local, { 0 } }), -EINVAL);
    assert_int_equal(ask(fd, baro_ipv6(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1), 8), -EINVAL);
    assert_int_equal(ask(fd, baro_ipv4(10, 0, 0, 1), 8), -EAFNOSUPPORT);
    assert_int_equal(ask(fd, baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 8), -ENETUNREACH);
    assert_int_equal(baro_setsockopt(a.stack, fd, BARO_IP_DONT_FRAGMENT, &on, sizeof on), 0);
    assert_int_equal(ask(fd, b.global, 1461), -EMSGSIZE);
    assert_int_equal(ask(fd, b.global, 1460), 1460);
}

/* ff02::1 is everybody's on the link, we too; ff02::77 only of those who joined. */
static void groups_answer_each_from_its_own_address(void **state)
{
    struct baro_address all = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1),
                        joined = baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x77);
    int fd = ping_socket(), off = 0;
    size_t length = request(3, 56);

    (void)state;
    all.zone = joined.zone = 1;
    assert_int_equal(ask(fd, all, length), length);
    settle(2);
    assert_reply(fd, length, 3, a.local);
    assert_reply(fd, length, 3, b.local);
    assert_int_equal(baro_setsockopt(a.stack, fd, BARO_IP_MULTICAST_LOOP, &off, sizeof off), 0);
    assert_int_equal(ask(fd, joined, length), length);
    settle(2);
    assert_reply(fd, length, 3, b.local);
    assert_int_equal(baro_recv(a.stack, fd, got, sizeof got, 0), -EAGAIN);
}

/* Both families have one space of identifiers, and a reply of one is not the other's. */
static void families_are_told_apart(void **state)
{
    int four = baro_socket(a.stack, BARO_FAMILY_IPV4, BARO_PING), six = ping_socket();
    size_t length = request(1, 8);

    (void)state;
    assert_int_equal(baro_bind(a.stack, six, &(struct baro_endpoint){ a.global, { 7 } }), 0);
    assert_int_equal(baro_bind(a.stack, four, &(struct baro_endpoint){ .port = { 7 } }), 0);
    assert_int_equal(ask(six, b.global, length), length);
    settle(2);
    assert_int_equal(baro_recv(a.stack, four, got, sizeof got, 0), -EAGAIN);
    assert_reply(six, length, 1, b.global);
}

static void errors_about_requests(void **state)
{
    struct baro_address nobody = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9);
    struct baro_endpoint peer = { nobody, { 0 } };
    int quiet = ping_socket(), asked = ping_socket(), connected = ping_socket(), on = 1;
    size_t length = request(1, 20);

    (void)state;
    assert_int_equal(baro_setsockopt(a.stack, asked, BARO_IP_RECV_ERROR, &on, sizeof on), 0);
    assert_int_equal(baro_connect(a.stack, connected, &peer), 0);
    assert_int_equal(ask(quiet, nobody, length), length);
    assert_int_equal(ask(asked, nobody, length), length);
    assert_int_equal(baro_send(a.stack, connected, sent, length, 0), length);
    settle(4000); /* three solicitations (RFC 4861 §7.2.2), and the error is of our own making */
    assert_int_equal(baro_recv(a.stack, quiet, got, sizeof got, 0), -EAGAIN);
    assert_int_equal(baro_recv(a.stack, asked, got, sizeof got, 0), -EHOSTUNREACH);
    assert_int_equal(baro_recv(a.stack, connected, got, sizeof got, 0), -EHOSTUNREACH);
    assert_int_equal(baro_recv(a.stack, asked, got, sizeof got, 0), -EAGAIN);
}

static void nobodys_replies_are_counted(void **state)
{
    struct baro_statistics before, after;
    int fd = ping_socket();
    size_t length = request(1, 20);

    (void)state;
    baro_stack_statistics(a.stack, &before);
    assert_int_equal(ask(fd, b.global, length), length);
    baro_close(a.stack, fd);
    settle(2);
    baro_stack_statistics(a.stack, &after);
    assert_int_equal(after.drops[BARO_DROP_ICMP_NO_MATCH], before.drops[BARO_DROP_ICMP_NO_MATCH] + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reply_comes_back_whole, start, end),
        cmocka_unit_test_setup_teardown(only_requests_of_icmpv6_are_sent, start, end),
        cmocka_unit_test_setup_teardown(groups_answer_each_from_its_own_address, start, end),
        cmocka_unit_test_setup_teardown(families_are_told_apart, start, end),
        cmocka_unit_test_setup_teardown(errors_about_requests, start, end),
        cmocka_unit_test_setup_teardown(nobodys_replies_are_counted, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
