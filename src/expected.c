/* expected.c: see expected.h. Each test is one of the slow path's: ethernet/frame.c, ip/input.c,
 * ip/input_v6.c, forward.c. */
#include "expected.h"

#include "base/min.h"
#include "base/inline.h"
#include "base/prefetch.h"
#include "base/likely.h"
#include "base/words.h"
#include "codec/ethernet.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "codec/tcp.h"
#include "expected_same.h"
#include "steer.h"
#include "transport/tcp/tcp.h"

enum { IPV4_ADDRESSES = 12, IPV6_ADDRESSES = 8, IPV4_PLAIN = 0x45, ARRIVED_ALIVE = 2 };

/* An Ethernet header that was looked at; type 0: there is none. */
struct expected_front {
    const uint8_t *at;
    uint16_t type;
};

/* Have both the same Ethernet header? */
static inline bool is_same_header(const uint8_t *one, const uint8_t *other)
{
    uint64_t first, last, other_first, other_last;

    memcpy(&first, one, sizeof first);
    memcpy(&other_first, other, sizeof first);
    memcpy(&last, one + ethernet_header_SIZE - sizeof last, sizeof last);
    memcpy(&other_last, other + ethernet_header_SIZE - sizeof last, sizeof last);
    return ((first ^ other_first) | (last ^ other_last)) == 0;
}

/* To `own`, from somebody else who is no group, without a tag: the type field, else 0. NULL: nobody asks, as from the
 * loopback. `front`: of a burst the last header of which this was found, mostly that of the next frame, too. */
static inline uint16_t type_of(const struct baro_rx_frame *frame, const struct baro_mac *own,
                               struct expected_front *front)
{
    const uint8_t *to = frame->data, *from = to + sizeof own->octet;

    if (UNLIKELY(frame->length < ethernet_header_SIZE))
        return 0;
    if (front->type != 0 && LIKELY(is_same_header(frame->data, front->at)))
        return front->type;
    if (own != NULL && UNLIKELY(memcmp(to, own->octet, sizeof own->octet) != 0 ||
                                memcmp(from, own->octet, sizeof own->octet) == 0 || mac_is_group(read_mac(from))))
        return 0;
    *front = (struct expected_front){ to, read_be16(to + 12) };
    return front->type;
}

/* A whole packet with a right sum and no options, that a gateway would take too (forward_stand_in()). */
ALWAYS_INLINE bool read_ipv4_packet(struct tcp_arrival *segment, const uint8_t *at, size_t length)
{
    uint32_t total;

    if (UNLIKELY(length < ipv4_header_SIZE + tcp_header_SIZE || at[0] != IPV4_PLAIN || at[9] != IP_PROTOCOL_TCP))
        return false;
    total = read_be16(at + 2);
    if (UNLIKELY(total > length || total < ipv4_header_SIZE + tcp_header_SIZE || at[8] < ARRIVED_ALIVE ||
                 (read_be16(at + 6) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) != 0 ||
                 !words_are_right(words_add(0, at, ipv4_header_SIZE))))
        return false;
    segment->family = BARO_FAMILY_IPV4;
    segment->tos = at[1];
    segment->addresses = at + IPV4_ADDRESSES;
    segment->octets = at + ipv4_header_SIZE;
    segment->length = total - ipv4_header_SIZE;
    segment->sum_of_pseudo = tcp_sum_of_pseudo(segment->addresses, 8, segment->length);
    return true;
}

ALWAYS_INLINE bool read_ipv6_packet(struct tcp_arrival *segment, const uint8_t *at, size_t length)
{
    uint32_t payload;

    if (UNLIKELY(length < ipv6_header_SIZE + tcp_header_SIZE || at[0] >> 4 != 6 || at[6] != IP_PROTOCOL_TCP))
        return false;
    payload = read_be16(at + 4);
    if (UNLIKELY(payload > length - ipv6_header_SIZE || payload < tcp_header_SIZE || at[7] < ARRIVED_ALIVE))
        return false;
    segment->family = BARO_FAMILY_IPV6;
    segment->tos = (uint8_t)(read_be16(at) >> 4);
    segment->addresses = at + IPV6_ADDRESSES;
    segment->octets = at + ipv6_header_SIZE;
    segment->length = payload;
    segment->sum_of_pseudo = tcp_sum_of_pseudo(segment->addresses, 32, segment->length);
    return true;
}

/* A plain packet with a segment in it? What it and the device say. */
ALWAYS_INLINE bool read_frame(const struct baro_mac *own, const struct baro_rx_frame *frame,
                              struct expected_front *front, struct tcp_arrival *segment)
{
    uint16_t type = type_of(frame, own, front);
    const uint8_t *at;
    size_t length;

    if (UNLIKELY(type == 0))
        return false;
    at = frame->data + ethernet_header_SIZE;
    length = frame->length - ethernet_header_SIZE;
    if (type == ETHERNET_TYPE_IPV4 ? !read_ipv4_packet(segment, at, length)
                                   : type != ETHERNET_TYPE_IPV6 || !read_ipv6_packet(segment, at, length))
        return false;
    segment->gso_size = frame->gso_size;
    segment->checksum_verified = frame->checksum == BARO_RX_CHECKSUM_VERIFIED;
    return true;
}

/* Between two addresses with which nothing is special? */
ALWAYS_INLINE bool is_of_pair(struct baro_stack *stack, int interface, struct tcp_arrival *segment)
{
    const struct ip_pair *pair =
        ip_pair_find(&stack->pairs, &stack->table, interface, (enum baro_family)segment->family, segment->addresses);

    if (UNLIKELY(pair == NULL))
        return false;
    segment->source_zone = pair->source_zone;
    segment->destination_zone = pair->destination_zone;
    return true;
}

static inline void look_up_connections(struct baro_stack *stack, struct expected_frame expected[], unsigned at,
                                       unsigned end)
{
    for (unsigned i = at; i < end; i++) {
        if (expected[i].seems)
            tcp_look_up_connection(stack->tcp, &expected[i].segment);
    }
}

static inline void prefetch_lines(struct expected_frame *expected)
{
    if (expected->seems)
        tcp_prefetch_lines(&expected->segment);
}

static inline void prefetch_text(const struct baro_stack *stack, struct expected_frame *expected)
{
    if (expected->seems)
        tcp_prefetch_text(stack->tcp, &expected->segment);
}

static __attribute__((noinline)) void look_ahead_of_first(struct baro_stack *stack, struct expected_frame expected[],
                                                          unsigned count)
{
    look_up_connections(stack, expected, 0, min_u32(count, EXPECTED_AHEAD_OF_FIND));
    for (unsigned i = 0; i < count && i < EXPECTED_AHEAD; i++)
        prefetch_lines(&expected[i]);
    for (unsigned i = 0; i < count && i < EXPECTED_AHEAD_OF_TEXT; i++)
        prefetch_text(stack, &expected[i]);
}

/* The first look but for the connection. `open`: nobody watches. */
ALWAYS_INLINE void look(struct baro_stack *stack, int interface, bool open, const struct baro_rx_frame *frame,
                        struct expected_front *front, struct expected_frame *expected)
{
    const struct baro_mac *own = interface == 0 ? NULL : &stack->interface[interface].device->mac;

    expected->changes = stack->table.changes;
    expected->seems = open && read_frame(own, frame, front, &expected->segment) &&
                      is_of_pair(stack, interface, &expected->segment);
}

/* ---- what was found of a frame, of the next one ---- */

enum { LINE = 64, IPV4_PORTS = EXPECTED_V4_PORTS, IPV6_PORTS = EXPECTED_V6_PORTS };

/* Is it worth asking whether the next frame is alike? Where connections take turns their ports differ. */
static inline bool may_be_alike(const struct baro_rx_frame *frame, const struct baro_rx_frame *next, bool v6)
{
    const unsigned ports = v6 ? IPV6_PORTS : IPV4_PORTS;

    return frame->length == next->length && frame->length >= ports + tcp_header_SIZE &&
           memcmp(frame->data + ports, next->data + ports, 4) == 0;
}

/* IPv4's identification may differ, and so its sum, which must be right. */
static __attribute__((noinline)) bool is_alike_but_numbered(const uint8_t *one, const uint8_t *two)
{
    const uint8_t *ip_one = one + ethernet_header_SIZE, *ip_two = two + ethernet_header_SIZE;

    return memcmp(one, two, ethernet_header_SIZE + 4) == 0 && memcmp(ip_one + 6, ip_two + 6, 4) == 0 &&
           memcmp(ip_one + IPV4_ADDRESSES, ip_two + IPV4_ADDRESSES, 8 + 4) == 0 &&
           words_are_right(words_add(0, ip_two, ipv4_header_SIZE));
}

/* Does it say the same in front of TCP's sequence number? What was found there of the one, which seems expected, is
 * true of the other. */
static inline bool is_alike(const struct baro_rx_frame *frame, const struct baro_rx_frame *next, bool v6)
{
    const uint8_t *one = frame->data, *two = next->data;

    if (frame->length != next->length || frame->gso_size != next->gso_size || frame->checksum != next->checksum)
        return false;
    if (v6)
        return memcmp(one, two, IPV6_PORTS + 4) == 0;
    /* 38 octets */
    return LIKELY(memcmp(one, two, 16) == 0 && memcmp(one + 16, two + 16, 16) == 0 &&
                  memcmp(one + IPV4_PORTS - 4, two + IPV4_PORTS - 4, 8) == 0) ||
           is_alike_but_numbered(one, two);
}

/* The frames behind the first, of which it is sure whose it is, that are alike: as many. */
static __attribute__((noinline)) unsigned look_along(const struct baro_rx_frame frame[], bool v6, unsigned count)
{
    const uint32_t second = min_u32(frame->length - 1, LINE); /* where TCP's header ends, and its text begins */
    unsigned i;

    for (i = 1; i < count && is_alike(frame, &frame[i], v6); i++) {
        if (i + EXPECTED_AHEAD_OF_HEADER < count) {
            prefetch_line(frame[i + EXPECTED_AHEAD_OF_HEADER].data);
            prefetch_line(frame[i + EXPECTED_AHEAD_OF_HEADER].data + second);
        }
    }
    return i - 1;
}

/* A burst in which frames are alike: of these only the first is looked at. False: it is not sure of all whose they are,
 * and all are to be looked at. */
static __attribute__((noinline)) bool look_at_runs(struct baro_stack *stack, int interface,
                                                   const struct baro_rx_frame frame[], struct expected_frame expected[],
                                                   unsigned count)
{
    const bool open = fast_is_allowed(stack);
    struct expected_front front = { NULL, 0 };

    for (unsigned i = 0; i < count; i += 1 + expected[i].alike) {
        struct tcp_arrival *segment = &expected[i].segment;

        look(stack, interface, open, &frame[i], &front, &expected[i]);
        expected[i].alike = 0;
        if (!expected[i].seems)
            continue;
        if (!tcp_look_up_known(stack->tcp, segment) || !segment->sure)
            return false;
        expected[i].alike = look_along(frame + i, segment->family == BARO_FAMILY_IPV6, count - i);
    }
    return true;
}

/* A burst as it comes. Is it sure of all of them whose they are? */
ALWAYS_INLINE bool look_at_all(struct baro_stack *stack, int interface, const struct baro_rx_frame frame[],
                               struct expected_frame expected[], unsigned count)
{
    const bool open = fast_is_allowed(stack);
    struct expected_front front = { NULL, 0 };
    struct tcp_arrival *unknown[EXPECTED_BUCKETS];
    unsigned unknowns = 0, before = 0, alike = count; /* alike: the last frame that was looked at */

    for (unsigned i = 0; i < count; i++) {
        struct tcp_arrival *segment = &expected[i].segment;

        if (i + EXPECTED_AHEAD_OF_HEADER < count)
            prefetch_line(frame[i + EXPECTED_AHEAD_OF_HEADER].data);
        if (alike != count && expected_same(&frame[alike], &expected[alike].segment, &frame[i])) {
            expected_found(&expected[alike], &frame[i], &expected[i]);
        } else {
            look(stack, interface, open, &frame[i], &front, &expected[i]);
            if (!expected[i].seems)
                continue;
            alike = i;
        }
        if (tcp_look_up_of_burst(stack->tcp, segment))
            continue;
        unknown[unknowns++] = segment;
        if (unknowns == EXPECTED_BUCKETS) {
            tcp_look_up_hashes(stack->tcp, unknown, unknowns);
            before += unknowns;
            unknowns = 0;
        }
    }
    tcp_look_up_hashes(stack->tcp, unknown, unknowns);
    tcp_look_up_strangers(stack->tcp, before + unknowns, count);
    return before + unknowns == 0;
}

/* A burst of a bulk transfer has alike frames in its midst; at its ends are often smaller ones. */
static inline bool may_have_runs(const struct baro_rx_frame frame[], unsigned count)
{
    const struct baro_rx_frame *one = &frame[count / 2 - 1];

    return one->length >= ethernet_header_SIZE &&
           may_be_alike(one, one + 1, read_be16(one->data + 12) == ETHERNET_TYPE_IPV6);
}

enum expected_worth expected_look(struct baro_stack *stack, int interface, const struct baro_rx_frame frame[],
                                  struct expected_frame expected[], unsigned count)
{
    if (may_have_runs(frame, count) && look_at_runs(stack, interface, frame, expected, count))
        return EXPECTED_RUNS;
    if (look_at_all(stack, interface, frame, expected, count))
        return EXPECTED_NOTHING;
    look_ahead_of_first(stack, expected, count);
    return EXPECTED_LOOKS_AHEAD;
}

void expected_look_ahead(struct baro_stack *stack, struct expected_frame expected[], unsigned at, unsigned count)
{
    unsigned find = at + EXPECTED_AHEAD_OF_FIND;

    if (at % EXPECTED_TOGETHER == 0 && find < count)
        look_up_connections(stack, expected, find, min_u32(count, find + EXPECTED_TOGETHER));
    if (at + EXPECTED_AHEAD < count)
        prefetch_lines(&expected[at + EXPECTED_AHEAD]);
    prefetch_text(stack, &expected[at + EXPECTED_AHEAD_OF_TEXT]);
}

/* As the slow path would have read it. */
static struct ip_packet packet_of(const struct baro_stack *stack, int interface, const struct tcp_arrival *segment)
{
    const bool v6 = segment->family == BARO_FAMILY_IPV6;
    const uint8_t *at = segment->addresses - (v6 ? IPV6_ADDRESSES : IPV4_ADDRESSES);
    struct ip_packet packet = { .source = v6 ? read_ipv6(at + 8) : read_ipv4(at + 12),
                                .destination = v6 ? read_ipv6(at + 24) : read_ipv4(at + 16),
                                .protocol = IP_PROTOCOL_TCP,
                                .ttl = v6 ? at[7] : at[8],
                                .tos = segment->tos,
                                .flow_label = v6 ? read_be32(at) & IPV6_FLOW_MASK : 0,
                                .from_loopback = interface == 0,
                                .checksum_verified = segment->checksum_verified,
                                .gso_size = segment->gso_size,
                                .interface = interface,
                                .mtu = stack->interface[interface].mtu,
                                .payload = { segment->octets, segment->length } };

    packet.source.zone = segment->source_zone;
    packet.destination.zone = segment->destination_zone;
    packet.whole = (struct baro_bytes){ at, (size_t)(segment->octets - at) + segment->length };
    return packet;
}

/* Not the one that is waited for, but IP has no more questions: TCP has it at once. */
static void known_segment(struct baro_stack *stack, int interface, const struct tcp_arrival *segment)
{
    const struct ip_packet packet = packet_of(stack, interface, segment);

    tcp_in_looked_up(stack->tcp, &packet, segment);
}

/* Is it of another shard's flow? Not asked of what a connection waits for: nobody has one with a flow of another
 * shard. */
static bool is_others(const struct baro_stack *stack, int interface, const struct tcp_arrival *segment)
{
    struct ip_packet packet;

    if (LIKELY(flow_shard_is_alone(&stack->core.shard)))
        return false;
    packet = packet_of(stack, interface, segment);
    return !steer_is_ours(&stack->core.shard, &packet);
}

void expected_other(struct baro_stack *stack, int interface, const struct tcp_arrival *segment)
{
    if (UNLIKELY(is_others(stack, interface, segment))) {
        stack->core.counters.ip_delivered--;
        core_drop(&stack->core, BARO_DROP_SHARD_OTHER);
    } else if (!tcp_expected_opening(stack->tcp, segment, stack->interface[interface].mtu)) {
        known_segment(stack, interface, segment);
    }
}

unsigned expected_run(struct baro_stack *stack, int interface, const struct baro_rx_frame frame[],
                      struct expected_frame *expected)
{
    const unsigned alike = expected->alike;
    struct tcp_arrival *segment = &expected->segment;
    ptrdiff_t octets, addresses;
    unsigned done = 0, more;
    bool taken;

    if (!expected->seems)
        return 0;
    octets = segment->octets - frame->data;
    addresses = segment->addresses - frame->data;
    while (done <= alike && expected_comes(stack, interface, frame, expected)) {
        segment->octets = frame[done].data + octets;
        segment->addresses = frame[done].data + addresses;
        done++;
        taken = tcp_expected(stack->tcp, segment);
        if (!taken)
            expected_other(stack, interface, segment);
        if (taken && done <= alike && !intent_queue_is_nearly_full(&stack->core.intents)) {
            more = tcp_expected_again(stack->tcp, segment, frame + done, octets, alike + 1 - done);
            expected_counts(stack, interface, frame->length, more);
            done += more;
        }
        if (UNLIKELY(intent_queue_is_nearly_full(&stack->core.intents)))
            transmit_drain(stack);
    }
    return done;
}

/* ---- a frame that comes alone ---- */

/* look_ahead_of_first() of one. */
static __attribute__((noinline)) void look_up_one(const struct baro_stack *stack, struct tcp_arrival *segment)
{
    tcp_look_up_connection(stack->tcp, segment);
    tcp_prefetch_lines(segment);
    tcp_prefetch_text(stack->tcp, segment);
}

/* Whose it is, if it is known. */
ALWAYS_INLINE void look_up_alone(struct baro_stack *stack, struct expected_frame *expected)
{
    tcp_look_up(stack->tcp, &expected->segment);
    if (UNLIKELY(!expected->segment.sure))
        look_up_one(stack, &expected->segment);
}

/* Is it between the same two ends as the last one that came alone, and for the same connection since that one is still
 * the last one heard of? `front`: of it, as remembered. */
ALWAYS_INLINE bool is_as_before(const struct baro_stack *stack, const struct expected_front *front,
                                struct tcp_arrival *segment)
{
    const struct expected_before *before = &stack->before;

    if (front->at != before->front || before->changes != stack->table.changes ||
        (segment->family == BARO_FAMILY_IPV6
             ? memcmp(segment->addresses, before->front + EXPECTED_V6_ENDS, EXPECTED_V6_FRONT - EXPECTED_V6_ENDS)
             : memcmp(segment->addresses, before->front + EXPECTED_V4_ENDS, EXPECTED_V4_FRONT - EXPECTED_V4_ENDS)) != 0)
        return false;
    segment->source_zone = before->segment.source_zone;
    segment->destination_zone = before->segment.destination_zone;
    return tcp_look_up_again(stack->tcp, before->segment.handle, segment);
}

/* So begins the next one, it may be, and so much is known of it then. */
static inline void remember_front(struct expected_before *before, const uint8_t *at, const struct tcp_arrival *segment)
{
    /* a copy of a length that is not known is made by an instruction that takes its time */
    if (segment->family == BARO_FAMILY_IPV6)
        memcpy(before->front, at, EXPECTED_V6_FRONT);
    else
        memcpy(before->front, at, EXPECTED_V4_FRONT);
    before->segment = *segment;
    before->least = (uint32_t)(segment->octets - at) + segment->length;
}

/* Of a connection that is heard of a second time in a row it is remembered. */
static __attribute__((noinline)) void remember(struct baro_stack *stack, int interface,
                                               const struct baro_rx_frame *frame, const struct tcp_arrival *segment)
{
    struct expected_before *before = &stack->before;

    if (!handle_equal(before->segment.handle, segment->handle)) {
        before->segment.handle = segment->handle;
        before->type = 0;
        return;
    }
    before->type = read_be16(frame->data + 12);
    before->interface = (uint16_t)interface;
    before->changes = stack->table.changes;
    remember_front(before, frame->data, segment);
}

bool expected_alone_otherwise(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame)
{
    struct expected_before *before = &stack->before;
    struct expected_front front = { before->front, before->interface == interface ? before->type : 0 };
    struct expected_frame expected;
    struct tcp_arrival *segment = &expected.segment;

    expected.changes = stack->table.changes;
    expected.seems =
        fast_is_allowed(stack) && read_frame(&stack->interface[interface].device->mac, frame, &front, segment);
    if (expected.seems && is_as_before(stack, &front, segment)) {
        remember_front(before, frame->data, segment);
    } else if (expected.seems) {
        expected.seems = is_of_pair(stack, interface, segment);
        if (expected.seems)
            look_up_alone(stack, &expected);
        if (expected.seems && segment->sure)
            remember(stack, interface, frame, segment);
    }
    return expected_frame(stack, interface, frame, &expected);
}

bool expected_loopback(struct baro_stack *stack, const struct baro_rx_frame *frame)
{
    struct expected_front front = { NULL, 0 };
    struct expected_frame expected;

    look(stack, 0, fast_is_allowed(stack), frame, &front, &expected);
    if (expected.seems)
        look_up_alone(stack, &expected);
    return expected_frame(stack, 0, frame, &expected);
}
