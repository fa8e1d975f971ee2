/* transport/tcp/expected.c: header prediction: the segment that a connection waits for (RFC 9293 §3.10.7.4 in
 * short).
 *
 * Nearly all segments of a connection's life are alike: the next in order, with an ACK that is new or the
 * last one again, no flag but ACK and PSH, no option but the timestamps that were agreed, and nothing is
 * being repaired on either side. Of the RFC's eight steps little is left of such a segment, and that little
 * stands here, in the order of input.c. This is a fast path and no other opinion: everything is tested before
 * anything is changed; what is done then are the same statements, or the same functions, as on the whole
 * path; whatever else comes goes there with nothing touched. With a trace only the slow path is taken, since
 * it is the one that tells, and a test runs networks both ways and compares each frame
 * (test/sim/tcp_expected_test.c).
 *
 * What makes the steps short:
 *
 *   - PAWS, sequence number: SEG.SEQ is RCV.NXT, the text lies within the window, the timestamp is not older
 *     than TS.Recent.
 *   - RST, SYN, URG, FIN: the flag is not set, no urgent mark and no FIN is waited for. ESTABLISHED, or half of it: in
 *     CLOSE-WAIT comes no text, in FIN-WAIT-1 and -2 nothing that acknowledges our FIN. To who has closed comes no text
 *     either. The expected FIN, and the ACK of ours: expected_end.c; but the FIN to a connection that is open at both
 *     ends comes as any text, since code that runs once in a connection's life is waited for.
 *   - ACK: SND.UNA <= SEG.ACK <= SND.NXT. No SACK block comes, nothing is SACKED, lost or sent twice in the
 *     flight, no timeout, tail probe, D-SACK, reduction for a mark, undo or trial of smaller segments is in
 *     hand: then an ACK delivers the oldest octets, and RACK can find nothing lost, because all that stays in
 *     flight was sent after what has arrived.
 *   - text: none is held out of order, so the ring's end is where it goes. The ring takes its memory first if
 *     it must, as on the slow path; the sum is taken while the text is copied there, and a wrong one leaves
 *     behind only octets that nobody knows of. */
#include "base/likely.h"
#include "transport/tcp/expected_steps.h"
#include "transport/tcp/lines.h"

/* ---- whose is it ---- */

ALWAYS_INLINE bool is_between(const struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    return arrival_is_between(arrival, &c->local, &c->remote);
}

static inline void look_up(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    arrival->hash = demux_hash_packet(&tcp->demux, arrival->addresses, arrival->octets,
                                      demux_kind(arrival->family, arrival->source_zone, arrival->destination_zone));
}

static inline uint32_t last_of_source(const struct tcp_arrival *arrival)
{
    return read_be32(arrival->addresses + (arrival->family == BARO_FAMILY_IPV6 ? 12 : 0));
}

static inline unsigned lately_at(uint32_t ports, uint32_t from)
{
    return (ports * UINT32_C(0x9e3779b1) ^ from * UINT32_C(0x85ebca6b)) >> (32 - TCP_LATELY_BITS);
}

/* Is it one of those that took a segment of late? Memory of a place does not go before it is forgotten here
 * (tcp_forget_places()), so it can be looked at whoever is there now; one that left the demux is no answer, since
 * another may have its four-tuple. */
static inline bool is_of_lately(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    uint32_t ports = read_be32(arrival->octets), from = last_of_source(arrival);
    const struct tcp_lately *lately = &tcp->lately[lately_at(ports, from)];

    if (lately->ports != ports || lately->from != from || lately->place == NULL ||
        !pool_is_still(lately->place, lately->handle) || (lately->place->flags & TCP_IN_DEMUX) == 0 ||
        !is_between(lately->place, arrival))
        return false;
    arrival->place = lately->place;
    arrival->handle = lately->handle;
    return true;
}

static inline void remember(struct tcp *tcp, const struct tcp_arrival *arrival, struct tcp_connection *c)
{
    uint32_t ports = read_be32(arrival->octets), from = last_of_source(arrival);

    tcp->lately[lately_at(ports, from)] = (struct tcp_lately){ ports, from, tcp_handle(tcp, c), c };
}

/* Is it known whose it is, or its hash? */
ALWAYS_INLINE bool is_known(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    struct tcp_connection *recent = tcp->recent_place;
    const struct tcp_half_open *record = tcp->recent_half_open;

    /* Segments of one connection come together. */
    arrival->sure = recent != NULL && pool_is_still(recent, tcp->recent) && is_between(recent, arrival);
    arrival->place = recent;
    arrival->handle = arrival->sure ? tcp->recent : HANDLE_NONE;
    if (!arrival->sure && tcp->lately_is_asked)
        arrival->sure = is_of_lately(tcp, arrival);
    if (arrival->sure)
        return true;
    if (record == NULL || !arrival_is_between(arrival, &record->local, &record->remote))
        return false;
    arrival->hash = record->hash;
    return true;
}

bool tcp_look_up_known(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    return is_known(tcp, arrival);
}

bool tcp_look_up_of_burst(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    if (tcp->lately_is_asked)
        return is_known(tcp, arrival) && arrival->sure;
    arrival->sure = false;
    arrival->handle = HANDLE_NONE;
    return false;
}

bool tcp_look_up_again(const struct tcp *tcp, struct handle connection, struct tcp_arrival *arrival)
{
    arrival->place = tcp->recent_place;
    arrival->handle = connection;
    arrival->sure =
        arrival->place != NULL && handle_equal(tcp->recent, connection) && pool_is_still(arrival->place, connection);
    return arrival->sure;
}

bool tcp_look_up_same(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    return tcp->recent_place == arrival->place && handle_equal(tcp->recent, arrival->handle);
}

/* `inline` for optimisation of the whole: two callers would have it called. */
inline void tcp_look_up(struct tcp *tcp, struct tcp_arrival *arrival)
{
    if (!is_known(tcp, arrival)) {
        look_up(tcp, arrival);
        tcp->lately_is_asked = true; /* frames that come alone are not counted */
    }
    if (!arrival->sure)
        arrival->bucket = NULL; /* nobody asked for it */
}

void tcp_look_up_strangers(struct tcp *tcp, unsigned unknown, unsigned count)
{
    tcp->strangers = 8 * unknown > 7 * count ? tcp->strangers + unknown : 0;
    tcp->lately_is_asked = tcp->strangers < TCP_LATELY_TRIES || tcp->strangers % TCP_LATELY_EACH < TCP_LATELY_FIRST;
}

void tcp_look_up_hashes(const struct tcp *tcp, struct tcp_arrival *const arrival[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        look_up(tcp, arrival[i]);
        arrival[i]->bucket = demux_prefetch(&tcp->demux, (uint32_t)arrival[i]->hash);
        arrival[i]->moves = tcp->demux.moves;
    }
}

/* Is its name in the demux? */
ALWAYS_INLINE bool is_named(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    const uint32_t hash = (uint32_t)arrival->hash;
    struct demux_cursor cursor;

    if (LIKELY(arrival->bucket != NULL && arrival->moves == tcp->demux.moves) &&
        demux_at_home(arrival->bucket, hash, &arrival->name))
        return true;
    cursor = demux_begin(&tcp->demux, hash);
    return demux_next(&cursor, &arrival->name);
}

void tcp_look_up_connection(struct tcp *tcp, struct tcp_arrival *arrival)
{
    unsigned kind;

    if (arrival->sure)
        return;
    arrival->place = NULL;
    prefetch_line(arrival->octets + HEADER_STAMPED);
    prefetch_line(arrival->octets + arrival->length - 1);
    if (UNLIKELY(!is_named(tcp, arrival))) {
        arrival->name = TCP_NOBODY;
        return;
    }
    kind = tcp_kind_of((struct handle){ arrival->name });
    if (kind == TCP_KIND_CONNECTION) {
        arrival->place = pool_prefetch(&tcp->connections, arrival->name);
        prefetch_line(arrival->place); /* of nothing it is nothing */
    } else if (kind != TCP_KIND_HALF_OPEN) {
        arrival->name = TCP_NOBODY;
    }
}

void tcp_prefetch_lines(const struct tcp_arrival *arrival)
{
    if (!arrival->sure)
        tcp_lines_prefetch(arrival->place);
}

/* Does its program mostly say something to what comes? Then text will leave, too. */
static inline bool is_answered(const struct tcp_connection *c)
{
    return 2 * (uint64_t)c->data_out > c->data_in;
}

void tcp_prefetch_text(const struct tcp *tcp, struct tcp_arrival *arrival)
{
    const struct tcp_connection *c;
    bool sends;

    if (arrival->sure || arrival->name == TCP_NOBODY)
        return;
    c = arrival->place;
    arrival->handle = c == NULL ? tcp_named(tcp, arrival->name) : pool_handle_there(c);
    if (c == NULL || handle_is_none(arrival->handle))
        return;
    if (c->recv.data != NULL)
        ring_prefetch(&c->recv, c->recv.end);
    if (c->send.data != NULL)
        ring_prefetch(&c->send, c->send.end);
    sends = !seq_eq(c->snd.una, c->snd.nxt) || is_answered(c);
    if (!c->late && (sends || c->quick_acks == 0)) /* else no timer is set, it may be */
        tcp_lines_prefetch_wheel(c);
    if (sends) {
        tcp_lines_prefetch_flight(c);
        tcp_flow_prefetch(c->flow);
    }
}

struct tcp_connection *tcp_looked_up(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = tcp_resolve(tcp, arrival->handle);

    /* It may have ended since the burst was looked at. */
    return c != NULL && (c->flags & TCP_IN_DEMUX) != 0 && is_between(c, arrival) ? c : NULL;
}

/* ---- is it what the connection waits for ---- */

bool tcp_flight_is_in_order(const struct tcp_connection *c)
{
    return c->sender == NULL || expected_flight_is_in_order(c->sender);
}

bool tcp_is_at_ease(struct tcp_connection *c)
{
    return expected_is_at_ease(c);
}

/* ---- fifth: the ACK ---- */

/* tcp_sender_acked() where nothing tells of a loss, of a flight of several moments. The round trip of what was sent
 * last. */
__attribute__((noinline)) int64_t tcp_expected_board(struct tcp *tcp, struct tcp_connection *c)
{
    struct scoreboard_delivered delivered = { 0 };
    int64_t now_ns = tcp->core->now.ns;

    scoreboard_acked(&c->sender->board, c->snd.una, &delivered);
    c->counts.reordered += delivered.below;
    rack_delivered(&c->sender->rack, &c->rack, &delivered, &(struct rack_facts){ .now_ns = now_ns }, false);
    return delivered.any ? now_ns - delivered.at_ns : 0;
}

ALWAYS_INLINE void
acknowledged(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment, const bool plain)
{
    expected_acknowledges(tcp, c, segment, segment->octets == 0, plain);
    expected_timers(tcp, c, plain);
}

__attribute__((noinline)) void tcp_expected_acknowledged(struct tcp *tcp, struct tcp_connection *c,
                                                         const struct expected_segment *segment)
{
    acknowledged(tcp, c, segment, false);
}

/* ---- all of it ---- */

static inline struct tcp_connection *connection_of(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = arrival->place;

    if (LIKELY(arrival->sure))
        return LIKELY(pool_is_still(c, arrival->handle)) ? c : NULL;
    if (c != NULL && !handle_is_none(arrival->handle) && pool_is_still(c, arrival->handle))
        return LIKELY(is_between(c, arrival)) ? c : NULL;
    /* Text came in one burst with the ACK that made its connection. */
    c = tcp->recent_place;
    return c != NULL && pool_is_still(c, tcp->recent) && is_between(c, arrival) ? c : NULL;
}

/* The steps behind the sum: nothing is left to be tested. */
ALWAYS_INLINE void take_text(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment,
                             const struct tcp_arrival *arrival, const bool plain)
{
    enum tcp_when when;

    expected_take_text(tcp, c, segment, arrival->tos, plain);
    if (plain && UNLIKELY(segment->fin))
        return; /* whose ACK is the text's */
    when = tcp_when_to_acknowledge(c, (arrival->octets[13] & TCP_FLAG_PSH) != 0);
    if (LIKELY(when == TCP_WHEN_LATER))
        tcp_delay_ack(tcp, c);
    else
        tcp_acknowledge_text(tcp, c, when);
    if (tcp_rest_is_far(tcp, c))
        tcp_rest_later(tcp, c);
    tcp_tell_here(tcp, c);
}

/* Is it what comes next, and all of it right? */
ALWAYS_INLINE bool
is_right(struct tcp *tcp, struct tcp_connection *c, struct expected_segment *segment, const struct tcp_arrival *arrival,
         bool stamped, const bool plain)
{
    if (!arrival_read(segment, arrival, stamped, plain ? TCP_FLAG_PSH | TCP_FLAG_FIN : TCP_FLAG_PSH) ||
        !expected_is_next(c, segment, stamped))
        return false;
    if (plain)
        return (segment->octets + segment->fin == 0 ||
                expected_fits(c, segment->octets + segment->fin, arrival->tos)) &&
               expected_sum_as_posted(tcp, c, segment, arrival, stamped, true);
    return !expected_acknowledges_fin(c, segment) &&
           (segment->octets == 0 || expected_may_take(c, segment, arrival->tos)) &&
           expected_sum_is_right(tcp, c, segment, arrival, stamped, true);
}

/* It has come. The ring of one of many in turn goes to the next one as soon as it is empty. */
ALWAYS_INLINE void arrived(struct tcp *tcp, struct tcp_connection *c, const struct expected_segment *segment,
                           const struct tcp_arrival *arrival, bool stamped)
{
    if (LIKELY(arrival->sure)) {
        expected_arrived(tcp, c, arrival->handle, segment, stamped);
        c->recv.passes = false;
        return;
    }
    expected_arrived(tcp, c, tcp_handle(tcp, c), segment, stamped);
    if (tcp->lately_is_asked)
        remember(tcp, arrival, c);
    c->recv.passes = true;
}

/* Two copies are made of this: of what is plain (expected_is_plain()) nobody asks what is known then. */
ALWAYS_INLINE bool
take(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival, const bool plain)
{
    const bool stamped = plain || (c->flags & TCP_TIMESTAMPS) != 0;
    struct expected_segment segment;

    if (!is_right(tcp, c, &segment, arrival, stamped, plain))
        return false;
    arrived(tcp, c, &segment, arrival, stamped);
    if (!seq_eq(segment.ack, c->snd.una)) {
        acknowledged(tcp, c, &segment, plain);
        if (UNLIKELY(!arrival->sure) && segment.octets != 0 && ring_used(&c->send) == 0 && c->reserved == 0)
            ring_pass(&c->send, &tcp->core->slabs); /* the answer */
    }
    if (!plain && c->sender != NULL) /* else it is not armed */
        c->deadline_ns[TCP_TIMER_REORDER] = 0;
    c->probes = 0;
    tcp_update_window(tcp, c, segment.seq, segment.ack, arrival_window(arrival, c->snd_scale));
    if (UNLIKELY(c->settings.keepalive))
        tcp_keepalive_restart(tcp, c);
    if (!plain)
        expected_wants_output(tcp, c);
    else if (tcp_unsent_text(c) != 0)
        tcp_want_more_output(tcp, c);
    if (segment.octets != 0)
        take_text(tcp, c, &segment, arrival, plain);
    if (plain && UNLIKELY(segment.fin))
        tcp_expected_fin(tcp, c, segment.octets);
    return true;
}

HOT bool tcp_expected(struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = connection_of(tcp, arrival);
    bool taken;

    if (UNLIKELY(c == NULL))
        return false;
    taken = LIKELY(expected_is_plain(c, arrival)) ? take(tcp, c, arrival, true)
                                                  : expected_is_at_ease(c) && take(tcp, c, arrival, false);
    return LIKELY(taken) || (c->state >= BARO_TCP_ESTABLISHED && tcp_expected_end(tcp, c, arrival));
}
