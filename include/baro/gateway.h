/* baro/gateway.h: a host's way out: flows of a private network end in ordinary sockets of this machine (Linux).
 *
 * The gateway is a stack that takes packets for any destination as its own (forward_any_destination) and this library
 * on top of it. It never answers before it knows: a guest's SYN is held while this machine connects, then answered with
 * SYN+ACK, RST or the ICMP that fits, so refused outside is ECONNREFUSED inside. Datagrams travel in flows of their
 * own, and published ports lead in. At port 53 of the gateway's address a name server (baro/dns_server.h) answers for
 * the names of the private network and passes queries for all others on to this machine's name servers (resolv.conf is
 * read each time). Both families; where this machine has no way by IPv6 (or IPv4), a guest's connect fails at once with
 * ENETUNREACH, so that its program tries the other. No privileges.
 *
 * The gateway takes every baro_next_ready() of its stack: a stack has one user. Add the network to the loop first. */
#ifndef BARO_GATEWAY_H
#define BARO_GATEWAY_H

#include "baro/dns_server.h"
#include "baro/loop.h"
#include "baro/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct baro_gateway;

struct baro_gateway_config {
    struct baro_loop *loop;          /* required, borrowed */
    struct baro_stack *stack;        /* required, borrowed; made with forward_any_destination */
    /* the gateway's own of IPv4, required, and of IPv6, family NONE: none: port 53 is the name server, other ports
     * this machine's loopback of that family unless no_host_loopback; link-local addresses of its stack lead there,
     * too */
    struct baro_address address, address_v6;
    bool no_host_loopback;           /* connections to the gateway's own address are refused, but for port 53 */
    const char *resolv_conf;         /* NULL: /etc/resolv.conf. Borrowed. */
    /* A line for the person, without newline; NULL: none. */
    void (*say)(void *context, const char *line);
    void *context;
};

/* A gateway, or NULL with errno. Free it before its stack and loop. */
struct baro_gateway *baro_gateway_create(const struct baro_gateway_config *config);
void baro_gateway_free(struct baro_gateway *gateway);

/* The name server inside, to be told hosts' names; the gateway's own. */
struct baro_dns_server *baro_gateway_names(struct baro_gateway *gateway);

/* Listens on this machine at `host`, a TCP port of one address (:: is all of IPv6 alone; family NONE: 127.0.0.1, and
 * ::1 where this machine has it), and leads each connection to one of the guest's endpoints, 1 to BARO_GATEWAY_GUESTS:
 * those of the peer's family come first, and one that refuses is followed by the next. A peer that is not on this
 * machine's loopback, nor link-local, is seen by the guest under its true address if the families are the same. 0,
 * -EINVAL, or -errno of socket, bind or listen. */
enum { BARO_GATEWAY_GUESTS = 4 };
int baro_gateway_publish(struct baro_gateway *gateway, struct baro_endpoint host, const struct baro_endpoint *guest,
                         unsigned guests);

#define BARO_GATEWAY_COUNTERS(X)                                          \
    X(flows, "TCP flows open now")                                        \
    X(connected, "connections made to the outside")                       \
    X(refused, "connections that the outside refused or did not reach")   \
    X(published, "connections led in")                                    \
    X(datagram_flows, "UDP flows open now")                               \
    X(datagrams_out, "datagrams relayed to the outside")                  \
    X(datagrams_in, "datagrams relayed to guests")

struct baro_gateway_statistics {
#define BARO_GATEWAY_COUNTER_FIELD(name, text) uint64_t name;
    BARO_GATEWAY_COUNTERS(BARO_GATEWAY_COUNTER_FIELD)
#undef BARO_GATEWAY_COUNTER_FIELD
};
void baro_gateway_statistics(const struct baro_gateway *gateway, struct baro_gateway_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
