/* transport/tcp/rest.h: connections on which nothing happens become small records and come back.
 *
 * A connection rests in ESTABLISHED, CLOSE-WAIT or FIN-WAIT-2 when for eight seconds and four times its RTO no text
 * came and none left, for one RTO nothing at all came, and it holds nothing: no octet in either ring, none in flight or
 * out of order, no timer but that of keepalive, nothing to tell its owner. So it never rests between a request and an
 * answer that comes within eight seconds; of a slower one nobody can tell that it is waited for. It must have an owner,
 * which says where it keeps the connection's handle (tcp_let_rest): demux and owner are the only ones that name a
 * resting connection, and both are told when it gets another name.
 *
 * With keepalive on it stands in a calendar (calendar.h), wakes for its probe, and rests again an RTO later, answered
 * or not; as does one whose peer asks by a probe. One that probes every second or so never rests.
 *
 * A segment and a call that changes something wake it. What only asks, and a receive, which has nothing to give, are
 * answered from the record (tcp_look). At rest it gives its promise back to the budget, and takes it again when it
 * wakes. Where that or memory fails, it goes on resting: the segment is dropped, counted, and comes again, the call
 * says ENOBUFS. While the budget has no promise its program cannot write, as with a full ring: a send says EAGAIN,
 * readiness is without OUT, and who was told so by either, or whose other call failed for it, hears when there is one
 * (tcp_waits). What ends it wants no promise: a RST, which would not come again, a close, which tells the peer by one,
 * and the loss of its address. Where there is no memory for a record it is tried again eight seconds later. A record
 * has BLOCK_MOST octets at most: one that would be longer, after a very long life with much trouble in it, leaves its
 * connection awake. */
#ifndef TRANSPORT_TCP_REST_H
#define TRANSPORT_TCP_REST_H

#include "transport/tcp/flow.h"
#include "transport/tcp/parts.h"
#include "transport/tcp/rest_codec.h"

enum { TCP_MOVES = 16 }; /* of one poll's timers: around 100 us where each finds memory cold */

/* No further timer in this poll: tcp_timers_go_on. */
void tcp_timers_stop(struct tcp *tcp);

/* A connection as it was when it began to rest, for looking at. */
struct tcp_sleeper {
    struct tcp_connection c;
    struct tcp_flow flow;
};

/* Since when no text came and none left. */
static inline int64_t tcp_idle_since_ns(const struct tcp_connection *c)
{
    return c->text_at_ns > c->sent_at_ns ? c->text_at_ns : c->sent_at_ns;
}

/* The connection's timer for it fired: does it rest now? Then `c` is no more. Else, where its time comes without
 * anything happening to it, the timer is armed again. */
bool tcp_rest(struct tcp *tcp, struct tcp_connection *c);
/* Of a connection that is awake or at rest, for changing it: NULL: stale, or it cannot wake (*asleep, which may be
 * NULL). */
struct tcp_connection *tcp_wake(struct tcp *tcp, struct handle handle, bool *asleep);
/* The same only to look; `sleeper` holds it if it rests. */
const struct tcp_connection *tcp_look(const struct tcp *tcp, struct handle handle, struct tcp_sleeper *sleeper);
static inline bool tcp_is_at_rest(struct handle handle)
{
    return tcp_kind_of(handle) == TCP_KIND_REST;
}
/* The one of that name wakes, for its probe is due or soon will be. False: it cannot wake. */
bool tcp_rest_probes(struct tcp *tcp, uint32_t name);
/* The same of one at rest that tcp_finish() or tcp_abort() ends at once: the budget need not have room for it. NULL:
 * there is not even memory, and nobody hears of it any more. */
struct tcp_connection *tcp_wake_to_end(struct tcp *tcp, struct handle handle);
/* All that have this address end, their owners are told. */
void tcp_rest_address_removed(struct tcp *tcp, struct baro_address address);
/* Has one at rest this port, and an address that meets it? */
bool tcp_rest_has_port(const struct tcp *tcp, struct baro_endpoint local);
/* Does it rest where the budget has no promise for it? Then its owner will be told that there is one (tcp_waits). `c`
 * is what tcp_look said. */
bool tcp_rest_waits(const struct tcp *tcp, struct handle handle, const struct tcp_connection *c);
bool tcp_rest_is_of(const struct tcp *tcp, struct handle handle, const struct baro_endpoint *local,
                    const struct baro_endpoint *remote);

#endif
