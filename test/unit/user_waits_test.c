/* The set of those who wait for a promise of the budget (user/ready.c), where descriptors are many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack.h"
#include "user/user_private.h"
#include "support/one_stack.h"

enum { PAGES = 130, MANY = PAGES * USER_PAGE_SOCKETS };

static int many_setup(void **state)
{
    (void)state;
    return setup_with(MANY);
}

static bool is_told(int fd)
{
    struct baro_ready ready;

    return baro_next_ready(stack, &ready) && ready.fd == fd;
}

/* The summary has a bit a page, and more than one word of them: whoever waits on the first or the last page of a word is told, in the
 * order of descriptors from the last one on. */
static void on_any_page(void **state)
{
    static const unsigned page[] = { 0, 63, 64, 65, 127, 128, 129 };
    enum { PLACES = sizeof page / sizeof page[0] };
    struct baro_ready ready;

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(stream(), (int)i + USER_DESCRIPTOR_FIRST);
    for (unsigned first = 0; first < PLACES; first++) {
        int from = (int)(page[first] * USER_PAGE_SOCKETS) + USER_DESCRIPTOR_FIRST + 5;

        user_waits(stack->user, (uint32_t)from);
        assert_true(is_told(from));
        for (unsigned i = 0; i < PLACES; i++)
            user_waits(stack->user, page[i] * USER_PAGE_SOCKETS + USER_DESCRIPTOR_FIRST + 5);
        for (unsigned i = 1; i <= PLACES; i++)
            assert_true(is_told((int)(page[(first + i) % PLACES] * USER_PAGE_SOCKETS) + USER_DESCRIPTOR_FIRST + 5));
        assert_false(baro_next_ready(stack, &ready));
    }
    for (unsigned i = 0; i < MANY; i++)
        baro_close(stack, (int)i + USER_DESCRIPTOR_FIRST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(on_any_page, many_setup, one_stack_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
