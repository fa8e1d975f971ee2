/* SACK blocks that lie: beyond what was sent, over what is not acknowledged, inside out, in thousands of crumbs, and
 * duplicates that never were. A peer played by hand; the invariants are checked at every segment. What a liar may win
 * is a slow connection of its own: no recovery from junk, no windows given back for it, bounded work, and repair by the
 * timer where the peer has thrown away what it held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static uint8_t text[64 * MSS];

static struct hand open_hand(struct world *world, bool timestamps)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.sack = true;
    hand.timestamps = timestamps;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static void put(struct hand *hand, uint32_t octets)
{
    assert_int_equal(tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ text, octets }, 0), octets);
    world_drain(hand->world);
}

/* An ACK with blocks of [left, right) as offsets from SND.UNA. */
static void tell(struct hand *hand, uint32_t ack, unsigned count, const int32_t block[][2])
{
    struct tcp_connection *c = hand_connection(hand);
    struct world_made made = { .flags = TCP_FLAG_ACK, .seq = hand->seq, .ack = ack, .window = hand->window,
                               .timestamps = hand->timestamps, .ts_value = hand->ts_value, .sack_count = count };

    for (unsigned i = 0; i < count; i++) {
        made.sack[i].left = seq_add(c->snd.una, (uint32_t)block[i][0]);
        made.sack[i].right = seq_add(c->snd.una, (uint32_t)block[i][1]);
    }
    (void)world_inject(hand->world, made);
}

static uint64_t recoveries(const struct hand *hand)
{
    return hand->world->side[1].core.counters.tcp_fast_retransmits;
}

static uint64_t undone(const struct hand *hand)
{
    return hand->world->side[1].core.counters.tcp_undone;
}

/* All is acknowledged, both ways work. */
static void still_works(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);
    uint8_t octets[5];

    for (unsigned i = 0; i < 100 && tcp_flight(c) != 0; i++)
        tell(hand, c->snd.nxt.value, 0, NULL);
    assert_int_equal(tcp_flight(c), 0);
    assert_null(c->sender);
    hand->ack = c->snd.nxt.value;
    hand_send(hand, TCP_FLAG_ACK, "alive", 5);
    assert_int_equal(tcp_recv(hand->tcp, hand->connection, (struct baro_buffer){ octets, 5 }, 0), 5);
}

static void junk_begins_no_recovery(void **state)
{
    static const int32_t junk[][2] = {
        { 20 * MSS, 30 * MSS },                     /* beyond SND.NXT */
        { 5 * MSS, 10 * MSS + 1 },                  /* half beyond it */
        { 5 * MSS, 4 * MSS },                       /* inside out */
        { 5 * MSS, 5 * MSS },                       /* empty */
        { 0, 4 * MSS },                             /* over SND.UNA, which the same ACK says is missing */
        { -10, 10 * MSS },
        { -(1 << 30), 8 * MSS },
        { 6 * MSS, INT32_MAX },
        { INT32_MIN, 6 * MSS },
        { INT32_MAX, INT32_MIN }
    };

    (void)state;
    for (unsigned i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        struct world world;
        struct hand hand = open_hand(&world, false);
        struct tcp_connection *c = hand_connection(&hand);
        uint32_t first = hand.ack;

        put(&hand, 10 * MSS);
        hand_skip(&hand);
        for (unsigned times = 0; times < 5; times++)
            tell(&hand, first, 1, &junk[i]);
        assert_int_equal(recoveries(&hand), 0);
        assert_null(hand_next(&hand));
        assert_true(c->sender == NULL || (c->sender->board.sacked == 0 && c->sender->board.lost == 0));
        assert_int_equal(tcp_pipe(c), 10 * MSS);
        still_works(&hand);
        world_free(&world);
    }
}

/* Every second octet: no more runs than there are, and everything can still be sent again and acknowledged. */
static void crumbs_cost_no_more_than_the_bound(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;

    (void)state;
    put(&hand, 10 * MSS);
    for (int32_t at = 1; at < 10 * MSS - 8; at += 8) {
        const int32_t block[4][2] = { { at, at + 1 }, { at + 2, at + 3 }, { at + 4, at + 5 }, { at + 6, at + 7 } };

        tell(&hand, first, 4, block);
        assert_in_range(c->sender->board.count, 1, SCOREBOARD_RUNS);
    }
    world.seen_count = hand.mark = 0;
    world_pass(&world, 10 * NS_PER_S); /* timeouts over crumbs */
    assert_in_range(world.seen_count, 1, 100);
    for (uint32_t at = 1; at < 10 * MSS; at += 97)
        tell(&hand, first + at, 0, NULL);
    still_works(&hand);
    world_free(&world);
}

static void random_lies(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world world;
        struct hand hand = open_hand(&world, seed % 2 != 0);
        struct tcp_connection *c = hand_connection(&hand);

        world.random = seed * 2654435761u;
        for (unsigned step = 0; step < 400 && (c->flags & TCP_CLOSED_DONE) == 0; step++) {
            int32_t block[4][2], range = (int32_t)tcp_flight(c) + 200;
            uint32_t ack = c->snd.una.value;

            for (unsigned i = 0; i < 4; i++) {
                block[i][0] = (int32_t)world_random(&world, (uint32_t)range) - 100;
                block[i][1] = block[i][0] + (int32_t)world_random(&world, (uint32_t)range / 4 + 1);
            }
            if (world_random(&world, 4) == 0)
                ack += world_random(&world, tcp_flight(c) + 2);
            if (world_random(&world, 3) == 0 && tcp_send_room(c) > 3 * MSS)
                put(&hand, world_random(&world, 2 * MSS) + 1);
            hand.window = world_random(&world, 8) == 0 ? world_random(&world, 3000) : 60000;
            hand.ts_value++;
            tell(&hand, ack, 1 + world_random(&world, hand.timestamps ? 3 : 4), block);
            world_pass(&world, (int64_t)world_random(&world, 60) * NS_PER_MS);
            world.seen_count = hand.mark = 0;
        }
        hand.window = 60000;
        tell(&hand, c->snd.nxt.value, 0, NULL);
        world_pass(&world, 5 * NS_PER_S);
        still_works(&hand);
        world_free(&world);
    }
}

/* No memory for the record of the flight: SACK goes unheard, the timer repairs, and when there is memory again it is
 * heard. */
static void without_memory_the_timer_repairs(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;
    size_t takes = world.side[1].takes_allowed;

    (void)state;
    put(&hand, 10 * MSS);
    world.side[1].takes_allowed = 0;
    for (int32_t i = 2; i <= 10; i++)
        tell(&hand, first, 1, (const int32_t[][2]){ { MSS, i * MSS } });
    assert_null(c->sender);
    hand_skip(&hand);
    world_pass(&world, 2 * NS_PER_S);
    assert_non_null(hand_next(&hand)); /* a probe, then the timer */
    assert_int_equal(recoveries(&hand), 0);
    tell(&hand, first + 2 * MSS, 1, (const int32_t[][2]){ { 3 * MSS, 4 * MSS } });
    world_pass(&world, 2 * NS_PER_S);
    assert_null(c->sender);
    world.side[1].takes_allowed = takes;
    tell(&hand, first + 2 * MSS, 1, (const int32_t[][2]){ { MSS, 2 * MSS } });
    assert_non_null(c->sender);
    assert_int_equal(c->sender->board.sacked, MSS);
    world_pass(&world, 2 * NS_PER_S);
    still_works(&hand);
    world_free(&world);
}

/* The peer takes back what it told of (RFC 2018 §8): the timer sends everything again. */
static void reneging_is_repaired(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;
    const struct world_segment *seen;

    (void)state;
    put(&hand, 10 * MSS);
    tell(&hand, first, 1, (const int32_t[][2]){ { MSS, 10 * MSS } });
    tell(&hand, first + MSS, 0, NULL); /* the hole is filled, and all behind it is gone */
    hand_skip(&hand);
    for (unsigned i = 1; i < 10; i++) {
        world_pass(&world, 2 * NS_PER_S);
        seen = hand_next(&hand);
        assert_non_null(seen);
        assert_int_equal(seen->seq, first + i * MSS);
        hand_skip(&hand);
        tell(&hand, first + (i + 1) * MSS, 0, NULL);
        if (c->snd.una.value == c->snd.nxt.value)
            break;
        world.seen_count = hand.mark = 0;
        c->rtt.rto_ns = 200 * NS_PER_MS;
        if (i == 2)
            break;
    }
    still_works(&hand);
    world_free(&world);
}

static void lose_the_first_of_ten(struct hand *hand)
{
    uint32_t first = hand->ack;

    put(hand, 10 * MSS);
    hand_skip(hand);
    tell(hand, first, 1, (const int32_t[][2]){ { MSS, 5 * MSS } });
    assert_int_equal(recoveries(hand), 1);
}

/* A duplicate of something else proves nothing about what was sent again (RFC 2883): the windows stay reduced. */
static void duplicates_elsewhere_undo_nothing(void **state)
{
    static const int32_t block[][2][2] = {
        { { -MSS, 0 }, { MSS, 5 * MSS } },              /* acknowledged long before */
        { { -(1 << 30), -(1 << 29) }, { MSS, 5 * MSS } },
        { { 2 * MSS, 3 * MSS }, { MSS, 5 * MSS } },     /* an original that came twice */
        { { MSS, 5 * MSS }, { MSS, 5 * MSS } }
    };

    (void)state;
    for (unsigned i = 0; i < sizeof block / sizeof block[0]; i++) {
        struct world world;
        struct hand hand = open_hand(&world, false);
        struct tcp_connection *c = hand_connection(&hand);

        put(&hand, MSS);
        hand_skip(&hand);
        tell(&hand, hand.ack, 0, NULL);
        lose_the_first_of_ten(&hand);
        for (unsigned times = 0; times < 3; times++)
            tell(&hand, c->snd.una.value, 2, block[i]);
        assert_int_equal(undone(&hand), 0);
        assert_int_equal(c->congestion.phase, CONGESTION_RECOVERY);
        still_works(&hand);
        world_free(&world);
    }
}

/* The same between two that were sent again: it is not enough to lie in their range. */
static void duplicates_between_undo_nothing(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;

    (void)state;
    put(&hand, 10 * MSS);
    tell(&hand, first, 2, (const int32_t[][2]){ { MSS, 3 * MSS }, { 4 * MSS, 10 * MSS } });
    assert_int_equal(recoveries(&hand), 1);
    assert_int_equal(world.side[1].core.counters.tcp_retransmitted, 2);
    tell(&hand, first, 2, (const int32_t[][2]){ { MSS, 3 * MSS }, { MSS, 3 * MSS } });
    assert_int_equal(undone(&hand), 0);
    assert_int_equal(c->congestion.phase, CONGESTION_RECOVERY);
    still_works(&hand);
    world_free(&world);
}

/* The timer's time is the probe's time, and a recovery has begun whose segments could not leave yet: the timer must not
 * be the last thing that ever happened. */
static void a_probe_too_late_leaves_the_timer(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;
    unsigned mark;

    (void)state;
    world_pass(&world, 20 * NS_PER_MS);
    put(&hand, 4 * MSS); /* a round trip of 20 ms to go by */
    world_pass(&world, 20 * NS_PER_MS);
    tell(&hand, first + 4 * MSS, 0, NULL);
    put(&hand, MSS);
    world_pass(&world, NS_PER_MS);
    put(&hand, 500);
    assert_true(c->deadline_ns[TCP_TIMER_TAIL] == c->deadline_ns[TCP_TIMER_RETRANSMIT]);
    world.side[1].stuck = true; /* nothing leaves: as while the neighbour is asked for */
    tell(&hand, first + 4 * MSS, 1, (const int32_t[][2]){ { MSS, MSS + 500 } });
    world_pass(&world, NS_PER_S);
    assert_int_equal(recoveries(&hand), 1);
    world.side[1].stuck = false;
    mark = world.seen_count;
    world_pass(&world, 3 * NS_PER_S);
    assert_true(world_count(&world, mark, 1) >= 2); /* once, and by the timer again */
    still_works(&hand);
    world_free(&world);
}

/* What was sent during a recovery, found lost in it and not sent again before its end is a loss of its own. */
static void losses_beyond_the_recovery_count(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world, false);
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack, ssthresh;

    (void)state;
    world_pass(&world, 20 * NS_PER_MS);
    put(&hand, 20 * MSS);
    world_pass(&world, 20 * NS_PER_MS);
    tell(&hand, first, 1, (const int32_t[][2]){ { MSS, 10 * MSS } });
    assert_int_equal(recoveries(&hand), 1);
    assert_int_equal(c->recover.value, first + 10 * MSS);
    assert_int_equal(c->snd.nxt.value, first + 16 * MSS); /* six new ones */
    ssthresh = c->congestion.ssthresh;
    world_pass(&world, 20 * NS_PER_MS);
    /* the last of them alone */
    tell(&hand, first, 2, (const int32_t[][2]){ { 15 * MSS, 16 * MSS }, { MSS, 10 * MSS } });
    assert_int_equal(c->sender->board.lost, 3 * MSS); /* there was room for two */
    tell(&hand, first + 10 * MSS, 1, (const int32_t[][2]){ { 15 * MSS, 16 * MSS } });
    assert_int_equal(recoveries(&hand), 2);
    assert_int_equal(undone(&hand), 0);
    assert_true(c->congestion.ssthresh < ssthresh);
    still_works(&hand);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junk_begins_no_recovery),
        cmocka_unit_test(crumbs_cost_no_more_than_the_bound),
        cmocka_unit_test(random_lies),
        cmocka_unit_test(without_memory_the_timer_repairs),
        cmocka_unit_test(reneging_is_repaired),
        cmocka_unit_test(duplicates_elsewhere_undo_nothing),
        cmocka_unit_test(duplicates_between_undo_nothing),
        cmocka_unit_test(a_probe_too_late_leaves_the_timer),
        cmocka_unit_test(losses_beyond_the_recovery_count)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
