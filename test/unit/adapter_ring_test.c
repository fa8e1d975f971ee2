/* The ring of frames: no frame is ever overwritten, none is refused while there is room, at any fill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "adapter/frame_ring.h"
#include "support/frame_device.h"

static bool whole(const struct frame_slot *slot)
{
    for (uint32_t i = 0; i < slot->length; i++)
        if (slot->data[i] != (uint8_t)slot->number)
            return false;
    return true;
}

/* Puts and drops at random in a small area; every frame held is checked after every step. */
static void frames_held_are_never_overwritten(void **state)
{
    struct test_memory memory = { 0 };
    struct baro_memory functions = test_memory(&memory);
    uint64_t number = 0, refused = 0;
    (void)state;
    for (uint32_t area = 256; area <= 2048; area += 192) {
        struct frame_ring ring = { 0 };
        assert_true(frame_ring_init(&ring, &functions, 12, area));
        for (uint32_t random = area, step = 0; step < 20000; step++) {
            random = random * 1664525 + 1013904223;
            uint32_t length = 1 + (random >> 8) % 400;
            if (random >> 28 < 9) {
                bool fits = frame_ring_fits(&ring, length);
                struct frame_slot *slot = frame_ring_put(&ring, length);
                assert_int_equal(fits, slot != NULL);
                refused += slot == NULL;
                if (slot) {
                    assert_true(slot->data >= ring.area && slot->data + length <= ring.area + area);
                    slot->number = ++number;
                    memset(slot->data, (uint8_t)number, length);
                }
            } else if (frame_ring_used(&ring) > 0) {
                frame_ring_drop(&ring, 1 + (random >> 20) % frame_ring_used(&ring));
            }
            for (uint64_t i = ring.first; i < ring.next; i++)
                assert_true(whole(frame_ring_slot(&ring, i)));
        }
        frame_ring_release(&ring, &functions);
    }
    assert_true(refused > 1000);
    assert_int_equal(memory.slabs, 0);
}

static void an_empty_ring_takes_a_frame_as_large_as_itself(void **state)
{
    struct test_memory memory = { 0 };
    struct baro_memory functions = test_memory(&memory);
    struct frame_ring ring = { 0 };
    (void)state;
    assert_true(frame_ring_init(&ring, &functions, 4, 1024));
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(frame_ring_put(&ring, 1024));
        assert_null(frame_ring_put(&ring, 1));
        frame_ring_drop(&ring, 1);
    }
    assert_null(frame_ring_put(&ring, 1025));
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(frame_ring_put(&ring, 64));
    assert_null(frame_ring_put(&ring, 64)); /* slots run out before octets */
    frame_ring_clear(&ring);
    assert_int_equal(frame_ring_used(&ring), 0);
    frame_ring_release(&ring, &functions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_held_are_never_overwritten),
        cmocka_unit_test(an_empty_ring_takes_a_frame_as_large_as_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
