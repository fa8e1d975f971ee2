/* What TCP tells of a connection (STATUS, struct baro_tcp_info). A peer played by hand, so that each number is
 * known beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static struct hand open_hand(struct world *world)
{
    struct hand hand;

    world_init(world, 1);
    hand_init(&hand, world);
    hand.sack = true;
    hand_open(&hand);
    hand_skip(&hand);
    return hand;
}

static struct baro_tcp_info info_of(const struct hand *hand)
{
    struct baro_tcp_info info;

    tcp_info(hand->tcp, hand->connection, &info);
    return info;
}

static void send_octets(struct hand *hand, uint32_t octets)
{
    static const uint8_t data[20 * MSS];

    assert_int_equal(tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, octets }, 0), octets);
    world_drain(hand->world);
}

/* An ACK with the SACK block [left, right). */
static void ack(struct hand *hand, uint32_t number, uint32_t left, uint32_t right)
{
    struct world_made made = { .flags = TCP_FLAG_ACK, .seq = hand->seq, .ack = number, .window = hand->window,
                               .sack_count = 1, .sack = { { { left }, { right } } } };

    world_inject(hand->world, made);
}

static void a_quiet_connection(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    struct baro_tcp_info info = info_of(&hand);

    (void)state;
    assert_int_equal(info.state, BARO_TCP_ESTABLISHED);
    assert_int_equal(info.ca_state, BARO_CA_OPEN);
    assert_true(info.sack_permitted && !info.timestamps && !info.scaled);
    assert_int_equal(info.advmss, MSS);
    assert_int_equal(info.rcv_mss, 0); /* nothing came yet */
    assert_int_equal(info.flight, 0);
    assert_int_equal(info.bytes_sent, 0);
    assert_int_equal(info.data_segments_in + info.data_segments_out, 0);
    assert_int_equal(info.ack_delay.ns, 0);
    assert_int_equal(info.last_data_recv.ns, 0);
    world_free(&world);
}

static void what_is_in_flight_where(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    uint32_t first = hand.ack;
    struct baro_tcp_info info;

    (void)state;
    /* A hand's dialogue takes no time, and nothing was late then. */
    hand_connection(&hand)->rtt.least = (struct least){ 0 };
    least_sample(&hand_connection(&hand)->rtt.least, 10 * NS_PER_MS, world.now.ns);
    send_octets(&hand, 8 * MSS + 100);
    info = info_of(&hand);
    assert_int_equal(info.flight, 8 * MSS + 100);
    assert_int_equal(info.bytes_sent, 8 * MSS + 100);
    assert_int_equal(info.data_segments_out, 9);
    /* The first is missing, the second is held: Disorder; the third to fifth: a loss, sent again at once. */
    world_pass(&world, 10 * NS_PER_MS);
    ack(&hand, first, first + MSS, first + 2 * MSS);
    info = info_of(&hand);
    assert_int_equal(info.ca_state, BARO_CA_DISORDER);
    assert_int_equal(info.sacked, MSS);
    assert_int_equal(info.bytes_delivered, MSS);
    assert_int_equal(info.lost, 0);
    ack(&hand, first, first + MSS, first + 5 * MSS);
    info = info_of(&hand);
    assert_int_equal(info.ca_state, BARO_CA_RECOVERY);
    assert_int_equal(info.sacked, 4 * MSS);
    assert_int_equal(info.lost, MSS); /* it stays lost until it is delivered */
    assert_int_equal(info.retransmitted, MSS);
    assert_int_equal(info.bytes_retransmitted, MSS);
    assert_int_equal(info.bytes_sent, 9 * MSS + 100);
    assert_int_equal(info.retransmits, 1);
    assert_int_equal(info.data_segments_out, 10);
    /* All delivered, and the peer says that one came twice. */
    ack(&hand, first + 8 * MSS + 100, first, first + MSS);
    info = info_of(&hand);
    assert_int_equal(info.ca_state, BARO_CA_OPEN);
    assert_int_equal(info.sacked + info.lost + info.retransmitted + info.flight, 0);
    assert_int_equal(info.bytes_acked, 8 * MSS + 100);
    assert_int_equal(info.bytes_delivered, info.bytes_acked);
    assert_int_equal(info.duplicates_told, 1);
    world_free(&world);
}

static void a_timeout_is_loss(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    struct baro_tcp_info info;

    (void)state;
    send_octets(&hand, 3 * MSS);
    world_pass(&world, 8 * NS_PER_S);
    info = info_of(&hand);
    assert_int_equal(info.ca_state, BARO_CA_LOSS);
    assert_int_equal(info.lost, 3 * MSS);
    assert_int_equal(info.retransmitted, MSS);
    assert_true(info.backoff >= 2 && info.backoff == info.consecutive_timeouts && info.timeouts == info.backoff);
    world_free(&world);
}

static void what_came(void **state)
{
    struct world world;
    struct hand hand = open_hand(&world);
    struct baro_tcp_info info;

    (void)state;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 700);
    world_pass(&world, 300 * NS_PER_MS);
    hand_send_at(&hand, TCP_FLAG_ACK, 1000, NULL, 500); /* behind a hole */
    world_pass(&world, 20 * NS_PER_MS);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    info = info_of(&hand);
    assert_int_equal(info.rcv_mss, 700);
    assert_int_equal(info.data_segments_in, 2);
    assert_int_equal(info.segments_in, 4); /* with the ACK of our SYN, and the last one */
    assert_int_equal(info.out_of_order, 1);
    assert_int_equal(info.bytes_received, 700);
    assert_int_equal(info.unread, 700);
    assert_int_equal(info.ack_delay.ns, 40 * NS_PER_MS);
    assert_int_equal(info.last_data_recv.ns, 20 * NS_PER_MS);
    assert_int_equal(info.last_ack_recv.ns, 0);
    assert_true(info.last_data_sent.ns >= 320 * NS_PER_MS); /* our SYN; ACKs do not count */
    world_free(&world);
}

static void a_listener_tells_of_its_queue(void **state)
{
    struct world world;
    struct hand hand;
    struct baro_tcp_info info;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    tcp_listener_info(hand.tcp, hand.listener, &info);
    assert_int_equal(info.state, BARO_TCP_LISTEN);
    assert_int_equal(info.queued, 0);
    assert_int_equal(info.backlog, 5);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    tcp_listener_info(hand.tcp, hand.listener, &info);
    assert_int_equal(info.queued, 1);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_connection),
        cmocka_unit_test(what_is_in_flight_where),
        cmocka_unit_test(a_timeout_is_loss),
        cmocka_unit_test(what_came),
        cmocka_unit_test(a_listener_tells_of_its_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
