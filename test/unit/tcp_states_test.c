/* Every synchronised state against every class of segment, with what RFC 9293 §3.10.7.4 and RFC 5961 say must come of
 * it; and the states without a connection. The expectations are the RFC's, written down, not recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_hand.h"

enum answer { SILENCE, ACK, RST, SYN_ACK };

/* One class of segment: where it lies, what it carries. */
enum class {
    RST_EXACT, RST_IN_WINDOW, RST_OUTSIDE, SYN_IN_WINDOW, SYN_OUTSIDE, NO_FLAGS, ACK_FUTURE, ACK_ANCIENT,
    DATA_OLD, DATA_OUTSIDE, FIN_IN_ORDER, ACK_OF_ALL, CLASSES
};

struct expectation {
    enum baro_tcp_state state;
    enum answer answer;
};

#define S(name) BARO_TCP_##name

static const enum baro_tcp_state tested[] = { S(ESTABLISHED), S(FIN_WAIT_1), S(FIN_WAIT_2),
                                              S(CLOSE_WAIT),  S(CLOSING),    S(LAST_ACK) };

static enum baro_drop_reason give(struct hand *hand, enum class class)
{
    const struct tcp_connection *c = hand_connection(hand);
    uint32_t ack = hand->ack;
    enum baro_drop_reason reason;

    switch (class) {
    case RST_EXACT: return hand_send_at(hand, TCP_FLAG_RST, 0, NULL, 0);
    case RST_IN_WINDOW: return hand_send_at(hand, TCP_FLAG_RST, 100, NULL, 0);
    case RST_OUTSIDE: return hand_send_at(hand, TCP_FLAG_RST, -1, NULL, 0);
    case SYN_IN_WINDOW: return hand_send_at(hand, TCP_FLAG_SYN, 10, NULL, 0);
    case SYN_OUTSIDE: return hand_send_at(hand, TCP_FLAG_SYN, -70000, NULL, 0);
    case NO_FLAGS: return hand_send_at(hand, 0, 0, NULL, 0);
    case ACK_FUTURE:
        hand->ack = c->snd.nxt.value + 1;
        reason = hand_send_at(hand, TCP_FLAG_ACK, 0, NULL, 0);
        hand->ack = ack;
        return reason;
    case ACK_ANCIENT:
        hand->ack = c->snd.una.value - c->snd.max_wnd - 1;
        reason = hand_send_at(hand, TCP_FLAG_ACK, 0, NULL, 0);
        hand->ack = ack;
        return reason;
    case DATA_OLD: return hand_send_at(hand, TCP_FLAG_ACK, -10, NULL, 5);
    case DATA_OUTSIDE: return hand_send_at(hand, TCP_FLAG_ACK, 200000, NULL, 5);
    case FIN_IN_ORDER: return hand_send_at(hand, TCP_FLAG_FIN | TCP_FLAG_ACK, 0, NULL, 0);
    case ACK_OF_ALL:
        hand->ack = c->snd.nxt.value;
        return hand_send_at(hand, TCP_FLAG_ACK, 0, NULL, 0);
    default: fail(); return BARO_DROP_NONE;
    }
}

static enum baro_tcp_state after_fin(enum baro_tcp_state state)
{
    switch (state) {
    case S(ESTABLISHED): return S(CLOSE_WAIT);
    case S(FIN_WAIT_1): return S(CLOSING);
    case S(FIN_WAIT_2): return S(TIME_WAIT);
    default: return state; /* it has been received before: no change */
    }
}

static enum baro_tcp_state after_ack_of_all(enum baro_tcp_state state)
{
    switch (state) {
    case S(FIN_WAIT_1): return S(FIN_WAIT_2);
    case S(CLOSING): return S(TIME_WAIT);
    case S(LAST_ACK): return S(CLOSED);
    default: return state;
    }
}

static struct expectation expected(enum baro_tcp_state state, enum class class)
{
    switch (class) {
    case RST_EXACT: return (struct expectation){ S(CLOSED), SILENCE };
    case RST_IN_WINDOW:
    case SYN_IN_WINDOW:
    case SYN_OUTSIDE:
    case ACK_FUTURE:
    case ACK_ANCIENT:
    case DATA_OLD:
    case DATA_OUTSIDE: return (struct expectation){ state, ACK };
    case RST_OUTSIDE:
    case NO_FLAGS: return (struct expectation){ state, SILENCE };
    case FIN_IN_ORDER:
        /* Behind a first FIN nothing more can come: the state remains, and the ACK says where we are. */
        return (struct expectation){ after_fin(state), ACK };
    case ACK_OF_ALL: return (struct expectation){ after_ack_of_all(state), SILENCE };
    default: fail(); return (struct expectation){ 0 };
    }
}

static enum answer answer_of(const struct world_segment *seen)
{
    if (seen == NULL)
        return SILENCE;
    if (seen->flags & TCP_FLAG_RST)
        return RST;
    if (seen->flags & TCP_FLAG_SYN)
        return SYN_ACK;
    return ACK;
}

static void every_state_meets_every_segment(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof tested / sizeof tested[0]; s++) {
        for (int class = 0; class < CLASSES; class++) {
            struct world world;
            struct hand hand;
            struct expectation expectation = expected(tested[s], (enum class)class);
            const struct world_segment *seen;
            enum baro_tcp_state after;

            world_init(&world, 1);
            hand_init(&hand, &world);
            hand_reach(&hand, tested[s]);
            assert_int_equal(hand_state(&hand), tested[s]);
            give(&hand, (enum class)class);
            after = hand_state(&hand);
            seen = world_next(&world, &hand.mark, 1);
            if (after != expectation.state || answer_of(seen) != expectation.answer)
                fail_msg("%s, class %d: %s and answer %d, expected %s and %d", baro_tcp_state_name(tested[s]), class,
                         baro_tcp_state_name(after), answer_of(seen), baro_tcp_state_name(expectation.state),
                         expectation.answer);
            if (seen != NULL && (seen->flags & TCP_FLAG_ACK) != 0 && class != FIN_IN_ORDER)
                assert_int_equal(seen->ack, hand.seq);
            world_free(&world);
        }
    }
}

/* RFC 9293 §3.10.7.1. */
static void a_closed_port_answers_with_the_right_rst(void **state)
{
    struct world world;
    unsigned mark = 0;
    const struct world_segment *seen;

    (void)state;
    world_init(&world, 1);
    world.side[0].deaf = true;
    assert_int_equal(world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 70, .length = 3 }),
                     BARO_DROP_TCP_NO_CONNECTION);
    seen = world_next(&world, &mark, 1);
    assert_int_equal(seen->flags, TCP_FLAG_RST | TCP_FLAG_ACK);
    assert_int_equal(seen->seq, 0);
    assert_int_equal(seen->ack, 74);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 70, .ack = 900 });
    seen = world_next(&world, &mark, 1);
    assert_int_equal(seen->flags, TCP_FLAG_RST);
    assert_int_equal(seen->seq, 900);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST | TCP_FLAG_ACK, .seq = 70, .ack = 900 });
    assert_null(world_next(&world, &mark, 1));
    world_free(&world);
}

/* RFC 9293 §3.10.7.2. */
static void a_listener_hears_only_a_syn(void **state)
{
    struct world world;
    struct tcp_settings settings;
    unsigned mark = 0;

    (void)state;
    world_init(&world, 1);
    world.side[0].deaf = true;
    tcp_settings_init(&settings);
    world_listen(&world, &settings, 5);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = 1 });
    world_inject(&world, (struct world_made){ .flags = 0, .seq = 1 });
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_FIN, .seq = 1 });
    assert_null(world_next(&world, &mark, 1));
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = 1, .ack = 77 });
    assert_int_equal(world_next(&world, &mark, 1)->flags, TCP_FLAG_RST);
    assert_int_equal(world.side[1].tcp->connections.used, 0);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = 1, .window = 1000 });
    assert_int_equal(world_next(&world, &mark, 1)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    assert_int_equal(world.side[1].tcp->half_opens.used, 1); /* a record, which costs no connection and no promise */
    assert_int_equal(world.side[1].tcp->connections.used, 0);
    assert_int_equal(world.side[1].core.slabs.charged, 0);
    world_free(&world);
}

/* RFC 9293 §3.10.7.3. */
static void syn_sent_takes_what_acknowledges_its_syn(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_SENT);
    hand.ack++; /* beyond SND.NXT */
    assert_int_equal(hand_send_at(&hand, TCP_FLAG_SYN | TCP_FLAG_ACK, 0, NULL, 0), BARO_DROP_TCP_BAD_ACK);
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_RST);
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_SENT);
    hand_send_at(&hand, TCP_FLAG_RST | TCP_FLAG_ACK, 0, NULL, 0); /* a blind one */
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_SENT);
    hand.ack--;
    hand_send_at(&hand, TCP_FLAG_RST, 0, NULL, 0); /* acknowledges nothing */
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_SENT);
    hand_send_at(&hand, TCP_FLAG_SYN | TCP_FLAG_ACK, 0, NULL, 0);
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_ACK);
    world_free(&world);

    world_init(&world, 1);
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_SENT);
    hand_send_at(&hand, TCP_FLAG_RST | TCP_FLAG_ACK, 0, NULL, 0);
    assert_int_equal(hand_state(&hand), BARO_TCP_CLOSED);
    assert_int_equal(tcp_take_error(hand.tcp, hand.connection), ECONNREFUSED);
    world_free(&world);
}

static void syn_received_goes_where_it_must(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1); /* RST: back to LISTEN, nobody is told */
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    hand_send_at(&hand, TCP_FLAG_RST, 0, NULL, 0);
    assert_null(hand_connection(&hand));
    assert_int_equal(tcp_listener_readiness(hand.tcp, hand.listener), 0);
    world_free(&world);

    world_init(&world, 1); /* a wrong ACK is answered with RST and changes nothing */
    hand_init(&hand, &world);
    hand_reach(&hand, BARO_TCP_SYN_RECEIVED);
    hand.ack += 7;
    hand_send_at(&hand, TCP_FLAG_ACK, 0, NULL, 0);
    assert_int_equal(hand_next(&hand)->seq, hand.ack);
    assert_int_equal(hand_state(&hand), BARO_TCP_SYN_RECEIVED);
    hand.ack -= 7;
    hand_send_at(&hand, TCP_FLAG_SYN, -1, NULL, 0); /* its SYN again: our SYN+ACK again */
    assert_int_equal(hand_next(&hand)->flags, TCP_FLAG_SYN | TCP_FLAG_ACK);
    hand_send_at(&hand, TCP_FLAG_ACK, 0, "hello", 5); /* the ACK may carry data */
    assert_int_equal(hand_state(&hand), BARO_TCP_ESTABLISHED);
    assert_int_equal(tcp_readable(hand.tcp, hand.connection), 5);
    assert_int_equal(tcp_listener_readiness(hand.tcp, hand.listener), BARO_EVENT_IN);
    world_free(&world);
}

/* Figure 8: crossed SYNs. */
static void a_simultaneous_open_ends_established_on_both_sides(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle a, b;

    (void)state;
    world_init(&world, 3);
    tcp_settings_init(&settings);
    assert_int_equal(world_connect_between(world.side[0].tcp, world_endpoint(0, 700), world_endpoint(1, 800),
                                 &world.side[0].path, &settings, 1, &a), 0);
    assert_int_equal(world_connect_between(world.side[1].tcp, world_endpoint(1, 800), world_endpoint(0, 700),
                                 &world.side[1].path, &settings, 1, &b), 0);
    world_pass(&world, 100 * NS_PER_MS);
    assert_int_equal(world_connection(&world, 0, a)->state, BARO_TCP_ESTABLISHED);
    assert_int_equal(world_connection(&world, 1, b)->state, BARO_TCP_ESTABLISHED);
    assert_int_equal(world.side[0].core.counters.tcp_resets_out, 0);
    assert_int_equal(tcp_send(world.side[0].tcp, a, (struct baro_bytes){ (const uint8_t *)"hi", 2 }, 0), 2);
    world_pass(&world, 100 * NS_PER_MS);
    assert_int_equal(tcp_readable(world.side[1].tcp, b), 2);
    world_free(&world);
}

/* Figure 13: crossed FINs. */
static void a_simultaneous_close_passes_through_closing(void **state)
{
    struct world world;
    struct tcp_settings settings;
    struct handle listener, a, b;

    (void)state;
    world_init(&world, 3);
    tcp_settings_init(&settings);
    listener = world_listen(&world, &settings, 5);
    a = world_connect(&world, &settings, 700);
    world_pass(&world, 100 * NS_PER_MS);
    assert_int_equal(tcp_accept(world.side[1].tcp, listener, 3, &b), 0);
    tcp_shutdown(world.side[0].tcp, a, BARO_SHUT_WRITE);
    tcp_shutdown(world.side[1].tcp, b, BARO_SHUT_WRITE);
    world_pass(&world, 6 * NS_PER_MS);
    assert_int_equal(world_connection(&world, 0, a)->state, BARO_TCP_CLOSING);
    assert_int_equal(world_connection(&world, 1, b)->state, BARO_TCP_CLOSING);
    world_pass(&world, 6 * NS_PER_MS);
    assert_int_equal(world.side[0].core.counters.tcp_time_wait, 1);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 1);
    world_pass(&world, 61 * NS_PER_S);
    assert_int_equal(world.side[0].core.counters.tcp_time_wait, 0);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_meets_every_segment),
        cmocka_unit_test(a_closed_port_answers_with_the_right_rst),
        cmocka_unit_test(a_listener_hears_only_a_syn),
        cmocka_unit_test(syn_sent_takes_what_acknowledges_its_syn),
        cmocka_unit_test(syn_received_goes_where_it_must),
        cmocka_unit_test(a_simultaneous_open_ends_established_on_both_sides),
        cmocka_unit_test(a_simultaneous_close_passes_through_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
