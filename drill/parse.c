/* drill/parse.c: scripts, events and times; settings are in parse_settings.c.
 *
 *     script   = setting* event*
 *     event    = time action          time = `*` | [+]S | [+]S~[+]S
 *     action   = packet | [`...` S] call
 *
 * Shell lines and code blocks are part of packetdrill's language. A shell line is understood if it is
 * `sysctl` and says what this stack does anyway; all else is refused by name, never skipped. */
#include "code.h"
#include "parser.h"

#include <ctype.h>
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

/* ---- shell lines ---- */

/* What sysctl lines may say: facts about this stack. A script that needs another value cannot run. */
static const char *const sysctl_facts[] = { "net.ipv4.tcp_timestamps=1",
                                            "net.ipv4.tcp_window_scaling=1",
                                            "net.ipv4.tcp_syncookies=0",
                                            "net.ipv4.tcp_ecn=0",
                                            "net.ipv4.tcp_abort_on_overflow=0",
                                            "net.ipv4.tcp_fastopen=0",
                                            "net.ipv4.tcp_mtu_probing=0",
                                            "net.ipv4.ip_no_pmtu_disc=0",
                                            "net.ipv4.tcp_sack=1",
                                            "net.ipv4.tcp_recovery=0",
                                            "net.ipv4.tcp_early_retrans=0" };

static bool is_fact(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof sysctl_facts / sizeof sysctl_facts[0]; i++)
        if (strlen(sysctl_facts[i]) == length && memcmp(sysctl_facts[i], word, length) == 0)
            return true;
    return false;
}

/* What a sysctl line can choose. */
static bool is_choice(struct lexer *lexer, const char *word, size_t length)
{
    static const char name[] = "net.ipv4.tcp_congestion_control=";
    const char *value = word + sizeof name - 1;

    if (length < sizeof name || memcmp(word, name, sizeof name - 1) != 0)
        return false;
    length -= sizeof name - 1;
    for (enum baro_congestion i = 0; i < BARO_CONGESTION_COUNT; i++) {
        if (strlen(baro_congestion_name(i)) != length || memcmp(baro_congestion_name(i), value, length) != 0)
            continue;
        lexer->script->settings.congestion = i;
        return true;
    }
    return false;
}

static bool parse_shell(struct lexer *lexer)
{
    struct token token = drill_lexer_take(lexer);
    const char *at = token.text, *end = token.text + token.length;
    bool sysctl = false;

    while (at < end) {
        const char *begin;

        while (at < end && (isspace((unsigned char)*at) || *at == ';' || *at == '&'))
            at++;
        for (begin = at; at < end && !isspace((unsigned char)*at) && *at != ';' && *at != '&'; at++)
            continue;
        if (at == begin)
            break;
        if (at - begin == 6 && memcmp(begin, "sysctl", 6) == 0) {
            sysctl = true;
        } else if (!sysctl) {
            return drill_lexer_error(lexer, token.at, "shell lines are not run here: '%.*s'",
                                     (int)(at - begin), begin);
        } else if (*begin != '-' && !is_choice(lexer, begin, (size_t)(at - begin)) &&
                   !is_fact(begin, (size_t)(at - begin))) {
            return drill_lexer_error(lexer, token.at, "sysctl %.*s: this stack cannot be set so",
                                     (int)(at - begin), begin);
        }
    }
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
    } else if (next->kind == TOKEN_BACKQUOTE) { /* a fact: only its time counts */
        return parse_shell(lexer);
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
    while (drill_lexer_peek(&lexer)->kind == TOKEN_OPTION) {
        struct token token = drill_lexer_take(&lexer);

        if (!drill_parse_setting(&lexer, &token))
            return false;
    }
    if (!drill_settings_finish(&lexer, options))
        return false;
    while (drill_lexer_peek(&lexer)->kind == TOKEN_BACKQUOTE)
        if (!parse_shell(&lexer))
            return false;
    while (drill_lexer_peek(&lexer)->kind != TOKEN_END)
        if (!parse_event(&lexer))
            return false;
    return script->events != 0 || drill_lexer_error(&lexer, lexer.at, "a script without events");
}
