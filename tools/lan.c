/* tools/lan.c: `baro lan`: unmodified programs, each on a host of its own, joined by wires, switches and routers.
 *
 * One supervising process: the stacks of hosts and routers, the wires and the seccomp supervisor are sources of one
 * loop. A host's program is started once the program of the host before it listens or has ended, so a client finds its
 * server. The run ends when the last host's program has ended; the others are then told to end.
 *
 * In each host's stack a name server answers for the names of all hosts and routers, polled behind its stack. */
#include "lan.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tools.h"

/* Sees who listens: a listen call that returned 0. */
static void watch_listen(void *context, const struct baro_trace_event *event)
{
    struct lan *lan = context;

    if (event->kind == BARO_TRACE_CALL)
        lan->listen_call[event->host] = event->value[0].as.number == BARO_TRACE_CALL_LISTEN;
    else if (event->kind == BARO_TRACE_CALL_END && lan->listen_call[event->host] &&
             event->value[1].as.signed_number == 0)
        lan->station[event->host].listening = true;
}

/* Its program would find no address yet. */
static bool may_start(const struct lan *lan, const struct lan_station *host, struct baro_instant now)
{
    return lan_has_addresses(host) || now.ns - lan->begin.ns > (int64_t)LAN_PATIENCE_S * 1000000000;
}

static bool start_next(void *context, struct baro_instant now)
{
    struct lan *lan = context;
    bool ready = true, did = false;

    for (int i = 0; i < lan->hosts; i++) {
        struct lan_station *host = &lan->station[i];

        if (!host->started && ready && may_start(lan, host, now)) {
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
    struct lan_station *last = &lan->station[lan->hosts - 1];

    for (int i = 0; i < lan->hosts; i++) {
        if (lan->station[i].started && lan->station[i].program == program)
            lan->station[i].ended = true;
    }
    if (!last->started || last->program != program)
        return;
    lan->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    baro_loop_stop(lan->loop, 0);
}

/* What the host's programs see of its interface. */
static void show_interface(const struct lan *lan, const struct lan_station *host, struct baro_run_interface *interface)
{
    const struct lan_port *port = &host->port[0];
    int gateways = 0;

    *interface = (struct baro_run_interface){ .number = baro_host_interface(host->host),
                                              .mac = baro_host_mac(host->host),
                                              .mtu = lan->wire[port->wire].config.mtu };
    for (unsigned i = 0; i < port->addresses; i++) {
        interface->address[i].address = port->address[i].address;
        interface->address[i].prefix_length = port->address[i].prefix_length;
    }
    for (int i = 0; i < 2; i++) {
        if (host->gateway[i].family != BARO_FAMILY_NONE)
            interface->gateway[gateways++] = host->gateway[i];
    }
}

static int supervise(struct lan *lan)
{
    const struct baro_run_config config = { .loop = lan->loop, .ended = program_ended, .context = lan };
    const struct baro_source starter = { lan, start_next, NULL };
    const struct baro_source puller = { lan, lan_pull_run, lan_pull_deadline };

    lan->run = baro_run_create(&config);
    if (lan->run == NULL)
        return TOOL_FAILED;
    for (int i = 0; i < lan->hosts; i++) {
        struct baro_run_host host = { .stack = baro_host_stack(lan->station[i].host),
                                      .name_server = names_address(),
                                      .search = NAMES_DOMAIN };

        show_interface(lan, &lan->station[i], &host.interface[0]);
        if (baro_run_add_host(lan->run, &host) != i)
            return TOOL_FAILED;
    }
    lan->begin = baro_loop_now();
    (void)lan_pull_run(lan, lan->begin);
    if (baro_loop_add_source(lan->loop, &puller) != 0 || baro_loop_add_source(lan->loop, &starter) != 0)
        return TOOL_FAILED;
    baro_loop_run(lan->loop);
    return lan->status;
}

/* For the journey and captures: where there is more than one wire, the wire's name too. */
static void name_station(struct lan *lan, struct lan_station *station)
{
    station->trace_host = observe_host(&lan->observe, station->name);
    for (int i = 0; i < station->ports && lan->wires > 1; i++) /* interfaces count from 1, in the order of ports */
        observe_interface(&lan->observe, station->trace_host, (uint32_t)i + 1, lan->wire[station->port[i].wire].name);
}

int tool_lan(int argc, char **argv)
{
    static struct lan lan;
    const struct baro_trace_sink listen_sink = { &lan, watch_listen };
    int result;

    observe_init(&lan.observe, "lan");
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return lan_help();
    result = lan_options(&lan, argc, argv);
    if (result != TOOL_OK)
        return result;
    for (int i = 0; i < lan.stations; i++)
        name_station(&lan, &lan.station[i]);
    observe_add(&lan.observe, listen_sink);
    result = observe_open(&lan.observe);
    if (result != TOOL_OK)
        return result;
    lan.loop = baro_loop_create();
    if (lan.loop == NULL || baro_loop_busy_poll(lan.loop, lan.busy) != 0 || lan_network(&lan) != TOOL_OK ||
        baro_loop_add_network(lan.loop, lan.network) != 0) {
        fprintf(stderr, "baro lan: the network could not be made\n");
        return TOOL_FAILED;
    }
    result = supervise(&lan);
    if (lan.observe.stats)
        lan_statistics(&lan);
    baro_run_free(lan.run);
    lan_services_close(&lan);
    if (observe_close(&lan.observe) != TOOL_OK && result == TOOL_OK)
        result = TOOL_FAILED;
    baro_network_free(lan.network);
    baro_loop_free(lan.loop);
    return result;
}
