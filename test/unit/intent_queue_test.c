/* Tests of base/intent.h: order, the full queue, and what waits for room. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/intent.h"

static struct intent slots[INTENT_QUEUE_SIZE];

static struct intent_queue queue_of(uint32_t count)
{
    struct intent_queue queue = { .slot = slots };

    memset(slots, 0xa5, sizeof slots);
    for (uint32_t i = 0; i < count; i++)
        intent_add(&queue, INTENT_TCP_OUTPUT)->owner = (struct handle){ i + 1 };
    return queue;
}

static uint64_t take(struct intent_queue *queue)
{
    uint64_t owner = intent_first(queue)->owner.value;

    intent_done(queue);
    return owner;
}

static void what_is_added_owns_and_borrows_nothing(void **state)
{
    struct intent_queue queue = queue_of(0);
    const struct intent *intent = intent_add(&queue, INTENT_ICMP_ERROR);

    (void)state;
    assert_int_equal(intent->kind, INTENT_ICMP_ERROR);
    assert_true(handle_is_none(intent->owner));
    assert_null(intent->borrowed.data);
    assert_int_equal(intent->borrowed.length, 0);
}

static void a_full_queue_takes_no_more_and_keeps_its_order(void **state)
{
    struct intent_queue queue = queue_of(INTENT_QUEUE_SIZE);

    (void)state;
    assert_null(intent_add(&queue, INTENT_TCP_OUTPUT));
    assert_int_equal(take(&queue), 1);
    intent_add(&queue, INTENT_TCP_OUTPUT)->owner = (struct handle){ 9999 };
    for (uint64_t i = 2; i <= INTENT_QUEUE_SIZE; i++)
        assert_int_equal(take(&queue), i);
    assert_int_equal(take(&queue), 9999);
    assert_null(intent_first(&queue));
}

static void what_waits_goes_behind_the_others(void **state)
{
    const uint32_t counts[] = { 1, 2, 5, INTENT_QUEUE_SIZE - 1, INTENT_QUEUE_SIZE };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct intent_queue queue = queue_of(counts[i]);

        intent_again(&queue);
        assert_int_equal(queue.count, counts[i]);
        for (uint32_t j = 2; j <= counts[i]; j++)
            assert_int_equal(take(&queue), j);
        assert_int_equal(take(&queue), 1);
    }
}

static void an_empty_queue_begins_in_its_first_slot(void **state)
{
    struct intent_queue queue = queue_of(3);

    (void)state;
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(take(&queue), i);
    assert_ptr_equal(intent_add(&queue, INTENT_ARP), &slots[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_owns_and_borrows_nothing),
        cmocka_unit_test(a_full_queue_takes_no_more_and_keeps_its_order),
        cmocka_unit_test(what_waits_goes_behind_the_others),
        cmocka_unit_test(an_empty_queue_begins_in_its_first_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
