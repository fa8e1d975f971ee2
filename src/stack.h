/* src/stack.h: one stack as the parts that join its layers see it (receive.c, transmit.c, stack.c, calls.c).
 *
 * The layers do not know one another. What one needs of another is asked for here, by these few functions, and
 * handed to it as a value: `user` and the transports get a struct ip_path, never a routing table.
 *
 * tcp_in() counts and tells what it drops itself (core_drop); for UDP and for ICMP errors receive.c does it. */
#ifndef STACK_H
#define STACK_H

#include "advertise.h"
#include "advertised.h"
#include "baro/socket.h"
#include "base/core.h"
#include "base/likely.h"
#include "codec/ip_packet.h"
#include "ethernet/claim.h"
#include "ethernet/neighbour.h"
#include "ip/error.h"
#include "ip/membership.h"
#include "ip/output.h"
#include "ip/pair.h"
#include "ip/path_mtu.h"
#include "ip/reassembly.h"
#include "ip/table.h"
#include "transport/capture.h"
#include "transport/icmp.h"
#include "transport/tcp/expected.h"
#include "way.h"

struct tcp;
struct udp;
struct user;

enum {
    STACK_INTERFACES = IP_INTERFACES,   /* 0 is the loopback inside */
    STACK_HEADER_LIMIT = 14 + 60 + 60,  /* octets of headers in front of payload */
    BURST_COPY_OCTETS = 32768,          /* payload that the burst copies because it would not live long enough */
    LOOPBACK_OCTETS = 262144,           /* of each of the two areas */
    SUPER_SEGMENT_MOST = UINT16_MAX - 40 - 60,
    STACK_PING_OCTETS = 65507,          /* of a ping's payload, at most */
    LOOPBACK_ROUNDS = 16                /* areas that one poll empties */
};

_Static_assert((int)NEIGHBOUR_INTERFACES == (int)IP_INTERFACES && (int)CLAIM_INTERFACES == (int)IP_INTERFACES,
               "every interface has neighbours and claims");

struct interface {
    const struct baro_device *device; /* borrowed; NULL for the loopback */
    uint32_t mtu;
    uint32_t mtu_v6;                  /* as a router said, 0: `mtu` */
    uint8_t hop_limit_v6;             /* as a router said, 0: 64 */
    uint64_t departures;              /* frames that the device took */
};

/* What one packet of that family may have on the link. */
static inline uint32_t interface_mtu(const struct interface *interface, enum baro_family family)
{
    return family == BARO_FAMILY_IPV6 && interface->mtu_v6 != 0 ? interface->mtu_v6 : interface->mtu;
}

/* What packets without a hop limit of their own get: RFC 1122 §3.2.1.7's number, or a router's. */
static inline uint8_t interface_hop_limit(const struct interface *interface, enum baro_family family)
{
    return family == BARO_FAMILY_IPV6 && interface->hop_limit_v6 != 0 ? interface->hop_limit_v6 : 64;
}

static_assert((int)INTENT_DEVICES >= (int)STACK_INTERFACES, "an intent can wait for each interface");

/* Frames on their way to one device: sent together when 64 are there, when another interface's turn comes, or when
 * the drain ends. Their headers live here, their payload in send rings and received frames. */
struct burst {
    int interface;
    unsigned count, room; /* frames collected; frames that the device takes in all */
    int full;             /* the interface that was last found without room */
    uint32_t copied;
    uint8_t *copy;        /* BURST_COPY_OCTETS, taken at the first need */
    uint8_t *scratch;     /* a whole frame for FRAME_OUT; taken at the first need */
    struct baro_tx_frame frame[BARO_BURST_LIMIT];
    uint8_t header[BARO_BURST_LIMIT][STACK_HEADER_LIMIT + 2];
};

/* What stood in front of the sequence number of a segment whose frame came alone, and whose it was (expected.c): mostly
 * the same stands in front of the next one, and all that was asked of it need not be asked again. */
struct expected_before {
    struct tcp_arrival segment; /* but for its place in memory and what its device said */
    uint32_t changes;           /* of the address table */
    uint32_t least;             /* octets of a frame that begins so, if its packet is whole */
    uint16_t type;              /* the type field, 0: nothing is remembered but the connection */
    uint16_t interface;
    uint8_t front[ethernet_header_SIZE + ipv6_header_SIZE + 4]; /* Ethernet's header, IP's, ports */
};

/* What we send to ourselves: two areas of frames, one filling while the other is worked off. */
struct loopback {
    uint8_t *area[2];
    uint32_t used[2];
    unsigned filling;
    uint64_t arrivals;
};

/* Datagrams that baro_refuse_datagram tells about, as ICMP quotes them (refusal.c). */
enum { REFUSALS = 32, REFUSAL_OCTETS = 48 };

struct refusals {
    uint32_t count; /* used since the queue of intents was last empty */
    uint8_t quote[REFUSALS][REFUSAL_OCTETS];
};

/* What each poll and each segment looks at stands in front, together; what is large, or seldom asked, behind. */
struct baro_stack {
    struct tcp *tcp;
    struct udp *udp, *pings; /* `pings`: the sockets of transport/ping.h */
    struct user *user;
    int interfaces;       /* numbers in use: 0 to interfaces - 1 */
    uint32_t stalled_at;  /* changes of the table when somebody last looked at intents that wait for devices */
    struct baro_instant sweep_at; /* when all of these may be looked at again */
    uint64_t fast;    /* frames that left by the fast path: tests want some */
    /* whose last burst still stays, since text is read from it (transport/tcp/borrowed.c), or NULL */
    const struct baro_device *lender;
    struct way *recent;   /* the way of the last one: mostly that of the next; never NULL */
    struct handle recent_for; /* of this connection it is known to be the way */
    struct captures captures;
    struct loopback loopback;
    struct interface interface[STACK_INTERFACES];
    struct core core;
    /* a device's burst, while it is worked off: poll's own frame stays small */
    struct baro_rx_frame arrived[BARO_BURST_LIMIT];
    struct burst burst;
    struct way way[WAYS];
    struct neighbours neighbours;
    struct claims claims;
    struct ip_table table;
    struct ip_pairs pairs;
    struct expected_before before;
    struct membership membership;
    struct advertised advertised;
    struct advertise advertise;
    struct ip_ids ids;
    struct ip_errors errors;
    struct path_mtus path_mtus;
    struct wheel_timer trim_timer;
    struct reassembly reassembly;
    struct icmp icmp;
    struct refusals refusals;
    uint8_t *ping_octets; /* payload of our echo requests, taken at the first one */
};

/* One of our own unicast addresses, 127.0.0.0/8 included. An address that is still being probed is not ours yet. */
bool stack_owns(const struct baro_stack *stack, struct baro_address address);

/* The limited broadcast address, or that of a subnet of ours: a socket needs BARO_SO_BROADCAST to send there. */
bool stack_is_broadcast(const struct baro_stack *stack, struct baro_address address);

/* The interface whose route leads to `destination` (a group: the one that joins and sends by default), or
 * -ENETUNREACH. */
int stack_interface_to(const struct baro_stack *stack, struct baro_address destination);

/* ---- between the files of this folder ---- */

/* receive.c: one burst of a device; returns how many frames. */
unsigned receive_burst(struct baro_stack *stack, int interface);
/* receive.c: the frames that stayed behind their burst go back to their device. There are some. */
void receive_give_back(struct baro_stack *stack);
/* receive.c: what waits in the loopback; false: nothing. */
bool receive_loopback(struct baro_stack *stack);
/* receive.c: somebody says that our packet `error` quotes failed. For an error of our own making too. */
enum baro_drop_reason receive_error(struct baro_stack *stack, const struct icmp_error *error);

/* trim.c: memory that nobody uses goes back a while after that; and what its timer does. */
void trim_init(struct baro_stack *stack);
void trim_timer(struct baro_stack *stack);
/* discovery.c: a neighbour discovery message arrived (one of RFC 4861's five types). */
void discovery_in(struct baro_stack *stack, const struct ip_packet *packet);
/* Would it pass on what hosts give it? The default router of a link does. */
static inline bool stack_is_router(const struct baro_stack *stack)
{
    return stack->table.forwarding || stack->table.any_destination;
}

/* discovery.c: a new address of ours has been probed: the routers of its link hear of it (RFC 9131 §6.1.2). */
void discovery_announce(struct baro_stack *stack, int interface, struct baro_address address);
/* discovery.c: sends a solicitation or advertisement; false: there is no room in the device. */
bool discovery_output(struct baro_stack *stack, const struct intent_nd *nd);

/* groups.c: the addresses or groups of an interface changed: the device's filter and the solicited-node groups follow.
 * `held`: a new address waits for its probe, and of its group nothing is said before. */
void groups_changed(struct baro_stack *stack, int interface, bool held);
/* groups.c: the first probe of an address leaves now. */
void groups_probed(struct baro_stack *stack, int interface, struct baro_address address);
/* groups.c: an address may be used from now on. */
void groups_usable(struct baro_stack *stack, int interface, struct baro_address address);
/* groups.c: a member of `group` changes its mind; NULL: is no member. -EINVAL, -ENOSPC, -ENOBUFS. */
int groups_member(struct baro_stack *stack, int interface, struct baro_address group,
                  const struct baro_source_filter *before, const struct baro_source_filter *after);
/* group_calls.c: the options about groups; what a socket joined is left when it is closed. */
int groups_setsockopt(struct baro_stack *stack, int fd, enum baro_option option, const void *value, size_t length);
int groups_getsockopt(struct baro_stack *stack, int fd, void *value, size_t *length);
void groups_close(struct baro_stack *stack, int fd);
/* groups.c: an IGMP or MLD message arrived. */
void groups_in(struct baro_stack *stack, const struct ip_packet *packet);
/* groups.c: sends what is to be told of groups; false: there is no room in the device. */
bool groups_output(struct baro_stack *stack, const struct intent_membership *membership);

/* transmit.c: what there is to be sent. */
void transmit_now(struct baro_stack *stack);
/* Sends what the intents say and what waited for neighbours; received frames may go afterwards. */
static inline void transmit_drain(struct baro_stack *stack)
{
    if (stack->core.intents.count != 0 ||
        UNLIKELY((stack->core.intents.stalled | stack->burst.count | stack->burst.copied) != 0 ||
                 stack->neighbours.ready_first != NULL || stack->advertised.verdicts != stack->neighbours.verdicts))
        transmit_now(stack);
}

/* The way to `destination`; `wanted`: a source address, or of family NONE. Good until the next call. */
static inline struct way *way_find(struct baro_stack *stack, const struct baro_address *destination,
                                   const struct baro_address *wanted)
{
    struct way *way = &stack->way[way_place(destination, wanted)];

    if (!way_is(way, destination, wanted, stack->table.changes))
        way_ask(&stack->table, *destination, *wanted, 0, way);
    return way;
}

/* transmit_drain(), and the reassembled datagrams that nobody looks at any more are freed. */
static inline void stack_settle(struct baro_stack *stack)
{
    transmit_drain(stack);
    reassembly_returned(&stack->reassembly);
}

/* Full-sized segments that TCP may give at once to a device with so much room, 0: it cuts them itself. */
static inline uint32_t transmit_room(const struct baro_device *device, unsigned room)
{
    return (device->capabilities & BARO_DEVICE_TSO) != 0 ? 0 : room;
}

/* Nobody wants to be told what leaves: the fast path may be tried. */
static inline bool fast_is_allowed(const struct baro_stack *stack)
{
    return !TRACE_ON(&stack->core) && !captures_wanted(&stack->captures);
}

/* fast_output.c: an INTENT_TCP_OUTPUT or INTENT_TCP_CONTROL by the fast path. DECLINED: it is not for that, or not any
 * more. */
enum fast_verdict { FAST_DONE, FAST_WAITS, FAST_DECLINED };
enum fast_verdict fast_output(struct baro_stack *stack, struct handle connection);
enum fast_verdict fast_control(struct baro_stack *stack, const struct intent *intent);
/* fast_acks.c: intents at the beginning of the queue, which is not empty, that are plain ACKs, `most` at most: how many
 * were sent. */
unsigned fast_acks(struct baro_stack *stack, unsigned most);
/* fast_acks.c: the program's turn is over: ACKs that waited for it leave, or are intended. */
void fast_turn(struct baro_stack *stack);
/* fast_output.c: the rest of the way of a message of TCP's. False: nothing happened, message_send() shall have it. */
bool fast_message(struct baro_stack *stack, const struct ip_message *message);

/* forward.c: a router's packet for another host: passed on, or refused and its sender told. `link_group`: its frame was
 * a broadcast or multicast. */
void forward_in(struct baro_stack *stack, const struct ip_packet *packet, bool link_group);
/* forward.c: a packet came to a gateway, which takes it in the place of a host of another network unless it is its own.
 * False: no router would have passed it on; dropped, its sender is told. */
bool forward_stand_in(struct baro_stack *stack, const struct ip_packet *packet);
/* forward.c: sends what forward_in decided. */
void forward_out(struct baro_stack *stack, const struct intent *intent);
/* forward.c: the next hop of `packet` did not answer. False: it was ours. True: dropped, its sender is told; `packet`
 * is borrowed until the drain. */
bool forward_failed(struct baro_stack *stack, struct baro_bytes packet);

/* message.c: a frame complete but for its destination waits until `entry` is known; NULL, or no memory: dropped. */
void message_wait(struct baro_stack *stack, struct neighbour *entry, const struct baro_tx_frame *frame);
/* message.c: sends one message, or as much of it as can be; what cannot is dropped and told. */
void message_send(struct baro_stack *stack, const struct ip_message *message);

/* burst.c: how many more frames interface takes now. */
unsigned burst_room(struct baro_stack *stack, int interface);
/* burst.c: the next frame's place, its header to be written; NULL: no room. burst_push() adds it, with up to two more
 * parts in `frame`. */
uint8_t *burst_header(struct baro_stack *stack, int interface);
void burst_push(struct baro_stack *stack, const struct baro_tx_frame *frame);
/* burst.c: payload that lives no longer than this call, copied; false: flush behind it instead. */
bool burst_keep(struct baro_stack *stack, struct baro_bytes *bytes);
void burst_flush(struct baro_stack *stack);
/* burst.c: the device took fewer than it had room for. */
void burst_drop_behind(struct baro_stack *stack, unsigned taken);
/* As burst_flush(), in place where each segment comes by. */
static inline void burst_go(struct baro_stack *stack)
{
    struct burst *burst = &stack->burst;
    struct interface *interface = &stack->interface[burst->interface];
    unsigned taken;

    burst->copied = 0;
    if (burst->count == 0)
        return;
    taken = interface->device->tx_burst(interface->device->context, burst->frame, burst->count);
    interface->departures += taken;
    if (UNLIKELY(taken < burst->count))
        burst_drop_behind(stack, taken);
    burst->count = 0;
}
/* burst.c: a frame to ourselves. False: the area is full. */
bool loopback_push(struct baro_stack *stack, const struct baro_tx_frame *frame);
/* burst.c: the next frame of the area being worked off; *at begins at 0. */
bool loopback_next(struct baro_stack *stack, unsigned area, uint32_t *at, struct baro_rx_frame *frame);
void burst_release(struct baro_stack *stack);

#endif
