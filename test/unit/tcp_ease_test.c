/* What the fast paths ask before they believe that nothing else is going on: each fact that stands against it, who
 * takes the remembered answer away, and what is asked each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "test/support/tcp_hand.h"
#include "transport/tcp/ease.h"
#include "transport/tcp/expected.h"

enum { MSS = 1460, HEADER = 20 };

static struct hand begin(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.sack = true;
    hand.mss = MSS;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static void end(struct hand *hand)
{
    tcp_close(hand->tcp, hand->connection);
    tcp_unlisten(hand->tcp, hand->listener);
    world_drain(hand->world);
    hand_send(hand, TCP_FLAG_RST | TCP_FLAG_ACK, NULL, 0);
    world_free(hand->world);
}

/* Is `c` as it is, but for one fact, at ease to hear and to send? The fact is undone by who calls. */
static void check(struct tcp_connection *c, bool hears, bool sends)
{
    tcp_ease_ends(c);
    assert_int_equal(tcp_hears_at_ease(c), hears);
    assert_int_equal((c->flags & TCP_AT_EASE) != 0, hears && sends);
    tcp_ease_ends(c);
    assert_int_equal(tcp_sends_at_ease(c), sends);
    assert_int_equal((c->flags & TCP_AT_EASE) != 0, hears && sends);
    tcp_ease_ends(c);
}

#define STANDS_AGAINST(field, value, hears, sends) \
    do {                                           \
        struct tcp_connection before = *c;         \
                                                   \
        c->field = value;                          \
        check(c, hears, sends);                    \
        *c = before;                               \
        check(c, true, true);                      \
    } while (0)

static void every_fact_counts(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    struct tcp_ranges ranges = { .count = 0 };

    (void)state;
    check(c, true, true);
    STANDS_AGAINST(congestion.phase, CONGESTION_REDUCTION, false, false);
    STANDS_AGAINST(congestion.phase, CONGESTION_RECOVERY, false, false);
    STANDS_AGAINST(congestion.phase, CONGESTION_LOSS, false, false);
    STANDS_AGAINST(ecn_flags, c->ecn_flags | TCP_ECN_WAITS, false, false);
    STANDS_AGAINST(ecn_flags, c->ecn_flags | TCP_ECN_REDUCED, false, true);
    STANDS_AGAINST(ecn_flags, c->ecn_flags | TCP_ECN_HEARD, false, true);
    STANDS_AGAINST(ecn_flags, c->ecn_flags | TCP_ECN_CWR, true, false);
    STANDS_AGAINST(frto, FRTO_REPAIR, false, true);
    STANDS_AGAINST(frto, FRTO_NEW, false, false);
    STANDS_AGAINST(tail.out, true, false, true);
    STANDS_AGAINST(rack.dsack_round, true, false, true);
    STANDS_AGAINST(blackhole.trying, true, false, true);
    STANDS_AGAINST(blackhole.ceiling, 1280, true, false);
    STANDS_AGAINST(ranges, &ranges, false, true);
    STANDS_AGAINST(duplicate_acks, 1, true, false);
    STANDS_AGAINST(retransmit_end, seq_add(c->retransmit_next, 1), true, false);
    STANDS_AGAINST(settings.cork, true, true, false);
    STANDS_AGAINST(settings.notsent_low_water, 1, true, false);
    STANDS_AGAINST(settings.ttl, 0, true, false);
    STANDS_AGAINST(state, BARO_TCP_SYN_RECEIVED, false, false);
    STANDS_AGAINST(flags, c->flags & ~(uint32_t)TCP_SACK_PERMITTED, false, true);
    STANDS_AGAINST(flags, c->flags | TCP_FIN_HELD, false, true);
    end(&hand);
}

/* Other flags, which calls set too, are asked each time, remembered or not. */
static void other_flags_are_asked_each_time(void **state)
{
    const uint32_t both = TCP_URGENT_SENDING, hears = TCP_URGENT_KNOWN,
                   sends = TCP_TAIL | TCP_PROBE | TCP_MORE | TCP_FLUSH;
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    for (uint32_t flag = 1; flag <= TCP_IN_QUEUE; flag <<= 1) {
        uint32_t before = c->flags;

        if ((flag & (both | hears | sends)) == 0)
            continue;
        for (int known = 0; known < 2; known++) {
            c->flags = known ? before | flag | TCP_AT_EASE : (before | flag) & ~(uint32_t)TCP_AT_EASE;
            assert_int_equal(tcp_hears_at_ease(c), (flag & (both | hears)) == 0);
            c->flags = known ? before | flag | TCP_AT_EASE : (before | flag) & ~(uint32_t)TCP_AT_EASE;
            assert_int_equal(tcp_sends_at_ease(c), (flag & (both | sends)) == 0);
        }
        c->flags = before;
    }
    end(&hand);
}

static void remember(struct tcp_connection *c)
{
    tcp_ease_ends(c);
    assert_true(tcp_hears_at_ease(c));
    assert_true((c->flags & TCP_AT_EASE) != 0);
}

static void whatever_else_happens_ends_it(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    struct tcp_settings settings = c->settings;

    (void)state;
    remember(c);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0); /* the slow path in */
    assert_true((c->flags & TCP_AT_EASE) == 0);
    remember(c);
    settings.nodelay = true;
    assert_int_equal(tcp_change(hand.tcp, hand.connection, &settings), 0);
    assert_true((c->flags & TCP_AT_EASE) == 0);
    remember(c);
    assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"x", 1 }, 0), 1);
    assert_true((c->flags & TCP_AT_EASE) != 0); /* a call does not */
    world_drain(&world);                        /* the slow path out */
    assert_true((c->flags & TCP_AT_EASE) == 0);
    remember(c);
    tcp_icmp_error(hand.tcp, c->local, c->remote, c->snd.una, 3, 1, 0);
    assert_true((c->flags & TCP_AT_EASE) == 0);
    remember(c);
    c->deadline_ns[TCP_TIMER_CORK] = 1; /* due, and nothing to do with what is at ease */
    tcp_timer(hand.tcp, &c->wheel);
    assert_true((c->flags & TCP_AT_EASE) == 0);
    end(&hand);
}

/* ---- the fast path itself ---- */

/* The segment that the connection waits for, or nearly, without timestamps: an ACK of `acked` octets. */
static bool takes(const struct hand *hand, uint32_t acked, uint32_t length)
{
    struct tcp_connection *c = hand_connection(hand);
    uint8_t octets[HEADER + 4] = { 0 }, addresses[8] = { 0 };
    struct tcp_arrival arrival = { .addresses = addresses, .octets = octets, .length = HEADER + length, .place = c,
                                   .handle = hand->connection, .family = BARO_FAMILY_IPV4, .checksum_verified = true,
                                   .sure = true };

    write_be16(octets, c->remote.port.number);
    write_be16(octets + 2, c->local.port.number);
    write_be32(octets + 4, c->rcv.nxt.value);
    write_be32(octets + 8, c->snd.una.value + acked);
    write_be16(octets + 12, 0x5010);
    write_be16(octets + 14, 8192);
    return tcp_expected(hand->tcp, &arrival);
}

static void put(struct hand *hand, size_t length)
{
    static const uint8_t text[4 * MSS];

    assert_int_equal(tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ text, length }, 0), length);
    world_drain(hand->world);
}

/* Two segments of two moments, so that the board is there. */
static struct tcp_sender *flight(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    put(hand, MSS);
    world_pass(hand->world, NS_PER_MS);
    put(hand, MSS);
    assert_non_null(c->sender);
    assert_int_equal(tcp_flight(c), 2 * MSS);
    return c->sender;
}

static void a_board_that_knows_something_is_no_short_cut(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    struct scoreboard *board = &flight(&hand)->board;
    uint32_t *sum[] = { &board->sacked, &board->lost, &board->again };
    struct tcp_fast segment;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        *sum[i] = 1;
        assert_false(takes(&hand, MSS, 0));
        *sum[i] = 0;
    }
    board->lost = 1; /* what leaves is not new then */
    c->flags |= TCP_ACK_NOW;
    assert_int_equal(tcp_fast_begin(hand.tcp, hand.connection, &segment), TCP_FAST_DECLINED);
    board->lost = 0;
    assert_int_equal(tcp_fast_begin(hand.tcp, hand.connection, &segment), TCP_FAST_MORE);
    c->flags &= ~(uint32_t)TCP_ACK_NOW;
    assert_true(takes(&hand, MSS, 0));
    assert_int_equal(tcp_flight(c), MSS);
    assert_true(takes(&hand, MSS, 0));
    assert_null(c->sender); /* nothing is in flight: it is not needed */
    end(&hand);
}

static void only_what_the_numbers_allow(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    flight(&hand);
    assert_false(takes(&hand, 2 * MSS + 1, 0));         /* beyond SND.NXT */
    assert_false(takes(&hand, 0u - 1, 0));              /* before SND.UNA */
    c->snd.wnd = 0;
    assert_false(takes(&hand, MSS, 0));
    c->snd.wnd = 8192;
    assert_true(takes(&hand, 2 * MSS, 4));
    hand.seq += 4;
    end(&hand);
}

/* Left behind for 2^31 octets, Minshall's mark (and the others) would seem to lie ahead. */
static void marks_are_taken_along(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    flight(&hand);
    c->flight.small = c->flight.up = c->retransmit_next = c->retransmit_end = c->snd.una;
    assert_true(takes(&hand, MSS, 0));
    assert_int_equal(c->flight.small.value, c->snd.una.value);
    assert_int_equal(c->flight.up.value, c->snd.una.value);
    assert_int_equal(c->retransmit_next.value, c->snd.una.value);
    assert_int_equal(c->retransmit_end.value, c->snd.una.value);
    end(&hand);
}

static enum tcp_fast_verdict leaves(struct hand *hand, struct tcp_fast *segment)
{
    static uint8_t header[64];
    enum tcp_fast_verdict verdict = tcp_fast_begin(hand->tcp, hand->connection, segment);

    segment->header = header;
    return verdict == TCP_FAST_MORE ? tcp_fast_segment(hand->tcp, &hand->world->side[1].path, segment) : verdict;
}

/* A piece below full size that leaves the fast path is one that Nagle waits for; a full one is not. */
static void small_pieces_are_marked(void **state)
{
    struct world world;
    struct hand hand = begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    struct tcp_fast segment;
    static const uint8_t text[MSS + 10];

    (void)state;
    hand.world->side[1].stuck = true;
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ text, MSS }, 0);
    assert_int_equal(leaves(&hand, &segment), TCP_FAST_LAST);
    assert_int_equal(segment.length, MSS);
    assert_true(seq_le(c->flight.small, c->snd.una));
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ text, 10 }, 0);
    assert_int_equal(leaves(&hand, &segment), TCP_FAST_LAST);
    assert_int_equal(segment.length, 10);
    assert_int_equal(c->flight.small.value, c->snd.nxt.value);
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ text, 10 }, 0);
    assert_int_equal(leaves(&hand, &segment), TCP_FAST_NOTHING); /* held */
    hand.world->side[1].stuck = false;
    end(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_counts),
        cmocka_unit_test(other_flags_are_asked_each_time),
        cmocka_unit_test(whatever_else_happens_ends_it),
        cmocka_unit_test(a_board_that_knows_something_is_no_short_cut),
        cmocka_unit_test(only_what_the_numbers_allow),
        cmocka_unit_test(marks_are_taken_along),
        cmocka_unit_test(small_pieces_are_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
