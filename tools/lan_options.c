/* tools/lan_options.c: the command line of `baro lan`, word by word; what words mean together is lan_plan.c's.
 *
 * Wires, routers and routes come first, then the hosts, each with its program's words, which end at the next --host. */
#include "busy.h"
#include "lan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "baro/dns_message.h"
#include "tools.h"

static const char host_form[] = "--host wants NAME=ADDRESS[/PREFIX]";
static const char router_form[] = "--router wants NAME@WIRE=ADDRESS[/PREFIX]";
static const char pull_form[] = "--pull wants WIRE=FROM[-TO] after the run's beginning, such as far=2s-5s";
static const char route_form[] = "--route wants NAME PREFIX via GATEWAY, such as: r1 10.3.0.0/24 via 10.2.0.2";

int lan_help(void)
{
    printf(
        "usage: baro lan [OPTION ...] --host NAME=ADDRESS[/PREFIX][,...] PROGRAM ... [--host ...] ...\n\n"
        "Runs unmodified programs, each on a host of its own with its own TCP/IP stack, joined by a wire\n"
        "(more than two: by a switch). A host's program starts when the one before it listens. The run ends\n"
        "with the last host's program, whose exit code is baro's. Programs find hosts by NAME and NAME.lan.\n"
        "A host has up to eight addresses of both families, commas between.\n\n"
        "  --wire SPEC      the wire: 100base-tx, 10base-t or fast, with faults (default 100base-tx):\n"
        "                   loss=1%% burst=4 delay=20ms jitter=2ms reorder=1%% duplicate=1%% corrupt=1%%\n"
        "                   rate=10mbit queue=64k ecn=20 mtu=1500 blackhole=1300 noise=300 ppm=100 seed=7,\n"
        "                   words with commas between\n"
        "  --mdns           hosts and routers are also found as NAME.local, by multicast DNS on their wires\n" BUSY_HELP
            OBSERVE_HELP "\nSeveral wires, joined by routers, up to 16 of them and of hosts and routers together:\n\n"
        "  --wire NAME=KIND[,FAULT...]       a wire with a name; hosts say where they are: --host NAME@WIRE=...\n"
        "  --router NAME@WIRE=ADDRESS[,...]  a host without a program that passes packets on between its wires;\n"
        "                                    once for each of them. Hosts on a wire with one router go through it\n"
        "                                    by default, and those with the address 'auto' get theirs of IPv6 from it\n"
        "  --pull WIRE=FROM[-TO]             the wire's plug is out from then on, such as far=2s-5s\n"
        "  --route NAME PREFIX via GATEWAY   a route of a host or router; PREFIX may be 'default'\n"
        "\nbaro lan --host server=10.7.0.1 python3 -m http.server --host client=10.7.0.2 curl server:8000\n\n"
        "baro lan --wire a=fast --wire b=fast,delay=20ms,mtu=1400 \\\n"
        "    --router r@a=10.1.0.1,fd00:1::1 --router r@b=10.2.0.1,fd00:2::1 \\\n"
        "    --host server@a=10.1.0.2,fd00:1::2 python3 -m http.server --bind :: \\\n"
        "    --host client@b=10.2.0.2,fd00:2::2 curl server:8000\n");
    return TOOL_OK;
}

/* Fit for the DNS and for NAME@WIRE=...: letters, digits, hyphens, underscores, dots between. */
static bool name_is_right(const char *text, size_t length)
{
    char name[LAN_NAME];
    struct baro_dns_name parsed;

    if (length == 0 || length >= sizeof name)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == length &&
           name[length - 1] != '.' && baro_dns_name_parse(&parsed, name) == 0;
}

static void copy_name(char name[LAN_NAME], const char *text, size_t length)
{
    memcpy(name, text, length);
    name[length] = '\0';
}

/* A list of addresses, "auto" among them for those that routers give. */
static bool parse_addresses(const char *text, struct lan_port *port)
{
    char others[LAN_ADDRESSES * 64] = "";
    size_t length, used = 0;

    for (;; text += length + 1) {
        length = strcspn(text, ",");
        if (length == 4 && strncmp(text, "auto", 4) == 0 && !port->automatic) {
            port->automatic = true;
        } else {
            if (used + length + 2 > sizeof others)
                return false;
            if (used != 0)
                others[used++] = ',';
            memcpy(others + used, text, length);
            used += length;
            others[used] = '\0';
            if (length == 0)
                return false;
        }
        if (text[length] == '\0')
            break;
    }
    port->addresses = used == 0 ? 0 : address_list_parse(others, port->address, LAN_ADDRESSES);
    return port->addresses != 0 || (used == 0 && port->automatic);
}

/* NAME[@WIRE]=ADDRESS[/PREFIX][,...] */
static int parse_port(const char *form, const char *word, char name[LAN_NAME], struct lan_port *port)
{
    const char *equals = strchr(word, '='), *at = strchr(word, '@');
    size_t length;

    if (equals == NULL)
        return tool_usage("lan", "%s, not '%s'", form, word);
    if (at != NULL && at > equals)
        at = NULL;
    length = (size_t)((at == NULL ? equals : at) - word);
    if (!name_is_right(word, length))
        return tool_usage("lan", "'%.*s' is no name: up to 31 letters, digits, hyphens", (int)length, word);
    copy_name(name, word, length);
    if (at != NULL) {
        at++;
        if (!name_is_right(at, (size_t)(equals - at)))
            return tool_usage("lan", "'%.*s' is no wire's name", (int)(equals - at), at);
        copy_name(port->wire_name, at, (size_t)(equals - at));
    }
    if (!parse_addresses(equals + 1, port))
        return tool_usage("lan", "'%s' is no address of a host, or a list of up to 8", equals + 1);
    return TOOL_OK;
}

static int no_room(const struct lan *lan)
{
    return lan->stations < LAN_STATIONS ? TOOL_OK : tool_usage("lan", "more than %d hosts and routers", LAN_STATIONS);
}

static int parse_host(struct lan *lan, const char *word)
{
    struct lan_station *host = &lan->station[lan->stations];

    if (no_room(lan) != TOOL_OK || parse_port(host_form, word, host->name, &host->port[0]) != TOOL_OK)
        return TOOL_USAGE;
    host->ports = 1;
    lan->stations++;
    return TOOL_OK;
}

/* The first --router of a name makes it, each puts it on a wire. */
static int parse_router(struct lan *lan, const char *word)
{
    struct lan_port port = { .wire = -1 };
    struct lan_station *router = lan->station;
    char name[LAN_NAME];

    if (parse_port(router_form, word, name, &port) != TOOL_OK)
        return TOOL_USAGE;
    if (port.automatic)
        return tool_usage("lan", "router %s gives addresses to others, its own are not 'auto'", name);
    if (port.wire_name[0] == '\0')
        return tool_usage("lan", "router %s is on no wire; %s", name, router_form);
    while (router < lan->station + lan->stations && strcmp(router->name, name) != 0)
        router++;
    if (router == lan->station + lan->stations) {
        if (no_room(lan) != TOOL_OK)
            return TOOL_USAGE;
        lan->stations++;
        strcpy(router->name, name);
        router->router = true;
    }
    for (int i = 0; i < router->ports; i++) {
        if (strcmp(router->port[i].wire_name, port.wire_name) == 0)
            return tool_usage("lan", "router %s is on wire %s already; its addresses there are one list with commas",
                              name, port.wire_name);
    }
    if (router->ports == LAN_WIRES)
        return tool_usage("lan", "router %s is on more than %d wires", name, LAN_WIRES);
    router->port[router->ports++] = port;
    return TOOL_OK;
}

/* SPEC, or NAME=KIND[,FAULT...]: no setting of a wire has a kind of wire as its value. */
static int parse_wire(struct lan *lan, const char *word)
{
    static const char *const kinds[] = { "fast", "10base-t", "100base-tx" };
    struct lan_wire *wire = &lan->wire[lan->wires];
    const char *equals = strchr(word, '=');
    char error[160];
    bool named = false;

    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds && equals != NULL; i++) {
        size_t length = strlen(kinds[i]);

        named |=
            strncmp(equals + 1, kinds[i], length) == 0 && (equals[1 + length] == ',' || equals[1 + length] == '\0');
    }
    if (lan->wires == LAN_WIRES)
        return tool_usage("lan", "more than %d wires", LAN_WIRES);
    if (named && !name_is_right(word, (size_t)(equals - word)))
        return tool_usage("lan", "'%.*s' is no name of a wire: up to 31 letters, digits, hyphens", (int)(equals - word),
                          word);
    if (baro_wire_parse(named ? equals + 1 : word, &wire->config, error, sizeof error) != 0)
        return tool_usage("lan", "%s", error);
    if (named)
        copy_name(wire->name, word, (size_t)(equals - word));
    lan->wires++;
    return TOOL_OK;
}

/* NAME PREFIX via GATEWAY */
static int parse_route(struct lan *lan, char **word, int words)
{
    struct lan_route *route = &lan->route[lan->routes];
    struct baro_host_address gateway;

    if (words < 4 || strcmp(word[2], "via") != 0)
        return tool_usage("lan", "%s", route_form);
    if (lan->routes == LAN_ROUTES)
        return tool_usage("lan", "more than %d routes", LAN_ROUTES);
    if (!name_is_right(word[0], strlen(word[0])))
        return tool_usage("lan", "'%s' is no name of a host or router", word[0]);
    copy_name(route->name, word[0], strlen(word[0]));
    if (strpbrk(word[3], "/,") != NULL || address_list_parse(word[3], &gateway, 1) != 1)
        return tool_usage("lan", "'%s' is no gateway: one address of a router, without a prefix", word[3]);
    route->gateway = gateway.address;
    if (strcmp(word[1], "default") == 0) {
        route->prefix = (struct baro_address){ .family = gateway.address.family };
        route->prefix_length = 0;
    } else if (!prefix_parse(word[1], &route->prefix, &route->prefix_length)) {
        return tool_usage("lan", "'%s' is no prefix, such as 10.3.0.0/24 or fd00:3::/64, or default", word[1]);
    }
    if (route->prefix.family != route->gateway.family)
        return tool_usage("lan", "prefix %s and gateway %s are not of one family", word[1], word[3]);
    lan->routes++;
    return TOOL_OK;
}

/* "2s", "500ms", up to an hour. */
static bool parse_time(const char *text, char **end, int64_t *ns)
{
    long number = strtol(text, end, 10);
    size_t unit = strncmp(*end, "ms", 2) == 0 ? 2 : 1;

    if (*text < '0' || *text > '9' || (unit == 1 && **end != 's') || number > (unit == 2 ? 3600000 : 3600))
        return false;
    *end += unit;
    *ns = number * (unit == 2 ? INT64_C(1000000) : INT64_C(1000000000));
    return true;
}

/* WIRE=FROM[-TO] */
static int parse_pull(struct lan *lan, const char *word)
{
    struct lan_pull *pull = &lan->pull[lan->pulls];
    const char *equals = strchr(word, '=');
    char *end;

    if (equals == NULL || !name_is_right(word, (size_t)(equals - word)) ||
        !parse_time(equals + 1, &end, &pull->from_ns))
        return tool_usage("lan", "%s, not '%s'", pull_form, word);
    pull->to_ns = INT64_MAX;
    if (*end == '-' && (!parse_time(end + 1, &end, &pull->to_ns) || pull->to_ns <= pull->from_ns))
        return tool_usage("lan", "%s, not '%s'", pull_form, word);
    if (*end != '\0')
        return tool_usage("lan", "%s, not '%s'", pull_form, word);
    if (lan->pulls == LAN_PULLS - 1)
        return tool_usage("lan", "more than %d pulls", LAN_PULLS - 1);
    copy_name(pull->wire_name, word, (size_t)(equals - word));
    lan->pulls++;
    return TOOL_OK;
}

/* The programs' words: everything up to the next --host. argv is cut there. */
static int parse_hosts(struct lan *lan, int argc, char **argv, int at)
{
    while (at < argc) {
        struct lan_station *host;

        argv[at] = NULL;
        if (at + 1 >= argc)
            return tool_usage("lan", "%s", host_form);
        if (parse_host(lan, argv[at + 1]) != TOOL_OK)
            return TOOL_USAGE;
        host = &lan->station[lan->stations - 1];
        at += 2;
        host->argument = argv + at;
        while (at < argc && strcmp(argv[at], "--host") != 0)
            at++;
        if (host->argument == argv + at)
            return tool_usage("lan", "host %s has no program", host->name);
    }
    return TOOL_OK;
}

/* The options with one word behind them. */
static int parse_word(struct lan *lan, const char *option, const char *word)
{
    if (strcmp(option, "--wire") == 0)
        return word == NULL ? tool_usage("lan", "--wire wants a specification") : parse_wire(lan, word);
    if (strcmp(option, "--router") == 0)
        return word == NULL ? tool_usage("lan", "%s", router_form) : parse_router(lan, word);
    if (strcmp(option, "--pull") == 0)
        return word == NULL ? tool_usage("lan", "%s", pull_form) : parse_pull(lan, word);
    return tool_usage("lan", "no option '%s'; --help tells more", option);
}

/* One of --wire, --router, --pull, --route, --mdns at argv[*at]. */
static int parse_option(struct lan *lan, int argc, char **argv, int *at)
{
    const char *option = argv[*at];
    int words = argc - *at - 1;

    if (strcmp(option, "--mdns") == 0) {
        lan->mdns = true;
        *at += 1;
        return TOOL_OK;
    }
    if (strcmp(option, "--route") == 0) {
        *at += 5;
        return parse_route(lan, argv + *at - 4, words);
    }
    *at += 2;
    return parse_word(lan, option, words < 1 ? NULL : argv[*at - 1]);
}

/* Hosts to the front, in the order of the command line, as their programs start and their traces are numbered. */
static void hosts_first(struct lan *lan, int routers)
{
    struct lan_station router[LAN_STATIONS];

    lan->hosts = lan->stations - routers;
    memcpy(router, lan->station, (size_t)routers * sizeof *router);
    memmove(lan->station, lan->station + routers, (size_t)lan->hosts * sizeof *router);
    memcpy(lan->station + lan->hosts, router, (size_t)routers * sizeof *router);
}

int lan_options(struct lan *lan, int argc, char **argv)
{
    int at = 1, routers;

    while (at < argc && strcmp(argv[at], "--host") != 0) {
        int taken = observe_option(&lan->observe, argc, argv, &at);

        if (taken == 0)
            taken = busy_option(&lan->busy, "lan", argc, argv, &at);

        if (taken < 0 || (taken == 0 && parse_option(lan, argc, argv, &at) != TOOL_OK))
            return TOOL_USAGE;
    }
    routers = lan->stations;
    if (parse_hosts(lan, argc, argv, at) != TOOL_OK)
        return TOOL_USAGE;
    hosts_first(lan, routers);
    if (lan->wires == 0) {
        lan->wire[0].config.kind = BARO_MEDIUM_100BASE_TX;
        lan->wires = 1;
    }
    return lan_plan(lan);
}
