/* The way down: padding, frame check sequence, transmit ring, signal, the line's time, signs of life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/adapter.h"
#include "baro/fcs.h"
#include "baro/signal.h"
#include "support/frame_device.h"
#include "support/test_line.h"

static const struct baro_mac mine = { { 2, 0, 0, 0, 0, 1 } };
static const struct baro_mac other = { { 2, 0, 0, 0, 0, 2 } };

struct fixture {
    struct test_memory memory;
    struct test_line line;
    struct test_events events;
    struct baro_adapter *adapter;
    struct baro_station station;
    struct baro_driver driver;
    struct baro_adapter_counts counts;
};

static void start(struct fixture *f, enum baro_medium_kind kind, bool fcs, bool large, uint32_t slots)
{
    memset(f, 0, sizeof *f);
    test_line_init(&f->line, kind);
    f->line.medium.fcs = fcs;
    f->line.medium.large = large;
    struct baro_adapter_config config = { .memory = test_memory(&f->memory),
                                          .mac = mine,
                                          .medium = f->line.medium,
                                          .transmit_slots = slots,
                                          .trace = test_events_sink(&f->events) };
    f->adapter = baro_adapter_create(&config);
    assert_non_null(f->adapter);
    f->station = baro_adapter_station(f->adapter);
    baro_driver_init(&f->driver, f->adapter);
    if (kind == BARO_MEDIUM_FAST)
        f->station.link(f->station.context, true, config.now);
}

static void stop(struct fixture *f)
{
    baro_adapter_free(f->adapter);
    assert_int_equal(f->memory.slabs, 0);
    test_line_release(&f->line);
}

/* Sixteen signs of life, 16 ms apart; the last ends at `until_ns`. */
static void bring_link_up(struct fixture *f, enum baro_line_code code, int64_t until_ns)
{
    struct baro_signal_transmitter peer;
    int16_t samples[BARO_SIGNAL_LINK_SAMPLES];
    baro_signal_transmitter_init(&peer, code, 7);
    for (int i = 15; i >= 0; i--) {
        struct baro_transmission sign = { .samples = samples, .link_sign = true };
        sign.sample_count = baro_signal_send_link(&peer, samples, BARO_SIGNAL_LINK_SAMPLES);
        sign.start.ns = until_ns - i * BARO_SIGNAL_LINK_INTERVAL_NS;
        f->station.arrive(f->station.context, &sign);
    }
    assert_true(f->driver.device.link_up(&f->driver));
}

static unsigned send_length(struct fixture *f, uint32_t length)
{
    static uint8_t frame[65536];
    test_frame_make(frame, length, other);
    struct baro_tx_frame out = { .part = { { frame, 14 }, { frame + 14, length - 14 } }, .parts = 2 };
    return f->driver.device.tx_burst(&f->driver, &out, 1);
}

static const struct baro_adapter_counts *counts(struct fixture *f)
{
    baro_adapter_statistics(f->adapter, &f->counts);
    return &f->counts;
}

static void short_frames_are_padded_and_get_their_fcs(void **state)
{
    struct fixture f;
    uint8_t expected[60] = { 0 };
    (void)state;
    start(&f, BARO_MEDIUM_FAST, true, false, 0);
    assert_int_equal(send_length(&f, 42), 1);
    assert_int_equal(f.line.sent_count, 1);
    assert_int_equal(f.line.sent[0].length, 64);
    test_frame_make(expected, 42, other);
    assert_memory_equal(f.line.sent[0].octets, expected, 60); /* zeros behind */
    assert_int_equal(baro_fcs(f.line.sent[0].octets, 64), BARO_FCS_RESIDUE);
    assert_true(f.line.sent[0].transmission.fcs);
    assert_int_equal(send_length(&f, 60), 1);
    assert_int_equal(f.line.sent[1].length, 64);
    assert_int_equal(send_length(&f, 61), 1);
    assert_int_equal(f.line.sent[2].length, 65);
    assert_int_equal(send_length(&f, 1518), 1);
    assert_int_equal(baro_fcs(f.line.sent[3].octets, 1522), BARO_FCS_RESIDUE);
    assert_int_equal(counts(&f)->frames_out, 4);
    assert_int_equal(f.counts.octets_out, 64 + 64 + 65 + 1522);
    stop(&f);
}

static void without_fcs_pieces_go_straight_out_padded(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, BARO_MEDIUM_FAST, false, false, 0);
    assert_int_equal(f.driver.device.capabilities, 0);
    assert_int_equal(send_length(&f, 42), 1);
    assert_int_equal(f.line.sent[0].length, 60);
    assert_false(f.line.sent[0].transmission.fcs);
    assert_int_equal(send_length(&f, 1519), 1);
    assert_int_equal(counts(&f)->drops[BARO_DROP_FRAME_GIANT], 1);
    assert_int_equal(f.line.sent_count, 1);
    stop(&f);
}

static void a_large_medium_carries_super_segments_and_may_pause(void **state)
{
    struct fixture f;
    static uint8_t frame[65535];
    (void)state;
    start(&f, BARO_MEDIUM_FAST, false, true, 4);
    assert_true(f.driver.device.capabilities & BARO_DEVICE_TSO);
    test_frame_make(frame, sizeof frame, other);
    struct baro_tx_frame out = { .part = { { frame, sizeof frame } },
                                 .parts = 1,
                                 .gso_size = 1448,
                                 .header_length = 66,
                                 .checksum_start = 34,
                                 .checksum_offset = 16 };
    f.line.refuse = true;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(f.driver.device.tx_burst(&f.driver, &out, 1), 1);
    assert_int_equal(f.driver.device.tx_room(&f.driver), 0);
    assert_int_equal(f.driver.device.tx_burst(&f.driver, &out, 1), 0);
    assert_int_equal(counts(&f)->drops[BARO_DROP_TX_RING_FULL], 1);
    assert_int_equal(f.line.sent_count, 0);
    f.line.refuse = false;
    baro_adapter_advance(f.adapter, (struct baro_instant){ 1 });
    assert_int_equal(f.line.sent_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(f.line.sent[i].transmission.gso_size, 1448);
        assert_true(f.line.sent[i].transmission.checksum_undone);
        assert_int_equal(f.line.sent[i].length, sizeof frame);
        assert_memory_equal(f.line.sent[i].octets, frame, sizeof frame);
    }
    assert_int_equal(f.driver.device.tx_room(&f.driver), 4);
    stop(&f);
}

static void signal_case(enum baro_medium_kind kind, enum baro_line_code code)
{
    struct fixture f;
    struct baro_instant deadline;
    uint8_t expected[1514];
    start(&f, kind, true, false, 4);
    assert_int_equal(send_length(&f, 100), 1);
    assert_int_equal(counts(&f)->drops[BARO_DROP_LINK_DOWN], 1); /* nobody has been heard yet */
    bring_link_up(&f, code, 1000);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(send_length(&f, 1514), 1); /* one leaves at once, four wait */
    assert_int_equal(send_length(&f, 1514), 0);
    assert_int_equal(f.line.sent_count, 1);
    assert_true(baro_adapter_next_deadline(f.adapter, &deadline));
    for (unsigned i = 1; i < 5; i++) {
        int64_t frame_ns = baro_line_frame_time(code, 1518).ns + baro_line_properties(code)->gap_ns;
        baro_adapter_advance(f.adapter, (struct baro_instant){ 1000 + i * frame_ns - 1 });
        assert_int_equal(f.line.sent_count, i);
        baro_adapter_advance(f.adapter, (struct baro_instant){ 1000 + i * frame_ns });
        assert_int_equal(f.line.sent_count, i + 1);
        assert_int_equal(f.line.sent[i].transmission.start.ns, 1000 + i * frame_ns);
    }
    /* another adapter hears the same frames */
    struct fixture g;
    struct baro_rx_frame frames[8];
    start(&g, kind, true, false, 0);
    bring_link_up(&g, code, 1000);
    assert_int_equal(g.driver.device.set_filter(&g.driver, NULL, 0, true), 0);
    for (unsigned i = 0; i < 5; i++)
        g.station.arrive(g.station.context, &f.line.sent[i].transmission);
    assert_int_equal(g.driver.device.rx_burst(&g.driver, frames, 8), 5);
    test_frame_make(expected, 1514, other);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(frames[i].length, 1514);
        assert_memory_equal(frames[i].data, expected, 1514);
        assert_int_equal(frames[i].arrival_id, i + 1); /* signs of life have no number */
    }
    g.driver.device.rx_end(&g.driver);
    assert_non_null(test_events_last(&g.events, BARO_TRACE_SIGNAL_IN));
    assert_non_null(test_events_last(&f.events, BARO_TRACE_SIGNAL_OUT));
    stop(&g);
    stop(&f);
}

static void frames_become_a_signal_and_frames_again(void **state)
{
    (void)state;
    signal_case(BARO_MEDIUM_10BASE_T, BARO_LINE_10BASE_T);
    signal_case(BARO_MEDIUM_100BASE_TX, BARO_LINE_100BASE_TX);
}

static void a_lost_signal_has_its_reason(void **state)
{
    struct fixture f;
    int16_t samples[4000];
    (void)state;
    start(&f, BARO_MEDIUM_100BASE_TX, true, false, 0);
    bring_link_up(&f, BARO_LINE_100BASE_TX, 1000);
    for (unsigned i = 0; i < 4000; i++)
        samples[i] = (int16_t)(i % 37 * 50);
    struct baro_transmission rubbish = { .start = { 2000 }, .samples = samples, .sample_count = 4000 };
    f.station.arrive(f.station.context, &rubbish);
    const struct baro_trace_event *lost = test_events_last(&f.events, BARO_TRACE_SIGNAL_LOST);
    assert_non_null(lost);
    assert_int_equal(counts(&f)->drops[lost->value[2].as.number], 1);
    assert_int_equal(baro_drop_step((enum baro_drop_reason)lost->value[2].as.number), 1);
    assert_int_equal(f.counts.frames_in, 0);
    stop(&f);
}

static void a_silent_line_goes_down_and_is_kept_alive_by_signs(void **state)
{
    struct fixture f;
    struct baro_instant deadline;
    (void)state;
    start(&f, BARO_MEDIUM_10BASE_T, true, false, 0);
    bring_link_up(&f, BARO_LINE_10BASE_T, 1000);
    for (unsigned i = 0; i < 6; i++) { /* its own signs go on every 16 ms of silence */
        assert_true(baro_adapter_next_deadline(f.adapter, &deadline));
        baro_adapter_advance(f.adapter, deadline);
    }
    assert_in_range(f.line.signs, 6, 7);
    assert_true(f.driver.device.link_up(&f.driver));
    baro_adapter_advance(f.adapter, (struct baro_instant){ 1000 + BARO_SIGNAL_LINK_LOSS_NS });
    assert_false(f.driver.device.link_up(&f.driver));
    assert_true(baro_adapter_next_deadline(f.adapter, &deadline)); /* still says that it is there */
    assert_true(deadline.ns > 1000 + BARO_SIGNAL_LINK_LOSS_NS);
    stop(&f);
}

static void what_waits_when_the_link_goes_down_is_dropped(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, BARO_MEDIUM_FAST, false, true, 4);
    f.line.refuse = true;
    assert_int_equal(send_length(&f, 100), 1);
    assert_int_equal(send_length(&f, 100), 1);
    f.station.link(f.station.context, false, (struct baro_instant){ 5 });
    assert_int_equal(counts(&f)->drops[BARO_DROP_LINK_DOWN], 2);
    f.line.refuse = false;
    f.station.link(f.station.context, true, (struct baro_instant){ 6 });
    baro_adapter_advance(f.adapter, (struct baro_instant){ 7 });
    assert_int_equal(f.line.sent_count, 0);
    assert_int_equal(f.driver.device.tx_room(&f.driver), 4);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_frames_are_padded_and_get_their_fcs),
        cmocka_unit_test(without_fcs_pieces_go_straight_out_padded),
        cmocka_unit_test(a_large_medium_carries_super_segments_and_may_pause),
        cmocka_unit_test(frames_become_a_signal_and_frames_again),
        cmocka_unit_test(a_lost_signal_has_its_reason),
        cmocka_unit_test(what_waits_when_the_link_goes_down_is_dropped),
        cmocka_unit_test(a_silent_line_goes_down_and_is_kept_alive_by_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
