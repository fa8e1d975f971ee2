/* transport/tcp/expected_open.c: the segments of an opening dialogue that are to be expected: a plain SYN for a
 * listener, the SYN+ACK that a SYN of ours waits for, and the ACK that makes a connection of a half-open record (RFC
 * 9293 §3.5).
 *
 * The same rule as in expected.c: everything is tested before anything is changed; then the same statements, or the
 * same functions, as on the slow path; whatever is not as expected goes there with nothing touched. With a trace only
 * the whole path is taken, and sim/fast_open_test compares the two.
 *
 *   - SYN and SYN+ACK: no text, and the options as nearly everybody writes them: MSS, SACK permitted, timestamps,
 *     window scale in one block. The segment as values is made of that block; what happens then is listen.c's and
 *     syn_sent.c's.
 *   - ACK: of our SYN, at RCV.NXT, with the timestamps agreed and nothing else, the first SYN+ACK's answer. Of the
 *     steps of half_open_input.c and ack.c little is left: SND.UNA goes over the SYN, the round trip is measured. Text
 *     that came with it (ack_turn.c) is the connection's next segment then; where expected.c does not want that, it
 *     goes the slow path, for which the ACK is an old one. */
#include "transport/tcp/expected_steps.h"

enum { SYN_STAMPED = 36, SYN_SCALED = 40 }; /* octets of a SYN's header */
enum { ECN_FLAGS = TCP_FLAG_ECE | TCP_FLAG_CWR };

/* Of `octets` of text behind the header. */
static inline bool sum_is_right(const struct tcp_arrival *arrival, uint32_t octets)
{
    uint64_t sum;

    if (arrival->checksum_verified)
        return true;
    sum = arrival_sum(arrival, arrival->length - octets);
    if (octets != 0)
        sum = words_carry(sum, octets_sum(arrival->octets + arrival->length - octets, octets));
    return words_are_right(sum);
}

/* ---- the ACK that ends a dialogue ---- */

/* Was it answered once, at once, and does nobody wait for more? (Whom the timer looked at was answered again, or has
 * ACKED.) */
static bool is_plain(const struct tcp_half_open *record, const struct tcp_listener *listener)
{
    const unsigned unusual = HALF_OPEN_HELD | HALF_OPEN_AGAIN | HALF_OPEN_ACKED;

    return (record->flags & (unusual | HALF_OPEN_SACK_PERMITTED)) == HALF_OPEN_SACK_PERMITTED &&
           listener->settings.defer_accept_s == 0 && tcp_accept_queue_has_room(listener);
}

/* Does it say what the record waits for, and nothing else? */
static bool is_answer(const struct tcp_half_open *record, const struct tcp_arrival *arrival,
                      struct expected_segment *segment)
{
    const bool stamped = (record->flags & HALF_OPEN_TIMESTAMPS) != 0;

    return arrival_read(segment, arrival, stamped, TCP_FLAG_PSH) && seq_eq(segment->seq, seq_add(record->irs, 1)) &&
           seq_eq(segment->ack, seq_add(record->iss, 1)) &&
           (!stamped || (int32_t)(segment->ts_value - record->ts_recent) >= 0);
}

/* ack.c's acknowledged(), where nothing but the SYN was sent, once, and so is timed. */
static void syn_acknowledged(struct tcp *tcp, struct tcp_connection *c)
{
    const int64_t sample_ns = tcp->core->now.ns - c->rtt_at_ns;

    c->snd.una = c->flight.up = c->flight.small = c->snd.nxt;
    c->flags &= ~(uint32_t)TCP_RTT_TIMING;
    rtt_begin(&c->rtt, sample_ns, tcp->core->now.ns);
    tcp_grow(tcp, c, 1, 1, sample_ns);
}

/* The text behind it. */
static bool take_text(struct tcp *tcp, struct tcp_connection *c, const struct tcp_arrival *arrival)
{
    struct tcp_arrival text = *arrival;

    text.checksum_verified = true;
    return tcp_ease_to_hear(c) && tcp_expected(tcp, &text); /* who is known to be at ease is asked less there */
}

static bool end_of_dialogue(struct tcp *tcp, const struct tcp_arrival *arrival, uint32_t mtu)
{
    struct tcp_half_open *record = tcp_resolve_half_open(tcp, arrival->handle);
    struct expected_segment segment;
    struct tcp_listener *listener;
    struct tcp_connection *c;

    if (record == NULL || !arrival_is_between(arrival, &record->local, &record->remote) ||
        !is_answer(record, arrival, &segment))
        return false;
    listener = tcp_half_open_listener(tcp, record);
    if (!is_plain(record, listener) || !sum_is_right(arrival, segment.octets))
        return false;
    if (record->flags & HALF_OPEN_TIMESTAMPS)
        record->ts_recent = segment.ts_value;
    c = tcp_half_open_connect(tcp, listener, record, mtu, arrival->handle);
    if (c == NULL)
        return false; /* and there will be no memory on the slow path either */
    tcp_half_open_free(tcp, record);
    tcp_half_open_begun(tcp, listener, c, segment.seq, segment.ack, (uint16_t)arrival_window(arrival, 0));
    syn_acknowledged(tcp, c);
    if (segment.octets != 0)
        return take_text(tcp, c, arrival);
    tcp->core->counters.tcp_in++;
    tcp->expected++;
    c->segments_in = 1;
    return true;
}

/* ---- SYN and SYN+ACK ---- */

/* The options of nearly all SYNs, as tcp_options_read() would find them. False: they are others. */
static bool read_block(struct tcp_options *options, const uint8_t *at, uint32_t length)
{
    uint32_t stamps;

    if (length != SYN_SCALED && length != SYN_STAMPED)
        return false;
    stamps = read_be32(at + HEADER_PLAIN + 4);
    if (read_be16(at + HEADER_PLAIN) != TCP_WORD_MSS >> 16 ||
        (stamps != TCP_WORD_PERMITTED_TIMESTAMPS && stamps != TCP_WORD_NOP_NOP_TIMESTAMPS))
        return false;
    if (length == SYN_SCALED && read_be32(at + HEADER_PLAIN + 16) >> 8 != TCP_WORD_NOP_SCALE >> 8)
        return false;
    *options = (struct tcp_options){ .has_mss = true,
                                     .mss = read_be16(at + HEADER_PLAIN + 2),
                                     .sack_permitted = stamps == TCP_WORD_PERMITTED_TIMESTAMPS,
                                     .has_timestamps = true,
                                     .ts_value = read_be32(at + HEADER_PLAIN + 8),
                                     .ts_echo = read_be32(at + HEADER_PLAIN + 12),
                                     .has_scale = length == SYN_SCALED,
                                     .scale = length == SYN_SCALED ? at[HEADER_PLAIN + 19] : 0 };
    return true;
}

/* A SYN's values, as segment_read() has them, but for the four-tuple. False: it has text, or not the options of nearly
 * all. Each field is written by its name: a structure as large as this is cleared by an instruction that takes its
 * time. */
static bool read_syn(struct segment *segment, const struct ip_packet *packet, const struct tcp_arrival *arrival)
{
    const uint8_t *at = arrival->octets;

    if ((uint32_t)(at[12] >> 4) * 4 != arrival->length || !read_block(&segment->options, at, arrival->length))
        return false;
    tcp_header_read(&segment->header, at);
    segment->packet = packet;
    segment->seq = seq_of(segment->header.seq);
    segment->ack = seq_of(segment->header.ack);
    segment->flags = segment->header.flags;
    segment->window = segment->header.window;
    segment->data = (struct baro_bytes){ at + arrival->length, 0 };
    segment->fin = segment->copied = false;
    segment->follows = HANDLE_NONE;
    return true;
}

/* Sources of which segment_read() drops what comes, as they stand in the packet: unspecified, multicast, broadcast, and
 * itself. */
static bool source_is_possible(const struct tcp_arrival *arrival)
{
    const uint8_t *source = arrival->addresses;
    const bool one_port = read_be16(arrival->octets) == read_be16(arrival->octets + 2);

    if (arrival->family == BARO_FAMILY_IPV6) {
        static const uint8_t zero[16] = { 0 };

        return memcmp(source, zero, 16) != 0 && source[0] != 0xff &&
               !(one_port && memcmp(source, source + 16, 16) == 0 && arrival->source_zone == arrival->destination_zone);
    }
    return read_be32(source) != 0 && (source[0] & 0xf0) != 0xe0 && read_be32(source) != UINT32_MAX &&
           !(one_port && memcmp(source, source + 4, 4) == 0);
}

static void done(struct tcp *tcp, enum baro_drop_reason reason)
{
    if (reason != BARO_DROP_NONE)
        core_drop(tcp->core, reason);
}

/* For a listener, and no connection or record is in its way. */
static bool syn(struct tcp *tcp, const struct tcp_arrival *arrival, struct segment *segment)
{
    struct tcp_listener *listener;

    if (arrival->sure || !handle_is_none(arrival->handle) || !source_is_possible(arrival))
        return false;
    arrival_ends(arrival, &segment->local, &segment->remote);
    segment->hash = arrival->hash;
    if (!handle_is_none(tcp_find_by_hash(tcp, (uint32_t)segment->hash, &segment->local, &segment->remote)))
        return false;
    listener = tcp_find_listener(tcp, &segment->local, &segment->remote);
    if (listener == NULL || !sum_is_right(arrival, 0))
        return false;
    tcp->core->counters.tcp_in++;
    done(tcp, tcp_input_listen(tcp, listener, segment));
    return true;
}

static bool syn_ack(struct tcp *tcp, const struct tcp_arrival *arrival, struct segment *segment)
{
    struct tcp_connection *c = tcp_looked_up(tcp, arrival);
    enum baro_drop_reason reason;

    if (c == NULL || c->state != BARO_TCP_SYN_SENT || !seq_eq(segment->ack, c->snd.nxt) ||
        seq_eq(c->snd.nxt, c->snd.iss) || !sum_is_right(arrival, 0))
        return false;
    segment->local = c->local;
    segment->remote = c->remote;
    segment->hash = c->hash;
    tcp->core->counters.tcp_in++;
    tcp->recent = tcp_handle(tcp, c);
    tcp->recent_place = c;
    c->segments_in++;
    reason = tcp_input_syn_sent(tcp, c, segment);
    tcp_reap(tcp, c);
    done(tcp, reason);
    return true;
}

/* ---- all of it ---- */

bool tcp_expected_opening(struct tcp *tcp, const struct tcp_arrival *arrival, uint32_t mtu)
{
    const unsigned flags = arrival->octets[13];
    struct ip_packet packet;
    struct segment segment;

    if ((flags & ~(unsigned)TCP_FLAG_PSH) == TCP_FLAG_ACK)
        return end_of_dialogue(tcp, arrival, mtu);
    if ((flags & ~(unsigned)(ECN_FLAGS | TCP_FLAG_ACK)) != TCP_FLAG_SYN || tcp->without != 0)
        return false;
    packet.mtu = mtu; /* of a segment without text TCP asks the packet no more than this */
    packet.tos = arrival->tos;
    packet.checksum_verified = true;
    if (!read_syn(&segment, &packet, arrival) ||
        !(flags & TCP_FLAG_ACK ? syn_ack(tcp, arrival, &segment) : syn(tcp, arrival, &segment)))
        return false;
    tcp->expected++;
    return true;
}
