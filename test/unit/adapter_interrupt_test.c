/* The interrupt line and the driver: at once, coalesced by count and by time, masked while it polls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/adapter.h"
#include "support/frame_device.h"
#include "support/test_line.h"

static const struct baro_mac mine = { { 2, 0, 0, 0, 0, 1 } };

struct fixture {
    struct test_memory memory;
    struct test_line line;
    struct test_events events;
    struct baro_adapter *adapter;
    struct baro_driver driver;
    struct baro_adapter_counts counts;
};

static void start(struct fixture *f, uint32_t frames, int64_t delay_ns)
{
    memset(f, 0, sizeof *f);
    test_line_init(&f->line, BARO_MEDIUM_FAST);
    struct baro_adapter_config config = { .memory = test_memory(&f->memory),
                                          .mac = mine,
                                          .medium = f->line.medium,
                                          .interrupt_frames = frames,
                                          .interrupt_delay = { delay_ns },
                                          .trace = test_events_sink(&f->events) };
    f->adapter = baro_adapter_create(&config);
    assert_non_null(f->adapter);
    struct baro_station station = baro_adapter_station(f->adapter);
    station.link(station.context, true, config.now);
    baro_driver_init(&f->driver, f->adapter);
}

static void stop(struct fixture *f)
{
    baro_adapter_free(f->adapter);
    test_line_release(&f->line);
}

static void hear(struct fixture *f, int64_t at_ns)
{
    uint8_t frame[60];
    test_frame_make(frame, sizeof frame, mine);
    test_frame_arrive(baro_adapter_station(f->adapter), frame, sizeof frame, false, (struct baro_instant){ at_ns });
}

static unsigned take(struct fixture *f, unsigned limit)
{
    struct baro_rx_frame frames[64];
    unsigned count = f->driver.device.rx_burst(&f->driver, frames, limit);
    f->driver.device.rx_end(&f->driver);
    return count;
}

static const struct baro_adapter_counts *counts(struct fixture *f)
{
    baro_adapter_statistics(f->adapter, &f->counts);
    return &f->counts;
}

static void without_coalescing_each_frame_interrupts(void **state)
{
    struct fixture f;
    struct baro_instant deadline;
    (void)state;
    start(&f, 0, 0);
    assert_int_equal(take(&f, 64), 0);
    for (unsigned i = 1; i <= 3; i++) {
        hear(&f, i);
        assert_true(baro_adapter_interrupt_pending(f.adapter));
        assert_int_equal(take(&f, 64), 1);
        assert_false(baro_adapter_interrupt_pending(f.adapter));
    }
    assert_int_equal(counts(&f)->interrupts, 3);
    assert_int_equal(f.counts.coalesced, 0);
    assert_false(baro_adapter_next_deadline(f.adapter, &deadline));
    stop(&f);
}

static void the_count_raises_the_line(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 4, 1000000);
    for (int i = 1; i <= 3; i++) {
        hear(&f, i);
        assert_false(baro_adapter_interrupt_pending(f.adapter));
        assert_int_equal(take(&f, 64), 0);
    }
    hear(&f, 4);
    assert_true(baro_adapter_interrupt_pending(f.adapter));
    assert_int_equal(take(&f, 64), 4);
    const struct baro_trace_event *event = test_events_last(&f.events, BARO_TRACE_INTERRUPT);
    assert_int_equal(event->value[0].as.number, 4);
    assert_int_equal(event->value[1].as.number, 3); /* ns from the first frame to the interrupt */
    assert_int_equal(event->value[2].as.number, 1);
    assert_int_equal(counts(&f)->interrupts, 1);
    assert_int_equal(f.counts.coalesced, 3);
    stop(&f);
}

static void the_time_raises_the_line(void **state)
{
    struct fixture f;
    struct baro_instant deadline;
    (void)state;
    start(&f, 100, 50000);
    hear(&f, 1000);
    hear(&f, 20000);
    assert_true(baro_adapter_next_deadline(f.adapter, &deadline));
    assert_int_equal(deadline.ns, 51000); /* counted from the first */
    baro_adapter_advance(f.adapter, (struct baro_instant){ 50999 });
    assert_false(baro_adapter_interrupt_pending(f.adapter));
    baro_adapter_advance(f.adapter, deadline);
    assert_true(baro_adapter_interrupt_pending(f.adapter));
    assert_int_equal(take(&f, 64), 2);
    assert_int_equal(test_events_last(&f.events, BARO_TRACE_INTERRUPT)->value[1].as.number, 50000);
    assert_false(baro_adapter_next_deadline(f.adapter, &deadline));
    stop(&f);
}

static void under_load_it_polls_with_the_line_masked(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1, 0);
    for (int i = 0; i < 10; i++)
        hear(&f, i);
    assert_int_equal(take(&f, 4), 4);
    assert_true(f.driver.polling && baro_driver_ready(&f.driver));
    hear(&f, 11);
    assert_false(baro_adapter_interrupt_pending(f.adapter)); /* masked */
    assert_int_equal(take(&f, 4), 4);
    assert_int_equal(test_events_last(&f.events, BARO_TRACE_DRIVER_BURST)->value[1].as.number, 1);
    assert_int_equal(take(&f, 4), 3);
    assert_false(f.driver.polling); /* the ring is empty: unmasked */
    assert_false(baro_driver_ready(&f.driver));
    assert_int_equal(counts(&f)->interrupts, 1);
    assert_int_equal(f.counts.bursts, 3);
    assert_int_equal(f.counts.polls, 2);
    hear(&f, 12);
    assert_true(baro_adapter_interrupt_pending(f.adapter));
    stop(&f);
}

/* A frame that comes between the last burst and rx_end is not forgotten. */
static void nothing_is_lost_at_the_unmasking(void **state)
{
    struct fixture f;
    struct baro_rx_frame frames[8];
    (void)state;
    start(&f, 1, 0);
    hear(&f, 1);
    assert_int_equal(f.driver.device.rx_burst(&f.driver, frames, 8), 1);
    hear(&f, 2);
    f.driver.device.rx_end(&f.driver);
    assert_true(baro_driver_ready(&f.driver));
    assert_int_equal(take(&f, 8), 1);
    assert_false(baro_driver_ready(&f.driver));
    stop(&f);
}

/* Frames that came before there was a driver raise the line when it unmasks. */
static void frames_from_before_the_driver_interrupt_it(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1, 0);
    hear(&f, 1);
    struct baro_rx_frame frames[8];
    assert_int_equal(f.driver.device.rx_burst(&f.driver, frames, 8), 1);
    hear(&f, 2);
    baro_driver_init(&f.driver, f.adapter); /* another driver takes over */
    assert_true(baro_adapter_interrupt_pending(f.adapter));
    assert_int_equal(take(&f, 8), 2);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_coalescing_each_frame_interrupts),
        cmocka_unit_test(the_count_raises_the_line),
        cmocka_unit_test(the_time_raises_the_line),
        cmocka_unit_test(under_load_it_polls_with_the_line_masked),
        cmocka_unit_test(frames_from_before_the_driver_interrupt_it),
        cmocka_unit_test(nothing_is_lost_at_the_unmasking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
