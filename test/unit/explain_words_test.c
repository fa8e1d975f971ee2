/* Every event has words in every language; they name only arguments that exist, and all of them. */
#include "explain/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const enum baro_language languages[] = { BARO_LANGUAGE_ENGLISH, BARO_LANGUAGE_KOREAN };

/* Arguments that are not told in words, with the reason. Event "*": of any event. */
static const struct {
    const char *event, *argument, *reason;
} exempt[] = {
    { "*", "frame", "joins the adapter's lines with the frame's block" },
    { "*", "connection", "a block is about one connection; single lines are prefixed with it" },
    { "ACCEPT_QUEUE", "listener", "the core's number, not the descriptor; the block tells whose queue it is" },
    { "TCP_RESTED", "record", "the connection keeps its number in words" },
    { "TCP_WOKEN", "record", "the connection keeps its number in words" },
    { "TCP_PROMOTED", "record", "the connection keeps the record's number in words" },
    { "CALL_END", "call", "the block's heading names it" },
};

static bool is_exempt(const char *event, const char *argument, size_t length)
{
    for (size_t i = 0; i < sizeof exempt / sizeof exempt[0]; i++)
        if ((exempt[i].event[0] == '*' || strcmp(exempt[i].event, event) == 0) &&
            strlen(exempt[i].argument) == length && memcmp(exempt[i].argument, argument, length) == 0)
            return true;
    return false;
}

struct seen {
    enum baro_trace_kind kind;
    unsigned used; /* bit by argument */
};

static void visit(void *context, const char *name, size_t length)
{
    struct seen *seen = context;
    int index = argument_find(seen->kind, name, length, NULL);
    if (index >= 0)
        seen->used |= 1u << index;
    else if ((length != 8 || memcmp(name, "~waiting", 8) != 0) && (length != 5 || memcmp(name, "~ipv6", 5) != 0))
        fail_msg("%s has no argument %.*s", baro_trace_name(seen->kind), (int)length, name);
}

static bool utf8_valid(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        int more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : -1;
        if (more < 0)
            return false;
        for (at++; more > 0; more--, at++)
            if (*at >> 6 != 2)
                return false;
    }
    return true;
}

static void test_every_event_has_words(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        for (int kind = 0; kind < BARO_TRACE_COUNT; kind++) {
            const struct words *words = words_of((enum baro_trace_kind)kind, languages[l]);
            const char *name = baro_trace_name((enum baro_trace_kind)kind);
            if (words->label == NULL || words->text == NULL || words->text[0] == '\0')
                fail_msg("%s has no words in language %zu", name, l);
            if (text_columns(words->label, strlen(words->label)) > 16)
                fail_msg("%s: the label '%s' is too wide", name, words->label);
            assert_true(utf8_valid(words->label) && utf8_valid(words->text));
            struct seen seen = { (enum baro_trace_kind)kind, 0 };
            if (!template_names(words->text, visit, &seen))
                fail_msg("%s: braces of '%s' do not match", name, words->text);
            unsigned index = 0;
            for (const char *at = baro_trace_arguments(seen.kind); *at != '\0'; index++) {
                size_t length = strcspn(at, ":");
                if ((seen.used >> index & 1) == 0 && !is_exempt(name, at, length))
                    fail_msg("%s: %.*s is never told in language %zu", name, (int)length, at, l);
                at += strcspn(at, " ");
                at += strspn(at, " ");
            }
        }
    }
}

/* Filled with any small number, no template shows a question mark of its own or a brace. */
static void test_every_template_fills(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        for (int kind = 0; kind < BARO_TRACE_COUNT; kind++) {
            for (uint64_t number = 0; number < 12; number++) {
                struct baro_trace_event event = { .kind = (enum baro_trace_kind)kind };
                char text[1024];
                for (int i = 0; i < BARO_TRACE_ARGUMENTS; i++)
                    event.value[i].as.number = number;
                size_t length = baro_event_words(&event, languages[l], text, sizeof text);
                assert_int_equal(length, strlen(text));
                assert_true(length > 0 || number == 0 || kind == BARO_TRACE_DROP);
                assert_null(strpbrk(text, "{}|?"));
                assert_true(utf8_valid(text));
            }
        }
    }
}

static void test_every_phrase_and_drop(void **state)
{
    (void)state;
    for (size_t l = 0; l < 2; l++) {
        for (int i = 0; i < PHRASE_COUNT; i++)
            assert_non_null(phrase((enum phrase)i, languages[l]));
        for (int i = 1; i < BARO_DROP_COUNT; i++) {
            const char *words = baro_drop_words((enum baro_drop_reason)i, languages[l]);
            if (words == NULL || words[0] == '\0')
                fail_msg("%s has no words in language %zu", baro_drop_name((enum baro_drop_reason)i), l);
        }
    }
    for (int call = 0; call < BARO_TRACE_CALL_COUNT; call++)
        assert_non_null(call_name((uint64_t)call));
    assert_string_equal(call_name(BARO_TRACE_CALL_COUNT), "?");
}

static const char *fill(const char *format, uint64_t waiting, uint64_t half_open, uint64_t limit)
{
    static char text[256];
    struct baro_trace_event event = { .kind = BARO_TRACE_ACCEPT_QUEUE };
    struct telling telling = { .language = BARO_LANGUAGE_ENGLISH, .event = &event };
    struct text out;
    event.value[1].as.number = waiting;
    event.value[2].as.number = half_open;
    event.value[3].as.number = limit;
    text_init(&out, text, sizeof text);
    template_fill(&out, &telling, format);
    return text;
}

static void test_the_format(void **state)
{
    (void)state;
    assert_string_equal(fill("a {waiting} b", 7, 0, 0), "a 7 b");
    assert_string_equal(fill("{waiting?yes|no}", 7, 0, 0), "yes");
    assert_string_equal(fill("{waiting?yes|no}", 0, 0, 0), "no");
    assert_string_equal(fill("{waiting?yes}", 0, 0, 0), "");
    assert_string_equal(fill("{waiting=half_open?same|other}", 3, 3, 0), "same");
    assert_string_equal(fill("{waiting<5?less|not}", 4, 0, 0), "less");
    assert_string_equal(fill("{waiting>5?more|not}", 5, 0, 0), "not");
    assert_string_equal(fill("{waiting#a|b|c}", 2, 0, 0), "c");
    assert_string_equal(fill("{waiting#a|b|c}", 3, 0, 0), "3");
    assert_string_equal(fill("{waiting=half_open?same|other}", 3, 4, 0), "other");
    assert_string_equal(fill("{waiting?{half_open?both|{waiting} alone}|none}", 9, 0, 0), "9 alone");
    assert_string_equal(fill("{waiting/limit}", 2, 0, 8), "[##......] 2 of 8");
    assert_string_equal(fill("{waiting/limit}", 1, 0, 65535),
                        "[#...............] 1 of 65535");
    assert_string_equal(fill("{waiting/limit}", 8, 0, 8), "[########] 8 of 8");
    assert_string_equal(fill("{nothing}", 1, 0, 0), "?nothing?");
    assert_string_equal(fill("open { brace", 1, 0, 0), "open { brace");
}

static void test_values(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } durations[] = { { 0, "0 s" },
                      { 999, "999 ns" },
                      { 20000, "20 µs" },
                      { 200000000, "200 ms" },
                      { 1500000000, "1.5 s" },
                      { 1000000, "1 ms" } };
    char data[64];
    struct text text;
    struct baro_address address = { BARO_FAMILY_IPV6, 0, { 0x20, 1, 0xd, 0xb8 } };
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        text_init(&text, data, sizeof data);
        text_duration(&text, durations[i].ns);
        assert_string_equal(data, durations[i].text);
    }
    text_init(&text, data, sizeof data);
    text_flags(&text, 0x12);
    assert_string_equal(data, "SYN+ACK");
    address.octet[15] = 1;
    text_init(&text, data, sizeof data);
    text_address(&text, &address);
    assert_string_equal(data, "2001:db8::1");
    text_init(&text, data, 6); /* room for one Hangul and two octets, not for two */
    text_add(&text, "소켓");
    text_add(&text, "x");
    assert_string_equal(data, "소");
    assert_int_equal(text_columns("소켓 ab", strlen("소켓 ab")), 7);
}

static void test_language(void **state)
{
    enum baro_language language = BARO_LANGUAGE_ENGLISH;
    (void)state;
    assert_int_equal(baro_language_parse("ko", &language), 0);
    assert_int_equal(language, BARO_LANGUAGE_KOREAN);
    assert_int_equal(baro_language_parse("en_GB.UTF-8", &language), 0);
    assert_int_equal(language, BARO_LANGUAGE_ENGLISH);
    assert_true(baro_language_parse("kon", &language) < 0);
    assert_true(baro_language_parse("", &language) < 0);
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    setenv("LANG", "ko_KR.UTF-8", 1);
    assert_int_equal(baro_language_from_environment(), BARO_LANGUAGE_KOREAN);
    setenv("LC_ALL", "C", 1);
    assert_int_equal(baro_language_from_environment(), BARO_LANGUAGE_ENGLISH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_has_words),
        cmocka_unit_test(test_every_template_fills),
        cmocka_unit_test(test_every_phrase_and_drop),
        cmocka_unit_test(test_the_format),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
