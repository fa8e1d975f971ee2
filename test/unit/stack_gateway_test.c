/* A gateway's stack does not stand in for what it knows nothing of: hosts behind it are not said to live, and a
 * datagram that the outside refused is said to be, as ICMP that the sender's connected socket understands. So is a held
 * SYN. Each in both families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "baro/socket.h"
#include "baro/stack.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "support/frame_device.h"

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_address address;
};

struct pair {
    struct host guest, gateway;
    bool v6;
    int64_t ms;
};

static struct baro_address any_of(const struct pair *pair)
{
    return pair->v6 ? baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0) : baro_ipv4(0, 0, 0, 0);
}

static struct baro_endpoint outside_of(const struct pair *pair)
{
    const struct baro_address v6 = baro_ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);

    return (struct baro_endpoint){ pair->v6 ? v6 : baro_ipv4(192, 0, 2, 7), { 4242 } };
}

static enum baro_family family_of(const struct pair *pair)
{
    return pair->v6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
}

static void host_init(struct host *host, uint8_t last, bool gateway, bool v6)
{
    struct baro_stack_config config = { .memory = test_memory(&host->memory), .seed = { last },
                                        .forward_any_destination = gateway };

    memset(host, 0, sizeof *host);
    frame_device_init(&host->device, last, 1500);
    host->stack = baro_stack_create(&config);
    assert_non_null(host->stack);
    assert_int_equal(baro_stack_add_interface(host->stack, &host->device.device), 1);
    host->address = v6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, last) : baro_ipv4(10, 0, 0, last);
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->address, v6 ? 64 : 24, false), 0);
}

static void host_release(struct host *host)
{
    baro_stack_check_invariants(host->stack);
    baro_stack_free(host->stack);
    assert_int_equal(host->memory.slabs, 0);
    frame_device_release(&host->device);
}

static void settle(struct pair *pair)
{
    unsigned carried;

    pair->ms += 10;
    do {
        baro_stack_poll(pair->guest.stack, (struct baro_instant){ pair->ms * 1000000 });
        baro_stack_poll(pair->gateway.stack, (struct baro_instant){ pair->ms * 1000000 });
        carried = frame_device_carry(&pair->guest.device, &pair->gateway.device) +
                  frame_device_carry(&pair->gateway.device, &pair->guest.device);
    } while (carried != 0);
}

static void pair_init(struct pair *pair, bool v6)
{
    pair->ms = 0;
    pair->v6 = v6;
    host_init(&pair->guest, 2, false, v6);
    host_init(&pair->gateway, 1, true, v6);
    assert_int_equal(baro_stack_add_route(pair->guest.stack, any_of(pair), 0, pair->gateway.address, 1), 0);
    settle(pair);
}

static void pair_release(struct pair *pair)
{
    host_release(&pair->guest);
    host_release(&pair->gateway);
}

static struct baro_ping_result ping(struct pair *pair, struct baro_address destination)
{
    struct baro_ping_result result;

    assert_int_equal(baro_stack_ping(pair->guest.stack, destination, 1, 1, 56), 0);
    settle(pair);
    assert_true(baro_stack_ping_result(pair->guest.stack, &result));
    assert_memory_equal(&result.from, &pair->gateway.address, sizeof result.from);
    return result;
}

static void no_echo_for_hosts_behind_it(bool v6)
{
    struct baro_statistics statistics;
    struct baro_ping_result result;
    struct pair pair;

    pair_init(&pair, v6);
    assert_int_equal(ping(&pair, pair.gateway.address).type, v6 ? (int)ICMPV6_ECHO_REPLY : (int)ICMP_ECHO_REPLY);
    result = ping(&pair, outside_of(&pair).address);
    assert_int_equal(result.type, v6 ? (int)ICMPV6_UNREACHABLE : (int)ICMP_UNREACHABLE);
    assert_int_equal(result.code, v6 ? (int)ICMPV6_PROHIBITED : (int)ICMP_ADMINISTRATIVELY_PROHIBITED);
    baro_stack_statistics(pair.gateway.stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ICMP_NOT_OURS], 1);
    pair_release(&pair);
}

static int catch_all(struct pair *pair, enum baro_socket_type type)
{
    const struct baro_endpoint any = { any_of(pair), { 0 } };
    int fd = baro_socket(pair->gateway.stack, family_of(pair), type), one = 1;

    assert_int_equal(baro_setsockopt(pair->gateway.stack, fd, BARO_SO_TRANSPARENT, &one, sizeof one), 0);
    assert_int_equal(baro_bind(pair->gateway.stack, fd, &any), 0);
    return fd;
}

static int error_of(struct baro_stack *stack, int fd)
{
    int error = -1;
    size_t length = sizeof error;

    assert_int_equal(baro_getsockopt(stack, fd, BARO_SO_ERROR, &error, &length), 0);
    baro_close(stack, fd);
    return error;
}

/* The errno that a guest's connected socket gets for a datagram refused with `verdict`. */
static int refused_with(struct pair *pair, enum baro_hold_verdict verdict)
{
    const struct baro_endpoint outside = outside_of(pair);
    int all = catch_all(pair, BARO_DATAGRAM), fd = baro_socket(pair->guest.stack, family_of(pair), BARO_DATAGRAM);
    uint8_t octets[16];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    assert_int_equal(baro_connect(pair->guest.stack, fd, &outside), 0);
    assert_int_equal(baro_send(pair->guest.stack, fd, "hello", 5, 0), 5);
    settle(pair);
    assert_int_equal(baro_recvmsg(pair->gateway.stack, all, &message, 0), 5);
    assert_int_equal(baro_refuse_datagram(pair->gateway.stack, message.peer, message.local, verdict), 0);
    settle(pair);
    baro_close(pair->gateway.stack, all);
    return error_of(pair->guest.stack, fd);
}

static void a_refused_datagram_is_told(bool v6)
{
    struct baro_endpoint guest, outside;
    struct pair pair;

    pair_init(&pair, v6);
    outside = outside_of(&pair);
    assert_int_equal(refused_with(&pair, BARO_HOLD_REFUSE), ECONNREFUSED);
    assert_int_equal(refused_with(&pair, BARO_HOLD_DROP), 0);
    guest = (struct baro_endpoint){ pair.guest.address, { 99 } };
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_ACCEPT), -EINVAL);
    guest.address = v6 ? baro_ipv4(10, 0, 0, 2) : baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2); /* two families */
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE), -EAFNOSUPPORT);
    guest.address.family = BARO_FAMILY_NONE;
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE), -EAFNOSUPPORT);
    pair_release(&pair);
}

/* The errno that a guest's connect gets when its held SYN is answered with `verdict`; -1: it still waits. */
static int connect_with(struct pair *pair, enum baro_hold_verdict verdict)
{
    const struct baro_endpoint outside = outside_of(pair);
    int one = 1, all = catch_all(pair, BARO_STREAM), fd = baro_socket(pair->guest.stack, family_of(pair), BARO_STREAM);
    struct baro_held held;
    unsigned events;

    assert_int_equal(baro_setsockopt(pair->gateway.stack, all, BARO_SO_HOLD_SYN, &one, sizeof one), 0);
    assert_int_equal(baro_listen(pair->gateway.stack, all, 8), 0);
    assert_int_equal(baro_connect(pair->guest.stack, fd, &outside), -EINPROGRESS);
    settle(pair);
    assert_int_equal(baro_hold_next(pair->gateway.stack, all, &held), 0);
    assert_memory_equal(&held.local, &outside, sizeof outside);
    assert_memory_equal(&held.remote.address, &pair->guest.address, sizeof pair->guest.address);
    assert_int_equal(baro_hold_answer(pair->gateway.stack, held.id, verdict), 0);
    settle(pair);
    assert_int_equal(baro_hold_answer(pair->gateway.stack, held.id, verdict), -ENOENT);
    baro_close(pair->gateway.stack, all);
    events = baro_poll(pair->guest.stack, fd);
    if ((events & (BARO_EVENT_ERROR | BARO_EVENT_HANGUP | BARO_EVENT_OUT)) != 0)
        return error_of(pair->guest.stack, fd);
    baro_close(pair->guest.stack, fd);
    return -1;
}

static void a_held_syn_is_answered(bool v6)
{
    struct pair pair;

    pair_init(&pair, v6);
    assert_int_equal(connect_with(&pair, BARO_HOLD_ACCEPT), 0);
    assert_int_equal(connect_with(&pair, BARO_HOLD_REFUSE), ECONNREFUSED);
    assert_int_equal(connect_with(&pair, BARO_HOLD_HOST_UNREACHABLE), EHOSTUNREACH);
    assert_int_equal(connect_with(&pair, BARO_HOLD_NET_UNREACHABLE), ENETUNREACH);
    assert_int_equal(connect_with(&pair, BARO_HOLD_PROHIBITED), v6 ? EACCES : EHOSTUNREACH);
    assert_int_equal(connect_with(&pair, BARO_HOLD_DROP), -1);
    pair_release(&pair);
}

/* More at once than there are quotes: the rest is told that there is no room, and after the drain there is again. */
static void as_many_as_there_are_quotes(bool v6)
{
    struct baro_endpoint guest, outside;
    struct pair pair;
    int told = 0;

    pair_init(&pair, v6);
    outside = outside_of(&pair);
    guest = (struct baro_endpoint){ pair.guest.address, { 99 } };
    while (told < 1000 && baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE) == 0)
        told++;
    assert_in_range(told, 1, 999);
    settle(&pair);
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE), 0);
    pair_release(&pair);
}

/* Link-local addresses are those of this link's hosts; groups are nobody's to stand in for. */
static void what_it_does_not_stand_in_for(void **state)
{
    const struct baro_address not_taken[] = { baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 9),
                                              baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x101) };
    const struct baro_address link_local = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    struct baro_statistics before, after;
    struct pair pair;
    int all, fd;

    (void)state;
    pair_init(&pair, true);
    all = catch_all(&pair, BARO_DATAGRAM);
    fd = baro_socket(pair.guest.stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_int_equal(baro_stack_add_address(pair.guest.stack, 1, link_local, 64, false), 0);
    assert_int_equal(baro_stack_set_neighbour(pair.guest.stack, 1, not_taken[0], pair.gateway.device.device.mac), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_endpoint to = { not_taken[i], { 4242 } };
        uint8_t octets[16];
        struct baro_buffer piece = { octets, sizeof octets };
        struct baro_message message = { .buffer = &piece, .buffers = 1 };

        to.address.zone = 1;
        baro_stack_statistics(pair.gateway.stack, &before);
        assert_int_equal(baro_sendto(pair.guest.stack, fd, "hello", 5, 0, &to), 5);
        settle(&pair);
        baro_stack_statistics(pair.gateway.stack, &after);
        assert_int_equal(after.drops[BARO_DROP_IP_NOT_FOR_ME] - before.drops[BARO_DROP_IP_NOT_FOR_ME], 1);
        assert_int_equal(baro_recvmsg(pair.gateway.stack, all, &message, 0), -EAGAIN);
    }
    pair_release(&pair);
}

#define BOTH(what)                                                                                                     \
    static void what##_v4(void **state)                                                                                \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        what(false);                                                                                                   \
    }                                                                                                                  \
    static void what##_v6(void **state)                                                                                \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        what(true);                                                                                                    \
    }
BOTH(no_echo_for_hosts_behind_it)
BOTH(a_refused_datagram_is_told)
BOTH(a_held_syn_is_answered)
BOTH(as_many_as_there_are_quotes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_echo_for_hosts_behind_it_v4), cmocka_unit_test(no_echo_for_hosts_behind_it_v6),
        cmocka_unit_test(a_refused_datagram_is_told_v4),  cmocka_unit_test(a_refused_datagram_is_told_v6),
        cmocka_unit_test(a_held_syn_is_answered_v4),      cmocka_unit_test(a_held_syn_is_answered_v6),
        cmocka_unit_test(as_many_as_there_are_quotes_v4), cmocka_unit_test(as_many_as_there_are_quotes_v6),
        cmocka_unit_test(what_it_does_not_stand_in_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
