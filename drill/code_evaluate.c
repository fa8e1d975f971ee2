/* drill/code_evaluate.c: the values of expressions. A number that leaves 64 bits, a division by zero and
 * operands that do not fit are failures of the script, as in Python. */
#include "code_run.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 256, SHIFT_MOST = 62, ITEMS_LIMIT = 64 };

bool drill_code_truth(const struct code_value *value)
{
    switch (value->type) {
    case CODE_NONE:
        return false;
    case CODE_REAL:
        return value->real != 0;
    case CODE_BOOL:
    case CODE_INTEGER:
        return value->number != 0;
    default:
        return value->length != 0;
    }
}

static struct code_value truth(bool yes)
{
    return (struct code_value){ .type = CODE_BOOL, .number = yes };
}

static bool is_whole(const struct code_value *value)
{
    return value->type == CODE_INTEGER || value->type == CODE_BOOL;
}

static bool is_number(const struct code_value *value)
{
    return is_whole(value) || value->type == CODE_REAL;
}

static double real_of(const struct code_value *value)
{
    return value->type == CODE_REAL ? value->real : (double)value->number;
}

static bool unfit(struct run *run, const char *what)
{
    return drill_run_fail(run, "the values do not fit %s", what);
}

/* ---- arithmetic ---- */

static bool power(long long base, long long exponent, long long *result)
{
    *result = 1;
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(*result, base, result))
            return false;
    return true;
}

/* Rounds down, as Python does. */
static long long floor_divide(long long left, long long right)
{
    return left / right - (left % right != 0 && (left < 0) != (right < 0));
}

/* False: more than 64 bits. */
static bool combine_whole(enum code_operator operator, long long left, long long right, long long *result)
{
    switch (operator) {
    case CODE_ADD:
        return !__builtin_add_overflow(left, right, result);
    case CODE_SUBTRACT:
        return !__builtin_sub_overflow(left, right, result);
    case CODE_MULTIPLY:
        return !__builtin_mul_overflow(left, right, result);
    case CODE_FLOOR_DIVIDE:
        *result = right == -1 ? 0 : floor_divide(left, right);
        return right != -1 || !__builtin_sub_overflow(0, left, result);
    case CODE_REMAINDER:
        *result = right == -1 ? 0 : left - right * floor_divide(left, right);
        return true;
    case CODE_BIT_OR:
        *result = left | right;
        return true;
    case CODE_BIT_XOR:
        *result = left ^ right;
        return true;
    case CODE_BIT_AND:
        *result = left & right;
        return true;
    case CODE_SHIFT_LEFT:
        return right >= 0 && right <= SHIFT_MOST && !__builtin_mul_overflow(left, 1LL << right, result);
    case CODE_SHIFT_RIGHT:
        *result = right > SHIFT_MOST ? (left < 0 ? -1 : 0) : left >> right;
        return right >= 0;
    default:
        return right >= 0 && right <= 4096 && power(left, right, result);
    }
}

static bool combine_real(enum code_operator operator, double left, double right, double *result)
{
    double whole;

    switch (operator) {
    case CODE_ADD:
        *result = left + right;
        return true;
    case CODE_SUBTRACT:
        *result = left - right;
        return true;
    case CODE_MULTIPLY:
        *result = left * right;
        return true;
    case CODE_DIVIDE:
        *result = left / right;
        return true;
    case CODE_FLOOR_DIVIDE:
    case CODE_REMAINDER:
        *result = left / right;
        if (*result > 9e15 || *result < -9e15)
            return false;
        whole = (double)(long long)*result;
        whole -= whole > *result;
        *result = operator== CODE_REMAINDER ? left - right * whole : whole;
        return true;
    default:
        return false;
    }
}

static bool join(struct run *run, const struct code_value *left, const struct code_value *right,
                 struct code_value *result)
{
    char *text = drill_arena_take(&run->code->arena, left->length + right->length + 1);

    memcpy(text, left->text, left->length);
    memcpy(text + left->length, right->text, right->length);
    *result = (struct code_value){ .type = CODE_TEXT, .text = text, .length = left->length + right->length };
    return true;
}

static bool combine(struct run *run, enum code_operator operator, const struct code_value * left,
                    const struct code_value *right, struct code_value *result)
{
    bool divides = operator== CODE_DIVIDE || operator== CODE_FLOOR_DIVIDE || operator== CODE_REMAINDER;

    if (left->type == CODE_TEXT && operator== CODE_REMAINDER)
        return drill_code_format(run, left, right, result);
    if (left->type == CODE_TEXT && right->type == CODE_TEXT && operator== CODE_ADD)
        return join(run, left, right, result);
    if (!is_number(left) || !is_number(right))
        return unfit(run, "the operator");
    if (divides && real_of(right) == 0)
        return drill_run_fail(run, "a division by zero");
    if (is_whole(left) && is_whole(right) && operator!= CODE_DIVIDE) {
        bool logic = operator== CODE_BIT_OR || operator== CODE_BIT_XOR || operator== CODE_BIT_AND;

        result->type =
            left->type == CODE_BOOL && right->type == CODE_BOOL && logic ? CODE_BOOL : CODE_INTEGER;
        return combine_whole(operator, left->number, right->number, &result->number) ||
               drill_run_fail(run, "a number of more than 64 bits");
    }
    result->type = CODE_REAL;
    return combine_real(operator, real_of(left), real_of(right), &result->real) || unfit(run, "the operator");
}

static bool change(struct run *run, enum code_operator operator, const struct code_value * operand,
                   struct code_value *result)
{
    const struct code_value zero = { .type = CODE_INTEGER };

    if (operator== CODE_NOT) {
        *result = truth(!drill_code_truth(operand));
        return true;
    }
    if (operator== CODE_INVERT) {
        *result = (struct code_value){ .type = CODE_INTEGER, .number = ~operand->number };
        return is_whole(operand) || unfit(run, "~");
    }
    return combine(run, operator== CODE_NEGATE ? CODE_SUBTRACT : CODE_ADD, &zero, operand, result);
}

/* ---- comparisons ---- */

static bool contains(const struct code_value *holder, const struct code_value *value)
{
    if (holder->type == CODE_TEXT)
        return value->length == 0 || memmem(holder->text, holder->length, value->text, value->length) != NULL;
    for (size_t i = 0; i < holder->length; i++)
        if (drill_code_same(&holder->items[i], value))
            return true;
    return false;
}

static bool holds(struct run *run, enum code_operator link, const struct code_value *left,
                  const struct code_value *right, bool *result)
{
    int order;

    if (link == CODE_EQUAL || link == CODE_UNEQUAL) {
        *result = drill_code_same(left, right) == (link == CODE_EQUAL);
        return true;
    }
    if (link == CODE_IN || link == CODE_NOT_IN) {
        if (right->type != CODE_TUPLE && (right->type != CODE_TEXT || left->type != CODE_TEXT))
            return unfit(run, "'in'");
        *result = contains(right, left) == (link == CODE_IN);
        return true;
    }
    order = drill_code_compare(left, right);
    if (order == 2)
        return unfit(run, "the comparison");
    *result = link == CODE_LESS         ? order < 0
              : link == CODE_LESS_EQUAL ? order <= 0
              : link == CODE_MORE       ? order > 0
                                        : order >= 0;
    return true;
}

static bool evaluate_chain(struct run *run, const struct code_node *first, struct code_value *value)
{
    struct code_value left, right;
    bool yes = true;

    if (!drill_code_evaluate(run, first, &left))
        return false;
    for (const struct code_node *node = first->next; node != NULL && yes; node = node->next) {
        if (!drill_code_evaluate(run, node, &right) || !holds(run, node->link, &left, &right, &yes))
            return false;
        left = right;
    }
    *value = truth(yes);
    return true;
}

/* ---- tuples and calls ---- */

static bool evaluate_list(struct run *run, const struct code_node *first, struct code_value *tuple)
{
    struct code_value *items;
    size_t count = 0;

    for (const struct code_node *node = first; node != NULL; node = node->next)
        count++;
    items = drill_arena_take(&run->code->arena, (count + 1) * sizeof *items);
    *tuple = (struct code_value){ .type = CODE_TUPLE, .items = items, .length = count };
    for (const struct code_node *node = first; node != NULL; node = node->next)
        if (!drill_code_evaluate(run, node, items++))
            return false;
    return true;
}

static bool least_or_most(struct run *run, const struct code_value *list, bool most, struct code_value *value)
{
    if (list->length == 0)
        return unfit(run, "the call");
    *value = list->items[0];
    for (size_t i = 1; i < list->length; i++) {
        int order = drill_code_compare(&list->items[i], value);

        if (order == 2)
            return unfit(run, "the comparison");
        if (order == (most ? 1 : -1))
            *value = list->items[i];
    }
    return true;
}

/* To a whole number: towards zero, or to the nearest, halves to even. */
static bool whole_of(struct run *run, const struct code_value *from, bool nearest, struct code_value *value)
{
    double rest;

    value->type = CODE_INTEGER;
    if (is_whole(from)) {
        value->number = from->number;
        return true;
    }
    if (from->type != CODE_REAL || !(from->real < 9e18 && from->real > -9e18))
        return unfit(run, "the call");
    value->number = (long long)from->real;
    rest = from->real - (double)value->number;
    if (nearest && (rest > 0.5 || (rest == 0.5 && value->number % 2 != 0)))
        value->number++;
    else if (nearest && (rest < -0.5 || (rest == -0.5 && value->number % 2 != 0)))
        value->number--;
    return true;
}

static bool call(struct run *run, const struct code_node *node, struct code_value *value)
{
    struct code_value list;
    const struct code_value *one;
    char *text;

    if (!evaluate_list(run, node->first, &list))
        return false;
    one = &list.items[0];
    switch ((enum code_function)node->index) {
    case CODE_MIN:
    case CODE_MAX:
        return least_or_most(run, list.length == 1 && one->type == CODE_TUPLE ? one : &list,
                             node->index == CODE_MAX, value);
    case CODE_ABS:
        *value = *one;
        if (!is_number(one))
            return unfit(run, "abs");
        return real_of(one) >= 0 || change(run, CODE_NEGATE, one, value);
    case CODE_LEN:
        *value = (struct code_value){ .type = CODE_INTEGER, .number = (long long)one->length };
        return one->type == CODE_TEXT || one->type == CODE_TUPLE || unfit(run, "len");
    case CODE_INT:
    case CODE_ROUND:
        return whole_of(run, one, node->index == CODE_ROUND, value);
    case CODE_FLOAT:
        *value = (struct code_value){ .type = CODE_REAL, .real = real_of(one) };
        return is_number(one) || unfit(run, "float");
    default:
        text = drill_arena_take(&run->code->arena, WORDS);
        drill_code_print(one, text, WORDS);
        *value = (struct code_value){ .type = CODE_TEXT, .text = text, .length = strlen(text) };
        return true;
    }
}

/* ---- the whole ---- */

/* The socket that tcpi_ names are about: of the connection of the last line, else the newest of TCP. -1:
 * none. */
static int socket_now(const struct run *run)
{
    int newest = -1;

    for (int i = 0; i < DESCRIPTORS_LIMIT; i++) {
        const struct descriptor *descriptor = &run->descriptor[i];

        if (!descriptor->used || descriptor->type != BARO_STREAM)
            continue;
        if (descriptor->connection != NOBODY && descriptor->connection == run->tcp_spoken)
            return descriptor->live;
        newest = descriptor->live;
    }
    return newest;
}

static bool field_value(struct run *run, const struct code_node *node, struct code_value *value)
{
    struct code_state *state = run->code;
    size_t length = sizeof state->info;
    int live = socket_now(run);

    if (!state->asked && live < 0)
        return drill_run_fail(run, "there is no TCP socket to ask for %s", node->name);
    if (!state->asked && baro_getsockopt(run->stack, live, BARO_TCP_INFO, &state->info, &length) != 0)
        return drill_run_fail(run, "the stack does not tell of the connection");
    state->asked = true;
    *value = (struct code_value){ .type = CODE_INTEGER,
                                  .number = drill_code_field_value(node->index, &state->info) };
    return true;
}

bool drill_code_evaluate(struct run *run, const struct code_node *node, struct code_value *value)
{
    struct code_value left = { .type = CODE_NONE }, right;

    *value = node->constant;
    switch (node->operator) {
    case CODE_CONSTANT:
        return true;
    case CODE_VARIABLE:
        *value = run->code->variable[node->index];
        return run->code->assigned[node->index] || drill_run_fail(run, "%s has no value yet", node->name);
    case CODE_FIELD:
        return field_value(run, node, value);
    case CODE_COMPARE:
        return evaluate_chain(run, node->first, value);
    case CODE_MAKE_TUPLE:
        return evaluate_list(run, node->first, value);
    case CODE_CALL:
        return call(run, node, value);
    default:
        break;
    }
    if (!drill_code_evaluate(run, node->first, &left))
        return false;
    if (node->operator== CODE_CHOICE)
        return drill_code_evaluate(run, drill_code_truth(&left) ? node->first->next : node->first->next->next,
                                   value);
    if (node->operator<= CODE_NOT)
        return change(run, node->operator, & left, value);
    *value = left;
    if ((node->operator== CODE_AND && !drill_code_truth(&left)) ||
        (node->operator== CODE_OR && drill_code_truth(&left)))
        return true;
    if (node->operator== CODE_AND || node->operator== CODE_OR)
        return drill_code_evaluate(run, node->first->next, value);
    return drill_code_evaluate(run, node->first->next, &right) &&
           combine(run, node->operator, & left, &right, value);
}
