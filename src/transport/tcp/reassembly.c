/* transport/tcp/reassembly.c: what is held out of order, as a bounded list of ranges (RFC 9293 §3.10.7.4 SHLD-31).
 *
 * The octets stand in the receive ring at their own place; the list says which of them are there. At its bound the
 * range farthest from the in-order end gives its place: the near ones are of use first, and a peer that sends every
 * second octet fills its own sixty-four places. */
#include "transport/tcp/parts.h"

#include <string.h>

static void remove_range(struct tcp_ranges *ranges, uint32_t at, uint32_t count)
{
    memmove(&ranges->range[at], &ranges->range[at + count],
            (ranges->count - at - count) * sizeof ranges->range[0]);
    ranges->count -= count;
}

bool tcp_ranges_add(struct tcp *tcp, struct tcp_connection *c, uint64_t begin, uint64_t end)
{
    struct tcp_ranges *ranges = c->ranges;
    uint32_t at = 0, joined = 0;

    if (ranges == NULL) {
        ranges = c->ranges = pool_take(&tcp->ranges);
        if (ranges == NULL)
            return false;
    }
    while (at < ranges->count && ranges->range[at].end < begin)
        at++;
    while (at + joined < ranges->count && ranges->range[at + joined].begin <= end) {
        if (ranges->range[at + joined].begin < begin)
            begin = ranges->range[at + joined].begin;
        if (ranges->range[at + joined].end > end)
            end = ranges->range[at + joined].end;
        joined++;
    }
    if (joined == 0) {
        if (ranges->count == TCP_RANGES) {
            if (at == TCP_RANGES)
                return false;
            ranges->count--;
            core_drop(tcp->core, BARO_DROP_TCP_NO_MEMORY);
        }
        memmove(&ranges->range[at + 1], &ranges->range[at], (ranges->count - at) * sizeof ranges->range[0]);
        ranges->count++;
    } else {
        remove_range(ranges, at + 1, joined - 1);
    }
    ranges->range[at].begin = begin;
    ranges->range[at].end = end;
    return true;
}

void tcp_receive_advance(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    struct tcp_ranges *ranges = c->ranges;
    uint32_t passed = 0;

    c->recv.end += octets;
    if (ranges == NULL)
        return;
    while (passed < ranges->count && ranges->range[passed].begin <= c->recv.end) {
        if (ranges->range[passed].end > c->recv.end)
            c->recv.end = ranges->range[passed].end;
        passed++;
    }
    remove_range(ranges, 0, passed);
    if (ranges->count == 0) {
        pool_give_back(&tcp->ranges, ranges);
        c->ranges = NULL;
    }
}
