/* A stack takes all its memory from the functions it was given, and gives all of it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "baro/stack.h"
#include "support/frame_device.h"

static void memory_comes_back(void **state)
{
    struct test_memory memory = { 0 };
    struct baro_stack_config config = { .memory = test_memory(&memory), .seed = { 1 } };
    struct baro_stack *stack = baro_stack_create(&config);
    struct baro_statistics statistics;

    (void)state;
    assert_non_null(stack);
    baro_stack_statistics(stack, &statistics);
    assert_int_equal(statistics.slab_bytes, memory.bytes);
    baro_stack_free(stack);
    assert_int_equal(memory.bytes, 0);
    assert_int_equal(memory.slabs, 0);
}

static void every_failing_take_is_survived(void **state)
{
    (void)state;
    for (size_t fail_after = 1; fail_after < 64; fail_after++) {
        struct test_memory memory = { .fail_after = fail_after };
        struct baro_stack_config config = { .memory = test_memory(&memory) };
        struct baro_stack *stack = baro_stack_create(&config);

        baro_stack_free(stack);
        assert_int_equal(memory.slabs, 0);
        if (stack != NULL)
            break;
        assert_true(fail_after < 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_back),
        cmocka_unit_test(every_failing_take_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
