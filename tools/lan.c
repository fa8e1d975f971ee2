/* tools/lan.c: `baro lan`: unmodified programs, each on a host of its own, joined by one wire (or a switch).
 *
 * One supervising process: the hosts' stacks, the wires and the seccomp supervisor are sources of one loop. A host's
 * program is started once the program of the host before it listens or has ended, so a client finds its server. The
 * run ends when the last host's program has ended; the others are then told to end.
 *
 * In each stack a name server answers for the names of all hosts, polled behind its stack. */
#include "tools.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "address.h"
#include "baro/loop.h"
#include "baro/network.h"
#include "baro/run.h"
#include "names.h"
#include "observe.h"

enum { LAN_ADDRESSES = 8 /* of a host */ };

struct lan_host {
    const char *name;
    char name_memory[32];
    struct baro_host_address address[LAN_ADDRESSES];
    unsigned addresses;
    char **argument;
    uint32_t trace_host;
    struct baro_host *host;
    struct baro_dns_server *names;
    int program;
    bool started, listening, ended;
};

struct lan {
    struct observe observe;
    struct baro_wire_config wire;
    struct lan_host host[OBSERVE_HOSTS];
    int hosts, status;
    struct baro_loop *loop;
    struct baro_network *network;
    struct baro_run *run;
    bool listen_call[OBSERVE_HOSTS];
};

static int help(void)
{
    printf("usage: baro lan [OPTION ...] --host NAME=ADDRESS[/PREFIX][,...] PROGRAM ... [--host ...] ...\n\n"
           "Runs unmodified programs, each on a host of its own with its own TCP/IP stack, joined by a wire\n"
           "(more than two: by a switch). A host's program starts when the one before it listens. The run ends\n"
           "with the last host's program, whose exit code is baro's. Programs find hosts by NAME and NAME.lan.\n"
           "A host has up to eight addresses of both families, commas between.\n\n"
           "  --wire SPEC      the wire: 100base-tx, 10base-t or fast, with faults (default 100base-tx):\n"
           "                   loss=1%% delay=20ms jitter=2ms reorder=1%% duplicate=1%% corrupt=1%% rate=10mbit\n"
           "                   queue=64k mtu=1500 noise=300 ppm=100 seed=7, words with commas between\n" OBSERVE_HELP
           "\nbaro lan --host server=10.7.0.1 python3 -m http.server --host client=10.7.0.2 curl server:8000\n");
    return TOOL_OK;
}

/* Sees who listens: a listen call that returned 0. */
static void watch_listen(void *context, const struct baro_trace_event *event)
{
    struct lan *lan = context;

    if (event->kind == BARO_TRACE_CALL)
        lan->listen_call[event->host] = event->value[0].as.number == BARO_TRACE_CALL_LISTEN;
    else if (event->kind == BARO_TRACE_CALL_END && lan->listen_call[event->host] &&
             event->value[1].as.signed_number == 0)
        lan->host[event->host].listening = true;
}

static int parse_host(struct lan *lan, const char *word)
{
    struct lan_host *host = &lan->host[lan->hosts];
    const char *equals = strchr(word, '=');

    if (lan->hosts == OBSERVE_HOSTS)
        return tool_usage("lan", "more than %d hosts", OBSERVE_HOSTS);
    if (equals == NULL || equals == word || (size_t)(equals - word) >= sizeof host->name_memory)
        return tool_usage("lan", "--host wants NAME=ADDRESS[/PREFIX], not '%s'", word);
    memcpy(host->name_memory, word, (size_t)(equals - word));
    host->name = host->name_memory;
    host->addresses = address_list_parse(equals + 1, host->address, LAN_ADDRESSES);
    if (host->addresses == 0)
        return tool_usage("lan", "'%s' is no address of a host, or a list of up to 8", equals + 1);
    lan->hosts++;
    return TOOL_OK;
}

/* The programs' words: everything up to the next --host. argv is cut there. */
static int parse_hosts(struct lan *lan, int argc, char **argv, int at)
{
    while (at < argc) {
        struct lan_host *host;

        if (strcmp(argv[at], "--host") != 0)
            return tool_usage("lan", "no option '%s'; --help tells more", argv[at]);
        argv[at] = NULL;
        if (at + 1 >= argc)
            return tool_usage("lan", "--host wants NAME=ADDRESS[/PREFIX]");
        if (parse_host(lan, argv[at + 1]) != TOOL_OK)
            return TOOL_USAGE;
        host = &lan->host[lan->hosts - 1];
        at += 2;
        host->argument = argv + at;
        while (at < argc && strcmp(argv[at], "--host") != 0)
            at++;
        if (host->argument == argv + at)
            return tool_usage("lan", "host %s has no program", host->name);
    }
    if (lan->hosts < 2)
        return tool_usage("lan", "a LAN has two hosts or more; `baro run` runs a program on one");
    return TOOL_OK;
}

static int parse(struct lan *lan, int argc, char **argv)
{
    char error[160];
    int at = 1;

    lan->wire.kind = BARO_MEDIUM_100BASE_TX;
    while (at < argc && strcmp(argv[at], "--host") != 0) {
        int taken = observe_option(&lan->observe, argc, argv, &at);

        if (taken < 0)
            return TOOL_USAGE;
        if (taken > 0)
            continue;
        if (strcmp(argv[at], "--wire") != 0)
            return tool_usage("lan", "no option '%s'; --help tells more", argv[at]);
        if (at + 1 >= argc)
            return tool_usage("lan", "--wire wants a specification");
        if (baro_wire_parse(argv[at + 1], &lan->wire, error, sizeof error) != 0)
            return tool_usage("lan", "%s", error);
        at += 2;
    }
    return parse_hosts(lan, argc, argv, at);
}

static bool start_next(void *context, struct baro_instant now)
{
    struct lan *lan = context;
    bool ready = true, did = false;

    (void)now;
    for (int i = 0; i < lan->hosts; i++) {
        struct lan_host *host = &lan->host[i];

        if (!host->started && ready) {
            const struct baro_run_program program = { .host = i, .argument = host->argument };

            host->started = true;
            did = true;
            host->program = baro_run_spawn(lan->run, &program);
            if (host->program < 0) {
                lan->status = TOOL_FAILED;
                baro_loop_stop(lan->loop, 0);
                return false;
            }
        }
        ready = host->started && (host->listening || host->ended);
    }
    return did;
}

static void program_ended(void *context, int program, int wait_status)
{
    struct lan *lan = context;
    struct lan_host *last = &lan->host[lan->hosts - 1];

    for (int i = 0; i < lan->hosts; i++) {
        if (lan->host[i].started && lan->host[i].program == program)
            lan->host[i].ended = true;
    }
    if (!last->started || last->program != program)
        return;
    lan->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    baro_loop_stop(lan->loop, 0);
}

/* The program of a host's stack: its name server. */
static void serve_names(void *context, struct baro_host *host)
{
    struct lan_host *lan_host = context;

    if (lan_host->names != NULL)
        baro_dns_server_poll(lan_host->names, baro_network_now(baro_host_network(host)));
}

static int add_names(struct baro_dns_server *names, const struct lan_host *host)
{
    int error = 0;

    for (unsigned i = 0; i < host->addresses && error == 0; i++)
        error = baro_dns_server_add_host(names, host->name, host->address[i].address);
    return error;
}

/* Not told to the trace: nobody's program opens these sockets, and who listens starts the next host. */
static int open_names(struct lan *lan)
{
    int error = 0;

    for (int i = 0; i < lan->hosts; i++) {
        struct baro_stack *stack = baro_host_stack(lan->host[i].host);

        baro_stack_set_trace(stack, (struct baro_trace_sink){ 0 }, lan->host[i].trace_host);
        lan->host[i].names = names_open(stack, &error);
        baro_stack_set_trace(stack, observe_sink(&lan->observe), lan->host[i].trace_host);
        for (int j = 0; lan->host[i].names != NULL && error == 0 && j < lan->hosts; j++)
            error = add_names(lan->host[i].names, &lan->host[j]);
        if (error != 0) {
            fprintf(stderr, "baro lan: no names for host %s: %s\n", lan->host[i].name, strerror(-error));
            return TOOL_FAILED;
        }
    }
    return TOOL_OK;
}

static int build(struct lan *lan)
{
    const struct baro_network_config network = { .seed = tool_seed(lan->wire.seed),
                                                 .now = baro_loop_now() };
    struct baro_switch *bridge = NULL;
    struct baro_wire *wire = NULL;

    lan->network = baro_network_create(&network);
    if (lan->network == NULL)
        return TOOL_FAILED;
    if (lan->hosts > 2) {
        bridge = baro_switch_create(lan->network);
        lan->wire.no_large = true;
    }
    for (int i = 0; i < lan->hosts; i++) {
        struct lan_host *host = &lan->host[i];

        if (wire == NULL || bridge != NULL) {
            wire = baro_wire_create(lan->network, &lan->wire);
            if (wire == NULL || (bridge != NULL && baro_switch_join(bridge, wire) != 0))
                return TOOL_FAILED;
        }
        const struct baro_host_config config = { .name = host->name,
                                                 .wire = wire,
                                                 .addresses = host->address,
                                                 .address_count = host->addresses,
                                                 .program = serve_names,
                                                 .program_context = host,
                                                 .trace = observe_sink(&lan->observe),
                                                 .trace_host = host->trace_host };
        host->host = baro_host_create(lan->network, &config, NULL);
        if (host->host == NULL)
            return TOOL_FAILED;
    }
    return open_names(lan);
}

static int supervise(struct lan *lan)
{
    const struct baro_run_config config = { .loop = lan->loop, .ended = program_ended, .context = lan };
    const struct baro_source starter = { lan, start_next, NULL };

    lan->run = baro_run_create(&config);
    if (lan->run == NULL)
        return TOOL_FAILED;
    for (int i = 0; i < lan->hosts; i++) {
        const struct lan_host *one = &lan->host[i];
        struct baro_run_host host = { .stack = baro_host_stack(one->host),
                                            .interface = { { .number = baro_host_interface(one->host),
                                                             .mac = baro_host_mac(one->host),
                                                             .mtu = lan->wire.mtu } },
                                            .name_server = names_address(),
                                            .search = NAMES_DOMAIN };

        for (unsigned j = 0; j < one->addresses; j++) {
            host.interface[0].address[j].address = one->address[j].address;
            host.interface[0].address[j].prefix_length = one->address[j].prefix_length;
        }
        if (baro_run_add_host(lan->run, &host) != i)
            return TOOL_FAILED;
    }
    if (baro_loop_add_source(lan->loop, &starter) != 0)
        return TOOL_FAILED;
    baro_loop_run(lan->loop);
    return lan->status;
}

/* One line: the counters of all hosts added up. */
static void print_statistics(struct lan *lan)
{
    struct baro_statistics sum = { 0 };

    for (int i = 0; i < lan->hosts; i++) {
        struct baro_statistics one;

        baro_stack_statistics(baro_host_stack(lan->host[i].host), &one);
#define ADD(name, text) sum.name += one.name;
        BARO_COUNTERS(ADD)
#undef ADD
        for (int reason = 0; reason < BARO_DROP_COUNT; reason++)
            sum.drops[reason] += one.drops[reason];
    }
    fprintf(stderr, "%d hosts: ", lan->hosts);
    baro_statistics_print(stderr, &sum, BARO_STATISTICS_LINE, lan->observe.language);
}

int tool_lan(int argc, char **argv)
{
    static struct lan lan;
    const struct baro_trace_sink listen_sink = { &lan, watch_listen };
    int result;

    observe_init(&lan.observe, "lan");
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    result = parse(&lan, argc, argv);
    if (result != TOOL_OK)
        return result;
    for (int i = 0; i < lan.hosts; i++)
        lan.host[i].trace_host = observe_host(&lan.observe, lan.host[i].name);
    observe_add(&lan.observe, listen_sink);
    result = observe_open(&lan.observe);
    if (result != TOOL_OK)
        return result;
    lan.loop = baro_loop_create();
    if (lan.loop == NULL || build(&lan) != TOOL_OK || baro_loop_add_network(lan.loop, lan.network) != 0) {
        fprintf(stderr, "baro lan: out of memory, or hosts with the same address or name\n");
        return TOOL_FAILED;
    }
    result = supervise(&lan);
    if (lan.observe.stats)
        print_statistics(&lan);
    baro_run_free(lan.run);
    for (int i = 0; i < lan.hosts; i++)
        baro_dns_server_free(lan.host[i].names);
    if (observe_close(&lan.observe) != TOOL_OK && result == TOOL_OK)
        result = TOOL_FAILED;
    baro_network_free(lan.network);
    baro_loop_free(lan.loop);
    return result;
}
