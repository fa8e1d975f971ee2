/* SYNs and SYN+ACKs by the fast path and the slow path, as unit/tcp_expected_test has the other segments: from where
 * nobody can be, and before our own SYN left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

static struct world worlds[2]; /* the slow path; with the fast path */
static struct hand hands[2];

static enum baro_tcp_state state_of(const struct hand *hand)
{
    return hand_connection(hand) == NULL ? BARO_TCP_CLOSED : hand_state(hand);
}

static void are_the_same(const char *name)
{
    assert_memory_equal(&worlds[0].side[1].core.counters, &worlds[1].side[1].core.counters,
                        sizeof worlds[0].side[1].core.counters);
    if (worlds[0].seen_count != worlds[1].seen_count || state_of(&hands[0]) != state_of(&hands[1]))
        fail_msg("%s: %u and %u segments, %s and %s", name, worlds[0].seen_count, worlds[1].seen_count,
                 baro_tcp_state_name(state_of(&hands[0])), baro_tcp_state_name(state_of(&hands[1])));
    for (unsigned i = 0; i < worlds[0].seen_count; i++)
        assert_memory_equal(&worlds[0].seen[i], &worlds[1].seen[i], sizeof worlds[0].seen[i]);
}

/* Each world gets this segment; the options are those of nearly all SYNs. */
static void both_hear(const char *name, struct world_made segment, bool taken)
{
    enum baro_drop_reason reason[2];
    uint64_t before = hands[1].tcp->expected;

    segment.window = 60000;
    segment.mss = 1460;
    segment.sack_permitted = segment.timestamps = true;
    segment.ts_value = 100;
    for (unsigned i = 0; i < 2; i++)
        reason[i] = world_inject(&worlds[i], segment);
    if (hands[1].tcp->expected - before != taken)
        fail_msg("%s: the short cut %s it", name, taken ? "does not take" : "takes");
    assert_int_equal(reason[0], reason[1]);
    are_the_same(name);
}

static void begin_both(void (*prepare)(struct hand *hand))
{
    for (unsigned i = 0; i < 2; i++) {
        world_init(&worlds[i], 1);
        hand_init(&hands[i], &worlds[i]);
        prepare(&hands[i]);
        worlds[i].side[1].expects = i == 1;
    }
}

static void end_both(const char *name)
{
    for (unsigned i = 0; i < 2; i++)
        world_pass(&worlds[i], NS_PER_S / 2);
    are_the_same(name);
    for (unsigned i = 0; i < 2; i++)
        world_free(&worlds[i]);
}

static void listens(struct hand *hand)
{
    hand->listener = world_listen(hand->world, &hand->settings, 5);
}

static void where_a_syn_may_come_from(void **state)
{
    const struct { const char *name; struct baro_address source; uint16_t port; bool taken; } trials[] = {
        { "a SYN", world_endpoint(0, 0).address, 40000, true },
        { "a SYN from nowhere", baro_ipv4(0, 0, 0, 0), 40000, false },
        { "a SYN from a group", baro_ipv4(224, 0, 0, 9), 40000, false },
        { "a SYN from everybody", baro_ipv4(255, 255, 255, 255), 40000, false },
        { "a SYN from the listener's own address", world_endpoint(1, 0).address, 40000, true },
        { "a SYN from the listener itself", world_endpoint(1, 0).address, 80, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        begin_both(listens);
        both_hear(trials[i].name, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 5000, .source = trials[i].source,
                                                       .port = trials[i].port }, trials[i].taken);
        end_both(trials[i].name);
    }
}

/* Its SYN waits until the wire takes it. */
static void has_not_asked_yet(struct hand *hand)
{
    hand->world->side[1].stuck = true;
    assert_int_equal(world_connect_between(hand->tcp, world_endpoint(1, 80), world_endpoint(0, 40000),
                                           &hand->world->side[1].path, &hand->settings, 2, &hand->connection),
                     0);
    hand->ack = hand_connection(hand)->snd.iss.value;
}

static void has_asked(struct hand *hand)
{
    hand_reach(hand, BARO_TCP_SYN_SENT);
}

static void an_answer_to_what_was_not_asked(void **state)
{
    const struct world_made answer = { .flags = TCP_FLAG_SYN | TCP_FLAG_ACK, .seq = 5000 };
    struct world_made with_ack = answer;

    (void)state;
    begin_both(has_asked);
    with_ack.ack = hands[0].ack;
    both_hear("a SYN+ACK", with_ack, true);
    end_both("a SYN+ACK");
    begin_both(has_not_asked_yet);
    with_ack.ack = hands[0].ack;
    both_hear("a SYN+ACK before the SYN left", with_ack, false);
    worlds[0].side[1].stuck = worlds[1].side[1].stuck = false;
    end_both("a SYN+ACK before the SYN left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_syn_may_come_from),
        cmocka_unit_test(an_answer_to_what_was_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
