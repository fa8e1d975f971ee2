/* host/gateway/internal.h: what the gateway's parts share.
 *
 * A flow joins two sockets: one of this machine's kernel (`outside`) and one of the gateway's stack (`inside`).
 * TCP flows are flow.c's, how they begin is held.c's (from inside) and publish.c's (from outside); datagram.c has UDP,
 * names.c port 53 at the gateway's address. */
#ifndef HOST_GATEWAY_INTERNAL_H
#define HOST_GATEWAY_INTERNAL_H

#include <netinet/in.h>

#include "baro/gateway.h"
#include "baro/socket.h"

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
    struct baro_instant deadline; /* of FLOW_ACCEPTING */
    bool outside_ended, inside_ended; /* a FIN came from there and was passed on */
    uint8_t *pending;          /* bytes from inside that the kernel did not take yet */
    size_t pending_length, pending_sent;
};

struct datagram_flow {
    struct datagram_flow *next, *previous;
    struct baro_gateway *gateway;
    struct baro_endpoint guest, destination; /* as the guest sees them */
    int outside;
    struct baro_watch *watch;
    struct baro_instant last;
    bool two_way;
};

struct published {
    struct published *next;
    struct baro_gateway *gateway;
    struct baro_endpoint guest;
    int outside;
    struct baro_watch *watch;
};

enum { GATEWAY_SCRATCH = 65536 };

struct baro_gateway {
    struct baro_gateway_config config;
    struct baro_gateway_statistics counts;
    int listener, datagrams;          /* of the stack: catch-alls */
    struct flow *flows;
    struct datagram_flow *datagram_flows;
    struct published *published;
    struct flow **by_inside;          /* by the stack's descriptor */
    size_t by_inside_size;
    struct baro_instant next_sweep;
    struct gateway_names *names;
    uint8_t scratch[GATEWAY_SCRATCH];
};

/* gateway.c */
void gateway_say(struct baro_gateway *gateway, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where a packet for `destination` goes outside: 0, or -ECONNREFUSED where nothing is offered. */
int gateway_outside(struct baro_gateway *gateway, struct baro_endpoint destination, struct sockaddr_in *outside);
struct sockaddr_in gateway_sockaddr(struct baro_endpoint endpoint);
struct baro_endpoint gateway_endpoint(const struct sockaddr_in *address);
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
void flow_open(struct flow *flow);
void flow_pump(struct flow *flow);
/* Ends it; `reset` tells both sides by RST. */
void flow_free(struct flow *flow, bool reset);
void flow_watch(struct flow *flow, uint32_t events);

/* held.c */
void held_take(struct baro_gateway *gateway);   /* SYNs that wait for an answer */
void held_accept(struct baro_gateway *gateway); /* connections whose dialogue is done */
void held_connected(struct flow *flow);         /* the kernel's connect has ended */
enum baro_hold_verdict held_verdict(int error); /* what the kernel's errno is answered with */

/* publish.c */
void publish_free(struct baro_gateway *gateway);

/* datagram.c */
void datagram_from_inside(struct baro_gateway *gateway);
void datagram_sweep(struct baro_gateway *gateway, struct baro_instant now);
void datagram_free_all(struct baro_gateway *gateway);

#endif
