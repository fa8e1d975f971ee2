/* Blocks: records keep what was written to them, a walk finds each once, and memory goes back with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "base/blocks.h"

enum { COUNT = 60000 };

static uint32_t name[COUNT];

static void *take(void *context, size_t bytes)
{
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

    (void)context;
    return memset(slab, 0, bytes);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static uint32_t octets_of(uint32_t n)
{
    return 60 + n % 3 * 8; /* three sizes */
}

static void write_one(struct blocks *blocks, uint32_t n)
{
    name[n] = blocks_take(blocks, octets_of(n));
    assert_int_not_equal(name[n], BLOCK_NONE);
    memset(blocks_at(blocks, name[n]), 1 + (int)(n % 200), octets_of(n));
}

static void check_one(const struct blocks *blocks, uint32_t n)
{
    const uint8_t *at = blocks_at(blocks, name[n]);

    assert_true(at[0] == 1 + n % 200 && memcmp(at, at + 1, octets_of(n) - 1) == 0);
}

static uint32_t walked(const struct blocks *blocks)
{
    uint32_t count = 0;

    for (uint32_t at = blocks_next(blocks, 0); at != BLOCK_NONE; at = blocks_next(blocks, at + 1))
        count++;
    return count;
}

static void records_stay_and_slabs_go(void **state)
{
    struct slabs slabs = { .memory = { NULL, take, give_back }, .limit = SIZE_MAX };
    struct blocks blocks;
    size_t full;

    (void)state;
    blocks_init(&blocks, &slabs);
    assert_int_equal(blocks_next(&blocks, 0), BLOCK_NONE);
    for (uint32_t n = 0; n < COUNT; n++)
        write_one(&blocks, n);
    full = slabs.taken;
    assert_int_equal(walked(&blocks), COUNT);
    for (uint32_t n = 0; n < COUNT; n += 2) /* every slab keeps half of its records */
        blocks_give_back(&blocks, name[n]);
    assert_int_equal(slabs.taken, full);
    assert_int_equal(walked(&blocks), COUNT / 2);
    for (uint32_t n = 0; n < COUNT; n += 2)
        write_one(&blocks, n);
    assert_in_range(slabs.taken, full, full + 3 * 256 * 80);
    for (uint32_t n = 0; n < COUNT; n++)
        check_one(&blocks, n);
    for (uint32_t n = 1000; n < COUNT; n++)
        blocks_give_back(&blocks, name[n]);
    /* slabs that are not full, one more of each size, the directories */
    assert_in_range(slabs.taken, 1000 * 64, full / 10);
    assert_int_equal(walked(&blocks), 1000);
    for (uint32_t n = 1000; n < COUNT; n++)
        write_one(&blocks, n);
    for (uint32_t n = 0; n < COUNT; n++) {
        check_one(&blocks, n);
        blocks_give_back(&blocks, name[n]);
    }
    assert_int_equal(blocks.used, 0);
    assert_int_equal(walked(&blocks), 0);
    assert_in_range(slabs.taken, 1, 100000);
    blocks_release(&blocks);
    assert_int_equal(slabs.taken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_stay_and_slabs_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
