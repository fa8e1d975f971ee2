/* drill/shell.h: a backquoted line as commands of words. */
#ifndef DRILL_SHELL_H
#define DRILL_SHELL_H

#include "lexer.h"

enum { SHELL_WORDS_LIMIT = 32, SHELL_WORD_BYTES = 160 };

/* One command of a line. */
struct command {
    char word[SHELL_WORDS_LIMIT][SHELL_WORD_BYTES];
    struct location at[SHELL_WORDS_LIMIT];
    int words;
};

struct shell_reader {
    struct lexer *lexer; /* of the script, for errors */
    const char *text, *end;
    struct location at;
};

void drill_shell_init(struct shell_reader *reader, struct lexer *lexer, const struct token *line);
/* The next command that has words. False: there is none, or an error was recorded. */
bool drill_shell_next(struct shell_reader *reader, struct command *command);

#endif
