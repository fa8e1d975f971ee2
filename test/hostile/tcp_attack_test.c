/* The TCP rows of the catalogue of published stack vulnerabilities, as packets. After each the world still holds
 * together (invariants run at every segment) and, where it should, the connection still works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "test/support/tcp_hand.h"

static void still_works(struct hand *hand)
{
    char buffer[8];

    while (tcp_recv(hand->tcp, hand->connection, (struct baro_buffer){ (uint8_t *)buffer, 8 }, 0) > 0)
        ;
    assert_int_equal(hand_send(hand, TCP_FLAG_ACK, "alive", 5), BARO_DROP_NONE);
    assert_int_equal(tcp_recv(hand->tcp, hand->connection, (struct baro_buffer){ (uint8_t *)buffer, 8 }, 0), 5);
    assert_memory_equal(buffer, "alive", 5);
}

static enum baro_drop_reason raw(struct world *world, uint8_t *data, size_t length)
{
    struct ip_packet packet = { .source = world->side[0].address, .destination = world->side[1].address,
                                .protocol = 6, .mtu = 1500, .payload = { data, length } };
    enum baro_drop_reason reason;

    if (length >= 20) {
        uint64_t sum = checksum_pseudo(packet.source, packet.destination, 6, (uint32_t)length);

        write_be16(data + 16, 0);
        write_be16(data + 16, checksum_fold(checksum_add(sum, data, length)));
    }
    reason = tcp_in(world->side[1].tcp, &packet);
    world_drain(world);
    tcp_check_invariants(world->side[1].tcp);
    return reason;
}

/* T-1. */
static void lying_headers_are_dropped(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    uint8_t data[64] = { 0 };

    (void)state;
    for (size_t length = 0; length < 20; length++)
        assert_int_equal(raw(&world, data, length), BARO_DROP_TCP_TRUNCATED);
    for (unsigned offset = 0; offset < 16; offset++) {
        data[12] = (uint8_t)(offset << 4);
        if (offset != 5)
            assert_int_equal(raw(&world, data, 20), BARO_DROP_TCP_TRUNCATED);
    }
    assert_null(hand_next(&hand));
    still_works(&hand);
    world_free(&world);
}

/* T-2. */
static void no_option_loops_or_crashes(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);

    (void)state;
    for (unsigned kind = 0; kind < 256; kind++) {
        static const uint8_t lengths[] = { 0, 1, 2, 3, 4, 8, 9, 10, 11, 40, 42, 255 };

        for (size_t i = 0; i < sizeof lengths; i++) {
            uint8_t data[60] = { 0 };

            write_be16(data, 40000);
            write_be16(data + 2, 80);
            write_be32(data + 4, hand.seq);
            write_be32(data + 8, hand.ack);
            data[12] = 15 << 4;
            data[13] = TCP_FLAG_ACK;
            write_be16(data + 14, 60000);
            data[20] = (uint8_t)kind;
            data[21] = lengths[i];
            data[59] = (uint8_t)kind;
            raw(&world, data, sizeof data);
        }
    }
    still_works(&hand);
    world_free(&world);
}

/* T-7. */
static void one_octet_holes_are_bounded(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    struct tcp_connection *c = hand_connection(&hand);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        hand_send_at(&hand, TCP_FLAG_ACK, (int32_t)(1 + 2 * world_random(&world, 7000)), NULL, 1);
        world.seen_count = 0;
    }
    assert_int_equal(c->ranges->count, TCP_RANGES);
    assert_true(c->ranges->range[TCP_RANGES - 1].begin < 200); /* the near ones were kept */
    assert_true(c->recv.size <= TCP_RECV_LEAST);
    hand.mark = 0;
    hand_send(&hand, TCP_FLAG_ACK, NULL, 1460);
    still_works(&hand);
    world_free(&world);
}

/* T-11, T-32, T-33. */
static void impossible_sources_make_no_state(void **state)
{
    struct world world;
    struct tcp_settings settings;
    static const struct { uint8_t a, d; } sources[] = { { 0, 0 }, { 224, 1 }, { 239, 9 } };

    (void)state;
    world_init(&world, 1);
    world.side[0].deaf = true;
    tcp_settings_init(&settings);
    world_listen(&world, &settings, 5);
    for (size_t i = 0; i < 3; i++) {
        struct world_made syn = { .flags = TCP_FLAG_SYN, .source = baro_ipv4(sources[i].a, 0, 0, sources[i].d) };

        assert_int_equal(world_inject(&world, syn), BARO_DROP_TCP_BAD_SOURCE);
        syn.to_port = 9; /* closed: no RST to there either */
        assert_int_equal(world_inject(&world, syn), BARO_DROP_TCP_BAD_SOURCE);
    }
    struct world_made land = { .flags = TCP_FLAG_SYN, .source = world.side[1].address, .port = 80 };

    assert_int_equal(world_inject(&world, land), BARO_DROP_TCP_LAND);
    land.source = baro_ipv4(255, 255, 255, 255);
    assert_int_equal(world_inject(&world, land), BARO_DROP_TCP_BAD_SOURCE);
    assert_int_equal(world.seen_count, 0);
    assert_int_equal(world.side[1].tcp->connections.used, 0);
    world_free(&world);
}

/* T-12. */
static void all_flags_in_all_states(void **state)
{
    (void)state;
    for (unsigned s = BARO_TCP_SYN_SENT; s <= BARO_TCP_TIME_WAIT; s++) {
        for (unsigned flags = 0; flags < 256; flags++) {
            struct world world;
            struct hand hand;

            world_init(&world, 1);
            hand_init(&hand, &world);
            hand_reach(&hand, (enum baro_tcp_state)s);
            assert_int_equal(hand_state(&hand), s);
            hand_send_at(&hand, (uint8_t)flags, 0, NULL, flags & 1);
            hand_send_at(&hand, (uint8_t)flags, 1, "ab", 2);
            if ((flags & TCP_FLAG_ACK) == 0 && (flags & TCP_FLAG_RST) == 0 && s >= BARO_TCP_ESTABLISHED)
                assert_int_equal(hand_state(&hand), s);
            world_pass(&world, NS_PER_S);
            world_free(&world);
        }
    }
    for (unsigned flags = 0; flags < 256; flags++) { /* LISTEN: only a SYN makes a connection */
        struct world world;
        struct hand hand;
        unsigned control = flags & (TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_ACK | TCP_FLAG_FIN);

        world_init(&world, 1);
        hand_init(&hand, &world);
        world_listen(&world, &hand.settings, 5);
        hand_send_at(&hand, (uint8_t)flags, 0, NULL, 0);
        assert_int_equal(hand.tcp->half_opens.used, control == TCP_FLAG_SYN);
        world_free(&world);
    }
}

/* T-13, T-14, T-16. */
static void blind_resets_meet_a_bounded_challenge(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    unsigned answers = 0;

    (void)state;
    for (int i = 1; i < 500; i++) {
        assert_int_equal(hand_send_at(&hand, TCP_FLAG_RST, i, NULL, 0), BARO_DROP_TCP_RST_IN_WINDOW);
        assert_int_equal(hand_send_at(&hand, TCP_FLAG_SYN, i, NULL, 0), BARO_DROP_TCP_SYN_IN_WINDOW);
    }
    while (hand_next(&hand) != NULL)
        answers++;
    assert_int_equal(answers, TCP_CHALLENGE_LIMIT);
    still_works(&hand);
    world_free(&world);
}

/* T-15. */
static void blind_data_is_not_delivered(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    uint32_t ack = hand.ack;

    (void)state;
    for (uint32_t offset = 1; offset < 0x80000000u; offset = offset * 3 + 1) {
        hand.ack = ack + offset;
        assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "evil", 4), BARO_DROP_TCP_BAD_ACK);
    }
    hand.ack = ack - 60001;
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_ACK, 0, "evil", 4), BARO_DROP_TCP_BAD_ACK);
    hand.ack = ack;
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 0);
    still_works(&hand);
    world_free(&world);
}

/* T-17. */
static void an_ack_war_ends(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    unsigned answers = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        hand_send_at(&hand, TCP_FLAG_ACK, -5000, NULL, 0);
        world_pass(&world, 10 * NS_PER_MS);
    }
    while (hand_next(&hand) != NULL)
        answers++;
    assert_in_range(answers, 1, 21); /* two a second */
    still_works(&hand);
    world_free(&world);
}

/* T-18. */
static void a_syn_flood_costs_bounded_memory(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_choose_syn_cookies(hand.tcp, BARO_SYN_COOKIES_OFF);
    world_listen(&world, &hand.settings, 5);
    for (uint16_t port = 1; port < 20000; port++) {
        world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = port, .window = 9000, .port = port });
        world.seen_count = 0;
    }
    assert_int_equal(hand.tcp->half_opens.used, 128);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 5, .window = 9000, .port = 30000 });
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 6, .ack = world_last(&world, 1)->seq + 1,
                                              .window = 9000, .port = 30000 }); /* an honest one gets through */
    assert_int_equal(hand.tcp->half_opens.used, 127);
    world_pass(&world, 200 * NS_PER_S);
    assert_int_equal(hand.tcp->half_opens.used, 0);
    world_free(&world);
}

/* T-9. */
static void urgent_pointers_cannot_lead_astray(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    static const uint16_t pointers[] = { 0, 1, 2, 5, 6, 60000, 65535 };
    char buffer[64];

    (void)state;
    for (int round = 0; round < 50; round++) {
        struct world_made urgent = { .flags = TCP_FLAG_ACK | TCP_FLAG_URG, .seq = hand.seq, .ack = hand.ack,
                                     .window = 60000, .urgent = pointers[world_random(&world, 7)],
                                     .length = world_random(&world, 4) };
        ptrdiff_t got;

        world_inject(&world, urgent);
        hand.seq += urgent.length;
        got = tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 2 },
                       round % 3 == 0 ? BARO_MSG_OOB : 0);
        assert_true(got <= 2);
        world_drain(&world);
        tcp_check_invariants(hand.tcp);
    }
    assert_int_equal(hand_connection(&hand)->rcv.nxt.value, hand.seq);
    world_free(&world);
}

/* T-29. */
static void invented_duplicates_do_not_blow_up_the_window(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    static const uint8_t data[14600];
    struct tcp_connection *c = hand_connection(&hand);
    uint32_t first = hand.ack;

    (void)state;
    tcp_send(hand.tcp, hand.connection, (struct baro_bytes){ data, sizeof data }, 0);
    world_drain(&world);
    hand.ack = first;
    for (int i = 0; i < 1000; i++)
        hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0);
    assert_true(c->congestion.cwnd <= c->congestion.ssthresh + tcp_flight(c) + 1460);
    world_free(&world);
}

/* T-38. */
static void data_beyond_the_fin_is_nothing(void **state)
{
    struct world world;
    struct hand hand = hand_begin(&world);
    char buffer[16];

    (void)state;
    hand_send_at(&hand, TCP_FLAG_FIN | TCP_FLAG_ACK, 4, "efgh", 4); /* FIN first */
    hand_send_at(&hand, TCP_FLAG_ACK, 8, "beyond", 6);
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    hand_send_at(&hand, TCP_FLAG_ACK, 0, "abcd", 4);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSE_WAIT);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 16 }, 0), 8);
    assert_memory_equal(buffer, "abcdefgh", 8);
    assert_int_equal(tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 16 }, 0), 0);
    world_free(&world);
}

/* T-37. */
static void sequence_numbers_wrap(void **state)
{
    struct world world;
    struct hand hand;
    char buffer[4096];
    uint32_t total = 0;
    ptrdiff_t got;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand.seq = 0xffffff00u;
    hand_open(&hand);
    hand_send_at(&hand, TCP_FLAG_ACK, 300, NULL, 300);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 200);
    hand_send(&hand, TCP_FLAG_ACK, NULL, 100);
    hand.seq += 300;
    hand_send(&hand, TCP_FLAG_FIN | TCP_FLAG_ACK, NULL, 1000);
    while ((got = tcp_recv(hand.tcp, hand.connection, (struct baro_buffer){ (uint8_t *)buffer, 4096 }, 0)) > 0)
        total += (uint32_t)got;
    assert_int_equal(total, 1600);
    assert_int_equal(got, 0);
    assert_int_equal(world_last(&world, 1)->ack, hand.seq);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lying_headers_are_dropped),
        cmocka_unit_test(no_option_loops_or_crashes),
        cmocka_unit_test(one_octet_holes_are_bounded),
        cmocka_unit_test(impossible_sources_make_no_state),
        cmocka_unit_test(all_flags_in_all_states),
        cmocka_unit_test(blind_resets_meet_a_bounded_challenge),
        cmocka_unit_test(blind_data_is_not_delivered),
        cmocka_unit_test(an_ack_war_ends),
        cmocka_unit_test(a_syn_flood_costs_bounded_memory),
        cmocka_unit_test(urgent_pointers_cannot_lead_astray),
        cmocka_unit_test(invented_duplicates_do_not_blow_up_the_window),
        cmocka_unit_test(data_beyond_the_fin_is_nothing),
        cmocka_unit_test(sequence_numbers_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
