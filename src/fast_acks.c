/* src/fast_acks.c: ACKs alone by the fast path (fast_output.c), many at once.
 *
 * A burst of segments of many connections leaves ACKs behind it, one like the other but for a few numbers: each as an
 * intent with these, or where they waited for the program's turn (transport/tcp/ack_turn.c) as a connection that has
 * nothing else to send. What is the same of all of them, way, neighbour and room in the device, is asked once for a run
 * of them. An ACK of the turn needs no intent where none stands in front of it: it leaves at once, with what the drain
 * would have written a moment later. */
#include "fast_output.h"

#include "base/min.h"
#include "transport/tcp/output_fast.h"

/* ACKs in a row that go the same way: what is the same of all of them. */
struct run {
    struct way *way;
    unsigned at, end; /* the next one's place in the burst, and behind the last one's; the same: `way` says nothing */
    unsigned sent;
    bool offload;     /* the device makes the checksum */
};

/* The way of another run, which may begin; NULL: its ACKs are not for the fast path now, or must wait. */
static __attribute__((noinline)) struct way *way_of(struct baro_stack *stack, const struct baro_address *source,
                                                    const struct baro_address *destination)
{
    struct way *way = fast_find(stack, source, destination);

    if (way == NULL || fast_room(stack, way) == 0)
        return NULL;
    neighbour_goes(&stack->neighbours, way->fast.entry, &way->asks);
    return way;
}

static inline bool goes_on(struct baro_stack *stack, struct run *run, const struct baro_address *source,
                           const struct baro_address *destination)
{
    struct burst *burst = &stack->burst;

    if (LIKELY(run->at != run->end) && way_leads(run->way, destination, source))
        return true;
    run->way = way_of(stack, source, destination);
    run->at = run->end = burst->count;
    if (UNLIKELY(run->way == NULL))
        return false;
    run->end = min_u32(burst->room, BARO_BURST_LIMIT);
    run->offload = (run->way->fast.device->capabilities & BARO_DEVICE_TX_CHECKSUM) != 0;
    return true;
}

/* Its TCP header is written, 32 octets behind the way's: the others, the sum, the frame. `head`: where they begin. */
ALWAYS_INLINE void push(struct baro_stack *stack, struct run *run, const struct tcp_fast *segment, uint8_t *head)
{
    struct fast_path *fast = &run->way->fast;
    struct baro_tx_frame *frame = &stack->burst.frame[run->at];
    const uint32_t length = fast->sum_of_pseudo + TCP_FAST_HEADER, front = fast->length;
    uint16_t checksum; /* as it stands in the segment */

    if (segment->progress)
        neighbour_progress(&stack->neighbours, fast->entry);
    fast_write_front(fast, segment, head);
    if (run->offload)
        write_be16((uint8_t *)&checksum, (uint16_t)~fast_fold(length));
    else
        checksum = checksum_fold(segment->sum + words_number(length));
    memcpy(segment->header + FAST_TCP_CHECKSUM, &checksum, sizeof checksum);
    frame->checksum_start = run->offload ? (uint16_t)front : 0;
    frame->checksum_offset = run->offload ? FAST_TCP_CHECKSUM : 0;
    frame->gso_size = frame->header_length = 0;
    frame->parts = 1;
    frame->part[0] = (struct baro_bytes){ head, front + TCP_FAST_HEADER };
    stack->core.counters.octets_out += front + TCP_FAST_HEADER;
    run->sent++;
    stack->burst.count = ++run->at;
    if (UNLIKELY(run->at == BARO_BURST_LIMIT))
        burst_flush(stack);
}

static inline void count(struct baro_stack *stack, const struct run *run)
{
    stack->fast += run->sent;
    stack->core.counters.tcp_out += run->sent;
    stack->core.counters.ip_out += run->sent;
    stack->core.counters.frames_out += run->sent;
}

/* ---- as intents ---- */

static inline bool is_plain(const struct intent *intent)
{
    return intent->kind == INTENT_TCP_CONTROL && intent->as.tcp.plain;
}

unsigned fast_acks(struct baro_stack *stack, unsigned most)
{
    struct intent_queue *intents = &stack->core.intents;
    const struct intent *intent = intent_first(intents);
    struct tcp_fast segment = { .ttl = -1, .header_length = TCP_FAST_HEADER };
    struct run run = { 0 };
    uint8_t *head;

    if (!is_plain(intent) || !fast_is_allowed(stack) || !tcp_acks_stand(stack->tcp))
        return 0;
    do {
        const struct intent_tcp_control *ack = &intent->as.tcp;

        if (!goes_on(stack, &run, &ack->local.address, &ack->remote.address))
            break;
        head = stack->burst.header[run.at];
        segment.header = head + run.way->fast.length;
        tcp_fast_plain(ack, &segment);
        push(stack, &run, &segment, head);
        intent = &intents->slot[(intents->first + run.sent) % INTENT_QUEUE_SIZE];
    } while (run.sent != most && is_plain(intent));
    count(stack, &run);
    intent_done_many(intents, run.sent);
    return run.sent;
}

/* ---- of the program's turn ---- */

/* Would a drain find nothing to do? */
static inline bool nothing_is_intended(const struct baro_stack *stack)
{
    return intent_queue_is_empty(&stack->core.intents) && (stack->burst.count | stack->burst.copied) == 0 &&
           stack->neighbours.ready_first == NULL && stack->advertised.verdicts == stack->neighbours.verdicts;
}

/* Of a connection that has nothing else to send. False: nothing happened. */
static inline bool send_alone(struct baro_stack *stack, struct run *run, struct tcp_fast *segment)
{
    const struct baro_endpoint *local, *remote;
    uint8_t *head;

    tcp_fast_ends(segment, &local, &remote);
    if (!goes_on(stack, run, &local->address, &remote->address))
        return false;
    head = stack->burst.header[run->at];
    segment->header = head + run->way->fast.length;
    if (UNLIKELY(!tcp_fast_alone(stack->tcp, &run->way->fast.path, segment)))
        return false;
    push(stack, run, segment, head);
    return true;
}

__attribute__((noinline)) void fast_turn(struct baro_stack *stack)
{
    struct tcp_fast segment;
    struct run run = { 0 };
    uint32_t at = 0;

    if (fast_is_allowed(stack) && nothing_is_intended(stack)) {
        for (const uint32_t end = tcp_turn_awaited(stack->tcp); at != end; at++) {
            const enum tcp_fast_verdict verdict = tcp_fast_turn(stack->tcp, at, &segment);

            if (verdict == TCP_FAST_DECLINED || (verdict == TCP_FAST_MORE && !send_alone(stack, &run, &segment)))
                break;
        }
        count(stack, &run);
    }
    tcp_turn_is_over(stack->tcp, at);
}
