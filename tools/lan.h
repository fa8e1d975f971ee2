/* tools/lan.h: what `baro lan` was asked for, and how it is built.
 *
 * lan_options.c reads the command line, lan_plan.c says what does not fit together and finds the default gateways,
 * lan_network.c makes wires, stacks and routes of it, lan_services.c names in the stacks, lan.c runs the programs,
 * lan_pull.c pulls plugs, lan_statistics.c tells the counters at the end. Before lan_network.c nothing exists. */
#ifndef TOOLS_LAN_H
#define TOOLS_LAN_H

#include "baro/loop.h"
#include "baro/mdns.h"
#include "baro/network.h"
#include "baro/run.h"
#include "names.h"
#include "observe.h"

enum {
    LAN_WIRES = 16,               /* as many as a router's stack has interfaces */
    LAN_STATIONS = OBSERVE_HOSTS, /* hosts and routers together */
    LAN_ADDRESSES = 8,            /* of a host, or of a router on one wire */
    LAN_ROUTES = 64,
    LAN_PULLS = 64,
    LAN_NAME = 32,                /* with the NUL */
    LAN_PATIENCE_S = 10           /* so long the program of a host with `automatic` waits for its first address */
};

struct lan_wire {
    char name[LAN_NAME]; /* "": the only wire, and it was given none */
    struct baro_wire_config config;
    int stations;               /* on it */
    struct baro_switch *bridge; /* where they are not two */
    struct baro_wire *cable[LAN_STATIONS]; /* the one between two stations, or each station's to the switch */
    int cables;
    bool out; /* its plug */
};

/* Where a station is on a wire. */
struct lan_port {
    char wire_name[LAN_NAME]; /* as it was written; "": not said */
    int wire;                 /* by lan_plan */
    struct baro_host_address address[LAN_ADDRESSES];
    unsigned addresses;       /* of a host with `automatic` more come later */
    bool automatic;           /* IPv6 addresses from the wire's routers */
    struct baro_mdns *mdns;   /* NULL: it does not answer for its name there */
};

/* A host has a program and one port, a router two ports or more. */
struct lan_station {
    char name[LAN_NAME];
    bool router;
    struct lan_port port[LAN_WIRES];
    int ports;
    struct baro_address gateway[2]; /* default routes that nobody asked for: IPv4, IPv6; family NONE: none */
    uint32_t trace_host;
    struct baro_trace_sink trace;
    struct baro_host *host;
    /* a host's */
    char **argument;
    struct lan *lan;
    uint32_t changes; /* of the stack's addresses, as far as they were looked at */
    bool learnt;      /* an address from a router */
    struct baro_dns_server *names;
    int program;
    bool started, listening, ended;
};

struct lan_route {
    char name[LAN_NAME]; /* whose */
    int station;         /* by lan_plan */
    struct baro_address prefix, gateway;
    unsigned prefix_length;
};

/* A wire's plug is out for a while. */
struct lan_pull {
    char wire_name[LAN_NAME];
    int wire;             /* by lan_plan */
    int64_t from_ns, to_ns; /* after the run's beginning; to INT64_MAX: for good */
};

struct lan {
    struct observe observe;
    struct baro_duration busy; /* that the loop spins before it sleeps */
    struct lan_wire wire[LAN_WIRES];
    int wires;
    struct lan_station station[LAN_STATIONS]; /* hosts in the order of their start, then routers */
    int stations, hosts;
    struct lan_route route[LAN_ROUTES];
    int routes;
    struct lan_pull pull[LAN_PULLS];
    int pulls;
    bool mdns; /* asked for */
    struct baro_instant begin; /* of the run */
    int status;
    struct baro_loop *loop;
    struct baro_network *network;
    struct baro_run *run;
    bool listen_call[LAN_STATIONS];
};

/* Prints the usage. TOOL_OK. */
int lan_help(void);

/* Reads the command line into an empty `lan`. TOOL_OK, or TOOL_USAGE after one line that says what is wrong. */
int lan_options(struct lan *lan, int argc, char **argv);

/* Says whether the wires, stations and routes make a LAN: names that are not there or twice, addresses out of reach,
 * gateways on no wire. Then it knows ports' wires, routes' stations, and hosts' default gateways. As above. */
int lan_plan(struct lan *lan);

/* Plugs that are to be out now, and when the next comes out or goes back; `context` is the struct lan. */
bool lan_pull_run(void *context, struct baro_instant now);
bool lan_pull_deadline(void *context, struct baro_instant *deadline);

/* Counters at the end: of all stations together, and where there are several wires of each station and each wire. */
void lan_statistics(const struct lan *lan);

/* Makes all of it. TOOL_OK, or TOOL_FAILED after saying why. */
int lan_network(struct lan *lan);

/* What serves inside the stacks: opened with the stations, then run as their programs, whose `context` is the
 * station. */
int lan_services_open(struct lan *lan);
void lan_services_run(void *context, struct baro_host *host);
bool lan_services_deadline(void *context, struct baro_instant *deadline);
/* Whether the host has what it was to get from routers, as far as lan_services_run saw. */
bool lan_has_addresses(const struct lan_station *host);
/* Before the network is freed. */
void lan_services_close(struct lan *lan);

#endif
