/* Flow: delayed ACKs and their count, windows that close, shrink and open, silly windows, Nagle, urgent data, overlap
 * of what is held, memory that fails, keepalive, and how connections end. A peer played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum { MSS = 1460 };

static ptrdiff_t put(struct hand *hand, const void *data, size_t length, unsigned flags)
{
    ptrdiff_t taken = tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ data, length }, flags);

    world_drain(hand->world);
    return taken;
}

static ptrdiff_t get(struct hand *hand, void *data, size_t length, unsigned flags)
{
    ptrdiff_t got = tcp_recv(hand->tcp, hand->connection, (struct baro_buffer){ data, length }, flags);

    world_drain(hand->world);
    return got;
}

static unsigned acks(struct hand *hand)
{
    unsigned count = 0;

    while (hand_next(hand) != NULL)
        count++;
    return count;
}

static void acknowledgements_keep_count(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    uint8_t buffer[4096];

    (void)state;
    for (int i = 0; i < TCP_QUICK_ACKS; i++) { /* young: each at once */
        hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
        assert_int_equal(acks(&hand), 1);
        get(&hand, buffer, sizeof buffer, 0);
        hand_skip(&hand);
    }
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    assert_int_equal(acks(&hand), 0);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000); /* the second full-sized one */
    assert_int_equal(acks(&hand), 1);
    get(&hand, buffer, sizeof buffer, 0);
    hand_skip(&hand); /* the window may have opened */
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    world_pass(&world, 39 * NS_PER_MS);
    assert_int_equal(acks(&hand), 0);
    world_pass(&world, 2 * NS_PER_MS); /* the timer */
    assert_int_equal(acks(&hand), 1);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 10); /* an answer carries the ACK */
    assert_int_equal(put(&hand, "answer", 6, 0), 6);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    assert_int_equal(acks(&hand), 1);
    world_pass(&world, 100 * NS_PER_MS);
    assert_int_equal(acks(&hand), 0);
    for (int i = 1; i <= 5; i++) { /* out of order: each its own, all the same */
        hand_send_at(&hand, TCP_FLAG_ACK, i * 1000, NULL, 100);
        assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    }
    assert_int_equal(acks(&hand), 5);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1000); /* a hole filled: at once */
    assert_int_equal(world_last(&world, 1)->ack, hand.seq + 100);
    assert_int_equal(acks(&hand), 1);
    world_free(&world);
}

static void held_octets_win_over_what_comes_later(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    char buffer[64] = { 0 };
    struct world_made bad = { .flags = TCP_FLAG_ACK, .seq = hand.seq, .ack = hand.ack, .window = 60000,
                              .data = "XXXXXXXXXXXX", .length = 12, .bad_checksum = true };

    (void)state;
    hand_send_at(&hand, TCP_FLAG_ACK, 4, "efgh", 4);
    assert_int_equal(world_inject(&world, bad), BARO_DROP_TCP_CHECKSUM); /* corrupt, over held octets */
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 2, "CDEFGHIJ", 8), BARO_DROP_NONE);
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "abcdXXXXXXXXkl", 14), BARO_DROP_NONE);
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 14);
    assert_string_equal(buffer, "abCDefghIJXXkl");
    hand_send_at(&hand, TCP_FLAG_ACK, 10, "????mnop", 8); /* what is acknowledged does not change */
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 4);
    assert_memory_equal(buffer, "mnop", 4);
    world_free(&world);
}

static void a_corrupt_segment_in_order_is_not_delivered(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    char buffer[16];
    struct world_made bad = { .flags = TCP_FLAG_ACK, .seq = hand.seq, .ack = hand.ack, .window = 60000,
                              .data = "wrong", .length = 5, .bad_checksum = true };

    (void)state;
    assert_int_equal(world_inject(&world, bad), BARO_DROP_TCP_CHECKSUM);
    assert_null(hand_next(&hand)); /* no ACK: MUST-3 */
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), -EAGAIN);
    hand_send(&hand, TCP_FLAG_ACK, "right", 5);
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 5);
    assert_memory_equal(buffer, "right", 5);
    world_free(&world);
}

static void a_closed_window_is_probed_for_ever(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    const struct world_segment *seen;
    unsigned probes = 0;
    uint32_t first = hand.ack;

    (void)state;
    hand.window = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(put(&hand, "0123456789", 10, 0), 10);
    assert_null(hand_next(&hand));
    for (int i = 0; i < 3000; i++) {
        world_pass(&world, NS_PER_S);
        while ((seen = world_next(&world, &hand.mark, 1)) != NULL) {
            assert_int_equal(seen->seq, first);
            assert_int_equal(seen->length, 1);
            probes++;
            hand_send(&hand, TCP_FLAG_ACK, NULL, 0); /* alive, and closed */
        }
    }
    assert_in_range(probes, 20, 60); /* backed off to two minutes */
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    hand.window = 100;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    seen = world_next(&world, &hand.mark, 1);
    assert_non_null(seen);
    assert_int_equal(seen->seq, first);
    world_free(&world);
}

static void nothing_small_into_a_silly_window(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    static const uint8_t data[8000];
    uint32_t first = hand.ack;

    (void)state;
    hand.window = 4 * MSS;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(put(&hand, data, sizeof data, 0), sizeof data);
    hand_skip(&hand);
    assert_int_equal(hand.ack - first, 4 * MSS);
    hand.window = 50; /* opens by fifty octets: wait */
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_null(hand_next(&hand));
    hand.window = MSS;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand_next(&hand)->length, MSS);
    world_free(&world);
}

static void our_window_opens_by_a_segment_or_not_at_all(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    uint8_t buffer[16384];
    uint32_t edge;

    (void)state;
    while (hand_connection(&hand)->rcv.edge.value - hand.seq >= 1000)
        hand_send(&hand, TCP_FLAG_ACK, NULL, 1000);
    hand_skip(&hand);
    edge = hand_connection(&hand)->rcv.edge.value;
    hand_send(&hand, TCP_FLAG_ACK, NULL, edge - hand.seq);
    hand_skip(&hand);
    assert_int_equal(hand_connection(&hand)->rcv.edge.value, edge);
    assert_int_equal(get(&hand, buffer, 100, 0), 100);
    assert_null(hand_next(&hand)); /* 100 octets are no news */
    hand_send_at(&hand, TCP_FLAG_ACK, 0, "y", 1); /* a probe: window still zero */
    assert_int_equal(world_last(&world, 1)->window, 0);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    hand_skip(&hand);
    assert_int_equal(get(&hand, buffer, 4000, 0), 4000);
    assert_non_null(hand_next(&hand)); /* the update */
    assert_true(world_last(&world, 1)->window >= 4000);
    world_free(&world);
}

static void nagle_waits_and_nodelay_does_not(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    put(&hand, "a", 1, 0);
    assert_int_equal(hand_next(&hand)->length, 1);
    put(&hand, "b", 1, 0);
    put(&hand, "c", 1, 0);
    assert_null(hand_next(&hand));
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_int_equal(hand_next(&hand)->length, 2);
    hand.settings.nodelay = true;
    tcp_change(hand.tcp, hand.connection, &hand.settings);
    put(&hand, "d", 1, 0);
    assert_int_equal(hand_next(&hand)->length, 1);
    put(&hand, "e", 1, BARO_MSG_MORE);
    assert_null(hand_next(&hand));
    world_pass(&world, 190 * NS_PER_MS);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0);
    assert_null(hand_next(&hand));
    world_pass(&world, 20 * NS_PER_MS);
    assert_int_equal(hand_next(&hand)->length, 1);
    world_free(&world);
}

static void urgent_data_goes_out_and_comes_in(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    const struct world_segment *seen;
    char buffer[16];
    struct world_made urgent = { .flags = TCP_FLAG_ACK | TCP_FLAG_URG, .seq = hand.seq, .ack = hand.ack,
                                 .window = 60000, .urgent = 3, .data = "abUcd", .length = 5 };

    (void)state;
    put(&hand, "xyz", 3, BARO_MSG_OOB);
    seen = hand_next(&hand);
    assert_true(seen->flags & TCP_FLAG_URG);
    assert_int_equal(seen->urgent, 3); /* the octet behind: MUST-62 */
    assert_int_equal(get(&hand, buffer, 1, BARO_MSG_OOB), -EINVAL);
    world_inject(&world, urgent);
    hand.seq += 5;
    assert_true(tcp_readiness(hand.tcp, hand.connection) & BARO_EVENT_PRIORITY);
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 4);
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 2); /* stops in front of the mark */
    assert_true(tcp_at_mark(hand.tcp, hand.connection));
    assert_int_equal(get(&hand, buffer, sizeof buffer, BARO_MSG_OOB), 1);
    assert_int_equal(buffer[0], 'U');
    assert_int_equal(get(&hand, buffer, sizeof buffer, BARO_MSG_OOB), -EINVAL);
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 2);
    assert_memory_equal(buffer, "cd", 2);
    world_free(&world);
}

static void memory_that_fails_acknowledges_nothing(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    char buffer[16];

    (void)state;
    world.side[1].takes_allowed = 0;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "data", 4), BARO_DROP_TCP_NO_MEMORY);
    assert_int_equal(hand_connection(&hand)->rcv.nxt.value, hand.seq);
    assert_int_equal(world.side[1].core.counters.drops[BARO_DROP_TCP_NO_MEMORY], 1);
    assert_int_equal(put(&hand, "out", 3, 0), -EAGAIN);
    world.side[1].takes_allowed = SIZE_MAX;
    hand_send(&hand, TCP_FLAG_ACK, "data", 4);
    assert_int_equal(get(&hand, buffer, sizeof buffer, 0), 4);
    world.side[1].core.slabs.limit = world.side[1].core.slabs.charged + 1000;
    struct handle other;
    assert_int_equal(world_connect_between(hand.tcp, world_endpoint(1, 99), world_endpoint(0, 99), &world.side[1].path,
                                 &hand.settings, 5, &other), -ENOBUFS);
    assert_int_equal(world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .port = 41000 }),
                     BARO_DROP_NO_SOCKET_MEMORY);
    world_free(&world);
}

static void keepalive_asks_and_then_gives_up(void **state)
{
    struct world world;
    struct hand hand;
    const struct world_segment *seen;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.settings.keepalive = true;
    hand.settings.keepalive_count = 3;
    hand_open(&hand);
    hand_skip(&hand);
    world_pass(&world, 7199 * NS_PER_S);
    assert_null(hand_next(&hand));
    world_pass(&world, 2 * NS_PER_S);
    seen = hand_next(&hand);
    assert_int_equal(seen->seq, hand.ack - 1);
    assert_int_equal(seen->length, 0);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 0); /* answered: from the beginning again */
    world_pass(&world, 7199 * NS_PER_S);
    assert_null(hand_next(&hand));
    world_pass(&world, 300 * NS_PER_S);
    assert_int_equal(world_count(&world, hand.mark, 1), 4); /* three probes and the RST */
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ETIMEDOUT);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledgements_keep_count),
        cmocka_unit_test(held_octets_win_over_what_comes_later),
        cmocka_unit_test(a_corrupt_segment_in_order_is_not_delivered),
        cmocka_unit_test(a_closed_window_is_probed_for_ever),
        cmocka_unit_test(nothing_small_into_a_silly_window),
        cmocka_unit_test(our_window_opens_by_a_segment_or_not_at_all),
        cmocka_unit_test(nagle_waits_and_nodelay_does_not),
        cmocka_unit_test(urgent_data_goes_out_and_comes_in),
        cmocka_unit_test(memory_that_fails_acknowledges_nothing),
        cmocka_unit_test(keepalive_asks_and_then_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
