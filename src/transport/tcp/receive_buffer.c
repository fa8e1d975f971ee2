/* transport/tcp/receive_buffer.c: the receive ring, the window that promises it, and the one pass of copy and sum.
 *
 * The grant (recv.limit) is how much the peer has been promised room for. It begins at the connection's promise and
 * grows by what the program reads in a round trip (autotune.h), so memory follows demand; the stack's budget is charged
 * when the promise is made, the ring itself takes memory at its first octet and grows by doubling. Where the program
 * has fixed the buffer's size, the grant doubles up to it as it is filled or read.
 *
 * A connection that rests gives its charge back all but the first promise, though the peer may still use its window:
 * what comes then is charged anew, and where the budget has no more, it is dropped, counted, and comes again
 * (tcp_recv_backed).
 *
 * The advertised right edge never moves back (RFC 9293 §3.8.6 SHLD-14; by less than the window's unit it may seem to
 * when the buffer is all but full, RFC 7323 §2.4, and what was promised is still taken), nor forward by less than a
 * segment or half of the grant (§3.8.6.2.2 MUST-39). */
#include "transport/tcp/exchange.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/min.h"

uint64_t tcp_receive_last(const struct tcp_connection *c)
{
    return c->ranges == NULL ? c->recv.end : c->ranges->range[c->ranges->count - 1].end;
}

bool tcp_receive_room(struct tcp *tcp, struct tcp_connection *c, uint64_t end)
{
    uint64_t last;
    uint32_t cost;

    if (tcp_receive_may_begin(c, end))
        return ring_begin(&c->recv, &tcp->core->slabs);
    last = tcp_receive_last(c);
    if (end < last)
        end = last;
    if (end - c->recv.begin <= c->recv.size)
        return true;
    cost = tcp_ring_cost((uint32_t)(end - c->recv.begin));
    if (cost > tcp_recv_backed(c) && !tcp_charge(tcp, c, cost - tcp_recv_backed(c)))
        return false;
    return ring_reserve(&c->recv, &tcp->core->slabs, (uint32_t)(end - c->recv.begin),
                        (uint32_t)(last - c->recv.begin));
}

bool tcp_receive_fused(struct tcp *tcp, struct tcp_connection *c, struct segment *segment, bool *sum_ok)
{
    uint32_t length = (uint32_t)segment->data.length;
    uint64_t sum;

    if (length == 0 || segment->packet->checksum_verified || c->state != BARO_TCP_ESTABLISHED ||
        c->ranges != NULL || (c->flags & (TCP_SHUT_READ | TCP_ORPHAN | TCP_FIN_HELD)) != 0 ||
        !seq_eq(segment->seq, c->rcv.nxt) || length > tcp_recv_window(c) ||
        (segment->flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) != 0 || !tcp_receive_room(tcp, c, c->recv.end + length))
        return false;
    if (c->recv.borrowed != 0)
        tcp_borrowed_settle_of(tcp, c);
    sum = segment_sum_of_header(segment) +
          checksum_of_native(ring_write_sum(&c->recv, c->recv.end, segment->data.data, length, false));
    *sum_ok = checksum_fold(sum) == 0;
    segment->copied = *sum_ok;
    return true;
}

bool tcp_receive_store(struct tcp *tcp, struct tcp_connection *c, uint64_t offset, struct baro_bytes data)
{
    uint64_t end = offset + data.length;
    uint32_t ranges = c->ranges == NULL ? 0 : c->ranges->count,
             i = ranges == 0 ? 0 : tcp_ranges_first(c->ranges, offset);

    if (!tcp_receive_room(tcp, c, end))
        return false;
    if (c->recv.borrowed != 0)
        tcp_borrowed_settle_of(tcp, c);
    while (offset < end) {
        uint64_t until = end, next = end;

        while (i < ranges && c->ranges->range[i].end <= offset)
            i++;
        if (i < ranges && c->ranges->range[i].begin < end) { /* held octets win */
            until = c->ranges->range[i].begin;
            next = c->ranges->range[i].end;
        }
        if (until > offset) {
            uint32_t length = (uint32_t)(until - offset);

            ring_write(&c->recv, offset, data.data, length);
        }
        if (next >= end)
            break;
        data.data += next - offset;
        offset = next;
    }
    return true;
}

/* The right edge that the free room allows. Rounding by the window's scale never promises more than there is. */
uint32_t tcp_offer_window(uint32_t grant, unsigned scale)
{
    uint32_t slack = (1u << scale) - 1;

    return grant > slack ? grant - slack : 0;
}

uint32_t tcp_receive_limit(const struct tcp *tcp, const struct tcp_settings *settings)
{
    uint32_t limit = tcp_receive_is_tuned(settings) ? tcp->recv_size.most : settings->recv_buffer;

    return limit > TCP_RECV_LEAST ? limit : TCP_RECV_LEAST;
}

__attribute__((noinline)) void tcp_receive_grow(struct tcp *tcp, struct tcp_connection *c, uint32_t want)
{
    uint32_t limit = tcp_receive_limit(tcp, &c->settings), backed = tcp_recv_backed(c), cost;

    want = min_u32(want, limit);
    if (want <= c->recv.limit || !tcp_synchronised(c))
        return;
    cost = tcp_share(tcp, backed, tcp_ring_cost(want), !tcp_receive_is_tuned(&c->settings));
    if (cost <= c->recv.limit || (cost > backed && !tcp_charge(tcp, c, cost - backed)))
        return;
    c->recv.limit = min_u32(cost, limit);
}

void tcp_receive_rest(struct tcp *tcp, struct tcp_connection *c)
{
    ring_release(&c->recv, &tcp->core->slabs);
    receive_tuning_pause(&c->tuning);
    if (tcp_recv_backed(c) > TCP_RECV_LEAST)
        tcp_discharge(tcp, c, tcp_recv_backed(c) - TCP_RECV_LEAST);
}
