/* What a host tells of its groups by itself: a change at once and again, as RFC 3376 §5.1 and RFC 3810 §6.1 have it, in
 * packets of the form that §4 of both asks for; and in the words of older routers (§7.2, §8.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/group_peer.h"
#include "unit/membership.h"

static const uint8_t to_exclude = 4, to_include = 3;

/* The next message is a report of exactly that record without sources. */
static void told_of(struct baro_address group, uint8_t type)
{
    struct peer_told told;

    assert_true(peer_told(&device, &told));
    assert_int_equal(told.records, 1);
    group.zone = 0;
    assert_true(address_equal(told.record[0].group, group));
    assert_int_equal(told.record[0].type, type);
    assert_int_equal(told.record[0].sources, 0);
}

static void a_join_is_told_twice(void **state)
{
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_true(told.alert && told.sum_right);
    assert_int_equal(told.type, 0x22);
    assert_int_equal(told.ttl, 1);
    assert_int_equal(told.tos, 0xc0);
    assert_true(address_equal(told.destination, baro_ipv4(224, 0, 0, 22)));
    assert_true(address_equal(told.source, baro_ipv4(10, 0, 0, 1)));
    assert_int_equal(told.records, 1);
    assert_int_equal(told.record[0].type, to_exclude);
    pass(1000);
    told_of(group4, to_exclude);
    pass(300000);
    assert_false(peer_told(&device, &told));
}

static void so_it_is_with_ipv6(void **state)
{
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_true(told.alert && told.sum_right);
    assert_int_equal(told.type, 143);
    assert_int_equal(told.ttl, 1);
    assert_true(address_equal(told.destination, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0x16)));
    assert_true(address_equal(told.source, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1)));
    assert_int_equal(told.record[0].type, to_exclude);
    pass(1000);
    told_of(group6, to_exclude);
    pass(300000);
    assert_false(peer_told(&device, &told));
}

static void a_leave_too(void **state)
{
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0); /* counted */
    pass(2000);
    told_of(group4, to_exclude);
    told_of(group4, to_exclude);
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(2000);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(2000);
    told_of(group4, to_include);
    told_of(group4, to_include);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), -ENOENT);
}

/* RFC 3376 §5.1: the new report takes the place of the old one's repetitions. */
static void a_change_before_the_repetition_begins_anew(void **state)
{
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(0);
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(0);
    told_of(group4, to_exclude);
    told_of(group4, to_include);
    pass(2000);
    told_of(group4, to_include);
    assert_false(peer_told(&device, &told));
}

static void joins_together_are_told_together(void **state)
{
    struct peer_told told;

    (void)state;
    for (uint8_t i = 1; i <= 32; i++)
        assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 1, 1, i)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 1, 1, 33)), -ENOSPC);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.records, 32);
    assert_false(peer_told(&device, &told));
}

/* RFC 3376 §5, RFC 3810 §6: not of the groups of all hosts, nor of what stays within a node. */
static void some_groups_are_never_told_of(void **state)
{
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(224, 0, 0, 1)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv6(0xff01, 0, 0, 0, 0, 0, 0, 0xfb)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv6(0xff10, 0, 0, 0, 0, 0, 0, 0xfb)), 0);
    pass(2000);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0xfb)), 0);
    pass(0);
    told_of(baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 0xfb), to_exclude);
}

/* RFC 4862 §5.4.2: the group is joined, and told of, just before the probe; RFC 3590: from ::. */
static void an_addresss_group_is_told_of_before_its_probe(void **state)
{
    struct baro_address address = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0xab, 0xcdef);
    struct peer_told told;
    struct baro_instant begun = now;
    const struct device_frame *frame;

    (void)state;
    assert_int_equal(baro_stack_remove_address(stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1)), 0);
    pass(2000);
    while (peer_told(&device, &told))
        continue;
    begun = now;
    assert_int_equal(baro_stack_add_address(stack, 1, address, 64, true), 0);
    pass(0);
    assert_null(frame_device_take(&device));
    while ((frame = frame_device_take(&device)) == NULL && now.ns - begun.ns < 2000000000)
        pass(1);
    assert_non_null(frame);
    assert_int_equal(frame->data[14 + 48], 143); /* the report */
    assert_memory_equal(frame->data + 14 + 8, (const uint8_t[16]){ 0 }, 16); /* from nobody */
    assert_memory_equal(frame->data + 14 + 60, address_solicited_node(address, 1).octet, 16);
    frame = frame_device_take(&device);
    assert_non_null(frame);
    assert_int_equal(frame->data[14 + 40], 135); /* the probe */
    pass(5000);
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(baro_stack_remove_address(stack, 1, address), 0);
    pass(0);
    told_of(address_solicited_node(address, 1), to_include);
}

/* A program that joins the group of an address of ours is told of at once, and does not take the group along when it
 * leaves. */
static void an_addresss_group_with_other_members(void **state)
{
    struct baro_address address = baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0xab, 0xcdef), group;
    struct peer_told told;

    (void)state;
    group = address_solicited_node(address, 1);
    assert_int_equal(baro_stack_add_address(stack, 1, address, 64, true), 0);
    pass(0);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group), -ENOENT); /* nobody but the address is in it */
    assert_int_equal(baro_stack_join_group(stack, 1, group), 0);
    pass(0);
    told_of(group, to_exclude);
    pass(5000);
    while (peer_told(&device, &told))
        assert_int_equal(told.record[0].type, to_exclude);
    assert_int_equal(baro_stack_leave_group(stack, 1, group), 0);
    pass(5000);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_remove_address(stack, 1, address), 0);
    pass(0);
    told_of(group, to_include);
}

/* RFC 3590 §4: what was told from :: is told again from the link-local address. */
static void all_is_told_again_from_a_new_address(void **state)
{
    struct baro_address second = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    struct peer_told told;
    bool again = false;

    (void)state;
    assert_int_equal(baro_stack_remove_address(stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1)), 0);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    pass(2000);
    while (peer_told(&device, &told))
        assert_true(address_is_unspecified(told.source));
    assert_int_equal(baro_stack_add_address(stack, 1, second, 64, true), 0);
    pass(4000);
    while (peer_told(&device, &told))
        again |= address_equal(told.source, second) && peer_record_of(&told, group6) != NULL;
    assert_true(again);
}

/* ---- older routers ---- */

static void an_igmp2_router_gets_reports_and_leaves_of_igmp2(void **state)
{
    const struct peer_query query = { .version = 2, .code = 10 };
    struct peer_told told;

    (void)state;
    peer_ask(&device, &query);
    pass(0);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(0);
    for (int i = 0; i < 2; i++) { /* RFC 2236 §3: once more within ten seconds */
        assert_true(peer_told(&device, &told));
        assert_int_equal(told.type, 0x16);
        assert_true(told.alert && told.sum_right && told.ttl == 1);
        assert_true(address_equal(told.destination, group4) && address_equal(told.group, group4));
        pass(10000);
    }
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x17);
    assert_true(address_equal(told.destination, baro_ipv4(224, 0, 0, 2)) && address_equal(told.group, group4));
    pass(20000);
    assert_false(peer_told(&device, &told));
}

static void an_igmp1_router_hears_of_no_leave(void **state)
{
    const struct peer_query query = { .version = 1, .no_alert = true };
    struct peer_told told;

    (void)state;
    peer_ask(&device, &query);
    pass(0);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x12);
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(20000);
    assert_false(peer_told(&device, &told));
}

static void an_mld1_router_gets_reports_and_dones(void **state)
{
    const struct peer_query query = { .v6 = true, .version = 1, .code = 10 };
    struct peer_told told;

    (void)state;
    peer_ask(&device, &query);
    pass(10); /* and the answer of the link-local address's group */
    while (peer_told(&device, &told))
        assert_int_equal(told.type, 131);
    assert_int_equal(baro_stack_join_group(stack, 1, group6), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 131);
    assert_true(told.alert && told.sum_right && told.ttl == 1 && told.octets == 48 + 24);
    assert_true(address_equal(told.destination, group6) && address_equal(told.group, group6));
    pass(10000);
    assert_true(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group6), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 132);
    assert_true(address_equal(told.destination, baro_ipv6(0xff02, 0, 0, 0, 0, 0, 0, 2)));
    assert_true(address_equal(told.group, group6));
}

/* Another host reported last: it is the one whose leave would matter (RFC 2236 §3). */
static void who_was_spared_a_report_leaves_in_silence(void **state)
{
    const struct peer_query query = { .version = 2, .code = 100 };
    const struct peer_query report = { .version = 2, .type = 0x16, .group = group4, .from = baro_ipv4(10, 0, 0, 7) };
    struct peer_told told;

    (void)state;
    peer_ask(&device, &query);
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(30000);
    while (peer_told(&device, &told))
        continue;
    peer_ask(&device, &query);
    pass(0);
    peer_ask(&device, &report);
    pass(30000);
    assert_false(peer_told(&device, &told));
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(1000);
    assert_false(peer_told(&device, &told));
}

/* RFC 3376 §7.2.1, §8.12: 2 times 125 seconds and ten more after the last old query. */
static void the_newest_version_comes_back(void **state)
{
    const struct peer_query second = { .version = 2, .code = 100 }, first = { .version = 1, .no_alert = true };
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(2000);
    peer_ask(&device, &first);
    pass(100000);
    peer_ask(&device, &second);
    pass(159000); /* 259 s after the first */
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 9, 9, 1)), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x12);
    pass(2000); /* IGMPv1's router is gone, IGMPv2's is not */
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 9, 9, 2)), 0);
    pass(0);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x16);
    pass(100000);
    while (peer_told(&device, &told))
        continue;
    assert_int_equal(baro_stack_join_group(stack, 1, baro_ipv4(239, 9, 9, 3)), 0);
    pass(0);
    told_of(baro_ipv4(239, 9, 9, 3), to_exclude);
}

/* Only a general query says what the router speaks (RFC 3376 §7.2.1), and another version forgets what was pending. */
static void a_query_for_one_group_changes_no_version(void **state)
{
    struct peer_query query = { .version = 2, .code = 10, .group = group4 };
    struct peer_told told;

    (void)state;
    assert_int_equal(baro_stack_join_group(stack, 1, group4), 0);
    pass(2000);
    while (peer_told(&device, &told))
        continue;
    peer_ask(&device, &query);
    pass(1000);
    assert_true(peer_told(&device, &told));
    assert_int_equal(told.type, 0x22);
    assert_int_equal(baro_stack_leave_group(stack, 1, group4), 0);
    pass(0);
    told_of(group4, to_include);
    query.group.family = BARO_FAMILY_NONE;
    peer_ask(&device, &query);
    pass(5000);
    assert_false(peer_told(&device, &told)); /* the second TO_IN is not sent */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_join_is_told_twice, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(so_it_is_with_ipv6, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_leave_too, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_change_before_the_repetition_begins_anew, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(joins_together_are_told_together, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(some_groups_are_never_told_of, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_addresss_group_is_told_of_before_its_probe, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_addresss_group_with_other_members, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(all_is_told_again_from_a_new_address, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_igmp2_router_gets_reports_and_leaves_of_igmp2, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_igmp1_router_hears_of_no_leave, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(an_mld1_router_gets_reports_and_dones, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(who_was_spared_a_report_leaves_in_silence, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(the_newest_version_comes_back, group_setup, group_teardown),
        cmocka_unit_test_setup_teardown(a_query_for_one_group_changes_no_version, group_setup, group_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
