/* src/message.c: the way down, lower half: a message becomes packets, packets become frames.
 *
 * A message gets its route, path MTU, IP header and MAC address here, its checksum unless the device does that,
 * and is cut where it must be: a TCP super-segment into segments when the device cannot, a datagram into
 * fragments. A packet whose neighbour is not known yet is copied and waits there. */
#include "stack.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "codec/icmpv6.h"
#include "codec/ipv4.h"
#include "codec/tcp.h"
#include "ethernet/frame.h"
#include "transport/ping.h"
#include "transport/udp/udp.h"

/* A message on its way to becoming frames. */
struct outgoing {
    const struct ip_message *message;
    struct ip_hop hop;
    uint32_t mtu;            /* of the path */
    uint32_t payload;        /* octets behind the transport header */
    struct baro_mac mac;
    struct neighbour *entry; /* not NULL: its answer is waited for */
    bool waits;
};

static uint32_t payload_of(const struct ip_message *message)
{
    uint32_t octets = 0;

    for (unsigned i = 0; i < message->parts; i++)
        octets += (uint32_t)message->part[i].length;
    return octets;
}

/* The octets [offset, offset + length) of the payload in up to two parts. */
static unsigned slice(const struct ip_message *message, uint32_t offset, uint32_t length, struct baro_bytes *part)
{
    unsigned parts = 0;

    for (unsigned i = 0; i < message->parts && length != 0; i++) {
        uint32_t here = (uint32_t)message->part[i].length;
        uint32_t take;

        if (offset >= here) {
            offset -= here;
            continue;
        }
        take = here - offset < length ? here - offset : length;
        part[parts++] = (struct baro_bytes){ message->part[i].data + offset, take };
        length -= take;
        offset = 0;
    }
    return parts;
}

static uint64_t sum_parts(uint64_t sum, const struct baro_bytes *part, unsigned parts)
{
    bool odd = false;

    for (unsigned i = 0; i < parts; i++) {
        uint64_t piece = checksum_add(0, part[i].data, part[i].length);

        sum += odd ? checksum_swap(piece) : piece;
        odd ^= (part[i].length & 1) != 0;
    }
    return sum;
}

/* Writes the transport checksum of `header` over itself and the parts. ICMP's and IGMP's have no pseudo-header. */
static void fill_checksum(const struct ip_message *message, uint8_t *header, const struct baro_bytes *part,
                          unsigned parts, uint32_t payload, bool offload)
{
    uint64_t sum = 0;
    uint16_t value;

    if (message->checksum_none)
        return;
    if (message->protocol != IP_PROTOCOL_ICMP && message->protocol != IP_PROTOCOL_IGMP)
        sum = checksum_pseudo(message->source, message->destination, message->protocol,
                              message->header_length + payload);
    if (offload) {
        write_be16(header + message->checksum_offset, (uint16_t)~checksum_fold(sum));
        return;
    }
    assert(message->header_length % 2 == 0);
    value = checksum_fold(sum_parts(checksum_add(sum, header, message->header_length), part, parts));
    if (value == 0 && message->protocol == IP_PROTOCOL_UDP)
        value = UINT16_MAX; /* RFC 768: zero means "none" */
    write_be16(header + message->checksum_offset, value);
}

/* ---- one packet ---- */

void message_wait(struct baro_stack *stack, struct neighbour *entry, const struct baro_tx_frame *frame)
{
    struct pending *pending;
    uint32_t length = 0;

    for (unsigned i = 0; i < frame->parts; i++)
        length += (uint32_t)frame->part[i].length;
    pending = entry == NULL ? NULL : neighbour_wait(&stack->neighbours, entry, length);
    if (entry == NULL)
        core_drop(&stack->core, BARO_DROP_NEIGHBOUR_QUEUE_FULL);
    if (pending == NULL)
        return;
    length = 0;
    for (unsigned i = 0; i < frame->parts; i++) {
        if (frame->part[i].length != 0)
            memcpy(pending->octets + length, frame->part[i].data, frame->part[i].length);
        length += (uint32_t)frame->part[i].length;
    }
}

/* A frame is written: to its device, to ourselves, or to where it waits. */
static void hand_over(struct baro_stack *stack, const struct outgoing *out, struct baro_tx_frame *frame)
{
    if (out->hop.interface == 0) {
        if (!loopback_push(stack, frame))
            core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
        return;
    }
    if (out->waits)
        message_wait(stack, out->entry, frame);
    else
        burst_push(stack, frame);
}

static uint16_t type_of(const struct ip_message *message)
{
    return message->destination.family == BARO_FAMILY_IPV4 ? ETHERNET_TYPE_IPV4 : ETHERNET_TYPE_IPV6;
}

static void trace_packet(struct baro_stack *stack, const struct outgoing *out, const struct ip_piece *piece)
{
    const struct ip_message *message = out->message;
    struct core *core = &stack->core;
    uint32_t length = ip_header_length(message, piece) + piece->length;

    if (piece->more || piece->offset != 0)
        TRACE(core, FRAGMENT_OUT, TRACE_A(message->destination), TRACE_N(piece->id), TRACE_N(piece->offset),
              TRACE_N(piece->length), TRACE_N(piece->more));
    TRACE(core, IP_OUT, TRACE_A(message->source), TRACE_A(message->destination), TRACE_N(message->protocol),
          TRACE_N(message->ttl), TRACE_N(length), TRACE_N(piece->id),
          TRACE_N(piece->dont_fragment));
    TRACE(core, ROUTE, TRACE_A(message->destination), TRACE_A(out->hop.next_hop), TRACE_N(out->hop.interface),
          TRACE_N(out->hop.prefix_length), TRACE_N(out->mtu));
    if (out->hop.interface == 0)
        TRACE(core, LOOPBACK, TRACE_A(message->destination), TRACE_N(length));
    else
        TRACE(core, ETHERNET_OUT, TRACE_M(out->mac), TRACE_M(stack->interface[out->hop.interface].device->mac),
              TRACE_N(type_of(message)));
}

/* One IP packet: `header_length` octets of transport header, then `parts`. `checksum`: fill it in, or leave it to the
 * device if that can. `gso_size`: the device cuts. */
static void send_packet(struct baro_stack *stack, const struct outgoing *out, const struct ip_piece *piece,
                        const uint8_t *header, unsigned header_length, const struct baro_bytes *part,
                        unsigned parts, uint16_t gso_size, bool checksum)
{
    const struct ip_message *message = out->message;
    const struct baro_device *device = stack->interface[out->hop.interface].device;
    bool offload = checksum && device != NULL && !out->waits && !message->checksum_none &&
                   (message->protocol == IP_PROTOCOL_TCP || message->protocol == IP_PROTOCOL_UDP) &&
                   (device->capabilities & BARO_DEVICE_TX_CHECKSUM) != 0;
    uint8_t local[STACK_HEADER_LIMIT];
    uint8_t *head = out->waits || device == NULL ? local : burst_header(stack, out->hop.interface);
    struct baro_tx_frame frame = { .parts = 1 + parts, .gso_size = gso_size };
    uint32_t headers = (uint32_t)ethernet_header_SIZE + ip_header_length(message, piece);

    trace_packet(stack, out, piece);
    stack->core.counters.ip_out++;
    if (head == NULL) {
        core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
        return;
    }
    ethernet_write(head, out->mac, device == NULL ? (struct baro_mac){ { 0 } } : device->mac, type_of(message));
    ip_write(message, piece, head + ethernet_header_SIZE);
    memcpy(head + headers, header, header_length);
    if (checksum)
        fill_checksum(message, head + headers, part, parts, piece->length - header_length, offload);
    if (gso_size != 0)
        frame.header_length = (uint16_t)(headers + header_length);
    if (offload) {
        frame.checksum_start = (uint16_t)headers;
        frame.checksum_offset = message->checksum_offset;
    }
    frame.part[0] = (struct baro_bytes){ head, headers + header_length };
    for (unsigned i = 0; i < parts; i++)
        frame.part[1 + i] = part[i];
    hand_over(stack, out, &frame);
}

/* The group of the last packet ends, that of the next begins. */
static void next_group(struct baro_stack *stack)
{
    TRACE_GROUP_END(&stack->core);
    TRACE_GROUP_BEGIN(&stack->core);
}

/* A super-segment in pieces: FIN and PSH only on the last, CWR only on the first (RFC 3168 §6.1.2). */
static void send_segments(struct baro_stack *stack, const struct outgoing *out, uint32_t size)
{
    const struct ip_message *message = out->message;
    uint8_t header[sizeof message->header], *header_flags = &header[CODEC_AT(tcp_header, flags)];
    uint32_t seq = read_be32(message->header + CODEC_AT(tcp_header, seq));
    uint8_t flags = message->header[CODEC_AT(tcp_header, flags)];

    memcpy(header, message->header, message->header_length);
    for (uint32_t at = 0; at < out->payload; at += size) {
        uint32_t length = out->payload - at < size ? out->payload - at : size;
        const struct ip_piece piece = { .length = message->header_length + length, .dont_fragment = true };
        struct baro_bytes part[2];
        unsigned parts = slice(message, at, length, part);

        write_be32(header + CODEC_AT(tcp_header, seq), seq + at);
        *header_flags = flags;
        if (at + length != out->payload)
            *header_flags &= (uint8_t)~(TCP_FLAG_FIN | TCP_FLAG_PSH);
        if (at != 0) {
            *header_flags &= (uint8_t)~TCP_FLAG_CWR;
            next_group(stack);
        }
        send_packet(stack, out, &piece, header, message->header_length, part, parts, 0, true);
    }
}

/* IPv4 must not repeat one within a packet's life (RFC 6864); IPv6 has bits enough to draw it (RFC 7739 §5.1). */
static uint32_t next_id(struct baro_stack *stack, const struct ip_message *message)
{
    if (message->destination.family == BARO_FAMILY_IPV6)
        return (uint32_t)random_u64(&stack->core.random);
    return ip_id_next(&stack->ids, message->source, message->destination, message->protocol);
}

static void send_fragments(struct baro_stack *stack, const struct outgoing *out)
{
    const struct ip_message *message = out->message;
    uint32_t total = message->header_length + out->payload;
    uint8_t header[sizeof message->header];
    struct ip_piece piece = { .id = next_id(stack, message), .more = true };
    uint32_t size = (out->mtu - ip_header_length(message, &piece)) & ~UINT32_C(7);

    memcpy(header, message->header, message->header_length);
    fill_checksum(message, header, message->part, message->parts, out->payload, false);
    for (uint32_t at = 0; at < total; at += size) {
        unsigned header_length = at == 0 ? message->header_length : 0;
        struct baro_bytes part[2];
        unsigned parts;

        piece.offset = at;
        piece.length = total - at < size ? total - at : size;
        piece.more = at + piece.length != total;
        parts = slice(message, at == 0 ? 0 : at - message->header_length, piece.length - header_length, part);
        if (at != 0)
            next_group(stack);
        stack->core.counters.fragments_out++;
        send_packet(stack, out, &piece, header, header_length, part, parts, 0, false);
    }
}

/* ---- one message ---- */

/* Route, permission and neighbour of a message; false: dropped. */
static bool find_way(struct baro_stack *stack, struct outgoing *out)
{
    const struct ip_message *message = out->message;
    struct baro_address destination = message->destination;
    struct way by_interface;
    const struct way *way = &by_interface;

    if (message->interface == 0)
        way = way_find(stack, &destination, &message->source);
    else
        way_ask(&stack->table, destination, message->source, message->interface, &by_interface);
    out->hop = way->hop;
    if (!way->found) {
        core_drop(&stack->core, BARO_DROP_IP_NO_ROUTE);
        return false;
    }
    out->mtu = interface_mtu(&stack->interface[out->hop.interface], destination.family);
    if (out->hop.interface == 0)
        return true;
    if (way->broadcast) {
        if (!message->broadcast_allowed) {
            core_drop(&stack->core, BARO_DROP_IP_BROADCAST_REFUSED);
            return false;
        }
        out->mac = ethernet_broadcast_mac();
        return true;
    }
    if (address_is_multicast(destination)) {
        out->mac = ethernet_group_mac(destination);
        return true;
    }
    if (!message->ignore_path_mtu)
        out->mtu = path_mtu_get(&stack->path_mtus, destination, out->mtu);
    if (out->message->doubt)
        neighbour_doubt(&stack->neighbours, out->hop.interface, out->hop.next_hop);
    out->waits = !neighbour_resolve(&stack->neighbours, out->hop.interface, out->hop.next_hop, way->asks,
                                    &out->mac, &out->entry);
    if (message->progress && out->entry != NULL)
        neighbour_progress(&stack->neighbours, out->entry);
    return true;
}

static void too_big(struct baro_stack *stack, const struct outgoing *out)
{
    const struct ip_message *message = out->message;
    bool v6 = message->destination.family == BARO_FAMILY_IPV6;
    uint8_t type = v6 ? (uint8_t)ICMPV6_PACKET_TOO_BIG : (uint8_t)ICMP_UNREACHABLE;
    uint8_t code = v6 ? (uint8_t)0 : (uint8_t)ICMP_FRAGMENTATION_NEEDED;

    const struct icmp_error error = { .type = type,
                                      .code = code,
                                      .protocol = message->protocol,
                                      .local = message->source,
                                      .remote = message->destination,
                                      .reported_mtu = out->mtu,
                                      .length = UINT16_MAX,
                                      .transport = { message->header, message->header_length } };

    core_drop(&stack->core, BARO_DROP_IP_TOO_BIG);
    if (message->protocol == IP_PROTOCOL_UDP)
        udp_icmp_error(stack->udp, &error);
    else if (ip_protocol_is_icmp(message->protocol))
        ping_icmp_error(stack->pings, &error);
}

/* As one packet, as TCP segments, or as fragments. */
static void send_out(struct baro_stack *stack, const struct outgoing *out)
{
    const struct ip_message *message = out->message;
    const struct baro_device *device = stack->interface[out->hop.interface].device;
    struct ip_piece piece = { .length = message->header_length + out->payload,
                              .dont_fragment = message->dont_fragment };
    uint32_t headers = ip_header_length(message, &piece) + message->header_length;
    uint32_t total = headers + out->payload;
    /* IPv4 counts its header, IPv6 does not (RFC 791 §3.1, RFC 8200 §3). */
    uint32_t counted = message->destination.family == BARO_FAMILY_IPV4 ? total : piece.length;
    uint32_t size = message->gso_size != 0 ? message->gso_size : out->payload;
    bool device_cuts = device == NULL ||
                       (!out->waits && (device->capabilities & BARO_DEVICE_TSO) != 0 && headers + size <= out->mtu);

    if (counted > UINT16_MAX || headers >= out->mtu) {
        too_big(stack, out);
    } else if (message->protocol == IP_PROTOCOL_TCP && out->payload > size && !device_cuts) {
        send_segments(stack, out, headers + size > out->mtu ? out->mtu - headers : size);
    } else if (total > out->mtu && message->protocol == IP_PROTOCOL_TCP && out->payload <= size) {
        send_segments(stack, out, out->mtu - headers); /* the path became narrower than TCP knew */
    } else if (total > out->mtu && message->protocol != IP_PROTOCOL_TCP) {
        if (message->dont_fragment)
            too_big(stack, out);
        else
            send_fragments(stack, out);
    } else {
        if (!message->dont_fragment && message->destination.family == BARO_FAMILY_IPV4)
            piece.id = next_id(stack, message);
        send_packet(stack, out, &piece, message->header, message->header_length, message->part, message->parts,
                    out->payload > size ? (uint16_t)size : 0, true);
    }
}

/* To a group on this host only: TTL 0 (RFC 1112 §6.1), or a scope no larger than the interface (RFC 4291 §2.7). */
static bool stays_on_host(const struct ip_message *message)
{
    struct baro_address to = message->destination;

    return address_is_multicast(to) &&
           (message->ttl == 0 || (to.family == BARO_FAMILY_IPV6 && (to.octet[1] & 0x0f) <= 1));
}

void message_send(struct baro_stack *stack, const struct ip_message *message)
{
    struct outgoing out = { .message = message, .payload = payload_of(message) };
    bool looped;

    if (!find_way(stack, &out))
        return;
    looped = message->multicast_loop && address_is_multicast(message->destination) &&
             ip_is_member(&stack->table, out.hop.interface, message->destination);
    if (message->fragment_size != 0 && message->fragment_size < out.mtu)
        out.mtu = message->fragment_size;
    if (!stays_on_host(message))
        send_out(stack, &out);
    else if (!looped)
        core_drop(&stack->core, BARO_DROP_IP_GROUP_STAYS);
    if (looped) {
        struct outgoing copy = { .message = message, .payload = out.payload, .mtu = UINT16_MAX };

        copy.hop.next_hop = message->destination;
        if (!stays_on_host(message))
            next_group(stack);
        send_out(stack, &copy);
    }
}
