/* drill/shell.c: words of shell lines, as far as scripts need a shell's rules: quotes, comments, continued
 * lines, where output goes (there is none), and products: $((15*1024*1024)). */
#include "shell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void drill_shell_init(struct shell_reader *reader, struct lexer *lexer, const struct token *line)
{
    *reader = (struct shell_reader){
        lexer, line->text, line->text + line->length, { line->at.line, line->at.column + 1 }
    };
}

static char look(const struct shell_reader *reader, size_t ahead)
{
    return (size_t)(reader->end - reader->text) > ahead ? reader->text[ahead] : '\0';
}

static void step(struct shell_reader *reader)
{
    if (*reader->text == '\n') {
        reader->at.line++;
        reader->at.column = 1;
    } else {
        reader->at.column++;
    }
    reader->text++;
}

/* $((15*1024*1024)): a product, which is what scripts write. */
static bool read_product(struct shell_reader *reader, char *to, size_t size)
{
    const char *end = memmem(reader->text, (size_t)(reader->end - reader->text), "))", 2);
    const char *at = reader->text + 3;
    long long product = 1;

    if (end == NULL)
        return false;
    for (;;) {
        long long number = 0;

        while (at < end && (*at == ' ' || *at == '('))
            at++;
        if (at == end || !isdigit((unsigned char)*at))
            return false;
        while (at < end && isdigit((unsigned char)*at))
            if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, *at++ - '0', &number))
                return false;
        if (__builtin_mul_overflow(product, number, &product))
            return false;
        while (at < end && *at == ' ')
            at++;
        if (at == end)
            break;
        if (*at++ != '*')
            return false;
    }
    while (reader->text < end + 2)
        step(reader);
    return snprintf(to, size, "%lld", product) < (int)size;
}

/* A word up to a blank or the end of its command, without quotes. */
static bool read_word(struct shell_reader *reader, char *to)
{
    char quote = '\0';
    size_t used = 0;

    while (reader->text < reader->end) {
        char c = look(reader, 0);

        if (c == quote && quote != '\0') {
            quote = '\0';
            step(reader);
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
            step(reader);
        } else if (quote == '\0' &&
                   (isspace((unsigned char)c) || c == ';' || c == '&' || c == '|' || c == '>')) {
            break;
        } else if (c == '$' && look(reader, 1) == '(' && look(reader, 2) == '(') {
            if (!read_product(reader, to + used, SHELL_WORD_BYTES - used))
                return false;
            used = strlen(to);
        } else {
            if (used + 1 >= SHELL_WORD_BYTES)
                return false;
            to[used++] = c;
            step(reader);
        }
        to[used] = '\0';
    }
    return quote == '\0';
}

/* Blanks, continued lines, comments, and where output goes: there is none. */
static void skip_blanks(struct shell_reader *reader)
{
    while (reader->text < reader->end) {
        char c = look(reader, 0), next = look(reader, 1);

        if (c == ' ' || c == '\t' || c == '\r') {
            step(reader);
        } else if (c == '\\' && next == '\n') {
            step(reader);
            step(reader);
        } else if (c == '#') {
            while (reader->text < reader->end && look(reader, 0) != '\n')
                step(reader);
        } else if (c == '>' || (isdigit((unsigned char)c) && next == '>') || (c == '&' && next == '>')) {
            while (reader->text < reader->end && look(reader, 0) != '>')
                step(reader);
            while (look(reader, 0) == '>' || look(reader, 0) == '&' || look(reader, 0) == ' ')
                step(reader);
            while (reader->text < reader->end && !isspace((unsigned char)look(reader, 0)) &&
                   look(reader, 0) != ';')
                step(reader);
        } else {
            break;
        }
    }
}

static bool at_separator(const struct shell_reader *reader)
{
    char c = look(reader, 0);

    return reader->text == reader->end || c == '\n' || c == ';' || c == '&' || c == '|';
}

/* The words up to a separator. False after an error. */
static bool read_command(struct shell_reader *reader, struct command *command)
{
    command->words = 0;
    for (skip_blanks(reader); !at_separator(reader); skip_blanks(reader)) {
        if (command->words == SHELL_WORDS_LIMIT)
            return drill_lexer_error(reader->lexer, reader->at, "a shell line of more than %d words",
                                     SHELL_WORDS_LIMIT);
        command->at[command->words] = reader->at;
        command->word[command->words][0] = '\0';
        if (!read_word(reader, command->word[command->words++]))
            return drill_lexer_error(reader->lexer, command->at[command->words - 1],
                                     "a shell word that is not understood");
    }
    if (look(reader, 0) == '|' || (look(reader, 0) == '&' && look(reader, 1) != '&'))
        return drill_lexer_error(reader->lexer, reader->at, "shell lines know no '%c' here", look(reader, 0));
    return true;
}

bool drill_shell_next(struct shell_reader *reader, struct command *command)
{
    command->words = 0;
    while (reader->text < reader->end && command->words == 0) {
        if (!read_command(reader, command))
            return false;
        while (reader->text < reader->end && at_separator(reader) && look(reader, 0) != '|')
            step(reader);
    }
    return command->words != 0;
}
