/* Two hosts ping each other over each kind of wire, and three over a switch, in virtual time: the ten steps of a
 * frame's way up and down, without transport. What a wire loses stays lost; what arrives is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/network.h"

enum { HOSTS = 3, PINGS = 20 };

struct fixture {
    struct baro_network *network;
    struct baro_wire *wire;
    struct baro_host *host[HOSTS];
};

struct outcome {
    unsigned replies, errors;
    int64_t at_ns[PINGS];
};

static struct baro_address address_of(unsigned host)
{
    return baro_ipv4(10, 0, 0, (uint8_t)(host + 1));
}

static struct baro_wire *make_wire(struct fixture *f, const char *specification)
{
    struct baro_wire_config config;
    char error[200];
    if (baro_wire_parse(specification, &config, error, sizeof error) != 0)
        fail_msg("%s", error);
    struct baro_wire *wire = baro_wire_create(f->network, &config);
    assert_non_null(wire);
    return wire;
}

static void make_host(struct fixture *f, unsigned index, struct baro_wire *wire)
{
    struct baro_host_config config = { .wire = wire, .address = address_of(index), .prefix_length = 24 };
    int error = 1;
    f->host[index] = baro_host_create(f->network, &config, &error);
    assert_int_equal(error, 0);
    assert_non_null(f->host[index]);
}

static void start(struct fixture *f, const char *specification)
{
    struct baro_network_config config = { .seed = 11, .now = { 5000000000 } };
    memset(f, 0, sizeof *f);
    f->network = baro_network_create(&config);
    f->wire = make_wire(f, specification);
    make_host(f, 0, f->wire);
    make_host(f, 1, f->wire);
}

static struct outcome ping(struct fixture *f, unsigned from, unsigned to, size_t length)
{
    struct baro_stack *stack = baro_host_stack(f->host[from]);
    struct outcome outcome = { 0 };
    for (uint16_t i = 0; i < PINGS; i++) {
        int64_t now_ns = baro_network_now(f->network).ns;
        struct baro_ping_result result;
        assert_int_equal(baro_stack_ping(stack, address_of(to), 77, i, length), 0);
        baro_network_run_until(f->network, (struct baro_instant){ now_ns + 1000000000 }, NULL, NULL);
        while (baro_stack_ping_result(stack, &result)) {
            if (result.type != 0) {
                outcome.errors++;
                continue;
            }
            assert_int_equal(result.id, 77);
            assert_int_equal(result.length, length);
            assert_int_equal(result.sequence, i);
            outcome.at_ns[outcome.replies < PINGS ? outcome.replies : 0] = result.at.ns - now_ns;
            outcome.replies++;
        }
        for (unsigned host = 0; host < HOSTS; host++)
            if (f->host[host])
                baro_stack_check_invariants(baro_host_stack(f->host[host]));
    }
    return outcome;
}

static void all_come_back_over(const char *specification)
{
    static const size_t lengths[] = { 0, 56, 1472, 8000 }; /* the last is sent in fragments */
    struct fixture f;
    start(&f, specification);
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct outcome there = ping(&f, 0, 1, lengths[i]), back = ping(&f, 1, 0, lengths[i]);
        if (there.replies != PINGS || back.replies != PINGS)
            fail_msg("%s, %zu octets: %u and %u replies", specification, lengths[i], there.replies, back.replies);
    }
    baro_network_free(f.network);
}

static void every_kind_of_wire_carries_pings(void **state)
{
    (void)state;
    all_come_back_over("fast");
    all_come_back_over("fast,large=no");
    all_come_back_over("10base-t");
    all_come_back_over("100base-tx");
    all_come_back_over("100base-tx,ppm=100,noise=20,edge-jitter=100,delay=5ms");
    all_come_back_over("fast,delay=20ms,jitter=5ms,rate=10mbit");
    all_come_back_over("fast,reorder=30%,delay=1ms");
}

static void the_way_takes_the_time_it_should(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "fast,delay=20ms");
    struct outcome first = ping(&f, 0, 1, 56), outcome = ping(&f, 0, 1, 56);
    assert_in_range(first.at_ns[0], 60000000, 80000000); /* ARP first: the answer, or the other's announcement */
    for (unsigned i = 0; i < PINGS; i++)
        assert_int_equal(outcome.at_ns[i], 40000000);
    baro_network_free(f.network);
}

static void faults_lose_pings_and_never_damage_them(void **state)
{
    static const char *const wires[] = { "loss=20%", "corrupt=20%", "corrupt=20%,corrupt=ip",
                                         "100base-tx,corrupt=20%" };
    (void)state;
    for (unsigned i = 0; i < sizeof wires / sizeof *wires; i++) {
        struct fixture f;
        struct baro_adapter_counts counts;
        start(&f, wires[i]);
        struct outcome outcome = ping(&f, 0, 1, 200);
        if (outcome.replies < PINGS / 4 || outcome.replies == PINGS)
            fail_msg("%s: %u replies", wires[i], outcome.replies);
        baro_adapter_statistics(baro_host_adapter(f.host[1]), &counts);
        assert_true((counts.drops[BARO_DROP_FCS_WRONG] > 0) == (i == 1 || i == 3));
        baro_network_free(f.network);
    }
}

static void the_same_seed_is_the_same_run(void **state)
{
    struct outcome outcome[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;
        start(&f, "100base-tx,loss=20%,delay=3ms,jitter=2ms,noise=20");
        outcome[i] = ping(&f, 0, 1, 300);
        baro_network_free(f.network);
    }
    assert_true(outcome[0].replies > 0);
    assert_memory_equal(&outcome[0], &outcome[1], sizeof outcome[0]);
}

static void three_hosts_share_a_switch(void **state)
{
    struct baro_network_config config = { .seed = 11 };
    static const char *const wires[HOSTS] = { "100base-tx", "10base-t", "fast,large=no" };
    struct fixture f = { .network = baro_network_create(&config) };
    struct baro_switch *bridge = baro_switch_create(f.network);
    struct baro_wire_counts before, after;
    struct baro_wire *third = NULL;
    (void)state;
    for (unsigned i = 0; i < HOSTS; i++) {
        struct baro_wire *wire = third = make_wire(&f, wires[i]);
        assert_int_equal(baro_switch_join(bridge, wire), 0);
        make_host(&f, i, wire);
    }
    for (unsigned from = 0; from < HOSTS; from++)
        for (unsigned to = 0; to < HOSTS; to++)
            if (from != to)
                assert_int_equal(ping(&f, from, to, 1472).replies, PINGS);
    baro_wire_statistics(third, 0, &before);
    assert_int_equal(ping(&f, 0, 1, 100).replies, PINGS);
    baro_wire_statistics(third, 0, &after);
    assert_int_equal(before.offered, after.offered); /* learnt: not the third one's business */
    baro_network_free(f.network);
}

static void a_host_needs_a_free_end_and_a_fitting_address(void **state)
{
    struct fixture f;
    struct baro_host_config config = { .address = address_of(2), .prefix_length = 24 };
    int error = 0;
    (void)state;
    start(&f, "fast");
    assert_null(baro_host_create(f.network, &config, &error));
    assert_int_equal(error, -EINVAL);
    config.wire = f.wire;
    assert_null(baro_host_create(f.network, &config, &error));
    assert_int_equal(error, -EBUSY);
    config.wire = make_wire(&f, "fast");
    config.gateway = baro_ipv4(192, 0, 2, 1);
    assert_null(baro_host_create(f.network, &config, &error));
    assert_int_equal(error, -ENETUNREACH);
    config.gateway = address_of(1);
    f.host[2] = baro_host_create(f.network, &config, &error); /* the failed one gave its end back */
    assert_non_null(f.host[2]);
    assert_string_equal(baro_host_name(f.host[2]), "host3");
    assert_int_equal(baro_host_mac(f.host[2]).octet[0], 2);
    assert_true(memcmp(baro_host_mac(f.host[0]).octet, baro_host_mac(f.host[1]).octet, 6) != 0);
    baro_network_free(f.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_wire_carries_pings),
        cmocka_unit_test(the_way_takes_the_time_it_should),
        cmocka_unit_test(faults_lose_pings_and_never_damage_them),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(three_hosts_share_a_switch),
        cmocka_unit_test(a_host_needs_a_free_end_and_a_fitting_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
