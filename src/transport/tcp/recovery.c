/* transport/tcp/recovery.c: what is sent again, and when (RFC 5681 §3.2, RFC 6582, RFC 6298 §5).
 *
 * One span [retransmit_next, retransmit_end) says what has to be sent again; output takes from its beginning before
 * it sends anything new. Fast retransmit and a partial ACK put one segment there, a timeout everything in flight,
 * which then goes out as the window opens from one segment. `recover` is NewReno's: no second fast retransmit for
 * losses of the same window. This is for peers without SACK; with it sender.c finds what is lost, and the span has what
 * is sent again for other reasons: a smaller path MTU, a window that opens again, a probe. Whether a timeout or a third
 * duplicate was a mistake is asked at each ACK (undo.c, frto.h). */
#include "transport/tcp/exchange.h"

void tcp_trace_congestion(const struct tcp *tcp, const struct tcp_connection *c)
{
    TRACE(tcp->core, TCP_CONGESTION, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->congestion.phase),
          TRACE_N(c->congestion.cwnd), TRACE_N(c->congestion.ssthresh), TRACE_N(tcp_flight(c)));
}

void tcp_retransmit_from(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq end)
{
    c->retransmit_next = from;
    c->retransmit_end = end;
    tcp_want_output(tcp, c);
}

static void one_segment_again(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_retransmit_from(tcp, c, c->snd.una, seq_min(seq_add(c->snd.una, tcp_payload_limit(c)), c->snd.nxt));
}

void tcp_grow_filled(struct tcp *tcp, struct tcp_connection *c, uint32_t acked, uint32_t flight, int64_t rtt_ns,
                     bool valid)
{
    const struct congestion_ack ack = { .now = tcp->core->now,
                                        .srtt = { c->rtt.srtt_ns },
                                        .rtt = { rtt_ns },
                                        .una = c->snd.una,
                                        .nxt = c->snd.nxt,
                                        .acked = acked,
                                        .flight = flight,
                                        .mss = tcp_payload_limit(c),
                                        .unvalidated = !valid };

    congestion_acked(&c->congestion, &ack);
}

/* Was what is being repaired a mistake? */
static void look_back(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked)
{
    struct frto_ack frto = { .advances = true, .news = true };

    if (tcp_undo_by_timestamp(c, segment, acked))
        tcp_undo(tcp, c);
    else
        (void)tcp_frto_acked(tcp, c, segment, &frto);
}

void tcp_recover_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                       uint32_t flight)
{
    uint32_t mss = tcp_payload_limit(c);
    uint8_t phase;

    c->duplicate_acks = 0;
    look_back(tcp, c, segment, acked);
    phase = c->congestion.phase;
    if (phase != CONGESTION_RECOVERY && phase != CONGESTION_LOSS && seq_gt(c->snd.una, c->recover))
        c->recover = seq_sub(c->snd.una, 1); /* taken along: left behind for 2^31 octets it would seem to lie ahead */
    c->retransmit_next = seq_max(c->retransmit_next, c->snd.una);
    c->retransmit_end = seq_max(c->retransmit_end, c->retransmit_next);
    if (phase == CONGESTION_RECOVERY) {
        if (seq_ge(c->snd.una, c->recover)) {
            congestion_recovered(&c->congestion, tcp_flight(c), mss);
            tcp_validate_recovered(c);
            tcp_undo_forget(c);
        } else {
            congestion_partial(&c->congestion, acked, mss);
            one_segment_again(tcp, c);
        }
        tcp_trace_congestion(tcp, c);
        return;
    }
    if (phase == CONGESTION_LOSS && seq_ge(c->snd.una, c->recover))
        c->congestion.phase = CONGESTION_SLOW_START;
    if (c->congestion.phase < CONGESTION_RECOVERY)
        tcp_undo_forget(c);
    if (!tcp_ecn_reducing(c, acked, true))
        tcp_grow(tcp, c, acked, flight, 0);
    tcp_trace_congestion(tcp, c);
}

void tcp_recover_duplicate(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    uint32_t mss = tcp_payload_limit(c), flight = tcp_flight(c), cwnd = c->congestion.cwnd;

    (void)tcp_frto_acked(tcp, c, segment, &(struct frto_ack){ .duplicate = true });
    if (c->congestion.phase == CONGESTION_RECOVERY) {
        congestion_inflate(&c->congestion, flight, mss);
        return;
    }
    if (c->duplicate_acks < UINT8_MAX)
        c->duplicate_acks++;
    if (c->duplicate_acks != 3 || c->congestion.phase == CONGESTION_LOSS || seq_le(c->snd.una, c->recover))
        return; /* the first two let one new segment each out (RFC 3042): output looks at the count */
    c->recover = c->snd.nxt;
    tcp_undo_remember(tcp, c);
    /* What limited transmit let out beyond the window does not count (RFC 5681 §3.2 step 2). */
    congestion_fast_retransmit(&c->congestion, flight < c->congestion.cwnd ? flight : c->congestion.cwnd, mss);
    tcp_validate_loss(tcp, c, cwnd, flight);
    c->congestion.cwnd = c->congestion.ssthresh + 3 * mss;
    tcp_ecn_reduced(c);
    TRACE(tcp->core, TCP_FAST_RETRANSMIT, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->snd.una.value),
          TRACE_N(c->duplicate_acks));
    tcp_trace_congestion(tcp, c);
    tcp->core->counters.tcp_fast_retransmits++;
    one_segment_again(tcp, c);
}

void tcp_recover_timeout(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t missing = tcp_flight(c) - (c->sender == NULL ? 0 : c->sender->board.sacked);
    bool recovering = c->congestion.phase >= CONGESTION_RECOVERY;

    tcp_sender_timeout(tcp, c);
    if (!recovering)
        tcp_undo_remember(tcp, c);
    c->frto = frto_timeout(c->frto, recovering);
    congestion_timeout(&c->congestion, missing, tcp_payload_limit(c), c->retries > 1 || c->blackhole.trying);
    tcp_ecn_reduced(c);
    c->duplicate_acks = 0;
    c->recover = c->snd.nxt;
    c->flags &= ~(uint32_t)TCP_RTT_TIMING;
    tcp_trace_congestion(tcp, c);
    if (c->sender == NULL)
        tcp_retransmit_from(tcp, c, c->snd.una, c->snd.nxt);
    else
        tcp_want_output(tcp, c);
}
