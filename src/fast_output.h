/* fast_output.h: what the files of the fast path out share (fast_output.c, fast_acks.c): is a way a fast one now, and a
 * frame of which TCP has written its part. Each frame comes by here, so it is compiled in place. */
#ifndef FAST_OUTPUT_H
#define FAST_OUTPUT_H

#include <string.h>

#include "base/checksum.h"
#include "base/inline.h"
#include "base/likely.h"
#include "base/time.h"
#include "base/words.h"
#include "ethernet/frame.h"
#include "stack.h"
#include "transport/tcp/tcp.h"

enum {
    FAST_TCP_CHECKSUM = 16,
    FAST_IPV4 = 0x45,
    IPV4_TTL_AT = 8,
    IPV4_CHECKSUM_AT = 10,
    IPV6_LENGTH_AT = 4,
    IPV6_HOP_LIMIT_AT = 7
};

/* ---- ways ---- */

static inline uint32_t fast_stamp(const struct baro_stack *stack)
{
    return stack->table.changes + stack->neighbours.places + stack->path_mtus.changes;
}

static inline bool fast_is_good(const struct baro_stack *stack, const struct fast_path *fast)
{
    return fast->stamp == fast_stamp(stack) && !instant_reached(stack->core.now, fast->until);
}

/* fast_output.c: one that was not the last; NULL: it is no fast one now. */
struct way *fast_find_other(struct baro_stack *stack, const struct baro_address *source,
                            const struct baro_address *destination);

/* Is it a fast one now? The stamp tells of changes of the table, too. */
static inline bool fast_is_one(const struct baro_stack *stack, const struct way *way)
{
    return LIKELY(fast_is_good(stack, &way->fast) && neighbour_is_ready(way->fast.entry));
}

/* The way, if it is a fast one now; NULL: it is not. */
ALWAYS_INLINE struct way *fast_find(struct baro_stack *stack, const struct baro_address *source,
                                    const struct baro_address *destination)
{
    struct way *way = stack->recent;

    return way_leads(way, destination, source) && fast_is_one(stack, way) ? way
                                                                          : fast_find_other(stack, source, destination);
}

/* Frames that the device takes now; mostly it was asked already. */
static inline unsigned fast_room(struct baro_stack *stack, const struct way *way)
{
    const struct baro_device *device = way->fast.device;
    struct burst *burst = &stack->burst;

    if (LIKELY(burst->count == 0)) { /* as burst_room() has it: what has gone since is not known */
        burst->interface = way->hop.interface;
        burst->room = device->tx_room(device->context);
        if (UNLIKELY(burst->room == 0))
            burst->full = burst->interface;
        return burst->room;
    }
    if (LIKELY(burst->interface == way->hop.interface && burst->count < burst->room))
        return burst->room - burst->count;
    return burst_room(stack, way->hop.interface);
}

/* ---- a frame ---- */

static inline uint16_t fast_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~(sum + (sum >> 16));
}

/* The first word and the sum of an IPv4 header, which stand ready for the next packet of this length, too. It is not
 * written there first and copied then: the copy would wait for it. */
static inline void fast_write_first(struct fast_path *fast, uint32_t first, uint8_t *ip)
{
    const uint16_t checksum = fast_fold(fast->sum_of_ip + first);

    write_be32(ip, first);
    write_be16(ip + IPV4_CHECKSUM_AT, checksum);
    fast->first_of_ip = first;
    write_be32(fast->headers + ethernet_header_SIZE, first);
    write_be16(fast->headers + ethernet_header_SIZE + IPV4_CHECKSUM_AT, checksum);
}

/* fast_output.c: what the program wants in place of the path's. */
void fast_write_ttl(const struct fast_path *fast, uint8_t ttl, uint8_t *ip);

/* What stands in front of the segment: Ethernet's header and IP's. */
ALWAYS_INLINE void fast_write_front(struct fast_path *fast, const struct tcp_fast *segment, uint8_t *head)
{
    uint8_t *ip = head + ethernet_header_SIZE;
    uint32_t length = segment->header_length + segment->length;

    if (fast->path.source.family != BARO_FAMILY_IPV6) {
        const uint32_t first = (uint32_t)FAST_IPV4 << 24 | (uint32_t)segment->tos << 16 | (length + ipv4_header_SIZE);

        memcpy(head, fast->headers, ethernet_header_SIZE + ipv4_header_SIZE);
        if (first != fast->first_of_ip)
            fast_write_first(fast, first, ip);
        if (UNLIKELY(segment->ttl >= 0))
            fast_write_ttl(fast, (uint8_t)segment->ttl, ip);
    } else {
        memcpy(head, fast->headers, ethernet_header_SIZE + ipv6_header_SIZE);
        write_be32(ip, ipv6_first_word(segment->tos, segment->flow_label));
        write_be16(ip + IPV6_LENGTH_AT, (uint16_t)length);
        if (UNLIKELY(segment->ttl >= 0))
            ip[IPV6_HOP_LIMIT_AT] = (uint8_t)segment->ttl;
    }
}

/* fast_output.c: of text around the ring's end, or of which the sums are known. */
uint64_t fast_sum_of_other(const struct tcp_fast *segment);

/* A native one. */
static inline uint64_t fast_sum_of_text(const struct tcp_fast *segment)
{
    if (segment->parts == 0)
        return 0;
    if (segment->parts == 1 && segment->text_sums == 0)
        return octets_sum_message(segment->part[0].data, segment->part[0].length);
    if (segment->text_sums == 1)
        return words_number((uint32_t)segment->text_sum[0]);
    return words_number((uint32_t)checksum_fold_sum(fast_sum_of_other(segment)));
}

/* Writes TCP's checksum and adds the frame: all else of its headers stands in `head`. `gso_size`: the device cuts. In
 * place, since each segment comes by here. */
ALWAYS_INLINE void fast_push(struct baro_stack *stack, const struct way *way, const struct tcp_fast *segment,
                             uint8_t *head, uint16_t gso_size)
{
    const struct fast_path *fast = &way->fast;
    struct burst *burst = &stack->burst;
    struct baro_tx_frame *frame;
    uint32_t headers = fast->length + (uint32_t)segment->header_length;
    uint32_t length = fast->sum_of_pseudo + segment->header_length + segment->length;
    uint16_t checksum; /* as it stands in the segment */

    if ((fast->device->capabilities & BARO_DEVICE_TX_CHECKSUM) != 0) {
        write_be16((uint8_t *)&checksum, (uint16_t)~fast_fold(length));
        frame = &burst->frame[burst->count];
        frame->checksum_start = fast->length;
        frame->checksum_offset = FAST_TCP_CHECKSUM;
    } else { /* the sum first: what is known before must be kept over it */
        checksum = checksum_fold(segment->sum + words_number(length) + fast_sum_of_text(segment));
        frame = &burst->frame[burst->count];
        frame->checksum_start = frame->checksum_offset = 0;
    }
    memcpy(head + fast->length + FAST_TCP_CHECKSUM, &checksum, sizeof checksum);
    frame->gso_size = gso_size;
    frame->header_length = (uint16_t)(gso_size != 0 ? headers : 0);
    frame->parts = 1 + segment->parts;
    frame->part[0] = (struct baro_bytes){ head, headers };
    if (segment->parts != 0) { /* each by itself: both at once would wait for what was just written one by one */
        frame->part[1].data = segment->part[0].data;
        frame->part[1].length = segment->part[0].length;
    }
    if (UNLIKELY(segment->parts > 1))
        frame->part[2] = segment->part[1];
    stack->fast++;
    stack->core.counters.ip_out++;
    stack->core.counters.frames_out++;
    stack->core.counters.octets_out += headers + segment->length;
    if (UNLIKELY(++burst->count == BARO_BURST_LIMIT))
        burst_flush(stack);
}

#endif
