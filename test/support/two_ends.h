/* Two stacks on a cable, whose memory is counted, and time that passes until nothing is due: for tests of what many
 * connections take. */
#ifndef TEST_TWO_ENDS_H
#define TEST_TWO_ENDS_H

#include <string.h>

#include "stack.h"
#include "support/cable.h"

static struct side {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
} side[2];
static struct baro_instant now;

/* Until nothing is due; what programs are told they have heard. */
static void settle(void)
{
    bool more = true;

    while (more) {
        more = false;
        for (unsigned end = 0; end < 2; end++) {
            struct baro_instant deadline;
            struct baro_ready ready;

            while (baro_next_ready(side[end].stack, &ready))
                continue;
            baro_stack_poll(side[end].stack, now);
            more = frame_device_carry(&side[end].device, &side[1 - end].device) != 0 || more ||
                   (baro_stack_next_deadline(side[end].stack, &deadline) && deadline.ns <= now.ns);
        }
    }
}

static void create(unsigned end, bool ipv6)
{
    struct baro_stack_config config = { .seed = { (uint8_t)(1 + end) }, .now = now, .memory_limit = 1u << 30 };

    memset(&side[end], 0, sizeof side[end]);
    frame_device_init(&side[end].device, (uint8_t)(1 + end), 1500);
    side[end].device.room = UINT32_MAX;
    config.memory = test_memory(&side[end].memory);
    side[end].stack = cable_stack(&config, ipv6, end, &side[end].device);
    cable_knows(side[end].stack, ipv6, end);
}

#endif
