/* transport/tcp/tcp.h: TCP as its neighbours see it.
 *
 * Below, receive.c hands in segments (tcp_in) and transmit.c pulls segments out (tcp_next_segment) when it
 * drains INTENT_TCP_OUTPUT. Above, user/ opens, reads, writes and closes connections by handle and collects
 * what happened (tcp_next_events). TCP calls neither: it returns values, records intents and queues events.
 *
 * Trace: tcp_in tells TCP_IN and what follows from it. On the way out TCP knows first that there is a segment, so
 * tcp_next_segment (when it returns true) and tcp_control_message tell PACKET_OUT, TCP_OUT and the timers that the
 * segment arms; transmit.c goes on with IP_OUT. */
#ifndef TRANSPORT_TCP_TCP_H
#define TRANSPORT_TCP_TCP_H

#include "baro/socket.h"
#include "base/core.h"
#include "base/seq.h"
#include "codec/ip_packet.h"

/* All of TCP of one stack: connections, listeners, TIME-WAIT records, the demux, the secrets. */
struct tcp;
struct tcp_arrival;

struct tcp *tcp_create(struct core *core, uint32_t connection_limit);
/* The buffers of connections whose programs say nothing: octets as long as the path wants no more, and to how many they
 * grow by themselves. Without this call they are as tcp_settings_init says, and stay so. */
void tcp_size_buffers(struct tcp *tcp, struct baro_buffer_size send, struct baro_buffer_size recv);
/* Options in SYNs that are neither offered nor heard, enum baro_tcp_without. */
void tcp_leave_out(struct tcp *tcp, unsigned without);
/* From now on connections look out for paths that swallow large segments (blackhole.h). */
void tcp_watch_holes(struct tcp *tcp);
void tcp_free(struct tcp *tcp);
/* TIME-WAIT records at most; 0: a million, or as the stack's memory allows. */
void tcp_limit_time_waits(struct tcp *tcp, uint32_t limit);
/* For connections from now on. */
void tcp_choose_ecn(struct tcp *tcp, enum baro_ecn ecn);
void tcp_choose_pacing(struct tcp *tcp, enum baro_pacing pacing);
void tcp_choose_syn_cookies(struct tcp *tcp, enum baro_syn_cookies cookies);

/* ---- below: segments ---- */

/* One received segment; IP has checked everything up to the protocol number. The result says what became of it
 * (NONE: taken); it is counted and told already. What must be answered stands in the intents. */
enum baro_drop_reason tcp_in(struct tcp *tcp, const struct ip_packet *packet);
/* The same of a segment about which the fast path has found something out (expected.h). */
enum baro_drop_reason tcp_in_looked_up(struct tcp *tcp, const struct ip_packet *packet,
                                      const struct tcp_arrival *arrival);

/* The ends of a connection, so that transmit.c can find the path; false when the handle is stale or nothing could be
 * sent whatever the path: its intent is done then. */
bool tcp_destination(struct tcp *tcp, struct handle connection, struct baro_endpoint *local,
                     struct baro_endpoint *remote);

/* Fills `message` with the next segment that the connection may send now; false: nothing (more). Its payload parts
 * point into the send ring and are good until the next call into TCP. Clears "output wanted" when it returns false. */
bool tcp_next_segment(struct tcp *tcp, struct handle connection, const struct ip_path *path,
                      struct ip_message *message);

/* output.c: intents have left: those for which there was no room in their queue come first. False: nobody may now. */
bool tcp_wake_waiting(struct tcp *tcp);

/* Has text that left since an ACK was intended told what it says? Behind that text its sequence number would be an old
 * one, and the peer would not hear it (RFC 9293 §3.10.7.4). True: nothing is to be sent, which
 * is so, too, for a SYN+ACK whose record has ended meanwhile. */
bool tcp_control_is_told(struct tcp *tcp, const struct intent *intent);
/* The control segment of an INTENT_TCP_CONTROL as a message. */
void tcp_control_message(struct tcp *tcp, const struct intent *intent, const struct ip_path *path,
                         struct ip_message *message);

/* ack_turn.c: how many ACKs wait for the program's turn, or did before they left? */
uint32_t tcp_turn_awaited(const struct tcp *tcp);
static inline bool tcp_turn_is_awaited(const struct tcp *tcp)
{
    return tcp_turn_awaited(tcp) != 0;
}
/* The turn is over: what waits is intended to be sent, but for the first `done`, about which nothing is left to be
 * done. */
void tcp_turn_is_over(struct tcp *tcp, uint32_t done);

/* borrowed.c: a burst of a device begins; `stays`: the device lends its frames until rx_end; `as_one`: one ACK for what
 * it brings (stretch_ack.c). And it is over: must they stay? */
void tcp_burst_begins(struct tcp *tcp, bool stays, bool as_one);
bool tcp_burst_ends(const struct tcp *tcp);
/* Has the program read all that stands in frames? Then they may go. */
bool tcp_borrowed_is_read(const struct tcp *tcp);
/* The frames go: what is left of their text is copied into its ring. */
void tcp_borrowed_settle(struct tcp *tcp);

/* ---- the same by the fast path (output_fast.c), while no trace wants to be told ---- */

enum { TCP_FAST_HEADER = 32 }; /* octets of header in front of text, at most */

/* A segment whose header stands where it shall be. */
struct tcp_fast {
    struct tcp_connection *connection;
    uint8_t *header;            /* where to; 60 octets. Its checksum is left 0 */
    uint64_t sum;               /* of the header, a native one (base/octets.h) */
    uint32_t length;            /* octets of text */
    uint32_t size;              /* of those in a full-sized segment: more are to be cut, or left to the device */
    uint32_t flow_label;        /* these three as in struct ip_message */
    uint8_t tos;
    bool progress;
    uint8_t header_length;
    int16_t ttl;                /* -1: the path's */
    unsigned parts, text_sums;
    struct baro_bytes part[2];
    /* of the text, where its sums are known: of so many pieces of `size` octets, the last one's of the rest */
    const uint16_t *text_sum;
};

/* MORE: a segment was written, or there may be one; ask again. LAST: a segment was written, and no other follows.
 * NOTHING: none, and the intent is done. DECLINED: it is not for the fast path; nothing was changed. */
enum tcp_fast_verdict { TCP_FAST_DECLINED, TCP_FAST_NOTHING, TCP_FAST_MORE, TCP_FAST_LAST };

/* As tcp_destination(); never LAST. */
enum tcp_fast_verdict tcp_fast_begin(struct tcp *tcp, struct handle connection, struct tcp_fast *segment);
/* Between whom the connection that it found is. */
void tcp_fast_ends(const struct tcp_fast *segment, const struct baro_endpoint **local,
                   const struct baro_endpoint **remote);
/* Would it say NOTHING? For who has no room to ask for a segment; the intent is done then. */
bool tcp_fast_has_nothing(const struct tcp_fast *segment);
/* As tcp_next_segment() for the connection that tcp_fast_begin() found. */
enum tcp_fast_verdict tcp_fast_segment(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment);
/* As tcp_control_message(). False: it is not for the fast path; nothing was changed. */
bool tcp_fast_control(struct tcp *tcp, const struct intent *intent, struct tcp_fast *segment);

/* control.c: do ACKs of text in order leave whatever else has left, so that none need be looked at? */
bool tcp_acks_stand(const struct tcp *tcp);
/* The `at`-th ACK that waited for the program's turn, of tcp_turn_awaited(). NOTHING: it has left. MORE: it is all that
 * the connection has to send, and tcp_fast_alone() writes it. DECLINED: it is not for that; nothing was changed. */
enum tcp_fast_verdict tcp_fast_turn(const struct tcp *tcp, uint32_t at, struct tcp_fast *segment);
/* False: nothing was changed. */
bool tcp_fast_alone(struct tcp *tcp, const struct ip_path *path, struct tcp_fast *segment);

/* An ICMP error quoted a TCP segment of ours (local: our side of the quote). Checks the quoted sequence number
 * (RFC 5927 §4). For "fragmentation needed" `mtu` is the new path MTU. Returns ICMP_NO_MATCH, or NONE. */
enum baro_drop_reason tcp_icmp_error(struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote,
                                     struct seq quoted, uint8_t type, uint8_t code, uint32_t mtu);

/* A timer of TCP's fired (wheel_timer.kind below 0x40). */
void tcp_timer(struct tcp *tcp, struct wheel_timer *timer);
/* Is it the turn of one of whose deadlines the wheel has not been told? Then a timer of these may be due, and which
 * one; NULL: no more. To be asked for before the wheel's, one after the other. */
bool tcp_late_is_due(const struct tcp *tcp);
struct wheel_timer *tcp_late_next(struct tcp *tcp);
/* As wheel_next(), with what the wheel has not been told yet; it may turn out that nothing is due then. */
bool tcp_timers_next(const struct tcp *tcp, struct baro_instant *deadline);
/* Soon this one will, whosever it is; NULL: none. */
void tcp_timer_prefetch(const struct wheel_timer *timer);
/* Timers of a poll begin to run; and: may another one? Where millions of connections want to rest, or to wake for their
 * probes, a poll is done after a few of them, and what else is due waits for the next poll, which is wanted at once. */
void tcp_timers_begin(struct tcp *tcp);
bool tcp_timers_go_on(const struct tcp *tcp);

/* Memory of connections that are no more is about to go: nobody may look there any longer to see that. */
void tcp_forget_places(struct tcp *tcp);

/* An address of ours went away: connections from it are aborted with ECONNABORTED. */
void tcp_address_removed(struct tcp *tcp, struct baro_address address);

/* ---- above: calls of user/ ---- */

/* Settings that a connection or listener begins with and that may change later. */
struct tcp_settings {
    uint64_t max_pacing_rate;          /* octets a second, 0: not limited */
    uint32_t send_buffer, recv_buffer; /* bytes, limits of the rings */
    /* a listener: connections begin with their first data, or after that time; 0: at once */
    uint32_t defer_accept_s;
    uint32_t keepalive_idle_ms, keepalive_interval_ms, user_timeout_ms, linger_ms;
    int32_t fin_wait_2_ms;             /* an orphan's stay there; below 0: none */
    uint16_t mss_ceiling;              /* 0: none */
    bool hold_syn, transparent, reuse_address, reuse_port;
    bool recv_error;                   /* ICMP errors are told at once, as the socket's error */
    uint8_t syn_retries;               /* a SYN or SYN+ACK goes again that often at most; 0: as usual */
    uint8_t keepalive_count;
    uint8_t spare[7];
    /* 24 octets, of which a segment may ask any; those in front are of calls and rare timers. */
    uint32_t recv_low_water;           /* less than that is not worth waking the program, 0: 1 */
    uint32_t notsent_low_water;        /* more than that shall not wait unsent, 0: whatever the buffer holds */
    uint32_t window_clamp;             /* the window advertised is never larger, 0: not limited */
    int16_t ttl;                       /* -1: the path's */
    bool send_fixed, recv_fixed;       /* the program said so: they are limits, whatever the stack's are */
    bool nodelay, cork, quickack, keepalive, oob_inline;
    uint8_t tos;
    uint8_t congestion;                /* enum baro_congestion */
    bool linger;                       /* close waits, or with linger_ms 0 resets */
};
void tcp_settings_init(struct tcp_settings *settings);
/* The same as this stack wants it. */
void tcp_settings_begin(const struct tcp *tcp, struct tcp_settings *settings);

/* Is `local` free for a listener or a bound connection? Address family NONE: any. 0 or -EADDRINUSE. */
int tcp_port_check(struct tcp *tcp, struct baro_endpoint local, bool reuse_address, bool reuse_port);
/* Of several stacks behind one address: would the answers come to this one? */
bool tcp_port_is_home(const struct tcp *tcp, const struct baro_endpoint *local, const struct baro_endpoint *remote);
/* The ends of a connection to be, and what TCP knows of them. */
struct tcp_ends {
    struct baro_endpoint local, remote;
    uint64_t hash;       /* demux_hash_whole() */
    struct handle there; /* who has them now */
};
/* What TCP knows of these two. */
struct tcp_ends tcp_ends_of(const struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote);
/* A port for `ends->local.address` towards `ends->remote` whose answers come here (RFC 6056 algorithm 1), and what is
 * known of both then. False: all are taken. */
bool tcp_port_choose(struct tcp *tcp, struct tcp_ends *ends);
/* One that is free for every peer; 0: none is. */
uint16_t tcp_port_choose_for_all(struct tcp *tcp, struct baro_address local);

/* Where the owner of that number keeps the handle of its connection; NULL: it has none. */
typedef struct handle *tcp_place(void *context, uint32_t owner);
/* Its connection rests, its program was told that it cannot send, and wants to know when there is a promise for it
 * again. */
typedef void tcp_waits(void *context, uint32_t owner);
/* From now on idle connections rest. Their handles change then and when they wake, in the place that `place` says. */
void tcp_let_rest(struct tcp *tcp, tcp_place *place, tcp_waits *waits, void *context);
/* The promise of a connection, in octets of the budget. Has the budget one for a connection at rest? */
uint32_t tcp_promise(void);
bool tcp_has_promise(const struct tcp *tcp);

/* Active open: SYN-SENT, the SYN is an intent. `owner` is user/'s own number for it (its descriptor).
 * 0, -EADDRINUSE, -ENOBUFS. */
int tcp_connect(struct tcp *tcp, const struct tcp_ends *ends, const struct ip_path *path,
                const struct tcp_settings *settings, uint32_t owner, struct handle *connection);
/* Passive open. 0, -EADDRINUSE, -ENOBUFS. */
int tcp_listen(struct tcp *tcp, struct baro_endpoint local, int backlog, const struct tcp_settings *settings,
               uint32_t owner, struct handle *listener);
int tcp_listen_again(struct tcp *tcp, struct handle listener, int backlog);
/* Connections that were never accepted are reset. */
void tcp_unlisten(struct tcp *tcp, struct handle listener);
/* The first of the queue, now owned by `owner`. -EAGAIN. */
int tcp_accept(struct tcp *tcp, struct handle listener, uint32_t owner, struct handle *connection);

int tcp_hold_next(struct tcp *tcp, struct handle listener, struct baro_held *held);
int tcp_hold_answer(struct tcp *tcp, uint64_t id, enum baro_hold_verdict verdict);

/* Calls for these are to come: their memory is asked for. */
void tcp_prefetch_calls(const struct tcp *tcp, const struct handle connection[], size_t count);

/* Bytes taken, or -EAGAIN, -EPIPE, -ENOTCONN, -ENOBUFS (no memory to wake it), or the connection's error (taken by this
 * call). */
ptrdiff_t tcp_send(struct tcp *tcp, struct handle connection, struct baro_bytes data, unsigned flags);
/* without flags, as mostly */
ptrdiff_t tcp_send_plain(struct tcp *tcp, struct handle connection, struct baro_bytes data);
/* Bytes given, 0 at the FIN, or -EAGAIN, -ENOTCONN, or the connection's error (taken by this call). */
ptrdiff_t tcp_recv(struct tcp *tcp, struct handle connection, struct baro_buffer data, unsigned flags);
/* The same without flags, as nearly all ask. */
ptrdiff_t tcp_recv_plain(struct tcp *tcp, struct handle connection, struct baro_buffer data);
/* The four of baro/socket.h that copy nothing. The parts are always both written, of length 0 where they are not
 * needed. */
ptrdiff_t tcp_send_reserve(struct tcp *tcp, struct handle connection, size_t wanted, struct baro_buffer part[2]);
ptrdiff_t tcp_send_commit(struct tcp *tcp, struct handle connection, size_t octets);
ptrdiff_t tcp_recv_peek(struct tcp *tcp, struct handle connection, struct baro_bytes part[2]);
ptrdiff_t tcp_recv_consume(struct tcp *tcp, struct handle connection, size_t octets);
/* The two of baro/socket.h that say where what comes shall go. */
ptrdiff_t tcp_recv_post(struct tcp *tcp, struct handle connection, struct baro_buffer where);
ptrdiff_t tcp_recv_collect(struct tcp *tcp, struct handle connection);
int tcp_shutdown(struct tcp *tcp, struct handle connection, enum baro_shutdown how);
/* The descriptor is gone; the connection lives on as RFC 9293 wants, or is reset (linger 0, unread data). */
void tcp_close(struct tcp *tcp, struct handle connection);

/* A set of enum baro_event. */
unsigned tcp_readiness(const struct tcp *tcp, struct handle connection);
unsigned tcp_listener_readiness(const struct tcp *tcp, struct handle listener);
/* The pending error as a positive errno; taken. */
int tcp_take_error(struct tcp *tcp, struct handle connection);
/* Is the reading point at the urgent mark (SIOCATMARK)? */
bool tcp_at_mark(const struct tcp *tcp, struct handle connection);
uint32_t tcp_readable(const struct tcp *tcp, struct handle connection);
/* Room in the send buffer. Who finds none is told of new room, as one whom tcp_send refused. */
uint32_t tcp_writable(struct tcp *tcp, struct handle connection);
void tcp_info(const struct tcp *tcp, struct handle connection, struct baro_tcp_info *info);
void tcp_listener_info(const struct tcp *tcp, struct handle listener, struct baro_tcp_info *info);
/* What tcp_connect or tcp_change said last, or as of a new one for a handle that is stale. */
void tcp_settings_of(const struct tcp *tcp, struct handle connection, struct tcp_settings *settings);
/* Is the dialogue done, and the connection not over? */
bool tcp_is_connected(const struct tcp *tcp, struct handle connection);
/* 0, or -ENOBUFS: the connection rests and cannot wake. */
int tcp_change(struct tcp *tcp, struct handle connection, const struct tcp_settings *settings);
bool tcp_endpoints(const struct tcp *tcp, struct handle connection, struct baro_endpoint *local,
                   struct baro_endpoint *remote);

bool tcp_has_events(const struct tcp *tcp);
/* Something about what each `owner` owns may have changed its readiness; each stands in the queue once. How many: fewer
 * than `most`, no more. */
unsigned tcp_next_events(struct tcp *tcp, uint32_t owner[], unsigned most);

void tcp_check_invariants(const struct tcp *tcp);

#endif
