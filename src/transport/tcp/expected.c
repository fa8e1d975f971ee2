/* transport/tcp/expected.c: header prediction: the segment that a connection waits for (RFC 9293 §3.10.7.4 in
 * short).
 *
 * Nearly all segments of a connection's life are alike: the next in order, with an ACK that is new or the
 * last one again, no flag but ACK and PSH, no option but the timestamps that were agreed, and nothing is
 * being repaired on either side. Of the RFC's eight steps little is left of such a segment, and that little
 * stands here, in the order of input.c. This is a short cut and no other opinion: everything is tested before
 * anything is changed; what is done then are the same statements, or the same functions, as on the whole
 * path; whatever else comes goes there with nothing touched. With a trace only the whole path is taken, since
 * it is the one that tells, and a test runs networks both ways and compares each frame
 * (test/sim/tcp_expected_test.c).
 *
 * What makes the steps short:
 *
 *   - PAWS, sequence number: SEG.SEQ is RCV.NXT, the text lies within the window, the timestamp is not older
 *     than TS.Recent.
 *   - RST, SYN, URG, FIN: the flag is not set, no urgent mark and no FIN is waited for. ESTABLISHED, or half of
 *     it: in CLOSE-WAIT comes no text, in FIN-WAIT-1 and -2 nothing that acknowledges our FIN. To who has closed
 *     comes no text either. The expected FIN, and the ACK of ours: expected_end.c.
 *   - ACK: SND.UNA <= SEG.ACK <= SND.NXT. No SACK block comes, nothing is SACKED, lost or sent twice in the
 *     flight, no timeout, tail probe, D-SACK, reduction for a mark, undo or trial of smaller segments is in
 *     hand: then an ACK delivers the oldest octets, and RACK can find nothing lost, because all that stays in
 *     flight was sent after what has arrived.
 *   - text: none is held out of order, so the ring's end is where it goes. The ring takes its memory first if
 *     it must, as on the whole path; the sum is taken while the text is copied there, and a wrong one leaves
 *     behind only octets that nobody knows of. */
#include "transport/tcp/expected_end.h"

#include "base/checksum.h"
#include "base/place.h"
#include "base/words.h"
#include "codec/ip_protocol.h"
#include "transport/tcp/arrival.h"
#include "transport/tcp/exchange.h"

/* TCP's header in these segments: without options, or with NOP, NOP, timestamps (RFC 7323 appendix A). */
enum { PLAIN = 20, STAMPED = 32 };

/* Data offset and flags: the header's length, reserved bits zero, ACK; PSH may be set. */
enum { PLAIN_ACK = 0x5010, STAMPED_ACK = 0x8010 };

#define NOP_NOP_TIMESTAMPS UINT32_C(0x0101080a)

/* What the segment says, read once. */
struct expected {
    struct seq seq, ack;
    uint32_t window; /* scaled */
    uint32_t ts_value, ts_echo;
    const uint8_t *text;
    uint32_t octets; /* of text */
    uint32_t count;  /* segments on the wire */
    uint32_t full;   /* octets of text in the largest of them */
    bool posted;     /* the text stands in the program's own buffer */
};

/* ---- whose is it ---- */

static inline bool is_between(const struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    return arrival_is_between(arrival, &c->local, &c->remote);
}

static __attribute__((noinline)) void look_up(struct tcp *tcp, struct tcp_arrival *arrival)
{
    struct baro_endpoint local, remote;

    arrival_ends(arrival, &local, &remote);
    arrival->hash = demux_hash(&tcp->demux, &local, &remote);
    demux_prefetch(&tcp->demux, arrival->hash);
}

static inline uint32_t last_of_source(const struct tcp_arrival *arrival)
{
    return read_be32(arrival->addresses + (arrival->family == BARO_FAMILY_IPV6 ? 12 : 0));
}

static inline unsigned lately_at(uint32_t ports, uint32_t from)
{
    return (ports * UINT32_C(0x9e3779b1) ^ from * UINT32_C(0x85ebca6b)) >> (32 - TCP_LATELY_BITS);
}

/* Is it one of those that took a segment of late? A place of a pool stays one, so it can be looked at whoever is there now; one that
 * left the demux is no answer, since another may have its four-tuple. */
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

void tcp_foresee(struct tcp *tcp, struct tcp_arrival *arrival, const struct tcp_arrival *before)
{
    struct tcp_connection *recent = tcp->recent_place;

    /* Segments of one connection come together. */
    arrival->sure = recent != NULL && pool_is_still(recent, tcp->recent) && is_between(recent, arrival);
    arrival->place = recent;
    arrival->handle = arrival->sure ? tcp->recent : HANDLE_NONE;
    if (!arrival->sure)
        arrival->sure = is_of_lately(tcp, arrival);
    if (arrival->sure)
        return;
    if (before != NULL && !before->sure && arrival_is_same(arrival, before))
        arrival->hash = before->hash;
    else
        look_up(tcp, arrival);
}

void tcp_foresee_connection(struct tcp *tcp, struct tcp_arrival *arrival)
{
    struct demux_cursor cursor;

    if (arrival->sure)
        return;
    cursor = demux_begin(&tcp->demux, arrival->hash);
    if (!demux_next(&tcp->demux, &cursor, &arrival->handle) ||
        tcp_kind_of(arrival->handle) != TCP_KIND_CONNECTION) {
        if (tcp_kind_of(arrival->handle) != TCP_KIND_HALF_OPEN)
            arrival->handle = HANDLE_NONE;
        return;
    }
    tcp_lines_foresee(pool_foresee(&tcp->connections, arrival->handle));
}

void tcp_foresee_text(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    const struct tcp_connection *c = arrival->sure ? NULL : tcp_resolve(tcp, arrival->handle);

    if (c == NULL)
        return;
    if (c->recv.data != NULL)
        ring_foresee(&c->recv, c->recv.end);
    if (c->send.data != NULL)
        ring_foresee(&c->send, c->send.end);
    if (!seq_eq(c->snd.una, c->snd.nxt))
        tcp_lines_foresee_flight(c);
}

struct tcp_connection *tcp_foreseen(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = tcp_resolve(tcp, arrival->handle);

    /* It may have ended since the burst was looked at. */
    return c != NULL && (c->flags & TCP_IN_DEMUX) != 0 && is_between(c, arrival) ? c : NULL;
}

/* ---- is it what the connection waits for ---- */

/* Does nothing tell that anything of the flight may be lost, or came in another order? Runs that were sent
 * once stand in the order of their moments: where RACK's latest delivery is not younger than the first, it is
 * younger than none. */
static bool flight_is_in_order(const struct tcp_sender *sender)
{
    const struct scoreboard *board = &sender->board;

    return (board->sacked | board->lost | board->again) == 0 &&
           (board->count == 0 || !rack_is_beyond(&sender->rack, &board->run[0]));
}

bool tcp_flight_is_in_order(const struct tcp_connection *c)
{
    return c->sender == NULL || flight_is_in_order(c->sender);
}

/* Is nothing going on but the exchange of text and its ACKs? */
static inline bool is_at_ease(struct tcp_connection *c)
{
    return tcp_hears_at_ease(c) && c->state <= BARO_TCP_CLOSE_WAIT && c->snd.wnd != 0 &&
           (c->sender == NULL || flight_is_in_order(c->sender));
}

/* Marks of text (RFC 3168 §6.1.3): none of congestion. */
static inline bool marks_say_nothing(const struct tcp_connection *c, uint8_t tos)
{
    return (c->ecn.flags & TCP_ECN_HEARS) == 0 || (tos & ECN_BITS) != ECN_CE;
}

IN_PLACE bool
read_segment(struct expected *segment, const struct tcp_connection *c, const struct tcp_arrival *arrival, bool stamped)
{
    const uint8_t *at = arrival->octets;
    const uint32_t header = stamped ? STAMPED : PLAIN;

    if ((read_be16(at + 12) & ~TCP_FLAG_PSH) != (stamped ? STAMPED_ACK : PLAIN_ACK) || arrival->length < header)
        return false;
    segment->seq = seq_of(read_be32(at + 4));
    segment->ack = seq_of(read_be32(at + 8));
    segment->window = (uint32_t)read_be16(at + 14) << c->snd_scale;
    segment->ts_value = segment->ts_echo = 0;
    if (stamped) {
        if (read_be32(at + 20) != NOP_NOP_TIMESTAMPS)
            return false;
        segment->ts_value = read_be32(at + 24);
        segment->ts_echo = read_be32(at + 28);
    }
    segment->text = at + header;
    segment->octets = segment->full = arrival->length - header;
    segment->count = 1;
    if (arrival->gso_size != 0 && segment->full > arrival->gso_size) {
        segment->count = (segment->full + arrival->gso_size - 1) / arrival->gso_size;
        segment->full = arrival->gso_size;
    }
    return true;
}

/* May text be taken from it? */
static inline bool may_take(const struct tcp_connection *c, const struct expected *segment, uint8_t tos)
{
    const uint32_t deaf = TCP_ORPHAN | TCP_FIN_RECEIVED | TCP_SHUT_READ;

    return (c->flags & deaf) == 0 && segment->octets <= tcp_recv_window(c) && marks_say_nothing(c, tos) &&
           (segment->octets <= ring_space(&c->recv) || c->state == BARO_TCP_ESTABLISHED);
}

IN_PLACE bool
is_next(const struct tcp_connection *c, const struct expected *segment, uint8_t tos, bool stamped)
{
    /* SND.UNA <= SEG.ACK <= SND.NXT */
    if (!seq_eq(segment->seq, c->rcv.nxt) || seq_span(segment->ack, c->snd.una) > tcp_flight(c))
        return false;
    if (stamped && (int32_t)(segment->ts_value - c->ts_recent) < 0)
        return false;
    if ((c->flags & TCP_FIN_SENT) != 0 && seq_eq(segment->ack, c->snd.nxt) && !seq_eq(segment->ack, c->snd.una))
        return false;
    return segment->octets == 0 || may_take(c, segment, tos);
}

/* Does the program want it in a buffer of its own, and has room there (posted.c)? */
static inline bool is_posted_for(const struct tcp_connection *c, uint32_t octets)
{
    return (c->flags & TCP_POSTED) != 0 && octets != 0 && ring_used(&c->recv) == 0 &&
           octets <= c->posted.room - c->posted.filled;
}

/* The sum of everything, taken while the text goes behind the ring's end, which has or takes room for it as in
 * tcp_receive_fused(). */
IN_PLACE bool
sum_is_right(struct tcp *tcp, struct tcp_connection *c, struct expected *segment, const struct tcp_arrival *arrival,
             bool stamped)
{
    uint32_t octets = segment->octets;
    uint64_t sum = 0;

    segment->posted = is_posted_for(c, octets);
    if (!segment->posted && octets > ring_space(&c->recv) && !tcp_receive_room(tcp, c, c->recv.end + octets))
        return false;
    if (arrival->checksum_verified) {
        if (segment->posted)
            octets_copy(c->posted.at + c->posted.filled, segment->text, octets);
        else
            ring_write(&c->recv, c->recv.end, segment->text, octets);
        return true;
    }
    sum = arrival->family == BARO_FAMILY_IPV6 ? words_add(sum, arrival->addresses, 32)
                                              : words_add(sum, arrival->addresses, 8);
    sum = words_add(sum, arrival->octets, stamped ? STAMPED : PLAIN);
    sum = checksum_of_native(sum) + IP_PROTOCOL_TCP + (arrival->length >> 16) + (arrival->length & 0xffff);
    if (segment->posted)
        sum = checksum_copy(sum, c->posted.at + c->posted.filled, segment->text, octets);
    else
        sum = ring_write_sum(&c->recv, c->recv.end, segment->text, octets, sum);
    return checksum_fold(sum) == 0;
}

/* ---- fifth: the ACK ---- */

/* As tcp_timer_cancel(), which would tell the trace. */
static inline void clear_timer(struct tcp_connection *c, enum tcp_timer_name name)
{
    c->deadline_ns[name] = 0;
}

/* tcp_sender_acked() where nothing tells of a loss, of a flight of several moments. The round trip of what was sent last. */
static __attribute__((noinline)) int64_t board_acknowledged(struct tcp *tcp, struct tcp_connection *c)
{
    struct scoreboard_delivered delivered = { 0 };
    int64_t now_ns = tcp->core->now.ns;

    scoreboard_acked(&c->sender->board, c->snd.una, &delivered);
    c->counts.reordered += delivered.below;
    rack_delivered(&c->sender->rack, &c->rack, &delivered, &(struct rack_facts){ .now_ns = now_ns }, false);
    return delivered.any ? now_ns - delivered.at_ns : 0;
}

IN_PLACE void
acknowledged(struct tcp *tcp, struct tcp_connection *c, const struct expected *segment)
{
    uint32_t flight = tcp_flight(c), acked = seq_span(segment->ack, c->snd.una);

    c->snd.una = segment->ack;
    c->snd.up = seq_max(c->snd.up, segment->ack);
    c->snd.small = seq_max(c->snd.small, segment->ack);
    c->retransmit_next = seq_max(c->retransmit_next, segment->ack);
    c->retransmit_end = seq_max(c->retransmit_end, c->retransmit_next);
    tcp_measure(tcp, c, segment->ack, segment->ts_echo);
    c->retries = 0;
    c->hole.timeouts = 0; /* blackhole_acked(), where nothing is tried */
    c->hole.outage = false;
    c->soft_error = 0;
    c->progress = true;
    clear_timer(c, TCP_TIMER_USER_TIMEOUT);
    tcp_grow(tcp, c, acked, flight, c->sender == NULL ? tcp->core->now.ns - c->rtt_at_ns : board_acknowledged(tcp, c));
    tcp_send_acked(tcp, c);
    if (seq_eq(c->snd.una, c->snd.nxt)) {
        if (c->sender != NULL)
            tcp_sender_release(tcp, c);
        clear_timer(c, TCP_TIMER_RETRANSMIT);
        clear_timer(c, TCP_TIMER_TAIL);
    } else {
        tcp_timer_start(tcp, c, TCP_TIMER_RETRANSMIT, c->rtt.rto_ns);
        tcp_tail_arm(tcp, c);
    }
}

void tcp_expected_acknowledged(struct tcp *tcp, struct tcp_connection *c, struct seq ack, uint32_t ts_echo)
{
    acknowledged(tcp, c, &(struct expected){ .ack = ack, .ts_echo = ts_echo });
}

/* ---- all of it ---- */

static inline struct tcp_connection *connection_of(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c;

    if (arrival->sure)
        return pool_is_still(arrival->place, arrival->handle) ? arrival->place : NULL;
    c = tcp_resolve(tcp, arrival->handle);
    if (c != NULL)
        return is_between(c, arrival) ? c : NULL;
    /* Text came in one burst with the ACK that made its connection. */
    c = tcp->recent_place;
    return c != NULL && pool_is_still(c, tcp->recent) && is_between(c, arrival) ? c : NULL;
}

/* The steps behind the sum: nothing is left to be tested. */
IN_PLACE void
take_text(struct tcp *tcp, struct tcp_connection *c, const struct expected *segment, uint8_t tos)
{
    c->counts.data_in += segment->count;
    if ((c->ecn.flags & TCP_ECN_HEARS) != 0 && (tos & ECN_BITS) != ECN_NOT_ECT)
        c->ecn.flags |= TCP_ECN_SEEN;
    c->text_at_ns = tcp->core->now.ns;
    c->recv.end += segment->octets;
    tcp_text_in_order(tcp, c, segment->octets, segment->full, segment->ts_echo);
    if ((c->flags & TCP_POSTED) != 0)
        segment->posted ? tcp_posted_filled(tcp, c, segment->octets) : tcp_posted_fill(tcp, c);
    tcp_text_acknowledge_soon(tcp, c, tcp_acknowledges_now(c));
    if (tcp_rest_is_far(tcp, c))
        tcp_rest_later(tcp, c);
    tcp_tell(tcp, c);
}

/* `stamped`: with timestamps. Two copies are made of this, so that neither asks. */
IN_PLACE bool
take(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival, bool stamped)
{
    struct expected segment;

    if (!read_segment(&segment, c, arrival, stamped) || !is_next(c, &segment, arrival->tos, stamped) ||
        !sum_is_right(tcp, c, &segment, arrival, stamped))
        return false;
    tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    if (!arrival->sure)
        remember(tcp, arrival, c);
    tcp->expected += segment.count;
    tcp->core->counters.tcp_in += segment.count;
    c->segments_in += segment.count;
    if (stamped && seq_le(segment.seq, c->rcv.acked)) { /* RFC 7323 §4.3 */
        c->ts_recent = segment.ts_value;
        c->ts_recent_at_ns = tcp->core->now.ns;
    }
    c->received_at_ns = tcp->core->now.ns;
    if (!seq_eq(segment.ack, c->snd.una))
        acknowledged(tcp, c, &segment);
    if (c->sender != NULL) /* else it is not armed */
        clear_timer(c, TCP_TIMER_REORDER);
    c->probes = 0;
    tcp_update_window(tcp, c, segment.seq, segment.ack, segment.window);
    if (c->settings.keepalive)
        tcp_keepalive_restart(tcp, c);
    tcp_want_more_output(tcp, c);
    if (segment.octets != 0)
        take_text(tcp, c, &segment, arrival->tos);
    if (!handle_is_none(tcp->waiting_first))
        tcp_wake_waiting(tcp);
    return true;
}

bool tcp_expected(struct tcp *tcp, const struct tcp_arrival *arrival)
{
    struct tcp_connection *c = connection_of(tcp, arrival);

    if (c == NULL)
        return false;
    if (is_at_ease(c) && ((c->flags & TCP_TIMESTAMPS) != 0 ? take(tcp, c, arrival, true) : take(tcp, c, arrival, false)))
        return true;
    return tcp_expected_end(tcp, c, arrival);
}
