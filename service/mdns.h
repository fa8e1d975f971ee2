/* service/mdns.h: what the responder's parts share: mdns.c is its life and states, mdns_hear.c understands what others
 * say, mdns_say.c makes its own messages. Each family's world is a side, see baro/mdns.h.
 *
 * A set of its records is an integer: bit i is the record of address i, bit 8 + i its reverse name's, SET_NSEC what the
 * name has no record of. */
#ifndef SERVICE_MDNS_H
#define SERVICE_MDNS_H

#include "baro/mdns.h"
#include "random.h"

enum {
    MDNS_TTL_S = 120,          /* of names of hosts (RFC 6762 §10) */
    MDNS_LEGACY_TTL_S = 10,    /* to askers that know nothing of announcements (§6.7) */
    MDNS_OCTETS = 1452,        /* of a message: one frame of either family (§17) */
    MDNS_RECORDS = 2 * BARO_MDNS_ADDRESSES + 1,
    SET_POINTERS = 8,
    SET_NSEC = 1 << 16
};

#define MDNS_MS(ms) (INT64_C(1000000) * (ms))

enum { MDNS_IPV4, MDNS_IPV6, MDNS_SIDES };

/* An answer that waits for the rest of what its asker knows (§7.2). */
struct mdns_waiting {
    uint32_t set;
    struct baro_address asker;
    struct baro_instant at;
};

/* One family's world. fd -1: there is none. */
struct mdns_side {
    struct baro_mdns *mdns;
    int fd;
    struct baro_endpoint group;
    enum baro_mdns_state state;
    struct baro_instant next;    /* probe or announcement */
    unsigned said;               /* of them */
    struct baro_instant multicast[MDNS_RECORDS]; /* when each record was last told to all; 0: never */
    struct mdns_waiting waiting;
};

struct baro_mdns {
    struct baro_mdns_config config;
    struct service_random random;
    char base[64];               /* the name as it was wished for */
    unsigned suffix;             /* 1: none */
    struct baro_dns_name name;
    struct {
        struct baro_address address; /* family NONE: a free place */
        unsigned prefix_length;
    } own[BARO_MDNS_ADDRESSES];
    unsigned conflicts;          /* in the ten seconds since conflicts_since (§8.1) */
    struct baro_instant conflicts_since;
    struct mdns_side side[MDNS_SIDES];
};

/* mdns.c: somebody else has the name. */
void mdns_conflict(struct mdns_side *side, struct baro_instant now);
/* mdns.c: a probe of the same name won against ours: again in a second (§8.2). */
void mdns_yield(struct mdns_side *side, struct baro_instant now);

/* mdns.c: where the address is among ours; BARO_MDNS_ADDRESSES: nowhere. */
unsigned mdns_place_of(const struct baro_mdns *mdns, struct baro_address address);

/* mdns_hear.c */
void mdns_hear(struct mdns_side *side, struct baro_bytes octets, const struct baro_message *from,
               struct baro_instant now);

/* mdns_say.c: the records of the whole set that exist now; one of them. */
uint32_t mdns_all(const struct baro_mdns *mdns);
bool mdns_record(const struct baro_mdns *mdns, unsigned bit, struct baro_dns_record *record, uint8_t maps[8]);
void mdns_say_probe(struct mdns_side *side);
/* To all; what was told to all less than `quiet_ms` ago is left out (§6). */
void mdns_say_all(struct mdns_side *side, uint32_t set, uint32_t ttl_s, unsigned quiet_ms, struct baro_instant now);
/* To who sent `from`: `question` with id repeated for an asker that is no multicast DNS host, else NULL. */
void mdns_say_one(struct mdns_side *side, uint32_t set, const struct baro_message *from,
                  const struct baro_dns_question *question, uint16_t id);

#endif
