/* Tests of base/intent.h: order, the full queue, and what waits for room. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/intent.h"

static struct intent slots[2 * INTENT_QUEUE_SIZE];

static struct intent_queue queue_of(uint32_t count)
{
    struct intent_queue queue = { .slot = slots, .limit = INTENT_QUEUE_SIZE, .free = INTENT_NONE };

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

static void who_waits_stands_in_the_line_of_a_device(void **state)
{
    struct intent_queue queue = queue_of(INTENT_QUEUE_SIZE);

    (void)state;
    for (uint32_t i = 1; i <= INTENT_QUEUE_SIZE; i++) {
        intent_stall(&queue, i % 3 == 0 ? 2 : 16, false);
        intent_check_invariants(&queue);
        assert_int_equal(queue.count, INTENT_QUEUE_SIZE - i);
    }
    assert_int_equal(queue.stalled, 1u << 2 | 1u << 16);
    assert_null(intent_add(&queue, INTENT_TCP_OUTPUT)); /* they count */
    assert_true(intent_queue_is_nearly_full(&queue));
    assert_int_equal(intent_ready(&queue, 2, 2), 2);
    assert_int_equal(take(&queue), 3);
    intent_add(&queue, INTENT_TCP_OUTPUT)->owner = (struct handle){ 9999 };
    assert_int_equal(intent_ready(&queue, 16, INTENT_QUEUE_SIZE), INTENT_QUEUE_SIZE - INTENT_QUEUE_SIZE / 3);
    intent_check_invariants(&queue);
    assert_int_equal(queue.stalled, 1u << 2);
    for (uint32_t i = 1; i <= INTENT_QUEUE_SIZE; i++) {
        if (i % 3 != 0)
            assert_int_equal(take(&queue), i);
    }
    assert_int_equal(take(&queue), 6);
    assert_int_equal(take(&queue), 9999);
    assert_int_equal(intent_ready(&queue, 2, INTENT_QUEUE_SIZE), INTENT_QUEUE_SIZE / 3 - 2);
    for (uint32_t i = 9; i <= INTENT_QUEUE_SIZE; i += 3)
        assert_int_equal(take(&queue), i);
    assert_null(intent_first(&queue));
    assert_int_equal(queue.limit, INTENT_QUEUE_SIZE);
    intent_check_invariants(&queue);
}

/* Three of five had their turn and found no room again; what is new waits behind all. */
static void who_waits_again_keeps_his_place(void **state)
{
    struct intent_queue queue = queue_of(5);

    (void)state;
    for (int i = 0; i < 5; i++)
        intent_stall(&queue, 1, false);
    intent_add(&queue, INTENT_TCP_OUTPUT)->owner = (struct handle){ 6 };
    assert_int_equal(intent_ready(&queue, 1, 3), 3);
    for (int i = 0; i < 3; i++)
        intent_stall(&queue, 1, true);
    intent_stall(&queue, 1, false);
    intent_check_invariants(&queue);
    assert_int_equal(intent_ready(&queue, 1, 4), 4);
    assert_int_equal(take(&queue), 1);
    for (int i = 0; i < 3; i++)
        intent_stall(&queue, 1, true);
    intent_check_invariants(&queue);
    assert_int_equal(intent_ready(&queue, 1, INTENT_QUEUE_SIZE), 5);
    for (uint64_t i = 2; i <= 6; i++)
        assert_int_equal(take(&queue), i);
    intent_check_invariants(&queue);
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
        cmocka_unit_test(who_waits_stands_in_the_line_of_a_device),
        cmocka_unit_test(who_waits_again_keeps_his_place),
        cmocka_unit_test(an_empty_queue_begins_in_its_first_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
