/* A DHCPv6 client on one host of a switch, our server on another: from nothing to a lease, renewed, rebound, ended,
 * forgotten, declined, given back, among two servers, and on a wire that loses and doubles frames; and information
 * only. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/socket.h"
#include "base/bytes.h"
#include "sim/dhcp6_world.h"

static int setup(void **state)
{
    static struct world w;
    struct baro_dhcp6_client_config client;
    struct baro_dhcp6_server_config server;

    build(&w, "fast", 3);
    server = server_config(&w, SERVER);
    client = client_config(&w, 7);
    start_server(&w, SERVER, &server);
    start_client(&w, &client);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    pull_down(*state);
    return 0;
}

/* ---- tests ---- */

static void from_nothing_to_a_lease(void **state)
{
    struct world *w = *state;
    const struct baro_dhcp6_client_lease *lease;

    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_INIT);
    assert_null(baro_dhcp6_client_lease(w->client));
    wait_s(w, 1);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_SOLICITING); /* an offer is there; a better one may come */
    assert_true(bound_within(w, 10));
    assert_true(has(w, of(0x100)));
    assert_int_equal(state_of_address(w, of(0x101)), BARO_ADDRESS_NONE);
    lease = baro_dhcp6_client_lease(w->client);
    assert_int_equal(lease->server.octet[2], SERVER);
    assert_true(lease->parameters.dns_servers == 1 && address_equal(lease->parameters.dns[0], of(1)));
    assert_string_equal(lease->parameters.search[0], "lan");
    assert_true(w->told == 1 && w->lost == 0 && leases(w, SERVER) == 1);
    assert_true(left_s(w) > 990);
}

static void it_renews_for_as_long_as_it_lives(void **state)
{
    struct world *w = *state;

    assert_true(bound_within(w, 10));
    for (int i = 0; i < 5; i++) {
        wait_s(w, 505); /* T1 is 500 s */
        assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_BOUND);
        assert_true(left_s(w) > 480);
    }
    assert_true(w->told == 6 && w->lost == 0 && has(w, of(0x100)));
}

static void without_a_server_it_rebinds_and_then_the_lease_ends(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);

    assert_true(bound_within(w, 10));
    stop_server(w, SERVER);
    wait_s(w, 510);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_RENEWING);
    wait_s(w, 295);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_REBINDING);
    assert_true(w->told == 1 && has(w, of(0x100)));
    start_server(w, SERVER, &config); /* one that knows nothing of the lease gives it again */
    assert_true(bound_within(w, 100));
    assert_true(w->told == 2 && leases(w, SERVER) == 1 && has(w, of(0x100)));
    stop_server(w, SERVER);
    wait_s(w, 1001);
    assert_true(w->lost == 1 && baro_dhcp6_client_lease(w->client) == NULL);
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
    wait_s(w, 1000);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_SOLICITING); /* it goes on asking */
    start_server(w, SERVER, &config);
    assert_true(bound_within(w, 1500));
}

static void rebinding_finds_another_server(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, OTHER);

    assert_true(bound_within(w, 10));
    stop_server(w, SERVER);
    config.first = of(0x100);
    start_server(w, OTHER, &config);
    wait_s(w, 790);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_RENEWING); /* its own does not answer */
    wait_s(w, 20);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_BOUND);
    assert_int_equal(baro_dhcp6_client_lease(w->client)->server.octet[2], OTHER);
    assert_true(has(w, of(0x100)) && w->lost == 0);
}

static void a_server_that_has_forgotten_is_asked_anew(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);

    assert_true(bound_within(w, 10));
    stop_server(w, SERVER);
    config.first = of(0x500); /* the old address is of no pool now: NoBinding, Request, another address */
    start_server(w, SERVER, &config);
    wait_s(w, 505);
    assert_true(has(w, of(0x500)));
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
    assert_true(w->lost == 1 && w->told == 2);
}

static void a_link_with_another_prefix_takes_the_address_back(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, OTHER);

    assert_true(bound_within(w, 10));
    stop_server(w, SERVER);
    config.prefix = baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, 0);
    config.first = baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, 5);
    start_server(w, OTHER, &config);
    wait_s(w, 830); /* to the first Rebind, and on */
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
    assert_true(has(w, config.first) && w->lost == 1);
}

static void an_address_in_use_is_declined(void **state)
{
    struct world *w = *state;

    assert_int_equal(baro_stack_add_address(baro_host_stack(w->hosts.host[OTHER]), 1, of(0x100), 64, false), 0);
    assert_true(bound_within(w, 40));
    assert_true(has(w, of(0x101)));
    assert_true(w->told == 1 && w->lost == 0 && leases(w, SERVER) == 1); /* the server heard: the other is no lease */
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
}

static void it_gives_the_address_back(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_client_config config = client_config(w, 9);

    assert_true(bound_within(w, 10));
    baro_dhcp6_client_stop(w->client, baro_network_now(w->hosts.network));
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_RELEASING);
    wait_s(w, 1);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_STOPPED);
    assert_true(leases(w, SERVER) == 0 && w->lost == 0);
    free_client(w);
    config.now = baro_network_now(w->hosts.network);
    start_client(w, &config);
    assert_true(bound_within(w, 10));
    assert_int_equal(leases(w, SERVER), 1);
    free_client(w); /* nobody waits, but it is said */
    wait_s(w, 1);
    assert_int_equal(leases(w, SERVER), 0);
}

static void it_says_goodbye_four_times_to_nobody(void **state)
{
    struct world *w = *state;

    assert_true(bound_within(w, 10));
    stop_server(w, SERVER);
    baro_dhcp6_client_stop(w->client, baro_network_now(w->hosts.network));
    wait_s(w, 12); /* 1 + 2 + 4 + 8 s, each a tenth more or less */
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_RELEASING);
    wait_s(w, 5);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_STOPPED);
}

static void the_better_of_two_servers(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, OTHER);
    struct baro_dhcp6_client_config client = client_config(w, 1);
    struct baro_instant before;

    config.preference = 5;
    start_server(w, OTHER, &config);
    assert_true(bound_within(w, 10));
    assert_true(has(w, of(0x200)) && leases(w, SERVER) == 0 && leases(w, OTHER) == 1);
    free_client(w);
    stop_server(w, OTHER);
    config.preference = 255; /* nobody waits for others */
    start_server(w, OTHER, &config);
    client.now = before = baro_network_now(w->hosts.network);
    start_client(w, &client);
    while (state_of(w) != BARO_DHCP6_CLIENT_PROBING)
        baro_network_run_until(w->hosts.network,
                               (struct baro_instant){ baro_network_now(w->hosts.network).ns + 10000000 }, NULL, NULL);
    assert_true(baro_network_now(w->hosts.network).ns - before.ns < INT64_C(1020000000)); /* the first delay alone */
}

static void a_used_up_pool_is_asked_until_there_is_an_address(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);

    stop_server(w, SERVER);
    config.addresses = 0;
    start_server(w, SERVER, &config);
    wait_s(w, 60);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_SOLICITING);
    stop_server(w, SERVER);
    config.addresses = 1;
    start_server(w, SERVER, &config);
    assert_true(bound_within(w, 70));
}

static void two_messages_are_enough(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);
    struct baro_dhcp6_client_config client = client_config(w, 1);

    free_client(w);
    stop_server(w, SERVER);
    config.rapid_commit = true;
    start_server(w, SERVER, &config);
    client.rapid_commit = true;
    start_client(w, &client);
    wait_s(w, 1);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_PROBING);
    assert_true(bound_within(w, 3));
    assert_true(has(w, of(0x100)) && leases(w, SERVER) == 1);
    wait_s(w, 505);
    assert_true(w->told == 2 && is_bound(w));
}

static void information_only(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);
    struct baro_dhcp6_client_config client = client_config(w, 1);
    const struct baro_dhcp6_client_lease *lease;

    free_client(w);
    client.information_only = true;
    start_client(w, &client);
    wait_s(w, 2);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_INFORMED);
    lease = baro_dhcp6_client_lease(w->client);
    assert_true(lease->address.family == BARO_FAMILY_NONE && lease->parameters.dns_servers == 1 && w->told == 1);
    assert_int_equal(leases(w, SERVER), 0);
    stop_server(w, SERVER);
    config.parameters.dns[0] = of(9);
    config.refresh_s = 5; /* too short to be obeyed */
    start_server(w, SERVER, &config);
    wait_s(w, 690);
    assert_int_equal(w->told, 1);
    wait_s(w, 15); /* the refresh time was 700 s */
    assert_int_equal(w->told, 2);
    assert_true(address_equal(lease->parameters.dns[0], of(9)));
    wait_s(w, 590);
    assert_int_equal(w->told, 2);
    wait_s(w, 15); /* IRT_MINIMUM is 600 s */
    assert_int_equal(w->told, 3);
    baro_dhcp6_client_link_came(w->client, baro_network_now(w->hosts.network));
    wait_s(w, 2);
    assert_true(w->told == 4 && state_of(w) == BARO_DHCP6_CLIENT_INFORMED);
    stop_server(w, SERVER);
    wait_s(w, 700);
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_INFORMING);
    assert_non_null(baro_dhcp6_client_lease(w->client)); /* better than nothing */
    baro_dhcp6_client_stop(w->client, baro_network_now(w->hosts.network));
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_STOPPED);
}

static void a_link_that_came_back_is_confirmed(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = server_config(w, SERVER);

    baro_dhcp6_client_link_came(w->client, baro_network_now(w->hosts.network)); /* it has not begun */
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_INIT);
    assert_true(bound_within(w, 10));
    baro_dhcp6_client_link_came(w->client, baro_network_now(w->hosts.network));
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_CONFIRMING);
    assert_true(has(w, of(0x100)));
    assert_true(bound_within(w, 2) && w->told == 1 && w->lost == 0);
    wait_s(w, 505);
    assert_int_equal(w->told, 2); /* renewed at the same time as without */
    stop_server(w, SERVER);
    baro_dhcp6_client_link_came(w->client, baro_network_now(w->hosts.network));
    wait_s(w, 8); /* nobody denies it in ten seconds */
    assert_int_equal(state_of(w), BARO_DHCP6_CLIENT_CONFIRMING);
    wait_s(w, 4);
    assert_true(is_bound(w) && has(w, of(0x100)) && w->lost == 0);
    config.prefix = baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, 0);
    config.first = baro_ipv6(0xfd00, 9, 0, 0, 0, 0, 0, 5);
    start_server(w, SERVER, &config);
    baro_dhcp6_client_link_came(w->client, baro_network_now(w->hosts.network));
    wait_s(w, 2);
    assert_int_equal(state_of_address(w, of(0x100)), BARO_ADDRESS_NONE);
    assert_true(w->lost == 1 && bound_within(w, 10) && has(w, config.first));
}

/* What the client says while nobody answers, heard on another host: `count` messages. */
static void listen_in(struct world *w, bool information_only, struct baro_dhcp6_message *heard, unsigned count)
{
    const struct baro_endpoint any = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { BARO_DHCP6_SERVER_PORT } };
    struct baro_group group = { baro_ipv6(0xff02, 0, 0, 0, 0, 0, 1, 2), 1 };
    struct baro_dhcp6_client_config client = client_config(w, 1);
    struct baro_stack *stack = baro_host_stack(w->hosts.host[OTHER]);
    int fd = baro_socket(stack, BARO_FAMILY_IPV6, BARO_DATAGRAM);
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];

    group.group.zone = 1;
    assert_int_equal(baro_bind(stack, fd, &any), 0);
    assert_int_equal(baro_setsockopt(stack, fd, BARO_IP_ADD_GROUP, &group, sizeof group), 0);
    client.information_only = information_only;
    start_client(w, &client);
    wait_s(w, 60);
    for (unsigned i = 0; i < count; i++) {
        ptrdiff_t length = baro_recv(stack, fd, octets, sizeof octets, 0);

        assert_true(length > 0);
        assert_int_equal(baro_dhcp6_parse(&heard[i], (struct baro_bytes){ octets, (size_t)length }), 0);
        assert_true(baro_dhcp6_duid_equal(&heard[i].client_id, &client.duid));
    }
    baro_close(stack, fd);
    free_client(w);
}

static void said_again_it_is_the_same_message(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message heard[5];

    free_client(w);
    stop_server(w, SERVER);
    for (int information_only = 0; information_only <= 1; information_only++) {
        listen_in(w, information_only == 1, heard, 5);
        assert_true(heard[0].has_elapsed && heard[0].elapsed_cs == 0);
        for (unsigned i = 0; i < 5; i++) {
            assert_int_equal(heard[i].type, information_only ? BARO_DHCP6_INFORMATION_REQUEST : BARO_DHCP6_SOLICIT);
            assert_int_equal(heard[i].transaction, heard[0].transaction);
            assert_true(i == 0 || heard[i].elapsed_cs > heard[i - 1].elapsed_cs + 80);
            assert_true(baro_dhcp6_asks(&heard[i], BARO_DHCP6_OPTION_DNS));
            assert_true(baro_dhcp6_asks(&heard[i], BARO_DHCP6_OPTION_SEARCH));
            assert_int_equal(baro_dhcp6_asks(&heard[i], BARO_DHCP6_OPTION_SOL_MAX_RT), !information_only);
            assert_int_equal(baro_dhcp6_asks(&heard[i], BARO_DHCP6_OPTION_INF_MAX_RT), information_only);
            assert_int_equal(baro_dhcp6_asks(&heard[i], BARO_DHCP6_OPTION_REFRESH), information_only);
            assert_true(heard[i].server_id.length == 0 && heard[i].ias == (information_only ? 0 : 1));
            assert_true(information_only || (heard[i].ia[0].iaid == 77 && heard[i].ia[0].addresses == 0));
        }
    }
}

/* RFC 4862 §5.6. */
static void beside_addresses_from_routers(void **state)
{
    struct world *w = *state;
    struct baro_stack *stack = baro_host_stack(w->hosts.host[CLIENT]), *router = baro_host_stack(w->hosts.host[SERVER]);
    struct baro_advertise_config says = { .lifetime_s = 1800, .managed = true, .other = true, .prefixes = 1 };
    struct baro_router_status told;
    struct baro_address_status own[8];
    unsigned of_prefix = 0;
    int count;

    says.prefix[0] = (struct baro_advertised_prefix){ of(0), 64, true, true, 3600, 3600 };
    baro_stack_set_forwarding(router, true);
    assert_int_equal(baro_stack_advertise(router, 1, &says), 0);
    assert_true(bound_within(w, 10));
    wait_s(w, 30);
    assert_int_equal(baro_stack_router_status(stack, 1, &told), 0);
    assert_true(told.managed && told.other && told.routers == 1);
    count = baro_stack_addresses(stack, 1, own, 8);
    for (int i = 0; i < count; i++)
        of_prefix += own[i].address.octet[0] == 0xfd && !own[i].tentative;
    assert_true(of_prefix == 2 && has(w, of(0x100)));
    free_client(w); /* its own alone goes */
    count = baro_stack_addresses(stack, 1, own, 8);
    assert_int_equal(count, 2);
}

static void it_waits_for_a_link_local_address(void **state)
{
    static struct world w;
    struct baro_address_status own[8];
    struct baro_dhcp6_client_config config;
    struct baro_instant deadline;
    struct baro_stack *stack;
    int count;

    (void)state;
    build(&w, "fast", 4);
    stack = baro_host_stack(w.hosts.host[CLIENT]);
    count = baro_stack_addresses(stack, 1, own, 8);
    for (int i = 0; i < count; i++)
        assert_int_equal(baro_stack_remove_address(stack, 1, own[i].address), 0);
    config = client_config(&w, 1);
    start_client(&w, &config);
    wait_s(&w, 5);
    assert_int_equal(state_of(&w), BARO_DHCP6_CLIENT_INIT);
    assert_false(baro_dhcp6_client_next_deadline(w.client, &deadline)); /* it does not spin */
    assert_int_equal(baro_stack_add_address(stack, 1, baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 5), 64, true), 0);
    wait_s(&w, 3);
    assert_int_equal(state_of(&w), BARO_DHCP6_CLIENT_SOLICITING);
    pull_down(&w);
}

static void frames_get_lost_and_doubled(void **state)
{
    (void)state;
    for (uint8_t seed = 1; seed <= 20; seed++) {
        static struct world w;
        struct baro_dhcp6_server_config server;
        struct baro_dhcp6_client_config client;

        build(&w, "fast,loss=30%,duplicate=20%,delay=5ms,reorder=10%", seed);
        server = server_config(&w, SERVER);
        server.rapid_commit = seed % 2 == 0;
        client = client_config(&w, seed);
        client.rapid_commit = seed % 4 < 2;
        start_server(&w, SERVER, &server);
        start_client(&w, &client);
        assert_true(bound_within(&w, 600));
        for (int i = 0; i < 20; i++) { /* the tries from T1 to the end of the lease are enough here */
            wait_s(&w, 300);
            if (baro_dhcp6_client_lease(w.client) != NULL)
                assert_int_equal(state_of_address(&w, baro_dhcp6_client_lease(w.client)->address), BARO_ADDRESS_USABLE);
        }
        assert_true(w.told > 5);
        assert_true(leases(&w, SERVER) <= 1);
        baro_stack_check_invariants(baro_host_stack(w.hosts.host[CLIENT]));
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
        cmocka_unit_test_setup_teardown(a_server_that_has_forgotten_is_asked_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_with_another_prefix_takes_the_address_back, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_in_use_is_declined, setup, teardown),
        cmocka_unit_test_setup_teardown(it_gives_the_address_back, setup, teardown),
        cmocka_unit_test_setup_teardown(it_says_goodbye_four_times_to_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(the_better_of_two_servers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_used_up_pool_is_asked_until_there_is_an_address, setup, teardown),
        cmocka_unit_test_setup_teardown(two_messages_are_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(information_only, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_that_came_back_is_confirmed, setup, teardown),
        cmocka_unit_test_setup_teardown(said_again_it_is_the_same_message, setup, teardown),
        cmocka_unit_test_setup_teardown(beside_addresses_from_routers, setup, teardown),
        cmocka_unit_test(it_waits_for_a_link_local_address),
        cmocka_unit_test(frames_get_lost_and_doubled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
