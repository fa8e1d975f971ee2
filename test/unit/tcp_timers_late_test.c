/* Connections whose timer in the wheel is to come earlier wait in a row, and nothing comes later for that: more
 * connections than it begins with, at one instant and some at a time, some of which end in it; and where there is no
 * memory for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/support/tcp_world.h"

enum { PORT = 20000, MANY = 406 };

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

static void more_than_it_begins_with_at_one_instant(void **state)
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
    assert_false(tcp_late_is_due(tcp));
    assert_null(tcp_late_next(tcp));
    assert_int_equal(tcp->late.count, 3);
    assert_int_equal(world.side[0].core.wheel.armed, 0);
    assert_true(tcp_timers_next(tcp, &at) && at.ns == world.now.ns + TCP_LATE_NS);
    world_pass(&world, TCP_LATE_NS);
    assert_int_equal(tcp->late.count, 0); /* a second is far: the wheel knows */
    assert_int_equal(world.side[0].core.wheel.armed, 3);
}

static void without_memory_the_wheel_knows_at_once(void **state)
{
    enum { ROW = 256, AGAIN = 10 };
    struct handle handle[ROW];

    (void)state;
    for (unsigned i = 0; i < ROW; i++)
        handle[i] = world_connect(&world, &settings, (uint16_t)(PORT + i));
    world_drain(&world);
    assert_int_equal(world.side[0].tcp->late.count, world.side[0].tcp->late.size);
    for (unsigned i = 0; i < AGAIN; i++)
        tcp_close(world.side[0].tcp, handle[i]);
    world.side[0].takes_allowed = 0; /* places of connections there are, of the row there is none */
    for (unsigned i = 0; i < AGAIN; i++)
        (void)world_connect(&world, &settings, (uint16_t)(PORT + ROW + i));
    world_drain(&world);
    assert_int_equal(world.side[0].tcp->late.count, ROW);
    assert_int_equal(world.side[0].core.wheel.armed, AGAIN);
    world_pass(&world, 2 * NS_PER_S);
    assert_int_equal(world.seen_count, 2 * ROW + AGAIN);
}

/* A deadline of 40 ms fires from the row while the wheel stands at a later one. */
static void the_wheel_is_left_alone(void **state)
{
    struct tcp *tcp = world.side[0].tcp;
    struct tcp_connection *c;
    struct wheel_timer *timer;

    (void)state;
    c = tcp_resolve(tcp, world_connect(&world, &settings, PORT));
    world_drain(&world);
    world_pass(&world, TCP_LATE_NS);
    assert_true(wheel_is_armed(&c->wheel) && c->wheel.deadline.ns == c->deadline_ns[TCP_TIMER_RETRANSMIT]);
    tcp_timer_set(tcp, c, TCP_TIMER_DELAYED_ACK, world.now.ns + TCP_LATE_NS);
    assert_true(c->late && c->wheel.deadline.ns == c->deadline_ns[TCP_TIMER_RETRANSMIT]);
    world.side[0].core.now.ns = world.now.ns + TCP_LATE_NS;
    assert_true(tcp_late_is_due(tcp));
    timer = tcp_late_next(tcp);
    assert_ptr_equal(timer, &c->wheel);
    tcp_timer(tcp, timer);
    assert_false(tcp_timer_armed(c, TCP_TIMER_DELAYED_ACK));
    assert_true(c->wheel.deadline.ns == c->deadline_ns[TCP_TIMER_RETRANSMIT]);
    assert_null(tcp_late_next(tcp));
    tcp_timer_set(tcp, c, TCP_TIMER_PACE, world.side[0].core.now.ns + NS_PER_MS);
    assert_true(!c->late && c->wheel.deadline.ns == c->deadline_ns[TCP_TIMER_PACE]); /* it is soon */
}

/* The place of one who ended is another's, whose turn comes later: it is the row's until then. */
static void who_ended_is_passed_over(void **state)
{
    struct tcp *tcp = world.side[0].tcp;
    struct handle first = world_connect(&world, &settings, PORT);
    const struct tcp_connection *place = tcp_resolve(tcp, first);
    struct tcp_connection *c;

    (void)state;
    world_drain(&world);
    world_pass(&world, TCP_LATE_NS / 2);
    tcp_close(tcp, first);
    c = tcp_resolve(tcp, world_connect(&world, &settings, PORT + 1));
    world_drain(&world);
    assert_ptr_equal(c, place);
    assert_int_equal(tcp->late.count, 2);
    world_pass(&world, TCP_LATE_NS / 2);
    assert_int_equal(tcp->late.count, 1);
    assert_true(c->late);
    assert_int_equal(world.side[0].core.wheel.armed, 0);
    world_pass(&world, TCP_LATE_NS / 2);
    assert_int_equal(tcp->late.count, 0);
    assert_int_equal(world.side[0].core.wheel.armed, 1);
}

/* What is not far away waits once more, and is gone then or fires in time. */
static void an_answer_is_waited_for(void **state)
{
    struct tcp *tcp = world.side[0].tcp;
    struct tcp_connection *c;

    (void)state;
    c = tcp_resolve(tcp, world_connect(&world, &settings, PORT));
    world_drain(&world);
    world_pass(&world, TCP_LATE_NS);
    tcp_timer_set(tcp, c, TCP_TIMER_CORK, world.now.ns + 3 * TCP_LATE_NS);
    world_pass(&world, TCP_LATE_NS);
    assert_true(c->late && c->wheel.deadline.ns == c->deadline_ns[TCP_TIMER_RETRANSMIT]);
    world_pass(&world, 2 * TCP_LATE_NS - 1);
    assert_true(tcp_timer_armed(c, TCP_TIMER_CORK));
    world_pass(&world, 1);
    assert_false(tcp_timer_armed(c, TCP_TIMER_CORK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_than_it_begins_with_at_one_instant, begin, end),
        cmocka_unit_test_setup_teardown(some_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(some_end_before, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_the_wheel_knows_at_once, begin, end),
        cmocka_unit_test_setup_teardown(the_wheel_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(who_ended_is_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(an_answer_is_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(few_stay_and_the_deadline_is_known, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
