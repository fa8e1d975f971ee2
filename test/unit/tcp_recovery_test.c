/* Loss and time: fast retransmit, NewReno's partial ACKs, the RTO and its back-off, RTT arithmetic, the congestion
 * window's rules, PAWS, timestamps. A peer played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static void send_segments(struct hand *hand, unsigned count)
{
    static const uint8_t data[MSS];

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, MSS }, 0), MSS);
    world_drain(hand->world);
}

static struct hand open_hand(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.settings.congestion = BARO_CONGESTION_RENO;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static void ack_at(struct hand *hand, uint32_t ack)
{
    uint32_t before = hand->ack;

    hand->ack = ack;
    hand_send_at(hand, TCP_FLAG_ACK, 0, NULL, 0);
    hand->ack = before;
}

static void three_duplicates_retransmit_and_partial_acks_go_on(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    uint32_t first = hand.ack;
    const struct world_segment *seen;
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    send_segments(&hand, 10);
    hand_skip(&hand);
    assert_int_equal(hand.ack, first + 10 * MSS);
    ack_at(&hand, first);
    ack_at(&hand, first);
    assert_null(hand_next(&hand)); /* two are not three, and nothing new is there to send */
    ack_at(&hand, first);
    seen = hand_next(&hand);
    assert_non_null(seen);
    assert_int_equal(seen->seq, first);
    assert_int_equal(seen->length, MSS);
    assert_null(hand_next(&hand));
    assert_int_equal(c->congestion.ssthresh, 5 * MSS);
    assert_int_equal(c->congestion.phase, CONGESTION_RECOVERY);
    assert_int_equal(world.side[1].core.counters.tcp_fast_retransmits, 1);
    ack_at(&hand, first + 3 * MSS); /* partial: the next hole at once, no second halving */
    seen = hand_next(&hand);
    assert_int_equal(seen->seq, first + 3 * MSS);
    assert_int_equal(c->congestion.ssthresh, 5 * MSS);
    ack_at(&hand, first + 10 * MSS); /* all: recovery ends */
    assert_int_equal(c->congestion.phase == CONGESTION_RECOVERY, 0);
    assert_in_range(c->congestion.cwnd, MSS, 5 * MSS);
    ack_at(&hand, first + 10 * MSS);
    assert_int_equal(world.side[1].core.counters.tcp_fast_retransmits, 1);
    world_free(&world);
}

static void the_timer_backs_off_and_gives_up(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    const struct world_segment *seen;
    int64_t last_ns, gap_ns = 0;
    unsigned count = 0;
    uint8_t octet;

    (void)state;
    send_segments(&hand, 1);
    seen = hand_next(&hand);
    last_ns = seen->at_ns;
    world_pass(&world, 2000 * NS_PER_S);
    while ((seen = hand_next(&hand)) != NULL && (seen->flags & TCP_FLAG_RST) == 0) {
        int64_t now_gap_ns = seen->at_ns - last_ns;

        assert_true(gap_ns == 0 || now_gap_ns == 2 * gap_ns || now_gap_ns == 120 * NS_PER_S);
        gap_ns = now_gap_ns;
        last_ns = seen->at_ns;
        count++;
    }
    assert_int_equal(count, TCP_RETRIES_R2);
    assert_non_null(seen); /* the peer is told */
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ &octet, 1 }, 0), -ETIMEDOUT);
    assert_true(seen->at_ns - world.now.ns < 0);
    world_free(&world);
}

static void a_syn_is_tried_for_three_minutes(void **state)
{
    struct world world;
    struct hand hand;
    int64_t begin_ns;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    begin_ns = world.now.ns;
    hand_reach(&hand, BARO_TCP_SYN_SENT);
    world_pass(&world, 179 * NS_PER_S);
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_SENT);
    assert_int_equal(world_count(&world, 0, 1), 8);
    assert_int_equal(world.seen[1].at_ns - begin_ns, 1 * NS_PER_S);
    assert_int_equal(world.seen[2].at_ns - begin_ns, 3 * NS_PER_S);
    world_pass(&world, 400 * NS_PER_S);
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ETIMEDOUT);
    world_free(&world);
}

static void a_user_timeout_ends_it_sooner(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.user_timeout_ms = 5000;
    hand_open(&hand);
    send_segments(&hand, 1);
    world_pass(&world, 4900 * NS_PER_MS);
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    world_pass(&world, 200 * NS_PER_MS);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ETIMEDOUT);
    world_free(&world);
}

static void after_a_timeout_slow_start_sends_all_again(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    uint32_t first = hand.ack;
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    send_segments(&hand, 8);
    hand_skip(&hand);
    world_pass(&world, 300 * NS_PER_MS);
    if (c->timeouts == 0)
        world_pass(&world, 1000 * NS_PER_MS);
    assert_int_equal(c->timeouts, 1);
    assert_int_equal(hand_next(&hand)->seq, first);
    assert_null(hand_next(&hand)); /* one segment */
    assert_int_equal(c->congestion.ssthresh, 4 * MSS);
    assert_int_equal(c->congestion.cwnd, MSS);
    ack_at(&hand, first + MSS);
    assert_int_equal(hand_next(&hand)->seq, first + MSS);
    assert_int_equal(hand_next(&hand)->seq, first + 2 * MSS);
    assert_null(hand_next(&hand));
    ack_at(&hand, first + 8 * MSS); /* the rest had come: nothing is sent again */
    assert_null(hand_next(&hand));
    assert_int_equal(tcp_flight(c), 0);
    world_free(&world);
}

static void limited_transmit_and_the_initial_window(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    uint32_t first = hand.ack;

    (void)state;
    send_segments(&hand, 20);
    hand_skip(&hand);
    assert_int_equal(hand.ack, first + 10 * MSS); /* RFC 6928 */
    ack_at(&hand, first);
    assert_int_equal(hand_next(&hand)->seq, first + 10 * MSS); /* RFC 3042 */
    assert_null(hand_next(&hand));
    ack_at(&hand, first);
    assert_int_equal(hand_next(&hand)->seq, first + 11 * MSS);
    assert_null(hand_next(&hand));
    world_free(&world);
}

/* §2.3 and §2.4, whatever the shorter way to the least of them. */
static void the_timeout_is_as_the_rule_says(void **state)
{
    (void)state;
    for (int64_t srtt_ns = 1; srtt_ns < 400 * NS_PER_MS; srtt_ns += 997 * NS_PER_MS / 1000) {
        for (int64_t var_ns = 0; var_ns < 60 * NS_PER_MS; var_ns += 61 * NS_PER_MS / 256) {
            struct rtt rtt = { .srtt_ns = srtt_ns, .rttvar_ns = var_ns };
            int64_t spread_ns = 4 * var_ns > CLOCK_GRANULARITY_NS ? 4 * var_ns : CLOCK_GRANULARITY_NS;

            rtt_forget_back_off(&rtt);
            assert_int_equal(rtt.rto_ns, srtt_ns + spread_ns < RTO_LEAST_NS ? RTO_LEAST_NS : srtt_ns + spread_ns);
        }
    }
}

static void a_first_sample_is_as_any(void **state)
{
    const int64_t sample_ns[] = {
        -1, 0, 1, NS_PER_US, 3 * NS_PER_MS, 49 * NS_PER_MS, 67 * NS_PER_MS, NS_PER_S, 41 * NS_PER_S, 5000 * NS_PER_S
    };
    struct rtt any, first;

    (void)state;
    for (size_t i = 0; i < sizeof sample_ns / sizeof sample_ns[0]; i++) {
        rtt_init(&any);
        rtt_init(&first);
        rtt_back_off(&any);
        rtt_back_off(&first);
        rtt_sample(&any, sample_ns[i], 7 * NS_PER_S);
        rtt_begin(&first, sample_ns[i], 7 * NS_PER_S);
        assert_memory_equal(&first, &any, sizeof any);
    }
}

static void rtt_arithmetic_is_rfc_6298s(void **state)
{
    struct rtt rtt;

    (void)state;
    rtt_init(&rtt);
    assert_int_equal(rtt.rto_ns, NS_PER_S);
    rtt_sample(&rtt, 400 * NS_PER_MS, NS_PER_S);
    assert_int_equal(rtt.srtt_ns, 400 * NS_PER_MS);
    assert_int_equal(rtt.rttvar_ns, 200 * NS_PER_MS);
    assert_int_equal(rtt.rto_ns, 1200 * NS_PER_MS);
    rtt_sample(&rtt, 800 * NS_PER_MS, NS_PER_S);
    assert_int_equal(rtt.rttvar_ns, 250 * NS_PER_MS); /* 3/4 * 200 + 1/4 * 400 */
    assert_int_equal(rtt.srtt_ns, 450 * NS_PER_MS);
    rtt_back_off(&rtt);
    assert_int_equal(rtt.rto_ns, 2 * 1450 * NS_PER_MS);
    for (int i = 0; i < 20; i++)
        rtt_back_off(&rtt);
    assert_int_equal(rtt.rto_ns, 120 * NS_PER_S);
    for (int i = 0; i < 200; i++)
        rtt_sample(&rtt, NS_PER_MS, NS_PER_S);
    assert_int_equal(rtt.rto_ns, 200 * NS_PER_MS);
    rtt_init(&rtt);
    rtt_after_syn_loss(&rtt);
    assert_int_equal(rtt.rto_ns, 3 * NS_PER_S);
}

static void the_window_grows_by_octets_not_by_acks(void **state)
{
    struct congestion congestion;
    struct congestion_ack ack = { .mss = 1000, .flight = 100000 };

    (void)state;
    congestion_init(&congestion, BARO_CONGESTION_RENO, 1000);
    assert_int_equal(congestion.cwnd, 10000);
    for (int i = 0; i < 100; i++) { /* a segment acknowledged in a hundred pieces */
        ack.acked = 10;
        congestion_acked(&congestion, &ack);
    }
    assert_int_equal(congestion.cwnd, 11000);
    ack.acked = 9000; /* a stretch ACK counts as two segments */
    congestion_acked(&congestion, &ack);
    assert_int_equal(congestion.cwnd, 13000);
    congestion.ssthresh = 13000;
    ack.acked = 12999;
    congestion_acked(&congestion, &ack);
    assert_int_equal(congestion.cwnd, 13000);
    ack.acked = 1;
    congestion_acked(&congestion, &ack); /* a window's worth: one segment more */
    assert_int_equal(congestion.cwnd, 14000);
    ack.flight = 2000; /* not used: does not grow */
    ack.acked = 14000;
    congestion_acked(&congestion, &ack);
    assert_int_equal(congestion.cwnd, 14000);
}

static struct hand open_with_timestamps(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.timestamps = true;
    hand.ts_value = 1000;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static void paws_drops_what_is_old(void **state)
{
    struct world world;
    struct hand hand = open_with_timestamps(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    hand.ts_value = 1010;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, "ab", 2), BARO_DROP_NONE);
    assert_int_equal(c->ts_recent, 1010);
    assert_int_equal(hand_next(&hand)->options.ts_echo, 1010);
    hand.ts_value = 1009;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "zz", 2), BARO_DROP_TCP_PAWS);
    assert_int_equal(hand_next(&hand)->ack, hand.seq); /* dropped with an ACK */
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 2);
    hand.timestamps = false; /* missing after it was agreed on */
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "zz", 2), BARO_DROP_TCP_NO_TIMESTAMP);
    hand.timestamps = true;
    hand.ts_value = 0x7fffffffu;
    hand_send_at(&hand, TCP_FLAG_ACK, 90000, NULL, 5); /* outside the window: TS.Recent must not follow */
    assert_int_equal(c->ts_recent, 1010);
    hand.timestamps = false;
    hand_send_at(&hand, TCP_FLAG_RST, 0, NULL, 0); /* a RST without the option is heard */
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    world_free(&world);
}

static void after_24_days_ts_recent_means_nothing(void **state)
{
    struct world world;
    struct hand hand = open_with_timestamps(&world);

    (void)state;
    world_pass(&world, 25 * 86400 * NS_PER_S);
    hand.ts_value = 5;
    assert_int_equal(hand_send(&hand, TCP_FLAG_ACK, "ab", 2), BARO_DROP_NONE);
    world_free(&world);
}

static void numbers_cannot_be_guessed(void **state)
{
    struct world world;
    struct tcp *tcp;
    uint32_t bits[32] = { 0 };

    (void)state;
    world_init(&world, 1);
    tcp = world.side[1].tcp;
    for (uint16_t port = 1024; port < 1024 + 10000; port++) {
        struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, port);
        struct baro_endpoint next = world_endpoint(0, (uint16_t)(port + 1));
        uint32_t difference =
            world_numbers(tcp, &local, &next).isn.value - world_numbers(tcp, &local, &remote).isn.value;

        for (int bit = 0; bit < 32; bit++)
            bits[bit] += difference >> bit & 1;
    }
    for (int bit = 0; bit < 32; bit++) /* each bit of the step is a coin: 5000 +- 6 sigma */
        assert_in_range(bits[bit], 4700, 5300);
    struct baro_endpoint local = world_endpoint(1, 80), remote = world_endpoint(0, 9999);
    uint32_t isn = world_numbers(tcp, &local, &remote).isn.value;

    world.side[1].core.now.ns += NS_PER_MS; /* 250 steps of the 4 us clock */
    assert_int_equal(world_numbers(tcp, &local, &remote).isn.value - isn, 250);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_duplicates_retransmit_and_partial_acks_go_on),
        cmocka_unit_test(the_timer_backs_off_and_gives_up),
        cmocka_unit_test(a_syn_is_tried_for_three_minutes),
        cmocka_unit_test(a_user_timeout_ends_it_sooner),
        cmocka_unit_test(after_a_timeout_slow_start_sends_all_again),
        cmocka_unit_test(limited_transmit_and_the_initial_window),
        cmocka_unit_test(the_timeout_is_as_the_rule_says),
        cmocka_unit_test(a_first_sample_is_as_any),
        cmocka_unit_test(rtt_arithmetic_is_rfc_6298s),
        cmocka_unit_test(the_window_grows_by_octets_not_by_acks),
        cmocka_unit_test(paws_drops_what_is_old),
        cmocka_unit_test(after_24_days_ts_recent_means_nothing),
        cmocka_unit_test(numbers_cannot_be_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
