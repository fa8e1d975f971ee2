/* src/fast_output.c: the fast path out: the expected segment of TCP, from its intent to the burst.
 *
 * The slow path (transmit.c, message.c) makes a message, then packets, then frames, and asks at each step what may have
 * changed. Most segments are not worth the questions: a synchronised connection sends new text or an ACK, to a
 * neighbour whose MAC address is known, by a route that was used a moment ago. For those the headers in front of TCP's
 * stand ready in the way (way.h), with their sums; TCP writes its own right behind them (output_fast.c), and the
 * checksums are made of sums that are known, and the text's.
 *
 * Everything is looked at before anything is changed. What is not as expected goes the slow path, with nothing touched;
 * so does everything while a trace or a capture wants to be told. A message that TCP has made the slow path (a SYN,
 * what is sent again) turns in here for the rest of it, if IP has nothing to decide about it. Both ways put the same
 * octets into the same frames and leave the same state behind: test/sim/fast_path_test.c compares them.
 *
 * What the slow path asks, and why it need not be asked here:
 *
 *     route, broadcast, MTU, hop limit    stand still with the table's counter of changes
 *     path MTU                            with that of path MTUs, until a lowered one is tried again
 *     neighbour                           its entry is looked at each time: REACHABLE, PROBE and FIXED change by
 *                                         timers and packets only, never by a frame that leaves (ethernet/neighbour.h)
 *     too large? to be cut?               TCP's segments fit where the path MTU is the one that it knows and no
 *                                         packet is smaller than the least segment with its headers
 *                                         (FAST_LEAST_MTU)
 *     IPv4's identification               0: nothing here may be fragmented (RFC 6864) */
#include "fast_output.h"

#include "codec/tcp.h"
#include "transport/tcp/sums.h"
#include "transport/tcp/tcp.h"

enum {
    FAST_LEAST_MTU = 256, /* well above TCP's least segment, 88 octets of text and options, with 60 of headers */
    TCP_SEQ_AT = 4, TCP_FLAGS_AT = 13
};

/* ---- what stands in front ---- */

static void write_headers(struct fast_path *fast, const struct way *way, struct baro_mac from)
{
    const struct ip_message message = { .source = way->wanted, .destination = way->destination,
                                        .protocol = IP_PROTOCOL_TCP, .ttl = fast->path.hop_limit };
    const struct ip_piece piece = { .dont_fragment = true };
    bool v6 = way->destination.family == BARO_FAMILY_IPV6;
    uint8_t *ip = fast->headers + ethernet_header_SIZE;

    ethernet_write(fast->headers, fast->entry->mac, from, v6 ? ETHERNET_TYPE_IPV6 : ETHERNET_TYPE_IPV4);
    ip_write(&message, &piece, ip);
    fast->length = (uint16_t)(ethernet_header_SIZE + ip_header_length(&message, &piece));
    fast->sum_of_pseudo = (uint16_t)~checksum_fold(checksum_pseudo(way->wanted, way->destination, IP_PROTOCOL_TCP, 0));
    if (v6)
        return;
    write_be16(ip + IPV4_CHECKSUM_AT, 0);
    fast->first_of_ip = 0;
    fast->sum_of_ip =
        (uint16_t)~checksum_fold(checksum_add(0, ip + sizeof(uint32_t), ipv4_header_SIZE - sizeof(uint32_t)));
}

/* Can this way be a fast one? Keeps what it needs. */
static bool prepare(struct baro_stack *stack, struct way *way)
{
    struct fast_path *fast = &way->fast;
    const struct interface *interface = &stack->interface[way->hop.interface];
    uint32_t link_mtu;

    fast->entry = NULL;
    fast->until = (struct baro_instant){ INT64_MIN };
    if (!way->found || way->hop.interface == 0 || way->broadcast || address_is_multicast(way->destination) ||
        way->wanted.family != way->destination.family || !address_equal(way->hop.source, way->wanted))
        return false;
    link_mtu = interface_mtu(interface, way->destination.family);
    fast->path = (struct ip_path){ .source = way->wanted, /* TCP asks for no link MTU */
                                       .super_segment = SUPER_SEGMENT_MOST,
                                       .hop_limit = interface_hop_limit(interface, way->destination.family),
                                       .mtu = path_mtu_get(&stack->path_mtus, way->destination, link_mtu),
                                       .sums = (interface->device->capabilities & BARO_DEVICE_TX_CHECKSUM) == 0 };
    if (fast->path.mtu < FAST_LEAST_MTU)
        return false;
    fast->device = interface->device;
    fast->entry = neighbour_ready(&stack->neighbours, way->hop.interface, way->hop.next_hop);
    if (fast->entry == NULL)
        return false;
    write_headers(fast, way, interface->device->mac);
    fast->stamp = fast_stamp(stack);
    fast->until = path_mtu_until(&stack->path_mtus, way->destination);
    return true;
}

/* One that was not the last; NULL: it is no fast one now. */
__attribute__((noinline)) struct way *fast_find_other(struct baro_stack *stack, const struct baro_address *source,
                                                      const struct baro_address *destination)
{
    struct way *way = way_find(stack, destination, source);

    if (!fast_is_good(stack, &way->fast) && !prepare(stack, way))
        return NULL;
    stack->recent = way;
    stack->recent_for = HANDLE_NONE;
    return neighbour_is_ready(way->fast.entry) ? way : NULL;
}

/* ---- a frame ---- */

/* What the program wants in place of the path's. */
__attribute__((noinline)) void fast_write_ttl(const struct fast_path *fast, uint8_t ttl, uint8_t *ip)
{
    const uint32_t sum = fast->sum_of_ip + fast->first_of_ip + ((uint32_t)ttl << 8) +
                         (UINT16_MAX - ((uint32_t)ip[IPV4_TTL_AT] << 8));

    ip[IPV4_TTL_AT] = ttl;
    write_be16(ip + IPV4_CHECKSUM_AT, fast_fold(sum));
}

/* Around the ring's end, or of which the sums are known. */
__attribute__((noinline)) uint64_t fast_sum_of_other(const struct tcp_fast *segment)
{
    const struct baro_bytes *part = segment->part;
    uint64_t second;

    if (segment->text_sums != 0)
        return text_sums_total(segment->text_sum, segment->text_sums, segment->size);
    second = checksum_add(0, part[1].data, part[1].length);
    return checksum_add(0, part[0].data, part[0].length) + ((part[0].length & 1) != 0 ? checksum_swap(second) : second);
}

/* ---- a segment, or one that must be cut ---- */

/* Of a connection, whose addresses stay while its handle does. Where its place in the table of ways was taken by
 * another one nothing takes the fast path. */
ALWAYS_INLINE struct way *find_for(struct baro_stack *stack, struct handle connection, const struct tcp_fast *segment)
{
    struct way *way = stack->recent;
    const struct baro_endpoint *local, *remote;

    if (LIKELY(handle_equal(stack->recent_for, connection)) && fast_is_one(stack, way))
        return way;
    tcp_fast_ends(segment, &local, &remote);
    way = fast_find(stack, &local->address, &remote->address);
    stack->recent_for = way != NULL ? connection : HANDLE_NONE;
    return way;
}

/* The next `length` octets of `rest`, which loses them. */
static unsigned take(struct baro_bytes rest[2], uint32_t length, struct baro_bytes part[2])
{
    size_t first = rest[0].length;

    part[0] = (struct baro_bytes){ rest[0].data, length };
    if (first > length) {
        rest[0] = (struct baro_bytes){ rest[0].data + length, first - length };
        return 1;
    }
    part[0].length = first;
    length -= (uint32_t)first;
    part[1] = (struct baro_bytes){ rest[1].data, length };
    rest[0] = (struct baro_bytes){ rest[1].data + length, rest[1].length - length };
    return length == 0 ? 1 : 2;
}

/* A super-segment in pieces, PSH only on the last (message.c: FIN and CWR never come this way). All but the last have
 * the same headers, which are made once, but for sequence number and checksum. TCP's is written already, for the first
 * one. */
static __attribute__((noinline)) void cut(struct baro_stack *stack, struct way *way, const struct tcp_fast *segment,
                                          uint8_t *head)
{
    struct fast_path *fast = &way->fast;
    const uint32_t seq = read_be32(segment->header + TCP_SEQ_AT);
    const uint8_t push_flag = segment->header[TCP_FLAGS_AT] & TCP_FLAG_PSH;
    struct baro_bytes rest[2] = { segment->part[0], { segment->part[0].data, 0 } };
    const uint64_t push_sum = words_number((uint32_t)push_flag << 16);
    uint64_t sum = segment->sum - words_number(seq) - push_sum;
    struct tcp_fast piece = *segment;
    uint8_t front[ethernet_header_SIZE + ipv6_header_SIZE + TCP_FAST_HEADER], *tcp = front + fast->length;

    if (segment->parts == 2)
        rest[1] = segment->part[1];
    piece.text_sums = segment->text_sums != 0;
    piece.length = segment->size;
    memcpy(tcp, segment->header, TCP_FAST_HEADER);
    tcp[TCP_FLAGS_AT] ^= push_flag;
    fast_write_front(fast, &piece, front);
    for (uint32_t at = 0, left = segment->length; left != 0; at += piece.length, left -= piece.length) {
        if (left <= segment->size) {
            piece.length = left;
            tcp[TCP_FLAGS_AT] |= push_flag;
            sum += push_sum;
            fast_write_front(fast, &piece, front);
        }
        piece.parts = take(rest, piece.length, piece.part);
        piece.sum = sum + words_number(seq + at);
        if (at != 0 && piece.text_sums != 0)
            piece.text_sum++;
        if (at != 0)
            head = fast_room(stack, way) == 0 ? NULL : stack->burst.header[stack->burst.count];
        if (head == NULL) {
            stack->core.counters.ip_out++;
            core_drop(&stack->core, BARO_DROP_TX_RING_FULL);
            continue;
        }
        memcpy(head, front, sizeof front);
        write_be32(head + fast->length + TCP_SEQ_AT, seq + at); /* not in front of the copy, which would wait for it */
        fast_push(stack, way, &piece, head, 0);
    }
}

/* More than a full-sized segment. */
static __attribute__((noinline)) void send_large(struct baro_stack *stack, struct way *way,
                                                 const struct tcp_fast *segment, uint8_t *head)
{
    if ((way->fast.device->capabilities & BARO_DEVICE_TSO) == 0) {
        cut(stack, way, segment, head);
        return;
    }
    fast_write_front(&way->fast, segment, head);
    fast_push(stack, way, segment, head, (uint16_t)segment->size);
}

ALWAYS_INLINE void send(struct baro_stack *stack, struct way *way, const struct tcp_fast *segment, uint8_t *head)
{
    neighbour_goes(&stack->neighbours, way->fast.entry, &way->asks);
    if (segment->progress)
        neighbour_progress(&stack->neighbours, way->fast.entry);
    if (UNLIKELY(segment->length > segment->size)) {
        send_large(stack, way, segment, head);
        return;
    }
    fast_write_front(&way->fast, segment, head);
    fast_push(stack, way, segment, head, 0);
}

/* ---- intents ---- */

enum fast_verdict fast_output(struct baro_stack *stack, struct handle connection)
{
    struct tcp_fast segment;
    enum tcp_fast_verdict verdict = tcp_fast_begin(stack->tcp, connection, &segment);
    struct way *way;

    if (verdict != TCP_FAST_MORE)
        return verdict == TCP_FAST_NOTHING ? FAST_DONE : FAST_DECLINED;
    way = find_for(stack, connection, &segment);
    if (UNLIKELY(way == NULL))
        return FAST_DECLINED;
    do {
        unsigned room = fast_room(stack, way);
        uint8_t *head = stack->burst.header[stack->burst.count];

        if (UNLIKELY(room == 0))
            return tcp_fast_has_nothing(&segment) ? FAST_DONE : FAST_WAITS;
        way->fast.path.room = transmit_room(way->fast.device, room);
        segment.header = head + way->fast.length;
        verdict = tcp_fast_segment(stack->tcp, &way->fast.path, &segment);
        if (UNLIKELY(verdict == TCP_FAST_DECLINED))
            return FAST_DECLINED;
        if (verdict == TCP_FAST_NOTHING)
            return FAST_DONE;
        send(stack, way, &segment, head);
    } while (verdict == TCP_FAST_MORE);
    return FAST_DONE;
}

enum fast_verdict fast_control(struct baro_stack *stack, const struct intent *intent)
{
    const struct intent_tcp_control *control = &intent->as.tcp;
    struct way *way = fast_find(stack, &control->local.address, &control->remote.address);
    struct tcp_fast segment;
    uint8_t *head;

    if (UNLIKELY(way == NULL))
        return FAST_DECLINED;
    if (UNLIKELY(fast_room(stack, way) == 0))
        return FAST_WAITS;
    head = stack->burst.header[stack->burst.count];
    segment.header = head + way->fast.length;
    if (!tcp_fast_control(stack->tcp, intent, &segment))
        return FAST_DECLINED;
    send(stack, way, &segment, head);
    return FAST_DONE;
}

/* ---- messages of the slow path ---- */

/* Is there nothing about it that only message.c knows to do? */
static bool is_plain(const struct ip_message *message, const struct fast_path *fast)
{
    bool v6 = message->destination.family == BARO_FAMILY_IPV6;
    size_t octets = message->header_length;

    for (unsigned i = 0; i < message->parts; i++)
        octets += message->part[i].length;
    return message->gso_size == 0 && message->ttl != 0 && !message->doubt && message->dont_fragment &&
           !message->ignore_path_mtu && message->interface == 0 && message->fragment_size == 0 &&
           octets + (v6 ? (size_t)ipv6_header_SIZE : (size_t)ipv4_header_SIZE) <= fast->path.mtu;
}

bool fast_message(struct baro_stack *stack, const struct ip_message *message)
{
    struct way *way = fast_find(stack, &message->source, &message->destination);
    struct tcp_fast segment;
    uint8_t *head;

    if (way == NULL || !is_plain(message, &way->fast) || fast_room(stack, way) == 0)
        return false;
    head = stack->burst.header[stack->burst.count];
    memcpy(head + way->fast.length, message->header, message->header_length);
    segment.header_length = message->header_length;
    segment.flow_label = message->flow_label;
    segment.ttl = message->ttl;
    segment.tos = message->tos;
    segment.progress = message->progress;
    segment.parts = message->parts;
    segment.text_sums = 0;
    segment.sum = segment.length = 0;
    for (unsigned i = 0; i < message->header_length; i += 4)
        segment.sum += words_number(read_be32(message->header + i));
    for (unsigned i = 0; i < message->parts; i++) {
        segment.part[i] = message->part[i];
        segment.length += (uint32_t)message->part[i].length;
    }
    segment.size = segment.length;
    send(stack, way, &segment, head);
    return true;
}
