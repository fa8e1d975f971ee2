/* Frames cross faithful wires intact, with both codes; noise, foreign clocks, corruption and long wires too. Two
 * switches stand at the ends, each with a device as its other port: device, wire, device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "network/network_internal.h"
#include "support/frame_device.h"
#include "support/test_line.h"

struct fixture {
    struct baro_network *network;
    struct baro_wire *wire;
    struct baro_switch *bridge[2];
    struct frame_device *device[2];
    struct baro_wire_counts counts;
};

static struct fixture *start(const char *specification)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct baro_network_config config = { .seed = 1 };
    struct baro_wire_config wire;
    char error[200];
    assert_int_equal(baro_wire_parse(specification, &wire, error, sizeof error), 0);
    f->network = baro_network_create(&config);
    f->wire = baro_wire_create(f->network, &wire);
    assert_non_null(f->wire);
    for (unsigned i = 0; i < 2; i++) {
        f->bridge[i] = baro_switch_create(f->network);
        assert_int_equal(baro_switch_join(f->bridge[i], f->wire), 0);
        f->device[i] = calloc(1, sizeof *f->device[i]);
        frame_device_init(f->device[i], (uint8_t)(10 + i), 1500);
        assert_int_equal(baro_switch_add_device(f->bridge[i], &f->device[i]->device), 0);
    }
    return f;
}

static void stop(struct fixture *f)
{
    baro_network_free(f->network);
    for (unsigned i = 0; i < 2; i++) {
        frame_device_release(f->device[i]);
        free(f->device[i]);
    }
    free(f);
}

static void put(struct fixture *f, unsigned from, uint32_t length)
{
    uint8_t frame[2000];
    test_frame_make(frame, length, (struct baro_mac){ { 2, 0, 0, 0, 0, (uint8_t)(10 + from) } });
    frame[11] = (uint8_t)(20 + from); /* each side has its own source address */
    assert_true(frame_device_put(f->device[from], frame, length));
}

/* Takes all that came out at `to`; every frame must be whole. */
static unsigned taken_intact(struct fixture *f, unsigned to)
{
    uint8_t expected[2000];
    const struct device_frame *frame;
    unsigned count = 0;
    while ((frame = frame_device_take(f->device[to])) != NULL) {
        assert_true(frame->length >= 60);
        test_frame_make(expected, frame->length, (struct baro_mac){ { 2, 0, 0, 0, 0, (uint8_t)(11 - to) } });
        expected[11] = (uint8_t)(21 - to);
        assert_memory_equal(frame->data, expected, frame->length);
        count++;
    }
    return count;
}

static unsigned exchanged(struct fixture *f, unsigned rounds, uint32_t longest)
{
    unsigned arrived = 0;
    for (unsigned i = 0; i < rounds; i++) {
        put(f, 0, 60 + i * 97 % (longest - 59));
        put(f, 1, 60 + i * 61 % (longest - 59));
        baro_network_advance(f->network, (struct baro_instant){ baro_network_now(f->network).ns + 2000000 });
        arrived += taken_intact(f, 0) + taken_intact(f, 1);
    }
    baro_network_advance(f->network, (struct baro_instant){ baro_network_now(f->network).ns + 1000000000 });
    return arrived + taken_intact(f, 0) + taken_intact(f, 1);
}

static void crosses_whole(const char *specification)
{
    struct fixture *f = start(specification);
    unsigned arrived = exchanged(f, 30, 1514);
    if (arrived != 60)
        fail_msg("%s: %u of 60 frames", specification, arrived);
    stop(f);
}

static void frames_cross_both_codes_intact(void **state)
{
    (void)state;
    crosses_whole("fast,large=no");
    crosses_whole("10base-t");
    crosses_whole("100base-tx");
    crosses_whole("10base-t,ppm=100,noise=100,edge-jitter=500");
    crosses_whole("100base-tx,ppm=-100,noise=20,edge-jitter=100");
    crosses_whole("100base-tx,delay=300ms"); /* longer than a link's patience */
    crosses_whole("10base-t,delay=3ms,jitter=1ms,reorder=10%");
}

static void what_noise_destroys_has_a_reason_and_nothing_comes_wrong(void **state)
{
    (void)state;
    struct fixture *f = start("10base-t,noise=1400,seed=3");
    unsigned arrived = exchanged(f, 60, 1514);
    assert_true(arrived < 120);
    stop(f);
}

static void corrupted_frames_never_come_through(void **state)
{
    (void)state;
    struct fixture *f = start("100base-tx,corrupt=50%,seed=3");
    unsigned arrived = exchanged(f, 30, 1514);
    struct baro_wire_counts back;
    baro_wire_statistics(f->wire, 0, &f->counts);
    baro_wire_statistics(f->wire, 1, &back);
    assert_true(f->counts.corrupted > 5 && back.corrupted > 5);
    assert_int_equal(arrived, 60 - f->counts.corrupted - back.corrupted);
    stop(f);
}

static void corruption_above_the_fcs_comes_through_with_one_bit_wrong(void **state)
{
    (void)state;
    struct fixture *f = start("10base-t,corrupt=100%,corrupt=ip,seed=3");
    for (unsigned i = 0; i < 10; i++)
        put(f, 0, 200);
    baro_network_advance(f->network, (struct baro_instant){ 100000000 });
    for (unsigned i = 0; i < 10; i++) {
        const struct device_frame *frame = frame_device_take(f->device[1]);
        uint8_t expected[200];
        unsigned wrong = 0;
        assert_non_null(frame);
        test_frame_make(expected, 200, (struct baro_mac){ { 2, 0, 0, 0, 0, 10 } });
        expected[11] = 20;
        for (unsigned bit = 0; bit < 1600; bit++)
            wrong += (frame->data[bit / 8] ^ expected[bit / 8]) >> bit % 8 & 1;
        assert_int_equal(wrong, 1);
        assert_memory_equal(frame->data, expected, 14);
    }
    stop(f);
}

static void more_frames_on_the_way_than_samples_are_kept_for(void **state)
{
    (void)state;
    struct fixture *f = start("100base-tx,delay=50ms");
    for (unsigned i = 0; i < 150; i++)
        put(f, 0, 60 + i);
    baro_network_advance(f->network, (struct baro_instant){ 200000000 });
    assert_int_equal(taken_intact(f, 1), 150);
    stop(f);
}

static void a_pulled_plug_takes_the_link_down_and_back(void **state)
{
    (void)state;
    struct fixture *f = start("100base-tx");
    put(f, 0, 100);
    baro_network_advance(f->network, (struct baro_instant){ 1000000 });
    assert_int_equal(taken_intact(f, 1), 1);
    baro_wire_set_link(f->wire, false);
    baro_network_advance(f->network, (struct baro_instant){ 200000000 });
    put(f, 0, 100);
    baro_network_advance(f->network, (struct baro_instant){ 201000000 });
    baro_wire_statistics(f->wire, 0, &f->counts);
    assert_int_equal(f->counts.offered, 1); /* the adapter saw that the link was down */
    baro_wire_set_link(f->wire, true);
    baro_network_advance(f->network, (struct baro_instant){ 600000000 });
    put(f, 0, 100);
    baro_network_advance(f->network, (struct baro_instant){ 601000000 });
    assert_int_equal(taken_intact(f, 1), 1);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_cross_both_codes_intact),
        cmocka_unit_test(what_noise_destroys_has_a_reason_and_nothing_comes_wrong),
        cmocka_unit_test(corrupted_frames_never_come_through),
        cmocka_unit_test(corruption_above_the_fcs_comes_through_with_one_bit_wrong),
        cmocka_unit_test(more_frames_on_the_way_than_samples_are_kept_for),
        cmocka_unit_test(a_pulled_plug_takes_the_link_down_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
