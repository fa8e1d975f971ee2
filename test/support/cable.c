/* test/support/cable.c: see cable.h. */
#include "support/cable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct baro_address cable_address(bool ipv6, unsigned end)
{
    return ipv6 ? baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(1 + end)) : baro_ipv4(10, 0, 0, (uint8_t)(1 + end));
}

struct baro_mac cable_mac(unsigned end)
{
    return (struct baro_mac){ { 2, 0, 0, 0, 0, (uint8_t)(1 + end) } };
}

struct baro_stack *cable_stack(const struct baro_stack_config *config, bool ipv6, unsigned end,
                               struct frame_device *device)
{
    struct baro_stack *stack = baro_stack_create(config);

    assert_non_null(stack);
    assert_int_equal(baro_stack_add_interface(stack, &device->device), 1);
    assert_int_equal(baro_stack_add_address(stack, 1, cable_address(ipv6, end), ipv6 ? 64 : 24, false), 0);
    return stack;
}

void cable_knows(struct baro_stack *stack, bool ipv6, unsigned end)
{
    assert_int_equal(baro_stack_set_neighbour(stack, 1, cable_address(ipv6, 1 - end), cable_mac(1 - end)), 0);
}

void cable_end(struct baro_stack *stack, struct frame_device *device, const struct test_memory *memory)
{
    baro_stack_free(stack);
    frame_device_release(device);
    assert_int_equal(memory->bytes, 0);
}
