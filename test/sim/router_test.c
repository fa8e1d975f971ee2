/* Three wires in a row, joined by two routers, the one in the middle narrower (1500, 1280, 1500), with loss: a stream
 * and datagrams there and back, every octet compared. Twenty seeds; one in four is without faults, so that its outer
 * wires carry super-segments and undone checksums, which the routers cut and fill in for the middle one, or carry on.
 * Both families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "baro/network.h"
#include "baro/socket.h"

enum { OCTETS = 150000, DATAGRAMS = 20, DATAGRAM = 1400, PORT = 7000 };

struct server {
    int listener, stream, datagrams;
    uint8_t waiting[8192];
    size_t held;
};

struct client {
    unsigned seed;
    int stream, datagrams;
    uint32_t sent, received;
    unsigned asked, answered;
    struct baro_instant again;
};

static enum baro_family family; /* of the whole network */

/* 10.net.0.host, or fd00:net::host. */
static struct baro_address at(unsigned net, unsigned host)
{
    return family == BARO_FAMILY_IPV4 ? baro_ipv4(10, (uint8_t)net, 0, (uint8_t)host)
                                      : baro_ipv6(0xfd00, (uint16_t)net, 0, 0, 0, 0, 0, (uint16_t)host);
}

static unsigned prefix(void)
{
    return family == BARO_FAMILY_IPV4 ? 24 : 64;
}

static uint8_t octet_at(unsigned seed, uint32_t index)
{
    return (uint8_t)((index * 2654435761u + seed) >> 13);
}

static void serve(void *context, struct baro_host *host)
{
    struct server *server = context;
    struct baro_stack *stack = baro_host_stack(host);
    struct baro_endpoint local = { { .family = (uint8_t)family }, { PORT } }, peer;
    uint8_t data[2000];
    ptrdiff_t length;

    if (server->listener < 0) {
        server->listener = baro_socket(stack, family, BARO_STREAM);
        server->datagrams = baro_socket(stack, family, BARO_DATAGRAM);
        assert_int_equal(baro_bind(stack, server->listener, &local), 0);
        assert_int_equal(baro_listen(stack, server->listener, 5), 0);
        assert_int_equal(baro_bind(stack, server->datagrams, &local), 0);
    }
    while ((length = baro_recvfrom(stack, server->datagrams, data, sizeof data, 0, &peer)) >= 0)
        baro_sendto(stack, server->datagrams, data, (size_t)length, 0, &peer);
    if (server->stream < 0)
        server->stream = baro_accept(stack, server->listener, NULL);
    while (server->stream >= 0) {
        if (server->held == 0) {
            length = baro_recv(stack, server->stream, server->waiting, sizeof server->waiting, 0);
            if (length <= 0)
                break;
            server->held = (size_t)length;
        }
        length = baro_send(stack, server->stream, server->waiting, server->held, 0);
        if (length <= 0)
            break;
        server->held -= (size_t)length;
        memmove(server->waiting, server->waiting + length, server->held);
    }
}

/* One datagram after another; one without answer is sent again after a while: UDP repairs nothing. */
static void ask(struct client *client, struct baro_stack *stack, struct baro_instant now)
{
    struct baro_endpoint to = { at(3, 2), { PORT } };
    uint8_t data[DATAGRAM + 1];

    while (baro_recv(stack, client->datagrams, data, sizeof data, 0) == DATAGRAM) {
        if (data[0] != client->answered)
            continue; /* the answer to one that was sent twice */
        for (uint32_t i = 1; i < DATAGRAM; i++)
            assert_int_equal(data[i], octet_at(client->seed, i + data[0]));
        client->answered++;
        client->again = now;
    }
    if (client->answered == DATAGRAMS || now.ns < client->again.ns)
        return;
    data[0] = (uint8_t)client->answered;
    for (uint32_t i = 1; i < DATAGRAM; i++)
        data[i] = octet_at(client->seed, i + data[0]);
    baro_sendto(stack, client->datagrams, data, DATAGRAM, 0, &to);
    client->again.ns = now.ns + 300000000;
    client->asked++;
}

static void use(void *context, struct baro_host *host)
{
    struct client *client = context;
    struct baro_stack *stack = baro_host_stack(host);
    struct baro_endpoint peer = { at(3, 2), { PORT } };
    uint8_t data[5000];
    ptrdiff_t length;

    if (client->stream < 0) {
        client->stream = baro_socket(stack, family, BARO_STREAM);
        client->datagrams = baro_socket(stack, family, BARO_DATAGRAM);
        assert_int_equal(baro_connect(stack, client->stream, &peer), -EINPROGRESS);
    }
    ask(client, stack, baro_network_now(baro_host_network(host)));
    while (client->sent < OCTETS) {
        uint32_t count = OCTETS - client->sent < sizeof data ? OCTETS - client->sent : sizeof data;

        for (uint32_t i = 0; i < count; i++)
            data[i] = octet_at(client->seed, client->sent + i);
        length = baro_send(stack, client->stream, data, count, 0);
        if (length <= 0)
            break;
        client->sent += (uint32_t)length;
    }
    while ((length = baro_recv(stack, client->stream, data, sizeof data, 0)) > 0) {
        for (ptrdiff_t i = 0; i < length; i++) {
            if (data[i] != octet_at(client->seed, client->received + (uint32_t)i))
                fail_msg("seed %u: octet %u is wrong", client->seed, client->received + (uint32_t)i);
        }
        client->received += (uint32_t)length;
    }
    assert_true(length == -EAGAIN || client->received == 0);
    baro_stack_check_invariants(stack);
}

static bool done(void *context)
{
    const struct client *client = context;

    return client->received == OCTETS && client->answered == DATAGRAMS;
}

static struct baro_host *add_host(struct baro_network *network, struct baro_wire *wire, unsigned net, unsigned last,
                                  unsigned gateway, void (*program)(void *, struct baro_host *), void *context)
{
    struct baro_host_config config = { .wire = wire, .address = at(net, last),
                                       .prefix_length = prefix(), .program = program, .program_context = context };
    struct baro_host *host;

    if (gateway != 0)
        config.gateway = at(net, gateway);
    host = baro_host_create(network, &config, NULL);
    assert_non_null(host);
    return host;
}

static uint64_t forwarded(struct baro_host *host)
{
    struct baro_statistics statistics;

    baro_stack_check_invariants(baro_host_stack(host));
    baro_stack_statistics(baro_host_stack(host), &statistics);
    return statistics.ip_forwarded;
}

static void one_seed(unsigned seed)
{
    struct baro_network *network = baro_network_create(&(struct baro_network_config){ .seed = seed });
    struct server server = { -1, -1, -1, { 0 }, 0 };
    struct client client = { .seed = seed, .stream = -1 };
    struct baro_host *router[2];
    struct baro_wire *wire[3];
    bool faults = seed % 4 != 0;

    for (unsigned i = 0; i < 3; i++) {
        struct baro_wire_config config = { .mtu = i == 1 ? 1280 : 1500, .no_large = i == 1 && seed % 8 == 0 };

        if (faults)
            config = (struct baro_wire_config){ .mtu = config.mtu, .delay = { 2000000 }, .loss_ppm = 10000,
                                                .reorder_ppm = 10000, .duplicate_ppm = 10000 };
        wire[i] = baro_wire_create(network, &config);
    }
    add_host(network, wire[0], 1, 2, 1, use, &client);
    router[0] = add_host(network, wire[0], 1, 1, 0, NULL, NULL);
    router[1] = add_host(network, wire[2], 3, 1, 0, NULL, NULL);
    add_host(network, wire[2], 3, 2, 1, serve, &server);
    for (unsigned i = 0; i < 2; i++) {
        struct baro_host_address address = { at(2, i + 1), prefix() };

        assert_int_equal(baro_host_add_wire(router[i], wire[1], &address, 1), 2);
        assert_int_equal(baro_host_add_route(router[i], at(i == 0 ? 3 : 1, 0), prefix(),
                                             at(2, 2 - i)), 0);
        baro_stack_set_forwarding(baro_host_stack(router[i]), true);
    }
    for (int64_t limit = 100000000; !done(&client); limit += 100000000) {
        baro_network_run_until(network, (struct baro_instant){ limit }, done, &client);
        if (limit >= INT64_C(600000000000))
            fail_msg("seed %u: not done after ten minutes: %u octets, %u answers to %u", seed, client.received,
                     client.answered, client.asked);
    }
    assert_true(forwarded(router[0]) > 40 && forwarded(router[1]) > 40);
    baro_network_free(network);
}

static void twenty_seeds(void **state)
{
    family = *(enum baro_family *)*state;
    for (unsigned seed = 1; seed <= 20; seed++)
        one_seed(seed);
}

int main(void)
{
    static enum baro_family ipv4 = BARO_FAMILY_IPV4, ipv6 = BARO_FAMILY_IPV6;
    const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(twenty_seeds, &ipv4),
                                        cmocka_unit_test_prestate(twenty_seeds, &ipv6) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
