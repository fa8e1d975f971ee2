/* drill/code.h: `%{ }%` blocks as a tree.
 *
 * packetdrill hands such blocks to Python. What scripts do in them is to assert, print and keep values, so
 * here is an evaluator of those statements and of Python's expressions, with numbers of 64 bits:
 *
 *     block      = [statement] ((`;` | newline) [statement])*
 *     statement  = assert E [`,` E] | print [E (`,` E)*] | NAME `=` E | pass | if E `:` statement (`;`
 * statement)* [newline else `:` statement (`;` statement)*] E          = or, and, not, comparisons in chains,
 * in, not in, | ^ & << >> + - * / // % ** ~, A if C else B, abs min max len int float round str, numbers,
 * strings, True, False, None, (tuples)
 *
 * Names that begin with tcpi_ are of the connection that the lines above are about, as Linux' TCP_INFO has
 * them; constants are those of its headers; all else is a variable that an assignment above has made. A name
 * that is none of these is refused while parsing. `/` is that of Python 3. */
#ifndef DRILL_CODE_H
#define DRILL_CODE_H

#include "lexer.h"

enum code_type { CODE_NONE, CODE_BOOL, CODE_INTEGER, CODE_REAL, CODE_TEXT, CODE_TUPLE };

struct code_value {
    enum code_type type;
    long long number; /* CODE_BOOL and CODE_INTEGER */
    double real;
    const char *text;
    size_t length; /* of the text, or of the tuple */
    const struct code_value *items;
};

enum code_operator {
    /* without operands */
    CODE_CONSTANT,
    CODE_VARIABLE,
    CODE_FIELD,
    /* with one */
    CODE_NEGATE,
    CODE_PLUS,
    CODE_INVERT,
    CODE_NOT,
    /* with two */
    CODE_OR,
    CODE_AND,
    CODE_BIT_OR,
    CODE_BIT_XOR,
    CODE_BIT_AND,
    CODE_SHIFT_LEFT,
    CODE_SHIFT_RIGHT,
    CODE_ADD,
    CODE_SUBTRACT,
    CODE_MULTIPLY,
    CODE_DIVIDE,
    CODE_FLOOR_DIVIDE,
    CODE_REMAINDER,
    CODE_POWER,
    /* links of a chain of comparisons */
    CODE_EQUAL,
    CODE_UNEQUAL,
    CODE_LESS,
    CODE_LESS_EQUAL,
    CODE_MORE,
    CODE_MORE_EQUAL,
    CODE_IN,
    CODE_NOT_IN,
    /* with a list */
    CODE_COMPARE, /* the first operand; then each has its link as `link` */
    CODE_CHOICE,  /* condition, then, else */
    CODE_MAKE_TUPLE,
    CODE_CALL
};

enum code_function {
    CODE_ABS,
    CODE_MIN,
    CODE_MAX,
    CODE_LEN,
    CODE_INT,
    CODE_FLOAT,
    CODE_ROUND,
    CODE_STR,
    CODE_FUNCTION_COUNT
};

struct code_node {
    enum code_operator operator;
    enum code_operator link; /* in a CODE_COMPARE */
    struct location at;
    struct code_value constant;
    int index;                      /* of the variable, the field or the function */
    const char *name;               /* as written */
    struct code_node *first, *next; /* operands; the next operand of the same node */
};

enum code_verb { CODE_ASSERT, CODE_PRINT, CODE_ASSIGN, CODE_IF, CODE_EVALUATE };

struct code_statement {
    enum code_verb verb;
    struct location at;
    const char *text; /* of the expression, for messages */
    int length;
    struct code_node *expression;            /* NULL: an empty print */
    struct code_node *message;               /* of an assertion; else NULL */
    int variable;                            /* what is assigned to */
    struct code_statement *then, *otherwise; /* of CODE_IF */
    struct code_statement *next;
};

/* code_lexer.c: tokens of a block. A newline is one, unless in brackets or behind a backslash. */
enum code_token_kind {
    CODE_TOKEN_END,
    CODE_TOKEN_NEWLINE,
    CODE_TOKEN_NUMBER,
    CODE_TOKEN_STRING,
    CODE_TOKEN_NAME,
    CODE_TOKEN_SIGN
};
struct code_token {
    enum code_token_kind kind;
    struct location at;
    const char *text; /* of a string: without its quotes */
    size_t length;
};
enum { CODE_NODES_LIMIT = 2000 };
struct code_lexer {
    struct lexer *lexer; /* of the script, for errors */
    const char *text, *end;
    struct location at;
    int brackets;
    int nodes; /* made for this block, at most CODE_NODES_LIMIT: what is evaluated is nested no deeper */
    struct code_token token; /* the present one */
};
bool drill_code_lexer_init(struct code_lexer *code, struct lexer *lexer, const struct token *block);
/* Goes to the next token. False: there is none that Python knows. */
bool drill_code_next(struct code_lexer *code);
bool drill_code_is(const struct code_lexer *code, const char *word);
/* Goes on if the present token is that word or sign. */
bool drill_code_take(struct code_lexer *code, const char *word);
/* As drill_lexer_error, at the present token. */
bool drill_code_error(struct code_lexer *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The present token as a value of a number or a string. */
bool drill_code_literal(struct code_lexer *code, struct code_value *value);

/* code_expression.c. NULL: an error was recorded. */
struct code_node *drill_code_expression(struct code_lexer *code, int depth);
/* E (`,` E)*: a tuple where there is a comma. */
struct code_node *drill_code_expressions(struct code_lexer *code, int depth);

/* code_parse.c: the block that `token` is. */
bool drill_parse_code(struct lexer *lexer, const struct token *token, struct code_statement **first);

/* code_names.c: what is told of a connection, in Linux' units; -1: no such name. */
int drill_code_field(const char *name, size_t length);
const char *drill_code_field_name(int field);
struct baro_tcp_info;
long long drill_code_field_value(int field, const struct baro_tcp_info *info);
/* A name of the field's value, "TCP_CA_Loss"; NULL: it has none. */
const char *drill_code_field_word(int field, long long value);
bool drill_code_constant(const char *name, size_t length, long long *number);

#endif
