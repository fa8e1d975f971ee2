/* transport/tcp/open.c: TCP's beginning and end, settings, and the active open (RFC 9293 §3.10.1). */
#include <string.h>

#include "transport/tcp/calendar.h"
#include "transport/tcp/ease.h"
#include "transport/tcp/rest.h"

#include "base/bytes.h"

enum { TIME_WAIT_MEMORY = 512 }; /* octets of the stack's memory for each record that there may be */

/* Another secret key: who knows one knows nothing of the other. Nothing is drawn, so that what a seed gives to all
 * others stays as it was. */
static struct hash_key key_from(const struct hash_key *key)
{
    const uint64_t first = 1, second = 2;

    return (struct hash_key){ { hash_words(key, &first, 1), hash_words(key, &second, 1) } };
}

struct tcp *tcp_create(struct core *core, uint32_t connection_limit)
{
    struct tcp *tcp = slab_take(&core->slabs, sizeof *tcp);
    uint32_t limit = connection_limit < 16 ? 16 : connection_limit, half_open_limit;

    if (tcp == NULL)
        return NULL;
    if (limit > UINT32_C(1) << 24)
        limit = UINT32_C(1) << 24;
    half_open_limit = limit / 2 < 65536 ? limit / 2 : 65536;
    tcp->core = core;
    slab_keep_spares(&core->slabs, TCP_SPARE_RINGS);
    pool_init(&tcp->connections, &core->slabs, sizeof(struct tcp_connection), limit + half_open_limit);
    pool_init(&tcp->half_opens, &core->slabs, sizeof(struct tcp_half_open), half_open_limit);
    pool_init(&tcp->listeners, &core->slabs, sizeof(struct tcp_listener), limit);
    time_wait_table_init(&tcp->time_waits[0], &core->slabs, TIME_WAIT_BYTES_IPV4);
    time_wait_table_init(&tcp->time_waits[1], &core->slabs, TIME_WAIT_BYTES_IPV6);
    tcp_limit_time_waits(tcp, 0);
    pool_init(&tcp->ranges, &core->slabs, tcp_ranges_size(TCP_RANGES), limit);
    pool_init(&tcp->many_ranges, &core->slabs, tcp_ranges_size(TCP_RANGES_MANY), limit);
    pool_init(&tcp->senders, &core->slabs, sizeof(struct tcp_sender), limit);
    pool_init(&tcp->flows, &core->slabs, sizeof(struct tcp_flow), limit);
    pool_init(&tcp->sums, &core->slabs, sizeof(struct text_sums), limit);
    blocks_init(&tcp->rests, &core->slabs);
    demux_init(&tcp->demux, &core->slabs, random_key(&core->random));
    tcp->isn_key = random_key(&core->random);
    tcp->port_key = random_key(&core->random);
    tcp->cookie_key = key_from(&tcp->isn_key);
    tcp->events.next = tcp->events.previous = &tcp->events;
    tcp->lately_is_asked = true;
    tcp->recent = TCP_NO_RECENT;
    tcp->time_wait_timer.kind = TCP_WHEEL_TIME_WAIT;
    for (unsigned i = 0; i < HALF_OPEN_RINGS; i++)
        tcp->half_open_ring[i].timer.kind = TCP_WHEEL_HALF_OPEN;
    return tcp;
}

void tcp_forget_places(struct tcp *tcp)
{
    tcp->recent = TCP_NO_RECENT;
    tcp->recent_place = NULL;
    tcp->recent_half_open = NULL;
    memset(tcp->lately, 0, sizeof tcp->lately);
    tcp_borrowed_forget(tcp);
}

void tcp_choose_syn_cookies(struct tcp *tcp, enum baro_syn_cookies cookies)
{
    tcp->cookies = cookies;
}

void tcp_limit_time_waits(struct tcp *tcp, uint32_t limit)
{
    size_t memory = tcp->core->slabs.limit / TIME_WAIT_MEMORY;

    if (limit == 0)
        limit = memory < TIME_WAIT_MOST ? (uint32_t)memory : TIME_WAIT_MOST;
    tcp->time_wait_limit = limit == 0 ? 1 : limit;
}

void tcp_size_buffers(struct tcp *tcp, struct baro_buffer_size send, struct baro_buffer_size recv)
{
    tcp->send_size = send;
    tcp->recv_size = recv;
}

void tcp_leave_out(struct tcp *tcp, unsigned without)
{
    tcp->without = (uint8_t)without;
}

void tcp_watch_holes(struct tcp *tcp)
{
    tcp->watches_holes = true;
}

void tcp_free(struct tcp *tcp)
{
    struct slabs *slabs;

    if (tcp == NULL)
        return;
    slabs = &tcp->core->slabs;
    for (uint32_t i = 0; i < tcp->connections.places; i++) {
        struct tcp_connection *c = pool_at(&tcp->connections, i);

        if (c == NULL)
            continue;
        wheel_cancel(&tcp->core->wheel, &c->wheel);
        ring_release(&c->send, slabs);
        ring_release(&c->recv, slabs);
        slab_discharge(slabs, c->charged);
    }
    tcp_late_release(&tcp->late, slabs);
    wheel_cancel(&tcp->core->wheel, &tcp->time_wait_timer);
    for (unsigned i = 0; i < HALF_OPEN_RINGS; i++)
        wheel_cancel(&tcp->core->wheel, &tcp->half_open_ring[i].timer);
    pool_release(&tcp->connections);
    pool_release(&tcp->listeners);
    pool_release(&tcp->half_opens);
    time_wait_table_release(&tcp->time_waits[0]);
    time_wait_table_release(&tcp->time_waits[1]);
    pool_release(&tcp->ranges);
    pool_release(&tcp->many_ranges);
    pool_release(&tcp->senders);
    pool_release(&tcp->flows);
    pool_release(&tcp->sums);
    demux_release(&tcp->demux);
    tcp_calendar_release(tcp);
    blocks_release(&tcp->rests);
    for (int i = 0; i < TCP_PORT_PAGES; i++)
        slab_give_back(slabs, tcp->port_page[i], TCP_PORT_PAGE * sizeof(struct tcp_port));
    slab_keep_spares(slabs, 0);
    slab_give_back(slabs, tcp, sizeof *tcp);
}

void tcp_settings_init(struct tcp_settings *settings)
{
    *settings = (struct tcp_settings){
        .send_buffer = 256 * 1024,
        .recv_buffer = 256 * 1024,
        .recv_fixed = true,
        .keepalive_idle_ms = 7200 * 1000,
        .keepalive_interval_ms = 75 * 1000,
        .fin_wait_2_ms = TCP_FIN_WAIT_2_MS,
        .keepalive_count = 9,
        .ttl = -1,
    };
}

void tcp_settings_begin(const struct tcp *tcp, struct tcp_settings *settings)
{
    tcp_settings_init(settings);
    if (tcp->send_size.first != 0)
        settings->send_buffer = tcp->send_size.first;
    if (tcp->recv_size.first != 0)
        settings->recv_buffer = tcp->recv_size.first;
    settings->recv_fixed = tcp->recv_size.most == 0;
}

int tcp_connect(struct tcp *tcp, const struct tcp_ends *ends, const struct ip_path *path,
                const struct tcp_settings *settings, uint32_t owner, struct handle *connection)
{
    const struct tcp_time_wait *rests = handle_is_none(ends->there) ? NULL : tcp_resolve_time_wait(tcp, ends->there);
    struct tcp_numbers numbers;
    struct tcp_connection *c;
    struct tcp_offer offer;

    if ((!handle_is_none(ends->there) && !tcp_time_wait_may_go(tcp, ends->there)) ||
        endpoint_equal(ends->local, ends->remote))
        return -EADDRINUSE;
    offer = tcp_offer_of(tcp, settings, ends->remote.address.family, path->mtu);
    c = tcp_connection_new(tcp, &ends->local, &ends->remote, settings, &offer);
    if (c == NULL)
        return -ENOBUFS;
    tcp_set_path_mtu(c, path->mtu);
    congestion_init(&c->congestion, settings->congestion, tcp_payload_limit(c));
    if (!tcp_enter_demux(tcp, c, (uint32_t)ends->hash, ends->there)) {
        tcp_connection_free(tcp, c);
        return -ENOBUFS;
    }
    c->flags |= TCP_OWNED;
    c->event.owner = owner;
    numbers = tcp_numbers(tcp, &ends->local, &ends->remote);
    c->snd.iss = numbers.isn;
    c->ts_offset = numbers.ts_offset;
    if (rests != NULL) { /* RFC 9293 §3.4.3: beyond the numbers that the old one used */
        if (seq_le(c->snd.iss, rests->snd_nxt))
            c->snd.iss = seq_add(rests->snd_nxt, 65536);
        tcp_time_wait_reused(tcp, ends->there, true);
    }
    c->snd.una = c->snd.nxt = c->flight.up = c->flight.small = c->recover = c->snd.iss;
    c->retransmit_next = c->retransmit_end = c->snd.iss;
    c->received_at_ns = tcp->core->now.ns;
    TRACE(tcp->core, TCP_ISN, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->snd.iss.value));
    tcp_ecn_connect(tcp, c);
    tcp_set_state(tcp, c, BARO_TCP_SYN_SENT);
    tcp->core->counters.tcp_active_opens++;
    if (settings->user_timeout_ms != 0)
        tcp_timer_arm(tcp, c, TCP_TIMER_USER_TIMEOUT, settings->user_timeout_ms * NS_PER_MS);
    tcp_want_output(tcp, c);
    *connection = tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    return 0;
}

int tcp_change(struct tcp *tcp, struct handle connection, const struct tcp_settings *settings)
{
    bool asleep = false;
    struct tcp_connection *c = tcp_wake(tcp, connection, &asleep);
    struct tcp_listener *listener = c == NULL ? tcp_resolve_listener(tcp, connection) : NULL;

    if (listener != NULL)
        listener->settings = *settings;
    if (c == NULL)
        return asleep ? -ENOBUFS : 0;
    /* As the listener's were, mostly: then there is nothing to do but to count the silence from now on. */
    if (!settings->keepalive && memcmp(&c->settings, settings, sizeof *settings) == 0)
        return 0;
    if (c->settings.quickack && !settings->quickack)
        c->quick_acks = 0; /* from now on as in a dialogue, where an ACK waits for an answer */
    tcp_ease_ends(c);
    tcp_settle(c, settings);
    if (settings->send_fixed)
        tcp_send_limit_begin(c);
    congestion_choose(&c->congestion, settings->congestion);
    tcp_set_path_mtu(c, c->path_mtu);
    tcp_timer_cancel(tcp, c, TCP_TIMER_KEEPALIVE);
    tcp_keepalive_restart(tcp, c);
    if (settings->quickack && (c->flags & TCP_ACK_DELAYED) != 0)
        c->flags |= TCP_ACK_NOW;
    if (tcp_synchronised(c))
        tcp_want_output(tcp, c); /* Nagle or cork may hold something that may leave now */
    return 0;
}

void tcp_address_removed(struct tcp *tcp, struct baro_address address)
{
    tcp_half_open_address_removed(tcp, address);
    tcp_rest_address_removed(tcp, address);
    for (uint32_t i = 0; i < tcp->connections.places; i++) {
        struct tcp_connection *c = pool_at(&tcp->connections, i);

        if (c == NULL || !address_equal(c->local.address, address) || (c->flags & TCP_CLOSED_DONE) != 0)
            continue;
        tcp_finish(tcp, c, ECONNABORTED); /* a RST could not be sent from there any more */
        tcp_reap(tcp, c);
    }
}
