/* The network from inside. network.c holds time and order, wire.c what is on its way, faults.c
 * what a wire does to it, switch.c and host.c the stations. */
#ifndef BARO_NETWORK_INTERNAL_H
#define BARO_NETWORK_INTERNAL_H

#include "baro/fcs.h"
#include "baro/network.h"
#include "baro/signal.h"

/* ---- draw.c: splitmix64, one state for each thing that draws ---- */

struct draw {
    uint64_t state;
};
/* A generator of its own for the `index`th thing of `kind` under a seed. */
struct draw draw_derive(uint64_t seed, uint64_t kind, uint64_t index);
uint64_t draw_next(struct draw *random);
/* 0 to below - 1. */
uint64_t draw_below(struct draw *random, uint64_t below);
/* True for `ppm` of a million calls; draws only when ppm is not 0. */
bool draw_hits(struct draw *random, uint32_t ppm);
/* True for a share `part` of `whole`; always draws. */
bool draw_share(struct draw *random, uint64_t part, uint64_t whole);

enum draw_kind { DRAW_WIRE = 1, DRAW_STACK, DRAW_MAC, DRAW_CHANNEL, DRAW_REPEATER };

/* ---- transit.c: transmissions on their way, a heap by instant and order of arming ---- */

struct wire_direction;

/* One transmission that will arrive. Its octets or samples are its own. */
struct transit {
    struct baro_instant at;   /* when its last bit arrives */
    uint64_t order;
    size_t place;             /* in the heap */
    struct wire_direction *direction;
    struct baro_transmission transmission; /* part[0] and samples point into `storage` */
    void *samples;            /* owned; NULL: made anew at the end */
    uint8_t storage[];
};

struct transit_heap {
    struct transit **items;
    size_t count, capacity;
    uint64_t order;
};
/* False: no memory, the transit is not in. */
bool transit_push(struct transit_heap *heap, struct transit *transit);
/* It will arrive at `at` now, after all that were armed before. */
void transit_move(struct transit_heap *heap, struct transit *transit, struct baro_instant at);
struct transit *transit_pop(struct transit_heap *heap);
void transit_free(struct transit *transit);
void transit_heap_release(struct transit_heap *heap);

/* ---- wire.c, faults.c ---- */

struct departure {
    struct baro_instant at;
    uint32_t octets;
};

/* What waits for a wire's rate, oldest first, a ring. */
struct departures {
    struct departure *items;
    size_t first, count, capacity;
    uint64_t octets;
};

struct wire_direction {
    struct baro_wire *wire;
    unsigned from;
    struct draw random;
    bool losing;                       /* in the middle of a burst of loss */
    struct departures queue;
    struct baro_instant rate_free;     /* when the rate lets the next frame begin */
    struct baro_instant last_arrival;
    struct transit *held;              /* the frame that others are to overtake */
    unsigned overtakers, overtaken;    /* how many more; how many have */
    unsigned samples_kept;             /* transits that hold samples */
    bool paused;                       /* the sender was told "not now" */
    struct baro_signal_transmitter repeater;
    struct baro_signal_channel channel;
    struct baro_wire_counts counts;
};

struct baro_wire {
    struct baro_network *network;
    struct baro_wire *next;
    struct baro_wire_config config;
    struct baro_station station[2];    /* arrive NULL: the end is free */
    struct wire_direction direction[2];
    bool up;
    bool fast;                     /* nothing happens to frames: they arrive as they are sent */
    bool large;
    int16_t *sent, *heard;             /* faithful: a burst made anew, a burst as it is heard */
};

/* What the end's station is to see. */
struct baro_medium wire_medium(struct baro_wire *wire, unsigned end);
/* The next free end, or -EBUSY. */
int wire_free_end(const struct baro_wire *wire);
/* Takes it; with both taken the link comes up. A station without `arrive` leaves it. */
void wire_attach(struct baro_wire *wire, unsigned end, struct baro_station station);
/* A sender that was told "not now" should try again. */
bool wire_due(const struct baro_wire *wire);
/* A transit has come to its end: hands it to the station and frees it. */
void wire_deliver(struct transit *transit);
void wire_free(struct baro_wire *wire);
/* Draws faults and puts the transmission on its way. */
void faults_send(struct wire_direction *direction, const struct baro_transmission *transmission);
void faults_release(struct wire_direction *direction);

/* ---- mark.c ---- */

/* Marks an ECN-capable IP packet in a frame: congestion experienced. False: there is none, or it is marked already. */
bool mark_congestion(uint8_t *frame, uint32_t octets);

/* ---- switch.c ---- */

struct baro_switch;
/* Moves what has come in at its ports; true if there was anything. */
bool switch_round(struct baro_switch *bridge);
bool switch_due(const struct baro_switch *bridge);
bool switch_deadline(const struct baro_switch *bridge, struct baro_instant *deadline);
/* Devices that are ports may have frames now. */
void switch_look(struct baro_switch *bridge);
void switch_free(struct baro_switch *bridge);
struct baro_switch *switch_next(const struct baro_switch *bridge);

/* ---- host.c ---- */

/* Where a wire is plugged into a host, or a device of somebody else. */
struct host_port {
    struct host_port *next;
    const struct baro_device *device; /* the stack's */
    struct baro_adapter *adapter;     /* NULL: somebody else's device */
    struct baro_driver driver;
    bool look;                 /* somebody else's device may have frames */
    int interface;
    bool no_room;              /* the transmit ring was full after the last poll */
};

struct baro_host {
    struct baro_network *network;
    struct baro_host *next;
    char name[32];
    struct host_port *ports, **ports_end; /* in the order of their interfaces, one or more */
    struct baro_adapter_config adapter;   /* what each adapter is like */
    struct baro_stack *stack;
    enum baro_host_ipv6 ipv6;
    bool fresh;                           /* never polled */
    void (*program)(void *context, struct baro_host *host);
    bool (*program_deadline)(void *context, struct baro_instant *deadline);
    void *program_context;
};
void host_advance(struct baro_host *host);
/* Devices that are no adapters of ours may have frames now. */
void host_look(struct baro_host *host);
bool host_due(const struct baro_host *host);
bool host_deadline(const struct baro_host *host, struct baro_instant *deadline);
void host_poll(struct baro_host *host);
void host_free(struct baro_host *host);

/* ---- network.c ---- */

struct baro_network {
    struct baro_memory memory;
    uint64_t seed;
    struct baro_instant now;
    struct transit_heap transits;
    struct baro_wire *wires;
    struct baro_switch *switches, **switches_end;
    struct baro_host *hosts, **hosts_end;
    uint64_t wire_count, host_count, adapter_count;
    int64_t (*clock_ns)(void *context); /* the machine's, for the share of follow; tests have their own */
    void *clock_context;
    bool more;                     /* a host took frames from somebody else's device: it may have others */
    bool tied;                     /* to a real clock, by */
    int64_t real_ahead_ns;         /* real time minus the network's */
    struct baro_duration lag;
};

/* A locally administered address for the network's next adapter. */
struct baro_mac network_next_mac(struct baro_network *network);

#endif
