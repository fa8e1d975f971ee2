/* What happens to a network's programs and memory over time: a slow reader, a peer that vanishes, a thousand
 * connections, the same run twice, and nothing left over at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "sim/traffic.h"

static void run(struct traffic *traffic, int64_t limit_s)
{
    if (!traffic_run(traffic, limit_s))
        fail_msg("%s", traffic->failure);
}

static struct baro_statistics counters(struct traffic *traffic, unsigned host)
{
    struct baro_statistics statistics;

    baro_stack_statistics(baro_host_stack(traffic->agent[host].host), &statistics);
    return statistics;
}

static void a_slow_reader_slows_its_writer(void **state)
{
    struct traffic traffic;
    struct traffic_plan plan = { .wire = "fast,large=no,delay=5ms",
                                 .seed = 3,
                                 .streams = { 1, 0 },
                                 .octets = 200000,
                                 .read_limit = 1000,
                                 .receive_buffer = 8192 };
    int64_t took_ns;

    (void)state;
    traffic_start(&traffic, &plan);
    took_ns = baro_network_now(traffic.network).ns;
    run(&traffic, 60);
    took_ns = baro_network_now(traffic.network).ns - took_ns;
    /* 200,000 octets at 1,000 in 10 ms are two seconds; the window closes and opens, nothing stalls. */
    assert_in_range(took_ns, INT64_C(1900000000), INT64_C(4500000000));
    assert_int_equal(counters(&traffic, 0).tcp_rto, 0);
    traffic_free(&traffic);
}

static int error_of(struct traffic *traffic, unsigned host, const struct stream *stream)
{
    int error = 0;
    size_t length = sizeof error;

    baro_getsockopt(baro_host_stack(traffic->agent[host].host), stream->fd, BARO_SO_ERROR, &error, &length);
    return error;
}

/* An idle connection and a busy one; then the plug is pulled. */
static void a_peer_that_vanishes_is_noticed(void **state)
{
    struct traffic traffic;
    struct traffic_plan plan = { .wire = "fast,large=no,delay=5ms,rate=100mbit", .seed = 4, .octets = 20000000 };
    struct baro_duration idle = { INT64_C(10000000000) }, patience = { INT64_C(30000000000) };
    struct baro_stack *stack[2];
    struct stream *busy;
    int on = 1;

    (void)state;
    traffic_start(&traffic, &plan);
    stack[0] = baro_host_stack(traffic.agent[0].host);
    stack[1] = baro_host_stack(traffic.agent[1].host);
    busy = traffic_open(&traffic, 0);
    assert_int_equal(baro_setsockopt(stack[0], busy->fd, BARO_TCP_USER_TIMEOUT, &patience, sizeof patience),
                     0);
    traffic_wait(&traffic, 1);
    assert_true(busy->sent > 100000);
    assert_int_equal(traffic.agent[1].streams, 1);
    /* The other end has nothing to say any more: keepalive finds out. */
    assert_int_equal(
        baro_setsockopt(stack[1], traffic.agent[1].stream[0].fd, BARO_SO_KEEPALIVE, &on, sizeof on), 0);
    assert_int_equal(
        baro_setsockopt(stack[1], traffic.agent[1].stream[0].fd, BARO_TCP_USER_TIMEOUT, &idle, sizeof idle),
        0);
    baro_wire_set_link(traffic.wire, false);
    traffic_wait(&traffic, 5);
    assert_int_equal(traffic.failure[0], 0);
    traffic_wait(&traffic, 60);
    /* The programs were told by their next call. */
    if (busy->over == false || traffic.agent[1].stream[0].over == false)
        fail_msg("nobody noticed: %d %d", error_of(&traffic, 0, busy),
                 error_of(&traffic, 1, &traffic.agent[1].stream[0]));
    assert_non_null(traffic.failure);
    assert_true(traffic.failure[0] != '\0');
    traffic_free(&traffic);
    assert_int_equal(traffic.slab_bytes, 0);
}

static void a_thousand_connections_at_once(void **state)
{
    struct traffic traffic;
    struct traffic_plan plan = {
        .wire = "fast,large=no,loss=0.5%,delay=10ms", .seed = 5, .streams = { 1000, 100 }, .octets = 3000
    };

    (void)state;
    traffic_start(&traffic, &plan);
    run(&traffic, 600);
    assert_int_equal(counters(&traffic, 0).tcp_active_opens, 1000);
    assert_int_equal(counters(&traffic, 0).tcp_passive_opens, 100);
    assert_int_equal(counters(&traffic, 1).tcp_passive_opens, 1000);
    traffic_free(&traffic);
    assert_int_equal(traffic.slab_bytes, 0);
}

static uint64_t hash_of_run(uint64_t seed)
{
    struct traffic traffic;
    struct traffic_plan plan = {
        .wire = "fast,large=no,loss=2%,reorder=3%,duplicate=1%,corrupt=1%,delay=5ms,jitter=2ms",
        .seed = seed,
        .streams = { 3, 1 },
        .octets = 30000,
        .datagrams = 10,
        .pings = 10,
        .trace = true
    };

    traffic_start(&traffic, &plan);
    run(&traffic, 600);
    traffic_free(&traffic);
    return traffic.hash;
}

static void the_same_seed_is_the_same_trace(void **state)
{
    uint64_t first = hash_of_run(6);

    (void)state;
    assert_true(first == hash_of_run(6));
    assert_true(first != hash_of_run(7));
}

static void nothing_is_left_when_all_is_closed(void **state)
{
    struct traffic traffic;
    struct traffic_plan plan = { .wire = "fast,large=no,loss=1%,reorder=2%,delay=5ms",
                                 .seed = 8,
                                 .streams = { 20, 20 },
                                 .octets = 20000,
                                 .datagrams = 20 };

    (void)state;
    traffic_start(&traffic, &plan);
    run(&traffic, 600);
    traffic_close(&traffic);
    traffic_wait(&traffic, 600); /* TIME-WAIT, orphans, fragments that never came whole */
    for (unsigned host = 0; host < 2; host++) {
        struct baro_statistics statistics = counters(&traffic, host);

        assert_int_equal(statistics.tcp_connections, 0);
        assert_int_equal(statistics.tcp_time_wait, 0);
        assert_int_equal(statistics.buffer_bytes, 0);
    }
    traffic_free(&traffic);
    assert_int_equal(traffic.slab_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_reader_slows_its_writer),
        cmocka_unit_test(a_peer_that_vanishes_is_noticed),
        cmocka_unit_test(a_thousand_connections_at_once),
        cmocka_unit_test(the_same_seed_is_the_same_trace),
        cmocka_unit_test(nothing_is_left_when_all_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
