/* transport/tcp/receive_buffer.c: the receive ring, the window that promises it, and the one pass of copy and sum.
 *
 * The grant (recv.limit) is how much the peer has been promised room for. It begins at the connection's promise and grows by what the
 * program reads in a round trip (autotune.h), so memory follows demand; the stack's budget is charged when the promise is
 * made, the ring itself takes memory at its first octet and grows by doubling. Where the program has fixed the buffer's
 * size, the grant doubles up to it as it is filled or read.
 *
 * A connection that rests gives its charge back all but the first promise, though the peer may still use its window: what
 * comes then is charged anew, and where the budget has no more, it is dropped, counted, and comes again (tcp_recv_backed).
 *
 * The advertised right edge never moves back (RFC 9293 §3.8.6 SHLD-14; by less than the window's unit it may seem to when
 * the buffer is all but full, RFC 7323 §2.4, and what was promised is still taken), nor forward by less than a segment or half
 * of the grant (§3.8.6.2.2 MUST-39). */
#include "transport/tcp/exchange.h"

#include "base/bytes.h"
#include "base/checksum.h"

uint64_t tcp_receive_last(const struct tcp_connection *c)
{
    return c->ranges == NULL ? c->recv.end : c->ranges->range[c->ranges->count - 1].end;
}

bool tcp_receive_room(struct tcp *tcp, struct tcp_connection *c, uint64_t end)
{
    uint64_t last = tcp_receive_last(c);
    uint32_t cost;

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
    sum = ring_write_sum(&c->recv, c->recv.end, segment->data.data, length, segment_sum_of_header(segment));
    *sum_ok = checksum_fold(sum) == 0;
    segment->copied = *sum_ok;
    return true;
}

bool tcp_receive_store(struct tcp *tcp, struct tcp_connection *c, uint64_t offset, struct baro_bytes data)
{
    uint64_t end = offset + data.length;
    uint32_t ranges = c->ranges == NULL ? 0 : c->ranges->count, i = ranges == 0 ? 0 : tcp_ranges_first(c->ranges, offset);

    if (!tcp_receive_room(tcp, c, end))
        return false;
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

void tcp_receive_release(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_ranges_free(tcp, c);
    ring_release(&c->recv, &tcp->core->slabs);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The right edge that the free room allows. Rounding by the window's scale never promises more than there is. */
uint32_t tcp_offer_window(uint32_t grant, unsigned scale)
{
    uint32_t slack = (1u << scale) - 1;

    return grant > slack ? grant - slack : 0;
}

/* The largest window: a program may want it smaller than the buffer (TCP_WINDOW_CLAMP). */
static uint32_t largest_window(const struct tcp_connection *c)
{
    return c->settings.window_clamp != 0 ? smaller(c->recv.limit, c->settings.window_clamp) : c->recv.limit;
}

/* The window that the free room allows, below 0 where there is none. */
static inline int32_t window_by_room(const struct tcp_connection *c, uint32_t largest)
{
    return (int32_t)(largest - ((1u << c->rcv_scale) - 1) - ring_used(&c->recv));
}

/* Would a window update be worth a segment (RFC 9293 §3.8.6.2.2)? `gain`: by how much the edge would move. */
static inline bool window_opens(const struct tcp_connection *c)
{
    uint32_t largest = largest_window(c);
    int32_t gain = window_by_room(c, largest) - seq_diff(c->rcv.edge, c->rcv.nxt);

    return gain > 0 && ((uint32_t)gain >= 2u * c->rcv_mss || (uint32_t)gain >= largest / 2);
}

uint16_t tcp_receive_window(struct tcp_connection *c, bool scaled)
{
    unsigned scale = scaled ? c->rcv_scale : 0;
    uint32_t used = ring_used(&c->recv), room = used < c->recv.limit ? c->recv.limit - used : 0, units;
    uint32_t largest = largest_window(c), least = smaller(largest / 2, c->rcv_mss);
    int32_t known = seq_diff(c->rcv.edge, c->rcv.nxt), by_room = window_by_room(c, largest);
    uint32_t window = (uint32_t)(by_room - known >= (int32_t)least ? by_room : known > 0 ? known : 0);

    units = (window + (1u << scale) - 1) >> scale; /* up, so that the edge does not go back */
    if (units << scale > room)
        units = window >> scale; /* down: again and again up, by every small segment, would let in more than there is room for */
    units = smaller(units, UINT16_MAX);
    if ((int32_t)(units << scale) > known)
        c->rcv.edge = seq_add(c->rcv.nxt, units << scale);
    return (uint16_t)units;
}

uint32_t tcp_receive_limit(const struct tcp *tcp, const struct tcp_settings *settings)
{
    uint32_t limit = tcp_receive_is_tuned(tcp, settings) ? tcp->recv_size.most : settings->recv_buffer;

    return limit > TCP_RECV_LEAST ? limit : TCP_RECV_LEAST;
}

__attribute__((noinline)) void tcp_receive_grow(struct tcp *tcp, struct tcp_connection *c, uint32_t want)
{
    uint32_t limit = tcp_receive_limit(tcp, &c->settings), backed = tcp_recv_backed(c), cost;

    want = smaller(want, limit);
    if (want <= c->recv.limit || !tcp_synchronised(c))
        return;
    cost = tcp_share(tcp, backed, tcp_ring_cost(want), !tcp_receive_is_tuned(tcp, &c->settings));
    if (cost <= c->recv.limit || (cost > backed && !tcp_charge(tcp, c, cost - backed)))
        return;
    c->recv.limit = smaller(cost, limit);
}

void tcp_receive_rest(struct tcp *tcp, struct tcp_connection *c)
{
    ring_release(&c->recv, &tcp->core->slabs);
    receive_tuning_pause(&c->tuning);
    if (tcp_recv_backed(c) > TCP_RECV_LEAST)
        tcp_discharge(tcp, c, tcp_recv_backed(c) - TCP_RECV_LEAST);
}

/* The grant after the program took `octets`. */
static inline void follow_reader(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    if (tcp_receive_is_tuned(tcp, &c->settings)) {
        uint32_t want = receive_tuning_taken(&c->tuning, tcp->core->now, octets);

        if (want > c->recv.limit)
            tcp_receive_grow(tcp, c, want);
        return;
    }
    c->tuning.copied += octets;
    if (c->tuning.copied >= c->recv.limit / 2) {
        tcp_receive_grow(tcp, c, c->recv.limit * 2);
        c->tuning.copied = 0;
    }
}

void tcp_receive_passed(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    c->recv.begin += octets;
    if ((c->flags & TCP_URGENT_KNOWN) == 0) /* taken along, as every number that is compared later */
        c->rcv.up = seq_max(c->rcv.up, tcp_recv_seq(c, c->recv.begin));
    follow_reader(tcp, c, octets);
    if (ring_used(&c->recv) == 0) {
        if (c->ranges == NULL)
            ring_restart(&c->recv);
        if (tcp_rest_is_far(tcp, c))
            tcp_rest_later(tcp, c);
    }
}

void tcp_receive_taken(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    tcp_receive_passed(tcp, c, octets);
    if (tcp_synchronised(c) && (c->flags & TCP_FIN_RECEIVED) == 0 && window_opens(c)) {
        c->flags |= TCP_ACK_NOW; /* a window update, or in the next segment */
        tcp_want_output(tcp, c);
    }
}
