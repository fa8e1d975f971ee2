/* drill/parse_options.c: TCP options of a packet line, as the octets they stand for.
 *
 *     options = `<` ( `...` | option (`,` option)* ) `>`
 *     option  = nop | eol | sackOK | mss N | wscale N | TS val N ecr N | sack (N:N)+ | FO [HEX] | FOEXP [HEX]
 *             | ECN ([e0b N] [ceb N] [e1b N]) | unknown K [0xHEX]
 *
 * In an outbound line the value and the echo of TS may be `...` or `*`. ECN (also ACCECN, ack-ecn) is accurate ECN's
 * (RFC 9768 §3.2.3): its kind follows from the order of the counters, of which the last may be left out.
 * Nothing is aligned or padded that the script does not write, but the end: what comes out must be a multiple
 * of four. */
#include "parser.h"

#include <string.h>

enum {
    KIND_EOL = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_SCALE = 3,
    KIND_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_FAST_OPEN = 34,
    KIND_ACCECN0 = 172,
    KIND_ACCECN1 = 174,
    KIND_EXPERIMENT = 254,
    FAST_OPEN_EXPERIMENT = 0xf989, /* RFC 7413 §4.1.1 */
    COUNTERS = 3,
    SACK_LIMIT = 4
};

static bool put(struct lexer *lexer, struct packet_line *packet, uint64_t value, int octets)
{
    if (packet->options_length + octets > SCRIPT_OPTIONS_LIMIT)
        return drill_lexer_error(lexer, drill_lexer_peek(lexer)->at, "more than 40 octets of TCP options");
    for (int i = octets - 1; i >= 0; i--)
        packet->options[packet->options_length++] = (uint8_t)(value >> (8 * i));
    return true;
}

static bool put_number(struct lexer *lexer, struct packet_line *packet, int octets)
{
    uint64_t number = 0;

    return drill_parse_number(lexer, octets == 4 ? UINT32_MAX : (1ULL << (8 * octets)) - 1, &number) &&
           put(lexer, packet, number, octets);
}

static bool word(struct lexer *lexer, const char *wanted)
{
    struct token token = drill_lexer_take(lexer);

    return drill_token_is_word(&token, wanted) ||
           drill_lexer_error(lexer, token.at, "expected %s, found %s", wanted, drill_token_words(&token));
}

/* `...` or `*`: any; then zeros stand there. */
static bool parse_any(struct lexer *lexer, struct packet_line *packet, bool *any)
{
    const struct token *next = drill_lexer_peek(lexer);

    *any = next->kind == TOKEN_ELLIPSIS || drill_token_is_sign(next, '*');
    if (!*any)
        return put_number(lexer, packet, 4);
    if (packet->inbound)
        return drill_lexer_error(lexer, next->at, "an inbound packet needs all its numbers");
    drill_lexer_take(lexer);
    return put(lexer, packet, 0, 4);
}

static bool parse_timestamps(struct lexer *lexer, struct packet_line *packet)
{
    if (!put(lexer, packet, KIND_TIMESTAMPS << 8 | 10, 2))
        return false;
    packet->timestamps_at = packet->options_length;
    return word(lexer, "val") && parse_any(lexer, packet, &packet->any_stamp) && word(lexer, "ecr") &&
           parse_any(lexer, packet, &packet->any_echo);
}

/* Hexadecimal digits without 0x in front, as cookies have them, or with it; the length of the option is at
 * `length_at`. */
static bool put_octets(struct lexer *lexer, struct packet_line *packet, size_t length_at)
{
    struct token digits = *drill_lexer_peek(lexer);
    size_t at = 0;

    /* A definition's word is whole, what stands in the script was cut at the first letter. */
    if (digits.text == lexer->script->text + digits.offset)
        digits = drill_lexer_take_run(lexer, "0123456789abcdefABCDEFx");
    else
        drill_lexer_take(lexer);
    if (digits.length > 2 && digits.text[0] == '0' && digits.text[1] == 'x')
        at = 2;
    if (digits.length == at || (digits.length - at) % 2 != 0)
        return drill_lexer_error(lexer, digits.at, "expected octets in hexadecimal digits, found '%.*s'",
                                 (int)(digits.length < 40 ? digits.length : 40), digits.text);
    for (; at < digits.length; at += 2) {
        static const char known[] = "0123456789abcdef";
        const char *high = strchr(known, digits.text[at] | (digits.text[at] > '9' ? 0x20 : 0));
        const char *low = strchr(known, digits.text[at + 1] | (digits.text[at + 1] > '9' ? 0x20 : 0));

        if (high == NULL || low == NULL || *high == '\0' || *low == '\0')
            return drill_lexer_error(lexer, digits.at, "expected octets in hexadecimal digits");
        if (!put(lexer, packet, (uint64_t)((high - known) * 16 + (low - known)), 1))
            return false;
        packet->options[length_at]++;
    }
    return true;
}

/* Behind an option that may end there. */
static bool ends_here(struct lexer *lexer)
{
    const struct token *next = drill_lexer_peek(lexer);

    return drill_token_is_sign(next, ',') || drill_token_is_sign(next, '>');
}

static bool parse_fast_open(struct lexer *lexer, struct packet_line *packet, bool experiment)
{
    size_t length_at = packet->options_length + 1U;

    if (experiment ? !put(lexer, packet, (uint64_t)KIND_EXPERIMENT << 24 | 4 << 16 | FAST_OPEN_EXPERIMENT, 4)
                   : !put(lexer, packet, KIND_FAST_OPEN << 8 | 2, 2))
        return false;
    return ends_here(lexer) || put_octets(lexer, packet, length_at);
}

static bool parse_unknown(struct lexer *lexer, struct packet_line *packet)
{
    size_t length_at = packet->options_length + 1U;
    uint64_t kind = 0;

    if (!drill_parse_number(lexer, UINT8_MAX, &kind) || !put(lexer, packet, kind << 8 | 2, 2))
        return false;
    return ends_here(lexer) || put_octets(lexer, packet, length_at);
}

/* ECN e0b 1 ceb 0 e1b 1 is kind 172, ECN e1b 1 ceb 0 e0b 1 kind 174. */
static bool parse_accurate_ecn(struct lexer *lexer, struct packet_line *packet)
{
    static const char *const counters[2][COUNTERS] = { { "e0b", "ceb", "e1b" }, { "e1b", "ceb", "e0b" } };
    size_t kind_at = packet->options_length;
    int order = drill_token_is_word(drill_lexer_peek(lexer), counters[1][0]);

    if (!put(lexer, packet, (uint64_t)(order == 0 ? KIND_ACCECN0 : KIND_ACCECN1) << 8 | 2, 2))
        return false;
    for (int i = 0; i < COUNTERS && !ends_here(lexer); i++) {
        if (!word(lexer, counters[order][i]) || !put_number(lexer, packet, 3))
            return false;
        packet->options[kind_at + 1] = (uint8_t)(packet->options[kind_at + 1] + 3);
    }
    return true;
}

static bool parse_sack(struct lexer *lexer, struct packet_line *packet)
{
    size_t length_at = packet->options_length + 1U;
    int blocks = 0;

    if (!put(lexer, packet, KIND_SACK << 8, 2))
        return false;
    while (drill_lexer_peek(lexer)->kind == TOKEN_NUMBER && blocks < SACK_LIMIT) {
        if (!put_number(lexer, packet, 4) || !drill_parse_sign(lexer, ':') || !put_number(lexer, packet, 4))
            return false;
        blocks++;
    }
    packet->options[length_at] = (uint8_t)(2 + 8 * blocks);
    return true;
}

static bool parse_option(struct lexer *lexer, struct packet_line *packet)
{
    struct token token = drill_lexer_take(lexer);

    if (drill_token_is_word(&token, "nop"))
        return put(lexer, packet, KIND_NOP, 1);
    if (drill_token_is_word(&token, "eol"))
        return put(lexer, packet, KIND_EOL, 1);
    if (drill_token_is_word(&token, "sackOK"))
        return put(lexer, packet, KIND_PERMITTED << 8 | 2, 2);
    if (drill_token_is_word(&token, "mss"))
        return put(lexer, packet, KIND_MSS << 8 | 4, 2) && put_number(lexer, packet, 2);
    if (drill_token_is_word(&token, "wscale"))
        return put(lexer, packet, KIND_SCALE << 8 | 3, 2) && put_number(lexer, packet, 1);
    if (drill_token_is_word(&token, "TS"))
        return parse_timestamps(lexer, packet);
    if (drill_token_is_word(&token, "sack"))
        return parse_sack(lexer, packet);
    if (drill_token_is_word(&token, "FO") || drill_token_is_word(&token, "FOEXP"))
        return parse_fast_open(lexer, packet, token.length > 2);
    if (drill_token_is_word(&token, "unknown"))
        return parse_unknown(lexer, packet);
    if (drill_token_is_word(&token, "ECN") || drill_token_is_word(&token, "ACCECN") ||
        drill_token_is_word(&token, "AccECN"))
        return parse_accurate_ecn(lexer, packet);
    if (drill_token_is_word(&token, "ack"))
        return drill_parse_sign(lexer, '-') && word(lexer, "ecn") && parse_accurate_ecn(lexer, packet);
    return drill_lexer_error(lexer, token.at, "the TCP option %s is not supported",
                             drill_token_words(&token));
}

bool drill_parse_tcp_options(struct lexer *lexer, struct packet_line *packet)
{
    struct location at = drill_lexer_take(lexer).at;

    if (drill_lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        drill_lexer_take(lexer);
        packet->any_options = true;
        if (packet->inbound)
            return drill_lexer_error(lexer, at, "<...> is for outbound packets");
        return drill_parse_sign(lexer, '>');
    }
    while (!drill_token_is_sign(drill_lexer_peek(lexer), '>')) {
        if (!parse_option(lexer, packet))
            return false;
        if (!drill_token_is_sign(drill_lexer_peek(lexer), ','))
            break;
        drill_lexer_take(lexer);
    }
    return drill_parse_sign(lexer, '>') &&
           (packet->options_length % 4 == 0 ||
            drill_lexer_error(lexer, at, "%u octets of TCP options: not a multiple of four",
                              packet->options_length));
}
