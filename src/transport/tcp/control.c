/* transport/tcp/control.c: segments without data: ACK, RST, probes, as intents with the values of the moment.
 *
 * Their order and number count (three duplicate ACKs stay three), so they are fixed here and only written out
 * when the queue drains. Challenge ACKs are limited for each connection on its own, so that their number tells an
 * attacker nothing about other connections (RFC 5961 §10, CVE-2016-5696). */
#include "transport/tcp/exchange.h"

#include <string.h>

#include "base/flow.h"
#include "base/likely.h"
#include "codec/ipv4.h"
#include "transport/tcp/stretch_ack.h"

/* An intent for one segment; NULL and counted when the queue is full (the segment is then as good as lost). */
ALWAYS_INLINE struct intent_tcp_control *add(struct tcp *tcp, struct handle owner, const struct baro_endpoint *local,
                                             const struct baro_endpoint *remote)
{
    struct intent *intent = intent_add(&tcp->core->intents, INTENT_TCP_CONTROL);
    struct intent_tcp_control *control;

    if (intent == NULL) {
        core_drop(tcp->core, BARO_DROP_INTENT_QUEUE_FULL);
        return NULL;
    }
    intent->owner = owner;
    control = &intent->as.tcp;
    memset(control, 0, offsetof(struct intent_tcp_control, sack)); /* of those `sack_count` are good */
    control->local = *local;
    control->remote = *remote;
    control->ttl = -1;
    control->scale = -1;
    return control;
}

ALWAYS_INLINE struct intent_tcp_control *add_for(struct tcp *tcp, struct tcp_connection *c, uint8_t flags)
{
    struct intent_tcp_control *control = add(tcp, tcp_handle(tcp, c), &c->local, &c->remote);

    if (control == NULL)
        return NULL;
    control->seq = tcp_plain_seq(c);
    control->flags = flags;
    control->ttl = c->settings.ttl;
    control->tos = c->settings.tos;
    control->flow_label = c->flow_label;
    control->progress = c->progress;
    c->progress = false;
    if (LIKELY(c->flags & TCP_TIMESTAMPS)) {
        control->has_timestamps = true;
        control->ts_value = tcp_timestamp(tcp, c->ts_offset);
        control->ts_echo = c->ts_recent;
    }
    c->segments_out++;
    return control;
}

static void add_blocks(const struct tcp_connection *c, struct tcp_sack_block repeated,
                       struct intent_tcp_control *control)
{
    struct tcp_sack_block block[TCP_SACK_LIMIT];

    control->sack_count = (uint8_t)tcp_sack_blocks(c, repeated, block);
    for (unsigned i = 0; i < control->sack_count; i++) {
        control->sack[i].left = block[i].left;
        control->sack[i].right = block[i].right;
    }
}

/* An acknowledgement leaves: nothing is owed any more. */
ALWAYS_INLINE void acknowledge(struct tcp *tcp, struct tcp_connection *c, struct tcp_sack_block repeated,
                               struct intent_tcp_control *control)
{
    if (UNLIKELY(c->ranges != NULL || !seq_eq(repeated.left, repeated.right)))
        add_blocks(c, repeated, control);
    control->flags |= tcp_ecn_ack_flags(c);
    control->ack = c->rcv.nxt;
    control->window = tcp_receive_window(c, (c->flags & TCP_SCALED) != 0);
    c->rcv.acked = c->rcv.nxt;
    c->unacknowledged = 0;
    c->flags &= ~(uint32_t)TCP_ACK_OWED;
    if (tcp_timer_armed(c, TCP_TIMER_DELAYED_ACK))
        tcp_timer_cancel(tcp, c, TCP_TIMER_DELAYED_ACK);
}

void tcp_send_ack_repeated(struct tcp *tcp, struct tcp_connection *c, struct tcp_sack_block repeated)
{
    struct intent_tcp_control *control = add_for(tcp, c, TCP_FLAG_ACK);

    if (control != NULL)
        acknowledge(tcp, c, repeated, control);
}

void tcp_send_ack(struct tcp *tcp, struct tcp_connection *c)
{
    tcp_send_ack_repeated(tcp, c, (struct tcp_sack_block){ c->rcv.nxt, c->rcv.nxt });
}

/* An ACK of text in order that has nothing special about it? */
static inline bool is_plain(const struct tcp *tcp, const struct tcp_connection *c)
{
    return LIKELY((c->flags & (TCP_TIMESTAMPS | TCP_CLOSED_DONE)) == TCP_TIMESTAMPS &&
                  c->state >= BARO_TCP_ESTABLISHED && c->settings.ttl < 0 && c->ranges == NULL &&
                  seq_le(c->snd.nxt, seq_add(c->snd.una, c->snd.wnd)) && !TRACE_ON(tcp->core));
}

/* add_for() and acknowledge() for that one: what nobody looks at is not written. */
ALWAYS_INLINE void add_plain(struct tcp *tcp, struct tcp_connection *c)
{
    struct intent *intent = intent_add(&tcp->core->intents, INTENT_TCP_CONTROL);
    struct intent_tcp_control *control;

    if (UNLIKELY(intent == NULL)) {
        core_drop(tcp->core, BARO_DROP_INTENT_QUEUE_FULL);
        return;
    }
    intent->owner = tcp_handle(tcp, c);
    control = &intent->as.tcp;
    control->local = c->local;
    control->remote = c->remote;
    control->seq = c->snd.nxt;
    control->ack = c->rcv.nxt;
    control->ts_value = tcp_timestamp(tcp, c->ts_offset);
    control->ts_echo = c->ts_recent;
    control->flow_label = c->flow_label;
    control->flags = TCP_FLAG_ACK | tcp_ecn_ack_flags(c);
    control->ttl = -1;
    control->tos = c->settings.tos;
    control->has_timestamps = control->in_order = control->plain = true;
    control->has_syn_options = false;
    control->sack_count = 0;
    control->progress = c->progress;
    c->progress = false;
    c->segments_out++;
    control->window = tcp_receive_window(c, true);
    c->rcv.acked = c->rcv.nxt;
    c->unacknowledged = 0;
    c->flags &= ~(uint32_t)TCP_ACK_OWED;
    c->deadline_ns[TCP_TIMER_DELAYED_ACK] = 0;
}

void tcp_send_ack_in_order(struct tcp *tcp, struct tcp_connection *c)
{
    struct intent_tcp_control *control;

    if (intent_queue_is_empty(&tcp->core->intents)) /* nobody waits to be told whether somebody spoke before */
        tcp->spoke = false;
    if (is_plain(tcp, c)) {
        add_plain(tcp, c);
        return;
    }
    control = add_for(tcp, c, TCP_FLAG_ACK);
    if (control == NULL)
        return;
    control->in_order = seq_eq(control->seq, c->snd.nxt);
    acknowledge(tcp, c, (struct tcp_sack_block){ c->rcv.nxt, c->rcv.nxt }, control);
}

/* A SYN+ACK, but not one with a cookie, whose record has ended since: its peer did not answer ARP, say, and would be
 * asked again. */
static bool is_of_ended(struct tcp *tcp, struct handle owner)
{
    return tcp_kind_of(owner) == TCP_KIND_HALF_OPEN && tcp_resolve_half_open(tcp, owner) == NULL;
}

bool tcp_acks_stand(const struct tcp *tcp)
{
    return !tcp->spoke && !tcp->stretch_acks;
}

bool tcp_control_is_told(struct tcp *tcp, const struct intent *intent)
{
    const struct intent_tcp_control *control = &intent->as.tcp;
    struct tcp_connection *c;

    if (!control->in_order)
        return control->has_syn_options && is_of_ended(tcp, intent->owner);
    if (LIKELY(tcp_acks_stand(tcp))) /* of many connections none is looked at again */
        return false;
    c = tcp_resolve(tcp, intent->owner);
    if (c == NULL ||
        (!seq_gt(c->snd.nxt, control->seq) && !(UNLIKELY(tcp->stretch_acks) && tcp_burst_tells(tcp, c, control->ack))))
        return false;
    c->segments_out--;
    c->progress |= control->progress;
    return true;
}

void tcp_send_probe(struct tcp *tcp, struct tcp_connection *c)
{
    struct intent_tcp_control *control = add_for(tcp, c, TCP_FLAG_ACK);

    if (control == NULL)
        return;
    control->seq = seq_sub(c->snd.una, 1);
    acknowledge(tcp, c, (struct tcp_sack_block){ c->rcv.nxt, c->rcv.nxt }, control);
}

void tcp_send_challenge(struct tcp *tcp, struct tcp_connection *c, enum baro_drop_reason why)
{
    bool allowed;

    if (tcp->core->now.ns - c->challenge_at_ns >= 5 * NS_PER_S) {
        c->challenge_at_ns = tcp->core->now.ns;
        c->challenges = 0;
    }
    allowed = c->challenges < TCP_CHALLENGE_LIMIT;
    TRACE(tcp->core, TCP_CHALLENGE_ACK, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(why), TRACE_N(allowed));
    if (!allowed)
        return;
    c->challenges++;
    tcp->core->counters.tcp_challenge_acks++;
    tcp_send_ack(tcp, c);
}

void tcp_send_blind_ack(struct tcp *tcp, struct tcp_connection *c)
{
    if (c->blind_at_ns != 0 && tcp->core->now.ns - c->blind_at_ns < 500 * NS_PER_MS)
        return;
    c->blind_at_ns = tcp->core->now.ns;
    tcp_send_ack(tcp, c);
}

void tcp_send_reset(struct tcp *tcp, struct tcp_connection *c)
{
    bool synchronised = c->state >= BARO_TCP_SYN_RECEIVED;
    struct intent_tcp_control *control = add_for(tcp, c, synchronised ? TCP_FLAG_RST | TCP_FLAG_ACK : TCP_FLAG_RST);

    if (control == NULL)
        return;
    if (synchronised)
        control->ack = c->rcv.nxt;
    tcp->core->counters.tcp_resets_out++;
}

/* Its values are all in the intent, which so may outlive the record; a SYN+ACK does not. */
static struct intent_tcp_control *add_for_half_open(struct tcp *tcp, const struct tcp_half_open *record,
                                                    struct handle owner, uint8_t flags)
{
    struct intent_tcp_control *control = add(tcp, owner, &record->local, &record->remote);
    const struct tcp_settings *settings = &tcp_half_open_listener(tcp, record)->settings;

    if (control == NULL)
        return NULL;
    control->seq = tcp_half_open_snd_nxt(record);
    control->ack = seq_add(record->irs, 1);
    control->flags = flags | TCP_FLAG_ACK;
    control->window = (uint16_t)(record->window >> (flags & TCP_FLAG_SYN ? 0 : record->rcv_scale));
    control->ttl = settings->ttl;
    control->tos = settings->tos;
    if (record->flags & HALF_OPEN_TIMESTAMPS) {
        control->has_timestamps = true;
        control->ts_value = tcp_timestamp(tcp, record->ts_offset);
        control->ts_echo = record->ts_recent;
    }
    return control;
}

static struct intent_tcp_control *add_syn_ack(struct tcp *tcp, const struct tcp_half_open *record, struct handle owner)
{
    uint8_t ecn = record->flags & HALF_OPEN_ECN ? TCP_FLAG_ECE : 0;
    struct intent_tcp_control *control = add_for_half_open(tcp, record, owner, TCP_FLAG_SYN | ecn);

    if (control == NULL)
        return NULL;
    control->seq = record->iss;
    control->has_syn_options = true;
    control->mss = record->mss;
    control->scale = (int8_t)(record->flags & HALF_OPEN_SCALED ? record->rcv_scale : -1);
    control->sack_permitted = (record->flags & HALF_OPEN_SACK_PERMITTED) != 0;
    return control;
}

void tcp_send_syn_ack(struct tcp *tcp, struct tcp_half_open *record)
{
    (void)add_syn_ack(tcp, record, tcp_half_open_handle(tcp, record));
}

void tcp_send_syn_cookie(struct tcp *tcp, const struct tcp_half_open *record, const struct syn_cookie *cookie)
{
    struct intent_tcp_control *control = add_syn_ack(tcp, record, HANDLE_NONE);

    if (control != NULL && control->has_timestamps)
        control->ts_value = syn_cookie_timestamp(control->ts_value, cookie);
}

void tcp_send_half_open_ack(struct tcp *tcp, struct tcp_half_open *record)
{
    add_for_half_open(tcp, record, HANDLE_NONE, 0);
}

void tcp_send_half_open_reset(struct tcp *tcp, struct tcp_half_open *record)
{
    struct intent_tcp_control *control = add_for_half_open(tcp, record, HANDLE_NONE, TCP_FLAG_RST);

    if (control == NULL)
        return;
    if (record->flags & HALF_OPEN_HELD)
        control->seq = seq_of(0); /* as from a closed port: nothing of ours was ever sent */
    control->window = 0;
    tcp->core->counters.tcp_resets_out++;
}

void tcp_send_reset_for(struct tcp *tcp, const struct segment *segment)
{
    struct intent_tcp_control *control;

    if (segment->flags & TCP_FLAG_RST)
        return;
    control = add(tcp, HANDLE_NONE, &segment->local, &segment->remote);
    if (control == NULL)
        return;
    if (segment->flags & TCP_FLAG_ACK) {
        control->seq = segment->ack;
        control->flags = TCP_FLAG_RST;
    } else {
        control->ack = seq_add(segment->seq, segment_length(segment));
        control->flags = TCP_FLAG_RST | TCP_FLAG_ACK;
    }
    tcp->core->counters.tcp_resets_out++;
}

void tcp_send_time_wait_ack(struct tcp *tcp, struct handle handle)
{
    const struct tcp_time_wait *record = tcp_resolve_time_wait(tcp, handle);
    struct intent_tcp_control *control;
    struct baro_endpoint local, remote;

    tcp_time_wait_ends(tcp, handle, &local, &remote);
    control = add(tcp, HANDLE_NONE, &local, &remote);
    if (control == NULL)
        return;
    control->seq = record->snd_nxt;
    control->ack = record->rcv_nxt;
    control->window = record->window;
    control->flags = TCP_FLAG_ACK;
    control->ttl = record->ttl;
    control->tos = record->tos;
    control->has_timestamps = record->timestamps;
    if (record->timestamps) {
        control->ts_value = tcp_timestamp(tcp, record->ts_offset);
        control->ts_echo = record->ts_recent;
    }
}

void tcp_control_message(struct tcp *tcp, const struct intent *intent, const struct ip_path *path,
                         struct ip_message *message)
{
    const struct intent_tcp_control *control = &intent->as.tcp;
    struct tcp_options options = { .has_timestamps = control->has_timestamps, .ts_value = control->ts_value,
                                   .ts_echo = control->ts_echo };
    struct tcp_header header;
    unsigned octets;

    *message = (struct ip_message){ .source = control->local.address, .destination = control->remote.address,
                                    .protocol = IP_PROTOCOL_TCP, .tos = control->tos,
                                    .ttl = ip_path_hop_limit(path, control->ttl),
                                    .dont_fragment = true, .checksum_offset = 16, .flow_label = control->flow_label,
                                    .progress = control->progress };
    if (message->flow_label == 0) /* of no connection now, or of IPv4 */
        message->flow_label = flow_label(&tcp->core->flow_key, IP_PROTOCOL_TCP, &control->local, &control->remote);
    if (control->has_syn_options) {
        options.has_mss = true;
        options.mss = control->mss;
        options.has_scale = control->scale >= 0;
        options.scale = (uint8_t)(control->scale < 0 ? 0 : control->scale);
        options.sack_permitted = control->sack_permitted;
    }
    options.sack_count = control->sack_count;
    for (unsigned i = 0; i < control->sack_count; i++)
        options.sack[i] = (struct tcp_sack_block){ control->sack[i].left, control->sack[i].right };
    octets = tcp_header_SIZE + tcp_options_write(&options, message->header + tcp_header_SIZE);
    header = (struct tcp_header){ .source_port = control->local.port.number,
                                  .destination_port = control->remote.port.number,
                                  .seq = control->seq.value, .ack = control->ack.value,
                                  .data_offset = (uint8_t)(octets / 4 << 4), .flags = control->flags,
                                  .window = control->window };
    tcp_header_write(&header, message->header);
    message->header_length = (uint8_t)octets;
    tcp->core->counters.tcp_out++;
    TRACE_PLAIN(tcp->core, PACKET_OUT);
    TRACE(tcp->core, TCP_OUT, TRACE_E(control->local), TRACE_E(control->remote), TRACE_N(control->flags),
          TRACE_N(control->seq.value), TRACE_N(control->ack.value), TRACE_N(control->window), TRACE_N(0));
    if (control->has_syn_options)
        TRACE(tcp->core, TCP_OPTIONS, TRACE_N(options.mss), TRACE_D(control->scale), TRACE_N(options.ts_value),
              TRACE_N(options.ts_echo), TRACE_N(options.sack_permitted));
}
