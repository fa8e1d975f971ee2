/* A gateway's stack does not stand in for what it knows nothing of: hosts behind it are not said to live, and a datagram
 * that the outside refused is said to be, as ICMP that the sender's connected socket understands. */
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
#include "support/frame_device.h"

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_address address;
};

struct pair {
    struct host guest, gateway;
    int64_t ms;
};

static void host_init(struct host *host, uint8_t last, bool gateway)
{
    struct baro_stack_config config = { .memory = test_memory(&host->memory), .seed = { last },
                                        .forward_any_destination = gateway };

    memset(host, 0, sizeof *host);
    frame_device_init(&host->device, last, 1500);
    host->stack = baro_stack_create(&config);
    assert_non_null(host->stack);
    assert_int_equal(baro_stack_add_interface(host->stack, &host->device.device), 1);
    host->address = baro_ipv4(10, 0, 0, last);
    assert_int_equal(baro_stack_add_address(host->stack, 1, host->address, 24, false), 0);
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

static void pair_init(struct pair *pair)
{
    const struct baro_address any = baro_ipv4(0, 0, 0, 0);

    pair->ms = 0;
    host_init(&pair->guest, 2, false);
    host_init(&pair->gateway, 1, true);
    assert_int_equal(baro_stack_add_route(pair->guest.stack, any, 0, pair->gateway.address, 1), 0);
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

static void no_echo_for_hosts_behind_it(void **state)
{
    struct baro_statistics statistics;
    struct baro_ping_result result;
    struct pair pair;

    (void)state;
    pair_init(&pair);
    assert_int_equal(ping(&pair, pair.gateway.address).type, ICMP_ECHO_REPLY);
    result = ping(&pair, baro_ipv4(192, 0, 2, 7));
    assert_int_equal(result.type, ICMP_UNREACHABLE);
    assert_int_equal(result.code, ICMP_ADMINISTRATIVELY_PROHIBITED);
    baro_stack_statistics(pair.gateway.stack, &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_ICMP_NOT_OURS], 1);
    pair_release(&pair);
}

/* The errno that a guest's connected socket gets for a datagram refused with `verdict`. */
static int refused_with(struct pair *pair, enum baro_hold_verdict verdict)
{
    const struct baro_endpoint any = { baro_ipv4(0, 0, 0, 0), { 0 } };
    const struct baro_endpoint outside = { baro_ipv4(192, 0, 2, 7), { 4242 } };
    int catch_all = baro_socket(pair->gateway.stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    int one = 1, error = -1, fd = baro_socket(pair->guest.stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    size_t length = sizeof error;
    uint8_t octets[16];
    struct baro_buffer piece = { octets, sizeof octets };
    struct baro_message message = { .buffer = &piece, .buffers = 1 };

    assert_int_equal(baro_setsockopt(pair->gateway.stack, catch_all, BARO_SO_TRANSPARENT, &one, sizeof one), 0);
    assert_int_equal(baro_bind(pair->gateway.stack, catch_all, &any), 0);
    assert_int_equal(baro_connect(pair->guest.stack, fd, &outside), 0);
    assert_int_equal(baro_send(pair->guest.stack, fd, "hello", 5, 0), 5);
    settle(pair);
    assert_int_equal(baro_recvmsg(pair->gateway.stack, catch_all, &message, 0), 5);
    assert_int_equal(baro_refuse_datagram(pair->gateway.stack, message.peer, message.local, verdict), 0);
    settle(pair);
    assert_int_equal(baro_getsockopt(pair->guest.stack, fd, BARO_SO_ERROR, &error, &length), 0);
    baro_close(pair->guest.stack, fd);
    baro_close(pair->gateway.stack, catch_all);
    return error;
}

static void a_refused_datagram_is_told(void **state)
{
    struct baro_endpoint guest, outside = { baro_ipv4(192, 0, 2, 7), { 4242 } };
    struct pair pair;

    (void)state;
    pair_init(&pair);
    assert_int_equal(refused_with(&pair, BARO_HOLD_REFUSE), ECONNREFUSED);
    assert_int_equal(refused_with(&pair, BARO_HOLD_DROP), 0);
    guest = (struct baro_endpoint){ pair.guest.address, { 99 } };
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_ACCEPT), -EINVAL);
    guest.address.family = BARO_FAMILY_NONE;
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE), -EAFNOSUPPORT);
    pair_release(&pair);
}

/* More at once than there are quotes: the rest is told that there is no room, and after the drain there is again. */
static void as_many_as_there_are_quotes(void **state)
{
    const struct baro_endpoint outside = { baro_ipv4(192, 0, 2, 7), { 4242 } };
    struct baro_endpoint guest;
    struct pair pair;
    int told = 0;

    (void)state;
    pair_init(&pair);
    guest = (struct baro_endpoint){ pair.guest.address, { 99 } };
    while (told < 1000 && baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE) == 0)
        told++;
    assert_in_range(told, 1, 999);
    settle(&pair);
    assert_int_equal(baro_refuse_datagram(pair.gateway.stack, guest, outside, BARO_HOLD_REFUSE), 0);
    pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_echo_for_hosts_behind_it),
        cmocka_unit_test(a_refused_datagram_is_told),
        cmocka_unit_test(as_many_as_there_are_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
