/* baro/trace.h: what the core tells of its decisions.
 *
 * One list names every event, the step of a frame's way up it belongs to, the RFC section
 * behind it and its arguments. The core formats no text: a sink gets numbers and
 * addresses, and `baro/explain.h` turns them into words. A line of the list is
 *
 *     X(NAME, step, "source", "argument:type argument:type ...")
 *
 * with types n (number), d (signed number), a (address), e (endpoint), m (MAC), s (TCP
 * state), r (drop reason), f (TCP flags), t (duration in ns), x (hexadecimal number),
 * i (instant in ns). Numbers that stand for a choice have an enumeration below. A number
 * that a packet does not carry: vlan and scale -1, mss 0, ts_value and ts_echo both 0.
 * Step 0 is outside the ten.
 *
 * The order is a contract, and per host (other hosts' events may stand between):
 *
 *     FRAME_IN (bytes)  decisions...  FRAME_END
 *     PACKET_OUT  TCP_OUT IP_OUT ROUTE ETHERNET_OUT...  FRAME_OUT (bytes)  FRAME_END
 *     CALL  what the call did...  CALL_END
 *
 * FRAME_OUT carries the whole frame as on the wire, checksums filled in. A packet that is
 * not sent (it waits for its neighbour, or is dropped) has PACKET_OUT and FRAME_END without
 * FRAME_OUT. A group may stand inside another, for the queue of intents drained early; it
 * ends before the outer one goes on. The adapter's events come before the stack's FRAME_IN:
 * their `frame` is FRAME_IN's `arrival`. On the way out they come after FRAME_END, and
 * their `frame` is FRAME_OUT's `departure`: frames of the interface, counted from 1.
 * INTERRUPT and DRIVER_BURST precede the FRAME_INs of their burst. DROP by the adapter
 * follows the event of that frame that tells the decision. */
#ifndef BARO_TRACE_H
#define BARO_TRACE_H

#include "baro/drop_reasons.h"
#include "baro/types.h"

#define BARO_TRACE_ADAPTER(X)                                                                              \
    X(SIGNAL_OUT, 1, "IEEE 802.3 §14, §24", "frame:n code:n samples:n octets:n")                           \
    X(SIGNAL_IN, 1, "IEEE 802.3 §14, §24", "frame:n code:n samples:n octets:n clock_ppm:d")                \
    X(SIGNAL_LOST, 1, "IEEE 802.3 §14, §24", "frame:n code:n reason:r sample:n")                           \
    X(LINK_CHANGED, 1, "IEEE 802.3 §14.2.1.7, §24.3", "up:n")                                              \
    X(FCS_OUT, 2, "IEEE 802.3 §3.2.9", "frame:n fcs:x")                                                    \
    X(FCS_IN, 2, "IEEE 802.3 §3.2.9", "frame:n received:x computed:x")                                     \
    X(MAC_FILTER, 3, "IEEE 802.3 §3.2.3", "frame:n destination:m mine:m accepted:n why:n")                 \
    X(RX_RING, 4, "-", "frame:n slot:n used:n size:n")                                                     \
    X(TX_RING, 4, "-", "frame:n slot:n used:n size:n")                                                     \
    X(INTERRUPT, 4, "-", "frames:n waited:t masked:n")                                                     \
    X(DRIVER_BURST, 5, "-", "frames:n polling:n")

#define BARO_TRACE_ETHERNET(X)                                                                             \
    X(PACKET_OUT, 0, "-", "")                                                                              \
    X(FRAME_IN, 5, "-", "interface:n octets:n arrival:n")                                                  \
    X(FRAME_OUT, 5, "-", "interface:n octets:n departure:n")                                               \
    X(FRAME_END, 0, "-", "")                                                                               \
    X(DROP, 0, "-", "reason:r")                                                                            \
    X(ETHERNET_IN, 6, "RFC 894", "destination:m source:m type:x vlan:d")                                   \
    X(ETHERNET_OUT, 6, "RFC 894", "destination:m source:m type:x")                                         \
    X(ARP_IN, 7, "RFC 826", "operation:n sender:a sender_mac:m target:a")                                  \
    X(ARP_OUT, 7, "RFC 826", "operation:n sender:a target:a")                                              \
    X(ARP_CONFLICT, 7, "RFC 5227 §2.4", "address:a other:m defended:n")                                    \
    X(NEIGHBOUR, 7, "RFC 826, RFC 1122 §2.3.2.1", "address:a mac:m before:n after:n")                      \
    X(NEIGHBOUR_WAIT, 7, "RFC 1122 §2.3.2.2", "address:a waiting:n")

#define BARO_TRACE_IP(X)                                                                                   \
    X(IP_IN, 8, "RFC 791 §3.1", "source:a destination:a protocol:n ttl:n length:n checksum:x")             \
    X(IP_OUT, 8, "RFC 791 §3.1", "source:a destination:a protocol:n ttl:n length:n id:n dont_fragment:n")  \
    X(IP_OPTIONS, 8, "RFC 791 §3.1", "octets:n first:n")                                                   \
    X(IP_DELIVERY, 8, "RFC 1122 §3.2.1.3", "destination:a how:n")                                          \
    X(ROUTE, 8, "RFC 1122 §3.3.1", "destination:a next_hop:a interface:n prefix_length:n mtu:n")           \
    X(FORWARDED, 8, "RFC 1812 §5.2.1", "source:a destination:a next_hop:a interface:n ttl:n")              \
    X(PATH_MTU, 8, "RFC 1191 §3", "destination:a before:n after:n")                                        \
    X(FRAGMENT_HELD, 9, "RFC 815", "source:a id:n offset:n length:n more:n held:n")                        \
    X(FRAGMENTS_WHOLE, 9, "RFC 791 §3.2", "source:a id:n fragments:n length:n")                            \
    X(FRAGMENTS_TIMEOUT, 9, "RFC 1122 §3.3.2", "source:a id:n held:n first:n")                             \
    X(FRAGMENT_OUT, 9, "RFC 791 §3.2", "destination:a id:n offset:n length:n more:n")                      \
    X(LOOPBACK, 8, "RFC 1122 §3.2.1.3", "destination:a length:n")                                          \
    X(ICMP_IN, 10, "RFC 792", "source:a type:n code:n length:n")                                           \
    X(ICMP_OUT, 10, "RFC 792", "destination:a type:n code:n length:n")                                     \
    X(ICMP_ECHO, 10, "RFC 1122 §3.2.2.6", "source:a id:n sequence:n length:n")                             \
    X(ICMP_ERROR_MATCHED, 10, "RFC 5927 §4", "protocol:n local:e remote:e type:n code:n hard:n")           \
    X(ICMP_SUPPRESSED, 10, "RFC 1122 §3.2.2", "type:n code:n why:n")                                       \
    X(GROUP_HEARD, 8, "RFC 3376 §3.2", "interface:n group:a exclude:n sources:n members:n")            \
    X(GROUP_VERSION, 10, "RFC 3376 §7.2.1", "interface:n ipv6:n before:n after:n")                         \
    X(GROUP_MESSAGE_IN, 10, "RFC 3376 §4", "source:a kind:n version:n group:a sources:n within:t")         \
    X(GROUP_MESSAGE_OUT, 10, "RFC 3376 §4", "destination:a kind:n version:n group:a records:n")            \
    X(PROTOCOL, 10, "RFC 1122 §3.2.1.6", "protocol:n")

#define BARO_TRACE_DISCOVERY(X)                                                                            \
    X(ADDRESS_PROBE, 10, "RFC 4862 §5.4.2", "address:a probe:n of:n")                                      \
    X(ADDRESS_VERDICT, 10, "RFC 4862 §5.4", "address:a verdict:n other:m")                                 \
    X(ROUTER_QUESTION, 10, "RFC 7559 §2", "interface:n next:t")                                            \
    X(ROUTER_HEARD, 10, "RFC 4861 §6.3.4", "router:a lifetime:n rank:n prefixes:n routes:n servers:n")     \
    X(ROUTER_REACHABLE, 10, "RFC 4861 §6.3.6", "router:a answers:n")                                       \
    X(REDIRECTED, 10, "RFC 4861 §8.3", "destination:a next_hop:a router:a")                                \
    X(ROUTER_ASKED, 10, "RFC 4861 §6.2.6", "host:a delay:t")                                               \
    X(ROUTER_SAID, 10, "RFC 4861 §6.2.4", "interface:n lifetime:n prefixes:n servers:n next:t")            \
    X(ROUTER_DIFFERS, 10, "RFC 4861 §6.2.7", "router:a what:n")

#define BARO_TRACE_UDP(X)                                                                                  \
    X(UDP_IN, 10, "RFC 768", "source:e destination:e length:n checksum:x")                                 \
    X(UDP_OUT, 10, "RFC 768", "source:e destination:e length:n")                                           \
    X(UDP_QUEUED, 11, "RFC 768", "descriptor:n length:n queued:n limit:n")

#define BARO_TRACE_TCP(X)                                                                                  \
    X(TCP_IN, 10, "RFC 9293 §3.1", "source:e destination:e flags:f seq:n ack:n window:n length:n")         \
    X(TCP_OUT, 10, "RFC 9293 §3.1", "source:e destination:e flags:f seq:n ack:n window:n length:n")        \
    X(TCP_OPTIONS, 10, "RFC 9293 §3.2, RFC 7323", "mss:n scale:d ts_value:n ts_echo:n sack_permitted:n")   \
    X(TCP_FOUND, 10, "RFC 9293 §3.3.1", "connection:n how:n state:s")                                      \
    X(TCP_BEFORE, 10, "RFC 9293 §3.3.1",                                                                   \
      "connection:n state:s snd_una:n snd_nxt:n snd_wnd:n rcv_nxt:n rcv_wnd:n cwnd:n ssthresh:n rto:t")    \
    X(TCP_AFTER, 10, "RFC 9293 §3.3.1",                                                                    \
      "connection:n state:s snd_una:n snd_nxt:n snd_wnd:n rcv_nxt:n rcv_wnd:n cwnd:n ssthresh:n rto:t")    \
    X(TCP_STATE, 10, "RFC 9293 §3.3.2", "connection:n before:s after:s")                                   \
    X(TCP_SEQUENCE_TEST, 10, "RFC 9293 §3.10.7.4", "seq:n length:n rcv_nxt:n rcv_wnd:n acceptable:n")      \
    X(TCP_ACK_TEST, 10, "RFC 9293 §3.10.7.4, RFC 5961 §5", "ack:n snd_una:n snd_nxt:n acceptable:n")       \
    X(TCP_PAWS_TEST, 10, "RFC 7323 §5.3", "ts_value:n ts_recent:n acceptable:n")                           \
    X(TCP_ISN, 10, "RFC 6528", "connection:n isn:n")                                                       \
    X(TCP_BUFFERS, 11, "-", "connection:n charged:n budget_left:n")                                        \
    X(TCP_DELIVERED, 11, "RFC 9293 §3.10.7.4", "connection:n octets:n waiting:n")                          \
    X(TCP_OUT_OF_ORDER, 10, "RFC 9293 §3.10.7.4 SHLD-31", "connection:n seq:n length:n holes:n")           \
    X(TCP_RTT, 10, "RFC 6298 §2", "connection:n sample:t srtt:t rttvar:t rto:t")                           \
    X(TCP_CONGESTION, 10, "RFC 5681 §3", "connection:n phase:n cwnd:n ssthresh:n flight:n")                \
    X(TCP_FAST_RETRANSMIT, 10, "RFC 5681 §3.2, RFC 6582", "connection:n seq:n duplicates:n")               \
    X(TCP_LOSS, 10, "RFC 8985 §6.2", "connection:n seq:n lost:n sacked:n pipe:n")                          \
    X(TCP_UNDO, 10, "RFC 3522, RFC 4015, RFC 2883", "connection:n cwnd:n ssthresh:n")                      \
    X(TCP_FRTO, 10, "RFC 5682 §2.1, §3.1", "connection:n new:n spurious:n")                                     \
    X(TCP_ECN, 10, "RFC 3168 §6.1", "connection:n what:n")                                                 \
    X(TCP_MARK_REACTION, 10, "RFC 3168 §6.1.2", "connection:n flight:n window:n ssthresh:n waits:n")       \
    X(TCP_BLACK_HOLE, 10, "RFC 4821 §7.7", "connection:n before:n after:n")                                \
    X(TCP_TAIL_PROBE, 10, "RFC 8985 §7", "connection:n again:n")                                           \
    X(TCP_RETRANSMIT, 10, "RFC 6298 §5", "connection:n seq:n length:n attempt:n")                          \
    X(TCP_TIMER_ARMED, 10, "RFC 9293 §3.8", "connection:n timer:n delay:t")                                \
    X(TCP_TIMER_CANCELLED, 10, "RFC 9293 §3.8", "connection:n timer:n")                                    \
    X(TCP_TIMER_FIRED, 10, "RFC 9293 §3.8", "connection:n timer:n")                                        \
    X(TCP_ACK_WAITS, 10, "RFC 9293 §3.8.6.3", "connection:n")                                              \
    X(TCP_ACK_OF_BURST, 10, "RFC 9293 §3.8.6.3", "connection:n ack:n later:n")                             \
    X(TCP_CHALLENGE_ACK, 10, "RFC 5961", "connection:n why:r sent:n")                                      \
    X(TCP_WINDOW_PROBE, 10, "RFC 9293 §3.8.6.1", "connection:n attempt:n")                                 \
    X(TCP_KEEPALIVE, 10, "RFC 9293 §3.8.4", "connection:n attempt:n")                                      \
    X(TCP_RESTED, 11, "-", "connection:n record:n octets:n")                                               \
    X(TCP_WOKEN, 11, "-", "connection:n record:n")                                                        \
    X(TCP_PROMOTED, 11, "RFC 4987 §3.5", "connection:n record:n")                                          \
    X(TCP_COOKIE_SENT, 10, "RFC 4987 §3.6", "remote:e isn:n mss:n timestamps:n")                           \
    X(TCP_COOKIE_TEST, 10, "RFC 4987 §3.6", "ack:n valid:n mss:n scale:d sack_permitted:n")                \
    X(TCP_HELD, 11, "-", "connection:n local:e remote:e")                                                  \
    X(ACCEPT_QUEUE, 11, "RFC 9293 §3.9.1.2", "listener:n waiting:n half_open:n limit:n")

#define BARO_TRACE_USER(X)                                                                                 \
    X(CALL, 11, "RFC 9293 §3.9.1", "call:n descriptor:d")                                                  \
    X(CALL_END, 0, "-", "call:n result:d")                                                                 \
    X(SOCKET_NEW, 11, "RFC 9293 §3.9.1.1", "descriptor:n type:n")                                          \
    X(SOCKET_CONTROL, 11, "RFC 9293 §3.3.1",                                                               \
      "descriptor:n local_before:e local_after:e remote_before:e remote_after:e")                          \
    X(SOCKET_ACCEPTED, 11, "RFC 9293 §3.9.1.2", "listener:n descriptor:n local:e remote:e")                \
    X(SOCKET_CLOSED, 11, "RFC 9293 §3.9.1.5", "descriptor:n")                                              \
    X(WOKE, 11, "-", "descriptor:n events:x")

#define BARO_TRACE_EVENTS(X)                                                                               \
    BARO_TRACE_ADAPTER(X)                                                                                  \
    BARO_TRACE_ETHERNET(X)                                                                                 \
    BARO_TRACE_IP(X)                                                                                       \
    BARO_TRACE_DISCOVERY(X)                                                                                \
    BARO_TRACE_UDP(X)                                                                                      \
    BARO_TRACE_TCP(X)                                                                                      \
    BARO_TRACE_USER(X)

enum baro_trace_kind {
#define BARO_TRACE_ENUM(name, step, source, arguments) BARO_TRACE_##name,
    BARO_TRACE_EVENTS(BARO_TRACE_ENUM)
#undef BARO_TRACE_ENUM
    BARO_TRACE_COUNT
};

/* Arguments that stand for a choice. Others that sound like one are 0 or 1. */
enum baro_trace_code { BARO_TRACE_CODE_10BASE_T, BARO_TRACE_CODE_100BASE_TX }; /* SIGNAL_* code */
enum baro_trace_filter {                                                       /* MAC_FILTER why */
    BARO_TRACE_FILTER_NOT_MINE, BARO_TRACE_FILTER_OWN, BARO_TRACE_FILTER_BROADCAST, BARO_TRACE_FILTER_GROUP,
    BARO_TRACE_FILTER_PROMISCUOUS
};
enum baro_trace_neighbour { /* NEIGHBOUR before and after */
    BARO_TRACE_NEIGHBOUR_NONE, BARO_TRACE_NEIGHBOUR_INCOMPLETE, BARO_TRACE_NEIGHBOUR_REACHABLE,
    BARO_TRACE_NEIGHBOUR_STALE, BARO_TRACE_NEIGHBOUR_PROBE, BARO_TRACE_NEIGHBOUR_FAILED,
    BARO_TRACE_NEIGHBOUR_FIXED
};
enum baro_trace_delivery { /* IP_DELIVERY how */
    BARO_TRACE_DELIVERY_NOT_MINE, BARO_TRACE_DELIVERY_MINE, BARO_TRACE_DELIVERY_BROADCAST,
    BARO_TRACE_DELIVERY_GROUP, BARO_TRACE_DELIVERY_LOOPBACK, BARO_TRACE_DELIVERY_ANY
};
enum baro_trace_suppressed { /* ICMP_SUPPRESSED why */
    BARO_TRACE_SUPPRESSED_ABOUT_ERROR, BARO_TRACE_SUPPRESSED_TO_GROUP, BARO_TRACE_SUPPRESSED_LINK_BROADCAST,
    BARO_TRACE_SUPPRESSED_BAD_SOURCE, BARO_TRACE_SUPPRESSED_LATER_FRAGMENT, BARO_TRACE_SUPPRESSED_RATE_LIMIT
};
enum baro_trace_verdict { /* ADDRESS_VERDICT verdict */
    BARO_TRACE_VERDICT_MINE, BARO_TRACE_VERDICT_TAKEN, BARO_TRACE_VERDICT_LOOPED
};
enum baro_trace_difference { /* ROUTER_DIFFERS what */
    BARO_TRACE_DIFFERS_HOP_LIMIT, BARO_TRACE_DIFFERS_FLAGS, BARO_TRACE_DIFFERS_REACHABLE,
    BARO_TRACE_DIFFERS_RETRANSMIT, BARO_TRACE_DIFFERS_MTU, BARO_TRACE_DIFFERS_LIFETIMES
};
enum baro_trace_found { /* TCP_FOUND how */
    BARO_TRACE_FOUND_NOTHING, BARO_TRACE_FOUND_CONNECTION, BARO_TRACE_FOUND_LISTENER,
    BARO_TRACE_FOUND_TIME_WAIT
};
enum baro_trace_phase { /* TCP_CONGESTION phase */
    BARO_TRACE_PHASE_SLOW_START, BARO_TRACE_PHASE_AVOIDANCE, BARO_TRACE_PHASE_REDUCTION, BARO_TRACE_PHASE_RECOVERY,
    BARO_TRACE_PHASE_LOSS
};
enum baro_trace_ecn { /* TCP_ECN what */
    BARO_TRACE_ECN_ASKED, BARO_TRACE_ECN_ASKS_NO_MORE, BARO_TRACE_ECN_AGREED, BARO_TRACE_ECN_REFUSED,
    BARO_TRACE_ECN_MARKED, BARO_TRACE_ECN_MARKED_AGAIN, BARO_TRACE_ECN_PEER_REDUCED, BARO_TRACE_ECN_CWR
};
enum baro_trace_timer { /* TCP_TIMER_* timer */
    BARO_TRACE_TIMER_RETRANSMIT, BARO_TRACE_TIMER_PERSIST, BARO_TRACE_TIMER_DELAYED_ACK,
    BARO_TRACE_TIMER_KEEPALIVE, BARO_TRACE_TIMER_TIME_WAIT, BARO_TRACE_TIMER_USER_TIMEOUT,
    BARO_TRACE_TIMER_FIN_WAIT_2, BARO_TRACE_TIMER_LINGER, BARO_TRACE_TIMER_CORK,
    BARO_TRACE_TIMER_REORDER, BARO_TRACE_TIMER_TAIL, BARO_TRACE_TIMER_PACE
};

/* CALL call: the socket calls, X(NAME, "as a program writes it"). */
#define BARO_TRACE_CALLS(X)                                                                                \
    X(SOCKET, "socket") X(BIND, "bind") X(LISTEN, "listen") X(ACCEPT, "accept") X(CONNECT, "connect")      \
    X(SEND, "send") X(SENDTO, "sendto") X(SENDMSG, "sendmsg")                                              \
    X(RECV, "recv") X(RECVFROM, "recvfrom") X(RECVMSG, "recvmsg")                                          \
    X(SHUTDOWN, "shutdown") X(CLOSE, "close") X(GETSOCKOPT, "getsockopt") X(SETSOCKOPT, "setsockopt")      \
    X(GETSOCKNAME, "getsockname") X(GETPEERNAME, "getpeername") X(POLL, "poll")                            \
    X(HOLD_NEXT, "hold_next") X(HOLD_ANSWER, "hold_answer") X(PING, "ping") X(REFUSE_DATAGRAM, "refuse_datagram") \
    X(SEND_RESERVE, "send_reserve") X(SEND_COMMIT, "send_commit")                                          \
    X(RECV_PEEK, "recv_peek") X(RECV_CONSUME, "recv_consume")                                              \
    X(RECV_POST, "recv_post") X(RECV_COLLECT, "recv_collect")

enum baro_trace_call {
#define BARO_TRACE_CALL_ENUM(name, text) BARO_TRACE_CALL_##name,
    BARO_TRACE_CALLS(BARO_TRACE_CALL_ENUM)
#undef BARO_TRACE_CALL_ENUM
    BARO_TRACE_CALL_COUNT
};

/* Arguments of one event, at most. */
#define BARO_TRACE_ARGUMENTS 10

/* One argument; the list says which member holds it: number for n, x, s, r, f; signed_number
 * for d, t, i; endpoint for a (its port 0) and e; mac for m. */
struct baro_trace_value {
    union {
        uint64_t number;
        int64_t signed_number;
        struct baro_endpoint endpoint; /* types a and e */
        struct baro_mac mac;
    } as;
};

struct baro_trace_event {
    enum baro_trace_kind kind;
    struct baro_instant at;
    uint32_t host;         /* the stack's trace number (its configuration), tells hosts apart */
    unsigned count;        /* arguments in `value` */
    struct baro_trace_value value[BARO_TRACE_ARGUMENTS];
    struct baro_bytes bytes; /* FRAME_IN and FRAME_OUT: the frame; else empty. Borrowed for the call. */
};

/* Where events go. Called from within core calls; it must not call the stack. */
struct baro_trace_sink {
    void *context;
    void (*event)(void *context, const struct baro_trace_event *event);
};

#ifdef __cplusplus
extern "C" {
#endif

/* An event's name ("TCP_IN"), step, source and argument list as in the table above. */
const char *baro_trace_name(enum baro_trace_kind kind);
int baro_trace_step(enum baro_trace_kind kind);
const char *baro_trace_source(enum baro_trace_kind kind);
const char *baro_trace_arguments(enum baro_trace_kind kind);

#ifdef __cplusplus
}
#endif
#endif
