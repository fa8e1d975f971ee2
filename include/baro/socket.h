/* baro/socket.h: the socket calls of the core. They never block: what would wait returns
 * -EAGAIN (accept, recv, send) or -EINPROGRESS (connect), and baro_next_ready() tells when
 * to try again. Every call returns 0, a count or a descriptor, or -errno.
 *
 * This is RFC 9293 §3.9.1's user interface in the shape of POSIX; the blocking,
 * thread-safe calls with POSIX's exact signatures are in baro/posix.h. */
#ifndef BARO_SOCKET_H
#define BARO_SOCKET_H

#include "baro/stack.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* PING is a datagram socket whose datagrams are whole ICMP echo messages (RFC 792, "ping sockets"), of ICMPv6 (RFC 4443
 * §4) where its family is IPV6; mapped addresses are -EINVAL there. Its port is the identifier: bind sets it, port 0
 * chooses a free one; a named one that is taken may be shared where both have BARO_SO_REUSE_ADDRESS, which ping sockets
 * have from the start, as on Linux: the newest gets the replies. What is sent must begin with an echo request's header,
 * type 8 (IPV6: 128) and code 0, else -EINVAL; identifier and checksum are filled in. What is received are the echo
 * replies with that identifier, from anybody, as on Linux. Ports of peers mean nothing. Errors about a request are the
 * socket's error where it is connected, or asks for them by BARO_IP_RECV_ERROR. */
enum baro_socket_type { BARO_STREAM = 1, BARO_DATAGRAM = 2, BARO_PING = 3, BARO_PACKET = 4 };

/* PACKET, with family NONE, is for looking: from its first moment it receives a copy of every frame of
 * BARO_SO_BIND_INTERFACE, in and out, from the Ethernet header on. baro_recvmsg gives one frame with `interface`,
 * `outgoing`, `length` (of the whole frame) and `at`. A frame that finds BARO_SO_RECV_BUFFER full is counted in
 * BARO_PACKET_STATISTICS. It has no ends: bind, connect and send give -EOPNOTSUPP. What is sent is seen as the device
 * is handed it: super-segments whole, checksums that the device fills in not yet right. What goes to this host itself
 * is seen on interface 0, going out and coming in. */

/* A STREAM or DATAGRAM of family IPV6 speaks IPv4 too: peers of IPv4 have mapped addresses (::ffff:a.b.c.d, RFC 4291
 * §2.5.5.2) on it, and bound to :: it takes both families, unless it is BARO_IPV6_ONLY. An address that needs a zone
 * (link-local ones) without one gives -EINVAL in bind and connect, -ENETUNREACH in send; a zone on any other address is
 * ignored. An address of the wrong family is -EAFNOSUPPORT; a mapped one on a BARO_IPV6_ONLY socket -EINVAL in bind,
 * -ENETUNREACH in connect and send. A datagram over IPv4 holds 65,507 octets at most, over IPv6 65,527; more is
 * -EMSGSIZE. */

enum baro_message_flag {
    BARO_MSG_PEEK = 1 << 0,     /* recv: leave it in the queue */
    BARO_MSG_OOB = 1 << 1,      /* urgent data (RFC 6093) */
    BARO_MSG_MORE = 1 << 2,     /* send: more follows, hold a partial segment */
    /* recv on a datagram socket: return the real length; on a stream: throw away, copy nothing */
    BARO_MSG_TRUNCATE = 1 << 3,
    BARO_MSG_ERROR = 1 << 5,    /* recvmsg, datagram and ping sockets: an error report, see struct baro_error_report */
    /* in struct baro_message.flags after a receive */
    BARO_MSG_TRUNCATED = 1 << 4 /* the datagram was longer than the buffers */
};

/* Readiness, a set. */
enum baro_event {
    BARO_EVENT_IN = 1 << 0,     /* recv or accept will not return -EAGAIN */
    BARO_EVENT_OUT = 1 << 1,    /* send will not return -EAGAIN; a connect has ended */
    BARO_EVENT_PRIORITY = 1 << 2, /* urgent data is there or announced */
    BARO_EVENT_ERROR = 1 << 3,  /* BARO_SO_ERROR holds an error */
    BARO_EVENT_HANGUP = 1 << 4, /* both directions are over */
    BARO_EVENT_READ_HANGUP = 1 << 5, /* the peer sent its FIN, or we shut reading down */
    BARO_EVENT_INVALID = 1 << 6 /* no such descriptor */
};

enum baro_shutdown { BARO_SHUT_READ = 0, BARO_SHUT_WRITE = 1, BARO_SHUT_BOTH = 2 };

/* Options: the value's C type is named after each. Times are struct baro_duration. */
enum baro_option {
    BARO_SO_ERROR,         /* int, read clears it: the pending errno, positive */
    BARO_SO_TYPE,          /* int, read only: enum baro_socket_type */
    BARO_SO_ACCEPTING,     /* int, read only: 1 on a listener */
    BARO_SO_REUSE_ADDRESS, /* int, 0 or 1 */
    BARO_SO_REUSE_PORT,    /* int, 0 or 1 */
    BARO_SO_BROADCAST,     /* int, 0 or 1 */
    BARO_SO_KEEPALIVE,     /* int, 0 or 1 (RFC 9293 §3.8.4, off by default) */
    BARO_SO_LINGER,        /* struct baro_linger, in whole milliseconds */
    BARO_SO_SEND_BUFFER,   /* int, bytes, 2,048 to the stack's limit; a stream's grows by itself until it is set */
    BARO_SO_RECV_BUFFER,   /* int, bytes, 2,048 to the stack's limit; a stream's grows by itself until it is set */
    BARO_SO_OOB_INLINE,    /* int, 0 or 1 */
    /* int, 1, the default, to half of BARO_SO_RECV_BUFFER (other values become these): of a stream; with less there
     * is no BARO_EVENT_IN, unless that is all that will come; recv takes it */
    BARO_SO_RECV_LOW_WATER,
    BARO_SO_MAX_PACING_RATE, /* uint64_t, octets a second, 0: not limited: of a stream */
    BARO_SO_TRANSPARENT,     /* int, 0 or 1: bind to addresses that are not ours, and to port 0 as "any port"
                               (a gateway's catch-all listener or datagram socket) */
    BARO_SO_HOLD_SYN,        /* int, 0 or 1: a listener that answers no SYN before baro_hold_answer */
    BARO_IP_TTL, /* int, 1 to 255; 0 too on an IPv6 socket, whose hop limit it is; -1, the default: 64, or what
                               an IPv6 router says (RFC 4861 §6.3.4) */
    BARO_IP_TOS, /* int, 0 to 255; IPv6: the traffic class */
    BARO_IP_DONT_FRAGMENT,   /* int, 0 or 1: datagram sockets; TCP always sets DF. What is longer than the path MTU is
                               -EMSGSIZE then */
    BARO_IP_IGNORE_PATH_MTU, /* int, 0 or 1: datagram sockets; the interface's MTU counts, not what the path is said to
                               carry (a program that probes by itself, RFC 8899) */
    BARO_IP_FRAGMENT_SIZE,   /* int, 0 or 1,280 to 65,535, default 0: datagram sockets; no IPv6 packet or fragment
                               longer than that (RFC 3542 §11.1 is 1,280); -EMSGSIZE with BARO_IP_DONT_FRAGMENT */
    BARO_IP_MULTICAST_TTL,   /* int, 0 to 255, default 1; 0: to members on this host only */
    BARO_IP_MULTICAST_LOOP,  /* int, 0 or 1 */
    BARO_IP_MULTICAST_INTERFACE, /* int, an interface or 0, the default: the route's. Groups are sent to by it */
    BARO_IP_ADD_GROUP,           /* struct baro_group, write only */
    BARO_IP_DROP_GROUP,          /* struct baro_group, write only */
    BARO_IP_ADD_SOURCE,     /* struct baro_group_source, write only: hear the group from that source too, and from no
                               other (RFC 3678 §4.1.2) */
    BARO_IP_DROP_SOURCE,    /* struct baro_group_source, write only; without its last source the group is left */
    BARO_IP_BLOCK_SOURCE,   /* struct baro_group_source, write only: of a group that was joined whole */
    BARO_IP_UNBLOCK_SOURCE, /* struct baro_group_source, write only */
    BARO_IP_GROUP_FILTER,   /* struct baro_group_filter: all at once (RFC 3678 §4.1.3); read: `group` says which */
    BARO_IP_MTU,            /* int, read only: the path MTU of a connected socket */
    BARO_IP_RECV_ERROR,     /* int, 0 or 1: on datagram and ping sockets errors about datagrams sent without connect are
                               the socket's too, and each is kept with its details for BARO_MSG_ERROR; on a stream an
                               ICMP error about the connection is BARO_SO_ERROR at once, and ends nothing */
    BARO_IPV6_ONLY,         /* int, 0 or 1, default 0: an IPv6 socket without IPv4; -EINVAL once it is bound */
    BARO_SO_BIND_INTERFACE, /* int: packet sockets: this interface only; -1, the default: all */
    BARO_PACKET_SNAP_LENGTH, /* int, 1 to 262144 octets, the default: of each frame no more is kept */
    BARO_PACKET_STATISTICS,  /* struct baro_packet_statistics, read only */
    BARO_TCP_NODELAY,        /* int, 0 or 1 (RFC 9293 §3.7.4) */
    BARO_TCP_CORK,           /* int, 0 or 1 */
    /* int, 0 or 1: 1 acknowledges every segment at once; set to 0 again, nothing at once that need not */
    BARO_TCP_QUICKACK,
    /* int, 88 to 32767 bytes, 0: no ceiling; read: the ceiling or 536, of a connection the MSS in force */
    BARO_TCP_MAXSEG,
    BARO_TCP_KEEPALIVE_IDLE,     /* struct baro_duration, default 7,200 s; the times here are in whole milliseconds */
    BARO_TCP_KEEPALIVE_INTERVAL, /* struct baro_duration, default 75 s */
    BARO_TCP_KEEPALIVE_COUNT,    /* int, 1 to 127, default 9 */
    BARO_TCP_USER_TIMEOUT,       /* struct baro_duration, 0: the stack's R2 (RFC 5482) */
    BARO_TCP_CONGESTION,         /* int, enum baro_congestion, the stack's default */
    BARO_TCP_SYN_RETRIES,  /* int, 1 to 127: a SYN or SYN+ACK goes again that often; 0, the default: 7 and 5 times */
    BARO_TCP_DEFER_ACCEPT, /* int, seconds, 0, the default: none; a listener's connections begin with their first
                                    data, or after that time */
    BARO_TCP_ORPHAN_TIME, /* struct baro_duration, default 60 s: how long a closed descriptor's connection waits for the
                                    peer's FIN; below 0: it is reset there */
    BARO_TCP_WINDOW_CLAMP, /* int, octets, 1,152 or more, 0, the default: none: the window is never larger; one that was
                                    promised is not taken back */
    /* int, octets as unsigned, 0, the default: none: no more than about that may wait unsent: send takes no more,
     * BARO_EVENT_OUT comes back at half of it */
    BARO_TCP_NOTSENT_LOW_WATER,
    BARO_TCP_INFO, /* struct baro_tcp_info, read only */
    BARO_OPTION_COUNT
};

struct baro_linger {
    int on;
    struct baro_duration time; /* 0 with on: close resets the connection */
};

struct baro_group {
    struct baro_address group;
    int interface; /* 0: the route's */
};

/* A socket hears a group that it joined from those sources only that it asked for; of other groups of its host it hears
 * what is for its port, as on Linux. -EINVAL: the group is joined the other way, or not; -EADDRNOTAVAIL: the source is
 * there already, or is not; -ENOBUFS: more than BARO_SOURCE_LIMIT. */
struct baro_group_source {
    struct baro_address group;
    int interface; /* 0: the route's */
    struct baro_address source;
};

struct baro_group_filter {
    struct baro_group group;
    struct baro_source_filter filter; /* including none: not joined */
};

struct baro_packet_statistics {
    uint64_t seen, dropped; /* frames; those that found no room are among those seen */
};

/* TCP's eleven states (RFC 9293 §3.3.2). */
enum baro_tcp_state {
    BARO_TCP_CLOSED, BARO_TCP_LISTEN, BARO_TCP_SYN_SENT, BARO_TCP_SYN_RECEIVED, BARO_TCP_ESTABLISHED,
    BARO_TCP_FIN_WAIT_1, BARO_TCP_FIN_WAIT_2, BARO_TCP_CLOSE_WAIT, BARO_TCP_CLOSING, BARO_TCP_LAST_ACK,
    BARO_TCP_TIME_WAIT, BARO_TCP_STATE_COUNT
};

/* "ESTABLISHED" and so on, as RFC 9293 writes them. */
const char *baro_tcp_state_name(enum baro_tcp_state state);

/* Linux' names for how a sender fares: Open, Disorder (the peer holds something behind a hole), CWR (the window was
 * reduced without a loss), Recovery, Loss (a timeout). */
enum baro_ca_state { BARO_CA_OPEN, BARO_CA_DISORDER, BARO_CA_CWR, BARO_CA_RECOVERY, BARO_CA_LOSS };

/* STATUS (RFC 9293 §3.10.6): what Linux' struct tcp_info tells, in octets where that counts segments, and a little
 * more. Not measured is what Linux calls delivery_rate, busy_time, rwnd_limited and sndbuf_limited. "In flight" is
 * [SND.UNA, SND.NXT). Durations since something that never happened are 0. */
struct baro_tcp_info {
    enum baro_tcp_state state;
    enum baro_ca_state ca_state;
    uint32_t snd_una, snd_nxt, snd_wnd, rcv_nxt, rcv_wnd; /* sequence numbers and bytes */
    uint32_t snd_mss, advmss, path_mtu;                   /* bytes; advmss: what we offered the peer */
    uint32_t rcv_mss;                                     /* bytes of the peer's largest segment so far, 0: none */
    uint32_t rcv_ssthresh;                                /* bytes that the receive window may promise now */
    uint32_t rcv_space;               /* bytes that the program read in a round trip, the most so far */
    struct baro_duration rcv_rtt;     /* the round trip as the receiver sees it, 0: not known */
    uint32_t cwnd, ssthresh, flight;                      /* bytes; ssthresh 2^30: no loss yet */
    uint32_t sacked;                  /* bytes in flight that the peer says it holds (RFC 2018) */
    uint32_t lost;                    /* bytes in flight that were taken for lost, those sent again since included */
    uint32_t retransmitted;           /* bytes in flight that were sent again and are neither SACKED nor lost again */
    /* segments behind a hole that make it a loss without waiting (RFC 8985's DupThresh) */
    uint32_t duplicate_threshold;
    uint8_t snd_scale, rcv_scale;     /* shifts */
    bool scaled, timestamps, sack_permitted; /* both ends agreed (RFC 7323, RFC 2018) */
    bool ecn, ecn_seen;               /* our new text may be marked (RFC 3168); some of the peer's could be */
    struct baro_duration srtt, rttvar, rto, min_rtt;
    struct baro_duration ack_delay;   /* how long an ACK may be held back; 0 before data came */
    struct baro_duration last_data_sent, last_data_recv, last_ack_recv; /* ago; SYN and FIN count as data sent */
    uint64_t pacing_rate, max_pacing_rate;         /* octets a second, 0: not paced; not limited by the program */
    uint64_t bytes_acked, bytes_received;          /* of the two streams, SYN and FIN not counted */
    uint64_t bytes_sent, bytes_retransmitted;      /* bytes_sent counts both */
    uint64_t bytes_delivered;                      /* bytes_acked and what is SACKED now */
    uint64_t segments_in, segments_out, retransmits, timeouts;
    uint64_t data_segments_in, data_segments_out;  /* those with text */
    uint64_t duplicates_told;         /* D-SACK blocks that the peer sent (RFC 2883) */
    uint64_t reordered;               /* times that something older was delivered after something younger */
    uint64_t out_of_order;            /* segments received behind a hole */
    uint32_t unsent, unread;          /* bytes waiting in the buffers */
    uint32_t consecutive_timeouts, probes; /* without an answer */
    uint32_t backoff;                 /* doublings of the timer that runs */
    uint32_t queued, backlog;         /* a listener's: connections that wait for accept, and its most */
};

/* What a datagram to be sent says for itself (RFC 3542 §6); all else is the socket's. */
enum baro_message_given {
    BARO_GIVEN_INTERFACE = 1 << 0,     /* leaves by `interface`; 0: by the route's after all */
    BARO_GIVEN_TTL = 1 << 1,
    BARO_GIVEN_TOS = 1 << 2,
    BARO_GIVEN_DONT_FRAGMENT = 1 << 3
};

/* An error about something that was sent, as BARO_MSG_ERROR gives it while BARO_IP_RECV_ERROR is on. The message's
 * `peer` is where that was to go, `local` where it came from, and its octets are what the error quotes of it, often cut
 * short: of a ping the ICMP message, of a datagram what it carried; interface, ttl and tos are the error's own.
 * -EAGAIN: there is none. Readiness says ERROR while there is one; the socket's error (BARO_SO_ERROR) is from then on
 * that of the next report, 0 without one. Some 16 KiB are kept. */
struct baro_error_report {
    int error;                /* errno, positive */
    struct baro_address from; /* who says so; family NONE: this host itself, without a packet */
    uint8_t type, code;       /* of its ICMP message; of ICMPv6 where the destination is of IPv6 */
    uint32_t mtu;             /* of a packet too big: what the path carries now */
};

/* A message in pieces, with its address and what came along. */
struct baro_message {
    struct baro_endpoint peer;       /* send: destination or family NONE; recv: the source */
    struct baro_endpoint local;      /* recv: where it was sent to; send: source, or family NONE */
    struct baro_buffer *buffer;      /* pieces */
    size_t buffers;
    unsigned flags;                  /* recv: BARO_MSG_TRUNCATED */
    unsigned given;                  /* send, datagram sockets: which of the next four count, enum baro_message_given */
    int interface;                   /* recv: the interface it came in by; send: to leave by */
    uint8_t ttl, tos;                /* of its IP header; IPv6: hop limit and traffic class */
    bool dont_fragment;              /* send: as BARO_IP_DONT_FRAGMENT */
    bool outgoing;                   /* packet sockets: we sent the frame */
    uint32_t length;                 /* packet sockets: octets of the whole frame */
    struct baro_instant at;          /* packet sockets: when it passed */
    struct baro_error_report *report; /* recv with BARO_MSG_ERROR: required, filled in */
};

/* A new socket. -EAFNOSUPPORT, -EPROTONOSUPPORT, -EMFILE, -ENOBUFS. */
int baro_socket(struct baro_stack *stack, enum baro_family family, enum baro_socket_type type);
/* -EBADF, -EINVAL (bound already), -EADDRINUSE, -EADDRNOTAVAIL, -EAFNOSUPPORT. Port 0 chooses one (RFC 6056). */
int baro_bind(struct baro_stack *stack, int fd, const struct baro_endpoint *local);
/* -EBADF, -EOPNOTSUPP, -EINVAL, -EADDRINUSE. backlog is clamped to 1 to 65,535; again: changes it. */
int baro_listen(struct baro_stack *stack, int fd, int backlog);
/* The first connection of the queue as a new descriptor. -EAGAIN, -EINVAL (not listening), -EMFILE.
 * `peer` may be NULL. */
int baro_accept(struct baro_stack *stack, int fd, struct baro_endpoint *peer);
/* Stream: starts the dialogue, -EINPROGRESS; then -EALREADY, 0 once when done, -EISCONN after. The dialogue's
 * failure is BARO_SO_ERROR: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH. Datagram: sets the peer, 0;
 * family NONE removes it. */
int baro_connect(struct baro_stack *stack, int fd, const struct baro_endpoint *peer);
/* Bytes taken, possibly fewer than given on a stream. -EAGAIN, -ENOTCONN, -EPIPE, -ECONNRESET, -EMSGSIZE,
 * -EDESTADDRREQ, -ENOBUFS, -ENETUNREACH, and the socket's pending error; with a given interface -ENODEV (there is none
 * of that number) and -EINVAL (the peer's zone is another). -ENOBUFS: there is no memory for it, or a datagram's is not
 * in the stack's budget; no event tells when there is. A stream that was idle for long and for which the budget has no
 * room now is -EAGAIN, as with a full buffer. */
ptrdiff_t baro_send(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags);
ptrdiff_t baro_sendto(struct baro_stack *stack, int fd, const void *data, size_t length, unsigned flags,
                      const struct baro_endpoint *peer);
ptrdiff_t baro_sendmsg(struct baro_stack *stack, int fd, const struct baro_message *message, unsigned flags);
/* Bytes received; 0 at the peer's FIN. -EAGAIN, -ENOTCONN, -ECONNRESET, and the pending error. */
ptrdiff_t baro_recv(struct baro_stack *stack, int fd, void *data, size_t length, unsigned flags);
ptrdiff_t baro_recvfrom(struct baro_stack *stack, int fd, void *data, size_t length, unsigned flags,
                        struct baro_endpoint *peer);
ptrdiff_t baro_recvmsg(struct baro_stack *stack, int fd, struct baro_message *message, unsigned flags);

/* Sending and receiving without a copy, streams only: the program writes into the send buffer, and reads in the receive
 * buffer or, between a baro_stack_poll() and the baro_stack_flush() behind it, in the frames that came. Readiness,
 * window updates, TCP_NODELAY and the like, and errors are those of baro_send and baro_recv without flags; besides them
 * -EBADF, -EOPNOTSUPP (no stream). Calls of both kinds may be mixed.
 *
 * What `part` points to is good until the next call of this stack, whatever it is, except baro_send_reserve and
 * baro_recv_peek of other descriptors: so one connection's octets can be moved into another's. Keep no pointer over a
 * baro_stack_poll() or a baro_stack_flush(): what is still unread then has moved.
 *
 * baro_send_reserve: up to `wanted` octets (0: none, and an earlier reservation is given up) that may be written in
 * place now, in two parts where the buffer's end lies between; their count, less than `wanted` where the buffer has no
 * more room, as baro_send would take fewer. The second part's length is 0 where one is enough; after an error both are.
 * What they hold is not defined. A descriptor has one reservation; the next one replaces it, and baro_send,
 * baro_sendto, baro_sendmsg and the end of the connection end it. One that is never committed holds memory for two idle
 * seconds. -EAGAIN, -EPIPE, -ENOTCONN, and the pending error. */
ptrdiff_t baro_send_reserve(struct baro_stack *stack, int fd, size_t wanted, struct baro_buffer part[2]);
/* The first `octets` of the reservation are sent, as by baro_send; the rest of it is given up. `octets`. -EINVAL: more
 * than is reserved, and nothing changed; -EPIPE, -ENOTCONN, and the pending error: the reservation is over. */
ptrdiff_t baro_send_commit(struct baro_stack *stack, int fd, size_t octets);
/* All octets that are there to be read, in up to two parts as above; their count, 0 at the peer's FIN. They stay until
 * they are consumed. Urgent data is as with baro_recv: the octets end in front of the mark, and a peek at the mark goes
 * on behind it. -EAGAIN, -ENOTCONN, -ECONNRESET, and the pending error. */
ptrdiff_t baro_recv_peek(struct baro_stack *stack, int fd, struct baro_bytes part[2]);
/* The first `octets` of them are read. `octets`. -EINVAL: there are fewer, and nothing changed; -ENOTCONN. */
ptrdiff_t baro_recv_consume(struct baro_stack *stack, int fd, size_t octets);
/* Where a stream's octets shall go, said before they come: they are copied from their frames straight there, whenever
 * the program looks, and count as read, so the window stays open. What waits already goes there at once: its count is
 * the result, 0 most often. What finds no room waits, as it does while urgent data is near. The buffer is the stack's
 * until baro_recv_collect or baro_close; octets behind those that count may change. baro_recv, baro_recv_peek and the
 * like are -EBUSY until then, and so is another post; readiness and baro_readable_bytes count what came there.
 * `length`: 1 to 4,294,967,295 octets; of more the first so many. -EINVAL: a buffer of no length; -EBADF, -EOPNOTSUPP,
 * -ENOTCONN; -ENOBUFS: the connection rested and cannot be woken. */
ptrdiff_t baro_recv_post(struct baro_stack *stack, int fd, void *data, size_t length);
/* Takes the buffer back: how many octets stand at its beginning. Where none came it is as baro_recv with that buffer: 0
 * at the peer's FIN, -EAGAIN, the pending error; the buffer is back all the same. -EINVAL: there is none. */
ptrdiff_t baro_recv_collect(struct baro_stack *stack, int fd);
/* The program is about to make calls for these `count` descriptors, one after the other: the memory of all of them is
 * asked for at once, where each call would wait for its own, for the socket and then for the connection. For programs
 * with thousands of streams that know whom they talk to next (who sends the same to many, asks many, passes on). It
 * pays for some 16 at a time, asked for before the calls for the 16 before them. A hint: nothing changes, and what is
 * no stream's descriptor is passed over. */
void baro_prefetch(const struct baro_stack *stack, const int fd[], size_t count);

/* -ENOTCONN, -EINVAL; -ENOBUFS: a stream that was idle for long cannot be woken; BARO_EVENT_OUT tells when the stack's
 * budget has room for it. */
int baro_shutdown(struct baro_stack *stack, int fd, enum baro_shutdown how);
/* The descriptor is free at once; unsent data goes on being sent (or SO_LINGER's rule). -EBADF. */
int baro_close(struct baro_stack *stack, int fd);
/* *length: the buffer's size in, the value's out. -EBADF, -ENOPROTOOPT, -EINVAL. */
int baro_getsockopt(struct baro_stack *stack, int fd, enum baro_option option, void *value, size_t *length);
int baro_setsockopt(struct baro_stack *stack, int fd, enum baro_option option, const void *value, size_t length);
/* -ENOTCONN for getpeername without a peer. */
int baro_getsockname(struct baro_stack *stack, int fd, struct baro_endpoint *local);
int baro_getpeername(struct baro_stack *stack, int fd, struct baro_endpoint *peer);
/* Bytes that recv would give now (a datagram socket: the next datagram's). */
ptrdiff_t baro_readable_bytes(struct baro_stack *stack, int fd);
/* Bytes that send would take now. After a 0 baro_next_ready() tells of new room, as after -EAGAIN. */
ptrdiff_t baro_writable_bytes(struct baro_stack *stack, int fd);
/* The readiness of a descriptor now, a set of enum baro_event. After one without BARO_EVENT_OUT baro_next_ready() tells
 * of new room. */
unsigned baro_poll(struct baro_stack *stack, int fd);

/* Something about descriptor `fd` may have changed since it was last told; `events` is its readiness now.
 * A descriptor stands in the queue once. */
struct baro_ready {
    int fd;
    unsigned events;
};
/* The next change, false when there is none. */
bool baro_next_ready(struct baro_stack *stack, struct baro_ready *ready);

/* SYNs that a listener with BARO_SO_HOLD_SYN holds. */
struct baro_held {
    uint64_t id;                   /* names it to baro_hold_answer; never used again */
    struct baro_endpoint local;    /* where the SYN was sent to */
    struct baro_endpoint remote;   /* who sent it */
};
enum baro_hold_verdict {
    BARO_HOLD_ACCEPT,           /* SYN+ACK now; the connection then comes through accept */
    BARO_HOLD_REFUSE,           /* RST */
    BARO_HOLD_HOST_UNREACHABLE, /* ICMP destination unreachable: host; IPv6: address. EHOSTUNREACH at the peer */
    BARO_HOLD_NET_UNREACHABLE,  /* network; IPv6: no route. ENETUNREACH */
    BARO_HOLD_PROHIBITED,       /* administratively prohibited. EACCES, over IPv4 EHOSTUNREACH */
    BARO_HOLD_DROP              /* nothing: the peer's SYN times out */
};
/* The next held SYN not told yet (a listener with one is BARO_EVENT_PRIORITY). 0, -EAGAIN, -EBADF. */
int baro_hold_next(struct baro_stack *stack, int fd, struct baro_held *held);
/* -ENOENT when the peer gave up meanwhile. */
int baro_hold_answer(struct baro_stack *stack, uint64_t id, enum baro_hold_verdict verdict);
/* Tells `remote` that a datagram it sent to `local`, which a catch-all socket took, did not arrive, by the ICMP error
 * that `verdict` names (REFUSE: port unreachable; DROP: nothing), within the rate limit of ICMP errors. 0, -EINVAL
 * (ACCEPT), -EAFNOSUPPORT, -ENOBUFS. */
int baro_refuse_datagram(struct baro_stack *stack, struct baro_endpoint remote, struct baro_endpoint local,
                         enum baro_hold_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
