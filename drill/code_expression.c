/* drill/code_expression.c: Python's expressions, from the loosest operators to the tightest. */
#include "code.h"

#include <string.h>

enum { DEPTH_LIMIT = 48 };

static struct code_node *node_new(struct code_lexer *code, enum code_operator operator,
                                  struct code_node * first)
{
    struct code_node *node = drill_arena_take(&code->lexer->script->arena, sizeof *node);

    if (++code->nodes > CODE_NODES_LIMIT)
        drill_code_error(code, "a code block of more than %d parts", CODE_NODES_LIMIT);
    node->operator= operator;
    node->at = first == NULL ? code->token.at : first->at;
    node->first = first;
    return node;
}

/* ---- names, numbers, calls ---- */

static const char *const functions[CODE_FUNCTION_COUNT] = { "abs", "min",   "max",   "len",
                                                            "int", "float", "round", "str" };

/* Between brackets that are opened already, up to the closing one. */
static struct code_node *parse_list(struct code_lexer *code, struct code_node *node, int depth, int *count)
{
    struct code_node **place = &node->first;

    while (!drill_code_is(code, ")")) {
        *place = drill_code_expression(code, depth);
        if (*place == NULL)
            return NULL;
        place = &(*place)->next;
        ++*count;
        if (!drill_code_take(code, ","))
            break;
        node->index = -1; /* a comma: a tuple even if it is of one */
    }
    if (!drill_code_take(code, ")")) {
        drill_code_error(code, "expected ')'");
        return NULL;
    }
    return node;
}

static struct code_node *parse_call(struct code_lexer *code, const struct code_token *name, int depth)
{
    struct code_node *node = node_new(code, CODE_CALL, NULL);
    int count = 0, function = 0;

    while (function < CODE_FUNCTION_COUNT && (strlen(functions[function]) != name->length ||
                                              memcmp(functions[function], name->text, name->length) != 0))
        function++;
    if (function == CODE_FUNCTION_COUNT) {
        drill_lexer_error(code->lexer, name->at, "code blocks know no function '%.*s'", (int)name->length,
                          name->text);
        return NULL;
    }
    node->name = functions[function];
    if (parse_list(code, node, depth, &count) == NULL)
        return NULL;
    node->index = function;
    if (count == 0 || (count > 1 && function != CODE_MIN && function != CODE_MAX)) {
        drill_lexer_error(code->lexer, name->at, "%s takes one argument%s", functions[function],
                          function == CODE_MIN || function == CODE_MAX ? " or more" : "");
        return NULL;
    }
    return node;
}

static bool resolve(struct code_lexer *code, const struct code_token *name, struct code_node *node)
{
    const struct code_names *names = &code->lexer->script->names;

    node->name = drill_arena_copy(&code->lexer->script->arena, name->text, name->length);
    node->constant.type = CODE_BOOL;
    if (strcmp(node->name, "True") == 0 || strcmp(node->name, "False") == 0) {
        node->constant.number = node->name[0] == 'T';
        return true;
    }
    if (strcmp(node->name, "None") == 0) {
        node->constant.type = CODE_NONE;
        return true;
    }
    node->constant.type = CODE_INTEGER;
    if (drill_code_constant(name->text, name->length, &node->constant.number))
        return true;
    node->operator= CODE_VARIABLE;
    for (node->index = 0; node->index < names->count; node->index++)
        if (strcmp(names->name[node->index], node->name) == 0)
            return true;
    node->operator= CODE_FIELD;
    node->index = drill_code_field(name->text, name->length);
    if (node->index >= 0)
        return true;
    return drill_lexer_error(code->lexer, name->at,
                             strncmp(node->name, "tcpi_", 5) == 0 ? "this stack does not tell '%s'"
                                                                  : "nothing has the name '%s'",
                             node->name);
}

static struct code_node *parse_name(struct code_lexer *code, int depth)
{
    static const char *const refused[] = { "import", "for",  "while",  "def",   "lambda", "with",
                                           "try",    "del",  "is",     "class", "return", "raise",
                                           "else",   "from", "global", "yield" };
    struct code_token name = code->token;
    struct code_node *node;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (drill_code_is(code, refused[i])) {
            drill_code_error(code, "code blocks know no '%s' here", refused[i]);
            return NULL;
        }
    }
    node = node_new(code, CODE_CONSTANT, NULL);
    if (!drill_code_next(code))
        return NULL;
    if (drill_code_take(code, "("))
        return parse_call(code, &name, depth);
    return resolve(code, &name, node) ? node : NULL;
}

static struct code_node *parse_atom(struct code_lexer *code, int depth)
{
    struct code_node *node;
    int count = 0;

    if (code->token.kind == CODE_TOKEN_NAME)
        return parse_name(code, depth);
    if (code->token.kind == CODE_TOKEN_NUMBER || code->token.kind == CODE_TOKEN_STRING) {
        node = node_new(code, CODE_CONSTANT, NULL);
        return drill_code_literal(code, &node->constant) && drill_code_next(code) ? node : NULL;
    }
    if (!drill_code_take(code, "(")) {
        drill_code_error(code, "expected a value");
        return NULL;
    }
    node = node_new(code, CODE_MAKE_TUPLE, NULL);
    if (parse_list(code, node, depth, &count) == NULL)
        return NULL;
    return count == 1 && node->index == 0 ? node->first : node;
}

/* ---- operators ---- */

static struct code_node *parse_unary(struct code_lexer *code, int depth);

static struct code_node *pair(struct code_lexer *code, enum code_operator operator, struct code_node * first,
                              struct code_node *second)
{
    struct code_node *node;

    if (first == NULL || second == NULL)
        return NULL;
    node = node_new(code, operator, first);
    first->next = second;
    return node;
}

static struct code_node *parse_power(struct code_lexer *code, int depth)
{
    struct code_node *base = parse_atom(code, depth + 1);

    if (base == NULL || !drill_code_take(code, "**"))
        return base;
    return pair(code, CODE_POWER, base, parse_unary(code, depth + 1));
}

static struct code_node *parse_unary(struct code_lexer *code, int depth)
{
    static const char *const signs[] = { "-", "+", "~" };

    if (depth > DEPTH_LIMIT) {
        drill_code_error(code, "an expression nested too deeply");
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        struct code_node *operand;

        if (!drill_code_take(code, signs[i]))
            continue;
        operand = parse_unary(code, depth + 1);
        return operand == NULL ? NULL : node_new(code, (enum code_operator)(CODE_NEGATE + i), operand);
    }
    return parse_power(code, depth);
}

/* Operators with two operands that group from the left; a higher level binds tighter. */
static const struct {
    const char *sign;
    int level;
    enum code_operator operator;
} binary[] = { { "|", 0, CODE_BIT_OR },        { "^", 1, CODE_BIT_XOR },      { "&", 2, CODE_BIT_AND },
               { "<<", 3, CODE_SHIFT_LEFT },   { ">>", 3, CODE_SHIFT_RIGHT }, { "+", 4, CODE_ADD },
               { "-", 4, CODE_SUBTRACT },      { "*", 5, CODE_MULTIPLY },     { "/", 5, CODE_DIVIDE },
               { "//", 5, CODE_FLOOR_DIVIDE }, { "%", 5, CODE_REMAINDER } };

enum { LEVELS = 6 };

static struct code_node *parse_binary(struct code_lexer *code, int level, int depth)
{
    struct code_node *left;

    if (level == LEVELS)
        return parse_unary(code, depth);
    left = parse_binary(code, level + 1, depth);
    for (size_t i = 0; left != NULL && i < sizeof binary / sizeof binary[0]; i++) {
        if (binary[i].level != level || !drill_code_take(code, binary[i].sign))
            continue;
        left = pair(code, binary[i].operator, left, parse_binary(code, level + 1, depth));
        i = SIZE_MAX; /* from the first sign again */
    }
    return left;
}

/* The link that comes next, CODE_COMPARE: none. */
static enum code_operator take_link(struct code_lexer *code)
{
    static const struct {
        const char *sign;
        enum code_operator link;
    } links[] = { { "==", CODE_EQUAL },      { "!=", CODE_UNEQUAL }, { "<", CODE_LESS },
                  { "<=", CODE_LESS_EQUAL }, { ">", CODE_MORE },     { ">=", CODE_MORE_EQUAL },
                  { "in", CODE_IN } };

    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (drill_code_take(code, links[i].sign))
            return links[i].link;
    if (!drill_code_take(code, "not"))
        return CODE_COMPARE;
    if (!drill_code_take(code, "in"))
        drill_code_error(code, "expected 'in' behind 'not'");
    return CODE_NOT_IN;
}

static struct code_node *parse_comparison(struct code_lexer *code, int depth)
{
    struct code_node *first = parse_binary(code, 0, depth), *last = first, *chain = NULL;
    enum code_operator link;

    while (last != NULL && (link = take_link(code)) != CODE_COMPARE) {
        if (chain == NULL)
            chain = node_new(code, CODE_COMPARE, first);
        last->next = parse_binary(code, 0, depth);
        last = last->next;
        if (last != NULL)
            last->link = link;
    }
    return last == NULL ? NULL : chain == NULL ? first : chain;
}

static struct code_node *parse_not(struct code_lexer *code, int depth)
{
    struct code_node *operand;

    if (depth > DEPTH_LIMIT) {
        drill_code_error(code, "an expression nested too deeply");
        return NULL;
    }
    if (!drill_code_take(code, "not"))
        return parse_comparison(code, depth);
    operand = parse_not(code, depth + 1);
    return operand == NULL ? NULL : node_new(code, CODE_NOT, operand);
}

static struct code_node *parse_and(struct code_lexer *code, int depth)
{
    struct code_node *left = parse_not(code, depth);

    while (left != NULL && !code->lexer->script->failed && drill_code_take(code, "and"))
        left = pair(code, CODE_AND, left, parse_not(code, depth));
    return left;
}

static struct code_node *parse_or(struct code_lexer *code, int depth)
{
    struct code_node *left = parse_and(code, depth);

    while (left != NULL && !code->lexer->script->failed && drill_code_take(code, "or"))
        left = pair(code, CODE_OR, left, parse_and(code, depth));
    return left;
}

struct code_node *drill_code_expression(struct code_lexer *code, int depth)
{
    struct code_node *value = parse_or(code, depth + 1), *condition, *otherwise;

    if (value == NULL || !drill_code_take(code, "if"))
        return value;
    condition = parse_or(code, depth + 1);
    if (condition == NULL || !drill_code_take(code, "else")) {
        drill_code_error(code, "expected 'else'");
        return NULL;
    }
    otherwise = drill_code_expression(code, depth + 1);
    if (otherwise == NULL)
        return NULL;
    condition->next = value;
    value->next = otherwise;
    return node_new(code, CODE_CHOICE, condition);
}

struct code_node *drill_code_expressions(struct code_lexer *code, int depth)
{
    struct code_node *first = drill_code_expression(code, depth), **place;
    struct code_node *tuple;

    if (first == NULL || !drill_code_is(code, ","))
        return first;
    tuple = node_new(code, CODE_MAKE_TUPLE, first);
    for (place = &first->next; drill_code_take(code, ","); place = &(*place)->next) {
        if (code->token.kind == CODE_TOKEN_END || code->token.kind == CODE_TOKEN_NEWLINE ||
            drill_code_is(code, ";"))
            break;
        *place = drill_code_expression(code, depth);
        if (*place == NULL)
            return NULL;
    }
    return tuple;
}
