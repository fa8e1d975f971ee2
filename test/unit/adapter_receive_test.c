/* Steps 2 to 5 on the way up: frame check sequence, length, MAC address, receive ring, interrupt, driver. */
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
static const struct baro_mac other = { { 2, 0, 0, 0, 0, 2 } };
static const struct baro_mac broadcast = { { 255, 255, 255, 255, 255, 255 } };
static const struct baro_mac group = { { 1, 0, 0x5E, 0, 0, 5 } };
static const struct baro_mac other_group = { { 1, 0, 0x5E, 0, 0, 6 } };

struct fixture {
    struct test_memory memory;
    struct test_line line;
    struct test_events events;
    struct baro_adapter *adapter;
    struct baro_station station;
    struct baro_driver driver;
    struct baro_adapter_counts counts;
};

static void start(struct fixture *f, struct baro_adapter_config config)
{
    memset(f, 0, sizeof *f);
    test_line_init(&f->line, BARO_MEDIUM_FAST);
    f->line.medium.fcs = true;
    config.memory = test_memory(&f->memory);
    config.mac = mine;
    config.medium = f->line.medium;
    config.trace = test_events_sink(&f->events);
    f->adapter = baro_adapter_create(&config);
    assert_non_null(f->adapter);
    f->station = baro_adapter_station(f->adapter);
    f->station.link(f->station.context, true, config.now);
    baro_driver_init(&f->driver, f->adapter);
}

static void stop(struct fixture *f)
{
    baro_adapter_free(f->adapter);
    assert_int_equal(f->memory.slabs, 0);
    test_line_release(&f->line);
}

static void hear(struct fixture *f, struct baro_mac destination, uint32_t length, int64_t at_ns)
{
    uint8_t frame[2048];
    test_frame_make(frame, length, destination);
    test_frame_arrive(f->station, frame, test_frame_add_fcs(frame, length), true, (struct baro_instant){ at_ns });
}

static const struct baro_adapter_counts *counts(struct fixture *f)
{
    baro_adapter_statistics(f->adapter, &f->counts);
    return &f->counts;
}

static unsigned burst(struct fixture *f, struct baro_rx_frame *frames, unsigned limit)
{
    return f->driver.device.rx_burst(f->driver.device.context, frames, limit);
}

static void end(struct fixture *f)
{
    f->driver.device.rx_end(f->driver.device.context);
}

static void a_good_frame_comes_up_without_fcs(void **state)
{
    struct fixture f;
    struct baro_rx_frame frames[4];
    uint8_t expected[100];
    (void)state;
    start(&f, (struct baro_adapter_config){ 0 });
    hear(&f, mine, 100, 5);
    assert_true(baro_driver_ready(&f.driver));
    assert_int_equal(burst(&f, frames, 4), 1);
    test_frame_make(expected, 100, mine);
    assert_int_equal(frames[0].length, 100);
    assert_memory_equal(frames[0].data, expected, 100);
    assert_int_equal(frames[0].arrival_id, 1);
    assert_int_equal(frames[0].checksum, BARO_RX_CHECKSUM_NONE);
    end(&f);
    assert_int_equal(counts(&f)->frames_in, 1);
    assert_int_equal(counts(&f)->octets_in, 104);
    const struct baro_trace_event *fcs = test_events_last(&f.events, BARO_TRACE_FCS_IN);
    assert_int_equal(fcs->value[1].as.number, fcs->value[2].as.number);
    stop(&f);
}

static void a_wrong_fcs_is_dropped_with_its_reason(void **state)
{
    struct fixture f;
    uint8_t frame[128];
    (void)state;
    start(&f, (struct baro_adapter_config){ 0 });
    for (unsigned bit = 0; bit < 104 * 8; bit++) { /* any single bit, those of the FCS too */
        test_frame_make(frame, 100, mine);
        uint32_t length = test_frame_add_fcs(frame, 100);
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        f.events.count = 0;
        test_frame_arrive(f.station, frame, length, true, (struct baro_instant){ 0 });
        assert_int_equal(counts(&f)->drops[BARO_DROP_FCS_WRONG], bit + 1);
        assert_int_equal(test_events_last(&f.events, BARO_TRACE_DROP)->value[0].as.number, BARO_DROP_FCS_WRONG);
    }
    assert_int_equal(counts(&f)->frames_in, 0);
    assert_false(baro_driver_ready(&f.driver));
    stop(&f);
}

static void runts_and_giants_are_dropped(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct baro_adapter_config){ 0 });
    hear(&f, mine, 59, 0);
    assert_int_equal(counts(&f)->drops[BARO_DROP_FRAME_RUNT], 1);
    hear(&f, mine, 60, 0);
    hear(&f, mine, 1518, 0); /* 1500 and a VLAN tag */
    assert_int_equal(counts(&f)->frames_in, 2);
    hear(&f, mine, 1519, 0);
    assert_int_equal(counts(&f)->drops[BARO_DROP_FRAME_GIANT], 1);
    test_frame_arrive(f.station, (const uint8_t *)"x", 1, true, (struct baro_instant){ 0 });
    test_frame_arrive(f.station, (const uint8_t *)"", 0, true, (struct baro_instant){ 0 });
    assert_int_equal(counts(&f)->drops[BARO_DROP_FRAME_RUNT], 3);
    stop(&f);
}

static void filter_case(struct fixture *f, struct baro_mac destination, enum baro_trace_filter why)
{
    uint64_t before = counts(f)->frames_in, dropped = f->counts.drops[BARO_DROP_MAC_NOT_MINE];
    hear(f, destination, 60, 0);
    const struct baro_trace_event *event = test_events_last(&f->events, BARO_TRACE_MAC_FILTER);
    bool accepted = why != BARO_TRACE_FILTER_NOT_MINE;
    assert_memory_equal(event->value[1].as.mac.octet, destination.octet, 6);
    assert_memory_equal(event->value[2].as.mac.octet, mine.octet, 6);
    assert_int_equal(event->value[3].as.number, accepted);
    assert_int_equal(event->value[4].as.number, why);
    assert_int_equal(counts(f)->frames_in, before + accepted);
    assert_int_equal(f->counts.drops[BARO_DROP_MAC_NOT_MINE], dropped + !accepted);
}

static void the_mac_filter_decides(void **state)
{
    struct fixture f;
    struct baro_mac groups[BARO_MAC_GROUP_LIMIT + 1] = { { { 1, 2, 3, 4, 5, 6 } } };
    (void)state;
    start(&f, (struct baro_adapter_config){ 0 });
    filter_case(&f, mine, BARO_TRACE_FILTER_OWN);
    filter_case(&f, broadcast, BARO_TRACE_FILTER_BROADCAST);
    filter_case(&f, other, BARO_TRACE_FILTER_NOT_MINE);
    filter_case(&f, group, BARO_TRACE_FILTER_NOT_MINE);
    groups[1] = group;
    assert_int_equal(f.driver.device.set_filter(&f.driver, groups, 2, false), 0);
    filter_case(&f, group, BARO_TRACE_FILTER_GROUP);
    filter_case(&f, other_group, BARO_TRACE_FILTER_NOT_MINE);
    assert_true(f.driver.device.set_filter(&f.driver, groups, BARO_MAC_GROUP_LIMIT + 1, true) < 0);
    filter_case(&f, other, BARO_TRACE_FILTER_NOT_MINE); /* the refused list changed nothing */
    assert_int_equal(f.driver.device.set_filter(&f.driver, NULL, 0, true), 0);
    filter_case(&f, group, BARO_TRACE_FILTER_PROMISCUOUS);
    filter_case(&f, other, BARO_TRACE_FILTER_PROMISCUOUS);
    filter_case(&f, mine, BARO_TRACE_FILTER_OWN);
    stop(&f);
}

static void overruns_of_the_ring_are_counted(void **state)
{
    struct fixture f;
    struct baro_rx_frame frames[16];
    (void)state;
    start(&f, (struct baro_adapter_config){ .receive_slots = 8 });
    for (int i = 0; i < 11; i++)
        hear(&f, mine, 1514, i);
    assert_int_equal(counts(&f)->frames_in, 8);
    assert_int_equal(f.counts.drops[BARO_DROP_RX_RING_FULL], 3);
    assert_int_equal(burst(&f, frames, 16), 8);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(frames[i].arrival_id, i + 1);
    hear(&f, mine, 60, 20); /* borrowed slots are not free */
    assert_int_equal(counts(&f)->drops[BARO_DROP_RX_RING_FULL], 4);
    end(&f);
    hear(&f, mine, 60, 21);
    assert_int_equal(burst(&f, frames, 16), 1);
    assert_int_equal(frames[0].arrival_id, 13);
    end(&f);
    stop(&f);
}

/* Frames of all lengths through a small ring, taken in odd numbers: none is damaged, none lost, in order. */
static void the_ring_keeps_what_it_holds(void **state)
{
    struct fixture f;
    struct baro_rx_frame frames[16];
    uint8_t expected[1518];
    uint32_t length_in[4096], in = 0, out = 0;
    (void)state;
    start(&f, (struct baro_adapter_config){ .receive_slots = 7 });
    for (uint32_t random = 1, round = 0; round < 500; round++) {
        for (uint32_t i = 0; i < 1 + round % 5; i++) {
            random = random * 1664525 + 1013904223;
            uint32_t length = 60 + random % 1459;
            uint64_t before = counts(&f)->frames_in;
            f.events.count = 0;
            hear(&f, mine, length, 0);
            if (counts(&f)->frames_in > before)
                length_in[in++] = length;
        }
        unsigned count = burst(&f, frames, 1 + round % 4);
        for (unsigned i = 0; i < count; i++, out++) {
            assert_int_equal(frames[i].length, length_in[out]);
            test_frame_make(expected, length_in[out], mine);
            assert_memory_equal(frames[i].data, expected, length_in[out]);
        }
        end(&f);
    }
    assert_true(out > 900 && in - out <= 7);
    stop(&f);
}

static void a_link_that_is_down_hears_nothing(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct baro_adapter_config){ 0 });
    f.station.link(f.station.context, false, (struct baro_instant){ 0 });
    assert_false(f.driver.device.link_up(&f.driver));
    assert_int_equal(test_events_last(&f.events, BARO_TRACE_LINK_CHANGED)->value[0].as.number, 0);
    hear(&f, mine, 60, 0);
    assert_int_equal(counts(&f)->drops[BARO_DROP_LINK_DOWN], 1);
    assert_int_equal(f.counts.frames_in, 0);
    stop(&f);
}

static void memory_that_fails_is_survived(void **state)
{
    struct test_line line;
    (void)state;
    test_line_init(&line, BARO_MEDIUM_100BASE_TX);
    for (size_t fail_after = 1;; fail_after++) {
        struct test_memory memory = { .fail_after = fail_after };
        struct baro_adapter_config config = { .memory = test_memory(&memory), .mac = mine, .medium = line.medium };
        struct baro_adapter *adapter = baro_adapter_create(&config);
        bool whole = adapter != NULL;
        baro_adapter_free(adapter);
        assert_int_equal(memory.slabs, 0);
        if (whole)
            break;
        assert_true(fail_after < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_frame_comes_up_without_fcs),
        cmocka_unit_test(a_wrong_fcs_is_dropped_with_its_reason),
        cmocka_unit_test(runts_and_giants_are_dropped),
        cmocka_unit_test(the_mac_filter_decides),
        cmocka_unit_test(overruns_of_the_ring_are_counted),
        cmocka_unit_test(the_ring_keeps_what_it_holds),
        cmocka_unit_test(a_link_that_is_down_hears_nothing),
        cmocka_unit_test(memory_that_fails_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
