/* transport/tcp/half_open.h: SYN-RECEIVED of a passive open, as a small record (RFC 9293 §3.10.7.4, RFC 4987 §3).
 *
 * A SYN costs nothing but this: no connection, no buffer, no promise. What the SYN said and what was answered stands
 * here until the ACK that ends the dialogue makes a connection of it, so a flood of SYNs costs 128 octets each, of a
 * bounded number, and not the budget of those who mean it.
 *
 * A record has no timer. All that wait equally long stand in one ring in the order in which they began to, so each
 * ring is in order of deadlines and one timer in the wheel serves it: a ring for each interval of the SYN+ACK's
 * retransmission (1 s, doubled each time, 120 s at most) and one for SYNs that are held (held_syn.c). */
#ifndef TRANSPORT_TCP_HALF_OPEN_H
#define TRANSPORT_TCP_HALF_OPEN_H

#include "base/seq.h"
#include "base/wheel.h"

enum tcp_half_open_flag {
    HALF_OPEN_TIMESTAMPS = 1 << 0,     /* both ends agreed on them */
    HALF_OPEN_SCALED = 1 << 1,
    HALF_OPEN_SACK_PERMITTED = 1 << 2,
    HALF_OPEN_HELD = 1 << 3,           /* its SYN is answered when somebody says how */
    HALF_OPEN_UNTOLD = 1 << 4,         /* and waits for tcp_hold_next */
    HALF_OPEN_AGAIN = 1 << 5,          /* the SYN+ACK left more than once: its ACK times nothing (Karn) */
    HALF_OPEN_ACKED = 1 << 6,          /* the ACK came without data, which the listener waits for */
    HALF_OPEN_ECN = 1 << 7             /* the SYN asked for it, and we agree */
};

struct tcp_half_open {
    struct baro_endpoint local, remote;
    uint32_t next, previous;           /* in its ring: the place in the pool and 1, 0: none */
    uint32_t list_next, list_previous; /* in its listener's list, by age, likewise */
    int64_t began_ns;                  /* of the wait in its ring */
    uint64_t hash;                     /* of its four-tuple, the whole */
    uint32_t ts_offset;                /* of our timestamps */
    uint32_t listener;                 /* its place in the pool: a record does not outlive its listener */
    struct seq iss, irs;
    uint32_t ts_recent;
    uint32_t answered_ms;              /* the last ACK outside the dialogue; 0: none */
    uint32_t grant;                    /* octets of receive buffer promised */
    uint16_t peer_window, peer_mss;    /* as the SYN said, peer_window unscaled */
    uint16_t mss, window;              /* as we answered */
    uint8_t snd_scale, rcv_scale;
    uint8_t retries;                   /* SYN+ACKs sent by the timer */
    uint8_t flags;                     /* enum tcp_half_open_flag */
};
/* With what the pool puts in front of it two cache lines. */
_Static_assert(sizeof(struct tcp_half_open) <= 112, "a half-open record has grown beyond its place of 128 octets");

struct tcp_half_open_list {
    struct tcp_half_open *first, *last;
    uint32_t count;
};

enum { HALF_OPEN_INTERVALS = 8, HALF_OPEN_RING_HELD = HALF_OPEN_INTERVALS, HALF_OPEN_RINGS };

struct tcp_half_open_ring {
    struct wheel_timer timer;
    struct tcp_half_open *first, *last;
};

#endif
