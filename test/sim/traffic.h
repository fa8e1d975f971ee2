/* Two hosts on a wire and programs on them that say a lot to one another: streams both ways, datagrams,
 * pings.
 *
 * Every octet is known beforehand from its stream and place, so whoever receives it checks it. Programs close when
 * all was heard, their end, too, and the peer has ended: no loss is then more than TCP mends. They act only when
 * their stack says that a descriptor changed: a forgotten wake-up stops the traffic and is seen. */
#ifndef TEST_SIM_TRAFFIC_H
#define TEST_SIM_TRAFFIC_H

#include "baro/network.h"
#include "baro/socket.h"

enum { TRAFFIC_STREAMS = 2048, TRAFFIC_PORT = 7 };

struct stream {
    int fd;
    int id; /* -1: accepted, and its first octet has not come */
    bool client, connecting, sent_all, received_all, over;
    uint32_t sent, received;
};

struct agent {
    struct traffic *traffic;
    struct baro_host *host;
    int listener, datagrams;
    struct stream *stream;
    unsigned streams, over;
    uint32_t datagrams_in;
    unsigned pings_in;
};

struct traffic_plan {
    const char *wire;
    uint64_t seed;
    unsigned streams[2];       /* opened by each host towards the other */
    uint32_t octets;           /* each way in each stream */
    uint32_t datagrams, pings; /* host 0 to host 1, and back */
    uint32_t datagram_limit;   /* octets of the longest, 0: 4,000 */
    uint32_t read_limit;       /* octets that host 1's programs read in 10 ms, 0: no limit */
    int receive_buffer;        /* of host 1's streams, 0: as it is */
    bool trace;                /* hash all trace events */
};

struct traffic {
    struct traffic_plan plan;
    struct baro_network *network;
    struct baro_wire *wire;
    struct agent agent[2];
    size_t slab_bytes;  /* taken and not given back */
    uint32_t read_left; /* of read_limit */
    uint64_t hash;
    char failure[256]; /* empty: all is well */
};

void traffic_start(struct traffic *traffic, const struct traffic_plan *plan);
/* Goes on until all streams are over, or `limit_s` seconds have passed. True: all over, and nothing failed.
 */
bool traffic_run(struct traffic *traffic, int64_t limit_s);
/* Lets `seconds` pass. */
void traffic_wait(struct traffic *traffic, int64_t seconds);
/* Closes what is left open, and frees the network. */
void traffic_close(struct traffic *traffic);
void traffic_free(struct traffic *traffic);

/* Opens one more stream from a host to the other. */
struct stream *traffic_open(struct traffic *traffic, unsigned host);

#endif
