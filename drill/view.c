/* drill/view.c: what the stack sent, in the script's words, and how it differs from what was expected. */
#include "run.h"

#include <stdarg.h>
#include <string.h>

#include "symbols.h"

enum {
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    ICMP_UNREACHABLE = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
    ECN_MASK = 3,
    ICMP_ECHO_REPLY = 0,
    ICMP_ECHO_REQUEST = 8,
    ICMPV6_PACKET_TOO_BIG = 2,
    ICMPV6_ECHO_REQUEST = 128,
    ICMPV6_ECHO_REPLY = 129
};

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Options with the stack's numbers turned into the script's: SACK is about the peer's stream, the timestamp
 * is our clock, its echo the peer's. */
static void view_options(const struct connection *connection, const struct baro_packet *packet,
                         struct packet_line *line)
{
    struct baro_bytes rest;
    struct baro_tcp_option option;

    line->options_length = (uint8_t)packet->tcp_options.length;
    if (line->options_length != 0)
        memcpy(line->options, packet->tcp_options.data, line->options_length);
    rest = (struct baro_bytes){ line->options, line->options_length };
    while (baro_tcp_option_next(&rest, &option)) {
        size_t at = option.value.length == 0 ? 0 : (size_t)(option.value.data - line->options);

        if (option.kind == KIND_TIMESTAMPS && option.value.length == 8) {
            line->timestamps_at = (int)at;
            write32(line->options + at, read32(line->options + at) - connection->timestamps_offset);
        }
        for (size_t i = 0; option.kind == KIND_SACK && i + 4 <= option.value.length; i += 4)
            write32(line->options + at + i, read32(line->options + at + i) - connection->remote_offset);
    }
}

void drill_view_datagram(const struct run *run, const struct connection *connection,
                         const struct baro_packet *packet, struct packet_line *line)
{
    (void)run;
    *line = (struct packet_line){ .ecn = packet->tos & ECN_MASK,
                                  .tos = packet->tos,
                                  .ttl = packet->ttl,
                                  .flow_label = (int)packet->flow_label,
                                  .source_port = packet->source_port.number,
                                  .timestamps_at = -1,
                                  .destination_port = packet->destination_port.number };
    if (packet->layer == BARO_PACKET_UDP) {
        line->kind = PACKET_UDP;
        line->length = packet->payload_length;
    } else if (packet->layer == BARO_PACKET_ICMP) {
        line->kind = PACKET_ICMP;
        line->is_icmpv6 = packet->source.family == BARO_FAMILY_IPV6;
        line->icmp_type = packet->icmp_type;
        line->icmp_code = packet->icmp_code;
        line->has_icmp_code = true;
        line->icmp_rest = packet->icmp_rest;
        line->length = packet->payload_length;
    } else {
        bool acks = (packet->flags & BARO_TCP_ACK) != 0;

        line->kind = PACKET_TCP;
        line->flags = packet->flags;
        line->range.first = packet->seq - connection->local_offset;
        line->range.length = packet->payload_length;
        line->range.last = line->range.first + line->range.length;
        line->has_ack = acks;
        line->ack = acks ? packet->ack - connection->remote_offset : packet->ack;
        line->has_window = true;
        line->window = packet->window;
        line->has_urgent = (packet->flags & BARO_TCP_URG) != 0;
        line->urgent = packet->urgent;
        view_options(connection, packet, line);
    }
}

/* ---- printing ---- */

struct text {
    char *to;
    size_t size, used;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->to + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += (size_t)length < text->size - text->used ? (size_t)length : text->size - text->used - 1;
}

static void add_option(struct text *text, const struct baro_tcp_option *option)
{
    const uint8_t *value = option->value.data;
    size_t length = option->value.length;

    if (option->kind == 0)
        add(text, "eol");
    else if (option->kind == 1)
        add(text, "nop");
    else if (option->kind == 2 && length == 2)
        add(text, "mss %u", (unsigned)value[0] << 8 | value[1]);
    else if (option->kind == 3 && length == 1)
        add(text, "wscale %u", value[0]);
    else if (option->kind == 4)
        add(text, "sackOK");
    else if (option->kind == KIND_TIMESTAMPS && length == 8)
        add(text, "TS val %u ecr %u", read32(value), read32(value + 4));
    else if (option->kind == KIND_SACK)
        for (size_t i = 0; i + 8 <= length; i += 8)
            add(text, "%s %u:%u", i == 0 ? "sack" : "", read32(value + i), read32(value + i + 4));
    else
        add(text, "unknown %u of %zu octets", option->kind, length + 2);
}

static void add_options(struct text *text, const struct packet_line *line)
{
    struct baro_bytes rest = { line->options, line->options_length };
    struct baro_tcp_option option;
    const char *separator = " <";

    if (line->any_options)
        add(text, " <...>");
    if (line->any_options || line->options_length == 0)
        return;
    for (; baro_tcp_option_next(&rest, &option); separator = ",") {
        add(text, "%s", separator);
        add_option(text, &option);
    }
    add(text, rest.length == 0 ? ">" : ",(malformed)>");
}

static void add_tcp(struct text *text, const struct packet_line *line)
{
    static const char letters[] = "FSRP.UEW";
    /* the order in which scripts write them */
    static const uint8_t order[] = { 1, 0, 2, 3, 5, 6, 7, 4 };

    add(text, " ");
    for (size_t i = 0; i < sizeof order; i++)
        if ((line->flags & 1U << order[i]) != 0)
            add(text, "%c", letters[order[i]]);
    if (line->flags == 0)
        add(text, "-");
    add(text, " %u:%u(%u)", line->range.first, line->range.last, line->range.length);
    if (line->has_ack)
        add(text, " ack %u", line->ack);
    if (line->has_window)
        add(text, " win %u", line->window);
    if (line->has_urgent)
        add(text, " urg %u", line->urgent);
    add_options(text, line);
}

static bool tells_mtu(const struct packet_line *line)
{
    if (line->is_icmpv6)
        return line->icmp_type == ICMPV6_PACKET_TOO_BIG;
    return line->icmp_type == ICMP_UNREACHABLE && line->icmp_code == ICMP_FRAGMENTATION_NEEDED;
}

static bool is_echo(const struct packet_line *line)
{
    if (line->is_icmpv6)
        return line->icmp_type == ICMPV6_ECHO_REQUEST || line->icmp_type == ICMPV6_ECHO_REPLY;
    return line->icmp_type == ICMP_ECHO_REQUEST || line->icmp_type == ICMP_ECHO_REPLY;
}

static void add_icmp(struct text *text, const struct packet_line *line)
{
    const char *type = drill_symbol_icmp_type_name(line->is_icmpv6, line->icmp_type);
    const char *code = drill_symbol_icmp_code_name(line->is_icmpv6, line->icmp_type, line->icmp_code);

    if (line->has_quote && line->quote_udp)
        add(text, " [udp (%u)]", line->quote.length);
    else if (line->has_quote)
        add(text, " [%u:%u(%u)]", line->quote.first, line->quote.last, line->quote.length);
    add(text, " icmp %s", type == NULL ? "?" : type);
    if (line->has_icmp_code && code != NULL)
        add(text, " %s", code);
    else if (line->icmp_code != 0)
        add(text, " %u", line->icmp_code);
    if (tells_mtu(line))
        add(text, " mtu %u", line->icmp_rest);
    if (is_echo(line))
        add(text, " id %u seq %u (%u)", line->icmp_rest >> 16, line->icmp_rest & UINT16_MAX, line->length);
}

void drill_view_print(const struct packet_line *line, char *to, size_t size)
{
    static const char *const ecn[] = { "noecn", "ect1", "ect0", "ce" };
    struct text text = { to, size, 0 };

    add(&text, "%c", line->inbound ? '<' : '>');
    if (line->ecn > 0)
        add(&text, " [%s]", ecn[line->ecn]);
    if (line->source_port >= 0 && line->kind != PACKET_ICMP)
        add(&text, " %d>%d", line->source_port, line->destination_port);
    if (line->kind == PACKET_TCP)
        add_tcp(&text, line);
    else if (line->kind == PACKET_UDP)
        add(&text, " udp (%u)", line->length);
    else
        add_icmp(&text, line);
}

/* ---- comparing ---- */

static void differs(struct text *text, bool different, const char *name)
{
    if (different)
        add(text, "%s%s", text->used == 0 ? "" : ", ", name);
}

/* The stack's clock ticks in milliseconds, and `seen` counts them from the same first number. */
static bool same_stamp(uint32_t expected, uint32_t seen, const struct stamp_rule *rule)
{
    int64_t expected_ns = (int64_t)(int32_t)(expected - rule->first) * rule->tick_ns;
    int64_t seen_ns = (int64_t)(int32_t)(seen - rule->first) * 1000000, difference = expected_ns - seen_ns;

    return rule->tick_ns == 0 || (difference <= rule->tolerance_ns && -difference <= rule->tolerance_ns);
}

static bool same_options(const struct packet_line *expected, const struct packet_line *seen,
                         const struct stamp_rule *rule)
{
    uint8_t octets[SCRIPT_OPTIONS_LIMIT];

    if (expected->any_options)
        return true;
    if (expected->options_length != seen->options_length)
        return false;
    memcpy(octets, seen->options, sizeof octets);
    if (expected->timestamps_at >= 0 && expected->timestamps_at == seen->timestamps_at) {
        size_t at = (size_t)expected->timestamps_at;
        uint32_t wanted = read32(expected->options + at);

        if (same_stamp(wanted, read32(octets + at), rule))
            write32(octets + at, wanted);
    }
    return memcmp(octets, expected->options, expected->options_length) == 0;
}

static void compare_tcp(struct text *text, const struct packet_line *expected, const struct packet_line *seen,
                        const struct stamp_rule *rule)
{
    differs(text, expected->flags != seen->flags, "flags");
    differs(text, expected->range.first != seen->range.first, "seq");
    differs(text, expected->range.length != seen->range.length, "length");
    differs(text, expected->has_ack && seen->has_ack && expected->ack != seen->ack, "ack");
    differs(text, expected->has_window && expected->window != seen->window, "win");
    differs(text, expected->has_urgent && expected->urgent != seen->urgent, "urg");
    differs(text, !same_options(expected, seen, rule), "options");
}

static void compare_icmp(struct text *text, const struct packet_line *expected,
                         const struct packet_line *seen)
{
    bool echo = is_echo(expected);

    differs(text, expected->icmp_type != seen->icmp_type, "type");
    differs(text, expected->has_icmp_code && expected->icmp_code != seen->icmp_code, "code");
    differs(text, expected->icmp_rest != 0 && expected->icmp_rest != seen->icmp_rest,
            echo ? "id or seq" : "mtu");
    differs(text, echo && expected->length != seen->length, "length");
}

bool drill_view_same(const struct packet_line *expected, const struct packet_line *seen,
                     const struct stamp_rule *rule, char *differences, size_t size)
{
    struct text text = { differences, size, 0 };

    differences[0] = '\0';
    if (expected->kind != seen->kind) {
        add(&text, "protocol");
        return false;
    }
    if (expected->kind != PACKET_ICMP && expected->source_port >= 0)
        differs(&text,
                expected->source_port != seen->source_port ||
                    expected->destination_port != seen->destination_port,
                "ports");
    differs(&text, expected->ecn >= 0 && expected->ecn != seen->ecn, "ECN");
    differs(&text, expected->tos >= 0 && expected->tos != seen->tos, "TOS");
    differs(&text, expected->ttl >= 0 && expected->ttl != seen->ttl, "TTL");
    differs(&text, expected->flow_label >= 0 && expected->flow_label != seen->flow_label, "flow label");
    if (expected->kind == PACKET_TCP)
        compare_tcp(&text, expected, seen, rule);
    else if (expected->kind == PACKET_UDP)
        differs(&text, expected->length != seen->length, "length");
    else
        compare_icmp(&text, expected, seen);
    return text.used == 0;
}
