/* The reader of JSON texts: what RFC 8259 allows is told with its place, all else refused, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "service/json.h"

static void tell(void *context, const struct json_path *path, const struct json_value *value)
{
    char *told = context;
    size_t at = strlen(told);

    for (unsigned i = 0; i < path->depth; i++) {
        if (path->level[i].key != NULL)
            at += (size_t)snprintf(told + at, 200 - at, "%.*s.", (int)path->level[i].length, path->level[i].key);
        else
            at += (size_t)snprintf(told + at, 200 - at, "%zu.", path->level[i].index);
    }
    if (value->kind == JSON_NUMBER)
        snprintf(told + at, 200 - at, "%g ", value->number);
    else if (value->kind == JSON_STRING)
        snprintf(told + at, 200 - at, "'%.*s' ", (int)value->length, value->text);
    else
        snprintf(told + at, 200 - at, "%s ", value->kind == JSON_NULL ? "null" : value->kind == JSON_TRUE ? "true" : "false");
}

static void values_are_told_with_their_places(void **state)
{
    static const char *const texts[][2] = {
        { "1", "1 " },
        { " -0.5e+2 ", "-50 " },
        { "\"a\\\"b\\u00e9\"", "'a\\\"b\\u00e9' " },
        { "{}", "" },
        { "[ ]", "" },
        { "{\"a\":true,\"b\":[1,{\"c\":null},\"d\"],\"e\":false}", "a.true b.0.1 b.1.c.null b.2.'d' e.false " },
        { "[[[[[[[[0]]]]]]]]", "0.0.0.0.0.0.0.0.0 " },
    };
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char told[200] = "";

        assert_true(json_read(texts[i][0], strlen(texts[i][0]), tell, told));
        assert_string_equal(told, texts[i][1]);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const texts[] = {
        "", " ", "01", "1.", ".5", "-", "1e", "+1", "tru", "truex", "nul", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\",
        "\"\t\"", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[1}", "{\"a\":1]", "1 2",
        "[[[[[[[[[0]]]]]]]]]", "1111111111111111111111111111111111111111111111111111111111111111", "'a'", "NaN",
    };
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char told[200] = "";

        if (json_read(texts[i], strlen(texts[i]), tell, told))
            fail_msg("'%s' was read as %s", texts[i], told);
    }
    assert_false(json_read("1\0", 2, tell, (char[200]){ "" }));
    assert_false(json_read("\"\\\0\"", 4, tell, (char[200]){ "" }));
}

static void a_text_ends_where_its_length_says(void **state)
{
    char told[200] = "";
    (void)state;

    assert_true(json_read("12345", 2, tell, told));
    assert_string_equal(told, "12 ");
    assert_false(json_read("{\"a\":1}", 6, tell, told));
}

static void keys_are_compared_whole(void **state)
{
    struct json_path path = { .level = { { "time", 4, 0 }, { NULL, 0, 2 } }, .depth = 2 };
    (void)state;

    assert_true(json_is(&path, 0, "time"));
    assert_false(json_is(&path, 0, "tim"));
    assert_false(json_is(&path, 0, "times"));
    assert_false(json_is(&path, 1, "time"));
    assert_false(json_is(&path, 2, "time"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_told_with_their_places),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(a_text_ends_where_its_length_says),
        cmocka_unit_test(keys_are_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
