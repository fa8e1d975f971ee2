/* src/discovery.c: neighbour discovery (RFC 4861), where the layers that it concerns meet.
 *
 * A message that arrived is read by codec/nd.h, which refuses what breaks the rules (hop limit 255 above all: no router
 * has passed it on, so it was sent on this link). A solicitation for an address of ours is answered, and its sender
 * noted in the neighbour cache, which an advertisement answers. What routers say goes to advertised.c. What is sent is
 * an ICMPv6 message like any other, but with hop limit 255 and by a certain interface. */
#include "stack.h"

#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/nd.h"

enum {
    ND_OUT_OCTETS = 512, /* an advertisement with all that it may say */
    ND_OUT_FRONT = 56    /* of those that stand in the message's own header */
};

/* RFC 4862 §5.4.3, §5.4.4: is it an address that we are asking for ourselves? Then it is not ours. */
static bool lost(struct baro_stack *stack, const struct ip_packet *packet, const struct nd_message *message)
{
    const struct baro_mac unsaid = { { 0 } };

    if (!claim_lose(&stack->claims, packet->interface, message->target,
                    message->has_target_mac ? message->target_mac : unsaid))
        return false;
    ip_address_remove(&stack->table, packet->interface, message->target);
    groups_changed(stack, packet->interface, false);
    advertised_lost(stack, packet->interface, message->target);
    return true;
}

/* RFC 4861 §7.2.3, §7.2.4: who asks for an address of ours is told, and remembered if he says where he is. */
static enum baro_drop_reason solicited(struct baro_stack *stack, const struct ip_packet *packet,
                                       const struct nd_message *message)
{
    bool probe = address_is_unspecified(packet->source); /* somebody wants our address (RFC 4862 §5.4.3) */
    struct intent *intent;

    if (probe && claim_is_echo(&stack->claims, packet->interface, message->target, message->nonce))
        return BARO_DROP_ND_LOOPED;
    if (probe && lost(stack, packet, message))
        return BARO_DROP_ND_DUPLICATE;
    if (ip_owner(&stack->table, message->target) != packet->interface)
        return BARO_DROP_ND_NOT_FOR_ME;
    if (message->has_source_mac && !probe)
        neighbour_learn(&stack->neighbours, packet->interface, packet->source, message->source_mac, true, false);
    if (stack->core.shard.number != 0) /* of several stacks one answers */
        return BARO_DROP_NONE;
    intent = intent_add(&stack->core.intents, INTENT_ND);
    if (intent == NULL)
        return BARO_DROP_INTENT_QUEUE_FULL;
    intent->as.nd = (struct intent_nd){ .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT,
                                        .solicited = !probe,
                                        .override = true,
                                        .interface = packet->interface,
                                        .source = message->target,
                                        .destination = packet->source,
                                        .target = message->target };
    if (probe)
        intent->as.nd.destination = address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), packet->interface);
    return BARO_DROP_NONE;
}

/* §7.2.5: one that no entry waits for makes none; but a router's does, so that what comes back for a new address of a
 * host need not wait (RFC 9131 §6.1.1). */
static enum baro_drop_reason advertised(struct baro_stack *stack, const struct ip_packet *packet,
                                        const struct nd_message *message)
{
    struct neighbours *neighbours = &stack->neighbours;

    if (lost(stack, packet, message))
        return BARO_DROP_ND_DUPLICATE;
    if (stack_is_router(stack) && message->has_target_mac && !message->solicited &&
        ip_owner(&stack->table, message->target) < 0 &&
        !neighbour_knows(neighbours, packet->interface, message->target))
        neighbour_learn(neighbours, packet->interface, message->target, message->target_mac, true, false);
    neighbour_advertised(neighbours, packet->interface, message->target,
                         message->has_target_mac ? &message->target_mac : NULL, message->solicited, message->override);
    if (!message->router)
        advertised_host(stack, message->target);
    return BARO_DROP_NONE;
}

void discovery_announce(struct baro_stack *stack, int interface, struct baro_address address)
{
    struct intent *intent;

    if (address.family != BARO_FAMILY_IPV6 || address_is_link_local(address) || stack_is_router(stack))
        return;
    intent = intent_add(&stack->core.intents, INTENT_ND);
    if (intent == NULL) {
        core_drop(&stack->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->as.nd = (struct intent_nd){ .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .interface = interface,
                                        .source = address, .target = address,
                                        .destination = address_in_zone(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2),
                                                                       interface) };
}

void discovery_in(struct baro_stack *stack, const struct ip_packet *packet)
{
    struct core *core = &stack->core;
    const struct nd_arrival arrival = { .source = packet->source, .destination = packet->destination,
                                        .interface = packet->interface, .hop_limit = packet->ttl,
                                        .fragmented = packet->reassembled };
    uint64_t sum = checksum_pseudo(packet->source, packet->destination, IP_PROTOCOL_ICMPV6,
                                   (uint32_t)packet->payload.length);
    enum baro_drop_reason reason = BARO_DROP_ICMP_CHECKSUM;
    struct nd_message message;

    core->counters.nd_in++;
    TRACE(core, ICMP_IN, TRACE_A(packet->source), TRACE_N(packet->payload.data[0]), TRACE_N(packet->payload.data[1]),
          TRACE_N(packet->payload.length));
    if (packet->interface == 0)
        return; /* a group's copy for ourselves: there is nobody to discover */
    if (checksum_fold(checksum_add(sum, packet->payload.data, packet->payload.length)) == 0)
        reason = nd_read(&message, &arrival, packet->payload);
    if (reason == BARO_DROP_NONE) {
        switch (message.type) {
        case ICMPV6_NEIGHBOUR_SOLICITATION:
            reason = solicited(stack, packet, &message);
            break;
        case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
            reason = advertised(stack, packet, &message);
            break;
        case ICMPV6_ROUTER_SOLICITATION:
            reason = advertise_solicited(stack, packet->interface, packet->source, &message);
            break;
        case ICMPV6_ROUTER_ADVERTISEMENT:
        case ICMPV6_REDIRECT:
            reason = advertised_in(stack, packet->interface, packet->source, &message);
            break;
        default:
            reason = BARO_DROP_ICMP_TYPE_UNKNOWN;
            break;
        }
    }
    if (reason != BARO_DROP_NONE)
        core_drop(core, reason);
}

/* What an intent says, as a message. */
static void compose(const struct baro_stack *stack, const struct intent_nd *nd, struct nd_message *body)
{
    if (nd->type == ICMPV6_ROUTER_ADVERTISEMENT)
        advertise_compose(stack, nd->interface, body);
    else
        *body = (struct nd_message){ .type = nd->type, .target = nd->target, .solicited = nd->solicited,
                                     .override = nd->override,
                                     .nonce = { nd->nonce, nd->has_nonce ? sizeof nd->nonce : 0 } };
    body->has_target_mac = nd->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT;
    body->router = body->has_target_mac && stack_is_router(stack); /* RFC 4861 §7.2.4 */
    body->has_source_mac = !body->has_target_mac && !address_is_unspecified(nd->source);
    body->source_mac = body->target_mac = stack->interface[nd->interface].device->mac;
}

bool discovery_output(struct baro_stack *stack, const struct intent_nd *nd)
{
    struct nd_message body;
    struct ip_message message = { .source = nd->source, .destination = nd->destination,
                                  .protocol = IP_PROTOCOL_ICMPV6, .ttl = ND_HOP_LIMIT, .checksum_offset = 2,
                                  .interface = nd->interface };
    uint8_t octets[ND_OUT_OCTETS];
    size_t length;
    bool kept = true;

    if (burst_room(stack, nd->interface) == 0)
        return false;
    compose(stack, nd, &body);
    length = nd_write(&body, octets, sizeof octets);
    message.header_length = (uint8_t)(length < ND_OUT_FRONT ? length : ND_OUT_FRONT);
    memcpy(message.header, octets, message.header_length);
    TRACE_GROUP_BEGIN(&stack->core);
    TRACE(&stack->core, ICMP_OUT, TRACE_A(nd->destination), TRACE_N(nd->type), TRACE_N(0), TRACE_N(length));
    if (length > message.header_length) {
        message.parts = 1;
        message.part[0] = (struct baro_bytes){ octets + message.header_length, length - message.header_length };
        kept = burst_keep(stack, &message.part[0]);
    }
    stack->core.counters.nd_out++;
    message_send(stack, &message);
    TRACE_GROUP_END(&stack->core);
    if (!kept)
        burst_flush(stack);
    return true;
}
