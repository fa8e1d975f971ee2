/* A burst in which connections begin and others go on: what was found out of the latter before the first of it was
 * taken in (src/expected.c) may have moved in the demux meanwhile, and the memory where it stood is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>

#include "baro/socket.h"
#include "transport/tcp/connection.h"

#include "support/two_ends.h" /* its `now` stands behind the others' */

/* The table of 16 buckets grows at 84 entries, and with two buckets a step the old one is gone nine steps later. */
enum { PORT = 7000, BEGUN = 80, NEW = 16, SPEAK = BARO_BURST_LIMIT - NEW };

static int client[BEGUN + NEW], server[BEGUN];
static size_t taken;

/* Memory that nobody may look at once it was given back. */
static void *take(void *context, size_t bytes)
{
    void *slab = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)context;
    taken += bytes;
    return slab == MAP_FAILED ? NULL : slab;
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    taken -= bytes;
    assert_int_equal(munmap(slab, bytes), 0);
}

static void create_guarded(bool ipv6)
{
    const struct baro_stack_config config = { .seed = { 2 }, .now = now, .memory_limit = 1u << 30,
                                              .memory = { NULL, take, give_back } };

    memset(&side[1], 0, sizeof side[1]);
    frame_device_init(&side[1].device, 2, 1500);
    side[1].device.room = UINT32_MAX;
    side[1].stack = cable_stack(&config, ipv6, 1, &side[1].device);
    cable_knows(side[1].stack, ipv6, 1);
}

static void connect_one(unsigned number, bool ipv6)
{
    const struct baro_endpoint to = { cable_address(ipv6, 1), { PORT } };

    client[number] = baro_socket(side[0].stack, ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);
    assert_int_equal(baro_connect(side[0].stack, client[number], &to), -EINPROGRESS);
}

static int listen_there(bool ipv6)
{
    const struct baro_endpoint at = { cable_address(ipv6, 1), { PORT } };
    int listener = baro_socket(side[1].stack, ipv6 ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4, BARO_STREAM);

    assert_int_equal(baro_bind(side[1].stack, listener, &at), 0);
    assert_int_equal(baro_listen(side[1].stack, listener, BEGUN + NEW), 0);
    return listener;
}

/* All of them in one burst, those that begin first. */
static void burst(bool ipv6)
{
    for (unsigned i = 0; i < NEW; i++)
        connect_one(BEGUN + i, ipv6);
    baro_stack_flush(side[0].stack);
    for (unsigned i = 0; i < SPEAK; i++)
        assert_int_equal(baro_send(side[0].stack, client[i], "abcd", 4, 0), 4);
    baro_stack_flush(side[0].stack);
    assert_int_equal(frame_device_carry(&side[0].device, &side[1].device), NEW + SPEAK);
}

static void what_has_moved_is_found(void **state)
{
    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct demux *demux;
        uint64_t expected;
        uint32_t buckets;
        int listener;

        now.ns = 1000000000;
        create(0, ipv6);
        create_guarded(ipv6);
        demux = &side[1].stack->tcp->demux;
        listener = listen_there(ipv6);
        for (unsigned i = 0; i < BEGUN; i++) {
            connect_one(i, ipv6);
            settle();
            server[i] = baro_accept(side[1].stack, listener, NULL);
            assert_true(server[i] >= 0);
        }
        buckets = demux->table.count;
        expected = side[1].stack->tcp->expected;
        burst(ipv6);
        baro_stack_poll(side[1].stack, now);
        assert_true(demux->table.count > buckets && demux->old.count == 0);
        assert_true(side[1].stack->tcp->expected - expected >= SPEAK);
        for (unsigned i = 0; i < SPEAK; i++) {
            char heard[8];

            assert_int_equal(baro_recv(side[1].stack, server[i], heard, sizeof heard, 0), 4);
        }
        baro_stack_check_invariants(side[1].stack);
        cable_end(side[0].stack, &side[0].device, &side[0].memory);
        cable_end(side[1].stack, &side[1].device, &side[1].memory);
        assert_int_equal(taken, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_has_moved_is_found) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
