/* expected.h: the fast path of reception for what nearly all frames are, the next segments of connections.
 *
 * A frame to our MAC address, in it a plain IPv4 or IPv6 packet between two addresses that IP took lately, in it a TCP
 * segment: so much is seen at a glance, and leads to the connection without asking all the questions of receive.c.
 * Where the frame behind it says the same, up to the ports, it is known of that one, too. Whether the segment is the
 * one that the connection waits for says transport/tcp/expected.h; one that is not goes TCP's slow path from tcp_in()
 * on. Whatever else a frame is, it goes the slow path, and so do all of them while somebody watches: a trace or a
 * capture. */
#ifndef EXPECTED_H
#define EXPECTED_H

#include "base/likely.h"
#include "codec/ethernet.h"
#include "codec/ipv4.h"
#include "codec/ipv6.h"
#include "stack.h"
#include "transport/tcp/expected.h"

/* Where a frame's addresses and ports are, which lie next to each other, and all in front of the sequence number
 * ends. */
enum {
    EXPECTED_V4_PORTS = ethernet_header_SIZE + ipv4_header_SIZE,
    EXPECTED_V4_ENDS = EXPECTED_V4_PORTS - 2 * 4,
    EXPECTED_V4_FRONT = EXPECTED_V4_PORTS + 4,
    EXPECTED_V6_PORTS = ethernet_header_SIZE + ipv6_header_SIZE,
    EXPECTED_V6_ENDS = EXPECTED_V6_PORTS - 2 * 16,
    EXPECTED_V6_FRONT = EXPECTED_V6_PORTS + 4
};

struct expected_frame {
    bool seems;       /* worth a second look */
    uint32_t changes; /* of the address table when it was looked at */
    struct tcp_arrival segment;
    unsigned alike;   /* so many frames behind it say the same up to the ports, and are not looked at by themselves */
};

/* Looks at a whole burst of a device, of two frames or more, before any is worked off. What is worth it then: NOTHING,
 * all connections are known; LOOKS_AHEAD, to prefetch for later frames before each; RUNS, frames of one connection
 * follow one another, of which only the first was read. */
enum expected_worth { EXPECTED_NOTHING, EXPECTED_LOOKS_AHEAD, EXPECTED_RUNS };
enum expected_worth expected_look(struct baro_stack *stack, int interface, const struct baro_rx_frame frame[],
                                  struct expected_frame expected[], unsigned count);
/* How many frames ahead: a segment's connection is looked up 12, its first lines are prefetched 8, its text and ring 4;
 * a frame's own header 4 before it is read. TOGETHER and BUCKETS: so many at once, since the walks to their pages go
 * side by side. */
enum { EXPECTED_AHEAD_OF_FIND = 12, EXPECTED_AHEAD = 8, EXPECTED_AHEAD_OF_TEXT = 4, EXPECTED_AHEAD_OF_HEADER = 4,
       EXPECTED_TOGETHER = 4, EXPECTED_BUCKETS = 8 };
void expected_look_ahead(struct baro_stack *stack, struct expected_frame expected[], unsigned at, unsigned count);
/* Before frame number `at` of `count`: looks ahead of it. */
static inline void expected_look_ahead_next(struct baro_stack *stack, struct expected_frame expected[], unsigned at,
                                            unsigned count)
{
    if (at + EXPECTED_AHEAD_OF_TEXT < count)
        expected_look_ahead(stack, expected, at, count);
}
/* A segment that is not what its connection waits for, if it has one. */
void expected_other(struct baro_stack *stack, int interface, const struct tcp_arrival *segment);
/* So many frames of `length` octets came, each of them a packet. */
static inline void expected_counts(struct baro_stack *stack, int interface, uint32_t length, unsigned frames)
{
    struct baro_statistics *counters = &stack->core.counters;

    counters->frames_in += interface != 0 ? frames : 0;
    counters->octets_in += interface != 0 ? (uint64_t)frames * length : 0;
    counters->ip_in += frames;
    counters->ip_delivered += frames;
}
/* Is it still worth a second look? Then it is counted. */
static inline bool expected_comes(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame,
                                  const struct expected_frame *expected)
{
    if (UNLIKELY(!expected->seems || expected->changes != stack->table.changes))
        return false;
    expected_counts(stack, interface, frame->length, 1);
    return true;
}
/* TCP has it. */
static inline void expected_segment(struct baro_stack *stack, int interface, const struct tcp_arrival *segment)
{
    if (!tcp_expected(stack->tcp, segment))
        expected_other(stack, interface, segment);
    if (UNLIKELY(intent_queue_is_nearly_full(&stack->core.intents)))
        transmit_drain(stack);
}
/* The frame is done with. False: nothing happened. */
static inline bool expected_frame(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame,
                                  const struct expected_frame *expected)
{
    if (!expected_comes(stack, interface, frame, expected))
        return false;
    expected_segment(stack, interface, &expected->segment);
    return true;
}
/* The same where frames may be alike, for it and `expected->alike` behind it. How many are done with; nothing happened
 * to the others. */
unsigned expected_run(struct baro_stack *stack, int interface, const struct baro_rx_frame frame[],
                      struct expected_frame *expected);
/* Both for one frame that came by a device alone, and for one from ourselves. */
bool expected_alone(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame);
/* than the last one began */
bool expected_alone_otherwise(struct baro_stack *stack, int interface, const struct baro_rx_frame *frame);
bool expected_loopback(struct baro_stack *stack, const struct baro_rx_frame *frame);

#endif
