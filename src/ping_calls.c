/* src/ping_calls.c: echo requests of the stack's own, and what became of them (transport/icmp.h keeps the list). */
#include "stack.h"

#include <errno.h>

#include "codec/icmpv6.h"

int baro_stack_ping(struct baro_stack *stack, struct baro_address destination, uint16_t id, uint16_t sequence,
                    size_t length)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };
    struct core *core = &stack->core;
    struct intent *intent;
    struct ip_hop hop;

    if (length > STACK_PING_OCTETS)
        return -EMSGSIZE;
    if (!ip_find_route(&stack->table, destination, any, 0, &hop))
        return -ENETUNREACH;
    if (stack->ping_octets == NULL) {
        stack->ping_octets = slab_take(&core->slabs, STACK_PING_OCTETS);
        for (uint32_t i = 0; stack->ping_octets != NULL && i < STACK_PING_OCTETS; i++)
            stack->ping_octets[i] = (uint8_t)i;
    }
    if (intent_queue_is_nearly_full(&core->intents))
        stack_settle(stack);
    intent = stack->ping_octets == NULL ? NULL : intent_add(&core->intents, INTENT_ICMP_ECHO_REQUEST);
    if (intent == NULL)
        return -ENOBUFS;
    intent->as.icmp = (struct intent_icmp){ .source = hop.source,
                                            .destination = destination,
                                            .type = destination.family == BARO_FAMILY_IPV6
                                                        ? (uint8_t)ICMPV6_ECHO_REQUEST
                                                        : (uint8_t)ICMP_ECHO_REQUEST,
                                            .value = (uint32_t)id << 16 | sequence,
                                            .length = (uint32_t)length };
    icmp_ping_sent(&stack->icmp, destination, id, sequence);
    return 0;
}

bool baro_stack_ping_result(struct baro_stack *stack, struct baro_ping_result *result)
{
    return icmp_ping_result(&stack->icmp, result);
}
