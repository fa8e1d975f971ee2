/* A processor that is far too slow for its faithful wire: every instant of the network costs half a second of real
 * time. No timer of a stack runs out for that: the run is the one of virtual time, event for event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "network/network_internal.h"

enum { EVENTS = 4096, PINGS = 3 };

struct seen {
    enum baro_trace_kind kind;
    uint32_t host;
    int64_t at_ns;
};

struct run {
    struct baro_network *network;
    struct baro_host *host[2];
    struct seen seen[EVENTS];
    unsigned count;
    int64_t real_ns, cost_ns;
    unsigned replies;
    int64_t reply_ns[PINGS];
};

static void note(void *context, const struct baro_trace_event *event)
{
    struct run *run = context;
    assert_true(run->count < EVENTS);
    run->seen[run->count++] = (struct seen){ event->kind, event->host, event->at.ns };
}

static int64_t slow_clock(void *context)
{
    struct run *run = context;
    run->real_ns += run->cost_ns;
    return run->real_ns;
}

static struct run *start(int64_t cost_ns)
{
    struct baro_network_config network = { .seed = 3 };
    struct baro_wire_config wire = { .kind = BARO_MEDIUM_100BASE_TX };
    struct run *run = calloc(1, sizeof *run);
    run->cost_ns = cost_ns;
    run->network = baro_network_create(&network);
    run->network->clock_ns = slow_clock;
    run->network->clock_context = run;
    struct baro_wire *made = baro_wire_create(run->network, &wire);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_config host = { .wire = made,
                                         .address = baro_ipv4(10, 0, 0, (uint8_t)(i + 1)),
                                         .prefix_length = 24,
                                         .trace = { run, note },
                                         .trace_host = i };
        run->host[i] = baro_host_create(run->network, &host, NULL);
        assert_non_null(run->host[i]);
    }
    baro_network_step(run->network);
    for (uint16_t i = 0; i < PINGS; i++)
        assert_int_equal(
            baro_stack_ping(baro_host_stack(run->host[0]), baro_ipv4(10, 0, 0, 2), 1, i, 4000), 0);
    return run;
}

static bool replied(void *context)
{
    struct run *run = context;
    struct baro_ping_result result;
    while (baro_stack_ping_result(baro_host_stack(run->host[0]), &result))
        run->reply_ns[run->replies++] = result.at.ns;
    return run->replies == PINGS;
}

static void stop(struct run *run)
{
    baro_network_free(run->network);
    free(run);
}

static void no_timer_expires_for_lack_of_processor_time(void **state)
{
    struct run *virtual = start(0), *slow = start(500000000);
    (void)state;
    assert_true(baro_network_run_until(virtual->network, (struct baro_instant){ 1000000000 }, replied, virtual));
    baro_network_follow(slow->network, (struct baro_instant){ slow->real_ns });
    for (unsigned turns = 0; !replied(slow); turns++) {
        struct baro_instant wakeup;
        assert_true(turns < 100000);
        if (!baro_network_follow(slow->network, (struct baro_instant){ slow->real_ns }) &&
            baro_network_wakeup(slow->network, &wakeup) && wakeup.ns > slow->real_ns)
            slow->real_ns = wakeup.ns;
    }
    assert_true(slow->real_ns > INT64_C(10000000000)); /* it took the machine a while */
    assert_true(slow->reply_ns[PINGS - 1] < 10000000); /* and the network some milliseconds */
    assert_true(baro_network_lag(slow->network).ns > INT64_C(5000000000));
    assert_memory_equal(virtual->reply_ns, slow->reply_ns, sizeof slow->reply_ns);
    unsigned before = 0; /* at the last instant itself the two stop at different places */
    while (before < virtual->count && virtual->seen[before].at_ns < virtual->reply_ns[PINGS - 1])
        before++;
    assert_true(before > 200 && slow->count >= before);
    assert_memory_equal(virtual->seen, slow->seen, before * sizeof(struct seen));
    stop(virtual);
    stop(slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_timer_expires_for_lack_of_processor_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
