/* Rows: memory that fails at the n-th slab, for every n that the scenario reaches, and a clock that stands,
 * jumps or goes back. The scenario is a whole life: a name for the neighbour, the dialogue, a transfer both ways,
 * datagrams, fragments, close. It may fail; it may not crash, leak, deliver wrong octets or stay stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baro/socket.h"
#include "baro/stack.h"
#include "support/frame_device.h"

enum { OCTETS = 60000 };

struct host {
    struct test_memory memory;
    struct frame_device device;
    struct baro_stack *stack;
};

static uint8_t sent[OCTETS];

/* False: no memory even for the stack. */
static bool host_init(struct host *host, uint8_t last, size_t fail_after)
{
    struct baro_stack_config config = { .seed = { last } };

    memset(host, 0, sizeof *host);
    host->memory.fail_after = fail_after;
    config.memory = test_memory(&host->memory);
    frame_device_init(&host->device, last, 1500);
    host->stack = baro_stack_create(&config);
    if (host->stack == NULL)
        return false;
    return baro_stack_add_interface(host->stack, &host->device.device) == 1 &&
           baro_stack_add_address(host->stack, 1, baro_ipv4(10, 0, 0, last), 24, false) == 0;
}

static void host_release(struct host *host)
{
    if (host->stack != NULL)
        baro_stack_check_invariants(host->stack);
    baro_stack_free(host->stack);
    assert_int_equal(host->memory.slabs, 0);
    assert_int_equal(host->memory.bytes, 0);
    frame_device_release(&host->device);
}

static void round_of(struct host *a, struct host *b, int64_t now_ns)
{
    struct baro_ready ready;

    for (int i = 0; i < 3; i++) {
        baro_stack_poll(a->stack, (struct baro_instant){ now_ns });
        frame_device_carry(&a->device, &b->device);
        baro_stack_poll(b->stack, (struct baro_instant){ now_ns });
        frame_device_carry(&b->device, &a->device);
    }
    while (baro_next_ready(a->stack, &ready) || baro_next_ready(b->stack, &ready))
        ;
    baro_stack_check_invariants(a->stack);
    baro_stack_check_invariants(b->stack);
}

/* How the clock goes, in rounds. */
typedef int64_t clock_of(int round);

static int64_t base_ns; /* when the scenario begins */

static int64_t steady(int round)
{
    return base_ns + round * INT64_C(20000000);
}

static bool same_as_sent(size_t at, const uint8_t *octets, size_t length)
{
    return at + length <= OCTETS && memcmp(sent + at, octets, length) == 0;
}

static void datagrams(struct host *a, struct host *b, int from, int to)
{
    static uint8_t buffer[8000];
    struct baro_endpoint peer = { baro_ipv4(10, 0, 0, 2), { 9 } };
    ptrdiff_t length;

    (void)b;
    if (from < 0 || to < 0)
        return;
    baro_sendto(a->stack, from, sent, 5000, 0, &peer); /* in fragments */
    while ((length = baro_recv(b->stack, to, buffer, sizeof buffer, 0)) >= 0)
        assert_true(length == 5000 && same_as_sent(0, buffer, 5000));
}

/* Returns the octets that came back from the echo. */
static size_t life(struct host *a, struct host *b, clock_of *clock, int rounds)
{
    static uint8_t buffer[9000];
    struct baro_endpoint at = { baro_ipv4(10, 0, 0, 2), { 80 } }, any = { .port = { 9 } };
    int listener = baro_socket(b->stack, BARO_FAMILY_IPV4, BARO_STREAM);
    int to = baro_socket(b->stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    int from = baro_socket(a->stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);
    int client = baro_socket(a->stack, BARO_FAMILY_IPV4, BARO_STREAM), server = -1;
    size_t put = 0, echoed = 0, back = 0;
    bool listens = listener >= 0 && baro_bind(b->stack, listener, &(struct baro_endpoint){ .port = { 80 } }) == 0 &&
                   baro_listen(b->stack, listener, 4) == 0;

    if (to >= 0)
        baro_bind(b->stack, to, &any);
    if (client >= 0)
        baro_connect(a->stack, client, &at);
    for (int i = 0; i < rounds; i++) {
        ptrdiff_t n;

        round_of(a, b, clock(i));
        if (i % 16 == 0)
            datagrams(a, b, from, to);
        if (server < 0 && listens)
            server = baro_accept(b->stack, listener, NULL);
        n = client >= 0 && put < OCTETS ? baro_send(a->stack, client, sent + put, OCTETS - put, 0) : 0;
        put += n > 0 ? (size_t)n : 0;
        n = server >= 0 ? baro_recv(b->stack, server, buffer, sizeof buffer, BARO_MSG_PEEK) : 0;
        if (n > 0) {
            assert_true(same_as_sent(echoed, buffer, (size_t)n));
            n = baro_send(b->stack, server, buffer, (size_t)n, 0);
            n = n > 0 ? baro_recv(b->stack, server, buffer, (size_t)n, 0) : 0;
            echoed += n > 0 ? (size_t)n : 0;
        }
        n = client >= 0 ? baro_recv(a->stack, client, buffer, sizeof buffer, 0) : 0;
        if (n > 0) {
            assert_true(same_as_sent(back, buffer, (size_t)n));
            back += (size_t)n;
        }
        if (back == OCTETS)
            break;
    }
    if (client >= 0)
        baro_close(a->stack, client);
    if (server >= 0)
        baro_close(b->stack, server);
    if (listener >= 0)
        baro_close(b->stack, listener);
    if (to >= 0)
        baro_close(b->stack, to);
    if (from >= 0)
        baro_close(a->stack, from);
    for (int i = 0; i < 4; i++)
        round_of(a, b, clock(rounds + i));
    return back;
}

/* at each of the two hosts in turn. */
static void the_nth_slab_fails(void **state)
{
    static struct host host[2];

    (void)state;
    for (int which = 0; which < 2; which++) {
        size_t reached = 1;

        for (size_t n = 1; n <= reached && n < 400; n++) {
            bool made = host_init(&host[0], 1, which == 0 ? n : 0);

            made = host_init(&host[1], 2, which == 1 ? n : 0) && made;
            if (made)
                life(&host[0], &host[1], steady, 120);
            /* One more than it got: was there a take that failed? */
            if (host[which].memory.takes >= n)
                reached = n + 1;
            host_release(&host[0]);
            host_release(&host[1]);
        }
        assert_in_range(reached, 8, 399); /* until the scenario wanted no more */
    }
}

/* And when nothing fails everything comes back: the scenario is worth something. */
static void with_memory_all_comes_back(void **state)
{
    static struct host host[2];

    (void)state;
    assert_true(host_init(&host[0], 1, 0) && host_init(&host[1], 2, 0));
    assert_int_equal(life(&host[0], &host[1], steady, 400), OCTETS);
    host_release(&host[0]);
    host_release(&host[1]);
}

/* Memory that fails for a while and then is there again: what was refused is had in the end. */
static void a_famine_ends(void **state)
{
    static struct host host[2];

    (void)state;
    for (size_t n = 1; n < 30; n += 2) {
        struct baro_statistics statistics;

        base_ns = 0;
        assert_true(host_init(&host[0], 1, 0) && host_init(&host[1], 2, 0));
        host[1].memory.fail_after = host[1].memory.takes + n;
        life(&host[0], &host[1], steady, 60);
        host[1].memory.fail_after = 0;
        for (base_ns = 10000000000; base_ns < 1000000000000; base_ns += 5000000000)
            round_of(&host[0], &host[1], base_ns); /* what the famine broke gives up */
        baro_stack_statistics(host[1].stack, &statistics);
        assert_int_equal(statistics.buffer_bytes, 0);
        assert_int_equal(statistics.tcp_connections + statistics.tcp_time_wait, 0);
        assert_int_equal(life(&host[0], &host[1], steady, 400), OCTETS);
        host_release(&host[0]);
        host_release(&host[1]);
        base_ns = 0;
    }
}

static int64_t jumps_ahead(int round)
{
    return round * INT64_C(20000000) + (round >= 10 ? INT64_C(1000000000000) : 0);
}

static int64_t stands(int round)
{
    return round < 10 ? round * INT64_C(20000000) : INT64_C(200000000);
}

/* A suspended machine: the monotonic clock leaps by 20 minutes, and once more. */
static int64_t leaps(int round)
{
    return round * INT64_C(20000000) + round / 7 * INT64_C(1200000000);
}

/* no assertion, no stall: what can be delivered is. */
static void clocks_that_jump(void **state)
{
    static struct host host[2];
    clock_of *clock[] = { jumps_ahead, stands, leaps };

    (void)state;
    for (unsigned i = 0; i < sizeof clock / sizeof clock[0]; i++) {
        assert_true(host_init(&host[0], 1, 0) && host_init(&host[1], 2, 0));
        assert_int_equal(life(&host[0], &host[1], clock[i], 400), OCTETS);
        host_release(&host[0]);
        host_release(&host[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_memory_all_comes_back),
        cmocka_unit_test(the_nth_slab_fails),
        cmocka_unit_test(a_famine_ends),
        cmocka_unit_test(clocks_that_jump),
    };

    for (unsigned i = 0; i < OCTETS; i++)
        sent[i] = (uint8_t)(i * 7 + i / 253);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
