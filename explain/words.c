/* Tables by language, names of calls and errors, and the choice of the language. */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int number;
    const char *name, *words[BARO_LANGUAGE_COUNT];
} errors[] = {
    { EAGAIN, "EAGAIN", { "not yet, the caller waits", "아직, 기다려야 함" } },
    { EINPROGRESS, "EINPROGRESS", { "the dialogue has begun", "접속 동작 시작됨" } },
    { EALREADY, "EALREADY", { "the dialogue still goes on", "접속 동작 진행 중" } },
    { EISCONN, "EISCONN", { "connected already", "이미 접속됨" } },
    { ENOTCONN, "ENOTCONN", { "not connected", "접속되어 있지 않음" } },
    { ECONNREFUSED, "ECONNREFUSED", { "refused", "접속 거부" } },
    { ECONNRESET, "ECONNRESET", { "reset by the peer", "상대가 접속을 끊음" } },
    { ECONNABORTED, "ECONNABORTED", { "aborted", "접속 중단" } },
    { ETIMEDOUT, "ETIMEDOUT", { "nobody answered in time", "시간 안에 응답 없음" } },
    { EHOSTUNREACH, "EHOSTUNREACH", { "host unreachable", "호스트에 도달할 수 없음" } },
    { ENETUNREACH, "ENETUNREACH", { "network unreachable", "네트워크에 도달할 수 없음" } },
    { EADDRINUSE, "EADDRINUSE", { "address in use", "이미 쓰이는 주소" } },
    { EADDRNOTAVAIL, "EADDRNOTAVAIL", { "not an address of this host", "이 호스트의 주소가 아님" } },
    { EAFNOSUPPORT, "EAFNOSUPPORT", { "address family not there", "지원하지 않는 주소 체계" } },
    { EPROTONOSUPPORT, "EPROTONOSUPPORT", { "protocol not there", "지원하지 않는 프로토콜" } },
    { EBADF, "EBADF", { "no such descriptor", "없는 디스크립터" } },
    { EINVAL, "EINVAL", { "makes no sense here", "맞지 않는 값이나 순서" } },
    { EMFILE, "EMFILE", { "no descriptor left", "남은 디스크립터 없음" } },
    { ENOBUFS, "ENOBUFS", { "no buffer memory", "버퍼 메모리 부족" } },
    { ENOMEM, "ENOMEM", { "no memory", "메모리 부족" } },
    { EOPNOTSUPP, "EOPNOTSUPP", { "not for this kind of socket", "이 소켓에서 할 수 없는 동작" } },
    { EPIPE, "EPIPE", { "sending is over", "송신이 이미 끝남" } },
    { EMSGSIZE, "EMSGSIZE", { "message too long", "메시지가 너무 김" } },
    { EDESTADDRREQ, "EDESTADDRREQ", { "no destination given", "목적지가 없음" } },
    { ENOPROTOOPT, "ENOPROTOOPT", { "no such option", "없는 옵션" } },
    { EACCES, "EACCES", { "not permitted", "허용되지 않음" } },
    { ENOENT, "ENOENT", { "no longer there", "더는 없음" } },
};

static int error_find(int error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].number == error)
            return (int)i;
    return -1;
}

const char *error_name(int error)
{
    int i = error_find(error);
    return i < 0 ? NULL : errors[i].name;
}

const char *error_words(int error, enum baro_language language)
{
    int i = error_find(error);
    return i < 0 ? NULL : errors[i].words[language];
}

const char *call_name(uint64_t call)
{
    static const char *const names[BARO_TRACE_CALL_COUNT] = {
#define CALL_NAME(name, text) [BARO_TRACE_CALL_##name] = text,
        BARO_TRACE_CALLS(CALL_NAME)
#undef CALL_NAME
    };
    return call < BARO_TRACE_CALL_COUNT ? names[call] : "?";
}

const struct words *words_of(enum baro_trace_kind kind, enum baro_language language)
{
    return language == BARO_LANGUAGE_KOREAN ? &words_ko[kind] : &words_en[kind];
}

const char *phrase(enum phrase what, enum baro_language language)
{
    return language == BARO_LANGUAGE_KOREAN ? phrases_ko[what] : phrases_en[what];
}

const char *baro_drop_words(enum baro_drop_reason reason, enum baro_language language)
{
    if (language == BARO_LANGUAGE_KOREAN && reason > BARO_DROP_NONE && reason < BARO_DROP_COUNT)
        return drops_ko[reason];
    return baro_drop_text(reason);
}

size_t baro_event_words(const struct baro_trace_event *event, enum baro_language language, char *text,
                        size_t size)
{
    struct text out;
    struct telling telling = { .language = language, .event = event,
                               .ipv6 = event_family(event) == BARO_FAMILY_IPV6 };
    text_init(&out, text, size);
    if (event->kind < BARO_TRACE_COUNT)
        template_fill(&out, &telling, words_of(event->kind, language)->text);
    return out.length;
}

int baro_language_parse(const char *text, enum baro_language *language)
{
    static const char *const names[BARO_LANGUAGE_COUNT] = { "en", "ko" };
    for (int i = 0; i < BARO_LANGUAGE_COUNT; i++) {
        if (strncmp(text, names[i], 2) != 0 || (text[2] != '\0' && strchr("_.-@", text[2]) == NULL))
            continue;
        *language = (enum baro_language)i;
        return 0;
    }
    return -EINVAL;
}

enum baro_language baro_language_from_environment(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    enum baro_language language = BARO_LANGUAGE_ENGLISH;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        (void)baro_language_parse(value, &language);
        break;
    }
    return language;
}
