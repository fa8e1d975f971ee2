/* baro/stack.h: one TCP/IP stack. Sans-I/O: frames, the time and a seed come in as
 * arguments; no call blocks, reads a clock or takes entropy. One thread a stack.
 *
 * The whole use: create it, add an interface and an address, then again and again
 * baro_stack_poll() with the time, and socket calls (baro/socket.h) in between. After
 * socket calls poll once more (or flush), so that what they decided is sent. Sleep until
 * baro_stack_next_deadline() or until a device has frames.
 *
 * Functions that can fail return 0 or a count, or -errno. */
#ifndef BARO_STACK_H
#define BARO_STACK_H

#include "baro/device.h"
#include "baro/shard.h"
#include "baro/trace.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_stack;

/* Congestion control: CUBIC with HyStart++ (RFC 9438, RFC 9406), NewReno (RFC 5681, RFC 6582). */
enum baro_congestion { BARO_CONGESTION_CUBIC, BARO_CONGESTION_RENO, BARO_CONGESTION_COUNT };
/* "cubic", "reno": the names that programs know; NULL beyond them. */
const char *baro_congestion_name(enum baro_congestion congestion);

/* Explicit congestion notification (RFC 3168): TCP connections ask for it and agree when asked; only agree (Linux'
 * tcp_ecn=2); neither. Where the way or the peer cannot, a connection is without it by itself. */
enum baro_ecn { BARO_ECN_DEFAULT, BARO_ECN_ANSWER, BARO_ECN_OFF };

/* SYN cookies (RFC 4987 §3.6): a SYN+ACK of a listener that is flooded remembers its half of the dialogue itself.
 * DEFAULT: when the listener's SYN queue (its backlog, 128 at least) is full; OFF: then the oldest half-open connection
 * gives its place; ALWAYS: for every SYN, half-open connections are not kept at all. */
enum baro_syn_cookies { BARO_SYN_COOKIES_DEFAULT, BARO_SYN_COOKIES_OFF, BARO_SYN_COOKIES_ALWAYS };
/* A TCP buffer whose size no program has set (BARO_SO_SEND_BUFFER, BARO_SO_RECV_BUFFER): octets that it may hold at
 * first, and at most, where it grows with what the path carries and the program reads. 0: 256 KiB, and 16 MiB or a
 * quarter of the stack's memory, whichever is less. */
struct baro_buffer_size {
    uint32_t first, most;
};

/* A path that swallows large packets without a word (RFC 4821): TCP finds a size that passes; or it relies on ICMP
 * alone (Linux' tcp_mtu_probing=0). */
enum baro_black_holes { BARO_BLACK_HOLES_DEFAULT, BARO_BLACK_HOLES_IGNORED };

/* Options of TCP that it neither offers nor takes (Linux' tcp_sack=0, tcp_timestamps=0, tcp_window_scaling=0). */
enum baro_tcp_without { BARO_TCP_WITHOUT_SACK = 1, BARO_TCP_WITHOUT_TIMESTAMPS = 2, BARO_TCP_WITHOUT_SCALE = 4 };

/* Pacing: what TCP may send leaves over the round trip (twice the window a round trip in slow start, 1.2 times later),
 * not at once; paths below a millisecond apart. OFF: only where the program sets a rate (BARO_SO_MAX_PACING_RATE). */
enum baro_pacing { BARO_PACING_DEFAULT, BARO_PACING_OFF };

struct baro_stack_config {
    struct baro_memory memory;     /* required */
    uint8_t seed[32];              /* required: the source of all randomness in the stack */
    struct baro_instant now;       /* the moment of creation */
    size_t memory_limit;           /* bytes of buffers in all; 0: 64 MiB. 65536 to SIZE_MAX */
    uint32_t descriptor_limit;     /* sockets open at once; 0: 1,048,576 */
    struct baro_trace_sink trace;  /* event NULL: no trace */
    uint32_t trace_host;           /* `host` of its trace events */
    enum baro_congestion congestion; /* of sockets that choose none */
    enum baro_ecn ecn;
    enum baro_pacing pacing;
    enum baro_syn_cookies syn_cookies;
    uint32_t time_wait_limit;      /* TCP connections in TIME-WAIT that are remembered; 0: one for each 512 bytes of
                                      memory_limit, at most 1,000,000. Beyond that the oldest is forgotten early:
                                      tcp_time_wait_evicted. 64 bytes each, 88 of IPv6, beside memory_limit */
    struct baro_buffer_size send_buffer, recv_buffer; /* of TCP; at least 2048 and 16384, at most 1 GiB */
    enum baro_black_holes black_holes;
    unsigned tcp_without;          /* enum baro_tcp_without */
    struct baro_shard shard;       /* one of several stacks behind the same addresses */
    bool forward_any_destination;  /* a gateway: takes IP packets for any unicast address as its own,
                                      link-local ones of IPv6 apart */
};

/* A stack, or NULL when memory fails. Free it with baro_stack_free, which gives every slab back. */
struct baro_stack *baro_stack_create(const struct baro_stack_config *config);
void baro_stack_free(struct baro_stack *stack);

/* Replaces the trace sink; event NULL turns the trace off. */
void baro_stack_set_trace(struct baro_stack *stack, struct baro_trace_sink trace, uint32_t host);

/* Adds a device; `device` is borrowed until baro_stack_free. Returns the interface's number (from 1:
 * 0 is the loopback inside), or -ENOSPC beyond 16, -EINVAL for an MTU outside 68 to 65535. */
int baro_stack_add_interface(struct baro_stack *stack, const struct baro_device *device);

/* Gives an interface an address and its subnet's route; with `probe` RFC 5227's probing comes first
 * and announcements follow, without it the address is usable at once and announced once.
 * -ENODEV, -EINVAL, -EEXIST, -ENOSPC beyond 8 an interface. */
int baro_stack_add_address(struct baro_stack *stack, int interface, struct baro_address address,
                           unsigned prefix_length, bool probe);
/* Takes it away; connections that use it get ECONNABORTED. -EADDRNOTAVAIL. */
int baro_stack_remove_address(struct baro_stack *stack, int interface, struct baro_address address);

/* How far an address of an interface is: a probe that was lost has taken it away again (NONE). */
enum baro_address_state { BARO_ADDRESS_NONE, BARO_ADDRESS_PROBING, BARO_ADDRESS_USABLE };
enum baro_address_state baro_stack_address_state(const struct baro_stack *stack, int interface,
                                                 struct baro_address address);

/* From now on other addresses are preferred to this one for what begins anew, or no longer (RFC 4862 §5.5.4): for who
 * takes an IPv6 address from elsewhere and knows its lifetimes. -ENODEV, -EADDRNOTAVAIL. */
int baro_stack_deprecate_address(struct baro_stack *stack, int interface, struct baro_address address, bool deprecated);

/* Adds a route; gateway of family NONE: the prefix is on the link. -EINVAL, -EEXIST, -ENOSPC, -ENETUNREACH
 * where the gateway is on no link. */
int baro_stack_add_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length,
                         struct baro_address gateway, int interface);
int baro_stack_remove_route(struct baro_stack *stack, struct baro_address prefix, unsigned prefix_length);

/* Makes the stack a router (RFC 1812, RFC 8200): packets of both families for other hosts that come in by one interface
 * go out by the one that the routes say, and their senders are told by ICMP of those that cannot. Groups, broadcasts,
 * link-local addresses and source routes are not passed on, redirects not sent; advertisements are sent where
 * baro_stack_advertise() says so. IPv4 packets that are too large are fragmented where they may be, IPv6 ones never. A
 * router answers on every interface for all of its addresses, IPv6's link-local ones apart. */
void baro_stack_set_forwarding(struct baro_stack *stack, bool forwarding);

/* Whom one member of a multicast group hears: those sources only, or all but those (RFC 3376 §3.1). */
enum { BARO_SOURCE_LIMIT = 16 };
struct baro_source_filter {
    bool exclude;
    unsigned sources;
    struct baro_address source[BARO_SOURCE_LIMIT];
};

/* Joins and leaves a multicast group on an interface (counted), whoever sends to it. Routers are told by IGMPv3 or
 * MLDv2, or an older version where they speak only that. 32 groups an interface. -EINVAL, -ENODEV, -ENOSPC, -ENOBUFS,
 * -ENOENT. */
int baro_stack_join_group(struct baro_stack *stack, int interface, struct baro_address group);
int baro_stack_leave_group(struct baro_stack *stack, int interface, struct baro_address group);

/* IPv6 by itself (RFC 4861, RFC 4862): the interface forms a link-local address (RFC 7217), probes it and, where it
 * accepts advertisements, asks for routers and takes addresses, routes, MTU and name servers from them for as long as
 * they say. */
struct baro_ipv6_config {
    uint8_t secret[16];         /* of the stack's stable addresses, the first call's counts; all zero: from the seed */
    bool accept_advertisements; /* a stack that forwards does not, whatever this says */
    bool temporary_addresses;   /* RFC 8981 */
    int8_t probes;              /* of each address that it forms: 0: one, as usual; -1: none (RFC 4862 §5.1) */
};
/* -ENODEV, -EINVAL below an MTU of 1280, -EEXIST when it is enabled already, -ENOSPC. */
int baro_stack_enable_ipv6(struct baro_stack *stack, int interface, const struct baro_ipv6_config *config);

struct baro_address_status {
    struct baro_address address;
    unsigned prefix_length; /* autoconfigured: 128, since what is on the link is said apart from it (RFC 5942) */
    bool tentative, deprecated, temporary;
    struct baro_instant preferred_until, valid_until; /* INT64_MAX: for ever */
};
/* The interface's addresses of both families; how many, up to `room`, or -ENODEV. */
int baro_stack_addresses(const struct baro_stack *stack, int interface, struct baro_address_status *status,
                         unsigned room);

/* Another number than before: baro_stack_addresses or the routes may tell something new. */
uint32_t baro_stack_changes(const struct baro_stack *stack);

struct baro_router_status {
    unsigned routers;                  /* default routers now */
    bool managed, other;               /* the last advertisement: ask DHCPv6 for addresses, for other things */
    unsigned dns_servers;
    struct baro_address dns_server[4]; /* RFC 8106 */
};
/* What routers said on that interface. 0 or -ENODEV. */
int baro_stack_router_status(const struct baro_stack *stack, int interface, struct baro_router_status *status);

/* Router advertisements sent (RFC 4861 §6.2): what this stack says as a router on an interface. */
struct baro_advertised_prefix {
    struct baro_address prefix; /* with zeros behind prefix_length */
    unsigned prefix_length;     /* hosts make themselves addresses with 64 */
    bool on_link, autonomous;   /* hosts reach it without a router; make themselves addresses in it */
    /* UINT32_MAX: for ever; valid 0 withdraws it. RFC 4861's own are 2592000 and 604800 */
    uint32_t valid_s, preferred_s;
};
enum baro_router_preference { BARO_ROUTER_MEDIUM, BARO_ROUTER_HIGH, BARO_ROUTER_LOW }; /* RFC 4191 */

struct baro_advertise_config {
    uint16_t lifetime_s;         /* as a default router, interval_max_s or more; 0: it is none */
    uint32_t interval_max_s;     /* between two that nobody asked for, 4 to 1800; 0: 600 */
    bool managed, other;         /* hosts shall ask DHCPv6 for addresses, for other things */
    uint8_t hop_limit;           /* for what hosts send; 0: not said, as with the next three */
    uint32_t mtu;                /* 1280 to the interface's */
    uint32_t reachable_ms, retransmit_ms; /* reachable_ms up to 3600000 */
    enum baro_router_preference preference;
    struct baro_advertised_prefix prefix[4];
    unsigned prefixes;
    struct baro_address dns_server[4]; /* RFC 8106; theirs lives for three intervals */
    unsigned dns_servers;
};

/* Advertises on an interface from its link-local address (once there is one, see baro_stack_enable_ipv6), by and by and
 * to who asks; again: what is said from now on. Such an interface takes no advertisements. The stack must be a router:
 * one that forwards or takes any destination; as soon as it is none, it says the lifetime 0. `config` is copied; NULL
 * ends it, by three last advertisements with lifetime 0, three seconds apart, and returns how many of them are not
 * decided yet. Otherwise 0, or -ENODEV, -EINVAL, -EPERM where the stack is no router, -ENOSPC where it can join no more
 * groups. */
int baro_stack_advertise(struct baro_stack *stack, int interface, const struct baro_advertise_config *config);

/* A fixed neighbour entry that neither expires nor is overwritten. -ENODEV, -EINVAL, -ENOSPC. */
int baro_stack_set_neighbour(struct baro_stack *stack, int interface, struct baro_address address,
                             struct baro_mac mac);

/* Takes bursts from every device, runs timers up to `now`, drains what was decided. Returns the number of
 * frames taken; at BARO_BURST_LIMIT times the interfaces there may be more waiting. `now` never goes back.
 *
 * An ACK that a program's answer may carry (the one that ends our connect, of a peer's first requests, of its FIN) is
 * left for what comes behind the poll: calls and baro_stack_flush(), or the next poll, for which
 * baro_stack_next_deadline() asks at once. A host that tells its programs between the two so sends seven segments for a
 * short connection, not eleven.
 *
 * What comes in order for streams may likewise stay in its frames until then, and be copied from there by who reads it
 * in between. Frames of which nothing is left to be read, and all of them then, are given back (rx_end). */
unsigned baro_stack_poll(struct baro_stack *stack, struct baro_instant now);

/* Drains without looking at devices: after socket calls, at the time of the last poll. The programs have had their
 * turn: ACKs that were left for what they say leave alone, and frames that were kept for them go back to their
 * device. */
void baro_stack_flush(struct baro_stack *stack);

/* When the stack next wants to be polled although no frame came. False: never. A moment in the past: now. */
bool baro_stack_next_deadline(const struct baro_stack *stack, struct baro_instant *deadline);

/* Sends an ICMP echo request; the answer, or an error about it, is reported by baro_stack_ping_result.
 * `length` is the payload, 0 to 65507 bytes. -ENETUNREACH, -EMSGSIZE, -ENOBUFS. */
int baro_stack_ping(struct baro_stack *stack, struct baro_address destination, uint16_t id,
                    uint16_t sequence, size_t length);
struct baro_ping_result {
    struct baro_address from;
    uint16_t id, sequence;
    uint8_t type, code; /* ICMP type: 0 echo reply; 3, 11, 12 an error about the request. ICMPv6: 129; 1 to 4 */
    size_t length;      /* payload bytes of the reply */
    struct baro_instant at;
};
/* The oldest result not yet taken; false when there is none (16 are kept). */
bool baro_stack_ping_result(struct baro_stack *stack, struct baro_ping_result *result);

/* Asserts that everything the stack knows fits together. For tests: walks all of it. */
void baro_stack_check_invariants(const struct baro_stack *stack);

/* Counters, one X-macro list: X(name, "what it counts"). */
#define BARO_COUNTERS(X)                                                    \
    X(frames_in, "frames received")                                         \
    X(frames_out, "frames sent")                                            \
    X(octets_in, "octets received, Ethernet header included")               \
    X(octets_out, "octets sent, Ethernet header included")                  \
    X(arp_in, "ARP packets received")                                       \
    X(arp_out, "ARP packets sent")                                          \
    X(nd_in, "neighbour discovery messages received")                       \
    X(nd_out, "neighbour discovery messages sent")                          \
    X(ip_in, "IP packets received")                                         \
    X(ip_delivered, "IP packets handed to a protocol")                      \
    X(ip_out, "IP packets sent")                                            \
    X(ip_forwarded, "IP packets passed on to other hosts")                  \
    X(fragments_in, "fragments received")                                   \
    X(fragments_whole, "datagrams put together from fragments")             \
    X(fragments_out, "fragments sent")                                      \
    X(icmp_in, "ICMP messages received")                                    \
    X(icmp_out, "ICMP messages sent")                                       \
    X(groups_in, "group membership messages received")                      \
    X(groups_out, "group membership messages sent")                         \
    X(udp_in, "UDP datagrams delivered")                                    \
    X(udp_out, "UDP datagrams sent")                                        \
    X(tcp_in, "TCP segments received")                                      \
    X(tcp_out, "TCP segments sent")                                         \
    X(tcp_data_in, "TCP octets delivered in order")                         \
    X(tcp_data_out, "TCP octets sent, first transmissions")                 \
    X(tcp_retransmitted, "TCP segments retransmitted")                      \
    X(tcp_rto, "retransmission timeouts")                                   \
    X(tcp_fast_retransmits, "fast retransmits")                             \
    X(tcp_undone, "recoveries from a loss that was none")                   \
    X(tcp_spurious_timeouts, "timeouts that F-RTO found to be mistakes")     \
    X(tcp_black_holes, "segment sizes lowered because large ones were lost in silence") \
    X(tcp_tail_repairs, "losses repaired by a tail loss probe")             \
    X(tcp_marks_in, "TCP segments received with a congestion mark")         \
    X(tcp_mark_reductions, "windows reduced because of congestion marks")   \
    X(tcp_active_opens, "connections opened by connect")                    \
    X(tcp_passive_opens, "connections opened by a listener")                \
    X(tcp_resets_in, "RST segments accepted")                               \
    X(tcp_resets_out, "RST segments sent")                                  \
    X(tcp_challenge_acks, "challenge ACKs sent")                            \
    X(tcp_cookies_sent, "SYN cookies sent")                                 \
    X(tcp_cookies_accepted, "connections opened by a SYN cookie")           \
    X(tcp_cookies_failed, "ACKs that looked for a SYN cookie's and were none") \
    X(tcp_connections, "connections now, TIME-WAIT not counted")            \
    X(tcp_resting, "connections now at rest, of those")                     \
    X(tcp_woken, "connections that woke from a rest")                      \
    X(tcp_time_wait, "connections now in TIME-WAIT")                        \
    X(tcp_time_wait_reused, "TIME-WAIT records that a new connection of the same ends has ended (RFC 6191)") \
    X(tcp_time_wait_evicted, "TIME-WAIT records ended early because there were too many") \
    X(buffer_bytes, "bytes of buffer memory now charged")                   \
    X(slab_bytes, "bytes of slabs now taken")

struct baro_statistics {
#define BARO_COUNTER_FIELD(name, text) uint64_t name;
    BARO_COUNTERS(BARO_COUNTER_FIELD)
#undef BARO_COUNTER_FIELD
    uint64_t drops[BARO_DROP_COUNT]; /* by enum baro_drop_reason */
};

/* The counters as they are now. */
void baro_stack_statistics(const struct baro_stack *stack, struct baro_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
