/* The way to a destination is remembered, and forgotten with every change of addresses and routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/one_stack.h"

static const struct baro_mac near_mac = { { 2, 0, 0, 0, 0, 9 } }, far_mac = { { 2, 0, 0, 0, 0, 8 } };

/* The MAC address that a datagram to 192.0.2.1 leaves to; NULL: none left. */
static const uint8_t *next_hop(int fd)
{
    static uint8_t mac[6];
    const struct baro_endpoint peer = { baro_ipv4(192, 0, 2, 1), { 9 } };
    const struct device_frame *frame, *last = NULL;

    while (frame_device_take(&one_device) != NULL)
        continue;
    if (baro_sendto(stack, fd, "x", 1, 0, &peer) != 1)
        return NULL;
    pass(1);
    while ((frame = frame_device_take(&one_device)) != NULL)
        last = frame->data[13] == 0 ? frame : last;
    if (last == NULL)
        return NULL;
    memcpy(mac, last->data, sizeof mac);
    return mac;
}

/* Bound to an address, so that the way is asked for in one form only and is remembered from one datagram to the
 * next. */
static int bound_datagram(void)
{
    int fd = datagram();

    assert_int_equal(bind_to(fd, to(10, 0, 0, 1, 5000)), 0);
    return fd;
}

static void a_changed_route_is_seen(void **state)
{
    const struct baro_address any = baro_ipv4(0, 0, 0, 0), net = baro_ipv4(192, 0, 2, 0);
    int fd = bound_datagram();

    (void)state;
    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), near_mac), 0);
    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 8), far_mac), 0);
    assert_int_equal(baro_stack_add_route(stack, any, 0, baro_ipv4(10, 0, 0, 9), 1), 0);
    assert_memory_equal(next_hop(fd), near_mac.octet, 6);
    assert_memory_equal(next_hop(fd), near_mac.octet, 6);
    assert_int_equal(baro_stack_add_route(stack, net, 24, baro_ipv4(10, 0, 0, 8), 1), 0);
    assert_memory_equal(next_hop(fd), far_mac.octet, 6);
    assert_int_equal(baro_stack_remove_route(stack, net, 24), 0);
    assert_memory_equal(next_hop(fd), near_mac.octet, 6);
    assert_int_equal(baro_stack_remove_route(stack, any, 0), 0);
    assert_null(next_hop(fd));
}

/* What was another host's address is ours now: nothing of it leaves, and back. */
static void a_changed_address_is_seen(void **state)
{
    const struct baro_address own = baro_ipv4(192, 0, 2, 1);
    int fd = bound_datagram();

    (void)state;
    assert_int_equal(baro_stack_set_neighbour(stack, 1, baro_ipv4(10, 0, 0, 9), near_mac), 0);
    assert_int_equal(baro_stack_add_route(stack, baro_ipv4(0, 0, 0, 0), 0, baro_ipv4(10, 0, 0, 9), 1), 0);
    assert_memory_equal(next_hop(fd), near_mac.octet, 6);
    assert_int_equal(baro_stack_add_address(stack, 1, own, 24, false), 0);
    assert_null(next_hop(fd));
    assert_int_equal(baro_stack_remove_address(stack, 1, own), 0);
    assert_memory_equal(next_hop(fd), near_mac.octet, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE_STACK_TEST(a_changed_route_is_seen),
        ONE_STACK_TEST(a_changed_address_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
