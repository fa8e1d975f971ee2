/* Loss recovery over whole networks: loss, duplication, reordering, corruption, delays, tiny windows, small queues, and
 * a link that is cut for thirty seconds, by seeds. Every octet is compared (traffic.h); whoever stops without an end is
 * seen by the limit of time; the invariants are checked throughout. A failure prints its wire and seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "test/sim/traffic.h"

static const char *const wires[] = {
    "delay=10ms,loss=3%",
    "delay=10ms,loss=20%",
    "delay=50ms,loss=1%,reorder=20%",
    "delay=5ms,reorder=30%,duplicate=10%",
    "delay=5ms,duplicate=20%,loss=5%",
    "delay=5ms,corrupt=3%,loss=1%,reorder=3%,duplicate=3%",
    "delay=20ms,jitter=30ms,loss=2%",
    "rate=5mbit,delay=20ms,queue=8k",
    "large=no,rate=20mbit,delay=2ms,queue=20k,loss=1%,reorder=5%",
    "mtu=9000,delay=5ms,loss=5%,reorder=5%,duplicate=5%",
    "mtu=576,delay=5ms,loss=5%"
};

/* In the middle, once the server has the connection (before, its record may give up meanwhile): what was said is in
 * flight, in queues, and unsent. */
static void cut_for_half_a_minute(struct traffic *traffic)
{
    struct baro_instant now = baro_network_now(traffic->network);

    while (traffic->agent[1].streams == 0 && now.ns < 120 * INT64_C(1000000000)) {
        now.ns += INT64_C(5000000);
        baro_network_run_until(traffic->network, now, NULL, NULL);
    }
    now.ns += INT64_C(60000000);
    baro_network_run_until(traffic->network, now, NULL, NULL);
    baro_wire_set_link(traffic->wire, false);
    traffic_wait(traffic, 30);
    baro_wire_set_link(traffic->wire, true);
}

static void run_plan(const struct traffic_plan *plan, bool cut)
{
    static struct traffic traffic;

    traffic_start(&traffic, plan);
    if (cut)
        cut_for_half_a_minute(&traffic);
    if (!traffic_run(&traffic, 1200))
        fail_msg("%s, seed %llu: %s", plan->wire, (unsigned long long)plan->seed, traffic.failure);
    for (unsigned i = 0; i < 2; i++)
        baro_stack_check_invariants(baro_host_stack(traffic.agent[i].host));
    traffic_close(&traffic);
    traffic_free(&traffic);
}

static void every_octet_arrives(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            const struct traffic_plan plan = { .wire = wires[i], .seed = seed, .streams = { 2, 1 },
                                               .octets = 150000 };

            run_plan(&plan, false);
        }
    }
}

static void a_link_that_was_cut_heals(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        const struct traffic_plan plan = { .wire = wires[i], .seed = 1, .streams = { 1, 0 }, .octets = 100000 };

        run_plan(&plan, true);
    }
}

/* The reader is slow and its buffer small: windows close and open while segments are lost. */
static void tiny_windows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
            const struct traffic_plan plan = { .wire = wires[i], .seed = seed, .streams = { 1, 1 },
                                               .octets = 40000, .read_limit = 700, .receive_buffer = 4096 };

            run_plan(&plan, false);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet_arrives),
        cmocka_unit_test(a_link_that_was_cut_heals),
        cmocka_unit_test(tiny_windows)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
