/* transport/udp/udp.h: UDP (RFC 768) as its neighbours see it: the same shape as TCP's.
 *
 * receive.c hands in datagrams (udp_in), transmit.c pulls them out (udp_next_datagram) when it drains
 * INTENT_UDP_OUTPUT, user/ binds, connects, sends and receives by handle.
 *
 * Trace: udp_in tells UDP_IN and UDP_QUEUED. udp_next_datagram, when it returns true, tells PACKET_OUT and UDP_OUT;
 * transmit.c goes on with IP_OUT. */
#ifndef TRANSPORT_UDP_UDP_H
#define TRANSPORT_UDP_UDP_H

#include "baro/socket.h"
#include "base/core.h"
#include "codec/ip_packet.h"

struct udp;
struct icmp_error;

/* Ping sockets are made of the same parts: each kind has its own sockets and its own space of ports. What differs
 * stands in transport/ping.c. */
enum udp_kind { UDP_DATAGRAMS, UDP_PINGS };

struct udp *udp_create(struct core *core, enum udp_kind kind, uint32_t socket_limit);
void udp_free(struct udp *udp);

/* UDP_NO_SOCKET makes receive.c answer with port unreachable where RFC 1122 §4.1.3.1 wants it. */
enum baro_drop_reason udp_in(struct udp *udp, const struct ip_packet *packet);
/* An error about a datagram of ours; it quotes the UDP header at least. */
enum baro_drop_reason udp_icmp_error(struct udp *udp, const struct icmp_error *error);

/* The destination of the socket's next queued datagram, and the interface to use or 0; false: none, or the handle is
 * stale. */
bool udp_destination(const struct udp *udp, struct handle socket, struct baro_endpoint *local,
                     struct baro_endpoint *remote, int *interface);
/* Takes that datagram off the queue as a message; its payload is good until the next call into UDP. Once the
 * queue is empty the socket records a new intent at its next send. */
bool udp_next_datagram(struct udp *udp, struct handle socket, const struct ip_path *path, struct ip_message *message);

/* A group that a socket joined, and whom it hears there. The list is its user's. */
struct udp_group {
    struct baro_group joined;
    struct baro_source_filter filter;
    struct udp_group *next;
};

struct udp_settings {
    uint32_t send_buffer, recv_buffer; /* bytes */
    bool broadcast, transparent, reuse_address, reuse_port, dont_fragment, multicast_loop, recv_error;
    bool ignore_path_mtu;
    int16_t ttl; /* -1: the path's */
    uint8_t tos, multicast_ttl;
    const struct udp_group *groups;
    uint8_t multicast_interface; /* 0: the route's */
    uint16_t fragment_size;      /* 0: as the path says */
};
void udp_settings_init(struct udp_settings *settings);

int udp_open(struct udp *udp, uint32_t owner, const struct udp_settings *settings, struct handle *socket);
void udp_close(struct udp *udp, struct handle socket);
void udp_change(struct udp *udp, struct handle socket, const struct udp_settings *settings);
/* Port 0 chooses one (RFC 6056). 0, -EADDRINUSE, -EINVAL. */
int udp_bind(struct udp *udp, struct handle socket, struct baro_endpoint local);
/* The same, where the first peer is known and `source` is the address to speak to it from: of several stacks behind one
 * address it is this one that hears the peer's answers. `remote` NULL: no peer. */
int udp_bind_for(struct udp *udp, struct handle socket, struct baro_endpoint local, struct baro_address source,
                 const struct baro_endpoint *remote);
/* Family NONE in remote: no peer any more. `local` is the source address that routing gave. */
int udp_connect(struct udp *udp, struct handle socket, struct baro_endpoint local, struct baro_endpoint remote);
/* Queues one datagram. -EAGAIN, -EMSGSIZE, -ENOBUFS, or the pending error. */
ptrdiff_t udp_send(struct udp *udp, struct handle socket, const struct baro_message *message);
ptrdiff_t udp_recv(struct udp *udp, struct handle socket, struct baro_message *message, unsigned flags);
/* The oldest report of an error, and what it quotes; -EAGAIN: none. */
ptrdiff_t udp_recv_error(struct udp *udp, struct handle socket, struct baro_message *message, unsigned flags);
/* A datagram to `peer` (family NONE: the socket's) was refused because the way carries no more than `mtu`: a report. */
void udp_tell_too_long(struct udp *udp, struct handle socket, const struct baro_endpoint *peer, uint32_t mtu);
unsigned udp_readiness(const struct udp *udp, struct handle socket);
int udp_take_error(struct udp *udp, struct handle socket);
uint32_t udp_readable(const struct udp *udp, struct handle socket);
uint32_t udp_writable(const struct udp *udp, struct handle socket);
bool udp_endpoints(const struct udp *udp, struct handle socket, struct baro_endpoint *local,
                   struct baro_endpoint *remote);
/* May tell of the readiness of some; each owner stands in the queue once. */
bool udp_has_events(const struct udp *udp);
bool udp_next_event(struct udp *udp, uint32_t *owner);
void udp_check_invariants(const struct udp *udp);

#endif
