/* tools/gateway.c: `baro gateway`: the way out for a guest behind a TAP: a kernel in a namespace, a container, a
 * virtual machine. The guest gets its addresses by DHCP, DHCPv6 and from router advertisements, and its flows end in
 * ordinary sockets of this machine.
 *
 * A guest lives longer than its gateway: MAC address, link-local address and DHCPv6 identifier are the same each time,
 * so that what it remembers of the one before is right. */
#include "tools.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "address.h"
#include "baro/dhcp.h"
#include "baro/dhcp6.h"
#include "baro/gateway.h"
#include "busy.h"
#include "cable.h"
#include "names.h"
#include "observe.h"
#include "publish.h"
#include "router.h"

enum { POOL = 100 };

#define NAME_SIGNS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-" /* of a host's name, RFC 1123 §2.1 */

struct gateway_tool {
    struct observe observe;
    const char *name;
    struct baro_address address;
    unsigned prefix_length;
    struct baro_host_address ipv6;   /* its prefix is advertised */
    struct baro_address first_guest; /* of the DHCP pool */
    struct publications publications;
    struct cable cable;
    struct baro_host *host;
    struct baro_gateway *gateway;
    struct baro_dhcp_server *dhcp;
    struct baro_dhcp6_server *dhcp6;
};

static const struct baro_mac gateway_mac = { { 2, 0xba, 0x70, 0, 0, 2 } };

static int help(void)
{
    printf(
        "usage: baro gateway --tap NAME [--address ADDRESS[/PREFIX][,...]] [-p PORTS] [OPTION ...]\n\n"
        "The way out for a guest behind a TAP: it serves DHCP and DHCPv6 (address, router, resolver), advertises an IPv6\n"
        "prefix, from which guests make themselves addresses too, and ends the guest's TCP and UDP flows in ordinary\n"
        "sockets of this machine. Its name server knows gateway.lan and guests by the names they tell with DHCP, and\n"
        "asks this machine's name servers for what is outside. This machine's loopback is reached at the gateway's\n"
        "addresses. Ends at Ctrl-C.\n\n"
        "  --tap NAME       the TAP; or " PORT_NAMES "\n"
        "  --address A/P    the gateway's address, or one of each family, a comma between (default\n"
        "                   10.0.2.2/24,fdba:70::2/64; prefix 8 to 30, of IPv6 64); guests get the next ones\n"
        "  -p [ADDRESS:]HOST:[GUEST:]PORT  lead TCP port HOST of this machine (of 127.0.0.1 and ::1; -p [::]:80:8080 is\n"
        "                   of all IPv6 addresses) to PORT of GUEST, of the first to come by DHCP if it is not named\n" BUSY_HELP
            OBSERVE_HELP);
    return TOOL_OK;
}

/* One address of each family, at most; the other family's stays what it was. */
static bool parse_addresses(struct gateway_tool *tool, const char *word)
{
    struct baro_host_address list[2];
    unsigned count = address_list_parse(word, list, 2);

    if (count == 2 && list[0].address.family == list[1].address.family)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (list[i].address.family == BARO_FAMILY_IPV6) {
            tool->ipv6 = list[i];
            if (list[i].prefix_length != 64)
                return false;
        } else {
            tool->address = list[i].address;
            tool->prefix_length = list[i].prefix_length;
            if (tool->prefix_length < 8)
                return false;
        }
    }
    return count != 0;
}

static int parse_option(struct gateway_tool *tool, const char *word, const char *value)
{
    if (strcmp(word, "-p") == 0)
        return publications_add(&tool->publications, "gateway", value, true);
    if (strcmp(word, "--address") == 0)
        return parse_addresses(tool, value)
                   ? TOOL_OK
                   : tool_usage("gateway", "'%s' is no address of a host with a prefix of 8 to 30, IPv6 64", value);
    tool->name = value;
    return port_name_is_right(value)
               ? TOOL_OK
               : tool_usage("gateway",
                            "'%s' is no name of a TAP (up to 15 octets, no slash), packet:INTERFACE or xdp:INTERFACE",
                            value);
}

static int parse(struct gateway_tool *tool, int argc, char **argv)
{
    int at = 1;

    while (at < argc) {
        int taken = observe_option(&tool->observe, argc, argv, &at);

        if (taken == 0)
            taken = busy_option(&tool->cable.busy, "gateway", argc, argv, &at);
        const char *word = argv[at];

        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (strcmp(word, "--tap") != 0 && strcmp(word, "--address") != 0 && strcmp(word, "-p") != 0)
            return tool_usage("gateway", "no option '%s'; --help tells more", word);
        if (at + 1 >= argc)
            return tool_usage("gateway", "%s wants a value", word);
        if (parse_option(tool, word, argv[at + 1]) != TOOL_OK)
            return TOOL_USAGE;
        at += 2;
    }
    return tool->name != NULL ? TOOL_OK : tool_usage("gateway", "no --tap given; --help tells more");
}

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "baro gateway: %s\n", line);
}

/* The gateway is found as gateway.lan, guests by the names they ask for their leases with: the first who has a name
 * keeps it. A name that is none, such as one with a blank, is not told. */
static void learn_names(struct gateway_tool *tool)
{
    struct baro_dns_server *names = baro_gateway_names(tool->gateway);
    struct baro_dhcp_server_lease lease;
    unsigned at = 0;

    baro_dns_server_remove_hosts(names);
    (void)baro_dns_server_add_host(names, "gateway", tool->address);
    (void)baro_dns_server_add_host(names, "gateway", tool->ipv6.address);
    while (baro_dhcp_server_next_lease(tool->dhcp, baro_network_now(tool->cable.network), &at, &lease)) {
        if (lease.host_name[strspn(lease.host_name, NAME_SIGNS)] == '\0' &&
            strcasecmp(lease.host_name, "localhost") != 0 && !baro_dns_server_has_host(names, lease.host_name))
            (void)baro_dns_server_add_host(names, lease.host_name, lease.address);
    }
}

static void serve(void *context, struct baro_host *host)
{
    struct gateway_tool *tool = context;

    (void)host;
    if (tool->dhcp != NULL && baro_dhcp_server_poll(tool->dhcp, baro_network_now(tool->cable.network)) &&
        tool->gateway != NULL)
        learn_names(tool);
    if (tool->dhcp6 != NULL)
        (void)baro_dhcp6_server_poll(tool->dhcp6, baro_network_now(tool->cable.network));
}

static struct baro_address address_number(uint32_t number)
{
    return baro_ipv4((uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number);
}

/* The pool: the addresses behind the gateway's, or those in front of it where there are none behind. */
static int serve_dhcp(struct gateway_tool *tool)
{
    const uint8_t *octet = tool->address.octet;
    uint32_t own = (uint32_t)octet[0] << 24 | (uint32_t)octet[1] << 16 | (uint32_t)octet[2] << 8 | octet[3];
    uint32_t mask = UINT32_MAX << (32 - tool->prefix_length), first = own + 1, last = (own | ~mask) - 1;
    struct baro_dhcp_server_config config = { .memory = names_memory(),
                                              .stack = baro_host_stack(tool->host),
                                              .interface = baro_host_interface(tool->host),
                                              .address = tool->address,
                                              .prefix_length = tool->prefix_length };
    int error;

    if (own >= last) {
        first = (own & mask) + 1;
        last = own - 1;
    }
    tool->first_guest = config.first = address_number(first);
    config.last = address_number(last - first < POOL ? last : first + POOL - 1);
    config.parameters.routers = config.parameters.dns_servers = 1;
    config.parameters.router[0] = config.parameters.dns[0] = tool->address;
    memcpy(config.parameters.domain, NAMES_DOMAIN, sizeof NAMES_DOMAIN); /* so that guests find one another by NAME */
    tool->dhcp = baro_dhcp_server_create(&config, &error);
    return error;
}

/* PREFIX::100 and the next ones. */
static int serve_dhcp6(struct gateway_tool *tool)
{
    struct baro_dhcp6_server_config config = { .memory = names_memory(),
                                               .stack = baro_host_stack(tool->host),
                                               .interface = baro_host_interface(tool->host),
                                               .duid = baro_dhcp6_duid_of_mac(gateway_mac),
                                               .prefix = router_prefix(&tool->ipv6),
                                               .prefix_length = tool->ipv6.prefix_length,
                                               .addresses = POOL,
                                               .rapid_commit = true };
    int error;

    config.first = config.prefix;
    config.first.octet[14] = 1;
    config.parameters.dns_servers = 1;
    config.parameters.dns[0] = tool->ipv6.address;
    config.parameters.searches = 1;
    memcpy(config.parameters.search[0], NAMES_DOMAIN, sizeof NAMES_DOMAIN);
    tool->dhcp6 = baro_dhcp6_server_create(&config, &error);
    return error;
}

static int build_router(struct gateway_tool *tool)
{
    struct router_config router = { .prefix = &tool->ipv6, .prefixes = 1, .name_server = tool->ipv6.address,
                                    .link_local = tool->ipv6.address, .dhcp6 = true };
    int error;

    memcpy(router.link_local.octet, (const uint8_t[8]){ 0xfe, 0x80 }, 8); /* fe80::2 where the other is PREFIX::2 */
    if (router_open("gateway", tool->host, &router) != TOOL_OK)
        return TOOL_FAILED;
    error = serve_dhcp6(tool);
    if (error != 0)
        fprintf(stderr, "baro gateway: no DHCPv6: %s\n", strerror(-error));
    return error == 0 ? TOOL_OK : TOOL_FAILED;
}

static int build(struct gateway_tool *tool)
{
    const struct baro_wire_config wire = { .kind = BARO_MEDIUM_FAST };
    const struct cable_config cable = { .tool = "gateway",
                                        .name = tool->name,
                                        .wire = &wire,
                                        .mac = &gateway_mac,
                                        .faithful = tool->observe.journey,
                                        .captured = tool->observe.pcap_path != NULL };
    int error;

    if (cable_open(&tool->cable, &cable) != TOOL_OK)
        return TOOL_FAILED;
    const struct baro_host_config host = { .name = "gateway", .wire = tool->cable.wire,
                                           .device = tool->cable.device, .address = tool->address,
                                           .prefix_length = tool->prefix_length, .addresses = &tool->ipv6,
                                           .address_count = 1, .ipv6 = BARO_HOST_IPV6_BY_HAND, .mac = gateway_mac,
                                           .forward_any_destination = true,
                                           .trace = observe_sink(&tool->observe), .program = serve,
                                           .program_context = tool };
    tool->host = baro_host_create(tool->cable.network, &host, &error);
    if (tool->host != NULL)
        error = serve_dhcp(tool);
    if (error != 0)
        fprintf(stderr, "baro gateway: no host: %s\n", strerror(-error));
    return error == 0 ? build_router(tool) : TOOL_FAILED;
}

/* Each flow outside is a descriptor. */
static void want_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int watch(struct gateway_tool *tool)
{
    struct baro_gateway_config gateway = { .address = tool->address, .address_v6 = tool->ipv6.address, .say = say };

    signal(SIGPIPE, SIG_IGN);
    want_descriptors();
    gateway.loop = tool->cable.loop;
    gateway.stack = baro_host_stack(tool->host);
    tool->gateway = baro_gateway_create(&gateway);
    if (tool->gateway == NULL) {
        fprintf(stderr, "baro gateway: no memory or no descriptors\n");
        return TOOL_FAILED;
    }
    learn_names(tool);
    return publications_open(&tool->publications, "gateway", tool->gateway, &tool->first_guest, 1);
}

int tool_gateway(int argc, char **argv)
{
    static struct gateway_tool tool;
    struct baro_statistics statistics;
    int result;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    observe_init(&tool.observe, "gateway");
    tool.address = baro_ipv4(10, 0, 2, 2);
    tool.prefix_length = 24;
    tool.ipv6 = (struct baro_host_address){ baro_ipv6(0xfdba, 0x70, 0, 0, 0, 0, 0, 2), 64 };
    result = parse(&tool, argc, argv);
    if (result != TOOL_OK)
        return result;
    observe_host(&tool.observe, "gateway");
    result = observe_open(&tool.observe);
    if (result != TOOL_OK)
        return result;
    if (build(&tool) != TOOL_OK)
        return TOOL_FAILED;
    if (cable_watch(&tool.cable) != TOOL_OK) {
        fprintf(stderr, "baro gateway: no memory or no descriptors\n");
        return TOOL_FAILED;
    }
    if (watch(&tool) != TOOL_OK)
        return TOOL_FAILED;
    fprintf(stderr, "baro gateway: the way out of %s; Ctrl-C ends it\n", tool.name);
    baro_loop_run(tool.cable.loop);
    router_close(&tool.cable, tool.host);
    baro_stack_statistics(baro_host_stack(tool.host), &statistics);
    if (tool.observe.stats) {
        baro_statistics_print(stderr, &statistics, BARO_STATISTICS_TABLE, tool.observe.language);
        cable_print(&tool.cable, stderr);
    }
    baro_gateway_free(tool.gateway); /* their last calls are told, too */
    baro_dhcp_server_free(tool.dhcp);
    baro_dhcp6_server_free(tool.dhcp6);
    result = observe_close(&tool.observe);
    cable_close(&tool.cable);
    return result;
}
