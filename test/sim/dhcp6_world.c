/* test/sim/dhcp6_world.c: see dhcp6_world.h. */
#include "sim/dhcp6_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/bytes.h"

struct baro_address of(uint16_t number)
{
    return baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, number);
}

static void run(void *context, struct baro_host *host)
{
    struct world *w = context;
    struct baro_instant now = baro_network_now(w->hosts.network);

    if (host == w->hosts.host[CLIENT] && w->client != NULL)
        (void)baro_dhcp6_client_poll(w->client, now);
    for (int i = SERVER; i <= OTHER; i++) {
        if (host == w->hosts.host[i] && w->server[i] != NULL)
            (void)baro_dhcp6_server_poll(w->server[i], now);
    }
    if (host == w->hosts.host[OTHER] && w->other != NULL)
        w->other();
}

static bool deadline_of_client(void *context, struct baro_instant *deadline)
{
    struct world *w = context;

    return w->client != NULL && baro_dhcp6_client_next_deadline(w->client, deadline);
}

static void learn(void *context, const struct baro_dhcp6_client_lease *lease)
{
    struct world *w = context;

    w->told += lease != NULL;
    w->lost += lease == NULL;
}

struct baro_dhcp6_server_config server_config(struct world *w, int host)
{
    struct baro_dhcp6_server_config config = { .memory = test_memory(&w->hosts.memory),
                                               .stack = baro_host_stack(w->hosts.host[host]),
                                               .interface = baro_host_interface(w->hosts.host[host]),
                                               .duid = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ (uint8_t)host }),
                                               .prefix = of(0),
                                               .prefix_length = 64,
                                               .first = of((uint16_t)(host * 0x100)),
                                               .addresses = 2,
                                               .lease_s = 1000,
                                               .refresh_s = 700 };

    config.parameters.dns_servers = config.parameters.searches = 1;
    config.parameters.dns[0] = of(1);
    strcpy(config.parameters.search[0], "lan");
    return config;
}

void start_server(struct world *w, int host, const struct baro_dhcp6_server_config *config)
{
    int error;

    w->server[host] = baro_dhcp6_server_create(config, &error);
    assert_int_equal(error, 0);
}

void stop_server(struct world *w, int host)
{
    baro_dhcp6_server_free(w->server[host]);
    w->server[host] = NULL;
}

struct baro_dhcp6_client_config client_config(struct world *w, uint8_t seed)
{
    return (struct baro_dhcp6_client_config){ .memory = test_memory(&w->hosts.memory),
                                              .stack = baro_host_stack(w->hosts.host[CLIENT]),
                                              .interface = baro_host_interface(w->hosts.host[CLIENT]),
                                              .duid = baro_dhcp6_duid_of_mac(baro_host_mac(w->hosts.host[CLIENT])),
                                              .iaid = 77,
                                              .seed = { seed, 1, 2 },
                                              .now = baro_network_now(w->hosts.network),
                                              .told = learn,
                                              .context = w };
}

void start_client(struct world *w, const struct baro_dhcp6_client_config *config)
{
    int error;

    w->client = baro_dhcp6_client_create(config, &error);
    assert_int_equal(error, 0);
    assert_null(baro_dhcp6_client_create(config, &error)); /* one a stack, and what it took is given back */
    assert_int_equal(error, -EADDRINUSE);
}

void free_client(struct world *w)
{
    baro_dhcp6_client_free(w->client);
    w->client = NULL;
}

void build(struct world *w, const char *wire, uint64_t seed)
{
    const struct baro_host_config config[3] = {
        { .program = run, .program_deadline = deadline_of_client, .program_context = w },
        { .address = of(1), .prefix_length = 64, .program = run, .program_context = w },
        { .program = run, .program_context = w }
    };

    memset(w, 0, sizeof *w);
    dhcp_hosts_build(&w->hosts, config, wire, seed);
    dhcp_hosts_enable_ipv6(&w->hosts);
}

void pull_down(struct world *w)
{
    free_client(w);
    stop_server(w, SERVER);
    stop_server(w, OTHER);
    dhcp_hosts_pull_down(&w->hosts);
}

void wait_s(struct world *w, int64_t seconds)
{
    dhcp_hosts_wait_s(&w->hosts, seconds);
}

enum baro_dhcp6_client_state state_of(const struct world *w)
{
    return baro_dhcp6_client_state(w->client);
}

bool is_bound(void *context)
{
    return state_of(context) == BARO_DHCP6_CLIENT_BOUND;
}

bool bound_within(struct world *w, int64_t seconds)
{
    return baro_network_run_until(w->hosts.network, dhcp_hosts_in_s(&w->hosts, seconds), is_bound, w);
}

enum baro_address_state state_of_address(struct world *w, struct baro_address address)
{
    return baro_stack_address_state(baro_host_stack(w->hosts.host[CLIENT]), 1, address);
}

bool has(struct world *w, struct baro_address address)
{
    const struct baro_dhcp6_client_lease *lease = baro_dhcp6_client_lease(w->client);

    return lease != NULL && address_equal(lease->address, address) &&
           state_of_address(w, address) == BARO_ADDRESS_USABLE;
}

unsigned leases(struct world *w, int host)
{
    struct baro_dhcp6_server_lease lease;
    unsigned index = 0, count = 0;

    while (baro_dhcp6_server_next_lease(w->server[host], baro_network_now(w->hosts.network), &index, &lease)) {
        assert_int_equal(lease.iaid, 77);
        count++;
    }
    return count;
}

int64_t left_s(struct world *w)
{
    return (baro_dhcp6_client_lease(w->client)->expires.ns - baro_network_now(w->hosts.network).ns) / 1000000000;
}
