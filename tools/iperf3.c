/* tools/iperf3.c: `baro iperf3`: a host on a TAP that is iperf3's server or client, this machine's kernel the other
 * end.
 *
 * Options are called as iperf3 calls them. The host is a program on its stack: it is called after each burst, takes
 * what came and gives what the window allows. */
#include "tools.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "baro/iperf.h"
#include "busy.h"
#include "cable.h"
#include "names.h"
#include "observe.h"

enum { ADDRESSES = 8 };

struct iperf_tool {
    struct observe observe;
    struct baro_wire_config wire;
    const char *tap;
    struct baro_host_address address[ADDRESSES];
    unsigned addresses;
    struct baro_iperf_config config;
    bool server, once;
    struct cable cable;
    struct baro_host *host;
    struct baro_iperf *iperf;
    int result;
};

static int help(void)
{
    printf("usage: baro iperf3 -s [OPTION ...]\n"
           "       baro iperf3 -c ADDRESS [OPTION ...]\n\n"
           "A host on a TAP that is iperf3's server, or its client against `iperf3 -s` of this machine, over TCP.\n"
           "Give this machine's end an address: ip addr add 10.9.0.1/24 dev NAME; ip link set NAME up.\n\n"
           "  -s               be the server; ends at Ctrl-C\n"
           "  -1               of the server: end after one test\n"
           "  -c ADDRESS       measure against the server there, once\n"
           "  -p PORT          its port (default 5201)\n"
           "  -t SECONDS       for so long (default 10)\n"
           "  -n OCTETS        so many in place of a time; K, M and G behind it are 1,024 each\n"
           "  -l OCTETS        of each send (default 128K, up to 1M)\n"
           "  -P STREAMS       side by side (default 1, up to 128)\n"
           "  -R               the server sends\n"
           "  --tap NAME       the TAP (default baro0)\n"
           "  --address A/P    the host's addresses of both families, commas between (default 10.9.0.2/24)\n"
           "  --wire SPEC      the wire between the host and the TAP, as in baro-tap(1)\n" BUSY_HELP OBSERVE_HELP);
    return TOOL_OK;
}

/* Octets with K, M or G behind them, 1 to `most`. */
static bool parse_octets(const char *text, uint64_t most, uint64_t *octets)
{
    static const char units[] = "KMG";
    char *end;
    const char *unit;

    errno = 0;
    *octets = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || errno != 0)
        return false;
    unit = *end == '\0' ? NULL : strchr(units, toupper((unsigned char)*end++));
    if (*end != '\0' || (unit == NULL && end != text && !isdigit((unsigned char)end[-1])))
        return false;
    for (; unit != NULL && unit >= units; unit--) {
        if (*octets > most / 1024)
            return false;
        *octets *= 1024;
    }
    return *octets >= 1 && *octets <= most;
}

static int parse_number(struct iperf_tool *tool, char option, const char *text)
{
    static const struct {
        char option;
        uint64_t most;
    } known[] = { { 'p', 65535 }, { 't', 86400 }, { 'n', UINT64_C(1) << 50 }, { 'l', BARO_IPERF_BLOCK },
                  { 'P', BARO_IPERF_STREAMS } };
    uint64_t number = 0;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].option == option && !parse_octets(text, known[i].most, &number))
            return tool_usage("iperf3", "'-%c %s' is no number from 1 to %llu", option, text,
                              (unsigned long long)known[i].most);
    }
    if (option == 'p') {
        tool->config.port = (uint16_t)number;
        tool->config.server.port.number = (uint16_t)number;
    } else if (option == 't') {
        tool->config.time.ns = (int64_t)number * 1000000000;
    } else if (option == 'n') {
        tool->config.octets = number;
    } else if (option == 'l') {
        tool->config.block = (uint32_t)number;
    } else {
        tool->config.streams = (unsigned)number;
    }
    return TOOL_OK;
}

static int parse_value(struct iperf_tool *tool, const char *word, const char *value)
{
    char error[160];

    if (strcmp(word, "-c") == 0) {
        struct baro_host_address server;

        if (address_list_parse(value, &server, 1) != 1)
            return tool_usage("iperf3", "'%s' is no address of a server", value);
        tool->config.server.address = server.address;
        return TOOL_OK;
    }
    if (strcmp(word, "--tap") == 0) {
        tool->tap = value;
        return port_name_is_right(value) ? TOOL_OK
                                         : tool_usage("iperf3", "'%s' is no name of a TAP, nor " PORT_NAMES, value);
    }
    if (strcmp(word, "--address") == 0) {
        tool->addresses = address_list_parse(value, tool->address, ADDRESSES);
        return tool->addresses != 0 ? TOOL_OK
                                    : tool_usage("iperf3", "'%s' is no address of a host, or a list of up to 8", value);
    }
    if (strcmp(word, "--wire") == 0)
        return baro_wire_parse(value, &tool->wire, error, sizeof error) == 0 ? TOOL_OK
                                                                              : tool_usage("iperf3", "%s", error);
    return parse_number(tool, word[1], value);
}

static bool has_value(const char *word)
{
    static const char *const words[] = { "-c", "-p", "-t", "-n", "-l", "-P", "--tap", "--address", "--wire" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static int parse(struct iperf_tool *tool, int argc, char **argv)
{
    bool client;
    int at = 1;

    while (at < argc) {
        int taken = observe_option(&tool->observe, argc, argv, &at);

        if (taken == 0)
            taken = busy_option(&tool->cable.busy, "iperf3", argc, argv, &at);
        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        const char *word = argv[at];
        if (strcmp(word, "-s") == 0) {
            tool->server = true;
        } else if (strcmp(word, "-1") == 0) {
            tool->once = true;
        } else if (strcmp(word, "-R") == 0) {
            tool->config.reverse = true;
        } else if (!has_value(word)) {
            return tool_usage("iperf3", "no option '%s'; --help tells more", word);
        } else if (++at >= argc) {
            return tool_usage("iperf3", "%s wants a value", word);
        } else if (parse_value(tool, word, argv[at]) != TOOL_OK) {
            return TOOL_USAGE;
        }
        at++;
    }
    client = tool->config.server.address.family != BARO_FAMILY_NONE;
    if (client == tool->server)
        return tool_usage("iperf3", "one of -s and -c ADDRESS");
    if (tool->server && (tool->config.reverse || tool->config.streams != 0 || tool->config.time.ns != 0 ||
                         tool->config.octets != 0 || tool->config.block != 0))
        return tool_usage("iperf3", "-t, -n, -l, -P and -R are the client's to say");
    if (client && tool->once)
        return tool_usage("iperf3", "-1 is of the server");
    return TOOL_OK;
}

static void report(void *context, const struct baro_iperf_result *result)
{
    struct iperf_tool *tool = context;
    double seconds = (double)result->time.ns / 1e9;
    double rate = seconds > 0 ? (double)result->octets * 8 / seconds / 1e9 : 0;

    tool->result = result->error == NULL ? TOOL_OK : TOOL_FAILED;
    if (result->error != NULL)
        fprintf(stderr, "baro iperf3: the test failed: %s\n", result->error);
    else
        printf("%s %llu octets in %.2f s, %u stream%s: %.3f Gbit/s; the other end %s %llu",
               result->sender ? "sent" : "received", (unsigned long long)result->octets, seconds, result->streams,
               result->streams == 1 ? "" : "s", rate, result->sender ? "received" : "sent",
               (unsigned long long)result->peer_octets);
    if (result->error == NULL && result->sender)
        printf("; %llu segments sent again", (unsigned long long)result->retransmits);
    if (result->error == NULL)
        printf("\n");
    fflush(stdout);
    if (!tool->server || tool->once)
        baro_loop_stop(tool->cable.loop, 0);
}

static void run_program(void *context, struct baro_host *host)
{
    struct iperf_tool *tool = context;

    if (tool->iperf != NULL)
        baro_iperf_poll(tool->iperf, baro_network_now(baro_host_network(host)));
}

static bool program_deadline(void *context, struct baro_instant *deadline)
{
    struct iperf_tool *tool = context;

    return tool->iperf != NULL && baro_iperf_next_deadline(tool->iperf, deadline);
}

static int build(struct iperf_tool *tool)
{
    const struct cable_config cable = { .tool = "iperf3",
                                        .name = tool->tap,
                                        .wire = &tool->wire,
                                        .faithful = tool->observe.journey,
                                        .captured = tool->observe.pcap_path != NULL };
    int error;

    if (cable_open(&tool->cable, &cable) != TOOL_OK || cable_watch(&tool->cable) != TOOL_OK)
        return TOOL_FAILED;
    const struct baro_host_config host = { .name = "baro", .wire = tool->cable.wire, .device = tool->cable.device,
                                           .addresses = tool->address, .address_count = tool->addresses,
                                           .program = run_program, .program_deadline = program_deadline,
                                           .program_context = tool, .trace = observe_sink(&tool->observe) };
    tool->host = baro_host_create(tool->cable.network, &host, &error);
    if (tool->host == NULL) {
        fprintf(stderr, "baro iperf3: no host: %s\n", strerror(-error));
        return TOOL_FAILED;
    }
    tool->config.memory = names_memory();
    tool->config.stack = baro_host_stack(tool->host);
    tool->config.report = report;
    tool->config.context = tool;
    for (size_t i = 0; i < sizeof tool->config.seed; i += 8) {
        uint64_t seed = tool_seed(tool->wire.seed);

        memcpy(tool->config.seed + i, &seed, sizeof seed);
    }
    tool->iperf = baro_iperf_create(&tool->config, &error);
    if (tool->iperf == NULL)
        fprintf(stderr, "baro iperf3: %s\n", strerror(-error));
    return tool->iperf == NULL ? TOOL_FAILED : TOOL_OK;
}

int tool_iperf3(int argc, char **argv)
{
    static struct iperf_tool tool;
    struct baro_statistics statistics;
    int result;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    observe_init(&tool.observe, "iperf3");
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
    if (tool.server)
        fprintf(stderr, "baro iperf3: a server on %s; Ctrl-C ends it\n", tool.tap);
    baro_loop_run(tool.cable.loop);
    baro_iperf_free(tool.iperf);
    tool.iperf = NULL;
    for (int i = 0; i < 4; i++) /* what its sockets still say */
        baro_loop_turn(tool.cable.loop, (struct baro_duration){ 1000000 });
    baro_stack_statistics(baro_host_stack(tool.host), &statistics);
    if (tool.observe.stats) {
        baro_statistics_print(stderr, &statistics, BARO_STATISTICS_TABLE, tool.observe.language);
        cable_print(&tool.cable, stderr);
    }
    result = observe_close(&tool.observe);
    cable_close(&tool.cable);
    return result != TOOL_OK ? result : tool.result;
}
