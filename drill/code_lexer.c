/* drill/code_lexer.c: a code block's text as Python's tokens, one at a time. */
#include "code.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool drill_code_error(struct code_lexer *code, const char *format, ...)
{
    char words[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return drill_lexer_error(code->lexer, code->token.at, "%s", words);
}

static char look(const struct code_lexer *code, size_t ahead)
{
    return (size_t)(code->end - code->text) > ahead ? code->text[ahead] : '\0';
}

static void step(struct code_lexer *code)
{
    if (*code->text == '\n') {
        code->at.line++;
        code->at.column = 1;
    } else {
        code->at.column++;
    }
    code->text++;
}

/* Spaces, comments, a backslash at a line's end; newlines too where they mean nothing. */
static void skip_blanks(struct code_lexer *code)
{
    while (code->text < code->end) {
        char c = look(code, 0);

        if (c == '#') {
            while (code->text < code->end && *code->text != '\n')
                step(code);
        } else if (c == '\\' && look(code, 1) == '\n') {
            step(code);
            step(code);
        } else if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && code->brackets > 0)) {
            step(code);
        } else {
            break;
        }
    }
}

static void take_while(struct code_lexer *code, const char *also)
{
    while (code->text < code->end && (isalnum((unsigned char)*code->text) || *code->text == '_' ||
                                      (*code->text != '\0' && strchr(also, *code->text) != NULL)))
        step(code);
}

static bool take_string(struct code_lexer *code)
{
    char quote = look(code, 0);

    step(code);
    code->token.kind = CODE_TOKEN_STRING;
    code->token.text = code->text;
    while (look(code, 0) != quote) {
        if (code->text == code->end || *code->text == '\n')
            return drill_code_error(code, "a string without end");
        if (*code->text == '\\' && code->text + 1 < code->end)
            step(code);
        step(code);
    }
    code->token.length = (size_t)(code->text - code->token.text);
    step(code);
    return true;
}

static bool take_sign(struct code_lexer *code)
{
    static const char *const signs[] = { "**=", "//=", "<<=", ">>=", "**", "//", "<<", ">>", "==", "!=",
                                         "<=",  ">=",  "+=",  "-=",  "*=", "/=", "%=", "&=", "|=", "^=",
                                         "(",   ")",   "+",   "-",   "*",  "/",  "%",  "&",  "|",  "^",
                                         "~",   "<",   ">",   "=",   ",",  ";",  ":" };

    code->token.kind = CODE_TOKEN_SIGN;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t length = strlen(signs[i]);

        if ((size_t)(code->end - code->text) < length || memcmp(code->text, signs[i], length) != 0)
            continue;
        for (size_t j = 0; j < length; j++)
            step(code);
        if (signs[i][0] == '(')
            code->brackets++;
        else if (signs[i][0] == ')' && code->brackets > 0)
            code->brackets--;
        code->token.length = length;
        return true;
    }
    return drill_code_error(code, "code blocks know no '%c'",
                            isprint((unsigned char)*code->text) ? *code->text : '?');
}

bool drill_code_next(struct code_lexer *code)
{
    char c;

    skip_blanks(code);
    c = look(code, 0);
    code->token = (struct code_token){ .kind = CODE_TOKEN_END, .at = code->at, .text = code->text };
    if (code->text == code->end)
        return true;
    if (c == '\n') {
        code->token.kind = CODE_TOKEN_NEWLINE;
        code->token.length = 1;
        step(code);
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)look(code, 1)))) {
        code->token.kind = CODE_TOKEN_NUMBER;
        take_while(code, ".");
        code->token.length = (size_t)(code->text - code->token.text);
    } else if (isalpha((unsigned char)c) || c == '_') {
        code->token.kind = CODE_TOKEN_NAME;
        take_while(code, "");
        code->token.length = (size_t)(code->text - code->token.text);
    } else if (c == '"' || c == '\'') {
        return take_string(code);
    } else {
        return take_sign(code);
    }
    return true;
}

bool drill_code_lexer_init(struct code_lexer *code, struct lexer *lexer, const struct token *block)
{
    *code = (struct code_lexer){ .lexer = lexer,
                                 .text = block->text,
                                 .end = block->text + block->length,
                                 .at = { block->at.line, block->at.column + 2 } };
    return drill_code_next(code);
}

bool drill_code_is(const struct code_lexer *code, const char *word)
{
    return (code->token.kind == CODE_TOKEN_NAME || code->token.kind == CODE_TOKEN_SIGN) &&
           code->token.length == strlen(word) && memcmp(code->token.text, word, code->token.length) == 0;
}

bool drill_code_take(struct code_lexer *code, const char *word)
{
    return drill_code_is(code, word) && drill_code_next(code);
}

/* Escapes that scripts use; another character behind a backslash stands with it, as in Python. */
static size_t unescape(char *to, const char *from, size_t length)
{
    static const char escaped[] = "nt\\'\"", meant[] = "\n\t\\'\"";
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        const char *known =
            from[i] == '\\' && i + 1 < length && from[i + 1] != '\0' ? strchr(escaped, from[i + 1]) : NULL;

        to[used++] = known == NULL ? from[i] : meant[known - escaped];
        i += known != NULL;
    }
    return used;
}

static bool number_of(struct code_lexer *code, struct code_value *value)
{
    char digits[40], *end;
    bool hexadecimal;

    if (code->token.length >= sizeof digits)
        return drill_code_error(code, "a number that is too long");
    memcpy(digits, code->token.text, code->token.length);
    digits[code->token.length] = '\0';
    hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    if (!hexadecimal && strpbrk(digits, ".eE") != NULL) {
        value->type = CODE_REAL;
        value->real = strtod(digits, &end);
    } else {
        unsigned long long number = strtoull(digits, &end, hexadecimal ? 16 : 10);

        value->type = CODE_INTEGER;
        value->number = (long long)number;
        if (number > INT64_MAX)
            return drill_code_error(code, "%s is more than 63 bits", digits);
    }
    return *end == '\0' || drill_code_error(code, "'%s' is no number", digits);
}

bool drill_code_literal(struct code_lexer *code, struct code_value *value)
{
    char *text;

    *value = (struct code_value){ .type = CODE_TEXT };
    if (code->token.kind == CODE_TOKEN_NUMBER)
        return number_of(code, value);
    text = drill_arena_take(&code->lexer->script->arena, code->token.length + 1);
    value->length = unescape(text, code->token.text, code->token.length);
    value->text = text;
    return true;
}
