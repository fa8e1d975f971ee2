/* transport/tcp/syn_sent.c: a segment for a connection in SYN-SENT (RFC 9293 §3.10.7.3). */
#include "transport/tcp/exchange.h"

static enum baro_drop_reason refused(struct tcp *tcp, struct tcp_connection *c, bool ack_acceptable)
{
    if (!ack_acceptable)
        return BARO_DROP_TCP_BAD_ACK; /* RFC 5961: a RST that acknowledges nothing of ours is blind */
    tcp->core->counters.tcp_resets_in++;
    tcp_finish(tcp, c, ECONNREFUSED);
    return BARO_DROP_NONE;
}

/* Our SYN is acknowledged: the dialogue is done for us. */
static void complete(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    int64_t now_ns = tcp->core->now.ns;

    c->snd.una = segment->ack;
    c->retransmit_next = c->retransmit_end = c->snd.una;
    tcp_timer_cancel(tcp, c, TCP_TIMER_RETRANSMIT);
    tcp_timer_cancel(tcp, c, TCP_TIMER_USER_TIMEOUT);
    if ((c->flags & TCP_RTT_TIMING) != 0) {
        c->flags &= ~(uint32_t)TCP_RTT_TIMING;
        rtt_begin(&c->rtt, now_ns - c->rtt_at_ns, now_ns);
    }
    tcp_established(tcp, c);
    if (segment->data.length == 0) /* text brings its own ACK, which covers the SYN */
        tcp_send_ack_soon(tcp, c);
    tcp_tell(tcp, c);
}

enum baro_drop_reason tcp_input_syn_sent(struct tcp *tcp, struct tcp_connection *c, struct segment *segment)
{
    bool has_ack = (segment->flags & TCP_FLAG_ACK) != 0;
    bool ack_acceptable = has_ack && seq_gt(segment->ack, c->snd.una) && seq_le(segment->ack, c->snd.nxt);

    /* First: ACK. */
    if (has_ack)
        TRACE(tcp->core, TCP_ACK_TEST, TRACE_N(segment->ack.value), TRACE_N(c->snd.una.value),
              TRACE_N(c->snd.nxt.value), TRACE_N(ack_acceptable));
    if (has_ack && !ack_acceptable) {
        if ((segment->flags & TCP_FLAG_RST) == 0)
            tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_BAD_ACK;
    }
    /* Second: RST. */
    if (segment->flags & TCP_FLAG_RST)
        return refused(tcp, c, ack_acceptable);
    /* Fourth: SYN. */
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) != TCP_FLAG_SYN)
        return BARO_DROP_TCP_BAD_FLAGS;
    tcp_learn_syn(tcp, c, segment);
    c->received_at_ns = tcp->core->now.ns;
    if (ack_acceptable) {
        complete(tcp, c, segment);
        (void)tcp_receive_window(c, false); /* our SYN offered it: text up to there may have come along */
        segment->seq = seq_add(segment->seq, 1);
        segment->flags &= (uint8_t)~TCP_FLAG_SYN;
        return tcp_step_text(tcp, c, segment); /* "continue processing at the sixth step" */
    }
    /* Simultaneous open (RFC 9293 figure 8): our SYN again, with the ACK. */
    tcp_set_state(tcp, c, BARO_TCP_SYN_RECEIVED);
    tcp_retransmit_from(tcp, c, c->snd.iss, seq_add(c->snd.iss, 1));
    return BARO_DROP_NONE;
}
