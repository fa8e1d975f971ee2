/* ethernet/neighbour.h: who has which MAC address (RFC 826, RFC 1122 §2.3.2), and the packets that wait to know.
 *
 * An entry is
 *
 *     INCOMPLETE  asked for, no answer yet: one broadcast request a second, three in all; packets wait
 *     FAILED      nobody answered; kept so that the next request waits its second
 *     REACHABLE   confirmed within the last minute, by an answer or by a transport whose segments arrive
 *     STALE       not confirmed lately: usable, and five seconds after the next use (RFC 4861 §5.1's delay: most
 *                 talks are over by then) it is asked again, at its known MAC address
 *     PROBE       that delay or asking is on; still usable; three without answer and it is INCOMPLETE again
 *     FIXED       set by the program, never changed by a packet
 *
 * The table is bounded and falls into three classes, each with its own limit and its own least recently used
 * entry to give up: *unresolved* (a flood of lookups only hurts lookups), *unproven* (learned from a request that
 * asked for us: a flood of those only hurts those), *proven* (answered us). So an attacker on the
 * link cannot push out what we talk to. An unsolicited packet updates an entry and never makes one; a request for
 * one of our addresses makes an unproven one (RFC 826's merge).
 *
 * Packets wait as whole frames, copied out; each entry keeps the newest. When the entry is resolved
 * they come out of neighbour_next_ready(), when it fails out of neighbour_next_failed(): transmit.c asks. */
#ifndef ETHERNET_NEIGHBOUR_H
#define ETHERNET_NEIGHBOUR_H

#include "base/core.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/likely.h"

enum {
    NEIGHBOUR_UNRESOLVED_LIMIT = 256,
    NEIGHBOUR_UNPROVEN_LIMIT = 256,
    NEIGHBOUR_PROVEN_LIMIT = 512,
    NEIGHBOUR_LIMIT = NEIGHBOUR_UNRESOLVED_LIMIT + NEIGHBOUR_UNPROVEN_LIMIT + NEIGHBOUR_PROVEN_LIMIT,
    NEIGHBOUR_BUCKETS = 256,
    NEIGHBOUR_WAITING_LIMIT = 16,   /* packets an entry */
    NEIGHBOUR_PACKETS_LIMIT = 256,  /* packets in all */
    NEIGHBOUR_LARGE_LIMIT = 16,     /* of those, packets above NEIGHBOUR_SMALL octets */
    NEIGHBOUR_SMALL = 1984,
    NEIGHBOUR_INTERFACES = 17,
    NEIGHBOUR_REACHABLE_MS = 30000,  /* RFC 4861 §10: REACHABLE_TIME */
    NEIGHBOUR_RETRANSMIT_MS = 1000   /* RETRANS_TIMER */
};

/* What routers say of an interface's IPv6 neighbours (RFC 4861 §6.3.4). */
struct neighbour_times {
    uint32_t base_reachable_ms, retransmit_ms;
};

enum neighbour_class { NEIGHBOUR_UNRESOLVED, NEIGHBOUR_UNPROVEN, NEIGHBOUR_PROVEN, NEIGHBOUR_CLASSES };

/* A frame that waits. */
struct pending {
    struct pending *next;
    int interface;
    bool large;
    uint32_t length;
    uint8_t octets[]; /* from the Ethernet header on */
};

struct neighbour {
    struct wheel_timer timer;            /* first: a fired timer is its entry */
    struct neighbour *chain;             /* next in the bucket */
    struct neighbour *newer, *older;     /* in the class's list, by last use */
    struct baro_address address, source; /* source: the address of ours that asks */
    int interface;
    enum baro_trace_neighbour state;
    enum neighbour_class class;
    struct baro_mac mac;
    unsigned asked;                      /* requests in this round */
    unsigned failures;                   /* rounds without an answer since the last sign of life */
    struct baro_duration reachable;      /* for this long after confirmed_at */
    struct baro_instant confirmed_at;
    bool ever_asked;
    struct baro_instant asked_at;
    struct pending *first, *last;
    unsigned waiting;
};

struct neighbours {
    struct core *core;
    struct hash_key key;
    struct pool pool, small, large;
    struct neighbour *bucket[NEIGHBOUR_BUCKETS];
    struct neighbour *last;  /* found: a burst goes to one of them mostly; NULL: none, or it is gone */
    struct neighbour *newest[NEIGHBOUR_CLASSES], *oldest[NEIGHBOUR_CLASSES];
    unsigned count[NEIGHBOUR_CLASSES];
    unsigned packets;
    uint32_t places;         /* counts MAC addresses that changed and entries that went */
    uint32_t verdicts;       /* what neighbour_failures() says is good while it stands still */
    struct neighbour_times times[NEIGHBOUR_INTERFACES];
    struct pending *ready_first, *ready_last;
    struct pending *failed_first, *failed_last;
};

void neighbours_init(struct neighbours *neighbours, struct core *core);
void neighbours_release(struct neighbours *neighbours);

/* The MAC address of `address`, if the frame may go now. False: *entry waits for an answer, hand the
 * frame to neighbour_wait(); *entry NULL: no memory. `source` is our address to ask with. */
bool neighbour_resolve(struct neighbours *neighbours, int interface, struct baro_address address,
                       struct baro_address source, struct baro_mac *mac, struct neighbour **entry);

/* A transport hears nothing from beyond this neighbour (RFC 1122 §2.3.2.1 (4), §3.3.1.4): what was confirmed is asked
 * for again with the next frame. */
void neighbour_doubt(struct neighbours *neighbours, int interface, struct baro_address address);

/* A transport hears that what it sent arrives (RFC 4861 §7.3.1): as good as an answer of the neighbour `entry` that
 * neighbour_resolve() gave. It says nothing about one whose MAC address is not known. */
void neighbour_confirm(struct neighbours *neighbours, struct neighbour *entry);
static inline void neighbour_progress(struct neighbours *neighbours, struct neighbour *entry)
{
    if (entry->state == BARO_TRACE_NEIGHBOUR_REACHABLE)
        entry->confirmed_at = neighbours->core->now; /* its timer looks at it when it fires */
    else
        neighbour_confirm(neighbours, entry);
}

/* The entry of `address` if a frame may go there now without a question being asked; NULL: neighbour_resolve() has more
 * to do. It stays one while `places` stands still and neighbour_is_ready() says so. */
struct neighbour *neighbour_ready(struct neighbours *neighbours, int interface, struct baro_address address);
static inline bool neighbour_is_ready(const struct neighbour *entry)
{
    return LIKELY(entry->state == BARO_TRACE_NEIGHBOUR_REACHABLE) || entry->state == BARO_TRACE_NEIGHBOUR_PROBE ||
           entry->state == BARO_TRACE_NEIGHBOUR_FIXED;
}

/* What neighbour_resolve() does when it gives the MAC address of such an entry. */
void neighbour_use(struct neighbours *neighbours, struct neighbour *entry);
static inline void neighbour_goes(struct neighbours *neighbours, struct neighbour *entry,
                                  const struct baro_address *source)
{
    if (UNLIKELY(neighbours->newest[entry->class] != entry))
        neighbour_use(neighbours, entry);
    entry->source = *source;
}

/* Has it an entry? */
bool neighbour_knows(struct neighbours *neighbours, int interface, struct baro_address address);

/* How often in a row that neighbour was asked and did not answer; 0: it did, or nobody knows. */
unsigned neighbour_failures(struct neighbours *neighbours, int interface, struct baro_address address);

/* Room for a frame of `length` octets that waits for the entry, its oldest one dropped when it has too many;
 * NULL when there is no memory, the drop counted. */
struct pending *neighbour_wait(struct neighbours *neighbours, struct neighbour *entry, uint32_t length);

/* An ARP packet said that `address` is at `mac`: `for_us` when it was a request for an address of ours, `reply` when
 * it was a reply to us. */
void neighbour_learn(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac,
                     bool for_us, bool reply);

/* A neighbour advertisement of `address` came, `mac` NULL: it did not say where. RFC 4861 §7.2.5's table: it makes
 * no entry; one that was not asked for proves nothing; one that may not override another MAC address only raises a
 * doubt. */
void neighbour_advertised(struct neighbours *neighbours, int interface, struct baro_address address,
                          const struct baro_mac *mac, bool solicited, bool override);

/* A fixed entry. 0 or -ENOSPC. */
int neighbour_fix(struct neighbours *neighbours, int interface, struct baro_address address, struct baro_mac mac);

/* A timer of kind TIMER_NEIGHBOUR fired. */
void neighbour_timer(struct neighbours *neighbours, struct wheel_timer *timer);

/* The next frame whose neighbour is known now (its destination MAC filled in), or whose neighbour did not answer; NULL:
 * none. The caller gives it back with neighbour_release(). */
struct pending *neighbour_next_ready(struct neighbours *neighbours);
struct pending *neighbour_next_failed(struct neighbours *neighbours);
void neighbour_release(struct neighbours *neighbours, struct pending *pending);

void neighbours_check_invariants(const struct neighbours *neighbours);

#endif
