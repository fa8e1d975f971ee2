/* transport/tcp/connection.h: what TCP keeps: connections, listeners, half-open and TIME-WAIT records, and struct tcp
 * itself.
 *
 * Sequence numbers and the two byte rings meet by one rule: stream offset o of what we send is sequence number
 * ISS + 1 + o, of what we receive IRS + 1 + o. Offsets are 64 bits and do not wrap; sequence numbers do.
 *
 * Stored references are handles. The three upper bits of a handle's index say what it names, so one demux serves
 * connections, listeners and both kinds of records. Inside a segment, timer or call the handle is resolved once and
 * the pointer is passed down.
 *
 * An idle connection holds no ring memory; after a while it becomes a small record (rest.h). */
#ifndef TRANSPORT_TCP_CONNECTION_H
#define TRANSPORT_TCP_CONNECTION_H

#include <assert.h>
#include <errno.h>

#include "baro/device.h"
#include "base/blocks.h"
#include "base/ring.h"
#include "base/likely.h"
#include "base/time.h"
#include "codec/tcp.h"
#include "codec/tcp_options.h"
#include "transport/demux.h"
#include "transport/tcp/autotune.h"
#include "transport/tcp/blackhole.h"
#include "transport/tcp/congestion.h"
#include "transport/tcp/ecn.h"
#include "transport/tcp/event.h"
#include "transport/tcp/expected.h"
#include "transport/tcp/flow.h"
#include "transport/tcp/frto.h"
#include "transport/tcp/half_open.h"
#include "transport/tcp/borrowed.h"
#include "transport/tcp/rtt.h"
#include "transport/tcp/sender.h"
#include "transport/tcp/syn_cookie.h"
#include "transport/tcp/tcp.h"
#include "transport/tcp/time_wait.h"

enum tcp_kind {
    TCP_KIND_CONNECTION = 0, TCP_KIND_LISTENER = 1, TCP_KIND_TIME_WAIT = 2, TCP_KIND_HALF_OPEN = 3,
    TCP_KIND_REST = 4 /* its place is one of struct blocks, without a generation: rest.h says who may have it */
};

/* The name of nobody, HANDLE_NONE included: nobody asks for it, so who has the name of the last one was somewhere. */
#define TCP_NO_RECENT ((struct handle){ UINT64_MAX })

#define TCP_KIND_SHIFT 29
#define TCP_KIND_MASK 7

/* What a connection is doing, besides its state. */
enum tcp_connection_flag {
    TCP_PASSIVE = 1u << 0,            /* opened by a listener */
    TCP_ORPHAN = 1u << 1,             /* no descriptor any more */
    TCP_OWNED = 1u << 2,              /* a descriptor has it */
    TCP_AT_EASE = 1u << 3,            /* ease.h */
    TCP_TIMESTAMPS = 1u << 4,         /* both ends agreed (RFC 7323 §3.2) */
    TCP_SCALED = 1u << 5,             /* both ends agreed (RFC 7323 §2.2) */
    TCP_SACK_PERMITTED = 1u << 6,     /* both ends agreed (RFC 2018 §2) */
    TCP_OUTPUT_QUEUED = 1u << 7,      /* an INTENT_TCP_OUTPUT stands in the queue */
    TCP_OUTPUT_WAITING = 1u << 8,     /* that queue was full: in the list of those that wait for it */
    TCP_ACK_NOW = 1u << 9,            /* the next segment must leave at once, if only as an ACK */
    TCP_ACK_DELAYED = 1u << 10,       /* an ACK is owed by the delayed ACK timer */
    TCP_FIN_WANTED = 1u << 11,        /* the program sends no more: FIN behind the last octet */
    TCP_FIN_SENT = 1u << 12,
    TCP_FIN_HELD = 1u << 13,          /* the peer's FIN is known to be at rcv.fin */
    TCP_FIN_RECEIVED = 1u << 14,      /* ... and everything before it has come */
    TCP_SHUT_READ = 1u << 15,         /* the program reads no more: data is acknowledged and thrown away */
    TCP_URGENT_SENDING = 1u << 16,    /* flight.up is beyond snd.una */
    TCP_URGENT_KNOWN = 1u << 17,      /* rcv.up marks a place in the stream not yet passed by the reader */
    TCP_URGENT_READY = 1u << 18,      /* urgent_octet holds the octet before the mark */
    TCP_MORE = 1u << 19,              /* the last send said that more follows */
    TCP_RTT_TIMING = 1u << 20,        /* a segment is being timed (RFC 6298 §3, Karn) */
    TCP_WANT_WRITE = 1u << 21,        /* the program found the send buffer full */
    TCP_CLOSED_DONE = 1u << 22,       /* CLOSED or in TIME-WAIT: no longer in the demux, kept for its descriptor */
    TCP_ACK_SOON = 1u << 23,          /* an ACK waits for the program's turn: ack_turn.c */
    TCP_TAIL = 1u << 24,              /* the tail timer fired: one segment beyond the congestion window may leave */
    TCP_IN_DEMUX = 1u << 25,
    TCP_URGENT_TAKEN = 1u << 26,      /* recv(OOB) has given the octet */
    TCP_PROBE = 1u << 27,             /* the persist timer fired: one octet beyond the window may leave */
    TCP_FLUSH = 1u << 28,             /* the cork timer fired: a small piece may leave */
    TCP_IN_QUEUE = 1u << 29,          /* waits in its listener's accept queue */
    TCP_POSTED = 1u << 30,            /* what comes goes to posted.at: posted.c */
    TCP_ACK_OWED = TCP_ACK_NOW | TCP_ACK_DELAYED | TCP_ACK_SOON,
    TCP_PLAIN = TCP_AT_EASE | TCP_TIMESTAMPS
};

/* Deadlines of a connection. Those two that come with text stand first, in a line that it touches anyway; that of
 * orphans stands last. */
enum tcp_timer_name {
    TCP_TIMER_DELAYED_ACK,
    TCP_TIMER_REST,
    TCP_TIMER_RETRANSMIT,
    TCP_TIMER_PERSIST,
    TCP_TIMER_KEEPALIVE,
    TCP_TIMER_USER_TIMEOUT,
    TCP_TIMER_CORK,
    TCP_TIMER_REORDER,              /* RACK: what is missing now may be lost by then */
    TCP_TIMER_TAIL,                 /* TLP */
    TCP_TIMER_PACE,                 /* what may be sent waits for its time */
    TCP_TIMER_FIN_WAIT_2,
    TCP_TIMER_COUNT
};

enum {
    TCP_MSS_DEFAULT = 536,          /* RFC 9293 §3.7.1 MUST-15 */
    TCP_MSS_DEFAULT_IPV6 = 1220,
    TCP_MSS_FLOOR = 88,             /* what a peer or a path may talk us down to: 76 octets and timestamps */
    TCP_RECV_LEAST = 16384,         /* the receive promise: ten segments of 1,460 octets fit */
    TCP_RECV_FIRST = 65536,         /* and with large segments not more than this at first: it is charged at once */
    TCP_SEND_LEAST = 2048,          /* the send promise: one segment */
    TCP_WINDOW_LARGEST = 1 << 30,   /* RFC 7323 §2.3 */
    TCP_AGE_LARGEST_MS = 3600000,   /* of an echoed timestamp that is believed */
    TCP_SYN_RETRIES = 7,            /* 247 s: RFC 9293 §3.8.3 MUST-23 wants 3 minutes */
    TCP_SYN_ACK_RETRIES = 5,
    TCP_RETRIES_R1 = 3,             /* RFC 9293 §3.8.3 SHLD-10 */
    TCP_RETRIES_R2 = 15,            /* 924 s from the least RTO: SHLD-11 wants 100 s */
    TCP_ORPHAN_RETRIES = 8,
    TCP_ORPHAN_PROBES = 8,
    TCP_FIN_WAIT_2_MS = 60000,      /* of an orphan, as on Linux: RFC 9293 sets no limit */
    TCP_ACK_DELAY_MS = 40,          /* RFC 9293 §3.8.6.3 MUST-40 allows 500 */
    TCP_QUICK_ACKS = 8,             /* segments acknowledged at once when a connection begins */
    /* segments with PSH acknowledged in the turn, since the last ACK's delay was in vain */
    TCP_ALONE_ACKS = 8,
    /* ACKs that wait for the program's turn at once: each frame of a burst may owe one */
    TCP_SOON = BARO_BURST_LIMIT,
    TCP_CHALLENGE_LIMIT = 10,       /* challenge ACKs in 5 s (RFC 5961 §10), each connection its own */
    TCP_SPARE_RINGS = 128,          /* pieces of memory kept for the first octets of the next connections */
    TCP_RANGES = 64,                /* pieces held out of order */
    TCP_RANGES_MANY = 1020          /* and where they are of size: a list fills a quarter of a slab */
};

/* Data held beyond the in-order end: stream offsets [begin, end), ascending, with holes between. */
struct tcp_ranges {
    uint32_t count, limit;           /* TCP_RANGES or TCP_RANGES_MANY */
    uint64_t recent[TCP_SACK_LIMIT]; /* an offset of each of the segments that came last, the newest first */
    struct tcp_range { uint64_t begin, end; } range[];
};

/* A listener's accept queue, by handle. */
struct tcp_list {
    struct handle first, last;
    uint32_t count;
};

/* In the order of who touches it: of many connections each line of 64 octets is a miss of its own. A place of the pool
 * is aligned and has 16 octets in front, so lines begin where TCP_LINE says. A received segment with text touches lines
 * 0 to 4 and 6; text that leaves, and its ACK, 7 to 10 besides; the others are asked for seldom. Thirteen lines: an odd
 * number, so that the same ones of many connections lie in all sets of a cache. There is no padding: a test counts that
 * every octet stands in the tables of rest_fields.h, so a new field takes the place of a `spare` or adds its own octets
 * there. */
struct tcp_connection {
    struct baro_endpoint local, remote;
    uint32_t flags;                    /* enum tcp_connection_flag */
    uint8_t state;                     /* enum baro_tcp_state */
    uint8_t snd_scale, rcv_scale;      /* shifts in force, 0 without scaling */
    bool late;                         /* stands in the row of late.c */

    struct {
        struct seq una, nxt;           /* RFC 9293 §3.3.1; nxt never goes back */
        struct seq wl1, wl2, iss;
        uint32_t wnd, max_wnd;
    } snd;
    struct {
        struct seq nxt;
        struct seq edge;               /* RCV.NXT + RCV.WND as advertised: never goes back */
        struct seq up, irs, fin;
        struct seq acked;              /* Last.ACK.sent (RFC 7323 §4.3) */
    } rcv;
    uint32_t ts_recent;
    /* from the first text of ours on that needs it: asked for before the lines of what leaves are there */
    struct tcp_flow *flow;

    uint32_t ts_offset;
    uint32_t unacknowledged;           /* octets received in order since the last ACK */
    uint16_t path_mtu, mss, peer_mss, rcv_mss; /* mss: payload of a full-sized segment; rcv_mss: what we offered */
    uint16_t rcv_full;                 /* payload of the peer's full-sized segments, as seen */
    /* so many of a young connection are left; or TCP_QUICK_ACKS more than TCP_ALONE_ACKS are */
    uint8_t quick_acks;
    bool progress;                     /* text or an ACK of ours came since the last segment left (RFC 4861 §7.3.1) */
    uint32_t data_in, data_out;        /* segments with text */
    uint32_t flow_label;
    uint32_t segments_in, segments_out;
    uint16_t error;                    /* an errno value */
    uint16_t ecn_flags;                /* enum tcp_ecn_flag */
    uint8_t retries, probes, frto;     /* frto: enum frto_step */
    bool limited;                      /* settings.max_pacing_rate is not 0 */
    struct tcp_ranges *ranges;         /* NULL: nothing is held out of order */
    struct tcp_sender *sender;         /* NULL: all in flight was sent at rtt_at_ns, or the peer has no SACK */

    struct ring recv;                  /* its limit: promised to the peer, the grant */
    struct receive_tuning tuning;

    struct ring send;                  /* its limit: the program may fill */
    int64_t received_at_ns;            /* any segment that was acceptable */
    int64_t text_at_ns;                /* one with text */
    int64_t ts_recent_at_ns;

    struct handle listener;
    struct tcp_settings settings;      /* those that matter to every segment in the next line, the others here */
    struct tcp_event event;
    int64_t deadline_ns[TCP_TIMER_COUNT]; /* 0: not armed; those of text that leaves in the next line */
    struct rtt rtt;
    int64_t sent_at_ns;                /* text, SYN or FIN of ours */

    struct seq retransmit_next, retransmit_end; /* to be sent again while next is before end */
    uint16_t soft_error;               /* an errno value */
    uint16_t spare_half;
    struct rack_memory rack;
    struct {
        bool out, again;               /* a tail loss probe is out; it was the last segment again */
        uint8_t spare[2];
        struct seq end;                /* SND.NXT behind it */
    } tail;
    struct blackhole blackhole;
    struct seq rtt_seq;                /* the timed segment's end */
    struct congestion congestion;      /* its window here, what moves it in the next line */
    uint64_t bytes_acked;
    struct {
        struct seq up;                 /* SND.UP */
        struct seq small;              /* end of the last segment below full size (Minshall's Nagle) */
    } flight;
    uint32_t charged;                  /* bytes of the stack's budget */
    uint32_t reserved;                 /* octets behind send.end that the program may write and commit */
    int64_t rtt_at_ns;

    int64_t challenge_at_ns, blind_at_ns;
    struct handle wait_next;           /* in the list of those whose output found the queue of intents full */
    uint32_t timeouts;
    uint8_t urgent_octet, syn_retries, duplicate_acks, challenges;
    struct seq recover;                /* RFC 6582 */
    uint32_t hash;                     /* of its four-tuple, for the demux */
    struct {
        uint64_t again;                /* octets sent again */
        uint32_t duplicates;           /* D-SACK blocks heard */
        uint32_t reordered;            /* deliveries of something older after something younger */
        uint32_t out_of_order;         /* segments that came behind a hole */
        uint32_t retransmits;
    } counts;                          /* for who asks only: tcp_info */

    union {
        struct { struct handle list_next, list_previous; }; /* TCP_IN_QUEUE: in the listener's accept queue */
        struct { uint8_t *at; uint32_t room, filled; } posted; /* TCP_POSTED: where the program wants what comes next */
    };
    struct wheel_timer wheel;          /* fires at the earliest deadline or before it */
    struct tcp_ecn ecn;
    struct {
        struct seq told;               /* the last ACK that left where those of a burst are one: stretch_ack.c */
        uint32_t uneven;               /* where in the text one came out of order, twice or marked: stretch_ack.h */
    } burst;
};
_Static_assert(sizeof(struct tcp_connection) + sizeof(struct pool_place) <= 13 * 64,
               "a connection has grown by a line");
#define TCP_LINE(number) (64 * (size_t)(number) - sizeof(struct pool_place))
#define TCP_BEGINS(number, field) (offsetof(struct tcp_connection, field) == TCP_LINE(number))
_Static_assert(TCP_BEGINS(1, snd) && TCP_BEGINS(2, ts_offset) && TCP_BEGINS(3, recv) && TCP_BEGINS(4, send) &&
                   TCP_BEGINS(5, listener) && TCP_BEGINS(6, settings.recv_low_water) &&
                   TCP_BEGINS(7, deadline_ns[TCP_TIMER_RETRANSMIT]) &&
                   TCP_BEGINS(8, deadline_ns[TCP_TIMER_FIN_WAIT_2]) && TCP_BEGINS(9, retransmit_next) &&
                   TCP_BEGINS(10, congestion.of) && TCP_BEGINS(11, challenge_at_ns) && TCP_BEGINS(12, posted),
               "who moves a field of a connection moves what a segment touches");

struct tcp_listener {
    struct baro_endpoint local;
    struct tcp_event event;
    struct tcp_list queue;             /* ready to be accepted */
    struct tcp_half_open_list half_open; /* SYN-RECEIVED */
    struct tcp_half_open_list held;    /* SYNs not yet told by tcp_hold_next */
    int64_t cookie_at_ns;              /* the last SYN cookie was sent, 0: none */
    uint32_t backlog;
    uint32_t port_next;                /* the next listener of this port, as in struct tcp_port */
    struct tcp_settings settings;
};

/* A local port. In `users`, by family: how many connections and TIME-WAIT records use it, and in the six bits above of
 * which address of ours they are: the number of one in `port_owner`, or TCP_PORT_SEVERAL; it means nothing while there
 * are none. */
enum { TCP_PORT_OWNER_SHIFT = 26, TCP_PORT_SEVERAL = 63, TCP_PORT_USERS = (1 << TCP_PORT_OWNER_SHIFT) - 1 };
struct tcp_port {
    uint32_t users[2];                 /* of IPv4, of IPv6 */
    uint32_t listeners;                /* the first listener: its place in the pool and 1, 0: none */
};

/* The search for ports towards one peer with very many connections, see port.c. */
enum { TCP_PORTS_FREED = 4 };
struct tcp_port_cursor {
    uint16_t at;                       /* where it goes on */
    uint16_t in_order;                 /* so many searches before chance is asked again */
    uint16_t freed[TCP_PORTS_FREED];   /* ports that became free of late, the last one first; 0: none */
};

/* Random bits of which numbers of 15 bits are taken, and how many are left. */
struct tcp_port_chance {
    uint64_t bits;
    uint32_t left;
};

enum {
    TCP_QUOTES = 64,
    TCP_QUOTE_OCTETS = 60,
    TCP_PORT_PAGES = 256,
    TCP_PORT_PAGE = 256,
    TCP_PORT_CURSOR_BITS = 8,
    TCP_PORTS_AHEAD = 64
};

/* When those at rest wake to probe their peers: calendar.h. */
struct tcp_calendar {
    struct tcp_calendar_ring *ring;    /* NULL: there was none yet */
    int64_t slot;                      /* a second; in those before it there is nobody */
    uint32_t early;                    /* woken of that slot before it was over */
    uint32_t count;                    /* that stand there */
    struct wheel_timer timer;
};

/* The row of connections with a deadline before their timer in the wheel, which are `late`: late.c says when the wheel
 * hears of it. */
#define TCP_LATE_NS (TCP_ACK_DELAY_MS * NS_PER_MS)
struct tcp_late {
    struct tcp_late_one {
        struct handle handle;
        int64_t since_ns;              /* it stands here, and all of its deadlines come TCP_LATE_NS later or more */
    } *one;
    /* places, a power of two or 0; where the first one stands, modulo these; how many */
    uint32_t size, first, count;
    int64_t turn_ns;                   /* of the first one, 0: there is none */
};

struct tcp {
    struct core *core;
    struct pool connections, listeners, half_opens, ranges, many_ranges, senders, flows, sums;
    struct demux demux;
    struct blocks rests;               /* connections at rest */
    struct tcp_calendar calendar;      /* those of them with keepalive */
    uint32_t moves;                    /* to rest, and back for a probe, since this poll's timers began */
    tcp_place *place;                  /* NULL: none may rest */
    tcp_waits *waits;
    void *place_context;
    struct hash_key isn_key, port_key, cookie_key;
    enum baro_syn_cookies cookies;
    struct tcp_half_open_ring half_open_ring[HALF_OPEN_RINGS];
    struct baro_buffer_size send_size, recv_size;
    uint8_t without;                   /* enum baro_tcp_without */
    /* silent losses of large segments make them smaller; one ACK for a burst's text (stretch_ack.h) */
    bool watches_holes, stretch_acks;
    struct tcp_event_told row[TCP_ROW]; /* whose readiness may have changed, and */
    struct tcp_event events;           /* head of the list of those behind them */
    uint32_t row_first, row_end;       /* who of the row is next, and behind the last */
    struct time_wait_table time_waits[2]; /* of IPv4, of IPv6 */
    uint32_t time_wait_limit;          /* records of both */
    struct wheel_timer time_wait_timer;
    uint8_t ecn;                       /* enum baro_ecn */
    uint8_t pacing;                    /* enum baro_pacing */
    /* whose ACK waits for the program's turn; it may have left with something else */
    struct handle soon[TCP_SOON];
    uint32_t soon_count;
    struct handle waiting_first, waiting_last; /* connections with output, when the queue of intents was full */
    struct tcp_port *port_page[TCP_PORT_PAGES]; /* pages taken as needed */
    struct tcp_port_cursor port_cursor[1 << TCP_PORT_CURSOR_BITS]; /* by a hash of the peer */
    /* what a peer's next search begins with, by its cursor; port 0: not yet */
    struct tcp_ends port_ahead[TCP_PORTS_AHEAD];
    struct tcp_port_chance port_chance;
    /* addresses that connections were of, each once, by a mixture of it */
    struct baro_address port_owner[TCP_PORT_SEVERAL];
    uint32_t port_owner_last;          /* the one asked for last */
    /* connections and records that bind looked at: tests see that it looks at none */
    uint64_t ports_walked;
    uint64_t ports_tried;              /* by the searches so far: tests see that it stays little */
    uint32_t quotes;                   /* used since the queue of intents was last empty */
    uint8_t quote[TCP_QUOTES][TCP_QUOTE_OCTETS];
    /* the connection of the last expected segment, or TCP_NO_RECENT, and where it was */
    struct handle recent;
    struct tcp_connection *recent_place;
    const struct tcp_half_open *recent_half_open; /* the last record that was made, while it is; else NULL */
    struct tcp_lately lately[1 << TCP_LATELY_BITS]; /* by a mixture of `ports` and `from` */
    uint32_t strangers;                /* segments in a row of bursts in which hardly anybody was known */
    bool lately_is_asked;              /* is `lately` worth its while? */
    /* SND.NXT of one went on since an ACK in order found the queue of intents empty (control.c) */
    bool spoke;
    struct tcp_late late;
    struct tcp_borrowed borrowed;              /* text that stands in frames */
    /* segments that took the fast path, those behind the first of a run, and of a run of ACKs: for tests */
    uint64_t expected, again, acks;
};

/* What the program wants, and what segments ask of it. */
static inline void tcp_settle(struct tcp_connection *c, const struct tcp_settings *settings)
{
    c->settings = *settings;
    c->limited = settings->max_pacing_rate != 0;
}

/* Timer kinds below TIMER_NEIGHBOUR. */
enum { TCP_WHEEL_CONNECTION = TIMER_TCP, TCP_WHEEL_TIME_WAIT, TCP_WHEEL_HALF_OPEN, TCP_WHEEL_CALENDAR };

static inline struct seq tcp_send_seq(const struct tcp_connection *c, uint64_t offset)
{
    return seq_add(c->snd.iss, 1 + (uint32_t)offset);
}

/* The stream offset of a sequence number near what the send ring holds. */
static inline uint64_t tcp_send_offset(const struct tcp_connection *c, struct seq seq)
{
    return c->send.begin + (uint64_t)(int64_t)seq_diff(seq, tcp_send_seq(c, c->send.begin));
}

/* Octets of text behind SND.NXT; the FIN not yet sent. */
static inline uint32_t tcp_unsent_text(const struct tcp_connection *c)
{
    return c->snd.iss.value + 1 + (uint32_t)c->send.end - c->snd.nxt.value;
}

static inline struct seq tcp_recv_seq(const struct tcp_connection *c, uint64_t offset)
{
    return seq_add(c->rcv.irs, 1 + (uint32_t)offset);
}

static inline uint64_t tcp_recv_offset(const struct tcp_connection *c, struct seq seq)
{
    return c->recv.end + (uint64_t)(int64_t)seq_diff(seq, tcp_recv_seq(c, c->recv.end));
}

/* Bytes of receive buffer for which the budget is charged now: of the grant, or of what came after a rest. The send
 * ring's share is its size, at least its promise. */
static inline uint32_t tcp_recv_backed(const struct tcp_connection *c)
{
    return c->charged - (c->send.size > TCP_SEND_LEAST ? c->send.size : TCP_SEND_LEAST);
}

/* Octets in flight, SYN and FIN included. */
static inline uint32_t tcp_flight(const struct tcp_connection *c)
{
    return seq_span(c->snd.nxt, c->snd.una);
}

/* RCV.WND as the peer knows it. */
static inline uint32_t tcp_recv_window(const struct tcp_connection *c)
{
    return seq_lt(c->rcv.nxt, c->rcv.edge) ? seq_span(c->rcv.edge, c->rcv.nxt) : 0;
}

static inline bool tcp_synchronised(const struct tcp_connection *c)
{
    return c->state >= BARO_TCP_ESTABLISHED && (c->flags & TCP_CLOSED_DONE) == 0;
}

/* SEG.SEQ of what carries no text: SND.NXT, or the window's edge where a probe or a window that shrank has put SND.NXT
 * beyond it: from there the peer would take an ACK for out of window and not hear it. */
static inline struct seq tcp_plain_seq(const struct tcp_connection *c)
{
    struct seq edge = seq_add(c->snd.una, c->snd.wnd);

    return tcp_synchronised(c) ? seq_min(c->snd.nxt, edge) : c->snd.nxt;
}

static inline uint32_t tcp_option_octets(const struct tcp_connection *c)
{
    return LIKELY(c->flags & TCP_TIMESTAMPS) ? 12 : 0;
}

/* Payload of a full-sized segment. */
static inline uint32_t tcp_payload_limit(const struct tcp_connection *c)
{
    return c->mss;
}

#endif
