/* Connections whose timer in the wheel is to come earlier wait in a list, and nothing comes later for that: more connections than
 * it holds, at one instant and some at a time, some of which end in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/support/tcp_world.h"

enum { PORT = 20000, MANY = TCP_LATE_MOST + 150 };

static struct world world;
static struct tcp_settings settings;

static int begin(void **state)
{
    (void)state;
    world_init(&world, 1);
    tcp_settings_init(&settings);
    world.side[1].deaf = true; /* each SYN is sent again after a second */
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

/* The SYN of each of them, some at a time; then every third ends, if some do. */
static unsigned connect_many(unsigned at_once, bool some_end)
{
    struct handle handle[MANY];
    unsigned left = MANY;

    for (unsigned i = 0; i < MANY; i++) {
        handle[i] = world_connect(&world, &settings, (uint16_t)(PORT + i));
        if (i % at_once == at_once - 1)
            world_pass(&world, NS_PER_MS);
    }
    world_drain(&world);
    for (unsigned i = 0; some_end && i < MANY; i += 3, left--)
        tcp_close(world.side[0].tcp, handle[i]);
    return left;
}

/* Each of those left sends it again, a second later to the nanosecond. */
static void each_comes_in_time(unsigned left)
{
    assert_int_equal(world.seen_count, MANY);
    world_pass(&world, 2 * NS_PER_S);
    assert_int_equal(world.seen_count, MANY + left);
    for (unsigned i = MANY; i < world.seen_count; i++) {
        unsigned first = 0;

        while (world.seen[first].seq != world.seen[i].seq)
            first++;
        assert_true(first < MANY);
        assert_true(world.seen[i].at_ns - world.seen[first].at_ns == NS_PER_S);
    }
}

static void more_than_the_list_holds_at_one_instant(void **state)
{
    (void)state;
    each_comes_in_time(connect_many(MANY + 1, false));
}

static void some_at_a_time(void **state)
{
    (void)state;
    each_comes_in_time(connect_many(50, false));
}

static void some_end_before(void **state)
{
    (void)state;
    each_comes_in_time(connect_many(50, true));
}

static void few_stay_and_the_deadline_is_known(void **state)
{
    struct tcp *tcp = world.side[0].tcp;
    struct baro_instant at;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        (void)world_connect(&world, &settings, (uint16_t)(PORT + i));
    world_drain(&world);
    assert_int_equal(tcp->late.count, 3);
    tcp_timers_settle(tcp);
    assert_int_equal(tcp->late.count, 3);
    assert_int_equal(world.side[0].core.wheel.armed, 0);
    assert_true(tcp_timers_next(tcp, &at) && at.ns == world.now.ns + NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_than_the_list_holds_at_one_instant, begin, end),
        cmocka_unit_test_setup_teardown(some_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(some_end_before, begin, end),
        cmocka_unit_test_setup_teardown(few_stay_and_the_deadline_is_known, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
