/* drill/view.c: what the stack sent, in the script's words, and how it differs from what was expected. */
#include "run.h"

#include <stdarg.h>
#include <string.h>

#include "symbols.h"

enum {
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_FAST_OPEN = 34,
    KIND_ACCECN0 = 172,
    KIND_ACCECN1 = 174,
    KIND_EXPERIMENT = 254,
    FAST_OPEN_EXPERIMENT = 0xf989,
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
        line->accurate_ecn = packet->accurate_ecn;
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

static void add_hex(struct text *text, const char *before, const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        add(text, "%s%02x", i == 0 ? before : "", octets[i]);
}

/* Fast Open, accurate ECN, and what has no name here. */
static void add_other_option(struct text *text, uint8_t kind, const uint8_t *value, size_t length)
{
    static const char *const counters[] = { "e0b", "ceb", "e1b" };

    if (kind == KIND_FAST_OPEN) {
        add(text, "FO");
        add_hex(text, " ", value, length);
    } else if (kind == KIND_EXPERIMENT && length >= 2 && (value[0] << 8 | value[1]) == FAST_OPEN_EXPERIMENT) {
        add(text, "FOEXP");
        add_hex(text, " ", value + 2, length - 2);
    } else if ((kind == KIND_ACCECN0 || kind == KIND_ACCECN1) && length % 3 == 0 && length <= 9) {
        add(text, "ECN");
        for (size_t i = 0; i < length / 3; i++)
            add(text, " %s %u", counters[kind == KIND_ACCECN0 ? i : 2 - i],
                (unsigned)value[3 * i] << 16 | (unsigned)value[3 * i + 1] << 8 | value[3 * i + 2]);
    } else {
        add(text, "unknown %u", kind);
        add_hex(text, " 0x", value, length);
    }
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
        add_other_option(text, option->kind, value, length);
}

void drill_view_option(const struct baro_tcp_option *option, char *to, size_t size)
{
    struct text text = { to, size, 0 };

    to[0] = '\0';
    add_option(&text, option);
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

void drill_view_options(const struct packet_line *line, char *to, size_t size)
{
    struct text text = { to, size, 0 };

    to[0] = '\0';
    add_options(&text, line);
}

static void add_flags(struct text *text, const struct packet_line *line)
{
    static const char letters[] = "FSRP.UEW";
    /* the order in which scripts write them */
    static const uint8_t order[] = { 1, 0, 2, 3, 5, 6, 7, 4 };

    for (size_t i = 0; i < sizeof order; i++)
        if ((line->flags & 1U << order[i]) != 0)
            add(text, "%c", letters[order[i]]);
    if (line->accurate_ecn)
        add(text, "A");
    if (line->flags == 0 && !line->accurate_ecn)
        add(text, "-");
}

void drill_view_flags(const struct packet_line *line, char *to, size_t size)
{
    struct text text = { to, size, 0 };

    to[0] = '\0';
    add_flags(&text, line);
}

static void add_tcp(struct text *text, const struct packet_line *line)
{
    add(text, " ");
    add_flags(text, line);
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

bool drill_view_is_echo(const struct packet_line *line)
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
    if (type == NULL)
        add(text, " icmp type_%u", line->icmp_type);
    else
        add(text, " icmp %s", type);
    if (line->has_icmp_code && code != NULL)
        add(text, " %s", code);
    else if (line->icmp_code != 0)
        add(text, " code_%u", line->icmp_code);
    if (tells_mtu(line))
        add(text, " mtu %u", line->icmp_rest);
    if (drill_view_is_echo(line))
        add(text, " id %u seq %u (%u)", line->icmp_rest >> 16, line->icmp_rest & UINT16_MAX, line->length);
}

const char *drill_view_ecn(int ecn)
{
    static const char *const names[] = { "noecn", "ect1", "ect0", "ce", "ect01" };

    return ecn >= 0 && ecn <= ECN_EITHER ? names[ecn] : "?";
}

void drill_view_print(const struct packet_line *line, char *to, size_t size)
{
    struct text text = { to, size, 0 };

    add(&text, "%c", line->inbound ? '<' : '>');
    if (line->ecn > 0)
        add(&text, " [%s]", drill_view_ecn(line->ecn));
    if (line->source_port >= 0 && line->kind != PACKET_ICMP)
        add(&text, " %d>%d", line->source_port, line->destination_port);
    if (line->kind == PACKET_TCP)
        add_tcp(&text, line);
    else if (line->kind == PACKET_UDP)
        add(&text, " udp (%u)", line->length);
    else
        add_icmp(&text, line);
}
