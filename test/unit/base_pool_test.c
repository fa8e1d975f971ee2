/* Pools of objects: what goes back to the embedder when there is less to do, when, and what handles know of it. Memory
 * comes from a counting allocator. An object takes 4 KiB with its header, so a slab has 16 of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/pool.h"
#include "support/frame_device.h"

enum { SIZE = 4096 - sizeof(struct pool_place), EACH = 16, MOST = 64 * EACH };

static struct test_memory memory;
static struct slabs slabs;
static struct pool pool;
static void *object[MOST];
static unsigned told;

static void tell(struct slabs *of)
{
    assert_ptr_equal(of, &slabs);
    told++;
}

static int begin(void **state)
{
    (void)state;
    memory = (struct test_memory){ 0 };
    slabs = (struct slabs){ .memory = test_memory(&memory), .surplus_found = tell };
    pool_init(&pool, &slabs, SIZE, MOST);
    memset(object, 0, sizeof object);
    told = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    pool_release(&pool);
    assert_null(slabs.surplus);
    assert_int_equal(memory.slabs, 0);
    assert_int_equal(slabs.taken, 0);
    return 0;
}

static void take(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        object[i] = pool_take(&pool);
        assert_non_null(object[i]);
        for (unsigned octet = 0; octet < SIZE; octet += 8)
            assert_int_equal(((uint8_t *)object[i])[octet], 0);
        memset(object[i], 0xee, SIZE);
    }
}

static void give_back(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        pool_give_back(&pool, object[i]);
}

static void trim(void)
{
    assert_int_not_equal(pools_trim(&slabs, 100), POOLS_TRIM_ON);
}

/* But for the directory. */
static size_t slabs_now(void)
{
    return memory.slabs - 1;
}

static void slabs_without_objects_go(void **state)
{
    (void)state;
    take(0, 10 * EACH);
    assert_int_equal(slabs_now(), 10);
    trim();
    give_back(0, 10 * EACH);
    assert_int_equal(slabs_now(), 10); /* not at once */
    assert_int_equal(told, 1);
    assert_int_equal(pools_trim(&slabs, 4), POOLS_TRIM_ON);
    assert_int_equal(slabs_now(), 6);
    trim();
    assert_int_equal(slabs_now(), 1); /* which is for the next ones */
    take(0, EACH);
    assert_int_equal(slabs_now(), 1);
}

/* Two slabs' places and an eighth of those in use: its owner is told with the first object fewer. */
static void it_is_told_when_surplus_begins(void **state)
{
    (void)state;
    for (unsigned number = 2; number <= 64; number++) {
        unsigned places = number * EACH, used = places;

        told = 0;
        take(0, places);
        while (places - used < 2 * EACH + used / 8 && used != 0) {
            assert_int_equal(told, 0);
            used--;
            give_back(used, used + 1);
        }
        assert_int_equal(told, places - used >= 2 * EACH + used / 8);
        give_back(0, used);
        trim();
    }
}

/* Whatever the number of objects at whose coming and going a pool stands, it takes and gives nothing in turn. */
static void a_pool_at_the_border_keeps_its_slab(void **state)
{
    (void)state;
    for (unsigned used = 1; used < 20 * EACH; used++) {
        size_t takes;

        take(0, used);
        for (unsigned round = 0; round < 3; round++) {
            take(used, used + EACH);
            takes = round == 0 ? memory.takes : takes;
            assert_int_equal(memory.takes, takes);
            give_back(used, used + EACH);
            trim();
        }
        give_back(0, used);
    }
}

/* Half of all are kept, the first of each two slabs: then no slab is surplus that would be taken again for an eighth
 * more. */
static void an_eighth_of_those_in_use_may_come(void **state)
{
    size_t takes;

    (void)state;
    take(0, 64 * EACH);
    give_back(32 * EACH, 64 * EACH);
    trim();
    assert_in_range(slabs_now(), 32 + 32 / 8, 32 + 32 / 8 + 1);
    takes = memory.takes;
    take(32 * EACH, 36 * EACH);
    assert_int_equal(memory.takes, takes);
}

/* One object of each slab stays, and nothing can go. Those that come next stand where a slab stays anyway: when the
 * first ones end, too, their slabs go. */
static void one_object_keeps_its_slab(void **state)
{
    (void)state;
    take(0, 8 * EACH);
    for (unsigned slab = 0; slab < 8; slab++)
        give_back(slab * EACH + 1, (slab + 1) * EACH);
    trim();
    assert_int_equal(slabs_now(), 8);
    take(1, EACH); /* into the last one */
    for (unsigned slab = 0; slab < 7; slab++)
        pool_give_back(&pool, object[slab * EACH]);
    trim();
    assert_int_equal(slabs_now(), 3); /* one full, one and the eighth without */
    take(EACH, 3 * EACH);
    assert_int_equal(slabs_now(), 3);
}

/* A handle to what a slab had is none of the next one's in its place, whatever had been there before; walks pass over
 * the gap. */
static void handles_outlive_slabs(void **state)
{
    struct handle handle[2][8 * EACH];
    unsigned found = 0;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned again = 0; again < 5; again++) {
            take(0, 8 * EACH);
            for (unsigned i = 0; i < 8 * EACH; i++)
                handle[round][i] = pool_handle(&pool, object[i]);
            give_back(0, 8 * EACH);
        }
        trim();
        assert_int_equal(slabs_now(), 1);
        for (unsigned i = 0; i < 8 * EACH; i++) {
            uint32_t index = (uint32_t)handle[round][i].value;

            assert_null(pool_resolve(&pool, handle[round][i]));
            assert_null(pool_at(&pool, index));
            assert_true(handle_is_none(pool_handle_at(&pool, index)));
            (void)pool_prefetch(&pool, index);
        }
    }
    for (unsigned first = 0; first < 4; first++) {
        take(0, 8 * EACH);
        for (unsigned i = 0; i < 8 * EACH; i++) {
            assert_null(pool_resolve(&pool, handle[0][i]));
            assert_null(pool_resolve(&pool, handle[1][i]));
            assert_ptr_equal(pool_resolve(&pool, pool_handle(&pool, object[i])), object[i]);
        }
        if (first < 3)
            give_back(0, 8 * EACH);
    }
    for (uint32_t i = 0; i < pool.places; i++)
        found += pool_at(&pool, i) != NULL;
    assert_int_equal(found, 8 * EACH);
}

/* A slab that the embedder does not give once is asked for again, in its old place. */
static void memory_may_fail_in_between(void **state)
{
    (void)state;
    take(0, 4 * EACH);
    give_back(0, 4 * EACH);
    trim();
    take(0, EACH);
    memory.fail_after = memory.takes;
    assert_null(pool_take(&pool));
    assert_null(pool_take(&pool));
    memory.fail_after = 0;
    take(EACH, MOST);
    assert_null(pool_take(&pool));
    assert_int_equal(slabs_now(), 64);
}

/* The owner of two pools trims both; one that is released meanwhile is none of them any more. */
static void two_pools(void **state)
{
    struct pool other, third;
    void *of[2][4 * EACH];

    (void)state;
    pool_init(&other, &slabs, SIZE, MOST);
    pool_init(&third, &slabs, SIZE, MOST);
    take(0, 4 * EACH);
    for (unsigned i = 0; i < 4 * EACH; i++) {
        of[0][i] = pool_take(&other);
        of[1][i] = pool_take(&third);
    }
    give_back(0, 4 * EACH);
    for (unsigned i = 0; i < 4 * EACH; i++) {
        pool_give_back(&other, of[0][i]);
        pool_give_back(&third, of[1][i]);
    }
    assert_int_equal(told, 3);
    pool_release(&other);
    trim();
    assert_int_equal(memory.slabs, 2 * (1 + 1));
    pool_release(&third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slabs_without_objects_go, begin, end),
        cmocka_unit_test_setup_teardown(it_is_told_when_surplus_begins, begin, end),
        cmocka_unit_test_setup_teardown(a_pool_at_the_border_keeps_its_slab, begin, end),
        cmocka_unit_test_setup_teardown(an_eighth_of_those_in_use_may_come, begin, end),
        cmocka_unit_test_setup_teardown(one_object_keeps_its_slab, begin, end),
        cmocka_unit_test_setup_teardown(handles_outlive_slabs, begin, end),
        cmocka_unit_test_setup_teardown(memory_may_fail_in_between, begin, end),
        cmocka_unit_test_setup_teardown(two_pools, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
