/* tools/configure.c: see configure.h. */
#include "configure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "names.h"
#include "tools.h"

enum { GOODBYE_TURNS = 50, RELEASE_TURNS = 2000 /* of a millisecond */ };

enum configure_way configure_parse(const char *word)
{
    if (strcmp(word, "auto") == 0)
        return CONFIGURE_AUTO;
    if (strcmp(word, "dhcp") == 0)
        return CONFIGURE_DHCP;
    return strcmp(word, "dhcp6") == 0 ? CONFIGURE_DHCP6 : CONFIGURE_BY_HAND;
}

static const char *text_of(struct baro_address address, char text[INET6_ADDRSTRLEN])
{
    return inet_ntop(address.family == BARO_FAMILY_IPV4 ? AF_INET : AF_INET6, address.octet, text, INET6_ADDRSTRLEN);
}

/* ---- what is said ---- */

static void learnt(void *context, const struct baro_dhcp_client_lease *lease)
{
    const struct configure *configure = context;
    char text[INET6_ADDRSTRLEN];

    if (lease == NULL)
        fprintf(stderr, "baro %s: the lease is over\n", configure->tool);
    else
        fprintf(stderr, "baro %s: address %s/%u by DHCP\n", configure->tool, text_of(lease->address, text),
                lease->prefix_length);
    for (unsigned i = 0; lease != NULL && i < lease->parameters.dns_servers; i++)
        fprintf(stderr, "baro %s: name server %s by DHCP\n", configure->tool, text_of(lease->parameters.dns[i], text));
}

static void learnt6(void *context, const struct baro_dhcp6_client_lease *lease)
{
    const struct configure *configure = context;
    const struct baro_dhcp6_parameters *parameters;
    char text[INET6_ADDRSTRLEN];

    if (lease == NULL) {
        fprintf(stderr, "baro %s: the lease is over\n", configure->tool);
        return;
    }
    if (lease->address.family != BARO_FAMILY_NONE)
        fprintf(stderr, "baro %s: address %s by DHCPv6\n", configure->tool, text_of(lease->address, text));
    parameters = &lease->parameters;
    for (unsigned i = 0; i < parameters->dns_servers; i++)
        fprintf(stderr, "baro %s: name server %s by DHCPv6\n", configure->tool, text_of(parameters->dns[i], text));
    for (unsigned i = 0; i < parameters->searches; i++)
        fprintf(stderr, "baro %s: search domain %s by DHCPv6\n", configure->tool, parameters->search[i]);
}

static bool is_leased(const struct configure *configure, struct baro_address address)
{
    const struct baro_dhcp6_client_lease *lease =
        configure->dhcp6 == NULL ? NULL : baro_dhcp6_client_lease(configure->dhcp6);

    return lease != NULL && memcmp(lease->address.octet, address.octet, sizeof address.octet) == 0;
}

/* Says each address that has come up since the last time; leases say themselves. */
static void tell_addresses(struct configure *configure)
{
    struct baro_address_status status[CONFIGURE_TOLD];
    int count = baro_stack_addresses(baro_host_stack(configure->host), baro_host_interface(configure->host), status,
                                     CONFIGURE_TOLD);
    char text[INET6_ADDRSTRLEN];

    for (int i = 0; i < count; i++) {
        bool told = status[i].tentative || configure->tolds == CONFIGURE_TOLD;

        for (unsigned j = 0; j < configure->tolds && !told; j++)
            told = memcmp(configure->told[j].octet, status[i].address.octet, sizeof status[i].address.octet) == 0;
        if (told)
            continue;
        configure->told[configure->tolds++] = status[i].address;
        if (!is_leased(configure, status[i].address))
            fprintf(stderr, "baro %s: %s %s\n", configure->tool,
                    status[i].temporary ? "temporary address" : "address", text_of(status[i].address, text));
    }
}

/* Says each name server that a router has told since the last time; leases say theirs. */
static void tell_servers(struct configure *configure)
{
    struct baro_router_status status;
    char text[INET6_ADDRSTRLEN];

    if (baro_stack_router_status(baro_host_stack(configure->host), baro_host_interface(configure->host), &status) != 0)
        return;
    for (unsigned i = 0; i < status.dns_servers; i++) {
        bool told = configure->told_servers == CONFIGURE_SERVERS;

        for (unsigned j = 0; j < configure->told_servers && !told; j++)
            told = memcmp(configure->told_server[j].octet, status.dns_server[i].octet,
                          sizeof status.dns_server[i].octet) == 0;
        if (told)
            continue;
        configure->told_server[configure->told_servers++] = status.dns_server[i];
        fprintf(stderr, "baro %s: name server %s by a router\n", configure->tool, text_of(status.dns_server[i], text));
    }
}

/* ---- what is known ---- */

static unsigned add_servers(struct baro_address *server, unsigned count, unsigned room, const struct baro_address *more,
                            unsigned mores)
{
    for (unsigned i = 0; i < mores && count < room; i++) {
        bool known = false;

        for (unsigned j = 0; j < count && !known; j++)
            known =
                server[j].family == more[i].family && memcmp(server[j].octet, more[i].octet, sizeof more[i].octet) == 0;
        if (!known)
            server[count++] = more[i];
    }
    return count;
}

unsigned configure_servers(const struct configure *configure, struct baro_address *server, unsigned room)
{
    const struct baro_dhcp_client_lease *lease =
        configure->dhcp == NULL ? NULL : baro_dhcp_client_lease(configure->dhcp);
    const struct baro_dhcp6_client_lease *lease6 =
        configure->dhcp6 == NULL ? NULL : baro_dhcp6_client_lease(configure->dhcp6);
    struct baro_router_status status;
    unsigned count = 0;

    if (configure->way != CONFIGURE_DHCP &&
        baro_stack_router_status(baro_host_stack(configure->host), baro_host_interface(configure->host), &status) == 0)
        count = add_servers(server, count, room, status.dns_server, status.dns_servers);
    if (lease6 != NULL)
        count = add_servers(server, count, room, lease6->parameters.dns, lease6->parameters.dns_servers);
    if (lease != NULL)
        count = add_servers(server, count, room, lease->parameters.dns, lease->parameters.dns_servers);
    return count;
}

unsigned configure_searches(const struct configure *configure, const char **search, unsigned room)
{
    const struct baro_dhcp_client_lease *lease =
        configure->dhcp == NULL ? NULL : baro_dhcp_client_lease(configure->dhcp);
    const struct baro_dhcp6_client_lease *lease6 =
        configure->dhcp6 == NULL ? NULL : baro_dhcp6_client_lease(configure->dhcp6);
    unsigned count = 0;

    for (unsigned i = 0; lease6 != NULL && i < lease6->parameters.searches && count < room; i++)
        search[count++] = lease6->parameters.search[i];
    for (unsigned i = 0; lease != NULL && i < lease->parameters.searches && count < room; i++)
        search[count++] = lease->parameters.search[i];
    if (count == 0 && lease != NULL && room != 0 && lease->parameters.domain[0] != 0)
        search[count++] = lease->parameters.domain;
    return count;
}

bool configure_is_up(const struct configure *configure)
{
    struct baro_address_status status[CONFIGURE_TOLD];
    int count = baro_stack_addresses(baro_host_stack(configure->host), baro_host_interface(configure->host), status,
                                     CONFIGURE_TOLD);

    for (int i = 0; i < count; i++) {
        bool is_link_local = status[i].address.family == BARO_FAMILY_IPV6 && status[i].address.octet[0] == 0xfe &&
                             (status[i].address.octet[1] & 0xc0) == 0x80;

        if (!status[i].tentative && !is_link_local && (!configure->temporary || status[i].temporary))
            return true;
    }
    return false;
}

bool configure_reaches(const struct configure *configure, const struct baro_endpoint *server, unsigned count)
{
    struct baro_stack *stack = baro_host_stack(configure->host);
    bool found = false;

    for (unsigned i = 0; i < count && !found; i++) {
        const struct baro_endpoint there = { .address = server[i].address, .port = { 53 } };
        int fd = baro_socket(stack, (enum baro_family)there.address.family, BARO_DATAGRAM);

        found = fd >= 0 && baro_connect(stack, fd, &there) != -ENETUNREACH;
        if (fd >= 0)
            baro_close(stack, fd);
    }
    return found;
}

/* ---- life ---- */

static int say_failure(const struct configure *configure, const char *what, int error)
{
    if (error != 0)
        fprintf(stderr, "baro %s: no %s: %s\n", configure->tool, what, strerror(-error));
    return error == 0 ? TOOL_OK : TOOL_FAILED;
}

static int draw_seed(uint8_t seed[32])
{
    return getrandom(seed, 32, 0) == 32 ? 0 : -EIO;
}

static int start_dhcp(struct configure *configure)
{
    struct baro_dhcp_client_config config = { .memory = names_memory(),
                                              .stack = baro_host_stack(configure->host),
                                              .interface = baro_host_interface(configure->host),
                                              .mac = baro_host_mac(configure->host),
                                              .now = baro_network_now(baro_host_network(configure->host)),
                                              .host_name = "baro",
                                              .told = learnt,
                                              .context = configure };
    int error = draw_seed(config.seed);

    if (error == 0)
        configure->dhcp = baro_dhcp_client_create(&config, &error);
    return say_failure(configure, "DHCP client", error);
}

static int start_dhcp6(struct configure *configure, bool informs_only)
{
    struct baro_dhcp6_client_config config = { .memory = names_memory(),
                                               .stack = baro_host_stack(configure->host),
                                               .interface = baro_host_interface(configure->host),
                                               .duid = baro_dhcp6_duid_of_mac(baro_host_mac(configure->host)),
                                               .iaid = 1,
                                               .now = baro_network_now(baro_host_network(configure->host)),
                                               .information_only = informs_only,
                                               .told = learnt6,
                                               .context = configure };
    int error = draw_seed(config.seed);

    if (error == 0)
        configure->dhcp6 = baro_dhcp6_client_create(&config, &error);
    configure->informs_only = informs_only;
    return say_failure(configure, "DHCPv6 client", error);
}

int configure_open(struct configure *configure, const char *tool, struct baro_host *host)
{
    const struct baro_ipv6_config ipv6 = { .accept_advertisements = true, .temporary_addresses = configure->temporary };
    int error = 0;

    configure->tool = tool;
    configure->host = host;
    if (configure->way == CONFIGURE_DHCP)
        return start_dhcp(configure);
    if (configure->way != CONFIGURE_BY_HAND)
        error = baro_stack_enable_ipv6(baro_host_stack(host), baro_host_interface(host), &ipv6);
    if (error != 0)
        return say_failure(configure, "IPv6", error);
    return configure->way == CONFIGURE_DHCP6 ? start_dhcp6(configure, false) : TOOL_OK;
}

/* RFC 4861 §4.2: addresses by DHCPv6 where routers say so (M), else what else there is (O). What was begun goes on. */
static void do_as_routers_say(struct configure *configure)
{
    struct baro_router_status status;
    int result = TOOL_OK;

    if (baro_stack_router_status(baro_host_stack(configure->host), baro_host_interface(configure->host), &status) != 0)
        return;
    if (status.managed && (configure->dhcp6 == NULL || configure->informs_only)) {
        baro_dhcp6_client_free(configure->dhcp6);
        configure->dhcp6 = NULL;
        result = start_dhcp6(configure, false);
    } else if (status.other && configure->dhcp6 == NULL) {
        result = start_dhcp6(configure, true);
    }
    if (result != TOOL_OK)
        configure->way = CONFIGURE_DHCP6; /* not tried again at each turn */
}

void configure_poll(struct configure *configure)
{
    struct baro_instant now;

    if (configure->host == NULL || configure->way == CONFIGURE_BY_HAND)
        return;
    now = baro_network_now(baro_host_network(configure->host));
    if (configure->way == CONFIGURE_AUTO)
        do_as_routers_say(configure);
    if (configure->dhcp != NULL)
        (void)baro_dhcp_client_poll(configure->dhcp, now);
    if (configure->dhcp6 != NULL)
        (void)baro_dhcp6_client_poll(configure->dhcp6, now);
    if (configure->way == CONFIGURE_DHCP)
        return;
    tell_addresses(configure);
    tell_servers(configure);
}

bool configure_deadline(const struct configure *configure, struct baro_instant *deadline)
{
    if (configure->dhcp != NULL)
        return baro_dhcp_client_next_deadline(configure->dhcp, deadline);
    return configure->dhcp6 != NULL && baro_dhcp6_client_next_deadline(configure->dhcp6, deadline);
}

void configure_close(struct configure *configure, struct cable *cable)
{
    struct baro_dhcp_client *dhcp = configure->dhcp;
    int turns = dhcp == NULL ? 0 : GOODBYE_TURNS;

    configure->dhcp = NULL;
    baro_dhcp_client_free(dhcp);
    for (int i = 0; i < turns; i++)
        baro_loop_turn(cable->loop, (struct baro_duration){ 1000000 });
    if (configure->dhcp6 == NULL)
        return;
    configure->way = CONFIGURE_DHCP6; /* nobody begins anew because of what a router says */
    baro_dhcp6_client_stop(configure->dhcp6, baro_network_now(cable->network));
    baro_stack_flush(baro_host_stack(configure->host));
    for (int i = 0; i < RELEASE_TURNS && baro_dhcp6_client_state(configure->dhcp6) != BARO_DHCP6_CLIENT_STOPPED; i++)
        baro_loop_turn(cable->loop, (struct baro_duration){ 1000000 });
    baro_dhcp6_client_free(configure->dhcp6);
    configure->dhcp6 = NULL;
}
