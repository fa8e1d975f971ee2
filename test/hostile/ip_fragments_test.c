/* Fragments: rows F-1 to F-8, every order of four, every overlap of three. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "hostile/craft.h"

static uint8_t message[65600];

/* Octets [offset, offset + length) of `message` as a fragment with that id. */
static uint64_t fragment(struct victim *v, uint16_t id, uint32_t offset, uint32_t length, bool more,
                         enum baro_drop_reason reason)
{
    static struct crafted f;
    struct craft c = craft_default();

    c.protocol = 1;
    c.id = id;
    c.flags_offset = (uint16_t)(offset / 8 | (more ? 0x2000 : 0));
    craft_ip(&f, &c, message + offset, length);
    return victim_feed(v, f.octets, f.length, reason);
}

static void make_ping(uint32_t length)
{
    static uint8_t data[65600];

    for (uint32_t i = 0; i < length; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    craft_icmp(message, 8, 0, 0x00010001, data, length - 8);
}

static void every_order_of_four(void **state)
{
    static const uint32_t at[] = { 0, 8, 1024, 4096, 5003 };
    struct victim v;
    uint16_t id = 1;

    (void)state;
    make_ping(5003);
    victim_init(&v, false);
    for (unsigned order = 0; order < 256; order++) {
        unsigned pick[4] = { order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 }, seen = 0;
        unsigned replies = 0;
        const struct device_frame *frame;

        for (unsigned i = 0; i < 4; i++)
            seen |= 1U << pick[i];
        if (seen != 15)
            continue;
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(v.device.out_count, 0);
            fragment(&v, id, at[pick[i]], at[pick[i] + 1] - at[pick[i]], pick[i] != 3, BARO_DROP_NONE);
        }
        /* the reply comes in fragments of its own, the same octets but for type and checksum */
        while ((frame = frame_device_take(&v.device)) != NULL) {
            uint32_t offset = (read_be16(frame->data + 20) & 0x1fffU) * 8;
            uint32_t skip = offset == 0 ? 8 : 0;

            assert_memory_equal(frame->data + 34 + skip, message + offset + skip, frame->length - 34 - skip);
            replies++;
        }
        assert_int_equal(replies, 4);
        id++;
    }
    assert_int_equal(id, 25);
    victim_release(&v);
}

/* F-1: any overlap but the exact duplicate gives the whole datagram up, in every order. */
static void every_overlap_of_three(void **state)
{
    struct victim v;
    uint16_t id = 1;

    (void)state;
    make_ping(96);
    victim_init(&v, false);
    for (uint32_t first = 0; first < 12; first++) {
        for (uint32_t last = first + 1; last <= 12; last++) {
            bool duplicate = (first == 0 && last == 6) || (first == 6 && last == 12);
            uint64_t overlaps;

            if (first == 0 && last == 12)
                continue; /* no fragment at all */
            /* two fragments of 48 around the third, which comes between them */
            fragment(&v, id, 0, 48, true, BARO_DROP_NONE);
            if (first >= 6) { /* nothing of it is held yet: it is one itself, and the other two overlap it */
                fragment(&v, id, first * 8, (last - first) * 8, last != 12, BARO_DROP_NONE);
                overlaps = fragment(&v, id, 48, 48, false, BARO_DROP_FRAGMENT_OVERLAP);
                assert_int_equal(overlaps, !duplicate);
                assert_int_equal(victim_forget(&v) != 0, duplicate);
            } else {
                enum baro_drop_reason wanted = duplicate ? BARO_DROP_FRAGMENT_DUPLICATE : BARO_DROP_FRAGMENT_OVERLAP;

                assert_int_equal(fragment(&v, id, first * 8, (last - first) * 8, last != 12, wanted), 1);
                overlaps = fragment(&v, id, 48, 48, false, BARO_DROP_FRAGMENT_OVERLAP);
                assert_int_equal(overlaps, !duplicate);
                assert_int_equal(victim_forget(&v) != 0, duplicate);
            }
            id++;
        }
    }
    victim_wait(&v, 31000);
    assert_int_equal(victim_drops(&v, BARO_DROP_FRAGMENT_TIMEOUT), 1); /* the copy that came behind a whole one */
    victim_release(&v);
}

static void a_duplicate_with_other_octets_is_an_overlap(void **state)
{
    struct victim v;

    (void)state;
    make_ping(96);
    victim_init(&v, false);
    fragment(&v, 1, 0, 48, true, BARO_DROP_NONE);
    assert_int_equal(fragment(&v, 1, 0, 48, true, BARO_DROP_FRAGMENT_DUPLICATE), 1);
    message[20] ^= 1;
    assert_int_equal(fragment(&v, 1, 0, 48, true, BARO_DROP_FRAGMENT_OVERLAP), 1);
    /* two of 24 are not one of 48, the same octets or not */
    fragment(&v, 2, 0, 24, true, BARO_DROP_NONE);
    fragment(&v, 2, 24, 24, true, BARO_DROP_NONE);
    assert_int_equal(fragment(&v, 2, 0, 48, true, BARO_DROP_FRAGMENT_OVERLAP), 1);
    victim_release(&v);
}

static void two_ends_are_an_overlap(void **state)
{
    struct victim v;

    (void)state;
    make_ping(200);
    victim_init(&v, false);
    fragment(&v, 1, 80, 20, false, BARO_DROP_NONE);
    assert_int_equal(fragment(&v, 1, 160, 40, false, BARO_DROP_FRAGMENT_OVERLAP), 1);
    fragment(&v, 2, 80, 24, true, BARO_DROP_NONE);
    assert_int_equal(fragment(&v, 2, 40, 16, false, BARO_DROP_FRAGMENT_OVERLAP), 1);
    victim_release(&v);
}

/* F-2 and F-4 */
static void too_long_and_malformed(void **state)
{
    struct victim v;

    (void)state;
    memset(message, 0, sizeof message);
    victim_init(&v, false);
    fragment(&v, 1, 0, 1480, true, BARO_DROP_NONE);
    /* offset 65512 and 64 octets: behind 65535 */
    {
        static struct crafted f;
        struct craft c = craft_default();

        c.protocol = 1;
        c.id = 1;
        c.flags_offset = 8189;
        craft_ip(&f, &c, message, 1480);
        assert_int_equal(victim_feed(&v, f.octets, f.length, BARO_DROP_FRAGMENT_TOO_LONG), 1);
    }
    assert_int_equal(fragment(&v, 2, 0, 9, true, BARO_DROP_FRAGMENT_MALFORMED), 1);
    assert_int_equal(fragment(&v, 2, 0, 0, true, BARO_DROP_FRAGMENT_MALFORMED), 1);
    assert_int_equal(fragment(&v, 2, 8, 0, false, BARO_DROP_FRAGMENT_MALFORMED), 1);
    assert_int_equal(victim_forget(&v), 0);
    victim_release(&v);
}

/* The longest possible datagram, in fragments of eight octets. */
static void the_longest_in_the_smallest(void **state)
{
    struct victim v;
    struct baro_statistics statistics;

    (void)state;
    make_ping(65515);
    victim_init(&v, false);
    for (uint32_t at = 0; at < 65515; at += 8)
        fragment(&v, 3, at, at + 8 < 65515 ? 8 : 65515 - at, at + 8 < 65515, BARO_DROP_NONE);
    baro_stack_statistics(v.stack, &statistics);
    assert_int_equal(statistics.fragments_whole, 1);
    assert_int_equal(statistics.buffer_bytes, 0);
    assert_int_equal(victim_forget(&v), 45);
    victim_release(&v);
}

/* F-3: one source fills its account; another's datagram is put together all the same. */
static void a_flood_from_one_source(void **state)
{
    static struct crafted f;
    struct victim v;
    struct craft c = craft_default();
    struct baro_statistics statistics;

    (void)state;
    make_ping(96);
    victim_init(&v, false);
    c.source = baro_ipv4(10, 0, 0, 66);
    c.protocol = 1;
    for (unsigned i = 0; i < 20000; i++) {
        c.id = (uint16_t)i;
        c.flags_offset = 0x2000;
        craft_ip(&f, &c, message, 48);
        victim_feed(&v, f.octets, f.length, BARO_DROP_NONE);
    }
    baro_stack_statistics(v.stack, &statistics);
    assert_true(statistics.buffer_bytes <= 256 * 1024);
    assert_true(victim_drops(&v, BARO_DROP_FRAGMENT_MEMORY) != 0);
    fragment(&v, 9, 0, 48, true, BARO_DROP_NONE);
    fragment(&v, 9, 48, 48, false, BARO_DROP_NONE);
    assert_non_null(victim_icmp(&v, 0));
    victim_wait(&v, 31000);
    baro_stack_statistics(v.stack, &statistics);
    assert_int_equal(statistics.buffer_bytes, 0);
    victim_release(&v);
}

/* F-8 */
static void time_exceeded_only_with_the_first(void **state)
{
    const struct device_frame *frame;
    struct victim v;

    (void)state;
    make_ping(96);
    victim_init(&v, false);
    fragment(&v, 1, 48, 48, false, BARO_DROP_NONE);
    victim_wait(&v, 31000);
    assert_int_equal(victim_drops(&v, BARO_DROP_FRAGMENT_TIMEOUT), 1);
    assert_int_equal(victim_forget(&v), 0);
    message[0] = 0; /* an echo reply: something an error may be about, like the request */
    fragment(&v, 2, 0, 48, true, BARO_DROP_NONE);
    victim_wait(&v, 29999);
    assert_int_equal(victim_forget(&v), 0);
    victim_wait(&v, 1);
    frame = victim_icmp(&v, 11);
    assert_non_null(frame);
    assert_int_equal(frame->data[35], 1);
    assert_int_equal(frame->length, 14 + 20 + 8 + 20 + 48);
    assert_memory_equal(frame->data + 62, message, 48);
    victim_release(&v);
}

/* F-6 */
static void completed_twice_is_delivered_once(void **state)
{
    struct victim v;
    struct baro_statistics statistics;

    (void)state;
    make_ping(96);
    victim_init(&v, false);
    fragment(&v, 1, 48, 48, false, BARO_DROP_NONE);
    fragment(&v, 1, 48, 48, false, BARO_DROP_NONE);
    fragment(&v, 1, 0, 48, true, BARO_DROP_NONE);
    fragment(&v, 1, 48, 48, false, BARO_DROP_NONE);
    baro_stack_statistics(v.stack, &statistics);
    assert_int_equal(statistics.fragments_whole, 1);
    assert_int_equal(victim_forget(&v), 1);
    victim_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_four),
        cmocka_unit_test(every_overlap_of_three),
        cmocka_unit_test(a_duplicate_with_other_octets_is_an_overlap),
        cmocka_unit_test(two_ends_are_an_overlap),
        cmocka_unit_test(too_long_and_malformed),
        cmocka_unit_test(the_longest_in_the_smallest),
        cmocka_unit_test(a_flood_from_one_source),
        cmocka_unit_test(time_exceeded_only_with_the_first),
        cmocka_unit_test(completed_twice_is_delivered_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
