/* Sums of text that are made while it is written (transport/tcp/sums.c): whatever is written in whatever pieces, and
 * leaves in whatever segments, a sum that is told is that of the octets; and where full-sized segments leave in order
 * it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/frame_device.h"
#include "transport/tcp/sums.h"

enum { RING = 1 << 16, LONGEST = 9000 };

static struct test_memory memory;
static struct slabs slabs;
static struct ring ring;
static struct text_sums sums;
static uint64_t next; /* what is sent next */
static uint32_t seed;

static uint32_t below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static void begin(uint16_t size, uint32_t drawn)
{
    seed = drawn;
    next = 0;
    sums = (struct text_sums){ .size = size };
    ring = (struct ring){ 0 };
    slabs = (struct slabs){ .memory = test_memory(&memory), .limit = SIZE_MAX };
    assert_true(ring_reserve(&ring, &slabs, RING, 0));
}

static void end(void)
{
    ring_release(&ring, &slabs);
    assert_int_equal(slabs.taken, 0);
}

static void write_text(uint32_t length)
{
    static uint8_t data[RING];

    for (uint32_t i = 0; i < length; i++)
        data[i] = (uint8_t)below(256);
    text_sums_write(&sums, &ring, next, (struct baro_bytes){ data, length });
    for (uint32_t i = 0; i < length; i++) {
        uint8_t octet;

        ring_read(&ring, ring.end + i, &octet, 1);
        assert_int_equal(octet, data[i]);
    }
    ring.end += length;
}

/* Octets that somebody else wrote. */
static void commit(uint32_t length)
{
    uint8_t octet = (uint8_t)below(256);

    for (uint32_t i = 0; i < length; i++)
        ring_write(&ring, ring.end + i, &octet, 1);
    ring.end += length;
}

/* The next segment leaves; was its sum known? */
static bool leaves(uint32_t length)
{
    const uint16_t *of = NULL;
    struct baro_bytes part[2];
    unsigned count = text_sums_take(&sums, next, length, &of), parts = ring_slice(&ring, next, length, part);
    uint64_t sum = checksum_add(0, part[0].data, part[0].length),
             rest = parts == 1 ? 0 : checksum_add(0, part[1].data, part[1].length);

    sum += (part[0].length & 1) != 0 ? checksum_swap(rest) : rest;
    if (count != 0)
        assert_int_equal(checksum_fold_sum(text_sums_total(of, count, sums.size)), checksum_fold_sum(sum));
    next += length;
    ring.begin = next;
    return count != 0;
}

static void full_segments_are_known(void **state)
{
    static const uint16_t sizes[] = { 88, 536, 1447, 1448, 8948 };

    (void)state;
    for (size_t which = 0; which < sizeof sizes / sizeof sizes[0]; which++) {
        uint32_t size = sizes[which];

        begin((uint16_t)size, 1);
        write_text(3 * size);
        for (int turn = 0; turn < 200; turn++) { /* the ring goes round */
            assert_true(leaves(size));
            assert_true(leaves(2 * size));
            write_text(2 * size + size / 2);
            write_text(size - size / 2);
        }
        write_text(size / 3);
        assert_true(leaves(3 * size + size / 3)); /* the last one, small */
        write_text(size + 5);
        assert_true(leaves(size));
        assert_true(leaves(5));
        end();
    }
}

/* What does not leave as it was thought to is read; pieces begin anew where the next segment will. */
static void other_segments_begin_anew(void **state)
{
    (void)state;
    begin(1000, 1);
    write_text(5000);
    assert_true(leaves(1000));
    assert_false(leaves(999));
    assert_false(leaves(1000));
    write_text(3000);              /* 2,001 wait: 999 more to the next segment's beginning */
    assert_false(leaves(2000));
    assert_false(leaves(1000));
    assert_true(leaves(1000));
    assert_true(leaves(1000));
    assert_true(leaves(1));
    write_text(3000);
    next += 1500, ring.begin = next; /* nobody asked */
    write_text(3000);
    assert_false(leaves(1500));
    end();
}

static void others_write_too(void **state)
{
    (void)state;
    begin(1000, 1);
    write_text(2500);
    commit(600);
    write_text(2900);
    assert_true(leaves(1000));
    assert_true(leaves(1000));
    assert_false(leaves(1000));
    write_text(2000);
    assert_false(leaves(3000));
    assert_true(leaves(2000));
    end();
}

/* What waits beyond the last place is read. */
static void more_than_there_are_places(void **state)
{
    uint32_t known = 0;

    (void)state;
    begin(88, 1);
    for (int i = 0; i < 6; i++)
        write_text(88 * 50);
    for (int i = 0; i < 300; i++)
        known += leaves(88);
    assert_int_equal(known, TEXT_SUMS);
    write_text(88 * TEXT_SUMS);
    for (int i = 0; i < TEXT_SUMS; i++)
        assert_true(leaves(88));
    end();
}

static void by_chance(void **state)
{
    uint32_t known = 0, unknown = 0;

    (void)state;
    for (uint32_t drawn = 0; drawn < 40; drawn++) {
        uint16_t size = (uint16_t)(88 + drawn * 37);

        begin(size, drawn);
        for (int step = 0; step < 2000; step++) {
            uint32_t waits = (uint32_t)(ring.end - next), room = RING - waits;

            if (below(3) == 0 && room > LONGEST)
                below(8) == 0 ? commit(1 + below(300)) : write_text(1 + below(LONGEST));
            if (below(40) == 0)
                text_sums_begin(&sums, size = (uint16_t)(88 + below(1500)));
            if (waits != 0 && below(20) == 0)
                leaves(1 + below(waits));
            else if (waits >= size)
                *(leaves(size * (1 + below(waits / size))) ? &known : &unknown) += 1;
        }
        end();
    }
    assert_true(known > 5000 && unknown > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_segments_are_known),
        cmocka_unit_test(other_segments_begin_anew),
        cmocka_unit_test(others_write_too),
        cmocka_unit_test(more_than_there_are_places),
        cmocka_unit_test(by_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
