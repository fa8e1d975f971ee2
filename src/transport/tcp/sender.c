/* transport/tcp/sender.c: what an ACK with SACK means (RFC 2018, RFC 8985, RFC 9937, RFC 4015).
 *
 * One function for each ACK, tcp_sender_acked(): the scoreboard learns what was delivered, RACK marks what is lost by
 * now, and the phases follow: a first loss begins a recovery, in which PRR says at each ACK how much may leave; the ACK
 * of all that was in flight at its beginning ends it. Output takes what is marked LOST before anything new, as far as
 * the congestion window is ahead of what is on its way (plan.c).
 *
 * A loss that was a mistake is taken back (undo.c). Connections without SACK: recovery.c. */
#include "transport/tcp/exchange.h"

void tcp_sender_open(struct tcp *tcp, struct tcp_connection *c)
{
    bool again = c->retries != 0 || c->blackhole.trying;

    if (c->sender != NULL || (c->flags & TCP_SACK_PERMITTED) == 0 || !tcp_synchronised(c) || tcp_flight(c) == 0)
        return;
    c->sender = pool_take(&tcp->senders);
    if (c->sender == NULL)
        return; /* SACK goes unheard until there is memory: the timer repairs */
    scoreboard_begin(&c->sender->board, c->snd.una, c->snd.nxt, c->rtt_at_ns, again);
    prr_begin(&c->sender->prr, tcp_flight(c));
}

void tcp_sender_release(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->sender != NULL)
        pool_give_back(&tcp->senders, c->sender);
    c->sender = NULL;
    tcp_timer_cancel(tcp, c, TCP_TIMER_REORDER);
}

void tcp_sender_sent(struct tcp *tcp, struct tcp_connection *c, struct seq end)
{
    if (tcp_flight(c) != 0 && c->rtt_at_ns != tcp->core->now.ns)
        tcp_sender_open(tcp, c);
    if (c->sender == NULL)
        return;
    if (c->congestion.phase == CONGESTION_RECOVERY || c->congestion.phase == CONGESTION_REDUCTION)
        c->sender->prr.out += seq_span(end, c->snd.nxt);
    scoreboard_sent(&c->sender->board, end, tcp->core->now.ns);
}

void tcp_sender_again(struct tcp *tcp, struct tcp_connection *c, struct seq from, struct seq to)
{
    struct tcp_sender *sender;

    tcp_sender_open(tcp, c);
    sender = c->sender;
    if (sender == NULL)
        return;
    if (c->congestion.phase == CONGESTION_RECOVERY)
        sender->prr.out += seq_span(to, from);
    tcp_undo_again(tcp, c, from, to);
    scoreboard_again(&sender->board, from, to, tcp->core->now.ns);
    /* The answer to this is a round trip away: it is worth a timer of its own (RFC 6675 §5 (4.3) allows it). */
    if (c->congestion.phase == CONGESTION_RECOVERY && seq_eq(from, c->snd.una))
        tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
}

/* `missing`: octets that were neither acknowledged nor SACKED when the loss was found. It is RFC 9937's RecoverFS and
 * what the windows are reduced from: while a reordering window passes, the whole flight grows by what is SACKED
 * meanwhile. */
static void begin_recovery(struct tcp *tcp, struct tcp_connection *c, uint32_t missing)
{
    struct seq from = c->snd.una, to;
    uint32_t cwnd = c->congestion.cwnd;

    tcp_undo_remember(tcp, c);
    c->recover = c->snd.nxt;
    c->tail.out = false;
    tcp_timer_cancel(tcp, c, TCP_TIMER_TAIL);
    if (c->congestion.phase != CONGESTION_REDUCTION) /* else that goes on */
        prr_begin(&c->sender->prr, missing);
    congestion_loss(&c->congestion, missing, tcp_payload_limit(c));
    tcp_validate_loss(tcp, c, cwnd, missing);
    tcp_ecn_reduced(c);
    tcp->core->counters.tcp_fast_retransmits++;
    (void)scoreboard_next_lost(&c->sender->board, 1, &from, &to);
    TRACE(tcp->core, TCP_LOSS, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(from.value),
          TRACE_N(c->sender->board.lost), TRACE_N(c->sender->board.sacked), TRACE_N(tcp_pipe(c)));
}

static void end_recovery(struct tcp_connection *c)
{
    c->congestion.cwnd = c->congestion.ssthresh;
    tcp_validate_recovered(c);
    c->congestion.phase = CONGESTION_AVOIDANCE;
    rack_recovered(&c->rack);
    c->sender->undo.possible = false;
}

void tcp_sender_timeout(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_sender_open(tcp, c);
    c->tail.out = false;
    if (c->sender == NULL)
        return;
    scoreboard_lose_all(&c->sender->board);
    tcp_timer_cancel(tcp, c, TCP_TIMER_REORDER);
}

static struct rack_facts facts_of(const struct tcp *tcp, const struct tcp_connection *c)
{
    return (struct rack_facts){ .now_ns = tcp->core->now.ns,
                                .srtt_ns = c->rtt.srtt_ns,
                                .min_rtt_ns = least_ns(&c->rtt.least),
                                .mss = tcp_payload_limit(c),
                                .recovering = c->congestion.phase >= CONGESTION_RECOVERY };
}

/* The first block repeats what is acknowledged, or what lies inside the second: a duplicate came (RFC 2883 §4, §5). */
static bool tells_duplicate(const struct segment *segment)
{
    const struct tcp_sack_block *block = segment->options.sack;

    if (segment->options.sack_count == 0 || seq_ge(block[0].left, block[0].right))
        return false;
    return seq_le(block[0].right, segment->ack) ||
           (segment->options.sack_count > 1 && seq_ge(block[0].left, block[1].left) &&
            seq_le(block[0].right, block[1].right));
}

/* The blocks in ascending order, so that what one ACK tells at once does not look like reordering. A block over the
 * octet that the same ACK asks for is a lie: believed, that octet would never be taken for lost. */
static void hear_blocks(struct scoreboard *board, const struct segment *segment, bool duplicate,
                        struct scoreboard_delivered *delivered)
{
    const struct tcp_sack_block *block = segment->options.sack;
    unsigned first = duplicate ? 1 : 0, heard = 0;

    for (unsigned round = first; round < segment->options.sack_count; round++) {
        unsigned lowest = TCP_SACK_LIMIT;

        for (unsigned i = first; i < segment->options.sack_count; i++)
            if ((heard & 1u << i) == 0 && (lowest == TCP_SACK_LIMIT || seq_lt(block[i].left, block[lowest].left)))
                lowest = i;
        heard |= 1u << lowest;
        if (seq_lt(block[lowest].left, block[lowest].right) && seq_gt(block[lowest].left, segment->ack))
            scoreboard_sack(board, block[lowest].left, block[lowest].right, delivered);
    }
}

/* Eifel, or all that was sent again came twice. */
static bool was_mistake(const struct tcp_connection *c, const struct segment *segment, uint32_t acked, bool duplicate)
{
    return tcp_undo_by_timestamp(c, segment, acked) ||
           (duplicate && tcp_undo_possible(c) && c->sender->undo.octets == 0);
}

/* A duplicate came there: one retransmission fewer that may have been needed. Where nothing was sent again it was the
 * network that doubled a segment: that says nothing. */
static void hear_duplicate(struct tcp_connection *c, const struct segment *segment)
{
    struct seq left = segment->options.sack[0].left, right = segment->options.sack[0].right;
    uint32_t octets = seq_span(right, left);

    if (!c->sender->undo.stamped || seq_lt(left, c->sender->undo.from) || seq_gt(right, c->sender->undo.to) ||
        !scoreboard_was_again(&c->sender->board, left, right))
        return;
    rack_duplicate(&c->rack, c->snd.nxt);
    c->sender->undo.octets -= octets < c->sender->undo.octets ? octets : c->sender->undo.octets;
}

static void detect(struct tcp *tcp, struct tcp_connection *c, uint32_t *lost)
{
    struct rack_facts facts = facts_of(tcp, c);
    int64_t wait_ns = rack_detect(&c->sender->rack, &c->rack, &c->sender->board, &facts, lost);

    if (wait_ns != 0)
        tcp_timer_arm(tcp, c, TCP_TIMER_REORDER, wait_ns);
    else
        tcp_timer_cancel(tcp, c, TCP_TIMER_REORDER);
}

/* The window during a recovery: what is on its way, and what PRR lets out now. */
static void reduce_in_proportion(struct tcp_connection *c, uint32_t delivered, bool safe)
{
    uint32_t pipe = tcp_pipe(c);

    c->congestion.cwnd =
        pipe + prr_acked(&c->sender->prr, delivered, pipe, c->congestion.ssthresh, tcp_payload_limit(c), safe);
}

void tcp_sender_reorder_timer(struct tcp *tcp, struct tcp_connection *c)
{
    uint32_t lost;

    if (c->sender == NULL)
        return;
    detect(tcp, c, &lost);
    if (lost == 0)
        return;
    if (c->congestion.phase < CONGESTION_RECOVERY) {
        begin_recovery(tcp, c, tcp_flight(c) - c->sender->board.sacked);
        reduce_in_proportion(c, 0, false);
        tcp_trace_congestion(tcp, c);
    }
    tcp_want_output(tcp, c);
}

struct ack_facts {
    uint32_t acked, delivered, lost; /* octets that it acknowledged, delivered in all, and let find lost */
    uint32_t flight, missing;        /* octets before it: not acknowledged, and of these not SACKED */
    int64_t rtt_ns;                  /* its sample, 0: none */
    bool reduced;                    /* the window was reduced for it already */
};

/* The windows after an ACK. */
static void follow(struct tcp *tcp, struct tcp_connection *c, const struct ack_facts *ack)
{
    uint8_t phase = c->congestion.phase;

    if (phase == CONGESTION_RECOVERY && seq_ge(c->snd.una, c->recover)) {
        end_recovery(c);
    } else if (phase == CONGESTION_LOSS && seq_ge(c->snd.una, c->recover)) {
        c->congestion.phase = CONGESTION_SLOW_START;
        c->sender->undo.possible = false;
        rack_recovered(&c->rack);
    }
    /* Also for what was sent during the recovery that has just ended, and found lost in it. */
    if (c->congestion.phase < CONGESTION_RECOVERY && c->sender->board.lost != 0)
        begin_recovery(tcp, c, ack->missing);
    if (c->congestion.phase == CONGESTION_RECOVERY) {
        if (ack->delivered != 0)
            reduce_in_proportion(c, ack->delivered, ack->acked != 0 && ack->lost == 0);
        return;
    }
    /* The ACK that ends a recovery leaves the window at ssthresh (RFC 9937 §6.3); from there it grows by what that ACK
     * delivered, not by all that was SACKED before. */
    if (!tcp_ecn_reducing(c, ack->delivered, ack->acked != 0) && ack->acked != 0 && !ack->reduced)
        tcp_grow(tcp, c, phase == CONGESTION_RECOVERY ? ack->delivered : ack->acked, ack->flight, ack->rtt_ns);
}

void tcp_sender_acked(struct tcp *tcp, struct tcp_connection *c, const struct segment *segment, uint32_t acked,
                      uint32_t flight)
{
    struct scoreboard_delivered delivered = { 0 };
    struct tcp_sender *sender = c->sender;
    bool duplicate = tells_duplicate(segment);
    struct rack_facts facts = facts_of(tcp, c);
    struct ack_facts ack = { .acked = acked, .flight = flight };
    struct frto_ack frto = { .sack = true, .advances = acked != 0 };

    c->retransmit_next = seq_max(c->retransmit_next, c->snd.una);
    c->retransmit_end = seq_max(c->retransmit_end, c->retransmit_next);
    c->counts.duplicates += duplicate;
    rack_acked(&c->rack, c->snd.una);
    ack.reduced = tcp_tail_acked(tcp, c, segment, acked, duplicate);
    if (sender == NULL) {
        c->frto = FRTO_OFF;
        if (c->congestion.phase >= CONGESTION_RECOVERY && seq_ge(c->snd.una, c->recover))
            c->congestion.phase = CONGESTION_SLOW_START; /* no memory for more than the timer */
        /* all of it was sent at one moment, unless a timeout came between */
        if (!tcp_ecn_reducing(c, acked, true) && acked != 0 && !ack.reduced)
            tcp_grow(tcp, c, acked, flight,
                     c->congestion.phase < CONGESTION_RECOVERY ? facts.now_ns - c->rtt_at_ns : 0);
        return;
    }
    ack.missing = flight - sender->board.sacked;
    if (duplicate)
        hear_duplicate(c, segment);
    scoreboard_acked(&sender->board, c->snd.una, &delivered);
    hear_blocks(&sender->board, segment, duplicate, &delivered);
    c->counts.reordered += delivered.below;
    /* What is SACKED was not what the timestamp came from (RFC 7323 §4.3): that says nothing then. */
    rack_delivered(&sender->rack, &c->rack, &delivered, &facts,
                   seq_le(delivered.end, c->snd.una) && tcp_answers_original(c, segment));
    frto.duplicate = acked == 0 && tcp_is_duplicate(c, segment);
    frto.news = delivered.octets != 0;
    if (was_mistake(c, segment, acked, duplicate))
        tcp_undo(tcp, c);
    else
        (void)tcp_frto_acked(tcp, c, segment, &frto);
    ack.delivered = delivered.octets;
    ack.rtt_ns = delivered.any && !delivered.again ? facts.now_ns - delivered.at_ns : 0;
    detect(tcp, c, &ack.lost);
    follow(tcp, c, &ack);
    if (acked != 0 || c->congestion.phase >= CONGESTION_RECOVERY)
        tcp_trace_congestion(tcp, c);
    if (sender->board.sacked != 0)
        tcp_timer_cancel(tcp, c, TCP_TIMER_TAIL);
    if (tcp_flight(c) == 0)
        tcp_sender_release(tcp, c);
}
