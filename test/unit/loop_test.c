/* The event loop: watches are called, removed ones are not, sources run until they rest and set the alarm. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "baro/loop.h"

struct fixture {
    struct baro_loop *loop;
    int pipe[2][2];
    struct baro_watch *watch[2];
    int called[2];
    int runs, work;
    struct baro_instant alarm;
    bool armed, rang;
};

static void each_removes_the_other(void *context, uint32_t events)
{
    struct fixture *f = context;
    assert_true(events & EPOLLIN);
    f->called[0]++;
    for (int i = 0; i < 2; i++) {
        baro_loop_unwatch(f->loop, f->watch[i]);
        f->watch[i] = NULL;
    }
}

static void setup(struct fixture *f)
{
    *f = (struct fixture){ .loop = baro_loop_create() };
    assert_non_null(f->loop);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(f->pipe[i]), 0);
        f->watch[i] = baro_loop_watch(f->loop, f->pipe[i][0], EPOLLIN, each_removes_the_other, f);
        assert_non_null(f->watch[i]);
    }
}

static void teardown(struct fixture *f)
{
    for (int i = 0; i < 2; i++) {
        baro_loop_unwatch(f->loop, f->watch[i]);
        close(f->pipe[i][0]);
        close(f->pipe[i][1]);
    }
    baro_loop_free(f->loop);
}

static void a_removed_watch_is_not_called(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    assert_int_equal(baro_loop_turn(f.loop, (struct baro_duration){ 0 }), 0);
    assert_int_equal(write(f.pipe[0][1], "x", 1), 1);
    assert_int_equal(write(f.pipe[1][1], "x", 1), 1);
    assert_int_equal(baro_loop_turn(f.loop, (struct baro_duration){ 0 }), 2);
    assert_int_equal(f.called[0], 1);
    assert_int_equal(baro_loop_turn(f.loop, (struct baro_duration){ 0 }), 0);
    teardown(&f);
}

static bool run(void *context, struct baro_instant now)
{
    struct fixture *f = context;
    f->runs++;
    if (f->armed && now.ns >= f->alarm.ns) {
        f->armed = false;
        f->rang = true;
        baro_loop_stop(f->loop, 7);
    }
    return f->work > 0 && f->work-- > 0;
}

static bool next_deadline(void *context, struct baro_instant *deadline)
{
    struct fixture *f = context;
    *deadline = f->alarm;
    return f->armed;
}

static void sources_run_until_they_rest_and_wake_the_loop(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    struct baro_source source = { &f, run, next_deadline };
    assert_int_equal(baro_loop_add_source(f.loop, &source), 0);
    f.work = 3;
    baro_loop_turn(f.loop, (struct baro_duration){ 0 });
    assert_int_equal(f.runs, 4);
    f.alarm.ns = baro_loop_now().ns + 5000000;
    f.armed = true;
    assert_int_equal(baro_loop_run(f.loop), 7);
    assert_true(f.rang);
    baro_loop_remove_source(f.loop, &f);
    f.runs = 0;
    baro_loop_turn(f.loop, (struct baro_duration){ 0 });
    assert_int_equal(f.runs, 0);
    teardown(&f);
}

/* Without it a turn sleeps at once; with it the loop looks first, finds what is ready, and sleeps for what is left. */
static void the_loop_spins_only_when_told_to(void **state)
{
    const struct baro_duration moment = { 3000000 };
    struct baro_loop_counts counts;
    struct fixture f;
    (void)state;

    setup(&f);
    baro_loop_turn(f.loop, moment);
    counts = baro_loop_statistics(f.loop);
    assert_int_equal(counts.spins, 0);
    assert_int_equal(counts.sleeps, 1);
    assert_int_equal(baro_loop_busy_poll(f.loop, (struct baro_duration){ 1000000 }), 0);
    for (int i = 0; i < 1000 && baro_loop_statistics(f.loop).sleeps == 1; i++)
        baro_loop_turn(f.loop, moment); /* nothing is left to sleep for when others had the processor so long */
    counts = baro_loop_statistics(f.loop);
    assert_true(counts.spins > 0);
    assert_int_equal(counts.sleeps, 2);
    baro_loop_turn(f.loop, (struct baro_duration){ 0 });
    assert_int_equal(baro_loop_statistics(f.loop).spins, counts.spins);
    baro_loop_turn(f.loop, (struct baro_duration){ 500000 }); /* shorter than it would spin */
    assert_int_equal(baro_loop_statistics(f.loop).sleeps, 2);
    counts = baro_loop_statistics(f.loop);
    assert_int_equal(write(f.pipe[1][1], "x", 1), 1);
    assert_int_equal(baro_loop_turn(f.loop, (struct baro_duration){ -1 }), 1);
    assert_int_equal(baro_loop_statistics(f.loop).spins, counts.spins + 1);
    assert_int_equal(baro_loop_statistics(f.loop).sleeps, 2);
    teardown(&f);
}

static void spinning_is_bounded(void **state)
{
    struct fixture f;
    (void)state;

    setup(&f);
    assert_int_equal(baro_loop_busy_poll(f.loop, (struct baro_duration){ -1 }), -EINVAL);
    assert_int_equal(baro_loop_busy_poll(f.loop, (struct baro_duration){ 1000000001 }), -EINVAL);
    assert_int_equal(baro_loop_busy_poll(f.loop, (struct baro_duration){ 1000000000 }), 0);
    assert_int_equal(baro_loop_busy_poll(f.loop, (struct baro_duration){ 0 }), 0);
    baro_loop_turn(f.loop, (struct baro_duration){ 1000 });
    assert_int_equal(baro_loop_statistics(f.loop).spins, 0);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removed_watch_is_not_called),
        cmocka_unit_test(the_loop_spins_only_when_told_to),
        cmocka_unit_test(spinning_is_bounded),
        cmocka_unit_test(sources_run_until_they_rest_and_wake_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
