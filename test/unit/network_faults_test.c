/* What a wire does to frames, each fault by itself, seeded. A test's station notes what comes out. */
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

enum { NOTED = 25000, LENGTH = 200 };

struct arrival {
    struct baro_instant at;
    uint32_t number; /* what the sender wrote into its source address */
    bool intact, fcs_right;
    uint32_t bits_wrong;
};

struct fixture {
    struct baro_network *network;
    struct baro_wire *wire;
    struct baro_medium medium;
    struct arrival noted[NOTED];
    unsigned count;
    struct baro_wire_counts counts;
};

static void make(uint8_t *frame, uint32_t number)
{
    test_frame_make(frame, LENGTH, (struct baro_mac){ { 2, 0, 0, 0, 0, 1 } });
    memcpy(frame + 8, &number, sizeof number);
}

static void note(void *context, const struct baro_transmission *transmission)
{
    struct fixture *f = context;
    uint8_t frame[2048], expected[2048];
    size_t length = 0;
    for (unsigned i = 0; i < transmission->parts; i++) {
        memcpy(frame + length, transmission->part[i].data, transmission->part[i].length);
        length += transmission->part[i].length;
    }
    assert_true(f->count < NOTED);
    struct arrival *arrival = &f->noted[f->count++];
    memcpy(&arrival->number, frame + 8, sizeof arrival->number);
    arrival->at.ns = transmission->start.ns + transmission->duration.ns;
    make(expected, arrival->number);
    size_t body = transmission->fcs ? length - 4 : length;
    assert_int_equal(body, LENGTH);
    arrival->intact = memcmp(frame, expected, body) == 0;
    arrival->fcs_right = !transmission->fcs || baro_fcs(frame, length) == BARO_FCS_RESIDUE;
    for (size_t i = 0; i < LENGTH; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            arrival->bits_wrong += (frame[i] ^ expected[i]) >> bit & 1;
}

static void ignore(void *context, const struct baro_transmission *transmission)
{
    (void)context;
    (void)transmission;
}

static struct fixture *start(const char *specification)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct baro_network_config config = { .seed = 1 };
    struct baro_wire_config wire;
    char error[200];
    if (baro_wire_parse(specification, &wire, error, sizeof error) != 0)
        fail_msg("%s", error);
    f->network = baro_network_create(&config);
    f->wire = baro_wire_create(f->network, &wire);
    assert_non_null(f->wire);
    f->medium = wire_medium(f->wire, 0);
    wire_attach(f->wire, 0, (struct baro_station){ f, ignore, NULL, NULL });
    wire_attach(f->wire, 1, (struct baro_station){ f, note, NULL, NULL });
    return f;
}

static void stop(struct fixture *f)
{
    baro_network_free(f->network);
    free(f);
}

/* Sends frames first..first + count - 1, `gap_ns` apart, and lets all arrive. */
static void send(struct fixture *f, uint32_t count, int64_t gap_ns)
{
    uint8_t frame[LENGTH + 4];
    for (uint32_t i = 0; i < count; i++) {
        struct baro_instant now = baro_network_now(f->network);
        make(frame, i);
        uint32_t length = f->medium.fcs ? test_frame_add_fcs(frame, LENGTH) : LENGTH;
        struct baro_transmission transmission = { .start = now,
                                                  .part = { { frame, 14 }, { frame + 14, length - 14 } },
                                                  .parts = 2,
                                                  .fcs = f->medium.fcs };
        assert_int_equal(f->medium.transmit(f->medium.context, &transmission), 0);
        baro_network_advance(f->network, (struct baro_instant){ now.ns + gap_ns });
    }
    baro_network_advance(f->network, (struct baro_instant){ baro_network_now(f->network).ns + 100000000000 });
    baro_wire_statistics(f->wire, 0, &f->counts);
    assert_int_equal(f->counts.offered, count);
    assert_int_equal(f->counts.delivered, f->count);
}

static void a_plain_wire_changes_nothing(void **state)
{
    (void)state;
    struct fixture *f = start("fast");
    assert_true(f->medium.large);
    send(f, 1000, 0);
    assert_int_equal(f->count, 1000);
    for (unsigned i = 0; i < f->count; i++) {
        assert_int_equal(f->noted[i].number, i);
        assert_true(f->noted[i].intact);
    }
    assert_int_equal(f->counts.octets, 1000 * LENGTH);
    stop(f);
}

/* The share is that of single losses, and the gaps are as long as said, though each is drawn. */
static void bursts_of_loss_are_as_long_as_said(void **state)
{
    (void)state;
    struct fixture *f = start("loss=10%,burst=5,seed=3");
    send(f, 20000, 1000);
    unsigned bursts = 0, longest = 0;
    uint32_t next = 0;
    for (unsigned i = 0; i < f->count; i++) {
        uint32_t gap = f->noted[i].number - next;
        bursts += gap > 0;
        longest = gap > longest ? gap : longest;
        next = f->noted[i].number + 1;
    }
    assert_in_range(f->counts.lost, 1450, 2550); /* 2,000, some 400 bursts, each of which may be of any length */
    assert_in_range(f->counts.lost * 10 / bursts, 42, 58);
    assert_true(longest > 15);
    stop(f);
}

static void loss_is_as_often_as_said(void **state)
{
    (void)state;
    struct fixture *f = start("loss=10%,seed=3");
    assert_false(f->medium.large);
    send(f, 20000, 1000);
    assert_in_range(f->counts.lost, 1800, 2200); /* 2,000 +- 4.7 standard deviations */
    assert_int_equal(f->count + f->counts.lost, 20000);
    stop(f);
    f = start("loss=100%");
    send(f, 100, 1000);
    assert_int_equal(f->count, 0);
    stop(f);
}

static void the_same_seed_is_the_same_run(void **state)
{
    static const char *const seeds[] = { "seed=5", "seed=5", "seed=6" };
    struct fixture *f[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char specification[200] = "loss=5%,duplicate=5%,corrupt=5%,reorder=5%,delay=3ms,jitter=2ms,";
        strcat(specification, seeds[i]);
        f[i] = start(specification);
        send(f[i], 2000, 100000);
    }
    assert_int_equal(f[0]->count, f[1]->count);
    assert_memory_equal(f[0]->noted, f[1]->noted, f[0]->count * sizeof(struct arrival));
    assert_true(f[0]->count != f[2]->count || memcmp(f[0]->noted, f[2]->noted, f[0]->count * sizeof(struct arrival)));
    for (unsigned i = 0; i < 3; i++)
        stop(f[i]);
}

static void duplicates_come_twice(void **state)
{
    (void)state;
    struct fixture *f = start("duplicate=20%,seed=3");
    unsigned copies[5000] = { 0 };
    send(f, 5000, 1000);
    assert_in_range(f->counts.duplicated, 850, 1150);
    assert_int_equal(f->count, 5000 + f->counts.duplicated);
    for (unsigned i = 0; i < f->count; i++) {
        assert_true(f->noted[i].intact);
        copies[f->noted[i].number]++;
    }
    for (unsigned i = 0; i < 5000; i++)
        assert_in_range(copies[i], 1, 2);
    stop(f);
}

static void reordering_lets_one_to_three_overtake(void **state)
{
    (void)state;
    struct fixture *f = start("reorder=5%,delay=1ms,seed=3");
    send(f, 5000, 10000);
    assert_int_equal(f->count, 5000);
    assert_in_range(f->counts.reordered, 150, 300); /* one at a time, so a little less than 250 */
    uint64_t late = 0;
    for (unsigned i = 0; i < f->count; i++) {
        int64_t behind = (int64_t)i - f->noted[i].number;
        assert_true(behind >= -1 && behind <= 3);
        late += behind > 0;
    }
    assert_int_equal(late, f->counts.reordered);
    stop(f);
    f = start("reorder=100%"); /* none comes to overtake it: 10 ms late, and no reordering */
    send(f, 1, 0);
    assert_int_equal(f->noted[0].at.ns, 10000000);
    assert_int_equal(f->counts.reordered, 0);
    stop(f);
}

static void corruption_is_always_caught_by_the_fcs(void **state)
{
    (void)state;
    struct fixture *f = start("corrupt=50%,seed=3");
    assert_true(f->medium.fcs);
    uint64_t wrong = 0;
    send(f, 10000, 1000);
    for (unsigned i = 0; i < f->count; i++) {
        wrong += !f->noted[i].fcs_right;
        assert_true(f->noted[i].fcs_right == (f->noted[i].intact && f->noted[i].fcs_right));
        assert_true(f->noted[i].bits_wrong <= 3);
    }
    assert_int_equal(wrong, f->counts.corrupted);
    assert_in_range(wrong, 4750, 5250);
    stop(f);
}

static void corruption_above_the_fcs_passes_it(void **state)
{
    (void)state;
    struct fixture *f = start("corrupt=50%,corrupt=ip,seed=3");
    uint64_t wrong = 0;
    send(f, 10000, 1000);
    for (unsigned i = 0; i < f->count; i++) {
        assert_true(f->noted[i].fcs_right);
        assert_true(f->noted[i].bits_wrong <= 1);
        wrong += f->noted[i].bits_wrong;
    }
    assert_int_equal(wrong, f->counts.corrupted);
    assert_in_range(wrong, 4750, 5250);
    stop(f);
}

static void delay_and_jitter_keep_the_order(void **state)
{
    (void)state;
    struct fixture *f = start("delay=20ms");
    send(f, 3, 1000);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(f->noted[i].at.ns, 20000000 + i * 1000);
    stop(f);
    f = start("delay=20ms,jitter=5ms,seed=3");
    send(f, 1000, 1000000);
    int64_t least = INT64_MAX, most = 0;
    for (unsigned i = 0; i < f->count; i++) {
        int64_t way_ns = f->noted[i].at.ns - f->noted[i].number * 1000000;
        assert_int_equal(f->noted[i].number, i);
        least = way_ns < least ? way_ns : least;
        most = way_ns > most ? way_ns : most;
    }
    assert_true(least >= 20000000 && least < 20500000);
    assert_true(most <= 25000000 && most > 24500000);
    stop(f);
}

static void the_rate_spaces_frames_and_the_queue_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = start("rate=1mbit,queue=2000"); /* 200 octets: 1.6 ms; ten of them wait */
    send(f, 30, 0);
    assert_int_equal(f->count, 10);
    assert_int_equal(f->counts.queue_full, 20);
    for (unsigned i = 0; i < f->count; i++)
        assert_int_equal(f->noted[i].at.ns, 1600000 * (i + 1));
    assert_int_equal(f->counts.queue_octet_us, 200 * 1600 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10));
    stop(f);
    f = start("rate=1mbit,queue=4p");
    send(f, 30, 800000); /* twice as fast as it drains */
    assert_in_range(f->count, 15, 20);
    assert_int_equal(f->counts.queue_full + f->count, 30);
    stop(f);
    f = start("rate=1mbit,queue=100"); /* smaller than a frame: an empty queue takes one all the same */
    send(f, 5, 2000000);
    assert_int_equal(f->count, 5);
    stop(f);
}

static void a_pulled_plug_lets_nothing_through(void **state)
{
    (void)state;
    static const char *const wires[] = { "fast", "delay=1ms" };
    for (unsigned i = 0; i < 2; i++) {
        struct fixture *f = start(wires[i]);
        baro_wire_set_link(f->wire, false);
        send(f, 5, 10);
        assert_int_equal(f->count, 0);
        assert_int_equal(f->counts.link_down, 5);
        stop(f);
    }
}

/* Frames of 200 octets hold IP packets of 186: that passes an edge of 186, not one of 185, with and without FCS. */
static void a_black_hole_swallows_what_is_larger(void **state)
{
    static const char *const passing[] = { "blackhole=186", "blackhole=186,corrupt=0.0001%" };
    static const char *const swallowing[] = { "blackhole=185", "blackhole=185,corrupt=0.0001%" };
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fixture *f = start(passing[i]);
        assert_false(f->medium.large);
        send(f, 10, 0);
        assert_int_equal(f->count, 10);
        assert_int_equal(f->counts.swallowed, 0);
        stop(f);
        f = start(swallowing[i]);
        send(f, 10, 0);
        assert_int_equal(f->count, 0);
        assert_int_equal(f->counts.swallowed, 10);
        stop(f);
    }
}

static void a_black_hole_comes_and_goes(void **state)
{
    (void)state;
    struct fixture *f = start("large=no");
    baro_wire_set_blackhole(f->wire, 100);
    send(f, 10, 0);
    assert_int_equal(f->counts.swallowed, 10);
    stop(f);
    f = start("large=no");
    baro_wire_set_blackhole(f->wire, 100);
    baro_wire_set_blackhole(f->wire, 0);
    send(f, 10, 0);
    assert_int_equal(f->count, 10);
    stop(f);
}

static void configurations_outside_their_ranges_are_refused(void **state)
{
    (void)state;
    struct fixture *f = start("fast");
    const struct baro_wire_config bad[] = {
        { .mtu = 67 },
        { .mtu = 65536 },
        { .kind = BARO_MEDIUM_10BASE_T, .mtu = 1979 },
        { .loss_ppm = 1000001 },
        { .blackhole = 67 },
        { .delay = { -1 } },
        { .kind = BARO_MEDIUM_100BASE_TX, .clock_ppm = 1001 },
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(baro_wire_create(f->network, &bad[i]));
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_wire_changes_nothing),
        cmocka_unit_test(bursts_of_loss_are_as_long_as_said),
        cmocka_unit_test(loss_is_as_often_as_said),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(duplicates_come_twice),
        cmocka_unit_test(reordering_lets_one_to_three_overtake),
        cmocka_unit_test(corruption_is_always_caught_by_the_fcs),
        cmocka_unit_test(corruption_above_the_fcs_passes_it),
        cmocka_unit_test(delay_and_jitter_keep_the_order),
        cmocka_unit_test(the_rate_spaces_frames_and_the_queue_is_bounded),
        cmocka_unit_test(a_pulled_plug_lets_nothing_through),
        cmocka_unit_test(a_black_hole_swallows_what_is_larger),
        cmocka_unit_test(a_black_hole_comes_and_goes),
        cmocka_unit_test(configurations_outside_their_ranges_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
