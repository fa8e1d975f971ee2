/* transport/tcp/time_wait.c: TIME-WAIT as small records (RFC 9293 §3.3.2, RFC 1337, RFC 6191). See time_wait.h.
 *
 * A connection that reaches TIME-WAIT hands its place in the demux to a record and is gone, rings and all. Records last
 * 60 s (2 MSL of 30 s); a FIN that comes again starts that anew. One timer in the wheel serves all, some at a time. At
 * the limit, a million unless the stack has little memory, the oldest gives its place: counted, since until then old
 * segments of its connection would have been known.
 *
 * A connect of ours to the same peer may take the four-tuple over after a second, if both ends had timestamps: the
 * peer tells old from new by them, and our ISN goes on behind the old numbers.
 *
 * RST is not heard (RFC 1337). A SYN opens a new connection when its timestamp is higher, or without timestamps
 * its sequence number (RFC 6191 §2); other segments are answered with the last ACK, twice a second at most when
 * they carry nothing. */
#include "transport/tcp/parts.h"

#include "base/bytes.h"
#include "transport/tcp/rest.h"

#define TIME_WAIT_NS (60 * NS_PER_S)

enum { TIME_WAIT_ENDS = 256 }; /* of one poll's timers: of more that end together the others end in the next one */

/* ---- handles: generation, kind, family, place ---- */

enum { TIME_WAIT_V6_SHIFT = 28 };

static unsigned table_of(struct handle handle)
{
    return (unsigned)(handle.value >> TIME_WAIT_V6_SHIFT) & 1;
}

static uint32_t link_of(struct handle handle)
{
    return (uint32_t)(handle.value & ((UINT32_C(1) << TIME_WAIT_V6_SHIFT) - 1)) + 1;
}

struct handle tcp_time_wait_handle(const struct tcp *tcp, unsigned v6, uint32_t link)
{
    uint64_t generation = time_wait_at(&tcp->time_waits[v6], link)->generation;

    return (struct handle){ generation << 32 | (uint64_t)TCP_KIND_TIME_WAIT << TCP_KIND_SHIFT |
                            (uint64_t)v6 << TIME_WAIT_V6_SHIFT | (link - 1) };
}

struct handle tcp_time_wait_named(const struct tcp *tcp, uint32_t name)
{
    struct handle handle = { name };

    return tcp_time_wait_handle(tcp, table_of(handle), link_of(handle));
}

struct tcp_time_wait *tcp_resolve_time_wait(const struct tcp *tcp, struct handle handle)
{
    const struct time_wait_table *table = &tcp->time_waits[table_of(handle)];
    struct tcp_time_wait *record;

    if (tcp_kind_of(handle) != TCP_KIND_TIME_WAIT || link_of(handle) > table->fresh)
        return NULL;
    record = time_wait_at(table, link_of(handle));
    return record->generation == (uint32_t)(handle.value >> 32) ? record : NULL;
}

void tcp_time_wait_ends(const struct tcp *tcp, struct handle handle, struct baro_endpoint *local,
                        struct baro_endpoint *remote)
{
    const struct tcp_time_wait *record = time_wait_at(&tcp->time_waits[table_of(handle)], link_of(handle));

    if (table_of(handle)) {
        local->address = read_ipv6(record->addresses);
        remote->address = read_ipv6(record->addresses + 16);
    } else {
        local->address = read_ipv4(record->addresses);
        remote->address = read_ipv4(record->addresses + 4);
    }
    local->address.zone = record->local_zone;
    remote->address.zone = record->remote_zone;
    local->port.number = record->local_port;
    remote->port.number = record->remote_port;
}

/* ---- beginning and end ---- */

/* Of the two tables the one whose first record began earlier; 2: nothing rests. */
static unsigned oldest(const struct tcp *tcp)
{
    const struct time_wait_table *v4 = &tcp->time_waits[0], *v6 = &tcp->time_waits[1];

    if (v4->first == 0 || v6->first == 0)
        return v4->first != 0 ? 0 : v6->first != 0 ? 1 : 2;
    return time_wait_at(v6, v6->first)->began_ns < time_wait_at(v4, v4->first)->began_ns ? 1 : 0;
}

static int64_t first_deadline_ns(const struct tcp *tcp, unsigned v6)
{
    const struct time_wait_table *table = &tcp->time_waits[v6];

    return time_wait_at(table, table->first)->began_ns + TIME_WAIT_NS;
}

/* Of those that are due the others end from now on: behind timers whose time came meanwhile, not in front of them. */
static void arm(struct tcp *tcp)
{
    unsigned v6 = oldest(tcp);
    struct baro_instant at = tcp->core->now;

    if (v6 == 2 || wheel_is_armed(&tcp->time_wait_timer))
        return;
    if (first_deadline_ns(tcp, v6) > at.ns)
        at.ns = first_deadline_ns(tcp, v6);
    wheel_arm(&tcp->core->wheel, &tcp->time_wait_timer, at);
}

/* A record that is in the demux no more, or that a connection has followed there. */
static void forget(struct tcp *tcp, struct handle handle)
{
    struct time_wait_table *table = &tcp->time_waits[table_of(handle)];

    TRACE(tcp->core, TCP_STATE, TRACE_N(handle.value), TRACE_N(BARO_TCP_TIME_WAIT), TRACE_N(BARO_TCP_CLOSED));
    tcp_uncount_port(tcp, time_wait_at(table, link_of(handle))->local_port, table_of(handle) != 0);
    time_wait_give_back(table, link_of(handle));
    tcp->core->counters.tcp_time_wait--;
}

/* Records end in their order, each in memory that nobody looked at for a minute: what the next two need is asked for
 * while this one ends. */
static void prefetch(const struct tcp *tcp, const struct time_wait_table *table)
{
    const struct tcp_time_wait *first = table->first == 0 ? NULL : time_wait_at(table, table->first);

    if (first == NULL)
        return;
    demux_prefetch(&tcp->demux, first->hash);
    if (first->next != 0)
        prefetch_line(time_wait_at(table, first->next));
}

static void end(struct tcp *tcp, struct handle handle)
{
    demux_erase(&tcp->demux, tcp_resolve_time_wait(tcp, handle)->hash, handle);
    forget(tcp, handle);
}

static void end_first(struct tcp *tcp, unsigned v6)
{
    const struct tcp_time_wait *record = time_wait_at(&tcp->time_waits[v6], tcp->time_waits[v6].first);
    uint8_t octet[8] = { 0 };

    memcpy(octet, record->addresses + (v6 ? 24 : 4), v6 ? 8 : 4);
    tcp_port_freed(tcp, octet, record->remote_port, record->local_port);
    end(tcp, tcp_time_wait_handle(tcp, v6, tcp->time_waits[v6].first));
    prefetch(tcp, &tcp->time_waits[v6]);
}

void tcp_time_wait_reused(struct tcp *tcp, struct handle handle, bool replaced)
{
    tcp->core->counters.tcp_time_wait_reused++;
    if (replaced)
        forget(tcp, handle);
    else
        end(tcp, handle);
}

void tcp_time_wait_expire(struct tcp *tcp)
{
    unsigned v6, left = TIME_WAIT_ENDS;

    for (v6 = oldest(tcp); v6 != 2 && left != 0 && first_deadline_ns(tcp, v6) <= tcp->core->now.ns;
         v6 = oldest(tcp), left--)
        end_first(tcp, v6);
    arm(tcp);
    if (left == 0)
        tcp_timers_stop(tcp);
}

/* The oldest of a table gives its place. */
static void evict(struct tcp *tcp, unsigned v6)
{
    tcp->core->counters.tcp_time_wait_evicted++;
    end_first(tcp, v6);
}

/* A record's place; where there is no memory, another record's. 0: not even that. */
static uint32_t take(struct tcp *tcp, unsigned v6)
{
    struct time_wait_table *table = &tcp->time_waits[v6];
    uint32_t link;

    if (tcp->time_waits[0].used + tcp->time_waits[1].used >= tcp->time_wait_limit)
        evict(tcp, oldest(tcp));
    link = time_wait_take(table);
    if (link == 0 && table->first != 0) {
        evict(tcp, v6);
        link = time_wait_take(table);
    }
    return link;
}

static void fill(const struct tcp *tcp, const struct tcp_connection *c, struct tcp_time_wait *record, unsigned v6)
{
    uint32_t window = tcp_recv_window(c) >> c->rcv_scale;

    record->began_ns = tcp->core->now.ns;
    record->hash = c->hash;
    record->snd_nxt = c->snd.nxt;
    record->rcv_nxt = c->rcv.nxt;
    record->ts_recent = c->ts_recent;
    record->ts_offset = c->ts_offset;
    record->answered_ms = 0;
    record->local_port = c->local.port.number;
    record->remote_port = c->remote.port.number;
    record->window = (uint16_t)(window > UINT16_MAX ? UINT16_MAX : window);
    record->ttl = c->settings.ttl;
    record->tos = c->settings.tos;
    record->timestamps = (c->flags & TCP_TIMESTAMPS) != 0;
    record->local_zone = c->local.address.zone;
    record->remote_zone = c->remote.address.zone;
    memcpy(record->addresses, c->local.address.octet, v6 ? 16 : 4);
    memcpy(record->addresses + (v6 ? 16 : 4), c->remote.address.octet, v6 ? 16 : 4);
}

/* The record takes the connection's place, its port's user included. */
void tcp_enter_time_wait(struct tcp *tcp, struct tcp_connection *c)
{
    unsigned v6 = c->remote.address.family == BARO_FAMILY_IPV6;
    uint32_t link = take(tcp, v6);
    struct handle handle = HANDLE_NONE;

    tcp_set_state(tcp, c, BARO_TCP_TIME_WAIT);
    if (link != 0) {
        handle = tcp_time_wait_handle(tcp, v6, link);
        fill(tcp, c, time_wait_at(&tcp->time_waits[v6], link), v6);
        demux_replace(&tcp->demux, c->hash, tcp_handle(tcp, c), handle);
        c->flags &= ~(uint32_t)TCP_IN_DEMUX;
        tcp->core->counters.tcp_connections--;
        tcp->core->counters.tcp_time_wait++;
        arm(tcp);
    }
    tcp_finish(tcp, c, 0);
    if (link == 0)
        return; /* no memory even for that: the peer's FIN, if it comes again, meets a RST */
    TRACE(tcp->core, TCP_TIMER_ARMED, TRACE_N(handle.value), TRACE_N(BARO_TRACE_TIMER_TIME_WAIT),
          TRACE_D(TIME_WAIT_NS));
}

bool tcp_time_wait_may_go(const struct tcp *tcp, struct handle handle)
{
    const struct tcp_time_wait *record = tcp_resolve_time_wait(tcp, handle);

    /* Our timestamp clock has ticked by then, whatever the old connection sent last. */
    return record != NULL && record->timestamps && tcp->core->now.ns - record->began_ns >= NS_PER_S;
}

/* ---- segments ---- */

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

/* An ACK for nothing, twice a second at most. */
static bool may_answer(const struct tcp *tcp, struct tcp_time_wait *record)
{
    uint32_t now_ms = (uint32_t)(tcp->core->now.ns / NS_PER_MS) | 1;

    if (record->answered_ms != 0 && now_ms - record->answered_ms < 500)
        return false;
    record->answered_ms = now_ms;
    return true;
}

enum baro_drop_reason tcp_input_time_wait(struct tcp *tcp, struct handle handle, struct segment *segment)
{
    struct tcp_time_wait *record = tcp_resolve_time_wait(tcp, handle);
    struct tcp_listener *listener;

    if (segment->flags & TCP_FLAG_RST)
        return BARO_DROP_TCP_TIME_WAIT;
    if (reopens(record, segment)) {
        listener = tcp_find_listener(tcp, &segment->local, &segment->remote);
        if (listener != NULL) {
            segment->follows = handle; /* its end, if the listener takes the SYN */
            return tcp_input_listen(tcp, listener, segment);
        }
    }
    if ((segment->flags & TCP_FLAG_FIN) != 0 && (segment->flags & TCP_FLAG_SYN) == 0 &&
        seq_eq(seq_add(segment->seq, segment_length(segment)), record->rcv_nxt)) {
        record->began_ns = tcp->core->now.ns; /* our last ACK was lost */
        time_wait_requeue(&tcp->time_waits[table_of(handle)], link_of(handle));
        tcp_send_time_wait_ack(tcp, handle);
        return BARO_DROP_TCP_TIME_WAIT;
    }
    /* The answer to our last ACK, coming late, needs none; what lies outside gets one, and what acknowledges what
     * cannot be: the largest window that there is stands for MAX.SND.WND here (RFC 5961 §5.2 allows it). */
    if (segment_length(segment) == 0 && seq_eq(segment->seq, record->rcv_nxt) &&
        ((segment->flags & TCP_FLAG_ACK) == 0 ||
         (seq_le(segment->ack, record->snd_nxt) && seq_ge(segment->ack, seq_sub(record->snd_nxt, 1U << 30)))))
        return BARO_DROP_TCP_TIME_WAIT;
    if (may_answer(tcp, record) || segment_length(segment) != 0)
        tcp_send_time_wait_ack(tcp, handle);
    return BARO_DROP_TCP_TIME_WAIT;
}
