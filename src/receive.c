/* src/receive.c: the way up, from the frame that a device handed over to the protocol that takes it.
 *
 *      1 to 5  signal, FCS, MAC address, buffer and driver were the device's business
 *      6       the type field:            from_device(), ethernet/frame.h
 *      7       the right software:        ARP (arp_packet), IPv4 (ipv4_packet), IPv6 (ipv6_packet)
 *      8       IP header, is it for me?   ip/input.h, ip/input_v6.h
 *      9       fragments:                 ip/reassembly.h
 *     10       the protocol number:       deliver()
 *
 * What is expected, the next segments of connections, takes a fast path from step 6 to the connection (expected.h).
 * For it a burst is looked at whole before it is worked off, so that the memory of later frames is on its way while
 * earlier ones are looked at. What must be sent is left as intents, and drained once behind the burst: the received
 * frames are borrowed until then, or until the program has had its turn where it may read out of them
 * (transport/tcp/borrowed.h). */
#include "stack.h"

#include <assert.h>

#include "base/likely.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/ipv6_chain.h"
#include "codec/nd.h"
#include "ethernet/arp.h"
#include "ethernet/frame.h"
#include "expected.h"
#include "ip/input.h"
#include "ip/input_v6.h"
#include "steer.h"
#include "transport/ping.h"
#include "transport/tcp/tcp.h"
#include "transport/udp/udp.h"
#include "user/user.h"

/* ---- step 7: ARP ---- */

static void arp_packet(struct baro_stack *stack, int interface, struct baro_bytes payload)
{
    struct core *core = &stack->core;
    struct baro_mac own = stack->interface[interface].device->mac;
    struct arp_packet arp;
    enum baro_drop_reason reason = arp_read(&arp, payload);
    bool for_us;

    core->counters.arp_in++;
    if (reason == BARO_DROP_NONE || reason == BARO_DROP_ARP_BAD_SENDER)
        TRACE(core, ARP_IN, TRACE_N(arp.operation), TRACE_A(arp.sender), TRACE_M(arp.sender_mac),
              TRACE_A(arp.target));
    if (reason != BARO_DROP_NONE) {
        core_drop(core, reason);
        return;
    }
    switch (claim_check(&stack->claims, interface, &arp, own)) {
    case CLAIM_LOST: {
        struct baro_address lost = address_is_unspecified(arp.sender) ? arp.target : arp.sender;

        claim_end(&stack->claims, interface, lost);
        ip_address_remove(&stack->table, interface, lost);
        core_drop(core, BARO_DROP_ARP_CONFLICT);
        return;
    }
    case CLAIM_DEFENDED:
        core_drop(core, BARO_DROP_ARP_CONFLICT);
        return;
    case CLAIM_NO_CONFLICT:
        break;
    }
    for_us = ip_owner(&stack->table, arp.target) == interface;
    /* RFC 826's merge; the answer to us is the one that proves something. */
    neighbour_learn(&stack->neighbours, interface, arp.sender, arp.sender_mac, for_us && arp.operation == ARP_REQUEST,
                    arp.operation == ARP_REPLY && mac_equal(arp.target_mac, own));
    if (!for_us) {
        core_drop(core, BARO_DROP_ARP_NOT_FOR_ME);
    } else if (arp.operation == ARP_REQUEST && core->shard.number == 0) { /* of several stacks one answers */
        const struct intent_arp reply = { .operation = ARP_REPLY,
                                          .interface = interface,
                                          .sender = arp.target,
                                          .target = arp.sender,
                                          .target_mac = arp.sender_mac,
                                          .destination = arp.sender_mac };

        if (!arp_intend(core, &reply))
            core_drop(core, BARO_DROP_INTENT_QUEUE_FULL);
    }
}

/* ---- step 10: the protocol number ---- */

static bool is_echo_request(const struct ip_packet *packet)
{
    return packet->payload.length >= icmp_header_SIZE &&
           packet->payload.data[0] == (packet->protocol == IP_PROTOCOL_ICMP ? (int)ICMP_ECHO_REQUEST
                                                                            : (int)ICMPV6_ECHO_REQUEST);
}

/* ICMP in IPv6 and ICMPv6 in IPv4 are protocols that nobody speaks: a neighbour solicitation from an IPv4 address would
 * otherwise teach the neighbour cache. */
static bool is_icmp_of_family(const struct ip_packet *packet)
{
    return packet->protocol == (packet->source.family == BARO_FAMILY_IPV6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP);
}

static void icmp_packet(struct baro_stack *stack, const struct ip_packet *packet)
{
    const struct baro_address none = { .family = BARO_FAMILY_NONE };
    bool v6 = packet->protocol == IP_PROTOCOL_ICMPV6;
    enum baro_drop_reason reason;
    struct icmp_error error;

    if (v6 && packet->payload.length >= icmp_header_SIZE && nd_is_type(packet->payload.data[0])) {
        discovery_in(stack, packet);
        return;
    }
    if (v6 && packet->payload.length >= icmp_header_SIZE && membership_is_mld(packet->payload.data[0])) {
        groups_in(stack, packet);
        return;
    }
    if (!packet->to_group && !packet->from_loopback && is_echo_request(packet) &&
        ip_owner(&stack->table, packet->destination) < 0) {
        /* A gateway knows nothing of that host: an answer would claim that it lives. */
        core_drop(&stack->core, BARO_DROP_ICMP_NOT_OURS);
        ip_error_intend(&stack->errors, packet, none, v6 ? (uint8_t)ICMPV6_UNREACHABLE : (uint8_t)ICMP_UNREACHABLE,
                        v6 ? (uint8_t)ICMPV6_PROHIBITED : (uint8_t)ICMP_ADMINISTRATIVELY_PROHIBITED, 0);
        return;
    }
    switch (icmp_in(&stack->icmp, packet, &error)) {
    case ICMP_IS_ERROR:
        receive_error(stack, &error);
        break;
    case ICMP_IS_REPLY:
        reason = ping_in(stack->pings, packet);
        if (reason != BARO_DROP_NONE)
            core_drop(&stack->core, reason);
        break;
    case ICMP_DONE:
    case ICMP_DROPPED:
        break;
    }
}

/* The source hears that a port or the protocol is nobody's, in its family's words (RFC 1122 §3.2.2.1, RFC 4443 §3.1,
 * §3.4: of a protocol IPv6 says where it stands). */
static void nobody(struct baro_stack *stack, const struct ip_packet *packet, bool port)
{
    const struct baro_address none = { .family = BARO_FAMILY_NONE };
    struct baro_address from = packet->to_group ? none : packet->destination;
    struct ipv6_chain chain;

    if (packet->source.family != BARO_FAMILY_IPV6) {
        ip_error_intend(&stack->errors, packet, from, ICMP_UNREACHABLE,
                        port ? ICMP_PORT_UNREACHABLE : ICMP_PROTOCOL_UNREACHABLE, 0);
    } else if (port) {
        ip_error_intend(&stack->errors, packet, from, ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0);
    } else {
        ipv6_chain_walk(&chain, packet->whole, packet->reassembled);
        ip_error_intend(&stack->errors, packet, from, ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_NEXT_HEADER,
                        chain.protocol_at);
    }
}

static void unspoken(struct baro_stack *stack, const struct ip_packet *packet)
{
    stack->core.counters.ip_delivered--;
    core_drop(&stack->core, BARO_DROP_PROTOCOL_UNKNOWN);
    nobody(stack, packet, false);
}

static void deliver(struct baro_stack *stack, const struct ip_packet *packet)
{
    struct core *core = &stack->core;
    enum baro_drop_reason reason;

    if (!steer_is_ours(&core->shard, packet)) {
        core_drop(core, BARO_DROP_SHARD_OTHER);
        return;
    }
    TRACE(core, PROTOCOL, TRACE_N(packet->protocol));
    core->counters.ip_delivered++;
    switch (packet->protocol) {
    case IP_PROTOCOL_TCP:
        tcp_in(stack->tcp, packet);
        break;
    case IP_PROTOCOL_UDP:
        /* RFC 1122 §4.1.3.1: nobody listens there, and the sender should know. */
        reason = udp_in(stack->udp, packet);
        if (reason != BARO_DROP_NONE)
            core_drop(core, reason);
        if (reason == BARO_DROP_UDP_NO_SOCKET)
            nobody(stack, packet, true);
        break;
    case IP_PROTOCOL_ICMPV6:
    case IP_PROTOCOL_ICMP:
        if (is_icmp_of_family(packet))
            icmp_packet(stack, packet);
        else
            unspoken(stack, packet);
        break;
    case IP_PROTOCOL_IGMP:
        if (packet->source.family == BARO_FAMILY_IPV4)
            groups_in(stack, packet);
        else
            unspoken(stack, packet);
        break;
    default:
        unspoken(stack, packet);
        break;
    }
}

/* ---- steps 8 and 9 ---- */

/* Was the pair of addresses that begins `at` octets into the header accepted lately? With a trace the question is asked
 * anew each time. */
static bool is_accepted(struct baro_stack *stack, const struct ip_packet *packet, bool link_group, size_t at)
{
    return !TRACE_ON(&stack->core) && !link_group &&
           ip_pair_find(&stack->pairs, &stack->table, packet->interface, (enum baro_family)packet->source.family,
                        packet->whole.data + at) != NULL;
}

static void ipv4_packet(struct baro_stack *stack, struct baro_bytes bytes, bool link_group, struct ip_packet *packet)
{
    struct core *core = &stack->core;
    struct ipv4_header header;
    enum baro_drop_reason reason = ip_read(core, bytes, &header, packet);

    core->counters.ip_in++;
    if (reason == BARO_DROP_NONE && !is_accepted(stack, packet, link_group, CODEC_AT(ipv4_header, source)))
        reason = ip_accept(core, &stack->table, link_group, packet);
    if (reason == BARO_DROP_IP_NOT_FOR_ME && stack->table.forwarding && packet->interface != 0) {
        forward_in(stack, packet, link_group);
        return;
    }
    if (reason != BARO_DROP_NONE) {
        core_drop(core, reason);
        return;
    }
    if (!forward_stand_in(stack, packet))
        return;
    if (ipv4_is_fragment(&header)) {
        const struct fragment fragment = fragment_of_ipv4(&header);

        if (reassembly_is_lent(&stack->reassembly)) /* an earlier datagram still looks at that memory */
            stack_settle(stack);
        if (!reassembly_take(&stack->reassembly, &fragment, packet, &reason))
            return;
    }
    deliver(stack, packet);
}

/* The source of a packet with a wrong header hears where it is wrong (RFC 8200 §4, RFC 4443 §3.4). */
static void parameter_problem(struct baro_stack *stack, const struct ip_packet *packet, uint8_t code, uint32_t pointer)
{
    const struct baro_address none = { .family = BARO_FAMILY_NONE };

    ip_error_intend(&stack->errors, packet, packet->to_group ? none : packet->destination, ICMPV6_PARAMETER_PROBLEM,
                    code, pointer);
}

static void refuse_chain(struct baro_stack *stack, const struct ip_packet *packet, const struct ipv6_chain *chain)
{
    core_drop(&stack->core, chain->reason);
    if (chain->answer != IPV6_ANSWER_NONE &&
        !(chain->answer == IPV6_ANSWER_PROBLEM_UNLESS_GROUP && packet->to_group))
        parameter_problem(stack, packet, chain->code, chain->pointer);
}

/* The extension headers, and fragments behind them. True: `packet` is whole, its protocol what they lead to. */
static bool ipv6_extensions(struct baro_stack *stack, struct ip_packet *packet, bool whole)
{
    enum baro_drop_reason reason;
    struct ipv6_chain chain;
    uint32_t pointer;

    ipv6_chain_walk(&chain, packet->whole, whole);
    packet->protocol = chain.protocol;
    packet->router_alert = chain.router_alert;
    packet->payload = (struct baro_bytes){ packet->whole.data + chain.payload_at,
                                           packet->whole.length - chain.payload_at };
    if (chain.atomic) /* RFC 6946: alone, but it did come in a fragment */
        packet->reassembled = true;
    if (chain.reason == BARO_DROP_NONE && chain.fragment) {
        const struct fragment fragment = fragment_of_ipv6(&chain, packet->whole);

        if (reassembly_is_lent(&stack->reassembly)) /* an earlier datagram still looks at that memory */
            stack_settle(stack);
        if (reassembly_take(&stack->reassembly, &fragment, packet, &reason))
            return ipv6_extensions(stack, packet, true); /* from its start: it holds no more fragments */
        if (reassembly_problem(reason, &fragment, packet, &pointer))
            parameter_problem(stack, packet, ICMPV6_BAD_FIELD, pointer);
        return false;
    }
    if (chain.reason == BARO_DROP_NONE && chain.protocol == IP_PROTOCOL_NONE)
        chain.reason = BARO_DROP_IPV6_NOTHING_FOLLOWS;
    if (chain.reason != BARO_DROP_NONE)
        refuse_chain(stack, packet, &chain);
    return chain.reason == BARO_DROP_NONE;
}

static void ipv6_packet(struct baro_stack *stack, struct baro_bytes bytes, bool link_group, struct ip_packet *packet)
{
    struct core *core = &stack->core;
    enum baro_drop_reason reason = ip_read_v6(core, bytes, packet);

    core->counters.ip_in++;
    if (reason == BARO_DROP_NONE && !is_accepted(stack, packet, link_group, CODEC_AT(ipv6_header, source)))
        reason = ip_accept_v6(core, &stack->table, link_group, packet);
    if (reason == BARO_DROP_IP_NOT_FOR_ME && stack->table.forwarding && packet->interface != 0) {
        forward_in(stack, packet, link_group);
        return;
    }
    if (reason != BARO_DROP_NONE) {
        core_drop(core, reason);
        return;
    }
    if (forward_stand_in(stack, packet) && ipv6_extensions(stack, packet, false))
        deliver(stack, packet);
}

/* ---- steps 6 and 7 ---- */

static void from_device(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame,
                        const struct ethernet_arrival *arrival)
{
    struct core *core = &stack->core;
    const struct baro_bytes bytes = { frame->data, frame->length };
    struct ip_packet packet = { .interface = interface,
                                .mtu = stack->interface[interface].mtu,
                                .from_loopback = interface == 0,
                                .gso_size = frame->gso_size,
                                .checksum_verified = frame->checksum == BARO_RX_CHECKSUM_VERIFIED };

    TRACE_BYTES(core, FRAME_IN, bytes, TRACE_N(interface), TRACE_N(frame->length), TRACE_N(frame->arrival_id));
    if (captures_wanted(&stack->captures))
        captures_frame(&stack->captures, interface, false, &bytes, 1);
    core->counters.frames_in += interface != 0;
    core->counters.octets_in += interface != 0 ? frame->length : 0;
    if (arrival->header_read)
        TRACE(core, ETHERNET_IN, TRACE_M(arrival->destination), TRACE_M(arrival->source), TRACE_N(arrival->type),
              TRACE_D(arrival->vlan));
    if (arrival->verdict != BARO_DROP_NONE)
        core_drop(core, arrival->verdict);
    else if (arrival->type == ETHERNET_TYPE_ARP)
        arp_packet(stack, interface, arrival->payload);
    else if (arrival->type == ETHERNET_TYPE_IPV6)
        ipv6_packet(stack, arrival->payload, arrival->to_group, &packet);
    else
        ipv4_packet(stack, arrival->payload, arrival->to_group, &packet);
    if (TRACE_ON(core))
        user_collect(stack->user); /* who woke stands with what woke him */
    if (intent_queue_is_nearly_full(&core->intents))
        transmit_drain(stack);
    TRACE_PLAIN(core, FRAME_END);
}

/* One that is not expected. */
static __attribute__((noinline)) void receive_frame(struct baro_stack *stack, int interface,
                                                    const struct baro_rx_frame *frame)
{
    struct ethernet_arrival arrival;

    ethernet_parse(&arrival, (struct baro_bytes){ frame->data, frame->length },
                   stack->interface[interface].device->mac);
    from_device(stack, interface, frame, &arrival);
}

/* A burst in which frames are alike. */
static __attribute__((noinline)) void receive_runs(struct baro_stack *stack, int interface,
                                                   const struct baro_rx_frame frame[], struct expected_frame expected[],
                                                   unsigned count)
{
    for (unsigned i = 0; i < count; i += 1 + expected[i].alike) {
        for (unsigned done = expected_run(stack, interface, &frame[i], &expected[i]); done <= expected[i].alike; done++)
            receive_frame(stack, interface, &frame[i + done]);
    }
}

static __attribute__((noinline)) void receive_several(struct baro_stack *stack, int interface,
                                                      const struct baro_rx_frame frame[], unsigned count)
{
    struct expected_frame expected[BARO_BURST_LIMIT];
    const enum expected_worth worth = expected_look(stack, interface, frame, expected, count);

    if (worth == EXPECTED_RUNS) {
        receive_runs(stack, interface, frame, expected, count);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (worth == EXPECTED_LOOKS_AHEAD)
            expected_look_ahead_next(stack, expected, i, count);
        if (!expected_frame(stack, interface, &frame[i], &expected[i]))
            receive_frame(stack, interface, &frame[i]);
    }
}

void receive_give_back(struct baro_stack *stack)
{
    const struct baro_device *lender = stack->lender;

    tcp_borrowed_settle(stack->tcp);
    stack->lender = NULL;
    lender->rx_end(lender->context);
}

unsigned receive_burst(struct baro_stack *stack, int interface)
{
    const struct baro_device *device = stack->interface[interface].device;
    struct baro_rx_frame *frame = stack->arrived;
    unsigned count = device->rx_burst(device->context, frame, BARO_BURST_LIMIT);

    assert(count <= BARO_BURST_LIMIT);
    if (count == 0)
        return 0;
    if (UNLIKELY(stack->lender != NULL)) /* another device of the same poll */
        receive_give_back(stack);
    tcp_burst_begins(stack->tcp, device->rx_end != NULL, (device->capabilities & BARO_DEVICE_GRO) != 0);
    if (count != 1)
        receive_several(stack, interface, frame, count);
    else if (!expected_alone(stack, interface, frame))
        receive_frame(stack, interface, frame);
    stack_settle(stack);
    if (tcp_burst_ends(stack->tcp))
        stack->lender = device;
    else if (device->rx_end != NULL)
        device->rx_end(device->context);
    return count;
}

bool receive_loopback(struct baro_stack *stack)
{
    struct loopback *loopback = &stack->loopback;
    unsigned area = loopback->filling;
    struct baro_rx_frame frame;
    uint32_t at = 0;

    if (loopback->used[area] == 0)
        return false;
    if (stack->lender != NULL)
        receive_give_back(stack);
    tcp_burst_begins(stack->tcp, false, false);
    loopback->filling = 1 - area; /* what is sent meanwhile comes in the next round */
    while (loopback_next(stack, area, &at, &frame)) {
        const struct ethernet_arrival arrival = {
            .type = read_be16(frame.data + ethernet_header_SIZE - 2), .vlan = -1, .header_read = true,
            .payload = { frame.data + ethernet_header_SIZE, frame.length - ethernet_header_SIZE }
        };

        if (!expected_loopback(stack, &frame))
            from_device(stack, 0, &frame, &arrival);
    }
    tcp_turn_is_over(stack->tcp, 0); /* both ends have the same turn: nothing of what they say is awaited */
    stack_settle(stack);
    loopback->used[area] = 0;
    return true;
}
