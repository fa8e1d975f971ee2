/* TIME-WAIT in bulk: a million records, their limit, their end, and ports towards peers with which most of them
 * rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "test/support/tcp_hand.h"

enum { MILLION = 1000000, SERVERS = 16, EACH = 60000, LOWEST = 1024, ALL_PORTS = 65536 - LOWEST };

/* A connection comes to its rest without a dialogue before it. */
static void rest(struct tcp *tcp, struct tcp_connection *c, uint32_t flags)
{
    c->flags = (c->flags | flags) & ~(uint32_t)TCP_OWNED;
    c->state = BARO_TCP_FIN_WAIT_2;
    tcp_enter_time_wait(tcp, c);
    tcp_reap(tcp, c);
}

static void rest_between(const struct hand *hand, struct baro_endpoint local, struct baro_endpoint remote,
                         uint32_t flags)
{
    struct tcp_offer offer = tcp_offer_of(hand->tcp, &hand->settings, remote.address.family, 1500);
    struct tcp_connection *c = tcp_connection_new(hand->tcp, &local, &remote, &hand->settings, &offer);

    assert_non_null(c);
    assert_true(tcp_enter_demux(hand->tcp, c, demux_hash(&hand->tcp->demux, &local, &remote), HANDLE_NONE));
    rest(hand->tcp, c, flags);
}

/* The n-th peer of many; every other one is of IPv6 where `both`. */
static void ends(uint32_t n, bool both, struct baro_endpoint *local, struct baro_endpoint *remote)
{
    uint16_t port = (uint16_t)(LOWEST + n / 2 % 60000);

    if (both && (n & 1) != 0) {
        *local = (struct baro_endpoint){ baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1), { 80 } };
        *remote = (struct baro_endpoint){ baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 7, (uint16_t)(n / 120000)), { port } };
    } else {
        *local = world_endpoint(1, 80);
        *remote = (struct baro_endpoint){ ipv4_from_number(0x0a010000u + n / 120000 * 2 + (n & 1)), { port } };
    }
}

static bool rests(const struct tcp *tcp, uint32_t n, bool both)
{
    struct baro_endpoint local, remote;
    struct handle handle;

    ends(n, both, &local, &remote);
    handle = tcp_find(tcp, local, remote);
    return tcp_kind_of(handle) == TCP_KIND_TIME_WAIT && tcp_resolve_time_wait(tcp, handle) != NULL;
}

static void set_now(struct world *world, int64_t now_ns)
{
    world->now.ns = now_ns;
    world->side[1].core.now = world->now;
}

/* Ends what is due, as polls do: at most 256 at a time, and the next one is wanted at once. */
static void expire_all(const struct hand *hand, const struct world *world)
{
    const struct baro_statistics *counters = &world->side[1].core.counters;
    struct baro_instant next = world->now;
    uint64_t before;

    do {
        before = counters->tcp_time_wait;
        assert_int_equal(next.ns, world->now.ns);
        wheel_cancel(&hand->tcp->core->wheel, &hand->tcp->time_wait_timer); /* who asks the wheel takes it out */
        tcp_timers_begin(hand->tcp);
        tcp_time_wait_expire(hand->tcp);
        assert_in_range(before - counters->tcp_time_wait, 0, 256);
        assert_int_equal(wheel_is_armed(&hand->tcp->time_wait_timer), counters->tcp_time_wait != 0);
        next = hand->tcp->time_wait_timer.deadline;
        next.ns = next.ns < world->now.ns ? world->now.ns : next.ns;
    } while (!tcp_timers_go_on(hand->tcp));
}

static void a_million_rest_and_end(void **state)
{
    struct world world;
    struct hand hand;
    const struct baro_statistics *counters;
    size_t before;
    int64_t began_ns;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, MILLION);
    counters = &world.side[1].core.counters;
    began_ns = world.now.ns;
    before = world.side[1].core.slabs.taken;
    for (uint32_t n = 0; n < MILLION + 1000; n++) {
        struct baro_endpoint local, remote;

        set_now(&world, began_ns + n * NS_PER_US);
        ends(n, true, &local, &remote);
        rest_between(&hand, local, remote, n % 3 == 0 ? TCP_TIMESTAMPS : 0);
    }
    assert_int_equal(counters->tcp_time_wait, MILLION);
    assert_int_equal(counters->tcp_time_wait_evicted, 1000);
    assert_int_equal(counters->tcp_time_wait_reused, 0);
    /* 64 and 88 octets, and at most 16 + 16 in the demux, in a table that may be half empty and half of it be moving */
    assert_true(world.side[1].core.slabs.taken - before < (size_t)MILLION * (76 + 64));
    for (uint32_t n = 0; n < MILLION + 1000; n += n < 2000 ? 1 : 97)
        assert_int_equal(rests(hand.tcp, n, true), n >= 1000);
    /* They end in their order, whatever their family. */
    set_now(&world, began_ns + 60 * NS_PER_S + MILLION / 2 * NS_PER_US);
    expire_all(&hand, &world);
    assert_int_equal(counters->tcp_time_wait, MILLION / 2 + 999);
    assert_false(rests(hand.tcp, MILLION / 2, true));
    assert_true(rests(hand.tcp, MILLION / 2 + 1, true));
    set_now(&world, began_ns + 60 * NS_PER_S + (MILLION + 999) * NS_PER_US);
    expire_all(&hand, &world);
    assert_int_equal(counters->tcp_time_wait, 0);
    assert_int_equal(hand.tcp->time_waits[0].chunks + hand.tcp->time_waits[1].chunks, 2);
    for (uint32_t n = 0; n < 5000; n++) { /* and memory that went comes again */
        struct baro_endpoint local, remote;

        ends(n, true, &local, &remote);
        rest_between(&hand, local, remote, 0);
    }
    for (uint32_t n = 0; n < 5000; n++)
        assert_true(rests(hand.tcp, n, true));
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

/* Whose time comes while many end is not behind all of them. */
static void others_have_their_turn(void **state)
{
    struct wheel_timer other = { 0 };
    struct world world;
    struct hand hand;
    struct wheel *wheel;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    wheel = &world.side[1].core.wheel;
    for (uint32_t n = 0; n < 1000; n++) {
        struct baro_endpoint local, remote;

        ends(n, true, &local, &remote);
        rest_between(&hand, local, remote, 0);
    }
    wheel_arm(wheel, &other, (struct baro_instant){ world.now.ns + 60 * NS_PER_S + NS_PER_MS });
    set_now(&world, world.now.ns + 60 * NS_PER_S + 10 * NS_PER_MS);
    tcp_timers_begin(hand.tcp);
    assert_ptr_equal(wheel_expired(wheel, world.now), &hand.tcp->time_wait_timer);
    tcp_time_wait_expire(hand.tcp);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 1000 - 256);
    assert_ptr_equal(wheel_expired(wheel, world.now), &other);
    assert_ptr_equal(wheel_expired(wheel, world.now), &hand.tcp->time_wait_timer);
    tcp_time_wait_expire(hand.tcp);
    expire_all(&hand, &world);
    world_free(&world);
}

/* 16 servers, 60,000 connections with each and more, one after the other within a second: no port could be used twice
 *    by its
 * timestamps yet. */
static void ports_do_not_run_out(void **state)
{
    struct world world;
    struct hand hand;
    const struct baro_statistics *counters;
    uint64_t tried = 0;
    uint32_t n;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, MILLION);
    counters = &world.side[1].core.counters;
    for (n = 0; n < SERVERS * EACH + 200000; n++) {
        struct baro_endpoint local = world_endpoint(1, 0), remote = world_endpoint(0, (uint16_t)(1000 + n % SERVERS));
        struct handle handle;

        set_now(&world, world.now.ns + 800);
        local.port.number = world_port(hand.tcp, local.address, remote);
        assert_true(local.port.number >= LOWEST);
        assert_int_equal(
            world_connect_between(hand.tcp, local, remote, &world.side[1].path, &hand.settings, 4, &handle), 0);
        rest(hand.tcp, tcp_resolve(hand.tcp, handle), TCP_TIMESTAMPS);
        while (world.side[1].core.intents.count != 0)
            intent_done(&world.side[1].core.intents);
        if (n == SERVERS * EACH)
            tried = hand.tcp->ports_tried;
    }
    assert_int_equal(counters->tcp_time_wait, MILLION);
    assert_int_equal(counters->tcp_time_wait_evicted + counters->tcp_time_wait_reused, n - MILLION);
    assert_true(tried < (uint64_t)2 * SERVERS * EACH);                 /* while they fill */
    assert_true(hand.tcp->ports_tried - tried < (uint64_t)3 * 200000); /* while 97 of 100 rest */
    world_free(&world);
}

/* A chosen port comes with what is known of its ends, whether nobody has them or one that rests. */
static bool chosen_is_known(struct hand *hand, const struct baro_endpoint *remote, bool rests)
{
    struct tcp_ends ends = { .local.address = world_endpoint(1, 0).address, .remote = *remote }, known;

    if (!tcp_port_choose(hand->tcp, &ends))
        return false;
    known = tcp_ends_of(hand->tcp, ends.local, ends.remote);
    return ends.hash == known.hash && handle_equal(ends.there, known.there) && handle_is_none(ends.there) == !rests;
}

/* Every port towards one peer rests: the next connect has one all the same as soon as timestamps tell. */
static void resting_ports_are_chosen_when_none_is_free(void **state)
{
    struct world world;
    struct hand hand;
    struct baro_endpoint remote = world_endpoint(0, 443);
    uint16_t port;
    uint64_t tried;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, MILLION);
    for (uint32_t n = 0; n < ALL_PORTS; n++)
        rest_between(&hand, world_endpoint(1, (uint16_t)(LOWEST + n)), remote, TCP_TIMESTAMPS);
    assert_int_equal(world_port(hand.tcp, world_endpoint(1, 0).address, remote), 0);
    assert_true(chosen_is_known(&hand, &(struct baro_endpoint){ remote.address, { 444 } }, false));
    set_now(&world, world.now.ns + NS_PER_S);
    tried = hand.tcp->ports_tried;
    port = world_port(hand.tcp, world_endpoint(1, 0).address, remote);
    assert_true(port >= 32768);
    assert_true(hand.tcp->ports_tried - tried <= 4);
    assert_true(chosen_is_known(&hand, &remote, true));
    assert_int_equal(world_connect_between(hand.tcp, world_endpoint(1, port), remote, &world.side[1].path,
                                           &hand.settings, 4, &hand.connection),
                     0);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_reused, 1);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_evicted, 0);
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

/* bind to a port of any number, while TIME-WAIT towards somebody uses nearly all. */
static void a_port_for_all_peers_is_one_that_nobody_uses(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, MILLION);
    for (uint32_t n = 0; n < ALL_PORTS; n++) {
        if (n + LOWEST != 40001 && n + LOWEST != 2000)
            rest_between(&hand, world_endpoint(1, (uint16_t)(LOWEST + n)), world_endpoint(0, 443), 0);
    }
    assert_int_equal(tcp_port_choose_for_all(hand.tcp, world_endpoint(1, 0).address), 40001);
    rest_between(&hand, world_endpoint(1, 40001), world_endpoint(0, 443), 0);
    assert_int_equal(tcp_port_choose_for_all(hand.tcp, world_endpoint(1, 0).address), 2000);
    rest_between(&hand, world_endpoint(1, 2000), world_endpoint(0, 443), 0);
    assert_int_equal(tcp_port_choose_for_all(hand.tcp, world_endpoint(1, 0).address), 0);
    /* Another address of ours may have any of them, and another family. */
    assert_int_not_equal(tcp_port_choose_for_all(hand.tcp, baro_ipv4(10, 0, 0, 77)), 0);
    assert_int_not_equal(tcp_port_choose_for_all(hand.tcp, baro_ipv6(0xfd00, 0, 0, 0, 0, 0, 0, 1)), 0);
    world_free(&world);
}

static void the_oldest_rest_ends_at_the_limit(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, 3);
    for (uint16_t n = 0; n < 5; n++)
        rest_between(&hand, world_endpoint(1, (uint16_t)(700 + n)), world_endpoint(0, 9), 0);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 3);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_evicted, 2);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_reused, 0);
    for (uint16_t n = 0; n < 5; n++)
        assert_int_equal(handle_is_none(tcp_find(hand.tcp, world_endpoint(1, 700 + n), world_endpoint(0, 9))), n < 2);
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

/* The default follows the stack's memory. */
static void the_limit_follows_memory(void **state)
{
    struct world world;
    struct tcp *tcp;

    (void)state;
    world_init(&world, 1);
    tcp = world.side[1].tcp;
    world.side[1].core.slabs.limit = 65536;
    tcp_limit_time_waits(tcp, 0);
    assert_int_equal(tcp->time_wait_limit, 128);
    world.side[1].core.slabs.limit = (size_t)1 << 30;
    tcp_limit_time_waits(tcp, 0);
    assert_int_equal(tcp->time_wait_limit, MILLION);
    tcp_limit_time_waits(tcp, 7);
    assert_int_equal(tcp->time_wait_limit, 7);
    world_free(&world);
}

/* Where memory fails a record takes the place of the oldest of its family. */
static void without_memory_the_oldest_gives_its_place(void **state)
{
    struct world world;
    struct hand hand;

    (void)state;
    world_init(&world, 1);
    hand_init(&hand, &world);
    tcp_limit_time_waits(hand.tcp, MILLION);
    for (uint32_t n = 0; n < 1026; n++) {
        struct baro_endpoint local, remote;

        if (n == 1024)
            world.side[1].takes_allowed = 0;
        ends(n, false, &local, &remote);
        rest_between(&hand, local, remote, 0);
    }
    assert_int_equal(world.side[1].core.counters.tcp_time_wait, 1024);
    assert_int_equal(world.side[1].core.counters.tcp_time_wait_evicted, 2);
    for (uint32_t n = 0; n < 1026; n++)
        assert_int_equal(rests(hand.tcp, n, false), n >= 2);
    tcp_check_invariants(hand.tcp);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_rest_and_end),
        cmocka_unit_test(others_have_their_turn),
        cmocka_unit_test(ports_do_not_run_out),
        cmocka_unit_test(resting_ports_are_chosen_when_none_is_free),
        cmocka_unit_test(a_port_for_all_peers_is_one_that_nobody_uses),
        cmocka_unit_test(the_oldest_rest_ends_at_the_limit),
        cmocka_unit_test(the_limit_follows_memory),
        cmocka_unit_test(without_memory_the_oldest_gives_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
