/* The network's clocks: order of arrival, ties, and a real clock that a slow network holds back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "network/network_internal.h"
#include "support/test_line.h"

enum { NOTED = 4096 };

struct fixture {
    struct baro_network *network;
    struct baro_medium medium[2];
    int64_t at_ns[NOTED];
    uint8_t first[NOTED];
    unsigned count;
    int64_t work_ns;   /* of real time that each arrival takes */
    int64_t real_ns;
};

static void note(void *context, const struct baro_transmission *transmission)
{
    struct fixture *f = context;
    assert_true(f->count < NOTED);
    f->first[f->count] = transmission->part[0].data[0];
    f->at_ns[f->count++] = transmission->start.ns;
    f->real_ns += f->work_ns;
}

static int64_t real_ns(void *context)
{
    return ((const struct fixture *)context)->real_ns;
}

static void start(struct fixture *f, int64_t delay_ns)
{
    struct baro_network_config config = { .seed = 1, .now = { 1000 } };
    struct baro_wire_config wire = { .delay = { delay_ns } };
    memset(f, 0, sizeof *f);
    f->network = baro_network_create(&config);
    f->network->clock_ns = real_ns;
    f->network->clock_context = f;
    struct baro_wire *made = baro_wire_create(f->network, &wire);
    for (unsigned end = 0; end < 2; end++) {
        f->medium[end] = wire_medium(made, end);
        wire_attach(made, end, (struct baro_station){ f, note, NULL, NULL });
    }
}

static void send(struct fixture *f, unsigned end, int64_t at_ns, uint8_t first)
{
    uint8_t frame[60] = { first };
    struct baro_transmission transmission = { .start = { at_ns }, .part = { { frame, 60 } }, .parts = 1 };
    f->medium[end].transmit(f->medium[end].context, &transmission);
}

static void events_come_in_order_and_ties_as_they_were_armed(void **state)
{
    struct fixture f;
    struct baro_instant deadline;
    (void)state;
    start(&f, 500);
    assert_false(baro_network_next_deadline(f.network, &deadline));
    send(&f, 0, 3000, 1);
    send(&f, 1, 2000, 2);
    send(&f, 1, 3000, 3);
    assert_true(baro_network_next_deadline(f.network, &deadline));
    assert_int_equal(deadline.ns, 2500);
    assert_false(baro_network_run_until(f.network, (struct baro_instant){ 3499 }, NULL, NULL));
    assert_int_equal(f.count, 1);
    assert_int_equal(baro_network_now(f.network).ns, 3499);
    baro_network_run_until(f.network, (struct baro_instant){ 3500 }, NULL, NULL);
    assert_int_equal(f.count, 3);
    assert_memory_equal(f.first, "\2\1\3", 3);
    baro_network_free(f.network);
}

static bool three_came(void *context)
{
    const struct fixture *f = context;
    return f->count >= 3;
}

static void a_run_stops_where_it_is_done(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 500);
    for (uint8_t i = 0; i < 10; i++)
        send(&f, 0, 2000 + i * 100, i);
    assert_true(baro_network_run_until(f.network, (struct baro_instant){ 1000000 }, three_came, &f));
    assert_int_equal(f.count, 3);
    assert_int_equal(baro_network_now(f.network).ns, 2700);
    baro_network_free(f.network);
}

static void a_fast_network_follows_the_real_clock(void **state)
{
    struct fixture f;
    struct baro_instant at;
    (void)state;
    start(&f, 500);
    assert_false(baro_network_follow(f.network, (struct baro_instant){ 7000000 })); /* 7 ms is 1000 ns here */
    assert_int_equal(baro_network_now(f.network).ns, 1000);
    send(&f, 0, 1000, 1);
    assert_true(baro_network_wakeup(f.network, &at));
    assert_int_equal(at.ns, 7000500);
    assert_false(baro_network_follow(f.network, (struct baro_instant){ 7000499 }));
    assert_int_equal(f.count, 0);
    assert_false(baro_network_follow(f.network, (struct baro_instant){ 7009000 }));
    assert_int_equal(f.count, 1);
    assert_int_equal(f.at_ns[0], 1500); /* late, but told when it should have come */
    assert_int_equal(baro_network_now(f.network).ns, 10000);
    assert_int_equal(baro_network_lag(f.network).ns, 0);
    baro_network_free(f.network);
}

/* 2,000 transmissions a microsecond apart, of which each costs a millisecond of processor. However long that takes,
 * the clock never passes one that has not arrived, and real time is 1,000 times the network's. */
static void a_slow_network_holds_its_clock_back(void **state)
{
    struct fixture f;
    unsigned calls = 0;
    (void)state;
    start(&f, 500);
    f.real_ns = 1000;
    baro_network_follow(f.network, (struct baro_instant){ f.real_ns });
    for (unsigned i = 0; i < 2000; i++)
        send(&f, 0, 1000 + i * 1000, (uint8_t)i);
    f.work_ns = 1000000;
    f.real_ns += 100000;
    while (f.count < 2000) {
        unsigned before = f.count;
        bool more = baro_network_follow(f.network, (struct baro_instant){ f.real_ns });
        int64_t now_ns = baro_network_now(f.network).ns;
        if (f.count < 2000)
            assert_true(now_ns <= 1500 + f.count * 1000); /* the next one has not arrived */
        assert_true(f.count == 0 || now_ns >= f.at_ns[f.count - 1]);
        assert_true(f.count - before <= 3); /* the caller gets its turn */
        if (!more)
            f.real_ns += 1000;
        assert_true(++calls < 10000);
    }
    assert_true(baro_network_lag(f.network).ns > 1000000000);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(f.at_ns[i], 1500 + i * 1000);
    baro_network_follow(f.network, (struct baro_instant){ f.real_ns });
    assert_true(f.real_ns > 2000 * f.work_ns); /* what was lost is lost: no catching up */
    assert_true(baro_network_now(f.network).ns < 2000000 + 10 * f.work_ns);
    baro_network_free(f.network);
}

/* The same after a long sleep, but a microsecond each: all of it is handled in one call, and no time is lost. */
static void a_backlog_that_fits_its_share_costs_no_time(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 500);
    baro_network_follow(f.network, (struct baro_instant){ 0 });
    for (unsigned i = 0; i < 1000; i++)
        send(&f, 0, 1000 + i * 1000, (uint8_t)i);
    f.work_ns = 1000;
    assert_false(baro_network_follow(f.network, (struct baro_instant){ 50000000 }));
    assert_int_equal(f.count, 1000);
    assert_int_equal(baro_network_lag(f.network).ns, 0);
    assert_int_equal(baro_network_now(f.network).ns, 50001000);
    baro_network_free(f.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_and_ties_as_they_were_armed),
        cmocka_unit_test(a_run_stops_where_it_is_done),
        cmocka_unit_test(a_fast_network_follows_the_real_clock),
        cmocka_unit_test(a_backlog_that_fits_its_share_costs_no_time),
        cmocka_unit_test(a_slow_network_holds_its_clock_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
