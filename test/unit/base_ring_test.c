/* The byte ring against a plain array: wrapping, growing, sums over the seam, and memory that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/checksum.h"
#include "base/ring.h"
#include "support/frame_device.h"

static uint8_t octet_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 251);
}

static void fill(uint8_t *to, uint64_t offset, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        to[i] = octet_at(offset + i);
}

static void check(const struct ring *ring, uint64_t offset, uint32_t length)
{
    static uint8_t got[70000];
    struct baro_bytes part[2];
    unsigned parts = ring_slice(ring, offset, length, part);
    size_t sliced = 0;

    ring_read(ring, offset, got, length);
    for (uint32_t i = 0; i < length; i++) {
        if (got[i] != octet_at(offset + i))
            fail_msg("octet %u", i);
    }
    assert_true(ring_same(ring, offset, got, length));
    if (length != 0) {
        got[length - 1] ^= 1;
        assert_false(ring_same(ring, offset, got, length));
        got[length - 1] ^= 1;
    }
    for (unsigned i = 0; i < parts; i++) {
        assert_memory_equal(part[i].data, got + sliced, part[i].length);
        sliced += part[i].length;
    }
    assert_int_equal(sliced, length);
}

static void sizes_and_memory(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    struct ring ring = { 0 };

    (void)state;
    assert_true(ring_reserve(&ring, &slabs, 0, 0));
    assert_int_equal(ring.size, 2048);
    assert_true(ring_reserve(&ring, &slabs, 2048, 0));
    assert_int_equal(memory.takes, 1);
    assert_true(ring_reserve(&ring, &slabs, 2049, 0));
    assert_int_equal(ring.size, 4096);
    assert_true(ring_reserve(&ring, &slabs, 100, 0)); /* never shrinks */
    assert_int_equal(ring.size, 4096);
    assert_int_equal(slabs.taken, 4096);
    ring_release(&ring, &slabs);
    ring_release(&ring, &slabs);
    assert_null(ring.data);
    assert_int_equal(ring.size, 0);
    assert_int_equal(slabs.taken, 0);
    assert_int_equal(memory.slabs, 0);
}

/* Every beginning of a small ring, so that the seam falls everywhere; then the ring grows and the octets stay. */
static void wrapping_and_growing_keep_the_octets(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    static uint8_t data[4096];

    (void)state;
    for (uint64_t begin = 0; begin < 2048; begin += 61) {
        for (uint32_t length = 0; length <= 2048; length += 293) {
            struct ring ring = { .begin = (UINT64_C(1) << 33) + begin };

            ring.end = ring.begin;
            assert_true(ring_reserve(&ring, &slabs, 2048, 0));
            fill(data, ring.begin, length);
            ring_write(&ring, ring.begin, data, length);
            ring.end += length;
            assert_int_equal(ring_used(&ring), length);
            assert_int_equal(ring_space(&ring), 2048 - length);
            check(&ring, ring.begin, length);
            assert_true(ring_reserve(&ring, &slabs, 8000, length));
            assert_int_equal(ring.size, 8192);
            check(&ring, ring.begin, length);
            ring_release(&ring, &slabs);
        }
    }
    assert_int_equal(memory.slabs, 0);
}

static void a_growth_that_fails_changes_nothing(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    struct ring ring = { .begin = 2000, .end = 2000 }, before;
    uint8_t data[500];

    (void)state;
    assert_true(ring_reserve(&ring, &slabs, 500, 0));
    fill(data, 2000, 500);
    ring_write(&ring, 2000, data, 500);
    ring.end = 2500;
    memory.fail_after = memory.takes;
    before = ring;
    assert_false(ring_reserve(&ring, &slabs, 100000, 500));
    assert_memory_equal(&ring, &before, sizeof ring);
    check(&ring, 2000, 500);
    ring_release(&ring, &slabs);
}

/* The sum of the one pass is that of the octets, wherever the seam falls, at odd places too. */
static void the_sum_does_not_see_the_seam(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    struct ring ring = { 0 };
    uint8_t data[301];

    (void)state;
    assert_true(ring_reserve(&ring, &slabs, 2048, 0));
    for (uint64_t at = 2048 - 310; at < 2048 + 5; at++) {
        for (uint32_t length = 0; length <= 301; length += 43) {
            fill(data, at, length);
            assert_int_equal(checksum_fold(0x1234 + checksum_of_native(ring_write_sum(&ring, at, data, length, false))),
                             checksum_fold(checksum_add(0x1234, data, length)));
            assert_int_equal(checksum_fold(0x1234 + checksum_of_native(ring_write_sum(&ring, at, data, length, true))),
                             checksum_fold(checksum_add(0x1234, data, length)));
            check(&ring, at, length);
        }
    }
    ring_release(&ring, &slabs);
}

/* Small rings come and go without the embedder being asked, up to the number that may be kept. */
static void pieces_are_kept_for_the_next_ring(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    struct ring ring[3] = { 0 };
    uint8_t *kept;

    (void)state;
    slab_keep_spares(&slabs, 2);
    for (int i = 0; i < 3; i++)
        assert_true(ring_reserve(&ring[i], &slabs, 1, 0));
    kept = ring[1].data;
    for (int i = 0; i < 3; i++)
        ring_release(&ring[i], &slabs);
    assert_int_equal(memory.slabs, 2);
    assert_int_equal(slabs.taken, 2 * 2048);
    assert_true(ring_reserve(&ring[0], &slabs, 2048, 0));
    assert_ptr_equal(ring[0].data, kept);
    fill(ring[0].data, 0, 2048);
    assert_true(ring_reserve(&ring[0], &slabs, 2049, 2048)); /* a larger one is no piece, and gives its piece back */
    check(&ring[0], 0, 2048);
    assert_int_equal(slabs.spares, 2);
    ring_release(&ring[0], &slabs);
    slab_keep_spares(&slabs, 0);
    assert_int_equal(memory.slabs, 0);
    assert_int_equal(slabs.taken, 0);
}

/* What a ring should hold, by offset modulo a size that none of them reaches. */
enum { MODEL = 1 << 17 };
struct model {
    uint8_t octet[MODEL];
    uint64_t far; /* behind the last octet that was written out of order; at most `end`: there is none */
};

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)*seed * below >> 32);
}

static void write_both(struct ring *ring, struct model *model, uint64_t at, uint32_t length, uint32_t *seed)
{
    static uint8_t data[MODEL];

    for (uint32_t i = 0; i < length; i++)
        data[i] = model->octet[(at + i) % MODEL] = (uint8_t)draw(seed, 256);
    if (draw(seed, 2) == 0)
        ring_write(ring, at, data, length);
    else
        assert_int_equal(checksum_fold(7 + checksum_of_native(ring_write_sum(ring, at, data, length, false))),
                         checksum_fold(checksum_add(7, data, length)));
}

static void is_as_the_model(const struct ring *ring, const struct model *model, uint64_t at, uint32_t length)
{
    static uint8_t got[MODEL];
    struct baro_bytes part[2];
    unsigned parts = ring_slice(ring, at, length, part);

    ring_read(ring, at, got, length);
    for (uint32_t i = 0; i < length; i++)
        assert_int_equal(got[i], model->octet[(at + i) % MODEL]);
    assert_true(ring_same(ring, at, got, length));
    for (unsigned i = 0, from = 0; i < parts; from += (uint32_t)part[i++].length)
        assert_memory_equal(part[i].data, got + from, part[i].length);
}

/* Writes in and out of order, reads, growth, memory given back, and beginning again when nothing is held. */
static void random_work_is_as_the_model(void **state)
{
    struct test_memory memory = { 0 };
    struct slabs slabs = { .memory = test_memory(&memory), .limit = SIZE_MAX };
    static struct model model;
    uint32_t seed = 1;

    (void)state;
    for (int life = 0; life < 40; life++) {
        struct ring ring = { .begin = UINT32_MAX - draw(&seed, 100000) };
        unsigned restarts = 0;

        ring.end = model.far = ring.begin;
        for (int step = 0; step < 400; step++) {
            uint64_t last = model.far > ring.end ? model.far : ring.end;
            uint32_t held = (uint32_t)(last - ring.begin), length = draw(&seed, draw(&seed, 4) == 0 ? 20000 : 900);

            switch (draw(&seed, 5)) {
            case 0: /* in order; what stood out of order there is overwritten */
            case 1:
                if (ring_used(&ring) + length > 60000)
                    break;
                assert_true(ring_reserve(&ring, &slabs,
                                         ring_used(&ring) + length > held ? ring_used(&ring) + length : held, held));
                write_both(&ring, &model, ring.end, length, &seed);
                ring.end += length;
                break;
            case 2: /* out of order; the hole in front of it may be read as whatever it is, so the model fills it */
                if (model.far > ring.end || ring_used(&ring) + 2 * length > 60000 || draw(&seed, 3) != 0)
                    break;
                assert_true(ring_reserve(&ring, &slabs, ring_used(&ring) + 2 * length, held));
                write_both(&ring, &model, ring.end + length, length, &seed);
                write_both(&ring, &model, ring.end, length, &seed);
                model.far = ring.end + 2 * length;
                break;
            default: /* the reader, who takes all of it at times */
                if (ring.size == 0)
                    break;
                is_as_the_model(&ring, &model, ring.begin, held);
                ring.begin += draw(&seed, 2) == 0 ? ring_used(&ring) : draw(&seed, ring_used(&ring) + 1);
                if (ring.begin != ring.end || model.far > ring.end)
                    break;
                ring_restart(&ring);
                restarts++;
                if (draw(&seed, 8) == 0)
                    ring_release(&ring, &slabs);
                else
                    assert_int_equal(ring_slice(&ring, ring.end, ring.size, (struct baro_bytes[2]){ { 0 } }), 1);
                break;
            }
            if (model.far > ring.end && draw(&seed, 4) == 0)
                ring.end = model.far; /* the hole is filled */
        }
        assert_true(restarts > 10);
        ring_release(&ring, &slabs);
    }
    assert_int_equal(memory.slabs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_memory),
        cmocka_unit_test(wrapping_and_growing_keep_the_octets),
        cmocka_unit_test(a_growth_that_fails_changes_nothing),
        cmocka_unit_test(the_sum_does_not_see_the_seam),
        cmocka_unit_test(random_work_is_as_the_model),
        cmocka_unit_test(pieces_are_kept_for_the_next_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
