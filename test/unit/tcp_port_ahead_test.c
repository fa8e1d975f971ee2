/* The port that is tried first for a peer's next connection is drawn ahead: it serves the same peer from the same
 * address, and only while nobody has taken it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "test/support/tcp_hand.h"

struct fixture {
    struct world world;
    struct hand hand;
    struct baro_address own;
    struct baro_endpoint peer;
};

/* The port that is drawn for the peer, 0: none. */
static uint16_t drawn(const struct fixture *fixture)
{
    for (unsigned i = 0; i < TCP_PORTS_AHEAD; i++) {
        const struct tcp_ends *ends = &fixture->hand.tcp->port_ahead[i];

        if (endpoint_equal(ends->remote, fixture->peer))
            return ends->local.port.number;
    }
    return 0;
}

static struct tcp_ends chosen(struct fixture *fixture, struct baro_address own, struct baro_endpoint peer)
{
    struct tcp_ends ends = { .local.address = own, .remote = peer }, known;

    assert_true(tcp_port_choose(fixture->hand.tcp, &ends));
    assert_true(address_equal(ends.local.address, own) && endpoint_equal(ends.remote, peer));
    known = tcp_ends_of(fixture->hand.tcp, ends.local, ends.remote);
    assert_int_equal(ends.hash, known.hash);
    assert_true(handle_is_none(known.there));
    return ends;
}

static int setup(void **state)
{
    static struct fixture fixture;

    world_init(&fixture.world, 1);
    hand_init(&fixture.hand, &fixture.world);
    fixture.own = world_endpoint(1, 0).address;
    fixture.peer = world_endpoint(0, 443);
    assert_int_equal(drawn(&fixture), 0);
    chosen(&fixture, fixture.own, fixture.peer);
    assert_true(drawn(&fixture) >= 32768);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    world_free(&fixture->world);
    return 0;
}

static void the_drawn_port_is_the_next_one(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 100; i++) {
        uint16_t port = drawn(fixture);

        assert_int_equal(chosen(fixture, fixture->own, fixture->peer).local.port.number, port);
    }
}

static void another_is_chosen_where_a_connection_took_it(void **state)
{
    struct fixture *fixture = *state;
    const struct baro_endpoint local = { fixture->own, { drawn(fixture) } };
    struct handle handle;

    assert_int_equal(world_connect_between(fixture->hand.tcp, local, fixture->peer, &fixture->world.side[1].path,
                                           &fixture->hand.settings, 4, &handle), 0);
    assert_int_not_equal(chosen(fixture, fixture->own, fixture->peer).local.port.number, local.port.number);
    assert_int_not_equal(drawn(fixture), 0);
}

static void another_is_chosen_where_a_listener_took_it(void **state)
{
    struct fixture *fixture = *state;
    const struct baro_endpoint local = { fixture->own, { drawn(fixture) } };
    struct handle handle;

    assert_int_equal(tcp_listen(fixture->hand.tcp, local, 4, &fixture->hand.settings, 5, &handle), 0);
    assert_int_not_equal(chosen(fixture, fixture->own, fixture->peer).local.port.number, local.port.number);
}

/* Between other ends the hash is another: chosen() compares. More peers than there are places share them. */
static void it_serves_these_ends_only(void **state)
{
    struct fixture *fixture = *state;

    for (uint16_t port = 1; port < 4 * TCP_PORTS_AHEAD; port++) {
        chosen(fixture, baro_ipv4(10, 0, 0, 77), fixture->peer);
        chosen(fixture, fixture->own, fixture->peer);
        chosen(fixture, fixture->own, world_endpoint(0, port));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_drawn_port_is_the_next_one, setup, teardown),
        cmocka_unit_test_setup_teardown(another_is_chosen_where_a_connection_took_it, setup, teardown),
        cmocka_unit_test_setup_teardown(another_is_chosen_where_a_listener_took_it, setup, teardown),
        cmocka_unit_test_setup_teardown(it_serves_these_ends_only, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
