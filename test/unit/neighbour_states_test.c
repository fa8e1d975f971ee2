/* RFC 4861 §7.2.5 and appendix C: what a neighbour advertisement does in each state, row by row: with the MAC address
 * that is known, another, or none; solicited or not; overriding or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/time.h"
#include "ethernet/neighbour.h"
#include "support/frame_device.h"

enum { INTERFACE = 1 };
#define IN(state) BARO_TRACE_NEIGHBOUR_##state

static struct test_memory memory;
static struct core core;
static struct neighbours neighbours;
static struct neighbour *entry;
static const struct baro_mac known = { { 2, 0, 0, 0, 0, 9 } }, other = { { 2, 0, 0, 0, 0, 8 } };

static struct baro_address peer(void)
{
    return baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 9);
}

static bool resolve(struct baro_mac *mac)
{
    return neighbour_resolve(&neighbours, INTERFACE, peer(), baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), mac, &entry);
}

static void begin(enum baro_trace_neighbour state)
{
    const uint8_t seed[32] = { 1 };
    struct baro_mac mac;

    memset(&memory, 0, sizeof memory);
    memset(&core, 0, sizeof core);
    core.slabs = (struct slabs){ .memory = test_memory(&memory), .limit = 1 << 20 };
    random_init(&core.random, seed);
    wheel_init(&core.wheel, core.now);
    assert_true(intent_queue_init(&core.intents, &core.slabs));
    neighbours_init(&neighbours, &core);
    assert_false(resolve(&mac));
    if (state == IN(INCOMPLETE))
        return;
    neighbour_advertised(&neighbours, INTERFACE, peer(), &known, true, false);
    if (state != IN(REACHABLE))
        neighbour_doubt(&neighbours, INTERFACE, peer());
    if (state == IN(PROBE))
        assert_true(resolve(&mac));
    assert_int_equal(entry->state, state);
}

static void end(void)
{
    neighbours_check_invariants(&neighbours);
    neighbours_release(&neighbours);
    intent_queue_release(&core.intents, &core.slabs);
    assert_int_equal(memory.slabs, 0);
}

struct row {
    enum baro_trace_neighbour before;
    const struct baro_mac *mac;
    bool solicited, override;
    enum baro_trace_neighbour after;
    const struct baro_mac *then; /* the MAC address in use */
};

static void advertisements(void **state)
{
    static const struct row rows[] = {
        { IN(INCOMPLETE), NULL, true, true, IN(INCOMPLETE), NULL },
        { IN(INCOMPLETE), &known, false, false, IN(STALE), &known },
        { IN(INCOMPLETE), &known, false, true, IN(STALE), &known },
        { IN(INCOMPLETE), &known, true, false, IN(REACHABLE), &known },
        { IN(REACHABLE), NULL, true, false, IN(REACHABLE), &known },
        { IN(REACHABLE), &known, false, false, IN(REACHABLE), &known },
        { IN(REACHABLE), &other, false, false, IN(STALE), &known },
        { IN(REACHABLE), &other, true, false, IN(STALE), &known },
        { IN(REACHABLE), &other, false, true, IN(STALE), &other },
        { IN(REACHABLE), &other, true, true, IN(REACHABLE), &other },
        { IN(STALE), NULL, true, false, IN(REACHABLE), &known },
        { IN(STALE), &known, true, false, IN(REACHABLE), &known },
        { IN(STALE), &known, false, true, IN(STALE), &known },
        { IN(STALE), &other, true, false, IN(STALE), &known },
        { IN(STALE), &other, false, true, IN(STALE), &other },
        { IN(STALE), &other, true, true, IN(REACHABLE), &other },
        { IN(PROBE), &known, true, false, IN(REACHABLE), &known },
        { IN(PROBE), &known, false, true, IN(PROBE), &known },
        { IN(PROBE), &other, true, false, IN(PROBE), &known },
        { IN(PROBE), &other, false, true, IN(STALE), &other },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];

        begin(row->before);
        neighbour_advertised(&neighbours, INTERFACE, peer(), row->mac, row->solicited, row->override);
        if (entry->state != row->after)
            fail_msg("row %u: state %u instead of %u", i, (unsigned)entry->state, (unsigned)row->after);
        if (row->then != NULL && memcmp(&entry->mac, row->then, sizeof *row->then) != 0)
            fail_msg("row %u: the wrong MAC address", i);
        end();
    }
}

/* What nobody asked for makes no entry, and a group's MAC address is nobody's. */
static void what_is_not_believed(void **state)
{
    const struct baro_mac group = { { 0x33, 0x33, 0, 0, 0, 1 } };

    (void)state;
    begin(IN(REACHABLE));
    neighbour_advertised(&neighbours, INTERFACE, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 7), &known, true, true);
    assert_int_equal(neighbours.pool.used, 1);
    neighbour_advertised(&neighbours, INTERFACE, peer(), &group, true, true);
    assert_memory_equal(&entry->mac, &known, sizeof known);
    assert_int_equal(neighbour_fix(&neighbours, INTERFACE, peer(), known), 0);
    neighbour_advertised(&neighbours, INTERFACE, peer(), &other, true, true);
    assert_memory_equal(&entry->mac, &known, sizeof known);
    end();
}

/* §6.3.2: half to one and a half of 30 seconds, not the same for all. */
static void reachable_for_a_while(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    begin(IN(REACHABLE));
    for (unsigned i = 0; i < 200; i++) {
        int64_t s = instant_since(entry->timer.deadline, core.now).ns / NS_PER_S;

        assert_true(s >= 15 && s <= 45);
        least = s < least ? s : least;
        most = s > most ? s : most;
        neighbour_advertised(&neighbours, INTERFACE, peer(), &known, true, false);
    }
    assert_true(least < 20 && most > 40);
    end();
}

/* Runs timers until `at`, from deadline to deadline. */
static void run_until(struct baro_instant at)
{
    struct wheel_timer *timer;

    core.now = at;
    while ((timer = wheel_expired(&core.wheel, core.now)) != NULL)
        neighbour_timer(&neighbours, timer);
}

/* §7.3.1: what a transport hears is as good as an answer, where it is known whom it was sent to. */
static void progress(void **state)
{
    static const enum baro_trace_neighbour rows[][2] = { { IN(INCOMPLETE), IN(INCOMPLETE) },
                                                         { IN(REACHABLE), IN(REACHABLE) },
                                                         { IN(STALE), IN(REACHABLE) },
                                                         { IN(PROBE), IN(REACHABLE) } };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        begin(rows[i][0]);
        neighbour_progress(&neighbours, entry);
        assert_int_equal(entry->state, rows[i][1]);
        end();
    }
    begin(IN(REACHABLE));
    for (unsigned i = 0; i < 60; i++) { /* ten minutes of talk: never a doubt */
        run_until(instant_add(core.now, duration_s(10)));
        assert_int_equal(entry->state, IN(REACHABLE));
        neighbour_progress(&neighbours, entry);
    }
    run_until(instant_add(core.now, duration_s(46)));
    assert_int_equal(entry->state, IN(STALE));
    end();
}

/* Each round without an answer counts, a sign of life ends that. */
static void failures(void **state)
{
    uint32_t verdicts;
    struct baro_mac mac;

    (void)state;
    begin(IN(PROBE));
    assert_int_equal(neighbour_failures(&neighbours, INTERFACE, peer()), 0);
    for (unsigned i = 0; i < 4; i++) /* the delay, and three questions to where it was */
        run_until(instant_add(core.now, duration_s(i == 0 ? 5 : 1)));
    assert_int_equal(entry->state, IN(INCOMPLETE));
    assert_int_equal(neighbour_failures(&neighbours, INTERFACE, peer()), 1);
    for (unsigned i = 0; i < 3; i++)
        run_until(instant_add(core.now, duration_s(1)));
    assert_int_equal(entry->state, IN(FAILED));
    assert_int_equal(neighbour_failures(&neighbours, INTERFACE, peer()), 2);
    assert_false(resolve(&mac));
    assert_int_equal(neighbour_failures(&neighbours, INTERFACE, peer()), 2);
    verdicts = neighbours.verdicts;
    neighbour_learn(&neighbours, INTERFACE, peer(), known, true, false);
    assert_true(neighbours.verdicts != verdicts);
    assert_int_equal(neighbour_failures(&neighbours, INTERFACE, peer()), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(advertisements),
        cmocka_unit_test(what_is_not_believed),
        cmocka_unit_test(reachable_for_a_while),
        cmocka_unit_test(progress),
        cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
