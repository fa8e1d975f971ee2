/* transport/tcp/stream.c: SEND and RECEIVE (RFC 9293 §3.10.2, §3.10.3), urgent data included (§3.8.5, RFC 6093), and
 * both without a copy: the program writes behind the send ring's end and reads from the receive ring's beginning.
 *
 * A reservation is a number of octets, no memory is held for it: whatever moves or fills that place ends it, so that
 * what is committed is always what the program wrote there.
 *
 * Out-of-band means: of what the peer calls urgent the last octet can be taken by a receive of its own, and the
 * stream goes on without it (unless it is to stay in line). Receiving stops in front of that place once, so that a
 * program can see that it is at the mark. */
#include "base/likely.h"
#include "transport/tcp/exchange.h"
#include "transport/tcp/lines.h"
#include "transport/tcp/rest.h"

/* The pending error, taken; 0: none. */
static int take_error(struct tcp_connection *c)
{
    int error = c->error;

    c->error = 0;
    return error;
}

int tcp_take_error(struct tcp *tcp, struct handle connection)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection); /* at rest it has none */

    return c == NULL ? 0 : take_error(c);
}

/* Why nothing can be taken; 0: it can. */
static int cannot_send(struct tcp_connection *c)
{
    if (c->error != 0)
        return -take_error(c);
    if ((c->flags & (TCP_CLOSED_DONE | TCP_FIN_WANTED)) != 0)
        return -EPIPE;
    if (!tcp_synchronised(c)) {
        c->flags |= TCP_WANT_WRITE;
        return -EAGAIN;
    }
    return 0;
}

/* What most often holds: both ends are open, and nothing went wrong. */
static inline bool may_send(const struct tcp_connection *c)
{
    return LIKELY(c->state >= BARO_TCP_ESTABLISHED && c->error == 0 &&
                  (c->flags & (TCP_CLOSED_DONE | TCP_FIN_WANTED)) == 0);
}

/* Why one that rests cannot be sent to; without a promise it is as with a full ring. */
static __attribute__((noinline)) int why_asleep(const struct tcp *tcp, struct handle connection)
{
    struct tcp_sleeper sleeper;

    if ((tcp_look(tcp, connection, &sleeper)->flags & TCP_FIN_WANTED) != 0)
        return -EPIPE;
    return tcp_has_promise(tcp) ? -ENOBUFS : -EAGAIN;
}

/* One that rested, or NULL with the reason. */
static struct tcp_connection *woken(struct tcp *tcp, struct handle connection, int *error)
{
    bool asleep = false;
    struct tcp_connection *c = tcp_wake(tcp, connection, &asleep);

    *error = UNLIKELY(asleep) ? why_asleep(tcp, connection) : -ENOTCONN;
    return c;
}

ptrdiff_t tcp_send_reserve(struct tcp *tcp, struct handle connection, size_t wanted, struct baro_buffer part[2])
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    uint32_t room;
    int error;

    part[0] = part[1] = (struct baro_buffer){ NULL, 0 };
    if (c == NULL && (c = woken(tcp, connection, &error)) == NULL)
        return error;
    c->reserved = 0;
    if (UNLIKELY(!may_send(c)) && (error = cannot_send(c)) != 0)
        return error;
    if (wanted == 0)
        return 0;
    room = tcp_send_make_room(tcp, c, wanted);
    if (room < wanted)
        c->flags |= TCP_WANT_WRITE;
    if (room == 0)
        return -EAGAIN;
    if (ring_used(&c->send) == 0)
        ring_restart(&c->send);
    /* from now on: nothing may ever come of it, and the ring be for nothing */
    tcp_timer_start(tcp, c, TCP_TIMER_REST, TCP_REST_RINGS_NS);
    ring_room(&c->send, c->send.end, room, part);
    c->reserved = room;
    return room;
}

ptrdiff_t tcp_send_commit(struct tcp *tcp, struct handle connection, size_t octets)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    int error;

    if (c == NULL && (c = woken(tcp, connection, &error)) == NULL)
        return error;
    if (UNLIKELY(!may_send(c)) && (error = cannot_send(c)) != 0) {
        c->reserved = 0;
        return error;
    }
    /* A ring that was given back has no room: its octets are gone, and so is the reservation. */
    if (octets > c->reserved || octets > ring_space(&c->send))
        return -EINVAL;
    c->reserved = 0;
    if (octets == 0)
        return 0;
    c->send.end += octets;
    c->flags &= ~(uint32_t)TCP_MORE;
    tcp_want_output(tcp, c);
    return (ptrdiff_t)octets;
}

/* Where a program talks over many connections in turn, all that the call and the segment need is asked for at once. */
static inline void prefetch(const struct tcp *tcp, struct handle connection)
{
    if (!handle_equal(tcp->recent, connection) && tcp_kind_of(connection) == TCP_KIND_CONNECTION)
        tcp_lines_prefetch_text_out(pool_prefetch(&tcp->connections, (uint32_t)connection.value));
}

void tcp_prefetch_calls(const struct tcp *tcp, const struct handle connection[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        prefetch(tcp, connection[i]);
    for (size_t i = 0; i < count; i++) {
        const struct tcp_connection *c = tcp_resolve(tcp, connection[i]); /* who rests is far away */

        if (c == NULL)
            continue;
        tcp_flow_prefetch(c->flow);
        if (c->send.data != NULL && ring_used(&c->send) == 0)
            prefetch_line(c->send.data); /* it begins anew */
        else if (c->send.data != NULL)
            ring_prefetch(&c->send, c->send.end);
    }
}

/* `whole`: the urgent octet, the last one, is among them. */
static __attribute__((noinline)) void send_flagged(struct tcp_connection *c, unsigned flags, bool whole)
{
    if ((flags & BARO_MSG_OOB) != 0 && whole) {
        c->flight.up = tcp_send_seq(c, c->send.end);
        c->flags |= TCP_URGENT_SENDING;
    }
    if (flags & BARO_MSG_MORE)
        c->flags |= TCP_MORE;
}

static __attribute__((noinline)) void write_much(struct tcp_connection *c, struct baro_bytes data)
{
    struct text_sums *sums = c->flow == NULL ? NULL : c->flow->sums;

    if (sums == NULL)
        ring_write(&c->send, c->send.end, data.data, (uint32_t)data.length);
    else
        text_sums_write(sums, &c->send, tcp_send_offset(c, c->snd.nxt), data);
}

/* Behind the ring's end; how much of it. */
ALWAYS_INLINE uint32_t put(struct tcp *tcp, struct tcp_connection *c, struct baro_bytes data)
{
    uint32_t used = ring_used(&c->send), most, take;

    if (UNLIKELY(c->send.data == NULL) && data.length <= TCP_SEND_LEAST)
        ring_reserve(&c->send, &tcp->core->slabs, (uint32_t)data.length, 0); /* as promised */
    most = c->send.size < c->send.limit ? c->send.size : c->send.limit;
    /* A program that wants no more than so much unsent is asked about that in tcp_send_make_room. */
    if (LIKELY(used <= most && data.length <= most - used && c->settings.notsent_low_water == 0))
        take = (uint32_t)data.length;
    else
        take = tcp_send_make_room(tcp, c, data.length);
    if (used == 0)
        ring_restart(&c->send);
    if (take < TEXT_SUMS_FROM)
        ring_write(&c->send, c->send.end, data.data, take);
    else
        write_much(c, (struct baro_bytes){ data.data, take });
    c->send.end += take;
    c->reserved = 0; /* what was there is overwritten */
    return take;
}

/* `flags`: mostly none, of which then nobody asks: there are two copies of this. */
ALWAYS_INLINE ptrdiff_t send_text(struct tcp *tcp, struct handle connection, struct baro_bytes data,
                                  const unsigned flags)
{
    struct tcp_connection *c;
    uint32_t taken;
    int error;

    prefetch(tcp, connection);
    c = tcp_resolve(tcp, connection);
    if (UNLIKELY(c == NULL)) {
        if ((c = woken(tcp, connection, &error)) == NULL)
            return error;
        connection = tcp_handle(tcp, c);
    }
    if (UNLIKELY(!may_send(c)) && (error = cannot_send(c)) != 0)
        return error;
    if (UNLIKELY(data.length == 0))
        return 0;
    if (!handle_equal(tcp->recent, connection))
        tcp_flow_prefetch(c->flow);
    taken = put(tcp, c, data);
    if (UNLIKELY(taken < data.length)) {
        c->flags |= TCP_WANT_WRITE;
        if (taken == 0)
            return -EAGAIN;
    }
    c->flags &= ~(uint32_t)TCP_MORE;
    if (UNLIKELY((flags & (BARO_MSG_OOB | BARO_MSG_MORE)) != 0))
        send_flagged(c, flags, taken == data.length);
    tcp_queue_output(tcp, c, connection);
    return taken;
}

ptrdiff_t tcp_send(struct tcp *tcp, struct handle connection, struct baro_bytes data, unsigned flags)
{
    return send_text(tcp, connection, data, flags);
}

ptrdiff_t tcp_send_plain(struct tcp *tcp, struct handle connection, struct baro_bytes data)
{
    return send_text(tcp, connection, data, 0);
}

static ptrdiff_t recv_urgent(struct tcp_connection *c, struct baro_buffer data, unsigned flags)
{
    if (c->settings.oob_inline || (c->flags & TCP_URGENT_KNOWN) == 0 || (c->flags & TCP_URGENT_TAKEN) != 0)
        return -EINVAL;
    if ((c->flags & TCP_URGENT_READY) == 0)
        return -EAGAIN;
    if (data.length == 0)
        return 0;
    data.data[0] = c->urgent_octet;
    if ((flags & BARO_MSG_PEEK) == 0)
        c->flags |= TCP_URGENT_TAKEN;
    return 1;
}

/* Octets from the reading point to the urgent one; UINT32_MAX: there is none before the in-order end. */
static uint32_t octets_to_mark(const struct tcp_connection *c)
{
    uint64_t mark;

    if ((c->flags & TCP_URGENT_KNOWN) == 0)
        return UINT32_MAX;
    mark = tcp_recv_offset(c, seq_sub(c->rcv.up, 1));
    if (mark < c->recv.begin || mark >= c->recv.end)
        return UINT32_MAX;
    return (uint32_t)(mark - c->recv.begin);
}

bool tcp_at_mark(const struct tcp *tcp, struct handle connection)
{
    const struct tcp_connection *c = tcp_resolve(tcp, connection); /* at rest there is no mark */

    return c != NULL && octets_to_mark(c) == 0;
}

/* Reading goes past the mark: the urgent octet is not part of the stream, unless it is to be in line. */
static void pass_mark(struct tcp *tcp, struct tcp_connection *c)
{
    if (octets_to_mark(c) != 0)
        return;
    if (!c->settings.oob_inline)
        tcp_receive_taken(tcp, c, 1);
    c->flags &= ~(uint32_t)TCP_URGENT_KNOWN;
}

static ptrdiff_t recv_nothing(struct tcp_connection *c)
{
    /* The end of the stream came before whatever went wrong after it: that is for who sends. */
    if (c->error != 0 && (c->flags & TCP_FIN_RECEIVED) == 0)
        return -take_error(c);
    if ((c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ | TCP_CLOSED_DONE)) != 0)
        return 0;
    return -EAGAIN;
}

/* Octets in order up to the urgent one. */
static uint32_t octets_to_read(const struct tcp_connection *c)
{
    uint32_t used = ring_used(&c->recv), to_mark;

    if (LIKELY((c->flags & TCP_URGENT_KNOWN) == 0))
        return used;
    to_mark = octets_to_mark(c);
    return used < to_mark ? used : to_mark;
}

/* It holds nothing, so it need not wake. */
static ptrdiff_t recv_at_rest(const struct tcp *tcp, struct handle connection, struct baro_buffer data, unsigned flags)
{
    struct tcp_sleeper sleeper;
    const struct tcp_connection *c = tcp_look(tcp, connection, &sleeper);

    if (c == NULL)
        return -ENOTCONN;
    if (flags & BARO_MSG_OOB)
        return -EINVAL;
    return data.length == 0 || (c->flags & (TCP_FIN_RECEIVED | TCP_SHUT_READ)) != 0 ? 0 : -EAGAIN;
}

/* `flags`: mostly none, of which then nobody asks: there are two copies of this. */
ALWAYS_INLINE ptrdiff_t receive(struct tcp *tcp, struct handle connection, struct baro_buffer data,
                                const unsigned flags)
{
    struct tcp_connection *c = tcp_resolve_here(tcp, connection);
    uint32_t length;

    if (c == NULL)
        return recv_at_rest(tcp, connection, data, flags);
    if (UNLIKELY(flags & BARO_MSG_OOB))
        return recv_urgent(c, data, flags);
    if (UNLIKELY(data.length == 0))
        return c->error != 0 && ring_used(&c->recv) == 0 ? -take_error(c) : 0;
    if (LIKELY((c->flags & (TCP_URGENT_KNOWN | TCP_POSTED)) == 0)) {
        length = ring_used(&c->recv);
    } else {
        if ((c->flags & TCP_POSTED) != 0)
            return -EBUSY;
        if ((flags & BARO_MSG_PEEK) == 0)
            pass_mark(tcp, c);
        length = octets_to_read(c);
    }
    length = length < data.length ? length : (uint32_t)data.length;
    if (length == 0)
        return recv_nothing(c);
    if (LIKELY((flags & BARO_MSG_TRUNCATE) == 0))
        tcp_receive_read(tcp, c, c->recv.begin, data.data, length);
    if ((flags & BARO_MSG_PEEK) == 0)
        tcp_receive_taken(tcp, c, length);
    return length;
}

ptrdiff_t tcp_recv(struct tcp *tcp, struct handle connection, struct baro_buffer data, unsigned flags)
{
    return receive(tcp, connection, data, flags);
}

ptrdiff_t tcp_recv_plain(struct tcp *tcp, struct handle connection, struct baro_buffer data)
{
    return receive(tcp, connection, data, 0);
}

ptrdiff_t tcp_recv_peek(struct tcp *tcp, struct handle connection, struct baro_bytes part[2])
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);
    uint32_t length;

    part[0] = part[1] = (struct baro_bytes){ NULL, 0 };
    if (c == NULL)
        return recv_at_rest(tcp, connection, (struct baro_buffer){ NULL, 1 }, 0);
    if ((c->flags & TCP_POSTED) != 0)
        return -EBUSY;
    pass_mark(tcp, c);
    length = octets_to_read(c);
    if (length == 0)
        return recv_nothing(c);
    if (c->recv.borrowed != 0) {
        if (length == ring_used(&c->recv) && tcp_borrowed_slice(tcp, c, part))
            return length;
        tcp_borrowed_settle_of(tcp, c);
        part[1] = (struct baro_bytes){ NULL, 0 };
    }
    ring_slice(&c->recv, c->recv.begin, length, part);
    return length;
}

ptrdiff_t tcp_recv_consume(struct tcp *tcp, struct handle connection, size_t octets)
{
    struct tcp_connection *c = tcp_resolve(tcp, connection);

    if (c == NULL && !tcp_is_at_rest(connection))
        return -ENOTCONN;
    if (c == NULL)
        return octets == 0 ? 0 : -EINVAL; /* it holds nothing */
    if ((c->flags & TCP_POSTED) != 0)
        return -EBUSY;
    if (octets > octets_to_read(c))
        return -EINVAL;
    if (octets != 0)
        tcp_receive_taken(tcp, c, (uint32_t)octets);
    return (ptrdiff_t)octets;
}
