/* RACK by RFC 8985 §6.2: the reordering window and its bound, duplicates, answers that come too soon, and what is lost
 * when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "transport/tcp/rack.h"

enum { MSS = 1000 };

static struct scoreboard board;

static struct rack_facts facts_at(int64_t now_ms)
{
    return (struct rack_facts){ .now_ns = now_ms * NS_PER_MS, .srtt_ns = 100 * NS_PER_MS,
                                .min_rtt_ns = 80 * NS_PER_MS, .mss = MSS };
}

static void the_window_is_bounded_by_srtt(void **state)
{
    struct rack_memory memory;
    struct rack_facts facts = facts_at(0);

    (void)state;
    rack_memory_init(&memory);
    scoreboard_begin(&board, seq_of(0), seq_of(10 * MSS), 0, false);
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 20 * NS_PER_MS); /* a quarter */
    memory.reordering_seen = true;
    facts.recovering = true;
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 20 * NS_PER_MS);
    memory.reordering_seen = false;
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 0); /* in a recovery, no reordering seen */
    memory.reordering_seen = true;
    memory.multiple = 5;
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 100 * NS_PER_MS);
    memory.multiple = UINT8_MAX;
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 100 * NS_PER_MS);
}

static void duplicates_widen_the_window_for_sixteen_recoveries(void **state)
{
    struct rack_memory memory;
    struct rack_facts facts = facts_at(0);

    (void)state;
    rack_memory_init(&memory);
    scoreboard_begin(&board, seq_of(0), seq_of(10 * MSS), 0, false);
    rack_duplicate(&memory, seq_of(5000));
    rack_duplicate(&memory, seq_of(6000)); /* the same round trip: once */
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 40 * NS_PER_MS);
    rack_acked(&memory, seq_of(4999));
    rack_duplicate(&memory, seq_of(7000));
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 40 * NS_PER_MS);
    rack_acked(&memory, seq_of(5000));
    rack_duplicate(&memory, seq_of(9000));
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 60 * NS_PER_MS);
    for (unsigned i = 0; i < 15; i++) {
        rack_recovered(&memory);
        assert_int_equal(rack_window_ns(&memory, &board, &facts), 60 * NS_PER_MS);
    }
    rack_recovered(&memory);
    assert_int_equal(rack_window_ns(&memory, &board, &facts), 20 * NS_PER_MS);
}

static void an_answer_too_soon_is_the_originals(void **state)
{
    struct rack rack = { 0 };
    struct rack_memory memory;
    struct scoreboard_delivered delivered = { .octets = MSS, .any = true, .at_ns = NS_PER_S, .end = seq_of(MSS),
                                              .again = true };
    struct rack_facts facts = facts_at(1079); /* 79 ms after it was sent again: no round trip is that short */

    (void)state;
    rack_memory_init(&memory);
    rack_delivered(&rack, &memory, &delivered, &facts, false);
    assert_int_equal(rack.at_ns, 0);
    facts = facts_at(1080);
    rack_delivered(&rack, &memory, &delivered, &facts, true); /* its timestamp is from before */
    assert_int_equal(rack.at_ns, 0);
    rack_delivered(&rack, &memory, &delivered, &facts, false);
    assert_int_equal(rack.at_ns, NS_PER_S);
    assert_int_equal(rack.rtt_ns, 80 * NS_PER_MS);
    rack = (struct rack){ 0 };
    delivered.again = false; /* what was sent once has one answer */
    facts = facts_at(1001);
    rack_delivered(&rack, &memory, &delivered, &facts, true);
    assert_int_equal(rack.at_ns, NS_PER_S);
}

static void what_was_sent_long_enough_before_is_lost(void **state)
{
    struct rack rack = { 0 };
    struct rack_memory memory;
    struct scoreboard_delivered delivered = { 0 };
    struct rack_facts facts = facts_at(1090);
    uint32_t lost;

    (void)state;
    rack_memory_init(&memory);
    memory.reordering_seen = true;
    scoreboard_begin(&board, seq_of(0), seq_of(MSS), NS_PER_S, false);
    scoreboard_sent(&board, seq_of(2 * MSS), NS_PER_S + 5 * NS_PER_MS);
    scoreboard_sent(&board, seq_of(3 * MSS), NS_PER_S + 10 * NS_PER_MS);
    scoreboard_sent(&board, seq_of(4 * MSS), NS_PER_S + 15 * NS_PER_MS);
    scoreboard_sack(&board, seq_of(2 * MSS), seq_of(3 * MSS), &delivered);
    rack_delivered(&rack, &memory, &delivered, &facts, false);
    /* A round trip of 80 ms and the window of 20: the first at 1,100 ms, the second at 1,105, the fourth was sent
     * later. */
    assert_int_equal(rack_detect(&rack, &memory, &board, &facts, &lost), 15 * NS_PER_MS);
    assert_int_equal(lost, 0);
    facts = facts_at(1100);
    assert_int_equal(rack_detect(&rack, &memory, &board, &facts, &lost), 5 * NS_PER_MS);
    assert_int_equal(lost, MSS);
    facts = facts_at(1105);
    assert_int_equal(rack_detect(&rack, &memory, &board, &facts, &lost), 0);
    assert_int_equal(lost, MSS);
    /* Sent again, and lost again: found as soon as something sent after it is delivered. */
    scoreboard_again(&board, seq_of(0), seq_of(2 * MSS), 1105 * NS_PER_MS);
    scoreboard_sent(&board, seq_of(5 * MSS), 1110 * NS_PER_MS);
    delivered = (struct scoreboard_delivered){ 0 };
    scoreboard_sack(&board, seq_of(4 * MSS), seq_of(5 * MSS), &delivered);
    facts = facts_at(1205);
    rack_delivered(&rack, &memory, &delivered, &facts, false);
    (void)rack_detect(&rack, &memory, &board, &facts, &lost);
    assert_int_equal(lost, MSS); /* the fourth, of 1,015 ms */
    facts = facts_at(1220);
    (void)rack_detect(&rack, &memory, &board, &facts, &lost);
    assert_int_equal(lost, 2 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_is_bounded_by_srtt),
        cmocka_unit_test(duplicates_widen_the_window_for_sixteen_recoveries),
        cmocka_unit_test(an_answer_too_soon_is_the_originals),
        cmocka_unit_test(what_was_sent_long_enough_before_is_lost)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
