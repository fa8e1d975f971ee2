/* drill/lexer.h: a script's text as tokens, one at a time.
 *
 * Tokens are taken on demand because packetdrill's words depend on the place: after `>` the letters `S.` are
 * TCP flags, elsewhere a name and a dot. Spaces, newlines and comments separate and mean nothing more. */
#ifndef DRILL_LEXER_H
#define DRILL_LEXER_H

#include "script.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER, /* 12, 0x1f, 0.25, .1 */
    TOKEN_WORD,
    TOKEN_STRING,    /* "abc", escapes not resolved; text is without the quotes */
    TOKEN_ELLIPSIS,  /* ... */
    TOKEN_BACKQUOTE, /* `abc`; text is without the quotes */
    TOKEN_CODE,      /* %{ abc }% */
    TOKEN_OPTION,    /* --abc=def, to the end of the word */
    TOKEN_SIGN,      /* any other character; text[0] is it */
    TOKEN_BAD        /* an unfinished string or comment */
};

struct token {
    enum token_kind kind;
    struct location at;
    const char *text;
    size_t length;
    size_t offset; /* of its first character in the script */
};

struct lexer {
    struct script *script;
    size_t offset;
    struct location at;
    struct token peeked;
    bool has_peeked;
};

void drill_lexer_init(struct lexer *lexer, struct script *script);
const struct token *drill_lexer_peek(struct lexer *lexer);
struct token drill_lexer_take(struct lexer *lexer);

/* A run of characters out of `set`, where the next token would begin. */
struct token drill_lexer_take_run(struct lexer *lexer, const char *set);

bool drill_token_is_sign(const struct token *token, char sign);
bool drill_token_is_word(const struct token *token, const char *word);

/* The first error counts. Returns false, so that a caller can `return drill_lexer_error(...)`. */
bool drill_lexer_error(struct lexer *lexer, struct location at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
