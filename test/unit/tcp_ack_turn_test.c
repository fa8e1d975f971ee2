/* Which ACKs wait for the program's turn (ack_turn.c), what carries them, and what never waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { ACK = TCP_FLAG_ACK, PUSHED = TCP_FLAG_ACK | TCP_FLAG_PSH, FIN = TCP_FLAG_FIN | TCP_FLAG_ACK };

static struct world world;
static struct hand hand;

/* From now on nothing is drained: the host is between its poll and its flush. */
static void turn_begins(void)
{
    hand_skip(&hand);
    world.side[1].stuck = true;
}

/* The intents until now, and the ACKs that wait. */
static void assert_intended(uint32_t now, uint32_t waiting)
{
    assert_int_equal(world.side[1].core.intents.count, now);
    assert_int_equal(tcp_turn_is_awaited(hand.tcp) ? hand.tcp->soon_count : 0, waiting);
}

static uint32_t turn_ends(void)
{
    unsigned mark = world.seen_count;

    world.side[1].stuck = false;
    world_drain(&world);
    assert_false(tcp_turn_is_awaited(hand.tcp));
    return world_count(&world, mark, 1);
}

static int open_one(void **state)
{
    (void)state;
    hand = hand_begin(&world);
    turn_begins();
    return 0;
}

/* One that is not young any more. */
static int open_grown(void **state)
{
    (void)open_one(state);
    for (int i = 0; i < TCP_QUICK_ACKS; i++) {
        hand_send(&hand, PUSHED, "a", 1);
        (void)turn_ends();
        turn_begins();
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void pushed_text_waits(void **state)
{
    (void)state;
    hand_send(&hand, PUSHED, "a", 1);
    assert_intended(0, 1);
    assert_int_equal(turn_ends(), 1);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    assert_int_equal(world_last(&world, 1)->length, 0);
}

static void an_answer_carries_it(void **state)
{
    (void)state;
    hand_send(&hand, PUSHED, "a", 1);
    assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"b", 1 }, 0), 1);
    assert_int_equal(turn_ends(), 1);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    assert_int_equal(world_last(&world, 1)->length, 1);
    assert_false(tcp_timer_armed(hand_connection(&hand), TCP_TIMER_DELAYED_ACK));
}

/* A sender in slow start that has more to say gets its clock. */
static void more_to_come_does_not_wait(void **state)
{
    (void)state;
    hand_send(&hand, ACK, "a", 1);
    assert_intended(1, 0);
}

static void a_second_segment_does_not_wait(void **state)
{
    (void)state;
    hand_send(&hand, PUSHED, NULL, 1000);
    assert_intended(0, 1);
    hand_send(&hand, PUSHED, NULL, 1000);
    assert_intended(1, 1);
    assert_int_equal(turn_ends(), 1); /* which said all */
}

static void what_counts_for_the_peer_does_not_wait(void **state)
{
    (void)state;
    hand_send_at(&hand, PUSHED, 100, NULL, 100); /* behind a hole */
    assert_intended(1, 0);
    hand_send(&hand, PUSHED, NULL, 100); /* which is filled */
    assert_intended(2, 0);
    hand_send_at(&hand, PUSHED, -100, NULL, 100); /* again */
    assert_intended(3, 0);
    hand_send_at(&hand, TCP_FLAG_SYN, 0, NULL, 0); /* challenged */
    assert_intended(4, 0);
    assert_int_equal(turn_ends(), 4);
}

static void who_asked_for_quick_acks_does_not_wait(void **state)
{
    struct tcp_settings settings = hand.settings;

    (void)state;
    settings.quickack = true;
    assert_int_equal(tcp_change(hand.tcp, hand.connection, &settings), 0);
    turn_ends();
    turn_begins();
    hand_send(&hand, PUSHED, "a", 1);
    assert_intended(1, 0);
}

static void later_text_is_delayed_as_ever(void **state)
{
    (void)state;
    for (int i = 0; i < TCP_QUICK_ACKS; i++) {
        hand_send(&hand, PUSHED, "a", 1);
        assert_intended(0, 1);
        assert_int_equal(turn_ends(), 1);
        turn_begins();
    }
    hand_send(&hand, PUSHED, "a", 1);
    assert_intended(0, 0);
    assert_true(tcp_timer_armed(hand_connection(&hand), TCP_TIMER_DELAYED_ACK));
}

/* A delay in vain: so many segments later it is tried again, and one that an answer ends tells nothing new. */
static void after_a_delay_in_vain_it_waits_for_the_turn(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        hand_send(&hand, PUSHED, "a", 1);
        assert_intended(0, 0); /* delayed */
        world_pass(&world, 41 * NS_PER_MS);
        assert_int_equal(turn_ends(), 1);
        turn_begins();
        for (int i = 0; i < TCP_ALONE_ACKS; i++) {
            hand_send(&hand, PUSHED, "a", 1);
            assert_intended(0, 1);
            assert_int_equal(turn_ends(), 1);
            turn_begins();
        }
    }
    for (int i = 0; i < 3; i++) {
        hand_send(&hand, PUSHED, "a", 1);
        assert_intended(0, 0);
        assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"b", 1 }, 0), 1);
        assert_int_equal(turn_ends(), 1);
        turn_begins();
    }
}

/* Small text comes every 15 ms: an ACK tells of three segments, as ever, since its delay was not in vain. */
static void a_delay_that_spares_acks_is_not_in_vain(void **state)
{
    unsigned mark;

    (void)state;
    hand_send(&hand, ACK, NULL, 1000); /* what a full-sized one is */
    world.side[1].stuck = false;
    world_pass(&world, 100 * NS_PER_MS);
    mark = world.seen_count;
    for (int i = 0; i < 30; i++) {
        hand_send(&hand, PUSHED, "a", 1);
        world_pass(&world, 15 * NS_PER_MS);
    }
    assert_in_range(world_count(&world, mark, 1), 10, 10 + TCP_ALONE_ACKS); /* the pause before made some */
    mark = world.seen_count;
    for (int i = 0; i < 30; i++) {
        hand_send(&hand, PUSHED, "a", 1);
        world_pass(&world, 15 * NS_PER_MS);
    }
    assert_int_equal(world_count(&world, mark, 1), 10);
}

/* More text is to come: every second full-sized segment has an ACK, as ever. */
static void after_a_delay_in_vain_more_to_come_is_delayed(void **state)
{
    (void)state;
    hand_send(&hand, PUSHED, "a", 1);
    world_pass(&world, 41 * NS_PER_MS);
    assert_int_equal(turn_ends(), 1);
    turn_begins();
    for (int i = 0; i < 2; i++) {
        hand_send(&hand, ACK, NULL, 1000);
        assert_intended(0, 0);
        hand_send(&hand, ACK, NULL, 1000);
        assert_intended(1, 0);
        assert_int_equal(turn_ends(), 1);
        turn_begins();
    }
}

static void a_fin_waits_for_ours(void **state)
{
    (void)state;
    hand_send(&hand, FIN, NULL, 0);
    assert_intended(0, 1);
    tcp_close(hand.tcp, hand.connection);
    assert_int_equal(turn_ends(), 1);
    assert_int_equal(world_last(&world, 1)->flags, FIN);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
}

static void a_fin_is_acknowledged_though_nobody_closes(void **state)
{
    (void)state;
    hand_send(&hand, FIN, NULL, 0);
    assert_int_equal(turn_ends(), 1);
    assert_int_equal(world_last(&world, 1)->flags, ACK);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSE_WAIT);
}

/* Text that the window lets out no more takes no ACK along, nor does Nagle's small piece. */
static void what_cannot_leave_does_not_keep_it(void **state)
{
    (void)state;
    hand.window = 0;
    hand_send(&hand, PUSHED, "a", 1);
    assert_intended(0, 1);
    assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"b", 1 }, 0), 1);
    assert_int_equal(turn_ends(), 1);
    assert_int_equal(world_last(&world, 1)->length, 0);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
}

static void who_is_reset_meanwhile_says_nothing(void **state)
{
    (void)state;
    hand_send(&hand, PUSHED, "a", 1);
    hand_send(&hand, TCP_FLAG_RST, NULL, 0);
    tcp_close(hand.tcp, hand.connection);
    assert_null(hand_connection(&hand));
    assert_int_equal(turn_ends(), 0);
}

static void in_these_states_nobody_is_told(void **state)
{
    static const enum baro_tcp_state states[] = { BARO_TCP_FIN_WAIT_1, BARO_TCP_FIN_WAIT_2 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        world_init(&world, 1);
        hand_init(&hand, &world);
        hand_reach(&hand, states[i]);
        turn_begins();
        hand_send(&hand, FIN, NULL, 0);
        assert_intended(1, 0);
        turn_ends();
        world_free(&world);
    }
}

static void the_ack_that_ends_our_dialogue_waits(void **state)
{
    const uint8_t question = 7;

    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        world_init(&world, 1);
        hand_init(&hand, &world);
        hand_reach(&hand, BARO_TCP_SYN_SENT);
        turn_begins();
        hand_send(&hand, TCP_FLAG_SYN | TCP_FLAG_ACK, NULL, 0);
        assert_intended(0, 1);
        assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
        if (asks)
            assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ &question, 1 }, 0), 1);
        assert_int_equal(turn_ends(), 1);
        assert_int_equal(world_last(&world, 1)->length, asks);
        assert_int_equal(world_last(&world, 1)->ack, hand.seq + 1);
        world_free(&world);
    }
}

/* So many wait; one more leaves at once, and all are told. */
static void the_list_is_short(void **state)
{
    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_open(&hand);
    for (uint16_t i = 0; i <= TCP_SOON; i++) {
        struct handle connection;

        assert_int_equal(world_connect_between(hand.tcp, world_endpoint(1, (uint16_t)(90 + i)),
                                               world_endpoint(0, 40000), &world.side[1].path, &hand.settings, 2,
                                               &connection),
                         0);
    }
    world_drain(&world);
    turn_begins();
    for (unsigned i = 0, at = 0; at < world.seen_count; at++) {
        if ((world.seen[at].flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN)
            continue;
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN | TCP_FLAG_ACK, .seq = 1, .window = 1000,
                                                  .ack = world.seen[at].seq + 1, .to_port = (uint16_t)(90 + i) });
        i++;
        assert_intended(i > TCP_SOON ? 1 : 0, i > TCP_SOON ? TCP_SOON : i);
    }
    assert_int_equal(turn_ends(), TCP_SOON + 1);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pushed_text_waits, open_one, end),
        cmocka_unit_test_setup_teardown(an_answer_carries_it, open_one, end),
        cmocka_unit_test_setup_teardown(more_to_come_does_not_wait, open_one, end),
        cmocka_unit_test_setup_teardown(a_second_segment_does_not_wait, open_one, end),
        cmocka_unit_test_setup_teardown(what_counts_for_the_peer_does_not_wait, open_one, end),
        cmocka_unit_test_setup_teardown(who_asked_for_quick_acks_does_not_wait, open_one, end),
        cmocka_unit_test_setup_teardown(later_text_is_delayed_as_ever, open_one, end),
        cmocka_unit_test_setup_teardown(after_a_delay_in_vain_it_waits_for_the_turn, open_grown, end),
        cmocka_unit_test_setup_teardown(after_a_delay_in_vain_more_to_come_is_delayed, open_grown, end),
        cmocka_unit_test_setup_teardown(a_delay_that_spares_acks_is_not_in_vain, open_grown, end),
        cmocka_unit_test_setup_teardown(a_fin_waits_for_ours, open_one, end),
        cmocka_unit_test_setup_teardown(a_fin_is_acknowledged_though_nobody_closes, open_one, end),
        cmocka_unit_test_setup_teardown(what_cannot_leave_does_not_keep_it, open_one, end),
        cmocka_unit_test_setup_teardown(who_is_reset_meanwhile_says_nothing, open_one, end),
        cmocka_unit_test(in_these_states_nobody_is_told),
        cmocka_unit_test(the_ack_that_ends_our_dialogue_waits),
        cmocka_unit_test(the_list_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
