/* Connections that took a segment of late are found without a hash: the right one, and nobody who is there no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "test/support/foreseen.h"

enum { PORT = 40000, OCTETS = 8 };

static struct world world;
static struct tcp_settings settings;
static struct handle listener;
static struct foreseen frame;

static struct tcp *server(void)
{
    return world.side[1].tcp;
}

static struct tcp_connection *of(uint16_t port)
{
    return tcp_resolve(server(), tcp_find(server(), world_endpoint(1, 80), world_endpoint(0, port)));
}

/* The next text of the connection from that port. */
static struct tcp_arrival arrives(uint16_t port)
{
    return foreseen(&frame, &world, of(port), port, 0, OCTETS);
}

static void takes(uint16_t port)
{
    struct tcp_arrival arrival = arrives(port);
    uint64_t before = of(port)->recv.end;

    assert_true(tcp_expected(server(), &arrival));
    assert_int_equal(of(port)->recv.end, before + OCTETS);
}

/* A connection from that port, accepted. */
static void connects(uint16_t port)
{
    struct handle accepted;

    world_connect(&world, &settings, port);
    world_pass(&world, NS_PER_S);
    assert_int_equal(tcp_accept(server(), listener, port, &accepted), 0);
}

static int begin(void **state)
{
    (void)state;
    world_init(&world, 1);
    tcp_settings_init(&settings);
    listener = world_listen(&world, &settings, 16);
    for (uint16_t i = 0; i < 4; i++)
        connects((uint16_t)(PORT + i));
    for (uint16_t i = 0; i < 4; i++)
        takes((uint16_t)(PORT + i));
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void those_of_late_are_found_without_a_hash(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 4; i++) {
        struct tcp_arrival arrival = arrives((uint16_t)(PORT + i));

        assert_true(arrival.sure);
        assert_ptr_equal(arrival.place, of((uint16_t)(PORT + i)));
        takes((uint16_t)(PORT + i));
    }
}

/* Ports and source are the same, which is all that is remembered. */
static void another_destination_is_another(void **state)
{
    struct tcp_arrival arrival = arrives(PORT);

    (void)state;
    assert_true(arrival.sure);
    frame.addresses[7] ^= 8;
    tcp_look_up(server(), &arrival);
    assert_false(arrival.sure);
}

/* Its descriptor keeps it, so its place is the same; but it is in the demux no more. */
static void who_ended_is_not_found(void **state)
{
    struct tcp_connection *c = of(PORT);

    (void)state;
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = c->rcv.nxt.value, .port = PORT });
    assert_int_equal(c->flags & TCP_CLOSED_DONE, TCP_CLOSED_DONE);
    assert_null(of(PORT));
    takes(PORT + 1); /* it is not the recent one */
    assert_false(arrives(PORT).sure);
}

/* Another of the same four-tuple: not while the old one keeps its place, nor when the new one stands there. */
static void another_of_the_same_four_tuple_is_another(void **state)
{
    struct tcp_connection *old = of(PORT);
    struct handle handle = tcp_handle(server(), old);

    (void)state;
    world_inject_to(&world, 0, (struct world_made){ .flags = TCP_FLAG_RST, .seq = old->snd.nxt.value });
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = old->rcv.nxt.value, .port = PORT });
    connects(PORT);
    assert_non_null(of(PORT));
    assert_ptr_not_equal(of(PORT), old);
    takes(PORT + 1);
    takes(PORT);
    takes(PORT + 1);
    assert_ptr_equal(arrives(PORT).place, of(PORT));

    tcp_close(server(), handle);
    assert_null(tcp_resolve(server(), handle));
    takes(PORT + 2);
    takes(PORT);
}

/* Both ends are gone, and the server's place is free. */
static struct tcp_connection *ends(uint16_t port)
{
    struct tcp_connection *c = of(port);
    struct handle handle = tcp_handle(server(), c);

    world_inject_to(&world, 0, (struct world_made){ .flags = TCP_FLAG_RST, .seq = c->snd.nxt.value, .to_port = port });
    world_inject(&world, (struct world_made){ .flags = TCP_FLAG_RST, .seq = c->rcv.nxt.value, .port = port });
    tcp_close(server(), handle);
    assert_null(tcp_resolve(server(), handle));
    takes(PORT + 1); /* it is not the recent one */
    return c;
}

static void a_place_that_another_has_is_not_believed(void **state)
{
    struct tcp_connection *place = ends(PORT + 3);

    (void)state;
    connects(PORT + 9);
    assert_ptr_equal(of(PORT + 9), place);
    takes(PORT + 1);
    assert_false(arrives(PORT + 3).sure);
    takes(PORT + 9);
}

static void nor_one_that_the_same_four_tuple_has_again(void **state)
{
    struct tcp_connection *place = ends(PORT + 3);

    (void)state;
    connects(PORT + 3);
    assert_ptr_equal(of(PORT + 3), place);
    takes(PORT + 1);
    takes(PORT + 3);
    takes(PORT + 1);
    assert_true(arrives(PORT + 3).sure);
}

/* So many segments of bursts in which hardly anybody was known. */
static void strangers_come(unsigned count)
{
    for (; count != 0; count -= 64)
        tcp_look_up_strangers(server(), 64, 64);
}

/* Each asks anew at once where bursts have acquaintances again, and now and then where they have none. */
static void among_very_many_nobody_is_looked_for(void **state)
{
    struct tcp_arrival arrival = arrives(PORT);

    (void)state;
    strangers_come(TCP_LATELY_TRIES - 64);
    assert_true(tcp_look_up_known(server(), &arrival));
    strangers_come(64);
    assert_false(tcp_look_up_known(server(), &arrival));
    tcp_look_up_strangers(server(), 48, 64);
    assert_true(tcp_look_up_known(server(), &arrival));

    strangers_come(TCP_LATELY_EACH - 64);
    assert_false(tcp_look_up_known(server(), &arrival));
    strangers_come(64);
    assert_true(tcp_look_up_known(server(), &arrival));
    strangers_come(TCP_LATELY_FIRST - 64);
    assert_true(tcp_look_up_known(server(), &arrival));
    strangers_come(64);
    assert_false(tcp_look_up_known(server(), &arrival));
}

/* Nor remembered; of those who come alone the next one is. */
static void nor_remembered(void **state)
{
    struct tcp_arrival arrival;

    (void)state;
    connects(PORT + 9);
    arrival = arrives(PORT + 9);
    strangers_come(TCP_LATELY_TRIES);
    assert_true(tcp_expected(server(), &arrival));
    takes(PORT + 1);
    assert_false(arrives(PORT + 9).sure);
    takes(PORT + 9);
    takes(PORT + 1);
    assert_true(arrives(PORT + 9).sure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_of_late_are_found_without_a_hash, begin, end),
        cmocka_unit_test_setup_teardown(another_destination_is_another, begin, end),
        cmocka_unit_test_setup_teardown(who_ended_is_not_found, begin, end),
        cmocka_unit_test_setup_teardown(a_place_that_another_has_is_not_believed, begin, end),
        cmocka_unit_test_setup_teardown(nor_one_that_the_same_four_tuple_has_again, begin, end),
        cmocka_unit_test_setup_teardown(another_of_the_same_four_tuple_is_another, begin, end),
        cmocka_unit_test_setup_teardown(among_very_many_nobody_is_looked_for, begin, end),
        cmocka_unit_test_setup_teardown(nor_remembered, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
