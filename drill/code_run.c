/* drill/code_run.c: statements of a code block, and what is said of an assertion that does not hold. */
#include "code_run.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 512, TOLD_LIMIT = 16 };

void drill_code_begin(struct run *run)
{
    run->code = calloc(1, sizeof *run->code);
    if (run->code == NULL)
        abort();
}

void drill_code_end(struct run *run)
{
    drill_arena_release(&run->code->arena);
    free(run->code);
    run->code = NULL;
}

/* Each name that the expression uses, once, with its value at this moment. */
static void tell_names(struct run *run, const struct code_node *node, const char **told, int *count)
{
    struct code_value value;
    char words[WORDS];
    const char *meaning;

    for (const struct code_node *operand = node->first; operand != NULL; operand = operand->next)
        tell_names(run, operand, told, count);
    if ((node->operator!= CODE_FIELD && node->operator!= CODE_VARIABLE) || *count == TOLD_LIMIT)
        return;
    for (int i = 0; i < *count; i++)
        if (strcmp(told[i], node->name) == 0)
            return;
    told[(*count)++] = node->name;
    if (!drill_code_evaluate(run, node, &value))
        return;
    drill_code_print(&value, words, sizeof words);
    meaning = node->operator== CODE_FIELD ? drill_code_field_word(node->index, value.number) : NULL;
    drill_run_detail(run, *count == 1 ? drill_run_words(run, WORD_WHERE) : "", "%s = %s%s%s%s", node->name, words,
                     meaning == NULL ? "" : " (", meaning == NULL ? "" : meaning, meaning == NULL ? "" : ")");
}

/* The expression on one line. */
static void on_one_line(const struct code_statement *statement, char *to, size_t size)
{
    size_t used = 0;

    for (int i = 0; i < statement->length && used + 1 < size; i++) {
        bool blank = strchr(" \t\r\n\\", statement->text[i]) != NULL;

        if (!blank || (used > 0 && to[used - 1] != ' '))
            to[used++] = blank ? ' ' : statement->text[i];
    }
    to[used] = '\0';
}

static bool assert_it(struct run *run, const struct code_statement *statement)
{
    const char *told[TOLD_LIMIT];
    struct code_value value, message;
    char words[WORDS];
    int count = 0;

    if (!drill_code_evaluate(run, statement->expression, &value))
        return false;
    if (drill_code_truth(&value))
        return true;
    on_one_line(statement, words, sizeof words);
    drill_run_fail(run, drill_run_words(run, WORD_NOT_HELD), words);
    if (statement->at.line != run->event->at.line)
        drill_run_detail(run, drill_run_words(run, WORD_IN), "line %d", statement->at.line);
    tell_names(run, statement->expression, told, &count);
    if (statement->message == NULL || !drill_code_evaluate(run, statement->message, &message))
        return false;
    drill_code_print(&message, words, sizeof words);
    drill_run_detail(run, drill_run_words(run, WORD_MESSAGE), "%s", words);
    return false;
}

/* As Python 2 and 3 print: several values with a space between them. */
static bool print_it(struct run *run, const struct code_node *expression)
{
    struct code_value value = { .type = CODE_TEXT, .text = "" };
    char words[WORDS];

    if (expression != NULL && !drill_code_evaluate(run, expression, &value))
        return false;
    if (run->out == NULL)
        return true;
    if (expression == NULL || expression->operator!= CODE_MAKE_TUPLE) {
        drill_code_print(&value, words, sizeof words);
        fprintf(run->out, "%s\n", words);
        return true;
    }
    for (size_t i = 0; i < value.length; i++) {
        drill_code_print(&value.items[i], words, sizeof words);
        fprintf(run->out, "%s%s", i == 0 ? "" : " ", words);
    }
    fputc('\n', run->out);
    return true;
}

static bool do_statements(struct run *run, const struct code_statement *statement)
{
    struct code_value value = { .type = CODE_NONE };

    for (; statement != NULL; statement = statement->next) {
        bool good = true;

        switch (statement->verb) {
        case CODE_ASSERT:
            good = assert_it(run, statement);
            break;
        case CODE_PRINT:
            good = print_it(run, statement->expression);
            break;
        case CODE_EVALUATE:
            good = statement->expression == NULL || drill_code_evaluate(run, statement->expression, &value);
            break;
        case CODE_IF:
            good = drill_code_evaluate(run, statement->expression, &value) &&
                   do_statements(run, drill_code_truth(&value) ? statement->then : statement->otherwise);
            break;
        case CODE_ASSIGN:
            good = drill_code_evaluate(run, statement->expression, &value);
            run->code->variable[statement->variable] = value;
            run->code->assigned[statement->variable] = good;
            break;
        }
        if (!good)
            return false;
    }
    return true;
}

bool drill_code_run(struct run *run, const struct code_statement *first)
{
    run->code->asked = false;
    return do_statements(run, first) && !run->failed;
}
