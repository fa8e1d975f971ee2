/* transport/tcp/expected_end.c: header prediction at the end of a connection: the expected FIN, and the ACK of ours.
 *
 * expected.c knows what comes while text is exchanged. Two segments more come once in each connection's life, at either end,
 * and of short connections they are the half: the peer's FIN in order, alone or behind its last text, and the ACK of all
 * that we sent, our FIN included. Both make the connection change its state:
 *
 *     FIN                 ESTABLISHED -> CLOSE-WAIT, FIN-WAIT-1 -> CLOSING, FIN-WAIT-2 -> TIME-WAIT
 *     ACK of our FIN      FIN-WAIT-1 -> FIN-WAIT-2, CLOSING -> TIME-WAIT, LAST-ACK -> CLOSED
 *     both in one         FIN-WAIT-1 -> TIME-WAIT
 *
 * What makes the steps short is what does in expected.c, and the transitions are the whole path's own functions
 * (tcp_fin_acknowledged, tcp_fin_in_order). Everything is tested before anything is changed; a FIN behind a hole, beyond the
 * window, again, or with a RST goes the whole path with nothing touched. test/sim/close_straight_test.c compares both. */
#include "transport/tcp/expected_end.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/words.h"
#include "codec/ip_protocol.h"
#include "transport/tcp/exchange.h"

/* The header's length, and it with the flags: as in expected.c, the FIN besides. */
enum { PLAIN = 20, STAMPED = 32, PLAIN_ACK = 0x5010, STAMPED_ACK = 0x8010, FLAGS_LEFT_OPEN = TCP_FLAG_PSH | TCP_FLAG_FIN };

#define NOP_NOP_TIMESTAMPS UINT32_C(0x0101080a)

struct ending {
    struct seq seq, ack;
    uint32_t window; /* scaled */
    uint32_t ts_value, ts_echo;
    uint32_t header, octets; /* of text */
    bool fin;                /* it has one; else it acknowledges ours */
};

static bool read_segment(struct ending *segment, const struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    const uint8_t *at = arrival->octets;
    const bool stamped = (c->flags & TCP_TIMESTAMPS) != 0;
    const unsigned word = read_be16(at + 12);

    segment->header = stamped ? STAMPED : PLAIN;
    if ((word & ~(unsigned)FLAGS_LEFT_OPEN) != (stamped ? (unsigned)STAMPED_ACK : (unsigned)PLAIN_ACK) ||
        arrival->length < segment->header)
        return false;
    segment->fin = (word & TCP_FLAG_FIN) != 0;
    segment->octets = arrival->length - segment->header;
    segment->seq = seq_of(read_be32(at + 4));
    segment->ack = seq_of(read_be32(at + 8));
    segment->window = (uint32_t)read_be16(at + 14) << c->snd_scale;
    segment->ts_value = segment->ts_echo = 0;
    if (stamped) {
        if (read_be32(at + 20) != NOP_NOP_TIMESTAMPS)
            return false;
        segment->ts_value = read_be32(at + 24);
        segment->ts_echo = read_be32(at + 28);
    }
    return true;
}

/* Is all of ours acknowledged now, the FIN included, and was not before? */
static bool acknowledges_fin(const struct tcp_connection *c, const struct ending *segment)
{
    return (c->flags & TCP_FIN_SENT) != 0 && seq_eq(segment->ack, c->snd.nxt) && !seq_eq(segment->ack, c->snd.una);
}

/* May the text in front of a FIN be taken into the ring as it is? */
static bool may_take(const struct tcp_connection *c, const struct ending *segment, const struct tcp_arrival *arrival)
{
    return c->state == BARO_TCP_ESTABLISHED && (c->flags & (TCP_ORPHAN | TCP_SHUT_READ)) == 0 && arrival->gso_size == 0 &&
           segment->octets <= tcp_recv_window(c) && segment->octets <= ring_space(&c->recv) &&
           ((c->ecn.flags & TCP_ECN_HEARS) == 0 || (arrival->tos & ECN_BITS) != ECN_CE);
}

static bool is_next(const struct tcp_connection *c, const struct ending *segment, const struct tcp_arrival *arrival)
{
    /* SND.UNA <= SEG.ACK <= SND.NXT */
    if (!seq_eq(segment->seq, c->rcv.nxt) || seq_span(segment->ack, c->snd.una) > tcp_flight(c))
        return false;
    if ((c->flags & TCP_TIMESTAMPS) != 0 && (int32_t)(segment->ts_value - c->ts_recent) < 0)
        return false;
    if (!segment->fin)
        return segment->octets == 0 && acknowledges_fin(c, segment);
    return c->state <= BARO_TCP_FIN_WAIT_2 && (c->flags & (TCP_FIN_HELD | TCP_FIN_RECEIVED)) == 0 &&
           tcp_recv_window(c) != 0 && (segment->octets == 0 || may_take(c, segment, arrival));
}

/* The sum of everything, taken while the text goes behind the ring's end. */
static bool sum_is_right(struct tcp_connection *c, const struct ending *segment, const struct tcp_arrival *arrival)
{
    const uint8_t *text = arrival->octets + segment->header;
    uint64_t sum;

    if (arrival->checksum_verified) {
        ring_write(&c->recv, c->recv.end, text, segment->octets);
        return true;
    }
    sum = words_add(0, arrival->addresses, arrival->family == BARO_FAMILY_IPV6 ? 32 : 8);
    sum = words_add(sum, arrival->octets, segment->header);
    sum = checksum_of_native(sum) + IP_PROTOCOL_TCP + arrival->length;
    if (segment->octets == 0)
        return checksum_fold(sum) == 0;
    return checksum_fold(ring_write_sum(&c->recv, c->recv.end, text, segment->octets, sum)) == 0;
}

/* The text in front of a FIN: the FIN's ACK is its ACK. */
static void take_text(struct tcp *tcp, struct tcp_connection *c, const struct ending *segment, uint8_t tos)
{
    c->counts.data_in++;
    if ((c->ecn.flags & TCP_ECN_HEARS) != 0 && (tos & ECN_BITS) != ECN_NOT_ECT)
        c->ecn.flags |= TCP_ECN_SEEN;
    c->text_at_ns = tcp->core->now.ns;
    c->recv.end += segment->octets;
    tcp_text_in_order(tcp, c, segment->octets, segment->octets, segment->ts_echo);
    if ((c->flags & TCP_POSTED) != 0)
        tcp_posted_fill(tcp, c);
    tcp_rest_later(tcp, c);
}

/* Is it behind this segment nothing but a record in TIME-WAIT? */
static bool is_gone(const struct tcp_connection *c, const struct ending *segment)
{
    return segment->fin && c->state == BARO_TCP_FIN_WAIT_2 && (c->flags & TCP_ORPHAN) != 0;
}

/* tcp_expected_acknowledged() for who never sends anything again but ACKs, and whom nobody asks any more: round trip and
 * congestion window have had their use. */
static void last_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct seq ack)
{
    c->snd.una = c->snd.up = c->snd.small = c->retransmit_next = c->retransmit_end = ack;
    c->flags &= ~(uint32_t)TCP_RTT_TIMING;
    c->retries = 0;
    c->soft_error = 0;
    c->progress = true;
    c->hole.timeouts = 0;
    c->hole.outage = false;
    tcp_send_acked(tcp, c);
    if (c->sender != NULL)
        tcp_sender_release(tcp, c);
    c->deadline_ns[TCP_TIMER_USER_TIMEOUT] = c->deadline_ns[TCP_TIMER_RETRANSMIT] = c->deadline_ns[TCP_TIMER_TAIL] = 0;
}

/* The steps from the fifth on; `c` may be over behind them. */
static void take(struct tcp *tcp, struct tcp_connection *c, const struct ending *segment, uint8_t tos)
{
    const bool ours = acknowledges_fin(c, segment);

    if (ours && (c->flags & TCP_ORPHAN) != 0) {
        if (c->state == BARO_TCP_FIN_WAIT_1) /* else it is over, and gone */
            last_acknowledged(tcp, c, segment->ack);
    } else if (!seq_eq(segment->ack, c->snd.una)) {
        tcp_expected_acknowledged(tcp, c, segment->ack, segment->ts_echo);
    }
    c->probes = 0;
    if (ours)
        tcp_fin_acknowledged(tcp, c);
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        return;
    if (!is_gone(c, segment)) {
        tcp_update_window(tcp, c, segment->seq, segment->ack, segment->window);
        if (c->settings.keepalive)
            tcp_keepalive_restart(tcp, c);
        tcp_want_more_output(tcp, c);
    }
    if (!segment->fin)
        return;
    if (segment->octets != 0)
        take_text(tcp, c, segment, tos);
    c->flags |= TCP_FIN_HELD;
    c->rcv.fin = c->rcv.nxt;
    tcp_fin_in_order(tcp, c);
}

bool tcp_expected_end(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    struct ending segment;

    if (!tcp_hears_at_ease(c) || c->snd.wnd == 0 || !read_segment(&segment, c, arrival) ||
        !is_next(c, &segment, arrival) || !tcp_flight_is_in_order(c) || !sum_is_right(c, &segment, arrival))
        return false;
    tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    tcp->expected++;
    tcp->core->counters.tcp_in++;
    c->segments_in++;
    if ((c->flags & TCP_TIMESTAMPS) != 0 && seq_le(segment.seq, c->rcv.acked)) { /* RFC 7323 §4.3 */
        c->ts_recent = segment.ts_value;
        c->ts_recent_at_ns = tcp->core->now.ns;
    }
    c->received_at_ns = tcp->core->now.ns;
    take(tcp, c, &segment, arrival->tos);
    if ((c->flags & TCP_CLOSED_DONE) != 0)
        tcp_reap(tcp, c);
    if (!handle_is_none(tcp->waiting_first))
        tcp_wake_waiting(tcp);
    return true;
}
