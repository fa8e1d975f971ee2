/* test/support/group_peer.h: a router by hand that asks who listens to what, and reads what it is told. Octets are
 * written and read here one by one, not by the codec that is tested. */
#ifndef TEST_GROUP_PEER_H
#define TEST_GROUP_PEER_H

#include "support/frame_device.h"

enum { PEER_QUERY_LIMIT = 2048, PEER_RECORDS = 70, PEER_SOURCES = 160 };

/* A query; what is zero is as it should be. */
struct peer_query {
    bool v6;
    uint8_t version;            /* IGMP 1 to 3, MLD 1 or 2; 0: the newest */
    struct baro_address group;  /* family NONE: a general query */
    uint16_t code;              /* of the time to answer; IGMP in tenths of a second, MLD in ms */
    uint8_t robustness, interval;
    unsigned sources;
    struct baro_address source[PEER_SOURCES];
    unsigned claimed;           /* sources that it says there are, instead */
    uint8_t hop_limit;          /* instead of 1 */
    bool no_alert, bad_sum;
    struct baro_address from, to; /* instead of the router, and of where such a query goes */
    int type;                   /* instead of a query's, if not 0 */
    unsigned extra, cut;        /* octets behind what is known, octets left out of the end */
    bool first_fragment;        /* of a packet in two */
};

/* Puts it into the device's way in. */
void peer_ask(struct frame_device *device, const struct peer_query *query);

struct peer_record {
    uint8_t type;
    struct baro_address group;
    unsigned sources;
    struct baro_address source[PEER_SOURCES];
};

/* What the stack says. */
struct peer_told {
    uint8_t type, ttl, tos;
    bool alert, sum_right;
    struct baro_address source, destination, group; /* group: of an old version's message */
    unsigned octets;                                /* of the IP packet */
    unsigned records;
    struct peer_record record[PEER_RECORDS];
};

/* The next IGMP or MLD message that the stack sent; other frames are passed over. False: there is none. */
bool peer_told(struct frame_device *device, struct peer_told *told);

/* The record of that group in it, or NULL. */
const struct peer_record *peer_record_of(const struct peer_told *told, struct baro_address group);

#endif
