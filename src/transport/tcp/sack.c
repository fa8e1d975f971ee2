/* transport/tcp/sack.c: what the receiver holds beyond RCV.NXT, told to the sender (RFC 2018, RFC 2883).
 *
 * Every ACK without data carries the blocks. Since each segment that comes out of order, fills a hole or repeats
 * something is answered by such an ACK of its own, a segment with data need not carry them and keeps its full
 * payload. The first block holds the segment that came last, the others those before it (§4), and where a duplicate
 * came its octets stand in front of all, once (RFC 2883 §4). What was told may have to be forgotten when memory
 * fails (the range farthest away goes): the sender counts on that until the cumulative ACK covers it. */
#include "transport/tcp/parts.h"

#include <string.h>

/* Index of the range that holds `offset`, or the number of ranges. */
static uint32_t find(const struct tcp_ranges *ranges, uint64_t offset)
{
    uint32_t at = tcp_ranges_first(ranges, offset + 1);

    return at < ranges->count && offset >= ranges->range[at].begin ? at : ranges->count;
}

void tcp_sack_note(struct tcp_ranges *ranges, uint64_t offset)
{
    memmove(&ranges->recent[1], &ranges->recent[0], sizeof ranges->recent - sizeof ranges->recent[0]);
    ranges->recent[0] = offset;
}

struct tcp_sack_block tcp_sack_old(const struct tcp_connection *c, const struct segment *segment)
{
    struct seq left = segment->seq, right = seq_add(left, (uint32_t)segment->data.length);

    right = seq_min(right, c->rcv.nxt);
    if (seq_ge(left, right)) /* nothing old, or so far away that it was never ours */
        left = right = c->rcv.nxt;
    return (struct tcp_sack_block){ left, right };
}

struct tcp_sack_block tcp_sack_repeated(const struct tcp_connection *c, uint64_t begin, uint64_t end)
{
    struct tcp_sack_block none = { c->rcv.nxt, c->rcv.nxt };

    uint32_t at = c->ranges == NULL ? 0 : tcp_ranges_first(c->ranges, begin + 1);

    if (c->ranges != NULL && at < c->ranges->count && c->ranges->range[at].begin < end) {
        uint64_t from = c->ranges->range[at].begin, to = c->ranges->range[at].end;

        from = from > begin ? from : begin;
        to = to < end ? to : end;
        return (struct tcp_sack_block){ tcp_recv_seq(c, from), tcp_recv_seq(c, to) };
    }
    return none;
}

unsigned tcp_sack_blocks(const struct tcp_connection *c, struct tcp_sack_block repeated,
                         struct tcp_sack_block block[TCP_SACK_LIMIT])
{
    /* Beside timestamps there is room for three. */
    unsigned count = 0, room = (c->flags & TCP_TIMESTAMPS) != 0 ? TCP_SACK_LIMIT - 1 : TCP_SACK_LIMIT;
    const struct tcp_ranges *ranges = c->ranges;
    uint32_t told[TCP_SACK_LIMIT];
    unsigned told_count = 0;

    if ((c->flags & TCP_SACK_PERMITTED) == 0)
        return 0;
    if (!seq_eq(repeated.left, repeated.right))
        block[count++] = repeated;
    for (unsigned i = 0; ranges != NULL && i < TCP_SACK_LIMIT && count < room; i++) {
        uint32_t at = find(ranges, ranges->recent[i]);
        bool new = at != ranges->count;

        for (unsigned j = 0; j < told_count; j++)
            new = new && told[j] != at;
        if (!new)
            continue;
        told[told_count++] = at;
        block[count++] = (struct tcp_sack_block){ tcp_recv_seq(c, ranges->range[at].begin),
                                                  tcp_recv_seq(c, ranges->range[at].end) };
    }
    return count;
}
