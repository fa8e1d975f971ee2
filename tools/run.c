/* tools/run.c: `baro run`: an unmodified program on a host of its own, joined by a wire to a gateway host that ends its
 * flows in ordinary sockets of this machine. With --tap the wire ends in a TAP instead, and this machine's kernel is
 * the other host of it: nothing of ours stands between the two stacks but the wire and its faults.
 *
 * One supervising process and one loop: the network (two stacks and the wire), the gateway, the seccomp
 * supervisor. The program keeps the terminal and the process group, so Ctrl-C reaches it directly; what is
 * sent to baro alone is passed on. When it has ended, what it wrote is still delivered, as a kernel would,
 * for at most LINGER_S. */
#include "tools.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "baro/gateway.h"
#include "baro/loop.h"
#include "baro/network.h"
#include "baro/run.h"
#include "baro/tap.h"
#include "busy.h"
#include "observe.h"
#include "publish.h"

enum { LINGER_S = 10, QUIET_S = 5, IPV6_MTU = 1280 };

/* A limit for the buffers of a host, not memory taken: 8,000 connections to itself charge 128 KiB at each end, because
 * segments of 64 KiB travel there. */
#define HOST_MEMORY ((size_t)2 << 30)

struct run_tool {
    struct observe observe;
    struct baro_duration busy; /* that the loop spins before it sleeps */
    struct baro_host_address address[2];     /* IPv4's, IPv6's; of family NONE: none */
    struct baro_address gateway_address[2];
    bool ipv6_given;
    struct baro_wire_config wire;
    struct publications publications;
    const char *tap_name; /* NULL: a gateway */
    struct baro_tap *tap;
    bool verbose, trap_every_message;
    char **argument;
    uint32_t trace_guest, trace_gateway;
    struct baro_loop *loop;
    struct baro_network *network;
    struct baro_host *guest, *gateway_host;
    struct baro_gateway *gateway;
    struct baro_run *run;
    struct baro_watch *signals_watch;
    int signals, program, status;
};

static int help(void)
{
    printf(
        "usage: baro run [OPTION ...] [--] PROGRAM [ARGUMENT ...]\n\n"
        "Runs an unmodified program on a private host with its own TCP/IP stack, joined by a wire to a "
        "gateway:\n"
        "its connections and datagrams leave by ordinary sockets of this machine, names resolve. "
        "127.0.0.1 is\n"
        "the private host's own; the gateway (gateway.lan), the subnet's first address (10.0.2.1, fdba:70::1),\n"
        "leads to this machine's own. Needs no root.\n\n"
        "  --address A[/P]  the private host's address, or one of each family, a comma between (default\n"
        "                   10.0.2.100/24,fdba:70::100/64)\n"
        "  --wire SPEC      the wire to the gateway: fast, 100base-tx or 10base-t, with faults (default "
        "fast):\n"
        "                   loss=1%% burst=4 delay=20ms jitter=2ms reorder=1%% duplicate=1%% corrupt=1%%\n"
        "                   rate=10mbit queue=64k ecn=20 mtu=1500 blackhole=1300 noise=300 ppm=100 seed=7,\n"
        "                   words with commas between\n"
        "  -p [ADDRESS:]HOST:GUEST  lead TCP port HOST of this machine (of 127.0.0.1 and ::1; -p [::]:80:8080 is of\n"
        "                   all IPv6 addresses) to port GUEST\n"
        "  --tap NAME       end the wire in the TAP NAME: the other host is this machine's kernel, for which\n"
        "                   the subnet's first address is right: ip addr add 10.0.2.1/24 dev NAME; ip link set "
        "NAME up\n" BUSY_HELP OBSERVE_HELP "  --trap-messages  trap sendmsg and recvmsg on every descriptor (programs "
        "that dup datagram sockets)\n"
        "  --verbose        say what the kernel lacks, too\n"
        "\nbaro run -- curl http://example.com/\n");
    return TOOL_OK;
}

/* One address of each family, at most; the other family's stays what it was. */
static int parse_addresses(struct run_tool *tool, const char *word)
{
    struct baro_host_address list[2];
    unsigned count = address_list_parse(word, list, 2);
    bool wrong = count == 0 || (count == 2 && list[0].address.family == list[1].address.family);

    for (unsigned i = 0; i < count && !wrong; i++) {
        bool v6 = list[i].address.family == BARO_FAMILY_IPV6;

        wrong = list[i].prefix_length > (v6 ? 126 : 30);
        tool->address[v6] = list[i];
        tool->ipv6_given |= v6;
    }
    if (wrong)
        return tool_usage("run", "'%s' is no address of a host in a subnet of two or more, nor one of each family",
                          word);
    return TOOL_OK;
}

/* One option at argv[*at], which is not one of observe's. */
static int parse_option(struct run_tool *tool, int argc, char **argv, int *at)
{
    const char *option = argv[*at], *value = *at + 1 < argc ? argv[*at + 1] : NULL;
    char error[160];

    *at += 1;
    if (strcmp(option, "--verbose") == 0) {
        tool->verbose = true;
        return TOOL_OK;
    }
    if (strcmp(option, "--trap-messages") == 0) {
        tool->trap_every_message = true;
        return TOOL_OK;
    }
    if (strcmp(option, "--address") != 0 && strcmp(option, "--wire") != 0 && strcmp(option, "-p") != 0 &&
        strcmp(option, "--tap") != 0)
        return tool_usage("run", "no option '%s'; --help tells more", option);
    if (!value)
        return tool_usage("run", "%s wants a value; --help tells more", option);
    *at += 1;
    if (strcmp(option, "-p") == 0)
        return publications_add(&tool->publications, "run", value, false);
    if (strcmp(option, "--tap") == 0) {
        tool->tap_name = value;
        return interface_name_is_right(value)
                   ? TOOL_OK
                   : tool_usage("run", "'%s' is no name of a TAP: up to 15 octets, no slash", value);
    }
    if (strcmp(option, "--wire") == 0)
        return baro_wire_parse(value, &tool->wire, error, sizeof error) == 0 ? TOOL_OK
                                                                             : tool_usage("run", "%s", error);
    return parse_addresses(tool, value);
}

/* The gateway's addresses; and no IPv6 where nobody would speak it, or the wire is too narrow for it (RFC 8200 §5). */
static int settle_addresses(struct run_tool *tool)
{
    bool narrow = tool->wire.mtu != 0 && tool->wire.mtu < IPV6_MTU;

    if (narrow && tool->ipv6_given)
        return tool_usage("run", "IPv6 wants a wire with an mtu of %d or more", IPV6_MTU);
    if (narrow || (tool->tap_name && !tool->ipv6_given))
        tool->address[1].address.family = BARO_FAMILY_NONE;
    for (int i = 0; i < 2; i++) {
        if (tool->address[i].address.family != BARO_FAMILY_NONE)
            tool->gateway_address[i] = address_gateway(tool->address[i].address, tool->address[i].prefix_length);
    }
    return TOOL_OK;
}

static int parse(struct run_tool *tool, int argc, char **argv)
{
    int at = 1;

    tool->address[0] = (struct baro_host_address){ baro_ipv4(10, 0, 2, 100), 24 };
    tool->address[1] = (struct baro_host_address){ baro_ipv6(0xfdba, 0x70, 0, 0, 0, 0, 0, 0x100), 64 };
    while (at < argc && argv[at][0] == '-') {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        int taken = observe_option(&tool->observe, argc, argv, &at);
        if (taken == 0)
            taken = busy_option(&tool->busy, "run", argc, argv, &at);
        if (taken < 0 || (taken == 0 && parse_option(tool, argc, argv, &at) != TOOL_OK))
            return TOOL_USAGE;
    }
    if (at >= argc)
        return tool_usage("run", "which program? `baro run -- PROGRAM ...`; --help tells more");
    if (tool->tap_name && tool->publications.count != 0)
        return tool_usage("run", "-p leads through the gateway; with --tap programs are reached at their own address");
    tool->argument = argv + at;
    return settle_addresses(tool);
}

static void tap_ready(void *context, uint32_t events)
{
    (void)context; /* the network, a source of the loop, takes the frames */
    (void)events;
}

/* The wire's other end: a switch that is a mere coupling to the TAP. */
static int build_tap(struct run_tool *tool, struct baro_wire *wire)
{
    const struct baro_mac mac = { { 2, 0xba, 0x70, 0, 0, 1 } };
    struct baro_switch *coupling = baro_switch_create(tool->network);

    tool->tap = baro_tap_open(tool->tap_name, tool->wire.mtu ? tool->wire.mtu : 1500, mac);
    if (!tool->tap) {
        fprintf(stderr, "baro run: cannot open the TAP %s: %s\n", tool->tap_name, strerror(errno));
        return TOOL_FAILED;
    }
    if (!coupling || baro_switch_join(coupling, wire) < 0 ||
        baro_switch_add_device(coupling, baro_tap_device(tool->tap)) < 0 ||
        !baro_loop_watch(tool->loop, baro_tap_descriptor(tool->tap), EPOLLIN, tap_ready, tool)) {
        fprintf(stderr, "baro run: out of memory\n");
        return TOOL_FAILED;
    }
    return TOOL_OK;
}

/* 0 or -errno. */
static int build_hosts(struct run_tool *tool, struct baro_wire *wire)
{
    const struct baro_host_address gateway_v6 = { tool->gateway_address[1], tool->address[1].prefix_length };
    const struct baro_address any_v6 = { .family = BARO_FAMILY_IPV6 };
    const bool v6 = tool->address[1].address.family != BARO_FAMILY_NONE;
    struct baro_host_config guest = { .name = "host",
                                      .wire = wire,
                                      .address = tool->address[0].address,
                                      .prefix_length = tool->address[0].prefix_length,
                                      .addresses = &tool->address[1],
                                      .address_count = v6,
                                      .gateway = tool->gateway_address[0],
                                      .memory_limit = HOST_MEMORY,
                                      .trace = observe_sink(&tool->observe),
                                      .trace_host = tool->trace_guest };
    struct baro_host_config gateway = { .name = "gateway",
                                        .wire = wire,
                                        .address = tool->gateway_address[0],
                                        .prefix_length = tool->address[0].prefix_length,
                                        .addresses = &gateway_v6,
                                        .address_count = v6,
                                        .forward_any_destination = true,
                                        .memory_limit = HOST_MEMORY,
                                        .trace = observe_sink(&tool->observe),
                                        .trace_host = tool->trace_gateway };
    int error;

    tool->guest = baro_host_create(tool->network, &guest, &error);
    if (error == 0 && v6)
        error = baro_host_add_route(tool->guest, any_v6, 0, tool->gateway_address[1]);
    if (error == 0 && !tool->tap)
        tool->gateway_host = baro_host_create(tool->network, &gateway, &error);
    return error;
}

static int build_network(struct run_tool *tool)
{
    const struct baro_network_config network = { .seed = tool_seed(tool->wire.seed),
                                                 .now = baro_loop_now() };
    int error;

    tool->wire.no_large |= tool->tap_name != NULL;
    tool->loop = baro_loop_create();
    tool->network = baro_network_create(&network);
    if (tool->loop)
        (void)baro_loop_busy_poll(tool->loop, tool->busy);
    struct baro_wire *wire = tool->network ? baro_wire_create(tool->network, &tool->wire) : NULL;
    if (!tool->loop || !wire) {
        fprintf(stderr, "baro run: out of memory\n");
        return TOOL_FAILED;
    }
    if (tool->tap_name && build_tap(tool, wire) != TOOL_OK)
        return TOOL_FAILED;
    error = build_hosts(tool, wire);
    if (error == 0)
        error = baro_loop_add_network(tool->loop, tool->network);
    if (error < 0) {
        fprintf(stderr, "baro run: cannot make the hosts: %s\n", strerror(-error));
        return TOOL_FAILED;
    }
    return TOOL_OK;
}

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "baro: %s\n", line);
}

static void program_ended(void *context, int program, int wait_status)
{
    struct run_tool *tool = context;

    (void)program;
    tool->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    baro_loop_stop(tool->loop, 0);
}

static int build_gateway(struct run_tool *tool)
{
    const struct baro_gateway_config config = { .loop = tool->loop,
                                                .stack = baro_host_stack(tool->gateway_host),
                                                .address = tool->gateway_address[0],
                                                .address_v6 = tool->gateway_address[1],
                                                .say = say };
    const struct baro_address guest[2] = { tool->address[0].address, tool->address[1].address };

    tool->gateway = baro_gateway_create(&config);
    if (!tool->gateway) {
        fprintf(stderr, "baro run: cannot make the gateway: %s\n", strerror(errno));
        return TOOL_FAILED;
    }
    for (int i = 0; i < 2; i++) /* the way to this machine by name; a family that is not there is no host's */
        (void)baro_dns_server_add_host(baro_gateway_names(tool->gateway), "gateway", tool->gateway_address[i]);
    return publications_open(&tool->publications, "run", tool->gateway, guest,
                             guest[1].family == BARO_FAMILY_NONE ? 1 : 2);
}

static int build_run(struct run_tool *tool)
{
    const struct baro_run_config config = { .loop = tool->loop,
                                            .trap_every_message = tool->trap_every_message,
                                            .verbose = tool->verbose,
                                            .ended = program_ended,
                                            .context = tool };
    const struct baro_run_host host = { .stack = baro_host_stack(tool->guest),
                                        .interface = { { .number = baro_host_interface(tool->guest),
                                                         .mac = baro_host_mac(tool->guest),
                                                         .mtu = tool->wire.mtu,
                                                         .address = { { tool->address[0].address,
                                                                        tool->address[0].prefix_length },
                                                                      { tool->address[1].address,
                                                                        tool->address[1].prefix_length } },
                                                         .gateway = { tool->gateway_address[0],
                                                                      tool->gateway_address[1] } } },
                                        .name_server = tool->gateway_address[0] };
    tool->run = baro_run_create(&config);
    if (!tool->run || baro_run_add_host(tool->run, &host) < 0) {
        fprintf(stderr, "baro run: this kernel has no seccomp user notification: %s\n", strerror(errno));
        return TOOL_FAILED;
    }
    return TOOL_OK;
}

/* A signal to this process: the terminal's reach the program by themselves, others are passed on. */
static void signal_came(void *context, uint32_t events)
{
    struct run_tool *tool = context;
    struct signalfd_siginfo information;

    (void)events;
    while (read(tool->signals, &information, sizeof information) == (ssize_t)sizeof information) {
        if (information.ssi_code != SI_KERNEL)
            baro_run_signal(tool->run, tool->program, (int)information.ssi_signo);
    }
}

static int start(struct run_tool *tool)
{
    const struct baro_run_program program = { .host = 0, .argument = tool->argument };
    sigset_t signals;

    tool->program = baro_run_spawn(tool->run, &program);
    if (tool->program < 0)
        return tool->program == -ENOENT ? 127 : 126;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGQUIT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* after the program took its own */
    tool->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    tool->signals_watch = baro_loop_watch(tool->loop, tool->signals, EPOLLIN, signal_came, tool);
    return TOOL_OK;
}

/* Nothing of the program's is on its way: no connection is left, or only such as wait for the other side's end, for
 * what is not acknowledged has a timer. */
static bool all_delivered(struct run_tool *tool)
{
    struct baro_run_statistics sockets;
    struct baro_statistics statistics;
    struct baro_instant deadline;

    baro_run_statistics(tool->run, &sockets);
    baro_stack_statistics(baro_host_stack(tool->guest), &statistics);
    if (sockets.sockets)
        return false;
    return statistics.tcp_connections == 0 || !baro_network_next_deadline(tool->network, &deadline) ||
           deadline.ns - baro_network_now(tool->network).ns > (int64_t)QUIET_S * 1000000000;
}

/* The program has ended; what it wrote goes on its way. */
static void linger(struct run_tool *tool)
{
    int64_t limit_ns = baro_loop_now().ns + (int64_t)LINGER_S * 1000000000;

    baro_loop_turn(tool->loop, (struct baro_duration){ 0 });
    while (!all_delivered(tool) && baro_loop_now().ns < limit_ns)
        baro_loop_turn(tool->loop, (struct baro_duration){ 10000000 });
    baro_loop_turn(tool->loop, (struct baro_duration){ 0 });
}

static void print_statistics(struct run_tool *tool)
{
    struct baro_statistics statistics;

    baro_stack_statistics(baro_host_stack(tool->guest), &statistics);
    fprintf(stderr, "host: ");
    baro_statistics_print(stderr, &statistics, BARO_STATISTICS_LINE, tool->observe.language);
    if (!tool->gateway_host)
        return;
    baro_stack_statistics(baro_host_stack(tool->gateway_host), &statistics);
    fprintf(stderr, "gateway: ");
    baro_statistics_print(stderr, &statistics, BARO_STATISTICS_LINE, tool->observe.language);
}

static int supervise(struct run_tool *tool)
{
    int result = build_network(tool);

    if (result == TOOL_OK && tool->gateway_host)
        result = build_gateway(tool);
    if (result == TOOL_OK)
        result = build_run(tool);
    if (result == TOOL_OK)
        result = start(tool);
    if (result != TOOL_OK)
        return result;
    baro_loop_run(tool->loop);
    linger(tool);
    if (tool->observe.stats)
        print_statistics(tool);
    return tool->status;
}

int tool_run(int argc, char **argv)
{
    static struct run_tool tool;
    int result;

    observe_init(&tool.observe, "run");
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help();
    result = parse(&tool, argc, argv);
    if (result != TOOL_OK)
        return result;
    tool.trace_guest = observe_host(&tool.observe, "host");
    if (!tool.tap_name)
        tool.trace_gateway = observe_host(&tool.observe, "gateway");
    result = observe_open(&tool.observe);
    if (result != TOOL_OK)
        return result;
    tool.signals = -1;
    result = supervise(&tool);
    if (tool.signals >= 0) {
        baro_loop_unwatch(tool.loop, tool.signals_watch);
        close(tool.signals);
    }
    baro_run_free(tool.run);
    if (tool.gateway)
        baro_gateway_free(tool.gateway);
    if (observe_close(&tool.observe) != TOOL_OK && result == TOOL_OK)
        result = TOOL_FAILED;
    if (tool.network)
        baro_network_free(tool.network);
    baro_tap_close(tool.tap);
    baro_loop_free(tool.loop);
    return result;
}
