/* What a program's settings do to its connection: low waters, the window's clamp, the orphan's time, user timeout
 * beside keepalive, errors at once. A peer played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/icmp.h"
#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static struct hand fresh(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    return hand;
}

static struct hand open_with(struct world *world, const struct tcp_settings *settings)
{
    struct hand hand = fresh(world);

    hand.settings = *settings;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static struct tcp_settings usual(void)
{
    struct tcp_settings settings;

    tcp_settings_init(&settings);
    return settings;
}

static ptrdiff_t give(struct hand *hand, uint32_t octets)
{
    static const uint8_t data[200000];
    ptrdiff_t taken = tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, octets }, 0);

    world_drain(hand->world);
    return taken;
}

static unsigned told_out(struct hand *hand)
{
    uint32_t owner;
    unsigned count = 0;

    while (tcp_next_events(hand->tcp, &owner, 1) != 0)
        count++;
    return count != 0 && (tcp_readiness(hand->tcp, hand->connection) & BARO_EVENT_OUT) != 0;
}

static void little_waits_unsent(void **state)
{
    struct world world;
    struct tcp_settings settings = usual();
    struct hand hand;
    uint32_t first;

    (void)state;
    settings.notsent_low_water = 10 * MSS;
    hand = open_with(&world, &settings);
    first = hand.ack;
    /* Ten segments leave, ten may wait, no more is taken. */
    assert_int_equal(give(&hand, 10 * MSS), 10 * MSS);
    assert_true(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_OUT);
    assert_int_equal(give(&hand, 100000), 10 * MSS);
    assert_int_equal(give(&hand, 1), -EAGAIN);
    assert_int_equal(tcp_writable(hand.tcp, hand.connection), 0);
    assert_false(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_OUT);
    (void)told_out(&hand);
    /* Two acknowledged, four leave: six wait, more than half: nobody is told, though there is room. */
    hand.ack = first + 2 * MSS;
    hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0);
    assert_int_equal(tcp_writable(hand.tcp, hand.connection), 4 * MSS);
    assert_false(told_out(&hand));
    /* Two more: two wait. */
    hand.ack = first + 4 * MSS;
    hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0);
    assert_true(told_out(&hand));
    world_free(&world);
}

static void less_than_the_low_water_wakes_nobody(void **state)
{
    struct world world;
    struct tcp_settings settings = usual();
    struct hand hand;
    uint8_t room[16];

    (void)state;
    settings.recv_low_water = 100;
    hand = open_with(&world, &settings);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 99);
    assert_false(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1);
    assert_true(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    /* Who asks all the same is given what there is; then less than that is there again. */
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 16 }, 0), 16);
    assert_false(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    /* At the end of the stream there will be no more. */
    hand_send(&hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 0);
    assert_true(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    world_free(&world);
}

/* A segment of the size that the peer sends still fits: more will come, though one of the size that we offered would
 * not. */
static void a_window_for_one_more_is_not_closed(void **state)
{
    struct world world;
    struct tcp_settings settings = usual();
    struct hand hand;

    (void)state;
    settings.recv_low_water = 500;
    settings.window_clamp = 1400;
    hand = open_with(&world, &settings);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 100);
    assert_false(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    world_free(&world);
}

/* Nothing more comes through a closed window: what is there is worth reading, whatever the program wants. */
static void a_closed_window_is_worth_reading(void **state)
{
    struct world world;
    struct tcp_settings settings = usual();
    struct hand hand;

    (void)state;
    settings.recv_low_water = 100000;
    settings.window_clamp = 2000;
    hand = open_with(&world, &settings);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    assert_true(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_IN);
    world_free(&world);
}

static void the_window_is_never_larger_than_its_clamp(void **state)
{
    struct world world;
    struct tcp_settings settings = usual();
    struct hand hand = fresh(&world);
    static uint8_t room[4096];

    (void)state;
    hand.settings.window_clamp = 3000;
    hand_open(&hand);
    assert_int_equal(world.seen[0].window, 3000); /* of the SYN+ACK already */
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    assert_int_equal(tcp_recv_window(hand_connection(&hand)), 0);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4096 }, 0), 3000);
    world_drain(&world);
    assert_int_equal(tcp_recv_window(hand_connection(&hand)), 3000); /* it opens again: the peer is told */
    world_free(&world);

    /* The shift is the clamp's, not the buffer's: rounded up, the window would be larger. */
    hand = fresh(&world);
    hand.scale = 7;
    hand.settings.recv_buffer = 1 << 24;
    hand.settings.window_clamp = 5000;
    hand_open(&hand);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4096 }, 0), 1);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1);
    assert_in_range(tcp_recv_window(hand_connection(&hand)), 4990, 5000);
    world_free(&world);

    /* Set on a connection: what was promised stays promised, no more is. */
    hand = open_with(&world, &settings);
    assert_true(tcp_recv_window(hand_connection(&hand)) > 8000);
    settings.window_clamp = 4000;
    tcp_change(hand.tcp, hand.connection, &settings);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    assert_true(tcp_recv_window(hand_connection(&hand)) > 7000);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4096 }, 0), 1000);
    for (int i = 0; i < 40; i++) {
        hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
        assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4096 }, 0), 1000);
        world_drain(&world);
    }
    assert_in_range(tcp_recv_window(hand_connection(&hand)), 1, 4000);
    world_free(&world);
}

static void an_orphan_waits_as_long_as_was_said(void **state)
{
    static const int32_t times_ms[] = { 60000, 2000 };
    struct tcp_settings settings = usual();
    struct world world;
    struct hand hand;
    const struct world_segment *seen;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        settings.fin_wait_2_ms = times_ms[i];
        hand = open_with(&world, &settings);
        tcp_close(hand.tcp, hand.connection);
        world_drain(&world);
        hand_skip(&hand);
        hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
        assert_int_equal(world.side[1].core.counters.tcp_connections, 1);
        world_pass(&world, (times_ms[i] - 100) * NS_PER_MS);
        assert_int_equal(world.side[1].core.counters.tcp_connections, 1);
        world_pass(&world, 200 * NS_PER_MS);
        assert_int_equal(world.side[1].core.counters.tcp_connections, 0);
        world_free(&world);
    }
    settings.fin_wait_2_ms = -1; /* not at all: the peer is told that nobody listens */
    hand = open_with(&world, &settings);
    tcp_close(hand.tcp, hand.connection);
    world_drain(&world);
    hand_skip(&hand);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    seen = hand_next(&hand);
    assert_true(seen != NULL && (seen->flags & TCP_FLAG_RST) != 0);
    assert_int_equal(world.side[1].core.counters.tcp_connections, 0);
    world_free(&world);
}

/* RFC 5482: with a user timeout it is that which ends a silent peer's connection, not the number of probes. */
static void keepalive_ends_at_the_user_timeout(void **state)
{
    static const uint32_t timeout_ms[] = { 0, 30000, 3000 };
    static const int64_t end_ms[] = { 10000 + 2 * 1000, 30000, 10000 + 1000 };
    struct tcp_settings settings = usual();
    struct world world;
    struct hand hand;

    (void)state;
    settings.keepalive = true;
    settings.keepalive_idle_ms = 10000;
    settings.keepalive_interval_ms = 1000;
    settings.keepalive_count = 2;
    for (unsigned i = 0; i < 3; i++) {
        settings.user_timeout_ms = timeout_ms[i];
        hand = open_with(&world, &settings);
        tcp_change(hand.tcp, hand.connection, &settings);
        world_pass(&world, (end_ms[i] - 100) * NS_PER_MS);
        assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
        world_pass(&world, 1100 * NS_PER_MS);
        assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
        assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ETIMEDOUT);
        world_free(&world);
    }
}

static void an_error_is_told_at_once_where_it_is_wanted(void **state)
{
    struct tcp_settings settings = usual();
    struct world world;
    struct hand hand;

    (void)state;
    for (unsigned wanted = 0; wanted < 2; wanted++) {
        settings.recv_error = wanted;
        hand = open_with(&world, &settings);
        assert_int_equal(give(&hand, 100), 100);
        assert_int_equal(tcp_icmp_error(hand.tcp, world_endpoint(1, 80), world_endpoint(0, 40000),
                                        hand_connection(&hand)->snd.una, 3, 1, 0), BARO_DROP_NONE);
        assert_int_equal((tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_ERROR) != 0, wanted);
        assert_int_equal(tcp_take_error(hand.tcp, hand.connection), wanted ? EHOSTUNREACH : 0);
        assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
        assert_int_equal(give(&hand, 100), 100); /* it ends nothing */
        world_free(&world);
    }
}

static void what_is_not_wanted_is_thrown_away(void **state)
{
    struct tcp_settings settings = usual();
    struct world world;
    struct hand hand = open_with(&world, &settings);
    uint8_t room[4] = { 7, 7, 7, 7 };

    (void)state;
    hand_send(&hand, TCP_FLAG_ACK, "abcdef", 6);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4 }, BARO_MSG_TRUNCATE), 4);
    assert_int_equal(room[0], 7);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ room, 4 }, 0), 2);
    assert_memory_equal(room, "ef", 2);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_waits_unsent),
        cmocka_unit_test(less_than_the_low_water_wakes_nobody),
        cmocka_unit_test(a_window_for_one_more_is_not_closed),
        cmocka_unit_test(a_closed_window_is_worth_reading),
        cmocka_unit_test(the_window_is_never_larger_than_its_clamp),
        cmocka_unit_test(an_orphan_waits_as_long_as_was_said),
        cmocka_unit_test(keepalive_ends_at_the_user_timeout),
        cmocka_unit_test(an_error_is_told_at_once_where_it_is_wanted),
        cmocka_unit_test(what_is_not_wanted_is_thrown_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
