/* What a host answers to routers: RFC 3376 §5.2 and RFC 3810 §6.2, rule by rule, and the answers of older versions (RFC
 * 2236 §3, RFC 2710 §4), in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "stack.h"
#include "support/group_peer.h"
#include "unit/membership.h"

enum { IS_INCLUDE = 1, IS_EXCLUDE = 2 };

static struct peer_told told;

static void quiet(void)
{
    pass(5000);
    while (peer_told(&device, &told))
        continue;
}

/* Milliseconds until the stack says something of its groups, at most `most`. */
static int64_t answered_after(int64_t most)
{
    struct baro_instant asked = now;

    baro_stack_poll(stack, now);
    while (!peer_told(&device, &told)) {
        if (now.ns - asked.ns >= most * 1000000)
            return -1;
        pass(1);
    }
    return (now.ns - asked.ns) / 1000000;
}

static struct baro_address source4(unsigned last)
{
    return baro_ipv4(10, 1, 0, (uint8_t)last);
}

static struct baro_source_filter filter(bool exclude, unsigned first, unsigned count)
{
    struct baro_source_filter made = { .exclude = exclude, .sources = count };

    for (unsigned i = 0; i < count; i++)
        made.source[i] = source4(first + i);
    return made;
}

static bool has_source(const struct peer_record *record, struct baro_address source)
{
    for (unsigned i = 0; i < record->sources; i++) {
        if (address_equal(record->source[i], source))
            return true;
    }
    return false;
}

static void a_general_query_is_answered_within_its_time(void **state)
{
    const struct peer_query four = { .code = 50 }, six = { .v6 = true, .code = 5000 };
    int64_t after, other;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 7, 7, 7)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    quiet();
    peer_ask(&device, &four);
    after = answered_after(5000);
    assert_true(after >= 1); /* not at once, but in time */
    assert_int_equal(told.records, 2);
    assert_int_equal(peer_record_of(&told, group4)->type, IS_EXCLUDE);
    assert_int_equal(peer_record_of(&told, group4)->sources, 0);
    peer_ask(&device, &four);
    other = answered_after(5000);
    assert_true(other >= 1);
    assert_int_not_equal(after, other);
    peer_ask(&device, &six);
    assert_true(answered_after(5000) >= 1);
    assert_int_equal(told.type, 143);
    assert_int_equal(told.records, 2); /* and the link-local address's */
    assert_non_null(peer_record_of(&told, group6));
    pass(100000);
    assert_false(peer_told(&device, &told)); /* an answer is said once */
}

static void who_is_in_no_group_says_nothing(void **state)
{
    const struct peer_query four = { .code = 10 }, other = { .code = 10, .group = baro_ipv4(224, 0, 0, 1) };

    (void)state;
    peer_ask(&device, &four);
    peer_ask(&device, &other);
    pass(5000);
    assert_false(peer_told(&device, &told));
}

/* Rules 1 and 2: an answer that comes sooner will do, a sooner one is brought forward; never two. */
static void queries_in_a_row_are_answered_once(void **state)
{
    const struct peer_query slow = { .code = 127 }, fast = { .code = 1 };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &slow);
    baro_stack_poll(stack, now);
    peer_ask(&device, &fast);
    assert_in_range(answered_after(100), 0, 100);
    pass(20000);
    assert_false(peer_told(&device, &told));
    peer_ask(&device, &fast);
    baro_stack_poll(stack, now);
    peer_ask(&device, &slow);
    assert_in_range(answered_after(100), 0, 100);
    pass(20000);
    assert_false(peer_told(&device, &told));
}

static void a_code_of_zero_is_answered_almost_at_once(void **state)
{
    const struct peer_query four = { .code = 0, .version = 3 }, six = { .v6 = true };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &four);
    assert_int_equal(answered_after(10), 1);
    peer_ask(&device, &six);
    assert_int_equal(answered_after(10), 1);
}

/* Rule 3: one group alone. */
static void a_query_for_a_group(void **state)
{
    const struct peer_query query = { .code = 10, .group = group4 };
    const struct peer_query unicast = { .code = 10, .group = group4, .to = baro_ipv4(10, 0, 0, 1) };
    const struct peer_query foreign = { .code = 10, .group = baro_ipv4(239, 0, 0, 9), .to = baro_ipv4(10, 0, 0, 1) };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 7, 7, 7)), 0);
    quiet();
    peer_ask(&device, &query);
    assert_in_range(answered_after(1000), 1, 1000);
    assert_int_equal(told.records, 1);
    assert_int_equal(peer_record_of(&told, group4)->type, IS_EXCLUDE);
    peer_ask(&device, &unicast); /* RFC 3810 §5.1.15: to any address of ours */
    assert_in_range(answered_after(1000), 1, 1000);
    peer_ask(&device, &foreign);
    assert_int_equal(answered_after(2000), -1);
}

/* §5.2: of INCLUDE (A) asked for B it is A*B, of EXCLUDE (A) it is B-A, and nothing if that is empty. */
static void a_query_for_sources(void **state)
{
    struct peer_query query = { .code = 10, .group = group4, .sources = 3,
                                .source = { source4(1), source4(2), source4(3) } };
    struct baro_source_filter two = filter(false, 2, 4), not_two = filter(true, 2, 4);

    (void)state;
    assert_int_equal(groups_member(stack, 1, group4, NULL, &two), 0);
    quiet();
    peer_ask(&device, &query);
    assert_in_range(answered_after(1000), 1, 1000);
    assert_int_equal(told.record[0].type, IS_INCLUDE);
    assert_int_equal(told.record[0].sources, 2);
    assert_true(has_source(&told.record[0], source4(2)) && has_source(&told.record[0], source4(3)));
    assert_int_equal(groups_member(stack, 1, group4, &two, &not_two), 0);
    quiet();
    peer_ask(&device, &query);
    assert_in_range(answered_after(1000), 1, 1000);
    assert_int_equal(told.record[0].type, IS_INCLUDE);
    assert_int_equal(told.record[0].sources, 1);
    assert_true(has_source(&told.record[0], source4(1)));
    query.source[0] = source4(4); /* all of them are excluded */
    peer_ask(&device, &query);
    assert_int_equal(answered_after(2000), -1);
}

/* Rules 4 and 5: more sources are added to those of the answer that waits; a query for the whole group takes their
 * place. */
static void queries_for_sources_add_up(void **state)
{
    const struct peer_query first = { .code = 127, .group = group4, .sources = 1, .source = { source4(1) } };
    const struct peer_query second = { .code = 1, .group = group4, .sources = 2, .source = { source4(1), source4(2) } };
    const struct peer_query whole = { .code = 1, .group = group4 };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &first);
    peer_ask(&device, &second);
    assert_in_range(answered_after(100), 1, 100);
    assert_int_equal(told.record[0].type, IS_INCLUDE);
    assert_int_equal(told.record[0].sources, 2);
    assert_int_equal(answered_after(20000), -1);
    peer_ask(&device, &first);
    peer_ask(&device, &whole);
    assert_in_range(answered_after(100), 1, 100);
    assert_int_equal(told.record[0].type, IS_EXCLUDE);
    assert_int_equal(answered_after(20000), -1);
    peer_ask(&device, &whole);
    peer_ask(&device, &second); /* rule 4 again: the list of the one that waits is empty */
    assert_in_range(answered_after(100), 1, 100);
    assert_int_equal(told.record[0].type, IS_EXCLUDE);
}

static void more_sources_than_are_kept_are_answered_with_all(void **state)
{
    struct peer_query query = { .code = 10, .group = group4, .sources = GROUP_ASKED + 1 };

    (void)state;
    for (unsigned i = 0; i < query.sources; i++)
        query.source[i] = source4(i + 1);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &query);
    assert_in_range(answered_after(1000), 1, 1000);
    assert_int_equal(told.record[0].type, IS_EXCLUDE);
    assert_int_equal(told.record[0].sources, 0);
}

/* What was left meanwhile is not said to be heard. */
static void a_group_that_is_left_is_not_answered_for(void **state)
{
    const struct peer_query query = { .code = 127, .group = group4 };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &query);
    baro_stack_poll(stack, now);
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(20000);
    while (peer_told(&device, &told))
        assert_int_equal(told.record[0].type, 3); /* TO_IN */
}

/* RFC 3376 §4.2.16: what includes goes on in the next report. */
static void many_sources_take_several_reports(void **state)
{
    const struct peer_query query = { .v6 = true, .code = 100, .group = group6 };
    unsigned seen[128] = { 0 }, reports = 0;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct baro_source_filter some = { .sources = BARO_SOURCE_LIMIT };

        for (unsigned j = 0; j < some.sources; j++)
            some.source[j] = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, (uint16_t)(i * 16 + j));
        assert_int_equal(groups_member(stack, 1, group6, NULL, &some), 0);
    }
    quiet();
    peer_ask(&device, &query);
    pass(200);
    for (; peer_told(&device, &told); reports++) {
        assert_true(told.octets <= 1500);
        assert_int_equal(told.records, 1);
        assert_int_equal(told.record[0].type, IS_INCLUDE);
        for (unsigned i = 0; i < told.record[0].sources; i++)
            seen[told.record[0].source[i].octet[15]]++;
    }
    assert_int_equal(reports, 2);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(seen[i], 1);
}

/* ---- older versions ---- */

/* RFC 2236 §3: each group has its own moment, a query in less of a hurry leaves it, one in more brings it forward. */
static void old_queries_have_a_timer_a_group(void **state)
{
    const struct peer_query slow = { .version = 2, .code = 200 }, fast = { .version = 2, .code = 5 };
    unsigned reports = 0;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 7, 7, 7)), 0);
    quiet();
    peer_ask(&device, &slow);
    baro_stack_poll(stack, now);
    peer_ask(&device, &fast);
    pass(500);
    for (; peer_told(&device, &told); reports++) {
        assert_int_equal(told.type, 0x16);
        assert_true(address_equal(told.destination, told.group));
    }
    assert_int_equal(reports, 2);
    peer_ask(&device, &fast);
    baro_stack_poll(stack, now);
    peer_ask(&device, &slow);
    pass(500);
    for (reports = 0; peer_told(&device, &told);)
        reports++;
    assert_int_equal(reports, 2);
    pass(30000);
    assert_false(peer_told(&device, &told));
}

static void an_igmp1_query_gives_ten_seconds(void **state)
{
    const struct peer_query query = { .version = 1, .no_alert = true };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &query);
    assert_in_range(answered_after(10000), 1, 10000);
    assert_int_equal(told.type, 0x12);
}

/* RFC 2236 §3, RFC 2710 §4: one report on the link is enough. */
static void another_hosts_report_is_enough(void **state)
{
    const struct peer_query four = { .version = 2, .code = 100 }, six = { .v6 = true, .version = 1, .code = 10000 };
    const struct peer_query report4 = { .version = 2, .type = 0x16, .group = group4 };
    const struct peer_query report6 = { .v6 = true, .version = 1, .type = 131, .group = group6 };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    quiet();
    peer_ask(&device, &four);
    peer_ask(&device, &six);
    baro_stack_poll(stack, now);
    peer_ask(&device, &report4);
    peer_ask(&device, &report6);
    pass(20000);
    while (peer_told(&device, &told))
        assert_int_equal(told.group.octet[1], 2); /* the link-local address's own, which nobody else reported */
}

/* RFC 3376 §7.2.2: the newest version's are not held back. */
static void a_report_of_records_is_not_held_back(void **state)
{
    const struct peer_query query = { .code = 100 };
    const struct peer_query report = { .version = 2, .type = 0x16, .group = group4 };

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    quiet();
    peer_ask(&device, &query);
    baro_stack_poll(stack, now);
    peer_ask(&device, &report);
    assert_in_range(answered_after(10000), 0, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_general_query_is_answered_within_its_time, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(who_is_in_no_group_says_nothing, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(queries_in_a_row_are_answered_once, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_code_of_zero_is_answered_almost_at_once, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_query_for_a_group, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_query_for_sources, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(queries_for_sources_add_up, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(more_sources_than_are_kept_are_answered_with_all, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_group_that_is_left_is_not_answered_for, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(many_sources_take_several_reports, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(old_queries_have_a_timer_a_group, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_igmp1_query_gives_ten_seconds, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(another_hosts_report_is_enough, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_report_of_records_is_not_held_back, group_setup, group_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
