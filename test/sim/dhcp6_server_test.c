/* A DHCPv6 server on one host of a switch, clients made by hand on another: the dialogue, what it refuses, a pool that
 * is used up, leases that end and come back, messages that it must not answer. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "baro/dhcp6.h"
#include "baro/socket.h"
#include "base/bytes.h"
#include "sim/dhcp_hosts.h"

struct world {
    struct dhcp_hosts hosts;
    struct baro_dhcp6_server *server;
    int socket;
    struct baro_endpoint to;
};

static struct baro_address of(uint16_t number)
{
    return baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, number);
}

static void serve(void *context, struct baro_host *host)
{
    struct world *w = context;

    (void)host;
    if (w->server != NULL)
        (void)baro_dhcp6_server_poll(w->server, baro_network_now(w->hosts.network));
}

static struct baro_dhcp6_server_config config_of(struct world *w)
{
    struct baro_dhcp6_server_config config = { .memory = test_memory(&w->hosts.memory),
                                               .stack = baro_host_stack(w->hosts.host[1]),
                                               .interface = baro_host_interface(w->hosts.host[1]),
                                               .duid = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ 5 }),
                                               .prefix = of(0),
                                               .prefix_length = 64,
                                               .first = of(1), /* its own is left out */
                                               .addresses = 3,
                                               .lease_s = 1000,
                                               .preference = 9,
                                               .refresh_s = 1234 };

    config.parameters.dns_servers = config.parameters.searches = 1;
    config.parameters.dns[0] = of(1);
    strcpy(config.parameters.search[0], "lan");
    return config;
}

static void start(struct world *w, const struct baro_dhcp6_server_config *config)
{
    int error;

    baro_dhcp6_server_free(w->server);
    w->server = baro_dhcp6_server_create(config, &error);
    assert_int_equal(error, 0);
}

static int setup(void **state)
{
    static struct world w;
    const struct baro_host_config config[3] = {
        { .name = "client" },
        { .address = of(1), .prefix_length = 64, .program = serve, .program_context = &w },
        { .name = "other" }
    };
    const struct baro_endpoint any = { baro_ipv6(0, 0, 0, 0, 0, 0, 0, 0), { BARO_DHCP6_CLIENT_PORT } };
    struct baro_dhcp6_server_config server;

    memset(&w, 0, sizeof w);
    dhcp_hosts_build(&w.hosts, config, "fast", 3);
    dhcp_hosts_enable_ipv6(&w.hosts);
    server = config_of(&w);
    start(&w, &server);
    w.socket = baro_socket(baro_host_stack(w.hosts.host[0]), BARO_FAMILY_IPV6, BARO_DATAGRAM);
    assert_int_equal(baro_bind(baro_host_stack(w.hosts.host[0]), w.socket, &any), 0);
    w.to = (struct baro_endpoint){ baro_ipv6(0xff02, 0, 0, 0, 0, 0, 1, 2), { BARO_DHCP6_SERVER_PORT } };
    w.to.address.zone = (uint8_t)baro_host_interface(w.hosts.host[0]);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    baro_dhcp6_server_free(w->server);
    dhcp_hosts_pull_down(&w->hosts);
    return 0;
}

/* ---- clients by hand ---- */

static struct baro_dhcp6_message from(uint8_t client, enum baro_dhcp6_type type)
{
    struct baro_dhcp6_message m = { .type = type, .transaction = client, .has_elapsed = true, .ias = 1 };

    m.client_id = baro_dhcp6_duid_of_mac((struct baro_mac){ { 2, 9, 9, 9, 9, client } });
    m.ia[0].iaid = 7;
    if (type == BARO_DHCP6_REQUEST || type == BARO_DHCP6_RENEW || type == BARO_DHCP6_RELEASE ||
        type == BARO_DHCP6_DECLINE)
        m.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ 5 });
    return m;
}

static void name_address(struct baro_dhcp6_message *m, struct baro_address address)
{
    m->ia[0].address[m->ia[0].addresses++].address = address;
}

static void send_octets(struct world *w, const uint8_t *octets, size_t length)
{
    struct baro_stack *stack = baro_host_stack(w->hosts.host[0]);

    assert_int_equal(baro_sendto(stack, w->socket, octets, length, 0, &w->to), length);
    dhcp_hosts_wait_s(&w->hosts, 2);
}

/* Sends it, and the answer is in *reply; false: there is none. */
static bool ask(struct world *w, const struct baro_dhcp6_message *m, struct baro_dhcp6_message *reply)
{
    struct baro_stack *stack = baro_host_stack(w->hosts.host[0]);
    uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
    ptrdiff_t length = baro_dhcp6_build(m, (struct baro_buffer){ octets, sizeof octets });

    assert_true(length > 0);
    send_octets(w, octets, (size_t)length);
    length = baro_recv(stack, w->socket, octets, sizeof octets, 0);
    if (length < 0)
        return false;
    assert_int_equal(baro_dhcp6_parse(reply, (struct baro_bytes){ octets, (size_t)length }), 0);
    assert_int_equal(reply->transaction, m->transaction);
    assert_true(baro_dhcp6_duid_equal(&reply->client_id, &m->client_id));
    assert_int_equal(reply->server_id.length, 18);
    assert_int_equal(baro_recv(stack, w->socket, octets, sizeof octets, 0), -EAGAIN);
    return true;
}

/* Solicit to Reply; the address. */
static struct baro_address lease(struct world *w, uint8_t client)
{
    struct baro_dhcp6_message m = from(client, BARO_DHCP6_SOLICIT), reply;
    struct baro_address address;

    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP6_ADVERTISE);
    assert_int_equal(reply.ia[0].addresses, 1);
    address = reply.ia[0].address[0].address;
    m = from(client, BARO_DHCP6_REQUEST);
    name_address(&m, address);
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP6_REPLY);
    assert_true(reply.ia[0].status == 0 && reply.ia[0].addresses == 1);
    assert_true(address_equal(reply.ia[0].address[0].address, address));
    return address;
}

static unsigned leases(struct world *w)
{
    struct baro_dhcp6_server_lease told;
    unsigned index = 0, count = 0;

    while (baro_dhcp6_server_next_lease(w->server, baro_network_now(w->hosts.network), &index, &told)) {
        assert_int_equal(told.iaid, 7);
        assert_int_equal(told.client.length, 10);
        count++;
    }
    return count;
}

/* ---- tests ---- */

static void a_guest_gets_all_it_needs(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message m = from(5, BARO_DHCP6_SOLICIT), reply;

    m.rapid_commit = true; /* the server does not want that */
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP6_ADVERTISE);
    assert_true(!reply.rapid_commit && reply.preference == 9 && leases(w) == 0);
    m = from(5, BARO_DHCP6_REQUEST);
    name_address(&m, of(2));
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP6_REPLY);
    assert_true(reply.ias == 1 && reply.ia[0].iaid == 7 && reply.ia[0].renew_s == 500 && reply.ia[0].rebind_s == 800);
    assert_true(address_equal(reply.ia[0].address[0].address, of(2)));
    assert_true(reply.ia[0].address[0].preferred_s == 1000 && reply.ia[0].address[0].valid_s == 1000);
    assert_true(reply.parameters.dns_servers == 1 && address_equal(reply.parameters.dns[0], of(1)));
    assert_string_equal(reply.parameters.search[0], "lan");
    assert_true(!reply.has_status && !reply.has_refresh && reply.preference == 0);
    assert_int_equal(leases(w), 1);
    baro_dhcp6_ask(&m, BARO_DHCP6_OPTION_SEARCH); /* asking for some: only those */
    assert_true(ask(w, &m, &reply));
    assert_true(reply.parameters.dns_servers == 0 && reply.parameters.searches == 1);
    m.ia[0].iaid = 8; /* another association of the same client has another address */
    assert_true(ask(w, &m, &reply));
    assert_true(address_equal(reply.ia[0].address[0].address, of(3)));
}

static void two_messages_where_the_server_likes_it(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = config_of(w);
    struct baro_dhcp6_message m = from(5, BARO_DHCP6_SOLICIT), reply;

    config.rapid_commit = true;
    start(w, &config);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.type == BARO_DHCP6_ADVERTISE && leases(w) == 0); /* the client has to like it, too */
    m.rapid_commit = true;
    assert_true(ask(w, &m, &reply));
    assert_true(reply.type == BARO_DHCP6_REPLY && reply.rapid_commit && leases(w) == 1);
}

static void a_used_up_pool_says_so_until_a_lease_ends(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message m = from(3, BARO_DHCP6_SOLICIT), reply;
    struct baro_address first = lease(w, 1), second = lease(w, 2);

    assert_false(address_equal(first, second));
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP6_ADVERTISE);
    assert_true(reply.ia[0].addresses == 0 && reply.ia[0].status == BARO_DHCP6_NO_ADDRESSES && reply.ia[0].iaid == 7);
    m = from(3, BARO_DHCP6_REQUEST);
    name_address(&m, first);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.ia[0].addresses == 0 && reply.ia[0].status == BARO_DHCP6_NO_ADDRESSES);
    dhcp_hosts_wait_s(&w->hosts, 500);
    m = from(2, BARO_DHCP6_RENEW);
    name_address(&m, second);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.ia[0].addresses == 1 && reply.ia[0].address[0].valid_s == 1000);
    dhcp_hosts_wait_s(&w->hosts, 490);
    assert_true(address_equal(lease(w, 3), first)); /* that of 1 has ended, that of 2 has not */
    m = from(2, BARO_DHCP6_RELEASE);
    name_address(&m, second);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.has_status && reply.status == 0 && reply.ias == 0);
    assert_true(address_equal(lease(w, 4), second));
}

static void what_is_not_of_this_link_or_not_known(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message m = from(1, BARO_DHCP6_REQUEST), reply;
    struct baro_address strange = baro_ipv6(0xfd00, 8, 0, 0, 0, 0, 0, 2);

    name_address(&m, strange);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.ia[0].status == BARO_DHCP6_NOT_ON_LINK && reply.ia[0].addresses == 0);
    m = from(1, BARO_DHCP6_RENEW);
    name_address(&m, of(99)); /* of the link, not of the pool */
    assert_true(ask(w, &m, &reply));
    assert_true(reply.ia[0].status == BARO_DHCP6_NO_BINDING && reply.ia[0].addresses == 0);
    m = from(1, BARO_DHCP6_REBIND);
    name_address(&m, strange);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.ia[0].status == 0 && reply.ia[0].addresses == 1 && reply.ia[0].address[0].valid_s == 0);
    for (int type = BARO_DHCP6_RELEASE; type <= BARO_DHCP6_DECLINE; type++) {
        m = from(1, (enum baro_dhcp6_type)type);
        name_address(&m, of(2));
        assert_true(ask(w, &m, &reply));
        assert_true(reply.has_status && reply.status == 0 && reply.ia[0].status == BARO_DHCP6_NO_BINDING);
    }
    m = from(1, BARO_DHCP6_CONFIRM);
    assert_false(ask(w, &m, &reply)); /* names no address */
    name_address(&m, of(77));
    assert_true(ask(w, &m, &reply));
    assert_true(reply.has_status && reply.status == 0 && reply.ias == 0);
    name_address(&m, strange);
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.status, BARO_DHCP6_NOT_ON_LINK);
}

static void a_new_server_knows_old_leases_by_their_clients(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = config_of(w);
    struct baro_dhcp6_message m = from(1, BARO_DHCP6_REBIND), reply;

    start(w, &config);
    name_address(&m, of(3));
    name_address(&m, of(88)); /* this one it does not get */
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.ia[0].addresses, 2);
    assert_true(address_equal(reply.ia[0].address[0].address, of(3)) && reply.ia[0].address[0].valid_s == 1000);
    assert_true(address_equal(reply.ia[0].address[1].address, of(88)) && reply.ia[0].address[1].valid_s == 0);
    m = from(2, BARO_DHCP6_RENEW);
    name_address(&m, of(3));
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.ia[0].status, BARO_DHCP6_NO_BINDING);
    m = from(2, BARO_DHCP6_RELEASE); /* nor can it end the lease of another */
    name_address(&m, of(3));
    assert_true(ask(w, &m, &reply));
    assert_int_equal(leases(w), 1);
}

static void a_declined_address_rests(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message m = from(1, BARO_DHCP6_DECLINE), reply;
    struct baro_address first = lease(w, 1);

    name_address(&m, first);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.status == 0 && reply.ias == 0 && leases(w) == 0);
    assert_true(address_equal(lease(w, 1), of(3)));
    m = from(2, BARO_DHCP6_SOLICIT);
    name_address(&m, first);
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.ia[0].status, BARO_DHCP6_NO_ADDRESSES);
    dhcp_hosts_wait_s(&w->hosts, 600);
    assert_true(address_equal(lease(w, 2), first));
}

static void information_without_addresses(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config config = config_of(w);
    struct baro_dhcp6_message m = { .type = BARO_DHCP6_INFORMATION_REQUEST, .transaction = 0xffffff }, reply;

    config.addresses = 0;
    start(w, &config);
    baro_dhcp6_ask(&m, BARO_DHCP6_OPTION_DNS);
    baro_dhcp6_ask(&m, BARO_DHCP6_OPTION_REFRESH);
    assert_true(ask(w, &m, &reply)); /* also of one that does not say who it is */
    assert_true(reply.type == BARO_DHCP6_REPLY && reply.ias == 0 && reply.parameters.dns_servers == 1);
    assert_true(reply.has_refresh && reply.refresh_s == 1234 && reply.parameters.searches == 0);
    m = from(1, BARO_DHCP6_SOLICIT);
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.ia[0].status, BARO_DHCP6_NO_ADDRESSES);
}

/* RFC 8415 §16, and messages that are no client's. */
static void what_must_not_be_answered(void **state)
{
    static const enum baro_dhcp6_type without_server[] = { BARO_DHCP6_SOLICIT, BARO_DHCP6_CONFIRM, BARO_DHCP6_REBIND };
    static const enum baro_dhcp6_type with_server[] = { BARO_DHCP6_REQUEST, BARO_DHCP6_RENEW, BARO_DHCP6_RELEASE,
                                                        BARO_DHCP6_DECLINE };
    static const uint8_t relayed[38] = { 12, 0, [37] = 0 }, cut[] = { 1, 0, 0, 1, 0, 1, 0, 10, 0, 3 };
    static const uint8_t pd[] = { 11, 0, 0, 1, 0, 25, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    struct world *w = *state;
    struct baro_stack *stack = baro_host_stack(w->hosts.host[0]);
    struct baro_dhcp6_message m, reply;
    uint8_t octets[64];

    for (unsigned i = 0; i < 7; i++) {
        m = from(1, i < 3 ? without_server[i] : with_server[i - 3]);
        name_address(&m, of(2));
        m.client_id.length = 0; /* nobody */
        assert_false(ask(w, &m, &reply));
        m = from(1, m.type);
        name_address(&m, of(2));
        m.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ (uint8_t)(i < 3 ? 5 : 6) }); /* us; another */
        assert_false(ask(w, &m, &reply));
        m.server_id.length = 0;
        if (i >= 3)
            assert_false(ask(w, &m, &reply));
    }
    for (int type = BARO_DHCP6_ADVERTISE; type <= BARO_DHCP6_RECONFIGURE;
         type += type == BARO_DHCP6_ADVERTISE ? 5 : 3) {
        m = from(1, (enum baro_dhcp6_type)type); /* ADVERTISE, REPLY, RECONFIGURE */
        assert_false(ask(w, &m, &reply));
        m.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ 5 });
        assert_false(ask(w, &m, &reply));
    }
    m = from(1, BARO_DHCP6_INFORMATION_REQUEST); /* with an IA */
    assert_false(ask(w, &m, &reply));
    m.ias = 0;
    m.server_id = baro_dhcp6_duid_of_uuid((const uint8_t[16]){ 6 });
    assert_false(ask(w, &m, &reply));
    m = from(1, BARO_DHCP6_SOLICIT); /* wants no address */
    m.ias = 0;
    assert_false(ask(w, &m, &reply));
    send_octets(w, relayed, sizeof relayed);
    send_octets(w, cut, sizeof cut);
    send_octets(w, pd, sizeof pd);
    assert_int_equal(baro_recv(stack, w->socket, octets, sizeof octets, 0), -EAGAIN);
    assert_int_equal(leases(w), 0);
}

/* Messages with flipped bits: the server lives, and gives no address twice and none beyond its pool. */
static void flipped_bits(void **state)
{
    struct world *w = *state;
    struct baro_stack *stack = baro_host_stack(w->hosts.host[0]);
    uint32_t noise = 1;

    for (int round = 0; round < 3000; round++) {
        struct baro_dhcp6_message m = from((uint8_t)(round % 5), (enum baro_dhcp6_type)(1 + round % 11));
        struct baro_dhcp6_server_lease told;
        uint8_t octets[BARO_DHCP6_MESSAGE_OCTETS];
        unsigned index = 0, last = 0;
        ptrdiff_t length;

        name_address(&m, of((uint16_t)(round % 7)));
        length = baro_dhcp6_build(&m, (struct baro_buffer){ octets, sizeof octets });
        for (int i = 0; i < round % 4; i++) {
            noise = noise * 1664525 + 1013904223;
            octets[(noise >> 8) % (uint32_t)length] ^= (uint8_t)(1 << (noise >> 5 & 7));
        }
        (void)baro_sendto(stack, w->socket, octets, (size_t)length, 0, &w->to);
        if (round % 20 == 0)
            dhcp_hosts_wait_s(&w->hosts, 1);
        while (baro_recv(stack, w->socket, octets, sizeof octets, 0) >= 0)
            ;
        while (baro_dhcp6_server_next_lease(w->server, baro_network_now(w->hosts.network), &index, &told)) {
            assert_true(told.address.octet[15] > last && told.address.octet[15] <= 3 && told.address.octet[15] != 1);
            last = told.address.octet[15];
        }
    }
}

static void our_address_instead_of_the_group(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_message m = from(1, BARO_DHCP6_REQUEST), reply;

    assert_int_equal(baro_stack_add_address(baro_host_stack(w->hosts.host[0]), 1, of(50), 64, false), 0);
    w->to.address = of(1);
    assert_true(ask(w, &m, &reply));
    assert_true(reply.has_status && reply.status == BARO_DHCP6_USE_MULTICAST && reply.ias == 0);
    assert_int_equal(reply.parameters.dns_servers, 0);
    m = from(1, BARO_DHCP6_SOLICIT);
    assert_false(ask(w, &m, &reply));
    assert_int_equal(leases(w), 0);
}

static void pools_that_are_none(void **state)
{
    struct world *w = *state;
    struct baro_dhcp6_server_config right = config_of(w), config;
    int error;

    for (int i = 0; i < 8; i++) {
        config = right;
        if (i == 0)
            config.first = of(0); /* the routers' anycast address */
        else if (i == 1)
            config.first = baro_ipv6(0xfd00, 7, 0, 0, 0xffff, 0xffff, 0xffff, 0xfffe); /* goes over the end */
        else if (i == 2)
            config.first = baro_ipv6(0xfd00, 8, 0, 0, 0, 0, 0, 1);
        else if (i == 3)
            config.addresses = 4097;
        else if (i == 4)
            config.duid.length = 2;
        else if (i == 5)
            config.prefix = baro_ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0);
        else if (i == 6)
            config.prefix_length = 127;
        else
            config.prefix_length = 126, config.addresses = 4; /* ...1 to ...4 */
        assert_null(baro_dhcp6_server_create(&config, &error));
        assert_int_equal(error, -EINVAL);
    }
    assert_null(baro_dhcp6_server_create(&right, &error)); /* the port is taken, and all memory is given back */
    assert_int_equal(error, -EADDRINUSE);
    config.addresses = 3;
    start(w, &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guest_gets_all_it_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(two_messages_where_the_server_likes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_used_up_pool_says_so_until_a_lease_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_of_this_link_or_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_server_knows_old_leases_by_their_clients, setup, teardown),
        cmocka_unit_test_setup_teardown(a_declined_address_rests, setup, teardown),
        cmocka_unit_test_setup_teardown(information_without_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(what_must_not_be_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(flipped_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(our_address_instead_of_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_that_are_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
