/* transport/udp/udp_private.h: what the files of UDP share.
 *
 * A socket stands in up to two tables. `ports` holds every bound one by its local port (0: the catch-all sockets of a
 * gateway, which take any port), in chains that newer sockets stand first in; `tuples` holds connected ones by their
 * four-tuple, so that a datagram finds its connected socket at the same cost however many there are. */
#ifndef TRANSPORT_UDP_UDP_PRIVATE_H
#define TRANSPORT_UDP_UDP_PRIVATE_H

#include "base/bytes.h"
#include "base/pool.h"
#include "base/queue.h"
#include "transport/demux.h"
#include "transport/udp/udp.h"

enum {
    UDP_PAYLOAD_LIMIT = 65507, /* 65535 less an IPv4 header and a UDP header */
    UDP_PAYLOAD_LIMIT_V6 = 65527, /* IPv6 does not count its header (RFC 8200 §3) */
    PING_PAYLOAD_LIMIT = 65515, /* the ICMP header is part of the message */
    PING_PAYLOAD_LIMIT_V6 = 65535,
    UDP_PORT_FIRST = 32768     /* ports are chosen from here up (RFC 6056 §3.2) */
};

/* One datagram's record in a queue; its octets follow it. */
struct udp_record {
    struct baro_endpoint peer, local;
    uint32_t length;
    int interface;        /* it came in by, or is to leave by, 0: the route's */
    int16_t ttl; /* to be sent: -1, the path's */
    uint8_t tos;
    bool dont_fragment, broadcast, multicast_loop, ignore_path_mtu;
    uint16_t fragment_size;
};

struct udp_socket {
    struct udp_settings settings;
    struct baro_endpoint bound;  /* as bind said; see binding_fits */
    struct baro_endpoint local;  /* `bound`, with the source address that connect found */
    struct baro_endpoint remote; /* address NONE: no peer */
    struct baro_endpoint flow_local, flow_remote; /* flow_label is theirs: of the last datagram that was sent */
    uint32_t flow_label;
    struct queue in, out; /* of struct udp_record and the octets */
    struct queue errors;  /* of struct udp_report and the octets */
    uint32_t owner;
    int error;                   /* pending, positive; 0: none */
    bool is_bound;
    bool closed;                 /* the program is gone; what it sent still goes out */
    bool output_wanted;          /* an intent of it is waiting */
    bool send_blocked;           /* a send found the queue full: tell when there is room */
    bool in_tuples, in_events;
    struct udp_socket *port_next, **port_link; /* its chain in `ports` */
    struct udp_socket *event_next, *event_previous;
};

struct udp_ports {
    struct udp_socket **chain;
    uint32_t size, count; /* size is a power of two */
    struct hash_key key;
};

struct udp {
    struct core *core;
    enum udp_kind kind;
    struct pool sockets;
    struct udp_ports ports;
    struct demux tuples;
    struct udp_socket *event_first, *event_last;
    struct handle drained; /* its last datagram was just taken and may still be looked at; or NONE */
};

static inline struct udp_socket *udp_resolve(const struct udp *udp, struct handle socket)
{
    return pool_resolve(&udp->sockets, socket);
}

static inline bool udp_has_peer(const struct udp_socket *socket)
{
    return socket->remote.address.family != BARO_FAMILY_NONE;
}

static inline uint32_t udp_payload_limit(const struct udp *udp, enum baro_family family)
{
    if (family == BARO_FAMILY_IPV6)
        return udp->kind == UDP_PINGS ? PING_PAYLOAD_LIMIT_V6 : UDP_PAYLOAD_LIMIT_V6;
    return udp->kind == UDP_PINGS ? PING_PAYLOAD_LIMIT : UDP_PAYLOAD_LIMIT;
}

/* Something about the socket may have changed its readiness. */
void udp_tell(struct udp *udp, struct udp_socket *socket);
/* Puts a received datagram's `octets` (record->length of them) into the socket's queue. */
enum baro_drop_reason udp_deliver(struct udp *udp, struct udp_socket *socket, const struct udp_record *record,
                                  const uint8_t *octets);
/* Tells the socket of an error about what it sent, which begins with a header of eight octets; `quoted` is what its
 * program knows of that (RFC 1122 §4.1.3.3). The errno, 0: it means nothing to it. */
int udp_tell_error(struct udp *udp, struct udp_socket *socket, const struct icmp_error *error,
                   struct baro_endpoint local, struct baro_endpoint remote, struct baro_bytes quoted);
/* Copies `length` octets of the queue's first message, behind a record of `record_size`, into the caller's pieces;
 * how many went in. */
size_t udp_scatter(const struct queue *queue, uint32_t record_size, uint32_t length,
                   const struct baro_message *message);
/* Keeps the socket's error for the next call and tells. */
void udp_fail(struct udp *udp, struct udp_socket *socket, int error);
/* What was drained last is not needed any more: gives memory back, and frees the socket if it was closed. */
void udp_settle(struct udp *udp);

bool udp_ports_init(struct udp_ports *ports, struct slabs *slabs, struct hash_key key);
void udp_ports_release(struct udp_ports *ports, struct slabs *slabs);
void udp_ports_add(struct udp *udp, struct udp_socket *socket);
void udp_ports_remove(struct udp *udp, struct udp_socket *socket);
/* False: no memory. */
bool udp_tuples_add(struct udp *udp, struct udp_socket *socket);
void udp_tuples_remove(struct udp *udp, struct udp_socket *socket);

/* The first socket in the chain that holds local port `port`; go on with port_next. */
struct udp_socket *udp_ports_chain(const struct udp *udp, struct baro_port port);
/* The socket connected by exactly this four-tuple, or NULL. */
struct udp_socket *udp_find_connected(const struct udp *udp, struct baro_endpoint local,
                                      struct baro_endpoint remote);
/* Who gets a unicast datagram: the connected socket, else one bound to the address, else one bound to any, else
 * a catch-all. NULL: nobody. */
struct udp_socket *udp_find(const struct udp *udp, struct baro_endpoint local, struct baro_endpoint remote);

#endif
