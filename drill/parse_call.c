/* drill/parse_call.c: system calls with their arguments and what they must return.
 *
 *     call   = name `(` [value (`,` value)*] `)` `=` value [ERRNO] [`(` words `)`]
 *     value  = `...` | number | SYMBOL (`|` SYMBOL)* | "string" | `[` value... `]` | `{` [name `=`] value... `}`
 *            | htons(N) | inet_addr("a.b.c.d") | NULL */
#include "parser.h"
#include "symbols.h"

#include <string.h>

enum { ITEMS_LIMIT = 16, DEPTH_LIMIT = 6 };

static bool parse_value(struct lexer *lexer, struct value *value, int depth);

/* ---- numbers and symbols ---- */

static bool parse_signed(struct lexer *lexer, struct value *value)
{
    bool negative = token_is_sign(lexer_peek(lexer), '-');
    uint64_t number = 0;

    if (negative)
        lexer_take(lexer);
    if (!parse_number(lexer, INT64_MAX, &number))
        return false;
    value->kind = VALUE_NUMBER;
    value->number = negative ? -(long long)number : (long long)number;
    return true;
}

static bool parse_symbol(struct lexer *lexer, const struct token *token, long long *number)
{
    return symbol_constant(token->text, token->length, number) ||
           lexer_error(lexer, token->at, "%s is not supported yet", token_words(token));
}

/* SOCK_STREAM|SOCK_NONBLOCK, the first name taken already. */
static bool parse_symbols(struct lexer *lexer, const struct token *first, struct value *value)
{
    value->kind = VALUE_NUMBER;
    value->text = arena_copy(&lexer->script->arena, first->text, first->length);
    if (!parse_symbol(lexer, first, &value->number))
        return false;
    while (token_is_sign(lexer_peek(lexer), '|')) {
        struct token next;
        long long bits = 0;

        lexer_take(lexer);
        next = lexer_take(lexer);
        if (!parse_symbol(lexer, &next, &bits))
            return false;
        value->number |= bits;
    }
    return true;
}

static bool parse_htons(struct lexer *lexer, struct value *value)
{
    uint64_t port = 0;

    if (!parse_sign(lexer, '(') || !parse_number(lexer, UINT16_MAX, &port) || !parse_sign(lexer, ')'))
        return false;
    value->kind = VALUE_NUMBER;
    value->number = (long long)port;
    return true;
}

static bool parse_inet_addr(struct lexer *lexer, struct value *value)
{
    struct token text;

    if (!parse_sign(lexer, '('))
        return false;
    text = lexer_take(lexer);
    value->kind = VALUE_ADDRESS;
    if (text.kind != TOKEN_STRING || !read_ipv4_text(text.text, text.length, &value->address))
        return lexer_error(lexer, text.at, "expected an IPv4 address in quotes, found %s", token_words(&text));
    return parse_sign(lexer, ')');
}

static bool parse_word(struct lexer *lexer, struct value *value)
{
    struct token token = lexer_take(lexer);

    if (token_is_word(&token, "htons"))
        return parse_htons(lexer, value);
    if (token_is_word(&token, "inet_addr"))
        return parse_inet_addr(lexer, value);
    if (token_is_word(&token, "NULL")) {
        value->kind = VALUE_NULL;
        return true;
    }
    return parse_symbols(lexer, &token, value);
}

/* ---- arrays and structs ---- */

/* `name =` in front of a field's value; the name is kept if there is one. */
static void parse_field_name(struct lexer *lexer, struct value *field)
{
    struct lexer before = *lexer;
    struct token name = lexer_take(lexer);

    if (name.kind == TOKEN_WORD && token_is_sign(lexer_peek(lexer), '=')) {
        lexer_take(lexer);
        field->name = arena_copy(&lexer->script->arena, name.text, name.length);
    } else {
        *lexer = before;
    }
}

static bool parse_items(struct lexer *lexer, struct value *value, char closing, int depth)
{
    struct token opening = lexer_take(lexer);

    if (depth >= DEPTH_LIMIT)
        return lexer_error(lexer, opening.at, "nested too deeply");
    value->items = arena_take(&lexer->script->arena, ITEMS_LIMIT * sizeof *value->items);
    while (!token_is_sign(lexer_peek(lexer), closing)) {
        struct value *item = &value->items[value->count];

        if (value->count == ITEMS_LIMIT)
            return lexer_error(lexer, opening.at, "more than %d items", ITEMS_LIMIT);
        value->count++;
        if (value->kind == VALUE_STRUCT)
            parse_field_name(lexer, item);
        if (!parse_value(lexer, item, depth + 1))
            return false;
        if (!token_is_sign(lexer_peek(lexer), ','))
            break;
        lexer_take(lexer);
    }
    return parse_sign(lexer, closing);
}

static bool parse_value(struct lexer *lexer, struct value *value, int depth)
{
    const struct token *next = lexer_peek(lexer);

    value->at = next->at;
    if (next->kind == TOKEN_ELLIPSIS) {
        lexer_take(lexer);
        value->kind = VALUE_ANY;
        return true;
    }
    if (next->kind == TOKEN_STRING) {
        struct token text = lexer_take(lexer);

        value->kind = VALUE_STRING;
        value->text = arena_copy(&lexer->script->arena, text.text, text.length);
        value->length = text.length;
        return true;
    }
    if (token_is_sign(next, '[')) {
        value->kind = VALUE_ARRAY;
        return parse_items(lexer, value, ']', depth);
    }
    if (token_is_sign(next, '{')) {
        value->kind = VALUE_STRUCT;
        return parse_items(lexer, value, '}', depth);
    }
    if (next->kind == TOKEN_NUMBER || token_is_sign(next, '-'))
        return parse_signed(lexer, value);
    if (next->kind == TOKEN_WORD)
        return parse_word(lexer, value);
    return lexer_error(lexer, next->at, "expected a value, found %s", token_words(next));
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

/* Calls of packetdrill's that are not made yet. */
static const char *const later[] = { "poll", "ioctl", "readv", "writev", "recvmsg", "sendmsg", "epoll_create",
                                     "epoll_create1", "epoll_ctl", "epoll_wait", "sendfile", "splice", "pipe",
                                     "open", "cap_set", "accept4", "getsockname", "getpeername", "usleep" };

static bool parse_name(struct lexer *lexer, struct call_line *call)
{
    struct token name = lexer_take(lexer);

    if (name.kind != TOKEN_WORD)
        return lexer_error(lexer, name.at, "expected a call, found %s", token_words(&name));
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (!token_is_word(&name, calls[i].name))
            continue;
        call->kind = (enum call_kind)i;
        call->name = calls[i].name;
        return true;
    }
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (token_is_word(&name, later[i]))
            return lexer_error(lexer, name.at, "the call %s is not supported yet", token_words(&name));
    return lexer_error(lexer, name.at, "there is no call %s", token_words(&name));
}

static bool parse_arguments(struct lexer *lexer, struct call_line *call)
{
    struct location at = lexer_peek(lexer)->at;

    if (!parse_sign(lexer, '('))
        return false;
    while (!token_is_sign(lexer_peek(lexer), ')')) {
        if (call->arguments == CALL_ARGUMENTS_LIMIT)
            return lexer_error(lexer, at, "more than %d arguments", CALL_ARGUMENTS_LIMIT);
        if (!parse_value(lexer, &call->argument[call->arguments++], 0))
            return false;
        if (!token_is_sign(lexer_peek(lexer), ','))
            break;
        lexer_take(lexer);
    }
    if (!parse_sign(lexer, ')'))
        return false;
    /* fcntl's last argument may be left out */
    return call->arguments == calls[call->kind].arguments ||
           (call->arguments == 2 && call->kind == CALL_fcntl && call->argument[1].text != NULL &&
            strcmp(call->argument[1].text, "F_GETFL") == 0) ||
           lexer_error(lexer, at, "%zu arguments given, the call takes %zu", call->arguments,
                       calls[call->kind].arguments);
}

/* (Connection refused): words for people. */
static bool skip_words(struct lexer *lexer)
{
    if (!token_is_sign(lexer_peek(lexer), '('))
        return true;
    while (!token_is_sign(lexer_peek(lexer), ')')) {
        struct token token = lexer_take(lexer);

        if (token.kind == TOKEN_END || token.kind == TOKEN_BAD)
            return lexer_error(lexer, token.at, "a remark in parentheses without end");
    }
    lexer_take(lexer);
    return true;
}

static bool parse_result(struct lexer *lexer, struct call_line *call)
{
    if (!parse_sign(lexer, '=') || !parse_value(lexer, &call->result, 0))
        return false;
    if (call->result.kind != VALUE_NUMBER && call->result.kind != VALUE_ANY)
        return lexer_error(lexer, call->result.at, "expected a number or ... as the result");
    if (lexer_peek(lexer)->kind == TOKEN_WORD) {
        struct token name = lexer_take(lexer);

        call->error = symbol_errno(name.text, name.length);
        if (call->error == 0)
            return lexer_error(lexer, name.at, "expected an errno, found %s", token_words(&name));
        if (call->result.number != -1)
            return lexer_error(lexer, name.at, "an errno goes with the result -1");
    }
    return skip_words(lexer);
}

bool parse_call(struct lexer *lexer, struct call_line *call, bool relative)
{
    if (lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        lexer_take(lexer);
        call->blocking = true;
        if (token_is_sign(lexer_peek(lexer), '+')) {
            struct token plus = lexer_take(lexer);

            if (!relative)
                return lexer_error(lexer, plus.at, "an absolute begin with a relative end");
        }
        if (!parse_seconds(lexer, &call->end_ns))
            return false;
    }
    return parse_name(lexer, call) && parse_arguments(lexer, call) && parse_result(lexer, call);
}
