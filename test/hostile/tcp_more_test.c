/* More TCP rows of the catalogue of published stack vulnerabilities: T-3, T-23, T-26, T-27, T-28 and T-34.
 * A peer played by hand; the invariants are checked at every segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

static const uint8_t data[65536];

static struct hand open_with(struct world *world, uint16_t mss, int scale, uint32_t window)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.mss = mss;
    hand.scale = scale;
    hand.window = window;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static ptrdiff_t put(struct hand *hand, uint32_t length)
{
    ptrdiff_t taken = tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, length }, 0);

    world_drain(hand->world);
    return taken;
}

static void still_works(struct hand *hand)
{
    uint8_t buffer[8];

    assert_int_equal(hand_send(hand, TCP_FLAG_ACK, "alive", 5), BARO_DROP_NONE);
    assert_int_equal(tcp_recv(hand->tcp, hand->connection, (struct baro_buffer){ buffer, 8 }, 0), 5);
    assert_memory_equal(buffer, "alive", 5);
}

/* T-3: a floor below which no peer talks us, a ceiling that the link sets. (An MSS of 0 in hand.mss: no option.) */
static void an_mss_of_nearly_nothing(void **state)
{
    static const struct {
        uint16_t offered, largest;
    } mss[] = { { 0, 536 }, { 1, 88 }, { 8, 88 }, { 48, 88 }, { 600, 600 }, { 1460, 1460 }, { 65535, 1460 } };

    (void)state;
    for (unsigned i = 0; i < sizeof mss / sizeof mss[0]; i++) {
        struct world world;
        struct hand hand = open_with(&world, mss[i].offered, -1, 60000);
        const struct world_segment *seen;
        uint32_t most = 0;

        assert_int_equal(put(&hand, 5000), 5000);
        while ((seen = hand_next(&hand)) != NULL)
            most = seen->length > most ? seen->length : most;
        assert_int_equal(most, mss[i].largest);
        hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
        still_works(&hand);
        world_free(&world);
    }
}

/* T-28: a shift above 14 is 14 (RFC 7323 §2.3), and the window stays below 2^30. */
static void shifts_are_clamped(void **state)
{
    (void)state;
    for (int shift = 0; shift < 256; shift++) {
        struct world world;
        struct hand hand = open_with(&world, 1460, shift, 65535);
        uint32_t wanted = 65535u << (shift > 14 ? 14 : shift);

        assert_int_equal(hand_connection(&hand)->snd.wnd, wanted);
        still_works(&hand);
        world_free(&world);
    }
}

/* T-28: an older segment does not change the window (SND.WL1, SND.WL2); one that takes it back is survived. */
static void old_news_of_the_window_is_no_news(void **state)
{
    struct world world;
    struct hand hand = open_with(&world, 1460, -1, 30000);
    const struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;

    (void)state;
    still_works(&hand);
    assert_int_equal(put(&hand, 20000), 20000);
    hand_skip(&hand);
    hand.ack = first;
    hand.window = 0;
    hand_send_at(&hand, TCP_FLAG_ACK, -5, "alive", 5); /* from before */
    assert_int_equal(c->snd.wnd, 30000);
    for (uint32_t window = 29999; window > 0; window -= window > 1000 ? 997 : 1) {
        hand.window = window;
        hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
        assert_int_equal(c->snd.wnd, window);
        tcp_check_invariants(hand.tcp);
    }
    world_pass(&world, 5 * NS_PER_S);
    hand.window = 30000;
    hand.ack = c->snd.nxt.value;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    still_works(&hand);
    world_free(&world);
}

/* T-26 and T-27: a timestamp from far ahead on a segment that is not taken changes nothing; without one nothing is
 * taken but a RST. */
static void timestamps_that_poison(void **state)
{
    struct world world;
    struct hand hand;
    uint32_t recent;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.timestamps = true;
    hand_open(&hand);
    hand_skip(&hand);
    still_works(&hand);
    recent = hand_connection(&hand)->ts_recent;
    hand.ts_value += 0x7000000;
    hand_send_at(&hand, TCP_FLAG_ACK, 500000, "x", 1); /* outside the window */
    hand_send_at(&hand, TCP_FLAG_ACK, 5000, "x", 1);   /* inside, but not at Last.ACK.sent */
    hand_send_at(&hand, TCP_FLAG_ACK, -100, "x", 1);
    assert_int_equal(hand_connection(&hand)->ts_recent, recent);
    hand.ts_value -= 0x7000000;
    still_works(&hand);
    hand.timestamps = false;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "x", 1), BARO_DROP_TCP_NO_TIMESTAMP);
    hand.timestamps = true;
    still_works(&hand);
    hand.timestamps = false;
    hand_send_at(&hand, TCP_FLAG_RST, 0, NULL, 0);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    world_free(&world);
}

/* T-34: the peer has rebooted and calls again from the same port: a challenge, its RST, and the old one is gone. */
static void a_peer_that_rebooted(void **state)
{
    struct world world;
    struct hand hand = open_with(&world, 1460, -1, 60000);
    const struct world_segment *challenge;

    (void)state;
    for (uint32_t isn = 1; isn != 0; isn = isn > 0xe0000000 ? 0 : isn + 0x1fffffff) {
        struct world_made syn = { .flags = TCP_FLAG_SYN, .seq = isn, .window = 60000, .mss = 1460 };

        world_pass(&world, NS_PER_S);
        world_inject(&world, syn);
        challenge = world_next(&world, &hand.mark, 1);
        assert_non_null(challenge);
        assert_int_equal(challenge->flags, TCP_FLAG_ACK);
        assert_int_equal(challenge->ack, hand.seq);
        assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    }
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = challenge->ack });
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 77, .window = 60000, .mss = 1460 });
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    world_free(&world);
}

/* T-23: handshakes that end in a closed window hold what they were promised and no more, and others are served. */
static void closed_windows_by_the_hundred(void **state)
{
    struct world world;
    struct hand hand = open_with(&world, 1460, -1, 60000);
    size_t charged = hand.tcp->core->slabs.charged, each = 0;
    struct handle connection;

    (void)state;
    tcp_listen_again(hand.tcp, hand.listener, 500);
    for (uint16_t i = 0; i < 200; i++) {
        struct world_made made = {
            .flags = TCP_FLAG_SYN, .seq = 1, .window = 0, .mss = 1460, .port = (uint16_t)(1000 + i)
        };

        world_inject(&world, made);
        made.flags = TCP_FLAG_ACK;
        made.seq = 2;
        made.ack = world_last(&world, 1)->seq + 1;
        world_inject(&world, made);
        assert_int_equal(tcp_accept(hand.tcp, hand.listener, 9, &connection), 0);
        assert_true(tcp_send(hand.tcp, connection, (struct baro_bytes){ data, 1000 }, 0) == 1000);
        world_drain(&world);
        if (i == 0)
            each = hand.tcp->core->slabs.charged - charged;
    }
    assert_true(hand.tcp->core->slabs.charged - charged <= 200 * each);
    for (int i = 0; i < 30; i++) {
        hand_skip(&hand);
        still_works(&hand);
        world_pass(&world, 10 * NS_PER_S);
        world.seen_count = hand.mark = 0;
    }
    world_pass(&world, 1800 * NS_PER_S); /* nobody answers the probes: they give up */
    assert_int_equal(hand.tcp->core->counters.tcp_connections, 1);
    world_free(&world);
}

/* The window's 16 bits count in units of eight octets here. Were every acknowledgment rounded up, a peer that sends one
 * octet at a time would never see the window close, whether the program reads or not. */
static void octets_one_by_one_do_not_pass_the_window(void **state)
{
    struct world world;
    struct hand hand = open_with(&world, 1460, 7, 60000);
    const struct tcp_connection *c = hand_connection(&hand);
    uint32_t most = hand.settings.recv_buffer;

    (void)state;
    assert_true(c->rcv_scale >= 1);
    for (uint32_t i = 0; i < 2 * most && tcp_recv_window(c) != 0; i++) {
        hand_send(&hand, TCP_FLAG_ACK | TCP_FLAG_PSH, NULL, 1);
        hand_skip(&hand);
        assert_true(tcp_readable(hand.tcp, hand.connection) <= most);
    }
    assert_true(tcp_recv_window(c) == 0);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_mss_of_nearly_nothing),
        cmocka_unit_test(shifts_are_clamped),
        cmocka_unit_test(old_news_of_the_window_is_no_news),
        cmocka_unit_test(timestamps_that_poison),
        cmocka_unit_test(a_peer_that_rebooted),
        cmocka_unit_test(octets_one_by_one_do_not_pass_the_window),
        cmocka_unit_test(closed_windows_by_the_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
