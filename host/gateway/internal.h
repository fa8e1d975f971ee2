/* host/gateway/internal.h: what the gateway's parts share.
 *
 * A flow joins two sockets: one of this machine's kernel (`outside`) and one of the gateway's stack (`inside`). TCP
 * flows are flow.c's, how they begin is held.c's (from inside) and publish.c's (from outside); datagram.c has UDP,
 * names.c port 53 at the gateway's address; address.c knows where a guest's destination is outside. All of it is of
 * both families. */
#ifndef HOST_GATEWAY_INTERNAL_H
#define HOST_GATEWAY_INTERNAL_H

#include <netinet/in.h>

#include "baro/gateway.h"
#include "baro/socket.h"

/* An address of the kernel's. */
struct outside_address {
    union {
        struct sockaddr name;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t length;
};

enum flow_state {
    FLOW_CONNECTING_OUT, /* a SYN is held, the kernel connects */
    FLOW_ACCEPTING,      /* SYN+ACK is on its way, the connection comes through accept */
    FLOW_CONNECTING_IN,  /* a published port's connection, the stack connects */
    FLOW_OPEN
};

struct gateway_names; /* names.c's */

struct flow {
    struct flow *next, *previous;
    struct baro_gateway *gateway;
    enum flow_state state;
    int outside, inside; /* descriptors, -1: none yet */
    struct baro_watch *watch;
    uint32_t watched;          /* epoll events now waited for */
    struct baro_held held;
    const struct published *published; /* of FLOW_CONNECTING_IN */
    struct outside_address peer;
    unsigned tried;            /* bits: the guest's endpoints that did not take it */
    struct baro_instant deadline; /* of FLOW_ACCEPTING */
    bool outside_ended, inside_ended; /* a FIN came from there and was passed on */
};

struct datagram_flow {
    struct datagram_flow *next, *previous;
    struct datagram_flow *chain; /* of those with the same hash */
    struct baro_gateway *gateway;
    struct baro_endpoint guest, destination; /* as the guest sees them */
    int outside, inside;
    struct baro_watch *watch;
    struct baro_instant last;
    bool two_way;
};

struct published {
    struct published *next;
    struct baro_gateway *gateway;
    struct baro_endpoint guest[BARO_GATEWAY_GUESTS];
    unsigned guests;
    int outside;
    struct baro_watch *watch;
};

enum { GATEWAY_SCRATCH = 65536, GATEWAY_FAMILIES = 2, GATEWAY_FLOW_CHAINS = 4096 };

struct baro_gateway {
    struct baro_gateway_config config;
    struct baro_gateway_statistics counts;
    int listener[GATEWAY_FAMILIES], datagrams[GATEWAY_FAMILIES]; /* of the stack: catch-alls */
    struct flow *flows;
    struct datagram_flow *datagram_flows;
    struct datagram_flow *flow_chain[GATEWAY_FLOW_CHAINS];
    uint64_t flow_limit;
    uint64_t flow_key; /* guests do not choose who shares a chain */
    struct published *published;
    struct flow **by_inside;          /* by the stack's descriptor */
    size_t by_inside_size;
    struct baro_instant next_sweep;
    struct gateway_names *names;
    uint8_t scratch[GATEWAY_SCRATCH];
};

/* gateway.c */
void gateway_say(struct baro_gateway *gateway, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0 for IPv4, 1 for IPv6. */
static inline unsigned gateway_family(struct baro_address address)
{
    return address.family == BARO_FAMILY_IPV6;
}

/* address.c: where a packet for `destination` goes outside: 0, or -ECONNREFUSED where nothing is offered. */
int gateway_outside(struct baro_gateway *gateway, struct baro_endpoint destination, struct outside_address *outside);
struct outside_address gateway_sockaddr(struct baro_endpoint endpoint);
struct baro_endpoint gateway_endpoint(const struct outside_address *outside);
struct baro_address gateway_loopback(enum baro_family family);
bool gateway_is_link_local(struct baro_address address);
bool gateway_same(const struct baro_endpoint *a, const struct baro_endpoint *b);

/* names.c: the name server inside. 0 or -errno; after a failure gateway_names_close is still due. */
int gateway_names_open(struct baro_gateway *gateway);
void gateway_names_close(struct baro_gateway *gateway);
bool gateway_names_run(struct baro_gateway *gateway, struct baro_instant now);
bool gateway_names_deadline(struct baro_gateway *gateway, struct baro_instant *deadline);

/* resolver.c: the name servers of a resolv.conf, 127.0.0.1 when it names none; how many, 1 to `room`. */
struct gateway_server {
    struct sockaddr_storage address;
    socklen_t length;
};
int resolver_servers(const char *resolv_conf, struct gateway_server *server, int room);

/* flow.c */
struct flow *flow_create(struct baro_gateway *gateway, enum flow_state state, int outside);
int flow_join(struct flow *flow, int inside); /* 0 or -ENOMEM */
void flow_leave(struct flow *flow); /* closes and forgets `inside` */
void flow_open(struct flow *flow);
void flow_pump(struct flow *flow);
/* Ends it; `reset` tells both sides by RST. */
void flow_free(struct flow *flow, bool reset);
void flow_watch(struct flow *flow, uint32_t events);

/* held.c */
void held_take(struct baro_gateway *gateway, int listener);   /* SYNs that wait for an answer */
void held_accept(struct baro_gateway *gateway, int listener); /* connections whose dialogue is done */
void held_connected(struct flow *flow);         /* the kernel's connect has ended */
enum baro_hold_verdict held_verdict(int error); /* what the kernel's errno is answered with */

/* publish.c */
void publish_next(struct flow *flow); /* it begins, or the endpoint tried last did not take it */
void publish_free(struct baro_gateway *gateway);

/* datagram.c */
void datagram_init(struct baro_gateway *gateway);
void datagram_from_inside(struct baro_gateway *gateway, int inside);
void datagram_sweep(struct baro_gateway *gateway, struct baro_instant now);
void datagram_free_all(struct baro_gateway *gateway);

#endif
