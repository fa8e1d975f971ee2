/* drill/words.h: what is said around a failure. */
#ifndef DRILL_WORDS_H
#define DRILL_WORDS_H

#include <stdio.h>

#include "baro/explain.h"

enum drill_word {
    WORD_LINE,
    WORD_EXPECTED,
    WORD_ACTUAL,
    WORD_NEXT,
    WORD_SENT,
    WORD_WHERE,
    WORD_MESSAGE,
    WORD_IN,
    WORD_NOTE,
    /* whole sentences; those with a % are formats */
    WORD_DIFFERS,
    WORD_NOTHING_SENT,
    WORD_PARTLY_SENT,
    WORD_TOO_EARLY,
    WORD_TOO_LATE,
    WORD_OTHER_CONNECTION,
    WORD_OTHER_OCTETS,
    WORD_UNEXPECTED,
    WORD_OTHER_RESULT,
    WORD_NOT_HELD,
    WORD_JOURNEY,
    WORD_JOURNEY_ALL,
    WORD_COUNT
};

const char *drill_words(enum drill_word word, enum baro_language language);
/* The text, and spaces up to so many columns; at least one. */
void drill_words_column(FILE *out, const char *text, int columns);

#endif
