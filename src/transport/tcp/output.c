/* transport/tcp/output.c: segments that the drain pulls (tcp_next_segment).
 *
 * A connection with something to send stands once in the queue of intents. When its turn comes, plan.c says what
 * may leave at that moment; here it becomes header and references into the send ring, and the connection's
 * variables, timers and counters follow. An ACK that is owed leaves with it. */
#include "transport/tcp/ease.h"
#include "transport/tcp/exchange.h"

#include "base/likely.h"
#include "codec/ipv4.h"

void tcp_wait_for_queue(struct tcp *tcp, struct tcp_connection *c)
{
    c->flags |= TCP_OUTPUT_WAITING;
    c->wait_next = HANDLE_NONE;
    if (handle_is_none(tcp->waiting_first))
        tcp->waiting_first = tcp_handle(tcp, c);
    else
        tcp_resolve(tcp, tcp->waiting_last)->wait_next = tcp_handle(tcp, c);
    tcp->waiting_last = tcp_handle(tcp, c);
}

void tcp_want_output(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_queue_output(tcp, c, tcp_handle(tcp, c));
}

bool tcp_wake_waiting(struct tcp *tcp)
{
    bool any = false;

    for (; UNLIKELY(!handle_is_none(tcp->waiting_first)) && intent_queue_is_half_empty(&tcp->core->intents);
         any = true) {
        struct tcp_connection *c = tcp_resolve(tcp, tcp->waiting_first);

        assert(c != NULL); /* one that is freed leaves the list */
        tcp->waiting_first = c->wait_next;
        if (handle_is_none(tcp->waiting_first))
            tcp->waiting_last = HANDLE_NONE;
        c->flags &= ~(uint32_t)TCP_OUTPUT_WAITING;
        tcp_want_output(tcp, c);
    }
    return any;
}

/* Fixed headers below the payload: MSS counts from there (RFC 9293 §3.7.1, RFC 6691). */
static uint32_t fixed_headers(const struct tcp_connection *c)
{
    return c->remote.address.family == BARO_FAMILY_IPV6 ? 60 : 40;
}

void tcp_set_path_mtu(struct tcp_connection *c, uint32_t mtu)
{
    uint32_t mss, fixed = fixed_headers(c);

    if (mtu > UINT16_MAX)
        mtu = UINT16_MAX;
    c->path_mtu = (uint16_t)mtu;
    mtu = blackhole_limit(&c->blackhole, mtu);
    mss = mtu > fixed ? mtu - fixed : 0;
    if (c->peer_mss != 0 && mss > c->peer_mss)
        mss = c->peer_mss;
    if (c->settings.mss_ceiling != 0 && mss > c->settings.mss_ceiling)
        mss = c->settings.mss_ceiling;
    c->mss = (uint16_t)((mss < TCP_MSS_FLOOR ? TCP_MSS_FLOOR : mss) - tcp_option_octets(c));
}

static struct tcp_options options_of(struct tcp *tcp, struct tcp_connection *c, const struct plan *plan)
{
    struct tcp_options options = { 0 };

    if (plan->syn) {
        bool asked = c->state == BARO_TCP_SYN_SENT;

        options.has_mss = true;
        options.mss = c->rcv_mss;
        options.has_scale = (asked && (tcp->without & BARO_TCP_WITHOUT_SCALE) == 0) || (c->flags & TCP_SCALED) != 0;
        options.scale = c->rcv_scale;
        options.has_timestamps =
            (asked && (tcp->without & BARO_TCP_WITHOUT_TIMESTAMPS) == 0) || (c->flags & TCP_TIMESTAMPS) != 0;
        options.sack_permitted =
            (asked && (tcp->without & BARO_TCP_WITHOUT_SACK) == 0) || (c->flags & TCP_SACK_PERMITTED) != 0;
    } else {
        options.has_timestamps = (c->flags & TCP_TIMESTAMPS) != 0;
    }
    if (options.has_timestamps) {
        options.ts_value = tcp_timestamp(tcp, c->ts_offset);
        options.ts_echo = c->flags & TCP_TIMESTAMPS ? c->ts_recent : 0;
    }
    return options;
}

static uint8_t flags_of(const struct tcp_connection *c, const struct plan *plan)
{
    unsigned flags = c->state == BARO_TCP_SYN_SENT ? 0 : TCP_FLAG_ACK;

    flags |= plan->syn ? TCP_FLAG_SYN | tcp_ecn_syn_flags(c) : tcp_ecn_ack_flags(c);
    flags |= plan->fin ? TCP_FLAG_FIN : 0;
    flags |= plan->push ? TCP_FLAG_PSH : 0;
    flags |= (c->flags & TCP_URGENT_SENDING) != 0 && seq_lt(plan->seq, c->flight.up) ? TCP_FLAG_URG : 0;
    return (uint8_t)flags;
}

/* The header, and the text as references. */
static void write_message(struct tcp *tcp, struct tcp_connection *c, const struct plan *plan,
                          const struct ip_path *path, struct ip_message *message)
{
    struct tcp_options options = options_of(tcp, c, plan);
    unsigned octets;
    struct tcp_header header;

    *message = (struct ip_message){ .source = c->local.address, .destination = c->remote.address,
                                    .protocol = IP_PROTOCOL_TCP, .tos = c->settings.tos,
                                    .ttl = ip_path_hop_limit(path, c->settings.ttl),
                                    .flow_label = c->flow_label, .progress = c->progress,
                                    .dont_fragment = true, .checksum_offset = 16,
                                    .doubt = plan->again && c->retries >= TCP_RETRIES_R1 };
    c->progress = false;
    octets = tcp_header_SIZE + tcp_options_write(&options, message->header + tcp_header_SIZE);
    header = (struct tcp_header){ .source_port = c->local.port.number, .destination_port = c->remote.port.number,
                                  .seq = plan->seq.value, .data_offset = (uint8_t)(octets / 4 << 4),
                                  .flags = flags_of(c, plan) };
    if (header.flags & TCP_FLAG_ACK)
        header.ack = c->rcv.nxt.value;
    message->tos |= tcp_ecn_leave(c, plan, &header.flags);
    header.window = tcp_receive_window(c, !plan->syn && (c->flags & TCP_SCALED) != 0);
    if (header.flags & TCP_FLAG_URG) {
        uint32_t urgent = seq_span(c->flight.up, plan->seq);

        header.urgent = (uint16_t)(urgent < UINT16_MAX ? urgent : UINT16_MAX);
    }
    tcp_header_write(&header, message->header);
    message->header_length = (uint8_t)octets;
    if (plan->length != 0)
        message->parts = ring_slice(&c->send, tcp_send_offset(c, plan->seq), plan->length, message->part);
    message->gso_size = (uint16_t)(plan->length > tcp_payload_limit(c) ? tcp_payload_limit(c) : 0);
    TRACE_PLAIN(tcp->core, PACKET_OUT);
    TRACE(tcp->core, TCP_OUT, TRACE_E(c->local), TRACE_E(c->remote), TRACE_N(header.flags),
          TRACE_N(header.seq), TRACE_N(header.ack), TRACE_N(header.window), TRACE_N(plan->length));
    if (!plan->syn && (header.flags & TCP_FLAG_CWR) != 0)
        TRACE(tcp->core, TCP_ECN, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(BARO_TRACE_ECN_CWR));
    if (TRACE_ON(tcp->core) && octets > tcp_header_SIZE)
        TRACE(tcp->core, TCP_OPTIONS, TRACE_N(options.mss), TRACE_D(options.has_scale ? options.scale : -1),
              TRACE_N(options.ts_value), TRACE_N(options.ts_echo), TRACE_N(options.sack_permitted));
}

static void count_again(struct tcp *tcp, struct tcp_connection *c, const struct plan *plan)
{
    tcp->core->counters.tcp_retransmitted++;
    c->counts.retransmits++;
    c->counts.again += plan->length;
    blackhole_resent(&c->blackhole, seq_add(plan->seq, plan->length));
    if (!plan->lost) {
        c->retransmit_next = seq_add(plan->seq, plan->length + plan->syn + plan->fin);
        /* a probe's one octet may have the FIN behind it */
        c->retransmit_end = seq_max(c->retransmit_end, c->retransmit_next);
    }
    /* Karn: an ACK for it would not tell which of the two it answers. */
    if ((c->flags & TCP_SACK_PERMITTED) != 0)
        tcp_sender_again(tcp, c, plan->seq, seq_add(plan->seq, plan->length + plan->syn + plan->fin));
    else
        tcp_undo_again(tcp, c, plan->seq, seq_add(plan->seq, plan->length + plan->syn + plan->fin));
    c->flags &= ~(uint32_t)TCP_RTT_TIMING;
    TRACE(tcp->core, TCP_RETRANSMIT, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(plan->seq.value),
          TRACE_N(plan->length), TRACE_N(c->retries));
}

/* The segment has left, as far as TCP can know. */
static void sent(struct tcp *tcp, struct tcp_connection *c, const struct plan *plan)
{
    uint32_t octets = plan->length + plan->syn + plan->fin, full = tcp_payload_limit(c);
    uint32_t segments = plan->length > full ? (plan->length + full - 1) / full : 1;
    uint32_t unsent = c->settings.notsent_low_water != 0 ? tcp_unsent(c) : 0;
    struct seq end = seq_add(plan->seq, octets);

    if (octets != 0)
        c->sent_at_ns = tcp->core->now.ns;
    if (plan->length != 0)
        tcp_paced(tcp, c, plan->length);
    c->segments_out += segments;
    c->data_out += plan->length != 0 ? segments : 0;
    tcp->core->counters.tcp_out += segments;
    if (plan->again) {
        count_again(tcp, c, plan);
    } else if (octets != 0) {
        if ((c->flags & TCP_SACK_PERMITTED) != 0 && tcp_synchronised(c))
            tcp_sender_sent(tcp, c, end);
        if (c->flags & TCP_TAIL)
            c->tail.end = end;
        c->flags &= ~(uint32_t)TCP_TAIL;
        c->snd.nxt = end;
        tcp->spoke = true;
        tcp_tell_of_less_unsent(tcp, c, unsent);
        if (c->frto != FRTO_NEW) /* then it is known where it goes on when the loss is genuine */
            c->retransmit_next = c->retransmit_end = end;
        tcp->core->counters.tcp_data_out += plan->length;
        if (plan->length % full != 0)
            c->flight.small = end;
        if (plan->push) {
            tcp_timer_cancel(tcp, c, TCP_TIMER_CORK);
            c->flags &= ~(uint32_t)TCP_FLUSH;
        }
        if ((c->flags & TCP_RTT_TIMING) == 0) {
            c->flags |= TCP_RTT_TIMING;
            c->rtt_seq = end;
            c->rtt_at_ns = tcp->core->now.ns;
        }
    }
    if (plan->fin)
        c->flags |= TCP_FIN_SENT;
    if (octets != 0 && !tcp_timer_armed(c, TCP_TIMER_RETRANSMIT))
        tcp_timer_arm(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
    if (octets != 0 && !plan->again)
        tcp_tail_arm(tcp, c);
    if (c->state == BARO_TCP_SYN_SENT)
        return;
    c->rcv.acked = c->rcv.nxt;
    c->unacknowledged = 0;
    c->flags &= ~(uint32_t)TCP_ACK_OWED;
    tcp_timer_cancel(tcp, c, TCP_TIMER_DELAYED_ACK);
}

bool tcp_next_segment(struct tcp *tcp, struct handle connection, const struct ip_path *path,
                      struct ip_message *message)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    struct plan plan;
    bool found;

    if (c == NULL)
        return false;
    tcp_ease_ends(c);
    if (path->mtu != 0 && path->mtu != c->path_mtu)
        tcp_set_path_mtu(c, path->mtu);
    if (blackhole_aged(&c->blackhole, tcp->core->now) == BLACKHOLE_AS_BEFORE)
        tcp_blackhole_changed(tcp, c);
    found = tcp_plan(tcp, c, ip_path_at_once(path, tcp_payload_limit(c)), &plan);
    if (!found && (c->flags & TCP_ACK_NOW) != 0 && tcp_synchronised(c)) {
        plan = (struct plan){ .seq = tcp_plain_seq(c) };
        found = true;
    }
    if (!found) {
        c->flags &= ~(uint32_t)TCP_OUTPUT_QUEUED;
        return false;
    }
    write_message(tcp, c, &plan, path, message);
    sent(tcp, c, &plan);
    return true;
}

bool tcp_destination(struct tcp *tcp, struct handle connection, struct baro_endpoint *local,
                     struct baro_endpoint *remote)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);

    if (c == NULL)
        return false;
    if (tcp_has_nothing(c)) {
        c->flags &= ~(uint32_t)TCP_OUTPUT_QUEUED;
        return false;
    }
    *local = c->local;
    *remote = c->remote;
    return true;
}
