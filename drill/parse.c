/* drill/parse.c: scripts, events and times; settings are in parse_settings.c.
 *
 *     script   = setting* event*
 *     event    = time action          time = `*` | [+]S | [+]S~[+]S
 *     action   = packet | [`...` S] call | `%{` code `}%` | shell line
 *
 * A shell line without a time may stand behind the settings. What is not understood is refused by name, never
 * skipped. */
#include "code.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NS_DIGITS = 9, SECONDS_LIMIT = 10000000 };

const char *drill_token_words(const struct token *token)
{
    static _Thread_local char words[64];
    int length = token->length > 40 ? 40 : (int)token->length;

    if (token->kind == TOKEN_END)
        return "the end";
    if (token->kind == TOKEN_BAD)
        return "a comment or a quotation without end";
    snprintf(words, sizeof words, "'%.*s'", length, token->text);
    return words;
}

bool drill_parse_sign(struct lexer *lexer, char sign)
{
    struct token token = drill_lexer_take(lexer);

    return drill_token_is_sign(&token, sign) ||
           drill_lexer_error(lexer, token.at, "expected '%c', found %s", sign, drill_token_words(&token));
}

bool drill_parse_number(struct lexer *lexer, uint64_t limit, uint64_t *number)
{
    struct token token = drill_lexer_take(lexer);
    char digits[32];

    if (token.kind != TOKEN_NUMBER || token.length >= sizeof digits ||
        memchr(token.text, '.', token.length) != NULL)
        return drill_lexer_error(lexer, token.at, "expected a whole number, found %s",
                                 drill_token_words(&token));
    memcpy(digits, token.text, token.length);
    digits[token.length] = '\0';
    /* Base 16 only with 0x: a leading zero means nothing here. */
    *number = strtoull(digits, NULL, token.length > 1 && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10);
    return *number <= limit || drill_lexer_error(lexer, token.at, "%s is more than %llu",
                                                 drill_token_words(&token), (unsigned long long)limit);
}

bool drill_parse_seconds(struct lexer *lexer, int64_t *ns)
{
    struct token token = drill_lexer_take(lexer);
    size_t at = 0;

    if (token.kind != TOKEN_NUMBER || (token.length > 1 && (token.text[1] == 'x' || token.text[1] == 'X')))
        return drill_lexer_error(lexer, token.at, "expected a time in seconds, found %s",
                                 drill_token_words(&token));
    *ns = 0;
    while (at < token.length && token.text[at] != '.' && *ns <= SECONDS_LIMIT)
        *ns = *ns * 10 + (token.text[at++] - '0');
    if (*ns > SECONDS_LIMIT)
        return drill_lexer_error(lexer, token.at, "%s seconds are too many", drill_token_words(&token));
    at++;
    for (int i = 0; i < NS_DIGITS; i++, at++)
        *ns = *ns * 10 + (at < token.length ? token.text[at] - '0' : 0);
    return true;
}

/* ---- events ---- */

static bool parse_time(struct lexer *lexer, struct event *event)
{
    event->at = drill_lexer_peek(lexer)->at;
    if (drill_token_is_sign(drill_lexer_peek(lexer), '*')) {
        drill_lexer_take(lexer);
        event->time = TIME_ANY;
        return true;
    }
    event->time = TIME_ABSOLUTE;
    if (drill_token_is_sign(drill_lexer_peek(lexer), '+')) {
        drill_lexer_take(lexer);
        event->time = TIME_RELATIVE;
    }
    if (!drill_parse_seconds(lexer, &event->from_ns))
        return false;
    event->to_ns = event->from_ns;
    if (!drill_token_is_sign(drill_lexer_peek(lexer), '~'))
        return true;
    drill_lexer_take(lexer);
    if (drill_token_is_sign(drill_lexer_peek(lexer), '+')) {
        struct token plus = drill_lexer_take(lexer);

        if (event->time != TIME_RELATIVE)
            return drill_lexer_error(lexer, plus.at, "a range from an absolute to a relative time");
    }
    if (!drill_parse_seconds(lexer, &event->to_ns))
        return false;
    return event->to_ns >= event->from_ns ||
           drill_lexer_error(lexer, event->at, "a range that ends before it begins");
}

static bool parse_event(struct lexer *lexer)
{
    struct script *script = lexer->script;
    struct event *event = drill_arena_take(&script->arena, sizeof *event);
    const struct token *next;

    if (!parse_time(lexer, event))
        return false;
    next = drill_lexer_peek(lexer);
    if (drill_token_is_sign(next, '<') || drill_token_is_sign(next, '>')) {
        event->kind = EVENT_PACKET;
        if (!drill_parse_packet(lexer, &event->as.packet))
            return false;
        if (event->as.packet.inbound && (event->time == TIME_ANY || event->from_ns != event->to_ns))
            return drill_lexer_error(lexer, event->at, "an inbound packet needs one exact time");
    } else if (next->kind == TOKEN_WORD || next->kind == TOKEN_ELLIPSIS) {
        event->kind = EVENT_CALL;
        if (event->time == TIME_ANY || event->from_ns != event->to_ns)
            return drill_lexer_error(lexer, event->at, "a call needs one exact time");
        if (!drill_parse_call(lexer, &event->as.call, event->time == TIME_RELATIVE))
            return false;
    } else if (next->kind == TOKEN_CODE) {
        struct token block = drill_lexer_take(lexer);

        event->kind = EVENT_CODE;
        if (event->time == TIME_ANY || event->from_ns != event->to_ns)
            return drill_lexer_error(lexer, event->at, "a code block needs one exact time");
        if (!drill_parse_code(lexer, &block, &event->as.code))
            return false;
    } else if (next->kind == TOKEN_BACKQUOTE) { /* only its time counts */
        event->kind = EVENT_NOTHING;
        if (event->time == TIME_ANY || event->from_ns != event->to_ns)
            return drill_lexer_error(lexer, event->at, "a shell line needs one exact time");
        if (!drill_parse_shell_later(lexer))
            return false;
    } else {
        return drill_lexer_error(lexer, next->at, "expected '<', '>' or a call, found %s",
                                 drill_token_words(next));
    }
    if (script->last == NULL)
        script->first = event;
    else
        script->last->next = event;
    script->last = event;
    script->events++;
    return true;
}

bool drill_script_parse(struct script *script, const char *name, const char *text, size_t length,
                        const struct baro_drill_options *options)
{
    struct lexer lexer;

    *script = (struct script){ .name = name, .text = text, .length = length };
    drill_settings_init(&script->settings);
    drill_lexer_init(&lexer, script);
    /* What a name stands for must be known before the first of them is read. */
    if (!drill_settings_defines(&lexer, options))
        return false;
    while (drill_lexer_peek(&lexer)->kind == TOKEN_OPTION) {
        struct token token = drill_lexer_take(&lexer);

        if (!drill_parse_setting(&lexer, &token))
            return false;
    }
    if (!drill_settings_finish(&lexer, options))
        return false;
    while (drill_lexer_peek(&lexer)->kind == TOKEN_BACKQUOTE)
        if (!drill_parse_shell(&lexer))
            return false;
    while (drill_lexer_peek(&lexer)->kind != TOKEN_END)
        if (!(drill_lexer_peek(&lexer)->kind == TOKEN_BACKQUOTE ? drill_parse_shell_later(&lexer)
                                                                : parse_event(&lexer)))
            return false;
    return script->events != 0 || drill_lexer_error(&lexer, lexer.at, "a script without events");
}
