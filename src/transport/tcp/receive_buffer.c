/* transport/tcp/receive_buffer.c: the receive ring, the window that promises it, and the one pass of copy and sum.
 *
 * `grant` is how much the peer has been promised room for. It begins at the connection's promise and doubles up to
 * the program's limit when the program has read half of it again, so memory follows demand; the stack's budget is
 * charged when the promise is made, the ring itself takes memory at its first octet and grows by doubling.
 *
 * The advertised right edge never moves back (RFC 9293 §3.8.6 SHLD-14), nor forward by less than a segment or half
 * of the grant (§3.8.6.2.2 MUST-39). */
#include "transport/tcp/parts.h"

#include "base/bytes.h"
#include "base/checksum.h"

uint64_t tcp_receive_last(const struct tcp_connection *c)
{
    return c->ranges == NULL ? c->recv.end : c->ranges->range[c->ranges->count - 1].end;
}

bool tcp_receive_room(struct tcp *tcp, struct tcp_connection *c, uint64_t end)
{
    uint64_t last = tcp_receive_last(c);

    if (end < last)
        end = last;
    if (end - c->recv.begin <= c->recv.size)
        return true;
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
    return c->settings.window_clamp != 0 ? smaller(c->grant, c->settings.window_clamp) : c->grant;
}

static struct seq edge_by_room(const struct tcp_connection *c)
{
    uint32_t used = ring_used(&c->recv), limit = tcp_offer_window(largest_window(c), c->rcv_scale);

    return seq_add(c->rcv.nxt, used < limit ? limit - used : 0);
}

bool tcp_receive_window_opens(const struct tcp_connection *c)
{
    struct seq edge = edge_by_room(c);
    uint32_t least = smaller(largest_window(c) / 2, 2u * c->rcv_mss);

    return seq_gt(edge, c->rcv.edge) && seq_span(edge, c->rcv.edge) >= least;
}

uint16_t tcp_receive_window(struct tcp_connection *c, bool scaled)
{
    unsigned scale = scaled ? c->rcv_scale : 0;
    struct seq edge = edge_by_room(c);
    uint32_t window, least = smaller(largest_window(c) / 2, c->rcv_mss);

    if (seq_lt(edge, c->rcv.edge) || seq_span(edge, c->rcv.edge) < least)
        edge = c->rcv.edge;
    window = seq_lt(c->rcv.nxt, edge) ? seq_span(edge, c->rcv.nxt) : 0;
    window = (window + (1u << scale) - 1) >> scale; /* up, so that the edge does not go back */
    window = smaller(window, UINT16_MAX);
    edge = seq_add(c->rcv.nxt, window << scale);
    c->rcv.edge = seq_max(c->rcv.edge, edge);
    return (uint16_t)window;
}

void tcp_receive_taken(struct tcp *tcp, struct tcp_connection *c, uint32_t octets)
{
    uint32_t limit = c->settings.recv_buffer > TCP_RECV_LEAST ? c->settings.recv_buffer : TCP_RECV_LEAST;

    c->recv.begin += octets;
    if ((c->flags & TCP_URGENT_KNOWN) == 0) /* taken along, as every number that is compared later */
        c->rcv.up = seq_max(c->rcv.up, tcp_recv_seq(c, c->recv.begin));
    c->copied += octets;
    if (c->copied >= c->grant / 2 && c->grant < limit && tcp_synchronised(c)) {
        uint32_t grown = smaller(c->grant * 2, limit);
        uint32_t more = tcp_ring_cost(grown) - tcp_ring_cost(c->grant);

        if (more == 0 || tcp_charge(tcp, c, more))
            c->grant = grown;
        c->copied = 0;
    }
    if (ring_used(&c->recv) == 0)
        tcp_rest_later(tcp, c);
    if (tcp_synchronised(c) && (c->flags & TCP_FIN_RECEIVED) == 0 && tcp_receive_window_opens(c)) {
        c->flags |= TCP_ACK_NOW; /* a window update, or in the next segment */
        tcp_want_output(tcp, c);
    }
}
