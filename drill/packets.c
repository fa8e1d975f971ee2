/* drill/packets.c: inbound lines become datagrams for the stack, outbound ones are compared with what it
 * sent.
 *
 * A line may show more than one MSS, as an offloading stack would send it: the segments that add up to it,
 * each beginning where the last one ended, match it together. */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    DATAGRAM_LIMIT = 65535 + 40, /* IPv6 does not count its header */
    TRANSPORT_QUOTE = 8,         /* of what an error quotes, behind the IP header */
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    WORDS = 256
};

static const int64_t forever_ns = INT64_C(365) * 86400 * 1000000000;

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void fill(uint8_t *to, size_t length, uint64_t offset)
{
    for (size_t i = 0; i < length; i++)
        to[i] = drill_pattern_at(offset + i);
}

/* ---- in ---- */

/* The stack's number of a timestamp that the script knows. */
static uint32_t live_stamp(const struct connection *connection, uint32_t script)
{
    unsigned kept = connection->stamps < STAMPS_LIMIT ? connection->stamps : STAMPS_LIMIT;

    for (unsigned i = 1; i <= kept; i++) {
        const struct stamp *stamp = &connection->stamp[(connection->stamps - i) % STAMPS_LIMIT];

        if (stamp->script == script)
            return stamp->live;
    }
    return script + connection->timestamps_offset;
}

/* The script's options with the numbers of the wire: SACK is about our stream, an echo is of our clock. */
static void live_options(const struct connection *connection, const struct packet_line *line, uint8_t *to)
{
    struct baro_bytes rest = { to, line->options_length };
    struct baro_tcp_option option;

    memcpy(to, line->options, line->options_length);
    while (baro_tcp_option_next(&rest, &option)) {
        size_t at = option.value.length == 0 ? 0 : (size_t)(option.value.data - to);

        if (option.kind == KIND_TIMESTAMPS && option.value.length == 8 && read32(to + at + 4) != 0)
            write32(to + at + 4, live_stamp(connection, read32(to + at + 4)));
        for (size_t i = 0; option.kind == KIND_SACK && i + 4 <= option.value.length; i += 4)
            write32(to + at + i, read32(to + at + i) + connection->local_offset);
    }
}

static void inject_tcp(struct connection *connection, const struct packet_line *line,
                       struct baro_packet *packet, uint8_t *options, uint8_t *payload)
{
    uint32_t first = line->range.first;
    int32_t offset; /* below zero: what lies before the stream, when a segment begins there */

    if ((line->flags & BARO_TCP_SYN) != 0 &&
        (!connection->remote_known || first + 1 != connection->remote_first)) {
        /* A new incarnation: its answer brings a new ISN of ours, unless this answers our SYN. */
        if ((line->flags & BARO_TCP_ACK) == 0 && connection->remote_known)
            connection->local_known = connection->timestamps_known = false;
        connection->remote_known = true;
        connection->remote_first = first + 1;
    }
    packet->layer = BARO_PACKET_TCP;
    packet->flags = line->flags;
    packet->accurate_ecn = line->accurate_ecn;
    packet->seq = first + connection->remote_offset;
    packet->ack = line->has_ack ? line->ack + connection->local_offset : 0;
    packet->window = line->has_window ? (uint16_t)line->window : 0;
    packet->urgent = line->has_urgent ? (uint16_t)line->urgent : 0;
    live_options(connection, line, options);
    packet->tcp_options = (struct baro_bytes){ options, line->options_length };
    /* Data on a SYN begins behind it. */
    offset = (int32_t)(first + ((line->flags & BARO_TCP_SYN) != 0 ? 1U : 0U) - connection->remote_first);
    fill(payload, line->range.length, (uint64_t)(int64_t)offset);
    packet->payload = (struct baro_bytes){ payload, line->range.length };
}

/* The beginning of a datagram of ours, as a router that could not forward it quotes it. */
static size_t make_quote(struct run *run, const struct connection *connection, const struct packet_line *line,
                         uint8_t *to)
{
    static const uint8_t nothing[DATAGRAM_LIMIT];
    uint8_t datagram[DATAGRAM_LIMIT];
    struct baro_packet packet = { .vlan = -1,
                                  .source = connection->local.address,
                                  .dont_fragment = true,
                                  .destination = connection->remote.address,
                                  .source_port = connection->local.port,
                                  .destination_port = connection->remote.port,
                                  .payload = { nothing, line->quote.length } };

    size_t most = TRANSPORT_QUOTE + (line->is_icmpv6 ? IPV6_HEADER : IPV4_HEADER);

    if (!line->has_quote) {
        if (most > run->quoted_length)
            most = run->quoted_length;
        memcpy(to, run->quoted, most);
        return most;
    }
    packet.layer = line->quote_udp ? BARO_PACKET_UDP : BARO_PACKET_TCP;
    packet.seq = line->quote.first + connection->local_offset;
    packet.flags = BARO_TCP_ACK;
    if (baro_packet_build(&packet, (struct baro_buffer){ datagram, sizeof datagram }) < (ptrdiff_t)most)
        return 0;
    memcpy(to, datagram, most);
    return most;
}

static bool is_error(const struct packet_line *line)
{
    if (line->is_icmpv6)
        return line->icmp_type < 128; /* RFC 4443 §2.1 */
    return line->icmp_type == 3 || line->icmp_type == 4 || line->icmp_type == 5 || line->icmp_type == 11 ||
           line->icmp_type == 12;
}

static void inject_icmp(struct run *run, const struct connection *connection, const struct packet_line *line,
                        struct baro_packet *packet, uint8_t *payload)
{
    size_t length = line->length;

    packet->layer = BARO_PACKET_ICMP;
    packet->icmp_type = line->icmp_type;
    packet->icmp_code = line->icmp_code;
    packet->icmp_rest = line->icmp_rest;
    if (is_error(line))
        length = make_quote(run, connection, line, payload);
    else
        fill(payload, length, 0);
    packet->payload = (struct baro_bytes){ payload, length };
}

/* An ICMP line is about the newest connection of what it quotes. */
static int connection_of_icmp(struct run *run, const struct packet_line *line)
{
    int index = line->quote_udp || run->tcp_now == NOBODY ? run->udp_now : run->tcp_now;

    if (index != NOBODY)
        return index;
    return drill_connection_new(
        run, line->quote_udp,
        (struct baro_endpoint){ run->script->settings.local, { run->script->settings.bind_port } },
        (struct baro_endpoint){ run->script->settings.remote, { run->next_remote_port++ } });
}

bool drill_packet_inject(struct run *run, const struct packet_line *line)
{
    static uint8_t datagram[DATAGRAM_LIMIT], payload[DATAGRAM_LIMIT];
    uint8_t options[SCRIPT_OPTIONS_LIMIT];
    int index =
        line->kind == PACKET_ICMP ? connection_of_icmp(run, line) : drill_connection_of_line(run, line);
    struct connection *connection = &run->connection[index];
    struct baro_packet packet = { .vlan = -1, .dont_fragment = line->kind == PACKET_TCP };
    ptrdiff_t length;

    if (index == NOBODY)
        return false;
    packet.source = connection->remote.address;
    packet.destination = connection->local.address;
    packet.source_port = connection->remote.port;
    packet.destination_port = connection->local.port;
    packet.tos = (uint8_t)((line->tos >= 0 ? line->tos : 0) | (line->ecn > 0 ? line->ecn : 0));
    packet.ttl = line->ttl >= 0 ? (uint8_t)line->ttl : 0;
    packet.flow_label = line->flow_label >= 0 ? (uint32_t)line->flow_label : 0;
    if (line->kind == PACKET_TCP) {
        inject_tcp(connection, line, &packet, options, payload);
    } else if (line->kind == PACKET_UDP) {
        packet.layer = BARO_PACKET_UDP;
        fill(payload, line->length, 0);
        packet.payload = (struct baro_bytes){ payload, line->length };
    } else {
        inject_icmp(run, connection, line, &packet, payload);
    }
    length = baro_packet_build(&packet, (struct baro_buffer){ datagram, sizeof datagram });
    if (length < 0)
        return drill_run_fail(run, "this line is no packet: %s", strerror((int)-length));
    return drill_device_receive(run, datagram, (size_t)length);
}

/* ---- out ---- */

/* The first outbound SYN tells our ISN, the first timestamp our clock. */
static void learn(struct connection *connection, const struct packet_line *expected,
                  const struct baro_packet *packet)
{
    struct baro_tcp_options options;
    uint32_t script;

    if (packet->layer != BARO_PACKET_TCP)
        return;
    if (!connection->local_known && (packet->flags & BARO_TCP_SYN) != 0) {
        connection->local_known = true;
        connection->local_offset = packet->seq - expected->range.first;
        connection->local_first = expected->range.first + 1;
    }
    baro_tcp_options_parse(&options, packet->tcp_options);
    if (!options.has_timestamps || expected->timestamps_at < 0 || expected->any_stamp)
        return;
    script = read32(expected->options + expected->timestamps_at);
    if (!connection->timestamps_known) {
        connection->timestamps_known = true;
        connection->timestamps_first = script;
        connection->timestamps_offset = options.ts_value - script;
        connection->stamps = 0;
    }
    connection->stamp[connection->stamps++ % STAMPS_LIMIT] = (struct stamp){ script, options.ts_value };
}

/* Are the octets those that the program wrote? */
static bool contents_right(const struct connection *connection, const struct baro_packet *packet)
{
    uint32_t first = packet->seq - connection->local_offset - connection->local_first;
    uint64_t offset = packet->layer == BARO_PACKET_TCP ? first : 0;

    if (connection->own_words || (packet->layer == BARO_PACKET_TCP && (first >> 31) != 0))
        return true;
    for (size_t i = 0; i < packet->payload.length; i++)
        if (packet->payload.data[i] != drill_pattern_at(offset + i))
            return false;
    return true;
}

static bool is_of(const struct connection *connection, const struct baro_packet *packet)
{
    return packet->layer == BARO_PACKET_ICMP || packet->layer == BARO_PACKET_OTHER ||
           (connection->udp == (packet->layer == BARO_PACKET_UDP) &&
            packet->source_port.number == connection->local.port.number &&
            packet->destination_port.number == connection->remote.port.number);
}

static void show(struct run *run, const char *label, int64_t at_ns, const struct packet_line *line)
{
    char words[WORDS];

    drill_view_print(line, words, sizeof words);
    drill_run_detail(run, label, "%.6f %s", (double)at_ns / 1e9, words);
}

/* The connection that a datagram of the stack's belongs to, NOBODY: none that the script knows. */
static int owner_of(struct run *run, const struct baro_packet *packet)
{
    return drill_connection_find(run, packet->layer == BARO_PACKET_UDP,
                                 (struct baro_endpoint){ packet->source, packet->source_port },
                                 (struct baro_endpoint){ packet->destination, packet->destination_port });
}

void drill_packet_list_sent(struct run *run, size_t limit)
{
    for (size_t i = 0; i < run->sent_count && i < limit; i++) {
        const struct sent *sent = &run->sent[run->sent_first + i];
        struct baro_packet packet;
        struct packet_line line;
        int index;

        if (baro_packet_parse(&packet, (struct baro_bytes){ sent->data, sent->length }) != BARO_DROP_NONE)
            continue;
        index = owner_of(run, &packet);
        drill_view_datagram(run, &run->connection[index == NOBODY ? 0 : index], &packet, &line);
        if (run->event != NULL && run->event->kind == EVENT_PACKET && run->event->as.packet.source_port < 0)
            line.source_port = -1; /* as the script writes its lines */
        show(run, i == 0 ? drill_run_words(run, WORD_NEXT) : "", sent->at_ns, &line);
    }
}

/* Waits for the stack to send something, until `latest_ns`. */
static const struct sent *await(struct run *run, int64_t latest_ns)
{
    int64_t deadline;

    while (drill_run_sent(run) == NULL) {
        if (!drill_run_deadline(run, &deadline) || deadline > latest_ns)
            return NULL;
        if (!drill_run_advance(run, deadline > run->now_ns ? deadline : run->now_ns))
            return NULL;
    }
    return drill_run_sent(run);
}

/* Everything about one datagram that has nothing to do with how it was cut. */
static bool sound(struct run *run, const struct sent *sent, struct baro_packet *packet)
{
    enum baro_drop_reason reason = baro_packet_parse(packet, (struct baro_bytes){ sent->data, sent->length });

    if (reason != BARO_DROP_NONE)
        return drill_run_fail(run, "the stack sent a malformed packet: %s", baro_drop_text(reason));
    if (!packet->ip_checksum_right)
        return drill_run_fail(run, "the stack sent a wrong IP checksum");
    if (packet->layer != BARO_PACKET_OTHER && !packet->transport_checksum_right)
        return drill_run_fail(run, "the stack sent a wrong checksum behind the IP header");
    return true;
}

/* `part` of a super-segment that the script shows in one line: what is left of it, and the flags of a piece.
 */
static void piece_of(const struct packet_line *whole, uint32_t done, uint32_t length,
                     struct packet_line *part)
{
    *part = *whole;
    part->range.first += done;
    part->range.length = whole->range.length - done;
    if (length < part->range.length && length != 0) {
        part->range.length = length;
        part->flags &= (uint8_t) ~(BARO_TCP_PSH | BARO_TCP_FIN);
    }
    if (done != 0) /* an offloading device says CWR once (RFC 3168 §6.1.2) */
        part->flags &= (uint8_t)~BARO_TCP_CWR;
    part->range.last = part->range.first + part->range.length;
}

/* Shows both packets, the sent one as a line to copy, and what comes behind it. */
static bool mismatch(struct run *run, const struct sent *sent, int64_t from_ns,
                     const struct packet_line *expected, const struct packet_line *seen,
                     const struct comparison *comparison)
{
    struct packet_line quiet = *seen;

    if (expected->source_port < 0)
        quiet.source_port = -1;
    if (expected->kind != seen->kind)
        show(run, drill_run_words(run, WORD_EXPECTED), from_ns, expected);
    else
        drill_compare_print(run, comparison);
    show(run, drill_run_words(run, expected->kind != seen->kind ? WORD_ACTUAL : WORD_SENT), sent->at_ns,
         &quiet);
    drill_run_sent_take(run);
    drill_packet_list_sent(run, 4);
    return false;
}

/* By how much the packet misses its time; 0: it does not. Negative: too early. */
static int64_t misses_by(const struct run *run, const struct event *event, const struct sent *sent,
                         int64_t from_ns, int64_t to_ns)
{
    int64_t early = from_ns - run->tolerance_ns - sent->at_ns, late = sent->at_ns - to_ns - run->tolerance_ns;

    if (event->time == TIME_ANY)
        return 0;
    return early > 0 ? -early : late > 0 ? late : 0;
}

/* A row in front of the others. */
static void add_time(struct comparison *comparison, const struct event *event, int64_t from_ns, int64_t to_ns,
                     const struct sent *sent, bool differs)
{
    struct row *row = comparison->row;

    if (comparison->rows < ROWS_LIMIT)
        comparison->rows++;
    memmove(row + 1, row, (size_t)(comparison->rows - 1) * sizeof *row);
    *row = (struct row){ .name = "time", .differs = differs };
    if (event->time == TIME_ANY)
        snprintf(row->expected, sizeof row->expected, "*");
    else if (from_ns != to_ns)
        snprintf(row->expected, sizeof row->expected, "%.6f~%.6f", (double)from_ns / 1e9,
                 (double)to_ns / 1e9);
    else
        snprintf(row->expected, sizeof row->expected, "%.6f", (double)from_ns / 1e9);
    snprintf(row->seen, sizeof row->seen, "%.6f", (double)sent->at_ns / 1e9);
}

static bool fail_packet(struct run *run, const struct comparison *comparison, bool differs, bool other,
                        int64_t missed)
{
    char names[WORDS];

    if (differs) {
        drill_compare_names(comparison, names, sizeof names);
        return drill_run_fail(run, drill_run_words(run, WORD_DIFFERS), names);
    }
    if (missed != 0)
        return drill_run_fail(run, drill_run_words(run, missed < 0 ? WORD_TOO_EARLY : WORD_TOO_LATE),
                              (double)(missed < 0 ? -missed : missed) / 1e9);
    return drill_run_fail(run, "%s", drill_run_words(run, other ? WORD_OTHER_CONNECTION : WORD_OTHER_OCTETS));
}

/* One datagram against the line, `*done` octets of which have been seen. */
static bool expect_one(struct run *run, const struct event *event, int64_t from_ns, int64_t to_ns,
                       uint32_t *done)
{
    const struct packet_line *line = &event->as.packet;
    const struct sent *sent = await(run, event->time == TIME_ANY ? forever_ns : to_ns + run->tolerance_ns);
    struct packet_line part, seen;
    struct connection *connection;
    struct comparison comparison;
    struct stamp_rule rule;
    struct baro_packet packet;
    bool differs, other, foreign;
    int64_t missed;
    int index, owner;

    if (sent == NULL) {
        if (!run->failed) {
            if (*done == 0)
                drill_run_fail(run, "%s", drill_run_words(run, WORD_NOTHING_SENT));
            else
                drill_run_fail(run, drill_run_words(run, WORD_PARTLY_SENT), *done);
            show(run, drill_run_words(run, WORD_EXPECTED), from_ns, line);
        }
        return false;
    }
    if (!sound(run, sent, &packet))
        return false;
    index = line->kind == PACKET_ICMP ? connection_of_icmp(run, line) : drill_connection_of_line(run, line);
    if (index == NOBODY)
        return false;
    connection = &run->connection[index];
    if (connection->local.port.number == 0)
        connection->local.port = packet.source_port;
    if (is_of(connection, &packet))
        learn(connection, line, &packet);
    other = !is_of(connection, &packet);
    owner = other ? owner_of(run, &packet) : index;
    drill_view_datagram(run, owner == NOBODY ? connection : &run->connection[owner], &packet, &seen);
    piece_of(line, *done, packet.payload_length, &part);
    rule = (struct stamp_rule){ run->script->settings.timestamp_tick_ns, run->tolerance_ns,
                                connection->timestamps_first };
    differs = !drill_compare(&part, &seen, &rule, &comparison) && !other;
    missed = differs || other ? 0 : misses_by(run, event, sent, from_ns, to_ns);
    foreign = packet.layer <= BARO_PACKET_UDP && !contents_right(connection, &packet);
    if (differs || other || missed != 0 || foreign) {
        fail_packet(run, &comparison, differs, other, missed);
        add_time(&comparison, event, from_ns, to_ns, sent, missed != 0);
        return mismatch(run, sent, from_ns, &part, &seen, &comparison);
    }
    *done += line->kind == PACKET_TCP ? packet.payload_length : 0;
    if (event->time == TIME_ANY || event->from_ns != event->to_ns)
        run->base_ns = sent->at_ns;
    drill_run_sent_take(run);
    return true;
}

bool drill_packet_expect(struct run *run, const struct event *event, int64_t from_ns, int64_t to_ns)
{
    const struct packet_line *line = &event->as.packet;
    uint32_t done = 0;

    do {
        if (!expect_one(run, event, from_ns, to_ns, &done))
            return false;
    } while (line->kind == PACKET_TCP && done < line->range.length);
    return true;
}
