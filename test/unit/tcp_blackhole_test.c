/* A path that swallows large packets: two time-outs in a row make them smaller, an outage is told apart, and the old
 * size comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/blackhole.h"

static const struct baro_instant now = { 7 * NS_PER_S };

static struct baro_instant after_s(int64_t seconds)
{
    return (struct baro_instant){ now.ns + seconds * NS_PER_S };
}

static enum blackhole_change twice(struct blackhole *hole, bool ipv6, uint32_t octets)
{
    assert_int_equal(blackhole_timeout(hole, ipv6, octets, seq_of(1000)), BLACKHOLE_SAME);
    return blackhole_timeout(hole, ipv6, octets, seq_of(1000));
}

static void two_timeouts_in_a_row_make_it_smaller(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(blackhole_limit(&hole, 1500), 1500);
    assert_int_equal(twice(&hole, false, 1500), BLACKHOLE_SMALLER);
    assert_int_equal(blackhole_limit(&hole, 1500), 1064);
    assert_int_equal(blackhole_limit(&hole, 900), 900); /* the path's own word still counts */
    assert_int_equal(twice(&hole, false, 1064), BLACKHOLE_SMALLER);
    assert_int_equal(blackhole_limit(&hole, 1500), 576);
}

static void an_acknowledgment_in_between_begins_anew(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(blackhole_timeout(&hole, false, 1500, seq_of(1)), BLACKHOLE_SAME);
    assert_int_equal(blackhole_acked(&hole, seq_of(1461), now), BLACKHOLE_SAME);
    assert_int_equal(twice(&hole, false, 1500), BLACKHOLE_SMALLER);
}

static void steps_of_both_families(void **state)
{
    static const struct { bool ipv6; uint32_t octets; uint16_t ceiling;
    } steps[] = { { false, 9000, 1500 }, { false, 1501, 1500 }, { false, 1500, 1064 },
                  { false, 1065, 1064 }, { false, 1064, 576 },  { false, 577, 576 },
                  { true, 9000, 1500 },  { true, 1500, 1280 },  { true, 1281, 1280 } };

    (void)state;
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct blackhole hole = { 0 };

        assert_int_equal(twice(&hole, steps[i].ipv6, steps[i].octets), BLACKHOLE_SMALLER);
        assert_int_equal(hole.ceiling, steps[i].ceiling);
    }
}

static void the_least_size_is_nobodys_fault(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(blackhole_timeout(&hole, false, 576, seq_of(1)), BLACKHOLE_SAME);
        assert_int_equal(blackhole_timeout(&hole, true, 1280, seq_of(1)), BLACKHOLE_SAME);
    }
    assert_int_equal(hole.ceiling, 0);
}

/* Nothing gets through: the old size, for three time-outs; then the smallest once more. */
static void an_outage_leaves_no_small_segments(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(twice(&hole, true, 1500), BLACKHOLE_SMALLER);
    assert_int_equal(twice(&hole, true, 1280), BLACKHOLE_AS_BEFORE);
    assert_int_equal(blackhole_limit(&hole, 1500), 1500);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(twice(&hole, true, 9000), BLACKHOLE_SAME);
        assert_int_equal(blackhole_timeout(&hole, true, 9000, seq_of(1000)), BLACKHOLE_SMALLER);
        assert_int_equal(blackhole_limit(&hole, 9000), 1280);
        assert_int_equal(twice(&hole, true, 1280), BLACKHOLE_AS_BEFORE);
    }
    assert_int_equal(blackhole_acked(&hole, seq_of(2460), now), BLACKHOLE_SAME);
    assert_int_equal(twice(&hole, true, 9000), BLACKHOLE_SMALLER);
    assert_int_equal(blackhole_limit(&hole, 9000), 1500); /* from the beginning again */
}

/* 1,000 to 2,024 were sent again in small: more than that is acknowledged, so the large ones had arrived. */
static void larger_ones_had_arrived_all_along(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(twice(&hole, false, 1500), BLACKHOLE_SMALLER);
    blackhole_resent(&hole, seq_of(2024));
    assert_int_equal(blackhole_acked(&hole, seq_of(2025), now), BLACKHOLE_AS_BEFORE);
    assert_int_equal(hole.ceiling, 0);
}

static void what_gets_through_stays_for_ten_minutes(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(twice(&hole, false, 1500), BLACKHOLE_SMALLER);
    blackhole_resent(&hole, seq_of(2024));
    assert_int_equal(blackhole_aged(&hole, after_s(10000)), BLACKHOLE_SAME); /* not while it is being tried */
    assert_int_equal(blackhole_acked(&hole, seq_of(2024), now), BLACKHOLE_SAME);
    blackhole_resent(&hole, seq_of(3048));
    assert_int_equal(blackhole_acked(&hole, seq_of(9000), after_s(1)), BLACKHOLE_SAME);
    assert_int_equal(blackhole_limit(&hole, 1500), 1064);
    assert_int_equal(blackhole_aged(&hole, after_s(599)), BLACKHOLE_SAME);
    assert_int_equal(blackhole_aged(&hole, after_s(600)), BLACKHOLE_AS_BEFORE);
    assert_int_equal(blackhole_limit(&hole, 1500), 1500);
}

static void a_path_that_speaks_is_believed(void **state)
{
    struct blackhole hole = { 0 };

    (void)state;
    assert_int_equal(blackhole_told(&hole), BLACKHOLE_SAME);
    assert_int_equal(twice(&hole, false, 1500), BLACKHOLE_SMALLER);
    assert_int_equal(blackhole_told(&hole), BLACKHOLE_AS_BEFORE);
    assert_int_equal(blackhole_limit(&hole, 1400), 1400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_timeouts_in_a_row_make_it_smaller),
        cmocka_unit_test(an_acknowledgment_in_between_begins_anew),
        cmocka_unit_test(steps_of_both_families),
        cmocka_unit_test(the_least_size_is_nobodys_fault),
        cmocka_unit_test(an_outage_leaves_no_small_segments),
        cmocka_unit_test(larger_ones_had_arrived_all_along),
        cmocka_unit_test(what_gets_through_stays_for_ten_minutes),
        cmocka_unit_test(a_path_that_speaks_is_believed)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
