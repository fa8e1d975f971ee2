/* Prints the addresses of a name: two hosts of a network in this process, on the one a name server, on the other a
 * resolver that asks it. In virtual time: nothing is slept, whatever the wire's delay is.
 *
 *     example_resolve server.lan */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baro/dns.h"
#include "baro/dns_server.h"
#include "baro/network.h"

static void *take(void *context, size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64;
    void *slab = aligned_alloc(64, whole);

    (void)context;
    return slab == NULL ? NULL : memset(slab, 0, whole);
}

static void give_back(void *context, void *slab, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(slab);
}

static const struct baro_memory memory = { NULL, take, give_back };

/* The programs of the two hosts: they are polled after their stacks. */
static void serve(void *context, struct baro_host *host)
{
    struct baro_dns_server **server = context;

    if (*server != NULL)
        baro_dns_server_poll(*server, baro_network_now(baro_host_network(host)));
}

static void poll_resolver(void *context, struct baro_host *host)
{
    struct baro_dns **dns = context;

    if (*dns != NULL)
        baro_dns_poll(*dns, baro_network_now(baro_host_network(host)));
}

static bool resolver_deadline(void *context, struct baro_instant *deadline)
{
    struct baro_dns **dns = context;

    return *dns != NULL && baro_dns_next_deadline(*dns, deadline);
}

/* Asks for both families and prints what is found. */
static int resolve(struct baro_dns *dns, struct baro_host *host, const char *name)
{
    struct baro_network *network = baro_host_network(host);
    struct baro_instant until = baro_network_now(network);
    struct baro_dns_result result;
    char text[INET6_ADDRSTRLEN];
    int lookup = baro_dns_query(dns, name, BARO_DNS_WANT_BOTH, until);

    if (lookup < 0) {
        fprintf(stderr, "%s: %s\n", name, strerror(-lookup));
        return 1;
    }
    baro_stack_flush(baro_host_stack(host));
    while (!baro_dns_result(dns, lookup, &result)) {
        until.ns += 10000000;
        baro_network_run_until(network, until, NULL, NULL);
    }
    for (unsigned i = 0; i < result.addresses; i++)
        puts(inet_ntop(result.address[i].family == BARO_FAMILY_IPV4 ? AF_INET : AF_INET6, result.address[i].octet, text,
                       sizeof text));
    if (result.status != BARO_DNS_FOUND)
        fprintf(stderr, "%s: %s\n", name, baro_dns_status_text(result.status));
    baro_dns_end(dns, lookup);
    return result.status != BARO_DNS_FOUND;
}

int main(int count, char **argument)
{
    const struct baro_network_config config = { .seed = 1 };
    const struct baro_wire_config wire = { .delay = { 5000000 }, .loss_ppm = 100000, .seed = 3 };
    struct baro_network *network = baro_network_create(&config);
    struct baro_wire *cable = baro_wire_create(network, &wire);
    struct baro_dns_server *names = NULL;
    struct baro_dns *dns = NULL;
    const struct baro_host_config hosts[2] = { { .name = "server",
                                                 .wire = cable,
                                                 .address = baro_ipv4(10, 7, 0, 1),
                                                 .prefix_length = 24,
                                                 .program = serve,
                                                 .program_context = &names },
                                               { .name = "client",
                                                 .wire = cable,
                                                 .address = baro_ipv4(10, 7, 0, 2),
                                                 .prefix_length = 24,
                                                 .program = poll_resolver,
                                                 .program_deadline = resolver_deadline,
                                                 .program_context = &dns } };
    struct baro_host *server = baro_host_create(network, &hosts[0], NULL),
                     *client = baro_host_create(network, &hosts[1], NULL);
    const struct baro_dns_server_config serving = { .memory = memory,
                                                    .stack = baro_host_stack(server),
                                                    .local = { .address = baro_ipv4(10, 7, 0, 1) } };
    const struct baro_dns_config asking = { .memory = memory,
                                            .stack = baro_host_stack(client),
                                            .seed = { 1 } /* the machine's entropy, in earnest */,
                                            .server = { { .address = baro_ipv4(10, 7, 0, 1) } },
                                            .servers = 1,
                                            .search = { "lan" },
                                            .searches = 1 };
    int status = 1;

    names = baro_dns_server_create(&serving, NULL);
    dns = baro_dns_create(&asking, NULL);
    if (names != NULL && dns != NULL && baro_dns_server_add_host(names, "server", baro_ipv4(10, 7, 0, 1)) == 0 &&
        baro_dns_server_add_host(names, "server", baro_ipv6(0xfd00, 7, 0, 0, 0, 0, 0, 1)) == 0)
        status = resolve(dns, client, count > 1 ? argument[1] : "server.lan");
    baro_dns_free(dns);
    baro_dns_server_free(names);
    baro_network_free(network);
    return status;
}
