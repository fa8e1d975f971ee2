/* test/unit/membership.h: a stack of one interface with addresses of both families, for the tests of its groups. What
 * it said of them at the start is over. Included after cmocka.h; each test has its own copy. */
#ifndef TEST_UNIT_MEMBERSHIP_H
#define TEST_UNIT_MEMBERSHIP_H

#include "baro/socket.h"
#include "support/group_peer.h"

static struct test_memory memory;
static struct frame_device device;
static struct baro_stack *stack;
static struct baro_instant now;
static struct baro_address group4, group6;

/* Lets `ms` pass, from deadline to deadline. */
static void pass(int64_t ms)
{
    struct baro_instant end = { now.ns + ms * 1000000 }, next;

    baro_stack_poll(stack, now);
    while (now.ns < end.ns) {
        now = end;
        if (baro_stack_next_deadline(stack, &next) && next.ns < end.ns)
            now = next;
        baro_stack_poll(stack, now);
        baro_stack_check_invariants(stack);
    }
}

static int group_setup(void **state)
{
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 5 } };
    struct peer_told told;

    (void)state;
    memset(&memory, 0, sizeof memory);
    config.now = now = (struct baro_instant){ 1000000000 };
    group4 = baro_ipv4(239, 1, 2, 3);
    group6 = baro_ipv6(0xff15, 0, 0, 0, 0, 0, 0, 0x123);
    stack = baro_stack_create(&config);
    frame_device_init(&device, 1, 1500);
    device.keep_reports = true;
    assert_int_equal(baro_stack_add_interface(stack, &device.device), 1);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv4(10, 0, 0, 1), 24, false), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 64, false), 0);
    pass(5000);
    while (peer_told(&device, &told))
        assert_int_equal(told.records, 1); /* the link-local address's */
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    if (stack != NULL)
        baro_stack_check_invariants(stack);
    baro_stack_free(stack);
    frame_device_release(&device);
    assert_int_equal(memory.slabs, 0);
    return 0;
}

#endif
