/* transport/tcp/send_buffer.c: the send ring and the budget.
 *
 * How much it may hold grows with the congestion window (autotune.h) unless the program has said; an idle connection
 * forgets what it has grown to.
 *
 * The ring holds everything from SND.UNA on: sent and not acknowledged, then not sent. It takes memory at the first
 * octet and doubles with the program's demand up to its limit, each doubling charged to the stack's budget before
 * it happens; where the budget or memory ends, send takes fewer octets and the program tries again later. */
#include "transport/tcp/parts.h"

#include "base/likely.h"

enum { KEPT_SHARE = 16 }; /* of the budget: the promises of connections to come */

uint32_t tcp_ring_cost(uint32_t bytes)
{
    if (bytes <= SLAB_PIECE_BYTES)
        return SLAB_PIECE_BYTES;
    return UINT32_C(1) << (32 - __builtin_clz(bytes - 1)); /* the next power of two */
}

bool tcp_charge(struct tcp *tcp, struct tcp_connection *c, uint32_t bytes)
{
    if (!slab_charge(&tcp->core->slabs, bytes))
        return false;
    c->charged += bytes;
    TRACE(tcp->core, TCP_BUFFERS, TRACE_N(tcp_handle(tcp, c).value), TRACE_N(c->charged),
          TRACE_N(tcp->core->slabs.limit - tcp->core->slabs.charged));
    return true;
}

void tcp_discharge(struct tcp *tcp, struct tcp_connection *c, uint32_t bytes)
{
    c->charged -= bytes;
    slab_discharge(&tcp->core->slabs, bytes);
}

static uint32_t share_of(const struct tcp *tcp, size_t left, uint32_t now, uint32_t wanted, bool fixed)
{
    size_t kept = tcp->core->slabs.limit / KEPT_SHARE;

    if (!fixed)
        return autotune_share(now, wanted, left > kept ? left - kept : 0);
    while (wanted > now && wanted - now > left)
        wanted /= 2;
    return wanted > now ? wanted : now;
}

uint32_t tcp_share(const struct tcp *tcp, uint32_t now, uint32_t wanted, bool fixed)
{
    return share_of(tcp, tcp->core->slabs.limit - tcp->core->slabs.charged, now, wanted, fixed);
}

void tcp_send_limit_begin(struct tcp_connection *c)
{
    c->send.limit = c->settings.send_buffer > TCP_SEND_LEAST ? c->settings.send_buffer : TCP_SEND_LEAST;
}

uint32_t tcp_unsent(const struct tcp_connection *c)
{
    uint64_t next = tcp_send_offset(c, c->snd.nxt);

    return c->state >= BARO_TCP_ESTABLISHED && next < c->send.end ? (uint32_t)(c->send.end - next) : 0;
}

/* What waits unsent only grows stale there: a program may want it short (TCP_NOTSENT_LOWAT). A last piece may go beyond
 * by a segment, so that it is not cut. */
static uint32_t room_for_unsent(const struct tcp_connection *c)
{
    uint32_t unsent = tcp_unsent(c), most = c->settings.notsent_low_water, least = tcp_payload_limit(c);

    if (most == 0)
        return UINT32_MAX;
    if (unsent >= most)
        return 0;
    return most - unsent > least ? most - unsent : least;
}

uint32_t tcp_send_room(const struct tcp_connection *c)
{
    uint32_t used = ring_used(&c->send), limit = c->send.limit, most = room_for_unsent(c);
    uint32_t room = used < limit ? limit - used : 0;

    return room < most ? room : most;
}

uint32_t tcp_send_takes(const struct tcp *tcp, const struct tcp_connection *c, size_t owed)
{
    uint32_t used = ring_used(&c->send), room = tcp_send_room(c), now, size;

    if (used + room <= c->send.size)
        return room;
    now = c->send.size > TCP_SEND_LEAST ? c->send.size : TCP_SEND_LEAST;
    size = share_of(tcp, tcp->core->slabs.limit - tcp->core->slabs.charged - owed, now, tcp_ring_cost(used + room),
                    c->settings.send_fixed);
    return size - used < room ? size - used : room;
}

/* Half of it, as on Linux: who is woken has something to do. */
bool tcp_little_unsent(const struct tcp_connection *c)
{
    return c->settings.notsent_low_water == 0 || tcp_unsent(c) < (c->settings.notsent_low_water + 1) / 2;
}

void tcp_tell_of_less_unsent(struct tcp *tcp, struct tcp_connection *c, uint32_t before)
{
    uint32_t most = c->settings.notsent_low_water;

    if (most == 0 || before < (most + 1) / 2 || !tcp_little_unsent(c) || tcp_send_room(c) == 0)
        return;
    c->flags &= ~(uint32_t)TCP_WANT_WRITE;
    tcp_tell(tcp, c);
}

/* Grows the ring to hold `bytes`, or as many of them as there is memory for; what it costs beyond the promise is
 * charged first. */
static void grow(struct tcp *tcp, struct tcp_connection *c, uint32_t bytes)
{
    uint32_t now = c->send.size > TCP_SEND_LEAST ? c->send.size : TCP_SEND_LEAST, size = tcp_ring_cost(bytes);

    if (bytes <= c->send.size)
        return;
    size = tcp_share(tcp, now, size, c->settings.send_fixed);
    for (; size >= now && size > c->send.size; size /= 2) {
        if (size > now && !tcp_charge(tcp, c, size - now))
            return;
        if (ring_reserve(&c->send, &tcp->core->slabs, size, ring_used(&c->send)))
            return;
        if (size > now)
            tcp_discharge(tcp, c, size - now);
    }
}

uint32_t tcp_send_make_room(struct tcp *tcp, struct tcp_connection *c, size_t octets)
{
    uint32_t used = ring_used(&c->send), room = tcp_send_room(c);
    uint32_t take = octets < room ? (uint32_t)octets : room;

    if (take == 0)
        return 0;
    grow(tcp, c, used + take);
    return take < ring_space(&c->send) ? take : ring_space(&c->send);
}
