/* drill/parse_options.c: TCP options of a packet line, as the octets they stand for.
 *
 *     options = `<` ( `...` | option (`,` option)* ) `>`
 *     option  = nop | eol | sackOK | mss N | wscale N | TS val N ecr N | sack (N:N)+ | unknown K[=0xHEX]...
 *
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

static bool parse_timestamps(struct lexer *lexer, struct packet_line *packet)
{
    if (!put(lexer, packet, KIND_TIMESTAMPS << 8 | 10, 2))
        return false;
    packet->timestamps_at = packet->options_length;
    return word(lexer, "val") && put_number(lexer, packet, 4) && word(lexer, "ecr") &&
           put_number(lexer, packet, 4);
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
    return drill_lexer_error(lexer, token.at, "the TCP option %s is not supported yet",
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
