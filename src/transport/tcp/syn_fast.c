/* transport/tcp/syn_fast.c: the SYN of an active open and the options of a SYN+ACK, for the fast path out.
 *
 * A SYN is the first segment of a connection: nothing was sent before, nothing is repaired, and the state is that of
 * tcp_connect(). What output.c's write_message() and sent() do for it stands here in a row, the header and the options
 * written word by word as tcp_options_write() would align them. A SYN that goes again takes the slow path. */
#include "transport/tcp/exchange.h"
#include "transport/tcp/output_fast.h"

#include "codec/ipv4.h"

/* What the options are made of; `scale` below 0: it is not offered. */
struct syn_options {
    uint16_t mss;
    int scale;
    bool sack_permitted, timestamps;
    uint32_t ts_value, ts_echo;
};

/* Words of options as tcp_options_write() has them; their octets. */
static unsigned write_options(const struct syn_options *options, uint8_t *to, uint64_t *sum)
{
    unsigned octets = 4;

    *sum += word(to, TCP_WORD_MSS | options->mss);
    if (options->timestamps) {
        *sum += word(to + 4, options->sack_permitted ? TCP_WORD_PERMITTED_TIMESTAMPS : TCP_WORD_NOP_NOP_TIMESTAMPS) +
                word(to + 8, options->ts_value) + word(to + 12, options->ts_echo);
        octets = 16;
    } else if (options->sack_permitted) {
        *sum += word(to + 4, TCP_WORD_NOP_NOP_PERMITTED);
        octets = 8;
    }
    if (options->scale < 0)
        return octets;
    *sum += word(to + octets, TCP_WORD_NOP_SCALE | (uint32_t)options->scale);
    return octets + 4;
}

unsigned tcp_fast_syn_options(const struct intent_tcp_control *control, struct tcp_fast *segment)
{
    const struct syn_options options = { .mss = control->mss, .scale = control->scale,
                                         .sack_permitted = control->sack_permitted,
                                         .timestamps = control->has_timestamps, .ts_value = control->ts_value,
                                         .ts_echo = control->ts_echo };

    return write_options(&options, segment->header + tcp_header_SIZE, &segment->sum);
}

/* Is it as tcp_connect() left it, and the path as it was? */
static bool is_plain(const struct tcp_connection *c, const struct ip_path *path)
{
    return tcp_is_first_syn(c) && path->mtu == c->path_mtu && c->settings.ttl != 0;
}

/* output.c's sent(), for a connection that never sent: nothing is timed yet, no timer but the user's is armed, no black
 * hole was found, no text waits, and no peer was heard whose neighbour would be told of it. */
static void sent(struct tcp *tcp, struct tcp_connection *c)
{
    const int64_t now_ns = tcp->core->now.ns;

    c->sent_at_ns = now_ns;
    c->segments_out++;
    tcp->core->counters.tcp_out++;
    c->snd.nxt = c->retransmit_next = c->retransmit_end = seq_add(c->snd.iss, 1);
    c->flags |= TCP_RTT_TIMING;
    c->rtt_seq = c->snd.nxt;
    c->rtt_at_ns = now_ns;
    tcp_timer_set(tcp, c, TCP_TIMER_RETRANSMIT, now_ns + c->rtt.rto_ns);
    c->flags &= ~(uint32_t)TCP_OUTPUT_QUEUED;
}

enum tcp_fast_verdict tcp_fast_syn(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment)
{
    struct tcp_connection *c = segment->connection;
    uint8_t *to = segment->header;
    struct syn_options options;
    unsigned octets;

    if (!is_plain(c, path))
        return TCP_FAST_DECLINED;
    options = (struct syn_options){ .mss = c->rcv_mss,
                                    .scale = tcp->without & BARO_TCP_WITHOUT_SCALE ? -1 : c->rcv_scale,
                                    .sack_permitted = (tcp->without & BARO_TCP_WITHOUT_SACK) == 0,
                                    .timestamps = (tcp->without & BARO_TCP_WITHOUT_TIMESTAMPS) == 0,
                                    .ts_value = tcp_timestamp(tcp, c->ts_offset) };
    segment->sum = word(to, (uint32_t)c->local.port.number << 16 | c->remote.port.number) +
                   word(to + 4, c->snd.iss.value) + word(to + 8, 0) + word(to + 16, 0);
    octets = tcp_header_SIZE + write_options(&options, to + tcp_header_SIZE, &segment->sum);
    segment->sum += word(to + 12, octets << 26 | (uint32_t)(TCP_FLAG_SYN | tcp_ecn_syn_flags(c)) << 16 |
                                               tcp_receive_window(c, false));
    segment->header_length = (uint8_t)octets;
    segment->length = segment->size = segment->parts = segment->text_sums = 0;
    segment->flow_label = c->flow_label;
    segment->ttl = c->settings.ttl;
    segment->tos = c->settings.tos;
    segment->progress = false;
    sent(tcp, c);
    return TCP_FAST_LAST;
}
