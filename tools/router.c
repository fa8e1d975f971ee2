/* tools/router.c: see router.h. The lifetimes are long enough for a guest that sleeps through some advertisements, and
 * short enough that it forgets a prefix of ours the day after. */
#include "router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools.h"

enum {
    PREFIXES = 4,
    LIFETIME_S = 1800,
    PREFIX_VALID_S = 86400,
    PREFIX_PREFERRED_S = 14400,
    MTU = 1500, /* where the wire says none */
    GOODBYE_TURNS = 50
};

static const int64_t GOODBYE_NS = INT64_C(4000000000); /* to wait for its first word */

struct baro_address router_prefix(const struct baro_host_address *address)
{
    struct baro_address prefix = address->address;

    for (unsigned bit = address->prefix_length; bit < 128; bit++)
        prefix.octet[bit / 8] &= (uint8_t)~(0x80U >> bit % 8);
    return prefix;
}

int router_open(const char *tool, struct baro_host *host, const struct router_config *config)
{
    const struct baro_ipv6_config ipv6 = { .accept_advertisements = false };
    struct baro_advertise_config says = { .lifetime_s = LIFETIME_S, .hop_limit = 64, .managed = config->dhcp6,
                                          .other = config->dhcp6,
                                          .mtu = config->mtu == 0 ? (uint32_t)MTU : config->mtu };
    struct baro_stack *stack = baro_host_stack(host);
    int interface = baro_host_interface(host), error;

    if (config->link_local.family == BARO_FAMILY_NONE)
        error = baro_stack_enable_ipv6(stack, interface, &ipv6);
    else
        error = baro_stack_add_address(stack, interface, config->link_local, 64, false);
    for (unsigned i = 0; i < config->prefixes && i < PREFIXES; i++)
        says.prefix[says.prefixes++] = (struct baro_advertised_prefix){ router_prefix(&config->prefix[i]),
                                                                        config->prefix[i].prefix_length,
                                                                        true,
                                                                        true,
                                                                        PREFIX_VALID_S,
                                                                        PREFIX_PREFERRED_S };
    says.dns_server[0] = config->name_server;
    says.dns_servers = config->name_server.family != BARO_FAMILY_NONE;
    if (error == 0 || error == -EEXIST)
        error = baro_stack_advertise(stack, interface, &says);
    if (error != 0)
        fprintf(stderr, "baro %s: no IPv6 router: %s\n", tool, strerror(-error));
    return error == 0 ? TOOL_OK : TOOL_FAILED;
}

void router_close(struct cable *cable, struct baro_host *host)
{
    struct baro_stack *stack = baro_host_stack(host);
    int interface = baro_host_interface(host);
    int all = baro_stack_advertise(stack, interface, NULL);
    struct baro_instant now = baro_loop_now(), until = { now.ns + GOODBYE_NS };

    for (; all > 0 && baro_stack_advertise(stack, interface, NULL) == all && now.ns < until.ns; now = baro_loop_now())
        baro_loop_turn(cable->loop, (struct baro_duration){ 20000000 });
    /* through adapter, wire and switch, whose events follow one another */
    for (int i = 0; all > 0 && i < GOODBYE_TURNS; i++)
        baro_loop_turn(cable->loop, (struct baro_duration){ 1000000 });
}
