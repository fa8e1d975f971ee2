/* test/support/tcp_world.h: TCP alone, without IP and devices: two instances joined by a wire that loses, delays,
 * reorders and duplicates by a seed, in virtual time; or one instance and segments made by hand.
 *
 * Side 0 is 10.0.0.1, side 1 is 10.0.0.2. What a side sends is drained from its intents, cut into segments, given a
 * checksum, remembered in `seen`, and carried. A side whose `deaf` is set is not carried to: a test plays the
 * peer by hand. */
#ifndef TEST_SUPPORT_TCP_WORLD_H
#define TEST_SUPPORT_TCP_WORLD_H

#include "base/core.h"
#include "base/time.h"
#include "codec/tcp.h"
#include "codec/tcp_options.h"
#include "transport/tcp/parts.h"

enum { WORLD_PACKETS = 1024, WORLD_SEEN = 4096, WORLD_PACKET_OCTETS = 2048 };

/* One segment as it was sent. */
struct world_segment {
    unsigned from;
    int64_t at_ns;
    uint8_t flags;
    uint32_t seq, ack;
    uint16_t window, urgent;
    uint32_t length;
    uint8_t first_octet;
    bool doubt;           /* IP is told that the next hop may be dead */
    struct tcp_options options;
};

struct world_packet {
    bool used;
    unsigned to;
    int64_t at_ns;
    uint64_t order;
    uint32_t length;
    uint8_t data[WORLD_PACKET_OCTETS];
};

struct world_side {
    struct core core;
    struct tcp *tcp;
    struct baro_address address;
    struct ip_path path;
    bool deaf;
    bool stuck;           /* nothing of it is drained */
    bool expects;         /* what comes is offered to header prediction first */
    size_t takes_allowed; /* slabs that memory still gives */
};

struct world {
    struct world_side side[2];
    uint64_t random, orders;
    struct baro_instant now;
    int64_t delay_ns;
    unsigned loss, duplication, reordering, corruption; /* of 1000 */
    uint64_t dropped;
    struct world_packet *packet;
    struct world_segment *seen;
    unsigned seen_count;
};

void world_init(struct world *world, uint64_t seed);
void world_free(struct world *world);

/* Drains both sides' intents onto the wire. */
void world_drain(struct world *world);
/* Lets `span_ns` pass: packets arrive, timers fire, everything is drained, invariants are checked. */
void world_pass(struct world *world, int64_t span_ns);
uint32_t world_random(struct world *world, uint32_t limit);

struct baro_endpoint world_endpoint(unsigned side, uint16_t port);
/* A listener on side 1, port 80; a connection from side 0, port 40000; accepted. */
struct handle world_listen(struct world *world, const struct tcp_settings *settings, int backlog);
struct handle world_connect(struct world *world, const struct tcp_settings *settings, uint16_t port);

/* A segment by hand. */
struct world_made {
    uint8_t flags;
    uint32_t seq, ack;
    uint32_t window;
    uint16_t urgent;
    const void *data;
    uint32_t length;
    bool timestamps;
    uint32_t ts_value, ts_echo;
    uint16_t mss;            /* 0: no option */
    int scale;               /* with `has_scale` */
    bool has_scale, bad_checksum, sack_permitted;
    unsigned sack_count;
    struct tcp_sack_block sack[TCP_SACK_LIMIT];
    uint16_t port, to_port;  /* 0: 40000 and 80 */
    struct baro_address source; /* family NONE: the other side's */
};
/* Gives it to side 1, as from side 0; drains and remembers what comes back. The result is tcp_in's. */
enum baro_drop_reason world_inject(struct world *world, struct world_made made);
enum baro_drop_reason world_inject_to(struct world *world, unsigned to, struct world_made made);
/* What side `from` sent since `*mark`, which moves; NULL: nothing more. */
const struct world_segment *world_next(struct world *world, unsigned *mark, unsigned from);
/* The last segment that side `from` sent; NULL: none. */
const struct world_segment *world_last(struct world *world, unsigned from);
unsigned world_count(struct world *world, unsigned mark, unsigned from);

struct tcp_connection *world_connection(struct world *world, unsigned side, struct handle handle);

/* What a connection between these two would begin with now. */
static inline struct tcp_numbers world_numbers(const struct tcp *tcp, const struct baro_endpoint *local,
                                            const struct baro_endpoint *remote)
{
    return tcp_numbers(tcp, local, remote);
}

/* tcp_connect() between two ends that a test says. */
static inline int world_connect_between(struct tcp *tcp, struct baro_endpoint local, struct baro_endpoint remote,
                                        const struct ip_path *path, const struct tcp_settings *settings, uint32_t owner,
                                        struct handle *connection)
{
    const struct tcp_ends ends = tcp_ends_of(tcp, local, remote);

    return tcp_connect(tcp, &ends, path, settings, owner, connection);
}

/* The port that tcp_port_choose() chooses; 0: none. */
static inline uint16_t world_port(struct tcp *tcp, struct baro_address local, struct baro_endpoint remote)
{
    struct tcp_ends ends = { .local.address = local, .remote = remote };

    return tcp_port_choose(tcp, &ends) ? ends.local.port.number : 0;
}

#endif
