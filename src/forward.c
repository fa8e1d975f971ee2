/* src/forward.c: a router: packets for other hosts, passed on from one wire to another (RFC 1812 §5, RFC 8200 §3).
 *
 * What may go on, and where to, is decided while the packet is looked at, so that an error quotes it as it came; then
 * an intent borrows it, and the drain gives it a new header and sends it. Both families go this way.
 *
 * Not passed on: what came in a broadcast frame, groups and broadcasts (RFC 2644), link-local addresses (RFC 3927
 * §2.7, RFC 4291 §2.5.6), source routes (refused at the header). Options stay as they are, and so do IPv6's extension
 * headers, hop-by-hop ones too, which a router need not read (RFC 8200 §4). The next hop may be on the wire that the
 * packet came by: it is passed on there too, and no redirect is sent. A packet that finds no room in the device is
 * dropped, as a router's are. What is too large is cut in fragments, but never of IPv6 (RFC 8200 §5).
 *
 * A super-segment, or a checksum that was left undone because the packet never was on a wire, goes on like that where
 * the device can do the rest; elsewhere it is cut, and its sum is filled in, here. Of a fragment that came in nothing
 * but the IP header is touched. Behind extension headers neither is possible: there it is dropped. */
#include "stack.h"

#include <string.h>

#include "base/checksum.h"
#include "codec/icmp.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/ipv6_chain.h"
#include "codec/tcp.h"
#include "codec/udp.h"
#include "ethernet/frame.h"

enum { TRANSPORT_LIMIT = 60, OPTION_COPIED = 0x80 /* RFC 791 §3.1 */ };

/* ---- what may go on ---- */

/* What its source is told of a packet that does not, in its family's words. */
struct refusal {
    enum baro_drop_reason reason;
    uint8_t type, code, type_v6, code_v6;
};

static const struct refusal expired = { BARO_DROP_IP_TTL_EXPIRED, ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED,
                                        ICMPV6_TIME_EXCEEDED, ICMPV6_HOP_LIMIT_EXCEEDED };
static const struct refusal no_route = { BARO_DROP_IP_NO_ROUTE, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE,
                                         ICMPV6_UNREACHABLE, ICMPV6_NO_ROUTE };
static const struct refusal too_big = { BARO_DROP_IP_TOO_BIG, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED,
                                        ICMPV6_PACKET_TOO_BIG, 0 };
static const struct refusal nobody_there = { BARO_DROP_NEIGHBOUR_UNREACHABLE, ICMP_UNREACHABLE,
                                             ICMP_HOST_UNREACHABLE, ICMPV6_UNREACHABLE,
                                             ICMPV6_ADDRESS_UNREACHABLE };
static const struct refusal beyond_scope = { BARO_DROP_IP_NOT_FORWARDED, 0, 0, ICMPV6_UNREACHABLE,
                                             ICMPV6_BEYOND_SCOPE }; /* IPv4's are dropped in silence */

static void refuse(struct baro_stack *stack, const struct ip_packet *packet, const struct refusal *refusal,
                   uint32_t value)
{
    const struct baro_address interfaces = { .family = BARO_FAMILY_NONE };
    bool v6 = packet->source.family == BARO_FAMILY_IPV6;

    core_drop(&stack->core, refusal->reason);
    ip_error_intend(&stack->errors, packet, interfaces, v6 ? refusal->type_v6 : refusal->type,
                    v6 ? refusal->code_v6 : refusal->code, value);
}

static bool stays_on_its_link(struct baro_address address)
{
    return address_is_multicast(address) || address_is_limited_broadcast(address) || address_is_link_local(address) ||
           (address.family == BARO_FAMILY_IPV4 && address.octet[0] == 169 && address.octet[1] == 254);
}

/* IPv6's carry a protocol number of their own. */
static bool is_ipv4_fragment(const struct ip_packet *packet)
{
    return packet->source.family == BARO_FAMILY_IPV4 &&
           (read_be16(packet->whole.data + CODEC_AT(ipv4_header, flags_offset)) & IPV4_FRAGMENT) != 0;
}

static bool udp_has_checksum(const uint8_t *at)
{
    return read_be16(at + CODEC_AT(udp_header, checksum)) != 0; /* RFC 768 */
}

/* Octets of transport header that may have to be changed: those of a whole TCP segment or UDP datagram whose checksum
 * nobody has looked at since it was left undone, or of a super-segment. 0: none. */
static unsigned front_of(const struct ip_packet *packet)
{
    const struct baro_bytes *payload = &packet->payload;
    unsigned length = 0;

    if (is_ipv4_fragment(packet))
        return 0;
    if (packet->protocol == IP_PROTOCOL_UDP && packet->checksum_verified && payload->length >= udp_header_SIZE)
        length = udp_has_checksum(payload->data) ? udp_header_SIZE : 0;
    if (packet->protocol == IP_PROTOCOL_TCP && payload->length >= tcp_header_SIZE &&
        (packet->checksum_verified || packet->gso_size != 0))
        length = (payload->data[CODEC_AT(tcp_header, data_offset)] >> 4) * 4U;
    if (packet->protocol == IP_PROTOCOL_TCP && length < tcp_header_SIZE)
        return 0;
    return length > payload->length ? 0 : length;
}

/* Behind extension headers: a super-segment, or a checksum that is not right although nobody needs to look at it, which
 * is one that was left undone. Neither can be finished here. */
static bool is_unfinished(const struct ip_packet *packet)
{
    struct ipv6_chain chain;
    const uint8_t *at;
    uint32_t length;
    uint64_t sum;

    if (packet->source.family != BARO_FAMILY_IPV6 || (!packet->checksum_verified && packet->gso_size == 0))
        return false;
    ipv6_chain_walk(&chain, packet->whole, false);
    if (chain.headers == 0 || chain.reason != BARO_DROP_NONE || chain.fragment)
        return false;
    at = packet->whole.data + chain.payload_at;
    length = (uint32_t)(packet->whole.length - chain.payload_at);
    if (chain.protocol == IP_PROTOCOL_TCP && packet->gso_size != 0 && length > packet->gso_size)
        return true;
    if (!(chain.protocol == IP_PROTOCOL_TCP && length >= tcp_header_SIZE) &&
        !(chain.protocol == IP_PROTOCOL_UDP && length >= udp_header_SIZE && udp_has_checksum(at)))
        return false;
    sum = checksum_pseudo(packet->source, packet->destination, chain.protocol, length);
    return checksum_fold(checksum_add(sum, at, length)) != 0;
}

/* False: the packet goes nowhere, wherever its destination is. */
static bool may_go_on(struct baro_stack *stack, const struct ip_packet *packet, bool link_group)
{
    if (!link_group && !stays_on_its_link(packet->destination) && address_is_link_local(packet->source)) {
        refuse(stack, packet, &beyond_scope, 0); /* RFC 4443 §3.1 */
        return false;
    }
    if (link_group || stays_on_its_link(packet->source) || stays_on_its_link(packet->destination)) {
        core_drop(&stack->core, BARO_DROP_IP_NOT_FORWARDED);
        return false;
    }
    if (packet->ttl <= 1) {
        refuse(stack, packet, &expired, 0);
        return false;
    }
    if (is_unfinished(packet)) {
        core_drop(&stack->core, BARO_DROP_IPV6_UNFINISHED);
        return false;
    }
    return true;
}

bool forward_stand_in(struct baro_stack *stack, const struct ip_packet *packet)
{
    if (!stack->table.any_destination || packet->to_group || packet->from_loopback ||
        ip_owner(&stack->table, packet->destination) >= 0)
        return true;
    if (packet->ttl <= 1)
        refuse(stack, packet, &expired, 0);
    else if (address_is_link_local(packet->source))
        refuse(stack, packet, &beyond_scope, 0);
    else
        return true;
    return false;
}

void forward_in(struct baro_stack *stack, const struct ip_packet *packet, bool link_group)
{
    const struct baro_address any = { .family = BARO_FAMILY_NONE };
    uint32_t header = (uint32_t)(packet->whole.length - packet->payload.length);
    uint32_t largest = (uint32_t)packet->whole.length, mtu;
    unsigned front = front_of(packet);
    bool super = packet->gso_size != 0 && front != 0 && packet->payload.length - front > packet->gso_size;
    const struct way *way;
    struct intent *intent;
    bool whole;

    if (!may_go_on(stack, packet, link_group))
        return;
    way = way_find(stack, &packet->destination, &any);
    if (!way->found || way->hop.interface == 0) {
        refuse(stack, packet, &no_route, 0);
        return;
    }
    if (way->broadcast) {
        core_drop(&stack->core, BARO_DROP_IP_NOT_FORWARDED);
        return;
    }
    if (super)
        largest = header + front + packet->gso_size;
    mtu = stack->interface[way->hop.interface].mtu;
    whole = packet->source.family == BARO_FAMILY_IPV6 ||
            (read_be16(packet->whole.data + CODEC_AT(ipv4_header, flags_offset)) & IPV4_DONT_FRAGMENT) != 0;
    if (largest > mtu && whole) {
        refuse(stack, packet, &too_big, mtu);
        return;
    }
    intent = intent_add(&stack->core.intents, INTENT_FORWARD);
    if (intent == NULL) {
        core_drop(&stack->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->borrowed = packet->whole;
    intent->as.forward = (struct intent_forward){ .next_hop = way->hop.next_hop,
                                                  .asks = way->asks,
                                                  .interface = way->hop.interface,
                                                  .front = (uint8_t)front,
                                                  .gso_size = super ? packet->gso_size : 0 };
}

/* ---- a packet on its way out ---- */

struct passing {
    const struct intent_forward *forward;
    const uint8_t *ip;                /* as it came, or a segment cut from it */
    bool v6;
    uint8_t protocol;
    struct baro_address source, destination;
    unsigned header_length;           /* of IPv6 without its extension headers */
    uint8_t front[TRANSPORT_LIMIT];   /* the transport header, where it may have to be changed */
    unsigned front_length;
    struct baro_bytes body;           /* what stands behind it, borrowed */
    uint16_t id;
    struct baro_mac mac;
    struct neighbour *entry;
    bool waits;
    bool offload;                     /* the checksum is left to the device */
    uint16_t gso_size;                /* the device cuts */
};

/* The header that goes out, TTL one lower: of a piece that begins at `offset` octets of this packet's payload.
 * Later fragments keep those options that say so. Returns its length. */
static unsigned write_header(const struct passing *passing, uint8_t *to, uint32_t offset, uint32_t length, bool more)
{
    uint16_t flags = read_be16(passing->ip + CODEC_AT(ipv4_header, flags_offset));
    unsigned header = ipv4_header_SIZE;

    if (passing->v6) {
        memcpy(to, passing->ip, ipv6_header_SIZE);
        write_be16(to + CODEC_AT(ipv6_header, payload_length), (uint16_t)length);
        to[CODEC_AT(ipv6_header, hop_limit)]--;
        return ipv6_header_SIZE;
    }
    memcpy(to, passing->ip, ipv4_header_SIZE);
    for (unsigned at = ipv4_header_SIZE; at < passing->header_length;) {
        uint8_t kind = passing->ip[at];
        unsigned octets = kind <= IPV4_OPTION_NOP ? 1 : passing->ip[at + 1];

        if (kind == IPV4_OPTION_END)
            break;
        if (offset == 0 || (kind & OPTION_COPIED) != 0) {
            memcpy(to + header, passing->ip + at, octets);
            header += octets;
        }
        at += octets;
    }
    while (header % 4 != 0)
        to[header++] = IPV4_OPTION_END;
    to[0] = (uint8_t)(4 << 4 | header / 4);
    write_be16(to + CODEC_AT(ipv4_header, total_length), (uint16_t)(header + length));
    write_be16(to + CODEC_AT(ipv4_header, id), passing->id);
    write_be16(to + CODEC_AT(ipv4_header, flags_offset),
               (uint16_t)((flags & ~(unsigned)IPV4_MORE_FRAGMENTS) + offset / 8));
    if (more || (flags & IPV4_MORE_FRAGMENTS) != 0)
        to[CODEC_AT(ipv4_header, flags_offset)] |= IPV4_MORE_FRAGMENTS >> 8;
    to[CODEC_AT(ipv4_header, ttl)]--;
    write_be16(to + CODEC_AT(ipv4_header, checksum), 0);
    write_be16(to + CODEC_AT(ipv4_header, checksum), checksum_fold(checksum_add(0, to, header)));
    return header;
}

/* The payload's octets [at, at + length) in a frame; `more` of this packet follow. */
static void send_piece(struct baro_stack *stack, const struct passing *passing, uint32_t at, uint32_t length, bool more)
{
    const struct baro_device *device = stack->interface[passing->forward->interface].device;
    uint8_t local[STACK_HEADER_LIMIT];
    uint8_t *head = passing->waits ? local : burst_header(stack, passing->forward->interface);
    struct baro_tx_frame frame = { .parts = 1, .gso_size = passing->gso_size };
    uint16_t type = passing->v6 ? ETHERNET_TYPE_IPV6 : ETHERNET_TYPE_IPV4;
    uint32_t front = 0;
    unsigned header;

    TRACE(&stack->core, ETHERNET_OUT, TRACE_M(passing->mac), TRACE_M(device->mac), TRACE_N(type));
    if (head == NULL) {
        core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
        return;
    }
    ethernet_write(head, passing->mac, device->mac, type);
    header = ethernet_header_SIZE + write_header(passing, head + ethernet_header_SIZE, at, length, more);
    if (at < passing->front_length) {
        front = passing->front_length - at < length ? passing->front_length - at : length;
        memcpy(head + header, passing->front + at, front);
    }
    frame.part[0] = (struct baro_bytes){ head, header + front };
    if (length > front) {
        frame.part[1] =
            (struct baro_bytes){ passing->body.data + (at + front - passing->front_length), length - front };
        frame.parts = 2;
    }
    if (passing->gso_size != 0)
        frame.header_length = (uint16_t)(header + front);
    if (passing->offload) {
        frame.checksum_start = (uint16_t)header;
        frame.checksum_offset = passing->protocol == IP_PROTOCOL_TCP ? 16 : 6;
    }
    if (passing->waits)
        message_wait(stack, passing->entry, &frame);
    else
        burst_push(stack, &frame);
}

/* As one packet, or as fragments where it does not fit; forward_in lets no IPv6 through that does not. */
static void send_packet(struct baro_stack *stack, const struct passing *passing)
{
    uint32_t total = passing->front_length + (uint32_t)passing->body.length;
    uint32_t room = stack->interface[passing->forward->interface].mtu - passing->header_length;

    if (total <= room || passing->gso_size != 0 || passing->v6) {
        send_piece(stack, passing, 0, total, false);
        return;
    }
    room &= ~UINT32_C(7);
    for (uint32_t at = 0; at < total; at += room) {
        uint32_t length = total - at < room ? total - at : room;

        if (at != 0) {
            TRACE_GROUP_END(&stack->core);
            TRACE_GROUP_BEGIN(&stack->core);
        }
        TRACE(&stack->core, FRAGMENT_OUT, TRACE_A(passing->destination), TRACE_N(passing->id), TRACE_N(at),
              TRACE_N(length), TRACE_N(at + length != total));
        stack->core.counters.fragments_out++;
        send_piece(stack, passing, at, length, at + length != total);
    }
}

/* Fills in the transport checksum over `front` and `body`, or what the device begins with. */
static void write_checksum(struct passing *passing)
{
    uint8_t protocol = passing->protocol;
    uint8_t *field = passing->front + (protocol == IP_PROTOCOL_TCP ? 16 : 6);
    uint64_t sum = checksum_pseudo(passing->source, passing->destination, protocol,
                                   passing->front_length + (uint32_t)passing->body.length);
    uint16_t value;

    write_be16(field, 0);
    if (passing->offload) {
        write_be16(field, (uint16_t)~checksum_fold(sum));
        return;
    }
    sum = checksum_add(sum, passing->front, passing->front_length);
    value = checksum_fold(checksum_add(sum, passing->body.data, passing->body.length));
    write_be16(field, value == 0 && protocol == IP_PROTOCOL_UDP ? UINT16_MAX : value);
}

/* A super-segment in the pieces that it stands for: FIN and PSH on the last one, CWR on the first (RFC 3168 §6.1.2). */
static void send_segments(struct baro_stack *stack, const struct passing *whole, uint32_t size)
{
    uint32_t total = (uint32_t)whole->body.length, seq = read_be32(whole->front + CODEC_AT(tcp_header, seq));
    uint8_t flags = whole->front[CODEC_AT(tcp_header, flags)];

    for (uint32_t at = 0; at < total; at += size) {
        struct passing piece = *whole;
        uint8_t *piece_flags = &piece.front[CODEC_AT(tcp_header, flags)];

        piece.body.data += at;
        piece.body.length = total - at < size ? total - at : size;
        piece.id = (uint16_t)(whole->id + at / size);
        write_be32(piece.front + CODEC_AT(tcp_header, seq), seq + at);
        *piece_flags = flags;
        if (at + piece.body.length != total)
            *piece_flags &= (uint8_t)~(TCP_FLAG_FIN | TCP_FLAG_PSH);
        if (at != 0) {
            *piece_flags &= (uint8_t)~TCP_FLAG_CWR;
            TRACE_GROUP_END(&stack->core);
            TRACE_GROUP_BEGIN(&stack->core);
        }
        write_checksum(&piece);
        send_packet(stack, &piece);
    }
}

/* What its IP header says. */
static void passing_init(struct passing *passing, const struct intent_forward *forward, const uint8_t *ip)
{
    bool v6 = ip[0] >> 4 == 6;

    *passing = (struct passing){ .forward = forward, .ip = ip, .v6 = v6, .front_length = forward->front };
    passing->header_length = v6 ? ipv6_header_SIZE : (ip[0] & 15U) * 4;
    passing->protocol = ip[v6 ? CODEC_AT(ipv6_header, next_header) : CODEC_AT(ipv4_header, protocol)];
    passing->source =
        v6 ? read_ipv6(ip + CODEC_AT(ipv6_header, source)) : read_ipv4(ip + CODEC_AT(ipv4_header, source));
    passing->destination = v6 ? read_ipv6(ip + CODEC_AT(ipv6_header, destination))
                              : read_ipv4(ip + CODEC_AT(ipv4_header, destination));
    passing->id = v6 ? 0 : read_be16(ip + CODEC_AT(ipv4_header, id));
}

void forward_out(struct baro_stack *stack, const struct intent *intent)
{
    const struct intent_forward *forward = &intent->as.forward;
    const struct baro_device *device = stack->interface[forward->interface].device;
    const uint8_t *ip = intent->borrowed.data;
    uint32_t mtu = stack->interface[forward->interface].mtu, headers;
    struct passing passing;
    bool able;

    passing_init(&passing, forward, ip);
    headers = passing.header_length + passing.front_length;
    passing.body = (struct baro_bytes){ ip + headers, intent->borrowed.length - headers };
    if (forward->front != 0)
        memcpy(passing.front, ip + passing.header_length, forward->front);
    passing.waits = !neighbour_resolve(&stack->neighbours, forward->interface, forward->next_hop, forward->asks,
                                       &passing.mac, &passing.entry);
    TRACE_GROUP_BEGIN(&stack->core);
    TRACE(&stack->core, FORWARDED, TRACE_A(passing.source), TRACE_A(passing.destination), TRACE_A(forward->next_hop),
          TRACE_N(forward->interface),
          TRACE_N(ip[passing.v6 ? CODEC_AT(ipv6_header, hop_limit) : CODEC_AT(ipv4_header, ttl)] - 1));
    stack->core.counters.ip_forwarded++;
    able = !passing.waits && forward->front != 0 && (device->capabilities & BARO_DEVICE_TX_CHECKSUM) != 0;
    if (forward->gso_size == 0) {
        passing.offload = able && intent->borrowed.length <= mtu;
        if (forward->front != 0)
            write_checksum(&passing);
        send_packet(stack, &passing);
    } else if (able && (device->capabilities & BARO_DEVICE_TSO) != 0 && headers + forward->gso_size <= mtu) {
        passing.offload = true;
        passing.gso_size = forward->gso_size;
        write_checksum(&passing);
        send_packet(stack, &passing);
    } else {
        send_segments(stack, &passing, forward->gso_size);
    }
    TRACE_GROUP_END(&stack->core);
}

/* ---- nobody at the next hop ---- */

bool forward_failed(struct baro_stack *stack, struct baro_bytes packet)
{
    struct ip_packet failed = { .whole = packet }; /* as much of it as an error looks at */

    if (!stack->table.forwarding)
        return false;
    if (packet.length >= ipv4_header_SIZE && packet.data[0] >> 4 == 4) {
        unsigned header = (packet.data[0] & 15U) * 4;

        failed.source = read_ipv4(packet.data + CODEC_AT(ipv4_header, source));
        failed.protocol = packet.data[CODEC_AT(ipv4_header, protocol)];
        failed.payload = (struct baro_bytes){ packet.data + header, packet.length - header };
    } else if (packet.length >= ipv6_header_SIZE && packet.data[0] >> 4 == 6) {
        failed.source = read_ipv6(packet.data + CODEC_AT(ipv6_header, source));
    }
    /* No link-local address is passed on: it is ours, on a link that the packet does not name. */
    if (failed.source.family == BARO_FAMILY_NONE || address_is_link_local(failed.source) ||
        ip_owner(&stack->table, failed.source) >= 0)
        return false;
    refuse(stack, &failed, &nobody_there, 0);
    return true;
}
