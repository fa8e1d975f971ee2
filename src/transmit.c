/* src/transmit.c: the way down: what the intents say becomes messages, in their order.
 *
 * A connection or datagram socket that wants to send is asked for one segment or datagram after another for as long as
 * its device has room; when there is none its intent waits in the device's own line, while those for other devices go
 * on. So a full device neither loses anything nor keeps others waiting, and a thousand who wait for it cost nothing
 * until it has room again, for as many of them. Segments without data and ARP packets wait likewise; what borrows a
 * received frame cannot, and is dropped.
 *
 * message.c gives a message its headers and burst.c the frames to their device. */
#include "stack.h"

#include "base/flow.h"
#include "base/likely.h"
#include "base/time.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "ethernet/arp.h"
#include "ethernet/frame.h"
#include "transport/tcp/tcp.h"
#include "transport/udp/udp.h"

enum {
    DEFAULT_TTL = 64,        /* RFC 1122 §3.2.1.7, the assigned number */
    FALLBACK_MTU = 576,      /* for what has no route, and goes nowhere */
    DRAIN_PASSES = 4,
    SWEEP_MS = 10
};

/* What the transport must know of the way to `remote`, by interface `wanted` (0: the route's); the room left decides
 * how large a super-segment may be. The interface, or -1: no route. */
static int find_path(struct baro_stack *stack, struct baro_address source, struct baro_address destination,
                     int wanted, struct ip_path *path)
{
    struct way by_interface;
    const struct way *way = wanted == 0 ? way_find(stack, &destination, &source) : &by_interface;
    const struct baro_device *device;
    int interface;

    *path =
        (struct ip_path){ .source = source, .mtu = FALLBACK_MTU, .link_mtu = FALLBACK_MTU, .hop_limit = DEFAULT_TTL };
    if (wanted != 0)
        way_ask(&stack->table, destination, source, wanted, &by_interface);
    if (!way->found)
        return -1;
    interface = way->hop.interface;
    device = stack->interface[interface].device;
    path->source = way->hop.source;
    path->hop_limit = interface_hop_limit(&stack->interface[interface], destination.family);
    path->link_mtu = interface_mtu(&stack->interface[interface], destination.family);
    path->mtu = path_mtu_get(&stack->path_mtus, destination, path->link_mtu);
    path->super_segment = SUPER_SEGMENT_MOST;
    if (device != NULL)
        path->room = transmit_room(device, burst_room(stack, interface));
    return interface;
}

/* Each answers: is the intent done? If not it waits for room. */
static bool tcp_output(struct baro_stack *stack, struct handle connection)
{
    struct baro_endpoint local, remote;
    struct ip_message message;
    struct ip_path path;
    bool more = true;

    while (more && tcp_destination(stack->tcp, connection, &local, &remote)) {
        int interface = find_path(stack, local.address, remote.address, 0, &path);

        if (interface >= 0 && burst_room(stack, interface) == 0)
            return false;
        TRACE_GROUP_BEGIN(&stack->core);
        more = tcp_next_segment(stack->tcp, connection, &path, &message);
        if (more && !(fast_is_allowed(stack) && fast_message(stack, &message)))
            message_send(stack, &message);
        TRACE_GROUP_END(&stack->core);
    }
    return true;
}

/* A datagram's payload is good until the next call into UDP: small ones are copied, behind large ones the burst
 * goes out at once. */
static bool udp_output(struct baro_stack *stack, struct udp *udp, struct handle socket)
{
    struct baro_endpoint local, remote;
    struct ip_message message;
    struct ip_path path;
    int wanted;

    while (udp_destination(udp, socket, &local, &remote, &wanted)) {
        int interface = find_path(stack, local.address, remote.address, wanted, &path);
        bool kept = true, more;

        if (interface >= 0 && burst_room(stack, interface) == 0)
            return false;
        TRACE_GROUP_BEGIN(&stack->core);
        more = udp_next_datagram(udp, socket, &path, &message);
        if (more) {
            for (unsigned i = 0; i < message.parts; i++)
                kept &= burst_keep(stack, &message.part[i]);
            message_send(stack, &message);
        }
        TRACE_GROUP_END(&stack->core);
        if (!kept)
            burst_flush(stack);
        if (!more)
            break;
    }
    return true;
}

/* May a message to `destination` go now? Without a route it may: it is dropped with that reason. */
static bool has_room(struct baro_stack *stack, struct baro_address source, struct baro_address destination,
                     struct ip_path *path)
{
    int interface = find_path(stack, source, destination, 0, path);

    return interface < 0 || burst_room(stack, interface) != 0;
}

static bool tcp_control(struct baro_stack *stack, const struct intent *intent)
{
    const struct intent_tcp_control *control = &intent->as.tcp;
    struct ip_message message;
    struct ip_path path;

    if (!has_room(stack, control->local.address, control->remote.address, &path))
        return false;
    TRACE_GROUP_BEGIN(&stack->core);
    tcp_control_message(stack->tcp, intent, &path, &message);
    if (!(fast_is_allowed(stack) && fast_message(stack, &message)))
        message_send(stack, &message);
    TRACE_GROUP_END(&stack->core);
    return true;
}

/* Type, code and second word of an ICMP message; the rest of it is `part`. */
static void icmp_send(struct baro_stack *stack, const struct intent_icmp *icmp, struct baro_bytes part)
{
    const struct icmp_header header = { .type = icmp->type, .code = icmp->code, .rest = icmp->value };
    struct ip_message message = { .source = icmp->source,
                                  .destination = icmp->destination,
                                  .protocol = icmp->destination.family == BARO_FAMILY_IPV4 ? IP_PROTOCOL_ICMP
                                                                                           : IP_PROTOCOL_ICMPV6,
                                  .checksum_offset = 2,
                                  .header_length = icmp_header_SIZE,
                                  .parts = 1,
                                  .part = { part } };
    const struct way *way = way_find(stack, &icmp->destination, &icmp->source);

    message.ttl = interface_hop_limit(&stack->interface[way->found ? way->hop.interface : 0], icmp->destination.family);
    /* RFC 1812 §4.3.2.4: what the packet was not sent to in person is answered from the interface's address. */
    if (message.source.family == BARO_FAMILY_NONE && way->found)
        message.source = way->hop.source;
    if (icmp->type == ICMPV6_ECHO_REQUEST || icmp->type == ICMPV6_ECHO_REPLY) { /* other ICMP is no flow */
        const struct baro_endpoint local = { message.source, { (uint16_t)(icmp->value >> 16) } };
        const struct baro_endpoint remote = { message.destination, { 0 } };

        message.flow_label = flow_label(&stack->core.flow_key, IP_PROTOCOL_ICMPV6, &local, &remote);
    }
    TRACE_GROUP_BEGIN(&stack->core);
    TRACE(&stack->core, ICMP_OUT, TRACE_A(icmp->destination), TRACE_N(icmp->type), TRACE_N(icmp->code),
          TRACE_N(icmp_header_SIZE + part.length));
    stack->core.counters.icmp_out++;
    icmp_header_write(&header, message.header);
    message_send(stack, &message);
    TRACE_GROUP_END(&stack->core);
}

static void icmp_reply(struct baro_stack *stack, const struct intent *intent)
{
    const struct baro_bytes rest = { intent->borrowed.data + icmp_header_SIZE,
                                     intent->borrowed.length - icmp_header_SIZE };

    icmp_send(stack, &intent->as.icmp, rest);
}

static void icmp_error(struct baro_stack *stack, const struct intent *intent)
{
    size_t most = intent->as.icmp.destination.family == BARO_FAMILY_IPV6 ? IP_ERROR_QUOTE_V6 : IP_ERROR_QUOTE;
    struct baro_bytes quote = intent->borrowed;

    if (quote.length > most)
        quote.length = most;
    icmp_send(stack, &intent->as.icmp, quote);
}

static bool arp_output(struct baro_stack *stack, const struct intent_arp *arp)
{
    const struct baro_device *device = stack->interface[arp->interface].device;
    struct baro_tx_frame frame = { .parts = 1 };
    uint8_t *head = burst_header(stack, arp->interface);

    if (head == NULL)
        return false;
    TRACE_GROUP_BEGIN(&stack->core);
    TRACE(&stack->core, ARP_OUT, TRACE_N(arp->operation), TRACE_A(arp->sender), TRACE_A(arp->target));
    TRACE(&stack->core, ETHERNET_OUT, TRACE_M(arp->destination), TRACE_M(device->mac),
          TRACE_N(ETHERNET_TYPE_ARP));
    ethernet_write(head, arp->destination, device->mac, ETHERNET_TYPE_ARP);
    arp_write(arp, device->mac, head + ethernet_header_SIZE);
    frame.part[0] = (struct baro_bytes){ head, ethernet_header_SIZE + arp_packet_SIZE };
    stack->core.counters.arp_out++;
    burst_push(stack, &frame);
    TRACE_GROUP_END(&stack->core);
    return true;
}

static bool output(struct baro_stack *stack, const struct intent *intent)
{
    struct ip_path path;

    switch (intent->kind) {
    case INTENT_TCP_OUTPUT:
        return tcp_output(stack, intent->owner);
    case INTENT_TCP_CONTROL:
        return tcp_control(stack, intent);
    case INTENT_UDP_OUTPUT:
        return udp_output(stack, stack->udp, intent->owner);
    case INTENT_PING_OUTPUT:
        return udp_output(stack, stack->pings, intent->owner);
    case INTENT_ICMP_ECHO_REPLY:
        icmp_reply(stack, intent);
        return true;
    case INTENT_ICMP_ERROR:
        icmp_error(stack, intent);
        return true;
    case INTENT_ICMP_ECHO_REQUEST:
        if (!has_room(stack, intent->as.icmp.source, intent->as.icmp.destination, &path))
            return false;
        icmp_send(stack, &intent->as.icmp, (struct baro_bytes){ stack->ping_octets, intent->as.icmp.length });
        return true;
    case INTENT_ARP:
        return arp_output(stack, &intent->as.arp);
    case INTENT_ND:
        return discovery_output(stack, &intent->as.nd);
    case INTENT_MEMBERSHIP:
        return groups_output(stack, &intent->as.membership);
    case INTENT_FORWARD:
        forward_out(stack, intent);
        return true;
    }
    return true;
}

/* Frames whose neighbour has answered: complete but for their journey. */
static void send_ready(struct baro_stack *stack)
{
    struct pending *pending;

    while ((pending = neighbour_next_ready(&stack->neighbours)) != NULL) {
        uint8_t *head = burst_header(stack, pending->interface);
        struct baro_tx_frame frame = { .parts = 1, .part = { { pending->octets, pending->length } } };

        TRACE_GROUP_BEGIN(&stack->core);
        TRACE(&stack->core, ETHERNET_OUT, TRACE_M(read_mac(pending->octets)),
              TRACE_M(read_mac(pending->octets + 6)), TRACE_N(read_be16(pending->octets + 12)));
        if (head == NULL) {
            core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
        } else {
            bool kept = burst_keep(stack, &frame.part[0]);

            burst_push(stack, &frame);
            if (!kept)
                burst_flush(stack);
        }
        TRACE_GROUP_END(&stack->core);
        neighbour_release(&stack->neighbours, pending);
    }
}

/* Is it done? By the fast path if that can be. */
static inline bool work_off(struct baro_stack *stack, const struct intent *intent)
{
    enum fast_verdict verdict = FAST_DECLINED;

    if (intent->kind == INTENT_TCP_OUTPUT) {
        if (LIKELY(fast_is_allowed(stack)))
            verdict = fast_output(stack, intent->owner);
    } else if (intent->kind == INTENT_TCP_CONTROL) {
        if (UNLIKELY(tcp_control_is_told(stack->tcp, intent)))
            return true;
        if (LIKELY(fast_is_allowed(stack)))
            verdict = fast_control(stack, intent);
    }
    return UNLIKELY(verdict == FAST_DECLINED) ? output(stack, intent) : verdict == FAST_DONE;
}

/* Those who wait may be gone meanwhile, and their places are others'. */
static bool is_to_be_swept(struct baro_stack *stack)
{
    const struct intent_queue *intents = &stack->core.intents;

    return intents->limit < INTENT_QUEUE_SIZE / 2 && instant_reached(stack->core.now, stack->sweep_at);
}

/* Of those that wait for devices as many as these have room for stand in front of the queue again. All do after a
 * change of routes, since another device may be theirs, and where they take up most of the queue, every ten
 * milliseconds. How many. */
static __attribute__((noinline)) uint32_t resume(struct baro_stack *stack)
{
    struct intent_queue *intents = &stack->core.intents;
    const bool all = stack->stalled_at != stack->table.changes || is_to_be_swept(stack);
    uint32_t resumed = 0;

    stack->stalled_at = stack->table.changes;
    if (all)
        stack->sweep_at = (struct baro_instant){ stack->core.now.ns + SWEEP_MS * NS_PER_MS };
    for (int i = 0; i < stack->interfaces; i++) {
        if ((intents->stalled & UINT32_C(1) << i) != 0)
            resumed += intent_ready(intents, i, all ? INTENT_QUEUE_SIZE : burst_room(stack, i));
    }
    return resumed;
}

/* The first `count` of the queue; `again`: they have waited before. An intent keeps its place while it is worked off:
 * what it makes others intend comes behind it. Who waited again and sent until the room was gone waits behind the
 * others. */
static inline void pass(struct baro_stack *stack, uint32_t count, bool again)
{
    struct intent_queue *intents = &stack->core.intents;

    do {
        uint64_t sent;

        if (count > 1)
            count -= fast_acks(stack, count);
        if (count == 0)
            return;
        sent = stack->core.counters.ip_out;
        if (LIKELY(work_off(stack, &intents->slot[intents->first])))
            intent_done(intents);
        else
            intent_stall(intents, stack->burst.full, again && stack->core.counters.ip_out == sent);
    } while (--count != 0);
}

/* Who waits goes first, for as long as there is room: not everybody has still something to send. Then the queue, until
 * it is empty or was gone through some times. It is not empty when this begins. */
static inline void drain(struct baro_stack *stack)
{
    const struct intent_queue *intents = &stack->core.intents;
    unsigned passes = 0;

    do {
        uint32_t resumed = 0;

        if (UNLIKELY(intents->stalled != 0)) {
            resumed = resume(stack);
            if (intents->count == 0)
                return;
        }
        pass(stack, resumed != 0 ? resumed : intents->count, resumed != 0);
        passes += resumed == 0;
    } while (UNLIKELY((intents->count | intents->stalled) != 0) && passes < DRAIN_PASSES);
}

void transmit_now(struct baro_stack *stack)
{
    if (UNLIKELY(stack->advertised.verdicts != stack->neighbours.verdicts))
        advertised_review(stack);
    if (UNLIKELY(stack->neighbours.ready_first != NULL))
        send_ready(stack);
    if (!intent_queue_is_empty(&stack->core.intents)) {
        do
            drain(stack);
        while (UNLIKELY(tcp_wake_waiting(stack->tcp)) && !intent_queue_is_empty(&stack->core.intents));
    }
    burst_go(stack);
}
