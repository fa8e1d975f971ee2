/* src/stack.c: create, configure, advance time, next deadline.
 *
 * A first skeleton: it keeps time and counts; the layers are joined to it one by one. */
#include "stack.h"

#include <errno.h>

#include "base/bytes.h"

struct baro_stack *baro_stack_create(const struct baro_stack_config *config)
{
    struct slabs slabs = { .memory = config->memory };
    struct baro_stack *stack = slab_take(&slabs, sizeof *stack);

    if (stack == NULL)
        return NULL;
    slabs.limit = config->memory_limit == 0 ? (size_t)64 << 20 : config->memory_limit;
    stack->core.slabs = slabs;
    stack->core.now = config->now;
    stack->core.trace = (struct trace){ config->trace, config->trace_host };
    stack->forward_any_destination = config->forward_any_destination;
    random_init(&stack->core.random, config->seed);
    wheel_init(&stack->core.wheel, config->now);
    if (!intent_queue_init(&stack->core.intents, &stack->core.slabs)) {
        baro_stack_free(stack);
        return NULL;
    }
    stack->interface[0].mtu = UINT16_MAX;
    stack->interfaces = 1;
    return stack;
}

void baro_stack_free(struct baro_stack *stack)
{
    struct slabs slabs;

    if (stack == NULL)
        return;
    intent_queue_release(&stack->core.intents, &stack->core.slabs);
    slabs = stack->core.slabs;
    slab_give_back(&slabs, stack, sizeof *stack);
}

void baro_stack_set_trace(struct baro_stack *stack, struct baro_trace_sink trace, uint32_t host)
{
    stack->core.trace = (struct trace){ trace, host };
}

int baro_stack_add_interface(struct baro_stack *stack, const struct baro_device *device)
{
    struct interface *interface = &stack->interface[stack->interfaces];

    if (device->mtu < 68 || device->mtu > UINT16_MAX)
        return -EINVAL;
    if (stack->interfaces == STACK_INTERFACES)
        return -ENOSPC;
    interface->device = device;
    interface->mtu = device->mtu;
    return stack->interfaces++;
}

int baro_stack_add_address(struct baro_stack *stack, int interface, struct baro_address address,
                           unsigned prefix_length, bool probe)
{
    (void)address, (void)prefix_length, (void)probe;
    return interface < 1 || interface >= stack->interfaces ? -ENODEV : 0;
}

int baro_stack_remove_address(struct baro_stack *stack, int interface, struct baro_address address)
{
    (void)stack, (void)interface, (void)address;
    return -EADDRNOTAVAIL;
}

int baro_stack_add_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length,
                         struct baro_address gateway, int interface)
{
    (void)stack, (void)prefix, (void)prefix_length, (void)gateway, (void)interface;
    return -ENETUNREACH;
}

int baro_stack_remove_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length)
{
    (void)stack, (void)prefix, (void)prefix_length;
    return -ENETUNREACH;
}

int baro_stack_join_group(struct baro_stack *stack, int interface, struct baro_address group)
{
    (void)stack, (void)interface, (void)group;
    return -ENODEV;
}

int baro_stack_leave_group(struct baro_stack *stack, int interface, struct baro_address group)
{
    (void)stack, (void)interface, (void)group;
    return -ENOENT;
}

int baro_stack_set_neighbour(struct baro_stack *stack, int interface, struct baro_address address,
                             struct baro_mac mac)
{
    (void)stack, (void)interface, (void)address, (void)mac;
    return -ENODEV;
}

unsigned baro_stack_poll(struct baro_stack *stack, struct baro_instant now)
{
    stack->core.now = now;
    while (wheel_expired(&stack->core.wheel, now) != NULL)
        continue;
    return 0;
}

void baro_stack_flush(struct baro_stack *stack)
{
    while (intent_first(&stack->core.intents) != NULL)
        intent_done(&stack->core.intents);
}

bool baro_stack_next_deadline(const struct baro_stack *stack, struct baro_instant *deadline)
{
    return wheel_next(&stack->core.wheel, deadline);
}

int baro_stack_ping(struct baro_stack *stack, struct baro_address destination, uint16_t id, uint16_t sequence,
                    size_t length)
{
    (void)stack, (void)destination, (void)id, (void)sequence, (void)length;
    return -ENETUNREACH;
}

bool baro_stack_ping_result(struct baro_stack *stack, struct baro_ping_result *result)
{
    (void)stack, (void)result;
    return false;
}

void baro_stack_check_invariants(const struct baro_stack *stack)
{
    (void)stack;
}

void baro_stack_statistics(const struct baro_stack *stack, struct baro_statistics *statistics)
{
    *statistics = stack->core.counters;
    statistics->buffer_bytes = stack->core.slabs.charged;
    statistics->slab_bytes = stack->core.slabs.taken;
}

int stack_path(struct baro_stack *stack, const struct baro_address *destination,
               const struct baro_address *wanted_source, struct ip_path *path)
{
    (void)stack, (void)destination, (void)wanted_source, (void)path;
    return -ENETUNREACH;
}

bool stack_owns(const struct baro_stack *stack, struct baro_address address)
{
    (void)stack;
    return address_is_loopback(address);
}

bool stack_is_broadcast(const struct baro_stack *stack, struct baro_address address)
{
    (void)stack;
    return address_is_limited_broadcast(address);
}

int stack_interface_to(const struct baro_stack *stack, struct baro_address destination)
{
    (void)stack, (void)destination;
    return -ENETUNREACH;
}
