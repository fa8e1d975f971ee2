/* drill/words.c: what is said around a failure, in both languages. The names of fields are those of scripts.
 */
#include "words.h"

#include <string.h>

static const char *const words[WORD_COUNT][2] = {
    [WORD_LINE] = { "line", "스크립트" },
    [WORD_EXPECTED] = { "expected", "기대" },
    [WORD_ACTUAL] = { "actual", "실제" },
    [WORD_NEXT] = { "next", "다음" },
    [WORD_SENT] = { "sent", "보낸 줄" },
    [WORD_WHERE] = { "where", "값" },
    [WORD_MESSAGE] = { "message", "전언" },
    [WORD_IN] = { "in", "위치" },
    [WORD_NOTE] = { "note", "참고" },
    [WORD_DIFFERS] = { "the packet differs in: %s", "패킷의 다른 필드: %s" },
    [WORD_NOTHING_SENT] = { "nothing was sent", "아무것도 보내지 않았다" },
    [WORD_PARTLY_SENT] = { "only %u octets of it were sent", "%u옥텟만 보냈다" },
    [WORD_TOO_EARLY] = { "the packet came too early, by %.6f s beyond the tolerance",
                         "패킷이 너무 일찍 왔다: 허용 오차보다 %.6f초" },
    [WORD_TOO_LATE] = { "the packet came too late, by %.6f s beyond the tolerance",
                        "패킷이 너무 늦게 왔다: 허용 오차보다 %.6f초" },
    [WORD_OTHER_CONNECTION] = { "the packet is of another connection", "다른 연결의 패킷이다" },
    [WORD_OTHER_OCTETS] = { "the packet's octets are not those that were written",
                            "패킷의 내용이 쓴 것과 다르다" },
    [WORD_UNEXPECTED] = { "the stack sent what no line expects", "어느 줄도 기대하지 않은 것을 보냈다" },
    [WORD_OTHER_RESULT] = { "%s returned something else", "%s의 반환 값이 다르다" },
    [WORD_NOT_HELD] = { "this does not hold: %s", "성립하지 않는다: %s" },
    [WORD_JOURNEY] = { "what happened to this connection last (all of it with --journey):",
                       "이 연결에 마지막으로 일어난 일 (전체는 --journey):" },
    [WORD_JOURNEY_ALL] = { "what happened:", "일어난 일:" }
};

const char *drill_words(enum drill_word word, enum baro_language language)
{
    return words[word][language == BARO_LANGUAGE_KOREAN];
}

/* Hangul counts two columns; so does every other character of three octets that is used here. */
static int columns_of(const char *text)
{
    int columns = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        columns += (*at & 0xc0) == 0x80 ? 0 : *at >= 0xe0 ? 2 : 1;
    return columns;
}

void drill_words_column(FILE *out, const char *text, int columns)
{
    int used = columns_of(text);

    fputs(text, out);
    do
        fputc(' ', out);
    while (++used < columns);
}
