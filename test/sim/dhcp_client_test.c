/* A DHCP client on one host of a wire, our server on the other: from nothing to a lease, renewed, rebound, ended,
 * refused, declined, given back, and on a wire that loses frames. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/dhcp.h"
#include "baro/network.h"
#include "baro/socket.h"
#include "base/bytes.h"
#include "sim/dhcp_hosts.h"

struct world {
    struct dhcp_hosts hosts;
    struct baro_host *server_host, *client_host, *other_host;
    struct baro_dhcp_server *server;
    struct baro_dhcp_client *client;
    unsigned told, lost;
};

static void serve(void *context, struct baro_host *host)
{
    struct world *w = context;

    (void)host;
    if (w->server != NULL)
        (void)baro_dhcp_server_poll(w->server, baro_network_now(w->hosts.network));
}

static void run_client(void *context, struct baro_host *host)
{
    struct world *w = context;

    (void)host;
    if (w->client != NULL)
        (void)baro_dhcp_client_poll(w->client, baro_network_now(w->hosts.network));
}

static bool client_deadline(void *context, struct baro_instant *deadline)
{
    struct world *w = context;

    return w->client != NULL && baro_dhcp_client_next_deadline(w->client, deadline);
}

static void learn(void *context, const struct baro_dhcp_client_lease *lease)
{
    struct world *w = context;

    w->told += lease != NULL;
    w->lost += lease == NULL;
}

static struct baro_dhcp_server_config server_config(struct world *w)
{
    struct baro_dhcp_server_config config = { .memory = test_memory(&w->hosts.memory),
                                              .stack = baro_host_stack(w->server_host),
                                              .interface = baro_host_interface(w->server_host),
                                              .address = baro_ipv4(10, 7, 0, 1),
                                              .prefix_length = 24,
                                              .first = baro_ipv4(10, 7, 0, 2),
                                              .last = baro_ipv4(10, 7, 0, 3),
                                              .lease_s = 1000 };

    config.parameters.routers = config.parameters.dns_servers = 1;
    config.parameters.router[0] = config.parameters.dns[0] = baro_ipv4(10, 7, 0, 1);
    config.parameters.mtu = 1400;
    strcpy(config.parameters.domain, "lan");
    return config;
}

static void start_server(struct world *w, const struct baro_dhcp_server_config *config)
{
    int error;

    w->server = baro_dhcp_server_create(config, &error);
    assert_int_equal(error, 0);
}

static void stop_server(struct world *w)
{
    baro_dhcp_server_free(w->server);
    w->server = NULL;
}

static void start_client(struct world *w, uint8_t seed)
{
    struct baro_dhcp_client_config config = { .memory = test_memory(&w->hosts.memory),
                                              .stack = baro_host_stack(w->client_host),
                                              .interface = baro_host_interface(w->client_host),
                                              .mac = baro_host_mac(w->client_host),
                                              .seed = { seed, 1, 2 },
                                              .now = baro_network_now(w->hosts.network),
                                              .host_name = "guest",
                                              .told = learn,
                                              .context = w };
    int error;

    w->client = baro_dhcp_client_create(&config, &error);
    assert_int_equal(error, 0);
    assert_null(baro_dhcp_client_create(&config, &error)); /* one a stack, and what it took is given back */
    assert_int_equal(error, -EADDRINUSE);
}

/* The client's wire as said. */
static void build(struct world *w, const char *wire, uint64_t seed)
{
    const struct baro_host_config config[3] = {
        { .program = run_client, .program_deadline = client_deadline, .program_context = w },
        { .address = baro_ipv4(10, 7, 0, 1), .prefix_length = 24, .program = serve, .program_context = w },
        { .name = "other" }
    };

    memset(w, 0, sizeof *w);
    dhcp_hosts_build(&w->hosts, config, wire, seed);
    w->client_host = w->hosts.host[0];
    w->server_host = w->hosts.host[1];
    w->other_host = w->hosts.host[2];
}

static void pull_down(struct world *w)
{
    baro_dhcp_client_free(w->client);
    baro_dhcp_server_free(w->server);
    dhcp_hosts_pull_down(&w->hosts);
}

static int setup(void **state)
{
    static struct world w;
    struct baro_dhcp_server_config config;

    build(&w, "fast", 3);
    config = server_config(&w);
    start_server(&w, &config);
    start_client(&w, 7);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    pull_down(*state);
    return 0;
}

static void wait_s(struct world *w, int64_t seconds)
{
    dhcp_hosts_wait_s(&w->hosts, seconds);
}

static bool is_bound(void *context)
{
    return baro_dhcp_client_state(((struct world *)context)->client) == BARO_DHCP_CLIENT_BOUND;
}

static bool bound_within(struct world *w, int64_t seconds)
{
    return baro_network_run_until(w->hosts.network, dhcp_hosts_in_s(&w->hosts, seconds), is_bound, w);
}

static enum baro_address_state address_of_client(struct world *w, struct baro_address address)
{
    return baro_stack_address_state(baro_host_stack(w->client_host), baro_host_interface(w->client_host), address);
}

static unsigned leases(struct world *w)
{
    struct baro_dhcp_server_lease lease;
    unsigned index = 0, count = 0;

    while (baro_dhcp_server_next_lease(w->server, baro_network_now(w->hosts.network), &index, &lease)) {
        assert_string_equal(lease.host_name, "guest");
        count++;
    }
    return count;
}

static int64_t left_s(struct world *w)
{
    return (baro_dhcp_client_lease(w->client)->expires.ns - baro_network_now(w->hosts.network).ns) / 1000000000;
}

static void from_nothing_to_a_lease(void **state)
{
    struct world *w = *state;
    struct baro_stack *stack = baro_host_stack(w->client_host);
    const struct baro_dhcp_client_lease *lease;
    struct baro_ping_result result;

    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_INIT);
    assert_null(baro_dhcp_client_lease(w->client));
    wait_s(w, 2);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_PROBING);
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_PROBING);
    assert_null(baro_dhcp_client_lease(w->client));
    assert_true(bound_within(w, 10));
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_USABLE);
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 3)), BARO_ADDRESS_NONE);
    lease = baro_dhcp_client_lease(w->client);
    assert_true(address_equal(lease->address, baro_ipv4(10, 7, 0, 2)));
    assert_true(address_equal(lease->server, baro_ipv4(10, 7, 0, 1)));
    assert_int_equal(lease->prefix_length, 24);
    assert_true(lease->parameters.dns_servers == 1 && lease->parameters.mtu == 1400);
    assert_true(address_equal(lease->parameters.dns[0], baro_ipv4(10, 7, 0, 1)));
    assert_string_equal(lease->parameters.domain, "lan");
    assert_true(w->told == 1 && w->lost == 0 && leases(w) == 1);
    assert_int_equal(baro_stack_ping(stack, baro_ipv4(10, 7, 0, 1), 1, 1, 8), 0);
    wait_s(w, 1);
    assert_true(baro_stack_ping_result(stack, &result) && result.type == 0);
    /* the way out leads to the router */
    assert_int_equal(baro_stack_add_route(stack, baro_ipv4(0, 0, 0, 0), 0, baro_ipv4(10, 7, 0, 1), 1), -EEXIST);
}

static void it_renews_for_as_long_as_it_lives(void **state)
{
    struct world *w = *state;

    assert_true(bound_within(w, 10));
    for (int i = 0; i < 5; i++) {
        wait_s(w, 505); /* T1 is 500 s */
        assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_BOUND);
        assert_true(left_s(w) > 480);
    }
    assert_true(w->told == 6 && w->lost == 0);
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_USABLE);
}

static void without_a_server_it_rebinds_and_then_the_lease_ends(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_server_config config = server_config(w);

    assert_true(bound_within(w, 10));
    stop_server(w);
    wait_s(w, 510);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_RENEWING);
    wait_s(w, 370);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_REBINDING);
    assert_int_equal(w->told, 1);
    start_server(w, &config); /* one that knows nothing of the lease gives it again */
    wait_s(w, 65);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_BOUND);
    assert_true(w->told == 2 && leases(w) == 1);
    stop_server(w);
    wait_s(w, 1001);
    assert_true(w->lost == 1 && baro_dhcp_client_lease(w->client) == NULL);
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_NONE);
    assert_int_equal(baro_stack_remove_route(baro_host_stack(w->client_host), baro_ipv4(0, 0, 0, 0), 0), -ENETUNREACH);
    wait_s(w, 1000);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_SELECTING); /* it goes on asking */
    start_server(w, &config);
    assert_true(bound_within(w, 80));
}

static void rebinding_finds_another_server(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_server_config config = server_config(w);
    struct baro_stack *stack = baro_host_stack(w->server_host);

    assert_true(bound_within(w, 10));
    stop_server(w);
    assert_int_equal(baro_stack_remove_address(stack, config.interface, config.address), 0);
    config.address = baro_ipv4(10, 7, 0, 9);
    assert_int_equal(baro_stack_add_address(stack, config.interface, config.address, 24, false), 0);
    start_server(w, &config);
    wait_s(w, 860);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_RENEWING); /* its own does not answer */
    wait_s(w, 20);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_BOUND);
    assert_true(address_equal(baro_dhcp_client_lease(w->client)->server, config.address));
    assert_true(address_equal(baro_dhcp_client_lease(w->client)->address, baro_ipv4(10, 7, 0, 2)));
}

static void a_refused_renewal_begins_again(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_server_config config = server_config(w);

    assert_true(bound_within(w, 10));
    stop_server(w);
    config.first = config.last = baro_ipv4(10, 7, 0, 50); /* the old address is of no pool now */
    start_server(w, &config);
    wait_s(w, 501);
    assert_true(w->lost == 1);
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_NONE);
    assert_true(bound_within(w, 20));
    assert_true(address_equal(baro_dhcp_client_lease(w->client)->address, config.first));
}

/* A NAK as its own server would send it, but by somebody who has not seen the request. */
static void a_stranger_cannot_take_the_lease_away(void **state)
{
    struct world *w = *state;
    struct baro_stack *stack = baro_host_stack(w->other_host);
    const struct baro_endpoint all = { baro_ipv4(255, 255, 255, 255), { BARO_DHCP_CLIENT_PORT } };
    struct baro_dhcp_message m = { .type = BARO_DHCP_NAK, .reply = true, .mac = baro_host_mac(w->client_host) };
    uint8_t octets[BARO_DHCP_MESSAGE_OCTETS];
    const int one = 1;
    ptrdiff_t length;
    int fd = baro_socket(stack, BARO_FAMILY_IPV4, BARO_DATAGRAM);

    assert_int_equal(baro_setsockopt(stack, fd, BARO_SO_BROADCAST, &one, sizeof one), 0);
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv4(10, 7, 0, 66), 24, false), 0);
    assert_true(bound_within(w, 10));
    stop_server(w);
    wait_s(w, 510);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_RENEWING);
    m.client = m.your = m.next_server = m.relay = baro_ipv4(0, 0, 0, 0);
    m.server_id = baro_ipv4(10, 7, 0, 1);
    length = baro_dhcp_build(&m, (struct baro_buffer){ octets, sizeof octets });
    assert_true(length > 0);
    assert_int_equal(baro_sendto(stack, fd, octets, (size_t)length, 0, &all), length);
    wait_s(w, 2);
    assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_RENEWING);
    assert_int_equal(w->lost, 0);
}

static void an_address_in_use_is_declined(void **state)
{
    struct world *w = *state;
    struct baro_address taken = baro_ipv4(10, 7, 0, 2);

    assert_int_equal(baro_stack_add_address(baro_host_stack(w->other_host), 1, taken, 24, false), 0);
    assert_true(bound_within(w, 40));
    assert_true(address_equal(baro_dhcp_client_lease(w->client)->address, baro_ipv4(10, 7, 0, 3)));
    assert_true(baro_network_now(w->hosts.network).ns > INT64_C(11) * 1000000000); /* ten seconds lay between */
    assert_true(w->told == 1 && w->lost == 0 && leases(w) == 1); /* the server heard: the other is no lease */
    assert_int_equal(address_of_client(w, taken), BARO_ADDRESS_NONE);
}

static void it_gives_the_lease_back(void **state)
{
    struct world *w = *state;

    assert_true(bound_within(w, 10));
    assert_int_equal(leases(w), 1);
    baro_dhcp_client_free(w->client);
    w->client = NULL;
    assert_int_equal(address_of_client(w, baro_ipv4(10, 7, 0, 2)), BARO_ADDRESS_NONE);
    wait_s(w, 1);
    assert_int_equal(leases(w), 0);
}

static void classless_routes_instead_of_the_router(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_server_config config = server_config(w);
    struct baro_stack *stack = baro_host_stack(w->client_host);

    stop_server(w);
    config.parameters.routes = 2; /* the second is needed by the first */
    config.parameters.route[0] = (struct baro_dhcp_route){ baro_ipv4(192, 168, 0, 0), baro_ipv4(10, 8, 0, 1), 16 };
    config.parameters.route[1] = (struct baro_dhcp_route){ baro_ipv4(10, 8, 0, 0), baro_ipv4(0, 0, 0, 0), 24 };
    start_server(w, &config);
    assert_true(bound_within(w, 20));
    assert_int_equal(baro_stack_remove_route(stack, baro_ipv4(0, 0, 0, 0), 0), -ENETUNREACH);
    assert_int_equal(baro_stack_add_route(stack, baro_ipv4(192, 168, 0, 0), 16, baro_ipv4(10, 8, 0, 1), 1), -EEXIST);
    baro_dhcp_client_free(w->client);
    w->client = NULL;
    assert_int_equal(baro_stack_remove_route(stack, baro_ipv4(192, 168, 0, 0), 16), -ENETUNREACH);
    assert_int_equal(baro_stack_remove_route(stack, baro_ipv4(10, 8, 0, 0), 24), -ENETUNREACH);
}

/* A client that asks by the retransmission times; nobody answers. */
static void the_waiting_doubles(void **state)
{
    struct world *w = *state;
    struct baro_instant deadline, last = { 0 };
    int64_t wanted_s = 4;

    stop_server(w);
    wait_s(w, 1);
    for (int i = 0; i < 7; i++) {
        int64_t apart;

        assert_true(baro_dhcp_client_next_deadline(w->client, &deadline));
        if (i > 0) {
            apart = deadline.ns - last.ns;
            assert_true(apart >= (wanted_s - 1) * 1000000000 && apart <= (wanted_s + 1) * 1000000000);
            assert_int_equal(baro_dhcp_client_state(w->client), BARO_DHCP_CLIENT_SELECTING);
        }
        if (i > 0)
            wanted_s = wanted_s == 64 ? 64 : wanted_s * 2;
        else
            wanted_s = 8; /* the first deadline is that of the second message, 4 s after the first */
        last = deadline;
        baro_network_run_until(w->hosts.network, (struct baro_instant){ deadline.ns + 1 }, NULL, NULL);
    }
}

static void frames_get_lost(void **state)
{
    (void)state;
    for (uint8_t seed = 1; seed <= 20; seed++) {
        struct world w;
        struct baro_dhcp_server_config config;

        build(&w, "fast,loss=30%", seed);
        config = server_config(&w);
        start_server(&w, &config);
        start_client(&w, seed);
        assert_true(bound_within(&w, 600));
        for (int i = 0; i < 20; i++) { /* the tries from T1 to the end of the lease are enough here */
            wait_s(&w, 300);
            if (baro_dhcp_client_lease(w.client) != NULL)
                assert_int_equal(address_of_client(&w, baro_dhcp_client_lease(w.client)->address), BARO_ADDRESS_USABLE);
        }
        assert_true(w.told > 5);
        baro_stack_check_invariants(baro_host_stack(w.client_host));
        pull_down(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_nothing_to_a_lease, setup, teardown),
        cmocka_unit_test_setup_teardown(it_renews_for_as_long_as_it_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_server_it_rebinds_and_then_the_lease_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(rebinding_finds_another_server, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_renewal_begins_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stranger_cannot_take_the_lease_away, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_in_use_is_declined, setup, teardown),
        cmocka_unit_test_setup_teardown(it_gives_the_lease_back, setup, teardown),
        cmocka_unit_test_setup_teardown(classless_routes_instead_of_the_router, setup, teardown),
        cmocka_unit_test_setup_teardown(the_waiting_doubles, setup, teardown),
        cmocka_unit_test(frames_get_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
