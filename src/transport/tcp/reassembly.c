/* transport/tcp/reassembly.c: what is held out of order, as a bounded list of ranges (RFC 9293 §3.10.7.4 SHLD-31).
 *
 * The octets stand in the receive ring at their own place; the list says which of them are there. At its bound the
 * range farthest from the in-order end gives its place: the near ones are of use first, and a peer that sends every
 * second octet fills its own sixty-four places.
 *
 * A queue that overflows at the end of slow start takes every second segment of a window, hundreds of holes in a row.
 * What is thrown away then although it was told as held costs the path once more. So the list goes over into one of a
 * thousand places where what is held is worth it: more than the smallest segments everybody may send (RFC 9293 §3.7.1),
 * and so more than the list takes. */
#include "transport/tcp/parts.h"

#include <string.h>

static void remove_range(struct tcp_ranges *ranges, uint32_t at, uint32_t count)
{
    memmove(&ranges->range[at], &ranges->range[at + count],
            (ranges->count - at - count) * sizeof ranges->range[0]);
    ranges->count -= count;
}

size_t tcp_ranges_size(uint32_t places)
{
    return sizeof(struct tcp_ranges) + places * sizeof(struct tcp_range);
}

void tcp_ranges_free(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->ranges != NULL)
        pool_give_back(c->ranges->limit == TCP_RANGES ? &tcp->ranges : &tcp->many_ranges, c->ranges);
    c->ranges = NULL;
}

uint32_t tcp_ranges_first(const struct tcp_ranges *ranges, uint64_t offset)
{
    uint32_t low = 0, high = ranges->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (ranges->range[middle].end < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A full list goes over into a larger one, if it may; false: it stays as it is. */
static bool grow(struct tcp *tcp, struct tcp_connection *c)
{
    const struct tcp_ranges *few = c->ranges;
    struct tcp_ranges *many;
    uint64_t held = 0;

    if (few->limit != TCP_RANGES)
        return false;
    for (uint32_t i = 0; i < few->count; i++)
        held += few->range[i].end - few->range[i].begin;
    many = held < TCP_RANGES * TCP_MSS_DEFAULT ? NULL : pool_take(&tcp->many_ranges);
    if (many == NULL)
        return false;
    memcpy(many, few, tcp_ranges_size(few->count));
    many->limit = TCP_RANGES_MANY;
    tcp_ranges_free(tcp, c);
    c->ranges = many;
    return true;
}

bool tcp_ranges_add(struct tcp *tcp, struct tcp_connection *c, uint64_t begin, uint64_t end)
{
    struct tcp_ranges *ranges = c->ranges;
    uint32_t at, joined = 0;

    if (ranges == NULL) {
        ranges = c->ranges = pool_take(&tcp->ranges);
        if (ranges == NULL)
            return false;
        ranges->limit = TCP_RANGES;
    }
    at = tcp_ranges_first(ranges, begin);
    while (at + joined < ranges->count && ranges->range[at + joined].begin <= end) {
        if (ranges->range[at + joined].begin < begin)
            begin = ranges->range[at + joined].begin;
        if (ranges->range[at + joined].end > end)
            end = ranges->range[at + joined].end;
        joined++;
    }
    if (joined == 0) {
        if (ranges->count == ranges->limit && grow(tcp, c))
            ranges = c->ranges;
        if (ranges->count == ranges->limit) {
            if (at == ranges->limit)
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
    if (ranges->count == 0)
        tcp_ranges_free(tcp, c);
}
