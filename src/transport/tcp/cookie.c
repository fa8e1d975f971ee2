/* transport/tcp/cookie.c: a listener that answers SYNs by cookies (syn_cookie.h) and takes them back.
 *
 * An ACK for nothing is looked at for a cookie only while the listener sends some: for 128 s after its last one. Then a
 * cookie is the proof that the peer got our SYN+ACK, and the connection is made as from a record. What a cookie cannot
 * say is lost: an ACK whose text came first by another segment (its number does not name the peer's ISN any more) is
 * answered with RST, as where nobody listens; an ACK that finds the accept queue full is not heard, and no SYN+ACK
 * comes again, but the text that follows it does; a listener that waits for data (TCP_DEFER_ACCEPT) gets the connection
 * at once. */
#include "transport/tcp/parts.h"

enum baro_drop_reason tcp_answer_by_cookie(struct tcp *tcp, struct tcp_listener *listener,
                                           const struct segment *segment, const struct tcp_offer *offer)
{
    struct tcp_half_open record = { 0 };
    struct segment syn = *segment;
    struct syn_cookie cookie;

    if (!syn.options.has_timestamps) /* nowhere to keep them */
        syn.options.has_scale = syn.options.sack_permitted = false;
    tcp_half_open_fill(tcp, listener, &syn, offer, &record);
    if (!syn.options.has_timestamps)
        record.flags &= (uint8_t)~HALF_OPEN_ECN;
    cookie = (struct syn_cookie){ .mss = record.peer_mss,
                                  .timestamps = (record.flags & HALF_OPEN_TIMESTAMPS) != 0,
                                  .scaled = (record.flags & HALF_OPEN_SCALED) != 0,
                                  .scale = record.snd_scale,
                                  .sack_permitted = (record.flags & HALF_OPEN_SACK_PERMITTED) != 0,
                                  .ecn = (record.flags & HALF_OPEN_ECN) != 0 };
    record.iss = syn_cookie_make(&tcp->cookie_key, &record.local, &record.remote, record.irs, tcp->core->now, &cookie);
    listener->cookie_at_ns = tcp->core->now.ns != 0 ? tcp->core->now.ns : 1;
    tcp->core->counters.tcp_cookies_sent++;
    TRACE(tcp->core, TCP_COOKIE_SENT, TRACE_E(record.remote), TRACE_N(record.iss.value), TRACE_N(record.peer_mss),
          TRACE_N(cookie.timestamps));
    tcp_send_syn_cookie(tcp, &record, &cookie);
    return BARO_DROP_NONE;
}

bool tcp_may_be_cookie(const struct tcp *tcp, const struct tcp_listener *listener)
{
    return listener->cookie_at_ns != 0 && tcp->core->now.ns - listener->cookie_at_ns < SYN_COOKIE_LIFE_NS;
}

/* What the cookie says, as the options of the SYN that it answered. */
static struct segment syn_of(const struct segment *segment, const struct syn_cookie *cookie)
{
    struct segment syn = *segment;

    syn.seq = seq_sub(segment->seq, 1);
    syn.header.flags = syn.flags = TCP_FLAG_SYN;
    syn.options = (struct tcp_options){ .has_mss = true,
                                        .mss = cookie->mss,
                                        .has_timestamps = cookie->timestamps,
                                        .ts_value = segment->options.ts_value,
                                        .has_scale = cookie->scaled,
                                        .scale = cookie->scale,
                                        .sack_permitted = cookie->sack_permitted };
    return syn;
}

enum baro_drop_reason tcp_input_cookie(struct tcp *tcp, struct tcp_listener *listener, struct segment *segment)
{
    struct tcp_half_open record = { 0 };
    struct syn_cookie cookie = { 0 };
    struct tcp_offer offer;
    struct segment syn;
    struct tcp_connection *c;
    bool valid = syn_cookie_check(&tcp->cookie_key, &segment->local, &segment->remote, seq_sub(segment->seq, 1),
                                  seq_sub(segment->ack, 1), tcp->core->now, &cookie) &&
                 (!cookie.timestamps || segment->options.has_timestamps); /* RFC 7323 §3.2 */

    if (valid && cookie.timestamps)
        syn_cookie_read_timestamp(segment->options.ts_echo, &cookie);
    TRACE(tcp->core, TCP_COOKIE_TEST, TRACE_N(segment->ack.value), TRACE_N(valid), TRACE_N(cookie.mss),
          TRACE_D(cookie.scaled ? cookie.scale : -1), TRACE_N(cookie.sack_permitted));
    if (!valid) {
        tcp->core->counters.tcp_cookies_failed++;
        tcp_send_reset_for(tcp, segment);
        return BARO_DROP_TCP_NO_CONNECTION;
    }
    if (!tcp_accept_queue_has_room(listener))
        return BARO_DROP_ACCEPT_QUEUE_FULL;
    syn = syn_of(segment, &cookie);
    offer = tcp_offer_of(tcp, &listener->settings, segment->remote.address.family, segment->packet->mtu);
    tcp_half_open_fill(tcp, listener, &syn, &offer, &record);
    record.ts_offset = tcp_numbers(tcp, &record.local, &record.remote).ts_offset;
    record.iss = seq_sub(segment->ack, 1);
    record.began_ns = tcp->core->now.ns;
    record.flags |= cookie.ecn ? HALF_OPEN_ECN : 0;
    record.flags |= HALF_OPEN_AGAIN; /* times nothing, and its echo is only about our clock */
    c = tcp_half_open_connect(tcp, listener, &record, segment->packet->mtu, HANDLE_NONE);
    if (c == NULL)
        return BARO_DROP_NO_SOCKET_MEMORY;
    segment->options.ts_echo = 0;
    tcp->core->counters.tcp_cookies_accepted++;
    return tcp_half_open_done(tcp, listener, c, segment);
}
