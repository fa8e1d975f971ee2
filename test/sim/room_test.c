/* What TCP gives at once to a device that does not cut are as many full-sized segments as the device has room for, not
 * one more (codec/ip_packet.h: ip_path_at_once). By the fast path and by the whole one, at the least segment size and
 * at the largest, with room for one frame and for more than a burst: nothing is dropped, no room is left while text
 * waits, and all of it arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "baro/socket.h"
#include "stack.h"
#include "support/twice.h"

enum { PORT = 80, OCTETS = 60000, TURNS = 4000 };

static struct {
    struct test_memory memory[2];
    struct frame_device device[2];
    struct baro_stack *stack[2];
    struct baro_instant now;
    int client, server;
} world;

static void carry(unsigned from)
{
    baro_stack_flush(world.stack[from]);
    frame_device_carry(&world.device[from], &world.device[1 - from]);
    world.now.ns += 1000;
    baro_stack_poll(world.stack[1 - from], world.now);
}

static void begin(bool watched, int segment)
{
    const struct baro_endpoint to = { address(1), { PORT } };
    const int octets = 2 * OCTETS;
    int listener;

    world.now.ns = INT64_C(1000000000);
    for (unsigned end = 0; end < 2; end++) {
        struct baro_stack_config config = { .now = world.now,
                                            .seed = { (uint8_t)(1 + end) },
                                            .trace = twice_trace(watched) };

        world.memory[end] = (struct test_memory){ 0 };
        config.memory = test_memory(&world.memory[end]);
        frame_device_init(&world.device[end], (uint8_t)(1 + end), 1500);
        world.stack[end] = cable_stack(&config, this_run.ipv6, end, &world.device[end]);
        cable_knows(world.stack[end], this_run.ipv6, end);
    }
    listener = baro_socket(world.stack[1], family(), BARO_STREAM);
    assert_int_equal(baro_bind(world.stack[1], listener, &to), 0);
    assert_int_equal(baro_listen(world.stack[1], listener, 1), 0);
    world.client = baro_socket(world.stack[0], family(), BARO_STREAM);
    assert_int_equal(baro_setsockopt(world.stack[0], world.client, BARO_TCP_MAXSEG, &segment, sizeof segment), 0);
    assert_int_equal(baro_setsockopt(world.stack[0], world.client, BARO_SO_SEND_BUFFER, &octets, sizeof octets), 0);
    assert_int_equal(baro_connect(world.stack[0], world.client, &to), -EINPROGRESS);
    for (unsigned i = 0; i < 4; i++)
        carry(i % 2);
    world.server = baro_accept(world.stack[1], listener, NULL);
    assert_true(world.server >= 0);
}

static uint8_t octet_at(size_t at)
{
    return (uint8_t)(at * 7 + at / 256);
}

static size_t receive(size_t from)
{
    static uint8_t in[OCTETS];
    ptrdiff_t length;

    while ((length = baro_recv(world.stack[1], world.server, in, sizeof in, 0)) > 0) {
        for (ptrdiff_t i = 0; i < length; i++)
            assert_int_equal(in[i], octet_at(from + (size_t)i));
        from += (size_t)length;
    }
    return from;
}

static void with_room(bool watched, unsigned room, int segment)
{
    static uint8_t out[OCTETS];
    struct baro_statistics statistics;
    size_t received = 0;
    unsigned turns = 0, full = 0;

    begin(watched, segment);
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = octet_at(i);
    assert_int_equal(baro_send(world.stack[0], world.client, out, sizeof out, 0), sizeof out);
    for (; received != sizeof out && turns < TURNS; turns++) {
        world.device[0].room = room;
        carry(0);
        full += world.device[0].room == 0;
        received = receive(received);
        world.device[0].room = 0; /* what the ACKs let out waits for the next turn, too */
        carry(1);
    }
    assert_int_equal(received, sizeof out);
    baro_stack_statistics(world.stack[0], &statistics);
    assert_int_equal(statistics.drops[BARO_DROP_TX_RING_FULL], 0);
    assert_int_equal(statistics.tcp_retransmitted, 0);
    if (room <= 10) /* the initial window lets out as much, slow start ever more: only the end is smaller */
        assert_true(full + 1 >= turns);
    assert_true(watched == (world.stack[0]->fast == 0));
    for (unsigned end = 0; end < 2; end++)
        cable_end(world.stack[end], &world.device[end], &world.memory[end]);
}

static void what_leaves_at_once_finds_room(void **state)
{
    static const unsigned rooms[] = { 1, 2, 7, 10, 47, 48, 50, 63, 64, 65, 130 };
    static const int segments[] = { 88, 536, 1460 };

    (void)state;
    for (unsigned i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        for (unsigned j = 0; j < sizeof segments / sizeof segments[0]; j++) {
            for (unsigned kind = 0; kind < 4; kind++) {
                this_run = (struct twice_run){ .ipv6 = kind / 2 != 0 };
                with_room(kind % 2 != 0, rooms[i], segments[j]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_leaves_at_once_finds_room) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
