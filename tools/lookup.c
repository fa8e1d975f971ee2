/* tools/lookup.c: `baro lookup`: asks for names with this stack's resolver (baro/dns.h), from a host on a TAP.
 *
 * The host comes up, waits until its addresses are usable, asks for all the names at once, prints what it learns in
 * their order and ends: 0 when all were found, 1 otherwise. Addresses and name servers are given by hand or come from
 * the network's routers and DHCP servers (configure.h), for which it waits half a minute. What went over the wire can
 * be kept with --pcap. */
#include "tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "address.h"
#include "baro/dns.h"
#include "cable.h"
#include "configure.h"
#include "names.h"
#include "observe.h"

enum { LOOKUP_ADDRESSES = 8, LOOKUP_NAMES = BARO_DNS_LOOKUPS };
#define LOOKUP_WAIT_NS INT64_C(30000000000) /* for addresses and name servers */

struct lookup_tool {
    struct observe observe;
    struct baro_wire_config wire;
    const char *tap;
    struct baro_host_address address[LOOKUP_ADDRESSES];
    unsigned addresses;
    struct configure configure; /* where other addresses and name servers come from */
    struct baro_instant given_up; /* when they have not come by then */
    struct baro_dns_config config;
    char *name[LOOKUP_NAMES];
    int lookup[LOOKUP_NAMES]; /* -errno: not asked */
    int names;
    bool asks_told; /* the name servers that routers and DHCP servers tell */
    bool asked, told;
    int status;
    struct cable cable;
    struct baro_host *host;
    struct baro_dns *dns;
};

static int help(void)
{
    printf(
        "usage: baro lookup [--server ADDRESS[,...]] [OPTION ...] NAME ...\n\n"
        "Asks name servers for the addresses of names, and for the names of addresses, with this stack's resolver, from a\n"
        "host on a TAP. The addresses of each name are printed, one a line; 0 when all were found.\n\n"
        "  --server A       name servers of either family, commas between, up to 4; with addresses by 'auto', 'dhcp' or\n"
        "                   'dhcp6' those that routers and DHCP servers tell, if none are given\n"
        "  --search D       a domain behind names without a dot; up to 6 of them\n"
        "  --tap NAME       the TAP (default baro0); or " PORT_NAMES "\n"
        "  --address A/P    the host's addresses of both families, commas between (default 10.9.0.2/24); the subnet's\n"
        "                   first address is its gateway. 'auto', 'dhcp' and 'dhcp6' as with baro tap\n"
        "  --temporary      with 'auto' and 'dhcp6': ask from a temporary address of IPv6 (RFC 8981)\n"
        "  --wire SPEC      the wire between the host and the TAP (default fast)\n" OBSERVE_HELP);
    return TOOL_OK;
}

static int parse_servers(struct lookup_tool *tool, char *text)
{
    for (char *rest = text, *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        struct baro_address *address = &tool->config.server[tool->config.servers].address;

        if (tool->config.servers == BARO_DNS_SERVERS)
            return tool_usage("lookup", "more than %d servers", BARO_DNS_SERVERS);
        address->family = strchr(word, ':') != NULL ? BARO_FAMILY_IPV6 : BARO_FAMILY_IPV4;
        if (inet_pton(address->family == BARO_FAMILY_IPV6 ? AF_INET6 : AF_INET, word, address->octet) != 1)
            return tool_usage("lookup", "'%s' is no address of a server", word);
        tool->config.servers++;
    }
    return TOOL_OK;
}

static int parse_value(struct lookup_tool *tool, const char *word, char *value)
{
    char error[160];

    if (strcmp(word, "--server") == 0)
        return parse_servers(tool, value);
    if (strcmp(word, "--search") == 0) {
        if (tool->config.searches == BARO_DNS_SEARCHES)
            return tool_usage("lookup", "more than %d domains", BARO_DNS_SEARCHES);
        tool->config.search[tool->config.searches++] = value;
    } else if (strcmp(word, "--tap") == 0) {
        tool->tap = value;
        if (!port_name_is_right(value))
            return tool_usage("lookup",
                              "'%s' is no name of a TAP (up to 15 octets, no slash), packet:INTERFACE or xdp:INTERFACE",
                              value);
    } else if (strcmp(word, "--address") == 0) {
        tool->configure.way = configure_parse(value);
        tool->addresses = tool->configure.way != CONFIGURE_BY_HAND
                              ? 0
                              : address_list_parse(value, tool->address, LOOKUP_ADDRESSES);
        if (tool->configure.way == CONFIGURE_BY_HAND && tool->addresses == 0)
            return tool_usage("lookup", "'%s' is no address of a host, or a list of up to 8", value);
    } else if (strcmp(word, "--wire") == 0) {
        if (baro_wire_parse(value, &tool->wire, error, sizeof error) != 0)
            return tool_usage("lookup", "%s", error);
    } else {
        return tool_usage("lookup", "no option '%s'; --help tells more", word);
    }
    return TOOL_OK;
}

static int parse(struct lookup_tool *tool, int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        int taken = observe_option(&tool->observe, argc, argv, &at);

        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (strcmp(argv[at], "--temporary") == 0) {
            tool->configure.temporary = true;
            at++;
            continue;
        }
        if (at + 1 >= argc)
            return tool_usage("lookup", "%s wants a value", argv[at]);
        if (parse_value(tool, argv[at], argv[at + 1]) != TOOL_OK)
            return TOOL_USAGE;
        at += 2;
    }
    if (tool->configure.temporary &&
        (tool->configure.way == CONFIGURE_BY_HAND || tool->configure.way == CONFIGURE_DHCP))
        return tool_usage("lookup", "--temporary is of --address auto and dhcp6");
    if (tool->config.servers == 0 && tool->configure.way == CONFIGURE_BY_HAND)
        return tool_usage("lookup", "--server is missing: whom to ask");
    tool->asks_told = tool->config.servers == 0;
    tool->names = argc - at;
    if (tool->names < 1 || tool->names > LOOKUP_NAMES)
        return tool_usage("lookup", "1 to %d names are asked for, not %d; --help tells more", LOOKUP_NAMES,
                          tool->names);
    memcpy(tool->name, argv + at, (size_t)tool->names * sizeof *argv);
    return TOOL_OK;
}

static bool is_up(const struct lookup_tool *tool)
{
    if (tool->configure.way != CONFIGURE_BY_HAND)
        return configure_is_up(&tool->configure);
    for (unsigned i = 0; i < tool->addresses; i++) {
        if (baro_stack_address_state(baro_host_stack(tool->host), baro_host_interface(tool->host),
                                     tool->address[i].address) != BARO_ADDRESS_USABLE)
            return false;
    }
    return true;
}

static void ask(struct lookup_tool *tool, struct baro_instant now)
{
    for (int i = 0; i < tool->names; i++) {
        struct baro_address address = { .family = BARO_FAMILY_IPV4 };

        if (inet_pton(AF_INET, tool->name[i], address.octet) != 1)
            address.family =
                inet_pton(AF_INET6, tool->name[i], address.octet) == 1 ? BARO_FAMILY_IPV6 : BARO_FAMILY_NONE;
        tool->lookup[i] = address.family != BARO_FAMILY_NONE
                              ? baro_dns_query_name(tool->dns, address, now)
                              : baro_dns_query(tool->dns, tool->name[i], BARO_DNS_WANT_BOTH, now);
    }
    tool->asked = true;
}

static void tell_one(struct lookup_tool *tool, int which)
{
    struct baro_dns_result result;
    char text[BARO_DNS_TEXT_LIMIT];

    if (tool->lookup[which] < 0) {
        fprintf(stderr, "baro lookup: %s: %s\n", tool->name[which], strerror(-tool->lookup[which]));
        tool->status = TOOL_FAILED;
        return;
    }
    baro_dns_result(tool->dns, tool->lookup[which], &result);
    if (result.status != BARO_DNS_FOUND) {
        fprintf(stderr, "baro lookup: %s: %s\n", tool->name[which], baro_dns_status_text(result.status));
        tool->status = TOOL_FAILED;
    } else if (result.addresses == 0) {
        baro_dns_name_text(&result.name, text, sizeof text);
        printf("%s\n", text);
    }
    for (unsigned i = 0; i < result.addresses; i++)
        printf("%s\n", inet_ntop(result.address[i].family == BARO_FAMILY_IPV4 ? AF_INET : AF_INET6,
                                 result.address[i].octet, text, sizeof text));
}

/* Whom to ask, as far as that is known by now. */
static bool learn_servers(struct lookup_tool *tool)
{
    struct baro_address server[BARO_DNS_SERVERS];

    if (tool->asks_told) {
        tool->config.servers = configure_servers(&tool->configure, server, BARO_DNS_SERVERS);
        for (unsigned i = 0; i < tool->config.servers; i++)
            tool->config.server[i].address = server[i];
    }
    return tool->config.servers != 0;
}

static bool has_way(const struct lookup_tool *tool)
{
    return tool->configure.way == CONFIGURE_BY_HAND || tool->configure.way == CONFIGURE_DHCP ||
           configure_reaches(&tool->configure, tool->config.server, tool->config.servers);
}

static bool open_resolver(struct lookup_tool *tool)
{
    int error = -EIO;

    if (tool->asks_told && tool->config.searches == 0)
        tool->config.searches = configure_searches(&tool->configure, tool->config.search, BARO_DNS_SEARCHES);
    if (getrandom(tool->config.seed, sizeof tool->config.seed, 0) == (ssize_t)sizeof tool->config.seed)
        tool->dns = baro_dns_create(&tool->config, &error);
    if (tool->dns == NULL)
        fprintf(stderr, "baro lookup: no resolver: %s\n", strerror(-error));
    if (tool->dns == NULL)
        baro_loop_stop(tool->cable.loop, 0);
    return tool->dns != NULL;
}

/* Whether names can be asked for. Where that does not come about, the end. */
static bool is_ready(struct lookup_tool *tool, struct baro_instant now)
{
    const char *missing = "an address";

    if (tool->dns != NULL)
        return true;
    if (is_up(tool) && learn_servers(tool)) {
        if (has_way(tool))
            return open_resolver(tool);
        missing = "a way to a name server";
    } else if (is_up(tool)) {
        missing = "a name server";
    }
    if (tool->configure.way != CONFIGURE_BY_HAND && now.ns >= tool->given_up.ns) {
        fprintf(stderr, "baro lookup: nobody told %s\n", missing);
        baro_loop_stop(tool->cable.loop, 0);
    }
    return false;
}

/* The program of the host's stack. */
static void run_program(void *context, struct baro_host *host)
{
    struct lookup_tool *tool = context;
    struct baro_instant now = baro_network_now(baro_host_network(host));
    struct baro_dns_result result;

    if (tool->config.stack == NULL)
        return;
    configure_poll(&tool->configure); /* to the end: leases are given back */
    if (tool->told || !is_ready(tool, now))
        return;
    if (!tool->asked)
        ask(tool, now);
    baro_dns_poll(tool->dns, now);
    for (int i = 0; i < tool->names; i++) {
        if (tool->lookup[i] >= 0 && !baro_dns_result(tool->dns, tool->lookup[i], &result))
            return;
    }
    for (int i = 0; i < tool->names; i++)
        tell_one(tool, i);
    tool->told = true;
    baro_loop_stop(tool->cable.loop, 0);
}

static bool program_deadline(void *context, struct baro_instant *deadline)
{
    struct lookup_tool *tool = context;
    struct baro_instant other;
    bool any = tool->dns != NULL && !tool->told && baro_dns_next_deadline(tool->dns, deadline);

    if (configure_deadline(&tool->configure, &other)) {
        *deadline = any && deadline->ns < other.ns ? *deadline : other;
        any = true;
    }
    if (tool->configure.way != CONFIGURE_BY_HAND && tool->dns == NULL) {
        *deadline = any && deadline->ns < tool->given_up.ns ? *deadline : tool->given_up;
        any = true;
    }
    return any;
}

static struct baro_address gateway_of(const struct lookup_tool *tool)
{
    for (unsigned i = 0; i < tool->addresses; i++) {
        if (tool->address[i].address.family == BARO_FAMILY_IPV4)
            return address_gateway(tool->address[i].address, tool->address[i].prefix_length);
    }
    return (struct baro_address){ .family = BARO_FAMILY_NONE };
}

static int build(struct lookup_tool *tool)
{
    bool listens = tool->configure.way == CONFIGURE_AUTO || tool->configure.way == CONFIGURE_DHCP6;
    const struct cable_config cable = { .tool = "lookup",
                                        .name = tool->tap,
                                        .wire = &tool->wire,
                                        .faithful = tool->observe.journey,
                                        .captured = tool->observe.pcap_path != NULL };
    int error;

    if (cable_open(&tool->cable, &cable) != TOOL_OK || cable_watch(&tool->cable) != TOOL_OK)
        return TOOL_FAILED;
    const struct baro_host_config host = { .name = "baro",
                                           .wire = tool->cable.wire,
                                           .device = tool->cable.device,
                                           .addresses = tool->address,
                                           .address_count = tool->addresses,
                                           .gateway = gateway_of(tool),
                                           .ipv6 = listens ? BARO_HOST_IPV6_BY_HAND : BARO_HOST_IPV6_LINK_LOCAL,
                                           .program = run_program,
                                           .program_deadline = program_deadline,
                                           .program_context = tool,
                                           .trace = observe_sink(&tool->observe) };
    tool->host = baro_host_create(tool->cable.network, &host, &error);
    if (tool->host == NULL) {
        fprintf(stderr, "baro lookup: no host: %s\n", strerror(-error));
        return TOOL_FAILED;
    }
    tool->given_up.ns = baro_network_now(tool->cable.network).ns + LOOKUP_WAIT_NS;
    tool->config.memory = names_memory();
    tool->config.stack = baro_host_stack(tool->host);
    return configure_open(&tool->configure, "lookup", tool->host);
}

int tool_lookup(int argc, char **argv)
{
    static struct lookup_tool tool;
    struct baro_statistics statistics;
    int result;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    observe_init(&tool.observe, "lookup");
    tool.tap = "baro0";
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
    baro_loop_run(tool.cable.loop);
    if (!tool.told)
        tool.status = TOOL_FAILED; /* nobody to ask, or ended by a signal */
    configure_close(&tool.configure, &tool.cable);
    baro_stack_statistics(baro_host_stack(tool.host), &statistics);
    if (tool.observe.stats)
        baro_statistics_print(stderr, &statistics, BARO_STATISTICS_TABLE, tool.observe.language);
    baro_dns_free(tool.dns); /* its last calls are told, too */
    result = observe_close(&tool.observe);
    cable_close(&tool.cable);
    return tool.status != TOOL_OK ? tool.status : result;
}
