/* Two TCPs and a wire: the dialogue, data both ways, the end; and a hundred seeds of loss, reordering, duplication
 * and corruption, after which every octet has arrived intact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/support/tcp_world.h"

static uint8_t octet_at(uint64_t seed, uint32_t at)
{
    return (uint8_t)((at * 2654435761u + (uint32_t)seed * 97) >> 13);
}

struct flow {
    uint32_t total, sent, received;
    uint64_t seed;
    bool ended, closed;
};

/* Writes what fits, reads what is there; true when something moved. */
static void push(struct tcp *tcp, struct handle connection, struct flow *flow, uint32_t piece)
{
    uint8_t data[4096];

    while (flow->sent < flow->total) {
        uint32_t length = piece < flow->total - flow->sent ? piece : flow->total - flow->sent;
        ptrdiff_t taken;

        for (uint32_t i = 0; i < length; i++)
            data[i] = octet_at(flow->seed, flow->sent + i);
        taken = tcp_send(tcp, connection, (struct baro_bytes){ data, length }, 0);
        if (taken == -EAGAIN)
            return;
        assert_true(taken > 0);
        flow->sent += (uint32_t)taken;
    }
    if (!flow->closed) {
        flow->closed = true;
        assert_int_equal(tcp_shutdown(tcp, connection, BARO_SHUT_WRITE), 0);
    }
}

static void pull(struct tcp *tcp, struct handle connection, struct flow *flow)
{
    uint8_t data[4096];
    ptrdiff_t length;

    while ((length = tcp_recv(tcp, connection, (struct baro_buffer){ data, sizeof data }, 0)) > 0) {
        for (ptrdiff_t i = 0; i < length; i++) {
            if (data[i] != octet_at(flow->seed, flow->received + (uint32_t)i))
                fail_msg("octet %u of seed %u is wrong", flow->received + (uint32_t)i, (unsigned)flow->seed);
        }
        flow->received += (uint32_t)length;
    }
    if (length == 0)
        flow->ended = true;
    else
        assert_int_equal(length, -EAGAIN);
}

static void transfer(struct world *world, uint32_t up, uint32_t down, uint32_t piece)
{
    struct tcp_settings settings;
    struct handle listener, client, server = HANDLE_NONE;
    struct flow flow[2] = { { .total = up, .seed = 1 }, { .total = down, .seed = 2 } };
    int rounds;

    tcp_settings_init(&settings);
    listener = world_listen(world, &settings, 5);
    client = world_connect(world, &settings, 40000);
    for (rounds = 0; rounds < 60000 && !(flow[0].ended && flow[1].ended); rounds++) {
        world_pass(world, 10 * NS_PER_MS);
        if (handle_is_none(server) && tcp_accept(world->side[1].tcp, listener, 3, &server) != 0)
            continue;
        if (world_connection(world, 0, client)->state >= BARO_TCP_ESTABLISHED) {
            push(world->side[0].tcp, client, &flow[0], piece);
            pull(world->side[0].tcp, client, &flow[1]);
        }
        push(world->side[1].tcp, server, &flow[1], piece);
        pull(world->side[1].tcp, server, &flow[0]);
    }
    assert_int_equal(flow[0].received, up);
    assert_int_equal(flow[1].received, down);
    assert_true(flow[0].ended && flow[1].ended);
    tcp_close(world->side[0].tcp, client);
    tcp_close(world->side[1].tcp, server);
    tcp_unlisten(world->side[1].tcp, listener);
    world_pass(world, 400 * NS_PER_S);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(world->side[i].core.counters.tcp_connections, 0);
        assert_int_equal(world->side[i].core.counters.tcp_time_wait, 0);
        assert_int_equal(world->side[i].core.slabs.charged, 0);
    }
}

static void a_clean_wire_needs_no_retransmission(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 1);
    transfer(&world, 300000, 100000, 4000);
    assert_int_equal(world.side[0].core.counters.tcp_retransmitted, 0);
    assert_int_equal(world.side[1].core.counters.tcp_retransmitted, 0);
    assert_int_equal(world.side[0].core.counters.tcp_resets_out, 0);
    world_free(&world);
}

static void super_segments_carry_the_same(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 2);
    world.side[0].path.super_segment = 65000;
    transfer(&world, 500000, 1000, 4096);
    assert_int_equal(world.side[0].core.counters.tcp_retransmitted, 0);
    world_free(&world);
}

static void a_hundred_seeds_deliver_every_octet(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct world world;

        world_init(&world, seed);
        world.loss = 10 + seed % 5 * 20;
        world.duplication = seed % 3 * 20;
        world.reordering = seed % 4 * 50;
        world.corruption = seed % 7 * 5;
        transfer(&world, 60000 + seed * 100, seed % 2 != 0 ? 30000 : 0, 1 + seed * 37);
        world_free(&world);
    }
}

static void heavy_loss_still_ends(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 7);
    world.loss = 250;
    transfer(&world, 20000, 20000, 3000);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_wire_needs_no_retransmission),
        cmocka_unit_test(super_segments_carry_the_same),
        cmocka_unit_test(a_hundred_seeds_deliver_every_octet),
        cmocka_unit_test(heavy_loss_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
