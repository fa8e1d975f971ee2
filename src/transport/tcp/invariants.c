/* transport/tcp/invariants.c: what must be true of TCP between two calls. For tests: it walks everything. */
#undef NDEBUG /* asserting is what this file is for */
#include <assert.h>

#include "transport/tcp/calendar.h"
#include "transport/tcp/ease.h"
#include "transport/tcp/rest.h"

static void check_sequence(const struct tcp_connection *c)
{
    assert(seq_le(c->snd.una, c->snd.nxt));
    assert(seq_ge(c->retransmit_next, c->snd.una) || seq_eq(c->retransmit_next, c->retransmit_end));
    assert(seq_le(c->retransmit_next, c->retransmit_end));
    assert((c->flags & TCP_AT_EASE) == 0 ||
           (seq_le(c->retransmit_end, c->snd.nxt) && seq_le(c->flight.small, c->snd.nxt)));
    assert((c->flags & (TCP_AT_EASE | TCP_URGENT_SENDING)) != TCP_AT_EASE || seq_le(c->flight.up, c->snd.nxt));
    assert(c->mss + tcp_option_octets(c) >= TCP_MSS_FLOOR && c->congestion.cwnd >= 1);
    if (c->sender != NULL) {
        scoreboard_check(&c->sender->board);
        assert(seq_eq(c->sender->board.begin, c->snd.una));
        assert(seq_eq(scoreboard_end(&c->sender->board), c->snd.nxt) && tcp_flight(c) != 0);
    }
    if (c->state < BARO_TCP_ESTABLISHED)
        return;
    assert(seq_ge(c->rcv.edge, c->rcv.nxt));
    assert(tcp_recv_window(c) <= c->recv.limit);
    assert(seq_diff(c->rcv.edge, tcp_recv_seq(c, c->recv.begin)) <= (int32_t)c->recv.limit + 1); /* the FIN's place */
    assert(seq_eq(c->rcv.nxt, seq_add(tcp_recv_seq(c, c->recv.end), (c->flags & TCP_FIN_RECEIVED) != 0)));
    assert((c->flags & TCP_FIN_SENT) == 0 || (c->flags & TCP_FIN_WANTED) != 0);
}

static void check_buffers(const struct tcp_connection *c)
{
    uint64_t last = tcp_receive_last(c);

    assert(c->send.begin <= c->send.end && c->recv.begin <= c->recv.end);
    assert(ring_used(&c->send) <= c->send.size || c->send.size == 0);
    assert(ring_used(&c->send) == 0 || c->send.data != NULL);
    assert(last - c->recv.begin <= c->recv.size || last == c->recv.begin);
    assert((c->charged >= TCP_RECV_LEAST + TCP_SEND_LEAST && c->charged >= c->send.size + c->recv.size) ||
           ((c->flags & TCP_CLOSED_DONE) != 0 && c->charged == 0 && c->recv.size == 0)); /* it rested, and ended */
    assert(c->recv.size <= tcp_recv_backed(c) && c->recv.limit <= TCP_WINDOW_LARGEST);
    if (c->state >= BARO_TCP_ESTABLISHED && ring_used(&c->send) != 0) {
        uint64_t una = tcp_send_offset(c, c->snd.una), next = tcp_send_offset(c, c->snd.nxt);

        assert(una == c->send.begin && next >= una && next <= c->send.end + 1);
    }
    if (c->ranges == NULL)
        return;
    assert(c->ranges->count >= 1 && c->ranges->count <= c->ranges->limit);
    for (uint32_t i = 0; i < c->ranges->count; i++) {
        assert(c->ranges->range[i].begin < c->ranges->range[i].end);
        assert(c->ranges->range[i].begin > (i == 0 ? c->recv.end : c->ranges->range[i - 1].end));
    }
}

/* What is held of it is the end of what it has in order. */
static void check_held(const struct tcp *tcp, const struct tcp_connection *c)
{
    uint64_t offset = c->recv.end;

    if (c->recv.borrowed == 0)
        return;
    for (uint32_t i = tcp->borrowed.count; i-- >= c->recv.borrowed;) {
        const struct tcp_borrowed_text *text = &tcp->borrowed.text[i];

        if (text->place != c)
            continue;
        assert(pool_is_still(c, text->handle) && text->octets != 0 && text->offset + text->octets == offset);
        offset = text->offset;
    }
    assert(tcp->borrowed.text[c->recv.borrowed - 1].offset == offset && offset >= c->recv.begin &&
           offset < c->recv.end);
}

static void check_timers(const struct tcp_connection *c)
{
    for (int name = 0; name < TCP_TIMER_COUNT; name++) {
        if (c->deadline_ns[name] != 0)
            assert(name < tcp_timers_of(c) &&
                   (c->late || (wheel_is_armed(&c->wheel) && c->wheel.deadline.ns <= c->deadline_ns[name])));
    }
    /* Whatever is in flight has a timer that ends its wait. */
    if (tcp_flight(c) != 0)
        assert(tcp_timer_armed(c, TCP_TIMER_RETRANSMIT));
    if ((c->flags & TCP_ACK_DELAYED) != 0 && (c->flags & TCP_ACK_NOW) == 0)
        assert(tcp_timer_armed(c, TCP_TIMER_DELAYED_ACK));
}

static void check_connection(const struct tcp *tcp, const struct tcp_connection *c)
{
    check_held(tcp, c);
    if (c->flags & TCP_CLOSED_DONE) {
        assert((c->flags & (TCP_OWNED | TCP_IN_QUEUE)) != 0 && (c->flags & TCP_IN_DEMUX) == 0);
        assert(!wheel_is_armed(&c->wheel) && c->send.data == NULL);
        return;
    }
    assert(c->state != BARO_TCP_CLOSED && c->state != BARO_TCP_LISTEN && c->state != BARO_TCP_TIME_WAIT);
    assert(handle_equal(tcp_find(tcp, c->local, c->remote), tcp_handle(tcp, c)));
    check_sequence(c);
    check_buffers(c);
    check_timers(c);
    assert((c->flow_label != 0) == (c->remote.address.family == BARO_FAMILY_IPV6)); /* so no way out asks for it */
    assert((c->flags & TCP_AT_EASE) == 0 || tcp_ease_holds(c));
    assert((c->flags & (TCP_AT_EASE | TCP_FIN_WANTED | TCP_FIN_RECEIVED)) != TCP_AT_EASE ||
           c->state == BARO_TCP_ESTABLISHED);
}

static void check_soon(const struct tcp *tcp)
{
    for (uint32_t i = 0; i < tcp->connections.places; i++) {
        const struct tcp_connection *c = pool_at(&tcp->connections, i);
        bool found = false;

        if (c == NULL || (c->flags & TCP_ACK_SOON) == 0)
            continue;
        for (uint32_t at = 0; at < tcp->soon_count; at++)
            found = found || handle_equal(tcp->soon[at], tcp_handle(tcp, c));
        assert(found && c->state >= BARO_TCP_ESTABLISHED);
    }
}

static void check_queue(const struct tcp *tcp, const struct tcp_list *list)
{
    uint32_t count = 0;

    for (struct handle at = list->first; !handle_is_none(at); count++) {
        const struct tcp_connection *c = tcp_resolve(tcp, at);

        assert(c != NULL && (c->flags & TCP_IN_QUEUE) != 0);
        at = c->list_next;
    }
    assert(count == list->count);
}

static uint32_t check_half_opens_of(const struct tcp *tcp, const struct tcp_listener *listener,
                                    const struct tcp_half_open_list *list)
{
    uint32_t count = 0;

    for (const struct tcp_half_open *record = list->first; record != NULL;
         record = tcp_half_open_at(tcp, record->list_next)) {
        assert(tcp_half_open_listener(tcp, record) == listener);
        assert(((record->flags & HALF_OPEN_UNTOLD) != 0) == (list == &listener->held));
        assert((record->flags & HALF_OPEN_UNTOLD) == 0 || (record->flags & HALF_OPEN_HELD) != 0);
        assert(handle_equal(tcp_find(tcp, record->local, record->remote), tcp_half_open_handle(tcp, record)));
        count++;
    }
    assert(count == list->count);
    return count;
}

static void check_rings(const struct tcp *tcp)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < HALF_OPEN_RINGS; i++) {
        const struct tcp_half_open_ring *ring = &tcp->half_open_ring[i];
        int64_t last_ns = INT64_MIN;

        for (const struct tcp_half_open *record = ring->first; record != NULL;
             record = tcp_half_open_at(tcp, record->next)) {
            assert(record->began_ns >= last_ns);
            assert(((record->flags & HALF_OPEN_HELD) != 0) == (i == HALF_OPEN_RING_HELD));
            last_ns = record->began_ns;
            count++;
        }
        assert(ring->first == NULL || wheel_is_armed(&ring->timer));
    }
    assert(count == tcp->half_opens.used);
}

static void check_time_wait(const struct tcp *tcp, unsigned v6)
{
    const struct time_wait_table *table = &tcp->time_waits[v6];
    uint32_t count = 0;
    int64_t last_ns = INT64_MIN;

    for (uint32_t link = table->first; link != 0; count++) {
        const struct tcp_time_wait *record = time_wait_at(table, link);
        struct handle handle = tcp_time_wait_handle(tcp, v6, link);
        struct baro_endpoint local, remote;

        assert(record->began_ns >= last_ns && tcp_resolve_time_wait(tcp, handle) == record);
        tcp_time_wait_ends(tcp, handle, &local, &remote);
        assert(handle_equal(tcp_find(tcp, local, remote), handle));
        last_ns = record->began_ns;
        link = record->next;
    }
    assert(count == table->used);
    assert(count == 0 || wheel_is_armed(&tcp->time_wait_timer));
}

/* Its owner and the demux have its name, and it comes back as the same. */
static void check_rest(const struct tcp *tcp, uint32_t name)
{
    struct handle handle = { name | (uint64_t)TCP_KIND_REST << TCP_KIND_SHIFT };
    const uint8_t *record = blocks_at(&tcp->rests, name);
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, handle, &sleeper);
    struct rest_expected expected;
    uint8_t again[REST_OCTETS_MOST];
    uint32_t length;

    assert(handle_equal(tcp_find(tcp, c->local, c->remote), handle));
    assert(handle_equal(*tcp->place(tcp->place_context, c->event.owner), handle));
    assert(tcp_flight(c) == 0 && (c->flags & TCP_OWNED) != 0);
    check_sequence(c);
    rest_expected_init(&expected, tcp);
    length = rest_encode(&expected, c, again);
    if (rest_is_kept(again))
        memcpy(rest_links(again), record + 1, REST_LINKS);
    assert(memcmp(record, again, length) == 0);
}

static void check_rests(const struct tcp *tcp)
{
    uint32_t count = 0, kept = 0;

    for (uint32_t name = blocks_next(&tcp->rests, 0); name != BLOCK_NONE; name = blocks_next(&tcp->rests, name + 1)) {
        check_rest(tcp, name);
        kept += rest_is_kept(blocks_at(&tcp->rests, name));
        count++;
    }
    assert(kept == tcp_calendar_check(tcp));
    assert(count == tcp->rests.used && count == tcp->core->counters.tcp_resting);
}

void tcp_check_invariants(const struct tcp *tcp)
{
    uint32_t half_opens = 0, in_demux = 0;

    for (uint32_t i = 0; i < tcp->connections.places; i++) {
        const struct tcp_connection *c = pool_at(&tcp->connections, i);

        if (c == NULL)
            continue;
        check_connection(tcp, c);
        in_demux += (c->flags & TCP_IN_DEMUX) != 0;
    }
    check_soon(tcp);
    check_rests(tcp);
    assert(in_demux + tcp->rests.used == tcp->core->counters.tcp_connections);
    assert(demux_is_in_order(&tcp->demux));
    assert(tcp->demux.used == in_demux + tcp->rests.used + tcp->core->counters.tcp_time_wait + tcp->half_opens.used);
    for (uint32_t i = 0; i < tcp->listeners.places; i++) {
        const struct tcp_listener *listener = pool_at(&tcp->listeners, i);

        if (listener == NULL)
            continue;
        check_queue(tcp, &listener->queue);
        half_opens += check_half_opens_of(tcp, listener, &listener->half_open);
        half_opens += check_half_opens_of(tcp, listener, &listener->held);
        assert(listener->queue.count <= listener->backlog + 1);
    }
    assert(half_opens == tcp->half_opens.used);
    check_rings(tcp);
    check_time_wait(tcp, 0);
    check_time_wait(tcp, 1);
    assert(tcp->core->counters.tcp_time_wait == tcp->time_waits[0].used + tcp->time_waits[1].used);
}
