/* drill/lexer.c: see lexer.h. Every look at the text is bounded by the script's length. */
#include "lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void drill_lexer_init(struct lexer *lexer, struct script *script)
{
    *lexer = (struct lexer){ .script = script, .at = { 1, 1 } };
}

bool drill_lexer_error(struct lexer *lexer, struct location at, const char *format, ...)
{
    struct script *script = lexer->script;
    va_list arguments;

    if (script->failed)
        return false;
    script->failed = true;
    script->error_at = at;
    va_start(arguments, format);
    vsnprintf(script->error, sizeof script->error, format, arguments);
    va_end(arguments);
    return false;
}

bool drill_token_is_sign(const struct token *token, char sign)
{
    return token->kind == TOKEN_SIGN && token->text[0] == sign;
}

bool drill_token_is_word(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && token->length == strlen(word) &&
           memcmp(token->text, word, token->length) == 0;
}

/* The character `ahead` of the present one, 0 behind the end. */
static char look(const struct lexer *lexer, size_t ahead)
{
    size_t at = lexer->offset + ahead;

    return at < lexer->script->length ? lexer->script->text[at] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
    return lexer->offset >= lexer->script->length;
}

static void step(struct lexer *lexer)
{
    if (look(lexer, 0) == '\n') {
        lexer->at.line++;
        lexer->at.column = 1;
    } else {
        lexer->at.column++;
    }
    lexer->offset++;
}

/* Skips up to and over `mark`; false: it does not come. */
static bool skip_over(struct lexer *lexer, const char *mark)
{
    size_t length = strlen(mark);

    while (lexer->script->length - lexer->offset >= length) {
        if (memcmp(lexer->script->text + lexer->offset, mark, length) == 0) {
            for (size_t i = 0; i < length; i++)
                step(lexer);
            return true;
        }
        step(lexer);
    }
    return false;
}

/* False: a comment without end. */
static bool skip_blanks(struct lexer *lexer)
{
    while (!at_end(lexer)) {
        if (isspace((unsigned char)look(lexer, 0))) {
            step(lexer);
        } else if ((look(lexer, 0) == '/' && look(lexer, 1) == '/') || look(lexer, 0) == '#') {
            while (!at_end(lexer) && look(lexer, 0) != '\n')
                step(lexer);
        } else if (look(lexer, 0) == '/' && look(lexer, 1) == '*') {
            if (!skip_over(lexer, "*/"))
                return false;
        } else {
            break;
        }
    }
    return true;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A dot belongs to a number only when a digit follows: `0...0.5` is 0, `...`, 0.5. */
static void take_number(struct lexer *lexer)
{
    if (look(lexer, 0) == '0' && (look(lexer, 1) == 'x' || look(lexer, 1) == 'X')) {
        step(lexer);
        step(lexer);
        while (isxdigit((unsigned char)look(lexer, 0)))
            step(lexer);
        return;
    }
    while (isdigit((unsigned char)look(lexer, 0)))
        step(lexer);
    if (look(lexer, 0) == '.' && isdigit((unsigned char)look(lexer, 1))) {
        step(lexer);
        while (isdigit((unsigned char)look(lexer, 0)))
            step(lexer);
    }
}

/* What stands between the present character(s) and `mark`. */
static void take_quoted(struct lexer *lexer, struct token *token, enum token_kind kind, size_t opening,
                        const char *mark)
{
    size_t begin;

    for (size_t i = 0; i < opening; i++)
        step(lexer);
    begin = lexer->offset;
    token->text = lexer->script->text + begin;
    if (!skip_over(lexer, mark)) {
        token->kind = TOKEN_BAD;
        token->length = 0;
        return;
    }
    token->kind = kind;
    token->length = lexer->offset - begin - strlen(mark);
}

/* A string ends at a quote that no backslash stands before. */
static void take_string(struct lexer *lexer, struct token *token)
{
    step(lexer);
    token->text = lexer->script->text + lexer->offset;
    while (!at_end(lexer) && look(lexer, 0) != '"') {
        if (look(lexer, 0) == '\\')
            step(lexer);
        if (!at_end(lexer))
            step(lexer);
    }
    token->kind = at_end(lexer) ? TOKEN_BAD : TOKEN_STRING;
    token->length = at_end(lexer) ? 0 : (size_t)(lexer->script->text + lexer->offset - token->text);
    if (!at_end(lexer))
        step(lexer);
}

static bool starts_number(const struct lexer *lexer)
{
    return isdigit((unsigned char)look(lexer, 0)) ||
           (look(lexer, 0) == '.' && isdigit((unsigned char)look(lexer, 1)));
}

/* As a whole: 1234 is one, 1234abcd a word. */
static bool is_number(const char *text)
{
    size_t prefix = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0;

    return text[strspn(text + prefix, prefix != 0 ? "0123456789abcdefABCDEF" : "0123456789.") + prefix] == '\0';
}

static void take_plain(struct lexer *lexer, struct token *token)
{
    if (starts_number(lexer)) {
        token->kind = TOKEN_NUMBER;
        take_number(lexer);
    } else if (is_word(look(lexer, 0))) {
        token->kind = TOKEN_WORD;
        while (is_word(look(lexer, 0)))
            step(lexer);
    } else if (look(lexer, 0) == '.' && look(lexer, 1) == '.' && look(lexer, 2) == '.') {
        token->kind = TOKEN_ELLIPSIS;
        for (int i = 0; i < 3; i++)
            step(lexer);
    } else if (look(lexer, 0) == '-' && look(lexer, 1) == '-') {
        token->kind = TOKEN_OPTION;
        while (!at_end(lexer) && !isspace((unsigned char)look(lexer, 0)))
            step(lexer);
    } else {
        token->kind = TOKEN_SIGN;
        step(lexer);
    }
    token->length = lexer->offset - token->offset;
}

static struct token next_token(struct lexer *lexer)
{
    struct token token = { .kind = TOKEN_BAD, .offset = lexer->offset };
    struct location begin = lexer->at;

    if (!skip_blanks(lexer)) {
        token.at = begin;
        token.text = "";
        return token;
    }
    token.at = lexer->at;
    token.offset = lexer->offset;
    token.text = lexer->script->text + lexer->offset;
    if (at_end(lexer))
        token.kind = TOKEN_END;
    else if (look(lexer, 0) == '"')
        take_string(lexer, &token);
    else if (look(lexer, 0) == '`')
        take_quoted(lexer, &token, TOKEN_BACKQUOTE, 1, "`");
    else if (look(lexer, 0) == '%' && look(lexer, 1) == '{')
        take_quoted(lexer, &token, TOKEN_CODE, 2, "}%");
    else
        take_plain(lexer, &token);
    return token;
}

/* What --define says instead of a word: a number, a string in quotes, or another word. */
static void put_defined(const struct script *script, struct token *token)
{
    const struct settings *settings = &script->settings;

    for (size_t i = 0; i < settings->defines; i++) {
        const char *value = settings->define[i].value;
        size_t length = strlen(value);

        if (!drill_token_is_word(token, settings->define[i].name))
            continue;
        if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
            *token = (struct token){ TOKEN_STRING, token->at, value + 1, length - 2, token->offset };
        else
            *token = (struct token){ is_number(value) ? TOKEN_NUMBER : TOKEN_WORD, token->at, value, length,
                                     token->offset };
        return;
    }
}

const struct token *drill_lexer_peek(struct lexer *lexer)
{
    if (!lexer->has_peeked) {
        lexer->peeked = next_token(lexer);
        if (lexer->peeked.kind == TOKEN_WORD)
            put_defined(lexer->script, &lexer->peeked);
        lexer->has_peeked = true;
    }
    return &lexer->peeked;
}

struct token drill_lexer_take(struct lexer *lexer)
{
    struct token token = *drill_lexer_peek(lexer);

    lexer->has_peeked = false;
    return token;
}

struct token drill_lexer_take_run(struct lexer *lexer, const char *set)
{
    struct token run = *drill_lexer_peek(lexer);

    /* Back to where the peeked token began: it was cut by other rules. */
    lexer->has_peeked = false;
    lexer->offset = run.offset;
    lexer->at = run.at;
    while (look(lexer, 0) != '\0' && strchr(set, look(lexer, 0)) != NULL)
        step(lexer);
    run.kind = TOKEN_WORD;
    run.length = lexer->offset - run.offset;
    return run;
}
