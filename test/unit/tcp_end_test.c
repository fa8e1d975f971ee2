/* How connections begin and end: RST for unread data and linger zero, half close, orphans, TIME-WAIT and its reuse,
 * backlog, held SYNs, ICMP errors, path MTU, options of the SYN, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/icmp.h"
#include "test/support/tcp_hand.h"

static void close_now(struct hand *hand)
{
    tcp_close(hand->tcp, hand->connection);
    world_drain(hand->world);
    tcp_check_invariants(hand->tcp);
}

static void unread_data_and_linger_zero_reset(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    hand_send(&hand, TCP_FLAG_ACK, "unread", 6);
    hand_skip(&hand);
    close_now(&hand);
    assert_true(hand_next(&hand)->flags & TCP_FLAG_RST);
    assert_null(hand_connection(&hand));
    world_free(&world);

    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.linger = true;
    hand_open(&hand);
    close_now(&hand);
    assert_true(world_last(&world, 1)->flags & TCP_FLAG_RST);
    assert_null(hand_connection(&hand));
    world_free(&world);
}

static void a_half_closed_connection_still_receives(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    char buffer[8];

    (void)state;
    tcp_shutdown(hand.tcp, hand.connection, BARO_SHUT_WRITE);
    world_drain(&world);
    hand_skip(&hand);
    hand_send(&hand, TCP_FLAG_ACK, "late", 4);
    assert_int_equal(hand_state(&hand), BARO_TCP_FIN_WAIT_2);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 8 }, 0), 4);
    assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (uint8_t *)buffer, 4 }, 0), -EPIPE);
    world_pass(&world, 1000 * NS_PER_S); /* with a descriptor it may stay */
    assert_int_equal(hand_state(&hand), BARO_TCP_FIN_WAIT_2);
    hand_send(&hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand_state(&hand), BARO_TCP_TIME_WAIT);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 8 }, 0), 0);
    world_free(&world);
}

static void orphans_do_not_stay(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    close_now(&hand);
    hand_skip(&hand);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(world.side[1].core.counters.tcp_connections, 1);
    world_pass(&world, 61 * NS_PER_S); /* FIN-WAIT-2 */
    assert_int_equal(world.side[1].core.counters.tcp_connections, 0);
    world_free(&world);

    hand = hand_begin(&world); /* the FIN is never acknowledged */
    close_now(&hand);
    world_pass(&world, 400 * NS_PER_S);
    assert_int_equal(world.side[1].core.counters.tcp_connections, 0);
    world_free(&world);

    hand = hand_begin(&world); /* data for nobody */
    close_now(&hand);
    hand_skip(&hand);
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, "x", 1), BARO_DROP_TCP_DATA_AFTER_CLOSE);
    assert_true(hand_next(&hand)->flags & TCP_FLAG_RST);
    world_free(&world);

    hand = hand_begin(&world); /* a closed window that stays so */
    hand.window = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ (const uint8_t *)"abc", 3 }, 0);
    close_now(&hand);
    for (int i = 0; i < 2000 && world.side[1].core.counters.tcp_connections != 0; i++) {
        world_pass(&world, NS_PER_S);
        if (world_next(&world, &hand.mark, 1) != NULL)
            hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    }
    assert_int_equal(world.side[1].core.counters.tcp_connections, 0);
    world_free(&world);
}

static void time_wait_hears_a_fin_and_a_newer_syn(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_TIME_WAIT);
    close_now(&hand);
    world_pass(&world, 50 * NS_PER_S);
    hand_send_at(&hand, TCP_FLAG_FIN | TCP_FLAG_ACK, -1, NULL, 0); /* its FIN again: an ACK, and 60 s from now */
    assert_int_equal(hand_next(&hand)->ack, hand.seq);
    world_pass(&world, 50 * NS_PER_S);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 1);
    hand_send_at(&hand, TCP_FLAG_RST, 0, NULL, 0); /* RFC 1337 */
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 1);
    hand_send_at(&hand, TCP_FLAG_SYN, -1000, NULL, 0); /* older: only an ACK */
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_ACK);
    hand_send_at(&hand, TCP_FLAG_SYN, 1, NULL, 0); /* newer: a new connection */
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 0);
    world_free(&world);
}

static void the_accept_queue_has_its_bound(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle listener, connection;
    enum baro_drop_reason reason = BARO_DROP_NONE;
    unsigned established = 0;

    (void)state;
    world_init(&world, 1);
    world.side[0].deaf = true;
    tcp_settings_init(&settings);
    listener = world_listen(&world, &settings, 2);
    for (uint16_t port = 1000; port < 1005; port++) {
        const struct world_segment *answer;
        unsigned before = world.seen_count;

        reason = world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 9000,
                                                           .port = port });
        if (reason != BARO_DROP_NONE)
            break;
        answer = world_next(&world, &before, 1);
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 2, .ack = answer->seq + 1,
                                                  .window = 9000, .port = port });
        established++;
    }
    assert_int_equal(established, 3); /* backlog + 1 */
    assert_int_equal(reason, BARO_DROP_ACCEPT_QUEUE_FULL);
    for (uint16_t port = 1000; port < 1003; port++) { /* in order */
        struct baro_endpoint local, remote;

        assert_int_equal(tcp_accept(world.side[1].tcp, listener, port, &connection), 0);
        tcp_endpoints(world.side[1].tcp, connection, &local, &remote);
        assert_int_equal(remote.port.number, port);
    }
    assert_int_equal(tcp_accept(world.side[1].tcp, listener, 9, &connection), -EAGAIN);
    world_free(&world);
}

static void held_syns_wait_for_their_answer(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle listener;
    struct baro_held held;
    struct world_made syn = { .flags = TCP_FLAG_SYN, .seq = 10, .window = 9000, .to_port = 443 };
    unsigned mark = 0;
    struct tcp *tcp;

    (void)state;
    world_init(&world, 1);
    world.side[0].deaf = true;
    tcp = world.side[1].tcp;
    tcp_settings_init(&settings);
    settings.hold_syn = settings.transparent = true;
    assert_int_equal(tcp_listen(tcp, (struct baro_endpoint){ 0 }, 5, &settings, 1, &listener), 0);
    world_inject(&world, syn);
    world_inject(&world, syn); /* again: not heard */
    assert_null(world_next(&world, &mark, 1));
    assert_int_equal(tcp_listener_readiness(tcp, listener), BARO_EVENT_PRIORITY);
    assert_int_equal(tcp_hold_next(tcp, listener, &held), 0);
    assert_int_equal(held.local.port.number, 443);
    assert_int_equal(tcp_hold_next(tcp, listener, &held), -EAGAIN);
    assert_int_equal(tcp_hold_answer(tcp, held.id, BARO_HOLD_REFUSE), 0);
    world_drain(&world);
    assert_int_equal(world_next(&world, &mark, 1)->ack, 11);
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_RST | TCP_FLAG_ACK);
    assert_int_equal(tcp_hold_answer(tcp, held.id, BARO_HOLD_ACCEPT), -ENOENT);
    world_inject(&world, syn);
    tcp_hold_next(tcp, listener, &held);
    assert_int_equal(tcp_hold_answer(tcp, held.id, BARO_HOLD_HOST_UNREACHABLE), 0);
    assert_int_equal(intent_first(&world.side[1].core.intents)->kind, INTENT_ICMP_ERROR);
    assert_int_equal(intent_first(&world.side[1].core.intents)->borrowed.length, 40);
    world_drain(&world);
    world_inject(&world, syn);
    tcp_hold_next(tcp, listener, &held);
    assert_int_equal(tcp_hold_answer(tcp, held.id, BARO_HOLD_ACCEPT), 0);
    world_drain(&world);
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    world_free(&world);
}

static void icmp_errors_are_hard_only_in_the_dialogue(void **state)
{
    struct world world;
    struct hand hand;
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    static const uint8_t data[3000];

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_SENT);
    assert_int_equal(tcp_icmp_error(hand.tcp, local, remote, seq_of(hand.ack + 5), 3, 1, 0), BARO_DROP_ICMP_NO_MATCH);
    assert_int_equal(tcp_icmp_error(hand.tcp, local, remote, seq_of(hand.ack - 1), 3, 1, 0), BARO_DROP_NONE);
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), EHOSTUNREACH);
    world_free(&world);

    hand = hand_begin(&world);
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ data, sizeof data }, 0);
    world_drain(&world);
    uint32_t first = hand.ack;
    hand_skip(&hand);
    tcp_icmp_error(hand.tcp, local, remote, seq_of(first), 3, 1, 0);
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    world.side[1].path.mtu = 1000;
    tcp_icmp_error(hand.tcp, local, remote, seq_of(first), 3, ICMP_FRAGMENTATION_NEEDED, 1000);
    world_drain(&world);
    const struct world_segment *again = hand_next(&hand);
    assert_int_equal(again->seq, first);
    assert_int_equal(again->length, 960);
    world_pass(&world, 2000 * NS_PER_S); /* it gives up by itself, and says why */
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), EHOSTUNREACH);
    world_free(&world);
}

static void options_of_the_syn_are_agreed_on(void **state)
{
    struct world world;
    struct hand hand;
    struct baro_tcp_info info;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.scale = 200; /* clamped */
    hand.mss = 0;
    hand.timestamps = true;
    hand_open(&hand);
    tcp_info(hand.tcp, hand.connection, &info);
    assert_int_equal(info.snd_scale, 14);
    assert_int_equal(info.snd_mss, 536 - 12);
    assert_int_equal(world.seen[0].options.mss, 1460);
    assert_true(world.seen[0].options.has_scale && world.seen[0].options.has_timestamps);
    world_free(&world);

    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.mss = 1; /* no smaller than the floor, no division by zero */
    hand_open(&hand);
    tcp_info(hand.tcp, hand.connection, &info);
    assert_int_equal(info.snd_mss, TCP_MSS_FLOOR);
    assert_false(world.seen[0].options.has_scale || world.seen[0].options.has_timestamps);
    world_free(&world);
}

static void ports_are_random_and_free(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle listener;
    unsigned next_to = 0;
    uint16_t last = 0;

    (void)state;
    world_init(&world, 1);
    tcp_settings_init(&settings);
    for (int i = 0; i < 1000; i++) {
        uint16_t port = world_port(world.side[0].tcp, world_endpoint(0, 0).address, world_endpoint(1, 80));

        assert_true(port >= 32768);
        next_to += port == last + 1;
        last = port;
    }
    assert_true(next_to < 5);
    listener = world_listen(&world, &settings, 5);
    assert_int_equal(tcp_port_check(world.side[1].tcp, world_endpoint(1, 80), true, false), -EADDRINUSE);
    assert_int_equal(tcp_port_check(world.side[1].tcp, world_endpoint(1, 81), false, false), 0);
    world_connect(&world, &settings, 500);
    assert_int_equal(tcp_port_check(world.side[0].tcp, world_endpoint(0, 500), false, false), -EADDRINUSE);
    assert_int_equal(tcp_port_check(world.side[0].tcp, world_endpoint(0, 500), true, false), 0);
    tcp_unlisten(world.side[1].tcp, listener);
    assert_int_equal(tcp_port_check(world.side[1].tcp, world_endpoint(1, 80), false, false), 0);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unread_data_and_linger_zero_reset),
        cmocka_unit_test(a_half_closed_connection_still_receives),
        cmocka_unit_test(orphans_do_not_stay),
        cmocka_unit_test(time_wait_hears_a_fin_and_a_newer_syn),
        cmocka_unit_test(the_accept_queue_has_its_bound),
        cmocka_unit_test(held_syns_wait_for_their_answer),
        cmocka_unit_test(icmp_errors_are_hard_only_in_the_dialogue),
        cmocka_unit_test(options_of_the_syn_are_agreed_on),
        cmocka_unit_test(ports_are_random_and_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
