/* Resolver and name server on two hosts with a wire between them that loses, repeats, delays and reorders frames, in
 * virtual time, seed after seed: every lookup ends, what it says is right, the most of them find, and nothing is left
 * open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "baro/dns.h"
#include "baro/dns_server.h"
#include "baro/network.h"
#include "support/frame_device.h"

enum { SEEDS = 24, HOSTS = 12, MANY = 90 };

static struct test_memory memory;

static struct {
    struct baro_network *network;
    struct baro_host *host[2];
    struct baro_dns_server *server;
    struct baro_dns *dns;
} world;

static void run(void *context, struct baro_host *host)
{
    struct baro_instant now = baro_network_now(baro_host_network(host));

    (void)context;
    if (host == world.host[0] && world.server != NULL)
        baro_dns_server_poll(world.server, now);
    if (host == world.host[1] && world.dns != NULL)
        baro_dns_poll(world.dns, now);
}

static bool deadline(void *context, struct baro_instant *at)
{
    if (context == &world.dns)
        return world.dns != NULL && baro_dns_next_deadline(world.dns, at);
    return world.server != NULL && baro_dns_server_next_deadline(world.server, at);
}

/* Hosts h0 to h11 with an address of each family, and one with so many that they need a connection. */
static void fill(void)
{
    char name[16];

    for (int i = 0; i < HOSTS; i++) {
        snprintf(name, sizeof name, "h%d", i);
        assert_int_equal(baro_dns_server_add_host(world.server, name, baro_ipv4(10, 1, 0, (uint8_t)(i + 1))), 0);
        assert_int_equal(
            baro_dns_server_add_host(world.server, name, baro_ipv6(0xfd00, 1, 0, 0, 0, 0, 0, (uint16_t)(i + 1))), 0);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(baro_dns_server_add_host(world.server, "many", baro_ipv4(10, 2, 0, (uint8_t)(i + 1))), 0);
}

static void build(uint64_t seed)
{
    const struct baro_network_config config = { .seed = seed };
    const struct baro_wire_config wire = { .loss_ppm = 150000, .duplicate_ppm = 50000, .reorder_ppm = 50000,
                                           .delay = { 3000000 }, .jitter = { 2000000 }, .seed = seed };
    struct baro_dns_server_config serving = { .memory = test_memory(&memory),
                                              .local = { .address = baro_ipv4(10, 7, 0, 1) } };
    struct baro_dns_config asking = { .memory = test_memory(&memory), .seed = { (uint8_t)seed },
                                     .servers = 1, .search = { "lan" }, .searches = 1,
                                      .server = { { .address = baro_ipv4(10, 7, 0, 1) } } };
    struct baro_wire *cable;

    memset(&world, 0, sizeof world);
    world.network = baro_network_create(&config);
    cable = baro_wire_create(world.network, &wire);
    for (int i = 0; i < 2; i++) {
        const struct baro_host_config host = { .name = i == 0 ? "server" : "client", .wire = cable, .prefix_length = 24,
                                               .address = baro_ipv4(10, 7, 0, (uint8_t)(i + 1)), .program = run,
                                               .program_deadline = deadline,
                                               .program_context = i == 0 ? (void *)&world.server : (void *)&world.dns };

        world.host[i] = baro_host_create(world.network, &host, NULL);
        assert_non_null(world.host[i]);
    }
    serving.stack = baro_host_stack(world.host[0]);
    world.server = baro_dns_server_create(&serving, NULL);
    asking.stack = baro_host_stack(world.host[1]);
    world.dns = baro_dns_create(&asking, NULL);
    assert_true(world.server != NULL && world.dns != NULL);
    fill();
}

static void tear(void)
{
    baro_dns_free(world.dns);
    baro_dns_server_free(world.server);
    baro_network_free(world.network);
    assert_int_equal(memory.slabs, 0);
}

static bool all_done(void *context)
{
    const int *lookup = context;
    struct baro_dns_result result;

    for (int i = 0; i < HOSTS + 2; i++) {
        if (!baro_dns_result(world.dns, lookup[i], &result))
            return false;
    }
    return true;
}

/* One lookup's end. True: it has found. */
static bool judge(int number, const struct baro_dns_result *result)
{
    if (number == HOSTS + 1) { /* there is no such name, and nothing may say otherwise */
        assert_true(result->status == BARO_DNS_NO_NAME || result->status == BARO_DNS_NO_ANSWER);
        return result->status == BARO_DNS_NO_NAME;
    }
    assert_true(result->status == BARO_DNS_FOUND || result->status == BARO_DNS_NO_ANSWER);
    for (unsigned i = 0; i < result->addresses; i++) {
        const struct baro_address *address = &result->address[i];
        uint8_t last = address->octet[address->family == BARO_FAMILY_IPV4 ? 3 : 15];

        assert_true(number == HOSTS ? address->octet[1] == 2 && last <= MANY : last == number + 1);
    }
    return result->status == BARO_DNS_FOUND;
}

static unsigned look_up_all(void)
{
    struct baro_instant limit = baro_network_now(world.network);
    struct baro_dns_result result;
    int lookup[HOSTS + 2];
    unsigned found = 0;
    char name[16];

    for (int i = 0; i < HOSTS; i++) {
        snprintf(name, sizeof name, "h%d", i);
        lookup[i] = baro_dns_query(world.dns, name, BARO_DNS_WANT_BOTH, limit);
    }
    lookup[HOSTS] = baro_dns_query(world.dns, "many.lan", BARO_DNS_WANT_IPV4, limit);
    lookup[HOSTS + 1] = baro_dns_query(world.dns, "nosuch.lan.", BARO_DNS_WANT_BOTH, limit);
    baro_stack_flush(baro_host_stack(world.host[1]));
    limit.ns += INT64_C(60000000000); /* patience has its bound */
    assert_true(baro_network_run_until(world.network, limit, all_done, lookup));
    for (int i = 0; i < HOSTS + 2; i++) {
        assert_true(lookup[i] >= 0 && baro_dns_result(world.dns, lookup[i], &result));
        found += judge(i, &result);
        baro_dns_end(world.dns, lookup[i]);
    }
    return found;
}

static void lookups_over_a_bad_wire(void **state)
{
    struct baro_dns_statistics counts;
    unsigned found = 0;
    uint64_t cached = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        build(seed);
        found += look_up_all();
        baro_dns_statistics(world.dns, &counts);
        assert_true(counts.streams >= 1); /* "many" */
        found += look_up_all();           /* some of it is kept, where the first time was over in five seconds */
        baro_dns_statistics(world.dns, &counts);
        cached += counts.cached;
        tear();
    }
    assert_true(cached > SEEDS * HOSTS / 2);
    print_message("%u of %u found, %u questions from what is kept\n", found, 2 * SEEDS * (HOSTS + 2), (unsigned)cached);
    assert_true(found >= 2 * SEEDS * (HOSTS + 2) * 95 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_over_a_bad_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
