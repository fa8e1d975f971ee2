/* How much is held out of order: a window with a hole in front of every segment is held as a whole, so that nothing of
 * it is sent twice; crumbs are not worth a longer list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"
#include "transport/tcp/parts.h"

enum { SEGMENT = 536, HOLES = 800 };

/* Every second piece of so many octets; how many are held. */
static uint32_t hold_every_second(struct hand *hand, uint32_t octets)
{
    struct tcp_connection *c = hand_connection(hand);

    for (unsigned i = 0; i < HOLES; i++) {
        uint64_t begin = c->recv.end + (2 * i + 1) * (uint64_t)octets;

        tcp_ranges_add(hand->tcp, c, begin, begin + octets);
    }
    return c->ranges->count;
}

static void a_window_of_holes_is_held(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    const uint64_t first = c->recv.end;

    (void)state;
    assert_int_equal(hold_every_second(&hand, SEGMENT), HOLES);
    /* joins three, fills what is between */
    assert_true(tcp_ranges_add(hand.tcp, c, first + SEGMENT / 2, first + 5 * SEGMENT));
    assert_int_equal(c->ranges->count, HOLES - 2);
    assert_int_equal(c->ranges->range[0].begin, first + SEGMENT / 2);
    assert_int_equal(c->ranges->range[0].end, first + 6 * SEGMENT);
    for (unsigned i = 3; i < HOLES; i++) {
        tcp_receive_advance(hand.tcp, c, SEGMENT);
        assert_int_equal(c->recv.end - first, 2 * i * SEGMENT); /* what stood behind it, too */
    }
    tcp_receive_advance(hand.tcp, c, SEGMENT);
    assert_null(c->ranges);
    assert_int_equal(hold_every_second(&hand, 1), TCP_RANGES); /* a list of few places again */
    tcp_ranges_free(hand.tcp, c);
    c->recv.end = first;
    world_free(&world);
}

static void crumbs_have_few_places(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    assert_int_equal(hold_every_second(&hand, SEGMENT - 1), TCP_RANGES);
    assert_int_equal(c->ranges->limit, TCP_RANGES);
    assert_int_equal(c->ranges->range[0].begin, c->recv.end + SEGMENT - 1); /* the near ones */
    tcp_ranges_free(hand.tcp, c);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_of_holes_is_held),
        cmocka_unit_test(crumbs_have_few_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
