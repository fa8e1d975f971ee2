/* ip/reassembly.h: fragments held until their datagram is whole (step 9; RFC 791 §3.2, RFC 815, RFC 8200
 * §4.5).
 *
 * A datagram's bytes live in blocks of 2,048, taken where fragments come in, with two bits for every eight
 * octets: "held" and "a fragment began here". Taking a fragment in looks at the bits of its range and copies:
 * the cost depends on its length alone, never on how many came before (no list, no tree: FragmentSmack finds
 * nothing to grow). The bits say exactly what the fragments were, so that
 *
 *   - an exact duplicate is recognised and ignored;
 *   - any other overlap gives the datagram up, and what comes later for it, until its time is over
 *     (RFC 5722's rule, which RFC 8900 §3.7 wants for all: no two receivers agree on overlaps).
 *
 * Bounded: REASSEMBLY_DATAGRAMS at once, bytes for the stack (the oldest datagram gives way) and bytes for a
 * source (the new fragment gives way), where sources share 256 accounts by a keyed hash. A datagram lives 30
 * s from its first fragment, one of IPv6 60 s; the sender is told (time exceeded, code 1) only if the
 * fragment at offset 0 came.
 *
 * One code for both families. They differ in what is told apart (IPv6's identification has 32 bits and no
 * protocol beside it), in the header kept (IPv6's: all up to the fragment header, from the fragment at offset
 * 0) and in how it is mended when all is there. IPv6's atomic fragments never come here (RFC 6946). */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "base/core.h"
#include "base/hash.h"
#include "base/pool.h"
#include "codec/ip_packet.h"
#include "ip/fragment.h"

enum {
    REASSEMBLY_DATAGRAMS = 1024,
    REASSEMBLY_BUCKETS = 256,
    REASSEMBLY_BLOCK = 2048,
    REASSEMBLY_BLOCK_UNITS = REASSEMBLY_BLOCK / 8,
    REASSEMBLY_BLOCKS = 32, /* of one datagram */
    REASSEMBLY_ACCOUNTS = 256,
    REASSEMBLY_SOURCE_BLOCKS = 128, /* 256 KiB an account */
    REASSEMBLY_STACK_BLOCKS = 1024, /* 2 MiB the stack */
    REASSEMBLY_TIMEOUT_S = 30,
    REASSEMBLY_TIMEOUT_V6_S = 60, /* RFC 8200 §4.5 */
    REASSEMBLY_HEADER = 256,      /* octets in front of a fragment's data at most */
    REASSEMBLY_WHOLE = 65536 + 64 /* octets of a whole datagram, header included, at most */
};

struct fragment_block {
    uint64_t held[REASSEMBLY_BLOCK_UNITS / 64], begins[REASSEMBLY_BLOCK_UNITS / 64];
    uint8_t data[REASSEMBLY_BLOCK];
};

struct datagram {
    struct wheel_timer timer; /* first: a fired timer is its datagram */
    struct datagram *chain;   /* next in the bucket */
    struct datagram *younger, *older;
    struct baro_address source, destination;
    uint32_t id;
    uint8_t protocol;    /* IPv4 only, of the key */
    uint8_t next_header; /* IPv6: of what is cut */
    uint8_t account;
    uint16_t header_length; /* 0: the fragment at offset 0 has not come */
    uint16_t said_at;
    bool given_up, to_group;
    uint8_t ecn;         /* codepoints of its fragments (enum ip_ecn), a bit each */
    struct ip_packet first; /* what stands above IP hears of the first one's TTL and TOS */
    uint32_t received;      /* octets held */
    uint32_t total;         /* octets in all; 0: the last fragment has not come */
    uint32_t end;           /* behind the last octet held */
    unsigned fragments, blocks;
    uint8_t header[REASSEMBLY_HEADER];
    struct fragment_block *block[REASSEMBLY_BLOCKS];
};

struct reassembly {
    struct core *core;
    struct hash_key key;
    struct pool datagrams, blocks;
    struct datagram *bucket[REASSEMBLY_BUCKETS];
    struct datagram *oldest, *youngest;
    unsigned account[REASSEMBLY_ACCOUNTS]; /* blocks held for it */
    uint8_t *whole;                        /* REASSEMBLY_WHOLE octets, taken at the first need */
    bool whole_lent;                       /* to a packet that lives until the drain ends */
};

void reassembly_init(struct reassembly *reassembly, struct core *core);
void reassembly_release(struct reassembly *reassembly);

/* Before a fragment is taken in, or a timer fires: may `whole` be needed while it is lent? Then drain first.
 */
static inline bool reassembly_is_lent(const struct reassembly *reassembly)
{
    return reassembly->whole_lent;
}
/* The drain ended: nobody looks at `whole` any more. */
static inline void reassembly_returned(struct reassembly *reassembly)
{
    reassembly->whole_lent = false;
}

/* Takes a fragment in: packet->whole, whose data packet->payload is. True: `packet` is now the whole
 * datagram, in memory of the reassembly's that is lent until reassembly_returned(); IPv6's chain is walked
 * again, and says its protocol. False: it waits, or *reason says why it was dropped. */
bool reassembly_take(struct reassembly *reassembly, const struct fragment *fragment, struct ip_packet *packet,
                     enum baro_drop_reason *reason);

/* A timer of kind TIMER_REASSEMBLY fired. True: `packet` is what came of the first fragment, to quote in an
 * ICMP time exceeded (lent as above). */
bool reassembly_timer(struct reassembly *reassembly, struct wheel_timer *timer, struct ip_packet *packet);

void reassembly_check_invariants(const struct reassembly *reassembly);

#endif
