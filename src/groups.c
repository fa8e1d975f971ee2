/* src/groups.c: group membership (RFC 3376, RFC 3810), where the layers that it concerns meet.
 *
 * Who listens to what stands in ip/group.h, what routers are told of it in ip/membership.h. Here the device's filter
 * follows the groups, and the solicited-node groups follow the addresses (RFC 4291 §2.7.1): they are joined like any
 * other, but of an address that is to be probed nothing is said before its first probe leaves, which waits for a random
 * time (RFC 4862 §5.4.2). What is sent has TTL 1 and the router alert option, and comes from the interface's link-local
 * address, or from :: while it has none (RFC 3590). */
#include "stack.h"

#include <errno.h>

#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/ipv6.h"
#include "ethernet/frame.h"

/* ---- the device's filter, and our addresses ---- */

static void set_filter(struct baro_stack *stack, int interface)
{
    const struct baro_device *device = stack->interface[interface].device;
    const struct ip_interface *at = &stack->table.interface[interface];
    struct baro_mac mac[2 + GROUP_LIMIT + IP_ADDRESSES];
    unsigned count = 0;

    if (device->set_filter == NULL)
        return;
    mac[count++] = ethernet_group_mac(baro_ipv4(224, 0, 0, 1));
    mac[count++] = ethernet_group_mac(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1));
    for (unsigned i = 0; i < at->owns; i++) {
        if (at->own[i].address.family == BARO_FAMILY_IPV6)
            mac[count++] = ethernet_group_mac(address_solicited_node(at->own[i].address, interface));
    }
    for (unsigned i = 0; at->groups != NULL && i < GROUP_LIMIT; i++) {
        if (group_has_members(&at->groups->group[i]) && group_is_joined(&at->groups->group[i]))
            mac[count++] = ethernet_group_mac(at->groups->group[i].address);
    }
    /* An adapter whose filter is full lets too little through; there is nobody to tell but the one who joins. */
    (void)device->set_filter(device->context, mac, count, false);
}

static bool is_needed(const struct ip_interface *at, int interface, struct baro_address group)
{
    for (unsigned i = 0; i < at->owns; i++) {
        if (at->own[i].address.family == BARO_FAMILY_IPV6 &&
            address_equal(address_solicited_node(at->own[i].address, interface), group))
            return true;
    }
    return false;
}

void groups_changed(struct baro_stack *stack, int interface, bool held)
{
    struct ip_interface *at = &stack->table.interface[interface];

    for (unsigned i = 0; i < at->owns; i++) {
        struct baro_address group = address_solicited_node(at->own[i].address, interface);

        if (at->own[i].address.family != BARO_FAMILY_IPV6)
            continue;
        /* Without memory nobody is told; it is heard all the same (ip_is_member). */
        (void)membership_solicited(&stack->membership, interface, group, held && !at->own[i].usable);
        at->groups = membership_groups(&stack->membership, interface);
    }
    for (unsigned i = 0; at->groups != NULL && i < GROUP_LIMIT; i++) {
        const struct group *group = &at->groups->group[i];

        if (group->solicited && !is_needed(at, interface, group->address))
            membership_unsolicited(&stack->membership, interface, group->address);
    }
    set_filter(stack, interface);
}

void groups_probed(struct baro_stack *stack, int interface, struct baro_address address)
{
    if (address.family == BARO_FAMILY_IPV6)
        membership_speak(&stack->membership, interface, address_solicited_node(address, interface));
}

void groups_usable(struct baro_stack *stack, int interface, struct baro_address address)
{
    if (address_is_link_local(address))
        membership_again(&stack->membership, interface, BARO_FAMILY_IPV6);
}

/* ---- members ---- */

int groups_member(struct baro_stack *stack, int interface, struct baro_address group,
                  const struct baro_source_filter *before, const struct baro_source_filter *after)
{
    int result;

    if (!address_is_multicast(group))
        return -EINVAL;
    result = membership_change(&stack->membership, interface, group, before, after);
    stack->table.interface[interface].groups = membership_groups(&stack->membership, interface);
    if (result == 0)
        set_filter(stack, interface);
    return result;
}

static const struct baro_source_filter everything = { .exclude = true };

int baro_stack_join_group(struct baro_stack *stack, int interface, struct baro_address group)
{
    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    return groups_member(stack, interface, address_in_zone(group, interface), NULL, &everything);
}

int baro_stack_leave_group(struct baro_stack *stack, int interface, struct baro_address group)
{
    const struct group *found;

    if (interface < 1 || interface >= stack->interfaces)
        return -ENODEV;
    group = address_in_zone(group, interface);
    found = group_find(stack->table.interface[interface].groups, group);
    if (found == NULL || found->excluding <= (found->solicited ? 1 : 0))
        return -ENOENT;
    return groups_member(stack, interface, group, &everything, NULL);
}

/* ---- messages ---- */

void groups_in(struct baro_stack *stack, const struct ip_packet *packet)
{
    struct core *core = &stack->core;
    const struct membership_arrival arrival = { .source = packet->source, .destination = packet->destination,
                                                .hop_limit = packet->ttl, .router_alert = packet->router_alert,
                                                .fragmented = packet->reassembled };
    struct membership_message message;
    enum baro_drop_reason reason;

    core->counters.groups_in++;
    if (packet->source.family == BARO_FAMILY_IPV6)
        TRACE(core, ICMP_IN, TRACE_A(packet->source), TRACE_N(packet->payload.data[0]),
              TRACE_N(packet->payload.data[1]), TRACE_N(packet->payload.length));
    if (packet->interface == 0)
        return; /* there is no router in here */
    reason = membership_read(&message, &arrival, packet->payload);
    if (reason == BARO_DROP_NONE) {
        message.group = address_in_zone(message.group, packet->interface);
        reason = membership_in(&stack->membership, packet->interface, packet->source, &message);
        stack->table.interface[packet->interface].groups = membership_groups(&stack->membership, packet->interface);
    }
    if (reason != BARO_DROP_NONE)
        core_drop(core, reason);
}

/* RFC 3376 §4.2.13, RFC 3810 §5.2.13: the interface's (link-local) address, or none as long as it has none. */
static struct baro_address source_for(const struct baro_stack *stack, int interface, struct baro_address destination)
{
    const struct ip_interface *at = &stack->table.interface[interface];
    struct baro_address source;

    if (destination.family == BARO_FAMILY_IPV4) {
        source = ip_source(&stack->table, interface, destination);
        return source.family == BARO_FAMILY_NONE ? baro_ipv4(0, 0, 0, 0) : source;
    }
    for (unsigned i = 0; i < at->owns; i++) {
        if (at->own[i].usable && address_is_link_local(at->own[i].address))
            return at->own[i].address;
    }
    return baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0);
}

static void send(struct baro_stack *stack, int interface, const struct membership_out *out)
{
    bool v6 = out->destination.family == BARO_FAMILY_IPV6;
    struct ip_message message = { .source = source_for(stack, interface, out->destination),
                                  .destination = out->destination,
                                  .protocol = v6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_IGMP,
                                  .ttl = MEMBERSHIP_HOP_LIMIT,
                                  .tos = v6 ? 0 : MEMBERSHIP_TOS,
                                  .router_alert = true,
                                  .dont_fragment = true,
                                  .checksum_offset = 2,
                                  .header_length = (uint8_t)out->head_length,
                                  .interface = interface,
                                  .parts = out->body.length != 0,
                                  .part = { out->body } };
    bool kept = message.parts == 0 || burst_keep(stack, &message.part[0]);

    memcpy(message.header, out->head, out->head_length);
    TRACE_GROUP_BEGIN(&stack->core);
    TRACE(&stack->core, GROUP_MESSAGE_OUT, TRACE_A(out->destination), TRACE_N(out->kind), TRACE_N(out->version),
          TRACE_A(out->group), TRACE_N(out->records));
    if (v6)
        TRACE(&stack->core, ICMP_OUT, TRACE_A(out->destination), TRACE_N(out->head[0]), TRACE_N(0),
              TRACE_N(out->head_length + out->body.length));
    stack->core.counters.groups_out++;
    message_send(stack, &message);
    TRACE_GROUP_END(&stack->core);
    if (!kept)
        burst_flush(stack);
}

bool groups_output(struct baro_stack *stack, const struct intent_membership *membership)
{
    enum baro_family family = (enum baro_family)membership->family;
    const struct interface *interface = &stack->interface[membership->interface];
    const struct ip_message alike = { .destination = { .family = membership->family }, .router_alert = true };
    const struct ip_piece whole = { .length = 0 };
    size_t mtu = interface_mtu(interface, family);
    struct membership_out out;

    for (;;) {
        if (burst_room(stack, membership->interface) == 0)
            return false;
        if (!membership_next(&stack->membership, membership->interface, family, mtu - ip_header_length(&alike, &whole),
                             &out))
            return true;
        send(stack, membership->interface, &out);
    }
}
