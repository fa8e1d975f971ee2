/* base/intent.h: what input decided to send, in order.
 *
 * Input never re-enters output. It records intents; transmit.c drains them at the end of the burst. They keep
 * order and count: three duplicate ACKs stay three, each with the values of its moment. The queue is bounded;
 * a producer that finds it full asks its caller to drain (`intent_queue_is_nearly_full` is looked at after each
 * packet). What an intent borrows (a received frame) lives until the drain ends.
 *
 * One for which a device has no room leaves the queue and waits for that device, so that a thousand of them cost
 * nothing until there is room again, and those for other devices go on. */
#ifndef BASE_INTENT_H
#define BASE_INTENT_H

#include <assert.h>

#include "baro/types.h"
#include "base/pool.h"
#include "base/seq.h"

enum intent_kind {
    INTENT_TCP_OUTPUT = 1,   /* connection `owner` may have segments to send: pull them */
    INTENT_TCP_CONTROL,      /* one segment without data, its values as of now */
    INTENT_UDP_OUTPUT,       /* datagram socket `owner` has datagrams queued */
    INTENT_PING_OUTPUT,      /* ping socket `owner` has requests queued */
    INTENT_ICMP_ECHO_REPLY,  /* answer `borrowed`, a whole ICMP echo request message */
    INTENT_ICMP_ERROR,       /* tell about `borrowed`, a whole IP packet */
    INTENT_ICMP_ECHO_REQUEST,/* a ping of ours */
    INTENT_ARP,              /* an ARP packet */
    INTENT_ND,               /* a message of neighbour discovery */
    INTENT_MEMBERSHIP,       /* an interface may have group reports to send: pull them */
    INTENT_FORWARD           /* pass on `borrowed`, a whole IP packet for another host */
};

/* A TCP segment without data. `owner` NONE: it belongs to no connection (an RST for a closed port). */
struct intent_tcp_control {
    struct baro_endpoint local, remote;
    struct seq seq, ack;
    uint16_t window;            /* as it goes into the header, scaled already */
    uint8_t flags;              /* TCP_FLAG_... */
    int16_t ttl;                /* -1: the path's */
    uint8_t tos;
    bool has_timestamps, has_syn_options;
    bool progress;              /* as struct ip_message says */
    bool in_order;              /* acknowledges text in order: text that leaves in front of it says as much */
    /* `in_order`, with timestamps, by the path's TTL, without SACK blocks: nothing about it is special */
    bool plain;
    uint32_t flow_label;
    uint32_t ts_value, ts_echo;
    uint16_t mss;               /* with has_syn_options */
    int8_t scale;               /* with has_syn_options; -1: not offered */
    bool sack_permitted;        /* with has_syn_options */
    uint8_t sack_count;         /* up to 4 blocks: room for RFC 2018 */
    struct { struct seq left, right; } sack[4];
};

struct intent_icmp {
    struct baro_address source;      /* family NONE: the interface's */
    struct baro_address destination;
    uint8_t type, code;
    uint32_t value;                  /* the second word of an error (RFC 1191: MTU); of an echo: id << 16 | sequence */
    uint32_t length;                 /* of an echo request's payload */
};

struct intent_arp {
    uint16_t operation;
    int interface;
    struct baro_address sender, target;
    struct baro_mac target_mac, destination; /* ARP's field, and the frame's address */
};

enum { INTENT_NONCE = 6 };

/* A message of neighbour discovery (RFC 4861 §4), with our MAC address as its option. */
struct intent_nd {
    uint8_t type;               /* enum icmpv6_type */
    bool solicited, override;   /* of an advertisement */
    bool has_nonce;             /* RFC 7527 */
    uint8_t nonce[INTENT_NONCE];
    int interface;
    struct baro_address source, destination, target;
};

struct intent_membership {
    int interface;
    uint8_t family;             /* enum baro_family */
};

struct intent_forward {
    struct baro_address next_hop, asks; /* asks: our address that asks for the next hop's MAC address */
    int interface;
    uint8_t front;      /* octets of transport header that may have to be changed, 0: none */
    uint16_t gso_size;  /* TCP payload of each piece of a super-segment, else 0 */
};

struct intent {
    enum intent_kind kind;
    /* what an OUTPUT asks for segments; a control segment's connection, a SYN+ACK's record */
    struct handle owner;
    struct baro_bytes borrowed;
    union {
        struct intent_tcp_control tcp;
        struct intent_icmp icmp;
        struct intent_arp arp;
        struct intent_nd nd;
        struct intent_membership membership;
        struct intent_forward forward;
    } as;
};

enum { INTENT_QUEUE_SIZE = 1024, INTENT_QUEUE_RESERVE = 128 };

/* Devices that intents may wait for, by the interface's number. */
enum { INTENT_DEVICES = 17, INTENT_NONE = UINT16_MAX };

/* Intents that wait for a device: the slots of the first and the last one. `again`: of the one that went back to wait
 * last. */
struct intent_line {
    uint16_t first, last, again, count;
};

/* The queue is a ring of slots. Those that wait have slots of their own, in lines. In all they are INTENT_QUEUE_SIZE at
 * most. */
struct intent_queue {
    struct intent *slot; /* INTENT_QUEUE_SIZE of them, and as many for those that wait */
    uint32_t first, count, limit;         /* of the ring; what it may hold beside those that wait */
    uint32_t stalled;                     /* bits of the devices that have a line */
    struct intent_line line[INTENT_DEVICES];
    /* of the slots of lines: one that is free, or INTENT_NONE; so many were ever used */
    uint16_t free, used;
    uint16_t next[INTENT_QUEUE_SIZE];     /* behind which slot of a line comes which, or free one */
};

/* Memory comes from the slabs once. False when it fails. */
bool intent_queue_init(struct intent_queue *queue, struct slabs *slabs);
void intent_queue_release(struct intent_queue *queue, struct slabs *slabs);

/* The next free slot, now part of the queue; NULL when it is full. Nobody owns it and it borrows nothing; the kind's
 * own part holds what was there before and is the caller's to write whole. */
static inline struct intent *intent_add(struct intent_queue *queue, enum intent_kind kind)
{
    struct intent *intent;

    if (queue->count == queue->limit)
        return NULL;
    intent = &queue->slot[(queue->first + queue->count++) % INTENT_QUEUE_SIZE];
    intent->kind = kind;
    intent->owner = HANDLE_NONE;
    intent->borrowed = (struct baro_bytes){ NULL, 0 };
    return intent;
}

/* The oldest, or NULL; it stays where it is until intent_done() takes it out. */
static inline struct intent *intent_first(struct intent_queue *queue)
{
    return queue->count == 0 ? NULL : &queue->slot[queue->first];
}

/* The oldest `count` go. A queue that is empty begins anew in its first slots: they are in the cache. */
static inline void intent_done_many(struct intent_queue *queue, uint32_t count)
{
    assert(queue->count >= count);
    queue->count -= count;
    queue->first = queue->count == 0 ? 0 : (queue->first + count) % INTENT_QUEUE_SIZE;
}

static inline void intent_done(struct intent_queue *queue)
{
    intent_done_many(queue, 1);
}

/* The oldest waits for a device from now on, last; `again`: it did before and intent_ready() took it back, so it waits
 * in front of those that still do. */
void intent_stall(struct intent_queue *queue, int device, bool again);
/* So many that wait for the device, or all, stand in front of the queue again. How many. */
uint32_t intent_ready(struct intent_queue *queue, int device, uint32_t most);

/* Nobody is to be drained, and nobody waits. */
static inline bool intent_queue_is_empty(const struct intent_queue *queue)
{
    return queue->count == 0 && queue->stalled == 0;
}

/* Less than INTENT_QUEUE_RESERVE slots left: drain before the next packet. */
static inline bool intent_queue_is_nearly_full(const struct intent_queue *queue)
{
    return queue->count + INTENT_QUEUE_RESERVE > queue->limit;
}

static inline bool intent_queue_is_half_empty(const struct intent_queue *queue)
{
    return queue->count + INTENT_QUEUE_SIZE / 2 < queue->limit;
}

/* Every intent that waits stands in one line. */
void intent_check_invariants(const struct intent_queue *queue);

#endif
