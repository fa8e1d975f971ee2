/* test/support/cable.h: two stacks, each with one device, on a cable: their addresses, and how they begin and end.
 * Who includes this carries the frames. */
#ifndef TEST_CABLE_H
#define TEST_CABLE_H

#include "baro/stack.h"
#include "support/frame_device.h"

/* Of end 0 or 1; others of its network follow. */
struct baro_address cable_address(bool ipv6, unsigned end);
struct baro_mac cable_mac(unsigned end);
/* A stack with `device`, which frame_device_init() was called for, as end `end`. */
struct baro_stack *cable_stack(const struct baro_stack_config *config, bool ipv6, unsigned end,
                               struct frame_device *device);
/* It knows the other end's MAC address. */
void cable_knows(struct baro_stack *stack, bool ipv6, unsigned end);
/* Frees it and asserts that all memory came back. */
void cable_end(struct baro_stack *stack, struct frame_device *device, const struct test_memory *memory);

#endif
