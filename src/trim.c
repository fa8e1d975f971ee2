/* src/trim.c: memory that the stack needs no longer goes back to the embedder.
 *
 * A pool (base/pool.h) says that it has more free places than it needs. A second later, for what was free for a moment
 * is often wanted again, slabs without objects begin to go: a few at a time, so that no poll is long for it. Where
 * there is still surplus behind that, since a few objects are all over the slabs, these are looked at again every
 * minute. */
#include "stack.h"

#include <stddef.h>

#include "base/pool.h"
#include "base/time.h"
#include "transport/tcp/tcp.h"

enum {
    DELAY_MS = 1000,
    GAP_MS = 1,
    AGAIN_MS = 60000,
    SLABS_AT_ONCE = 8 /* of some hundred kilobytes each, which the embedder unmaps */
};

static void trim_after(struct baro_stack *stack, unsigned ms)
{
    wheel_arm(&stack->core.wheel, &stack->trim_timer, instant_add(stack->core.now, duration_ms(ms)));
}

static void surplus_found(struct slabs *slabs)
{
    struct baro_stack *stack = (void *)((uint8_t *)slabs - offsetof(struct baro_stack, core.slabs));

    if (!wheel_is_armed(&stack->trim_timer) ||
        stack->trim_timer.deadline.ns > instant_add(stack->core.now, duration_ms(DELAY_MS)).ns)
        trim_after(stack, DELAY_MS);
}

void trim_init(struct baro_stack *stack)
{
    stack->trim_timer.kind = TIMER_MEMORY;
    stack->core.slabs.surplus_found = surplus_found;
}

void trim_timer(struct baro_stack *stack)
{
    tcp_forget_places(stack->tcp);
    switch (pools_trim(&stack->core.slabs, SLABS_AT_ONCE)) {
    case POOLS_TRIM_ON:
        trim_after(stack, GAP_MS);
        break;
    case POOLS_TRIM_LATER:
        trim_after(stack, AGAIN_MS);
        break;
    case POOLS_TRIMMED:
        break;
    }
}
