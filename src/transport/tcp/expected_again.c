/* transport/tcp/expected_again.c: a run: segments of one connection, one behind the other in a burst, that differ in
 * nothing but their text.
 *
 * Of a bulk transfer comes one full-sized segment after the other: the same flags, acknowledgment, window and options,
 * and the next sequence number. Of the first of them expected.c has asked everything, and the answers are good for all,
 * since nothing comes between two segments of a burst. What is left of RFC 9293 §3.10.7.4 is asked and done for each
 * segment alone, by the same functions:
 *
 *   - it is at RCV.NXT, within the window, and the ring has room;
 *   - its sum is right;
 *   - the timestamp, which is the one before again, becomes TS.Recent where the last ACK was in front of it (RFC 7323
 *     §4.3);
 *   - the text, and whether it is acknowledged now: at least every second full-sized segment (RFC 5681 §4.2).
 *
 * What is left out would change nothing: that segment's ACK and window are known (SND.WL1 moves), its tuning, timers
 * and wishes are of this moment already, and whoever is to be told of it is told. What only counts is counted once,
 * behind the last of them. A segment that says anything else, an ACK, a mark, a FIN, another clock, is not of the run:
 * expected.c asks anew, and the next run may begin with it. So does one behind a drain, which may have sent what there
 * was. PSH says only when the ACK leaves, and may be set. */
#include "transport/tcp/expected_steps.h"

/* What all of a run say, of a header but sequence number, sum and PSH: its octets 8 to 15, and 18 on in words that
 * overlap. */
struct run_header {
    uint64_t ack_to_window, mask, urgent, options;
};

enum { ACK_AT = 8, FLAGS_AT = 13, URGENT_AT = 18, OPTIONS_AT = 24 };

static inline uint64_t word_at(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t urgent_of(const uint8_t *header, bool stamped)
{
    return stamped ? word_at(header + URGENT_AT) : read_be16(header + URGENT_AT);
}

ALWAYS_INLINE struct run_header run_header_of(const uint8_t *header, bool stamped)
{
    static const uint8_t all_but_push[8] = { 255, 255, 255, 255, 255, (uint8_t)~TCP_FLAG_PSH, 255, 255 };

    return (struct run_header){ word_at(header + ACK_AT), word_at(all_but_push), urgent_of(header, stamped),
                                stamped ? word_at(header + OPTIONS_AT) : 0 };
}

static inline bool is_alike(const uint8_t *header, const struct run_header *run, bool stamped)
{
    return (((word_at(header + ACK_AT) ^ run->ack_to_window) & run->mask) | (urgent_of(header, stamped) ^ run->urgent) |
            (stamped ? word_at(header + OPTIONS_AT) ^ run->options : 0)) == 0;
}

/* Has the first text and no flag of its own, and is its connection behind it still one whose segments are expected,
 * with the window that it said? */
ALWAYS_INLINE bool begins_run(struct tcp_connection *c, const struct tcp_arrival *first,
                              struct expected_segment *segment, bool stamped)
{
    return arrival_read(segment, first, stamped, TCP_FLAG_PSH) && segment->octets != 0 && tcp_is_at_ease(c) &&
           seq_eq(c->snd.wl1, segment->seq) && seq_eq(c->snd.wl2, segment->ack);
}

/* What segments of a run are counted together. */
static void counted(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment, unsigned taken)
{
    const uint32_t segments = taken * segment->count;

    tcp->expected += segments;
    tcp->again += taken;
    tcp->core->counters.tcp_in += segments;
    tcp->core->counters.tcp_data_in += (uint64_t)taken * segment->octets;
    c->segments_in += segments;
    c->data_in += segments;
}

/* Takes the next one, which is alike. False: it is not what is waited for. */
ALWAYS_INLINE bool take_next(struct tcp *tcp, struct tcp_connection *c, struct expected_segment *segment,
                             const struct tcp_arrival *next, bool stamped)
{
    segment->seq = seq_of(read_be32(next->octets + 4));
    segment->text = next->octets + segment->header;
    if (!seq_eq(segment->seq, c->rcv.nxt) || !expected_may_take(c, segment, next->tos) ||
        !expected_sum_is_right(tcp, c, segment, next, stamped, false))
        return false;
    if (stamped)
        expected_stamp(tcp, c, segment);
    c->snd.wl1 = segment->seq;
    expected_text_stands(tcp, c, segment, false);
    tcp_acknowledge_text(tcp, c, tcp_when_to_acknowledge(c, (next->octets[FLAGS_AT] & TCP_FLAG_PSH) != 0));
    return true;
}

/* `stamped`: with timestamps. Two copies are made of this, so that neither asks. */
ALWAYS_INLINE unsigned take(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *first,
                            const struct baro_rx_frame frame[], ptrdiff_t at, unsigned count, bool stamped)
{
    struct expected_segment segment;
    struct tcp_arrival next;
    struct run_header run;
    unsigned taken = 0;

    if (first->length == (stamped ? (unsigned)HEADER_STAMPED : (unsigned)HEADER_PLAIN))
        return tcp_expected_acks(tcp, first, frame, at, count);
    if (!begins_run(c, first, &segment, stamped))
        return 0;
    run = run_header_of(first->octets, stamped);
    next = *first;
    do {
        next.octets = frame[taken].data + at;
        if (!is_alike(next.octets, &run, stamped) || !take_next(tcp, c, &segment, &next, stamped))
            break;
    } while (++taken < count && !intent_queue_is_nearly_full(&tcp->core->intents));
    counted(tcp, c, &segment, taken);
    return taken;
}

__attribute__((noinline)) unsigned tcp_expected_again(struct tcp *tcp, const struct tcp_arrival *first,
                                                      const struct baro_rx_frame frame[], ptrdiff_t at, unsigned count)
{
    struct tcp_connection *c = first->place;

    if (UNLIKELY(!pool_is_still(c, first->handle))) /* that was its end */
        return 0;
    return (c->flags & TCP_TIMESTAMPS) != 0 ? take(tcp, c, first, frame, at, count, true)
                                            : take(tcp, c, first, frame, at, count, false);
}
