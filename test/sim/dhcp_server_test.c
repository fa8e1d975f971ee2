/* A DHCP server on one host of a wire, clients made by hand on the other: the dialogue, what it refuses, a pool that is
 * used up, leases that end and come back. Virtual time. */
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
#include "support/frame_device.h"

struct world {
    struct test_memory memory;
    struct baro_network *network;
    struct baro_host *server_host, *client_host;
    struct baro_dhcp_server *server;
    int socket;
};

static void serve(void *context, struct baro_host *host)
{
    struct world *w = context;

    (void)host;
    if (w->server != NULL)
        (void)baro_dhcp_server_poll(w->server, baro_network_now(w->network));
}

static struct baro_dhcp_server_config config_of(struct world *w)
{
    struct baro_dhcp_server_config config = { .memory = test_memory(&w->memory),
                                              .stack = baro_host_stack(w->server_host),
                                              .interface = baro_host_interface(w->server_host),
                                              .address = baro_ipv4(10, 7, 0, 1),
                                              .prefix_length = 24,
                                              .first = baro_ipv4(10, 7, 0, 1), /* its own is left out */
                                              .last = baro_ipv4(10, 7, 0, 3),
                                              .lease_s = 1000 };

    config.parameters.routers = config.parameters.dns_servers = 1;
    config.parameters.router[0] = config.parameters.dns[0] = baro_ipv4(10, 7, 0, 1);
    config.parameters.mtu = 1400;
    strcpy(config.parameters.domain, "lan");
    return config;
}

static int setup(void **state)
{
    static struct world w;
    const struct baro_network_config network = { .seed = 3, .now = { 1000000000 } };
    const struct baro_endpoint any = { .address = baro_ipv4(0, 0, 0, 0), .port = { BARO_DHCP_CLIENT_PORT } };
    struct baro_wire_config wire_config;
    struct baro_dhcp_server_config config;
    struct baro_wire *wire;
    char error[100];
    const int one = 1;
    int result;

    memset(&w, 0, sizeof w);
    w.network = baro_network_create(&network);
    assert_int_equal(baro_wire_parse("fast", &wire_config, error, sizeof error), 0);
    wire = baro_wire_create(w.network, &wire_config);
    w.server_host = baro_host_create(w.network, &(struct baro_host_config){ .wire = wire,
                                     .address = baro_ipv4(10, 7, 0, 1), .prefix_length = 24, .program = serve,
                                     .program_context = &w }, &result);
    assert_int_equal(result, 0);
    w.client_host = baro_host_create(w.network, &(struct baro_host_config){ .wire = wire }, &result);
    assert_int_equal(result, 0);
    config = config_of(&w);
    w.server = baro_dhcp_server_create(&config, &result);
    assert_int_equal(result, 0);
    w.socket = baro_socket(baro_host_stack(w.client_host), BARO_FAMILY_IPV4, BARO_DATAGRAM);
    assert_int_equal(baro_setsockopt(baro_host_stack(w.client_host), w.socket, BARO_SO_BROADCAST, &one, sizeof one), 0);
    assert_int_equal(baro_bind(baro_host_stack(w.client_host), w.socket, &any), 0);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    baro_dhcp_server_free(w->server);
    assert_int_equal(w->memory.slabs, 0);
    baro_network_free(w->network);
    return 0;
}

static void wait_s(struct world *w, int64_t seconds)
{
    baro_network_run_until(w->network, (struct baro_instant){ baro_network_now(w->network).ns + seconds * 1000000000 },
                           NULL, NULL);
}

static struct baro_dhcp_message from(uint8_t client, enum baro_dhcp_type type)
{
    struct baro_dhcp_message m = { .type = type, .xid = client, .mac = { { 2, 9, 9, 9, 9, client } } };

    m.client = m.your = m.next_server = m.relay = baro_ipv4(0, 0, 0, 0);
    return m;
}

/* Sends it, and the answer is in *reply; false: there is none. */
static bool ask(struct world *w, const struct baro_dhcp_message *m, struct baro_dhcp_message *reply)
{
    const struct baro_endpoint all = { baro_ipv4(255, 255, 255, 255), { BARO_DHCP_SERVER_PORT } };
    struct baro_stack *stack = baro_host_stack(w->client_host);
    uint8_t octets[BARO_DHCP_MESSAGE_OCTETS];
    ptrdiff_t length = baro_dhcp_build(m, (struct baro_buffer){ octets, sizeof octets });

    assert_true(length > 0);
    assert_int_equal(baro_sendto(stack, w->socket, octets, (size_t)length, 0, &all), length);
    wait_s(w, 1);
    length = baro_recv(stack, w->socket, octets, sizeof octets, 0);
    if (length < 0)
        return false;
    assert_int_equal(baro_dhcp_parse(reply, (struct baro_bytes){ octets, (size_t)length }), 0);
    assert_int_equal(reply->xid, m->xid);
    assert_memory_equal(&reply->mac, &m->mac, sizeof m->mac);
    assert_int_equal(baro_recv(stack, w->socket, octets, sizeof octets, 0), -EAGAIN);
    return true;
}

/* DISCOVER to ACK; the address. */
static struct baro_address lease(struct world *w, uint8_t client)
{
    struct baro_dhcp_message m = from(client, BARO_DHCP_DISCOVER), reply;

    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_OFFER);
    m.type = BARO_DHCP_REQUEST;
    m.server_id = reply.server_id;
    m.requested = reply.your;
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_ACK);
    assert_true(address_equal(reply.your, m.requested));
    return reply.your;
}

static void a_guest_gets_all_it_needs(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_message m = from(5, BARO_DHCP_DISCOVER), reply;
    struct baro_dhcp_server_lease told;
    unsigned index = 0;

    m.id_length = 3;
    memcpy(m.id, "\0ab", 3);
    strcpy(m.parameters.host_name, "guest");
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_OFFER);
    assert_true(address_equal(reply.your, baro_ipv4(10, 7, 0, 2)));
    assert_true(address_equal(reply.server_id, baro_ipv4(10, 7, 0, 1)));
    assert_int_equal(reply.id_length, 3); /* RFC 6842 */
    assert_false(baro_dhcp_server_next_lease(w->server, baro_network_now(w->network), &index, &told));
    m.type = BARO_DHCP_REQUEST;
    m.server_id = reply.server_id;
    m.requested = reply.your;
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_ACK);
    assert_true(reply.lease_time_s == 1000 && reply.renewal_time_s == 500 && reply.rebinding_time_s == 875);
    assert_true(address_equal(reply.parameters.subnet_mask, baro_ipv4(255, 255, 255, 0)));
    assert_true(address_equal(reply.parameters.broadcast, baro_ipv4(10, 7, 0, 255)));
    assert_true(address_equal(reply.parameters.router[0], baro_ipv4(10, 7, 0, 1)));
    assert_int_equal(reply.parameters.mtu, 1400);
    assert_string_equal(reply.parameters.domain, "lan");
    index = 0;
    assert_true(baro_dhcp_server_next_lease(w->server, baro_network_now(w->network), &index, &told));
    assert_string_equal(told.host_name, "guest");
    assert_false(baro_dhcp_server_next_lease(w->server, baro_network_now(w->network), &index, &told));
    baro_dhcp_ask(&m, BARO_DHCP_OPTION_DNS); /* asking for some: only those, and the mask */
    assert_true(ask(w, &m, &reply));
    assert_true(reply.parameters.dns_servers == 1 && reply.parameters.routers == 0 && reply.parameters.mtu == 0);
    assert_int_equal(reply.parameters.subnet_mask.family, BARO_FAMILY_IPV4);
}

static void a_used_up_pool_is_silent_until_a_lease_ends(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_message m = from(3, BARO_DHCP_DISCOVER), reply;
    struct baro_address first = lease(w, 1), second = lease(w, 2);

    assert_false(address_equal(first, second));
    assert_false(ask(w, &m, &reply));
    wait_s(w, 500);
    assert_true(address_equal(lease(w, 2), second)); /* again, and longer */
    wait_s(w, 510);
    assert_true(address_equal(lease(w, 3), first)); /* that of 1 has ended */
    m = from(2, BARO_DHCP_RELEASE);
    m.client = second;
    m.server_id = baro_ipv4(10, 7, 0, 1);
    assert_false(ask(w, &m, &reply));
    assert_true(address_equal(lease(w, 4), second));
}

static void requests_that_are_refused_or_not_ours(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_message m = from(1, BARO_DHCP_REQUEST), reply;
    struct baro_address mine = lease(w, 1);

    m.requested = baro_ipv4(192, 168, 1, 5); /* it comes from another network */
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_NAK);
    assert_true(address_is_unspecified(reply.your));
    m.requested = mine; /* started again */
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_ACK);
    m.xid = 77;
    m.mac.octet[5] = 9; /* somebody else wants it */
    m.server_id = baro_ipv4(10, 7, 0, 1);
    assert_true(ask(w, &m, &reply));
    assert_int_equal(reply.type, BARO_DHCP_NAK);
    m.server_id = baro_ipv4(10, 7, 0, 99); /* another server's */
    assert_false(ask(w, &m, &reply));
    m.server_id.family = BARO_FAMILY_NONE; /* a stranger who starts again: nothing is known of it */
    m.requested = baro_ipv4(10, 7, 0, 3);
    assert_false(ask(w, &m, &reply));
    m.relay = baro_ipv4(10, 9, 0, 1);
    m.type = BARO_DHCP_DISCOVER;
    assert_false(ask(w, &m, &reply));
    m = from(1, BARO_DHCP_OFFER);
    m.reply = true;
    assert_false(ask(w, &m, &reply));
}

static void a_declined_address_rests(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_message m = from(1, BARO_DHCP_DECLINE), reply;
    struct baro_address first = lease(w, 1);

    m.requested = first;
    m.server_id = baro_ipv4(10, 7, 0, 1);
    assert_false(ask(w, &m, &reply));
    assert_true(address_equal(lease(w, 1), baro_ipv4(10, 7, 0, 3)));
    m = from(2, BARO_DHCP_DISCOVER);
    m.requested = first;
    assert_false(ask(w, &m, &reply));
    wait_s(w, 600);
    assert_true(address_equal(lease(w, 2), first));
}

static void pools_that_are_none(void **state)
{
    struct world *w = *state;
    struct baro_dhcp_server_config config = config_of(w);
    int error;

    config.last = baro_ipv4(10, 7, 0, 255); /* the broadcast address */
    assert_null(baro_dhcp_server_create(&config, &error));
    assert_int_equal(error, -EINVAL);
    config.last = baro_ipv4(10, 7, 1, 3);
    assert_null(baro_dhcp_server_create(&config, &error));
    assert_int_equal(error, -EINVAL);
    config = config_of(w);
    assert_null(baro_dhcp_server_create(&config, &error)); /* the port is taken, and all memory is given back */
    assert_int_equal(error, -EADDRINUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guest_gets_all_it_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(a_used_up_pool_is_silent_until_a_lease_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_that_are_refused_or_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(a_declined_address_rests, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_that_are_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
