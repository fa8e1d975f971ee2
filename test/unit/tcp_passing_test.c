/* The memory of rings whose connections talk in turn goes from one to the next: no octet is lost by it, and who talks
 * alone keeps its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "test/support/foreseen.h"

enum { PORT = 40000, MOST = FORESEEN_MOST, MANY = 12 };

static struct world world;
static struct tcp_settings settings;
static struct handle listener;
static struct foreseen frame;

static struct tcp *server(void)
{
    return world.side[1].tcp;
}

static struct slabs *memory(void)
{
    return &server()->core->slabs;
}

static struct tcp_connection *of(unsigned i)
{
    return tcp_resolve(server(), tcp_find(server(), world_endpoint(1, 80), world_endpoint(0, (uint16_t)(PORT + i))));
}

static struct handle handle_of(unsigned i)
{
    return tcp_handle(server(), of(i));
}

/* Nobody is known of late: as where a few thousand others talked meanwhile. */
static void others_talk(void)
{
    memset(server()->lately, 0, sizeof server()->lately);
    server()->recent = TCP_NO_RECENT;
    server()->recent_place = NULL;
}

/* The next text of connection `i`, each octet of it `value`, with what is acknowledged so far. */
static void takes(unsigned i, uint8_t value, uint32_t length)
{
    const struct tcp_connection *c = of(i);
    struct tcp_arrival arrival;

    assert_non_null(c);
    arrival = foreseen(&frame, &world, c, (uint16_t)(PORT + i), value, length);
    assert_true(tcp_expected(server(), &arrival));
}

/* Connection `i` reads `length` octets, all of them `value`. */
static void reads(unsigned i, uint8_t value, uint32_t length)
{
    uint8_t got[MOST];

    assert_int_equal(tcp_recv(server(), handle_of(i), (struct baro_buffer){ got, length }, 0), length);
    for (uint32_t at = 0; at < length; at++)
        assert_int_equal(got[at], value);
}

static void sends(unsigned i, uint32_t length)
{
    static const uint8_t answer[MOST];

    assert_int_equal(tcp_send(server(), handle_of(i), (struct baro_bytes){ answer, length }, 0), length);
    world_drain(&world);
}

static int begin(void **state)
{
    (void)state;
    world_init(&world, 1);
    tcp_settings_init(&settings);
    listener = world_listen(&world, &settings, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        struct handle accepted;

        world_connect(&world, &settings, (uint16_t)(PORT + i));
        world_pass(&world, NS_PER_S);
        assert_int_equal(tcp_accept(server(), listener, i, &accepted), 0);
    }
    world.side[0].deaf = true; /* its part is played here */
    others_talk();
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void who_talks_in_turn_has_memory_while_something_waits(void **state)
{
    const uint8_t *piece = NULL;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        takes(i, (uint8_t)i, 100);
        if (piece == NULL)
            piece = of(i)->recv.data;
        assert_ptr_equal(of(i)->recv.data, piece); /* the same for each */
        reads(i, (uint8_t)i, 60);
        assert_non_null(of(i)->recv.data);
        reads(i, (uint8_t)i, 40);
        assert_null(of(i)->recv.data);
        assert_int_equal(of(i)->recv.size, 0);
        others_talk();
    }
    assert_int_equal(memory()->spares, 1);
}

static void what_waits_is_nobody_elses(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        takes(i, (uint8_t)i, 100);
        if (i % 2 != 0)
            reads(i, (uint8_t)i, 100);
    }
    for (unsigned i = 0; i < MANY; i += 2) {
        takes(i, (uint8_t)(i + 100), 100);
        reads(i, (uint8_t)i, 100);
        reads(i, (uint8_t)(i + 100), 100);
    }
}

static void who_talks_alone_keeps_its_own(void **state)
{
    const uint8_t *data;

    (void)state;
    takes(0, 1, 100);
    reads(0, 1, 100);
    assert_null(of(0)->recv.data);
    takes(0, 2, 100);
    data = of(0)->recv.data;
    reads(0, 2, 100);
    assert_ptr_equal(of(0)->recv.data, data);
    others_talk();
    takes(0, 3, 100);
    reads(0, 3, 100);
    assert_null(of(0)->recv.data);
}

static void a_ring_that_has_grown_stays(void **state)
{
    (void)state;
    takes(0, 1, MOST);
    others_talk();
    takes(0, 1, MOST);
    others_talk();
    takes(0, 1, MOST);
    assert_true(of(0)->recv.size > SLAB_PIECE_BYTES);
    for (unsigned i = 0; i < 3; i++)
        reads(0, 1, MOST);
    assert_non_null(of(0)->recv.data);
}

/* What came out of order stands in the ring, too, behind where nothing is to be read. */
static void what_is_behind_a_hole_stays(void **state)
{
    static uint8_t later[100];
    const struct tcp_connection *c = of(0);

    (void)state;
    memset(later, 9, sizeof later);
    takes(0, 1, 100);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK,
                                              .seq = c->rcv.nxt.value + 100,
                                              .ack = c->snd.nxt.value,
                                              .window = 1000,
                                              .data = later,
                                              .length = sizeof later,
                                              .timestamps = true,
                                              .ts_value = c->ts_recent,
                                              .port = PORT });
    assert_non_null(c->ranges);
    reads(0, 1, 100);
    assert_non_null(c->recv.data);
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_ACK, .seq = c->rcv.nxt.value, .ack = c->snd.nxt.value,
                                              .window = 1000, .data = later, .length = sizeof later, .timestamps = true,
                                              .ts_value = c->ts_recent, .port = PORT });
    reads(0, 9, 200);
    assert_null(c->recv.data);
}

static void where_pieces_find_no_room_they_stay(void **state)
{
    (void)state;
    slab_keep_spares(memory(), 1);
    for (unsigned i = 0; i < 3; i++)
        takes(i, (uint8_t)i, 100);
    for (unsigned i = 0; i < 3; i++)
        reads(i, (uint8_t)i, 100);
    assert_null(of(0)->recv.data);
    assert_non_null(of(1)->recv.data);
    assert_non_null(of(2)->recv.data);
}

/* Our text is acknowledged by the peer's: a dialogue's next question, or its answer. */
static void what_was_answered_has_no_memory(void **state)
{
    (void)state;
    sends(0, 100);
    assert_non_null(of(0)->send.data);
    takes(0, 1, 100);
    assert_true(seq_eq(of(0)->snd.una, of(0)->snd.nxt));
    assert_null(of(0)->send.data);
    sends(0, 100); /* the next one leaves as ever */
    takes(0, 2, 100);
    assert_non_null(of(0)->send.data);
}

static void a_reserved_place_stays(void **state)
{
    struct baro_buffer part[2];

    (void)state;
    sends(0, 100);
    assert_true(tcp_send_reserve(server(), handle_of(0), 50, part) >= 50);
    takes(0, 1, 100);
    assert_non_null(of(0)->send.data);
    assert_int_equal(tcp_send_commit(server(), handle_of(0), 50), 50);
}

/* An idle connection forgets what its send buffer has grown to, with memory or without. */
static void after_a_pause_the_send_buffer_begins_anew(void **state)
{
    uint32_t first = of(0)->send.limit;

    (void)state;
    sends(0, 100);
    takes(0, 1, 100);
    reads(0, 1, 100);
    assert_null(of(0)->send.data);
    of(0)->send.limit = 2 * first;
    world_pass(&world, 3 * NS_PER_S);
    assert_int_equal(of(0)->send.limit, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_talks_in_turn_has_memory_while_something_waits, begin, end),
        cmocka_unit_test_setup_teardown(what_waits_is_nobody_elses, begin, end),
        cmocka_unit_test_setup_teardown(who_talks_alone_keeps_its_own, begin, end),
        cmocka_unit_test_setup_teardown(a_ring_that_has_grown_stays, begin, end),
        cmocka_unit_test_setup_teardown(what_is_behind_a_hole_stays, begin, end),
        cmocka_unit_test_setup_teardown(where_pieces_find_no_room_they_stay, begin, end),
        cmocka_unit_test_setup_teardown(what_was_answered_has_no_memory, begin, end),
        cmocka_unit_test_setup_teardown(a_reserved_place_stays, begin, end),
        cmocka_unit_test_setup_teardown(after_a_pause_the_send_buffer_begins_anew, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
