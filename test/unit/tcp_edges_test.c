/* Places where implementations go wrong: variables that two gigabytes leave behind, tiny windows, windows that close
 * over what is in flight, resets at a closed window, the numbers of a connection that follows a TIME-WAIT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static const uint8_t data[65536];

static ptrdiff_t put(struct hand *hand, uint32_t length)
{
    ptrdiff_t taken = tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, length }, 0);

    world_drain(hand->world);
    return taken;
}

/* As if `octets` had been sent and acknowledged without a loss, in steps as ACKs come. */
static void age_sending(struct hand *hand, uint64_t octets)
{
    while (octets != 0) {
        uint32_t part = octets < 60000 ? (uint32_t)octets : 60000, before = hand->ack;

        assert_int_equal(put(hand, part), part);
        while (hand->ack - before < part) {
            hand_skip(hand);
            hand_send(hand, TCP_FLAG_ACK, NULL, 0);
        }
        hand->world->seen_count = hand->mark = 0;
        octets -= part;
    }
}

/* RFC 6582 §3.2 step 2: `recover` must not stand in the way when the numbers have gone half around since it was set.
 * The connection's variables are moved instead of sending two gigabytes; its last octets are really sent. */
static void half_around_fast_retransmit_still_works(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    age_sending(&hand, 200000);
    /* What an ACK moves moves; what only loss moves must have been taken along by the ACKs. */
    assert_true(seq_span(c->snd.una, c->recover) <= 70000);
    assert_int_equal(put(&hand, 10 * MSS), 10 * MSS);
    hand_skip(&hand);
    hand.ack = c->snd.una.value;
    for (int i = 0; i < 3; i++)
        hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand.tcp->core->counters.tcp_fast_retransmits, 1);
    world_free(&world);
}

/* RFC 6093: a pointer after much data without one is news. */
static void half_around_urgent_data_is_heard(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    struct tcp_connection *c = hand_connection(&hand);
    static uint8_t buffer[65536];

    (void)state;
    for (int i = 0; i < 100; i++) {
        hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
        tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ buffer, sizeof buffer }, 0);
        world_drain(&world);
    }
    assert_true(seq_span(c->rcv.nxt, c->rcv.up) <= 1000);
    world_free(&world);
}

/* RFC 9293 §3.8.6.2.1 (3): a window below a segment, but as large as it ever was, is used at once. */
static void a_window_that_is_always_tiny_is_used(void **state)
{
    struct world world;
    struct hand hand;
    const struct world_segment *seen;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.window = 500;
    hand_open(&hand);
    hand_skip(&hand);
    assert_int_equal(put(&hand, 3000), 3000);
    for (int i = 0; i < 6; i++) {
        seen = hand_next(&hand);
        assert_non_null(seen);
        assert_int_equal(seen->length, 500);
        assert_null(hand_next(&hand));
        hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    }
    assert_int_equal(world.now.ns, hand_connection(&hand)->sent_at_ns); /* no timer was waited for */
    world_free(&world);
}

/* RFC 5681: the loss window is one segment of the size there is now. */
static void a_window_of_less_than_a_segment_lets_one_out(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    hand_connection(&hand)->congestion.cwnd = 500; /* one segment, when the path was narrower */
    assert_int_equal(put(&hand, 3000), 3000);
    assert_non_null(hand_next(&hand));
    world_free(&world);
}

/* While a probe of a closed window is unanswered SND.NXT lies beyond that window: ACKs must not be sent from there, or
 * the peer takes them for out of window and never learns that its data has come. */
static void acks_stay_in_the_closed_window(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    const struct world_segment *seen;
    uint32_t first = hand.ack;

    (void)state;
    hand.window = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    put(&hand, 100);
    world_pass(&world, 3 * NS_PER_S);
    hand_skip(&hand); /* the probes */
    hand.ack = first;
    assert_true(hand_connection(&hand)->snd.nxt.value == first + 1);
    hand_send(&hand, TCP_FLAG_ACK, "hello", 5);
    seen = world_next(&world, &hand.mark, 1);
    assert_non_null(seen);
    assert_int_equal(seen->ack, hand.seq);
    assert_int_equal(seen->seq, first);
    hand_send_at(&hand, TCP_FLAG_ACK, 10, "late", 4); /* out of order, at once */
    assert_int_equal(world_next(&world, &hand.mark, 1)->seq, first);
    tcp_close(hand.tcp, hand.connection); /* unread data: RST, which only counts inside the window */
    world_drain(&world);
    seen = world_last(&world, 1);
    assert_int_equal(seen->flags & TCP_FLAG_RST, TCP_FLAG_RST);
    assert_int_equal(seen->seq, first);
    world_free(&world);
}

/* A window that closed over what was in flight and opens a little again: no more goes into it than it holds. */
static void what_is_sent_again_fits_the_window(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    uint32_t first = hand.ack;

    (void)state;
    assert_int_equal(put(&hand, 10 * MSS), 10 * MSS);
    hand_skip(&hand);
    hand.ack = first;
    hand.window = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    hand.window = 2 * MSS;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand_next(&hand)->seq, first);
    assert_int_equal(hand_next(&hand)->seq, first + MSS);
    assert_null(hand_next(&hand));
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0); /* and on */
    assert_int_equal(hand_next(&hand)->seq, first + 2 * MSS);
    world_free(&world);
}

/* The same with two of them, neither of which reads for a while: both must be able to go on. */
static void both_closed_windows_open_again(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle listener, a, b;
    static uint8_t buffer[65536];
    uint64_t got_a = 0, got_b = 0, sent_a = 0, sent_b = 0;

    (void)state;
    world_init(&world, 9);
    tcp_settings_init(&settings);
    settings.recv_buffer = 16384;
    listener = world_listen(&world, &settings, 5);
    a = world_connect(&world, &settings, 700);
    world_pass(&world, 100 * NS_PER_MS);
    assert_int_equal(tcp_accept(world.side[1].tcp, listener, 3, &b), 0);
    for (int i = 0; i < 40; i++) {
        ptrdiff_t n = tcp_send(world.side[0].tcp, a, (struct baro_bytes){ data, 30000 }, 0);

        sent_a += n > 0 ? (uint64_t)n : 0;
        n = tcp_send(world.side[1].tcp, b, (struct baro_bytes){ data, 30000 }, 0);
        sent_b += n > 0 ? (uint64_t)n : 0;
        world_pass(&world, NS_PER_S);
    }
    for (int i = 0; i < 400; i++) {
        ptrdiff_t n = tcp_recv(world.side[0].tcp, a, (struct baro_buffer){ buffer, sizeof buffer }, 0);

        got_a += n > 0 ? (uint64_t)n : 0;
        world_pass(&world, 50 * NS_PER_MS);
    }
    assert_true(got_a == sent_b); /* though our own direction is closed */
    for (int i = 0; i < 2000 && got_b < sent_a; i++) {
        ptrdiff_t n = tcp_recv(world.side[1].tcp, b, (struct baro_buffer){ buffer, sizeof buffer }, 0);

        got_b += n > 0 ? (uint64_t)n : 0;
        world_pass(&world, 100 * NS_PER_MS);
    }
    assert_true(got_b == sent_a);
    world_free(&world);
}

/* MUST-66 and SHLD-2: a RST counts at a closed window, with text on it too. */
static void a_reset_counts_at_a_closed_window(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    while (tcp_recv_window(hand_connection(&hand)) != 0) {
        uint32_t window = tcp_recv_window(hand_connection(&hand));

        hand_send(&hand, TCP_FLAG_ACK, NULL, window < 1000 ? window : 1000);
    }
    hand_send_at(&hand, TCP_FLAG_RST, 1, "why", 3);
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    hand_send_at(&hand, TCP_FLAG_RST, 0, "why", 3);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    world_free(&world);
}

/* What was held out of order when the program stopped reading does not stay behind the stream. */
static void held_data_goes_with_a_shut_reader(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    hand_send_at(&hand, TCP_FLAG_ACK, 100, NULL, 50);
    assert_int_equal(tcp_shutdown(hand.tcp, hand.connection, BARO_SHUT_READ), 0);
    hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 100);
    tcp_check_invariants(hand.tcp);
    assert_int_equal(hand_connection(&hand)->rcv.nxt.value, hand.seq + 150);
    hand_send_at(&hand, TCP_FLAG_ACK, 100, NULL, 500);
    hand_send_at(&hand, TCP_FLAG_ACK | TCP_FLAG_FIN, 600, NULL, 0);
    tcp_check_invariants(hand.tcp);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSE_WAIT);
    world_free(&world);
}

/* MAY-2: who follows a TIME-WAIT begins beyond all that the one before used. */
static void the_next_iss_lies_beyond_the_last(void **state)
{
    struct world world;
    struct hand hand;
    const struct world_segment *answer;
    uint32_t used;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_open(&hand);
    hand_skip(&hand);
    for (int i = 0; i < 40; i++) /* faster than the clock of ISNs */
        age_sending(&hand, 60000);
    used = hand.ack;
    tcp_close(hand.tcp, hand.connection);
    world_drain(&world);
    hand_skip(&hand);
    hand_send(&hand, TCP_FLAG_ACK | TCP_FLAG_FIN, NULL, 0);
    assert_int_equal(hand.tcp->core->counters.tcp_time_wait, 1);
    hand_skip(&hand);
    hand_send_at(&hand, TCP_FLAG_SYN, 1000, NULL, 0);
    answer = world_next(&world, &hand.mark, 1);
    assert_non_null(answer);
    assert_int_equal(answer->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    assert_true(seq_gt(seq_of(answer->seq), seq_of(used)));
    world_free(&world);
}

/* The last octet and the FIN leave in one segment, then the window closes: what probes it is both of them again. */
static void a_probe_has_the_fin_behind_its_octet(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    assert_int_equal(tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ data, 1 }, 0), 1);
    tcp_shutdown(hand.tcp, hand.connection, BARO_SHUT_WRITE);
    world_drain(&world);
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_FIN | TCP_FLAG_PSH | TCP_FLAG_ACK);
    hand.window = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    hand_skip(&hand);
    world_pass(&world, 3 * NS_PER_S); /* which checks invariants */
    assert_int_equal(world_last(&world, 1)->length, 1);
    assert_int_equal(world_last(&world, 1)->flags & TCP_FLAG_FIN, TCP_FLAG_FIN);
    assert_int_equal(hand_connection(&hand)->retries, 0); /* they are probes */
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_around_fast_retransmit_still_works),
        cmocka_unit_test(half_around_urgent_data_is_heard),
        cmocka_unit_test(a_window_that_is_always_tiny_is_used),
        cmocka_unit_test(a_window_of_less_than_a_segment_lets_one_out),
        cmocka_unit_test(acks_stay_in_the_closed_window),
        cmocka_unit_test(what_is_sent_again_fits_the_window),
        cmocka_unit_test(both_closed_windows_open_again),
        cmocka_unit_test(a_reset_counts_at_a_closed_window),
        cmocka_unit_test(held_data_goes_with_a_shut_reader),
        cmocka_unit_test(the_next_iss_lies_beyond_the_last),
        cmocka_unit_test(a_probe_has_the_fin_behind_its_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
