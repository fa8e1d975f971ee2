/* SYN cookies (RFC 4987 §3.6): the numbers by themselves, and a listener that lives by them. A peer played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

static const struct hash_key key = { { 1, 2 } };

static struct baro_instant at_s(int64_t seconds)
{
    return (struct baro_instant){ seconds * NS_PER_S };
}

static void a_cookie_is_good_for_64_to_128_s(void **state)
{
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    struct syn_cookie made = { .mss = 1460, .timestamps = true }, read;
    struct seq irs = seq_of(77), iss = syn_cookie_make(&key, &local, &remote, irs, at_s(64000), &made);

    (void)state;
    assert_true(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(64000), &read));
    assert_int_equal(read.mss, 1460);
    assert_true(read.timestamps);
    assert_true(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(64127), &read));
    assert_false(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(64128), &read));
    iss = syn_cookie_make(&key, &local, &remote, irs, at_s(64063), &made);
    assert_true(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(64127), &read));
    assert_false(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(63999), &read)); /* of the future */
}

static void it_belongs_to_one_syn(void **state)
{
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000), other;
    struct syn_cookie made = { .mss = 536 }, read;
    struct hash_key wrong = { { 1, 3 } };
    struct seq irs = seq_of(77), iss = syn_cookie_make(&key, &local, &remote, irs, at_s(0), &made);

    (void)state;
    assert_true(syn_cookie_check(&key, &local, &remote, irs, iss, at_s(0), &read));
    assert_false(read.timestamps);
    assert_false(syn_cookie_check(&wrong, &local, &remote, irs, iss, at_s(0), &read));
    assert_false(syn_cookie_check(&key, &remote, &local, irs, iss, at_s(0), &read));
    assert_false(syn_cookie_check(&key, &local, &remote, seq_of(78), iss, at_s(0), &read));
    other = remote;
    other.port.number++;
    assert_false(syn_cookie_check(&key, &local, &other, irs, iss, at_s(0), &read));
    other = remote;
    other.address.octet[3]++;
    assert_false(syn_cookie_check(&key, &local, &other, irs, iss, at_s(0), &read));
    other = remote;
    other.address.zone = 1;
    assert_false(syn_cookie_check(&key, &local, &other, irs, iss, at_s(0), &read));
}

static void guesses_are_not_believed(void **state)
{
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    struct syn_cookie read;
    uint32_t guess = 12345;
    unsigned believed = 0;

    (void)state;
    for (unsigned i = 0; i < 1u << 20; i++) {
        guess = guess * 1664525u + 1013904223u;
        believed += syn_cookie_check(&key, &local, &remote, seq_of(1), seq_of(guess), at_s(640), &read);
    }
    assert_in_range(believed, 0, 1); /* 2^20 of 2^27: one in 128 tests like this */
}

static void the_mss_is_not_above_the_peers(void **state)
{
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    static const uint16_t pairs[][2] = { { 88, 88 },     { 535, 88 },    { 536, 536 },   { 1219, 536 }, { 1220, 1220 },
                                         { 1380, 1300 }, { 1439, 1400 }, { 1440, 1440 }, { 1460, 1460 }, { 8000, 1460 },
                                         { 65495, 8940 } };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct syn_cookie made = { .mss = pairs[i][0] }, read;
        struct seq iss = syn_cookie_make(&key, &local, &remote, seq_of(1), at_s(5), &made);

        assert_true(syn_cookie_check(&key, &local, &remote, seq_of(1), iss, at_s(5), &read));
        assert_int_equal(read.mss, pairs[i][1]);
    }
}

static void the_timestamp_carries_options_and_is_never_ahead(void **state)
{
    (void)state;
    for (uint32_t clock = 0xffffff00u; clock != 0x100; clock++) {
        for (unsigned bits = 0; bits < 64; bits++) {
            struct syn_cookie made = { .scaled = bits % 16 != 15,
                                       .scale = (uint8_t)(bits % 16),
                                       .sack_permitted = (bits & 16) != 0,
                                       .ecn = (bits & 32) != 0 },
                              read = { .mss = 7 };
            uint32_t value;

            if (!made.scaled)
                made.scale = 0;
            value = syn_cookie_timestamp(clock, &made);
            assert_in_range(clock - value, 0, 127);
            syn_cookie_read_timestamp(value, &read);
            made.mss = 7;
            assert_memory_equal(&made, &read, sizeof made);
        }
    }
}

/* ---- a listener ---- */

static struct hand cookie_hand(struct world *world, enum baro_syn_cookies cookies)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    tcp_choose_syn_cookies(hand.tcp, cookies);
    return hand;
}

static void nothing_is_kept_of_the_syn(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world, BARO_SYN_COOKIES_ALWAYS);
    const struct tcp_connection *c;

    (void)state;
    hand.timestamps = hand.sack = true;
    hand.scale = 9;
    hand.mss = 1400;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    assert_true(handle_is_none(hand.connection));
    assert_int_equal(hand.tcp->half_opens.used + hand.tcp->connections.used, 0);
    assert_int_equal(world.side[1].core.slabs.charged, 0);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = hand.seq, .ack = hand.ack, .window = 100,
                                              .data = "hello", .length = 5, .timestamps = true, .ts_value = 101,
                                              .ts_echo = world_last(&world, 1)->options.ts_value });
    assert_int_equal(tcp_accept(hand.tcp, hand.listener, 3, &hand.connection), 0);
    c = hand_connection(&hand);
    assert_int_equal(c->flags & (TCP_TIMESTAMPS | TCP_SACK_PERMITTED | TCP_SCALED),
                     TCP_TIMESTAMPS | TCP_SACK_PERMITTED | TCP_SCALED);
    assert_int_equal(c->snd_scale, 9);
    assert_int_equal(c->snd.wnd, 100 << 9);
    assert_int_equal(c->peer_mss, 1400);
    assert_int_equal(c->rtt.srtt_ns, 0); /* the echo was rounded for the options: it measures nothing */
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 5);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_sent, 1);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_accepted, 1);
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

static void only_a_full_queue_sends_cookies(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world, BARO_SYN_COOKIES_DEFAULT);

    (void)state;
    world_listen(&world, &hand.settings, 5);
    for (uint16_t port = 1; port <= 128; port++)
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = port });
    assert_int_equal(world.side[1].core.counters.tcp_cookies_sent, 0);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 200 });
    assert_int_equal(world.side[1].core.counters.tcp_cookies_sent, 1);
    assert_int_equal(hand.tcp->half_opens.used, 128); /* nobody had to give his place */
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 2, .ack = world_last(&world, 1)->seq + 1,
                                              .window = 9000, .port = 200 });
    assert_int_equal(world.side[1].core.counters.tcp_cookies_accepted, 1);
    /* A SYN that re-opens a TIME-WAIT is no flood: see the scripts of RFC 6191. */
    world_free(&world);
}

/* An ACK that comes from nowhere costs a look only while cookies are in use. */
static void a_stray_ack_is_looked_at_only_after_cookies(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world, BARO_SYN_COOKIES_ALWAYS);
    struct world_made stray = { .flags = TCP_FLAG_ACK, .seq = 2, .ack = 9, .window = 9000, .port = 7 };

    (void)state;
    world_listen(&world, &hand.settings, 5);
    assert_int_equal(world_inject(&world, stray), BARO_DROP_TCP_NO_CONNECTION);
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_RST);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_failed, 0);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 200 });
    assert_int_equal(world_inject(&world, stray), BARO_DROP_TCP_NO_CONNECTION);
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_RST);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_failed, 1);
    world_pass(&world, 128 * NS_PER_S);
    world_inject(&world, stray);
    assert_int_equal(world.side[1].core.counters.tcp_cookies_failed, 1);
    world_free(&world);
}

/* The final ACK is lost on a full accept queue; no SYN+ACK comes again, but the text does. */
static void text_gets_through_when_accept_has_made_room(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world, BARO_SYN_COOKIES_ALWAYS);
    struct handle listener = world_listen(&world, &hand.settings, 1), connection;
    uint32_t ack[3];

    (void)state;
    for (uint16_t i = 0; i < 3; i++) {
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 700 + i });
        ack[i] = world_last(&world, 1)->seq + 1;
    }
    for (uint16_t i = 0; i < 3; i++) {
        enum baro_drop_reason wanted = i < 2 ? BARO_DROP_NONE : BARO_DROP_ACCEPT_QUEUE_FULL;

        assert_int_equal(world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 2, .ack = ack[i],
                                                                   .window = 9000, .port = 700 + i }), wanted);
    }
    assert_int_equal(tcp_accept(hand.tcp, listener, 3, &connection), 0);
    assert_int_equal(
        world_inject(&world,
                     (struct world_made){
                         .flags = TCP_FLAG_ACK, .seq = 2, .ack = ack[2], .window = 9000, .length = 40, .port = 702 }),
        BARO_DROP_NONE);
    assert_int_equal(tcp_accept(hand.tcp, listener, 4, &connection), 0);
    assert_int_equal(tcp_accept(hand.tcp, listener, 5, &connection), 0);
    assert_int_equal(tcp_readable(hand.tcp, connection), 40);
    world_free(&world);
}

/* A peer whose SYN had timestamps must go on with them (RFC 7323 §3.2), one whose SYN had none is not heard to. */
static void timestamps_are_as_the_syn_had_them(void **state)
{
    struct world world;
    struct hand hand = cookie_hand(&world, BARO_SYN_COOKIES_ALWAYS);
    struct world_made ack = { .flags = TCP_FLAG_ACK, .seq = 2, .window = 9000, .port = 7 };
    struct handle listener = world_listen(&world, &hand.settings, 5), connection;

    (void)state;
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 7,
                                              .timestamps = true, .ts_value = 3 });
    ack.ack = world_last(&world, 1)->seq + 1;
    assert_int_equal(world_inject(&world, ack), BARO_DROP_TCP_NO_CONNECTION);
    ack.port = 8;
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000, .port = 8 });
    ack.ack = world_last(&world, 1)->seq + 1;
    ack.timestamps = true;
    ack.ts_value = 3;
    ack.ts_echo = 0x10; /* would mean SACK, and a scale of 0 */
    assert_int_equal(world_inject(&world, ack), BARO_DROP_NONE);
    assert_int_equal(tcp_accept(hand.tcp, listener, 3, &connection), 0);
    assert_int_equal(world_connection(&world, 1, connection)->flags &
                         (TCP_TIMESTAMPS | TCP_SACK_PERMITTED | TCP_SCALED), 0);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_is_good_for_64_to_128_s),
        cmocka_unit_test(it_belongs_to_one_syn),
        cmocka_unit_test(guesses_are_not_believed),
        cmocka_unit_test(the_mss_is_not_above_the_peers),
        cmocka_unit_test(the_timestamp_carries_options_and_is_never_ahead),
        cmocka_unit_test(nothing_is_kept_of_the_syn),
        cmocka_unit_test(only_a_full_queue_sends_cookies),
        cmocka_unit_test(a_stray_ack_is_looked_at_only_after_cookies),
        cmocka_unit_test(text_gets_through_when_accept_has_made_room),
        cmocka_unit_test(timestamps_are_as_the_syn_had_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
