/* drill/code_parse.c: statements of a code block. */
#include "code.h"

#include <string.h>

enum { NESTING_LIMIT = 8 };

static struct code_statement *parse_statement(struct code_lexer *code, int depth);

static bool at_end(const struct code_lexer *code)
{
    return code->token.kind == CODE_TOKEN_END || code->token.kind == CODE_TOKEN_NEWLINE ||
           drill_code_is(code, ";");
}

/* The number of the variable; an assignment makes it. -1: there are too many. */
static int variable_of(struct code_lexer *code, const struct code_token *name)
{
    struct code_names *names = &code->lexer->script->names;
    long long number;
    int i = 0;

    if (drill_code_constant(name->text, name->length, &number) ||
        (name->length > 5 && memcmp(name->text, "tcpi_", 5) == 0)) {
        drill_lexer_error(code->lexer, name->at, "'%.*s' cannot be assigned to", (int)name->length,
                          name->text);
        return -1;
    }
    while (i < names->count &&
           (strlen(names->name[i]) != name->length || memcmp(names->name[i], name->text, name->length) != 0))
        i++;
    if (i == CODE_VARIABLES_LIMIT) {
        drill_lexer_error(code->lexer, name->at, "more than %d variables", CODE_VARIABLES_LIMIT);
        return -1;
    }
    if (i == names->count)
        names->name[names->count++] = drill_arena_copy(&code->lexer->script->arena, name->text, name->length);
    return i;
}

/* NAME += E is NAME = NAME + (E). */
static struct code_node *combine(struct code_lexer *code, const struct code_token *name,
                                 enum code_operator operator, struct code_node * value)
{
    struct arena *arena = &code->lexer->script->arena;
    struct code_node *whole = drill_arena_take(arena, sizeof *whole);
    struct code_node *old = drill_arena_take(arena, sizeof *old);
    const struct code_names *names = &code->lexer->script->names;

    while (old->index < names->count && (strlen(names->name[old->index]) != name->length ||
                                         memcmp(names->name[old->index], name->text, name->length) != 0))
        old->index++;
    if (old->index == names->count) {
        drill_lexer_error(code->lexer, name->at, "nothing has the name '%.*s'", (int)name->length,
                          name->text);
        return NULL;
    }
    old->operator= CODE_VARIABLE;
    old->name = names->name[old->index];
    old->at = whole->at = name->at;
    old->next = value;
    whole->operator= operator;
    whole->first = old;
    return whole;
}

static bool parse_assignment(struct code_lexer *code, const struct code_token *name,
                             struct code_statement *statement)
{
    static const struct {
        const char *sign;
        enum code_operator operator;
    } forms[] = { { "=", CODE_CONSTANT },   { "+=", CODE_ADD },         { "-=", CODE_SUBTRACT },
                  { "*=", CODE_MULTIPLY },  { "/=", CODE_DIVIDE },      { "//=", CODE_FLOOR_DIVIDE },
                  { "%=", CODE_REMAINDER }, { "&=", CODE_BIT_AND },     { "|=", CODE_BIT_OR },
                  { "^=", CODE_BIT_XOR },   { "<<=", CODE_SHIFT_LEFT }, { ">>=", CODE_SHIFT_RIGHT },
                  { "**=", CODE_POWER } };

    statement->verb = CODE_ASSIGN;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!drill_code_take(code, forms[i].sign))
            continue;
        statement->expression = drill_code_expressions(code, 0);
        if (statement->expression != NULL && i != 0)
            statement->expression = combine(code, name, forms[i].operator, statement->expression);
        if (statement->expression == NULL)
            return false;
        statement->variable = variable_of(code, name);
        return statement->variable >= 0;
    }
    return drill_code_error(code, "expected a value");
}

static bool is_assignment(const struct code_lexer *code)
{
    return code->token.kind == CODE_TOKEN_SIGN && code->token.text[code->token.length - 1] == '=' &&
           !drill_code_is(code, "==") && !drill_code_is(code, "!=") && !drill_code_is(code, "<=") &&
           !drill_code_is(code, ">=");
}

/* `if E: statements`, and `else: statements` on the next line, if there is that. */
static bool parse_suite(struct code_lexer *code, struct code_statement **place, int depth)
{
    if (!drill_code_take(code, ":"))
        return drill_code_error(code, "expected ':'");
    if (code->token.kind == CODE_TOKEN_NEWLINE)
        return drill_code_error(code,
                                "expected a statement on the same line: indented ones are not supported");
    do {
        if (code->token.kind == CODE_TOKEN_NEWLINE || code->token.kind == CODE_TOKEN_END)
            return true;
        *place = parse_statement(code, depth + 1);
        if (*place == NULL)
            return false;
        place = &(*place)->next;
    } while (drill_code_take(code, ";"));
    return true;
}

static bool parse_if(struct code_lexer *code, struct code_statement *statement, int depth)
{
    struct code_lexer before;

    statement->verb = CODE_IF;
    statement->expression = drill_code_expression(code, 0);
    if (statement->expression == NULL || !parse_suite(code, &statement->then, depth))
        return false;
    before = *code;
    while (code->token.kind == CODE_TOKEN_NEWLINE)
        if (!drill_code_next(code))
            return false;
    if (drill_code_take(code, "elif")) {
        statement->otherwise = drill_arena_take(&code->lexer->script->arena, sizeof *statement);
        return depth < NESTING_LIMIT ? parse_if(code, statement->otherwise, depth + 1)
                                     : drill_code_error(code, "nested too deeply");
    }
    if (drill_code_take(code, "else"))
        return parse_suite(code, &statement->otherwise, depth);
    *code = before;
    return true;
}

/* A statement that begins with a name: an assignment or an expression. */
static bool parse_other(struct code_lexer *code, struct code_statement *statement)
{
    struct code_lexer before = *code;
    struct code_token name = code->token;

    if (name.kind == CODE_TOKEN_NAME) {
        if (!drill_code_next(code))
            return false;
        if (is_assignment(code))
            return parse_assignment(code, &name, statement);
        *code = before;
    }
    statement->verb = CODE_EVALUATE;
    statement->expression = drill_code_expressions(code, 0);
    return statement->expression != NULL;
}

static bool parse_assert(struct code_lexer *code, struct code_statement *statement)
{
    statement->verb = CODE_ASSERT;
    statement->text = code->token.text;
    statement->expression = drill_code_expression(code, 0);
    if (statement->expression == NULL)
        return false;
    statement->length = (int)(code->token.text - statement->text);
    while (statement->length > 0 && strchr(" \t\n\\", statement->text[statement->length - 1]) != NULL)
        statement->length--;
    if (!drill_code_take(code, ","))
        return true;
    statement->message = drill_code_expression(code, 0);
    return statement->message != NULL;
}

static struct code_statement *parse_statement(struct code_lexer *code, int depth)
{
    struct code_statement *statement = drill_arena_take(&code->lexer->script->arena, sizeof *statement);
    bool good = true;

    if (depth > NESTING_LIMIT) {
        drill_code_error(code, "nested too deeply");
        return NULL;
    }
    statement->at = code->token.at;
    if (drill_code_take(code, "assert")) {
        good = parse_assert(code, statement);
    } else if (drill_code_take(code, "print")) {
        statement->verb = CODE_PRINT;
        if (!at_end(code))
            good = (statement->expression = drill_code_expressions(code, 0)) != NULL;
    } else if (drill_code_take(code, "if")) {
        good = parse_if(code, statement, depth);
    } else if (drill_code_take(code, "pass")) {
        statement->verb = CODE_EVALUATE;
    } else {
        good = parse_other(code, statement);
    }
    if (good && !at_end(code))
        good = drill_code_error(code, "expected the end of the statement");
    return good && !code->lexer->script->failed ? statement : NULL;
}

bool drill_parse_code(struct lexer *lexer, const struct token *token, struct code_statement **first)
{
    struct code_lexer code;

    if (!drill_code_lexer_init(&code, lexer, token))
        return false;
    while (code.token.kind != CODE_TOKEN_END) {
        if (code.token.kind == CODE_TOKEN_NEWLINE || drill_code_is(&code, ";")) {
            if (!drill_code_next(&code))
                return false;
            continue;
        }
        *first = parse_statement(&code, 0);
        if (*first == NULL)
            return false;
        first = &(*first)->next;
    }
    return !lexer->script->failed;
}
