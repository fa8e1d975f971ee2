/* transport/tcp/ease.h: is nothing going on in a connection but the exchange of text and its ACKs?
 *
 * Both fast paths ask for every segment (expected.c, output_fast.c), and a dozen fields have a say: is anything being
 * repaired or taken back, a mark waited for, a smaller segment tried, something held out of order, does the program
 * want anything unusual? The fast paths themselves change none of these. Whatever else touches a connection may: the
 * slow path of a segment in or out, a timer, an ICMP error, other settings. So what both ask is found out once and
 * remembered in a flag, TCP_AT_EASE, which those few entries take away whatever they do then. Calls change other flags
 * and the state: these are asked each time, as are the window and a flight of several moments.
 *
 * tcp_check_invariants() asserts that who has the flag is at ease. */
#ifndef TRANSPORT_TCP_EASE_H
#define TRANSPORT_TCP_EASE_H

#include "base/likely.h"
#include "transport/tcp/parts.h"

enum {
    /* Flags that make what comes special: urgent data, and there is nobody. */
    TCP_HEARS_SPECIAL = TCP_URGENT_SENDING | TCP_URGENT_KNOWN | TCP_CLOSED_DONE,
    /* And what leaves: urgent data (flags_of), a probe of the tail or of a closed window (allowed, new_text), a small
     * piece held back or let go (small_piece_may_leave). */
    TCP_SENDS_SPECIAL = TCP_CLOSED_DONE | TCP_URGENT_SENDING | TCP_TAIL | TCP_PROBE | TCP_MORE | TCP_FLUSH
};

/* ease.c: all the fields. */
bool tcp_ease_holds(const struct tcp_connection *c);
/* ease.c: those that one of the two asks for; remembers it where all hold. */
bool tcp_ease_to_hear(struct tcp_connection *c);
bool tcp_ease_to_send(struct tcp_connection *c);

/* Somebody begins to do who knows what with the connection. */
static inline void tcp_ease_ends(struct tcp_connection *c)
{
    c->flags &= ~(uint32_t)TCP_AT_EASE;
}

static inline bool tcp_hears_at_ease(struct tcp_connection *c)
{
    uint32_t flags = c->flags & (TCP_HEARS_SPECIAL | TCP_AT_EASE);

    return LIKELY(flags == TCP_AT_EASE) || (flags == 0 && tcp_ease_to_hear(c));
}

static inline bool tcp_sends_at_ease(struct tcp_connection *c)
{
    uint32_t flags = c->flags & (TCP_SENDS_SPECIAL | TCP_AT_EASE);

    return LIKELY(flags == TCP_AT_EASE) || (flags == 0 && tcp_ease_to_send(c));
}

#endif
