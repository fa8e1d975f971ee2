/* drill/parse_packet.c: packet lines.
 *
 *     packet = (`<` | `>`) (`[` field, ... `]` | `(` field, ... `)`)* [port > port] body
 *     field  = noecn | ect0 | ect1 | ect01 | ce | tos N | ttl N | flowlabel N
 *     body   = flags first:last(length) [ack N] [win N] [urg N] [<options>]
 *            | udp (length)
 *            | [`[` quote `]`] (icmp | icmpv4 | icmpv6) type [code] [mtu N] [id N] [seq N] [(length)] [`[` quote `]`]
 *     quote  = first:last(length) | udp (length) */
#include "parser.h"
#include "symbols.h"

#include <string.h>

enum { ICMP_UNREACHABLE = 3, ICMP_FRAGMENTATION_NEEDED = 4, DATAGRAM_LIMIT = 65527, FLOW_LABEL_MOST = 0xfffff };

static bool parse_u32(struct lexer *lexer, uint32_t *number)
{
    uint64_t wide = 0;

    if (!drill_parse_number(lexer, UINT32_MAX, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool parse_range(struct lexer *lexer, struct sequence_range *range)
{
    struct location at = drill_lexer_peek(lexer)->at;

    if (!parse_u32(lexer, &range->first) || !drill_parse_sign(lexer, ':') ||
        !parse_u32(lexer, &range->last) || !drill_parse_sign(lexer, '(') ||
        !parse_u32(lexer, &range->length) || !drill_parse_sign(lexer, ')'))
        return false;
    return range->first + range->length == range->last ||
           drill_lexer_error(lexer, at, "%u:%u is not %u octets", range->first, range->last, range->length);
}

static bool parse_length(struct lexer *lexer, uint32_t *length)
{
    uint64_t number = 0;

    if (!drill_parse_sign(lexer, '(') || !drill_parse_number(lexer, DATAGRAM_LIMIT, &number))
        return false;
    *length = (uint32_t)number;
    return drill_parse_sign(lexer, ')');
}

/* ---- TCP ---- */

static const struct {
    char letter;
    uint8_t flag;
} flag_letters[] = { { 'F', BARO_TCP_FIN }, { 'S', BARO_TCP_SYN }, { 'R', BARO_TCP_RST },
                     { 'P', BARO_TCP_PSH }, { '.', BARO_TCP_ACK }, { 'U', BARO_TCP_URG },
                     { 'E', BARO_TCP_ECE }, { 'W', BARO_TCP_CWR }, { '-', 0 } };

/* Letters, and for accurate ECN (RFC 9768 §3.1) A for AE, or the count of AE, CWR and ECE together as a digit: `.5`. */
static bool parse_flags(struct lexer *lexer, struct packet_line *packet)
{
    struct token run = drill_lexer_take_run(lexer, "FSRP.UEWA-01234567");

    if (run.length == 0)
        return drill_lexer_error(lexer, run.at, "expected TCP flags, udp or icmp, found %s",
                                 drill_token_words(drill_lexer_peek(lexer)));
    packet->flags = 0;
    for (size_t i = 0; i < run.length; i++) {
        char letter = run.text[i];

        for (size_t j = 0; j < sizeof flag_letters / sizeof flag_letters[0]; j++)
            if (flag_letters[j].letter == letter)
                packet->flags |= flag_letters[j].flag;
        if (letter >= '0' && letter <= '7') {
            packet->flags = (uint8_t)(packet->flags | (letter - '0') << 6);
            packet->accurate_ecn = packet->accurate_ecn || (letter & 4) != 0;
        }
        packet->accurate_ecn = packet->accurate_ecn || letter == 'A';
    }
    return true;
}

static bool parse_tcp(struct lexer *lexer, struct packet_line *packet)
{
    uint64_t number = 0;

    packet->kind = PACKET_TCP;
    if (!parse_flags(lexer, packet) || !parse_range(lexer, &packet->range))
        return false;
    if (drill_token_is_word(drill_lexer_peek(lexer), "ack")) {
        drill_lexer_take(lexer);
        packet->has_ack = true;
        if (!parse_u32(lexer, &packet->ack))
            return false;
    }
    if (drill_token_is_word(drill_lexer_peek(lexer), "win")) {
        drill_lexer_take(lexer);
        packet->has_window = true;
        if (!drill_parse_number(lexer, UINT16_MAX, &number))
            return false;
        packet->window = (uint32_t)number;
    }
    if (drill_token_is_word(drill_lexer_peek(lexer), "urg")) {
        drill_lexer_take(lexer);
        packet->has_urgent = true;
        if (!drill_parse_number(lexer, UINT16_MAX, &number))
            return false;
        packet->urgent = (uint32_t)number;
    }
    /* A number without the flag is legal, and means nothing (RFC 9293 §3.1): scripts have it in their RST. */
    if (!packet->has_ack && (packet->flags & BARO_TCP_ACK) != 0)
        return drill_lexer_error(lexer, drill_lexer_peek(lexer)->at, "the flag '.' needs an ack number");
    return !drill_token_is_sign(drill_lexer_peek(lexer), '<') || drill_parse_tcp_options(lexer, packet);
}

/* ---- UDP and ICMP ---- */

static bool parse_udp(struct lexer *lexer, struct packet_line *packet)
{
    drill_lexer_take(lexer);
    packet->kind = PACKET_UDP;
    return parse_length(lexer, &packet->length);
}

static bool parse_quote(struct lexer *lexer, struct packet_line *packet)
{
    if (!drill_parse_sign(lexer, '['))
        return false;
    packet->has_quote = true;
    if (drill_token_is_word(drill_lexer_peek(lexer), "udp")) {
        drill_lexer_take(lexer);
        packet->quote_udp = true;
        if (!parse_length(lexer, &packet->quote.length))
            return false;
    } else if (!parse_range(lexer, &packet->quote)) {
        return false;
    }
    return drill_parse_sign(lexer, ']');
}

/* `type_3`, `code_255`: the number; -1: something else. */
static int numbered(const struct token *token, const char *prefix)
{
    size_t length = strlen(prefix);
    int number = 0;

    if (token->kind != TOKEN_WORD || token->length <= length || token->length > length + 3 ||
        memcmp(token->text, prefix, length) != 0)
        return -1;
    for (size_t i = length; i < token->length; i++) {
        if (token->text[i] < '0' || token->text[i] > '9')
            return -1;
        number = number * 10 + (token->text[i] - '0');
    }
    return number <= UINT8_MAX ? number : -1;
}

static bool parse_icmp_code(struct lexer *lexer, struct packet_line *packet, int line)
{
    const struct token *token = drill_lexer_peek(lexer);
    int code;

    if (token->kind == TOKEN_NUMBER && token->at.line != line) /* the next event's time */
        return true;
    if (token->kind == TOKEN_NUMBER) {
        uint64_t number = 0;

        packet->has_icmp_code = true;
        if (!drill_parse_number(lexer, UINT8_MAX, &number))
            return false;
        packet->icmp_code = (uint8_t)number;
        return true;
    }
    if (token->kind != TOKEN_WORD || drill_token_is_word(token, "mtu") || drill_token_is_word(token, "id") ||
        drill_token_is_word(token, "seq"))
        return true;
    code = numbered(token, "code_");
    if (code < 0)
        code = drill_symbol_icmp_code(packet->is_icmpv6, packet->icmp_type, token->text, token->length);
    if (code < 0)
        return drill_lexer_error(lexer, token->at, "%s is no code of ICMP%s type %u", drill_token_words(token),
                                 packet->is_icmpv6 ? "v6" : "", packet->icmp_type);
    packet->has_icmp_code = true;
    packet->icmp_code = (uint8_t)code;
    drill_lexer_take(lexer);
    return true;
}

/* The second word, and a payload of an echo. */
static bool parse_icmp_rest(struct lexer *lexer, struct packet_line *packet)
{
    static const struct {
        const char *word;
        unsigned shift;
    } parts[] = { { "mtu", 0 }, { "id", 16 }, { "seq", 0 } };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        uint64_t number = 0;

        if (!drill_token_is_word(drill_lexer_peek(lexer), parts[i].word))
            continue;
        drill_lexer_take(lexer);
        if (!drill_parse_number(lexer, i == 0 && packet->is_icmpv6 ? UINT32_MAX : UINT16_MAX, &number))
            return false;
        packet->icmp_rest |= (uint32_t)number << parts[i].shift;
    }
    if (drill_token_is_sign(drill_lexer_peek(lexer), '(') && !parse_length(lexer, &packet->length))
        return false;
    return !drill_token_is_sign(drill_lexer_peek(lexer), '[') || parse_quote(lexer, packet);
}

/* `icmp` is the one of the script's IP version. */
static bool is_icmp(const struct token *token)
{
    return drill_token_is_word(token, "icmp") || drill_token_is_word(token, "icmpv4") ||
           drill_token_is_word(token, "icmpv6");
}

static bool parse_icmp(struct lexer *lexer, struct packet_line *packet)
{
    struct token token;
    int type;

    packet->kind = PACKET_ICMP;
    if (drill_token_is_sign(drill_lexer_peek(lexer), '[') && !parse_quote(lexer, packet))
        return false;
    token = drill_lexer_take(lexer);
    if (!is_icmp(&token))
        return drill_lexer_error(lexer, token.at, "expected icmp, found %s", drill_token_words(&token));
    packet->is_icmpv6 = lexer->script->settings.version == DRILL_IPV6;
    if (token.length > 4 && (token.text[5] == '6') != packet->is_icmpv6)
        return drill_lexer_error(lexer, token.at, "%s in a script of the other IP version",
                                 drill_token_words(&token));
    token = drill_lexer_take(lexer);
    type = numbered(&token, "type_");
    if (type < 0 && token.kind == TOKEN_WORD)
        type = drill_symbol_icmp_type(packet->is_icmpv6, token.text, token.length);
    if (type < 0)
        return drill_lexer_error(lexer, token.at, "expected a type of ICMP, found %s",
                                 drill_token_words(&token));
    packet->icmp_type = (uint8_t)type;
    return parse_icmp_code(lexer, packet, token.at.line) && parse_icmp_rest(lexer, packet);
}

/* ---- IP, ports, and the whole ---- */

/* `ect0` and its like, as the two bits; -1: something else. */
static int ecn_of(const struct token *token)
{
    static const char *const names[] = { "noecn", "ect1", "ect0", "ce", "ect01" };

    for (int i = 0; i <= ECN_EITHER; i++)
        if (drill_token_is_word(token, names[i]))
            return i;
    return -1;
}

static bool is_ip_field(const struct token *token)
{
    return ecn_of(token) >= 0 || drill_token_is_word(token, "tos") || drill_token_is_word(token, "ttl") ||
           drill_token_is_word(token, "flowlabel");
}

static bool parse_ip_field(struct lexer *lexer, struct packet_line *packet)
{
    struct token token = drill_lexer_take(lexer);
    uint64_t number = 0;
    bool label = drill_token_is_word(&token, "flowlabel");

    if (ecn_of(&token) >= 0) {
        packet->ecn = ecn_of(&token);
        return !(packet->inbound && packet->ecn == ECN_EITHER) ||
               drill_lexer_error(lexer, token.at, "ect01 is for outbound packets");
    }
    if (!is_ip_field(&token))
        return drill_lexer_error(lexer, token.at, "expected tos, ttl, flowlabel or a mark of ECN, found %s",
                                 drill_token_words(&token));
    if (label && lexer->script->settings.version != DRILL_IPV6)
        return drill_lexer_error(lexer, token.at, "only IPv6 has flow labels");
    if (!drill_parse_number(lexer, label ? FLOW_LABEL_MOST : UINT8_MAX, &number))
        return false;
    if (label)
        packet->flow_label = (int)number;
    else if (token.text[1] == 'o')
        packet->tos = (int)number;
    else
        packet->ttl = (int)number;
    return true;
}

/* `[ect0, ttl 64]` or `(tos 0x10)`, the opening taken already. */
static bool parse_ip_fields(struct lexer *lexer, struct packet_line *packet, char closing)
{
    for (;;) {
        if (!parse_ip_field(lexer, packet))
            return false;
        if (!drill_token_is_sign(drill_lexer_peek(lexer), ','))
            return drill_parse_sign(lexer, closing);
        drill_lexer_take(lexer);
    }
}

/* All brackets in front of the packet but the quote of an ICMP error. */
static bool parse_ip(struct lexer *lexer, struct packet_line *packet)
{
    for (;;) {
        struct lexer before = *lexer;

        if (drill_token_is_sign(drill_lexer_peek(lexer), '(')) {
            drill_lexer_take(lexer);
            if (!parse_ip_fields(lexer, packet, ')'))
                return false;
            continue;
        }
        if (!drill_token_is_sign(drill_lexer_peek(lexer), '['))
            return true;
        drill_lexer_take(lexer);
        if (!is_ip_field(drill_lexer_peek(lexer))) {
            *lexer = before;
            return true;
        }
        if (!parse_ip_fields(lexer, packet, ']'))
            return false;
    }
}

static bool parse_ports(struct lexer *lexer, struct packet_line *packet)
{
    uint64_t source = 0, destination = 0;

    if (!drill_parse_number(lexer, UINT16_MAX, &source) || !drill_parse_sign(lexer, '>') ||
        !drill_parse_number(lexer, UINT16_MAX, &destination))
        return false;
    packet->source_port = (int)source;
    packet->destination_port = (int)destination;
    return true;
}

static bool parse_body(struct lexer *lexer, struct packet_line *packet)
{
    static const char *const outer[] = { "ipv4", "ipv6", "gre", "mpls", "psp", "sctp", "udplite" };
    const struct token *next = drill_lexer_peek(lexer);

    for (size_t i = 0; i < sizeof outer / sizeof outer[0]; i++)
        if (drill_token_is_word(next, outer[i]))
            return drill_lexer_error(lexer, next->at, "packets of %s are not supported", outer[i]);
    if (drill_token_is_word(next, "udp"))
        return parse_udp(lexer, packet);
    if (is_icmp(next) || drill_token_is_sign(next, '['))
        return parse_icmp(lexer, packet);
    return parse_tcp(lexer, packet);
}

bool drill_parse_packet(struct lexer *lexer, struct packet_line *packet)
{
    packet->inbound = drill_lexer_take(lexer).text[0] == '<';
    packet->ecn = packet->tos = packet->ttl = packet->flow_label = -1;
    packet->source_port = packet->destination_port = -1;
    packet->timestamps_at = -1;
    if (!parse_ip(lexer, packet))
        return false;
    /* `.5` are flags, not a port. */
    if (drill_lexer_peek(lexer)->kind == TOKEN_NUMBER && drill_lexer_peek(lexer)->text[0] != '.' &&
        !parse_ports(lexer, packet))
        return false;
    return parse_body(lexer, packet);
}
