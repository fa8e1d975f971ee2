/* transport/tcp/time_wait.c: TIME-WAIT as small records (RFC 9293 §3.3.2, RFC 1337, RFC 6191).
 *
 * A connection that reaches TIME-WAIT hands its place in the demux to a record and is gone, rings and all. Records
 * last 60 s (2 MSL of 30 s); a FIN that comes again starts that anew. All last equally long, so the list is in
 * order of deadlines and one timer in the wheel serves all. At the limit the oldest gives its place.
 *
 * A connect of ours to the same peer may take the four-tuple over after a second, if both ends had timestamps: the
 * peer tells old from new by them, and our ISN goes on behind the old numbers.
 *
 * RST is not heard (RFC 1337). A SYN opens a new connection when its timestamp is higher, or without timestamps
 * its sequence number (RFC 6191 §2); other segments are answered with the last ACK, twice a second at most when
 * they carry nothing. */
#include "transport/tcp/parts.h"

#define TIME_WAIT_NS (60 * NS_PER_S)

static void unlink_record(struct tcp *tcp, struct tcp_time_wait *record)
{
    *(record->previous == NULL ? &tcp->time_wait_first : &record->previous->next) = record->next;
    *(record->next == NULL ? &tcp->time_wait_last : &record->next->previous) = record->previous;
}

static void append(struct tcp *tcp, struct tcp_time_wait *record)
{
    record->deadline_ns = tcp->core->now.ns + TIME_WAIT_NS;
    record->next = NULL;
    record->previous = tcp->time_wait_last;
    *(tcp->time_wait_last == NULL ? &tcp->time_wait_first : &tcp->time_wait_last->next) = record;
    tcp->time_wait_last = record;
    if (!wheel_is_armed(&tcp->time_wait_timer))
        wheel_arm(&tcp->core->wheel, &tcp->time_wait_timer, (struct baro_instant){ record->deadline_ns });
}

void tcp_time_wait_end(struct tcp *tcp, struct tcp_time_wait *record)
{
    struct handle handle = tcp_time_wait_handle(tcp, record);

    TRACE(tcp->core, TCP_STATE, TRACE_N(handle.value), TRACE_N(BARO_TCP_TIME_WAIT), TRACE_N(BARO_TCP_CLOSED));
    unlink_record(tcp, record);
    demux_erase(&tcp->demux, demux_hash(&tcp->demux, &record->local, &record->remote), handle);
    tcp_uncount_port(tcp, record->local.port.number);
    pool_give_back(&tcp->time_waits, record);
    tcp->core->counters.tcp_time_wait--;
}

void tcp_time_wait_expire(struct tcp *tcp)
{
    while (tcp->time_wait_first != NULL && tcp->time_wait_first->deadline_ns <= tcp->core->now.ns)
        tcp_time_wait_end(tcp, tcp->time_wait_first);
    if (tcp->time_wait_first != NULL)
        wheel_arm(&tcp->core->wheel, &tcp->time_wait_timer,
                  (struct baro_instant){ tcp->time_wait_first->deadline_ns });
}

static struct tcp_time_wait *take_record(struct tcp *tcp)
{
    struct tcp_time_wait *record = pool_take(&tcp->time_waits);

    if (record == NULL && tcp->time_wait_first != NULL) {
        tcp_time_wait_end(tcp, tcp->time_wait_first);
        tcp->core->counters.tcp_time_wait_reused++;
        record = pool_take(&tcp->time_waits);
    }
    return record;
}

static void fill(const struct tcp_connection *c, struct tcp_time_wait *record)
{
    record->local = c->local;
    record->remote = c->remote;
    record->snd_nxt = c->snd.nxt;
    record->rcv_nxt = c->rcv.nxt;
    record->ts_recent = c->ts_recent;
    record->ts_offset = c->ts_offset;
    record->timestamps = (c->flags & TCP_TIMESTAMPS) != 0;
    record->window = (uint16_t)(tcp_recv_window(c) >> c->rcv_scale > UINT16_MAX
                                    ? UINT16_MAX
                                    : tcp_recv_window(c) >> c->rcv_scale);
    record->ttl = c->settings.ttl;
    record->tos = c->settings.tos;
}

/* The record takes the connection's place, its port's user included. */
void tcp_enter_time_wait(struct tcp *tcp, struct tcp_connection *c)
{
    struct tcp_time_wait *record = take_record(tcp);

    tcp_set_state(tcp, c, BARO_TCP_TIME_WAIT);
    if (record != NULL) {
        fill(c, record);
        demux_replace(&tcp->demux, c->hash, tcp_handle(tcp, c), tcp_time_wait_handle(tcp, record));
        c->flags &= ~(uint32_t)TCP_IN_DEMUX;
        tcp->core->counters.tcp_connections--;
        tcp->core->counters.tcp_time_wait++;
        append(tcp, record);
    }
    tcp_finish(tcp, c, 0);
    if (record == NULL)
        return; /* no memory even for that: the peer's FIN, if it comes again, meets a RST */
    TRACE(tcp->core, TCP_TIMER_ARMED, TRACE_N(tcp_time_wait_handle(tcp, record).value),
          TRACE_N(BARO_TRACE_TIMER_TIME_WAIT), TRACE_D(TIME_WAIT_NS));
}

bool tcp_time_wait_may_go(const struct tcp *tcp, const struct tcp_time_wait *record)
{
    /* Our timestamp clock has ticked by then, whatever the old connection sent last. */
    return record != NULL && record->timestamps &&
           tcp->core->now.ns - (record->deadline_ns - TIME_WAIT_NS) >= NS_PER_S;
}

/* RFC 6191 §2: may this SYN begin a new connection? */
static bool reopens(const struct tcp_time_wait *record, const struct segment *segment)
{
    if ((segment->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_FIN)) != TCP_FLAG_SYN)
        return false;
    if (!record->timestamps && segment->options.has_timestamps)
        return true; /* what is old carries none, and is dropped for that */
    if (record->timestamps && segment->options.has_timestamps) {
        int32_t newer = (int32_t)(segment->options.ts_value - record->ts_recent);

        if (newer != 0)
            return newer > 0;
    }
    return seq_gt(segment->seq, record->rcv_nxt);
}

enum baro_drop_reason tcp_input_time_wait(struct tcp *tcp, struct tcp_time_wait *record, struct segment *segment)
{
    struct tcp_listener *listener;

    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_TIME_WAIT;
    if (reopens(record, segment)) {
        listener = tcp_find_listener(tcp, segment->local, segment->hash);
        if (listener != NULL) {
            segment->follows = record; /* its end, if the listener takes the SYN */
            return tcp_input_listen(tcp, listener, segment);
        }
    }
    if ((segment->flags & TCP_FLAG_FIN) != 0 && (segment->flags & TCP_FLAG_SYN) == 0 &&
        seq_eq(seq_add(segment->seq, segment_length(segment)), record->rcv_nxt)) {
        unlink_record(tcp, record); /* our last ACK was lost */
        append(tcp, record);
        tcp_send_time_wait_ack(tcp, record);
        return BARO_DROP_TCP_TIME_WAIT;
    }
    /* The answer to our last ACK, coming late, needs none; what lies outside gets one, and what acknowledges what
     * cannot be: the largest window that there is stands for MAX.SND.WND here (RFC 5961 §5.2 allows it). */
    if (segment_length(segment) == 0 && seq_eq(segment->seq, record->rcv_nxt) &&
        ((segment->flags & TCP_FLAG_ACK) == 0 ||
         (seq_le(segment->ack, record->snd_nxt) && seq_ge(segment->ack, seq_sub(record->snd_nxt, 1U << 30)))))
        return BARO_DROP_TCP_TIME_WAIT;
    if (record->blind_at_ns != 0 && tcp->core->now.ns - record->blind_at_ns < 500 * NS_PER_MS &&
        segment_length(segment) == 0)
        return BARO_DROP_TCP_TIME_WAIT;
    record->blind_at_ns = tcp->core->now.ns;
    tcp_send_time_wait_ack(tcp, record);
    return BARO_DROP_TCP_TIME_WAIT;
}
