/* baro/network.h: hosts joined by wires and switches, in one process and one thread.
 *
 * A *host* is a stack, a LAN adapter and its driver. A *wire* joins two stations: faithful
 * (the line-coded signal, FCS) or fast (frames in memory), with seeded faults in each direction.
 * A *switch* learns MAC addresses and joins more than two; it also takes any struct baro_device
 * (a TAP) as a port.
 *
 * Time. The network is a list of things that will happen, each with its instant: transmissions
 * that come in, adapters' and stacks' deadlines. It handles them strictly in the order of their
 * instants (equal ones in the order they were armed) and hands each stack the instant of what
 * happens, never a later one. Two ways to drive it:
 *
 *   - virtual: baro_network_run_until() jumps from deadline to deadline; the same seed gives the
 *     same run, bit for bit.
 *   - real: baro_network_follow() with the machine's monotonic clock. When the processor is short,
 *     as it is with faithful wires, what should have happened by now has not; the network's
 *     clock then stands at the oldest of these and the lag is given up for good: it is
 *     min(real time - lag, instant of the oldest thing not handled). So a faithful wire runs as fast as it
 *     runs, and no stack's timer expires for lack of processor time. */
#ifndef BARO_NETWORK_H
#define BARO_NETWORK_H

#include "baro/adapter.h"
#include "baro/device.h"
#include "baro/medium.h"
#include "baro/stack.h"
#include "baro/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_network;
struct baro_wire;
struct baro_switch;
struct baro_host;

/* ---- wires ---- */

/* One wire: its kind and its faults, the same in both directions but drawn apart. Shares are parts
 * per million of frames. All zero is a fast wire without faults at MTU 1500. */
struct baro_wire_config {
    enum baro_medium_kind kind;
    uint32_t mtu;                     /* octets of IP packet, 68 to 65535, faithful to 1978; 0: 1500 */
    uint32_t loss_ppm;                /* frames that vanish */
    /* how many vanish one behind the other, in the mean, 2 to 1000; 0, 1: each is drawn by itself. The share stays
     * (Gilbert's model) */
    uint32_t burst_frames;
    uint32_t reorder_ppm;             /* frames that one to three later ones overtake */
    uint32_t duplicate_ppm;           /* frames that arrive twice */
    uint32_t corrupt_ppm;             /* frames with flipped bits */
    /* frames waiting for the rate from which on ECN-capable ones are marked; 0: never */
    uint32_t ecn_packets;
    uint32_t blackhole;               /* octets: larger IP packets vanish without a word; 0: none do */
    bool corrupt_ip;                  /* one bit above the FCS instead, FCS made to fit: only checksums see it */
    struct baro_duration delay;       /* on the way, 0 to 60 s */
    struct baro_duration jitter;      /* up to so much more, drawn for each frame, 0 to 60 s; order is kept */
    uint64_t rate;                    /* bits a second through the wire's queue; 0: no limit */
    uint64_t queue_bytes;             /* octets that may wait for the rate; 0 with queue_packets 0: 256 KiB */
    uint32_t queue_packets;           /* frames that may wait for the rate; 0: no limit in frames */
    uint32_t noise_mv;                /* faithful: noise on each sample, root mean square, up to 8000 */
    int32_t clock_ppm;                /* faithful: end 0's clock against end 1's, -1000 to 1000 */
    uint32_t edge_jitter_ps;          /* faithful: jitter of each edge, root mean square, up to 1000 */
    uint64_t seed;                    /* of its faults; 0: from the network's seed */
    bool no_large;                    /* fast: neither super-segments nor undone checksums, as on a real wire */
};

/* Reads a wire's specification, words with commas between:
 *
 *   kind     fast, 10base-t, 100base-tx (first word if given; default fast)
 *   faults   loss=1% burst=4 (frames) reorder=0.5% duplicate=1% corrupt=0.1% corrupt=ip delay=20ms jitter=2ms
 *            rate=10mbit queue=64k (octets) queue=100p (frames) ecn=20 (frames)
 *            blackhole=1300 (octets)
 *   signal   noise=300 (mV) ppm=100 edge-jitter=200 (ps)
 *   other    mtu=1500 seed=7 large=no
 *
 * Shares are percent with up to four decimals, times ns, us, ms, s, rates bit, kbit, mbit, gbit a second,
 * sizes octets, k, m. 0, or -EINVAL with one clear sentence in `error` that names the bad word. */
int baro_wire_parse(const char *specification, struct baro_wire_config *config, char *error, size_t error_size);

/* What one direction of a wire did, X(name, "what it counts"). The growth of queue_octet_us in a span, divided by the
 * span's microseconds, is the mean queue in it, the frame that is leaving included; a frame counts as it enters. */
#define BARO_WIRE_COUNTERS(X)                                            \
    X(offered, "frames that were sent into it")                          \
    X(delivered, "frames that came out, copies included")                \
    X(octets, "octets of those")                                         \
    X(lost, "frames that vanished (loss)")                               \
    X(queue_full, "frames dropped because the queue was full")           \
    X(link_down, "frames sent while the link was down")                  \
    X(reordered, "frames held back and overtaken")                       \
    X(duplicated, "frames that came out twice")                          \
    X(corrupted, "frames with flipped bits")                             \
    X(marked, "frames marked because others waited (ecn)")                 \
    X(swallowed, "frames that vanished for their size (blackhole)")        \
    X(queue_octet_us, "octets times the microseconds that each waited for the rate")

struct baro_wire_counts {
#define BARO_WIRE_COUNTER_FIELD(name, text) uint64_t name;
    BARO_WIRE_COUNTERS(BARO_WIRE_COUNTER_FIELD)
#undef BARO_WIRE_COUNTER_FIELD
};

/* ---- the network ---- */

struct baro_network_config {
    struct baro_memory memory;  /* for the stacks and adapters; take NULL: malloc */
    uint64_t seed;              /* of all that is drawn: wires' faults, stacks' seeds, MAC addresses */
    struct baro_instant now;    /* where its clock begins */
};

/* A network without anything in it, or NULL: no memory. Freeing it frees all that was created in it. */
struct baro_network *baro_network_create(const struct baro_network_config *config);
void baro_network_free(struct baro_network *network);

/* A wire with both ends free and its link up, or NULL: no memory, or a configuration outside its ranges.
 * Hosts and switches take a free end when they are created with it or joined to it. */
struct baro_wire *baro_wire_create(struct baro_network *network, const struct baro_wire_config *config);
/* Pulls the plug, or puts it back; both ends are told. */
void baro_wire_set_link(struct baro_wire *wire, bool up);
/* From now on IP packets of more than `octets` vanish, as with blackhole=; 0: none do. The path's narrowest place has
 * changed and nobody says so. The wire is one with a fault or without super-segments (no_large). */
void baro_wire_set_blackhole(struct baro_wire *wire, uint32_t octets);
/* The direction away from end 0 or 1; ends are numbered in the order they were taken. */
void baro_wire_statistics(const struct baro_wire *wire, unsigned from_end, struct baro_wire_counts *counts);

/* A learning switch without ports, or NULL: no memory. */
struct baro_switch *baro_switch_create(struct baro_network *network);
/* Plugs a wire's free end into it. 0, -EBUSY when both ends are taken, -ENOMEM, -ENOSPC beyond 64 ports. A wire
 * that is to end in a switch is created with no_large. */
int baro_switch_join(struct baro_switch *bridge, struct baro_wire *wire);
/* Makes a device a port; it is borrowed until the network is freed, is without BARO_DEVICE_LRO and
 * BARO_DEVICE_RX_CHECKSUM, and its owner calls baro_network_follow or _advance when it has frames. With one wire and
 * one device the switch is a mere coupling. 0, -ENOMEM, -ENOSPC, -EINVAL. */
int baro_switch_add_device(struct baro_switch *bridge, const struct baro_device *device);

/* One address of a host, of either family. */
struct baro_host_address {
    struct baro_address address;
    unsigned prefix_length;
};

/* What each interface of a host does about IPv6 by itself, if its MTU is 1280 or more. */
enum baro_host_ipv6 {
    /* a link-local address, probed first (baro_stack_enable_ipv6), if eight were not given */
    BARO_HOST_IPV6_LINK_LOCAL = 0,
    BARO_HOST_IPV6_ROUTERS,        /* that, and it listens to the routers on the link */
    BARO_HOST_IPV6_BY_HAND         /* nothing: a journey stays short, a test can count frames */
};

struct baro_host_config {
    const char *name;                     /* copied, up to 31 octets; NULL: "host1" and so on */
    struct baro_wire *wire;               /* takes a free end of it */
    /* in place of a wire: somebody else's device (a TAP), borrowed until the network is freed; `mac` is its own. Its
     * owner calls baro_network_follow or _advance when it has frames */
    const struct baro_device *device;
    struct baro_address address;          /* family NONE: none yet */
    unsigned prefix_length;
    const struct baro_host_address *addresses; /* more of them, on the same wire */
    unsigned address_count;
    struct baro_address gateway;          /* default route; family NONE: none */
    enum baro_host_ipv6 ipv6;
    struct baro_mac mac;                  /* all zero: made from the network's seed, locally administered */
    uint32_t receive_slots, transmit_slots, interrupt_frames; /* as in struct baro_adapter_config */
    struct baro_duration interrupt_delay;
    size_t memory_limit;                  /* as in struct baro_stack_config */
    bool forward_any_destination;
    struct baro_trace_sink trace;         /* of the stack and the adapter; event NULL: none */
    bool quiet_adapters;                  /* of the stack only: each adapter numbers its own frames, so those of a
                                             host with several wires cannot be told apart in one journey */
    uint32_t trace_host;
    /* The program on it, called after each poll of its stack; may make socket calls, what they decide is sent
     * at once. NULL: none. */
    void (*program)(void *context, struct baro_host *host);
    /* When the program wants to be called although its stack has nothing to do (a service's own timers); false: never.
     * May be NULL. */
    bool (*program_deadline)(void *context, struct baro_instant *deadline);
    void *program_context;
    /* its stack's settings that have no place here (congestion, ecn ...); NULL: as usual. Needed for the call only */
    const struct baro_stack_config *stack;
};

/* A host on a wire, or NULL with the reason in *error (-errno) if error is not NULL: -ENOMEM, -EBUSY when
 * both ends of the wire are taken, -EINVAL, and what the stack says to its address and gateway. */
struct baro_host *baro_host_create(struct baro_network *network, const struct baro_host_config *config, int *error);

/* Plugs the host into one more wire, with an adapter of its own and these addresses on it. What the adapter is like and
 * who traces it is as for the first wire. The new interface's number in the stack, or -errno: -ENOMEM, -EBUSY when both
 * ends of the wire are taken, -EINVAL, -ENOSPC, and what the stack says to an address; the wire's end is free again
 * then, the stack's interface stays, without a wire. */
int baro_host_add_wire(struct baro_host *host, struct baro_wire *wire, const struct baro_host_address *addresses,
                       unsigned count);

/* A static route by the interface on whose link the gateway is. What baro_stack_add_route says; -ENETUNREACH when the
 * gateway is on no link of the host. */
int baro_host_add_route(struct baro_host *host, struct baro_address prefix, unsigned prefix_length,
                        struct baro_address gateway);

const char *baro_host_name(const struct baro_host *host);
struct baro_network *baro_host_network(const struct baro_host *host);
/* Its stack, and of its first wire the adapter (NULL where that is a device) and the interface's number in the stack.
 * They live as long as the network. */
struct baro_stack *baro_host_stack(struct baro_host *host);
struct baro_adapter *baro_host_adapter(struct baro_host *host);
int baro_host_interface(const struct baro_host *host);
struct baro_mac baro_host_mac(const struct baro_host *host);

/* ---- time ---- */

/* The network's clock: what its stacks were told last. */
struct baro_instant baro_network_now(const struct baro_network *network);

/* Does all that is due at the present instant: sends what socket calls decided, delivers, polls stacks whose
 * interrupt is pending or whose deadline has come, carries what they say. Returns whether anything happened. */
bool baro_network_step(struct baro_network *network);

/* When the network next wants to act by itself, on its own clock. False: never. */
bool baro_network_next_deadline(const struct baro_network *network, struct baro_instant *deadline);

/* Handles all until `now` in the order of time and sets the clock to it. `now` never goes back. */
void baro_network_advance(struct baro_network *network, struct baro_instant now);

/* The virtual clock: handles what comes, in the order of time, until `done` (asked after each instant; may be NULL)
 * says so: true; or nothing is left to happen before `limit`: false, and the clock is at `limit`. */
bool baro_network_run_until(struct baro_network *network, struct baro_instant limit,
                            bool (*done)(void *context), void *context);

/* The real clock: `real` is the machine's monotonic time. Handles what is due, but not without end: true means
 * call again at once (after looking at other descriptors). The first call ties the two clocks together. Call it after
 * each sleep before making socket calls, so that they know the time, and again after them: then they are sent. */
bool baro_network_follow(struct baro_network *network, struct baro_instant real);
/* The next deadline on the real clock, for a poll's timeout. False: none. */
bool baro_network_wakeup(const struct baro_network *network, struct baro_instant *real);
/* How far the network's clock was held back so far for lack of processor time. */
struct baro_duration baro_network_lag(const struct baro_network *network);

#ifdef __cplusplus
}
#endif
#endif
