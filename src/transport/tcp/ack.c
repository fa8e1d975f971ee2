/* transport/tcp/ack.c: fifth step, check the ACK field (RFC 9293 §3.10.7.4, RFC 5961 §5).
 *
 * New acknowledgement frees send memory, gives the RTT estimator its sample, moves the congestion window and the
 * states that wait for our FIN's ACK. The send window is taken over only from segments that are not older than
 * the last one that did (SND.WL1, SND.WL2). */
#include "transport/tcp/exchange.h"

void tcp_established(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_set_state(tcp, c, BARO_TCP_ESTABLISHED);
    if (c->syn_retries != 0)
        rtt_after_syn_loss(&c->rtt);
    c->retries = 0;
    c->progress = true; /* our SYN arrived */
    congestion_init(&c->congestion, c->settings.congestion, tcp_payload_limit(c));
    rack_memory_init(&c->rack);
    if (c->syn_retries > 1) /* RFC 6928 §2: lost more than once */
        c->congestion.cwnd = tcp_payload_limit(c);
    c->quick_acks = TCP_QUICK_ACKS;
    tcp->core->counters.tcp_passive_opens += (c->flags & TCP_PASSIVE) != 0;
    tcp_keepalive_restart(tcp, c);
    if (tcp->place != NULL)
        tcp_rest_later(tcp, c);
    tcp_want_more_output(tcp, c);
}

/* SYN-RECEIVED of a simultaneous open: the ACK of our SYN ends the dialogue. */
static enum baro_drop_reason end_of_dialogue(struct tcp *tcp, struct tcp_connection *c,
                                             const struct segment *segment)
{
    bool acceptable = seq_gt(segment->ack, c->snd.una) && seq_le(segment->ack, c->snd.nxt);

    TRACE(tcp->core, TCP_ACK_TEST, TRACE_N(segment->ack.value), TRACE_N(c->snd.una.value),
          TRACE_N(c->snd.nxt.value), TRACE_N(acceptable));
    if (!acceptable) {
        tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_BAD_ACK;
    }
    c->snd.wnd = segment->window << c->snd_scale;
    c->snd.max_wnd = c->snd.wnd;
    c->snd.wl1 = segment->seq;
    c->snd.wl2 = segment->ack;
    tcp_established(tcp, c);
    tcp_tell(tcp, c);
    return BARO_DROP_NONE;
}

void tcp_fin_acknowledged(struct tcp *tcp, struct tcp_connection *c)
{
    switch (c->state) {
    case BARO_TCP_FIN_WAIT_1:
        tcp_set_state(tcp, c, BARO_TCP_FIN_WAIT_2);
        if (c->flags & TCP_ORPHAN)
            tcp_orphan_in_fin_wait_2(tcp, c);
        tcp_tell(tcp, c);
        break;
    case BARO_TCP_CLOSING:
        tcp_enter_time_wait(tcp, c);
        break;
    case BARO_TCP_LAST_ACK:
        tcp_finish(tcp, c, 0);
        break;
    default:
        break;
    }
}

static void acknowledged(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    uint32_t flight = tcp_flight(c), acked = seq_span(segment->ack, c->snd.una);

    c->snd.una = segment->ack;
    c->flight.up = seq_max(c->flight.up, c->snd.una);
    c->flight.small = seq_max(c->flight.small, c->snd.una);
    if (seq_le(c->flight.up, c->snd.una))
        c->flags &= ~(uint32_t)TCP_URGENT_SENDING;
    tcp_measure(tcp, c, segment->ack, segment->options.ts_echo);
    c->retries = c->probes = 0;
    if (blackhole_acked(&c->blackhole, c->snd.una, tcp->core->now) == BLACKHOLE_AS_BEFORE)
        tcp_blackhole_changed(tcp, c);
    c->soft_error = 0;
    c->progress = true;
    tcp_timer_cancel(tcp, c, TCP_TIMER_USER_TIMEOUT);
    if (c->flags & TCP_SACK_PERMITTED)
        tcp_sender_acked(tcp, c, segment, acked, flight);
    else
        tcp_recover_acked(tcp, c, segment, acked, flight);
    tcp_send_acked(tcp, c, true);
    if (tcp_flight(c) == 0 && (c->ecn_flags & TCP_ECN_WAITS) == 0)
        tcp_timer_cancel(tcp, c, TCP_TIMER_RETRANSMIT);
    else /* RFC 6298 §5.3 */
        tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
    tcp_tail_arm(tcp, c);
    if ((c->flags & TCP_FIN_SENT) != 0 && tcp_flight(c) == 0)
        tcp_fin_acknowledged(tcp, c);
}

bool tcp_is_duplicate(const struct tcp_connection *c, const struct segment *segment)
{
    return seq_eq(segment->ack, c->snd.una) && tcp_flight(c) != 0 && segment->data.length == 0 && c->snd.wnd != 0 &&
           (segment->flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) == 0 &&
           segment->window << c->snd_scale == c->snd.wnd;
}

void tcp_window_opened(struct tcp *tcp, struct tcp_connection *c, uint32_t before)
{
    c->probes = 0;
    tcp_timer_cancel(tcp, c, TCP_TIMER_PERSIST);
    /* What was lost against the closed window need not wait for its backed-off timer. */
    if (before == 0 && tcp_flight(c) != 0)
        tcp_retransmit_from(tcp, c, c->snd.una, c->snd.nxt);
}

bool tcp_ack_in_range(const struct tcp_connection *c, const struct segment *segment)
{
    return seq_le(segment->ack, c->snd.nxt) && seq_ge(segment->ack, seq_sub(c->snd.una, c->snd.max_wnd));
}

enum baro_drop_reason tcp_step_ack(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    enum baro_drop_reason reason;
    bool acceptable;

    if ((segment->flags & TCP_FLAG_ACK) == 0)
        return BARO_DROP_TCP_BAD_FLAGS;
    if (c->state == BARO_TCP_SYN_RECEIVED) {
        reason = end_of_dialogue(tcp, c, segment);
        if (reason != BARO_DROP_NONE)
            return reason;
    }
    acceptable = tcp_ack_in_range(c, segment);
    TRACE(tcp->core, TCP_ACK_TEST, TRACE_N(segment->ack.value), TRACE_N(c->snd.una.value),
          TRACE_N(c->snd.nxt.value), TRACE_N(acceptable));
    if (!acceptable) {
        tcp_send_challenge(tcp, c, BARO_DROP_TCP_BAD_ACK);
        return BARO_DROP_TCP_BAD_ACK;
    }
    if (segment->options.sack_count != 0)
        tcp_sender_open(tcp, c);
    tcp_ecn_heard(tcp, c, segment);
    if (seq_gt(segment->ack, c->snd.una))
        acknowledged(tcp, c, segment);
    else if ((c->flags & TCP_SACK_PERMITTED) != 0 && seq_eq(segment->ack, c->snd.una))
        tcp_sender_acked(tcp, c, segment, 0, tcp_flight(c));
    else if ((c->flags & TCP_SACK_PERMITTED) == 0 && tcp_is_duplicate(c, segment))
        tcp_recover_duplicate(tcp, c, segment);
    if ((c->flags & TCP_ORPHAN) == 0 || c->snd.wnd != 0)
        c->probes = 0; /* alive: a closed window is probed for ever (MUST-36, MUST-37), but not for nobody */
    if (c->flags & TCP_CLOSED_DONE)
        return BARO_DROP_NONE;
    if (seq_ge(segment->ack, c->snd.una))
        tcp_update_window(tcp, c, segment->seq, segment->ack, segment->window << c->snd_scale);
    tcp_keepalive_restart(tcp, c);
    tcp_want_more_output(tcp, c);
    return BARO_DROP_NONE;
}
