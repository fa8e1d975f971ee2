/* Half-open records: what a SYN costs, its SYN+ACKs, what ends it, what becomes of it. A peer played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "codec/icmp.h"
#include "test/support/tcp_hand.h"

static struct hand half_open_hand(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    return hand;
}

static struct tcp_half_open *record_of(const struct hand *hand)
{
    return tcp_resolve_half_open(hand->tcp, hand->connection);
}

static void accept_it(struct hand *hand)
{
    assert_int_equal(tcp_accept(hand->tcp, hand->listener, 3, &hand->connection), 0);
}

static void a_syn_costs_128_octets(void **state)
{
    struct world world;
    struct hand hand = half_open_hand(&world);

    (void)state;
    assert_int_equal(hand.tcp->half_opens.object_size, 128);
    assert_int_equal(hand.tcp->half_opens.used, 1);
    assert_int_equal(hand.tcp->connections.used, 0);
    assert_int_equal(world.side[1].core.slabs.charged, 0);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand.tcp->half_opens.used, 0);
    assert_int_equal(hand.tcp->connections.used, 1);
    assert_true(world.side[1].core.slabs.charged != 0);
    world_free(&world);
}

static void the_syn_ack_comes_again_five_times(void **state)
{
    static const int64_t at_s[] = { 1, 3, 7, 15, 31 };
    struct world world;
    struct hand hand = half_open_hand(&world);
    int64_t began_ns = world.now.ns;

    (void)state;
    world_pass(&world, 62 * NS_PER_S);
    for (unsigned i = 0; i < 5; i++) {
        const struct world_segment *again = hand_next(&hand);

        assert_non_null(again);
        assert_int_equal(again->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
        assert_int_equal(again->seq, hand.ack - 1);
        assert_in_range(again->at_ns - began_ns, at_s[i] * NS_PER_S, at_s[i] * NS_PER_S + NS_PER_MS);
    }
    assert_null(hand_next(&hand));
    assert_non_null(record_of(&hand));
    world_pass(&world, 2 * NS_PER_S);
    assert_null(record_of(&hand));
    assert_null(hand_next(&hand));
    world_free(&world);
}

static void syn_retries_bound_both_ends(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.syn_retries = 2;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    world_pass(&world, 6 * NS_PER_S);
    assert_non_null(record_of(&hand));
    world_pass(&world, 2 * NS_PER_S);
    assert_null(record_of(&hand));
    assert_non_null(hand_next(&hand));
    assert_non_null(hand_next(&hand));
    assert_null(hand_next(&hand));
    world_free(&world);

    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.syn_retries = 2;
    hand_reach(&hand, BARO_TCP_SYN_SENT);
    world_pass(&world, 6 * NS_PER_S);
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_SENT);
    world_pass(&world, 2 * NS_PER_S);
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ETIMEDOUT);
    world_free(&world);
}

/* RFC 6298 §3, Karn: what left twice times nothing; §5.7 and RFC 6928 §2 after losses. */
static void the_syn_acks_ack_is_the_first_sample(void **state)
{
    struct world world;
    struct hand hand = half_open_hand(&world);

    (void)state;
    world_pass(&world, 30 * NS_PER_MS);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    accept_it(&hand);
    assert_in_range(hand_connection(&hand)->rtt.srtt_ns, 30 * NS_PER_MS, 31 * NS_PER_MS);
    world_free(&world);

    hand = half_open_hand(&world); /* the peer's SYN again brought our SYN+ACK again */
    hand_send_at(&hand, TCP_FLAG_SYN, -1, NULL, 0);
    world_pass(&world, 30 * NS_PER_MS);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    accept_it(&hand);
    assert_int_equal(hand_connection(&hand)->rtt.srtt_ns, 0);
    world_free(&world);

    hand = half_open_hand(&world);
    world_pass(&world, 3500 * NS_PER_MS);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    accept_it(&hand);
    assert_int_equal(hand_connection(&hand)->rtt.srtt_ns, 0);
    assert_int_equal(hand_connection(&hand)->rtt.rto_ns, 3 * NS_PER_S);
    assert_in_range(hand_connection(&hand)->congestion.cwnd, 1460, 1461);
    assert_int_equal(hand_connection(&hand)->counts.retransmits, 2);
    world_free(&world);
}

static void an_icmp_error_that_quotes_the_syn_ack_ends_it(void **state)
{
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    struct world world;
    struct hand hand = half_open_hand(&world);

    (void)state;
    assert_int_equal(tcp_icmp_error(hand.tcp, local, remote, seq_of(hand.ack), 3, 1, 0), BARO_DROP_ICMP_NO_MATCH);
    assert_int_equal(tcp_icmp_error(hand.tcp, local, remote, seq_of(hand.ack - 1), 3, ICMP_FRAGMENTATION_NEEDED, 600),
                     BARO_DROP_NONE);
    assert_non_null(record_of(&hand));
    assert_int_equal(tcp_icmp_error(hand.tcp, local, remote, seq_of(hand.ack - 1), 3, 1, 0), BARO_DROP_NONE);
    assert_null(record_of(&hand));
    world_drain(&world);
    assert_null(hand_next(&hand));
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

static void it_goes_with_its_listener_and_its_address(void **state)
{
    struct world world;
    struct hand hand = half_open_hand(&world);

    (void)state;
    tcp_unlisten(hand.tcp, hand.listener);
    world_drain(&world);
    assert_null(record_of(&hand));
    assert_int_equal(world_last(&world, 1)->flags, TCP_FLAG_RST | TCP_FLAG_ACK);
    assert_int_equal(world_last(&world, 1)->seq, hand.ack);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    tcp_check_invariants(hand.tcp);
    world_free(&world);

    hand = half_open_hand(&world);
    tcp_address_removed(hand.tcp, world_endpoint(1, 80).address);
    world_drain(&world);
    assert_null(record_of(&hand));
    assert_null(hand_next(&hand));
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

/* The promise is made by the ACK. Where the budget does not have it the ACK was not heard; what comes again is. */
static void without_memory_the_ack_is_not_heard(void **state)
{
    struct world world;
    struct hand hand = half_open_hand(&world);
    struct slabs *slabs = &world.side[1].core.slabs;

    (void)state;
    slabs->charged = slabs->limit - 1000;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, NULL, 0), BARO_DROP_NO_SOCKET_MEMORY);
    assert_non_null(record_of(&hand));
    /* and no more SYNs are taken */
    assert_int_equal(world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .window = 9000, .port = 9 }),
                     BARO_DROP_NO_SOCKET_MEMORY);
    slabs->charged = 0;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, "text", 4), BARO_DROP_NONE);
    accept_it(&hand);
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 4);
    world_free(&world);
}

/* What the SYN+ACK promised as window holds, whatever the listener says meanwhile and however small the path became. */
static void the_promised_window_holds(void **state)
{
    struct world world;
    struct hand hand;
    uint32_t window;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.mss = 1400;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    record_of(&hand)->grant = 32768; /* what it says to a peer on a link with jumbo frames */
    window = record_of(&hand)->window = 32768 - 7;
    hand.settings.recv_buffer = 1000;
    tcp_change(hand.tcp, hand.listener, &hand.settings);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    accept_it(&hand);
    assert_int_equal(tcp_recv_window(hand_connection(&hand)), window);
    tcp_check_invariants(hand.tcp); /* and is charged */
    for (uint32_t at = 0; at < window; at += 1400)
        hand_send(&hand, TCP_FLAG_ACK, NULL, window - at < 1400 ? window - at : 1400);
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), window);
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

static void paws_and_challenges_are_kept(void **state)
{
    struct world world;
    struct hand hand;
    unsigned answers = 0;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.timestamps = true;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    hand.ts_value = 99;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0), BARO_DROP_TCP_PAWS);
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_ACK);
    hand.timestamps = false;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0), BARO_DROP_TCP_NO_TIMESTAMP);
    for (int i = 0; i < 1000; i++) /* RST in the window: RFC 5961 §3 asks, and §7 bounds the questions */
        assert_int_equal(hand_send_at(&hand, TCP_FLAG_RST, 1 + i, NULL, 0), BARO_DROP_TCP_RST_IN_WINDOW);
    while (hand_next(&hand) != NULL)
        answers++;
    assert_in_range(answers, 0, 1);
    world_pass(&world, 600 * NS_PER_MS);
    hand_send_at(&hand, TCP_FLAG_RST, 5, NULL, 0);
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_ACK);
    assert_int_equal(world_last(&world, 1)->seq, hand.ack);
    assert_non_null(record_of(&hand));
    hand.timestamps = true;
    hand.ts_value = 105;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, NULL, 0), BARO_DROP_NONE);
    accept_it(&hand);
    assert_int_equal(hand_connection(&hand)->ts_recent, 105);
    world_free(&world);
}

/* TCP_DEFER_ACCEPT, as Linux has it. */
static void a_listener_may_wait_for_data(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.defer_accept_s = 5;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, NULL, 0), BARO_DROP_TCP_DEFERRED);
    world_pass(&world, 4 * NS_PER_S); /* nothing is hurried: no SYN+ACK at 1 and 3 s */
    assert_null(hand_next(&hand));
    assert_int_equal(tcp_listener_readiness(hand.tcp, hand.listener), 0);
    hand_send(&hand, TCP_FLAG_ACK, "text", 4);
    accept_it(&hand);
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 4);
    world_free(&world);

    /* No data in time: at the next turn of its timer, 7 s, one SYN+ACK asks; its ACK will do. */
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.defer_accept_s = 5;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    world_pass(&world, 6900 * NS_PER_MS);
    assert_null(hand_next(&hand));
    world_pass(&world, 200 * NS_PER_MS);
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    accept_it(&hand);
    world_free(&world);

    /* And nobody who answers that: gone at last. */
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.defer_accept_s = 5;
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    world_pass(&world, 200 * NS_PER_S);
    assert_int_equal(hand.tcp->half_opens.used, 0);
    world_free(&world);
}

/* ---- TIME-WAIT: the other end of the four-tuple's life ---- */

static struct hand resting_hand(struct world *world, bool timestamps)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.timestamps = timestamps;
    hand_reach(&hand, BARO_TCP_TIME_WAIT);
    return hand;
}

/* RFC 6191 from the other side. */
static void connect_takes_a_resting_four_tuple_over(void **state)
{
    struct world world;
    struct hand hand = resting_hand(&world, true);
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 40000);
    const struct ip_path *path = &world.side[1].path;
    struct handle again;
    uint32_t last = hand.ack, last_ts = world_last(&world, 1)->options.ts_value;

    (void)state;
    tcp_unlisten(hand.tcp, hand.listener);
    assert_int_equal(world_connect_between(hand.tcp, local, remote, path, &hand.settings, 4, &again), -EADDRINUSE);
    world_pass(&world, 900 * NS_PER_MS);
    assert_int_equal(world_connect_between(hand.tcp, local, remote, path, &hand.settings, 4, &again), -EADDRINUSE);
    world_pass(&world, 200 * NS_PER_MS);
    assert_int_equal(world_connect_between(hand.tcp, local, remote, path, &hand.settings, 4, &again), 0);
    world_drain(&world);
    assert_int_equal(world_last(&world, 1)->flags & ~0xc0, TCP_FLAG_SYN);
    assert_true((int32_t)(world_last(&world, 1)->seq - last) > 0);
    assert_true((int32_t)(world_last(&world, 1)->options.ts_value - last_ts) > 0);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 0);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_reused, 1);
    tcp_check_invariants(hand.tcp);
    world_free(&world);

    hand = resting_hand(&world, false); /* without timestamps nothing tells them apart */
    tcp_unlisten(hand.tcp, hand.listener);
    world_pass(&world, 5 * NS_PER_S);
    assert_int_equal(world_connect_between(hand.tcp, local, remote, path, &hand.settings, 4, &again), -EADDRINUSE);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_costs_128_octets),
        cmocka_unit_test(the_syn_ack_comes_again_five_times),
        cmocka_unit_test(syn_retries_bound_both_ends),
        cmocka_unit_test(the_syn_acks_ack_is_the_first_sample),
        cmocka_unit_test(an_icmp_error_that_quotes_the_syn_ack_ends_it),
        cmocka_unit_test(it_goes_with_its_listener_and_its_address),
        cmocka_unit_test(without_memory_the_ack_is_not_heard),
        cmocka_unit_test(the_promised_window_holds),
        cmocka_unit_test(paws_and_challenges_are_kept),
        cmocka_unit_test(a_listener_may_wait_for_data),
        cmocka_unit_test(connect_takes_a_resting_four_tuple_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
