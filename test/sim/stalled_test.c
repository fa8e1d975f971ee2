/* One stack with two devices, of which one takes nothing: what is to leave by it waits, what is to leave by the other
 * one goes, and what waits follows a change of routes. Over both families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "baro/socket.h"
#include "support/cable.h"

enum { SENDERS = 40, PORT = 7 };

static struct test_memory memory;
static struct frame_device device[2];
static struct baro_stack *stack;
static struct baro_instant now;
static int sender[SENDERS];

/* A host of the link of interface `which`, 1 or 2; 0: our address there. */
static struct baro_address address_on(bool ipv6, int which, uint8_t host)
{
    return ipv6 ? baro_ipv6(0xfd00, 0, 0, (uint16_t)which, 0, 0, 0, (uint16_t)(1 + host))
                : baro_ipv4(10, 0, (uint8_t)which, (uint8_t)(1 + host));
}

static void begin(bool ipv6)
{
    struct baro_stack_config config = { .now = { INT64_C(1000000000) } };

    now = config.now;
    memory = (struct test_memory){ 0 };
    config.memory = test_memory(&memory);
    stack = baro_stack_create(&config);
    assert_non_null(stack);
    for (int i = 1; i <= 2; i++) {
        frame_device_init(&device[i - 1], (uint8_t)i, 1500);
        assert_int_equal(baro_stack_add_interface(stack, &device[i - 1].device), i);
        assert_int_equal(baro_stack_add_address(stack, i, address_on(ipv6, i, 0), ipv6 ? 64 : 24, false), 0);
        for (uint8_t host = 1; host <= 2; host++)
            assert_int_equal(baro_stack_set_neighbour(stack, i, address_on(ipv6, i, host), cable_mac(9)), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        sender[i] = baro_socket(stack, ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_DATAGRAM);
        assert_true(sender[i] >= 0);
    }
    for (int i = 0; i < 8; i++) { /* what addresses are told with has left */
        now.ns += INT64_C(1000000000);
        baro_stack_poll(stack, now);
        while (frame_device_take(&device[0]) != NULL || frame_device_take(&device[1]) != NULL)
            continue;
    }
}

static void end(void)
{
    baro_stack_free(stack);
    frame_device_release(&device[0]);
    frame_device_release(&device[1]);
    assert_int_equal(memory.bytes, 0);
}

/* The number in each datagram that left by an interface is the next one of `from`, `step` further each time; how
 * many. */
static unsigned left_by(int interface, uint8_t from, uint8_t step)
{
    const struct device_frame *frame;
    unsigned count = 0;

    baro_stack_flush(stack);
    baro_stack_check_invariants(stack);
    for (; (frame = frame_device_take(&device[interface - 1])) != NULL; count++, from = (uint8_t)(from + step))
        assert_int_equal(frame->data[frame->length - 1], from);
    return count;
}

static void send_from(int fd, struct baro_address to, uint8_t number)
{
    const struct baro_endpoint remote = { to, { PORT } };
    uint8_t text[32] = { 0 };

    text[sizeof text - 1] = number; /* long enough for no padding behind it */
    assert_int_equal(baro_sendto(stack, fd, text, sizeof text, 0, &remote), sizeof text);
}

static void others_go_on(bool ipv6)
{
    begin(ipv6);
    device[0].room = 0;
    for (uint8_t i = 0; i < SENDERS; i++)
        send_from(sender[i], address_on(ipv6, i % 2 == 0 ? 1 : 2, 1), i);
    assert_int_equal(left_by(1, 0, 2), 0);
    assert_int_equal(left_by(2, 1, 2), SENDERS / 2);
    device[0].room = 5;
    assert_int_equal(left_by(1, 0, 2), 5);
    device[0].room = 3;
    assert_int_equal(left_by(1, 10, 2), 3);
    device[0].room = UINT32_MAX;
    assert_int_equal(left_by(1, 16, 2), SENDERS / 2 - 8);
    assert_int_equal(left_by(2, 0, 0), 0);
    end();
}

/* They wait for the first device; a route by the other one comes. */
static void they_follow_the_route(bool ipv6)
{
    const struct baro_address far = ipv6 ? baro_ipv6(0xfd01, 0, 0, 0, 0, 0, 0, 1) : baro_ipv4(172, 16, 0, 1);
    const struct baro_address network = ipv6 ? baro_ipv6(0xfd01, 0, 0, 0, 0, 0, 0, 0) : baro_ipv4(172, 16, 0, 0);
    const unsigned prefix = ipv6 ? 64 : 24;

    begin(ipv6);
    assert_int_equal(baro_stack_add_route(stack, network, prefix, address_on(ipv6, 1, 1), 1), 0);
    device[0].room = 0;
    for (uint8_t i = 0; i < SENDERS; i++)
        send_from(sender[i], far, i);
    assert_int_equal(left_by(1, 0, 1), 0);
    assert_int_equal(left_by(2, 0, 1), 0);
    assert_int_equal(baro_stack_remove_route(stack, network, prefix), 0);
    assert_int_equal(baro_stack_add_route(stack, network, prefix, address_on(ipv6, 2, 2), 2), 0);
    device[1].room = 7;
    assert_int_equal(left_by(2, 0, 1), 7);
    device[1].room = UINT32_MAX;
    device[0].room = UINT32_MAX;
    assert_int_equal(left_by(2, 7, 1), SENDERS - 7);
    assert_int_equal(left_by(1, 0, 1), 0);
    end();
}

static void connect_and_go(struct baro_address to)
{
    const struct baro_endpoint remote = { to, { PORT } };
    int fd = baro_socket(stack, to.family, BARO_STREAM);

    assert_true(fd >= 0);
    (void)baro_connect(stack, fd, &remote); /* EINPROGRESS, or the queue is full */
    baro_stack_flush(stack);
    assert_int_equal(baro_close(stack, fd), 0);
}

/* More than the queue holds wait for the first device and are gone: the other one is not held up by their places. */
static void who_is_gone_holds_up_nobody(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        begin(v6 != 0);
        device[0].room = 0;
        for (int i = 0; i < 1500; i++) {
            connect_and_go(address_on(v6 != 0, 1, 1));
            now.ns += 1000000;
            baro_stack_poll(stack, now);
            baro_stack_check_invariants(stack);
        }
        send_from(sender[0], address_on(v6 != 0, 2, 1), 7);
        assert_int_equal(left_by(2, 7, 0), 1);
        device[0].room = UINT32_MAX;
        end();
    }
}

/* What those leave free that have nothing to send any more is for who waits, not for who has just come. */
static void nobody_overtakes_who_waits(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        begin(v6 != 0);
        device[0].room = 0;
        for (int i = 0; i < 5; i++)
            connect_and_go(address_on(v6 != 0, 1, 1));
        send_from(sender[0], address_on(v6 != 0, 1, 1), 0);
        assert_int_equal(left_by(1, 0, 1), 0);
        send_from(sender[1], address_on(v6 != 0, 1, 1), 1);
        device[0].room = 3;
        assert_int_equal(left_by(1, 0, 1), 2);
        device[0].room = UINT32_MAX;
        end();
    }
}

/* One that has always more to send and one that has little share a device that takes few. */
static void who_has_much_to_send_starves_nobody(void **state)
{
    const struct device_frame *frame;
    const struct baro_address to = address_on(false, 1, 1);
    unsigned others = 0;

    (void)state;
    begin(false);
    device[0].room = 0;
    for (int i = 0; i < 8; i++)
        send_from(sender[0], to, 0);
    for (int i = 1; i < 5; i++)
        send_from(sender[i], to, 1);
    for (int i = 0; i < 5; i++) {
        device[0].room = 3;
        baro_stack_flush(stack);
        for (; (frame = frame_device_take(&device[0])) != NULL; others += frame->data[frame->length - 1]) {
            if (frame->data[frame->length - 1] == 0)
                send_from(sender[0], to, 0);
        }
    }
    assert_int_equal(others, 4);
    device[0].room = UINT32_MAX;
    end();
}

static void one_full_device_stops_no_other(void **state)
{
    (void)state;
    others_go_on(false);
    others_go_on(true);
}

static void what_waits_follows_the_routes(void **state)
{
    (void)state;
    they_follow_the_route(false);
    they_follow_the_route(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_full_device_stops_no_other),
        cmocka_unit_test(what_waits_follows_the_routes),
        cmocka_unit_test(who_is_gone_holds_up_nobody),
        cmocka_unit_test(nobody_overtakes_who_waits),
        cmocka_unit_test(who_has_much_to_send_starves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
