/* A clock of ticks against a machine made by hand, whose ticks run evenly, jump, stand still, or are read by who is
 * interrupted; and against this machine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "posix/clock.h"

/* Its true time, and what its processor counts. */
struct machine {
    double ns, ticks, rate;  /* ticks a nanosecond */
    /* a reading of the system's clock takes so long, and as long again in front of it and behind */
    double reading_ns;
    unsigned readings;
};

static void pass(struct machine *machine, double ns)
{
    machine->ns += ns;
    machine->ticks += ns * machine->rate;
}

static struct clock_reading read_machine(void *context)
{
    struct machine *machine = context;
    struct clock_reading reading;

    machine->readings++;
    reading.before = (uint64_t)machine->ticks;
    pass(machine, machine->reading_ns);
    reading.ns = (int64_t)machine->ns;
    pass(machine, machine->reading_ns);
    reading.after = (uint64_t)machine->ticks;
    return reading;
}

static int64_t ask(struct baro_clock *clock, struct machine *machine)
{
    return clock_at(clock, (uint64_t)machine->ticks, read_machine, machine);
}

/* Reads for `count` steps of up to `most_ns`: never back, and never further from the truth than `error_ns`. */
static void reads(struct baro_clock *clock, struct machine *machine, unsigned count, double most_ns, double error_ns)
{
    int64_t last = clock->latest;

    for (unsigned i = 0; i < count; i++) {
        int64_t told;

        pass(machine, most_ns * (rand() % 1000) / 1000);
        told = ask(clock, machine);
        assert_true(told >= last);
        assert_true((double)told - machine->ns < error_ns && machine->ns - (double)told < error_ns);
        last = told;
    }
}

static void even_ticks(void **state)
{
    (void)state;
    for (double rate = 0.02; rate < 6; rate *= 1.7) {
        struct machine machine = { .ns = 1e9, .ticks = 5e12, .rate = rate, .reading_ns = 20 };
        struct baro_clock clock = { 0 };

        reads(&clock, &machine, 200000, 200, 1000);
        /* Twenty milliseconds: the system is asked until two rates agree, and then once in each. */
        assert_true(machine.readings > 10 && machine.readings < 16000);
        machine.readings = 0;
        reads(&clock, &machine, 200000, 200, 1000);
        assert_in_range(machine.readings, 10, 60);
    }
}

static void seldom_reads_are_the_system_s(void **state)
{
    struct machine machine = { .ns = 1e9, .ticks = 5, .rate = 3, .reading_ns = 20 };
    struct baro_clock clock = { 0 };

    (void)state;
    reads(&clock, &machine, 1000, 3e9, 100);
    reads(&clock, &machine, 100, 1e13, 100);
    assert_true(machine.readings > 1000);
}

/* The processor is taken away within readings: no anchor is made of these. */
static void an_interrupted_reading_is_no_anchor(void **state)
{
    struct machine machine = { .ns = 1e9, .ticks = 5e9, .rate = 3, .reading_ns = 20 };
    struct baro_clock clock = { 0 };

    (void)state;
    reads(&clock, &machine, 200000, 200, 1000);
    for (int i = 0; i < 300; i++) {
        machine.reading_ns = 3e6;
        reads(&clock, &machine, 20, 200, 4e6); /* the system's answer itself is as old by the time it is told */
        machine.reading_ns = 20;
        reads(&clock, &machine, 200, 200, 1000);
    }
}

/* Where the system's clock takes long, ticks are never trusted: a reading is mostly one of that clock, not one for each
 * attempt. */
static void a_slow_clock_is_not_read_in_vain(void **state)
{
    struct machine machine = { .ns = 1e9, .ticks = 5e9, .rate = 3, .reading_ns = 500 };
    struct baro_clock clock = { 0 };

    (void)state;
    reads(&clock, &machine, 100000, 200, 2000);
    assert_in_range(machine.readings, 100000, 102000);
    machine.reading_ns = 20;
    reads(&clock, &machine, 100000, 200, 2000);
    machine.readings = 0;
    reads(&clock, &machine, 100000, 200, 2000);
    assert_in_range(machine.readings, 5, 60);
}

/* Ticks of another processor, ahead and behind; a sleep of the machine in which ticks begin anew; ticks that stand
 * still. */
static void ticks_that_jump(void **state)
{
    static const double jumps[] = { 1e6, -1e6, 1e9, -1e9, 3e12, -4e12, 2900, -2900 };

    (void)state;
    for (unsigned i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        struct machine machine = { .ns = 1e9, .ticks = 5e12, .rate = 3, .reading_ns = 20 };
        struct baro_clock clock = { 0 };

        reads(&clock, &machine, 100000, 200, 1000);
        machine.ticks += jumps[i];
        reads(&clock, &machine, 20000, 200, 1.1e6); /* for a millisecond it may be as much wrong */
        reads(&clock, &machine, 100000, 200, 1000);
    }
}

static void ticks_that_change_their_pace(void **state)
{
    static const double rates[] = { 1, 5.9, 0.5, 2.9 };
    struct machine machine = { .ns = 1e9, .ticks = 5e12, .rate = 3, .reading_ns = 20 };
    struct baro_clock clock = { 0 };

    (void)state;
    reads(&clock, &machine, 100000, 200, 1000);
    for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        machine.rate = rates[i];
        /* until the ticks of a millisecond have gone by, at their new pace */
        reads(&clock, &machine, 150000, 200, 1.2e7);
        reads(&clock, &machine, 100000, 200, 1000);
    }
    machine.rate = 0;
    clock.span = 0;
    reads(&clock, &machine, 100000, 200, 1000);
}

static void this_machine_s(void **state)
{
    struct baro_clock clock = { 0 };
    int64_t last = 0;

    (void)state;
    for (int i = 0; i < 300000; i++) {
        struct timespec before, after;
        int64_t told;

        clock_gettime(CLOCK_MONOTONIC, &before);
        told = baro_clock_now(&clock).ns;
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_true(told >= last);
        /* Between both, and a hundred microseconds more: a machine of many takes time away where it likes. */
        assert_true(told >= (int64_t)before.tv_sec * 1000000000 + before.tv_nsec - 100000);
        assert_true(told <= (int64_t)after.tv_sec * 1000000000 + after.tv_nsec + 100000);
        last = told;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_ticks),
        cmocka_unit_test(seldom_reads_are_the_system_s),
        cmocka_unit_test(an_interrupted_reading_is_no_anchor),
        cmocka_unit_test(a_slow_clock_is_not_read_in_vain),
        cmocka_unit_test(ticks_that_jump),
        cmocka_unit_test(ticks_that_change_their_pace),
        cmocka_unit_test(this_machine_s),
    };

    srand(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
