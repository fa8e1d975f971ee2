/* tools/tap.c: `baro tap`: a host on a TAP device, with this machine's kernel as the other end of the wire.
 *
 * The host answers ARP and ping and runs the small services. Its wire ends in a switch whose other port is the TAP,
 * so every fault of a wire can stand between a stack and the kernel. Addresses that are not given by hand come from
 * routers and servers on the kernel's side (configure.h). */
#include "tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "baro/mdns.h"
#include "busy.h"
#include "cable.h"
#include "configure.h"
#include "names.h"
#include "observe.h"
#include "router.h"
#include "services.h"
#include "tap_groups.h"

enum {
    TAP_ADDRESSES = 8,
    TAP_PREFIXES = 4,
    GOODBYE_TURNS = 50
};

struct tap_tool {
    struct observe observe;
    struct baro_wire_config wire;
    const char *name;
    struct baro_host_address address[TAP_ADDRESSES];
    unsigned addresses;
    struct configure configure;         /* where other addresses come from */
    struct baro_host_address prefix[TAP_PREFIXES];
    unsigned prefixes;                  /* that are advertised; 0: the host is no router */
    struct cable cable;
    struct baro_host *host;
    struct services services;
    struct tap_groups groups;
    const char *mdns_name; /* NULL: no responder */
    struct baro_mdns *mdns;
};

static int help(void)
{
    printf(
        "usage: baro tap [--name NAME] [--address ADDRESS[/PREFIX]] [--mdns NAME] [--wire SPEC] [OPTION ...]\n\n"
        "A host on a TAP device: it answers ARP and ping and serves echo (7), discard (9) and character generator (19).\n"
        "Give this machine's end an address: ip addr add 10.9.0.1/24 dev NAME; ip link set NAME up. Ends at Ctrl-C.\n\n"
        "  --name NAME      the TAP (default baro0); or " PORT_NAMES ", with\n"
        "                   an address that this machine's kernel does not have\n"
        "  --address A/P    the host's addresses of both families, commas between (default 10.9.0.2/24);\n"
        "                   'auto': those that IPv6 routers give it, and DHCPv6 where routers say so;\n"
        "                   'dhcp': the IPv4 address that a DHCP server gives it;\n"
        "                   'dhcp6': the IPv6 address that a DHCPv6 server gives it, besides those of routers.\n"
        "                   Each is said when it comes up, and leases are given back at the end\n"
        "  --temporary      with 'auto' and 'dhcp6': temporary addresses, too, and to speak from those (RFC 8981)\n"
        "  --advertise P    be an IPv6 router that advertises these prefixes (fd00:9::/64), commas between, so that the\n"
        "                   kernel takes addresses and its default route from it; at the end it takes that back\n"
        "  --mdns NAME      be found as NAME.local by multicast DNS, over both families\n" TAP_GROUPS_HELP
        "  --wire SPEC      the wire between the host and the TAP (default fast). A fast one without faults leaves\n"
        "                   checksums and the cutting of segments to the kernel; 'large=no': all is done here\n" BUSY_HELP
            OBSERVE_HELP);
    return TOOL_OK;
}

/* IPv6 prefixes with nothing behind their length. */
static bool parse_prefixes(struct tap_tool *tool, const char *text)
{
    tool->prefixes = address_list_parse(text, tool->prefix, TAP_PREFIXES);
    for (unsigned i = 0; i < tool->prefixes; i++) {
        const struct baro_host_address *prefix = &tool->prefix[i];

        if (prefix->address.family != BARO_FAMILY_IPV6)
            return false;
        for (unsigned bit = prefix->prefix_length; bit < 128; bit++) {
            if ((prefix->address.octet[bit / 8] & 0x80 >> bit % 8) != 0)
                return false;
        }
    }
    return tool->prefixes != 0;
}

static int parse(struct tap_tool *tool, int argc, char **argv)
{
    char error[160];
    int at = 1;

    while (at < argc) {
        int taken = observe_option(&tool->observe, argc, argv, &at);
        const char *word = argv[at];

        if (taken == 0)
            taken = busy_option(&tool->cable.busy, "tap", argc, argv, &at);
        if (taken == 0)
            taken = tap_groups_option(&tool->groups, argc, argv, &at);
        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (strcmp(word, "--temporary") == 0) {
            tool->configure.temporary = true;
            at++;
            continue;
        }
        if (strcmp(word, "--name") != 0 && strcmp(word, "--address") != 0 && strcmp(word, "--wire") != 0 &&
            strcmp(word, "--mdns") != 0 && strcmp(word, "--advertise") != 0)
            return tool_usage("tap", "no option '%s'; --help tells more", word);
        if (at + 1 >= argc)
            return tool_usage("tap", "%s wants a value", word);
        if (strcmp(word, "--name") == 0 && !port_name_is_right(argv[at + 1]))
            return tool_usage("tap",
                              "'%s' is no name of a TAP (up to 15 octets, no slash), packet:INTERFACE or xdp:INTERFACE",
                              argv[at + 1]);
        if (strcmp(word, "--name") == 0)
            tool->name = argv[at + 1];
        if (strcmp(word, "--mdns") == 0)
            tool->mdns_name = argv[at + 1];
        if (strcmp(word, "--address") == 0) {
            tool->configure.way = configure_parse(argv[at + 1]);
            tool->addresses = tool->configure.way != CONFIGURE_BY_HAND
                                  ? 0
                                  : address_list_parse(argv[at + 1], tool->address, TAP_ADDRESSES);
            if (tool->configure.way == CONFIGURE_BY_HAND && tool->addresses == 0)
                return tool_usage("tap", "'%s' is no address of a host, or a list of up to 8", argv[at + 1]);
        }
        if (strcmp(word, "--advertise") == 0 && !parse_prefixes(tool, argv[at + 1]))
            return tool_usage("tap", "'%s' is no IPv6 prefix, or a list of up to 4", argv[at + 1]);
        if (strcmp(word, "--wire") == 0 && baro_wire_parse(argv[at + 1], &tool->wire, error, sizeof error) != 0)
            return tool_usage("tap", "%s", error);
        at += 2;
    }
    if (tool->configure.temporary && tool->configure.way != CONFIGURE_AUTO && tool->configure.way != CONFIGURE_DHCP6)
        return tool_usage("tap", "--temporary is of --address auto and dhcp6");
    if ((tool->configure.way == CONFIGURE_AUTO || tool->configure.way == CONFIGURE_DHCP6) && tool->prefixes != 0)
        return tool_usage("tap",
                          "a router that advertises has no addresses from routers: not with --address auto or dhcp6");
    return TOOL_OK;
}

static bool serve(void *context, struct baro_instant now)
{
    struct tap_tool *tool = context;

    (void)now;
    return services_run(&tool->services);
}

/* A router of this link. */
static int go_router(struct tap_tool *tool)
{
    const struct router_config config = { .prefix = tool->prefix, .prefixes = tool->prefixes, .mtu = tool->wire.mtu };
    const struct baro_address none = { .family = BARO_FAMILY_NONE };
    struct baro_stack *stack = baro_host_stack(tool->host);
    int interface = baro_host_interface(tool->host);

    for (unsigned i = 0; i < tool->prefixes; i++) /* what is on the link for others is so for us */
        (void)baro_stack_add_route(stack, tool->prefix[i].address, tool->prefix[i].prefix_length, none, interface);
    baro_stack_set_forwarding(stack, true);
    return router_open("tap", tool->host, &config);
}

/* This machine's end, by IPv4: the subnet's first address. */
static struct baro_address gateway_of(const struct tap_tool *tool)
{
    for (unsigned i = 0; i < tool->addresses; i++) {
        if (tool->address[i].address.family == BARO_FAMILY_IPV4)
            return address_gateway(tool->address[i].address, tool->address[i].prefix_length);
    }
    return (struct baro_address){ .family = BARO_FAMILY_NONE };
}

/* The program of the host's stack: its multicast DNS responder and its DHCP clients, which have timers of their own. */
static void run_program(void *context, struct baro_host *host)
{
    struct tap_tool *tool = context;

    tap_groups_run(&tool->groups, host, baro_network_now(baro_host_network(host)));
    if (tool->mdns != NULL)
        baro_mdns_poll(tool->mdns, baro_network_now(baro_host_network(host)));
    configure_poll(&tool->configure);
}

static bool program_deadline(void *context, struct baro_instant *deadline)
{
    struct tap_tool *tool = context;
    struct baro_instant other;
    bool any = tool->mdns != NULL && baro_mdns_next_deadline(tool->mdns, deadline);

    if (configure_deadline(&tool->configure, &other)) {
        *deadline = any && deadline->ns < other.ns ? *deadline : other;
        any = true;
    }
    if (tap_groups_deadline(&tool->groups, &other)) {
        *deadline = any && deadline->ns < other.ns ? *deadline : other;
        any = true;
    }
    return any;
}

static int open_mdns(struct tap_tool *tool)
{
    struct baro_mdns_config config = { .memory = names_memory(),
                                       .stack = baro_host_stack(tool->host),
                                       .interface = baro_host_interface(tool->host),
                                       .name = tool->mdns_name,
                                       .follow = true };
    const struct baro_ipv6_config ipv6 = { .accept_advertisements = false };
    int error;

    if (tool->mdns_name == NULL)
        return TOOL_OK;
    /* a link-local address, unless there is one already, or the wire is too narrow for IPv6 */
    (void)baro_stack_enable_ipv6(config.stack, config.interface, &ipv6);
    for (size_t i = 0; i < sizeof config.seed; i += 8) {
        uint64_t seed = tool_seed(tool->wire.seed);

        memcpy(config.seed + i, &seed, sizeof seed);
    }
    tool->mdns = baro_mdns_create(&config, &error);
    if (tool->mdns == NULL) {
        fprintf(stderr, "baro tap: cannot answer for the name '%s': %s\n", tool->mdns_name, strerror(-error));
        return TOOL_FAILED;
    }
    return TOOL_OK;
}

/* Says goodbye on the wire. */
static void close_mdns(struct tap_tool *tool)
{
    if (tool->mdns == NULL)
        return;
    baro_mdns_stop(tool->mdns, baro_network_now(tool->cable.network));
    baro_stack_flush(baro_host_stack(tool->host));
    for (int i = 0; i < GOODBYE_TURNS; i++) /* through adapter, wire and switch, whose events follow one another */
        baro_loop_turn(tool->cable.loop, (struct baro_duration){ 1000000 });
    baro_mdns_free(tool->mdns);
    tool->mdns = NULL;
}

static int build(struct tap_tool *tool)
{
    bool listens = tool->configure.way == CONFIGURE_AUTO || tool->configure.way == CONFIGURE_DHCP6;
    const struct cable_config cable = { .tool = "tap",
                                        .name = tool->name,
                                        .wire = &tool->wire,
                                        .faithful = tool->observe.journey,
                                        .captured = tool->observe.pcap_path != NULL };
    int error;

    if (cable_open(&tool->cable, &cable) != TOOL_OK)
        return TOOL_FAILED;
    const struct baro_host_config host = { .name = "baro",
                                           .wire = tool->cable.wire,
                                           .device = tool->cable.device,
                                           .addresses = tool->address,
                                           .address_count = tool->addresses,
                                           .gateway = gateway_of(tool),
                                           /* configure_open() */
                                           .ipv6 = listens ? BARO_HOST_IPV6_BY_HAND : BARO_HOST_IPV6_LINK_LOCAL,
                                           .program = run_program,
                                           .program_deadline = program_deadline,
                                           .program_context = tool,
                                           .trace = observe_sink(&tool->observe),
                                           .trace_host = 0 };
    tool->host = baro_host_create(tool->cable.network, &host, &error);
    if (tool->host == NULL) {
        fprintf(stderr, "baro tap: no host: %s\n", strerror(-error));
        return TOOL_FAILED;
    }
    if (configure_open(&tool->configure, "tap", tool->host) != TOOL_OK)
        return TOOL_FAILED;
    if (tool->prefixes != 0 && go_router(tool) != TOOL_OK)
        return TOOL_FAILED;
    error = tap_groups_join(&tool->groups, tool->host, baro_network_now(tool->cable.network));
    if (error != 0)
        fprintf(stderr, "baro tap: the groups cannot be joined: %s\n", strerror(-error));
    if (error != 0)
        return TOOL_FAILED;
    error = services_open(&tool->services, baro_host_stack(tool->host));
    if (error != 0)
        fprintf(stderr, "baro tap: no services: %s\n", strerror(-error));
    if (error != 0)
        return TOOL_FAILED;
    return open_mdns(tool);
}

static int watch(struct tap_tool *tool)
{
    const struct baro_source source = { tool, serve, NULL };

    if (cable_watch(&tool->cable) != TOOL_OK || baro_loop_add_source(tool->cable.loop, &source) != 0)
        return TOOL_FAILED;
    return TOOL_OK;
}

int tool_tap(int argc, char **argv)
{
    static struct tap_tool tool;
    struct baro_statistics statistics;
    int result;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    observe_init(&tool.observe, "tap");
    tool.name = "baro0";
    tool.address[0] = (struct baro_host_address){ baro_ipv4(10, 9, 0, 2), 24 };
    tool.addresses = 1;
    result = parse(&tool, argc, argv);
    if (result != TOOL_OK)
        return result;
    observe_host(&tool.observe, "baro");
    result = observe_open(&tool.observe);
    if (result != TOOL_OK)
        return result;
    if (build(&tool) != TOOL_OK)
        return TOOL_FAILED;
    if (watch(&tool) != TOOL_OK) {
        fprintf(stderr, "baro tap: no memory or no descriptors\n");
        return TOOL_FAILED;
    }
    fprintf(stderr, "baro tap: a host on %s; Ctrl-C ends it\n", tool.name);
    baro_loop_run(tool.cable.loop);
    configure_close(&tool.configure, &tool.cable);
    close_mdns(&tool);
    if (tool.prefixes != 0)
        router_close(&tool.cable, tool.host);
    baro_stack_statistics(baro_host_stack(tool.host), &statistics);
    if (tool.observe.stats) {
        baro_statistics_print(stderr, &statistics, BARO_STATISTICS_TABLE, tool.observe.language);
        cable_print(&tool.cable, stderr);
    }
    services_close(&tool.services); /* its last calls are told, too */
    result = observe_close(&tool.observe);
    cable_close(&tool.cable);
    return result;
}
