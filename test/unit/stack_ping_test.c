/* Pings: to ourselves without a wire, and between two hosts joined by two frame devices, ARP before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "baro/stack.h"
#include "codec/ethernet.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "support/frame_device.h"

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
    struct baro_address address;
};

static void host_init(struct host *host, uint8_t last, uint32_t mtu)
{
    struct baro_stack_config config = { .memory = test_memory(&host->memory), .seed = { last } };

    memset(host, 0, sizeof *host);
    frame_device_init(&host->device, last, mtu);
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

/* Lets both hosts talk at one instant until they are silent. */
static void settle(struct host *a, struct host *b, int64_t ms)
{
    const struct baro_instant now = { ms * 1000000 };
    unsigned carried;

    do {
        baro_stack_poll(a->stack, now);
        baro_stack_poll(b->stack, now);
        carried = frame_device_carry(&a->device, &b->device) + frame_device_carry(&b->device, &a->device);
        baro_stack_check_invariants(a->stack);
        baro_stack_check_invariants(b->stack);
    } while (carried != 0);
}

static void ping_of_every_kind_of_size(void **state)
{
    static const size_t size[] = { 0, 1, 8, 1472, 1473, 2953, 9001, 65507 };
    struct host a, b;

    (void)state;
    host_init(&a, 1, 1500);
    host_init(&b, 2, 1500);
    settle(&a, &b, 0);
    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        struct baro_ping_result result;

        /* The first ones are small: what waits for the neighbour is bounded. */
        assert_int_equal(baro_stack_ping(a.stack, b.address, 77, (uint16_t)i, size[i]), 0);
        settle(&a, &b, 10 * (int64_t)i);
        assert_true(baro_stack_ping_result(a.stack, &result));
        assert_int_equal(result.type, ICMP_ECHO_REPLY);
        assert_int_equal(result.length, size[i]);
        assert_int_equal(result.id, 77);
        assert_int_equal(result.sequence, i);
        assert_memory_equal(&result.from, &b.address, sizeof b.address);
    }
    host_release(&a);
    host_release(&b);
}

/* The same by IPv6: found by neighbour discovery, sums with pseudo-header, fragments with a header of their own. */
static void ping_of_ipv6(void **state)
{
    static const size_t size[] = { 0, 1, 1452, 1453, 9001, 65507 };
    struct baro_ping_result result;
    struct host a, b;

    (void)state;
    host_init(&a, 1, 1500);
    host_init(&b, 2, 1500);
    b.address = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 2);
    assert_int_equal(baro_stack_add_address(a.stack, 1, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), 64, false), 0);
    assert_int_equal(baro_stack_add_address(b.stack, 1, b.address, 64, false), 0);
    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        assert_int_equal(baro_stack_ping(a.stack, b.address, 77, (uint16_t)i, size[i]), 0);
        settle(&a, &b, 10 * (int64_t)i);
        assert_true(baro_stack_ping_result(a.stack, &result));
        assert_int_equal(result.type, ICMPV6_ECHO_REPLY);
        assert_int_equal(result.length, size[i]);
        assert_memory_equal(&result.from, &b.address, sizeof b.address);
    }
    /* RFC 4443 §4.2: who is asked as one of all nodes answers from his own address. */
    assert_int_equal(baro_stack_ping(a.stack, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), 78, 0, 8), 0);
    settle(&a, &b, 100);
    assert_true(baro_stack_ping_result(a.stack, &result));
    assert_memory_equal(&result.from, &b.address, sizeof b.address);
    /* ::1 is on no wire. */
    assert_int_equal(baro_stack_ping(a.stack, baro_ipv6(0, 0, 0, 0, 0, 0, 0, 1), 79, 0, 30000), 0);
    baro_stack_poll(a.stack, (struct baro_instant){ 200000000 });
    assert_true(baro_stack_ping_result(a.stack, &result));
    assert_null(frame_device_take(&a.device));
    /* Nobody there: address unreachable, after three questions (RFC 4861 §7.2.2). */
    assert_int_equal(baro_stack_ping(a.stack, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9), 80, 0, 8), 0);
    for (int64_t ms = 300; ms <= 4300; ms += 500)
        settle(&a, &b, ms);
    assert_true(baro_stack_ping_result(a.stack, &result));
    assert_int_equal(result.type, ICMPV6_UNREACHABLE);
    assert_int_equal(result.code, ICMPV6_ADDRESS_UNREACHABLE);
    host_release(&a);
    host_release(&b);
}

static void ping_to_ourselves_is_on_no_wire(void **state)
{
    const struct baro_address own[] = { baro_ipv4(10, 0, 0, 1), baro_ipv4(127, 0, 0, 1), baro_ipv4(127, 9, 9, 9) };
    struct host a;

    (void)state;
    host_init(&a, 1, 1500);
    baro_stack_poll(a.stack, (struct baro_instant){ 0 });
    while (frame_device_take(&a.device) != NULL)
        continue; /* the announcement */
    for (unsigned i = 0; i < 3; i++) {
        struct baro_ping_result result;

        assert_int_equal(baro_stack_ping(a.stack, own[i], 1, (uint16_t)i, 30000), 0);
        baro_stack_poll(a.stack, (struct baro_instant){ 1 });
        assert_true(baro_stack_ping_result(a.stack, &result));
        assert_int_equal(result.type, ICMP_ECHO_REPLY);
        assert_int_equal(result.length, 30000);
        assert_null(frame_device_take(&a.device));
    }
    host_release(&a);
}

static void nobody_there_is_host_unreachable(void **state)
{
    struct baro_ping_result result;
    struct baro_instant deadline;
    struct host a;
    unsigned requests = 0;

    (void)state;
    host_init(&a, 1, 1500);
    assert_int_equal(baro_stack_ping(a.stack, baro_ipv4(10, 0, 0, 9), 5, 6, 100), 0);
    for (int64_t ms = 0; ms <= 3000; ms += 50) {
        const struct device_frame *frame;

        assert_false(baro_stack_ping_result(a.stack, &result));
        baro_stack_poll(a.stack, (struct baro_instant){ ms * 1000000 });
        while ((frame = frame_device_take(&a.device)) != NULL)
            requests += frame->data[41] == 9; /* ARP's target */
        if (ms < 3000)
            assert_true(baro_stack_next_deadline(a.stack, &deadline));
    }
    assert_int_equal(requests, 3);
    assert_true(baro_stack_ping_result(a.stack, &result));
    assert_int_equal(result.type, ICMP_UNREACHABLE);
    assert_int_equal(result.code, ICMP_HOST_UNREACHABLE);
    assert_int_equal(result.sequence, 6);
    host_release(&a);
}

static void no_route_is_said_at_once(void **state)
{
    struct host a;

    (void)state;
    host_init(&a, 1, 1500);
    assert_int_not_equal(baro_stack_ping(a.stack, baro_ipv4(192, 0, 2, 1), 1, 1, 0), 0);
    assert_int_not_equal(baro_stack_ping(a.stack, baro_ipv4(10, 0, 0, 2), 1, 1, 65508), 0);
    assert_int_equal(baro_stack_add_route(a.stack, baro_ipv4(0, 0, 0, 0), 0, baro_ipv4(10, 0, 0, 254), 1), 0);
    assert_int_equal(baro_stack_ping(a.stack, baro_ipv4(192, 0, 2, 1), 1, 1, 0), 0);
    host_release(&a);
}

static void a_full_device_loses_no_ping(void **state)
{
    struct baro_ping_result result;
    struct baro_instant deadline;
    struct host a, b;

    (void)state;
    host_init(&a, 1, 1500);
    host_init(&b, 2, 1500);
    baro_stack_ping(a.stack, b.address, 1, 0, 10);
    settle(&a, &b, 0);
    assert_true(baro_stack_ping_result(a.stack, &result));
    a.device.room = 0;
    assert_int_equal(baro_stack_ping(a.stack, b.address, 1, 1, 10), 0);
    settle(&a, &b, 1);
    assert_false(baro_stack_ping_result(a.stack, &result));
    assert_true(baro_stack_next_deadline(a.stack, &deadline));
    assert_true(deadline.ns > 1000000); /* not "now": that would be a busy loop */
    a.device.room = UINT32_MAX;
    settle(&a, &b, 2);
    assert_true(baro_stack_ping_result(a.stack, &result));
    assert_int_equal(result.sequence, 1);
    host_release(&a);
    host_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_of_every_kind_of_size),
        cmocka_unit_test(ping_of_ipv6),
        cmocka_unit_test(ping_to_ourselves_is_on_no_wire),
        cmocka_unit_test(nobody_there_is_host_unreachable),
        cmocka_unit_test(no_route_is_said_at_once),
        cmocka_unit_test(a_full_device_loses_no_ping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
