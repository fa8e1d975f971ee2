/* What members want, merged (RFC 3376 §3.2), and how each change of it is told (§5.1: the table, what is merged into a
 * report that is still to be repeated, and for how long). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/group_peer.h"
#include "unit/membership.h"

enum { TO_INCLUDE = 3, TO_EXCLUDE = 4, ALLOW = 5, BLOCK = 6 };

static struct peer_told told;

/* A filter of the sources named by the letters, 10.1.0.97 for 'a' and so on; '!' in front excludes them. */
static struct baro_source_filter only(const char *letters)
{
    struct baro_source_filter made = { .exclude = letters[0] == '!' };

    for (letters += made.exclude; *letters != '\0'; letters++)
        made.source[made.sources++] = baro_ipv4(10, 1, 0, (uint8_t)*letters);
    return made;
}

static void change(const char *before, const char *after)
{
    struct baro_source_filter old, new;

    old = before == NULL ? only("") : only(before);
    new = after == NULL ? only("") : only(after);
    assert_int_equal(groups_member(stack, 1, group4, before == NULL ? NULL : &old, after == NULL ? NULL : &new), 0);
}

static void assert_record(const struct peer_record *record, int type, const char *letters)
{
    assert_int_equal(record->type, type);
    assert_int_equal(record->sources, strlen(letters));
    for (unsigned i = 0; i < record->sources; i++)
        assert_non_null(strchr(letters, record->source[i].octet[3]));
}

/* The next report tells of one record. */
static void tells(int type, const char *letters)
{
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.records, 1);
    assert_record(&told.record[0], type, letters);
}

static void tells_two(const char *allowed, const char *blocked)
{
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.records, 2);
    assert_record(&told.record[0], ALLOW, allowed);
    assert_record(&told.record[1], BLOCK, blocked);
}

static void silence(void)
{
    pass(5000);
    assert_false(peer_told(&device, &told));
}

static void quiet(void)
{
    pass(5000);
    while (peer_told(&device, &told))
        continue;
}

static void the_table_of_changes(void **state)
{
    (void)state;
    change(NULL, "ab"); /* nothing is INCLUDE of none */
    tells(ALLOW, "ab");
    quiet();
    change("ab", "bc");
    tells_two("c", "a");
    quiet();
    change("bc", "!cd");
    tells(TO_EXCLUDE, "cd");
    quiet();
    change("!cd", "!de");
    tells_two("c", "e");
    quiet();
    change("!de", "ef");
    tells(TO_INCLUDE, "ef");
    quiet();
    change("ef", NULL);
    tells(BLOCK, "ef");
    quiet();
    change(NULL, "!");
    tells(TO_EXCLUDE, "");
    quiet();
    change("!", NULL);
    tells(TO_INCLUDE, "");
    pass(5000);
    tells(TO_INCLUDE, "");
    silence();
}

/* §3.2: EXCLUDE of what all exclude and nobody includes; INCLUDE of all that somebody includes. */
static void members_are_merged(void **state)
{
    (void)state;
    change(NULL, "ab");
    change(NULL, "bc");
    tells(ALLOW, "abc");
    quiet();
    change(NULL, "!bcde");
    tells(TO_EXCLUDE, "de");
    quiet();
    change(NULL, "!cdf");
    tells(ALLOW, "e");
    quiet();
    change("ab", NULL);
    silence(); /* b is included still, a was never excluded by all */
    change("bc", NULL);
    tells(BLOCK, "c"); /* both exclude it, and now nobody includes it */
    quiet();
    change("!bcde", NULL);
    tells(BLOCK, "f");
    quiet();
    change("!cdf", NULL);
    tells(TO_INCLUDE, "");
}

/* Changes of sources while the mode is still to be told: the mode's record has them; afterwards they have their own. */
static void the_mode_is_told_first(void **state)
{
    (void)state;
    change(NULL, "!");
    tells(TO_EXCLUDE, "");
    change("!", "!a");
    tells(TO_EXCLUDE, "a"); /* the second of two that tell the mode */
    pass(1000);
    tells(BLOCK, "a"); /* the second that tells of a */
    silence();
}

/* Another source while the first is still to be repeated: what is sent is merged, each is told twice. */
static void each_source_is_told_as_often_as_it_must(void **state)
{
    (void)state;
    change(NULL, "a");
    tells(ALLOW, "a");
    change("a", "ab");
    tells(ALLOW, "ab");
    pass(1000);
    tells(ALLOW, "b");
    silence();
    change("ab", "b");
    tells(BLOCK, "a");
    change("b", "ab"); /* back before it was repeated */
    tells(ALLOW, "a");
    pass(1000);
    tells(ALLOW, "a");
    silence();
}

static void robustness_is_the_querier(void **state)
{
    const struct peer_query query = { .code = 1, .robustness = 4 }, back = { .code = 1 };

    (void)state;
    peer_ask(&device, &query);
    quiet();
    change(NULL, "a");
    pass(10000);
    for (int i = 0; i < 4; i++)
        tells(ALLOW, "a");
    silence();
    peer_ask(&device, &back); /* 0: not said, the default */
    quiet();
    change("a", NULL);
    pass(10000);
    for (int i = 0; i < 2; i++)
        tells(BLOCK, "a");
    silence();
}

static void places_are_bounded_and_given_back(void **state)
{
    struct baro_source_filter some = { .sources = BARO_SOURCE_LIMIT };

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < GROUP_SOURCES / BARO_SOURCE_LIMIT + 1; i++) {
            for (unsigned j = 0; j < some.sources; j++)
                some.source[j] = baro_ipv4(10, (uint8_t)round, (uint8_t)i, (uint8_t)j);
            assert_int_equal(groups_member(stack, 1, group4, NULL, &some),
                             i < GROUP_SOURCES / BARO_SOURCE_LIMIT ? 0 : -ENOSPC);
            baro_stack_check_invariants(stack);
        }
        for (unsigned i = 0; i < GROUP_SOURCES / BARO_SOURCE_LIMIT; i++) {
            for (unsigned j = 0; j < some.sources; j++)
                some.source[j] = baro_ipv4(10, (uint8_t)round, (uint8_t)i, (uint8_t)j);
            assert_int_equal(groups_member(stack, 1, group4, &some, NULL), 0);
        }
        quiet();
    }
    for (unsigned i = 0; i < 1000; i++) { /* each leaves something to be said twice */
        assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 2, (uint8_t)(i >> 8), (uint8_t)i)), 0);
        assert_int_equal(baro_stack_leave_group(stack, 1, baro_ipv4(239, 2, (uint8_t)(i >> 8), (uint8_t)i)), 0);
        baro_stack_check_invariants(stack);
    }
    quiet();
}

/* A small link: what excludes is cut (RFC 3376 §4.2.16), the rest goes on in the next report. */
static void on_a_small_link(void **state)
{
    struct frame_device *small = calloc(1, sizeof *small);
    struct baro_source_filter filter = { .sources = BARO_SOURCE_LIMIT };
    unsigned reports = 0, sources = 0;

    (void)state;
    assert_non_null(small);
    frame_device_init(small, 2, 68);
    small->keep_reports = true;
    assert_int_equal(baro_stack_add_interface(stack, &small->device), 2);
    for (unsigned i = 0; i < filter.sources; i++)
        filter.source[i] = baro_ipv4(10, 1, 0, (uint8_t)i);
    assert_int_equal(groups_member(stack, 2, group4, NULL, &filter), 0);
    pass(0);
    for (; peer_told(small, &told); reports++) {
        assert_true(told.octets <= 68);
        assert_int_equal(told.record[0].type, ALLOW);
        sources += told.record[0].sources;
    }
    assert_int_equal(reports, 3);
    assert_int_equal(sources, BARO_SOURCE_LIMIT);
    assert_int_equal(groups_member(stack, 2, group4, &filter, NULL), 0);
    filter.exclude = true;
    pass(5000);
    while (peer_told(small, &told))
        continue;
    assert_int_equal(groups_member(stack, 2, group4, NULL, &filter), 0);
    pass(0);
    assert_true(peer_told(small, &told));
    assert_int_equal(told.record[0].type, TO_EXCLUDE);
    assert_int_equal(told.record[0].sources, 7);
    assert_false(peer_told(small, &told));
    baro_stack_free(stack); /* before its second device */
    frame_device_release(small);
    free(small);
    stack = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_table_of_changes, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(members_are_merged, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(the_mode_is_told_first, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(each_source_is_told_as_often_as_it_must, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(robustness_is_the_querier, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(places_are_bounded_and_given_back, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(on_a_small_link, group_setup, group_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
