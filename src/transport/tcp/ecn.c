/* transport/tcp/ecn.c: explicit congestion notification (RFC 3168 §6.1, as RFC 8311 left it).
 *
 * Routers that are about to drop mark instead, and nothing has to be sent again. Five things are here:
 *
 *   - the dialogue: a SYN with ECE and CWR asks, a SYN+ACK with ECE alone agrees. One with both flags reflects what it
 *     does not understand, and agrees to nothing. A SYN that stayed unanswered is sent again without asking: something
 *     on the way may throw such SYNs away (§6.1.1.1).
 *   - what leaves: ECT(0) on new data and on nothing else: no SYN, ACK, RST, lone FIN, probe of a closed window, and
 *     nothing that was sent before (§6.1.1, §6.1.4 to §6.1.6).
 *   - what comes: CE on text within the window makes every ACK say ECE, until a CWR comes (§6.1.3).
 *   - ECE: at most one reduction for what was in flight (§6.1.2), as for a loss: by half, or to 0.7 of it, over one
 *     round trip by PRR where there is a scoreboard (RFC 9937). An ECE lets no window grow, and takes no reduction back
 *     (RFC 4015 §3.2).
 *   - CWR on the first new data after a reduction, whatever it was made for.
 *
 * AccECN (RFC 9768) has its place: tcp_header_ecn() reads AE, CWR and ECE as one number, and the options' kinds have
 * names. Who offers it to us is answered as RFC 3168 says. */
#include "transport/tcp/parts.h"

#include "transport/tcp/ecn.h"
#include "transport/tcp/stretch_ack.h"

enum { SETUP = 3, AGREES = 1, CLASSIC = 3 }; /* of tcp_header_ecn(); AE is not RFC 3168's */

static void tell(const struct tcp *tcp, const struct tcp_connection *c, enum baro_trace_ecn what)
{
    TRACE(tcp->core, TCP_ECN, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(what));
}

void tcp_choose_ecn(struct tcp *tcp, enum baro_ecn ecn)
{
    tcp->ecn = (uint8_t)ecn;
}

/* ---- the dialogue ---- */

void tcp_ecn_connect(struct tcp *tcp, struct tcp_connection *c)
{
    if (tcp->ecn != BARO_ECN_DEFAULT)
        return;
    c->ecn_flags = TCP_ECN_ASKED | TCP_ECN_ASKS;
    tell(tcp, c, BARO_TRACE_ECN_ASKED);
}

void tcp_ecn_syn_unanswered(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->state != BARO_TCP_SYN_SENT || (c->ecn_flags & TCP_ECN_ASKS) == 0)
        return;
    c->ecn_flags &= (uint16_t)~TCP_ECN_ASKS;
    tell(tcp, c, BARO_TRACE_ECN_ASKS_NO_MORE);
}

bool tcp_ecn_is_setup(const struct tcp *tcp, const struct segment *segment)
{
    return tcp->ecn != BARO_ECN_OFF && (tcp_header_ecn(&segment->header) & CLASSIC) == SETUP;
}

/* A host that sent one SYN which did not ask sets no ECT, but hears marks if the peer took the one that did
 * (§6.1.1). */
void tcp_ecn_learn(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    unsigned flags = tcp_header_ecn(&segment->header) & CLASSIC;
    bool answer = (segment->flags & TCP_FLAG_ACK) != 0;

    if ((c->ecn_flags & TCP_ECN_ASKED) == 0)
        return;
    c->ecn_flags &= (uint16_t)~(TCP_ECN_SENDS | TCP_ECN_HEARS);
    if (flags == (answer ? (unsigned)AGREES : (unsigned)SETUP))
        c->ecn_flags |= c->ecn_flags & TCP_ECN_ASKS ? TCP_ECN_SENDS | TCP_ECN_HEARS : TCP_ECN_HEARS;
    tell(tcp, c, c->ecn_flags & TCP_ECN_SENDS ? BARO_TRACE_ECN_AGREED : BARO_TRACE_ECN_REFUSED);
}

uint8_t tcp_ecn_syn_flags(const struct tcp_connection *c)
{
    if (c->state == BARO_TCP_SYN_SENT)
        return c->ecn_flags & TCP_ECN_ASKS ? TCP_FLAG_ECE | TCP_FLAG_CWR : 0;
    return c->ecn_flags & TCP_ECN_SENDS ? TCP_FLAG_ECE : 0;
}

/* ---- what comes ---- */

void tcp_ecn_text(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    if ((c->ecn_flags & TCP_ECN_HEARS) == 0)
        return;
    /* The order counts for a segment that has both: it was marked after the peer had reduced. */
    if ((segment->flags & TCP_FLAG_CWR) != 0 && (c->ecn_flags & TCP_ECN_ECHO) != 0) {
        c->ecn_flags &= (uint16_t)~TCP_ECN_ECHO;
        tell(tcp, c, BARO_TRACE_ECN_PEER_REDUCED);
    }
    if ((segment->packet->tos & ECN_BITS) != ECN_NOT_ECT)
        c->ecn_flags |= TCP_ECN_SEEN;
    if ((segment->packet->tos & ECN_BITS) != ECN_CE)
        return;
    tcp_text_is_uneven(c);
    tcp->core->counters.tcp_marks_in += segment->count;
    tell(tcp, c, c->ecn_flags & TCP_ECN_ECHO ? BARO_TRACE_ECN_MARKED_AGAIN : BARO_TRACE_ECN_MARKED);
    c->ecn_flags |= TCP_ECN_ECHO;
}

uint8_t tcp_ecn_ack_flags(const struct tcp_connection *c)
{
    return c->ecn_flags & TCP_ECN_ECHO ? TCP_FLAG_ECE : 0;
}

/* ---- what leaves ---- */

uint8_t tcp_ecn_leave(struct tcp_connection *c, const struct plan *plan, uint8_t *flags)
{
    if ((c->ecn_flags & TCP_ECN_SENDS) == 0 || plan->length == 0 || plan->again || plan->probe)
        return ECN_NOT_ECT;
    if (c->ecn_flags & TCP_ECN_CWR) {
        c->ecn_flags &= (uint16_t)~TCP_ECN_CWR;
        *flags |= TCP_FLAG_CWR;
    }
    return ECN_ECT_0;
}

/* ---- ECE ---- */

void tcp_ecn_reduced(struct tcp_connection *c)
{
    if ((c->ecn_flags & TCP_ECN_SENDS) == 0)
        return;
    c->ecn_flags |= TCP_ECN_REDUCED | TCP_ECN_CWR;
    c->ecn.end = c->snd.nxt;
}

static void reduce(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t mss = tcp_payload_limit(c), missing;
    bool least = c->congestion.cwnd < 2 * mss; /* room for one */

    tcp_sender_open(tcp, c);
    missing = tcp_flight(c) - (c->sender == NULL ? 0 : c->sender->board.sacked);
    c->ecn.window = congestion_marked(&c->congestion, missing, mss);
    tcp_ecn_reduced(c);
    if (c->sender == NULL) {
        c->congestion.cwnd = c->ecn.window;
    } else {
        prr_begin(&c->sender->prr, missing);
        c->congestion.cwnd = tcp_pipe(c);
    }
    if (least) {
        c->ecn_flags |= TCP_ECN_WAITS;
        tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
    }
    tcp->core->counters.tcp_mark_reductions++;
    TRACE(tcp->core, TCP_MARK_REACTION, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(missing), TRACE_N(c->ecn.window),
          TRACE_N(c->congestion.ssthresh), TRACE_N(least));
}

void tcp_ecn_heard(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment)
{
    if ((c->ecn_flags & TCP_ECN_SENDS) == 0)
        return;
    c->ecn_flags &= (uint16_t)~TCP_ECN_HEARD;
    /* Beyond `end` it acknowledges the CWR: the peer has stopped, unless there is a new mark. */
    if (seq_gt(segment->ack, c->ecn.end)) {
        c->ecn_flags &= (uint16_t)~TCP_ECN_REDUCED;
        if (c->congestion.phase == CONGESTION_REDUCTION)
            congestion_reduced(&c->congestion, c->ecn.window);
    }
    if ((segment->flags & TCP_FLAG_ECE) == 0 || seq_lt(segment->ack, c->snd.una) || tcp_flight(c) == 0 ||
        seq_eq(c->snd.una, c->snd.iss)) /* a SYN was never ECN-capable */
        return;
    c->ecn_flags |= TCP_ECN_HEARD;
    if ((c->ecn_flags & TCP_ECN_REDUCED) == 0 && c->congestion.phase < CONGESTION_RECOVERY)
        reduce(tcp, c);
}

bool tcp_ecn_reducing(struct tcp_connection *c, uint32_t delivered, bool safe)
{
    uint32_t pipe;

    if (c->congestion.phase != CONGESTION_REDUCTION)
        return false;
    if (seq_ge(c->snd.una, c->ecn.end)) {
        congestion_reduced(&c->congestion, c->ecn.window);
    } else if (c->sender != NULL && delivered != 0) {
        pipe = tcp_pipe(c);
        c->congestion.cwnd = pipe + prr_proportion(&c->sender->prr, delivered, pipe, c->ecn.window,
                                                   tcp_payload_limit(c), safe);
    }
    return true;
}

bool tcp_ecn_timer(struct tcp *tcp, struct tcp_connection *c)
{
    if ((c->ecn_flags & TCP_ECN_WAITS) == 0)
        return false;
    c->ecn_flags &= (uint16_t)~TCP_ECN_WAITS;
    tcp_want_output(tcp, c);
    return tcp_flight(c) == 0;
}
