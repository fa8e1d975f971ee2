/* drill/parse_call.c: system calls with their arguments and what they must return.
 *
 *     call   = name `(` [value (`,` value)*] `)` `=` value [ERRNO] [`(` words `)`]
 *     value  = `...` | number | SYMBOL (`|` SYMBOL)* | "string" | `[` value... `]` | `{` [name `=`] value...
 * `}` | htons(N) | htonl(N) | inet_addr("a.b.c.d") | inet_pton(AF_INET6, "a:b::c") | NULL
 *
 * Behind a field's name a length in parentheses may stand, behind a string `...`: both say nothing more. */
#include "parser.h"
#include "symbols.h"

#include <string.h>

enum { ITEMS_LIMIT = 16, DEPTH_LIMIT = 6 };

static bool parse_value(struct lexer *lexer, struct value *value, int depth);

/* ---- numbers and symbols ---- */

static bool parse_signed(struct lexer *lexer, struct value *value)
{
    bool negative = drill_token_is_sign(drill_lexer_peek(lexer), '-');
    uint64_t number = 0;

    if (negative)
        drill_lexer_take(lexer);
    if (!drill_parse_number(lexer, INT64_MAX, &number))
        return false;
    value->kind = VALUE_NUMBER;
    value->number = negative ? -(long long)number : (long long)number;
    return true;
}

static bool parse_symbol(struct lexer *lexer, const struct token *token, long long *number)
{
    return drill_symbol_constant(token->text, token->length, number) ||
           drill_lexer_error(lexer, token->at, "%s is not supported yet", drill_token_words(token));
}

/* SOCK_STREAM|SOCK_NONBLOCK, the first name taken already. */
static bool parse_symbols(struct lexer *lexer, const struct token *first, struct value *value)
{
    value->kind = VALUE_NUMBER;
    value->text = drill_arena_copy(&lexer->script->arena, first->text, first->length);
    if (!parse_symbol(lexer, first, &value->number))
        return false;
    while (drill_token_is_sign(drill_lexer_peek(lexer), '|')) {
        struct token next;
        long long bits = 0;

        drill_lexer_take(lexer);
        next = drill_lexer_take(lexer);
        if (!parse_symbol(lexer, &next, &bits))
            return false;
        value->number |= bits;
    }
    return true;
}

/* htons(N) up to 65535, htonl(N) */
static bool parse_swapped(struct lexer *lexer, uint64_t most, struct value *value)
{
    uint64_t number = 0;

    if (!drill_parse_sign(lexer, '(') || !drill_parse_number(lexer, most, &number) || !drill_parse_sign(lexer, ')'))
        return false;
    value->kind = VALUE_NUMBER;
    value->number = (long long)number;
    return true;
}

/* inet_addr("1.2.3.4"), inet_pton(AF_INET6, "::1") */
static bool parse_address(struct lexer *lexer, bool with_family, struct value *value)
{
    struct token text;

    if (!drill_parse_sign(lexer, '('))
        return false;
    if (with_family) {
        drill_lexer_take(lexer); /* the text says it, too */
        if (!drill_parse_sign(lexer, ','))
            return false;
    }
    text = drill_lexer_take(lexer);
    value->kind = VALUE_ADDRESS;
    if (text.kind != TOKEN_STRING || !drill_read_address_text(text.text, text.length, &value->address))
        return drill_lexer_error(lexer, text.at, "expected an address in quotes, found %s",
                                 drill_token_words(&text));
    return drill_parse_sign(lexer, ')');
}

static bool parse_word(struct lexer *lexer, struct value *value)
{
    struct token token = drill_lexer_take(lexer);

    if (drill_token_is_word(&token, "htons"))
        return parse_swapped(lexer, UINT16_MAX, value);
    if (drill_token_is_word(&token, "htonl"))
        return parse_swapped(lexer, UINT32_MAX, value);
    if (drill_token_is_word(&token, "inet_addr"))
        return parse_address(lexer, false, value);
    if (drill_token_is_word(&token, "inet_pton"))
        return parse_address(lexer, true, value);
    if (drill_token_is_word(&token, "NULL")) {
        value->kind = VALUE_NULL;
        return true;
    }
    return parse_symbols(lexer, &token, value);
}

/* ---- arrays and structs ---- */

/* `(...)` or `(2)` behind a field's name: what a length is called there says nothing more. */
static void skip_length(struct lexer *lexer)
{
    if (!drill_token_is_sign(drill_lexer_peek(lexer), '('))
        return;
    drill_lexer_take(lexer);
    if (drill_lexer_peek(lexer)->kind == TOKEN_ELLIPSIS || drill_lexer_peek(lexer)->kind == TOKEN_NUMBER)
        drill_lexer_take(lexer);
    if (drill_token_is_sign(drill_lexer_peek(lexer), ')'))
        drill_lexer_take(lexer);
}

/* `name =` in front of a field's value; the name is kept if there is one. */
static void parse_field_name(struct lexer *lexer, struct value *field)
{
    struct lexer before = *lexer;
    struct token name = drill_lexer_take(lexer);

    if (name.kind == TOKEN_WORD)
        skip_length(lexer);
    if (name.kind == TOKEN_WORD && drill_token_is_sign(drill_lexer_peek(lexer), '=')) {
        drill_lexer_take(lexer);
        field->name = drill_arena_copy(&lexer->script->arena, name.text, name.length);
    } else {
        *lexer = before;
    }
}

static bool parse_items(struct lexer *lexer, struct value *value, char closing, int depth)
{
    struct token opening = drill_lexer_take(lexer);

    if (depth >= DEPTH_LIMIT)
        return drill_lexer_error(lexer, opening.at, "nested too deeply");
    value->items = drill_arena_take(&lexer->script->arena, ITEMS_LIMIT * sizeof *value->items);
    while (!drill_token_is_sign(drill_lexer_peek(lexer), closing)) {
        struct value *item = &value->items[value->count];

        if (value->count == ITEMS_LIMIT)
            return drill_lexer_error(lexer, opening.at, "more than %d items", ITEMS_LIMIT);
        value->count++;
        if (value->kind == VALUE_STRUCT)
            parse_field_name(lexer, item);
        if (!parse_value(lexer, item, depth + 1))
            return false;
        if (!drill_token_is_sign(drill_lexer_peek(lexer), ','))
            break;
        drill_lexer_take(lexer);
    }
    return drill_parse_sign(lexer, closing);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* The string's octets: \n, \t, \r, \0, \xNN, and what stands for itself behind a backslash. */
static void parse_string(struct lexer *lexer, const struct token *token, struct value *value)
{
    static const char escaped[] = "ntr0", meant[] = "\n\t\r";
    char *text = drill_arena_take(&lexer->script->arena, token->length + 1);

    value->kind = VALUE_STRING;
    value->text = text;
    for (size_t i = 0; i < token->length; i++) {
        char c = token->text[i];
        const char *known;

        if (c == '\\' && i + 1 < token->length) {
            c = token->text[++i];
            known = c == '\0' ? NULL : strchr(escaped, c);
            if (c == 'x' && i + 2 < token->length && digit_of(token->text[i + 1]) >= 0 &&
                digit_of(token->text[i + 2]) >= 0) {
                c = (char)(digit_of(token->text[i + 1]) * 16 + digit_of(token->text[i + 2]));
                i += 2;
            } else if (known != NULL) {
                c = meant[known - escaped];
            }
        }
        text[value->length++] = c;
    }
    if (drill_lexer_peek(lexer)->kind == TOKEN_ELLIPSIS)
        drill_lexer_take(lexer);
}

static bool parse_value(struct lexer *lexer, struct value *value, int depth)
{
    const struct token *next = drill_lexer_peek(lexer);

    value->at = next->at;
    if (next->kind == TOKEN_ELLIPSIS) {
        drill_lexer_take(lexer);
        value->kind = VALUE_ANY;
        return true;
    }
    if (next->kind == TOKEN_STRING) {
        struct token text = drill_lexer_take(lexer);

        parse_string(lexer, &text, value);
        return true;
    }
    if (drill_token_is_sign(next, '[')) {
        value->kind = VALUE_ARRAY;
        return parse_items(lexer, value, ']', depth);
    }
    if (drill_token_is_sign(next, '{')) {
        value->kind = VALUE_STRUCT;
        return parse_items(lexer, value, '}', depth);
    }
    if (next->kind == TOKEN_NUMBER || drill_token_is_sign(next, '-'))
        return parse_signed(lexer, value);
    if (next->kind == TOKEN_WORD)
        return parse_word(lexer, value);
    return drill_lexer_error(lexer, next->at, "expected a value, found %s", drill_token_words(next));
}

/* ---- the call ---- */

struct named_call {
    const char *name;
    size_t arguments;
};

static const struct named_call calls[] = {
#define NAMED_CALL(name, arguments) { #name, arguments },
    DRILL_CALLS(NAMED_CALL)
#undef NAMED_CALL
};

/* Calls of packetdrill's that have nothing to do with a stack: memory, rights, and waiting in real time. */
static const char *const refused[] = { "cap_set", "usleep", "select", "vmsplice" };

static bool parse_name(struct lexer *lexer, struct call_line *call)
{
    struct token name = drill_lexer_take(lexer);

    if (name.kind != TOKEN_WORD)
        return drill_lexer_error(lexer, name.at, "expected a call, found %s", drill_token_words(&name));
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (!drill_token_is_word(&name, calls[i].name))
            continue;
        call->kind = (enum call_kind)i;
        call->name = calls[i].name;
        return true;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (drill_token_is_word(&name, refused[i]))
            return drill_lexer_error(lexer, name.at,
                                     "the call %s is not supported: there is a stack here, and no system",
                                     drill_token_words(&name));
    return drill_lexer_error(lexer, name.at, "there is no call %s", drill_token_words(&name));
}

static bool parse_arguments(struct lexer *lexer, struct call_line *call)
{
    struct location at = drill_lexer_peek(lexer)->at;

    if (!drill_parse_sign(lexer, '('))
        return false;
    while (!drill_token_is_sign(drill_lexer_peek(lexer), ')')) {
        if (call->arguments == CALL_ARGUMENTS_LIMIT)
            return drill_lexer_error(lexer, at, "more than %d arguments", CALL_ARGUMENTS_LIMIT);
        if (!parse_value(lexer, &call->argument[call->arguments++], 0))
            return false;
        if (!drill_token_is_sign(drill_lexer_peek(lexer), ','))
            break;
        drill_lexer_take(lexer);
    }
    if (!drill_parse_sign(lexer, ')'))
        return false;
    /* fcntl's last argument may be left out; open has a mode that says nothing of what is only read */
    return call->arguments == calls[call->kind].arguments ||
           (call->arguments == 2 && call->kind == CALL_fcntl && call->argument[1].text != NULL &&
            strcmp(call->argument[1].text, "F_GETFL") == 0) ||
           (call->arguments == 3 && call->kind == CALL_open) ||
           drill_lexer_error(lexer, at, "%zu arguments given, the call takes %zu", call->arguments,
                             calls[call->kind].arguments);
}

/* (Connection refused): words for people. */
static bool skip_words(struct lexer *lexer)
{
    if (!drill_token_is_sign(drill_lexer_peek(lexer), '('))
        return true;
    while (!drill_token_is_sign(drill_lexer_peek(lexer), ')')) {
        struct token token = drill_lexer_take(lexer);

        if (token.kind == TOKEN_END || token.kind == TOKEN_BAD)
            return drill_lexer_error(lexer, token.at, "a remark in parentheses without end");
    }
    drill_lexer_take(lexer);
    return true;
}

static bool parse_result(struct lexer *lexer, struct call_line *call)
{
    if (!drill_parse_sign(lexer, '=') || !parse_value(lexer, &call->result, 0))
        return false;
    if (call->result.kind != VALUE_NUMBER && call->result.kind != VALUE_ANY)
        return drill_lexer_error(lexer, call->result.at, "expected a number or ... as the result");
    if (drill_lexer_peek(lexer)->kind == TOKEN_WORD) {
        struct token name = drill_lexer_take(lexer);

        call->error = drill_symbol_errno(name.text, name.length);
        if (call->error == 0)
            return drill_lexer_error(lexer, name.at, "expected an errno, found %s", drill_token_words(&name));
        if (call->result.number != -1)
            return drill_lexer_error(lexer, name.at, "an errno goes with the result -1");
    }
    return skip_words(lexer);
}

bool drill_parse_call(struct lexer *lexer, struct call_line *call, bool relative)
{
    if (drill_lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        drill_lexer_take(lexer);
        call->blocking = true;
        if (drill_token_is_sign(drill_lexer_peek(lexer), '+')) {
            struct token plus = drill_lexer_take(lexer);

            if (!relative)
                return drill_lexer_error(lexer, plus.at, "an absolute begin with a relative end");
        }
        if (!drill_parse_seconds(lexer, &call->end_ns))
            return false;
    }
    return parse_name(lexer, call) && parse_arguments(lexer, call) && parse_result(lexer, call);
}
