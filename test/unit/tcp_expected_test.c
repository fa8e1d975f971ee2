/* Header prediction beside the slow path, a segment at a time: of two worlds with the same story one gives the last
 * segment to tcp_in(), the other offers it to the fast path first (transport/tcp/expected.c, expected_end.c,
 * expected_open.c). Whether it takes it is said here; whatever it does, the connection, the counters and what leaves
 * must be the same.
 *
 * These are segments that seeds seldom draw: at windows that are closed or nearly so, behind errors, for records that
 * are not plain, with wrong sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "test/support/tcp_hand.h"
#include "transport/tcp/ease.h"

enum { FIN = TCP_FLAG_FIN, ACK = TCP_FLAG_ACK, POSTED = 4000 };

static struct world worlds[2]; /* the slow path; with the fast path */
static struct hand hands[2];
static uint8_t posted[2][POSTED];

struct trial {
    const char *name;
    enum baro_tcp_state state;      /* where it comes; CLOSED: `prepare` sees to it */
    void (*prepare)(struct hand *hand);
    uint8_t flags;
    uint32_t length;
    bool taken;                     /* by the fast path */
};

static uint8_t *posted_of(const struct hand *hand)
{
    return posted[hand == &hands[1]];
}

/* All that is no pointer, timer's place or memory of the fast paths. */
static struct tcp_connection values_of(const struct hand *hand)
{
    const struct tcp_connection *c = hand_connection(hand);
    struct tcp_connection values;

    memset(&values, 0, sizeof values);
    if (c == NULL)
        return values;
    memcpy(&values, c, sizeof values);
    tcp_ease_ends(&values);
    values.ranges = NULL;
    values.sender = NULL;
    values.flow = NULL;
    values.recv.data = values.send.data = NULL;
    values.posted.at = NULL;
    values.recv.passes = false;
    if ((values.flags & TCP_POSTED) != 0) /* the fast path leaves the ring out, and what it would take */
        values.recv.size = values.recv.turn = values.charged = 0;
    memset(&values.wheel, 0, sizeof values.wheel);
    memset(&values.event, 0, sizeof values.event);
    return values;
}

static void are_the_same(const char *name)
{
    const struct tcp_connection whole = values_of(&hands[0]), cut = values_of(&hands[1]);
    const uint8_t *a = (const uint8_t *)&whole, *b = (const uint8_t *)&cut;

    for (size_t i = 0; i < sizeof whole; i++) {
        if (a[i] != b[i])
            fail_msg("%s: octet %zu of the connection differs", name, i);
    }
    assert_memory_equal(&worlds[0].side[1].core.counters, &worlds[1].side[1].core.counters,
                        sizeof worlds[0].side[1].core.counters);
    assert_int_equal(worlds[0].seen_count, worlds[1].seen_count);
    for (unsigned i = 0; i < worlds[0].seen_count; i++)
        assert_memory_equal(&worlds[0].seen[i], &worlds[1].seen[i], sizeof worlds[0].seen[i]);
    assert_memory_equal(posted[0], posted[1], POSTED);
}

/* `known`: that the connection is at ease was asked before, as mostly. */
static void try_one(const struct trial *trial, bool timestamps, bool known)
{
    enum baro_drop_reason reason[2];
    uint64_t before = 0;

    memset(posted, 0xee, sizeof posted);
    for (unsigned i = 0; i < 2; i++) {
        world_init(&worlds[i], 1);
        hand_init(&hands[i], &worlds[i]);
        hands[i].sack = true;
        hands[i].timestamps = timestamps;
        if (trial->state != BARO_TCP_CLOSED)
            hand_reach(&hands[i], trial->state);
        if (trial->prepare != NULL)
            trial->prepare(&hands[i]);
        if (known && hand_connection(&hands[i]) != NULL)
            (void)tcp_hears_at_ease(hand_connection(&hands[i]));
        worlds[i].side[1].expects = i == 1;
        before = hands[i].tcp->expected;
        reason[i] = hand_send(&hands[i], trial->flags, NULL, trial->length);
    }
    if (hands[1].tcp->expected - before != trial->taken)
        fail_msg("%s%s: the short cut %s it", trial->name, timestamps ? ", with timestamps" : "",
                 trial->taken ? "does not take" : "takes");
    assert_int_equal(reason[0], reason[1]);
    are_the_same(trial->name);
    for (unsigned i = 0; i < 2; i++)
        world_pass(&worlds[i], 3 * NS_PER_S); /* whatever it left to be done */
    are_the_same(trial->name);
    for (unsigned i = 0; i < 2; i++)
        world_free(&worlds[i]);
}

static void try_all(const struct trial trials[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        try_one(&trials[i], false, false);
        try_one(&trials[i], true, false);
        try_one(&trials[i], true, true);
    }
}

/* ---- how a connection is ---- */

static void window_is_closed(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    c->rcv.edge = c->rcv.nxt;
}

static void window_of_three(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    c->rcv.edge = seq_add(c->rcv.nxt, 3);
}

static void window_of_ten(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    c->rcv.edge = seq_add(c->rcv.nxt, 10);
}

static void peer_window_is_closed(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    c->snd.wnd = 0;
    c->probes = 3;
}

static void is_probed(struct hand *hand)
{
    hand_connection(hand)->probes = 3;
}

static void orphan(struct hand *hand)
{
    tcp_close(hand->tcp, hand->connection);
    world_drain(hand->world);
}

static void closed_window_and_nobody(struct hand *hand)
{
    orphan(hand);
    peer_window_is_closed(hand);
}

static void acknowledged(struct hand *hand)
{
    hand->ack++; /* our FIN, too */
}

static void orphan_acknowledged(struct hand *hand)
{
    orphan(hand);
    hand->ack++;
}

static void shut(struct hand *hand)
{
    tcp_shutdown(hand->tcp, hand->connection, BARO_SHUT_READ);
}

static void keeps_alive(struct hand *hand)
{
    struct tcp_settings settings = hand_connection(hand)->settings;

    settings.keepalive = true;
    tcp_change(hand->tcp, hand->connection, &settings);
    world_pass(hand->world, NS_PER_S);
}

static void is_late(struct hand *hand)
{
    world_pass(hand->world, 5 * NS_PER_S);
}

static void wrong(struct hand *hand)
{
    hand->bad_checksum = true;
}

/* The peer said so in a segment before this one, which need not repeat it; then text left, for which it means
 * nothing. */
static void knows_of_urgent_text(struct hand *hand)
{
    struct tcp_connection *c = hand_connection(hand);

    c->rcv.up = seq_add(c->rcv.nxt, 50);
    c->flags |= TCP_URGENT_KNOWN;
    assert_true(tcp_sends_at_ease(c));
}

static void sends_urgently(struct hand *hand)
{
    tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ (const uint8_t *)"out", 3 }, BARO_MSG_OOB);
    world_drain(hand->world);
    hand->ack += 3;
}

static void post(struct hand *hand, size_t room)
{
    tcp_recv_post(hand->tcp, hand->connection, (struct baro_buffer){ posted_of(hand), room });
}

static void has_posted(struct hand *hand)
{
    post(hand, POSTED);
}

static void has_posted_little(struct hand *hand)
{
    post(hand, 5);
}

/* Octets wait in the ring, and what went wrong keeps a post from taking them along. */
static void has_posted_behind_an_error(struct hand *hand)
{
    struct tcp_settings settings = hand_connection(hand)->settings;
    struct tcp_connection *c = hand_connection(hand);

    settings.recv_error = true;
    tcp_change(hand->tcp, hand->connection, &settings);
    hand_send(hand, ACK, "ahead", 5);
    tcp_send(hand->tcp, hand->connection, (struct baro_bytes){ (const uint8_t *)"out", 3 }, 0);
    world_drain(hand->world);
    tcp_icmp_error(hand->tcp, c->local, c->remote, c->snd.una, 3, 1, 0);
    assert_int_not_equal(c->error, 0);
    has_posted(hand);
    assert_int_equal(ring_used(&c->recv), 5);
}

static void fins_and_what_is_in_front_of_them(void **state)
{
    static const struct trial trials[] = {
        { "a FIN", BARO_TCP_ESTABLISHED, NULL, FIN | ACK, 0, true },
        { "a late FIN", BARO_TCP_ESTABLISHED, is_late, FIN | ACK, 0, true },
        { "a FIN at a closed window", BARO_TCP_ESTABLISHED, window_is_closed, FIN | ACK, 0, false },
        { "text and a FIN at a closed window", BARO_TCP_ESTABLISHED, window_is_closed, FIN | ACK, 10, false },
        { "a FIN in FIN-WAIT-2 at a closed window", BARO_TCP_FIN_WAIT_2, window_is_closed, FIN | ACK, 0, false },
        { "a FIN in a window of three", BARO_TCP_ESTABLISHED, window_of_three, FIN | ACK, 0, true },
        { "text beyond the window, and a FIN", BARO_TCP_ESTABLISHED, window_of_three, FIN | ACK, 10, false },
        { "text that fills the window, and a FIN", BARO_TCP_ESTABLISHED, window_of_ten, FIN | ACK, 10, true },
        { "text beyond the window", BARO_TCP_ESTABLISHED, window_of_three, ACK, 10, false },
        { "the first text, and a FIN", BARO_TCP_ESTABLISHED, NULL, FIN | ACK, 100, true },
        { "the first text and a FIN in FIN-WAIT-1", BARO_TCP_FIN_WAIT_1, NULL, FIN | ACK, 100, false },
        { "text and a FIN for who reads no more", BARO_TCP_ESTABLISHED, shut, FIN | ACK, 100, false },
        { "a FIN for who reads no more", BARO_TCP_ESTABLISHED, shut, FIN | ACK, 0, true },
        { "text and a FIN for nobody", BARO_TCP_FIN_WAIT_2, orphan, FIN | ACK, 100, false },
        { "a FIN for nobody", BARO_TCP_FIN_WAIT_2, orphan, FIN | ACK, 0, true },
        { "a FIN in FIN-WAIT-2", BARO_TCP_FIN_WAIT_2, NULL, FIN | ACK, 0, true },
        { "a FIN that crosses ours", BARO_TCP_FIN_WAIT_1, NULL, FIN | ACK, 0, true },
        { "a FIN that acknowledges ours", BARO_TCP_FIN_WAIT_1, acknowledged, FIN | ACK, 0, true },
        { "the same for nobody", BARO_TCP_FIN_WAIT_1, orphan_acknowledged, FIN | ACK, 0, true },
        { "a FIN while the peer's window is closed", BARO_TCP_ESTABLISHED, peer_window_is_closed, FIN | ACK, 0, false },
        { "the same for nobody", BARO_TCP_FIN_WAIT_2, closed_window_and_nobody, FIN | ACK, 0, false },
        { "a FIN answers probes", BARO_TCP_ESTABLISHED, is_probed, FIN | ACK, 0, true },
        { "a FIN proves that the peer lives", BARO_TCP_ESTABLISHED, keeps_alive, FIN | ACK, 0, true },
        { "a second FIN", BARO_TCP_CLOSE_WAIT, NULL, FIN | ACK, 0, false },
        { "a FIN with a wrong sum", BARO_TCP_ESTABLISHED, wrong, FIN | ACK, 0, false },
        { "text and a FIN with a wrong sum", BARO_TCP_ESTABLISHED, wrong, FIN | ACK, 100, false },
    };

    (void)state;
    try_all(trials, sizeof trials / sizeof trials[0]);
}

/* Its last octet is to be found when it comes, and is no urgent text any more when it was acknowledged. */
static void urgent_text_is_for_the_whole_way(void **state)
{
    static const struct trial trials[] = {
        { "urgent text", BARO_TCP_ESTABLISHED, knows_of_urgent_text, ACK, 100, false },
        { "what is in front of urgent text", BARO_TCP_ESTABLISHED, knows_of_urgent_text, ACK, 10, false },
        { "the ACK of urgent text", BARO_TCP_ESTABLISHED, sends_urgently, ACK, 0, false },
        { "text that acknowledges urgent text", BARO_TCP_ESTABLISHED, sends_urgently, ACK, 10, false },
    };

    (void)state;
    try_all(trials, sizeof trials / sizeof trials[0]);
}

static void the_ack_of_a_fin(void **state)
{
    static const struct trial trials[] = {
        { "in FIN-WAIT-1", BARO_TCP_FIN_WAIT_1, acknowledged, ACK, 0, true },
        { "in FIN-WAIT-1, of nobody", BARO_TCP_FIN_WAIT_1, orphan_acknowledged, ACK, 0, true },
        { "in CLOSING", BARO_TCP_CLOSING, acknowledged, ACK, 0, true },
        { "in CLOSING, of nobody", BARO_TCP_CLOSING, orphan_acknowledged, ACK, 0, true },
        { "in LAST-ACK", BARO_TCP_LAST_ACK, acknowledged, ACK, 0, true },
        { "in LAST-ACK, of nobody", BARO_TCP_LAST_ACK, orphan_acknowledged, ACK, 0, true },
        { "again in FIN-WAIT-2", BARO_TCP_FIN_WAIT_2, NULL, ACK, 0, true },
        { "not yet, in LAST-ACK", BARO_TCP_LAST_ACK, NULL, ACK, 0, false },
    };

    (void)state;
    try_all(trials, sizeof trials / sizeof trials[0]);
}

static void octets_go_where_they_are_wanted(void **state)
{
    static const struct trial trials[] = {
        { "text", BARO_TCP_ESTABLISHED, has_posted, ACK, 100, true },
        { "text and a FIN", BARO_TCP_ESTABLISHED, has_posted, FIN | ACK, 100, true },
        { "more than there is room for", BARO_TCP_ESTABLISHED, has_posted_little, ACK, 100, true },
        { "the same and a FIN", BARO_TCP_ESTABLISHED, has_posted_little, FIN | ACK, 100, true },
        { "behind what waits", BARO_TCP_ESTABLISHED, has_posted_behind_an_error, ACK, 100, true },
        { "behind what waits, and a FIN", BARO_TCP_ESTABLISHED, has_posted_behind_an_error, FIN | ACK, 100, true },
    };

    (void)state;
    try_all(trials, sizeof trials / sizeof trials[0]);
}

/* A posted buffer reads at once, and the window could open by much; but an ACK is due soon anyway, and tells of it. */
static void what_is_posted_is_worth_no_segment_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct world_segment *answer;
        struct tcp_connection *c;

        world_init(&worlds[i], 1);
        hand_init(&hands[i], &worlds[i]);
        hands[i].sack = true;
        hand_reach(&hands[i], BARO_TCP_ESTABLISHED);
        c = hand_connection(&hands[i]);
        has_posted(&hands[i]);
        c->quick_acks = 0;
        c->rcv.edge = seq_add(c->rcv.nxt, 1000);
        worlds[i].side[1].expects = i == 1;
        hand_send(&hands[i], ACK, NULL, 10);
        assert_null(hand_next(&hands[i]));
        world_pass(&worlds[i], TCP_ACK_DELAY_MS * NS_PER_MS);
        answer = hand_next(&hands[i]);
        assert_non_null(answer);
        assert_true(answer->window > 10000);
        assert_null(hand_next(&hands[i]));
        world_free(&worlds[i]);
    }
}

/* ---- how a half-open record is ---- */

static struct tcp_half_open *record_of(const struct hand *hand)
{
    return tcp_resolve_half_open(hand->tcp, hand->connection);
}

/* A SYN that waits for its answer, and somebody who knows our sequence number all the same. */
static void is_held(struct hand *hand)
{
    hand->settings.hold_syn = true;
    hand->listener = world_listen(hand->world, &hand->settings, 5);
    world_inject(hand->world, (struct world_made){ .flags = TCP_FLAG_SYN, .seq = hand->seq++, .window = hand->window,
                                                   .sack_permitted = true, .timestamps = hand->timestamps,
                                                   .ts_value = hand->ts_value });
    hand->connection = tcp_find(hand->tcp, world_endpoint(1, 80), world_endpoint(0, 40000));
    assert_true((record_of(hand)->flags & HALF_OPEN_HELD) != 0);
    hand->ack = record_of(hand)->iss.value + 1;
}

static void was_answered_twice(struct hand *hand)
{
    record_of(hand)->flags |= HALF_OPEN_AGAIN;
}

static void was_acknowledged(struct hand *hand)
{
    record_of(hand)->flags |= HALF_OPEN_ACKED;
}

static void was_answered_by_the_timer(struct hand *hand)
{
    world_pass(hand->world, 2 * NS_PER_S);
}

static void is_old(struct hand *hand)
{
    if (hand->timestamps)
        hand->ts_value--;
    else
        hand->seq--;
}

static void beyond_the_syn(struct hand *hand)
{
    hand->ack++;
}

static void the_end_of_the_dialogue(void **state)
{
    static const struct trial trials[] = {
        { "an ACK", BARO_TCP_SYN_RECEIVED, NULL, ACK, 0, true },
        { "with text", BARO_TCP_SYN_RECEIVED, NULL, ACK, 10, true },
        { "with text and a FIN", BARO_TCP_SYN_RECEIVED, NULL, FIN | ACK, 10, false },
        { "with text and a wrong sum", BARO_TCP_SYN_RECEIVED, wrong, ACK, 10, false },
        { "of a record that is held", BARO_TCP_CLOSED, is_held, ACK, 0, false },
        { "after two answers", BARO_TCP_SYN_RECEIVED, was_answered_twice, ACK, 0, false },
        { "after the timer's", BARO_TCP_SYN_RECEIVED, was_answered_by_the_timer, ACK, 0, false },
        { "again", BARO_TCP_SYN_RECEIVED, was_acknowledged, ACK, 0, false },
        { "an old one", BARO_TCP_SYN_RECEIVED, is_old, ACK, 0, false },
        { "of more than the SYN", BARO_TCP_SYN_RECEIVED, beyond_the_syn, ACK, 0, false },
        { "with a wrong sum", BARO_TCP_SYN_RECEIVED, wrong, ACK, 0, false },
    };

    (void)state;
    try_all(trials, sizeof trials / sizeof trials[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fins_and_what_is_in_front_of_them),
        cmocka_unit_test(urgent_text_is_for_the_whole_way),
        cmocka_unit_test(the_ack_of_a_fin),
        cmocka_unit_test(octets_go_where_they_are_wanted),
        cmocka_unit_test(what_is_posted_is_worth_no_segment_of_its_own),
        cmocka_unit_test(the_end_of_the_dialogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
